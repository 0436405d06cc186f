#!/usr/bin/env bash
# Runs every measurement and prints one table, the targets beside what was measured. What the
# measurements print themselves goes to build/bench.log, or to the screen with VERBOSE=1.
#
#   tools/bench.sh "WORLD..."
#
# Fails only when a measurement does; a missed target is in the table.
set -u
cd "$(dirname "$0")/.." || exit 2
worlds=$1 status=0
export WORLDS=$worlds
PORTONE_BENCH_ROWS=$(mktemp) || exit 2
export PORTONE_BENCH_ROWS
trap 'rm -f "$PORTONE_BENCH_ROWS"' EXIT
log=build/bench.log
mkdir -p build
: >"$log"

# run NAME COMMAND...
run() {
  echo "measuring: $1" >&2
  shift
  if [ -n "${VERBOSE:-}" ]; then
    "$@" 2>&1 | tee -a "$log"
  else
    "$@" >>"$log" 2>&1
  fi
  local result=${PIPESTATUS[0]}
  [ "$result" -le 1 ] || { echo "  it failed with status $result: see $log" >&2; status=1; }
}

# in_world WORLD FILE
# shellcheck disable=SC2317
in_world() (
  lua=lua$1
  [ "$1" = luajit ] && lua=luajit
  eval "$(MAKEFLAGS='' make -s env LUA="$1")"
  exec "$lua" "$2"
)

run "blocking calls" bash bench/blocking/run.sh
# its lines "WAY@WORLD wall ratio cpu ratio" under "API: …" as rows
awk -v log_file="$log" '
  /^v[12]: POST/ { api = substr($1, 1, 2) }
  /^  (public|by-hand)@/ {
    split($1, way, "@")
    name = way[2] == "luajit" ? "LuaJIT" : "Lua " way[2]
    ratio[api, way[1], name] = $3
    if (way[1] == "public")
      printf "blocking, %s, %s: public call, wall time / bare libcurl\t%s\t<= 1.15\t%s\n", api, name,
        $3, ($3 <= 1.15 ? "met" : "missed")
    else
      printf "blocking, %s, %s: Lua-cURL by hand / ours\t%.2f\t> 1\t%s\n", api, name,
        $3 / ratio[api, "public", name], (ratio[api, "public", name] < $3 ? "met" : "missed")
  }' "$log" >>"$PORTONE_BENCH_ROWS"
[ -n "${PORTONE_BENCH_LUACURL:-}" ] ||
  printf 'Lua-cURL\t-\t\tskipped: PORTONE_BENCH_LUACURL names no folder\n' >>"$PORTONE_BENCH_ROWS"
run "other clients" bash bench/peers/run.sh
run "many calls in flight" bash bench/engine/run.sh
run "nginx" bash bench/nginx/run.sh
for bench in bench/load.lua bench/webhook.lua bench/check.lua; do
  for world in $worlds; do
    run "${bench#bench/} ($world)" in_world "$world" "$bench"
  done
done

awk -F '\t' '
  { what[NR] = $1; value[NR] = $2; target[NR] = $3; verdict[NR] = $4 == "-" ? "" : $4
    if (length($1) > width) width = length($1) }
  END {
    line = "%-" width "s  %9s  %-9s %s\n"
    printf line, "what", "measured", "target", ""
    for (i = 1; i <= NR; i++) printf line, what[i], value[i], target[i], verdict[i]
  }' "$PORTONE_BENCH_ROWS"
exit $status
