-- SPDX-License-Identifier: MIT
-- Welcome Payments. Sources: pages v1/welcome (readme, caution), v2/welcome; texts of
-- browser-sdk.yml ("yml" below).

local M = {}

local name = { "customer.fullName", "customer.firstName+customer.lastName" }

-- v2/welcome: on a PC all three, on a mobile device none
local function customer(window, always)
  local on = not always and "pc" or nil
  for _, rule in ipairs {
    { "need", name, on = on },
    { "need", "customer.phoneNumber", on = on },
    { "need", "customer.email", on = on },
    { "max", "customer.fullName", 30, "bytes" },  -- yml, Customer
    { "of", "currency", { "KRW" } },
    { "check", "range_both_ends" },
    { "need", "redirectUrl", on = "mobile" },
  } do
    window[#window + 1] = rule
  end
  return window
end

-- v1/welcome: what paying and both kinds of keys have in common
local function v1_common(window)
  for _, rule in ipairs {
    { "of", "currency", { "KRW" } },
    { "of", "language", { "ko", "en", "zh" } },
    { "need", "m_redirect_url", on = "mobile" },
  } do
    window[#window + 1] = rule
  end
  return window
end

M.welcome = {
  name = "Welcome Payments",
  v1 = {
    pay = v1_common {
      methods = { "card", "trans", "vbank", "phone", "culturegift", "lpay", "kakaopay", "payco",
        "tosspay", "naverpay" },
      { "need", "amount" },
      { "need", "buyer_name" },
      { "need", "buyer_tel" },
      { "check", "vat_share", 10 },
      { "need", "vbank_due", when = { pay_method = "vbank" } },
      { "like", "vbank_due", "due" },
      { "need", "digital", when = { pay_method = "phone" } },
      { "forbid", "useCardPoint", when = { useCardPoint = { false } } },
      { "forbid", "escrow",
        when = { escrow = true, pay_method = { no = { "card", "trans", "vbank" } } } },
      { "forbid", "period.interval", when = { ["period.from"] = true } },
      { "check", "together", { "period.from", "period.to" } },
    },
    key = v1_common {  -- a card's key, or a phone's key with its first payment
      methods = { "card", "phone" },
      { "need", "customer_uid" },
      { "need", "buyer_name" },
      { "need", "buyer_tel" },
    },
  },
  v2 = {
    pay = customer {  -- v2/welcome, "SDK 결제 요청하기"
      methods = { "CARD", "TRANSFER", "VIRTUAL_ACCOUNT", "MOBILE", "GIFT_CERTIFICATE",
        "EASY_PAY" },
      { "like", "paymentId", "ascii" },
      { "max", "orderName", 40, "bytes", warn = true, say = "cut at 37 bytes, then \"...\"" },
      { "of", "locale", { "KO_KR", "EN_US", "ZH_CN" }, on = "pc" },
      { "of", "locale", { "KO_KR", "EN_US" }, on = "mobile" },
      { "need", "productType", when = { payMethod = "MOBILE" } },
      { "need", "giftCertificate.giftCertificateType", when = { payMethod = "GIFT_CERTIFICATE" },
        on = "mobile" },
      { "of", "giftCertificate.giftCertificateType",
        { "BOOKNLIFE", "SMART_MUNSANG", "CULTURELAND" } },
      { "of", "easyPay.easyPayProvider", { "KAKAOPAY", "LPAY", "TOSSPAY", "PAYCO", "NAVERPAY" } },
      { "forbid", "card.installment.monthOption.availableMonthList",
        when = { ["card.cardCompany"] = true } },
      { "forbid", "card.cardCompany", when = { ["card.cardCompany"] = "TOSS_BANK" },
        say = "Toss Bank has no direct call" },
      { "ignored", { "card.useAppCardOnly", "card.useInstallment",
        "card.useFreeInterestFromMall" } },
      { "ignored", { "easyPay.useCardPoint", "easyPay.customerIdentifier",
        "easyPay.availablePayMethods", "easyPay.availableCards", "easyPay.useInstallment",
        "easyPay.useFreeInterestFromMall" } },
      { "ignored", { "transfer.customerIdentifier", "virtualAccount.customerIdentifier" } },
      { "ignored", "mobile.carrier" },
      { "ignored", "mobile.avaliableCarriers", on = "pc" },
    },
    key = customer {
      methods = { "CARD" },
      { "need", "issueId" },
      { "like", "issueId", "ascii" },
      { "need", "issueName" },
      { "need", "offerPeriod", on = "mobile" },
      { "of", "offerPeriod.interval", { "1m", "1y" } },
      { "of", "locale", { "KO_KR", "EN_US", "ZH_CN" }, on = "pc" },
      { "ignored", "card.cardCompany" },
    },
    key_and_pay = customer({  -- the page's PHONE is MOBILE in the schema
      methods = { "MOBILE" },
      { "like", "paymentId", "ascii" },
      { "need", "productType" },
      { "need", "offerPeriod", on = "mobile" },
      { "of", "offerPeriod.interval", { "1m", "1y" } },
      { "ignored", { "locale", "mobile.carrier", "mobile.avaliableCarriers" } },
    }, true),
  },
}

return M
