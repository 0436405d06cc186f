-- SPDX-License-Identifier: MIT
-- How many webhooks one core verifies: a body of 300 bytes, the headers of a usual request.
--
--   eval "$(make -s env LUA=5.4)"; lua5.4 bench/webhook.lua
--
-- CPU time, the best of many short runs, because other programs share the machine.

package.path = "./?.lua;" .. package.path

local core = require "portone.core"
local json = require "portone.json"
local webhook = require "portone.webhook"

local TARGET = 200000

local body = '{"type":"Transaction.Paid","timestamp":"2024-04-25T10:00:00.000Z","data":{'
  .. '"storeId":"store-4ff4af41-85e3-4559-8eb8-0d08a2c6ceec",'
  .. '"paymentId":"payment-01hv9x3k5m7n8p9q0r1s2t3u4v",'
  .. '"transactionId":"018f1234-5678-9abc-def0-123456789abc"},'
  .. '"note":"a field that is not known yet, to make up for 300 bytes"}'

local secret, former = webhook.new_secret(), webhook.new_secret()

local function request(secrets)
  local headers = webhook.sign(body, { secrets = secrets })
  for name, value in pairs {
    host = "shop.example", ["content-type"] = "application/json", accept = "*/*",
    ["content-length"] = tostring(#body), ["user-agent"] = "PortOne", connection = "close",
    ["accept-encoding"] = "gzip", ["x-forwarded-for"] = "52.78.5.241",
  } do
    headers[name] = value
  end
  return headers
end

-- Seconds of one call of fn.
local function measure(fn)
  local n, best = 2000, math.huge
  for _ = 1, 150 do
    local started = os.clock()
    for _ = 1, n do
      fn()
    end
    best = math.min(best, (os.clock() - started) / n)
  end
  return best
end

local function report(what, fn)
  local seconds = measure(fn)
  print(("%-46s %8.2f us  %8d /s"):format(what, seconds * 1e6, math.floor(1 / seconds)))
  return 1 / seconds
end

local headers = request { secret }
local one, two = { secrets = { secret } }, { secrets = { former, secret } }
local seen = { secrets = { secret }, seen = { add = function() return true end } }
local keys = core.webhook_keys(core.unbase64((secret:gsub("^whsec_", ""))))

print(("webhook.verify, %s, body of %d bytes, %d headers"):format(
  rawget(_G, "jit") and rawget(_G, "jit").version or _VERSION, #body, 11))
local rate = report("verify", function() assert(webhook.verify(body, headers, one)) end)
report("verify, the second of two secrets", function()
  assert(webhook.verify(body, headers, two))
end)
report("verify, with a store", function() assert(webhook.verify(body, headers, seen)) end)
report("of this: headers, time, signature", function()
  assert(core.webhook_check(keys, headers, body, core.now(), 300, 1e6))
end)
report("of this: JSON", function() assert(json.decode(body)) end)
local memory, n = webhook.store.memory(), 0
report("a memory store's add", function()
  n = n + 1
  assert(memory:add(n, 60))
end)
print(("target: %d /s: %s"):format(TARGET, rate >= TARGET and "met" or "missed"))
require "bench.row"((rawget(_G, "jit") and "LuaJIT" or _VERSION) .. ": webhook verify, per second",
  rate, "%.0f", ">=", TARGET)
