-- SPDX-License-Identifier: MIT
-- Charges, through everything that can go wrong at once, by clients that are killed at random and
-- started again; then the sandbox's books against the clients' ledger. Every order must be
-- charged exactly once or certainly not, and the ledger must say which.
--
--   N=100000 KILLS=500 SEED=1 BLOCKING=12 POOLS=4 TASKS=64 lua tools/torture.lua
--
-- BLOCKING clients make one call at a time, POOLS clients TASKS at a time. SETTLE: how long the
-- clients believe that a lost request may be at work; less than 2 seconds is a lie. LATE: how
-- many requests are carried out after their caller has given up, of one.

local core = require "portone.core"
local json = require "portone.json"
local portone = require "portone"
local here = arg[0]:gsub("[^/]*$", "")
local plan = dofile(here .. "torture/plan.lua")

local function number(name, default)
  return tonumber(os.getenv(name) or "") or default
end

local orders, kills = number("N", 100000), number("KILLS")
kills = kills or math.max(20, math.floor(orders / 200))
local seed = number("SEED", math.floor(core.now()) % 1000000)
local lua = os.getenv "LUA_EXE" or (rawget(_G, "jit") and "luajit")
  or _VERSION:lower():gsub(" ", "")

local dir = os.tmpname()
os.remove(dir)

local function say(...)
  io.write(string.format(...), "\n")
  io.flush()
end

local function shell(words, ...)
  local ok = os.execute(words:format(...))
  return ok == true or ok == 0
end

-- {====== Processes ======

-- Starts a client; its number goes to a file, and its end to another.
local function start(index)
  local base = ("%s/client.%d"):format(dir, index)
  os.remove(base .. ".end")
  os.remove(base .. ".pid")
  assert(shell([[(sh -c 'echo $$ >%s.pid; exec %s %storture/client.lua %s %d' \
    >>%s.log 2>&1; echo $? >%s.end) &]], base, lua, here, dir, index, base, base))
end

local function ended(index)
  local code = plan.read(("%s/client.%d.end"):format(dir, index))
  return code and tonumber(code)
end

local function wait_for(what, seconds, test)
  local ends = core.monotonic() + seconds
  while true do
    local value = test()
    if value then
      return value
    elseif core.monotonic() > ends then
      error("torture: " .. what .. " does not happen")
    end
    core.sleep(0.01)
  end
end

-- Kills a client wherever it is. False when it had ended.
local function kill(index)
  local pid = wait_for("a client's start", 20, function()
    return tonumber(plan.read(("%s/client.%d.pid"):format(dir, index)) or "")
  end)
  if ended(index) then
    return false
  end
  shell("kill -9 %d 2>/dev/null", pid)
  return wait_for("a client's end", 20, function() return ended(index) end) == 137
end

local function start_sandbox()
  local pipe = assert(io.popen(("%s %storture/sandbox.lua %s %d >>%s/sandbox.log 2>&1")
    :format(lua, here, dir, seed, dir), "w"))
  local text = wait_for("the sandbox's start", 30, function()
    return plan.read(dir .. "/sandbox.json")
  end)
  return pipe, assert(json.decode(text))
end

local function tell(pipe, word)
  assert(pipe:write(word, "\n"))
  pipe:flush()
end

-- }======

-- {====== The run ======

local function make_config(found)
  local config = found
  config.orders, config.seed, config.clients = orders, seed, {}
  config.settle = number("SETTLE", 4)
  config.ledger = dir .. "/run.db"
  local long = orders > 5000
  local tasks = number("TASKS", long and 64 or 32)
  local blocking, pools = number("BLOCKING", long and 12 or 4), number("POOLS", 4)
  for i = 1, math.max(blocking, pools) do  -- by turns: neighbours meet
    config.clients[#config.clients + 1] = i <= pools and { tasks = tasks, size = tasks } or nil
    config.clients[#config.clients + 1] = i <= blocking and { tasks = 1, size = 1 } or nil
  end
  plan.write(dir .. "/config.json", assert(json.encode(config)))
  return config
end

local function progress(config)
  local done = 0
  for i = 1, #config.clients do
    local text = plan.read(("%s/progress.%d"):format(dir, i)) or "0 0"
    done = done + tonumber(text:match("%d+$"))
  end
  return done
end

-- One client is killed whenever another part of the orders is done, wherever it is then; all
-- that ended otherwise than well are an error.
local function run(config)
  local killed, random = 0, 0
  local running = #config.clients
  for i = 1, running do
    start(i)
  end
  while running > 0 do
    random = random + 1
    core.sleep(0.1 * plan.draw(seed, random, 3))
    if killed < kills and progress(config) >= orders * 0.8 * killed / kills then
      local victim = 1 + math.floor(plan.draw(seed, random, 4) * #config.clients)
      if not ended(victim) and kill(victim) then
        killed = killed + 1
        start(victim)
      end
    end
    running = 0
    for i = 1, #config.clients do
      local code = ended(i)
      running = running + (code == nil and 1 or 0)
      if code and code ~= 0 then
        error(("torture: client %d ended with %d; see %s/client.%d.log"):format(i, code, dir, i))
      end
    end
  end
  return killed
end

-- }======

-- {====== The account ======

-- What the sandbox has booked: order -> { paid = n, amount = last, refused = n }
local function read_books()
  local books = assert(json.decode(wait_for("the sandbox's account", 120, function()
    return plan.read(dir .. "/books.json")
  end)))
  local by_order = {}
  for _, charge in ipairs(books.charges) do
    local order, amount, outcome = charge[1], charge[2], charge[3]
    local entry = by_order[order] or { paid = 0, refused = 0 }
    by_order[order] = entry
    if outcome == "failed" or outcome == "declined" then
      entry.refused = entry.refused + 1
    else
      entry.paid, entry.amount = entry.paid + 1, amount
    end
  end
  return by_order, books
end

local answers = { done = true, ["done again"] = true, declined = true, not_done = true,
                  unknown = true, unknown_outcome = true, conflict = true }

-- The last that anybody was told of each order, and how often what.
local function read_told(config)
  local last, words = {}, {}
  for i = 1, #config.clients do
    for line in io.lines(("%s/told.%d"):format(dir, i)) do
      local n, word = line:match("^(%d+)\t([^\t]*)\t")
      if n and answers[word] then  -- not half a line that somebody died over
        words[word] = (words[word] or 0) + 1
        if word ~= "not_done" and word ~= "unknown" and word ~= "unknown_outcome" then
          last[tonumber(n)] = word:gsub(" again$", "")
        end
      end
    end
  end
  return last, words
end

-- What is wrong with an order; nil when nothing is.
local function problem_of(order, found, entry, told)
  local paid = entry and entry.paid or 0
  if paid > 1 then
    return ("charged %d times"):format(paid)
  elseif not found then
    return paid > 0 and "charged, and not in the ledger" or nil
  elseif found.state ~= "settled" then
    return "still open"
  elseif found.outcome == "done" then
    if paid ~= 1 then return "done in the ledger, and not charged" end
    if entry.amount ~= order.amount then return "charged with another amount" end
  elseif found.outcome ~= "declined" and found.outcome ~= "not_done" then
    return "ends as " .. tostring(found.outcome)
  elseif paid ~= 0 then
    return ("%s in the ledger, and charged"):format(found.outcome)
  end
  if told and (told == "done") ~= (paid == 1) then
    return ("somebody was told %s, and it was charged %d times"):format(told, paid)
  end
end

local function account(config, ledger)
  local by_order, books = read_books()
  local told, words = read_told(config)
  local sum = { done = 0, declined = 0, not_done = 0, none = 0, won = 0, problems = {} }
  for n = 1, config.orders do
    local order = plan.order(config, n)
    local found = ledger:look(order.id)
    local problem = problem_of(order, found, by_order[order.id], told[n])
    if problem then
      table.insert(sum.problems, order.id .. ": " .. problem)
    end
    local outcome = found and found.outcome or "none"
    sum[outcome] = (sum[outcome] or 0) + 1
    sum.won = sum.won + (outcome == "done" and order.amount or 0)
    by_order[order.id] = nil
  end
  for id in pairs(by_order) do
    table.insert(sum.problems, id .. ": in the books, and nobody's order")
  end
  if books.errors > 0 then
    table.insert(sum.problems, books.errors .. " errors in the sandbox itself")
  end
  return sum, books, words
end

local function recovered(config)
  local sum = {}
  for i = 1, #config.clients do
    for line in io.lines(("%s/recovered.%d"):format(dir, i)) do
      local at = 0
      for value in line:gmatch("%d+") do
        at = at + 1
        sum[at] = (sum[at] or 0) + tonumber(value)
      end
    end
  end
  return sum
end

local function kinds(config)
  local blocking, tasks = 0, 1
  for _, c in ipairs(config.clients) do
    blocking, tasks = blocking + (c.tasks == 1 and 1 or 0), math.max(tasks, c.tasks)
  end
  return ("%d blocking, %d with %d calls at a time"):format(blocking, #config.clients - blocking,
    tasks)
end

local function listed(counts)
  local names = {}
  for name in pairs(counts) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    names[i] = ("%s %d"):format(name, counts[name])
  end
  return table.concat(names, ", ")
end

-- }======

local function main()
  assert(shell("mkdir -m 700 %s", dir))
  say("torture: %d orders, seed %d, %s, in %s", orders, seed, lua, dir)
  local pipe, found = start_sandbox()
  local config = make_config(found)
  tell(pipe, "faults")
  local began = core.monotonic()
  local killed = run(config)
  local took = core.monotonic() - began
  tell(pipe, "peace")
  local ledger, client = plan.ledger(config, portone)
  local last = assert(ledger:recover())
  tell(pipe, "books")
  local sum, books, words = account(config, ledger)
  ledger:close()
  client.close()
  pipe:close()
  local r = recovered(config)
  say("clients: %s, killed %d times", kinds(config), killed)
  say("time: %.1f s, %.0f orders/s, %d requests", took, orders / took, books.stats.requests)
  say("faults among the last %d requests: %s", books.sample, listed(books.faults))
  say("callers were told: %s", listed(words))
  say("left open by the killed: done %d, declined %d, not done %d, not known yet %d",
    r[1], r[2], r[3], r[4])
  say("left open in the end: %d (%s)", last.total, listed(last))
  say("ledger: %d charged once (%d won), %d declined, %d certainly not charged, %d never sent",
    sum.done, sum.won, sum.declined, sum.not_done, sum.none)
  for i, problem in ipairs(sum.problems) do
    if i <= 20 then
      say("WRONG %s", problem)
    end
  end
  say("%d wrong", #sum.problems)
  local keep = os.getenv "KEEP" or (#sum.problems > 0 and "yes") or "no"
  if keep == "no" then
    shell("rm -rf %s", dir)
  end
  return #sum.problems
end

-- Nobody stays behind when this process fails.
local function end_all(problem)
  shell("for f in %s/client.*.pid; do [ -e ${f%%.pid}.end ] || kill -9 $(cat $f); done "
    .. "2>/dev/null", dir)
  return debug.traceback(problem)
end

local ok, wrong = xpcall(main, end_all)
if not ok then
  io.stderr:write(tostring(wrong), "\n")
end
os.exit(ok and wrong == 0 and 0 or 1)
