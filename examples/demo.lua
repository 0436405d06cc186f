--[[
A tour of the main job, V1 and V2, against a PortOne that runs in this process: no
account, no key, no network. A key is issued and charged, an order refused the second
time, a decline explained, a subscription scheduled, a month passes, money goes back,
and a webhook is received and verified.

Usage: make demo            (or, with the module installed: lua examples/demo.lua)
]]

local portone = require "portone"

local sandbox = portone.sandbox.start {}
local inbox = sandbox:inbox()
sandbox:set("webhook_url", inbox.url)
sandbox:set("v1_webhook_url", inbox.url)
local client = sandbox:client()

-- {====== Telling ======

local function title(text)
  print("\n" .. text .. "\n" .. ("-"):rep(#text))
end

local function say(what, ...)
  print(("  %-28s %s"):format(what, table.concat({ ... }, "  ")))
end

local function won(amount)
  local digits = ("%d"):format(amount)
  return digits:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "") .. " KRW"
end

-- The demo goes on only while everything is as it should be.
local function must(result, err)
  if not result then
    error("the demo stopped: " .. tostring(err), 2)
  end
  return result
end

local function must_fail(kind, result, err)
  if result or err.kind ~= kind then
    error("the demo stopped: expected " .. kind .. ", got " .. tostring(result or err), 2)
  end
  return err
end

-- }=====================

-- Unix time so many calendar days from the sandbox's now.
local function in_days(n)
  return math.floor(sandbox:now()) + n * 86400
end

local function v1()
  title("V1: customer_uid, merchant_uid, major units")
  local card = sandbox.cards.success
  local key = must(client.issue_billing_key {
    customer_uid = "user-42", channel_key = sandbox.channel_key, card_number = card.card_number,
    expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit })
  say("key issued", key.customer_uid, key.card_name, key.card_number)

  local payment = must(client.request_pay_again {
    customer_uid = "user-42", merchant_uid = "order-1001", amount = 3000, name = "monthly pass" })
  say("charged", payment.imp_uid, payment.status, won(payment.amount))

  local err = must_fail("rejected", client.request_pay_again {
    customer_uid = "user-42", merchant_uid = "order-1001", amount = 3000, name = "monthly pass" })
  say("same order again", tostring(err))

  local bad = sandbox.cards.declined
  must(client.issue_billing_key { customer_uid = "user-43", channel_key = sandbox.channel_key,
    card_number = bad.card_number, expiry = bad.expiry, birth = bad.birth,
    pwd_2digit = bad.pwd_2digit })
  err = must_fail("declined", client.request_pay_again {
    customer_uid = "user-43", merchant_uid = "order-1002", amount = 3000, name = "monthly pass" })
  say("a card that is declined", tostring(err))

  local schedules = {}
  for week = 1, 4 do
    schedules[week] = { merchant_uid = "week-" .. week, schedule_at = in_days(7 * week - 1),
                        amount = 1000 * week, currency = "KRW", name = "weekly pass" }
  end
  must(client.schedule { customer_uid = "user-42", schedules = schedules })
  say("scheduled", #schedules .. " charges over a month")
  local from = in_days(0)
  say("a month passes", sandbox:advance("1 month") .. " things came due")
  local total = 0
  for _, s in ipairs(must(client.v1.subscribe.schedules {
    schedule_from = from, schedule_to = in_days(0), sorting = "scheduled" })) do
    local paid = must(client.v1.payments.get { imp_uid = s.imp_uid })
    total = total + paid.amount
    say("  " .. s.merchant_uid, s.payment_status, paid.imp_uid, won(paid.amount))
  end
  say("  together", won(total))

  local left = must(client.v1.payments.cancel {
    merchant_uid = "order-1001", amount = 1000, checksum = 3000, reason = "one item is back" })
  say("partial cancel", left.status, won(left.cancel_amount) .. " of " .. won(left.amount))
  left = must(client.v1.payments.cancel { merchant_uid = "order-1001", reason = "all is back" })
  say("full cancel", left.status, won(left.cancel_amount) .. " of " .. won(left.amount))
end

local function v2()
  title("V2: paymentId, billingKey, minor units")
  local info = must(client.issue_billing_key {
    channelKey = sandbox.channel_key,
    method = { card = { credential = sandbox.cards.success.credential } } }).billingKeyInfo
  say("key issued", info.billingKey)

  local function order(amount)
    return { billingKey = info.billingKey, orderName = "monthly pass",
             amount = { total = amount }, currency = "KRW", customer = { id = "user-42" } }
  end
  local function charge(id, amount)
    local args = order(amount)
    args.paymentId = id
    return client.request_pay_again(args)
  end
  say("charged", must(charge("payment-1001", 3000)).payment.pgTxId)
  say("same order again", tostring(must_fail("conflict", charge("payment-1001", 3000))))

  local bad = must(client.issue_billing_key { channelKey = sandbox.channel_key,
    method = { card = { credential = sandbox.cards.declined.credential } } }).billingKeyInfo
  local args = order(3000)
  args.paymentId, args.billingKey = "payment-1002", bad.billingKey
  say("a card that is declined", tostring(must_fail("declined", client.request_pay_again(args))))

  for week = 1, 4 do
    must(client.schedule { paymentId = "pass-" .. week, payment = order(1000 * week),
                           timeToPay = in_days(7 * week - 1) })
  end
  say("scheduled", "4 charges over a month")
  say("a month passes", sandbox:advance("1 month") .. " things came due")
  for week = 1, 4 do
    local payment = must(client.v2.payment.get_payment { paymentId = "pass-" .. week })
    say("  pass-" .. week, payment.status, won(payment.amount.paid))
  end

  local back = must(client.v2.payment.cancel_payment { paymentId = "payment-1001", amount = 1000,
    currentCancellableAmount = 3000, reason = "one item is back" }).cancellation
  say("partial cancel", back.status, won(back.totalAmount))
  back = must(client.v2.payment.cancel_payment {
    paymentId = "payment-1001", reason = "all is back" }).cancellation
  say("full cancel", back.status, won(back.totalAmount))
end

local function webhooks()
  title("Webhooks")
  sandbox:flush(10)
  local counts, sample = {}, nil
  for hook in function() return inbox:take(0) end do
    if hook.headers["webhook-signature"] then
      local event = must(portone.webhook.verify(hook.body, hook.headers,
        { secrets = { sandbox.webhook_secret } }))
      counts[event.type] = (counts[event.type] or 0) + 1
      sample = sample or hook
    else
      counts["V1 (unsigned)"] = (counts["V1 (unsigned)"] or 0) + 1
    end
  end
  local types = {}
  for name in pairs(counts) do
    types[#types + 1] = name
  end
  table.sort(types)
  for _, name in ipairs(types) do
    say(name, counts[name] .. (name:find "^V1" and " received" or " received and verified"))
  end
  local _, err = portone.webhook.verify(sample.body .. " ", sample.headers,
    { secrets = { sandbox.webhook_secret } })
  say("one byte more", tostring(err))
end

print(tostring(client))
v1()
v2()
webhooks()

local charged, returned = 0, 0
for _, entry in ipairs(sandbox:journal()) do
  if entry.kind == "charge" and entry.outcome == "paid" then
    charged = charged + entry.amount
  elseif entry.kind == "cancel" then
    returned = returned + entry.amount
  end
end
title("The sandbox's books")
say("charged", won(charged))
say("returned", won(returned))
inbox:stop()
sandbox:stop()
