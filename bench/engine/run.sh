#!/usr/bin/env bash
# What the engine does beside a bare curl_multi loop that sends the same requests: one nginx that
# answers at once, one run. What counts is the median over the turns of the bare loop's time
# divided by a contender's in the same turn: its share of the bare throughput.
#
#   bench/engine/run.sh            TURNS=30 WORLDS="5.4 luajit" IN_FLIGHT="64 1000"
set -u
cd "$(dirname "$0")/../.." || exit 2
turns=${TURNS:-30} worlds=${WORLDS:-5.4 luajit}
. bench/common.sh
command -v nginx >/dev/null || { skipped "many calls in flight" "no nginx"; exit 0; }
# shellcheck disable=SC2046
${CC:-cc} -O2 -D_GNU_SOURCE -o "$work/bare" bench/engine/bare.c \
  $(pkg-config --cflags --libs libcurl) || exit 1
port=$((20000 + RANDOM % 10000))
upstream "$port" || exit 1
path=$(lua "${worlds%% *}" bench/engine/calls.lua capture 1 "$port" "$work/request") || exit 1

contenders="bare bare-epoll"
for world in $worlds; do
  contenders="$contenders inbox@$world exchange@$world tasks@$world"
done

contend() {
  case $1 in
    bare) exec "$work/bare" poll "$n" "http://127.0.0.1:$port$path" "$work/request" ;;
    bare-epoll) exec "$work/bare" epoll "$n" "http://127.0.0.1:$port$path" "$work/request" ;;
    *) lua "${1#*@}" bench/engine/calls.lua "${1%@*}" "$n" "$port" "$work/request" ;;
  esac
}

status=0
for n in ${IN_FLIGHT:-64 1000}; do
  calls=$((n < 500 ? 2000 : 4000))
  # shellcheck disable=SC2086
  take_turns "$turns" "$calls" $contenders || exit 1
  echo "$n in flight: calls/s, share of the bare loop's; CPU µs per call, share by the busiest" \
    "thread's CPU time; medians of $turns turns of $calls calls"
  medians bare | tee "$work/table"
  while read -r who _ share _ alone; do
    case $who in
      inbox@*) what="core only" ;;
      exchange@*) what="a ready request in each task" ;;
      tasks@*) what="public call in each task" ;;
      *) continue ;;
    esac
    row "$n in flight, $(world_name "${who#*@}"), $what: throughput / bare libcurl's" "$share" \
      ">=" 0.9 || status=1
    row "  ... by CPU time of the busiest thread" "$alone"
  done <"$work/table"
done

for world in $worlds; do
  echo "1000 in flight ($world)"
  (lua "$world" bench/engine/hold.lua "$work/request" "$work/bare" "$(world_name "$world")")
  case $? in
    0) ;;
    3) skipped "memory, poll(0), $(world_name "$world")" "no LuaSocket" ;;
    *) status=1 ;;
  esac
done
exit $status
