#!/usr/bin/env bash
# The rock in one world (5.1, 5.3, 5.4, luajit): make, test, pack, and install from the pack, each
# by LuaRocks itself, in a copy of the tree and a tree of its own.
#   tools/rocks.sh WORLD [SPEC...]
set -eu
cd "$(dirname "$0")/.."
world=$1 version=${1/luajit/5.1} lua=lua$1
shift
specs=("${@:-spec/seeds_spec.lua}")
[ "$world" = luajit ] && lua=luajit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/portone"
cp -R lua src spec tools examples .busted ./*.rockspec "$work/portone"
for part in bin man; do [ ! -e $part ] || cp -R $part "$work/portone"; done

# What Debian's packages bring is no rock, and need not be.
cat >"$work/config.lua" <<END
lua_interpreter = "$lua"
rocks_trees = { "$work/tree" }
rocks_servers = {}
rocks_provided = { busted = "2.1.1-1", ["lua-cjson"] = "2.1.0-1", argparse = "0.7.1-1" }
variables = { LUA_INCDIR = "$(pkg-config --cflags-only-I "$lua" | sed "s/^-I//; s/ .*//")" }
END
export LUAROCKS_CONFIG=$work/config.lua
rocks() { luarocks --lua-version="$version" --tree="$work/${tree:-tree}" "$@" >"$work/log" 2>&1 || {
  echo "$world: luarocks $1 failed"
  grep -vE '^(gcc|cc) ' "$work/log" | tail -n 40
  exit 1
}; }

cd "$work/portone"
rocks make portone-scm-1.rockspec
export LUA_PATH="$work/tree/share/lua/$version/?.lua;$work/tree/share/lua/$version/?/init.lua;;"
export LUA_CPATH="$work/tree/lib/lua/$version/?.so;;"
rocks test portone-scm-1.rockspec -- --output=plainTerminal "${specs[@]}"
grep -qE '^[1-9][0-9]* successes / 0 failures / 0 errors' "$work/log" ||
  { echo "$world: no test ran"; cat "$work/log"; exit 1; }
cd "$work"
rocks pack portone
tree=second rocks install ./portone-scm-1.*.rock
export LUA_PATH="$work/second/share/lua/$version/?.lua;$work/second/share/lua/$version/?/init.lua;;"
export LUA_CPATH="$work/second/lib/lua/$version/?.so;;"
"$lua" - "$work/second" <<'END'
  local portone = require "portone"
  require "portone.sandbox.httpd"
  local file = package.searchpath and package.searchpath("portone", package.path)
  assert(not file or file:find(arg[1], 1, true), "loaded from elsewhere: " .. tostring(file))
  assert(type(portone) == "table")
END
