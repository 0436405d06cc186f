-- SPDX-License-Identifier: MIT
-- The V1 side of the sandbox: the books of api.iamport.kr.
-- Pure state machines. The server routes, parses and checks requests against the specification;
-- here they meet the books of one `world`.

local answer = require "portone.sandbox.v1.answer"
local settings = require "portone.sandbox.v1.settings"
local state = require "portone.sandbox.v1.state"
local users = require "portone.sandbox.v1.users"

local M = {
  --- operation name → function(world, req) → HTTP status, envelope
  ---@type table<string, fun(world: table, req: table): integer, table>
  handlers = {},
  --- What happens outside the API (deposits, payment windows), each with one table of arguments:
  --- the result, or nil and a problem.
  ---@type table<string, fun(world: table, args: table): any, string?>
  actions = {},
  --- Named settings and their defaults.
  settings = settings.defaults,
  open = state.open,
  authorize = users.authorize,
}

for _, topic in ipairs { "users", "subscribe", "customers", "schedules", "payments", "cancel",
  "prepare", "codes", "vbanks", "receipts", "certifications", "escrows", "naver", "extras",
  "window" } do
  local part = require("portone.sandbox.v1." .. topic)
  for name, handler in pairs(part.handlers) do M.handlers[name] = handler end
  for name, action in pairs(part.actions or {}) do M.actions[name] = action end
end

-- Whether the specification has a status for an operation.
local function declares(row, status)
  for _, one in ipairs(row.statuses or {}) do
    if one == status then return true end
  end
  return false
end

local function list(problems)
  local out = {}
  for _, one in ipairs(problems) do
    table.insert(out, tostring(one.path) .. " (" .. tostring(one.problem) .. ")")
  end
  return table.concat(out, ", ")
end

--- Answers a request that does not fit the specification: 400 where the operation declares it,
--- otherwise a code in the envelope.
---@param world table
---@param req table
---@param problems { path: string, problem: string }[]
---@return integer status
---@return table body
function M.invalid(world, req, problems)
  local message = "요청 값이 올바르지 않습니다: " .. list(problems)
  if req.row.name == "v1.users.get_token" then return answer.fail(world, 401, message) end
  local rule = settings.get(world, "v1_invalid_status")
  if rule == "declared" then rule = declares(req.row, 400) and 400 or 200 end
  if rule == 200 then return answer.refuse(world, message) end
  return answer.fail(world, rule, message)
end

--- Answers a path that the API does not have.
---@param world table
---@return integer status
---@return table body
function M.not_found(world)
  return answer.fail(world, 404, "존재하지 않는 API 입니다.")
end

return M
