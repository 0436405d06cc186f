local books = require "portone.sandbox.v1"
local s = require "spec.sandbox.v1_support"

local DAY = 86400

local function paid(amount, extra, settings, pg)
  local world = s.world(settings)
  s.issue(world, "u")
  if pg then
    local channel = world:channel("channel-key-" .. pg)
    local key = world.v1.customers.u.keys[1]
    key.channel, key.pg_provider = channel, pg
  end
  local p, code, message = s.again(world, "u", "o1", amount, extra)
  assert.equals(0, code, tostring(message))
  assert.equals("paid", p.status)
  world.sent = {}
  return world, p
end

local function cancel(world, body)
  body.imp_uid = body.imp_uid or (not body.merchant_uid) and world.v1.payment_order[1].imp_uid
  return s.ok(world, "v1.payments.cancel", { body = body })
end

local function refused(world, body)
  local before = s.moved(world)
  body.imp_uid = body.imp_uid or (not body.merchant_uid) and world.v1.payment_order[1].imp_uid
  local message = s.refused(world, "v1.payments.cancel", { body = body }, 200)
  assert.equals(before, s.moved(world))
  return message
end

describe("a refund", function()
  it("of all makes the payment cancelled", function()
    local world = paid(3000)
    world:advance(60)
    local p = cancel(world, { reason = "변심" })
    assert.equals("cancelled", p.status)
    assert.equals(3000, p.amount)
    assert.equals(3000, p.cancel_amount)
    assert.equals(s.START + 60, p.cancelled_at)
    assert.equals(s.START, p.paid_at)
    assert.equals("변심", p.cancel_reason)
    local entry = p.cancel_history[1]
    assert.equals(3000, entry.amount)
    assert.equals("변심", entry.reason)
    assert.equals(s.START + 60, entry.cancelled_at)
    assert.equals(p.pg_tid, entry.pg_tid)
    assert.truthy(entry.cancellation_id:find("^%x+%-%x+%-%x+%-%x+%-%x+$"))
    assert.same({ entry.receipt_url }, p.cancel_receipt_urls)
    assert.equals(0, s.moved(world))
  end)

  it("of a part leaves it paid, by parts until nothing is left", function()
    local world = paid(3000)
    local p = cancel(world, { amount = 1000 })
    assert.equals("paid", p.status)
    assert.equals(1000, p.cancel_amount)
    assert.equals(0, p.cancelled_at)
    p = cancel(world, { amount = 500 })
    assert.equals(1500, p.cancel_amount)
    assert.equals(2, #p.cancel_history)
    assert.not_equals(p.cancel_history[1].cancellation_id, p.cancel_history[2].cancellation_id)
    refused(world, { amount = 1501 })
    p = cancel(world, { amount = 1500 })
    assert.equals("cancelled", p.status)
    refused(world, {})
    refused(world, { amount = 1 })
    assert.equals(0, s.moved(world))
  end)

  it("of a part shows as the setting says", function()
    local world = paid(3000, nil, { v1_partial_cancel_status = "cancelled" })
    assert.equals("cancelled", cancel(world, { amount = 1000 }).status)
    assert.equals("cancelled", cancel(world, { amount = 2000 }).status)
    refused(world, {})
  end)

  it("of amount 0 is of all that is left", function()
    local world = paid(3000)
    cancel(world, { amount = 1000 })
    local p = cancel(world, { amount = 0 })
    assert.equals("cancelled", p.status)
    assert.equals(2000, p.cancel_history[2].amount)
  end)

  it("is refused for a wrong amount", function()
    local world = paid(3000)
    for _, bad in ipairs { -1, 0.5, 3001, "100" } do refused(world, { amount = bad }) end
    assert.truthy(refused(world, { amount = 3001 }):find("취소 가능한 금액", 1, true))
  end)

  it("is refused when the checksum is not what is left", function()
    local world = paid(3000)
    refused(world, { amount = 1000, checksum = 2999 })
    refused(world, { amount = 1000, checksum = 0 })
    cancel(world, { amount = 1000, checksum = 3000 })
    refused(world, { amount = 1000, checksum = 3000 })
    cancel(world, { amount = 1000, checksum = 2000 })
  end)

  it("finds the payment by imp_uid before merchant_uid", function()
    local world, p = paid(3000)
    s.again(world, "u", "o2", 500)
    refused(world, { imp_uid = "imp_000000000000", merchant_uid = "o1" })
    assert.equals("o1", cancel(world, { imp_uid = p.imp_uid, merchant_uid = "o2" }).merchant_uid)
    assert.equals("o2", cancel(world, { merchant_uid = "o2" }).merchant_uid)
    s.refused(world, "v1.payments.cancel", { body = { merchant_uid = "o9" } })
    s.refused(world, "v1.payments.cancel", { body = {} })
  end)

  it("by merchant_uid is of the paid one among several", function()
    local world = s.world()
    s.issue(world, "bad", "declined")
    s.issue(world, "u")
    s.again(world, "bad", "o1", 700)
    s.again(world, "u", "o1", 700)
    assert.equals("cancelled", cancel(world, { merchant_uid = "o1" }).status)
    s.again(world, "bad", "o2", 700)
    refused(world, { merchant_uid = "o2" })
    -- paid, and tried once more from a window that was open meanwhile
    local open = books.actions.open_window
    local p = assert(open(world, { merchant_uid = "o3", amount = 700, name = "n" }))
    s.again(world, "u", "o3", 700)
    refused(world, { imp_uid = p.imp_uid })
    assert.equals("cancelled", cancel(world, { merchant_uid = "o3" }).status)
    assert(open(world, { merchant_uid = "o4", amount = 700, name = "n" }))
    s.again(world, "u", "o4", 700)
    books.actions.close_window(world, { imp_uid = assert(world.v1.by_merchant.o4[1].imp_uid) })
    assert.equals("cancelled", cancel(world, { merchant_uid = "o4" }).status)
    -- begun first, paid after another attempt failed
    p = assert(open(world, { merchant_uid = "o5", amount = 700, name = "n" }))
    s.again(world, "bad", "o5", 700)
    assert(books.actions.close_window(world, { imp_uid = p.imp_uid }))
    assert.equals("cancelled", cancel(world, { merchant_uid = "o5" }).status)
  end)

  it("keeps cents exact", function()
    local world = paid(10.1, { currency = "USD" })
    cancel(world, { amount = 3.37 })
    cancel(world, { amount = 3.37, checksum = 6.73 })
    local p = cancel(world, { amount = 3.36 })
    assert.equals("cancelled", p.status)
    assert.equals(10.1, p.cancel_amount)
  end)
end)

describe("the tax-free part of a refund", function()
  it("is what is left of it when all is refunded", function()
    local world = paid(3000, { tax_free = 1000 })
    cancel(world, { amount = 500, tax_free = 500 })
    assert.equals("cancelled", cancel(world, {}).status)
  end)

  it("cannot exceed what is left of either part", function()
    local world = paid(3000, { tax_free = 1000 })
    refused(world, { amount = 1500, tax_free = 1001 })
    refused(world, { amount = 500, tax_free = 501 })
    refused(world, { amount = 2500 })
    cancel(world, { amount = 2000 })
    refused(world, { amount = 500 })
    cancel(world, { amount = 500, tax_free = 500 })
  end)

  it("must be said to some PGs", function()
    local world = paid(3000, { tax_free = 1000 }, nil, "kcp")
    refused(world, {})
    cancel(world, { tax_free = 1000 })
    cancel(paid(3000, nil, nil, "kcp"), {})
  end)

  it("and the VAT must be said when it was said at the payment", function()
    local world = paid(3000, { vat_amount = 100 }, nil, "nice_v2")
    refused(world, {})
    refused(world, { vat_amount = 3001 })
    cancel(world, { vat_amount = 100 })
    world = paid(3000, { vat_amount = 100 }, nil, "tosspay_v2")
    refused(world, { amount = 1000 })
    cancel(world, { amount = 1000, vat_amount = 30 })
    cancel(paid(3000, { vat_amount = 100 }, nil, "tosspay_v2"), {})
    cancel(paid(3000, { vat_amount = 100 }, nil, "tosspayments"), {})
  end)
end)

describe("a refund follows the PG", function()
  local function as(method, world)
    world.v1.payment_order[1].pay_method = method
    return world
  end

  it("needs an account for a virtual account, and for transfers of smartro_v2", function()
    local account = { refund_holder = "h", refund_bank = "088", refund_account = "1" }
    local world = as("vbank", paid(3000))
    refused(world, {})
    refused(world, { refund_holder = "h", refund_bank = "088" })
    cancel(world, account)
    refused(as("trans", (function()
      local w = paid(3000)
      w.v1.payment_order[1].pg_provider = "smartro_v2"
      return w
    end)()), {})
    cancel(as("trans", paid(3000)), {})
    world = as("vbank", paid(3000))
    world.v1.payment_order[1].pg_provider = "smartro"
    refused(world, account)
    account.refund_tel = "01012345678"
    cancel(world, account)
  end)

  it("allows a phone payment's refund in the same month of Seoul", function()
    local world = as("phone", paid(3000))
    world:advance(30 * DAY) -- 31 January
    cancel(world, {})
    world = as("phone", paid(3000))
    world:advance(30 * DAY + 15 * 3600) -- 1 February, 00:00 in Seoul
    refused(world, {})
    refused(world, { refund_holder = "h", refund_bank = "88", refund_account = "1" })
    world = as("phone", paid(3000, nil, nil, "kcp"))
    world:advance(40 * DAY)
    refused(world, {})
    cancel(world, { refund_holder = "h", refund_bank = "BK88", refund_account = "1" })
  end)

  it("allows no part of a gift certificate at tosspayments", function()
    local world = as("cultureland", paid(3000))
    refused(world, { amount = 1000 })
    cancel(world, {})
  end)

  it("allows ksnet nine parts and six months", function()
    local world = paid(3000, { buyer_name = "n", product_type = "real" }, nil, "ksnet")
    for _ = 1, 9 do cancel(world, { amount = 100 }) end
    refused(world, { amount = 100 })
    cancel(world, {})
    world = paid(3000, { buyer_name = "n", product_type = "real" }, nil, "ksnet")
    world:advance(182 * DAY)
    refused(world, {})
    world = paid(3000)
    for _ = 1, 10 do cancel(world, { amount = 100 }) end
    world:advance(182 * DAY)
    cancel(world, {})
  end)

  it("refunds no virtual account of ksnet in the night of Seoul", function()
    for hour, open in pairs { [5] = false, [6] = true, [22] = true, [23] = false } do
      local world = as("vbank", paid(3000, { buyer_name = "n", product_type = "real" }, nil,
        "ksnet"))
      world:advance((hour - 9) % 24 * 3600)
      local _, code = s.call(world, "v1.payments.cancel", { body = { merchant_uid = "o1",
        refund_holder = "h", refund_bank = "88", refund_account = "1" } })
      assert.equals(open, code == 0, hour)
    end
  end)

  it("asks naverpay for a reason and a requester", function()
    local world = paid(3000, nil, nil, "naverpay")
    refused(world, {})
    refused(world, { reason = "r" })
    cancel(world, { reason = "r", extra = { requester = "customer" } })
  end)
end)

describe("the webhook of a refund", function()
  it("is sent when asked for, with the cancellation's id", function()
    local world, p = paid(3000)
    cancel(world, { amount = 1000 })
    assert.same({}, world.sent)
    local entry = cancel(world, { amount = 500, enable_webhook = true }).cancel_history[2]
    assert.same({ { body = { imp_uid = p.imp_uid, merchant_uid = "o1", status = "cancelled",
      cancellation_id = entry.cancellation_id } } }, world.sent)
  end)

  it("goes where the payment's webhooks went", function()
    local world = paid(3000, { notice_url = "http://n.invalid/" })
    cancel(world, { enable_webhook = true })
    assert.same({ "http://n.invalid/" }, world.sent[1].urls)
  end)

  it("is not sent for a payment that had none", function()
    local world = s.world(nil, {})
    world.config.v1_webhook_url = nil
    s.issue(world, "u")
    s.again(world, "u", "o1", 100)
    world.sent = {}
    cancel(world, { enable_webhook = true })
    assert.same({}, world.sent)
  end)
end)

describe("the journal of refunds", function()
  it("has one entry for each, none for a refused one", function()
    local world, p = paid(3000)
    local entry = cancel(world, { amount = 1000 }).cancel_history[1]
    refused(world, { amount = 9000 })
    assert.equals(2, #world.journal)
    assert.same({ n = 2, kind = "cancel", at = s.START, api = "v1", imp_uid = p.imp_uid,
      order = "o1", amount = 1000, currency = "KRW", cancellation_id = entry.cancellation_id,
      outcome = "cancelled" }, world.journal[2])
  end)
end)
