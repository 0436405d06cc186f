-- SPDX-License-Identifier: MIT
--- The V2 books of the sandbox: state machines of the payment API, no I/O.
--
-- Each topic is a file of this folder with `handlers` by operation name and `actions` for
-- what happens outside the API (deposits, windows, outages). This file puts them together and
-- speaks for all of them with the server.

local answer = require "portone.sandbox.v2.answer"
local auth = require "portone.sandbox.v2.auth"
local channels = require "portone.sandbox.v2.channels"
local idempotency = require "portone.sandbox.v2.idempotency"
local settings = require "portone.sandbox.v2.settings"
local state = require "portone.sandbox.v2.state"

local M = { handlers = {}, actions = {}, settings = settings.defaults }

local TOPICS = {
  auth,
  require "portone.sandbox.v2.accounts",
  require "portone.sandbox.v2.billing_keys",
  require "portone.sandbox.v2.cancels",
  channels,
  require "portone.sandbox.v2.checkout",
  require "portone.sandbox.v2.common",
  require "portone.sandbox.v2.counterparties",
  require "portone.sandbox.v2.escrow",
  require "portone.sandbox.v2.identity",
  idempotency,
  require "portone.sandbox.v2.partners",
  require "portone.sandbox.v2.payment_lists",
  require "portone.sandbox.v2.payments",
  require "portone.sandbox.v2.pg_specific",
  require "portone.sandbox.v2.policies",
  require "portone.sandbox.v2.promotions",
  require "portone.sandbox.v2.receipts",
  require "portone.sandbox.v2.schedules",
  require "portone.sandbox.v2.sessions",
  require "portone.sandbox.v2.tax_invoices",
  require "portone.sandbox.v2.webhooks",
  require "portone.sandbox.v2.window",
}

for _, topic in ipairs(TOPICS) do
  for name, handler in pairs(topic.handlers or {}) do M.handlers[name] = answer.guard(handler) end
  for name, verb in pairs(topic.actions or {}) do M.actions[name] = verb end
end

--- Starts empty books. `world.config` must hold its channels and secrets already.
---@param world table
function M.open(world)
  state.open(world)
  channels.open(world)
end

--- Refuses a request without a valid secret or token. See `auth`.
M.authorize = auth.authorize

--- Answers a request that the operation's row does not allow.
---@param _ table world
---@param _req table
---@param problems table list of { path, problem }
---@return integer status
---@return table body
function M.invalid(_, _req, problems)
  local lines = {}
  for i, p in ipairs(problems) do
    lines[i] = p.path ~= "" and p.path .. ": " .. p.problem or p.problem
  end
  return answer.fail("INVALID_REQUEST", table.concat(lines, "; "))
end

--- Answers a path that no operation has.
---@return integer status
---@return table body
function M.not_found()
  return answer.fail("NOT_FOUND", "no operation of the V2 API has this method and path")
end

-- Idempotency, around every operation. See there.
M.before, M.after = idempotency.before, idempotency.after
M.hold, M.release = idempotency.hold, idempotency.release

return M
