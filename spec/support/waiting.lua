-- SPDX-License-Identifier: MIT
-- What every host that waits has to do, for the specs of the hosts.
--
--   waiting.specify { busted = { it = it, … }, name = "…", run = function(fn) … end }
--
-- 'run' runs fn where calls can wait, to its end.

local ample = require "spec.support.ample"
local assert = require "luassert"
local core = require "portone.core"
local loop = require "portone.loop"
local peer = require "spec.support.peer"

local M = {}

local unpack = table.unpack or unpack
local is51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

-- Specs may not run in the coroutines of the loops: results are carried out and judged outside.
function M.specify(o)
  local it, setup, teardown = o.busted.it, o.busted.setup, o.busted.teardown
  local before_each, after_each = o.busted.before_each, o.busted.after_each
  local server, client

  setup(function() server = peer.start() end)
  teardown(function() server:stop() end)
  before_each(function() client = core.client { connect_timeout = 20 } end)
  after_each(function() client:close() end)

  local function host() return loop.current(o.choice) end

  local function call(path, timeout)
    return host().perform(client, "POST", server.url .. path, {}, "{}", timeout or 30)
  end

  local function run(fn)
    local results = {}
    o.run(function() results = { fn() } end)
    return unpack(results, 1, 9)
  end

  it("is the one that is meant", function()
    assert.equal(o.name, run(function() return host().name end))
  end)

  it("makes a call", function()
    server:script { { { "serve", peer.answer(201, "made", "X-A: b\r\n") } } }
    local status, body, head, elapsed, none = run(function() return call("/x") end)
    assert.equal(201, status)
    assert.equal("made", body)
    assert.matches("X%-A: b", head)
    assert.is_number(elapsed)
    assert.is_nil(none)
  end)

  it("fails as any call does", function()
    assert.equal("all", ample("all", function(seconds)
      server:script { { { "read" }, { "hold" } } }
      local status, code, _, sent = run(function() return call("/x", seconds) end)
      assert.same({ nil, "timeout" }, { status, code })
      return sent
    end))
    local status, code = run(function()
      return host().perform(client, "GET", "http://example.com/", {}, nil, 1)
    end)
    assert.same({ nil, "invalid_request" }, { status, code })
  end)

  it("has many on the way at once", function()
    -- none is answered before all are there
    server:script { rest = { { "read" }, { "cue", 1 }, { "send", peer.answer(200, "{}") } } }
    local ok, seen = run(function()
      local n, requests = 0, 0
      host().map({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, "last" }, function(item)
        if item ~= "last" then
          if call("/") == 200 then n = n + 1 end
          return
        end
        for _ = 1, 1000 do
          requests = #server:requests()
          if requests == 10 then break end
          host().sleep(0.01)
        end
        server:cue()
      end, { concurrency = 11 })
      return n, requests
    end)
    assert.same({ 10, 10 }, { ok, seen })
  end)

  it("maps in order, with a limit, and ends with the first error", function()
    server:script {}
    local got, most, results, err, index = run(function()
      local running, peak = 0, 0
      local all = host().map({ "a", "b", "c", "d" }, function(item, i)
        running = running + 1
        peak = math.max(peak, running)
        host().sleep((5 - i) / 200)
        call("/" .. item)
        running = running - 1
        return item .. i
      end, { concurrency = 2 })
      return table.concat(all, " "), peak, host().map({ 1, 2, 3 }, function(n)
        if n == 2 then return nil, "two" end
        host().sleep(0.02)
        return n
      end)
    end)
    assert.equal("a1 b2 c3 d4", got)
    assert.equal(2, most)
    assert.same({ nil, "two", 2 }, { results, err, index })
  end)

  it("cancels what is in flight when a map ends early", function()
    server:script { rest = { { "read" }, { "hold" } } }
    local from = core.monotonic()
    local _, err = run(function()
      return host().map({ 1, 2, 3 }, function(n)
        if n == 3 then host().sleep(0.1) return nil, "three" end
        return call("/" .. n, 60)
      end)
    end)
    assert.equal("three", err)
    assert.is_true(core.monotonic() - from < 30)
    for _, record in ipairs(server:log()) do assert.matches("client", record.ended) end
  end)

  it("sleeps", function()
    local from = core.monotonic()
    run(function() host().sleep(0.05) end)
    local took = core.monotonic() - from
    assert.is_true(took >= 0.045 and took < 10)
  end)

  it("does once what many want at once", function()
    local runs, tokens, failed = run(function()
      local n, key = 0, {}
      local all = host().map({ 1, 2, 3, 4 }, function()
        return (host().once(key, function()
          n = n + 1
          host().sleep(0.02)
          return "token" .. n
        end))
      end)
      local _, errors = host().map({ 1, 2 }, function()
        return host().once(key, function() error("none", 0) end)
      end, { mode = "collect" })
      return n, table.concat(all, " "), (errors[1] or "") .. (errors[2] or "")
    end)
    assert.equal(1, runs)
    assert.equal("token1 token1 token1 token1", tokens)
    assert.equal("nonenone", failed)
  end)

  it("says so where it cannot wait, and sends nothing", function()
    server:script {}
    local inside, why = run(function()
      local kept
      pcall(table.sort, { 2, 1 }, function()
        kept = { pcall(call, "/x") }
        error "enough"
      end)
      return kept[1], kept[2]
    end)
    assert.is_false(inside)
    assert.matches(is51 and "pcall" or "table.sort", why)
    if o.outside then
      local ok, message = pcall(function() return loop.current(o.choice or o.name)
        .perform(client, "POST", server.url .. "/x", {}, "{}", 5) end)
      assert.is_false(ok)
      assert.matches(o.outside, message)
    end
    assert.same({}, server:requests())
  end)
end

return M
