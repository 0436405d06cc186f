-- SPDX-License-Identifier: MIT
-- What a plain call is, operation by operation: the rows' facts as plans for src/lplain.c, made
-- once each and when first met. A plan leaves out whatever check and build could have a word to
-- say about, and with it a call that uses it is not plain.

local api = require "portone.api"

local M = {}

-- {====== Rules: see RULE_* in lplain.c ======

local STRING, NUMBER, NATURAL, BOOLEAN, ENUM, OBJECT, ARRAY = 1, 2, 3, 4, 5, 6, 7
local PATH, REQUIRED, CHOICE, MIN, MAX, REF = 8, 16, 32, 64, 2 ^ 18, 2 ^ 38

-- The first thing that a rule can refer to, and the last.
local REFS, LAST_REF = 5, 1023

local make_plan, make_rule

-- Puts into the plan what a rule refers to: a function that makes it when it is first met.
local function refer(plan, make)
  local at = math.max(REFS, #plan + 1)
  plan[at] = make
  return at <= LAST_REF and at * REF or nil
end

-- A limit that fits into 'bits', or nil.
local function packed(limit, bits)
  return limit and limit >= 0 and limit < 2 ^ bits and limit % 1 == 0 and limit or nil
end

-- kind, with the limits of a field; nil when they do not fit.
local function limited(kind, min, max)
  local low, high = packed(min or 0, 12), packed(max or 0, 20)
  if low and high and max ~= 0 then
    return kind + low * MIN + high * MAX
  end
end

local function set_of(list)
  local set = {}
  for i = 1, #list do
    set[list[i]] = true
  end
  return set
end

local kinds = {}

kinds["string"] = function(plan, version, field)
  if field.enum then
    local at = refer(plan, function()
      return set_of(type(field.enum) == "table" and field.enum
        or api.type(version, field.enum).enum)
    end)
    return at and ENUM + at
  elseif field.format == "currency" then  -- one that is known without the list of all
    return ENUM + refer(plan, function() return { KRW = true } end)
  elseif field.format and require("portone.check.format")[field.format] then
    return nil
  end
  return limited(STRING, field.min, field.max)
end

-- Whole numbers below 2^31: finer or larger ones are looked at by check.lua.
function kinds.number(_, _, field)
  local max = field.max and field.max < 2 ^ 31 - 1 and field.max or nil
  if field.min == nil and field.format ~= "unix" then
    return limited(NUMBER, 0, max)
  end
  return limited(NATURAL, field.min, max)
end

kinds.integer = kinds.number

function kinds.boolean()
  return BOOLEAN
end

function kinds.object(plan, version, field)
  if field.map or not (field.ref or field.fields) then
    return nil
  end
  local at = refer(plan, function()
    local spec = field.ref and api.type(version, field.ref) or field
    return spec.fields and make_plan(version, spec)
  end)
  return at and OBJECT + at
end

function kinds.array(plan, version, field)
  local at = refer(plan, function()
    local list = { 0, 0, false, 0 }
    list[0] = make_rule(list, version, field.items)
    return list
  end)
  local kind = limited(ARRAY, field.min, field.unique and 1 or field.max)
  return at and kind and kind + at
end

function make_rule(plan, version, field)
  local make = kinds[field.type]
  return not field.deprecated and make and make(plan, version, field) or nil
end

-- }======================

-- {====== Plans ======

-- Fields that a rule over several fields is about: they are left to check.lua.
local function left_out(spec)
  local out = {}
  for _, names in ipairs(spec.max_one_of or {}) do
    for _, name in ipairs(names) do
      out[name:match("^[^.]+")] = true
    end
  end
  for _, rule in ipairs(spec.required_if or {}) do
    out[rule[1]:match("^[^.]+")] = true
  end
  if spec.page_window then
    out.page = true
  end
  return out
end

-- The set of names of which 1, or 2 for one or more, are to be given; false where the rules are
-- more than a plan can say.
local function choice_of(spec)
  local one, any = spec.one_of or {}, spec.any_of or {}
  if #one + #any > 1 or spec.required_unless or spec.open then
    return false
  end
  local names = one[1] or any[1] or {}
  for i = 1, #names do
    if names[i]:find(".", 1, true) then
      return false
    end
  end
  return set_of(names), one[1] and 1 or any[1] and 2 or 0
end

-- Adds the rules of some fields. An advised one counts as required: without it there is a
-- warning.
local function add_rules(plan, version, fields, place, choice, out)
  for name, field in pairs(fields) do
    local needed = field.required or field.advised
    plan[1] = plan[1] + (needed and 1 or 0)
    local rule = not out[name] and make_rule(plan, version, field)
    if rule then
      plan[name] = rule + place + (needed and REQUIRED or 0) + (choice[name] and CHOICE or 0)
    end
  end
end

-- The plan of an object, or nil.
function make_plan(version, spec)
  local choice, wanted = choice_of(spec)
  if choice then
    local plan = { 0, wanted, false, 0 }
    add_rules(plan, version, spec.fields, 0, choice, left_out(spec))
    return plan
  end
end

-- "/payments/{paymentId}/cancel" -> { "/payments/", "paymentId", "/cancel" }; nil where a field
-- of the path may be missing.
local function pieces_of(row)
  local pieces, rest = {}, row.path
  while true do
    local before, name, after = rest:match("^(.-){([^}]+)}(.*)$")
    if not before then
      pieces[#pieces + 1] = rest
      return pieces
    elseif not row.path_fields[name].required then
      return nil
    end
    pieces[#pieces + 1], pieces[#pieces + 2], rest = before, name, after
  end
end

local BODY_ALWAYS, STORE_BODY, STORE_DEEPER = 1, 2, 4

---The plan of an operation, for `core.plain`.
---@param row table
---@return table? plan  nil where it can have none
function M.of(row)
  local pieces, choice, wanted = pieces_of(row), choice_of(row)
  if not choice or not pieces or row.query_body then
    return nil
  end
  local plan = { 0, wanted, pieces, row.body_required and BODY_ALWAYS or 0 }
  if row.store then
    plan[4] = plan[4] + (row.store == "body" and STORE_BODY or STORE_DEEPER)
  end
  local out = left_out(row)
  out.pg = true  -- it says whose rules are asked for too
  for _, field in pairs(row.query or {}) do
    plan[1] = plan[1] + ((field.required or field.advised) and 1 or 0)
  end
  add_rules(plan, row.api, row.body or {}, 0, choice, out)
  for name, field in pairs(row.path_fields or {}) do
    local rule = field.type == "string" and not (field.enum or field.format)
      and limited(STRING, field.min, field.max)
    if not rule then
      return nil
    end
    plan[1] = plan[1] + 1
    plan[name] = rule + PATH + REQUIRED
  end
  return plan
end

-- }===================

return M
