--[[
Moving subscriptions from V1 to V2 while they go on: each customer who registers a card in V2 has
the V1 schedules taken back and the same charges scheduled in V2. A move that is cut off in the
middle is done again; at the end every month is charged once, in the one API or the other.

A V1 customer_uid is not charged through V2 here: the payer registers the card again, in V2's
window. Whoever has not done so stays with V1.

Usage: eval "$(make -s env LUA=5.4)" && lua5.4 examples/v1_to_v2.lua
]]

local json = require "portone.json"
local portone = require "portone"

local sandbox = portone.sandbox.start {}
local client = sandbox:client { settle = 0 }  -- nobody else works on what the sandbox was sent
local DAY, AMOUNT = 86400, 9900
local began = math.floor(sandbox:now())

-- {====== As it is: customers of V1 with charges in its calendar ======

local function v1_customer(customer_uid)
  local card, schedules = sandbox.cards.success, {}
  assert(client.issue_billing_key { customer_uid = customer_uid, channel_key = sandbox.channel_key,
    card_number = card.card_number, expiry = card.expiry, birth = card.birth,
    pwd_2digit = card.pwd_2digit })
  for month = 1, 3 do
    schedules[month] = { merchant_uid = customer_uid .. "-" .. month, amount = AMOUNT,
      currency = "KRW", name = "monthly pass", schedule_at = began + 28 * DAY * month }
  end
  assert(client.schedule { customer_uid = customer_uid, schedules = schedules })
end

local CUSTOMERS = { "ann", "bob", "cho", "dan" }
for _, customer_uid in ipairs(CUSTOMERS) do v1_customer(customer_uid) end

-- }====================================================================

-- {====== The move of one customer ======

local saved = {}  -- a table of the shop's database: customer to text

-- What is to be moved is written down before V1 forgets it.
local function plan_of(customer_uid, billing_key)
  if saved[customer_uid] then return json.decode(saved[customer_uid]) end
  local list = portone.array {}
  for row in client.each("v1.subscribe.schedules_by_customer", { customer_uid = customer_uid,
    from = began, to = began + 365 * DAY, schedule_status = "scheduled" }) do
    list[#list + 1] = { order = row.merchant_uid, at = row.schedule_at, amount = row.amount,
                        currency = row.currency, name = row.name }
  end
  saved[customer_uid] = assert(json.encode { billing_key = billing_key, list = list })
  return json.decode(saved[customer_uid])
end

-- V1 first: a charge may be missing for a moment, but none is made twice.
local function take_back(customer_uid)
  local _, err = client.v1.subscribe.unschedule { customer_uid = customer_uid }
  local left = assert(client.collect("v1.subscribe.schedules_by_customer", {
    customer_uid = customer_uid, from = began, to = began + 365 * DAY,
    schedule_status = "scheduled" }))
  if left[1] then return nil, err end
  return true
end

-- The order's number is the paymentId, which V2 takes once.
local function schedule_again(plan)
  for _, row in ipairs(plan.list) do
    local done, err = client.schedule { paymentId = row.order, timeToPay = row.at, payment = {
      billingKey = plan.billing_key, orderName = row.name, currency = row.currency,
      amount = { total = row.amount } } }  -- won: V2's minor unit is V1's major one
    if not done and err.type ~= "PAYMENT_SCHEDULE_ALREADY_EXISTS" then return nil, err end
  end
  return #plan.list
end

local function move(customer_uid, billing_key)
  local plan = plan_of(customer_uid, billing_key)
  local ok, err = take_back(customer_uid)
  if not ok then return nil, err end
  return schedule_again(plan)
end

-- }======================================

-- In a shop this is the window's answer: requestIssueBillingKey, then its webhook.
local function registers_card()
  local answer = assert(client.issue_billing_key { channelKey = sandbox.channel_key,
    method = { card = { credential = sandbox.cards.success.credential } } })
  return answer.billingKeyInfo.billingKey
end

sandbox:advance "30 days"  -- a first charge by V1, as ever
print("ann moves", assert(move("ann", registers_card())) .. " charges")

local key = registers_card()
sandbox:fault { op = "v2.payment.payment_schedule.create_payment_schedule", fault = "error",
  nth = { 2, 3, 4 } }
local moved, err = move("bob", key)
print("bob's move is cut off", tostring(moved), err.kind)
print("bob moves again", assert(move("bob", key)) .. " charges")

sandbox:advance "30 days"
print("cho moves a month later", assert(move("cho", registers_card())) .. " charges")
sandbox:advance "60 days"

-- Every month once, whoever did it.
for _, customer_uid in ipairs(CUSTOMERS) do
  local by = {}
  for month = 1, 3 do
    local apis = {}
    for _, entry in ipairs(sandbox:journal { kind = "charge", outcome = "paid" }) do
      if entry.order == customer_uid .. "-" .. month then apis[#apis + 1] = entry.api end
    end
    by[month] = table.concat(apis, "+")
  end
  print(customer_uid, table.concat(by, " "))
end
sandbox:stop()
