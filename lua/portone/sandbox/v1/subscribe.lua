-- SPDX-License-Identifier: MIT
-- Charges without a payment window: by card (onetime) and by billing key (again).

local answer = require "portone.sandbox.v1.answer"
local channels = require "portone.sandbox.v1.channels"
local charge = require "portone.sandbox.v1.charge"
local keys = require "portone.sandbox.v1.keys"
local view = require "portone.sandbox.v1.view"

local M = { handlers = {} }

--- Answers a charge: a card that said no is a success of the call, a PG that gave no verdict is
--- not.
---@param world table
---@param payment table
---@param refusal? portone.sandbox.refusal
---@return integer status
---@return table body
function M.answer(world, payment, refusal)
  if refusal and not refusal.reached then return answer.refuse(world, payment.fail_reason) end
  return answer.ok(view.payment(payment))
end

-- With a customer_uid the key is issued first, and kept only when the charge is approved too.
M.handlers["v1.subscribe.onetime"] = function(world, req)
  local body = req.body
  local channel, problem = channels.resolve(world, req)
  if problem then return answer.refuse(world, problem) end
  local card, order
  order = charge.order(body)
  problem = channels.missing_fields(world, req, channel.pg) or charge.pg_problem(order, channel.pg)
    or charge.problem(world, order)
  if not problem then card, problem = keys.read_card(body) end
  if problem then return answer.refuse(world, problem) end
  local key, refusal
  if body.customer_uid then
    key, refusal = keys.make(world, channel, card)
    if not key then
      return answer.refuse(world, "빌링키 발급에 실패했습니다. " .. charge.reason(refusal))
    end
  end
  local payment
  payment, refusal = charge.run(world, order, { channel = channel, card = card,
    customer_uid = body.customer_uid, usage = body.customer_uid and "issue" or nil,
    pay_method = "card" })
  if key and payment.status == "paid" then keys.save(world, body.customer_uid, body, { key }) end
  return M.answer(world, payment, refusal)
end

M.handlers["v1.subscribe.again"] = function(world, req)
  local body = req.body
  local customer = world.v1.customers[body.customer_uid]
  if not customer then
    return answer.refuse(world, "등록된 빌링키가 없습니다: " .. tostring(body.customer_uid))
  end
  local key, problem = keys.choose(world, customer, body.channel_key)
  if not key then return answer.refuse(world, problem) end
  local channel, order = key.channel, charge.order(body)
  if not channels.supported(world, req, channel.pg) then
    return answer.refuse(world, "이 PG사의 빌링키로는 결제할 수 없습니다: " .. channel.pg)
  end
  problem = channels.missing_fields(world, req, channel.pg) or charge.pg_problem(order, channel.pg)
    or charge.problem(world, order)
  if problem then return answer.refuse(world, problem) end
  local payment, refusal = charge.run(world, order, { channel = channel, card = key.card,
    customer_uid = body.customer_uid, usage = "payment" })
  return M.answer(world, payment, refusal)
end

return M
