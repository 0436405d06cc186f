-- SPDX-License-Identifier: MIT
-- Was the card charged? Every operation that moves money or makes something, against every
-- way in which the wire can fail it, on a PortOne whose books say what really happened.

local outcome = require "spec.support.outcome"
local portone = require "portone"

local client_of, fresh, moved, soon = outcome.client_of, outcome.fresh, outcome.moved, outcome.soon
local v1_key, v1_paid, v2_key, v2_paid = outcome.v1_key, outcome.v1_paid, outcome.v2_key,
  outcome.v2_paid

local operations = {
  { op = "v1.subscribe.again",
    prepare = function(s) return { uid = v1_key(s, fresh "user"), order = fresh "order" } end,
    call = function(c, x, s) return c.request_pay_again { customer_uid = x.uid, amount = 3000,
      merchant_uid = x.order, name = "n", channel_key = s.channel_key } end,
    effects = function(s, x) return moved(s, "charge", x.order) end },
  { op = "v1.subscribe.onetime",
    prepare = function() return { order = fresh "order" } end,
    call = function(c, x, s)
      local card = s.cards.success
      return c.v1.subscribe.onetime { merchant_uid = x.order, amount = 3000, name = "n",
        card_number = card.card_number, expiry = card.expiry, birth = card.birth,
        pwd_2digit = card.pwd_2digit }
    end,
    effects = function(s, x) return moved(s, "charge", x.order) end },
  { op = "v1.subscribe.schedule",
    prepare = function(s) return { uid = v1_key(s, fresh "user"), order = fresh "order" } end,
    call = function(c, x, s) return c.schedule { customer_uid = x.uid,
      channel_key = s.channel_key, schedules = { { merchant_uid = x.order, amount = 3000,
        schedule_at = soon(s), currency = "KRW", name = "n" } } } end,
    effects = function(s, x)
      return s:client().v1.subscribe.schedule_get { merchant_uid = x.order } and 1 or 0
    end },
  { op = "v1.subscribe.unschedule",
    prepare = function(s)
      local x = { uid = v1_key(s, fresh "user"), order = fresh "order" }
      assert(s:client().schedule { customer_uid = x.uid, schedules = { { merchant_uid = x.order,
        amount = 3000, schedule_at = soon(s), currency = "KRW", name = "n" } } })
      return x
    end,
    call = function(c, x) return c.v1.subscribe.unschedule { customer_uid = x.uid,
      merchant_uid = { x.order } } end,
    effects = function(s, x)
      local found = s:client().v1.subscribe.schedule_get { merchant_uid = x.order }
      return found.schedule_status == "revoked" and 1 or 0
    end },
  { op = "v1.payments.cancel", title = "a part, with the balance",
    prepare = function(s) return { order = v1_paid(s, 3000) } end,
    call = function(c, x) return c.v1.payments.cancel { merchant_uid = x.order, amount = 1000,
      checksum = 3000, reason = "r" } end,
    effects = function(s, x) return moved(s, "cancel", x.order) end },
  { op = "v1.payments.cancel", title = "a part, without the balance",
    prepare = function(s) return { order = v1_paid(s, 3000) } end,
    call = function(c, x) return c.v1.payments.cancel { merchant_uid = x.order, amount = 1000,
      reason = "r" } end,
    effects = function(s, x) return moved(s, "cancel", x.order) end },
  { op = "v1.payments.cancel", title = "all of it",
    prepare = function(s) return { order = v1_paid(s, 3000) } end,
    call = function(c, x) return c.v1.payments.cancel { merchant_uid = x.order, reason = "r" } end,
    effects = function(s, x) return moved(s, "cancel", x.order) end },
  { op = "v1.customers.issue",
    prepare = function() return { uid = fresh "user" } end,
    call = function(c, x, s)
      local card = s.cards.success
      return c.issue_billing_key { customer_uid = x.uid, channel_key = s.channel_key,
        card_number = card.card_number, expiry = card.expiry, birth = card.birth,
        pwd_2digit = card.pwd_2digit }
    end,
    effects = function(s, x)
      return s:client().v1.customers.get { customer_uid = x.uid } and 1 or 0
    end },
  { op = "v1.customers.delete",
    prepare = function(s) return { uid = v1_key(s, fresh "user") } end,
    call = function(c, x) return c.v1.customers.delete { customer_uid = x.uid } end,
    effects = function(s, x)
      return s:client().v1.customers.get { customer_uid = x.uid } and 0 or 1
    end },
  { op = "v1.payments.prepare",
    prepare = function() return { order = fresh "order" } end,
    call = function(c, x)
      return c.v1.payments.prepare { merchant_uid = x.order, amount = 3000 }
    end,
    effects = function(s, x)
      return s:client().v1.payments.prepare_get { merchant_uid = x.order } and 1 or 0
    end },
  { op = "v2.payment.pay_with_billing_key",
    prepare = function(s) return { key = v2_key(s), order = fresh "payment" } end,
    call = function(c, x) return c.request_pay_again { paymentId = x.order, billingKey = x.key,
      orderName = "n", amount = { total = 3000 }, currency = "KRW" } end,
    effects = function(s, x) return moved(s, "charge", x.order) end },
  { op = "v2.payment.pay_instantly",
    prepare = function() return { order = fresh "payment" } end,
    call = function(c, x, s) return c.v2.payment.pay_instantly { paymentId = x.order,
      channelKey = s.channel_key, orderName = "n", amount = { total = 3000 }, currency = "KRW",
      method = { card = { credential = s.cards.success.credential } } } end,
    effects = function(s, x) return moved(s, "charge", x.order) end },
  { op = "v2.payment.cancel_payment", title = "a part",
    prepare = function(s) return { order = v2_paid(s, 3000) } end,
    call = function(c, x) return c.v2.payment.cancel_payment { paymentId = x.order,
      amount = 1000, currentCancellableAmount = 3000, reason = "r" } end,
    effects = function(s, x) return moved(s, "cancel", x.order) end },
  { op = "v2.payment.payment_schedule.create_payment_schedule",
    prepare = function(s) return { key = v2_key(s), order = fresh "payment" } end,
    call = function(c, x, s) return c.schedule { paymentId = x.order, timeToPay = soon(s),
      payment = { billingKey = x.key, orderName = "n", amount = { total = 3000 },
                  currency = "KRW" } } end,
    effects = function(s, x)
      local n = 0
      for item in s:client().each("v2.payment.payment_schedule.get_payment_schedules",
          { filter = { billingKey = x.key, from = "2020-01-01T00:00:00Z",
            ["until"] = "2099-01-01T00:00:00Z" } }) do
        n = n + (item.paymentId == x.order and 1 or 0)
      end
      return n
    end },
  { op = "v2.payment.billing_key.issue_billing_key",
    prepare = function() return { customer = fresh "customer" } end,
    call = function(c, x, s) return c.issue_billing_key { channelKey = s.channel_key,
      customer = { id = x.customer },
      method = { card = { credential = s.cards.success.credential } } } end,
    effects = function(s, x)
      return #assert(s:client().collect("v2.payment.billing_key.get_billing_key_infos",
        { filter = { customerId = x.customer } }))
    end },
  { op = "v2.payment.billing_key.delete_billing_key",
    prepare = function(s) return { key = v2_key(s) } end,
    call = function(c, x)
      return c.v2.payment.billing_key.delete_billing_key { billingKey = x.key }
    end,
    effects = function(s, x)
      local key = s:client().v2.payment.billing_key.get_billing_key_info { billingKey = x.key }
      return key.status == "DELETED" and 1 or 0
    end },
}

local faults = {
  { fault = "reset_before_commit" }, { fault = "reset_after_commit" },
  { fault = "close_before_commit" }, { fault = "close_after_commit" },
  { fault = "hang_before_commit" }, { fault = "hang_after_commit" },
  { fault = "error_before_commit" }, { fault = "error_after_commit" },
  { fault = "html_before_commit" }, { fault = "html_after_commit" },
  { fault = "empty_before_commit" }, { fault = "empty_after_commit" },
  { fault = "truncate" }, { fault = "truncate_reset" }, { fault = "bad_json" },
  { fault = "wrong_length" },
  { fault = "rate_limited", retry_after = 0 }, { fault = "rate_limited" },
}

outcome.try(operations, faults,
  { describe = describe, it = it, setup = setup, teardown = teardown })

describe("a deadline that leaves no time for a token", function()
  it("is an error of the call, not misuse: nothing is raised", function()
    local sandbox = assert(portone.sandbox.start {})
    local customer = v1_key(sandbox, fresh "user")
    for _, seconds in ipairs { 0.001, 0.0012, 0.002 } do
      local client, order = client_of(sandbox, { deadline = seconds }), fresh "order"
      local result, err = client.request_pay_again { customer_uid = customer, amount = 10,
        merchant_uid = order, name = "n", channel_key = sandbox.channel_key }
      if result then  -- a fast machine
        assert.equal(1, moved(sandbox, "charge", order))
      else
        assert.equal("timeout", err.kind, tostring(err))
        assert.is_true(err.outcome ~= "not_done" or moved(sandbox, "charge", order) == 0)
      end
      client.close()
    end
    sandbox:stop()
  end)
end)
