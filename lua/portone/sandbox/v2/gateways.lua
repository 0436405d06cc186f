-- SPDX-License-Identifier: MIT
--- What the payment gateways behind the channels can do over the V2 API.
--
-- A row says only what differs from a card gateway that takes keys and instant payments.
-- Sources: the PG pages of the V2 guide; `easy` is the EasyPayProvider of a wallet's own channel.

local M = {}

local WALLET = { key_by_api = false, card_by_api = false, account_by_api = false }

local function wallet(provider, more)
  local row = { easy = provider }
  for name, value in pairs(WALLET) do row[name] = value end
  for name, value in pairs(more or {}) do row[name] = value end
  return row
end

local rows = {
  tosspay_v2 = wallet("TOSSPAY"),
  tosspay = wallet("TOSSPAY"),
  kakaopay = wallet("KAKAOPAY"),
  naverpay = wallet("NAVERPAY"),
  payco = wallet("PAYCO"),
  toss_brandpay = wallet("TOSS_BRANDPAY"),
  paypal = wallet("PAYPAL", { async_cancel = true }),
  paypal_v2 = wallet("PAYPAL", { async_cancel = true }),
  eximbay = wallet(nil),
  eximbay_v2 = wallet(nil),
  payletter_global = wallet(nil),
  paymentwall = wallet(nil),
  kicc_v2 = wallet(nil),
  inicis_jp = wallet(nil),
  hecto_global = wallet(nil),
  triple_a = wallet(nil, { async_cancel = true, stop_cancel = true }),
  galaxia = wallet(nil),
  smartro_v2 = { card_by_api = false },
}

-- PgProvider of a gateway whose V1 code differs from the lower-case enum value.
local COMPANY = {
  UPLUS = "TOSSPAYMENTS", TOSS_BRANDPAY = "TOSSPAYMENTS", NAVERCO = "NAVERPAY", PINPAY = "KSNET",
  PAYLETTER_GLOBAL = "PAYLETTER", HECTO_GLOBAL = "SETTLE", HTML5_INICIS = "INICIS",
}

--- What a gateway can do.
---@param pg string lower-case code, e.g. "tosspayments"
---@return table row { key_by_api, card_by_api, account_by_api: false when not possible,
---  easy?: EasyPayProvider, async_cancel?: true, stop_cancel?: true }
function M.of(pg)
  return rows[pg] or {}
end

--- PgProvider of a channel's pg.
---@param pg string lower-case code
---@return string
function M.provider(pg)
  return pg:upper()
end

--- PgCompany of a provider: its name without the module suffix.
---@param provider string PgProvider
---@return string
function M.company(provider)
  local own = COMPANY[provider]
  if own then return own end
  return provider == "TRIPLE_A" and provider or provider:match("^(%u+)")
end

return M
