-- SPDX-License-Identifier: MIT
-- One of the ways to have many calls in flight from Lua.
--
--   lua calls.lua WAY N PORT REQUEST-FILE
--     WAY   tasks     portone.request_pay_again, each call in a task
--           exchange  a request that is ready, each call in a task
--           inbox     a request that is ready, through core.inbox
--           capture   writes REQUEST-FILE: header lines, an empty line, the body; prints the path
--
-- For each line of standard input, a number, it makes so many calls, N of them in flight, and
-- prints microseconds per call: of wall time, of CPU time, and of CPU time of the busiest thread,
-- which is what would limit it on a machine with nothing else to do.

local way, in_flight, port, file = arg[1], tonumber(arg[2]), arg[3], arg[4]
local core = require "portone.core"

local base = "http://127.0.0.1:" .. port
local PATH, AGENT = "/payments/order-1001/billing-key", "portone-lua/1.0 (Lua 5.4; libcurl/7.88.1)"

local function client(loop)
  return require("portone").new { base_url = base, api_secret = ("s"):rep(100), loop = loop,
    user_agent = AGENT }
end

local function pay(c)
  local result, err = c.request_pay_again {
    paymentId = "order-1001", orderName = "monthly pass", currency = "KRW",
    billingKey = "billing-key-0123abcd-4567-89ef-0123-456789abcdef", amount = { total = 3000 },
    customer = { id = "user-42" },
  }
  if not result then error(tostring(err)) end
end

local function own_pid()
  local f = io.open("/proc/self/stat")
  local pid = f and f:read("*n")
  if f then f:close() end
  return pid or 0
end

local PID = own_pid()

local ways = {}

function ways.capture()
  local captured
  pay(client {
    name = "capture", sleep = core.sleep, once = function(_, fn) return fn() end,
    perform = function(_, _, url, headers, body)
      assert(url == base .. PATH)
      captured = { headers = headers, body = body }
      return 200, "{}", "", 0
    end,
  })
  local f = assert(io.open(file, "wb"))
  f:write(table.concat(captured.headers, "\r\n"), "\r\nUser-Agent: ", AGENT, "\r\n\r\n",
    captured.body)
  f:close()
  print(PATH)
end

-- The request as REQUEST-FILE has it.
local function ready()
  local f = assert(io.open(file, "rb"))
  local head, body = f:read("*a"):match("^(.-)\r\n\r\n(.*)$")
  f:close()
  local headers = {}
  for line in (head .. "\r\n"):gmatch("(.-)\r\n") do
    if not line:find("^User%-Agent:") then headers[#headers + 1] = line end
  end
  return core.client { user_agent = AGENT }, base .. PATH, headers, body
end

-- fn in so many tasks at a time.
local function in_tasks(fn)
  local portone = require "portone"
  require("portone.loop.tasks").on_error = function(task) error(task.traceback, 0) end
  return function(calls)
    local begun = 0
    local function worker()
      while begun < calls do
        begun = begun + 1
        fn()
      end
    end
    for _ = 1, math.min(in_flight, calls) do portone.spawn(worker) end
    while portone.poll(1) > 0 do end
  end
end

function ways.tasks()
  local c = client()
  return in_tasks(function() pay(c) end)
end

function ways.exchange()
  local perform = require("portone.loop.tasks").host.perform
  local c, url, headers, body = ready()
  return in_tasks(function()
    local status, code = perform(c, "POST", url, headers, body, 65)
    if status ~= 200 then error(tostring(code)) end
  end)
end

function ways.inbox()
  local c, url, headers, body = ready()
  local inbox = core.inbox()
  return function(calls)
    local begun, done = 0, 0
    local function begin()
      begun = begun + 1
      assert(inbox:submit(c, "POST", url, headers, body, 65))
    end
    while begun < in_flight and begun < calls do begin() end
    while done < calls do
      inbox:wait(1)
      local id, status, code = inbox:take()
      while id do
        if status ~= 200 then error(tostring(code)) end
        done = done + 1
        if begun < calls then begin() end
        id, status, code = inbox:take()
      end
    end
  end
end

local run = ways[way]()
if way == "capture" then
  return
end
-- Nanoseconds on a processor so far, by thread; nothing where there is no schedstat.
local function threads()
  local times, pipe = {}, io.popen("grep -s '' /proc/" .. PID .. "/task/*/schedstat")
  for line in pipe:lines() do
    local id, ns = line:match("/task/(%d+)/schedstat:(%d+)")
    if id then times[id] = tonumber(ns) end
  end
  pipe:close()
  return times
end

for line in io.lines() do
  local n = tonumber(line)
  local before, most = threads(), 0
  local wall, cpu = core.monotonic(), os.clock()
  run(n)
  wall, cpu = core.monotonic() - wall, os.clock() - cpu
  for id, ns in pairs(threads()) do most = math.max(most, ns - (before[id] or 0)) end
  print(("%.3f %.3f %.3f"):format(wall / n * 1e6, cpu / n * 1e6, most / n / 1e3))
  io.stdout:flush()
end
