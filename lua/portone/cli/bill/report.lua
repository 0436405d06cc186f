-- SPDX-License-Identifier: MIT
-- What became of the orders of a run: tallies, the result file, the exit status.
--
-- An end: { outcome, payment, attempts, recorded, kind, code, message }; outcome is one of
--   paid, declined   settled
--   not_charged      certainly not, for another reason than the card: run it again
--   conflict         something else than what was asked for is there: look
--   unknown          nobody can say yet: run it again
--   left             not tried, the run was ended before

local csv = require "portone.cli.bill.csv"
local currency = require "portone.check.currency"
local exits = require "portone.cli.exits"
local json = require "portone.json"
local progress = require "portone.cli.bill.progress"
local say = require "portone.cli.say"
local sorted = require "portone.sorted"

local M = {}

M.outcomes = { "paid", "declined", "not_charged", "conflict", "unknown", "left" }

local names = { not_charged = "not charged", left = "not tried" }

-- The name that PortOne gave a payment of V1; a declined one has one too.
local function payment_of(answer)
  return type(answer) == "table" and type(answer.imp_uid) == "string" and answer.imp_uid or nil
end

---What a call's three values mean for a run.
---@param result any
---@param err? portone.Error
---@param info table
---@return table end
function M.classify(result, err, info)
  if result ~= nil then
    return { outcome = "paid", payment = payment_of(result), attempts = info.attempts,
      recorded = info.recorded }
  end
  local outcome = err.kind == "declined" and "declined" or err.outcome == "conflict" and "conflict"
    or err.outcome == "unknown" and "unknown" or "not_charged"
  local message = err.pg_message or err.message
  for i, field in ipairs(err.fields or {}) do
    message = ("%s%s %s: %s"):format(message, i == 1 and ":" or ";", field.path, field.problem)
  end
  return { outcome = outcome, attempts = info and info.attempts, recorded = info and info.recorded,
    payment = payment_of(err.response), kind = err.kind, message = message,
    code = err.pg_code or err.type or err.code and tostring(err.code) }
end

---@class portone.cli.Tally
local methods = {}
local mt = { __index = methods }

---@return portone.cli.Tally
function M.tally()
  return setmetatable({ counts = {}, sums = {}, total = 0 }, mt)
end

---@param order table  amount, currency
---@param outcome string
function methods:add(order, outcome)
  self.total = self.total + 1
  self.counts[outcome] = (self.counts[outcome] or 0) + 1
  local sums = self.sums[outcome] or {}
  self.sums[outcome] = sums
  local minor = currency.minor(order.amount, order.currency) or order.amount
  sums[order.currency] = (sums[order.currency] or 0) + minor
end

-- "KRW 29,850,000" or "USD 12.50"
local function money(code, minor)
  local digits = currency.digits(code) or 0
  local major = math.floor(minor / 10 ^ digits)
  local rest = minor - major * 10 ^ digits
  return code .. " " .. progress.count(major)
    .. (digits > 0 and ("." .. ("%0" .. digits .. ".0f"):format(rest)) or "")
end

---A few words for the progress line.
---@return string
function methods:words()
  local out = {}
  for _, outcome in ipairs(M.outcomes) do
    local n = self.counts[outcome]
    if n and outcome ~= "left" then
      out[#out + 1] = (names[outcome] or outcome) .. " " .. progress.count(n)
    end
  end
  return table.concat(out, "  ")
end

-- "KRW 3,000  USD 1.50"
local function all_money(sums)
  local out = {}
  for i, code in ipairs(sorted(sums)) do
    out[i] = money(code, sums[code])
  end
  return table.concat(out, "  ")
end

---The table that a person reads.
---@return string
function methods:text()
  local out = {}
  for _, outcome in ipairs(M.outcomes) do
    local n = self.counts[outcome]
    if n or outcome == "paid" or outcome == "declined" or outcome == "unknown" then
      out[#out + 1] = ("  %-12s %9s   %s"):format(names[outcome] or outcome,
        progress.count(n or 0), all_money(self.sums[outcome] or {})):gsub("%s+$", "")
    end
  end
  return table.concat(out, "\n")
end

---The same for a program: counts, and sums in major units as texts.
---@return table
function methods:data()
  local out = { orders = self.total, outcomes = {} }
  for outcome, n in pairs(self.counts) do
    local sums = {}
    for code, minor in pairs(self.sums[outcome]) do
      sums[code] = money(code, minor):match(" (.*)$"):gsub(",", "")
    end
    out.outcomes[outcome] = { count = n, sums = sums }
  end
  return out
end

---@return integer status  the worst that there is
function methods:status()
  local n = self.counts
  if n.unknown or n.conflict then
    return exits.unknown
  elseif n.not_charged or n.left then
    return exits.not_done
  end
  return n.declined and exits.declined or exits.ok
end

-- {====== The result file ======

local columns = { "line", "order", "outcome", "amount", "currency", "payment", "kind", "code",
  "message", "attempts", "recorded" }

local function values(order, ended)
  return { line = order.line, order = order.id, outcome = ended.outcome, amount = order.amount,
    currency = order.currency, payment = ended.payment or order.args.paymentId,
    kind = ended.kind, code = ended.code, message = ended.message, attempts = ended.attempts,
    recorded = ended.recorded or nil }
end

local function csv_line(row)
  local cells = {}
  for i, name in ipairs(columns) do
    local value = row[name]
    if type(value) == "number" and value == math.floor(value) then
      value = ("%.0f"):format(value)
    end
    cells[i] = csv.cell(value)
  end
  return table.concat(cells, ",")
end

---Writes the result file: first beside it, so that there is a whole one or none.
---@param path string   CSV, or a JSON object a line when it ends in .ndjson
---@param orders table[]
---@param ends table<string, table>  by the orders' names
---@return boolean? ok
---@return string? problem
function M.write(path, orders, ends)
  local as_json = path:find("%.ndjson$") ~= nil
  local file, why = io.open(path .. ".new", "wb")
  if not file then
    return nil, why
  end
  if not as_json then
    file:write(table.concat(columns, ","), "\n")
  end
  for _, order in ipairs(orders) do
    local row = values(order, ends[order.id] or { outcome = "left" })
    file:write(as_json and assert(json.encode(row)) or csv_line(row), "\n")
  end
  local ok
  ok, why = file:close()
  if ok then
    ok, why = os.rename(path .. ".new", path)
  end
  return ok, why
end

-- }======

---Prints what a check of the file found: nothing wrong, and what it is about.
---@param name string
---@param tally portone.cli.Tally
---@param as_json? boolean
function M.print_check(name, tally, as_json)
  if as_json then
    return say.answer({ orders = tally.total, sums = tally:data().outcomes.left.sums }, true)
  end
  io.stdout:write(("%s: %s orders, nothing wrong with them: %s\n"):format(name,
    progress.count(tally.total), all_money(tally.sums.left)))
end

---Prints the end of a run.
---@param name string       of the file
---@param tally portone.cli.Tally
---@param seconds number
---@param as_json? boolean
---@param result? string    path of the result file
function M.print(name, tally, seconds, as_json, result)
  if as_json then
    local data = tally:data()
    data.seconds, data.result = math.floor(seconds * 1000 + 0.5) / 1000, result
    return say.answer(data, true)
  end
  io.stdout:write(("%s: %s orders in %s (%s/s)\n%s\n"):format(name, progress.count(tally.total),
    progress.clock(seconds), progress.count(tally.total / math.max(seconds, 0.001)),
    tally:text()))
  if result then
    io.stdout:write("  results      ", result, "\n")
  end
end

return M
