-- SPDX-License-Identifier: MIT
-- The sandbox of the torture, in a process of its own. Ends when its input does.
--   sandbox.lua DIR SEED

local json = require "portone.json"
local plan = dofile((arg[0]:gsub("[^/]*$", "")) .. "plan.lua")

local dir, seed = arg[1], arg[2]
local sandbox = assert(require("portone.sandbox").start { seed = seed, clock = "real",
  journal_limit = 20000,
  -- nothing but the client stands between an order and its second charge
  settings = { v1_paid_again = "charge", v2_paid_again = "charge" } })

local card = { success = sandbox.cards.success, declined = sandbox.cards.declined }
local client = sandbox:client()
local keys = { v1 = {}, v2 = {} }
for name, c in pairs(card) do
  assert(client.issue_billing_key { customer_uid = name, card_number = c.card_number,
    expiry = c.expiry, birth = c.birth, pwd_2digit = c.pwd_2digit,
    channel_key = sandbox.channel_key })
  keys.v1[name] = name
  keys.v2[name] = assert(client.issue_billing_key { channelKey = sandbox.channel_key,
    method = { card = { credential = c.credential } } }).billingKeyInfo.billingKey
end
client.close()

plan.write(dir .. "/sandbox.json", assert(json.encode { v1_url = sandbox.v1_url,
  v2_url = sandbox.v2_url, imp_key = sandbox.imp_key, imp_secret = sandbox.imp_secret,
  api_secret = sandbox.api_secret, store_id = sandbox.store_id, keys = keys }))

-- What was charged, and a sample of what went wrong.
local function books()
  local charges, faults = {}, {}
  for _, entry in ipairs(sandbox:journal { kind = "charge" }) do
    charges[#charges + 1] = { entry.order, entry.amount, entry.outcome, entry.api }
  end
  local requests = sandbox:journal { kind = "request" }
  for _, entry in ipairs(requests) do
    for name in (entry.fault or ""):gmatch("[%w_]+") do
      faults[name] = (faults[name] or 0) + 1
    end
  end
  return { charges = json.array(charges), sample = #requests, faults = faults,
    errors = #sandbox:journal { kind = "error" }, stats = sandbox:stats() }
end

for line in io.lines() do
  if line == "faults" then
    for _, rule in ipairs(plan.faults) do
      sandbox:fault(rule)
    end
  elseif line == "peace" then
    sandbox:clear_faults()
  elseif line == "books" then
    plan.write(dir .. "/books.json", assert(json.encode(books())))
  end
end
sandbox:stop()
