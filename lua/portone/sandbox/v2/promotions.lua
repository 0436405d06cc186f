-- SPDX-License-Identifier: MIT
--- Card promotions: the discount they give, what cancellations do to it, and their budget.
--
-- No operation creates one, so `actions.add_promotion` does. Source of the rules: the fields of
-- CardPromotion, the cancel request's promotionDiscountRetainOption, and the three promotion
-- errors of the pay and cancel operations.

local answer = require "portone.sandbox.v2.answer"
local json = require "portone.json"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"

local M = {}

-- The partition of an amount is the last one that starts at or below it.
local function scheme_for(promotion, total)
  local found
  for _, partition in ipairs(promotion.partitions) do
    if total >= partition.amountFrom then found = partition.scheme end
  end
  return found
end

-- Discount for an order of so much, rounded down to the minor unit.
local function discount_for(promotion, total)
  local scheme = scheme_for(promotion, total)
  if not scheme then return 0 end
  local discount = scheme.amount
  if scheme.type == "PERCENT" then
    local product = total * scheme.percent
    discount = math.floor((product - product % 100) / 100)
  end
  if promotion.max_discount and discount > promotion.max_discount then
    return promotion.max_discount
  end
  return discount
end

local function status(world, promotion)
  local now = world:now()
  if promotion.terminated_at then return "TERMINATED" end
  if now < promotion.start_at then return "SCHEDULED" end
  if now >= promotion.end_at then return "COMPLETED" end
  if promotion.paused then return "PAUSED" end
  if promotion.spent >= promotion.budget then return "BUDGET_EXHAUSTED" end
  return "IN_PROGRESS"
end

--- The promotion of an order and its discount.
---@param world table
---@param order table the request, with promotionId?
---@param total integer minor units
---@param card table|nil facts of the card that pays
---@return table|nil promotion
---@return integer discount minor units
function M.apply(world, order, total, card)
  if order.promotionId == nil then return nil, 0 end
  local promotion = world.v2.promotions.map[order.promotionId]
  if not promotion then answer.invalid("promotionId", "no promotion has this id") end
  if status(world, promotion) ~= "IN_PROGRESS" then
    answer.invalid("promotionId", "the promotion is not in progress")
  end
  if not card or card.company ~= promotion.card_company or order.currency ~= promotion.currency then
    answer.refuse("PROMOTION_PAY_METHOD_DOES_NOT_MATCH", "the promotion is for another card")
  end
  local discount = discount_for(promotion, total)
  if discount >= total then
    answer.refuse("DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT", "the discount reaches the total")
  end
  if promotion.spent + discount > promotion.budget then
    answer.invalid("promotionId", "the promotion's budget is exhausted")
  end
  return promotion, discount
end

--- Takes the discount of a paid attempt from the promotion's budget.
---@param tx table
function M.spend(tx)
  if tx.promotion then tx.promotion.spent = tx.promotion.spent + tx.discount end
end

-- RETAIN keeps the first discount's share of what is left, RELEASE asks the partitions anew.
local function discount_left(tx, left, option)
  if left == 0 then return 0 end
  if option == "RELEASE" then return discount_for(tx.promotion, left) end
  local product = tx.discount * left
  return math.floor((product - product % tx.amount.total) / tx.amount.total)
end

--- How much a cancellation pays back, once the discount on the rest is settled.
---@param tx table
---@param cancelled integer minor units of the order to be cancelled
---@param left integer minor units of the order that remain afterwards
---@param option string|nil "RETAIN" | "RELEASE"
---@return integer refund minor units of money
---@return string|nil option what later cancellations have to name again
---@return integer discount discount on what remains
function M.refund(tx, cancelled, left, option)
  if not tx.promotion then return cancelled, nil, 0 end
  option = option or "RELEASE"
  if tx.retain_option and tx.retain_option ~= option then
    answer.refuse("PROMOTION_DISCOUNT_RETAIN_OPTION_SHOULD_NOT_BE_CHANGED",
      "an earlier partial cancellation used the other option")
  end
  local before = tx.discount_left or tx.discount
  local after = discount_left(tx, left, option)
  local refund = cancelled - before + after
  if refund < 0 then
    answer.refuse("NEGATIVE_PROMOTION_ADJUSTED_CANCEL_AMOUNT",
      "the discount that is lost exceeds what would be paid back")
  end
  return refund, option, after
end

--- Gives the released discount back to the budget, where the promotion recovers it.
---@param tx table
---@param discount integer discount that is left on the payment
---@param option string|nil
function M.release(tx, discount, option)
  if not tx.promotion then return end
  local before = tx.discount_left or tx.discount
  if tx.promotion.recover then tx.promotion.spent = tx.promotion.spent - (before - discount) end
  tx.discount_left, tx.retain_option = discount, option
end

local function promotion_view(world, p)
  return {
    type = "CARD",
    id = p.id,
    storeId = p.store,
    name = p.name,
    discountPolicy = { partitions = view.array(p.partitions) },
    totalBudget = p.budget,
    maxDiscountAmount = p.max_discount,
    spentAmount = p.spent,
    currency = p.currency,
    startAt = view.time(world, p.start_at),
    endAt = view.time(world, p.end_at),
    terminatedAt = view.time(world, p.terminated_at),
    cardCompany = p.card_company,
    status = status(world, p),
    createdAt = view.time(world, p.created_at),
    recoverOption = { type = p.recover and "RECOVER" or "NO_RECOVER" },
  }
end

M.handlers = {}

M.handlers["v2.payment.promotion.get_promotion"] = function(world, req)
  local promotion = world.v2.promotions.map[req.path.promotionId]
    or answer.refuse("PROMOTION_NOT_FOUND", "no promotion has this id")
  return 200, promotion_view(world, promotion)
end

M.handlers["v2.payment.additional_feature.get_pg_card_promotions"] = function(world, req)
  local channel = world:channel(req.query.channelKey)
    or answer.refuse("CHANNEL_NOT_FOUND", "no channel has this channelKey")
  if channel.pg ~= "kcp_v2" then
    answer.invalid("channelKey", "only the KCP_V2 gateway lists card promotions")
  end
  return 200, { promotions = json.array {} }
end

M.actions = {}

--- Adds a card promotion that is in progress.
---@param world table
---@param args table { id?, name?, card_company, partitions = { { amountFrom, scheme } }, budget?,
---  max_discount?, currency?, start_at?, end_at?, recover? } amounts in minor units, unix seconds
---@return string|nil id
---@return string|nil problem
function M.actions.add_promotion(world, args)
  if not args.card_company or not args.partitions then
    return nil, "card_company and partitions are needed"
  end
  local now = world:now()
  local id = args.id or "promotion-id-" .. world:uuid()
  state.add(world.v2.promotions, id, {
    id = id, store = world.config.store_id, name = args.name or "sandbox promotion",
    card_company = args.card_company, partitions = args.partitions,
    budget = args.budget or 1000000000, max_discount = args.max_discount, spent = 0,
    currency = args.currency or "KRW", start_at = args.start_at or now,
    end_at = args.end_at or now + 365 * 86400, created_at = now, recover = args.recover == true,
  })
  return id
end

return M
