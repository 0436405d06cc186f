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
  end
end

local function picker(verb)
  local v1, v2 = M.verbs[verb].v1, M.verbs[verb].v2
  -- one by one, three at most: a loop over them takes as long as all the rest of a verb
  local a, b, c = unpack(v1.telling)
  local d, e, f = unpack(v2.telling)
  return function(args)
    local is_v1 = args[a] ~= nil or (b and args[b] ~= nil) or (c and args[c] ~= nil) or false
    local is_v2 = args[d] ~= nil or (e and args[e] ~= nil) or (f and args[f] ~= nil) or false
    if is_v1 ~= is_v2 then
      return is_v1 and v1 or v2
    end
    return nil, ("%s: the table fits %s; V1 takes %s and V2 takes %s"):format(verb,
      is_v1 and "both API generations" or "neither API generation", v1.shape, v2.shape)
  end
end

---For each verb, what tells which operation a table means: (args) -> the operation, { api =,
---group =, name = }, not to be changed | nil, the problem when it fits neither shape, or both
M.pick = {}
for verb in pairs(M.verbs) do
  M.pick[verb] = picker(verb)
end

return M
