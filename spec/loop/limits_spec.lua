-- SPDX-License-Identifier: MIT
-- What goes beyond what was thought of: each has a clear result, and leaves nothing behind.

local ample = require "spec.support.ample"
local core = require "portone.core"
local peer = require "spec.support.peer"
local portone = require "portone"
local tasks = require "portone.loop.tasks"

describe("beyond the limits", function()
  local server, client

  setup(function() server = peer.start() end)
  teardown(function() server:stop() end)

  local function new(options)
    local o = { api_secret = "a-secret-of-the-spec", base_url = server.url }
    for name, value in pairs(options or {}) do o[name] = value end
    client = portone.new(o)
    return client
  end

  after_each(function()
    assert.equal(0, portone.poll(0), "a task was left over")
    for _ = 1, 1000 do
      if core.engine().active + core.engine().waiting == 0 then break end
      core.sleep(0.02)
    end
    assert.equal(0, core.engine().active + core.engine().waiting)
    client.close()
  end)

  local function get(opts)
    return client.v2.payment.get_payment({ paymentId = "order-1" }, opts)
  end

  local function until_seen(n)
    for _ = 1, 2000 do
      portone.poll(0)
      if #server:requests() >= n then return end
      core.sleep(0.01)
    end
    error("the server has not seen the requests")
  end

  it("a client that may wait in tasks only raises outside of them, and sends nothing", function()
    server:script {}
    new { loop = "tasks" }
    assert.error_matches(get, "portone: not in a task: do this in a function given to .*spawn")
    assert.same({}, server:requests())
  end)

  it("no time at all is refused before anything is sent", function()
    server:script {}
    for _, name in ipairs { "deadline", "timeout" } do
      for _, seconds in ipairs { 0, -1, 0 / 0, math.huge } do
        assert.error_matches(function() new { [name] = seconds } end, name)
        new()
        assert.error_matches(function() get { [name] = seconds } end, name)
      end
    end
    assert.same({}, server:requests())
  end)

  it("next to no time is a time-out, with nothing sent or an answer to look for", function()
    server:script { rest = { { "read" }, { "hold" } } }
    new()
    local errs = {}
    for i = 1, 20 do
      portone.spawn(function() errs[i] = select(2, get { deadline = i / 1000 }) end)
    end
    local from = core.monotonic()
    portone.run()
    assert.is_true(core.monotonic() - from < 40)
    for i = 1, 20 do assert.equal("timeout", errs[i].kind) end
  end)

  it("a server that never answers keeps nobody longer than the deadline", function()
    assert.equal("unknown_outcome", ample("unknown_outcome", function(seconds)
      server:script { rest = { { "read" }, { "hold" } } }
      new { timeout = seconds, deadline = 3 * seconds, settle = 0 }
      local read_error, write_error
      portone.spawn(function() read_error = select(2, get()) end)
      portone.spawn(function()
        write_error = select(2, client.request_pay_again { paymentId = "order-1",
          billingKey = "key-1", orderName = "pass", amount = { total = 1000 }, currency = "KRW" })
      end)
      local from = core.monotonic()
      portone.run()
      assert.is_true(core.monotonic() - from < 3 * seconds + 10)
      assert.equal("timeout", read_error.kind)
      return write_error.kind
    end))
    for _ = 1, 1000 do
      if core.engine().active == 0 then break end
      core.sleep(0.01)
    end
    for _, record in ipairs(server:log()) do assert.matches("client", record.ended) end
  end)

  it("a client closed with calls in flight: they come to their end, new ones raise", function()
    server:script { rest = { { "read" }, { "cue", 1 }, { "send", peer.answer(200, "{}") } } }
    new()
    local ended = 0
    for _ = 1, 20 do
      portone.spawn(function()
        assert.is_table(get())
        ended = ended + 1
      end)
    end
    until_seen(20)
    client.close()
    assert.error_matches(get, "closed")
    server:cue()
    portone.run()
    assert.equal(20, ended)
  end)

  it("a client closed with failing calls in flight: nothing is tried again", function()
    server:script { rest = { { "read" }, { "cue", 1 }, { "send", peer.answer(503, "busy") } } }
    new()
    local errs = {}
    for i = 1, 5 do portone.spawn(function() errs[i] = select(2, get()) end) end
    until_seen(5)
    client.close()
    server:cue()
    portone.run()
    assert.equal(5, #server:requests())
    for i = 1, 5 do assert.is_string(errs[i].kind) end
  end)

  -- A charge whose answer is lost; whoever asks is told that there is no such payment, yet.
  local lost = { { { "read" }, { "reset" } }, rest = { { "serve", peer.answer(404,
    '{"type":"PAYMENT_NOT_FOUND"}') } } }

  it("a task cancelled while its call waits to ask again: unknown, and says what to ask", function()
    server:script(lost)
    new { max_retries = 0 }
    local err
    local task = portone.spawn(function()
      err = select(2, client.request_pay_again { paymentId = "order-1", billingKey = "key-1",
        orderName = "pass", amount = { total = 1000 }, currency = "KRW" })
    end)
    until_seen(2)
    for _ = 1, 20 do portone.poll(0.01) end
    task:cancel()
    portone.run()
    assert.equal("cancelled", task.status)
    assert.equal("unknown_outcome", err.kind)
    assert.is_string(portone.encode_pending(err))
  end)

  it("a task cancelled while its call waits to try again: that failed", function()
    server:script { rest = { { "serve", peer.answer(503, "busy") } } }
    new { max_retries = 1000 }
    local err
    local task = portone.spawn(function() err = select(2, get()) end)
    until_seen(3)
    task:cancel()
    portone.run()
    assert.is_true(err.kind == "server" or err.kind == "cancelled")
    assert.equal("not_done", err.outcome or "not_done")
  end)

  it("poll, run and dispatch inside a task say so, and the task goes on", function()
    new()
    local task = portone.spawn(function()
      for _, name in ipairs { "poll", "run", "dispatch" } do
        local ok, why = pcall(portone[name])
        assert(not ok and why:find("not from inside a task", 1, true), why)
      end
      return "on"
    end)
    assert.equal("on", task.result)
  end)

  it("100,000 tasks with a call each are held apart #slow", function()
    server:script { rest = { { "read" }, { "hold" } } }
    new()
    core.engine { max_host = 20 }
    local other, n, cancelled = core.client {}, 100000, 0
    local all = {}
    for i = 1, n do
      all[i] = portone.spawn(function()
        local _, code = tasks.host.perform(other, "GET", server.url .. "/", {}, nil, 60)
        cancelled = cancelled + (code == "cancelled" and 1 or 0)
      end)
    end
    assert.equal(n, portone.poll(0))
    for i = 1, n do all[i]:cancel() end
    portone.run()
    core.engine { max_host = 1024 }
    assert.equal(n, cancelled)
    assert.is_true(#server:requests() < n)
  end)
end)
