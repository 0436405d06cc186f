local checkout = require "portone.checkout"
local json = require "portone.json"

local HOSTILE = "</script><!--<script>" .. "\226\128\168\226\128\169" .. "'\"&\\ &lt; ${x} `"

local function v2(changes)
  local params = { storeId = "s", channelKey = "c", paymentId = "p-1", orderName = HOSTILE,
    totalAmount = 1000, currency = "KRW", payMethod = "CARD", customData = { [HOSTILE] = HOSTILE } }
  for k, v in pairs(changes or {}) do params[k] = v end
  return assert(checkout.v2.request_payment(params))
end

local function v1(changes)
  local params = { channelKey = "c", merchant_uid = "m-1", name = HOSTILE, amount = 1000,
    pay_method = "card" }
  for k, v in pairs(changes or {}) do params[k] = v end
  return assert(checkout.v1.request_pay(params))
end

-- What a browser takes for the end of a script, for a comment, or for the end of a line.
local function assert_safe(text)
  for _, bad in ipairs { "<", ">", "&", "\226\128\168", "\226\128\169", "\n" } do
    assert.is_nil(text:find(bad, 1, true), bad)
  end
end

describe("page:json", function()
  it("may stand inside a script", function()
    for _, page in ipairs { v2(), v1() } do
      assert_safe(page:json())
    end
  end)

  it("is the same value to whoever reads it", function()
    local page = v2()
    assert.same(page.params, json.decode(page:json()))
    assert.equal(HOSTILE, json.decode(page:json()).orderName)
    assert.equal(HOSTILE, json.decode(page:json()).customData[HOSTILE])
  end)

  it("writes an empty list as a list, where the schema has one", function()
    assert.truthy(v1({ display = { card_quota = {} } }):json()
      :find('"display":{"card_quota":[]}', 1, true))
    assert.truthy(v2({ noticeUrls = {} }):json():find('"noticeUrls":[]', 1, true))
    assert.truthy(v2({ customData = {} }):json():find('"customData":{}', 1, true))
    assert.truthy(v2({ customData = { a = json.array {} } }):json():find('"a":[]', 1, true))
  end)

  it("raises for what JSON cannot carry, and says where", function()
    local ok, message = pcall(function()
      return v2({ customData = { a = { b = print } } }):json()
    end)
    assert.is_false(ok)
    assert.truthy(message:find("customData.a.b", 1, true))
  end)

  it("prints without the parameters", function()
    assert.equal("portone.checkout (requestPayment, 0 warnings)", tostring(v2()))
  end)
end)

describe("page:html", function()
  -- The parts of a fragment: what is outside of scripts, and the script of ours.
  local function parts(html)
    local before, src, script, after = html:match(
      '^(.-)<script[^>]- src="([^"]*)"></script>\n<script[^>]*>\n(.*)</script>(.*)$')
    assert.is_string(before, html)
    return { before = before, src = src, script = script, after = after }
  end

  it("has a button, the SDK and one script that nothing ends early", function()
    local p = parts(v2():html {})
    assert.equal('<button type="button" id="portone-pay" lang="ko">결제하기</button>\n', p.before)
    assert.equal("https://cdn.portone.io/v2/browser-sdk.js", p.src)
    assert.equal("\n", p.after)
    assert.is_nil(p.script:lower():find("</script", 1, true))
    assert.is_nil(p.script:find("<!--", 1, true))
    assert.truthy(p.script:find('PortOne["requestPayment"](params)', 1, true))
    assert.truthy(p.script:find('getElementById("portone-pay").addEventListener("click", open)', 1,
      true))
  end)

  it("speaks English, takes a text, an id, a nonce and an SDK of one's own", function()
    local html = v2():html { lang = "en", id = 'a"b', nonce = 'n"<', sdk = "/fake.js?a=1&b=2" }
    local p = parts(html)
    assert.equal('<button type="button" id="a&quot;b" lang="en">Pay</button>\n', p.before)
    assert.equal("/fake.js?a=1&amp;b=2", p.src)
    assert.truthy(html:find('<script nonce="n&quot;&lt;">', 1, true))
    assert.truthy(p.script:find('getElementById("a\\"b")', 1, true))
    assert.truthy(v2():html({ button = "<b>지금</b>" }):find(">&lt;b&gt;지금&lt;/b&gt;</button>", 1,
      true))
  end)

  it("hands on where to go, safely", function()
    local p = parts(v2():html { complete = "/done?a=1&b=</script>", success = "/ok",
      failure = "/no" })
    assert.is_nil(p.script:find("</script", 1, true))
    assert.truthy(p.script:find('"complete":"\\/done?a=1\\u0026b=\\u003c\\/script\\u003e"', 1, true)
      or p.script:find('"complete":"/done?a=1\\u0026b=\\u003c/script\\u003e"', 1, true))
  end)

  it("takes the answer by callback and by redirect", function()
    local p = parts(v2():html {})
    assert.truthy(p.script:find("new URLSearchParams(location.search)", 1, true))
    assert.truthy(p.script:find("back[k] === params[k]", 1, true))
    assert.truthy(p.script:find('"portone:result"', 1, true))
    p = parts(v1():html { user_code = "imp00000000" })
    assert.equal("https://cdn.iamport.kr/v1/iamport.js", p.src)
    assert.truthy(p.script:find('IMP["request_pay"](params, function', 1, true))
    assert.truthy(p.script:find("back.merchant_uid === params.merchant_uid", 1, true))
    assert.truthy(p.script:find('"user_code":"imp00000000"', 1, true))
  end)

  it("opens at once when it is told to", function()
    local html = v2():html { auto = true }
    assert.is_nil(html:find("<button", 1, true))
    assert.is_nil(html:find("addEventListener(\"click\"", 1, true))
    assert.truthy(html:find("\n  if (!isBack) open();\n", 1, true))
  end)

  it("gives PayPal its place to draw in", function()
    local page = assert(checkout.v2.load_payment_ui({ uiType = "PAYPAL_SPB", storeId = "s",
      channelKey = "c", paymentId = "p-1", orderName = "n", totalAmount = 499, currency = "USD" },
      { pg = "paypal_v2" }))
    local html = page:html {}
    assert.truthy(html:find('<div class="portone-ui-container"></div>', 1, true))
    assert.truthy(html:find('PortOne["loadPaymentUI"](params, {', 1, true))
    assert.truthy(html:find("onPaymentSuccess", 1, true))
    page = assert(checkout.v2.load_issue_billing_key_ui({ uiType = "PAYPAL_RT", storeId = "s",
      channelKey = "c", billingKeyMethod = "PAYPAL" }, { pg = "paypal_v2" }))
    assert.truthy(page:html({}):find("onIssueBillingKeySuccess", 1, true))
  end)

  it("raises for a wrong option", function()
    local function raises(what, page, opts)
      local ok, message = pcall(function() return page:html(opts) end)
      assert.is_false(ok)
      assert.truthy(message:find(what, 1, true), message)
    end
    raises("did you mean 'success'", v2(), { sucess = "/ok" })
    raises("'auto' of html must be a boolean", v2(), { auto = "yes" })
    raises("needs user_code", v1(), {})
    raises("table of options", v2(), "x")
  end)
end)
