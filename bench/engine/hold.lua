-- SPDX-License-Identifier: MIT
-- A thousand calls in flight that nobody answers: what they weigh, and what portone.poll(0)
-- costs the program's loop meanwhile.
--
--   lua hold.lua REQUEST-FILE BARE WORLD     BARE: the program bare.c
--
-- Its status is 3 when there is no LuaSocket.

package.path = "./?.lua;" .. package.path

local request, bare, world = arg[1], arg[2], arg[3] or _VERSION
local N = 1000
local core = require "portone.core"
local portone = require "portone"
local row = require "bench.row"
local found, socket = pcall(require, "socket")
if not found then os.exit(3) end

-- Connections are taken by the kernel; nobody accepts them.
local server = assert(socket.bind("127.0.0.1", 0, 4096))
local port = select(2, server:getsockname())
local base = "http://127.0.0.1:" .. port

-- Bytes of memory in use.
local function resident()
  local f = assert(io.open("/proc/self/statm"))
  local pages = f:read("*l"):match("^%d+ (%d+)")
  f:close()
  return pages * 4096
end

local client = portone.new { base_url = base, api_secret = ("s"):rep(100) }

local function begin(i)
  portone.spawn(function()
    client.request_pay_again({
      paymentId = "order-" .. i, orderName = "monthly pass", currency = "KRW",
      billingKey = "billing-key-0123abcd-4567-89ef-0123-456789abcdef",
      amount = { total = 3000 }, customer = { id = "user-42" },
    }, { max_retries = 0 })
  end)
end

begin(0)
core.sleep(0.2)
collectgarbage()
collectgarbage()
local before = resident()
for i = 1, N do begin(i) end
while core.engine().active < N do portone.poll(0.05) end
core.sleep(0.5)
collectgarbage()
collectgarbage()
local ours = (resident() - before) / N

local pipe = io.popen(("%s epoll %d %s/ %s hold"):format(bare, N, base, request))
local theirs = tonumber(pipe:read("*a"))
pipe:close()
print(("  memory of a call in flight: %.1f KiB, of a bare transfer %.1f KiB: %.1f KiB more"):format(
  ours / 1024, theirs / 1024, (ours - theirs) / 1024))

local poll, clock = portone.poll, core.monotonic
local times = {}
for i = 1, 200000 do
  local from = clock()
  poll(0)
  times[i] = clock() - from
end
table.sort(times)
local p50, p99 = times[100000] * 1e6, times[198000] * 1e6
print(("  portone.poll(0), nothing done, %d in flight: p50 %.2f, p99 %.2f microseconds"):format(N,
  p50, p99))
local met = row(world .. ": memory of a call in flight over libcurl's, KiB", (ours - theirs) / 1024,
  "%.1f", "<=", 8)
met = row(world .. ": poll(0), nothing done, 1,000 in flight, p99 in µs", p99, "%.2f", "<=", 5)
  and met
os.exit(met and 0 or 1)
