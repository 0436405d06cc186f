-- SPDX-License-Identifier: MIT
-- Things that go wrong on purpose. A rule says which calls it strikes and how; what a fault does
-- to a request is a row of `kinds`, and server.lua carries it out.

local ids = require "portone.sandbox.ids"
local sorted = require "portone.sorted"

local M = {}

-- What a kind of fault does:
--   wait     "before" | "after" the operation is carried out: so many seconds pass
--   instead  "before" (the operation is not carried out) | "after" (it is): an answer of `make`
--            or an ending of the connection takes the place of the true answer
--   spoil    the true answer is sent, but badly
--   act      something happens in the sandbox just before the request is looked at
--   webhook  what is done to a webhook instead of to a request
local kinds = {}

---@class portone.sandbox.fault
---@field fault string         a kind, see below
---@field op? string           operation ("v1.subscribe.again"), or the beginning of one with "*"
---@field nth? integer|integer[]  which of the calls that match, counted from now: 1 is the next
---@field probability? number  0 to 1, drawn from the sandbox's seed
---@field times? integer       how often at most; default: with `nth` once each, else no end
---@field seconds? number      latency, delay: how long
---@field status? integer      error: 500 to 599, default 503
---@field retry_after? number  rate_limited: the header's value; none when absent
---@field rate? number         slow: bytes per second, default 200
---@field bytes? integer       truncate: how much is sent; wrong_length: how far off

local function text_answer(status, kind, body)
  return { status = status, headers = { "Content-Type: " .. kind }, body = body }
end

local function error_answer(rule)
  local status = rule.status or 503
  return text_answer(status, "text/plain", ("%d upstream failure\n"):format(status))
end

local function html_answer(rule)
  local status = rule.status or 502
  return text_answer(status, "text/html; charset=utf-8", ("<html>\r\n<head><title>%d</title>"
    .. "</head>\r\n<body><h1>%d</h1><p>gateway</p></body>\r\n</html>\r\n"):format(status, status))
end

local function limited_answer(rule)
  local answer = text_answer(429, "text/plain", "too many requests\n")
  if rule.retry_after then
    table.insert(answer.headers, "Retry-After: " .. tostring(rule.retry_after))
  end
  return answer
end

local function empty_answer()
  return text_answer(200, "application/json", "")
end

-- A kind that comes before or after the operation, and its short name: what happens before.
local function both(name, make)
  kinds[name] = { instead = "before", make = make }
  kinds[name .. "_before_commit"] = kinds[name]
  kinds[name .. "_after_commit"] = { instead = "after", make = make }
end

both("reset", function() return { ending = "reset" } end)
both("close", function() return { ending = "close" } end)
both("hang", function() return { ending = "hang" } end)
both("error", error_answer)
both("html", html_answer)
both("empty", empty_answer)

kinds.latency = { wait = "before" }
kinds.latency_before_commit = kinds.latency
kinds.latency_after_commit = { wait = "after" }
kinds.rate_limited = { instead = "before", make = limited_answer }
kinds.outstanding = { instead = "before", outstanding = true }

kinds.truncate = { spoil = function(plan, rule)
  plan.cut = math.min(rule.bytes or math.floor(#plan.body / 2), #plan.body)
end }
kinds.truncate_reset = { spoil = function(plan, rule)
  kinds.truncate.spoil(plan, rule)
  plan.ending = "reset"
end }
kinds.truncate_hang = { spoil = function(plan, rule)
  kinds.truncate.spoil(plan, rule)
  plan.ending = "hang"
end }
kinds.bad_json = { spoil = function(plan, rule)
  plan.body = plan.body:sub(1, rule.bytes or math.floor(#plan.body / 2))
end }
kinds.slow = { spoil = function(plan, rule) plan.rate = rule.rate or 200 end }
kinds.wrong_length = { spoil = function(plan, rule)
  plan.length = math.max(0, #plan.body + (rule.bytes or 10))
end }

-- The token that the caller holds is good no more.
kinds.revoke_token = { act = function(world)
  if world.v1 then
    world.v1.token = nil
  end
end }

for _, name in ipairs { "duplicate", "reorder", "drop", "bad_signature", "delay" } do
  kinds[name] = { webhook = name }
end

---@class portone.sandbox.faults
local methods = {}
local mt = { __name = "portone.sandbox.faults", __index = methods }

---No faults yet.
---@param seed string|number  of the draws
---@return portone.sandbox.faults
function M.new(seed)
  return setmetatable({ rules = {}, count = 0, ids = ids.new("faults " .. tostring(seed)) }, mt)
end

local fields = {
  fault = "string", op = "string", probability = "number", times = "number", seconds = "number",
  status = "number", retry_after = "number", rate = "number", bytes = "number",
}

-- What a number must be so that the rule can strike: least, most, whole.
local ranges = {
  nth = { 1, 1e9, true }, times = { 1, 1e9, true }, probability = { 0, 1 }, seconds = { 0, 86400 },
  status = { 100, 599, true }, retry_after = { 0, 1e9 }, rate = { 1, 1e9 },
}

local function out_of_range(name, value)
  local range = ranges[name]
  if range and not (value >= range[1] and value <= range[2])
     or range and range[3] and value % 1 ~= 0 then
    return ("field '%s' must be a %s, %d to %.0f"):format(name, range[3] and "whole number"
      or "number", range[1], range[2])
  end
end

local function wrong_nth(value)
  local list = type(value) == "table" and value or { value }
  if #list == 0 then
    return "field 'nth' must be a number or a list of numbers"
  end
  for _, n in ipairs(list) do
    if type(n) ~= "number" then
      return "field 'nth' must be a number or a list of numbers"
    elseif out_of_range("nth", n) then
      return out_of_range("nth", n)
    end
  end
end

local function problem_of(rule)
  if type(rule) ~= "table" or not kinds[rule.fault] then
    return "field 'fault' must be one of: " .. table.concat(sorted(kinds), ", ")
  end
  for name, value in pairs(rule) do
    local wrong
    if name == "nth" then
      wrong = wrong_nth(value)
    elseif not fields[name] then
      return ("unknown field '%s'"):format(tostring(name))
    elseif type(value) ~= fields[name] then
      return ("field '%s' must be a %s"):format(name, fields[name])
    else
      wrong = out_of_range(name, value)
    end
    if wrong then
      return wrong
    end
  end
  local kind = kinds[rule.fault]
  if (kind.wait or kind.webhook == "delay") and not rule.seconds then
    return ("fault '%s' needs 'seconds'"):format(rule.fault)
  end
end

---Adds a rule.
---@param rule portone.sandbox.fault
---@return integer? id
---@return string? problem
function methods:add(rule)
  local problem = problem_of(rule)
  if problem then
    return nil, "fault: " .. problem
  end
  local nth
  if rule.nth then
    nth = {}
    for _, n in ipairs(type(rule.nth) == "table" and rule.nth or { rule.nth }) do
      nth[n] = true
    end
  end
  self.count = self.count + 1
  table.insert(self.rules, { id = self.count, rule = rule, kind = kinds[rule.fault], nth = nth,
    seen = 0, struck = 0 })
  return self.count
end

---Forgets one rule, or every rule.
---@param id? integer
---@return boolean? ok
---@return string? problem
function methods:clear(id)
  if id == nil then
    self.rules = {}
    return true
  end
  for i, entry in ipairs(self.rules) do
    if entry.id == id then
      table.remove(self.rules, i)
      return true
    end
  end
  return nil, "no fault has the id " .. tostring(id)
end

---The rules in force, oldest first.
---@return { id: integer, rule: portone.sandbox.fault, seen: integer, struck: integer }[]
function methods:list()
  local out = {}
  for i, entry in ipairs(self.rules) do
    out[i] = { id = entry.id, rule = entry.rule, seen = entry.seen, struck = entry.struck }
  end
  return out
end

---What a kind of fault does: "request" when it strikes requests, "webhook" when webhooks.
---@return table<string, "request"|"webhook">
function M.kinds()
  local out = {}
  for name, kind in pairs(kinds) do
    out[name] = kind.webhook and "webhook" or "request"
  end
  return out
end

local function is_for(rule, op)
  local wanted = rule.op
  if not wanted or wanted == op then
    return true
  end
  return wanted:sub(-1) == "*" and op:sub(1, #wanted - 1) == wanted:sub(1, -2)
end

-- Every draw is made, whether or not its result matters, so that one rule does not move another.
local function strikes(self, entry)
  local rule = entry.rule
  entry.seen = entry.seen + 1
  local drawn = not rule.probability or self.ids:random() < rule.probability
  if not drawn or (entry.nth and not entry.nth[entry.seen]) then
    return false
  end
  if rule.times and entry.struck >= rule.times then
    return false
  end
  entry.struck = entry.struck + 1
  return true
end

---The faults that strike one call. Counts it.
---@param op string        name of the operation, or "webhook.v2.<type>", "webhook.v1"
---@param webhook boolean  whether it is a webhook that is sent
---@return { rule: portone.sandbox.fault, kind: table }[]
function methods:draw(op, webhook)
  local out = {}
  for _, entry in ipairs(self.rules) do
    if (entry.kind.webhook ~= nil) == webhook and is_for(entry.rule, op)
        and strikes(self, entry) then
      out[#out + 1] = { rule = entry.rule, kind = entry.kind }
    end
  end
  return out
end

return M
