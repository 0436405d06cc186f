-- SPDX-License-Identifier: MIT
--- Channels and channel groups of V2 requests.

local answer = require "portone.sandbox.v2.answer"
local gateways = require "portone.sandbox.v2.gateways"
local settings = require "portone.sandbox.v2.settings"
local state = require "portone.sandbox.v2.state"

local M = {}

--- A group of every channel through which keys can be issued by API, so that groups can be tried
--- without any set-up.
---@param world table
function M.open(world)
  local keys = {}
  for _, channel in ipairs(world.config.channels or {}) do
    if gateways.of(channel.pg).key_by_api ~= false then keys[#keys + 1] = channel.key end
  end
  local group = { id = "channel-group-" .. world:uuid(), name = "sandbox", channels = keys }
  state.add(world.v2.channel_groups, group.id, group)
end

--- SelectedChannel. The sandbox's channels are test channels.
---@param channel table
---@return table
function M.selected(channel)
  return {
    type = "TEST",
    id = channel.id,
    key = channel.key,
    name = channel.name or channel.pg,
    pgProvider = gateways.provider(channel.pg),
    pgMerchantId = channel.pg_id,
  }
end

--- ChannelGroupSummary.
---@param group table|nil
---@return table|nil
function M.group_summary(group)
  return group and { id = group.id, name = group.name, isForTest = true }
end

--- A channel by its key, or a 404 refusal.
---@param world table
---@param key string
---@return table channel
function M.by_key(world, key)
  return world:channel(key) or answer.refuse("CHANNEL_NOT_FOUND", "no channel has this channelKey")
end

-- An unknown group is CHANNEL_NOT_FOUND too: the API has no error type for groups.
local function by_group(world, id)
  local group = world.v2.channel_groups.map[id]
    or answer.refuse("CHANNEL_NOT_FOUND", "no channel group has this channelGroupId")
  local channels = {}
  for _, key in ipairs(group.channels) do
    local channel = world:channel(key)
    if channel then channels[#channels + 1] = channel end
  end
  if #channels == 0 then answer.refuse("CHANNEL_NOT_FOUND", "the channel group is empty") end
  return channels, group
end

--- The channels of a request that names exactly one of channelKey and channelGroupId.
-- Source: the fields' description ("one of the two is required").
---@param world table
---@param body table
---@return table channels at least one
---@return table|nil group
function M.of_request(world, body)
  if (body.channelKey == nil) == (body.channelGroupId == nil) then
    answer.invalid("channelKey", "exactly one of channelKey and channelGroupId is needed")
  end
  if body.channelKey then return { M.by_key(world, body.channelKey) } end
  return by_group(world, body.channelGroupId)
end

--- Whether a channel's gateway has an API for something.
---@param world table
---@param channel table
---@param what string "key_by_api" | "card_by_api" | "account_by_api"
---@return boolean
function M.supports(world, channel, what)
  if settings.is(world, "v2_pg_support", "ignore") then return true end
  return gateways.of(channel.pg)[what] ~= false
end

--- The refusal of every request to a channel's gateway while an outage is set, for tests.
---@param world table
---@param channel table
---@return table|nil refusal { pg_code, pg_message }
function M.outage(world, channel)
  return world.v2.outages[channel.key]
end

M.actions = {}

--- Makes a channel's gateway refuse every request, or, without a code, accept them again.
---@param world table
---@param args table { channel_key, pg_code?, pg_message? }
---@return boolean|nil ok
---@return string|nil problem
function M.actions.outage(world, args)
  if not world:channel(args.channel_key) then return nil, "no channel has this key" end
  world.v2.outages[args.channel_key] = args.pg_code
    and { pg_code = args.pg_code, pg_message = args.pg_message or "gateway outage" } or nil
  return true
end

--- Adds a channel group.
---@param world table
---@param args table { id?, name?, channels = channel keys }
---@return string|nil id
---@return string|nil problem
function M.actions.add_channel_group(world, args)
  for _, key in ipairs(args.channels or {}) do
    if not world:channel(key) then return nil, "no channel has the key " .. tostring(key) end
  end
  local id = args.id or "channel-group-" .. world:uuid()
  state.add(world.v2.channel_groups, id,
    { id = id, name = args.name or id, channels = args.channels or {} })
  return id
end

return M
