-- SPDX-License-Identifier: MIT
-- Identity verification, payment sessions, promotions, banks.

local t = require "spec.sandbox.v2_support"

local world
before_each(function() world = t.world() end)

describe("V2 identity verification", function()
  local SEND = "v2.identity_verification.send_identity_verification"
  local CONFIRM = "v2.identity_verification.confirm_identity_verification"
  local RESEND = "v2.identity_verification.resend_identity_verification"
  local GET = "v2.identity_verification.get_identity_verification"
  local LIST = "v2.identity_verification.get_identity_verifications"

  local function at(id, body)
    return { path = { identityVerificationId = id }, body = body }
  end
  local function request(id, extra, customer)
    return at(id, t.with({ channelKey = "channel-key-kcp_v2", operator = "SKT", method = "SMS",
      customer = t.with({ name = "Kim", phoneNumber = "01012345678", identityNumber = "8202132",
        ipAddress = "127.0.0.1" }, customer) }, extra))
  end

  it("is sent, confirmed with the password, and then says who it was", function()
    t.ok(world, SEND, request "i")
    assert.equals("READY", t.ok(world, GET, at "i").status)
    t.refused(world, "IDENTITY_VERIFICATION_ALREADY_SENT", SEND, request "i")
    t.ok(world, RESEND, at "i")
    t.refused(world, "INVALID_REQUEST", CONFIRM, at("i", {}))
    assert.equals("OTP_MISMATCH",
      t.refused(world, "PG_PROVIDER", CONFIRM, at("i", { otp = "000000" })).pgCode)
    local v = t.ok(world, CONFIRM, at("i", { otp = "123456" })).identityVerification
    assert.equals("VERIFIED", v.status)
    local who = v.verifiedCustomer
    assert.same({ "Kim", "1982-02-13", "FEMALE", false, "SKT" },
      { who.name, who.birthDate, who.gender, who.isForeigner, who.operator })
    assert.equals(88, #who.ci)
    assert.equals(64, #who.di)
    for _, op in ipairs { SEND, CONFIRM, RESEND } do
      t.refused(world, "IDENTITY_VERIFICATION_ALREADY_VERIFIED", op,
        op == SEND and request "i" or at("i", op == CONFIRM and { otp = "123456" } or nil))
    end
  end)

  it("reads century, sex and nationality from the seventh digit", function()
    local function who(digit)
      local id = "i" .. digit
      t.ok(world, SEND, request(id, nil, { identityNumber = "050607" .. digit }))
      local c = t.ok(world, CONFIRM, at(id, { otp = "123456" })).identityVerification
        .verifiedCustomer
      return c.birthDate:sub(1, 4) .. " " .. c.gender .. " " .. tostring(c.isForeigner)
    end
    assert.equals("1905 MALE false", who "1")
    assert.equals("2005 FEMALE false", who "4")
    assert.equals("1905 FEMALE true", who "6")
    assert.equals("2005 MALE true", who "7")
  end)

  it("needs digits, and the number for SMS", function()
    for _, wrong in ipairs { { phoneNumber = "010-1234-5678" }, { identityNumber = "820213" },
      { identityNumber = "8213132" }, { identityNumber = "8202139" } } do
      t.refused(world, "INVALID_REQUEST", SEND, request("i", nil, wrong))
    end
    local args = request "i"
    args.body.customer.identityNumber = nil
    t.refused(world, "INVALID_REQUEST", SEND, args)
    args.body.method = "APP"
    t.ok(world, SEND, args)
    assert.equals("VERIFIED", t.ok(world, CONFIRM, at("i", {})).identityVerification.status)
  end)

  it("is found only where something was sent", function()
    t.refused(world, "IDENTITY_VERIFICATION_NOT_FOUND", GET, at "x")
    t.refused(world, "IDENTITY_VERIFICATION_NOT_FOUND", CONFIRM, at("x", { otp = "1" }))
    t.refused(world, "CHANNEL_NOT_FOUND", SEND, request("i", { channelKey = "x" }))
  end)

  it("may be sent again after it failed, so often", function()
    world.config.settings.v2_max_transactions = 2
    t.ok(world, SEND, request "i")
    assert.is_true(t.act(world, "fail_identity", { id = "i", reason = "carrier" }))
    local v = t.ok(world, GET, at "i")
    assert.equals("FAILED", v.status)
    assert.equals("carrier", v.failure.reason)
    t.refused(world, "IDENTITY_VERIFICATION_NOT_SENT", CONFIRM, at("i", { otp = "123456" }))
    t.refused(world, "IDENTITY_VERIFICATION_NOT_SENT", RESEND, at "i")
    t.ok(world, SEND, request "i")
    t.act(world, "fail_identity", { id = "i" })
    t.refused(world, "MAX_TRANSACTION_COUNT_REACHED", SEND, request "i")
    assert.is_nil(t.act(world, "fail_identity", { id = "x" }))
  end)

  it("is not sent while the gateway refuses", function()
    t.act(world, "outage", { channel_key = "channel-key-kcp_v2", pg_code = "E1" })
    t.refused(world, "PG_PROVIDER", SEND, request "i")
    t.refused(world, "IDENTITY_VERIFICATION_NOT_FOUND", GET, at "i")
  end)

  it("is listed by what a filter names", function()
    for i = 1, 3 do
      t.ok(world, SEND, request("i" .. i, { operator = i == 2 and "KT" or "SKT" },
        { name = "n" .. i }))
      t.advance(world, 60)
    end
    t.ok(world, CONFIRM, at("i1", { otp = "123456" }))
    local function found(filter)
      local out = {}
      for i, item in ipairs(t.ok(world, LIST, { body = { filter = filter } }).items) do
        out[i] = item.id
      end
      return table.concat(out, " ")
    end
    assert.equals("i3 i2 i1", found())
    assert.equals("i1", found { statuses = { "VERIFIED" } })
    assert.equals("i1", found { timeRangeField = "VERIFIED_AT" })
    assert.equals("i2", found { carriers = { "KT" } })
    assert.equals("i3", found { customer = { name = "n3", birthYear = "1982" } })
    assert.equals("i2", found { identityVerificationId = "i2" })
    assert.equals("", found { pgProviders = { "DANAL" } })
  end)
end)

describe("V2 payment sessions", function()
  local CREATE = "v2.payment_session.create_payment_session"
  local GET = "v2.payment_session.get_payment_session"
  local CLOSE = "v2.payment_session.close_payment_session"

  local function order(extra)
    return { body = t.with({ storeId = "store-1", paymentId = "p", profileKey = "profile-1",
      country = "US", currency = "USD", totalAmount = 1299, orderName = "o" }, extra) }
  end
  local function at(id) return { path = { sessionId = id } } end

  it("show their order until they expire", function()
    local made = t.ok(world, CREATE, order { ttlSeconds = 60, products = { { name = "x",
      unitPrice = 1299, quantity = 1 } } })
    assert.equals("2026-01-01T00:01:00Z", made.expiresAt)
    assert.matches(made.sessionId, made.url, 1, true)
    local session = t.ok(world, GET, at(made.sessionId))
    assert.same({ "p", 1299, "x" },
      { session.paymentId, session.totalAmount, session.products[1].name })
    t.advance(world, 59)
    t.ok(world, GET, at(made.sessionId))
    t.advance(world, 1)
    t.refused(world, "SESSION_EXPIRED", GET, at(made.sessionId))
  end)

  it("end when they are closed", function()
    local made = t.ok(world, CREATE, order())
    assert.equals("2026-01-01T01:00:00Z", made.expiresAt)
    t.advance(world, 5)
    assert.equals("2026-01-01T00:00:05Z", t.ok(world, CLOSE, at(made.sessionId)).closedAt)
    t.refused(world, "SESSION_EXPIRED", GET, at(made.sessionId))
    t.refused(world, "SESSION_NOT_FOUND", CLOSE, at "x")
    t.refused(world, "SESSION_NOT_FOUND", GET, at "x")
  end)

  it("live so long at most, of the right store", function()
    t.refused(world, "MAX_TTL_EXCEEDED", CREATE, order { ttlSeconds = 86401 })
    t.refused(world, "INVALID_REQUEST", CREATE, order { ttlSeconds = 0 })
    t.refused(world, "INVALID_REQUEST", CREATE, order { totalAmount = 0 })
    t.refused(world, "FORBIDDEN", CREATE, order { storeId = "store-2" })
  end)

  it("have a profile that offers the channels' methods", function()
    local name = "v2.checkout_profile.evaluate_checkout_profile"
    local query = { profileKey = "profile-1", country = "KR", currency = "KRW", amount = 1000 }
    local methods = t.ok(world, name, { query = query }).methods
    assert.equals("channel-key-tosspayments", methods[1].channelKey)
    t.refused(world, "PROFILE_SETTINGS_NOT_FOUND", name,
      { query = t.with(query, { profileKey = "x" }) })
  end)
end)

describe("V2 promotions", function()
  local key
  local function promote(extra)
    return t.act(world, "add_promotion", t.with({ card_company = "SHINHAN_CARD", partitions = {
      { amountFrom = 10000, scheme = { type = "PERCENT", percent = 10 } },
      { amountFrom = 50000, scheme = { type = "AMOUNT", amount = 8000 } } } }, extra))
  end
  before_each(function() key = t.issue(world, nil, { skipWebhook = true }) end)

  local function promotion(id)
    return t.ok(world, "v2.payment.promotion.get_promotion", { path = { promotionId = id } })
  end

  it("take their discount off what is paid, and off their budget", function()
    local id = promote()
    t.pay(world, "p", key, 20000, { promotionId = id })
    local payment = t.payment(world, "p")
    assert.equals(id, payment.promotionId)
    assert.same({ 20000, 2000, 18000 },
      { payment.amount.total, payment.amount.discount, payment.amount.paid })
    t.pay(world, "q", key, 60000, { promotionId = id })
    assert.equals(8000, t.payment(world, "q").amount.discount)
    t.pay(world, "r", key, 9999, { promotionId = id })
    assert.equals(0, t.payment(world, "r").amount.discount)
    assert.equals(10000, promotion(id).spentAmount)
    assert.same({ KRW = 18000 + 52000 + 9999 }, t.moved(world))
  end)

  it("are for one card company and less than the total", function()
    local id = promote { partitions = {
      { amountFrom = 0, scheme = { type = "AMOUNT", amount = 5000 } } } }
    local other = t.issue(world, "success_check", { skipWebhook = true })
    t.pay_refused(world, "PROMOTION_PAY_METHOD_DOES_NOT_MATCH", "p", other, 9000,
      { promotionId = id })
    t.pay_refused(world, "DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT", "p", key, 5000,
      { promotionId = id })
    t.pay_refused(world, "PROMOTION_PAY_METHOD_DOES_NOT_MATCH", "p", key, 9000,
      { promotionId = id, currency = "USD" })
    t.pay_refused(world, "INVALID_REQUEST", "p", key, 9000, { promotionId = "x" })
    t.refused(world, "PROMOTION_NOT_FOUND", "v2.payment.promotion.get_promotion",
      { path = { promotionId = "x" } })
  end)

  it("are capped", function()
    t.pay(world, "p", key, 20000, { promotionId = promote { max_discount = 1500 } })
    assert.equals(1500, t.payment(world, "p").amount.discount)
  end)

  it("run from start to end, and to the end of their budget", function()
    local id = promote { start_at = t.START + 60, end_at = t.START + 120, budget = 2500 }
    assert.equals("SCHEDULED", promotion(id).status)
    t.pay_refused(world, "INVALID_REQUEST", "p", key, 20000, { promotionId = id })
    t.advance(world, 60)
    assert.equals("IN_PROGRESS", promotion(id).status)
    t.pay(world, "p", key, 20000, { promotionId = id })
    t.pay_refused(world, "INVALID_REQUEST", "q", key, 20000, { promotionId = id })
    t.advance(world, 60)
    assert.equals("COMPLETED", promotion(id).status)
    id = promote { budget = 2000 }
    t.pay(world, "r", key, 20000, { promotionId = id })
    assert.equals("BUDGET_EXHAUSTED", promotion(id).status)
  end)

  describe("at a partial cancellation", function()
    local id
    before_each(function()
      id = promote { recover = true }
      t.pay(world, "p", key, 20000, { promotionId = id })
    end)

    it("ask anew what the rest is worth, by default", function()
      local c = t.cancel(world, "p", { amount = 5000 })
      assert.equals(4500, c.totalAmount)
      c = t.cancel(world, "p", { amount = 6000 })
      assert.equals(6000 - 1500, c.totalAmount)
      assert.equals(0, promotion(id).spentAmount)
      assert.equals(9000, t.cancel(world, "p").totalAmount)
      local payment = t.payment(world, "p")
      assert.equals("CANCELLED", payment.status)
      assert.equals(18000, payment.amount.cancelled)
      assert.same({ KRW = 0 }, t.moved(world))
      assert.same({ KRW = 0 }, t.held(world))
    end)

    it("keep what was spent unless they recover it", function()
      local kept = promote()
      t.pay(world, "k", key, 20000, { promotionId = kept })
      t.cancel(world, "k")
      assert.equals(2000, promotion(kept).spentAmount)
    end)

    it("keep their rate when told to", function()
      local retain = { promotionDiscountRetainOption = "RETAIN" }
      assert.equals(13500, t.cancel(world, "p", t.with({ amount = 15000 }, retain)).totalAmount)
      t.cancel_refused(world, "PROMOTION_DISCOUNT_RETAIN_OPTION_SHOULD_NOT_BE_CHANGED", "p",
        { amount = 1000 })
      assert.equals(4500, t.cancel(world, "p", retain).totalAmount)
      assert.same({ KRW = 0 }, t.moved(world))
    end)

    it("never ask the buyer for money", function()
      t.pay(world, "q", key, 50000, { promotionId = id })
      t.cancel_refused(world, "NEGATIVE_PROMOTION_ADJUSTED_CANCEL_AMOUNT", "q", { amount = 100 })
      local c = t.cancel(world, "q", { amount = 15000 })
      assert.equals(15000 - 8000 + 3500, c.totalAmount)
    end)
  end)

  it("of a gateway are listed for KCP only", function()
    local name = "v2.payment.additional_feature.get_pg_card_promotions"
    local query = { channelKey = "channel-key-kcp_v2", amount = 1000 }
    assert.same({}, t.ok(world, name, { query = query }).promotions)
    t.refused(world, "INVALID_REQUEST", name,
      { query = t.with(query, { channelKey = "channel-key-ksnet" }) })
    t.refused(world, "CHANNEL_NOT_FOUND", name, { query = t.with(query, { channelKey = "x" }) })
  end)
end)

describe("V2 gateways", function()
  it("are told of deliveries", function()
    local name = "v2.pg_specific.confirm_paymentwall_delivery"
    t.pay(world, "p", t.issue(world), 1000)
    local body = { transactionId = t.payment(world, "p").transactionId, deliveryType = "DIGITAL",
      deliveryStatus = "DELIVERED", estimatedDeliveryDatetime = "2026-01-02T00:00:00Z",
      estimatedUpdateDatetime = "2026-01-02T00:00:00Z", refundable = true, details = "d",
      shippingAddressEmail = "k@example.com" }
    t.ok(world, name, { body = body })
    t.refused(world, "PAYMENT_NOT_FOUND", name, { body = t.with(body, { transactionId = "x" }) })
    t.refused(world, "INVALID_REQUEST", name, { body = t.with(body,
      { deliveryType = "PHYSICAL" }) })
  end)

  it("tell of their orders", function()
    local name = "v2.pg_specific.get_kakaopay_payment_order"
    local paid = t.pay(world, "p", t.issue(world), 1000)
    local query = { pgTxId = paid.payment.pgTxId, channelKey = "channel-key-tosspayments" }
    assert.equals(200, t.ok(world, name, { query = query }).statusCode)
    assert.equals(400, t.ok(world, name,
      { query = t.with(query, { channelKey = "channel-key-ksnet" }) }).statusCode)
    t.refused(world, "INVALID_REQUEST", name, { query = t.with(query, { channelKey = "x" }) })
  end)
end)

describe("V2 banks", function()
  it("have Korean names", function()
    local items = t.ok(world, "v2.common.get_bank_infos").items
    assert.equals(79, #items)
    for _, item in ipairs(items) do assert.is_true(#item.name.ko > 0) end
  end)
end)
