-- SPDX-License-Identifier: MIT
-- One attempt of a call: its headers, one exchange, and what the answer says. Whether
-- another attempt follows is decide.lua's.

local hooks = require "portone.hooks"
local read = require "portone.read"
local token = require "portone.token"

local M = {}

local pairs = pairs

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
  local value, err = token.get(call, stale)
  if not value then
    return nil, { kind = err.kind, message = err.message, sent = "nothing", token_error = err,
                  code = err.code, status = err.status, retry_after = err.retry_after }
  end
  call.token = value
  return token.line(state, value)
end

local JSON, CSV = "Accept: application/json", "Accept: text/csv, application/json"
local JSON_BODY = "Content-Type: application/json"
local KEY = 'Idempotency-Key: "'

local function headers_of(call, stale)
  local row, opts, key = call.row, call.opts, call.info.idempotency_key
  -- the usual four, at once: a list that grows is made anew each time
  local list, n = { row.csv and CSV or JSON, nil, nil, nil }, 1  -- an error is JSON there too
  if not row.noauth then
    local line, fault = authorization(call, stale)
    if not line then
      return nil, fault
    end
    n = 2
    list[2] = line
  end
  if call.body then
    n = n + 1
    list[n] = JSON_BODY
  end
  if key then
    n = n + 1
    list[n] = KEY .. key .. '"'
  end
  local tier = row.api == "v1" and (opts.tier or call.state.options.v1.tier)
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

---The line that shows who calls, where it is at hand: V2's secret, V1's token in memory.
---@param state table
---@param row table
---@return string? line  nil: it takes more to find out
---@return string? token  of V1
function M.known_authorization(state, row)
  if row.noauth then
    return nil
  elseif row.api == "v2" then
    return state.v2_authorization or nil
  end
  return token.known(state)
end

---The headers of a call without options, in the order of all others.
---@param row table
---@param line string  its authorization
---@param body? string
---@param key? string  its idempotency key
---@return string[]
function M.usual_headers(row, line, body, key)
  local key_line = key and KEY .. key .. '"'
  if body then
    return { row.csv and CSV or JSON, line, JSON_BODY, key_line or nil }
  end
  return { row.csv and CSV or JSON, line, key_line or nil }
end

-- }======================

local function unsent(kind, why)
  return nil, { kind = kind, message = "nothing was sent: " .. why, sent = "nothing" }
end

-- One exchange: status, body | nil, fault
local function exchange(call, stale)
  local state, info, row, opts = call.state, call.info, call.row, call.opts
  local headers, fault = headers_of(call, stale)
  if not headers then
    return nil, fault
  elseif call.left <= 0 then
    return unsent("timeout", "the time was up")
  end
  local options, number, gate = state.options, info.attempts + 1, opts.before_send
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
  local seconds = opts.timeout or options.timeout
  local status, body, raw, a, b = call.host.perform(state.core, row.method, call.url, headers,
    call.body, seconds < call.left and seconds or call.left)
  local took = status and a or b or 0
  info.attempts, info.elapsed, info.status = number, info.elapsed + took, status
  if options.on_response then
    hooks.tell(call, "on_response", { attempt = number, status = status,
      kind = not status and body or nil, elapsed = took })
  end
  if number > 1 then
    info.headers = nil  -- somebody may have looked at those of the attempt before
  end
  if status then
    info.raw_headers = raw
    return status, body
  end
  return nil, { kind = body, message = raw, sent = a }
end

---What an exchange says. A refused V1 token is renewed once: a 401 says that nothing was done.
---@param call table       see call.lua
---@param status? integer
---@param body any         the answer's text; without a status, the fault
---@return any result
---@return table? fault   fields of a portone.Error
function M.judge(call, status, body)
  if status == 401 and call.token then
    call.left = call.ends - call.now()
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

---One attempt, until call.ends; call.left is what was left of it when the clock was last read.
---@param call table      see call.lua
---@param seconds number  that it may take, with the token it may need
---@param now? number     the host's clock, when it was read just now
---@return any result
---@return table? fault   fields of a portone.Error
function M.attempt(call, seconds, now)
  call.ends, call.left = (now or call.now()) + seconds, seconds
  return M.judge(call, exchange(call))
end

return M
