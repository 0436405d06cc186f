-- SPDX-License-Identifier: MIT
-- A loop of the user's own: fileno, timeout and dispatch are all it needs, whatever the tasks
-- wait for; and what a task may call in it.

local core = require "portone.core"
local portone = require "portone"
local socket = require "socket"

local is51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

describe("a loop of the user's own", function()
  local sandbox, client

  setup(function()
    sandbox = portone.sandbox.start {}
    client = sandbox:client()
  end)

  teardown(function()
    client.close()
    sandbox:stop()
  end)

  after_each(function()
    sandbox:clear_faults()
    assert.equal(0, portone.poll(0), "a task was left over")
  end)

  -- The loop, as one would write it; how often it went round.
  local function run()
    local fd = portone.fileno()
    local readable, turns = { { getfd = function() return fd end } }, 0
    while portone.dispatch() > 0 do
      turns = turns + 1
      socket.select(readable, nil, portone.timeout())  -- without a time: for ever
      if turns > 1000 then error("the loop spins") end
    end
    return turns
  end

  it("goes on when answers come, and turns no more often than that", function()
    sandbox:fault { op = "v1.payments.prepare", fault = "latency", seconds = 0.1 }
    local done = 0
    for i = 1, 5 do
      portone.spawn(function()
        assert(client.v1.payments.prepare { merchant_uid = "answer-" .. i, amount = 1000 })
        done = done + 1
      end)
    end
    assert.is_true(run() <= 12)
    assert.equal(5, done)
  end)

  it("is told when a call wants to try again", function()
    sandbox:fault { op = "v1.payments.get", fault = "error", nth = { 1, 2 } }
    local err, info
    portone.spawn(function()
      err, info = select(2, client.v1.payments.get { imp_uid = "imp_000000000000" })
    end)
    assert.is_true(run() < 50)
    assert.equal("not_found", err.kind)
    assert.equal(3, info.attempts)
  end)

  it("waits for ever where nothing is due, not at all where something is", function()
    assert.is_nil(portone.timeout())
    portone.spawn(coroutine.yield)
    assert.equal(0, portone.timeout())
    portone.run()
    local long = portone.spawn(portone.sleep, 100)
    portone.spawn(portone.sleep, 200):cancel()
    local seconds = portone.timeout()
    assert.is_true(seconds <= 100)
    portone.poll(0)
    seconds = portone.timeout()
    assert.is_true(seconds > 0 and seconds <= 100, tostring(seconds))
    portone.spawn(portone.sleep, 0.2)
    long:cancel()
    local from = core.monotonic()
    run()
    assert.is_true(core.monotonic() - from < 20)
    assert.is_nil(portone.timeout())
  end)

  it("has tasks that turn pages", function()
    local key = assert(client.issue_billing_key { channelKey = sandbox.channel_key,
      method = { card = { credential = sandbox.cards.success.credential } } })
      .billingKeyInfo.billingKey
    for i = 1, 3 do
      assert(client.request_pay_again { paymentId = "page-" .. i, billingKey = key,
        orderName = "pass", amount = { total = 1000 }, currency = "KRW" })
    end
    local function list()
      local n = 0
      for _ in client.each("v2.payment.get_payments", { page = { size = 1 } }) do n = n + 1 end
      return n
    end
    assert.equal(3, list())
    local on_error = require("portone.loop.tasks").on_error
    require("portone.loop.tasks").on_error = nil
    local task = portone.spawn(list)
    portone.run()
    require("portone.loop.tasks").on_error = on_error
    if is51 then
      assert.matches("a call cannot wait here.*iterator, as that of portone.each", task.error)
    else
      assert.equal(3, task.result)
    end
    task = portone.spawn(function() return #client.collect("v2.payment.get_payments", {}) end)
    portone.run()
    assert.equal(3, task.result)
  end)
end)
