-- SPDX-License-Identifier: MIT
-- The part of a call that goes on until its outcome is known: attempts by the rule of
-- retry.lua, then the question of reconcile.lua, all inside one deadline.
--
--   attempt ── result ──────────────────────────────────────────────> done
--      │ fault
--      ├─ final ─────────────────────────────────────────────────────> failed
--      ├─ again, while attempts and time are left: wait, attempt
--      └─ lookup, or nothing left after a sending that may have worked: ask
--            done ──> done, reconciled      not done ──> attempt again, or failed
--            declined, conflict ──> failed  no answer ──> unknown_outcome
--
-- "Not done" is believed only when PortOne can no longer be working on the request: it
-- goes on after a connection is lost, and asks callers to wait 60 seconds for an answer.
-- Counted from the end of the attempt: a request that the network held back may have come
-- as late as that.

local reconcile = require "portone.reconcile"
local retry = require "portone.retry"

local M = {}

local function remaining(run)
  return run.ends - run.now()
end

-- Waits unless the deadline would pass first; false then, and where nobody waits any more.
local function pause(run, seconds)
  if seconds >= remaining(run) then
    return false
  end
  return seconds <= 0 or run.sleep(seconds) ~= false
end

-- Seconds before the next attempt: what the server asks for, but never at once.
local function delay_of(run, fault)
  local asked = fault.retry_after and retry.retry_after(fault.retry_after, run.wall())
  return math.max(asked or 0, retry.backoff(run.repeats + run.waits + 1))
end

-- {====== Asking ======

-- Might the server have been at work on what was sent last, at this time?
local function may_have_run(run, at)
  return run.unclear_since ~= nil and at - run.unclear_since < run.settle
end

-- What a request that is still at work could yet change. A refusal is among it: it may be
-- that of an earlier call for the same order, and ours still to come.
local passing = { not_done = true, declined = true }

local function is_cancelled(err)
  return type(err) == "table" and err.kind == "cancelled"
end

-- Asks until there is a verdict to rely on, the time is up or nobody wants to know.
local function settle(run)
  local wait = 0.5
  while true do
    -- what counts is when it was asked: an answer may lie about before anybody reads it
    local asked = run.now()
    local verdict, value = reconcile.ask(run.pending, run.look, run.wall)
    run.lookups = run.lookups + 1
    local open = verdict == "unclear" or (passing[verdict] and may_have_run(run, asked))
    if not open then
      return verdict, value
    elseif not run.pending.known or is_cancelled(value) or not pause(run, wait) then
      return "unclear", value
    end
    wait = math.min(8, wait * 2)
  end
end

-- What keeps it unknown, and what can be done about it.
local function why_unknown(pending, value)
  if type(value) == "table" and value.message then
    return "; asking failed too: " .. value.message
  elseif pending.known then
    return ""
  elseif pending.idempotency_key then
    return "; no look-up can tell: for three hours the same call with this idempotency_key does "
      .. "it once, and PortOne's console shows it"
  end
  return "; no look-up can tell, PortOne's console can"
end

local function unknown(run, fault, value)
  if not run.pending.sent then  -- for whoever asks later
    local since = run.unclear_since or run.now()
    run.pending.sent = math.ceil(run.wall() - (run.now() - since))
  end
  return nil, { kind = "unknown_outcome", pending = run.pending, outcome = "unknown",
    status = fault.status, sent = fault.sent, raw = fault.raw, response = fault.response,
    message = "it may or may not have happened"
      .. (run.later and "" or (" (%s: %s)"):format(fault.kind, fault.message or ""))
      .. why_unknown(run.pending, value) }
end

-- Verdict as the call's end: result | nil, fault. "not_done" leaves the last fault standing.
local function conclude(run, fault, verdict, value)
  if verdict == "done" then
    run.reconciled = true
    return value
  elseif verdict == "declined" then
    value.kind, value.outcome = "declined", "not_done"
    return nil, value
  elseif verdict == "conflict" then
    return nil, { kind = "conflict", message = value, status = fault.status,
                  response = fault.response, raw = fault.raw, outcome = "conflict" }
  elseif verdict == "not_done" then
    fault.outcome = "not_done"
    return nil, fault
  end
  return unknown(run, fault, value)
end

-- }====================

-- PortOne keeps an Idempotency-Key for three hours, a call with a long deadline may go on for
-- longer: then a second sending would be a second request. Ten minutes for the first attempt.
local KEY_LIFE = 3 * 3600 - 600

local function is_echo(run, wait)
  return run.row.api ~= "v2" or run.now() + wait - run.began < KEY_LIFE
end

-- A V1 write after a sending that may have worked: look, and only then send again.
local function look_first(run, fault)
  local verdict, value = settle(run)
  if verdict == "not_done" and run.repeats < run.max_retries
     and pause(run, retry.backoff(run.repeats + 1)) then
    run.repeats = run.repeats + 1
    run.unclear_since, run.looked = nil, true
    return "again"
  end
  return "over", conclude(run, fault, verdict, value)
end

-- A refusal of our own repetition may be the echo of our own success ("already paid").
local function own_echo(run, fault)
  local verdict, value = settle(run)
  if verdict == "done" or verdict == "unclear" then
    return conclude(run, fault, verdict, value)
  end
  return nil, fault
end

-- Refusals that say nothing of an earlier sending: who asks is judged before what is asked.
local deaf = { unauthorized = true, forbidden = true }

-- After a fault: "again", or "over" with result | nil, fault.
local function step(run, fault)
  local facts = retry.facts(fault, run.row)
  local act, free = retry.decide(facts)
  if retry.may_be_done(facts) then
    run.unclear_since = run.now()
  end
  local wait = act == "again" and (free or run.repeats < run.max_retries) and delay_of(run, fault)
  if wait and (not run.unclear_since or is_echo(run, wait)) and pause(run, wait) then
    run.repeats = run.repeats + (free and 0 or 1)
    run.waits = run.waits + (free and 1 or 0)
    return "again"
  elseif act == "final" and (run.unclear_since or run.looked) and run.reconcile
         and (facts.kind == "conflict" or facts.kind == "rejected") then
    return "over", own_echo(run, fault)
  elseif not run.unclear_since then  -- no sending of this call is open any more
    return "over", nil, fault
  elseif not run.reconcile or facts.kind == "cancelled" then
    return "over", unknown(run, fault)
  elseif act == "lookup" then
    return look_first(run, fault)
  elseif act == "final" and facts.definite and not deaf[facts.kind] then
    return "over", nil, fault
  end
  return "over", conclude(run, fault, settle(run))
end

---Goes on after a first attempt that failed, until the outcome is known.
---@param run table  row, pending, fault (of the first attempt), attempt(seconds) -> result |
--- nil, fault, look(row, args), sleep(seconds) -> false when cancelled, now() (a steady clock),
--- wall() (unix), ends, max_retries, settle, reconcile
---@return any result  nil when it failed
---@return table? fault  fields of a portone.Error, with `outcome`
function M.pursue(run)
  local fault = run.fault
  run.repeats, run.waits, run.lookups, run.began = 0, 0, 0, run.now()
  while true do
    local act, result
    act, result, fault = step(run, fault)
    if act == "over" then
      return result, fault
    end
    if run.on_retry then
      run.on_retry(run.repeats)
    end
    result, fault = run.attempt(math.max(remaining(run), 0.001))
    if result ~= nil then
      return result
    end
  end
end

---Asks what became of a pending write, inside the deadline.
---@param run table  pending, look, sleep, now, wall, ends, settle
---@param age number seconds since the last attempt ended
---@return any result, table? fault
function M.resolve(run, age)
  run.unclear_since = run.now() - age
  run.lookups, run.later = 0, true
  local fault = { kind = "network", message = "it was never done, and may be asked for again" }
  return conclude(run, fault, settle(run))
end

return M
