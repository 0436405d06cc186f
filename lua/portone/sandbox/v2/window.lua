-- SPDX-License-Identifier: MIT
--- The payment window's side of the books: what a browser does between the page and the API.
--
-- The browser stand-ins and tests call these through `actions`: an attempt is opened, completed
-- at once or left for a manual confirm, which the confirm operations of the API then settle.

local answer = require "portone.sandbox.v2.answer"
local billing_keys = require "portone.sandbox.v2.billing_keys"
local channels = require "portone.sandbox.v2.channels"
local charges = require "portone.sandbox.v2.charges"
local gateways = require "portone.sandbox.v2.gateways"
local instruments = require "portone.sandbox.v2.instruments"
local payments = require "portone.sandbox.v2.payments"
local promotions = require "portone.sandbox.v2.promotions"
local state = require "portone.sandbox.v2.state"
local webhooks = require "portone.sandbox.v2.webhooks"

local M = {}

-- The window's channel: the one named, else the sandbox's default.
local function channel_of(world, args)
  if args.channel_key then return channels.by_key(world, args.channel_key) end
  return world:default_channel()
end

-- What the buyer pays with there: a wallet where the channel is one, else a card.
local function instrument_of(channel, credential)
  local instrument = credential and instruments.card(credential) or {}
  if gateways.of(channel.pg).easy then
    return instruments.wallet(channel, instrument.card)
  elseif not instrument.card then
    answer.invalid("credential", "a card is needed on a card channel")
  end
  return instrument
end

-- The order a window shows, in the words of the REST API.
local function order_of(args)
  return {
    orderName = args.order_name or "sandbox order", currency = args.currency or "KRW",
    amount = { total = args.total, taxFree = args.tax_free, vat = args.vat },
    customer = args.customer, customData = args.custom_data, noticeUrls = args.notice_urls,
    products = args.products, productCount = args.product_count, country = args.country,
    isEscrow = args.is_escrow, isCulturalExpense = args.is_cultural_expense,
    promotionId = args.promotion_id, installmentMonth = args.installment_month,
  }
end

local function begin_payment(world, args, channel, instrument)
  local store = state.store(world, args.store_id)
  local order = order_of(args)
  local amount = charges.check_order(world, store, args.payment_id, order)
  charges.check_id(world, store, args.payment_id)
  local promotion, discount = promotions.apply(world, order, amount.total, instrument.card)
  local tx = charges.begin(world, { store = store, id = args.payment_id, order = order,
    amount = amount, promotion = promotion, discount = discount, channel = channel,
    platform = args.platform or "PC" })
  webhooks.transaction(world, tx, "Transaction.Ready")
  return tx
end

local function request_payment(world, args)
  local channel = channel_of(world, args)
  local instrument = instrument_of(channel, args.credential)
  local tx = begin_payment(world, args, channel, instrument)
  if args.manual then
    local token = "payment-token-" .. world:uuid()
    world.v2.payment_tokens[token] = { tx = tx, instrument = instrument }
    return { paymentToken = token, txId = tx.id, paymentId = args.payment_id }
  end
  local refusal = payments.complete(world, tx, instrument)
  return { txId = tx.id, paymentId = args.payment_id, code = refusal and "FAILURE_TYPE_PG",
    message = refusal and refusal.pg_message, pgCode = refusal and refusal.pg_code,
    pgMessage = refusal and refusal.pg_message }
end

local function request_billing_key(world, args)
  local channel = channel_of(world, args)
  local instrument = instrument_of(channel, args.credential)
  local _, failures = billing_keys.ask(world, instrument, { channel }, true)
  local key = billing_keys.prepare(world, { store = state.store(world, args.store_id),
    channels = { channel }, instrument = instrument, platform = args.platform or "SDK_PC",
    order = { customer = args.customer, customData = args.custom_data, issueId = args.issue_id,
      issueName = args.issue_name, noticeUrls = args.notice_urls } })
  local urls = args.notice_urls
  webhooks.send(world, key.store, urls, "BillingKey.Ready", { billingKey = key.id })
  local refusal = failures[1] and failures[1].refusal
  if refusal then
    webhooks.send(world, key.store, urls, "BillingKey.Failed", { billingKey = key.id })
    return { code = "FAILURE_TYPE_PG", message = refusal.pg_message, pgCode = refusal.pg_code,
      pgMessage = refusal.pg_message }
  end
  if args.manual then
    local token = "billing-issue-token-" .. world:uuid()
    world.v2.issue_tokens[token] = { key = key }
    return { billingKey = "NEEDS_CONFIRMATION", billingIssueToken = token }
  end
  billing_keys.issue(world, key)
  return { billingKey = key.id }
end

-- Issue-and-pay is always left for the confirm operation here.
local function request_billing_key_and_pay(world, args)
  local channel = channel_of(world, args)
  local instrument = instrument_of(channel, args.credential)
  local tx = begin_payment(world, args, channel, instrument)
  local key = billing_keys.prepare(world, { store = tx.payment.store, channels = { channel },
    instrument = instrument, platform = args.platform or "SDK_PC",
    order = { customer = args.customer, noticeUrls = args.notice_urls } })
  tx.billing_key = key.id
  local token = "billing-issue-token-" .. world:uuid()
  world.v2.issue_tokens[token] = { key = key, tx = tx }
  return { billingKey = "NEEDS_CONFIRMATION", billingIssueToken = token, txId = tx.id,
    paymentId = args.payment_id }
end

-- An action: a refusal of the books becomes `nil, problem, type`.
local function action(fn)
  return function(world, args)
    local refusal, result = answer.try(fn, world, args)
    if refusal then return nil, refusal.body.message, refusal.body.type end
    return result
  end
end

M.actions = {
  --- A buyer pays in the window, or with `manual` comes back with a paymentToken.
  -- args: { payment_id, total, order_name?, currency?, tax_free?, vat?, channel_key?, credential?,
  -- customer?, custom_data?, notice_urls?, manual? }
  request_payment = action(request_payment),
  --- A customer registers an instrument, or with `manual` comes back with a billingIssueToken.
  -- args: { channel_key?, credential?, customer?, issue_id?, issue_name?, notice_urls?, manual? }
  request_billing_key = action(request_billing_key),
  --- Both at once, to be confirmed. args: those of the two.
  request_billing_key_and_pay = action(request_billing_key_and_pay),
}

local function issue_token(world, req, with_payment)
  local body = req.body
  local store = state.store(world, body.storeId)
  local token = world.v2.issue_tokens[body.billingIssueToken]
  if not token or token.key.store ~= store or (token.tx ~= nil) ~= with_payment then
    answer.refuse("BILLING_KEY_NOT_FOUND", "the token belongs to no billing key")
  elseif token.key.status ~= "READY" then
    answer.refuse("BILLING_KEY_ALREADY_ISSUED", "the billing key was confirmed before")
  end
  return token
end

local function outage_of(world, key)
  return channels.outage(world, key.channels[1])
end

M.handlers = {}

M.handlers["v2.payment.billing_key.confirm_billing_key"] = function(world, req)
  local token = issue_token(world, req, false)
  if req.body.isTest == false then
    answer.refuse("INFORMATION_MISMATCH", "the billing key is a test key")
  end
  local refusal = outage_of(world, token.key)
  if refusal then return answer.declined(refusal) end
  billing_keys.issue(world, token.key, req.body.skipWebhook)
  return 200, { billingKey = token.key.id }
end

M.handlers["v2.payment.billing_key.confirm_billing_key_issue_and_pay"] = function(world, req)
  local body = req.body
  local token = issue_token(world, req, true)
  local key, tx = token.key, token.tx
  payments.check_match(body, tx)
  if body.paymentId and body.paymentId ~= tx.payment.id then
    answer.refuse("INFORMATION_MISMATCH", "the payment differs from what is to be confirmed")
  elseif tx.status ~= "READY" or tx.payment.tx ~= tx then
    answer.refuse("BILLING_KEY_NOT_FOUND", "the attempt is over")
  end
  local refusal = instruments.issue_refusal(world, key.instrument, key.channels[1])
    or instruments.charge_refusal(world, key.instrument, key.channels[1])
  if refusal then
    charges.fail(world, tx, refusal)
    return answer.declined(refusal)
  end
  billing_keys.issue(world, key, body.skipWebhook)
  payments.complete(world, tx, key.instrument, body.skipWebhook)
  return 200, { billingKey = key.id, paymentId = tx.payment.id }
end

return M
