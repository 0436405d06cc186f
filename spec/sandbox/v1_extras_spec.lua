local books = require "portone.sandbox.v1"
local s = require "spec.sandbox.v1_support"

local function window(world, pg, extra)
  local params = { channelKey = "channel-key-" .. pg, pay_method = "card", merchant_uid = "o1",
    name = "n", amount = 3000 }
  for key, value in pairs(extra or {}) do params[key] = value end
  local p = assert(books.actions.open_window(world, params))
  return assert(books.actions.close_window(world, { imp_uid = p.imp_uid }))
end

local function on(imp_uid, body) return { path = { imp_uid = imp_uid }, body = body } end

describe("codes", function()
  it("of cards and banks are listed and looked up", function()
    local world = s.world()
    assert.equals(20, #s.ok(world, "v1.codes.cards"))
    assert.equals(22, #s.ok(world, "v1.codes.banks"))
    assert.same({ code = "366", name = "신한카드" }, s.ok(world, "v1.codes.card",
      { path = { card_standard_code = "366" } }))
    assert.same({ code = "088", name = "신한은행" }, s.ok(world, "v1.codes.bank",
      { path = { bank_standard_code = "088" } }))
    s.refused(world, "v1.codes.card", { path = { card_standard_code = "999" } }, 404)
    s.refused(world, "v1.codes.bank", { path = { bank_standard_code = "88" } }, 404)
  end)
end)

describe("Naver Pay product orders", function()
  local function paid(products)
    local world = s.world()
    local p = window(world, "naverco", { naverProducts = products or {
      { uid = "p1", name = "a", count = 2, amount = 1000 },
      { uid = "p2", name = "b", count = 1, amount = 1000 } } })
    local ids = {}
    for i, order in ipairs(s.ok(world, "v1.naver.product_orders", on(p.imp_uid))) do
      ids[i] = order.product_order_id
    end
    return world, p.imp_uid, ids
  end
  local function act(world, uid, op, body)
    local response, code, _, status = s.call(world, "v1.naver." .. op, on(uid, body or {}))
    return status, code == 0 and response or nil
  end
  local function state(world, id)
    local order = s.ok(world, "v1.naver.product_order", { path = { product_order_id = id } })
    return order.product_order_status, order.claim_status
  end

  it("are worth the payment together", function()
    local world, uid = paid()
    local sum = 0
    for _, order in ipairs(s.ok(world, "v1.naver.product_orders", on(uid))) do
      assert.equals("PAYED", order.product_order_status)
      sum = sum + order.product_amount
    end
    assert.equals(3000, sum)
    assert.equals(s.null, s.ok(world, "v1.naver.product_orders", on(uid))[1].claim_type)
    world, uid = paid {}
    assert.equals(3000, s.ok(world, "v1.naver.product_orders", on(uid))[1].product_amount)
    s.refused(world, "v1.naver.product_orders", on "imp_x", 404)
    world, uid = paid { { name = "a" }, { name = "b" }, { name = "c" }, { name = "d" },
      { name = "e" }, { name = "f" }, { name = "g" } }
    sum = 0
    for _, order in ipairs(s.ok(world, "v1.naver.product_orders", on(uid))) do
      sum = sum + order.product_amount
    end
    assert.equals(3000, sum)
  end)

  it("move one by one: 200 for all, 207 for some, 500 for none, 404 for no such payment", function()
    local world, uid, ids = paid()
    assert.equals(207, (act(world, uid, "place", { product_order_id = { ids[1], "other" } })))
    local status, moved = act(world, uid, "place")
    assert.equals(207, status)
    assert.equals(ids[2], moved[1].product_order_id)
    assert.equals(500, (act(world, uid, "place")))
    assert.equals(200, (act(world, uid, "ship", { delivery_method = "NOTHING" })))
    assert.equals(404, (act(world, "imp_x", "place")))
    assert.equals(404, (act(world, window(world, "kcp", { merchant_uid = "k" }).imp_uid, "place")))
    s.refused(world, "v1.naver.product_order", { path = { product_order_id = "1" } }, 404)
  end)

  it("are refunded by cancelling or returning them, with the money", function()
    local world, uid, ids = paid()
    assert.equals(200, (act(world, uid, "cancel", { product_order_id = { ids[1] } })))
    assert.same({ "CANCELED", "CANCEL_DONE" }, { state(world, ids[1]) })
    assert.equals(1000, s.moved(world))
    assert.equals(500, (act(world, uid, "cancel", { product_order_id = { ids[1] } })))
    act(world, uid, "ship")
    assert.equals(500, (act(world, uid, "cancel")))
    assert.equals(500, (act(world, uid, "approve_return")))
    act(world, uid, "request_return")
    assert.same({ "DELIVERING", "RETURN_REQUEST" }, { state(world, ids[2]) })
    assert.equals(207, (act(world, uid, "withhold_return")))
    assert.equals(500, (act(world, uid, "withhold_return")))
    assert.equals(500, (act(world, uid, "approve_return", { product_order_id = { ids[2] } })))
    act(world, uid, "resolve_return", { product_order_id = { ids[2] } })
    act(world, uid, "approve_return", { product_order_id = { ids[2] } })
    assert.same({ "RETURNED", "RETURN_DONE" }, { state(world, ids[2]) })
    assert.equals(0, s.moved(world))
    assert.equals("cancelled", s.ok(world, "v1.payments.get", on(uid)).status)
  end)

  it("follow their buyer's claims", function()
    local world, uid, ids = paid()
    local function buyer(w, id, event)
      return books.actions.naver_buyer(w, { product_order_id = id, event = event })
    end
    assert(buyer(world, ids[1], "CANCEL"))
    assert.is_nil((buyer(world, ids[1], "CANCEL")))
    assert.is_nil((buyer(world, ids[2], "RETURN")))
    assert.equals(207, (act(world, uid, "approve_cancel")))
    assert.equals(1000, s.moved(world))
    act(world, uid, "ship")
    assert(buyer(world, ids[2], "DELIVERED"))
    assert(buyer(world, ids[2], "EXCHANGE"))
    assert.equals(207, (act(world, uid, "collect_exchanged")))
    assert.equals(500, (act(world, uid, "approve_return")))
    assert.equals(207, (act(world, uid, "ship_exchanged")))
    assert.same({ "DELIVERED", "EXCHANGE_REDELIVERING" }, { state(world, ids[2]) })
    local other, other_uid, other_ids = paid()
    act(other, other_uid, "ship")
    assert(buyer(other, other_ids[1], "RETURN"))
    assert.equals(207, (act(other, other_uid, "reject_return")))
    assert.same({ "DELIVERING", "RETURN_REJECT" }, { state(other, other_ids[1]) })
    assert(buyer(other, other_ids[1], "PURCHASE_DECIDED"))
  end)

  it("are reviewed once they are kept", function()
    local world, uid, ids = paid()
    local function reviews(kind, from, to)
      return #s.ok(world, "v1.naver.reviews", { query = { review_type = kind or "general",
        from = from or s.START, to = to or s.START } })
    end
    local review = { product_order_id = ids[1], title = "좋아요" }
    assert.is_nil((books.actions.naver_review(world, review)))
    act(world, uid, "ship")
    books.actions.naver_buyer(world, { product_order_id = ids[1], event = "PURCHASE_DECIDED" })
    assert.equals("p1", assert(books.actions.naver_review(world, review)).product_id)
    assert.equals(1, reviews())
    assert.equals(0, reviews "premium")
    assert.equals(0, reviews("general", s.START + 1, s.START + 9))
    assert.equals(0, reviews("general", s.START - 9, s.START - 1))
    s.refused(world, "v1.naver.reviews", { query = { channel_key = "channel-key-kcp",
      review_type = "general", from = 1, to = 2 } }, 400)
  end)

  it("cannot be refunded twice by two ways", function()
    local world, uid = paid()
    s.ok(world, "v1.payments.cancel", { body = { imp_uid = uid } })
    assert.equals(500, (act(world, uid, "cancel")))
    assert.equals(0, s.moved(world))
  end)
end)

describe("Naver Pay payments", function()
  it("get their points and their confirmation once", function()
    local world = s.world()
    local uid = window(world, "naverpay").imp_uid
    for _, op in ipairs { "v1.naver.deposit_point", "v1.naver.confirm" } do
      local response, code = s.call(world, op, on(uid, {}))
      assert.equals(0, code)
      assert.equals(s.null, response)
      s.refused(world, op, on(uid, {}), 500)
      s.refused(world, op, on("imp_x", {}), 404)
    end
    assert.same({ amount_total = 3000, amount_by_npoint = 0, amount_by_primary = 3000,
      amount_supply = 2727, amount_vat = 273 }, s.ok(world, "v1.naver.cash_amount", on(uid)))
    s.refused(world, "v1.naver.cash_amount", on "imp_x", 400)
    local other = window(world, "kcp", { merchant_uid = "k" }).imp_uid
    s.refused(world, "v1.naver.confirm", on(other, {}), 500)
  end)
end)

describe("Benepia points", function()
  local function pay(world, uid, amount)
    return s.call(world, "v1.benepia.pay", { body = { benepia_user = "a", benepia_password = "p",
      merchant_uid = uid, amount = amount, name = "n" } })
  end
  local function left(world, user)
    return s.ok(world, "v1.benepia.point",
      { body = { benepia_user = user, benepia_password = "p" } }).point
  end

  it("pay, run out, and come back with a refund", function()
    local world = s.world { v1_benepia_points = 5000 }
    assert.equals(5000, left(world, "a"))
    local p = pay(world, "o1", 3000)
    assert.equals("paid", p.status)
    assert.equals("point", p.pay_method)
    assert.equals("kcp", p.pg_provider)
    assert.equals(2000, left(world, "a"))
    assert.equals(5000, left(world, "b"))
    local _, code, _, status = pay(world, "o2", 3000)
    assert.is_true(code ~= 0)
    assert.equals(500, status)
    _, code = pay(world, "o1", 1)
    assert.is_true(code ~= 0)
    s.refused(world, "v1.benepia.point", { body = { benepia_user = "a", benepia_password = "p",
      channel_key = "channel-key-danal" } }, 500)
    s.ok(world, "v1.payments.cancel", { body = { imp_uid = p.imp_uid } })
    assert.equals(5000, left(world, "a"))
    assert.equals(0, s.moved(world))
  end)
end)

describe("KCP Quick", function()
  local function register(op, amount)
    return { path = { merchant_uid = "o1" }, body = { btid = "b", cust_ip = "1.2.3.4",
      code_verifier = "v", prepaid_auth_yn = "Y", prepaid_amount = amount } }, op
  end
  local function status_of(world, args, op)
    local _, _, _, status = s.call(world, "v1.kcpquick." .. op, args)
    return status
  end

  it("takes prepaid money as registered", function()
    local world = s.world()
    assert.equals(404, status_of(world, register("prepare_update", 1000)))
    assert.equals(200, status_of(world, register("prepare", 1000)))
    assert.equals(409, status_of(world, register("prepare", 1000)))
    assert.equals(200, status_of(world, register("prepare_update", 2000)))
    local body = { member_id = "m", merchant_uid = "o1", name = "n", amount = 1000,
      imp_uid = "imp_1" }
    s.refused(world, "v1.kcpquick.pay_money", { body = body })
    body.amount = 2000
    assert.equals("paid", s.ok(world, "v1.kcpquick.pay_money", { body = body }).status)
    s.refused(world, "v1.kcpquick.pay_money", { body = body })
    assert.equals(2000, s.moved(world))
  end)

  it("knows the members that have paid", function()
    local world = s.world()
    local member = { path = { member_id = "m" }, query = { site_code = "s", partner_type = "a",
      partner_subtype = "b" }, body = {} }
    s.refused(world, "v1.kcpquick.delete_member", member, 404)
    s.refused(world, "v1.kcpquick.release_fido", member)
    s.ok(world, "v1.kcpquick.pay_money", { body = { member_id = "m", merchant_uid = "o1",
      name = "n", amount = 1000, imp_uid = "imp_1" } })
    assert.equals("m", s.ok(world, "v1.kcpquick.release_fido", member).member_id)
    s.refused(world, "v1.kcpquick.release_fido", { path = { member_id = "m" },
      body = { channel_key = "channel-key-kcp" } }, 400)
    assert.equals("kcp_quick", s.ok(world, "v1.kcpquick.delete_member", member).pg_provider)
    s.refused(world, "v1.kcpquick.delete_member", member, 404)
  end)

  it("charges an autopay key until it is deleted", function()
    local world = s.world()
    window(world, "kcp_quick", { merchant_uid = "m1", customer_uid = "u", amount = 0 })
    local function pay(uid)
      return { body = { customer_uid = "u", merchant_uid = uid, name = "n", buyer_name = "b",
        amount = 1000 } }
    end
    assert.equals("paid", s.ok(world, "v1.kcpquick.pay_autopay", pay "o1").status)
    local key = { path = { customer_uid = "u" } }
    assert.same({ customer_uid = "u" }, s.ok(world, "v1.kcpquick.delete_autopay", key))
    s.refused(world, "v1.kcpquick.delete_autopay", key, 404)
    s.refused(world, "v1.kcpquick.pay_autopay", pay "o2")
  end)
end)

describe("services of single PGs", function()
  it("Payco orders are delivered, then decided", function()
    local world = s.world()
    local uid = window(world, "payco").imp_uid
    local function to(status) return on(uid, { status = status }) end
    s.refused(world, "v1.payco.update_status", to "PURCHASE_DECISION")
    assert.equals("DELIVERY_START",
      s.ok(world, "v1.payco.update_status", to "DELIVERY_START").status)
    s.ok(world, "v1.payco.update_status", to "PURCHASE_DECISION")
    s.refused(world, "v1.payco.update_status", to "CANCELED")
    s.refused(world, "v1.payco.update_status", on("imp_x", { status = "CANCELED" }))
  end)

  it("Paymentwall deliveries are of paid Paymentwall payments", function()
    local world = s.world()
    local uid = window(world, "paymentwall").imp_uid
    local function of(imp_uid, merchant_uid)
      return { body = { imp_uid = imp_uid, merchant_uid = merchant_uid, status = "delivered" } }
    end
    assert.equals(0, s.ok(world, "v1.paymentwall.register_delivery", of(uid, "o1")).error_code)
    s.refused(world, "v1.paymentwall.register_delivery", of(uid, "o2"))
    local other = window(world, "kcp", { merchant_uid = "o3" }).imp_uid
    s.refused(world, "v1.paymentwall.register_delivery", of(other, "o3"))
  end)

  it("sub-merchants' parts fit into the payment", function()
    local world = s.world()
    local uid = window(world, "html5_inicis").imp_uid
    local function parts(a, b)
      return on(uid, { data = { { business_registration_number = "1", company_name = "a",
        amount = a }, { business_registration_number = "2", company_name = "b", amount = b } } })
    end
    assert.is_string(s.ok(world, "v1.partners.register_receipts", parts(1000, 2000)).receipt_url)
    s.refused(world, "v1.partners.register_receipts", parts(1000, 2001), 400)
    s.ok(world, "v1.payments.cancel", { body = { imp_uid = uid } })
    s.refused(world, "v1.partners.register_receipts", parts(1000, 2000), 400)
    s.refused(world, "v1.partners.register_receipts", on("imp_x", { data = {} }), 404)
    local other = window(world, "kcp", { merchant_uid = "o3" }).imp_uid
    s.refused(world, "v1.partners.register_receipts", on(other, { data = {} }), 501)
  end)
end)
