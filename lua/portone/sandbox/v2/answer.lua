-- SPDX-License-Identifier: MIT
--- Answers of the V2 API: refusals with their documented type and status.
--
-- A handler stops with `answer.refuse`, which raises; `answer.guard` turns that into the
-- `status, body` pair that the server sends. Every other error passes through untouched, so a
-- defect in the books is never mistaken for a documented refusal.

local errors = require "portone.api.v2.output.errors"

local M = {}

-- What the generated table of error types lacks: the type that only the guide documents, and the
-- answer to a path that no operation has.
local OWN = {
  IDEMPOTENCY_OUTSTANDING_REQUEST = 409,
  NOT_FOUND = 404,
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
  local known = errors[type]
  return known and known.status or OWN[type]
    or error("unknown V2 error type " .. tostring(type), 2)
end

--- An error answer, without stopping.
---@param type string UPPER_SNAKE error type
---@param message string what is wrong, for a person
---@param extra table|nil further documented fields of the error
---@return integer status
---@return table body
function M.fail(type, message, extra)
  local body = { type = type, message = message }
  for name, value in pairs(extra or {}) do body[name] = value end
  return M.status(type), body
end

--- Stops the handler with an error answer. Nothing may have been committed before.
---@param type string UPPER_SNAKE error type
---@param message string what is wrong, for a person
---@param extra table|nil further documented fields of the error
function M.refuse(type, message, extra)
  local code, body = M.fail(type, message, extra)
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
