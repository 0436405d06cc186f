-- SPDX-License-Identifier: MIT
-- Reads what comes over the wire: percent-encoding, query strings, forms, and their strings as
-- the types that a row of the API tables gives them.

local api = require "portone.api"
local json = require "portone.json"

local M = {}

---Undoes percent-encoding.
---@param text string
---@param plus? boolean  "+" is a space (queries and forms, not paths)
---@return string? text  nil when a "%" is followed by no two hexadecimal digits
function M.unescape(text, plus)
  if plus then
    text = text:gsub("%+", " ")
  end
  if text:gsub("%%%x%x", ""):find("%", 1, true) then
    return nil
  end
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

---Is a text valid UTF-8 (RFC 3629: no overlong forms, no surrogates)?
---@param text string
---@return boolean
function M.is_utf8(text)
  local i = text:find("[\128-\255]")
  while i do
    local rest = text:match("^[\194-\223][\128-\191]()", i)
      or text:match("^\224[\160-\191][\128-\191]()", i)
      or text:match("^[\225-\236\238\239][\128-\191][\128-\191]()", i)
      or text:match("^\237[\128-\159][\128-\191]()", i)
      or text:match("^\240[\144-\191][\128-\191][\128-\191]()", i)
      or text:match("^[\241-\243][\128-\191][\128-\191][\128-\191]()", i)
      or text:match("^\244[\128-\143][\128-\191][\128-\191]()", i)
    if not rest then
      return false
    end
    i = text:find("[\128-\255]", rest)
  end
  return true
end

---The beginning of a long text, with a sign that it is one.
---@param text string  UTF-8
---@param n integer    bytes, no more than these
---@return string
function M.cut(text, n)
  if #text <= n then
    return text
  end
  -- never in the middle of a character
  return text:sub(1, n):gsub("[\192-\255]?[\128-\191]*$", "") .. "…"
end

-- "extra[requester]" -> "extra", { "requester" };  "imp_uid[]" -> "imp_uid", { "" }
local function split_key(key)
  local name, tail = key:match("^([^%[]+)(%[.*%])$")
  if not name then
    return key, {}
  end
  local steps = {}
  for step in tail:gmatch("%[([^%]]*)%]") do
    steps[#steps + 1] = step
  end
  return name, steps
end

-- A member of a form: repeated names make a list, numbers index one (from 0).
local function put(into, key, value)
  if key == "" then
    into[#into + 1] = value
  elseif key:find("^%d%d?%d?$") then
    into[tonumber(key) + 1] = value
  elseif into[key] == nil then
    into[key] = value
  elseif type(into[key]) == "table" then
    table.insert(into[key], value)
  else
    into[key] = { into[key], value }
  end
end

local function descend(into, key)
  if key:find("^%d%d?%d?$") then
    key = tonumber(key) + 1
  end
  if type(into[key]) ~= "table" then
    into[key] = {}
  end
  return into[key]
end

-- Far more than any operation has use for.
local MAX_FIELDS, MAX_STEPS = 100000, 8

-- Lists without holes, and no table that is half a list: what can be written as JSON.
local function settle(value)
  if type(value) ~= "table" then
    return value
  end
  local indices, names = {}, 0
  for key in pairs(value) do
    if type(key) == "number" then
      indices[#indices + 1] = key
    else
      names = names + 1
    end
  end
  table.sort(indices)
  local out = {}
  for i, index in ipairs(indices) do
    out[names > 0 and tostring(index - 1) or i] = settle(value[index])
  end
  for key, item in pairs(value) do
    if type(key) == "string" then
      out[key] = settle(item)
    end
  end
  return out
end

---Reads a query string or a form, brackets in names nesting as V1 documents them.
---@param text string
---@return table? values   strings, lists and tables of them
---@return string? problem
function M.form(text)
  local values, count = {}, 0
  for pair in text:gmatch("[^&]+") do
    count = count + 1
    local key, value = pair:match("^([^=]*)=(.*)$")
    key, value = M.unescape(key or pair, true), M.unescape(value or "", true)
    if not key or not value or not M.is_utf8(key .. value) then
      return nil, "not percent-encoded UTF-8: " .. pair:sub(1, 40)
    end
    local name, steps = split_key(key)
    if count > MAX_FIELDS or #steps > MAX_STEPS then
      return nil, count > MAX_FIELDS and "too many fields" or "nested too deeply: " .. name
    end
    local into = values
    for _, step in ipairs(steps) do
      into = descend(into, name)
      name = step
    end
    put(into, name, value)
  end
  for name, value in pairs(values) do
    values[name] = settle(value)
  end
  return values
end

local convert

-- The fields of an object field, from the row itself or from a named type.
local function fields_of(version, field)
  if field.fields then
    return field.fields
  end
  return field.ref and api.type(version, field.ref).fields
end

local booleans = { ["true"] = true, ["false"] = false, ["1"] = true, ["0"] = false }

local converters = {
  array = function(version, field, value)
    local list = {}
    for i, item in ipairs(type(value) == "table" and value or { value }) do
      list[i] = field.items and convert(version, field.items, item) or item
    end
    return json.array(list)
  end,
  object = function(version, field, value)
    local fields = fields_of(version, field)
    if type(value) ~= "table" then
      return value ~= "" and json.decode(value) or value
    end
    return fields and M.typed(version, fields, value) or value
  end,
  boolean = function(_, _, value)
    local known = booleans[value]
    return known == nil and value or known
  end,
}

local function to_number(_, _, value)
  return type(value) == "string" and value:find("^%-?%d+%.?%d*$") and tonumber(value) or value
end

converters.number, converters.integer = to_number, to_number

-- What cannot be converted is left as it is: the check will say what is wrong with it.
function convert(version, field, value)
  local is_list = type(value) == "table" and value[1] ~= nil
  if is_list and field.type ~= "array" and field.type ~= "object" then
    value = value[#value]  -- a name given twice: the last one counts
  end
  local converter = converters[field.type]
  if converter then
    return converter(version, field, value)
  end
  return value
end

---Strings of a query or form as the fields' types, under the fields' own names. Numbers in
---other shapes than JSON's stay strings, and so do names that are no field.
---@param version "v1"|"v2"
---@param fields table   of a row
---@param values table   from `form`
---@return table
function M.typed(version, fields, values)
  local out, known = {}, {}
  for name, field in pairs(fields) do
    local wire = (field.wire or name):gsub("%[%]$", "")
    known[wire] = true
    if values[wire] ~= nil then
      out[name] = convert(version, field, values[wire])
    end
  end
  for name, value in pairs(values) do
    if not known[name] then
      out[name] = value
    end
  end
  return out
end

return M
