-- SPDX-License-Identifier: MIT
-- The journal as the console shows it: the newest entries first, a page at a time, found and cut
-- so that a long journal costs little.

local currency = require "portone.check.currency"
local json = require "portone.json"

local cut = require("portone.sandbox.wire").cut

local M = {}

-- Bytes of one part of an entry (a body, an answer) that the page gets.
M.PART = 65536

-- Fields of an entry that its row in the list has; texts are cut to fit there.
local FIELDS = { "n", "at", "kind", "api", "op", "method", "status", "fault", "type", "attempt",
  "duplicate", "order", "imp_uid", "amount", "currency", "outcome", "retry_at", "path", "url",
  "error", "skipped", "reason", "state" }

local function row_of(entry)
  local row = {}
  for _, name in ipairs(FIELDS) do
    local value = entry[name]
    row[name] = type(value) == "string" and cut(value, 200) or value
  end
  if entry.amount and entry.api == "v2" then
    row.decimals = currency.digits(entry.currency) or 0
  end
  local body = entry.body
  if entry.kind == "webhook" and type(body) == "table" then
    local data = type(body.data) == "table" and body.data or body
    row.type = row.type or body.status
    local order = data.paymentId or data.payment_id or data.merchant_uid or data.billingKey
    row.order = order and cut(tostring(order), 200)
  end
  return row
end

local groups = {
  request = function(e) return e.kind == "request" end,
  webhook = function(e) return e.kind == "webhook" end,
  money = function(e) return e.kind == "charge" or e.kind == "cancel" end,
  problem = function(e)
    return e.error ~= nil or e.fault ~= nil or e.outcome == "failed"
      or (tonumber(e.status) or 0) >= 400
  end,
}

local NAMED = { "path", "op", "type", "url", "id", "order", "imp_uid", "transaction", "fault",
  "error", "method" }
local IDS = { "paymentId", "payment_id", "billingKey", "imp_uid", "merchant_uid", "customer_uid",
  "scheduleId" }

local function has(value, q)
  return type(value) == "string" and value:lower():find(q, 1, true) ~= nil
end

local function ids_have(body, q)
  if type(body) ~= "table" then return false end
  for _, name in ipairs(IDS) do
    if has(body[name], q) then return true end
  end
  return false
end

local function found(entry, q)
  for _, name in ipairs(NAMED) do
    if has(entry[name], q) then return true end
  end
  local body = entry.body
  return ids_have(body, q) or type(body) == "table" and (ids_have(body.data, q)
    or ids_have(body.payment, q)) or tostring(entry.status) == q
end

-- Index of the last entry before `n`; entries are in the order of their n.
local function last_before(entries, n)
  local low, high = 1, #entries + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if entries[middle].n < n then low = middle + 1 else high = middle end
  end
  return low - 1
end

---A page of the journal, newest first.
---@param world portone.sandbox.world
---@param args { limit: integer, before?: integer, group?: string, q?: string }  `before`: entries
--- older than that number; `group`: "request", "webhook", "money" or "problem"
---@return { rows: table[], older: boolean, total: integer }  `older`: there are more
function M.list(world, args)
  local entries, wanted = world.journal, groups[args.group or ""]
  local rows, older = json.array {}, false
  for i = args.before and last_before(entries, args.before) or #entries, 1, -1 do
    local entry = entries[i]
    if (not wanted or wanted(entry)) and (not args.q or found(entry, args.q)) then
      if #rows == args.limit then
        older = true
        break
      end
      rows[#rows + 1] = row_of(entry)
    end
  end
  return { rows = rows, older = older, total = #entries }
end

-- A part of an entry as text: strings as they are, tables as JSON, long ones cut.
local function part(value)
  if value == nil then return nil end
  local text = type(value) == "string" and value or json.encode(value)
    or "(cannot be shown as JSON)"
  return { text = cut(text, M.PART), cut = #text > M.PART or nil, bytes = #text }
end

-- All attempts to deliver the webhook of an entry.
local function attempts(world, id)
  local out = json.array {}
  for _, entry in ipairs(world.journal) do
    if entry.kind == "webhook" and entry.id == id then
      out[#out + 1] = { n = entry.n, at = entry.at, status = entry.status,
        attempt = entry.attempt, duplicate = entry.duplicate, retry_at = entry.retry_at,
        error = entry.error, skipped = entry.skipped }
    end
  end
  return out
end

---One entry with all it has.
---@param world portone.sandbox.world
---@param n integer
---@return table? entry
---@return string? problem
function M.entry(world, n)
  local entry = world.journal[last_before(world.journal, n + 1)]
  if not entry or entry.n ~= n then return nil, "the journal has no such entry" end
  local out = row_of(entry)
  out.id, out.transaction = entry.id, entry.transaction
  for _, name in ipairs { "path", "url", "error", "order" } do
    out[name] = entry[name] and cut(tostring(entry[name]), 4000)
  end
  for _, name in ipairs { "headers", "query", "body", "answer" } do
    out[name] = part(entry[name])
  end
  if entry.kind == "webhook" then out.attempts = attempts(world, entry.id) end
  return out
end

return M
