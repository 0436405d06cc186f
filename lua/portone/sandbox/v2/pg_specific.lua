-- SPDX-License-Identifier: MIT
--- Operations that only one gateway has.

local answer = require "portone.sandbox.v2.answer"
local channels = require "portone.sandbox.v2.channels"
local json = require "portone.json"
local lists = require "portone.sandbox.v2.lists"

local M = { handlers = {} }

local function find_tx(world, passes)
  for _, payment in ipairs(world.v2.payments.list) do
    for _, tx in ipairs(payment.attempts) do
      if passes(tx) then return tx end
    end
  end
end

-- What the delivery of something physical has to name besides.
local PHYSICAL = { "carrierTrackingId", "carrierType", "shippingAddressCountry",
  "shippingAddressCity", "shippingAddressZip", "shippingAddressState", "shippingAddressStreet",
  "shippingAddressPhone", "shippingAddressFirstname", "shippingAddressLastname" }

M.handlers["v2.pg_specific.confirm_paymentwall_delivery"] = function(world, req)
  local body = req.body
  lists.moment("estimatedDeliveryDatetime", body.estimatedDeliveryDatetime)
  lists.moment("estimatedUpdateDatetime", body.estimatedUpdateDatetime)
  for _, name in ipairs(body.deliveryType == "PHYSICAL" and PHYSICAL or {}) do
    if body[name] == nil then answer.invalid(name, "is needed for a physical delivery") end
  end
  local tx = find_tx(world, function(tx) return tx.id == body.transactionId end)
    or answer.refuse("PAYMENT_NOT_FOUND", "no payment has this transactionId")
  tx.delivery = body.deliveryStatus
  return 200, {}
end

-- The gateway's own answer, passed on as text with its status.
M.handlers["v2.pg_specific.get_kakaopay_payment_order"] = function(world, req)
  local query = req.query
  local refusal, channel = answer.try(channels.by_key, world, query.channelKey)
  if refusal then answer.invalid("channelKey", refusal.body.message) end
  local tx = find_tx(world, function(tx)
    return tx.pg == channel and tx.pg_tx_id == query.pgTxId
  end)
  if not tx then
    return 200, { statusCode = 400, body = '{"error_code":-721,"error_message":"no such order"}' }
  end
  return 200, { statusCode = 200, body = json.encode { tid = tx.pg_tx_id, status = tx.status,
    partner_order_id = tx.payment.id, item_name = tx.order.orderName,
    amount = { total = tx.amount.total, tax_free = tx.amount.tax_free, vat = tx.amount.vat } } }
end

return M
