-- SPDX-License-Identifier: MIT
-- A program that links Lua and portone statically (spec/host/host.c): many states on many
-- threads, fork, and DNS that hangs, which no Lua program could try by itself.

local peer = require "spec.support.peer"

local world = rawget(_G, "jit") and "luajit" or _VERSION:match("[%d.]+$")
local quiet = "unset LD_PRELOAD; "

local function succeeds(command)
  local status = os.execute(quiet .. command)
  return status == true or status == 0
end

describe("a program with portone inside", function()
  local answering, slow, built

  setup(function()
    built = succeeds("command -v cc make >/dev/null") and
      succeeds(("MAKEFLAGS= make -s host LUA=%s >/dev/null"):format(world))
    answering, slow = peer.start(), peer.start()
    slow:script { rest = { { "read" }, { "wait", 1 }, { "send", peer.answer(200, "{}") } } }
  end)

  teardown(function()
    answering:stop()
    slow:stop()
  end)

  local function run(file, threads, rounds, ...)
    assert.is_true(built, "the program was not built")
    -- no Lua file is to be found but the one it is given
    local command = ("LUA_PATH=- LUA_CPATH=- timeout 60 build/%s/host spec/host/%s.lua %d %d %s")
      :format(world, file, threads, rounds, table.concat({ ... }, " "))
    local pipe = io.popen(quiet .. command .. " 2>&1; echo status $?")
    local out = pipe:read("*a")
    pipe:close()
    assert.matches("status 0%s*$", out, nil, out)
    return out
  end

  it("runs 16 states on 16 threads, each calling, closing and opening again", function()
    run("states", 16, 5, answering.url)
  end)

  it("forks with calls in flight", function()
    assert.matches("^ok", run("fork", 0, 1, slow.url, answering.url))
  end)

  it("waits for no name server", function()
    assert.matches("^ok", run("dns", 0, 1, answering.url))
  end)
end)
