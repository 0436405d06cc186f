-- SPDX-License-Identifier: MIT
-- Confirm: the shop is asked before a payment is approved, and only its yes goes on.
--
-- V1: confirm_url is told imp_uid, merchant_uid and amount; 200 is a yes, "reason" of a JSON
-- answer is the shop's word for its no. V2: confirmUrl gets a signed Transaction.Confirm; any
-- 2xx is a yes, the word is "errorMessage". Nobody's answer is a no in both.

local json = require "portone.json"

local M = {}

-- How long a waiting request sleeps between two looks: real time.
local STEP = 0.005

local words = { v1 = "reason", v2 = "errorMessage" }

local function is_yes(api, status)
  if api == "v1" then
    return status == 200
  end
  return status ~= nil and status >= 200 and status <= 299
end

-- What the shop says about its no.
local function reason_of(api, body)
  local value = json.decode(body)
  local reason = type(value) == "table" and value[words[api]]
  return type(reason) == "string" and reason ~= "" and reason or nil
end

---Where the shop wants to be asked, if it does.
---@param world portone.sandbox.world
---@param api "v1"|"v2"
---@param given? string  the page's
---@return string?
function M.url(world, api, given)
  return given or world.config.settings[api .. "_confirm_url"] or nil
end

---Asks the shop. Yields until it has answered, so call it in a request's coroutine and look at
---the books again afterwards.
---@param world portone.sandbox.world
---@param api "v1"|"v2"
---@param url string
---@param body table   see `deliver:ask`
---@param order string merchant_uid or paymentId, for the journal
---@return boolean accepted
---@return string? reason  the shop's own word, nil when it gave none
---@return string? why     what happened, for the developer
function M.ask(world, api, url, body, order)
  local got
  local entry = world:note("confirm", { api = api, url = url, order = order, body = body,
    outcome = "waiting" })
  local timeout = world.config.settings[api .. "_confirm_timeout"] or 10
  entry.op = world.deliver:ask(api, url, body, timeout, function(status, text, message)
    got = { status = status, body = text, message = message }
  end)
  while not got do
    coroutine.yield(STEP)
  end
  local accepted = is_yes(api, got.status)
  local reason = not accepted and reason_of(api, got.body) or nil
  entry.status, entry.reason = got.status, reason
  entry.error = not got.status and got.message or nil
  entry.outcome = accepted and "accepted" or got.status and "refused" or "no answer"
  if accepted then
    return true
  end
  return false, reason, got.status and ("the shop answered " .. got.status)
    or "the shop did not answer: " .. tostring(got.message)
end

return M
