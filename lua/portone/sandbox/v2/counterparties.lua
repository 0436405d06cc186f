-- SPDX-License-Identifier: MIT
--- Counterparties of the B2B tax invoice API.

local answer = require "portone.sandbox.v2.answer"
local lists = require "portone.sandbox.v2.lists"
local resources = require "portone.sandbox.v2.resources"
local view = require "portone.sandbox.v2.view"

local M = { handlers = {} }

-- How many additional contacts one may have; the API has the error, not the number.
local MAX_CONTACTS = 5

local FIELDS = { "brn", "representativeName", "address", "businessType", "businessClass",
  "contact", "memo" }

-- Fields of a B2bCounterpartyInput.
local function read(input)
  local out = {}
  for _, name in ipairs(FIELDS) do out[name] = view.copy(input[name]) end
  out.companyName = input.name
  if input.additionalContacts then
    if #input.additionalContacts > MAX_CONTACTS then
      answer.refuse("B2B_COUNTERPARTY_TOO_MANY_ADDITIONAL_CONTACTS", "too many contacts")
    end
    out.additionalContacts = view.array(input.additionalContacts)
  end
  return out
end

-- Without a look-up of the business, the request has to say who it is.
local function check_complete(fields)
  if not (fields.companyName and fields.representativeName and fields.contact) then
    answer.refuse("B2B_COUNTERPARTY_MISSING_REQUIRED_FIELDS",
      "name, representativeName and contact are needed")
  end
end

local function check_number(brn)
  if not brn:find("^%d%d%d%d%d%d%d%d%d%d$") then
    answer.refuse("B2B_COUNTERPARTY_BRN_INVALID", "a business number has ten digits")
  end
end

M.kind = { kind = "counterparty", path = "counterpartyId", never_archived = true,
  errors = { not_found = "B2B_COUNTERPARTY_NOT_FOUND" } }

local function one(world, thing)
  return 200, { counterparty = resources.view(world, M.kind, thing) }
end

local NAME = "v2.b2b.counterparty."

M.handlers[NAME .. "create_b2b_counterparty"] = function(world, req)
  local test, id, input = resources.is_test(req), req.body.counterpartyId, req.body.counterparty
  check_number(input.brn)
  if id and resources.find(world, M.kind, test, id) then
    answer.refuse("B2B_COUNTERPARTY_ID_ALREADY_EXISTS", "the id " .. id .. " is taken")
  end
  local fields = read(input)
  check_complete(fields)
  fields.additionalContacts = fields.additionalContacts or view.array {}
  fields.ntsConnectionStatus, fields.businessStatus = "NOT_CONNECTED", "UNKNOWN"
  return one(world, resources.add(world, M.kind, test, id, fields))
end

M.handlers[NAME .. "get_b2b_counterparty"] = function(world, req)
  return 200, resources.view(world, M.kind, resources.get(world, M.kind, req))
end

M.handlers[NAME .. "update_b2b_counterparty"] = function(world, req)
  local thing, input = resources.get(world, M.kind, req), req.body.counterparty
  if input.brn ~= thing.fields.brn then
    answer.refuse("B2B_COUNTERPARTY_BRN_MODIFICATION_NOT_ALLOWED",
      "the business number stays as it was")
  end
  for name, value in pairs(read(input)) do thing.fields[name] = value end
  thing.applied_at = world:now()
  return one(world, thing)
end

-- Tax invoices that name a counterparty and are still on their way.
local function in_use(world, thing)
  local set = world.v2.resources.tax_invoice or { list = {} }
  for _, invoice in ipairs(set.list) do
    if invoice.ongoing and (invoice.fields.supplier.counterpartyId == thing.id
      or invoice.fields.recipient.counterpartyId == thing.id) then return true end
  end
  return false
end

M.handlers[NAME .. "delete_b2b_counterparty"] = function(world, req)
  local thing = resources.get(world, M.kind, req)
  if in_use(world, thing) then
    answer.refuse("B2B_COUNTERPARTY_ONGOING_TAX_INVOICE_EXISTS",
      "a tax invoice of this counterparty is on its way")
  end
  resources.remove(world, M.kind, thing)
  return 200, {}
end

local function has(text, wanted)
  return wanted == nil or text ~= nil and text:find(wanted, 1, true) ~= nil
end

local function passes(thing, filter)
  local fields = thing.fields
  return lists.equals(filter.id, thing.id) and lists.names(filter.counterpartyIds, thing.id)
    and has(fields.brn, filter.brn) and has(fields.companyName, filter.companyName)
    and has(fields.representativeName, filter.representativeName)
    and has(fields.contact.name, filter.contactName)
    and has(fields.contact.phoneNumber, filter.contactPhone)
    and has(fields.contact.email, filter.contactEmail)
    and lists.names(filter.businessStatuses, fields.businessStatus)
    and lists.names(filter.ntsConnectionStatuses, fields.ntsConnectionStatus)
end
M.kind.passes = passes

M.handlers[NAME .. "get_b2b_counterparties"] = function(world, req)
  local page = lists.page(req.body.page)
  local found = resources.select(world, M.kind, resources.is_test(req), req.body.filter or {})
  lists.sort(found, function(thing) return thing.created_at end)
  return 200, lists.paged(found, page, function(thing)
    return resources.view(world, M.kind, thing)
  end)
end

return M
