-- SPDX-License-Identifier: MIT
-- luv (libuv): a call suspends the coroutine that makes it, and libuv's loop resumes it. This
-- host is chosen by name, loop = "luv"; whether libuv's loop will run, nobody can tell.
--
-- The inbox's descriptor is watched while something is in flight, so that uv.run() can end.

local hosts = require "portone.loop.host"
local uv = require "luv"

local M = {}

local box                                          -- opened by the first call
local scopes = setmetatable({}, { __mode = "k" })  -- of what map has started, by coroutine

local ends = setmetatable({}, { __mode = "k" })    -- who wants to know of a coroutine's end

-- What a coroutine raises is luv's to report, in a callback of its own: those whose turn comes
-- after it have done nothing wrong.
local function report(co, err)
  local text, timer = debug.traceback(co, tostring(err)), uv.new_timer()
  timer:start(0, 0, function()
    timer:close()
    error(text, 0)
  end)
end

local function after(co, ok, ...)
  if coroutine.status(co) ~= "dead" then
    return
  elseif ends[co] then
    ends[co](ok, ...)
  elseif not ok then
    report(co, (...))
  end
end

local function go_on(co)
  after(co, coroutine.resume(co))
end

-- Resumed by libuv after so many milliseconds.
local function pause(ms)
  local co, timer = hosts.running(), uv.new_timer()
  timer:start(ms, 0, function()
    timer:close()
    go_on(co)
  end)
  coroutine.yield()
end

local function probe()
  pause(0)
end

local function check()
  local co = hosts.running()
  if not co then
    error("portone: with luv a call waits in a coroutine: do this in "
      .. "coroutine.wrap(function() … end)(), and run the loop", 0)
  end
  hosts.must_yield(probe)
  return scopes[co]
end

local function wake(waiter)
  local co = waiter.co
  waiter.co = nil
  if co then
    go_on(co)
  end
end

local function on_readable()
  hosts.drain(box, wake)
  if box.inbox:count() == 0 then
    box.poll:stop()
    box.watched = false
  end
end

local function wait(waiter)
  if waiter.box and not box.watched then
    box.poll:start("r", on_readable)
    box.watched = true
  end
  while not waiter.done do
    waiter.co = hosts.running()
    coroutine.yield()
  end
end

local function get_box()
  if not box then
    box = hosts.box()
    box.poll = uv.new_poll(box.inbox:fileno())
  end
  return box
end

local function sleep(seconds)
  check()
  if type(seconds) ~= "number" or seconds < 0 then
    error("portone.sleep: seconds expected", 2)
  end
  pause(math.ceil(seconds * 1000))
end

local function start(fn, done)
  local scope = {}
  local co = hosts.create(fn)
  scopes[co], ends[co] = scope, done
  go_on(co)
  return scope
end

M.host = hosts.new { name = "luv", check = check, wait = wait, wake = wake, sleep = sleep,
  start = start, box = get_box }

return M
