-- SPDX-License-Identifier: MIT
-- The one way of every call: check, build, send, read, decide.
--
--   caller's table -> check -> build -> send -> read -> decide -> caller
--
-- Nothing is sent before check and build have agreed. Errors of use raise, at the line
-- of the caller; whatever happens at run time comes back as nil, err, info.

local build = require "portone.build"
local check = require "portone.check"
local core = require "portone.core"
local decide = require "portone.decide"
local errors = require "portone.error"
local options = require "portone.options"
local read = require "portone.read"
local reconcile = require "portone.reconcile"
local redact = require "portone.redact"
local token = require "portone.token"

local M = {}

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
  local secrets = redact.values(call.args)
  for _, value in ipairs(call.state.secrets) do
    secrets[#secrets + 1] = value
  end
  secrets[#secrets + 1] = call.token
  return nil, errors.new(fields, secrets), info
end

local function warn(call, path, text)
  local warnings = call.info.warnings or {}
  call.info.warnings = warnings
  warnings[#warnings + 1] = { path = path, problem = text }
  local hook = call.state.options.on_warning
  if hook then
    hook { operation = call.row.name, path = path, problem = text }
  end
end

-- check: nil when the arguments can be sent, otherwise the problems.
local function problems_of(call)
  local opts, state = call.opts, call.state
  local wanted = opts.check
  if wanted == nil then
    wanted = state.options.check
  end
  if not wanted then
    return nil
  end
  call.context.pg = opts.pg
  call.context.channels = state.options.channels
  local problems, warnings = check.args(call.row, call.args, call.context)
  for _, w in ipairs(warnings or {}) do
    warn(call, w.path, w.problem)
  end
  return problems
end

-- {====== Headers ======

-- Authorization of V1 is a token, which may have to be fetched; V2's is known.
local function authorize(call, list, stale)
  local state, row = call.state, call.row
  if row.noauth then
    return true
  end
  if row.api == "v2" then
    if not state.v2_authorization then
      return nil, { kind = "unauthorized",
        message = "no api_secret: set it in portone.configure or PORTONE_API_SECRET" }
    end
    list[#list + 1] = state.v2_authorization
    return true
  end
  if not state.options.v1.imp_key then
    return nil, { kind = "unauthorized", message = "no v1.imp_key and v1.imp_secret: set them "
      .. "in portone.configure or PORTONE_V1_API_KEY and PORTONE_V1_API_SECRET" }
  end
  local value, err = token.get(state, stale, call.seconds)
  if not value then
    return nil, { kind = err.kind, message = err.message, sent = "nothing", token_error = err }
  end
  call.token = value
  list[#list + 1] = "Authorization: Bearer " .. value
  local tier = call.opts.tier or state.options.v1.tier
  if tier then
    list[#list + 1] = "Tier: " .. tier
  end
  return true
end

local function headers_of(call, stale)
  local list = { "Accept: application/json" }
  local ok, fault = authorize(call, list, stale)
  if not ok then
    return nil, fault
  end
  if call.request.body then
    list[#list + 1] = "Content-Type: application/json"
  end
  if call.info.idempotency_key then
    list[#list + 1] = 'Idempotency-Key: "' .. call.info.idempotency_key .. '"'
  end
  for name, value in pairs(call.opts.headers or {}) do
    list[#list + 1] = name .. ": " .. value
  end
  return list
end

-- }======================

-- send: one exchange. status, body | nil, fault
local function send(call, seconds, stale)
  local state, info, row = call.state, call.info, call.row
  local headers, fault = headers_of(call, stale)
  if not headers then
    return nil, fault
  end
  local timeout = math.min(call.opts.timeout or state.options.timeout, seconds)
  local hooks = state.options
  if hooks.on_request then
    hooks.on_request { operation = row.name, method = row.method, url = row.path,
                       attempt = info.attempts + 1 }
  end
  local host = state.host()
  local status, body, raw, a, b = host.perform(state.core, row.method,
    state.base[row.api] .. call.request.path, headers, call.request.body, timeout)
  info.attempts = info.attempts + 1
  if hooks.on_response then
    hooks.on_response { operation = row.name, method = row.method, url = row.path,
      attempt = info.attempts, status = status, kind = not status and body or nil,
      elapsed = status and a or b }
  end
  if status then
    info.status, info.raw_headers, info.elapsed = status, raw, info.elapsed + a
    rawset(info, "headers", nil)
    return status, body
  end
  info.status, info.elapsed = nil, info.elapsed + (b or 0)
  return nil, { kind = body, message = raw, sent = a }
end

-- send and read: result | nil, fault. A refused V1 token is renewed once: a 401 says that
-- nothing was done.
local function attempt(call, seconds)
  local status, body = send(call, seconds)
  if status == 401 and call.token then
    status, body = send(call, seconds, call.token)
  end
  if not status then
    return nil, body
  end
  local result, fault = read.answer(call.row, status, body)
  if status == 207 then
    call.info.partial = true
  end
  if fault and (status == 429 or status == 503 or status == 409) then
    fault.retry_after = call.info.headers["retry-after"]
  end
  return result, fault
end

-- A read on behalf of a call whose outcome is open; 2 seconds even when time is up.
local function look_for(state, opts, left)
  return function(row, args)
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

-- What decide.lua needs to wait and to ask. A host may bring a clock of its own.
local function new_run(call)
  local state, opts = call.state, call.opts
  local host = state.host()
  local run = {
    row = call.row, sleep = host.sleep, now = host.now or core.monotonic, wall = core.now,
    deadline = opts.deadline or state.options.deadline, settle = state.options.settle,
    max_retries = first(opts.max_retries, state.options.max_retries),
    reconcile = first(opts.reconcile, state.options.reconcile),
  }
  run.look = look_for(state, opts, function() return run.ends - run.now() end)
  return run
end

-- decide: attempts and questions until the outcome is known.
local function pursue(call)
  local state, info = call.state, call.info
  local run = new_run(call)
  run.attempt = function(seconds)
    call.seconds = seconds
    local result, fault = attempt(call, seconds)
    if fault and not run.pending then
      run.pending = reconcile.pending(call.row.name, call.args, call.started)
      run.pending.idempotency_key = info.idempotency_key
    end
    return result, fault
  end
  run.on_retry = state.options.on_retry and function(n)
    state.options.on_retry { operation = call.row.name, method = call.row.method,
                             url = call.row.path, retry = n }
  end
  local result, fault = decide.pursue(run)
  info.reconciled = run.reconciled
  if result ~= nil then
    return result, nil, info
  elseif fault.token_error then  -- the token could not be had: that call's own error
    return nil, fault.token_error, info
  end
  return fail(call, fault)
end

-- A call that has a request but was not sent yet.
local function new_call(state, row, args, opts, level)
  if state.closed then
    error(row.name .. ": the client is closed", level)
  end
  local info = setmetatable({ operation = row.name, attempts = 0, elapsed = 0 }, info_mt)
  return { state = state, row = row, args = args, opts = options.call(opts, level + 1),
           info = info, context = {} }
end

local function go(call, request, wrong)
  if not request then
    return fail(call, { kind = "invalid_request", fields = { wrong },
                        message = "nothing was sent" })
  end
  call.request = request
  if call.row.api == "v2" and call.row.method ~= "GET" then
    call.info.idempotency_key = call.opts.idempotency_key or core.hex(core.random(16))
  end
  call.started = core.now()
  return pursue(call)
end

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
  elseif type(args) ~= "table" then
    error(("%s: table of fields expected, got %s"):format(row.name, type(args)), level)
  end
  local call = new_call(state, row, args, opts, level + 1)
  local problems = problems_of(call)
  if problems then
    return fail(call, { kind = "invalid_request", fields = problems,
                        message = "nothing was sent" })
  end
  return go(call, build.request(row, args, call.opts.store_id or state.options.store_id))
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
  return go(call, build.raw(row, parts))
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
  local run = new_run(call)
  run.pending = pending
  local result, fault = decide.resolve(run, core.now() - pending.started)
  call.info.reconciled = run.reconciled
  if result ~= nil then
    return result, nil, call.info
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
