-- SPDX-License-Identifier: MIT
--- Attempts at a payment: the one place where money is taken.
--
-- An attempt is a transaction under its paymentId. `check` refuses what must not be charged and
-- changes nothing; `charge` commits the attempt, approved or declined, and tells everybody.

local answer = require "portone.sandbox.v2.answer"
local channels = require "portone.sandbox.v2.channels"
local instruments = require "portone.sandbox.v2.instruments"
local money = require "portone.sandbox.v2.money"
local promotions = require "portone.sandbox.v2.promotions"
local settings = require "portone.sandbox.v2.settings"
local state = require "portone.sandbox.v2.state"
local webhooks = require "portone.sandbox.v2.webhooks"

local M = {}

local PAID_FAMILY = { PAID = true, PARTIAL_CANCELLED = true, CANCELLED = true }
-- PaymentOrigin by platform; shared by all attempts.
local ORIGINS = {}
for _, platform in ipairs { "API", "PC", "MOBILE" } do
  ORIGINS[platform] = { platformType = platform, ipAddress = "127.0.0.1" }
end
local SHOWN = setmetatable({}, { __mode = "k" })
local WAITING = { VIRTUAL_ACCOUNT_ISSUED = true, PAY_PENDING = true }

--- Whether a payment has been paid, cancelled since or not.
---@param payment table|nil
---@return boolean
function M.is_paid(payment)
  return payment ~= nil and PAID_FAMILY[payment.tx.status] == true
end

--- Whether a payment waits for a deposit or for its PG.
---@param payment table|nil
---@return boolean
function M.is_waiting(payment)
  return payment ~= nil and WAITING[payment.tx.status] == true
end

--- The schedule that will pay under a paymentId, if one is pending.
---@param world table
---@param store string
---@param id string paymentId
---@return table|nil schedule
function M.pending_schedule(world, store, id)
  local schedule = world.v2.schedules.by_payment[state.key(store, id)]
  if schedule and (schedule.status == "SCHEDULED" or schedule.status == "STARTED") then
    return schedule
  end
end

--- Refuses an amount other than the one registered beforehand, which binds whoever pays; only
--- what was registered is compared. Source: the operation's purpose; its answer to a mismatch is
--- the setting v2_prepared_mismatch.
---@param world table
---@param store string
---@param id string paymentId
---@param amount table { total, tax_free }
---@param currency string
function M.check_prepared(world, store, id, amount, currency)
  local prepared = world.v2.prepared[state.key(store, id)]
  if not prepared or settings.is(world, "v2_prepared_mismatch", "ignore") then return end
  local total, tax_free = prepared.totalAmount, prepared.taxFreeAmount
  if total and total ~= amount.total then
    answer.invalid("amount.total", "differs from the pre-registered amount")
  elseif tax_free and tax_free ~= amount.tax_free then
    answer.invalid("amount.taxFree", "differs from the pre-registered amount")
  elseif prepared.currency and prepared.currency ~= currency then
    answer.invalid("currency", "differs from the pre-registered currency")
  end
end

--- Refuses an attempt that must not be made.
---@param world table
---@param store string
---@param id string paymentId
---@param schedule table|nil the schedule that pays, when one does
function M.check_id(world, store, id, schedule)
  local payment = world.v2.payments.map[state.key(store, id)]
  local refuse = settings.is(world, "v2_pay_while_waiting", "refuse")
  local paid = M.is_paid(payment) and settings.is(world, "v2_paid_again", "refuse")
  if paid or refuse and M.is_waiting(payment) then
    answer.refuse("ALREADY_PAID", "a payment with this paymentId is complete or waiting")
  end
  local pending = M.pending_schedule(world, store, id)
  if pending and pending ~= schedule then
    answer.refuse("PAYMENT_SCHEDULE_ALREADY_EXISTS", "a schedule will pay under this paymentId")
  end
  if payment and #payment.attempts >= settings.get(world, "v2_max_transactions") then
    answer.refuse("MAX_TRANSACTION_COUNT_REACHED", "too many attempts at this paymentId")
  end
end

--- Checks an order and works out its amount.
---@param world table
---@param store string
---@param id string paymentId
---@param order table the request: amount, currency, customer, …
---@return table amount { total, tax_free, vat, supply }
function M.check_order(world, store, id, order)
  local name = (order.customer or {}).name
  if name and name.full and name.separated then
    answer.invalid("customer.name", "either full or separated, not both")
  end
  local amount = money.parts(world, order.amount)
  M.check_prepared(world, store, id, amount, order.currency)
  return amount
end

-- SelectedChannel, made once for each channel and shared by its attempts, as views are copies.
local function shown(channel)
  local made = SHOWN[channel] or channels.selected(channel)
  SHOWN[channel] = made
  return made
end

--- Begins an attempt: a new transaction, current under its paymentId.
---@param world table
---@param a table { store, id, order, amount, channel?, group?, method?, promotion?, discount?,
---  billing_key?, schedule_id?, platform? }
---@return table tx
function M.begin(world, a)
  local payments, now = world.v2.payments, world:now()
  local key = state.key(a.store, a.id)
  local payment = payments.map[key] or state.add(payments, key,
    { id = a.id, store = a.store, seq = state.next(world), created_at = now, attempts = {} })
  local tx = {
    id = world:uuid(), payment = payment, status = "READY",
    order = a.order, amount = a.amount, discount = a.discount or 0, promotion = a.promotion,
    method = a.method, channel = a.channel and shown(a.channel), pg = a.channel,
    channel_group = channels.group_summary(a.group), billing_key = a.billing_key,
    schedule_id = a.schedule_id, origin = ORIGINS[a.platform or "API"],
    escrow = a.order.isEscrow and { status = "BEFORE_REGISTERED" } or nil,
    requested_at = now, updated_at = now, changed_at = now,
    cancelled = 0, cancelled_tax_free = 0, cancelled_vat = 0, cancellations = {},
  }
  payment.attempts[#payment.attempts + 1] = tx
  payment.tx = tx
  return tx
end

--- Moves an attempt to another status.
---@param world table
---@param tx table
---@param status string PaymentStatus of the response objects
function M.move(world, tx, status)
  tx.status = status
  tx.updated_at, tx.changed_at = world:now(), world:now()
end

local function note(world, tx, outcome, refusal)
  world:note("charge", {
    api = "v2", order = tx.payment.id, store = tx.payment.store, transaction = tx.id,
    amount = tx.amount.total - tx.discount, currency = tx.order.currency, outcome = outcome,
    reason = refusal and (refusal.pg_code or refusal.reason),
  })
end

--- Money has arrived: the attempt is PAID, counted, an event, and announced unless skipped.
---@param world table
---@param tx table
---@param more table|nil { skip_webhook?, trigger?, async? }
function M.settle(world, tx, more)
  more = more or {}
  tx.pg_tx_id = tx.pg_tx_id or "sandbox" .. world:digits(16)
  tx.paid_at = world:now()
  tx.receipt_url = "https://receipt.portone.invalid/" .. tx.pg_tx_id
  M.move(world, tx, "PAID")
  promotions.spend(tx)
  note(world, tx, "paid")
  M.event(world, tx, "PAID", tx.amount.total - tx.discount)
  if not more.skip_webhook then webhooks.transaction(world, tx, "Transaction.Paid", more) end
end

--- The attempt failed for good; a failure is always announced.
---@param world table
---@param tx table
---@param refusal table { pg_code, pg_message, reason? }
---@param more table|nil { trigger?, async?, outcome? = "failed" in the journal }
function M.fail(world, tx, refusal, more)
  tx.failed_at = world:now()
  tx.failure = { reason = refusal.reason or refusal.pg_message, pgCode = refusal.pg_code,
    pgMessage = refusal.pg_message }
  M.move(world, tx, "FAILED")
  note(world, tx, more and more.outcome or "failed", refusal)
  webhooks.transaction(world, tx, "Transaction.Failed", more)
end

--- Remembers a movement of money as a payment event.
---@param world table
---@param tx table
---@param type string "PAID" | "PARTIAL_CANCELLED" | "CANCELLED"
---@param amount integer minor units, negative for a cancellation
---@param cancellation table|nil
function M.event(world, tx, type, amount, cancellation)
  local id = world:uuid()
  state.add(world.v2.events, id, {
    id = id, seq = state.next(world), at = world:now(), tx = tx, type = type, amount = amount,
    cancellation = cancellation, cancelled = tx.cancelled,
    cancelled_tax_free = tx.cancelled_tax_free,
  })
end

--- Charges an instrument: one attempt, approved or declined.
---@param world table
---@param a table as for `begin`, with instrument and channel
---@param more table|nil { skip_webhook?, trigger?, async? }
---@return table tx PAID or FAILED
---@return table|nil refusal { pg_code, pg_message } when declined
function M.charge(world, a, more)
  a.method = instruments.payment_method(a.instrument, a.order, world:digits(8))
  local tx = M.begin(world, a)
  local refusal = instruments.charge_refusal(world, a.instrument, a.channel)
  if refusal then
    M.fail(world, tx, refusal, more)
    return tx, refusal
  end
  M.settle(world, tx, more)
  return tx
end

return M
