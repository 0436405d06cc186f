-- SPDX-License-Identifier: MIT
-- Services of single PGs with little state: Benepia points, KCP Quick, Payco, Paymentwall,
-- sub-merchants on an Inicis sales slip.

local answer = require "portone.sandbox.v1.answer"
local channels = require "portone.sandbox.v1.channels"
local charge = require "portone.sandbox.v1.charge"
local payments = require "portone.sandbox.v1.payments"
local settings = require "portone.sandbox.v1.settings"
local subscribe = require "portone.sandbox.v1.subscribe"
local values = require "portone.sandbox.v1.values"
local view = require "portone.sandbox.v1.view"

local M = { handlers = {} }

-- ── Benepia ──────────────────────────────────────────────────────────────────────────────────

-- What an account has: the setting, less what its payments hold.
local function points(world, user)
  local left = settings.get(world, "v1_benepia_points")
  for _, payment in ipairs(world.v1.payment_order) do
    if payment.benepia_user == user and (payment.paid_at or 0) ~= 0 then
      left = left - payment.amount + payment.cancel_amount
    end
  end
  return left
end

M.handlers["v1.benepia.point"] = function(world, req)
  local channel, problem = channels.resolve(world, req)
  if not channel then return answer.fail(world, 500, problem) end
  return answer.ok { point = points(world, req.body.benepia_user) }
end

M.handlers["v1.benepia.pay"] = function(world, req)
  local channel, problem = channels.resolve(world, req)
  local order, user = charge.order(req.body), req.body.benepia_user
  problem = problem or charge.problem(world, order)
  if not problem and points(world, user) < order.amount then problem = "포인트가 부족합니다." end
  if problem then return answer.fail(world, 500, problem) end
  local payment = charge.run(world, order, { channel = channel, pay_method = "point" })
  payment.benepia_user = user
  return answer.ok(view.payment(payment))
end

-- ── KCP Quick ────────────────────────────────────────────────────────────────────────────────

local function keep_prepared(world, req)
  world.v1.kcp_prepared[req.path.merchant_uid] = { amount = req.body.prepaid_amount,
    btid = req.body.btid }
  return 200, nil
end

M.handlers["v1.kcpquick.prepare"] = function(world, req)
  if world.v1.kcp_prepared[req.path.merchant_uid] then
    return answer.fail(world, 409, "이미 사전 등록된 주문번호입니다: " .. req.path.merchant_uid)
  end
  return keep_prepared(world, req)
end

M.handlers["v1.kcpquick.prepare_update"] = function(world, req)
  if not world.v1.kcp_prepared[req.path.merchant_uid] then
    return answer.fail(world, 404, "사전 등록된 적이 없는 주문번호입니다: " .. req.path.merchant_uid)
  end
  return keep_prepared(world, req)
end

M.handlers["v1.kcpquick.pay_money"] = function(world, req)
  local body, order = req.body, charge.order(req.body)
  local channel, problem = channels.resolve(world, req)
  problem = problem or charge.problem(world, order)
  local prepared = world.v1.kcp_prepared[body.merchant_uid]
  if not problem and prepared and prepared.amount and prepared.amount ~= body.amount then
    problem = "사전 등록된 선불머니 금액과 다릅니다."
  end
  if problem then return answer.refuse(world, problem) end
  local members, now = world.v1.kcp_members, world:now()
  local member = members[body.member_id] or { member_id = body.member_id, inserted = now,
    pg_provider = channel.pg, pg_id = channel.pg_id }
  member.updated = now
  members[body.member_id] = member
  return answer.ok(view.payment(charge.run(world, order,
    { channel = channel, pay_method = "point" })))
end

-- Members are those who have paid.
M.handlers["v1.kcpquick.delete_member"] = function(world, req)
  local member = world.v1.kcp_members[req.path.member_id]
  if not member then
    return answer.fail(world, 404, "등록되지 않은 회원입니다: " .. req.path.member_id)
  end
  world.v1.kcp_members[req.path.member_id] = nil
  return answer.ok { member_id = member.member_id, pg_provider = member.pg_provider,
    pg_id = member.pg_id, inserted = member.inserted, updated = member.updated }
end

-- What KCP itself says of a failure stands beside the envelope's message.
M.handlers["v1.kcpquick.release_fido"] = function(world, req)
  local channel, problem = channels.resolve(world, req)
  if not channel then return answer.fail(world, 400, problem) end
  local member_id = req.path.member_id
  if world.v1.kcp_members[member_id] then return answer.ok { member_id = member_id } end
  local message = "등록되지 않은 회원입니다: " .. member_id
  local status, body = answer.refuse(world, message)
  body.error = { code = "MEMBER_NOT_FOUND", message = message }
  return status, body
end

-- The key of a KCP Quick member, registered in a payment window.
local function autopay_key(world, customer_uid)
  local customer = world.v1.customers[customer_uid]
  local key = customer and customer.keys[1]
  return key and key.pg_provider == "kcp_quick" and key or nil
end

M.handlers["v1.kcpquick.pay_autopay"] = function(world, req)
  local body, order = req.body, charge.order(req.body)
  local key = autopay_key(world, body.customer_uid)
  local problem = not key and "등록된 자동결제 키가 없습니다: " .. body.customer_uid
    or charge.problem(world, order)
  if problem then return answer.refuse(world, problem) end
  return subscribe.answer(world, charge.run(world, order, { channel = key.channel, card = key.card,
    customer_uid = body.customer_uid, usage = "payment" }))
end

M.handlers["v1.kcpquick.delete_autopay"] = function(world, req)
  local uid = req.path.customer_uid
  if not autopay_key(world, uid) then
    return answer.fail(world, 404, "등록된 자동결제 키가 없습니다: " .. uid)
  end
  world.v1.customers[uid] = nil
  return answer.ok { customer_uid = uid }
end

-- ── Payco, Paymentwall, Inicis ───────────────────────────────────────────────────────────────

-- An order is delivered, then decided; it can be cancelled until then.
local PAYCO = { DELIVERY_START = { [""] = true }, PURCHASE_DECISION = { DELIVERY_START = true },
  CANCELED = { [""] = true, DELIVERY_START = true } }

M.handlers["v1.payco.update_status"] = function(world, req)
  local payment, status = world.v1.payments[req.path.imp_uid], req.body.status
  if not payment or payment.pg_provider ~= "payco" or (payment.paid_at or 0) == 0 then
    return answer.refuse(world, "페이코로 결제 완료된 건이 아닙니다: " .. req.path.imp_uid)
  end
  if not PAYCO[status][payment.payco_status or ""] then
    return answer.refuse(world, "지금 상태에서는 바꿀 수 없습니다: " .. tostring(payment.payco_status))
  end
  payment.payco_status = status
  return answer.ok { status = status }
end

M.handlers["v1.paymentwall.register_delivery"] = function(world, req)
  local payment = world.v1.payments[req.body.imp_uid]
  if not payment or payment.merchant_uid ~= req.body.merchant_uid then
    return answer.refuse(world, "결제 내역이 없습니다: " .. req.body.imp_uid)
  end
  if payment.pg_provider ~= "paymentwall" or payment.status ~= "paid" then
    return answer.refuse(world, "페이먼트월로 결제 완료된 건이 아닙니다: " .. payment.imp_uid)
  end
  payment.delivery = req.body.status
  return answer.ok { error_code = 0, error = "", notices = values.array {} }
end

M.handlers["v1.partners.register_receipts"] = function(world, req)
  local payment, refusal = payments.find(world, req)
  if not payment then return refusal[1], refusal[2] end
  if not channels.supported(world, req, payment.pg_provider) then
    return answer.fail(world, 501, "지원하지 않는 PG사입니다: " .. payment.pg_provider)
  end
  local sum = 0
  for _, part in ipairs(req.body.data) do sum = sum + part.amount end
  if payment.status ~= "paid" then
    return answer.fail(world, 400, "결제가 완료된 상태가 아닙니다: " .. payment.status)
  end
  if #req.body.data == 0 or sum > payment.amount then
    return answer.fail(world, 400, "하위 상점 거래 금액의 합이 결제금액보다 큽니다.")
  end
  return answer.ok { receipt_url = payment.receipt_url or values.null }
end

return M
