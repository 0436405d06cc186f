-- SPDX-License-Identifier: MIT
-- Tasks, for a program with a loop of its own: a game, a daemon, a script.
--
--   local task = tasks.spawn(function() … portone calls … end)
--   while running do  -- the program's loop
--     tasks.poll(0)   -- goes on with the tasks whose answers have come
--   end
--
-- A task is a coroutine in which a call suspends. 'poll' resumes it when the answer is there;
-- with nothing done it looks at one flag. All of it belongs to one lua_State: tasks never run
-- at the same time, and never but inside spawn, poll, run and wait.

local core = require "portone.core"
local hosts = require "portone.loop.host"

local M = { name = "tasks" }

local unpack = table.unpack or unpack
local resume, yield, status = coroutine.resume, coroutine.yield, coroutine.status
local drain = hosts.drain

local CANCELLED = "the task was cancelled"
local BATCH = 8  -- answers that are taken before those who wait for them go on

-- What a task's yield says. Anything else is a yield of the user's own: until the next poll.
local WAIT, PROBE = {}, {}

local box                       -- opened by the first call
local current                   -- the task that is running
local live = 0                  -- tasks that have not ended
local soon = { first = nil, last = nil }   -- to go on as soon as nothing runs, in order
local later = { first = nil, last = nil }  -- to go on at the next poll: they yielded themselves
local sleepers = { n = 0 }      -- a heap of { at, waiter }, the earliest first

-- {====== The heap of sleepers ======

local function push_sleeper(at, waiter)
  local i = sleepers.n + 1
  sleepers.n = i
  local entry = { at = at, waiter = waiter }
  while i > 1 do
    local parent = math.floor(i / 2)
    if sleepers[parent].at <= at then break end
    sleepers[i] = sleepers[parent]
    i = parent
  end
  sleepers[i] = entry
end

local function pop_sleeper()
  local n, top = sleepers.n, sleepers[1]
  local last = sleepers[n]
  sleepers[n], sleepers.n = nil, n - 1
  if n > 1 then
    local i, child = 1, 2
    while child < n do
      if child + 1 < n and sleepers[child + 1].at < sleepers[child].at then
        child = child + 1
      end
      if last.at <= sleepers[child].at then break end
      sleepers[i] = sleepers[child]
      i, child = child, child * 2
    end
    sleepers[i] = last
  end
  return top
end

-- When the first of those that still sleep wakes; nil: none does. Who was cancelled has been woken.
local function first_due()
  while sleepers.n > 0 and not sleepers[1].waiter.task do
    pop_sleeper()
  end
  return sleepers.n > 0 and sleepers[1].at or nil
end

-- }==================================

-- {====== A task ======

---@class portone.Task
---@field status "running"|"done"|"failed"|"cancelled"
---@field result any        what fn returned first; all of it in 'results', with n
---@field error any         what fn raised
---@field traceback string  where it did
local Task = { __name = "portone.task" }
Task.__index = Task

function Task:__tostring()
  return ("portone.task (%s)"):format(self.status)
end

-- A failure that nobody waits for would be silent.
local function report(task)
  io.stderr:write("portone: a task failed: ", task.traceback, "\n")
end

---Called with each failed task that nobody waits for; writes to stderr unless replaced.
M.on_error = report

-- A task stands in one of the two lines at most. To join one needs no memory: whatever else
-- fails for want of it, no task is lost.
local function join(line, task)
  if line.last then
    line.last.next = task
  else
    line.first = task
  end
  line.last = task
end

local function leave(line)
  local task = line.first
  line.first, task.next = task.next, nil
  if not line.first then
    line.last = nil
  end
  return task
end

-- A task that memory failed in its wait has gone on without it: it is not woken for that.
local function wake(waiter)
  local task = waiter.task
  if task then
    waiter.task = nil
    if task.co and task.waits == waiter then
      task.waits = nil
      join(soon, task)
    end
  end
end

local function tell(task, ...)
  if task.ended then
    task.ended(task.results ~= nil, ...)
  elseif task.status == "failed" and not task.joined and M.on_error then
    task.untold = nil  -- once, even if it raises
    M.on_error(task)
  end
  for i = 1, task.joined and #task.joined or 0 do
    task.joined[i].done = true
    wake(task.joined[i])
  end
  task.untold = nil
end

local function finish(task, state, ...)
  task.status, task.co, task.call = task.cancelled and "cancelled" or state, nil, nil
  task.untold, live = true, live - 1
  tell(task, ...)
end

local function pack(...)
  return { n = select("#", ...), ... }
end

local function trace(co, op)
  return debug.traceback(co, type(op) == "string" and op or tostring(op))
end

local step

local function after(task, outer, ok, op, ...)
  current = outer
  if not ok then
    op = hosts.explain(op)
    local _, text = pcall(trace, task.co, op)
    task.error, task.traceback = op, text
    finish(task, "failed", op)
  elseif status(task.co) == "dead" then
    local kept, results = pcall(pack, op, ...)
    if kept then
      task.result, task.results = op, results
      finish(task, "done", op, ...)
    else
      task.error, task.traceback = results, results
      finish(task, "failed", results)
    end
  elseif op == PROBE then
    step(task)
  elseif op ~= WAIT then
    task.waits, task.yielded = nil, true
    join(later, task)
  end
end

function step(task, ...)
  local outer = current
  current = task
  return after(task, outer, resume(task.co, ...))
end

local function new_task(fn, ended, ...)
  -- naming a field, even as nil, makes room for it: none of these needs memory later
  local task = setmetatable({ co = hosts.create(fn), status = "running", ended = ended,
    arguments = pack(...), next = nil, call = nil, cancelled = nil, error = nil, joined = nil,
    map = nil, result = nil, results = nil, sleeping = nil, traceback = nil, untold = nil,
    waits = nil, yielded = nil }, Task)
  live = live + 1
  return task
end

-- The end of a task whose end was not seen through.
local function end_anew(task)
  local results = task.results
  if results and task.co then
    finish(task, "done", unpack(results, 1, results.n))
  elseif results then
    tell(task, unpack(results, 1, results.n))
  else
    task.error = task.error == nil and "not enough memory" or task.error
    if task.co then finish(task, "failed", task.error) else tell(task, task.error) end
  end
end

local function go_on(task)
  local arguments = task.arguments
  if task.untold or status(task.co) == "dead" then
    end_anew(task)
  elseif task.cancelled and (arguments or task.yielded) then
    finish(task, "cancelled")  -- it has not begun, or cannot be told in any other way
  elseif arguments then
    step(task, unpack(arguments, 1, arguments.n))
    task.arguments = nil
  else
    task.yielded = nil
    step(task)
  end
end

-- Outside of all tasks: goes on with those that can, and with those that become able thereby.
-- Where memory does not do even for that, the task is in line again, with the answer it has got;
-- unless it waits for one by now.
local function run_soon()
  while soon.first do
    local task = leave(soon)
    local ok, err = pcall(go_on, task)
    if not ok then
      current = nil
      if task.untold or task.co and not task.waits then
        join(soon, task)
      end
      error(err, 0)
    end
  end
end

-- }====================

-- {====== Waiting ======

local function probe()
  yield(PROBE)
end

local function check()
  if not current then
    error("portone: not in a task: do this in a function given to portone.spawn", 0)
  elseif hosts.running() ~= current.co then
    error("portone: a call in a coroutine of your own, inside a task, cannot wait; "
      .. "give the function to portone.spawn instead", 0)
  end
  hosts.must_yield(probe)
  return current
end

-- Of a task that waits it is certain that it has begun.
local function suspend(task, waiter)
  task.waits, task.arguments = waiter, nil
  yield(WAIT)
end

local function wait(waiter)
  while not waiter.done do
    waiter.task = current
    suspend(current, waiter)
  end
end

-- Suspends the running task, unless it is cancelled: false then, as soon as it is.
local function rest(seconds)
  local task = check()
  if not task.cancelled then
    local waiter = { task = task }
    task.sleeping = waiter
    push_sleeper(core.monotonic() + seconds, waiter)
    suspend(task, waiter)
    task.sleeping = nil
  end
  return not task.cancelled
end

---Suspends the running task.
---@param seconds number
local function sleep(seconds)
  check()
  if type(seconds) ~= "number" or seconds < 0 then
    error("portone.sleep: seconds expected", 2)
  elseif not rest(seconds) then
    error(CANCELLED, 0)
  end
end

local host = hosts.new {
  name = "tasks", check = check, wait = wait, wake = wake, sleep = sleep,
  rest = rest,
  box = function()
    box = box or hosts.box()
    return box
  end,
  start = function(fn, ended)
    local task = new_task(fn, ended)
    join(soon, task)
    return task
  end,
}

M.host, M.sleep = host, sleep

-- }=====================

-- {====== The user's side ======

local function not_in_nginx(name)
  if rawget(_G, "ngx") then
    error(("portone.%s: not in nginx, where calls wait by themselves; several at a time are for "
      .. "portone.map or ngx.thread.spawn"):format(name), 3)
  end
end

---Is the caller in a task?
---@return boolean
function M.inside()
  return current ~= nil
end

---Starts a task. It runs at once, up to its first wait; inside another task, as soon as that
---one waits.
---@param fn function
---@param ... any   its arguments
---@return portone.Task
function M.spawn(fn, ...)
  if type(fn) ~= "function" then
    error("portone.spawn: function expected, got " .. type(fn), 2)
  end
  not_in_nginx("spawn")
  local task = new_task(fn, nil, ...)
  join(soon, task)
  if not current then
    run_soon()
  end
  return task
end

---Ends a task early. Its call in flight is closed and returns an error of kind "cancelled", its
---sleep and its wait for another task raise, its map begins nothing more and cancels what it has
---begun; so ends all it tries after that. What was sent by then may have been done.
---@return boolean  false when it had ended before
function Task:cancel()
  if not self.co then
    return false
  end
  if not self.cancelled then
    hosts.cancel(self)
  end
  return true
end

---Wakes a task that sleeps or waits for another one; for whoever has cancelled it.
function Task:rouse()
  local waiter = self.sleeping
  if waiter then
    waiter.done = true
    wake(waiter)
  end
end

-- All that can go on now does. Whether anything did.
local function turn()
  while later.first do
    join(soon, leave(later))
  end
  if sleepers.n > 0 then
    local now = core.monotonic()
    while (first_due() or now + 1) <= now do
      wake(pop_sleeper().waiter)
    end
  end
  local any = soon.first
  if any then run_soon() end
  local left = box and box.inbox:count() or 0  -- who submits anew is served by the next turn
  while left > 0 and drain(box, wake, math.min(left, BATCH)) do
    left = left - BATCH
    any = true
    run_soon()  -- the engine is at work on what they submit while others are looked after
  end
  if soon.first then
    any = true
    run_soon()
  end
  return any
end

---Seconds until poll has something to do without anything coming in; nil: never.
---@return number?
function M.timeout()
  if later.first or soon.first then
    return 0
  end
  local due = first_due()
  return due and math.max(0, due - core.monotonic())
end

-- Waits for something to come, at most so long.
local function idle(seconds)
  local timeout = M.timeout()
  if timeout and timeout < seconds then
    seconds = timeout
  end
  if seconds <= 0 then
    return
  elseif box then
    box.inbox:wait(seconds)
  else
    core.sleep(seconds)
  end
end

local function outside(name)
  if current then
    error(("portone.%s: not from inside a task; in there calls wait by themselves"):format(name), 3)
  end
end

---Goes on with every task that can.
---@param seconds? number  how long to wait when none can; default 0: not at all
---@return integer  tasks that have not ended
function M.poll(seconds)
  outside("poll")
  if not turn() and seconds and seconds > 0 and live > 0 then
    idle(seconds)
    turn()
  end
  return live
end

---Runs until no task is left.
function M.run()
  outside("run")
  not_in_nginx("run")
  while live > 0 do
    turn()
    if live > 0 then idle(60) end
  end
end

-- The caller is a task itself. Cancelled, it does not wait for one that is not.
local function join_task(task, caller)
  local waiter = {}
  table.insert(task.joined, waiter)
  if not caller.cancelled then
    caller.sleeping = waiter
    wait(waiter)
    caller.sleeping = nil
  end
  if caller.cancelled and task.co then
    error(CANCELLED, 0)
  end
end

---Waits for a task's end; in another task, or outside of all, where it runs them meanwhile.
---@param seconds? number  outside only; default: as long as it takes
---@return any ...  what it returned; nil, error, traceback when it failed or was cancelled
function Task:wait(seconds)
  if seconds ~= nil and type(seconds) ~= "number" then
    error("task:wait: a number of seconds expected, got " .. type(seconds), 2)
  end
  self.joined = self.joined or {}
  if self.co and current then
    join_task(self, check())
  elseif self.co then
    local ends = core.monotonic() + (seconds or math.huge)
    while self.co and core.monotonic() < ends do
      turn()
      if self.co then idle(math.min(60, ends - core.monotonic())) end
    end
  end
  if self.status == "done" then
    return unpack(self.results, 1, self.results.n)
  end
  return nil, self.error or self.status, self.traceback
end

---Calls fn(item, i) for every item, several at a time, and gives the results in the order of
---the items.
---@param items any[]
---@param fn fun(item: any, i: integer): any, any   a result, or nil and an error
---@param options? table  concurrency = 8, mode = "first_error" or "collect",
---  on_progress = fun(done: integer, total: integer, i: integer)
---@return table? results  with n; "first_error": nil, the error, its index, the rest cancelled
---@return table errors    "collect": by index
function M.map(items, fn, options)
  if current then
    return host.map(items, fn, options)
  end
  local task = new_task(host.map, function() end, items, fn, options)
  join(soon, task)
  run_soon()
  while task.co do
    turn()
    if task.co then idle(60) end
  end
  if task.error ~= nil then
    error(task.error, 0)
  end
  return unpack(task.results, 1, task.results.n)
end

---A descriptor that is readable when poll has something to do: for loops that wait on several.
---Ask 'timeout' too when tasks sleep.
---@return integer
function M.fileno()
  box = box or hosts.box()
  return box.inbox:fileno()
end

---The same as poll(0), by the name under which loops look for it.
function M.dispatch()
  return M.poll(0)
end

-- }=============================

return M
