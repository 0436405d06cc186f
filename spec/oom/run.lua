io.stdout:setvbuf "line"
-- SPDX-License-Identifier: MIT
-- Each allocation in turn fails, over all paths of the core. For n = 1, 2, 3, … the n-th fails,
-- once or with all that come after it, until a path goes through untouched. Each time: no crash,
-- a Lua error or nil and a word, and the same path goes through right after.
--
--   lua run.lua WAY SECONDS [PATH...]     WAY: lua, core or all (see oom.c)
--
-- SECONDS bound the whole: where there are too many allocations for the time, every k-th fails.
-- The last line is "N failures injected, N problems".

local oom = require "oom"
local core = require "portone.core"

local way, seconds = arg[1], tonumber(arg[2])
local wanted = {}
for i = 3, #arg do wanted[arg[i]] = true end

local injected, problems = 0, 0
math.randomseed(os.time())

local function problem(name, n, span, text)
  problems = problems + 1
  if problems <= 20 then
    print(("PROBLEM  %s, allocation %d%s: %s"):format(name, n, span == 0 and " and all after" or "",
      tostring(text):match("^[^\n]*")))
  end
end

-- What an error may say when something could not be had.
local words = {
  "not enough memory", "[Oo]ut of memory", "Cannot allocate memory", "memory at hand",
  "no memory", "no random bytes", "cannot make an HMAC", "Too many open files",
  "No space left on device", "engine cannot start", "Resource temporarily unavailable",
  "libcurl cannot start", "memory or threads", "not enough threads", "cannot listen",
}

-- What libcurl says when it, or what lies below it, has none; and nothing was sent.
if way == "all" then
  table.insert(words, "^network: .*: nothing$")
  table.insert(words, "^tls: .*: nothing$")
  table.insert(words, "module '[^']*' not found")  -- its file could not be opened
end

-- Where the sandbox's side failed, the client's sees a failure of the server.
local far = { "^network: ", "^timeout: ", "^protocol: ", "^status 500: ", "^portone: [%a_]+: ",
  "^a delivery is kept$" }

local function is_word(message, of_server)
  if type(message) ~= "string" then return false end
  for _, pattern in ipairs(words) do
    if message:find(pattern) then return true end
  end
  for _, pattern in ipairs(of_server and far or {}) do
    if message:find(pattern) then return true end
  end
  return false
end

-- Once without failures.
local function round(path)
  if path.before then path.before() end
  path.run()
  if path.after then path.after(false, way) end
end

-- One failure. True when the path went through untouched.
local function strike(path, n, span)
  if path.before then path.before() end
  local began = core.monotonic()
  local ok, message, hits = oom.try(way, n, span, path.run)
  if core.monotonic() - began > 8 then
    problem(path.name, n, span, "took too long: " .. tostring(message))
  end
  if hits > 0 then injected = injected + 1 end
  if not ok and (hits == 0 or not is_word(message, path.far)) then
    problem(path.name, n, span, message)
  end
  local fine, wrong = pcall(function()
    if path.after then path.after(not ok, way) end
    round(path)
  end)
  if not fine then problem(path.name, n, span, "afterwards: " .. tostring(wrong)) end
  return hits == 0
end

-- How many allocations a path makes when none fails: the second time, when all is warm.
local function count(path)
  round(path)
  if path.before then path.before() end
  local ok, message, _, n = oom.try(way, 1e15, 1, path.run)
  if not ok then problem(path.name, 0, 1, message) end
  if path.after then path.after(false, way) end
  return n
end

local function walk(path, span, budget)
  local total, began = count(path), core.monotonic()
  local n, strikes = 1, 0
  while not strike(path, n, span) do
    strikes = strikes + 1
    local spent = core.monotonic() - began
    -- what is left of the time has to do for what is left of the allocations
    local step = (total - n) * spent / strikes / math.max(budget - spent, 0.001)
    step = math.floor(math.max(1, math.min(step, total / 10)))
    n = n + math.random(1, 2 * step - 1)  -- others each time
    if n > total * 2 + 100 then
      problem(path.name, n, span, "does not come to an end")
      break
    end
  end
  return total
end

for _, name in ipairs { "oom", "cjson" } do
  assert(oom.pin(package.searchpath(name, package.cpath)))
end
if way == "lua" then
  oom.watch()
  -- LuaJIT's compiler (not its interpreter) does not survive a failing allocator, in any program.
  if rawget(_G, "jit") then rawget(_G, "jit").off() end
end

local function loads(span)
  local chunk = [[
    require "portone.core"
    require "portone.json"
    require "portone.sandbox.httpd"
  ]]
  local verify = [[
    for _, name in ipairs { "cjson", "portone.core", "portone.json",
                             "portone.sandbox.httpd" } do
      package.loaded[name] = nil  -- LuaJIT keeps a mark of the failure there
    end
    local core, json = require "portone.core", require "portone.json"
    local client = core.client {}
    assert(getmetatable(client).__gc and tostring(client) == "portone.client (open)")
    client:close()
    local inbox = core.inbox()
    assert(getmetatable(inbox).__gc and inbox:count() == 0)
    inbox:close()
    assert(json.encode(json.array {}) == "[]" and json.is_array(json.decode "[]"))
    assert(core.webhook_sign(core.webhook_keys "k", "i", "1", "b"))
    local server = assert(require "portone.sandbox.httpd".start {
      module = "spec.oom.module", ports = { a = 0 } })
    assert(getmetatable(server).__gc and server:port "a" > 0)
    server:stop()
  ]]
  local n = 0
  repeat
    n = n + 1
    local message, hits, wrong = oom.fresh(n, span, chunk, verify)
    if hits > 0 then injected = injected + 1 end
    if message and not is_word(message) then problem("loading", n, span, message) end
    if wrong then problem("loading", n, span, "afterwards: " .. wrong) end
  until hits == 0 or n > 20000
  return n
end

local paths = require "spec.oom.paths"
local spans = { 0, 1 }
local chosen = {}
-- With coroutines in the path, LuaJIT itself has died in its allocator or its collector, in about
-- one run of five. Whose fault that is was not found; the other ways and worlds do walk it.
local function is_walked(path)
  if next(wanted) then return wanted[path.name] end
  return not (way == "lua" and rawget(_G, "jit") and path.name == "a charge in a task")
end

for _, path in ipairs(paths) do
  if is_walked(path) then table.insert(chosen, path) end
end
local began = core.monotonic()
if way == "lua" and not next(wanted) then
  for _, span in ipairs(spans) do loads(span) end
  print(("%-44s %6.1f s"):format("loading", core.monotonic() - began))
end
for i, path in ipairs(chosen) do
  local start, before = core.monotonic(), injected
  local budget = (seconds - (start - began)) / (#chosen - i + 1)
  local total = 0
  for _, span in ipairs(spans) do total = walk(path, span, budget / #spans) end
  print(("%-44s %6.1f s %6d allocations %6d failed"):format(path.name, core.monotonic() - start,
    total, injected - before))
end
paths.stop()
collectgarbage()
collectgarbage()
-- What LuaJIT's own memory refers to looks lost until its state is closed.
if not rawget(_G, "jit") and not oom.leaks() then problem("all", 0, 0, "something leaked") end
print(("%d failures injected, %d problems"):format(injected, problems))
os.exit(problems == 0 and injected > 0, true)
