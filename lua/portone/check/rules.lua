-- SPDX-License-Identifier: MIT
-- Rules that look at more than one field: shapes, conditions, and what a PG needs.

local currency = require "portone.check.currency"
local report = require "portone.check.report"

local rules = {}

local null = require("portone.json").null

local type, rawget = type, rawget

-- "customer.identityNumber" as a list, split once.
local steps = setmetatable({}, { __index = function(t, path)
  local list = {}
  for name in path:gmatch("[^.]+") do list[#list + 1] = name end
  t[path] = list
  return list
end })

-- The value at "customer.identityNumber" below v; absent and null are the same.
local function value_at(v, path)
  local list = steps[path]
  for i = 1, #list do
    if type(v) ~= "table" then return nil end
    v = rawget(v, list[i])
  end
  if v == null then return nil end
  return v
end

-- How many of the names are given, and the last of them.
local function given(v, names)
  local n, last = 0, nil
  for i = 1, #names do
    if value_at(v, names[i]) ~= nil then n, last = n + 1, names[i] end
  end
  return n, last
end

local function listed(names) return table.concat(names, ", ") end

local NONE = {}

local function check_shapes(spec, v, depth)
  for _, names in ipairs(spec.one_of or NONE) do
    local n, last = given(v, names)
    if n == 0 then
      report.add(depth, "choice", "one of these is required: " .. listed(names), names[1])
    elseif n > 1 then
      report.add(depth, "choice", "give only one of: " .. listed(names), last)
    end
  end
  for _, names in ipairs(spec.any_of or NONE) do
    if given(v, names) == 0 then
      report.add(depth, "choice", "at least one of these is required: " .. listed(names), names[1])
    end
  end
  for _, names in ipairs(spec.max_one_of or NONE) do
    local n, last = given(v, names)
    if n > 1 then report.add(depth, "choice", "give only one of: " .. listed(names), last) end
  end
end

local function need(v, depth, names, why)
  for _, name in ipairs(names) do
    if value_at(v, name) == nil then report.add(depth, "required", "required " .. why, name) end
  end
end

local function check_conditions(spec, v, depth)
  for _, rule in ipairs(spec.required_if or NONE) do
    local value = value_at(v, rule[1])
    if value ~= nil and (rule[2] == true or value == rule[2]) then
      local what = rule[2] == true and " is given" or " is " .. rule[2]
      need(v, depth, rule[3], "when " .. rule[1] .. what)
    end
  end
  for _, rule in ipairs(spec.required_unless or NONE) do
    if value_at(v, rule[1]) ~= rule[2] then
      need(v, depth, rule[3], "unless " .. rule[1] .. " is " .. rule[2])
    end
  end
end

local function has(list, item)
  for _, x in ipairs(list or NONE) do if x == item then return true end end
  return false
end

local function refuses(rule, value)
  return rule and value ~= nil and has(rule.refuses, value)
end

-- What the known PG requires, what it does not take, and what it does not look at.
local function check_pg(names, fields, v, depth)
  local pg = report.pg
  for _, name in ipairs(names) do
    local field, value = fields[name], value_at(v, name)
    local absent, rule = value == nil, field.per_pg and field.per_pg[pg]
    if absent and rule and rule.required then
      report.add(depth, "required", "required for " .. pg, name)
    elseif refuses(rule, value) then
      report.add(depth, "enum", pg .. " does not take " .. tostring(value), name)
    elseif absent and has(field.advised_by, pg) then
      report.warn(depth, "recommended for " .. pg, name)
    elseif not absent and (field.pgs and not has(field.pgs, pg) or has(field.not_pgs, pg)) then
      report.warn(depth, "not used by " .. pg, name)
    end
  end
end

local function check_advice(spec, v, depth)
  for _, rule in ipairs(spec.advice or NONE) do
    if has(rule[2], report.pg) and value_at(v, rule[1]) == nil then
      report.warn(depth, "recommended for " .. report.pg, rule[1])
    end
  end
end

-- (number + 1) * size of the page asked for.
local function check_page(limit, v, depth)
  local page = value_at(v, "page")
  if type(page) ~= "table" then return end
  local number, size = tonumber(rawget(page, "number")) or 0, tonumber(rawget(page, "size")) or 10
  if (number + 1) * size > limit then
    report.add(depth, "page", ("(number + 1) * size must not exceed %d"):format(limit), "page")
  end
end

-- Amounts in major units: no finer than the smallest unit of their currency.
local function check_amounts(rule, v, depth)
  local code = rawget(v, rule.currency)
  if code == nil or code == null then code = rule.default end
  local digits = type(code) == "string" and currency.digits(code)
  if not digits then return end
  local names = rule.names
  for i = 1, #names do
    local name = names[i]
    local amount = rawget(v, name)
    local finite = type(amount) == "number" and amount - amount == 0
    if finite and not currency.payable(amount, code) then
      report.add(depth, "currency", digits == 0 and code .. " has no fractions"
        or ("%s has %d digits after the point"):format(code, digits), name)
    end
  end
end

local function select(fields, test)
  local names = {}
  for name, field in pairs(fields) do if test(field) then names[#names + 1] = name end end
  table.sort(names)
  return names
end

---The rules of a row or type as one closure.
---@param spec table
---@return (fun(v: table, depth: integer))? nil when it has no rules
function rules.compile(spec)
  local fields = spec.fields
  local shaped = spec.one_of or spec.any_of or spec.max_one_of
  local conditional = spec.required_if or spec.required_unless
  local advised = select(fields, function(f) return f.advised end)
  local by_pg = select(fields, function(f)
    return f.per_pg or f.advised_by or f.pgs or f.not_pgs
  end)
  local amounts = spec.amounts
  if not (shaped or conditional or advised[1] or by_pg[1] or spec.advice or amounts
      or spec.page_window) then
    return nil
  end
  return function(v, depth)
    if shaped then check_shapes(spec, v, depth) end
    if conditional then check_conditions(spec, v, depth) end
    for i = 1, #advised do
      if rawget(v, advised[i]) == nil then
        report.warn(depth, "recommended by the specification", advised[i])
      end
    end
    if report.pg then
      check_pg(by_pg, fields, v, depth)
      check_advice(spec, v, depth)
    end
    if amounts then check_amounts(amounts, v, depth) end
    if spec.page_window then check_page(spec.page_window, v, depth) end
  end
end

return rules
