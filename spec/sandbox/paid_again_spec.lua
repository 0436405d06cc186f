-- A PortOne that does not notice that an order is paid: what is left then is the client's care.

local portone = require "portone"

describe("an order that is paid", function()
  local sandbox, client

  setup(function()
    sandbox = assert(portone.sandbox.start {})
    client = sandbox:client { reconcile = false }
    local card = sandbox.cards.success
    assert(client.issue_billing_key { customer_uid = "user", card_number = card.card_number,
      channel_key = sandbox.channel_key, expiry = card.expiry, birth = card.birth,
      pwd_2digit = card.pwd_2digit })
  end)
  teardown(function()
    client.close()
    sandbox:stop()
  end)

  local function charges(order)
    return #sandbox:journal { kind = "charge", order = order }
  end

  it("is paid again in V1 when a setting says so", function()
    local order = { customer_uid = "user", merchant_uid = "order-1", amount = 3000, name = "n" }
    assert(client.request_pay_again(order))
    assert.is_nil((client.request_pay_again(order)))
    assert.equal(1, charges "order-1")
    sandbox:set("v1_paid_again", "charge")
    assert(client.request_pay_again(order))
    assert.equal(2, charges "order-1")
  end)

  it("is paid again in V2 when a setting says so", function()
    local key = assert(client.issue_billing_key { channelKey = sandbox.channel_key,
      method = { card = { credential = sandbox.cards.success.credential } } }).billingKeyInfo
    local order = { paymentId = "order-2", billingKey = key.billingKey, orderName = "n",
      amount = { total = 3000 }, currency = "KRW" }
    assert(client.request_pay_again(order))
    assert.equal("ALREADY_PAID", select(2, client.request_pay_again(order)).type)
    assert.equal(1, charges "order-2")
    sandbox:set("v2_paid_again", "charge")
    assert(client.request_pay_again(order))
    assert.equal(2, charges "order-2")
  end)

  -- Two at once: the answer of the one is lost, and the other one's refusal is the newer.
  it("is found by the one that charged it, behind the refusal of another", function()
    local declined = sandbox.cards.declined
    assert(client.issue_billing_key { customer_uid = "poor", card_number = declined.card_number,
      channel_key = sandbox.channel_key, expiry = declined.expiry, birth = declined.birth,
      pwd_2digit = declined.pwd_2digit })
    sandbox:set("v1_paid_again", "charge")
    local refusal
    local rich = sandbox:client { settle = 0, on_response = function(event)
      if event.kind and not refusal then
        sandbox:advance(1)
        refusal = select(2, client.request_pay_again { customer_uid = "poor", amount = 3000,
          merchant_uid = "order-3", name = "n" })
      end
    end }
    sandbox:fault { op = "v1.subscribe.again", fault = "reset_after_commit", nth = 1 }
    local payment, err, info = rich.request_pay_again { customer_uid = "user", amount = 3000,
      merchant_uid = "order-3", name = "n" }
    rich.close()
    assert.equal("declined", refusal.kind)
    assert.is_nil(err)
    assert.same({ "paid", true }, { payment.status, info.reconciled })
    assert.equal(2, charges "order-3")  -- one paid, one failed
  end)
end)
