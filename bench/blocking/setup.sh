#!/usr/bin/env bash
# What the measurements of blocking calls share: the server, on $port until the shell ends, and the
# bare loop. To be sourced, at the top of the project; 'work' is a folder of its own that goes with
# it; $pin, where it is set, keeps a program on one processor.
pin=${pin:-}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

${CC:-cc} -O2 -D_GNU_SOURCE -o "$work/server" bench/blocking/server.c || exit 1
# shellcheck disable=SC2046
${CC:-cc} -O2 -D_GNU_SOURCE -o "$work/bare" bench/blocking/bare.c \
  $(pkg-config --cflags --libs libcurl) || exit 1
mkfifo "$work/server.in"
$pin "$work/server" <"$work/server.in" >"$work/port" &
exec 9>"$work/server.in"  # the server ends when this does
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
  eval "$(MAKEFLAGS='' make -s env LUA="$world")"
  [ -n "${PORTONE_BENCH_LUACURL:-}" ] && export PORTONE_BENCH_LUACURL=$PORTONE_BENCH_LUACURL/$world
  exec $pin "$program" bench/blocking/call.lua "$@"
}
