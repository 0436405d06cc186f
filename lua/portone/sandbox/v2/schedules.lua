-- SPDX-License-Identifier: MIT
--- Payment schedules: created, run when their time comes, revoked all or none, listed.

local answer = require "portone.sandbox.v2.answer"
local billing_keys = require "portone.sandbox.v2.billing_keys"
local charges = require "portone.sandbox.v2.charges"
local lists = require "portone.sandbox.v2.lists"
local payments = require "portone.sandbox.v2.payments"
local settings = require "portone.sandbox.v2.settings"
local state = require "portone.sandbox.v2.state"
local time = require "portone.sandbox.v2.time"
local view = require "portone.sandbox.v2.view"

local M = {}

-- The field is a date-time that lies in the future; some samples leave the offset out.
local function time_to_pay(world, text)
  local at = time.parse(text)
  if not at and settings.is(world, "v2_local_time_to_pay", "kst") then
    at = time.parse_korean(text)
  end
  if not at then answer.invalid("timeToPay", "expected an RFC 3339 time with an offset") end
  if at <= world:now() then answer.invalid("timeToPay", "must be in the future") end
  return at
end

-- What stops a schedule at its time: whatever would stop the charge, as a failure of the PG's.
local function failure_of(refusal)
  return { pg_code = refusal.body.type, pg_message = refusal.body.message }
end

local function finish(world, schedule, status)
  schedule.status = status
  schedule.completed_at, schedule.changed_at = world:now(), world:now()
end

-- A charge that must not be tried, e.g. with a deleted key, is a failed attempt all the same,
-- unless the paymentId is taken: a paid payment never gets another attempt.
local function fail_unplanned(world, schedule, refusal)
  local payment = world.v2.payments.map[state.key(schedule.store, schedule.payment_id)]
  if charges.is_paid(payment) or charges.is_waiting(payment) then return end
  local tx = charges.begin(world, { store = schedule.store, id = schedule.payment_id,
    order = schedule.order, amount = schedule.amount, channel = schedule.key.channels[1],
    billing_key = schedule.key.id, schedule_id = schedule.id })
  charges.fail(world, tx, failure_of(refusal))
end

--- Runs a schedule whose time has come.
---@param world table
---@param schedule table
function M.run(world, schedule)
  schedule.status = "STARTED"
  schedule.started_at, schedule.changed_at = world:now(), world:now()
  local refusal, attempt = answer.try(payments.plan_key_charge, world,
    { store = schedule.store, id = schedule.payment_id, order = schedule.order,
      schedule = schedule })
  if refusal then
    fail_unplanned(world, schedule, refusal)
    return finish(world, schedule, "FAILED")
  end
  local _, declined = charges.charge(world, attempt)
  finish(world, schedule, declined and "FAILED" or "SUCCEEDED")
end

local function check_payment(world, store, id)
  local payment = world.v2.payments.map[state.key(store, id)]
  if charges.is_paid(payment) or charges.is_waiting(payment) then
    answer.refuse("ALREADY_PAID_OR_WAITING", "a payment with this paymentId is complete or waiting")
  elseif charges.pending_schedule(world, store, id) then
    answer.refuse("PAYMENT_SCHEDULE_ALREADY_EXISTS", "a schedule will pay under this paymentId")
  end
end

M.handlers = {}

M.handlers["v2.payment.payment_schedule.create_payment_schedule"] = function(world, req)
  local order, id = req.body.payment, req.path.paymentId
  local store = state.store(world, order.storeId)
  local at = time_to_pay(world, req.body.timeToPay)
  local key = billing_keys.usable(world, store, order.billingKey)
  if not billing_keys.channel(key, order.channelKey) then
    answer.invalid("payment.channelKey", "the key was not issued for this channel")
  end
  local amount = charges.check_order(world, store, id, order)
  check_payment(world, store, id)
  local schedule = { id = world:uuid(), seq = state.next(world), status = "SCHEDULED",
    store = store, payment_id = id, key = key, order = order, amount = amount,
    created_at = world:now(), changed_at = world:now(), time_to_pay = at }
  state.add(world.v2.schedules, schedule.id, schedule)
  world.v2.schedules.by_payment[state.key(store, id)] = schedule
  schedule.timer = world:at(at, function() M.run(world, schedule) end)
  return 200, { schedule = { id = schedule.id } }
end

-- PaymentSchedule; customData is required there, so an absent one is the empty string.
local function schedule_view(world, s)
  local order = s.order
  return {
    status = s.status,
    id = s.id,
    merchantId = world.config.merchant_id,
    storeId = s.store,
    paymentId = s.payment_id,
    billingKey = s.key.id,
    orderName = order.orderName,
    isCulturalExpense = false,
    isEscrow = false,
    customer = view.customer(order.customer),
    customData = order.customData or "",
    totalAmount = s.amount.total,
    taxFreeAmount = s.amount.tax_free,
    vatAmount = s.amount.vat,
    currency = order.currency,
    installmentMonth = order.installmentMonth,
    noticeUrls = order.noticeUrls and view.array(order.noticeUrls),
    products = order.products and view.array(order.products),
    createdAt = view.time(world, s.created_at),
    timeToPay = view.time(world, s.time_to_pay),
    startedAt = view.time(world, s.started_at),
    completedAt = view.time(world, s.completed_at),
    revokedAt = view.time(world, s.revoked_at),
  }
end

local function find(world, store, id)
  local schedule = world.v2.schedules.map[id]
  if not schedule or schedule.store ~= store then
    answer.refuse("PAYMENT_SCHEDULE_NOT_FOUND", "no schedule has the id " .. tostring(id))
  end
  return schedule
end

M.handlers["v2.payment.payment_schedule.get_payment_schedule"] = function(world, req)
  local store = state.store(world, req.query.storeId)
  return 200, schedule_view(world, find(world, store, req.path.paymentScheduleId))
end

local TIMES = {
  CREATED_AT = function(s) return s.created_at end,
  TIME_TO_PAY = function(s) return s.time_to_pay end,
  COMPLETED_AT = function(s) return s.completed_at end,
  STATUS_TIMESTAMP = function(s) return s.changed_at end,
}

M.handlers["v2.payment.payment_schedule.get_payment_schedules"] = function(world, req)
  local filter, sort = req.body.filter or {}, req.body.sort or {}
  local store = state.store(world, filter.storeId)
  local page = lists.page(req.body.page)
  local first, last = lists.window(world, filter)
  local found = lists.select(world.v2.schedules.list, function(s)
    return s.store == store and s.time_to_pay >= first and s.time_to_pay <= last
      and lists.equals(filter.billingKey, s.key.id)
      and lists.names(filter.status, s.status)
      and lists.equals(filter.isForTest, true)
  end)
  lists.sort(found, TIMES[sort.by or "TIME_TO_PAY"], sort.order)
  return 200, lists.paged(found, page, function(s) return schedule_view(world, s) end)
end

local function check_revocable(schedule)
  if schedule.status == "REVOKED" then
    answer.refuse("PAYMENT_SCHEDULE_ALREADY_REVOKED", schedule.id .. " was revoked before")
  elseif schedule.status ~= "SCHEDULED" then
    answer.refuse("PAYMENT_SCHEDULE_ALREADY_PROCESSED", schedule.id .. " was processed")
  end
end

-- The schedules of a list of ids; one that belongs to another key is not found.
local function named(world, store, ids, key)
  local out, seen = {}, {}
  for _, id in ipairs(ids) do
    local schedule = find(world, store, id)
    if key and schedule.key ~= key then
      answer.refuse("PAYMENT_SCHEDULE_NOT_FOUND", id .. " is not a schedule of this billing key")
    end
    check_revocable(schedule)
    if not seen[id] then
      seen[id] = true
      out[#out + 1] = schedule
    end
  end
  return out
end

local function pending_of(world, key)
  local out = {}
  for _, schedule in ipairs(world.v2.schedules.list) do
    if schedule.key == key and schedule.status == "SCHEDULED" then out[#out + 1] = schedule end
  end
  if #out == 0 and settings.is(world, "v2_revoke_nothing", "not_found") then
    answer.refuse("PAYMENT_SCHEDULE_NOT_FOUND", "nothing is scheduled with this billing key")
  end
  return out
end

-- Source: the operation's description, a key alone means all its schedules, ids alone those,
-- both those ids, which must be the key's. One that cannot be revoked fails the request.
M.handlers["v2.payment.payment_schedule.revoke_payment_schedules"] = function(world, req)
  local body = req.body
  local store = state.store(world, body.storeId)
  local ids = body.scheduleIds and #body.scheduleIds > 0 and body.scheduleIds or nil
  if not ids and not body.billingKey then
    answer.invalid("scheduleIds", "one of billingKey and scheduleIds is needed")
  end
  local key = body.billingKey and billing_keys.usable(world, store, body.billingKey)
  local chosen = ids and named(world, store, ids, key) or pending_of(world, key)
  local revoked = {}
  for i, schedule in ipairs(chosen) do
    schedule.status = "REVOKED"
    schedule.revoked_at, schedule.changed_at = world:now(), world:now()
    world:cancel(schedule.timer)
    revoked[i] = schedule.id
  end
  return 200, { revokedScheduleIds = view.array(revoked),
    revokedAt = #revoked > 0 and view.time(world, world:now()) or nil }
end

return M
