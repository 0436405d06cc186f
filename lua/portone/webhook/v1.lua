-- SPDX-License-Identifier: MIT
-- V1 notifications: not signed, in JSON or as a form. What they say is only a hint to read
-- the payment again. Facts: the guide page "webhook" (readme-v1); the escrow event on the
-- page of inicis; the CVS event in the V1 spec under POST /cvs; "confirm-process" (readme-v1).

local errors = require "portone.error"
local form = require "portone.webhook.form"
local json = require "portone.json"

local M = {}

local MAX_BODY = 1024 * 1024

---@class portone.V1Notification
---@field kind string   "payment", "confirm" (asks before approval, has amount), "escrow",
---  "cvs_confirm" (asks before a shop takes the money), or "unknown" (an event of no name here)
---@field imp_uid string
---@field merchant_uid string
---@field status? string           "ready", "paid", "failed" or "cancelled"
---@field cancellation_id? string  of a cancellation
---@field amount? number           of a confirm request, major units
---@field event? string            "Inicis.Escrow.Changed", "Galaxia.Cvs.Confirm"
---@field extra? table             of an event: changed_at, denied_reason; barcode, payType
---@field body table               all of it, as sent

local kinds = {
  ["Inicis.Escrow.Changed"] = "escrow",
  ["Galaxia.Cvs.Confirm"] = "cvs_confirm",
}

local function fault(name, reason)
  return errors.new {
    kind = "protocol", type = name, reason = reason, message = "webhook refused: " .. reason,
  }
end

local function decode(text)
  if form.looks_like(text) then
    local fields, problem = form.decode(text)
    return fields, problem and "the body is a form that " .. problem
  end
  local body, problem = json.decode(text)
  if body == nil then
    return nil, "the body is neither JSON (" .. tostring(problem) .. ") nor a form"
  elseif type(body) ~= "table" then
    return nil, "the body is JSON but not an object"
  end
  return body
end

-- An identifier goes into a URL and a log: one line of sane length.
local function is_id(v)
  return type(v) == "string" and #v > 0 and #v <= 128 and not v:find("%c")
end

local function kind_of(body)
  if body.event ~= nil then
    return kinds[body.event] or "unknown"
  end
  return body.status == nil and body.amount ~= nil and "confirm" or "payment"
end

---@param text string
---@param level? integer  error's level of who is to blame: 1, the caller
---@return portone.V1Notification?
---@return portone.Error?
function M.parse(text, level)
  if text == nil or text == "" then
    return nil, fault("NO_BODY", "no body")
  elseif type(text) ~= "string" then
    error("portone.webhook: body: the raw text of the request expected, got " .. type(text),
      (level or 1) + 1)
  elseif #text > MAX_BODY then
    return nil, fault("BODY_TOO_LARGE", ("the body has %d bytes, %d at most"):format(#text,
      MAX_BODY))
  end
  local body, problem = decode(text)
  if not body then
    return nil, fault("INVALID_BODY", problem)
  end
  for _, name in ipairs { "imp_uid", "merchant_uid" } do
    if not is_id(body[name]) then
      return nil, fault("INVALID_BODY", ("the body has no usable %s"):format(name))
    end
  end
  return {
    kind = kind_of(body), imp_uid = body.imp_uid, merchant_uid = body.merchant_uid,
    status = body.status, cancellation_id = body.cancellation_id,
    amount = tonumber(body.amount), event = body.event,
    extra = type(body.extra) == "table" and body.extra or nil, body = body,
  }
end

---See webhook.v1.
function M.receive(text, client, opts, level)
  if type(client) ~= "table" then
    error("portone.webhook.v1: a client to read the payment with is needed", level + 1)
  end
  opts = opts or {}
  local note, err = M.parse(text, level + 1)
  if not note then
    return nil, err
  end
  local payment
  payment, err = client.v1.payments.get(
    { imp_uid = note.imp_uid, include_sandbox = opts.include_sandbox }, opts.call)
  if not payment then
    if err.kind == "not_found" and not opts.include_sandbox then  -- since 2026-01-26
      err.message = err.message .. " (one of a test channel is found with include_sandbox = true)"
    end
    return nil, err, note
  end
  if payment.merchant_uid ~= note.merchant_uid then
    local reason = "the payment belongs to another merchant_uid than the notification says"
    return nil, errors.new {
      kind = "rejected", type = "MISMATCH", reason = reason,
      message = "webhook refused: " .. reason,
    }, note
  end
  return payment, nil, note
end

return M
