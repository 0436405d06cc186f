-- SPDX-License-Identifier: MIT
-- Billing keys of V1: what is stored under a customer_uid.

local cards = require "portone.sandbox.cards"
local channels = require "portone.sandbox.v1.channels"
local charge = require "portone.sandbox.v1.charge"
local settings = require "portone.sandbox.v1.settings"

local M = {}

local FIELDS = { "customer_id", "customer_name", "customer_tel", "customer_email",
  "customer_addr", "customer_postcode" }
local FROM_BUYER = { customer_name = "buyer_name", customer_tel = "buyer_tel",
  customer_email = "buyer_email", customer_addr = "buyer_addr",
  customer_postcode = "buyer_postcode" }

--- Asks a channel's PG for a key.
---@param world table
---@param channel table
---@param card portone.sandbox.card
---@return table? key { channel, pg_provider, pg_id, card, card facts }
---@return portone.sandbox.refusal? refusal
function M.make(world, channel, card)
  local refusal = cards.refuses_issue(card, settings.get(world, "unknown_cards"), world:now())
  if refusal then return nil, refusal end
  local key = { channel = channel, pg_provider = channel.pg, pg_id = channel.pg_id, card = card }
  return charge.card_facts(card, channel.pg, key)
end

--- Stores keys under a customer_uid, in place of what was there: the old PG key is not revoked,
--- it is only no longer reached.
---@param world table
---@param customer_uid string
---@param fields table customer_* fields, or buyer_* in their place
---@param keys table[] from `make`; more than one makes a super billing key
---@param group? { id: string, failed: table[] } the channel group of a super billing key
---@return table customer
function M.save(world, customer_uid, fields, keys, group)
  local now, old = world:now(), world.v1.customers[customer_uid]
  local customer = {
    customer_uid = customer_uid, keys = keys, inserted = old and old.inserted or now, updated = now,
    group_id = group and group.id, failed = group and group.failed,
    sandbox = channels.is_test(world, keys[1].channel),
  }
  for _, field in ipairs(FIELDS) do
    customer[field] = fields[field] or fields[FROM_BUYER[field] or ""]
  end
  for _, key in ipairs(keys) do key.inserted, key.updated = now, now end
  world.v1.customers[customer_uid] = customer
  return customer
end

--- The key of a customer that is to pay. Of a super billing key's, the one of the given channel,
--- or one by the group's shares.
---@param world table
---@param customer table
---@param channel_key? string
---@return table? key
---@return string? problem
function M.choose(world, customer, channel_key)
  if not customer.group_id then return customer.keys[1] end
  if not channel_key then
    local members = channels.group(world, customer.group_id) or {}
    local able = {}
    for _, key in ipairs(customer.keys) do
      for _, member in ipairs(members) do
        if member.channel == key.channel then
          table.insert(able, { key = key, ratio = member.ratio })
        end
      end
    end
    if #able == 0 then return customer.keys[1] end
    return channels.pick(world, able).key
  end
  for _, key in ipairs(customer.keys) do
    if key.channel.key == channel_key then return key end
  end
  return nil, "이 채널로 발급된 빌링키가 없습니다: " .. channel_key
end

--- Reads the card of a request.
---@param body table
---@return portone.sandbox.card? card
---@return string? problem
function M.read_card(body)
  local card, wrong = cards.from_v1(body)
  if card then return card end
  if wrong == "expiry" then return nil, "카드 유효기간(expiry)은 YYYY-MM 형식이어야 합니다." end
  return nil, "카드번호(card_number)는 dddd-dddd-dddd-dddd 형식이어야 합니다."
end

return M
