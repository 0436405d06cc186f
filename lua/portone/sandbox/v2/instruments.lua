-- SPDX-License-Identifier: MIT
--- What pays: cards read from a credential, and wallets registered in a payment window.
--
-- An instrument keeps the card as the sandbox's test cards know it; only masked facts are shown.

local answer = require "portone.sandbox.v2.answer"
local cards = require "portone.sandbox.cards"
local channels = require "portone.sandbox.v2.channels"
local gateways = require "portone.sandbox.v2.gateways"
local settings = require "portone.sandbox.v2.settings"
local view = require "portone.sandbox.v2.view"

local M = {}

-- The spec names these formats in the fields' descriptions.
local FORMATS = {
  birthOrBusinessRegistrationNumber = { "^%d%d%d%d%d%d$", "^%d%d%d%d%d%d%d%d%d%d$" },
  passwordTwoDigits = { "^%d%d$" },
}

local function check_secret(credential, field)
  local value = credential[field]
  if value == nil then return end
  for _, pattern in ipairs(FORMATS[field]) do
    if value:find(pattern) then return end
  end
  answer.invalid("credential." .. field, "wrong number of digits")
end

--- Reads a CardCredential. Nothing of it is repeated in a refusal.
---@param credential table
---@return table instrument { card = facts of the sandbox's cards }
function M.card(credential)
  check_secret(credential, "birthOrBusinessRegistrationNumber")
  check_secret(credential, "passwordTwoDigits")
  local card, wrong = cards.from_v2(credential)
  if not card then answer.invalid("credential." .. wrong, "is not a value of a card") end
  return { card = card }
end

--- A wallet of a channel whose PG has one, with a card inside it.
---@param channel table
---@param card table|nil facts of the sandbox's cards
---@return table instrument
function M.wallet(channel, card)
  return { card = card, easy = gateways.of(channel.pg).easy or "TOSSPAY" }
end

-- Card: the masked facts that the spec shows. Made once for each instrument and shared by all
-- its payments, as views are copies.
local function card_view(instrument)
  local card = instrument.card
  if not card or instrument.shown then return instrument.shown end
  instrument.shown = {
    publisher = card.company,
    issuer = card.company,
    brand = card.brand,
    type = card.type,
    ownerType = card.owner,
    bin = card.bin,
    name = card.card_name,
    number = card.masked,
  }
  return instrument.shown
end

--- PaymentMethod of a payment made with an instrument.
---@param instrument table
---@param order table the request: installmentMonth, useCardPoint, useFreeInterestFromMerchant
---@param approval string approval number
---@return table
function M.payment_method(instrument, order, approval)
  if instrument.mobile then
    return { type = "PaymentMethodMobile", phoneNumber = instrument.mobile }
  elseif instrument.transfer then
    return { type = "PaymentMethodTransfer", bank = instrument.transfer.bank }
  end
  local merchant = order.useFreeInterestFromMerchant
  local method = {
    type = "PaymentMethodCard",
    card = card_view(instrument),
    approvalNumber = approval,
    installment = {
      month = order.installmentMonth or 0,
      isInterestFree = merchant == true or order.useFreeInstallmentPlan == true,
      isInterestFreeFromMerchant = merchant,
    },
    pointUsed = order.useCardPoint == true,
  }
  if not instrument.easy then return method end
  local inner = instrument.card and method or { type = "PaymentMethodEasyPayMethodCharge" }
  return { type = "PaymentMethodEasyPay", provider = instrument.easy, easyPayMethod = inner }
end

--- BillingKeyPaymentMethod of a key that stands for an instrument.
---@param instrument table
---@return table
function M.key_method(instrument)
  if instrument.mobile then
    return { type = "BillingKeyPaymentMethodMobile", phoneNumber = instrument.mobile }
  elseif instrument.transfer then
    return { type = "BillingKeyPaymentMethodTransfer", bank = instrument.transfer.bank }
  end
  local method = { type = "BillingKeyPaymentMethodCard", card = view.copy(card_view(instrument)) }
  if not instrument.easy then return method end
  local inner = instrument.card and method or { type = "BillingKeyPaymentMethodEasyPayCharge" }
  return { type = "BillingKeyPaymentMethodEasyPay", provider = instrument.easy, method = inner }
end

--- BillingKeyPaymentMethodType of an instrument.
---@param instrument table
---@return string "CARD" | "MOBILE" | "EASY_PAY" | "TRANSFER"
function M.kind(instrument)
  return instrument.mobile and "MOBILE" or instrument.transfer and "TRANSFER"
    or instrument.easy and "EASY_PAY" or "CARD"
end

local function refused(world, instrument, channel, ask)
  local outage = channels.outage(world, channel)
  if outage then return outage end
  if not instrument.card then return nil end
  return ask(instrument.card, settings.get(world, "unknown_cards"), world:now())
end

--- Why the PG issues no key, if so.
---@param world table
---@param instrument table
---@param channel table
---@return table|nil refusal { pg_code, pg_message }
function M.issue_refusal(world, instrument, channel)
  return refused(world, instrument, channel, cards.refuses_issue)
end

--- Why the PG approves no charge, if so. Asked at each charge: a card may have expired since.
---@param world table
---@param instrument table
---@param channel table
---@return table|nil refusal { pg_code, pg_message }
function M.charge_refusal(world, instrument, channel)
  return refused(world, instrument, channel, cards.refuses_charge)
end

return M
