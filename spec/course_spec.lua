-- What must hold of a call whatever happens around it: hooks that raise, a client that is closed
-- meanwhile, a token store that fails, time that runs out, answers of a strange form.

local errors = require "portone.error"
local fake = require "spec.support.fake"
local portone = require "portone"

local TOKEN = fake.token "t"
local PAID = { 200, '{"code":0,"message":null,"response":{"status":"paid","merchant_uid":"o",'
  .. '"amount":1000,"paid_at":9999999999}}' }
local ABSENT = { 404, '{"code":-1,"message":"none","response":null}' }
local LOST = { fault = { "network", "reset", "all" } }
local PAID_V2 = { 200, '{"payment":{"pgTxId":"t","paidAt":"2030-01-01T00:00:00Z"}}' }

local order = { customer_uid = "u", merchant_uid = "o", amount = 1000, name = "n",
                channel_key = "c" }
local order_v2 = { paymentId = "p", billingKey = "b", orderName = "n", amount = { total = 1000 },
                   currency = "KRW" }

local function soon(more)
  local options = { settle = 0 }
  for name, value in pairs(more or {}) do options[name] = value end
  return options
end

describe("a hook that raises", function()
  local function broken() error("the log is full") end

  it("takes no result away, and is named in the warnings", function()
    for _, name in ipairs { "on_request", "on_response" } do
      local client = fake.client({ TOKEN, PAID }, { [name] = broken })
      local result, err, info = client.request_pay_again(order)
      assert.is_nil(err)
      assert.equal("paid", result.status)
      assert.equal(name, info.warnings[1].path)
      assert.matches("the log is full", info.warnings[1].problem)
    end
  end)

  it("does not end the pursuit of a lost answer", function()
    local client = fake.client({ TOKEN, LOST, ABSENT, PAID }, soon { on_retry = broken,
      on_response = broken, on_request = broken })
    local result, err = client.request_pay_again(order)
    assert.is_nil(err)
    assert.equal("paid", result.status)
  end)

  it("does not keep a warning from the caller", function()
    local client = fake.client({ TOKEN, PAID }, { on_warning = broken })
    local result, _, info = client.request_pay_again { customer_uid = "u", merchant_uid = "o",
      amount = 1000, channel_key = "c" }  -- no name
    assert.truthy(result)
    local paths = {}
    for _, w in ipairs(info.warnings) do paths[w.path] = w.problem end
    assert.truthy(paths.name)
    assert.truthy(paths.on_warning)
  end)
end)

describe("an Idempotency-Key", function()
  local BUSY = { 409, '{"type":"IDEMPOTENCY_OUTSTANDING_REQUEST"}', "Retry-After: 5000\r\n" }
  local PAYMENT = { 200, '{"status":"PAID","amount":{"total":1000},"currency":"KRW",'
    .. '"pgTxId":"t","paidAt":"2099-01-01T00:00:00Z"}' }

  it("is relied on for three hours, and then the payment is looked up", function()
    local client, host = fake.client({ LOST, BUSY, BUSY, BUSY, PAYMENT },
      { deadline = 30000, settle = 0 })
    local result, err, info = client.request_pay_again(order_v2)
    assert.is_nil(err)
    assert.truthy(result.payment)
    assert.is_true(info.reconciled)
    local methods = {}
    for i, sent in ipairs(host.sent) do methods[i] = sent.method end
    assert.same({ "POST", "POST", "POST", "POST", "GET" }, methods)
  end)

  it("goes out again after a failure under a type that nobody has documented", function()
    local BROKEN = { 500, '{"type":"INTERNAL_ERROR","message":"oops"}' }
    local client, host = fake.client({ BROKEN, PAID_V2 }, soon())
    assert.truthy(client.request_pay_again(order_v2))
    assert.equal(host.sent[1].headers["Idempotency-Key"], host.sent[2].headers["Idempotency-Key"])
    client = fake.client({ BROKEN, BROKEN, BROKEN, BROKEN }, soon { deadline = 5 })
    local _, err = client.request_pay_again(order_v2)
    assert.equal("unknown_outcome", err.kind)
  end)
end)

describe("a client that is closed while a call is under way", function()
  it("leaves what may have been done as an unknown outcome", function()
    local client
    client = fake.client({ TOKEN, function()
      client.close()
      return LOST
    end, ABSENT }, soon())
    local result, err = client.request_pay_again(order)
    assert.is_nil(result)
    assert.equal("unknown_outcome", err.kind)
    assert.truthy(portone.encode_pending(err))
  end)

  it("leaves a V2 write so too", function()
    local client, host
    client, host = fake.client({ function()
      client.close()
      return LOST
    end, PAID_V2 }, soon())
    local result, err = client.request_pay_again(order_v2)
    assert.is_nil(result)
    assert.equal("unknown_outcome", err.kind)
    assert.equal(1, #host.sent)
  end)

  it("sends nothing more, and says so when nothing was sent", function()
    local client, host
    client, host = fake.client({ function()
      client.close()
      return TOKEN
    end, PAID })
    local result, err = client.request_pay_again(order)
    assert.is_nil(result)
    assert.equal("cancelled", err.kind)
    assert.equal("not_done", err.outcome)
    assert.equal(1, #host.sent)
  end)

  it("gives the answer that comes all the same", function()
    local client
    client = fake.client { TOKEN, function()
      client.close()
      return PAID
    end }
    assert.equal("paid", client.request_pay_again(order).status)
  end)
end)

describe("a deadline", function()
  local function total(host)
    local sum = 0
    for _, sent in ipairs(host.sent) do sum = sum + sent.timeout end
    return sum
  end

  it("holds the time for the token too", function()
    local slow = fake.token "t"
    slow.takes = 4
    local client, host = fake.client { slow, PAID }
    assert.truthy(client.request_pay_again(order, { deadline = 10 }))
    assert.is_true(host.sent[2].timeout <= 6, "it may take " .. host.sent[2].timeout)
  end)

  it("holds a second sending after a 401 too", function()
    local refused = { 401, '{"code":-1,"message":"no","response":null}', takes = 6 }
    local client, host = fake.client { TOKEN, refused, fake.token "u", PAID }
    assert.truthy(client.request_pay_again(order, { deadline = 10 }))
    assert.is_true(host.sent[4].timeout <= 3.5, "it may take " .. host.sent[4].timeout)
    assert.is_true(total(host) > 0)
  end)

  it("that the token has used up sends nothing", function()
    local slow = fake.token "t"
    slow.takes = 12
    local client, host = fake.client { slow, PAID }
    local result, err = client.request_pay_again(order, { deadline = 10 })
    assert.is_nil(result)
    assert.equal("timeout", err.kind)
    assert.equal("not_done", err.outcome)
    assert.equal(1, #host.sent)
  end)
end)

describe("a token that cannot be had", function()
  it("for a definite reason is not asked for again", function()
    local client, host = fake.client { { 200, '{"code":-1,"message":"blocked","response":null}' } }
    local _, err = client.request_pay_again(order)
    assert.equal("rejected", err.kind)
    assert.equal(1, #host.sent)
  end)

  it("for haste is asked for again after the time the API names", function()
    local busy = { 429, '{"code":-1,"message":"slow down","response":null}', "Retry-After: 7\r\n" }
    local client, host = fake.client { busy, TOKEN, PAID }
    assert.truthy(client.request_pay_again(order))
    assert.is_true(host.slept[1] >= 7, "waited " .. tostring(host.slept[1]))
  end)
end)

describe("a token store that fails", function()
  local function charge(store, answers, opts)
    local client, host = fake.client(answers or { TOKEN, PAID }, { token_store = store })
    local result, err, info = client.request_pay_again(order, opts)
    return result, err, info, host
  end

  it("does not keep anybody from paying", function()
    local function broken() error("redis is down") end
    local function nothing() end
    for _, store in ipairs {
      { get = broken, set = nothing }, { get = nothing, set = broken },
      { get = nothing, set = nothing, lock = broken },
      { get = nothing, set = nothing, lock = function() return broken end },
      { get = broken, set = broken, lock = broken },
    } do
      local result, err = charge(store)
      assert.is_nil(err)
      assert.equal("paid", result.status)
    end
  end)

  it("is not believed when it gives what is no token", function()
    for _, value in ipairs { 7, true, {}, "", "a\r\nX: y", "two words" } do
      local result, err, _, host = charge { get = function() return value end,
                                            set = function() end }
      assert.is_nil(err)
      assert.equal("paid", result.status)
      assert.equal("Bearer t", host.sent[2].headers.Authorization)
    end
  end)

  it("gets its lock back when the token cannot be fetched", function()
    local locked = 0
    local store = { get = function() end, set = function() end, lock = function()
      locked = locked + 1
      return function() locked = locked - 1 end
    end }
    local answers = { { 502, "<html>" }, LOST, { 401, "" } }
    if _VERSION ~= "Lua 5.1" or rawget(_G, "jit") then  -- where a pcall can be waited in
      answers[4] = function() error("odd") end
    end
    for _, answer in ipairs(answers) do
      pcall(charge, store, { answer })
      assert.equal(0, locked)
    end
  end)

  it("is waited for no longer than the deadline allows", function()
    local asked
    charge({ get = function() end, set = function() end,
             lock = function(_, _, ttl) asked = ttl end }, nil, { deadline = 5 })
    assert.is_true(asked and asked <= 5, tostring(asked))
  end)
end)

describe("an answer of a strange form", function()
  it("to a charge is looked into, not taken for a payment", function()
    for _, response in ipairs { 'null', '[]', '{}', '"ok"', 'true' } do
      local strange = { 200, '{"code":0,"message":null,"response":' .. response .. '}' }
      local client, host = fake.client({ TOKEN, strange, PAID }, soon())
      local result, err, info = client.request_pay_again(order)
      assert.is_nil(err)
      assert.equal("paid", result.status)
      assert.is_true(info.reconciled)
      assert.equal("GET", host.sent[3].method)
    end
  end)

  it("to a look-up tells nothing, and raises nothing", function()
    for _, response in ipairs { '7', '"paid"', 'true', '[]', '{}', '{"status":"paid"}',
        '{"status":"paid","amount":{}}', '{"status":"failed","failed_at":"x"}' } do
      local strange = { 200, '{"code":0,"message":null,"response":' .. response .. '}' }
      local client = fake.client({ TOKEN, LOST, strange }, soon { deadline = 5 })
      local result, err = client.request_pay_again(order)
      assert.is_nil(result)
      assert.is_true(errors.is(err))
      assert.are_not.equal("not_done", err.outcome, response)
    end
  end)

  it("to a V2 look-up tells nothing, and raises nothing", function()
    for _, body in ipairs { '{}', '[]', '{"status":"PAID"}', '{"status":"PAID","amount":7}',
        '{"status":"PAID","amount":{"total":"x"}}', '{"status":7}' } do
      local client = fake.client({ LOST, LOST, LOST, { 200, body } }, soon { deadline = 8 })
      local result, err = client.request_pay_again(order_v2)
      assert.is_nil(result)
      assert.is_true(errors.is(err))
      assert.are_not.equal("not_done", err.outcome, body)
    end
  end)

  it("whose type is not one of PortOne's is a gateway's, and settles nothing", function()
    local gateway = { 502, '{"type":"https://example.com/bad-gateway","title":"Bad Gateway"}' }
    local client, host = fake.client({ gateway, PAID_V2 })
    local result, err = client.request_pay_again(order_v2)
    assert.is_nil(err)
    assert.truthy(result.payment)
    assert.equal(2, #host.sent)
    assert.equal(host.sent[1].headers["Idempotency-Key"], host.sent[2].headers["Idempotency-Key"])
  end)
end)

describe("a certificate error after the request went out", function()
  -- libcurl repeats a request by itself on a new connection when a kept one ends without an answer
  local late = { fault = { "tls", "certificate has expired", "all" } }

  it("leaves a V1 write open", function()
    local client = fake.client({ TOKEN, late, PAID }, soon())
    local result, _, info = client.request_pay_again(order)
    assert.equal("paid", result and result.status)
    assert.is_true(info.reconciled)
  end)

  it("leaves a V2 write open", function()
    local bad = { fault = { "tls", "certificate has expired", "nothing" } }
    local client = fake.client({ late, bad }, soon { deadline = 20 })
    local result, err = client.request_pay_again(order_v2)
    assert.is_nil(result)
    assert.equal("unknown_outcome", err.kind)
  end)
end)

describe("a wait for our own request", function()
  it("is a wait, even when the server names none", function()
    local running = { 409, '{"type":"IDEMPOTENCY_OUTSTANDING_REQUEST","message":"m"}',
                      "Retry-After: 0\r\n", takes = 0 }
    local client, host
    client, host = fake.client({ function()
      return #host.sent < 100 and running or PAID_V2
    end }, soon { deadline = 20 })
    client.request_pay_again(order_v2)
    assert.is_true(#host.sent < 60, #host.sent .. " requests in 20 seconds")
  end)
end)
