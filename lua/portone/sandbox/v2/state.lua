-- SPDX-License-Identifier: MIT
--- What the V2 books remember: `world.v2`, made by `open`, and how records are found in it.
--
-- Payments are kept per store under the caller's paymentId; every other record has an id of the
-- sandbox's own. A collection keeps insertion order in `list` and finds by id in `map`.

local answer = require "portone.sandbox.v2.answer"
local settings = require "portone.sandbox.v2.settings"

local M = {}

local function collection()
  return { list = {}, map = {} }
end

--- Starts empty books in a world.
---@param world table
function M.open(world)
  world.v2 = {
    sequence = 0,
    billing_keys = collection(),
    payments = collection(),
    events = collection(),
    schedules = collection(),
    receipts = collection(),
    identities = collection(),
    sessions = collection(),
    promotions = collection(),
    channel_groups = collection(),
    prepared = {},
    payment_tokens = {},
    issue_tokens = {},
    idempotency = {},
    access_tokens = {},
    refresh_tokens = {},
    accounts = {},
    outages = {},
    resources = {},
    platform_settings = {},
  }
  world.v2.schedules.by_payment = {}
  world.v2.profile_key = world.config.profile_key or "profile-key-" .. world:uuid()
end

--- The next number of the order in which things happened; never reused.
---@param world table
---@return integer
function M.next(world)
  local v2 = world.v2
  v2.sequence = v2.sequence + 1
  return v2.sequence
end

--- Key of a record that belongs to a store.
---@param store string
---@param id string
---@return string
function M.key(store, id)
  return store .. "\n" .. id
end

--- Adds a record under a key; a record that holds the key already leaves the map, not the list.
---@param set table a collection
---@param key string
---@param record table
---@return table record
function M.add(set, key, record)
  set.list[#set.list + 1] = record
  set.map[key] = record
  return record
end

--- The store a request names, or the secret's own; an unknown one is refused.
-- Source: the storeId fields' description ("only stores you have access to"); how an unknown one
-- is answered is the setting v2_unknown_store.
---@param world table
---@param id string|nil
---@return string store
function M.store(world, id)
  local own = world.config.store_id
  if id == nil or id == own then return own end
  if settings.is(world, "v2_unknown_store", "accept") then return id end
  answer.refuse("FORBIDDEN", "storeId is not one that this secret may use")
end

--- The store of a request: from its body, or its query.
---@param world table
---@param req table
---@return string store
function M.store_of(world, req)
  return M.store(world, (req.body or {}).storeId or (req.query or {}).storeId)
end

--- A payment, or a 404 refusal.
---@param world table
---@param store string
---@param id string paymentId
---@return table payment
function M.payment(world, store, id)
  return world.v2.payments.map[M.key(store, id)]
    or answer.refuse("PAYMENT_NOT_FOUND", "no payment has this paymentId")
end

return M
