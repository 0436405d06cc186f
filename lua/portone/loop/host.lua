-- SPDX-License-Identifier: MIT
-- What all hosts that wait have in common. A loop says how a coroutine is suspended and woken
-- (its primitives, below); this makes of it what a call needs: perform, once, map.
--
-- A box is an inbox and, by id, the calls that are in flight from it. Whoever empties the inbox
-- (drain) files the result in the call and wakes its waiter. A waiter that is gone is not
-- missed: its result is dropped.

local core = require "portone.core"
local errors = require "portone.error"
local options = require "portone.options"

local M = {}

local unpack = table.unpack or unpack

---What a loop has to offer.
---@class portone.Loop
---@field name string
---@field check fun(): table?  the caller's scope if it has one; raises where nobody can wait
---@field wait fun(waiter: table, seconds?: number)  suspends the caller, until 'wake'
---@field wake fun(waiter: table)
---@field start fun(fn: function, done: function): table?  runs fn soon, then done(ok, ...)
---@field detach? fun(fn: function, done: function)  as 'start', but outlives the caller
---@field box fun(): table  the box to submit to
---@field sleep fun(seconds: number)
---@field rest? fun(seconds: number): boolean  sleeps; false where 'sleep' raises: the caller was
---  cancelled
---@field reap? fun(scope: table)  after the end of what was started

-- {====== Yielding ======

local isyieldable = coroutine.isyieldable

-- Lua 5.1 cannot yield out of a pcall, and cannot tell where it can yield. (Not tried out: this
-- file may be loaded in nginx, whose coroutines are not to be resumed inside 'require'.)
M.yields_across_pcall = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil

local CANNOT = "portone: a call cannot wait here: between it and its coroutine is %s, which Lua "
  .. "cannot suspend; make the call outside of it"

local known = { pcall = pcall, xpcall = xpcall, ["table.sort"] = table.sort,
  ["string.gsub"] = string.gsub, tostring = tostring, require = require, dofile = dofile }

-- The nearest C function on the stack that cannot be suspended, in words. In plain Lua 5.1 a
-- loop's iterator is called by C too; it shows by its name.
local function culprit()
  local level = 3
  local info = debug.getinfo(level, "Snf")
  while info do
    local fn = info.func
    if info.name == "(for generator)" and not M.yields_across_pcall then
      return "a loop's iterator, as that of portone.each"
    elseif info.what == "C" and not (M.yields_across_pcall and (fn == pcall or fn == xpcall)) then
      for name, value in pairs(known) do
        if fn == value then
          return name
        end
      end
      return info.name and "the C function '" .. info.name .. "'" or "a C function"
    end
    level = level + 1
    info = debug.getinfo(level, "Snf")
  end
end

---Raises where the running coroutine cannot be suspended. Where Lua itself cannot tell, 'probe'
---is to suspend and resume it once: better that fails than a wait for what has been sent.
---@param probe fun()
function M.must_yield(probe)
  local c
  if isyieldable then
    c = not isyieldable() and (culprit() or "a C function")
  else
    c = culprit()
  end
  if c then
    error(CANNOT:format(c), 0)
  elseif not isyieldable then
    probe()
  end
end

local RAW = "attempt to yield across metamethod/C-call boundary"  -- plain Lua 5.1

---What a coroutine has died of, in our words where Lua 5.1 has its own for a wait that cannot be:
---a metamethod does not show on the stack.
---@param err any
---@return any
function M.explain(err)
  if type(err) == "string" and err:find(RAW, 1, true) and not M.yields_across_pcall then
    return CANNOT:format("a metamethod")
  end
  return err
end

---coroutine.create, which in Lua 5.1 takes no C function.
M.create = pcall(coroutine.create, print) and coroutine.create or function(fn)
  return coroutine.create(function(...) return fn(...) end)
end

---The running coroutine, nil in the main one.
function M.running()
  local co, main = coroutine.running()
  return not main and co or nil
end

-- }======================

-- {====== perform ======

local function perform(loop)
  return function(client, method, url, headers, body, timeout)
    local scope = loop.check()
    if scope and scope.cancelled then
      return nil, "cancelled", "cancelled before it was sent", "nothing", 0
    end
    local box = loop.box()
    -- with room for all that will be filed in it: an answer needs no memory to arrive
    local call = { false, false, false, false, false, id = nil, box = box, done = nil, task = nil }
    local id, code, message, sent, elapsed =
      box.inbox:submit(client, method, url, headers, body, timeout)
    if not id then
      return nil, code, message, sent, elapsed
    end
    call.id = id
    box.calls[id] = call
    if scope then scope.call = call end
    loop.wait(call, timeout)
    if scope then scope.call = nil end
    if call[1] then
      return call[1], call[2], call[3], call[4]
    end
    return nil, call[2], call[3], call[4], call[5]
  end
end

---A box with an inbox of its own.
---@return table
function M.box()
  return { inbox = core.inbox(), calls = {} }
end

---Files what has come and wakes those who wait for it.
---@param box table
---@param wake fun(waiter: table)
---@param most? integer   how many at most; default: not more than there are now, so that who
---  submits anew in here is served next time
---@return boolean more   whether there may be more
function M.drain(box, wake, most)
  local inbox, calls = box.inbox, box.calls
  for _ = 1, most or inbox:count() do
    local id, a, b, c, d, e = inbox:take()
    if not id then
      return false
    end
    local call = calls[id]
    calls[id] = nil
    if call then
      call[1], call[2], call[3], call[4], call[5], call.done = a, b, c, d, e, true
      wake(call)
    end
  end
  return true
end

-- }=====================

-- {====== once ======

local function pack(...)
  return { n = select("#", ...), ... }
end

-- A flight is on its own: none of those who wait for it can take it down.
local function once(loop)
  local flights = {}
  return function(key, fn)
    loop.check()
    local flight = flights[key]
    if not flight then
      flight = { waiters = {}, done = nil, ok = nil, results = nil, error = nil }
      flights[key] = flight
      local function landed(ok, ...)
        local kept, results = pcall(pack, ...)
        flights[key] = nil
        flight.done, flight.ok, flight.results = true, ok and kept, results
        flight.error = kept and (...) or results
        for _, waiter in ipairs(flight.waiters) do
          waiter.done = true
          loop.wake(waiter)
        end
      end
      (loop.detach or loop.start)(fn, landed)
    end
    if not flight.done then
      local waiter = {}
      table.insert(flight.waiters, waiter)
      loop.wait(waiter)
    end
    if not flight.ok then
      error(flight.error, 0)
    end
    return unpack(flight.results, 1, flight.results.n)
  end
end

-- }==================

-- {====== map ======

---Ends what a scope is waiting for, and all that its map has running; what it does next fails
---at once.
function M.cancel(scope)
  scope.cancelled = true
  local call, run = scope.call, scope.map
  if call then
    call.box.inbox:cancel(call.id)
  elseif scope.rouse then
    scope:rouse()
  end
  for _, inner in pairs(run and run.running or {}) do
    M.cancel(inner)
  end
end

local map_rules = {
  concurrency = function(v) return type(v) == "number" and v >= 1, "a number, 1 or more" end,
  mode = function(v) return v == "first_error" or v == "collect", "'first_error' or 'collect'" end,
  on_progress = function(v) return type(v) == "function", "a function" end,
}

---Raises where nothing can be done with what map is given.
---@param items any
---@param fn any
---@param how any
---@param level integer  error's level of the caller to blame, seen from here
function M.check_map(items, fn, how, level)
  if type(items) ~= "table" or type(fn) ~= "function" then
    error("portone.map: a list and a function expected", level)
  elseif how ~= nil then
    options.check("portone.map", how, map_rules, level + 1)
  end
end

local function map_options(how)
  how = how or {}
  return { concurrency = how.concurrency or 8, mode = how.mode or "first_error",
           on_progress = how.on_progress }
end

-- Nothing more is begun, and what runs is cancelled.
local function stop(run, raised, err, i)
  run.stop = { raised = raised, error = err, index = i }
  for _, scope in pairs(run.running) do
    M.cancel(scope)
  end
end

local function not_run()
  return errors.new { kind = "cancelled", message = "cancelled before it was begun" }
end

-- Where Lua can suspend it in there, so that an error of on_progress stops the rest.
local guard = M.yields_across_pcall and pcall or function(fn, ...)
  return true, fn(...)
end

-- One item is done: ok, value, err as pcall gives them.
local function file(run, i, ok, value, err)
  run.running[i] = nil
  run.finished = run.finished + 1
  if run.stop then
    return
  end
  local failed, raised = not ok or (value == nil and err ~= nil), not ok
  if failed then
    err = ok and err or value
    if err == nil then  -- cancelled before it had begun
      raised, err = false, not_run()
    end
  end
  if not failed then
    run.results[i] = value
  elseif run.options.mode == "collect" then
    run.errors[i] = err
  else
    return stop(run, raised, err, i)
  end
  if run.options.on_progress then
    local fine, why = guard(run.options.on_progress, run.finished, run.n, i)
    if not fine then
      stop(run, true, why, i)
    end
  end
end

-- Whoever called map was cancelled: what was not begun stays so.
local function cut_short(run)
  if run.options.mode == "first_error" then
    return stop(run, false, not_run(), run.started + 1)
  end
  for i = run.started + 1, run.n do
    run.errors[i] = not_run()
  end
  run.n = run.started
end

local function run_map(loop, run, fn)
  while run.finished < run.started or (run.started < run.n and not run.stop) do
    if run.scope.cancelled and run.started < run.n and not run.stop then
      cut_short(run)
    end
    while run.started < run.n and run.started - run.finished < run.options.concurrency
        and not run.stop do
      local i = run.started + 1
      run.started = i
      local item = run.items[i]
      run.running[i] = loop.start(function() return fn(item, i) end, function(...)
        run.ended[#run.ended + 1] = pack(i, ...)
        if run.waiter then
          local waiter = run.waiter
          run.waiter, waiter.done = nil, true
          loop.wake(waiter)
        end
      end)
    end
    if #run.ended == 0 and run.finished < run.started then
      run.waiter = {}
      loop.wait(run.waiter)
    end
    local ended = run.ended
    run.ended = {}
    for _, e in ipairs(ended) do
      if loop.reap then loop.reap(run.running[e[1]]) end
      file(run, unpack(e, 1, e.n))
    end
  end
end

local function map(loop)
  return function(items, fn, how)
    M.check_map(items, fn, how, 3)
    local run = { items = items, n = #items, options = map_options(how), results = {},
      errors = {}, running = {}, ended = {}, started = 0, finished = 0 }
    run.results.n = run.n
    run.scope = loop.check() or {}
    local outer = run.scope.map
    run.scope.map = run
    run_map(loop, run, fn)
    run.scope.map = outer
    if run.stop then
      if run.stop.raised then
        error(run.stop.error, 0)
      end
      return nil, run.stop.error, run.stop.index
    end
    return run.results, run.errors
  end
end

-- }=================

---A host of a loop's primitives.
---@param loop portone.Loop
---@return table host  name, perform, once, map, sleep, rest
function M.new(loop)
  return { name = loop.name, sleep = loop.sleep, rest = loop.rest, perform = perform(loop),
    once = once(loop), map = map(loop) }
end

return M
