-- SPDX-License-Identifier: MIT
-- Asks the measured nginx and tells the results.
--
--   lua drive.lua FRONT-PORT UPSTREAM-PORT TURNS WAY...

package.path = "./?.lua;" .. package.path

local front, up, turns = arg[1], arg[2], tonumber(arg[3])
local core = require "portone.core"
local row = require "bench.row"

local client = core.client {}
local base = "http://127.0.0.1:" .. front
local server = "http://127.0.0.1:" .. up

local function get(path)
  local status, body = client:perform("GET", base .. path, {}, nil, 120)
  if status ~= 200 then error(path .. ": " .. tostring(body)) end
  return body
end

local function quantile(list, q)
  table.sort(list)
  return list[math.max(1, math.ceil(#list * q))]
end

-- {====== Calls per second ======

local function add_to(lists, key, value)
  lists[key] = lists[key] or {}
  table.insert(lists[key], value)
end

local rates, shares, cpus = {}, {}, {}
for turn = -1, turns do
  local wall, cpu = {}, {}
  for i = 4, #arg do
    local way = arg[i]
    wall[way], cpu[way] = get(("/run?way=%s&n=64&calls=2000&base=%s"):format(way, server))
      :match("^(%S+) (%S+)")
  end
  for way, us in pairs(turn > 0 and wall or {}) do
    add_to(rates, way, 1e6 / us)
    add_to(cpus, way, tonumber(cpu[way]))
    add_to(shares, way, wall.resty and wall.resty / us or 0)
  end
end
print(("one worker, 64 in flight: calls/s, how many times those of lua-resty-http, and CPU "
  .. "microseconds\nper call of the worker's threads; medians of %d turns of 2000 calls")
  :format(turns))
local what = { exchange = "a ready request", public = "public call" }
local met = true
for i = 4, #arg do
  local way = arg[i]
  local share = quantile(shares[way], 0.5)
  print(("  %-10s %9.0f %6s %9.2f"):format(way, quantile(rates[way], 0.5),
    share > 0 and ("%.2f"):format(share) or "", quantile(cpus[way], 0.5)))
  if what[way] and share > 0 then
    met = row("nginx, 64 in flight, " .. what[way] .. ": calls/s / lua-resty-http's", share, "%.2f",
      ">=", 1.4) and met
  end
end

-- }===============================

-- {====== Others of the worker ======

-- Milliseconds of many requests to a location that has nothing to do with us.
local function probe(seconds)
  local list, ends = {}, core.monotonic() + seconds
  while core.monotonic() < ends do
    local from = core.monotonic()
    get("/idle")
    list[#list + 1] = (core.monotonic() - from) * 1000
    core.sleep(0.0005)
  end
  return list
end

local function add(to, list)
  for _, ms in ipairs(list) do to[#to + 1] = ms end
end

-- Requests a second, one after the other.
local function rate(seconds)
  local n, from = 0, core.monotonic()
  repeat
    get("/idle")
    n = n + 1
  until core.monotonic() - from >= seconds
  return n / (core.monotonic() - from)
end

probe(0.3)
local idle, loaded, over, kept = {}, {}, {}, {}
for _ = 1, 5 do
  local a, a_rate = probe(1.5), rate(0.5)
  get(("/load?n=1000&seconds=4&base=%s"):format(server))
  core.sleep(1.5)  -- until all are in flight
  local b, b_rate = probe(1.5), rate(0.5)
  core.sleep(2.5)
  over[#over + 1] = quantile(b, 0.99) - quantile(a, 0.99)
  kept[#kept + 1] = b_rate / a_rate
  add(idle, a)
  add(loaded, b)
end
print "an unrelated location while 1,000 calls of 1 s are in flight, ms: p50, p99"
print(("  %-10s %9.2f %9.2f   (%d requests)"):format("idle", quantile(idle, 0.5),
  quantile(idle, 0.99), #idle))
print(("  %-10s %9.2f %9.2f   (%d requests)"):format("loaded", quantile(loaded, 0.5),
  quantile(loaded, 0.99), #loaded))
print(("  p99 over idle, median of 5 rounds: %.2f ms"):format(quantile(over, 0.5)))

-- }==================================

row("nginx: requests/s of an unrelated location, 1,000 calls of 1 s in flight / none",
  quantile(kept, 0.5), "%.2f")
met = row("nginx: p99 of it over that of none in flight, ms", quantile(over, 0.5), "%.2f", "<", 1)
  and met
os.exit(met and 0 or 1)
