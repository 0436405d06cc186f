-- What an answer of the API says about a write whose own answer was lost.

local core = require "portone.core"
local errors = require "portone.error"
local fake = require "spec.support.fake"
local json = require "portone.json"
local portone = require "portone"
local reconcile = require "portone.reconcile"
local time = require "portone.time"

local BEGAN = 1800000000  -- when the call began, by our own clock
local DAY = 86400

local function http_date(unix)
  return os.date("!%a, %d %b %Y %H:%M:%S GMT", unix)
end

-- Asks about a write whose look-up finds `found`, or what that says of its arguments; of a
-- table with `kind` it is the error.
local function ask(operation, args, found, options)
  options = options or {}
  local now = options.now or BEGAN + 5
  local asked = {}
  local pending = reconcile.pending(operation, args, BEGAN)
  local verdict, value = reconcile.ask(pending, function(row, with)
    asked[#asked + 1] = { operation = row.name, args = with }
    local info = { status = 200, headers = { date = options.date and http_date(options.date) } }
    if type(found) == "function" then
      local value = found(with)
      return value, value == nil and errors.new(options.missing) or nil, info
    elseif type(found) == "table" and found.kind then
      return nil, errors.new(found), info
    end
    return found, nil, info
  end, function() return now end)
  return verdict, value, asked
end

local function none(type_)
  return { kind = "not_found", status = 404, response = {}, type = type_ }
end

describe("a V1 charge", function()
  local function charge(found, options)
    return ask("v1.subscribe.again", { merchant_uid = "o", amount = 3000, customer_uid = "u" },
      found, options)
  end
  local function payment(more)
    local p = { status = "paid", amount = 3000, customer_uid = "u", paid_at = BEGAN + 1 }
    for k, v in pairs(more or {}) do p[k] = v end
    return p
  end

  it("is done when it is what was asked for", function()
    assert.equal("done", (charge(payment())))
    assert.equal("not_done", (charge(none())))
  end)

  it("is a conflict when the order is of another amount, customer or currency", function()
    assert.equal("conflict", (charge(payment { amount = 2999 })))
    assert.equal("conflict", (charge(payment { customer_uid = "v" })))
    assert.equal("conflict", (ask("v1.subscribe.again", { merchant_uid = "o", amount = 3000,
      currency = "USD" }, payment { currency = "KRW" })))
    assert.equal("conflict", (charge(payment { status = "cancelled" })))
  end)

  it("is found behind a newer one that was refused, or is still open", function()
    for _, newest in ipairs { payment { status = "failed", failed_at = BEGAN + 2, paid_at = 0 },
        payment { status = "failed", failed_at = BEGAN - 90, paid_at = 0 },
        payment { status = "ready", paid_at = 0 } } do
      local hidden
      local function found(with)
        if with.payment_status == "paid" then return hidden end
        return newest
      end
      local alone = charge(found, { missing = none() })
      hidden = payment()
      local verdict, value = charge(found, { missing = none() })
      assert.equal("done", verdict)
      assert.equal(hidden, value)
      assert.truthy(({ declined = true, not_done = true, unclear = true })[alone])
      hidden = payment { amount = 1 }
      assert.equal("conflict", (charge(found, { missing = none() })))
      hidden = nil
      assert.equal("unclear", (charge(found, { missing = { kind = "network" } })))
    end
  end)

  it("is not what an earlier call has paid", function()
    local verdict, why = charge(payment { paid_at = BEGAN - 3600 })
    assert.equal("conflict", verdict)
    assert.matches("before this call", why)
  end)

  it("is ours all the same when the PG's clock is some minutes slow", function()
    assert.equal("done", (charge(payment { paid_at = BEGAN - 200 })))
  end)

  it("is timed by the server's clock, not by ours", function()
    -- an hour fast here: what happened since then happened an hour ago by this clock
    local options = { date = BEGAN - 3595, now = BEGAN + 5 }
    assert.equal("done", (charge(payment { paid_at = BEGAN - 3598 }, options)))
    assert.equal("declined", (charge({ status = "failed", failed_at = BEGAN - 3598 }, options)))
    -- an hour slow: an earlier refusal is no answer to this call
    options = { date = BEGAN + 3605, now = BEGAN + 5 }
    assert.equal("not_done", (charge({ status = "failed", failed_at = BEGAN + 1 }, options)))
  end)

  it("is not told by a 404 that is not the API's own", function()
    assert.equal("unclear", (charge { kind = "not_found", status = 404, raw = "<html>" }))
  end)
end)

describe("a V1 refund of a part", function()
  local function refund(history, more, options)
    local args = { merchant_uid = "o", amount = 1000, reason = "r" }
    for k, v in pairs(more or {}) do args[k] = v end
    local back = 0
    for _, entry in ipairs(history) do back = back + entry.amount end
    return (ask("v1.payments.cancel", args, { status = "paid", amount = 3000,
      cancel_amount = back, cancel_history = history }, options))
  end

  it("is found by its amount, reason and time", function()
    assert.equal("done", refund { { amount = 1000, cancelled_at = BEGAN + 1, reason = "r" } })
    assert.equal("not_done", refund {})
    assert.equal("not_done", refund { { amount = 500, cancelled_at = BEGAN + 1, reason = "r" } })
    assert.equal("not_done",
      refund { { amount = 1000, cancelled_at = BEGAN - 3600, reason = "r" } })
  end)

  it("is never made again when one like it may be it", function()
    -- the PG's clock may be slow, and two refunds at a time may look alike
    assert.equal("unclear", refund { { amount = 1000, cancelled_at = BEGAN - 20, reason = "r" } })
    assert.equal("unclear", refund { { amount = 1000, cancelled_at = BEGAN + 1, reason = "x" } })
  end)

  it("is looked for behind a newer attempt at the order, which is not what was refunded", function()
    local paid = { status = "paid", amount = 3000, cancel_amount = 1000, cancel_history = {
      { amount = 1000, cancelled_at = BEGAN + 1, reason = "r" } } }
    local function hidden(behind, args)
      return (ask("v1.payments.cancel", args or { merchant_uid = "o", amount = 1000, reason = "r" },
        function(with)
          if with.payment_status == "paid" then return behind end
          return { status = "failed", amount = 3000, failed_at = BEGAN - 60 }
        end, { missing = none() }))
    end
    assert.equal("done", hidden(paid))
    assert.equal("not_done", hidden { status = "paid", amount = 3000, cancel_amount = 0 })
    assert.equal("unclear", hidden(nil))
    assert.equal("unclear", hidden(nil, { merchant_uid = "o", reason = "r" }))
  end)

  it("is told by the balance where that was given", function()
    local with = { checksum = 3000 }
    assert.equal("not_done", refund({}, with))
    assert.equal("done", refund({ { amount = 1000, cancelled_at = 0, reason = "x" } }, with))
    assert.equal("conflict", refund({ { amount = 500, cancelled_at = 0, reason = "x" } }, with))
  end)
end)

describe("a V2 refund of a part", function()
  local function refund(cancellations, more, cancelled)
    local args = { paymentId = "p", amount = 1000, reason = "r" }
    for k, v in pairs(more or {}) do args[k] = v end
    return (ask("v2.payment.cancel_payment", args, { status = "PAID",
      amount = { total = 3000, cancelled = cancelled or 0 }, cancellations = cancellations }))
  end
  local function entry(more)
    local c = { status = "SUCCEEDED", totalAmount = 1000, reason = "r",
                requestedAt = time.rfc3339(BEGAN + 1) }
    for k, v in pairs(more or {}) do c[k] = v end
    return c
  end

  it("is found by its amount, reason and time", function()
    assert.equal("done", refund { entry() })
    assert.equal("not_done", refund {})
    assert.equal("not_done", refund { entry { status = "FAILED" } })
    assert.equal("not_done", refund { entry { requestedAt = time.rfc3339(BEGAN - 60) } })
    assert.equal("unclear", refund { entry { reason = "another" } })
  end)

  it("that the PG still works on is there, though the balance is what it was", function()
    assert.equal("done", refund({ entry { status = "REQUESTED" } },
      { currentCancellableAmount = 3000 }))
    assert.equal("not_done", refund({}, { currentCancellableAmount = 3000 }))
    assert.equal("conflict", refund({}, { currentCancellableAmount = 3000 }, 500))
  end)
end)

describe("a V2 charge", function()
  local args = { paymentId = "p", billingKey = "b", amount = { total = 3000 }, currency = "KRW" }
  local function charge(more, options)
    local p = { status = "PAID", amount = { total = 3000 }, currency = "KRW", billingKey = "b",
                paidAt = time.rfc3339(BEGAN + 1) }
    for k, v in pairs(more) do p[k] = v end
    return (ask("v2.payment.pay_with_billing_key", args, p, options))
  end

  it("is a conflict when the payment is another, or an earlier call's", function()
    assert.equal("done", charge {})
    assert.equal("conflict", charge { amount = { total = 1 } })
    assert.equal("conflict", charge { currency = "USD" })
    assert.equal("conflict", charge { billingKey = "c" })
    assert.equal("conflict", charge { paidAt = time.rfc3339(BEGAN - 3600) })
    assert.equal("done", charge { paidAt = time.rfc3339(BEGAN - 200) })
  end)

  it("is absent only when the API says so in a word of the look-up's own", function()
    local operation = "v2.payment.pay_with_billing_key"
    assert.equal("not_done", (ask(operation, args, none "PAYMENT_NOT_FOUND")))
    assert.equal("unclear", (ask(operation, args, none "ROUTE_NOT_FOUND")))
  end)
end)

describe("a V2 confirmation", function()
  it("is done when the payment is, and answers with what confirming does", function()
    local args = { paymentId = "p", totalAmount = 3000, currency = "KRW" }
    local function confirm(more)
      local p = { status = "PAID", amount = { total = 3000 }, currency = "KRW", pgTxId = "tx",
                  paidAt = time.rfc3339(BEGAN + 1) }
      for k, v in pairs(more or {}) do p[k] = v end
      return ask("v2.payment.confirm_payment", args, p)
    end
    local verdict, value = confirm()
    assert.equal("done", verdict)
    assert.equal("tx", value.pgTxId)
    assert.equal("conflict", (confirm { amount = { total = 2999 } }))
    assert.equal("not_done", (confirm { status = "READY" }))
    assert.equal("declined", (confirm { status = "FAILED", failedAt = time.rfc3339(BEGAN + 1) }))
  end)
end)

describe("a V2 capture", function()
  it("leaves nothing in the payment that a look-up could find, which is said", function()
    local pending = reconcile.pending("v2.payment.capture_payment", { paymentId = "p" }, BEGAN)
    assert.is_false(pending.known)
    local client = fake.client({ { fault = { "network", "reset", "all" } } },
      { max_retries = 0, deadline = 5 })
    local _, err = client.v2.payment.capture_payment { paymentId = "p" }
    assert.equal("unknown_outcome", err.kind)
    assert.matches("no look%-up can tell: for three hours the same call with this idempotency_key "
      .. "does it once, and PortOne's console shows it$", err.message)
    local _, later = client.resolve(err)
    assert.equal("unknown_outcome", later.kind)
    assert.equal((err.message:gsub(" %(network: .-%)", "")), later.message)
  end)

  it("goes out again with its key, as the error says", function()
    local client, host = fake.client({ { fault = { "network", "reset", "all" } },
      { 200, "{}" } }, { max_retries = 0, deadline = 5 })
    local _, err = client.v2.payment.capture_payment { paymentId = "p" }
    assert(client.v2.payment.capture_payment({ paymentId = "p" },
      { idempotency_key = err.idempotency_key }))
    assert.truthy(host.sent[1].headers["Idempotency-Key"])
    assert.same(host.sent[1].headers, host.sent[2].headers)
  end)
end)

describe("a V2 schedule", function()
  local operation = "v2.payment.payment_schedule.create_payment_schedule"

  it("is looked for where its time is", function()
    local _, _, asked = ask(operation, { paymentId = "p", timeToPay = "2027-01-15 17:00:00",
      payment = { billingKey = "b", amount = { total = 1 } } }, { items = {} })
    assert.equal("2027-01-15T07:59:59Z", asked[1].args.filter.from)
  end)

  it("whose time cannot be read is not taken for absent", function()
    for _, at in ipairs { "2027-01-15T17:00+09:00", "soon", json.null } do
      local verdict, _, asked = ask(operation, { paymentId = "p", timeToPay = at,
        payment = { billingKey = "b", amount = { total = 1 } } }, { items = {} })
      assert.equal("unclear", verdict)
      assert.equal(0, #asked)
    end
  end)
end)

describe("a V1 billing key", function()
  local function issue(found)
    return ask("v1.customers.issue", { customer_uid = "u", card_number = "c" }, found,
      { date = BEGAN + 5 })
  end
  it("is done when it is of this call", function()
    assert.equal("done", (issue { customer_uid = "u", inserted = BEGAN - 99, updated = BEGAN + 1 }))
    assert.equal("not_done", (issue { customer_uid = "u", inserted = BEGAN - 99, updated = 0 }))
  end)

  it("of a channel group has its times in the channels", function()
    local function group(at)
      return { customer_uid = "u", channelGroupId = "g", succeededChannels = {
        { pg_provider = "nice_v2", inserted = BEGAN - 99, updated = BEGAN - 99 },
        { pg_provider = "tosspayments", inserted = at, updated = at } } }
    end
    assert.equal("done", (issue(group(BEGAN + 1))))
    assert.equal("not_done", (issue(group(BEGAN - 60))))
    assert.equal("not_done", (issue { customer_uid = "u", channelGroupId = "g" }))
  end)
end)

describe("a look-up by time", function()
  local operation = "v2.payment.billing_key.issue_billing_key"
  local args = { customer = { id = "c" } }

  it("is made again where the server's clock is, when ours is far off", function()
    local at = BEGAN + 30 * DAY
    local key = { billingKey = "k", issuedAt = time.rfc3339(at + 1) }
    local verdict, value, asked = ask(operation, args, function(row)
      return { items = { row.filter.from < key.issuedAt and key.issuedAt < row.filter["until"]
        and key or nil } }
    end, { date = at + 5 })
    assert.equal("done", verdict)
    assert.equal("k", value.billingKeyInfo.billingKey)
    assert.equal(2, #asked)
  end)

  it("is made once when our clock is right", function()
    local _, _, asked = ask(operation, args, { items = {} }, { date = BEGAN + 6 })
    assert.equal(1, #asked)
  end)

  it("finds a customer's schedules on the day that it is for PortOne", function()
    local at = BEGAN + 400 * DAY
    local verdict, _, asked = ask("v1.subscribe.unschedule", { customer_uid = "u" },
      function(row) return row.to > at and { { merchant_uid = "m" } } or {} end,
      { date = at + 5 })
    assert.equal("not_done", verdict)
    assert.equal(2, #asked)
  end)
end)

describe("a cash receipt", function()
  it("over another amount is a conflict", function()
    local function v2(amount)
      return (ask("v2.payment.cash_receipt.issue_cash_receipt", { paymentId = "p",
        amount = { total = 11000 } }, { status = "ISSUED", amount = amount,
        issuedAt = time.rfc3339(BEGAN + 1) }))
    end
    assert.equal("done", v2(11000))
    assert.equal("conflict", v2(1100))
    local function v1(found)
      return (ask("v1.receipts.external_issue", { merchant_uid = "m", amount = 11000 }, found))
    end
    assert.equal("done", v1 { amount = 11000, cancelled_at = 0 })
    assert.equal("conflict", v1 { amount = 1100, cancelled_at = 0 })
    assert.equal("not_done", v1 { amount = 1100, cancelled_at = BEGAN + 1 })
  end)
end)

describe("a request that does not say what it was about", function()
  it("is never taken for one that was not done", function()
    local asked = 0
    for _, version in ipairs { "v1", "v2" } do
      for operation in pairs(require("portone.reconcile." .. version)) do
        for _, args in ipairs { {}, { merchant_uid = "", paymentId = "", imp_uid = "",
            customer_uid = "", billingKey = "", identityVerificationId = "" } } do
          local verdict, _, list = ask(operation, args, none())
          assert.equal("unclear", verdict, operation)
          asked = asked + #list
        end
      end
    end
    assert.equal(0, asked)
  end)
end)

describe("asking later", function()
  local LOST = { fault = { "network", "reset", "all" } }
  local order = { paymentId = "p", billingKey = "b", orderName = "n", amount = { total = 1000 },
                  currency = "KRW" }
  local silent = { LOST, LOST, LOST, LOST }

  it("asks the shop that the write went to", function()
    local client = fake.client(silent, { store_id = "store-1", deadline = 5 })
    local _, err = client.request_pay_again(order, { store_id = "store-2" })
    assert.equal("unknown_outcome", err.kind)
    local text = portone.encode_pending(err)
    local paid = { 200, json.encode { status = "PAID", amount = { total = 1000 },
      paidAt = time.rfc3339(core.now()) } }
    local other, host = fake.client({ paid }, { store_id = "store-3" })
    assert.truthy(other.resolve(text))
    assert.matches("storeId=store%-2$", host.sent[1].url)
  end)

  it("asks with the default shop of the client that wrote", function()
    local client = fake.client(silent, { store_id = "store-1", deadline = 5 })
    local _, err = client.request_pay_again(order)
    local other, host = fake.client { { 200, "{}" } }
    other.resolve(portone.encode_pending(err), { deadline = 1 })
    assert.matches("storeId=store%-1$", host.sent[1].url)
  end)

  it("asks on behalf of the sub-merchant that the write was for", function()
    local token = fake.token "t"
    local client = fake.client({ token, LOST, LOST }, { settle = 0, deadline = 5 })
    local _, err = client.request_pay_again({ customer_uid = "u", merchant_uid = "o",
      amount = 1000, name = "n" }, { tier = "ABC" })
    assert.equal("unknown_outcome", err.kind)
    local other, host = fake.client { token, { 200, json.encode { code = 0,
      response = { status = "paid", amount = 1000, customer_uid = "u", paid_at = 9999999999 } } } }
    assert.truthy(other.resolve(portone.encode_pending(err)))
    assert.equal("ABC", host.sent[2].headers.Tier)
  end)
end)

describe("an order that an earlier call has paid", function()
  local sandbox
  setup(function() sandbox = assert(portone.sandbox.start {}) end)
  teardown(function() sandbox:stop() end)

  it("is not claimed by a later one whose answers are lost", function()
    local card, client = sandbox.cards.success, sandbox:client { settle = 0, deadline = 5 }
    local key = assert(client.issue_billing_key { channelKey = sandbox.channel_key,
      method = { card = { credential = card.credential } } }).billingKeyInfo.billingKey
    local order = { paymentId = "p-1", billingKey = key, orderName = "n",
      amount = { total = 3000 }, currency = "KRW" }
    assert(client.request_pay_again(order))
    sandbox:advance "1 hour"
    sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "reset_before_commit", nth = 1 }
    local result, err = client.request_pay_again(order)
    assert.is_nil(result)
    assert.equal("conflict", err.kind)
    assert.equal("ALREADY_PAID", err.type)
  end)
end)

describe("a refusal of our own repetition", function()
  local LOST = { fault = { "network", "reset", "all" } }
  local order = { paymentId = "order-1", billingKey = "key-1", orderName = "pass",
    amount = { total = 1000 }, currency = "KRW" }
  local ALREADY = { 409, json.encode { type = "ALREADY_PAID", message = "paid before" } }

  local function paid(more)
    local payment = { id = "order-1", status = "PAID", amount = { total = 1000 }, currency = "KRW",
      billingKey = "key-1", paidAt = time.rfc3339(core.now()) }
    for name, value in pairs(more or {}) do payment[name] = value end
    return { 200, json.encode(payment) }
  end

  it("is success when what it found paid is ours", function()
    local client, host = fake.client({ LOST, ALREADY, paid() }, { settle = 0, deadline = 30 })
    local result, err, info = client.request_pay_again(order)
    assert.is_nil(err)
    assert.is_table(result)
    assert.is_true(info.reconciled)
    assert.equal(2, info.attempts)
    assert.equal(host.sent[1].headers["Idempotency-Key"], host.sent[2].headers["Idempotency-Key"])
    assert.matches("/payments/order%-1", host.sent[3].url)
  end)

  it("stays a refusal when it is somebody else's", function()
    local client = fake.client({ LOST, ALREADY, paid { amount = { total = 2000 } } },
      { settle = 0, deadline = 30 })
    local result, err = client.request_pay_again(order)
    assert.is_nil(result)
    assert.equal("ALREADY_PAID", err.type)
    assert.equal("not_done", err.outcome)
  end)

  it("is unknown when nobody can say whose it is", function()
    local client = fake.client({ LOST, ALREADY, LOST, LOST, LOST }, { settle = 0, deadline = 2,
      max_retries = 1 })
    local _, err = client.request_pay_again(order)
    assert.equal("unknown_outcome", err.kind)
    assert.is_string(portone.encode_pending(err))
  end)

  it("of the first attempt is final, and nothing is looked up", function()
    local client, host = fake.client({ ALREADY, paid() })
    local _, err = client.request_pay_again(order)
    assert.equal("ALREADY_PAID", err.type)
    assert.equal(1, #host.sent)
  end)

  it("of V1 too, whose order was not there yet when it was looked for", function()
    local token = fake.token "t"
    local envelope = { status = "paid", amount = 1000, customer_uid = "u", paid_at = 9999999999,
      currency = "KRW", merchant_uid = "o" }
    local client, host = fake.client({ token, LOST, { 404, '{"code":-1,"message":"none"}' },
      { 200, '{"code":1,"message":"paid before"}' },
      { 200, json.encode { code = 0, response = envelope } } }, { settle = 0, deadline = 30 })
    local result, err, info = client.request_pay_again { customer_uid = "u", merchant_uid = "o",
      amount = 1000, name = "n" }
    assert.is_nil(err)
    assert.equal("paid", result.status)
    assert.is_true(info.reconciled)
    assert.equal(5, #host.sent)
  end)
end)
