-- SPDX-License-Identifier: MIT
-- What `require "portone"` costs, and what is loaded after it when it is used: CPU time and
-- memory of fresh processes, the best of several, because other programs share the machine.
--
--   eval "$(make -s env LUA=5.4)"; lua5.4 bench/load.lua [processes]
--
-- libcurl and what it brings along are loaded by the system, not by us: one half of the
-- processes has them in place before it begins, and the difference is theirs.

package.path = "./?.lua;" .. package.path

local add_row = require "bench.row"

local TARGET_MS, TARGET_KIB = 5, 1024

-- What a process does, step by step; it prints milliseconds and KiB of each.
local STEPS = [==[
local function memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage("count")
end
local before, started, loaded
local function step(name, fn)
  before, started = memory(), os.clock()
  fn()
  local ms = (os.clock() - started) * 1000
  local files, known = 0, loaded or {}
  loaded = {}
  for module in pairs(package.loaded) do
    loaded[module] = true
    files = files + (known[module] and 0 or 1)
  end
  print(name, ms, memory() - before, files)
end
step("nothing", function() end)
step("core", function() require "portone.core" end)
local portone
step("module", function() portone = require "portone" end)
local client
step("client", function()
  client = portone.new { api_secret = "s", v1 = { imp_key = "k", imp_secret = "s" },
    base_url = "http://127.0.0.1:1", loop = { perform = function() return 200, "{}", "", 0 end,
      sleep = function() end, once = function(_, fn) return fn() end } }
end)
local payment = { paymentId = "order-1001", billingKey = "billing-key-1", orderName = "pass",
  customer = { id = "user-42", name = { full = "Hong Gildong" } }, amount = { total = 10000 },
  currency = "KRW" }
step("operation", function() return client.v2.payment.pay_with_billing_key end)
step("first call", function() assert(client.v2.payment.pay_with_billing_key(payment)) end)
step("second call", function() assert(client.v2.payment.pay_with_billing_key(payment)) end)
step("all rows", function() for _ in require("portone.api").all() do end end)
]==]

local NAMES = {
  { "core", "portone.core (C, with lua-cjson)" }, { "module", "the module" },
  { "client", "a client, and all that calls need" }, { "operation", "one operation named" },
  { "first call", "its first call (its check, its request)" },
  { "second call", "its second call" }, { "all rows", "all 227 rows" },
}

local function interpreter()
  return arg[-1] or "lua"
end

-- The libraries that the core needs, as the loader found them.
local function libraries()
  local core = assert(package.cpath and io.popen("for f in " ..
    package.cpath:gsub("%?", "portone/core"):gsub("[^;]+", "'%0'"):gsub(";", " ")
    .. "; do [ -f $f ] && ldd $f && break; done 2>/dev/null"))
  local list = {}
  for path in core:read("*a"):gmatch("=> (/%S+)") do
    if path:find("curl") or path:find("crypto") then list[#list + 1] = path end
  end
  core:close()
  return table.concat(list, ":")
end

-- Least of each number over several processes.
local function measure(times, preload)
  local file = os.tmpname()
  local f = assert(io.open(file, "w"))
  f:write(STEPS)
  f:close()
  local best = {}
  for _ = 1, times do
    local p = assert(io.popen((preload and "LD_PRELOAD='" .. preload .. "' " or "")
      .. interpreter() .. " " .. file))
    for line in p:lines() do
      local name, ms, kib, files = line:match("^([%a ]+)\t(%S+)\t(%S+)\t(%S+)$")
      local row = best[name] or { ms = math.huge, kib = math.huge, files = tonumber(files) }
      best[name] = row
      row.ms = math.min(row.ms, tonumber(ms))
      row.kib = math.min(row.kib, tonumber(kib))
    end
    p:close()
  end
  os.remove(file)
  return best
end

local times = tonumber(arg[1]) or 15
local cold, warm = measure(times), measure(times, libraries())
local jit = rawget(_G, "jit")
print(("%-42s %8s %8s %6s"):format(jit and jit.version or _VERSION, "ms", "KiB", "files"))
print(("%-42s %8.2f"):format("libcurl, libcrypto and theirs", cold.core.ms - warm.core.ms))
for _, name in ipairs(NAMES) do
  local row = warm[name[1]]
  print(("%-42s %8.2f %8.1f %6d"):format(name[2], row.ms, row.kib, row.files))
end
local ms, kib = warm.core.ms + warm.module.ms, warm.core.kib + warm.module.kib
print(("require \"portone\", ours: %.2f ms, %.0f KiB; target: %d ms, %d KiB: %s"):format(ms, kib,
  TARGET_MS, TARGET_KIB, ms <= TARGET_MS and kib <= TARGET_KIB and "met" or "missed"))
local world = jit and "LuaJIT" or _VERSION
add_row(world .. ": require \"portone\", ms", ms, "%.2f", "<=", TARGET_MS)
add_row(world .. ": require \"portone\", KiB", kib, "%.0f", "<=", TARGET_KIB)
add_row("  ... and the first client, which brings what calls need, ms", ms + warm.client.ms, "%.2f")
