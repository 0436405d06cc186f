-- SPDX-License-Identifier: MIT
-- The V1 envelope: `{ code, message, response }`, `code` 0 exactly when the call succeeded.
-- Operations that declare no 4xx report a refusal as HTTP 200 with another code.

local settings = require "portone.sandbox.v1.settings"
local values = require "portone.sandbox.v1.values"

local M = {}

local function envelope(code, message, response)
  if response == nil then response = values.null end
  return { code = code, message = message or values.null, response = response }
end

--- Success.
---@param response any what goes under `response`
---@param status? integer HTTP status, default 200; 207 when only some elements were found
---@return integer status
---@return table body
function M.ok(response, status)
  return status or 200, envelope(0, nil, response)
end

--- A refusal in the body: HTTP 200 with a code other than 0.
---@param world table
---@param message string for a person, in Korean
---@return integer status
---@return table body
function M.refuse(world, message)
  return 200, envelope(settings.get(world, "v1_codes").refused, message)
end

local KIND = { [401] = "unauthorized", [403] = "unauthorized", [404] = "not_found" }

--- A refusal with its own HTTP status.
---@param world table
---@param status integer
---@param message string for a person, in Korean
---@return integer status
---@return table body
function M.fail(world, status, message)
  local codes = settings.get(world, "v1_codes")
  return status, envelope(codes[KIND[status] or "invalid"], message)
end

return M
