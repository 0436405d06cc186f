-- SPDX-License-Identifier: MIT
-- Wallets that are PGs themselves. Sources: pages v1/kakaopay, v1/naver, v1/payco, v1/smilepay,
-- v2/kakaopay, v2/naverpay; texts of browser-sdk.yml ("yml" below).

local M = {}

M.kakaopay = {
  name = "Kakao Pay",
  v1 = {
    pay = {  -- v1/kakaopay: the wallet decides, pay_method is ignored
      unknown = true,
      { "need", "name" },
      { "need", "amount" },
      { "of", "bypass.kakaopay.payment_method_type", { "CARD", "MONEY" } },
      { "check", "quota_single", warn = true },
      { "need", "m_redirect_url", on = "mobile" },
    },
    key = {
      unknown = true,
      { "need", "name" },
      { "need", "customer_uid" },
      { "need", "m_redirect_url", on = "mobile" },
    },
  },
  v2 = {
    pay = {  -- v2/kakaopay
      methods = { "EASY_PAY" },
      { "max", "orderName", 100 },  -- yml, PaymentOrderName
      { "of", "currency", { "KRW" } },
      { "of", "windowType.pc", { "IFRAME" } },
      { "of", "windowType.mobile", { "REDIRECTION" } },
      { "of", "locale", { "KO_KR" }, warn = true, say = "others are ignored" },
      { "of", "easyPay.availableCards[]", { "SHINHAN_CARD", "KOOKMIN_CARD", "HYUNDAI_CARD",
        "LOTTE_CARD", "SAMSUNG_CARD", "NH_CARD", "BC_CARD", "HANA_CARD", "CITI_CARD",
        "KAKAO_BANK" } },
      { "ignored", { "easyPay.easyPayProvider", "easyPay.installment.freeInstallmentPlans",
        "easyPay.installment.monthOption.availableMonthList" } },
      { "ignored", { "isEscrow", "isCulturalExpense", "productType" },
        say = "PortOne keeps it, Kakao Pay does not hear of it" },
      { "need", "redirectUrl", on = "mobile" },
    },
    key = {
      methods = { "EASY_PAY" },
      { "need", "issueName" },
      { "of", "windowType.pc", { "IFRAME" } },
      { "of", "windowType.mobile", { "REDIRECTION" } },
      { "of", "locale", { "KO_KR" }, warn = true, say = "others are ignored" },
      { "need", "redirectUrl", on = "mobile" },
    },
  },
}

local naver_items = "bypass.naverpay.productItems"

local naver_v1 = {
  pay = {  -- v1/naver
    unknown = true,
    { "need", "name" },
    { "need", "amount" },
    { "least", "amount", 10 },
    { "need", "naverProducts", say = "NAVER Pay's inspection asks for it" },
    { "need", "naverProducts[].categoryType" },
    { "need", "naverProducts[].categoryId" },
    { "need", "naverProducts[].uid" },
    { "need", "naverProducts[].name" },
    { "need", "naverProducts[].count" },
    { "like", "naverUseCfm", "yyyymmdd" },
    { "like", "naverPurchaserBirthday", "yyyymmdd" },
    { "need", "m_redirect_url", when = { naverPopupMode = { false } } },
  },
  key = {
    unknown = true,
    { "need", "name" },
    { "need", "customer_uid" },
    { "need", "naverProductCode" },
    { "need", "naverProductCount" },
    { "need", "m_redirect_url", when = { naverPopupMode = { false } } },
  },
}

M.naverpay = {
  name = "NAVER Pay",
  v1 = naver_v1,
  v2 = {
    pay = {  -- v2/naverpay
      methods = { "EASY_PAY" },
      { "max", "orderName", 128 },  -- yml, PaymentOrderName
      { "of", "currency", { "KRW" } },
      { "least", "totalAmount", 100, warn = true, say = "V1 says 10, V2 says 100" },
      { "of", "windowType.pc", { "POPUP" } },
      { "of", "windowType.mobile", { "REDIRECTION" } },
      { "of", "locale", { "KO_KR" }, warn = true, say = "others are ignored" },
      { "need", naver_items },
      { "need", naver_items .. "[].categoryType" },
      { "need", naver_items .. "[].categoryId" },
      { "need", naver_items .. "[].uid" },
      { "need", naver_items .. "[].name" },
      { "need", naver_items .. "[].count" },
      { "like", "bypass.naverpay.useCfmYmdt", "yyyymmdd" },
      { "ignored", { "easyPay.easyPayProvider", "easyPay.installment", "easyPay.availableCards" } },
      { "need", "redirectUrl", on = "mobile" },
    },
    key = {
      methods = { "EASY_PAY" },
      { "need", "issueId" },
      { "need", "issueName" },
      { "check", "together", { "displayAmount", "currency" } },
      { "of", "currency", { "KRW" } },
      { "of", "windowType.pc", { "POPUP" } },
      { "of", "windowType.mobile", { "REDIRECTION" } },
      { "need", "redirectUrl", on = "mobile" },
    },
  },
}

M.naverco = { name = "NAVER Pay (orders)", v1 = { pay = naver_v1.pay } }

M.payco = {
  name = "PAYCO",
  v1 = {
    pay = {  -- v1/payco
      methods = { "card", "trans", "vbank" }, optional = true,
      { "need", "name" },
      { "need", "amount" },
      { "need", "buyer_tel" },
      { "need", "m_redirect_url", on = "mobile" },
    },
    key = {
      unknown = true,
      { "need", "name" },
      { "need", "customer_uid" },
    },
  },
}

M.smilepay = {
  name = "Smile Pay",
  v1 = {
    pay = {  -- v1/smilepay
      methods = { "card" }, optional = true,
      { "need", "name" },
      { "need", "amount" },
      { "need", "buyer_tel" },
      { "need", "m_redirect_url", on = "mobile" },
    },
    key = { unknown = true, { "need", "customer_uid" } },  -- listed in the guide of billing keys
  },
}

return M
