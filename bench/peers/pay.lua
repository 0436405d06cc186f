-- SPDX-License-Identifier: MIT
-- One of the ways to make a payment from Lua.
--
--   lua pay.lua WAY URL      WAY: portone, luasocket, lua-http
--
-- For each line of standard input, a number, it makes so many calls, one after the other, and
-- prints microseconds of wall and of CPU time per call.

local way, base = arg[1], arg[2]

local secret = ("s"):rep(100)
local url = base .. "/payments/order-1001/billing-key"

-- What the caller has in hand; the others put identifier and body together themselves.
local function order()
  return { orderName = "monthly pass", currency = "KRW",
    billingKey = "billing-key-0123abcd-4567-89ef-0123-456789abcdef", amount = { total = 3000 },
    customer = { id = "user-42" } }
end

local clock
local ways = {}

function ways.portone()
  clock = require("portone.core").monotonic
  local pay = require("portone").new { base_url = base, api_secret = secret }.request_pay_again
  return function()
    local args = order()
    args.paymentId = "order-1001"
    assert(pay(args))
  end
end

local key = 0

local function headers()
  key = key + 1
  return "PortOne " .. secret, ('"%032x"'):format(key)
end

function ways.luasocket()
  clock = require("socket").gettime
  local http, ltn12, json = require "socket.http", require "ltn12", require "cjson"
  return function()
    local authorization, idempotency = headers()
    local body, parts = json.encode(order()), {}
    local _, status = http.request {
      url = url, method = "POST", source = ltn12.source.string(body),
      sink = ltn12.sink.table(parts),
      headers = { ["authorization"] = authorization, ["content-type"] = "application/json",
        ["accept"] = "application/json", ["idempotency-key"] = idempotency,
        ["content-length"] = #body },
    }
    assert(status == 200 and json.decode(table.concat(parts)).payment)
  end
end

ways["lua-http"] = function()
  clock = require("cqueues").monotime
  local request, json = require "http.request", require "cjson"
  local template = request.new_from_uri(url)
  return function()
    local r = template:clone()
    local authorization, idempotency = headers()
    r.headers:upsert(":method", "POST")
    r.headers:upsert("authorization", authorization)
    r.headers:upsert("content-type", "application/json")
    r.headers:upsert("accept", "application/json")
    r.headers:upsert("idempotency-key", idempotency)
    r:set_body(json.encode(order()))
    local answer, stream = assert(r:go(65))
    assert(answer:get(":status") == "200")
    assert(json.decode(assert(stream:get_body_as_string())).payment)
  end
end

local call = ways[way]()
for line in io.lines() do
  local n = tonumber(line)
  local wall, cpu = clock(), os.clock()
  for _ = 1, n do call() end
  wall, cpu = (clock() - wall) / n * 1e6, (os.clock() - cpu) / n * 1e6
  print(("%.3f %.3f %.3f"):format(wall, cpu, cpu))
  io.stdout:flush()
end
