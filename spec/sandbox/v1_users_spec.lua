local api = require "portone.api"
local books = require "portone.sandbox.v1"
local s = require "spec.sandbox.v1_support"

local function token(world)
  return s.ok(world, "v1.users.get_token", { body = { imp_key = "key", imp_secret = "secret" } })
end

local function authorize(world, headers)
  return books.authorize(world, { row = s.row "v1.payments.get", headers = headers })
end

describe("V1 access token", function()
  it("lives 30 minutes and is the same one until then", function()
    local world = s.world()
    local first = token(world)
    assert.equals(40, #first.access_token)
    assert.truthy(first.access_token:find("^%x+$"))
    assert.equals(s.START, first.now)
    assert.equals(s.START + 1800, first.expired_at)
    world:advance(1739)
    local again = token(world)
    assert.equals(first.access_token, again.access_token)
    assert.equals(first.expired_at, again.expired_at)
    assert.equals(s.START + 1739, again.now)
  end)

  it("gains five minutes when asked for within its last minute", function()
    local world = s.world()
    local first = token(world)
    world:advance(1740)
    local late = token(world)
    assert.equals(first.access_token, late.access_token)
    assert.equals(first.expired_at + 300, late.expired_at)
    world:advance(100)
    assert.is_nil((authorize(world, { authorization = "Bearer " .. first.access_token })))
  end)

  it("is refused from the second it expires, and another is given out", function()
    local world = s.world()
    local first = token(world)
    world:advance(1799)
    assert.is_nil((authorize(world, { authorization = first.access_token })))
    world:advance(1)
    assert.equals(401, (authorize(world, { authorization = first.access_token })))
    local second = token(world)
    assert.not_equals(first.access_token, second.access_token)
    assert.equals(s.START + 1800 + 1800, second.expired_at)
    assert.equals(401, (authorize(world, { authorization = first.access_token })))
  end)

  it("is given for the right key and secret only", function()
    local world = s.world()
    for _, body in ipairs { { imp_key = "key", imp_secret = "no" }, { imp_key = "key" }, {} } do
      s.refused(world, "v1.users.get_token", { body = body }, 401)
    end
    assert.is_nil(world.v1.token)
  end)

  it("is taken as Bearer or bare, not as Basic", function()
    local world = s.world()
    local value = token(world).access_token
    for _, good in ipairs { "Bearer " .. value, "bearer " .. value, value } do
      assert.is_nil((authorize(world, { authorization = good })), good)
    end
    for _, bad in ipairs { "Basic " .. value, "PortOne " .. value, "Bearer", "Bearer x",
      "Bearer " .. value .. " x", "" } do
      local status, body = authorize(world, { authorization = bad })
      assert.equals(401, status, bad)
      assert.equals(-1, body.code)
    end
    local status, body = authorize(world, {})
    assert.equals(401, status)
    assert.truthy(body.message:find("Bearer", 1, true))
  end)

  it("is not asked of an operation without authorization", function()
    local row = s.row "v1.users.get_token"
    assert.is_nil((books.authorize(s.world(), { row = row, headers = {} })))
  end)
end)

describe("the Tier header", function()
  local function with(tier, settings)
    local world = s.world(settings)
    return (authorize(world, { authorization = token(world).access_token, tier = tier }))
  end

  it("is three upper-case letters or digits", function()
    assert.is_nil(with("A1Z"))
    for _, bad in ipairs { "a1z", "AB", "ABCD", "A-B", "" } do assert.equals(400, with(bad)) end
  end)

  it("names a registered sub-merchant when some are registered", function()
    local tiers = { ABC = "가맹점 하나" }
    assert.is_nil(with("ABC", { v1_tiers = tiers }))
    assert.equals(404, with("ABD", { v1_tiers = tiers }))
    assert.equals(401, with("ABD", { v1_tiers = tiers, v1_tier_status = 401 }))
    assert.equals(401, with("ab", { v1_tier_status = 401 }))
  end)

  it("has a look-up", function()
    local world = s.world { v1_tiers = { ABC = "가맹점 하나" } }
    local get = function(code) return { path = { tier_code = code } } end
    assert.same({ tier_code = "ABC", tier_name = "가맹점 하나" },
      s.ok(world, "v1.tiers.get", get "ABC"))
    s.refused(world, "v1.tiers.get", get "ABD", 404)
    assert.equals("XYZ", s.ok(s.world(), "v1.tiers.get", get "XYZ").tier_code)
    s.refused(s.world(), "v1.tiers.get", get "xyz", 404)
  end)
end)

describe("the V1 books", function()
  it("have a rule for every operation, and for nothing else", function()
    local count = 0
    for _, group in ipairs(api.groups "v1") do
      for _, op in ipairs(api.names("v1", group)) do
        assert.is_function(books.handlers["v1." .. group .. "." .. op], group .. "." .. op)
        count = count + 1
      end
    end
    assert.equals(80, count)
    for name in pairs(books.handlers) do s.row(name) end
  end)
end)

describe("the V1 envelope", function()
  it("reports a bad request where the operation declares it", function()
    local world = s.world()
    local problems = { { path = "amount", problem = "expected number, got string" } }
    local function invalid(name, w)
      return books.invalid(w or world, { row = s.row(name) }, problems)
    end
    local status, body = invalid "v1.subscribe.again"
    assert.equals(200, status)
    assert.equals(1, body.code)
    assert.truthy(body.message:find("amount", 1, true))
    assert.equals(400, (invalid "v1.payments.by_status"))
    assert.equals(401, (invalid "v1.users.get_token"))
    assert.equals(400, (invalid("v1.subscribe.again", s.world { v1_invalid_status = 400 })))
    local set = { v1_codes = { refused = 5, invalid = 6, not_found = 7, unauthorized = 8 } }
    local _, answer = invalid("v1.subscribe.again", s.world(set))
    assert.equals(5, answer.code)
    _, answer = invalid("v1.payments.by_status", s.world(set))
    assert.equals(6, answer.code)
  end)

  it("answers an unknown path with 404", function()
    local status, body = books.not_found(s.world(), {})
    assert.equals(404, status)
    assert.equals(-1, body.code)
    assert.equals(s.null, body.response)
  end)

  it("has codes that can be set", function()
    local world = s.world { v1_codes = { refused = 7, not_found = 8, unauthorized = 9,
      invalid = 10 } }
    local _, code = s.call(world, "v1.customers.get", { path = { customer_uid = "nobody" } })
    assert.equals(8, code)
    _, code = s.again(world, "nobody", "o", 1)
    assert.equals(7, code)
  end)

  it("lists the channels", function()
    local list = s.ok(s.world(), "v1.users.pg_settings")
    assert.equals(#s.PGS, #list)
    assert.same({ pg_provider = "tosspayments", pg_id = "tosspayments_mid", sandbox = false,
      type = "payment", channel_name = "tosspayments", channel_key = "channel-key-tosspayments" },
      list[1])
  end)
end)
