local core = require "portone.core"

local clock = require "portone.sandbox.clock"
local duration = require "portone.sandbox.duration"
local ids = require "portone.sandbox.ids"
local journal = require "portone.sandbox.journal"
local sandbox = require "portone.sandbox"
local time = require "portone.time"
local world = require "portone.sandbox.world"

local function host()
  return { ports = {}, pending = function() return 0 end, notify = function() end,
    deliver = function() return true end }
end

describe("sandbox ids", function()
  it("are the same for a seed on every Lua", function()
    local source = ids.new(42)
    assert.equal("c84cbb62-15ce-4c61-8737-b9b7c87eba31", source:uuid())
    assert.equal("543422389651", source:digits(12))
    assert.equal("8b60418153", source:hex(10))
    assert.equal("0.094716", ("%.6f"):format(source:random()))
  end)

  it("take numbers and texts for seeds alike", function()
    assert.equal(ids.new(42):uuid(), ids.new("42"):uuid())
    assert.equal(ids.new(7.0):uuid(), ids.new(7):uuid())
    assert.are_not.equal(ids.new(1):uuid(), ids.new(2):uuid())
    assert.are_not.equal(ids.new(""):uuid(), ids.new(" "):uuid())
  end)

  it("have the shapes they should have", function()
    local source = ids.new("shapes")
    for n = 0, 33 do
      assert.matches("^%d*$", source:digits(n))
      assert.equal(n, #source:digits(n))
      assert.matches("^[0-9a-f]*$", source:hex(n))
      assert.equal(n, #source:hex(n))
      assert.equal(n, #source:bytes(n))
    end
    local seen = {}
    for _ = 1, 500 do
      local id = source:uuid()
      assert.matches("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x+$", id)
      assert.equal(36, #id)
      assert.is_nil(seen[id])
      seen[id] = true
    end
  end)

  it("are spread evenly", function()
    local source, buckets = ids.new("even"), {}
    for _ = 1, 5000 do
      local x = source:random()
      assert.is_true(x >= 0 and x < 1)
      local b = math.floor(x * 10)
      buckets[b] = (buckets[b] or 0) + 1
    end
    for b = 0, 9 do assert.is_true(math.abs(buckets[b] - 500) < 100) end
  end)
end)

describe("sandbox durations", function()
  local function at(text) return (assert(time.parse(text))) end

  it("are read as people write them", function()
    assert.same({ months = 0, seconds = 90 }, duration.parse(90))
    assert.same({ months = 0, seconds = 3 * 86400 + 2 * 3600 }, duration.parse("3 days 2 hours"))
    assert.same({ months = 14, seconds = 60 }, duration.parse("1 year, 2 months and 1 min"))
    assert.same({ months = 0, seconds = 5400 }, duration.parse("1h30m"))
    assert.same({ months = 0, seconds = 5400 }, duration.parse("1.5 Hours"))
    assert.same({ months = 0, seconds = 604800 + 1 }, duration.parse(" 1w 1s "))
    assert.same({ months = 1, seconds = 0 }, duration.parse("1mo"))
  end)

  it("are refused when they are none", function()
    for _, text in ipairs { "", "soon", "1", "1 fortnight", "1.5 months", "-1 day", "1 day later",
      "days", -1, 0 / 0, 1 / 0, true, {} } do
      local value, problem = duration.parse(text)
      assert.is_nil(value)
      assert.matches("^not a duration", problem)
    end
  end)

  it("count months by the calendar", function()
    for _, case in ipairs {
      { "2026-01-31T10:20:30Z", "1 month", "2026-02-28T10:20:30Z" },
      { "2028-01-31T00:00:00Z", "1 month", "2028-02-29T00:00:00Z" },
      { "2026-01-30T00:00:00Z", "1 month", "2026-02-28T00:00:00Z" },
      { "2026-12-15T23:59:59Z", "1 month", "2027-01-15T23:59:59Z" },
      { "2026-10-31T00:00:00Z", "1 month", "2026-11-30T00:00:00Z" },
      { "2028-02-29T00:00:00Z", "1 year", "2029-02-28T00:00:00Z" },
      { "2028-02-29T00:00:00Z", "4 years", "2032-02-29T00:00:00Z" },
      { "2026-01-31T00:00:00Z", "1 month 1 day", "2026-03-01T00:00:00Z" },
      { "2026-01-31T00:00:00Z", "25 months", "2028-02-29T00:00:00Z" },
      { "2026-03-01T00:00:00Z", "2 days", "2026-03-03T00:00:00Z" },
    } do
      assert.equal(case[3], time.rfc3339(duration.after(at(case[1]), case[2])))
    end
  end)
end)

describe("sandbox clock", function()
  it("stands still until it is moved", function()
    local c = clock.new("manual", 1000)
    assert.equal(1000, c:now())
    c:move(1500)
    assert.equal(1500, c:now())
    c:move(1400)
    assert.equal(1500, c:now())
  end)

  it("starts at the real time", function()
    assert.is_true(math.abs(clock.new("manual"):now() - core.now()) < 5)
    assert.is_true(math.abs(clock.new("real"):now() - core.now()) < 5)
    assert.is_true(math.abs(clock.new("real", 5000):now() - 5000) < 5)
  end)

  it("runs timers in the order of time, then of setting", function()
    local c, log = clock.new("manual", 0), {}
    for i, due in ipairs { 30, 10, 20, 10, 30, 20 } do
      c:at(due, function() log[#log + 1] = i .. "@" .. c:now() end)
    end
    while c:run_next(20) do end
    assert.same({ "2@10", "4@10", "3@20", "6@20" }, log)
    assert.equal(20, c:now())
    assert.equal(30, c:next_due())
  end)

  it("runs many timers in order", function()
    local c, source, last, n = clock.new("manual", 0), ids.new("timers"), 0, 0
    for _ = 1, 1000 do
      c:at(math.floor(source:random() * 1000), function()
        assert(c:now() >= last)
        last, n = c:now(), n + 1
      end)
    end
    while true do
      local ran, problem = c:run_next(1000)
      assert.is_nil(problem)
      if not ran then break end
    end
    assert.equal(1000, n)
  end)

  it("runs timers that timers set", function()
    local c, log = clock.new("manual", 0), {}
    local function again()
      log[#log + 1] = c:now()
      if c:now() < 50 then c:at(c:now() + 10, again) end
    end
    c:at(10, again)
    while c:run_next(35) do end
    assert.same({ 10, 20, 30 }, log)
  end)

  it("does not run what was cancelled", function()
    local c, ran = clock.new("manual", 0), 0
    local timer = c:at(10, function() ran = ran + 1 end)
    c:at(20, function() ran = ran + 10 end)
    c:cancel(timer)
    c:cancel(timer)
    c:cancel(nil)
    assert.equal(20, c:next_due())
    while c:run_next(100) do end
    assert.equal(10, ran)
    assert.is_nil(c:next_due())
  end)

  it("runs what should have run long ago without going back", function()
    local c, seen = clock.new("manual", 1000), nil
    c:at(10, function() seen = c:now() end)
    c:run_next(1000)
    assert.equal(1000, seen)
    assert.equal(1000, c:now())
  end)

  it("tells what a timer raised", function()
    local c = clock.new("manual", 0)
    c:at(1, function() error("oh no", 0) end)
    assert.same({ true, "oh no" }, { c:run_next(5) })
  end)

  it("shows a real clock's timers their own time", function()
    local c = clock.new("real")
    local seen
    c:at(c:now() - 100, function() seen = c:now() end)
    c:run_next(c:now())
    assert.is_true(seen <= c:now() - 99)
    local before = c:now()
    c:move(before + 5000)
    assert.is_true(c:now() >= before + 5000)
  end)
end)

describe("sandbox journal", function()
  it("masks secrets, and card data, in headers and bodies", function()
    assert.same({ authorization = "Bearer [redacted]", host = "x", cookie = "[redacted]" },
      journal.headers { authorization = "Bearer abc", host = "x", cookie = "sid=1" })
    local body = journal.body { card_number = "4242-4242-4242-4242", amount = 5,
      method = { card = { credential = { number = "4242424242424242" } } } }
    assert.equal("[redacted]", body.card_number)
    assert.equal(5, body.amount)
    assert.is_nil(require("portone.json").encode(body):find("4242", 1, true))
  end)

  it("keeps texts that are no UTF-8 printable", function()
    assert.equal("a??b", journal.body("a\255\254b"))
    assert.same({ ["x-a"] = "?" }, journal.headers { ["x-a"] = "\255" })
  end)

  it("drops old requests, but no movement of money", function()
    local j = journal.new(10)
    for i = 1, 100 do
      j:add("request", i, { i = i })
      if i % 10 == 0 then j:add("charge", i, { i = i }) end
    end
    local requests = j:list { kind = "request" }
    assert.is_true(#requests >= 10 and #requests <= 20)
    assert.equal(100, requests[#requests].i)
    assert.equal(10, #j:list { kind = "charge" })
    assert.equal(110, j.count)
    local last = 0
    for _, entry in ipairs(j:list()) do
      assert.is_true(entry.n > last)
      last = entry.n
    end
  end)

  it("filters", function()
    local j = journal.new(10)
    j:add("request", 1, { op = "v1.payments.get", status = 200 })
    j:add("request", 2, { op = "v1.payments.cancel", status = 401 })
    j:add("webhook", 3, {})
    assert.equal(3, #j:list())
    assert.equal(1, #j:list { op = "v1.payments.get" })
    assert.equal(2, #j:list { op = "v1.payments.*" })
    assert.equal(1, #j:list { op = "v1.*", status = 401 })
    assert.equal(2, #j:list { since = 1 })
    assert.equal(0, #j:list { kind = "charge" })
  end)
end)

describe("sandbox world", function()
  it("draws what it is not given, the same for the same seed", function()
    local a, b, c = world.new({ seed = "s" }, host()), world.new({ seed = "s" }, host()),
      world.new({ seed = "t" }, host())
    for _, name in ipairs { "imp_key", "imp_secret", "api_secret", "store_id", "webhook_secret" } do
      assert.equal(a.config[name], b.config[name])
      assert.are_not.equal(a.config[name], c.config[name])
    end
    assert.same(a.config.channels, b.config.channels)
    assert.are_not.equal(world.new({}, host()).config.seed, world.new({}, host()).config.seed)
  end)

  it("takes what it is given, and draws the rest as if it had not been", function()
    local a = world.new({ seed = "s" }, host())
    local b = world.new({ seed = "s", api_secret = "mine" }, host())
    assert.equal("mine", b.config.api_secret)
    assert.equal(a.config.store_id, b.config.store_id)
    assert.equal(a:uuid(), b:uuid())
  end)

  it("knows its channels", function()
    local w = world.new({ seed = "s" }, host())
    assert.equal("tosspayments", w:default_channel().pg)
    assert.equal("nice_v2", w:default_channel("nice_v2").pg)
    assert.is_nil(w:default_channel("nobody"))
    assert.equal(w:default_channel(), w:channel(w:default_channel().key))
    assert.is_nil(w:channel("channel-key-none"))
    w = world.new({ channels = { { pg = "kcp" }, { pg = "ksnet", key = "k", default = true } } },
      host())
    assert.equal("k", w:default_channel().key)
    assert.equal("kcp", w.config.channels[1].pg)
    assert.matches("^channel%-key%-", w.config.channels[1].key)
  end)

  it("notes what its timers raise and goes on", function()
    local w, ran = world.new({ time = 0 }, host()), false
    w:at(10, function() error("broken timer", 0) end)
    w:at(10, function() ran = true end)
    assert.equal(2, w:run_some(10))
    assert.is_true(ran)
    assert.equal("broken timer", w.log:list({ kind = "timer" })[1].error)
  end)

  it("writes times as V2 does", function()
    assert.equal("2026-01-02T03:04:05Z", world.new({}, host()):iso(1767323045))
  end)
end)

describe("sandbox handle", function()
  local s

  after_each(function()
    if s then s:stop() end
    s = nil
  end)

  it("tells what a client needs", function()
    s = assert(sandbox.start { seed = "handle" })
    assert.matches("^http://127%.0%.0%.1:%d+$", s.v1_url)
    assert.matches("^http://127%.0%.0%.1:%d+$", s.v2_url)
    assert.are_not.equal(s.v1_url, s.v2_url)
    assert.equal(s.channel_keys.tosspayments, s.channel_key)
    assert.matches("^%d%d%d%d%-%d%d%d%d%-%d%d%d%d%-%d%d%d%d$", s.cards.success.card_number)
    assert.matches("^whsec_", s.webhook_secret)
    assert.equal("handle", s.seed)
    local text = tostring(s)
    assert.matches(s.v1_url, text, 1, true)
    assert.is_nil(text:find(s.api_secret, 1, true))
  end)

  it("raises on wrong options", function()
    for _, given in ipairs { 1, { colour = "red" }, { clock = "lunar" }, { seed = true },
      { webhook_secret = "not base64!" }, { webhook_secrets = { "whsec_" } },
      { webhook_version = "2023" }, { time = "now" } } do
      assert.has_error(function() sandbox.start(given) end)
    end
    assert.error_matches(function() sandbox.start { sead = 1 } end, "did you mean 'seed'")
  end)

  it("advances timers in order and by the calendar", function()
    s = assert(sandbox.start { time = time.parse("2026-01-31T09:00:00Z") })
    assert.equal("2026-01-31T09:00:00Z", time.rfc3339(s:now()))
    assert.equal(0, s:advance("1 month"))
    assert.equal("2026-02-28T09:00:00Z", time.rfc3339(s:now()))
    s:advance(60)
    assert.equal("2026-02-28T09:01:00Z", time.rfc3339(s:now()))
    assert.has_error(function() s:advance("a while") end)
    assert.has_error(function() s:advance() end)
    assert.has_error(function() s:advance(-1) end)
  end)

  it("lets a real clock run by itself", function()
    s = assert(sandbox.start { clock = "real" })
    assert.is_true(math.abs(s:now() - core.now()) < 5)
    s:advance("1 hour")
    assert.is_true(math.abs(s:now() - core.now() - 3600) < 5)
  end)

  it("changes settings that exist", function()
    s = assert(sandbox.start())
    s:set("unknown_fields", "refuse")
    s:set("v1_partial_cancel_status", "cancelled")
    s:set("webhook_url", "http://127.0.0.1:1/")
    s:set("unknown_fields", nil)
    assert.has_error(function() s:set("unknown_setting", 1) end)
    assert.error_matches(function() s:act("v1.no_such_action") end, "no action is called")
    assert.error_matches(function() s:act("nonsense") end, "no action is called")
  end)

  it("gives the same ids to the same calls with the same seed", function()
    local function run()
      local one = assert(sandbox.start { seed = "same", time = 1767225600 })
      local c = one:client()
      local key = assert(c.v2.payment.billing_key.issue_billing_key { channelKey = one.channel_key,
        method = { card = { credential = one.cards.success.credential } } })
      local paid = assert(c.v2.payment.pay_with_billing_key { paymentId = "p1", currency = "KRW",
        billingKey = key.billingKeyInfo.billingKey, orderName = "x", amount = { total = 100 } })
      one:stop()
      return key.billingKeyInfo.billingKey, paid.payment.pgTxId, one.api_secret
    end
    assert.same({ run() }, { run() })
  end)

  it("runs schedules by itself when its clock is real", function()
    s = assert(sandbox.start { clock = "real", time = 1767225600 })
    local inbox = s:inbox()
    local client = s:client()
    local key = assert(client.v2.payment.billing_key.issue_billing_key {
      channelKey = s.channel_key, method = { card = { credential = s.cards.success.credential } } })
    assert.matches("BillingKey.Issued", inbox:take(20).body)
    assert(client.v2.payment.payment_schedule.create_payment_schedule { paymentId = "s1",
      timeToPay = time.rfc3339(s:now() + 2), payment = { orderName = "x", currency = "KRW",
        billingKey = key.billingKeyInfo.billingKey, amount = { total = 10 } } })
    assert.matches("Transaction.Paid", inbox:take(20).body)
  end)

  it("is stopped once and for all, its inboxes too", function()
    s = assert(sandbox.start())
    local inbox = s:inbox()
    s:stop()
    s:stop()
    assert.has_error(function() s:now() end)
    assert.has_error(function() inbox:count() end)
    assert.equal("portone.sandbox (stopped)", tostring(s))
  end)
end)
