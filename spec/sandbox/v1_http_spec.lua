-- The V1 books behind real HTTP, called through the public API.

local core = require "portone.core"
local json = require "portone.json"
local portone_sandbox = require "portone.sandbox"

local function fields(card, extra)
  local out = { card_number = card.card_number, expiry = card.expiry, birth = card.birth,
    pwd_2digit = card.pwd_2digit }
  for key, value in pairs(extra) do out[key] = value end
  return out
end

describe("V1 over HTTP", function()
  local sandbox, client

  before_each(function()
    sandbox = assert(portone_sandbox.start { seed = 7 })
    client = sandbox:client()
  end)
  after_each(function() sandbox:stop() end)

  it("issues, charges, refuses, declines, refunds", function()
    local v1 = client.v1
    assert(v1.customers.issue(fields(sandbox.cards.success, { customer_uid = "u" })))
    local p = assert(v1.subscribe.again { customer_uid = "u", merchant_uid = "o1", amount = 3000,
      name = "n" })
    assert.equals("paid", p.status)
    assert.is_nil(p.fail_reason)
    assert.same({}, p.cancel_history)
    local _, err = v1.subscribe.again { customer_uid = "u", merchant_uid = "o1", amount = 3000,
      name = "n" }
    assert.equals("rejected", err.kind)
    assert.equals(200, err.status)
    _, err = v1.subscribe.onetime(fields(sandbox.cards.declined, { merchant_uid = "o2",
      amount = 3000, name = "n" }))
    assert.equals("declined", err.kind)
    p = assert(v1.payments.cancel { merchant_uid = "o1", amount = 1000, checksum = 3000 })
    assert.equals("paid", p.status)
    p = assert(v1.payments.cancel { imp_uid = p.imp_uid })
    assert.equals("cancelled", p.status)
    assert.equals(2, #sandbox:journal { kind = "cancel" })
  end)

  it("runs a month of schedules", function()
    local v1 = client.v1
    local items = {}
    for i = 1, 4 do
      items[i] = { merchant_uid = "s" .. i, schedule_at = sandbox:now() + i * 6 * 86400,
        amount = 1000, currency = "KRW", name = "n" }
    end
    assert(v1.subscribe.schedule(fields(sandbox.cards.success, { customer_uid = "u",
      schedules = items })))
    assert(v1.subscribe.unschedule { merchant_uid = { "s2", "s3" } })
    local from = sandbox:now()
    assert.equals(2, sandbox:advance "1 month")
    local done = assert(v1.subscribe.schedules { schedule_from = from, schedule_to = from + 3000000,
      schedule_status = "executed", sorting = "scheduled" })
    assert.equals("s1", done[1].merchant_uid)
    assert.equals("s4", done[2].merchant_uid)
    local gone = assert(v1.customers.schedules { customer_uid = "u", from = from,
      to = from + 2000000, schedule_status = "revoked" })
    assert.equals(2, #gone)
    assert.equals("paid", assert(v1.payments.find { merchant_uid = "s1" }).status)
    assert.equals("paid",
      assert(v1.payments.find { merchant_uid = "s4", payment_status = "paid" }).status)
    local list, _, info = v1.payments.list { merchant_uid = { "s1", "s4", "none" } }
    assert.equals(2, #list)
    assert.equals(207, info.status)
  end)

  -- The exact bodies of the documents' curl samples, with and without their unknown card.
  it("takes the documents' own requests", function()
    local http = core.client {}
    local function post(path, body, ...)
      local headers = { "Content-Type: application/json", ... }
      local status, text = http:perform("POST", sandbox.v1_url .. path, headers, body, 10)
      return status, json.decode(text)
    end
    local keys = '{"imp_key":"' .. sandbox.imp_key .. '","imp_secret":"' .. sandbox.imp_secret
      .. '"}'
    local _, token = post("/users/getToken", keys)
    local auth = "Authorization: Bearer " .. token.response.access_token
    local issue = '{"card_number":"1234-1234-1234-1234", "expiry":"2025-12", "birth":"820213", '
      .. '"pwd_2digit":"00"}'
    local again = '{"customer_uid":"your-customer-unique-id", "merchant_uid":"order_id_8237352", '
      .. '"amount":3000}'
    assert.equals(401, (post("/subscribe/payments/again", again)))
    local status, body = post("/subscribe/customers/your-customer-unique-id", issue, auth)
    assert.equals(200, status)
    assert.is_true(body.code ~= 0)
    sandbox:set("unknown_cards", "accept")
    _, body = post("/subscribe/customers/your-customer-unique-id", issue, auth)
    assert.equals(0, body.code)
    _, body = post("/subscribe/payments/again", again, auth)
    assert.equals(0, body.code, body.message)
    assert.equals("paid", body.response.status)
    _, body = post("/subscribe/payments/onetime", '{"merchant_uid":"order_id_2", '
      .. '"card_number":"1234-1234-1234-1234", "expiry":"2019-01", "birth":"123456", '
      .. '"amount":3000}', auth)
    assert.equals("paid", body.response.status)
    http:close()
  end)

  it("takes a form as well as JSON", function()
    assert(client.v1.customers.issue(fields(sandbox.cards.success, { customer_uid = "u" })))
    local http = core.client {}
    local form = "Content-Type: application/x-www-form-urlencoded"
    local _, text = http:perform("POST", sandbox.v1_url .. "/users/getToken", { form },
      "imp_key=" .. sandbox.imp_key .. "&imp_secret=" .. sandbox.imp_secret, 10)
    local token = json.decode(text).response.access_token
    _, text = http:perform("POST", sandbox.v1_url .. "/subscribe/payments/again",
      { form, "Authorization: " .. token },
      "customer_uid=u&merchant_uid=o1&amount=3000&name=%ED%8C%A8%EC%8A%A4", 10)
    local body = json.decode(text)
    assert.equals(0, body.code, body.message)
    assert.equals(3000, body.response.amount)
    assert.equals("패스", body.response.name)
    _, text = http:perform("POST", sandbox.v1_url .. "/payments/cancel",
      { form, "Authorization: " .. token },
      "merchant_uid=o1&amount=1000&enable_webhook=true&extra[requester]=customer", 10)
    assert.equals(1000, json.decode(text).response.cancel_amount)
    http:close()
  end)

  it("has deposits and windows outside the API", function()
    local p = assert(client.v1.vbanks.issue { channel_key = sandbox.channel_keys.tosspayments,
      merchant_uid = "o1", amount = 3000, vbank_code = "088", buyer_name = "n",
      vbank_due = sandbox:now() + 3600 })
    assert.equals("ready", p.status)
    assert.equals("paid", assert(sandbox:act("v1.deposit", { imp_uid = p.imp_uid })).status)
    local w = assert(sandbox:act("v1.open_window", { channelKey = sandbox.channel_keys.tosspay_v2,
      pay_method = "tosspay", merchant_uid = "m1", name = "n", customer_uid = "u",
      customer_id = "c" }))
    assert(sandbox:act("v1.close_window", { imp_uid = w.imp_uid }))
    assert.equals("tosspay_v2", assert(client.v1.customers.get { customer_uid = "u" }).pg_provider)
    assert.equals("tosspay", assert(client.v1.subscribe.again { customer_uid = "u",
      merchant_uid = "o2", amount = 100, name = "n" }).pay_method)
  end)

  it("renews its token when the clock moves on", function()
    assert(client.v1.customers.issue(fields(sandbox.cards.success, { customer_uid = "u" })))
    sandbox:advance(3600)
    assert(client.v1.customers.get { customer_uid = "u" })
    assert.equals(2, #sandbox:journal { op = "v1.users.get_token" })
  end)
end)
