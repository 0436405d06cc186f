-- SPDX-License-Identifier: MIT
-- Scheduled payments: made, listed, moved, revoked, run by the sandbox's clock, tried again.

local answer = require "portone.sandbox.v1.answer"
local cancel = require "portone.sandbox.v1.cancel"
local channels = require "portone.sandbox.v1.channels"
local charge = require "portone.sandbox.v1.charge"
local duration = require "portone.sandbox.duration"
local keys = require "portone.sandbox.v1.keys"
local paging = require "portone.sandbox.v1.paging"
local settings = require "portone.sandbox.v1.settings"
local state = require "portone.sandbox.v1.state"
local subscribe = require "portone.sandbox.v1.subscribe"
local view = require "portone.sandbox.v1.view"

local M = { handlers = {} }

-- PGs whose keys come from a payment window only: card fields in a schedule request are no use.
local NO_CARD = { chai = true, danal = true, danal_tpay = true, kakaopay = true, kicc = true,
  mobilians = true, naverpay = true, payco = true, settle_acc = true, settle_firm = true,
  smartro = true, uplus = true, smartro_v2 = true, tosspay_v2 = true }

local BUYER = { buyer_name = "customer_name", buyer_email = "customer_email",
  buyer_tel = "customer_tel", buyer_addr = "customer_addr", buyer_postcode = "customer_postcode" }

local function failed(schedule)
  return schedule.schedule_status == "executed" and schedule.payment.status == "failed"
end

-- ── running ──────────────────────────────────────────────────────────────────────────────────

-- Charges a schedule. A key that has been deleted since makes the payment fail, not the schedule
-- wait.
local function execute(world, schedule)
  local customer = world.v1.customers[schedule.customer_uid]
  local key, problem = nil, "등록된 빌링키가 없습니다: " .. schedule.customer_uid
  if customer then key, problem = keys.choose(world, customer, schedule.channel_key) end
  local payment, refusal = charge.run(world, schedule.order, {
    channel = key and key.channel or schedule.channel, card = key and key.card,
    customer_uid = schedule.customer_uid, usage = "payment.scheduled",
    problem = problem or charge.problem(world, schedule.order, schedule),
  })
  schedule.timer, schedule.payment, schedule.imp_uid = nil, payment, payment.imp_uid
  schedule.schedule_status, schedule.executed_at = "executed", world:now()
  schedule.revoked_at, schedule.fail_reason = nil, payment.fail_reason
  schedule.pg_provider, schedule.pg_id = payment.pg_provider, payment.pg_id
  return payment, refusal
end

local function run(world, schedule)
  local payment = execute(world, schedule)
  if payment.status == "failed" then charge.webhook(world, payment, "failed") end
end

local function arm(world, schedule)
  schedule.timer = world:at(schedule.schedule_at, function() run(world, schedule) end)
end

local function revoke(world, schedule)
  world:cancel(schedule.timer)
  schedule.timer, schedule.schedule_status = nil, "revoked"
  schedule.revoked_at = world:now()
end

-- ── making ───────────────────────────────────────────────────────────────────────────────────

local function time_problem(world, at)
  if type(at) ~= "number" or at % 1 ~= 0 then
    return "결제 예약 시각(schedule_at)은 초 단위 unix timestamp 여야 합니다."
  end
  if at <= world:now() then return "결제 예약 시각은 현재보다 뒤여야 합니다." end
end

local function taken(world, merchant_uid)
  local old = world.v1.schedules[merchant_uid]
  if not old then return false end
  local ended = old.schedule_status == "revoked" or failed(old)
  return not (ended and settings.get(world, "v1_reuse_schedule_merchant_uid"))
end

local function item_problem(world, item, order, pg, seen)
  local uid = order.merchant_uid
  local problem = charge.problem(world, order) or time_problem(world, item.schedule_at)
    or pg and charge.pg_problem(order, pg)
  if problem then return problem end
  if seen[uid] or taken(world, uid) then
    return "이미 예약에 사용된 주문번호입니다: " .. uid
  end
  seen[uid] = true
end

-- The key that the schedules are to use: the stored one, or one issued from the request's card.
local function plan_key(world, req)
  local body = req.body
  local customer = world.v1.customers[body.customer_uid]
  if customer then
    local key, problem = keys.choose(world, customer, body.channel_key)
    if key and not channels.supported(world, req, key.channel.pg) then
      return nil, "이 PG사의 빌링키로는 결제를 예약할 수 없습니다: " .. key.channel.pg
    end
    return key, problem
  end
  if not body.card_number then
    return nil, "등록된 빌링키가 없습니다. 카드 정보를 함께 보내 주세요: " .. tostring(body.customer_uid)
  end
  local channel, problem = channels.resolve(world, req)
  if not channel then return nil, problem end
  if NO_CARD[channel.pg] then
    return nil, "이 PG사는 예약과 함께 빌링키를 발급할 수 없습니다: " .. channel.pg
  end
  local card
  card, problem = keys.read_card(body)
  if not card then return nil, problem end
  local key, refusal = keys.make(world, channel, card)
  if not key then return nil, "빌링키 발급에 실패했습니다. " .. charge.reason(refusal) end
  return key, nil, true
end

local function new_schedule(world, body, item, order, key)
  local customer = world.v1.customers[body.customer_uid]
  local routed = customer.group_id and not body.channel_key
  for buyer, stored in pairs(BUYER) do order[buyer] = order[buyer] or customer[stored] end
  local schedule = { order = order, customer_uid = body.customer_uid,
    customer_id = body.customer_id or customer.customer_id, channel = key.channel,
    channel_key = body.channel_key, schedule_at = item.schedule_at, schedule_status = "scheduled",
    pg_provider = not routed and key.pg_provider or nil, pg_id = not routed and key.pg_id or nil }
  for _, field in ipairs { "merchant_uid", "amount", "currency", "name", "custom_data",
    "buyer_name", "buyer_email", "buyer_tel", "buyer_addr", "buyer_postcode" } do
    schedule[field] = order[field]
  end
  state.add_schedule(world, schedule)
  arm(world, schedule)
  return schedule
end

-- A small charge that shows the card to be good, given back at once.
local function check_card(world, body, key)
  local amount = tonumber(body.checking_amount) or 0
  if amount <= 0 then return nil end
  local order = charge.order { merchant_uid = "check_" .. world:digits(16), amount = amount,
    currency = body.schedules[1].currency, name = "유효 카드 확인" }
  local problem = charge.problem(world, order)
  if problem then return problem end
  local payment = charge.run(world, order, { channel = key.channel, card = key.card,
    customer_uid = body.customer_uid, usage = "issue" })
  if payment.status ~= "paid" then return "유효 카드 확인에 실패했습니다. " .. payment.fail_reason end
  cancel.commit(world, payment, { amount = amount, reason = "유효 카드 확인" })
end

-- All schedules of a request are made, or none.
M.handlers["v1.subscribe.schedule"] = function(world, req)
  local body, orders, seen = req.body, {}, {}
  if type(body.schedules) ~= "table" or #body.schedules == 0 then
    return answer.refuse(world, "예약할 결제(schedules)가 없습니다.")
  end
  local key, problem, new = plan_key(world, req)
  if not key then return answer.refuse(world, problem) end
  for i, item in ipairs(body.schedules) do
    orders[i] = charge.order(item)
    problem = item_problem(world, item, orders[i], key.channel.pg, seen)
    if problem then return answer.refuse(world, problem) end
  end
  problem = check_card(world, body, key)
  if problem then return answer.refuse(world, problem) end
  if new then keys.save(world, body.customer_uid, { customer_id = body.customer_id }, { key }) end
  local made = {}
  for i, item in ipairs(body.schedules) do
    made[i] = new_schedule(world, body, item, orders[i], key)
  end
  return answer.ok(view.list(view.schedule, made))
end

-- ── revoking and moving ──────────────────────────────────────────────────────────────────────

M.handlers["v1.subscribe.unschedule"] = function(world, req)
  local uids, customer_uid = paging.list_of(req.body, "merchant_uid"), req.body.customer_uid
  if #uids == 0 and not customer_uid then
    return answer.refuse(world, "customer_uid 와 merchant_uid 중 하나는 필요합니다.")
  end
  local wanted = {}
  for _, uid in ipairs(uids) do wanted[uid] = true end
  local found = state.pending(world, function(s)
    return (not customer_uid or s.customer_uid == customer_uid)
      and (#uids == 0 or wanted[s.merchant_uid] == true)
  end)
  if #found == 0 then return answer.refuse(world, "취소할 수 있는 결제 예약이 없습니다.") end
  for _, schedule in ipairs(found) do revoke(world, schedule) end
  return answer.ok(view.list(view.schedule, found))
end

local function find(world, req)
  local uid = req.path.merchant_uid
  local schedule = world.v1.schedules[uid]
  if schedule then return schedule end
  return nil, { answer.fail(world, 404, "결제 예약이 없습니다: " .. uid) }
end

M.handlers["v1.subscribe.schedule_get"] = function(world, req)
  local schedule, refusal = find(world, req)
  if not schedule then return refusal[1], refusal[2] end
  return answer.ok(view.schedule(schedule))
end

local function pg_refuses(world, req, schedule)
  local pg = schedule.pg_provider or schedule.channel.pg
  if channels.supported(world, req, pg) then return nil end
  return "이 PG사에서는 지원하지 않는 기능입니다: " .. pg
end

M.handlers["v1.subscribe.schedule_update"] = function(world, req)
  local schedule, refusal = find(world, req)
  if not schedule then return refusal[1], refusal[2] end
  local unsupported = pg_refuses(world, req, schedule)
  if unsupported then return answer.fail(world, 500, unsupported) end
  if schedule.schedule_status ~= "scheduled" then
    return answer.fail(world, 400, "이미 실행되었거나 취소된 결제 예약입니다.")
  end
  local problem = time_problem(world, req.body.schedule_at)
  if problem then return answer.fail(world, 400, problem) end
  world:cancel(schedule.timer)
  schedule.schedule_at = req.body.schedule_at
  arm(world, schedule)
  return answer.ok(view.schedule(schedule))
end

-- What reschedule and retry need: a schedule that failed or was revoked, and an unpaid order.
local function revivable(world, req)
  local schedule, refusal = find(world, req)
  if not schedule then return nil, refusal end
  local unsupported = pg_refuses(world, req, schedule)
  if unsupported then return nil, { answer.fail(world, 500, unsupported) } end
  if schedule.schedule_status ~= "revoked" and not failed(schedule) then
    return nil, { answer.fail(world, 400, "실패했거나 취소된 결제 예약이 아닙니다.") }
  end
  if state.is_paid(world, schedule.merchant_uid) then
    return nil, { answer.fail(world, 400, "이미 결제가 이루어진 주문번호입니다.") }
  end
  return schedule
end

M.handlers["v1.subscribe.reschedule"] = function(world, req)
  local schedule, refusal = revivable(world, req)
  if not schedule then return refusal[1], refusal[2] end
  local problem = time_problem(world, req.body.schedule_at)
  if problem then return answer.fail(world, 400, problem) end
  schedule.schedule_at, schedule.schedule_status = req.body.schedule_at, "scheduled"
  schedule.payment, schedule.imp_uid, schedule.fail_reason = nil, nil, nil
  schedule.executed_at, schedule.revoked_at = nil, nil
  arm(world, schedule)
  return answer.ok(view.schedule(schedule))
end

-- The caller is told the outcome, so a failure sends no webhook.
M.handlers["v1.subscribe.retry"] = function(world, req)
  local schedule, refusal = revivable(world, req)
  if not schedule then return refusal[1], refusal[2] end
  if not world.v1.customers[schedule.customer_uid] then
    return answer.fail(world, 404, "등록된 빌링키가 없습니다: " .. schedule.customer_uid)
  end
  return subscribe.answer(world, execute(world, schedule))
end

-- ── looking up ───────────────────────────────────────────────────────────────────────────────

-- Half-open window on the time of payment, three calendar months at most.
local function list(world, query, from, to, accept)
  from, to = tonumber(from), tonumber(to)
  if not from or not to or from > to then
    return answer.fail(world, 400, "조회 기간이 올바르지 않습니다.")
  end
  if to > duration.after(from, "3 months") then
    return answer.fail(world, 400, "조회 기간은 최대 3개월입니다.")
  end
  local status, found = query["schedule-status"] or query.schedule_status, {}
  for _, schedule in ipairs(world.v1.schedule_order) do
    local at = schedule.schedule_at
    if from <= at and at < to and (not status or schedule.schedule_status == status)
      and accept(schedule) then
      table.insert(found, schedule)
    end
  end
  local up = query.sorting == "scheduled"
  table.sort(found, function(a, b)
    local x, y = a.schedule_at, b.schedule_at
    if x == y then x, y = a.seq, b.seq end
    if up then return x < y end
    return x > y
  end)
  return answer.ok(view.list(view.schedule, (paging.cut(found, query))))
end

M.handlers["v1.subscribe.schedules"] = function(world, req)
  local query = req.query
  return list(world, query, query.schedule_from, query.schedule_to, function() return true end)
end

local function by_customer(world, req)
  local uid, query = req.path.customer_uid, req.query
  return list(world, query, query.from, query.to, function(s) return s.customer_uid == uid end)
end

M.handlers["v1.subscribe.schedules_by_customer"] = by_customer
M.handlers["v1.customers.schedules"] = by_customer

return M
