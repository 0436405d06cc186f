-- Mistakes that are easily made: each is told where it was made, with what to do instead, and
-- nothing goes out.

local core = require "portone.core"
local fake = require "spec.support.fake"
local portone = require "portone"

local PAID = { 200, '{"payment":{"pgTxId":"t","paidAt":"2030-01-01T00:00:00Z"}}' }

local function order(more)
  local args = { paymentId = "p", billingKey = "bk", orderName = "n", amount = { total = 1000 },
                 currency = "KRW" }
  for name, value in pairs(more or {}) do args[name] = value end
  return args
end

-- Raises with this text, at a line of this file.
local function raises(pattern, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok)
  assert.matches(pattern, message)
  assert.matches("^[^:]*misuse_spec", message)
end

describe("a colon", function()
  it("is noticed on every function of the module and of a client", function()
    local client, host = fake.client { PAID }
    for _, holder in ipairs { portone, client } do
      for _, name in ipairs { "request_pay_again", "issue_billing_key", "schedule", "request",
          "each", "collect", "resolve" } do
        raises("with a dot, not a colon", function()
          local x = holder[name](holder, order())
          return x
        end)
      end
    end
    for _, name in ipairs { "new", "configure" } do
      raises("portone%." .. name .. ": call it with a dot", function()
        local x = portone[name](portone, {})
        return x
      end)
    end
    raises("with a dot, not a colon", function()
      local x = client.v1.subscribe:again(order())
      return x
    end)
    assert.equal(0, #host.sent)
  end)

  it("is missed where a sandbox wants one, and forbidden where it does not", function()
    raises("with a dot, not a colon", function()
      local x = portone.sandbox:start {}
      return x
    end)
    local sandbox = assert(portone.sandbox.start {})
    for _, name in ipairs { "client", "advance", "journal", "inbox", "fault", "stop" } do
      raises("call it with a colon: sandbox:" .. name, function()
        local x = sandbox[name] {}
        return x
      end)
    end
    sandbox:stop()
  end)
end)

describe("waiting", function()
  it("wants a function, a list, seconds", function()
    local function with(name, ...)
      local args, n = { ... }, select("#", ...)
      return function()
        local x = portone[name]((table.unpack or unpack)(args, 1, n))
        return x
      end
    end
    raises("portone.spawn: function expected, got nil", with("spawn"))
    raises("portone.sleep: a number of seconds", with("sleep", -1))
    raises("portone.sleep: a number of seconds", with("sleep", 0 / 0))
    raises("portone.sleep: a number of seconds", with("sleep", "1"))
    raises("portone.poll: a number of seconds expected, got string", with("poll", "0"))
    raises("portone.map: a list and a function", with("map", print))
    raises("portone.map: table expected, got number", with("map", {}, print, 5))
    raises("portone.map: unknown option 'concurency' %(did you mean 'concurrency'%?%)",
      with("map", { 1 }, print, { concurency = 2 }))
    raises("'concurrency' must be a number, 1 or more",
      with("map", {}, print, { concurrency = 0 / 0 }))
    raises("'mode' must be 'first_error' or 'collect'", with("map", {}, print, { mode = "all" }))
    local task = portone.spawn(function() end)
    raises("task:wait: a number of seconds", function()
      local x = task:wait("1")
      return x
    end)
  end)
end)

describe("an option", function()
  local function new(options)
    return function()
      local client = portone.new(options)
      return client
    end
  end

  it("of V1 at the top is told where it belongs", function()
    raises("v1 = { imp_key = ", new { imp_key = "k" })
  end)

  it("with webhook secrets must be a list", function()
    for _, value in ipairs { "whsec_x", { secret = "whsec_x" } } do
      raises('{ "whsec_', new { webhook_secrets = value })
    end
    raises("webhook_secrets%[2%] is none", new { webhook_secrets = { "whsec_x", "" } })
  end)

  it("with a CA file that cannot be read raises at once", function()
    raises("'ca_file': /no/such/file.pem: No such file", new { ca_file = "/no/such/file.pem" })
  end)

  it("that no machine could follow is refused", function()
    raises("'max_response' must be", new { max_response = math.huge })
    raises("'max_response' must be", new { max_response = 0 })
    raises("'max_retries' must be", new { max_retries = math.huge })
    raises("'connect_timeout' must be", new { connect_timeout = 0.0001 })
    raises("'timeout' must be", new { timeout = 0 / 0 })
  end)

  it("of a request by hand is not overlooked", function()
    local client, host = fake.client { PAID }
    raises("did you mean 'body'", function()
      local x = client.request("v2", "POST", "/x", { boddy = {} })
      return x
    end)
    raises("'query' must be a table", function()
      local x = client.request("v2", "GET", "/x", { query = "a=1" })
      return x
    end)
    assert.equal(0, #host.sent)
  end)

  it("with an idempotency key for V1 is told to be of no use there", function()
    local client = fake.client { fake.token "t",
      { 200, '{"code":0,"message":null,"response":{"status":"paid"}}' } }
    local _, _, info = client.request_pay_again({ customer_uid = "u", merchant_uid = "o",
      amount = 1, name = "n" }, { idempotency_key = "0123456789abcdef" })
    assert.equal("idempotency_key", info.warnings[1].path)
  end)
end)

describe("a name", function()
  it("of a group is guessed too", function()
    raises("did you mean portone%.v1%.subscribe%?", function()
      return portone.v1.subscribes.again
    end)
    raises("did you mean portone%.v2%.payment%.billing_key%?", function()
      return portone.v2.payment.billing_keys.issue_billing_key
    end)
  end)
end)

describe("what cannot stand in a URL", function()
  local function refused(path, client, fn)
    local _, err = fn(client)
    assert.equal("invalid_request", err.kind)
    assert.equal(path, err.fields[1].path)
    return err.fields[1].problem
  end

  it("is not sent: bad UTF-8, numbers beyond 2^53, tables and functions", function()
    local client, host = fake.client { PAID }
    assert.matches("UTF%-8", refused("paymentId", client, function(c)
      return c.request_pay_again(order { paymentId = "a\255" })
    end))
    assert.matches("UTF%-8", refused("storeId", client, function(c)
      return c.v2.payment.get_payment { paymentId = "p", storeId = "\237\160\128" }
    end))
    for _, value in ipairs { 2 ^ 53, -2 ^ 60, 0 / 0, math.huge, {}, print, portone.null } do
      refused("paymentId", client, function(c)
        return c.v2.payment.get_payment({ paymentId = value }, { check = false })
      end)
    end
    for _, value in ipairs { 2 ^ 53, 0 / 0, print } do
      refused("page", client, function(c)
        return c.request("v1", "GET", "/x", { query = { page = value } })
      end)
    end
    assert.equal(0, #host.sent)
  end)

  it("is not much: whole numbers go out digit for digit, and all that is UTF-8", function()
    local client, host = fake.client { PAID }
    client.request("v2", "GET", "/x", { query = { a = 2 ^ 53 - 1, b = 1.5, c = "가", d = true } })
    assert.matches("/x%?a=9007199254740991&b=1%.5&c=" .. core.escape("가"):gsub("%%", "%%%%")
      .. "&d=true$", host.sent[1].url)
  end)
end)

describe("a time to pay", function()
  it("says what it may be, and must say whose time it is", function()
    local client, host = fake.client { PAID }
    local cases = { ["2030-01-01T00:00:00"] = "Z or %+09:00", soon = "RFC 3339",
                    [1893456000000] = "milliseconds" }
    for value, pattern in pairs(cases) do
      local payment = order()
      payment.paymentId = nil
      local _, err = client.schedule { paymentId = "p", payment = payment, timeToPay = value }
      assert.equal("timeToPay", err.fields[1].path)
      assert.matches(pattern, err.fields[1].problem)
    end
    local payment = order()
    payment.paymentId = nil
    local _, err = client.schedule { paymentId = "p", payment = payment,
                                     timeToPay = { year = 2030 } }
    assert.matches("unix seconds or an RFC 3339 time", err.fields[1].problem)
    assert.equal(0, #host.sent)
  end)
end)

describe("a name misspelt in a test of one's own", function()
  local sandbox
  setup(function() sandbox = assert(portone.sandbox.start {}) end)
  teardown(function() sandbox:stop() end)

  it("raises instead of matching nothing for ever", function()
    for message, fn in pairs {
      ["fault: no operation 'v1.subscribe.agian' (did you mean 'v1.subscribe.again'?)"] =
        function() sandbox:fault { op = "v1.subscribe.agian", fault = "hang" } end,
      ["fault: no operation 'v3.*'"] = function() sandbox:fault { op = "v3.*", fault = "hang" } end,
      ["journal: no operation 'v1.payments.cancle' (did you mean 'v1.payments.cancel'?)"] =
        function() sandbox:journal { op = "v1.payments.cancle" } end,
      ["journal: no kind 'chrage': cancel, charge, confirm, error, request, timer, webhook, window"]
        = function() sandbox:journal { kind = "chrage" } end,
    } do
      local ok, problem = pcall(fn)
      assert.is_false(ok)
      assert.equal(message, (problem:gsub("^.-:%d+: ", "")))
    end
    assert.same({}, sandbox:faults())
  end)

  it("is no reason to refuse the beginning of a name, or a webhook's", function()
    for _, op in ipairs { "*", "v1.*", "v2.payment.p*", "v2.payment.get_payment", "webhook.*",
      "webhook.v2.Transaction.Paid", "webhook.v1.*" } do
      assert.is_number(sandbox:fault { op = op, fault = "duplicate" }, op)
      assert.same({}, sandbox:journal { op = op })
    end
  end)
end)
