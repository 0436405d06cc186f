-- SPDX-License-Identifier: MIT
-- Korea Payment Networks. Sources: page v2/kpn; texts of browser-sdk.yml.

local M = {}

M.kpn = {
  name = "Korea Payment Networks",
  v2 = {
    pay = {  -- v2/kpn, "SDK 결제 요청하기"
      methods = { "CARD", "TRANSFER", "VIRTUAL_ACCOUNT", "MOBILE", "EASY_PAY" },
      { "like", "paymentId", "alnum" },
      { "max", "orderName", 256, "bytes" },  -- yml, PaymentOrderName
      { "max", "customer.fullName", 100 },   -- yml, Customer
      { "of", "currency", { "KRW" } },
      { "of", "locale", { "KO_KR", "EN_US" } },
      { "need", "productType", when = { payMethod = "MOBILE" } },
      { "of", "easyPay.easyPayProvider", { "KAKAOPAY", "SAMSUNGPAY", "TOSSPAY", "PAYCO" },
        say = "NAVER Pay cannot be called directly" },
      { "of", "bypass.kpn.CardSelect[]", { "GLOBAL", "LEGACY_AUTH", "KEY_IN" } },
      { "ignored", "vatAmount" },
      { "ignored", { "card.useAppCardOnly", "card.useFreeInterestFromMall",
        "card.installment.monthOption.availableMonthList" } },
      { "ignored", { "easyPay.customerIdentifier", "easyPay.useCardPoint",
        "easyPay.useFreeInterestFromMall", "easyPay.useInstallment", "easyPay.cashReceiptType",
        "easyPay.installment", "easyPay.availableCards", "easyPay.availablePayMethods" } },
      { "ignored", { "transfer.customerIdentifier", "virtualAccount.customerIdentifier",
        "virtualAccount.bankCode" } },
      { "ignored", { "mobile.carrier", "mobile.avaliableCarriers" } },
      { "need", "redirectUrl", on = "mobile" },
    },
    key = {  -- v2/kpn, "SDK 빌링키 발급 요청하기"
      methods = { "CARD" },
      { "need", "customer.customerId" },
      { "need", { "customer.fullName", "customer.firstName+customer.lastName" } },
      { "forbid", "offerPeriod.interval", say = "only range is known" },
      { "of", "locale", { "KO_KR", "EN_US" } },
      { "ignored", "card.cardCompany" },
      { "need", "redirectUrl", on = "mobile" },
    },
  },
}

return M
