-- SPDX-License-Identifier: MIT
-- What a call leaves behind in the core's memory: no block that the core gives back to malloc,
-- and none that it keeps after a call, has the card in it. Proved with every block of the core's
-- watched, in a process of its own (spec/wipe/); and the watch is proved by a run in which
-- nothing is overwritten. Strings of Lua, and what libcurl, OpenSSL and lua-cjson hold, are not
-- the core's: SECURITY.md says what that means.

local lua = rawget(_G, "jit") and "luajit" or _VERSION:lower():gsub(" ", "")

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

describe("the core's memory #slow", function()
  local dir

  setup(function()
    dir = output("mktemp -d"):gsub("%s+$", "")
    local said = output(("cc -shared -fPIC -O1 -D_GNU_SOURCE -pthread -o %s/heap.so "
      .. "spec/wipe/heap.c $(pkg-config --cflags %s) -ldl 2>&1"):format(dir, lua))
    assert.equal("", said)
  end)

  teardown(function() os.execute("rm -rf " .. dir) end)

  -- name -> { left, used, seen }
  local function run(environment)
    local text = output(("env %s LUA_CPATH='%s/?.so;'\"$LUA_CPATH\" "
      .. "LUA_PATH='./?.lua;'\"$LUA_PATH\" LD_PRELOAD=%s/heap.so %s spec/wipe/run.lua 2>&1")
      :format(environment, dir, dir, lua))
    local found, n = {}, 0
    for name, left, used, seen in text:gmatch("([^\n]+): (%d+) left, (%d+) used, (%d+) seen") do
      found[name] = { left = tonumber(left), used = tonumber(used), seen = tonumber(seen) }
      n = n + 1
    end
    assert.equal(14, n, text)
    assert.is_true(tonumber(text:match("(%d+) blocks")) > 50, text)
    return found
  end

  it("has no card in it after a call, however that ended", function()
    local found = run ""
    for name, counts in pairs(found) do
      assert.same({ left = 0, used = 0 }, { left = counts.left, used = counts.used }, name)
    end
    for _, name in ipairs { "a call in the engine", "a call that is cancelled",
                            "an inbox closed on what is in flight" } do
      assert.is_true(found[name].seen > 0, name)  -- it was there while it was needed
    end
  end)

  it("would be found to have, were nothing overwritten", function()
    for name, counts in pairs(run "KEEP=1") do
      if not name:find("refused", 1, true) then
        assert.is_true(counts.left + counts.used > 0, name)
      end
    end
  end)
end)
