#!/usr/bin/env bash
# libFuzzer on what reads the bytes of strangers: fuzz/<target>.c, begun with what is kept in
# fuzz/corpus/<target>, where every input that once was a finding stays.
#
#   tools/fuzz.sh SECONDS WORLD [TARGET...]    SECONDS for each target
#
# What is found anew lies in build/fuzz/found, the grown corpus in build/fuzz/corpus.
# TALLY as in tools/suite.sh.
set -u
cd "$(dirname "$0")/.." || exit 2
seconds=$1 world=$2
shift 2
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(json webhook url header answer)
build=${BUILD:-build}
mkdir -p "$build/fuzz/found" || exit 2
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
make -s fuzzers LUA="$world" BUILD="$build" || exit 2

# A state's memory comes and goes by its collector: no leak can be told after one input, and
# what LuaJIT's own memory refers to looks lost at the end too.
fuzz() {
  local target=$1 grown=$build/fuzz/corpus/$1 words=()
  mkdir -p "$grown"
  [ -f "fuzz/$target.dict" ] && words+=("-dict=fuzz/$target.dict")
  case $target in json | webhook | answer) words+=(-detect_leaks=0) ;; esac
  [ "$world" = luajit ] && export ASAN_OPTIONS=detect_leaks=0
  timeout -k 10 $((seconds + 120)) "$build/fuzz/$world/$target" -max_total_time="$seconds" \
    -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
    -artifact_prefix="$build/fuzz/found/$target-" "${words[@]}" \
    "$grown" "fuzz/corpus/$target" </dev/null >"$log" 2>&1
}

passed=0 failed=0
for target in "${targets[@]}"; do
  if fuzz "$target"; then
    passed=$((passed + 1))
    verdict=ok
  else
    failed=$((failed + 1))
    verdict=FOUND
    grep -vE '^(#|INFO)' "$log" | head -n 60
  fi
  runs=$(sed -nE 's/^stat::number_of_executed_units: +//p' "$log")
  echo "$verdict  $target, $world: ${runs:-0} executions, $(find "fuzz/corpus/$target" -type f |
    wc -l) kept inputs"
done
[ -n "${TALLY:-}" ] && echo "$passed $failed" >>"$TALLY"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
