-- SPDX-License-Identifier: MIT
-- In a cqueues controller.

local waiting = require "spec.support.waiting"

local found, cqueues = pcall(require, "cqueues")

describe("in cqueues", function()
  if not found then
    it("a call waits", function() pending("lua-cqueues is not installed") end)
    return
  end

  local function run(fn)
    local controller = cqueues.new()
    controller:wrap(fn)
    assert(controller:loop(20))  -- ends: nothing of ours keeps it
  end

  waiting.specify { busted = { it = it, setup = setup, teardown = teardown,
      before_each = before_each, after_each = after_each },
    name = "cqueues", run = run, outside = "not in a cqueues controller" }

  it("others of the controller go on meanwhile", function()
    local core, loop = require "portone.core", require "portone.loop"
    local peer = require "spec.support.peer"
    local server, client = peer.start(), core.client {}
    server:script { { { "read" }, { "cue", 1 }, { "send", peer.answer(200, "{}") } } }
    local ticks, status = 0, nil
    local controller = cqueues.new()
    controller:wrap(function()
      status = loop.current().perform(client, "GET", server.url, {}, nil, 15)
    end)
    controller:wrap(function()
      while not status do
        ticks = ticks + 1
        if ticks == 5 then server:cue() end
        cqueues.sleep(0.01)
      end
    end)
    assert(controller:loop(20))
    server:stop()
    assert.equal(200, status)
  end)

  it("a call in a coroutine of the user's own is refused", function()
    local loop, ok, why = require "portone.loop", nil, nil
    run(function()
      ok, why = coroutine.wrap(function()
        return pcall(loop.current().perform, {}, "GET", "http://127.0.0.1:1", {}, nil, 1)
      end)()
    end)
    assert.is_false(ok)
    assert.matches("coroutine of your own", why)
  end)

  it("several controllers, one after the other and one inside the other", function()
    local loop = require "portone.loop"
    local core = require "portone.core"
    local client, codes = core.client {}, {}
    local function call()
      local _, code = loop.current().perform(client, "GET", "http://127.0.0.1:1/", {}, nil, 2)
      codes[#codes + 1] = code
    end
    run(call)
    run(function()
      call()
      local inner = cqueues.new()
      inner:wrap(call)
      inner:wrap(call)
      assert(inner:loop())
    end)
    assert.same({ "network", "network", "network", "network" }, codes)
  end)
end)
