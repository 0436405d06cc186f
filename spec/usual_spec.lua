-- The usual call, without options and with nobody who listens, takes a shorter way through call.lua
-- than others: what it sends, says and does about a failure is the same.

local portone = require "portone"

local V1_TOKEN = '{"code":0,"response":{"access_token":"%s","now":1,"expired_at":1801}}'

-- A host that answers as the script says, the last line of it again and again, and keeps what it
-- was asked. Its clock moves with each look.
local function host_of(script)
  local host = { sent = {}, time = 0, tokens = 0 }
  function host.perform(_, method, url, headers, body, timeout)
    if url:find("getToken", 1, true) then
      host.tokens = host.tokens + 1
      return 200, V1_TOKEN:format("token-" .. host.tokens), "", 0
    end
    local lines = {}
    for i, line in ipairs(headers) do
      lines[i] = line:gsub('^(Idempotency%-Key: ").*"$', "%1…")
      host.key = line:match('^Idempotency%-Key: "(.*)"$') or host.key
    end
    host.sent[#host.sent + 1] = { method, url, table.concat(lines, "\n"), body or "none", timeout }
    if host.meanwhile then
      host.meanwhile()
    end
    local answer = script[#host.sent] or script[#script]
    return answer[1], answer[2], answer[3], answer[4]
  end
  function host.sleep(seconds)
    host.time = host.time + seconds
  end
  function host.now()
    host.time = host.time + 0.001
    return host.time
  end
  function host.once(_, fn)
    return fn()
  end
  return host
end

local function client_of(host, more)
  local options = { api_secret = "secret", store_id = "store-1", settle = 0, loop = host,
    v1 = { imp_key = "key", imp_secret = "secret" }, base_url = "http://127.0.0.1:1/two",
    v1_base_url = "http://127.0.0.1:1" }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return portone.new(options)
end

local function operation_of(client, name)
  local found = client
  for part in name:gmatch("[^.]+") do
    found = found[part]
  end
  return found
end

local pay = { paymentId = "o/1", billingKey = "k", orderName = "n", amount = { total = 3000 },
  currency = "KRW" }
local again = { customer_uid = "u", merchant_uid = "m", amount = 3000, name = "n" }

local calls = {
  { "v2.payment.pay_with_billing_key", pay }, { "v1.subscribe.again", again },
  { "v2.payment.get_payment", { paymentId = "o" } }, { "v1.payments.get", { imp_uid = "imp_1" } },
  { "v2.payment.billing_key.delete_billing_key", { billingKey = "k" } },
  { "v2.payment.pay_with_billing_key", { paymentId = "o", orderName = 1 } },
}

local scripts = {
  { { 200, '{"code":0,"response":{"status":"paid","amount":3000},"payment":{"pgTxId":"t"}}',
    "HTTP/1.1 200 OK\r\nX-Y: z\r\n", 0.25 } },
  { { 200, '{"code":0,"response":{"status":"failed","fail_reason":"no"}}', "", 0.1 } },
  { { 207, '{"code":0,"response":{"status":"paid"},"done":true}', "", 0.1 } },
  { { 200, "<html>", "", 0.1 } }, { { 200, "", "", 0.1 } }, { { 200, '{"code":1}', "", 0.1 } },
  { { 401, '{"code":-1,"type":"UNAUTHORIZED"}', "", 0.1 },
    { 200, '{"code":0,"response":{"status":"paid"}}', "", 0.1 } },
  { { 409, '{"code":-1,"type":"ALREADY_PAID"}', "", 0.1 } },
  { { 429, "slow", "Retry-After: 3\r\n", 0.1 },
    { 200, '{"code":0,"response":{"status":"paid"}}', "", 0.1 } },
  { { 502, "<html>bad gateway</html>", "", 0.1 } },
  { { nil, "network", "refused", "nothing" }, { 200, '{"code":0,"response":{}}', "", 0.1 } },
  { { nil, "timeout", "no answer", "all" } }, { { nil, "cancelled", "gone", "all" } },
}

-- All that a caller sees of a call, and all that was sent for it, waits for chance left out.
local function course(name, args, script, opts, more)
  local host = host_of(script)
  local result, err, info = operation_of(client_of(host, more), name)(args, opts)
  local seen = { tokens = host.tokens, result = result,
    keyed = info.idempotency_key ~= nil and (info.idempotency_key == host.key or #host.sent == 0) }
  for _, field in ipairs { "operation", "status", "attempts", "partial", "reconciled",
    "raw_headers" } do
    seen["info." .. field] = info[field]
  end
  for _, field in ipairs { "kind", "type", "code", "message", "outcome", "retryable", "status",
    "raw", "operation", "attempts", "sent", "fields" } do
    seen["err." .. field] = err and err[field]
  end
  seen.sent = {}
  for i, request in ipairs(host.sent) do
    -- of others it is what chance has left of the time
    request[5] = i == 1 and tostring(request[5]) or nil
    local text = table.concat(request, "\n")
    if text ~= seen.sent[#seen.sent] then  -- how often it is looked up is a matter of chance
      table.insert(seen.sent, text)
    end
  end
  return seen
end

describe("the usual call", function()
  for i, call in ipairs(calls) do
    it(("sends, says and does what others do: %s (%d)"):format(call[1], i), function()
      for _, script in ipairs(scripts) do
        local usual = course(call[1], call[2], script)
        assert.same(course(call[1], call[2], script, {}), usual)
        assert.same(course(call[1], call[2], script, nil, { on_request = function() end }), usual)
      end
    end)
  end

  it("repeats what it has sent, whatever becomes of the caller's table meanwhile", function()
    for _, call in ipairs { calls[1], calls[2] } do
      local host = host_of { { nil, "network", "refused", "nothing" } }
      local args = {}
      for name, value in pairs(call[2]) do
        args[name] = value
      end
      function host.meanwhile()
        args.orderName, args.name, args.paymentId = "another", "another", "another"
      end
      local _, err = operation_of(client_of(host), call[1])(args)
      assert.equal("network", err.kind)
      assert.equal(3, #host.sent)
      assert.same(host.sent[1][4], host.sent[2][4])
      assert.same(host.sent[1][2], host.sent[3][2])
      assert.same(host.sent[1][3], host.sent[3][3])
    end
  end)

  it("is none where the token is yet to be had, there is a tier, or nothing to show", function()
    local host = host_of { { 200, '{"code":0,"response":{"status":"paid"}}', "", 0 } }
    local client = client_of(host)
    assert(client.v1.subscribe.again(again))
    assert(client.v1.subscribe.again(again))
    assert.equal(1, host.tokens)
    assert.same(host.sent[1], host.sent[2])
    local tiered = host_of { { 200, '{"code":0,"response":{"status":"paid"}}', "", 0 } }
    client = client_of(tiered, { v1 = { imp_key = "key", imp_secret = "secret", tier = "ABC" } })
    assert(client.v1.subscribe.again(again))
    assert(client.v1.subscribe.again(again))
    assert.truthy(tiered.sent[2][3]:find("\nTier: ABC", 1, true))
    local bare = portone.new { loop = host, base_url = "http://127.0.0.1:1" }
    local _, err = bare.v2.payment.get_payment { paymentId = "o" }
    assert.equal("unauthorized", err.kind)
  end)

  it("raises like others where the client is closed, or the table none", function()
    local client = client_of(host_of { { 200, "{}", "", 0 } })
    assert.has_error(function() client.v2.payment.get_payment(3) end)
    client.close()
    assert.has_error(function() client.v2.payment.get_payment { paymentId = "o" } end)
  end)
end)
