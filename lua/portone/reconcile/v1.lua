-- SPDX-License-Identifier: MIT
-- How to find out whether a V1 write happened. V1 has no idempotency key: this is the
-- only way. See reconcile.lua for the form of a row.

local M = {}

local function same_amount(kept, found)
  return tonumber(kept.amount) == tonumber(found.amount)
end

-- "paid, but of another customer": what is there is not what was asked for.
local function differs(what, asked, found)
  return "conflict", ("%s differs: asked for %s, found %s"):format(what, tostring(asked),
    tostring(found))
end

local function judge_paid(kept, payment, ctx)
  if not same_amount(kept, payment) then
    return differs("the amount of the payment", kept.amount, payment.amount)
  elseif kept.customer_uid and payment.customer_uid
         and payment.customer_uid ~= kept.customer_uid then
    return differs("the customer_uid of the payment", kept.customer_uid, payment.customer_uid)
  elseif kept.currency and payment.currency and payment.currency ~= kept.currency then
    return differs("the currency of the payment", kept.currency, payment.currency)
  elseif (payment.paid_at or 0) > 0 and payment.paid_at < ctx.doubtful then
    return "conflict", "the order was paid before this call"
  end
  return "done", payment
end

local function judge_payment(kept, payment, ctx)
  if payment.status == "paid" then
    return judge_paid(kept, payment, ctx)
  elseif payment.status == "failed" then
    if (payment.failed_at or 0) >= ctx.started then
      return "declined", { message = payment.fail_reason or "the payment failed",
                           pg_message = payment.fail_reason, response = payment }
    end
    return "not_done"
  elseif payment.status == "cancelled" then
    return "conflict", "the order was paid and then cancelled"
  end
  return "unclear"
end

local function find(kept)
  return { merchant_uid = kept.merchant_uid }
end

local function find_paid(kept)
  return { merchant_uid = kept.merchant_uid, payment_status = "paid" }
end

local charge = {
  keep = { "merchant_uid", "amount", "currency", "customer_uid" },
  ask = "v1.payments.find", with = find, behind = find_paid, judge = judge_payment,
}

M["v1.subscribe.again"] = charge
M["v1.subscribe.onetime"] = charge
M["v1.benepia.pay"] = charge
M["v1.kcpquick.pay_money"] = charge
M["v1.kcpquick.pay_autopay"] = charge

-- A retry keeps its order number; its amount is that of the schedule.
M["v1.subscribe.retry"] = {
  keep = { "merchant_uid" },
  ask = "v1.payments.find", with = find, behind = find_paid,
  judge = function(_, payment, ctx)
    return judge_payment({ amount = payment.amount }, payment, ctx)
  end,
}

-- {====== Schedules ======

-- All of a request's schedules, or none: a part of them is nobody's success.
M["v1.subscribe.schedule"] = {
  keep = { "customer_uid", "schedules[].merchant_uid", "schedules[].schedule_at",
           "schedules[].amount" },
  ask = "v1.subscribe.schedule_get",
  each = "schedules",
  with = find,
  judge = function(item, found, _, kept)
    if found.customer_uid ~= kept.customer_uid then
      return differs("the customer_uid of the schedule", kept.customer_uid, found.customer_uid)
    elseif not same_amount(item, found) then
      return differs("the amount of the schedule", item.amount, found.amount)
    elseif found.schedule_at ~= item.schedule_at then
      return differs("the time of the schedule", item.schedule_at, found.schedule_at)
    elseif found.schedule_status == "revoked" then
      return "not_done"
    end
    return "done", found
  end,
}

local moved = {
  keep = { "merchant_uid", "schedule_at" },
  ask = "v1.subscribe.schedule_get", with = find,
  judge = function(kept, found)
    if found.schedule_status == "scheduled" and found.schedule_at == kept.schedule_at then
      return "done", found
    end
    return "not_done"
  end,
}

M["v1.subscribe.schedule_update"] = moved
M["v1.subscribe.reschedule"] = moved

-- By order numbers each is looked at; by customer alone whatever is still to come.
M["v1.subscribe.unschedule"] = {
  keep = { "customer_uid", "merchant_uid" },
  choose = function(kept)
    return kept.merchant_uid and "orders" or "customer"
  end,
  orders = {
    ask = "v1.subscribe.schedule_get", each = "merchant_uid",
    with = function(uid) return { merchant_uid = uid } end,
    judge = function(_, found)
      return found.schedule_status == "revoked" and "done" or "not_done", found
    end,
  },
  customer = {
    ask = "v1.customers.schedules", timed = 60,
    with = function(kept, ctx)  -- the API looks three months ahead at most
      return { customer_uid = kept.customer_uid, from = math.floor(ctx.started),
               to = math.floor(ctx.started) + 89 * 86400, ["schedule-status"] = "scheduled" }
    end,
    judge = function(_, found)
      return next(found) and "not_done" or "unclear"
    end,
  },
}

-- }=======================

-- {====== Refunds ======

-- A partial refund has to be found in the history. Its time there is the PG's: one of the same
-- amount from shortly before this call, or for another reason, may be this one or may not, and
-- to refund it again would be worse than to say so.
local function find_refund(kept, payment, ctx)
  local verdict = "not_done"
  for _, entry in ipairs(payment.cancel_history or {}) do
    if entry.amount == kept.amount and entry.cancelled_at >= ctx.doubtful then
      if entry.cancelled_at >= ctx.started and (kept.reason or entry.reason) == entry.reason then
        return "done", payment
      end
      verdict = "unclear"
    end
  end
  return verdict
end

-- With 'checksum', the balance before the refund, the balance now tells; a full refund
-- shows as the status.
local function judge_cancel(kept, payment, ctx)
  local amount = tonumber(kept.amount) or 0
  local left = payment.amount - (payment.cancel_amount or 0)
  if kept.checksum then
    local refunded = kept.checksum - left
    if refunded == 0 then
      return "not_done"
    elseif refunded == (amount == 0 and kept.checksum or amount) then
      return "done", payment
    end
    return differs("the balance of the payment", kept.checksum - amount, left)
  elseif amount == 0 then
    return payment.status == "cancelled" and "done" or "not_done", payment
  end
  return find_refund(kept, payment, ctx)
end

M["v1.payments.cancel"] = {
  keep = { "imp_uid", "merchant_uid", "amount", "checksum", "reason" },
  choose = function(kept)
    return kept.imp_uid and "payment" or "order"
  end,
  payment = {
    ask = "v1.payments.get", judge = judge_cancel,
    with = function(kept) return { imp_uid = kept.imp_uid, include_sandbox = true } end,
  },
  order = {
    ask = "v1.payments.find", with = find, behind = find_paid,
    judge = function(kept, payment, ctx)
      if payment.status ~= "paid" and payment.status ~= "cancelled" then
        return "unclear"  -- another attempt at the order: money went back of the paid one
      end
      return judge_cancel(kept, payment, ctx)
    end,
  },
}

-- }=====================

-- {====== Billing keys ======

-- When a key was last made or changed. That of a channel group has a time for each channel.
local function key_time(found)
  local at = math.max(found.updated or 0, found.inserted or 0)
  for _, channel in ipairs(found.succeededChannels or {}) do
    at = math.max(at, channel.updated or 0, channel.inserted or 0)
  end
  return at
end

M["v1.customers.issue"] = {
  keep = { "customer_uid" },
  ask = "v1.customers.get",
  with = function(kept) return { customer_uid = kept.customer_uid } end,
  judge = function(_, found, ctx)  -- an older key of the same name is not this one
    return key_time(found) >= ctx.started and "done" or "not_done", found
  end,
}

M["v1.customers.delete"] = {
  keep = { "customer_uid" },
  ask = "v1.customers.get",
  with = function(kept) return { customer_uid = kept.customer_uid } end,
  absent = function(kept) return "done", { customer_uid = kept.customer_uid } end,
  judge = function() return "not_done" end,
}

-- }==========================

-- {====== Receipts, virtual accounts, registered amounts ======

-- Only one that belongs to no payment (merchant_uid) has an amount of its own.
local function receipt(operation, name, key, issued)
  M[operation] = {
    keep = { key, issued and key == "merchant_uid" and "amount" or nil },
    ask = name,
    with = function(kept) return { [key] = kept[key] } end,
    absent = not issued and function() return "done", {} end or nil,
    judge = function(kept, found)
      local revoked = (found.cancelled_at or 0) > 0
      if revoked == issued then
        return "not_done", found
      elseif kept.amount and found.amount and not same_amount(kept, found) then
        return differs("the amount of the receipt", kept.amount, found.amount)
      end
      return "done", found
    end,
  }
end

receipt("v1.receipts.issue", "v1.receipts.get", "imp_uid", true)
receipt("v1.receipts.revoke", "v1.receipts.get", "imp_uid", false)
receipt("v1.receipts.external_issue", "v1.receipts.external_get", "merchant_uid", true)
receipt("v1.receipts.external_revoke", "v1.receipts.external_get", "merchant_uid", false)

M["v1.vbanks.issue"] = {
  keep = { "merchant_uid", "amount" },
  ask = "v1.payments.find", with = find,
  judge = function(kept, found, ctx)
    if not found.vbank_num or (found.started_at or 0) < ctx.started then
      return "not_done"
    elseif not same_amount(kept, found) then
      return differs("the amount of the account", kept.amount, found.amount)
    end
    return "done", found
  end,
}

local prepared = {
  keep = { "merchant_uid", "amount" },
  ask = "v1.payments.prepare_get", with = find,
  missing = "rejected",  -- this look-up knows no 404
  judge = function(kept, found)
    return same_amount(kept, found) and "done" or "not_done", found
  end,
}

M["v1.payments.prepare"] = prepared
M["v1.payments.prepare_update"] = prepared

-- }===========================================================

return M
