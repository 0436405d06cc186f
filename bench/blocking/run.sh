#!/usr/bin/env bash
# What a call costs beside a bare libcurl loop that sends and reads the same bytes: one server,
# one run. All contenders are up at once and make a few calls each in turn, so that whatever else
# the machine does hits all of them alike; what counts is the median over the turns of a
# contender's time divided by the bare loop's in the same turn.
#
#   bench/blocking/run.sh                       TURNS=200 CALLS=50 WORLDS="5.4 luajit"
#   PORTONE_BENCH_LUACURL=folder                with lcurl.so for Lua 5.4 in folder/5.4 and for
#                                               LuaJIT in folder/luajit: measured too
#
# Where taskset is at hand all of it runs on one processor: waking another one up takes longer
# than the whole call, and is different each time.
set -u
cd "$(dirname "$0")/../.." || exit 2
turns=${TURNS:-200} calls=${CALLS:-50} worlds=${WORLDS:-5.4 luajit}
pin=
if command -v taskset >/dev/null; then
  cpu=$(taskset -pc $$ | sed 's/.*[^0-9]//')
  pin="taskset -c $cpu"
fi
. bench/blocking/setup.sh

contenders=bare
for world in $worlds; do
  contenders="$contenders core@$world public@$world"
  [ -n "${PORTONE_BENCH_LUACURL:-}" ] && contenders="$contenders by-hand@$world"
done

# start API WHO: a contender that waits for numbers
start() {
  case $2 in
    bare) exec $pin "$work/bare" "http://127.0.0.1:$port$path" "$work/$1" ;;
    *) lua "${2#*@}" "${2%@*}" "$1" "$port" "$work/$1" ;;
  esac
}

measure() {
  local api=$1 who fd path in out i
  local -A to from
  (lua "${worlds%% *}" public "$api" "$port" "$work/$api") || return 1
  path=$(sed -n '1s/^[A-Z]* \([^ ]*\) .*/\1/p' "$work/$api")
  for who in $contenders; do
    mkfifo "$work/$who.in" "$work/$who.out"
    (start "$api" "$who") <"$work/$who.in" >"$work/$who.out" 9>&- &
    exec {in}>"$work/$who.in" {out}<"$work/$who.out"
    to[$who]=$in from[$who]=$out
  done
  for i in $(seq -3 "$turns"); do  # the first ones warm up
    for who in $contenders; do
      echo "$calls" >&"${to[$who]}"
      read -r line <&"${from[$who]}" || return 1
      [ "$i" -le 0 ] || echo "$who $line"
    done
  done >"$work/$api.times" || return 1
  for who in $contenders; do
    fd=${to[$who]}
    exec {fd}>&-
    fd=${from[$who]}
    exec {fd}<&-
    rm "$work/$who.in" "$work/$who.out"
  done
  echo "$api: POST $path, $(wc -c <"$work/$api") bytes sent; microseconds per call," \
    "medians of $turns turns of $calls calls"
}

# The times of all turns as a table. Says who misses the target; fails when the C core does.
table() {
  awk '
    function median(list, n,   sorted, i, j, v) {
      for (i = 1; i <= n; i++) {
        v = list[i]
        for (j = i - 1; j > 0 && sorted[j] > v; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = v
      }
      return sorted[int((n + 1) / 2)]
    }
    $1 == "bare" { turn++; bare = $2; bare_cpu = $3 }
    !($1 in seen) { seen[$1] = 1; order[++count] = $1 }
    { wall[$1, turn] = $2; ratio[$1, turn] = $2 / bare
      cpu[$1, turn] = $3; cpu_ratio[$1, turn] = $3 / bare_cpu }
    function of(table, who,   i) {
      for (i = 1; i <= turn; i++) one[i] = table[who, i]
      return median(one, turn)
    }
    END {
      printf "  %-18s %10s %8s %10s %8s\n", "", "wall", "ratio", "cpu", "ratio"
      for (i = 1; i <= count; i++) {
        who = order[i]
        r = of(ratio, who)
        printf "  %-18s %10.2f %8.3f %10.2f %8.3f\n", who, of(wall, who), r, of(cpu, who),
          of(cpu_ratio, who)
        if (who !~ /^by-hand/ && r > 1.15) slow = slow " " who
      }
      if (slow) print "  above 1.15:" slow
      exit slow ~ /core/
    }' "$1"
}

status=0
for api in v2 v1; do
  measure $api || { echo "blocking: a contender failed" >&2; exit 1; }
  table "$work/$api.times" || status=1
done
exit $status
