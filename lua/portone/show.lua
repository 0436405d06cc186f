-- SPDX-License-Identifier: MIT
-- Any result, error or group, laid out for a person at a prompt. Secrets are masked.

local errors = require "portone.error"
local json = require "portone.json"
local redact = require "portone.redact"

local M = {}

local function keys_of(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and type(a) ~= "table" then
      return a < b
    end
    return type(a) == "number" and type(b) ~= "number"
  end)
  return keys
end

local function scalar(value)
  if value == json.null then
    return "null"
  elseif type(value) == "string" then
    return (("%q"):format(value):gsub("\\\n", "\\n"))
  end
  return tostring(value)
end

local layout

-- A table that fits on one line stands on one line.
local function inline(t)
  local out = {}
  for _, key in ipairs(keys_of(t)) do
    if type(t[key]) == "table" then
      return nil
    end
    out[#out + 1] = (type(key) == "number" and "" or tostring(key) .. " = ") .. scalar(t[key])
  end
  local line = #out == 0 and "{}" or "{ " .. table.concat(out, ", ") .. " }"
  return #line <= 72 and line or nil
end

function layout(value, indent)
  if type(value) ~= "table" then
    return scalar(value)
  end
  local line = inline(value)
  if line then
    return line
  end
  local out = { "{" }
  for _, key in ipairs(keys_of(value)) do
    local name = type(key) == "number" and "" or tostring(key) .. " = "
    out[#out + 1] = indent .. "  " .. name .. layout(value[key], indent .. "  ") .. ","
  end
  out[#out + 1] = indent .. "}"
  return table.concat(out, "\n")
end

---The text that `portone.show` prints.
---@param value any
---@return string
function M.text(value)
  if errors.is(value) then
    local rest = {}
    for key, field in pairs(value) do
      if key ~= "raw" and key ~= "message" and key ~= "response" then
        rest[key] = field
      end
    end
    return tostring(value) .. "\n" .. layout(redact.copy(rest), "")
  end
  local mt = getmetatable(value)
  if type(value) == "table" and type(mt) == "table" and mt.__tostring then
    return tostring(value)
  end
  return layout(redact.copy(value), "")
end

return M
