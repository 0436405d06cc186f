-- Conservation of money: whatever is done, the journal and the books agree.

local books = require "portone.sandbox.v1"
local money = require "portone.sandbox.v1.money"
local s = require "spec.sandbox.v1_support"

describe("amounts", function()
  it("are whole in won and yen, cents in dollars, thousandths in dinars", function()
    for _, row in ipairs { { 3000, "KRW", true }, { 30.5, "KRW", false }, { 30.5, "JPY", false },
      { 10.55, "USD", true }, { 0.07, "EUR", true }, { 10.555, "USD", false },
      { 10.555, "KWD", true }, { 1e9 + 0.55, "USD", true }, { -1, "KRW", false },
      { 0 / 0, "KRW", false }, { 1 / 0, "USD", false }, { "1", "KRW", false } } do
      assert.equals(row[3], money.payable(row[1], row[2]), row[1] .. " " .. row[2])
    end
  end)

  it("add and subtract without a remainder", function()
    local left = 0.3
    for _ = 1, 3 do left = money.sub(left, 0.1, "USD") end
    assert.equals(0, left)
    assert.equals("0", tostring(left))
    assert.equals("3000", tostring(money.round(3000.0, "KRW")))
    assert.equals(273, money.vat(3000, "KRW"))
  end)
end)

-- One random step; what it answers does not matter, what it moves does.
local function step(world, pick)
  local uid = ({ "u", "v", "bad", "super", "none" })[pick(5)]
  local order = "o" .. pick(30)
  local action = pick(10)
  if action <= 2 then
    s.again(world, uid, order, pick(5) * 1000)
  elseif action == 3 then
    local card = pick(2) == 1 and "success" or "declined"
    s.call(world, "v1.subscribe.onetime", { body = s.card(card, { merchant_uid = order,
      amount = pick(5) * 1000, customer_uid = pick(2) == 1 and "w" or nil }) })
  elseif action == 4 then
    s.schedule(world, uid, { { merchant_uid = order, amount = pick(5) * 1000, name = "n",
      currency = "KRW", schedule_at = world:now() + pick(100) } },
      { checking_amount = pick(3) == 1 and 100 or nil })
  elseif action <= 6 then
    s.call(world, "v1.payments.cancel", { body = { merchant_uid = order,
      amount = pick(3) == 1 and 0 or pick(30) * 100 } })
  elseif action == 7 then
    local op = ({ "unschedule", "retry", "reschedule", "schedule_update" })[pick(4)]
    s.call(world, "v1.subscribe." .. op, { path = { merchant_uid = order },
      body = { merchant_uid = order, schedule_at = world:now() + pick(50) } })
  elseif action == 8 then
    local p = books.actions.open_window(world, { merchant_uid = order, amount = pick(5) * 1000,
      name = "n", pay_method = pick(2) == 1 and "vbank" or "card" })
    if p then books.actions.close_window(world, { imp_uid = p.imp_uid }) end
  elseif action == 9 then
    local list = world.v1.payment_order
    if #list > 0 then books.actions.deposit(world, { imp_uid = list[pick(#list)].imp_uid }) end
  else
    world:advance(pick(40))
  end
end

describe("money", function()
  it("is neither made nor lost, whatever is done", function()
    for seed = 1, 8 do
      local state = seed * 7919
      local function pick(n)
        state = state * 16807 % 2147483647
        return state % n + 1
      end
      local world = s.world(nil, { channel_groups = {
        g = { "channel-key-kcp", "channel-key-nice_v2" } } })
      s.issue(world, "u")
      s.issue(world, "v", "success_check", { channel_key = "channel-key-kcp" })
      s.issue(world, "bad", "insufficient_funds")
      s.issue(world, "super", "success", { channel_group_id = "g" })
      for _ = 1, 400 do step(world, pick) end
      world:advance(1000)
      assert.equals(s.held(world), s.moved(world))
      assert.is_true(s.moved(world) > 0)
      local once = {}
      for _, payment in pairs(world.v1.payments) do
        local back = 0
        for _, entry in ipairs(payment.cancel_history) do back = back + entry.amount end
        assert.equals(payment.cancel_amount, back)
        assert.is_true(payment.cancel_amount <= payment.amount)
        assert.equals(payment.status == "cancelled",
          payment.cancel_amount == payment.amount and (payment.paid_at or 0) ~= 0)
        if (payment.paid_at or 0) ~= 0 then
          assert.is_nil(once[payment.merchant_uid], "paid twice: " .. payment.merchant_uid)
          once[payment.merchant_uid] = true
        end
      end
      for _, schedule in pairs(world.v1.schedules) do
        assert.not_equals("scheduled", schedule.schedule_status)
      end
    end
  end)
end)
