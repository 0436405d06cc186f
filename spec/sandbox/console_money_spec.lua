-- Deposits, and refunds from PortOne's admin console.

local support = require "spec.sandbox.console_support"

local START = support.START
local view, act, start = support.view, support.act, support.start
local v1_card, issue_v1, issue_v2 = support.v1_card, support.issue_v1, support.issue_v2
local account = support.account

describe("sandbox console, money", function()
  local s, client

  before_each(function()
    s, client = start()
    s:inbox()
  end)
  after_each(function() s:stop() end)

  local function webhooks(kind)
    s:flush()
    local out = {}
    for i, entry in ipairs(s:journal { kind = "webhook" }) do
      out[i] = entry.type or entry.body.status
    end
    return kind and out[#out] or out
  end

  it("deposits into virtual accounts", function()
    account(s, client, "p-1", 5000)
    local status, answer = act(s, "act", { name = "v2.deposit", args = { payment_id = "p-1" } })
    assert.same({ 200, true }, { status, answer.value.value })
    assert.equal("paid", view(s, "payments").rows[1].state)
    assert.equal("Transaction.Paid", webhooks(true))
    answer = select(2, act(s, "act", { name = "v2.deposit", args = { payment_id = "p-1" } }))
    assert.is_string(answer.value.problem)
  end)

  it("refunds V2 payments in part, then the rest, with webhooks", function()
    local key = issue_v2(s, client)
    assert(client.request_pay_again { paymentId = "p-1", billingKey = key, orderName = "sword",
      amount = { total = 3000, taxFree = 500 }, currency = "KRW" })
    local cancelled = assert(s:act("v2.cancel", { payment_id = "p-1", amount = 1000 }))
    assert.same({ "SUCCEEDED", 1000, "CONSOLE" },
      { cancelled.status, cancelled.totalAmount, cancelled.trigger })
    assert.equal("Transaction.PartialCancelled", webhooks(true))
    assert.equal(2000, view(s, "payments").rows[1].left)
    local none, problem = s:act("v2.cancel", { payment_id = "p-1", amount = 2001 })
    assert.is_nil(none)
    assert.is_string(problem)
    assert(s:act("v2.cancel", { payment_id = "p-1", reason = "all" }))
    assert.equal("Transaction.Cancelled", webhooks(true))
    local payment = assert(client.v2.payment.get_payment { paymentId = "p-1" })
    assert.same({ "CANCELLED", 3000, 500 },
      { payment.status, payment.amount.cancelled, payment.amount.cancelledTaxFree })
    assert.equal("all", payment.cancellations[2].reason)
    assert.is_nil((s:act("v2.cancel", { payment_id = "p-1" })))
    assert.is_nil((s:act("v2.cancel", { payment_id = "none" })))
  end)

  it("refunds V2 virtual accounts without asking for one", function()
    account(s, client, "p-1", 5000)
    assert.is_nil((s:act("v2.cancel", { payment_id = "p-1" })))
    assert(s:act("v2.deposit", { payment_id = "p-1" }))
    assert(s:act("v2.cancel", { payment_id = "p-1" }))
    assert.equal("cancelled", view(s, "payments").rows[1].state)
  end)

  it("refunds V1 payments, which the API would not announce", function()
    issue_v1(s, client, "user-1")
    local paid = assert(client.request_pay_again { customer_uid = "user-1", amount = 3000,
      merchant_uid = "order-1", name = "n", tax_free = 1000, vat_amount = 180 })
    local payment = assert(s:act("v1.cancel", { imp_uid = paid.imp_uid, amount = 500 }))
    assert.same({ "paid", 500 }, { payment.status, payment.cancel_amount })
    assert.equal("cancelled", webhooks(true))
    assert.is_nil((s:act("v1.cancel", { imp_uid = paid.imp_uid, amount = 5000 })))
    payment = assert(s:act("v1.cancel", { imp_uid = paid.imp_uid }))
    assert.same({ "cancelled", 3000 }, { payment.status, payment.cancel_amount })
    assert.equal("관리자 취소", payment.cancel_reason)
    assert.is_nil((s:act("v1.cancel", { imp_uid = paid.imp_uid })))
    assert.is_nil((s:act("v1.cancel", { imp_uid = "none" })))
    local sum = 0
    for _, entry in ipairs(s:journal { kind = "cancel" }) do sum = sum + entry.amount end
    assert.equal(3000, sum)
  end)

  it("refunds V1 payments of PGs that want more to be said", function()
    for i, pg in ipairs { "nice", "kcp", "html5_inicis" } do
      local args = v1_card(s)
      args.channel_key, args.customer_uid = s.channel_keys[pg], pg
      args.customer_name, args.customer_email = "name", "a@example.com"
      args.customer_tel = "010-0000-0000"
      assert(client.issue_billing_key(args))
      local paid = assert(client.request_pay_again { customer_uid = pg, amount = 1100,
        merchant_uid = "order-" .. i, name = "n", tax_free = 100, vat_amount = 90 })
      local payment = assert(s:act("v1.cancel", { imp_uid = paid.imp_uid }))
      assert.equal("cancelled", payment.status, pg)
    end
  end)

  it("deposits and refunds V1 virtual accounts", function()
    local issued = assert(client.v1.vbanks.issue { channel_key = s.channel_key, amount = 900,
      merchant_uid = "order-1", vbank_code = "088", vbank_due = START + 86400, name = "n",
      buyer_name = "b" })
    assert.equal("deposit", view(s, "payments").rows[1].state)
    assert.is_nil((s:act("v1.cancel", { imp_uid = issued.imp_uid })))
    assert(s:act("v1.deposit", { imp_uid = issued.imp_uid }))
    assert.equal("paid", view(s, "payments").rows[1].state)
    assert(s:act("v1.cancel", { imp_uid = issued.imp_uid }))
    assert.equal("cancelled", view(s, "payments").rows[1].state)
  end)
end)
