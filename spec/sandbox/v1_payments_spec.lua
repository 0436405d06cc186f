local books = require "portone.sandbox.v1"
local s = require "spec.sandbox.v1_support"

local DAY = 86400
local T = s.START

local function world_with_key(settings)
  local world = s.world(settings)
  s.issue(world, "u")
  s.issue(world, "bad", "declined")
  return world
end

local function pay(world, merchant_uid, amount, uid)
  return (s.again(world, uid or "u", merchant_uid, amount or 1000))
end

local function get(imp_uid, query)
  return { path = { imp_uid = imp_uid }, query = query }
end

describe("a payment by imp_uid", function()
  it("is found, or 404", function()
    local world = world_with_key()
    local p = pay(world, "o1")
    assert.same(p, s.ok(world, "v1.payments.get", get(p.imp_uid)))
    s.refused(world, "v1.payments.get", get("imp_000000000000"), 404)
  end)

  it("of a test channel shows only with include_sandbox", function()
    local world = world_with_key { v1_test_channel = true }
    local p = pay(world, "o1")
    s.refused(world, "v1.payments.get", get(p.imp_uid), 404)
    s.refused(world, "v1.payments.get", get(p.imp_uid, { include_sandbox = "false" }), 404)
    for _, yes in ipairs { true, "true" } do
      assert.is_true(s.ok(world, "v1.payments.get",
        get(p.imp_uid, { include_sandbox = yes })).sandbox)
    end
    assert.equals(p.imp_uid, s.ok(world, "v1.payments.find",
      { path = { merchant_uid = "o1" } }).imp_uid)
  end)

  it("are looked up together: 200 for all, 207 for some, 404 for none", function()
    local world = world_with_key()
    local a, b = pay(world, "o1"), pay(world, "o2")
    local function list(imp_uid, merchant_uid)
      return s.call(world, "v1.payments.list",
        { query = { imp_uid = imp_uid, merchant_uid = merchant_uid } })
    end
    local response, code, _, status = list({ a.imp_uid }, { "o2" })
    assert.equals(200, status)
    assert.equals(0, code)
    assert.same({ a, b }, response)
    response, code, _, status = list({ a.imp_uid, "imp_x" }, { "o2", "o3" })
    assert.equals(207, status)
    assert.equals(0, code)
    assert.equals(2, #response)
    s.refused(world, "v1.payments.list", { query = { ["imp_uid[]"] = "imp_x" } }, 404)
    s.refused(world, "v1.payments.list", {}, 404)
    local many = {}
    for i = 1, 100 do many[i] = a.imp_uid end
    response, _, _, status = list(many)
    assert.equals(200, status)
    assert.equals(100, #response)
    many[101] = a.imp_uid
    s.refused(world, "v1.payments.list", { query = { imp_uid = many } })
  end)
end)

describe("payments by merchant_uid", function()
  -- Two failures, then a success, a second apart.
  local function tried()
    local world = world_with_key()
    local list = {}
    for i, uid in ipairs { "bad", "bad", "u" } do
      list[i] = pay(world, "o1", 1000, uid).imp_uid
      world:advance(1)
    end
    return world, list
  end
  local function find(world, status, sorting)
    return s.ok(world, "v1.payments.find", { path = { merchant_uid = "o1",
      payment_status = status }, query = { sorting = sorting } }).imp_uid
  end

  it("are found newest first, with and without a status", function()
    local world, uid = tried()
    assert.equals(uid[3], find(world))
    assert.equals(uid[3], find(world, ""))
    assert.equals(uid[3], find(world, "paid"))
    assert.equals(uid[2], find(world, "failed"))
    s.refused(world, "v1.payments.find",
      { path = { merchant_uid = "o1", payment_status = "ready" } }, 404)
    s.refused(world, "v1.payments.find", { path = { merchant_uid = "o9" } }, 404)
  end)

  it("are sorted six ways", function()
    local world, uid = tried()
    assert.equals(uid[1], find(world, nil, "started"))
    assert.equals(uid[3], find(world, nil, "-started"))
    assert.equals(uid[3], find(world, nil, "-paid"))
    assert.equals(uid[1], find(world, nil, "paid"))
    assert.equals(uid[1], find(world, nil, "updated"))
    s.ok(world, "v1.payments.cancel", { body = { merchant_uid = "o1", amount = 1 } })
    assert.equals(uid[3], find(world, nil, "-updated"))
  end)

  it("are sorted by the time that is asked for, not by when they began", function()
    local world = world_with_key()
    local window = books.actions
    local a = assert(window.open_window(world, { merchant_uid = "a", amount = 1, name = "n" }))
    world:advance(1)
    local b = assert(window.open_window(world, { merchant_uid = "b", amount = 1, name = "n" }))
    world:advance(1)
    assert(window.close_window(world, { imp_uid = b.imp_uid }))
    world:advance(1)
    assert(window.close_window(world, { imp_uid = a.imp_uid }))
    local function first(sorting)
      return s.ok(world, "v1.payments.by_status", { path = { payment_status = "paid" },
        query = { sorting = sorting } }).list[1].merchant_uid
    end
    assert.equals("a", first "started")
    assert.equals("b", first "-started")
    assert.equals("b", first "paid")
    assert.equals("a", first "-paid")
    assert.equals("b", first "updated")
    assert.equals("a", first "-updated")
  end)

  it("of the same second are sorted as they began", function()
    local world = world_with_key()
    local last
    for _ = 1, 9 do last = pay(world, "o1", 1000, "bad").imp_uid end
    assert.equals(last, find(world))
    local page = s.ok(world, "v1.payments.find_all", { path = { merchant_uid = "o1" },
      query = { sorting = "started" } })
    for i, p in ipairs(page.list) do
      assert.equals(world.v1.payment_order[i].imp_uid, p.imp_uid)
    end
  end)

  it("are all found, by pages", function()
    local world, uid = tried()
    local function all(query, status)
      return s.ok(world, "v1.payments.find_all",
        { path = { merchant_uid = "o1", payment_status = status }, query = query })
    end
    local page = all()
    assert.equals(3, page.total)
    assert.equals(uid[3], page.list[1].imp_uid)
    assert.equals(uid[1], page.list[3].imp_uid)
    assert.equals(2, all(nil, "failed").total)
    page = all { page = 2, limit = 2 }
    assert.equals(1, #page.list)
    assert.equals(1, page.previous)
    assert.equals(0, page.next)
    local path = { merchant_uid = "o1" }
    s.refused(world, "v1.payments.find_all", { path = path, query = { page = 3, limit = 2 } }, 400)
    s.refused(world, "v1.payments.find_all", { path = { merchant_uid = "o9" } }, 404)
    s.refused(world, "v1.payments.find_all",
      { path = { merchant_uid = "o1", payment_status = "lost" } }, 400)
  end)
end)

describe("payments by status", function()
  local function by(world, status, query)
    return s.ok(world, "v1.payments.by_status",
      { path = { payment_status = status }, query = query })
  end

  it("are counted and listed", function()
    local world = world_with_key()
    pay(world, "o1")
    pay(world, "o2", 1000, "bad")
    pay(world, "o3")
    s.ok(world, "v1.payments.cancel", { body = { merchant_uid = "o3" } })
    assert.equals(3, by(world, "all").total)
    assert.equals("o1", by(world, "paid").list[1].merchant_uid)
    assert.equals("o2", by(world, "failed").list[1].merchant_uid)
    assert.equals("o3", by(world, "cancelled").list[1].merchant_uid)
    local none = by(world, "ready")
    assert.equals(0, none.total)
    assert.same({}, none.list)
    s.refused(world, "v1.payments.by_status", { path = { payment_status = "lost" } }, 400)
  end)

  it("include both ends of the window, by the time of the present status", function()
    local world = world_with_key()
    pay(world, "o1")
    world:advance(100)
    pay(world, "o2")
    assert.equals(2, by(world, "paid", { from = T, to = T + 100 }).total)
    assert.equals(1, by(world, "paid", { from = T + 1, to = T + 100 }).total)
    assert.equals(1, by(world, "paid", { from = T, to = T + 99 }).total)
    world:advance(900)
    s.ok(world, "v1.payments.cancel", { body = { merchant_uid = "o1" } })
    assert.equals(0, by(world, "cancelled", { from = T, to = T + 999 }).total)
    assert.equals(1, by(world, "cancelled", { from = T + 1000, to = T + 1000 }).total)
    assert.equals(1, by(world, "all", { from = T + 1000, to = T + 1000 }).total)
  end)

  it("are those of the last 90 days unless said otherwise, and of 90 days at most", function()
    local world = world_with_key()
    pay(world, "o1")
    world:advance(90 * DAY)
    assert.equals(1, by(world, "paid").total)
    world:advance(1)
    assert.equals(0, by(world, "paid").total)
    assert.equals(1, by(world, "paid", { to = T + 10 }).total)
    assert.equals(1, by(world, "paid", { from = T, to = T + 90 * DAY }).total)
    for _, query in ipairs { { from = T, to = T + 90 * DAY + 1 }, { from = T + 2, to = T + 1 } } do
      s.refused(world, "v1.payments.by_status",
        { path = { payment_status = "paid" }, query = query }, 400)
    end
  end)

  it("come by pages, and 400 beyond the last", function()
    local world = world_with_key()
    for i = 1, 21 do pay(world, "o" .. i) end
    local one = by(world, "paid")
    assert.equals(20, #one.list)
    assert.equals(2, one.next)
    assert.equals(0, one.previous)
    local last = by(world, "paid", { page = 3, limit = 10 })
    assert.equals(1, #last.list)
    assert.equals(2, last.previous)
    assert.equals(0, last.next)
    assert.equals("o1", by(world, "paid", { sorting = "started" }).list[1].merchant_uid)
    s.refused(world, "v1.payments.by_status",
      { path = { payment_status = "paid" }, query = { page = 4, limit = 10 } }, 400)
  end)
end)

describe("prepared amounts", function()
  local function prepare(amount, currency)
    return { body = { merchant_uid = "o1", amount = amount, currency = currency } }
  end
  local path = { path = { merchant_uid = "o1" } }

  it("are registered once, changed, and shown", function()
    local world = s.world()
    assert.same({ merchant_uid = "o1", amount = 3000, currency = s.null },
      s.ok(world, "v1.payments.prepare", prepare(3000)))
    s.refused(world, "v1.payments.prepare", prepare(3000))
    assert.equals(4000, s.ok(world, "v1.payments.prepare_update", prepare(4000, "KRW")).amount)
    assert.same({ merchant_uid = "o1", amount = 4000, currency = "KRW" },
      s.ok(world, "v1.payments.prepare_get", path))
    s.refused(world, "v1.payments.prepare", { body = { merchant_uid = "o2", amount = -1 } })
  end)

  it("that do not exist cannot be changed or shown", function()
    local world = s.world()
    s.refused(world, "v1.payments.prepare_update", prepare(1), 404)
    s.refused(world, "v1.payments.prepare_get", path, 200)
  end)

  it("bind the charge of that merchant_uid", function()
    local world = world_with_key()
    s.ok(world, "v1.payments.prepare", prepare(3000, "KRW"))
    local _, code = s.again(world, "u", "o1", 2999)
    assert.is_true(code ~= 0)
    _, code = s.again(world, "u", "o1", 3000, { currency = "USD" })
    assert.is_true(code ~= 0)
    assert.equals(0, s.moved(world))
    local p = s.again(world, "u", "o1", 3000)
    assert.equals("paid", p.status)
    s.refused(world, "v1.payments.prepare_update", prepare(1))
  end)

  it("without a currency bind the amount only", function()
    local world = world_with_key()
    s.ok(world, "v1.payments.prepare", prepare(3000))
    assert.equals("paid", (s.again(world, "u", "o1", 3000, { currency = "USD" })).status)
  end)

  it("cannot be registered for what is paid", function()
    local world = world_with_key()
    pay(world, "o1")
    s.refused(world, "v1.payments.prepare", prepare(1000))
  end)
end)

describe("the balance of a payment", function()
  it("is told of Payco payments", function()
    local world = s.world()
    s.issue(world, "u")
    world.v1.customers.u.keys[1].channel = world:channel "channel-key-payco"
    local p = s.again(world, "u", "o1", 11000)
    s.ok(world, "v1.payments.cancel", { body = { imp_uid = p.imp_uid, amount = 5500 } })
    local balance = s.ok(world, "v1.payments.balance", get(p.imp_uid))
    assert.equals(11000, balance.amount)
    assert.same({ tax_free = 0, supply = 5000, vat = 500, service = 0 }, balance.primary)
    assert.same({ tax_free = 0, supply = 10000, vat = 1000, service = 0 },
      balance.histories[1].primary)
    s.refused(world, "v1.payments.balance", get("imp_x"), 404)
    world.v1.customers.u.keys[1].card.charge = { pg_code = "X", pg_message = "x", reached = true }
    assert.equals(0, #s.ok(world, "v1.payments.balance",
      get((s.again(world, "u", "o2", 100)).imp_uid)).histories)
    local other = world_with_key()
    s.refused(other, "v1.payments.balance", get(pay(other, "o1").imp_uid), 404)
  end)
end)
