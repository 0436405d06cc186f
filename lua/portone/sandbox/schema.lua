-- SPDX-License-Identifier: MIT
-- Answers of operations that no book has a rule for: made from the specification alone. Required
-- fields are there; one that has a namesake in the request repeats it; lists are empty. The same
-- request gets the same answer.

local api = require "portone.api"
local json = require "portone.json"

local M = {}

-- Only a guard: no required field of the specification holds its own like.
local MAX_DEPTH = 16

local value_of

local function enum_of(version, field)
  if type(field.enum) == "string" then
    return api.type(version, field.enum).enum
  end
  return field.enum
end

-- A value of the request that may stand in the answer.
local function repeated(ctx, name, field)
  local value = name and ctx.given[name]
  if value == nil or type(value) == "table" then
    return nil
  end
  local wanted = (field.type == "integer" or field.type == "number") and "number" or field.type
  return type(value) == wanted and value or nil
end

local formats = {
  ["date-time"] = function(ctx) return ctx.world:iso(ctx.world:now()) end,
  date = function(ctx) return ctx.world:iso(ctx.world:now()):sub(1, 10) end,
}

local function string_of(ctx, name, field)
  local list = enum_of(ctx.version, field)
  if list then
    return list[1]
  end
  local format = formats[field.format]
  if format then
    return format(ctx)
  end
  return "sandbox-" .. (name or "value")
end

local function fields_of(ctx, fields, depth)
  local out = {}
  for name, field in pairs(fields) do
    local value = repeated(ctx, name, field)
    if field.required or value ~= nil then
      out[name] = value_of(ctx, name, field, depth + 1)
    end
  end
  return out
end

-- The first case of a union, by name, since the specification's order is not kept.
local function case_of(type_)
  local first
  for tag in pairs(type_.union) do
    if not first or tag < first then
      first = tag
    end
  end
  return type_.union[first], first
end

local function type_of(ctx, name, ref, depth)
  local type_ = api.type(ctx.version, ref)
  if type_.union then
    local case, tag = case_of(type_)
    local value = type_of(ctx, name, case, depth)
    value[type_.tag] = tag
    return value
  elseif type_.shapes then
    return type_of(ctx, name, type_.shapes[#type_.shapes].ref, depth)
  elseif type_.enum then
    return type_.enum[1]
  end
  return fields_of(ctx, type_.fields or {}, depth)
end

local makers = {
  string = string_of,
  integer = function(_, _, field) return field.min or 0 end,
  boolean = function(_, name) return name == "isForTest" end,
  array = function() return json.array {} end,
  object = function(ctx, name, field, depth)
    if depth > MAX_DEPTH then
      return {}
    end
    if field.ref then
      return type_of(ctx, name, field.ref, depth)
    end
    return fields_of(ctx, field.fields or {}, depth)
  end,
}
makers.number = makers.integer

function value_of(ctx, name, field, depth)
  if field.const ~= nil then
    return field.const
  end
  local value = repeated(ctx, name, field)
  if value ~= nil and not field.enum then
    return value
  end
  local make = makers[field.type]
  if make then
    return make(ctx, name, field, depth)
  end
end

local function csv(req)
  local names = type(req.body.fields) == "table" and req.body.fields or {}
  return 200, table.concat(names, ",") .. "\r\n", { ["Content-Type"] = "text/csv; charset=utf-8" }
end

---The answer to a request, from its row.
---@param world table
---@param req table  { row, path, query, body }
---@return integer status
---@return table|string body
---@return table? headers
function M.answer(world, req)
  local row, given = req.row, {}
  if row.csv then
    return csv(req)
  elseif row.empty then
    return 200, ""
  end
  for _, part in ipairs { req.query, req.body, req.path } do
    for name, value in pairs(part) do
      given[name] = value
    end
  end
  local ctx = { world = world, version = row.api, given = given }
  local value = row.result and value_of(ctx, nil, row.result, 1) or {}
  if row.api == "v1" then
    return 200, { code = 0, message = json.null, response = value }
  end
  return 200, value
end

return M
