-- All 227 operations against the real sandbox, through the public API: arguments drawn from a
-- seed are answered with what the specification declares, wrong ones with the documented
-- refusal, and the same seed answers the same.

local api = require "portone.api"
local arguments_of = require "spec.support.arguments"
local check = require "portone.check"
local core = require "portone.core"
local json = require "portone.json"
local official = require "spec.sandbox.v2_schema"
local portone_sandbox = require "portone.sandbox"
local v1 = require "spec.sandbox.v1_support"

local SEED = tonumber(os.getenv "PORTONE_SEED" or "") or 20261122
local TIMES = 3   -- per operation
local START = 1767225600

local rows = {}
for row in api.all() do rows[#rows + 1] = row end

local function operation(client, row)
  local namespace = client[row.api]
  for name in row.group:gmatch("[^.]+") do namespace = namespace[name] end
  return namespace[row.op]
end

-- What is wrong with an error as an answer of the operation; nil when it is documented.
local function undocumented(row, err)
  local fine = false
  if row.api == "v2" then
    fine = err.status ~= nil and row.errors[err.type] == err.status
  elseif err.status == 200 then -- the envelope says it; a declined charge has no code
    fine = err.code ~= nil or err.kind == "declined"
  else
    for _, status in ipairs(row.statuses) do fine = fine or status == err.status end
  end
  if not fine then return ("%s %s"):format(tostring(err.type), tostring(err.status)) end
end

local function hold_answer(row, result)
  if row.csv then
    assert.equal("string", type(result), row.name)
  elseif row.empty then
    assert.same({}, result, row.name)
  elseif row.api == "v2" then
    official.answer(row, 200, result)
  elseif row.result then
    assert.is_nil(v1.misfit(row.result, result, row.name))
  end
end

local function start(seed)
  local sandbox = assert(portone_sandbox.start { seed = seed, time = START })
  return sandbox, sandbox:client { max_retries = 0, reconcile = false }
end

-- One or two things that exist, so that not every answer is "not found".
local function furnish(sandbox, client)
  local card = sandbox.cards.success
  assert(client.v1.customers.issue { customer_uid = "user-42", card_number = card.card_number,
    expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit })
  assert(client.v1.subscribe.again { customer_uid = "user-42", merchant_uid = "order-1001",
    amount = 3000, name = "n" })
  local key = assert(client.v2.payment.billing_key.issue_billing_key {
    channelKey = sandbox.channel_key, method = { card = { credential = card.credential } } })
  assert(client.v2.payment.pay_with_billing_key { paymentId = "order-1001", orderName = "n",
    billingKey = key.billingKeyInfo.billingKey, amount = { total = 3000 }, currency = "KRW" })
end

-- Every operation a few times; each outcome goes to `fn`.
local function tour(client, seed, fn)
  local drawn = arguments_of.new(seed)
  for _ = 1, TIMES do
    for _, row in ipairs(rows) do
      local args = drawn:of(row)
      args.storeId = nil -- the client's own
      local result, err = operation(client, row)(args)
      fn(row, result, err, args)
    end
  end
end

-- Text of an outcome in which the order of keys plays no part.
local function text(value)
  if type(value) ~= "table" then return tostring(value) end
  local out = {}
  for k, v in pairs(value) do out[#out + 1] = tostring(k) .. "=" .. text(v) end
  table.sort(out)
  return "{" .. table.concat(out, ",") .. "}"
end

local function outcomes(seed)
  local sandbox, client = start(seed)
  furnish(sandbox, client)
  local list = {}
  tour(client, SEED, function(row, result, err)
    list[#list + 1] = row.name .. " " .. (result ~= nil and text(result)
      or text { err.kind, err.type, err.status, err.message })
  end)
  sandbox:stop()
  return list
end

describe("the sandbox", function()
  it("answers every operation as the specification declares, or refuses it so", function()
    local sandbox, client = start("breadth")
    furnish(sandbox, client)
    local answered, names = 0, {}
    tour(client, SEED, function(row, result, err)
      if result ~= nil then
        hold_answer(row, result)
        answered = answered + 1
      else
        local problem = undocumented(row, err)
        assert(not problem, ("%s: %s (%s)"):format(row.name, tostring(problem), tostring(err)))
      end
      names[row.name] = true
    end)
    local count = 0
    for _ in pairs(names) do count = count + 1 end
    assert.equal(227, count)
    assert.is_true(answered > 150, tostring(answered))
    assert.same({}, sandbox:journal { kind = "error" })
    sandbox:stop()
  end)

  it("answers the same to the same seed, and otherwise to another", function()
    local one, same, other = outcomes("seed a"), outcomes("seed a"), outcomes("seed b")
    assert.equal(227 * TIMES, #one)
    assert.same(one, same)
    local differ = {}
    for i, line in ipairs(one) do
      if line ~= other[i] then differ[line:match("^%S+")] = true end
    end
    assert.is_true(differ["v2.platform.transfer.get_platform_transfer"])
    assert.is_true(differ["v2.platform.company.get_platform_company_state"])
  end)
end)

describe("a request that the specification does not allow", function()
  local sandbox, client
  setup(function() sandbox, client = start("wrong") end)
  teardown(function() sandbox:stop() end)

  -- One value of a wrong type, where there is a field that has one on the wire.
  local function mutation(row, args)
    local names = {}
    for _, place in ipairs { "body", "query" } do
      for name, field in pairs(row[place] or {}) do
        local odd = field.type ~= "string" or field.enum or field.format
        if place == "body" or odd and field.type ~= "array" then names[#names + 1] = name end
      end
    end
    table.sort(names)
    local name = names[1]
    if not name then return nil end
    local field = (row.body or {})[name] or row.query[name]
    args[name] = (row.body or {})[name] and (field.type == "array" and "x" or { { 1 } }) or "%%"
    if check.args(row, args, { wire = true }) then return name end
  end

  it("gets the documented 400 of its operation, and says where", function()
    local wrong, untouched = 0, {}
    for _, row in ipairs(rows) do
      local args = arguments_of.new(1):of(row)
      local name = mutation(row, args)
      if name then
        local result, err = operation(client, row)(args, { check = false })
        assert(result == nil, row.name .. " takes a wrong " .. name)
        assert.is_nil(undocumented(row, err), row.name .. ": " .. tostring(err))
        if row.api == "v2" then
          assert.same({ 400, "INVALID_REQUEST" }, { err.status, err.type }, row.name)
        else
          local documented = false
          for _, status in ipairs(row.statuses) do documented = documented or status == 400 end
          local status = row.op == "get_token" and 401 or documented and 400 or 200
          assert.equal(status, err.status, row.name)
        end
        local secret = check.arguments(row).fields[name].secret
        assert.is_true(secret or err.message:find(name, 1, true) ~= nil,
          row.name .. ": " .. err.message)
        wrong = wrong + 1
      elseif next(row.query or row.body or {}) then
        untouched[#untouched + 1] = row
      end
    end
    assert.is_true(wrong > 150, tostring(wrong))
    for _, row in ipairs(untouched) do -- nothing but free texts in the query
      assert.is_nil(row.body, row.name)
      for name, field in pairs(row.query) do
        local free = field.type == "string" or field.type == "array" or field.type == "object"
        assert.is_true(free and not field.enum, row.name .. "." .. name)
      end
    end
  end)

  it("is refused too where its JSON should be a text, or its time has no offset", function()
    local raw = core.client {}
    local token = assert(client.v1.users.get_token { imp_key = sandbox.imp_key,
      imp_secret = sandbox.imp_secret }).access_token
    local function post(url, authorization, body)
      local status, answer = raw:perform("POST", url, { "Content-Type: application/json",
        "Authorization: " .. authorization }, json.encode(body), 10)
      return status, json.decode(answer)
    end
    local _, envelope = post(sandbox.v1_url .. "/subscribe/payments/again", "Bearer " .. token,
      { customer_uid = "u", merchant_uid = "o", amount = 1, name = "n", bypass = { a = 1 } })
    assert.not_equal(0, envelope.code)
    assert.matches("bypass", envelope.message)
    local status, answer = post(sandbox.v2_url .. "/payments/p/schedule",
      "PortOne " .. sandbox.api_secret, { timeToPay = 1893456000, payment = { billingKey = "b",
        orderName = "n", amount = { total = 1 }, currency = "KRW" } })
    assert.equal(400, status)
    assert.matches("timeToPay", answer.message)
    raw:close()
  end)

  it("is one in a form where only JSON will do, and none elsewhere", function()
    local raw = core.client {}
    local token = assert(client.v1.users.get_token { imp_key = sandbox.imp_key,
      imp_secret = sandbox.imp_secret }).access_token
    local function form(path, body)
      local status, answer = raw:perform("POST", sandbox.v1_url .. path,
        { "Content-Type: application/x-www-form-urlencoded", "Authorization: Bearer " .. token },
        body, 10)
      return status, json.decode(answer)
    end
    local _, envelope = form("/payments/prepare", "merchant_uid=form-1&amount=1000")
    assert.equal(0, envelope.code)
    assert.equal(1000, envelope.response.amount)
    local status, refused = form("/kcpquick/members/m/fido/release",
      "channel_key=" .. sandbox.channel_key)
    assert.equal(400, status)
    assert.matches("application/json", refused.message)
    raw:close()
  end)
end)

describe("the listing of operations", function()
  local sandbox
  setup(function() sandbox = start("listing") end)
  teardown(function() sandbox:stop() end)

  it("tells of all 227 whether they have a rule of their own", function()
    local list, kinds = sandbox:operations(), {}
    assert.equal(227, #list)
    for _, row in ipairs(list) do
      kinds[row.kind] = (kinds[row.kind] or 0) + 1
      local known = assert(api.named(row.name), row.name)
      assert.same({ known.api, known.method, known.path }, { row.api, row.method, row.path })
    end
    assert.equal(227, kinds.stateful + kinds.generated)
    assert.equal(kinds.generated, #sandbox:operations "generated")
    assert.equal(kinds.stateful, #sandbox:operations "stateful")
    local ok, message = pcall(function()
      local others = sandbox:operations "other"
      return others
    end)
    assert.is_false(ok)
    assert.matches("v1_v2_breadth_spec%.lua:%d+: .*'generated' expected, got other", message)
  end)

  it("is right: what is generated follows from the request alone", function()
    local client = sandbox:client()
    local kind = {}
    for _, row in ipairs(sandbox:operations()) do kind[row.name] = row.kind end
    assert.equal("stateful", kind["v1.subscribe.again"])
    assert.equal("stateful", kind["v2.payment.pay_with_billing_key"])
    assert.equal("generated", kind["v2.platform.transfer.get_platform_transfer"])
    local one = assert(client.v2.platform.transfer.get_platform_transfer { id = "a" })
    local two = assert(client.v2.platform.transfer.get_platform_transfer { id = "a" })
    assert.equal(text(one), text(two))
  end)

  it("prints one a line", function()
    local printed = tostring(sandbox:operations "generated")
    assert.matches("v2%.platform%.transfer%.get_platform_transfer +generated", printed)
    assert.matches("0 stateful, %d+ generated$", printed)
  end)

  it("is there for other processes too", function()
    local raw = core.client {}
    local status, body = raw:perform("GET",
      sandbox.v2_url .. "/_sandbox/operations?kind=generated", {}, nil, 10)
    assert.equal(200, status)
    assert.equal(#sandbox:operations "generated", #json.decode(body).value)
    status = raw:perform("GET", sandbox.v2_url .. "/_sandbox/operations?kind=x", {}, nil, 10)
    assert.equal(400, status)
    raw:close()
  end)
end)
