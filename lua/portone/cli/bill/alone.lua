-- SPDX-License-Identifier: MIT
-- A billing run of one machine: tasks over the list of orders, the ledger in a file.

local exits = require "portone.cli.exits"
local portone = require "portone"
local progress = require "portone.cli.bill.progress"
local report = require "portone.cli.bill.report"
local say = require "portone.cli.say"
local signals = require "portone.cli.signals"
local together = require "portone.cli.bill.together"

local M = {}

local TICK = 0.2  -- seconds between two looks at the clock and at signals

-- Finds out what an earlier run, that was killed, left open.
local function recover(ledger, options)
  local found, err = ledger:recover { concurrency = options.concurrency,
    timeout = options.timeout, deadline = options.deadline }
  if not found then
    return nil, err
  elseif found.total > 0 then
    say.note(("an earlier run left %d orders under way: %d paid, %d declined, %d not charged, "
      .. "%d unknown, %d another process is at"):format(found.total, found.done, found.declined,
      found.not_done, found.unknown + found.conflict, found.busy))
  end
  return true
end

local function charge(ledger, options)
  local opts = { again = options.again, timeout = options.timeout, deadline = options.deadline }
  return function(order)
    return report.classify(ledger:once(order.id, "request_pay_again", order.args, opts))
  end
end

-- Shows the progress and looks at signals while the tasks work.
local function watch(state, bar)
  portone.spawn(function()
    while not state.over do
      portone.sleep(TICK)
      local signal = state.caught()
      if signal and state.stopping then
        os.exit(exits.interrupted)
      elseif signal then
        state.stopping = true
        say.note(("\n%s: what is under way is finished; once more ends it at once")
          :format(signal))
      end
      if not state.over then
        bar:show(state.tally.total, state.tally:words())
      end
    end
  end)
end

local function work(state, orders, one, options)
  local _, failures = portone.map(orders, function(order)
    if state.stopping then
      return false
    end
    local ended = one(order)
    state.ends[order.id] = ended
    state.tally:add(order, ended.outcome)
    return ended
  end, { concurrency = options.concurrency, mode = "collect" })
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
  local path = options.ledger or (options.file == "-" and "orders" or options.file) .. ".ledger"
  local store, err = together.file(path)
  local ledger = store and portone.ledger.open { store = store, client = client }
  local ok = ledger ~= nil
  if ok then
    ok, err = recover(ledger, options)
  end
  if not ok then
    say.problem("the ledger: %s", err)
    return nil, exits.no_output
  end
  local state = { ends = {}, tally = report.tally(), caught = signals.catch() }
  local bar = progress.new(#orders)
  watch(state, bar)
  work(state, orders, charge(ledger, options), options)
  state.over = true
  bar:finish(state.tally.total, state.tally:words())
  ledger:close()
  return { ends = state.ends, seconds = bar:elapsed(), interrupted = state.stopping }
end

return M
