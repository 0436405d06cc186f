-- SPDX-License-Identifier: MIT
-- The engine's calls share their connections: whichever of them gets a kept one looks at it
-- first, whoever opened it.

local core = require "portone.core"
local peer = require "spec.support.peer"

local unpack = table.unpack or unpack
local OK = peer.answer(200, "{}")

describe("a connection that the engine keeps", function()
  local server, client, inbox

  before_each(function()
    server = peer.start()
    client = core.client { connect_timeout = 20 }
    inbox = core.inbox()
  end)

  after_each(function()
    inbox:close()
    client:close()
    server:stop()
  end)

  local function submit(path)
    inbox:submit(client, "POST", server.url .. path, {}, "{}", 30)
  end

  local function take()
    assert(inbox:wait(60))
    return select(2, inbox:take())
  end

  local function arrived(n)
    for _ = 1, 2000 do
      if #server:requests() >= n then return end
      core.sleep(0.01)
    end
    error("no request came")
  end

  -- Two calls at once open two connections. The first one ends first, so the handle that did
  -- not open its connection is the one that the next call takes. Then comes what the server
  -- does to what is kept.
  local function two_at_once(first, second)
    server:script { { { "read" }, { "cue", 1 }, { "send", OK }, { "cue", 3 }, unpack(first) },
      { { "read" }, { "cue", 2 }, { "send", OK }, { "cue", 3 }, unpack(second) },
      rest = { { "serve", peer.answer(200, "mine") } } }
    submit("/1")
    arrived(1)
    submit("/2")
    arrived(2)
    for _ = 1, 2 do
      server:cue()
      assert.equal(200, (take()))
    end
    server:cue()
  end

  it("is not used again after an answer that nobody asked for came in on it", function()
    two_at_once({ { "send", peer.answer(200, "stale") }, { "hold" } }, { { "close" } })
    for i = 1, 3 do submit("/next-" .. i) end
    for _ = 1, 3 do
      local status, body = take()
      assert.equal(200, status)
      assert.equal("mine", body)
    end
  end)

  it("is replaced before anything is sent when the server has reset it", function()
    two_at_once({ { "reset" } }, { { "reset" } })
    for i = 1, 3 do submit("/next-" .. i) end
    for _ = 1, 3 do
      local status, body = take()
      assert.equal(200, status)
      assert.equal("mine", body)
    end
    assert.equal(5, #server:requests())
  end)
end)
