#!/usr/bin/env bash
# What the measurements share: a fast server, contenders that take turns, rows of the table.
# To be sourced, at the top of the project; 'work' is a folder of its own that goes with it.
work=$(mktemp -d) || exit 2
ends=()
finish() {
  local pid
  for pid in "${ends[@]}"; do
    kill "$pid" 2>/dev/null
  done
  rm -rf "$work"
}
trap finish EXIT

answer='{"payment":{"pgTxId":"tviva20240425100000abcd1","paidAt":"2024-04-25T10:00:00Z"}}'

# nginx_conf NAME HTTP [TOP]: a configuration of one worker
nginx_conf() {
  mkdir -p "$work/$1"
  cat >"$work/$1/nginx.conf" <<END
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid $work/$1/nginx.pid;
error_log $work/$1/error.log;
$([ "$(id -u)" != 0 ] || echo "user root;")
${3:-}
events { worker_connections 16000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path $work/$1/body;
  proxy_temp_path $work/$1/proxy;
  fastcgi_temp_path $work/$1/fastcgi;
  uwsgi_temp_path $work/$1/uwsgi;
  scgi_temp_path $work/$1/scgi;
  $2
}
END
}

# nginx_start NAME PORT
nginx_start() {
  nginx -e "$work/$1/error.log" -c "$work/$1/nginx.conf" &
  ends+=($!)
  for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null && return 0
    sleep 0.05
  done
  echo "no nginx on port $2" >&2
  return 1
}

# upstream PORT: answers each request with the same payment, at once
upstream() {
  nginx_conf upstream "server {
    listen 127.0.0.1:$1 backlog=4096;
    default_type application/json;
    location / { return 200 '$answer'; }
  }"
  nginx_start upstream "$1"
}

# lua WORLD FILE ARGUMENT...: in the place of this shell
lua() {
  local program=lua$1
  [ "$1" = luajit ] && program=luajit
  eval "$(MAKEFLAGS='' make -s env LUA="$1")"
  shift
  exec "$program" "$@"
}

world_name() {
  [ "$1" = luajit ] && echo LuaJIT || echo "Lua $1"
}

# take_turns TURNS CALLS CONTENDER...: all are up at once and take turns, so that whatever else
# the machine does hits all of them alike. 'contend NAME' is the caller's: it starts one, which
# makes as many calls as each line of its input says and prints microseconds per call: of wall
# time, of CPU time, and of its busiest thread's. "NAME WALL CPU BUSIEST" goes to $work/times.
take_turns() {
  local turns=$1 calls=$2 who fd in out i line
  local -A to from
  shift 2
  for who in "$@"; do
    mkfifo "$work/$who.in" "$work/$who.out"
    (contend "$who") <"$work/$who.in" >"$work/$who.out" &
    exec {in}>"$work/$who.in" {out}<"$work/$who.out"
    to[$who]=$in from[$who]=$out
  done
  for i in $(seq -2 "$turns"); do  # the first ones warm up
    for who in "$@"; do
      echo "$calls" >&"${to[$who]}"
      read -r line <&"${from[$who]}" || { echo "$who failed" >&2; return 1; }
      [ "$i" -le 0 ] || echo "$who $line"
    done
  done >"$work/times" || return 1
  for who in "$@"; do
    fd=${to[$who]}
    exec {fd}>&-
    fd=${from[$who]}
    exec {fd}<&-
    rm "$work/$who.in" "$work/$who.out"
  done
}

# medians BASE: of $work/times, for each contender "NAME CALLS/S SHARE CPU ALONE". SHARE is BASE's
# time divided by the contender's in the same turn; ALONE is the same of the busiest thread's CPU
# time: the share that there would be if nobody else wanted the processors.
medians() {
  awk -v base="$1" '
    function median(list, n,   sorted, i, j, v) {
      for (i = 1; i <= n; i++) {
        v = list[i]
        for (j = i - 1; j > 0 && sorted[j] > v; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = v
      }
      return sorted[int((n + 1) / 2)]
    }
    function of(table, who,   i, one) {
      for (i = 1; i <= turn; i++) one[i] = table[who, i]
      return median(one, turn)
    }
    !($1 in seen) { seen[$1] = 1; order[++count] = $1 }
    $1 == order[1] { turn++ }
    { wall[$1, turn] = $2; cpu[$1, turn] = $3; busiest[$1, turn] = $4 }
    END {
      for (i = 1; i <= count; i++)
        for (t = 1; t <= turn; t++) {
          who = order[i]
          rate[who, t] = 1e6 / wall[who, t]
          share[who, t] = wall[base, t] / wall[who, t]
          alone[who, t] = busiest[who, t] > 0 ? busiest[base, t] / busiest[who, t] : 0
        }
      for (i = 1; i <= count; i++) {
        who = order[i]
        printf "%-16s %9.0f %8.2f %9.2f %8.2f\n", who, of(rate, who), of(share, who), of(cpu, who),
          of(alone, who)
      }
    }' "$work/times"
}

# row WHAT VALUE [OPERATOR TARGET]: a line of the table of 'make bench'
row() {
  local verdict=-
  if [ $# -ge 4 ]; then
    verdict=$(awk -v v="$2" -v op="$3" -v t="$4" 'BEGIN {
      ok = op == "<" ? v < t : op == "<=" ? v <= t : op == ">=" ? v >= t : v > t
      print ok ? "met" : "missed" }')
  fi
  printf '%s\t%s\t%s\t%s\n' "$1" "$2" "${3:+$3 $4}" "$verdict" >>"${PORTONE_BENCH_ROWS:-/dev/null}"
  [ "$verdict" != missed ]
}

# skipped WHAT WHY
skipped() {
  echo "skipped: $1: $2"
  printf '%s\t-\t\tskipped: %s\n' "$1" "$2" >>"${PORTONE_BENCH_ROWS:-/dev/null}"
}
