#!/usr/bin/env bash
# What the engine does beside a bare curl_multi loop that sends the same requests: one nginx that
# answers at once, one run. All contenders are up at once and take turns, so that whatever else
# the machine does hits all of them alike; what counts is the median over the turns of the bare
# loop's time divided by a contender's in the same turn: its share of the bare throughput.
#
#   bench/engine/run.sh            TURNS=30 WORLDS="5.4 luajit" IN_FLIGHT="64 1000"
set -u
cd "$(dirname "$0")/../.." || exit 2
turns=${TURNS:-30} worlds=${WORLDS:-5.4 luajit}
command -v nginx >/dev/null || { echo "engine: skipped, there is no nginx"; exit 0; }
work=$(mktemp -d) || exit 2
nginx=
trap '[ -z "$nginx" ] || kill "$nginx"; rm -rf "$work"' EXIT

# shellcheck disable=SC2046
${CC:-cc} -O2 -D_GNU_SOURCE -o "$work/bare" bench/engine/bare.c \
  $(pkg-config --cflags --libs libcurl) || exit 1

port=$((20000 + RANDOM % 10000))
cat >"$work/nginx.conf" <<END
daemon off;
worker_processes 1;
worker_rlimit_nofile 8192;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 8000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path $work/body;
  proxy_temp_path $work/proxy;
  fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi;
  scgi_temp_path $work/scgi;
  server {
    listen 127.0.0.1:$port backlog=4096;
    default_type application/json;
    location / { return 200 '{"payment":{"pgTxId":"tviva20240425100000abcd1","paidAt":"2024-04-25T10:00:00Z"}}'; }
  }
}
END
nginx -e "$work/error.log" -c "$work/nginx.conf" &
nginx=$!
for _ in $(seq 100); do
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  sleep 0.05
done

lua() {
  local world=$1 program=lua$1
  shift
  [ "$world" = luajit ] && program=luajit
  eval "$(MAKEFLAGS='' make -s env LUA="$world")"
  exec "$program" bench/engine/calls.lua "$@"
}

path=$(lua "${worlds%% *}" capture 1 "$port" "$work/request") || exit 1

contenders="bare bare-epoll"
for world in $worlds; do
  contenders="$contenders inbox@$world tasks@$world"
done

start() {
  case $2 in
    bare) exec "$work/bare" poll "$1" "http://127.0.0.1:$port$path" "$work/request" ;;
    bare-epoll) exec "$work/bare" epoll "$1" "http://127.0.0.1:$port$path" "$work/request" ;;
    *) lua "${2#*@}" "${2%@*}" "$1" "$port" "$work/request" ;;
  esac
}

measure() {
  local n=$1 calls=$2 who fd in out i line
  local -A to from
  for who in $contenders; do
    mkfifo "$work/$who.in" "$work/$who.out"
    (start "$n" "$who") <"$work/$who.in" >"$work/$who.out" &
    exec {in}>"$work/$who.in" {out}<"$work/$who.out"
    to[$who]=$in from[$who]=$out
  done
  for i in $(seq -2 "$turns"); do  # the first ones warm up
    for who in $contenders; do
      echo "$calls" >&"${to[$who]}"
      read -r line <&"${from[$who]}" || return 1
      [ "$i" -le 0 ] || echo "$who $line"
    done
  done >"$work/times" || return 1
  for who in $contenders; do
    fd=${to[$who]}
    exec {fd}>&-
    fd=${from[$who]}
    exec {fd}<&-
    rm "$work/$who.in" "$work/$who.out"
  done
  echo "$n in flight: calls/s and share of the bare loop's; CPU microseconds per call and ratio;" \
    "medians of $turns turns of $calls calls"
}

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
    { rate[$1, turn] = 1e6 / $2; share[$1, turn] = bare / $2
      cpu[$1, turn] = $3; cpu_ratio[$1, turn] = $3 / bare_cpu }
    function of(table, who,   i) {
      for (i = 1; i <= turn; i++) one[i] = table[who, i]
      return median(one, turn)
    }
    END {
      printf "  %-14s %9s %7s %9s %7s\n", "", "calls/s", "share", "cpu", "ratio"
      for (i = 1; i <= count; i++) {
        who = order[i]
        s = of(share, who)
        printf "  %-14s %9.0f %7.2f %9.2f %7.2f\n", who, of(rate, who), s, of(cpu, who),
          of(cpu_ratio, who)
        if (who ~ /^tasks/ && s < 0.9) slow = slow " " who
      }
      if (slow) print "  below 0.9:" slow
      exit slow != ""
    }' "$work/times"
}

status=0
for n in ${IN_FLIGHT:-64 1000}; do
  measure "$n" $((n < 500 ? 2000 : 4000)) || { echo "engine: a contender failed" >&2; exit 1; }
  table || status=1
done

# hold WORLD: what calls in flight weigh, and what looking at them costs
hold() {
  local program=lua$1
  [ "$1" = luajit ] && program=luajit
  eval "$(MAKEFLAGS='' make -s env LUA="$1")"
  "$program" -e 'require "socket"' 2>/dev/null || { echo "  skipped: no LuaSocket"; return 0; }
  "$program" bench/engine/hold.lua "$work/request" "$work/bare"
}
for world in $worlds; do
  echo "1000 in flight ($world)"
  (hold "$world") || status=1
done
exit $status
