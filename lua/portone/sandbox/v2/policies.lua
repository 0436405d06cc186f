-- SPDX-License-Identifier: MIT
--- Policies of the platform settlement API: contracts, additional fees, discount shares.

local answer = require "portone.sandbox.v2.answer"
local json = require "portone.json"
local lists = require "portone.sandbox.v2.lists"
local resources = require "portone.sandbox.v2.resources"
local view = require "portone.sandbox.v2.view"

local M = { handlers = {} }

-- The one field that a union's input has.
local function only(path, input, names)
  local found
  for _, name in ipairs(names) do
    if input[name] ~= nil then
      if found then found = false break end
      found = name
    end
  end
  return found or answer.invalid(path, "exactly one of " .. table.concat(names, ", ")
    .. " is needed")
end
M.only = only

-- PlatformFee, from PlatformFeeInput.
local function fee(path, input)
  if only(path, input, { "fixedRate", "fixedAmount" }) == "fixedRate" then
    return { type = "FIXED_RATE", rate = input.fixedRate }
  end
  return { type = "FIXED_AMOUNT", amount = input.fixedAmount }
end

local METHODS = { daily = "DAILY", weekly = "WEEKLY", monthly = "MONTHLY",
  manualDates = "MANUAL_DATES" }

-- PlatformSettlementCycle, from PlatformSettlementCycleInput.
local function cycle(input)
  local name = only("settlementCycle.method", input.method,
    { "daily", "weekly", "monthly", "manualDates" })
  local method = view.copy(input.method[name])
  return { lagDays = input.lagDays, datePolicy = input.datePolicy, method = {
    type = METHODS[name], daysOfWeek = method.daysOfWeek, daysOfMonth = method.daysOfMonth,
    dates = method.dates } }
end

-- Copies the named fields of an input, those in `shapes` through their shape.
local function reader(names, shapes)
  return function(_, input)
    local out = {}
    for _, name in ipairs(names) do out[name] = view.copy(input[name]) end
    for name, shape in pairs(shapes) do
      if input[name] ~= nil then out[name] = shape(input[name]) end
    end
    return out
  end
end

-- Whether a text field contains what a keyword filter looks for, each field of it.
local function keyword_found(thing, keyword, texts)
  for name, wanted in pairs(keyword or {}) do
    local text = texts[name] and texts[name](thing)
    if not text or not tostring(text):find(wanted, 1, true) then return false end
  end
  return true
end
M.keyword_found = keyword_found

local TEXTS = {
  id = function(thing) return thing.id end,
  name = function(thing) return thing.fields.name end,
  fee = function(thing)
    local value = thing.fields.fee.rate or thing.fields.fee.amount
    return string.format("%d", value)
  end,
}

-- A policy is changed by the same fields that it is made of.
local function kind_of(k)
  k.make, k.change = k.read, function(world, _, update) return k.read(world, update) end
  return k
end

local function error_types(noun)
  return {
    not_found = "PLATFORM_" .. noun .. "_NOT_FOUND",
    exists = "PLATFORM_" .. noun .. "_ALREADY_EXISTS",
    archived = "PLATFORM_ARCHIVED_" .. noun,
    has_schedule = "PLATFORM_" .. noun .. "_SCHEDULE_ALREADY_EXISTS",
    scheduled = "PLATFORM_CANNOT_ARCHIVE_SCHEDULED_" .. noun,
  }
end
M.error_types = error_types

M.additional_fee_policy = kind_of {
  kind = "additional_fee_policy", one = "additionalFeePolicy",
  scheduled = "scheduledAdditionalFeePolicy", errors = error_types "ADDITIONAL_FEE_POLICY",
  read = reader({ "name", "memo", "vatPayer" },
    { fee = function(input) return fee("fee", input) end }),
  passes = function(thing, filter)
    return lists.names(filter.vatPayers, thing.fields.vatPayer)
      and keyword_found(thing, filter.keyword, TEXTS)
  end,
}

M.contract = kind_of {
  kind = "contract", one = "contract", scheduled = "scheduledContract",
  errors = error_types "CONTRACT",
  read = reader({ "name", "memo", "platformFeeVatPayer", "subtractPaymentVatAmount" }, {
    platformFee = function(input) return fee("platformFee", input) end,
    settlementCycle = cycle,
  }),
  passes = function(thing, filter)
    local fields = thing.fields
    return lists.names(filter.platformFeePayers, fields.platformFeeVatPayer)
      and lists.names(filter.cycleTypes, fields.settlementCycle.method.type)
      and lists.names(filter.datePolicies, fields.settlementCycle.datePolicy)
      and keyword_found(thing, filter.keyword, TEXTS)
  end,
}

M.discount_share_policy = kind_of {
  kind = "discount_share_policy", one = "discountSharePolicy",
  scheduled = "scheduledDiscountSharePolicy", errors = error_types "DISCOUNT_SHARE_POLICY",
  read = reader({ "name", "memo", "partnerShareRate" }, {}),
  passes = function(thing, filter)
    return lists.names(filter.partnerShareRates, thing.fields.partnerShareRate)
      and keyword_found(thing, filter.keyword, TEXTS)
  end,
}

-- Operation names: the policies' own group, and `platform` for what is scheduled.
local function register(kind, one, many)
  local group, platform = "v2.platform.policy.", "v2.platform."
  resources.storable(M.handlers, kind, {
    create = group .. "create_platform_" .. one, get = group .. "get_platform_" .. one,
    update = group .. "update_platform_" .. one, list = group .. "get_platform_" .. many })
  resources.archivable(M.handlers, kind, { archive = group .. "archive_platform_" .. one,
    recover = group .. "recover_platform_" .. one })
  resources.schedulable(M.handlers, kind, {
    schedule = platform .. "schedule_" .. one, reschedule = platform .. "reschedule_" .. one,
    get = platform .. "get_platform_" .. one .. "_schedule",
    cancel = platform .. "cancel_platform_" .. one .. "_schedule" })
end

register(M.additional_fee_policy, "additional_fee_policy", "additional_fee_policies")
register(M.contract, "contract", "contracts")
register(M.discount_share_policy, "discount_share_policy", "discount_share_policies")

M.handlers["v2.platform.get_platform_discount_share_policy_filter_options"] = function(world, req)
  local seen, rates = {}, {}
  local archived = req.query.isArchived
  if archived == "true" or archived == "false" then archived = archived == "true" end
  local found = resources.select(world, M.discount_share_policy, resources.is_test(req),
    { isArchived = archived })
  for _, thing in ipairs(found) do
    local rate = thing.fields.partnerShareRate
    if not seen[rate] then
      seen[rate] = true
      rates[#rates + 1] = rate
    end
  end
  table.sort(rates)
  return 200, { partnerShareRates = json.array(rates) }
end

-- What a new platform is set to.
local SETTING = { supportsMultipleOrderTransfersPerPartner = false,
  adjustSettlementDateAfterHolidayIfEarlier = false, deductWht = false,
  settlementAmountType = "GROSS", manualSettlementPerTransfer = false }

local function setting(world, req)
  local test = resources.is_test(req)
  local settings = world.v2.platform_settings
  settings[test] = settings[test] or view.copy(SETTING)
  settings[test].isForTest = test
  return settings[test]
end

M.handlers["v2.platform.get_platform_setting"] = function(world, req)
  return 200, view.copy(setting(world, req))
end

M.handlers["v2.platform.update_platform_setting"] = function(world, req)
  local current = setting(world, req)
  for _, name in ipairs { "defaultWithdrawalMemo", "defaultDepositMemo",
    "supportsMultipleOrderTransfersPerPartner", "adjustSettlementDateAfterHolidayIfEarlier",
    "deductWht", "settlementAmountType", "manualSettlementPerTransfer" } do
    if req.body[name] ~= nil then current[name] = req.body[name] end
  end
  return 200, { setting = view.copy(current) }
end

return M
