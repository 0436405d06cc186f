-- SPDX-License-Identifier: MIT
local t = require "spec.sandbox.v2_support"

local KEY = '"0123456789abcdef"'
local PAY = "v2.payment.pay_with_billing_key"

describe("Idempotency-Key", function()
  local world, key
  before_each(function()
    world = t.world()
    key = t.issue(world)
  end)

  -- A request as the server runs it: before, handler, after.
  local function send(header, args, name)
    local req = t.request(world, name or PAY, args or { path = { paymentId = "p" },
      body = t.order(key, 1000) })
    req.headers["idempotency-key"] = header
    local status, body = t.books.before(world, req)
    if status then return status, body, req, "before" end
    status, body = t.books.handlers[req.row.name](world, req)
    t.books.after(world, req, status, body)
    return status, body, req, "handler"
  end

  it("answers the same request again, word for word, and charges once", function()
    local _, first = send(KEY)
    local status, again, _, from = send(KEY)
    assert.equals("before", from)
    assert.equals(200, status)
    assert.same(first, again)
    assert.equals(1000, t.moved(world).KRW)
  end)

  it("answers with what was said then, not with what holds now", function()
    local get = { path = { paymentId = "p" } }
    local _, first = send(KEY)
    first.payment.pgTxId = "spoilt by its reader"
    local _, again = send(KEY)
    assert.equals(t.ok(world, "v2.payment.get_payment", get).pgTxId, again.payment.pgTxId)
  end)

  it("repeats refusals too", function()
    local bad = { path = { paymentId = "q" }, body = t.order("no-such-key", 1) }
    assert.equals(404, (send(KEY, bad)))
    local status, body, _, from = send(KEY, bad)
    assert.equals("before", from)
    assert.equals(404, status)
    assert.equals("BILLING_KEY_NOT_FOUND", body.type)
  end)

  it("forgets after three hours", function()
    send(KEY)
    t.advance(world, 3 * 3600 - 1)
    assert.equals("before", select(4, send(KEY)))
    t.advance(world, 1)
    local status, body, _, from = send(KEY)
    assert.equals("handler", from)
    assert.equals(409, status)
    assert.equals("ALREADY_PAID", body.type)
  end)

  it("leaves the memory when it is forgotten", function()
    local function count()
      local n = 0
      for _ in pairs(world.v2.idempotency) do n = n + 1 end
      return n
    end
    local req = t.request(world, PAY, { path = { paymentId = "p" }, body = {} })
    for i = 1, 4095 do
      req.headers["idempotency-key"] = ('"%020d"'):format(i)
      t.books.after(world, req, 200, {})
    end
    assert.equals(4095, count())
    t.advance(world, 3 * 3600)
    send(KEY)
    assert.equals(1, count())
  end)

  it("is ignored on GET", function()
    local name = "v2.payment.get_payment"
    assert.equals(404, (send(KEY, { path = { paymentId = "p" } }, name)))
    t.pay(world, "p", key, 1000)
    assert.equals(200, (send(KEY, { path = { paymentId = "p" } }, name)))
    assert.equals(200, (send('"short"', { path = { paymentId = "p" } }, name)))
  end)

  it("is heeded on DELETE", function()
    local args = { path = { billingKey = key } }
    local name = "v2.payment.billing_key.delete_billing_key"
    assert.equals(200, (send(KEY, args, name)))
    assert.equals(200, (send(KEY, args, name)))
    assert.equals(409, (send(nil, args, name)))
  end)

  it("must be an RFC 8941 string of 16 to 256 ASCII characters", function()
    local n = 0
    local function status_of(header)
      n = n + 1
      local status, body = send(header, { path = { paymentId = "p" .. n },
        body = t.order(key, 1) })
      if status ~= 200 then assert.equals("INVALID_REQUEST", body.type) end
      return status
    end
    for _, good in ipairs { '"' .. ("a"):rep(16) .. '"', '"' .. ("b"):rep(256) .. '"',
      '"with \\"quotes\\" and \\\\"', '  "padded by spaces__"  ', '"parameters______"; a=1',
      "0123456789abcdee" } do
      assert.equals(200, status_of(good), good)
    end
    for _, bad in ipairs { '"' .. ("a"):rep(15) .. '"', '"' .. ("a"):rep(257) .. '"', '""', "",
      "short", '"unterminated_____', '"bad \\escape______"', '"tab\there________"',
      '"trailing________"x', '"\195\169________________"', "un\195\169quoted_________",
      "un quoted with spaces", "two,keys,in,one,line" } do
      assert.equals(400, status_of(bad), bad)
    end
  end)

  it("without quotes is the setting v2_unquoted_key", function()
    world.config.settings.v2_unquoted_key = "refuse"
    assert.equals(400, (send "0123456789abcdef"))
    assert.equals(200, (send(KEY)))
  end)

  describe("with another request", function()
    local other
    before_each(function()
      send(KEY)
      other = { path = { paymentId = "q" }, body = t.order(key, 1000) }
    end)

    it("is refused by default: other path, body or operation", function()
      local status, body = send(KEY, other)
      assert.equals(400, status)
      assert.equals("INVALID_REQUEST", body.type)
      assert.equals(400, (send(KEY, { path = { paymentId = "p" }, body = t.order(key, 2000) })))
      assert.equals(400, (send(KEY, { path = { paymentId = "p" }, body = { reason = "r" } },
        "v2.payment.cancel_payment")))
      assert.equals(1000, t.moved(world).KRW)
    end)

    it("replays when set so", function()
      world.config.settings.v2_reused_key = "replay"
      assert.equals("before", select(4, send(KEY, other)))
      assert.equals(1000, t.moved(world).KRW)
    end)

    it("runs when set so", function()
      world.config.settings.v2_reused_key = "run"
      local _, second, _, from = send(KEY, other)
      assert.equals("handler", from)
      assert.equals(2000, t.moved(world).KRW)
      local _, again, _, then_from = send(KEY, other)
      assert.equals("before", then_from)
      assert.same(second, again)
    end)
  end)

  it("belongs to its secret", function()
    send(KEY)
    local pair = t.ok(world, "v2.auth.login_via_api_secret", { body = { apiSecret = "secret" } })
    local req = t.request(world, PAY, { path = { paymentId = "p" }, body = t.order(key, 1000) },
      { authorization = "Bearer " .. pair.accessToken, ["idempotency-key"] = KEY })
    assert.equals(200, (t.books.before(world, req)))
    req.headers.authorization = nil
    assert.is_nil(t.books.before(world, req))
  end)

  describe("of a request that still runs", function()
    local function outstanding(status, body)
      assert.equals(409, status)
      assert.equals("IDEMPOTENCY_OUTSTANDING_REQUEST", body.type)
    end

    it("is answered 409 until its time, then with the answer", function()
      local _, first, req = send(KEY)
      t.books.hold(world, req, world:now() + 30)
      outstanding(send(KEY))
      t.advance(world, 29)
      outstanding(send(KEY))
      t.advance(world, 1)
      local _, again = send(KEY)
      assert.same(first, again)
    end)

    it("is answered 409 until released, then runs if it never did", function()
      local req = t.request(world, PAY, { path = { paymentId = "p" }, body = t.order(key, 1000) })
      req.headers["idempotency-key"] = KEY
      t.books.hold(world, req)
      outstanding(send(KEY))
      t.advance(world, 3600)
      outstanding(send(KEY))
      t.books.release(world, req)
      assert.equals("handler", select(4, send(KEY)))
      assert.equals(1000, t.moved(world).KRW)
    end)

    it("can be set by its value", function()
      t.act(world, "outstanding", { key = "0123456789abcdef", seconds = 10 })
      outstanding(send(KEY))
      t.advance(world, 10)
      assert.equals(200, (send(KEY)))
      t.act(world, "outstanding", { key = "0123456789abcdef" })
      outstanding(send(KEY))
      t.act(world, "settle_key", { key = "0123456789abcdef" })
      assert.equals("before", select(4, send(KEY)))
    end)
  end)
end)
