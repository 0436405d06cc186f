local s = require "spec.sandbox.v1_support"

local DAY = 86400
local T = s.START

local function item(merchant_uid, at, amount, extra)
  local out = { merchant_uid = merchant_uid, schedule_at = at, amount = amount or 1000,
    currency = "KRW", name = "pass" }
  for key, value in pairs(extra or {}) do out[key] = value end
  return out
end

local function world_with_key(card, settings)
  local world = s.world(settings)
  s.issue(world, "u", card, { customer_name = "홍길동", customer_tel = "010-1234-5678" })
  return world
end

local function get(world, merchant_uid)
  return s.ok(world, "v1.subscribe.schedule_get", { path = { merchant_uid = merchant_uid } })
end

local function on(merchant_uid, at)
  return { path = { merchant_uid = merchant_uid }, body = { schedule_at = at } }
end

local function made(world, items, extra)
  local list, code, message = s.schedule(world, "u", items, extra)
  assert.equals(0, code, tostring(message))
  return list
end

local function not_made(world, items, extra)
  local before = #world.v1.schedule_order
  local response, code, message, status = s.schedule(world, "u", items, extra)
  assert.is_true(code ~= 0)
  assert.equals(200, status)
  assert.equals(s.null, response)
  assert.equals(before, #world.v1.schedule_order)
  return message
end

describe("a scheduled payment", function()
  it("waits for its time with every documented field", function()
    local world = world_with_key()
    local one = made(world, { item("o1", T + DAY, 3000, { custom_data = "x" }) })[1]
    for _, field in ipairs { "customer_uid", "merchant_uid", "imp_uid", "pg_provider", "pg_id",
      "customer_id", "schedule_at", "executed_at", "revoked_at", "amount", "currency", "name",
      "buyer_name", "buyer_email", "buyer_tel", "buyer_addr", "buyer_postcode", "custom_data",
      "schedule_status", "payment_status", "fail_reason", "promotion_id" } do
      assert.not_nil(one[field], field)
    end
    assert.equals("scheduled", one.schedule_status)
    assert.equals(s.null, one.payment_status)
    assert.equals(s.null, one.imp_uid)
    assert.equals(0, one.executed_at)
    assert.equals("홍길동", one.buyer_name)
    assert.equals("tosspayments", one.pg_provider)
    assert.same(one, get(world, "o1"))
    world:advance(DAY - 1)
    assert.equals("scheduled", get(world, "o1").schedule_status)
    assert.equals(0, s.moved(world))
  end)

  it("is charged at its time, and tells by webhook", function()
    local world = world_with_key()
    made(world, { item("o1", T + DAY, 3000, { notice_url = "http://n.invalid/" }) })
    world:advance(2 * DAY)
    local one = get(world, "o1")
    assert.equals("executed", one.schedule_status)
    assert.equals("paid", one.payment_status)
    assert.equals(T + DAY, one.executed_at)
    local p = s.ok(world, "v1.payments.get", { path = { imp_uid = one.imp_uid } })
    assert.equals("paid", p.status)
    assert.equals(T + DAY, p.paid_at)
    assert.equals(3000, p.amount)
    assert.equals("payment.scheduled", p.customer_uid_usage)
    assert.equals("010-1234-5678", p.buyer_tel)
    assert.same({ { urls = { "http://n.invalid/" },
      body = { imp_uid = p.imp_uid, merchant_uid = "o1", status = "paid" } } }, world.sent)
    assert.equals(3000, s.moved(world))
  end)

  it("that is declined tells by webhook too", function()
    local world = world_with_key "insufficient_funds"
    made(world, { item("o1", T + DAY) })
    world:advance(DAY)
    local one = get(world, "o1")
    assert.equals("executed", one.schedule_status)
    assert.equals("failed", one.payment_status)
    assert.truthy(one.fail_reason:find("REJECT_CARD_PAYMENT", 1, true))
    assert.same({ { body = { imp_uid = one.imp_uid, merchant_uid = "o1", status = "failed" } } },
      world.sent)
    assert.equals(0, s.moved(world))
  end)

  it("shows as cancelled after its payment is", function()
    local world = world_with_key()
    made(world, { item("o1", T + DAY) })
    world:advance(DAY)
    s.ok(world, "v1.payments.cancel", { body = { merchant_uid = "o1" } })
    assert.equals("cancelled", get(world, "o1").payment_status)
    assert.equals("executed", get(world, "o1").schedule_status)
  end)

  it("keeps the buyer it was given over the customer's", function()
    local world = world_with_key()
    local one = made(world, { item("o1", T + 1, 100, { buyer_name = "김포트" }) })[1]
    assert.equals("김포트", one.buyer_name)
  end)

  it("fails when its key was deleted, and can be tried again after a new one", function()
    local world = world_with_key()
    made(world, { item("o1", T + DAY) })
    s.ok(world, "v1.customers.delete", { path = { customer_uid = "u" } })
    world:advance(DAY)
    assert.equals("failed", get(world, "o1").payment_status)
    s.refused(world, "v1.subscribe.retry", on "o1", 404)
    s.issue(world, "u")
    assert.equals("paid", s.ok(world, "v1.subscribe.retry", on "o1").status)
  end)

  it("fails when it disagrees with the prepared amount", function()
    local world = world_with_key()
    made(world, { item("o1", T + DAY, 1000) })
    s.ok(world, "v1.payments.prepare", { body = { merchant_uid = "o1", amount = 2000 } })
    world:advance(DAY)
    assert.equals("failed", get(world, "o1").payment_status)
    assert.equals(0, s.moved(world))
  end)
end)

describe("making schedules", function()
  it("makes all of a request or none", function()
    local world = world_with_key()
    not_made(world, { item("o1", T + 1), item("o2", T) })
    not_made(world, { item("o1", T + 1), item("o1", T + 2) })
    not_made(world, { item("o1", T + 1), item("o2", T + 1, 0) })
    not_made(world, {})
    world:advance(10)
    assert.equals(0, #world.v1.payment_order)
    assert.equals(2, #made(world, { item("o1", T + 20), item("o2", T + 20) }))
  end)

  it("takes the future only", function()
    local world = world_with_key()
    for _, at in ipairs { T, T - 1, T + 1.5, "soon" } do not_made(world, { item("o", at) }) end
    made(world, { item("o", T + 1) })
  end)

  it("takes a merchant_uid that is neither paid nor scheduled", function()
    local world = world_with_key()
    made(world, { item("o1", T + DAY) })
    not_made(world, { item("o1", T + 2 * DAY) })
    s.again(world, "u", "o2", 100)
    not_made(world, { item("o2", T + DAY) })
    world:advance(DAY)
    not_made(world, { item("o1", T + 3 * DAY) })
  end)

  it("takes the merchant_uid of a revoked schedule when set so", function()
    for _, reuse in ipairs { false, true } do
      local world = world_with_key(nil, { v1_reuse_schedule_merchant_uid = reuse })
      made(world, { item("o1", T + DAY), item("o2", T + 9 * DAY) })
      s.ok(world, "v1.subscribe.unschedule", { body = { merchant_uid = "o1" } })
      local _, code = s.schedule(world, "u", { item("o1", T + DAY) })
      assert.equals(reuse, code == 0)
      world:advance(DAY)
      assert.equals(reuse and 1 or 0, #world.v1.payment_order)
      local list = s.ok(world, "v1.subscribe.schedules",
        { query = { schedule_from = T, schedule_to = T + 10 * DAY } })
      assert.equals("o2", list[1].merchant_uid)
      assert.equals(reuse and "executed" or "revoked", list[2].schedule_status)
      assert.equals(2, #list)
    end
  end)

  it("issues the key first when there is none", function()
    local world = s.world()
    assert.truthy(not_made(world, { item("o1", T + DAY) }):find("카드 정보", 1, true))
    assert.truthy(not_made(world, { item("o1", T + DAY) }, s.card "wrong_password")
      :find("INVALID_CARD_PASSWORD", 1, true))
    not_made(world, { item("o1", T + DAY) }, s.card("success", { card_number = "x" }))
    assert.is_nil(world.v1.customers.u)
    made(world, { item("o1", T + DAY) }, s.card("success", { customer_id = "c-1" }))
    assert.equals("c-1", s.ok(world, "v1.customers.get",
      { path = { customer_uid = "u" } }).customer_id)
    world:advance(DAY)
    assert.equals("paid", get(world, "o1").payment_status)
  end)

  it("issues no key on a PG that does so in a window only", function()
    local world = s.world()
    local message = not_made(world, { item("o1", T + DAY) },
      s.card("success", { channel_key = "channel-key-tosspay_v2" }))
    assert.truthy(message:find("tosspay_v2", 1, true))
    message = not_made(world, { item("o1", T + DAY) },
      s.card("success", { channel_key = "channel-key-none" }))
    assert.truthy(message:find("channel-key-none", 1, true))
  end)

  it("needs a key whose PG runs schedules", function()
    local world = world_with_key()
    world.v1.customers.u.keys[1].channel = world:channel "channel-key-galaxia"
    not_made(world, { item("o1", T + DAY) })
  end)

  it("leaves no key behind when a schedule is refused", function()
    local world = s.world()
    not_made(world, { item("o1", T - 1) }, s.card "success")
    assert.is_nil(world.v1.customers.u)
  end)

  it("tries the card with a small charge that is given back", function()
    local world = s.world()
    made(world, { item("o1", T + DAY) }, s.card("success", { checking_amount = 100 }))
    assert.equals(2, #world.journal)
    assert.equals("charge", world.journal[1].kind)
    assert.equals("cancel", world.journal[2].kind)
    assert.equals(100, world.journal[2].amount)
    assert.equals(0, s.moved(world))
    assert.equals("cancelled", world.v1.payment_order[1].status)
    local bad = s.world()
    not_made(bad, { item("o1", T + DAY) }, s.card("declined", { checking_amount = 100 }))
    assert.is_nil(bad.v1.customers.u)
    not_made(bad, { item("o1", T + DAY) }, s.card("success", { checking_amount = 0.5 }))
    assert.is_nil(bad.v1.customers.u)
    made(bad, { item("o1", T + DAY) }, s.card("declined", { checking_amount = 0 }))
  end)
end)

describe("revoking schedules", function()
  local function three()
    local world = world_with_key()
    s.issue(world, "v")
    made(world, { item("o1", T + DAY), item("o2", T + 2 * DAY) })
    s.schedule(world, "v", { item("o3", T + DAY) })
    return world
  end
  local function unschedule(world, body)
    local list = s.ok(world, "v1.subscribe.unschedule", { body = body })
    local uids = {}
    for i, one in ipairs(list) do
      uids[i] = one.merchant_uid
      assert.equals("revoked", one.schedule_status)
      assert.equals(world:now(), one.revoked_at)
    end
    return uids
  end

  it("takes a customer's, some by merchant_uid, or some of a customer's", function()
    assert.same({ "o1", "o2" }, unschedule(three(), { customer_uid = "u" }))
    assert.same({ "o2" }, unschedule(three(), { merchant_uid = "o2" }))
    assert.same({ "o1", "o3" }, unschedule(three(), { merchant_uid = { "o1", "o3" } }))
    assert.same({ "o1" },
      unschedule(three(), { customer_uid = "u", merchant_uid = { "o1", "o3" } }))
  end)

  it("keeps them from running", function()
    local world = three()
    unschedule(world, { customer_uid = "u" })
    world:advance(3 * DAY)
    assert.equals(s.null, get(world, "o1").payment_status)
    assert.equals(1, #world.v1.payment_order)
  end)

  it("is refused when there is nothing to revoke, or nothing is said", function()
    local world = three()
    s.refused(world, "v1.subscribe.unschedule", { body = {} })
    s.refused(world, "v1.subscribe.unschedule", { body = { merchant_uid = "o9" } })
    world:advance(3 * DAY)
    s.refused(world, "v1.subscribe.unschedule", { body = { customer_uid = "u" } })
  end)
end)

describe("moving a schedule", function()
  it("moves a pending one", function()
    local world = world_with_key()
    made(world, { item("o1", T + DAY) })
    assert.equals(T + 3 * DAY,
      s.ok(world, "v1.subscribe.schedule_update", on("o1", T + 3 * DAY)).schedule_at)
    world:advance(2 * DAY)
    assert.equals("scheduled", get(world, "o1").schedule_status)
    world:advance(DAY)
    assert.equals("paid", get(world, "o1").payment_status)
    assert.equals(1, #world.v1.payment_order)
  end)

  it("and reviving one are not for PGs that the specification leaves out", function()
    local world = s.world { v1_strict_pgs = false }
    s.issue(world, "u", "declined", { channel_key = "channel-key-tosspay_v2" })
    made(world, { item("o1", T + DAY) })
    world.config.settings.v1_strict_pgs = nil
    s.refused(world, "v1.subscribe.schedule_update", on("o1", T + 2 * DAY), 500)
    world:advance(DAY)
    s.refused(world, "v1.subscribe.retry", on "o1", 500)
    s.refused(world, "v1.subscribe.reschedule", on("o1", T + 2 * DAY), 500)
  end)

  it("is refused for the past, for one that has run or was revoked, and for none", function()
    local world = world_with_key()
    made(world, { item("o1", T + DAY), item("o2", T + DAY) })
    s.refused(world, "v1.subscribe.schedule_update", on("o1", T), 400)
    s.refused(world, "v1.subscribe.schedule_update", on("o1", nil), 400)
    s.refused(world, "v1.subscribe.schedule_update", on("o9", T + DAY), 404)
    s.ok(world, "v1.subscribe.unschedule", { body = { merchant_uid = "o2" } })
    world:advance(DAY)
    for _, uid in ipairs { "o1", "o2" } do
      s.refused(world, "v1.subscribe.schedule_update", on(uid, T + 9 * DAY), 400)
    end
  end)
end)

describe("reviving a schedule", function()
  it("runs a failed one again at another time", function()
    local world = world_with_key "declined"
    made(world, { item("o1", T + DAY) })
    world:advance(DAY)
    local first = get(world, "o1").imp_uid
    s.issue(world, "u", "success")
    local again = s.ok(world, "v1.subscribe.reschedule", on("o1", T + 3 * DAY))
    assert.equals("scheduled", again.schedule_status)
    assert.equals(s.null, again.payment_status)
    assert.equals(s.null, again.imp_uid)
    assert.equals(0, again.executed_at)
    world:advance(2 * DAY)
    local done = get(world, "o1")
    assert.equals("paid", done.payment_status)
    assert.not_equals(first, done.imp_uid)
  end)

  it("runs a revoked one again", function()
    local world = world_with_key()
    made(world, { item("o1", T + DAY), item("o2", T + DAY) })
    s.ok(world, "v1.subscribe.unschedule", { body = { customer_uid = "u" } })
    assert.equals(0, s.ok(world, "v1.subscribe.reschedule", on("o1", T + 2 * DAY)).revoked_at)
    assert.equals("paid", s.ok(world, "v1.subscribe.retry", on "o2").status)
    assert.equals("executed", get(world, "o2").schedule_status)
    world:advance(2 * DAY)
    assert.equals("paid", get(world, "o1").payment_status)
  end)

  it("at once answers with the payment, and its status is what counts", function()
    local world = world_with_key "declined"
    made(world, { item("o1", T + DAY) })
    world:advance(DAY)
    local sent = #world.sent
    local p = s.ok(world, "v1.subscribe.retry", on "o1")
    assert.equals("failed", p.status)
    assert.equals(sent, #world.sent)
    assert.equals(p.imp_uid, get(world, "o1").imp_uid)
    s.issue(world, "u", "success")
    assert.equals("paid", s.ok(world, "v1.subscribe.retry", on "o1").status)
    assert.equals(sent + 1, #world.sent)
  end)

  it("is refused while pending, after success, when paid otherwise, for the past", function()
    local world = world_with_key()
    made(world, { item("o1", T + DAY), item("o2", T + DAY) })
    for _, op in ipairs { "v1.subscribe.retry", "v1.subscribe.reschedule" } do
      s.refused(world, op, on("o1", T + 9 * DAY), 400)
      s.refused(world, op, on("o9", T + 9 * DAY), 404)
    end
    s.ok(world, "v1.subscribe.unschedule", { body = { merchant_uid = "o2" } })
    s.refused(world, "v1.subscribe.reschedule", on("o2", T), 400)
    world:advance(DAY)
    s.again(world, "u", "o2", 1000)
    for _, op in ipairs { "v1.subscribe.retry", "v1.subscribe.reschedule" } do
      s.refused(world, op, on("o1", T + 9 * DAY), 400)
      s.refused(world, op, on("o2", T + 9 * DAY), 400)
    end
    assert.equals(2000, s.moved(world))
  end)
end)

describe("listing schedules", function()
  local function world_of(n)
    local world = world_with_key()
    local items = {}
    for i = 1, n do items[i] = item("o" .. i, T + i * DAY) end
    made(world, items)
    return world
  end
  local function range(world, from, to, query)
    local args = { schedule_from = from, schedule_to = to }
    for key, value in pairs(query or {}) do args[key] = value end
    return s.ok(world, "v1.subscribe.schedules", { query = args })
  end
  local function uids(list)
    local out = {}
    for i, one in ipairs(list) do out[i] = one.merchant_uid end
    return table.concat(out, " ")
  end

  it("takes the start of the window and leaves its end", function()
    local world = world_of(4)
    assert.equals("o3 o2", uids(range(world, T + 2 * DAY, T + 4 * DAY)))
    assert.equals("", uids(range(world, T + 2 * DAY, T + 2 * DAY)))
  end)

  it("is newest first, or oldest first when asked", function()
    local world = world_of(3)
    assert.equals("o3 o2 o1", uids(range(world, T, T + 9 * DAY)))
    assert.equals("o1 o2 o3", uids(range(world, T, T + 9 * DAY, { sorting = "scheduled" })))
    local late = world_with_key()
    made(late, { item("b", T + 2 * DAY), item("a", T + DAY), item("c", T + 2 * DAY),
      item("d", T + 2 * DAY) })
    assert.equals("d c b a", uids(range(late, T, T + 9 * DAY)))
    assert.equals("a b c d", uids(range(late, T, T + 9 * DAY, { sorting = "scheduled" })))
  end)

  it("comes by pages, empty after the last one", function()
    local world = world_of(5)
    assert.equals("o3 o2", uids(range(world, T, T + 9 * DAY, { page = 2, limit = 2 })))
    assert.equals("", uids(range(world, T, T + 9 * DAY, { page = 4, limit = 2 })))
    assert.equals(20, #range(world_of(25), T, T + 30 * DAY))
  end)

  it("filters by status, under either spelling", function()
    local world = world_of(3)
    s.ok(world, "v1.subscribe.unschedule", { body = { merchant_uid = "o3" } })
    world:advance(DAY)
    assert.equals("o1", uids(range(world, T, T + 9 * DAY, { schedule_status = "executed" })))
    assert.equals("o2", uids(range(world, T, T + 9 * DAY, { schedule_status = "scheduled" })))
    for _, op in ipairs { "v1.customers.schedules", "v1.subscribe.schedules_by_customer" } do
      local list = s.ok(world, op, { path = { customer_uid = "u" },
        query = { from = T, to = T + 9 * DAY, ["schedule-status"] = "revoked" } })
      assert.equals("o3", uids(list))
    end
  end)

  it("is of one customer by both paths", function()
    local world = world_of(2)
    s.issue(world, "v")
    s.schedule(world, "v", { item("other", T + DAY) })
    for _, op in ipairs { "v1.customers.schedules", "v1.subscribe.schedules_by_customer" } do
      local query = { from = tostring(T), to = tostring(T + 9 * DAY) }
      local function of(uid)
        return uids(s.ok(world, op, { path = { customer_uid = uid }, query = query }))
      end
      assert.equals("o2 o1", of "u")
      assert.equals("", of "x")
      s.refused(world, op, { path = { customer_uid = "u" }, query = { from = T } }, 400)
      s.refused(world, op, { path = { customer_uid = "u" },
        query = { from = T, to = T + 93 * DAY } }, 400)
    end
  end)

  it("covers three calendar months at most", function()
    local world = world_of(1)
    range(world, T, T + 90 * DAY) -- January to March 2026
    local long = { schedule_from = T, schedule_to = T + 90 * DAY + 1 }
    s.refused(world, "v1.subscribe.schedules", { query = long }, 400)
    local backwards = { schedule_from = T + 1, schedule_to = T }
    s.refused(world, "v1.subscribe.schedules", { query = backwards }, 400)
    s.refused(world, "v1.subscribe.schedules", { query = {} }, 400)
    s.refused(world, "v1.subscribe.schedule_get", { path = { merchant_uid = "o9" } }, 404)
  end)
end)
