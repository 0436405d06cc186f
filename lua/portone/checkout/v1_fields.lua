-- SPDX-License-Identifier: MIT
-- The parameters of IMP.request_pay, from the page of the JavaScript SDK and from the pages
-- of the PGs (opi/ko/integration/pg/v1). What a PG makes of them is in rules/.

local str = { type = "string" }
local num = { type = "number" }
local int = { type = "integer" }
local bool = { type = "boolean" }
local free = { type = "object" }
local list = { type = "array", items = free }

-- A field that only these PGs look at.
local function only(pgs, field)
  local own = { pgs = pgs }
  for name, value in pairs(field) do own[name] = value end
  return own
end
local naver, kcp, kicc = { "naverpay", "naverco" }, { "kcp" }, { "kicc" }

return {
  -- where it goes
  channelKey = str,
  pg = { type = "string", deprecated = true, max = 80 },
  -- what is paid
  pay_method = { type = "string", max = 20 },
  merchant_uid = { type = "string", required = true, min = 1, max = 40 },
  name = str,
  amount = { type = "number", min = 0 },
  currency = str, language = str, locale = str,
  tax_free = { type = "number", min = 0 },
  vat_amount = { type = "number", min = 0 },
  escrow = bool, digital = bool, custom_data = free, products = list, order_description = str,
  -- who pays
  buyer_name = str, buyer_email = str, buyer_tel = str, buyer_addr = str, buyer_postcode = str,
  buyer_first_name = str, buyer_last_name = str,
  buyer_first_name_kana = str, buyer_last_name_kana = str,
  -- where to hear of it
  m_redirect_url = str, confirm_url = str, app_scheme = str,
  notice_url = { type = "array", items = str, single = true },
  -- billing keys
  customer_uid = { type = "string", min = 1, max = 80 },
  customer_id = { type = "string", min = 1 },
  -- cards
  display = {
    type = "object",
    fields = { card_quota = { type = "array", items = int }, only_installment = bool },
  },
  card = {
    type = "object",
    fields = {
      direct = {
        type = "object",
        fields = { code = str, quota = int, usePoint = { type = "boolean" } },
      },
      detail = {
        type = "array",
        items = {
          type = "object", fields = { card_code = str, enabled = bool, max_month = int },
          open = true,
        },
      },
      useInstallment = bool,
    },
  },
  useFreeInterestFromMall = bool, useCardPoint = bool, appCard = bool, auth_mode = str,
  -- virtual accounts
  vbank_due = str, biz_num = str,
  -- the window
  popup = bool, company = str, company_en = str,
  phone = { type = "object", fields = { carrier = str } },
  prefill = free, storeDetails = free,
  period = {
    type = "object", fields = { from = str, to = str, interval = str, text = str },
  },
  -- PGs of their own mind
  naverProducts = only(naver, list), naverUseCfm = only(naver, str),
  naverPopupMode = only(naver, bool), naverPurchaserName = only(naver, str),
  naverPurchaserBirthday = only(naver, str), naverProductCode = only(naver, str),
  naverProductCount = only(naver, num), naverCultureBenefit = only(naver, bool),
  naverMerchantUserKey = only(naver, str),
  kcpProducts = only(kcp, list), kiccProducts = only(kicc, list),
  niceMobileV2 = bool,  -- apps set it whatever the PG
  kakaopayMobileAsPC = only({ "kakaopay" }, bool), use_test_method = bool,
  alipay_plus = only({ "kicc_v2" }, { type = "object", fields = { wallet = str } }),
  cvs = only({ "inicis_jp" }, free), customer = free,
  bypass = free,
}
