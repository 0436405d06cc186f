-- SPDX-License-Identifier: MIT
-- KG Inicis and its Japanese and identity services. Sources: pages v1/inicis, v1/inicis-jp,
-- v2/inicis-v2, v2/inicis-jp, v2/inicis-unified-identity-verification; texts of
-- browser-sdk.yml ("yml" below).

local M = {}

local html5 = {  -- v1/inicis
  pay = {
    methods = { "card", "kakaopay", "naverpay", "samsung", "applepay", "ssgpay", "payco",
      "tosspay", "lpay", "trans", "vbank", "phone", "cultureland", "smartculture", "happymoney",
      "booknlife" },
    { "need", "name" },
    { "need", "amount" },
    { "need", "buyer_tel" },
    { "need", "digital", when = { pay_method = "phone" } },
    { "of", "language", { "ko", "en" } },
    { "check", "together", { "period.from", "period.to" } },
    { "like", "period.from", "yyyymmdd" },
    { "like", "period.to", "yyyymmdd" },
    { "like", "vbank_due", "due" },
    { "check", "installment_floor", { floor = 50000 } },
    { "check", "quota_is_range" },
    { "need", "m_redirect_url", on = "mobile" },
  },
  key = {
    methods = { "card" }, optional = true,
    { "need", "name" },
    { "need", "amount", warn = true, say = "the window shows it; nothing is charged" },
    { "need", "customer_uid" },
    { "of", "bypass.inicis.authtype", { "01" } },
    { "need", "m_redirect_url", on = "mobile" },
  },
}

M.html5_inicis = { name = "KG Inicis", v1 = html5 }
M.inicis = { name = "KG Inicis (ActiveX, API billing)", v1 = html5 }

local name = { "customer.fullName", "customer.firstName+customer.lastName" }

-- What paying, issuing a key, and both at once have in common.
local function customer(window, always)
  local on = not always and "pc" or nil
  local rules = {
    { "need", name, on = on },
    { "need", "customer.phoneNumber", on = on },
    { "need", "customer.email", on = on },
    { "max", "customer.fullName", 30, "bytes" },  -- yml, Customer
    { "check", "range_both_ends" },
    { "need", "redirectUrl", on = "mobile" },
  }
  for _, rule in ipairs(rules) do
    window[#window + 1] = rule
  end
  return window
end

M.inicis_v2 = {
  name = "KG Inicis",
  v2 = {
    pay = customer {  -- v2/inicis-v2, "SDK 결제 요청하기"
      methods = { "CARD", "TRANSFER", "VIRTUAL_ACCOUNT", "MOBILE", "GIFT_CERTIFICATE",
        "EASY_PAY" },
      { "like", "paymentId", "ascii" },
      { "max", "orderName", 40, "bytes", warn = true, say = "cut at 37 bytes, then \"...\"" },
      { "of", "currency", { "KRW", "USD" } },
      { "of", "currency", { "KRW" }, when = { payMethod = { no = { "CARD" } } } },
      { "of", "locale", { "KO_KR", "EN_US", "ZH_CN" }, on = "pc" },
      { "of", "locale", { "KO_KR", "EN_US" }, on = "mobile" },
      { "need", "productType", when = { payMethod = "MOBILE" } },
      { "need", "giftCertificate.giftCertificateType", when = { payMethod = "GIFT_CERTIFICATE" },
        on = "mobile" },
      { "of", "giftCertificate.giftCertificateType",
        { "BOOKNLIFE", "SMART_MUNSANG", "CULTURELAND" } },
      { "of", "easyPay.easyPayProvider", { "KAKAOPAY", "NAVERPAY", "SAMSUNGPAY", "SSGPAY",
        "APPLEPAY", "LPAY", "TOSSPAY", "PAYCO" } },
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
      { "like", "bypass.inicis_v2.parentemail", "email" },
      { "like", "bypass.inicis_v2.Ini_SSGPAY_MDN", "digits" },
    },
    key = customer {  -- v2/inicis-v2, "SDK 카드 빌링키 발급 요청하기"
      methods = { "CARD" },
      { "need", "issueId" },
      { "like", "issueId", "ascii" },
      { "need", "issueName" },
      { "need", "offerPeriod", on = "mobile" },
      { "of", "offerPeriod.interval", { "1m", "1y" } },
      { "of", "locale", { "KO_KR", "EN_US", "ZH_CN" }, on = "pc" },
      { "of", "currency", { "KRW", "USD" } },
      { "of", "currency", { "KRW" }, on = "mobile" },
      { "ignored", "card.cardCompany" },
    },
    key_and_pay = customer({  -- v2/inicis-v2, "SDK 휴대폰 빌링키 발급 및 결제"; the page's PHONE
      methods = { "MOBILE" },
      { "like", "paymentId", "ascii" },
      { "need", "productType" },
      { "need", "offerPeriod", on = "mobile" },
      { "of", "offerPeriod.interval", { "1m", "1y" } },
      { "of", "currency", { "KRW" } },
      { "ignored", { "locale", "mobile.carrier", "mobile.avaliableCarriers" } },
    }, true),
  },
}

local months = { 3, 5, 6, 10, 12 }

M.inicis_jp = {
  name = "KG Inicis Japan",
  v1 = {
    pay = {  -- v1/inicis-jp
      methods = { "card", "cvs" },
      { "need", "name" },
      { "need", "amount" },
      { "need", "currency" },
      { "of", "currency", { "JPY" } },
      { "need", "buyer_name" },
      { "need", "buyer_first_name_kana", when = { pay_method = "cvs" } },
      { "need", "buyer_last_name_kana", when = { pay_method = "cvs" } },
      { "need", { "cvs.payment_deadline.valid_hours", "cvs.payment_deadline.due_date" },
        when = { pay_method = "cvs" } },
      { "max", "customer_id", 30, say = "of SBPS, which requires it" },
      { "check", "months", { only = months } },
    },
  },
  v2 = {
    pay = {  -- v2/inicis-jp
      methods = { "CARD", "CONVENIENCE_STORE", "EASY_PAY" },
      { "like", "paymentId", "ascii" },
      { "of", "currency", { "JPY" } },
      { "of", "locale", { "JA_JP" }, warn = true, say = "the window is in Japanese" },
      { "need", name },
      { "need", "customer.firstNameKana", when = { payMethod = "CONVENIENCE_STORE" } },
      { "need", "customer.lastNameKana", when = { payMethod = "CONVENIENCE_STORE" } },
      { "max", "customer.firstNameKana", 20, "bytes" },  -- yml, Customer
      { "max", "customer.lastNameKana", 20, "bytes" },   -- yml, Customer
      { "max", "customer.customerId", 30, say = "of SBPS, which requires it" },
      { "need", "convenienceStore.paymentDeadline", when = { payMethod = "CONVENIENCE_STORE" } },
      { "least", "convenienceStore.paymentDeadline.validHours", 24 },
      { "most", "convenienceStore.paymentDeadline.validHours", 720 },
      { "check", "months", { only = months } },
      { "of", "easyPay.easyPayProvider", { "AMAZONPAY", "RAKUTENPAY", "PAYPAY", "DBARAI", "AUPAY",
        "MERPAY" } },
      { "ignored", { "card.cardCompany", "card.availableCards", "card.useAppCardOnly",
        "card.useInstallment", "card.useFreeInterestFromMall" } },
      { "ignored", { "easyPay.installment", "easyPay.useCardPoint", "easyPay.customerIdentifier",
        "easyPay.availablePayMethods", "easyPay.availableCards", "easyPay.useInstallment",
        "easyPay.useFreeInterestFromMall" } },
      { "like", "storeDetails.storeNameKana", "katakana" },
      { "like", "storeDetails.storeNameEn", "latin" },
      { "like", "storeDetails.openingHours.open", "hhmm" },
      { "like", "storeDetails.openingHours.close", "hhmm" },
    },
  },
}

local fixed = { ["bypass.inicisUnified.flgFixedUser"] = "Y" }

M.inicis_unified = {
  name = "KG Inicis, identity",
  v2 = {
    identity = {  -- v2/inicis-unified-identity-verification
      { "need", "bypass.inicisUnified.flgFixedUser" },
      { "of", "bypass.inicisUnified.flgFixedUser", { "Y", "N" } },
      { "need", name, when = fixed },
      { "need", "customer.phoneNumber", when = fixed },
      { "need", "customer.birthYear+customer.birthMonth+customer.birthDay", when = fixed },
      { "of", "bypass.inicisUnified.directAgency", { "PASS", "TOSS", "KFTC", "KAKAO", "NAVER",
        "SAMSUNG", "SHINHAN", "KB", "HANA", "WOORI", "NH", "KAKAOBANK", "SMS" } },
      { "of", "bypass.inicisUnified.FRGNDInfo", { "Y", "N" } },
    },
  },
}

return M
