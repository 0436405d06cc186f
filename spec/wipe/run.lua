-- SPDX-License-Identifier: MIT
-- Card data through the core in every way that a call can end, with every block of the core's
-- memory watched (heap.c). For each way a line:
--   NAME: LEFT given back with the card in it, USED in use with it after the call, BEFORE it

local heap = require "heap"
local core = require "portone.core"
local peer = require "spec.support.peer"

local CARD = "4242-4242-4242-4242"
local BODY = '{"card_number":"' .. CARD .. '","amount":1000}'
local ECHO = peer.answer(200, BODY)
local LARGE = peer.answer(200, BODY .. ("x"):rep(300000) .. BODY)

assert(heap.watch(CARD))
local server = peer.start()
local client, inbox

local function perform(path, timeout, more)
  return (more or client):perform("POST", server.url .. (path or "/"), { "X-Card: " .. CARD },
    BODY, timeout or 5)
end

local function submit(path, timeout, url)
  return assert(inbox:submit(client, "POST", (url or server.url) .. (path or "/"),
    { "X-Card: " .. CARD }, BODY, timeout or 5))
end

local function until_seen()
  for _ = 1, 500 do
    if #server:requests() > 0 then return end
    core.sleep(0.01)
  end
end

local seen = 0  -- the most blocks with the card at once, while it has to be somewhere

local function look()
  seen = math.max(seen, (select(3, heap.counts())))
end

local ways = {
  { "a blocking call", { { "serve", ECHO } }, function() perform() perform() end },
  { "a large answer", { { "serve", LARGE } }, function() perform() end },
  { "an answer that is too large", { { "serve", LARGE } }, function()
    local small = core.client { max_response = 100000 }
    assert(select(2, perform(nil, nil, small)) == "protocol")
    small:close()
  end },
  { "a head with it", { { "serve", peer.answer(200, "{}", "X-Card: " .. CARD .. "\r\n") } },
    function() perform() end },
  { "a blocking call that times out in the answer", { { "read" }, { "send", ECHO:sub(1, -3) },
    { "hold" } }, function() assert(select(2, perform(nil, 0.2)) == "timeout") end },
  { "a refused connection", {}, function()
    client:perform("POST", "http://127.0.0.1:1/" .. CARD, { "X-Card: " .. CARD }, BODY, 5)
  end },
  { "a request that is refused", {}, function()
    client:perform("POST", server.url, { "X-Card: " .. CARD, "X: \n" .. CARD }, BODY, 5)
  end },
  { "a call in the engine", { { "serve", ECHO } }, function()
    submit()
    look()
    inbox:wait(5)
    look()
    assert(select(2, inbox:take()) == 200)
  end },
  { "a large answer in the engine", { { "serve", LARGE } }, function()
    submit()
    inbox:wait(5)
    look()
    assert(select(2, inbox:take()) == 200)
  end },
  { "a time-out in the engine", { { "read" }, { "send", ECHO:sub(1, -3) }, { "hold" } }, function()
    submit(nil, 0.2)
    look()
    inbox:wait(5)
    assert(select(3, inbox:take()) == "timeout")
  end },
  { "a call that is cancelled", { { "read" }, { "hold" } }, function()
    local id = submit()
    until_seen()
    look()
    inbox:cancel(id)
    inbox:wait(5)
    assert(select(3, inbox:take()) == "cancelled")
  end },
  { "a refused connection in the engine", {}, function()
    submit("/" .. CARD, 5, "http://127.0.0.1:1")
    inbox:wait(5)
    inbox:take()
  end },
  { "an inbox closed on what is in flight", { { "read" }, { "hold" } }, function()
    submit()
    until_seen()
    look()
    inbox:close()
  end },
  { "an inbox closed on an answer that nobody took", { { "serve", ECHO } }, function()
    submit()
    inbox:wait(5)
    look()
    inbox:close()
  end },
}

for _, way in ipairs(ways) do
  server:script { rest = #way[2] > 0 and way[2] or nil }
  client, inbox, seen = core.client { connect_timeout = 2 }, core.inbox(), 0
  local _, before = heap.counts()
  way[3]()
  local _, left, used = heap.counts()
  client:close()
  inbox:close()
  local _, closed = heap.counts()
  print(("%s: %d left, %d used, %d seen"):format(way[1], math.max(left, closed) - before, used,
    seen))
end
print(("%d blocks"):format((heap.counts())))
server:stop()
