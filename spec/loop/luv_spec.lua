-- SPDX-License-Identifier: MIT
-- In luv's loop.

local waiting = require "spec.support.waiting"

local found, uv = pcall(require, "luv")

describe("with luv", function()
  if not found then
    it("a call waits", function() pending("lua-luv is not installed") end)
    return
  end

  local function run(fn)
    local timer = uv.new_timer()
    local done = false
    timer:start(0, 0, function()
      coroutine.wrap(function()
        fn()
        done = true
      end)()
      timer:close()
    end)
    uv.run()  -- ends: nothing of ours keeps it
    assert.is_true(done)
  end

  waiting.specify { busted = { it = it, setup = setup, teardown = teardown,
      before_each = before_each, after_each = after_each },
    name = "luv", choice = "luv", run = run, outside = "waits in a coroutine" }

  it("timers go on meanwhile", function()
    local core, loop = require "portone.core", require "portone.loop"
    local peer = require "spec.support.peer"
    local server, client = peer.start(), core.client {}
    server:script { { { "read" }, { "cue", 1 }, { "send", peer.answer(200, "{}") } } }
    local ticks, status = 0, nil
    local tick = uv.new_timer()
    tick:start(10, 10, function()
      ticks = ticks + 1
      if ticks == 5 then server:cue() end
    end)
    coroutine.wrap(function()
      status = loop.current("luv").perform(client, "GET", server.url, {}, nil, 15)
      tick:close()
    end)()
    uv.run()
    server:stop()
    assert.equal(200, status)
  end)
end)
