-- SPDX-License-Identifier: MIT
-- A client of the torture: charges what is its part, until it is killed. Started again it finds
-- out what its earlier life left behind and goes on.
--   client.lua DIR INDEX

local plan = dofile((arg[0]:gsub("[^/]*$", "")) .. "plan.lua")
local portone = require "portone"

local dir, index = arg[1], tonumber(arg[2])
local config = plan.config(dir)
local way = config.clients[index]
local ledger = plan.ledger(config, portone)

-- What its callers were told, for the books to be held against.
local told = assert(io.open(("%s/told.%d"):format(dir, index), "ab"))

local function word(result, err, info)
  if result then
    return info.recorded and "done again" or "done"
  elseif err.kind == "declined" or err.kind == "unknown_outcome" then
    return err.kind
  end
  return err.outcome or err.kind
end

local function one(n)
  local order = plan.order(config, n)
  local result, err, info = ledger:once(order.id, "request_pay_again", order.args)
  told:write(("%d\t%s\t%s\n"):format(n, word(result, err, info), err and tostring(err) or ""))
  return true
end

local report = assert(ledger:recover { concurrency = way.tasks })
local lives = assert(io.open(("%s/recovered.%d"):format(dir, index), "ab"))
lives:write(("%d %d %d %d\n"):format(report.done, report.declined, report.not_done,
  report.unknown))
lives:close()

local progress = ("%s/progress.%d"):format(dir, index)
local from = tonumber((plan.read(progress) or "0"):match("%d+"))
local list = plan.orders(config, index)

-- How far it is without a gap, where the next life begins, and how much is done.
local ready, finished = {}, from
local function advance(i)
  ready[i], finished = true, finished + 1
  while ready[from + 1] do
    from = from + 1
    ready[from] = nil
  end
  if finished % 10 == 0 or finished == #list then
    told:flush()
    plan.write(progress, ("%d %d"):format(from, finished))
  end
end

if way.tasks == 1 then
  for i = from + 1, #list do
    one(list[i])
    advance(i)
  end
else
  local rest = {}
  for i = from + 1, #list do
    rest[#rest + 1] = i
  end
  local _, failures = portone.map(rest, function(i)
    one(list[i])
    advance(i)
    return true
  end, { concurrency = way.tasks, mode = "collect" })
  for _, problem in pairs(failures) do
    error(problem, 0)
  end
end
told:close()
ledger:close()
