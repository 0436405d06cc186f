local fake = require "spec.support.fake"

local paid = { 200, '{"code":0,"message":null,"response":{"status":"paid"}}' }
local refused = { 401, '{"code":-1,"message":"Unauthorized","response":null}' }

local function charge(client)
  return client.request_pay_again {
    customer_uid = "u", merchant_uid = "o", amount = 1000, name = "n", channel_key = "c" }
end

describe("the V1 token", function()
  it("is fetched once and used again", function()
    local client, host = fake.client { fake.token("aaa"), paid, paid }
    assert.truthy(charge(client))
    assert.truthy(charge(client))
    assert.equal(3, #host.sent)
    assert.truthy(host.sent[1].url:find("/users/getToken", 1, true))
    assert.is_nil(host.sent[1].headers.Authorization)
    assert.equal("Bearer aaa", host.sent[2].headers.Authorization)
    assert.equal("Bearer aaa", host.sent[3].headers.Authorization)
  end)

  it("is renewed once when the API refuses it, and the call made once more", function()
    local client, host = fake.client { fake.token("aaa"), refused, fake.token("bbb"), paid }
    local result, err, info = charge(client)
    assert.is_nil(err)
    assert.equal("paid", result.status)
    assert.equal(2, info.attempts)
    assert.equal("Bearer bbb", host.sent[4].headers.Authorization)
  end)

  it("is not renewed again and again when the API goes on refusing", function()
    local client, host = fake.client { fake.token("aaa"), refused, fake.token("aaa"), refused }
    local result, err = charge(client)
    assert.is_nil(result)
    assert.equal("unauthorized", err.kind)
    assert.equal(4, #host.sent)
  end)

  it("may come back unchanged, with more life", function()
    local client, host = fake.client { fake.token("aaa"), refused, fake.token("aaa"), paid }
    assert.truthy(charge(client))
    assert.equal("Bearer aaa", host.sent[4].headers.Authorization)
  end)

  it("is kept until a minute before its end, or for half of a short life", function()
    for life, kept in pairs { [1800] = 1740, [180] = 120, [119] = 59.5, [60] = 30, [0] = 0 } do
      local ttl
      local store = { get = function() end, set = function(_, _, _, seconds) ttl = seconds end }
      local client = fake.client({ fake.token("aaa", life), paid }, { token_store = store })
      assert.truthy(charge(client))
      assert.equal(kept, ttl)
    end
  end)

  it("that has nothing left is not used for a second call", function()
    local client, host = fake.client { fake.token("aaa", 0), paid, fake.token("bbb"), paid }
    assert.truthy(charge(client))
    assert.truthy(charge(client))
    assert.equal("Bearer bbb", host.sent[4].headers.Authorization)
  end)

  it("that cannot be had is the call's error, and nothing is charged", function()
    for _, answer in ipairs { refused, { 200, '{"code":0,"response":{"access_token":7}}' },
        { 200, '{"code":0,"response":{"access_token":"a\\nb","now":1,"expired_at":2}}' },
        { fault = { "network", "refused", "nothing" } }, { 502, "<html>" } } do
      local client, host = fake.client { answer }
      local result, err, info = charge(client)
      assert.is_nil(result)
      assert.equal("v1.users.get_token", err.operation)
      assert.equal(0, info.attempts)
      for _, sent in ipairs(host.sent) do
        assert.truthy(sent.url:find("/users/getToken", 1, true))
      end
    end
  end)

  it("is shared through a store that the caller gives", function()
    local kept = {}
    local store = { get = function(_, k) return kept[k] end,
                    set = function(_, k, v) kept[k] = v end }
    local first = fake.client({ fake.token("aaa"), paid }, { token_store = store })
    assert.truthy(charge(first))
    local second, host = fake.client({ paid }, { token_store = store })
    assert.truthy(charge(second))
    assert.equal(1, #host.sent)
    for key in pairs(kept) do
      assert.is_nil(key:find("imp", 1, true))
    end
  end)

  it("leaves less of the deadline when the caller's store takes its time", function()
    local host
    local store = { get = function() host.time = host.time + 4 return "aaa" end,
                    set = function() end }
    local client, made = fake.client({ paid }, { token_store = store, deadline = 5 })
    host = made
    assert.truthy(charge(client))
    assert.equal(1, host.sent[1].timeout)
    store.get = function() host.time = host.time + 6 return "aaa" end
    local _, err = charge(client)
    assert.equal("timeout", err.kind)
    assert.equal("nothing", err.sent)
    assert.equal(1, #host.sent)
  end)

  it("needs a key pair, and says which options and variables give it", function()
    local client, host = fake.client({ paid }, { v1 = {} })
    local _, err = charge(client)
    assert.equal("unauthorized", err.kind)
    assert.truthy(err.message:find("PORTONE_V1_API_KEY", 1, true))
    assert.equal(0, #host.sent)
  end)
end)
