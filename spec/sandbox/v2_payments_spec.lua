-- SPDX-License-Identifier: MIT
local t = require "spec.sandbox.v2_support"

local GET = "v2.payment.get_payment"
local INSTANT = "v2.payment.pay_instantly"
local PREPARE = "v2.payment.pre_register_payment"
local CONFIRM = "v2.payment.confirm_payment"

describe("V2 payments", function()
  local world, key
  before_each(function()
    world = t.world()
    key = t.issue(world, nil, { skipWebhook = true })
  end)

  describe("with a billing key", function()
    it("are paid, counted and announced", function()
      local answer = t.pay(world, "p", key, 11000, { amount = { total = 11000, taxFree = 1000 },
        customer = { id = "u", name = { full = "Kim" } }, customData = "x", country = "KR",
        products = { { id = "1", name = "pass", amount = 11000, quantity = 1 } },
        productCount = 1, installmentMonth = 3, useCardPoint = true })
      local payment = t.payment(world, "p")
      assert.equals("PAID", payment.status)
      assert.equals(answer.payment.pgTxId, payment.pgTxId)
      assert.equals(answer.payment.paidAt, payment.paidAt)
      assert.equals(key, payment.billingKey)
      assert.same({ total = 11000, taxFree = 1000, vat = 909, supply = 9091, discount = 0,
        paid = 11000, cancelled = 0, cancelledTaxFree = 0 }, payment.amount)
      assert.equals("Kim", payment.customer.name)
      assert.equals(3, payment.method.installment.month)
      assert.is_true(payment.method.pointUsed)
      assert.same({ KRW = 11000 }, t.moved(world))
      assert.same({ "Transaction.Paid" }, t.sent(world))
      assert.same({ storeId = "store-1", paymentId = "p",
        transactionId = payment.transactionId }, world.sent[1].body.data)
      assert.equals("PAID", payment.webhooks[1].paymentStatus)
    end)

    it("leave a charge in the journal", function()
      t.pay(world, "p", key, 1000)
      local entry = world.journal[#world.journal - 1]
      assert.equals("charge", entry.kind)
      assert.same({ "v2", "p", 1000, "KRW", "paid" },
        { entry.api, entry.order, entry.amount, entry.currency, entry.outcome })
    end)

    it("are refused under a paymentId that is paid, cancelled or not", function()
      t.pay(world, "p", key, 1000)
      t.pay_refused(world, "ALREADY_PAID", "p", key, 1000)
      t.cancel(world, "p", { amount = 400 })
      t.pay_refused(world, "ALREADY_PAID", "p", key, 1000)
      t.cancel(world, "p")
      t.pay_refused(world, "ALREADY_PAID", "p", key, 1000)
      assert.equals(1, #world.v2.payments.list)
      assert.same({ KRW = 0 }, t.moved(world))
    end)

    it("are refused while a schedule will pay", function()
      local id = t.schedule(world, "p", key, 1000, 60)
      t.pay_refused(world, "PAYMENT_SCHEDULE_ALREADY_EXISTS", "p", key, 1000)
      t.ok(world, "v2.payment.payment_schedule.revoke_payment_schedules",
        { body = { scheduleIds = { id } } })
      t.pay(world, "p", key, 1000)
    end)

    it("need a key that exists", function()
      t.pay_refused(world, "BILLING_KEY_NOT_FOUND", "p", "nope", 1000)
      t.pay_refused(world, "CHANNEL_NOT_FOUND", "p", key, 1000, { channelKey = "nope" })
      t.refused(world, "PAYMENT_NOT_FOUND", GET, { path = { paymentId = "p" } })
    end)

    it("need amounts that make sense", function()
      local function amount(type, parts)
        t.refused(world, type, "v2.payment.pay_with_billing_key", { unchecked = true,
          path = { paymentId = "p" }, body = t.order(key, 1, { amount = parts }) })
      end
      amount("SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT", { total = 1000, taxFree = 1001 })
      amount("SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT", { total = 1000, taxFree = 950, vat = 51 })
      for _, parts in ipairs { { total = 0 }, { total = -1 }, { total = 10.5 }, { total = "1000" },
        { total = 1000, taxFree = -1 }, { total = 1000, vat = -1 }, { total = 2 ^ 53 } } do
        amount("INVALID_REQUEST", parts)
      end
      assert.equals(0, #world.v2.payments.list)
    end)

    it("keep amounts exact up to 2^53", function()
      t.pay(world, "p", key, 2 ^ 53 - 1)
      local a = t.payment(world, "p").amount
      assert.equals(2 ^ 53 - 1, a.total)
      assert.equals(a.total, a.supply + a.vat + a.taxFree)
    end)

    it("work out VAT as one eleventh of the taxable part, rounded as set", function()
      local n = 0
      local function vat(total, tax_free, given)
        n = n + 1
        t.pay(world, "v" .. n, key, nil,
          { amount = { total = total, taxFree = tax_free, vat = given } })
        local amount = t.payment(world, "v" .. n).amount
        assert.equals(total, amount.supply + amount.vat + amount.taxFree)
        return amount.vat
      end
      assert.equals(91, vat(1000))
      assert.equals(909, vat(10000))
      assert.equals(0, vat(1000, 1000))
      assert.equals(0, vat(5))
      assert.equals(1, vat(6))
      assert.equals(50, vat(1000, 0, 50))
      assert.equals(0, vat(1000, 0, 0))
      world.config.settings.v2_vat_rounding = "up"
      assert.equals(910, vat(10000))
      assert.equals(1, vat(1))
      assert.equals(1000, vat(11000))
      world.config.settings.v2_vat_rounding = "down"
      assert.equals(90, vat(1000))
    end)

    it("take a name in one of its two forms", function()
      t.pay_refused(world, "INVALID_REQUEST", "p", key, 1000,
        { customer = { name = { full = "a", separated = { first = "a", last = "b" } } } })
    end)
  end)

  describe("declined", function()
    local bad
    before_each(function() bad = t.issue(world, "declined", { skipWebhook = true }) end)

    it("answer 502 and leave a failed payment", function()
      local answer = t.pay_refused(world, "PG_PROVIDER", "p", bad, 1000)
      assert.equals("REJECT_CARD_COMPANY", answer.pgCode)
      local payment = t.payment(world, "p")
      assert.equals("FAILED", payment.status)
      assert.equals("REJECT_CARD_COMPANY", payment.failure.pgCode)
      assert.equals(0, payment.amount.paid)
      assert.same({ "Transaction.Failed" }, t.sent(world))
      assert.same({}, t.moved(world))
    end)

    it("are announced even when the success webhook is skipped", function()
      t.pay_refused(world, "PG_PROVIDER", "p", bad, 1000, { skipWebhook = true })
      assert.same({ "Transaction.Failed" }, t.sent(world))
    end)

    it("may be tried again under the same paymentId, as a new transaction", function()
      t.pay_refused(world, "PG_PROVIDER", "p", bad, 1000)
      local failed = t.payment(world, "p").transactionId
      t.pay(world, "p", key, 1000)
      local payment = t.payment(world, "p")
      assert.equals("PAID", payment.status)
      assert.is_not.equals(failed, payment.transactionId)
      local items = t.ok(world, "v2.payment.get_payment_transactions",
        { path = { paymentId = "p" } }).items
      assert.same({ "FAILED", "PAID" }, { items[1].status, items[2].status })
      assert.equals(failed, items[1].id)
      assert.equals("p", items[2].paymentId)
      assert.equals(1, #world.v2.payments.list)
    end)

    it("may be tried so often", function()
      world.config.settings.v2_max_transactions = 2
      t.pay_refused(world, "PG_PROVIDER", "p", bad, 1000)
      t.pay_refused(world, "PG_PROVIDER", "p", bad, 1000)
      t.pay_refused(world, "MAX_TRANSACTION_COUNT_REACHED", "p", key, 1000)
    end)
  end)

  it("skip the success webhook when asked to", function()
    t.pay(world, "p", key, 1000, { skipWebhook = true })
    assert.equals(0, #world.sent)
    assert.is_nil(t.payment(world, "p").webhooks)
  end)

  it("go to noticeUrls instead of the console", function()
    t.pay(world, "p", key, 1000, { noticeUrls = { "http://127.0.0.1:9/x" } })
    assert.equals("http://127.0.0.1:9/x", world.sent[1].url)
    assert.equals(1, #world.sent)
  end)

  describe("registered beforehand", function()
    local function prepare(body) return { path = { paymentId = "p" }, body = body } end

    it("must be paid with that amount", function()
      t.ok(world, PREPARE, prepare { totalAmount = 3000, taxFreeAmount = 0, currency = "KRW" })
      t.pay_refused(world, "INVALID_REQUEST", "p", key, 2999)
      t.pay_refused(world, "INVALID_REQUEST", "p", key, nil,
        { amount = { total = 3000, taxFree = 10 } })
      t.pay_refused(world, "INVALID_REQUEST", "p", key, 3000, { currency = "USD" })
      t.schedule_refused(world, "INVALID_REQUEST", "p", t.schedule_body(world, key, 1, 60))
      t.pay(world, "p", key, 3000)
    end)

    it("may be registered anew until paid", function()
      t.ok(world, PREPARE, prepare { totalAmount = 3000 })
      t.ok(world, PREPARE, prepare { totalAmount = 4000 })
      t.pay(world, "p", key, 4000)
      t.refused(world, "ALREADY_PAID", PREPARE, prepare { totalAmount = 5000 })
    end)

    it("take sensible amounts only", function()
      t.refused(world, "INVALID_REQUEST", PREPARE, prepare { totalAmount = 0 })
      t.refused(world, "INVALID_REQUEST", PREPARE,
        prepare { totalAmount = 10, taxFreeAmount = 11 })
    end)

    it("do not bind when set so", function()
      world.config.settings.v2_prepared_mismatch = "ignore"
      t.ok(world, PREPARE, prepare { totalAmount = 3000 })
      t.pay(world, "p", key, 1)
    end)
  end)

  describe("by card in one call", function()
    local function instant(id, card, extra)
      return { path = { paymentId = id }, body = t.with({ channelKey = "channel-key-ksnet",
        method = { card = { credential = t.cards[card].credential, installmentMonth = 2,
          useFreeInstallmentPlan = true } },
        orderName = "one-off", amount = { total = 60000 }, currency = "KRW" }, extra) }
    end

    it("are paid", function()
      t.ok(world, INSTANT, instant("p", "success", { isCulturalExpense = true }))
      local payment = t.payment(world, "p")
      assert.equals("PAID", payment.status)
      assert.is_true(payment.isCulturalExpense)
      assert.same({ month = 2, isInterestFree = true }, payment.method.installment)
      assert.is_nil(payment.billingKey)
      t.refused(world, "ALREADY_PAID", INSTANT, instant("p", "success"))
    end)

    it("are declined", function()
      t.refused(world, "PG_PROVIDER", INSTANT, instant("p", "insufficient_funds"))
      assert.equals("FAILED", t.payment(world, "p").status)
      t.ok(world, INSTANT, instant("q", "issue_declined"))
    end)

    it("need exactly one channel or group, and one method", function()
      t.refused(world, "INVALID_REQUEST", INSTANT, instant("p", "success",
        { channelGroupId = "g" }))
      t.refused(world, "CHANNEL_NOT_FOUND", INSTANT, instant("p", "success",
        { channelKey = "nope" }))
      t.refused(world, "INVALID_REQUEST", INSTANT, instant("p", "success",
        { channelKey = "channel-key-tosspay_v2" }))
      t.refused(world, "INVALID_REQUEST", INSTANT, instant("p", "success", { method = {} }))
    end)

    it("go through the first able channel of a group", function()
      local group = t.act(world, "add_channel_group",
        { channels = { "channel-key-tosspay_v2", "channel-key-kcp_v2" } })
      local args = instant("p", "success", { channelGroupId = group })
      args.body.channelKey = nil
      t.ok(world, INSTANT, args)
      assert.equals("KCP_V2", t.payment(world, "p").channel.pgProvider)
    end)
  end)

  describe("confirmed by hand", function()
    local function open(extra)
      return t.act(world, "request_payment", t.with({ payment_id = "p", total = 5000,
        tax_free = 500, credential = t.cards.success.credential, manual = true }, extra))
    end
    local function confirm(token, extra)
      return { path = { paymentId = "p" }, body = t.with({ paymentToken = token }, extra) }
    end

    it("are charged at the confirm, not before", function()
      local window = open()
      assert.equals("READY", t.payment(world, "p").status)
      assert.same({}, t.moved(world))
      local answer = t.ok(world, CONFIRM, confirm(window.paymentToken, { txId = window.txId,
        totalAmount = 5000, taxFreeAmount = 500, currency = "KRW", isTest = true }))
      assert.equals(t.payment(world, "p").pgTxId, answer.pgTxId)
      assert.same({ KRW = 5000 }, t.moved(world))
      assert.equals("PC", t.payment(world, "p").origin.platformType)
      assert.same({ "Transaction.Ready", "Transaction.Paid" }, t.sent(world))
      t.refused(world, "ALREADY_PAID", CONFIRM, confirm(window.paymentToken))
    end)

    it("must match what is repeated", function()
      local token = open().paymentToken
      for _, wrong in ipairs { { txId = "x" }, { totalAmount = 5001 }, { taxFreeAmount = 0 },
        { currency = "USD" }, { isTest = false } } do
        t.refused(world, "INFORMATION_MISMATCH", CONFIRM, confirm(token, wrong))
      end
      assert.same({}, t.moved(world))
      t.ok(world, CONFIRM, confirm(token))
    end)

    it("need this attempt's token", function()
      t.refused(world, "PAYMENT_NOT_FOUND", CONFIRM, confirm "x")
      local old = open().paymentToken
      local new = open().paymentToken
      t.refused(world, "INVALID_PAYMENT_TOKEN", CONFIRM, confirm "x")
      t.refused(world, "INVALID_PAYMENT_TOKEN", CONFIRM, confirm(old))
      t.ok(world, CONFIRM, confirm(new))
    end)

    it("can be declined", function()
      local token = open({ credential = t.cards.declined.credential }).paymentToken
      t.refused(world, "PG_PROVIDER", CONFIRM, confirm(token))
      assert.equals("FAILED", t.payment(world, "p").status)
      t.refused(world, "INVALID_PAYMENT_TOKEN", CONFIRM, confirm(token))
    end)
  end)

  it("open no window under a paid or unaffordable order", function()
    t.pay(world, "p", key, 1000)
    local none, message, type = t.act(world, "request_payment",
      { payment_id = "p", total = 1, credential = t.cards.success.credential })
    assert.is_nil(none)
    assert.is_string(message)
    assert.equals("ALREADY_PAID", type)
    none = t.act(world, "request_payment", { payment_id = "q", total = 1 })
    assert.is_nil(none)
  end)

  it("in a window that needs no confirm are paid or fail there", function()
    local done = t.act(world, "request_payment", { payment_id = "p", total = 1000,
      channel_key = "channel-key-tosspay_v2" })
    assert.is_nil(done.code)
    assert.equals("PAID", t.payment(world, "p").status)
    done = t.act(world, "request_payment", { payment_id = "q", total = 1000,
      credential = t.cards.declined.credential })
    assert.equals("REJECT_CARD_COMPANY", done.pgCode)
    assert.equals("FAILED", t.payment(world, "q").status)
  end)

  describe("paid", function()
    local path = { paymentId = "p" }
    before_each(function() t.pay(world, "p", key, 1000) end)

    it("can be captured, again and again", function()
      t.ok(world, "v2.payment.capture_payment", { path = path })
      t.ok(world, "v2.payment.capture_payment", { path = path })
      t.cancel(world, "p")
      t.refused(world, "PAYMENT_NOT_PAID", "v2.payment.capture_payment", { path = path })
      t.refused(world, "PAYMENT_NOT_FOUND", "v2.payment.capture_payment",
        { path = { paymentId = "q" } })
    end)

    it("can list a sub-merchant's sale on the receipt", function()
      local name = "v2.payment.register_store_receipt"
      local item = { storeBusinessRegistrationNumber = "1234567890", storeName = "s",
        totalAmount = 100, taxFreeAmount = 10, currency = "KRW" }
      local answer = t.ok(world, name, { path = path, body = { items = { item } } })
      assert.equals(t.payment(world, "p").receiptUrl, answer.receiptUrl)
      t.refused(world, "INVALID_REQUEST", name, { path = path,
        body = { items = { t.with(item, { vatAmount = 91 }) } } })
      t.cancel(world, "p")
      t.refused(world, "PAYMENT_NOT_PAID", name, { path = path, body = { items = { item } } })
    end)

    it("can have a webhook sent again, so often", function()
      local name = "v2.payment.resend_webhook"
      t.cancel(world, "p")
      assert.equals(2, #world.sent)
      local hooks = t.payment(world, "p").webhooks
      local answer = t.ok(world, name, { path = path })
      assert.equals(hooks[2].id, answer.webhook.id)
      assert.equals("MANUAL", answer.webhook.trigger)
      assert.equals("Transaction.Cancelled", world.sent[3].body.type)
      answer = t.ok(world, name, { path = path, body = { webhookId = hooks[1].id } })
      assert.equals("PAID", answer.webhook.paymentStatus)
      assert.equals("Transaction.Paid", world.sent[4].body.type)
      t.refused(world, "WEBHOOK_NOT_FOUND", name, { path = path, body = { webhookId = "x" } })
      t.refused(world, "PAYMENT_NOT_FOUND", name, { path = { paymentId = "q" } })
      world.config.settings.v2_max_webhook_resends = 1
      t.refused(world, "MAX_WEBHOOK_RETRY_COUNT_REACHED", name, { path = path })
    end)

    it("shows how its webhooks fared", function()
      local function hook() return t.payment(world, "p").webhooks[1] end
      assert.is_nil(hook().status)
      world.deliver:delivered(world.sent[1].id, 500, "no", "")
      assert.equals("FAILED_NOT_OK_RESPONSE", hook().status)
      assert.equals("500", hook().response.code)
      t.advance(world, 60)
      assert.equals(2, hook().currentExecutionCount)
      world.deliver:delivered(world.sent[2].id, nil, "", "refused")
      assert.equals("FAILED_UNEXPECTED_ERROR", hook().status)
      t.advance(world, 240)
      world.deliver:delivered(world.sent[3].id, 200, "ok", "")
      assert.equals("SUCCEEDED", hook().status)
    end)

    it("never sends to another machine what was held back", function()
      t.pay(world, "q", key, 1000, { noticeUrls = { "http://example.com/hook" } })
      assert.equals(1, #world.sent)
      t.ok(world, "v2.payment.resend_webhook", { path = { paymentId = "q" } })
      assert.equals(1, #world.sent)
    end)
  end)
end)
