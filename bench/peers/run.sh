#!/usr/bin/env bash
# One call after the other, as one makes it with portone and with what else there is for it: the
# same payment, to one nginx that answers at once, in turns.
#
#   bench/peers/run.sh             TURNS=30 WORLDS="5.4 luajit"
#   PORTONE_BENCH_JS=folder        where `npm install @portone/server-sdk` was run
#
# LuaSocket (with lua-cjson) and lua-http are measured where they are installed; lua-http in
# Lua 5.1, for which Debian has it. Lua-cURL is in bench/blocking.
set -u
cd "$(dirname "$0")/../.." || exit 2
. bench/common.sh
turns=${TURNS:-30}
command -v nginx >/dev/null || { skipped "peers" "no nginx"; exit 0; }
port=$((20000 + RANDOM % 10000))
upstream "$port" || exit 1
js=${PORTONE_BENCH_JS:-}

# has WORLD MODULE
has() {
  (lua "$1" -e "require '$2'") >/dev/null 2>&1
}

contenders=
for world in ${WORLDS:-5.4 luajit}; do
  contenders="$contenders portone@$world"
done
first=${contenders%%@*}@${WORLDS:-5.4 luajit}
first=${first# }
first=${first%% *}
peers=
if has 5.4 socket.http && has 5.4 cjson; then
  peers="$peers luasocket@5.4"
else
  skipped "LuaSocket" "not installed for Lua 5.4"
fi
if command -v lua5.1 >/dev/null && has 5.1 http.request && has 5.1 cjson; then
  peers="$peers lua-http@5.1"
else
  skipped "lua-http" "not installed for Lua 5.1"
fi
if [ -d "$js/node_modules/@portone/server-sdk" ] && command -v node >/dev/null; then
  peers="$peers js"
else
  skipped "the official JS SDK" "PORTONE_BENCH_JS names no folder with it"
fi

contend() {
  case $1 in
    js) exec node bench/peers/sdk.mjs "$js" "http://127.0.0.1:$port" ;;
    *) lua "${1#*@}" bench/peers/pay.lua "${1%@*}" "http://127.0.0.1:$port" ;;
  esac
}

# shellcheck disable=SC2086
take_turns "$turns" 200 $contenders $peers || exit 1
echo "one call after the other: calls/s, share of ${first}'s; CPU µs per call;" \
  "medians of $turns turns of 200 calls"
medians "$first" | tee "$work/table"
status=0
for who in $peers; do
  times=$(awk -v who="$who" '$1 == who { printf "%.1f", 1 / ($3 + 0.001) }' "$work/table")
  case $who in
    luasocket@*) row "blocking: LuaSocket's time per call / ours ($first)" "$times" ;;
    lua-http@*) row "blocking: lua-http's time per call / ours ($first)" "$times" ;;
    js) row "blocking: the JS SDK's time per call / ours ($first)" "$times" ">=" 10 || status=1 ;;
  esac
done
exit $status
