-- SPDX-License-Identifier: MIT
-- After the last attempt: asks the API what became of a write.
--
-- A row (reconcile/v1.lua, reconcile/v2.lua) says for one operation:
--   keep    fields of the request that tell it from others: "amount.total" reaches into a
--           table, "schedules[].amount" into each item; never a card's data, since they are
--           written to disk with a pending call
--   ask     the look-up, an operation's name;  with(kept, ctx) gives its arguments
--   each    a list among the kept: one look-up for each item
--   choose  of several ways the one that fits; nil when there is none
--   judge(kept, found, ctx) -> verdict, value;  with 'each': judge(item, found, ctx, kept)
--   missing the kind of error that also says that there is nothing, beside not_found
--   absent  the verdict when there is nothing to be found; left out: not_done
--   result  with 'each': the operation's result from the values
--   behind  arguments of a second look-up, when the first one found nothing that was done: for
--           what a newer one may hide
--   timed   its arguments are times near the call's: seconds by which our clock may be wrong
--           before it has to be asked again, with the server's times
-- Verdicts: "done" (value: the operation's result), "not_done", "declined" (value: fields of
-- an error), "conflict" (value: why), "unclear". ctx.started is the server's unix time at
-- which the call began: what is older is not this call's work. ctx.doubtful is earlier: before
-- that even an event that some PG's own clock has dated is not.

local api = require "portone.api"
local retry = require "portone.retry"

local M = {}

local rows = {}

-- A call that no row describes has a name of its own: "POST /new-thing".
local function row_of(operation)
  local version = operation:match("^(v[12])%.")
  if not version then
    return nil
  end
  rows[version] = rows[version] or require("portone.reconcile." .. version)
  return rows[version][operation]
end

local function look_up(way)
  return api.find(way.ask:match("^(v%d)%.(.*)%.([^.]+)$"))
end

local ready = {}

---Has at hand what asking about an operation takes. Called before it is sent: once money may
---have moved, a file that cannot be opened (no descriptor left, say) must not be in the way.
---@param operation string
function M.ready(operation)
  if ready[operation] then
    return
  end
  local row = row_of(operation)
  if row and row.ask then
    look_up(row)
  end
  for _, way in pairs(row or {}) do
    if type(way) == "table" and way.ask then
      look_up(way)
    end
  end
  ready[operation] = true
end

-- {====== What is kept of a request ======

local function reach(value, path)
  for name in path:gmatch("[^.]+") do
    if type(value) ~= "table" then
      return nil
    end
    value = value[name]
  end
  return value
end

local function keep_items(kept, args, list, field)
  for i, item in ipairs(type(args[list]) == "table" and args[list] or {}) do
    kept[list] = kept[list] or {}
    kept[list][i] = kept[list][i] or {}
    kept[list][i][field] = reach(item, field)
  end
end

-- Only strings, numbers and lists of them: what is kept must survive JSON.
local function keep(row, args)
  local kept = {}
  for _, path in ipairs(row.keep) do
    local list, field = path:match("^(.-)%[%]%.(.*)$")
    if list then
      keep_items(kept, args, list, field)
    else
      local value = reach(args, path)
      if type(value) ~= "userdata" then
        kept[path] = value
      end
    end
  end
  return kept
end

---What is needed to ask later, in this process or another; holds no card data.
---@param operation string
---@param args table
---@param started number  unix seconds at which the call began
---@return table pending  { operation, kept, started, known = can it be asked at all }
function M.pending(operation, args, started)
  local row = row_of(operation)
  return { operation = operation, started = math.floor(started), known = row ~= nil,
           kept = row and keep(row, args) or {} }
end

-- }========================================

-- Seconds that the server's clock is ahead of ours, as its answer tells: an event is dated
-- by that clock, and a partial refund must not be missed, or claimed, for a wrong one here.
local function ahead(info, now)
  local date = retry.http_date(info.headers.date)
  return date and date - now or 0
end

-- Does the API itself say that there is no such thing? One of its own words, not a 404 of
-- whoever answered instead of it.
local function is_missing(err, way, row)
  local known = err.type == nil or (row.errors or {})[err.type] ~= nil
  return err.response ~= nil and known
    and (err.kind == "not_found" or err.kind == way.missing)
end

-- One look-up: found | nil (there is no such thing) | nil, err
local function ask(way, args, look, ctx)
  local row = look_up(way)
  local found, err, info = look(row, args)
  if not ctx.skew and info and info.status then
    local skew = ahead(info, ctx.now())
    ctx.started, ctx.doubtful, ctx.skew = ctx.started + skew, ctx.doubtful + skew, skew
  end
  if found == nil and is_missing(err, way, row) then
    return nil
  end
  return found, err
end

-- Runs a function of a row. It reads what the API answered, and an answer of a form that
-- nobody has seen tells nothing: it must not raise in the middle of a charge.
local function cautiously(fn, ...)
  local ok, verdict, value = pcall(fn, ...)
  if ok and verdict ~= nil then
    return verdict, value
  end
  return "unclear", { message = "the answer cannot be read" }
end

-- Do the arguments name what is looked for? A path without a name leads somewhere else, and what
-- is not there was never asked about.
local function names_it(way, args)
  for name, field in pairs(look_up(way).path_fields or {}) do
    if field.required and (args[name] == nil or args[name] == "") then
      return false
    end
  end
  return true
end

-- The look-up of a row: as ask, or nil, why it could not be made.
local function look_up_of(way, subject, kept, look, ctx)
  local adjusted = ctx.skew ~= nil
  local args = cautiously(way.with, subject, ctx, kept)
  if args == "unclear" or not names_it(way, args) then
    return nil, { message = "the request does not say what to look for" }
  end
  local found, err = ask(way, args, look, ctx)
  if way.timed and not adjusted and math.abs(ctx.skew or 0) > way.timed then
    return look_up_of(way, subject, kept, look, ctx)  -- it was looked for at another time
  end
  return found, err
end

-- Of two calls for one order at the same time the one that is refused may be the later one, and
-- stand before the other: 'verdict' holds when there is nothing behind it.
local function judge_behind(way, kept, look, ctx, verdict, value)
  local found, err = ask(way, way.behind(kept), look, ctx)
  if found ~= nil then
    return cautiously(way.judge, kept, found, ctx, kept)
  elseif err then
    return "unclear", err
  end
  return verdict, value
end

local function judge(way, subject, kept, look, ctx)
  local found, err = look_up_of(way, subject, kept, look, ctx)
  if err and found == nil then
    return "unclear", err
  elseif found ~= nil then
    local verdict, value = cautiously(way.judge, subject, found, ctx, kept)
    if way.behind and verdict ~= "done" and verdict ~= "conflict" then
      return judge_behind(way, kept, look, ctx, verdict, value)
    end
    return verdict, value
  elseif way.absent then
    return way.absent(subject)
  end
  return "not_done"
end

-- All done or all not done; anything between is for a person.
local function judge_each(way, kept, look, ctx)
  local list = kept[way.each]
  local values, seen = {}, nil
  for i, item in ipairs(type(list) == "table" and list or { list }) do
    local verdict, value = judge(way, item, kept, look, ctx)
    if verdict ~= "done" and verdict ~= "not_done" then
      return verdict, value
    elseif seen and seen ~= verdict then
      return "conflict", "only a part of the request was done"
    end
    seen, values[i] = verdict, value
  end
  if seen == "done" then
    return "done", way.result and way.result(kept, values) or values
  end
  return seen or "unclear"
end

-- Seconds by which the clocks of a PG and of PortOne may differ.
local SLACK = 300

---Asks once what became of a pending write.
---@param pending table  from M.pending
---@param look fun(row: table, args: table): any, table?, table?  makes a read
---@param now fun(): number  unix seconds
---@return "done"|"not_done"|"declined"|"conflict"|"unclear" verdict
---@return any value
function M.ask(pending, look, now)
  local row = row_of(pending.operation)
  if not row then
    return "unclear"
  end
  local way = row
  if row.choose then
    way = row[row.choose(pending.kept) or ""]
    if not way then
      return "unclear"
    end
  end
  -- whole seconds: V1 counts in them, so a thing of the first second is not too old
  local ctx = { started = pending.started - 1, doubtful = pending.started - 1 - SLACK, now = now }
  if way.each then
    return judge_each(way, pending.kept, look, ctx)
  end
  return judge(way, pending.kept, pending.kept, look, ctx)
end

return M
