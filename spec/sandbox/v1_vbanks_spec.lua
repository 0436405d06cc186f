local books = require "portone.sandbox.v1"
local s = require "spec.sandbox.v1_support"

local DAY = 86400
local T = s.START

local function issue(world, extra, pg, query)
  local body = { channel_key = "channel-key-" .. (pg or "tosspayments"), merchant_uid = "o1",
    amount = 3000, vbank_code = "088", vbank_due = T + DAY, buyer_name = "홍길동" }
  for key, value in pairs(extra or {}) do body[key] = value end
  return s.call(world, "v1.vbanks.issue", { body = body, query = query })
end

local function issued(world, ...)
  local p, code, message = issue(world, ...)
  assert.equals(0, code, tostring(message))
  return p
end

local function on(p, body) return { path = { imp_uid = p.imp_uid }, body = body } end

describe("a virtual account", function()
  it("waits for its money", function()
    local world = s.world()
    local p = issued(world, { vbank_holder = "ignored" })
    assert.equals("ready", p.status)
    assert.equals("vbank", p.pay_method)
    assert.equals("088", p.vbank_code)
    assert.equals("신한은행", p.vbank_name)
    assert.truthy(p.vbank_num:find("^%d+$"))
    assert.equals(s.null, p.vbank_holder)
    assert.equals(T + DAY, p.vbank_date)
    assert.equals(T, p.vbank_issued_at)
    assert.equals(0, p.paid_at)
    assert.same({ { body = { imp_uid = p.imp_uid, merchant_uid = "o1", status = "ready" } } },
      world.sent)
    assert.equals(0, s.moved(world))
    assert.equals(1, s.ok(world, "v1.payments.by_status",
      { path = { payment_status = "ready" } }).total)
  end)

  it("shows a holder on PGs that have one, and takes their bank codes", function()
    local world = s.world()
    local p = issued(world, { vbank_holder = "포트원" }, "settle")
    assert.equals("포트원", p.vbank_holder)
    p = issued(world, { vbank_holder = "포트원", vbank_code = "04", buyer_email = "a@b.kr" },
      "html5_inicis", { pg_api_key = "key" })
    assert.equals("004", p.vbank_code)
    for _, bad in ipairs { { { vbank_code = "092" } }, { { vbank_code = "88" } },
      { { vbank_code = "004", vbank_holder = "h", buyer_email = "a@b.kr" }, "html5_inicis",
        { pg_api_key = "key" } } } do
      local _, code = issue(world, bad[1], bad[2], bad[3])
      assert.is_true(code ~= 0)
    end
  end)

  it("needs what its PG requires, in the body and in the query", function()
    local world = s.world()
    local _, code, message = issue(world, { vbank_holder = "h", buyer_email = "a@b.kr",
      vbank_code = "04" }, "html5_inicis")
    assert.is_true(code ~= 0)
    assert.truthy(message:find("pg_api_key", 1, true))
    _, code, message = issue(world, nil, "settle")
    assert.is_true(code ~= 0)
    assert.truthy(message:find("vbank_holder", 1, true))
    _, code = issue(world, nil, "kakaopay")
    assert.is_true(code ~= 0)
  end)

  it("that is fixed keeps its number", function()
    local world = s.world()
    local a = issued(world, { vbank_key = "customer-1" })
    local b = issued(world, { vbank_key = "customer-1", merchant_uid = "o2" })
    local c = issued(world, { vbank_key = "customer-2", merchant_uid = "o3" })
    assert.equals(a.vbank_num, b.vbank_num)
    assert.not_equals(a.vbank_num, c.vbank_num)
    assert.equals("110123", issued(world, { vbank_num = "110123", vbank_holder = "h",
      merchant_uid = "o4" }, "settle").vbank_num)
  end)

  it("is paid by a deposit of its amount before its deadline", function()
    local world = s.world()
    local p = issued(world)
    assert.is_nil((books.actions.deposit(world, { imp_uid = p.imp_uid, amount = 2999 })))
    assert.is_nil((books.actions.deposit(world, { imp_uid = "imp_x" })))
    world:advance(60)
    world.sent = {}
    local paid = assert(books.actions.deposit(world,
      { imp_uid = p.imp_uid, depositor_name = "홍길동" }))
    assert.equals("paid", paid.status)
    assert.same({}, paid.deposit_history)
    assert.equals(T + 60, paid.paid_at)
    assert.same({ { body = { imp_uid = p.imp_uid, merchant_uid = "o1", status = "paid" } } },
      world.sent)
    assert.equals(3000, s.moved(world))
    assert.is_nil((books.actions.deposit(world, { imp_uid = p.imp_uid })))
    local late = issued(world, { merchant_uid = "o2" })
    world:advance(DAY)
    assert.is_nil((books.actions.deposit(world, { imp_uid = late.imp_uid })))
    assert.equals(3000, s.moved(world))
  end)

  it("that takes any number of deposits lists them", function()
    local world = s.world()
    local p = issued(world, { vbank_num = "1", vbank_holder = "h", fixed_unlimited_vbank = true },
      "settle")
    local paid = assert(books.actions.deposit(world,
      { imp_uid = p.imp_uid, depositor_name = "김" }))
    assert.equals("김", paid.deposit_history[1].depositor_name)
    assert.equals(3000, paid.deposit_history[1].amount)
  end)

  it("may be one of several for an order, until one is paid", function()
    local world = s.world()
    local a, b = issued(world), issued(world)
    assert.not_equals(a.imp_uid, b.imp_uid)
    assert(books.actions.deposit(world, { imp_uid = b.imp_uid }))
    assert.is_nil((books.actions.deposit(world, { imp_uid = a.imp_uid })))
    local _, code = issue(world)
    assert.is_true(code ~= 0)
    assert.equals(3000, s.moved(world))
  end)

  it("needs an account to be refunded to", function()
    local world = s.world()
    local p = issued(world)
    s.refused(world, "v1.payments.cancel", { body = { imp_uid = p.imp_uid } })
    assert(books.actions.deposit(world, { imp_uid = p.imp_uid }))
    s.refused(world, "v1.payments.cancel", { body = { imp_uid = p.imp_uid } })
    s.ok(world, "v1.payments.cancel", { body = { imp_uid = p.imp_uid, refund_holder = "h",
      refund_bank = "88", refund_account = "1" } })
    assert.equals(0, s.moved(world))
  end)

  it("has its deadline ahead", function()
    local world = s.world()
    for _, due in ipairs { T, T - 1, "tomorrow" } do
      local _, code = issue(world, { vbank_due = due })
      assert.is_true(code ~= 0)
    end
    assert.equals(0, #world.v1.payment_order)
  end)

  it("is changed at settle only, while it waits", function()
    local world = s.world()
    local p = issued(world, { vbank_holder = "h" }, "settle")
    local changed = s.ok(world, "v1.vbanks.update",
      on(p, { amount = 5000, vbank_due = T + 2 * DAY }))
    assert.equals(5000, changed.amount)
    assert.equals(T + 2 * DAY, changed.vbank_date)
    s.refused(world, "v1.vbanks.update", on(p, { amount = 0 }), 400)
    s.refused(world, "v1.vbanks.update", on(p, { vbank_due = T }), 400)
    s.refused(world, "v1.vbanks.update", on({ imp_uid = "imp_x" }, {}), 404)
    s.refused(world, "v1.vbanks.update", on(issued(world, { merchant_uid = "o2" }), {}), 400)
    assert.equals(5000, assert(books.actions.deposit(world, { imp_uid = p.imp_uid })).amount)
    assert.equals(5000, s.moved(world))
    s.refused(world, "v1.vbanks.update", on(p, { amount = 1 }), 400)
  end)

  it("is closed while it waits, and is then a failed payment", function()
    local world = s.world()
    local p = issued(world)
    local closed = s.ok(world, "v1.vbanks.revoke", on(p))
    assert.equals("failed", closed.status)
    assert.equals(T, closed.failed_at)
    assert.is_string(closed.fail_reason)
    s.refused(world, "v1.vbanks.revoke", on(p), 400)
    assert.is_nil((books.actions.deposit(world, { imp_uid = p.imp_uid })))
    s.refused(world, "v1.vbanks.revoke", on { imp_uid = "imp_x" }, 404)
    local inicis = issued(world, { merchant_uid = "o3", vbank_holder = "h", vbank_code = "04",
      buyer_email = "a@b.kr" }, "html5_inicis", { pg_api_key = "key" })
    s.refused(world, "v1.vbanks.revoke", on(inicis), 400)
    s.ok(world, "v1.vbanks.revoke", { path = { imp_uid = inicis.imp_uid },
      query = { pg_api_key = "key" } })
    s.issue(world, "u")
    s.refused(world, "v1.vbanks.revoke", on((s.again(world, "u", "o2", 100))), 400)
    assert.equals(100, s.moved(world))
  end)
end)

describe("a convenience-store barcode", function()
  local function cvs(world, extra)
    local body = { channel_key = "channel-key-galaxia", merchant_uid = "o1", amount = 3000 }
    for key, value in pairs(extra or {}) do body[key] = value end
    return s.call(world, "v1.cvs.issue", { body = body })
  end

  it("waits, is paid, is revoked while it waits", function()
    local world = s.world()
    local p = cvs(world, { barcode = "8801234567890" })
    assert.equals("ready", p.status)
    assert.equals("cvs", p.pay_method)
    assert.equals("8801234567890", p.vbank_num)
    assert.equals("paid", assert(books.actions.deposit(world, { imp_uid = p.imp_uid })).status)
    s.refused(world, "v1.cvs.revoke", on(p), 200)
    local other = cvs(world, { merchant_uid = "o2", expired_at = T + 10 })
    assert.equals(T + 10, other.vbank_date)
    assert.equals("failed", s.ok(world, "v1.cvs.revoke", on(other)).status)
    s.refused(world, "v1.cvs.revoke", on { imp_uid = "imp_x" }, 200)
    local _, code = cvs(world, { merchant_uid = "o3", expired_at = T })
    assert.is_true(code ~= 0)
    _, code = cvs(world, { merchant_uid = "o1" })
    assert.is_true(code ~= 0)
    assert.equals(3000, s.moved(world))
    local _, _, message = cvs(world, { merchant_uid = "o4", channel_key = "channel-key-kcp" })
    assert.truthy(message:find("kcp", 1, true))
  end)

  it("is no virtual account, nor the other way round", function()
    local world = s.world { v1_strict_pgs = false }
    local barcode, account = cvs(world), issued(world, { merchant_uid = "o2" })
    s.refused(world, "v1.vbanks.revoke", on(barcode), 400)
    s.refused(world, "v1.cvs.revoke", on(account), 200)
    s.ok(world, "v1.vbanks.revoke", on(account))
    s.ok(world, "v1.cvs.revoke", on(barcode))
  end)
end)
