-- SPDX-License-Identifier: MIT
-- What the command prints: answers for a person or as JSON, problems on stderr. Secrets are
-- masked in all of it.

local json = require "portone.json"
local redact = require "portone.redact"
local sorted = require "portone.sorted"
local terminal = require "portone.cli.terminal"

local M = {}

---A line on stderr.
---@param text string
function M.note(text)
  io.stderr:write(text, "\n")
end

---A problem on stderr, with the name of the command in front.
---@param text string
---@param ... any  for string.format
function M.problem(text, ...)
  if select("#", ...) > 0 then
    text = text:format(...)
  end
  io.stderr:write(terminal.paint(2, "red", "portone:"), " ", text, "\n")
end

-- {====== JSON ======

local function scalar(value)
  if type(value) == "string" then
    value = redact.text(value)
  end
  local text = json.encode(value) or json.encode(tostring(value))
  return (text:gsub("\\/", "/"))  -- lua-cjson escapes every slash
end

local layout

local function list(value, indent)
  local out = {}
  for i = 1, #value do
    out[i] = indent .. "  " .. layout(value[i], indent .. "  ")
  end
  return #out == 0 and "[]" or "[\n" .. table.concat(out, ",\n") .. "\n" .. indent .. "]"
end

function layout(value, indent)
  if type(value) ~= "table" then
    return scalar(value)
  elseif json.is_array(value) or #value > 0 then
    return list(value, indent)
  end
  local out = {}
  for i, key in ipairs(sorted(value)) do
    local text = redact.is_secret(key) and scalar(redact.MASK)
      or layout(value[key], indent .. "  ")
    out[i] = ("%s  %s: %s"):format(indent, scalar(tostring(key)), text)
  end
  return #out == 0 and "{}" or "{\n" .. table.concat(out, ",\n") .. "\n" .. indent .. "}"
end

---A value as JSON text, keys in order, secrets masked.
---@param value any
---@return string
function M.json(value)
  return layout(value, "")
end

-- }======

---Prints an answer.
---@param value any
---@param as_json? boolean
function M.answer(value, as_json)
  io.stdout:write(as_json and M.json(value) or require("portone.show").text(value), "\n")
end

local shown = { "kind", "type", "code", "status", "message", "pg_code", "pg_message", "fields",
  "operation", "attempts", "idempotency_key", "outcome" }

---Prints an error of a call on stderr: one line and one for each wrong field, or JSON.
---@param err portone.Error
---@param as_json? boolean
function M.error(err, as_json)
  if as_json then
    local out = {}
    for _, name in ipairs(shown) do
      out[name] = err[name]
    end
    return M.note(M.json { error = out })
  end
  local text = tostring(err):gsub("^portone: ", "")
  if err.fields and err.fields[1] then
    text = ("%s: %s"):format(err.kind, err.message)
  end
  M.problem("%s", text)
  for _, field in ipairs(err.fields or {}) do
    M.note(("  %s: %s"):format(field.path, field.problem))
  end
end

return M
