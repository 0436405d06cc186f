-- SPDX-License-Identifier: MIT
-- The Toss family. Sources: the two seeds of V1 and the one of V2 tosspay; pages
-- v1/tosspay-v2, v1/newtoss (readme, warning), v1/tosspay, v1/toss, v1/toss-brandpay,
-- v2/tosspay-v2, v2/tosspayments; texts of browser-sdk.yml ("yml" below).

local M = {}

local not_card = { "trans", "vbank", "phone", "booknlife", "smartculture", "cultureland" }
local not_cash = { "card", "phone", "booknlife", "smartculture", "cultureland", "kakaopay",
  "naverpay", "lpay", "samsungpay", "ssgpay", "applepay", "payco", "tosspay" }

local trade_options = { "GENERAL", "CULTURE", "PUBLIC_TP" }

-- v1/tosspay-v2 and v2/tosspay-v2: the same bypass in both
local tosspay_expiry = { path = "bypass.tosspay_v2.expiredTime", minutes = 60 }

M.tosspay_v2 = {
  name = "Toss Pay",
  v1 = {
    pay = {  -- v1/tosspay-v2, "인증 결제창 요청"
      methods = { "tosspay", "tosspay_card", "tosspay_money" },
      { "need", "name" },
      { "need", "amount" },
      { "need", "m_redirect_url", on = "mobile" },
      { "of", "currency", { "KRW" }, warn = true },
      { "like", "bypass.tosspay_v2.expiredTime", "local_time" },
      { "check", "expiry_ahead", tosspay_expiry },  -- 15 minutes when absent, 60 at most
      { "of", "bypass.tosspay_v2.cashReceiptTradeOption", trade_options },
    },
    key = {  -- v1/tosspay-v2, "비인증 결제창 요청", and the seed of the same name
      methods = { "tosspay" },
      { "need", "name" },
      { "need", "customer_uid" },
      { "need", "customer_id" },
      { "max", "customer_id", 50 },
      { "need", "m_redirect_url", say = "the key window is a redirect on mobile devices" },
      { "need", "notice_url", warn = true,
        say = "a closed browser loses the callback, not the webhook" },
      { "ignored", "card" },
    },
  },
  v2 = {
    pay = {  -- v2/tosspay-v2 and its seed
      methods = { "EASY_PAY" },
      { "max", "orderName", 255 },           -- yml, PaymentOrderName
      { "like", "orderName", "toss_name" },  -- yml, PaymentOrderName
      { "of", "currency", { "KRW" } },
      { "need", "redirectUrl", on = "mobile" },
      { "like", "bypass.tosspay_v2.expiredTime", "local_time" },
      { "check", "expiry_ahead", tosspay_expiry },
      { "of", "bypass.tosspay_v2.cashReceiptTradeOption", trade_options },
    },
    key = {
      methods = { "EASY_PAY" },
      { "need", "customer.customerId" },
      { "max", "customer.customerId", 50, warn = true, say = "the limit is stated for V1" },
      { "need", "redirectUrl", on = "mobile" },
      { "need", "noticeUrls", warn = true,
        say = "a closed browser loses the callback, not the webhook" },
      { "of", "currency", { "KRW" } },
    },
  },
}

-- v1/newtoss/warning: what shows up as instalments, and the floor of the page's part 4
local function card_rules_v1(window)
  local rules = {
    { "check", "installment_floor", { floor = 50000 } },
    { "check", "quota_is_range" },
    { "most", "card.direct.quota", 12, when = { pay_method = "kakaopay" } },
    { "need", "card.direct.quota", when = { ["card.direct.code"] = true }, warn = true,
      say = "without it the payment is a lump sum" },
    { "need", "card.direct.code", when = { ["card.direct.quota"] = true } },
  }
  for _, rule in ipairs(rules) do
    window[#window + 1] = rule
  end
  return window
end

local easy_pays = { "PAYCO", "SAMSUNGPAY", "SSGPAY", "KAKAOPAY", "NAVERPAY", "LPAY", "TOSSPAY",
  "APPLEPAY", "PAYPAL" }
local paypal = { ["easyPay.easyPayProvider"] = "PAYPAL" }
local not_paypal = { ["easyPay.easyPayProvider"] = { no = { "PAYPAL" } } }
local shipping = "bypass.tosspayments.paypal.shipping.address"

M.tosspayments = {
  name = "Toss Payments",
  v1 = {
    pay = card_rules_v1 {  -- v1/newtoss, "인증결제창 요청", and the seed
      methods = { "card", "trans", "vbank", "phone", "booknlife", "smartculture", "cultureland",
        "kakaopay", "naverpay", "lpay", "samsungpay", "ssgpay", "applepay", "payco", "tosspay" },
      optional = true,
      { "need", "name" },
      { "need", "amount" },
      { "need", "buyer_name" },
      { "need", "m_redirect_url", on = "mobile" },
      { "ignored", { "appCard", "useCardPoint" }, when = { pay_method = not_card } },
      { "ignored", "bypass.tosspayments", when = { pay_method = not_card } },
      { "ignored", { "bypass.isCulturalExpense", "bypass.cashReceiptType" },
        when = { pay_method = not_cash } },
      { "of", "bypass.cashReceiptType", { "anonymous", "personal", "corporate" } },
      -- the seed names it at the root of bypass, its sample and the page below tosspayments
      { "ignored", "bypass.useInternationalCardOnly",
        say = "it belongs below bypass.tosspayments" },
      { "need", "products", when = { escrow = true }, warn = true },
      { "like", "vbank_due", "due" },
    },
    key = {  -- v1/newtoss, "비인증 결제창 요청"
      methods = { "card" },
      { "need", "name" },
      { "need", "amount", warn = true, say = "the window shows it; nothing is charged" },
      { "need", "customer_uid" },
      { "need", "customer_id", warn = true, say = "PortOne makes one up otherwise" },
      { "need", "m_redirect_url", on = "mobile" },
    },
  },
  v2 = {
    pay = {  -- v2/tosspayments
      methods = { "CARD", "TRANSFER", "VIRTUAL_ACCOUNT", "MOBILE", "EASY_PAY",
        "GIFT_CERTIFICATE" },
      { "like", "paymentId", "toss_id" },
      { "like", "paymentId", "toss_id_page", warn = true },
      { "min", "paymentId", 6 },
      { "max", "paymentId", 64 },
      { "max", "orderName", 100 },          -- yml, PaymentOrderName
      { "max", "customer.fullName", 100 },  -- yml, Customer
      { "max", "customer.email", 100 },     -- yml, Customer
      { "of", "currency", { "KRW" }, when = not_paypal },
      { "of", "locale", { "KO_KR" }, warn = true, say = "others are ignored" },
      { "of", "windowType.pc", { "IFRAME" } },
      { "of", "windowType.mobile", { "REDIRECTION" } },
      { "need", "redirectUrl", on = "mobile" },
      { "need", "easyPay.easyPayProvider", when = { payMethod = "EASY_PAY" } },
      { "of", "easyPay.easyPayProvider", easy_pays },
      { "need", "giftCertificate.giftCertificateType", when = { payMethod = "GIFT_CERTIFICATE" },
        warn = true },
      { "of", "giftCertificate.giftCertificateType",
        { "BOOKNLIFE", "SMART_MUNSANG", "CULTURELAND" } },
      -- yml asks for the code, the page's own samples leave it out
      { "need", "products[].code", when = not_paypal, warn = true },
      { "check", "months", { most = 12 } },  -- yml, Installment
      { "check", "installment_floor", { floor = 50000, hyundai = 10000 } },
      { "check", "quota_is_range" },
      { "need", "card.installment.monthOption.fixedMonth", when = { ["card.cardCompany"] = true },
        warn = true, say = "without it the payment is a lump sum" },
      { "check", "hours_most", { path = "virtualAccount.accountExpiry", hours = 2160 } },  -- yml
      { "ignored", { "bypass.tosspayments.discountCode",
        "bypass.tosspayments.useInternationalCardOnly" },
        when = { payMethod = { "TRANSFER", "VIRTUAL_ACCOUNT", "MOBILE", "GIFT_CERTIFICATE" } } },
      -- v2/tosspayments, "페이팔"
      { "of", "currency", { "USD" }, when = paypal },
      { "need", "country", when = paypal },
      { "need", "customer.email", when = paypal },
      { "need", { "customer.fullName", "customer.firstName+customer.lastName" }, when = paypal },
      { "check", "product_sum", when = paypal },
      { "need", shipping .. ".country", when = { [shipping] = true } },
      { "need", shipping .. ".area2", when = { [shipping] = true } },
      { "need", "bypass.tosspayments.paypal.setTransactionContext", when = paypal, warn = true,
        say = "PayPal's risk management wants it" },
    },
    key = {
      methods = { "CARD", "TRANSFER" },  -- TRANSFER on the page, not in the schema
      { "min", "customer.customerId", 2 },                 -- yml, Customer
      { "max", "customer.customerId", 50 },                -- yml, Customer
      { "like", "customer.customerId", "toss_customer" },  -- yml, Customer
      { "of", "locale", { "KO_KR" }, warn = true, say = "others are ignored" },
      { "of", "windowType.pc", { "IFRAME" } },
      { "of", "windowType.mobile", { "REDIRECTION" } },
      { "need", "redirectUrl", on = "mobile" },
    },
  },
}

M.tosspay = {
  name = "Toss Pay (old module)",
  v1 = {
    pay = {  -- v1/tosspay: payments only, the window itself offers money and cards
      methods = { "card" }, optional = true,
      { "need", "name" },
      { "need", "amount" },
      { "need", "m_redirect_url", on = "mobile" },
    },
  },
}

M.uplus = {
  name = "Toss Payments (old module)",
  v1 = {
    pay = {  -- v1/toss
      methods = { "card", "trans", "vbank", "phone", "cultureland", "smartculture", "booknlife",
        "applepay", "tosspay", "naverpay", "kakaopay", "lpay", "payco", "samsung" },
      { "need", "name" },
      { "need", "amount" },
      { "like", "vbank_due", "due_plain" },
      { "of", "language", { "ko", "en" } },
      { "need", "m_redirect_url", on = "mobile" },
      { "check", "installment_floor", { floor = 50000 } },
    },
  },
}

local with_method_id = { "display.card_quota", "useCardPoint", "bypass.cashReceiptType",
  "bypass.customerIdentifier" }

local brandpay = {  -- v1/toss-brandpay (readme, warning, widget)
  methods = { "toss_brandpay" },
  { "need", "name" },
  { "need", "amount" },
  { "need", "customer_id" },
  { "like", "customer_id", "toss_sequence" },
  { "of", "currency", { "KRW" } },
  { "of", "bypass.cashReceiptType", { "unable", "anonymous", "personal", "corporate" } },
  { "check", "receipt_pair", { path = "bypass" }, warn = true },
  { "check", "quota_single" },  -- yml, Installment: more than one is an error
  { "check", "installment_floor", { floor = 50000 } },
  { "of", "bypass.toss_brandpay.brandpayOptions.ui.buttonStyle", { "default", "full" } },
  -- the wire value is the Korean word: card or account
  { "of", "bypass.toss_brandpay.widgetOptions.methodType", { "카드", "계좌" } },
}
for _, path in ipairs(with_method_id) do
  brandpay[#brandpay + 1] = { "need", "bypass.toss_brandpay.methodId", when = { [path] = true } }
end

M.toss_brandpay = {
  name = "Toss Payments BrandPay",
  v1 = { pay = brandpay },
  -- no page of V2; what the schema says of it
  v2 = { pay = { unknown = true, { "check", "quota_single" } } },
}

return M
