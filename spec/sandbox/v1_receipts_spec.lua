local books = require "portone.sandbox.v1"
local s = require "spec.sandbox.v1_support"

local function paid_account(amount)
  local world = s.world()
  local p = s.ok(world, "v1.vbanks.issue", { body = { merchant_uid = "o1", amount = amount or 11000,
    vbank_code = "088", vbank_due = s.START + 60, buyer_name = "n" } })
  assert(books.actions.deposit(world, { imp_uid = p.imp_uid }))
  return world, p.imp_uid
end

local function on(imp_uid, body)
  return { path = { imp_uid = imp_uid },
    body = body or { identifier = "01012345678", type = "person" } }
end

local function outside(uid, body)
  local out = { identifier = "01012345678", name = "n", amount = 11000 }
  for key, value in pairs(body or {}) do out[key] = value end
  return { path = { merchant_uid = uid }, body = out }
end

describe("a cash receipt", function()
  it("is issued once for what is left of a cash payment", function()
    local world, uid = paid_account()
    s.ok(world, "v1.payments.cancel", { body = { imp_uid = uid, amount = 5500, refund_holder = "h",
      refund_bank = "88", refund_account = "1" } })
    local receipt = s.ok(world, "v1.receipts.issue", on(uid))
    assert.equals(uid, receipt.imp_uid)
    assert.equals(5500, receipt.amount)
    assert.equals(500, receipt.vat)
    assert.equals("person", receipt.type)
    assert.equals(s.START, receipt.applied_at)
    assert.equals(0, receipt.cancelled_at)
    assert.same(receipt, s.ok(world, "v1.receipts.get", on(uid)))
    s.refused(world, "v1.receipts.issue", on(uid), 400)
    assert.is_true(s.ok(world, "v1.payments.get", on(uid)).cash_receipt_issued)
  end)

  it("is revoked once, and may be issued again", function()
    local world, uid = paid_account()
    s.refused(world, "v1.receipts.revoke", on(uid), 400)
    s.refused(world, "v1.receipts.get", on(uid), 404)
    s.ok(world, "v1.receipts.issue", on(uid))
    world:advance(5)
    assert.equals(s.START + 5, s.ok(world, "v1.receipts.revoke", on(uid)).cancelled_at)
    assert.equals(s.START + 5, s.ok(world, "v1.receipts.get", on(uid)).cancelled_at)
    s.refused(world, "v1.receipts.revoke", on(uid), 400)
    s.ok(world, "v1.receipts.issue", on(uid, { identifier = "1234567890", type = "company" }))
  end)

  it("has the VAT of its taxable part, or as said", function()
    local world, uid = paid_account()
    s.refused(world, "v1.receipts.issue", on(uid, { identifier = "1", tax_free = 11001 }), 400)
    s.refused(world, "v1.receipts.issue", on(uid, { identifier = "1", vat_amount = 11001 }), 400)
    assert.equals(500, s.ok(world, "v1.receipts.issue",
      on(uid, { identifier = "1", tax_free = 5500 })).vat)
    s.ok(world, "v1.receipts.revoke", on(uid))
    assert.equals(7, s.ok(world, "v1.receipts.issue",
      on(uid, { identifier = "1", vat_amount = 7 })).vat)
  end)

  it("is for paid virtual accounts and transfers only, on PGs that offer it", function()
    local world = s.world()
    s.issue(world, "u")
    s.refused(world, "v1.receipts.issue", on((s.again(world, "u", "o1", 100)).imp_uid), 400)
    s.refused(world, "v1.receipts.issue", on "imp_x", 400)
    s.refused(world, "v1.receipts.get", on "imp_x", 404)
    local waiting = s.ok(world, "v1.vbanks.issue", { body = { merchant_uid = "o2", amount = 100,
      vbank_code = "088", vbank_due = s.START + 60, buyer_name = "n" } })
    s.refused(world, "v1.receipts.issue", on(waiting.imp_uid), 400)
    local other, uid = paid_account()
    other.v1.payments[uid].pg_provider = "danal"
    s.refused(other, "v1.receipts.issue", on(uid), 501)
    s.refused(other, "v1.receipts.external_revoke", outside "none", 404)
    s.ok(other, "v1.receipts.external_issue", outside("k", { identifier_type = "phone",
      channel_key = "channel-key-kicc" }))
    s.refused(other, "v1.receipts.external_revoke", outside "k", 501)
    other.v1.payments[uid].pg_provider = "kicc"
    s.ok(other, "v1.receipts.issue", on(uid, { identifier = "1", identifier_type = "phone" }))
    s.refused(other, "v1.receipts.revoke", on(uid), 501)
    other.v1.receipts[uid] = nil
    other.v1.payments[uid].pg_provider = "ksnet"
    s.refused(other, "v1.receipts.issue", on(uid), 400)
  end)
end)

describe("a cash receipt of a sale made elsewhere", function()
  it("is issued, read, revoked", function()
    local world = s.world()
    s.refused(world, "v1.receipts.external_get", outside "e1", 404)
    s.refused(world, "v1.receipts.external_revoke", outside "e1", 404)
    local receipt = s.ok(world, "v1.receipts.external_issue", outside "e1")
    assert.equals("e1", receipt.merchant_uid)
    assert.is_nil(receipt.imp_uid)
    assert.equals(1000, receipt.vat)
    assert.same(receipt, s.ok(world, "v1.receipts.external_get", outside "e1"))
    s.refused(world, "v1.receipts.external_issue", outside "e1", 400)
    assert.equals(s.START, s.ok(world, "v1.receipts.external_revoke", outside "e1").cancelled_at)
    s.refused(world, "v1.receipts.external_revoke", outside "e1", 404)
    s.ok(world, "v1.receipts.external_issue", outside "e1")
  end)

  it("needs a channel that offers it, and an amount", function()
    local world = s.world()
    local function refused(body, status)
      s.refused(world, "v1.receipts.external_issue", outside("e1", body), status)
    end
    refused({ channel_key = "channel-key-kakaopay" }, 501)
    refused({ channel_key = "channel-key-none" }, 400)
    refused({ channel_key = "channel-key-settle" }, 400)
    refused({ amount = 0 }, 400)
    refused({ tax_free = 20000 }, 400)
    assert.is_nil(world.v1.external_receipts.e1)
  end)
end)
