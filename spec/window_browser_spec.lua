-- The fragments of portone.checkout in a real browser, in the windows that examples/shop has no use
-- for: popups, virtual accounts, the SDK's own button, identity verification, V1's keys.

local checkout = require "portone.checkout"
local nginx = require "spec.support.nginx"
local sandbox = require "portone.sandbox"
local webdriver = require "spec.support.webdriver"

local missing = not rawget(_G, "jit") and "nginx runs LuaJIT: once will do" or nginx.missing()
  or webdriver.missing()

local PAGE = [[<!doctype html><html><meta charset="utf-8"><body><p id="out"></p><script>
document.addEventListener("portone:result", (e) => { out.textContent = JSON.stringify(e.detail); });
</script>%s</body></html>]]

describe("a checkout in a browser #slow", function()
  local portone, driver, pc, phone, server, main

  local function fields(pg, more)
    local all = { storeId = portone.store_id, channelKey = portone.channel_keys[pg],
      orderName = "a book", totalAmount = 3000, currency = "KRW",
      redirectUrl = "http://127.0.0.1:1/" }
    for name, value in pairs(more) do all[name] = value end
    return all, { pg = pg }
  end

  -- What the pages open, by the name of each.
  local function windows()
    local key = portone.channel_keys
    return {
      popup = checkout.v2.request_payment(fields("tosspay_v2", { payMethod = "EASY_PAY",
        paymentId = "popup-1" })),
      closed = checkout.v2.request_payment(fields("tosspay_v2", { payMethod = "EASY_PAY",
        paymentId = "closed-1" })),
      account = checkout.v2.request_payment(fields("tosspayments", { paymentId = "account-1",
        payMethod = "VIRTUAL_ACCOUNT", virtualAccount = { accountExpiry = { validHours = 24 } } })),
      card = checkout.v2.request_payment(fields("tosspayments", { payMethod = "CARD",
        paymentId = "card-1" })),
      again = checkout.v2.request_payment(fields("tosspayments", { payMethod = "CARD",
        paymentId = "again-1", redirectUrl = "http://127.0.0.1:$PORT1/again" })),
      paypal = checkout.v2.load_payment_ui(fields("paypal_v2", { uiType = "PAYPAL_SPB",
        paymentId = "paypal-1", currency = "USD" })),
      identity = checkout.v2.request_identity_verification({ storeId = portone.store_id,
        channelKey = key.danal, identityVerificationId = "identity-1" }, { pg = "danal" }),
      v1_key = checkout.v1.request_pay({ channelKey = key.tosspay_v2, pay_method = "tosspay",
        merchant_uid = "v1-1", name = "a book", amount = 3000, customer_uid = "user-1",
        customer_id = "user-1", m_redirect_url = "http://127.0.0.1:1/",
        notice_url = "http://127.0.0.1:1/" }, { pg = "tosspay_v2" }),
    }
  end

  setup(function()
    if missing then return end
    portone = assert(sandbox.start { seed = "windows" })
    local http = {}
    for name, page in pairs(windows()) do
      local sdk = page.api == "v1" and portone.v1_url .. "/v1/iamport.js"
        or portone.v2_url .. "/v2/browser-sdk.js"
      http[#http + 1] = ("location = /%s { default_type text/html; content_by_lua_block { "
        .. "ngx.print([==[%s]==]) } }"):format(name, PAGE:format(page:html { sdk = sdk,
        user_code = "imp00000000" }))
    end
    server = nginx.start { http = ("server { listen 127.0.0.1:$PORT1; %s }"):format(
      table.concat(http, "\n")) }
    driver = webdriver.start()
    pc = driver:open { lang = "en-US" }
    phone = driver:open { width = 360, height = 740, mobile = true, lang = "en-US" }
    main = pc:window()
  end)

  teardown(function()
    if driver then driver:stop() end
    if server then server:stop() end
    if portone then portone:stop() end
  end)

  local function test(name, fn)
    it(name, function()
      if missing then return pending(missing) end
      fn()
    end)
  end

  local function press(browser, name)
    browser:click(("[data-testid=%s]"):format(name))
  end

  -- The page, with its window asked for.
  local function open(name)
    pc:go(server:url(1, "/" .. name))
    pc:click "#portone-pay"
  end

  -- What the page was told, once it was.
  local function told(browser)
    local text = browser:wait("the page is told nothing", function()
      local said = browser:text "#out"
      return said ~= "" and said
    end)
    return require("portone.json").decode(text)
  end

  local FRAME = "iframe[name=portone-sandbox-window]"

  test("pays in a popup, which goes", function()
    open "popup"
    pc:popup(main)
    press(pc, "pay")
    pc:switch(main)
    local answer = told(pc)
    assert.same({ false, "popup-1" }, { answer.failed, answer.paymentId })
    pc:wait("the popup stays", function() return #pc:windows() == 1 end)
  end)

  test("hears of a popup that its user closed", function()
    open "closed"
    pc:popup(main)
    pc:find "[data-testid=pay]"
    pc:close_window(main)
    assert.same({ true, "closed-1" }, { told(pc).failed, told(pc).paymentId })
    assert.same({}, portone:journal { kind = "charge", outcome = "paid", order = "closed-1" })
  end)

  test("issues a virtual account, into which a button deposits", function()
    open "account"
    pc:frame(FRAME)
    press(pc, "pay")
    pc:find "[data-testid=account-number]"
    assert.equal(0, #portone:journal { kind = "charge", outcome = "paid", order = "account-1" })
    press(pc, "deposit")
    press(pc, "done")
    pc:frame()
    assert.is_false(told(pc).failed)
    local paid = portone:journal { kind = "charge", outcome = "paid", order = "account-1" }
    assert.same({ 1, 3000 }, { #paid, paid[1].amount })
  end)

  -- A popup or an iframe, as the PG has it.
  local function pay_somehow()
    pc:wait("no window", function() return #pc:windows() > 1 or pc:has(FRAME) end)
    if pc:has(FRAME) then pc:frame(FRAME) else pc:popup(main) end
    press(pc, "pay")
    pc:switch(main)
    pc:frame()
    return told(pc)
  end

  test("has the SDK draw its own button", function()
    pc:go(server:url(1, "/paypal"))
    press(pc, "portone-sandbox-ui")
    local answer = pay_somehow()
    assert.same({ false, "paypal-1" }, { answer.failed, answer.paymentId })
  end)

  test("verifies who somebody is, and issues a key of V1", function()
    open "identity"
    local answer = pay_somehow()
    assert.same({ false, "identity-1" }, { answer.failed, answer.identityVerificationId })
    assert.equal("VERIFIED", portone:client().v2.identity_verification.get_identity_verification {
      identityVerificationId = "identity-1" }.status)
    open "v1_key"
    answer = pay_somehow()
    assert.same({ true, "v1-1" }, { answer.success, answer.merchant_uid })
    local key = portone:client().v1.customers.get { customer_uid = "user-1" }
    assert.equal("user-1", key.customer_uid)
  end)

  test("gives another try where a redirect brought a failure", function()
    phone:go(server:url(1, "/again"))
    phone:click "#portone-pay"
    press(phone, "decline")
    assert.same({ true, "REJECT_CARD_COMPANY" }, { told(phone).failed, told(phone).pgCode })
    phone:click "#portone-pay"
    press(phone, "pay")
    phone:wait("not paid", function() return told(phone).failed == false end)
    assert.equal(1, #portone:journal { kind = "charge", outcome = "paid", order = "again-1" })
  end)

  -- The browser brings the page back as it was left, with all that its script knew.
  test("opens its window again after the Back button", function()
    local function to_window()
      phone:click "#portone-pay"
      phone:find "[data-testid=pay]"
    end
    phone:go(server:url(1, "/card"))
    to_window()
    phone:back()
    to_window()
  end)
end)
