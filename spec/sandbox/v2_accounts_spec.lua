-- SPDX-License-Identifier: MIT
-- Virtual accounts, the cash receipts that go with them, escrow deliveries.

local t = require "spec.sandbox.v2_support"

local INSTANT = "v2.payment.pay_instantly"
local CLOSE = "v2.payment.close_virtual_account"
local RECEIPT = "v2.payment.cash_receipt.issue_cash_receipt"
local RECEIPT_GET = "v2.payment.cash_receipt.get_cash_receipt_by_payment_id"
local RECEIPT_CANCEL = "v2.payment.cash_receipt.cancel_cash_receipt_by_payment_id"
local RECEIPT_LIST = "v2.payment.cash_receipt.get_cash_receipts"

local world

local function account(id, va, extra)
  return { path = { paymentId = id }, body = t.with({ channelKey = "channel-key-ksnet",
    orderName = "o", amount = { total = 11000, taxFree = 1000 }, currency = "KRW",
    method = { virtualAccount = t.with({ bank = "SHINHAN", expiry = { validHours = 24 },
      option = { type = "NORMAL" } }, va) } }, extra) }
end

local function open(id, va, extra) return t.ok(world, INSTANT, account(id, va, extra)) end
local function deposit(id, extra)
  return t.act(world, "deposit", t.with({ payment_id = id }, extra))
end
local REFUND = { bank = "SHINHAN", number = "1", holderName = "Kim" }

describe("V2 virtual accounts", function()
  before_each(function() world = t.world() end)

  it("wait for a deposit and are paid by it", function()
    local answer = open("p", { remitteeName = "shop" })
    local payment = t.payment(world, "p")
    assert.equals("VIRTUAL_ACCOUNT_ISSUED", payment.status)
    assert.equals(answer.payment.pgTxId, payment.pgTxId)
    assert.equals(0, payment.amount.paid)
    assert.equals("2026-01-02T00:00:00Z", payment.method.expiredAt)
    assert.equals("shop", payment.method.remitteeName)
    assert.same({}, t.moved(world))
    t.advance(world, 3600)
    assert.is_true(deposit("p", { remitter = "Kim" }))
    payment = t.payment(world, "p")
    assert.equals("PAID", payment.status)
    assert.equals("2026-01-01T01:00:00Z", payment.paidAt)
    assert.equals("Kim", payment.method.remitterName)
    assert.equals("NOT_ISSUED", payment.cashReceiptIssuanceStatus)
    assert.same({ KRW = 11000 }, t.moved(world))
    assert.same({ "Transaction.VirtualAccountIssued", "Transaction.Paid" }, t.sent(world))
    assert.equals("VIRTUAL_ACCOUNT_DEPOSIT", payment.webhooks[2].trigger)
    assert.is_nil(deposit("p"))
  end)

  it("skip their own webhook, never that of the deposit", function()
    open("p", nil, { skipWebhook = true })
    assert.same({}, t.sent(world))
    deposit("p")
    assert.same({ "Transaction.Paid" }, t.sent(world))
  end)

  it("take the exact amount only, and not after they expire", function()
    open("p")
    assert.is_nil(deposit("p", { amount = 10999 }))
    assert.is_nil(deposit("x"))
    t.advance(world, t.DAY + 1)
    assert.is_nil(deposit("p"))
    assert.equals("VIRTUAL_ACCOUNT_ISSUED", t.payment(world, "p").status)
    assert.same({}, t.moved(world))
  end)

  it("fail when they expire, if set so", function()
    world.config.settings.v2_virtual_account_expiry = "fail"
    open("p")
    open("q")
    deposit("q")
    t.advance(world, t.DAY)
    assert.equals("FAILED", t.payment(world, "p").status)
    assert.equals("PAID", t.payment(world, "q").status)
  end)

  it("expire after hours or at a date, in the future", function()
    open("p", { expiry = { dueDate = "2026-01-05T09:00:00+09:00" } })
    assert.equals("2026-01-05T00:00:00Z", t.payment(world, "p").method.expiredAt)
    for _, expiry in ipairs { {}, { validHours = 0 }, { validHours = 1, dueDate =
      "2026-01-05T00:00:00Z" }, { dueDate = "2025-01-05T00:00:00Z" }, { dueDate = "soon" } } do
      t.refused(world, "INVALID_REQUEST", INSTANT, account("q", { expiry = expiry }))
    end
  end)

  it("are the same for the same fixed id, or the number the caller owns", function()
    local function fixed(f) return { option = { type = "FIXED", fixed = f } } end
    local function number(id) return t.payment(world, id).method.accountNumber end
    open("a", fixed { pgAccountId = "user-1" })
    open("b", fixed { pgAccountId = "user-1" })
    open("c", fixed { pgAccountId = "user-2" })
    open("d", fixed { accountNumber = "110123456789" })
    assert.equals(number("a"), number("b"))
    assert.is_not.equals(number("a"), number("c"))
    assert.equals("110123456789", number("d"))
    assert.equals("FIXED", t.payment(world, "d").method.accountType)
    for _, wrong in ipairs { fixed {}, fixed { pgAccountId = "x", accountNumber = "1" },
      { option = { type = "NORMAL", fixed = { pgAccountId = "x" } } } } do
      t.refused(world, "INVALID_REQUEST", INSTANT, account("e", wrong))
    end
  end)

  it("block their paymentId while they wait, or give way, as set", function()
    open("p")
    t.refused(world, "ALREADY_PAID", INSTANT, account("p"))
    world.config.settings.v2_pay_while_waiting = "retry"
    open("p")
    assert.equals(2, #world.v2.payments.list[1].attempts)
  end)

  it("are closed before a deposit only", function()
    open("p")
    t.ok(world, CLOSE, { path = { paymentId = "p" } })
    assert.equals("FAILED", t.payment(world, "p").status)
    assert.is_nil(deposit("p"))
    t.refused(world, "PAYMENT_NOT_WAITING_FOR_DEPOSIT", CLOSE, { path = { paymentId = "p" } })
    t.refused(world, "PAYMENT_NOT_FOUND", CLOSE, { path = { paymentId = "x" } })
  end)

  it("are not issued or closed while the gateway refuses", function()
    open("p")
    t.act(world, "outage", { channel_key = "channel-key-ksnet", pg_code = "E1" })
    t.refused(world, "PG_PROVIDER", CLOSE, { path = { paymentId = "p" } })
    t.refused(world, "PG_PROVIDER", INSTANT, account("q"))
    assert.equals("FAILED", t.payment(world, "q").status)
  end)

  it("are paid back to an account", function()
    open("p")
    t.cancel_refused(world, "PAYMENT_NOT_PAID", "p")
    deposit("p")
    t.cancel_refused(world, "INVALID_REQUEST", "p")
    t.cancel(world, "p", { refundAccount = REFUND, amount = 5000 })
    world.config.settings.v2_refund_account = "optional"
    t.cancel(world, "p")
    assert.same({ KRW = 0 }, t.moved(world))
  end)
end)

describe("V2 cash receipts", function()
  before_each(function() world = t.world() end)

  local function receipt(id, extra)
    return { body = t.with({ paymentId = id, channelKey = "channel-key-ksnet", type = "PERSONAL",
      orderName = "o", currency = "KRW", amount = { total = 11000, taxFree = 1000 },
      customer = { identityNumber = "01012345678" } }, extra) }
  end
  local function at(id) return { path = { paymentId = id } } end

  it("come with the deposit when the account asked for one", function()
    open("p", { cashReceipt = { type = "CORPORATE", customerIdentityNumber = "1234567890" } })
    deposit("p")
    local payment = t.payment(world, "p")
    assert.equals("ISSUED", payment.cashReceiptIssuanceStatus)
    assert.equals("CORPORATE", payment.cashReceipt.type)
    local r = t.ok(world, RECEIPT_GET, at "p")
    assert.equals(payment.cashReceipt.issueNumber, r.issueNumber)
    assert.is_false(r.isManual)
    t.refused(world, "CASH_RECEIPT_ALREADY_ISSUED", RECEIPT, receipt "p")
  end)

  it("do not come when it asked for none", function()
    open("p", { cashReceipt = { type = "NO_RECEIPT", customerIdentityNumber = "" } })
    deposit("p")
    assert.equals("NOT_ISSUED", t.payment(world, "p").cashReceiptIssuanceStatus)
    t.refused(world, "CASH_RECEIPT_NOT_FOUND", RECEIPT_GET, at "p")
    t.ok(world, RECEIPT, receipt "p")
    assert.equals("ISSUED", t.payment(world, "p").cashReceiptIssuanceStatus)
  end)

  it("are issued by hand for a sale elsewhere, once, and cancelled once", function()
    t.ok(world, RECEIPT, receipt("sale", { paidAt = "2026-01-01T00:00:00Z" }))
    local r = t.ok(world, RECEIPT_GET, at "sale")
    assert.equals("ISSUED", r.status)
    assert.is_true(r.isManual)
    assert.same({ 11000, 1000, 909 }, { r.amount, r.taxFreeAmount, r.vatAmount })
    t.refused(world, "CASH_RECEIPT_ALREADY_ISSUED", RECEIPT, receipt "sale")
    assert.equals(11000, t.ok(world, RECEIPT_CANCEL, at "sale").cancelledAmount)
    assert.equals("CANCELLED", t.ok(world, RECEIPT_GET, at "sale").status)
    t.refused(world, "CASH_RECEIPT_NOT_ISSUED", RECEIPT_CANCEL, at "sale")
    t.refused(world, "CASH_RECEIPT_NOT_FOUND", RECEIPT_CANCEL, at "x")
    t.ok(world, RECEIPT, receipt "sale")
  end)

  it("are refused for what was not paid in cash, not paid, or less", function()
    t.pay(world, "card", t.issue(world), 11000)
    t.refused(world, "INVALID_REQUEST", RECEIPT, receipt "card")
    open("p")
    t.refused(world, "INVALID_REQUEST", RECEIPT, receipt "p")
    deposit("p")
    t.refused(world, "INVALID_REQUEST", RECEIPT, receipt("p", { amount = { total = 11001 } }))
    t.cancel(world, "p", { refundAccount = REFUND, amount = 1000 })
    t.refused(world, "INVALID_REQUEST", RECEIPT, receipt "p")
    t.ok(world, RECEIPT, receipt("p", { amount = { total = 10000, taxFree = 1000 } }))
  end)

  it("need a channel and a willing gateway", function()
    t.refused(world, "CHANNEL_NOT_FOUND", RECEIPT, receipt("s", { channelKey = "x" }))
    t.act(world, "outage", { channel_key = "channel-key-ksnet", pg_code = "E1" })
    t.refused(world, "PG_PROVIDER", RECEIPT, receipt "s")
    t.refused(world, "CASH_RECEIPT_NOT_FOUND", RECEIPT_GET, at "s")
  end)

  it("are listed by what a filter names", function()
    for i = 1, 3 do
      t.ok(world, RECEIPT, receipt("s" .. i, { type = i == 2 and "CORPORATE" or "PERSONAL" }))
      t.advance(world, 60)
    end
    t.ok(world, RECEIPT_CANCEL, at "s1")
    local function found(filter, sort)
      local out = {}
      local list = t.ok(world, RECEIPT_LIST, { body = { filter = filter, sort = sort } }).items
      for i, item in ipairs(list) do out[i] = item.paymentId end
      return table.concat(out, " ")
    end
    assert.equals("s3 s2 s1", found())
    assert.equals("s1 s2 s3", found(nil, { order = "ASC" }))
    assert.equals("s1", found { statuses = { "CANCELLED" } })
    assert.equals("s1", found { timeRangeField = "CANCELLED_AT" })
    assert.equals("s2", found { types = { "CORPORATE" } })
    assert.equals("s3", found { paymentId = "s3" })
    assert.equals("", found { isManual = false })
    assert.equals("s3 s2 s1", found { pgProviders = { "KSNET" }, isTest = true, version = "V2" })
  end)
end)

describe("V2 escrow", function()
  local APPLY, MODIFY = "v2.payment.apply_escrow_logistics", "v2.payment.modify_escrow_logistics"
  local COMPLETE = "v2.payment.confirm_escrow"
  before_each(function()
    world = t.world()
    open("p", nil, { isEscrow = true })
  end)

  local function ship(id, number)
    return { path = { paymentId = id }, body = { logistics = { company = "CJ",
      invoiceNumber = number or "1", sentAt = "2026-01-01T00:00:00Z" } } }
  end
  local function status() return t.payment(world, "p").escrow.status end
  local function move(to)
    return t.act(world, "move_escrow", { payment_id = "p", status = to })
  end

  it("goes from registered to confirmed", function()
    assert.equals("BEFORE_REGISTERED", status())
    t.refused(world, "PAYMENT_NOT_PAID", APPLY, ship "p")
    deposit("p")
    t.refused(world, "INVALID_REQUEST", MODIFY, ship "p")
    t.refused(world, "INVALID_REQUEST", COMPLETE, { path = { paymentId = "p" } })
    assert.equals("1", t.ok(world, APPLY, ship "p").invoiceNumber)
    assert.equals("REGISTERED", status())
    t.refused(world, "INVALID_REQUEST", APPLY, ship "p")
    t.ok(world, MODIFY, ship("p", "2"))
    assert.equals("2", t.payment(world, "p").escrow.invoiceNumber)
    t.ok(world, COMPLETE, { path = { paymentId = "p" }, body = { fromStore = true } })
    assert.equals("CONFIRMED", status())
    assert.is_false(t.payment(world, "p").escrow.isAutomaticallyConfirmed)
  end)

  it("is delivered, rejected and its rejection confirmed outside the API", function()
    deposit("p")
    t.ok(world, APPLY, ship "p")
    assert.is_nil(move "REJECT_CONFIRMED")
    assert.is_true(move "DELIVERED")
    assert.is_true(move "REJECTED")
    assert.is_true(move "REJECT_CONFIRMED")
    assert.equals("REJECT_CONFIRMED", status())
    assert.is_nil(move "CONFIRMED")
  end)

  it("ends with the payment", function()
    deposit("p")
    t.ok(world, APPLY, ship "p")
    t.cancel(world, "p", { refundAccount = REFUND })
    assert.equals("CANCELLED", status())
  end)

  it("needs an escrow payment", function()
    open("q")
    deposit("q")
    t.refused(world, "INVALID_REQUEST", APPLY, ship "q")
    t.refused(world, "PAYMENT_NOT_FOUND", APPLY, ship "x")
  end)
end)
