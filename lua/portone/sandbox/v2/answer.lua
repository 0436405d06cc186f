-- SPDX-License-Identifier: MIT
--- Answers of the V2 API: refusals with their documented type and status.
--
-- A handler stops with `answer.refuse`, which raises; `answer.guard` turns that into the
-- `status, body` pair that the server sends. Every other error passes through untouched, so a
-- defect in the books is never mistaken for a documented refusal.

local M = {}

-- HTTP status of each error type. The types and statuses are those of the official V2 spec,
-- but for IDEMPOTENCY_OUTSTANDING_REQUEST, which only the guide documents, and NOT_FOUND, which
-- answers a path that no operation has.
local STATUS = {
  DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT = 400,
  INVALID_PAYMENT_TOKEN = 400,
  INVALID_REQUEST = 400,
  MAX_TRANSACTION_COUNT_REACHED = 400,
  MAX_TTL_EXCEEDED = 400,
  MAX_WEBHOOK_RETRY_COUNT_REACHED = 400,
  NEGATIVE_PROMOTION_ADJUSTED_CANCEL_AMOUNT = 400,
  PROMOTION_DISCOUNT_RETAIN_OPTION_SHOULD_NOT_BE_CHANGED = 400,
  PROMOTION_PAY_METHOD_DOES_NOT_MATCH = 400,
  UNAUTHORIZED = 401,
  FORBIDDEN = 403,
  BILLING_KEY_NOT_FOUND = 404,
  BILLING_KEY_NOT_ISSUED = 404,
  CASH_RECEIPT_NOT_FOUND = 404,
  CASH_RECEIPT_NOT_ISSUED = 404,
  CHANNEL_NOT_FOUND = 404,
  IDENTITY_VERIFICATION_NOT_FOUND = 404,
  IDENTITY_VERIFICATION_NOT_SENT = 404,
  NOT_FOUND = 404,
  PAYMENT_CANCELLATION_NOT_FOUND = 404,
  PAYMENT_NOT_FOUND = 404,
  PAYMENT_SCHEDULE_NOT_FOUND = 404,
  PROFILE_SETTINGS_NOT_FOUND = 404,
  PROMOTION_NOT_FOUND = 404,
  SESSION_NOT_FOUND = 404,
  WEBHOOK_NOT_FOUND = 404,
  ALREADY_PAID = 409,
  ALREADY_PAID_OR_WAITING = 409,
  BILLING_KEY_ALREADY_DELETED = 409,
  BILLING_KEY_ALREADY_ISSUED = 409,
  CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN = 409,
  CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT = 409,
  CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT = 409,
  CANCEL_TAX_FREE_AMOUNT_EXCEEDS_CANCELLABLE_TAX_FREE_AMOUNT = 409,
  CASH_RECEIPT_ALREADY_ISSUED = 409,
  IDEMPOTENCY_OUTSTANDING_REQUEST = 409,
  IDENTITY_VERIFICATION_ALREADY_SENT = 409,
  IDENTITY_VERIFICATION_ALREADY_VERIFIED = 409,
  INFORMATION_MISMATCH = 409,
  MAX_CANCEL_COUNT_REACHED = 409,
  PAYMENT_ALREADY_CANCELLED = 409,
  PAYMENT_CANCELLATION_NOT_PENDING = 409,
  PAYMENT_NOT_PAID = 409,
  PAYMENT_NOT_WAITING_FOR_DEPOSIT = 409,
  PAYMENT_SCHEDULE_ALREADY_EXISTS = 409,
  PAYMENT_SCHEDULE_ALREADY_PROCESSED = 409,
  PAYMENT_SCHEDULE_ALREADY_REVOKED = 409,
  SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT = 409,
  SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT = 409,
  SESSION_EXPIRED = 410,
  CHANNEL_SPECIFIC = 502,
  PG_PROVIDER = 502,
}

local Refusal = {}
Refusal.__index = Refusal

function Refusal:__tostring()
  return "refusal " .. self.body.type
end

--- The status of an error type.
---@param type string UPPER_SNAKE error type
---@return integer status
function M.status(type)
  return STATUS[type] or error("unknown V2 error type " .. tostring(type), 2)
end

--- An error answer, without stopping.
---@param type string UPPER_SNAKE error type
---@param message string what is wrong, for a person
---@param extra table|nil further documented fields of the error
---@param status integer|nil for types whose status depends on the operation
---@return integer status
---@return table body
function M.fail(type, message, extra, status)
  local body = { type = type, message = message }
  for name, value in pairs(extra or {}) do body[name] = value end
  return status or M.status(type), body
end

--- Stops the handler with an error answer. Nothing may have been committed before.
---@param type string UPPER_SNAKE error type
---@param message string what is wrong, for a person
---@param extra table|nil further documented fields of the error
---@param status integer|nil for types whose status depends on the operation
function M.refuse(type, message, extra, status)
  local code, body = M.fail(type, message, extra, status)
  error(setmetatable({ status = code, body = body }, Refusal), 0)
end

--- Refuses a request whose values make no sense.
---@param path string the field at fault
---@param problem string what is wrong with it
function M.invalid(path, problem)
  M.refuse("INVALID_REQUEST", path .. ": " .. problem)
end

--- The answer to a PG's refusal.
---@param refusal table { pg_code, pg_message }
---@return integer status
---@return table body
function M.declined(refusal)
  return M.fail("PG_PROVIDER", "the payment gateway refused the request",
    { pgCode = refusal.pg_code, pgMessage = refusal.pg_message })
end

--- Runs `fn` and returns the refusal it stops with, if any; other errors pass through.
---@param fn function
---@return table|nil refusal { status, body }
---@return any result what `fn` returned when it was not refused
function M.try(fn, ...)
  local ok, result = pcall(fn, ...)
  if ok then return nil, result end
  if getmetatable(result) == Refusal then return result end
  error(result, 0)
end

--- Wraps a handler so that a refusal becomes its answer.
---@param handler function(world, req) → status, body[, headers]
---@return function
function M.guard(handler)
  return function(world, req)
    local ok, status, body, headers = pcall(handler, world, req)
    if ok then return status, body, headers end
    if getmetatable(status) == Refusal then return status.status, status.body end
    error(status, 0)
  end
end

return M
