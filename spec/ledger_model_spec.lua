-- A ledger on paper: everything becomes of every request (support/paper.lua), and the process
-- dies at every point where something of it can be seen from outside: before and after each
-- write of the store, each sending and each look-up. What the next process finds out must be what
-- the books say; and of two processes that go for one order at once, one must have it.

local core = require "portone.core"
local decide = require "portone.decide"
local errors = require "portone.error"
local explore = require "spec.support.explore"
local mutant = require "spec.support.mutant"
local paper = require "spec.support.paper"
local retry = require "portone.retry"

local DEAD = {}  -- raised where a process dies

local ledgers = require "portone.ledger"

-- {====== What a process has ======

-- A store whose every use is a point: the process may die there, or another one run.
local function store_of(world, inner, point)
  local store = { now = function() return world:wall() end }
  for _, name in ipairs { "add", "read", "write", "unsettled" } do
    store[name] = function(_, ...)
      local writes = name == "add" or name == "write"
      if writes then point "before a write" end
      local a, b = inner[name](inner, ...)
      if writes then point "after a write" end
      return a, b
    end
  end
  return store
end

local function answer_of(run, result, fault)
  local info = { operation = run.row.name, attempts = 1, elapsed = 0 }
  if result ~= nil then
    return result, nil, info
  end
  fault.outcome = fault.outcome or "not_done"
  if fault.kind ~= "unknown_outcome" then
    fault.pending = nil
  end
  return nil, errors.new(fault), info
end

-- Calls as call.lua makes them, on paper.
local function client_of(world, scenario, choose, point)
  local function operation(_, opts)
    local run = paper.run(world, scenario, choose)
    local send, n = run.attempt, 0
    function run.attempt(seconds)
      n = n + 1
      local ok, why = true, nil
      if not scenario.careless then ok, why = opts.before_send(n) end
      if not ok then
        return nil, { kind = "cancelled", message = tostring(why), sent = "nothing" }
      end
      point "before a sending"
      world.key = opts.idempotency_key
      local result, fault = send(seconds)
      point "after a sending"
      return result, fault
    end
    return answer_of(run, paper.call(decide, run))
  end
  local client = { v1 = { subscribe = { again = operation } },
                   v2 = { payment = { pay_with_billing_key = operation } } }
  function client.resolve(pending)
    local run = paper.run(world, scenario, choose)
    run.pending = pending
    point "before a look-up"
    return answer_of(run, decide.resolve(run, math.max(0, world:wall() - pending.sent)))
  end
  return client
end

-- }======

-- {====== One process after another ======

local function check_order(scenario, world, inner, told)
  world:advance(100)
  local ledger = assert(scenario.ledgers.open { store = inner, client = {} })
  local found = assert(ledger:look "order")
  local charges = world.charges
  if world.unsettled then
    return "a V1 charge was sent again before a look-up could tell"
  elseif charges > 1 then
    return "charged " .. charges .. " times"
  elseif found.state ~= "settled" then
    return "still open"
  elseif (found.outcome == "done") ~= (charges == 1) or found.outcome == "conflict" then
    return ("%s in the ledger, and %d charges"):format(found.outcome, charges)
  elseif told and (told == "done") ~= (charges == 1) then
    return ("somebody was told %s, and there are %d charges"):format(told, charges)
  end
end

-- Everybody else is dead, and every request is answered: what is open must come to an end.
local function make_peace(scenario, world, inner)
  local quiet = {}
  for name, value in pairs(scenario) do
    quiet[name] = value
  end
  quiet.deadline, quiet.careless = 60, false
  local store = store_of(world, inner, function() end)
  store.owner, store.alive = "peace", function() return false end
  local ledger = assert(scenario.ledgers.open { store = store, resend = scenario.resend,
    client = client_of(world, quiet, function() return 1 end, function() end) })
  assert(ledger:recover { concurrency = 1 })
end

-- Dies, is started again after a while, and so on; the last life is let be.
local function lives(scenario, choose)
  local world = paper.new(scenario)
  core.now = function() return world:wall() end
  local inner, deaths, trail = scenario.ledgers.memory(), scenario.deaths, {}
  local function point(where)
    if deaths > 0 and choose(2) == 2 then
      deaths = deaths - 1
      trail[#trail + 1] = "dies " .. where
      error(DEAD, 0)
    end
  end
  local told
  local function live(life)
    local store = store_of(world, inner, point)
    store.owner = "life " .. life
    store.alive = function(_, owner) return owner == store.owner end
    local ledger = assert(scenario.ledgers.open { store = store, resend = scenario.resend,
      client = client_of(world, scenario, choose, point), loop = { sleep = function() end } })
    ledger:recover()
    if life == 1 or scenario.insists then
      local result, err = ledger:once("order", world.api == "v1" and "v1.subscribe.again"
        or "v2.payment.pay_with_billing_key", paper.rows[world.api].args)
      told = result and "done" or (err.outcome ~= "unknown" and err.kind == "declined"
        and "declined") or nil
    end
    ledger:recover()
  end
  for life = 1, scenario.deaths + 1 do
    local ok, problem = pcall(live, life)
    if ok then
      break
    elseif problem ~= DEAD then
      error(problem, 0)
    end
    world:advance(({ 0.01, 20 })[choose(2)])
  end
  local text = inner:read "order"
  if not text then  -- nothing was written down, so nothing can have been sent
    world:advance(100)
    return #world.sendings > 0 and "sent, and not in the ledger" or nil
  end
  make_peace(scenario, world, inner)
  local problem = check_order(scenario, world, inner, told)
  if problem then
    for _, sending in ipairs(world.sendings) do
      trail[#trail + 1] = sending.fate
    end
    return problem .. ": " .. table.concat(trail, ", ")
  end
end

-- {====== Two processes at once ======

-- Who goes on at each point is a choice, and so is a pause of everybody, longer than a lease.
local function rivals(scenario, choose)
  local world, inner = paper.new(scenario), scenario.ledgers.memory()
  core.now = function() return world:wall() end
  core.monotonic = function() return world:now() end
  local pauses, told, running = scenario.pauses, {}, {}
  local function pass(where)
    -- between the last write and the sending nothing can be helped, but for V2 by its key
    if scenario.points[where] and (where ~= "before a sending" or world.api == "v2") then
      coroutine.yield()
    end
  end
  local asleep = {}
  local function process(name)
    local store = store_of(world, inner, pass)
    store.owner, store.alive = name, function() return true end
    local ledger = assert(scenario.ledgers.open { store = store, lease = scenario.lease,
      client = client_of(world, scenario, choose, pass), loop = { sleep = function(seconds)
        asleep[name] = world:now() + seconds
        coroutine.yield()
      end } })
    local result, err = ledger:once("order", world.api == "v1" and "v1.subscribe.again"
      or "v2.payment.pay_with_billing_key", paper.rows[world.api].args)
    told[name] = result and "done" or (err.kind == "declined" and "declined") or err.outcome
  end
  for _, name in ipairs { "A", "B" } do
    running[#running + 1] = { name = name, co = coroutine.create(process) }
  end
  while #running > 0 do
    local awake = {}
    for _, one in ipairs(running) do
      if (asleep[one.name] or 0) <= world:now() then awake[#awake + 1] = one end
    end
    if #awake == 0 then
      world:advance(0.5)
    else
      if pauses > 0 and choose(2) == 2 then
        pauses = pauses - 1
        world:advance(scenario.lease + 1)
      end
      local one = awake[#awake > 1 and choose(#awake) or 1]
      local ok, problem = coroutine.resume(one.co, one.name)
      if not ok then
        error(problem, 0)
      elseif coroutine.status(one.co) == "dead" then
        table.remove(running, running[1] == one and 1 or 2)
      end
    end
  end
  make_peace(scenario, world, inner)
  for _, name in ipairs { "A", "B" } do
    local said = told[name]
    local problem = check_order(scenario, world, inner,
      (said == "done" or said == "declined") and said or nil)
    if problem then
      return ("%s (A: %s, B: %s)"):format(problem, tostring(told.A), tostring(told.B))
    end
  end
  if told.A == "not_done" and told.B == "not_done" and world.charges > 0 then
    return "both were told not_done, and it is charged"
  end
end

-- }======

local function go_through(body, scenario)
  local problem
  local ok, runs = pcall(explore.all, function(choose)
    problem = body(scenario, choose)
    if problem then
      error(problem, 0)
    end
  end, 50000)
  if not ok and not problem then
    error(runs, 0)
  end
  return not problem and runs or nil, problem
end

describe("a ledger, gone through to the end", function()
  local real = { backoff = retry.backoff, now = core.now, monotonic = core.monotonic }
  before_each(function()
    retry.backoff = function(n) return 0.5 * 2 ^ (n - 1) end
  end)
  after_each(function()
    retry.backoff, core.now, core.monotonic = real.backoff, real.now, real.monotonic
  end)

  local function scenario(api, fates, more)
    local s = { api = api, deadline = 60, settle = 4, timeout = 3, max_retries = 0, deaths = 1,
      fates = fates, ledgers = ledgers, lease = 180, pauses = 0,
      points = { ["before a write"] = true, ["after a write"] = true, ["before a sending"] = true,
                 ["after a sending"] = true, ["before a look-up"] = true } }
    for name, value in pairs(more or {}) do
      s[name] = value
    end
    return s
  end

  -- A part of the fates is enough where several lives multiply them.
  local function fates(...)
    local wanted, list = {}, {}
    for _, name in ipairs { ... } do wanted[name] = true end
    for _, fate in ipairs(paper.fates) do
      if wanted[fate.name] then list[#list + 1] = fate end
    end
    return list
  end
  local all = paper.fates
  local few = fates("answered", "lost on the way there", "cancelled", "unauthorized",
    "at work till the last moment")
  local three = fates("answered", "lost on the way there", "at work till the last moment")
  local two = fates("answered", "at work till the last moment")

  -- What is gone through: the API, the variations, the fates, how many runs there are at least.
  local plans = {
    { "v1", {}, all, 300 }, { "v2", {}, few, 1000 },
    { "v1", { resend = 0 }, all, 90 }, { "v2", { resend = 0 }, three, 60 },
    { "v1", { insists = true }, all, 1000 }, { "v2", { insists = true }, three, 60 },
    { "v1", { refuse = true }, all, 300 }, { "v2", { refuse = true }, three, 60 },
    { "v1", { failed_before = true }, all, 90 }, { "v2", { failed_before = true }, three, 60 },
    { "v1", { deadline = 3, insists = true }, all, 800 },
    { "v2", { deadline = 3, insists = true }, two, 100 },
    { "v1", { max_retries = 1 }, few, 200 }, { "v2", { max_retries = 1 }, two, 100 },
    { "v1", { deaths = 2 }, few, 1000 }, { "v2", { deaths = 2 }, two, 200 },
  }

  local function title(api, more)
    local words = {}
    for name, value in pairs(more) do
      words[#words + 1] = type(value) ~= "table" and (", %s = %s"):format(name, tostring(value))
        or nil
    end
    table.sort(words)
    return api .. table.concat(words)
  end

  for _, plan in ipairs(plans) do
    it("is right after a death anywhere, " .. title(plan[1], plan[2]), function()
      local runs, problem = go_through(lives, scenario(plan[1], plan[3], plan[2]))
      assert.is_nil(problem)
      assert.is_true(runs >= plan[4])
    end)
  end

  local contests = {
    { "v1", {}, three, 100 }, { "v2", {}, three, 100 },
    { "v1", { lease = 60, pauses = 1, points = { ["before a write"] = true,
                                                 ["after a write"] = true } }, two, 500 },
    { "v2", { lease = 60, pauses = 1, points = { ["before a write"] = true,
                                                 ["before a sending"] = true } }, two, 1000 },
  }
  for _, plan in ipairs(contests) do
    it("gives an order to one of two, " .. title(plan[1], plan[2]), function()
      local runs, problem = go_through(rivals, scenario(plan[1], plan[3], plan[2]))
      assert.is_nil(problem)
      assert.is_true(runs >= plan[4])
    end)
  end

  local entry, record = "portone.ledger.entry", "portone.ledger.record"
  local changes = {
    { "v1", lives, entry, "record.lost or now", "record.lost or record.sent",
      "counts a dead process's request from its beginning" },
    { "v1", lives, record, "record.lost or record.sent", "record.started",
      "counts from the first sending" },
    { "v2", lives, entry, "with.idempotency_key = record.key",
      "with.idempotency_key = core.new_key()", "sends again with another key" },
    { "v1", lives, entry, "if args and record.key and", "if args and",
      "sends a V1 charge again before it looks" },
    { "v1", rivals, entry, "if not ok then\n      job.taken",
      "if ok == nil then\n      job.taken", "sends though somebody else has the order" },
    { "v1", rivals, entry, "core.monotonic() - began > lease / 2", "false",
      "sends long after it wrote" },
    { "v1", rivals, entry, "self.store:write(job.id, job.version, text, open)",
      "self.store:write(job.id, select(2, self.store:read(job.id)), text, open)",
      "writes over what it has not read" },
  }
  for _, c in ipairs(changes) do
    it(("is caught when it %s, %s"):format(c[6], c[1]), function()
      local s = scenario(c[1], few, { insists = true, pauses = 1, lease = 60 })
      s.ledgers = mutant.load("portone.ledger", c[3], c[4], c[5],
        { "portone.ledger.entry", "portone.ledger.record" })
      assert.is_nil((go_through(c[2], s)))
    end)
  end

  it("is caught when nothing is written before a sending", function()
    local runs = go_through(lives, scenario("v1", few, { careless = true }))
    assert.is_nil(runs)
  end)
end)
