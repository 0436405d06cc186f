local core = require "portone.core"
local faults = require "portone.sandbox.faults"
local json = require "portone.json"
local sandbox = require "portone.sandbox"
local socket = require "socket"

describe("sandbox faults: rules", function()
  local f

  before_each(function() f = faults.new("seed") end)

  local function names(op, webhook)
    local out = {}
    for _, fault in ipairs(f:draw(op, webhook or false)) do out[#out + 1] = fault.rule.fault end
    return table.concat(out, " ")
  end

  it("strike the operation they name, or all of a kind", function()
    assert(f:add { fault = "reset", op = "v1.subscribe.again" })
    assert(f:add { fault = "hang", op = "v2.payment.*" })
    assert(f:add { fault = "empty" })
    assert.equal("reset empty", names("v1.subscribe.again"))
    assert.equal("hang empty", names("v2.payment.cancel_payment"))
    assert.equal("empty", names("v1.subscribe.againX"))
    f:clear()
    assert.equal("", names("v1.subscribe.again"))
  end)

  it("strike the nth call, counted from when they were set", function()
    assert(f:add { fault = "reset", op = "a", nth = 2 })
    assert(f:add { fault = "hang", op = "a", nth = { 1, 3 } })
    local seen = {}
    for i = 1, 5 do
      names("b")
      seen[i] = names("a")
    end
    assert.same({ "hang", "reset", "hang", "", "" }, seen)
  end)

  it("strike a number of times", function()
    assert(f:add { fault = "reset", times = 2 })
    assert.same({ "reset", "reset", "", "" }, { names("a"), names("a"), names("a"), names("a") })
  end)

  it("strike by chance, the same chance for the same seed", function()
    local function run(seed)
      f = faults.new(seed)
      assert(f:add { fault = "reset", probability = 0.3 })
      local out, n = {}, 0
      for i = 1, 1000 do
        out[i] = names("a")
        n = n + (out[i] == "reset" and 1 or 0)
      end
      return table.concat(out, ","), n
    end
    local one, n = run("x")
    assert.equal(one, (run("x")))
    assert.are_not.equal(one, (run("y")))
    assert.is_true(n > 240 and n < 360)
  end)

  it("do not move each other's chances", function()
    local function run(more)
      f = faults.new("x")
      assert(f:add { fault = "reset", probability = 0.5, times = more })
      assert(f:add { fault = "hang", probability = 0.5 })
      local out = {}
      for i = 1, 50 do out[i] = names("a"):find("hang") and "h" or "-" end
      return table.concat(out)
    end
    assert.equal(run(1), run(1000))
  end)

  it("tell webhooks from requests", function()
    assert(f:add { fault = "duplicate" })
    assert(f:add { fault = "reset" })
    assert.equal("reset", names("v2.payment.get_payment"))
    assert.equal("duplicate", names("webhook.v2.Transaction.Paid", true))
  end)

  it("are refused when they are wrong", function()
    for _, rule in ipairs { 1, {}, { fault = "explode" }, { fault = "latency" },
      { fault = "reset", nth = "first" }, { fault = "reset", probability = "often" },
      { fault = "reset", colour = "red" }, { fault = "delay" }, { fault = "reset", nth = 0 },
      { fault = "reset", nth = 1.5 }, { fault = "reset", nth = {} }, { fault = "reset",
      nth = { 1, "2" } }, { fault = "reset", times = 0 }, { fault = "reset", times = -1 },
      { fault = "reset", probability = 1.1 }, { fault = "reset", probability = -0.1 },
      { fault = "reset", probability = 0 / 0 }, { fault = "latency", seconds = -1 },
      { fault = "error", status = 99 }, { fault = "slow", rate = 0 } } do
      local ok, problem = f:add(rule)
      assert.is_nil(ok)
      assert.matches("^fault: ", problem)
    end
  end)
end)

describe("sandbox faults: over the wire", function()
  local s, http, api_key
  local orders = 0

  -- One raw request: status, body | nil, code, message; and whether money moved.
  local function pay(id, more)
    local headers = { "Content-Type: application/json", "Authorization: PortOne " .. s.api_secret,
      more }
    return http:perform("POST", s.v2_url .. "/payments/" .. id .. "/billing-key", headers,
      json.encode { billingKey = api_key, orderName = "x", amount = { total = 10 },
        currency = "KRW" }, 20)
  end

  local function charges(order)
    local n = 0
    for _, entry in ipairs(s:journal { kind = "charge" }) do
      n = n + (entry.order == order and 1 or 0)
    end
    return n
  end

  setup(function()
    s = assert(sandbox.start { seed = "faults" })
    http = core.client {}
    local status, body = http:perform("POST", s.v2_url .. "/billing-keys",
      { "Content-Type: application/json", "Authorization: PortOne " .. s.api_secret },
      json.encode { channelKey = s.channel_key,
        method = { card = { credential = s.cards.success.credential } } }, 20)
    assert.equal(200, status)
    api_key = json.decode(body).billingKeyInfo.billingKey
  end)

  teardown(function()
    http:close()
    s:stop()
  end)

  local OP = "v2.payment.pay_with_billing_key"

  -- A fault for the next charge, which is for a new order.
  local function strike(fault, more)
    orders = orders + 1
    s:clear_faults()
    local rule = { op = OP, fault = fault, nth = 1 }
    for name, value in pairs(more or {}) do rule[name] = value end
    s:fault(rule)
    local id = "order-" .. orders
    http:close()  -- a kept connection that is lost is reported in other words
    http = core.client {}
    local result = { pay(id) }
    return result, charges(id), id
  end

  it("raises where the caller is, and once stopped", function()
    local other = assert(sandbox.start {})
    local function here() return debug.getinfo(2, "l").currentline end
    local line
    local function wrong()
      line = here(); local id = other:fault { fault = "reset", nth = 0 }
      return id
    end
    local function late()
      line = here(); local list = other:journal()
      return list
    end
    local _, why = pcall(function() local id = wrong() return id end)
    assert.matches("faults_spec.lua:" .. line .. ": .*'nth' must be a whole number, 1 to", why)
    other:stop()
    _, why = pcall(function() local list = late() return list end)
    assert.matches("faults_spec.lua:" .. line .. ": sandbox: it is stopped", why)
  end)

  it("raises on rules that make no sense", function()
    assert.error_matches(function() s:fault { fault = "explode" } end, "must be one of")
    assert.error_matches(function() s:fault { fault = "latency" } end, "needs 'seconds'")
  end)

  for _, case in ipairs {
    { "reset", 0, "reset by peer" }, { "reset_before_commit", 0, "reset by peer" },
    { "reset_after_commit", 1, "reset by peer" }, { "close", 0, "[Ee]mpty" },
    { "close_after_commit", 1, "[Ee]mpty" },
  } do
    it(case[1] .. " ends the connection", function()
      local result, moved = strike(case[1])
      assert.same({ nil, "network" }, { result[1], result[2] })
      assert.matches(case[3], result[3])
      assert.equal(case[2], moved)
    end)
  end

  for _, case in ipairs {
    { "error", 0, 503, "upstream failure" }, { "error_after_commit", 1, 503, "upstream failure" },
    { "html", 0, 502, "<html>" }, { "html_after_commit", 1, 502, "<html>" },
    { "empty", 0, 200, "^$" }, { "empty_after_commit", 1, 200, "^$" },
    { "rate_limited", 0, 429, "too many" },
    { "outstanding", 0, 409, "IDEMPOTENCY_OUTSTANDING_REQUEST" },
  } do
    it(case[1] .. " answers something else", function()
      local result, moved = strike(case[1])
      assert.equal(case[3], result[1])
      assert.matches(case[4], result[2])
      assert.equal(case[2], moved)
    end)
  end

  it("error takes a status", function()
    assert.equal(500, strike("error", { status = 500 })[1])
  end)

  it("rate_limited may say when to come back", function()
    assert.is_nil(strike("rate_limited")[3]:find("Retry%-After"))
    assert.matches("Retry%-After: 7\r\n", strike("rate_limited", { retry_after = 7 })[3])
  end)

  it("truncate cuts the answer and the connection", function()
    local result, moved = strike("truncate")
    assert.same({ nil, "network", 1 }, { result[1], result[2], moved })
    assert.matches("bytes remaining", result[3])
  end)

  it("truncate_reset cuts it with a reset", function()
    local result, moved = strike("truncate_reset", { bytes = 3 })
    assert.same({ nil, "network", 1 }, { result[1], result[2], moved })
    assert.matches("reset by peer", result[3])
  end)

  it("bad_json is a whole answer that is no JSON", function()
    local result, moved = strike("bad_json")
    assert.same({ 200, 1 }, { result[1], moved })
    assert.matches("^{", result[2])
    assert.is_nil((json.decode(result[2])))
  end)

  it("slow comes in the end", function()
    local result, moved = strike("slow", { rate = 2000 })
    assert.same({ 200, 1 }, { result[1], moved })
    assert.is_table(json.decode(result[2]))
  end)

  it("wrong_length claims too much, or too little", function()
    local result, moved = strike("wrong_length")
    assert.same({ nil, "network", 1 }, { result[1], result[2], moved })
    result = strike("wrong_length", { bytes = -5 })
    assert.equal(200, result[1])
    assert.is_nil((json.decode(result[2])))
    http:close()  -- the rest of that answer is still on its connection
    http = core.client {}
  end)

  it("hang never answers", function()
    for fault, moved in pairs { hang = 0, hang_before_commit = 0, hang_after_commit = 1 } do
      s:clear_faults()
      s:fault { op = OP, fault = fault }
      local c = assert(socket.connect("127.0.0.1", tonumber(s.v2_url:match("%d+$"))))
      c:settimeout(20)
      local body = json.encode { billingKey = api_key, orderName = "x", amount = { total = 10 },
        currency = "KRW" }
      c:send("POST /payments/" .. fault .. "/billing-key HTTP/1.1\r\nHost: x\r\nAuthorization: "
        .. "PortOne " .. s.api_secret .. "\r\nContent-Type: application/json\r\nContent-Length: "
        .. #body .. "\r\n\r\n" .. body)
      for _ = 1, 4000 do
        if s:stats().parked == 1 then break end
        socket.sleep(0.005)
      end
      c:settimeout(0.02)
      assert.equal("timeout", (select(2, c:receive(1))))
      assert.equal(moved, charges(fault))
      c:close()
      for _ = 1, 4000 do
        if s:stats().parked == 0 then break end
        socket.sleep(0.005)
      end
      assert.equal(0, s:stats().parked)
    end
  end)

  it("latency lets others pass, and keeps the idempotency key busy", function()
    s:clear_faults()
    s:fault { op = OP, fault = "latency", seconds = 30, nth = 1 }
    local key = 'Idempotency-Key: "0123456789abcdef-slow"'
    local c = assert(socket.connect("127.0.0.1", tonumber(s.v2_url:match("%d+$"))))
    c:settimeout(20)
    local body = json.encode { billingKey = api_key, orderName = "x", amount = { total = 10 },
      currency = "KRW" }
    c:send("POST /payments/slow/billing-key HTTP/1.1\r\nHost: x\r\nAuthorization: PortOne "
      .. s.api_secret .. "\r\n" .. key .. "\r\nContent-Type: application/json\r\nContent-Length: "
      .. #body .. "\r\n\r\n" .. body)
    for _ = 1, 4000 do
      if s:stats().parked == 1 then break end
      socket.sleep(0.005)
    end
    assert.equal(0, charges("slow"))
    assert.equal(200, (pay("meanwhile")))
    local status, text = pay("slow", key)
    assert.equal(409, status)
    assert.matches("IDEMPOTENCY_OUTSTANDING_REQUEST", text)
    c:close()
  end)

  it("latency after commit gives the answer that was stored", function()
    s:clear_faults()
    s:fault { op = OP, fault = "latency_after_commit", seconds = 0.05, nth = 1 }
    local key = 'Idempotency-Key: "0123456789abcdef-later"'
    local status, text = pay("later", key)
    assert.equal(200, status)
    assert.equal(text, (select(2, pay("later", key))))
    assert.equal(1, charges("later"))
  end)

  it("a lost answer is given again to the same key", function()
    s:clear_faults()
    s:fault { op = OP, fault = "reset_after_commit", nth = 1 }
    local key = 'Idempotency-Key: "0123456789abcdef-lost"'
    assert.equal("network", (select(2, pay("lost", key))))
    assert.equal(200, (pay("lost", key)))
    assert.equal(1, charges("lost"))
  end)

  it("faults combine", function()
    s:clear_faults()
    s:fault { op = OP, fault = "latency", seconds = 0.01, nth = 1 }
    s:fault { op = OP, fault = "error_after_commit", nth = 1 }
    assert.equal(503, (pay("both")))
    assert.equal(1, charges("both"))
    local requests = s:journal { kind = "request", op = OP }
    assert.equal("latency, error_after_commit", requests[#requests].fault)
    assert.equal(200, requests[#requests].outcome)
  end)

  it("revoke_token takes a V1 token away in mid-flight", function()
    s:clear_faults()
    local _, text = http:perform("POST", s.v1_url .. "/users/getToken",
      { "Content-Type: application/json" },
      json.encode { imp_key = s.imp_key, imp_secret = s.imp_secret }, 20)
    local header = { "Authorization: Bearer " .. json.decode(text).response.access_token }
    local url = s.v1_url .. "/payments/imp_0"
    assert.equal(404, (http:perform("GET", url, header, nil, 20)))
    s:fault { op = "v1.payments.get", fault = "revoke_token", nth = 1 }
    assert.equal(401, (http:perform("GET", url, header, nil, 20)))
  end)
end)

describe("sandbox server", function()
  local s, http

  setup(function()
    s = assert(sandbox.start { seed = "server" })
    http = core.client {}
  end)

  teardown(function()
    http:close()
    s:stop()
  end)

  local function call(api, method, path, body, headers)
    local status, text = http:perform(method, s[api .. "_url"] .. path, headers or {}, body, 20)
    return status, text and json.decode(text)
  end

  local function v2(method, path, body)
    return call("v2", method, path, body, { "Authorization: PortOne " .. s.api_secret,
      body and "Content-Type: application/json" })
  end

  it("answers unknown paths and methods in the API's own form", function()
    local status, body = call("v1", "GET", "/no/such/path")
    assert.equal(404, status)
    assert.is_number(body.code)
    status, body = call("v2", "GET", "/no/such/path")
    assert.equal(404, status)
    assert.is_string(body.type)
    assert.equal(405, (call("v1", "GET", "/users/getToken")))
    assert.equal(405, (call("v2", "PUT", "/payments/p1")))
  end)

  it("asks who it is before anything else", function()
    assert.equal(401, (call("v1", "GET", "/payments/imp_1")))
    assert.equal(401, (call("v2", "POST", "/billing-keys", "{",
      { "Content-Type: application/json" })))
  end)

  it("refuses bodies that are no JSON object", function()
    for _, body in ipairs { "{", "[]", "[1]", "1", '"x"', "null", "{}x", '{"a":"\255"}' } do
      local status, answer = v2("POST", "/billing-keys", body)
      assert.equal(400, status)
      assert.equal("INVALID_REQUEST", answer.type)
    end
  end)

  it("refuses forms where JSON is due", function()
    local status, answer = call("v2", "POST", "/billing-keys", "channelKey=x",
      { "Authorization: PortOne " .. s.api_secret,
        "Content-Type: application/x-www-form-urlencoded" })
    assert.equal(400, status)
    assert.matches("application/json", answer.message)
  end)

  it("takes JSON and forms for V1", function()
    local given = { imp_key = s.imp_key, imp_secret = s.imp_secret }
    local _, one = call("v1", "POST", "/users/getToken", json.encode(given),
      { "Content-Type: application/json" })
    local _, two = call("v1", "POST", "/users/getToken",
      "imp_key=" .. s.imp_key .. "&imp_secret=" .. s.imp_secret,
      { "Content-Type: application/x-www-form-urlencoded; charset=utf-8" })
    assert.equal(0, one.code)
    assert.equal(one.response.access_token, two.response.access_token)
  end)

  it("takes the body of a GET from the query", function()
    local query = core.escape(json.encode { page = { number = 0, size = 1 } })
    assert.equal(200, (v2("GET", "/payments?requestBody=" .. query)))
    assert.equal(400, (v2("GET", "/payments?requestBody=%7B")))
    assert.equal(400, (v2("GET", "/payments?requestBody=" .. core.escape '{"page":1}')))
    assert.equal(400, (v2("GET", "/payments?x=%ff")))
  end)

  it("names every problem with a request", function()
    local status, answer = v2("POST", "/payments/p/billing-key",
      '{"billingKey":1,"amount":{"total":"10"},"currency":"KRW"}')
    assert.equal(400, status)
    assert.matches("billingKey", answer.message)
    assert.matches("amount.total", answer.message)
    assert.matches("orderName", answer.message)
  end)

  it("ignores fields it does not know, unless told to refuse them", function()
    local body = '{"filter":{"isTest":true,"colour":"red"},"size":1}'
    local path = "/payments?requestBody=" .. core.escape(body)
    assert.equal(200, (v2("GET", path)))
    s:set("unknown_fields", "refuse")
    local status, answer = v2("GET", path)
    assert.equal(400, status)
    assert.matches("colour", answer.message)
    s:set("unknown_fields", nil)
    assert.equal(200, (v2("GET", path)))
  end)

  it("keeps no secret and no card in its journal", function()
    local card = s.cards.success
    v2("POST", "/billing-keys", json.encode { channelKey = s.channel_key,
      method = { card = { credential = card.credential } } })
    call("v1", "POST", "/users/getToken", json.encode { imp_key = s.imp_key,
      imp_secret = s.imp_secret }, { "Content-Type: application/json" })
    call("v2", "POST", "/login/api-secret", json.encode { apiSecret = s.api_secret },
      { "Content-Type: application/json" })
    call("v2", "GET", "/x?card=" .. card.credential.number)
    local text = json.encode(json.array(s:journal()))
    for _, secret in ipairs { s.api_secret, s.imp_secret, card.card_number,
      card.credential.number, card.birth } do
      assert.is_nil(text:find(secret, 1, true), secret)
    end
    for _, entry in ipairs(s:journal { op = "v2.auth.login_via_api_secret" }) do
      assert.equal("[redacted]", entry.answer.accessToken)
      assert.equal("[redacted]", entry.answer.refreshToken)
    end
  end)

  it("is told what to do by other processes too", function()
    local function control(verb, args, method, headers)
      local status, text = http:perform(method or "POST", s.v2_url .. "/_sandbox/" .. verb,
        headers or {}, args, 20)
      return status, json.decode(text)
    end
    local before = s:now()
    assert.same({ 200, { value = 0 } }, { control("advance", '{"by":"2 days"}') })
    assert.equal(before + 2 * 86400, s:now())
    assert.same({ 200, { value = s:now() } }, { control("now", nil, "GET") })
    assert.equal(400, (control("advance", '{"by":"soon"}')))
    assert.equal(400, (control("advance", "soon")))
    assert.equal(400, (control("fault", '{"fault":"explode"}')))
    assert.equal(200, (control("fault", '{"op":"v2.payment.get_payment","fault":"error"}')))
    assert.equal(503, (v2("GET", "/payments/p1")))
    assert.equal(200, (control("clear_faults")))
    assert.equal(404, (v2("GET", "/payments/p1")))
    assert.equal(404, (control("explode")))
    assert.equal(405, (control("advance", nil, "GET")))
    assert.equal(403, (control("now", nil, "GET", { "Host: evil.example" })))
    local _, journal = control("journal?kind=request&op=v2.payment.get_payment", nil, "GET")
    assert.equal(2, #journal.value)
    assert.equal(0, #s:journal { path = "/_sandbox/now" })
    assert.same({ 200, { value = true } }, { control("flush") })
  end)
end)
