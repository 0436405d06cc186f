-- SPDX-License-Identifier: MIT
-- What a call tells the caller beside its outcome: hooks (on_request, …) and warnings.
--
-- A hook is the caller's own code. What it raises must not take the outcome of a charge away
-- with it, so it becomes a warning of the call.

local redact = require "portone.redact"

local M = {}

local function add(call, path, text)
  local warnings = call.info.warnings or {}
  call.info.warnings = warnings
  warnings[#warnings + 1] = { path = path, problem = text }
end

---Tells a hook, if there is one.
---@param call table    see call.lua
---@param name string   the client's option
---@param fields table  what it is told; added are operation, method, URL template, server, and
--- `context`: a table that all events of a call share, for what the hooks keep of it
function M.tell(call, name, fields)
  local hook = call.state.options[name]
  if not hook then
    return
  end
  local row = call.row
  call.context = call.context or {}
  fields.operation, fields.method, fields.context = row.name, row.method, call.context
  fields.url = row.path and row.path:match("^[^?]*")
  fields.server = call.state.base[row.api]
  local ok, why = pcall(hook, fields)
  if not ok then
    add(call, name, "the hook raised: " .. redact.text(tostring(why), call.state.secrets))
  end
end

---The end of a call, told to on_end.
---@param call table
---@param err? portone.Error
function M.ended(call, err)
  local info = call.info
  M.tell(call, "on_end", {
    outcome = err and err.kind or "ok", error = err and (err.type or err.code),
    status = info.status, attempts = info.attempts, reconciled = info.reconciled,
    elapsed = call.began and call.now() - call.began or 0,
  })
end

---A warning: in info, and told to on_warning.
---@param call table
---@param path string
---@param text string
function M.warn(call, path, text)
  add(call, path, text)
  M.tell(call, "on_warning", { path = path, problem = text })
end

return M
