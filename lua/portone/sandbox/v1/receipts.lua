-- SPDX-License-Identifier: MIT
-- Cash receipts: for cash payments made here, and for sales made elsewhere.

local answer = require "portone.sandbox.v1.answer"
local cancel = require "portone.sandbox.v1.cancel"
local channels = require "portone.sandbox.v1.channels"
local money = require "portone.sandbox.v1.money"
local payments = require "portone.sandbox.v1.payments"
local view = require "portone.sandbox.v1.view"

local M = { handlers = {} }

local CASH = { vbank = true, trans = true }

local function live(receipt)
  return receipt and (receipt.cancelled_at or 0) == 0
end

-- The VAT of a receipt: as said, or one eleventh of what is taxable.
local function vat_of(body, amount)
  local free = body.tax_free or 0
  if free < 0 or free > amount then return nil, "면세금액은 0원 이상, 발행금액 이하여야 합니다." end
  local vat = body.vat_amount or body.vat
  if not vat then return money.vat(amount - free, "KRW") end
  if vat < 0 or vat > amount - free or vat % 1 ~= 0 then
    return nil, "부가세는 0원 이상, 과세금액 이하여야 합니다."
  end
  return vat
end

local function new_receipt(world, body, amount, vat)
  local id = world:digits(9)
  return { amount = amount, vat = vat, type = body.type or "person", apply_num = id,
    receipt_tid = "receipt_" .. world:hex(20), applied_at = world:now(),
    receipt_url = "https://receipt.portone.invalid/cash/" .. id }
end

M.handlers["v1.receipts.issue"] = function(world, req)
  local payment = world.v1.payments[req.path.imp_uid]
  if not payment then return answer.fail(world, 400, "결제 내역이 없습니다: " .. req.path.imp_uid) end
  if not channels.supported(world, req, payment.pg_provider) then
    return answer.fail(world, 501, "현금영수증을 지원하지 않는 PG사입니다: " .. payment.pg_provider)
  end
  local left = cancel.refundable(payment)
  local problem = channels.missing_fields(world, req, payment.pg_provider)
  if not CASH[payment.pay_method] then
    problem = "계좌이체와 가상계좌 결제만 현금영수증을 발행할 수 있습니다."
  elseif (payment.paid_at or 0) == 0 or left <= 0 then
    problem = "결제가 완료된 상태가 아닙니다: " .. payment.status
  elseif live(world.v1.receipts[payment.imp_uid]) then
    problem = "이미 현금영수증이 발행된 결제입니다: " .. payment.imp_uid
  end
  if problem then return answer.fail(world, 400, problem) end
  local vat
  vat, problem = vat_of(req.body, left)
  if not vat then return answer.fail(world, 400, problem) end
  local receipt = new_receipt(world, req.body, left, vat)
  receipt.imp_uid = payment.imp_uid
  world.v1.receipts[payment.imp_uid] = receipt
  payment.cash_receipt_issued = true
  return answer.ok(view.receipt(receipt))
end

M.handlers["v1.receipts.get"] = function(world, req)
  local payment, refusal = payments.find(world, req)
  if not payment then return refusal[1], refusal[2] end
  local receipt = world.v1.receipts[payment.imp_uid]
  if not receipt then
    return answer.fail(world, 404, "발행된 현금영수증이 없습니다: " .. payment.imp_uid)
  end
  return answer.ok(view.receipt(receipt))
end

-- No 404 is declared here.
M.handlers["v1.receipts.revoke"] = function(world, req)
  local payment, receipt = world.v1.payments[req.path.imp_uid], world.v1.receipts[req.path.imp_uid]
  if not live(receipt) then
    return answer.fail(world, 400, "발행된 현금영수증이 없습니다: " .. req.path.imp_uid)
  end
  if not channels.supported(world, req, payment.pg_provider) then
    return answer.fail(world, 501, "현금영수증을 지원하지 않는 PG사입니다: " .. payment.pg_provider)
  end
  receipt.cancelled_at, payment.cash_receipt_issued = world:now(), false
  return answer.ok(view.receipt(receipt))
end

M.handlers["v1.receipts.external_issue"] = function(world, req)
  local uid, body = req.path.merchant_uid, req.body
  local channel, problem = channels.resolve(world, req)
  if not channel then
    local known = body.channel_key and world:channel(body.channel_key)
    return answer.fail(world, known and 501 or 400, problem)
  end
  problem = channels.missing_fields(world, req, channel.pg)
  if live(world.v1.external_receipts[uid]) then
    problem = "이미 현금영수증이 발행된 주문번호입니다: " .. uid
  elseif body.amount <= 0 then
    problem = "발행금액이 올바르지 않습니다: " .. tostring(body.amount)
  end
  if problem then return answer.fail(world, 400, problem) end
  local vat
  vat, problem = vat_of(body, body.amount)
  if not vat then return answer.fail(world, 400, problem) end
  local receipt = new_receipt(world, body, body.amount, vat)
  receipt.merchant_uid, receipt.pg = uid, channel.pg
  world.v1.external_receipts[uid] = receipt
  return answer.ok(view.receipt(receipt))
end

local function external(world, req)
  local uid = req.path.merchant_uid
  local receipt = world.v1.external_receipts[uid]
  if receipt then return receipt end
  return nil, { answer.fail(world, 404, "발행된 현금영수증이 없습니다: " .. uid) }
end

M.handlers["v1.receipts.external_get"] = function(world, req)
  local receipt, refusal = external(world, req)
  if not receipt then return refusal[1], refusal[2] end
  return answer.ok(view.receipt(receipt))
end

M.handlers["v1.receipts.external_revoke"] = function(world, req)
  local receipt, refusal = external(world, req)
  if not receipt then return refusal[1], refusal[2] end
  if not live(receipt) then return answer.fail(world, 404, "이미 취소된 현금영수증입니다.") end
  if not channels.supported(world, req, receipt.pg) then
    return answer.fail(world, 501, "현금영수증 취소를 지원하지 않는 PG사입니다: " .. receipt.pg)
  end
  receipt.cancelled_at = world:now()
  return answer.ok(view.receipt(receipt))
end

return M
