-- SPDX-License-Identifier: MIT
-- What checking the arguments of one call costs: time and garbage. And what a plain call does
-- instead: the same, and its path and body made.
--   lua bench/check.lua [rounds]
-- CPU time, the best of many slices, because other programs share the machine.

local api = require "portone.api"
local check = require "portone.check"
local plain = require "portone.plain"

local rounds = tonumber(arg and arg[1]) or 200000
local SLICES = 200
local TARGET = 4

local cases = {
  { "V2 billing key payment", "v2", "payment", "pay_with_billing_key", {
    paymentId = "order-1001", billingKey = "billing-key-1", orderName = "monthly pass",
    customer = { id = "user-42", name = { full = "Hong Gildong" }, email = "user@example.com" },
    amount = { total = 10000, taxFree = 3000 }, currency = "KRW",
  } },
  { "V2 schedule", "v2", "payment.payment_schedule", "create_payment_schedule", {
    paymentId = "order-1001", timeToPay = "2030-01-02T03:04:05+09:00",
    payment = {
      billingKey = "billing-key-1", orderName = "monthly pass", customer = { id = "user-42" },
      amount = { total = 10000 }, currency = "KRW",
    },
  } },
  { "V1 again", "v1", "subscribe", "again", {
    customer_uid = "user-42", merchant_uid = "order-1001", amount = 3000, name = "monthly pass",
  } },
  { "V1 schedule of three", "v1", "subscribe", "schedule", {
    customer_uid = "user-42",
    schedules = {
      { merchant_uid = "a", schedule_at = 1900000000, amount = 3000, name = "x", currency = "KRW" },
      { merchant_uid = "b", schedule_at = 1900000000, amount = 3000, name = "x", currency = "KRW" },
      { merchant_uid = "c", schedule_at = 1900000000, amount = 3000, name = "x", currency = "KRW" },
    },
  } },
}

local function run(row, args, n, way)
  local result
  for _ = 1, n do result = way(row, args) end
  return result
end

-- µs of one
local function time(row, args, way)
  local best = math.huge
  for _ = 1, SLICES do
    local start = os.clock()
    run(row, args, rounds / SLICES, way)
    best = math.min(best, (os.clock() - start) / (rounds / SLICES) * 1e6)
  end
  return best
end

local first
print(("%-24s %10s %14s %10s"):format(jit and jit.version or _VERSION, "µs/check", "bytes/check",
  "µs/plain"))
for _, case in ipairs(cases) do
  local name, version, group, op, args = case[1], case[2], case[3], case[4], case[5]
  local row = assert(api.find(version, group, op))
  assert(not run(row, args, 1000, check.args), name)
  collectgarbage()
  collectgarbage("stop")
  local before = collectgarbage("count")
  run(row, args, 1000, check.args)
  local bytes = (collectgarbage("count") - before) * 1024 / 1000
  collectgarbage("restart")
  local checked = time(row, args, check.args)
  local plainly = plain.request(row, args) and time(row, args, plain.request)
  first = first or plainly or checked
  print(("%-24s %10.2f %14.1f %10s"):format(name, checked, bytes,
    plainly and ("%.2f"):format(plainly) or "not plain"))
end
print(("target: %d µs for the first on Lua 5.4: %s"):format(TARGET,
  first <= TARGET and "met" or "missed"))
