-- SPDX-License-Identifier: MIT
-- Named settings of the V1 books: one for each thing that no source documents.
-- Read from `world.config.settings`, so that a test can change one while the sandbox runs.

local M = {}

--- Defaults, by name.
M.defaults = {
  -- Card numbers that are no test cards: "luhn" (right check digit and expiry), "accept", "refuse".
  unknown_cards = "luhn",
  -- Envelope codes. Seen in the wild: 1 and -1; a client must not read more than zero or not.
  v1_codes = { refused = 1, not_found = -1, unauthorized = -1, invalid = 1 },
  -- Status of a malformed request: "declared" (400 where the operation declares it, otherwise
  -- 200 with a code), or a number for all operations.
  v1_invalid_status = "declared",
  -- Payments and keys of this sandbox are marked `sandbox: true`, and so hidden from a look-up
  -- without `include_sandbox`.
  v1_test_channel = false,
  -- `status` of a payment after a partial cancellation: "paid" or "cancelled".
  v1_partial_cancel_status = "paid",
  -- A merchant_uid that is paid is "refuse"d, or paid again ("charge"): what two requests that
  -- are under way at once may come to, for tests of those who must not let it come to that.
  v1_paid_again = "refuse",
  -- A merchant_uid whose payment was cancelled in full may be paid again.
  v1_reuse_cancelled_merchant_uid = false,
  -- A merchant_uid whose schedule was revoked or failed may be scheduled anew.
  v1_reuse_schedule_merchant_uid = false,
  -- Deleting a key with pending schedules: "allow" (they fail when their time comes), "refuse",
  -- "revoke" (they are revoked with it).
  v1_delete_customer_with_schedules = "allow",
  -- Operations refuse a PG that the specification does not list for them.
  v1_strict_pgs = true,
  -- Fields that the specification requires for one PG only are required.
  v1_strict_pg_fields = true,
  -- Sub-merchants: code to name. nil: every well-formed code is one.
  v1_tiers = nil,
  -- Status for a bad `Tier` header. nil: 400 when malformed, 404 when not registered.
  v1_tier_status = nil,
  -- The one-time password that confirms an identity verification.
  v1_otp = "123456",
  -- Points of every Benepia account.
  v1_benepia_points = 1000000,
}

--- Value of a setting.
---@param world table
---@param name string a key of `defaults`
---@return any value
function M.get(world, name)
  local value = world.config.settings and world.config.settings[name]
  if value ~= nil then return value end
  return M.defaults[name]
end

return M
