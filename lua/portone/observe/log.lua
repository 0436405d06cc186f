-- SPDX-License-Identifier: MIT
-- A line for each call when it has ended, as an access log has one for each request:
--
--   portone operation=v2.payment.pay_with_billing_key method=POST
--     url=/payments/{paymentId}/billing-key outcome=declined error=PG_PROVIDER status=502
--     attempts=1 elapsed=0.412
--
-- in one line, with names before the values, so that both people and programs can read it.

local observe = require "portone.observe"

local M = {}

-- What is worth somebody's attention; all else is info.
local LEVELS = {
  ok = "info", declined = "info", not_found = "info", conflict = "notice", rejected = "notice",
  invalid_request = "warn", unknown_outcome = "error",
}

-- Values of ours need no quotes, but a server's error type may be anything.
local function quoted(value)
  local text = tostring(value)
  if text:find("^[^%s\"=%c]+$") then return text end
  return '"' .. text:gsub('["\\]', "\\%0"):gsub("%c", " ") .. '"'
end

---The line of an event.
---@param event table  what on_end is told
---@return string
function M.line(event)
  local out = { "portone" }
  local function add(name, value)
    if value ~= nil then out[#out + 1] = name .. "=" .. quoted(value) end
  end
  add("operation", event.operation:find(" ") and "request" or event.operation)
  add("method", event.method)
  add("url", not event.operation:find(" ") and event.url or nil)
  add("outcome", event.outcome)
  add("error", event.error)
  add("status", event.status)
  add("attempts", ("%d"):format(event.attempts))
  add("reconciled", event.reconciled)
  add("elapsed", (("%.3f"):format(event.elapsed):gsub(",", ".")))
  return table.concat(out, " ")
end

local function write_somewhere(line, level)
  if rawget(_G, "ngx") and ngx.log then
    local levels = { info = ngx.INFO, notice = ngx.NOTICE, warn = ngx.WARN, error = ngx.ERR }
    ngx.log(levels[level], line)
  else
    io.stderr:write(line, "\n")
  end
end

local known = { write = "function", all = "boolean" }

---Writes lines.
---@param given table  write(line, level): level is "info", "notice", "warn" or "error"; default:
---  nginx's error log, or standard error. all = false: only what is more than "info"
---@param level integer  error's level of the caller to blame, seen from here
---@return table observer
function M.new(given, level)
  observe.check("portone.observe.log", given, known, level + 1)
  local write = given.write or write_somewhere
  local observer = {}
  function observer.on_end(_, event)
    local at = LEVELS[event.outcome] or "warn"
    if at ~= "info" or given.all ~= false then write(M.line(event), at) end
  end
  return observer
end

return M
