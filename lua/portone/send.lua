-- SPDX-License-Identifier: MIT
-- One attempt of a call: its headers, one exchange, and what the answer says. Whether
-- another attempt follows is decide.lua's.

local hooks = require "portone.hooks"
local read = require "portone.read"
local token = require "portone.token"

local M = {}

local min, pairs = math.min, pairs

-- Seconds that are left of this attempt.
local function left(call)
  return call.ends - call.now()
end

-- {====== Headers ======

local function no_key(option, variables)
  return nil, { kind = "unauthorized", message = ("no %s: set it in portone.configure or %s")
    :format(option, variables) }
end

-- V2's authorization is known, V1's is a token that may have to be fetched.
local function authorization(call, stale)
  local state = call.state
  if call.row.api == "v2" then
    if state.v2_authorization then
      return state.v2_authorization
    end
    return no_key("api_secret", "PORTONE_API_SECRET")
  elseif not state.options.v1.imp_key then
    return no_key("v1.imp_key and v1.imp_secret", "PORTONE_V1_API_KEY and PORTONE_V1_API_SECRET")
  end
  -- a deadline of its own, which is 0.001 at least: no time is an error, not misuse
  local value, err = token.get(call, stale, math.max(left(call), 0.001))
  if not value then
    return nil, { kind = err.kind, message = err.message, sent = "nothing", token_error = err,
                  code = err.code, status = err.status, retry_after = err.retry_after }
  end
  call.token = value
  return "Authorization: Bearer " .. value
end

local function headers_of(call, stale)
  local opts, key = call.opts, call.info.idempotency_key
  -- the usual four, at once: a list that grows is made anew each time
  local list, n = { "Accept: application/json", nil, nil, nil }, 1
  if call.row.csv then
    list[1] = "Accept: text/csv, application/json"  -- an error is JSON here too
  end
  if not call.row.noauth then
    local line, fault = authorization(call, stale)
    if not line then
      return nil, fault
    end
    n = n + 1
    list[n] = line
  end
  if call.request.body then
    n = n + 1
    list[n] = "Content-Type: application/json"
  end
  if key then
    n = n + 1
    list[n] = 'Idempotency-Key: "' .. key .. '"'
  end
  local tier = call.row.api == "v1" and (opts.tier or call.state.options.v1.tier)
  if tier then
    n = n + 1
    list[n] = "Tier: " .. tier
  end
  if opts.headers then
    for name, value in pairs(opts.headers) do
      n = n + 1
      list[n] = name .. ": " .. value
    end
  end
  return list
end

-- }======================

local function unsent(kind, why)
  return nil, { kind = kind, message = "nothing was sent: " .. why, sent = "nothing" }
end

-- One exchange: status, body | nil, fault
local function exchange(call, stale)
  local state, info, row = call.state, call.info, call.row
  local headers, fault = headers_of(call, stale)
  local seconds = left(call)
  if not headers then
    return nil, fault
  elseif seconds <= 0 then
    return unsent("timeout", "the time was up")
  end
  local options, number, gate = state.options, info.attempts + 1, call.opts.before_send
  if gate then  -- the last moment: what it writes down is true whenever the process ends
    local open, why = gate(number)
    if not open then
      return unsent("cancelled", tostring(why))
    end
  end
  if options.on_request then
    hooks.tell(call, "on_request", { attempt = number })
  end
  if state.closed then  -- since the call began: others run while it waits
    return unsent("cancelled", "the client was closed")
  end
  local status, body, raw, a, b = call.host.perform(state.core, row.method,
    state.base[row.api] .. call.request.path, headers, call.request.body,
    min(call.opts.timeout or options.timeout, seconds))
  info.attempts = number
  call.took = status and a or b or 0
  info.elapsed = info.elapsed + call.took
  if options.on_response then
    hooks.tell(call, "on_response", { attempt = number, status = status,
      kind = not status and body or nil, elapsed = call.took })
  end
  info.status, info.headers = status, nil
  if status then
    info.raw_headers = raw
    return status, body
  end
  return nil, { kind = body, message = raw, sent = a }
end

---One attempt. A refused V1 token is renewed once: a 401 says that nothing was done.
---@param call table      see call.lua
---@param seconds number  that it may take, with the token it may need
---@return any result
---@return table? fault   fields of a portone.Error
function M.attempt(call, seconds)
  call.ends = call.now() + seconds
  local status, body = exchange(call)
  if status == 401 and call.token then
    status, body = exchange(call, call.token)
  end
  if not status then
    return nil, body
  end
  local result, fault = read.answer(call.row, status, body, call)
  if status == 207 then
    call.info.partial = true
  end
  if fault and (status == 429 or status == 503 or status == 409) then
    fault.retry_after = call.info.headers["retry-after"]
  end
  return result, fault
end

return M
