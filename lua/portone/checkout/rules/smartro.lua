-- SPDX-License-Identifier: MIT
-- Smartro. Sources: pages v1/smartro, v1/smartro-v2 (readme, caution), v2/smartro-v2; texts of
-- browser-sdk.yml ("yml" below).

local M = {}

M.smartro = {
  name = "Smartro (old module)",
  v1 = {
    pay = {  -- v1/smartro
      methods = { "card", "trans", "vbank" },
      { "need", "name" },
      { "need", "amount" },
    },
  },
}

local wallets = { "lpay", "kakaopay", "naverpay", "payco", "pinpay" }

-- v1/smartro-v2/caution, "에스크로": an escrow payment takes no direct call, no receipt
local escrow = { escrow = true }

M.smartro_v2 = {
  name = "Smartro",
  v1 = {
    pay = {  -- v1/smartro-v2
      methods = { "card", "trans", "vbank", "phone", "lpay", "kakaopay", "naverpay", "payco",
        "pinpay" },
      { "like", "merchant_uid", "alnum" },
      { "need", "amount" },
      { "check", "decimals", 2 },
      { "need", "buyer_tel" },
      { "need", "vbank_due", when = { pay_method = "vbank" } },
      { "like", "vbank_due", "day", say = "the time is always 23:59:59" },
      { "need", "digital", when = { pay_method = "phone" } },
      { "need", "customer_id", when = { pay_method = wallets } },
      { "max", "customer_id", 20 },
      { "of", "currency", { "KRW", "USD" } },
      { "check", "together", { "card.direct.code", "card.direct.quota" } },
      { "ignored", { "display.card_quota", "card.detail", "useCardPoint" } },
      { "forbid", "card.direct", when = escrow },
      { "forbid", { "bypass.cashReceiptType", "bypass.customerIdentifier" }, when = escrow },
      { "forbid", { "bypass.cashReceiptType", "bypass.customerIdentifier" },
        when = { pay_method = "vbank" } },
      { "of", "bypass.cashReceiptType", { "anonymous", "personal", "corporate" } },
      { "check", "receipt_pair", { path = "bypass" } },
      { "check", "together", { "period.from", "period.to" } },
      { "like", "period.from", "yyyymmdd" },
      { "like", "period.to", "yyyymmdd" },
      { "of", "bypass.smartro_v2.SkinColor", { "RED", "GREEN", "BLUE", "PURPLE" } },
      { "need", "m_redirect_url", on = "mobile" },
    },
    key = {  -- v1/smartro-v2/caution, "빌링키 발급시"
      methods = { "card" },
      { "need", "customer_uid" },
      { "need", "customer_id" },
      { "max", "customer_id", 20 },
      { "of", "language", { "ko" }, warn = true, say = "the key window is in Korean only" },
      { "need", "m_redirect_url", on = "mobile" },
    },
  },
  v2 = {
    pay = {  -- v2/smartro-v2
      methods = { "CARD", "TRANSFER", "VIRTUAL_ACCOUNT", "MOBILE", "EASY_PAY" },
      { "like", "paymentId", "alnum" },
      { "max", "paymentId", 40, say = "what is longer is cut" },
      { "max", "orderName", 40, "bytes" },      -- yml, PaymentOrderName
      { "max", "customer.fullName", 30 },       -- yml, Customer
      { "max", "customer.email", 60 },          -- yml, Customer
      { "need", "customer.phoneNumber" },
      { "need", "customer.customerId", when = { payMethod = "EASY_PAY" } },
      { "max", "customer.customerId", 20 },
      { "of", "currency", { "KRW", "USD" } },
      { "need", "productType", when = { payMethod = "MOBILE" } },
      { "ignored", { "card.installment.monthOption.availableMonthList", "card.useCardPoint" } },
      { "check", "together", { "card.cardCompany", "card.installment.monthOption.fixedMonth" } },
      { "forbid", { "card.cardCompany", "virtualAccount.bankCode" }, when = { isEscrow = true } },
      { "forbid", { "transfer.cashReceiptType", "transfer.customerIdentifier",
        "virtualAccount.cashReceiptType", "virtualAccount.customerIdentifier" },
        when = { isEscrow = true } },
      { "check", "receipt_pair", { path = "transfer" } },
      { "check", "receipt_pair", { path = "virtualAccount" } },
      { "ignored", "virtualAccount.cashReceiptType",
        when = { ["virtualAccount.bankCode"] = false } },
      { "check", "range_both_ends" },
      { "of", "bypass.smartro_v2.SkinColor", { "RED", "GREEN", "BLUE", "PURPLE" } },
      { "of", "bypass.smartro_v2.OpenType", { "KR", "EN" } },
      { "need", "redirectUrl", on = "mobile" },
    },
    key = {
      methods = { "CARD" },
      { "need", "issueId" },
      { "like", "issueId", "alnum" },
      { "need", "customer.customerId" },
      { "max", "customer.customerId", 20 },
      { "like", "customer.customerId", "alnum" },  -- yml, Customer
      { "of", "locale", { "KO_KR" }, warn = true, say = "the key window is in Korean only" },
      { "of", "bypass.smartro_v2.IsPwdPass", { "Y", "N" } },
      { "need", "redirectUrl", on = "mobile" },
    },
  },
}

return M
