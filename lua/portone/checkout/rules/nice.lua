-- SPDX-License-Identifier: MIT
-- NICE Payments. Sources: pages v1/nice, v1/nice-v2 (readme, payment-caution), v2/nice-v2;
-- texts of browser-sdk.yml ("yml" below).

local M = {}

M.nice = {
  name = "NICE Payments (old module)",
  v1 = {
    pay = {  -- v1/nice
      methods = { "card", "trans", "vbank", "phone", "kakaopay" },
      { "need", "name" },
      { "need", "amount" },
      { "like", "vbank_due", "due_minutes" },
      { "of", "language", { "ko", "en", "zh" } },
      { "of", "currency", { "KRW", "USD" } },
      { "of", "period.interval", { "month", "year" } },
      { "ignored", "bypass.CardShowOpt", when = { niceMobileV2 = { no = { true } } },
        say = "it works with niceMobileV2 = true" },
      { "check", "installment_floor", { floor = 50000 } },
    },
  },
}

-- v1/nice-v2/payment-caution: wallets that know no direct call and no months
local no_months_v1 = { "samsungpay", "skpay", "ssgpay", "applepay", "lpay" }
local no_months_v2 = { "SAMSUNGPAY", "SKPAY", "SSGPAY", "APPLEPAY", "LPAY" }

local function receipt_for(method)
  return { "need", "bypass.cashReceiptType", when = { pay_method = method },
    say = "the payment is in cash" }
end

M.nice_v2 = {
  name = "NICE Payments",
  v1 = {
    pay = {  -- v1/nice-v2/readme
      methods = { "card", "trans", "vbank", "phone", "cultureland", "naverpay_card",
        "naverpay_point", "kakaopay", "payco", "samsungpay", "skpay", "ssgpay", "ssgpay_bank",
        "lpay", "applepay", "tosspay_card", "tosspay_money", "alipay" },
      { "need", "name" },
      { "max", "name", 40, "bytes" },
      { "like", "name", "nice_name" },
      { "need", "amount" },
      { "check", "decimals", 2 },
      { "need", "buyer_tel" },
      { "need", "vbank_due", when = { pay_method = "vbank" } },
      { "like", "vbank_due", "due" },
      { "need", "digital", when = { pay_method = "phone" } },
      { "of", "language", { "ko", "en", "zh" } },
      { "of", "currency", { "KRW", "USD" } },
      { "check", "together", { "period.from", "period.to" } },
      { "like", "period.from", "yyyymmdd" },
      { "like", "period.to", "yyyymmdd" },
      { "need", "bypass.nice_v2.MallUserID", when = { pay_method = "cultureland" } },
      { "of", "bypass.nice_v2.SkinType", { "red", "green", "purple", "gray", "dark" } },
      { "of", "bypass.nice_v2.DirectShowOpt", { "BANK", "CELLPHONE" } },
      { "forbid", "bypass.nice_v2.DirectShowOpt", when = { pay_method = "trans", escrow = true } },
      { "need", "bypass.cashReceiptType", when = { pay_method = "trans",
        ["bypass.nice_v2.DirectShowOpt"] = true } },
      receipt_for("naverpay_point"),
      receipt_for("ssgpay_bank"),
      { "like", "merchant_uid", "alnum", when = { pay_method = "ssgpay_bank" } },
      { "need", "card.direct.quota", when = { ["card.direct.code"] = true } },
      { "forbid", "card.direct.code", when = { ["card.direct.code"] = "092" },
        say = "Toss Bank has no direct call" },
      { "forbid", "display.card_quota", when = { ["card.direct.code"] = true } },
      { "ignored", "display.card_quota", when = { pay_method = "card" }, on = "mobile" },
      { "forbid", { "card.direct", "display.card_quota" }, when = { pay_method = no_months_v1 } },
      { "need", "m_redirect_url", on = "mobile" },
    },
    key = {  -- v1/nice-v2/readme, "비인증 결제창 요청": wallets only
      methods = { "naverpay_card", "naverpay_point", "kakaopay" },
      { "need", "name" },
      { "max", "name", 40, "bytes" },
      { "like", "name", "nice_name" },
      { "need", "buyer_tel" },
      { "need", "customer_uid" },
      { "need", "customer_id" },
      { "need", "m_redirect_url" },
    },
  },
  v2 = {
    pay = {  -- v2/nice-v2
      methods = { "CARD", "TRANSFER", "VIRTUAL_ACCOUNT", "MOBILE", "GIFT_CERTIFICATE",
        "EASY_PAY" },
      { "max", "orderName", 40, "bytes" },
      { "like", "orderName", "nice_name" },
      { "max", "customer.fullName", 30, "bytes" },  -- yml, Customer
      { "of", "currency", { "KRW", "USD" } },
      { "need", "virtualAccount.accountExpiry", when = { payMethod = "VIRTUAL_ACCOUNT" } },
      { "need", "productType", when = { payMethod = "MOBILE" } },
      { "of", "giftCertificate.giftCertificateType", { "CULTURELAND" } },
      { "need", "giftCertificate.giftCertificateType", when = { payMethod = "GIFT_CERTIFICATE" } },
      { "need", "bypass.nice_v2.MallUserID", when = { payMethod = "GIFT_CERTIFICATE" } },
      { "need", "card.installment.monthOption.fixedMonth",
        when = { ["card.cardCompany"] = true } },
      { "forbid", "card.installment.monthOption.availableMonthList",
        when = { ["card.cardCompany"] = true } },
      { "forbid", "card.cardCompany", when = { ["card.cardCompany"] = "TOSS_BANK" } },
      { "ignored", "card.installment.monthOption", when = { ["card.cardCompany"] = false },
        on = "mobile" },
      { "need", "easyPay.availablePayMethods",
        when = { ["easyPay.easyPayProvider"] = "NAVERPAY" } },
      { "of", "easyPay.availablePayMethods[]", { "CARD", "CHARGE", "MONEY" },
        when = { ["easyPay.easyPayProvider"] = { "NAVERPAY", "TOSSPAY" } } },
      { "of", "easyPay.availablePayMethods[]", { "TRANSFER" },
        when = { ["easyPay.easyPayProvider"] = "SSGPAY" } },
      { "check", "nice_cash_wallets" },
      { "check", "receipt_pair", { path = "easyPay" } },  -- yml, easyPay.customerIdentifier
      { "forbid", "easyPay.installment",
        when = { ["easyPay.easyPayProvider"] = no_months_v2 } },
      -- v2/nice-v2, "현금영수증": with a direct call only
      { "forbid", "transfer.cashReceiptType",
        when = { ["bypass.nice_v2.DirectShowOpt"] = false } },
      { "need", "transfer.cashReceiptType",
        when = { payMethod = "TRANSFER", ["bypass.nice_v2.DirectShowOpt"] = "BANK" } },
      { "forbid", "bypass.nice_v2.DirectShowOpt",
        when = { payMethod = "TRANSFER", isEscrow = true } },
      { "need", "redirectUrl", on = "mobile" },
    },
    key = {  -- v2/nice-v2, "결제창 빌링키 발급": NAVER Pay and Kakao Pay
      methods = { "EASY_PAY" },
      { "need", "issueId" },
      { "max", "issueId", 40 },
      { "like", "issueId", "alnum" },
      { "need", "issueName" },
      { "need", "easyPay.easyPayProvider" },
      { "of", "easyPay.easyPayProvider", { "KAKAOPAY", "NAVERPAY" } },
      { "need", "easyPay.availablePayMethods",
        when = { ["easyPay.easyPayProvider"] = "NAVERPAY" } },
      { "of", "easyPay.availablePayMethods[]", { "CARD", "CHARGE" } },
      { "need", "redirectUrl", on = "mobile" },
    },
  },
}

return M
