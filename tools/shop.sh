#!/usr/bin/env bash
# Runs examples/shop in an nginx of its own, against a sandbox, on free ports of this machine and
# in a temporary folder; until Ctrl-C, or until one of the two ends.
#
#   tools/shop.sh [PORT]      the shop's port: 8080, or the next one that is free
set -u
cd "$(dirname "$0")/.." || exit 2
eval "$(MAKEFLAGS='' make -s env LUA=luajit)"

dir=$(mktemp -d) || exit 2
sandbox= nginx=

# Each has a session of its own, so that a Ctrl-C reaches this script alone.
finish() {
  trap '' INT TERM HUP
  for pid in $nginx $sandbox; do
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  rm -rf "$dir"
}
trap finish EXIT
trap 'echo; exit 0' INT
trap 'exit 0' TERM HUP

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# until CONDITION...: within ten seconds, and while the process $1 lives
until_true() {
  local pid=$1 i
  shift
  for i in {1..200}; do
    "$@" && return
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

port=${1:-8080}
while answers "$port"; do port=$((port + 1)); done

setsid luajit tools/shop.lua "$dir" "$port" &
sandbox=$!
until_true $sandbox test -s "$dir/addresses" || { echo "shop: no sandbox" >&2; exit 1; }

setsid nginx -e stderr -p "$dir" -c "$dir/nginx.conf" &
nginx=$!
until_true $nginx answers "$port" || { echo "shop: nginx does not start" >&2; exit 1; }

cat "$dir/addresses"
wait -n
echo "shop: one of the two has ended" >&2
exit 1
