-- SPDX-License-Identifier: MIT
-- Checks the arguments of a call against the operation's row before anything is sent:
-- every problem at once, each with its path and what to do about it. The tables in
-- portone.api hold the facts, portone/check/*.lua turn them into closures.

local api = require "portone.api"

local check = {}

---What kinds of problem there are: the `code` of each.
check.codes = {
  required = "a field that must be there is not", unknown_field = "the API has no such field",
  type = "a value of another type", enum = "a value that is not in the list, or not for this PG",
  length = "too many or too few characters", count = "too many or too few items",
  range = "a number that is too large or too small", format = "a text or number of another form",
  offset = "a time to pay that does not say its offset (only on the wire)",
  unique = "what each item of a list needs for itself, twice",
  choice = "none, or too many, of several fields", currency = "a finer amount than can be paid",
  page = "a page that the API does not show", not_offered = "the PG has no such operation",
  value = "what cannot be written into a request",
}

-- Path fields go into the URL: neither empty nor null.
local function in_path(field)
  local copy = { min = 1 }
  for k, v in pairs(field) do copy[k] = v end
  copy.not_null = true
  return copy
end

---The one table of fields that a caller fills, with the rules of the row.
---@param row table
---@return table spec { fields =, one_of =, … } as a type has them
function check.arguments(row)
  local spec = { fields = {} }
  for _, place in ipairs { "query", "body" } do
    for name, field in pairs(row[place] or {}) do spec.fields[name] = field end
  end
  for name, field in pairs(row.path_fields or {}) do spec.fields[name] = in_path(field) end
  for _, rule in ipairs { "one_of", "any_of", "max_one_of", "required_if", "required_unless",
    "advice", "amounts", "page_window" } do
    spec[rule] = row[rule]
  end
  return spec
end

local report -- loaded with the first check, as is what compiles

local compiled = setmetatable({}, { __mode = "k" })

local function compile(row)
  local spec = check.arguments(row)
  -- where the API has no field of that name, `extra` carries what the tables do not know
  spec.fields.extra = spec.fields.extra or { type = "object" }
  report = require "portone.check.report"
  compiled[row] = require("portone.check.compile").fields(row.api, spec)
  return compiled[row]
end

-- The PG that a call goes to, when the caller or the arguments tell.
local function pg_of(args, ctx)
  local pg = ctx.pg
  if not pg and ctx.channels then
    local key = rawget(args, "channel_key") or rawget(args, "channelKey")
    local payment = rawget(args, "payment")
    if key == nil and type(payment) == "table" then key = rawget(payment, "channelKey") end
    pg = key ~= nil and ctx.channels[key] or nil
  end
  if not pg then pg = rawget(args, "pg") end
  if type(pg) ~= "string" then return nil end
  pg = pg:match("^[^.]+") -- "tosspayments.mid"
  return pg and pg:lower()
end

local function offers(row, pg)
  for _, known in ipairs(row.pgs) do if known == pg then return true end end
  return false
end

---Checks the arguments of an operation.
---@param row table from portone.api
---@param args? table the caller's arguments, never changed
---@param ctx? { pg?: string, channels?: table<string, string>, wire?: boolean }
---  pg: the PG the call goes to; channels: channel key to PG, to find it by; wire: these are
---  the arguments as a server sees them (times have an offset, JSON in JSON is text)
---@return { path: string, problem: string, code: string }[]? problems nil when there are none
---@return { path: string, problem: string }[]? warnings nil when there are none
function check.args(row, args, ctx)
  if args ~= nil and type(args) ~= "table" then
    local problem = "expected a table of arguments, got " .. type(args)
    return { { path = "", problem = problem, code = "type" } }
  end
  args = args or {}
  local closure = compiled[row] or compile(row)
  local pg = (ctx or rawget(args, "pg")) and pg_of(args, ctx or {}) or nil
  report.start(pg, ctx and ctx.wire)
  if pg and row.pgs and not offers(row, pg) then
    report.add(0, "not_offered", row.name .. " is not offered by " .. pg)
  end
  closure(args, 0)
  return report.finish()
end

---Problems without one that somebody else takes care of.
---@param problems table[]
---@param path string
---@param code string
---@return table[]? problems nil when none is left
function check.without(problems, path, code)
  local left = {}
  for _, p in ipairs(problems) do
    if p.path ~= path or p.code ~= code then left[#left + 1] = p end
  end
  return left[1] and left or nil
end

local function step(version, field, name)
  if field.items and name:find("^%[") then return field.items end
  local spec = field.ref and api.type(version, field.ref) or field
  if spec.map then return spec.map end
  return spec.fields and spec.fields[name]
end

---Tells of a path of a row's arguments whether the row declares an array there, which decides
---how an empty table is written.
---@param row table
---@return fun(path: string): boolean path as "schedules[2].products"
function check.is_array(row)
  local spec
  return function(path)
    spec = spec or check.arguments(row)
    local field = spec
    for name in path:gmatch("%[?[^.%[]+") do
      field = step(row.api, field, name)
      if not field then return false end
    end
    return field.type == "array"
  end
end

return check
