-- SPDX-License-Identifier: MIT
--- Payments: with a billing key, by card or virtual account in one call, after manual confirm;
-- registered beforehand, captured, looked up.

local accounts = require "portone.sandbox.v2.accounts"
local answer = require "portone.sandbox.v2.answer"
local billing_keys = require "portone.sandbox.v2.billing_keys"
local channels = require "portone.sandbox.v2.channels"
local charges = require "portone.sandbox.v2.charges"
local instruments = require "portone.sandbox.v2.instruments"
local money = require "portone.sandbox.v2.money"
local promotions = require "portone.sandbox.v2.promotions"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"

local M = {}

local function summary(world, tx)
  return { payment = { pgTxId = tx.pg_tx_id, paidAt = view.time(world, tx.paid_at) } }
end

--- Checks everything about a charge with a billing key; changes nothing.
-- Schedules run through here as well, so that a key charged late obeys the same rules.
---@param world table
---@param a table { store, id, order, schedule? }
---@return table attempt for `charges.charge`
function M.plan_key_charge(world, a)
  local order = a.order
  local key = billing_keys.usable(world, a.store, order.billingKey)
  local channel = billing_keys.channel(key, order.channelKey)
    or answer.refuse("CHANNEL_NOT_FOUND", "the key was not issued for this channel")
  local amount = charges.check_order(world, a.store, a.id, order)
  charges.check_id(world, a.store, a.id, a.schedule)
  local promotion, discount = promotions.apply(world, order, amount.total, key.instrument.card)
  return {
    store = a.store, id = a.id, order = order, amount = amount, discount = discount,
    promotion = promotion, channel = channel, group = key.group, instrument = key.instrument,
    billing_key = key.id, schedule_id = a.schedule and a.schedule.id,
  }
end

M.handlers = {}

M.handlers["v2.payment.pay_with_billing_key"] = function(world, req)
  local body = req.body
  local attempt = M.plan_key_charge(world,
    { store = state.store(world, body.storeId), id = req.path.paymentId, order = body })
  local tx, refusal = charges.charge(world, attempt, { skip_webhook = body.skipWebhook })
  if refusal then return answer.declined(refusal) end
  return 200, summary(world, tx)
end

-- The order of an instant payment carries the card's own options beside the common fields.
local function card_order(body)
  local order = {}
  for name, value in pairs(body) do
    if name ~= "method" then order[name] = value end
  end
  local card = body.method.card
  for _, name in ipairs { "installmentMonth", "useFreeInstallmentPlan",
    "useFreeInterestFromMerchant", "useCardPoint" } do
    order[name] = card and card[name]
  end
  return order
end

-- Of a group, the first channel that can do it pays.
local function able_channel(world, body, what)
  local candidates, group = channels.of_request(world, body)
  for _, channel in ipairs(candidates) do
    if channels.supports(world, channel, what) then return channel, group end
  end
  answer.invalid(body.channelKey and "channelKey" or "channelGroupId",
    "the gateway has no API for this payment method")
end

local function pay_by_card(world, store, req)
  local body = req.body
  local channel, group = able_channel(world, body, "card_by_api")
  local instrument = instruments.card(body.method.card.credential)
  local order = card_order(body)
  local amount = charges.check_order(world, store, req.path.paymentId, order)
  charges.check_id(world, store, req.path.paymentId)
  local promotion, discount = promotions.apply(world, order, amount.total, instrument.card)
  local tx, refusal = charges.charge(world, {
    store = store, id = req.path.paymentId, order = order, amount = amount, discount = discount,
    promotion = promotion, channel = channel, group = group, instrument = instrument,
  }, { skip_webhook = body.skipWebhook })
  if refusal then return answer.declined(refusal) end
  return 200, summary(world, tx)
end

local function pay_by_account(world, store, req)
  local body = req.body
  local channel, group = able_channel(world, body, "account_by_api")
  local order = card_order(body)
  local amount = charges.check_order(world, store, req.path.paymentId, order)
  charges.check_id(world, store, req.path.paymentId)
  if order.promotionId then
    answer.refuse("PROMOTION_PAY_METHOD_DOES_NOT_MATCH", "the promotion is for cards")
  end
  local account = accounts.plan(world, body.method.virtualAccount)
  local tx, refusal = accounts.issue(world, account, { store = store, id = req.path.paymentId,
    order = order, amount = amount, channel = channel, group = group }, body.skipWebhook)
  if refusal then return answer.declined(refusal) end
  return 200, { payment = { pgTxId = tx.pg_tx_id, paidAt = view.time(world, tx.changed_at) } }
end

M.handlers["v2.payment.pay_instantly"] = function(world, req)
  local store = state.store(world, req.body.storeId)
  local method = req.body.method
  if (method.card == nil) == (method.virtualAccount == nil) then
    answer.invalid("method", "exactly one of card and virtualAccount is needed")
  end
  if method.card then return pay_by_card(world, store, req) end
  return pay_by_account(world, store, req)
end

-- Values that a confirm request repeats only to be compared.
local function check_match(body, tx)
  local amount = tx.amount
  local same = (body.txId == nil or body.txId == tx.id)
    and (body.currency == nil or body.currency == tx.order.currency)
    and (body.totalAmount == nil or body.totalAmount == amount.total)
    and (body.taxFreeAmount == nil or body.taxFreeAmount == amount.tax_free)
    and (body.isTest == nil or body.isTest == true)
  if not same then
    answer.refuse("INFORMATION_MISMATCH", "the payment differs from what is to be confirmed")
  end
end
M.check_match = check_match

--- Charges a prepared attempt whose window has been completed.
---@param world table
---@param tx table in status READY
---@param instrument table
---@param skip_webhook boolean|nil
---@return table|nil refusal { pg_code, pg_message }
function M.complete(world, tx, instrument, skip_webhook)
  local refusal = instruments.charge_refusal(world, instrument, tx.pg)
  if refusal then
    charges.fail(world, tx, refusal)
    return refusal
  end
  tx.method = instruments.payment_method(instrument, tx.order, world:digits(8))
  charges.settle(world, tx, { skip_webhook = skip_webhook })
end

M.handlers["v2.payment.confirm_payment"] = function(world, req)
  local body = req.body
  local store = state.store(world, body.storeId)
  local payment = state.payment(world, store, req.path.paymentId)
  if charges.is_paid(payment) then
    answer.refuse("ALREADY_PAID", "the payment was confirmed before")
  end
  local token = world.v2.payment_tokens[body.paymentToken]
  if not token or token.tx ~= payment.tx then
    answer.refuse("INVALID_PAYMENT_TOKEN", "the token is not one of this payment's attempt")
  end
  check_match(body, payment.tx)
  local tx, refusal = payment.tx
  if token.finish then
    refusal = token.finish(body.skipWebhook)
  else
    refusal = M.complete(world, tx, token.instrument, body.skipWebhook)
  end
  world.v2.payment_tokens[body.paymentToken] = nil
  if refusal then return answer.declined(refusal) end
  return 200, { pgTxId = tx.pg_tx_id, paidAt = view.time(world, tx.paid_at or tx.changed_at) }
end

M.handlers["v2.payment.pre_register_payment"] = function(world, req)
  local body = req.body
  local store = state.store(world, body.storeId)
  local key = state.key(store, req.path.paymentId)
  if charges.is_paid(world.v2.payments.map[key]) then
    answer.refuse("ALREADY_PAID", "a payment with this paymentId is complete")
  end
  if body.totalAmount then money.check("totalAmount", body.totalAmount, 1) end
  if body.taxFreeAmount then
    money.check("taxFreeAmount", body.taxFreeAmount, 0)
    if body.totalAmount and body.taxFreeAmount > body.totalAmount then
      answer.invalid("taxFreeAmount", "exceeds totalAmount")
    end
  end
  world.v2.prepared[key] = { totalAmount = body.totalAmount,
    taxFreeAmount = body.taxFreeAmount, currency = body.currency }
  return 200, {}
end

M.handlers["v2.payment.capture_payment"] = function(world, req)
  local store = state.store(world, req.body.storeId)
  local payment = state.payment(world, store, req.path.paymentId)
  local status = payment.tx.status
  if status ~= "PAID" and status ~= "PARTIAL_CANCELLED" then
    answer.refuse("PAYMENT_NOT_PAID", "only a paid payment can be captured")
  end
  local refusal = channels.outage(world, payment.tx.pg)
  if refusal then return answer.declined(refusal) end
  payment.tx.captured_at = payment.tx.captured_at or world:now()
  return 200, {}
end

M.handlers["v2.payment.get_payment"] = function(world, req)
  local store = state.store(world, req.query.storeId)
  return 200, view.payment(world, state.payment(world, store, req.path.paymentId))
end

M.handlers["v2.payment.get_payment_transactions"] = function(world, req)
  local store = state.store(world, req.query.storeId)
  local payment = state.payment(world, store, req.path.paymentId)
  return 200, { items = view.array(payment.attempts, function(tx)
    return view.transaction(world, tx)
  end) }
end

M.handlers["v2.payment.register_store_receipt"] = function(world, req)
  local body = req.body
  local store = state.store(world, body.storeId)
  local payment = state.payment(world, store, req.path.paymentId)
  local status = payment.tx.status
  if status ~= "PAID" and status ~= "PARTIAL_CANCELLED" then
    answer.refuse("PAYMENT_NOT_PAID", "only a paid payment has a receipt")
  end
  for i, item in ipairs(body.items) do
    local parts = (item.taxFreeAmount or 0) + (item.vatAmount or 0) + (item.supplyAmount or 0)
    if parts > money.check("items[" .. i .. "].totalAmount", item.totalAmount, 1) then
      answer.invalid("items[" .. i .. "]", "the parts exceed totalAmount")
    end
  end
  payment.tx.store_items = view.copy(body.items)
  return 200, { receiptUrl = payment.tx.receipt_url }
end

return M
