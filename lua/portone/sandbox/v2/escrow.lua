-- SPDX-License-Identifier: MIT
--- Escrow: delivery registered and modified, the purchase confirmed.

local answer = require "portone.sandbox.v2.answer"
local channels = require "portone.sandbox.v2.channels"
local lists = require "portone.sandbox.v2.lists"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"

local M = {}

-- A paid escrow payment, or a refusal. The API has no error for a payment without escrow.
local function paid_escrow(world, req)
  local store = state.store(world, req.body.storeId)
  local tx = state.payment(world, store, req.path.paymentId).tx
  if tx.status ~= "PAID" and tx.status ~= "PARTIAL_CANCELLED" then
    answer.refuse("PAYMENT_NOT_PAID", "only a paid payment is delivered")
  elseif not tx.escrow then
    answer.invalid("paymentId", "the payment is not an escrow payment")
  end
  return tx
end

local function needs(tx, allowed, what)
  if not allowed[tx.escrow.status] then
    answer.invalid("paymentId", what .. " in escrow status " .. tx.escrow.status)
  end
end

local function register(world, tx, logistics, sent_at)
  tx.escrow.company = logistics.company
  tx.escrow.invoice_number = logistics.invoiceNumber
  tx.escrow.sent_at, tx.escrow.applied_at = sent_at, world:now()
  tx.updated_at = world:now()
end

local function logistics_of(world, req, allowed, what)
  local tx = paid_escrow(world, req)
  needs(tx, allowed, what)
  local logistics = req.body.logistics
  local sent_at = lists.moment("logistics.sentAt", logistics.sentAt)
  lists.moment("logistics.receivedAt", logistics.receivedAt)
  return tx, logistics, sent_at, channels.outage(world, tx.pg)
end

M.handlers = {}

M.handlers["v2.payment.apply_escrow_logistics"] = function(world, req)
  local tx, logistics, sent_at, refusal = logistics_of(world, req, { BEFORE_REGISTERED = true },
    "a delivery cannot be registered")
  if refusal then return answer.declined(refusal) end
  register(world, tx, logistics, sent_at)
  tx.escrow.status = "REGISTERED"
  return 200, { invoiceNumber = logistics.invoiceNumber, sentAt = view.time(world, sent_at),
    appliedAt = view.time(world, world:now()) }
end

M.handlers["v2.payment.modify_escrow_logistics"] = function(world, req)
  local tx, logistics, sent_at, refusal = logistics_of(world, req, { REGISTERED = true },
    "a delivery cannot be modified")
  if refusal then return answer.declined(refusal) end
  register(world, tx, logistics, sent_at)
  return 200, { invoiceNumber = logistics.invoiceNumber, sentAt = view.time(world, sent_at),
    modifiedAt = view.time(world, world:now()) }
end

M.handlers["v2.payment.confirm_escrow"] = function(world, req)
  local tx = paid_escrow(world, req)
  needs(tx, { REGISTERED = true, DELIVERED = true }, "the purchase cannot be confirmed")
  local refusal = channels.outage(world, tx.pg)
  if refusal then return answer.declined(refusal) end
  tx.escrow.status, tx.escrow.automatic = "CONFIRMED", false
  tx.updated_at = world:now()
  return 200, { completedAt = view.time(world, world:now()) }
end

M.actions = {}

local EDGES = {
  DELIVERED = { REGISTERED = true },
  CONFIRMED = { REGISTERED = true, DELIVERED = true },
  REJECTED = { REGISTERED = true, DELIVERED = true },
  REJECT_CONFIRMED = { REJECTED = true },
}

--- What happens to an escrow delivery outside the API.
---@param world table
---@param args table { payment_id, store_id?, status = DELIVERED | CONFIRMED | REJECTED |
---  REJECT_CONFIRMED }
---@return boolean|nil ok
---@return string|nil problem
function M.actions.move_escrow(world, args)
  local key = state.key(args.store_id or world.config.store_id, args.payment_id)
  local payment = world.v2.payments.map[key]
  local escrow = payment and payment.tx.escrow
  local from = EDGES[args.status]
  if not escrow then return nil, "no such escrow payment" end
  if not from or not from[escrow.status] then
    return nil, "no way from " .. escrow.status .. " to " .. tostring(args.status)
  end
  escrow.status = args.status
  escrow.automatic = args.status == "CONFIRMED" or nil
  payment.tx.updated_at = world:now()
  return true
end

return M
