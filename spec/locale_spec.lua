-- SPDX-License-Identifier: MIT
-- A program may write its numbers with a comma: JSON does not, whenever the locale was set.

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo $?", "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text:match("^(.-)%s*(%d+)%s*$")
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

-- A locale of our own: systems need not have one with a comma.
local function new_locale(dir)
  local names = {}
  for i = 0, 127 do names[#names + 1] = ("<U%04X> /x%02x"):format(i, i) end
  write(dir .. "/charmap", "<code_set_name> ASCII\n<comment_char> %\n<escape_char> /\nCHARMAP\n"
    .. table.concat(names, "\n") .. "\nEND CHARMAP\n")
  write(dir .. "/source", "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \"\"\ngrouping -1\n"
    .. "END LC_NUMERIC\n")
  run(("cd %s && env -u LD_PRELOAD localedef -c -i ./source -f ./charmap ./comma"):format(dir))
end

local script = [[
local when, later = ...
local function comma() assert(os.setlocale("comma", "numeric"), "no locale") end
if when == "before" then comma() end
local json = require "portone.json"
if later then assert(json.encode { 0.5 } == "[0.5]") end
if when == "after" then comma() end
assert(tonumber(string.format("%.1f", 1.5):sub(-1)) == 5)
assert(json.encode { 10.5, 2.25 } == "[10.5,2.25]", json.encode { 10.5, 2.25 })
local read = assert(json.decode '{"a":[10.5,-0.25,1.5e3],"b":"\\u20a9"}')
assert(read.a[1] * 2 == 21 and read.a[2] * 4 == -1 and read.a[3] == 1500)
local observe, said = require "portone.observe", {}
local metrics = observe.metrics {}
local options = observe.add({ api_secret = "s", base_url = "http://127.0.0.1:1" }, metrics,
  observe.log { write = function(line) said[#said + 1] = line end })
require("portone").new(options).v2.payment.get_payment {}
assert(said[1]:find("elapsed=0.000", 1, true), said[1])
assert(metrics:text():find('le="0.05"', 1, true) and not metrics:text():find("%d,%d"))
os.setlocale("C", "numeric")
assert(json.encode { 10.5 } == "[10.5]" and json.decode("[10.5]")[1] * 2 == 21)
print "fine"
]]

describe("numbers with a fraction", function()
  local dir
  local lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d%.%d")

  setup(function()
    dir = run "mktemp -d"
    new_locale(dir)
    write(dir .. "/script.lua", script)
  end)
  teardown(function() run("rm -rf " .. dir) end)

  for _, words in ipairs { "before", "after", "after later" } do
    it("are read and written with a point, the locale set " .. words, function()
      if (select(2, run("test -f " .. dir .. "/comma/LC_NUMERIC"))) ~= "0" then
        return pending("localedef makes no locale here")
      end
      -- libc keeps what it makes of LOCPATH for good
      local said, status = run(('ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" LOCPATH=%s '
        .. '%s %s/script.lua %s'):format(dir, lua, dir, words))
      assert.equal("fine", said)
      assert.equal("0", status)
    end)
  end
end)
