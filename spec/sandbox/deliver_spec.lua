local core = require "portone.core"
local deliver = require "portone.sandbox.deliver"
local json = require "portone.json"
local inboxes = require "portone.sandbox.inbox"
local sandbox = require "portone.sandbox"
local time = require "portone.time"
local webhook = require "portone.webhook"
local worlds = require "portone.sandbox.world"

local URL = "http://127.0.0.1:9/hook"

describe("sandbox webhooks: what is sent when", function()
  local w, sent

  local function open(given)
    sent = {}
    local o = { seed = "deliver", time = 1767225600, webhook_url = URL, v1_webhook_url = URL }
    for name, value in pairs(given or {}) do o[name] = value end
    w = worlds.new(o, {
      ports = {}, notify = function() end, pending = function() return 0 end,
      deliver = function(id, url, headers, body, timeout)
        local by_name = {}
        for _, line in ipairs(headers) do
          local name, value = line:match("^(.-): (.*)$")
          by_name[name:lower()] = value
        end
        sent[#sent + 1] = { id = id, url = url, headers = by_name, body = body, timeout = timeout,
          at = w:now() }
        return true
      end,
    })
  end

  before_each(function() open() end)

  local function result(n, status, message)
    w.deliver:delivered(sent[n].id, status, "", message or "")
  end

  local function paid()
    return w:webhook_v2(nil, "Transaction.Paid", { paymentId = "p1", transactionId = "t1" })[1]
  end

  it("signs V2 bodies as Standard Webhooks says", function()
    -- the test vector of the specification's reference libraries, with another secret
    assert.equal("v1,x9F4zp5ZADOWUiDoPKsK0/eBoHr9Nr6QnunRw+F/MHI=",
      deliver.signature({ "pzQGE83cSIRKM4/WH5QY+g==" }, "dummy-webhook-id", 1700000000,
        '{"test":"test payload"}'))
    assert.equal(deliver.signature({ "whsec_pzQGE83cSIRKM4/WH5QY+g==" }, "i", 5, "b"),
      deliver.signature({ "pzQGE83cSIRKM4/WH5QY+g==" }, "i", 5, "b"))
  end)

  it("sends the console's URL a signed body", function()
    local hook = paid()
    assert.equal(1, #sent)
    assert.equal(URL, sent[1].url)
    assert.equal(60, sent[1].timeout)
    assert.equal("application/json", sent[1].headers["content-type"])
    assert.equal(hook.id, sent[1].headers["webhook-id"])
    assert.same({ type = "Transaction.Paid", timestamp = "2026-01-01T00:00:00Z",
      data = { paymentId = "p1", transactionId = "t1" } }, json.decode(sent[1].body))
    local event, problem = webhook.verify(sent[1].body, sent[1].headers,
      { secrets = { w.config.webhook_secret } })
    assert.is_nil(problem)
    assert.equal("Transaction.Paid", event.type)
  end)

  it("signs with every secret in use", function()
    open { webhook_secrets = { "whsec_" .. core.base64("one"), "whsec_" .. core.base64("two") } }
    paid()
    local _, count = sent[1].headers["webhook-signature"]:gsub("v1,", "")
    assert.equal(2, count)
    for _, secret in ipairs { "one", "two" } do
      assert.is_table((webhook.verify(sent[1].body, sent[1].headers,
        { secrets = { "whsec_" .. core.base64(secret) } })))
    end
  end)

  it("prefers the URLs of the payment", function()
    local hooks = w:webhook_v2({ "http://localhost:1/a", "http://[::1]:2/b" }, "Transaction.Paid",
      {})
    assert.same({ "http://localhost:1/a", "http://[::1]:2/b" }, { sent[1].url, sent[2].url })
    assert.are_not.equal(hooks[1].id, hooks[2].id)
    w:webhook_v2({}, "Transaction.Paid", {})
    assert.equal(URL, sent[3].url)
    w:webhook_v1("http://127.0.0.2:3/c", {})
    assert.equal("http://127.0.0.2:3/c", sent[4].url)
  end)

  it("skips, and says why, what has nowhere to go", function()
    open { webhook_url = "https://shop.example/hook" }
    w.config.v1_webhook_url = nil
    assert.equal("skipped", paid().state)
    assert.equal("skipped", w:webhook_v1(nil, { imp_uid = "imp_1" })[1].state)
    assert.equal("skipped", w:webhook_v1("http://127.0.0.1.example/", {})[1].state)
    assert.equal("skipped", w:webhook_v1("http://user@shop.example:80", {})[1].state)
    assert.equal(0, #sent)
    local notes = w.log:list { kind = "webhook" }
    assert.matches("not an address of this machine", notes[1].skipped)
    assert.matches("no URL", notes[2].skipped)
    w.config.settings.webhook_remote = true
    paid()
    assert.equal("https://shop.example/hook", sent[1].url)
  end)

  it("repeats a V2 webhook after 1, 4, 16, 64 and 256 minutes", function()
    local hook = paid()
    local first = w:now()
    for n = 1, 6 do
      assert.equal(n, #sent)
      result(n, n % 2 == 0 and 500 or nil, "refused")
      if n < 6 then
        assert.equal("waiting", hook.state)
        w.clock:move(w.clock:next_due() - 1)
        w:run_due()
        assert.equal(n, #sent)
        w.clock:move(w.clock:next_due())
        w:run_due()
      end
    end
    local minutes = {}
    for n = 1, 6 do minutes[n] = (sent[n].at - first) / 60 end
    assert.same({ 0, 1, 5, 21, 85, 341 }, minutes)
    assert.equal("failed", hook.state)
    assert.is_nil(w.clock:next_due())
    assert.equal(6, #hook.attempts)
    assert.equal("refused", hook.attempts[1].error)
    assert.equal(500, hook.attempts[2].status)
    for n = 2, 6 do
      assert.equal(sent[1].body, sent[n].body)
      assert.equal(sent[1].headers["webhook-id"], sent[n].headers["webhook-id"])
    end
  end)

  it("is content with any 2xx, and with nothing else", function()
    for status, state in pairs { [200] = "delivered", [204] = "delivered", [299] = "delivered",
      [301] = "waiting", [404] = "waiting", [500] = "waiting" } do
      open()
      local hook = paid()
      result(1, status)
      assert.equal(state, hook.state)
    end
  end)

  it("may vary the waits, by the seed", function()
    local function waits()
      open { settings = { webhook_jitter = true } }
      local hook, out = paid(), {}
      for n = 1, 5 do
        result(n, 500)
        out[n] = hook.retry_at - w:now()
        w.clock:move(hook.retry_at)
        w:run_due()
      end
      return out
    end
    local one = waits()
    assert.same(one, waits())
    for n, wait in ipairs { 60, 240, 960, 3840, 15360 } do
      assert.is_true(one[n] >= 0 and one[n] < wait)
    end
  end)

  it("sends V1 webhooks once, unsigned", function()
    local hook = w:webhook_v1(nil, { imp_uid = "imp_1", merchant_uid = "o1", status = "paid" })[1]
    assert.same({ ["content-type"] = "application/json" }, sent[1].headers)
    assert.same({ imp_uid = "imp_1", merchant_uid = "o1", status = "paid" },
      json.decode(sent[1].body))
    result(1, 500)
    assert.equal("failed", hook.state)
    assert.is_nil(w.clock:next_due())
  end)

  it("repeats V1 webhooks each minute where that is asked for", function()
    open { settings = { v1_webhook_retry = true } }
    local hook = w:webhook_v1(nil, { imp_uid = "imp_1" })[1]
    for n = 1, 6 do
      assert.equal(n, #sent)
      result(n, n > 1 and 503 or nil)
      w.clock:move(w:now() + 60)
      w:run_due()
    end
    assert.equal("failed", hook.state)
    assert.same({ 40, 15 }, { sent[1].timeout, sent[6].timeout })
    hook = w:webhook_v1(nil, { imp_uid = "imp_2" })[1]
    result(7, 404)  -- an answer below 500 is one
    assert.equal("failed", hook.state)
  end)

  it("writes forms where the console says so", function()
    open { settings = { v1_webhook_content_type = "form" } }
    w:webhook_v1(nil, { imp_uid = "imp_1", merchant_uid = "주문 1&2", status = "paid" })
    assert.equal("application/x-www-form-urlencoded", sent[1].headers["content-type"])
    assert.equal("imp_uid=imp_1&merchant_uid=%EC%A3%BC%EB%AC%B8%201%262&status=paid", sent[1].body)
  end)

  it("knows the older version of V2's bodies", function()
    open { webhook_version = "2024-01-01" }
    paid()
    assert.same({ payment_id = "p1", tx_id = "t1", status = "Paid" }, json.decode(sent[1].body))
    assert.is_string(sent[1].headers["webhook-signature"])
    assert.equal("skipped", w:webhook_v2(nil, "BillingKey.Issued", { billingKey = "b" })[1].state)
    assert.equal(1, #sent)
    w.config.settings.webhook_content_type = "form"
    w:webhook_v2(nil, "Transaction.PartialCancelled", { paymentId = "p1", transactionId = "t1",
      cancellationId = "c1" })
    assert.equal("payment_id=p1&status=PartialCancelled&tx_id=t1", sent[2].body)
    w:webhook_v2(nil, "Transaction.Confirm", { paymentId = "p", transactionId = "t",
      totalAmount = 5 })
    assert.equal("payment_id=p&total_amount=5&tx_id=t", sent[3].body)
    assert.is_table((webhook.verify(sent[2].body, sent[2].headers,
      { secrets = { w.config.webhook_secret } })))
  end)

  it("dates signatures by the receiver's clock, or by its own", function()
    paid()
    assert.is_true(math.abs(tonumber(sent[1].headers["webhook-timestamp"]) - core.now()) < 60)
    w.config.settings.webhook_clock = "sandbox"
    paid()
    assert.equal("1767225600", sent[2].headers["webhook-timestamp"])
  end)

  it("sends again by hand, and notes each attempt", function()
    local hook = paid()
    result(1, 200)
    w:resend(hook)
    assert.equal(2, #sent)
    assert.equal(sent[1].headers["webhook-id"], sent[2].headers["webhook-id"])
    result(2, 500)
    assert.equal("delivered", hook.state)  -- it was, once
    local notes = w.log:list { kind = "webhook" }
    assert.same({ 200, 1, 500, 2 },
      { notes[1].status, notes[1].attempt, notes[2].status, notes[2].attempt })
  end)

  it("ignores results of what it never sent", function()
    w.deliver:delivered("99", 200, "", "")
  end)

  describe("with faults", function()
    it("goes out twice", function()
      w.faults:add { fault = "duplicate", op = "webhook.v2.*", nth = 1 }
      local hook = paid()
      assert.equal(2, #sent)
      assert.equal(sent[1].headers["webhook-id"], sent[2].headers["webhook-id"])
      result(1, 200)
      result(2, 500)
      assert.equal("delivered", hook.state)
      assert.equal(1, #hook.attempts)
      assert.is_nil(w.clock:next_due())
      paid()
      assert.equal(3, #sent)
    end)

    it("goes out behind the next one", function()
      w.faults:add { fault = "reorder", nth = 1 }
      local one, two = paid(), paid()
      assert.same({ two.id, one.id }, { sent[1].headers["webhook-id"],
        sent[2].headers["webhook-id"] })
      w.faults:add { fault = "reorder", nth = 1 }
      paid()
      assert.equal(2, #sent)
      w.deliver:release()
      assert.equal(3, #sent)
    end)

    it("is lost, or late, or forged", function()
      w.faults:add { fault = "drop", nth = 1 }
      assert.equal("skipped", paid().state)
      assert.equal(0, #sent)
      w.faults:add { fault = "delay", seconds = 90, nth = 1 }
      paid()
      assert.equal(0, #sent)
      w.clock:move(w:now() + 90)
      w:run_due()
      assert.equal(1, #sent)
      w.faults:add { fault = "bad_signature", nth = 1 }
      paid()
      local event, problem = webhook.verify(sent[2].body, sent[2].headers,
        { secrets = { w.config.webhook_secret } })
      assert.is_nil(event)
      assert.is_truthy(problem)
    end)
  end)
end)

describe("sandbox webhooks: over the wire", function()
  local s, opened

  before_each(function() opened = {} end)

  after_each(function()
    for _, one in ipairs(opened) do one:stop() end
  end)

  local function keep(one)
    opened[#opened + 1] = one
    return one
  end

  -- A sandbox with a client and a billing key.
  local function start(given)
    s = keep(assert(sandbox.start(given or { seed = "wire" })))
    local client = s:client()
    local key = assert(client.v2.payment.billing_key.issue_billing_key {
      channelKey = s.channel_key, method = { card = { credential = s.cards.success.credential } } })
    return client, key.billingKeyInfo.billingKey
  end

  local function order(key, more)
    local given = { billingKey = key, orderName = "x", amount = { total = 10 }, currency = "KRW" }
    for name, value in pairs(more or {}) do given[name] = value end
    return given
  end

  local function after(seconds)
    return time.rfc3339(s:now() + seconds)
  end

  it("reach an inbox, byte for byte", function()
    local client, key = start()
    local inbox = keep(s:inbox())
    assert(client.v2.payment.pay_with_billing_key(order(key, { paymentId = "p1" })))
    local message = inbox:take()
    assert.equal("POST", message.method)
    assert.equal("/webhook", message.target)
    local event = assert(webhook.verify(message.body, message.headers,
      { secrets = { s.webhook_secret } }))
    assert.equal("Transaction.Paid", event.type)
    assert.equal("p1", event.data.paymentId)
    assert.equal(1, inbox:count())
    assert.is_nil(inbox:take(0.01))
    assert.is_true(s:flush(60))
    local notes = s:journal { kind = "webhook", op = "webhook.v2.Transaction.Paid" }
    assert.equal(200, notes[#notes].status)
  end)

  it("come while the clock stands where they were sent", function()
    local client, key = start()
    local inbox = keep(s:inbox())
    for day = 1, 3 do
      assert(client.v2.payment.payment_schedule.create_payment_schedule {
        paymentId = "s" .. day, payment = order(key), timeToPay = after(day * 86400) })
    end
    local began = s:now()
    assert.equal(3, s:advance("1 month"))
    assert.equal(3, inbox:count())
    for day = 1, 3 do
      local body = json.decode(inbox:take(0).body)
      assert.equal("s" .. day, body.data.paymentId)
      assert.equal(time.rfc3339(began + day * 86400), body.timestamp)
    end
  end)

  it("are repeated on the sandbox's clock until they are taken", function()
    local client, key = start()
    local inbox = keep(s:inbox { statuses = { 500, 503 } })
    assert(client.v2.payment.pay_with_billing_key(order(key, { paymentId = "p1" })))
    assert.is_true(s:flush(60))
    assert.equal(1, inbox:count())
    local began = s:now()
    s:advance("1 day")
    assert.equal(3, inbox:count())
    local at, ids = {}, {}
    for i, note in ipairs(s:journal { kind = "webhook", op = "webhook.v2.Transaction.Paid" }) do
      at[i], ids[note.id] = (note.at - began) / 60, true
    end
    assert.same({ 0, 1, 5 }, at)
    local first = next(ids)
    assert.same({ [first] = true }, ids)
  end)

  it("do not hold the clock up for longer than is allowed", function()
    local client, key = start { seed = "wire", webhook_wait = 0.05 }
    local inbox = keep(s:inbox { ending = "hang" })
    assert(client.v2.payment.payment_schedule.create_payment_schedule {
      paymentId = "s1", payment = order(key), timeToPay = after(60) })
    assert.equal(1, s:advance("1 hour"))
    assert.is_table(inbox:take(20))
    assert.is_false(s:flush(0))
  end)

  it("let their receivers ask the sandbox at once", function()
    local client, key = start()
    local shop = keep(s:inbox { delay = 0.05 })
    assert(client.v2.payment.payment_schedule.create_payment_schedule {
      paymentId = "s1", payment = order(key), timeToPay = after(60) })
    s:advance("1 hour")
    assert.equal("s1", json.decode(shop:take(0).body).data.paymentId)
    assert.equal("PAID", assert(client.v2.payment.get_payment { paymentId = "s1" }).status)
  end)

  it("go where noticeUrls say instead of the console's URL", function()
    local client, key = start()
    local console, own = keep(s:inbox()), keep(s:inbox { console = false })
    assert(client.v2.payment.pay_with_billing_key(order(key, { paymentId = "p1",
      noticeUrls = { own.url } })))
    assert.is_table(own:take())
    assert.is_true(s:flush(60))
    assert.equal(0, console:count())
  end)

  it("serve V1 too", function()
    start()
    local inbox = keep(s:inbox())
    local client, card = s:client(), s.cards.success
    assert(client.v1.customers.issue { customer_uid = "u", card_number = card.card_number,
      expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit })
    assert(client.v1.subscribe.again { customer_uid = "u", merchant_uid = "o1", amount = 100,
      name = "x" })
    local message = inbox:take()
    assert.equal("o1", json.decode(message.body).merchant_uid)
    assert.is_nil(message.headers["webhook-signature"])
  end)
end)

describe("sandbox inbox", function()
  it("keeps any bytes and answers as it is told", function()
    local inbox = assert(inboxes.start { status = 202, body = "noted", headers = { "X-Y: z" } })
    local http = core.client {}
    local status, text, head = http:perform("POST", inbox.url .. "?a=%00", { "X-A: b" },
      "a\0\255\r\n", 20)
    assert.same({ 202, "noted" }, { status, text })
    assert.matches("X%-Y: z", head)
    local message = inbox:take(0)
    assert.equal("a\0\255\r\n", message.body)
    assert.equal("/webhook?a=%00", message.target)
    assert.equal("b", message.headers["x-a"])
    inbox:answer { status = 503 }
    assert.equal(503, (http:perform("GET", inbox.url, {}, nil, 20)))
    assert.equal("GET", inbox:take(0).method)
    assert.matches("^portone.sandbox.inbox %(http://127", tostring(inbox))
    http:close()
    inbox:stop()
    inbox:stop()
    assert.has_error(function() inbox:count() end)
  end)

  it("holds a message until it is answered, but not for ever", function()
    local sent = assert(sandbox.start { seed = "held" })
    local inbox = sent:inbox { hold = 600 }
    finally(function()
      inbox:stop()
      sent:stop()
    end)
    local function issue(uid)
      local card = sent.cards.success
      assert(sent:client().issue_billing_key { channelKey = sent.channel_key,
        customer = { id = uid }, method = { card = { credential = card.credential } } })
    end
    local function answers()
      assert.is_true(sent:flush(60))
      local notes = sent:journal { kind = "webhook" }
      return notes[#notes]
    end
    issue "a"
    local message = assert(inbox:take(60))
    assert.is_nil(sent:journal { kind = "webhook" }[1].status)
    assert.is_true(inbox:reply(message, { status = 409, body = "n\195\169" }))
    assert.same({ 409, "n\195\169" }, { answers().status, answers().answer })
    assert.is_false(inbox:reply(message, { status = 200 }))
    inbox:answer { hold = 0.01 }
    issue "b"
    assert.equal(504, answers().status)
    inbox:answer {}
    issue "c"
    assert.equal(200, answers().status)
    inbox:take(0)
    local ok, why = pcall(inbox.reply, inbox, inbox:take(0), { status = 200 })
    assert.is_false(ok)
    assert.matches("inbox:reply: the message is not held", why)
  end)

  it("raises on wrong options", function()
    assert.has_error(function() inboxes.start { colour = "red" } end)
    assert.has_error(function() inboxes.start { status = "fine" } end)
  end)
end)
