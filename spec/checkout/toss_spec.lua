-- The Toss family as a shop writes it: the samples of the seeds, and what goes wrong.

local checkout = require "portone.checkout"
local errors = require "portone.error"

-- 2023-12-02 10:30:00 in Korea
local NOW = 1701480600

local function fields_of(err)
  assert.is_true(errors.is(err), tostring(err))
  assert.equal("invalid_request", err.kind)
  local out = {}
  for _, field in ipairs(err.fields) do out[field.path] = field.problem end
  return out
end

local function with(base, changes)
  local out = {}
  for k, v in pairs(base) do out[k] = v end
  for k, v in pairs(changes or {}) do
    if v == "absent" then out[k] = nil else out[k] = v end
  end
  return out
end

-- A family of cases: base is right; each case changes it and names the path that is wrong.
local function family(name, call, base, opts, cases)
  describe(name, function()
    it("takes what the documents show", function()
      assert(call(base, opts))
    end)
    for i, case in ipairs(cases) do
      it(("case %d: %s"):format(i, case.wrong or case.warns or "right"), function()
        local page, err = call(with(base, case), with(opts, case.opts))
        if case.wrong then
          assert.is_nil(page)
          local fields = fields_of(err)
          assert.is_string(fields[case.wrong], tostring(err))
          if case.says then
            assert.truthy(fields[case.wrong]:find(case.says, 1, true), fields[case.wrong])
          end
        else
          assert.is_nil(err)
          local found
          for _, w in ipairs(page.warnings) do found = found or w.path == case.warns end
          assert.is_true(case.warns == nil or found == true)
        end
      end)
    end
  end)
end

-- The keys of a case that are not parameters.
for _, key in ipairs { "wrong", "warns", "says", "opts" } do
  local plain = with
  with = function(base, changes)
    local out = plain(base, changes)
    if base[key] == nil then out[key] = nil end
    return out
  end
end

local pay = checkout.v1.request_pay

family("V1 tosspay_v2, a payment", pay, {
  channelKey = "channel-key-1", pay_method = "tosspay", merchant_uid = "orderMonthly0001",
  name = "최초인증결제", buyer_email = "test@portone.io", buyer_name = "포트원",
  buyer_tel = "02-1234-1234", m_redirect_url = "https://shop.example/done", amount = 1004,
  card = { useInstallment = false },
  bypass = { tosspay_v2 = { expiredTime = "2023-12-02 11:00:00",
    cashReceiptTradeOption = "CULTURE" } },
}, { pg = "tosspay_v2", now = NOW, device = "mobile" }, {
  { pay_method = "tosspay_card" }, { pay_method = "tosspay_money" },
  { pay_method = "card", wrong = "pay_method", says = "tosspay, tosspay_card, tosspay_money" },
  { amount = "1004", wrong = "amount", says = "send a number" },
  { amount = "absent", wrong = "amount" }, { amount = 10.5, wrong = "amount" },
  { name = "absent", wrong = "name" }, { merchant_uid = "absent", wrong = "merchant_uid" },
  { merchant_uid = ("x"):rep(41), wrong = "merchant_uid" },
  { m_redirect_url = "absent", wrong = "m_redirect_url" },
  { m_redirect_url = "absent", opts = { device = "absent" }, warns = "m_redirect_url" },
  { m_redirect_url = "absent", opts = { device = "pc" } },
  { m_redirect_url = "myapp://paid" }, { m_redirect_url = "/paid", wrong = "m_redirect_url" },
  { notice_url = "myapp://hook", wrong = "notice_url" },
  { notice_url = { "https://a/1", "https://a/2" } },
  { currency = "USD", warns = "currency" },
  { bypass = { tosspay_v2 = { expiredTime = "2023-12-02T11:00:00" } },
    wrong = "bypass.tosspay_v2.expiredTime", says = "yyyy-MM-dd HH:mm:ss" },
  { bypass = { tosspay_v2 = { expiredTime = "2023-12-02 11:30:01" } },
    wrong = "bypass.tosspay_v2.expiredTime", says = "at most 60 minutes" },
  { bypass = { tosspay_v2 = { expiredTime = "2023-12-02 11:30:00" } } },
  { bypass = { tosspay_v2 = { expiredTime = "2023-12-02 10:30:00" } },
    wrong = "bypass.tosspay_v2.expiredTime", says = "past" },
  { bypass = { tosspay_v2 = { expiredTime = "2023-02-30 10:30:00" } },
    wrong = "bypass.tosspay_v2.expiredTime" },
  { bypass = { tosspay_v2 = { cashReceiptTradeOption = "TRAFFIC" } },
    wrong = "bypass.tosspay_v2.cashReceiptTradeOption", says = "PUBLIC_TP" },
  { tax_free = 500, vat_amount = 504 },
  { tax_free = 500, vat_amount = 505, wrong = "tax_free" },
  { buyer_nmae = "x", wrong = "buyer_nmae", says = "buyer_name" },
})

family("V1 tosspay_v2, a billing key (the seed)", pay, {
  pg = "tosspay_v2.MID", pay_method = "tosspay", merchant_uid = "orderMonthly0001",
  name = "최초인증결제", customer_id = "matthew", customer_uid = "your-customer-unique-id",
  buyer_email = "test@portone.io", buyer_name = "포트원", buyer_tel = "02-1234-1234",
  m_redirect_url = "https://shop.example/done", notice_url = "https://shop.example/hook",
}, { now = NOW }, {
  { pay_method = "tosspay_card", wrong = "pay_method" },
  { customer_id = "absent", wrong = "customer_id" },
  { customer_id = ("가"):rep(50) },
  { customer_id = ("가"):rep(51), wrong = "customer_id", says = "at most 50 characters, got 51" },
  { m_redirect_url = "absent", wrong = "m_redirect_url" },
  { notice_url = "absent", warns = "notice_url" },
  { name = "absent", wrong = "name" },
  { card = { useInstallment = false }, warns = "card" },
  { bypass = { tosspay_v2 = { encryptedUserCi = "abc" } } },
  { customer_uid = ("x"):rep(81), wrong = "customer_uid" },
})

local toss_v1 = {
  channelKey = "c", merchant_uid = "order_id_1667634130160", name = "나이키 와플 트레이너 2 SD",
  pay_method = "card", escrow = false, amount = 109000, tax_free = 3000, buyer_name = "홍길동",
  buyer_email = "buyer@example.com", buyer_tel = "02-1670-5176",
  buyer_addr = "성수이로 20길 16", buyer_postcode = "04783",
  m_redirect_url = "https://helloworld.com/payments/result",
  notice_url = "https://helloworld.com/api/v1/payments/notice",
  confirm_url = "https://helloworld.com/api/v1/payments/confirm", currency = "KRW",
  locale = "ko", custom_data = { userId = 30930 }, display = { card_quota = { 0, 6 } },
  appCard = false, useCardPoint = true,
  bypass = { tosspayments = { useInternationalCardOnly = true } },
}

family("V1 tosspayments, a payment (the seed)", pay, toss_v1, { pg = "tosspayments" }, {
  { amount = "109000", wrong = "amount" },
  { buyer_name = "absent", wrong = "buyer_name" },
  { display = { card_quota = { 0, 6 } }, warns = "display.card_quota" },
  { display = { card_quota = { 6 }, only_installment = true } },
  { display = { card_quota = {} } },
  { amount = 49999, tax_free = 0, warns = "display.card_quota[2]" },
  { amount = 49999, tax_free = 0, display = "absent",
    card = { direct = { code = "367", quota = 3 } }, wrong = "card.direct.quota",
    says = "50000 won" },
  { card = { direct = { code = "367", quota = 3 } } },
  { card = { direct = { code = "367" } }, warns = "card.direct.quota" },
  { card = { direct = { quota = 3 } }, wrong = "card.direct.code" },
  { pay_method = "kakaopay", card = { direct = { code = "367", quota = 13 } },
    wrong = "card.direct.quota" },
  { pay_method = "samsung" }, { pay_method = "samsungpay" },
  { pay_method = "paypal", wrong = "pay_method" },
  { pay_method = "trans", appCard = "absent", useCardPoint = "absent",
    bypass = { isCulturalExpense = true, cashReceiptType = "personal" } },
  { pay_method = "trans", bypass = { cashReceiptType = "PERSONAL" },
    wrong = "bypass.cashReceiptType" },
  { bypass = { cashReceiptType = "personal" }, warns = "bypass.cashReceiptType" },
  { bypass = { useInternationalCardOnly = true }, warns = "bypass.useInternationalCardOnly" },
  { pay_method = "vbank", vbank_due = "2023-12-31 23:59:59" },
  { pay_method = "vbank", vbank_due = "2023-13-31", wrong = "vbank_due" },
  { pay_method = "phone", warns = "digital" },
  { escrow = true, warns = "products" },
  { tax_free = 109001, wrong = "tax_free" },
})

family("V1 tosspayments, a billing key (the seed)", pay, {
  pg = "tosspayments.MID", pay_method = "card", merchant_uid = "order_monthly_0001",
  name = "최초인증결제", amount = 0, customer_uid = "your-customer-unique-id",
  buyer_email = "test@portone.io", buyer_name = "포트원", buyer_tel = "02-1234-1234",
  m_redirect_url = "https://shop.example/done", customer_id = "matthew",
}, {}, {
  { pay_method = "trans", wrong = "pay_method" },
  { customer_id = "absent", warns = "customer_id" },
  { amount = "absent", warns = "amount" },
  { buyer_name = "absent" },
})

family("V1 tosspay, the old module", pay, {
  channelKey = "c", pay_method = "card", merchant_uid = "o", name = "n", amount = 1004,
}, { pg = "tosspay" }, {
  { pay_method = "tosspay", wrong = "pay_method" }, { pay_method = "absent" },
  { customer_uid = "u", wrong = "customer_uid", says = "does not offer" },
})

family("V1 uplus, the old tosspayments", pay, {
  channelKey = "c", pay_method = "samsung", merchant_uid = "o", name = "n", amount = 1004,
}, { pg = "uplus" }, {
  { pay_method = "samsungpay" },
  { vbank_due = "20301231" }, { vbank_due = "2030-12-31", wrong = "vbank_due" },
  { language = "zh", wrong = "language" }, { customer_uid = "u", wrong = "customer_uid" },
})

family("V1 toss_brandpay", pay, {
  channelKey = "c", pay_method = "toss_brandpay", merchant_uid = "o", name = "n", amount = 60000,
  customer_id = "d005f081-830a-4b9c-b5e2-73e56fbe6ac3", display = { card_quota = { 6 } },
  bypass = { cashReceiptType = "personal", customerIdentifier = "01000000000",
    toss_brandpay = { methodId = "3nKLoSBV7l8zUHU14cZxK", discountCode = "001" } },
}, { pg = "toss_brandpay" }, {
  { customer_id = "absent", wrong = "customer_id" },
  { customer_id = "1002", wrong = "customer_id", says = "counts up" },
  { currency = "USD", wrong = "currency" },
  { display = { card_quota = { 3, 6 } }, wrong = "display.card_quota", says = "one value" },
  { display = "absent", bypass = { cashReceiptType = "unable",
    toss_brandpay = { methodId = "m" } } },
  { display = "absent", useCardPoint = true, bypass = "absent",
    wrong = "bypass.toss_brandpay.methodId" },
  { bypass = "absent", wrong = "bypass.toss_brandpay.methodId" },
  { bypass = { toss_brandpay = { methodId = "m", widgetOptions = { methodType = "card" } } },
    wrong = "bypass.toss_brandpay.widgetOptions.methodType" },
  { bypass = { toss_brandpay = { methodId = "m", widgetOptions = { methodType = "카드" } } } },
  { customer_uid = "u", wrong = "customer_uid" },
})

family("V2 tosspay_v2, a payment (the seed)", checkout.v2.request_payment, {
  storeId = "store-4ff4af41-85e3-4559-8eb8-0d08a2c6ceec",
  channelKey = "channel-key-9987cb87-6458-4888-b94e-68d9a2da896d",
  paymentId = "paymentk3j4h5", orderName = "나이키 와플 트레이너 2 SD", totalAmount = 1000,
  currency = "CURRENCY_KRW", payMethod = "EASY_PAY",
}, { pg = "tosspay_v2", now = NOW }, {
  { redirectUrl = "absent", warns = "redirectUrl" },
  { opts = { device = "mobile" }, wrong = "redirectUrl" },
  { currency = "KRW" }, { currency = "USD", wrong = "currency" },
  { currency = "WON", wrong = "currency" },
  { payMethod = "CARD", wrong = "payMethod" }, { payMethod = "absent", wrong = "payMethod" },
  { totalAmount = "1000", wrong = "totalAmount" }, { totalAmount = 10.5, wrong = "totalAmount" },
  { orderName = "a, b", wrong = "orderName" }, { orderName = "a\\b", wrong = "orderName" },
  { orderName = " \t", wrong = "orderName" }, { orderName = ("가"):rep(255) },
  { orderName = ("가"):rep(256), wrong = "orderName" },
  { channelKey = "absent", wrong = "channelKey" },
  { channelGroupId = "g", wrong = "channelGroupId", says = "only one" },
  { bypass = { tosspay_v2 = { expiredTime = "2023-12-02 12:00:00" } },
    wrong = "bypass.tosspay_v2.expiredTime" },
  { bypass = { tosspay_v2 = { expiredTim = "x" } }, warns = "bypass.tosspay_v2.expiredTim" },
  { easyPay = { useInstallment = false } },
  { card = { useAppCardOnly = true }, warns = "card" },
  { customData = { a = 1 } }, { customData = "a", wrong = "customData" },
})

family("V2 tosspay_v2, a billing key (the seed)", checkout.v2.request_issue_billing_key, {
  storeId = "s", channelKey = "c", billingKeyMethod = "EASY_PAY", issueId = "test-issueId",
  issueName = "test-issueName", customer = { customerId = "uniqueCustomerId" },
  redirectUrl = "http://localhost",
}, { pg = "tosspay_v2" }, {
  { billingKeyMethod = "CARD", wrong = "billingKeyMethod" },
  { customer = {}, wrong = "customer.customerId" },
  { customer = "absent", wrong = "customer.customerId" },
  { customer = { customerId = ("x"):rep(51) }, warns = "customer.customerId" },
  { noticeUrls = "absent", warns = "noticeUrls" },
  { redirectUrl = "absent", opts = { device = "mobile" }, wrong = "redirectUrl" },
  { channelKey = "absent", warns = "channelKey" },
})

family("V2 tosspayments, a payment", checkout.v2.request_payment, {
  storeId = "s", channelKey = "c", paymentId = "payment-1", orderName = "n", totalAmount = 60000,
  currency = "KRW", payMethod = "CARD", redirectUrl = "https://shop.example/done",
  products = { { id = "1", name = "a", amount = 60000, quantity = 1, code = "A" } },
}, { pg = "tosspayments", now = NOW }, {
  { paymentId = "five5", wrong = "paymentId", says = "at least 6" },
  { paymentId = ("x"):rep(65), wrong = "paymentId" }, { paymentId = "한글주문번호", wrong = "paymentId" },
  { paymentId = "payment=1", warns = "paymentId" },
  { paymentId = "payment-{1}", wrong = "paymentId" },
  { orderName = ("가"):rep(101), wrong = "orderName" },
  { customer = { email = ("x"):rep(95) .. "@a.com" }, wrong = "customer.email" },
  { customer = { email = "nobody" }, wrong = "customer.email" },
  { customer = { name = "홍길동" }, warns = "customer.name" },
  { currency = "USD", wrong = "currency" },
  { locale = "EN_US", warns = "locale" },
  { windowType = { pc = "POPUP" }, wrong = "windowType.pc" },
  { windowType = { pc = "IFRAME", mobile = "REDIRECTION" } },
  { payMethod = "EASY_PAY", wrong = "easyPay.easyPayProvider" },
  { payMethod = "EASY_PAY", easyPay = { easyPayProvider = "EASY_PAY_PROVIDER_TOSSPAY" } },
  { payMethod = "EASY_PAY", easyPay = { easyPayProvider = "LINEPAY" },
    wrong = "easyPay.easyPayProvider" },
  { payMethod = "GIFT_CERTIFICATE", giftCertificate = { certificateType = "CULTURELAND" },
    warns = "giftCertificate.certificateType" },
  { payMethod = "GIFT_CERTIFICATE", giftCertificate = { giftCertificateType = "CULTURE_GIFT" },
    wrong = "giftCertificate.giftCertificateType" },
  { products = { { id = "1", name = "a", amount = 1, quantity = 1 } }, warns = "products[1].code" },
  { products = { { id = "1", name = "a", amount = 1 } }, wrong = "products[1].quantity" },
  { card = { installment = { monthOption = { fixedMonth = 13 } } },
    wrong = "card.installment.monthOption.fixedMonth" },
  { card = { installment = { monthOption = { fixedMonth = 1 } } },
    wrong = "card.installment.monthOption.fixedMonth" },
  { card = { installment = { monthOption = { fixedMonth = 3, availableMonthList = { 3 } } } },
    wrong = "card.installment.monthOption.fixedMonth", says = "only one" },
  { card = { installment = { monthOption = { availableMonthList = { 5 } } } },
    warns = "card.installment.monthOption.availableMonthList" },
  { card = { installment = { monthOption = { availableMonthList = { 0, 2, 3 } } } } },
  { card = { cardCompany = "CARD_COMPANY_HYUNDAI_CARD" },
    warns = "card.installment.monthOption.fixedMonth" },
  { totalAmount = 20000, products = "absent",
    card = { cardCompany = "HYUNDAI_CARD", installment = { monthOption = { fixedMonth = 3 } } } },
  { totalAmount = 20000, products = "absent",
    card = { cardCompany = "BC_CARD", installment = { monthOption = { fixedMonth = 3 } } },
    wrong = "card.installment.monthOption.fixedMonth", says = "50000 won" },
  { payMethod = "VIRTUAL_ACCOUNT", virtualAccount = { accountExpiry = { validHours = 2160 } } },
  { payMethod = "VIRTUAL_ACCOUNT", virtualAccount = { accountExpiry = { validHours = 2161 } },
    wrong = "virtualAccount.accountExpiry.validHours" },
  { payMethod = "VIRTUAL_ACCOUNT", virtualAccount = { accountExpiry = { dueDate = "20231203" } } },
  { payMethod = "VIRTUAL_ACCOUNT", virtualAccount = { accountExpiry = { dueDate = "20250101" } },
    wrong = "virtualAccount.accountExpiry.dueDate" },
  { payMethod = "VIRTUAL_ACCOUNT", virtualAccount = { accountExpiry = { dueDate = "tomorrow" } },
    wrong = "virtualAccount.accountExpiry.dueDate" },
})

family("V2 tosspayments, PayPal (the page's sample)", checkout.v2.request_payment, {
  storeId = "s", channelKey = "c", paymentId = "payment-1", orderName = "Blue Widget Bundle",
  totalAmount = 4499, currency = "USD", country = "US", payMethod = "EASY_PAY",
  easyPay = { easyPayProvider = "PAYPAL" },
  customer = { fullName = "John Smith", email = "john@example.com" },
  products = {
    { id = "sku-blue-widget", name = "Blue Widget", amount = 2999, quantity = 1,
      description = "Standard blue widget" },
    { id = "sku-red-hat", name = "Red Hat", amount = 1500, quantity = 1 },
  },
  bypass = { tosspayments = { paypal = { shipping = { fullName = "John Smith",
    address = { country = "US", line1 = "706 E Alisal St", area1 = "CA", area2 = "Salinas",
      postalCode = "93905" } } } } },
}, { pg = "tosspayments" }, {
  { currency = "KRW", wrong = "currency" }, { country = "absent", wrong = "country" },
  { country = "COUNTRY_KR" }, { country = "NO" },
  { customer = { fullName = "J" }, wrong = "customer.email" },
  { customer = { email = "j@e.com" }, wrong = "customer.fullName" },
  { customer = { firstName = "J", lastName = "S", email = "j@e.com" } },
  { customer = { firstName = "J", email = "j@e.com" }, wrong = "customer.fullName" },
  { totalAmount = 4500, wrong = "products", says = "adds up to 4499" },
  { bypass = { tosspayments = { paypal = { shipping = { address = { country = "US" } } } } },
    wrong = "bypass.tosspayments.paypal.shipping.address.area2" },
  { bypass = "absent", warns = "bypass.tosspayments.paypal.setTransactionContext" },
})

family("V2 tosspayments, a billing key", checkout.v2.request_issue_billing_key, {
  storeId = "s", channelKey = "c", billingKeyMethod = "CARD",
  customer = { customerId = "user@shop=1.a-b_c" }, redirectUrl = "https://shop.example/done",
}, { pg = "tosspayments" }, {
  { billingKeyMethod = "TRANSFER" }, { billingKeyMethod = "MOBILE", wrong = "billingKeyMethod" },
  { customer = "absent" }, { customer = { customerId = "x" }, wrong = "customer.customerId" },
  { customer = { customerId = "사용자1" }, wrong = "customer.customerId" },
  { displayAmount = 1000, wrong = "currency" },
})
