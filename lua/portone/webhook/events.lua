-- SPDX-License-Identifier: MIT
-- The events of V2 webhooks, and how a body becomes one. Facts: the guide page "webhook"
-- (readme-v2), "confirm-process" (readme-v2), and for tax invoices the platform's own.

local core = require "portone.core"
local form = require "portone.webhook.form"
local json = require "portone.json"

local M = {}

-- Fields that an event's data must have: texts, and with # numbers.
local payment = { "storeId", "paymentId", "transactionId" }
local cancellation = { "storeId", "paymentId", "transactionId", "cancellationId" }
-- The page shows the confirm request without storeId, the official SDK types it: not required.
local confirm = { "paymentId", "transactionId", "#totalAmount" }
local billing_key = { "storeId", "billingKey" }
local tax_invoice = {
  "taxInvoiceId", "supplierDocumentKey", "recipientDocumentKey", "status", "supplierBrn",
  "#totalAmount", "#totalSupplyAmount", "#totalTaxAmount",
}

---Every event PortOne documents, with the fields its data must have.
M.types = {
  ["Transaction.Ready"] = payment,
  ["Transaction.Paid"] = payment,
  ["Transaction.VirtualAccountIssued"] = payment,
  ["Transaction.PartialCancelled"] = cancellation,
  ["Transaction.Cancelled"] = cancellation,
  ["Transaction.CancelPending"] = cancellation,
  ["Transaction.Failed"] = payment,
  ["Transaction.PayPending"] = payment,
  ["Transaction.DisputeCreated"] = payment,
  ["Transaction.DisputeResolved"] = payment,
  ["Transaction.Confirm"] = confirm,
  ["BillingKey.Ready"] = billing_key,
  ["BillingKey.Issued"] = billing_key,
  ["BillingKey.Failed"] = billing_key,
  ["BillingKey.Deleted"] = billing_key,
  ["BillingKey.Updated"] = billing_key,
  ["TaxInvoice.Requested"] = tax_invoice,
  ["TaxInvoice.Issued"] = tax_invoice,
  ["TaxInvoice.RequestCancelled"] = tax_invoice,
  ["TaxInvoice.IssuanceCancelled"] = tax_invoice,
  ["TaxInvoice.Refused"] = tax_invoice,
  ["TaxInvoice.SendingCompleted"] = tax_invoice,
  ["TaxInvoice.Manual"] = tax_invoice,
}

-- Version 2024-01-01 knows payments only, has no storeId and no cancellationId.
local old_fields = { "paymentId", "transactionId" }
local old_types = {
  ["Transaction.Ready"] = old_fields, ["Transaction.Paid"] = old_fields,
  ["Transaction.VirtualAccountIssued"] = old_fields,
  ["Transaction.PartialCancelled"] = old_fields, ["Transaction.Cancelled"] = old_fields,
  ["Transaction.Failed"] = old_fields, ["Transaction.PayPending"] = old_fields,
  ["Transaction.CancelPending"] = old_fields, ["Transaction.Confirm"] = confirm,
}

M.versions = { ["2024-04-25"] = true, ["2024-01-01"] = true }

---@class portone.Event
---@field id string           webhook-id: the same on every retry of one message
---@field sent_at integer     webhook-timestamp: unix seconds of this attempt
---@field secret? integer     which of several secrets signed it
---@field version? string     "2024-04-25" or "2024-01-01"; absent when the body is of neither form
---@field type? string        "Transaction.Paid"; the same names for both versions
---@field known boolean       the type is documented and its data has every field it must have
---@field problems? string[]  why a documented type is not known: "data.paymentId: missing"
---@field timestamp? string   RFC 3339: when it happened (2024-04-25)
---@field data table          camelCase, also for version 2024-01-01; empty when there is none
---@field body any            the decoded body as it was sent

-- What is wrong with the data of an event: a list of texts.
local function problems_of(data, required)
  local out = {}
  for _, name in ipairs(required) do
    local expected = name:sub(1, 1) == "#" and "number" or "string"
    name = name:gsub("^#", "")
    local value = data[name]
    if type(value) ~= expected or value == "" then
      out[#out + 1] = value == nil and ("data.%s: missing"):format(name)
        or value == "" and ("data.%s: empty"):format(name)
        or ("data.%s: expected %s, got %s"):format(name, expected, type(value))
    end
  end
  return out
end

-- The fields that every event has in one constructor, so that its table gets its size once;
-- 'id' and 'sent_at' are the caller's to fill.
local function new_event(body, version, kind, data, required)
  local known = required ~= nil and core.webhook_fits(data, required)
  if type(data) ~= "table" then
    data = {}
  end
  local event = {
    id = "", sent_at = 0, version = version, type = kind, known = known,
    timestamp = version and body.timestamp, data = data, body = body,
  }
  if required and not known then
    event.problems = problems_of(data, required)
  end
  return event
end

local function read_old(body)
  local data = { paymentId = body.payment_id, transactionId = body.tx_id }
  local kind
  if type(body.status) == "string" then
    kind = "Transaction." .. body.status
  elseif body.total_amount ~= nil then
    kind = "Transaction.Confirm"
    data.totalAmount = tonumber(body.total_amount)  -- digits in a form
  end
  return new_event(body, "2024-01-01", kind, data, kind and old_types[kind])
end

local BRACE = 123  -- what a JSON object begins with

-- The decoded body, and whether it was a form; or nil, problem.
local function decode(text)
  if text:byte() == BRACE or not form.looks_like(text) then
    local body, problem = json.decode(text)
    if body == nil then
      return nil, "the body is not JSON: " .. tostring(problem)
    end
    return body, false
  end
  local fields, problem = form.decode(text)
  if not fields then
    return nil, "the body is a form that " .. problem
  end
  return fields, true
end

---Reads the body of a webhook whose signature is good.
---@param text string
---@param id string
---@param sent_at integer
---@param version? string  the only version to accept
---@return portone.Event?
---@return string? fault    "INVALID_BODY" or "WRONG_VERSION"
---@return string? reason
function M.read(text, id, sent_at, version)
  local body, is_form = decode(text)
  if body == nil then
    return nil, "INVALID_BODY", is_form
  elseif is_form and version == "2024-04-25" then
    return nil, "WRONG_VERSION",
      "the body is a form where JSON is due: version 2024-04-25 is always JSON"
  end
  local event
  local kind = type(body) == "table" and body.type
  if M.types[kind] or type(kind) == "string" then
    event = new_event(body, "2024-04-25", kind, body.data, M.types[kind])
  elseif type(body) == "table" and body.payment_id ~= nil then
    event = read_old(body)
  elseif is_form then
    return nil, "INVALID_BODY", "the body is a form without payment_id"
  else
    event = new_event(body)
  end
  if version and event.version and event.version ~= version then
    return nil, "WRONG_VERSION",
      ("the body is of version %s where %s is due"):format(event.version, version)
  end
  event.id, event.sent_at = id, sent_at
  return event
end

return M
