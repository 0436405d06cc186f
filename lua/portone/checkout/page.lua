-- SPDX-License-Identifier: MIT
-- What the browser gets: the checked parameters as JSON that may stand inside <script>, and
-- a fragment of a page that opens the window and takes its answer, by callback or redirect.

local check = require "portone.check"
local json = require "portone.json"

local M = {}

local sdks = {
  v1 = "https://cdn.iamport.kr/v1/iamport.js",
  v2 = "https://cdn.portone.io/v2/browser-sdk.js",
}

---@class portone.CheckoutPage
---@field api string          "v1" or "v2"
---@field method string       of the browser SDK: "requestPayment"
---@field ui_type? string     of V1's loadUI: "paypal-spb"
---@field params table        checked, as they are sent
---@field warnings table[]    { path, problem } of what the documents only recommend
local methods = {}

local mt = { __name = "portone.checkout", __index = methods }

-- The row behind each page: which tables are arrays. Not a field, since people print pages.
local rows = setmetatable({}, { __mode = "k" })

function mt.__tostring(page)
  return ("portone.checkout (%s, %d warnings)"):format(page.method, #page.warnings)
end

-- What ends a script, opens a comment in it, or ends a line of JavaScript.
local function script_safe(text)
  text = text:gsub("[<>&]", { ["<"] = "\\u003c", [">"] = "\\u003e", ["&"] = "\\u0026" })
  return (text:gsub("\226\128[\168\169]", { ["\226\128\168"] = "\\u2028",
    ["\226\128\169"] = "\\u2029" }))
end

local function script_json(value, is_array)
  local text, problem, path = json.encode(value, is_array)
  if not text then
    error(("portone.checkout: %s %s"):format(path ~= "" and path or "the value", problem), 3)
  end
  return script_safe(text)
end

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
                   ["'"] = "&#39;" }

local function html_escape(text)
  return (tostring(text):gsub("[&<>\"']", entities))
end

---The parameters as JSON. It may stand inside <script> as it is: it holds no "<", ">", "&",
---no line separator that JavaScript takes for a line end.
---@return string
function methods:json()
  return script_json(self.params, check.is_array(rows[self]))
end

local html_options = {
  id = "string", button = "string", lang = "string", sdk = "string", nonce = "string",
  auto = "boolean", complete = "string", success = "string", failure = "string",
  user_code = "string", tier = "string",
}

local function check_options(page, o)
  if type(o) ~= "table" then
    error("portone.checkout: html takes a table of options, got " .. type(o), 3)
  end
  for name, value in pairs(o) do
    if not html_options[name] then
      local hint = require("portone.options").nearest(tostring(name), html_options)
      error(("portone.checkout: unknown option '%s' of html%s"):format(tostring(name),
        hint and (" (did you mean '%s'?)"):format(hint) or ""), 3)
    elseif type(value) ~= html_options[name] then
      error(("portone.checkout: option '%s' of html must be a %s"):format(name,
        html_options[name]), 3)
    end
  end
  if page.api == "v1" and not o.user_code then
    error("portone.checkout: html of V1 needs user_code, the imp… code of the console", 3)
  end
end

-- One script for both APIs. `answer` is what the SDK's callback or the redirect's query
-- brought; whoever made the page hears of it by the event, by `complete`, or both. The shop's
-- server must read the payment again: nothing in here is proof of one.
local SCRIPT = [[
(function () {
  var params = %s, options = %s, keys = %s;
  function finish(answer) {
    document.dispatchEvent(new CustomEvent("portone:result", { detail: answer }));
    function go() {
      var to = answer.failed ? options.failure : options.success;
      if (to) location.assign(to);
    }
    if (!options.complete) return go();
    return fetch(options.complete, {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json" }, body: JSON.stringify(answer)
    }).then(function (reply) {
      if (!reply.ok) answer.failed = true;
    }, function () { answer.failed = true; }).then(go);
  }
  var busy = false;  // one window at a time, however often somebody clicks
  addEventListener("pageshow", function (e) {
    if (e.persisted) busy = false;  // back from a window that had taken the page's place
  });
  function answered(got, redirected) {
    var answer = { redirected: redirected, failed: false };
    busy = false;
    keys.forEach(function (k) { if (got[k] != null && got[k] !== "") answer[k] = got[k]; });
    answer.failed = answer.code != null || answer.error_code != null
      || String(answer.success) === "false" || String(answer.imp_success) === "false";
    return finish(answer);
  }
  var query = new URLSearchParams(location.search), back = {}, isBack = false;
  keys.forEach(function (k) { if (query.has(k)) back[k] = query.get(k); });
  %s
  if (isBack) {
    history.replaceState(null, "", location.pathname);
    answered(back, true);  // the button stays good for another try
  }
  %s
}());
]]

-- Which fields of an answer are handed on, and how a redirect is told.
local v1_keys = { "imp_uid", "merchant_uid", "error_code", "error_msg", "success", "imp_success" }
local v2_keys = { "transactionType", "txId", "paymentId", "paymentToken", "billingKey",
  "billingIssueToken", "identityVerificationId", "identityVerificationTxId", "code", "message",
  "pgCode", "pgMessage" }

local V1_BACK = [[
isBack = back.merchant_uid === params.merchant_uid && ["imp_uid", "error_code", "error_msg",
    "imp_success", "success"].some(function (k) { return k in back; });]]
local V1_OPEN = [[
function open() {
    if (busy) return;
    busy = true;
    if (options.tier) IMP.agency(options.user_code, options.tier);
    else IMP.init(options.user_code);
    IMP[%s](params, function (got) { answered(got, false); });
  }]]
local V1_LOAD = [[
function open() {
    if (options.tier) IMP.agency(options.user_code, options.tier);
    else IMP.init(options.user_code);
    IMP.loadUI(%s, params, function (got) { answered(got, false); });
  }
  open();]]

-- The id that a redirect brings back must be the one that went out.
local V2_BACK = [[
isBack = ["paymentId", "identityVerificationId"].some(function (k) {
    return params[k] != null && back[k] === params[k];
  }) || params.billingKeyMethod != null && ("billingKey" in back || "billingIssueToken" in back
    || "code" in back && back.transactionType === "ISSUE_BILLING_KEY");]]
local V2_OPEN = [[
function open() {
    if (busy) return;
    busy = true;
    PortOne[%s](params).then(function (got) { busy = false; if (got) answered(got, false); },
      function (e) { answered({ code: e.code || "SDK_ERROR", message: e.message }, false); });
  }]]
local V2_LOAD = [[
function open() {
    PortOne[%s](params, {
      %s: function (got) { answered(got, false); },
      %s: function (e) { answered({ code: e.code || "SDK_ERROR", message: e.message }, false); }
    });
  }
  open();]]

local loaders = {
  loadPaymentUI = { "onPaymentSuccess", "onPaymentFail" },
  loadIssueBillingKeyUI = { "onIssueBillingKeySuccess", "onIssueBillingKeyFail" },
}

local function opener(page, o)
  local loader = loaders[page.method]
  if loader then
    return V2_LOAD:format(script_json(page.method), loader[1], loader[2])
  end
  if page.ui_type then
    return V1_LOAD:format(script_json(page.ui_type))
  end
  local open = (page.api == "v1" and V1_OPEN or V2_OPEN):format(script_json(page.method))
  if o.auto then
    return open .. "\n  if (!isBack) open();"
  end
  return open .. ("\n  document.getElementById(%s).addEventListener(\"click\", open);")
    :format(script_json(o.id or "portone-pay"))
end

local labels = { ko = "결제하기", en = "Pay" }

local function button(o, id)
  local lang = o.lang or "ko"
  return ('<button type="button" id="%s" lang="%s">%s</button>'):format(html_escape(id),
    html_escape(lang), html_escape(o.button or labels[lang] or labels.en))
end

-- What a person clicks, or where the SDK draws its own button.
local function widget(page, o)
  if page.ui_type then
    local place = ('<div class="portone-ui-container" data-portone-ui-type="%s"></div>'):format(
      html_escape(page.ui_type))
    if page.ui_type ~= "toss-brandpay-widget" then
      return place
    end
    -- the widget's button is the page's own; the SDK finds it by this id
    return place .. button(o, "portone-toss-brandpay-widget-button")
  elseif loaders[page.method] then
    return '<div class="portone-ui-container"></div>'
  elseif o.auto then
    return ""
  end
  return button(o, o.id or "portone-pay")
end

---A fragment of a page: a button, the SDK, and the script that opens the window. The page may
---be its own redirect target: the script takes the answer from the query as well.
---
---The answer goes to the event "portone:result" of the document, and as JSON to `complete`,
---where the shop reads the payment again; then the browser goes to `success` or `failure`.
---@param o? table  button (text), id, lang ("ko", "en"), auto (open at once), complete, success,
---  failure (URLs), nonce (of a content security policy), sdk (URL); V1: user_code, tier
---@return string html
function methods:html(o)
  o = o or {}
  check_options(self, o)
  local v1 = self.api == "v1"
  local given = { complete = o.complete, success = o.success, failure = o.failure,
                  user_code = o.user_code, tier = o.tier }
  local nonce = o.nonce and (' nonce="%s"'):format(html_escape(o.nonce)) or ""
  local script = SCRIPT:format(self:json(), script_json(given),
    script_json(v1 and v1_keys or v2_keys), v1 and V1_BACK or V2_BACK, opener(self, o))
  return ('%s\n<script%s src="%s"></script>\n<script%s>\n%s</script>\n'):format(
    widget(self, o), nonce, html_escape(o.sdk or sdks[self.api]), nonce, script)
end

---@param row table     what the parameters were checked against
---@param fields table  api, method, params, warnings
---@return portone.CheckoutPage
function M.new(row, fields)
  local page = setmetatable(fields, mt)
  rows[page] = row
  return page
end

return M
