-- SPDX-License-Identifier: MIT
--- Billing keys: issued through one channel or a group, looked up, listed, deleted.

local answer = require "portone.sandbox.v2.answer"
local channels = require "portone.sandbox.v2.channels"
local gateways = require "portone.sandbox.v2.gateways"
local instruments = require "portone.sandbox.v2.instruments"
local json = require "portone.json"
local lists = require "portone.sandbox.v2.lists"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"
local webhooks = require "portone.sandbox.v2.webhooks"

local M = {}

--- A billing key that can be seen: issued, or deleted since; else a 404 refusal.
---@param world table
---@param store string
---@param id string
---@return table key
function M.get(world, store, id)
  local key = world.v2.billing_keys.map[id]
  if not key or key.store ~= store or key.status == "READY" then
    answer.refuse("BILLING_KEY_NOT_FOUND", "no such billing key")
  end
  return key
end

--- A billing key that can be charged.
---@param world table
---@param store string
---@param id string
---@return table key
function M.usable(world, store, id)
  local key = M.get(world, store, id)
  if key.status == "DELETED" then
    answer.refuse("BILLING_KEY_ALREADY_DELETED", "the billing key was deleted")
  end
  return key
end

--- The channel that charges a key: the one the request names, else the key's first.
-- Source: the channelKey field ("to pick one channel of a key issued for several").
---@param key table
---@param channel_key string|nil
---@return table|nil channel nil when the key was not issued for that channel
function M.channel(key, channel_key)
  if channel_key == nil then return key.channels[1] end
  for _, channel in ipairs(key.channels) do
    if channel.key == channel_key then return channel end
  end
end

local function selected_list(list)
  return view.array(list, channels.selected)
end

local function failure_view(failure)
  local out = { type = failure.type, channel = channels.selected(failure.channel),
    message = failure.message }
  if failure.refusal then
    out.pgCode, out.pgMessage = failure.refusal.pg_code, failure.refusal.pg_message
  end
  return out
end

--- Asks each channel's gateway for a key.
---@param world table
---@param instrument table
---@param candidates table channels
---@param by_window boolean|nil a payment window asks, so that an API is not needed
---@return table succeeded channels
---@return table failures { channel, type, message, refusal? }
function M.ask(world, instrument, candidates, by_window)
  local succeeded, failures = {}, {}
  for _, channel in ipairs(candidates) do
    local refusal = instruments.issue_refusal(world, instrument, channel)
    if not by_window and not channels.supports(world, channel, "key_by_api") then
      failures[#failures + 1] = { channel = channel, type = "INVALID_REQUEST",
        message = "the gateway issues billing keys in its payment window only" }
    elseif refusal then
      failures[#failures + 1] = { channel = channel, type = "PG_PROVIDER", refusal = refusal,
        message = "the gateway refused the card" }
    else
      succeeded[#succeeded + 1] = channel
    end
  end
  return succeeded, failures
end

--- Records a key in status READY: asked for, not yet issued.
---@param world table
---@param a table { store, channels, failures?, group?, instrument, order }
---@return table key
function M.prepare(world, a)
  local id = "billing-key-" .. world:uuid()
  return state.add(world.v2.billing_keys, id, {
    id = id, seq = state.next(world), status = "READY", store = a.store,
    channels = a.channels, failures = a.failures or {}, group = a.group,
    instrument = a.instrument, order = a.order, requested_at = world:now(),
    platform = a.platform or "API",
  })
end

--- Issues a prepared key and announces it unless skipped.
---@param world table
---@param key table
---@param skip_webhook boolean|nil
function M.issue(world, key, skip_webhook)
  key.status, key.issued_at, key.changed_at = "ISSUED", world:now(), world:now()
  key.pg_tx_id = "sandbox" .. world:digits(16)
  if skip_webhook then return end
  webhooks.send(world, key.store, key.order.noticeUrls, "BillingKey.Issued",
    { billingKey = key.id })
end

-- The error of a request that no channel granted. One channel answers for itself; a group with
-- the list of what went wrong where.
local function all_failed(failures, group)
  local first = failures[1]
  if not group then
    if first.refusal then return answer.declined(first.refusal) end
    return answer.fail("INVALID_REQUEST", "channelKey: " .. first.message)
  end
  return answer.fail("CHANNEL_SPECIFIC", "every channel of the group refused", {
    failures = view.array(failures, failure_view),
    succeededChannels = json.array {},
  })
end

M.handlers = {}

M.handlers["v2.payment.billing_key.issue_billing_key"] = function(world, req)
  local body = req.body
  local store = state.store(world, body.storeId)
  if not body.method.card then answer.invalid("method", "card is the one method there is") end
  local candidates, group = channels.of_request(world, body)
  local instrument = instruments.card(body.method.card.credential)
  local succeeded, failures = M.ask(world, instrument, candidates)
  if #succeeded == 0 then return all_failed(failures, group) end
  local key = M.prepare(world, { store = store, channels = succeeded, failures = failures,
    group = group, instrument = instrument,
    order = { customer = body.customer, customData = body.customData,
      noticeUrls = body.noticeUrls } })
  M.issue(world, key, body.skipWebhook)
  return 200, {
    billingKeyInfo = {
      billingKey = key.id,
      channels = selected_list(succeeded),
      issuedAt = view.time(world, key.issued_at),
    },
    channelSpecificFailures = #failures > 0 and view.array(failures, failure_view) or nil,
  }
end

-- PgBillingKeyIssueResponse, one per channel that was asked.
local function responses(world, key)
  local out = {}
  for _, channel in ipairs(key.channels) do
    out[#out + 1] = { type = "ISSUED", channel = channels.selected(channel),
      pgTxId = key.pg_tx_id, method = instruments.key_method(key.instrument) }
  end
  for _, failure in ipairs(key.failures) do
    local refusal = failure.refusal or {}
    out[#out + 1] = { type = "FAILED", channel = channels.selected(failure.channel),
      failure = { message = failure.message, pgCode = refusal.pg_code,
        pgMessage = refusal.pg_message, failedAt = view.time(world, key.requested_at) } }
  end
  return view.array(out)
end

--- BillingKeyInfo.
---@param world table
---@param key table
---@return table
function M.view(world, key)
  return {
    status = key.status,
    billingKey = key.id,
    merchantId = world.config.merchant_id,
    storeId = key.store,
    methods = view.array({ instruments.key_method(key.instrument) }),
    channels = selected_list(key.channels),
    customer = view.customer(key.order.customer),
    customData = key.order.customData,
    issueId = key.order.issueId,
    issueName = key.order.issueName,
    requestedAt = view.time(world, key.requested_at),
    issuedAt = view.time(world, key.issued_at),
    channelGroup = channels.group_summary(key.group),
    pgBillingKeyIssueResponses = responses(world, key),
    deletedAt = view.time(world, key.deleted_at),
  }
end

M.handlers["v2.payment.billing_key.get_billing_key_info"] = function(world, req)
  local store = state.store(world, req.query.storeId)
  return 200, M.view(world, M.get(world, store, req.path.billingKey))
end

local function pending_schedules(world, key)
  for _, schedule in ipairs(world.v2.schedules.list) do
    if schedule.key == key and (schedule.status == "SCHEDULED" or schedule.status == "STARTED") then
      return true
    end
  end
  return false
end

local function deletable(world, store, id)
  local key = world.v2.billing_keys.map[id]
  if not key or key.store ~= store then
    answer.refuse("BILLING_KEY_NOT_FOUND", "no such billing key")
  elseif key.status == "READY" then
    answer.refuse("BILLING_KEY_NOT_ISSUED", "the billing key was never issued")
  elseif key.status == "DELETED" then
    answer.refuse("BILLING_KEY_ALREADY_DELETED", "the billing key was deleted before")
  elseif pending_schedules(world, key) then
    answer.refuse("PAYMENT_SCHEDULE_ALREADY_EXISTS", "payments are scheduled with this key")
  end
  return key
end

-- A key of several channels goes only when every gateway lets it go.
local function deletion_refusal(world, key)
  local failures, granted = {}, {}
  for _, channel in ipairs(key.channels) do
    local refusal = channels.outage(world, channel)
    if refusal then
      failures[#failures + 1] = { channel = channel, type = "PG_PROVIDER", refusal = refusal,
        message = "the gateway refused the deletion" }
    else
      granted[#granted + 1] = channel
    end
  end
  if #failures == 0 then return nil end
  if #key.channels == 1 then return answer.declined(failures[1].refusal) end
  return answer.fail("CHANNEL_SPECIFIC", "a channel refused the deletion", {
    failures = view.array(failures, failure_view),
    succeededChannels = selected_list(granted),
  })
end

M.handlers["v2.payment.billing_key.delete_billing_key"] = function(world, req)
  local query = req.query
  local store = state.store(world, query.storeId)
  local key = deletable(world, store, req.path.billingKey)
  local status, body = deletion_refusal(world, key)
  if status then return status, body end
  key.status, key.deleted_at, key.changed_at = "DELETED", world:now(), world:now()
  if query.skipWebhook ~= true and query.skipWebhook ~= "true" then
    webhooks.send(world, store, key.order.noticeUrls, "BillingKey.Deleted",
      { billingKey = key.id })
  end
  return 200, { deletedAt = view.time(world, key.deleted_at) }
end

local TIMES = {
  REQUESTED_AT = function(key) return key.requested_at end,
  ISSUED_AT = function(key) return key.issued_at end,
  DELETED_AT = function(key) return key.deleted_at end,
  STATUS_TIMESTAMP = function(key) return key.changed_at end,
}

-- The text fields that can be searched; a field without data here finds nothing.
local TEXT = {
  CARD_BIN = function(key) return key.instrument.card and key.instrument.card.bin end,
  CARD_NUMBER = function(key) return key.instrument.card and key.instrument.card.masked end,
  PG_MERCHANT_ID = function(key) return key.channels[1].pg_id end,
  CUSTOMER_NAME = function(key) return view.customer(key.order.customer).name end,
  CUSTOMER_EMAIL = function(key) return view.customer(key.order.customer).email end,
  CUSTOMER_PHONE_NUMBER = function(key) return view.customer(key.order.customer).phoneNumber end,
  CUSTOMER_ADDRESS = function(key)
    return (view.customer(key.order.customer).address or {}).oneLine
  end,
  CUSTOMER_ZIPCODE = function(key) return view.customer(key.order.customer).zipcode end,
  BILLING_KEY = function(key) return key.id end,
  CHANNEL_GROUP_NAME = function(key) return key.group and key.group.name end,
}

local function contains(search, key)
  if not search then return true end
  local read = TEXT[search.field]
  local text = read and read(key)
  return text ~= nil and text:find(search.value, 1, true) ~= nil
end

local function any_channel(key, list, fn)
  if list == nil or #list == 0 then return true end
  for _, channel in ipairs(key.channels) do
    if lists.names(list, fn(gateways.provider(channel.pg))) then return true end
  end
  return false
end

local function same(provider) return provider end

local function passes(key, filter, first, last, at)
  local time = at(key)
  return key.status ~= "READY" and time ~= nil and time >= first and time <= last
    and lists.equals(filter.storeId, key.store)
    and lists.names(filter.status, key.status)
    and lists.names(filter.channelGroupIds, key.group and key.group.id)
    and lists.equals(filter.customerId, (key.order.customer or {}).id)
    and lists.equals(filter.platformType, key.platform)
    and any_channel(key, filter.pgProviders, same)
    and any_channel(key, filter.pgCompanies, gateways.company)
    and lists.names(filter.methods, instruments.kind(key.instrument))
    and lists.equals(filter.version, "V2")
    and contains(filter.textSearch, key)
end

M.handlers["v2.payment.billing_key.get_billing_key_infos"] = function(world, req)
  local body = req.body
  local filter, sort = body.filter or {}, body.sort or {}
  if filter.storeId then state.store(world, filter.storeId) end
  local page = lists.page(body.page)
  local first, last = lists.window(world, filter)
  local at = TIMES[filter.timeRangeField or "REQUESTED_AT"]
  local found = lists.select(world.v2.billing_keys.list, function(key)
    return passes(key, filter, first, last, at)
  end)
  lists.sort(found, TIMES[sort.by or "REQUESTED_AT"], sort.order)
  return 200, lists.paged(found, page, function(key) return M.view(world, key) end)
end

M.actions = {}

--- The customer changes the card behind a wallet's key, as a wallet's own app allows.
---@param world table
---@param args table { billing_key, credential? }
---@return boolean|nil ok
---@return string|nil problem
function M.actions.update_billing_key(world, args)
  local key = world.v2.billing_keys.map[args.billing_key]
  if not key or key.status ~= "ISSUED" then return nil, "no such billing key is issued" end
  if args.credential then
    local refusal, instrument = answer.try(instruments.card, args.credential)
    if refusal then return nil, refusal.body.message end
    instrument.easy = key.instrument.easy
    key.instrument = instrument
  end
  webhooks.send(world, key.store, key.order.noticeUrls, "BillingKey.Updated",
    { billingKey = key.id })
  return true
end

return M
