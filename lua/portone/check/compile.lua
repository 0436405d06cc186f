-- SPDX-License-Identifier: MIT
-- Turns fields and types into closures, once each and when first met.
-- A closure takes a value and its depth below the arguments, and writes to the report.

local api = require "portone.api"
local format = require "portone.check.format"
local json = require "portone.json"
local near = require "portone.check.near"
local report = require "portone.check.report"
local rules = require "portone.check.rules"
local sorted = require "portone.sorted"
local time = require "portone.time"

local compile = {}

local next, type, rawget = next, type, rawget
local null = json.null

-- Beyond these an integer is not exact in every Lua, nor in JSON as others read it.
local EXACT = 2 ^ 53 - 1
local RANGE = { int32 = 2 ^ 31 - 1 }

-- The browser SDK's names for what the server calls otherwise.
local ELSEWHERE = {
  fullName = { "name", "name = { full = … }" },
  firstName = { "name", "name = { separated = { first = …, last = … } }" },
  lastName = { "name", "name = { separated = { first = …, last = … } }" },
  customerId = { "id", "id" },
}

local function show(v, field)
  if field.secret or type(v) == "table" then return "" end
  if type(v) == "string" then return #v <= 40 and (" %q"):format(v) or "" end
  return " " .. tostring(v)
end

local OBJECT = { type = "object" }

local NOUN = { table = "object", ["nil"] = "nothing", userdata = "null" }

local function kind(v)
  if type(v) == "table" then
    return (rawget(v, 1) ~= nil or json.is_array(v)) and "array" or "object"
  end
  return NOUN[type(v)] or type(v)
end

local WANTED = { json = "an object or JSON text", array = "array", object = "object" }

-- The hint that goes with a value of the wrong type.
local function hint(v, field)
  local wanted = field.type
  if (wanted == "integer" or wanted == "number") and type(v) == "string" and tonumber(v) then
    return field.secret and " (send a number)" or " (send a number, e.g. " .. v .. ")"
  elseif wanted == "string" and type(v) == "number" then
    return field.format == "date-time" and ' (RFC 3339, e.g. "2026-01-02T03:04:05Z")'
      or " (send a string)"
  elseif wanted == "string" and type(v) == "table" then
    return " (encode it as JSON text first)"
  elseif wanted == "array" and v ~= null then
    return " (send a list, e.g. { … })"
  elseif wanted == "boolean" then
    return " (send true or false)"
  end
  return ""
end

local function wrong(v, depth, field)
  local text = "expected " .. (WANTED[field.type] or field.type) .. ", got " .. kind(v)
  if type(v) == "string" and tonumber(v) then text = text .. show(v, field) end
  report.add(depth, "type", text .. hint(v, field))
end

-- Length in characters; bytes that continue a character do not count.
local function length(s)
  local _, n = s:gsub("[^\128-\191]", "")
  return n
end

local function check_length(v, depth, field)
  local n = length(v)
  if field.max and n > field.max then
    report.add(depth, "length", ("at most %d characters, got %d"):format(field.max, n))
  elseif field.min and n < field.min then
    report.add(depth, "length", n == 0 and "must not be empty"
      or ("at least %d characters, got %d"):format(field.min, n))
  end
end

-- The values of other formats are a person's: numbers of cards, accounts, telephones.
local SHOWN = { ["unix"] = true, ["date"] = true, ["date-time"] = true, ["time-to-pay"] = true,
  ["currency"] = true }

local function check_format(v, depth, field, code)
  local problem = format[field.format](v)
  if problem then
    local got = SHOWN[field.format] and show(v, field) or ""
    report.add(depth, code or "format", problem .. (got ~= "" and ", got" .. got or ""))
  end
end

local kinds = {}

local ON_WIRE = { format = "date-time" }

-- The caller may give this time in several forms; once sent it has but one.
local function time_to_pay(field)
  return function(v, depth)
    if report.wire and type(v) == "string" then
      local _, _, bare = time.parse(v)
      return check_format(v, depth, ON_WIRE, bare and "offset")
    elseif type(v) == "string" or type(v) == "number" and not report.wire then
      return check_format(v, depth, field)
    end
    report.add(depth, "type", ("%s, got %s"):format(format["time-to-pay"](""), kind(v)))
  end
end

kinds["string"] = function(_, field)
  if field.format == "time-to-pay" then return time_to_pay(field) end
  local max, min = field.max, field.min
  local formatted = format[field.format] ~= nil
  if not (max or min or formatted) then
    return function(v, depth)
      if type(v) ~= "string" then return wrong(v, depth, field) end
    end
  end
  return function(v, depth)
    if type(v) ~= "string" then return wrong(v, depth, field) end
    if max and #v > max or min and #v < min * 4 then check_length(v, depth, field) end
    if formatted then check_format(v, depth, field) end
  end
end

-- What to say of a value that is not in the list: the one that was meant, or all of a few.
local function not_listed(v, list, field)
  local after = v:match("_(%u+)$") -- CURRENCY_KRW
  local text = "unknown value" .. show(v, field)
  local meant
  for _, item in ipairs(list) do if item == after then meant = item end end
  meant = meant or near.name(v, list)
  if meant then return text .. (" (did you mean %q?)"):format(meant) end
  if #list <= 12 then return text .. ", expected one of " .. table.concat(list, ", ") end
  return text
end

local function enum_list(version, field)
  return type(field.enum) == "table" and field.enum or api.type(version, field.enum).enum
end

local function enum(version, field)
  local set
  return function(v, depth)
    if type(v) ~= "string" then return wrong(v, depth, field) end
    if not set then
      set = {}
      for _, item in ipairs(enum_list(version, field)) do set[item] = true end
    end
    if not set[v] then
      report.add(depth, "enum", not_listed(v, enum_list(version, field), field))
    end
  end
end

-- A limit that nobody set is not worth a word.
local function out_of_range(v, min, max, field)
  if field.min and not field.max and v < min then
    return ("must be at least %.0f"):format(min)
  end
  return ("must lie between %.0f and %.0f"):format(min, max)
end

kinds["integer"] = function(_, field)
  local exact = RANGE[field.format] or EXACT
  local max = math.min(field.max or exact, exact)
  local min = math.max(field.min or -exact, -exact)
  local formatted = field.format == "unix"
  return function(v, depth)
    if type(v) ~= "number" then return wrong(v, depth, field) end
    if v % 1 ~= 0 then -- also true of infinities and NaN
      report.add(depth, "type", "expected integer, got" .. show(v, field))
    elseif v > max or v < min then
      report.add(depth, "range", out_of_range(v, min, max, field))
    elseif formatted then
      check_format(v, depth, field)
    end
  end
end

kinds["number"] = function(_, field)
  local max, min = field.max or EXACT, field.min or -EXACT
  return function(v, depth)
    if type(v) ~= "number" then return wrong(v, depth, field) end
    if v ~= v or v > max or v < min then
      report.add(depth, "range", v ~= v and "expected number, got not-a-number"
        or out_of_range(v, min, max, field))
    end
  end
end

kinds["boolean"] = function(_, field)
  return function(v, depth)
    if type(v) ~= "boolean" then return wrong(v, depth, field) end
  end
end

kinds["json"] = function(_, field)
  return function(v, depth)
    if type(v) == "table" and not report.wire then return end
    if type(v) ~= "string" then return wrong(v, depth, field) end
    if json.decode(v) == nil then
      report.add(depth, "format", "expected JSON text or a table, this text is not JSON")
    end
  end
end

local function check_count(n, depth, field)
  if field.max and n > field.max then
    report.add(depth, "count", ("at most %d items, got %d"):format(field.max, n))
  elseif field.min and n < field.min then
    report.add(depth, "count", n == 0 and "must not be empty"
      or ("at least %d items, got %d"):format(field.min, n))
  end
end

-- What no two items may share. Items that are wrong otherwise have been told so.
local function check_unique(list, depth, name)
  local first = {}
  for i = 1, #list do
    local value = type(list[i]) == "table" and rawget(list[i], name)
    if type(value) == "string" and first[value] then
      report[depth + 1] = i
      report.add(depth + 1, "unique", ("the same as in item %d: each needs its own"):format(
        first[value]), name)
    elseif type(value) == "string" then
      first[value] = i
    end
  end
end

kinds["array"] = function(version, field)
  local item = compile.field(version, field.items)
  return function(v, depth)
    if type(v) ~= "table" then
      if field.single and v ~= null then return item(v, depth) end
      return wrong(v, depth, field)
    end
    local below, count, top = depth + 1, 0, 0
    for k, x in next, v do
      if type(k) ~= "number" or k < 1 or k % 1 ~= 0 then return wrong(v, depth, field) end
      count = count + 1
      if k > top then top = k end
      report[below] = k
      item(x, below)
    end
    if top > count then
      report.add(depth, "type",
        ("a list with a hole: %d items up to index %.0f"):format(count, top))
    end
    if field.max or field.min then check_count(count, depth, field) end
    if field.unique then check_unique(v, depth, field.unique) end
  end
end

local function map(version, field)
  local value = compile.field(version, field.map)
  return function(v, depth)
    if type(v) ~= "table" then return wrong(v, depth, OBJECT) end
    for k, x in next, v do
      if type(k) ~= "string" then return wrong(v, depth, OBJECT) end
      report[depth + 1] = k
      value(x, depth + 1)
    end
  end
end

-- Where a field of that name is, at most three objects down, the nearest first; in a list it is
-- that of the first item.
local function inside(version, fields, k)
  local level = { { "", fields } }
  for _ = 1, 3 do
    local below = {}
    for _, place in ipairs(level) do
      for _, name in ipairs(sorted(place[2])) do
        local field, path = place[2][name], place[1] .. name
        if field.items then field, path = field.items, path .. "[1]" end
        local found = (field.ref and api.type(version, field.ref) or field).fields
        if found and found[k] then return path .. "." .. k end
        below[#below + 1] = found and { path .. ".", found } or nil
      end
    end
    level = below
  end
end

local function unknown(version, k, depth, fields)
  if report.full() then return end
  local other = ELSEWHERE[k]
  local meant = other and fields[other[1]] and other[2] or near.name(k, sorted(fields))
    or inside(version, fields, k)
  local hint_ = meant and (" (did you mean %s?)"):format(meant)
    or " (extra = { … } passes what the tables do not know)"
  report.add(depth, "unknown_field", "unknown field" .. hint_, k)
end

local function missing(v, depth, fields, required)
  for _, name in ipairs(required) do
    if rawget(v, name) == nil then
      local wanted = fields[name].type
      report.add(depth, "required", "required field is missing (" .. wanted .. ")", name)
    end
  end
end

-- Closures by field, made when first met: a call pays only for the fields it uses.
local function lazily(version, fields)
  return setmetatable({}, { __index = function(t, k)
    local field = fields[k]
    if not field then return nil end
    t[k] = compile.field(version, field)
    return t[k]
  end })
end

---The closure of an object's fields and rules.
---@param version "v1"|"v2"
---@param spec table a row's fields as one table, or a type
---@return fun(v: any, depth: integer)
function compile.fields(version, spec)
  local fields, open = spec.fields, spec.open
  local required, needs, not_null = {}, {}, {}
  for name, field in pairs(fields) do
    if field.required then
      required[#required + 1] = name
      needs[name] = true
    end
    not_null[name] = field.required or field.not_null
  end
  local count, checkers, judge = #required, lazily(version, fields), rules.compile(spec)
  return function(v, depth)
    if type(v) ~= "table" then return wrong(v, depth, OBJECT) end
    local below, seen, empty = depth + 1, 0, true
    for k, x in next, v do
      empty = false
      local checker = checkers[k]
      if checker then
        if needs[k] then seen = seen + 1 end
        if x ~= null or not_null[k] then -- elsewhere null is as good as absent
          report[below] = k
          checker(x, below)
        end
      elseif type(k) ~= "string" then
        return wrong(v, depth, OBJECT)
      elseif not open then
        unknown(version, k, depth, fields)
      end
    end
    if empty and json.is_array(v) then return wrong(v, depth, OBJECT) end
    if seen < count then missing(v, depth, fields, required) end
    if judge then judge(v, depth) end
  end
end

local compiled = { v1 = {}, v2 = {} }

-- The closure of a named type, shared by all that refer to it.
local function named(version, ref)
  local closure = compiled[version][ref]
  if not closure then
    local type_ = api.type(version, ref)
    closure = type_.map and map(version, type_) or compile.fields(version, type_)
    compiled[version][ref] = closure
  end
  return closure
end

kinds["object"] = function(version, field)
  if field.map then return map(version, field) end
  if field.ref then return named(version, field.ref) end
  if field.fields then return compile.fields(version, field) end
  return function(v, depth)
    if type(v) ~= "table" or kind(v) == "array" then return wrong(v, depth, OBJECT) end
  end
end

local function deprecated(closure)
  return function(v, depth)
    report.warn(depth, "deprecated")
    return closure(v, depth)
  end
end

---The closure of a field. Null is a value of the wrong type to all of them.
---@param version "v1"|"v2"
---@param field table
---@return fun(v: any, depth: integer)
function compile.field(version, field)
  local make = field.enum and enum or kinds[field.type]
  local closure = make(version, field)
  return field.deprecated and deprecated(closure) or closure
end

return compile
