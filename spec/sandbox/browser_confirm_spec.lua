-- SPDX-License-Identifier: MIT
-- The shop is asked before a payment is approved.

local core = require "portone.core"
local json = require "portone.json"
local peer = require "spec.support.peer"
local support = require "spec.sandbox.browser_support"
local webhook = require "portone.webhook"

describe("confirm", function()
  local b, shop, ids
  setup(function()
    b = support.start()
    shop = b.sb:inbox { console = false }
    ids = 0
  end)
  teardown(function() b:stop() end)
  before_each(function()
    ids = ids + 1
    shop:answer { status = 200 }
    b.sb:clear_faults()
  end)

  local function v2(extra)
    local out = { storeId = b.sb.store_id, channelKey = b.sb.channel_key,
      paymentId = "payment-" .. ids, orderName = "n", totalAmount = 3000, currency = "KRW",
      payMethod = "CARD", confirmUrl = shop.url }
    for name, value in pairs(extra or {}) do out[name] = value end
    return out
  end

  local function v1(extra)
    local out = { channelKey = b.sb.channel_key, pay_method = "card",
      merchant_uid = "order-" .. ids, name = "n", amount = 3000, buyer_name = "b",
      confirm_url = shop.url }
    for name, value in pairs(extra or {}) do out[name] = value end
    return out
  end

  local function pay(api, params, fields)
    return b:result(b:open(api, api == "v1" and "request_pay" or "requestPayment", params),
      fields or { choice = "pay" })
  end

  local function asked()
    return b.sb:journal { kind = "confirm" }[ids]
  end

  it("of V2 is a signed question, asked before the money moves", function()
    local before = b:money()
    local result = pay("v2", v2())
    assert.is_nil(result.code)
    local message = shop:take()
    local event = assert(webhook.verify(message.body, message.headers,
      { secret = b.sb.webhook_secret }))
    assert.equals("Transaction.Confirm", event.type)
    assert.same({ storeId = b.sb.store_id, paymentId = "payment-" .. ids,
      transactionId = result.txId, totalAmount = 3000 }, event.data)
    assert.equals(3000, b:money() - before)
    assert.equals("accepted", asked().outcome)
    assert.is_true(asked().n < b.sb:journal { kind = "charge", order = "payment-" .. ids }[1].n)
  end)

  it("of V2 is answered no: the payment fails with the shop's word", function()
    local before = b:money()
    shop:answer { status = 409, body = '{"errorMessage":"재고가 없습니다"}' }
    local result = pay("v2", v2())
    assert.equals("ConfirmProcessFailed", result.code)
    assert.equals("재고가 없습니다", result.message)
    local p = assert(b.client.v2.payment.get_payment { paymentId = "payment-" .. ids })
    assert.equals("FAILED", p.status)
    assert.equals("재고가 없습니다", p.failure.reason)
    assert.equals(0, b:money() - before)
    assert.equals("refused", asked().outcome)
    assert.equals(409, asked().status)
    shop:take()
  end)

  it("of V1 sends three things, and believes a 200 only", function()
    local before = b:money()
    local result = pay("v1", v1())
    assert.is_nil(result.error_code)
    assert.same({ imp_uid = result.imp_uid, merchant_uid = "order-" .. ids, amount = 3000 },
      json.decode(shop:take().body))
    assert.equals(3000, b:money() - before)
    ids = ids + 1
    shop:answer { status = 202, body = '{"reason":"재고 부족"}' }
    result = pay("v1", v1())
    assert.equals("CONFIRM_REFUSED", result.error_code)
    local p = assert(b.client.v1.payments.find { merchant_uid = "order-" .. ids })
    assert.equals("failed", p.status)
    assert.equals("고객사 요청에 의해 결제를 중단합니다. (상세사유 : 재고 부족)", p.fail_reason)
    ids = ids + 1
    shop:answer { status = 500, body = "no JSON" }
    pay("v1", v1())
    p = assert(b.client.v1.payments.find { merchant_uid = "order-" .. ids })
    assert.truthy(p.fail_reason:find("알 수 없음", 1, true))
    assert.equals(3000, b:money() - before)
    shop:take()
    shop:take()
  end)

  it("without an answer is a no", function()
    local before = b:money()
    b.sb:set("v2_confirm_timeout", 0.2)
    shop:answer { delay = 5 }
    local result = pay("v2", v2())
    assert.equals("ConfirmProcessFailed", result.code)
    assert.equals("no answer", asked().outcome)
    b.sb:set("v2_confirm_timeout", nil)
    ids = ids + 1
    assert.equals("ConfirmProcessFailed", pay("v2", v2 { confirmUrl = "http://127.0.0.1:9/" }).code)
    ids = ids + 1
    assert.equals("ConfirmProcessFailed", pay("v2", v2 { confirmUrl = "https://shop.example/c" })
      .code)
    assert.truthy(asked().error:find("this machine", 1, true))
    assert.equals(0, b:money() - before)
    shop:take()
  end)

  it("may be forged or lost on purpose", function()
    b.sb:fault { fault = "bad_signature", op = "webhook.v2.Transaction.Confirm", nth = 1 }
    pay("v2", v2())
    local message = shop:take()
    local _, err = webhook.verify(message.body, message.headers, { secret = b.sb.webhook_secret })
    assert.truthy(err.reason:find("no matching signature", 1, true))
    ids = ids + 1
    b.sb:fault { fault = "drop", op = "webhook.v2.Transaction.Confirm", nth = 1 }
    assert.equals("ConfirmProcessFailed", pay("v2", v2()).code)
    assert.equals("dropped by a fault", asked().error)
  end)

  it("is not asked for a key alone, for a decline, or for a cancel", function()
    local count = shop:count()
    pay("v1", v1 { channelKey = b.sb.channel_keys.tosspay_v2, pay_method = "tosspay",
      customer_uid = "u" .. ids, customer_id = "c", m_redirect_url = "http://shop.test/" })
    pay("v2", v2(), { choice = "decline" })
    pay("v2", v2(), { choice = "cancel" })
    assert.equals(count, shop:count())
    ids = ids - 1
  end)

  it("is asked where the settings say when the page names nobody", function()
    b.sb:set("v2_confirm_url", shop.url)
    local params = v2()
    params.confirmUrl = nil
    assert.is_nil(pay("v2", params).code)
    assert.equals("Transaction.Confirm", json.decode(shop:take().body).type)
    b.sb:set("v2_confirm_url", nil)
  end)

  it("may be asked for by the store", function()
    b.sb:set("v2_confirm_required", true)
    local params = v2()
    params.confirmUrl = nil
    local status, answer = b:ask("v2", "requestPayment", params)
    assert.same({ 400, "ConfirmUrlRequired" }, { status, answer.code })
    assert.is_nil(pay("v2", v2()).code)
    b.sb:set("v2_confirm_required", nil)
    shop:take()
  end)

  it("speaks the version of webhooks that the console is set to", function()
    b.sb:set("webhook_version", "2024-01-01")
    local result = pay("v2", v2())
    assert.same({ payment_id = "payment-" .. ids, tx_id = result.txId, total_amount = 3000 },
      json.decode(shop:take().body))
    b.sb:set("webhook_version", "2024-04-25")
    ids = ids + 1
    b.sb:set("v1_webhook_content_type", "form")
    result = pay("v1", v1())
    local message = shop:take()
    assert.equals("application/x-www-form-urlencoded", message.headers["content-type"])
    assert.equals(("amount=3000&imp_uid=%s&merchant_uid=order-%d"):format(result.imp_uid, ids),
      message.body)
    b.sb:set("v1_webhook_content_type", nil)
  end)

  it("lets others pass while the shop thinks, and takes one choice only", function()
    local before = b:money()
    local thinking = peer.start()
    thinking:script { { { "read" }, { "cue", 1 }, { "send", peer.answer(200, "") } } }
    local w = b:open("v2", "requestPayment", v2 { confirmUrl = thinking.url })
    local pending, client = core.inbox(), core.client {}
    assert(pending:submit(client, "POST", w.url, {}, "choice=pay", 60))
    for _ = 1, 2000 do
      if asked() then break end
      core.sleep(0.01)
    end
    assert.equals("waiting", asked().outcome)
    assert.equals("READY", assert(b.client.v2.payment.get_payment {
      paymentId = "payment-" .. ids }).status)
    local page = b:choose(w, { choice = "pay" })
    assert.truthy(page:find("기다리고", 1, true))
    assert.truthy(page:find('http-equiv="refresh"', 1, true))
    assert.is_nil(page:find("<form", 1, true))
    assert.equals(0, b:money() - before)
    thinking:cue()
    assert.truthy(pending:wait(60))
    assert.equals("PAID", assert(b.client.v2.payment.get_payment {
      paymentId = "payment-" .. ids }).status)
    assert.equals(3000, b:money() - before)
    pending:close()
    client:close()
    thinking:stop()
  end)

  it("approves what its buyer did not wait for, but no other window's payment", function()
    local before = b:money()
    local thinking = peer.start()
    thinking:script { { { "read" }, { "cue", 1 }, { "send", peer.answer(200, "") } } }
    local params = v2 { confirmUrl = thinking.url }
    local first = b:open("v2", "requestPayment", params)
    local second = b:open("v2", "requestPayment", params)
    local pending, client = core.inbox(), core.client {}
    assert(pending:submit(client, "POST", first.url, {}, "choice=pay", 60))
    for _ = 1, 2000 do
      if asked() then break end
      core.sleep(0.01)
    end
    assert.equals(200, (b:send("POST", first.url .. "/closed")))
    thinking:cue()
    assert.truthy(pending:wait(60))
    assert.equals(3000, b:money() - before)
    assert.equals("PaymentAlreadyPaid", b:result(second, { choice = "pay" }).code)
    assert.equals(3000, b:money() - before)
    assert.equals("PAID", assert(b.client.v2.payment.get_payment {
      paymentId = "payment-" .. ids }).status)
    pending:close()
    client:close()
    thinking:stop()
  end)
end)
