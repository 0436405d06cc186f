-- SPDX-License-Identifier: MIT
-- Inside the measured nginx: ways to have many calls in flight from one worker, and a load.

local core = require "portone.core"
local loop = require "portone.loop"

local M = {}

-- The request of a payment, as portone.request_pay_again sends it.
local payment = {
  paymentId = "order-1001", orderName = "monthly pass", currency = "KRW",
  billingKey = "billing-key-0123abcd-4567-89ef-0123-456789abcdef", amount = { total = 3000 },
  customer = { id = "user-42" },
}

local path, headers, body

local function capture(base)
  local host = { name = "capture", sleep = ngx.sleep, once = function(_, fn) return fn() end }
  function host.perform(_, _, url, lines, text)
    path, headers, body = url:sub(#base + 1), lines, text
    return 200, "{}", "", 0
  end
  require("portone").new { base_url = base, api_secret = ("s"):rep(100), loop = host }
    .request_pay_again(payment)
end

local ways = {}

-- The public call: checks, JSON and all.
function ways.public(base)
  local client = require("portone").new { base_url = base, api_secret = ("s"):rep(100) }
  return function()
    assert(client.request_pay_again(payment))
  end
end

-- One exchange with a request that is ready, which is what lua-resty-http does too.
function ways.exchange(base)
  local client, host = core.client {}, loop.current()
  return function()
    local status, text = host.perform(client, "POST", base .. path, headers, body, 65)
    if status ~= 200 then error(tostring(text)) end
  end
end

function ways.resty(base)
  local http = require "resty.http"
  local named = {}
  for _, line in ipairs(headers) do
    local name, value = line:match("^([^:]+): (.*)$")
    named[name] = value
  end
  return function()
    local h = http.new()
    h:set_timeouts(10000, 65000, 65000)
    local res, err = h:request_uri(base .. path, { method = "POST", body = body,
      headers = named, keepalive_timeout = 60000, keepalive_pool = 2000 })
    if not res or res.status ~= 200 then error(tostring(err)) end
  end
end

local made = {}

-- Runs 'calls' calls, 'n' at a time; microseconds of wall and of CPU time per call.
function M.run(way, n, calls, base)
  if not path then capture(base) end
  made[way] = made[way] or ways[way](base)
  local call, begun, threads = made[way], 0, {}
  local function worker()
    while begun < calls do
      begun = begun + 1
      call()
    end
  end
  local from, cpu = core.monotonic(), os.clock()
  for i = 1, n do threads[i] = ngx.thread.spawn(worker) end
  for i = 1, n do assert(ngx.thread.wait(threads[i])) end
  return ("%.3f %.3f"):format((core.monotonic() - from) / calls * 1e6,
    (os.clock() - cpu) / calls * 1e6)
end

-- Keeps n calls in flight for so many seconds, each of which the server takes a second for.
function M.load(n, seconds, base)
  local client, host = core.client {}, loop.current()
  ngx.timer.at(0, function()
    local ends, threads = core.monotonic() + seconds, {}
    local function worker()
      while core.monotonic() < ends do
        host.perform(client, "GET", base .. "/slow", {}, nil, 20)
      end
    end
    for i = 1, n do threads[i] = ngx.thread.spawn(worker) end
    for i = 1, n do ngx.thread.wait(threads[i]) end
  end)
end

return M
