-- SPDX-License-Identifier: MIT
-- Answers of operations that no book has a rule for: made from the specification alone. Required
-- fields are there, others may be; what has a namesake in the request repeats it; the rest is
-- drawn from the sandbox's seed. One seed gives one request the same answer, whatever came before.

local api = require "portone.api"
local ids = require "portone.sandbox.ids"
local json = require "portone.json"
local sorted = require "portone.sorted"

local M = {}

local DEEP = 4        -- from here on, optional fields are left out and lists are empty
local TOO_DEEP = 16   -- only a guard: no required field of the specification holds its own like
local MONTH = 30 * 86400

local value_of

-- {====== Drawing ======

-- A value as text, the same on every Lua.
local function canonical(value)
  if type(value) == "number" then
    return ("%.14g"):format(value)
  elseif type(value) ~= "table" then
    return type(value) .. ":" .. tostring(value)
  end
  local out = {}
  for i, key in ipairs(sorted(value)) do
    out[i] = canonical(key) .. "=" .. canonical(value[key])
  end
  return "{" .. table.concat(out, ";") .. "}"
end

-- A whole number from `first` to `last`.
local function draw(ctx, first, last)
  return first + math.floor(ctx.ids:random() * (last - first + 1))
end

local function pick(ctx, list)
  return list[draw(ctx, 1, #list)]
end

-- }======

-- {====== Values ======

local function enum_of(version, field)
  if type(field.enum) == "string" then
    return api.type(version, field.enum).enum
  end
  return field.enum
end

-- A value of the request that may stand in the answer.
local function repeated(ctx, name, field)
  local value = name and ctx.given[name]
  if value == nil or type(value) == "table" or field.enum then
    return nil
  end
  local wanted = (field.type == "integer" or field.type == "number") and "number" or field.type
  return type(value) == wanted and value or nil
end

-- Some moment of the last month.
local function moment(ctx)
  return ctx.world:iso(ctx.world:now() - draw(ctx, 0, MONTH))
end

local formats = {
  ["date-time"] = moment,
  date = function(ctx) return moment(ctx):sub(1, 10) end,
}

local function string_of(ctx, name, field)
  local list = enum_of(ctx.version, field)
  if list then
    return pick(ctx, list)
  end
  local format = formats[field.format]
  if format then
    return format(ctx)
  end
  local is_id = name and (name == "id" or name:find("Id$"))
  local text = is_id and ctx.ids:uuid() or "sandbox-" .. (name or "value")
  return field.max and text:sub(1, field.max) or text
end

local function number_of(ctx, _, field)
  local least = field.min or 0
  return draw(ctx, least, field.max or least + 100000)
end

local function fields_of(ctx, fields, depth)
  local out = {}
  for _, name in ipairs(sorted(fields)) do
    local field = fields[name]
    local optional = not field.deprecated and depth < DEEP and draw(ctx, 0, 1) == 1
    if field.required or repeated(ctx, name, field) ~= nil or optional then
      out[name] = value_of(ctx, name, field, depth + 1)
    end
  end
  return out
end

local function type_of(ctx, name, ref, depth)
  local type_ = api.type(ctx.version, ref)
  if type_.union then
    local tag = pick(ctx, sorted(type_.union))
    local value = type_of(ctx, name, type_.union[tag], depth)
    value[type_.tag] = tag
    return value
  elseif type_.shapes then
    return type_of(ctx, name, pick(ctx, type_.shapes).ref, depth)
  end
  return fields_of(ctx, type_.fields or {}, depth)
end

local function array_of(ctx, name, field, depth)
  local out = json.array {}
  if depth >= DEEP then
    return out
  end
  local least = field.min or 0
  for i = 1, draw(ctx, least, math.min(field.max or 2, least + 2)) do
    out[i] = value_of(ctx, name, field.items, depth + 1)
  end
  return out
end

local makers = {
  string = string_of,
  integer = number_of,
  number = number_of,
  boolean = function(ctx, name) return name == "isForTest" or draw(ctx, 0, 1) == 1 end,
  array = array_of,
  object = function(ctx, name, field, depth)
    if depth > TOO_DEEP then
      return {}
    end
    if field.ref then
      return type_of(ctx, name, field.ref, depth)
    end
    return fields_of(ctx, field.fields or {}, depth)
  end,
}

function value_of(ctx, name, field, depth)
  if field.const ~= nil then
    return field.const
  end
  local value = repeated(ctx, name, field)
  if value ~= nil then
    return value
  end
  return makers[field.type](ctx, name, field, depth)
end

-- }======

-- {====== Answers ======

-- Where values of a request come from; `more` tells the items of one list apart.
local function new_ctx(world, req, given, more)
  local asked = {}
  for name, value in pairs(given) do
    if name ~= "page" then  -- all pages are of one list
      asked[name] = value
    end
  end
  local seed = tostring(world.config.seed) .. "\n" .. req.row.name .. "\n" .. canonical(asked)
  return { world = world, version = req.row.api, given = given,
    ids = ids.new(seed .. "\n" .. (more or "")) }
end

local function given_of(req)
  local given = {}
  for _, part in ipairs { req.query, req.body, req.path } do
    for name, value in pairs(part) do
      given[name] = value
    end
  end
  return given
end

-- A list of at most a few items; a page of it shows those that belong on that page.
local function page_of(world, req, ctx, value)
  local asked = type(req.body.page) == "table" and req.body.page or {}
  local number, size = math.max(asked.number or 0, 0), math.max(asked.size or 10, 1)
  local total, items = draw(ctx, 0, 3), json.array {}
  local item = api.type(ctx.version, req.row.result.ref).fields[req.row.list].items
  for i = number * size + 1, math.min((number + 1) * size, total) do
    items[#items + 1] = value_of(new_ctx(world, req, {}, i), nil, item, 2)
  end
  value[req.row.list] = items
  value.page = { number = number, size = size, totalCount = total }
end

-- The columns asked for, by default all that the specification names, and a few rows.
local function csv(world, req)
  local ctx = new_ctx(world, req, given_of(req))
  local names = type(req.body.fields) == "table" and req.body.fields or {}
  if #names == 0 then
    names = enum_of(ctx.version, req.row.body.fields.items) or { "ID" }
  end
  local lines = { table.concat(names, ",") }
  for i = 2, draw(ctx, 1, 4) do
    local cells = {}
    for j, name in ipairs(names) do
      cells[j] = tostring(name):lower() .. "-" .. i - 1
    end
    lines[i] = table.concat(cells, ",")
  end
  return 200, table.concat(lines, "\r\n") .. "\r\n", { ["Content-Type"] =
    "text/csv; charset=utf-8" }
end

---The answer to a request, from its row.
---@param world table  { config = { seed }, now, iso }
---@param req table    { row, path, query, body }
---@return integer status
---@return table|string body
---@return table? headers
function M.answer(world, req)
  local row = req.row
  if row.csv then
    return csv(world, req)
  elseif row.empty then
    return 200, ""
  end
  local ctx = new_ctx(world, req, given_of(req))
  local value = row.result and value_of(ctx, nil, row.result, 1) or {}
  if row.paging == "page" then
    page_of(world, req, ctx, value)
  elseif row.paging and row.list then  -- without a count, only an empty page is surely the last
    value[row.list] = json.array {}
  elseif row.paging then
    value = json.array {}
  end
  if row.api == "v1" then
    return 200, { code = 0, message = json.null, response = value }
  end
  return 200, value
end

-- }======

return M
