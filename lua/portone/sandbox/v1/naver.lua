-- SPDX-License-Identifier: MIT
-- Naver Pay: product orders of the order type (naverco), points and confirmation of the payment
-- type (naverpay). An operation moves each product order on its own: 200 when all moved, 207 when
-- some did, 500 when none.

local answer = require "portone.sandbox.v1.answer"
local cancel = require "portone.sandbox.v1.cancel"
local channels = require "portone.sandbox.v1.channels"
local money = require "portone.sandbox.v1.money"
local paging = require "portone.sandbox.v1.paging"
local payments = require "portone.sandbox.v1.payments"
local values = require "portone.sandbox.v1.values"
local view = require "portone.sandbox.v1.view"

local M = { handlers = {}, actions = {} }

local FIELDS = { "product_order_id", "product_order_status", "claim_type", "claim_status",
  "product_id", "product_name", "product_option_id", "product_option_name", "product_amount",
  "delivery_amount", "quantity", "orderer", "shipping_address", "shipping_memo", "shipping_due",
  "individual_code" }

local function show(order)
  local out = {}
  for _, field in ipairs(FIELDS) do
    out[field] = order[field]
    if out[field] == nil then out[field] = values.null end
  end
  return out
end

-- ── product orders ───────────────────────────────────────────────────────────────────────────

-- Splits an amount over products by their prices, the last one taking what rounding leaves.
local function shares(payment, products)
  local total, left, out = 0, payment.amount, {}
  for i, product in ipairs(products) do
    out[i] = (product.amount or 0) * (product.count or 1)
    total = total + out[i]
  end
  for i = 1, #products do
    local share = total > 0 and payment.amount * out[i] / total or payment.amount / #products
    out[i] = i == #products and left or money.round(math.floor(share), payment.currency)
    left = money.sub(left, out[i], payment.currency)
  end
  return out
end

--- Makes the product orders of a payment: one for each product, together worth the payment.
---@param world table
---@param payment table
---@param products? { uid?: string, name?: string, count?: integer, amount?: number }[]
function M.add_orders(world, payment, products)
  if type(products) ~= "table" or #products == 0 then
    products = { { uid = payment.merchant_uid, name = payment.name } }
  end
  local amounts = shares(payment, products)
  payment.product_orders = {}
  for i, product in ipairs(products) do
    local id = world:digits(16)
    local order = { product_order_id = id, product_order_status = "PAYED", payment = payment,
      product_id = tostring(product.uid or i), product_name = product.name or payment.name or "",
      product_option_id = "", product_option_name = "", product_amount = amounts[i],
      delivery_amount = 0, quantity = product.count or 1 }
    world.v1.product_orders[id] = order
    payment.product_orders[i] = order
  end
end

local function claim(order, kind, status)
  order.claim_type, order.claim_status = kind, status
end

-- What was refunded by the general cancel operation cannot be refunded again here.
local function refundable(order)
  return order.product_amount <= cancel.refundable(order.payment)
end

local function refund(world, order, status, kind, reason)
  cancel.commit(world, order.payment, { amount = order.product_amount, reason = reason })
  order.product_order_status = status
  claim(order, kind, kind .. "_DONE")
end

local function is(order, kind, ...)
  if order.claim_type ~= kind then return false end
  for _, status in ipairs { ... } do
    if order.claim_status == status then return true end
  end
  return false
end

local function unclaimed(order)
  return not order.claim_type or is(order, "CANCEL", "CANCEL_REJECT")
    or is(order, "RETURN", "RETURN_REJECT")
end

local function returning(order)
  return is(order, "RETURN", "RETURN_REQUEST", "COLLECTING", "COLLECT_DONE")
end

-- What each operation needs of a product order, and what it makes of it.
local MOVES = {
  place = {
    function(o) return o.product_order_status == "PAYED" and unclaimed(o) and not o.placed end,
    function(_, o) o.placed = true end },
  cancel = {
    function(o)
      return o.product_order_status == "PAYED" and unclaimed(o) and refundable(o)
    end,
    function(world, o, body)
      refund(world, o, "CANCELED", "CANCEL", body.reason or "PRODUCT_UNSATISFIED")
    end },
  approve_cancel = {
    function(o) return is(o, "CANCEL", "CANCEL_REQUEST") and refundable(o) end,
    function(world, o) refund(world, o, "CANCELED", "CANCEL", "INTENT_CHANGED") end },
  ship = {
    function(o) return o.product_order_status == "PAYED" and unclaimed(o) end,
    function(_, o) o.product_order_status = "DELIVERING" end },
  request_return = {
    function(o)
      local status = o.product_order_status
      return (status == "DELIVERING" or status == "DELIVERED") and unclaimed(o)
    end,
    function(_, o) claim(o, "RETURN", "RETURN_REQUEST") end },
  approve_return = {
    function(o) return returning(o) and not o.withheld and refundable(o) end,
    function(world, o) refund(world, o, "RETURNED", "RETURN", "RETURN") end },
  reject_return = {
    returning,
    function(_, o)
      o.withheld = nil
      claim(o, "RETURN", "RETURN_REJECT")
    end },
  withhold_return = {
    function(o) return returning(o) and not o.withheld end,
    function(_, o) o.withheld = true end },
  resolve_return = {
    function(o) return returning(o) and o.withheld end,
    function(_, o) o.withheld = nil end },
  collect_exchanged = {
    function(o) return is(o, "EXCHANGE", "EXCHANGE_REQUEST", "COLLECTING") end,
    function(_, o) claim(o, "EXCHANGE", "COLLECT_DONE") end },
  ship_exchanged = {
    function(o) return is(o, "EXCHANGE", "COLLECT_DONE") end,
    function(_, o) claim(o, "EXCHANGE", "EXCHANGE_REDELIVERING") end },
}

-- Product orders of a payment, or those named; a name that is not the payment's counts as failed.
local function chosen(payment, body)
  local ids = paging.list_of(body, "product_order_id")
  if #ids == 0 then return payment.product_orders, 0 end
  local wanted, out = {}, {}
  for _, id in ipairs(ids) do wanted[id] = true end
  for _, order in ipairs(payment.product_orders) do
    if wanted[order.product_order_id] then table.insert(out, order) end
  end
  return out, #ids - #out
end

local function find(world, req)
  local payment, refusal = payments.find(world, req)
  if payment and payment.product_orders then return payment end
  return nil, refusal or { answer.fail(world, 404, "네이버페이 주문형 결제가 아닙니다: "
    .. payment.imp_uid) }
end

local function move(step)
  return function(world, req)
    local payment, refusal = find(world, req)
    if not payment then return refusal[1], refusal[2] end
    local orders, failed = chosen(payment, req.body)
    local moved = {}
    for _, order in ipairs(orders) do
      if step[1](order) then
        step[2](world, order, req.body)
        table.insert(moved, order)
      end
    end
    failed = failed + #orders - #moved
    if #moved == 0 then
      return answer.fail(world, 500, "처리할 수 있는 상태의 상품주문이 없습니다.")
    end
    return answer.ok(view.list(show, moved), failed > 0 and 207 or 200)
  end
end

for name, step in pairs(MOVES) do M.handlers["v1.naver." .. name] = move(step) end

M.handlers["v1.naver.product_orders"] = function(world, req)
  local payment, refusal = find(world, req)
  if not payment then return refusal[1], refusal[2] end
  return answer.ok(view.list(show, payment.product_orders))
end

M.handlers["v1.naver.product_order"] = function(world, req)
  local order = world.v1.product_orders[req.path.product_order_id]
  if not order then
    return answer.fail(world, 404, "상품주문이 없습니다: " .. req.path.product_order_id)
  end
  return answer.ok(show(order))
end

--- A buyer of the order type makes a claim, receives the goods, or decides to keep them.
---@param world table
---@param args { product_order_id: string, event: string } event: CANCEL, RETURN, EXCHANGE,
--- DELIVERED or PURCHASE_DECIDED
---@return table? order as the API shows it
---@return string? problem
function M.actions.naver_buyer(world, args)
  local order, event = world.v1.product_orders[args.product_order_id or ""], args.event
  local status = order and order.product_order_status
  if not order or not unclaimed(order) then return nil, "처리할 수 없는 상품주문입니다." end
  local shipped = status == "DELIVERING" or status == "DELIVERED"
  if event == "CANCEL" and status == "PAYED" then
    claim(order, "CANCEL", "CANCEL_REQUEST")
  elseif (event == "RETURN" or event == "EXCHANGE") and shipped then
    claim(order, event, event .. "_REQUEST")
  elseif event == "DELIVERED" and status == "DELIVERING"
    or event == "PURCHASE_DECIDED" and shipped then
    order.product_order_status = event
  else
    return nil, "지금 상태에서 할 수 없는 일입니다: " .. tostring(status)
  end
  return show(order)
end

--- A buyer reviews what they decided to keep.
---@param world table
---@param review { product_order_id: string, premium?: boolean, score?: string, title?: string,
--- content?: string, writer?: string }
---@return table? review as the API shows it
---@return string? problem
function M.actions.naver_review(world, review)
  local order = world.v1.product_orders[review.product_order_id or ""]
  if not order or order.product_order_status ~= "PURCHASE_DECIDED" then
    return nil, "구매 확정된 상품주문이 아닙니다: " .. tostring(review.product_order_id)
  end
  local shown = { review_id = world:digits(10), score = review.score or "5",
    title = review.title or "", content = review.content or values.null,
    writer = review.writer or "buyer", product_order_id = order.product_order_id,
    product_id = order.product_id, product_name = order.product_name,
    product_option_name = order.product_option_name, created_at = world:now(), modified_at = 0 }
  table.insert(world.v1.reviews, { shown = shown, channel = order.payment.pg_id,
    kind = review.premium and "premium" or "general" })
  return shown
end

M.handlers["v1.naver.reviews"] = function(world, req)
  local query, found = req.query, {}
  local channel, problem = channels.resolve(world, req)
  if not channel then return answer.fail(world, 400, problem) end
  for _, review in ipairs(world.v1.reviews) do
    local at = review.shown.created_at
    if review.kind == query.review_type and review.channel == channel.pg_id
      and tonumber(query.from) <= at and at <= tonumber(query.to) then
      table.insert(found, review.shown)
    end
  end
  return answer.ok(values.array(found))
end

-- ── the payment type ─────────────────────────────────────────────────────────────────────────

-- Each of these is done once for a paid payment.
local function once(mark, done)
  return function(world, req)
    local payment, refusal = payments.find(world, req)
    if not payment then return refusal[1], refusal[2] end
    if payment.pg_provider ~= "naverpay" or payment.status ~= "paid" then
      return answer.fail(world, 500, "네이버페이 결제형으로 결제 완료된 건이 아닙니다.")
    end
    if payment[mark] then return answer.fail(world, 500, done) end
    payment[mark] = world:now()
    return answer.ok(nil)
  end
end

M.handlers["v1.naver.deposit_point"] = once("point_at", "이미 포인트가 적립된 결제입니다.")
M.handlers["v1.naver.confirm"] = once("confirmed_at", "이미 구매확정된 결제입니다.")

-- 400 for what is no such payment: no 404 is declared.
M.handlers["v1.naver.cash_amount"] = function(world, req)
  local payment = world.v1.payments[req.path.imp_uid]
  if not payment or payment.pg_provider ~= "naverpay" then
    return answer.fail(world, 400, "네이버페이 결제형 결제가 아닙니다: " .. req.path.imp_uid)
  end
  local left = cancel.refundable(payment)
  local vat = money.vat(left, payment.currency)
  return answer.ok { amount_total = left, amount_by_npoint = 0, amount_by_primary = left,
    amount_supply = money.sub(left, vat, payment.currency), amount_vat = vat }
end

return M
