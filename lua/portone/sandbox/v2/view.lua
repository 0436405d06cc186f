-- SPDX-License-Identifier: MIT
--- State of the books as the response objects of the V2 spec: its fields, nothing else.
--
-- A view is a fresh table each time, so that a stored answer never changes under its reader.

local json = require "portone.json"

local M = {}

--- A copy that shares no table with the original; array marks are kept.
---@param value any
---@return any
function M.copy(value)
  if type(value) ~= "table" then return value end
  local out = {}
  for k, v in pairs(value) do out[k] = M.copy(v) end
  return setmetatable(out, getmetatable(value))
end

--- A list as a JSON array, each item through `fn` when one is given.
---@param list table|nil
---@param fn function|nil item → view
---@return table
function M.array(list, fn)
  local out = {}
  for i, item in ipairs(list or {}) do out[i] = fn and fn(item) or M.copy(item) end
  return json.array(out)
end

-- A list as a JSON array, or nothing when there is none.
local function some(list, fn)
  if list and #list > 0 then return M.array(list, fn) end
end

--- A time, or nothing.
---@param world table
---@param at number|nil unix seconds
---@return string|nil
function M.time(world, at)
  return at and world:iso(at)
end

--- Customer, from the CustomerInput of a request: names joined, the address with its one line.
---@param input table|nil
---@return table
function M.customer(input)
  input = input or {}
  local name = input.name or {}
  local separated = name.separated
  return {
    id = input.id,
    name = name.full or separated and separated.first .. " " .. separated.last or nil,
    birthYear = input.birthYear,
    birthMonth = input.birthMonth,
    birthDay = input.birthDay,
    gender = input.gender,
    email = input.email,
    phoneNumber = input.phoneNumber,
    address = input.address and M.address(input.address),
    zipcode = input.zipcode,
  }
end

--- Address, from a SeparatedAddressInput.
---@param input table
---@return table
function M.address(input)
  local line = {}
  for _, part in ipairs { "province", "city", "addressLine1", "addressLine2" } do
    if input[part] and input[part] ~= "" then line[#line + 1] = input[part] end
  end
  return {
    type = "SEPARATED",
    oneLine = table.concat(line, " "),
    addressLine1 = input.addressLine1,
    addressLine2 = input.addressLine2,
    city = input.city,
    province = input.province,
    country = input.country,
  }
end

--- PaymentCancellation.
---@param world table
---@param c table
---@return table
function M.cancellation(world, c)
  return {
    status = c.status,
    id = c.id,
    pgCancellationId = c.pg_cancellation_id,
    totalAmount = c.total,
    taxFreeAmount = c.tax_free,
    vatAmount = c.vat,
    reason = c.reason,
    cancelledAt = M.time(world, c.cancelled_at),
    requestedAt = M.time(world, c.requested_at),
    receiptUrl = c.status == "SUCCEEDED" and c.receipt_url or nil,
    trigger = c.trigger,
  }
end

--- PaymentCashReceipt: the receipt as a part of its payment.
---@param world table
---@param r table|nil
---@return table|nil
function M.payment_receipt(world, r)
  if not r then return nil end
  return {
    status = r.status,
    type = r.type,
    pgReceiptId = r.pg_receipt_id,
    issueNumber = r.issue_number,
    totalAmount = r.amount.total,
    taxFreeAmount = r.amount.tax_free,
    currency = r.currency,
    url = r.url,
    issuedAt = M.time(world, r.issued_at),
    cancelledAt = M.time(world, r.cancelled_at),
  }
end

--- How a webhook has fared so far.
---@param hook table
---@return string|nil PaymentWebhookStatus; nil before the first attempt has ended
function M.webhook_status(hook)
  local last = hook.attempts[#hook.attempts]
  if hook.state == "delivered" then return "SUCCEEDED" end
  if not last then return nil end
  if last.status then return "FAILED_NOT_OK_RESPONSE" end
  return last.error and "FAILED_UNEXPECTED_ERROR" or nil
end

-- Six attempts in all, as the guide's table of waits has them.
local MAX_ATTEMPTS = 6

--- PaymentWebhook.
---@param world table
---@param record table { hook, payment_status, trigger?, async, at }
---@return table
function M.webhook(world, record)
  local hook = record.hook
  local last = hook.attempts[#hook.attempts]
  return {
    paymentStatus = record.payment_status,
    id = hook.id,
    status = M.webhook_status(hook),
    url = hook.url,
    isAsync = record.async,
    currentExecutionCount = #hook.attempts,
    maxExecutionCount = MAX_ATTEMPTS,
    trigger = record.trigger,
    request = last and { body = hook.body, requestedAt = M.time(world, last.at) } or nil,
    response = last and last.status and { code = string.format("%d", last.status), header = "",
      body = last.answer or "", respondedAt = M.time(world, last.at) } or nil,
    triggeredAt = M.time(world, record.at),
  }
end

local function escrow(world, e)
  if not e then return nil end
  local automatic
  if e.status == "CONFIRMED" then automatic = e.automatic == true end
  return {
    status = e.status,
    company = e.company,
    invoiceNumber = e.invoice_number,
    sentAt = M.time(world, e.sent_at),
    appliedAt = M.time(world, e.applied_at),
    isAutomaticallyConfirmed = automatic,
  }
end

--- PaymentAmount of an attempt, at a moment when so much had been cancelled.
---@param tx table
---@param cancelled integer|nil minor units; what is cancelled now when absent
---@param cancelled_tax_free integer|nil
---@return table
function M.amount(tx, cancelled, cancelled_tax_free)
  local a = tx.amount
  return {
    total = a.total,
    taxFree = a.tax_free,
    vat = a.vat,
    supply = a.supply,
    discount = tx.discount,
    paid = tx.paid_at and a.total - tx.discount or 0,
    cancelled = cancelled or tx.cancelled,
    cancelledTaxFree = cancelled_tax_free or tx.cancelled_tax_free,
  }
end

-- What payments, transactions and events have in common.
local function base(world, tx)
  local order = tx.order
  return {
    merchantId = world.config.merchant_id,
    storeId = tx.payment.store,
    method = M.copy(tx.method),
    channel = M.copy(tx.channel),
    channelGroup = M.copy(tx.channel_group),
    version = "V2",
    scheduleId = tx.schedule_id,
    billingKey = tx.billing_key,
    webhooks = some(tx.webhooks, function(w) return M.webhook(world, w) end),
    requestedAt = M.time(world, tx.requested_at),
    orderName = order.orderName,
    currency = order.currency,
    customer = M.customer(order.customer),
    promotionId = tx.promotion and tx.promotion.id,
    isCulturalExpense = order.isCulturalExpense,
    escrow = escrow(world, tx.escrow),
    products = some(order.products),
    productCount = order.productCount,
    customData = order.customData,
    country = order.country,
  }
end

-- What a payment shows once money has arrived.
local function settled(world, tx, out)
  out.paidAt = M.time(world, tx.paid_at)
  out.pgTxId = tx.pg_tx_id
  out.cashReceipt = M.payment_receipt(world, tx.receipt)
  out.cashReceiptIssuanceStatus = tx.receipt_status
  out.receiptUrl = tx.receipt_url
end

local by_status = {}

function by_status.READY() end

function by_status.PAY_PENDING(_, tx, out) out.pgTxId = tx.pg_tx_id end

by_status.VIRTUAL_ACCOUNT_ISSUED = by_status.PAY_PENDING

function by_status.FAILED(world, tx, out)
  out.failedAt = M.time(world, tx.failed_at)
  out.failure = M.copy(tx.failure)
end

function by_status.PAID(world, tx, out)
  settled(world, tx, out)
  out.pgResponse = tx.pg_response
end

function by_status.PARTIAL_CANCELLED(world, tx, out)
  settled(world, tx, out)
  out.cancelledAt = M.time(world, tx.cancelled_at)
end

by_status.CANCELLED = by_status.PARTIAL_CANCELLED

local PAID_FAMILY = { PAID = true, PARTIAL_CANCELLED = true, CANCELLED = true }

local function attempt(world, tx)
  local out = base(world, tx)
  out.status = tx.status
  out.updatedAt = M.time(world, tx.updated_at)
  out.statusChangedAt = M.time(world, tx.changed_at)
  out.amount = M.amount(tx)
  by_status[tx.status](world, tx, out)
  return out
end

--- Payment: the last attempt under its paymentId.
---@param world table
---@param payment table
---@return table
function M.payment(world, payment)
  local tx = payment.tx
  local out = attempt(world, tx)
  out.id = payment.id
  out.transactionId = tx.id
  out.origin = M.copy(tx.origin)
  if tx.status == "PAID" then out.disputes = json.array {} end
  if PAID_FAMILY[tx.status] and (tx.status ~= "PAID" or #tx.cancellations > 0) then
    out.cancellations = M.array(tx.cancellations, function(c) return M.cancellation(world, c) end)
  end
  return out
end

--- PaymentTransaction: one attempt.
---@param world table
---@param tx table
---@return table
function M.transaction(world, tx)
  local out = attempt(world, tx)
  out.id = tx.id
  out.paymentId = tx.payment.id
  if PAID_FAMILY[tx.status] and tx.status ~= "PAID" then
    out.cancellations = M.array(tx.cancellations, function(c) return M.cancellation(world, c) end)
  end
  return out
end

--- PaymentEvent: money that moved, as the payment stood then.
---@param world table
---@param e table
---@return table
function M.event(world, e)
  local tx = e.tx
  local out = base(world, tx)
  settled(world, tx, out)
  out.paidAt, out.billingKey = nil, nil
  out.type = e.type
  out.id = e.id
  out.paymentId = tx.payment.id
  out.transactionId = tx.id
  out.createdAt = M.time(world, e.at)
  out.totalAmount = M.amount(tx, e.cancelled, e.cancelled_tax_free)
  out.origin = M.copy(tx.origin)
  out.eventAmount = e.amount
  if e.type == "PAID" then
    out.pgResponse = tx.pg_response
    out.disputes = json.array {}
  else
    out.cancellation = M.cancellation(world, e.cancellation)
  end
  return out
end

--- PageInfo.
---@param page table { number, size }
---@param total integer
---@return table
function M.page(page, total)
  return { number = page.number, size = page.size, totalCount = total }
end

return M
