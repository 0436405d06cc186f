-- SPDX-License-Identifier: MIT
--- Identity verification: sent, confirmed with a one-time password, sent again, looked up.

local answer = require "portone.sandbox.v2.answer"
local channels = require "portone.sandbox.v2.channels"
local gateways = require "portone.sandbox.v2.gateways"
local lists = require "portone.sandbox.v2.lists"
local settings = require "portone.sandbox.v2.settings"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"

local M = {}

-- The seventh digit of a resident number tells century, sex and nationality.
local CENTURY = { ["1"] = "19", ["2"] = "19", ["5"] = "19", ["6"] = "19",
  ["3"] = "20", ["4"] = "20", ["7"] = "20", ["8"] = "20" }

-- What a resident number's first seven digits say, or a refusal.
local function person(number)
  local yy, mm, dd, digit = tostring(number):match("^(%d%d)(%d%d)(%d%d)(%d)$")
  local century = CENTURY[digit]
  if not century or mm < "01" or mm > "12" or dd < "01" or dd > "31" then
    answer.invalid("customer.identityNumber", "expected the first seven digits")
  end
  return {
    year = century .. yy, month = mm, day = dd,
    gender = (digit == "1" or digit == "3" or digit == "5" or digit == "7") and "MALE" or "FEMALE",
    foreigner = digit >= "5",
  }
end

local function check_customer(body)
  local customer = body.customer
  if not tostring(customer.phoneNumber):find("^%d+$") then
    answer.invalid("customer.phoneNumber", "expected digits only")
  end
  if customer.identityNumber then return person(customer.identityNumber) end
  if body.method == "SMS" then
    answer.invalid("customer.identityNumber", "is needed for the SMS method")
  end
end

local function check_sendable(before)
  if before and before.status == "VERIFIED" then
    answer.refuse("IDENTITY_VERIFICATION_ALREADY_VERIFIED", "this id was verified before")
  elseif before and before.status == "READY" then
    answer.refuse("IDENTITY_VERIFICATION_ALREADY_SENT", "this id waits to be confirmed")
  end
end

M.handlers = {}

M.handlers["v2.identity_verification.send_identity_verification"] = function(world, req)
  local body, id = req.body, req.path.identityVerificationId
  local store = state.store(world, body.storeId)
  local channel = channels.by_key(world, body.channelKey)
  local who = check_customer(body)
  local key = state.key(store, id)
  local before = world.v2.identities.map[key]
  check_sendable(before)
  local tries = before and before.tries or 0
  if tries >= settings.get(world, "v2_max_transactions") then
    answer.refuse("MAX_TRANSACTION_COUNT_REACHED", "too many attempts at this id")
  end
  local refusal = channels.outage(world, channel)
  if refusal then return answer.declined(refusal) end
  state.add(world.v2.identities, key, {
    id = id, seq = state.next(world), store = store, status = "READY", channel = channel,
    tries = tries + 1, tx_id = world:uuid(), customer = body.customer, person = who,
    operator = body.operator, method = body.method, custom_data = body.customData,
    pg_tx_id = "sandbox" .. world:digits(16), sent = true,
    requested_at = world:now(), updated_at = world:now(), changed_at = world:now(),
  })
  return 200, {}
end

--- A window opens: a verification that waits for what its person enters there.
---@param world table
---@param a table { id, store_id, channel, customer, custom_data? }
---@return table verification
function M.open_window(world, a)
  local store = state.store(world, a.store_id)
  local key = state.key(store, a.id)
  local before = world.v2.identities.map[key]
  if before and before.status == "VERIFIED" then check_sendable(before) end
  local now = world:now()
  return state.add(world.v2.identities, key, {
    id = a.id, seq = state.next(world), store = store, status = "READY", channel = a.channel,
    tries = (before and before.tries or 0) + 1, tx_id = world:uuid(), customer = a.customer,
    custom_data = a.custom_data, pg_tx_id = "sandbox" .. world:digits(16),
    requested_at = now, updated_at = now, changed_at = now,
  })
end

local function verified(world, v)
  v.status, v.verified_at = "VERIFIED", world:now()
  v.updated_at, v.changed_at = v.verified_at, v.verified_at
  v.ci, v.di = world:hex(88), world:hex(64)
end

--- The person of a window has proved who they are.
---@param world table
---@param v table from open_window
---@param given table { name, phone, number: first seven digits, operator }
---@return string? problem "bad_name" | "bad_phone" | "bad_number"; nothing is changed then
function M.verify(world, v, given)
  local phone = tostring(given.phone or ""):gsub("%D", "")
  local number = tostring(given.number or ""):gsub("%D", "")
  local refusal, who = answer.try(person, number)
  if not tostring(given.name or ""):find("%S") then return "bad_name" end
  if #phone < 10 or #phone > 11 then return "bad_phone" end
  if refusal then return "bad_number" end
  v.customer = { id = v.customer.id, name = given.name, phoneNumber = phone }
  v.person, v.operator, v.method = who, given.operator or "SKT", "SMS"
  verified(world, v)
end

--- A verification that waits fails.
---@param world table
---@param v table
---@param refusal table { pg_code?, pg_message?, reason? }
function M.fail(world, v, refusal)
  v.status, v.failed_at = "FAILED", world:now()
  v.updated_at, v.changed_at = v.failed_at, v.failed_at
  v.failure = { reason = refusal.reason or refusal.pg_message, pgCode = refusal.pg_code,
    pgMessage = refusal.pg_message }
end

local function verified_customer(v)
  local who = v.person
  return {
    id = v.customer.id,
    name = v.customer.name,
    operator = v.operator,
    phoneNumber = v.customer.phoneNumber,
    birthDate = who and who.year .. "-" .. who.month .. "-" .. who.day,
    gender = who and who.gender,
    isForeigner = who and who.foreigner,
    ci = v.ci,
    di = v.di,
  }
end

local function requested_customer(v)
  local who = v.person or {}
  return { id = v.customer.id, name = v.customer.name, phoneNumber = v.customer.phoneNumber,
    birthYear = who.year, birthMonth = who.month, birthDay = who.day }
end

local function identity_view(world, v)
  local out = {
    status = v.status,
    id = v.id,
    channel = channels.selected(v.channel),
    customData = v.custom_data,
    requestedAt = view.time(world, v.requested_at),
    updatedAt = view.time(world, v.updated_at),
    statusChangedAt = view.time(world, v.changed_at),
    version = "V2",
    pgTxId = v.pg_tx_id,
  }
  if v.status == "VERIFIED" then
    out.verifiedCustomer = verified_customer(v)
    out.verifiedAt = view.time(world, v.verified_at)
    out.pgRawResponse = "{}"
  else
    out.requestedCustomer = requested_customer(v)
    out.failure = view.copy(v.failure)
  end
  return out
end

local function find(world, store, id)
  return world.v2.identities.map[state.key(store, id)]
    or answer.refuse("IDENTITY_VERIFICATION_NOT_FOUND", "no identity verification has this id")
end

-- One that waits to be confirmed, or a refusal.
local function waiting(world, store, id)
  local v = find(world, store, id)
  if v.status == "VERIFIED" then
    answer.refuse("IDENTITY_VERIFICATION_ALREADY_VERIFIED", "this id was verified before")
  elseif v.status ~= "READY" or not v.sent then
    answer.refuse("IDENTITY_VERIFICATION_NOT_SENT", "nothing was sent that could be confirmed")
  end
  return v
end

M.handlers["v2.identity_verification.confirm_identity_verification"] = function(world, req)
  local body = req.body
  local v = waiting(world, state.store(world, body.storeId), req.path.identityVerificationId)
  if v.method == "SMS" and body.otp == nil then
    answer.invalid("otp", "is needed for the SMS method")
  end
  local refusal = channels.outage(world, v.channel)
  if v.method == "SMS" and body.otp ~= settings.get(world, "v2_identity_otp") then
    refusal = refusal or { pg_code = "OTP_MISMATCH", pg_message = "the one-time password is wrong" }
  end
  if refusal then return answer.declined(refusal) end
  verified(world, v)
  return 200, { identityVerification = identity_view(world, v) }
end

M.handlers["v2.identity_verification.resend_identity_verification"] = function(world, req)
  local store = state.store(world, req.query.storeId)
  local v = waiting(world, store, req.path.identityVerificationId)
  local refusal = channels.outage(world, v.channel)
  if refusal then return answer.declined(refusal) end
  v.updated_at = world:now()
  return 200, {}
end

M.handlers["v2.identity_verification.get_identity_verification"] = function(world, req)
  local store = state.store(world, req.query.storeId)
  return 200, identity_view(world, find(world, store, req.path.identityVerificationId))
end

local TIMES = {
  REQUESTED_AT = function(v) return v.requested_at end,
  VERIFIED_AT = function(v) return v.verified_at end,
  FAILED_AT = function(v) return v.failed_at end,
  STATUS_UPDATED_AT = function(v) return v.changed_at end,
}

local function customer_passes(wanted, v)
  if not wanted then return true end
  local who = v.person or {}
  return lists.equals(wanted.name, v.customer.name)
    and lists.equals(wanted.phoneNumber, v.customer.phoneNumber)
    and lists.equals(wanted.birthYear, who.year)
    and lists.equals(wanted.birthMonth, who.month)
    and lists.equals(wanted.birthDay, who.day)
    and lists.equals(wanted.gender, who.gender)
end

local function passes(v, filter, first, last, at)
  local time = at(v)
  local provider = gateways.provider(v.channel.pg)
  return time ~= nil and time >= first and time <= last
    and lists.equals(filter.storeId, v.store)
    and lists.equals(filter.identityVerificationId, v.id)
    and lists.equals(filter.identityVerificationTxId, v.tx_id)
    and lists.equals(filter.isTest, true)
    and lists.names(filter.statuses, v.status)
    and lists.equals(filter.pgTxId, v.pg_tx_id)
    and lists.equals(filter.pgMerchantId, v.channel.pg_id)
    and lists.names(filter.pgProviders, provider)
    and lists.names(filter.pgCompanies, gateways.company(provider))
    and lists.names(filter.carriers, v.operator)
    and lists.equals(filter.version, "V2")
    and customer_passes(filter.customer, v)
end

M.handlers["v2.identity_verification.get_identity_verifications"] = function(world, req)
  local filter, sort = req.body.filter or {}, req.body.sort or {}
  if filter.storeId then state.store(world, filter.storeId) end
  local page = lists.page(req.body.page)
  local first, last = lists.window(world, filter)
  local at = TIMES[filter.timeRangeField or "REQUESTED_AT"]
  local found = lists.select(world.v2.identities.list, function(v)
    return passes(v, filter, first, last, at)
  end)
  lists.sort(found, TIMES[sort.by or "REQUESTED_AT"], sort.order)
  return 200, lists.paged(found, page, function(v) return identity_view(world, v) end)
end

M.actions = {}

--- The person gives up, or the carrier refuses: a verification that waits fails.
---@param world table
---@param args table { id, store_id?, reason? }
---@return boolean|nil ok
---@return string|nil problem
function M.actions.fail_identity(world, args)
  local key = state.key(args.store_id or world.config.store_id, args.id)
  local v = world.v2.identities.map[key]
  if not v or v.status ~= "READY" then return nil, "no such verification waits" end
  M.fail(world, v, { pg_code = "REFUSED", pg_message = args.reason or "refused" })
  return true
end

return M
