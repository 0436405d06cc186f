-- SPDX-License-Identifier: MIT
-- portone: the server side of PortOne's payment API, V1 and V2.
--
--   local portone = require "portone"
--   portone.configure { api_secret = "…", store_id = "…" }
--   local payment, err, info = portone.request_pay_again { … }
--
-- The module's functions are those of a default client, made from 'configure' or from the
-- environment when first used. 'portone.new' makes clients of their own.

local json = require "portone.json"
local loop = require "portone.loop"

local M = {
  _VERSION = require "portone.version",
  array = json.array,
  null = json.null,
}

-- All that calls need comes with the first client: so it is there before anything is sent. An nginx
-- that has this module before it forks has that too, once for all of its workers.
local function client()
  return require "portone.client"
end

if rawget(_G, "ngx") then
  client()
end

-- Parts that are loaded when somebody names them.
local parts = {
  checkout = "portone.checkout", ledger = "portone.ledger", nginx = "portone.nginx",
  observe = "portone.observe", sandbox = "portone.sandbox",
}

local function part_of(key)
  if key == "error_kinds" then
    return require("portone.error").kinds
  end
  return parts[key] and require(parts[key])
end

---Rows { name, api, method, path, stable, summary } of the operations whose name, method or
---path has the pattern in it; printing them shows one a line.
---@param pattern? string  plain text or a Lua pattern; all operations when absent
---@return table[]
function M.operations(pattern)
  local rows = require("portone.describe").operations(pattern, 3)
  return rows
end

---An operation for a person to read: fields, answer, errors, an example. Raises for a name that
---is none, or that several have.
---@param name string|function  "v2.payment.get_payment", an end of it that no other name has, a
--- group, or the operation's function
---@return string
function M.describe(name)
  local text = require("portone.describe").describe(name, 3)
  return text
end

---Prints any result, error or group. Secrets are masked. Of all that a call returns, as in
---`portone.show(portone.v1.payments.get { … })`, it is the error when there is one.
---@param value any
---@param err? portone.Error
function M.show(value, err)
  if value == nil and require("portone.error").is(err) then
    value = err
  end
  print(require("portone.show").text(value))
end

---An `unknown_outcome` error as text, to be resolved at another time or in another process.
---Holds no card data. Raises when nothing is pending in the error.
---@param err portone.Error
---@return string
function M.encode_pending(err)
  local text = require("portone.pending").encode(err)
  return text
end

-- {====== Waiting: see loop/ ======

local function tasks()
  return require "portone.loop.tasks"
end

---Starts a task, in which calls yield instead of blocking, up to its first wait.
---@param fn function
---@param ... any  its arguments
---@return portone.Task
function M.spawn(fn, ...)
  if type(fn) ~= "function" then
    error("portone.spawn: function expected, got " .. type(fn), 2)
  end
  return tasks().spawn(fn, ...)
end

---Goes on with every task that can; once a tick, in a game loop.
---@param seconds? number  how long to wait when none can; default 0: not at all
---@return integer  tasks that have not ended
function M.poll(seconds)
  if seconds ~= nil and type(seconds) ~= "number" then
    error("portone.poll: a number of seconds expected, got " .. type(seconds), 2)
  end
  return tasks().poll(seconds)
end

---Runs until no task is left.
function M.run()
  return tasks().run()
end

---Calls fn(item, i) for every item, several at a time, and gives the results in the order of
---the items. Works in every host; see loop/tasks.lua.
---@param items any[]
---@param fn fun(item: any, i: integer): any, any
---@param how? table  concurrency = 8, mode = "first_error" or "collect", on_progress
---@return table? results
---@return any errors
function M.map(items, fn, how)
  require("portone.loop.host").check_map(items, fn, how, 3)
  return loop.current().map(items, fn, how)
end

---Waits without blocking others where the host can: a task, nginx, cqueues, luv.
---@param seconds number
function M.sleep(seconds)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < 0 then
    error("portone.sleep: a number of seconds expected, 0 or more", 2)
  end
  loop.current().sleep(seconds)
end

---A descriptor that is readable when an answer has come for `dispatch` to go on with: for loops
---of your own, which wait for it `timeout` seconds at most. It stays the same.
---@return integer
function M.fileno()
  return tasks().fileno()
end

---How long a loop of your own may wait for `fileno`: until a task is to be woken that sleeps, as
---between two attempts of a call.
---@return number?  seconds, 0 when there is something to do now; nil: no task sleeps
function M.timeout()
  return tasks().timeout()
end

---Goes on with every task that can, without waiting.
---@return integer  tasks that have not ended
function M.dispatch()
  return tasks().dispatch()
end

-- }================================

local configured  -- options given to 'configure'
local default     -- the default client, once used

---Sets up the default client. Options that are left out come from the environment:
---PORTONE_API_SECRET, PORTONE_STORE_ID, PORTONE_V1_API_KEY, PORTONE_V1_API_SECRET,
---PORTONE_WEBHOOK_SECRET. Raises on a wrong option.
---@param given table  see docs/options.md
function M.configure(given)
  local clients, options = client(), require "portone.options"
  clients.no_colon("configure", given, 3)
  if type(given) ~= "table" then
    error("portone.configure: table of options expected, got " .. type(given), 2)
  end
  local all = options.completed(given, options.environment())
  local fresh = clients.new(all, 3)
  if default then
    default.close()
  end
  configured, default = all, fresh
end

---An independent client. Raises on a wrong option; the environment is not asked.
---@param given table  see docs/options.md
---@return table client
function M.new(given)
  local clients = client()
  clients.no_colon("new", given, 3)
  local fresh = clients.new(given, 3)
  return fresh
end

local function default_client()
  if not default then
    default = client().new(configured or require("portone.options").environment(), 5)
  end
  return default
end

return setmetatable(M, {
  __name = "portone",
  __index = function(_, key)
    local part = part_of(key)
    if part then
      M[key] = part
      return part
    end
    local holder, clients = default_client(), client()
    if rawget(holder, key) == nil and not clients.lazy[key] then
      clients.unknown(holder, key, 3)
    end
    return holder[key]
  end,
  __tostring = function()
    return "portone " .. M._VERSION .. "\n" .. tostring(default_client())
  end,
})
