local s = require "spec.sandbox.v1_support"

local function onetime(world, card, merchant_uid, amount, extra)
  local body = s.card(card, { merchant_uid = merchant_uid, amount = amount, name = "pass" })
  for key, value in pairs(extra or {}) do body[key] = value end
  return s.call(world, "v1.subscribe.onetime", { body = body })
end

local function paid(payment, code, message)
  assert.equals(0, code, tostring(message))
  assert.equals("paid", payment.status)
  return payment
end

describe("a charge by billing key", function()
  it("is paid, with every documented field", function()
    local world = s.world()
    s.issue(world, "user-1")
    local p = paid(s.again(world, "user-1", "order-1", 3000,
      { buyer_name = "홍길동", tax_free = 1000, custom_data = "{}" }))
    assert.truthy(p.imp_uid:find("^imp_%d%d%d%d%d%d%d%d%d%d%d%d$"))
    for _, field in ipairs { "imp_uid", "merchant_uid", "pay_method", "channel", "pg_provider",
      "emb_pg_provider", "pg_tid", "pg_id", "sandbox", "escrow", "apply_num", "bank_code",
      "bank_name", "card_code", "card_name", "card_issuer_code", "card_issuer_name",
      "card_publisher_code", "card_publisher_name", "card_quota", "card_number", "card_type",
      "vbank_code", "vbank_name", "vbank_num", "vbank_holder", "vbank_date", "vbank_issued_at",
      "name", "amount", "cancel_amount", "currency", "buyer_name", "buyer_email", "buyer_tel",
      "buyer_addr", "buyer_postcode", "custom_data", "user_agent", "status", "started_at",
      "paid_at", "failed_at", "cancelled_at", "fail_reason", "cancel_reason", "receipt_url",
      "cancel_history", "deposit_history", "cancel_receipt_urls", "cash_receipt_issued",
      "customer_uid", "customer_uid_usage", "promotion" } do
      assert.not_nil(p[field], field)
    end
    assert.equals("card", p.pay_method)
    assert.equals("api", p.channel)
    assert.equals("tosspayments", p.pg_provider)
    assert.equals("tosspayments_mid", p.pg_id)
    assert.equals("424242******4242", p.card_number)
    assert.equals("366", p.card_code)
    assert.equals("366", p.card_issuer_code)
    assert.truthy(p.apply_num:find("^%d+$"))
    assert.equals(3000, p.amount)
    assert.equals(0, p.cancel_amount)
    assert.equals("KRW", p.currency)
    assert.equals("홍길동", p.buyer_name)
    assert.equals(s.null, p.buyer_email)
    assert.equals(s.START, p.started_at)
    assert.equals(s.START, p.paid_at)
    assert.equals(0, p.failed_at)
    assert.equals(0, p.cancelled_at)
    assert.equals(0, p.vbank_date)
    assert.equals(0, p.card_quota)
    assert.equals("user-1", p.customer_uid)
    assert.equals("payment", p.customer_uid_usage)
    assert.is_false(p.sandbox)
  end)

  it("that the card declines is code 0 with status failed, and may be tried again", function()
    local world = s.world()
    s.issue(world, "bad", "declined")
    s.issue(world, "good")
    local p, code = s.again(world, "bad", "order-1", 3000)
    assert.equals(0, code)
    assert.equals("failed", p.status)
    assert.truthy(p.fail_reason:find("REJECT_CARD_COMPANY", 1, true))
    assert.equals(s.START, p.failed_at)
    assert.equals(0, p.paid_at)
    assert.equals(s.null, p.receipt_url)
    local second = paid(s.again(world, "good", "order-1", 3000))
    assert.not_equals(p.imp_uid, second.imp_uid)
  end)

  it("that the PG does not answer is a refusal, and leaves a failed payment", function()
    local world = s.world()
    s.issue(world, "slow", "pg_timeout")
    local response, code = s.again(world, "slow", "order-1", 3000)
    assert.equals(s.null, response)
    assert.is_true(code ~= 0)
    assert.equals("failed", s.ok(world, "v1.payments.find",
      { path = { merchant_uid = "order-1" } }).status)
  end)

  it("cannot be made twice for one merchant_uid", function()
    local world = s.world()
    s.issue(world, "user-1")
    paid(s.again(world, "user-1", "order-1", 3000))
    local _, code, message, status = s.again(world, "user-1", "order-1", 3000)
    assert.is_true(code ~= 0)
    assert.equals(200, status)
    assert.truthy(message:find("order-1", 1, true))
    assert.equals(3000, s.moved(world))
  end)

  it("cannot be made after a full cancellation either, unless set so", function()
    for _, reuse in ipairs { false, true } do
      local world = s.world { v1_reuse_cancelled_merchant_uid = reuse }
      s.issue(world, "user-1")
      paid(s.again(world, "user-1", "order-1", 3000))
      s.ok(world, "v1.payments.cancel", { body = { merchant_uid = "order-1" } })
      local _, code = s.again(world, "user-1", "order-1", 3000)
      assert.equals(reuse, code == 0)
    end
  end)

  it("needs a key, and a merchant_uid without a pending schedule", function()
    local world = s.world()
    local _, code = s.again(world, "nobody", "order-1", 3000)
    assert.is_true(code ~= 0)
    s.issue(world, "user-1")
    s.schedule(world, "user-1", { { merchant_uid = "order-2", schedule_at = s.START + 60,
      amount = 100, name = "n" } })
    _, code = s.again(world, "user-1", "order-2", 100)
    assert.is_true(code ~= 0)
    assert.equals(0, #world.v1.payment_order)
  end)

  it("is refused for an amount that is no amount", function()
    local world = s.world()
    s.issue(world, "user-1")
    for _, bad in ipairs { 0, -1, 10.5, 0 / 0, 1 / 0, "3000" } do
      local _, code = s.again(world, "user-1", "order-1", bad)
      assert.is_true(code ~= 0, tostring(bad))
    end
    for _, extra in ipairs { { tax_free = 3001 }, { tax_free = -1 }, { vat_amount = 3001 },
      { tax_free = 2000, vat_amount = 1001 }, { card_quota = 1 }, { card_quota = 3 },
      { promotion_id = "promotion-id-1" } } do
      local _, code = s.again(world, "user-1", "order-1", 3000, extra)
      assert.is_true(code ~= 0)
    end
    assert.equals(0, #world.v1.payment_order)
    paid(s.again(world, "user-1", "order-1", 10.5, { currency = "USD" }))
    local p = paid(s.again(world, "user-1", "order-2", 50000, { card_quota = 3 }))
    assert.equals(3, p.card_quota)
  end)

  it("fails once the card has expired", function()
    local world = s.world()
    s.ok(world, "v1.customers.issue", { path = { customer_uid = "u" },
      body = { card_number = "5555-5555-5555-4444", expiry = "2026-02" } })
    paid(s.again(world, "u", "order-1", 100))
    world:advance(90 * 86400)
    local p = s.again(world, "u", "order-2", 100)
    assert.equals("failed", p.status)
    assert.truthy(p.fail_reason:find("EXPIRATION", 1, true))
  end)

  it("follows the rules of single PGs", function()
    local world = s.world()
    s.issue(world, "k", nil, { channel_key = "channel-key-nice_v2" })
    assert.equals("nice_v2", paid(s.again(world, "k", "order-1", 100)).pg_provider)
    s.issue(world, "i", nil, { channel_key = "channel-key-kcp" })
    assert.equals(s.null, paid(s.again(world, "i", "order-2", 100)).card_issuer_code)
    local customer = world.v1.customers.k
    customer.keys[1].channel = world:channel "channel-key-smartro_v2"
    local buyer = { buyer_name = "n", buyer_email = "e@x.kr", buyer_tel = "01000000000" }
    local _, code = s.again(world, "k", "order3", 100)
    assert.is_true(code ~= 0)
    _, code = s.again(world, "k", "order-3", 100, buyer)
    assert.is_true(code ~= 0)
    paid(s.again(world, "k", "order3", 100, buyer))
    customer.keys[1].channel = world:channel "channel-key-paypal_v2"
    _, code = s.again(world, "k", "order-4", 100)
    assert.is_true(code ~= 0)
    _, code = s.again(world, "k", "order-4", 100, { currency = "KRW" })
    assert.is_true(code ~= 0)
    assert.equals("paypal", paid(s.again(world, "k", "order-4", 1.25,
      { currency = "USD" })).pay_method)
    customer.keys[1].channel = world:channel "channel-key-galaxia"
    _, code = s.again(world, "k", "order-5", 100)
    assert.is_true(code ~= 0)
  end)

  it("stores an object as custom_data as JSON text", function()
    local world = s.world()
    s.issue(world, "user-1")
    local p = paid(s.again(world, "user-1", "order-1", 100, { custom_data = { a = 1 } }))
    assert.equals('{"a":1}', p.custom_data)
    assert.equals("text", paid(s.again(world, "user-1", "order-2", 100,
      { custom_data = "text" })).custom_data)
  end)

  it("is marked as a test payment when the channel or the setting says so", function()
    local world = s.world { v1_test_channel = true }
    s.issue(world, "user-1")
    assert.is_true(paid(s.again(world, "user-1", "order-1", 100)).sandbox)
    local other = s.world()
    other.config.channels[1].sandbox = true
    s.issue(other, "user-1")
    assert.is_true(paid(s.again(other, "user-1", "order-1", 100)).sandbox)
  end)
end)

describe("a charge by card", function()
  it("is paid and keeps no key without a customer_uid", function()
    local world = s.world()
    local p = paid(onetime(world, "success_check", "order-1", 3000))
    assert.equals(s.null, p.customer_uid)
    assert.equals(s.null, p.customer_uid_usage)
    assert.equals(1, p.card_type)
    assert.is_nil(next(world.v1.customers))
  end)

  it("keeps the key of a paid charge, with the buyer as the customer", function()
    local world = s.world()
    local p = paid(onetime(world, "success", "order-1", 3000,
      { customer_uid = "u", buyer_name = "홍길동", buyer_email = "h@example.com" }))
    assert.equals("u", p.customer_uid)
    assert.equals("issue", p.customer_uid_usage)
    local customer = s.ok(world, "v1.customers.get", { path = { customer_uid = "u" } })
    assert.equals("홍길동", customer.customer_name)
    assert.equals("h@example.com", customer.customer_email)
    paid(s.again(world, "u", "order-2", 3000))
  end)

  it("keeps no key of a declined charge", function()
    local world = s.world()
    local p, code = onetime(world, "declined", "order-1", 3000, { customer_uid = "u" })
    assert.equals(0, code)
    assert.equals("failed", p.status)
    assert.is_nil(world.v1.customers.u)
  end)

  it("is not made when its key is refused", function()
    local world = s.world()
    local _, code = onetime(world, "issue_declined", "order-1", 3000, { customer_uid = "u" })
    assert.is_true(code ~= 0)
    assert.equals(0, #world.journal)
    paid(onetime(world, "issue_declined", "order-1", 3000))
  end)

  it("tells what is wrong with the card", function()
    local world = s.world()
    for card, code in pairs { wrong_birth = "IDENTITY", wrong_password = "PASSWORD",
      wrong_expiry = "EXPIRATION" } do
      local p = onetime(world, card, "order-" .. card, 3000)
      assert.equals("failed", p.status)
      assert.truthy(p.fail_reason:find(code, 1, true))
    end
    local _, code = onetime(world, "success", "order-1", 3000, { card_number = "no number" })
    assert.is_true(code ~= 0)
    _, code = onetime(world, "success", "order-1", 3000, { expiry = "12/30" })
    assert.is_true(code ~= 0)
  end)

  it("goes to the PG that is named, to the default one when that is unknown", function()
    local world = s.world()
    assert.equals("kcp", paid(onetime(world, "success", "o1", 100, { pg = "kcp" })).pg_provider)
    assert.equals("kcp",
      paid(onetime(world, "success", "o2", 100, { pg = "kcp.kcp_mid" })).pg_provider)
    assert.equals("tosspayments",
      paid(onetime(world, "success", "o3", 100, { pg = "kcp.other" })).pg_provider)
    assert.equals("tosspayments",
      paid(onetime(world, "success", "o4", 100, { pg = "nonsense" })).pg_provider)
  end)

  it("goes to one of a group's channels by their shares, whatever pg says", function()
    local world = s.world(nil, { channel_groups = { g = {
      { key = "channel-key-kcp", ratio = 3 }, { key = "channel-key-nice_v2", ratio = 1 } } } })
    local count = { kcp = 0, nice_v2 = 0 }
    for i = 1, 80 do
      local p = paid(onetime(world, "success", "o" .. i, 100,
        { channelGroupId = "g", pg = "tosspayments" }))
      count[p.pg_provider] = count[p.pg_provider] + 1
    end
    assert.equals(80, count.kcp + count.nice_v2)
    assert.is_true(count.kcp > 45 and count.nice_v2 > 8)
    local _, code = onetime(world, "success", "o", 100, { channelGroupId = "unknown" })
    assert.is_true(code ~= 0)
    world.config.channel_groups.h = { "channel-key-danal", "channel-key-none" }
    _, code = onetime(world, "success", "o", 100, { channelGroupId = "h" })
    assert.is_true(code ~= 0)
    world.config.channel_groups.h[3] = "channel-key-kcp"
    for i = 1, 10 do
      assert.equals("kcp", paid(onetime(world, "success", "h" .. i, 100,
        { channelGroupId = "h" })).pg_provider)
    end
  end)
end)

describe("webhooks of direct charges", function()
  it("tell of a payment, to the request's addresses or the console's", function()
    local world = s.world()
    s.issue(world, "user-1")
    local p = paid(s.again(world, "user-1", "o1", 100))
    assert.same({ { body = { imp_uid = p.imp_uid, merchant_uid = "o1", status = "paid" } } },
      world.sent)
    paid(s.again(world, "user-1", "o2", 100, { notice_url = "http://a.invalid/" }))
    assert.same({ "http://a.invalid/" }, world.sent[2].urls)
    paid(s.again(world, "user-1", "o3", 100,
      { notice_url = { "http://a.invalid/", "http://b.invalid/" } }))
    assert.same({ "http://a.invalid/", "http://b.invalid/" }, world.sent[3].urls)
    paid(s.again(world, "user-1", "o4", 100, { notice_url = "" }))
    assert.is_nil(world.sent[4].urls)
  end)

  it("say nothing of a failure", function()
    local world = s.world()
    s.issue(world, "bad", "declined")
    s.again(world, "bad", "o1", 100)
    onetime(world, "declined", "o2", 100)
    assert.same({}, world.sent)
  end)
end)

describe("the journal", function()
  it("has one entry for each charge", function()
    local world = s.world()
    s.issue(world, "user-1")
    s.issue(world, "bad", "declined")
    local p = paid(s.again(world, "user-1", "o1", 100))
    s.again(world, "bad", "o2", 200)
    s.again(world, "user-1", "o1", 100)
    assert.equals(2, #world.journal)
    assert.same({ n = 1, kind = "charge", at = s.START, api = "v1", imp_uid = p.imp_uid,
      order = "o1", amount = 100, currency = "KRW", outcome = "paid" }, world.journal[1])
    assert.equals("failed", world.journal[2].outcome)
    assert.equals(100, s.moved(world))
  end)
end)
