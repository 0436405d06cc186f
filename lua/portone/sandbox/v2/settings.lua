-- SPDX-License-Identifier: MIT
--- Named settings of the V2 books: what no source documents, one name each.
--
-- `world.config.settings[name]` overrides a default and may change while the sandbox runs.

local M = {}

-- Each row: the default, the accepted values or type, and what it decides.
M.list = {
  unknown_cards = { "luhn", { "luhn", "accept", "refuse" },
    "card numbers that are no test cards (shared with V1): right check digit and expiry, or all, "
    .. "or none" },
  v2_unknown_store = { "forbidden", { "forbidden", "accept" },
    "a storeId that is not the sandbox's own: 403 FORBIDDEN, or a store of its own" },
  v2_unquoted_key = { "accept", { "accept", "refuse" },
    "an Idempotency-Key without the quotes of RFC 8941, as older samples send it" },
  v2_reused_key = { "refuse", { "refuse", "replay", "run" },
    "one Idempotency-Key for two different requests: 400, the first answer, or run anyway" },
  v2_local_time_to_pay = { "refuse", { "refuse", "kst" },
    "timeToPay without an offset: 400, or read as Korean time" },
  v2_vat_rounding = { "half_up", { "half_up", "up", "down" },
    "how (total - taxFree) / 11 is rounded when vat is omitted" },
  v2_cancel_all_takes_tax_free = { "amount_absent", { "amount_absent", "everything" },
    "when a cancellation without taxFreeAmount takes the tax-free part along: only when amount "
    .. "is absent too, or also when amount equals all that is left" },
  v2_pay_while_waiting = { "refuse", { "refuse", "retry" },
    "a new attempt while an account waits for a deposit or a payment is pending: "
    .. "409 ALREADY_PAID, or a new transaction" },
  v2_paid_again = { "refuse", { "refuse", "charge" },
    "a new attempt at a payment that is complete: 409 ALREADY_PAID, or charged again, as two "
    .. "requests under way at once may be; for tests of those who must not let it come to that" },
  v2_max_transactions = { 100, "number", "attempts at one paymentId" },
  v2_max_cancels = { 100, "number", "cancellations of one payment" },
  v2_max_webhook_resends = { 5, "number", "manual sends of one webhook" },
  v2_async_cancel_seconds = { 60, "number",
    "seconds until a PG with asynchronous cancellation settles one; 0 = only when told" },
  v2_refused_cancel = { "error", { "error", "failed" },
    "a cancellation that the PG refuses: 502 PG_PROVIDER, or 200 with status FAILED" },
  v2_refund_account = { "required", { "required", "optional" },
    "refundAccount when a deposited virtual account is cancelled" },
  v2_virtual_account_expiry = { "stay", { "stay", "fail" },
    "a virtual account past its expiry: stays issued but takes no deposit, or FAILED" },
  v2_prepared_mismatch = { "refuse", { "refuse", "ignore" },
    "a payment whose amount differs from the pre-registered one: 400, or accepted" },
  v2_pg_support = { "enforce", { "enforce", "ignore" },
    "issuing a key or charging a card by API through a PG that has no such API: 400, or accepted" },
  v2_revoke_nothing = { "empty", { "empty", "not_found" },
    "revoking the schedules of a key that has none pending: 200 with no ids, as the optional "
    .. "revokedAt suggests, or 404 PAYMENT_SCHEDULE_NOT_FOUND" },
  v2_session_seconds = { 3600, "number", "life of a payment session without ttlSeconds" },
  v2_session_max_seconds = { 86400, "number", "longest ttlSeconds of a payment session" },
  v2_identity_otp = { "123456", "string", "the one-time password that every SMS carries" },
}

--- Defaults, by name.
M.defaults = {}
for name, row in pairs(M.list) do M.defaults[name] = row[1] end

--- The value of a setting.
---@param world table
---@param name string
---@return any
function M.get(world, name)
  local row = M.list[name] or error("unknown V2 setting " .. tostring(name), 2)
  local value = world.config.settings and world.config.settings[name]
  if value == nil then return row[1] end
  return value
end

--- Whether a setting has this value.
---@param world table
---@param name string
---@param value any
---@return boolean
function M.is(world, name, value)
  return M.get(world, name) == value
end

return M
