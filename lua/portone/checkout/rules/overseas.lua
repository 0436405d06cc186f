-- SPDX-License-Identifier: MIT
-- PGs for customers abroad. Sources: pages v1/eximbay, v1/paymentwall, v1/paypal, v1/spb, v1/rt,
-- v1/payletter-global, v1/kicc-v2, v2/eximbay-v2, v2/paypal-v2, v2/paymentwall,
-- v2/payletter-global, v2/kicc-v2, v2/triple-a, v2/hecto-global.

local M = {}

local name = { "customer.fullName", "customer.firstName+customer.lastName" }

M.eximbay = {
  name = "Eximbay (old module)",
  v1 = {
    pay = {  -- v1/eximbay: no billing keys
      methods = { "card", "alipay", "unionpay", "tenpay", "econtext", "wechat", "molpay" },
      { "need", "name" },
      { "need", "amount" },
      { "need", "buyer_name" },
      { "need", "buyer_tel" },
      { "of", "currency", { "KRW", "USD", "EUR", "GBP", "JPY", "THB", "SGD", "RUB", "HKD", "CAD",
        "AUD" } },
      { "of", "language", { "ko", "en", "zh", "jp" } },
      { "need", "m_redirect_url", on = "mobile" },
    },
  },
}

-- v2/eximbay-v2: PortOne's pay methods mean nothing here, bypass.eximbay_v2.payment chooses
local function eximbay(window)
  for _, rule in ipairs {
    { "need", name },
    { "need", "customer.email" },
    { "check", "together", { "customer.firstName", "customer.lastName" } },
    { "need", "products", warn = true, say = "required but for cards of other countries" },
    { "need", "products[].link" },
    { "ignored", { "vatAmount", "taxFreeAmount" } },
    { "of", "locale", { "KO_KR", "EN_US", "JA_JP", "ZH_CN", "ZH_TW", "TH_TH", "VI_VN" } },
    { "of", "bypass.eximbay_v2.tax.receipt_status", { "Y", "N" } },
  } do
    window[#window + 1] = rule
  end
  return window
end

M.eximbay_v2 = {
  name = "Eximbay",
  v2 = {
    pay = eximbay {
      { "forbid", "confirmUrl", say = "Eximbay knows no confirm process" },
    },
    key_and_pay = eximbay {},
  },
}

M.paypal = {
  name = "PayPal Express Checkout (closed to new shops)",
  v1 = {
    pay = {  -- v1/paypal
      methods = { "card" },
      { "need", "name" },
      { "need", "amount" },
      { "need", "currency" },
      { "need", "m_redirect_url", say = "on a PC as well" },
    },
  },
}

M.paypal_v2 = {
  name = "PayPal",
  v1 = {
    pay = {  -- v1/spb: drawn by IMP.loadUI("paypal-spb", …)
      methods = { "paypal" },
      { "need", "name" },
      { "need", "amount" },
      { "need", "currency", warn = true, say = "USD when it is left out" },
      { "forbid", "currency", when = { currency = "KRW" }, say = "PayPal takes no won" },
      { "check", "product_sum" },
    },
    key = {  -- v1/rt: drawn by IMP.loadUI("paypal-rt", …)
      methods = { "paypal" }, optional = true,
      { "need", "customer_uid" },
      { "forbid", "currency", when = { currency = "KRW" }, say = "PayPal takes no won" },
    },
  },
  v2 = {
    load_pay = {  -- v2/paypal-v2
      { "of", "uiType", { "PAYPAL_SPB" } },
      { "forbid", "currency", when = { currency = "KRW" }, say = "PayPal takes no won" },
      { "check", "product_sum" },
      { "like", "customer.phoneNumber", "e164", warn = true },
    },
    load_key = { { "of", "uiType", { "PAYPAL_RT" } } },
  },
}

M.paymentwall = {
  name = "Paymentwall",
  v1 = {
    pay = {  -- v1/paymentwall: the country of the payer decides on the methods
      unknown = true,
      { "need", "name" },
      { "need", "amount" },
      { "check", "decimals", 0 },
      { "need", "buyer_name" },
      { "need", "buyer_email" },
      { "need", "currency" },
      { "of", "bypass.widget_code", { "pw_1", "t3_1" } },
    },
    key = {  -- with a first payment only
      unknown = true,
      { "need", "name" },
      { "need", "amount" },
      { "check", "decimals", 0 },
      { "need", "buyer_name" },
      { "need", "buyer_email" },
      { "need", "currency" },
      { "need", "customer_uid" },
    },
  },
  v2 = {
    pay = {  -- v2/paymentwall
      { "need", "customer.customerId" },
      { "need", "customer.email" },
      { "of", "bypass.paymentwall.widget", { "pw_1", "t3_1" } },
    },
  },
}

-- v1/payletter-global and v2/payletter-global: which method takes which currency
local cards = { "PLCreditCard", "PLCreditCardMpi", "PLUnionPay_HC" }
local wallets = { "WeChatPayQRCodePayment", "WeChatPayH5Payment", "ICBAlipay",
  "AlipayPlusAlipayHK", "AlipayPlusBPI", "AlipayPlusDana", "AlipayPlusGcash",
  "AlipayPlusRabbitLinePay", "AlipayPlusTNG", "AlipayPlusTrueMoney" }
local alipay_plus = { "AlipayPlusAlipayHK", "AlipayPlusBPI", "AlipayPlusDana", "AlipayPlusGcash",
  "AlipayPlusRabbitLinePay", "AlipayPlusTNG", "AlipayPlusTrueMoney" }
local wechat = { "WeChatPayQRCodePayment", "WeChatPayH5Payment" }
local pginfo = "bypass.payletter_global.pginfo"

local function payletter(window, id)
  for _, rule in ipairs {
    { "like", id, "alnum" },
    { "of", "currency", { "KRW", "USD", "JPY" }, when = { [pginfo] = cards } },
    { "of", "currency", { "USD", "CNY" }, when = { [pginfo] = "ICBAlipay" } },
    { "of", "currency", { "USD" }, when = { [pginfo] = alipay_plus } },
    { "of", "currency", { "KRW", "USD", "CNY" }, when = { [pginfo] = wechat } },
    { "need", "bypass.payletter_global.servicename", when = { [pginfo] = wallets } },
  } do
    window[#window + 1] = rule
  end
  return window
end

local function payletter_v1(window)
  window.unknown = true
  for _, rule in ipairs {
    { "need", "name" }, { "need", "amount" }, { "need", "currency" }, { "need", "buyer_email" },
  } do
    window[#window + 1] = rule
  end
  return payletter(window, "merchant_uid")
end

M.payletter_global = {
  name = "Payletter",
  v1 = {
    pay = payletter_v1 {},
    key = payletter_v1 { { "need", "customer_uid" }, { "of", pginfo, cards } },
  },
  v2 = {
    pay = payletter({
      { "need", "customer.email", warn = true },
      { "forbid", "confirmUrl", say = "Payletter knows no confirm process" },
    }, "paymentId"),
    key_and_pay = payletter({ { "of", pginfo, cards } }, "paymentId"),
  },
}

M.kicc_v2 = {
  name = "KICC overseas",
  v1 = {
    pay = {  -- v1/kicc-v2
      methods = { "wechat", "alipay_plus" },
      { "need", "amount" },
      { "need", "buyer_name" },
      { "need", "buyer_email" },
      { "need", "buyer_tel" },
      { "need", "currency", warn = true, say = "won when it is left out" },
      { "of", "currency", { "KRW", "USD" } },
      { "need", "language", warn = true, say = "the page lists it, its samples leave it out" },
      { "of", "language", { "ko", "en", "zh" } },
      { "need", "order_description", when = { pay_method = "alipay_plus" } },
      { "need", "alipay_plus", when = { pay_method = "alipay_plus" } },
      { "of", "alipay_plus.wallet", { "alipay", "true_money", "alipay_hk", "touch_n_go", "gcash",
        "dana", "rabbit_line_pay", "bpi", "boost", "bill_ease", "tinaba", "mpay", "kredivo" } },
    },
  },
  v2 = {
    pay = {  -- v2/kicc-v2: WeChat Pay goes as EASY_PAY in the page's sample
      methods = { "EASY_PAY", "ALIPAY_PLUS" },
      { "of", "currency", { "KRW", "USD" } },
      { "of", "locale", { "ZH_CN", "KO_KR", "EN_US", "ZH_TW" },
        when = { payMethod = "EASY_PAY" } },
      { "like", "orderName", "ascii", warn = true, say = "English is recommended" },
      { "need", "orderDescription", when = { payMethod = "ALIPAY_PLUS" } },
      { "need", "alipayPlus", when = { payMethod = "ALIPAY_PLUS" } },
      { "of", "alipayPlus.easyPayProvider", { "ALIPAY", "TRUE_MONEY", "ALIPAY_HK", "TOUCH_N_GO",
        "GCASH", "DANA", "RABBIT_LINE_PAY", "BPI", "BOOST", "BILL_EASE", "TINABA", "MPAY",
        "KREDIVO" } },
      { "check", "together", { "customer.firstName", "customer.lastName" } },
      { "forbid", "confirmUrl", say = "KICC knows no confirm process" },
      { "need", "noticeUrls", warn = true,
        say = "a payment may be approved after the window closed: the webhook is a must" },
    },
  },
}

M.triple_a = {
  name = "Triple-A",
  v2 = {
    pay = {  -- v2/triple-a
      { "need", "products[].code" },
      { "like", "customer.phoneNumber", "e164" },
      { "check", "together", { "customer.firstName", "customer.lastName" } },
      { "of", "locale", { "EN_US", "ZH_CN", "JA_JP", "RU_RU", "VI_VN", "ID_ID", "FR_FR", "NL_NL",
        "ES_ES", "PT_PT", "DE_DE", "IT_IT", "PL_PL", "AR_001" } },
      { "need", "products", when = { ["bypass.triple_a.shipping_cost"] = true } },
      { "need", "products", when = { ["bypass.triple_a.shipping_discount"] = true } },
      { "need", "products", when = { ["bypass.triple_a.tax_cost"] = true } },
    },
  },
}

M.hecto_global = {
  name = "Hecto Financial overseas",
  v2 = {
    pay = {  -- v2/hecto-global
      methods = { "CARD", "EASY_PAY" },
      { "max", "orderName", 128, "bytes" },
      { "need", "customer.customerId" },
      { "max", "customer.customerId", 50, "bytes" },
      { "max", "customer.email", 60, "bytes" },
      { "max", "customer.firstName", 32, "bytes" },
      { "max", "customer.lastName", 32, "bytes" },
      { "need", "storeDetails.businessName" },
      { "max", "storeDetails.businessName", 100, "bytes" },
      { "need", "easyPay.easyPayProvider", when = { payMethod = "EASY_PAY" } },
      { "of", "easyPay.easyPayProvider",
        { "AUPAY", "PAYPAY", "RAKUTENPAY", "MERPAY", "APPLEPAY", "GOOGLE_PAY" } },
      { "need", "merpayCategoryId", when = { ["easyPay.easyPayProvider"] = "MERPAY" } },
    },
  },
}

return M
