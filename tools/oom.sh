#!/usr/bin/env bash
# Memory fails at every allocation in turn, over all paths of the core: see spec/oom/run.lua.
#
#   tools/oom.sh SECONDS "WORLD..." [WAY...]
#
# SECONDS are for each world and way. Ways (spec/oom/oom.c): lua and core are run with the
# sanitizers; all, where libcurl and what lies below it fail too, with the modules as they are.
# TALLY as in tools/suite.sh.
set -u
cd "$(dirname "$0")/.." || exit 2
seconds=$1 worlds=$2
shift 2
ways=("$@")
[ ${#ways[@]} -gt 0 ] || ways=(lua core all)
mkdir -p "${BUILD:-build}/oom" || exit 2
build=$(cd "${BUILD:-build}" && pwd)
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
unset "${!LUA_PATH_@}" "${!LUA_CPATH_@}" "${!LUA_INIT@}"
cc=${CC:-cc}
flags=(-std=c99 -D_GNU_SOURCE -O1 -g -fPIC -pthread -Wall -Wextra -Wpedantic -Werror -Isrc)
asan=$($cc -print-file-name=libasan.so)

# Every name that wrap.c wraps, as the linker wants to be told.
wrapped() {
  $cc "${flags[@]}" -c -o "$build/oom/wrap.o" spec/oom/wrap.c || exit 2
  printf '%s' "$build/oom/wrap.o"
  nm "$build/oom/wrap.o" | sed -n 's/.* T __wrap_/ -Wl,--wrap=/p' | tr -d '\n'
}

# link WORLD MODULE FILE LIBRARY...: the objects of `make asan`, with what is wrapped.
link() {
  local world=$1 module=$2 file=$3 objects
  shift 3
  objects=$(make -s sources | sed -n "s/^portone\\.$module //p" | tr ' ' '\n' |
    sed -E "s#^src/(.*)c\$#$build/$world-asan/obj/\\1o#")
  mkdir -p "$(dirname "$file")"
  # shellcheck disable=SC2046,SC2086
  $cc -shared -pthread -fsanitize=address,undefined -Wl,-z,nodelete -o "$file" $objects \
    $(wrapped) $(pkg-config --libs "$@")
}

# prepare WORLD WAY: builds, and prints what to preload.
prepare() {
  local pc=lua$1 at=$build/oom/$1-$2
  [ "$1" = luajit ] && pc=luajit
  mkdir -p "$at"
  # shellcheck disable=SC2046
  if [ "$2" = all ]; then
    make -s build LUA="$1" BUILD="$build" >&2 &&
      $cc "${flags[@]}" -DOOM_INTERPOSE -shared -o "$at/oom.so" spec/oom/oom.c \
        $(pkg-config --cflags "$pc") -ldl && echo "$at/oom.so"
  else
    make -s build LUA="$1" SAN=asan BUILD="$build" >&2 &&
      link "$1" core "$at/portone/core.so" libcurl libcrypto &&
      link "$1" sandbox.httpd "$at/portone/sandbox/httpd.so" libmicrohttpd libcurl libcrypto &&
      $cc "${flags[@]}" -shared -o "$at/oom.so" spec/oom/oom.c $(pkg-config --cflags "$pc") \
        -ldl && echo "$asan:$at/oom.so"
  fi
}

# A process group of its own: whoever the tried one has started goes with it, if it dies.
run() {
  local world=$1 way=$2 preload=$3 lua=lua$1 status
  [ "$world" = luajit ] && lua=luajit
  (
    eval "$(MAKEFLAGS='' make -s env LUA="$world" BUILD="$build")"
    export LUA_CPATH="$build/oom/$world-$way/?.so;$LUA_CPATH" LUA_PATH="$LUA_PATH;$PWD/?.lua"
    export ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1"
    export LSAN_OPTIONS="suppressions=$PWD/spec/oom/lsan.supp:print_suppressions=0"
    export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
    exec timeout -k 10 $((seconds * 4 + 60)) env LD_PRELOAD="$preload" \
      "$lua" spec/oom/run.lua "$way" "$seconds"
  ) </dev/null >"$log" 2>&1 &
  wait $!
  status=$?
  kill -- -$! 2>/dev/null  # timeout's group
  cat "$log"
  return $status
}

passed=0 failed=0
for world in $worlds; do
  for way in "${ways[@]}"; do
    echo "== $world, $way"
    preload=$(prepare "$world" "$way") || { failed=$((failed + 1)); continue; }
    SECONDS=0
    run "$world" "$way" "$preload"
    status=$?
    last=$(tail -n 1 "$log")
    ok=$(sed -nE 's/^([0-9]+) failures injected, [0-9]+ problems$/\1/p' <<<"$last")
    bad=$(sed -nE 's/^[0-9]+ failures injected, ([0-9]+) problems$/\1/p' <<<"$last")
    bad=${bad:-0}
    [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    echo "-- $world, $way: ${ok:-0} failures injected, $bad problems, $SECONDS s, status $status"
    passed=$((passed + (bad == 0))) failed=$((failed + bad))
  done
done
[ -n "${TALLY:-}" ] && echo "$passed $failed" >>"$TALLY"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
