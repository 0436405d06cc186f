-- SPDX-License-Identifier: MIT
-- Look-ups of payments.

local answer = require "portone.sandbox.v1.answer"
local money = require "portone.sandbox.v1.money"
local paging = require "portone.sandbox.v1.paging"
local state = require "portone.sandbox.v1.state"
local values = require "portone.sandbox.v1.values"
local view = require "portone.sandbox.v1.view"

local M = { handlers = {} }

--- Longest window of a look-up by status, and most ids of one look-up.
M.WINDOW, M.MOST_IDS = 90 * 86400, 100

local STATUS = { ready = true, paid = true, failed = true, cancelled = true }

--- The payment of a path's imp_uid, or the answer that there is none.
---@param world table
---@param req table
---@return table? payment
---@return table? refusal { status, body }
function M.find(world, req)
  local payment = world.v1.payments[req.path.imp_uid]
  if payment then return payment end
  return nil, { answer.fail(world, 404, "결제 내역이 없습니다: " .. tostring(req.path.imp_uid)) }
end

-- Payments of a test channel show only when asked for.
M.handlers["v1.payments.get"] = function(world, req)
  local payment, refusal = M.find(world, req)
  if not payment then return refusal[1], refusal[2] end
  if payment.sandbox and not paging.truth(req.query.include_sandbox) then
    return answer.fail(world, 404, "결제 내역이 없습니다: " .. payment.imp_uid)
  end
  return answer.ok(view.payment(payment))
end

local function newest(payments)
  local copy = {}
  for i, payment in ipairs(payments) do copy[i] = payment end
  return paging.sort(copy)[1]
end

-- 207 when some are missing: the answer holds those that were found.
M.handlers["v1.payments.list"] = function(world, req)
  local imp_uids = paging.list_of(req.query, "imp_uid")
  local merchant_uids = paging.list_of(req.query, "merchant_uid")
  local wanted = #imp_uids + #merchant_uids
  if wanted > M.MOST_IDS then
    return answer.refuse(world, "한 번에 조회할 수 있는 결제는 최대 100개입니다.")
  end
  local found = {}
  for _, uid in ipairs(imp_uids) do table.insert(found, world.v1.payments[uid]) end
  for _, uid in ipairs(merchant_uids) do
    table.insert(found, newest(state.payments_of(world, uid)))
  end
  if #found == 0 then return answer.fail(world, 404, "해당하는 결제 내역이 없습니다.") end
  return answer.ok(view.list(view.payment, found), #found < wanted and 207 or 200)
end

local function of_merchant(world, req)
  local status, found = req.path.payment_status, {}
  if status == "" then status = nil end
  for _, payment in ipairs(state.payments_of(world, req.path.merchant_uid)) do
    if not status or payment.status == status then table.insert(found, payment) end
  end
  return paging.sort(found, req.query.sorting), status
end

M.handlers["v1.payments.find"] = function(world, req)
  local found = of_merchant(world, req)
  if #found == 0 then
    return answer.fail(world, 404, "해당하는 결제 내역이 없습니다: " .. req.path.merchant_uid)
  end
  return answer.ok(view.payment(found[1]))
end

local function paged(world, found, query)
  local page, info, beyond = paging.cut(found, query)
  if beyond then return answer.fail(world, 400, "마지막 페이지를 넘어선 page 입니다.") end
  return answer.ok(paging.paged(info, view.list(view.payment, page)))
end

M.handlers["v1.payments.find_all"] = function(world, req)
  local found, status = of_merchant(world, req)
  if status and not STATUS[status] then
    return answer.fail(world, 400, "결제 상태가 올바르지 않습니다: " .. status)
  end
  if #found == 0 then
    return answer.fail(world, 404, "해당하는 결제 내역이 없습니다: " .. req.path.merchant_uid)
  end
  return paged(world, found, req.query)
end

-- The time that counts is the one at which the payment came to its present status.
local function time_of(payment)
  if payment.status == "ready" then return payment.started_at end
  return payment[payment.status .. "_at"] or 0
end

-- Both ends of the window are in it; without one it is the last 90 days.
M.handlers["v1.payments.by_status"] = function(world, req)
  local status, query = req.path.payment_status, req.query
  if status ~= "all" and not STATUS[status] then
    return answer.fail(world, 400, "결제 상태가 올바르지 않습니다: " .. tostring(status))
  end
  local to = tonumber(query.to) or world:now()
  local from = tonumber(query.from) or to - M.WINDOW
  if from > to or to - from > M.WINDOW then
    return answer.fail(world, 400, "조회 기간은 최대 90일입니다.")
  end
  local found = {}
  for _, payment in ipairs(world.v1.payment_order) do
    local at = time_of(payment)
    if (status == "all" or payment.status == status) and from <= at and at <= to then
      table.insert(found, payment)
    end
  end
  return paged(world, paging.sort(found, query.sorting), query)
end

local function parts(amount, tax_free, currency)
  local vat = money.vat(amount - tax_free, currency)
  return { tax_free = tax_free, supply = money.sub(amount - tax_free, vat, currency), vat = vat,
    service = 0 }
end

-- Payco only. All of the amount is the primary method's: points and discounts are not simulated.
M.handlers["v1.payments.balance"] = function(world, req)
  local payment, refusal = M.find(world, req)
  if not payment then return refusal[1], refusal[2] end
  if payment.pg_provider ~= "payco" then
    return answer.fail(world, 404, "페이코 결제만 조회할 수 있습니다: " .. payment.imp_uid)
  end
  local function balance(amount, free)
    local primary, none = parts(amount, free, payment.currency), parts(0, 0, payment.currency)
    return { cash_receipt = none, primary = primary, secondary = none, discount = none }
  end
  local histories, paid, free = {}, payment.amount, payment.tax_free or 0
  local out = balance(money.sub(paid, payment.cancel_amount, payment.currency),
    money.sub(free, payment.cancelled_tax_free, payment.currency))
  if (payment.paid_at or 0) ~= 0 then
    histories[1] = balance(paid, free)
    histories[1].created = payment.paid_at
  end
  out.amount, out.histories = paid, values.array(histories)
  return answer.ok(out)
end

return M
