-- SPDX-License-Identifier: MIT
--- Partners of the platform settlement API.

local answer = require "portone.sandbox.v2.answer"
local json = require "portone.json"
local lists = require "portone.sandbox.v2.lists"
local policies = require "portone.sandbox.v2.policies"
local resources = require "portone.sandbox.v2.resources"
local view = require "portone.sandbox.v2.view"

local M = { handlers = {} }

local TYPES = { business = "BUSINESS", whtPayer = "WHT_PAYER", nonWhtPayer = "NON_WHT_PAYER" }

local BUSINESS = { "companyName", "taxationType", "businessRegistrationNumber",
  "representativeName", "companyAddress", "businessType", "businessClass" }

-- What the input says over what was known of a business.
local function business(input, before)
  local out = { type = "BUSINESS", taxationType = before.taxationType or "NORMAL",
    businessStatus = before.businessStatus or "NOT_VERIFIED",
    memberCompanyConnectionStatus = before.memberCompanyConnectionStatus or "NOT_CONNECTED" }
  for _, name in ipairs(BUSINESS) do
    local value = input[name]
    if value == nil then value = before[name] end
    if value ~= nil then out[name] = value end
  end
  if not (out.companyName and out.businessRegistrationNumber and out.representativeName) then
    answer.refuse("PLATFORM_INSUFFICIENT_DATA_TO_CHANGE_PARTNER_TYPE",
      "a business needs its name, number and representative")
  end
  return out
end

-- PlatformPartnerType, from the input and the type before.
local function partner_type(input, before)
  local name = policies.only("type", input, { "business", "whtPayer", "nonWhtPayer" })
  before = before and before.type == TYPES[name] and before or {}
  if name == "business" then return business(input.business, before) end
  return { type = TYPES[name], birthdate = input[name].birthdate or before.birthdate }
end

local function account(input)
  return { bank = input.bank, currency = input.currency, number = input.number,
    holder = input.holder,
    status = input.accountVerificationId and "VERIFIED" or "NOT_VERIFIED" }
end

local function check_contract(world, test, id)
  if id and not resources.find(world, policies.contract, test, id) then
    answer.refuse("PLATFORM_CONTRACT_NOT_FOUND", "no contract has the id " .. id)
  end
end

-- Fields of an input, over those of a partner as it is.
local function read(world, input, test, before)
  check_contract(world, test, input.defaultContractId)
  local out = {}
  for _, name in ipairs { "name", "defaultContractId", "memo", "userDefinedProperties" } do
    out[name] = view.copy(input[name])
  end
  if input.tags then out.tags = view.array(input.tags) end
  if input.account then out.account = account(input.account) end
  if input.type then out.type = partner_type(input.type, before.type) end
  if input.contact then
    out.contact = view.copy(before.contact or {})
    for name, value in pairs(input.contact) do out.contact[name] = value end
  end
  return out
end

local function make(world, input, test)
  local fields = read(world, input, test, {})
  fields.status = "APPROVED"
  fields.userDefinedProperties = fields.userDefinedProperties or {}
  return fields
end

local function any_tag(filter, tags)
  if not filter or #filter == 0 then return true end
  for _, tag in ipairs(tags) do
    if lists.names(filter, tag) then return true end
  end
  return false
end

local TEXTS = {
  id = function(p) return p.id end,
  name = function(p) return p.fields.name end,
  email = function(p) return p.fields.contact.email end,
  businessRegistrationNumber = function(p) return p.fields.type.businessRegistrationNumber end,
  defaultContractId = function(p) return p.fields.defaultContractId end,
  memo = function(p) return p.fields.memo end,
  accountNumber = function(p) return p.fields.account.number end,
  accountHolder = function(p) return p.fields.account.holder end,
}

local function passes(p, filter)
  local fields, type = p.fields, p.fields.type
  return any_tag(filter.tags, fields.tags)
    and lists.names(filter.banks, fields.account.bank)
    and lists.names(filter.accountCurrencies, fields.account.currency)
    and lists.names(filter.accountStatuses, fields.account.status)
    and lists.names(filter.ids, p.id)
    and lists.names(filter.contractIds, fields.defaultContractId)
    and lists.names(filter.types, type.type)
    and lists.names(filter.taxationTypes, type.taxationType)
    and lists.names(filter.businessStatuses, type.businessStatus)
    and lists.names(filter.memberCompanyConnectionStatuses, type.memberCompanyConnectionStatus)
    and policies.keyword_found(p, filter.keyword, TEXTS)
end

local errors = policies.error_types "PARTNER"
errors.exists = "PLATFORM_PARTNER_ID_ALREADY_EXISTS"

local function connected(p)
  return p.fields.type.memberCompanyConnectionStatus == "CONNECTED"
end

M.partner = {
  kind = "partner", one = "partner", scheduled = "scheduledPartner", errors = errors,
  make = make, passes = passes,
  change = function(world, p, update) return read(world, update, p.test, p.fields) end,
  busy = function(p)
    if connected(p) then
      answer.refuse("PLATFORM_MEMBER_COMPANY_CONNECTED_PARTNER_CANNOT_BE_SCHEDULED",
        "a connected partner cannot be scheduled")
    end
  end,
}

local GROUP, PLATFORM = "v2.platform.partner.", "v2.platform."

resources.storable(M.handlers, M.partner, { create = GROUP .. "create_platform_partner",
  get = GROUP .. "get_platform_partner", update = GROUP .. "update_platform_partner",
  list = GROUP .. "get_platform_partners" })
resources.archivable(M.handlers, M.partner, { archive = GROUP .. "archive_platform_partner",
  recover = GROUP .. "recover_platform_partner" })
resources.schedulable(M.handlers, M.partner, { schedule = PLATFORM .. "schedule_partner",
  reschedule = PLATFORM .. "reschedule_partner",
  get = PLATFORM .. "get_platform_partner_schedule",
  cancel = PLATFORM .. "cancel_platform_partner_schedule" })

-- The ids of a batch that are already taken, or are in it twice.
local function clashes(world, test, inputs)
  local seen, twice, taken, graphql = {}, {}, {}, {}
  for _, input in ipairs(inputs) do
    local before = input.id and resources.find(world, M.partner, test, input.id)
    if input.id and seen[input.id] then twice[#twice + 1] = input.id end
    if before then
      taken[#taken + 1], graphql[#graphql + 1] = input.id, before.graphql_id
    end
    if input.id then seen[input.id] = true end
  end
  return twice, taken, graphql
end

M.handlers[GROUP .. "create_platform_partners"] = function(world, req)
  local test, inputs = resources.is_test(req), req.body.partners
  local twice, taken, graphql = clashes(world, test, inputs)
  if #twice > 0 then
    answer.refuse("PLATFORM_PARTNER_IDS_DUPLICATED", "an id is given twice",
      { ids = json.array(twice), graphqlIds = json.array {} })
  elseif #taken > 0 then
    answer.refuse("PLATFORM_PARTNER_IDS_ALREADY_EXISTS", "an id is taken",
      { ids = json.array(taken), graphqlIds = json.array(graphql) })
  end
  local missing, made = {}, {}
  for _, input in ipairs(inputs) do
    if not resources.find(world, policies.contract, test, input.defaultContractId) then
      missing[#missing + 1] = input.defaultContractId
    end
  end
  if #missing > 0 then
    answer.refuse("PLATFORM_CONTRACTS_NOT_FOUND", "a contract does not exist",
      { ids = json.array(missing), graphqlIds = json.array {} })
  end
  for i, input in ipairs(inputs) do made[i] = make(world, input, test) end
  for i, fields in ipairs(made) do
    made[i] = resources.view(world, M.partner,
      resources.add(world, M.partner, test, inputs[i].id, fields))
  end
  return 200, { partners = json.array(made) }
end

local function ids_of(things)
  local ids, graphql = {}, {}
  for i, thing in ipairs(things) do ids[i], graphql[i] = thing.id, thing.graphql_id end
  return { ids = json.array(ids), graphqlIds = json.array(graphql) }
end

local function check_none(things, wrong, type, message, plain)
  local found = lists.select(things, wrong)
  if #found > 0 then answer.refuse(type, message, not plain and ids_of(found) or nil) end
end

-- All that the filter finds, or none.
M.handlers[PLATFORM .. "schedule_platform_partners"] = function(world, req)
  local body, test = req.body, resources.is_test(req)
  local at = resources.applied_at(world, body)
  local found = resources.select(world, M.partner, test, body.filter or {})
  check_none(found, function(p) return p.archived end,
    "PLATFORM_ARCHIVED_PARTNERS_CANNOT_BE_SCHEDULED", "archived ones are among them", true)
  check_none(found, function(p) return p.pending ~= nil end,
    "PLATFORM_PARTNER_SCHEDULES_ALREADY_EXIST", "changes are scheduled already")
  check_none(found, connected, "PLATFORM_MEMBER_COMPANY_CONNECTED_PARTNERS_CANNOT_BE_SCHEDULED",
    "connected ones are among them")
  local changes = {}
  for i, p in ipairs(found) do changes[i] = M.partner.change(world, p, body.update) end
  for i, p in ipairs(found) do resources.schedule(world, p, changes[i], at) end
  return 200, {}
end

M.handlers[PLATFORM .. "get_platform_partner_filter_options"] = function(world, req)
  local test, archived = resources.is_test(req), req.query.isArchived
  if archived == "true" or archived == "false" then archived = archived == "true" end
  local seen, tags, contracts = {}, {}, {}
  for _, p in ipairs(resources.select(world, M.partner, test, { isArchived = archived })) do
    for _, tag in ipairs(p.fields.tags) do
      if not seen["tag " .. tag] then
        seen["tag " .. tag] = true
        tags[#tags + 1] = tag
      end
    end
    local id = p.fields.defaultContractId
    local contract = resources.find(world, policies.contract, test, id)
    if contract and not seen["contract " .. id] then
      seen["contract " .. id] = true
      contracts[#contracts + 1] = { id = id, name = contract.fields.name }
    end
  end
  return 200, { tags = json.array(tags), contractSummary = json.array(contracts) }
end

-- A partner whose counterparty can be connected or disconnected, or a refusal.
local function taxable_business(world, req)
  local p = resources.get(world, M.partner, req)
  if p.archived then
    answer.refuse("PLATFORM_ARCHIVED_PARTNER_NTS_NOT_ALLOWED", "the partner is archived")
  elseif p.fields.type.type ~= "BUSINESS" then
    answer.refuse("PLATFORM_PARTNER_TYPE_IS_NOT_BUSINESS", "the partner is not a business")
  elseif p.fields.type.taxationType == "SIMPLE" then
    answer.refuse("PLATFORM_PARTNER_TAXATION_TYPE_IS_SIMPLE", "the partner is taxed simply")
  end
  return p
end

M.handlers[GROUP .. "connect_partner_counterparty"] = function(world, req)
  local p = taxable_business(world, req)
  if p.pending then
    answer.refuse("PLATFORM_PARTNER_SCHEDULE_EXISTS", "changes are scheduled")
  elseif connected(p) then
    answer.refuse("PLATFORM_COUNTERPARTY_NOT_CONNECTABLE_STATUS", "it is connected already")
  end
  p.fields.type.memberCompanyConnectionStatus = "CONNECTED"
  return 200, { partner = resources.view(world, M.partner, p) }
end

M.handlers[GROUP .. "disconnect_partner_counterparty"] = function(world, req)
  local p = taxable_business(world, req)
  if not connected(p) then
    answer.refuse("PLATFORM_COUNTERPARTY_NOT_CONNECTED", "it is not connected")
  end
  p.fields.type.memberCompanyConnectionStatus = "NOT_CONNECTED"
  return 200, { partner = resources.view(world, M.partner, p) }
end

return M
