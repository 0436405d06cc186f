-- SPDX-License-Identifier: MIT
-- The V1 books: what is stored, and how it is found again.
-- Handlers read and write records; `view` turns a record into an answer.

local settings = require "portone.sandbox.v1.settings"

local M = {}

--- Starts empty books.
---@param world table sets `world.v1`
function M.open(world)
  world.v1 = {
    payments = {},       -- imp_uid → payment
    payment_order = {},  -- payments as they began
    by_merchant = {},    -- merchant_uid → its payments as they began
    customers = {},      -- customer_uid → customer (billing key)
    schedules = {},      -- merchant_uid → schedule
    schedule_order = {}, -- schedules as they were made
    prepared = {},       -- merchant_uid → { merchant_uid, amount, currency }
    fixed_accounts = {}, -- fixed virtual accounts: pg and key → number
    receipts = {},       -- imp_uid → cash receipt
    external_receipts = {}, -- merchant_uid → cash receipt
    certifications = {}, -- imp_uid → identity verification
    people = {},         -- person → { unique_key, unique_in_site }
    logistics = {},      -- imp_uid → escrow delivery
    product_orders = {}, -- product_order_id → order-type Naver Pay product order
    reviews = {},        -- product reviews as they were written
    kcp_prepared = {},   -- merchant_uid → KCP prepaid-money registration
    kcp_members = {},    -- member_id → KCP Quick member
    token = nil,         -- the access token in force: { value, expires }
    seq = 0,
  }
end

local function next_seq(world)
  world.v1.seq = world.v1.seq + 1
  return world.v1.seq
end

--- A new imp_uid, unused by payments and identity verifications alike.
---@param world table
---@return string
function M.new_imp_uid(world)
  local v1 = world.v1
  repeat
    local uid = "imp_" .. world:digits(12)
    if not v1.payments[uid] and not v1.certifications[uid] then return uid end
  until false
end

--- Files a payment: gives it an imp_uid and its place in every index.
---@param world table
---@param payment table fields of a payment; `merchant_uid` and `status` are set
---@return table payment the same table
function M.add_payment(world, payment)
  local v1 = world.v1
  payment.imp_uid = M.new_imp_uid(world)
  payment.seq = next_seq(world)
  payment.started_at = payment.started_at or world:now()
  payment.updated_at = world:now()
  v1.payments[payment.imp_uid] = payment
  table.insert(v1.payment_order, payment)
  local same = v1.by_merchant[payment.merchant_uid]
  if not same then
    same = {}
    v1.by_merchant[payment.merchant_uid] = same
  end
  table.insert(same, payment)
  return payment
end

--- Moves a payment to a status, with the time stamp that belongs to it.
---@param world table
---@param payment table
---@param status "paid"|"failed"|"cancelled"
function M.set_status(world, payment, status)
  payment.status = status
  payment.updated_at = world:now()
  payment[status .. "_at"] = world:now()
end

--- Payments of a merchant_uid as they began.
---@param world table
---@param merchant_uid string
---@return table[]
function M.payments_of(world, merchant_uid)
  return world.v1.by_merchant[merchant_uid] or {}
end

--- Whether a merchant_uid has been paid: it cannot be paid a second time, not even after a full
--- cancellation unless the setting says so.
---@param world table
---@param merchant_uid string
---@return boolean
function M.is_paid(world, merchant_uid)
  local reuse = settings.get(world, "v1_reuse_cancelled_merchant_uid")
  for _, payment in ipairs(M.payments_of(world, merchant_uid)) do
    local gone = payment.status == "cancelled" and reuse
    if (payment.paid_at or 0) ~= 0 and not gone then return true end
  end
  return false
end

--- Files a schedule under its merchant_uid, in place of an ended one.
---@param world table
---@param schedule table
function M.add_schedule(world, schedule)
  local v1 = world.v1
  schedule.seq = next_seq(world)
  local old = v1.schedules[schedule.merchant_uid]
  v1.schedules[schedule.merchant_uid] = schedule
  if not old then return table.insert(v1.schedule_order, schedule) end
  for i, one in ipairs(v1.schedule_order) do
    if one == old then v1.schedule_order[i] = schedule end
  end
end

--- Pending schedules that a test accepts, as they were made.
---@param world table
---@param accept fun(schedule: table): boolean
---@return table[]
function M.pending(world, accept)
  local found = {}
  for _, schedule in ipairs(world.v1.schedule_order) do
    if schedule.schedule_status == "scheduled" and accept(schedule) then
      table.insert(found, schedule)
    end
  end
  return found
end

return M
