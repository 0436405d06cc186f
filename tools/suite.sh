#!/usr/bin/env bash
# Runs the suite in each world and prints a total that can be trusted: a world that fails, dies,
# hangs or runs no test at all counts as a failure.
#
#   tools/suite.sh MODE "WORLD..." [SPEC...]     modes: plain, asan, valgrind
#
# TALLY names a file to which "passed failed" of each run is added.
set -u
cd "$(dirname "$0")/.." || exit 2
mode=$1 worlds=$2
shift 2
specs=("$@")

busted=$(command -v busted) || { echo "suite: no busted" >&2; exit 2; }
logs=$(mktemp -d) || exit 2
trap 'rm -rf "$logs"' EXIT

# Twenty times slower, valgrind is for the specs whose subject is in C, and for a few whole walks.
memcheck=()
for name in client crypto engine fork http2 json loop/cqueues loop/luv loop/tasks sandbox/deliver \
  sandbox/faults sandbox/httpd sandbox/v1_http sandbox/v2_http seeds tls transfer url webhook; do
  memcheck+=("spec/${name}_spec.lua")
done

# A user's own settings of one version would win over the ones set here.
unset "${!LUA_PATH_@}" "${!LUA_CPATH_@}" "${!LUA_INIT@}"

# The words before the interpreter, those after LuaJIT's and those after busted's.
under=() jit=() extra=() limit=${LIMIT:-1200}
case $mode in
  plain) ;;
  asan)
    # The interpreter is the stock one, so the sanitizer has to be in the process before it.
    under=(env "LD_PRELOAD=$(${CC:-cc} -print-file-name=libasan.so)")
    export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1"
    export LSAN_OPTIONS="suppressions=$PWD/tools/lsan.supp:print_suppressions=0"
    export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
    # The collector never rests: what is freed too early shows.
    extra=(--helper=spec/support/gc.lua --exclude-tags=slow)
    ;;
  valgrind)
    under=(valgrind --quiet --error-exitcode=99 --leak-check=full --keep-debuginfo=yes
      --fair-sched=try --show-leak-kinds=definite --errors-for-leak-kinds=definite --num-callers=30
      --suppressions=tools/valgrind.supp)
    # Fresh machine code is what valgrind is slowest at, and no C of ours is called from any.
    jit=(-joff)
    # What is measured against the clock says nothing here.
    extra=(--filter-out="in time")
    ;;
  *) echo "suite: no such mode: $mode" >&2; exit 2 ;;
esac

if [ ${#specs[@]} -eq 0 ]; then
  specs=(spec)
  [ "$mode" = valgrind ] && specs=("${memcheck[@]}")
fi

# Leaves what was printed in a file, and beside it the status and the seconds it took.
run() {
  local lua=("lua$1")
  [ "$1" = luajit ] && lua=(luajit "${jit[@]}")
  local san=
  [ "$mode" = asan ] && san=asan
  SECONDS=0
  (
    eval "$(MAKEFLAGS='' make -s env LUA="$1" SAN="$san")"
    exec timeout -k 10 "$limit" "${under[@]}" "${lua[@]}" "$busted" --output=plainTerminal \
      "${extra[@]}" "${specs[@]}"
  ) </dev/null 2>&1 | tee "$logs/$1"
  echo "${PIPESTATUS[0]} $SECONDS" >"$logs/$1.end"
}

# The worlds run side by side, except where somebody watches the plain way as it goes.
watched=
[ "$mode" = plain ] && [ -z "${CI:-}" ] && watched=yes
if [ -z "$watched" ]; then
  for world in $worlds; do run "$world" >/dev/null & done
  wait
fi

passed=0 failed=0
for world in $worlds; do
  echo "== $world ($mode)"
  if [ -n "$watched" ]; then run "$world"; else cat "$logs/$world"; fi
  read -r status seconds <"$logs/$world.end"
  counts=$(sed -nE 's/^([0-9]+) success(es)? \/ ([0-9]+) failures? \/ ([0-9]+) errors? \/ ([0-9]+) pending : .*/\1 \3 \4 \5/p' \
    "$logs/$world" | tail -n 1)
  read -r ok bad err pending <<<"${counts:-0 0 0 0}"
  bad=$((bad + err))
  why=
  if [ -z "$counts" ]; then
    why="ended early with status $status"
    echo
  elif [ $((ok + bad)) -eq 0 ]; then
    why="ran no test"
  elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
    why="ended with status $status"
  fi
  [ "$status" -eq 124 ] && why="took longer than $limit s"
  [ -n "$why" ] && bad=$((bad + 1))
  echo "-- $world ($mode): $ok passed, $bad failed, $pending pending, $seconds s${why:+: $why}"
  [ -n "${TALLY:-}" ] && echo "$ok $bad" >>"$TALLY"
  passed=$((passed + ok)) failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
