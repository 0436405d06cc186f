-- SPDX-License-Identifier: MIT
-- The orders of a run that several machines share, in Redis (6.2 or later).
--
--   queue     a stream with one entry for each order, and a consumer group: who reads an entry
--             has it, until it is acknowledged or taken over
--   orders    hash: order -> its arguments as JSON; what is in it was queued, once
--   results   hash: order -> its end; settled, and acknowledged
--   open      hash: order -> what somebody who gave up on it knows, and who that is
--   fed       how many orders there were when somebody had queued a whole file
--   alive:…   one for each machine at work, with a time to live
--
-- All keys have the run's name in braces, so that a cluster keeps them in one place. Scripts do
-- what must happen as a whole. While a run is going on, or has orders that are not settled, its
-- keys have no end; when all are settled they may get one, all the same.

local json = require "portone.json"

local unpack = table.unpack or unpack

local M = {}

local GROUP = "machines"

local scripts = {
  feed = [[
    local added = 0
    for i = 1, #ARGV, 2 do
      if redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1]) == 1 then
        redis.call('XADD', KEYS[1], '*', 'order', ARGV[i])
        added = added + 1
      end
    end
    return added]],
  settle = [[
    for i = 2, #ARGV, 3 do
      redis.call('HSET', KEYS[3], ARGV[i + 1], ARGV[i + 2])
      redis.call('HDEL', KEYS[4], ARGV[i + 1])
      redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
    end
    return 1]],
  beat = [[
    redis.call('SET', KEYS[6], '1', 'PX', ARGV[1])
    for i = 1, 5 do redis.call('PERSIST', KEYS[i]) end
    if #ARGV > 3 then
      redis.call('XCLAIM', KEYS[1], ARGV[2], ARGV[3], 0, unpack(ARGV, 4))
    end
    return 1]],
  leave = [[
    redis.call('DEL', KEYS[6])
    if #ARGV > 2 then
      redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, unpack(ARGV, 3))
    else
      redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
    end
    return 1]],
  rest = [[
    if redis.call('HLEN', KEYS[3]) < redis.call('HLEN', KEYS[2]) then return 0 end
    for i = 1, 5 do redis.call('EXPIRE', KEYS[i], ARGV[1]) end
    return 1]],
}

local queue = {}
local mt = { __index = queue }

-- {====== Asking ======

local function ask(self, ...)
  local connection, release = self.connect()
  if not connection then
    return nil, release
  end
  local reply, err = connection:ask(...)
  release(not connection.broken)
  return reply, err
end

local function run(self, name, ...)
  local k = self.keys
  return ask(self, "EVAL", scripts[name], 6, k.queue, k.orders, k.results, k.open, k.fed,
    k.alive .. self.me, ...)
end

-- JSON of which equal values have equal texts.
local function canonical(value)
  if type(value) ~= "table" then
    return assert(json.encode(value))
  end
  local out = {}
  if json.is_array(value) or value[1] ~= nil then
    for i = 1, #value do
      out[i] = canonical(value[i])
    end
    return "[" .. table.concat(out, ",") .. "]"
  end
  for key, item in pairs(value) do
    out[#out + 1] = assert(json.encode(key)) .. ":" .. canonical(item)
  end
  table.sort(out)
  return "{" .. table.concat(out, ",") .. "}"
end

-- }======

-- {====== Filling ======

local BATCH = 200

-- fn(first, last) for the places of the orders, a batch at a time; false, err ends it.
local function each_batch(orders, fn)
  for from = 1, #orders, BATCH do
    local ok, err = fn(from, math.min(#orders, from + BATCH - 1))
    if not ok then
      return nil, err
    end
  end
  return true
end

---Orders that are in the queue already, as something else.
---@param orders table[]
---@return table[]? other
---@return string? err
function queue:differing(orders)
  local other = {}
  local ok, err = each_batch(orders, function(from, to)
    local names = {}
    for i = from, to do
      names[#names + 1] = orders[i].id
    end
    local reply, problem = ask(self, "HMGET", self.keys.orders, unpack(names))
    for i = from, reply and to or 0 do
      local was = reply[i - from + 1]
      if was and was ~= canonical(orders[i].args) then
        other[#other + 1] = orders[i]
      end
    end
    return reply, problem
  end)
  return ok and other or nil, err
end

---Puts orders into the queue; those that are there already are not put in again.
---@param orders table[]
---@return integer? added
---@return string? err
function queue:feed(orders)
  local added = 0
  local ok, err = each_batch(orders, function(from, to)
    local words = {}
    for i = from, to do
      words[#words + 1] = orders[i].id
      words[#words + 1] = canonical(orders[i].args)
    end
    local reply, problem = run(self, "feed", unpack(words))
    added = added + (reply or 0)
    return reply, problem
  end)
  local total
  if ok then
    total, err = ask(self, "HLEN", self.keys.orders)
  end
  if total then
    ok, err = ask(self, "SET", self.keys.fed, total)
  end
  return ok and total and added or nil, err
end

-- }======

-- {====== Taking ======

-- [[entry, ["order", id]], …] as { { entry =, id =, args = }, … }
local function read_entries(self, list)
  local out, ids = {}, {}
  for _, item in ipairs(list or {}) do
    if item and item[2] then
      ids[#ids + 1] = item[2][2]
      out[#out + 1] = { entry = item[1], id = item[2][2] }
    end
  end
  if #ids == 0 then
    return out
  end
  local texts, err = ask(self, "HMGET", self.keys.orders, unpack(ids))
  for i, job in ipairs(out) do
    job.args = texts and texts[i] and json.decode(texts[i])
    if not job.args then
      return nil, err or "an order of the queue cannot be read"
    end
  end
  return out
end

---Entries that nobody has had.
---@param n integer  at most
---@return table[]? entries
---@return string? err
function queue:take(n)
  local reply, err = ask(self, "XREADGROUP", "GROUP", GROUP, self.me, "COUNT", n, "STREAMS",
    self.keys.queue, ">")
  if reply == nil then
    return nil, err
  end
  return read_entries(self, reply and reply[1][2])
end

---Entries of which nobody has given a sign for a lease: their machine is dead.
---@param n integer
---@return table[]? entries
---@return string? err
function queue:take_over(n)
  local reply, err = ask(self, "XAUTOCLAIM", self.keys.queue, GROUP, self.me,
    self.lease, self.cursor or "0-0", "COUNT", n)
  if not reply then
    return nil, err
  end
  self.cursor = reply[1]
  return read_entries(self, reply[2])
end

---Is an order settled? Whoever had it before may have been quicker.
---@param id string
---@return boolean? settled
---@return string? err
function queue:is_settled(id)
  local reply, err = ask(self, "HEXISTS", self.keys.results, id)
  if reply == nil then
    return nil, err
  end
  return reply == 1
end

-- }======

-- {====== Giving back ======

---Files the ends of orders and acknowledges their entries. Redis syncs its disk once for all.
---@param jobs table[]  each with its `ended`
---@return boolean? ok
---@return string? err
function queue:settle(jobs)
  local words = {}
  for _, job in ipairs(jobs) do
    words[#words + 1] = job.entry
    words[#words + 1] = job.id
    words[#words + 1] = assert(json.encode(job.ended))
  end
  local reply, err = run(self, "settle", GROUP, unpack(words))
  return reply and true, err
end

---Files what is known of an order that is not settled. Its entry stays with this machine.
---@param job table  with its `ended`
---@return boolean? ok
---@return string? err
function queue:give_up(job)
  local reply, err = ask(self, "HSET", self.keys.open, job.id,
    assert(json.encode { by = self.me, ended = job.ended }))
  return reply and true, err
end

---A sign of life, for this machine and the entries it has.
---@param entries string[]
---@return boolean? ok
---@return string? err
function queue:beat(entries)
  local words = {}
  for i, entry in ipairs(entries) do
    words[i] = entry
  end
  words[#words + 1] = words[1] and "JUSTID" or nil
  local reply, err = run(self, "beat", self.lease, GROUP, self.me, unpack(words))
  return reply and true, err
end

---A run that is over, all of it, is forgotten some time from now. One that is not stays.
---@param seconds integer
---@return boolean? over  nil, err when that cannot be told
---@return string? err
function queue:rest(seconds)
  local reply, err = run(self, "rest", ("%.0f"):format(seconds))
  if not reply then
    return nil, err
  end
  return reply == 1
end

---The end of this machine: what it still has may be taken over at once.
---@param entries string[]
function queue:leave(entries)
  local words = {}
  for i, entry in ipairs(entries) do
    words[i] = entry
  end
  if words[1] then
    for _, word in ipairs { "IDLE", "86400000", "JUSTID" } do
      words[#words + 1] = word
    end
  end
  run(self, "leave", GROUP, self.me, unpack(words))
end

---Is a machine at work?
---@param name string  as M.open's `me`, of this run or another
---@return boolean alive  true when that cannot be told
function queue:alive(name)
  local run_name = name:match("^(.*):%x+$")
  local reply = run_name and ask(self, "EXISTS", M.prefix(run_name) .. "alive:" .. name)
  return reply ~= 0
end

-- }======

-- {====== Looking ======

---@return { orders: integer, settled: integer, fed: boolean }? counts
---@return string? err
function queue:counts()
  local out = {}
  for name, words in pairs { orders = { "HLEN", self.keys.orders },
      settled = { "HLEN", self.keys.results }, fed = { "GET", self.keys.fed } } do
    local reply, err = ask(self, words[1], words[2])
    if reply == nil then
      return nil, err
    end
    out[name] = reply
  end
  out.fed = out.fed and tonumber(out.fed) >= out.orders
  return out
end

-- A hash as a table, in pieces: a run may have a million orders.
local function each_pair(self, key, fn)
  local cursor = "0"
  repeat
    local reply, err = ask(self, "HSCAN", key, cursor, "COUNT", 1000)
    if not reply then
      return nil, err
    end
    cursor = reply[1]
    for i = 1, #reply[2], 2 do
      fn(reply[2][i], json.decode(reply[2][i + 1]))
    end
  until cursor == "0"
  return true
end

---Has somebody who lives given up on everything that is left?
---@return boolean? over
---@return string? err
function queue:is_over()
  local pending, err = ask(self, "XPENDING", self.keys.queue, GROUP)
  if not pending then
    return nil, err
  end
  local given_up, living = 0, { [self.me] = true }
  local ok
  ok, err = each_pair(self, self.keys.open, function(_, open)
    if living[open.by] == nil then
      living[open.by] = self:alive(open.by)
    end
    given_up = given_up + (living[open.by] and 1 or 0)
  end)
  if not ok then
    return nil, err
  end
  return tonumber(pending[1]) <= given_up
end

---What became of all orders of the run.
---@return table<string, table>? ends  by order
---@return string? err
function queue:ends()
  local ends = {}
  local ok, err = each_pair(self, self.keys.open, function(id, open)
    ends[id] = open.ended
  end)
  if ok then
    ok, err = each_pair(self, self.keys.results, function(id, ended)
      ends[id] = ended
    end)
  end
  return ok and ends or nil, err
end

-- }======

---What the keys of a run begin with.
---@param run_name string
---@return string
function M.prefix(run_name)
  return ("{portone-bill:%s}:"):format((run_name:gsub("[{}]", "_")))
end

-- XAUTOCLAIM came with 6.2.
local function new_enough(self)
  local info, err = ask(self, "INFO", "server")
  local major, minor = tostring(info):match("redis_version:(%d+)%.(%d+)")
  if not info then
    return nil, err
  elseif major and tonumber(major) * 100 + tonumber(minor) < 602 then
    return nil, ("Redis 6.2 or later is needed, this one is %s.%s"):format(major, minor)
  end
  return true
end

---@param connect function  of portone.cli.redis.keeper
---@param opts { run: string, me: string, lease: number }  me: the run's name, ":" and hexadecimal
---  digits of this process's own; lease in seconds
---@return table? queue
---@return string? err
function M.open(connect, opts)
  local prefix, keys = M.prefix(opts.run), {}
  for _, name in ipairs { "queue", "orders", "results", "open", "fed" } do
    keys[name] = prefix .. name
  end
  keys.alive = prefix .. "alive:"
  local self = setmetatable({ connect = connect, me = opts.me, keys = keys,
    lease = math.floor(opts.lease * 1000) }, mt)
  local ok, err = new_enough(self)
  if ok then
    ok, err = self:beat {}  -- from here on nothing of the run comes to its end
  end
  if not ok then
    return nil, err
  end
  ok, err = ask(self, "XGROUP", "CREATE", keys.queue, GROUP, "0", "MKSTREAM")
  if not ok and not tostring(err):find("BUSYGROUP", 1, true) then
    return nil, err
  end
  return self
end

return M
