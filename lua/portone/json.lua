-- SPDX-License-Identifier: MIT
-- JSON as the API needs it: exact integers, real arrays, null, UTF-8.
-- The work is in src/ljson.c, on a private instance of lua-cjson.

local core = require "portone.core"

local json = {}

---JSON null, for a field that is to be sent as null.
json.null = core.null

---Value to JSON text.
---@param value any  tables, strings (UTF-8), numbers, booleans, `json.null`
---@param is_array? fun(path: string): boolean  is the empty table at "a.b[1]" an array?
---@return string? text
---@return string? problem  why the value cannot be sent
---@return string? path     where, "" for the value itself
json.encode = core.json_encode

---JSON text to value. Null members are absent; null items are `json.null`; `[]` comes
---back as a marked array; whole numbers below 2^53 as Lua integers, others as floats.
---@param text string
---@return any value        nil when the text is not JSON
---@return string? problem
json.decode = core.json_decode

---Marks a table as an array, which only an empty one needs.
---@generic T: table
---@param t? T  a new table when absent
---@return T
function json.array(t)
  if t ~= nil and type(t) ~= "table" then
    error("array: table expected, got " .. type(t), 2)
  end
  return setmetatable(t or {}, core.array_mt)
end

---Was the table marked by `json.array` (or read from `[]`)?
---@param t any
---@return boolean
function json.is_array(t)
  return type(t) == "table" and getmetatable(t) == core.array_mt
end

return json
