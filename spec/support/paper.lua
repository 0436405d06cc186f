-- SPDX-License-Identifier: MIT
-- A PortOne on paper: one order, a clock of its own, and for every request all that can become
-- of it. What is true in the end is in its books.
--
-- A request that is lost may still arrive when its connection ends, and be at work for as long
-- as 'settle' after that; then it is done or never will be.

local reconcile = require "portone.reconcile"

local M = {}

local AMOUNT, ORDER = 3000, "order-1"
local WALL = 1700000000

M.AMOUNT, M.ORDER, M.WALL = AMOUNT, ORDER, WALL

-- {====== The books ======

local world_mt = {}
world_mt.__index = world_mt

---@param o table  api, settle, timeout; refuse: the card says no; failed_before: an earlier
---  call for this order was refused a moment ago; forgetful: V2 keys are not kept; fates: a
---  part of M.fates
function M.new(o)
  return setmetatable({
    api = o.api, settle = o.settle, timeout = o.timeout, refuse = o.refuse,
    forgetful = o.forgetful, t = 0.25, work = {}, charges = 0, keys = {},
    failed_at = o.failed_before and 0 or nil, sendings = {}, looks = {},
    fates = o.fates or M.fates,
  }, world_mt)
end

-- A request is carried out: the money moves here.
local function commit(world, key)
  local entry = key and not world.forgetful and world.keys[key]
  if entry and entry.answer then
    return entry.answer
  end
  local answer
  if world.refuse then
    world.failed_at = math.floor(world.t)
    answer = "declined"
  else
    world.charges = world.charges + 1
    answer = "paid"
  end
  if key then
    world.keys[key] = { answer = answer }
  end
  return answer
end

function world_mt:advance(seconds)
  local target = self.t + seconds
  while true do
    local first
    for i, job in ipairs(self.work) do
      if job.at <= target and (not first or job.at < self.work[first].at) then
        first = i
      end
    end
    if not first then
      break
    end
    local job = table.remove(self.work, first)
    self.t = math.max(self.t, job.at)
    if job.key then
      self.keys[job.key].running = nil
    end
    commit(self, job.key)
  end
  self.t = target
end

function world_mt:now()
  return self.t
end

function world_mt:wall()
  return WALL + self.t
end

-- }======

-- {====== Requests ======

-- A second request of a V2 key is the first one's echo.
local function echo(world, key)
  local entry = key and not world.forgetful and world.keys[key]
  return entry and (entry.answer or (entry.running and "running"))
end

-- The request is at work and done so many seconds from now.
local function work(world, key, seconds)
  if echo(world, key) then
    return
  end
  if key then
    world.keys[key] = { running = true }
  end
  table.insert(world.work, { at = world.t + seconds, key = key })
end

local function fault_of(answer, api)
  if answer == "declined" then
    return nil, { kind = "declined", status = api == "v2" and 502 or 200,
      type = api == "v2" and "PG_PROVIDER" or nil, message = "no", response = {} }
  elseif answer == "running" then
    return nil, { kind = "conflict", status = 409, type = "IDEMPOTENCY_OUTSTANDING_REQUEST",
      message = "running", response = {} }
  end
  return { status = answer }
end

local function lost(kind, more)
  local fault = { kind = kind, message = kind, sent = "all" }
  for name, value in pairs(more or {}) do
    fault[name] = value
  end
  return nil, fault
end

-- What can become of a request. Each: function(world, key, seconds) -> result | nil, fault
M.fates = {
  { name = "answered", go = function(world, key)
    world:advance(0.5)
    return fault_of(echo(world, key) or commit(world, key), world.api)
  end },
  { name = "never sent", safe = true, go = function()
    return nil, { kind = "network", message = "refused", sent = "nothing" }
  end },
  { name = "lost on the way there", go = function(world)
    world:advance(0.5)
    return lost "network"
  end },
  { name = "lost on the way back", go = function(world, key)
    world:advance(0.5)
    if echo(world, key) ~= "running" then commit(world, key) end
    return lost "network"
  end },
  { name = "at work till the last moment", go = function(world, key, seconds)
    world:advance(math.min(world.timeout, seconds))
    work(world, key, world.settle - 0.01)
    return lost "timeout"
  end },
  { name = "at work for a while", go = function(world, key)
    world:advance(0.1)
    work(world, key, 1.5)
    return lost "network"
  end },
  { name = "a gateway's error after it", go = function(world, key)
    world:advance(0.5)
    if echo(world, key) ~= "running" then commit(world, key) end
    return lost("server", { status = 502, sent = nil })
  end },
  { name = "rubbish after it", go = function(world, key)
    world:advance(0.5)
    if echo(world, key) ~= "running" then commit(world, key) end
    return lost("protocol", { status = 200, sent = nil })
  end },
  { name = "too many requests", safe = true, go = function()
    return nil, { kind = "rate_limited", status = 429, message = "slow down", sent = nil }
  end },
  { name = "refused by a rule", safe = true, go = function(world, key)
    world:advance(0.5)
    local first = echo(world, key)
    if first then
      return fault_of(first, world.api)
    end
    return nil, { kind = "rejected", status = 400, message = "no", response = {},
      code = world.api == "v1" and 1 or nil, type = world.api == "v2" and "SOME_RULE" or nil }
  end },
  { name = "unauthorized", safe = true, go = function(world)
    return nil, { kind = "unauthorized", status = 401, message = "who?", response = {},
      code = world.api == "v1" and -1 or nil, type = world.api == "v2" and "UNAUTHORIZED" or nil }
  end },
  { name = "cancelled", go = function(world, key)
    work(world, key, 1)
    return lost "cancelled"
  end },
}

-- One request: its fate is chosen.
function world_mt:send(choose, key, seconds)
  local fates = self.fates
  local fate = fates[choose(#fates)]
  local sending = { fate = fate.name, began = self.t }
  table.insert(self.sendings, sending)
  local result, fault = fate.go(self, key, seconds)
  sending.ended = self.t
  sending.open = result == nil and not fate.safe and fault.kind ~= "declined"
    and fault.type == nil
  return result, fault
end

local function rfc3339(t)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", WALL + math.floor(t))
end

local function found(world)
  if world.api == "v1" then
    if world.charges > 0 then
      return { status = "paid", amount = AMOUNT, customer_uid = "user", merchant_uid = ORDER }
    elseif world.failed_at then
      return { status = "failed", failed_at = WALL + world.failed_at, fail_reason = "no" }
    end
  elseif world.charges > 0 then
    return { status = "PAID", amount = { total = AMOUNT }, currency = "KRW", pgTxId = "t",
             billingKey = "key", paidAt = rfc3339(world.t) }
  elseif world.failed_at then
    return { status = "FAILED", failedAt = rfc3339(world.failed_at), failure = { reason = "no" } }
  end
end

-- A look-up: the truth of this moment, which may be read later, or no answer.
function world_mt:look(choose)
  self:advance(0.1)
  if choose and (self.blind or 0) > 0 and choose(2) == 2 then
    self.blind = self.blind - 1
    return nil, { kind = "timeout", message = "no answer" }
  end
  table.insert(self.looks, self.t)
  local payment = found(self)
  if choose and (self.tardy or 0) > 0 and choose(2) == 2 then
    self.tardy = self.tardy - 1
    self:advance(self.settle)  -- the answer is there, but who asked is busy
  end
  if payment then
    return payment
  end
  return nil, { kind = "not_found", status = 404, response = {}, message = "none" }
end

-- Was every open sending looked into, after it could no longer be at work, before this moment?
function world_mt:settled_before(t)
  for _, sending in ipairs(self.sendings) do
    if sending.open and sending.ended <= t then
      local looked
      for _, at in ipairs(self.looks) do
        looked = looked or at >= sending.ended + self.settle - 0.01
      end
      if not looked then
        return false, sending
      end
    end
  end
  return true
end

-- }======

-- {====== Calls ======

M.rows = {
  v1 = { name = "v1.subscribe.again", api = "v1", method = "POST",
    args = { merchant_uid = ORDER, amount = AMOUNT, customer_uid = "user" } },
  v2 = { name = "v2.payment.pay_with_billing_key", api = "v2", method = "POST",
    args = { paymentId = ORDER, billingKey = "key", amount = { total = AMOUNT },
             currency = "KRW" } },
}

-- What decide.lua works on, as call.lua makes it.
---@param world table
---@param scenario table  deadline, max_retries
---@param choose? function
function M.run(world, scenario, choose)
  local row = M.rows[world.api]
  local run = {
    row = row, ends = world.t + scenario.deadline, settle = world.settle, reconcile = true,
    max_retries = scenario.max_retries, now = function() return world:now() end,
    wall = function() return world:wall() end,
    sleep = function(seconds) world:advance(seconds) end,
    pending = reconcile.pending(row.name, row.args, world:wall()),
    look = function() return world:look(choose) end,
  }
  function run.attempt(seconds)
    if world.api == "v1" then
      world.unsettled = world.unsettled or not world:settled_before(world.t)
    end
    return world:send(choose, world.api == "v2" and (world.key or "key") or nil, seconds)
  end
  return run
end

---One call.
---@return table? result, table? fault
function M.call(decide, run)
  local result, fault = run.attempt(run.ends - run.now())
  if result == nil then
    run.fault = fault
    result, fault = decide.pursue(run)
  end
  return result, fault
end

-- }======

return M
