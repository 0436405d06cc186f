-- SPDX-License-Identifier: MIT
-- The payment window: parameters that a page hands to PortOne's browser SDK, checked on the
-- server against the SDK's schema and the rules of the PG, before a customer sees an error.
--
--   local page, err = checkout.v2.request_payment({ storeId = …, … }, { pg = "tosspay_v2" })
--   page:json()          for a script of your own
--   page:html { … }      a button and a script that opens the window
--
-- What a document requires is an error; what it recommends, or a PG ignores, is a warning.

local check = require "portone.check"
local errors = require "portone.error"
local near = require "portone.check.near"
local normal = require "portone.checkout.normal"
local page = require "portone.checkout.page"
local rules = require "portone.checkout.rules"
local schema = require "portone.checkout.schema"
local sorted = require "portone.sorted"

---@type portone.checkout
local M = { v1 = {}, v2 = {} }

-- {====== Options ======

local known_options = {
  pg = "string", channels = "table", device = "string", check = "boolean", now = "number",
}

local function check_options(what, params, opts, level)
  if type(params) ~= "table" then
    error(("portone.checkout.%s: table of parameters expected, got %s"):format(what,
      type(params)), level + 1)
  elseif type(opts) ~= "table" then
    error(("portone.checkout.%s: table of options expected, got %s"):format(what, type(opts)),
      level + 1)
  end
  for name, value in pairs(opts) do
    if not known_options[name] then
      local hint = require("portone.options").nearest(tostring(name), known_options)
      error(("portone.checkout.%s: unknown option '%s'%s"):format(what, tostring(name),
        hint and (" (did you mean '%s'?)"):format(hint) or ""), level + 1)
    elseif type(value) ~= known_options[name] then
      error(("portone.checkout.%s: option '%s' must be a %s"):format(what, name,
        known_options[name]), level + 1)
    end
  end
  if opts.device and opts.device ~= "pc" and opts.device ~= "mobile" then
    error(("portone.checkout.%s: option 'device' must be \"pc\" or \"mobile\""):format(what),
      level + 1)
  end
end

-- The PG that the parameters go to, when something tells; raises for one there is not.
local function pg_of(what, params, opts, level)
  local pg = opts.pg
  if not pg and opts.channels and type(params.channelKey) == "string" then
    pg = opts.channels[params.channelKey]
  end
  if not pg and type(params.pg) == "string" then
    pg = params.pg:match("^[^.]+")  -- "tosspay_v2.MID"
  end
  pg = type(pg) == "string" and pg:lower() or nil
  if pg and not rules.of(pg) then
    if opts.pg then
      local hint = require("portone.options").nearest(pg, rules.files)
      error(("portone.checkout.%s: unknown PG '%s'%s"):format(what, pg,
        hint and (" (did you mean '%s'?)"):format(hint) or ""), level + 1)
    end
    return nil
  end
  return pg
end

-- }======

-- {====== Rules that hold for every PG ======

local web = "of a server, not of an app"

-- Pages of the JavaScript SDK and of the payment request (V1).
local v1_rules = {
  { "need", { "channelKey", "pg" }, warn = true, say = "the shop's default PG is taken" },
  { "need", "m_redirect_url", on = "mobile" },
  { "like", "m_redirect_url", "any_url" },
  { "like", "confirm_url", "url" },
  { "like", "notice_url", "url", say = web },
  { "like", "notice_url[]", "url", say = web },
  { "need", "digital", when = { pay_method = "phone" }, warn = true },
  { "check", "parts_of_total" },
  { "check", "won_are_whole" },
}

-- Page of the identity verification (V1), and what it says of single PGs.
local v1_identity_rules = {
  { "need", { "channelKey", "pg" }, warn = true, say = "the shop's default PG is taken" },
  { "like", "m_redirect_url", "any_url" },
  { "need", "m_redirect_url", on = "mobile", when = { popup = false } },
  { "ignored", "popup", on = "pc", when = { popup = { false } }, warn = true,
    say = "on a PC it is always a popup" },
}
local only_danal = { { "ignored", { "min_age", "name", "phone", "carrier" },
  say = "danal alone heeds it" } }

-- What PGs of V2 have in common: the page of the payment request, and the schema's texts.
local v2_rules = {
  { "like", "redirectUrl", "any_url" },  -- any scheme, since 2024-07-11
  { "like", "noticeUrls[]", "url", say = web },
  { "like", "confirmUrl", "url", say = web },
  { "like", "customer.email", "email" },
  { "need", "redirectUrl", when = { forceRedirect = true } },
  { "like", "offerPeriod.interval", "interval" },
  { "like", "offerPeriod.range.from", "rfc3339" },
  { "like", "offerPeriod.range.to", "rfc3339" },
  { "like", "virtualAccount.accountExpiry.dueDate", "due_or_rfc3339" },
  { "like", "convenienceStore.paymentDeadline.dueDate", "rfc3339" },
  { "least", "totalAmount", 0 },
  { "check", "parts_of_total" },
}

local v2_window = {
  pay = {
    { "check", "method_objects", "payMethod", warn = true },
    { "need", "easyPay.customerIdentifier", warn = true,
      when = { ["easyPay.cashReceiptType"] = { "PERSONAL", "CORPORATE" } } },
  },
  key = {
    { "need", "channelKey", warn = true },
    { "check", "method_objects", "billingKeyMethod", warn = true },
    { "need", "currency", when = { displayAmount = true } },
  },
  key_and_pay = { { "need", "channelKey", warn = true } },
  identity = {}, load_pay = {}, load_key = {},
}

-- }======

-- {====== The check ======

local function by_path(a, b)
  if a.path ~= b.path then
    return a.path < b.path
  end
  return a.problem < b.problem
end

local function append(to, from)
  for _, item in ipairs(from or {}) do
    to[#to + 1] = item
  end
end

local function note(list, path, problem)
  list[#list + 1] = { path = path, problem = problem }
end

local aliases = { samsung = "samsungpay", samsungpay = "samsung" }

-- The method that the window is to show, against those of the PG.
local function check_method(window, params, field, state)
  local value = params[field]
  if window.unknown then
    return
  elseif not window.methods then
    if value ~= nil and field ~= "uiType" then
      note(state.warnings, field, "has no effect (" .. state.by .. ")")
    end
    return
  elseif value == nil then
    if not window.optional then
      note(state.problems, field, ("required (%s): %s"):format(state.by,
        table.concat(window.methods, ", ")))
    end
    return
  end
  for _, method in ipairs(window.methods) do
    if method == value then
      return
    elseif method == aliases[value] then
      params[field] = method  -- the name that the PG's page has for it
      return
    end
  end
  note(state.problems, field, ("%s takes %s, got \"%s\""):format(state.by,
    table.concat(window.methods, ", "), tostring(value)))
end

-- What is new, changed, or misspelt below bypass goes through, but not unseen.
local function unknown_bypass(value, fields, path, warnings)
  for key, item in pairs(type(value) == "table" and value or {}) do
    local field = fields[key]
    if type(key) == "string" and not field then
      local hint = near.name(key, sorted(fields))
      note(warnings, path .. "." .. key, "not in the SDK's schema"
        .. (hint and (" (did you mean %s?)"):format(hint) or ""))
    elseif field and field.fields and next(field.fields) then
      unknown_bypass(item, field.fields, path .. "." .. key, warnings)
    end
  end
end

-- What is meant for another PG goes through too: this one never sees it. A key is the name of a
-- PG, or an older one's within it (html5_inicis: inicis).
local function foreign_bypass(bypass, pg, warnings)
  for key in pairs(type(bypass) == "table" and bypass or {}) do
    local name = type(key) == "string" and key:gsub("%u", "_%0"):lower()  -- kcpV2
    if name and rules.files[name] and not pg:find(name, 1, true) then
      note(warnings, "bypass." .. key, ("has no effect (%s): it is for %s"):format(pg, name))
    end
  end
end

local function apply_pg(call, params, state)
  local row = call.pg and rules.of(call.pg)
  if call.window == "certification" then
    return  -- no PG has rules of its own
  end
  local windows = row and row[call.api]
  if not row then
    if call.api == "v2" and (call.window == "pay" or call.window == "key_and_pay")
      and params[call.method_field] == nil then
      note(state.problems, call.method_field,
        "required (with pg given, only where the PG needs it)")
    end
    return
  end
  state.by = call.pg
  if not windows then
    note(state.problems, call.api == "v1" and "pg" or "channelKey",
      ("%s is not a PG of %s"):format(call.pg, call.api:upper()))
  elseif not windows[call.window] then
    note(state.problems, call.window == "key" and (call.api == "v1" and "customer_uid"
      or "billingKeyMethod") or call.api == "v1" and "pg" or "channelKey",
      ("%s does not offer this window"):format(call.pg))
  else
    check_method(windows[call.window], params, call.method_field, state)
    rules.apply(windows[call.window], params, state)
  end
end

-- Everything that is wrong, and everything that might be.
local function find_problems(call, params, state)
  local problems, warnings = check.args(call.row, params, { pg = call.pg })
  append(state.problems, problems)
  append(state.warnings, warnings)
  for _, list in ipairs(call.rules) do
    rules.apply(list, params, state)
  end
  apply_pg(call, params, state)
  if call.pg then
    foreign_bypass(params.bypass, call.pg, state.warnings)
  end
  local bypass = call.row.body.bypass
  if params.bypass and bypass and bypass.fields then
    unknown_bypass(params.bypass, bypass.fields, "bypass", state.warnings)
  end
  table.sort(state.problems, by_path)
  table.sort(state.warnings, by_path)
end

-- Two documents may ask for the same thing.
local function without_repeats(list)
  local out, seen = {}, {}
  for _, item in ipairs(list) do
    local key = item.path .. "\n" .. item.problem:gsub("^required.*", "required")
    if not seen[key] then
      seen[key] = true
      out[#out + 1] = item
    end
  end
  return out
end

local function build(call, params, opts)
  local copy, warnings, extra = normal.copy(params, call.row)
  local state = { problems = {}, warnings = warnings, device = opts.device, pg = call.pg,
                  now = opts.now or require("portone.core").now() }
  if opts.check ~= false then
    find_problems(call, copy, state)
  end
  if #state.problems > 0 then
    return nil, errors.new {
      kind = "invalid_request", operation = call.row.name,
      message = "the parameters of the payment window are not right",
      fields = without_repeats(state.problems), warnings = without_repeats(state.warnings),
    }
  end
  normal.lay_over(copy, extra)
  return page.new(call.row, {
    api = call.api, method = call.row.method, ui_type = call.ui_type, params = copy,
    warnings = without_repeats(state.warnings),
  })
end

-- }======

-- {====== What the module offers ======

---Parameters of V1's IMP.request_pay. With customer_uid the window issues a billing key.
---@param params table
---@param opts? table  pg ("tosspay_v2"; otherwise from channels or params.pg), channels (channel
---  key to PG), device ("pc", "mobile": what is needed there becomes an error), check (false: off),
---  now (unix seconds)
---@return portone.CheckoutPage? page
---@return portone.Error? err  kind invalid_request, all problems in `fields`
function M.v1.request_pay(params, opts)
  opts = opts or {}
  check_options("v1.request_pay", params, opts, 2)
  local call = {
    api = "v1", row = schema.v1(), window = params.customer_uid ~= nil and "key" or "pay",
    method_field = "pay_method", rules = { v1_rules },
    pg = pg_of("v1.request_pay", params, opts, 2),
  }
  if not call.pg and call.window == "pay" then
    call.rules = { v1_rules, { { "need", "amount" } } }
  end
  local result, err = build(call, params, opts)
  return result, err
end

-- IMP.loadUI's first argument -> the PG that draws there, its window among the PG's rules.
local uis = {
  ["paypal-spb"] = { "paypal_v2", "pay" }, ["paypal-rt"] = { "paypal_v2", "key" },
  ["toss-brandpay-widget"] = { "toss_brandpay", "pay" },
}

---Parameters of V1's IMP.loadUI, which draws a PG's own button or widget into the page.
---@param ui_type "paypal-spb"|"paypal-rt"|"toss-brandpay-widget"
---@param params table  as for request_pay
---@param opts? table   as for request_pay
---@return portone.CheckoutPage? page
---@return portone.Error? err
function M.v1.load_ui(ui_type, params, opts)
  opts = opts or {}
  check_options("v1.load_ui", params, opts, 2)
  local ui = uis[ui_type]
  if not ui then
    local hint = require("portone.options").nearest(tostring(ui_type), uis)
    error(("portone.checkout.v1.load_ui: unknown UI '%s'%s"):format(tostring(ui_type),
      hint and (" (did you mean '%s'?)"):format(hint) or ""), 2)
  end
  local pg = pg_of("v1.load_ui", params, opts, 2)
  local call = { api = "v1", row = schema.v1 "loadUI", window = ui[2], method_field = "pay_method",
    rules = { v1_rules }, pg = ui[1], ui_type = ui_type }
  if pg and pg ~= ui[1] then
    call.rules = { v1_rules, { { "forbid", params.channelKey ~= nil and "channelKey" or "pg",
      say = ("'%s' is drawn by %s, not by %s"):format(ui_type, ui[1], pg) } } }
  end
  local result, err = build(call, params, opts)
  return result, err
end

---Parameters of V1's IMP.certification, the identity verification.
---@param params table
---@param opts? table  as for request_pay
---@return portone.CheckoutPage? page
---@return portone.Error? err
function M.v1.certification(params, opts)
  opts = opts or {}
  check_options("v1.certification", params, opts, 2)
  local pg = pg_of("v1.certification", params, opts, 2)
  local call = { api = "v1", row = schema.v1 "certification", window = "certification",
    rules = { v1_identity_rules, pg and pg ~= "danal" and only_danal or nil } }
  local result, err = build(call, params, opts)
  return result, err
end

-- Lua name -> method of the SDK, its window among a PG's rules, the field of the method.
local v2_methods = {
  request_payment = { "requestPayment", "pay", "payMethod" },
  request_issue_billing_key = { "requestIssueBillingKey", "key", "billingKeyMethod" },
  request_issue_billing_key_and_pay =
    { "requestIssueBillingKeyAndPay", "key_and_pay", "billingKeyAndPayMethod" },
  request_identity_verification = { "requestIdentityVerification", "identity", "uiType" },
  load_payment_ui = { "loadPaymentUI", "load_pay", "uiType" },
  load_issue_billing_key_ui = { "loadIssueBillingKeyUI", "load_key", "uiType" },
}

for name, method in pairs(v2_methods) do
  ---Parameters of a method of the V2 browser SDK; options and answers as v1.request_pay.
  ---@param params table
  ---@param opts? table
  ---@return portone.CheckoutPage? page
  ---@return portone.Error? err
  M.v2[name] = function(params, opts)
    opts = opts or {}
    check_options("v2." .. name, params, opts, 2)
    local call = {
      api = "v2", row = schema.v2(method[1]), window = method[2], method_field = method[3],
      rules = { v2_rules, v2_window[method[2]] }, pg = pg_of("v2." .. name, params, opts, 2),
    }
    local result, err = build(call, params, opts)
    return result, err
  end
end

---The rules of a PG as text; without a PG, the list of those that have rules.
---@param pg? string  "tosspay_v2"
---@return string
function M.rules(pg)
  if pg == nil then
    return table.concat(rules.names(), "\n")
  end
  local text = type(pg) == "string" and rules.describe(pg:lower())
  if not text then
    local hint = require("portone.options").nearest(tostring(pg), rules.files)
    error(("portone.checkout.rules: unknown PG '%s'%s"):format(tostring(pg),
      hint and (" (did you mean '%s'?)"):format(hint) or ""), 2)
  end
  return text
end

-- }======

return M
