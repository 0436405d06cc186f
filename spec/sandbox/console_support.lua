-- SPDX-License-Identifier: MIT
-- The console without a browser: what its page asks for, as its page asks for it.

local assert = require "luassert"
local core = require "portone.core"
local json = require "portone.json"
local sandbox = require "portone.sandbox"

local M = { START = 1767225600, DATA = "/_sandbox/console/" }

local http = core.client {}

local function headers_of(raw)
  local out = {}
  for name, value in raw:gmatch("([^\r\n:]+): ([^\r\n]*)") do out[name:lower()] = value end
  return out
end

-- Status, text and headers; `s` is a sandbox, or { base = one of its addresses }.
function M.call(s, method, path, headers, body)
  local status, text, raw = http:perform(method, (s.base or s.v2_url) .. path, headers or {},
    body, 20)
  assert.is_number(status, tostring(text))
  return status, text, headers_of(raw)
end

-- What a view says now, what is above every view, and the headers.
function M.view(s, path, headers)
  local status, text, got = M.call(s, "GET", M.DATA .. path, headers)
  assert.equal(200, status, text)
  local answer = assert(json.decode(text))
  return answer.value, answer.head, got
end

-- A control call, as a button of the page makes it.
function M.act(s, verb, args)
  local status, text = M.call(s, "POST", "/_sandbox/" .. verb,
    { "Content-Type: application/json", "Origin: " .. s.v2_url, "Sec-Fetch-Site: same-origin" },
    json.encode(args or {}))
  return status, assert(json.decode(text))
end

-- A sandbox and its client.
function M.start(given)
  local all = { seed = "console", time = M.START }
  for name, value in pairs(given or {}) do all[name] = value end
  local s = assert(sandbox.start(all))
  return s, s:client()
end

function M.v1_card(s, name)
  local card = s.cards[name or "success"]
  return { card_number = card.card_number, expiry = card.expiry, birth = card.birth,
    pwd_2digit = card.pwd_2digit, channel_key = s.channel_key }
end

function M.issue_v1(s, client, uid, name)
  local args = M.v1_card(s, name)
  args.customer_uid = uid
  return assert(client.issue_billing_key(args))
end

function M.issue_v2(s, client, name)
  return assert(client.issue_billing_key { channelKey = s.channel_key, method = { card = {
    credential = s.cards[name or "success"].credential } } }).billingKeyInfo.billingKey
end

-- A payment that waits for a deposit.
function M.account(s, client, id, total)
  return assert(client.v2.payment.pay_instantly { paymentId = id, channelKey = s.channel_key,
    orderName = "year", amount = { total = total }, currency = "KRW", method = {
      virtualAccount = { bank = "SHINHAN", expiry = { validHours = 72 },
        option = { type = "NORMAL" } } } })
end

return M
