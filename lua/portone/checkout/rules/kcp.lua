-- SPDX-License-Identifier: MIT
-- NHN KCP. Sources: pages v1/nhn-kcp (readme), v2/kcp-v2, v2/kcp-v2-identity-verification;
-- texts of browser-sdk.yml ("yml" below).

local M = {}

local gift = { "cultureland", "smartculture", "booknlife", "happymoney" }

M.kcp = {
  name = "NHN KCP",
  v1 = {
    pay = {  -- v1/nhn-kcp
      methods = { "card", "trans", "vbank", "phone", "cultureland", "smartculture", "booknlife",
        "happymoney", "payco", "lpay", "kakaopay", "naverpay", "naverpay_bridge", "samsung",
        "ssgpay", "applepay", "tosspay", "point" },
      { "need", "name" },
      { "need", "amount" },
      { "like", "vbank_due", "due_plain" },
      { "of", "language", { "ko", "en" } },
      { "of", "auth_mode", { "key-in" } },
      { "need", "bypass.shop_user_id", when = { pay_method = gift } },
      { "need", "bypass.shop_user_id", when = { pay_method = "phone" } },
      { "need", "buyer_name", when = { pay_method = "phone" } },
      { "need", "bypass.pt_memcorp_cd", when = { pay_method = "point" } },
      { "need", "kcpProducts", when = { escrow = true } },
      { "of", "bypass.complex_pnt_yn", { "Y", "N" } },
      { "of", "bypass.coupon_apply_yn", { "Y", "N" } },
      { "of", "bypass.app_flag", { "Y", "N", "S" } },
      { "check", "installment_floor", { floor = 50000 } },
      { "check", "quota_is_range" },  -- the longest of the list counts here as well
    },
  },
}

M.kcp_billing = {
  name = "NHN KCP, billing keys",
  v1 = {
    pay = { unknown = true },
    key = {  -- v1/nhn-kcp, "결제창 빌링키 발급"
      methods = { "card" },
      { "need", "name" },
      { "need", "customer_uid" },
    },
  },
}

-- v2/kcp-v2: cards that want the shop's name with a direct call from a PC
local named_cards = { "SHINHAN_CARD", "WOORI_CARD", "HYUNDAI_CARD", "SAMSUNG_CARD", "NH_CARD",
  "HANA_CARD", "LOTTE_CARD", "CITI_CARD" }

M.kcp_v2 = {
  name = "NHN KCP",
  v2 = {
    pay = {  -- v2/kcp-v2, "SDK 결제 요청하기"
      methods = { "CARD", "TRANSFER", "VIRTUAL_ACCOUNT", "MOBILE", "GIFT_CERTIFICATE",
        "EASY_PAY" },
      { "max", "paymentId", 40 },
      { "like", "paymentId", "alnum" },
      { "max", "orderName", 100, "bytes" },
      { "max", "customer.fullName", 30 },  -- yml, Customer
      { "of", "currency", { "KRW", "USD" } },
      { "of", "currency", { "KRW" }, when = { payMethod = { no = { "CARD" } } } },
      { "of", "locale", { "KO_KR", "EN_US" } },
      { "need", "bypass.kcp_v2.shop_user_id",
        when = { payMethod = { "GIFT_CERTIFICATE", "MOBILE" } } },
      { "of", "giftCertificate.giftCertificateType", { "BOOKNLIFE", "CULTURELAND" } },
      { "of", "easyPay.easyPayProvider", { "KAKAOPAY", "NAVERPAY", "SAMSUNGPAY", "SSGPAY",
        "APPLEPAY", "LPAY", "TOSSPAY", "PAYCO" } },
      { "forbid", "card.installment.monthOption.availableMonthList",
        when = { ["card.cardCompany"] = true } },
      { "need", "bypass.kcp_v2.site_name", when = { ["card.cardCompany"] = named_cards },
        on = "pc" },
      { "need", "bypass.kcp_v2.site_name", when = { ["card.cardCompany"] = true },
        on = "mobile" },
      { "need", { "customer.fullName", "customer.firstName+customer.lastName" },
        when = { ["card.cardCompany"] = true }, on = "mobile" },            -- yml, Customer
      { "need", "customer.email", when = { ["card.cardCompany"] = true }, on = "pc" },  -- yml
      { "need", "products", when = { isEscrow = true } },
      { "need", "bypass.kcp_v2.deli_term", when = { isEscrow = true }, warn = true },
      { "like", "bypass.kcp_v2.deli_term", "two_digits" },
      { "of", "bypass.kcp_v2.disp_tax_yn", { "Y", "N", "R", "E" } },
      { "least", "bypass.kcp_v2.skin_indx", 1 },
      { "most", "bypass.kcp_v2.skin_indx", 12 },
      { "ignored", "mobile.avaliableCarriers", on = "mobile" },
      { "ignored", { "card.useCardPoint", "card.useInstallment",
        "card.useFreeInterestFromMall" } },
      { "ignored", { "easyPay.useCardPoint", "easyPay.customerIdentifier",
        "easyPay.availableCards", "easyPay.useInstallment", "easyPay.useFreeInterestFromMall" } },
      { "ignored", { "transfer.customerIdentifier", "transfer.cashReceiptType",
        "virtualAccount.customerIdentifier", "virtualAccount.cashReceiptType" } },
      { "need", "redirectUrl", on = "mobile" },
    },
    key = {  -- v2/kcp-v2, "SDK 빌링키 발급 요청하기"
      methods = { "CARD" },
      { "need", "issueId" },
      { "need", "issueName", on = "mobile" },
      { "ignored", "card.cardCompany" },
      { "ignored", "offerPeriod.range", say = "only interval is known" },
      { "need", "redirectUrl", on = "mobile" },
    },
    identity = {  -- v2/kcp-v2-identity-verification
      { "max", "identityVerificationId", 40 },
      { "like", "identityVerificationId", "alnum" },
    },
  },
}

local action = "bypass.kcpQuick.actionType"

local quick = {  -- v1/nhn-kcp/kcp-quickpay: one window for registering, paying and the PIN
  methods = { "card", "trans" }, optional = true,
  { "need", action },
  { "of", action, { "Register", "UserRegister", "RegisterAutoPay", "Deregister", "Pay",
    "PinChange", "PinReset", "PinCheck", "PhoneChange", "Terminate", "RegisterFido", "SignUp",
    "Leave", "PrepaidRefundAccount", "PrepaidRefund", "PrepaidLimitRaise", "PrepaidKYC",
    "PrepaidAuth", "PrepaidOfflineUse", "PrepaidOfflinePaymentInfo" } },
  { "need", "name", when = { [action] = { no = { "PrepaidOfflinePaymentInfo" } } } },
  { "need", "bypass.kcpQuick.memberID" },
  { "max", "bypass.kcpQuick.memberID", 16 },
  { "need", "bypass.kcpQuick.encryptedCI",
    when = { [action] = { no = { "PrepaidOfflinePaymentInfo" } } } },
  { "forbid", "bypass.kcpQuick.memberCI", say = "it was withdrawn: use encryptedCI" },
  { "need", "pay_method", when = { [action] = { "Pay", "Register" } } },
  { "need", "amount", when = { [action] = "Pay" } },
  { "need", "customer_uid", when = { [action] = { "Register", "Deregister" } } },
  { "need", "customer_uid", when = { [action] = "Pay" }, warn = true,
    say = "without it the window lets the customer choose" },
  { "ignored", "bypass.kcpQuick.registerAutoPay", when = { [action] = { no = { "Register" } } } },
  { "like", "bypass.kcpQuick.sdkVersion", "token" },
  { "need", "bypass.kcpQuick.prepaidOfflinePaymentInfoRequest",
    when = { [action] = "PrepaidOfflinePaymentInfo" } },
  { "need", "m_redirect_url", on = "mobile" },
}

M.kcp_quick = {
  name = "NHN KCP QuickPay",
  v1 = { pay = quick, key = quick },
}

return M
