-- SPDX-License-Identifier: MIT
-- V1 beside request_pay: identity verification, buttons that a PG draws, KCP QuickPay.

local checkout = require "portone.checkout"

local function paths(list)
  local out = {}
  for i, item in ipairs(list) do out[i] = item.path end
  return out
end

local function refused(page, err)
  assert.is_nil(page)
  assert.equals("invalid_request", err.kind)
  return paths(err.fields), err
end

local function with(base, extra)
  local out = {}
  for name, value in pairs(base) do out[name] = value end
  for name, value in pairs(extra or {}) do out[name] = value end
  return out
end

describe("v1.certification", function()
  local params = { channelKey = "channel-key-1", merchant_uid = "cert-1" }

  it("takes what its page has, and renders its call", function()
    local page = assert(checkout.v1.certification(with(params, { min_age = 19, carrier = "SKT",
      m_redirect_url = "https://shop.example/c" }), { pg = "danal", device = "mobile" }))
    assert.same({}, page.warnings)
    local html = page:html { user_code = "imp00000000" }
    assert.truthy(html:find('IMP["certification"](params, function', 1, true))
    assert.truthy(html:find('String(answer.success) === "false"', 1, true))
  end)

  it("needs an address on a mobile device, unless a popup was asked for", function()
    assert.same({ "m_redirect_url" },
      (refused(checkout.v1.certification(params, { device = "mobile" }))))
    assert(checkout.v1.certification(with(params, { popup = true }), { device = "mobile" }))
    local page = assert(checkout.v1.certification(params))
    assert.same({ "m_redirect_url" }, paths(page.warnings))
    page = assert(checkout.v1.certification(with(params, { popup = false }), { device = "pc" }))
    assert.same({ "popup" }, paths(page.warnings))
  end)

  it("refuses what is no value, and warns of what only danal heeds", function()
    assert.same({ "carrier", "merchant_uid", "min_age" }, (refused(checkout.v1.certification {
      channelKey = "c", carrier = "KT", min_age = "19" })))
    local page = assert(checkout.v1.certification(with(params, { name = "홍길동" }),
      { pg = "inicis_unified", device = "pc" }))
    assert.same({ "name" }, paths(page.warnings))
  end)
end)

describe("v1.load_ui", function()
  local params = { channelKey = "channel-key-1", pay_method = "paypal", merchant_uid = "o-1",
    name = "n", amount = 10.5, currency = "USD" }

  it("checks by the PG that draws, and renders its call and its place", function()
    local page = assert(checkout.v1.load_ui("paypal-spb", params))
    assert.equals("loadUI", page.method)
    local html = page:html { user_code = "imp00000000" }
    assert.truthy(html:find('class="portone-ui-container" data-portone-ui-type="paypal-spb"', 1,
      true))
    assert.truthy(html:find('IMP.loadUI("paypal-spb", params, function', 1, true))
    assert.is_nil(html:find("<button", 1, true))
    assert.same({ "currency" }, (refused(checkout.v1.load_ui("paypal-spb",
      with(params, { currency = "KRW", amount = 10 })))))
    assert.same({ "customer_uid" }, (refused(checkout.v1.load_ui("paypal-rt", params))))
    assert(checkout.v1.load_ui("paypal-rt", with(params, { customer_uid = "u" })))
  end)

  it("gives a widget the button that its PG looks for", function()
    local page = assert(checkout.v1.load_ui("toss-brandpay-widget", { channelKey = "c",
      pay_method = "toss_brandpay", merchant_uid = "o-2", name = "n", amount = 1000,
      customer_id = "d005f081-830a" }))
    assert.truthy(page:html({ user_code = "imp00000000" }):find(
      '<button type="button" id="portone-toss-brandpay-widget-button"', 1, true))
  end)

  it("is told which PG it has, and which UI there is", function()
    assert.same({ "channelKey" }, (refused(checkout.v1.load_ui("paypal-spb", params,
      { channels = { ["channel-key-1"] = "tosspayments" } }))))
    local ok, message = pcall(checkout.v1.load_ui, "paypal-spv", params)
    assert.is_false(ok)
    assert.truthy(message:find("did you mean 'paypal-spb'", 1, true))
  end)
end)

describe("KCP QuickPay", function()
  local function quick(action, extra, kcp)
    local options = with({ actionType = action, encryptedCI = "ci", memberID = "member-1" }, kcp)
    return checkout.v1.request_pay(with({ channelKey = "c", merchant_uid = "o-1", name = "n",
      bypass = { kcpQuick = options } }, extra), { pg = "kcp_quick", device = "pc" })
  end

  it("registers, pays and changes the PIN by what its page asks for each", function()
    assert(quick("PinChange"))
    assert.same({ "customer_uid", "pay_method" }, (refused(quick("Register"))))
    assert(quick("Register", { customer_uid = "u", pay_method = "card" }))
    assert.same({ "amount", "pay_method" }, (refused(quick("Pay"))))
    local page = assert(quick("Pay", { amount = 1000, pay_method = "trans" }))
    assert.same({ "customer_uid" }, paths(page.warnings))
  end)

  it("refuses what its page does not have or has withdrawn", function()
    local function path(...) return (refused(quick(...)))[1] end
    assert.equals("bypass.kcpQuick.actionType", path("PinLose"))
    assert.equals("bypass.kcpQuick.memberCI", path("PinCheck", nil, { memberCI = "ci" }))
    assert.equals("bypass.kcpQuick.memberID", path("PinCheck", nil, { memberID = ("m"):rep(17) }))
    assert.equals("bypass.kcpQuick.sdkVersion", path("PinCheck", nil, { sdkVersion = "v2.1" }))
  end)
end)
