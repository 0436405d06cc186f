-- Single mutations of valid arguments: each is wrong at one place, and that place is known.

local api = require "portone.api"

local M = {}

-- A copy of a value.
local function copy(v)
  if type(v) ~= "table" then return v end
  local t = setmetatable({}, getmetatable(v))
  for k, x in pairs(v) do t[k] = copy(x) end
  return t
end

local function at_keys(v, keys)
  for _, k in ipairs(keys) do v = v[k] end
  return v
end

local function path_of(keys, last)
  local path = ""
  for _, k in ipairs(keys) do
    path = path .. (type(k) == "number" and "[" .. k .. "]" or (path ~= "" and "." or "") .. k)
  end
  if not last then return path end
  return path .. (path ~= "" and "." or "") .. last
end

local function with(keys, k)
  local longer = {}
  for i, x in ipairs(keys) do longer[i] = x end
  longer[#longer + 1] = k
  return longer
end

local WRONG = { string = true, integer = "1", number = "1", boolean = "true", array = true,
  object = "x", json = true }

local MALFORMED = { unix = -1, ["date-time"] = "tomorrow", date = "2030-02-30",
  ["time-to-pay"] = "tomorrow", yyyymmdd = "20300230", currency = "ZZZ", card = "4242",
  ["year-month"] = "12/30", birth = "19900101", ["two-digits"] = "123", month = "13",
  cvc = "12", digits = "12-34", ipv4 = "256.0.0.1", ["business-number"] = "123-45-67890",
  ["seven-digits"] = "900101", ["document-key"] = "a b" }

-- Calls try(value, what, code) for each wrong value in a field's place.
local function wrong_values(field, try)
  if field.required then try(nil, "a missing field", "required") end
  try(WRONG[field.type], "a wrong type", "type")
  if field.enum then return try("no such value", "a value that is not listed", "enum") end
  if field.type == "integer" then try(1.5, "a fraction", "type") end
  if field.type == "string" and field.max then
    try(("가"):rep(field.max + 1), "a text that is too long", "length")
  end
  if field.type == "array" and field.min then try({}, "an empty list", "count") end
  if field.type == "integer" or field.type == "number" then
    try((field.max or 2 ^ 53) + 1, "a number that is too large", "range")
  end
  if MALFORMED[field.format] ~= nil then
    try(MALFORMED[field.format], "a wrong form", "format")
  end
end

-- Fields of which one too many is given: { the rule's names }.
local function too_many(spec, value, try)
  for _, rule in ipairs { "one_of", "max_one_of" } do
    for _, names in ipairs(spec[rule] or {}) do
      local absent, given
      for _, name in ipairs(names) do
        if value[name] == nil then absent = name else given = true end
      end
      if absent and given then try(names, absent) end
    end
  end
end

---Calls fn(bad arguments, path, what is wrong, code of the problem) for every field of an
---object, at any depth.
---@param row table
---@param args table   valid
---@param spec table   check.arguments(row)
---@param fn fun(bad: table, path: string, what: string, code: string)
---@param keys? any[]  where in the arguments `spec` lies
function M.each(row, args, spec, fn, keys)
  keys = keys or {}
  local value = at_keys(args, keys)
  local function change(name, mutation, path, what, code)
    local bad = copy(args)
    at_keys(bad, keys)[name] = mutation
    fn(bad, path, what, code)
  end
  for name, field in pairs(spec.fields or {}) do
    if value[name] ~= nil then
      wrong_values(field, function(mutation, what, code)
        change(name, mutation, path_of(keys, name), what, code)
      end)
      local below, inner = with(keys, name), field
      if field.type == "array" then
        below, inner = with(below, 1), type(value[name]) == "table" and field.items or {}
      end
      if inner.type == "object" and at_keys(args, below) ~= nil then
        local type_ = inner.ref and api.type(row.api, inner.ref) or inner
        if type_.fields then M.each(row, args, type_, fn, below) end
      end
    end
  end
  if spec.fields and not spec.open then
    change("no_such_field_anywhere", 1, path_of(keys, "no_such_field_anywhere"),
      "an unknown field", "unknown_field")
  end
  too_many(spec, value, function(names, absent)
    local field = spec.fields[absent]
    local mutation = ({ string = "x", object = {}, array = {}, boolean = true })[field.type] or 1
    local last -- the last of those given is the one too many
    for _, name in ipairs(names) do
      if value[name] ~= nil or name == absent then last = name end
    end
    change(absent, mutation, path_of(keys, last), "one too many", "choice")
  end)
end

return M
