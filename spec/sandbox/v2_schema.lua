-- SPDX-License-Identifier: MIT
-- Holds requests and answers of the V2 books against the official OpenAPI file: every field
-- known, of its type, required ones present, unions told apart by their discriminator.

local assert = require "luassert"
local json = require "portone.json"

local M = {}

local function load_spec()
  for _, dir in ipairs { os.getenv "PORTONE_SPEC" or "", "../shared/spec", "shared/spec" } do
    local file = dir ~= "" and io.open(dir .. "/v2.openapi.json", "rb")
    if file then
      local text = file:read "*a"
      file:close()
      return assert(json.decode(text))
    end
  end
end

local spec = load_spec()
local schemas = spec and spec.components.schemas

--- Whether the specification is at hand.
M.available = spec ~= nil

local check
local formats = true -- whether formats are checked: those of requests are the books' business

local function problem(at, text) return at .. ": " .. text end

local function named(ref)
  local name = ref:match("([^/]+)$")
  return schemas[name], name
end

local function check_union(schema, value, at)
  local tag = schema.discriminator.propertyName
  local chosen = type(value) == "table" and schema.discriminator.mapping[value[tag]]
  if not chosen then
    return problem(at, "no case for " .. tag .. " " .. tostring(type(value) == "table"
      and value[tag] or value))
  end
  return check({ ["$ref"] = chosen }, value, at)
end

local function check_object(schema, value, at)
  if type(value) ~= "table" then return problem(at, "expected an object") end
  if not schema.properties then return nil end
  for _, name in ipairs(schema.required or {}) do
    if value[name] == nil then return problem(at .. "." .. name, "required") end
  end
  for name, item in pairs(value) do
    local field = schema.properties[name]
    if not field then return problem(at .. "." .. tostring(name), "unknown field") end
    local wrong = check(field, item, at .. "." .. name)
    if wrong then return wrong end
  end
end

local function check_array(schema, value, at)
  if type(value) ~= "table" then return problem(at, "expected an array") end
  if next(value) == nil and not json.is_array(value) then
    return problem(at, "an empty object where an array is due")
  end
  for i, item in ipairs(value) do
    local wrong = check(schema.items, item, at .. "[" .. i .. "]")
    if wrong then return wrong end
  end
end

local DATE_TIME = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d"

local function check_string(schema, value, at)
  if type(value) ~= "string" then return problem(at, "expected a string, got " .. type(value)) end
  if formats and schema.format == "date-time" and not value:find(DATE_TIME) then
    return problem(at, "expected a date-time, got " .. value)
  end
  if not schema.enum then return nil end
  for _, item in ipairs(schema.enum) do
    if item == value then return nil end
  end
  return problem(at, "not of the enum: " .. value)
end

local function check_integer(_, value, at)
  if type(value) ~= "number" or value % 1 ~= 0 then
    return problem(at, "expected an integer, got " .. tostring(value))
  end
end

local function check_boolean(_, value, at)
  if type(value) ~= "boolean" then return problem(at, "expected a boolean") end
end

local CHECKS = { object = check_object, array = check_array, string = check_string,
  integer = check_integer, boolean = check_boolean, number = check_integer }

function check(schema, value, at)
  if schema["$ref"] then
    local target, name = named(schema["$ref"])
    return check(target, value, at == "" and name or at)
  end
  if schema.oneOf then return check_union(schema, value, at) end
  local fn = CHECKS[schema.type]
  return fn and fn(schema, value, at)
end

local function operation(row)
  local path = spec.paths[row.path]
  return assert(path and path[row.method:lower()], "not in the specification: " .. row.name)
end

--- Fails unless the request's body is one that the operation takes.
function M.request(req)
  if not spec then return end
  local body = operation(req.row).requestBody
  if not body then return end
  formats = false
  local wrong = check(body.content["application/json"].schema, req.body, "")
  formats = true
  assert.is_nil(wrong)
end

--- Fails unless the answer is one that the operation may give with this status.
function M.answer(row, status, body)
  if not spec then return end
  local response = operation(row).responses[tostring(status)]
  assert.is_truthy(response, row.name .. " answers no " .. status)
  local content = response.content and response.content["application/json"]
  if not content then return end
  assert.is_nil(check(content.schema, body, ""), row.name .. " " .. status)
  if status == 200 then return end
  -- An error type belongs to one status.
  local union = named(content.schema["$ref"])
  local case = named(union.discriminator.mapping[body.type])
  assert.equals(case["x-portone-status-code"], status, body.type)
end

--- The check itself, for the specs of this file.
function M.check(name, value)
  return check({ ["$ref"] = "#/components/schemas/" .. name }, value, "")
end

return M
