-- SPDX-License-Identifier: MIT
-- More PGs of Korea. Sources: pages v1/kicc, v1/danal, v1/daou (readme), v1/settle (readme,
-- mybank), v1/kg, v1/kg-mobilians-v2, v1/blue, v2/danal-identity-verification.

local M = {}

local function floor(window)
  window[#window + 1] = { "check", "installment_floor", { floor = 50000 } }
  return window
end

M.kicc = {
  name = "KICC EasyPay",
  v1 = {
    pay = floor {  -- v1/kicc
      methods = { "card", "trans", "vbank", "phone" },
      { "need", "name" },
      { "need", "amount" },
      { "need", "buyer_tel" },
      { "of", "auth_mode", { "key-in" } },
      { "forbid", "escrow", when = { escrow = true, pay_method = { no = { "trans", "vbank" } } } },
      { "need", "kiccProducts", when = { escrow = true } },
      { "need", "kiccProducts[].name", when = { escrow = true } },
      { "need", "kiccProducts[].quantity", when = { escrow = true } },
      { "need", "kiccProducts[].amount", when = { escrow = true } },
      { "need", "company", when = { ["card.direct.code"] = true }, warn = true,
        say = "the window says iamport otherwise" },
      { "need", "m_redirect_url", on = "mobile" },
    },
    key = {
      methods = { "card" }, optional = true,
      { "need", "name" },
      { "need", "customer_uid" },
      { "need", "m_redirect_url", on = "mobile" },
    },
  },
}

local danal_key = {  -- v1/danal, "비인증 결제(결제창 방식)"
  methods = { "card", "phone" }, optional = true,
  { "need", "name" },
  { "need", "amount", say = "0 issues a key alone, more charges as well" },
  { "need", "customer_uid" },
  { "like", "period.from", "yyyymmdd" },
  { "like", "period.to", "yyyymmdd" },
}

M.danal_tpay = {
  name = "Danal",
  v1 = {
    pay = floor {  -- v1/danal
      methods = { "card", "trans", "vbank", "cultureland", "happymoney" },
      { "need", "name" },
      { "need", "amount" },
      { "need", "buyer_tel" },
      { "need", "biz_num", when = { pay_method = "vbank" } },
      { "like", "biz_num", "digits" },
      { "min", "biz_num", 10 },
      { "max", "biz_num", 10 },
      { "of", "auth_mode", { "key-in" } },
      { "of", "bypass.danal.ISCASHRECEIPTUI", { "N" } },
    },
    key = danal_key,
  },
}

M.danal = {
  name = "Danal, phones and identity",
  v1 = {
    pay = {
      methods = { "phone" },
      { "need", "name" },
      { "need", "amount" },
      { "need", "buyer_tel" },
      { "ignored", { "tax_free", "appCard", "auth_mode", "bypass.danal" } },
    },
    key = danal_key,
  },
  v2 = {
    identity = {  -- v2/danal-identity-verification
      { "max", "customer.customerId", 200 },
      { "like", "customer.phoneNumber", "digits" },
      { "check", "danal_carriers" },
      { "need", "bypass.danal.CPTITLE", warn = true, say = "KISA's ePrivacy Clean shows it" },
    },
  },
}

M.daou = {
  name = "Kiwoom Pay",
  v1 = {
    pay = floor {  -- v1/daou
      methods = { "card", "trans", "vbank", "kakaopay", "naverpay", "payco", "samsung", "applepay",
        "cultureland", "smartculture", "booknlife", "phone" },
      { "need", "name" },
      { "need", "amount" },
      { "need", "digital", say = "it must be what the contract says" },
      { "forbid", "escrow", when = { escrow = true, pay_method = { no = { "trans", "vbank" } } } },
      { "of", "bypass.daou.CASHRECEIPTFLAG", { 0, 1, "0", "1", "Y", "N" } },
      { "of", "bypass.daou.DIRECT_YN", { "Y", "N" } },
      { "need", "m_redirect_url", on = "mobile" },
    },
  },
}

M.settle = {
  name = "Hecto Financial (Settlebank)",
  v1 = {
    pay = {  -- v1/settle: no key window
      methods = { "card", "trans", "vbank", "phone" },
      { "need", "amount" },
      { "need", "buyer_tel" },
      { "need", "name", when = { pay_method = "phone" } },
      { "need", "company", when = { pay_method = { "phone", "vbank" } } },
      { "need", "company_en", when = { pay_method = "phone" } },
      { "like", "vbank_due", "yyyymmdd" },
      { "need", "m_redirect_url", on = "mobile" },
    },
  },
}

M.settle_acc = {
  name = "My Bank Pay",
  v1 = {
    pay = {  -- v1/settle/mybank
      methods = { "trans" },
      { "need", "name" },
      { "need", "amount" },
    },
    key = { methods = { "trans" }, optional = true, { "need", "customer_uid" } },
  },
}

M.mobilians = {
  name = "KG Financial (old module)",
  v1 = {
    pay = {  -- v1/kg
      methods = { "card", "phone" },
      { "need", "name" },
      { "need", "amount" },
      { "like", "vbank_due", "yyyymmdd" },
      { "need", "m_redirect_url", on = "mobile" },
    },
    key = {
      methods = { "card", "phone" },
      { "need", "customer_uid" },
      { "need", "amount", say = "a phone is charged when its key is issued" },
    },
  },
}

local direct_escrow = { escrow = true, ["bypass.mobilians_v2.pay_options.ra_direct"] = "Y" }

M.mobilians_v2 = {
  name = "KG Financial",
  v1 = {
    pay = {  -- v1/kg-mobilians-v2
      methods = { "card", "phone", "vbank", "trans", "cultureland", "booknlife", "smartculture",
        "payco", "samsung", "ssgpay", "kakaopay", "naverpay", "lpay", "tosspay", "applepay" },
      optional = true,
      { "min", "merchant_uid", 4 },
      { "max", "merchant_uid", 40 },
      { "need", "name" },
      { "max", "name", 40 },
      { "need", "amount" },
      { "least", "amount", 100, warn = true },
      { "need", "buyer_name", when = { pay_method = "trans", escrow = true } },
      { "need", "buyer_tel", when = { pay_method = "ssgpay" } },
      { "need", "buyer_tel+buyer_email", when = direct_escrow },
      { "need", "customer_id",
        when = { pay_method = { "cultureland", "booknlife", "smartculture" } } },
      { "max", "customer_id", 20, "bytes" },
      { "need", "vbank_due", when = { pay_method = "vbank" } },
      { "like", "vbank_due", "day" },
      { "need", "card.direct.quota", when = { ["card.direct.code"] = true } },
      { "of", "phone.carrier", { "SKT", "KTF", "LGT", "CJH", "KCT", "SKL" } },
      { "forbid", { "tax_free", "vat_amount" }, when = { pay_method = "payco" },
        say = "PAYCO knows no mixed taxation" },
      { "ignored", { "tax_free", "vat_amount" }, when = { pay_method = { "phone", "vbank", "trans",
        "cultureland", "booknlife", "smartculture" } } },
      { "forbid", "confirm_url",
        when = { pay_method = { "cultureland", "booknlife", "smartculture" } },
        say = "a gift certificate is charged in one step" },
      { "need", "m_redirect_url", on = "mobile" },
    },
    key = {
      methods = { "card", "phone" }, optional = true,
      { "need", "name" },
      { "need", "customer_uid" },
      { "ignored", { "tax_free", "vat_amount" } },
    },
  },
}

M.bluewalnut = {
  name = "Bluewalnut",
  v1 = {
    pay = {  -- v1/blue: no keys at all
      methods = { "card", "trans", "vbank", "phone" },
      { "need", "name" },
      { "need", "amount" },
    },
  },
}

M.hyphen = {
  name = "Hyphen",
  v2 = {
    pay = {  -- no page of its own; what browser-sdk.yml says
      unknown = true,
      { "max", "orderName", 1000, "bytes" },
      { "need", { "customer.fullName", "customer.firstName+customer.lastName" } },
    },
  },
}

return M
