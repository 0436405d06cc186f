-- SPDX-License-Identifier: MIT
-- Deliveries of escrow payments.

local answer = require "portone.sandbox.v1.answer"
local channels = require "portone.sandbox.v1.channels"
local payments = require "portone.sandbox.v1.payments"

local M = { handlers = {} }

-- Couriers that V1 knows by code; any other is ETC.
local COURIERS = {}
for code in ("HYUNDAI HANARO SAGAWA KGB YELLOWCAP DONGBU EPOST CJGLS HANJIN DAESIN ETC")
  :gmatch("%u+") do COURIERS[code] = true end

local function find(world, req)
  local payment, refusal = payments.find(world, req)
  if not payment then return nil, refusal end
  if not channels.supported(world, req, payment.pg_provider) then
    return nil, { answer.fail(world, 400, "이 PG사에서는 지원하지 않는 기능입니다: "
      .. payment.pg_provider) }
  end
  return payment
end

local function show(entry)
  return { company = entry.company, invoice = entry.invoice, sent_at = entry.sent_at,
    applied_at = entry.applied_at }
end

local function save(world, req, payment)
  local problem = channels.missing_fields(world, req, payment.pg_provider)
  local logis = req.body.logis
  if type(logis) ~= "table" or not (logis.company and logis.invoice and logis.sent_at) then
    problem = "배송 정보(logis)에는 company, invoice, sent_at 이 모두 필요합니다."
  end
  if problem then return answer.fail(world, 400, problem) end
  local entry = { company = COURIERS[logis.company] and logis.company or "ETC",
    invoice = logis.invoice, sent_at = logis.sent_at, applied_at = world:now() }
  world.v1.logistics[payment.imp_uid] = entry
  return answer.ok(show(entry))
end

M.handlers["v1.escrows.register"] = function(world, req)
  local payment, refusal = find(world, req)
  if not payment then return refusal[1], refusal[2] end
  if not payment.escrow or payment.status ~= "paid" then
    return answer.fail(world, 409, "배송 정보를 등록할 수 없는 결제입니다: " .. payment.imp_uid)
  end
  if world.v1.logistics[payment.imp_uid] then
    return answer.fail(world, 409, "이미 배송 정보가 등록되어 있습니다: " .. payment.imp_uid)
  end
  return save(world, req, payment)
end

M.handlers["v1.escrows.update"] = function(world, req)
  local payment, refusal = find(world, req)
  if not payment then return refusal[1], refusal[2] end
  if payment.status ~= "paid" or not world.v1.logistics[payment.imp_uid] then
    return answer.fail(world, 409, "배송 정보를 수정할 수 없는 결제입니다: " .. payment.imp_uid)
  end
  return save(world, req, payment)
end

M.handlers["v1.escrows.get"] = function(world, req)
  local payment, refusal = find(world, req)
  if not payment then return refusal[1], refusal[2] end
  local entry = world.v1.logistics[payment.imp_uid]
  if not entry then
    return answer.fail(world, 409, "등록된 배송 정보가 없습니다: " .. payment.imp_uid)
  end
  return answer.ok(show(entry))
end

return M
