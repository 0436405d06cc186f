-- SPDX-License-Identifier: MIT
--- The steps of a payment window in the V2 books: opened, then paid, declined or given up.
--
-- The window's own side (browser/v2.lua) asks the person and the shop; nothing here waits. A
-- refusal of the books raises (answer.refuse), one of the gateway is returned.

local accounts = require "portone.sandbox.v2.accounts"
local answer = require "portone.sandbox.v2.answer"
local billing_keys = require "portone.sandbox.v2.billing_keys"
local cards = require "portone.sandbox.cards"
local channels = require "portone.sandbox.v2.channels"
local charges = require "portone.sandbox.v2.charges"
local gateways = require "portone.sandbox.v2.gateways"
local instruments = require "portone.sandbox.v2.instruments"
local payments = require "portone.sandbox.v2.payments"
local promotions = require "portone.sandbox.v2.promotions"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"
local webhooks = require "portone.sandbox.v2.webhooks"

local M = {}

-- {====== What the person pays with ======

local CARDS = cards.public()

---@class portone.sandbox.v2.means
---@field method string     PaymentPayMethod or BillingKeyMethod of the SDK
---@field card? string      name of a test card
---@field provider? string  EasyPayProvider
---@field phone? string
---@field bank? string      Bank of the API
---@field installment? integer months

local function card_of(means)
  local card = CARDS[means.card or "success"]
    or answer.invalid("card", "no test card has this name")
  return instruments.card(card.credential)
end

-- An instrument that can be charged again, or nil where the method has none.
local function instrument_of(means, channel)
  local method = means.method
  if method == "CARD" then
    return card_of(means)
  elseif method == "EASY_PAY" or method == "PAYPAL" then
    local wallet = card_of(means)
    wallet.easy = means.provider or gateways.of(channel.pg).easy
      or method == "PAYPAL" and "PAYPAL" or "TOSSPAY"
    return wallet
  elseif method == "MOBILE" then
    return { mobile = means.phone or "01012345678" }
  elseif method == "TRANSFER" then
    return { transfer = { bank = means.bank or "SHINHAN" } }
  end
end

-- PaymentMethod of what is paid once and leaves nothing to charge again.
local simple = {
  GIFT_CERTIFICATE = function(world, order)
    return { type = "PaymentMethodGiftCertificate", giftCertificateType = order.gift,
      approvalNumber = world:digits(8) }
  end,
}

-- A wallet of another country: known by its provider only.
local function other_wallet(means)
  return { type = "PaymentMethodEasyPay", provider = means.provider or means.method,
    easyPayMethod = { type = "PaymentMethodEasyPayMethodCharge" } }
end

-- }======

-- {====== Payments ======

--- Opens an attempt.
---@param world table
---@param a table { id, store_id, order, channel, group?, platform }
---@return table tx
function M.open_payment(world, a)
  local store = state.store(world, a.store_id)
  local amount = charges.check_order(world, store, a.id, a.order)
  charges.check_id(world, store, a.id)
  local tx = charges.begin(world, { store = store, id = a.id, order = a.order, amount = amount,
    channel = a.channel, group = a.group, platform = a.platform })
  webhooks.transaction(world, tx, "Transaction.Ready")
  return tx
end

--- Whether an attempt that waits in a window may still be paid: of several windows for one
--- paymentId only one can be. An attempt that may be is the payment's current one again.
---@param tx table
---@return boolean
function M.payable(tx)
  local payment = tx.payment
  if tx.status ~= "READY" or charges.is_paid(payment) or charges.is_waiting(payment) then
    return false
  end
  payment.tx = tx
  return true
end

-- A card may have brought a promotion with it.
local function apply_promotion(world, tx, card)
  tx.promotion, tx.discount = promotions.apply(world, tx.order, tx.amount.total, card)
end

local function settle(world, tx, means, instrument, skip_webhook)
  tx.order.installmentMonth = means.installment or tx.order.installmentMonth
  if instrument then
    return payments.complete(world, tx, instrument, skip_webhook)
  end
  local refusal = channels.outage(world, tx.pg)
  if refusal then
    charges.fail(world, tx, refusal)
    return refusal
  end
  local make = simple[means.method]
  tx.method = make and make(world, tx.order) or other_wallet(means)
  charges.settle(world, tx, { skip_webhook = skip_webhook })
end

--- Pays an attempt, or with a channel of manual confirmation leaves it to the confirm operation.
---@param world table
---@param tx table in status READY
---@param means portone.sandbox.v2.means
---@return table|nil refusal { pg_code, pg_message }
---@return string|nil token paymentToken, when the shop has to confirm
function M.pay(world, tx, means)
  local instrument = instrument_of(means, tx.pg)
  apply_promotion(world, tx, instrument and instrument.card)
  if tx.pg.manual_confirm then
    local token = "payment-token-" .. world:uuid()
    world.v2.payment_tokens[token] = { tx = tx, instrument = instrument,
      finish = function(skip) return settle(world, tx, means, instrument, skip) end }
    return nil, token
  end
  return settle(world, tx, means, instrument)
end

--- Issues the virtual account of an attempt.
---@param world table
---@param tx table in status READY
---@param input table InstantPaymentMethodInputVirtualAccount
---@return table|nil refusal
---@return string|nil token paymentToken, when the shop has to confirm
function M.issue_account(world, tx, input)
  if tx.order.promotionId then
    answer.refuse("PROMOTION_PAY_METHOD_DOES_NOT_MATCH", "the promotion is for cards")
  end
  local account = accounts.plan(world, input)
  if tx.pg.manual_confirm then
    local token = "payment-token-" .. world:uuid()
    world.v2.payment_tokens[token] = { tx = tx,
      finish = function(skip) return accounts.assign(world, account, tx, skip) end }
    return nil, token
  end
  return accounts.assign(world, account, tx)
end

--- Leaves an attempt waiting for its gateway: PAY_PENDING, until somebody pays at the till or
--- the gateway makes up its mind.
---@param world table
---@param tx table in status READY
---@param means portone.sandbox.v2.means
---@param deadline? number unix seconds; then it fails
---@return table|nil refusal
function M.pend(world, tx, means, deadline)
  local refusal = channels.outage(world, tx.pg)
  if refusal then
    charges.fail(world, tx, refusal)
    return refusal
  end
  tx.method = other_wallet(means)
  if means.method == "CONVENIENCE_STORE" then
    tx.method = { type = "PaymentMethodConvenienceStore", convenienceStoreBrand = "SEVEN_ELEVEN",
      receiptNumber = world:digits(11), paymentDeadline = view.time(world, deadline) }
  end
  tx.pg_tx_id, tx.deadline = "sandbox" .. world:digits(16), deadline
  charges.move(world, tx, "PAY_PENDING")
  webhooks.transaction(world, tx, "Transaction.PayPending")
  if deadline then
    world:at(deadline, function()
      M.settle_pending(world, tx, { pg_code = "PAYMENT_EXPIRED", pg_message = "not paid in time" })
    end)
  end
end

--- What an attempt waited for has come.
---@param world table
---@param tx table
---@param refusal? table { pg_code, pg_message }: it fails; otherwise it is paid
---@return boolean ok false when it does not wait
function M.settle_pending(world, tx, refusal)
  if tx.status ~= "PAY_PENDING" then return false end
  if refusal then
    charges.fail(world, tx, refusal, { trigger = "ASYNC_PAY_FAILED", async = true })
  else
    charges.settle(world, tx, { trigger = "ASYNC_PAY_APPROVED", async = true })
  end
  return true
end

M.actions = {}

--- The gateway approves or refuses a payment that is PAY_PENDING.
---@param world table
---@param args table { payment_id, store_id?, reason? = why it is refused }
---@return boolean|nil ok
---@return string|nil problem
function M.actions.settle_pending(world, args)
  local key = state.key(args.store_id or world.config.store_id, args.payment_id)
  local payment = world.v2.payments.map[key]
  local refusal = args.reason and { pg_code = "REFUSED", pg_message = args.reason }
  if not payment or not M.settle_pending(world, payment.tx, refusal) then
    return nil, "no payment of this id is pending"
  end
  return true
end

--- The attempt fails: the person gave up, the gateway or the shop said no.
---@param world table
---@param tx table
---@param refusal table { pg_code?, pg_message?, reason? }
---@param outcome? string in the journal; "failed" when absent
function M.fail(world, tx, refusal, outcome)
  charges.fail(world, tx, refusal, { outcome = outcome })
end

-- }======

-- {====== Billing keys ======

--- Opens the issuing of a key; with `tx` one that pays as well.
---@param world table
---@param a table { store_id, order, channel, platform, tx? }
---@return table key in status READY
function M.open_key(world, a)
  local key = billing_keys.prepare(world, { store = state.store(world, a.store_id),
    channels = { a.channel }, instrument = {}, platform = a.platform, order = a.order })
  if a.tx then a.tx.billing_key = key.id end
  webhooks.send(world, key.store, key.order.noticeUrls, "BillingKey.Ready",
    { billingKey = key.id })
  return key
end

--- The key is not issued.
---@param world table
---@param key table
function M.fail_key(world, key)
  webhooks.send(world, key.store, key.order.noticeUrls, "BillingKey.Failed",
    { billingKey = key.id })
end

--- Issues a key, and with `tx` charges it; or leaves both to the confirm operation.
---@param world table
---@param key table in status READY
---@param means portone.sandbox.v2.means
---@param tx? table
---@return table|nil refusal { pg_code, pg_message }
---@return string|nil token billingIssueToken, when the shop has to confirm
function M.issue_key(world, key, means, tx)
  local channel = key.channels[1]
  local instrument = instrument_of(means, channel)
    or answer.invalid("billingKeyMethod", "no billing key is issued for " .. means.method)
  key.instrument = instrument
  local refusal = instruments.issue_refusal(world, instrument, channel)
  if refusal then
    if tx then charges.fail(world, tx, refusal) end
    M.fail_key(world, key)
    return refusal
  elseif channel.manual_confirm then
    local token = "billing-issue-token-" .. world:uuid()
    world.v2.issue_tokens[token] = { key = key, tx = tx }
    return nil, token
  end
  refusal = tx and payments.complete(world, tx, instrument)
  if refusal then
    M.fail_key(world, key)
    return refusal
  end
  billing_keys.issue(world, key)
end

-- }======

return M
