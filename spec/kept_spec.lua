-- SPDX-License-Identifier: MIT
-- The engine's calls share their connections: whichever of them gets a kept one looks at it
-- first, whoever opened it.

local core = require "portone.core"
local peer = require "spec.support.peer"

local OK = peer.answer(200, "{}")

describe("a connection that the engine keeps", function()
  local server, client, inbox

  before_each(function()
    server = peer.start()
    client = core.client { connect_timeout = 2 }
    inbox = core.inbox()
  end)

  after_each(function()
    inbox:close()
    client:close()
    server:stop()
  end)

  local function submit(path)
    inbox:submit(client, "POST", server.url .. path, {}, "{}", 5)
  end

  local function take()
    assert(inbox:wait(6))
    return select(2, inbox:take())
  end

  -- Two calls at once open two connections. The first one ends first, so the handle that did
  -- not open its connection is the one that the next call takes.
  local function two_at_once(first, second)
    server:script { first, second, rest = { { "serve", peer.answer(200, "mine") } } }
    submit("/1")
    core.sleep(0.01)
    submit("/2")
    assert.equal(200, (take()))
    assert.equal(200, (take()))
    core.sleep(0.1)
  end

  it("is not used again after an answer that nobody asked for came in on it", function()
    two_at_once(
      { { "read" }, { "wait", 0.02 }, { "send", OK }, { "wait", 0.06 },
        { "send", peer.answer(200, "stale") }, { "hold" } },
      { { "read" }, { "wait", 0.05 }, { "send", OK }, { "close" } })
    for i = 1, 3 do submit("/next-" .. i) end
    for _ = 1, 3 do
      local status, body = take()
      assert.equal(200, status)
      assert.equal("mine", body)
    end
  end)

  it("is replaced before anything is sent when the server has reset it", function()
    two_at_once(
      { { "read" }, { "wait", 0.02 }, { "send", OK }, { "wait", 0.06 }, { "reset" } },
      { { "read" }, { "wait", 0.05 }, { "send", OK }, { "wait", 0.03 }, { "reset" } })
    for i = 1, 3 do submit("/next-" .. i) end
    for _ = 1, 3 do
      local status, body = take()
      assert.equal(200, status)
      assert.equal("mine", body)
    end
    assert.equal(5, #server:requests())
  end)
end)
