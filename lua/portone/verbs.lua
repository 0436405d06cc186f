-- SPDX-License-Identifier: MIT
-- The three verbs: one name for what both API generations do. The fields of the table
-- tell which generation is meant; data only, the routing is in 'pick'.

local M = {}

local unpack = table.unpack or unpack

-- Each shape: the fields that tell it, the operation, and how it looks.
M.verbs = {
  request_pay_again = {
    v1 = { telling = { "customer_uid" }, group = "subscribe", name = "again",
           shape = "{ customer_uid, merchant_uid, amount, name, … }" },
    v2 = { telling = { "billingKey", "paymentId" }, group = "payment",
           name = "pay_with_billing_key",
           shape = "{ paymentId, billingKey, orderName, amount = { total = … }, currency, … }" },
  },
  issue_billing_key = {
    v1 = { telling = { "customer_uid", "card_number" }, group = "customers", name = "issue",
           shape = "{ customer_uid, card_number, expiry, birth, pwd_2digit, … }" },
    v2 = { telling = { "method", "channelKey", "channelGroupId" },
           group = "payment.billing_key", name = "issue_billing_key",
           shape = "{ channelKey, method = { card = { credential = { … } } }, … }" },
  },
  schedule = {
    v1 = { telling = { "customer_uid", "schedules" }, group = "subscribe", name = "schedule",
           shape = "{ customer_uid, schedules = { { merchant_uid, schedule_at, amount, … } } }" },
    v2 = { telling = { "paymentId", "payment", "timeToPay" },
           group = "payment.payment_schedule", name = "create_payment_schedule",
           shape = "{ paymentId, payment = { billingKey, orderName, amount, … }, timeToPay }" },
  },
}

for _, shapes in pairs(M.verbs) do
  for api, shape in pairs(shapes) do
    shape.api = api
    -- to be named one by one: a loop takes three times as long
    shape.first, shape.second, shape.third = unpack(shape.telling)
  end
end

local function tells(shape, args)
  local second, third = shape.second, shape.third
  return args[shape.first] ~= nil or second and args[second] ~= nil
    or third and args[third] ~= nil or false
end

---The operation that a verb's table means.
---@param verb string
---@param args table
---@return { api: string, group: string, name: string }? operation  not to be changed
---@return string? problem  when the table fits neither shape, or both
function M.pick(verb, args)
  local shapes = M.verbs[verb]
  local v1, v2 = tells(shapes.v1, args), tells(shapes.v2, args)
  if v1 ~= v2 then
    return v1 and shapes.v1 or shapes.v2
  end
  return nil, ("%s: the table fits %s; V1 takes %s and V2 takes %s"):format(verb,
    v1 and "both API generations" or "neither API generation", shapes.v1.shape, shapes.v2.shape)
end

return M
