-- SPDX-License-Identifier: MIT
-- Refunds: rules of the API and of single PGs, then one commit.

local answer = require "portone.sandbox.v1.answer"
local calendar = require "portone.sandbox.v1.calendar"
local charge = require "portone.sandbox.v1.charge"
local duration = require "portone.sandbox.duration"
local money = require "portone.sandbox.v1.money"
local paging = require "portone.sandbox.v1.paging"
local settings = require "portone.sandbox.v1.settings"
local state = require "portone.sandbox.v1.state"
local view = require "portone.sandbox.v1.view"

local M = { handlers = {}, actions = {} }

local function set(...)
  local out = {}
  for _, name in ipairs { ... } do out[name] = true end
  return out
end

-- PGs that do not take a missing tax-free part as 0, and those that want the VAT repeated.
local TAX_FREE_NEEDED = set("kcp", "kcp_quick", "kicc", "nice", "payco")
local VAT_NEEDED = set("nice", "html5_inicis", "welcome", "nice_v2")
local GIFT = set("cultureland", "smartculture", "booknlife", "culturegift", "happymoney")

--- What can still be refunded of a payment.
---@param payment table
---@return number
function M.refundable(payment)
  return money.sub(payment.amount, payment.cancel_amount, payment.currency)
end

local function find(world, body)
  if body.imp_uid then
    local payment = world.v1.payments[body.imp_uid]
    if payment then return payment end
    return nil, "취소할 결제가 없습니다: " .. body.imp_uid
  end
  if not body.merchant_uid then
    return nil, "imp_uid 와 merchant_uid 중 하나는 필요합니다."
  end
  local last
  for _, payment in ipairs(state.payments_of(world, body.merchant_uid)) do
    if (payment.paid_at or 0) ~= 0 or not last or (last.paid_at or 0) == 0 then last = payment end
  end
  if last then return last end
  return nil, "취소할 결제가 없습니다: " .. body.merchant_uid
end

local function state_problem(payment)
  if (payment.paid_at or 0) == 0 then return "결제가 완료되지 않아 취소할 수 없습니다." end
  if M.refundable(payment) <= 0 then return "이미 전액 취소된 결제입니다." end
end

-- Absent or 0 asks for all that is left.
local function amount_of(payment, body)
  local left, amount = M.refundable(payment), body.amount or 0
  if not money.payable(amount, payment.currency) then
    return nil, "취소 요청 금액이 올바르지 않습니다: " .. tostring(amount)
  end
  if amount == 0 then amount = left end
  if amount > left then return nil, "취소 가능한 금액보다 큰 금액입니다." end
  if body.checksum and money.round(body.checksum, payment.currency) ~= left then
    return nil, "취소 가능 잔액이 checksum 과 다릅니다."
  end
  return money.round(amount, payment.currency)
end

-- Which part of the refund is tax free: what is left of it when all is refunded, else as asked.
local function tax_free_of(payment, body, amount)
  local left = M.refundable(payment)
  local free_left = money.sub(payment.tax_free or 0, payment.cancelled_tax_free, payment.currency)
  local free = body.tax_free
  if not free and free_left > 0 and TAX_FREE_NEEDED[payment.pg_provider] then
    return nil, "면세 결제를 취소하려면 tax_free 가 필요합니다."
  end
  free = free or (amount == left and free_left or 0)
  if not money.payable(free, payment.currency) or free > amount then
    return nil, "취소 요청 면세금액이 올바르지 않습니다."
  end
  if free > free_left then return nil, "취소 가능한 면세금액보다 큰 금액입니다." end
  if money.sub(amount, free, payment.currency) > money.sub(left, free_left, payment.currency) then
    return nil, "취소 가능한 과세금액보다 큰 금액입니다. tax_free 를 확인해 주세요."
  end
  return free
end

local function blank(value) return value == nil or value == "" end

local function account_problem(payment, body)
  local method, pg = payment.pay_method, payment.pg_provider
  local needed = method == "vbank" or method == "trans" and pg == "smartro_v2"
  if not needed then return nil end
  if blank(body.refund_holder) or blank(body.refund_bank) or blank(body.refund_account) then
    return "환불 계좌(refund_holder, refund_bank, refund_account)가 필요합니다."
  end
  if pg == "smartro" and blank(body.refund_tel) then
    return "환불 계좌 예금주 연락처(refund_tel)가 필요합니다."
  end
end

local function ksnet_problem(world, payment, partial)
  local now = world:now()
  if partial and #payment.cancel_history >= 9 then return "부분 취소는 9번까지 가능합니다." end
  if now > duration.after(payment.paid_at, "6 months") then
    return "결제 후 6개월이 지나 취소할 수 없습니다."
  end
  local hour = calendar.hour(now)
  if payment.pay_method == "vbank" and (hour >= 23 or hour < 6) then
    return "가상계좌 환불은 06시부터 23시까지 가능합니다."
  end
end

local function phone_problem(world, payment, body)
  if calendar.same_month(payment.paid_at, world:now()) then return nil end
  if payment.pg_provider ~= "kcp" then
    return "휴대폰 결제는 결제한 달 안에만 취소할 수 있습니다."
  end
  if blank(body.refund_holder) or blank(body.refund_bank) or blank(body.refund_account) then
    return "다음 달 환불에는 환불 계좌(refund_holder, refund_bank, refund_account)가 필요합니다."
  end
end

local function pg_problem(world, payment, body, amount)
  local pg, partial = payment.pg_provider, amount < M.refundable(payment)
  local vat_needed = VAT_NEEDED[pg] or pg == "tosspay_v2" and partial
  if payment.vat_amount and vat_needed and not body.vat_amount then
    return "부가세를 지정한 결제를 취소하려면 vat_amount 가 필요합니다."
  end
  if body.vat_amount and not (money.payable(body.vat_amount, payment.currency)
    and body.vat_amount <= amount) then
    return "취소 요청 부가세가 올바르지 않습니다."
  end
  if GIFT[payment.pay_method] and partial and pg == "tosspayments" then
    return "상품권 결제는 부분 취소할 수 없습니다."
  end
  local requester = type(body.extra) == "table" and body.extra.requester or body["extra[requester]"]
  if pg == "naverpay" and (blank(requester) or blank(body.reason)) then
    return "네이버페이 취소에는 reason 과 extra.requester 가 필요합니다."
  end
  if payment.pay_method == "phone" then return phone_problem(world, payment, body) end
  if pg == "ksnet" then return ksnet_problem(world, payment, partial) end
end

--- Refunds a part or all of a paid payment. The caller has checked that it may.
---@param world table
---@param payment table
---@param refund { amount: number, tax_free?: number, reason?: string } at most what is left
---@return table entry of `cancel_history`
function M.commit(world, payment, refund)
  local id = world:uuid()
  local entry = { amount = refund.amount, reason = refund.reason or "", cancelled_at = world:now(),
    pg_tid = payment.pg_tid, cancellation_id = id,
    receipt_url = "https://receipt.portone.invalid/" .. payment.imp_uid .. "/" .. id }
  payment.cancel_amount = money.add(payment.cancel_amount, refund.amount, payment.currency)
  payment.cancelled_tax_free =
    money.add(payment.cancelled_tax_free, refund.tax_free or 0, payment.currency)
  payment.cancel_reason = entry.reason
  table.insert(payment.cancel_history, entry)
  if M.refundable(payment) == 0 then
    state.set_status(world, payment, "cancelled")
  elseif settings.get(world, "v1_partial_cancel_status") == "cancelled" then
    state.set_status(world, payment, "cancelled")
  else
    payment.updated_at = world:now()
  end
  world:note("cancel", { api = "v1", imp_uid = payment.imp_uid, order = payment.merchant_uid,
    amount = refund.amount, currency = payment.currency, cancellation_id = id,
    outcome = "cancelled" })
  return entry
end

-- API cancellations are silent unless asked for, and then only when the payment had webhooks.
M.handlers["v1.payments.cancel"] = function(world, req)
  local body = req.body
  local payment, problem = find(world, body)
  problem = problem or state_problem(payment)
  if problem then return answer.refuse(world, problem) end
  local amount, tax_free
  amount, problem = amount_of(payment, body)
  if amount then tax_free, problem = tax_free_of(payment, body, amount) end
  problem = problem or account_problem(payment, body) or pg_problem(world, payment, body, amount)
  if problem then return answer.refuse(world, problem) end
  local entry = M.commit(world, payment,
    { amount = amount, tax_free = tax_free, reason = body.reason })
  if paging.truth(body.enable_webhook) and payment.used_webhook then
    charge.webhook(world, payment, "cancelled", entry.cancellation_id)
  end
  return answer.ok(view.payment(payment))
end

-- What a person at the admin console need not type: the tax goes back with the money, and the money
-- to the account it came from.
local function complete(payment, args)
  local body = {}
  for name, value in pairs(args) do body[name] = value end
  body.reason = body.reason or "관리자 취소"
  body.extra = body.extra or { requester = "admin" }
  if not body.amount or body.amount == M.refundable(payment) then
    body.tax_free = body.tax_free
      or money.sub(payment.tax_free or 0, payment.cancelled_tax_free, payment.currency)
  end
  local vat, share = payment.vat_amount, (body.amount or M.refundable(payment)) / payment.amount
  body.vat_amount = body.vat_amount or vat and money.round(vat * share, payment.currency)
  body.refund_holder = body.refund_holder or payment.buyer_name or payment.vbank_holder or "구매자"
  body.refund_bank = body.refund_bank or payment.vbank_code or "088"
  body.refund_account = body.refund_account or payment.vbank_num or "00000000000000"
  body.refund_tel = body.refund_tel or payment.buyer_tel or "01000000000"
  return body
end

--- Somebody refunds a payment in PortOne's admin console, which a webhook tells, as the API's own
--- refunds do only when asked. The rules of the PGs hold here too.
---@param world table
---@param args { imp_uid: string, amount?: number, reason?: string } `amount`: all that is left
--- unless said; also tax_free, vat_amount, refund_holder, refund_bank, refund_account, refund_tel
---@return table? payment as the API shows it
---@return string? problem
function M.actions.cancel(world, args)
  local payment, problem = find(world, { imp_uid = args.imp_uid, merchant_uid = args.merchant_uid })
  problem = problem or state_problem(payment)
  if problem then return nil, problem end
  local body = complete(payment, args)
  local amount, tax_free
  amount, problem = amount_of(payment, body)
  if amount then tax_free, problem = tax_free_of(payment, body, amount) end
  problem = problem or pg_problem(world, payment, body, amount)
  if problem then return nil, problem end
  local entry = M.commit(world, payment,
    { amount = amount, tax_free = tax_free, reason = body.reason })
  charge.webhook(world, payment, "cancelled", entry.cancellation_id)
  return view.payment(payment)
end

return M
