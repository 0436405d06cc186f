-- examples/shop as its customers meet it: a headless Chromium on a PC and as a phone, the stand-ins
-- of the SDKs, the payment window, the webhooks. The sandbox's journal has the money.

local webdriver = require "spec.support.webdriver"
local shop_support = require "spec.support.shop"

local missing = shop_support.missing() or webdriver.missing()

describe("the shop in a browser #slow", function()
  local shop, driver, pc, phone

  setup(function()
    if missing then return end
    shop = shop_support.start()
    driver = webdriver.start()
    pc = driver:open { width = 1000, height = 800, lang = "en-US" }
    phone = driver:open { width = 360, height = 740, mobile = true, lang = "ko" }
  end)

  teardown(function()
    if driver then driver:stop() end
    if shop then shop:stop() end
  end)

  local function test(name, fn)
    it(name, function()
      if missing then return pending(missing) end
      fn()
      assert.is_nil(shop.nginx:log():match("%[error%][^\n]+"))
    end)
  end

  -- The driver by itself, on a page that is nobody's.
  test("is seen by a driver that clicks, types, runs, and changes windows and frames", function()
    phone:go("data:text/html,<title>t</title><input id=i><button id=b onclick='"
      .. "setTimeout(() => this.textContent = i.value.toUpperCase(), 50)'>x</button>"
      .. "<iframe srcdoc='<p>inside</p>'></iframe>")
    phone:type("#i", "done")
    phone:click "#b"
    phone:says "DONE"
    assert.same({ 360, "ko", 5 }, phone:run("return [screen.width, navigator.language, "
      .. "arguments[0] + arguments[1].id.length]", 4, phone:element "#b"))
    phone:frame "iframe"
    assert.equal("inside", phone:text "p")
    phone:frame()
    assert.is_false(phone:has "p")
    local first = phone:window()
    phone:run "window.open('about:blank')"
    phone:popup(first)
    assert.equal("about:blank", phone:at())
    phone:close_window(first)
    assert.equal("DONE", phone:text "#b")
    phone:screenshot(driver.dir .. "/shot.png")
    local png = io.open(driver.dir .. "/shot.png", "rb")
    assert.equal("\137PNG", png:read(4))
    png:close()
  end)

  local WINDOW = "iframe[name=portone-sandbox-window]"

  local function press(browser, name)
    browser:click(("[data-testid=%s]"):format(name))
  end

  -- From the product page to the checkout; the order's id.
  local function buy(browser, product, quantity, api)
    browser:go(shop.url .. "/")
    local form = ("form:has([value=%s]) "):format(product)
    browser:run("arguments[0].value = arguments[1]",
      browser:element(form .. "select"), tostring(quantity))
    browser:click(form .. ("button[value=%s]"):format(api or "v2"))
    browser:find "#portone-pay"
    return browser:at():match("/orders/(%w+)/pay$")
  end

  -- Opens the window and does one thing in it.
  local function in_window(browser, button, card)
    browser:click "#portone-pay"
    browser:frame(WINDOW)
    if card then
      browser:run("arguments[0].value = arguments[1]", browser:element "[name=card]", card)
    end
    press(browser, button)
    browser:frame()
  end

  -- Once the browser is back: what the order's page calls it.
  local function order_status(browser, id)
    browser:wait("not back at the order", function()
      return browser:at() == shop.url .. "/orders/" .. id
    end)
    browser:find "main span"
    return browser:attribute("main span", "class")
  end

  -- The same where the window takes the page's place.
  local function to_window(browser)
    browser:click "#portone-pay"
    browser:wait("no window", function()
      return browser:at():find("/_sandbox/window/", 1, true)
    end)
  end

  local function webhooks(kind)
    local n = 0
    for _, entry in ipairs(shop.sandbox:journal { kind = "webhook", type = kind }) do
      if entry.status == 200 then n = n + 1 end
    end
    return n
  end

  test("is paid on a PC, by the callback", function()
    local id = buy(pc, "mug", 2)
    in_window(pc, "pay")
    assert.equal("paid", order_status(pc, id))
    assert.same({ "charge paid 36000" }, shop:money(id))
    pc:click "a[href='/orders']"
    pc:says "Mug × 2"
    assert.is_true(shop.sandbox:flush(60))
    assert.equal(1, webhooks "Transaction.Paid")
    local asked = shop.sandbox:journal { kind = "confirm" }
    assert.same({ 1, "accepted" }, { #asked, asked[1].outcome })
  end)

  test("gives a part of it back", function()
    pc:click "main h2 a"
    pc:click "button.quiet"
    local id = pc:at():match("/orders/(%w+)")
    pc:says "₩18,000 given back"
    assert.equal("part", order_status(pc, id))
    assert.same({ "charge paid 36000", "cancel cancelled 18000" }, shop:money(id))
  end)

  test("is paid on a phone, by the redirect", function()
    local id = buy(phone, "beans", 1)
    to_window(phone)
    phone:back()  -- a phone has a button for that, too
    to_window(phone)
    press(phone, "pay")
    assert.equal("paid", order_status(phone, id))
    assert.same({ "charge paid 12000" }, shop:money(id))
    phone:says "결제 완료"
  end)

  test("says that a card was declined, and takes another", function()
    local id = buy(pc, "beans", 1)
    in_window(pc, "pay", "declined")
    assert.equal("failed", order_status(pc, id))
    pc:says "카드사에서 결제 승인을 거절했습니다."
    assert.same({ "charge failed 12000" }, shop:money(id))
    pc:click "main a[href$='/pay']"
    in_window(pc, "pay")
    assert.equal("paid", order_status(pc, id))
    assert.same({ "charge failed 12000", "charge paid 12000" }, shop:money(id))
  end)

  test("takes nothing when its customer closes the window", function()
    local id = buy(pc, "beans", 1)
    in_window(pc, "cancel")
    assert.equal("failed", order_status(pc, id))
    pc:click "main a[href$='/pay']"
    pc:click "#portone-pay"
    pc:find(WINDOW)
    press(pc, "portone-sandbox-close")
    assert.equal("open", order_status(pc, id), "nobody said anything: it may be paid yet")
    assert.same({ "charge closed 12000" }, shop:money(id))
  end)

  test("refuses an amount that the page forged before anything is charged", function()
    local id = buy(pc, "mug", 1)
    pc:run [[
      const real = PortOne.requestPayment;
      PortOne.requestPayment = (p) => real(Object.assign({}, p, { totalAmount: 10 }));]]
    in_window(pc, "pay")
    assert.equal("failed", order_status(pc, id))
    assert.same({ "charge failed 10" }, shop:money(id))
    local asked = shop.sandbox:journal { kind = "confirm", order = id }
    assert.same({ 1, 409, "refused" }, { #asked, asked[1].status, asked[1].outcome })
  end)

  test("believes no webhook that is forged", function()
    local id = buy(pc, "mug", 1)
    shop.sandbox:fault { op = "webhook.v2.*", fault = "bad_signature" }
    assert(shop.sandbox:act("v2.request_payment", { payment_id = id, total = 18000,
      credential = shop.sandbox.cards.success.credential }))
    assert.is_true(shop.sandbox:flush(60))
    pc:go(shop.url .. "/orders/" .. id)
    pc:says "not paid yet"
    shop.sandbox:clear_faults()
    shop.sandbox:advance "1 minute"  -- it comes again, with PortOne's signature
    assert.is_true(shop.sandbox:flush(60))
    pc:go(shop.url .. "/orders/" .. id)
    assert.equal("paid", order_status(pc, id))
    local answers = {}
    for _, entry in ipairs(shop.sandbox:journal { kind = "webhook", type = "Transaction.Paid" }) do
      if entry.body.data.paymentId == id then answers[#answers + 1] = entry.status end
    end
    assert.same({ 401, 200 }, answers)
  end)

  test("subscribes on a phone, and is paid every month", function()
    phone:go(shop.url .. "/")
    phone:click "form[action='/subscriptions'] button"
    to_window(phone)
    press(phone, "pay")
    phone:wait("not back", function() return phone:at():find("/subscriptions/s%w+$") end)
    phone:says "구독 중"
    local id = phone:at():match("/subscriptions/(s%w+)$")
    local paid = "charge paid 9900"
    assert.same({ paid }, shop:money(id .. "-1"))
    shop.sandbox:advance "1 month"
    assert.is_true(shop.sandbox:flush(60))
    assert.same({ paid }, shop:money(id .. "-2"))
    -- and once more in the sandbox's console, without a mouse
    pc:go(shop.sandbox.v2_url .. "/")
    pc:tab_to "[data-advance='1 month']"
    pc:key(webdriver.ENTER)
    pc:wait("no third month", function() return #shop:money(id .. "-3") > 0 end)
    assert.same({ paid }, shop:money(id .. "-3"))
    assert.is_true(shop.sandbox:flush(60))
    pc:says(id .. "-3")
    phone:go(phone:at())
    assert.equal(3, phone:run "return document.querySelectorAll('span.paid').length")
    phone:click "form[action$='/stop'] button"
    phone:says "해지됨"
    shop.sandbox:advance "2 months"
    assert.same({}, shop:money(id .. "-4"))
  end)

  test("is paid by V1's request_pay", function()
    local id = buy(pc, "mug", 1, "v1")
    in_window(pc, "pay")
    assert.equal("paid", order_status(pc, id))
    assert.same({ "charge paid 18000" }, shop:money(id))
    pc:says "Mug"
    pc:click "button.quiet"
    pc:says "₩18,000 given back"
    assert.equal("cancelled", order_status(pc, id))
    assert.same({ "charge paid 18000", "cancel cancelled 18000" }, shop:money(id))
  end)

  test("is paid by V1 on a phone, after a change of mind", function()
    local id = buy(phone, "beans", 1, "v1")
    to_window(phone)
    press(phone, "cancel")
    assert.equal("failed", order_status(phone, id))
    phone:click "main a[href$='/pay']"
    to_window(phone)
    press(phone, "pay")
    assert.equal("paid", order_status(phone, id))
    assert.same({ "charge paid 12000" }, shop:money(id))
  end)

  test("asks V1's shop too: a forged amount is not charged", function()
    local id = buy(pc, "mug", 1, "v1")
    pc:run [[
      const real = IMP.request_pay;
      IMP.request_pay = (p, done) => real(Object.assign({}, p, { amount: 10 }), done);]]
    in_window(pc, "pay")
    assert.equal("failed", order_status(pc, id))
    assert.same({}, shop:money(id))
    local asked = shop.sandbox:journal { kind = "confirm", order = id }
    assert.same({ 1, 409, "refused" }, { #asked, asked[1].status, asked[1].outcome })
  end)

  test("leaves no process and no folder behind", function()
    local pids, dir = driver:processes(), driver.dir
    assert.is_true(#pids > 2)
    driver:stop()
    assert.equal("", webdriver.living(pids))
    assert.is_nil(io.open(dir .. "/log"))
  end)
end)
