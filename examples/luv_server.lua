--[[
In luv's loop (libuv). It is chosen by name, since nobody can tell whether uv.run() will
come: loop = "luv". A call suspends the coroutine it is made in.

Usage: eval "$(make -s env LUA=5.4)" && lua5.4 examples/luv_server.lua
]]

local portone = require "portone"
local uv = require "luv"

local sandbox = portone.sandbox.start {}
sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "latency", seconds = 0.2 }
local key = assert(sandbox:client().issue_billing_key { channelKey = sandbox.channel_key,
  method = { card = { credential = sandbox.cards.success.credential } } }).billingKeyInfo.billingKey
local client = sandbox:client { loop = "luv" }

local paid, beats = 0, 0
local heart = uv.new_timer()
heart:start(10, 10, function()
  beats = beats + 1
end)

for i = 1, 20 do
  coroutine.wrap(function()
    local result, err = client.request_pay_again { paymentId = "payment-" .. i,
      billingKey = key, orderName = "monthly pass", amount = { total = 3000 }, currency = "KRW" }
    if not result then
      print(err)
    end
    paid = paid + (result and 1 or 0)
    if paid == 20 then
      heart:close()  -- nothing else keeps the loop
    end
  end)()
end

uv.run()
print(("%d paid, and the heart beat %d times meanwhile"):format(paid, beats))
sandbox:stop()
