-- SPDX-License-Identifier: MIT
-- cqueues: a call suspends the coroutine of the controller it runs in.
--
-- Every controller has a box of its own, and while something is in flight from it one more
-- coroutine, the pump, which waits for the inbox's descriptor and wakes those whose answers have
-- come. It ends with the last call, so that controller:loop() can.

local auxlib = require "cqueues.auxlib"
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local hosts = require "portone.loop.host"

local M = {}

-- Boxes by controller. The descriptor of a box goes with its controller.
local boxes = setmetatable({}, { __mode = "k" })

local scopes = setmetatable({}, { __mode = "k" })  -- of what map has started, by coroutine

local function probe()
  cqueues.sleep(0)
end

local function check()
  local controller, own = cqueues.running()
  if not controller then
    error("portone: not in a cqueues controller: do this in a function given to its wrap", 0)
  end
  local scope = scopes[hosts.running()]
  if not own and not scope then
    error("portone: a call in a coroutine of your own, inside a cqueues controller, cannot wait; "
      .. "give the function to the controller's wrap instead", 0)
  end
  hosts.must_yield(probe)
  return scope
end

local function wait(waiter)
  while not waiter.done do
    waiter.condition = waiter.condition or condition.new()
    waiter.condition:wait()
  end
end

local function wake(waiter)
  if waiter.condition then
    waiter.condition:signal()
  end
end

local function pump(box)
  local readable = { pollfd = box.inbox:fileno(), events = "r" }
  while box.inbox:count() > 0 do
    cqueues.poll(readable)
    hosts.drain(box, wake)
  end
  box.pumping = false
end

-- The pump is begun by the controller when the caller has submitted and waits.
local function get_box()
  local controller = cqueues.running()
  local box = boxes[controller]
  if not box then
    box = hosts.box()
    boxes[controller] = box
  end
  if not box.pumping then
    box.pumping = true
    controller:wrap(pump, box)
  end
  return box
end

local function sleep(seconds)
  check()
  cqueues.sleep(seconds)
end

-- In a coroutine inside the controller's own, which sees how it ends (in Lua 5.1 a pcall would
-- not let it wait). auxlib passes its waits on.
local function start(fn, done)
  local co, scope = hosts.create(fn), {}
  scopes[co] = scope
  cqueues.running():wrap(function()
    done(auxlib.resume(co))
  end)
  return scope
end

M.host = hosts.new { name = "cqueues", check = check, wait = wait, wake = wake, sleep = sleep,
  start = start, box = get_box }

return M
