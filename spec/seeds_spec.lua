-- The requests that the PGs' pages show (their curl and axios samples), made through the
-- public API and compared as they arrive at a server: method, path, headers, JSON.

local json = require "portone.json"
local peer = require "spec.support.peer"
local portone = require "portone"

-- "POST /path HTTP/1.1", headers by lower-case name, body
local function parse(bytes)
  local head, body = bytes:match("^(.-)\r\n\r\n(.*)$")
  local line, rest = head:match("^([^\r\n]*)\r\n(.*)$")
  local headers = {}
  for name, value in (rest .. "\r\n"):gmatch("([^:\r\n]+): ?([^\r\n]*)\r\n") do
    assert(not headers[name:lower()], "sent twice: " .. name)
    headers[name:lower()] = value
  end
  return line, headers, body
end

local TOKEN = "7b6f1a0d8c"
local token_answer = peer.answer(200, '{"code":0,"message":null,"response":{"access_token":"'
  .. TOKEN .. '","now":1700000000,"expired_at":1700001800}}')

describe("the documents' requests", function()
  local server
  setup(function() server = peer.start() end)
  teardown(function() server:stop() end)

  -- One call; the request it made, after the token's where there is one.
  local function made(api, answer, fn)
    local steps = { { "serve", peer.answer(200, answer) } }
    if api == "v1" then
      steps = { { "read" }, { "send", token_answer }, { "serve", peer.answer(200, answer) } }
    end
    server:script { steps, rest = steps }
    local client = portone.new { base_url = server.url, v1_base_url = server.url,
      api_secret = "portone-api-secret",
      v1 = { imp_key = "imp_apikey", imp_secret = "ekKoeW8RyKuT" } }
    local result, err = fn(client)
    client.close()
    assert.is_nil(err and tostring(err))
    assert.is_not_nil(result)
    local requests = server:requests()
    return requests[#requests], requests[1], #requests
  end

  local function v1(path, sent, fn)
    local answer = '{"code":0,"message":null,"response":{"status":"paid"}}'
    local request, token, count = made("v1", answer, fn)
    assert.equal(2, count)
    local line, headers, body = parse(token)
    assert.equal("POST /users/getToken HTTP/1.1", line)
    assert.is_nil(headers.authorization)
    assert.same({ imp_key = "imp_apikey", imp_secret = "ekKoeW8RyKuT" }, json.decode(body))

    line, headers, body = parse(request)
    assert.equal("POST " .. path .. " HTTP/1.1", line)
    assert.equal("Bearer " .. TOKEN, headers.authorization)
    assert.equal("application/json", headers["content-type"])
    assert.equal(tostring(#body), headers["content-length"])
    assert.is_nil(headers.expect)
    assert.is_nil(headers["idempotency-key"])
    assert.same(sent, json.decode(body))
  end

  local function v2(path, sent, fn)
    local request, _, count = made("v2", "{}", fn)
    assert.equal(1, count)
    local line, headers, body = parse(request)
    assert.equal("POST " .. path .. " HTTP/1.1", line)
    assert.equal("PortOne portone-api-secret", headers.authorization)
    assert.equal("application/json", headers["content-type"])
    assert.equal(tostring(#body), headers["content-length"])
    assert.truthy(headers["idempotency-key"]:find('^"%x+"$'))
    assert.equal(34, #headers["idempotency-key"])
    assert.is_nil(headers.expect)
    assert.same(sent, json.decode(body))
  end

  it("tosspayments, V1: a charge of a billing key", function()
    local sent = { customer_uid = "your-customer-unique-id", merchant_uid = "order_id_8237352",
                   amount = 3000 }
    v1("/subscribe/payments/again", sent, function(c) return c.request_pay_again(sent) end)
  end)

  it("tosspayments, V1: a charge of a card", function()
    local sent = { merchant_uid = "order_id_8237352", card_number = "1234-1234-1234-1234",
                   expiry = "2019-01", birth = "123456", amount = 3000 }
    v1("/subscribe/payments/onetime", sent,
      function(c) return c.v1.subscribe.onetime(sent) end)
  end)

  it("tosspayments, V1: a billing key from a card", function()
    local sent = { card_number = "1234-1234-1234-1234", expiry = "2025-12", birth = "820213",
                   pwd_2digit = "00" }
    v1("/subscribe/customers/your-customer-unique-id", sent, function(c)
      return c.issue_billing_key { customer_uid = "your-customer-unique-id",
        card_number = "1234-1234-1234-1234", expiry = "2025-12", birth = "820213",
        pwd_2digit = "00" }
    end)
  end)

  it("tosspayments, V1: a billing key and its first charge at once", function()
    local sent = { customer_uid = "your-customer-unique-id", merchant_uid = "order_id_8237352",
                   card_number = "1234-1234-1234-1234", expiry = "2019-01", birth = "123456",
                   amount = 3000 }
    v1("/subscribe/payments/onetime", sent,
      function(c) return c.v1.subscribe.onetime(sent) end)
  end)

  it("tosspay, V2: a charge of a billing key", function()
    local sent = { billingKey = "billing-key-1", orderName = "월간 이용권 정기결제",
      customer = { id = "customer-1234", phoneNumber = "010-1234-5678", email = "test@test.com" },
      amount = { total = 50000, taxFree = 3000 }, currency = "KRW" }
    v2("/payments/order%20%2F%201/billing-key", sent, function(c)
      local args = { paymentId = "order / 1" }
      for k, v in pairs(sent) do args[k] = v end
      return c.request_pay_again(args)
    end)
  end)

  it("tosspay, V2: a schedule, its time with the offset that the sample leaves out", function()
    local payment = { billingKey = "billing-key-1", orderName = "월간 이용권 정기결제",
      customer = { id = "customer-1234" }, amount = { total = 10000, taxFree = 3000 },
      currency = "KRW" }
    v2("/payments/payment-id-1/schedule",
      { payment = payment, timeToPay = "2023-01-01T00:00:00+09:00" }, function(c)
        return c.schedule { paymentId = "payment-id-1", payment = payment,
                            timeToPay = "2023-01-01 00:00:00" }
      end)
  end)

  it("V1's schedule of several charges", function()
    local sent = { customer_uid = "your-customer-unique-id", schedules = {
      { merchant_uid = "order_id_1", schedule_at = 1990000000, currency = "KRW", amount = 3000,
        name = "월간 이용권 정기결제" },
      { merchant_uid = "order_id_2", schedule_at = 1990086400, currency = "KRW", amount = 4000,
        name = "월간 이용권 정기결제" } } }
    v1("/subscribe/payments/schedule", sent, function(c) return c.schedule(sent) end)
  end)

  it("V2's billing key from a card", function()
    local sent = { channelKey = "channel-key-1", method = { card = { credential = {
      number = "1234123412341234", expiryYear = "25", expiryMonth = "12",
      birthOrBusinessRegistrationNumber = "820213", passwordTwoDigits = "00" } } } }
    v2("/billing-keys", sent, function(c) return c.issue_billing_key(sent) end)
  end)
end)
