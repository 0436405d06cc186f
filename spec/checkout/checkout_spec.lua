-- What holds for every PG, and what PGs other than the Toss family want across fields.

local checkout = require "portone.checkout"

local function copy(value)
  if type(value) ~= "table" then return value end
  local out = {}
  for k, v in pairs(value) do out[k] = copy(v) end
  return out
end

local function with(base, changes)
  local out = copy(base)
  for k, v in pairs(changes or {}) do
    if v == "absent" then out[k] = nil else out[k] = v end
  end
  return out
end

local PAY = { storeId = "s", channelKey = "c", paymentId = "p1", orderName = "n",
  totalAmount = 60000, currency = "KRW", payMethod = "CARD" }
local V1 = { channelKey = "c", merchant_uid = "m1", name = "n", amount = 60000,
  pay_method = "card", buyer_tel = "01012345678", buyer_name = "포트원" }

-- All that is said of parameters: path to text, and whether it is a refusal.
local function said(call, params, opts)
  local page, err = call(params, opts)
  local out = {}
  for _, item in ipairs(page and page.warnings or err.fields) do out[item.path] = item.problem end
  return out, page == nil, page
end

local function wrong(path, call, params, opts)
  local out, refused = said(call, params, opts)
  assert.is_true(refused, "passed")
  assert.is_string(out[path], path)
  return out[path]
end

local function warned(path, call, params, opts)
  local out, refused = said(call, params, opts)
  assert.is_false(refused)
  assert.is_string(out[path], path)
end

local function right(call, params, opts)
  local _, refused, page = said(call, params, opts)
  assert.is_false(refused)
  return page
end

describe("checkout without a PG", function()
  local pay = checkout.v2.request_payment

  it("finds every problem at once", function()
    local page, err = pay { storeId = 1, paymentId = "p", totalAmount = "1000", currency = "WON",
      redirectUrl = "/x", noticeUrls = { "ftp://x" }, confirmUrl = "app://x", unknownField = 1 }
    assert.is_nil(page)
    local paths = {}
    for _, field in ipairs(err.fields) do paths[#paths + 1] = field.path end
    assert.same({ "channelKey", "confirmUrl", "currency", "noticeUrls[1]", "orderName",
      "payMethod", "redirectUrl", "storeId", "totalAmount", "unknownField" }, paths)
    assert.equal("checkout.requestPayment", err.operation)
  end)

  it("takes constants of the SDK and sends them bare", function()
    local page = right(pay, with(PAY, { currency = "CURRENCY_KRW", country = "COUNTRY_NO",
      productType = "PRODUCT_TYPE_REAL", payMethod = "MOBILE",
      mobile = { carrier = "CARRIER_SKT" }, customer = { gender = "GENDER_MALE" } }))
    local p = page.params
    assert.same({ "KRW", "NO", "REAL", "SKT", "MALE" }, { p.currency, p.country, p.productType,
      p.mobile.carrier, p.customer.gender })
    wrong("currency", pay, with(PAY, { currency = "CURRENCY_WON" }))
    wrong("locale", pay, with(PAY, { locale = "LOCALE_KO_KR" }))
  end)

  it("takes names that pages misspell, with a warning, and sends the schema's", function()
    local page = right(pay, with(PAY, { payMethod = "MOBILE",
      mobile = { availableCarriers = { "SKT" } }, customer = { name = "홍길동" } }))
    assert.same({ avaliableCarriers = { "SKT" } }, page.params.mobile)
    assert.equal("홍길동", page.params.customer.fullName)
    assert.equal(2, #page.warnings)
    page = right(checkout.v2.request_issue_billing_key_and_pay, { storeId = "s", channelKey = "c",
      paymentId = "p", orderName = "n", totalAmount = 1, currency = "KRW",
      billingKeyAndPayMethod = "PHONE" })
    assert.equal("MOBILE", page.params.billingKeyAndPayMethod)
    page = right(pay, with(PAY, { payMethod = "ALIPAY_PLUS",
      alipayPlus = { easyPayProvider = "G_CASH" } }))
    assert.equal("GCASH", page.params.alipayPlus.easyPayProvider)
    wrong("customer.name", pay, with(PAY, { customer = { name = { full = "홍길동" } } }))
  end)

  it("never changes the caller's tables", function()
    local params = with(PAY, { currency = "CURRENCY_KRW", customer = { name = "x" },
      extra = { later = 1 }, products = { { id = "1", name = "a", amount = 1, quantity = 1 } } })
    local before = copy(params)
    right(pay, params, { pg = "kakaopay", check = false })
    assert.same(before, params)
    right(checkout.v1.request_pay, with(V1, { pay_method = "samsung" }), { pg = "kcp" })
  end)

  it("passes what the tables do not know in extra, below other fields too", function()
    local page = right(pay, with(PAY, { customer = { fullName = "x" },
      extra = { later = true, customer = { nickname = "y" } } }))
    assert.is_true(page.params.later)
    assert.same({ fullName = "x", nickname = "y" }, page.params.customer)
    assert.is_nil(page.params.extra)
  end)

  it("can be told not to check", function()
    local page = right(pay, { anything = "CURRENCY_KRW" }, { check = false })
    assert.same({ anything = "CURRENCY_KRW" }, page.params)
  end)

  it("warns of objects of another method", function()
    warned("easyPay", pay, with(PAY, { easyPay = { easyPayProvider = "KAKAOPAY" } }))
    warned("card", checkout.v2.request_issue_billing_key, { storeId = "s", channelKey = "c",
      billingKeyMethod = "EASY_PAY", card = { cardCompany = "BC_CARD" } })
  end)

  it("looks at times, periods and sums", function()
    right(pay, with(PAY, { offerPeriod = { interval = "1m" } }))
    wrong("offerPeriod.interval", pay, with(PAY, { offerPeriod = { interval = "monthly" } }))
    right(pay, with(PAY, { offerPeriod = { range = { from = "2030-01-01T00:00:00+09:00" } } }))
    wrong("offerPeriod.range.from", pay,
      with(PAY, { offerPeriod = { range = { from = "2030-01-01 00:00:00" } } }))
    wrong("offerPeriod.range.from", pay, with(PAY, { offerPeriod = { range = {} } }))
    wrong("offerPeriod.range", pay, with(PAY,
      { offerPeriod = { interval = "1m", range = { to = "2030-01-01T00:00:00Z" } } }))
    right(pay, with(PAY, { taxFreeAmount = 30000, vatAmount = 30000 }))
    wrong("taxFreeAmount", pay, with(PAY, { taxFreeAmount = 30000, vatAmount = 30001 }))
    wrong("totalAmount", pay, with(PAY, { totalAmount = -1 }))
    wrong("redirectUrl", pay, with(PAY, { forceRedirect = true }))
  end)

  it("takes V1's amounts as they are", function()
    local v1 = checkout.v1.request_pay
    right(v1, V1)
    wrong("amount", v1, with(V1, { amount = "absent" }))
    wrong("amount", v1, with(V1, { amount = "60000" }))
    wrong("amount", v1, with(V1, { amount = 10.5 }))
    right(v1, with(V1, { amount = 10.5, currency = "USD" }))
    warned("channelKey", v1, with(V1, { channelKey = "absent" }))
    warned("pg", v1, with(V1, { pg = "nowhere" }))
    right(v1, with(V1, { customer_uid = "u", amount = "absent" }))
    wrong("custom_data", v1, with(V1, { custom_data = "text" }))
  end)
end)

describe("the PG of a call", function()
  local pay = checkout.v2.request_payment

  it("is told, or found by the channel key, or by V1's pg", function()
    wrong("payMethod", pay, PAY, { pg = "kakaopay" })
    wrong("payMethod", pay, PAY, { pg = "KAKAOPAY" })
    wrong("payMethod", pay, PAY, { channels = { c = "kakaopay" } })
    right(pay, PAY, { channels = { other = "kakaopay" } })
    wrong("pay_method", checkout.v1.request_pay, with(V1, { pg = "tosspay_v2.mid" }))
  end)

  it("may have no such window, or none of that API", function()
    assert.truthy(wrong("channelKey", pay, PAY, { pg = "paypal_v2" }):find("does not offer"))
    assert.truthy(wrong("channelKey", pay, PAY, { pg = "kicc" }):find("not a PG of V2", 1, true))
    assert.truthy(wrong("pg", checkout.v1.request_pay, V1, { pg = "kpn" }):find("not a PG of V1"))
    wrong("customer_uid", checkout.v1.request_pay, with(V1, { customer_uid = "u" }),
      { pg = "bluewalnut" })
    wrong("billingKeyMethod", checkout.v2.request_issue_billing_key,
      { storeId = "s", channelKey = "c", billingKeyMethod = "CARD" }, { pg = "triple_a" })
  end)

  it("is told of what is meant for another one", function()
    local other = { tosspayments = { useInternationalCardOnly = true }, kcpV2 = {},
                    tosspay_v2 = { cashReceiptTradeOption = "CULTURE" } }
    local out, refused = said(pay, with(PAY, { payMethod = "EASY_PAY", bypass = other }),
      { pg = "tosspay_v2" })
    assert.is_false(refused)
    assert.equal("has no effect (tosspay_v2): it is for tosspayments", out["bypass.tosspayments"])
    assert.is_nil(out["bypass.tosspay_v2"])

    local v1 = with(V1, { bypass = other, naverProducts = { { name = "n" } }, niceMobileV2 = true,
      kakaopayMobileAsPC = true })
    out = said(checkout.v1.request_pay, v1, { pg = "tosspayments" })
    assert.equal("not used by tosspayments", out.naverProducts)
    assert.equal("not used by tosspayments", out.kakaopayMobileAsPC)
    assert.is_string(out["bypass.tosspay_v2"])
    assert.equal("has no effect (tosspayments): it is for kcp_v2", out["bypass.kcpV2"])
    for _, path in ipairs { "bypass.tosspayments", "niceMobileV2" } do
      assert.is_nil(out[path], path)
    end
    out = said(checkout.v1.request_pay, with(V1, { bypass = { inicis = { authtype = "01" } } }),
      { pg = "html5_inicis" })
    assert.is_nil(out["bypass.inicis"])
    out = said(checkout.v1.request_pay, v1)  -- nobody knows which it is
    assert.is_nil(out["bypass.tosspay_v2"])
    assert.is_nil(out.naverProducts)
  end)

  it("decides whether a method is needed at all", function()
    local base = with(PAY, { payMethod = "absent", customer = { customerId = "u",
      email = "a@b.kr" } })
    right(pay, base, { pg = "paymentwall" })
    warned("payMethod", pay, with(base, { payMethod = "CARD" }), { pg = "paymentwall" })
    wrong("payMethod", pay, base, { pg = "kpn" })
    right(checkout.v2.request_issue_billing_key_and_pay, { storeId = "s", channelKey = "c",
      paymentId = "p1", orderName = "n", totalAmount = 100, currency = "USD" },
      { pg = "payletter_global" })
  end)

  it("raises when there is no such PG", function()
    local function raises(what, ...)
      local args = { ... }
      local ok, message = pcall(function() return pay(args[1], args[2]) end)
      assert.is_false(ok)
      assert.truthy(message:find(what, 1, true), message)
    end
    raises("did you mean 'kakaopay'", PAY, { pg = "kakopay" })
    raises("did you mean 'device'", PAY, { devices = "pc" })
    raises("'device' must be", PAY, { device = "tablet" })
    raises("table of parameters expected, got nil", nil)
    raises("table of options expected", PAY, "kakaopay")
  end)
end)

describe("rules across fields", function()
  local pay, v1 = checkout.v2.request_payment, checkout.v1.request_pay

  it("smartro_v2: a card and fixed months go together", function()
    local base = with(PAY, { customer = { phoneNumber = "01012345678" } })
    local opts = { pg = "smartro_v2" }
    right(pay, base, opts)
    wrong("card.installment.monthOption.fixedMonth", pay,
      with(base, { card = { cardCompany = "BC_CARD" } }), opts)
    wrong("card.cardCompany", pay,
      with(base, { card = { installment = { monthOption = { fixedMonth = 3 } } } }), opts)
    right(pay, with(base, { card = { cardCompany = "BC_CARD",
      installment = { monthOption = { fixedMonth = 3 } } } }), opts)
  end)

  it("smartro_v2: a receipt's number goes with its type", function()
    local base = with(PAY, { payMethod = "TRANSFER", customer = { phoneNumber = "01012345678" } })
    local opts = { pg = "smartro_v2" }
    right(pay, with(base, { transfer = { cashReceiptType = "ANONYMOUS" } }), opts)
    wrong("transfer.customerIdentifier", pay,
      with(base, { transfer = { cashReceiptType = "PERSONAL" } }), opts)
    wrong("transfer.customerIdentifier", pay, with(base,
      { transfer = { cashReceiptType = "ANONYMOUS", customerIdentifier = "010" } }), opts)
    right(pay, with(base,
      { transfer = { cashReceiptType = "PERSONAL", customerIdentifier = "010" } }), opts)
  end)

  it("smartro_v2, V1: decimals, and both ends of a period", function()
    local opts = { pg = "smartro_v2" }
    right(v1, with(V1, { amount = 10.25, currency = "USD" }), opts)
    wrong("amount", v1, with(V1, { amount = 10.255, currency = "USD" }), opts)
    right(v1, with(V1, { period = { from = "20300101", to = "20300131" } }), opts)
    wrong("period.to", v1, with(V1, { period = { from = "20300101" } }), opts)
  end)

  it("inicis_v2: what a PC wants, and an offer's period with both ends", function()
    local opts = { pg = "inicis_v2", device = "pc" }
    wrong("customer.fullName", pay, PAY, opts)
    local base = with(PAY, { customer = { firstName = "길동", lastName = "홍",
      phoneNumber = "01012345678", email = "a@b.kr" } })
    right(pay, base, opts)
    right(pay, with(PAY, { redirectUrl = "https://a/b" }), { pg = "inicis_v2", device = "mobile" })
    wrong("offerPeriod.range.to", pay, with(base,
      { offerPeriod = { range = { from = "2030-01-01T00:00:00Z" } } }), opts)
    wrong("offerPeriod.range.to", pay, with(base, { offerPeriod = { range = {
      from = "2030-01-02T00:00:00Z", to = "2030-01-01T00:00:00Z" } } }), opts)
    right(pay, with(base, { offerPeriod = { range = {
      from = "2030-01-01T00:00:00Z", to = "2030-01-02T00:00:00Z" } } }), opts)
  end)

  it("inicis_jp: months of Japan", function()
    local base = with(PAY, { currency = "JPY", customer = { fullName = "山田" } })
    local function months(n)
      return with(base, { card = { installment = { monthOption = { fixedMonth = n } } } })
    end
    right(pay, months(10), { pg = "inicis_jp" })
    right(pay, months(0), { pg = "inicis_jp" })
    wrong("card.installment.monthOption.fixedMonth", pay, months(4), { pg = "inicis_jp" })
  end)

  it("nice_v2: wallets that pay in cash want a receipt", function()
    local opts = { pg = "nice_v2" }
    local function wallet(provider, methods, more)
      return with(with(PAY, { payMethod = "EASY_PAY" }), { easyPay = with({
        easyPayProvider = provider, availablePayMethods = methods }, more) })
    end
    local receipt = { cashReceiptType = "PERSONAL", customerIdentifier = "01012345678" }
    right(pay, wallet("NAVERPAY", { "CARD" }), opts)
    wrong("easyPay.availablePayMethods", pay, wallet("NAVERPAY"), opts)
    wrong("easyPay.cashReceiptType", pay, wallet("NAVERPAY", { "CHARGE" }), opts)
    right(pay, wallet("NAVERPAY", { "CHARGE" }, receipt), opts)
    right(pay, wallet("SSGPAY", { "TRANSFER" }, receipt), opts)
    wrong("paymentId", pay, with(wallet("SSGPAY", { "TRANSFER" }, receipt),
      { paymentId = "p-1" }), opts)
    wrong("card.cardCompany", pay, with(PAY, { card = { cardCompany = "TOSS_BANK",
      installment = { monthOption = { fixedMonth = 0 } } } }), opts)
  end)

  it("welcome, V1: VAT is a tenth at most", function()
    right(v1, with(V1, { vat_amount = 6000 }), { pg = "welcome" })
    wrong("vat_amount", v1, with(V1, { vat_amount = 6001 }), { pg = "welcome" })
    right(v1, with(V1, { useCardPoint = true }), { pg = "welcome" })
    wrong("useCardPoint", v1, with(V1, { useCardPoint = false }), { pg = "welcome" })
  end)

  it("naverpay: products, and the redirect without a popup", function()
    local item = { categoryType = "BOOK", categoryId = "GENERAL", uid = "1", name = "n", count = 1 }
    right(v1, with(V1, { naverProducts = { item } }), { pg = "naverpay" })
    wrong("naverProducts", v1, V1, { pg = "naverpay" })
    wrong("naverProducts[1].uid", v1, with(V1, { naverProducts = { with(item,
      { uid = "absent" }) } }), { pg = "naverpay" })
    wrong("m_redirect_url", v1, with(V1, { naverProducts = { item }, naverPopupMode = false }),
      { pg = "naverpay" })
    local base = with(PAY, { payMethod = "EASY_PAY",
      bypass = { naverpay = { productItems = { item } } } })
    right(pay, base, { pg = "naverpay" })
    warned("totalAmount", pay, with(base, { totalAmount = 99 }), { pg = "naverpay" })
  end)

  it("kakaopay, V1: one number of months", function()
    right(v1, with(V1, { display = { card_quota = { 6 } } }), { pg = "kakaopay" })
    warned("display.card_quota", v1, with(V1, { display = { card_quota = { 3, 6 } } }),
      { pg = "kakaopay" })
  end)

  it("identity: carriers of Danal, fixed users of Inicis", function()
    local identity = checkout.v2.request_identity_verification
    local base = { storeId = "s", channelKey = "c", identityVerificationId = "i1" }
    right(identity, with(base, { bypass = { danal = { IsCarrier = "SKT;KTF", CPTITLE = "x" } } }),
      { pg = "danal" })
    wrong("bypass.danal.IsCarrier", identity,
      with(base, { bypass = { danal = { IsCarrier = "SKT,KTF" } } }), { pg = "danal" })
    wrong("bypass.inicisUnified.flgFixedUser", identity, base, { pg = "inicis_unified" })
    wrong("customer.birthYear", identity, with(base, { customer = { fullName = "x",
      phoneNumber = "010" }, bypass = { inicisUnified = { flgFixedUser = "Y" } } }),
      { pg = "inicis_unified" })
    right(identity, with(base, { bypass = { inicisUnified = { flgFixedUser = "N" } } }),
      { pg = "inicis_unified" })
    wrong("identityVerificationId", identity, with(base, { identityVerificationId = "i-1" }),
      { pg = "kcp_v2" })
  end)

  it("paypal_v2: products make up the total", function()
    local base = { uiType = "PAYPAL_SPB", storeId = "s", channelKey = "c", paymentId = "p",
      orderName = "n", totalAmount = 500, currency = "USD" }
    local load_ui, opts = checkout.v2.load_payment_ui, { pg = "paypal_v2" }
    right(load_ui, base, opts)
    wrong("currency", load_ui, with(base, { currency = "KRW" }), opts)
    wrong("products", load_ui, with(base, { products = {
      { id = "1", name = "a", amount = 200, quantity = 2 } } }), opts)
    right(load_ui, with(base, { products = {
      { id = "1", name = "a", amount = 250, quantity = 2 } } }), opts)
  end)
end)
