local books = require "portone.sandbox.v1"
local s = require "spec.sandbox.v1_support"

local open = books.actions.open_window

local function close(world, imp_uid, done)
  local args = { imp_uid = imp_uid }
  for key, value in pairs(done or {}) do args[key] = value end
  return books.actions.close_window(world, args)
end

local function params(extra)
  local out = { channelKey = "channel-key-tosspayments", pay_method = "card", merchant_uid = "o1",
    name = "n", amount = 3000, buyer_name = "홍길동" }
  for key, value in pairs(extra or {}) do out[key] = value end
  return out
end

describe("a payment window", function()
  it("opens as ready and closes as paid", function()
    local world = s.world()
    local p = assert(open(world, params { channel = "mobile", custom_data = { userId = 1 } }))
    assert.equals("ready", p.status)
    assert.equals("mobile", p.channel)
    assert.equals('{"userId":1}', p.custom_data)
    assert.equals(0, s.moved(world))
    world:advance(30)
    p = assert(close(world, p.imp_uid))
    assert.equals("paid", p.status)
    assert.equals(s.START + 30, p.paid_at)
    assert.equals(s.START, p.started_at)
    assert.equals("424242******4242", p.card_number)
    assert.same({ { body = { imp_uid = p.imp_uid, merchant_uid = "o1", status = "paid" } } },
      world.sent)
    assert.equals(3000, s.moved(world))
    assert.is_nil((close(world, p.imp_uid)))
  end)

  it("closes as failed when the card or the user says no, without a webhook", function()
    local world = s.world()
    local p = assert(close(world, assert(open(world, params())).imp_uid, { card = "declined" }))
    assert.equals("failed", p.status)
    assert.truthy(p.fail_reason:find("REJECT_CARD_COMPANY", 1, true))
    p = assert(close(world, assert(open(world, params())).imp_uid, { cancelled = true }))
    assert.equals("failed", p.status)
    p = assert(close(world, assert(open(world, params())).imp_uid, { reason = "재고 없음" }))
    assert.truthy(p.fail_reason:find("재고 없음", 1, true))
    assert.equals(0, s.moved(world))
    assert.same({}, world.sent)
  end)

  it("does not open for what is paid, scheduled or prepared otherwise", function()
    local world = s.world()
    s.issue(world, "u")
    s.again(world, "u", "o1", 3000)
    assert.is_nil((open(world, params())))
    s.ok(world, "v1.payments.prepare", { body = { merchant_uid = "o2", amount = 2000 } })
    assert.is_nil((open(world, params { merchant_uid = "o2" })))
    assert(open(world, params { merchant_uid = "o2", amount = 2000 }))
    assert.is_nil((open(world, params { merchant_uid = "o3", channelKey = "channel-key-none" })))
    assert.is_nil((open(world, params { merchant_uid = "o3", amount = "3000" })))
    assert.is_nil((open(world, { name = "n", amount = 3000 })))
  end)

  it("cannot pay an order that another window paid meanwhile", function()
    local world = s.world()
    local a, b = assert(open(world, params())), assert(open(world, params()))
    assert(close(world, a.imp_uid))
    assert.equals("failed", assert(close(world, b.imp_uid)).status)
    assert.equals(3000, s.moved(world))
  end)

  it("gives an account for pay_method vbank", function()
    local world = s.world()
    local p = assert(open(world, params { pay_method = "vbank" }))
    assert.is_nil((close(world, p.imp_uid, { vbank_code = "999" })))
    p = assert(close(world, p.imp_uid))
    assert.equals("ready", p.status)
    assert.equals("신한은행", p.vbank_name)
    assert.equals("ready", world.sent[1].body.status)
    assert.is_nil((close(world, p.imp_uid)))
    assert.equals("paid", assert(books.actions.deposit(world, { imp_uid = p.imp_uid })).status)
    assert.equals(3000, s.moved(world))
  end)

  it("pays by transfer without a card", function()
    local world = s.world()
    local p = assert(open(world, params { pay_method = "trans" }))
    p = assert(close(world, p.imp_uid, { card = "declined" }))
    assert.equals("paid", p.status)
    assert.equals(s.null, p.card_number)
    assert.equals(s.null, p.apply_num)
    s.ok(world, "v1.receipts.issue", { path = { imp_uid = p.imp_uid },
      body = { identifier = "01012345678" } })
  end)

  it("refuses a card that it does not know", function()
    local world = s.world()
    local p = assert(open(world, params()))
    assert.is_nil((close(world, p.imp_uid, { card = "no such card" })))
    assert.equals("paid", assert(close(world, p.imp_uid, { card = s.card "success_check" })).status)
  end)
end)

describe("a key window", function()
  local function key_params(extra)
    local out = { channelKey = "channel-key-tosspay_v2", pay_method = "tosspay",
      merchant_uid = "m1", name = "최초인증결제", customer_uid = "u", customer_id = "matthew",
      notice_url = "http://n.invalid/" }
    for key, value in pairs(extra or {}) do out[key] = value end
    return params(out)
  end

  it("issues a key, charges nothing, and tells without the customer_uid", function()
    local world = s.world()
    local p = assert(open(world, key_params { amount = 5000 }))
    p = assert(close(world, p.imp_uid))
    assert.equals("paid", p.status)
    assert.equals(0, p.amount)
    assert.equals("issue", p.customer_uid_usage)
    assert.same({ { urls = { "http://n.invalid/" },
      body = { imp_uid = p.imp_uid, merchant_uid = "m1", status = "paid" } } }, world.sent)
    assert.equals(0, #world.journal)
    local customer = s.ok(world, "v1.customers.get", { path = { customer_uid = "u" } })
    assert.equals("tosspay_v2", customer.pg_provider)
    assert.equals("matthew", customer.customer_id)
    local paid = s.again(world, "u", "o1", 3000)
    assert.equals("tosspay", paid.pay_method)
    assert.equals(3000, s.moved(world))
    assert.is_nil((open(world, key_params())))
  end)

  it("issues none for a refused card", function()
    local world = s.world()
    local p = assert(open(world, key_params()))
    assert.equals("failed", assert(close(world, p.imp_uid, { card = "wrong_birth" })).status)
    assert.is_nil(world.v1.customers.u)
    -- a card whose charges are declined still gives a key
    p = assert(open(world, key_params()))
    assert.equals("paid", assert(close(world, p.imp_uid, { card = "declined" })).status)
    assert.equals("failed", (s.again(world, "u", "o1", 100)).status)
  end)

  it("charges as well on PGs that do", function()
    local world = s.world()
    local function key(uid, card)
      local p = assert(open(world, key_params { channelKey = "channel-key-kakaopay", amount = 1000,
        merchant_uid = "m-" .. uid, customer_uid = uid }))
      return assert(close(world, p.imp_uid, { card = card }))
    end
    assert.equals(1000, key("a", "success").amount)
    assert.equals(1000, s.moved(world))
    assert.equals("failed", key("b", "declined").status)
    assert.is_nil(world.v1.customers.b)
    assert.equals(1000, s.moved(world))
  end)
end)

describe("escrow deliveries", function()
  local function body(company)
    return { sender = { name = "s" }, receiver = { name = "r" },
      logis = { company = company or "CJGLS", invoice = "123", sent_at = s.START } }
  end
  local function escrow(pg)
    local world = s.world()
    local p = assert(open(world, params { channelKey = "channel-key-" .. (pg or "kcp"),
      escrow = true }))
    assert.is_true(p.escrow)
    return world, assert(close(world, p.imp_uid)).imp_uid
  end
  local function on(uid, b) return { path = { imp_uid = uid }, body = b } end

  it("are registered once, changed, read", function()
    local world, uid = escrow "html5_inicis"
    s.refused(world, "v1.escrows.get", on(uid), 409)
    s.refused(world, "v1.escrows.update", on(uid, body()), 409)
    assert.same({ company = "CJGLS", invoice = "123", sent_at = s.START, applied_at = s.START },
      s.ok(world, "v1.escrows.register", on(uid, body())))
    s.refused(world, "v1.escrows.register", on(uid, body()), 409)
    world:advance(5)
    assert.equals("ETC", s.ok(world, "v1.escrows.update", on(uid, body "LOTTE")).company)
    assert.equals(s.START + 5, s.ok(world, "v1.escrows.get", on(uid)).applied_at)
  end)

  it("are for escrow payments, on PGs that offer them", function()
    local world = escrow()
    s.refused(world, "v1.escrows.get", on "imp_x", 404)
    local plain = assert(close(world, assert(open(world, params { merchant_uid = "o2",
      channelKey = "channel-key-kcp" })).imp_uid)).imp_uid
    s.refused(world, "v1.escrows.register", on(plain, body()), 409)
    local other, uid = escrow "tosspayments"
    s.refused(other, "v1.escrows.register", on(uid, body()), 400)
    local welcome, w = escrow "welcome"
    s.refused(welcome, "v1.escrows.register", on(w, body()), 400)
    local nice, n = escrow "nice_v2"
    s.ok(nice, "v1.escrows.register", on(n, body()))
    s.refused(nice, "v1.escrows.update", on(n, body()), 400)
    s.refused(welcome, "v1.escrows.register", on(w, { sender = {}, receiver = {}, logis = {},
      products = {} }), 400)
  end)
end)
