-- What server.c runs in each of its states: 'open' once, in the first, 'run' in every arena.

local core = require "portone.core"
local json = require "portone.json"
local portone = require "portone"

local M = {}

local TICKS, TICK = 20, 1 / 20

---Starts a sandbox to play against, and gives out what a client of it needs. With keys of your
---own this is where they are read.
function M.open()
  M.sandbox = portone.sandbox.start {}
  M.sandbox:fault { op = "v1.subscribe.again", fault = "latency", seconds = 0.2 }
  local card, client = M.sandbox.cards.success, M.sandbox:client()
  assert(client.issue_billing_key { customer_uid = "player-1", card_number = card.card_number,
    expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit,
    channel_key = M.sandbox.channel_key })
  return (assert(json.encode { v1_base_url = M.sandbox.v1_url,
    v1 = { imp_key = M.sandbox.imp_key, imp_secret = M.sandbox.imp_secret } }))
end

---One arena: a loop that never waits for a payment.
---@return integer sold
function M.run(number, settings)
  local client, sold = portone.new(json.decode(settings)), 0
  local function buy(order)
    local payment, err = client.request_pay_again { customer_uid = "player-1",
      merchant_uid = order, amount = 1200, name = "sword" }
    if not payment then error(tostring(err)) end
    sold = sold + 1
  end
  for tick = 1, TICKS do
    if tick % 5 == 0 then portone.spawn(buy, ("arena-%d-%d"):format(number, tick)) end
    portone.poll()
    core.sleep(TICK)  -- the game itself
  end
  portone.run()
  return sold
end

return M
