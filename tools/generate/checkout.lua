-- The browser SDK's schema (browser-sdk.yml): requests, what they are made of, and enums, in
-- the format of fields that portone/api/init.lua describes. Refs name a type of the same
-- directory; portone/checkout/schema.lua ties them together.

local model = require "generate.model"
local write = require "generate.write"
local yaml = require "generate.yaml"

local checkout = {}

-- Name of the method -> its request.
checkout.requests = {
  requestPayment = "PaymentRequest",
  requestIssueBillingKey = "IssueBillingKeyRequest",
  requestIssueBillingKeyAndPay = "IssueBillingKeyAndPayRequest",
  requestIdentityVerification = "IdentityVerificationRequest",
  loadPaymentUI = "LoadPaymentUIRequest",
  loadIssueBillingKeyUI = "LoadIssueBillingKeyUIRequest",
}

local SCALARS = { string = true, integer = true, boolean = true }

local Reader = {}
Reader.__index = Reader

function Reader:node(ref)
  local at = self.root
  for name in ref:gsub("^#/", ""):gmatch("[^/]+") do at = assert(at[name], ref) end
  return at
end

-- "#/resources/entity/bypass/payment/KcpV2" -> "bypass_payment_KcpV2"
local function type_name(ref)
  local path = ref:gsub("^#/resources/%a+/", ""):gsub("/", "_")
  return path
end

local function objects_only(self, members)
  for _, member in ipairs(members) do
    local node = member["$ref"] and self:node(member["$ref"]) or member
    if node.type ~= "object" then return false end
  end
  return #members <= 3
end

-- The fields of several objects as one: those that all require stay required.
function Reader:merged(members, open)
  local fields, seen = {}, {}
  for _, member in ipairs(members) do
    local node = member["$ref"] and self:node(member["$ref"]) or member
    for name, field in pairs(self:fields(node.properties, open)) do
      seen[name] = (seen[name] or 0) + (field.required and 1 or 0)
      fields[name] = fields[name] or field
    end
  end
  for name, field in pairs(fields) do
    field.required = seen[name] == #members or nil
  end
  return fields
end

function Reader:object(node, open)
  if node.type == "intersection" then
    local fields = {}
    for _, member in ipairs(node.types) do
      for name, field in pairs(self:fields(self:node(member["$ref"]).properties, open)) do
        fields[name] = field
      end
    end
    return { fields = fields, open = open }
  elseif node.type == "oneOf" then
    local names = model.keys(node.properties)
    local fields = self:fields(node.properties, open)
    for _, field in pairs(fields) do field.required = nil end
    return { fields = fields, one_of = { names }, open = open }
  elseif node.type == "union" then
    if not objects_only(self, node.types) then return nil end
    local fields = self:merged(node.types, open)
    return { fields = fields, any_of = { model.keys(fields) }, open = open }
  end
  return { fields = self:fields(node.properties, open), open = open }
end

-- What a resource becomes where it is referred to.
function Reader:referred(ref)
  local node = self:node(ref)
  if SCALARS[node.type] then return { type = node.type } end
  if node["$ref"] then return self:referred(node["$ref"]) end
  if node.type == "emptyObject" then return { type = "object", fields = {} } end
  local name = type_name(ref)
  if node.type == "enum" then
    self.enums[name] = self.enums[name] or { values = model.keys(node.variants),
      prefix = node.valuePrefix }
    return { type = "string", enum = name }
  end
  if self.types[name] == nil then
    self.types[name] = false -- while it is read
    -- what goes to a PG as it is may hold more than the schema knows
    local open = ref:find("/bypass/", 1, true) and true or nil
    self.types[name] = self:object(node, open)
  end
  if self.types[name] == nil then return { type = "object" } end
  return { type = "object", ref = name }
end

function Reader:field(node, open)
  local field
  if node.type == "resourceRef" then field = self:referred(node["$ref"])
  elseif SCALARS[node.type] then field = { type = node.type }
  elseif node.type == "array" then
    field = { type = "array", items = self:field(node.items, open) }
    field.items.required = nil
  elseif node.type == "enum" then field = { type = "string", enum = model.keys(node.variants) }
  elseif node.type == "object" and node.properties then
    field = { type = "object", fields = self:fields(node.properties, open), open = open }
  else field = { type = "object" } end -- json, emptyObject, unions of many shapes
  if not node.optional then field.required = true end
  return field
end

function Reader:fields(properties, open)
  local out = {}
  for name, node in pairs(properties) do
    local field = self:field(node, open)
    if open then field.required = nil end -- a PG's own rules say when
    out[name] = field
  end
  return out
end

---@param text string browser-sdk.yml
---@return table<string, table> requests by method
---@return table<string, table> types
---@return table<string, table> enums
function checkout.read(text)
  local root = yaml.read(text, "browser-sdk.yml")
  local reader = setmetatable({ root = root, types = {}, enums = {} }, Reader)
  local requests = {}
  for method, name in pairs(checkout.requests) do
    local ref = "#/resources/request/" .. name
    assert(root.methods[method].input["$ref"] == ref, method)
    requests[method] = reader:object(reader:node(ref))
  end
  return requests, reader.types, reader.enums
end

local function source(comment, types, names)
  local place = setmetatable({}, { __index = function(_, name) return name end })
  return write.source(place, comment, function(file)
    local entries = {}
    for i, name in ipairs(names) do
      entries[i] = file:type_(name, types[name])
    end
    return entries
  end, "\n")
end

local function enum_source(enums)
  return write.source({}, "Enums of the browser SDK; a value may carry the prefix.", function(f)
    local entries = {}
    for i, name in ipairs(model.keys(enums)) do
      local enum = enums[name]
      entries[i] = ("  %s = "):format(name)
        .. f:value({ prefix = enum.prefix, values = enum.values }, 2, 100)
    end
    return entries
  end)
end

---@param text string browser-sdk.yml
---@param save fun(path: string, text: string)
---@param dir string lua/portone/checkout/schema/
---@return table requests, table types, table enums as read
function checkout.save(text, save, dir)
  local requests, types, enums = checkout.read(text)
  local shared, payment, others = {}, {}, {}
  for _, name in ipairs(model.keys(types)) do
    if types[name] then
      table.insert(not name:find("^bypass_") and shared or name:find("^bypass_payment_") and payment
        or others, name)
    end
  end
  save(dir .. "requests.lua", source("What each method of the browser SDK takes.", requests,
    model.keys(requests)))
  save(dir .. "types.lua", source("Objects in the requests.", types, shared))
  save(dir .. "bypass_payment.lua",
    source("What goes to a PG as it is, with a payment.", types, payment))
  save(dir .. "bypass.lua", source("What goes to a PG as it is, otherwise.", types, others))
  save(dir .. "enums.lua", enum_source(enums))
  return requests, types, enums
end

return checkout
