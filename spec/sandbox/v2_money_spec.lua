-- SPDX-License-Identifier: MIT
-- Whatever happens in whatever order, the journal, the books and the answers tell the same money.

local t = require "spec.sandbox.v2_support"

-- A small generator of its own, so that a seed means the same run for ever.
local function dice(seed)
  local state = seed
  return function(n)
    state = state * 16807 % 2147483647
    return state % n + 1
  end
end

-- Remaining parts of a payment, from its answer alone.
local function left_of(payment)
  local a = payment.amount
  local left = { total = a.total, tax_free = a.taxFree, vat = a.vat }
  for _, c in ipairs(payment.cancellations or {}) do
    if c.status == "SUCCEEDED" then
      left.total = left.total - c.totalAmount
      left.tax_free = left.tax_free - c.taxFreeAmount
      left.vat = left.vat - c.vatAmount
    end
  end
  return left
end

local function check_payment(world, id)
  local status, payment = t.call(world, "v2.payment.get_payment", { path = { paymentId = id } })
  if status == 404 then return end
  local a = payment.amount
  assert.equals(a.total, a.taxFree + a.vat + a.supply)
  local left = left_of(payment)
  assert.equals(a.total - left.total, a.cancelled)
  assert.equals(a.taxFree - left.tax_free, a.cancelledTaxFree)
  assert.is_true(left.total >= 0 and left.tax_free >= 0 and left.vat >= 0)
  assert.is_true(left.total >= left.tax_free + left.vat)
  if a.paid == 0 then assert.equals(0, a.cancelled) end
  local status_due = a.cancelled == 0 or left.total == 0 and "CANCELLED" or "PARTIAL_CANCELLED"
  if status_due ~= true then assert.equals(status_due, payment.status) end
end

local function run(seed, steps)
  local world = t.world()
  local roll = dice(seed)
  local keys = { t.issue(world), t.issue(world, "declined"),
    t.act(world, "request_billing_key", { channel_key = "channel-key-paypal_v2" }).billingKey }
  local ids = 0
  local function some_id() return "p" .. roll(ids + 1) end

  local function amount()
    local total = roll(20000)
    local tax_free = roll(3) == 1 and roll(total + 1) - 1 or nil
    local vat = roll(4) == 1 and roll(total - (tax_free or 0) + 1) - 1 or nil
    return { total = total, taxFree = tax_free, vat = vat }
  end
  local function order()
    return t.order(keys[roll(3)], nil, { amount = amount(), currency = roll(5) == 1 and "USD"
      or "KRW", skipWebhook = roll(2) == 1 or nil })
  end

  local moves = {
    function() -- pay, under a new or a used paymentId
      local id = some_id()
      ids = math.max(ids, tonumber(id:sub(2)))
      t.call(world, "v2.payment.pay_with_billing_key", { path = { paymentId = id },
        body = order() })
    end,
    function() -- cancel all or part
      local total = roll(2) == 1 and roll(20000) or nil
      t.call(world, "v2.payment.cancel_payment", { path = { paymentId = some_id() }, body = {
        reason = "r", amount = total, taxFreeAmount = roll(3) == 1 and roll(2000) - 1 or nil,
        vatAmount = roll(4) == 1 and roll(500) - 1 or nil } })
    end,
    function() -- schedule
      local id = some_id()
      ids = math.max(ids, tonumber(id:sub(2)))
      local body = order()
      body.skipWebhook = nil
      t.call(world, "v2.payment.payment_schedule.create_payment_schedule",
        { path = { paymentId = id }, body = { payment = body,
          timeToPay = world:iso(world:now() + roll(5000)) } })
    end,
    function() -- revoke one or all of a key
      local schedule = world.v2.schedules.list[roll(20)]
      t.call(world, "v2.payment.payment_schedule.revoke_payment_schedules", { body = schedule
        and { scheduleIds = { schedule.id } } or { billingKey = keys[roll(3)] } })
    end,
    function() -- a virtual account, and perhaps its deposit
      local id = some_id()
      ids = math.max(ids, tonumber(id:sub(2)))
      t.call(world, "v2.payment.pay_instantly", { path = { paymentId = id }, body = {
        channelKey = "channel-key-ksnet", orderName = "o", amount = amount(), currency = "KRW",
        method = { virtualAccount = { bank = "SHINHAN", expiry = { validHours = 1 },
          option = { type = "NORMAL" } } } } })
      if roll(2) == 1 then t.act(world, "deposit", { payment_id = id }) end
    end,
    function() t.act(world, "settle_cancellation", { payment_id = some_id(),
      ok = roll(3) > 1 }) end,
    function() t.advance(world, roll(2000)) end,
  }

  for _ = 1, steps do moves[roll(#moves)]() end
  t.advance(world, 10000)
  for i = 1, ids do check_payment(world, "p" .. i) end
  return world
end

describe("V2 money", function()
  for seed = 1, 12 do
    it("is conserved in random run " .. seed, function()
      local world = run(seed * 7919, 250)
      local moved, held = t.moved(world), t.held(world)
      for currency, sum in pairs(held) do assert.equals(sum, moved[currency] or 0, currency) end
      for currency, sum in pairs(moved) do assert.equals(sum, held[currency] or 0, currency) end
      assert.is_true(next(moved) ~= nil)
      for _, entry in ipairs(world.journal) do
        assert.is_nil(entry.kind == "timer" and entry.error or nil)
      end
    end)
  end

  it("of events adds up to that of the journal", function()
    local world = run(4242, 400)
    local sums, cursor, n = {}, nil, 0
    repeat
      local items = t.ok(world, "v2.payment.get_all_payment_events_by_cursor",
        { body = { size = 50, cursor = cursor } }).items
      for _, item in ipairs(items) do
        local e = item.paymentEvent
        sums[e.currency] = (sums[e.currency] or 0) + e.eventAmount
        cursor, n = item.cursor, n + 1
      end
    until #items < 50
    assert.is_true(n > 20)
    assert.same(t.moved(world), sums)
  end)

  it("is charged once for a paymentId, whatever is tried", function()
    local world = run(31337, 400)
    local paid = {}
    for _, e in ipairs(world.journal) do
      if e.kind == "charge" and e.outcome == "paid" then
        assert.is_nil(paid[e.order], e.order)
        paid[e.order] = true
      end
    end
  end)
end)
