--[[
A loop of one's own on poll(2), here by lua-posix: portone.fileno() is readable when there
is something to go on with, portone.timeout() says when a task that sleeps is to be woken
(one sleeps between two attempts of a call), portone.dispatch() goes on with all of them.

Usage: eval "$(make -s env LUA=5.3)" && lua5.3 examples/poll_loop.lua
]]

local poll = require "posix.poll"
local portone = require "portone"

local sandbox = portone.sandbox.start {}
sandbox:fault { op = "v1.payments.prepare", fault = "latency", seconds = 0.1 }
sandbox:fault { op = "v1.payments.prepare", fault = "reset_before_commit", nth = 3 }  -- again
local client = sandbox:client { settle = 0 }  -- the sandbox is done at once; PortOne may need 60 s
local done = 0

for i = 1, 10 do
  portone.spawn(function()
    assert(client.v1.payments.prepare { merchant_uid = "order-" .. i, amount = 1000 * i })
    done = done + 1
  end)
end

local turns, fds = 0, { [portone.fileno()] = { events = { IN = true } } }
while portone.dispatch() > 0 do
  local seconds = portone.timeout()
  poll.poll(fds, seconds and math.ceil(seconds * 1000) or -1)
  turns = turns + 1
end

print(("%d registered in %d turns of the loop"):format(done, turns))
sandbox:stop()
