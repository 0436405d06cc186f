-- SPDX-License-Identifier: MIT
-- An unknown outcome on its way to another time or process: text that holds what is needed
-- to ask, and nothing of a card.

local errors = require "portone.error"
local json = require "portone.json"

local M = {}

local FORM = 1  -- changes when the text's meaning does

local function is_pending(p)
  return type(p) == "table" and type(p.operation) == "string" and type(p.kept) == "table"
    and type(p.started) == "number" and (p.sent == nil or type(p.sent) == "number")
end

---The pending part of an `unknown_outcome` error as one line of text.
---@param err portone.Error
---@return string  raises when the error holds nothing pending
function M.encode(err)
  local pending = errors.is(err) and err.pending or err
  if not is_pending(pending) then
    error("encode_pending: an error of kind unknown_outcome expected", 3)
  end
  return (assert(json.encode { form = FORM, operation = pending.operation,
    kept = pending.kept, started = pending.started, sent = pending.sent, known = pending.known,
    idempotency_key = pending.idempotency_key, tier = pending.tier,
    store_id = pending.store_id }))
end

---What `resolve` is given: an error, its pending part, or the text of one.
---@param value portone.Error|table|string
---@param level integer  error's level of the caller to blame, seen from here
---@return table pending
function M.decode(value, level)
  local pending = value
  if type(value) == "string" then
    pending = json.decode(value)
    if type(pending) ~= "table" or pending.form ~= FORM then
      error("resolve: this text was not made by encode_pending", level)
    end
  elseif errors.is(value) then
    pending = value.pending
  end
  if not is_pending(pending) then
    error("resolve: an error of kind unknown_outcome, or text of encode_pending, expected", level)
  end
  return pending
end

return M
