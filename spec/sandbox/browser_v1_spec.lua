-- SPDX-License-Identifier: MIT
-- Windows of iamport.js: what the page asks for, what the person does, what everybody hears.

local support = require "spec.sandbox.browser_support"

describe("a V1 payment window", function()
  local b, ids
  setup(function()
    b = support.start()
    ids = 0
  end)
  teardown(function() b:stop() end)
  before_each(function()
    b:hooks()
    ids = ids + 1
  end)

  local function order(extra)
    local out = { channelKey = b.sb.channel_key, pay_method = "card",
      merchant_uid = "order-" .. ids,
      name = "월간 이용권", amount = 3000, buyer_name = "홍길동", buyer_tel = "010-1234-5678",
      m_redirect_url = "http://shop.test/done" }
    for name, value in pairs(extra or {}) do out[name] = value end
    return out
  end

  local function payment()
    return assert(b.client.v1.payments.find { merchant_uid = "order-" .. ids })
  end

  it("opens as ready, is paid, and tells the callback four things at most", function()
    local before = b:money()
    local w = b:open("v1", "request_pay", order())
    assert.equals("IFRAME", w.type)
    assert.equals("ready", payment().status)
    local result = b:result(w, { choice = "pay", card = "success" })
    local p = payment()
    assert.same({ imp_uid = p.imp_uid, merchant_uid = "order-" .. ids }, result)
    assert.equals("paid", p.status)
    assert.equals("pc", p.channel)
    assert.equals(3000, b:money() - before)
    assert.same({ "paid" }, b:hooks())
  end)

  it("tells the callback more where the PG's module is an old one", function()
    local result = b:result(b:open("v1", "request_pay", order {
      channelKey = b.sb.channel_keys.html5_inicis, custom_data = { a = 1 } }), { choice = "pay" })
    assert.is_true(result.success)
    assert.equals("paid", result.status)
    assert.equals(3000, result.paid_amount)
    assert.equals("html5_inicis", result.pg_provider)
    assert.equals('{"a":1}', result.custom_data)
    assert.equals(payment().apply_num, result.apply_num)
  end)

  it("fails by the card, by decline, and by cancel, and moves no money", function()
    local before = b:money()
    local outcomes = { { { choice = "pay", card = "limit_exceeded" }, "EXCEED_MAX_AMOUNT" },
      { { choice = "decline" }, "REJECT_CARD_COMPANY" },
      { { choice = "cancel" }, "PAY_PROCESS_CANCELED" } }
    for _, outcome in ipairs(outcomes) do
      local result = b:result(b:open("v1", "request_pay", order()), outcome[1])
      assert.equals(outcome[2], result.error_code)
      assert.truthy(#result.error_msg > 0)
      assert.equals("failed", payment().status)
    end
    assert.equals(0, b:money() - before)
    assert.same({}, b:hooks())
  end)

  it("goes back to m_redirect_url on a mobile device, in the words of the PG's module", function()
    local w = b:open("v1", "request_pay", order(), "mobile")
    assert.equals("REDIRECTION", w.type)
    local to = b:choose(w, { choice = "pay" })
    assert.equals(("http://shop.test/done?imp_uid=%s&merchant_uid=order-%d"):format(
      payment().imp_uid, ids), to)
    assert.equals("mobile", payment().channel)
    ids = ids + 1
    to = b:choose(b:open("v1", "request_pay", order { channelKey = b.sb.channel_keys.danal_tpay },
      "mobile"), { choice = "decline" })
    assert.truthy(to:find("&imp_success=false&error_code=REJECT_CARD_COMPANY&error_msg=", 1, true))
  end)

  it("does not open without an address for the answer, nor for a text as amount", function()
    local params = order { amount = "3000" }
    params.m_redirect_url = nil
    local status, answer = b:ask("v1", "request_pay", params, "mobile")
    assert.equals(400, status)
    local paths = {}
    for i, field in ipairs(answer.fields) do paths[i] = field.path end
    assert.same({ "amount", "m_redirect_url" }, paths)
    assert.truthy(answer.message:find("m_redirect_url: required", 1, true))
  end)

  it("does not open for an order that is paid, or prepared with another amount", function()
    b:result(b:open("v1", "request_pay", order()), { choice = "pay" })
    local status, answer = b:ask("v1", "request_pay", order())
    assert.equals(400, status)
    assert.truthy(answer.message:find("order-" .. ids, 1, true))
    ids = ids + 1
    assert(b.client.v1.payments.prepare { merchant_uid = "order-" .. ids, amount = 2000 })
    assert.equals(400, (b:ask("v1", "request_pay", order())))
    assert.equals(200, (b:ask("v1", "request_pay", order { amount = 2000 })))
  end)

  it("issues an account that takes a deposit in the window", function()
    local before = b:money()
    local w = b:open("v1", "request_pay", order { pay_method = "vbank",
      vbank_due = "20260105" })
    local page = b:choose(w, { choice = "pay", bank = "020" })
    local p = payment()
    assert.equals("ready", p.status)
    assert.equals("우리은행", p.vbank_name)
    assert.equals(1767625199, p.vbank_date)  -- the end of that day in Korea
    assert.truthy(page:find(p.vbank_num, 1, true))
    assert.truthy(page:find('data-testid="deposit"', 1, true))
    assert.same({ "ready" }, b:hooks())
    assert.equals(0, b:money() - before)
    page = b:choose(w, { choice = "deposit" })
    assert.falsy(page:find('data-testid="deposit"', 1, true))
    assert.equals("paid", payment().status)
    assert.equals(3000, b:money() - before)
    assert.equals(p.imp_uid, b:result(w, { choice = "done" }).imp_uid)
    assert.same({ "paid" }, b:hooks())
  end)

  it("issues a billing key that can be charged, and moves no money itself", function()
    local before = b:money()
    local w = b:open("v1", "request_pay", order { channelKey = b.sb.channel_keys.tosspay_v2,
      pay_method = "tosspay", customer_uid = "key-1", customer_id = "customer-1", amount = 0 })
    assert.equals("POPUP", w.type)
    assert.truthy(b:page(w):find("빌링키 발급", 1, true))
    local result = b:result(w, { choice = "pay" })
    assert.equals("issue", payment().customer_uid_usage)
    assert.equals(payment().imp_uid, result.imp_uid)
    assert.equals(0, b:money() - before)
    assert.equals("tosspay_v2", assert(b.client.v1.customers.get { customer_uid = "key-1" })
      .pg_provider)
    assert(b.client.request_pay_again { customer_uid = "key-1", merchant_uid = "again-1",
      amount = 1000, name = "n" })
    assert.equals(1000, b:money() - before)
  end)

  it("charges with the key where the PG does", function()
    local before = b:money()
    b:result(b:open("v1", "request_pay", order { channelKey = b.sb.channel_keys.danal_tpay,
      customer_uid = "key-2" }), { choice = "pay" })
    assert.equals(3000, b:money() - before)
    assert(b.client.v1.customers.get { customer_uid = "key-2" })
  end)

  it("gives no key for a card that gets none", function()
    local result = b:result(b:open("v1", "request_pay", order {
      channelKey = b.sb.channel_keys.tosspay_v2, pay_method = "tosspay", customer_uid = "key-3",
      customer_id = "customer-1" }), { choice = "pay", card = "issue_declined" })
    assert.equals("NOT_SUPPORTED_CARD_TYPE", result.error_code)
    local _, err = b.client.v1.customers.get { customer_uid = "key-3" }
    assert.equals("not_found", err.kind)
  end)

  it("stays ready when it is abandoned", function()
    local w = b:open("v1", "request_pay", order())
    local result = b:result(w, { choice = "abandon" })
    assert.equals("F1001", result.error_code)
    assert.equals("ready", payment().status)
    assert.same({}, b:hooks())
  end)
end)

describe("V1's identity verification", function()
  local b
  setup(function() b = support.start() end)
  teardown(function() b:stop() end)

  local function params(extra)
    local out = { channelKey = b.sb.channel_keys.danal, merchant_uid = "cert-1" }
    for name, value in pairs(extra or {}) do out[name] = value end
    return out
  end

  it("tells who it was to those who ask the API", function()
    local w = b:open("v1", "certification", params())
    assert.equals("POPUP", w.type)
    local page = b:choose(w, { choice = "pay", name = "홍길동", phone = "010-1234-5678",
      number = "12" })
    assert.truthy(page:find('data-testid="notice"', 1, true))
    local result = b:result(w, { choice = "pay", name = "홍길동", phone = "010-1234-5678",
      number = "900101-2", operator = "KT" })
    assert.is_true(result.success)
    local c = assert(b.client.v1.certifications.get { imp_uid = result.imp_uid })
    assert.is_true(c.certified)
    assert.equals("홍길동", c.name)
    assert.equals("01012345678", c.phone)
    assert.equals("1990-01-01", c.birthday)
    assert.equals("female", c.gender)
    assert.equals("KTF", c.carrier)
  end)

  it("refuses those who are too young, and lets people give up", function()
    local w = b:open("v1", "certification", params { min_age = 19 })
    local page = b:choose(w, { choice = "pay", name = "김", phone = "01012345678",
      number = "1501013" }, { "Accept-Language: en" })
    assert.truthy(page:find("Younger than", 1, true))
    local result = b:result(w, { choice = "cancel" })
    assert.is_false(result.success)
    assert.equals("PAY_PROCESS_CANCELED", result.error_code)
    local c = assert(b.client.v1.certifications.get { imp_uid = result.imp_uid })
    assert.is_false(c.certified)
    assert.is_nil(c.name)
  end)

  it("redirects with success, and needs an address for that", function()
    local status, answer = b:ask("v1", "certification", params(), "mobile")
    assert.equals(400, status)
    assert.equals("m_redirect_url", answer.fields[1].path)
    local w = b:open("v1", "certification", params { m_redirect_url = "http://shop.test/c" },
      "mobile")
    local to = b:choose(w, { choice = "pay", name = "홍", phone = "01012345678",
      number = "9001011" })
    assert.truthy(to:find("^http://shop%.test/c%?imp_uid=imp_%d+&merchant_uid=cert%-1"
      .. "&success=true$"))
  end)
end)
