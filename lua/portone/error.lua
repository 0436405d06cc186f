-- SPDX-License-Identifier: MIT
-- The one error type of the module: a table whose 'kind' says what it means for the
-- caller, and whose tostring is one line without a secret in it.

local redact = require "portone.redact"

local M = {}

-- kind -> what it means; the list is closed, so that a caller can branch on all of it.
local kinds = {
  invalid_request = "the request cannot be right; nothing was sent, or the API refused it",
  unauthorized = "the secret or token is not accepted",
  forbidden = "not allowed for this account",
  not_found = "the thing asked for does not exist",
  conflict = "the state of the thing does not allow it",
  rejected = "a definite refusal by a business rule",
  declined = "the PG or the card said no",
  rate_limited = "too many requests",
  server = "the API failed",
  network = "the connection failed",
  tls = "the server could not prove who it is",
  timeout = "no answer in time",
  protocol = "the answer is not what the API sends",
  cancelled = "the caller gave up",
  ledger = "the ledger could not be read or written, so nothing was sent",
  unknown_outcome = "it may or may not have happened",
}

M.kinds = kinds

---@class portone.Error
---@field kind string            one of `portone.error_kinds`
---@field message string         one sentence, no secret in it
---@field operation? string      "v2.payment.pay_with_billing_key"
---@field type? string           V2: the API's error type
---@field code? integer          V1: the envelope's code
---@field status? integer        HTTP status, absent without an answer
---@field pg_code? string        the PG's own code
---@field pg_message? string     the PG's own words
---@field fields? { path: string, problem: string }[]  of an invalid request, all of them
---@field attempts? integer      how often something was sent
---@field idempotency_key? string
---@field retryable? boolean     the same call may be made again as it is: it was certainly not
---                              done, and what failed may mend itself
---@field outcome? string        of a write: "not_done", "unknown" or "conflict"
---@field sent? string           "nothing", "part", "all" or "answer": what the server may have seen
---@field response? any          the decoded answer
---@field raw? string            the answer as it came; never part of tostring
local methods = {}

local mt = { __name = "portone.error", __index = methods }

-- kind, then what identifies it, then the message, then where: one line.
function mt.__tostring(e)
  local out = { "portone: ", e.kind }
  local id = e.type or (e.code and "code " .. tostring(e.code))
  if id then
    out[#out + 1] = " (" .. id .. ")"
  end
  out[#out + 1] = ": " .. e.message
  for i, field in ipairs(e.fields or {}) do
    out[#out + 1] = (i == 1 and ": " or "; ") .. field.path .. ": " .. field.problem
  end
  local where = e.operation
  if e.status then
    where = (where and where .. ", " or "") .. "HTTP " .. tostring(e.status)
  end
  if where then
    out[#out + 1] = " [" .. where .. "]"
  end
  return (table.concat(out):gsub("[%c]+", " "))
end

---Makes an error object. `secrets` are taken out of its texts.
---@param fields table    see portone.Error
---@param secrets? string[]
---@return portone.Error
function M.new(fields, secrets)
  assert(kinds[fields.kind], "unknown error kind")
  fields.message = redact.text(tostring(fields.message or kinds[fields.kind]), secrets)
  if fields.pg_message then
    fields.pg_message = redact.text(tostring(fields.pg_message), secrets)
  end
  for _, field in ipairs(fields.fields or {}) do
    field.problem = redact.text(tostring(field.problem), secrets)
  end
  return setmetatable(fields, mt)
end

---Is this one of our error objects?
---@param e any
---@return boolean
function M.is(e)
  return type(e) == "table" and getmetatable(e) == mt
end

return M
