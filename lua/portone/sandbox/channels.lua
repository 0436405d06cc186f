-- SPDX-License-Identifier: MIT
-- The channels that a sandbox has when it is not told otherwise: one for each PG whose billing
-- keys, cards or accounts the API serves, under invented merchant ids.

local M = {}

local pgs = {
  "tosspayments", "tosspay_v2", "nice_v2", "kcp_v2", "inicis_v2", "html5_inicis", "ksnet",
  "welcome", "smartro_v2", "kicc_v2", "hyphen", "kakaopay", "naverpay", "payco", "toss_brandpay",
  "danal_tpay", "danal", "mobilians", "galaxia", "kcp", "kcp_billing", "kcp_quick", "nice",
  "inicis", "daou", "settle", "settle_acc", "kicc", "chai", "inicis_unified", "paypal_v2",
  "eximbay_v2", "paymentwall", "payletter_global", "triple_a",
}

local pg_ids = { tosspayments = "tosstest", tosspay_v2 = "tosspaytest", nice_v2 = "nicetest" }

---The default channels. Keys and ids are the world's own.
---@param world table
---@return table[] { key, id, pg, pg_id, name, default }
function M.make(world)
  local list = {}
  for i, pg in ipairs(pgs) do
    list[i] = { pg = pg, pg_id = pg_ids[pg] or (pg:gsub("_", "") .. "test"), default = i == 1 }
  end
  return M.complete(world, list)
end

---Channels as a user lists them, with what they left out.
---@param world table
---@param list table[]  each with `pg` at least
---@return table[]
function M.complete(world, list)
  local default
  for i, channel in ipairs(list) do
    channel.key = channel.key or "channel-key-" .. world:uuid()
    channel.id = channel.id or "channel-id-" .. world:uuid()
    channel.pg_id = channel.pg_id or channel.pg .. "test"
    channel.name = channel.name or channel.pg .. " test"
    default = default or channel.default and i
  end
  if list[1] and not default then
    list[1].default = true
  end
  return list
end

return M
