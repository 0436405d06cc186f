-- Annotations for the parameters of the payment window: what the browser SDK's schema has (V2),
-- and the fields of lua/portone/checkout/v1_*.lua (V1, written by hand).

local model = require "generate.model"
local luals = require "generate.luals"

local M = {}

-- Lua name -> the class of its parameters.
local v2 = {
  { "request_payment", "PaymentRequest", "requestPayment" },
  { "request_issue_billing_key", "IssueBillingKeyRequest", "requestIssueBillingKey" },
  { "request_issue_billing_key_and_pay", "IssueBillingKeyAndPayRequest",
    "requestIssueBillingKeyAndPay" },
  { "request_identity_verification", "IdentityVerificationRequest",
    "requestIdentityVerification" },
  { "load_payment_ui", "LoadPaymentUIRequest", "loadPaymentUI" },
  { "load_issue_billing_key_ui", "LoadIssueBillingKeyUIRequest", "loadIssueBillingKeyUI" },
}

local v1 = {
  { "request_pay", "V1PayRequest" },
  { "load_ui", "V1PayRequest", 'ui_type: "paypal-spb"|"paypal-rt"|"toss-brandpay-widget", ' },
  { "certification", "V1CertificationRequest" },
}

local SURFACE = [=[
---@class portone.checkout
---@field v1 portone.checkout.v1
---@field v2 portone.checkout.v2
---@field rules fun(pg?: string): string the rules of a PG, or the list of PGs, as text

---@class portone.checkout.Options
---@field pg? string "tosspay_v2"; otherwise from `channels`, or V1's `pg`
---@field channels? table<string, string> channel key to PG
---@field device? "pc"|"mobile" its rules become errors
---@field check? boolean false: not checked
---@field now? number unix seconds
]=]

-- PGs with windows of their own take none; portone/checkout/schema.lua lets it go as well.
local optional = { payMethod = true, billingKeyAndPayMethod = true }

local function class(w, name, given)
  local fields = {}
  for field, one in pairs(given) do
    fields[field] = one
    if optional[field] then
      fields[field] = setmetatable({ required = false }, { __index = one })
    end
  end
  w:add("---@class ", w.api, ".", name)
  w:fields(fields, false)
  if not fields.extra then w:add("---@field extra? table what the tables do not know yet") end
  w:add("")
end

local function functions(w, api, rows)
  w:add("---@class ", w.api, ".", api)
  for _, row in ipairs(rows) do
    w:add("---@field ", row[1], " fun(", row[3] and row[3]:find(":") and row[3] or "", "params: ",
      w.api, ".", row[2], ", opts?: portone.checkout.Options): portone.CheckoutPage?, ",
      "portone.Error?")
  end
  w:add("")
end

-- A value may carry its prefix, as the SDK's constants do.
local function enum(w, name, one)
  w:add("---@alias ", w.api, ".", name)
  local ascii = not table.concat(one.values):find("[\128-\255]")
  for _, value in ipairs(ascii and one.values or {}) do w:add("---| ", ("%q"):format(value)) end
  -- beside its prefix, a value may be a Korean word of the schema
  if not ascii or one.prefix then w:add("---| string") end
  w:add("")
end

---@param requests table<string, table> by method of the SDK
---@param types table<string, table|false>
---@param enums table<string, table>
---@param fields { pay: table, certification: table } of V1
---@return string
function M.source(requests, types, enums, fields)
  local w = luals.writer "portone.checkout"
  w:add(SURFACE)
  functions(w, "v1", v1)
  functions(w, "v2", v2)
  for _, row in ipairs(v2) do class(w, row[2], requests[row[3]].fields) end
  class(w, "V1PayRequest", fields.pay)
  class(w, "V1CertificationRequest", fields.certification)
  for _, name in ipairs(model.keys(types)) do
    if types[name] then
      w:add("---@class ", w.api, ".", name)
      w:fields(types[name].fields, false)
      w:add("")
    end
  end
  for _, alias in ipairs(model.keys(w.aliases)) do w:alias(alias, w.aliases[alias]) end
  for _, name in ipairs(model.keys(enums)) do enum(w, name, enums[name]) end
  return luals.HEAD .. "\n" .. table.concat(w.lines, "\n") .. "\n"
end

return M
