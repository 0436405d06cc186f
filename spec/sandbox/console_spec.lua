local core = require "portone.core"
local json = require "portone.json"
local sandbox = require "portone.sandbox"
local settings_of_v1 = require("portone.sandbox.v1").settings
local settings_of_v2 = require("portone.sandbox.v2.settings").list
local settings_of_world = require("portone.sandbox.world").settings
local support = require "spec.sandbox.console_support"
local texts = require "portone.sandbox.console.texts"
local faults = require "portone.sandbox.faults"

local START, DATA = support.START, support.DATA
local EVIL = [[</script><b onx="alert(1)">'"&]]

local call, view, act, start = support.call, support.view, support.act, support.start
local issue_v1, issue_v2, account = support.issue_v1, support.issue_v2, support.account

describe("sandbox console, its page", function()
  local s

  setup(function() s = start() end)
  teardown(function() s:stop() end)

  it("is a page at the root of both ports, at the address the handle tells", function()
    assert.equal(s.v2_url .. "/", s.console_url)
    assert.truthy(tostring(s):find(s.console_url, 1, true))
    for _, url in ipairs { s.v1_url, s.v2_url } do
      local status, text, headers = call({ base = url }, "GET", "/")
      assert.equal(200, status)
      assert.equal("text/html; charset=utf-8", headers["content-type"])
      for path in text:gmatch('"(/_sandbox/[^"]+)"') do
        assert.equal(200, (call({ base = url }, "GET", path)), path)
      end
      assert.equal(200, (call({ base = url }, "GET", DATA .. "payments")))
      assert.equal(200, (call({ base = url }, "GET", "/?lang=ko")))
    end
    assert.equal(0, #s:journal())
  end)

  it("runs nothing that is not its own file", function()
    local _, text, headers = call(s, "GET", "/")
    local csp = headers["content-security-policy"]
    for _, rule in ipairs { "default-src 'none'", "script-src 'self'", "frame-ancestors 'none'",
      "base-uri 'none'" } do
      assert.truthy(csp:find(rule, 1, true), rule)
    end
    assert.is_nil(csp:find("unsafe", 1, true))
    assert.equal("nosniff", headers["x-content-type-options"])
    assert.equal("DENY", headers["x-frame-options"])
    -- neither code nor style in the page, no address of another machine anywhere
    assert.is_nil(text:find("%son%a+="))
    assert.is_nil(text:find("style=", 1, true))
    assert.is_nil(text:find("<script>", 1, true))
    local _, script = call(s, "GET", DATA .. "app.js")
    local _, style = call(s, "GET", DATA .. "style.css")
    for _, file in ipairs { text, script, style } do
      assert.is_nil(file:find("https?://"))
      assert.is_nil(file:find("@import", 1, true))
    end
    -- nor a way to make markup of text
    for _, name in ipairs { "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
      "eval(", "new Function" } do
      assert.is_nil(script:find(name, 1, true), name)
    end
  end)

  it("has its controls named, in landmarks, in the language it was started with", function()
    local _, text = call(s, "GET", "/")
    for _, tag in ipairs { "<header", "<nav", "<main", 'role="status"', 'aria-live="polite"',
      'name="viewport"' } do
      assert.truthy(text:find(tag, 1, true), tag)
    end
    assert.truthy(text:find('data-lang=""', 1, true))
    for name in text:gmatch('data%-t="([^"]+)"') do
      assert.is_string(texts.en[name], name)
      assert.is_string(texts.ko[name], name)
    end
    local korean = start { lang = "ko" }
    assert.equal("ko", korean.lang)
    assert.truthy(select(2, call(korean, "GET", "/")):find('data-lang="ko"', 1, true))
    korean:stop()
    assert.has_error(function() sandbox.start { lang = "fr" } end,
      "sandbox: option 'lang' cannot be 'fr'")
  end)

  it("says everything in both languages", function()
    local function same(a, b, path)
      for name, value in pairs(a) do
        assert.equal(type(value), type(b[name]), path .. name)
        if type(value) == "table" then
          same(value, b[name], path .. name .. ".")
          same(b[name], value, path .. name .. ".")
        else
          local places = {}
          for place in value:gmatch("{%d}") do places[place] = true end
          for place in b[name]:gmatch("{%d}") do
            assert.is_true(places[place], path .. name .. " " .. place)
          end
        end
      end
    end
    same(texts.en, texts.ko, "")
    same(texts.ko, texts.en, "")
    local _, script = call(s, "GET", DATA .. "app.js")
    for name in script:gmatch('%f[%w_]t%("([%w_]+)"[,)]') do
      assert.is_string(texts.en[name], name)
    end
    for name in pairs(faults.kinds()) do assert.is_string(texts.en.faults_text[name], name) end
    for _, list in ipairs { settings_of_v1, settings_of_v2, settings_of_world } do
      for name in pairs(list) do
        assert.is_string(texts.en.settings_text[name],
          "lua/portone/sandbox/console/texts_more.lua says nothing of the setting " .. name)
      end
    end
  end)
end)

describe("sandbox console", function()
  local s, client

  before_each(function() s, client = start() end)
  after_each(function() s:stop() end)

  it("shows payments of both APIs, newest first, in words they have in common", function()
    issue_v1(s, client, "user-1")
    assert(client.request_pay_again { customer_uid = "user-1", merchant_uid = "order-1",
      amount = 3000, name = "month" })
    s:advance "1 hour"
    local key, bad = issue_v2(s, client), issue_v2(s, client, "declined")
    local function pay(id, billing_key, currency)
      return client.request_pay_again { paymentId = id, billingKey = billing_key,
        orderName = "sword", amount = { total = 1999 }, currency = currency or "KRW" }
    end
    assert(pay("p-1", key, "USD"))
    assert.is_nil(pay("p-2", bad))
    account(s, client, "p-3", 5000)
    assert(client.v2.payment.cancel_payment { paymentId = "p-1", amount = 900, reason = "r" })
    local value, head = view(s, "payments")
    assert.equal(4, value.total)
    local seen = {}
    for i, row in ipairs(value.rows) do
      seen[i] = { row.api, row.order, row.state, row.amount, row.decimals, row.left }
    end
    assert.same({ { "v2", "p-3", "deposit", 5000, 0, 0 }, { "v2", "p-2", "failed", 1999, 0, 0 },
      { "v2", "p-1", "partial", 1999, 2, 1099 }, { "v1", "order-1", "paid", 3000, 0, 3000 } },
      seen)
    assert.equal(4, head.counts.payments)
    assert.equal(3, head.counts.keys)
    assert.equal(START + 3600, head.now)
    assert.equal(1, view(s, "payments?state=failed").total)
    assert.equal("order-1", view(s, "payments?q=ORDER-1").rows[1].order)
    assert.equal(0, view(s, "payments?q=nothing-like-it").total)
    local one = view(s, "one?kind=payments&api=v2&id=p-1")
    assert.same({ "PARTIAL_CANCELLED", 900 }, { one.status, one.amount.cancelled })
    assert.equal("order-1", view(s, "one?kind=payments&api=v1&id=" .. value.rows[4].id)
      .merchant_uid)
    assert.equal(400, (call(s, "GET", DATA .. "one?kind=payments&api=v2&id=none")))
    assert.equal(400, (call(s, "GET", DATA .. "one?kind=secrets&api=v2&id=none")))
  end)

  it("shows billing keys with masked cards, and schedules, the next one first", function()
    issue_v1(s, client, "user-1")
    local key = issue_v2(s, client)
    local function schedule(id, days)
      return assert(client.schedule { paymentId = id, timeToPay = START + days * 86400,
        payment = { billingKey = key, orderName = "month", amount = { total = 10 },
          currency = "KRW" } })
    end
    schedule("later", 20)
    schedule("sooner", 10)
    assert(client.schedule { customer_uid = "user-1", schedules = { { merchant_uid = "first",
      schedule_at = START + 86400, amount = 10, currency = "KRW", name = "n" } } })
    local keys = view(s, "keys")
    assert.equal(2, keys.total)
    for _, row in ipairs(keys.rows) do assert.equal("424242******4242", row.number) end
    local function order()
      local out = {}
      for i, row in ipairs(view(s, "schedules").rows) do out[i] = row.order .. " " .. row.state end
      return out
    end
    assert.same({ "first scheduled", "sooner scheduled", "later scheduled" }, order())
    assert.equal(START + 86400, select(2, view(s, "schedules")).next)
    s:advance "15 days"
    assert.same({ "later scheduled", "sooner paid", "first paid" }, order())
    assert.equal(1, select(2, view(s, "schedules")).counts.schedules)
    local row = view(s, "schedules?q=later").rows[1]
    assert.equal("SCHEDULED", view(s, "one?kind=schedules&api=v2&id=" .. row.id).status)
    assert.equal("executed", view(s, "one?kind=schedules&api=v1&id=first").schedule_status)
    assert.equal("ISSUED", view(s, "one?kind=keys&api=v2&id=" .. key).status)
    assert.equal("user-1", view(s, "one?kind=keys&api=v1&id=user-1").customer_uid)
  end)

  it("shows a request with what was sent and answered, secrets masked", function()
    local card = s.cards.success
    issue_v1(s, client, "user-1")
    local value = view(s, "timeline?group=request")
    local row = value.rows[1]
    assert.same({ "request", "POST", "/subscribe/customers/user-1", 200, "v1.customers.issue" },
      { row.kind, row.method, row.path, row.status, row.op })
    local entry = view(s, "entry?n=" .. row.n)
    assert.equal("[redacted]", json.decode(entry.body.text).card_number)
    assert.equal("Bearer [redacted]", json.decode(entry.headers.text).authorization)
    assert.equal(0, json.decode(entry.answer.text).code)
    local all = {}
    for _, one in ipairs(view(s, "timeline").rows) do
      all[#all + 1] = select(2, call(s, "GET", DATA .. "entry?n=" .. one.n))
    end
    all = table.concat(all)
    for _, secret in ipairs { card.card_number, card.credential.number, card.birth,
      s.api_secret, s.imp_secret } do
      assert.is_nil(all:find(secret, 1, true))
    end
    assert.equal(400, (call(s, "GET", DATA .. "entry?n=100000")))
    assert.equal(400, (call(s, "GET", DATA .. "entry?n=x")))
  end)

  it("shows a webhook with every attempt to deliver it", function()
    local inbox = s:inbox { status = 500, body = "down " .. EVIL }
    local key = issue_v2(s, client)
    assert(client.request_pay_again { paymentId = "p-1", billingKey = key, orderName = "sword",
      amount = { total = 10 }, currency = "KRW" })
    s:flush()
    s:advance "1 minute"
    local function newest()
      return view(s, "timeline?group=webhook&q=p-1").rows[1]
    end
    assert.same({ "Transaction.Paid", 500, 2, "p-1" },
      { newest().type, newest().status, newest().attempt, newest().order })
    inbox:answer { status = 200 }
    s:advance "next timer"
    local entry = view(s, "entry?n=" .. newest().n)
    local seen = {}
    for i, try in ipairs(entry.attempts) do
      seen[i] = { try.attempt, try.status, try.at - START }
    end
    assert.same({ { 1, 500, 0 }, { 2, 500, 60 }, { 3, 200, 300 } }, seen)
    assert.equal("p-1", json.decode(entry.body.text).data.paymentId)
    local first = view(s, "entry?n=" .. entry.attempts[1].n)
    assert.equal("down " .. EVIL, first.answer.text)
    assert.equal(START + 60, first.retry_at)
  end)

  it("shows payment windows, and why one did not open", function()
    local status = call(s, "POST", "/_sandbox/window", { "Origin: http://127.0.0.1:1" },
      json.encode { api = "v2", method = "requestPayment", params = { paymentId = "p-1" } })
    assert.equal(400, status)
    local row = view(s, "timeline").rows[1]
    assert.same({ "window", "refused" }, { row.kind, row.state })
    assert.matches("channelKey", row.error)
    assert.equal(row.n, view(s, "timeline?group=problem").rows[1].n)
    assert.equal("p-1", json.decode(view(s, "entry?n=" .. row.n).body.text).paymentId)
    for _, kind in ipairs { "request", "webhook", "charge", "cancel", "timer", "error", "window",
      "confirm" } do
      assert.is_string(texts.ko.kinds[kind])
    end
  end)

  it("hands on hostile texts as data", function()
    issue_v1(s, client, "user-1")
    assert(client.request_pay_again { customer_uid = "user-1", merchant_uid = EVIL, amount = 10,
      name = EVIL })
    call(s, "GET", "/" .. core.escape(EVIL), { "X-Evil: " .. EVIL })
    assert.equal(EVIL, view(s, "payments").rows[1].name)
    local status, _, headers = call(s, "GET", DATA .. "payments")
    assert.equal(200, status)
    assert.equal("application/json; charset=utf-8", headers["content-type"])
    assert.equal("nosniff", headers["x-content-type-options"])
    for _, row in ipairs(view(s, "timeline").rows) do
      assert.is_table(view(s, "entry?n=" .. row.n))
    end
    local value = view(s, "timeline?q=" .. core.escape(EVIL:lower()))
    assert.is_true(#value.rows >= 2)
    assert.equal(400, (call(s, "GET", DATA .. "payments?q=%ff")))
  end)

  it("answers 304 until something may have changed", function()
    local _, _, got = view(s, "timeline")
    local tag = "If-None-Match: " .. got.etag
    local function unchanged() return (call(s, "GET", DATA .. "timeline", { tag })) == 304 end
    assert.is_true(unchanged())
    s:journal()
    call(s, "GET", "/_sandbox/info")
    view(s, "settings")
    assert.is_true(unchanged())
    for _, change in ipairs {
      function() call(s, "GET", "/payments/p-1") end,
      function() s:advance(1) end,
      function() s:set("v2_paid_again", "charge") end,
      function() s:fault { fault = "error" } end,
      function() s:clear_faults() end,
    } do
      assert.is_true(unchanged())
      change()
      assert.is_false(unchanged())
      tag = "If-None-Match: " .. select(3, view(s, "timeline")).etag
    end
    local inbox = s:inbox { delay = 0.2 }
    issue_v2(s, client)
    tag = "If-None-Match: " .. select(3, view(s, "timeline")).etag
    s:flush()
    assert.equal(1, inbox:count())
    assert.is_false(unchanged())
    local other = start { seed = "console" }
    assert.equal(200, (call(other, "GET", DATA .. "timeline", { tag })))
    other:stop()
  end)

  it("moves the clock", function()
    local key = issue_v2(s, client)
    assert(client.schedule { paymentId = "p-1", timeToPay = START + 40 * 86400, payment = {
      billingKey = key, orderName = "month", amount = { total = 10 }, currency = "KRW" } })
    assert.same({ 200, { value = 0 } }, { act(s, "advance", { by = "1 hour" }) })
    assert.equal(START + 3600, s:now())
    assert.same({ 200, { value = 0 } }, { act(s, "advance", { by = "1 month" }) })
    assert.equal(START + 3600 + 31 * 86400, s:now())
    assert.same({ 200, { value = 1 } }, { act(s, "advance", { by = "next timer" }) })
    assert.equal(START + 40 * 86400, s:now())
    assert.same({ 200, { value = 0 } }, { act(s, "advance", { by = "next timer" }) })
    assert.equal(START + 40 * 86400, s:now())
    assert.equal("paid", view(s, "payments").rows[1].state)
  end)

  it("takes faults from its form, counts them, ends one or all", function()
    local _, first = act(s, "fault", { fault = "error", op = "v2.*", nth = { 2 } })
    local _, second = act(s, "fault", { fault = "latency", seconds = 0, probability = 0.5 })
    assert.same({ 1, 2 }, { first.value, second.value })
    local status, refusal = act(s, "fault", { fault = "latency" })
    assert.equal(400, status)
    assert.matches("seconds", refusal.message)
    for _ = 1, 3 do call(s, "GET", "/payments/p-1") end
    local rows = view(s, "faults").rows
    assert.same({ 2, 3, 1 }, { #rows, rows[1].seen, rows[1].struck })
    assert.same({ op = "v2.*", fault = "error", nth = { 2 } }, rows[1].rule)
    assert.equal(200, (act(s, "clear_faults", { id = 1 })))
    assert.equal(400, (act(s, "clear_faults", { id = 1 })))
    assert.equal(2, view(s, "faults").rows[1].id)
    assert.equal(2, s:faults()[1].id)
    assert.equal(3, s:fault { fault = "reset" })
    s:clear_faults(2)
    assert.equal(1, #s:faults())
    act(s, "clear_faults")
    assert.equal(0, #view(s, "faults").rows)
    assert.equal("webhook", view(s, "faults").kinds.duplicate)
  end)

  it("shows every setting with what may be chosen, and changes it", function()
    local function find(name)
      for _, row in ipairs(view(s, "settings").rows) do
        if row.name == name then return row end
      end
      error(name)
    end
    for _, list in ipairs { settings_of_v1, settings_of_v2, settings_of_world } do
      for name in pairs(list) do find(name) end
    end
    assert.same({ "choice", "refuse", { "refuse", "charge" } },
      { find("v2_paid_again").kind, find("v2_paid_again").value, find("v2_paid_again").choices })
    assert.same({ "boolean", false }, { find("webhook_remote").kind, find("webhook_remote").value })
    assert.equal("number", find("v2_max_cancels").kind)
    assert.equal(200, (act(s, "set", { name = "v2_max_cancels", value = 7 })))
    assert.equal(7, find("v2_max_cancels").value)
    act(s, "set", { name = "v2_max_cancels" })
    assert.equal(100, find("v2_max_cancels").value)
    act(s, "set", { name = "webhook_url", value = "http://127.0.0.1:9/x" })
    assert.equal("http://127.0.0.1:9/x", find("webhook_url").value)
    assert.equal(400, (act(s, "set", { name = "nothing", value = 1 })))
  end)
end)

describe("sandbox console with a long journal #slow", function()
  local s

  -- 5,000 scheduled payments: a charge and a webhook each
  setup(function()
    local client
    s, client = start()
    issue_v1(s, client, "user-1")
    for i = 0, 4 do
      local list = {}
      for j = 1, 1000 do
        list[j] = { merchant_uid = ("order-%d"):format(i * 1000 + j), schedule_at = START + i + 60,
          amount = 100, currency = "KRW", name = "n" }
      end
      assert(client.schedule { customer_uid = "user-1", schedules = list })
    end
    s:advance "1 hour"
  end)
  teardown(function() s:stop() end)

  it("pages through all entries, each once", function()
    local seen, before = {}, nil
    repeat
      local value = view(s, "timeline?limit=200" .. (before and "&before=" .. before or ""))
      assert.is_true(value.total > 10000)
      for _, row in ipairs(value.rows) do
        assert.is_nil(seen[row.n])
        assert.is_true(row.n < (before or math.huge))
        seen[row.n], before = true, row.n
      end
    until not value.older
    assert.equal(#s:journal(), #seen)
    assert.equal(50, #view(s, "timeline").rows)
    assert.equal(200, #view(s, "timeline?limit=100000").rows)
    assert.same({ 0, false }, { #view(s, "timeline?before=1").rows,
      view(s, "timeline?before=1").older })
  end)

  it("pages through 5,000 payments, each once", function()
    local seen, offset = {}, 0
    repeat
      local value = view(s, "payments?limit=200&offset=" .. offset)
      assert.equal(5000, value.total)
      for _, row in ipairs(value.rows) do
        assert.is_nil(seen[row.order])
        seen[row.order] = true
      end
      offset = offset + #value.rows
    until offset == 5000
    assert.equal(0, #view(s, "payments?offset=5000").rows)
    assert.equal("order-77", view(s, "payments?q=order-77").rows[11].order)
  end)

  it("finds what it is asked for, in time", function()
    local started = core.monotonic()
    for _ = 1, 20 do
      local rows = view(s, "timeline?group=money&q=order-1000").rows
      assert.same({ 1, "charge" }, { #rows, rows[1].kind })
      assert.equal(50, #view(s, "payments").rows)
    end
    assert.is_true((core.monotonic() - started) / 20 < 1)
  end)

  it("says in time that nothing has changed", function()
    local tag = "If-None-Match: " .. select(3, view(s, "timeline")).etag
    local started = core.monotonic()
    for _ = 1, 100 do
      assert.equal(304, (call(s, "GET", DATA .. "timeline", { tag })))
    end
    assert.is_true((core.monotonic() - started) / 100 < 0.1)
  end)
end)
