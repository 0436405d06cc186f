-- SPDX-License-Identifier: MIT
local t = require "spec.sandbox.v2_support"

local GET = "v2.payment.payment_schedule.get_payment_schedule"
local LIST = "v2.payment.payment_schedule.get_payment_schedules"
local REVOKE = "v2.payment.payment_schedule.revoke_payment_schedules"

describe("V2 schedules", function()
  local world, key
  before_each(function()
    world = t.world()
    key = t.issue(world, nil, { skipWebhook = true })
  end)

  local function get(id) return t.ok(world, GET, { path = { paymentScheduleId = id } }) end
  local function body(time, extra)
    return { payment = t.order(key, 1000, extra), timeToPay = time }
  end

  it("wait, pay at their time and tell so", function()
    local id = t.schedule(world, "p", key, 9900, 30 * t.DAY, { amount = { total = 9900,
      taxFree = 900 }, customData = "month 2", customer = { id = "u" }, installmentMonth = 2,
      products = { { id = "1", name = "pass", amount = 9900, quantity = 1 } } })
    local s = get(id)
    assert.equals("SCHEDULED", s.status)
    assert.same({ 9900, 900, 818 }, { s.totalAmount, s.taxFreeAmount, s.vatAmount })
    assert.equals("month 2", s.customData)
    t.refused(world, "PAYMENT_NOT_FOUND", "v2.payment.get_payment", { path = { paymentId = "p" } })
    assert.equals(0, t.advance(world, 30 * t.DAY - 1))
    assert.same({}, t.moved(world))
    t.advance(world, 1)
    s = get(id)
    assert.equals("SUCCEEDED", s.status)
    assert.equals("2026-01-31T00:00:00Z", s.startedAt)
    assert.equals(s.startedAt, s.completedAt)
    local payment = t.payment(world, "p")
    assert.equals("PAID", payment.status)
    assert.equals(id, payment.scheduleId)
    assert.equals("2026-01-31T00:00:00Z", payment.paidAt)
    assert.same({ "Transaction.Paid" }, t.sent(world))
    assert.equals("2026-01-31T00:00:00Z", world.sent[1].body.timestamp)
    assert.same({ KRW = 9900 }, t.moved(world))
  end)

  it("show an empty customData, which the API requires, when there is none", function()
    assert.equals("", get(t.schedule(world, "p", key, 1, 60)).customData)
  end)

  it("fail when the card is declined", function()
    local bad = t.issue(world, "declined", { skipWebhook = true })
    local id = t.schedule(world, "p", bad, 1000, 60)
    t.advance(world, 60)
    assert.equals("FAILED", get(id).status)
    assert.equals("FAILED", t.payment(world, "p").status)
    assert.equals(id, t.payment(world, "p").scheduleId)
    assert.same({ "Transaction.Failed" }, t.sent(world))
    t.schedule(world, "p", key, 1000, 60)
    t.advance(world, 60)
    assert.equals("PAID", t.payment(world, "p").status)
  end)

  it("fail with a card that has expired since", function()
    local credential = t.with(t.cards.success.credential, { expiryYear = "26", expiryMonth = "02" })
    local old = t.issue(world, nil, { method = { card = { credential = credential } } })
    t.schedule(world, "p", old, 1000, 30 * t.DAY)
    t.schedule(world, "q", old, 1000, 62 * t.DAY)
    t.advance(world, 62 * t.DAY)
    assert.equals("PAID", t.payment(world, "p").status)
    assert.equals("FAILED", t.payment(world, "q").status)
  end)

  describe("are refused", function()
    it("unless their time is RFC 3339 with an offset, and to come", function()
      for _, time in ipairs { "2026-02-01 00:00:00", "2026-02-01T00:00:00", "2026-02-01",
        "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-02-01T24:00:00Z", "soon",
        "2026-02-01T00:00:00+0900", "2026-01-01T00:00:00Z", "2026-01-01T09:00:00+09:00",
        "2025-12-31T23:59:59Z" } do
        t.schedule_refused(world, "INVALID_REQUEST", "p", body(time))
      end
      assert.equals(0, #world.v2.schedules.list)
    end)

    it("not with any offset or fraction", function()
      for i, time in ipairs { "2026-01-01T00:00:01Z", "2026-01-01T09:00:01+09:00",
        "2025-12-31T19:00:01.5-05:00", "2026-01-01t00:00:01z", "2028-02-29T00:00:00Z" } do
        local id = t.ok(world, "v2.payment.payment_schedule.create_payment_schedule",
          { path = { paymentId = "p" .. i }, body = body(time) }).schedule.id
        assert.equals(i == 5 and "2028-02-29T00:00:00Z" or "2026-01-01T00:00:01Z",
          get(id).timeToPay)
      end
    end)

    it("not without an offset when that is set to mean Korean time", function()
      world.config.settings.v2_local_time_to_pay = "kst"
      local id = t.ok(world, "v2.payment.payment_schedule.create_payment_schedule",
        { path = { paymentId = "p" }, body = body("2026-01-02 09:00:00") }).schedule.id
      assert.equals("2026-01-02T00:00:00Z", get(id).timeToPay)
      t.schedule_refused(world, "INVALID_REQUEST", "q", body("2026-01-01 09:00:00"))
    end)

    it("without a usable key, with odd amounts, through another's channel", function()
      local function bad(type, extra)
        t.schedule_refused(world, type, "p", body("2026-02-01T00:00:00Z", extra))
      end
      bad("BILLING_KEY_NOT_FOUND", { billingKey = "nope" })
      bad("INVALID_REQUEST", { channelKey = "channel-key-ksnet" })
      bad("SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT", { amount = { total = 1, taxFree = 2 } })
      bad("FORBIDDEN", { storeId = "store-2" })
    end)

    it("under a paymentId that is taken", function()
      local time = "2026-02-01T00:00:00Z"
      t.schedule(world, "p", key, 1000, 60)
      t.schedule_refused(world, "PAYMENT_SCHEDULE_ALREADY_EXISTS", "p", body(time))
      t.advance(world, 60)
      t.schedule_refused(world, "ALREADY_PAID_OR_WAITING", "p", body(time))
      t.ok(world, "v2.payment.pay_instantly", { path = { paymentId = "q" }, body = {
        channelKey = "channel-key-ksnet", orderName = "o", amount = { total = 1000 },
        currency = "KRW", method = { virtualAccount = { bank = "SHINHAN",
          expiry = { validHours = 24 }, option = { type = "NORMAL" } } } } })
      t.schedule_refused(world, "ALREADY_PAID_OR_WAITING", "q", body(time))
    end)
  end)

  it("whose paymentId a window has paid meanwhile fail and charge nothing", function()
    local id = t.schedule(world, "p", key, 1000, 60)
    local schedule = world.v2.schedules.map[id]
    schedule.status = "REVOKED"
    t.pay(world, "p", key, 1000)
    schedule.status = "SCHEDULED"
    t.advance(world, 60)
    assert.equals("FAILED", get(id).status)
    assert.equals("PAID", t.payment(world, "p").status)
    assert.same({ KRW = 1000 }, t.moved(world))
  end)

  it("with a key that is gone fail as a failed attempt", function()
    t.schedule(world, "p", key, 1000, 60)
    world.v2.billing_keys.map[key].status = "DELETED"
    t.advance(world, 60)
    local payment = t.payment(world, "p")
    assert.equals("FAILED", payment.status)
    assert.equals("BILLING_KEY_ALREADY_DELETED", payment.failure.pgCode)
  end)

  describe("are revoked", function()
    local ids, other
    before_each(function()
      ids = {}
      for i = 1, 3 do ids[i] = t.schedule(world, "p" .. i, key, 1000, i * t.DAY) end
      local second = t.issue(world, nil, { skipWebhook = true })
      other = { key = second, id = t.schedule(world, "o", second, 1000, t.DAY) }
    end)
    local function revoke(b) return t.ok(world, REVOKE, { body = b }) end
    local function refused(type, b) t.refused(world, type, REVOKE, { body = b }) end

    it("by id, and never run", function()
      local answer = revoke { scheduleIds = { ids[1], ids[2] } }
      assert.same({ ids[1], ids[2] }, answer.revokedScheduleIds)
      assert.equals(answer.revokedAt, get(ids[1]).revokedAt)
      assert.equals("REVOKED", get(ids[1]).status)
      assert.equals(2, t.advance(world, 3 * t.DAY))
      assert.same({ KRW = 2000 }, t.moved(world))
    end)

    it("by key: all that are pending", function()
      t.advance(world, t.DAY)
      assert.same({ ids[2], ids[3] }, revoke { billingKey = key }.revokedScheduleIds)
      local answer = revoke { billingKey = key }
      assert.same({}, answer.revokedScheduleIds)
      assert.is_nil(answer.revokedAt)
      world.config.settings.v2_revoke_nothing = "not_found"
      refused("PAYMENT_SCHEDULE_NOT_FOUND", { billingKey = key })
    end)

    it("by both: the ids, which must be the key's", function()
      refused("PAYMENT_SCHEDULE_NOT_FOUND",
        { billingKey = key, scheduleIds = { ids[1], other.id } })
      assert.equals("SCHEDULED", get(ids[1]).status)
      assert.same({ ids[1] }, revoke { billingKey = key, scheduleIds = { ids[1] } }
        .revokedScheduleIds)
    end)

    it("all or none", function()
      refused("PAYMENT_SCHEDULE_NOT_FOUND", { scheduleIds = { ids[1], "x" } })
      revoke { scheduleIds = { ids[2] } }
      refused("PAYMENT_SCHEDULE_ALREADY_REVOKED", { scheduleIds = { ids[1], ids[2] } })
      t.advance(world, t.DAY)
      refused("PAYMENT_SCHEDULE_ALREADY_PROCESSED", { scheduleIds = { ids[3], ids[1] } })
      assert.equals("SCHEDULED", get(ids[3]).status)
    end)

    it("once, though named twice", function()
      assert.same({ ids[1] }, revoke { scheduleIds = { ids[1], ids[1] } }.revokedScheduleIds)
    end)

    it("not without a key or an id", function()
      refused("INVALID_REQUEST", {})
      refused("INVALID_REQUEST", { scheduleIds = require("portone.json").array {} })
      refused("BILLING_KEY_NOT_FOUND", { billingKey = "nope" })
    end)

    it("and their paymentId is free again", function()
      revoke { scheduleIds = { ids[1] } }
      t.schedule(world, "p1", key, 1000, 60)
    end)
  end)

  describe("are listed", function()
    local ids
    before_each(function()
      ids = {}
      for i = 1, 3 do
        ids[i] = t.schedule(world, "p" .. i, key, 1000, i * t.DAY)
        t.advance(world, 10)
      end
      t.advance(world, t.DAY)
    end)
    local function found(filter, sort)
      local out = {}
      for i, item in ipairs(t.ok(world, LIST, { body = { filter = filter, sort = sort } }).items) do
        out[i] = item.id
      end
      return out
    end

    it("until now by default, so that future ones are not there", function()
      assert.same({ ids[1] }, found())
      assert.same({ ids[3], ids[2], ids[1] }, found { ["until"] = "2026-02-01T00:00:00Z" })
    end)

    it("from 90 days before the end", function()
      t.advance(world, 89 * t.DAY)
      assert.same({ ids[3], ids[2], ids[1] }, found())
      t.advance(world, t.DAY)
      assert.same({ ids[3], ids[2] }, found())
      assert.same({ ids[3], ids[2], ids[1] }, found { from = "2026-01-01T00:00:00Z" })
    end)

    it("by status and key, in the order asked for", function()
      local wide = "2026-02-01T00:00:00Z"
      assert.same({ ids[1] }, found { ["until"] = wide, status = { "SUCCEEDED" } })
      assert.same({ ids[3], ids[2] }, found { ["until"] = wide, status = { "SCHEDULED" } })
      assert.same({}, found { ["until"] = wide, billingKey = "x" })
      assert.same({}, found { ["until"] = wide, isForTest = false })
      assert.same(ids, found({ ["until"] = wide, billingKey = key }, { order = "ASC" }))
      assert.same(ids, found({ ["until"] = wide }, { by = "CREATED_AT", order = "ASC" }))
    end)

    it("page by page, 60,000 rows deep at most", function()
      local answer = t.ok(world, LIST, { body = { page = { number = 1, size = 2 },
        filter = { ["until"] = "2026-02-01T00:00:00Z" } } })
      assert.same({ number = 1, size = 2, totalCount = 3 }, answer.page)
      assert.equals(ids[1], answer.items[1].id)
      t.refused(world, "INVALID_REQUEST", LIST, { body = { page = { number = 60, size = 1000 } } })
      t.refused(world, "INVALID_REQUEST", LIST, { body = { page = { size = 0 } } })
      t.refused(world, "INVALID_REQUEST", LIST, { body = { page = { number = -1 } } })
      t.refused(world, "INVALID_REQUEST", LIST, { body = { filter = { from = "yesterday" } } })
      t.ok(world, LIST, { body = { page = { number = 59, size = 1000 } } })
    end)

    it("one by one", function()
      t.refused(world, "PAYMENT_SCHEDULE_NOT_FOUND", GET, { path = { paymentScheduleId = "x" } })
    end)
  end)
end)
