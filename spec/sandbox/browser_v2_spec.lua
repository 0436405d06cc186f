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

  it("is refused for what is paid, for another amount than was registered, and for strangers",
    function()
      b:result(b:open("v2", "requestPayment", order()), { choice = "pay" })
      local function code(extra)
        local status, answer = b:ask("v2", "requestPayment", order(extra))
        assert.equals(400, status)
        assert.equals("PAYMENT", answer.transactionType)
        return answer.code
      end
      assert.equals("PaymentAlreadyPaid", code())
      assert.equals("ChannelNotFound", code { channelKey = "channel-key-of-another" })
      assert.equals("StoreNotFound", code { storeId = "store-of-another" })
      ids = ids + 1
      assert(b.client.v2.payment.pre_register_payment { paymentId = "payment-" .. ids,
        totalAmount = 2000, currency = "KRW" })
      assert.equals("AmountNotEqualToPredefined", code())
      assert.equals(200, (b:ask("v2", "requestPayment", order { totalAmount = 2000 })))
    end)

  it("issues an account that takes a deposit in the window, or later", function()
    local before = b:money()
    local w = b:open("v2", "requestPayment", order { payMethod = "VIRTUAL_ACCOUNT",
      virtualAccount = { accountExpiry = { dueDate = "2026-01-05 18:00:00" },
        availableBanks = { "BANK_WOORI_BANK", "BANK_HANA_BANK" } } })
    local page = b:page(w)
    assert.truthy(page:find('value="WOORI"', 1, true))
    assert.falsy(page:find('value="SHINHAN"', 1, true))
    page = b:choose(w, { choice = "pay", bank = "WOORI" })
    local p = payment()
    assert.equals("VIRTUAL_ACCOUNT_ISSUED", p.status)
    assert.equals("WOORI", p.method.bank)
    assert.equals("2026-01-05T09:00:00Z", p.method.expiredAt)
    assert.truthy(page:find(p.method.accountNumber, 1, true))
    assert.truthy(page:find("2026-01-05 18:00", 1, true))
    assert.same({ "Transaction.Ready", "Transaction.VirtualAccountIssued" }, b:hooks())
    b:choose(w, { choice = "deposit" })
    assert.equals("PAID", payment().status)
    assert.equals(3000, b:money() - before)
    assert.is_nil(b:result(w, { choice = "done" }).code)
    assert.same({ "Transaction.Paid" }, b:hooks())

    ids = ids + 1
    w = b:open("v2", "requestPayment", order { payMethod = "VIRTUAL_ACCOUNT" })
    b:choose(w, { choice = "pay", bank = "HANA" })
    -- closing the window now loses nothing
    local _, text = b:send("POST", w.url .. "/closed")
    assert.falsy(text:find('"code"', 1, true))
    assert.equals("VIRTUAL_ACCOUNT_ISSUED", payment().status)
    assert(b.sb:act("v2.deposit", { payment_id = "payment-" .. ids }))
    assert.equals("PAID", payment().status)
  end)

  it("shows what was paid with", function()
    local cases = {
      { { payMethod = "TRANSFER" }, { bank = "IBK" }, "PaymentMethodTransfer", "bank", "IBK" },
      { { payMethod = "MOBILE" }, { phone = "01099998888" }, "PaymentMethodMobile",
        "phoneNumber", "01099998888" },
      { { payMethod = "GIFT_CERTIFICATE",
          giftCertificate = { giftCertificateType = "CULTURELAND" } }, {},
        "PaymentMethodGiftCertificate", "giftCertificateType", "CULTURELAND" },
      { { payMethod = "EASY_PAY", easyPay = { easyPayProvider = "EASY_PAY_PROVIDER_KAKAOPAY" } },
        { card = "success" }, "PaymentMethodEasyPay", "provider", "KAKAOPAY" },
      { { totalAmount = 60000 }, { card = "success", installment = "3" }, "PaymentMethodCard" },
    }
    for _, case in ipairs(cases) do
      ids = ids + 1
      case[2].choice = "pay"
      b:result(b:open("v2", "requestPayment", order(case[1])), case[2])
      local p = payment()
      assert.equals(case[3], p.method.type)
      if case[4] then assert.equals(case[5], p.method[case[4]]) end
    end
    assert.equals(3, payment().method.installment.month)
  end)

  it("may leave a payment pending, until the gateway or the till says more", function()
    local before = b:money()
    local function overseas(extra)
      local params = order { uiType = "PAYPAL_SPB", currency = "USD",
        channelKey = b.sb.channel_keys.paypal_v2 }
      params.payMethod = nil
      for name, value in pairs(extra or {}) do params[name] = value end
      return b:open("v2", "loadPaymentUI", params)
    end
    assert.is_nil(b:result(overseas(), { choice = "pending" }).code)
    assert.equals("PAY_PENDING", payment().status)
    assert.same({ "Transaction.Ready", "Transaction.PayPending" }, b:hooks())
    assert(b.sb:act("v2.settle_pending", { payment_id = "payment-" .. ids }))
    assert.equals("PAID", payment().status)
    assert.equals("ASYNC_PAY_APPROVED", payment().webhooks[3].trigger)
    assert.is_nil((b.sb:act("v2.settle_pending", { payment_id = "payment-" .. ids })))
    ids = ids + 1
    b:result(overseas(), { choice = "pending" })
    assert(b.sb:act("v2.settle_pending", { payment_id = "payment-" .. ids, reason = "no" }))
    assert.equals("FAILED", payment().status)
    assert.equals(3000, b:money() - before)
  end)

  it("prints a receipt number for the till of a shop", function()
    local j = support.start { channels = { { pg = "inicis_jp" } } }
    local function at_store(id)
      return j:open("v2", "requestPayment", { storeId = j.sb.store_id, paymentId = id,
        channelKey = j.sb.channel_key, orderName = "n", totalAmount = 3000, currency = "JPY",
        payMethod = "CONVENIENCE_STORE", customer = { firstName = "a", lastName = "b",
          fullName = "b a", firstNameKana = "タ", lastNameKana = "ナ", email = "a@b.jp",
          phoneNumber = "0312345678" },
        convenienceStore = { paymentDeadline = { validHours = 48 } } })
    end
    local function status(id)
      return assert(j.client.v2.payment.get_payment { paymentId = id }).status
    end
    local w = at_store("till1")
    local page = j:choose(w, { choice = "pay" })
    local p = assert(j.client.v2.payment.get_payment { paymentId = "till1" })
    assert.equals("2026-01-03T00:00:00Z", p.method.paymentDeadline)
    assert.truthy(page:find(p.method.receiptNumber, 1, true))
    assert.equals("PAY_PENDING", p.status)
    j:choose(w, { choice = "deposit" })
    assert.equals("PAID", status("till1"))
    assert.is_nil(j:result(w, { choice = "done" }).code)
    assert.equals(3000, j:money())
    j:choose(at_store("till2"), { choice = "pay" })
    j.sb:advance("2 days")
    assert.equals("FAILED", status("till2"))
    j:stop()
  end)

  it("of two for one paymentId is paid once", function()
    local before = b:money()
    local first, second = b:open("v2", "requestPayment", order()), b:open("v2", "requestPayment",
      order())
    assert.is_nil(b:result(first, { choice = "pay" }).code)
    assert.equals("PAID", payment().status)
    assert.equals("PaymentAlreadyPaid", b:result(second, { choice = "pay" }).code)
    assert.equals("PAID", payment().status)
    assert.equals(3000, b:money() - before)
  end)

  it("tells its webhooks twice, or in another order, when it is told to", function()
    b.sb:fault { fault = "reorder", op = "webhook.v2.Transaction.Ready", nth = 1 }
    b.sb:fault { fault = "duplicate", op = "webhook.v2.Transaction.Paid", nth = 1 }
    b:result(b:open("v2", "requestPayment", order()), { choice = "pay" })
    assert.same({ "Transaction.Paid", "Transaction.Paid", "Transaction.Ready" }, b:hooks())
    b.sb:clear_faults()
  end)

  it("with forceRedirect answers to the address though it is an iframe", function()
    local w = b:open("v2", "requestPayment",
      order { forceRedirect = true, redirectUrl = "http://shop.test/back" })
    assert.equals("IFRAME", w.type)
    local _, told = b:choose(w, { choice = "cancel" })
    assert.truthy(told.redirect:find("^http://shop%.test/back%?transactionType=PAYMENT&"))
    assert.truthy(told.redirect:find("&code=FAILURE_TYPE_PG&message=%EC", 1, true))
  end)

  it("shows an address, an amount and texts in the language of its reader", function()
    local w = b:open("v2", "requestPayment", order { totalAmount = 123456 })
    assert.truthy(b:page(w):find("123,456원", 1, true))
    local page, _, headers = b:page(w, { "Accept-Language: en-GB,en;q=0.8" })
    assert.truthy(page:find("Pay ₩123,456", 1, true))
    assert.truthy(page:find('<html lang="en">', 1, true))
    assert.truthy(headers:find("Content%-Security%-Policy: default%-src 'none'"))
    assert.truthy(headers:find("Cache-Control: no-store", 1, true))
    page = b:page({ url = w.url .. "?lang=en" })
    assert.truthy(page:find('<html lang="en">', 1, true))
    b:choose(w, { choice = "cancel" })
    w = b:open("v2", "requestPayment", order { channelKey = b.sb.channel_keys.kcp_v2,
      paymentId = "locale" .. ids, locale = "EN_US" })
    assert.truthy(b:page(w):find('<html lang="en">', 1, true))
  end)

  it("leaves approval to the shop where the channel wants it", function()
    local m = support.start { channels = { { pg = "tosspayments", manual_confirm = true } } }
    local before = m:money()
    local params = order { storeId = m.sb.store_id, channelKey = m.sb.channel_key }
    local result = m:result(m:open("v2", "requestPayment", params), { choice = "pay" })
    assert.equals(0, m:money() - before)
    assert(m.client.v2.payment.confirm_payment { paymentId = params.paymentId,
      paymentToken = result.paymentToken, txId = result.txId, totalAmount = 3000 })
    assert.equals(3000, m:money() - before)
    params = order { storeId = m.sb.store_id, channelKey = m.sb.channel_key,
      paymentId = "manual-account", payMethod = "VIRTUAL_ACCOUNT" }
    result = m:result(m:open("v2", "requestPayment", params), { choice = "pay", bank = "WOORI" })
    local function status()
      return assert(m.client.v2.payment.get_payment { paymentId = params.paymentId }).status
    end
    assert.equals("READY", status())
    assert(m.client.v2.payment.confirm_payment { paymentId = params.paymentId,
      paymentToken = result.paymentToken })
    assert.equals("VIRTUAL_ACCOUNT_ISSUED", status())
    result = m:result(m:open("v2", "requestIssueBillingKey", { storeId = m.sb.store_id,
      channelKey = m.sb.channel_key, billingKeyMethod = "CARD" }), { choice = "pay" })
    assert.equals("NEEDS_CONFIRMATION", result.billingKey)
    assert(m.client.v2.payment.billing_key.confirm_billing_key {
      billingIssueToken = result.billingIssueToken })
    m:stop()
    m = support.start { channels = { { pg = "inicis_v2", manual_confirm = true } } }
    params = { storeId = m.sb.store_id, channelKey = m.sb.channel_key, paymentId = "and-pay",
      orderName = "n", totalAmount = 5000, currency = "KRW", billingKeyAndPayMethod = "MOBILE",
      productType = "DIGITAL", customer = { fullName = "홍길동", phoneNumber = "01012345678",
        email = "a@b.kr" } }
    result = m:result(m:open("v2", "requestIssueBillingKeyAndPay", params), { choice = "pay" })
    assert.equals("NEEDS_CONFIRMATION", result.billingKey)
    assert.equals("NEEDS_CONFIRMATION", result.txId)
    assert.equals(0, m:money())
    assert(m.client.v2.payment.billing_key.confirm_billing_key_issue_and_pay {
      billingIssueToken = result.billingIssueToken, paymentId = "and-pay", totalAmount = 5000 })
    assert.equals(5000, m:money())
    m:stop()
  end)
end)

describe("V2's billing-key windows", function()
  local b
  setup(function() b = support.start() end)
  teardown(function() b:stop() end)
  before_each(function() b:hooks() end)

  local function key(extra)
    local out = { storeId = b.sb.store_id, channelKey = b.sb.channel_keys.tosspay_v2,
      billingKeyMethod = "EASY_PAY", issueId = "issue-1", issueName = "구독",
      customer = { customerId = "u1" } }
    for name, value in pairs(extra or {}) do out[name] = value end
    return out
  end

  it("issue a key that can be charged", function()
    local w = b:open("v2", "requestIssueBillingKey", key())
    assert.equals("POPUP", w.type)
    local result = b:result(w, { choice = "pay", card = "success" })
    assert.equals("ISSUE_BILLING_KEY", result.transactionType)
    assert.same({ "BillingKey.Ready", "BillingKey.Issued" }, b:hooks())
    local info = assert(b.client.v2.payment.billing_key.get_billing_key_info {
      billingKey = result.billingKey })
    assert.equals("ISSUED", info.status)
    assert.equals("TOSSPAY", info.methods[1].provider)
    assert.equals("u1", info.customer.id)
    assert(b.client.v2.payment.pay_with_billing_key { paymentId = "by-key",
      billingKey = result.billingKey, orderName = "n", amount = { total = 100 },
      currency = "KRW" })
    assert.equals(100, b:money())
  end)

  it("issue none when the person or the PG says no", function()
    for _, choice in ipairs { { choice = "cancel" }, { choice = "decline" },
      { choice = "pay", card = "issue_declined" } } do
      local result = b:result(b:open("v2", "requestIssueBillingKey", key()), choice)
      assert.equals("FAILURE_TYPE_PG", result.code)
      assert.same({ "BillingKey.Ready", "BillingKey.Failed" }, b:hooks())
      local _, err = b.client.v2.payment.billing_key.get_billing_key_info {
        billingKey = result.billingKey }
      assert.equals("not_found", err.kind)
    end
  end)

  it("tell what is wrong with their parameters", function()
    local params = key()
    params.customer = nil
    local status, answer = b:ask("v2", "requestIssueBillingKey", params)
    assert.equals(400, status)
    assert.equals("customer.customerId", answer.fields[1].path)
    assert.equals("ISSUE_BILLING_KEY", answer.transactionType)
  end)

  it("issue and pay at once", function()
    local before = b:money()
    local params = { storeId = b.sb.store_id, channelKey = b.sb.channel_keys.inicis_v2,
      paymentId = "and-pay-1", orderName = "first month", totalAmount = 5000, currency = "KRW",
      billingKeyAndPayMethod = "MOBILE", productType = "PRODUCT_TYPE_DIGITAL",
      customer = { fullName = "홍길동", phoneNumber = "01012345678", email = "a@b.kr" } }
    local result = b:result(b:open("v2", "requestIssueBillingKeyAndPay", params),
      { choice = "pay", phone = "01012345678" })
    assert.equals("ISSUE_BILLING_KEY_AND_PAY", result.transactionType)
    assert.equals(5000, b:money() - before)
    local p = assert(b.client.v2.payment.get_payment { paymentId = "and-pay-1" })
    assert.equals(result.billingKey, p.billingKey)
    assert.equals("PaymentMethodMobile", p.method.type)
    assert.same({ "Transaction.Ready", "BillingKey.Ready", "Transaction.Paid",
      "BillingKey.Issued" }, b:hooks())
    local info = assert(b.client.v2.payment.billing_key.get_billing_key_info {
      billingKey = result.billingKey })
    assert.equals("BillingKeyPaymentMethodMobile", info.methods[1].type)
  end)
end)

describe("V2's identity verification", function()
  local b
  setup(function() b = support.start() end)
  teardown(function() b:stop() end)

  it("verifies who was asked for, once", function()
    local params = { storeId = b.sb.store_id, channelKey = b.sb.channel_keys.danal,
      identityVerificationId = "identity-1", customer = { fullName = "김철수" } }
    local w = b:open("v2", "requestIdentityVerification", params)
    assert.truthy(b:page(w):find('value="김철수"', 1, true))
    local page = b:choose(w, { choice = "pay", name = "김철수", phone = "010", number = "9001011" })
    assert.truthy(page:find("data-testid=\"notice\"", 1, true))
    local result = b:result(w, { choice = "pay", name = "김철수", phone = "01012345678",
      number = "9001011", operator = "LGU" })
    assert.equals("identity-1", result.identityVerificationId)
    local v = assert(b.client.v2.identity_verification.get_identity_verification {
      identityVerificationId = "identity-1" })
    assert.equals("VERIFIED", v.status)
    assert.equals("김철수", v.verifiedCustomer.name)
    assert.equals("1990-01-01", v.verifiedCustomer.birthDate)
    assert.equals("LGU", v.verifiedCustomer.operator)
    local status, answer = b:ask("v2", "requestIdentityVerification", params)
    assert.equals(400, status)
    assert.equals("IdentityVerificationAlreadyVerified", answer.code)
  end)

  it("fails when the person gives up", function()
    local result = b:result(b:open("v2", "requestIdentityVerification",
      { storeId = b.sb.store_id, channelKey = b.sb.channel_keys.danal,
        identityVerificationId = "identity-2" }), { choice = "cancel" })
    assert.equals("PAY_PROCESS_CANCELED", result.pgCode)
    assert.equals("FAILED", assert(b.client.v2.identity_verification.get_identity_verification {
      identityVerificationId = "identity-2" }).status)
  end)
end)
