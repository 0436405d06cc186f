--[[
The life of a subscription, V2: a trial, renewals by webhook, dunning after a decline, another
card, another plan, the end. Half a year passes in a second; what the books of the sandbox say
at the end is what the shop believes.

Usage: eval "$(make -s env LUA=5.4)" && lua5.4 examples/subscription.lua
]]

local portone = require "portone"

local sandbox = portone.sandbox.start { time = 1798761600 }  -- 2027-01-01
local inbox = sandbox:inbox()
local client = sandbox:client()

local PLANS = { basic = 9900, premium = 14900 }  -- won for a month
local TRIAL = 14 * 86400
local MONTH = 30 * 86400                         -- of this shop
local DUNNING = { 3 * 86400, 5 * 86400 }         -- after the first decline, after the second

local function today() return os.date("!%Y-%m-%d", sandbox:now()) end
local function say(text, ...) print(today() .. "  " .. text:format(...)) end

-- {====== The shop: its table of subscriptions, and what it does at PortOne ======

-- A real shop keeps these in its database. `period` counts the months; with `tries` it makes the
-- paymentId, so that doing a thing twice asks PortOne for the same payment, which it refuses.
local subscriptions = {}

local function payment_id(s) return ("%s-%d-%d"):format(s.id, s.period, s.tries) end

local function payment_of(s)
  return { billingKey = s.billing_key, orderName = s.plan .. " plan", currency = "KRW",
           amount = { total = PLANS[s.plan] }, customer = { id = s.customer } }
end

-- Puts the next charge into PortOne's calendar.
local function schedule(s, at)
  local result, err = client.schedule { paymentId = payment_id(s), timeToPay = at,
    payment = payment_of(s) }
  if not result and err.type ~= "PAYMENT_SCHEDULE_ALREADY_EXISTS" then return nil, err end
  s.next_charge = at
  return true
end

local function unschedule(s)
  return client.v2.payment.payment_schedule.revoke_payment_schedules {
    billingKey = s.billing_key }
end

local function subscribe(id, customer, billing_key, plan)
  local s = { id = id, customer = customer, billing_key = billing_key, plan = plan,
              status = "trial", period = 1, tries = 1 }
  subscriptions[id] = s
  assert(schedule(s, sandbox:now() + TRIAL))
  say("%s begins a trial of the %s plan", customer, plan)
end

local function renewed(s)
  s.status, s.paid_until = "active", s.next_charge + MONTH
  s.period, s.tries = s.period + 1, 1
  assert(schedule(s, s.paid_until))
  say("%s is charged, the next charge is on %s", s.customer, os.date("!%Y-%m-%d", s.next_charge))
end

local function declined(s, payment)
  s.status = "past due"
  local wait = DUNNING[s.tries]
  say("%s cannot be charged (%s)%s", s.customer, payment.failure.pgCode,
    wait and (", again in %d days"):format(wait / 86400) or ", the subscription ends")
  if not wait then
    s.status = "ended"
    return
  end
  s.tries = s.tries + 1
  assert(schedule(s, sandbox:now() + wait))
end

-- }=================================================================================

-- {====== Webhooks: they say that something happened; what it was is read ======

local function subscription_of(payment)
  local id, period, tries = payment.id:match("^(.*)%-(%d+)%-(%d+)$")
  local s = subscriptions[id]
  -- an old or repeated message is about a charge that was dealt with
  if s and s.status ~= "ended" and s.period == tonumber(period) and s.tries == tonumber(tries) then
    return s
  end
end

local function on_webhook(message)
  local event = assert(client.webhook.verify(message.body, message.headers))
  if event.type ~= "Transaction.Paid" and event.type ~= "Transaction.Failed" then return end
  local payment = assert(client.v2.payment.get_payment { paymentId = event.data.paymentId })
  local s = subscription_of(payment)
  if not s then return end
  if payment.status == "PAID" then renewed(s) else declined(s, payment) end
end

-- Time passes day by day; the shop answers its mail.
local function pass(days)
  for _ = 1, days do
    sandbox:advance "1 day"
    for message in function() return inbox:take(0) end do on_webhook(message) end
  end
end

-- }==============================================================================

-- {====== What customers do ======

-- In a shop the key comes from PortOne's window: no card number is seen.
local function register_card(card)
  return assert(client.issue_billing_key { channelKey = sandbox.channel_key,
    method = { card = { credential = sandbox.cards[card].credential } } }).billingKeyInfo.billingKey
end

local function change_card(s, card)
  assert(unschedule(s))
  s.billing_key = register_card(card)
  say("%s registers another card", s.customer)
  if s.status ~= "past due" then return assert(schedule(s, s.next_charge)) end
  -- what is owed is charged at once; the webhook of it renews
  s.tries, s.next_charge = s.tries + 1, sandbox:now()
  local args = payment_of(s)
  args.paymentId = payment_id(s)
  local paid, err = client.request_pay_again(args)
  if not paid then say("that card is declined too: %s", tostring(err.pg_code)) end
end

-- The rest of the month in the better plan is paid now, by days.
local function change_plan(s, plan)
  local days = math.ceil((s.paid_until - sandbox:now()) / 86400)
  local difference = math.floor((PLANS[plan] - PLANS[s.plan]) * days / 30)
  s.plan = plan
  if difference > 0 then
    local args = payment_of(s)
    args.paymentId, args.amount = payment_id(s) .. "-change", { total = difference }
    args.orderName = "change to " .. plan
    assert(client.request_pay_again(args))
  end
  assert(unschedule(s))
  assert(schedule(s, s.next_charge))
  say("%s changes to %s for %d won", s.customer, plan, difference)
end

local function cancel(s)
  assert(unschedule(s))
  assert(client.v2.payment.billing_key.delete_billing_key { billingKey = s.billing_key })
  s.status = "ends on " .. os.date("!%Y-%m-%d", s.paid_until)
  say("%s cancels, and may stay until %s", s.customer, os.date("!%Y-%m-%d", s.paid_until))
end

-- }=================================

-- Every message comes twice, as it may.
sandbox:fault { op = "webhook.*", fault = "duplicate" }

subscribe("sub-mina", "mina", register_card "success", "basic")
subscribe("sub-jun", "jun", register_card "insufficient_funds", "basic")
pass(50)
local mina = subscriptions["sub-mina"]
change_card(mina, "insufficient_funds")
pass(30)
change_card(mina, "success")
pass(10)
change_plan(mina, "premium")
pass(40)
cancel(mina)
pass(40)

local charged, charges = 0, 0
for _, entry in ipairs(sandbox:journal { kind = "charge", outcome = "paid" }) do
  charged, charges = charged + entry.amount, charges + 1
end
print(("mina: %s; jun: %s"):format(mina.status, subscriptions["sub-jun"].status))
print(("%d charges, %d won"):format(charges, charged))
inbox:stop()
sandbox:stop()
