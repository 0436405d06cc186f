-- SPDX-License-Identifier: MIT
-- What the console shows of the books: one row for each payment, billing key and schedule of
-- either API, in words that both have in common.

local api = require "portone.api"
local currency = require "portone.check.currency"
local json = require "portone.json"
local redact = require "portone.redact"

local wire = require "portone.sandbox.wire"

local M = {}

-- Statuses of both APIs in one word each.
local STATES = {
  ready = "waiting", paid = "paid", failed = "failed", cancelled = "cancelled",
  READY = "waiting", PAID = "paid", FAILED = "failed", CANCELLED = "cancelled",
  PARTIAL_CANCELLED = "partial", VIRTUAL_ACCOUNT_ISSUED = "deposit", PAY_PENDING = "waiting",
  scheduled = "scheduled", revoked = "revoked",
  SCHEDULED = "scheduled", STARTED = "scheduled", PENDING = "scheduled", REVOKED = "revoked",
  SUCCEEDED = "paid", ISSUED = "issued", DELETED = "deleted",
}

-- ── payments ─────────────────────────────────────────────────────────────────────────────────

local function v1_payment(p)
  local state = STATES[p.status]
  if p.status == "ready" and (p.vbank_date or 0) ~= 0 then state = "deposit" end
  if p.status == "paid" and p.cancel_amount > 0 then state = "partial" end
  local left = (p.paid_at or 0) ~= 0 and p.amount - p.cancel_amount or 0
  return { api = "v1", id = p.imp_uid, order = p.merchant_uid, name = p.name, amount = p.amount,
    cancelled = p.cancel_amount, left = left, decimals = 0, currency = p.currency, state = state,
    status = p.status, pg = p.pg_provider, method = p.pay_method, at = p.started_at,
    reason = p.fail_reason, customer = p.customer_uid }
end

local function v2_payment(p)
  local tx = p.tx
  local pending
  for _, c in ipairs(tx.cancellations) do
    pending = pending or c.status == "REQUESTED"
  end
  local left = tx.paid_at and tx.amount.total - (tx.order_cancelled or 0) or 0
  return { api = "v2", id = p.id, order = p.id, store = p.store, name = tx.order.orderName,
    amount = tx.amount.total - tx.discount, cancelled = tx.cancelled, left = left,
    decimals = currency.digits(tx.order.currency) or 0, currency = tx.order.currency,
    state = STATES[tx.status], status = tx.status, pg = tx.pg and tx.pg.pg,
    method = tx.method and tx.method.type:match("^PaymentMethod(.+)$"), at = p.created_at,
    pending = pending, reason = tx.failure and tx.failure.reason, customer = tx.billing_key }
end

-- ── billing keys ─────────────────────────────────────────────────────────────────────────────

local function v1_key(customer)
  local key = customer.keys[1]
  return { api = "v1", id = customer.customer_uid, name = customer.customer_name,
    pg = key.pg_provider, card = key.card_name, number = key.card_number, state = "issued",
    status = "issued", at = customer.updated, group = customer.group_id }
end

local function v2_key(key)
  local card = (key.instrument or {}).card
  return { api = "v2", id = key.id, store = key.store,
    name = key.order and key.order.customer and key.order.customer.id,
    pg = key.channels[1] and key.channels[1].pg, card = card and card.card_name,
    number = card and card.masked, state = STATES[key.status] or "waiting", status = key.status,
    at = key.changed_at or key.requested_at, group = key.group and key.group.id }
end

-- ── schedules ────────────────────────────────────────────────────────────────────────────────

local function v1_schedule(s)
  local state = STATES[s.schedule_status] or s.payment and STATES[s.payment.status]
  return { api = "v1", id = s.merchant_uid, order = s.merchant_uid, name = s.name,
    amount = s.amount, decimals = 0, currency = s.currency, pg = s.pg_provider,
    state = state, status = s.schedule_status, at = s.schedule_at, customer = s.customer_uid,
    reason = s.fail_reason }
end

local function v2_schedule(s)
  return { api = "v2", id = s.id, order = s.payment_id, store = s.store, name = s.order.orderName,
    amount = s.amount.total, decimals = currency.digits(s.order.currency) or 0,
    currency = s.order.currency, pg = s.key.channels[1] and s.key.channels[1].pg,
    state = STATES[s.status], status = s.status, at = s.time_to_pay, customer = s.key.id }
end

-- Texts of a row that nothing bounds, as long as they can be read there.
local function cut(row)
  for _, name in ipairs { "name", "reason" } do
    local text = row[name]
    row[name] = type(text) == "string" and wire.cut(text, 200) or text
  end
  return row
end

-- ── lists ────────────────────────────────────────────────────────────────────────────────────

-- Records of a kind, of both books, each { record, maker, at, order of its making }.
local function gather(out, records, make, time)
  for _, record in pairs(records) do
    local n = #out + 1
    out[n] = { record = record, make = make, at = time(record) or 0, n = record.seq or n }
  end
end

local function newest_first(a, b)
  if a.at ~= b.at then return a.at > b.at end
  return a.n > b.n
end

local kinds = {}

-- Both books have their payments in the order of time, so the two are only laid into each other.
function kinds.payments(world)
  local out, v1, v2 = {}, world.v1.payment_order, world.v2.payments.list
  local i, j = #v1, #v2
  while i + j > 0 do
    if j == 0 or i > 0 and v1[i].started_at > v2[j].created_at then
      out[#out + 1] = { record = v1[i], make = v1_payment }
      i = i - 1
    else
      out[#out + 1] = { record = v2[j], make = v2_payment }
      j = j - 1
    end
  end
  return out
end

function kinds.keys(world)
  local out = {}
  gather(out, world.v1.customers, v1_key, function(c) return c.updated end)
  gather(out, world.v2.billing_keys.list, v2_key, function(k)
    return k.changed_at or k.requested_at
  end)
  table.sort(out, newest_first)
  return out
end

local PENDING = { scheduled = true, SCHEDULED = true, STARTED = true, PENDING = true }

-- What is to come, the next one first; then what is over, the last one first.
function kinds.schedules(world)
  local out = {}
  gather(out, world.v1.schedule_order, v1_schedule, function(s) return s.schedule_at end)
  gather(out, world.v2.schedules.list, v2_schedule, function(s) return s.time_to_pay end)
  for _, item in ipairs(out) do
    item.pending = PENDING[item.record.schedule_status or item.record.status] == true
  end
  table.sort(out, function(a, b)
    if a.pending ~= b.pending then return a.pending end
    if not a.pending then return newest_first(a, b) end
    if a.at ~= b.at then return a.at < b.at end
    return a.n < b.n
  end)
  return out
end

local SEARCHED = { "id", "order", "name", "customer", "pg", "status", "number" }

local function matches(row, q, state)
  if state and row.state ~= state then return false end
  if not q then return true end
  for _, field in ipairs(SEARCHED) do
    local value = row[field]
    if type(value) == "string" and value:lower():find(q, 1, true) then return true end
  end
  return false
end

---Numbers of what there is.
---@param world portone.sandbox.world
---@return table<string, integer>
function M.counts(world)
  local customers, pending = 0, 0
  for _ in pairs(world.v1.customers) do customers = customers + 1 end
  for _, s in ipairs(world.v1.schedule_order) do
    pending = pending + (PENDING[s.schedule_status] and 1 or 0)
  end
  for _, s in ipairs(world.v2.schedules.list) do
    pending = pending + (PENDING[s.status] and 1 or 0)
  end
  return { payments = #world.v1.payment_order + #world.v2.payments.list,
    keys = customers + #world.v2.billing_keys.list, schedules = pending,
    timeline = #world.journal, faults = #world.faults.rules }
end

---A page of rows.
---@param world portone.sandbox.world
---@param kind "payments"|"keys"|"schedules"
---@param args { offset: integer, limit: integer, q?: string, state?: string }  `q`: part of an
--- id, order, name, …
---@return { total: integer, offset: integer, rows: table[] }
function M.list(world, kind, args)
  local rows, total = json.array {}, 0
  local filtered = args.q or args.state
  for _, item in ipairs(kinds[kind](world)) do
    local row = filtered and item.make(item.record)
    if not filtered or matches(row, args.q, args.state) then
      total = total + 1
      if total > args.offset and #rows < args.limit then
        rows[#rows + 1] = cut(row or item.make(item.record))
      end
    end
  end
  return { total = total, offset = args.offset, rows = rows }
end

-- ── one of them ──────────────────────────────────────────────────────────────────────────────

-- The API's own way to look one up, and the name of its path field.
local LOOKUPS = {
  payments = { v1 = { "payments", "get", "imp_uid" }, v2 = { "payment", "get_payment",
    "paymentId" } },
  keys = { v1 = { "customers", "get", "customer_uid" },
    v2 = { "payment.billing_key", "get_billing_key_info", "billingKey" } },
  schedules = { v1 = { "subscribe", "schedule_get", "merchant_uid" },
    v2 = { "payment.payment_schedule", "get_payment_schedule", "paymentScheduleId" } },
}

-- The masked copy of an answer has forgotten which of its empty tables are lists.
local function keep_marks(from, to)
  for key, value in pairs(from) do
    if type(value) == "table" and type(to[key]) == "table" then
      if json.is_array(value) then json.array(to[key]) end
      keep_marks(value, to[key])
    end
  end
  return to
end

---One of them as its API shows it, secrets masked.
---@param world portone.sandbox.world
---@param kind "payments"|"keys"|"schedules"
---@param version "v1"|"v2"
---@param id string
---@param store? string  of V2
---@return table? object
---@return string? problem
function M.one(world, kind, version, id, store)
  local lookup = (LOOKUPS[kind] or {})[version]
  if not lookup then return nil, "no such kind" end
  local row = api.find(version, lookup[1], lookup[2])
  local book = require("portone.sandbox." .. version)
  local status, body = book.handlers[row.name](world, { row = row, path = { [lookup[3]] = id },
    query = { include_sandbox = true, storeId = store }, body = {}, headers = {},
    now = world:now() })
  if status ~= 200 then return nil, body.message end
  local object = version == "v1" and body.response or body
  return keep_marks(object, redact.copy(object))
end

return M
