-- SPDX-License-Identifier: MIT
-- The one place where V1 money is charged: rules first, then one commit.

local cards = require "portone.sandbox.cards"
local channels = require "portone.sandbox.v1.channels"
local money = require "portone.sandbox.v1.money"
local settings = require "portone.sandbox.v1.settings"
local state = require "portone.sandbox.v1.state"
local values = require "portone.sandbox.v1.values"

local M = {}

local FIELDS = { "merchant_uid", "amount", "currency", "name", "tax_free", "vat_amount",
  "buyer_name", "buyer_email", "buyer_tel", "buyer_addr", "buyer_postcode", "custom_data",
  "notice_url", "card_quota", "promotion_id" }

--- Installments need at least this much (KRW).
M.INSTALLMENT_MINIMUM = 50000

--- The parts of a request or schedule that describe an order.
---@param body table
---@return table order
function M.order(body)
  local order = {}
  for _, field in ipairs(FIELDS) do order[field] = body[field] end
  order.currency = order.currency or "KRW"
  local data = order.custom_data
  if type(data) == "table" then order.custom_data = values.encode(data) end
  return order
end

--- Webhook addresses of a request: nil when the console's is to be used.
---@param notice_url? string|string[]
---@return string[]?
function M.notice_urls(notice_url)
  local list = notice_url
  if type(notice_url) == "string" then list = { notice_url } end
  if type(list) ~= "table" or #list == 0 or list[1] == "" then return nil end
  return list
end

local function amount_problem(order)
  local amount, currency = order.amount, order.currency
  if not money.payable(amount, currency) or amount <= 0 then
    return "결제금액이 올바르지 않습니다: " .. tostring(amount) .. " " .. currency
  end
  local free = order.tax_free or 0
  if not money.payable(free, currency) or free > amount then
    return "면세금액은 0원 이상, 결제금액 이하여야 합니다."
  end
  local vat = order.vat_amount
  if vat and (not money.payable(vat, currency) or vat > amount - free) then
    return "부가세는 0원 이상, 과세금액 이하여야 합니다."
  end
  local quota = order.card_quota or 0
  if quota < 0 or quota == 1 or quota % 1 ~= 0 then
    return "할부 개월 수는 0(일시불) 또는 2 이상이어야 합니다."
  end
  if quota >= 2 and currency == "KRW" and amount < M.INSTALLMENT_MINIMUM then
    return "할부 결제는 50,000원부터 가능합니다."
  end
end

--- Whether an order agrees with what was registered in advance for its merchant_uid.
---@param world table
---@param order table
---@return string? problem
function M.prepared_problem(world, order)
  local prepared = world.v1.prepared[order.merchant_uid]
  if not prepared then return nil end
  if prepared.amount ~= order.amount then
    return "사전 등록된 결제 예정 금액과 다릅니다."
  end
  if prepared.currency and prepared.currency ~= order.currency then
    return "사전 등록된 결제 통화와 다릅니다."
  end
end

--- Why an order cannot be charged, if so: amounts, a merchant_uid that is paid or has a pending
--- schedule, an amount that differs from the prepared one.
---@param world table
---@param order table
---@param own? table the schedule that is running, which does not stand in its own way
---@return string? problem nil when it can
function M.problem(world, order, own)
  local problem = amount_problem(order)
  if problem then return problem end
  if order.promotion_id then
    return "등록되지 않은 프로모션입니다: " .. tostring(order.promotion_id)
  end
  local uid = order.merchant_uid
  if type(uid) ~= "string" or uid == "" then return "주문번호(merchant_uid)가 필요합니다." end
  if state.is_paid(world, uid) and settings.get(world, "v1_paid_again") ~= "charge" then
    return "이미 결제가 이루어진 주문번호입니다: " .. uid
  end
  local schedule = world.v1.schedules[uid]
  if schedule and schedule ~= own and schedule.schedule_status == "scheduled" then
    return "결제가 예약되어 있는 주문번호입니다: " .. uid
  end
  return M.prepared_problem(world, order)
end

--- Rules of single PGs for an order.
---@param order table
---@param pg string
---@return string? problem
function M.pg_problem(order, pg)
  if pg == "smartro_v2" and order.merchant_uid:find("%W") then
    return "스마트로는 주문번호에 영문자와 숫자만 쓸 수 있습니다."
  end
  if pg == "paypal_v2" and order.currency == "KRW" then
    return "페이팔은 원화로 결제할 수 없습니다. currency 를 지정해 주세요."
  end
end

--- Card facts that a payment or key of a PG shows.
---@param card portone.sandbox.card
---@param pg string
---@param out table filled and returned
---@return table out
function M.card_facts(card, pg, out)
  out.card_code, out.card_name = card.card_code, card.card_name
  out.card_number, out.card_type = card.masked, card.card_type
  if channels.tells_issuer[pg] then
    out.card_issuer_code, out.card_issuer_name = card.card_code, card.card_name
    out.card_publisher_code, out.card_publisher_name = card.card_code, card.card_name
  end
  return out
end

--- A payment record for an order on a channel, not yet filed. It has no outcome.
---@param world table
---@param order table
---@param channel table
---@param pay_method string
---@return table payment
function M.new_payment(world, order, channel, pay_method)
  local payment = {
    channel = "api", pay_method = pay_method, cancel_amount = 0, cancelled_tax_free = 0,
    pg_provider = channel.pg, pg_id = channel.pg_id, sandbox = channels.is_test(world, channel),
    cancel_history = {}, deposit_history = {},
    notice_urls = M.notice_urls(order.notice_url),
  }
  for _, field in ipairs(FIELDS) do payment[field] = order[field] end
  payment.notice_url, payment.promotion_id = nil, nil
  payment.amount = money.round(order.amount, order.currency)
  payment.used_webhook = payment.notice_urls ~= nil or world.config.v1_webhook_url ~= nil
  return payment
end

--- Sends a payment's webhook.
---@param world table
---@param payment table
---@param status string status to report
---@param cancellation_id? string on a cancellation
function M.webhook(world, payment, status, cancellation_id)
  world:webhook_v1(payment.notice_urls, { imp_uid = payment.imp_uid,
    merchant_uid = payment.merchant_uid, status = status, cancellation_id = cancellation_id })
end

--- Approves a payment that is filed: the money moves here and nowhere else.
---@param world table
---@param payment table
function M.approve(world, payment)
  payment.pg_tid = payment.pg_tid or (payment.pg_provider .. "_" .. world:hex(24))
  if payment.card_code then payment.apply_num = world:digits(8) end
  payment.receipt_url = "https://receipt.portone.invalid/" .. payment.imp_uid
  state.set_status(world, payment, "paid")
  world:note("charge", { api = "v1", imp_uid = payment.imp_uid, order = payment.merchant_uid,
    amount = payment.amount, currency = payment.currency, outcome = "paid" })
  M.webhook(world, payment, "paid")
end

--- Ends a payment that was not even tried: a closed account, a window that its user left.
---@param world table
---@param payment table
---@param reason string
function M.close(world, payment, reason)
  payment.fail_reason = reason
  state.set_status(world, payment, "failed")
end

--- Ends a payment that was tried and refused: an entry of the journal, but no money.
---@param world table
---@param payment table
---@param reason string
function M.fail(world, payment, reason)
  M.close(world, payment, reason)
  world:note("charge", { api = "v1", imp_uid = payment.imp_uid, order = payment.merchant_uid,
    amount = payment.amount, currency = payment.currency, outcome = "failed", reason = reason })
end

--- A refusal as one line.
---@param refusal portone.sandbox.refusal
---@return string
function M.reason(refusal)
  return "[" .. refusal.pg_code .. "] " .. refusal.pg_message
end

---@class portone.sandbox.v1.means
---@field channel table
---@field card? portone.sandbox.card what is charged; without one every charge is approved
---@field customer_uid? string
---@field usage? "issue"|"payment"|"payment.scheduled"
---@field pay_method? string default by PG
---@field problem? string refuses the charge whatever the card says

--- Charges an order that `problem` found nothing against. The payment is filed either way.
---@param world table
---@param order table
---@param means portone.sandbox.v1.means
---@return table payment paid or failed
---@return portone.sandbox.refusal? refusal why it failed, when the PG or card said so
function M.run(world, order, means)
  local channel, card = means.channel, means.card
  local refusal
  if card and not means.problem then
    refusal = cards.refuses_charge(card, settings.get(world, "unknown_cards"), world:now())
  end
  local payment = M.new_payment(world, order, channel,
    means.pay_method or channels.pay_method(channel.pg))
  if card then M.card_facts(card, channel.pg, payment) end
  payment.customer_uid, payment.customer_uid_usage = means.customer_uid, means.usage
  state.add_payment(world, payment)
  if refusal or means.problem then
    M.fail(world, payment, means.problem or M.reason(refusal))
  else
    M.approve(world, payment)
  end
  return payment, refusal
end

return M
