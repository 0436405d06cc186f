-- One state's life: calls that block, calls in tasks, and an end with calls in flight. The
-- server answers everything with {}.
local thread, round, url = ...
local portone = require "portone"

local client = portone.new { api_secret = "a-secret-of-the-spec", base_url = url }

local function call(timeout)
  local result, err = client.v2.payment.get_payment(
    { paymentId = ("p-%d-%d"):format(thread, round) }, { timeout = timeout or 20 })
  return result, tostring(err)
end

assert(call())
local n = 0
for _ = 1, 8 do
  portone.spawn(function()
    assert(call())
    n = n + 1
  end)
end
while portone.poll(0.05) > 0 do end
assert(n == 8, n)

assert(#assert(portone.map({ 1, 2, 3, 4 }, function(i) return call() and i end)) == 4)

local task = portone.spawn(call)
task:cancel()
portone.run()
assert(task.status == "cancelled")

for _ = 1, round % 5 do portone.spawn(call) end
if round % 2 == 0 then client.close() end
