-- SPDX-License-Identifier: MIT
-- Amounts registered before the payment: a charge of that merchant_uid must agree with them.

local answer = require "portone.sandbox.v1.answer"
local money = require "portone.sandbox.v1.money"
local state = require "portone.sandbox.v1.state"
local values = require "portone.sandbox.v1.values"

local M = { handlers = {} }

local function show(prepared)
  return { merchant_uid = prepared.merchant_uid, amount = prepared.amount,
    currency = prepared.currency or values.null }
end

local function read(world, body)
  if not money.payable(body.amount, body.currency or "USD") then
    return nil, "결제 예정 금액이 올바르지 않습니다: " .. tostring(body.amount)
  end
  if state.is_paid(world, body.merchant_uid) then
    return nil, "이미 결제가 이루어진 주문번호입니다: " .. body.merchant_uid
  end
  return { merchant_uid = body.merchant_uid, amount = body.amount, currency = body.currency }
end

M.handlers["v1.payments.prepare"] = function(world, req)
  local body = req.body
  if world.v1.prepared[body.merchant_uid] then
    return answer.refuse(world, "이미 사전 등록된 주문번호입니다: " .. body.merchant_uid)
  end
  local prepared, problem = read(world, body)
  if not prepared then return answer.refuse(world, problem) end
  world.v1.prepared[body.merchant_uid] = prepared
  return answer.ok(show(prepared))
end

M.handlers["v1.payments.prepare_update"] = function(world, req)
  local body = req.body
  if not world.v1.prepared[body.merchant_uid] then
    return answer.fail(world, 404, "사전 등록된 적이 없는 주문번호입니다: " .. body.merchant_uid)
  end
  local prepared, problem = read(world, body)
  if not prepared then return answer.refuse(world, problem) end
  world.v1.prepared[body.merchant_uid] = prepared
  return answer.ok(show(prepared))
end

-- No 404 is declared here.
M.handlers["v1.payments.prepare_get"] = function(world, req)
  local prepared = world.v1.prepared[req.path.merchant_uid]
  if not prepared then
    return answer.refuse(world, "사전 등록된 적이 없는 주문번호입니다: " .. req.path.merchant_uid)
  end
  return answer.ok(show(prepared))
end

return M
