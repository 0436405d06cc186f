-- examples/shop over HTTP, as PortOne and as somebody without a browser would speak to it. What
-- happens in a payment window is done through the sandbox's actions here.

local json = require "portone.json"
local shop_support = require "spec.support.shop"
local webhook = require "portone.webhook"

describe("the shop over HTTP", function()
  local missing = shop_support.missing()
  local shop, visitor

  setup(function()
    if not missing then shop = shop_support.start() end
  end)
  teardown(function()
    if shop then shop:stop() end
  end)
  before_each(function()
    visitor = shop and shop:visitor()
  end)

  local function test(name, fn)
    it(name, function()
      if missing then return pending(missing) end
      fn()
    end)
  end

  -- The window of an order, paid or not.
  local function pay(id, total, card)
    local done = assert(shop.sandbox:act("v2.request_payment", { payment_id = id, total = total,
      credential = shop.sandbox.cards[card or "success"].credential }))
    return done
  end

  -- A page's parameters of the window.
  local function params(path)
    local _, body = visitor:get(path)
    return json.decode(body:match("var params = (%b{}), options"))
  end

  local function status_of(id)
    local _, body = visitor:get("/orders/" .. id)
    return body:match('<span class="(%w+)">')
  end

  test("takes the price from its own catalogue, whatever the form says", function()
    local id = visitor:order { product = "mug", quantity = 2, price = 1, amount = 1, api = "v2" }
    local window = params("/orders/" .. id .. "/pay")
    assert.same({ 36000, "KRW", id, "Mug × 2" }, { window.totalAmount, window.currency,
      window.paymentId, window.orderName })
    for _, wrong in ipairs { { product = "no such" }, { product = "mug", quantity = "-1" },
      { product = "mug", quantity = "1.5" }, { product = "mug", quantity = "1e9" },
      { product = "monthly", quantity = 1 }, { quantity = 1 } } do
      wrong.csrf = visitor:csrf()
      assert.equal(400, (visitor:post("/orders", wrong)))
    end
  end)

  test("takes no post from another site", function()
    assert.equal(403, (visitor:post("/orders", { product = "mug", quantity = 1 })))
    local other = shop:visitor():csrf()
    assert.equal(403, (visitor:post("/orders", { product = "mug", quantity = 1, csrf = other })))
    local id = visitor:order { product = "mug", quantity = 1 }
    assert.equal(403, (visitor:request("POST", "/orders/" .. id .. "/complete", "{}",
      { "Content-Type: text/plain" })))
    assert.equal(403, (visitor:post("/orders/" .. id .. "/cancel", { quantity = 1 })))
  end)

  test("shows an order to whoever placed it, and to nobody else", function()
    local id = visitor:order { product = "mug", quantity = 1 }
    assert.equal(200, (visitor:get("/orders/" .. id)))
    local other = shop:visitor()
    assert.equal(404, (other:get("/orders/" .. id)))
    assert.equal(404, (other:get("/orders/" .. id .. "/pay")))
    assert.equal(404, (other:post("/orders/" .. id .. "/cancel", { csrf = other:csrf(),
      quantity = 1 })))
    local _, list = other:get "/orders"
    assert.is_nil(list:find(id, 1, true))
  end)

  test("speaks Korean and English", function()
    local _, body = visitor:get "/"
    assert.truthy(body:find('<html lang="en">', 1, true))
    assert.truthy(body:find("Coffee beans, 200 g", 1, true))
    _, body = shop:visitor("ko-KR,ko;q=0.9"):get "/"
    assert.truthy(body:find("원두 200g", 1, true))
    assert.truthy(body:find("12,000원", 1, true))
    _, body = visitor:get "/?lang=ko"
    assert.truthy(body:find('<html lang="ko">', 1, true))
    _, body = visitor:get "/"
    assert.truthy(body:find('<html lang="ko">', 1, true), "it is remembered")
  end)

  test("believes PortOne, not the browser", function()
    local id = visitor:order { product = "beans", quantity = 1, api = "v2" }
    local said = json.encode { paymentId = id, txId = "x", failed = false, status = "PAID" }
    assert.equal(409, (visitor:complete("/orders/" .. id .. "/complete", said)))
    assert.equal("open", status_of(id))
    pay(id, 12000)
    assert.equal(200, (visitor:complete("/orders/" .. id .. "/complete", said)))
    assert.equal("paid", status_of(id))
  end)

  test("hears of a payment by webhook when the browser never came back", function()
    local id = visitor:order { product = "beans", quantity = 1, api = "v2" }
    pay(id, 12000)
    assert.is_true(shop.sandbox:flush(60))
    assert.equal("paid", status_of(id))
    assert.same({ "charge paid 12000" }, shop:money(id))
    local status, _, headers = visitor:get("/orders/" .. id .. "/pay")
    assert.same({ 303, true }, { status, headers.location:find(id, 1, true) ~= nil })
  end)

  test("does not take another amount for its own", function()
    local id = visitor:order { product = "mug", quantity = 1, api = "v2" }
    pay(id, 10)
    assert.is_true(shop.sandbox:flush(60))
    assert.equal(409, (visitor:complete("/orders/" .. id .. "/complete")))
    assert.equal("failed", status_of(id))
    assert.truthy(shop.nginx:log():find("of 18000 won was paid with 10 KRW", 1, true))
  end)

  test("shows why a card was declined, escaped, and lets another pay", function()
    local id = visitor:order { product = "mug", quantity = 1, api = "v2" }
    pay(id, 18000, "declined")
    assert.is_true(shop.sandbox:flush(60))
    local _, body = visitor:get("/orders/" .. id)
    assert.truthy(body:find("카드사에서 결제 승인을 거절했습니다.", 1, true))
    pay(id, 18000)
    assert.is_true(shop.sandbox:flush(60))
    assert.equal("paid", status_of(id))
  end)

  test("lets no HTML through", function()
    local status, body = visitor:get "/%3Cscript%3E?lang=%22%3E%3Cscript%3E"
    assert.equal(404, status)
    assert.is_nil(body:find("<script", 1, true))
    local channel = shop.sandbox.channel_keys.tosspayments
    assert(shop.sandbox:act("v2.outage", { channel_key = channel, pg_code = "DOWN",
      pg_message = "<script>alert('1')</script>" }))
    local id = visitor:order { product = "mug", quantity = 1, api = "v2" }
    pay(id, 18000)
    assert(shop.sandbox:act("v2.outage", { channel_key = channel }))
    assert.is_true(shop.sandbox:flush(60))
    body = select(2, visitor:get("/orders/" .. id))
    assert.truthy(body:find("&lt;script&gt;alert(&#39;1&#39;)", 1, true))
    assert.is_nil(body:find("<script", 1, true))
    local _, _, headers = visitor:get "/orders"
    assert.truthy(headers["content-security-policy"]:find("script-src 'none'", 1, true))
  end)

  test("refuses a webhook that is forged, and one that was touched", function()
    local id = visitor:order { product = "mug", quantity = 1, api = "v2" }
    local v1 = json.encode { imp_uid = "imp_000000000000", merchant_uid = id, status = "paid" }
    local body = json.encode { type = "Transaction.Paid", timestamp = "2026-01-01T00:00:00Z",
      data = { paymentId = id, transactionId = "t", storeId = shop.sandbox.store_id } }
    local function send(text, secret)
      local lines = { "Content-Type: application/json" }
      for name, value in pairs(secret and webhook.sign(body, { secret = secret }) or {}) do
        lines[#lines + 1] = name .. ": " .. value
      end
      return (shop.nginx:request(1, "POST", "/portone/webhook", lines, text))
    end
    assert.equal(401, send(body, "whsec_" .. ("A"):rep(43) .. "="))
    assert.equal(401, send(body .. " ", shop.sandbox.webhook_secret))
    assert.equal(400, send(body), "unsigned, it is nothing")
    assert.equal(400, send(v1), "V1's are not signed, but this payment is not there")
    assert.equal(200, send(body, shop.sandbox.webhook_secret), "but the payment is not there")
    assert.equal("open", status_of(id))
  end)

  test("agrees to its own amount before the charge, and to no other", function()
    local id = visitor:order { product = "mug", quantity = 1, api = "v2" }
    local function ask(payment, total)
      local body = json.encode { type = "Transaction.Confirm", timestamp = "2026-01-01T00:00:00Z",
        data = { paymentId = payment, transactionId = "t", storeId = shop.sandbox.store_id,
          totalAmount = total } }
      local lines = { "Content-Type: application/json" }
      for name, value in pairs(webhook.sign(body, { secret = shop.sandbox.webhook_secret })) do
        lines[#lines + 1] = name .. ": " .. value
      end
      return (shop.nginx:request(1, "POST", "/portone/confirm", lines, body))
    end
    local function open(payment, total)
      assert(shop.sandbox:act("v2.request_payment", { payment_id = payment, total = total,
        manual = true, credential = shop.sandbox.cards.success.credential }))
    end
    open(id, 18000)
    assert.equal(200, ask(id, 18000))
    assert.equal(409, ask(id, 10))
    local cheap = visitor:order { product = "mug", quantity = 1, api = "v2" }
    open(cheap, 10)
    assert.equal(409, ask(cheap, 10))
    open("not-our-order", 18000)
    assert.equal(409, ask("not-our-order", 18000))
  end)

  test("gives back by pieces, to the last, and never twice", function()
    local id = visitor:order { product = "mug", quantity = 3, api = "v2" }
    pay(id, 54000)
    assert.is_true(shop.sandbox:flush(60))
    local function cancel(n)
      return (visitor:post("/orders/" .. id .. "/cancel", { csrf = visitor:csrf(), quantity = n }))
    end
    assert.equal(303, cancel(1))
    assert.equal("part", status_of(id))
    for _, n in ipairs { 3, 0, -1, "x", "0.5" } do assert.equal(400, cancel(n)) end
    assert.equal(303, cancel(2))
    assert.equal("cancelled", status_of(id))
    assert.equal(400, cancel(1))
    assert.same({ "charge paid 54000", "cancel cancelled 18000", "cancel cancelled 36000" },
      shop:money(id))
    assert.is_true(shop.sandbox:flush(60))
    assert.equal("cancelled", status_of(id))
  end)

  for _, api in ipairs { "v2", "v1" } do
    test("gives back once when it is asked twice at the same time, " .. api, function()
      local id = visitor:order { product = "mug", quantity = 3, api = api }
      if api == "v2" then
        pay(id, 54000)
      else
        local window = params("/orders/" .. id .. "/pay")
        local opened = assert(shop.sandbox:act("v1.open_window", window))
        assert(shop.sandbox:act("v1.close_window", { imp_uid = opened.imp_uid }))
      end
      assert.is_true(shop.sandbox:flush(60))
      -- both have read the order before either reaches the books
      shop.sandbox:fault { op = api == "v2" and "v2.payment.cancel_payment" or "v1.payments.cancel",
        fault = "latency", seconds = 2 }
      local form = { path = "/orders/" .. id .. "/cancel",
        body = visitor.encode { csrf = visitor:csrf(), quantity = 1 } }
      assert.same({ 303, 409 }, visitor:at_once(visitor.FORM, { form, form }))
      shop.sandbox:clear_faults()
      assert.same({ "charge paid 54000", "cancel cancelled 18000" }, shop:money(id))
      assert.equal("part", status_of(id))
    end)
  end

  test("sells by V1 too: paid, heard of unsigned, given back", function()
    local id = visitor:order { product = "mug", quantity = 2, api = "v1" }
    local window = params("/orders/" .. id .. "/pay")
    assert.same({ 36000, id }, { window.amount, window.merchant_uid })
    local opened = assert(shop.sandbox:act("v1.open_window", window))
    local closed = assert(shop.sandbox:act("v1.close_window", { imp_uid = opened.imp_uid }))
    assert.equal("paid", closed.status)
    assert.is_true(shop.sandbox:flush(60))
    assert.equal("paid", status_of(id))
    assert.equal(303, (visitor:post("/orders/" .. id .. "/cancel", { csrf = visitor:csrf(),
      quantity = 1 })))
    assert.equal("part", status_of(id))
  end)

  test("finds V1's payment behind a later window that came to nothing", function()
    local id = visitor:order { product = "mug", quantity = 1, api = "v1" }
    local window = params("/orders/" .. id .. "/pay")
    local first = assert(shop.sandbox:act("v1.open_window", window))
    shop.sandbox:advance(5)
    local second = assert(shop.sandbox:act("v1.open_window", window))
    assert(shop.sandbox:act("v1.close_window", { imp_uid = second.imp_uid,
      cancelled = true }))
    shop.sandbox:set("v1_webhook_url", nil)  -- nobody tells it
    assert(shop.sandbox:act("v1.close_window", { imp_uid = first.imp_uid }))
    shop.sandbox:set("v1_webhook_url", shop.url .. "/portone/webhook")
    assert.equal(200, (visitor:complete("/orders/" .. id .. "/complete")))
    assert.equal("paid", status_of(id))
  end)

  -- A subscription up to where the window has given its key: its id and the key.
  local function subscribe(card)
    local _, _, headers = visitor:post("/subscriptions", { csrf = visitor:csrf(),
      product = "monthly" })
    local id = headers.location:match("/subscriptions/(%w+)/pay$")
    local window = params("/subscriptions/" .. id .. "/pay")
    local issued = assert(shop.sandbox:act("v2.request_billing_key", {
      channel_key = window.channelKey, issue_id = window.issueId,
      customer = { id = window.customer.customerId },
      credential = shop.sandbox.cards[card or "success"].credential }))
    return id, issued.billingKey
  end

  local function start(id, key)
    return (visitor:complete("/subscriptions/" .. id .. "/complete",
      json.encode { billingKey = key }))
  end

  test("charges a subscription at once and then every month, until it is ended", function()
    local id, key = subscribe()
    assert.equal(200, start(id, key))
    assert.equal(200, start(id, key), "the script may say it twice")
    local paid = "charge paid 9900"
    assert.same({ paid }, shop:money(id .. "-1"))
    for n = 2, 3 do
      assert.equal(1, shop.sandbox:advance "1 month")
      assert.is_true(shop.sandbox:flush(60))
      assert.same({ paid }, shop:money(id .. "-" .. n))
      assert.equal("paid", status_of(id .. "-" .. n))
    end
    local _, page = visitor:get("/subscriptions/" .. id)
    assert.equal(3, select(2, page:gsub('class="paid"', "")))
    assert.equal(303, (visitor:post("/subscriptions/" .. id .. "/stop", { csrf = visitor:csrf() })))
    assert.equal(0, shop.sandbox:advance "2 months")
    assert.same({}, shop:money(id .. "-4"))
    _, page = visitor:get "/orders"
    assert.truthy(page:find('class="stopped"', 1, true))
  end)

  test("does not begin with a card that is declined; another one may", function()
    local id, key = subscribe "declined"
    assert.equal(409, start(id, key))
    local _, page = visitor:get("/subscriptions/" .. id)
    assert.truthy(page:find("카드사에서 결제 승인을 거절했습니다.", 1, true))
    assert.equal(0, shop.sandbox:advance "1 month")
    local window = params("/subscriptions/" .. id .. "/pay")
    local issued = assert(shop.sandbox:act("v2.request_billing_key", {
      issue_id = window.issueId, credential = shop.sandbox.cards.success.credential }))
    assert.equal(200, start(id, issued.billingKey))
    assert.same({ "charge failed 9900", "charge paid 9900" }, shop:money(id .. "-1"))
    assert.equal(303, (visitor:post("/subscriptions/" .. id .. "/stop", { csrf = visitor:csrf() })))
  end)

  test("charges the first month once, however often that is asked for", function()
    local id, key = subscribe()
    local function check()
      return (visitor:post("/subscriptions/" .. id .. "/check", { csrf = visitor:csrf() }))
    end
    assert.equal(303, check())
    assert.same({}, shop:money(id .. "-1"))
    assert.equal(200, start(id, key))
    assert.equal(303, check())
    assert.same({ "charge paid 9900" }, shop:money(id .. "-1"))
    assert.equal(303, (visitor:post("/subscriptions/" .. id .. "/stop", { csrf = visitor:csrf() })))
  end)

  test("charges once when two workers hear of the key at the same time", function()
    local id, key = subscribe()
    shop.sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "latency", seconds = 1 }
    local post = { path = "/subscriptions/" .. id .. "/complete",
      body = json.encode { billingKey = key } }
    assert.same({ 200, 200 }, visitor:at_once("application/json", { post, post }))
    shop.sandbox:clear_faults()
    assert.same({ "charge paid 9900" }, shop:money(id .. "-1"))
    assert.equal(303, (visitor:post("/subscriptions/" .. id .. "/stop", { csrf = visitor:csrf() })))
  end)

  test("takes no key but the subscription's own", function()
    local id = subscribe()
    local _, other = subscribe()
    for _, key in ipairs { other, "billing-key-x", "" } do
      assert.equal(409, start(id, key))
    end
    assert.equal(409, (visitor:complete("/subscriptions/" .. id .. "/complete", "[1")))
    assert.same({}, shop:money(id .. "-1"))
  end)

  test("ends a subscription whose card fails later", function()
    local id, key = subscribe()
    assert.equal(200, start(id, key))
    local channel = shop.sandbox.channel_keys.tosspayments
    assert(shop.sandbox:act("v2.outage", { channel_key = channel, pg_code = "DOWN" }))
    assert.equal(1, shop.sandbox:advance "1 month")
    assert.is_true(shop.sandbox:flush(60))
    assert(shop.sandbox:act("v2.outage", { channel_key = channel }))
    assert.same({ "charge failed 9900" }, shop:money(id .. "-2"))
    assert.equal("failed", status_of(id .. "-2"))
    local _, page = visitor:get "/orders"
    assert.truthy(page:find('class="stopped"', 1, true))
    assert.equal(0, shop.sandbox:advance "2 months")
  end)
end)

describe("the shop in earnest", function()
  local missing = shop_support.missing()

  it("takes no payment of a test channel for money, by either API", function()
    if missing then return pending(missing) end
    local shop = shop_support.start({ seed = "earnest" }, { SHOP_TEST = "0" })
    local ok, err = pcall(function()
      local visitor = shop:visitor()
      shop.sandbox:set("v1_test_channel", true)
      local id = visitor:order { product = "mug", quantity = 1, api = "v2" }
      assert(shop.sandbox:act("v2.request_payment", { payment_id = id, total = 18000,
        credential = shop.sandbox.cards.success.credential }))
      local v1 = visitor:order { product = "mug", quantity = 1, api = "v1" }
      local card = shop.sandbox.cards.success
      assert(shop.sandbox:client().v1.subscribe.onetime { merchant_uid = v1, amount = 18000,
        name = "Mug", card_number = card.card_number, expiry = card.expiry, birth = card.birth,
        pwd_2digit = card.pwd_2digit })
      assert.is_true(shop.sandbox:flush(10))
      for _, order in ipairs { id, v1 } do
        assert.same({ "charge paid 18000" }, shop:money(order))
        assert.equal(409, (visitor:complete("/orders/" .. order .. "/complete")))
        local _, body = visitor:get("/orders/" .. order)
        assert.equal("failed", body:match '<span class="(%w+)">')
        assert.truthy(shop.nginx:log():find("order " .. order .. " was paid by a test", 1, true))
      end
    end)
    shop:stop()
    assert(ok, err)
  end)
end)

describe("make shop", function()
  local missing = shop_support.missing()

  it("runs the shop and a sandbox until it is ended, and leaves nothing", function()
    if missing then return pending(missing) end
    local dir = io.popen("mktemp -d"):read("*l")
    local pipe = io.popen(("unset LD_PRELOAD; echo $$; TMPDIR=%s exec tools/shop.sh 18080 2>&1")
      :format(dir))
    local pid = pipe:read("*l")
    local shop, sandbox, told
    local ok, problem = pcall(function()
      shop = pipe:read("*l"):match("^the shop +(http://127%.0%.0%.1:%d+)/$")
      sandbox = pipe:read("*l"):match("^the sandbox +(http://127%.0%.0%.1:%d+)/$")
      told = pipe:read("*l")
      local http = require "socket.http"
      local body, status = http.request(shop .. "/")
      assert.equal(200, status)
      assert.truthy(body:find("12,000", 1, true))
      assert.equal(401, (select(2, http.request(sandbox .. "/payments/x"))))
    end)
    os.execute("kill " .. pid)
    local rest = pipe:read("*a")  -- to the end of the last process that has it
    pipe:close()
    local left = io.popen("ls -A " .. dir):read("*a")
    os.execute("rm -rf " .. dir)
    assert(ok, problem)
    assert.equal("Ctrl-C ends both.", told)
    assert.same({ "", "" }, { rest, left })
  end)
end)
