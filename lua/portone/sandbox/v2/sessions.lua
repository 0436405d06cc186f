-- SPDX-License-Identifier: MIT
--- Payment sessions of the hosted checkout, and the checkout profile they refer to.

local answer = require "portone.sandbox.v2.answer"
local gateways = require "portone.sandbox.v2.gateways"
local json = require "portone.json"
local money = require "portone.sandbox.v2.money"
local settings = require "portone.sandbox.v2.settings"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"

local M = {}

-- What a session shows of its request; ttlSeconds is not among them.
local FIELDS = { "storeId", "paymentId", "profileKey", "paymentMethod", "country", "currency",
  "totalAmount", "orderName", "redirectUrl", "products", "customerName", "customerEmail",
  "storeName", "agreements", "orderImageUrl", "customData", "colors" }

M.handlers = {}

M.handlers["v2.payment_session.create_payment_session"] = function(world, req)
  local body = req.body
  state.store(world, body.storeId)
  money.check("totalAmount", body.totalAmount, 1)
  local life = body.ttlSeconds or settings.get(world, "v2_session_seconds")
  if life < 1 then answer.invalid("ttlSeconds", "must be at least 1") end
  if life > settings.get(world, "v2_session_max_seconds") then
    answer.refuse("MAX_TTL_EXCEEDED", "ttlSeconds is longer than a session may live")
  end
  local session = { id = world:uuid(), seq = state.next(world), order = {},
    created_at = world:now(), expires_at = world:now() + life }
  for _, name in ipairs(FIELDS) do session.order[name] = view.copy(body[name]) end
  state.add(world.v2.sessions, session.id, session)
  return 200, { sessionId = session.id, expiresAt = view.time(world, session.expires_at),
    url = "https://checkout.portone.invalid/sessions/" .. session.id }
end

local function find(world, id)
  return world.v2.sessions.map[id]
    or answer.refuse("SESSION_NOT_FOUND", "no payment session has this id")
end

-- Public: a page reads it without authorization.
M.handlers["v2.payment_session.get_payment_session"] = function(world, req)
  local session = find(world, req.path.sessionId)
  if world:now() >= session.expires_at then
    answer.refuse("SESSION_EXPIRED", "the payment session has expired")
  end
  local out = view.copy(session.order)
  out.id = session.id
  out.createdAt = view.time(world, session.created_at)
  out.expiresAt = view.time(world, session.expires_at)
  return 200, out
end

M.handlers["v2.payment_session.close_payment_session"] = function(world, req)
  local session = find(world, req.path.sessionId)
  if world:now() < session.expires_at then session.expires_at = world:now() end
  return 200, { closedAt = view.time(world, session.expires_at) }
end

-- CheckoutPaymentMethod of a gateway; the others take Korean cards.
local CHECKOUT = { tosspay_v2 = "TOSS_PAY", kakaopay = "KAKAO_PAY", naverpay = "N_PAY",
  paypal_v2 = "PAY_PAL" }

M.handlers["v2.checkout_profile.evaluate_checkout_profile"] = function(world, req)
  if req.query.profileKey ~= world.v2.profile_key then
    answer.refuse("PROFILE_SETTINGS_NOT_FOUND", "no checkout profile has this profileKey")
  end
  local methods, seen = {}, {}
  for _, channel in ipairs(world.config.channels or {}) do
    local method = CHECKOUT[channel.pg]
    if not method and gateways.of(channel.pg).card_by_api ~= false then method = "CARD_KR" end
    if method and not seen[method] then
      seen[method] = true
      methods[#methods + 1] = { paymentMethod = method, channelKey = channel.key }
    end
  end
  return 200, { methods = json.array(methods) }
end

return M
