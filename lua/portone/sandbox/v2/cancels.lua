-- SPDX-License-Identifier: MIT
--- Cancellations: full and partial, with their tax parts; at once or, at some gateways, later.
--
-- Amounts are counted twice: `order_cancelled` in units of the order, against which limits are
-- checked, and `cancelled` in money paid back. They differ only under a promotion.

local answer = require "portone.sandbox.v2.answer"
local channels = require "portone.sandbox.v2.channels"
local charges = require "portone.sandbox.v2.charges"
local gateways = require "portone.sandbox.v2.gateways"
local money = require "portone.sandbox.v2.money"
local promotions = require "portone.sandbox.v2.promotions"
local settings = require "portone.sandbox.v2.settings"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"
local webhooks = require "portone.sandbox.v2.webhooks"

local M = {}

-- What can still be cancelled: all that is neither cancelled nor asked to be.
local function remaining(tx)
  local left = { total = tx.amount.total, tax_free = tx.amount.tax_free, vat = tx.amount.vat }
  for _, c in ipairs(tx.cancellations) do
    if c.status ~= "FAILED" then
      left.total = left.total - c.order_total
      left.tax_free = left.tax_free - c.tax_free
      left.vat = left.vat - c.vat
    end
  end
  return left
end

local function check_status(tx)
  if tx.status == "CANCELLED" then
    answer.refuse("PAYMENT_ALREADY_CANCELLED", "the payment is cancelled in full")
  elseif tx.status ~= "PAID" and tx.status ~= "PARTIAL_CANCELLED" then
    answer.refuse("PAYMENT_NOT_PAID", "only a paid payment can be cancelled")
  end
end

local function check_numbers(body)
  if body.amount then money.check("amount", body.amount, 1) end
  for _, name in ipairs { "taxFreeAmount", "vatAmount", "currentCancellableAmount" } do
    if body[name] then money.check(name, body[name], 0) end
  end
end

-- The tax-free part: what the request says; without a word none, unless everything goes.
local function tax_free_part(world, body, total, left)
  if body.taxFreeAmount then return body.taxFreeAmount end
  local everything = body.amount == nil or total == left.total
    and settings.is(world, "v2_cancel_all_takes_tax_free", "everything")
  return everything and left.tax_free or 0
end

-- The VAT part: one eleventh of the taxable part, but never so much or so little that what is
-- left could not be cancelled; so all cancellations add up to the payment.
local function vat_part(world, body, total, tax_free, left)
  if body.vatAmount then return body.vatAmount end
  local taxable = total - tax_free
  local most = math.min(left.vat, taxable)
  local least = math.max(0, taxable - (left.total - left.tax_free - left.vat))
  return math.max(least, math.min(most, money.vat(world, taxable)))
end

-- Works out a cancellation's parts and holds them against what is left.
local function parts(world, body, left)
  local total = body.amount or left.total
  if total > left.total then
    answer.refuse("CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT", "more than is left to cancel")
  end
  local tax_free = tax_free_part(world, body, total, left)
  if tax_free + (body.vatAmount or 0) > total then
    answer.refuse("SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT", "taxFreeAmount and vatAmount exceed amount")
  elseif tax_free > left.tax_free then
    answer.refuse("CANCEL_TAX_FREE_AMOUNT_EXCEEDS_CANCELLABLE_TAX_FREE_AMOUNT",
      "more tax-free than is left to cancel")
  elseif total - tax_free > left.total - left.tax_free then
    answer.refuse("CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT",
      "more taxable than is left to cancel")
  end
  local vat = vat_part(world, body, total, tax_free, left)
  local supply_left = left.total - left.tax_free - left.vat
  if vat > left.vat or total - tax_free - vat > supply_left then
    answer.refuse("CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT",
      "vatAmount does not fit what is left to cancel")
  end
  return { total = total, tax_free = tax_free, vat = vat }
end

local function check_account(world, tx, body)
  if tx.method.type == "PaymentMethodVirtualAccount" and not body.refundAccount
    and settings.is(world, "v2_refund_account", "required") then
    answer.invalid("refundAccount", "is needed to pay a virtual account back")
  end
end

-- Everything a cancellation needs, checked; nothing is changed.
local function plan(world, tx, body)
  check_numbers(body)
  check_status(tx)
  local left = remaining(tx)
  if body.currentCancellableAmount and body.currentCancellableAmount ~= left.total then
    answer.refuse("CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN",
      "currentCancellableAmount is not what is left to cancel")
  elseif left.total == 0 then
    answer.refuse("CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT", "nothing is left to cancel")
  elseif #tx.cancellations >= settings.get(world, "v2_max_cancels") then
    answer.refuse("MAX_CANCEL_COUNT_REACHED", "the payment was cancelled too many times")
  end
  local c = parts(world, body, left)
  check_account(world, tx, body)
  c.order_total = c.total
  c.total, c.option, c.discount = promotions.refund(tx, c.total, left.total - c.total,
    body.promotionDiscountRetainOption)
  return c
end

-- Only money that moves is in the journal: a request that is pending or failed is not.
local function note(world, tx, c)
  world:note("cancel", {
    api = "v2", order = tx.payment.id, store = tx.payment.store, transaction = tx.id,
    cancellation_id = c.id, amount = c.total, currency = tx.order.currency,
    outcome = "cancelled",
  })
end

-- Money goes back: the one place where a payment's cancelled sums grow.
local function succeed(world, tx, c, skip_webhook)
  c.status, c.cancelled_at = "SUCCEEDED", world:now()
  c.pg_cancellation_id = "cancel" .. world:digits(16)
  c.receipt_url = "https://receipt.portone.invalid/" .. c.pg_cancellation_id
  tx.cancelled = tx.cancelled + c.total
  tx.cancelled_tax_free = tx.cancelled_tax_free + c.tax_free
  tx.cancelled_vat = tx.cancelled_vat + c.vat
  tx.order_cancelled = (tx.order_cancelled or 0) + c.order_total
  tx.cancelled_at = world:now()
  promotions.release(tx, c.discount, c.option)
  local full = tx.order_cancelled == tx.amount.total
  local status = full and "CANCELLED" or "PARTIAL_CANCELLED"
  charges.move(world, tx, status)
  if full and tx.escrow and tx.escrow.company then tx.escrow.status = "CANCELLED" end
  note(world, tx, c)
  charges.event(world, tx, status, -c.total, c)
  if skip_webhook then return end
  webhooks.transaction(world, tx, full and "Transaction.Cancelled"
    or "Transaction.PartialCancelled", { cancellation_id = c.id, async = c.async,
    trigger = c.async and "ASYNC_CANCEL_APPROVED" or nil })
end

local function fail(world, tx, c)
  c.status = "FAILED"
  tx.updated_at = world:now()
end

local function add(world, tx, c, reason, trigger)
  c.id, c.reason, c.trigger, c.requested_at = world:uuid(), reason, trigger, world:now()
  tx.cancellations[#tx.cancellations + 1] = c
  tx.updated_at = world:now()
end

-- A gateway that cancels asynchronously answers later, on the clock or when a test says so.
local function request(world, tx, c)
  c.status, c.async = "REQUESTED", true
  webhooks.transaction(world, tx, "Transaction.CancelPending", { cancellation_id = c.id })
  local seconds = settings.get(world, "v2_async_cancel_seconds")
  if seconds <= 0 then return end
  world:at(world:now() + seconds, function()
    if c.status == "REQUESTED" then succeed(world, tx, c) end
  end)
end

M.handlers = {}

M.handlers["v2.payment.cancel_payment"] = function(world, req)
  local body = req.body
  local store = state.store(world, body.storeId)
  local tx = state.payment(world, store, req.path.paymentId).tx
  local c = plan(world, tx, body)
  local refusal = channels.outage(world, tx.pg)
  if refusal and settings.is(world, "v2_refused_cancel", "error") then
    return answer.declined(refusal)
  end
  add(world, tx, c, body.reason, "API")
  if refusal then
    fail(world, tx, c)
  elseif gateways.of(tx.pg.pg).async_cancel then
    request(world, tx, c)
  else
    succeed(world, tx, c, body.skipWebhook)
  end
  return 200, { cancellation = view.cancellation(world, c) }
end

local function find(tx, id)
  for _, c in ipairs(tx.cancellations) do
    if c.id == id then return c end
  end
end

M.handlers["v2.payment.stop_payment_cancellation"] = function(world, req)
  local store = state.store(world, req.body.storeId)
  local tx = state.payment(world, store, req.path.paymentId).tx
  local c = find(tx, req.path.cancellationId)
    or answer.refuse("PAYMENT_CANCELLATION_NOT_FOUND", "the payment has no such cancellation")
  if c.status ~= "REQUESTED" then
    answer.refuse("PAYMENT_CANCELLATION_NOT_PENDING", "the cancellation is not pending")
  elseif not gateways.of(tx.pg.pg).stop_cancel then
    return answer.declined { pg_code = "NOT_SUPPORTED",
      pg_message = "the gateway cannot stop a cancellation" }
  end
  fail(world, tx, c)
  return 200, { stoppedAt = view.time(world, world:now()) }
end

M.actions = {}

--- Settles a pending cancellation.
---@param world table
---@param args table { payment_id, store_id?, cancellation_id?, ok? = true }
---@return boolean|nil ok
---@return string|nil problem
function M.actions.settle_cancellation(world, args)
  local key = state.key(args.store_id or world.config.store_id, args.payment_id)
  local payment = world.v2.payments.map[key]
  if not payment then return nil, "no such payment" end
  local tx = payment.tx
  for _, c in ipairs(tx.cancellations) do
    if c.status == "REQUESTED" and (not args.cancellation_id or c.id == args.cancellation_id) then
      if args.ok == false then
        fail(world, tx, c)
      else
        succeed(world, tx, c)
      end
      return true
    end
  end
  return nil, "no cancellation is pending"
end

local function console_cancel(world, args)
  local tx = state.payment(world, args.store_id or world.config.store_id, args.payment_id).tx
  local body = { amount = args.amount, taxFreeAmount = args.tax_free, vatAmount = args.vat,
    refundAccount = { bank = tx.method and tx.method.bank, number = "-" } }
  local c = plan(world, tx, body)
  local refusal = channels.outage(world, tx.pg)
  if refusal then answer.refuse("PG_PROVIDER", refusal.pg_message) end
  add(world, tx, c, args.reason or "cancelled by the merchant", "CONSOLE")
  if gateways.of(tx.pg.pg).async_cancel then
    request(world, tx, c)
  else
    succeed(world, tx, c)
  end
  return view.cancellation(world, c)
end

--- Somebody cancels a payment in PortOne's admin console.
---@param world table
---@param args table { payment_id, store_id?, amount? = all that is left, tax_free?, vat?, reason? }
---@return table|nil cancellation
---@return string|nil problem
function M.actions.cancel(world, args)
  local refusal, cancellation = answer.try(console_cancel, world, args)
  if refusal then return nil, refusal.body.message end
  return cancellation
end

return M
