-- SPDX-License-Identifier: MIT
-- Counters and histograms of a client's calls, in the text format that Prometheus reads.
--
-- Labels are names of operations, kinds of outcome and HTTP statuses: each has few values, and
-- none comes from a customer. What no table of operations knows (portone.request) is counted
-- under "request".

local observe = require "portone.observe"
local store = require "portone.observe.store"

local M = {}

-- Seconds. A charge takes about one, an attempt may take 65 and a call 150.
local BUCKETS = { 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 65, 150 }

-- Name without the prefix, type, help; in the order in which they are shown.
local METRICS = {
  { "calls_total", "counter", "Calls that ended, by what came of them." },
  { "call_duration_seconds", "histogram", "Time of a call, its waits and look-ups included." },
  { "calls_in_flight", "gauge", "Calls under way." },
  { "attempts_total", "counter", "Requests sent, by HTTP status or by why there was none." },
  { "attempt_duration_seconds", "histogram", "Time of one request." },
  { "retries_total", "counter", "Requests sent again." },
  { "reconciled_total", "counter", "Lost answers that a look-up replaced by success." },
  { "warnings_total", "counter", "Warnings of calls." },
}

---@class portone.observe.Metrics
local methods = {}
local mt = { __name = "portone.observe.metrics", __index = methods }

-- {====== Series ======

local function escaped(value)
  return (tostring(value):gsub('[\\"\n]', { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }))
end

-- A name for a label: of an operation or a verb, or "request" for paths of the caller's own.
local function operation_of(event)
  local name = event.operation
  return type(name) == "string" and not name:find("[^%w_.]") and name or "request"
end

local function series(self, metric, operation, label, value)
  local more = label and ("," .. label .. '="' .. escaped(value) .. '"') or ""
  return self.prefix .. metric .. '{operation="' .. escaped(operation) .. '"' .. more .. "}"
end

local function number(value)
  if value == math.floor(value) and math.abs(value) < 2 ^ 53 then
    return ("%.0f"):format(value)
  end
  return (("%.9g"):format(value):gsub(",", "."))  -- a locale's point may be a comma
end

local function observe_duration(self, metric, operation, seconds)
  local kept = self.store
  for _, limit in ipairs(self.buckets) do
    if seconds <= limit then
      kept:add(series(self, metric .. "_bucket", operation, "le", number(limit)), 1)
      break  -- the larger ones are summed up when they are shown
    end
  end
  kept:add(series(self, metric .. "_sum", operation), seconds)
  kept:add(series(self, metric .. "_count", operation), 1)
end

-- }====================

-- {====== In flight ======

-- Counted from the calls themselves, which are known weakly: a call whose coroutine or light
-- thread was dropped in mid-flight never ends, and goes when it is collected.
local function show_in_flight(self)
  local counts = {}
  for operation in pairs(self.seen) do counts[operation] = 0 end
  for _, operation in pairs(self.flying) do
    counts[operation] = (counts[operation] or 0) + 1
  end
  for operation, n in pairs(counts) do
    self.seen[operation] = true
    self.store:put(series(self, "calls_in_flight", operation), n)
  end
  self.counts = counts
end

local function in_flight(self, operation, by)
  local n = math.max(0, (self.counts[operation] or 0) + by)
  self.counts[operation], self.seen[operation] = n, true
  self.store:put(series(self, "calls_in_flight", operation), n)
end

-- }=======================

function methods:on_start(event)
  local operation = operation_of(event)
  self.flying[event.context] = operation
  in_flight(self, operation, 1)
end

function methods:on_response(event)
  local operation = operation_of(event)
  self.store:add(series(self, "attempts_total", operation, "status",
    event.status or event.kind), 1)
  observe_duration(self, "attempt_duration_seconds", operation, event.elapsed or 0)
end

function methods:on_retry(event)
  self.store:add(series(self, "retries_total", operation_of(event)), 1)
end

function methods:on_warning(event)
  self.store:add(series(self, "warnings_total", operation_of(event)), 1)
end

function methods:on_end(event)
  local operation = operation_of(event)
  if self.flying[event.context] then
    self.flying[event.context] = nil
    in_flight(self, operation, -1)
  end
  self.store:add(series(self, "calls_total", operation, "outcome", event.outcome), 1)
  if event.reconciled then
    self.store:add(series(self, "reconciled_total", operation), 1)
  end
  observe_duration(self, "call_duration_seconds", operation, event.elapsed)
end

-- {====== Text ======

-- "name{labels}" -> metric without prefix, labels
local function parts(self, text)
  local name, labels = text:match("^([^{]*){(.*)}$")
  return name:sub(#self.prefix + 1), labels
end

-- The series of each metric, a histogram's by its labels.
local function sorted_series(self)
  local by_metric = {}
  for text, value in pairs(self.store:all()) do
    local metric, labels = parts(self, text)
    by_metric[metric] = by_metric[metric] or {}
    table.insert(by_metric[metric], { labels = labels, value = value })
  end
  for _, list in pairs(by_metric) do
    table.sort(list, function(a, b) return a.labels < b.labels end)
  end
  return by_metric
end

-- Buckets as Prometheus wants them: each holds all that is not longer, the last one everything.
local function add_histogram(self, out, metric, by_metric)
  local name, filled = self.prefix .. metric, {}
  for _, row in ipairs(by_metric[metric .. "_bucket"] or {}) do
    filled[row.labels] = row.value
  end
  for i, count in ipairs(by_metric[metric .. "_count"] or {}) do
    local sum = 0
    for _, limit in ipairs(self.buckets) do
      local labels = count.labels .. ',le="' .. number(limit) .. '"'
      sum = sum + (filled[labels] or 0)
      out[#out + 1] = ("%s_bucket{%s} %s"):format(name, labels, number(sum))
    end
    out[#out + 1] = ('%s_bucket{%s,le="+Inf"} %s'):format(name, count.labels, number(count.value))
    out[#out + 1] = ("%s_sum{%s} %s"):format(name, count.labels,
      number(by_metric[metric .. "_sum"][i].value))
    out[#out + 1] = ("%s_count{%s} %s"):format(name, count.labels, number(count.value))
  end
end

---Everything counted so far, in Prometheus' text format (version 0.0.4).
---@return string
function methods:text()
  show_in_flight(self)
  local out, by_metric = {}, sorted_series(self)
  for _, row in ipairs(METRICS) do
    local metric, kind, help = row[1], row[2], row[3]
    out[#out + 1] = ("# HELP %s%s %s"):format(self.prefix, metric, help)
    out[#out + 1] = ("# TYPE %s%s %s"):format(self.prefix, metric, kind)
    if kind == "histogram" then
      add_histogram(self, out, metric, by_metric)
    else
      for _, one in ipairs(by_metric[metric] or {}) do
        out[#out + 1] = ("%s%s{%s} %s"):format(self.prefix, metric, one.labels, number(one.value))
      end
    end
  end
  return table.concat(out, "\n") .. "\n"
end

---Answers a request for /metrics: a content handler of nginx.
function methods:serve()
  rawget(_G, "ngx").header["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8"
  ngx.print(self:text())
end

-- }==================

local known = { dict = "string", buckets = "table", prefix = "string" }

---Counts the calls of the clients whose options it is added to.
---@param given table  dict: name of an ngx.shared dictionary, in which all workers count;
---  buckets: limits of the histograms in seconds, ascending; prefix: of the names, "portone_"
---@param level integer  error's level of the caller to blame, seen from here
---@return portone.observe.Metrics
function M.new(given, level)
  observe.check("portone.observe.metrics", given, known, level + 1)
  local prefix, buckets = given.prefix or "portone_", given.buckets or BUCKETS
  if not prefix:find("^[%a_:][%w_:]*$") then
    error("portone.observe.metrics: option 'prefix' must be a name of letters, digits and _",
      level)
  end
  for i, limit in ipairs(buckets) do
    if type(limit) ~= "number" or (i > 1 and limit <= buckets[i - 1]) then
      error("portone.observe.metrics: option 'buckets' must be ascending numbers", level)
    end
  end
  return setmetatable({
    prefix = prefix, buckets = buckets, counts = {}, seen = {},
    flying = setmetatable({}, { __mode = "k" }),
    store = given.dict and store.shared(given.dict, level + 1) or store.memory(),
  }, mt)
end

return M
