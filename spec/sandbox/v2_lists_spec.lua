-- SPDX-License-Identifier: MIT
local t = require "spec.sandbox.v2_support"

local PAGE = "v2.payment.get_payments"
local CURSOR = "v2.payment.get_all_payments_by_cursor"
local EVENTS = "v2.payment.get_all_payment_events_by_cursor"

describe("V2 payment lists", function()
  local world, key
  before_each(function()
    world = t.world()
    key = t.issue(world, nil, { skipWebhook = true })
  end)

  local function found(filter, page)
    local out = {}
    local list = t.ok(world, PAGE, { body = { filter = filter, page = page } }).items
    for i, item in ipairs(list) do out[i] = item.id end
    return table.concat(out, " ")
  end

  -- One payment of each kind, a minute apart.
  local function sample()
    t.pay(world, "card", key, 1000, { customer = { id = "u", email = "kim@example.com",
      phoneNumber = "0101", name = { full = "Kim" } }, orderName = "a needle" })
    t.advance(world, 60)
    local debit = t.issue(world, "success_check", { channelKey = "channel-key-ksnet" })
    t.pay(world, "debit", debit, 2000, { currency = "USD" })
    t.advance(world, 60)
    t.pay_refused(world, "PG_PROVIDER", "failed", t.issue(world, "declined"), 3000)
    t.advance(world, 60)
    t.ok(world, "v2.payment.pay_instantly", { path = { paymentId = "account" }, body = {
      channelKey = "channel-key-ksnet", orderName = "o", amount = { total = 4000 },
      currency = "KRW", isEscrow = true, method = { virtualAccount = { bank = "SHINHAN",
        expiry = { validHours = 1 }, option = { type = "NORMAL" }, remitteeName = "shop",
        cashReceipt = { type = "PERSONAL", customerIdentityNumber = "1" } } } } })
    t.advance(world, 60)
    t.act(world, "request_payment", { payment_id = "wallet", total = 5000,
      channel_key = "channel-key-tosspay_v2" })
    t.schedule(world, "scheduled", key, 6000, 60)
    t.advance(world, 60)
  end

  describe("by page", function()
    it("show the latest request first, ten to a page", function()
      for i = 1, 12 do
        t.pay(world, "p" .. i, key, 1000)
        t.advance(world, 1)
      end
      assert.equals("p12 p11 p10 p9 p8 p7 p6 p5 p4 p3", found())
      assert.equals("p2 p1", found(nil, { number = 1 }))
      assert.equals("p1 p2 p3", found({ sortOrder = "ASC" }, { size = 3 }))
      assert.same({ number = 3, size = 5, totalCount = 12 },
        t.ok(world, PAGE, { body = { page = { number = 3, size = 5 } } }).page)
    end)

    it("keep the order of making among equals", function()
      for i = 1, 4 do t.pay(world, "p" .. i, key, 1000) end
      assert.equals("p4 p3 p2 p1", found())
    end)

    it("reach 60,000 rows deep", function()
      t.ok(world, PAGE, { body = { page = { number = 59, size = 1000 } } })
      t.refused(world, "INVALID_REQUEST", PAGE, { body = { page = { number = 60, size = 1000 } } })
      t.refused(world, "INVALID_REQUEST", PAGE, { body = { page = { size = 60001 } } })
    end)

    it("find by status, with PENDING for what the object calls PAY_PENDING", function()
      sample()
      assert.equals("failed", found { status = { "FAILED" } })
      assert.equals("scheduled wallet debit card", found { status = { "PAID" } })
      assert.equals("account failed", found { status = { "FAILED", "VIRTUAL_ACCOUNT_ISSUED" } })
      assert.equals("", found { status = { "PENDING" } })
      world.v2.payments.map["store-1\nwallet"].tx.status = "PAY_PENDING"
      assert.equals("wallet", found { status = { "PENDING" } })
    end)

    it("find by everything else that a filter names", function()
      sample()
      assert.equals("account", found { methods = { "VIRTUAL_ACCOUNT" } })
      assert.equals("wallet", found { methods = { "EASY_PAY" } })
      assert.equals("account debit", found { pgProvider = { "KSNET" } })
      assert.equals("scheduled", found { isScheduled = true })
      assert.equals("debit", found { currency = "USD" })
      assert.equals("account", found { isEscrow = true })
      assert.equals("debit", found { cardType = "DEBIT" })
      assert.equals("", found { cardBrand = "AMEX" })
      assert.equals("", found { cardOwnerType = "CORPORATE" })
      assert.equals("wallet", found { platformType = "SDK_PC" })
      assert.equals("", found { isTest = false })
      assert.equals("", found { version = "V1" })
      assert.equals("", found { merchantId = "other" })
      assert.equals("", found { webhookStatus = "SUCCEEDED" })
      world.deliver:delivered(world.sent[1].id, 200, "", "")
      assert.equals("card", found { webhookStatus = "SUCCEEDED" })
      t.act(world, "deposit", { payment_id = "account" })
      assert.equals("account", found { cashReceiptType = "PERSONAL" })
      assert.equals("account", found { cashReceiptStatus = "ISSUED" })
      assert.equals("account", found { cashReceiptIssuedAtRange =
        { from = "2026-01-01T00:00:00Z", ["until"] = "2026-01-02T00:00:00Z" } })
      assert.equals("", found { cashReceiptCancelledAtRange =
        { from = "2026-01-01T00:00:00Z", ["until"] = "2026-01-02T00:00:00Z" } })
    end)

    it("find by text, all of several", function()
      sample()
      local function text(field, value) return found { textSearch = { { field = field,
        value = value } } } end
      assert.equals("card", text("ORDER_NAME", "needle"))
      assert.equals("card", text("ALL", "needle"))
      assert.equals("card", text("PAYMENT_ID", "card"))
      assert.equals("card", text("CUSTOMER_EMAIL", "kim@"))
      assert.equals("card", text("CUSTOMER_NAME", "Kim"))
      assert.equals("scheduled card", text("BILLING_KEY", key))
      assert.equals("debit", text("CARD_BIN", "400005"))
      assert.equals("account", text("VIRTUAL_ACCOUNT_HOLDER_NAME", "shop"))
      assert.equals("failed", text("FAIL_REASON", "거절"))
      assert.equals("wallet", text("TX_ID", t.payment(world, "wallet").transactionId))
      assert.equals("", text("USER_AGENT", "x"))
      t.cancel(world, "card", { reason = "too small" })
      assert.equals("card", text("CANCEL_REASON", "small"))
      assert.equals("", found { textSearch = { { field = "ORDER_NAME", value = "needle" },
        { field = "PAYMENT_ID", value = "debit" } } })
    end)

    it("look at the last 90 days, or at a window with both ends in it", function()
      t.pay(world, "old", key, 1000)
      t.advance(world, 90 * t.DAY)
      assert.equals("old", found())
      t.advance(world, 1)
      assert.equals("", found())
      assert.equals("old", found { from = "2026-01-01T00:00:00Z",
        ["until"] = "2026-01-01T00:00:00Z" })
      assert.equals("", found { from = "2026-01-01T00:00:01Z" })
    end)

    it("look at either time", function()
      t.pay(world, "p", key, 1000)
      t.advance(world, 100 * t.DAY)
      t.cancel(world, "p")
      assert.equals("", found())
      assert.equals("p", found { timestampType = "STATUS_CHANGED_AT" })
    end)
  end)

  describe("by cursor", function()
    it("give everything once, oldest first, even when more arrives", function()
      for i = 1, 7 do t.pay(world, "p" .. i, key, 1000) end
      local seen, cursor = {}, nil
      repeat
        local items = t.ok(world, CURSOR, { body = { size = 3, cursor = cursor } }).items
        for _, item in ipairs(items) do seen[#seen + 1] = item.payment.id end
        cursor = items[#items] and items[#items].cursor
        if #seen == 3 then t.pay(world, "p8", key, 1000) end
      until #items < 3
      assert.equals("p1 p2 p3 p4 p5 p6 p7 p8", table.concat(seen, " "))
    end)

    it("take ten by default and 1,000 at most", function()
      for i = 1, 11 do t.pay(world, "p" .. i, key, 1000) end
      assert.equals(10, #t.ok(world, CURSOR).items)
      t.ok(world, CURSOR, { body = { size = 1000 } })
      t.refused(world, "INVALID_REQUEST", CURSOR, { body = { size = 1001 } })
      t.refused(world, "INVALID_REQUEST", CURSOR, { body = { size = 0 } })
      t.refused(world, "INVALID_REQUEST", CURSOR, { body = { cursor = "x" } })
      t.refused(world, "FORBIDDEN", CURSOR, { body = { storeId = "store-2" } })
    end)

    it("keep to their window", function()
      t.pay(world, "old", key, 1000)
      t.advance(world, 91 * t.DAY)
      t.pay(world, "new", key, 1000)
      assert.equals(1, #t.ok(world, CURSOR).items)
      assert.equals(2, #t.ok(world, CURSOR, { body = { from = "2026-01-01T00:00:00Z" } }).items)
    end)
  end)

  describe("of events", function()
    it("tell each movement of money as it was then", function()
      t.pay(world, "p", key, 10000)
      t.pay_refused(world, "PG_PROVIDER", "q", t.issue(world, "declined"), 1)
      t.advance(world, 5)
      t.cancel(world, "p", { amount = 4000 })
      t.cancel(world, "p")
      local items = t.ok(world, EVENTS).items
      local facts = {}
      for i, item in ipairs(items) do
        local e = item.paymentEvent
        facts[i] = { e.type, e.eventAmount, e.totalAmount.cancelled, e.paymentId }
      end
      assert.same({ { "PAID", 10000, 0, "p" }, { "PARTIAL_CANCELLED", -4000, 4000, "p" },
        { "CANCELLED", -6000, 10000, "p" } }, facts)
      assert.equals("2026-01-01T00:00:05Z", items[2].paymentEvent.createdAt)
      assert.equals(4000, items[2].paymentEvent.cancellation.totalAmount)
      assert.equals(1, #t.ok(world, EVENTS, { body = { cursor = items[2].cursor } }).items)
      assert.equals(2, #t.ok(world, EVENTS, { body = { from = "2026-01-01T00:00:05Z" } }).items)
    end)
  end)
end)
