-- SPDX-License-Identifier: MIT
-- Payments that wait for money from outside: virtual accounts and convenience-store barcodes.

local answer = require "portone.sandbox.v1.answer"
local channels = require "portone.sandbox.v1.channels"
local charge = require "portone.sandbox.v1.charge"
local codes = require "portone.sandbox.v1.codes"
local money = require "portone.sandbox.v1.money"
local payments = require "portone.sandbox.v1.payments"
local state = require "portone.sandbox.v1.state"
local view = require "portone.sandbox.v1.view"

local M = { handlers = {}, actions = {} }

-- PGs that put the merchant's own name on the account, and show none.
local NO_HOLDER = { tosspayments = true, ksnet = true, welcome = true }

-- Rules of an order that waits. Several may wait for one merchant_uid, none when it is paid.
local function problem_of(world, req, order, channel, due)
  local row = req.row
  local problem = channels.missing_fields(world, req, channel.pg)
    or channels.missing_fields(world, req, channel.pg, row.query or {}, req.query)
    or charge.pg_problem(order, channel.pg) or charge.problem(world, order)
  if problem then return problem end
  if due and (type(due) ~= "number" or due <= world:now()) then
    return "입금 기한은 현재보다 뒤여야 합니다."
  end
end

-- A fixed account keeps its number for its key.
local function account_number(world, channel, request)
  if request.vbank_num then return request.vbank_num end
  if not request.vbank_key then return world:digits(14) end
  local fixed, key = world.v1.fixed_accounts, channel.pg .. " " .. request.vbank_key
  fixed[key] = fixed[key] or world:digits(14)
  return fixed[key]
end

--- Gives a payment that is not yet filed its virtual account.
---@param world table
---@param payment table
---@param channel table
---@param request table vbank_code, vbank_due, vbank_holder?, vbank_key?, vbank_num?
---@return string? problem
function M.assign(world, payment, channel, request)
  local code, name = codes.bank(channel.pg, request.vbank_code)
  if not code then return "이 PG사에 없는 은행 코드입니다: " .. tostring(request.vbank_code) end
  payment.vbank_code, payment.vbank_name = code, name
  payment.vbank_num = account_number(world, channel, request)
  payment.vbank_holder = not NO_HOLDER[channel.pg] and request.vbank_holder or nil
  payment.vbank_date, payment.vbank_issued_at = request.vbank_due, world:now()
  payment.unlimited = request.fixed_unlimited_vbank == true
end

M.handlers["v1.vbanks.issue"] = function(world, req)
  local body = req.body
  local channel, problem = channels.resolve(world, req)
  if problem then return answer.refuse(world, problem) end
  local order = charge.order(body)
  problem = problem_of(world, req, order, channel, body.vbank_due)
  if problem then return answer.refuse(world, problem) end
  local payment = charge.new_payment(world, order, channel, "vbank")
  problem = M.assign(world, payment, channel, body)
  if problem then return answer.refuse(world, problem) end
  payment.status = "ready"
  state.add_payment(world, payment)
  charge.webhook(world, payment, "ready")
  return answer.ok(view.payment(payment))
end

-- An account or barcode that still waits.
local function waiting(world, req, method)
  local payment, refusal = payments.find(world, req)
  if not payment then return nil, refusal end
  local problem
  if payment.pay_method ~= method then
    problem = "해당 결제 수단의 결제가 아닙니다: " .. payment.imp_uid
  elseif not channels.supported(world, req, payment.pg_provider) then
    problem = "이 PG사에서는 지원하지 않는 기능입니다: " .. payment.pg_provider
  elseif payment.status ~= "ready" then
    problem = "입금 대기 상태가 아닙니다: " .. payment.status
  end
  if problem then return nil, { answer.fail(world, 400, problem) } end
  return payment
end

M.handlers["v1.vbanks.update"] = function(world, req)
  local payment, refusal = waiting(world, req, "vbank")
  if not payment then return refusal[1], refusal[2] end
  local amount, due = req.body.amount, req.body.vbank_due
  if amount and (amount <= 0 or not money.payable(amount, payment.currency)) then
    return answer.fail(world, 400, "결제금액이 올바르지 않습니다: " .. tostring(amount))
  end
  if due and due <= world:now() then
    return answer.fail(world, 400, "입금 기한은 현재보다 뒤여야 합니다.")
  end
  payment.amount, payment.vbank_date = amount or payment.amount, due or payment.vbank_date
  payment.updated_at = world:now()
  return answer.ok(view.payment(payment))
end

-- A closed account is a failed payment.
M.handlers["v1.vbanks.revoke"] = function(world, req)
  local payment, refusal = waiting(world, req, "vbank")
  if not payment then return refusal[1], refusal[2] end
  local query = req.row.query or {}
  local problem = channels.missing_fields(world, req, payment.pg_provider, query, req.query)
  if problem then return answer.fail(world, 400, problem) end
  charge.close(world, payment, "가상계좌가 말소되었습니다.")
  return answer.ok(view.payment(payment))
end

-- A week when the request does not say how long.
M.CVS_LIFE = 7 * 86400

M.handlers["v1.cvs.issue"] = function(world, req)
  local body = req.body
  local channel, problem = channels.resolve(world, req)
  if problem then return answer.refuse(world, problem) end
  local order = charge.order(body)
  problem = problem_of(world, req, order, channel, body.expired_at)
  if problem then return answer.refuse(world, problem) end
  local payment = charge.new_payment(world, order, channel, "cvs")
  payment.vbank_num = body.barcode or world:digits(20)
  payment.vbank_date = body.expired_at or world:now() + M.CVS_LIFE
  payment.vbank_issued_at = world:now()
  payment.status = "ready"
  state.add_payment(world, payment)
  return answer.ok(view.payment(payment))
end

-- No 4xx is declared here.
M.handlers["v1.cvs.revoke"] = function(world, req)
  local payment, refusal = waiting(world, req, "cvs")
  if not payment then return answer.refuse(world, refusal[2].message) end
  charge.close(world, payment, "수납번호가 말소되었습니다.")
  return answer.ok(view.payment(payment))
end

--- Somebody pays into a virtual account, or at a convenience store.
---@param world table
---@param deposit { imp_uid: string, amount?: number, depositor_name?: string } `amount` is what
--- is asked for unless said
---@return table? payment as the API shows it
---@return string? problem why the bank or shop refuses
function M.actions.deposit(world, deposit)
  local payment = world.v1.payments[deposit.imp_uid or ""]
  if not payment or payment.status ~= "ready" or (payment.vbank_date or 0) == 0 then
    return nil, "입금을 기다리는 결제가 아닙니다: " .. tostring(deposit.imp_uid)
  end
  if world:now() > payment.vbank_date then return nil, "입금 기한이 지났습니다." end
  if (deposit.amount or payment.amount) ~= payment.amount then
    return nil, "입금액이 결제금액과 다릅니다."
  end
  if state.is_paid(world, payment.merchant_uid) then
    return nil, "이미 결제가 이루어진 주문번호입니다: " .. payment.merchant_uid
  end
  charge.approve(world, payment)
  if payment.unlimited then
    table.insert(payment.deposit_history, { pg_tid = payment.pg_tid, amount = payment.amount,
      depositor_name = deposit.depositor_name or payment.buyer_name or "",
      deposited_at = world:now() })
  end
  return view.payment(payment)
end

return M
