-- SPDX-License-Identifier: MIT
-- A billing run that any number of machines share: the queue (queue.lua) and the ledger are in
-- Redis. A machine that dies gives no sign any more; after a lease another one takes over what
-- it had, and the ledger finds out what became of it before anything is sent.

local account = require "portone.cli.account"
local core = require "portone.core"
local exits = require "portone.cli.exits"
local portone = require "portone"
local progress = require "portone.cli.bill.progress"
local queues = require "portone.cli.bill.queue"
local redis = require "portone.cli.redis"
local report = require "portone.cli.bill.report"
local say = require "portone.cli.say"
local signals = require "portone.cli.signals"
local together = require "portone.cli.bill.together"

local M = {}

local TICK = 0.2       -- seconds between two looks at the clock and at signals
local PAUSE = 0.3      -- … at an empty queue
local PATIENCE = 60    -- seconds without Redis after which this machine gives up
local BATCH = 32       -- ends that are filed together
local TRIES = 20       -- at an order that the ledger cannot read or write

-- {====== Redis that does not answer ======

-- Notes a failure, and how long it has been so.
local function trouble(state, err)
  local now = core.monotonic()
  if not state.trouble then
    state.trouble = now
    say.note("\nRedis: " .. tostring(err))
  elseif now - state.trouble > PATIENCE then
    state.failed = tostring(err)
  end
  state.look_at = now + 1
end

local function works(state)
  state.trouble = nil
end

-- }======

-- {====== Jobs ======

local function hold(state, jobs, again)
  for _, job in ipairs(jobs) do
    job.again = again
    if not state.held[job.entry] then
      state.held[job.entry] = job
      state.ready[#state.ready + 1] = job
    end
  end
end

local function held(state)
  local entries = {}
  for entry in pairs(state.held) do
    entries[#entries + 1] = entry
  end
  return entries
end

-- Files what is settled, a batch at a time. What is lost before then comes again, and the ledger
-- knows it.
local function flush(state)
  local jobs = state.settled
  if #jobs == 0 then
    return true
  end
  state.settled = {}
  local ok, err = state.queue:settle(jobs)
  for _, job in ipairs(jobs) do
    if ok then
      state.held[job.entry] = nil
    else
      table.insert(state.settled, job)
    end
  end
  if not ok then
    trouble(state, err)
  end
  return ok
end

-- New entries, otherwise those of the dead; nothing of either: is the run over?
local function refill(state, now)
  local q, n = state.queue, state.concurrency
  local jobs, err = q:take(n)
  if jobs and #jobs == 0 then
    jobs, err = q:take_over(n)
    hold(state, jobs or {}, true)
  elseif jobs then
    hold(state, jobs)
  end
  if not jobs then
    return trouble(state, err)
  end
  works(state)
  if #state.ready > 0 then
    return
  end
  state.look_at = now + PAUSE
  if state.working > 0 or #state.later > 0 or not flush(state) then
    return
  end
  local counts
  counts, err = q:counts()
  if not counts then
    return trouble(state, err)
  end
  state.over = counts.fed and q:is_over() == true
end

local function next_job(state)
  local now = core.monotonic()
  if state.later[1] and state.later[1].at <= now then
    local job = table.remove(state.later, 1)
    job.again = true
    return job
  elseif #state.ready == 0 and now >= state.look_at then
    refill(state, now)
  end
  return table.remove(state.ready, 1)
end

local function postpone(state, job)
  job.at = core.monotonic() + 0.5
  table.insert(state.later, job)
end

-- }======

-- {====== Charging ======

local final = { paid = true, declined = true, conflict = true }

-- An order that a machine which may be alive is at.
local function is_busy(err)
  return err and err.kind == "conflict" and err.outcome == "unknown"
end

local function file(state, job)
  local outcome = job.ended.outcome
  if final[outcome] then
    table.insert(state.settled, job)
    if #state.settled >= BATCH then
      flush(state)
    end
  else
    local ok, err = state.queue:give_up(job)
    if not ok then
      trouble(state, err)
      return postpone(state, job)  -- the ledger has it: next time it is answered from there
    end
  end
  state.tally[outcome] = (state.tally[outcome] or 0) + 1
end

local function process(state, job)
  if job.again and state.queue:is_settled(job.id) then
    state.held[job.entry] = nil
    return
  end
  local result, err, info = state.ledger:once(job.id, "request_pay_again", job.args, state.opts)
  if is_busy(err) then
    return postpone(state, job)
  end
  job.tries = (job.tries or 0) + 1
  if err and err.kind == "ledger" and job.tries < TRIES then
    trouble(state, err.message)
    return postpone(state, job)
  end
  job.ended = report.classify(result, err, info)
  return file(state, job)
end

local function worker(state)
  while not (state.stopping or state.failed or state.over) do
    local job = next_job(state)
    if job then
      state.working = state.working + 1
      process(state, job)
      state.working = state.working - 1
    else
      portone.sleep(0.05)
    end
  end
  return true
end

-- }======

-- Signs of life, progress and signals, while the tasks work.
local function watch(state, bar, caught)
  local beat_at, count_at, settled = 0, 0, 0
  portone.spawn(function()
    while not state.ended do
      local now = core.monotonic()
      flush(state)
      if now >= beat_at then
        beat_at = now + state.lease / 4
        state.queue:beat(held(state))
      end
      if now >= count_at then
        local counts = state.queue:counts()
        count_at = now + 1
        settled, bar.total = counts and counts.settled or settled, counts and counts.orders
          or bar.total
      end
      local signal = caught()
      if signal and state.stopping then
        os.exit(exits.interrupted)
      elseif signal then
        state.stopping = true
        say.note(("\n%s: what is under way is finished; once more ends it at once")
          :format(signal))
      end
      bar:show(settled, ("here: paid %s"):format(progress.count(state.tally.paid or 0)))
      portone.sleep(TICK)
    end
  end)
end

-- {====== Beginning and end ======

local DAY = 86400

-- Seconds for which Redis remembers what is settled; nil: for good.
local function kept(options)
  return options.keep > 0 and options.keep * DAY or nil
end

local function open(options, client)
  local get, problem = account.getter(options)
  local config
  if get then
    config, problem = redis.config(options.redis, get, options.redis_ca)
  end
  if not config then
    return nil, exits.usage, "--redis: " .. problem
  end
  local connect = redis.keeper(config)
  local name = options.run or options.file:match("[^/]*$")
  local me = name .. ":" .. core.hex(core.random(8))
  local queue, store, ledger
  queue, problem = queues.open(connect, { run = name, me = me, lease = options.lease })
  if not queue then
    return nil, exits.unavailable, problem
  end
  store, problem = portone.ledger.redis(together.client(connect),
    { durable = not options.not_durable, keep = kept(options) })
  if store then
    store.owner = me
    function store.alive(_, owner)
      return queue:alive(owner)
    end
    ledger, problem = portone.ledger.open { store = store, client = client }
  end
  if not ledger then
    return nil, exits.no_output, problem
  end
  return { queue = queue, ledger = ledger, ready = {}, held = {}, later = {}, settled = {},
    tally = {},
    working = 0, look_at = 0, concurrency = options.concurrency, lease = options.lease,
    opts = { wait = false, again = options.again, timeout = options.timeout,
      deadline = options.deadline } }
end

-- Puts the file's orders into the queue; other orders of the same names are a mistake.
local function feed(state, options, orders)
  local other, err = state.queue:differing(orders)
  for i = 1, math.min(other and #other or 0, 100) do
    say.note(("%s:%d:1: order %s is in this run already, as something else"):format(options.file,
      other[i].line, other[i].id))
  end
  if other and other[1] then
    return nil, exits.bad_input, "nothing of this file was added to the run"
  end
  local added
  if other then
    added, err = state.queue:feed(orders)
  end
  if not added then
    return nil, exits.unavailable, err
  end
  say.note(("%s of %s orders added to the run"):format(progress.count(added),
    progress.count(#orders)))
  return true
end

local function work(state)
  local workers = {}
  for i = 1, state.concurrency do
    workers[i] = i
  end
  local _, failures = portone.map(workers, function() return worker(state) end,
    { concurrency = state.concurrency, mode = "collect" })
  for _, problem in pairs(failures) do
    error(problem, 0)
  end
end

---@param options table
---@param orders table[]
---@param client table
---@return { ends: table<string, table>, seconds: number, interrupted: boolean }? ran
---@return integer? status  to exit with
function M.run(options, orders, client)
  local state, status, problem = open(options, client)
  local ok = state ~= nil
  if ok then
    ok, status, problem = feed(state, options, orders)
  end
  if not ok then
    say.problem("%s", problem)
    return nil, status
  end
  local bar = progress.new(#orders)
  state.queue:beat {}
  watch(state, bar, signals.catch())
  work(state)
  state.ended = true
  flush(state)
  state.queue:leave(held(state))
  local ends, err = state.queue:ends()
  if not ends or state.failed then
    say.problem("Redis: %s; start it again when it is back", state.failed or err)
    return nil, exits.unavailable
  end
  if kept(options) then
    state.queue:rest(kept(options))
  end
  local counts = state.queue:counts()
  bar:finish(counts and counts.settled or 0, "")
  return { ends = ends, seconds = bar:elapsed(), interrupted = state.stopping }
end

-- }======

return M
