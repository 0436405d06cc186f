-- SPDX-License-Identifier: MIT
-- The browser's half of the sandbox as HTTP: scripts, who may ask for what, texts.

local cards = require "portone.sandbox.cards"
local socket = require "socket"
local support = require "spec.sandbox.browser_support"
local texts = require "portone.sandbox.browser.texts"

describe("the browser's half of the sandbox", function()
  local b
  setup(function() b = support.start() end)
  teardown(function() b:stop() end)

  local function order(extra)
    local out = { storeId = b.sb.store_id, channelKey = b.sb.channel_key, paymentId = "http-1",
      orderName = "n", totalAmount = 1000, currency = "KRW", payMethod = "CARD" }
    for name, value in pairs(extra or {}) do out[name] = value end
    return out
  end

  it("serves both scripts on both ports, at the paths of the real ones too", function()
    for _, url in ipairs { b.sb.v1_url, b.sb.v2_url } do
      for path, word in pairs { ["/v2/browser-sdk.js"] = "window.PortOne =",
        ["/_sandbox/sdk/v2/browser-sdk.js"] = "window.PortOne =",
        ["/v1/iamport.js"] = "window.IMP =", ["/_sandbox/sdk/iamport.js"] = "window.IMP =" } do
        local status, text, headers = b:send("GET", url .. path)
        assert.equals(200, status)
        assert.truthy(text:find(word, 1, true), path)
        assert.truthy(headers:find("Content-Type: text/javascript", 1, true))
        assert.truthy(headers:find("Access-Control-Allow-Origin: *", 1, true))
      end
    end
    local _, text = b:send("GET", b.sb.v2_url .. "/v2/browser-sdk.js")
    assert.truthy(text:find('"KRW":"CURRENCY_KRW"', 1, true))
    assert.truthy(text:find('"EASY_PAY":"EASY_PAY"', 1, true))
  end)

  it("lets a page of any origin ask for a window", function()
    local port = b.sb.v2_url:match("(%d+)$")
    local s = assert(socket.connect("127.0.0.1", tonumber(port)))
    s:settimeout(60)
    assert(s:send("OPTIONS /_sandbox/window HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
      .. "Origin: http://shop.test\r\nAccess-Control-Request-Method: POST\r\n\r\n"))
    local headers = s:receive("*a")
    s:close()
    assert.truthy(headers:find("^HTTP/1.1 204 "))
    assert.truthy(headers:find("Access-Control-Allow-Origin: http://shop.test", 1, true))
    assert.truthy(headers:find("Access-Control-Allow-Private-Network: true", 1, true))
  end)

  it("answers only to its own name", function()
    assert.equals(403, (b:send("GET", b.sb.v2_url .. "/v2/browser-sdk.js",
      { "Host: sandbox.evil.example" })))
    assert.equals(200, (b:send("GET", b.sb.v2_url .. "/v2/browser-sdk.js",
      { "Host: localhost:1" })))
  end)

  it("takes a choice from the window's own page only", function()
    local w = b:open("v2", "requestPayment", order { paymentId = "http-2" })
    local before = b:money()
    assert.equals(403, (b:send("POST", w.url, { "Origin: http://shop.test" }, "choice=pay")))
    assert.equals(403, (b:send("POST", w.url, { "Origin: null" }, "choice=pay")))
    assert.equals(0, b:money() - before)
    assert.equals(200, (b:send("POST", w.url, { "Origin: " .. b.sb.v2_url }, "choice=pay")))
    assert.equals(1000, b:money() - before)
    assert.equals(200, (b:send("POST", w.url, {}, "choice=pay")))
    assert.equals(1000, b:money() - before)
  end)

  it("tells its answer again to those who look again", function()
    local w = b:open("v2", "requestPayment", order { paymentId = "http-5",
      redirectUrl = "http://shop.test/back" }, "mobile")
    assert.equals(200, (b:send("GET", w.url .. "?then=go")))
    local to = b:choose(w, { choice = "pay" })
    local status, _, headers = b:send("GET", w.url .. "?lang=en&then=go")
    assert.equals(303, status)
    assert.truthy(headers:find("Location: " .. to, 1, true))
    assert.truthy(b:page(w):find("http://shop.test/back?transactionType=PAYMENT&amp;", 1, true))
    w = b:open("v2", "requestPayment", order { paymentId = "http-6" })
    local _, told = b:choose(w, { choice = "pay" })
    local page = b:page(w)
    assert.truthy(page:find(told.result.txId, 1, true))
    assert.truthy(page:find("postMessage", 1, true))
  end)

  it("says what it does not have", function()
    local url = b.sb.v2_url .. "/_sandbox/window"
    assert.equals(404, (b:send("GET", url .. "/0123456789abcdef")))
    assert.equals(404, (b:send("GET", url .. "/../x")))
    assert.equals(405, (b:send("GET", url)))
    local w = b:open("v2", "requestPayment", order { paymentId = "http-3" })
    assert.equals(405, (b:send("PUT", w.url)))
    assert.equals(404, (b:send("GET", w.url .. "/closed")))
    local page = b:choose(w, { choice = "launder" })
    assert.truthy(page:find('data-testid="notice"', 1, true))
    assert.equals(400, (b:send("POST", w.url, {}, "choice=%zz")))
  end)

  it("reads no request but JSON with parameters", function()
    local url = b.sb.v2_url .. "/_sandbox/window"
    for _, body in ipairs { "", "{", "[]", '"x"', '{"api":"v2"}', '{"api":"v3","params":{}}',
      '{"api":"v2","method":"requestMoney","params":{}}', "api=v2" } do
      local status, text = b:send("POST", url, {}, body)
      assert.equals(400, status, body)
      assert.truthy(text:find('"code"', 1, true))
    end
    assert.equals(400, (b:ask("v1", "loadModule", {})))
  end)

  it("puts nothing of the page's into the markup unescaped", function()
    local evil = '"><script>alert(1)</script>'
    local w = b:open("v2", "requestPayment", order { paymentId = "http-4", orderName = evil,
      customer = { fullName = evil } })
    assert.falsy(b:page(w):find("<script>alert", 1, true))
    b.sb:set("v2_confirm_timeout", 5)
    local shop = b.sb:inbox { console = false }
    shop:answer { status = 400, body = '{"errorMessage":"</script><script>alert(2)//"}' }
    b.sb:set("v2_confirm_url", shop.url)
    local page, told = b:choose(w, { choice = "pay" })
    b.sb:set("v2_confirm_url", nil)
    assert.falsy(page:find("<script>alert", 1, true))
    assert.equals("</script><script>alert(2)//", told.result.message)
  end)

  it("has every text in both languages, and one for every card", function()
    for name in pairs(texts.ko) do assert.is_string(texts.en[name], name) end
    for name in pairs(texts.en) do assert.is_string(texts.ko[name], name) end
    for _, name in ipairs(cards.names) do
      assert.is_string(texts.cards_ko[name], name)
      assert.is_string(texts.cards_en[name], name)
    end
  end)

  it("writes amounts as people do", function()
    assert.equals("3,000원", texts.money("ko", 3000, "KRW", 0))
    assert.equals("₩100", texts.money("en", 100, "KRW", 0))
    assert.equals("$1,234.05", texts.money("en", 123405, "USD", 2))
    assert.equals("$0.05", texts.money("ko", 5, "USD", 2))
    assert.equals("1.500 KWD", texts.money("en", 1500, "KWD", 3))
  end)
end)
