local core = require "portone.core"
local errors = require "portone.error"
local json = require "portone.json"
local webhook = require "portone.webhook"

local unpack = table.unpack or unpack

local NOW = 1714039200
local SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
local OTHER = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
local STORE = "store-ae356798-3d20-4969-b739-14c6b0e1a667"

local PAID = '{"type":"Transaction.Paid","timestamp":"2024-04-25T10:00:00.000Z","data":{"storeId":"'
  .. STORE .. '","paymentId":"example-payment-id",'
  .. '"transactionId":"55451513-9763-4a7a-bb43-78a4c65be843"}}'

local function headers_of(id, timestamp, signature)
  return {
    ["webhook-id"] = id, ["webhook-timestamp"] = tostring(timestamp),
    ["webhook-signature"] = signature,
  }
end

-- Signed now with SECRET; opts over the defaults of both sides.
local function signed(body, opts)
  local all = { secret = SECRET, now = NOW }
  for k, v in pairs(opts or {}) do all[k] = v end
  return webhook.sign(body, { secret = SECRET, timestamp = NOW }), all
end

local function event_of(body, opts)
  local headers, all = signed(body, opts)
  return webhook.verify(body, headers, all)
end

-- The refusal, which must be an error object that names itself.
local function refusal(kind, name, event, err)
  assert.is_nil(event)
  assert.is_true(errors.is(err))
  assert.same({ kind, name }, { err.kind, err.type })
  assert.is_string(err.reason)
  assert.truthy(tostring(err):find(err.reason, 1, true))
  return err
end

describe("webhook.verify and other implementations", function()
  it("accepts the test vector of the official SDK", function()
    local event = assert(webhook.verify('{"test":"test payload"}',
      headers_of("dummy-webhook-id", 1700000000,
        "v1,x9F4zp5ZADOWUiDoPKsK0/eBoHr9Nr6QnunRw+F/MHI="),
      { secret = "pzQGE83cSIRKM4/WH5QY+g==", now = 1700000000 }))
    assert.same({ test = "test payload" }, event.body)
    assert.is_false(event.known)
    assert.is_nil(event.type)
    assert.same({}, event.data)
    assert.equal("dummy-webhook-id", event.id)
    assert.equal(1700000000, event.sent_at)
  end)

  -- Made with the package standardwebhooks 1.1.1 of npm.
  local vectors = {
    { "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", '{"test": 2432232314}' },
    { SECRET, "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", NOW,
      "v1,LnF9eXaHbKLtc1d+Uif8orOStdY3eV3DSPB9NxwuMek=", PAID },
    { "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eDf3t3c29rZ2NfW1dTT0tHQz87NzMvKycjHxsXEw8LBwA==",
      "한글-id", NOW, "v1,csnvPxCgh4e/i0L0Lm22omCgmFqxh7GUqQzYA0lfAPo=",
      '{"type":"BillingKey.Issued","timestamp":"2024-04-25T10:00:00.000Z","data":{"storeId":'
      .. '"store-61e0db3d-b967-47db-8b50-96002da90d55",'
      .. '"billingKey":"billing-key-75ae3cab-6afe-422d-bf34-3a7b1762451d"},'
      .. '"이름":"나이키 와플 트레이너 2 SD"}' },
    { "AAMGCQwPEhUYGx4hJCcqLTAzNjk8P0JFSEtOUVRXWl1gY2ZpbG9ydXh7foGEh4qNkJOWmZyfoqWoq66xtLe6vcA=",
      "msg_long_key", NOW, "v1,9txGtziztwp0NLSq6WhGacrca9oUJW/X1/caxWzd8Gg=",
      "payment_id=example-payment-id&tx_id=55451513-9763-4a7a-bb43-78a4c65be843&status=Paid" },
    { "whsec_AA==", "m", 0, "v1,PV9SvQmcG/RSskHMihUgy6JH7Wn+sMqCRx5PEop2vY4=", "{}" },
    { OTHER, "msg_big", NOW, "v1,EdGeBTbjgg5oWbzeSHKVXKZwHmvznT2ekxCD6dTqxUI=",
      '{"pad":"' .. ("x"):rep(5000) .. '"}' },
    { { raw = "raw bytes \0 of a key" }, "msg_raw", NOW,
      "v1,bc1yEA+Alemx2fv1JTZT6orwLQ9wBw7MK13SuMlcMCg=", '{"a":1}' },
  }
  for i, v in ipairs(vectors) do
    it("accepts message " .. i .. " of the package standardwebhooks", function()
      assert(webhook.verify(v[5], headers_of(v[2], v[3], v[4]), { secret = v[1], now = v[3] }))
    end)

    it("makes the same signature for message " .. i, function()
      assert.same(headers_of(v[2], v[3], v[4]),
        webhook.sign(v[5], { secret = v[1], id = v[2], timestamp = v[3] }))
    end)
  end
end)

describe("webhook.verify", function()
  it("reads the event", function()
    local event = assert(event_of(PAID))
    assert.same({
      type = "Transaction.Paid", version = "2024-04-25", known = true,
      timestamp = "2024-04-25T10:00:00.000Z", sent_at = NOW, id = event.id,
      data = { storeId = STORE, paymentId = "example-payment-id",
               transactionId = "55451513-9763-4a7a-bb43-78a4c65be843" },
      body = json.decode(PAID),
    }, event)
  end)

  it("takes the clock of the machine when it is given none", function()
    local headers = webhook.sign(PAID, { secret = SECRET })
    assert(webhook.verify(PAID, headers, { secret = SECRET }))
  end)

  it("accepts a secret with and without its prefix, alone or in a list", function()
    for _, opts in ipairs {
      { secret = SECRET }, { secret = (SECRET:gsub("whsec_", "")) }, { secrets = { SECRET } },
      { secrets = SECRET }, { secret = { raw = "0123456789abcdef0123456789abcdef" } },
    } do
      opts.now = NOW
      assert(webhook.verify(PAID, webhook.sign(PAID, { secret = SECRET, timestamp = NOW }), opts))
    end
  end)

  it("finds its headers in any letter case, among others, and in a list of one", function()
    local s = webhook.sign(PAID, { secret = SECRET, timestamp = NOW })
    local opts = { secret = SECRET, now = NOW }
    assert(webhook.verify(PAID, {
      Host = "shop.example", ["Webhook-Id"] = s["webhook-id"], [12] = "odd",
      ["WEBHOOK-TIMESTAMP"] = { s["webhook-timestamp"] }, accept = { "a", "b" },
      ["weBhook-signaturE"] = s["webhook-signature"], ["x-flag"] = true,
    }, opts))
  end)

  it("reads header text and a list of header lines", function()
    local s = webhook.sign(PAID, { secret = SECRET, timestamp = NOW })
    local lines = { "POST /hook HTTP/1.1", "Host: shop.example",
      "Webhook-Id:" .. s["webhook-id"], "webhook-timestamp:  " .. s["webhook-timestamp"] .. "  ",
      "WEBHOOK-SIGNATURE: " .. s["webhook-signature"] }
    local opts = { secret = SECRET, now = NOW }
    assert(webhook.verify(PAID, table.concat(lines, "\r\n") .. "\r\n\r\n", opts))
    assert(webhook.verify(PAID, table.concat(lines, "\n"), opts))
    assert(webhook.verify(PAID, lines, opts))
  end)

  it("passes over signatures of other versions and those it cannot read", function()
    local s = webhook.sign(PAID, { secret = SECRET, timestamp = NOW })
    local good = s["webhook-signature"]
    local opts = { secret = SECRET, now = NOW }
    for _, text in ipairs {
      "v1a,abc " .. good, good .. " v2,xyz", "v1,??? " .. good, "  " .. good .. "  ",
      "v1, " .. good,
      "v1," .. ("A"):rep(5000) .. " " .. good, (good:gsub("=$", "")),
    } do
      s["webhook-signature"] = text
      assert(webhook.verify(PAID, s, opts), text)
    end
    for _, text in ipairs {
      "V1" .. good:sub(3), "v2" .. good:sub(3), good:sub(4), good:gsub("=", ""):sub(1, -2), "v1,",
      "v1", ",", " ", good:sub(1, 20) .. " " .. good:sub(21), good .. "=", good .. ",x",
    } do
      s["webhook-signature"] = text
      refusal("unauthorized", "NO_MATCHING_SIGNATURE", webhook.verify(PAID, s, opts))
    end
  end)
end)

describe("webhook.verify and time", function()
  local function at(now, tolerance)
    return event_of(PAID, { now = now, tolerance = tolerance })
  end

  it("accepts 300 seconds either way, fractions not counted", function()
    assert(at(NOW + 300))
    assert(at(NOW + 300.9))
    assert(at(NOW - 300))
    assert(at(function() return NOW end))
  end)

  it("refuses what is older or newer, and says by how much", function()
    local err = refusal("unauthorized", "TIMESTAMP_TOO_OLD", at(NOW + 412))
    assert.equal("too old by 112 s", err.reason)
    assert.equal(412, err.skew)
    err = refusal("unauthorized", "TIMESTAMP_TOO_NEW", at(NOW - 301))
    assert.equal("too new by 1 s", err.reason)
    assert.equal(-301, err.skew)
    assert.truthy(err.diagnosis:find("clock", 1, true))
  end)

  it("takes another tolerance", function()
    assert(at(NOW + 3600, 3600))
    refusal("unauthorized", "TIMESTAMP_TOO_OLD", at(NOW + 1, 0))
    assert(at(NOW, 0))
    assert(at(NOW + 1e9, math.huge))
  end)

  it("takes digits only", function()
    for _, text in ipairs { "1714039200abc", "+1714039200", "-1", "1714039200.0", "1e9", "0x10",
      " 1714039200", "1714039200 ", "abc", "1714039200\n", "1714039200000000", "nan" } do
      local headers = headers_of("m", text, "v1,x")
      local err = refusal("unauthorized", "INVALID_TIMESTAMP",
        webhook.verify(PAID, headers, { secret = SECRET, now = NOW }))
      assert.equal("webhook-timestamp is not a number of seconds", err.reason)
    end
  end)
end)

describe("webhook.verify and headers", function()
  local names = { "webhook-id", "webhook-timestamp", "webhook-signature" }

  it("refuses a header that is missing or empty, and names it", function()
    for _, name in ipairs(names) do
      for _, value in ipairs { false, "", {}, { "" }, 42, true } do
        local headers, opts = signed(PAID)
        headers[name] = value or nil
        local err = refusal("unauthorized", "MISSING_REQUIRED_HEADERS",
          webhook.verify(PAID, headers, opts))
        assert.equal("no header " .. name, err.reason)
      end
    end
  end)

  it("refuses a header that comes twice, be it the same", function()
    for _, name in ipairs(names) do
      local headers, opts = signed(PAID)
      local value = headers[name]
      headers[name] = { value, value }
      local err = refusal("unauthorized", "DUPLICATE_HEADER", webhook.verify(PAID, headers, opts))
      assert.equal("header " .. name .. " comes more than once", err.reason)
      headers[name] = value
      headers[name:upper()] = value
      refusal("unauthorized", "DUPLICATE_HEADER", webhook.verify(PAID, headers, opts))
      headers[name:upper()] = nil
      local lines = {}
      for k, v in pairs(headers) do lines[#lines + 1] = k .. ": " .. v end
      lines[#lines + 1] = name:upper() .. ": " .. value
      refusal("unauthorized", "DUPLICATE_HEADER",
        webhook.verify(PAID, table.concat(lines, "\r\n"), opts))
    end
  end)

  it("knows a V1 notification by its looks", function()
    for _, body in ipairs { '{"imp_uid":"imp_1","merchant_uid":"a","status":"paid"}',
      "imp_uid=imp_1&merchant_uid=a&status=paid" } do
      local err = refusal("unauthorized", "MISSING_REQUIRED_HEADERS",
        webhook.verify(body, {}, { secret = SECRET }))
      assert.truthy(err.diagnosis:find("webhook.v1", 1, true))
    end
  end)
end)

describe("webhook.verify and one flipped bit", function()
  local body = '{"a":1}'
  local secret = "whsec_" .. core.base64("0123456789abcdef01234567")

  local function flip(text, byte, bit)
    local b = text:byte(byte)
    local mask = 2 ^ bit
    local flipped = math.floor(b / mask) % 2 == 1 and b - mask or b + mask
    return text:sub(1, byte - 1) .. string.char(flipped) .. text:sub(byte + 1)
  end

  -- A message, one text of which is changed by 'put'.
  local function each_bit(text, try)
    for byte = 1, #text do
      for bit = 0, 7 do
        local changed = flip(text, byte, bit)
        local event, err = try(changed)
        assert.is_nil(event, ("byte %d, bit %d"):format(byte, bit))
        assert.is_true(errors.is(err))
      end
    end
  end

  local function message()
    return webhook.sign(body, { secret = secret, id = "msg_1", timestamp = NOW }),
      { secret = secret, now = NOW, tolerance = math.huge }
  end

  it("lets the message through as it is", function()
    local headers, opts = message()
    assert(webhook.verify(body, headers, opts))
  end)

  for _, name in ipairs { "webhook-id", "webhook-timestamp", "webhook-signature" } do
    it("refuses it in " .. name, function()
      local headers, opts = message()
      each_bit(headers[name], function(changed)
        local copy = message()
        copy[name] = changed
        return webhook.verify(body, copy, opts)
      end)
    end)
  end

  it("refuses it in the body", function()
    local headers, opts = message()
    each_bit(body, function(changed) return webhook.verify(changed, headers, opts) end)
  end)

  it("refuses it in the secret, in text and in bytes", function()
    local headers, opts = message()
    each_bit(secret, function(changed)
      opts.secret = changed
      return webhook.verify(body, headers, opts)
    end)
    each_bit("0123456789abcdef01234567", function(changed)
      opts.secret = { raw = changed }
      return webhook.verify(body, headers, opts)
    end)
  end)

  it("refuses a body that was cut or made longer", function()
    local headers, opts = message()
    for _, changed in ipairs { body .. " ", body .. "\n", body:sub(1, -2), " " .. body,
      body .. body, body .. "\0" } do
      refusal("unauthorized", "NO_MATCHING_SIGNATURE", webhook.verify(changed, headers, opts))
    end
  end)
end)

describe("webhook.verify while secrets are rotated", function()
  it("accepts either secret, and says which", function()
    local opts = { secrets = { OTHER, SECRET }, now = NOW }
    local old = webhook.sign(PAID, { secret = OTHER, timestamp = NOW })
    local new = webhook.sign(PAID, { secret = SECRET, timestamp = NOW })
    assert.equal(1, webhook.verify(PAID, old, opts).secret)
    assert.equal(2, webhook.verify(PAID, new, opts).secret)
  end)

  it("accepts a message signed with two", function()
    local headers = webhook.sign(PAID, { secrets = { OTHER, SECRET }, timestamp = NOW })
    assert.truthy(headers["webhook-signature"]:find("^v1,%S+ v1,%S+$"))
    assert(webhook.verify(PAID, headers, { secret = SECRET, now = NOW }))
    assert(webhook.verify(PAID, headers, { secret = OTHER, now = NOW }))
  end)

  it("takes up a change of the list at once", function()
    local opts = { secrets = { OTHER }, now = NOW }
    local headers = webhook.sign(PAID, { secret = SECRET, timestamp = NOW })
    assert.is_nil(webhook.verify(PAID, headers, opts))
    opts.secrets[2] = SECRET
    assert(webhook.verify(PAID, headers, opts))
    opts.secrets[2] = nil
    assert.is_nil(webhook.verify(PAID, headers, opts))
  end)

  it("forgets no secret among a thousand", function()
    for i = 1, 1000 do
      local secret = "whsec_" .. core.base64(("%032d"):format(i))
      local headers = webhook.sign(PAID, { secret = secret, timestamp = NOW })
      assert(webhook.verify(PAID, headers, { secrets = { secret }, now = NOW }))
      assert.is_nil(webhook.verify(PAID, headers, { secrets = { SECRET }, now = NOW }))
    end
  end)
end)

describe("webhook.verify and a secret that cannot be one", function()
  local cases = {
    [""] = "is empty",
    ["whsec_"] = "is empty",
    [SECRET .. "\n"] = "has white space around it",
    [" " .. SECRET] = "has white space around it",
    ["whsec_ab cd"] = "has white space in it",
    ["whsec_####"] = "is not base64",
    ["whsec_YQ"] = false,
    ["whsec_YR=="] = "is not base64",
    ["store-ae356798-3d20-4969-b739-14c6b0e1a667"] = "looks like a store ID",
    ["channel-key-9987cb87-6458-4888-b94e-68d9a2da896d"] = "looks like a channel key",
    ["PortOne abc"] = "looks like an Authorization header",
  }
  for secret, problem in pairs(cases) do
    it(("says of %q what is wrong"):format(secret), function()
      local headers = signed(PAID)
      local event, err = webhook.verify(PAID, headers, { secrets = { SECRET, secret }, now = NOW })
      if not problem then
        assert.is_nil(err)
        return
      end
      err = refusal("invalid_request", "BAD_SECRET", event, err)
      assert.truthy(err.reason:find("^bad secret: secret 2 " .. problem))
      assert.is_nil(#secret > 10 and tostring(err):find(secret, 1, true) or nil)
    end)
  end

  it("says it before it looks at the request", function()
    refusal("invalid_request", "BAD_SECRET", webhook.verify("x", {}, { secret = "#" }))
    refusal("invalid_request", "BAD_SECRET", webhook.verify("x", {}, { secret = { raw = "" } }))
  end)
end)

describe("webhook.verify on misuse", function()
  local here
  local function raises(what, ...)
    local args, n = { ... }, select("#", ...)
    local ok, message = pcall(function()
      here = debug.getinfo(1, "l").currentline + 1
      local event, err = webhook.verify(unpack(args, 1, n))
      return event, err
    end)
    assert.is_false(ok)
    assert.truthy(message:find(what, 1, true), message)
    assert.truthy(message:find("webhook_spec.lua:" .. here .. ":", 1, true), message)
  end

  it("raises at the line of the caller", function()
    local headers, opts = signed(PAID)
    raises("no secret", PAID, headers)
    raises("no secret", PAID, headers, {})
    raises("no secret", PAID, headers, { secrets = {} })
    raises("secret 2: string or { raw = bytes } expected, got number", PAID, headers,
      { secrets = { SECRET, 5 } })
    raises("verify before parsing", json.decode(PAID), headers, opts)
    raises("header text expected, got nil", PAID, nil, opts)
    raises("table of options expected, got string", PAID, headers, SECRET)
    raises("did you mean 'secrets'", PAID, headers, { secretss = { SECRET } })
    raises("'tolerance' must be", PAID, headers, { secret = SECRET, tolerance = "300" })
    raises("'tolerance' must be", PAID, headers, { secret = SECRET, tolerance = -1 })
    raises("'now' must be", PAID, headers, { secret = SECRET, now = "now" })
    raises("'now' must be", PAID, headers, { secret = SECRET, now = function() return "x" end })
    raises("'seen' must be", PAID, headers, { secret = SECRET, seen = {} })
    raises("'version' must be", PAID, headers, { secret = SECRET, version = "2025-01-01" })
    raises("'on_store_failure' must be", PAID, headers,
      { secret = SECRET, on_store_failure = "ignore" })
  end)

  it("raises in sign as well", function()
    assert.has_error(function() webhook.sign({}, { secret = SECRET }) end)
    assert.has_error(function() webhook.sign(PAID) end)
    assert.has_error(function() webhook.sign(PAID, { secret = "#" }) end)
  end)
end)

describe("webhook.verify on why a signature does not match", function()
  local function diagnosis(sent, got, opts)
    local headers, all = signed(sent, opts)
    return refusal("unauthorized", "NO_MATCHING_SIGNATURE",
      webhook.verify(got, headers, all)).diagnosis
  end

  it("proves that a body was decoded and encoded again", function()
    assert.truthy(diagnosis(PAID, (PAID:gsub(":", ": "):gsub(",", ", "))):find("white space"))
    local pretty = '{\n  "a": "x \\" : , y",\n  "b": [1, 2]\n}'
    assert.truthy(diagnosis('{"a":"x \\" : , y","b":[1,2]}', pretty):find("encoded again"))
    assert.truthy(diagnosis('{"u":"http://x/y"}', '{"u":"http:\\/\\/x\\/y"}'):find("slashes"))
    assert.truthy(diagnosis('{"u":"http://x"}', '{ "u": "http:\\/\\/x" }'):find("encoded again"))
  end)

  it("proves that its ends were changed", function()
    assert.truthy(diagnosis(PAID, PAID .. "\n"):find("added to the end"))
    assert.truthy(diagnosis(PAID .. "\n", PAID):find("cut off"))
    assert.truthy(diagnosis(PAID, "\239\187\191" .. PAID):find("byte order mark"))
    assert.truthy(diagnosis('{"a":\n1}', '{"a":\r\n1}'):find("line ends"))
  end)

  it("never lets what it proves through", function()
    local headers, opts = signed(PAID)
    for _ = 1, 3 do
      assert.is_nil(webhook.verify(PAID .. "\n", headers, opts))
    end
  end)

  it("guesses when it cannot prove", function()
    assert.truthy(diagnosis('{"b":1,"a":2}', '{"a": 2,"b": 1}'):find("encoded again%?"))
    assert.truthy(diagnosis(PAID, PAID, { secret = OTHER }):find("LIVE and TEST"))
    assert.truthy(diagnosis(PAID, PAID, { secret = ("Ab12"):rep(25) }):find("API secret"))
    assert.equal("secret 1 looks like a V1 user code",
      diagnosis(PAID, PAID, { secret = "imp12345678" }))
  end)

  it("looks at the header", function()
    local headers, opts = signed(PAID)
    headers["webhook-signature"] = "v1a,abc v2,def nothing"
    local err = refusal("unauthorized", "NO_MATCHING_SIGNATURE",
      webhook.verify(PAID, headers, opts))
    assert.truthy(err.diagnosis:find("versions seen: v1a v2 none", 1, true))
    headers = signed(PAID)
    headers["webhook-id"] = headers["webhook-id"] .. ", " .. headers["webhook-id"]
    err = refusal("unauthorized", "NO_MATCHING_SIGNATURE", webhook.verify(PAID, headers, opts))
    assert.truthy(err.diagnosis:find("joined", 1, true))
  end)

  it("repeats neither secret nor signature nor body", function()
    local headers, opts = signed(PAID, { secret = OTHER })
    local _, err = webhook.verify(PAID, headers, opts)
    for _, secret in ipairs { OTHER, SECRET, headers["webhook-signature"], "example-payment-id" } do
      assert.is_nil(tostring(err):find(secret, 1, true))
    end
  end)

  it("does not take long over a large body", function()
    local body = '{"a":"' .. ("\\/ "):rep(300000) .. '"}'
    local headers, opts = signed(PAID)
    local started = os.clock()
    webhook.verify(body, headers, opts)
    assert.is_true(os.clock() - started < 20)
  end)
end)

describe("webhook.bind", function()
  it("gives the secrets of a client to calls that bring none", function()
    local bound = webhook.bind { SECRET }
    local headers = bound.sign(PAID, { timestamp = NOW })
    assert(bound.verify(PAID, headers, { now = NOW }))
    assert.is_nil(bound.verify(PAID, headers, { now = NOW, secret = OTHER }))
    assert.equal(webhook.store, bound.store)
    assert.has_error(function() webhook.bind().verify(PAID, headers) end)
  end)

  it("makes secrets that are as long as those of the console", function()
    local secret = webhook.new_secret()
    assert.truthy(secret:find("^whsec_[%w+/]+=*$"))
    assert.are_not.equal(secret, webhook.new_secret())
    assert(webhook.verify(PAID, webhook.sign(PAID, { secret = secret }), { secret = secret }))
  end)
end)
