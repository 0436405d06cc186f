-- Observers: what they count, write and trace, in one Lua state and over the workers of nginx.

local portone = require "portone"

local sandbox

setup(function() sandbox = portone.sandbox.start { seed = "observe" } end)
teardown(function() sandbox:stop() end)
before_each(function() sandbox:clear_faults() end)

local orders = 0

local function client_with(more, ...)
  local all = portone.observe.add(more or {}, ...)
  all.settle, all.deadline = all.settle or 0, all.deadline or 20
  return sandbox:client(all)
end

local function issue(client, name)
  return assert(client.issue_billing_key { channelKey = sandbox.channel_key,
    method = { card = { credential = sandbox.cards[name].credential } } }).billingKeyInfo.billingKey
end

local function charge(client, key, opts)
  orders = orders + 1
  return client.request_pay_again({ paymentId = "observed-" .. orders, billingKey = key,
    orderName = "monthly pass", amount = { total = 3000 }, currency = "KRW" }, opts)
end

-- {====== Metrics ======

local CHARGE = 'operation="v2.payment.pay_with_billing_key"'

-- The lines of Prometheus' text as a table, each held against its grammar.
local function parse(text)
  local values, types = {}, {}
  assert.equal("\n", text:sub(-1))
  for line in text:gmatch("([^\n]+)\n") do
    local name, kind = line:match("^# TYPE ([%a_:][%w_:]*) (%a+)$")
    if name then
      assert.is_nil(types[name], "two types of " .. name)
      types[name] = kind
    elseif not line:find("^# HELP [%a_:][%w_:]* .+$") then
      local series, value = line:match("^([%a_:][%w_:]*%b{}) (%S+)$")
      assert.truthy(series, line)
      assert.is_nil(values[series], "twice: " .. series)
      local metric = series:match("^[^{]*")
      assert.truthy(types[metric] or types[metric:gsub("_%a+$", "")], "no type: " .. metric)
      values[series] = assert(tonumber(value), line)
    end
  end
  return values
end

describe("metrics", function()
  it("count calls by outcome, attempts by status, repetitions and look-ups", function()
    local metrics = portone.observe.metrics {}
    local client = client_with(nil, metrics)
    local good, bad = issue(client, "success"), issue(client, "declined")
    assert(charge(client, good))
    assert.equal("declined", select(2, charge(client, bad)).kind)
    sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "reset_before_commit", nth = 1 }
    assert(charge(client, good))
    local _, err = charge(client, nil)
    assert.equal("invalid_request", err.kind)

    local v = parse(metrics:text())
    assert.equal(2, v["portone_calls_total{" .. CHARGE .. ',outcome="ok"}'])
    assert.equal(1, v["portone_calls_total{" .. CHARGE .. ',outcome="declined"}'])
    assert.equal(1, v["portone_calls_total{" .. CHARGE .. ',outcome="invalid_request"}'])
    assert.equal(2, v["portone_attempts_total{" .. CHARGE .. ',status="200"}'])
    assert.equal(1, v["portone_attempts_total{" .. CHARGE .. ',status="502"}'])
    assert.equal(1, v["portone_attempts_total{" .. CHARGE .. ',status="network"}'])
    assert.equal(1, v["portone_retries_total{" .. CHARGE .. "}"])
    assert.equal(4, v["portone_call_duration_seconds_count{" .. CHARGE .. "}"])
    assert.equal(4, v["portone_attempt_duration_seconds_count{" .. CHARGE .. "}"])
    assert.equal(0, v["portone_calls_in_flight{" .. CHARGE .. "}"])
  end)

  it("count a lost answer that a look-up replaced", function()
    local metrics = portone.observe.metrics {}
    local client = client_with(nil, metrics)
    local key = issue(client, "success")
    sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "reset_after_commit" }
    assert(charge(client, key, { max_retries = 0 }))
    local v = parse(metrics:text())
    assert.equal(1, v["portone_reconciled_total{" .. CHARGE .. "}"])
    assert.equal(1, v['portone_calls_total{operation="v2.payment.get_payment",outcome="ok"}'])
  end)

  it("have histograms whose buckets grow up to the count", function()
    local metrics = portone.observe.metrics { buckets = { 0.1, 0.2, 30 }, prefix = "shop_" }
    for _, seconds in ipairs { 0.05, 0.15, 0.15, 2, 99 } do
      local event = { operation = "v2.x.y", context = {}, outcome = "ok", elapsed = seconds }
      metrics:on_start(event)
      metrics:on_end(event)
    end
    local v = parse(metrics:text())
    local function bucket(le)
      return v['shop_call_duration_seconds_bucket{operation="v2.x.y",le="' .. le .. '"}']
    end
    assert.same({ 1, 3, 4, 5 }, { bucket "0.1", bucket "0.2", bucket "30", bucket "+Inf" })
    assert.equal(5, v['shop_call_duration_seconds_count{operation="v2.x.y"}'])
    assert.is_near(101.35, v['shop_call_duration_seconds_sum{operation="v2.x.y"}'], 1e-6)
  end)

  it("know what is under way, and forget what was dropped", function()
    local metrics = portone.observe.metrics {}
    local client = client_with(nil, metrics)
    local series = 'portone_calls_in_flight{operation="v1.payments.prepare"}'
    sandbox:fault { op = "v1.payments.prepare", fault = "latency", seconds = 0.3 }
    for i = 1, 3 do
      portone.spawn(client.v1.payments.prepare, { merchant_uid = "flying-" .. i, amount = 100 })
    end
    assert.equal(3, parse(metrics:text())[series])
    portone.run()
    assert.equal(0, parse(metrics:text())[series])

    do  -- a call whose coroutine is gone never ends
      local event = { operation = "v1.payments.prepare", context = {} }
      metrics:on_start(event)
      assert.equal(1, parse(metrics:text())[series])
    end
    collectgarbage()
    collectgarbage()
    assert.equal(0, parse(metrics:text())[series])
  end)

  it("count paths of the caller's own under one name", function()
    local metrics = portone.observe.metrics {}
    local client = client_with(nil, metrics)
    for i = 1, 3 do client.request("v2", "GET", "/nobody/" .. i .. "?q=secret-" .. i) end
    local text = metrics:text()
    assert.equal(3, parse(text)['portone_calls_total{operation="request",outcome="not_found"}'])
    assert.is_nil(text:find("nobody", 1, true))
  end)

  it("raise for options that are wrong", function()
    assert.error_matches(function() portone.observe.metrics { bucket = {} } end, "did you mean")
    assert.error_matches(function() portone.observe.metrics { buckets = { 2, 1 } } end, "ascending")
    assert.error_matches(function() portone.observe.metrics { prefix = "a-b" } end, "prefix")
    assert.error_matches(function() portone.observe.metrics { dict = "x" } end, "lua_shared_dict")
    assert.error_matches(function() portone.observe.add({}, {}) end, "no observer")
    assert.error_matches(function() portone.observe.add(nil) end, "options expected")
  end)
end)

-- }====================

describe("the log", function()
  local function lines_of(fn, options)
    local lines = {}
    options = options or {}
    function options.write(line, level) lines[#lines + 1] = level .. " " .. line end
    fn(client_with({ max_retries = 1 }, portone.observe.log(options)))
    return lines
  end

  it("has a line for each call: what it was, what came of it, how long it took", function()
    local lines = lines_of(function(client)
      local good, bad = issue(client, "success"), issue(client, "declined")
      charge(client, good)
      charge(client, bad)
      charge(client, nil)
    end)
    assert.equal(5, #lines)
    assert.truthy(lines[3]:find("^info portone operation=v2.payment.pay_with_billing_key "
      .. "method=POST url=/payments/{paymentId}/billing%-key outcome=ok status=200 attempts=1 "
      .. "elapsed=%d+%.%d%d%d$"), lines[3])
    assert.truthy(lines[4]:find(" outcome=declined error=PG_PROVIDER status=502 ", 1, true))
    assert.truthy(lines[5]:find("^warn .* outcome=invalid_request attempts=0 elapsed=0.000$"))
  end)

  it("says loudly when nobody knows what happened", function()
    local lines = lines_of(function(client)
      local key = issue(client, "success")
      sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "reset_after_commit" }
      sandbox:fault { op = "v2.payment.get_payment", fault = "error" }
      charge(client, key, { deadline = 1.5 })
    end, { all = false })
    assert.truthy(lines[#lines]:find("^error .* outcome=unknown_outcome"), lines[#lines])
    for _, line in ipairs(lines) do assert.is_nil(line:find "^info") end
  end)
end)

describe("spans", function()
  local function traced(fn)
    local spans = {}
    local trace = portone.observe.trace {
      start = function(name, kind, attributes, parent)
        local span = { name = name, kind = kind, at_start = attributes, parent = parent, ends = 0 }
        spans[#spans + 1] = span
        return span
      end,
      finish = function(span, attributes, failed)
        span.ends, span.attributes, span.failed = span.ends + 1, attributes, failed
      end,
    }
    fn(client_with(nil, trace))
    for _, span in ipairs(spans) do assert.equal(1, span.ends, span.name) end
    return spans
  end

  it("have the names of the semantic conventions, an attempt below its call", function()
    local spans = traced(function(client)
      local key = issue(client, "success")
      sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "reset_before_commit",
        nth = 1 }
      assert(charge(client, key))
    end)
    local call, lost, sent = spans[3], spans[4], spans[5]
    assert.equal("v2.payment.pay_with_billing_key", call.name)
    assert.equal("internal", call.kind)
    assert.is_false(call.failed)
    assert.equal(2, call.attributes["portone.attempts"])
    assert.equal("POST /payments/{paymentId}/billing-key", lost.name)
    assert.equal("client", lost.kind)
    assert.equal(call, lost.parent)
    assert.equal("network", lost.attributes["error.type"])
    assert.is_true(lost.failed)
    local port = tonumber(sandbox.v2_url:match ":(%d+)$")
    assert.same({ ["http.request.method"] = "POST", ["http.response.status_code"] = 200,
      ["http.request.resend_count"] = 1, ["url.scheme"] = "http",
      ["url.template"] = "/payments/{paymentId}/billing-key", ["server.address"] = "127.0.0.1",
      ["server.port"] = port, ["portone.operation"] = "v2.payment.pay_with_billing_key" },
      sent.attributes)
  end)

  it("say what an error was", function()
    local spans = traced(function(client)
      client.v2.payment.get_payment { paymentId = "nobody" }
      client.request("v2", "GET", "/nobody/secret-thing")
    end)
    assert.equal("PAYMENT_NOT_FOUND", spans[1].attributes["error.type"])
    assert.equal("404", spans[2].attributes["error.type"])
    assert.equal("GET", spans[4].name)
    assert.is_nil(spans[4].attributes["url.template"])
  end)

  it("know the ports of schemes and addresses in brackets", function()
    local function server(url)
      local a = portone.observe.attributes { operation = "v2.x.y", server = url }
      return { a["url.scheme"], a["server.address"], a["server.port"] }
    end
    assert.same({ "https", "api.portone.io", 443 }, server "https://api.portone.io")
    assert.same({ "http", "::1", 8080 }, server "http://[::1]:8080/base")
  end)
end)

describe("observers", function()
  it("are told beside other hooks, and one that raises takes nothing from them", function()
    local told = {}
    local broken = { on_end = function() error "broken" end }
    local counting = { on_end = function(_, event) told[#told + 1] = event.outcome end }
    local options = { on_end = function() told[#told + 1] = "mine" end }
    local client = sandbox:client(portone.observe.add(options, broken, counting))
    local _, _, info = client.v1.payments.prepare { merchant_uid = "told-1", amount = 100 }
    assert.same({ "mine", "ok", "mine", "ok" }, told)  -- the token's call, then this one
    assert.truthy(info.warnings[1].problem:find("broken", 1, true))
    assert.is_function(options.on_end)
  end)

  it("hold no secret, whatever is called", function()
    local said = {}
    local show = require "portone.show"
    local function keep(...)
      for i = 1, select("#", ...) do said[#said + 1] = show.text((select(i, ...))) end
    end
    local metrics = portone.observe.metrics {}
    local client = client_with(nil, metrics, portone.observe.log { write = keep },
      portone.observe.trace { start = function(...)
        keep(...)
        return {}
      end, finish = keep })
    local card = sandbox.cards.success
    local key = issue(client, "success")
    charge(client, key)
    client.v2.payment.billing_key.get_billing_key_info { billingKey = key }
    client.issue_billing_key { customer_uid = "customer-of-ours", card_number = card.card_number,
      expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit,
      channel_key = sandbox.channel_key }
    client.request_pay_again { customer_uid = "customer-of-ours", merchant_uid = "mine-1",
      amount = 100, name = "x" }
    client.request("v2", "GET", "/billing-keys/" .. key)
    said[#said + 1] = metrics:text()
    local all = table.concat(said, "\n")
    local secrets = { key, sandbox.api_secret, sandbox.imp_key, sandbox.imp_secret,
      card.card_number, card.credential.number, card.birth, "customer-of-ours", "mine-1",
      sandbox.store_id, sandbox.channel_key }
    for _, secret in ipairs(secrets) do assert.is_nil(all:find(secret, 1, true), secret) end
    assert.truthy(all:find("v1.users.get_token", 1, true))
  end)
end)

describe("metrics in nginx", function()
  it("are counted over all workers, and served", function()
    local nginx = require "spec.support.nginx"
    local missing = nginx.missing() or (not rawget(_G, "jit") and "nginx runs LuaJIT: once will do")
    if missing then
      pending(missing)
      return
    end
    local server = nginx.start { workers = 2, http = ([[
      lua_shared_dict numbers 1m;
      init_worker_by_lua_block {
        local portone = require "portone"
        metrics = portone.observe.metrics { dict = "numbers" }
        client = portone.new(portone.observe.add({ api_secret = "%s", base_url = "%s" }, metrics))
      }
      server {
        listen 127.0.0.1:$PORT1 reuseport;
        location = /call { content_by_lua_block {
          client.v2.payment.get_payment { paymentId = "nobody" }
          ngx.say(ngx.worker.id())
        } }
        location = /metrics { content_by_lua_block { metrics:serve() } }
      }]]):format(sandbox.api_secret, sandbox.v2_url) }
    local ok, err = pcall(function()
      local workers, calls = {}, 0
      repeat
        local _, id = server:get(1, "/call")
        workers[tonumber(id)], calls = true, calls + 1
      until (workers[0] and workers[1]) or calls == 200
      assert.truthy(workers[0] and workers[1], "one worker took every call")
      local status, headers, body = server:exchange(1,
        "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      assert.equal(200, status)
      assert.equal("text/plain; version=0.0.4; charset=utf-8", headers["content-type"])
      local operation = 'operation="v2.payment.get_payment"'
      local v = parse(body)
      assert.equal(calls, v["portone_calls_total{" .. operation .. ',outcome="not_found"}'])
      assert.equal(calls, v["portone_attempt_duration_seconds_count{" .. operation .. "}"])
      assert.equal(0, v["portone_calls_in_flight{" .. operation .. "}"])
    end)
    server:stop()
    assert(ok, err)
  end)
end)
