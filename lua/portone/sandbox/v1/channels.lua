-- SPDX-License-Identifier: MIT
-- Which channel (PG contract) a V1 request goes to.

local settings = require "portone.sandbox.v1.settings"

local M = {}

-- PGs that tell who issued and who published a card; the others leave those fields null.
M.tells_issuer = { tosspayments = true, ksnet = true, paypal_v2 = true, smartro_v2 = true,
  nice_v2 = true, welcome = true, toss_brandpay = true, tosspay_v2 = true }

local PAY_METHOD = { tosspay_v2 = "tosspay", kakaopay = "kakaopay", naverpay = "naverpay",
  payco = "payco", paypal_v2 = "paypal", chai = "chai", danal = "phone", mobilians = "phone",
  settle_acc = "trans" }

--- What a billing key of a PG pays with.
---@param pg string
---@return string pay_method
function M.pay_method(pg)
  return PAY_METHOD[pg] or "card"
end

--- Whether the specification lists a PG for an operation. An operation without a list takes all.
---@param world table
---@param req table
---@param pg string
---@return boolean
function M.supported(world, req, pg)
  local pgs = req.row and req.row.pgs
  if not pgs or not settings.get(world, "v1_strict_pgs") then return true end
  for _, name in ipairs(pgs) do
    if name == pg then return true end
  end
  return false
end

local function by_pg(world, text)
  local pg, pg_id = text:match("^([%w_]+)%.(.+)$")
  pg = pg or text
  for _, channel in ipairs(world.config.channels) do
    if channel.pg == pg and (not pg_id or channel.pg_id == pg_id) then return channel end
  end
end

local function default_for(world, req)
  local channel = world:default_channel()
  if channel and M.supported(world, req, channel.pg) then return channel end
  for _, other in ipairs(world.config.channels) do
    if M.supported(world, req, other.pg) then return other end
  end
  return channel
end

--- Channels of a smart-routing group with their shares. Without configured groups, any id means
--- all channels.
---@param world table reads `world.config.channel_groups`: id → list of keys or { key, ratio }
---@param id string
---@return { channel: table, ratio: number }[]? members
---@return string? problem
function M.group(world, id)
  local groups, members = world.config.channel_groups, {}
  if not groups or next(groups) == nil then
    for i, channel in ipairs(world.config.channels) do
      members[i] = { channel = channel, ratio = 1 }
    end
    return members
  end
  for _, item in ipairs(groups[id] or {}) do
    if type(item) ~= "table" then item = { key = item } end
    local channel = world:channel(item.key)
    if channel then table.insert(members, { channel = channel, ratio = item.ratio or 1 }) end
  end
  if #members == 0 then return nil, "등록되지 않은 스마트 라우팅 그룹입니다: " .. id end
  return members
end

--- Picks a member by share.
---@param world table its random source decides
---@param members { ratio: number }[]
---@return table member
function M.pick(world, members)
  local total = 0
  for _, member in ipairs(members) do total = total + (member.ratio or 1) end
  local point = world:random() * total
  for _, member in ipairs(members) do
    point = point - (member.ratio or 1)
    if point < 0 then return member end
  end
  return members[#members]
end

--- The channel of a request: a group decides over `pg`, an unknown `pg` means the default one.
---@param world table
---@param req table its row says which PGs can do it
---@return table? channel
---@return string? problem
function M.resolve(world, req)
  local body = req.body
  local key = body.channel_key or req.query.channel_key
  if body.channelGroupId then
    local members, problem = M.group(world, body.channelGroupId)
    if not members then return nil, problem end
    local able = {}
    for _, member in ipairs(members) do
      if M.supported(world, req, member.channel.pg) then table.insert(able, member) end
    end
    if #able == 0 then return nil, "그룹 안에 이 요청을 처리할 수 있는 채널이 없습니다." end
    return M.pick(world, able).channel
  end
  local channel
  if key then
    channel = world:channel(key)
    if not channel then return nil, "등록되지 않은 채널 키입니다: " .. key end
  else
    channel = body.pg and by_pg(world, body.pg) or default_for(world, req)
  end
  if not channel then return nil, "결제 채널이 하나도 등록되어 있지 않습니다." end
  if not M.supported(world, req, channel.pg) then
    return nil, "이 PG사에서는 지원하지 않는 기능입니다: " .. channel.pg
  end
  return channel
end

--- Fields that the specification requires for one PG and that the request lacks.
---@param world table
---@param req table
---@param pg string
---@param fields? table rows of fields, default those of the body
---@param given? table values, default the body
---@return string? problem
function M.missing_fields(world, req, pg, fields, given)
  if not settings.get(world, "v1_strict_pg_fields") then return nil end
  fields, given = fields or (req.row and req.row.body) or {}, given or req.body
  local names = {}
  for name, field in pairs(fields) do
    local rule = type(field) == "table" and field.per_pg and field.per_pg[pg]
    local value = given[name]
    if rule and rule.required and (value == nil or value == "") then table.insert(names, name) end
  end
  if #names == 0 then return nil end
  table.sort(names)
  return pg .. " 결제에 필요한 값이 빠졌습니다: " .. table.concat(names, ", ")
end

--- Marks what a channel makes: payments and keys of a test channel are `sandbox`.
---@param world table
---@param channel table
---@return boolean
function M.is_test(world, channel)
  return channel.sandbox == true or settings.get(world, "v1_test_channel") == true
end

return M
