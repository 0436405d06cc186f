-- SPDX-License-Identifier: MIT
-- What the two handlers take in common: options, checked when the handler is made, and the
-- way from a request to a notification that may be believed.

local nearest = require("portone.options").nearest
local request = require "portone.nginx.request"
local webhook = require "portone.webhook"

local M = {}

local function check_names(what, given, known, level)
  if type(given) ~= "table" then
    error(("portone.nginx.%s: table of options expected, got %s"):format(what, type(given)),
      level + 1)
  end
  for name, value in pairs(given) do
    local expected = known[name]
    if not expected then
      local hint = nearest(name, known)
      error(("portone.nginx.%s: unknown option '%s'%s"):format(what, tostring(name),
        hint and (" (did you mean '%s'?)"):format(hint) or ""), level + 1)
    elseif expected ~= "any" and type(value) ~= expected then
      error(("portone.nginx.%s: option '%s' must be a %s"):format(what, name, expected), level + 1)
    end
  end
end

-- Where the secrets come from: the handler's own, or those of its client.
local function verifier(given)
  if given.secrets or given.secret then
    return webhook.bind(given.secrets or given.secret).verify
  end
  local bound = given.client and given.client.webhook
  return bound and bound.has_secrets and bound.verify
end

---Checks the options that both handlers have.
---@param what string   "webhook" or "confirm"
---@param given table
---@param known table   name to type
---@param level integer of the caller
---@return table options
function M.check(what, given, known, level)
  check_names(what, given, known, level + 1)
  local o = {}
  for name, value in pairs(given) do
    o[name] = value
  end
  o.verify = verifier(given)
  if not o.verify and not given.client then
    error(("portone.nginx.%s: give secrets = { \"whsec_…\" } for V2, a client for V1"):format(what),
      level + 1)
  elseif o.v1 and not given.client then
    error(("portone.nginx.%s: V1 is not signed: a client is needed to read the payment again")
      :format(what), level + 1)
  elseif o.v1 == nil then
    o.v1 = not o.verify
  end
  o.max_body = o.max_body or 1024 * 1024
  if o.verify then  -- a wrong option or secret shows now, not with the first request
    local _, err = o.verify("{}", {}, M.of_verify(o))
    if err.type == "BAD_SECRET" then
      error(("portone.nginx.%s: %s"):format(what, err.reason), level + 1)
    end
  end
  return o
end

---The options of webhook.verify among those of a handler.
function M.of_verify(o)
  return { tolerance = o.tolerance, version = o.version, max_body = o.max_body, now = o.now }
end

-- Kind of a refusal -> the status that a sender is told.
local statuses = { unauthorized = 401, protocol = 400, invalid_request = 500, server = 503 }

---Reads the request and checks what can be checked without asking anybody.
---@return table? message  { body =, event = } of V2, { body =, note = } of V1
---@return integer? status
---@return any reason
function M.receive(o)
  local got, status, reason = request.read(o.max_body)
  if not got then
    return nil, status, reason
  elseif o.verify and not (o.v1 and not request.is_signed(got.headers)) then
    local event, err = o.verify(got.body, got.headers, M.of_verify(o))
    if not event then
      return nil, statuses[err.kind] or 400, err
    end
    return { body = got.body, event = event }
  end
  local note, err = webhook.parse_v1(got.body)
  if not note then
    return nil, 400, err
  end
  return { body = got.body, note = note }
end

return M
