#!/usr/bin/env bash
# Runs every measurement: bench/*.lua in each world, then bench/*/run.sh, which see to themselves.
#
#   tools/bench.sh "WORLD..."
set -u
cd "$(dirname "$0")/.." || exit 2
status=0

for bench in bench/*.lua; do
  for world in $1; do
    lua=lua$world
    [ "$world" = luajit ] && lua=luajit
    echo "== $bench ($world)"
    (eval "$(MAKEFLAGS='' make -s env LUA="$world")" && exec "$lua" "$bench") || status=1
  done
done
for bench in bench/*/run.sh; do
  [ -f "$bench" ] || continue
  echo "== $bench"
  bash "$bench" || status=1
done
exit $status
