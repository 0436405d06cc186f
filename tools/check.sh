#!/usr/bin/env bash
# Linters and the rules of the house, one line each. TALLY as in tools/suite.sh.
set -u
cd "$(dirname "$0")/.." || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# check NAME FUNCTION: silent when fine, everything it said when not.
check() {
  if "$2" >"$work/out" 2>&1 </dev/null; then
    passed=$((passed + 1))
    echo "ok      $1"
  else
    failed=$((failed + 1))
    echo "FAILED  $1"
    head -n 60 "$work/out" | sed 's/^/  /'
  fi
}

# none PATTERN FILE...: fails, and shows where, if the pattern is found.
none() {
  local pattern=$1
  shift
  [ $# -eq 0 ] || ! grep -nE "$pattern" "$@"
}

mapfile -t lua < <(find lua spec tools bench examples types -name '*.lua' 2>/dev/null | sort)
mapfile -t c < <(find src bench fuzz spec -name '*.[ch]' 2>/dev/null | sort)
mapfile -t engine < <(find src -name '*.[ch]' ! -name 'l*' ! -name compat.h | sort)
mapfile -t shell < <(find tools bench .ci -type f \( -name '*.sh' -o -path .ci/run \) 2>/dev/null)

luacheck_clean() { luacheck --no-color -q .; }

# Files whose name does not begin with l know nothing of Lua.
engine_without_lua() { none '(lua|lauxlib|lualib|luaconf|compat)\.h|lua_State' "${engine[@]}"; }

cppcheck_clean() {
  cppcheck --quiet --std=c99 --language=c --enable=warning,portability,performance \
    --inline-suppr --suppress=missingIncludeSystem --error-exitcode=1 -Isrc -D__GNUC__ src
}

# In comments only, and not in quotes: a currency is called like one of them.
nothing_left_open() {
  none '(--|/\*|\*\*|//|#).*[^"]\b(TO[D]O|FIX[M]E|XX[X])\b' \
    "${lua[@]}" "${c[@]}" "${shell[@]}" Makefile
}

# Generated tables may be long; nothing that a person writes.
files_are_short() {
  local file lines long=0
  for file in "${lua[@]}" "${c[@]}"; do
    case $file in lua/portone/api/* | types/*) continue ;; esac
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || { echo "$file: $lines lines, 600 at most"; long=1; }
  done
  return $long
}

lines_are_short() { none '^.{91,}' "${c[@]}"; }

no_trailing_space() { none '[[:space:]]+$|	' "${lua[@]}" "${c[@]}"; }

shell_parses() {
  local file
  for file in "${shell[@]}"; do bash -n "$file" || return 1; done
}

# A module shows its luaopen function and nothing else, has all of ours, and brings no Lua.
modules_are_closed() {
  local so shown bad=0
  for so in build/*/portone/*.so build/*/portone/sandbox/*.so; do
    case $so in *-*san/*) continue ;; esac
    shown=$(nm -D --defined-only "$so" | awk '{ print $3 }' | grep -v '^luaopen_portone_')
    [ -z "$shown" ] || { echo "$so shows" $shown; bad=1; }
    ! readelf -d "$so" | grep 'NEEDED.*lua' || bad=1
    ! nm -D --undefined-only "$so" | grep ' po_' || bad=1
  done
  return $bad
}

# In what was built: nothing of the linkage stays writable, the stack runs no code and is guarded,
# libc's calls are checked, no code is relocated and no path is searched.
modules_are_hardened() {
  local so has bad=0
  for so in build/*/portone/*.so build/*/portone/sandbox/*.so; do
    case $so in *-*san/*) continue ;; esac
    has=$(readelf -lW "$so"; readelf -dW "$so"; nm -D "$so")
    grep -q GNU_RELRO <<<"$has" || { echo "$so: no RELRO"; bad=1; }
    grep -q BIND_NOW <<<"$has" || { echo "$so: symbols are bound late"; bad=1; }
    grep -q 'GNU_STACK.* RW ' <<<"$has" || { echo "$so: the stack is executable"; bad=1; }
    grep -q __stack_chk_fail <<<"$has" || { echo "$so: no guard on the stack"; bad=1; }
    grep -qE '__[a-z]+_chk(@|$)' <<<"$has" || { echo "$so: not fortified"; bad=1; }
    ! grep -E 'TEXTREL|RPATH|RUNPATH' <<<"$has" || bad=1
  done
  return $bad
}

rockspec_complete() { lua5.4 tools/rockspec.lua --check; }

# Made, tested, packed and installed from the pack.
rock_5_1() { tools/rocks.sh 5.1; }
rock_5_3() { tools/rocks.sh 5.3; }
rock_5_4() { tools/rocks.sh 5.4; }
rock_luajit() { tools/rocks.sh luajit; }

one_version() { tools/version.sh; }

# What `make install` lays down works with no help from the tree.
installed() {
  make -s install DESTDIR="$work/root" PREFIX=/usr LUA_VERSION=5.4 || return 1
  local at=$work/root/usr
  (cd "$work" && export LUA_PATH="$at/share/lua/5.4/?.lua;$at/share/lua/5.4/?/init.lua;;" \
    LUA_CPATH="$at/lib/lua/5.4/?.so;;" && "$at/bin/portone" --version && \
    lua5.4 -e 'require "portone"; require "portone.sandbox"') || return 1
  make -s uninstall DESTDIR="$work/root" PREFIX=/usr LUA_VERSION=5.4
  none . <(find "$work/root" -type f)
}

# Pages and reference, no link dead.
docs_built() { make -s docs BUILD="$work/docs"; }

# The other compiler has an opinion too. A build of its own, thrown away.
clang_clean() { make -s build CC=clang BUILD="$work/clang" WORLDS="5.4 luajit"; }

# The tables are what the generator makes of the official specs, where those are at hand.
generated_is_current() {
  local new=$work/generated file old
  lua5.4 tools/generate.lua "$spec" "$new" || return 1
  (cd "$new" && find . -type f) | while read -r file; do
    cmp "$file" "$new/$file" || exit 1
  done || return 1
  # Nothing is left of a group that the specs no longer have.
  for old in lua/portone/api/v[12]/*.lua types/*.lua; do
    [ -f "$new/$old" ] || { echo "$old: made by nobody"; return 1; }
  done
}

check "luacheck" luacheck_clean
check "engine files include no Lua header" engine_without_lua
check "cppcheck" cppcheck_clean
check "nothing left open in comments" nothing_left_open
check "files of at most 600 lines" files_are_short
check "C lines of at most 90 columns" lines_are_short
check "no tabs, no trailing space" no_trailing_space
check "shell scripts parse" shell_parses
check "modules show luaopen only, link no Lua" modules_are_closed
check "modules are hardened" modules_are_hardened
check "rockspec lists every file" rockspec_complete
check "one version in all places" one_version
check "luarocks make, test, pack, install: 5.1" rock_5_1
check "luarocks make, test, pack, install: 5.3" rock_5_3
check "luarocks make, test, pack, install: 5.4" rock_5_4
check "luarocks make, test, pack, install: LuaJIT" rock_luajit
check "make install, module loads; make uninstall" installed
check "make docs, no dead link" docs_built
if command -v clang >/dev/null; then check "clang, all warnings" clang_clean; fi
spec=$(cd ../shared/spec 2>/dev/null && pwd)
if [ -n "$spec" ] && [ -f tools/generate.lua ]; then
  check "generated files are current" generated_is_current
fi

[ -n "${TALLY:-}" ] && echo "$passed $failed" >>"$TALLY"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
