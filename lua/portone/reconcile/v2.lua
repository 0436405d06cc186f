-- SPDX-License-Identifier: MIT
-- How to find out whether a V2 write happened, after sending it again with the same
-- Idempotency-Key brought no answer either. See reconcile.lua for the form of a row.

local time = require "portone.time"

local M = {}

-- Of the API's own times; 0 when there is none.
local function unix(text)
  return text and (time.parse(text)) or 0
end

local function differs(what, asked, found)
  return "conflict", ("%s differs: asked for %s, found %s"):format(what, tostring(asked),
    tostring(found))
end

-- {====== Payments ======

local function payment_of(kept)
  return { paymentId = kept.paymentId, storeId = kept.storeId }
end

-- What was asked for against what is there; nil when nothing differs.
local function mismatch(kept, payment)
  local amount = kept["amount.total"] or kept.totalAmount
  if amount and tonumber(amount) ~= tonumber(payment.amount.total) then
    return differs("the amount of the payment", amount, payment.amount.total)
  elseif kept.currency and payment.currency and kept.currency ~= payment.currency then
    return differs("the currency of the payment", kept.currency, payment.currency)
  elseif kept.billingKey and payment.billingKey and kept.billingKey ~= payment.billingKey then
    return "conflict", "the payment was made with another billing key"
  end
  local asked, found = kept["customer.id"], (payment.customer or {}).id
  if asked and found and asked ~= found then
    return differs("the customer of the payment", asked, found)
  end
end

local function judge_payment(kept, payment, ctx)
  local status = payment.status
  if status == "PAID" or status == "PARTIAL_CANCELLED" or status == "VIRTUAL_ACCOUNT_ISSUED" then
    local verdict, why = mismatch(kept, payment)
    local at = payment.paidAt or payment.statusChangedAt
    if verdict then
      return verdict, why
    elseif at and unix(at) < ctx.doubtful then
      return "conflict", "the payment was made before this call"
    end
    return "done", { payment = { pgTxId = payment.pgTxId, paidAt = at } }
  elseif status == "CANCELLED" then
    return "conflict", "the payment was made and then cancelled"
  elseif status == "FAILED" then
    if unix(payment.failedAt) < ctx.started then
      return "not_done"
    end
    local failure = payment.failure or {}
    return "declined", { message = failure.pgMessage or failure.reason or "the payment failed",
      pg_code = failure.pgCode, pg_message = failure.pgMessage, response = payment }
  elseif status == "READY" then
    return "not_done"
  end
  return "unclear"
end

local pay = {
  keep = { "paymentId", "storeId", "amount.total", "totalAmount", "currency", "billingKey",
           "customer.id" },
  ask = "v2.payment.get_payment", with = payment_of, judge = judge_payment,
}

M["v2.payment.pay_with_billing_key"] = pay
M["v2.payment.pay_instantly"] = pay
-- No row for capture_payment: the payment is as it was, so no look-up can tell; it goes out again
-- under the same key.
M["v2.payment.confirm_payment"] = {
  keep = pay.keep, ask = pay.ask, with = pay.with,
  judge = function(kept, payment, ctx)  -- its answer is the payment's two facts themselves
    local verdict, value = judge_payment(kept, payment, ctx)
    return verdict, verdict == "done" and value.payment or value
  end,
}

-- The refund among those of the payment: done, not_done, or unclear when one for another reason
-- could be it. One that the PG still works on has not changed the balance yet.
local function find_refund(kept, payment, ctx)
  local verdict = "not_done"
  for _, c in ipairs(payment.cancellations or {}) do
    if unix(c.requestedAt) >= ctx.started and c.status ~= "FAILED"
       and (kept.amount == nil or c.totalAmount == kept.amount) then
      if c.reason == kept.reason then
        return "done", { cancellation = c }
      end
      verdict = "unclear"
    end
  end
  return verdict
end

-- With 'currentCancellableAmount' the balance tells too.
local function judge_cancel(kept, payment, ctx)
  local verdict, value = find_refund(kept, payment, ctx)
  local asked = kept.currentCancellableAmount
  if verdict == "done" or not asked then
    return verdict, value
  end
  local left = payment.amount.total - (payment.amount.cancelled or 0)
  if left == asked then
    return verdict
  end
  return differs("the balance of the payment", asked, left)
end

M["v2.payment.cancel_payment"] = {
  keep = { "paymentId", "storeId", "amount", "reason", "currentCancellableAmount" },
  ask = "v2.payment.get_payment", with = payment_of, judge = judge_cancel,
}

M["v2.payment.close_virtual_account"] = {
  keep = { "paymentId", "storeId" },
  ask = "v2.payment.get_payment", with = payment_of,
  judge = function(_, payment)
    if payment.status == "VIRTUAL_ACCOUNT_ISSUED" then
      return "not_done"
    elseif payment.status == "FAILED" then
      return "done", { closedAt = payment.failedAt }
    end
    return "conflict", "the account is no longer open: the payment is " .. payment.status
  end,
}

-- }======================

-- {====== Schedules ======

-- The order number is no filter of the list: the key and the time are.
M["v2.payment.payment_schedule.create_payment_schedule"] = {
  keep = { "paymentId", "payment.billingKey", "payment.amount.total", "payment.storeId",
           "timeToPay" },
  ask = "v2.payment.payment_schedule.get_payment_schedules",
  with = function(kept)
    local at = type(kept.timeToPay) == "number" and kept.timeToPay
      or time.parse(kept.timeToPay or "")
    return at and { page = { number = 0, size = 1000 }, filter = {
      storeId = kept["payment.storeId"], billingKey = kept["payment.billingKey"],
      from = time.rfc3339(at - 1), ["until"] = time.rfc3339(at + 1) } }
  end,
  judge = function(kept, found)
    for _, s in ipairs(found.items or {}) do
      if s.paymentId == kept.paymentId and s.status ~= "REVOKED" then
        if s.totalAmount ~= kept["payment.amount.total"] then
          return differs("the amount of the schedule", kept["payment.amount.total"], s.totalAmount)
        end
        return "done", { schedule = { id = s.id } }
      end
    end
    return "not_done"
  end,
}

-- By ids each is looked at; by key whatever is still scheduled.
M["v2.payment.payment_schedule.revoke_payment_schedules"] = {
  keep = { "scheduleIds", "billingKey", "storeId" },
  choose = function(kept)
    return kept.scheduleIds and "ids" or (kept.billingKey or "") ~= "" and "key" or nil
  end,
  ids = {
    ask = "v2.payment.payment_schedule.get_payment_schedule", each = "scheduleIds",
    with = function(id, _, kept) return { paymentScheduleId = id, storeId = kept.storeId } end,
    judge = function(_, found)
      return found.status == "REVOKED" and "done" or "not_done", found
    end,
    result = function(_, list)
      local ids = {}
      for i, s in ipairs(list) do
        ids[i] = s.id
      end
      return { revokedScheduleIds = ids, revokedAt = list[1] and list[1].revokedAt }
    end,
  },
  key = {
    ask = "v2.payment.payment_schedule.get_payment_schedules", timed = 60,
    with = function(kept, ctx)
      return { page = { number = 0, size = 1 }, filter = { storeId = kept.storeId,
        billingKey = kept.billingKey, status = { "SCHEDULED" },
        from = time.rfc3339(ctx.started), ["until"] = time.rfc3339(ctx.started + 3650 * 86400) } }
    end,
    judge = function(_, found)
      return #(found.items or {}) > 0 and "not_done" or "unclear"
    end,
  },
}

-- }=======================

-- {====== Billing keys ======

-- A new key has no name before it exists; the customer and the time narrow it down to one.
M["v2.payment.billing_key.issue_billing_key"] = {
  keep = { "customer.id", "storeId" },
  choose = function(kept)
    return kept["customer.id"] and "customer" or nil
  end,
  customer = {
    ask = "v2.payment.billing_key.get_billing_key_infos", timed = 3600,
    with = function(kept, ctx)
      return { page = { number = 0, size = 10 }, filter = { storeId = kept.storeId,
        customerId = kept["customer.id"], status = { "ISSUED" }, timeRangeField = "ISSUED_AT",
        from = time.rfc3339(ctx.started - 86400),  -- the server's clock is not known yet
        ["until"] = time.rfc3339(ctx.started + 86400) } }
    end,
    judge = function(_, found, ctx)
      local items = {}
      for _, key in ipairs(found.items or {}) do
        items[#items + 1] = unix(key.issuedAt) >= ctx.started and key or nil
      end
      if #items == 0 then
        return "not_done"
      elseif #items == 1 then
        local key = items[1]
        return "done", { billingKeyInfo = { billingKey = key.billingKey,
          channels = key.channels, issuedAt = key.issuedAt } }
      end
      return "unclear"
    end,
  },
}

M["v2.payment.billing_key.delete_billing_key"] = {
  keep = { "billingKey", "storeId" },
  ask = "v2.payment.billing_key.get_billing_key_info",
  with = function(kept) return { billingKey = kept.billingKey, storeId = kept.storeId } end,
  absent = function() return "conflict", "there is no such billing key" end,
  judge = function(_, found)
    if found.status == "DELETED" then
      return "done", { deletedAt = found.deletedAt }
    end
    return "not_done"
  end,
}

-- }==========================

-- {====== Cash receipts, identity ======

M["v2.payment.cash_receipt.issue_cash_receipt"] = {
  keep = { "paymentId", "storeId", "amount.total" },
  ask = "v2.payment.cash_receipt.get_cash_receipt_by_payment_id", with = payment_of,
  judge = function(kept, found, ctx)
    if found.status ~= "ISSUED" or unix(found.issuedAt) < ctx.started then
      return "not_done"
    elseif found.amount ~= kept["amount.total"] then
      return differs("the amount of the receipt", kept["amount.total"], found.amount)
    end
    return "done", { cashReceipt = found }
  end,
}

M["v2.payment.cash_receipt.cancel_cash_receipt_by_payment_id"] = {
  keep = { "paymentId", "storeId" },
  ask = "v2.payment.cash_receipt.get_cash_receipt_by_payment_id", with = payment_of,
  judge = function(_, found)
    if found.status ~= "CANCELLED" then
      return "not_done"
    end
    return "done", { cancelledAmount = found.amount, cancelledAt = found.cancelledAt }
  end,
}

M["v2.identity_verification.send_identity_verification"] = {
  keep = { "identityVerificationId", "storeId" },
  ask = "v2.identity_verification.get_identity_verification",
  with = function(kept)
    return { identityVerificationId = kept.identityVerificationId, storeId = kept.storeId }
  end,
  judge = function(_, found, ctx)
    return unix(found.requestedAt) >= ctx.started and "done" or "not_done", {}
  end,
}

-- }=====================================

return M
