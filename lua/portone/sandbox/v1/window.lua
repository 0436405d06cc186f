-- SPDX-License-Identifier: MIT
-- The payment window, for those who stand in for it: what iamport.js would have done.
-- A window opens with the parameters of `IMP.request_pay` and closes with what its user did.

local cards = require "portone.sandbox.cards"
local channels = require "portone.sandbox.v1.channels"
local charge = require "portone.sandbox.v1.charge"
local keys = require "portone.sandbox.v1.keys"
local naver = require "portone.sandbox.v1.naver"
local settings = require "portone.sandbox.v1.settings"
local state = require "portone.sandbox.v1.state"
local vbanks = require "portone.sandbox.v1.vbanks"
local view = require "portone.sandbox.v1.view"

local M = { handlers = {}, actions = {} }

-- PGs whose key window also charges; the others never do, whatever amount they are given.
local CHARGES_WITH_KEY = { danal_tpay = true, danal = true, mobilians = true, kakaopay = true,
  settle_acc = true, paymentwall = true }

local WAITS = { vbank = true }
local CARD = { card = true, samsung = true, samsungpay = true, applepay = true, tosspay = true,
  tosspay_card = true, kakaopay = true, naverpay = true, naverpay_card = true, payco = true,
  lpay = true, ssgpay = true, toss_brandpay = true }

-- Page of the confirm process.
local SHOP_SAID_NO = "고객사 요청에 의해 결제를 중단합니다. (상세사유 : %s)"

-- A key window has no amount of its own, so only the merchant_uid is judged.
local function problem_of(world, order, channel, key_only)
  if key_only then
    local judged = charge.order { merchant_uid = order.merchant_uid, amount = 1 }
    return state.is_paid(world, order.merchant_uid) and charge.problem(world, judged) or nil
  end
  return charge.pg_problem(order, channel.pg) or charge.problem(world, order)
end

--- Opens a payment window.
---@param world table
---@param params table as for `IMP.request_pay`; `channel` "pc" (default) or "mobile"
---@return table? payment as the API shows it: "ready"
---@return string? problem why the window does not open
function M.actions.open_window(world, params)
  local channel, problem = channels.resolve(world, { row = {}, query = {},
    body = { channel_key = params.channelKey, pg = params.pg } })
  if not channel then return nil, problem end
  local order = charge.order(params)
  local pays = (tonumber(params.amount) or 0) > 0 and CHARGES_WITH_KEY[channel.pg]
  local key_only = params.customer_uid ~= nil and not pays
  if key_only then order.amount = 0 end
  problem = problem_of(world, order, channel, key_only)
  if problem then return nil, problem end
  local payment = charge.new_payment(world, order, channel,
    params.pay_method or channels.pay_method(channel.pg))
  payment.channel = params.channel or "pc"
  payment.escrow, payment.user_agent = params.escrow == true, params.user_agent
  payment.customer_uid = params.customer_uid
  payment.customer_uid_usage = params.customer_uid and "issue" or nil
  payment.window = { channel = channel, key_only = key_only, params = params }
  payment.status = "ready"
  return view.payment(state.add_payment(world, payment))
end

local function close_vbank(world, payment, done)
  local params, channel = payment.window.params, payment.window.channel
  local problem = vbanks.assign(world, payment, channel, {
    vbank_code = done.vbank_code or params.vbank_code or "088",
    vbank_due = done.vbank_due or world:now() + 7 * 86400, vbank_holder = params.vbank_holder })
  if problem then return problem end
  charge.webhook(world, payment, "ready")
end

-- A key without a charge is a paid payment of nothing.
local function close_key(world, payment, card)
  local window = payment.window
  local key, refusal = keys.make(world, window.channel, card)
  if not key then return charge.fail(world, payment, charge.reason(refusal)) end
  if not window.key_only then
    refusal = cards.refuses_charge(card, settings.get(world, "unknown_cards"), world:now())
    if refusal then return charge.fail(world, payment, charge.reason(refusal)) end
  end
  keys.save(world, payment.customer_uid, window.params, { key })
  charge.card_facts(card, payment.pg_provider, payment)
  if not window.key_only then return charge.approve(world, payment) end
  state.set_status(world, payment, "paid")
  charge.webhook(world, payment, "paid")
end

local function close_payment(world, payment, card)
  if CARD[payment.pay_method] then
    local policy = settings.get(world, "unknown_cards")
    local refusal = cards.refuses_charge(card, policy, world:now())
    charge.card_facts(card, payment.pg_provider, payment)
    if refusal then return charge.fail(world, payment, charge.reason(refusal)) end
  end
  if payment.pg_provider == "naverco" then
    naver.add_orders(world, payment, payment.window.params.naverProducts)
  end
  charge.approve(world, payment)
end

--- Closes a payment window.
---@param world table
---@param done table `imp_uid`; `card`: name of a test card (default "success") or its fields;
--- `cancelled = true`: the user gave up; `reason`: why the shop refused (confirm process);
--- `refusal`: { pg_code, pg_message } of a PG that refuses whatever the card says;
--- `vbank_code`, `vbank_due` (unix seconds) of a virtual account
---@return table? payment as the API shows it: "paid", "failed", or "ready" with an account
---@return string? problem the window is not open, or the choice is not possible
function M.actions.close_window(world, done)
  local payment = world.v1.payments[done.imp_uid or ""]
  if not payment or not payment.window or payment.status ~= "ready" or payment.vbank_num then
    return nil, "열려 있는 결제창이 없습니다: " .. tostring(done.imp_uid)
  end
  local fields = done.card or "success"
  if type(fields) == "string" then fields = cards.public()[fields] or {} end
  local card, problem = cards.from_v1(fields)
  if not card then return nil, "카드를 읽을 수 없습니다: " .. problem end
  if done.cancelled then
    charge.close(world, payment, "사용자가 결제를 취소했습니다.")
  elseif done.reason then
    charge.close(world, payment, SHOP_SAID_NO:format(tostring(done.reason)))
  elseif done.refusal then
    charge.fail(world, payment, charge.reason(done.refusal))
  elseif not payment.window.key_only and state.is_paid(world, payment.merchant_uid) then
    charge.close(world, payment, "이미 결제가 이루어진 주문번호입니다: " .. payment.merchant_uid)
  elseif payment.customer_uid then
    close_key(world, payment, card)
  elseif WAITS[payment.pay_method] then
    problem = close_vbank(world, payment, done)
    if problem then return nil, problem end
  else
    close_payment(world, payment, card)
  end
  return view.payment(payment)
end

return M
