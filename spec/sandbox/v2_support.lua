-- SPDX-License-Identifier: MIT
-- A sandbox's world and V2 books without a server, for the specs of the handlers. Every answer
-- is held against the official specification where that is at hand: PORTONE_SPEC names its
-- folder, ../shared/spec is tried otherwise.

local assert = require "luassert"
local api = require "portone.api"
local books = require "portone.sandbox.v2"
local cards = require "portone.sandbox.cards"
local json = require "portone.json"
local view = require "portone.sandbox.v2.view"
local schema = require "spec.sandbox.v2_schema"
local world = require "portone.sandbox.world"

local M = { books = books, schema = schema }

M.START = 1767225600 -- 2026-01-01T00:00:00Z
M.DAY = 86400
M.CONSOLE_URL = "http://127.0.0.1:9/console"

M.PGS = { "tosspayments", "nice_v2", "tosspay_v2", "paypal_v2", "triple_a", "kcp_v2", "ksnet" }

function M.world(settings, config)
  local channels = {}
  for i, pg in ipairs(M.PGS) do
    channels[i] = { key = "channel-key-" .. pg, pg = pg, pg_id = pg .. "_mid",
      id = "channel-id-" .. pg, default = i == 1 }
  end
  local sent = {}
  local given = { seed = "spec", clock = "manual", time = M.START, channels = channels,
    settings = settings, api_secret = "secret", store_id = "store-1",
    merchant_id = "merchant-1", profile_key = "profile-1", webhook_url = M.CONSOLE_URL }
  for name, value in pairs(config or {}) do given[name] = value end
  local self = world.new(given, {
    pending = function() return #sent end,
    deliver = function(id, url, headers, body)
      sent[#sent + 1] = { id = id, url = url, headers = headers, body = json.decode(body) }
      return true
    end,
  })
  self.sent = sent
  books.open(self)
  return self
end

-- Moves the clock on, running what falls due; returns how many timers ran.
function M.advance(self, seconds)
  local limit, ran = self:now() + seconds, 0
  while true do
    local n = self:run_some(limit)
    if n == 0 then break end
    ran = ran + n
  end
  self.clock:move(limit)
  return ran
end

local function row(name)
  local group, op = name:match("^v2%.(.+)%.([%w_]+)$")
  return assert(api.find("v2", group, op), "no operation " .. tostring(name))
end

-- A request as the server hands it to the books.
function M.request(self, name, args, headers)
  args = args or {}
  return { row = row(name), path = args.path or {}, query = args.query or {},
    body = args.body or {}, now = self:now(),
    headers = headers or { authorization = "PortOne " .. self.config.api_secret } }
end

-- Calls a handler; the answer must be what the specification allows.
function M.call(self, name, args)
  local handler = assert(books.handlers[name], "no handler " .. name)
  local req = M.request(self, name, args)
  if not (args and args.unchecked) then schema.request(req) end
  local status, body = handler(self, req)
  schema.answer(req.row, status, json.decode(assert(json.encode(body))))
  return status, body
end

-- Calls a handler that is to succeed; returns the body.
function M.ok(self, name, args)
  local status, body = M.call(self, name, args)
  assert.equals(200, status, tostring(body.type) .. " " .. tostring(body.message))
  return body
end

-- Calls a handler that is to be refused with this type; returns the body.
function M.refused(self, type, name, args)
  local status, body = M.call(self, name, args)
  assert.equals(type, body.type, "status " .. status .. " " .. tostring(body.message))
  return body
end

function M.act(self, name, args)
  return assert(books.actions[name], "no action " .. name)(self, args or {})
end

M.cards = cards.public()

-- Fields of `extra` over those of `base`.
function M.with(base, extra)
  local out = {}
  for k, v in pairs(base) do out[k] = v end
  for k, v in pairs(extra or {}) do out[k] = v end
  return out
end

-- Issues a key for a test card; returns it.
function M.issue(self, card, extra)
  local key = not (extra and extra.channelGroupId) and "channel-key-tosspayments" or nil
  local body = M.with({ channelKey = key,
    method = { card = { credential = M.cards[card or "success"].credential } } }, extra)
  return M.ok(self, "v2.payment.billing_key.issue_billing_key", { body = body })
    .billingKeyInfo.billingKey
end

local PAY = "v2.payment.pay_with_billing_key"

-- A charge request with a key.
function M.order(key, total, extra)
  return M.with({ billingKey = key, orderName = "monthly pass", amount = { total = total },
    currency = "KRW" }, extra)
end

function M.pay(self, id, key, total, extra)
  return M.ok(self, PAY, { path = { paymentId = id }, body = M.order(key, total, extra) })
end

function M.pay_refused(self, type, id, key, total, extra)
  return M.refused(self, type, PAY,
    { path = { paymentId = id }, body = M.order(key, total, extra) })
end

function M.payment(self, id)
  return M.ok(self, "v2.payment.get_payment", { path = { paymentId = id } })
end

function M.cancel(self, id, extra)
  return M.ok(self, "v2.payment.cancel_payment",
    { path = { paymentId = id }, body = M.with({ reason = "changed my mind" }, extra) })
    .cancellation
end

function M.cancel_refused(self, type, id, extra)
  return M.refused(self, type, "v2.payment.cancel_payment",
    { path = { paymentId = id }, body = M.with({ reason = "changed my mind" }, extra) })
end

local SCHEDULE = "v2.payment.payment_schedule.create_payment_schedule"

function M.schedule_body(self, key, total, seconds, extra)
  return { payment = M.order(key, total, extra), timeToPay = self:iso(self:now() + seconds) }
end

function M.schedule(self, id, key, total, seconds, extra)
  return M.ok(self, SCHEDULE, { path = { paymentId = id },
    body = M.schedule_body(self, key, total, seconds, extra) }).schedule.id
end

function M.schedule_refused(self, type, id, body)
  return M.refused(self, type, SCHEDULE, { path = { paymentId = id }, body = body })
end

-- Types of the webhooks sent so far, in order.
function M.sent(self)
  local out = {}
  for i, hook in ipairs(self.sent) do out[i] = hook.body.type end
  return out
end

-- Money that moved, from the journal: charged minus cancelled, by currency.
function M.moved(self)
  local sums = {}
  for _, e in ipairs(self.journal) do
    local sign = e.kind == "charge" and e.outcome == "paid" and 1 or e.kind == "cancel" and -1
    if sign then sums[e.currency] = (sums[e.currency] or 0) + sign * e.amount end
  end
  return sums
end

-- Money that the payments say they hold, by currency.
function M.held(self)
  local sums = {}
  for _, p in ipairs(self.v2.payments.list) do
    local currency = p.tx.order.currency
    local amount = view.amount(p.tx)
    sums[currency] = (sums[currency] or 0) + amount.paid - amount.cancelled
  end
  return sums
end

return M
