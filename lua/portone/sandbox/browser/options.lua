-- SPDX-License-Identifier: MIT
-- What a person may choose from in a window of V2, narrowed by the parameters of the page.

local M = {}

-- Bank of the API, of the SDK, and for people.
local BANKS = {
  { "SHINHAN", "SHINHAN_BANK", "신한은행", "Shinhan Bank" },
  { "KOOKMIN", "KOOKMIN_BANK", "KB국민은행", "KB Kookmin Bank" },
  { "WOORI", "WOORI_BANK", "우리은행", "Woori Bank" },
  { "HANA", "HANA_BANK", "하나은행", "Hana Bank" },
  { "NONGHYUP", "NH_NONGHYUP_BANK", "NH농협은행", "NH Bank" },
  { "IBK", "INDUSTRIAL_BANK_OF_KOREA", "IBK기업은행", "Industrial Bank of Korea" },
  { "BUSAN", "BUSAN_BANK", "부산은행", "Busan Bank" },
  { "DAEGU", "DAEGU_BANK", "아이엠뱅크", "iM Bank" },
  { "POST", "EPOST", "우체국", "Korea Post" },
  { "KWANGJU", "GWANGJU_BANK", "광주은행", "Gwangju Bank" },
  { "JEONBUK", "JEONBUK_BANK", "전북은행", "Jeonbuk Bank" },
  { "KYONGNAM", "KYONGNAM_BANK", "경남은행", "Kyongnam Bank" },
  { "SUHYUP", "SUHYUP_BANK", "수협은행", "Suhyup Bank" },
  { "STANDARD_CHARTERED", "SC_BANK_KOREA", "SC제일은행", "SC Bank Korea" },
  { "K_BANK", "K_BANK", "케이뱅크", "K bank" },
}

local function has(list, value)
  for _, item in ipairs(list) do
    if item == value then
      return true
    end
  end
  return false
end

---Banks at which the account may be.
---@param params table
---@param lang "ko"|"en"
---@return table[] list  { Bank of the API, name }
---@return string chosen
function M.banks(params, lang)
  local given = params.virtualAccount or {}
  local allowed = given.bankCode and { given.bankCode } or given.availableBanks
  local out = {}
  for _, bank in ipairs(BANKS) do
    if not allowed or #allowed == 0 or has(allowed, bank[2]) then
      out[#out + 1] = { bank[1], lang == "ko" and bank[3] or bank[4] }
    end
  end
  return out, out[1] and out[1][1]
end

---@param code string  Bank of the API
---@param lang "ko"|"en"
---@return string
function M.bank_name(code, lang)
  for _, bank in ipairs(BANKS) do
    if bank[1] == code then
      return lang == "ko" and bank[3] or bank[4]
    end
  end
  return tostring(code)
end

local PROVIDERS = { "KAKAOPAY", "NAVERPAY", "TOSSPAY", "PAYCO", "SAMSUNGPAY", "SSGPAY", "LPAY" }

-- Channels that are one wallet.
local WALLETS = { tosspay_v2 = "TOSSPAY", kakaopay = "KAKAOPAY", naverpay = "NAVERPAY",
  payco = "PAYCO" }

---Wallets to choose from; nil when there is nothing to choose.
---@param window portone.sandbox.window
---@return string[]? choices
---@return string? wallet  the one there is, when there is one only
function M.providers(window)
  local params = window.params
  if (params.payMethod or params.billingKeyMethod) ~= "EASY_PAY" then
    return nil
  end
  local wallet = WALLETS[window.channel.pg] or (params.easyPay or {}).easyPayProvider
  return not wallet and PROVIDERS or nil, wallet
end

-- Gateways that may take their time after the window has gone.
local SLOW = { paypal_v2 = true, eximbay_v2 = true, payletter_global = true, kicc_v2 = true }

---May a payment be left pending in a window?
---@param window portone.sandbox.window
---@return boolean
function M.may_pend(window)
  return window.kind == "pay" and SLOW[window.channel.pg] == true
end

local MINIMUM = 50000

---Months of instalments to choose from; nil when there is nothing to choose.
---@param window portone.sandbox.window
---@return integer[]?
function M.installments(window)
  local params = window.params
  local method = params.card or params.easyPay or {}
  local option = (method.installment or {}).monthOption or {}
  if window.kind ~= "pay" or method.useInstallment == false then
    return nil
  elseif option.fixedMonth then
    return { option.fixedMonth }
  elseif (params.currency or "KRW") ~= "KRW" or (params.totalAmount or 0) < MINIMUM then
    return nil
  end
  local out = { 0 }
  for _, months in ipairs(option.availableMonthList or { 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }) do
    if months ~= 0 then
      out[#out + 1] = months
    end
  end
  return out
end

---A time as people in Korea read it.
---@param unix number
---@return string  "2026-01-08 09:00"
function M.local_time(unix)
  return os.date("!%Y-%m-%d %H:%M", unix + 9 * 3600)
end

return M
