-- SPDX-License-Identifier: MIT
--- Tax invoices of the B2B API: drafted, requested, issued, cancelled, sent to the tax office.
--
-- NORMAL ones are issued by the supplier from a draft, REVERSE ones (the default) after the
-- recipient has requested them. Source: the operations' descriptions and error types. Everything
-- that other parties do at once succeeds at once here.

local answer = require "portone.sandbox.v2.answer"
local counterparties = require "portone.sandbox.v2.counterparties"
local json = require "portone.json"
local lists = require "portone.sandbox.v2.lists"
local resources = require "portone.sandbox.v2.resources"
local view = require "portone.sandbox.v2.view"

local M = { handlers = {} }

local NAME = "v2.b2b.tax_invoice."

local KIND = { kind = "tax_invoice", never_archived = true,
  errors = { not_found = "B2B_TAX_INVOICE_NOT_FOUND" } }

-- The business behind the sandbox's secret, for the side that a request leaves out.
local OWN = { brn = "1000000000", name = "sandbox", representativeName = "sandbox" }

local SIMPLE = { "taxationType", "serialNumber", "bookVolume", "bookIssue", "writeDate",
  "purposeType", "totalSupplyAmount", "totalTaxAmount", "totalAmount", "cashAmount",
  "checkAmount", "creditAmount", "noteAmount", "sendSms" }

-- The tenth of the month after the one it is written for.
local function due_date(write_date)
  local year, month = write_date:match("^(%d%d%d%d)%-(%d%d)%-%d%d$")
  if not year then answer.invalid("taxInvoice.writeDate", "expected yyyy-MM-dd") end
  year, month = tonumber(year), tonumber(month) + 1
  if month > 12 then year, month = year + 1, 1 end
  return string.format("%04d-%02d-10", year, month)
end

local function company(world, test, input, path)
  if input.counterpartyId
    and not resources.find(world, counterparties.kind, test, input.counterpartyId) then
    answer.refuse("B2B_COUNTERPARTY_NOT_FOUND", path .. ": no counterparty has this id",
      { counterpartyId = input.counterpartyId })
  end
  return view.copy(input)
end

-- Fields of a B2bTaxInvoiceInput; the issuance is REVERSE unless it or the operation says so.
local function read(world, test, input, issuance)
  local out = { issuanceType = input.issuanceType or issuance or "REVERSE",
    issuanceDueDate = due_date(input.writeDate) }
  for _, name in ipairs(SIMPLE) do out[name] = input[name] end
  for _, name in ipairs { "remarks", "items", "additionalContacts" } do
    out[name] = view.array(input[name])
  end
  if input.totalAmount ~= input.totalSupplyAmount + input.totalTaxAmount then
    answer.invalid("taxInvoice.totalAmount", "is not the sum of supply and tax")
  end
  if not input.supplier and out.issuanceType == "REVERSE" then
    answer.refuse("B2B_SUPPLIER_NOT_FOUND", "a reverse issuance needs its supplier")
  end
  out.supplier = company(world, test, input.supplier or OWN, "supplier")
  out.recipient = company(world, test, input.recipient, "recipient")
  return out
end

-- A document key belongs to one invoice of its business.
local function check_key(world, test, side, fields, key, self)
  if not key then return end
  local field = side .. "DocumentKey"
  for _, other in ipairs(resources.set(world, KIND).list) do
    if other ~= self and other.test == test and other.fields[field] == key
      and other.fields[side].brn == fields[side].brn then
      answer.refuse("B2B_TAX_INVOICE_" .. side:upper() .. "_DOCUMENT_KEY_ALREADY_USED",
        "the document key " .. key .. " is taken")
    end
  end
end

local function set_keys(world, fields, input, before)
  for _, side in ipairs { "supplier", "recipient" } do
    local field = side .. "DocumentKey"
    fields[field] = input[field] or before and before[field] or "doc-" .. world:hex(16)
  end
end

-- An invoice by the key of a request: its id, or a document key of one side's business.
local function by_key(world, test, key, kind, brn)
  kind = kind or "TAX_INVOICE_ID"
  if kind == "TAX_INVOICE_ID" then return resources.find(world, KIND, test, key) end
  local side = kind:lower()
  if not brn then answer.invalid("brn", "is needed with a document key") end
  for _, invoice in ipairs(resources.set(world, KIND).list) do
    if invoice.test == test and invoice.fields[side .. "DocumentKey"] == key
      and invoice.fields[side].brn == brn then return invoice end
  end
end

local function get(world, req)
  local query = req.query
  return by_key(world, resources.is_test(req), req.path.taxInvoiceKey, query.taxInvoiceKeyType,
    query.brn) or answer.refuse("B2B_TAX_INVOICE_NOT_FOUND", "no tax invoice has this key")
end

-- What an invoice that corrects another says of it.
local function modification(world, test, input, fields)
  if not input then return "NORMAL" end
  local original = by_key(world, test, input.taxInvoiceKey, input.taxInvoiceKeyType or "RECIPIENT",
    input.brn)
    or answer.refuse("B2B_ORIGINAL_TAX_INVOICE_NOT_FOUND", "no tax invoice has this key")
  if original.fields.status ~= "SENDING_COMPLETED" then
    answer.refuse("B2B_TAX_INVOICE_STATUS_NOT_SENDING_COMPLETED", "the original was not sent")
  elseif original.fields.taxationType ~= fields.taxationType then
    answer.refuse("B2B_CANNOT_CHANGE_TAX_TYPE", "the original is taxed otherwise")
  end
  local before = original.fields.modification
  fields.modification = { type = input.type, originalTaxInvoiceId = original.id,
    originalNtsApprovalNumber = original.fields.ntsApprovalNumber,
    rootTaxInvoiceId = before and before.rootTaxInvoiceId or original.id }
  return "MODIFICATION"
end

local function show(world, invoice)
  local out = view.copy(invoice.fields)
  out.id = invoice.id
  for name, at in pairs(invoice.times) do out[name] = view.time(world, at) end
  return out
end

local function one(world, invoice)
  return 200, { taxInvoice = show(world, invoice) }
end

-- Whether an invoice in a status still has a way to go.
local ENDED = { SENDING_COMPLETED = true, REQUEST_CANCELLED = true, REQUEST_REFUSED = true,
  ISSUANCE_CANCELLED = true }

local function move(world, invoice, status, time)
  invoice.fields.status, invoice.ongoing = status, not ENDED[status]
  invoice.times.statusUpdatedAt = world:now()
  if time then invoice.times[time] = world:now() end
end

local function issue(world, invoice)
  move(world, invoice, "ISSUED", "issuedAt")
  invoice.fields.ntsApprovalNumber = world:digits(24)
end

-- A new invoice; `only` is the one issuance type that the operation takes, if it takes one.
local function create(world, req, only)
  local test, body = resources.is_test(req), req.body
  local input = body.taxInvoice
  local fields = read(world, test, input, only)
  if only and fields.issuanceType ~= only then
    answer.refuse("B2B_ISSUANCE_TYPE_MISMATCH", "the operation is for " .. only .. " issuance")
  end
  check_key(world, test, "supplier", fields, input.supplierDocumentKey)
  check_key(world, test, "recipient", fields, input.recipientDocumentKey)
  fields.documentModificationType = modification(world, test, body.modification, fields)
  fields.memo = body.memo
  set_keys(world, fields, input)
  local invoice = resources.add(world, KIND, test, nil, fields)
  invoice.times, invoice.attachments = {}, {}
  move(world, invoice, "DRAFTED", "draftedAt")
  return invoice
end

M.handlers[NAME .. "draft_b2b_tax_invoice"] = function(world, req)
  return one(world, create(world, req))
end

M.handlers[NAME .. "issue_b2b_tax_invoice_immediately"] = function(world, req)
  local invoice = create(world, req, "NORMAL")
  issue(world, invoice)
  return one(world, invoice)
end

M.handlers[NAME .. "request_b2b_tax_invoice_reverse_issuance"] = function(world, req)
  local invoice = create(world, req, "REVERSE")
  move(world, invoice, "REQUESTED", "requestedAt")
  return one(world, invoice)
end

local function needs(invoice, status, type)
  if invoice.fields.status ~= status then
    answer.refuse(type, "the tax invoice is " .. invoice.fields.status)
  end
end

M.handlers[NAME .. "update_b2b_tax_invoice_draft"] = function(world, req)
  local test, body = resources.is_test(req), req.body
  local invoice = by_key(world, test, body.taxInvoiceKey, body.taxInvoiceKeyType or "RECIPIENT",
    body.brn) or answer.refuse("B2B_TAX_INVOICE_NOT_FOUND", "no tax invoice has this key")
  needs(invoice, "DRAFTED", "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS")
  local fields = read(world, test, body.taxInvoice)
  check_key(world, test, "supplier", fields, body.taxInvoice.supplierDocumentKey, invoice)
  check_key(world, test, "recipient", fields, body.taxInvoice.recipientDocumentKey, invoice)
  local before = invoice.fields
  set_keys(world, fields, body.taxInvoice, before)
  fields.status, fields.memo = before.status, body.memo or before.memo
  fields.documentModificationType = before.documentModificationType
  fields.modification = before.modification
  invoice.fields = fields
  return one(world, invoice)
end

M.handlers[NAME .. "request_b2b_tax_invoice"] = function(world, req)
  local invoice = get(world, req)
  needs(invoice, "DRAFTED", "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS")
  if invoice.fields.issuanceType ~= "REVERSE" then
    answer.refuse("B2B_ISSUANCE_TYPE_MISMATCH", "only a reverse issuance is requested")
  end
  move(world, invoice, "REQUESTED", "requestedAt")
  return one(world, invoice)
end

M.handlers[NAME .. "issue_b2b_tax_invoice"] = function(world, req)
  local invoice = get(world, req)
  if invoice.fields.issuanceType == "REVERSE" then
    needs(invoice, "REQUESTED", "B2B_TAX_INVOICE_NOT_REQUESTED_STATUS")
  else
    needs(invoice, "DRAFTED", "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS")
  end
  issue(world, invoice)
  return one(world, invoice)
end

-- An operation that only moves an invoice from one status to another.
local function mover(name, from, type, to)
  M.handlers[NAME .. name] = function(world, req)
    local invoice = get(world, req)
    needs(invoice, from, type)
    move(world, invoice, to)
    if (req.body or {}).memo then invoice.fields.memo = req.body.memo end
    return one(world, invoice)
  end
end

mover("cancel_b2b_tax_invoice_request", "REQUESTED", "B2B_TAX_INVOICE_NOT_REQUESTED_STATUS",
  "REQUEST_CANCELLED")
mover("refuse_b2b_tax_invoice_request", "REQUESTED", "B2B_TAX_INVOICE_NOT_REQUESTED_STATUS",
  "REQUEST_REFUSED")
mover("cancel_b2b_tax_invoice_issuance", "ISSUED", "B2B_TAX_INVOICE_NOT_ISSUED_STATUS",
  "ISSUANCE_CANCELLED")

M.handlers[NAME .. "send_to_nts_b2b_tax_invoice"] = function(world, req)
  local invoice = get(world, req)
  needs(invoice, "ISSUED", "B2B_TAX_INVOICE_NOT_ISSUED_STATUS")
  move(world, invoice, "SENDING_COMPLETED", "ntsSentAt")
  invoice.times.ntsResultReceivedAt = world:now()
  invoice.fields.ntsResult, invoice.fields.ntsResultCode = "success", "SUC001"
  return one(world, invoice)
end

M.handlers[NAME .. "get_b2b_tax_invoice"] = function(world, req)
  return 200, show(world, get(world, req))
end

local DELETABLE = { DRAFTED = true, REQUEST_REFUSED = true, REQUEST_CANCELLED = true,
  ISSUANCE_CANCELLED = true, SENDING_FAILED = true }

M.handlers[NAME .. "delete_b2b_tax_invoice"] = function(world, req)
  local invoice = get(world, req)
  if not DELETABLE[invoice.fields.status] then
    answer.refuse("B2B_TAX_INVOICE_NON_DELETABLE_STATUS",
      "the tax invoice is " .. invoice.fields.status)
  end
  resources.remove(world, KIND, invoice)
  return 200, {}
end

for _, what in ipairs { "pdf_download", "popup", "print" } do
  M.handlers[NAME .. "get_b2b_tax_invoice_" .. what .. "_url"] = function(world, req)
    return 200, { url = "https://b2b.portone.invalid/" .. what .. "/" .. get(world, req).id }
  end
end

-- {====== Attachments ======

M.handlers[NAME .. "create_b2b_file_upload_url"] = function(world, req)
  local id = world:uuid()
  resources.set(world, { kind = "file" }).map[id] = req.body.fileName
  return 200, { fileId = id, url = "https://upload.portone.invalid/" .. id }
end

M.handlers[NAME .. "attach_b2b_tax_invoice_file"] = function(world, req)
  local invoice = get(world, req)
  needs(invoice, "DRAFTED", "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS")
  local name = resources.set(world, { kind = "file" }).map[req.body.fileId]
    or answer.refuse("B2B_FILE_NOT_FOUND", "no file has this id")
  table.insert(invoice.attachments, { id = world:uuid(), name = name,
    attachedAt = view.time(world, world:now()) })
  return 200, ""
end

M.handlers[NAME .. "get_b2b_tax_invoice_attachments"] = function(world, req)
  return 200, { attachments = view.array(get(world, req).attachments) }
end

M.handlers[NAME .. "delete_b2b_tax_invoice_attachment"] = function(world, req)
  local invoice = get(world, req)
  needs(invoice, "DRAFTED", "B2B_TAX_INVOICE_NOT_DRAFTED_STATUS")
  for i, attachment in ipairs(invoice.attachments) do
    if attachment.id == req.path.attachmentId then
      table.remove(invoice.attachments, i)
      return 200, ""
    end
  end
  answer.refuse("B2B_TAX_INVOICE_ATTACHMENT_NOT_FOUND", "the tax invoice has no such file")
end

-- }======

-- B2bTaxInvoiceSummary.
local function summary(world, invoice)
  local full = show(world, invoice)
  local out = { items = full.items or json.array {} }
  for _, name in ipairs { "id", "taxationType", "documentModificationType", "issuanceType",
    "totalSupplyAmount", "totalTaxAmount", "totalAmount", "purposeType", "supplierDocumentKey",
    "recipientDocumentKey", "writeDate", "issuanceDueDate", "status", "draftedAt", "requestedAt",
    "issuedAt", "statusUpdatedAt", "ntsSentAt", "ntsApprovalNumber", "ntsResult",
    "ntsResultReceivedAt", "ntsResultCode", "memo" } do out[name] = full[name] end
  for _, side in ipairs { "supplier", "recipient" } do
    local c = full[side]
    out[side .. "Brn"], out[side .. "Name"] = c.brn or "", c.name or ""
    out[side .. "RepresentativeName"] = c.representativeName or ""
    out[side .. "CounterpartyId"] = c.counterpartyId
  end
  return out
end

-- The day, yyyy-MM-dd, that a date filter looks at.
local DATES = {
  REGISTER = function(world, i) return world:iso(i.created_at):sub(1, 10) end,
  WRITE = function(_, i) return i.fields.writeDate end,
  ISSUE = function(world, i) return i.times.issuedAt and world:iso(i.times.issuedAt):sub(1, 10) end,
}

local function in_dates(world, invoice, filter)
  if not filter or not filter.dateRange then return true end
  local day = DATES[filter.dateType or "REGISTER"](world, invoice)
  for _, range in ipairs(filter.dateRange) do
    if day and day >= (range.from or day) and day <= (range["until"] or day) then return true end
  end
  return false
end

local function primary_passes(world, invoice, filter)
  local f = invoice.fields
  return in_dates(world, invoice, filter.dateFilter)
    and lists.equals(filter.taxInvoiceId, invoice.id)
    and lists.names(filter.taxInvoiceIds, invoice.id)
    and lists.equals(filter.bulkTaxInvoiceId, nil)
    and lists.equals(filter.payoutId, nil)
    and lists.equals(filter.ntsApprovalNumber, f.ntsApprovalNumber)
    and lists.equals(filter.supplierDocumentKey, f.supplierDocumentKey)
    and lists.equals(filter.recipientDocumentKey, f.recipientDocumentKey)
end

local function passes(invoice, filter)
  local f = invoice.fields
  local partner = f.issuanceType == "REVERSE" and f.supplier or f.recipient
  return lists.equals(filter.supplierBrn, f.supplier.brn)
    and lists.equals(filter.partnerBrn, partner.brn)
    and lists.names(filter.statuses, f.status)
    and lists.names(filter.taxationTypes, f.taxationType)
    and lists.names(filter.documentModificationTypes, f.documentModificationType)
    and lists.equals(filter.isDelayed, false)
    and lists.names(filter.issuanceTypes, f.issuanceType)
    and lists.names(filter.purposeTypes, f.purposeType)
    and (filter.counterpartyId == nil or filter.counterpartyId == f.supplier.counterpartyId
      or filter.counterpartyId == f.recipient.counterpartyId)
end
KIND.passes = passes

-- What a sort reads; dates compare as numbers.
local SORTS = {
  WRITE_DATE = function(i) return tonumber((i.fields.writeDate:gsub("%-", ""))) end,
  ISSUANCE_DUE_DATE = function(i) return tonumber((i.fields.issuanceDueDate:gsub("%-", ""))) end,
  TOTAL_AMOUNT = function(i) return i.fields.totalAmount end,
  TOTAL_SUPPLY_AMOUNT = function(i) return i.fields.totalSupplyAmount end,
  TOTAL_TAX_AMOUNT = function(i) return i.fields.totalTaxAmount end,
  REQUESTED_AT = function(i) return i.times.requestedAt end,
  ISSUED_AT = function(i) return i.times.issuedAt end,
  NTS_SENT_AT = function(i) return i.times.ntsSentAt end,
  STATUS_UPDATED_AT = function(i) return i.times.statusUpdatedAt end,
}

-- This list has a page input of its own: 500 by default, 1,000 at most.
M.handlers[NAME .. "get_b2b_tax_invoices"] = function(world, req)
  local body, test = req.body, resources.is_test(req) or req.body.test == true
  local page = lists.page { number = body.pageNumber, size = body.pageSize or 500 }
  if page.size > 1000 then answer.invalid("pageSize", "must not exceed 1000") end
  local filter, sort = body.filter or {}, body.sort or {}
  local found = lists.select(resources.select(world, KIND, test, filter), function(invoice)
    return primary_passes(world, invoice, filter.primaryFilter or {})
  end)
  lists.sort(found, SORTS[sort.by or "STATUS_UPDATED_AT"], sort.order)
  return 200, lists.paged(found, page, function(invoice) return summary(world, invoice) end)
end

return M
