-- SPDX-License-Identifier: MIT
-- What a test may do to the sandbox beside calling its APIs: move the clock, read the journal,
-- set faults. The handle uses these verbs directly; another process, and the console, find them
-- on both ports:
--   POST /_sandbox/advance {"by": "1 month"}    GET /_sandbox/journal?kind=charge
--   GET /_sandbox/operations?kind=generated
-- The answer is { "value": … }, or 400 and { "message": … }.

local api = require "portone.api"
local core = require "portone.core"
local json = require "portone.json"

local duration = require "portone.sandbox.duration"
local guard = require "portone.sandbox.guard"
local sorted = require "portone.sorted"
local wire = require "portone.sandbox.wire"
local world_settings = require("portone.sandbox.world").settings

local M = {}

local PREFIX = "/_sandbox/"

local world

local verbs = {}

-- Verbs that change nothing, for GET.
local readers = { info = true, now = true, journal = true, settings = true, operations = true,
  faults = true }

---What a client needs to know to use the sandbox.
function verbs.info()
  local config, keys, default = world.config, {}, nil
  for _, channel in ipairs(config.channels) do
    keys[channel.pg] = keys[channel.pg] or channel.key
    default = channel.default and channel.key or default
  end
  local ports = world.host.ports
  return {
    v1_url = ports.v1 and ("http://127.0.0.1:%d"):format(ports.v1),
    v2_url = ports.v2 and ("http://127.0.0.1:%d"):format(ports.v2),
    imp_key = config.imp_key, imp_secret = config.imp_secret, api_secret = config.api_secret,
    store_id = config.store_id, merchant_id = config.merchant_id, seed = tostring(config.seed),
    webhook_secret = config.webhook_secret, webhook_secrets = config.webhook_secrets,
    console_url = ports.v2 and ("http://127.0.0.1:%d/"):format(ports.v2), lang = config.lang,
    sdk = { v1 = ports.v1 and ("http://127.0.0.1:%d/v1/iamport.js"):format(ports.v1),
      v2 = ports.v2 and ("http://127.0.0.1:%d/v2/browser-sdk.js"):format(ports.v2) },
    clock = config.clock, channel_key = default, channel_keys = keys,
    cards = require("portone.sandbox.cards").public(),
  }
end

function verbs.now()
  return world:now()
end

-- {====== Names in rules and filters: with one that is wrong a test could never fail ======

-- A problem with an operation's name, or with the beginning of names before a "*".
local function op_problem(what, op)
  if type(op) ~= "string" or op == "*" or api.named(op) or op:find("^webhook%.v[12]") then
    return nil
  end
  local start = op:match("^(.*)%*$")
  for row in api.all() do
    if start and row.name:sub(1, #start) == start then
      return nil
    end
  end
  if start and ("webhook.v"):find(start, 1, true) == 1 then
    return nil
  end
  local meant = api.suggestion(nil, op)
  return ("%s: no operation '%s'%s"):format(what, op,
    meant and (" (did you mean '%s'?)"):format(meant) or "")
end

local entry_kinds = { request = true, webhook = true, charge = true, cancel = true,
  window = true, confirm = true, timer = true, error = true }

-- }======

function verbs.journal(filter)
  local kind = filter.kind
  if kind ~= nil and not entry_kinds[kind] then
    return nil, ("journal: no kind '%s': %s"):format(tostring(kind),
      table.concat(sorted(entry_kinds), ", "))
  end
  local problem = op_problem("journal", filter.op)
  if problem then
    return nil, problem
  end
  return json.array(world.log:list(filter))
end

---What answers each operation: "stateful" has a rule of its own in the books, "generated" is
---made from the specification. `args.kind` asks for one of the two.
function verbs.operations(args)
  if args.kind ~= nil and args.kind ~= "stateful" and args.kind ~= "generated" then
    return nil, "operations: 'stateful' or 'generated' expected, got " .. tostring(args.kind)
  end
  local list = json.array {}
  for row in api.all() do
    local book = require("portone.sandbox." .. row.api)
    local kind = book.handlers[row.name] and "stateful" or "generated"
    if args.kind == nil or args.kind == kind then
      list[#list + 1] = { name = row.name, api = row.api, method = row.method, path = row.path,
        kind = kind }
    end
  end
  return list
end

-- {====== The clock ======

---Where a duration ends: the target of `step`. "next timer" ends where something is due.
function verbs.target(args)
  if args.by == nil then
    return nil, "advance: a duration is expected"
  end
  if args.by == "next timer" then
    return math.max(world:now(), world.clock:next_due() or 0)
  end
  return duration.after(world:now(), args.by)
end

---Runs some of the timers on the way to a target; the caller waits for the webhooks they sent
---and asks again until it is done.
function verbs.step(args)
  local ran = world:run_some(args.target)
  if ran == 0 then
    world.clock:move(args.target)
    world.deliver:release()
  end
  return { ran = ran, done = ran == 0, pending = world.host.pending() }
end

---The whole way at once, for other processes. Yields while webhooks are under way.
function verbs.advance(args)
  local target, problem = verbs.target(args)
  if not target then
    return nil, problem
  end
  local ran, patience = 0, core.monotonic() + (args.webhook_wait or 5)
  while true do
    local step = verbs.step { target = target }
    ran = ran + step.ran
    while world.host.pending() > 0 and core.monotonic() < patience do
      coroutine.yield(0.002)
    end
    if step.done then
      return ran
    end
  end
end

-- }======

-- {====== Faults, settings, what happens outside the APIs ======

function verbs.fault(rule)
  local problem = op_problem("fault", rule.op)
  if problem then
    return nil, problem
  end
  return world.faults:add(rule)
end

---Ends one fault, or all of them.
function verbs.clear_faults(args)
  return world.faults:clear(args.id)
end

function verbs.faults()
  return json.array(world.faults:list())
end

-- Settings that are fields of the configuration itself.
local console = { webhook_url = true, v1_webhook_url = true, webhook_version = true }

local function known(name)
  return world_settings[name] ~= nil or name:find("^v[12]_") ~= nil
    or require("portone.sandbox.v1").settings[name] ~= nil
end

---Changes a setting. Without a value it goes back to its default.
function verbs.set(args)
  local name, value = args.name, args.value
  if console[name] then
    world.config[name] = value
  elseif type(name) ~= "string" or not known(name) then
    return nil, ("no setting is called '%s'"):format(tostring(name))
  else
    if value == nil then
      value = world_settings[name]
    end
    world.config.settings[name] = value
  end
  return true
end

---An inbox takes the console's place for APIs that have no URL.
function verbs.adopt(args)
  world.config.webhook_url = world.config.webhook_url or args.url
  world.config.v1_webhook_url = world.config.v1_webhook_url or args.url
  return true
end

function verbs.settings()
  return world.config.settings
end

---Something that happens outside the APIs ("v2.deposit"): an action of a book. What the book
---refuses is part of the answer; an action that does not exist is a mistake.
function verbs.act(args)
  local version, name = tostring(args.name):match("^(v[12])%.(.+)$")
  local book = version and require("portone.sandbox." .. version)
  local actions = book and book.actions
  if not actions or not actions[name] then
    return nil, ("no action is called '%s'"):format(tostring(args.name))
  end
  local value, problem = actions[name](world, args.args or {})
  return { value = value, problem = problem }
end

---Ways to wait for nothing: only over HTTP, the handle waits by itself.
function verbs.flush(args)
  world.deliver:release()
  local patience = core.monotonic() + (args.timeout or 5)
  while world.host.pending() > 0 and core.monotonic() < patience do
    coroutine.yield(0.002)
  end
  return world.host.pending() == 0
end

---Webhooks that a fault held back go out.
function verbs.release()
  world.deliver:release()
  return true
end

-- }======

---Carries out a verb.
---@param name string
---@param args table
---@return any value
---@return string? problem
function M.call(name, args)
  local verb = verbs[name]
  if not verb then
    return nil, ("the sandbox has no verb '%s'"):format(tostring(name))
  end
  return verb(args)
end

-- {====== Over HTTP ======

---Is a request for this module?
---@param x { target: string }
---@return boolean
function M.is_for(x)
  return x.target:sub(1, #PREFIX) == PREFIX
end

---Does a request for this module, or a verb of the handle, change nothing?
---@param x { method: string }|string
---@return boolean
function M.reads(x)
  return type(x) == "table" and x.method == "GET" or readers[x] == true
end

local function answer(status, value)
  return guard.plan(status, "application/json; charset=utf-8", assert(json.encode(value)))
end

local function arguments(x, query)
  if x.method == "GET" then
    return wire.form(query)
  end
  if x.body == "" then
    return {}
  end
  local args, problem = json.decode(x.body)
  if type(args) ~= "table" then
    return nil, "the body must be a JSON object" .. (problem and ": " .. problem or "")
  end
  return args
end

---Serves a verb to another process.
---@param x table
---@return table plan
function M.serve(x)
  local name, query = x.target:sub(#PREFIX + 1):match("^([%w_]*)%??(.*)$")
  local refusal = guard.problem(x.headers, world.config.hosts)
  if refusal then
    return answer(403, { message = refusal })
  end
  if not name or not verbs[name] then
    return answer(404, { message = "no such verb" })
  end
  if x.method ~= "POST" and not (x.method == "GET" and readers[name]) then
    return answer(405, { message = "POST is expected" })
  end
  local args, problem = arguments(x, query)
  if args then
    local value
    value, problem = M.call(name, args)
    if problem == nil then
      return answer(200, { value = value })
    end
  end
  return answer(400, { message = wire.cut(tostring(problem), 500) })
end

-- }======

---@param new_world portone.sandbox.world
function M.open(new_world)
  world = new_world
end

return M
