-- SPDX-License-Identifier: MIT
-- The smallest, or the fullest, arguments an operation accepts, with plausible values: the
-- example of `describe`, and where the suite starts from.

local api = require "portone.api"

local sample = {}

local BY_FORMAT = {
  ["card"] = "4242-4242-4242-4242", ["year-month"] = "2030-12", ["birth"] = "900101",
  ["two-digits"] = "30", ["seven-digits"] = "9001011", ["business-number"] = "1234567890",
  ["month"] = "12", ["cvc"] = "123", ["digits"] = "4242424242424242",
  ["document-key"] = "invoice-1001", ["ipv4"] = "192.0.2.1", ["currency"] = "KRW",
  ["date"] = "2030-01-01", ["yyyymmdd"] = "20300101", ["unix"] = 1893456000,
  ["date-time"] = "2030-01-01T00:00:00+09:00", ["time-to-pay"] = "2030-01-01T00:00:00+09:00",
}

local BY_NAME = {
  paymentId = "order-1001", merchant_uid = "order-1001", orderName = "monthly pass",
  name = "monthly pass", customer_uid = "user-42", imp_uid = "imp_448280090638",
  billingKey = "billing-key-1", channelKey = "channel-key-1", channel_key = "channel-key-1",
  amount = 3000, total = 3000, totalAmount = 3000, reason = "changed mind", id = "id-1",
  storeId = "store-1", tier_code = "A01", product_order_id = "2030010112345671",
  email = "user@example.com", shipping_address_email = "user@example.com",
  phone = "010-1234-5678", phoneNumber = "01012345678", ipAddress = "192.0.2.1",
  payment_status = "paid",
}

local value_of

-- The list behind an enum, wherever it lives.
local function enum_of(version, field)
  return type(field.enum) == "table" and field.enum or api.type(version, field.enum).enum
end

local function string_of(name, field)
  local known = BY_FORMAT[field.format] or BY_NAME[name]
  local text = type(known) == "string" and known or name
  if field.max then text = text:sub(1, field.max) end
  if field.min then text = text .. ("0"):rep(field.min - #text) end
  return text
end

local function number_of(name, field)
  local known = BY_FORMAT[field.format] or BY_NAME[name]
  local n = type(known) == "number" and known or 1
  return math.min(math.max(n, field.min or n), field.max or n)
end

-- Sets the field at "customer.identityNumber".
local function put(version, spec, value, path)
  local name, rest = path:match("^([^.]+)%.?(.*)$")
  local field = spec.fields[name]
  if value[name] == nil then value[name] = value_of(version, name, field) end
  if rest ~= "" then
    local inner = field.ref and api.type(version, field.ref) or field
    put(version, inner, value[name], rest)
  end
end

local function given(value, names)
  for _, name in ipairs(names) do if value[name] ~= nil then return true end end
  return false
end

-- What the shapes and conditions ask for beyond the required fields.
local function satisfy(version, spec, value)
  for _, rule in ipairs { "one_of", "any_of" } do
    for _, names in ipairs(spec[rule] or {}) do
      if not given(value, names) then put(version, spec, value, names[1]) end
    end
  end
  for _, rule in ipairs(spec.required_if or {}) do
    local v = value[rule[1]]
    if v ~= nil and (rule[2] == true or v == rule[2]) then
      for _, path in ipairs(rule[3]) do put(version, spec, value, path) end
    end
  end
  for _, rule in ipairs(spec.required_unless or {}) do
    if value[rule[1]] ~= rule[2] then
      for _, path in ipairs(rule[3]) do put(version, spec, value, path) end
    end
  end
  return value
end

-- Fields that exclude others: all but the first of each list.
local function excluded(spec)
  local out = {}
  for _, rule in ipairs { "one_of", "max_one_of" } do
    for _, names in ipairs(spec[rule] or {}) do
      for i = 2, #names do out[names[i]] = true end
    end
  end
  return out
end

---A table that satisfies a spec.
---@param version "v1"|"v2"
---@param spec table fields and rules: a type, or `check.arguments` of a row
---@param full? boolean every field that may be there, not only those that must
---@return table
function sample.object(version, spec, full)
  local value, out = {}, full and excluded(spec)
  for name, field in pairs(spec.fields or {}) do
    if field.required or field.advised or full and not out[name] then
      value[name] = value_of(version, name, field, full)
    end
  end
  return satisfy(version, spec, value)
end

value_of = function(version, name, field, full)
  if field.enum then return enum_of(version, field)[1] end
  if field.type == "string" then return string_of(name, field) end
  if field.type == "integer" or field.type == "number" then return number_of(name, field) end
  if field.type == "boolean" then return true end
  if field.type == "array" then return { value_of(version, name, field.items, full) } end
  if field.type == "json" then return {} end
  local spec = field.ref and api.type(version, field.ref) or field
  local map = field.map or spec.map
  if map then return { key = value_of(version, "key", map, full) } end
  return sample.object(version, spec, full)
end

---A plausible value of a field.
---@param version "v1"|"v2"
---@param name string
---@param field table
---@return any
sample.value = function(version, name, field) return value_of(version, name, field) end

return sample
