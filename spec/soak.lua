-- SPDX-License-Identifier: MIT
-- Everything that waits, mixed, for as long as one likes, against a server that is slow, resets
-- and breaks off at random. Fails when memory, descriptors or threads grow, or when a call does
-- not come back.
--
-- Usage: lua spec/soak.lua [seconds]

package.path = "./?.lua;" .. package.path

local core = require "portone.core"
local host = require "portone.loop.host"
local loop = require "portone.loop"
local nginx = require "spec.support.nginx"
local tasks = require "portone.loop.tasks"

local seconds = tonumber(arg[1]) or 60

local why_not = nginx.missing()
if why_not then
  print("soak: skipped, " .. why_not)
  return
end

local server = nginx.start { http = [[
  server {
    listen 127.0.0.1:$PORT1 backlog=1024;
    lingering_close off;
    location / { content_by_lua_block {
      ngx.req.read_body()
      local dice = math.random(100)
      if dice <= 50 then ngx.sleep(math.random(40) / 1000) end
      if dice % 20 == 0 then ngx.exit(444) end
      if dice % 20 == 1 then
        ngx.header.content_length = 1000
        ngx.print("half")
        ngx.flush(true)
        ngx.exit(444)
      end
      if dice % 20 == 2 then ngx.sleep(3) end
      ngx.print(("x"):rep(math.random(20000)))
    } }
  } ]] }
local url = server:url(1, "/")

-- {====== Calls ======

local counts = {}
local begun, ended = 0, 0
local function new_client()
  return core.client { connect_timeout = 2 }
end

local client = new_client()

local function call(choice)
  begun = begun + 1
  local status, code = loop.current(choice).perform(client, "POST", url, {},
    ("y"):rep(math.random(3000)), math.random() < 0.2 and math.random() / 20 + 0.001 or 1)
  ended = ended + 1
  local what = status or code
  counts[what] = (counts[what] or 0) + 1
  return what
end

local function in_tasks()
  local all = {}
  for i = 1, 60 do
    all[i] = tasks.spawn(function()
      call()
      if math.random() < 0.3 then loop.current().sleep(math.random() / 100) end
      return call()
    end)
  end
  while tasks.poll(0.01) > 0 do
    if math.random() < 0.2 then all[math.random(60)]:cancel() end
  end
end

local function in_map()
  tasks.map({ 1, 2, 3, 4, 5, 6, 7, 8 }, function(i)
    if i == 6 and math.random() < 0.5 then return nil, "enough" end
    return call()
  end, { concurrency = 4 })
end

local function blocking()
  for _ = 1, 3 do call("blocking") end
end

local function in_cqueues()
  local found, cqueues = pcall(require, "cqueues")
  if not found then return end
  local controller = cqueues.new()
  for _ = 1, 20 do controller:wrap(call) end
  assert(controller:loop())
end

local function in_luv()
  local found, uv = pcall(require, "luv")
  if not found then return end
  for _ = 1, 20 do coroutine.wrap(call)("luv") end
  uv.run()
end

-- Inboxes and clients that come and go, with calls in flight.
local function coming_and_going()
  for i = 1, 5 do
    local box, other = host.box(), core.client {}
    for _ = 1, 10 do assert(box.inbox:submit(other, "POST", url, {}, "{}", 5)) end
    if i % 2 == 0 then core.sleep(0.01) end
    other:close()
    box.inbox:close()
  end
end

-- }===================

-- {====== What is in use ======

local function first_number(path, pattern)
  local f = assert(io.open(path))
  local n = tonumber(f:read("*a"):match(pattern))
  f:close()
  return n
end

local function entries(path)
  local pipe = assert(io.popen("ls " .. path .. " | wc -l"))
  local n = tonumber(pipe:read("*a"))
  pipe:close()
  return n
end

local function in_use()
  client:close()  -- whether it keeps a connection depends on how its last blocking call ended
  for _ = 1, 500 do  -- until the engine rests, its connections closed
    if not core.engine().running then break end
    core.sleep(0.02)
  end
  for _ = 1, 5 do collectgarbage() end  -- a controller, its box, the box's inbox
  local pid = first_number("/proc/self/stat", "^(%d+)")
  local used = { memory = first_number("/proc/self/status", "VmRSS:%s*(%d+)"),
    descriptors = entries("/proc/" .. pid .. "/fd"), threads = entries("/proc/" .. pid .. "/task") }
  client = new_client()
  return used
end

-- }============================

local ways = { in_tasks, in_map, blocking, in_cqueues, in_luv, coming_and_going }
local function run_for(duration)
  local ends, i = core.monotonic() + duration, 0
  while core.monotonic() < ends do
    i = i + 1
    ways[i % #ways + 1]()
  end
end

core.engine { idle = 0.3 }
math.randomseed(os.time())
tasks.on_error = function(task) error(task.traceback, 0) end
run_for(seconds * 0.3)  -- what is made once has been made then
local before = in_use()
run_for(seconds * 0.7)
local after = in_use()
server:stop()

local names = {}
for what in pairs(counts) do names[#names + 1] = tostring(what) end
table.sort(names)
for i, what in ipairs(names) do
  names[i] = what .. " " .. (counts[what] or counts[tonumber(what)])
end
print(("soak: %d calls in %d s: %s"):format(ended, seconds, table.concat(names, ", ")))
print(("  memory %d -> %d KiB, descriptors %d -> %d, threads %d -> %d"):format(before.memory,
  after.memory, before.descriptors, after.descriptors, before.threads, after.threads))
assert(begun == ended, "calls that did not come back")
assert(after.memory <= before.memory * 1.15 + 2048, "memory grows")
assert(after.descriptors <= before.descriptors, "descriptors grow")
assert(after.threads <= before.threads, "threads grow")
