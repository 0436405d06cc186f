-- SPDX-License-Identifier: MIT
-- Watching the calls of a client: ready observers for its hooks.
--
--   local metrics = portone.observe.metrics {}
--   portone.configure(portone.observe.add({ api_secret = "…" }, metrics, portone.observe.log {}))
--   print(metrics:text())                     -- for Prometheus
--
-- An observer is a table of hooks (on_start, on_request, on_response, on_retry, on_warning,
-- on_end) that are called as methods. What they are told holds names, templates of URLs,
-- numbers and kinds: no key, no card, no identifier of a customer.

local M = {}

local HOOKS = { "on_start", "on_request", "on_response", "on_retry", "on_warning", "on_end" }

local function is_observer(value)
  if type(value) ~= "table" then return false end
  for _, name in ipairs(HOOKS) do
    if type(value[name]) == "function" then return true end
  end
  return false
end

-- Calls each; what one raises is raised again when all have been told.
local function chained(list)
  return function(event)
    local problem
    for _, hook in ipairs(list) do
      local ok, why = pcall(hook, event)
      if not ok then problem = problem or tostring(why) end
    end
    if problem then error(problem, 0) end
  end
end

---The options of a client with observers in its hooks; hooks that are there already stay first.
---The given table is not changed. Raises for what is no observer.
---@param options table  of portone.new or portone.configure
---@param ... table      observers
---@return table options
function M.add(options, ...)
  if type(options) ~= "table" then
    error("portone.observe.add: table of options expected, got " .. type(options), 2)
  end
  local out = {}
  for name, value in pairs(options) do out[name] = value end
  for i = 1, select("#", ...) do
    if not is_observer((select(i, ...))) then
      error(("portone.observe.add: argument %d is no observer: a table with on_end or another "
        .. "hook as a method"):format(i + 1), 2)
    end
  end
  local observers = { ... }
  for _, name in ipairs(HOOKS) do
    local list = { options[name] }
    for _, observer in ipairs(observers) do
      local method = observer[name]
      if type(method) == "function" then
        list[#list + 1] = function(event) method(observer, event) end
      end
    end
    out[name] = #list > 1 and chained(list) or list[1]
  end
  return out
end

---Counters and histograms of a client's calls, as Prometheus reads them.
---@param given? table  see portone.observe.metrics
---@return portone.observe.Metrics
function M.metrics(given)
  local made = require("portone.observe.metrics").new(given or {}, 3)
  return made
end

---A line for each call.
---@param given? table  see portone.observe.log
---@return table observer
function M.log(given)
  local made = require("portone.observe.log").new(given or {}, 3)
  return made
end

---Spans by OpenTelemetry's names, for a tracer of yours.
---@param given table  see portone.observe.trace
---@return table observer
function M.trace(given)
  local made = require("portone.observe.trace").new(given or {}, 3)
  return made
end

---The attributes of an event by OpenTelemetry's names.
---@param event table  what a hook is told
---@return table<string, string|number|boolean>
function M.attributes(event)
  if type(event) ~= "table" or type(event.operation) ~= "string" then
    error("portone.observe.attributes: what a hook is told (a table with 'operation') expected, "
      .. "got " .. type(event), 2)
  end
  return require("portone.observe.trace").attributes(event)
end

---Raises when an option of an observer is unknown or of the wrong type.
---@param what string
---@param given table
---@param known table<string, string>  name to type
---@param level integer  error's level of the caller to blame, seen from here
function M.check(what, given, known, level)
  if type(given) ~= "table" then
    error(("%s: table of options expected, got %s"):format(what, type(given)), level)
  end
  for name, value in pairs(given) do
    if not known[name] then
      local hint = require("portone.options").nearest(name, known)
      error(("%s: unknown option '%s'%s"):format(what, tostring(name),
        hint and (" (did you mean '%s'?)"):format(hint) or ""), level)
    elseif type(value) ~= known[name] then
      error(("%s: option '%s' must be a %s"):format(what, name, known[name]), level)
    end
  end
end

return M
