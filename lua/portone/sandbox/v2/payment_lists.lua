-- SPDX-License-Identifier: MIT
--- Lists of payments: pages with every filter, cursors, and the events behind the money.

local gateways = require "portone.sandbox.v2.gateways"
local lists = require "portone.sandbox.v2.lists"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"
local webhooks = require "portone.sandbox.v2.webhooks"

local M = {}

local TIMES = {
  CREATED_AT = function(p) return p.tx.requested_at end,
  STATUS_CHANGED_AT = function(p) return p.tx.changed_at end,
}

local SORTS = {
  REQUESTED_AT = TIMES.CREATED_AT,
  STATUS_CHANGED_AT = TIMES.STATUS_CHANGED_AT,
}

-- The filter says PENDING where the object says PAY_PENDING.
local FILTER_STATUS = { PAY_PENDING = "PENDING" }

local METHODS = {
  PaymentMethodCard = "CARD", PaymentMethodTransfer = "TRANSFER",
  PaymentMethodVirtualAccount = "VIRTUAL_ACCOUNT", PaymentMethodMobile = "MOBILE",
  PaymentMethodGiftCertificate = "GIFT_CERTIFICATE", PaymentMethodEasyPay = "EASY_PAY",
  PaymentMethodConvenienceStore = "CONVENIENCE_STORE", PaymentMethodCrypto = "CRYPTO",
}

-- The card of a payment: its own, or the one inside a wallet.
local function card_of(tx)
  local method = tx.method or {}
  return method.card or (method.easyPayMethod or {}).card or {}
end

local function cancellation_texts(field)
  return function(p)
    local out = {}
    for _, c in ipairs(p.tx.cancellations) do out[#out + 1] = c[field] end
    return table.concat(out, "\n")
  end
end

local function customer_text(field)
  return function(p) return view.customer(p.tx.order.customer)[field] end
end

local function card_text(field)
  return function(p) return card_of(p.tx)[field] end
end

local function method_text(field)
  return function(p)
    local method = p.tx.method or {}
    return method[field] or (method.easyPayMethod or {})[field]
  end
end

local function only(type, field)
  return function(p)
    local method = p.tx.method or {}
    return method.type == type and method[field] or nil
  end
end

-- What each PaymentTextSearchField reads; one that nothing here fills finds nothing.
local TEXT = {
  PAYMENT_ID = function(p) return p.id end,
  TX_ID = function(p) return p.tx.id end,
  SCHEDULE_ID = function(p) return p.tx.schedule_id end,
  FAIL_REASON = function(p) return (p.tx.failure or {}).reason end,
  CARD_ISSUER = card_text "issuer",
  CARD_ACQUIRER = card_text "publisher",
  CARD_BIN = card_text "bin",
  CARD_NUMBER = card_text "number",
  CARD_APPROVAL_NUMBER = method_text "approvalNumber",
  CARD_RECEIPT_NAME = card_text "name",
  CARD_INSTALLMENT = function(p)
    local month = ((p.tx.method or {}).installment or {}).month
    return month and string.format("%d", month)
  end,
  TRANS_BANK = only("PaymentMethodTransfer", "bank"),
  VIRTUAL_ACCOUNT_HOLDER_NAME = only("PaymentMethodVirtualAccount", "remitteeName"),
  VIRTUAL_ACCOUNT_BANK = only("PaymentMethodVirtualAccount", "bank"),
  VIRTUAL_ACCOUNT_NUMBER = only("PaymentMethodVirtualAccount", "accountNumber"),
  PG_MERCHANT_ID = function(p) return (p.tx.channel or {}).pgMerchantId end,
  PG_TX_ID = function(p) return p.tx.pg_tx_id end,
  PG_RECEIPT_ID = function(p) return (p.tx.receipt or {}).pg_receipt_id end,
  RECEIPT_APPROVAL_NUMBER = function(p) return (p.tx.receipt or {}).issue_number end,
  PG_CANCELLATION_ID = cancellation_texts "pg_cancellation_id",
  CANCEL_REASON = cancellation_texts "reason",
  ORDER_NAME = function(p) return p.tx.order.orderName end,
  CUSTOMER_NAME = customer_text "name",
  CUSTOMER_EMAIL = customer_text "email",
  CUSTOMER_PHONE_NUMBER = customer_text "phoneNumber",
  CUSTOMER_ADDRESS = function(p)
    return (view.customer(p.tx.order.customer).address or {}).oneLine
  end,
  CUSTOMER_ZIPCODE = customer_text "zipcode",
  USER_AGENT = function(p) return p.tx.origin.userAgent end,
  BILLING_KEY = function(p) return p.tx.billing_key end,
  PROMOTION_ID = function(p) return (p.tx.promotion or {}).id end,
}

local function field_has(p, field, value)
  local read = TEXT[field]
  local text = read and read(p)
  return text ~= nil and text:find(value, 1, true) ~= nil
end

local function text_found(p, search)
  if search.field ~= "ALL" then return field_has(p, search.field, search.value) end
  for field in pairs(TEXT) do
    if field_has(p, field, search.value) then return true end
  end
  return false
end

local function texts_found(p, searches)
  for _, search in ipairs(searches or {}) do
    if not text_found(p, search) then return false end
  end
  return true
end

local function in_range(path, range, at)
  if range == nil then return true end
  local first = lists.moment(path .. ".from", range.from)
  local last = lists.moment(path .. ".until", range["until"])
  return at ~= nil and at >= first and at <= last
end

local function card_passes(filter, tx)
  local card = card_of(tx)
  return lists.equals(filter.cardBrand, card.brand)
    and lists.equals(filter.cardType, card.type)
    and lists.equals(filter.cardOwnerType, card.ownerType)
    and lists.equals(filter.giftCertificateType, (tx.method or {}).giftCertificateType)
end

-- A receipt that was never issued is of type NO_RECEIPT.
local function receipt_passes(filter, tx)
  local receipt = tx.receipt or {}
  local type = receipt.type or tx.receipt_status == "NOT_ISSUED" and "NO_RECEIPT" or nil
  return lists.equals(filter.cashReceiptType, type)
    and lists.equals(filter.cashReceiptStatus, receipt.status)
    and in_range("cashReceiptIssuedAtRange", filter.cashReceiptIssuedAtRange, receipt.issued_at)
    and in_range("cashReceiptCancelledAtRange", filter.cashReceiptCancelledAtRange,
      receipt.cancelled_at)
end

local PLATFORMS = { API = "API", PC = "SDK_PC", MOBILE = "SDK_MOBILE" }

local function passes(world, p, filter)
  local tx = p.tx
  return lists.equals(filter.merchantId, world.config.merchant_id)
    and lists.equals(filter.storeId, p.store)
    and lists.names(filter.status, FILTER_STATUS[tx.status] or tx.status)
    and lists.names(filter.methods, METHODS[(tx.method or {}).type])
    and lists.names(filter.pgProvider, tx.pg and gateways.provider(tx.pg.pg))
    and lists.equals(filter.isTest, true)
    and lists.equals(filter.isScheduled, tx.schedule_id ~= nil)
    and lists.equals(filter.version, "V2")
    and lists.equals(filter.platformType, PLATFORMS[tx.origin.platformType])
    and lists.equals(filter.currency, tx.order.currency)
    and lists.equals(filter.isEscrow, tx.escrow ~= nil and tx.escrow ~= false)
    and lists.equals(filter.escrowStatus, (tx.escrow or {}).status)
    and (filter.webhookStatus == nil
      or filter.webhookStatus == webhooks.last_status(tx))
    and card_passes(filter, tx) and receipt_passes(filter, tx)
    and texts_found(p, filter.textSearch)
end

M.handlers = {}

M.handlers["v2.payment.get_payments"] = function(world, req)
  local filter = req.body.filter or {}
  if filter.storeId then state.store(world, filter.storeId) end
  local page = lists.page(req.body.page)
  local first, last = lists.window(world, filter)
  local at = TIMES[filter.timestampType or "CREATED_AT"]
  local found = lists.select(world.v2.payments.list, function(p)
    local time = at(p)
    return time >= first and time <= last and passes(world, p, filter)
  end)
  lists.sort(found, SORTS[filter.sortBy or "REQUESTED_AT"], filter.sortOrder)
  return 200, lists.paged(found, page, function(p) return view.payment(world, p) end)
end

local function within(world, body, list, at)
  if body.storeId then state.store(world, body.storeId) end
  local first, last = lists.window(world, body)
  return lists.select(list, function(record)
    local time = at(record)
    local store = record.store or record.tx.payment.store
    return time >= first and time <= last and lists.equals(body.storeId, store)
  end)
end

M.handlers["v2.payment.get_all_payments_by_cursor"] = function(world, req)
  local found = within(world, req.body, world.v2.payments.list,
    function(p) return p.created_at end)
  return 200, lists.after(found, req.body, function(p)
    return { payment = view.payment(world, p) }
  end)
end

M.handlers["v2.payment.get_all_payment_events_by_cursor"] = function(world, req)
  local found = within(world, req.body, world.v2.events.list, function(e) return e.at end)
  return 200, lists.after(found, req.body, function(e)
    return { paymentEvent = view.event(world, e) }
  end)
end

return M
