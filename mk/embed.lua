--[[ Writes Lua files as a C source: a table of names and texts for src/static/lstatic.c.

Usage: lua mk/embed.lua OUT.c lua/portone/init.lua ... ]]

local out = assert(io.open(arg[1], "wb"))

local escapes = { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n", ["?"] = "\\?" }

-- A line of a C string. Three octal digits: what follows cannot become part of them.
local function quoted(line)
  return '"' .. line:gsub('[%c\\"?\128-\255]', function(c)
    return escapes[c] or ("\\%03o"):format(c:byte())
  end) .. '"'
end

local names = {}
out:write('#include "embedded.h"\n')
for i = 2, #arg do
  local path = arg[i]
  local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  names[#names + 1] = ('  { "%s", "@%s", text_%d, %d },\n'):format(name,
    path:gsub("^lua/", ""), i, #text)
  out:write(("static const char text_%d[] =\n"):format(i))
  for line in text:gmatch("[^\n]*\n?") do
    if line ~= "" then out:write(quoted(line), "\n") end
  end
  out:write(";\n")
end
out:write("const struct po_embedded po_embedded[] = {\n", table.concat(names),
  "  { 0, 0, 0, 0 }\n};\n")
assert(out:close())
