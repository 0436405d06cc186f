-- SPDX-License-Identifier: MIT
-- One of the ways to make the measured call from Lua, many times.
--
--   lua call.lua WAY API PORT REQUEST-FILE
--     WAY   public    portone.request_pay_again
--           core      core.client():perform with a request that is ready
--           by-hand   Lua-cURL and lua-cjson, as one writes it without us
--     API   v1 or v2
--
-- For each line of standard input, a number, it makes so many calls and prints microseconds of
-- wall and of CPU time per call. Without a REQUEST-FILE there is one call, whose bytes it writes
-- into that file.

local way, api, port, file = arg[1], arg[2], arg[3], arg[4]
local core = require "portone.core"

local base = "http://127.0.0.1:" .. port
local args = {
  v1 = { customer_uid = "user-42", merchant_uid = "order-1001", amount = 3000,
    name = "monthly pass" },
  v2 = { paymentId = "order-1001", orderName = "monthly pass", currency = "KRW",
    billingKey = "billing-key-0123abcd-4567-89ef-0123-456789abcdef", amount = { total = 3000 },
    customer = { id = "user-42" } },
}

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("*a")
  f:close()
  return text
end

-- The request that was captured: method, URL, headers, body.
local function captured()
  local text = read(file)
  local head, body = text:match("^(.-)\r\n\r\n(.*)$")
  local method, path = head:match("^(%S+) (%S+)")
  local headers, agent = {}, nil
  for line in head:gmatch("\r\n([^\r\n]+)") do
    local name = line:match("^[^:]+"):lower()
    if name == "user-agent" then
      agent = line:match(": (.*)$")
    elseif name ~= "host" and name ~= "content-length" then
      headers[#headers + 1] = line
    end
  end
  return method, base .. path, headers, body, agent
end

local ways = {}

function ways.public()
  local portone = require "portone"
  local client = portone.new {
    base_url = base, v1_base_url = base, api_secret = ("s"):rep(100),
    v1 = { imp_key = "0123456789012345", imp_secret = ("k"):rep(80) },
  }
  local pay, mine = client.request_pay_again, args[api]
  return function()
    local result, err = pay(mine)
    if not result then error(tostring(err)) end
    return result
  end
end

function ways.core()
  local method, url, headers, body, agent = captured()
  local client = core.client { user_agent = agent }
  return function()
    local status, answer = client:perform(method, url, headers, body, 65)
    if status ~= 200 then error(tostring(answer)) end
    return answer
  end
end

ways["by-hand"] = function()
  local folder = os.getenv("PORTONE_BENCH_LUACURL")
  package.cpath = folder .. "/?.so;" .. package.cpath
  package.path = folder .. "/?.lua;" .. package.path
  local curl, cjson = require "lcurl", require "cjson"
  local _, url, headers, _, agent = captured()
  local body = args[api]
  if api == "v2" then
    body = { orderName = body.orderName, currency = body.currency, billingKey = body.billingKey,
      amount = body.amount, customer = body.customer }
  end
  local easy = curl.easy {
    url = url, httpheader = headers, useragent = agent, timeout = 65, nosignal = true,
  }
  local key, number = nil, 0
  for i, line in ipairs(headers) do
    key = line:find("^Idempotency%-Key:") and i or key
  end
  return function()
    local parts, head = {}, {}
    if key then  -- as bare.c: with the key of the call before, the answer would be that call's
      number = number + 1
      headers[key] = ('Idempotency-Key: "%032x"'):format(number)
      easy:setopt_httpheader(headers)
    end
    easy:setopt {
      url = url, postfields = cjson.encode(body),
      writefunction = function(s) parts[#parts + 1] = s end,
      headerfunction = function(s) head[#head + 1] = s end,
    }
    easy:perform()
    if easy:getinfo_response_code() ~= 200 then error("no 200") end
    return cjson.decode(table.concat(parts))
  end
end

local call = ways[way]()
if way == "public" and not io.open(file) then
  call()
  local _, text = core.client({}):perform("GET", base .. "/last", {}, nil, 5)
  local f = assert(io.open(file, "wb"))
  f:write(text)
  f:close()
  return
end
for line in io.lines() do
  local n = tonumber(line)
  local wall, cpu = core.monotonic(), os.clock()
  for _ = 1, n do call() end
  print(("%.3f %.3f"):format((core.monotonic() - wall) / n * 1e6, (os.clock() - cpu) / n * 1e6))
  io.stdout:flush()
end
