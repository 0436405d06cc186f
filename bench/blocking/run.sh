#!/usr/bin/env bash
# What a call costs beside a bare libcurl loop that sends and reads the same bytes: one server,
# one run, rounds in turn, medians.
#
#   bench/blocking/run.sh                       ROUNDS=15 CALLS=2000 WORLDS="5.4 luajit"
#   PORTONE_BENCH_LUACURL=folder                with lcurl.so for Lua 5.4 in folder/5.4 and for
#                                               LuaJIT in folder/luajit: measured too
set -u
cd "$(dirname "$0")/../.." || exit 2
rounds=${ROUNDS:-15} calls=${CALLS:-2000} worlds=${WORLDS:-5.4 luajit}
work=$(mktemp -d) || exit 2
server=
finish() {
  exec 8>&- 2>/dev/null
  [ -n "$server" ] && wait "$server" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT

cc=${CC:-cc}
$cc -O2 -D_GNU_SOURCE -o "$work/server" bench/blocking/server.c || exit 1
# shellcheck disable=SC2046
$cc -O2 -D_GNU_SOURCE -o "$work/bare" bench/blocking/bare.c $(pkg-config --cflags --libs libcurl) ||
  exit 1
mkfifo "$work/in"
"$work/server" <"$work/in" >"$work/port" &
server=$!
exec 8>"$work/in"  # the server ends when this does
for _ in $(seq 100); do
  [ -s "$work/port" ] && break
  sleep 0.05
done
port=$(cat "$work/port")
[ -n "$port" ] || { echo "blocking: no server" >&2; exit 1; }

lua() {
  local world=$1 program=lua$1
  shift
  [ "$world" = luajit ] && program=luajit
  (
    eval "$(MAKEFLAGS='' make -s env LUA="$world")"
    [ -n "${PORTONE_BENCH_LUACURL:-}" ] && export PORTONE_BENCH_LUACURL=$PORTONE_BENCH_LUACURL/$world
    exec "$program" bench/blocking/call.lua "$@"
  )
}

contenders="bare"
for world in $worlds; do
  contenders="$contenders core@$world public@$world"
  [ -n "${PORTONE_BENCH_LUACURL:-}" ] && contenders="$contenders by-hand@$world"
done

# The bytes that the public API sends are what everybody sends.
for api in v1 v2; do
  lua "${worlds%% *}" public $api "$port" 0 "$work/$api" || exit 1
done

status=0
for api in v2 v1; do
  path=$(sed -n '1s/^[A-Z]* \([^ ]*\) .*/\1/p' "$work/$api")
  for _ in $(seq "$rounds"); do
    for who in $contenders; do
      if [ "$who" = bare ]; then
        out=$("$work/bare" "http://127.0.0.1:$port$path" "$work/$api" "$calls")
      else
        out=$(lua "${who#*@}" "${who%@*}" $api "$port" "$calls" "$work/$api")
      fi || exit 1
      echo "$out" >>"$work/$api.$who"
    done
  done
  bytes=$(wc -c <"$work/$api")
  echo "$api: $(head -n 1 "$work/$api" | tr -d '\r'), $bytes bytes sent; microseconds per call," \
    "median of $rounds rounds of $calls"
  printf '  %-18s %10s %8s %10s %8s\n' "" wall ratio cpu ratio
  for who in $contenders; do
    for column in 1 2; do
      sort -n -k$column "$work/$api.$who" |
        awk -v c=$column '{ v[NR] = $c } END { print v[int((NR + 1) / 2)] }'
    done | xargs echo "$who"
  done | awk '
    NR == 1 { wall = $2; cpu = $3 }
    { printf "  %-18s %10.2f %8.3f %10.2f %8.3f\n", $1, $2, $2 / wall, $3, $3 / cpu }
    $1 ~ /^public/ && $2 / wall > 1.15 { slow = 1 }
    END { if (slow) print "  a public call is above 1.15 times the bare loop"; exit slow }' ||
    status=1
done
exit $status
