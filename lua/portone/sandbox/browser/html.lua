-- SPDX-License-Identifier: MIT
-- What goes into a page: text, JSON inside a script, and the headers that it is sent with.

local core = require "portone.core"
local json = require "portone.json"

local M = {}

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
                   ["'"] = "&#39;" }

---Text for an element or a quoted attribute.
---@param text any
---@return string
function M.escape(text)
  return (tostring(text):gsub("[&<>\"']", entities))
end

---A value as JSON that may stand inside <script>: it cannot end the script, open a comment in
---it, or end a line of JavaScript.
---@param value any
---@return string
function M.script_json(value)
  local text = assert(json.encode(value))
  text = text:gsub("[<>&]", { ["<"] = "\\u003c", [">"] = "\\u003e", ["&"] = "\\u0026" })
  return (text:gsub("\226\128[\168\169]", { ["\226\128\168"] = "\\u2028",
    ["\226\128\169"] = "\\u2029" }))
end

---Fills "{name}" in a template; what is not in `values` stays.
---@param template string
---@param values table<string, string>
---@return string
function M.fill(template, values)
  return (template:gsub("{([%w_]+)}", values))
end

---The answer that carries a page. Its scripts and styles must have the nonce.
---@param body string
---@param nonce string
---@param status? integer
---@return table plan
function M.page(body, nonce, status)
  return { status = status or 200, body = body, headers = {
    "Content-Type: text/html; charset=utf-8",
    "Cache-Control: no-store",
    -- same-origin, not no-referrer: without it a form would be sent with "Origin: null"
    "Referrer-Policy: same-origin",
    "X-Content-Type-Options: nosniff",
    ("Content-Security-Policy: default-src 'none'; base-uri 'none'; style-src 'nonce-%s'; "
      .. "script-src 'nonce-%s'; connect-src 'self'"):format(nonce, nonce),
  } }
end

---@return string
function M.nonce()
  return core.hex(core.random(12))
end

return M
