-- SPDX-License-Identifier: MIT
-- Arguments of public functions that are of the wrong kind: the error says whose they are, what
-- belongs there and what was given, and has the line of the caller of the function that asks.

local M = {}

local function wrong(where, wanted, value)
  error(("%s: %s expected, got %s"):format(where, wanted, type(value)), 4)
end

---A table that may be left out.
---@param value any
---@param where string    "sandbox:journal"
---@param wanted? string  what belongs there
---@return table
function M.options(value, where, wanted)
  if value == nil then
    return {}
  elseif type(value) ~= "table" then
    wrong(where, wanted or "a table of options", value)
  end
  return value
end

---A value of one of some types.
---@param value any
---@param where string
---@param wanted string  what belongs there
---@param a string       a type
---@param b? string      another
function M.need(value, where, wanted, a, b)
  if type(value) ~= a and type(value) ~= b then
    wrong(where, wanted, value)
  end
end

local LONG = 1e8  -- three years: as good as for ever, and any clock can take it

---Seconds to wait: what is over already is 0.
---@param value any
---@param where string
---@param default? number  when it may be left out
---@return number
function M.seconds(value, where, default)
  if value == nil and default then
    return default
  elseif type(value) ~= "number" or value ~= value then
    error(("%s: a number of seconds expected, got %s"):format(where,
      type(value) == "number" and "not-a-number" or type(value)), 3)
  end
  return value < 0 and 0 or value < LONG and value or LONG
end

return M
