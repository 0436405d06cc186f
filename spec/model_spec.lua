-- Is there any way in which a call can charge twice, or say what is not so? A PortOne on paper
-- (support/paper.lua) lets everything become of every request, the true decide.lua follows, and
-- every combination of fates, silent look-ups and deadlines is gone through.

local core = require "portone.core"
local explore = require "spec.support.explore"
local mutant = require "spec.support.mutant"
local paper = require "spec.support.paper"

local call, new_run = paper.call, paper.run

-- What a call said, against the books at the end of all things; nil when it was true.
local function untruth(world, scenario, result, fault)
  local charges = world.charges
  if world.unsettled then
    return "a V1 charge was sent again before a look-up could tell"
  elseif charges > 1 then
    return "charged " .. charges .. " times"
  elseif result ~= nil then
    return charges ~= 1 and "success, and no charge" or nil
  elseif fault.kind == "unknown_outcome" then
    local sees = scenario.deadline >= 30 and scenario.blind == 0 and scenario.asks ~= false
    if sees and not fault.message:find("cancelled", 1, true) then
      return "unknown, though it could be asked"
    end
    return not (fault.pending and fault.pending.sent) and "unknown, and nothing pending" or nil
  elseif charges ~= 0 then
    return ("said %s (%s), and there is a charge"):format(fault.kind, tostring(fault.outcome))
  elseif fault.outcome == "conflict" or fault.outcome == "unknown" then
    return "neither one nor the other, with a kind of " .. fault.kind
  end
end

-- An unknown outcome is asked about later, in a process that knows its pending part alone.
local function resolve_later(decide, world, scenario, fault, choose)
  local waits = { 0, 1, 100 }
  world:advance(waits[choose(#waits)])
  local run = new_run(world, { deadline = 30 })
  run.pending = fault.pending
  local since = fault.pending.sent or fault.pending.started
  local result, later = decide.resolve(run, math.max(0, world:wall() - since))
  world:advance(100)
  return untruth(world, scenario, result, later)
end

local function tell(world, scenario, problem)
  local fates = {}
  for i, sending in ipairs(world.sendings) do
    fates[i] = sending.fate
  end
  return ("%s: %s; %s"):format(problem, table.concat(fates, ", "), scenario.name)
end

-- All of one scenario: runs, or the first thing that is not true.
local function check(decide, scenario)
  local problem
  local ok, runs = pcall(explore.all, function(choose)
    local world = paper.new(scenario)
    world.blind, world.tardy = scenario.blind, scenario.tardy
    local run = new_run(world, scenario, choose)
    run.settle = scenario.believed or run.settle
    run.reconcile = scenario.asks ~= false
    local result, fault = call(decide, run)
    if fault and fault.kind == "unknown_outcome" then
      problem = resolve_later(decide, world, scenario, fault, choose)
    end
    world:advance(100)
    problem = problem or untruth(world, scenario, result, fault)
    if problem then
      problem = tell(world, scenario, problem)
      error(problem, 0)
    end
  end)
  if not ok and not problem then
    error(runs, 0)
  end
  return not problem and runs or nil, problem
end

-- {====== Scenarios ======

-- Repetitions of a call; MODEL_DEPTH=2 takes half a minute.
local depth = tonumber(os.getenv "MODEL_DEPTH" or "") or 1

local function scenarios_of(api, more)
  local list = {}
  for _, deadline in ipairs { 1, 4, 9, 60 } do
    for _, blind in ipairs { 0, 2 } do
      for _, card in ipairs { "good", "refused", "refused before" } do
        local s = { api = api, deadline = deadline, blind = blind, settle = 4, timeout = 3,
          max_retries = 1, tardy = blind == 0 and deadline > 4 and 1 or 0,
          refuse = card == "refused", failed_before = card == "refused before" }
        for name, value in pairs(more or {}) do
          s[name] = value
        end
        s.name = ("%s, deadline %d s, %d silent look-ups, the card %s"):format(api, deadline,
          blind, card)
        list[#list + 1] = s
      end
    end
  end
  return list
end

local function check_all(decide, scenarios)
  local runs = 0
  for _, scenario in ipairs(scenarios) do
    local n, problem = check(decide, scenario)
    if not n then
      return nil, problem
    end
    runs = runs + n
  end
  return runs
end

-- }======

-- Each is one line, changed; and the API for which it must show.
local changes = {
  { "v1", "portone.decide", "run.unclear_since = run.now()", "run.unclear_since = run.now() - 3",
    "counts from the beginning of an attempt" },
  { "v1", "portone.decide", "at - run.unclear_since < run.settle", "false",
    "takes the first look-up for the last word" },
  { "v1", "portone.decide", "may_have_run(run, asked)", "may_have_run(run, run.now())",
    "counts from when a look-up is read, not from when it is asked" },
  { "v1", "portone.decide", "passing = { not_done = true, declined = true }",
    "passing = { not_done = true }", "takes an earlier refusal for its own" },
  { "v2", "portone.decide", "passing = { not_done = true, declined = true }",
    "passing = { not_done = true }", "takes an earlier refusal for its own" },
  { "v2", "portone.decide", "deaf = { unauthorized = true, forbidden = true }", "deaf = {}",
    "takes a closed door for an answer" },
  { "v2", "portone.decide", "if not run.pending.sent then", "if false then",
    "forgets how long a request may have been at work" },
  { "v1", "portone.retry", '{ api = "v1",               act = "lookup" }',
    '{ api = "v1",               act = "again" }', "sends before it looks" },
  { "v1", "portone.retry", "cancelled = true }", "}", "takes a cancelled charge for none" },
  { "v1", "portone.retry", "protocol = true, ", "", "takes rubbish for a refusal" },
  { "v2", "portone.retry", "protocol = true, ", "", "takes rubbish for a refusal" },
  { "v1", "portone.retry", "facts.sent ~= \"nothing\"", "facts.sent == \"nothing\"",
    "confuses sent and unsent" },
}

describe("the course of a call, gone through to the end", function()
  local decide = require "portone.decide"
  local random = core.random

  -- Chance has no part in it: the longest wait, which is when most can happen.
  setup(function()
    core.random = function(n) return ("\255"):rep(n) end
  end)
  teardown(function()
    core.random = random
  end)

  for _, api in ipairs { "v1", "v2" } do
    it("never charges twice and never says what is not so, " .. api, function()
      local runs, problem = check_all(decide, scenarios_of(api, { max_retries = depth }))
      assert.is_nil(problem)
      assert.is_true(runs > 4000)
    end)
  end

  it("says so when it is not to ask", function()
    for _, api in ipairs { "v1", "v2" } do
      local runs, problem = check_all(decide, scenarios_of(api, { asks = false }))
      assert.is_nil(problem)
      assert.is_true(runs > 400)
    end
  end)

  it("is caught charging twice by a V2 that forgets its keys", function()
    local _, problem = check_all(decide, scenarios_of("v2", { forgetful = true }))
    assert.truthy(problem and problem:find "^charged 2 times")
  end)

  it("is caught when it believes in a shorter settling than there is", function()
    assert.truthy(select(2, check_all(decide, scenarios_of("v1", { believed = 2 }))))
    assert.truthy(select(2, check_all(decide, scenarios_of("v1", { believed = 0 }))))
  end)

  for _, c in ipairs(changes) do
    it(("is caught when it %s, %s"):format(c[5], c[1]), function()
      local changed = mutant.load("portone.decide", c[2], c[3], c[4])
      assert.is_nil((check_all(changed, scenarios_of(c[1]))))
    end)
  end
end)
