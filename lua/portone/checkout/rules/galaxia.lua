-- SPDX-License-Identifier: MIT
-- Galaxia Moneytree. Sources: pages v1/galaxia, v2/galaxia.

local M = {}

local function common_v1(window)
  for _, rule in ipairs {
    { "need", "name" },
    { "need", "customer_id" },
    { "max", "customer_id", 20 },
    { "of", "currency", { "KRW" } },
    { "need", "m_redirect_url", on = "mobile" },
    { "of", "phone.carrier", { "SKT", "KTF", "LGT", "CJH", "KCT", "SKL" } },
  } do
    window[#window + 1] = rule
  end
  return window
end

local function common_v2(window)
  for _, rule in ipairs {
    { "need", "customer.customerId" },
    { "max", "customer.customerId", 20 },
    { "of", "currency", { "KRW" } },
    { "need", "redirectUrl", on = "mobile" },
  } do
    window[#window + 1] = rule
  end
  return window
end

M.galaxia = {
  name = "Galaxia Moneytree",
  v1 = {
    pay = common_v1 {
      methods = { "card", "trans", "vbank", "phone", "cultureland", "smartculture", "booknlife",
        "happymoney", "kakaopay", "naverpay", "tosspay", "samsungpay", "applepay", "payco",
        "moneytree" },
      optional = true,
      { "need", "amount" },
      { "need", "vbank_due", when = { pay_method = "vbank" } },
      { "like", "vbank_due", "day" },
      { "forbid", "escrow", when = { escrow = true, pay_method = { no = { "trans", "vbank" } } } },
    },
    key = common_v1 {  -- a card's key; or a phone's key with its first payment
      methods = { "card", "phone" },
      { "need", "customer_uid" },
      { "need", "amount", when = { pay_method = "phone" } },
    },
  },
  v2 = {
    pay = common_v2 {
      methods = { "CARD", "TRANSFER", "VIRTUAL_ACCOUNT", "MOBILE", "GIFT_CERTIFICATE",
        "EASY_PAY" },
      { "max", "paymentId", 64 },
      { "need", "virtualAccount.accountExpiry", when = { payMethod = "VIRTUAL_ACCOUNT" } },
      { "need", "customer.phoneNumber", when = { payMethod = "TRANSFER" } },
      { "of", "giftCertificate.giftCertificateType",
        { "CULTURELAND", "SMART_MUNSANG", "BOOKNLIFE", "HAPPYMONEY" } },
      { "of", "easyPay.easyPayProvider", { "KAKAOPAY", "NAVERPAY", "TOSSPAY", "SAMSUNGPAY",
        "APPLEPAY", "PAYCO", "MONEYTREE" } },
      { "forbid", "isEscrow",
        when = { isEscrow = true, payMethod = { no = { "TRANSFER", "VIRTUAL_ACCOUNT" } } } },
      { "of", "windowType.pc", { "IFRAME" } },
      { "of", "windowType.mobile", { "REDIRECTION" } },
    },
    key = common_v2 {
      methods = { "CARD" },
      { "need", "issueId" },
      { "need", "issueName" },
    },
    key_and_pay = common_v2 { methods = { "MOBILE" } },
  },
}

return M
