--[[ `luarocks test [-- SPEC...]`: the suite by the Lua that LuaRocks is set up for, against the
rock that is installed; all of it, or the specs that are named. What it needs beside busted (nginx,
Redis, …) is pending where it is absent. ]]

local ok, why = pcall(require, "portone.core")
if not ok then
  io.stderr:write("luarocks test: install the rock first (luarocks make), and put it on the path\n",
    "(eval \"$(luarocks path)\"):\n", tostring(why), "\n")
  os.exit(1)
end

-- The Lua files of the tree are the same, and must not be taken instead of those of the rock.
package.path = package.path .. ";./?.lua"
require "busted.runner" { standalone = false }
