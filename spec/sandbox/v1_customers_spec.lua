local s = require "spec.sandbox.v1_support"

local function path(uid) return { path = { customer_uid = uid } } end

local function issue(world, uid, card, body)
  return s.call(world, "v1.customers.issue",
    { path = { customer_uid = uid }, body = s.card(card, body) })
end

describe("a billing key", function()
  it("is issued with the card's facts and none of its secrets", function()
    local world = s.world()
    local c = s.issue(world, "u", "success_check", { customer_name = "홍길동", customer_id = "id-1" })
    for _, field in ipairs { "customer_uid", "pg_provider", "pg_id", "sandbox", "customer_id",
      "card_name", "card_code", "card_issuer_code", "card_issuer_name", "card_publisher_code",
      "card_publisher_name", "card_number", "card_type", "customer_name", "customer_tel",
      "customer_email", "customer_addr", "customer_postcode", "inserted", "updated" } do
      assert.not_nil(c[field], field)
    end
    assert.equals("400005******5556", c.card_number)
    assert.equals("KB국민카드", c.card_name)
    assert.equals(1, c.card_type)
    assert.equals("홍길동", c.customer_name)
    assert.equals(s.null, c.customer_tel)
    assert.equals(s.START, c.inserted)
    local text = require("portone.json").encode(c)
    assert.is_nil(text:find("4000056655665556", 1, true))
    assert.is_nil(text:find("820213", 1, true))
    assert.same(c, s.ok(world, "v1.customers.get", path "u"))
  end)

  it("is refused for a refused card, and nothing is stored", function()
    local world = s.world()
    for card, code in pairs { wrong_birth = "INVALID_CARD_IDENTITY",
      wrong_password = "INVALID_CARD_PASSWORD", wrong_expiry = "INVALID_CARD_EXPIRATION",
      issue_declined = "NOT_SUPPORTED_CARD_TYPE" } do
      local response, envelope, message, status = issue(world, "u", card)
      assert.equals(s.null, response)
      assert.is_true(envelope ~= 0)
      assert.equals(200, status)
      assert.truthy(message:find(code, 1, true))
    end
    assert.is_nil(world.v1.customers.u)
  end)

  it("is refused for a card that cannot be read, with the field that is wrong", function()
    local world = s.world()
    local _, _, message = issue(world, "u", "success", { card_number = "4242" })
    assert.truthy(message:find("card_number", 1, true))
    _, _, message = issue(world, "u", "success", { expiry = "2030-13" })
    assert.truthy(message:find("expiry", 1, true))
  end)

  it("follows the setting unknown_cards, as the documents' own sample card does", function()
    local body = { card_number = "1234-1234-1234-1234", expiry = "2025-12", birth = "820213",
      pwd_2digit = "00" }
    local args = { path = { customer_uid = "u" }, body = body }
    s.refused(s.world(), "v1.customers.issue", args)
    s.ok(s.world { unknown_cards = "accept" }, "v1.customers.issue", args)
  end)

  it("needs a channel that issues by API", function()
    local world = s.world()
    local _, code, message = issue(world, "u", "success", { channel_key = "channel-key-none" })
    assert.is_true(code ~= 0)
    assert.truthy(message:find("channel-key-none", 1, true))
    _, code = issue(world, "u", "success", { channel_key = "channel-key-tosspay_v2" })
    assert.is_true(code ~= 0)
    assert.equals("kcp", s.issue(world, "u", "success",
      { channel_key = "channel-key-kcp" }).pg_provider)
    world.config.settings.v1_strict_pgs = false
    assert.equals("tosspay_v2", s.issue(world, "u", "success",
      { channel_key = "channel-key-tosspay_v2" }).pg_provider)
  end)

  it("needs the fields that its PG requires", function()
    local world = s.world()
    local _, code, message = issue(world, "u", "success", { channel_key = "channel-key-welcome" })
    assert.is_true(code ~= 0)
    assert.truthy(message:find("customer_name", 1, true))
    s.issue(world, "u", "success", { channel_key = "channel-key-welcome", customer_name = "n" })
    world.config.settings.v1_strict_pg_fields = false
    s.issue(world, "u", "success", { channel_key = "channel-key-welcome" })
  end)

  it("goes to the first channel that can issue when the default one cannot", function()
    local world = s.world()
    world.config.channels[1].default = nil
    world.config.channels[4].default = true
    assert.equals("tosspay_v2", world:default_channel().pg)
    assert.equals("tosspayments", s.issue(world, "u").pg_provider)
    world.config.channels[4].default = nil
    world.config.channels[3].default = true
    assert.equals("kcp", s.issue(world, "u").pg_provider)
    world.config.channels = {}
    local _, code = issue(world, "u", "success")
    assert.is_true(code ~= 0)
  end)

  it("replaces the one under the same customer_uid", function()
    local world = s.world()
    s.issue(world, "u", "declined")
    world:advance(10)
    local c = s.issue(world, "u", "success")
    assert.equals("424242******4242", c.card_number)
    assert.equals(s.START, c.inserted)
    assert.equals(s.START + 10, c.updated)
    local p = s.again(world, "u", "o", 100)
    assert.equals("paid", p.status)
  end)

  it("is looked up one by one and together", function()
    local world = s.world()
    s.issue(world, "a")
    s.issue(world, "b")
    s.refused(world, "v1.customers.get", path "c", 404)
    local function list(uids)
      return s.call(world, "v1.customers.list", { query = { customer_uid = uids } })
    end
    local response, code, _, status = list { "a", "b" }
    assert.equals(200, status)
    assert.equals(0, code)
    assert.equals("b", response[2].customer_uid)
    response, code, _, status = list { "a", "c" }
    assert.equals(207, status)
    assert.equals(0, code)
    assert.equals(1, #response)
    s.refused(world, "v1.customers.list", { query = { customer_uid = { "c" } } }, 404)
    s.refused(world, "v1.customers.list", {}, 404)
    assert.equals(1, #s.ok(world, "v1.customers.list", { query = { customer_uid = "a" } }))
    assert.equals(1, #s.ok(world, "v1.customers.list", { query = { ["customer_uid[]"] = "a" } }))
  end)

  it("is deleted once, and cannot pay afterwards", function()
    local world = s.world()
    s.issue(world, "a")
    assert.equals("a", s.ok(world, "v1.customers.delete", path "a").customer_uid)
    s.refused(world, "v1.customers.delete", path "a", 404)
    s.refused(world, "v1.customers.get", path "a", 404)
    local _, code = s.again(world, "a", "o", 100)
    assert.is_true(code ~= 0)
  end)

  it("is deleted with schedules pending as the setting says", function()
    local function delete(rule)
      local world = s.world { v1_delete_customer_with_schedules = rule }
      s.issue(world, "a")
      s.schedule(world, "a", { { merchant_uid = "o", schedule_at = s.START + 60, amount = 100,
        name = "n" } })
      local _, code = s.call(world, "v1.customers.delete", path "a")
      world:advance(120)
      local schedule = s.ok(world, "v1.subscribe.schedule_get", { path = { merchant_uid = "o" } })
      return code == 0, schedule.schedule_status, schedule.payment_status
    end
    assert.same({ true, "executed", "failed" }, { delete(nil) })
    assert.same({ false, "executed", "paid" }, { delete "refuse" })
    assert.same({ true, "revoked", s.null }, { delete "revoke" })
  end)

  it("knows its payments, newest first, by pages of 20", function()
    local world = s.world()
    s.issue(world, "a")
    s.issue(world, "b")
    for i = 1, 21 do
      s.again(world, "a", "o" .. i, i)
      world:advance(1)
    end
    s.again(world, "b", "other", 100)
    local one = s.ok(world, "v1.customers.payments", path "a")
    assert.equals(21, one.total)
    assert.equals(20, #one.list)
    assert.equals(0, one.previous)
    assert.equals(2, one.next)
    assert.equals("o21", one.list[1].merchant_uid)
    local two = s.ok(world, "v1.customers.payments",
      { path = { customer_uid = "a" }, query = { page = 2 } })
    assert.equals("o1", two.list[1].merchant_uid)
    assert.equals(1, two.previous)
    assert.equals(0, two.next)
    s.refused(world, "v1.customers.payments", path "c", 404)
  end)
end)

describe("a super billing key", function()
  local GROUP = { channel_groups = { g = { "channel-key-kcp", "channel-key-nice_v2",
    "channel-key-tosspay_v2" } } }

  it("is issued on every channel of a group, and names those that failed", function()
    local world = s.world(nil, GROUP)
    local c = s.issue(world, "u", "success", { channel_group_id = "g" })
    assert.equals("g", c.channelGroupId)
    assert.is_nil(c.pg_provider)
    assert.equals("kcp", c.succeededChannels[1].pg_provider)
    assert.equals("424242******4242", c.succeededChannels[1].card_number)
    assert.equals(s.START, c.succeededChannels[1].inserted)
    assert.equals("nice_v2", c.succeededChannels[2].pg_provider)
    assert.equals(2, #c.succeededChannels)
    assert.equals(1, #c.failedChannels)
    assert.equals("tosspay_v2", c.failedChannels[1].pg_provider)
    assert.equals("INVALID_REQUEST", c.failedChannels[1].type)
    assert.same(c, s.ok(world, "v1.customers.get", path "u"))
  end)

  it("is issued on all channels when no groups are configured", function()
    local world = s.world()
    local c = s.issue(world, "u", "success", { channel_group_id = "any" })
    assert.equals(#s.PGS, #c.succeededChannels + #c.failedChannels)
    assert.equals("paid", (s.again(world, "u", "o1", 100,
      { channel_key = "channel-key-kcp" })).status)
    world.config.channel_groups = { any = { "channel-key-none", "channel-key-danal" } }
    assert.equals("paid", (s.again(world, "u", "o2", 100)).status)
  end)

  it("is refused when no channel gives a key, or the group is unknown", function()
    local world = s.world(nil, GROUP)
    local _, code = issue(world, "u", "wrong_birth", { channel_group_id = "g" })
    assert.is_true(code ~= 0)
    _, code = issue(world, "u", "success", { channel_group_id = "h" })
    assert.is_true(code ~= 0)
    assert.is_nil(world.v1.customers.u)
  end)

  it("pays by the group's shares, or with the channel that is asked for", function()
    local world = s.world(nil, { channel_groups = { g = { { key = "channel-key-kcp", ratio = 0 },
      { key = "channel-key-nice_v2", ratio = 1 } } } })
    s.issue(world, "u", "success", { channel_group_id = "g" })
    for i = 1, 10 do
      assert.equals("nice_v2", s.again(world, "u", "o" .. i, 100).pg_provider)
    end
    assert.equals("kcp",
      s.again(world, "u", "k", 100, { channel_key = "channel-key-kcp" }).pg_provider)
    local _, code = s.again(world, "u", "n", 100, { channel_key = "channel-key-settle" })
    assert.is_true(code ~= 0)
  end)

  it("shows the PG of a schedule once that has run", function()
    local world = s.world(nil, GROUP)
    s.issue(world, "u", "success", { channel_group_id = "g" })
    local made = s.schedule(world, "u", { { merchant_uid = "o", schedule_at = s.START + 60,
      amount = 100, name = "n" } })
    assert.equals(s.null, made[1].pg_provider)
    world:advance(60)
    local done = s.ok(world, "v1.subscribe.schedule_get", { path = { merchant_uid = "o" } })
    assert.is_string(done.pg_provider)
  end)
end)
