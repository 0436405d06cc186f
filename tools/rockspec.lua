--[[ Keeps the rockspec's list of modules: every Lua file under lua/, and the C modules with the
sources that the Makefile builds them from.

Usage: lua tools/rockspec.lua [--check]     --check changes nothing and fails on a difference ]]

local FILE = "portone-scm-1.rockspec"
local FIRST, LAST = "    -- modules: kept by `make rockspec`", "    -- end of modules"

-- What a C module is linked with, by the names of external_dependencies.
local LIBRARIES = {
  ["portone.core"] = { "CURL", "CRYPTO" },
  ["portone.sandbox.httpd"] = { "MICROHTTPD", "CURL", "CRYPTO" },
}

local function lines_of(command)
  local pipe = assert(io.popen(command))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  return lines
end

local function lua_modules(out)
  for _, path in ipairs(lines_of("find lua -name '*.lua' | LC_ALL=C sort")) do
    local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
    out[#out + 1] = ("    [%q] = %q,"):format(name, path)
  end
end

local function quoted(names, pattern)
  local out = {}
  for i, name in ipairs(names) do out[i] = ("%q"):format(pattern:format(name)) end
  return table.concat(out, ", ")
end

local function c_module(out, name, sources)
  local libraries, plain = LIBRARIES[name], {}
  for i, library in ipairs(libraries) do plain[i] = library:lower() end
  local function add(...) out[#out + 1] = (...):format(select(2, ...)) end
  add("    [%q] = {", name)
  add("      sources = {")
  for _, source in ipairs(sources) do add("        %q,", source) end
  add("      },")
  add("      incdirs = { \"src\", %s },", quoted(libraries, "$(%s_INCDIR)"))
  add("      libdirs = { %s },", quoted(libraries, "$(%s_LIBDIR)"))
  add("      libraries = { %s, \"pthread\" },", quoted(plain, "%s"))
  add("      defines = { \"_GNU_SOURCE\" },")
  add("    },")
end

local function modules()
  local out = {}
  lua_modules(out)
  for _, line in ipairs(lines_of("make -s sources")) do
    local name, rest = line:match("^(%S+) (.*)$")
    local sources = {}
    for source in rest:gmatch("%S+") do sources[#sources + 1] = source end
    c_module(out, name, sources)
  end
  return table.concat(out, "\n") .. "\n"
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local old = read(FILE)
local _, top = old:find(FIRST .. "\n", 1, true)
local bottom = old:find(LAST .. "\n", 1, true)
assert(top and bottom, FILE .. ": the lines around the list are gone")
local new = old:sub(1, top) .. modules() .. old:sub(bottom)

if new ~= old and arg[1] == "--check" then
  io.stderr:write(FILE, ": the list of modules is not that of the tree; `make rockspec` mends it\n")
  os.exit(1)
elseif new ~= old then
  local file = assert(io.open(FILE, "wb"))
  file:write(new)
  assert(file:close())
end
