-- SPDX-License-Identifier: MIT
-- A ledger: what was asked for is on the disk before the money moves, and what became of it
-- after. A process that is killed in between finds out when it starts again.
--
--   local ledger = assert(portone.ledger.open { path = "run.db" })
--   ledger:recover()                                       -- at every start
--   local payment, err = ledger:once("order-1001", "request_pay_again", { … })
--
-- An order is a name of the caller's own. It is done once: whoever asks again, in this process
-- or another, is given what came out of it, and whoever asks for something else by the same
-- name gets a conflict, with nothing sent.
--
-- A store keeps texts by ids. Four functions, each of which returns nil, err when it fails;
-- what add and write have acknowledged must be on the disk:
--   store:add(id, text)                   true; false when there is one. Version 1, open.
--   store:read(id)                        text, version; nil when there is none
--   store:write(id, version, text, open)  true, and the version is one higher; false when it
--                                         is not that version any more
--   store:unsettled(after, n)             ids of at most n open ones, in order, above `after`
-- and, if it can:
--   store:now()         unix seconds of a clock that all users of the store share
--   store:alive(owner)  false when that process has ended; and store.owner, our own name
--   store:close()
-- Here: ledger/sqlite.lua (the default), ledger/redis.lua, ledger/memory.lua.

local api = require "portone.api"
local argument = require "portone.argument"
local core = require "portone.core"
local entry = require "portone.ledger.entry"
local groups = require "portone.groups"
local loop = require "portone.loop"
local options = require "portone.options"
local errors = require "portone.error"
local records = require "portone.ledger.record"
local verbs = require "portone.verbs"

local M = {}

---@class portone.ledger.Store
---@class portone.Ledger
local methods = {}
local mt = { __name = "portone.ledger", __index = methods }

local DEADLINE = options.defaults.deadline

-- {====== What is asked for ======

local function operation_row(operation, args, level)
  if verbs.verbs[operation] then
    local found, problem = verbs.pick[operation](args)
    if not found then
      return nil, problem
    end
    return api.find(found.api, found.group, found.name)
  end
  local row = groups.row_of(operation)
  if not row and type(operation) == "string" then
    local version, group, name = operation:match("^(v[12])%.(.*)%.([^.]+)$")
    row = version and api.find(version, group, name)
  end
  if not row then
    error("ledger:once: no such operation: " .. tostring(operation), level + 1)
  elseif row.method == "GET" then
    error(("ledger:once: %s changes nothing and needs no ledger"):format(row.name), level + 1)
  end
  return row
end

local function check_id(id, level)
  if type(id) ~= "string" or id == "" or #id > 255 or id:find("%c") then
    error("ledger: an order's name must be a string of 1 to 255 bytes in one line", level + 1)
  end
end

-- Options of `once` itself, and those of the call.
local function split(given, level)
  local own, rest = {}, {}
  for name, value in pairs(given or {}) do
    if name == "again" or name == "wait" then
      own[name] = value
    else
      rest[name] = value
    end
  end
  options.call(rest, level + 2)
  return own, rest
end

-- }======

-- {====== once ======

local function refuse(operation, message, outcome, kind)
  return nil, errors.new { kind = kind or "conflict", message = message, operation = operation,
    outcome = outcome }, { operation = operation, attempts = 0, elapsed = 0, headers = {} }
end

local function unreadable(row, why)
  return refuse(row.name, "the ledger cannot be read, and nothing was sent: " .. tostring(why),
    "unknown", "ledger")
end

-- A first sending, or one after an end that lets it be sent again. True as first value when
-- somebody else was quicker.
local function send_anew(self, id, version, ask)
  local job = entry.new(self, id, version, ask.row, ask.args, ask.opts)
  local result, err, info = entry.send(self, job, ask.args, ask.opts)
  if job.taken then
    return true
  end
  if job.sent then
    entry.file(self, job, result, err, info)
  end
  return false, result, err, info
end

-- An order that nobody is at any more, though it is open. True as first value: look again.
local function take_over(self, job, ask)
  local ok, why = entry.claim(self, job)
  if ok == false then
    return true
  elseif not ok then
    return false, unreadable(ask.row, why)
  end
  local result, err, info = entry.find_out(self, job, job.record.args or ask.args, ask.opts)
  if job.taken then
    return true
  elseif not job.failed then
    entry.file(self, job, result, err, info)
    if entry.outcome(result, err) == "not_done" and not job.refused then
      return true  -- and it may be sent anew
    end
  end
  return false, result, err, info
end

-- One look at the order. True as first value: look again.
local function step(self, id, ask)
  local job, why = entry.load(self, id)
  if not job then
    if why then
      return false, unreadable(ask.row, why)
    end
    return send_anew(self, id, nil, ask)
  end
  local record = job.record
  local differs = records.difference(record, ask.row.name, ask.kept)
  if differs then
    return false, refuse(ask.row.name, ("%s is in the ledger already, as something else: %s")
      :format(id, differs), "not_done")
  elseif record.state == "settled" then
    local outcome = record.outcome
    if outcome == "not_done" or (outcome == "declined" and ask.own.again) then
      return send_anew(self, id, job.version, ask)
    end
    return false, records.answer(record)
  elseif entry.is_free(self, job) then
    return take_over(self, job, ask)
  end
  return "busy"
end

---Does something once. A call like the client's own, but of several with one id one is sent,
---and it is known what became of it, whatever happens to this process.
---
---Asked again by the same id: what is done, declined or a conflict is answered from the ledger
---(`info.recorded`); what was certainly not done is sent; what somebody else is at is waited
---for, up to `deadline`; what was left open is found out about first. Other arguments (amount,
---currency, customer, key, the other side's number: what decides about the money) are a
---"conflict", and nothing is sent.
---@param id string         the order, in the caller's words
---@param operation string|function  a verb ("request_pay_again"), an operation's name
---  ("v2.payment.cancel_payment"), or an operation of a client
---@param args table        as for the operation
---@param opts? table       as for the operation, and: `again` = true sends anew what was declined;
---  `wait` = false does not wait for somebody else
---@return any result
---@return portone.Error? err  beside the operation's own: kind "ledger" when the ledger could not
---  be written (nothing was sent)
---@return table info
function methods:once(id, operation, args, opts)
  check_id(id, 2)
  if type(args) ~= "table" then
    error("ledger:once: table of fields expected, got " .. type(args), 2)
  end
  local own, rest = split(opts, 2)
  local row, problem = operation_row(operation, args, 2)
  if not row then
    return refuse(operation, problem, "not_done", "invalid_request")
  end
  local ask = { row = row, args = args, own = own, opts = rest,
                kept = records.kept(row, args) }
  local ends, pause = core.monotonic() + (rest.deadline or DEADLINE), 0.02
  while true do
    local again, result, err, info = step(self, id, ask)
    if not again then
      return result, err, info
    elseif again == "busy" and (own.wait == false or core.monotonic() + pause > ends) then
      return refuse(row.name, id .. ": another process is at it, and it is not known how it ends",
        "unknown")
    elseif again == "busy" then
      loop.current(self.loop).sleep(pause)
      pause = math.min(1, pause * 1.5)
    end
  end
end

-- }======

-- {====== recover ======

local PAGE = 100

local function settle_one(self, job, report, opts)
  local record, call = job.record, { deadline = opts.deadline, timeout = opts.timeout }
  local result, err, info = entry.find_out(self, job, opts.resend ~= false and record.args, call)
  local again = not (job.taken or job.failed or job.refused) and opts.resend ~= false
    and entry.outcome(result, err) == "not_done"
  if again and entry.may_resend(self, job) then
    result, err, info = entry.send(self, job, record.args, call)
  end
  local outcome = job.taken and "busy" or job.failed and "unknown" or entry.outcome(result, err)
  if not job.taken and not job.failed then
    entry.file(self, job, result, err, info)
  end
  report[outcome] = report[outcome] + 1
  if opts.on_settled and outcome ~= "unknown" and outcome ~= "busy" then
    opts.on_settled(job.id, outcome, result, err)
  end
  return true
end

-- All of a page are taken before the first is asked about: the wait for one is that for all.
local function claim_page(self, ids, report)
  local jobs = {}
  for _, id in ipairs(ids) do
    local job, why = entry.load(self, id)
    if why and not job then
      return nil, why
    end
    if job and job.record.state ~= "settled" then
      local mine = false
      report.total = report.total + 1
      if entry.is_free(self, job) then
        mine, why = entry.claim(self, job)
        if mine == nil then
          return nil, why
        end
      end
      if mine then
        jobs[#jobs + 1] = job
      else
        report.busy = report.busy + 1
      end
    end
  end
  return jobs
end

local function settle_page(self, jobs, report, opts)
  local host = loop.current(self.loop)
  local function one(job)
    return settle_one(self, job, report, opts)
  end
  if not host.map then
    for _, job in ipairs(jobs) do
      one(job)
    end
    return
  end
  local _, failures = host.map(jobs, one, { concurrency = opts.concurrency or 8,
                                            mode = "collect" })
  for _, problem in pairs(failures) do
    error(problem, 0)
  end
end

---Finds out what became of everything that was left open: call it when the process starts, and
---now and then while it runs. What a living process is at is left alone.
---
---A V2 request is sent again with its Idempotency-Key, as long as PortOne keeps that (3 hours).
---Everything else is looked up; what was certainly not done is sent again when it is not older
---than `resend` (see open) and no card data was in it, and otherwise settled as "not_done".
---@param opts? table  on_settled = function(id, outcome, result, err); resend = false: look up
---  only; concurrency (8, in a host that has tasks); deadline and timeout of each call
---@return table? report  done, declined, not_done, conflict, unknown, busy, total: how many;
---  `unknown`: nobody could be asked, try later
---@return string? err    the store failed
function methods:recover(opts)
  opts = argument.options(opts, "ledger:recover")
  local report = { done = 0, declined = 0, not_done = 0, conflict = 0, unknown = 0, busy = 0,
                   total = 0 }
  local after
  repeat
    local ids, err = self.store:unsettled(after, PAGE)
    if not ids then
      return nil, err
    end
    local jobs
    jobs, err = claim_page(self, ids, report)
    if not jobs then
      return nil, err
    end
    settle_page(self, jobs, report, opts)
    after = ids[#ids]
  until #ids < PAGE
  return report
end

-- }======

---What the ledger knows of an order.
---@param id string
---@return table? found  { id, operation, state = "open"|"settled", outcome, result, err,
---  started, sent, settled, attempts, idempotency_key }; nil when there is none
---@return string? err
function methods:look(id)
  check_id(id, 2)
  local job, err = entry.load(self, id)
  if not job then
    return nil, err
  end
  local r = job.record
  local found = { id = id, operation = r.operation, outcome = r.outcome, started = r.started,
    state = r.state == "settled" and "settled" or "open", sent = r.sent, settled = r.settled,
    attempts = r.attempts, idempotency_key = r.key, note = r.note }
  if r.state == "settled" then
    found.result, found.err = records.answer(r)
  end
  return found
end

local by_hand = { done = true, declined = true, not_done = true }

---Ends by hand what no look-up can: an order that is open, or a conflict.
---@param id string
---@param outcome "done"|"declined"|"not_done"
---@param note? string  who says so, and why
---@return boolean? ok
---@return string? err
function methods:settle(id, outcome, note)
  check_id(id, 2)
  if not by_hand[outcome] then
    error("ledger:settle: 'done', 'declined' or 'not_done' expected", 2)
  end
  local job, err = entry.load(self, id)
  if not job then
    return nil, err or "no such order"
  elseif job.record.state == "settled" and job.record.outcome ~= "conflict" then
    return nil, "it is settled: " .. tostring(job.record.outcome)
  elseif job.record.state ~= "settled" and not entry.is_free(self, job) then
    return nil, "a process is at it"
  end
  return entry.settle_by_hand(self, job, outcome, note)
end

---Gives the file back. Open orders stay open.
function methods:close()
  if not self.closed and self.store.close then
    self.store:close()
  end
  self.closed = true
end

-- {====== open ======

local function number_option(given, name, default, level)
  local value = given[name]
  if value == nil then
    return default
  elseif type(value) ~= "number" or value < 0 then
    error(("ledger.open: option '%s' must be a number of seconds"):format(name), level + 1)
  end
  return value
end

local known = { path = true, store = true, client = true, owner = true, lease = true,
                resend = true, loop = true }

local function check_options(given, level)
  if type(given) ~= "table" then
    error("ledger.open: table of options expected, got " .. type(given), level + 1)
  end
  for name in pairs(given) do
    if not known[name] then
      local hint = options.nearest(name, known)
      error(("ledger.open: unknown option '%s'%s"):format(tostring(name),
        hint and (" (did you mean '%s'?)"):format(hint) or ""), level + 1)
    end
  end
  if (given.path == nil) == (given.store == nil) then
    error("ledger.open: either 'path' or 'store' is needed", level + 1)
  elseif given.path ~= nil and (type(given.path) ~= "string" or given.path:find("%z")) then
    error("ledger.open: option 'path' must be a file's name", level + 1)
  end
end

---Opens a ledger. Raises on a wrong option.
---@param given table  path: the SQLite file, made when it is not there; or store;
---  client: default, the module's own; lease (180): seconds after a sending for which nobody
---  else touches an order whose process may be alive; resend (10200): how old an order may be
---  that `recover` sends again, 0: none; owner: a name for this process that it will have again
---  when it is started again, for stores that cannot tell who is alive; loop: as the client's
---@return portone.Ledger? ledger
---@return string? err
function M.open(given)
  check_options(given, 2)
  local self = {
    client = given.client or require "portone", loop = given.loop, active = {},
    lease = number_option(given, "lease", 180, 2),
    resend = number_option(given, "resend", 10200, 2), store = given.store,
  }
  if given.path then
    local store, err = require("portone.ledger.sqlite").open(given.path)
    if not store then
      return nil, ("%s: %s"):format(given.path, err)
    end
    self.store = store
  end
  self.owner = self.store.owner or given.owner or core.hex(core.random(12))
  return setmetatable(self, mt)
end

---A store in Redis; see ledger/redis.lua.
---@param client table|function
---@param opts? table
---@return portone.ledger.Store? store
---@return string? err
function M.redis(client, opts)
  local store, err = require("portone.ledger.redis").new(client, opts)
  return store, err
end

---A store in memory, for tests.
---@return portone.ledger.Store
function M.memory()
  return require("portone.ledger.memory").new()
end

-- }======

return M
