-- SPDX-License-Identifier: MIT
-- What a ledger writes down of an order. Pure.
--
-- A record is a table that JSON can hold:
--   form, operation, tier, store_id
--   kept        what tells this request from others (reconcile.lua), and known: can it be asked
--   args        the whole request, when nothing in it is secret; without it nobody but the
--               caller can send it again
--   key         the Idempotency-Key of a V2 write
--   state       "sent": it may be at work or done · "unknown": it was asked, nobody could tell ·
--               "settled"
--   started     unix seconds of the first sending; sent: of the last; sends: how many
--   lost        unix seconds at which the last sending was over at the latest
--   owner, lease  whose it is, and until when
--   outcome     "done" · "declined" · "not_done" · "conflict";  settled: when
--   result | error (with the answer of a declined one), attempts, reconciled, note

local errors = require "portone.error"
local json = require "portone.json"
local reconcile = require "portone.reconcile"
local redact = require "portone.redact"

local M = {}

local FORM = 1

-- {====== Comparing ======

---Are two values equal, all the way down?
function M.same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for k, v in pairs(a) do
    if not M.same(v, b[k]) then
      return false
    end
  end
  for k in pairs(b) do
    if a[k] == nil then
      return false
    end
  end
  return true
end

-- As it will be when it is read again; nil when JSON cannot hold it.
local function copy(value)
  local text = json.encode(value)
  return text and json.decode(text)
end

local function shown(value)
  if type(value) == "table" then
    return json.encode(value) or "another value"
  end
  return tostring(value)
end

---What another request for the same order asks for otherwise; nil when it is the same.
---@param record table
---@param operation string
---@param kept table  of the new request
---@return string?
function M.difference(record, operation, kept)
  if record.operation ~= operation then
    return ("it is a %s, now asked for as %s"):format(record.operation, operation)
  end
  local names = {}
  for name in pairs(record.kept) do names[#names + 1] = name end
  for name in pairs(kept) do
    if record.kept[name] == nil then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    if not M.same(record.kept[name], kept[name]) then
      return ("%s was %s, is now %s"):format(name, shown(record.kept[name]), shown(kept[name]))
    end
  end
end

-- }======

-- {====== Writing ======

local function has_secret(value, depth)
  for k, v in pairs(value) do
    if redact.is_secret(k) or (type(v) == "table" and (depth > 16 or has_secret(v, depth + 1))) then
      return true
    end
  end
  return false
end

-- The arguments as they can be written down: not with a secret in them, and not when they
-- would come back as something else.
local function storable(args)
  if has_secret(args, 1) then
    return nil
  end
  local again = copy(args)
  return again and M.same(args, again) and again or nil
end

-- An answer without what an answer should not hold; a masked card number may stay.
local function clean(value, depth)
  if type(value) ~= "table" or value == json.null then
    return value
  end
  local out = json.is_array(value) and json.array {} or {}
  for k, v in pairs(value) do
    local masked = type(v) == "string" and v:find("*", 1, true)
    if depth < 32 and (masked or not redact.is_secret(k)) then
      out[k] = clean(v, depth + 1)
    end
  end
  return out
end

---What tells a request from others, as a record has it.
---@param row table
---@param args table
---@return table kept, boolean known
function M.kept(row, args)
  local pending = reconcile.pending(row.name, args, 0)
  return copy(pending.kept) or {}, pending.known
end

---A record of a request that was not sent yet.
---@param row table     the operation
---@param args table
---@param opts table    of the call: tier, store_id
---@return table record
function M.new(row, args, opts)
  local kept, askable = M.kept(row, args)
  return { form = FORM, operation = row.name, kept = kept, known = askable,
    args = storable(args), tier = opts.tier, store_id = opts.store_id,
    sends = 0 }
end

local error_fields = { "kind", "type", "code", "status", "message", "pg_code", "pg_message",
  "operation", "attempts", "idempotency_key", "outcome", "fields" }

---Puts an end to a record.
---@param record table
---@param outcome string
---@param result any
---@param err? portone.Error
---@param at number  unix seconds
function M.settle(record, outcome, result, err, at)
  record.state, record.outcome, record.settled = "settled", outcome, math.floor(at)
  record.owner, record.lease, record.lost = nil, nil, nil
  record.result, record.error = nil, nil
  if result ~= nil then
    record.result = clean(result, 1)
  end
  if err then
    record.error = {}
    for _, name in ipairs(error_fields) do
      record.error[name] = err[name]
    end
    if outcome == "declined" and type(err.response) == "table" then  -- V1: the payment that failed
      record.error.response = clean(err.response, 1)
    end
  end
end

---@param record table
---@return string text
function M.encode(record)
  local text, problem = json.encode(record)
  if not text then  -- the answer holds what JSON cannot: the outcome matters more
    record.result = nil
    text, problem = json.encode(record)
  end
  return (assert(text, problem))
end

-- }======

-- {====== Reading ======

---@param text string
---@return table? record
---@return string? problem
function M.decode(text)
  local record = json.decode(text)
  if type(record) ~= "table" or record.form ~= FORM then
    return nil, "an entry of the ledger cannot be read"
  end
  return record
end

---What a settled record has to say to who asks again.
---@param record table
---@return any result, portone.Error? err, table info
function M.answer(record)
  local info = { operation = record.operation, attempts = record.attempts or 0, elapsed = 0,
    headers = {}, idempotency_key = record.key, reconciled = record.reconciled, recorded = true }
  if record.outcome == "done" then
    return record.result == nil and {} or record.result, nil, info
  end
  local fields = copy(record.error or {}) or {}
  fields.kind = errors.kinds[fields.kind] and fields.kind or "conflict"
  fields.outcome = record.outcome == "conflict" and "conflict" or "not_done"
  return nil, errors.new(fields), info
end

---What 'resolve' needs to ask about an open record.
---@param record table
---@param behind number  seconds to add to the ledger's times to have those of this machine
---@return table pending
function M.pending(record, behind)
  return { operation = record.operation, kept = record.kept, known = record.known,
    started = math.floor(record.started + behind),
    sent = math.ceil((record.lost or record.sent) + behind), idempotency_key = record.key }
end

-- }======

return M
