-- SPDX-License-Identifier: MIT
-- Billing keys by customer_uid: issue, look up, delete, and what was paid with them.

local answer = require "portone.sandbox.v1.answer"
local channels = require "portone.sandbox.v1.channels"
local charge = require "portone.sandbox.v1.charge"
local keys = require "portone.sandbox.v1.keys"
local paging = require "portone.sandbox.v1.paging"
local settings = require "portone.sandbox.v1.settings"
local state = require "portone.sandbox.v1.state"
local view = require "portone.sandbox.v1.view"

local M = { handlers = {} }

local function unknown(world, customer_uid)
  return answer.fail(world, 404, "등록된 빌링키가 없습니다: " .. tostring(customer_uid))
end

-- One channel of a group that gives no key does not stop the others.
local function issue_group(world, req, card)
  local body, made, failed = req.body, {}, {}
  local members, problem = channels.group(world, body.channel_group_id)
  if not members then return answer.refuse(world, problem) end
  for _, member in ipairs(members) do
    local channel, key, refusal = member.channel, nil, nil
    if channels.supported(world, req, channel.pg) then
      key, refusal = keys.make(world, channel, card)
    end
    if key then
      table.insert(made, key)
    else
      table.insert(failed, { pg_provider = channel.pg, pg_id = channel.pg_id,
        type = refusal and "PG_PROVIDER" or "INVALID_REQUEST",
        message = refusal and charge.reason(refusal) or "API 로 빌링키를 발급할 수 없는 PG사입니다." })
    end
  end
  if #made == 0 then
    return answer.refuse(world, "모든 채널에서 빌링키 발급에 실패했습니다. " .. failed[1].message)
  end
  local group = { id = body.channel_group_id, failed = failed }
  return answer.ok(view.customer(keys.save(world, req.path.customer_uid, body, made, group)))
end

M.handlers["v1.customers.issue"] = function(world, req)
  local card, problem = keys.read_card(req.body)
  if not card then return answer.refuse(world, problem) end
  if req.body.channel_group_id then return issue_group(world, req, card) end
  local channel
  channel, problem = channels.resolve(world, req)
  problem = problem or channels.missing_fields(world, req, channel.pg)
  if problem then return answer.refuse(world, problem) end
  local key, refusal = keys.make(world, channel, card)
  if not key then
    return answer.refuse(world, "빌링키 발급에 실패했습니다. " .. charge.reason(refusal))
  end
  return answer.ok(view.customer(keys.save(world, req.path.customer_uid, req.body, { key })))
end

M.handlers["v1.customers.get"] = function(world, req)
  local customer = world.v1.customers[req.path.customer_uid]
  if not customer then return unknown(world, req.path.customer_uid) end
  return answer.ok(view.customer(customer))
end

-- 207 when some are missing: the answer holds those that were found.
M.handlers["v1.customers.list"] = function(world, req)
  local found, missing, wanted = {}, 0, paging.list_of(req.query, "customer_uid")
  for _, uid in ipairs(wanted) do
    local customer = world.v1.customers[uid]
    if customer then table.insert(found, customer) else missing = missing + 1 end
  end
  if #found == 0 then return unknown(world, table.concat(wanted, ", ")) end
  return answer.ok(view.list(view.customer, found), missing > 0 and 207 or 200)
end

M.handlers["v1.customers.delete"] = function(world, req)
  local uid = req.path.customer_uid
  local customer = world.v1.customers[uid]
  if not customer then return unknown(world, uid) end
  local pending = state.pending(world, function(s) return s.customer_uid == uid end)
  local rule = settings.get(world, "v1_delete_customer_with_schedules")
  if rule == "refuse" and #pending > 0 then
    return answer.refuse(world, "예약된 결제가 남아 있어 빌링키를 지울 수 없습니다: " .. uid)
  end
  for _, schedule in ipairs(rule == "revoke" and pending or {}) do
    world:cancel(schedule.timer)
    schedule.timer, schedule.schedule_status = nil, "revoked"
    schedule.revoked_at = world:now()
  end
  world.v1.customers[uid] = nil
  return answer.ok(view.customer(customer))
end

M.handlers["v1.customers.payments"] = function(world, req)
  local uid, found = req.path.customer_uid, {}
  if not world.v1.customers[uid] then return unknown(world, uid) end
  for _, payment in ipairs(world.v1.payment_order) do
    if payment.customer_uid == uid then table.insert(found, payment) end
  end
  local page, info = paging.cut(paging.sort(found), req.query)
  return answer.ok(paging.paged(info, view.list(view.payment, page)))
end

return M
