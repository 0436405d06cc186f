-- SPDX-License-Identifier: MIT
local t = require "spec.sandbox.v2_support"

local STOP = "v2.payment.stop_payment_cancellation"

describe("V2 cancellations", function()
  local world, key
  before_each(function()
    world = t.world()
    key = t.issue(world, nil, { skipWebhook = true })
  end)

  local function pay(id, parts) t.pay(world, id, key, nil, { amount = parts }) end
  local function parts(c) return { c.totalAmount, c.taxFreeAmount, c.vatAmount } end

  it("of everything take every part", function()
    pay("p", { total = 11000, taxFree = 1000 })
    local c = t.cancel(world, "p")
    assert.equals("SUCCEEDED", c.status)
    assert.same({ 11000, 1000, 909 }, parts(c))
    assert.equals("API", c.trigger)
    local payment = t.payment(world, "p")
    assert.equals("CANCELLED", payment.status)
    assert.equals(11000, payment.amount.cancelled)
    assert.equals(1000, payment.amount.cancelledTaxFree)
    assert.equals(c.id, payment.cancellations[1].id)
    assert.same({ KRW = 0 }, t.moved(world))
    t.cancel_refused(world, "PAYMENT_ALREADY_CANCELLED", "p")
  end)

  it("in parts keep the payment partly cancelled until nothing is left", function()
    pay("p", { total = 10000 })
    assert.same({ 3000, 0, 273 }, parts(t.cancel(world, "p", { amount = 3000 })))
    assert.equals("PARTIAL_CANCELLED", t.payment(world, "p").status)
    assert.same({ 3000, 0, 273 }, parts(t.cancel(world, "p", { amount = 3000 })))
    t.cancel_refused(world, "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT", "p", { amount = 4001 })
    assert.same({ 4000, 0, 363 }, parts(t.cancel(world, "p", { amount = 4000 })))
    assert.equals("CANCELLED", t.payment(world, "p").status)
    assert.same({ "Transaction.Paid", "Transaction.PartialCancelled",
      "Transaction.PartialCancelled", "Transaction.Cancelled" }, t.sent(world))
  end)

  it("name themselves in their webhook and in the journal", function()
    pay("p", { total = 1000 })
    local c = t.cancel(world, "p")
    assert.equals(c.id, world.sent[2].body.data.cancellationId)
    local entry
    for _, e in ipairs(world.journal) do entry = e.kind == "cancel" and e or entry end
    assert.same({ "v2", "p", 1000, "KRW", c.id },
      { entry.api, entry.order, entry.amount, entry.currency, entry.cancellation_id })
  end)

  it("are silent when asked to be", function()
    pay("p", { total = 1000 })
    t.cancel(world, "p", { skipWebhook = true })
    assert.same({ "Transaction.Paid" }, t.sent(world))
  end)

  describe("with tax parts", function()
    before_each(function() pay("p", { total = 11000, taxFree = 1000 }) end)

    it("are fully taxable unless they say otherwise", function()
      assert.same({ 5500, 0, 500 }, parts(t.cancel(world, "p", { amount = 5500 })))
      assert.same({ 500, 500, 0 }, parts(t.cancel(world, "p",
        { amount = 500, taxFreeAmount = 500 })))
      t.cancel_refused(world, "CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT", "p",
        { amount = 5000 })
      assert.same({ 5000, 500, 409 }, parts(t.cancel(world, "p")))
    end)

    it("may take the tax-free part of everything along, when set so", function()
      t.cancel_refused(world, "CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT", "p",
        { amount = 11000 })
      world.config.settings.v2_cancel_all_takes_tax_free = "everything"
      assert.same({ 11000, 1000, 909 }, parts(t.cancel(world, "p", { amount = 11000 })))
    end)

    it("must not exceed what is left of each", function()
      t.cancel_refused(world, "SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT", "p",
        { amount = 100, taxFreeAmount = 101 })
      t.cancel_refused(world, "SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT", "p",
        { amount = 100, taxFreeAmount = 50, vatAmount = 51 })
      t.cancel_refused(world, "CANCEL_TAX_FREE_AMOUNT_EXCEEDS_CANCELLABLE_TAX_FREE_AMOUNT", "p",
        { amount = 2000, taxFreeAmount = 1001 })
      t.cancel_refused(world, "CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT", "p",
        { amount = 10500, taxFreeAmount = 100 })
      t.cancel_refused(world, "CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT", "p",
        { amount = 2000, vatAmount = 910 })
      t.cancel_refused(world, "CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT", "p",
        { amount = 10000, vatAmount = 0 })
      assert.equals("PAID", t.payment(world, "p").status)
    end)

    it("take the VAT they are given", function()
      assert.same({ 1000, 0, 7 }, parts(t.cancel(world, "p", { amount = 1000, vatAmount = 7 })))
    end)
  end)

  it("add up to the payment's VAT, however they are cut", function()
    pay("p", { total = 1000 })
    local vat = 0
    for _ = 1, 10 do vat = vat + t.cancel(world, "p", { amount = 100 }).vatAmount end
    assert.equals(91, vat)
    pay("q", { total = 100, vat = 0 })
    assert.equals(0, t.cancel(world, "q", { amount = 60 }).vatAmount)
    pay("r", { total = 100, vat = 100 })
    assert.equals(60, t.cancel(world, "r", { amount = 60 }).vatAmount)
  end)

  it("check the balance the caller believes in", function()
    pay("p", { total = 1000 })
    t.cancel_refused(world, "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN", "p",
      { amount = 100, currentCancellableAmount = 900 })
    t.cancel(world, "p", { amount = 100, currentCancellableAmount = 1000 })
    t.cancel(world, "p", { amount = 100, currentCancellableAmount = 900 })
    assert.same({ KRW = 800 }, t.moved(world))
  end)

  it("need a payment that is paid", function()
    t.cancel_refused(world, "PAYMENT_NOT_FOUND", "p")
    local bad = t.issue(world, "declined")
    t.pay_refused(world, "PG_PROVIDER", "p", bad, 1000)
    t.cancel_refused(world, "PAYMENT_NOT_PAID", "p")
    t.act(world, "request_payment", { payment_id = "q", total = 1000,
      credential = t.cards.success.credential, manual = true })
    t.cancel_refused(world, "PAYMENT_NOT_PAID", "q")
  end)

  it("need amounts that make sense", function()
    pay("p", { total = 1000 })
    t.cancel_refused(world, "INVALID_REQUEST", "p", { amount = 0 })
    t.cancel_refused(world, "INVALID_REQUEST", "p", { amount = -5 })
    t.cancel_refused(world, "INVALID_REQUEST", "p", { amount = 5, taxFreeAmount = -1 })
  end)

  it("are limited in number", function()
    world.config.settings.v2_max_cancels = 2
    pay("p", { total = 1000 })
    t.cancel(world, "p", { amount = 1 })
    t.cancel(world, "p", { amount = 1 })
    t.cancel_refused(world, "MAX_CANCEL_COUNT_REACHED", "p", { amount = 1 })
  end)

  describe("that the gateway refuses", function()
    before_each(function()
      pay("p", { total = 1000 })
      t.act(world, "outage", { channel_key = "channel-key-tosspayments", pg_code = "E1" })
    end)

    it("are errors that change nothing", function()
      assert.equals("E1", t.cancel_refused(world, "PG_PROVIDER", "p").pgCode)
      assert.is_nil(t.payment(world, "p").cancellations)
      assert.same({ KRW = 1000 }, t.moved(world))
    end)

    it("are failed cancellations when set so", function()
      world.config.settings.v2_refused_cancel = "failed"
      assert.equals("FAILED", t.cancel(world, "p").status)
      local payment = t.payment(world, "p")
      assert.equals("PAID", payment.status)
      assert.equals("FAILED", payment.cancellations[1].status)
      assert.same({ KRW = 1000 }, t.moved(world))
      t.act(world, "outage", { channel_key = "channel-key-tosspayments" })
      assert.equals("SUCCEEDED", t.cancel(world, "p").status)
    end)
  end)

  describe("at a gateway that answers later", function()
    local function open(id, pg)
      t.act(world, "request_payment", { payment_id = id, total = 1000, currency = "USD",
        channel_key = "channel-key-" .. pg,
        credential = pg == "triple_a" and t.cards.success.credential or nil })
    end
    before_each(function() open("p", "paypal_v2") end)

    it("are requested first and change the payment when they succeed", function()
      local c = t.cancel(world, "p", { amount = 600 })
      assert.equals("REQUESTED", c.status)
      assert.is_nil(c.cancelledAt)
      assert.equals("PAID", t.payment(world, "p").status)
      assert.equals("REQUESTED", t.payment(world, "p").cancellations[1].status)
      assert.same({ USD = 1000 }, t.moved(world))
      t.cancel_refused(world, "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT", "p", { amount = 401 })
      t.advance(world, 60)
      assert.equals("PARTIAL_CANCELLED", t.payment(world, "p").status)
      assert.same({ USD = 400 }, t.moved(world))
      assert.same({ "Transaction.Ready", "Transaction.Paid", "Transaction.CancelPending",
        "Transaction.PartialCancelled" }, t.sent(world))
      assert.equals("ASYNC_CANCEL_APPROVED", t.payment(world, "p").webhooks[4].trigger)
    end)

    it("can be settled by hand, either way", function()
      world.config.settings.v2_async_cancel_seconds = 0
      t.cancel(world, "p", { amount = 600 })
      t.advance(world, t.DAY)
      assert.equals("PAID", t.payment(world, "p").status)
      t.act(world, "settle_cancellation", { payment_id = "p", ok = false })
      assert.equals("FAILED", t.payment(world, "p").cancellations[1].status)
      local c = t.cancel(world, "p")
      t.cancel_refused(world, "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT", "p")
      assert.is_true(t.act(world, "settle_cancellation",
        { payment_id = "p", cancellation_id = c.id }))
      assert.equals("CANCELLED", t.payment(world, "p").status)
      assert.is_nil(t.act(world, "settle_cancellation", { payment_id = "p" }))
      assert.is_nil(t.act(world, "settle_cancellation", { payment_id = "x" }))
    end)

    it("can be stopped where the gateway can, while they are pending", function()
      local function stop(id, c) return { path = { paymentId = id, cancellationId = c } } end
      t.refused(world, "PG_PROVIDER", STOP, stop("p", t.cancel(world, "p").id))
      open("q", "triple_a")
      local c = t.cancel(world, "q")
      t.ok(world, STOP, stop("q", c.id))
      t.advance(world, 60)
      assert.equals("PAID", t.payment(world, "q").status)
      t.refused(world, "PAYMENT_CANCELLATION_NOT_PENDING", STOP, stop("q", c.id))
      t.refused(world, "PAYMENT_CANCELLATION_NOT_FOUND", STOP, stop("q", "x"))
      t.refused(world, "PAYMENT_NOT_FOUND", STOP, stop("x", c.id))
      assert.same({ USD = 1000 }, t.moved(world))
    end)
  end)
end)
