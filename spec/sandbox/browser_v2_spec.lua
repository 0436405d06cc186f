-- SPDX-License-Identifier: MIT
-- Windows of the V2 SDK: what the page asks for, what the person does, what everybody hears.

local support = require "spec.sandbox.browser_support"

describe("a V2 payment window", function()
  local b, ids
  setup(function()
    b = support.start()
    ids = 0
  end)
  teardown(function() b:stop() end)
  before_each(function()
    b:hooks()
    ids = ids + 1
  end)

  local function order(extra)
    local out = { storeId = b.sb.store_id, channelKey = b.sb.channel_key,
      paymentId = "payment-" .. ids, orderName = "월간 <이용권>", totalAmount = 3000,
      currency = "CURRENCY_KRW", payMethod = "CARD",
      customer = { customerId = "u1", fullName = "홍길동" }, customData = { plan = "monthly" } }
    for name, value in pairs(extra or {}) do out[name] = value end
    return out
  end

  local function payment()
    return assert(b.client.v2.payment.get_payment { paymentId = "payment-" .. ids })
  end

  it("opens as READY, is paid, and everybody sees the same payment", function()
    local before = b:money()
    local w = b:open("v2", "requestPayment", order())
    assert.equals("IFRAME", w.type)
    assert.equals("READY", payment().status)
    assert.truthy(b:page(w):find("월간 &lt;이용권&gt;", 1, true))
    local page, told, status, origin = b:choose(w, { choice = "pay", card = "success" })
    assert.equals(200, status)
    assert.truthy(page:find("</html>", 1, true))
    assert.equals("http:\\/\\/shop.test", origin)
    local p = payment()
    assert.same({ transactionType = "PAYMENT", paymentId = "payment-" .. ids,
      txId = p.transactionId }, told.result)
    assert.equals(w.id, told.id)
    assert.equals("PAID", p.status)
    assert.equals("홍길동", p.customer.name)
    assert.equals('{"plan":"monthly"}', p.customData)
    assert.equals("PC", p.origin.platformType)
    assert.equals("424242******4242", p.method.card.number)
    assert.equals(3000, b:money() - before)
    assert.same({ "Transaction.Ready", "Transaction.Paid" }, b:hooks())
    local entry = b.sb:journal { kind = "window", order = "payment-" .. ids }[1]
    assert.equals("done", entry.state)
    assert.equals("checkout.requestPayment", entry.op)
    assert.equals("CURRENCY_KRW", entry.body.currency)
  end)

  it("fails by the card, by decline, and by cancel, and moves no money", function()
    local before = b:money()
    local outcomes = { { { choice = "pay", card = "insufficient_funds" }, "REJECT_CARD_PAYMENT" },
      { { choice = "decline" }, "REJECT_CARD_COMPANY" },
      { { choice = "cancel" }, "PAY_PROCESS_CANCELED" } }
    for _, outcome in ipairs(outcomes) do
      local result = b:result(b:open("v2", "requestPayment", order()), outcome[1])
      assert.equals("FAILURE_TYPE_PG", result.code)
      assert.equals(outcome[2], result.pgCode)
      assert.equals(result.message, result.pgMessage)
      assert.equals("payment-" .. ids, result.paymentId)
      local p = payment()
      assert.equals("FAILED", p.status)
      assert.equals(outcome[2], p.failure.pgCode)
      assert.same({ "Transaction.Ready", "Transaction.Failed" }, b:hooks())
    end
    assert.equals(0, b:money() - before)
  end)

  it("stays READY when it is abandoned, and may be paid in another window", function()
    local w = b:open("v2", "requestPayment", order())
    local status, text = b:send("POST", w.url .. "/closed", { "Origin: " .. support.SHOP })
    assert.equals(200, status)
    assert.truthy(text:find('"Cancelled"', 1, true))
    assert.equals("READY", payment().status)
    assert.same({ "Transaction.Ready" }, b:hooks())
    assert.truthy(b:choose(w, { choice = "pay" }):find("</html>", 1, true))
    assert.equals("READY", payment().status)
    assert.is_nil(b:result(b:open("v2", "requestPayment", order()), { choice = "pay" }).code)
    assert.equals("PAID", payment().status)
  end)

  it("goes back to the shop's address where the device asks for it", function()
    local w = b:open("v2", "requestPayment",
      order { redirectUrl = "http://shop.test/done?a=1#end" }, "mobile")
    assert.equals("REDIRECTION", w.type)
    local to, _, status = b:choose(w, { choice = "pay" })
    assert.equals(303, status)
    assert.equals(("http://shop.test/done?a=1&transactionType=PAYMENT&paymentId=payment-%d&txId=%s"
      .. "#end"):format(ids, payment().transactionId), to)
    assert.equals("MOBILE", payment().origin.platformType)
  end)

  it("is refused precisely, and nothing is begun", function()
    local status, answer = b:ask("v2", "requestPayment", order { totalAmount = "3000" })
    assert.equals(400, status)
    assert.equals("BadRequest", answer.code)
    assert.equals("totalAmount", answer.fields[1].path)
    assert.truthy(answer.message:find('got string "3000"', 1, true))
    assert.same({}, b:hooks())
    assert.equals("not_found", select(2, b.client.v2.payment.get_payment {
      paymentId = "payment-" .. ids }).kind)
    assert.equals("refused", b.sb:journal { kind = "window", code = "BadRequest" }[1].state)
  end)
end)
