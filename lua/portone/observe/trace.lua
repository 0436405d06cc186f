-- SPDX-License-Identifier: MIT
-- Spans by the names of OpenTelemetry's semantic conventions for HTTP clients. No library is
-- needed: the caller brings two functions that start and end a span of theirs.
--
-- A call is a span of kind "internal", named like its operation; each request that it sends is
-- one of kind "client" below it, "POST /payments/{paymentId}/billing-key". `url.full`, which the
-- conventions ask for, is left out: paths hold billing keys and customers' identifiers.

local observe = require "portone.observe"

local M = {}

local PORTS = { https = 443, http = 80 }

-- "https://api.portone.io" -> scheme, host, port
local function address(server)
  local scheme, rest = (server or ""):match("^(%a+)://([^/]*)")
  if not scheme then return nil end
  local host, port = rest:match("^(.-):(%d+)$")
  host = (host or rest):gsub("^%[(.*)%]$", "%1")
  return scheme, host, tonumber(port) or PORTS[scheme]
end

-- A status from 400 on, or a kind that came instead of one.
local function error_type(event)
  if event.outcome then
    return event.outcome ~= "ok" and (event.error and tostring(event.error) or event.outcome) or nil
  elseif event.status then
    return event.status >= 400 and tostring(event.status) or nil
  end
  return event.kind
end

---The attributes of an event.
---@param event table  what a hook is told
---@return table<string, string|number|boolean>
function M.attributes(event)
  local scheme, host, port = address(event.server)
  local raw = event.operation:find(" ") ~= nil  -- its path is the caller's, no template
  return {
    ["http.request.method"] = event.method,
    ["http.response.status_code"] = event.status,
    ["http.request.resend_count"] = (event.attempt or 1) > 1 and event.attempt - 1 or nil,
    ["url.template"] = not raw and event.url or nil,
    ["url.scheme"] = scheme,
    ["server.address"] = host,
    ["server.port"] = port,
    ["error.type"] = error_type(event),
    ["portone.operation"] = raw and "request" or event.operation,
    ["portone.outcome"] = event.outcome,
    ["portone.attempts"] = event.attempts,
    ["portone.reconciled"] = event.reconciled,
  }
end

local known = { start = "function", finish = "function" }

---Makes spans.
---@param given table  start(name, kind, attributes, parent) -> span: kind is "internal" or
---  "client", parent the span of the call or nil; finish(span, attributes, failed): attributes
---  are those known at the end, failed is true for an error
---@param level integer  error's level of the caller to blame, seen from here
---@return table observer
function M.new(given, level)
  observe.check("portone.observe.trace", given, known, level + 1)
  if not given.start or not given.finish then
    error("portone.observe.trace: start = function(name, kind, attributes, parent) … end and "
      .. "finish = function(span, attributes, failed) … end are needed", level)
  end
  local observer = {}
  local keys = { call = {}, attempt = {} }  -- this observer's places in the context of a call

  local function finish(event, key)
    local span = event.context[key]
    event.context[key] = nil
    if span ~= nil then
      local attributes = M.attributes(event)
      given.finish(span, attributes, attributes["error.type"] ~= nil)
    end
  end

  function observer.on_start(_, event)
    local attributes = M.attributes(event)
    event.context[keys.call] = given.start(attributes["portone.operation"], "internal", attributes)
  end

  function observer.on_request(_, event)
    local attributes = M.attributes(event)
    local template = attributes["url.template"]
    local name = event.method .. (template and " " .. template or "")
    event.context[keys.attempt] = given.start(name, "client", attributes, event.context[keys.call])
  end

  function observer.on_response(_, event) finish(event, keys.attempt) end
  function observer.on_end(_, event)
    finish(event, keys.attempt)  -- one that was announced and then not sent
    finish(event, keys.call)
  end
  return observer
end

return M
