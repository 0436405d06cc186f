-- SPDX-License-Identifier: MIT
-- The fields of an operation by their paths, for a command line and for completion: what a text
-- typed there must become, and what may be typed next.

local api = require "portone.api"
local check = require "portone.check"

local M = {}

-- What a field's own fields are declared in.
local function target(version, field)
  if field.items then
    return target(version, field.items)
  elseif field.ref then
    return api.type(version, field.ref)
  end
  return field
end

-- The members of a union, or of a type of several shapes; otherwise the type alone.
local function members(version, spec)
  local list = {}
  for _, ref in pairs(spec.union or {}) do
    list[#list + 1] = api.type(version, ref)
  end
  for _, shape in ipairs(spec.shapes or {}) do
    list[#list + 1] = api.type(version, shape.ref)
  end
  return list[1] and list or { spec }
end

local function child(version, spec, name)
  for _, member in ipairs(members(version, spec)) do
    local found = member.fields and member.fields[name] or member.map
    if found then
      return found
    end
  end
end

---The field at a path of an operation's arguments.
---@param row table
---@param path string[]  names; places in lists are left out
---@return table? field  nil when there is none, or nothing is said about it
function M.at(row, path)
  local field = check.arguments(row)
  for _, name in ipairs(path) do
    field = child(row.api, target(row.api, field), name)
    if not field then
      return nil
    end
  end
  return field
end

---Names that a table at a path may have, sorted.
---@param row table
---@param path string[]
---@return string[]
function M.names(row, path)
  local field = M.at(row, path)
  local seen, list = {}, {}
  for _, member in ipairs(field and members(row.api, target(row.api, field)) or {}) do
    for name in pairs(member.fields or {}) do
      if not seen[name] then
        seen[name] = true
        list[#list + 1] = name
      end
    end
  end
  table.sort(list)
  return list
end

---The values that a field may have, where they are listed.
---@param row table
---@param path string[]
---@return string[]
function M.values(row, path)
  local field = M.at(row, path)
  field = field and (field.items or field)
  local enum = field and field.enum
  if type(enum) == "string" then
    enum = api.type(row.api, enum).enum
  end
  return enum or {}
end

local function number(text)
  if text:find("^-?%d+$") and #text < 17 then
    return math.tointeger and math.tointeger(tonumber(text)) or tonumber(text)
  elseif text:find("^-?%d+%.%d+$") then
    return tonumber(text)
  end
end

local booleans = { ["true"] = true, ["false"] = false }

---What a text becomes in a field of this type. A text that does not fit stays one: the check of
---the call says what is wrong with it.
---@param field? table
---@param text string
---@return any
function M.convert(field, text)
  local kind = field and field.type
  if kind == "integer" or kind == "number" then
    return number(text) or text
  elseif kind == "boolean" and booleans[text] ~= nil then
    return booleans[text]
  elseif kind == "array" and field.items then
    local list = require("portone.json").array {}
    for part in text:gmatch("[^,]+") do
      list[#list + 1] = M.convert(field.items, part)
    end
    return list
  end
  return text
end

---"schedules[2].amount" as { "schedules", 2, "amount" }.
---@param text string
---@return (string|integer)[]? path  nil when it is none
function M.path(text)
  local path = {}
  for part in (text .. "."):gmatch("([^.]*)%.") do
    local name, places = part:match("^([%w_%-]+)([%[%]%d]*)$")
    if not name or places:gsub("%[%d+%]", "") ~= "" then
      return nil
    end
    path[#path + 1] = name
    for place in places:gmatch("%d+") do
      path[#path + 1] = tonumber(place)
    end
  end
  return path
end

---The names of a path alone.
---@param path (string|integer)[]
---@return string[]
function M.names_of(path)
  local names = {}
  for _, part in ipairs(path) do
    if type(part) == "string" then
      names[#names + 1] = part
    end
  end
  return names
end

---Puts a value where a path leads, making the tables on the way.
---@param into table
---@param path (string|integer)[]
---@param value any
---@return string? problem  there is something else on the way already
function M.put(into, path, value)
  local at = into
  for i = 1, #path - 1 do
    local key = path[i]
    if at[key] == nil then
      at[key] = {}
    elseif type(at[key]) ~= "table" then
      return "it is given twice, in part and as a whole"
    end
    at = at[key]
  end
  if at[path[#path]] ~= nil then
    return "it is given twice"
  end
  at[path[#path]] = value
end

return M
