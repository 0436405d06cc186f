-- SPDX-License-Identifier: MIT
-- The requests of the payment window as rows that portone.check understands. V2 comes from
-- the browser SDK's schema (the generated files below schema/), V1 is written down here: its
-- SDK has no schema, only pages (checkout/v1_fields.lua).

local M = {}

-- What pages of PGs use and the browser SDK's schema does not have.
local extra_values = {
  BillingKeyMethod = { "TRANSFER" },                      -- tosspayments, quick transfer
  EasyPayProvider = { "MONEYTREE", "PAYPAL", "WECHAT" },  -- galaxia; tosspayments; kicc_v2
  GiftCertificateType = { "HAPPYMONEY" },                 -- galaxia
}
local extra_fields = {
  Product = { description = { type = "string" } },          -- tosspayments, PayPal
  StoreDetails = { contactName = { type = "string" } },     -- inicis_jp
}
local extra_request_fields = {
  requestPayment = { orderDescription = { type = "string" } },  -- kicc_v2, Alipay+
}

local linked  -- row by method

local function add(to, from)
  for name, field in pairs(from or {}) do
    to[name] = field
  end
end

local function enum_of(enums, name)
  local enum = enums[name]
  if not enum.linked then
    enum.linked = true
    for _, value in ipairs(extra_values[name] or {}) do
      enum.values[#enum.values + 1] = value
    end
  end
  return enum
end

-- Puts the object behind a ref and the list behind an enum into the field itself.
local link_fields

local function link(field, types, enums)
  if field.linked then
    return
  end
  field.linked = true
  if type(field.enum) == "string" then
    local enum = enum_of(enums, field.enum)
    field.enum, field.prefix = enum.values, enum.prefix
  end
  if field.ref then
    local object = types[field.ref]
    add(object.fields, extra_fields[field.ref])
    field.fields, field.one_of, field.any_of = object.fields, object.one_of, object.any_of
    field.open, field.ref = object.open, nil
  end
  if field.items then
    link(field.items, types, enums)
  end
  link_fields(field.fields, types, enums)
end

link_fields = function(fields, types, enums)
  for _, field in pairs(fields or {}) do
    link(field, types, enums)
  end
end

local function load_v2()
  local enums = require "portone.checkout.schema.enums"
  local types = {}
  add(types, require "portone.checkout.schema.types")
  add(types, require "portone.checkout.schema.bypass")
  add(types, require "portone.checkout.schema.bypass_payment")
  linked = {}
  for method, request in pairs(require "portone.checkout.schema.requests") do
    add(request.fields, extra_request_fields[method])
    link_fields(request.fields, types, enums)
    linked[method] = { name = "checkout." .. method, api = "v2", method = method,
                       body = request.fields }
  end
  -- PGs with windows of their own take none: the rules ask for it where it belongs
  linked.requestPayment.body.payMethod.required = nil
  linked.requestIssueBillingKeyAndPay.body.billingKeyAndPayMethod.required = nil
  linked.requestPayment.one_of = { { "channelKey", "channelGroupId" } }
end

---The row of a method of the V2 browser SDK.
---@param method string  "requestPayment"
---@return table
function M.v2(method)
  if not linked then
    load_v2()
  end
  return linked[method]
end

local v1_rows = {}

-- Method of IMP -> the file with its fields.
local v1_files = {
  request_pay = "portone.checkout.v1_fields", certification = "portone.checkout.v1_certification",
  loadUI = "portone.checkout.v1_fields",  -- it takes what request_pay takes
}

---The row of a method of iamport.js.
---@param method? string  "request_pay" when absent
---@return table
function M.v1(method)
  method = method or "request_pay"
  v1_rows[method] = v1_rows[method] or { name = "checkout." .. method, api = "v1",
    method = method, body = require(v1_files[method]) }
  return v1_rows[method]
end

return M
