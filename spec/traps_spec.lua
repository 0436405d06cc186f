-- What is easy to get wrong about the two APIs, one spec each, through the public API: what
-- would go out, and what comes of what comes back.

local api = require "portone.api"
local check = require "portone.check"
local fake = require "spec.support.fake"
local json = require "portone.json"
local official = require "spec.support.official"
local portone = require "portone"
local sample = require "portone.check.sample"

local TOKEN = fake.token "t"

local function v1_answer(response)
  return { 200, json.encode { code = 0, message = json.null, response = response } }
end

-- The last request of `fn(client)`; the answers before the last repeat it.
local function sent_by(fn, answers, options)
  local client, host = fake.client(answers or { TOKEN, v1_answer { status = "paid" } }, options)
  local result, err, info = fn(client)
  assert(result ~= nil, tostring(err))
  local sent = host.sent[#host.sent]
  sent.path = sent.url:match("^%w+://[^/]+(.*)$")
  return sent, result, info, host
end

local function sent_by_v2(fn, body)
  return sent_by(fn, { { 200, body or "{}" } })
end

-- The function of a row.
local function operation(client, row)
  local namespace = client[row.api]
  for name in row.group:gmatch("[^.]+") do namespace = namespace[name] end
  return namespace[row.op]
end

local function smallest(row)
  return sample.object(row.api, check.arguments(row))
end

local function rows_with(key, version)
  local rows = {}
  for row in api.all() do
    if row[key] and (not version or row.api == version) then rows[#rows + 1] = row end
  end
  return rows
end

describe("V1", function()
  it("find goes out with and without its status segment", function()
    for op, base in pairs { find = "/payments/find/", find_all = "/payments/findAll/" } do
      local with = sent_by(function(c)
        return c.v1.payments[op] { merchant_uid = "order 1", payment_status = "paid" }
      end)
      local without = sent_by(function(c) return c.v1.payments[op] { merchant_uid = "order 1" } end)
      assert.equal(base .. "order%201/paid", with.path)
      assert.equal(base .. "order%201", without.path)
    end
  end)

  it("a hyphen in schedule-status of a customer's schedules, an underscore in that of all",
    function()
      local args = { customer_uid = "u", from = 1893456000, to = 1893456001,
        schedule_status = "executed" }
      for _, group in ipairs { "customers.schedules", "subscribe.schedules_by_customer" } do
        local holder, op = group:match("^(.*)%.(.*)$")
        local sent = sent_by(function(c) return c.v1[holder][op](args) end)
        assert.matches("[?&]schedule%-status=executed&", sent.path)
        assert.is_nil(sent.path:find("schedule_status", 1, true))
      end
      local sent = sent_by(function(c)
        return c.v1.subscribe.schedules { schedule_from = 1893456000, schedule_to = 1893456001,
          schedule_status = "executed" }
      end)
      assert.matches("[?&]schedule_status=executed", sent.path)
    end)

  it("channelGroupId of a one-time charge, channel_group_id of a billing key", function()
    local card = { card_number = "4242-4242-4242-4242", expiry = "2030-12" }
    local function with(more)
      local args = {}
      for k, v in pairs(card) do args[k] = v end
      for k, v in pairs(more) do args[k] = v end
      return args
    end
    local sent = sent_by(function(c)
      return c.v1.subscribe.onetime(with { merchant_uid = "o", amount = 1,
        channelGroupId = "group-1" })
    end)
    assert.equal("group-1", json.decode(sent.body).channelGroupId)
    sent = sent_by(function(c)
      return c.v1.customers.issue(with { customer_uid = "u", channel_group_id = "group-1" })
    end)
    assert.equal("group-1", json.decode(sent.body).channel_group_id)
    local client, host = fake.client { TOKEN }
    local _, err = client.v1.customers.issue(with { customer_uid = "u", channelGroupId = "g" })
    assert.matches("did you mean channel_group_id", err.fields[1].problem)
    _, err = client.v1.subscribe.onetime(with { merchant_uid = "o", amount = 1,
      channel_group_id = "g" })
    assert.matches("did you mean channelGroupId", err.fields[1].problem)
    assert.equal(0, #host.sent)
  end)

  it("a billing key of several channels is told from one of one by channelGroupId", function()
    local _, key = sent_by(function(c) return c.v1.customers.get { customer_uid = "u" } end,
      { TOKEN, v1_answer { customer_uid = "u", channelGroupId = "g",
        succeededChannels = json.array {}, failedChannels = json.array {
          { type = "PG_PROVIDER", message = "no", pg_provider = "nice", pg_id = "x" } } } })
    assert.equal("g", key.channelGroupId)
    assert.equal("PG_PROVIDER", key.failedChannels[1].type)
    assert.equal(0, #key.succeededChannels)
  end)

  it("pg_api_key travels in the query of a POST and of a DELETE, and is not shown", function()
    local sent = sent_by(function(c)
      return c.v1.vbanks.issue { channel_key = "k", merchant_uid = "o", amount = 1000,
        vbank_code = "088", vbank_due = 1893456000, pg_api_key = "pg/key+1" }
    end)
    assert.equal("POST", sent.method)
    assert.equal("/vbanks?pg_api_key=pg%2Fkey%2B1", sent.path)
    assert.is_nil(json.decode(sent.body).pg_api_key)
    sent = sent_by(function(c)
      return c.v1.vbanks.revoke { imp_uid = "imp_1", pg_api_key = "k" }
    end)
    assert.equal("DELETE", sent.method)
    assert.equal("/vbanks/imp_1?pg_api_key=k", sent.path)
    assert.is_nil(sent.body)
    local client = fake.client { TOKEN, { 400, '{"code":1,"message":"bad key pg-secret-9"}' } }
    local _, err = client.v1.vbanks.revoke { imp_uid = "imp_1", pg_api_key = "pg-secret-9" }
    assert.is_nil(tostring(err):find("pg-secret-9", 1, true))
  end)

  it("several imp_uid go out as imp_uid[], one name for each", function()
    local sent = sent_by(function(c)
      return c.v1.payments.list { imp_uid = { "a", "b&c" }, merchant_uid = { "m" } }
    end)
    assert.equal("/payments?imp_uid%5B%5D=a&imp_uid%5B%5D=b%26c&merchant_uid%5B%5D=m", sent.path)
    sent = sent_by(function(c) return c.v1.customers.list { customer_uid = { "u" } } end)
    assert.equal("/subscribe/customers?customer_uid%5B%5D=u", sent.path)
  end)

  it("extra[requester] of a DELETE goes out in brackets", function()
    local sent = sent_by(function(c)
      return c.v1.customers.delete { customer_uid = "u", extra = { requester = "admin" } }
    end)
    assert.equal("/subscribe/customers/u?extra%5Brequester%5D=admin", sent.path)
  end)

  it("form data of a GET goes out in its query", function()
    local sent = sent_by(function(c)
      return c.v1.naver.reviews { channel_key = "k", from = 1893456000, to = 1893456001,
        review_type = "general" }
    end)
    assert.matches("[?&]channel_key=k", sent.path)
    assert.is_nil(sent.body)
  end)

  it("every body is JSON, those of the operations that take nothing else too", function()
    local json_only = {}
    for row in api.all() do
      if row.api == "v1" then
        local sent = sent_by(function(c) return operation(c, row)(smallest(row)) end)
        if sent.body then
          assert.equal("application/json", sent.headers["Content-Type"], row.name)
          assert.is_table(json.decode(sent.body), row.name)
          if row.json_only then json_only[#json_only + 1] = row.op end
        end
      end
    end
    assert.same({ "pay_autopay", "pay_money", "prepare", "prepare_update", "release_fido" },
      json_only)
  end)

  local spec_it = official.dir() and it or pending
  spec_it("no operation takes forms only", function()
    local forms = 0
    for name, o in pairs(official.operations(official.read "v1")) do
      local takes = {}
      for _, kind in ipairs(o.consumes or {}) do takes[kind] = true end
      assert.is_true(takes["application/json"] or #(o.consumes or {}) == 0, name)
      forms = forms + (takes["application/x-www-form-urlencoded"] and 1 or 0)
    end
    assert.equal(69, forms)
  end)

  it("bypass is JSON in JSON: a text, however it was given", function()
    for _, bypass in ipairs { { tosspayments = { useInternationalCardOnly = true } },
      '{"tosspayments":{"useInternationalCardOnly":true}}' } do
      local sent = sent_by(function(c)
        return c.v1.subscribe.again { customer_uid = "u", merchant_uid = "o", amount = 1,
          name = "n", bypass = bypass }
      end)
      local text = json.decode(sent.body).bypass
      assert.equal("string", type(text))
      assert.is_true(json.decode(text).tosspayments.useInternationalCardOnly)
    end
    local sent = sent_by(function(c) -- in each item of a list as well
      return c.v1.subscribe.schedule { customer_uid = "u", schedules = { { merchant_uid = "o",
        schedule_at = 1893456000, amount = 1, currency = "KRW", name = "n", bypass = { a = 1 } } } }
    end)
    assert.equal('{"a":1}', json.decode(sent.body).schedules[1].bypass)
    sent = sent_by_v2(function(c)
      return c.v2.payment.pay_with_billing_key { paymentId = "p", billingKey = "b",
        orderName = "n", amount = { total = 1 }, currency = "KRW", bypass = { a = 1 } }
    end)
    assert.same({ a = 1 }, json.decode(sent.body).bypass) -- and an object in V2
  end)

  it("a PG's own rules hold where the PG is known: by the call, by the channel, by pg", function()
    local channels = { ["channel-key-1"] = "ksnet" }
    local client, host = fake.client({ TOKEN, v1_answer { status = "paid" } },
      { channels = channels })
    local function again(more, opts)
      local args = { customer_uid = "u", merchant_uid = "o", amount = 1000, name = "n" }
      for k, v in pairs(more) do args[k] = v end
      local _, err = client.v1.subscribe.again(args, opts)
      return err and err.fields[1].path .. " " .. err.fields[1].problem
    end
    assert.equal("buyer_name required for ksnet", again { channel_key = "channel-key-1" })
    assert.equal("buyer_name required for ksnet", again({}, { pg = "ksnet" }))
    assert.equal("currency required for paypal_v2", again({}, { pg = "paypal_v2" }))
    local _, err = client.v1.customers.issue({ customer_uid = "u", channel_key = "k",
      card_number = "4242-4242-4242-4242", expiry = "2030-12" }, { pg = "kakaopay" })
    assert.equal("not_offered", err.fields[1].code)
    _, err = client.v1.subscribe.onetime { merchant_uid = "o", amount = 1000, pg = "welcome.mid",
      card_number = "4242-4242-4242-4242", expiry = "2030-12" }
    assert.equal("buyer_name required for welcome", err.fields[1].path .. " "
      .. err.fields[1].problem)
    assert.equal(0, #host.sent)
    assert.is_nil(again { channel_key = "channel-key-2" }) -- of no known PG
    assert.is_nil(again({ channel_key = "channel-key-1" }, { check = false }))
    assert.equal(3, #host.sent) -- the token, and these two
  end)

  it("207 is a success with a part missing, and says so", function()
    local rows = rows_with("partial", "v1")
    assert.equal(13, #rows)
    for _, row in ipairs(rows) do
      local _, result, info = sent_by(function(c) return operation(c, row)(smallest(row)) end,
        { TOKEN, { 207, '{"code":0,"message":null,"response":[{"imp_uid":"found"}]}' } })
      assert.equal("found", result[1].imp_uid, row.name)
      assert.is_true(info.partial, row.name)
      assert.equal(207, info.status, row.name)
    end
    local _, _, info = sent_by(function(c) return c.v1.payments.list { imp_uid = { "a" } } end,
      { TOKEN, v1_answer(json.array {}) })
    assert.is_nil(info.partial)
  end)

  it("an empty 200 is an answer where the specification declares no body", function()
    local names = {}
    for _, row in ipairs(rows_with("empty", "v1")) do
      names[#names + 1] = row.name
      local _, result = sent_by(function(c) return operation(c, row)(smallest(row)) end,
        { TOKEN, { 200, "" } })
      assert.same({}, result, row.name)
    end
    assert.same({ "v1.kcpquick.prepare", "v1.kcpquick.prepare_update" }, names)
    local client = fake.client { TOKEN, { 200, "" } }
    local result, err = client.v1.payments.get { imp_uid = "x" }
    assert.is_nil(result)
    assert.equal("protocol", err.kind)
  end)

  it("Tier goes with every call of a client that has one, and with no call of V2", function()
    local function tier_of(options, opts, version)
      local sent = sent_by(function(c)
        if version == "v2" then return c.v2.payment.get_payment({ paymentId = "x" }, opts) end
        return c.v1.payments.get({ imp_uid = "x" }, opts)
      end, version == "v2" and { { 200, "{}" } } or nil, options)
      return sent.headers.Tier
    end
    local v1 = { imp_key = "k", imp_secret = "s", tier = "AB1" }
    assert.equal("AB1", tier_of({ v1 = v1 }))
    assert.equal("XYZ", tier_of({ v1 = v1 }, { tier = "XYZ" }))
    assert.equal("XYZ", tier_of(nil, { tier = "XYZ" }))
    assert.is_nil(tier_of())
    assert.is_nil(tier_of({ v1 = v1 }, nil, "v2"))
    for _, wrong in ipairs { "ab1", "AB", "ABCD", "A-1", 123 } do
      assert.has_error(function()
        fake.client({}, { v1 = { imp_key = "k", imp_secret = "s", tier = wrong } })
      end)
    end
  end)

  it("a status of failed inside a 200 is a refusal of the card", function()
    for _, row in ipairs(rows_with("charge", "v1")) do
      local client = fake.client { TOKEN, v1_answer { imp_uid = "i", status = "failed",
        fail_reason = "over the limit" } }
      local result, err = operation(client, row)(smallest(row))
      assert.is_nil(result)
      assert.equal("declined", err.kind, row.name)
      assert.equal("over the limit", err.pg_message, row.name)
    end
    local _, read = sent_by(function(c) return c.v1.payments.get { imp_uid = "i" } end,
      { TOKEN, v1_answer { imp_uid = "i", status = "failed" } })
    assert.equal("failed", read.status) -- reading about it is none
  end)

  it("a code other than 0 inside a 200 is an error", function()
    local client = fake.client { TOKEN, { 200, '{"code":1,"message":"refused","response":null}' } }
    local result, err = client.v1.payments.cancel { imp_uid = "i" }
    assert.is_nil(result)
    assert.same({ "rejected", 1, "refused", 200 }, { err.kind, err.code, err.message, err.status })
  end)
end)

describe("V2", function()
  it("the body of 23 GETs and one DELETE goes out as requestBody in the query", function()
    local count = { GET = 0, DELETE = 0 }
    for _, row in ipairs(rows_with("query_body", "v2")) do
      local sent = sent_by_v2(function(c)
        return operation(c, row)(sample.object(row.api, check.arguments(row), true))
      end, row.csv and "a,b\r\n")
      count[row.method] = count[row.method] + 1
      assert.equal(row.method, sent.method)
      assert.is_nil(sent.body, row.name)
      assert.is_nil(sent.headers["Content-Type"], row.name)
      local text = sent.path:match("[?&]requestBody=([^&]+)")
      assert.truthy(text, row.name)
      assert.is_nil(text:find("[^%w%%._~-]"), row.name)
      local body = json.decode((text:gsub("%%(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
      end)))
      for name in pairs(body) do assert.truthy(row.body[name], row.name .. "." .. name) end
    end
    assert.same({ GET = 23, DELETE = 1 }, count)
  end)

  it("a storeId that must be given may be the client's own", function()
    local sent = sent_by(function(c)
      return c.v2.payment_session.create_payment_session(smallest(
        api.named "v2.payment_session.create_payment_session"), nil)
    end, { { 200, "{}" } })
    assert.truthy(json.decode(sent.body).storeId)
    local args = smallest(api.named "v2.payment_session.create_payment_session")
    args.storeId = nil
    local client, host = fake.client({ { 200, "{}" } })
    local _, err = client.v2.payment_session.create_payment_session(args)
    assert.equal("storeId", err.fields[1].path)
    assert.equal(0, #host.sent)
    assert(client.v2.payment_session.create_payment_session(args, { store_id = "store-7" }))
    assert.equal("store-7", json.decode(host.sent[1].body).storeId)
    client, host = fake.client({ { 200, "{}" } }, { store_id = "store-9" })
    assert(client.v2.payment_session.create_payment_session(args))
    assert.equal("store-9", json.decode(host.sent[1].body).storeId)
    args.ttlSeconds = "long" -- other problems stay
    _, err = client.v2.payment_session.create_payment_session(args)
    assert.equal(1, #err.fields)
    assert.equal("ttlSeconds", err.fields[1].path)
  end)

  it("a GET without anything to ask for has no requestBody", function()
    local sent = sent_by_v2(function(c) return c.v2.payment.get_payments() end)
    assert.equal("/payments", sent.path)
  end)

  it("the schedules to revoke go out in the query, with a key", function()
    local sent = sent_by_v2(function(c)
      return c.v2.payment.payment_schedule.revoke_payment_schedules { scheduleIds = { "a", "b" } }
    end)
    assert.equal("DELETE", sent.method)
    assert.equal("/payment-schedules?requestBody=%7B%22scheduleIds%22%3A%5B%22a%22%2C%22b%22%5D%7D",
      sent.path)
    assert.truthy(sent.headers["Idempotency-Key"])
  end)

  it("two operations answer a file, as it is", function()
    local text = "\239\187\191A,B\r\n1,\"x\"\r\n"
    local rows = rows_with("csv")
    assert.equal(2, #rows)
    for _, row in ipairs(rows) do
      local sent, result = sent_by_v2(function(c) return operation(c, row)(smallest(row)) end, text)
      assert.equal(text, result, row.name)
      assert.matches("text/csv", sent.headers.Accept)
      local client = fake.client { { 401, '{"type":"UNAUTHORIZED","message":"no"}' } }
      local none, err = operation(client, row)(smallest(row))
      assert.is_nil(none)
      assert.equal("UNAUTHORIZED", err.type, row.name)
    end
  end)

  it("two operations answer nothing but their status", function()
    local rows = rows_with("empty", "v2")
    assert.equal(2, #rows)
    for _, row in ipairs(rows) do
      local _, result = sent_by_v2(function(c) return operation(c, row)(smallest(row)) end, "")
      assert.same({}, result, row.name)
    end
    local client = fake.client { { 200, "" } }
    local _, err = client.v2.payment.get_payment { paymentId = "x" }
    assert.equal("protocol", err.kind)
  end)

  it("five operations go out without authorization, and need no secret", function()
    local names = {}
    for _, row in ipairs(rows_with("noauth", "v2")) do
      names[#names + 1] = row.op
      local sent = sent_by_v2(function(c) return operation(c, row)(smallest(row)) end)
      assert.is_nil(sent.headers.Authorization, row.name)
      local host = fake.host { { 200, "{}" } }
      local bare = portone.new { loop = host, base_url = "http://127.0.0.1:1" }
      assert(operation(bare, row)(smallest(row)))
    end
    table.sort(names)
    assert.same({ "evaluate_checkout_profile", "get_bank_infos", "get_payment_session",
      "login_via_api_secret", "refresh_token" }, names)
    local bare = portone.new { loop = fake.host { { 200, "{}" } } }
    local _, err = bare.v2.payment.get_payment { paymentId = "x" }
    assert.equal("unauthorized", err.kind)
  end)

  it("the filter says PENDING, the payment PAY_PENDING", function()
    local sent, result = sent_by_v2(function(c)
      return c.v2.payment.get_payments { filter = { status = { "PENDING" } } }
    end, '{"items":[{"status":"PAY_PENDING","id":"p"}],"page":{"number":0,"size":10,'
      .. '"totalCount":1}}')
    assert.matches("PENDING", sent.path)
    assert.is_nil(sent.path:find("PAY_PENDING", 1, true))
    assert.equal("PAY_PENDING", result.items[1].status)
    local client, host = fake.client { { 200, "{}" } }
    local _, err = client.v2.payment.get_payments { filter = { status = { "PAY_PENDING" } } }
    assert.equal("filter.status[1]", err.fields[1].path)
    assert.matches('did you mean "PENDING"', err.fields[1].problem)
    assert.equal(0, #host.sent)
  end)

  it("a page beyond 60,000 is refused before it is asked for", function()
    local client, host = fake.client { { 200, '{"items":[]}' } }
    assert(client.v2.payment.get_payments { page = { number = 59, size = 1000 } })
    local _, err = client.v2.payment.get_payments { page = { number = 60, size = 1000 } }
    assert.same({ "page", "page" }, { err.fields[1].path, err.fields[1].code })
    assert.equal(1, #host.sent)
  end)
end)

describe("answers of tomorrow", function()
  -- Every answer that the specification knows, with what it does not know put everywhere.
  local function strange(value, depth)
    if type(value) ~= "table" then return type(value) == "string" and "OF_TOMORROW" or value end
    local out = json.is_array(value) and json.array {} or {}
    for k, v in pairs(value) do out[k] = strange(v, depth + 1) end
    if not json.is_array(value) then
      out.fieldOfTomorrow = { deep = json.array { 1, json.null } }
    end
    return out
  end

  local world = {
    config = { seed = "tomorrow" },
    now = function() return 1767225600 end,
    iso = function() return "2026-01-01T00:00:00Z" end,
  }

  it("do not raise: unknown values, fields and cases pass as they are, in all 227", function()
    local schema = require "portone.sandbox.schema"
    local count = 0
    for row in api.all() do
      local args = smallest(row)
      local _, body = schema.answer(world, { row = row, path = args, query = {}, body = {} })
      if row.api == "v1" and type(body) == "table" then body = body.response end
      local told = type(body) == "table" and strange(body, 1) or body
      local answer = row.api == "v1" and not row.empty and v1_answer(told)
        or { 200, type(told) == "table" and json.encode(told) or told }
      local client = fake.client(row.api == "v1" and row.op ~= "get_token" and { TOKEN, answer }
        or { answer })
      local result, err = operation(client, row)(args)
      assert(result ~= nil, row.name .. ": " .. tostring(err))
      assert.is_string(require("portone.show").text(result), row.name)
      local is_list = type(result) == "table" and (result[1] ~= nil or json.is_array(result))
      if type(result) == "table" and not row.empty and not is_list then
        assert.equal(1, result.fieldOfTomorrow and result.fieldOfTomorrow.deep[1], row.name)
      end
      count = count + 1
    end
    assert.equal(227, count)
  end)

  it("may be a case of a union that nobody knows", function()
    local _, payment = sent_by_v2(function(c)
      return c.v2.payment.get_payment { paymentId = "p" }
    end, '{"status":"HALF_PAID","id":"p","method":{"type":"PaymentMethodBarter","goats":2}}')
    assert.same({ "HALF_PAID", 2 }, { payment.status, payment.method.goats })
  end)

  it("may be an error that nobody knows: its status says what it means", function()
    for status, kind in pairs { [400] = "rejected", [404] = "not_found", [409] = "conflict",
      [418] = "rejected", [502] = "server" } do
      local client = fake.client({ { status, '{"type":"MOON_PHASE","hint":{"moon":"full"}}' } },
        { max_retries = 0, reconcile = false })
      local result, err = client.v2.payment.get_payment { paymentId = "p" }
      assert.is_nil(result)
      assert.same({ kind, "MOON_PHASE", "full" }, { err.kind, err.type, err.response.hint.moon })
      assert.is_string(tostring(err))
    end
  end)

  it("have whole numbers that are integers, and lists that stay lists", function()
    local _, payment = sent_by_v2(function(c)
      return c.v2.payment.get_payment { paymentId = "p" }
    end, '{"amount":{"total":3000,"paid":9007199254740991},"disputes":[]}')
    assert.equal("3000", tostring(payment.amount.total))
    assert.equal("9007199254740991", ("%.0f"):format(payment.amount.paid))
    if math.type then assert.equal("integer", math.type(payment.amount.paid)) end
    assert.equal("[]", json.encode(payment.disputes))
  end)
end)
