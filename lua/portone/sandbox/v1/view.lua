-- SPDX-License-Identifier: MIT
-- Records of the books as the API shows them: every documented field, null where unset.

local values = require "portone.sandbox.v1.values"

local M = {}

local function words(text)
  local list = {}
  for word in text:gmatch("%S+") do table.insert(list, word) end
  return list
end

local BUYER = "buyer_name buyer_email buyer_tel buyer_addr buyer_postcode"
local CARD = "card_code card_name card_issuer_code card_issuer_name card_publisher_code"
  .. " card_publisher_name card_number card_type"
local CUSTOMER = "customer_name customer_tel customer_email customer_addr customer_postcode"

local PAYMENT = words("imp_uid merchant_uid pay_method channel pg_provider emb_pg_provider pg_tid"
  .. " pg_id apply_num bank_code bank_name " .. CARD .. " vbank_code vbank_name vbank_num"
  .. " vbank_holder name amount cancel_amount currency " .. BUYER .. " custom_data user_agent"
  .. " status fail_reason cancel_reason receipt_url customer_uid customer_uid_usage promotion")
local PAYMENT_ZERO = words("card_quota vbank_date vbank_issued_at started_at paid_at failed_at"
  .. " cancelled_at")
local SCHEDULE = words("customer_uid merchant_uid imp_uid pg_provider pg_id customer_id schedule_at"
  .. " amount currency name " .. BUYER .. " custom_data schedule_status fail_reason promotion_id")
local CUSTOMER_FIELDS = words("customer_uid customer_id " .. CUSTOMER)
local KEY_CARD = words(CARD)
local RECEIPT = words("receipt_tid apply_num type amount vat receipt_url applied_at cancelled_at")

local function show(record, fields, out)
  for _, field in ipairs(fields) do
    local value = record[field]
    if value == nil then value = values.null end
    out[field] = value
  end
  return out
end

-- The list may grow after the answer; its entries never change.
local function copies(list)
  local out = {}
  for i, item in ipairs(list or {}) do out[i] = item end
  return values.array(out)
end

--- A payment.
---@param payment table record
---@return table
function M.payment(payment)
  local out = show(payment, PAYMENT, {})
  for _, field in ipairs(PAYMENT_ZERO) do out[field] = payment[field] or 0 end
  out.sandbox = payment.sandbox == true
  out.escrow = payment.escrow == true
  out.cash_receipt_issued = payment.cash_receipt_issued == true
  out.cancel_history = copies(payment.cancel_history)
  out.deposit_history = copies(payment.deposit_history)
  local urls = {}
  for _, cancel in ipairs(payment.cancel_history or {}) do
    table.insert(urls, cancel.receipt_url)
  end
  out.cancel_receipt_urls = values.array(urls)
  return out
end

--- A list of records.
---@param one fun(record: table): table
---@param records table[]
---@return table
function M.list(one, records)
  local out = {}
  for i, record in ipairs(records) do out[i] = one(record) end
  return values.array(out)
end

--- A schedule. `payment_status` follows its payment: a cancelled one shows as cancelled.
---@param schedule table record
---@return table
function M.schedule(schedule)
  local out = show(schedule, SCHEDULE, {})
  out.executed_at = schedule.executed_at or 0
  out.revoked_at = schedule.revoked_at or 0
  out.payment_status = schedule.payment and schedule.payment.status or values.null
  return out
end

--- A billing key, or the super billing key of a channel group.
---@param customer table record
---@return table
function M.customer(customer)
  local out = show(customer, CUSTOMER_FIELDS, {})
  if customer.group_id then
    out.channelGroupId = customer.group_id
    out.succeededChannels = M.list(function(key)
      return show(key, KEY_CARD, { pg_provider = key.pg_provider, pg_id = key.pg_id,
        inserted = key.inserted, updated = key.updated })
    end, customer.keys)
    out.failedChannels = copies(customer.failed)
    return out
  end
  local key = customer.keys[1]
  show(key, KEY_CARD, out)
  out.pg_provider, out.pg_id = key.pg_provider, key.pg_id
  out.sandbox = customer.sandbox == true
  out.inserted, out.updated = customer.inserted, customer.updated
  return out
end

--- A cash receipt, of a payment (`imp_uid`) or of an outside sale (`merchant_uid`).
---@param receipt table record
---@return table
function M.receipt(receipt)
  local out = show(receipt, RECEIPT, {})
  out.cancelled_at = receipt.cancelled_at or 0
  out.imp_uid, out.merchant_uid = receipt.imp_uid, receipt.merchant_uid
  return out
end

return M
