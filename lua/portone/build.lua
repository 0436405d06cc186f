-- SPDX-License-Identifier: MIT
-- A checked table of arguments becomes a request: where each field goes is the row's
-- word, nothing here knows an operation by name. Pure: no I/O, the arguments stay as
-- they are.

local api = require "portone.api"
local core = require "portone.core"
local json = require "portone.json"
local time = require "portone.time"
local check = require "portone.check"

local escape, segment, without = core.escape, core.segment, core.without
local encode = json.encode

local M = {}

local none = {}

-- {====== Values on their way out: JSON inside JSON, and times ======

-- A table of the caller's where the API takes JSON as text.
local function json_text(value)
  if type(value) ~= "table" then
    return value
  end
  local text, why, at = encode(value)
  if not text then
    error({ path = at, problem = why, code = "value" }, 0)
  end
  return text
end

local function v2_time(value)
  return (type(value) == "number" or type(value) == "string") and time.to_v2(value) or value
end

local converters  -- below: types nest

-- A function for values of this field, or nil where they go out as they are.
local function converter(version, field, above)
  if field.type == "json" then
    return json_text
  elseif field.format == "time-to-pay" then
    return v2_time
  elseif field.items then
    local item = converter(version, field.items, above)
    return item and function(list)
      local out = {}
      for i, value in pairs(type(list) == "table" and list or {}) do
        out[i] = item(value)
      end
      return type(list) == "table" and next(out) and out or list
    end
  end
  local fields = field.fields
  if field.ref and not above[field.ref] then
    above[field.ref] = true
    fields = api.type(version, field.ref).fields
  end
  local inner = fields and converters(version, fields, above)
  if field.ref then
    above[field.ref] = nil
  end
  return inner and function(object)
    if type(object) ~= "table" then
      return object
    end
    local out = {}
    for name, value in pairs(object) do
      out[name] = inner[name] and inner[name](value) or value
    end
    return out
  end
end

-- Functions by field name, or nil when no field needs one.
function converters(version, fields, above)
  local out
  for name, field in pairs(fields) do
    local fn = converter(version, field, above)
    if fn then
      out = out or {}
      out[name] = fn
    end
  end
  return out
end

-- }=========================

-- row -> its path cut at the fields, and its array rule; made on first use.
local plans = setmetatable({}, { __mode = "k" })

local function make_plan(row)
  local pieces = {}
  local rest = row.path
  while true do
    local before, name, after = rest:match("^(.-){([^}]+)}(.*)$")
    if not before then
      break
    end
    pieces[#pieces + 1] = { before = before, field = name }
    rest = after
  end
  local plan = { pieces = pieces, tail = rest, is_array = check.is_array(row) }
  local only = #pieces == 1 and row.path_fields[pieces[1].field].required and pieces[1]
  plan.single = only or nil
  plan.convert = converters(row.api, row.body or {}, {})
  -- some V1 operations have a field of this name themselves
  plan.passes_extra = not ((row.body or {}).extra or (row.query or {}).extra)
  plan.elsewhere = { extra = plan.passes_extra or nil }
  for name in pairs(row.path_fields or {}) do
    plan.elsewhere[name] = true
  end
  for name in pairs(row.query or {}) do
    plan.elsewhere[name] = true
  end
  plans[row] = plan
  return plan
end

-- A number as text: whole ones have no fraction and no exponent on any Lua.
local function number_text(value)
  if not (value > -2 ^ 53 and value < 2 ^ 53) then
    return nil, "must lie between -2^53 and 2^53"
  end
  return (value == math.floor(value) and "%.0f" or "%.14g"):format(value)
end

-- A scalar as text, or nil and what is wrong with it.
local function text_of(value)
  local kind = type(value)
  if kind == "string" then
    if value:find("[\128-\255]") and not encode { value } then
      return nil, "is not valid UTF-8"
    end
    return value
  elseif kind == "number" then
    return number_text(value)
  elseif kind == "boolean" then
    return tostring(value)
  end
  return nil, "cannot stand in a URL: it is a " .. kind
end

local function problem(path, text)
  return nil, { path = path, problem = text, code = "value" }
end

-- A path field fills its segment and cannot leave it.
local function path_segment(name, value)
  local text, wrong = text_of(value)
  if text then
    text, wrong = segment(text)
  end
  if not text then
    return problem(name, wrong)
  end
  return text
end

local function build_path(plan, args)
  local pieces = plan.pieces
  if plan.single then
    local piece = plan.single
    local text, wrong = path_segment(piece.field, args[piece.field])
    return text and piece.before .. text .. plan.tail, wrong
  end
  local path = ""
  for i = 1, #pieces do
    local piece = pieces[i]
    local value = args[piece.field]
    if value == nil then  -- an optional last segment goes with its slash
      path = path .. piece.before:gsub("/$", "")
    else
      local text, wrong = path_segment(piece.field, value)
      if not text then
        return nil, wrong
      end
      path = path .. piece.before .. text
    end
  end
  return path .. plan.tail
end

local function is_list(value)
  return json.is_array(value) or #value > 0
end

-- name=value, name[]=a&name[]=b, name[key]=value. What cannot go out is told in out.wrong.
local function add_query(out, name, value)
  if value == json.null then
    return
  end
  if type(value) ~= "table" then
    local text, wrong = text_of(value)
    out.wrong = wrong and { path = name, problem = wrong } or out.wrong
    out[#out + 1] = escape(name) .. "=" .. escape(text or "")
  elseif is_list(value) then
    for _, item in ipairs(value) do
      add_query(out, name, item)
    end
  else
    local keys = {}
    for key in pairs(value) do
      keys[#keys + 1] = tostring(key)
    end
    table.sort(keys)
    for _, key in ipairs(keys) do
      add_query(out, name .. "[" .. key .. "]", value[key])
    end
  end
end

-- The query of a request, in the order of the names. Where there is no body, a field
-- without a place of its own (`extra`, or one that was not checked) goes here too.
local function build_query(row, plan, args)
  local names, source = {}, {}
  local query, path_fields = row.query or {}, row.path_fields or {}
  local function take(from)
    for name in pairs(from) do
      local elsewhere = row.body or path_fields[name] or (plan.passes_extra and name == "extra")
      if query[name] or not elsewhere then
        names[#names + 1] = tostring(name)
        source[tostring(name)] = from
      end
    end
  end
  take(args)
  if not row.body and plan.passes_extra then
    take(args.extra or {})
  end
  table.sort(names)
  local out = {}
  for _, name in ipairs(names) do
    add_query(out, query[name] and query[name].wire or name, source[name][name])
  end
  return out
end

-- The default store, where the operation takes one and the caller named none.
local function fill_store(body, row, store_id)
  local at = row.store
  if at == "body" and body.storeId == nil then
    body.storeId = store_id
    return true
  end
  local inner = row.body[at] and (body[at] or (not row.body[at].required and {}))
  if type(inner) == "table" and inner.storeId == nil and not is_list(inner) then
    body[at] = without(inner, none)  -- a copy: this one is the caller's
    body[at].storeId = store_id
    return true
  end
end

-- The fields that are neither path nor query.
local function build_body(row, plan, args, store_id)
  local body, any = without(args, plan.elsewhere)
  if plan.convert then
    for name, fn in next, plan.convert do
      if body[name] ~= nil then
        body[name] = fn(body[name])
      end
    end
  end
  if plan.passes_extra and args.extra then
    for name, value in next, args.extra do
      body[name] = value
      any = true
    end
  end
  if store_id and row.store then
    any = fill_store(body, row, store_id) or any
  end
  return body, any
end

-- The body as JSON; nil when there is nothing to say.
local function body_text(row, plan, args, store_id)
  local body, any
  if plan.convert then  -- which may meet what cannot be sent, and says so with a table
    local ok
    ok, body, any = pcall(build_body, row, plan, args, store_id)
    if not ok then
      return nil, type(body) == "table" and body or error(body, 0)
    end
  else
    body, any = build_body(row, plan, args, store_id)
  end
  if not any and not row.body_required then
    return nil
  end
  local text, why, at = encode(body, plan.is_array)
  if not text then
    return problem(at, why)
  end
  return text
end

-- The path with its query, or nil and what cannot go out.
local function with_query(path, query)
  if query.wrong then
    return nil, query.wrong
  elseif #query == 0 then
    return path
  end
  return path .. (path:find("?", 1, true) and "&" or "?") .. table.concat(query, "&")
end

---A request from an operation's row and its checked arguments.
---@param row table       the operation
---@param args table      in the API's own field names; left as it is
---@param store_id? string filled in where the operation takes one
---@return { path: string, body: string? }? request  path with its query
---@return { path: string, problem: string }? wrong
function M.request(row, args, store_id)
  local plan = plans[row] or make_plan(row)
  local path, wrong = build_path(plan, args)
  if not path then
    return nil, wrong
  end
  local query = (row.query or not row.body) and build_query(row, plan, args)
  local text
  if row.body then
    text, wrong = body_text(row, plan, args, store_id)
    if wrong then
      return nil, wrong
    end
    if text and row.query_body then
      query = query or {}
      query[#query + 1] = "requestBody=" .. escape(text)
      text = nil
    end
  end
  if store_id and row.store == "query" and args.storeId == nil then
    add_query(query, "storeId", store_id)
  end
  if query then
    path, wrong = with_query(path, query)
  end
  return path and { path = path, body = text }, wrong
end

---A request that no row describes. The body of a GET travels in the query, as `requestBody`
---(source: the specification's x-portone-query-or-body).
---@param row { method: string, path: string }   the path as it is sent
---@param parts { query?: table, body?: table }
---@return { path: string, body: string? }? request
---@return { path: string, problem: string }? wrong
function M.raw(row, parts)
  local path, query, text = row.path, {}, nil
  local names = {}
  for name in pairs(parts.query or {}) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  for _, name in ipairs(names) do
    add_query(query, name, parts.query[name])
  end
  if parts.body ~= nil then
    local why, at
    text, why, at = encode(parts.body)
    if not text then
      return problem(at, why)
    end
    if row.method == "GET" then
      query[#query + 1] = "requestBody=" .. escape(text)
      text = nil
    end
  end
  local wrong
  path, wrong = with_query(path, query)
  return path and { path = path, body = text }, wrong
end

return M
