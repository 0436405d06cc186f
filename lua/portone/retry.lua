-- SPDX-License-Identifier: MIT
-- After an attempt failed: is the call over, may it be sent again, or must somebody ask
-- first what happened? Pure; the one table below is the whole rule.
--
-- A status class does not decide. What does: how much was sent (libcurl's word, not a
-- guess), whether the answer is the API's own, and whether a second sending is safe, which
-- it is for a read and for a V2 write, whose Idempotency-Key makes the second sending the
-- first one's echo (PortOne V2, "API 개요": kept 3 hours, 409 while the first still runs).
-- V1 has no such key, so a V1 write is never sent again before a look-up.

local core = require "portone.core"
local time = require "portone.time"

local M = {}

-- First row that fits. Fields: kind, type and status of the fault; sent; api; write;
-- definite (the API's own answer); unclear (it may have happened).
local matrix = {
  { kind = "invalid_request", act = "final" },
  { kind = "cancelled",       act = "final" },
  { kind = "unauthorized",    act = "final" },
  -- a wrong certificate does not mend itself
  { kind = "tls", sent = "nothing", act = "final" },
  { kind = "rate_limited",    act = "again" },  -- refused before it was looked at
  -- our own first sending still runs: wait for it, as often as the deadline allows
  { type = "IDEMPOTENCY_OUTSTANDING_REQUEST", act = "again", free = true },
  { definite = true,          act = "final" },  -- the answer to a V1 token request too
  { sent = "nothing",         act = "again" },
  { unclear = false,          act = "final" },
  { write = false,            act = "again" },
  { api = "v2",               act = "again" },  -- same key
  { api = "v1",               act = "lookup" },
}

M.matrix = matrix

-- Kinds of failure that leave open whether a write was done, if anything was sent. A
-- certificate among them: libcurl repeats by itself what a kept connection lost.
local unclear = { network = true, timeout = true, protocol = true, server = true, tls = true,
                  cancelled = true }

-- Is a typed answer of V2 the API's last word? Not a failure of the server under a type that the
-- operation does not document: what broke may have broken after the money moved.
local function is_last_word(fault, row)
  return fault.kind ~= "server" or (row.errors or {})[fault.type] ~= nil
end

---What a fault means, in the terms of the matrix.
---@param fault table  fields of a portone.Error
---@param row table    the operation
---@return table facts
function M.facts(fault, row)
  local typed = fault.type ~= nil or fault.code ~= nil
  return {
    kind = fault.kind, type = fault.type, status = fault.status, sent = fault.sent,
    api = row.api, write = row.method ~= "GET" and not row.repeatable,
    definite = typed and (row.api == "v2" and is_last_word(fault, row)
      or row.api == "v1" and (fault.status or 200) < 500),
    unclear = unclear[fault.kind] or false,
  }
end

local function fits(row, facts)
  for name, value in pairs(row) do
    if name ~= "act" and name ~= "free" and facts[name] ~= value then
      return false
    end
  end
  return true
end

---What to do after a fault.
---@param facts table  see M.facts
---@return "final"|"again"|"lookup" act
---@return boolean free  it does not count as one of max_retries
function M.decide(facts)
  for _, row in ipairs(matrix) do
    if fits(row, facts) then
      return row.act, row.free or false
    end
  end
  return "final", false
end

---May the write have been done, as far as this fault tells?
---@param facts table
---@return boolean
function M.may_be_done(facts)
  if facts.type == "IDEMPOTENCY_OUTSTANDING_REQUEST" then
    return true
  end
  return facts.write and facts.unclear and not facts.definite and facts.sent ~= "nothing"
end

---May the caller make the same call again as it is, now that it has ended? Only when it is
---certain that it was not done, and when what failed may mend itself.
---@param fault table  as the call ended, with `outcome`
---@param row table
---@return boolean
function M.retryable(fault, row)
  local facts = M.facts(fault, row)
  return M.decide(facts) ~= "final" and (not facts.write or fault.outcome == "not_done")
end

-- {====== Waiting ======

local FIRST = 0.5    -- seconds, doubled each time
local LONGEST = 8

-- Uniform in [0, 1): 32 random bits are plenty to spread clients apart.
local function random()
  local a, b, c, d = core.random(4):byte(1, 4)
  return (((a * 256 + b) * 256 + c) * 256 + d) / 2 ^ 32
end

---Seconds before the next sending: exponential with full jitter.
---@param n integer  1 for the first repetition
---@return number
function M.backoff(n)
  return random() * math.min(LONGEST, FIRST * 2 ^ (n - 1))
end

local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8,
                 Sep = 9, Oct = 10, Nov = 11, Dec = 12 }

---Unix seconds of an HTTP date (RFC 9110, 5.6.7, the form that is sent today).
---@param value? string
---@return number?
function M.http_date(value)
  local d, mon, y, h, mi, s =
    (value or ""):match("(%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT")
  if not (d and months[mon]) then
    return nil
  end
  return (time.parse(("%s-%02d-%sT%s:%s:%sZ"):format(y, months[mon], d, h, mi, s)))
end

---Seconds that a Retry-After header asks for (RFC 9110, 10.2.3): a number or a date.
---@param value? string
---@param now number  unix seconds
---@return number?
function M.retry_after(value, now)
  local seconds = value and value:match("^%s*(%d+)%s*$")
  if seconds then
    return tonumber(seconds)
  end
  local unix = M.http_date(value)
  return unix and math.max(0, unix - now)
end

-- }===================

return M
