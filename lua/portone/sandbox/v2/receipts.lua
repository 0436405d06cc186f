-- SPDX-License-Identifier: MIT
--- Cash receipts: issued for a payment or for a sale outside PortOne, cancelled, listed.

local answer = require "portone.sandbox.v2.answer"
local channels = require "portone.sandbox.v2.channels"
local gateways = require "portone.sandbox.v2.gateways"
local lists = require "portone.sandbox.v2.lists"
local money = require "portone.sandbox.v2.money"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"

local M = {}

local function new_receipt(world, r)
  r.seq, r.status, r.issued_at = state.next(world), "ISSUED", world:now()
  r.changed_at = r.issued_at
  r.issue_number = world:digits(9)
  r.pg_receipt_id = "receipt" .. world:digits(12)
  r.url = "https://receipt.portone.invalid/cash/" .. r.issue_number
  return state.add(world.v2.receipts, state.key(r.store, r.payment_id), r)
end

--- The receipt that a virtual account asked for, issued when the money arrives.
---@param world table
---@param tx table
---@param input table|nil { type PERSONAL|CORPORATE|NO_RECEIPT, … }
function M.on_deposit(world, tx, input)
  if not input or input.type == "NO_RECEIPT" then
    tx.receipt_status = "NOT_ISSUED"
    return
  end
  tx.receipt_status = "ISSUED"
  tx.receipt = new_receipt(world, {
    store = tx.payment.store, payment_id = tx.payment.id, channel = tx.pg, type = input.type,
    order_name = tx.order.orderName, currency = tx.order.currency, amount = tx.amount,
    manual = false,
  })
end

-- A payment can have a receipt when it was paid in cash and nothing exceeds what is left of it.
local function check_payment(payment, amount)
  local tx = payment.tx
  local status, method = tx.status, tx.method and tx.method.type
  if status ~= "PAID" and status ~= "PARTIAL_CANCELLED" then
    answer.invalid("paymentId", "the payment is not paid")
  elseif method ~= "PaymentMethodVirtualAccount" and method ~= "PaymentMethodTransfer" then
    answer.invalid("paymentId", "only cash payments have cash receipts")
  elseif amount.total > tx.amount.total - tx.cancelled then
    answer.invalid("amount.total", "exceeds what is left of the payment")
  end
  return tx
end

M.handlers = {}

M.handlers["v2.payment.cash_receipt.issue_cash_receipt"] = function(world, req)
  local body = req.body
  local store = state.store(world, body.storeId)
  local channel = channels.by_key(world, body.channelKey)
  local key = state.key(store, body.paymentId)
  local before = world.v2.receipts.map[key]
  if before and before.status == "ISSUED" then
    answer.refuse("CASH_RECEIPT_ALREADY_ISSUED", "this payment has a cash receipt")
  end
  local amount = money.parts(world, body.amount)
  local payment = world.v2.payments.map[key]
  local tx = payment and check_payment(payment, amount)
  local paid_at = lists.moment("paidAt", body.paidAt)
  local refusal = channels.outage(world, channel)
  if refusal then return answer.declined(refusal) end
  local receipt = new_receipt(world, {
    store = store, payment_id = body.paymentId, channel = channel, type = body.type,
    order_name = body.orderName, currency = body.currency, amount = amount, paid_at = paid_at,
    manual = payment == nil,
  })
  if tx then tx.receipt, tx.receipt_status = receipt, "ISSUED" end
  return 200, { cashReceipt = { issueNumber = receipt.issue_number, url = receipt.url,
    pgReceiptId = receipt.pg_receipt_id } }
end

local function receipt_view(world, r)
  return {
    status = r.status,
    merchantId = world.config.merchant_id,
    storeId = r.store,
    paymentId = r.payment_id,
    channel = channels.selected(r.channel),
    amount = r.amount.total,
    taxFreeAmount = r.amount.tax_free,
    vatAmount = r.amount.vat,
    currency = r.currency,
    orderName = r.order_name,
    isManual = r.manual,
    type = r.type,
    pgReceiptId = r.pg_receipt_id,
    issueNumber = r.issue_number,
    url = r.url,
    issuedAt = view.time(world, r.issued_at),
    cancelledAt = view.time(world, r.cancelled_at),
    statusUpdatedAt = view.time(world, r.changed_at),
  }
end

local function find(world, req)
  local store = state.store(world, req.query.storeId)
  return world.v2.receipts.map[state.key(store, req.path.paymentId)]
    or answer.refuse("CASH_RECEIPT_NOT_FOUND", "no cash receipt under this paymentId")
end

M.handlers["v2.payment.cash_receipt.get_cash_receipt_by_payment_id"] = function(world, req)
  return 200, receipt_view(world, find(world, req))
end

M.handlers["v2.payment.cash_receipt.cancel_cash_receipt_by_payment_id"] = function(world, req)
  local receipt = find(world, req)
  if receipt.status ~= "ISSUED" then
    answer.refuse("CASH_RECEIPT_NOT_ISSUED", "the cash receipt was cancelled before")
  end
  local refusal = channels.outage(world, receipt.channel)
  if refusal then return answer.declined(refusal) end
  receipt.status, receipt.cancelled_at = "CANCELLED", world:now()
  receipt.changed_at = receipt.cancelled_at
  return 200, { cancelledAmount = receipt.amount.total,
    cancelledAt = view.time(world, receipt.cancelled_at) }
end

local TIMES = {
  ISSUED_AT = function(r) return r.issued_at end,
  CANCELLED_AT = function(r) return r.cancelled_at end,
  STATUS_UPDATED_AT = function(r) return r.changed_at end,
}

local function passes(r, filter, first, last, at)
  local time = at(r)
  local provider = gateways.provider(r.channel.pg)
  return time ~= nil and time >= first and time <= last
    and lists.equals(filter.storeId, r.store)
    and lists.equals(filter.paymentId, r.payment_id)
    and lists.equals(filter.isTest, true)
    and lists.equals(filter.orderName, r.order_name)
    and lists.names(filter.statuses, r.status)
    and lists.equals(filter.isManual, r.manual)
    and lists.equals(filter.pgReceiptId, r.pg_receipt_id)
    and lists.equals(filter.pgMerchantId, r.channel.pg_id)
    and lists.names(filter.pgProviders, provider)
    and lists.names(filter.pgCompanies, gateways.company(provider))
    and lists.equals(filter.version, "V2")
    and lists.names(filter.types, r.type)
end

M.handlers["v2.payment.cash_receipt.get_cash_receipts"] = function(world, req)
  local filter, sort = req.body.filter or {}, req.body.sort or {}
  if filter.storeId then state.store(world, filter.storeId) end
  local page = lists.page(req.body.page)
  local first, last = lists.window(world, filter)
  local at = TIMES[filter.timeRangeField or "ISSUED_AT"]
  local found = lists.select(world.v2.receipts.list, function(r)
    return passes(r, filter, first, last, at)
  end)
  lists.sort(found, TIMES[sort.by or "ISSUED_AT"], sort.order)
  return 200, lists.paged(found, page, function(r) return receipt_view(world, r) end)
end

return M
