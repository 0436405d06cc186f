-- SPDX-License-Identifier: MIT
-- The V2 books behind the real server, asked by the real client and by raw requests.

local ample = require "spec.support.ample"
local core = require "portone.core"
local json = require "portone.json"
local sandbox = require "portone.sandbox"

describe("V2 over HTTP", function()
  local sb, client, raw, key
  setup(function()
    sb = assert(sandbox.start { seed = "v2-http", time = 1767225600 })
    client = sb:client()
    raw = core.client {}
  end)
  teardown(function()
    raw:close()
    sb:stop()
  end)
  before_each(function()
    key = assert(client.v2.payment.billing_key.issue_billing_key { channelKey = sb.channel_key,
      method = { card = { credential = sb.cards.success.credential } } })
      .billingKeyInfo.billingKey
  end)

  local ids = 0
  local function new_id()
    ids = ids + 1
    return "http-" .. ids
  end

  local function order(extra)
    local out = { billingKey = key, orderName = "pass", amount = { total = 1000 },
      currency = "KRW" }
    for name, value in pairs(extra or {}) do out[name] = value end
    return out
  end

  local function send(method, path, headers, body)
    local lines = { "Authorization: PortOne " .. sb.api_secret, "Content-Type: application/json" }
    for _, line in ipairs(headers or {}) do lines[#lines + 1] = line end
    local status, text = raw:perform(method, sb.v2_url .. path, lines,
      body and assert(json.encode(body)), 10)
    return status, json.decode(text), text
  end

  it("pays, looks up, lists and cancels", function()
    local id = new_id()
    local paid = assert(client.v2.payment.pay_with_billing_key(order { paymentId = id }))
    local payment = assert(client.v2.payment.get_payment { paymentId = id })
    assert.equals(paid.payment.pgTxId, payment.pgTxId)
    local list = assert(client.v2.payment.get_payments { page = { size = 1 },
      filter = { textSearch = { { field = "PAYMENT_ID", value = id } } } })
    assert.equals(id, list.items[1].id)
    assert.equals("SUCCEEDED", assert(client.v2.payment.cancel_payment { paymentId = id,
      reason = "r" }).cancellation.status)
    local _, err = client.v2.payment.cancel_payment { paymentId = id, reason = "r" }
    assert.equals("PAYMENT_ALREADY_CANCELLED", err.type)
  end)

  it("answers a repeated request with the first answer's bytes", function()
    local path = "/payments/" .. new_id() .. "/billing-key"
    local header = { 'Idempotency-Key: "0123456789abcdef-' .. ids .. '"' }
    local status, _, first = send("POST", path, header, order())
    assert.equals(200, status)
    local again, _, second = send("POST", path, header, order())
    assert.equals(200, again)
    assert.same(json.decode(first), json.decode(second))
    assert.equals(1, #sb:journal { kind = "charge", order = "http-" .. ids })
    local other, body = send("POST", path, header, order { orderName = "another" })
    assert.equals(400, other)
    assert.equals("INVALID_REQUEST", body.type)
  end)

  it("says that a request is still running, then what came of it", function()
    local path, header, status, body
    local text = json.encode(order())
    ample(409, function(seconds)
      path = "/payments/" .. new_id() .. "/billing-key"
      header = { 'Idempotency-Key: "still-running-key-' .. ids .. '"',
        "Authorization: PortOne " .. sb.api_secret, "Content-Type: application/json" }
      sb:clear_faults()
      sb:fault { fault = "latency_after_commit", op = "v2.payment.pay_with_billing_key", nth = 1,
        seconds = 3 * seconds }
      local impatient = core.client {}
      local none, code = impatient:perform("POST", sb.v2_url .. path, header, text, seconds)
      impatient:close()
      assert.is_nil(none)
      assert.equals("timeout", code)
      status, body = raw:perform("POST", sb.v2_url .. path, header, text, 60)
      return status
    end)
    assert.equals(409, status)
    assert.equals("IDEMPOTENCY_OUTSTANDING_REQUEST", json.decode(body).type)
    for _ = 1, 2000 do
      core.sleep(0.05)
      status = raw:perform("POST", sb.v2_url .. path, header, text, 60)
      if status == 200 then break end
    end
    assert.equals(200, status)
    assert.equals(1, #sb:journal { kind = "charge", order = "http-" .. ids })
  end)

  it("refuses what the specification does not allow", function()
    local path = "/payments/" .. new_id() .. "/billing-key"
    local status, body = send("POST", path, nil, order { amount = { total = "1000" } })
    assert.equals(400, status)
    assert.equals("INVALID_REQUEST", body.type)
    assert.is_truthy(body.message:find("amount.total", 1, true))
    assert.equals(404, (send("GET", "/no-such-path")))
  end)

  it("answers 401 with its type", function()
    local status, text = raw:perform("GET", sb.v2_url .. "/payments/x",
      { "Authorization: PortOne wrong" }, nil, 10)
    assert.equals(401, status)
    assert.equals("UNAUTHORIZED", json.decode(text).type)
    assert.equals(200, (raw:perform("GET", sb.v2_url .. "/banks", {}, nil, 10)))
  end)

  it("runs schedules when the clock is moved, and tells the inbox", function()
    local inbox = assert(sb:inbox())
    local id = new_id()
    assert(client.v2.payment.payment_schedule.create_payment_schedule { paymentId = id,
      payment = order { noticeUrls = { inbox.url } }, timeToPay = sb:now() + 3600 })
    sb:advance "1 hour"
    assert.equals("PAID", assert(client.v2.payment.get_payment { paymentId = id }).status)
    local found
    repeat
      local hook = assert(inbox:take(60))
      local event = json.decode(hook.body)
      found = event.type == "Transaction.Paid" and event.data.paymentId == id
    until found
  end)

  it("refuses a time without an offset, or reads it as Korean time when set so", function()
    local path = "/payments/" .. new_id() .. "/schedule"
    local body = { payment = order(), timeToPay = "2030-01-01 09:00:00" }
    assert.equals(400, (send("POST", path, nil, body)))
    sb:set("v2_local_time_to_pay", "kst")
    local status, answer = send("POST", path, nil, body)
    sb:set("v2_local_time_to_pay", nil)
    assert.equals(200, status, answer.message)
    local schedule = assert(client.v2.payment.payment_schedule.get_payment_schedule {
      paymentScheduleId = answer.schedule.id })
    assert.equals("2030-01-01T00:00:00Z", schedule.timeToPay)
  end)

  it("takes query values as what they mean", function()
    assert(client.v2.payment.billing_key.delete_billing_key { billingKey = key,
      skipWebhook = true })
    assert.equals(0, #sb:journal { kind = "webhook", type = "BillingKey.Deleted" })
  end)

  it("lets things happen outside the API", function()
    local id = new_id()
    assert(client.v2.payment.pay_instantly { paymentId = id,
      channelKey = sb.channel_keys.tosspayments, orderName = "o", amount = { total = 1000 },
      currency = "KRW", method = { virtualAccount = { bank = "SHINHAN",
        expiry = { validHours = 1 }, option = { type = "NORMAL" } } } })
    assert.is_true(sb:act("v2.deposit", { payment_id = id }))
    assert.equals("PAID", assert(client.v2.payment.get_payment { paymentId = id }).status)
    local value, problem = sb:act("v2.deposit", { payment_id = id })
    assert.is_nil(value)
    assert.is_string(problem)
  end)
end)
