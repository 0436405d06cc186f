-- SPDX-License-Identifier: MIT
-- One order of a ledger on its way: { id, version, record } as 'job'. Every change of it is a
-- write of exactly the version that was read, so that of two processes one is late and knows.
--
-- After entry.send or entry.find_out a job says: sent (that was written down, and it may have
-- been); taken (somebody else has it); failed (why nothing could be written or read: nothing is
-- known now that was not before); refused (it was sent again and definitely refused).

local core = require "portone.core"
local errors = require "portone.error"
local records = require "portone.ledger.record"

local M = {}

-- PortOne keeps a key for three hours ("API 개요"); ten minutes for clocks that differ.
local KEY_LIFE = 3 * 3600 - 600

-- A time as JSON carries it: to the millisecond.
local function ms(seconds)
  return math.floor(seconds * 1000 + 0.5) / 1000
end

local function clock(self)
  if self.store.now then
    local now, err = self.store:now()
    return now and ms(now), err
  end
  return ms(core.now())
end

-- {====== The store ======

---@param self portone.Ledger
---@param id string
---@return table? job
---@return string? err  nil, nil: there is no such order
function M.load(self, id)
  local text, version = self.store:read(id)
  if not text then
    return nil, version
  end
  local record, problem = records.decode(text)
  if not record then
    return nil, problem
  end
  return { id = id, version = version, record = record }
end

-- true; false: not that version any more; nil, err
local function save(self, job, open)
  local text = records.encode(job.record)
  local ok, err
  if job.version then
    ok, err = self.store:write(job.id, job.version, text, open)
  else
    ok, err = self.store:add(job.id, text)
  end
  if ok then
    job.version = (job.version or 0) + 1
  end
  return ok, err
end

-- }======

-- {====== Whose it is ======

local function running()
  local co, main = coroutine.running()
  return co and not main and co or "main"
end

-- Is a task of this state at it? One that ended without saying so is not.
local function is_active(self, id)
  local holder = self.active[id]
  return holder ~= nil and holder ~= running()
    and (type(holder) ~= "thread" or coroutine.status(holder) ~= "dead")
end

---May an open order be taken?
---@param self portone.Ledger
---@param job table
---@return boolean
function M.is_free(self, job)
  local record = job.record
  if record.owner == self.owner then
    return not is_active(self, job.id)
  elseif not record.owner then
    return true
  elseif self.store.alive and not self.store:alive(record.owner) then
    return true
  end
  local now = clock(self)
  return now ~= nil and record.lease ~= nil and now >= record.lease
end

---Takes an open order that is free. Whatever its owner had under way ended by now.
---@param self portone.Ledger
---@param job table
---@return boolean? ok  false: somebody was quicker
---@return string? err
function M.claim(self, job)
  local now, err = clock(self)
  if not now then
    return nil, err
  end
  local record = job.record
  record.owner, record.lease, record.lost = self.owner, ms(now + self.lease), record.lost or now
  return save(self, job, true)
end

-- }======

-- {====== Sending ======

---An order that is not in the ledger, or in it with an end that lets it be sent anew.
function M.new(self, id, version, row, args, opts)
  local record = records.new(row, args, opts)
  if row.api == "v2" then
    record.key = opts.idempotency_key or core.new_key()
  end
  return { id = id, version = version, record = record, ledger = self }
end

-- How long a sending keeps others away: longer than an attempt can take.
local function lease_of(self, opts)
  return math.max(self.lease, (opts.deadline or 0) + 30, (opts.timeout or 0) + 30)
end

-- What is written before each sending; nothing goes out when it cannot be, nor when writing it
-- took so long that somebody else may have the order by now.
local function gate(self, job, opts)
  local record, lease = job.record, lease_of(self, opts)
  return function(n)
    local began = core.monotonic()
    local now, err = clock(self)
    local ok
    if now then
      record.state, record.sent, record.sends, record.lost = "sent", now, record.sends + 1, nil
      record.started = record.started or now
      record.owner, record.lease = self.owner, ms(now + lease)
      ok, err = save(self, job, true)
    end
    if ok and core.monotonic() - began > lease / 2 then
      ok, err = nil, "writing it took too long"
    end
    if not ok then
      job.taken = ok == false
      job.failed = not job.sent and err or nil
      return nil, err or "another process has taken this order"
    end
    job.sent = true
    if opts.before_send then
      return opts.before_send(n)
    end
    return true
  end
end

local function call_of(client, operation)
  local at = client
  for part in operation:gmatch("[^.]+") do
    at = at[part]
  end
  return at
end

---Makes the call of an order, each sending of which is written down first.
---@param self portone.Ledger
---@param job table
---@param args table
---@param opts table  of the call
---@return any result, portone.Error? err, table info
function M.send(self, job, args, opts)
  local record, with = job.record, {}
  for name, value in pairs(opts) do
    with[name] = value
  end
  with.tier, with.store_id = opts.tier or record.tier, opts.store_id or record.store_id
  with.idempotency_key = record.key
  with.before_send = gate(self, job, opts)
  job.sent, job.taken, job.failed = false, false, nil
  self.active[job.id] = running()
  local result, err, info = call_of(self.client, record.operation)(args, with)
  self.active[job.id] = nil
  if job.failed then
    err = errors.new { kind = "ledger", operation = record.operation, outcome = "not_done",
      message = "the ledger cannot be written, and nothing was sent: " .. job.failed }
  end
  return result, err, info
end

-- }======

-- {====== Finding out ======

-- Refusals of who asks, not of what is asked.
local deaf = { unauthorized = true, forbidden = true }

-- With its key, a V2 request can be sent again at no risk. True: nothing more to be asked.
local function send_again(self, job, args, opts)
  local record = job.record
  local lost = record.lost
  local result, err, info = M.send(self, job, args, opts)
  if job.failed then
    err.outcome = "unknown"
  end
  if result ~= nil or job.taken or job.failed or err.kind == "declined"
     or err.kind == "unknown_outcome" then
    return true, result, err, info
  end
  -- a refusal: but of the repetition, and was the first one refused too?
  job.refused, record.lost = true, lost
  local answered = err.type ~= nil and not deaf[err.kind]
  return answered and not record.known, result, err, info
end

---What became of an order that this process has claimed.
---@param self portone.Ledger
---@param job table
---@param args? table|false  with which it may be sent again
---@param opts table
---@return any result, portone.Error? err, table? info
function M.find_out(self, job, args, opts)
  local record = job.record
  local now, why = clock(self)
  if not now then
    job.failed = why
    return nil, errors.new { kind = "ledger", outcome = "unknown", message = why }
  end
  local age, refusal = now - record.started, nil
  if args and record.key and age >= 0 and age < KEY_LIFE then
    local over, result, err, info = send_again(self, job, args, opts)
    if over then
      return result, err, info
    end
    refusal = err
  end
  self.active[job.id] = running()
  local result, err, info = self.client.resolve(records.pending(record, core.now() - now), {
    deadline = opts.deadline, timeout = opts.timeout, tier = record.tier,
    store_id = record.store_id })
  self.active[job.id] = nil
  if refusal and result == nil and M.outcome(nil, err) == "not_done" then
    err = refusal
  end
  return result, err, info
end

---May what was certainly not done be sent again by itself?
---@param self portone.Ledger
---@param job table
---@return boolean
function M.may_resend(self, job)
  local record = job.record
  local now = clock(self)
  local age = now and now - record.started
  return not record.key and record.args ~= nil and age ~= nil and age >= 0 and age < self.resend
end

-- }======

-- {====== Ends ======

---What a call's end means for the ledger.
---@param result any
---@param err? portone.Error
---@return "done"|"declined"|"not_done"|"conflict"|"unknown"
function M.outcome(result, err)
  if result ~= nil then
    return "done"
  elseif err.outcome == "unknown" or err.outcome == "conflict" then
    return err.outcome
  end
  return err.kind == "declined" and "declined" or "not_done"
end

---Writes down what became of an order. When that fails it stays open, to be found out about.
---Not for a job that is taken or has failed.
---@param self portone.Ledger
---@param job table
---@param result any
---@param err? portone.Error
---@param info? table
function M.file(self, job, result, err, info)
  local record, outcome = job.record, M.outcome(result, err)
  local now = clock(self) or ms(core.now())
  if info then
    record.attempts, record.reconciled = info.attempts, info.reconciled
  end
  if outcome == "unknown" then
    record.state, record.owner, record.lease = "unknown", nil, nil
    record.lost = record.lost or now
  else
    records.settle(record, outcome, result, err, now)
  end
  local ok, why = save(self, job, outcome == "unknown")
  if ok == nil and info then
    info.warnings = info.warnings or {}
    table.insert(info.warnings, { path = job.id, problem = "the ledger could not be written: "
      .. tostring(why) .. "; recover will find out" })
  end
end

---@param self portone.Ledger
---@param job table
---@param outcome string
---@param note? string
---@return boolean? ok
---@return string? err
function M.settle_by_hand(self, job, outcome, note)
  local now, err = clock(self)
  if not now then
    return nil, err
  end
  local fault
  if outcome ~= "done" then
    fault = errors.new { kind = outcome == "declined" and "declined" or "conflict",
      operation = job.record.operation, outcome = "not_done",
      message = "settled by hand" .. (note and ": " .. note or "") }
  end
  records.settle(job.record, outcome, nil, fault, now)
  job.record.note = note or "settled by hand"
  local ok
  ok, err = save(self, job, false)
  if ok == false then
    return nil, "it was changed meanwhile"
  end
  return ok, err
end

-- }======

return M
