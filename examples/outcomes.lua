--[[
Was the card charged? The three answers, each brought about on purpose in the sandbox: it
was, it was not, and "ask again later", which is asked again here.

Usage: eval "$(make -s env LUA=5.4)" && lua5.4 examples/outcomes.lua
]]

local portone = require "portone"

local sandbox = portone.sandbox.start {}
local card = sandbox.cards.success

-- `settle`: how long PortOne may still be at work on a request whose connection was lost. It
-- is 60 seconds; the sandbox is known to be done at once.
local client = sandbox:client { settle = 0, deadline = 5 }
assert(client.issue_billing_key { customer_uid = "user-42", channel_key = sandbox.channel_key,
  card_number = card.card_number, expiry = card.expiry, birth = card.birth,
  pwd_2digit = card.pwd_2digit })

local function charge(order, opts)
  return client.request_pay_again({ customer_uid = "user-42", merchant_uid = order,
    amount = 3000, name = "monthly pass" }, opts)
end

local function charges(order)
  local n = 0
  for _, entry in ipairs(sandbox:journal { kind = "charge" }) do
    n = n + (entry.order == order and entry.outcome == "paid" and 1 or 0)
  end
  return n
end

-- It was: the answer is lost after the money has moved.
sandbox:fault { op = "v1.subscribe.again", fault = "reset_after_commit", nth = 1 }
local payment, err, info = charge "order-1"
print("it was", payment and payment.status or err, "reconciled: " .. tostring(info.reconciled),
  "charges: " .. charges "order-1")

-- It was not: the request is lost on its way each time, and PortOne has no such payment.
sandbox:fault { op = "v1.subscribe.again", fault = "reset_before_commit" }
payment, err = charge("order-2", { max_retries = 1 })
print("it was not", payment or err.kind, "outcome: " .. err.outcome,
  "charges: " .. charges "order-2")
sandbox:clear_faults()

-- Nobody can tell: the answer is lost, and PortOne cannot be asked either.
sandbox:fault { op = "v1.subscribe.again", fault = "reset_after_commit" }
sandbox:fault { op = "v1.payments.find", fault = "error" }
payment, err = charge("order-3", { deadline = 2 })
print("ask later", payment or err.kind, "outcome: " .. err.outcome)

-- Later, perhaps in another process: the text is all that is needed.
local text = portone.encode_pending(err)
sandbox:clear_faults()
payment, err, info = client.resolve(text)
print("asked", payment and payment.status or err, "reconciled: " .. tostring(info.reconciled),
  "charges: " .. charges "order-3")
sandbox:stop()
