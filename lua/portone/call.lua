-- SPDX-License-Identifier: MIT
-- The one way of every call: check, build, send, read, decide.
--
--   caller's table -> check -> build -> send -> read -> decide -> caller
--                     '-- plain ---^ where nothing needs saying
--
-- Nothing is sent before check and build have agreed. Errors of use raise, at the line
-- of the caller; whatever happens at run time comes back as nil, err, info.

local build = require "portone.build"
local check = require "portone.check"
local core = require "portone.core"
local decide = require "portone.decide"
local errors = require "portone.error"
local hooks = require "portone.hooks"
local loop = require "portone.loop"
local options = require "portone.options"
local plain = require "portone.plain"
local read = require "portone.read"
local reconcile = require "portone.reconcile"
local redact = require "portone.redact"
local retry = require "portone.retry"
local send = require "portone.send"

local M = {}

local setmetatable, type = setmetatable, type
local monotonic, new_key = core.monotonic, core.new_key
local plain_request, known_authorization = plain.request, send.known_authorization

-- {====== info, the third value of every call ======

local info_mt = { __name = "portone.info" }

-- Headers are parsed when somebody looks.
function info_mt.__index(info, key)
  if key == "headers" then
    local headers = read.headers(rawget(info, "raw_headers") or "")
    rawset(info, "headers", headers)
    return headers
  end
end

-- }====================

-- What a call returns, once a hook has been told.
local function finish(call, result, err)
  if call.state.options.on_end then
    hooks.ended(call, err)
  end
  return result, err, call.info
end

-- Gives up: an error with all that is known of the call.
local function fail(call, fields)
  local info = call.info
  fields.operation = call.row.name
  fields.attempts = info.attempts
  fields.idempotency_key = info.idempotency_key
  fields.status = fields.status or info.status
  if not fields.outcome and call.row.method ~= "GET" then
    fields.outcome = "not_done"
  end
  if fields.kind ~= "unknown_outcome" then
    fields.pending = nil
  end
  fields.retryable = retry.retryable(fields, call.row)
  return finish(call, nil, errors.new(fields, redact.of(call)))
end

-- check: nil when the arguments can be sent, otherwise the problems.
local function problems_of(call)
  local opts, defaults = call.opts, call.state.options
  if opts.check == false or (opts.check == nil and not defaults.check) then
    return nil
  end
  local context
  if opts.pg or defaults.channels then
    context = { pg = opts.pg, channels = defaults.channels }
  end
  local problems, warnings = check.args(call.row, call.args, context)
  if warnings then
    for _, w in ipairs(warnings) do
      hooks.warn(call, w.path, w.problem)
    end
  end
  if problems and call.row.store and (opts.store_id or defaults.store_id) then
    problems = check.without(problems, "storeId", "required")  -- build fills it in
  end
  return problems
end

-- A read on behalf of a call whose outcome is open; 2 seconds even when time is up.
local function look_for(state, opts, left)
  return function(row, args)
    if state.closed then
      return nil, errors.new { kind = "cancelled", message = "the client was closed" }
    end
    local seconds = math.max(left(), 2)
    return M.run(state, row, args, { check = false, reconcile = false, deadline = seconds,
      tier = opts.tier, store_id = opts.store_id }, 2)
  end
end

local function first(...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if value ~= nil then
      return value
    end
  end
end

-- What decide.lua needs to wait and to ask.
local function new_run(call, fault)
  local state, opts, now = call.state, call.opts, call.now
  local run = {
    row = call.row, sleep = call.host.rest or call.host.sleep, now = now, wall = core.now,
    ends = call.began + (opts.deadline or state.options.deadline),
    settle = state.options.settle,
    max_retries = first(opts.max_retries, state.options.max_retries),
    reconcile = first(opts.reconcile, state.options.reconcile),
    fault = fault,
  }
  run.look = look_for(state, opts, function() return run.ends - now() end)
  return run
end

-- What it takes to ask for this write, now or in another process: whose it is too, since
-- another shop does not know of it.
local function new_pending(call, now)
  local opts, defaults = call.opts, call.state.options
  local pending = reconcile.pending(call.row.name, call.args, core.now() - now + call.began)
  pending.idempotency_key = call.info.idempotency_key
  if call.row.api == "v1" then
    pending.tier = opts.tier or defaults.v1.tier
  else
    pending.store_id = opts.store_id or defaults.store_id
  end
  return pending
end

-- decide, after a first attempt that failed: attempts and questions until the outcome is
-- known.
local function pursue(call, fault)
  local info, run = call.info, new_run(call, fault)
  run.pending = new_pending(call, run.now())
  function run.attempt(seconds)
    return send.attempt(call, seconds)
  end
  function run.on_retry(n)
    hooks.tell(call, "on_retry", { retry = n })
  end
  local result
  result, fault = decide.pursue(run)
  info.reconciled = run.reconciled
  if result ~= nil then
    return finish(call, result)
  elseif fault.token_error then  -- the token could not be had: that call's own error
    return finish(call, nil, fault.token_error)
  end
  return fail(call, fault)
end

-- A call that has no request yet.
local function new_call(state, row, args, opts, level)
  if state.closed then
    error(row.name .. ": the client is closed", level)
  end
  -- both tables have room for all that will be in them: growing costs more than the rest
  local info = { operation = row.name, attempts = 0, elapsed = 0, status = nil,
                 raw_headers = nil }
  local call = {
    state = state, row = row, args = args,
    opts = opts == nil and options.none or options.call(opts, level + 1),
    info = setmetatable(info, info_mt), url = nil, body = nil, host = nil, now = nil,
  }
  if state.options.on_start then
    hooks.tell(call, "on_start", {})
  end
  return call
end

local function refuse(call, problems)
  return fail(call, { kind = "invalid_request", fields = problems,
                      message = "nothing was sent" })
end

-- build's word, as the call's request: true | nil, the problems
local function built(call, request, wrong)
  if not request then
    return nil, { wrong }
  end
  call.url, call.body = call.state.base[call.row.api] .. request.path, request.body
  return true
end

-- The clock starts. A host may bring one of its own.
local function begin(call)
  call.host = loop.current(call.state.options.loop)
  call.now = call.host.now or monotonic
  call.began = call.now()
end

-- check and build, unless the call is plain: true | nil, the problems
local function prepare(call)
  local state, row, args, opts = call.state, call.row, call.args, call.opts
  local store_id = opts.store_id or state.options.store_id
  if state.plain and opts.check ~= false and not opts.pg then
    call.url, call.body = plain_request(row, args, store_id, state.base[row.api])
    if call.url then
      return true
    end
  end
  local problems = problems_of(call)
  if problems then
    return nil, problems
  end
  return built(call, build.request(row, args, store_id))
end

-- After the first attempt.
local function conclude(call, result, fault)
  if result ~= nil then
    return finish(call, result)
  end
  return pursue(call, fault)
end

-- Sends what is prepared, and goes on until the outcome is known.
local function go(call)
  local state, opts, row = call.state, call.opts, call.row
  if row.method ~= "GET" then
    if row.api == "v2" then
      call.info.idempotency_key = opts.idempotency_key or new_key()
    end
    reconcile.ready(row.name)
  end
  if opts.idempotency_key and row.api == "v1" then
    hooks.warn(call, "idempotency_key", "V1 knows no idempotency keys: it is not sent")
  end
  begin(call)
  return conclude(call, send.attempt(call, opts.deadline or state.options.deadline, call.began))
end

-- {====== The usual call ======

-- It was not well, or says more than a result: a call like any other, after its first exchange.
local function take_up(call, status, answer, words, sent)
  local state = call.state
  call.opts = options.none
  call.ends = call.began + state.options.deadline
  local fault = not status and { kind = answer, message = words, sent = sent }
  return conclude(call, send.judge(call, status, fault or answer))
end

-- Plain arguments, no options, nobody who listens: nearly every call. It goes the same way as
-- others do, but for the table in which one step finds what another has left: that takes longer
-- than the steps. Nothing at all: it is no such call, and nothing was sent.
local function usual(state, row, args)
  local line, token = known_authorization(state, row)
  if not line then
    return
  end
  local set = state.options
  local url, body = plain_request(row, args, set.store_id, state.base[row.api])
  if not url then
    return
  end
  local method, key = row.method, nil
  if method ~= "GET" then
    key = row.api == "v2" and new_key() or nil
    reconcile.ready(row.name)
  end
  local info = setmetatable({ operation = row.name, attempts = 1, elapsed = 0, status = nil,
    raw_headers = nil, idempotency_key = key }, info_mt)
  local host = loop.current(set.loop)
  local now = host.now or monotonic
  local began = now()
  local status, answer, raw, a, b = host.perform(state.core, method, url,
    send.usual_headers(row, line, body, key), body, state.seconds)
  info.elapsed, info.status, info.raw_headers = status and a or b or 0, status, status and raw
  if status and status < 300 and status ~= 207 then
    local result = read.answer(row, status, answer)
    if result ~= nil then
      return result, nil, info
    end
  end
  return take_up({ state = state, row = row, args = args, info = info, url = url, body = body,
    host = host, now = now, began = began, token = token }, status, answer, raw, a)
end

-- }============================

---Makes one call of an operation.
---@param state table   the client's private state (client.lua)
---@param row table     the operation (api/)
---@param args? table   its fields
---@param opts? table   options of this call
---@param level integer  error's level of the caller to blame for misuse, seen from here
---@return any result, portone.Error? err, table info
function M.run(state, row, args, opts, level)
  if args == nil then
    args = {}
  end
  if opts == nil and state.usual[row.api] and not state.closed then
    local result, err, info = usual(state, row, args)
    if info then
      return result, err, info
    end
  end
  if type(args) ~= "table" then
    error(("%s: table of fields expected, got %s"):format(row.name, type(args)), level)
  end
  local call = new_call(state, row, args, opts, level + 1)
  local ready, problems = prepare(call)
  if not ready then
    return refuse(call, problems)
  end
  return go(call)
end

---Makes a call that no row describes: the way out when the API has something new.
---@param state table
---@param row table     { name, api, method, path }, with the path as it is sent
---@param parts table   { query = table?, body = table? }
---@param opts? table
---@param level integer
---@return any result, portone.Error? err, table info
function M.raw(state, row, parts, opts, level)
  local call = new_call(state, row, parts, opts, level + 1)
  local ready, problems = built(call, build.raw(row, parts))
  if not ready then
    return refuse(call, problems)
  end
  return go(call)
end

---Asks what became of a write whose outcome was unknown.
---@param state table
---@param pending table   from an error's `pending`, or decoded
---@param opts? table
---@param level integer
---@return any result, portone.Error? err, table info
function M.resolve(state, pending, opts, level)
  local row = { name = pending.operation, api = pending.operation:sub(1, 2), method = "POST" }
  local call = new_call(state, row, pending.kept, opts, level + 1)
  local given = call.opts
  call.opts = { deadline = given.deadline, tier = given.tier or pending.tier,
                store_id = given.store_id or pending.store_id }
  begin(call)
  local run = new_run(call)
  run.pending = pending
  local age = core.now() - (pending.sent or pending.started)
  local result, fault = decide.resolve(run, math.max(0, age))
  call.info.reconciled = run.reconciled
  if result ~= nil then
    return finish(call, result)
  end
  return fail(call, fault)
end

---The error of a call that could not even be built: used where a table fits no operation.
---@param state table
---@param name string     what the caller called
---@param args table
---@param message string
---@return nil, portone.Error, table info
function M.refuse(state, name, args, message)
  local call = { state = state, row = { name = name }, args = args,
                 info = setmetatable({ operation = name, attempts = 0, elapsed = 0 }, info_mt) }
  return fail(call, { kind = "invalid_request", message = message })
end

return M
