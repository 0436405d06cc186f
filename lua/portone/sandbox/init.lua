-- SPDX-License-Identifier: MIT
-- A PortOne in this process: real HTTP on loopback, in threads and a Lua state of its own.
--
--   local sandbox = require("portone.sandbox").start()
--   local client = sandbox:client()
--   sandbox:advance("1 month")

local argument = require "portone.argument"
local core = require "portone.core"
local json = require "portone.json"
local nearest = require("portone.options").nearest

local M = {}

---@class portone.sandbox.options
---@field seed? string|number    of ids, keys and draws; default: another one each time
---@field clock? "manual"|"real" stands still until told to advance (default), or runs
---@field time? number           unix seconds at which the clock starts; default: now
---@field api_secret? string     and imp_key, imp_secret, store_id, merchant_id: instead of
--- drawn ones
---@field webhook_secret? string   "whsec_" and base64; `webhook_secrets`: several at once
---@field webhook_url? string      V2 console URL; `v1_webhook_url`: V1's
---@field webhook_version? "2024-04-25"|"2024-01-01"
---@field webhook_wait? number     seconds of real time that `advance` waits for receivers, at
--- most (5)
---@field channels? table[]        { pg = "tosspayments", key =, pg_id =, name =, default = }
---@field channel_groups? table    V1: id to list of channel keys or { key, ratio }
---@field settings? table          see portone.sandbox.world, v1.settings, v2.settings
---@field v1_port? integer         and v2_port: 0 lets the system choose (default); fixed ones
--- keep the addresses the same from run to run
---@field hosts? string[]          names beside 127.0.0.1, localhost and *.localhost by which a
--- browser may reach the console and the control calls, e.g. "sandbox.test"
---@field lang? "ko"|"en"          language of the console; default: the browser's
---@field journal_limit? integer   requests and webhooks that are kept (20000)
local options = {
  seed = "string or number", clock = "string", time = "number", api_secret = "string",
  imp_key = "string", imp_secret = "string", store_id = "string", merchant_id = "string",
  webhook_secret = "string", webhook_secrets = "table", webhook_url = "string",
  v1_webhook_url = "string", webhook_version = "string", webhook_wait = "number",
  channels = "table", channel_groups = "table", settings = "table", v1_port = "number",
  v2_port = "number", journal_limit = "number", hosts = "table", lang = "string",
}

local choices = {
  clock = { manual = true, real = true },
  webhook_version = { ["2024-04-25"] = true, ["2024-01-01"] = true },
  lang = { ko = true, en = true },
}

local function check_option(name, value, level)
  local expected = options[name]
  if not expected then
    local hint = type(name) == "string" and nearest(name, options)
    error(("sandbox: unknown option '%s'%s"):format(tostring(name),
      hint and (" (did you mean '%s'?)"):format(hint) or ""), level + 1)
  end
  if not expected:find(type(value), 1, true) then
    error(("sandbox: option '%s' must be a %s"):format(name, expected), level + 1)
  end
  if choices[name] and not choices[name][value] then
    error(("sandbox: option '%s' cannot be '%s'"):format(name, value), level + 1)
  end
  if name:find("webhook_secret", 1, true) then
    for _, secret in ipairs(type(value) == "table" and value or { value }) do
      if type(secret) ~= "string" or (core.unbase64((secret:gsub("^whsec_", ""))) or "") == "" then
        error(("sandbox: option '%s' must be base64, with or without 'whsec_'"):format(name),
          level + 1)
      end
    end
  end
end

---@class portone.sandbox
---@field v1_url string                       base_url for V1: "http://127.0.0.1:40001"
---@field v2_url string                       base_url for V2
---@field console_url string                  the console page, to be opened in a browser; it is
--- at the root of both ports
---@field lang? string                        as given
---@field api_secret string
---@field imp_key string
---@field imp_secret string
---@field store_id string
---@field webhook_secret string
---@field channel_key string                  of the default channel
---@field channel_keys table<string, string>  PG to channel key
---@field cards table<string, table>          test cards by name
---@field sdk { v1: string, v2: string }      URLs of the stand-ins for PortOne's browser SDKs
---@field seed string                         gives the same ids again
local methods = {}
local mt = { __name = "portone.sandbox", __index = methods }

-- Everything else of the module takes a dot: this is easily confused.
local function check_self(self, name, level)
  if getmetatable(self) ~= mt then
    error(("sandbox: call it with a colon: sandbox:%s(…)"):format(name), level + 1)
  end
end

-- A verb of lua/portone/sandbox/control.lua.
local function call(self, name, args, level)
  if self.stopped then
    error("sandbox: it is stopped", (level or 1) + 2)
  end
  local given, problem, path = "{}", nil, nil
  if args then
    given, problem, path = json.encode(args)
  end
  if not given then
    return nil, ("sandbox:%s: %s%s"):format(name, path ~= "" and path .. " " or "it ", problem)
  end
  local text
  text, problem = self.server:call(name, given)
  if not text then
    return nil, problem
  end
  return json.decode(text).value
end

-- The same where a refusal is a mistake in the program.
local function must(self, name, args, level)
  local value, problem = call(self, name, args, (level or 1) + 1)
  if problem then
    error(problem, (level or 1) + 2)  -- nobody calls this last: a tail call is no level
  end
  return value
end

---Starts a sandbox. Wrong options raise.
---@param given? portone.sandbox.options
---@return portone.sandbox? handle
---@return string? problem  e.g. a port that is taken
function M.start(given)
  given = given or {}
  if given == M then
    error("portone.sandbox.start: call it with a dot, not a colon", 2)
  elseif type(given) ~= "table" then
    error("sandbox: a table of options expected, got " .. type(given), 2)
  end
  local config = {}
  for name, value in pairs(given) do
    check_option(name, value, 2)
    config[name] = value
  end
  local text, problem, path = json.encode(config)
  if not text then
    error(("sandbox: option '%s': %s"):format(path, problem), 2)
  end
  local server
  server, problem = require("portone.sandbox.httpd").start {
    module = "portone.sandbox.server", config = text, tick = given.clock == "real",
    ports = { v1 = given.v1_port or 0, v2 = given.v2_port or 0 },
  }
  if not server then
    return nil, problem
  end
  local self = setmetatable({ server = server, webhook_wait = given.webhook_wait or 5,
                              inboxes = {} }, mt)
  for name, value in pairs(call(self, "info")) do
    self[name] = value
  end
  return self
end

---A client of this sandbox.
---@param given? table  further options of portone.new
---@return portone.Client client
function methods:client(given)
  check_self(self, "client", 2)
  given = argument.options(given, "sandbox:client")
  local all = {
    base_url = self.v2_url, v1_base_url = self.v1_url, api_secret = self.api_secret,
    store_id = self.store_id, webhook_secrets = self.webhook_secrets,
  }
  for name, value in pairs(given) do
    all[name] = value
  end
  all.v1 = { imp_key = self.imp_key, imp_secret = self.imp_secret }
  local v1 = argument.options(given.v1, "sandbox:client", "v1: a table of options")
  for name, value in pairs(v1) do
    all.v1[name] = value
  end
  return require("portone").new(all)
end

---Moves the clock, running what falls due on the way in order. Webhooks are delivered at the
---time that sends them: the clock does not move on before their receivers have answered, or
---`webhook_wait` seconds of real time have passed in all.
---@param by string|number  "1 month", "3 days 2 hours", seconds; months by the calendar in UTC;
--- "next timer": to where something is due (a schedule, a webhook's next attempt), if anything is
---@return integer timers that ran
function methods:advance(by)
  check_self(self, "advance", 2)
  argument.need(by, "sandbox:advance", 'a duration ("1 month", seconds, "next timer")', "string",
    "number")
  local target = must(self, "target", { by = by })
  local patience = core.monotonic() + self.webhook_wait
  local ran = 0
  repeat
    local step = must(self, "step", { target = target })
    ran = ran + step.ran
    if step.pending > 0 then
      self.server:idle(math.max(0, patience - core.monotonic()))
    end
  until step.done
  return ran
end

---@return number unix seconds of the sandbox's clock
function methods:now()
  check_self(self, "now", 2)
  return (must(self, "now"))
end

local list_mt = { __name = "portone.sandbox.operations" }

function list_mt.__tostring(list)
  local lines, count = {}, { stateful = 0, generated = 0 }
  for i, row in ipairs(list) do
    lines[i] = ("%-66s %s"):format(row.name, row.kind)
    count[row.kind] = count[row.kind] + 1
  end
  lines[#lines + 1] = ("%d stateful, %d generated"):format(count.stateful, count.generated)
  return table.concat(lines, "\n")
end

---What answers each operation: "stateful" has a rule of its own, "generated" is made from the
---specification, from the seed. Printing the list shows one a line.
---@param kind? "stateful"|"generated"  those only
---@return { name: string, api: string, method: string, path: string, kind: string }[]
function methods:operations(kind)
  check_self(self, "operations", 2)
  argument.need(kind, "sandbox:operations", '"stateful", "generated" or nothing', "string", "nil")
  local list = must(self, "operations", { kind = kind })
  return setmetatable(list, list_mt)
end

---What the sandbox has seen and done, oldest first, secrets masked.
---@param filter? table  fields that must be equal: kind, api, op ("v1.*" too), status, …;
--- `since = n` for entries after that one; a kind or an operation that there is not raises
---@return portone.sandbox.entry[]
function methods:journal(filter)
  check_self(self, "journal", 2)
  argument.options(filter, "sandbox:journal", 'a table such as { kind = "charge" }')
  return (must(self, "journal", filter))
end

---Starts a receiver for webhooks, which stops with the sandbox, and, unless `console = false`,
---makes it the console's URL for each API that has none.
---@param given? table  see portone.sandbox.inbox; and `console`
---@return portone.sandbox.inbox? inbox
---@return string? problem
function methods:inbox(given)
  check_self(self, "inbox", 2)
  local own, console = {}, true
  for name, value in pairs(argument.options(given, "sandbox:inbox")) do
    if name == "console" then
      console = value
    else
      own[name] = value
    end
  end
  local inbox, problem = require("portone.sandbox.inbox").start(own, 2)
  if inbox then
    table.insert(self.inboxes, inbox)
    if console then
      must(self, "adopt", { url = inbox.url })
    end
  end
  return inbox, problem
end

---Waits until every webhook that is due has been attempted.
---@param timeout? number  seconds, default 5
---@return boolean idle  false when the time was too short
function methods:flush(timeout)
  check_self(self, "flush", 2)
  timeout = argument.seconds(timeout, "sandbox:flush", 5)
  must(self, "release")
  return self.server:idle(timeout)
end

---Changes a named setting (or webhook_url, v1_webhook_url, webhook_version) from now on.
---@param name string
---@param value any  nil: back to the default
function methods:set(name, value)
  check_self(self, "set", 2)
  argument.need(name, "sandbox:set", "the name of a setting", "string")
  must(self, "set", { name = name, value = value })
end

---Makes something go wrong.
---@param rule portone.sandbox.fault
---@return integer id  for `clear_faults`
function methods:fault(rule)
  check_self(self, "fault", 2)
  argument.need(rule, "sandbox:fault", 'a table such as { op = "v1.*", fault = "reset" }', "table")
  return (must(self, "fault", rule))
end

---The faults in force: how many calls each has seen, and struck.
---@return { id: integer, rule: portone.sandbox.fault, seen: integer, struck: integer }[]
function methods:faults()
  check_self(self, "faults", 2)
  return (must(self, "faults"))
end

---Ends all faults, or one.
---@param id? integer  from `fault`
function methods:clear_faults(id)
  check_self(self, "clear_faults", 2)
  argument.need(id, "sandbox:clear_faults", "the number of a fault, or nothing,", "number", "nil")
  must(self, "clear_faults", { id = id })
end

---Makes something happen outside the APIs: a deposit, an outage of a PG.
---@param name string   "v2.deposit"
---@param args? table
---@return any value
---@return string? problem  what the sandbox has against it
function methods:act(name, args)
  check_self(self, "act", 2)
  argument.need(name, "sandbox:act", 'a name such as "v2.deposit"', "string")
  argument.need(args, "sandbox:act", "a table of arguments behind the name", "table", "nil")
  local result = must(self, "act", { name = name, args = args })
  return result.value, result.problem
end

---Does what a person with a browser would: opens the window of a page and makes a choice in it.
---@param page portone.CheckoutPage
---@param choice? table  { choice = "pay" (default), "decline", "cancel" or "abandon", card = name
---  of a test card, bank, phone, … as the window's form has them; device = "pc" or "mobile" }, or
---  a list of such steps: { { choice = "pay" }, { choice = "deposit" } }
---@return table? result    what the SDK's promise or callback gets
---@return string? redirect where the browser goes instead, when it does; or what kept the window
---  from opening
function methods:window(page, choice)
  check_self(self, "window", 2)
  -- no tail call: 5.1 would not know whose line is at fault
  local person = require "portone.sandbox.browser.person"
  local result, more = person.window(self, page, choice or {}, 2)
  return result, more
end

---Counters of the HTTP server: requests, connections, open, parked (waiting or hanging), peak.
---@return table<string, integer>
function methods:stats()
  check_self(self, "stats", 2)
  return self.server:stats()
end

---Stops it and its inboxes, and ends what is still open. Harmless when done twice.
function methods:stop()
  check_self(self, "stop", 2)
  self.stopped = true
  self.server:stop()
  for _, inbox in ipairs(self.inboxes) do
    inbox:stop()
  end
end

mt.__close = methods.stop

function mt.__tostring(self)
  if self.stopped then
    return "portone.sandbox (stopped)"
  end
  return ("portone.sandbox (V1 %s, V2 %s, console %s)"):format(self.v1_url, self.v2_url,
    self.console_url)
end

return M
