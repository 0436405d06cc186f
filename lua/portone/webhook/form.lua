-- SPDX-License-Identifier: MIT
-- application/x-www-form-urlencoded as PortOne posts it: a webhook of version 2024-01-01, a
-- V1 webhook, a V1 confirm request. Nested fields have brackets: extra[barcode]=1.

local M = {}

local MAX_FIELDS = 100
local MAX_DEPTH = 4

-- "a%20b+c" -> "a b c"; nil when a % stands alone
local function unescape(text)
  text = text:gsub("%+", " ")
  if text:gsub("%%%x%x", ""):find("%", 1, true) then
    return nil
  end
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

-- "extra[a][b]" -> { "extra", "a", "b" }; nil when the brackets do not fit
local function path_of(name)
  local first, rest = name:match("^([^%[%]]+)(.*)$")
  if not first or rest:gsub("%[[^%[%]]+%]", "") ~= "" then
    return nil
  end
  local path = { first }
  for part in rest:gmatch("%[([^%[%]]+)%]") do
    path[#path + 1] = part
  end
  return #path <= MAX_DEPTH and path or nil
end

-- Puts a value at a path; false when something is there already.
local function put(into, path, value)
  for i = 1, #path - 1 do
    local at = into[path[i]]
    if at == nil then
      at = {}
      into[path[i]] = at
    elseif type(at) ~= "table" then
      return false
    end
    into = at
  end
  local last = path[#path]
  if into[last] ~= nil then
    return false
  end
  into[last] = value
  return true
end

---Could this text be a form at all?
---@param text string
---@return boolean
function M.looks_like(text)
  return text:find("^[%w_.%-%%%[%]]+=") ~= nil and not text:find("[%c ]")
end

---Reads a form. A field that comes twice is refused: which one counts is anybody's guess.
---@param text string
---@return table? fields   name to string, or to a table of such
---@return string? problem
function M.decode(text)
  local out, count = {}, 0
  for pair in text:gmatch("[^&]+") do
    count = count + 1
    if count > MAX_FIELDS then
      return nil, ("has more than %d fields"):format(MAX_FIELDS)
    end
    local name, value = pair:match("^([^=]*)=?(.*)$")
    name, value = unescape(name), unescape(value)
    local path = name and path_of(name)
    if not path or not value then
      return nil, "has a field that is not percent-encoded as it should be"
    end
    if not put(out, path, value) then
      return nil, ("has the field '%s' twice"):format(name:sub(1, 64):gsub("[%c]", "?"))
    end
  end
  return out
end

return M
