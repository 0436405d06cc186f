-- SPDX-License-Identifier: MIT
-- Windows of iamport.js: its parameters checked, the choice of the person carried to the books,
-- and the answer in the shape that the callback, or the redirect, of the PG has.

local books = require "portone.sandbox.v1"
local certifications = require "portone.sandbox.v1.certifications"
local channels = require "portone.sandbox.v1.channels"
local codes = require "portone.sandbox.v1.codes"
local confirm = require "portone.sandbox.browser.confirm"
local currencies = require "portone.check.currency"
local due = require "portone.sandbox.browser.due"
local json = require "portone.json"
local options = require "portone.sandbox.browser.options"
local rules = require "portone.checkout.rules"
local texts = require "portone.sandbox.browser.texts"
local time = require "portone.time"

local M = {}

-- {====== Before the window ======

-- The pages of the PGs: these come up as popups on a PC.
local POPUPS = { tosspay_v2 = true, naverpay = true, naverco = true, payco = true,
  paypal_v2 = true }

local function types_of(method, params, pg)
  if method == "certification" then
    -- a PC always has a popup
    return { pc = "POPUP", mobile = params.popup and "POPUP" or "REDIRECTION" }
  end
  local popup = params.popup == true or POPUPS[pg] and params.naverPopupMode ~= false
  return { pc = popup and "POPUP" or "IFRAME", mobile = "REDIRECTION" }
end

local UIS = { ["paypal-spb"] = true, ["paypal-rt"] = true, ["toss-brandpay-widget"] = true }

local function check(world, request, channel)
  local checkout = require("portone.checkout").v1
  local given = { device = request.device, now = world:now(),
    pg = channel and rules.of(channel.pg) and channel.pg or nil }
  local page, err
  if UIS[request.ui] then
    page, err = checkout.load_ui(request.ui, request.params, given)
  else
    page, err = checkout[request.method](request.params, given)
  end
  if not page then
    return nil, { code = "F400", message = err.message, fields = err.fields }
  end
  return page
end

local languages = { ko = "ko", en = "en" }

---Checks what a page asks for; changes nothing.
---@param world portone.sandbox.world
---@param request table
---@return portone.sandbox.window? window
---@return table? failure
function M.prepare(world, request)
  local method = request.method
  if method ~= "request_pay" and method ~= "certification" then
    return nil, { code = "F400", message = "IMP has no window " .. tostring(method) }
  end
  local given = request.params
  local channel, missing = channels.resolve(world, { row = {}, query = {}, body = {
    channel_key = type(given.channelKey) == "string" and given.channelKey or nil,
    pg = type(given.pg) == "string" and given.pg or nil } })
  local page, failure = check(world, request, channel)
  if failure then
    return nil, failure
  elseif not channel then
    return nil, { code = "F400", message = missing }
  end
  local params = page.params
  local action = channel.pg == "kcp_quick" and params.bypass.kcpQuick.actionType or nil
  if action and action ~= "Pay" and action ~= "Register" then
    return nil, { code = "F400", fields = { { path = "bypass.kcpQuick.actionType",
      problem = "the sandbox has windows for Pay and Register only" } } }
  end
  return {
    action = action,
    api = "v1", method = method, params = params, channel = channel,
    kind = method == "certification" and "identity"
      or params.customer_uid and action ~= "Pay" and "key" or "pay",
    device = request.device, origin = request.origin, user_agent = request.user_agent,
    types = types_of(method, params, channel.pg), redirect_url = params.m_redirect_url,
    force = false, warnings = json.array(page.warnings), lang = languages[params.language or ""],
    order_id = params.merchant_uid,
  }
end

local function record(world, window)
  return world.v1.payments[window.imp_uid]
end

---Begins in the books what the window is to end.
---@param world portone.sandbox.world
---@param window portone.sandbox.window
---@return table? failure
function M.open(world, window)
  if window.kind == "identity" then
    window.certification = certifications.open_window(world, window.channel, window.params)
    window.imp_uid = window.certification.imp_uid
    return nil
  end
  local params = {}
  for name, value in pairs(window.params) do
    params[name] = value
  end
  params.channelKey, params.channel = window.channel.key, window.device
  if window.action == "Pay" then
    params.customer_uid = nil  -- it names what pays; nothing is issued
  end
  params.user_agent = window.user_agent
  local payment, problem = books.actions.open_window(world, params)
  if not payment then
    return { code = "F400", message = problem }
  end
  window.imp_uid = payment.imp_uid
  if window.kind == "key" and not record(world, window).window.key_only then
    window.kind = "key_and_pay"
  end
end

-- }======

-- {====== Answers ======

-- Page of the SDK's answers: of these PGs the callback tells four things only.
local BRIEF = { tosspayments = true, smartro_v2 = true, nice_v2 = true, paypal_v2 = true,
  ksnet = true, welcome = true }

local FULL = { "pay_method", "status", "name", "pg_provider", "emb_pg_provider", "pg_tid",
  "buyer_name", "buyer_email", "buyer_tel", "buyer_addr", "buyer_postcode", "custom_data",
  "paid_at", "receipt_url", "apply_num", "vbank_num", "vbank_name", "vbank_holder", "vbank_date",
  "card_name", "card_quota", "customer_uid" }

local CANCELLED = { "PAY_PROCESS_CANCELED", "사용자가 결제를 취소하였습니다." }

-- What went wrong, as the PG said it.
local function failure_of(payment)
  local code, message = tostring(payment.fail_reason):match("^%[([%w_]+)%] (.*)$")
  return code or "F500", message or payment.fail_reason
end

local function answer(window, ok, code, message)
  local out = { imp_uid = window.imp_uid, merchant_uid = window.params.merchant_uid,
    error_code = code, error_msg = message }
  if window.kind == "identity" or not BRIEF[window.channel.pg] then
    out.success = ok
  end
  return out
end

local function result_of(world, window, code, message)
  local payment = record(world, window)
  if not code and payment.status == "failed" then
    code, message = failure_of(payment)
  end
  local out = answer(window, code == nil, code, message)
  if out.success ~= nil then
    for _, name in ipairs(FULL) do
      out[name] = payment[name]
    end
    out.paid_amount = payment.amount
  end
  return out
end

---What the SDK tells the page when the window went away.
---@param window portone.sandbox.window
---@return table
function M.abandoned(window)
  return answer(window, false, "F1001", "the window was closed before its user had finished")
end

---@param window portone.sandbox.window
---@param result table
---@return table[] pairs  names and values of the redirect's query, in order
function M.query(window, result)
  local out = { { "imp_uid", result.imp_uid }, { "merchant_uid", result.merchant_uid } }
  if window.action then
    out[3] = { "imp_status", result.success }
    out[4] = { "kcp_action", window.action }
  elseif result.success ~= nil then
    out[3] = { window.kind == "identity" and "success" or "imp_success", result.success }
  end
  if result.error_code then
    out[#out + 1] = { "error_code", result.error_code }
    out[#out + 1] = { "error_msg", result.error_msg }
  end
  return out
end

-- }======

-- {====== What the person did ======

local function close(world, window, done)
  done.imp_uid = window.imp_uid
  return books.actions.close_window(world, done)
end

-- Asks the shop, when it wants to be asked. False when it said no, and the payment is closed.
local function ask_shop(world, window)
  local payment = record(world, window)
  local url = confirm.url(world, "v1", window.params.confirm_url)
  if not url or payment.window.key_only then
    return true
  end
  local accepted, reason = confirm.ask(world, "v1", url, { imp_uid = payment.imp_uid,
    merchant_uid = payment.merchant_uid, amount = payment.amount }, payment.merchant_uid)
  if not accepted then
    close(world, window, { reason = reason or "알 수 없음" })
  end
  return accepted
end

local function bank_code(window, code)
  return code and window.channel.pg == "html5_inicis" and code:gsub("^0", "") or code
end

local function pay(world, window, form)
  if not ask_shop(world, window) then
    return result_of(world, window, "CONFIRM_REFUSED", record(world, window).fail_reason)
  end
  local ends = window.params.vbank_due
  local payment = close(world, window, { card = form.card,
    vbank_code = bank_code(window, form.bank),
    vbank_due = ends and time.parse(due.rfc3339(ends)) or nil })
  if not payment then
    return nil, record(world, window).status == "ready" and "bad_bank" or "over"
  elseif payment.status == "ready" then
    window.pending = result_of(world, window)
    return nil, nil, "account"
  end
  return result_of(world, window)
end

local function choose_identity(world, window, form)
  if form.choice == "pay" then
    local problem = certifications.verify(world, window.certification, form)
    if problem then
      return nil, problem
    end
    return answer(window, true)
  elseif form.choice == "cancel" then
    return answer(window, false, CANCELLED[1], CANCELLED[2])
  end
  return answer(window, false, "REFUSED", "본인인증에 실패하였습니다.")
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
    if choice == "deposit" then
      local ok = books.actions.deposit(world, { imp_uid = window.imp_uid })
      return nil, ok and "deposited" or "not_deposited"
    end
    return choice == "done" and window.pending or nil
  elseif choice ~= "pay" and choice ~= "cancel" and choice ~= "decline" then
    return nil, "unknown_choice"
  elseif window.kind == "identity" then
    return choose_identity(world, window, form)
  elseif choice == "cancel" then
    close(world, window, { cancelled = true })
    return result_of(world, window, CANCELLED[1], CANCELLED[2])
  elseif choice == "decline" then
    close(world, window, { refusal = { pg_code = "REJECT_CARD_COMPANY",
      pg_message = "카드사에서 결제 승인을 거절했습니다." } })
    return result_of(world, window)
  end
  return pay(world, window, form)
end

-- }======

-- {====== What the page shows ======

-- pay_method in the words of V2, which the texts know.
local METHODS = { card = "CARD", trans = "TRANSFER", vbank = "VIRTUAL_ACCOUNT", phone = "MOBILE",
  cultureland = "GIFT_CERTIFICATE", smartculture = "GIFT_CERTIFICATE",
  booknlife = "GIFT_CERTIFICATE", happymoney = "GIFT_CERTIFICATE",
  culturegift = "GIFT_CERTIFICATE" }

local NO_CARD = { TRANSFER = true, MOBILE = true, GIFT_CERTIFICATE = true }

local function fields_of(window, method)
  if window.kind == "identity" then
    return { "person" }
  elseif window.kind == "pay" and method == "VIRTUAL_ACCOUNT" then
    return { "bank" }
  elseif window.kind == "pay" and NO_CARD[method] then
    return {}
  end
  return { "card" }
end

local BANKS = { "088", "004", "020", "081", "011", "003", "032", "031", "071", "045" }

local function banks_of(window)
  local out = {}
  for _, code in ipairs(BANKS) do
    local _, name = codes.bank(window.channel.pg, bank_code(window, code))
    if name then
      out[#out + 1] = { code, name }
    end
  end
  return out
end

local function money(lang, payment)
  local digits = currencies.digits(payment.currency) or 0
  return texts.money(lang, payment.amount * 10 ^ digits, payment.currency, digits)
end

local actions = { pay = "pay", key = "issue_key", key_and_pay = "pay", identity = "verify" }

---What the page of a window shows: see browser/page.lua.
---@param world portone.sandbox.world
---@param window portone.sandbox.window
---@param lang "ko"|"en"
---@return table
function M.shown(world, window, lang)
  local params = window.params
  local shown = { name = params.name, order_id = params.merchant_uid, pg = window.channel.name,
    customer = params.buyer_name, action = actions[window.kind], methods = {},
    person = { name = params.name, phone = params.phone } }
  local payment = record(world, window)
  if window.kind == "identity" then
    shown.name = nil
  else
    local method = METHODS[payment.pay_method] or payment.pay_method
    shown.methods = { method }
    shown.amount = not payment.window.key_only and money(lang, payment) or nil
    if method == "VIRTUAL_ACCOUNT" and window.kind == "pay" then
      shown.action = "issue_account"
      shown.banks = banks_of(window)
      shown.bank = shown.banks[1][1]
    end
  end
  shown.fields = fields_of(window, shown.methods[1])
  if window.state == "account" then
    shown.account = { bank = payment.vbank_name, number = payment.vbank_num,
      due = options.local_time(payment.vbank_date), paid = payment.status == "paid" }
  end
  return shown
end

-- }======

return M
