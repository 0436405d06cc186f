local fake = require "spec.support.fake"
local json = require "portone.json"
local portone = require "portone"

local paid = { 200, '{"payment":{"pgTxId":"t","paidAt":"2026-01-01T00:00:00Z"}}' }

local function order(more)
  local args = { paymentId = "p-1", billingKey = "bk", orderName = "pass",
                 amount = { total = 1000 }, currency = "KRW" }
  for k, v in pairs(more or {}) do args[k] = v end
  return args
end

local function message(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return tostring(err)
end

describe("a call", function()
  it("returns the result, no error, and what there is to know", function()
    local client = fake.client { { paid[1], paid[2], "HTTP/1.1 200 OK\r\nX-Id: 7\r\n\r\n" } }
    local result, err, info = client.request_pay_again(order())
    assert.is_nil(err)
    assert.equal("t", result.payment.pgTxId)
    assert.equal("v2.payment.pay_with_billing_key", info.operation)
    assert.equal(200, info.status)
    assert.equal("7", info.headers["x-id"])
    assert.equal(1, info.attempts)
    assert.equal(0.5, info.elapsed)
    assert.truthy(info.idempotency_key:find("^%x+$"))
  end)

  it("has the headers of the last answer, whoever looked at those before", function()
    local client, host = fake.client { { 429, "", "Retry-After: 3\r\nX-Id: 1\r\n" },
      { 200, "{}", "X-Id: 2\r\n" } }
    local _, _, info = client.v2.payment.get_payment { paymentId = "p" }
    assert.is_true(host.slept[1] >= 3)
    assert.same({ ["x-id"] = "2" }, info.headers)
  end)

  it("gives each write an idempotency key of its own, or the caller's", function()
    local client, host = fake.client { paid }
    client.request_pay_again(order())
    client.request_pay_again(order())
    local _, _, info = client.request_pay_again(order(),
      { idempotency_key = "my-own-key-0123456" })
    local keys = {}
    for i, sent in ipairs(host.sent) do keys[i] = sent.headers["Idempotency-Key"] end
    assert.are_not.equal(keys[1], keys[2])
    assert.equal('"my-own-key-0123456"', keys[3])
    assert.equal("my-own-key-0123456", info.idempotency_key)
  end)

  it("gives a read no idempotency key", function()
    local client, host = fake.client { { 200, "{}" } }
    local _, _, info = client.v2.payment.get_payment { paymentId = "p" }
    assert.is_nil(host.sent[1].headers["Idempotency-Key"])
    assert.is_nil(info.idempotency_key)
    assert.equal("GET", host.sent[1].method)
  end)

  it("fills in the client's store where the operation takes one, unless it is given", function()
    local client, host = fake.client({ paid }, { store_id = "store-1" })
    client.request_pay_again(order())
    client.request_pay_again(order { storeId = "store-2" })
    client.request_pay_again(order(), { store_id = "store-3" })
    client.v2.payment.get_payment { paymentId = "p" }
    assert.equal("store-1", json.decode(host.sent[1].body).storeId)
    assert.equal("store-2", json.decode(host.sent[2].body).storeId)
    assert.equal("store-3", json.decode(host.sent[3].body).storeId)
    assert.truthy(host.sent[4].url:find("?storeId=store-1", 1, true))
  end)

  it("fills in the client's store where it belongs into an object of the body", function()
    local client, host = fake.client({ paid }, { store_id = "store-1" })
    local function schedule(more)
      local payment = order(more)
      payment.paymentId = nil
      local args = { paymentId = "p", timeToPay = 1893456000, payment = payment }
      client.schedule(args)
      assert.equal((more or {}).storeId, args.payment.storeId)  -- the caller's is left alone
      return json.decode(host.sent[#host.sent].body).payment.storeId
    end
    assert.equal("store-1", schedule())
    assert.equal("store-2", schedule { storeId = "store-2" })
    client.v2.payment.payment_schedule.get_payment_schedules {}
    assert.truthy(host.sent[#host.sent].url:find("store-1", 1, true))
    -- without a store this one searches the merchant's other stores too, as it was asked to
    client.v2.payment.get_payments {}
    assert.is_nil(host.sent[#host.sent].url:find("store-1", 1, true))
  end)

  it("leaves the caller's table as it was", function()
    local client = fake.client({ paid }, { store_id = "store-1" })
    local args = order()
    client.request_pay_again(args)
    assert.same(order(), args)
  end)

  it("sends nothing when something is wrong, and says all of it", function()
    local client, host = fake.client { paid }
    local result, err, info = client.request_pay_again { paymentId = "p", billingKey = "bk",
      orderName = 7, amount = { total = "1000" }, currencyy = "KRW" }
    assert.is_nil(result)
    assert.equal("invalid_request", err.kind)
    assert.equal(0, #host.sent)
    assert.equal(0, info.attempts)
    local paths = {}
    for _, field in ipairs(err.fields) do paths[field.path] = field.problem end
    assert.truthy(paths.orderName)
    assert.truthy(paths["amount.total"])
    assert.truthy(paths.currency)
    assert.truthy(paths.currencyy:find("currency", 1, true))
  end)

  it("passes fields that nobody knows yet in `extra`, and everything with check = false", function()
    local client, host = fake.client { paid }
    client.request_pay_again(order { extra = { brandNew = 1 } })
    assert.equal(1, json.decode(host.sent[1].body).brandNew)
    assert.is_nil(json.decode(host.sent[1].body).extra)
    client.request_pay_again(order { brandNew = 2 }, { check = false })
    assert.equal(2, json.decode(host.sent[2].body).brandNew)
  end)

  it("sends what cannot be JSON nowhere, even unchecked", function()
    local client, host = fake.client { paid }
    local _, err = client.request_pay_again(order { customData = { x = 0 / 0 } }, { check = false })
    assert.equal("invalid_request", err.kind)
    assert.equal("customData.x", err.fields[1].path)
    _, err = client.request_pay_again(order { orderName = "\255" }, { check = false })
    assert.equal("orderName", err.fields[1].path)
    assert.equal(0, #host.sent)
  end)

  it("tells hooks the operation and the URL's template, and no secret", function()
    local seen = {}
    local function note(event) seen[#seen + 1] = event end
    local client = fake.client({ paid }, { on_request = note, on_response = note })
    client.request_pay_again(order { paymentId = "secret-order" })
    assert.equal("/payments/{paymentId}/billing-key", seen[1].url)
    assert.equal(200, seen[2].status)
    for _, event in ipairs(seen) do
      for _, value in pairs(event) do
        assert.is_nil(tostring(value):find("secret", 1, true))
      end
    end
  end)

  it("surfaces a partial success", function()
    local some = { 207, '{"code":0,"message":null,"response":[]}' }
    local client = fake.client { fake.token("t"), some }
    local result, _, info = client.v1.customers.list { customer_uid = { "a", "b" } }
    assert.same(0, #result)
    assert.is_true(info.partial)
    assert.equal(207, info.status)
  end)

  it("says what is known of a failed exchange", function()
    local client = fake.client { { fault = { "timeout", "timed out", "all" } } }
    local result, err, info = client.v2.payment.get_payment({ paymentId = "p" },
      { max_retries = 0 })
    assert.is_nil(result)
    assert.equal("timeout", err.kind)
    assert.equal("all", err.sent)
    assert.is_nil(err.status)
    assert.equal("v2.payment.get_payment", err.operation)
    assert.equal(0.5, info.elapsed)
  end)
end)

describe("a path field", function()
  local cases = {
    { "a/b", "a%2Fb" }, { "a%2Fb", "a%252Fb" }, { "한글", "%ED%95%9C%EA%B8%80" },
    { "a b?c#d", "a%20b%3Fc%23d" },
    { "a.b", "a.b" }, { "...", "..." }, { "~-_", "~-_" },
  }
  for _, case in ipairs(cases) do
    it(("keeps %q in its segment"):format(case[1]), function()
      local client, host = fake.client { { 200, "{}" } }
      client.v2.payment.get_payment { paymentId = case[1] }
      assert.equal("http://127.0.0.1:1/payments/" .. case[2], host.sent[1].url)
    end)
  end

  for _, value in ipairs { "", ".", "..", "a\r\nb", "a\0b" } do
    it(("refuses %q before anything is sent"):format(value), function()
      for _, check in ipairs { true, false } do
        local client, host = fake.client { { 200, "{}" } }
        local _, err = client.v2.payment.get_payment({ paymentId = value }, { check = check })
        assert.equal("invalid_request", err.kind)
        assert.equal("paymentId", err.fields[1].path)
        assert.equal(0, #host.sent)
      end
    end)
  end
end)

describe("misuse", function()
  local client = fake.client { paid }

  it("raises for a wrong name, with the right one", function()
    assert.truthy(message(function() return client.v2.payment.pay_with_billingkey end)
      :find("pay_with_billing_key", 1, true))
    assert.truthy(message(function() return client.v1.subscribe.agian end):find("again", 1, true))
    assert.truthy(message(function() return client.request_pay_agian end)
      :find("request_pay_again", 1, true))
    assert.truthy(message(function() return portone.request_pay_agian end)
      :find("request_pay_again", 1, true))
  end)

  it("raises for a colon", function()
    assert.truthy(message(function() client.v1.subscribe:again {} end):find("dot", 1, true))
    assert.truthy(message(function() client:request_pay_again {} end):find("dot", 1, true))
  end)

  it("raises for what is no table", function()
    assert.has_error(function() client.request_pay_again("x") end)
    assert.has_error(function() client.v1.subscribe.again("x") end)
    assert.has_error(function() client.v1.subscribe.again({}, "x") end)
  end)

  it("raises after close", function()
    local closed = fake.client { paid }
    closed.close()
    assert.truthy(message(closed.request_pay_again, order()):find("closed", 1, true))
  end)
end)

describe("the verbs", function()
  it("go to V1 or V2 by the fields of the table", function()
    local done = { 200, '{"code":0,"message":null,"response":{}}' }
    local client, host = fake.client { fake.token("t"), done }
    client.issue_billing_key { customer_uid = "u", channel_key = "c",
      card_number = "1234-1234-1234-1234", expiry = "2030-01" }
    assert.truthy(host.sent[2].url:find("/subscribe/customers/u$"))
    client.schedule { customer_uid = "u", schedules = { { merchant_uid = "m", amount = 1,
      schedule_at = 1990000000, currency = "KRW", name = "n" } } }
    assert.truthy(host.sent[3].url:find("/subscribe/payments/schedule$"))
    client.issue_billing_key { channelKey = "c", method = { card = { credential = {
      number = "1234123412341234", expiryYear = "30", expiryMonth = "01" } } } }
    assert.truthy(host.sent[4].url:find("/billing%-keys$"))
  end)

  it("refuse a table that fits neither or both, and show the two shapes", function()
    local client, host = fake.client { paid }
    for _, args in ipairs { {}, { amount = 3000 }, { customer_uid = "u", billingKey = "b" } } do
      for _, verb in ipairs { "request_pay_again", "issue_billing_key", "schedule" } do
        local result, err, info = client[verb](args)
        if verb == "request_pay_again" or not args.customer_uid then
          assert.is_nil(result)
          assert.equal("invalid_request", err.kind)
          assert.truthy(err.message:find("customer_uid", 1, true))
          assert.truthy(err.message:find("V2 takes", 1, true))
          assert.equal(verb, info.operation)
        end
      end
    end
    assert.equal(0, #host.sent)
  end)
end)

describe("request", function()
  it("reaches what no row covers", function()
    local client, host = fake.client { { 200, '{"ok":true}' } }
    local result, err, info = client.request("v2", "POST", "/brand/new?x=1",
      { query = { b = 2, a = "é" }, body = { n = 1 }, headers = { ["X-A"] = "1" } })
    assert.is_nil(err)
    assert.is_true(result.ok)
    assert.equal("http://127.0.0.1:1/brand/new?x=1&a=%C3%A9&b=2", host.sent[1].url)
    assert.equal('{"n":1}', host.sent[1].body)
    assert.equal("1", host.sent[1].headers["X-A"])
    assert.equal("POST /brand/new", info.operation)
    assert.truthy(info.idempotency_key)
  end)

  it("carries the body of a GET in the query", function()
    local client, host = fake.client { { 200, "{}" } }
    assert(client.request("v2", "GET", "/payments", { body = { page = { number = 0 } } }))
    assert.is_nil(host.sent[1].body)
    assert.equal("http://127.0.0.1:1/payments?requestBody="
      .. "%7B%22page%22%3A%7B%22number%22%3A0%7D%7D", host.sent[1].url)
  end)

  it("raises for what is no request", function()
    local client = fake.client { paid }
    for _, args in ipairs { { "v3", "GET", "/" }, { "v2", "get", "/" }, { "v2", "GET", "x" },
                            { "v2", "GET", "/a b" }, { "v2", "GET", "/", "x" } } do
      assert.has_error(function() client.request(args[1], args[2], args[3], args[4]) end)
    end
  end)
end)

describe("nothing secret is shown", function()
  local secrets = { "v2-api-secret-0123456789", "imp-key-777", "imp-sec-888", "tok-999-token",
    "4242424242424242", "4242-4242-4242-4242", "820213" }

  local function clean(text)
    for _, secret in ipairs(secrets) do
      assert.is_nil(text:find(secret, 1, true), text)
    end
  end

  it("by print of a client, a group, the module", function()
    local client = fake.client { paid }
    clean(tostring(client))
    clean(tostring(client.v1.subscribe))
    clean(tostring(client.v2))
  end)

  it("by an error that repeats what the server repeated", function()
    local echo = "no: " .. table.concat(secrets, " ")
    local client = fake.client { fake.token("tok-999-token"),
      { 400, json.encode { code = 1, message = echo } } }
    local _, err = client.issue_billing_key { customer_uid = "u", channel_key = "c",
      card_number = "4242-4242-4242-4242", expiry = "2030-01", birth = "820213" }
    clean(tostring(err))
    clean(err.message)
  end)

  it("by a check that refuses the secret itself", function()
    local client = fake.client { paid }
    local _, err = client.issue_billing_key { customer_uid = "u", channel_key = "c",
      card_number = "4242424242424242x", expiry = 820213, birth = "820213-" }
    clean(tostring(err))
  end)
end)

describe("the default client", function()
  it("is made from configure and answers for the module", function()
    local host = fake.host { paid }
    portone.configure { api_secret = "s3cr3t-s3cr3t", base_url = "http://127.0.0.1:1", loop = host }
    assert.truthy(portone.request_pay_again(order()))
    assert.truthy(portone.v2.payment.pay_with_billing_key(order()))
    assert.equal("PortOne s3cr3t-s3cr3t", host.sent[2].headers.Authorization)
    assert.has_error(function() portone.configure "x" end)
    assert.has_error(function() portone.configure { nonsense = 1 } end)
    assert.truthy(portone.request_pay_again(order()))  -- a refused configure changes nothing
  end)

  it("keeps the environment's V1 keys when only a tier is given", function()
    local real = os.getenv
    local env = { PORTONE_V1_API_KEY = "a-key", PORTONE_V1_API_SECRET = "a-secret" }
    os.getenv = function(name) return env[name] end  -- luacheck: ignore
    local ok, err = pcall(portone.configure, { v1 = { tier = "ABC" } })
    os.getenv = real  -- luacheck: ignore
    assert(ok, err)
    assert.matches("v1%s+%S+%s+with an API key", tostring(portone))
  end)
end)
