-- SPDX-License-Identifier: MIT
-- portone bill FILE: charges a file of orders, each once, whatever happens to this process, and
-- with --redis to any of the machines that share the run.

local account = require "portone.cli.account"
local exits = require "portone.cli.exits"
local input = require "portone.cli.bill.input"
local read = require "portone.cli.read"
local report = require "portone.cli.bill.report"
local say = require "portone.cli.say"
local sorted = require "portone.sorted"

local M = {
  summary = "Charge a file of orders, each exactly once: a monthly billing run.",
  epilog = [[
The file has a line for each order: CSV with the fields' names in its first
line, or a JSON object a line. The fields are those of request_pay_again:
   V1  customer_uid, merchant_uid, amount, name, currency …
   V2  paymentId, billingKey, orderName, amount.total, currency …
and `order`, the order's name in the ledger, when it is not its merchant_uid or
paymentId.

Everything wrong with the file is reported, with line and column, before
anything is charged. The ledger has each order on the disk before its money
moves. After a kill, start the same command again: it finds out what became of
the orders under way and goes on.

Exit status: 0 all paid; 1 some declined, the rest paid; 2 of some it is not
known yet: run it again; 3 some were not charged for another reason than the
card: run it again; 65 the file is wrong, nothing was charged; 66 it cannot be
read; 69 Redis is gone; 73 the ledger or the result file cannot be written;
78 no keys; 130 interrupted.

Examples:
   portone bill november.csv --dry-run
   portone bill november.csv --ledger november.db --concurrency 64
   portone bill november.csv --redis redis://10.0.0.5:6379  # on each machine
   portone bill november.csv --ledger november.db --again   # the declined ones]],
}

function M.add(parser)
  parser:argument("file", "Orders: .csv, or .ndjson with a JSON object a line; - with --form.")
  parser:option("--form", "Of the file, where its name does not tell."):choices { "csv", "ndjson" }
  parser:option("--ledger", "Ledger file; default: the orders' file and .ledger."):argname "FILE"
  parser:option("--concurrency", "Orders under way at a time."):convert(tonumber)
    :default "64":argname "N"
  parser:option("--result", "Result file (.csv or .ndjson); default: FILE.result.csv.")
    :argname "FILE"
  parser:flag("--dry-run", "Check the file, print the sums, charge nothing.")
  parser:flag("--again", "Charge anew what was declined in an earlier run.")
  parser:flag("--json", "Print the report as JSON.")
  parser:option("--timeout", "Seconds for one attempt."):convert(tonumber):argname "SECONDS"
  parser:option("--deadline", "Seconds for all attempts at an order."):convert(tonumber)
    :argname "SECONDS"
  parser:option("--settle", "Seconds that PortOne may still be at a lost V1 request (60).")
    :convert(tonumber):argname "SECONDS"
  parser:option("--redis", "Share the run with other machines. A password: PORTONE_REDIS_PASSWORD.")
    :argname "URL"
  parser:option("--redis-ca", "With rediss://: authorities to believe instead of the system's.")
    :argname "FILE"
  parser:option("--run", "With --redis: name of the run; default: the file's name."):argname "NAME"
  parser:option("--lease", "With --redis: seconds without a sign of life after which a machine "
    .. "is taken for dead."):convert(tonumber):default "30":argname "SECONDS"
  parser:option("--keep", "With --redis: days after its end that a run and its orders are "
    .. "remembered; 0: for good."):convert(tonumber):default "400":argname "DAYS"
  parser:flag("--not-durable", "With --redis: take one that may lose what it has acknowledged.")
  account.add(parser)
end

-- {====== Before anything is charged ======

local MOST = 200  -- problems that are printed

local function print_problems(path, problems)
  for i = 1, math.min(#problems, MOST) do
    local p = problems[i]
    say.note(("%s:%d:%d: %s"):format(path, p.line, p.column, p.problem))
  end
  if #problems > MOST then
    say.note(("… and %d more"):format(#problems - MOST))
  end
  say.problem("%d problem%s in %s; nothing was charged", #problems, #problems == 1 and "" or "s",
    path)
end

local function print_warnings(path, warnings)
  local texts = sorted(warnings)
  for i = 1, math.min(#texts, 5) do
    say.note(("%s: warning: %s (%d times)"):format(path, texts[i], warnings[texts[i]]))
  end
end

-- The orders of the file; nil and an exit status when it cannot be used.
local function load_orders(options)
  local path = options.file
  local form = options.form or path:match("%.(csv)$") or path:match("%.(ndjson)$")
    or path:match("%.jsonl$") and "ndjson"
  if not form then
    say.problem("%s: is it CSV or a JSON object a line? Give --form csv or --form ndjson.", path)
    return nil, exits.usage
  end
  local text, why = read(path)
  if not text then
    say.problem("%s", why)
    return nil, exits.no_input
  end
  local found = input.read(text, form)
  if found.problems[1] then
    print_problems(path, found.problems)
    return nil, exits.bad_input
  end
  print_warnings(path, found.warnings)
  return found
end

local function dry_run(options, found)
  local tally = report.tally()
  for _, order in ipairs(found.orders) do
    tally:add(order, "left")
  end
  report.print_check(options.file, tally, options.json)
  return exits.ok
end

local needs = { v1 = { "v1", "PORTONE_V1_API_KEY and PORTONE_V1_API_SECRET" },
                v2 = { "api_secret", "PORTONE_API_SECRET" } }

-- A client for what is in the file; nil and an exit status when its keys are missing.
local function connect(options, found)
  local given, problem = account.environment(options)
  if not given then
    say.problem("%s", problem)
    return nil, exits.no_input
  end
  for version, need in pairs(needs) do
    if found.apis[version] and not given[need[1]] then
      say.problem("%s has orders of %s, and there is no %s", options.file, version:upper(), need[2])
      return nil, exits.no_setup
    end
  end
  return account.client(options, { timeout = options.timeout, deadline = options.deadline,
    settle = options.settle })
end

-- }======

local function bad_options(options)
  for _, name in ipairs { "concurrency", "lease", "timeout", "deadline", "settle" } do
    local value = options[name]
    if value and (value <= 0 and name ~= "settle" or value ~= value) then
      return ("--%s: a number above 0 expected"):format(name)
    end
  end
  local keep = options.keep
  if keep ~= 0 and not (keep >= 1 and keep <= 36500) then
    return "--keep: days, at least 1, or 0 for good, expected"
  elseif options.concurrency < 1 or options.concurrency > 1000 then
    return "--concurrency: 1 to 1000 expected"
  elseif options.redis and options.ledger then
    return "--ledger and --redis: with --redis the ledger is in Redis"
  end
end

function M.run(options)
  local problem = bad_options(options)
  if problem then
    say.problem("%s", problem)
    return exits.usage
  end
  local found, status = load_orders(options)
  if not found then
    return status
  elseif options.dry_run then
    return dry_run(options, found)
  end
  local client
  client, status = connect(options, found)
  if not client then
    return status
  end
  local run = require(options.redis and "portone.cli.bill.shared" or "portone.cli.bill.alone")
  local ran
  ran, status = run.run(options, found.orders, client)
  client.close()
  if not ran then
    return status
  end
  return M.finish(options, found.orders, ran)
end

---Tallies, prints and files what became of the orders.
---@param options table
---@param orders table[]
---@param ran { ends: table<string, table>, seconds: number, interrupted?: boolean }
---@return integer status
function M.finish(options, orders, ran)
  local tally = report.tally()
  for _, order in ipairs(orders) do
    tally:add(order, (ran.ends[order.id] or { outcome = "left" }).outcome)
  end
  local path = options.result or (options.file == "-" and "orders" or options.file) .. ".result.csv"
  local ok, why = report.write(path, orders, ran.ends)
  report.print(options.file, tally, ran.seconds, options.json, ok and path)
  if not ok then
    say.problem("the result file: %s", why)
    return exits.no_output
  end
  return ran.interrupted and exits.interrupted or tally:status()
end

return M
