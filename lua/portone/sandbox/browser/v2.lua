-- SPDX-License-Identifier: MIT
-- Windows of the V2 SDK: its parameters checked and put into the API's words, the choice of the
-- person carried to the books, and the answer in the shape of the SDK's responses.

local json = require "portone.json"

local answer = require "portone.sandbox.v2.answer"
local accounts = require "portone.sandbox.v2.accounts"
local charges = require "portone.sandbox.v2.charges"
local checkout = require "portone.sandbox.v2.checkout"
local confirm = require "portone.sandbox.browser.confirm"
local currencies = require "portone.check.currency"
local due = require "portone.sandbox.browser.due"
local identity = require "portone.sandbox.v2.identity"
local options = require "portone.sandbox.browser.options"
local rules = require "portone.checkout.rules"
local settings = require "portone.sandbox.v2.settings"
local texts = require "portone.sandbox.browser.texts"

local M = {}

-- Method of the SDK -> what it is, its check, the field that says how is paid, its response.
local methods = {
  requestPayment = { kind = "pay", check = "request_payment", method = "payMethod",
    type = "PAYMENT" },
  loadPaymentUI = { kind = "pay", check = "load_payment_ui", type = "PAYMENT" },
  requestIssueBillingKey = { kind = "key", check = "request_issue_billing_key",
    method = "billingKeyMethod", type = "ISSUE_BILLING_KEY" },
  loadIssueBillingKeyUI = { kind = "key", check = "load_issue_billing_key_ui",
    method = "billingKeyMethod", type = "ISSUE_BILLING_KEY" },
  requestIssueBillingKeyAndPay = { kind = "key_and_pay", method = "billingKeyAndPayMethod",
    check = "request_issue_billing_key_and_pay", type = "ISSUE_BILLING_KEY_AND_PAY" },
  requestIdentityVerification = { kind = "identity", check = "request_identity_verification",
    type = "IDENTITY_VERIFICATION" },
}

-- {====== Before the window ======

local function channel_of(world, params)
  if params.channelKey ~= nil then
    local channel = type(params.channelKey) == "string" and world:channel(params.channelKey)
    return channel, nil, "no channel of the sandbox has this channelKey"
  elseif params.channelGroupId ~= nil then
    local group = world.v2.channel_groups.map[params.channelGroupId]
    return group and world:channel(group.channels[1]), group,
      "no channel group of the sandbox has this channelGroupId"
  end
  return world:default_channel(), nil, "the sandbox has no channel"
end

-- Where a PG's window comes up when the page does not say. The pages of the PGs.
local POPUPS = { naverpay = true, tosspay_v2 = true, payco = true, paypal_v2 = true }

local function types_of(params, pg)
  local wanted = params.windowType or {}
  local function place(type, default)
    return type == "UI" and "POPUP" or type or default
  end
  return { pc = place(wanted.pc, POPUPS[pg] and "POPUP" or "IFRAME"),
    mobile = place(wanted.mobile, "REDIRECTION") }
end

local function check(world, request, row, channel)
  local page, err = require("portone.checkout").v2[row.check](request.params, {
    pg = rules.of(channel.pg) and channel.pg or nil, device = request.device, now = world:now(),
  })
  if not page then
    return nil, { code = "BadRequest", message = err.message, fields = err.fields }
  end
  return page
end

local languages = { KO_KR = "ko", EN_US = "en" }

---Checks what a page asks for; changes nothing.
---@param world portone.sandbox.world
---@param request table
---@return portone.sandbox.window? window
---@return table? failure
function M.prepare(world, request)
  local row = methods[request.method]
  if not row then
    return nil, { code = "BadRequest",
      message = "the SDK has no window " .. tostring(request.method) }
  end
  local failure = { transactionType = row.type }
  local channel, group, missing = channel_of(world, request.params)
  local page, problem = check(world, request, row, channel or { pg = "" })
  if problem then
    problem.transactionType = row.type
    return nil, problem
  elseif not channel then
    failure.code, failure.message = "ChannelNotFound", missing
    return nil, failure
  end
  local params = page.params
  if params.storeId ~= world.config.store_id
      and settings.is(world, "v2_unknown_store", "forbidden") then
    failure.code, failure.message = "StoreNotFound", "storeId is not that of the sandbox"
    return nil, failure
  elseif row.type == "PAYMENT" and world.config.settings.v2_confirm_required
      and not confirm.url(world, "v2", params.confirmUrl) then
    failure.code, failure.message = "ConfirmUrlRequired", "the store asks for a confirmUrl"
    return nil, failure
  end
  return {
    api = "v2", method = request.method, row = row, kind = row.kind, params = params,
    channel = channel, group = group, device = request.device, origin = request.origin,
    types = types_of(params, channel.pg), redirect_url = params.redirectUrl,
    force = params.forceRedirect == true, warnings = json.array(page.warnings),
    lang = languages[params.locale or ""], center = params.popup and params.popup.center,
    order_id = params.paymentId or params.identityVerificationId,
  }
end

-- }======

-- {====== The books' side of opening ======

-- Customer of the SDK as CustomerInput of the API.
local function customer_of(given)
  if not given then
    return nil
  end
  local name
  if given.fullName then
    name = { full = given.fullName }
  elseif given.firstName or given.lastName then
    name = { separated = { first = given.firstName or "", last = given.lastName or "" } }
  end
  return { id = given.customerId, name = name, email = given.email,
    phoneNumber = given.phoneNumber, address = given.address, zipcode = given.zipcode,
    gender = given.gender, birthYear = given.birthYear, birthMonth = given.birthMonth,
    birthDay = given.birthDay }
end

-- The page sends an object, the API shows a text.
local function custom_data(value)
  if type(value) == "table" then
    return assert(json.encode(value))
  end
  return value
end

local product_types = { REAL = "PHYSICAL", DIGITAL = "DIGITAL" }

-- The order, in the words of the REST API.
local function order_of(params)
  return {
    orderName = params.orderName, currency = params.currency,
    amount = params.totalAmount and { total = params.totalAmount,
      taxFree = params.taxFreeAmount, vat = params.vatAmount },
    customer = customer_of(params.customer), customData = custom_data(params.customData),
    noticeUrls = params.noticeUrls, products = params.products, country = params.country,
    isEscrow = params.isEscrow, isCulturalExpense = params.isCulturalExpense,
    productType = product_types[params.productType or ""], promotionId = params.promotionId,
    issueId = params.issueId, issueName = params.issueName,
    gift = params.giftCertificate and params.giftCertificate.giftCertificateType,
  }
end

local openers = {}

function openers.pay(world, window)
  window.tx = checkout.open_payment(world, { id = window.params.paymentId,
    store_id = window.params.storeId, order = order_of(window.params), channel = window.channel,
    group = window.group, platform = window.device == "mobile" and "MOBILE" or "PC" })
end

function openers.key(world, window)
  window.key = checkout.open_key(world, { store_id = window.params.storeId,
    order = order_of(window.params), channel = window.channel, tx = window.tx,
    platform = window.device == "mobile" and "SDK_MOBILE" or "SDK_PC" })
end

function openers.key_and_pay(world, window)
  openers.pay(world, window)
  openers.key(world, window)
end

function openers.identity(world, window)
  local params = window.params
  window.verification = identity.open_window(world, { id = params.identityVerificationId,
    store_id = params.storeId, channel = window.channel, custom_data = params.customData,
    customer = customer_of(params.customer) or {} })
end

-- Error types of the books -> codes of the SDK.
local codes = {
  ALREADY_PAID = "PaymentAlreadyPaid", CHANNEL_NOT_FOUND = "ChannelNotFound",
  IDENTITY_VERIFICATION_ALREADY_VERIFIED = "IdentityVerificationAlreadyVerified",
  FORBIDDEN = "StoreNotFound", PAYMENT_SCHEDULE_ALREADY_EXISTS = "InvalidEntityState",
}

-- The books refuse the order itself, or its amount as registered beforehand.
local function code_of(world, window, refusal)
  local params = window.params
  local code = codes[refusal.body.type]
  if code or not params.totalAmount then
    return code or "BadRequest"
  end
  local differs = answer.try(charges.check_prepared, world, params.storeId, params.paymentId,
    { total = params.totalAmount, tax_free = params.taxFreeAmount or 0 }, params.currency)
  return differs and "AmountNotEqualToPredefined" or "BadRequest"
end

---Begins in the books what the window is to end.
---@param world portone.sandbox.world
---@param window portone.sandbox.window
---@return table? failure
function M.open(world, window)
  local refusal = answer.try(openers[window.kind], world, window)
  if refusal then
    return { transactionType = window.row.type, code = code_of(world, window, refusal),
      message = refusal.body.message, paymentId = window.params.paymentId }
  end
end

-- }======

-- {====== Answers ======

-- The response of the SDK; with `more` the failure or the tokens.
local function result_of(window, more)
  local out = { transactionType = window.row.type }
  if window.tx then
    out.paymentId, out.txId = window.tx.payment.id, window.tx.id
  end
  if window.key then
    out.billingKey = window.key.id
  end
  if window.verification then
    out.identityVerificationId = window.verification.id
    out.identityVerificationTxId = window.verification.tx_id
  end
  for name, value in pairs(more or {}) do
    out[name] = value
  end
  return out
end

-- Guide: what a PG says comes with the code FAILURE_TYPE_PG and the PG's own words.
local function pg_failure(window, refusal)
  return result_of(window, { code = "FAILURE_TYPE_PG", message = refusal.pg_message,
    pgCode = refusal.pg_code, pgMessage = refusal.pg_message })
end

local CANCELLED = { pg_code = "PAY_PROCESS_CANCELED",
  pg_message = "사용자가 결제를 취소하였습니다." }
local DECLINED = { pg_code = "REJECT_CARD_COMPANY",
  pg_message = "카드사에서 결제 승인을 거절했습니다." }

---What the SDK tells the page when the window went away.
---@param window portone.sandbox.window
---@return table
function M.abandoned(window)
  return result_of(window, { code = "Cancelled",
    message = "the window was closed before its user had finished" })
end

-- The order of the documents.
local QUERY = { "transactionType", "paymentId", "txId", "paymentToken", "billingKey",
  "billingIssueToken", "identityVerificationId", "identityVerificationTxId", "code", "message",
  "pgCode", "pgMessage" }

---@param result table
---@return table[] pairs  names and values of the redirect's query, in order
function M.query(_, result)
  local out = {}
  for _, name in ipairs(QUERY) do
    if result[name] ~= nil then
      out[#out + 1] = { name, result[name] }
    end
  end
  return out
end

-- }======

-- {====== What the person did ======

-- Nothing is approved: books, and the answer.
local function fail(world, window, refusal, outcome)
  if window.tx and window.tx.status == "READY" then
    checkout.fail(world, window.tx, refusal, outcome)
  end
  if window.key then
    checkout.fail_key(world, window.key)
  end
  if window.verification then
    identity.fail(world, window.verification, refusal)
  end
  return pg_failure(window, refusal)
end

-- Another window of the same paymentId was faster.
local function paid_elsewhere(world, window)
  if checkout.payable(window.tx) then
    return nil
  end
  if window.tx.status == "READY" then
    checkout.fail(world, window.tx, { reason = "paid by another attempt" }, "closed")
  end
  return result_of(window, { code = "PaymentAlreadyPaid",
    message = "this paymentId was paid in the meantime" })
end

-- Asks the shop, when it wants to be asked. A result when it said no.
local function ask_shop(world, window)
  local url = confirm.url(world, "v2", window.params.confirmUrl)
  if not url then
    return nil
  end
  local tx = window.tx
  local accepted, reason, why = confirm.ask(world, "v2", url, { storeId = tx.payment.store,
    paymentId = tx.payment.id, transactionId = tx.id, totalAmount = tx.amount.total },
    tx.payment.id)
  if accepted then
    return paid_elsewhere(world, window)
  end
  local message = reason or "confirm: " .. why
  if tx.status == "READY" then
    checkout.fail(world, tx, { reason = message })
  end
  if window.key then
    checkout.fail_key(world, window.key)
  end
  return result_of(window, { code = "ConfirmProcessFailed", message = message })
end

local function means_of(window, form)
  local easy = window.params.easyPay or {}
  return { method = window.method_of, card = form.card, phone = form.phone, bank = form.bank,
    provider = form.provider or easy.easyPayProvider,
    installment = tonumber(form.installment) }
end

-- An account of the bank chosen, by the terms of the page.
local function issue_account(world, window, form)
  local given = window.params.virtualAccount or {}
  local receipt
  if given.cashReceiptType and given.cashReceiptType ~= "ANONYMOUS" then
    receipt = { type = given.cashReceiptType, customerIdentityNumber = given.customerIdentifier }
  end
  return checkout.issue_account(world, window.tx, { bank = form.bank or "SHINHAN",
    option = { type = "NORMAL" }, expiry = due.expiry(given.accountExpiry), cashReceipt = receipt,
    remitteeName = given.remitteeName })
end

-- At the till of a shop it is paid later.
local function print_receipt(world, window, form)
  local given = window.params.convenienceStore or {}
  return checkout.pend(world, window.tx, means_of(window, form),
    due.deadline(given.paymentDeadline, world:now()))
end

local function approve(world, window, form)
  local refusal, token
  if form.choice == "pending" then
    refusal = checkout.pend(world, window.tx, means_of(window, form))
  elseif window.kind == "pay" and window.method_of == "CONVENIENCE_STORE" then
    refusal = print_receipt(world, window, form)
  elseif window.kind == "pay" and window.method_of == "VIRTUAL_ACCOUNT" then
    refusal, token = issue_account(world, window, form)
  elseif window.kind == "pay" then
    refusal, token = checkout.pay(world, window.tx, means_of(window, form))
  else
    refusal, token = checkout.issue_key(world, window.key, means_of(window, form), window.tx)
  end
  if refusal then
    return pg_failure(window, refusal)
  elseif not token then
    return result_of(window)
  elseif window.key then
    return result_of(window, { billingKey = "NEEDS_CONFIRMATION", billingIssueToken = token,
      txId = window.tx and "NEEDS_CONFIRMATION" or nil })
  end
  return result_of(window, { paymentToken = token })
end

local function pay(world, window, form)
  local over = window.tx and (paid_elsewhere(world, window) or ask_shop(world, window))
  if over then
    return over
  end
  local refusal, result = answer.try(approve, world, window, form)
  if refusal then
    return fail(world, window, { pg_code = refusal.body.type, pg_message = refusal.body.message })
  elseif window.tx and (window.tx.status == "VIRTUAL_ACCOUNT_ISSUED" or window.tx.deadline) then
    window.pending = result
    return nil, nil, "account"
  end
  return result
end

local function verify(world, window, form)
  local problem = identity.verify(world, window.verification, form)
  if problem then
    return nil, problem
  end
  return result_of(window)
end

---@param world portone.sandbox.world
---@param window portone.sandbox.window
---@param form table<string, string>
---@param before string  state of the window
---@return table? result   when the window is through
---@return string? told    what the page has to say
---@return string? state   of the window when it stays open
function M.choose(world, window, form, before)
  local choice = form.choice
  if before == "account" then
    if choice == "deposit" and window.tx.deadline then
      return nil, checkout.settle_pending(world, window.tx) and "deposited" or "not_deposited"
    elseif choice == "deposit" then
      local ok = accounts.actions.deposit(world, { payment_id = window.tx.payment.id,
        store_id = window.tx.payment.store, remitter = form.remitter })
      return nil, ok and "deposited" or "not_deposited"
    end
    return choice == "done" and window.pending or nil
  elseif choice == "cancel" then
    return fail(world, window, CANCELLED, "closed")
  elseif choice == "decline" then
    return fail(world, window, DECLINED)
  elseif choice ~= "pay" and not (choice == "pending" and options.may_pend(window)) then
    return nil, "unknown_choice"
  elseif window.kind == "identity" then
    return verify(world, window, form)
  end
  window.method_of = form.method or window.params[window.row.method or ""] or "CARD"
  return pay(world, window, form)
end

-- }======

-- {====== What the page shows ======

local action_of = { key = "issue_key", key_and_pay = "pay", identity = "verify", pay = "pay" }

local function methods_of(window)
  local params, row = window.params, window.row
  if window.kind == "identity" then
    return {}
  elseif row.method and params[row.method] then
    return { params[row.method] }
  elseif params.uiType then
    return { "PAYPAL" }
  end
  return { "CARD", "EASY_PAY" }
end

-- Which fields a way to pay needs.
local function fields_of(window, shown)
  if window.kind == "identity" then
    return { "person" }
  end
  local method, out = shown.methods[1], {}
  if #shown.methods > 1 then
    out[1] = "method"
  end
  if method == "VIRTUAL_ACCOUNT" or method == "TRANSFER" then
    out[#out + 1] = "bank"
  elseif method == "MOBILE" then
    out[#out + 1] = "phone"
  elseif method == "CARD" or method == "EASY_PAY" or method == "PAYPAL" then
    if shown.providers then
      out[#out + 1] = "provider"
    end
    out[#out + 1] = "card"
    if shown.installments then
      out[#out + 1] = "installment"
    end
  end
  return out
end

---What the page of a window shows: see browser/page.lua.
---@param window portone.sandbox.window
---@param lang "ko"|"en"
---@return table
function M.shown(_, window, lang)
  local params = window.params
  local shown = { name = params.orderName or params.issueName, order_id = window.order_id,
    pg = window.channel.name, methods = methods_of(window), action = action_of[window.kind] }
  local total, currency = params.totalAmount or params.displayAmount, params.currency or "KRW"
  shown.amount = total and texts.money(lang, total, currency, currencies.digits(currency) or 0)
  if shown.methods[1] == "VIRTUAL_ACCOUNT" then
    shown.action = "issue_account"
  elseif shown.methods[1] == "CONVENIENCE_STORE" then
    shown.action = "print_receipt"
  end
  shown.pending = options.may_pend(window)
  local customer = params.customer or {}
  shown.customer = customer.fullName or customer.firstName
  shown.phone = customer.phoneNumber
  shown.person = { name = shown.customer, phone = customer.phoneNumber }
  shown.installments = options.installments(window)
  shown.providers, shown.wallet = options.providers(window)
  shown.banks, shown.bank = options.banks(params, lang)
  shown.fields = fields_of(window, shown)
  local tx = window.tx
  if window.state == "account" and tx.deadline then
    shown.account = { bank = "SEVEN-ELEVEN", number = tx.method.receiptNumber, store = true,
      due = options.local_time(tx.deadline), paid = tx.status == "PAID" }
  elseif window.state == "account" then
    shown.account = { bank = options.bank_name(tx.method.bank, lang),
      number = tx.method.accountNumber,
      due = options.local_time(tx.account.expires_at), paid = tx.status == "PAID" }
  end
  return shown
end

-- }======

return M
