-- SPDX-License-Identifier: MIT
-- An answer becomes a result or an error. Pure. The rules are the API's: V1 wraps every
-- reply in an envelope whose code says more than the HTTP status does; V2 types its
-- errors; gateways before both may answer anything.

local json = require "portone.json"
local redact = require "portone.redact"

local M = {}

local type = type
local decode = json.decode

-- What a status means when the body does not say more.
local by_status = {
  [400] = "rejected", [401] = "unauthorized", [403] = "forbidden", [404] = "not_found",
  [409] = "conflict", [410] = "rejected", [429] = "rate_limited",
}

local function kind_of(status)
  if by_status[status] then
    return by_status[status]
  elseif status >= 500 and status ~= 501 then
    return "server"
  elseif status >= 400 then
    return "rejected"
  end
  return "protocol"
end

-- V2 types whose kind is not that of their status.
local by_type = {
  INVALID_REQUEST = "invalid_request",
  PG_PROVIDER = "declined",
  CHANNEL_SPECIFIC = "declined",
  B2B_EXTERNAL_SERVICE = "rejected",
}

-- What it may repeat of the request is taken out first: of half a secret nobody knows whose it is.
local function shorten(text, call)
  text = text:sub(1, 65536):gsub("<[^>]*>", " "):gsub("%s+", " ")
  text = redact.text(text, call and redact.of(call))
  return #text > 120 and text:sub(1, 120) .. "…" or text
end

-- An answer that is not the API's: a gateway's page, an empty or cut body.
local function foreign(status, raw, why, call)
  local kind = kind_of(status)
  local words = raw == "" and "the body is empty" or why .. ": " .. shorten(raw, call)
  return nil, {
    kind = kind, status = status, raw = raw,
    message = ("HTTP %d whose body is not the API's (%s)"):format(status, words),
  }
end

local function v1(row, status, raw, call)
  if row.empty and status < 300 and raw == "" then
    return {}
  end
  local envelope, why = decode(raw)
  if type(envelope) ~= "table" or envelope.code == nil then
    return foreign(status, raw, why or "no envelope", call)
  end
  local result = envelope.response
  local fine = status < 300 and envelope.code == 0
  if fine and not row.charge then
    return result == nil and {} or result  -- some operations have nothing to say but "done"
  elseif fine and (type(result) ~= "table" or type(result.status) ~= "string") then
    return foreign(status, raw, "no payment in it", call)  -- code 0 alone is no charge
  elseif fine and result.status ~= "failed" then
    return result
  end
  local fault = { code = envelope.code, status = status, response = envelope, raw = raw,
                  message = envelope.message,
                  kind = status >= 300 and kind_of(status) or "rejected" }
  if fine then
    fault.kind, fault.code = "declined", nil
    fault.response, fault.pg_message = result, result.fail_reason
    fault.message = result.fail_reason or "the payment failed"
  end
  return nil, fault
end

-- PortOne's types are words in upper case. A URL is the type that a gateway gives a problem of
-- its own (RFC 9457), which says nothing of what the API did.
local function is_type(value)
  return type(value) == "string" and value:find("^%u[%u%d_]*$") ~= nil
end

local function v2(row, status, raw, call)
  if row.empty and status < 300 and raw == "" then
    return {}
  end
  local body, why = decode(raw)
  if type(body) ~= "table" then
    return foreign(status, raw, why or "not an object", call)
  end
  if status < 300 then
    return body
  end
  if not is_type(body.type) then
    return foreign(status, raw, "no error type", call)
  end
  return nil, {
    kind = by_type[body.type] or kind_of(status), type = body.type, status = status,
    message = body.pgMessage or body.message or body.type, response = body, raw = raw,
    pg_code = body.pgCode, pg_message = body.pgMessage,
  }
end

---The answer of an operation.
---@param row table       the operation
---@param status integer  HTTP status
---@param raw string      the body
---@param call? table     whose secrets no text may repeat
---@return any result     nil when it is an error
---@return table? fault   fields of a portone.Error
function M.answer(row, status, raw, call)
  if row.csv and status < 300 then
    return raw
  end
  if row.api == "v1" then
    return v1(row, status, raw, call)
  end
  return v2(row, status, raw, call)
end

---Header lines as a table: lower-case names, several of one name joined by ", ".
---@param lines string
---@return table<string, string>
function M.headers(lines)
  local out = {}
  for name, value in lines:gmatch("([%w%-_]+):[ \t]*([^\r\n]*)") do
    name = name:lower()
    out[name] = out[name] and out[name] .. ", " .. value or value
  end
  return out
end

return M
