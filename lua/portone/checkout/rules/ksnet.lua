-- SPDX-License-Identifier: MIT
-- KSNET. Sources: pages v1/ksnet (readme, warning), v2/ksnet; texts of browser-sdk.yml.

local M = {}

-- v2/ksnet, "카드 다이렉트 호출": which cards want what with a direct call
local bank_cards = { "BC_CARD", "SUHYUP_CARD", "JEONBUK_CARD", "GWANGJU_CARD", "KAKAO_BANK" }
local url_cards = { "WOORI_CARD", "HANA_CARD", "NH_CARD", "SAMSUNG_CARD", "HYUNDAI_CARD",
  "LOTTE_CARD", "SHINHAN_CARD", "CITI_CARD" }
local store_cards = { "KOOKMIN_CARD", "WOORI_CARD", "HANA_CARD", "NH_CARD", "SAMSUNG_CARD",
  "HYUNDAI_CARD", "LOTTE_CARD", "SHINHAN_CARD", "CITI_CARD" }

-- v2/ksnet, "간편결제 다이렉트"
local function direct(wallet)
  return { ["bypass.ksnet.easyPayDirect"] = true, ["easyPay.easyPayProvider"] = wallet }
end

M.ksnet = {
  name = "KSNET",
  v1 = {
    pay = {  -- v1/ksnet: no key window
      methods = { "card", "vbank", "trans", "phone", "lpay", "ssgpay", "kakaopay", "naverpay",
        "payco" },
      { "need", "amount" },
      { "need", "buyer_name" },
      { "need", "currency" },
      { "of", "currency", { "KRW", "USD" } },
      { "of", "currency", { "KRW" }, when = { ["card.direct.code"] = true } },
      { "need", "tax_free", warn = true, say = "shops at KSNET are of mixed taxation" },
      { "need", "vbank_due", when = { pay_method = "vbank" } },
      { "need", "digital", when = { pay_method = "phone" }, warn = true },
      { "need", "buyer_email", when = { escrow = true } },
      { "like", "storeDetails.businessRegistrationNumber", "digits" },
      { "of", "bypass.ksnet.sndQpayType", { "0", "1" } },
      { "of", "bypass.ksnet.sndKakaopayType", { "CARD", "MONEY" } },
      { "check", "installment_floor", { floor = 50000, hyundai = 10000 } },
      { "need", "m_redirect_url", on = "mobile" },
    },
  },
  v2 = {
    pay = {  -- v2/ksnet
      methods = { "CARD", "TRANSFER", "VIRTUAL_ACCOUNT", "MOBILE", "EASY_PAY" },
      { "max", "orderName", 50, "EUC-KR bytes" },   -- yml, PaymentOrderName
      { "need", { "customer.fullName", "customer.firstName+customer.lastName" } },
      { "max", "customer.fullName", 50, "bytes" },  -- yml, Customer
      { "of", "currency", { "KRW", "USD" } },
      { "of", "windowType.pc", { "IFRAME" } },
      { "of", "windowType.mobile", { "REDIRECTION" } },
      { "of", "locale", { "KO_KR" }, warn = true, say = "others are ignored" },
      { "need", "productType", when = { payMethod = "MOBILE" } },
      { "need", "virtualAccount.accountExpiry", when = { payMethod = "VIRTUAL_ACCOUNT" } },
      { "need", "customer.email", when = { isEscrow = true } },
      { "ignored", { "taxFreeAmount", "vatAmount" }, when = { payMethod = "VIRTUAL_ACCOUNT" } },
      { "of", "bypass.ksnet.sndQpayType", { "0", "1" } },
      { "of", "bypass.ksnet.sndKakaopayType", { "CARD", "MONEY" } },
      { "need", "customer.phoneNumber", when = { ["card.cardCompany"] = bank_cards },
        on = "mobile" },
      { "need", "bypass.ksnet.tcode", when = { ["card.cardCompany"] = bank_cards },
        on = "mobile" },
      { "need", "bypass.ksnet.url", when = { ["card.cardCompany"] = url_cards } },
      { "need", "storeDetails.businessName+storeDetails.businessRegistrationNumber",
        when = { ["card.cardCompany"] = store_cards } },
      { "of", "easyPay.easyPayProvider", { "NAVERPAY", "KAKAOPAY", "PAYCO", "LPAY" },
        when = { ["bypass.ksnet.easyPayDirect"] = true } },
      { "need", "storeDetails.businessName", when = direct "NAVERPAY" },
      { "need", "storeDetails.ceoFullName+storeDetails.address+storeDetails.phoneNumber",
        when = direct "KAKAOPAY" },
      { "need", "customer.email+customer.phoneNumber", when = direct "KAKAOPAY" },
      { "need", "storeDetails.businessName+storeDetails.businessRegistrationNumber",
        when = direct "PAYCO" },
      { "need", "customer.email+customer.phoneNumber", when = direct "PAYCO" },
      { "ignored", { "easyPay.installment.freeInstallmentPlans",
        "easyPay.useFreeInterestFromMall" } },
      { "ignored", "easyPay.installment.monthOption",
        when = { ["easyPay.easyPayProvider"] = { "PAYCO", "SSGPAY" } } },
      { "check", "installment_floor", { floor = 50000, hyundai = 10000 } },
      { "need", "redirectUrl", on = "mobile" },
    },
    key = {  -- v2/ksnet names CARD for the SDK, the table of PGs has no window: both agree on CARD
      methods = { "CARD" },
      { "need", "redirectUrl", on = "mobile" },
    },
  },
}

return M
