-- SPDX-License-Identifier: MIT
-- The rest of the operations that reconcile.lua knows how to ask about, as in outcome_spec.lua:
-- what the caller is told after a lost answer is what the sandbox's books say.

local outcome = require "spec.support.outcome"

local fresh, moved, soon, v1_key, v2_key = outcome.fresh, outcome.moved, outcome.soon,
  outcome.v1_key, outcome.v2_key

local DAY = 86400

-- A schedule of V1, revoked if so said.
local function v1_schedule(s, revoked)
  local x = { uid = v1_key(s, fresh "user"), order = fresh "order" }
  assert(s:client().schedule { customer_uid = x.uid, schedules = { { merchant_uid = x.order,
    amount = 3000, schedule_at = soon(s), currency = "KRW", name = "n" } } })
  if revoked then
    assert(s:client().v1.subscribe.unschedule { customer_uid = x.uid, merchant_uid = { x.order } })
  end
  return x
end

local function v1_schedule_at(s, x)
  local found = assert(s:client().v1.subscribe.schedule_get { merchant_uid = x.order })
  return found.schedule_status == "scheduled" and found.schedule_at == x.at and 1 or 0
end

local function v1_account(c, s, order)
  return c.v1.vbanks.issue { merchant_uid = order, amount = 11000, vbank_code = "088",
    vbank_due = soon(s), buyer_name = "n", channel_key = s.channel_keys.tosspayments }
end

-- A virtual account that was paid into, for receipts.
local function v1_deposited(s)
  local account = assert(v1_account(s:client(), s, fresh "order"))
  assert(s:act("v1.deposit", { imp_uid = account.imp_uid }))
  return { imp_uid = account.imp_uid }
end

local function v1_receipt(c, x)
  return c.v1.receipts.issue { imp_uid = x.imp_uid, identifier = "01012345678", type = "person" }
end

local function v1_receipt_of(s, x)
  local found = s:client().v1.receipts.get { imp_uid = x.imp_uid }
  return found and ((found.cancelled_at or 0) > 0 and "revoked" or "issued")
end

local function external(c, x)
  return c.v1.receipts.external_issue { merchant_uid = x.order, identifier = "01012345678",
    name = "n", amount = 11000 }
end

local function external_of(s, x)
  local found = s:client().v1.receipts.external_get { merchant_uid = x.order }
  return found and ((found.cancelled_at or 0) > 0 and "revoked" or "issued")
end

local function v2_account(s)
  local x = { order = fresh "payment" }
  assert(s:client().v2.payment.pay_instantly { paymentId = x.order, orderName = "n",
    channelKey = s.channel_keys.ksnet, amount = { total = 11000 }, currency = "KRW",
    method = { virtualAccount = { bank = "SHINHAN", expiry = { validHours = 24 },
      option = { type = "NORMAL" } } } })
  return x
end

local function v2_payment(s, x)
  return assert(s:client().v2.payment.get_payment { paymentId = x.order })
end

local function v2_receipt(c, x, s)
  return c.v2.payment.cash_receipt.issue_cash_receipt { paymentId = x.order, type = "PERSONAL",
    channelKey = s.channel_keys.ksnet, orderName = "n", currency = "KRW",
    amount = { total = 11000 }, productType = "PHYSICAL",
    customer = { identityNumber = "01012345678" } }
end

local function v2_receipt_of(s, x)
  local found = s:client().v2.payment.cash_receipt.get_cash_receipt_by_payment_id {
    paymentId = x.order }
  return found and found.status
end

local function counted(wanted, found) return wanted == found and 1 or 0 end

local operations = {
  { op = "v1.subscribe.retry",
    prepare = function(s) return v1_schedule(s, true) end,
    call = function(c, x) return c.v1.subscribe.retry { merchant_uid = x.order } end,
    effects = function(s, x) return moved(s, "charge", x.order) end },
  { op = "v1.subscribe.reschedule",
    prepare = function(s)
      local x = v1_schedule(s, true)
      x.at = soon(s) + DAY
      return x
    end,
    call = function(c, x)
      return c.v1.subscribe.reschedule { merchant_uid = x.order, schedule_at = x.at }
    end,
    effects = v1_schedule_at },
  { op = "v1.subscribe.schedule_update",
    prepare = function(s)
      local x = v1_schedule(s)
      x.at = soon(s) + DAY
      return x
    end,
    call = function(c, x)
      return c.v1.subscribe.schedule_update { merchant_uid = x.order, schedule_at = x.at }
    end,
    effects = v1_schedule_at },
  { op = "v1.vbanks.issue",
    prepare = function() return { order = fresh "order" } end,
    call = function(c, x, s) return v1_account(c, s, x.order) end,
    effects = function(s, x)
      local found = s:client().v1.payments.find_all { merchant_uid = x.order,
        payment_status = "ready" }
      return found and #found.list or 0
    end },
  { op = "v1.receipts.issue",
    prepare = v1_deposited, call = v1_receipt,
    effects = function(s, x) return counted("issued", v1_receipt_of(s, x)) end },
  { op = "v1.receipts.revoke",
    prepare = function(s)
      local x = v1_deposited(s)
      assert(v1_receipt(s:client(), x))
      return x
    end,
    call = function(c, x) return c.v1.receipts.revoke { imp_uid = x.imp_uid } end,
    effects = function(s, x) return counted("revoked", v1_receipt_of(s, x)) end },
  { op = "v1.receipts.external_issue",
    prepare = function() return { order = fresh "receipt" } end,
    call = external,
    effects = function(s, x) return counted("issued", external_of(s, x)) end },
  { op = "v1.receipts.external_revoke",
    prepare = function(s)
      local x = { order = fresh "receipt" }
      assert(external(s:client(), x))
      return x
    end,
    call = function(c, x) return c.v1.receipts.external_revoke { merchant_uid = x.order } end,
    effects = function(s, x) return counted("revoked", external_of(s, x)) end },
  { op = "v1.payments.prepare_update",
    prepare = function(s)
      local x = { order = fresh "order" }
      assert(s:client().v1.payments.prepare { merchant_uid = x.order, amount = 3000 })
      return x
    end,
    call = function(c, x)
      return c.v1.payments.prepare_update { merchant_uid = x.order, amount = 4000 }
    end,
    effects = function(s, x)
      return counted(4000, s:client().v1.payments.prepare_get { merchant_uid = x.order }.amount)
    end },
  { op = "v2.payment.close_virtual_account",
    prepare = v2_account,
    call = function(c, x) return c.v2.payment.close_virtual_account { paymentId = x.order } end,
    effects = function(s, x)
      return v2_payment(s, x).status == "VIRTUAL_ACCOUNT_ISSUED" and 0 or 1
    end },
  { op = "v2.payment.payment_schedule.revoke_payment_schedules",
    prepare = function(s)
      local x = { key = v2_key(s), order = fresh "payment" }
      x.id = assert(s:client().schedule { paymentId = x.order, timeToPay = soon(s),
        payment = { billingKey = x.key, orderName = "n", amount = { total = 3000 },
          currency = "KRW" } }).schedule.id
      return x
    end,
    call = function(c, x)
      return c.v2.payment.payment_schedule.revoke_payment_schedules { scheduleIds = { x.id } }
    end,
    effects = function(s, x)
      return counted("REVOKED", s:client().v2.payment.payment_schedule.get_payment_schedule {
        paymentScheduleId = x.id }.status)
    end },
  { op = "v2.payment.cash_receipt.issue_cash_receipt",
    prepare = function() return { order = fresh "payment" } end,
    call = v2_receipt,
    effects = function(s, x) return counted("ISSUED", v2_receipt_of(s, x)) end },
  { op = "v2.payment.cash_receipt.cancel_cash_receipt_by_payment_id",
    prepare = function(s)
      local x = { order = fresh "payment" }
      assert(v2_receipt(s:client(), x, s))
      return x
    end,
    call = function(c, x)
      return c.v2.payment.cash_receipt.cancel_cash_receipt_by_payment_id { paymentId = x.order }
    end,
    effects = function(s, x) return counted("CANCELLED", v2_receipt_of(s, x)) end },
  { op = "v2.identity_verification.send_identity_verification",
    prepare = function() return { id = fresh "identity" } end,
    call = function(c, x, s)
      return c.v2.identity_verification.send_identity_verification {
        identityVerificationId = x.id, channelKey = s.channel_keys.kcp_v2, operator = "SKT",
        method = "SMS", customer = { name = "Kim", phoneNumber = "01012345678",
          identityNumber = "8202132", ipAddress = "127.0.0.1" } }
    end,
    effects = function(s, x)
      return s:client().v2.identity_verification.get_identity_verification {
        identityVerificationId = x.id } and 1 or 0
    end },
}

-- Of every kind one before and one after the deed.
outcome.try(operations, {
  { fault = "reset_before_commit" }, { fault = "reset_after_commit" },
  { fault = "error_before_commit" }, { fault = "error_after_commit" },
  { fault = "html_after_commit" }, { fault = "truncate" },
}, { describe = describe, it = it, setup = setup, teardown = teardown })
