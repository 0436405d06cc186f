-- Tests of a subscription against the sandbox: busted examples/subscription_spec.lua
-- What is tested here is a shop's own function; yours would be in a module.

local portone = require "portone"

-- Renews a subscription. Returns "paid", "declined" or "later" (nobody knows yet).
local function renew(client, order)
  local payment, err = client.request_pay_again(order)
  if payment then return "paid" end
  return err.kind == "declined" and "declined" or "later"
end

describe("a renewal", function()
  local sandbox, client

  before_each(function()
    sandbox = assert(portone.sandbox.start { seed = "renewals", time = 1767225600 })
    client = sandbox:client { settle = 0 }
  end)

  after_each(function() sandbox:stop() end)

  -- An order of a customer whose card has this name.
  local function order_with(card_name)
    local card = sandbox.cards[card_name]
    assert(client.issue_billing_key { customer_uid = "user-42", channel_key = sandbox.channel_key,
      card_number = card.card_number, expiry = card.expiry, birth = card.birth,
      pwd_2digit = card.pwd_2digit })
    return { customer_uid = "user-42", merchant_uid = "order-1", amount = 3000, name = "month" }
  end

  local function charges()
    return #sandbox:journal { kind = "charge", outcome = "paid" }
  end

  it("charges the card", function()
    assert.equal("paid", renew(client, order_with "success"))
    assert.equal(1, charges())
  end)

  it("is told when the card is refused", function()
    assert.equal("declined", renew(client, order_with "insufficient_funds"))
    assert.equal(0, charges())
  end)

  it("charges once though the answer is lost", function()
    local order = order_with "success"
    sandbox:fault { op = "v1.subscribe.again", fault = "reset_after_commit", nth = 1 }
    assert.equal("paid", renew(client, order))
    assert.equal(1, charges())
  end)
end)
