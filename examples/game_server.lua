--[[
A game server's loop with an in-game shop: 60 ticks a second, and no tick waits for a
payment. Players buy while the game goes on; portone.poll() once a tick is all it takes.

Usage: eval "$(make -s env LUA=5.4)" && lua5.4 examples/game_server.lua [seconds]
]]

local core = require "portone.core"
local portone = require "portone"

local SECONDS = tonumber(arg and arg[1]) or 3
local TICK = 1 / 60

-- {====== A PortOne to play against: each payment takes a third of a second ======

local sandbox = portone.sandbox.start {}
sandbox:fault { op = "v1.subscribe.again", fault = "latency", seconds = 0.33 }
local client = sandbox:client()

local card = sandbox.cards.success
for player = 1, 8 do
  assert(client.issue_billing_key { customer_uid = "player-" .. player,
    channel_key = sandbox.channel_key, card_number = card.card_number, expiry = card.expiry,
    birth = card.birth, pwd_2digit = card.pwd_2digit })
end

-- }===============================================================================

local bought, refused, orders = 0, 0, 0

-- A task: within it a call looks as if it blocked, and the game goes on.
local function buy(player, item, price)
  orders = orders + 1
  local payment, err = client.request_pay_again {
    customer_uid = "player-" .. player, merchant_uid = "order-" .. orders,
    amount = price, name = item }
  if payment then
    bought = bought + 1
  else
    refused = refused + 1
    print(err)
  end
end

local function tick(n)  -- the game itself would be here
  if n % 6 == 0 then
    portone.spawn(buy, math.floor(n / 6) % 8 + 1, "sword of " .. n, 1000 + n)
  end
end

local slowest, ticks = 0, math.floor(SECONDS / TICK)
for n = 1, ticks do
  local began = core.monotonic()
  tick(n)
  portone.poll()
  local took = core.monotonic() - began
  slowest = math.max(slowest, took)
  core.sleep(math.max(0, TICK - took))
end
portone.run()  -- those still under way

print(("%d ticks, %d bought, %d refused; the slowest tick took %.1f ms of its %.1f")
  :format(ticks, bought, refused, slowest * 1e3, TICK * 1e3))
sandbox:stop()
