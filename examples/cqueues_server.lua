--[[
In a cqueues controller: coroutines that charge, beside one that does something else. No
option says so; a call made inside of a controller waits in it.

Usage: eval "$(make -s env LUA=5.4)" && lua5.4 examples/cqueues_server.lua
]]

local cqueues = require "cqueues"
local portone = require "portone"

local sandbox = portone.sandbox.start {}
sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "latency", seconds = 0.2 }
local client = sandbox:client()
local key = assert(client.issue_billing_key { channelKey = sandbox.channel_key,
  method = { card = { credential = sandbox.cards.success.credential } } }).billingKeyInfo.billingKey

local controller = cqueues.new()
local paid, beats = 0, 0

for i = 1, 20 do
  controller:wrap(function()
    local result, err = client.request_pay_again { paymentId = "payment-" .. i,
      billingKey = key, orderName = "monthly pass", amount = { total = 3000 }, currency = "KRW" }
    paid = paid + (result and 1 or 0)
    if not result then
      print(err)
    end
  end)
end

controller:wrap(function()
  while paid < 20 and beats < 1000 do
    cqueues.sleep(0.01)
    beats = beats + 1
  end
end)

assert(controller:loop())
print(("%d paid, and the heart beat %d times meanwhile"):format(paid, beats))
sandbox:stop()
