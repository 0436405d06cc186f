-- SPDX-License-Identifier: MIT
-- The sandbox's clock and its timers. A "manual" clock stands still until it is told to move; a
-- "real" one runs with the machine's. On both, a timer sees the very time it was set for.

local core = require "portone.core"

local M = {}

---@class portone.sandbox.clock
---@field kind "manual"|"real"
local methods = {}
local mt = { __name = "portone.sandbox.clock", __index = methods }

---@class portone.sandbox.timer
---@field due number   unix seconds
---@field fn fun()?    nil when it ran or was cancelled
---@field order number breaks ties: first set, first run

---A clock that shows the machine's time, or the one given.
---@param kind "manual"|"real"
---@param start? number unix seconds
---@return portone.sandbox.clock
function M.new(kind, start)
  local real = math.floor(core.now())
  local self = { kind = kind, heap = {}, order = 0, time = start or real, offset = 0 }
  if kind == "real" and start then
    self.offset = start - real
  end
  return setmetatable(self, mt)
end

---@return number unix seconds, whole
function methods:now()
  if self.kind == "manual" or self.standing then
    return self.standing or self.time
  end
  return math.floor(core.now()) + self.offset
end

local function before(a, b)
  return a.due < b.due or a.due == b.due and a.order < b.order
end

-- A binary heap with the next timer at 1.
local function sift_up(heap, i)
  local timer = heap[i]
  while i > 1 do
    local parent = math.floor(i / 2)
    if not before(timer, heap[parent]) then
      break
    end
    heap[i], i = heap[parent], parent
  end
  heap[i] = timer
end

local function sift_down(heap, i)
  local n, timer = #heap, heap[i]
  while true do
    local child = 2 * i
    if child < n and before(heap[child + 1], heap[child]) then
      child = child + 1
    end
    if child > n or not before(heap[child], timer) then
      break
    end
    heap[i], i = heap[child], child
  end
  heap[i] = timer
end

local function pop(heap)
  local first, n = heap[1], #heap
  heap[1] = heap[n]
  heap[n] = nil
  if n > 2 then
    sift_down(heap, 1)
  end
  return first
end

---Sets a timer.
---@param due number unix seconds; a time that has passed is due at once
---@param fn fun()
---@return portone.sandbox.timer
function methods:at(due, fn)
  self.order = self.order + 1
  local timer = { due = due, fn = fn, order = self.order }
  local heap = self.heap
  heap[#heap + 1] = timer
  sift_up(heap, #heap)
  return timer
end

---Takes a timer back. One that has run, or nil, is no mistake.
---@param timer? portone.sandbox.timer
function methods.cancel(_, timer)
  if timer then
    timer.fn = nil  -- it leaves the heap when its time comes
  end
end

---When the next timer falls due.
---@return number? unix seconds
function methods:next_due()
  local heap = self.heap
  while heap[1] and not heap[1].fn do
    pop(heap)
  end
  return heap[1] and heap[1].due
end

---Runs the next timer if it is due by a time; the clock stands at the timer's time meanwhile,
---and a manual one stays there.
---@param limit number unix seconds
---@return boolean ran
---@return string? problem  what the timer raised
function methods:run_next(limit)
  local due = self:next_due()
  if not due or due > limit then
    return false
  end
  local timer = pop(self.heap)
  local fn = timer.fn
  timer.fn = nil
  self.standing = math.max(due, self.kind == "manual" and self.time or due)
  local ok, problem = pcall(fn)
  if self.kind == "manual" then
    self.time = self.standing
  end
  self.standing = nil
  return true, not ok and tostring(problem) or nil
end

---Moves the clock on; never back. Timers are the caller's to run first.
---@param time number unix seconds
function methods:move(time)
  if self.kind == "manual" then
    self.time = math.max(self.time, time)
  else
    self.offset = self.offset + math.max(0, time - self:now())
  end
end

return M
