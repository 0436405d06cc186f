-- SPDX-License-Identifier: MIT
-- A ledger's store in Redis (2.8.9 or later), for a run that many machines share, through the
-- client library of your choice: all it has to have is 'eval' (and 'config', if it may).
--
-- Redis is as good as a disk only when it says "done" after the disk has: appendonly yes and
-- appendfsync always. A Redis that says otherwise is refused, unless 'durable = false' takes
-- the loss of a power failure into account. Leases are told by the server's clock, which all
-- machines share.
--
-- Entries stay for good, unless `keep` says for how long those that are settled do. What is open
-- has no end: an order that may still be charged is never forgotten.

local commands = require "portone.redis"

local M = {}

local store = {}
local mt = { __name = "portone.ledger.redis", __index = store }

-- One key for each entry (v: version, r: record) and one sorted set for those that are open.
local scripts = {
  add = [[
    if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
    redis.call('HSET', KEYS[1], 'v', '1')
    redis.call('HSET', KEYS[1], 'r', ARGV[2])
    redis.call('ZADD', KEYS[2], 0, ARGV[1])
    return 1]],
  read = "return redis.call('HMGET', KEYS[1], 'r', 'v')",
  write = [[
    if redis.call('HGET', KEYS[1], 'v') ~= ARGV[2] then return 0 end
    redis.call('HINCRBY', KEYS[1], 'v', 1)
    redis.call('HSET', KEYS[1], 'r', ARGV[3])
    if ARGV[4] == '1' then
      redis.call('ZADD', KEYS[2], 0, ARGV[1])
      redis.call('PERSIST', KEYS[1])
    else
      redis.call('ZREM', KEYS[2], ARGV[1])
      if ARGV[5] ~= '' then redis.call('EXPIRE', KEYS[1], ARGV[5]) end
    end
    return 1]],
  unsettled = "return redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], '+', 'LIMIT', 0, ARGV[2])",
  now = "return redis.call('TIME')",
}

local function run(self, script, id, ...)
  local reply, err = commands.ask(self, "eval", scripts[script], 2,
    self.prefix .. "entry:" .. (id or ""), self.prefix .. "open", ...)
  if not reply then  -- none of the scripts answers null
    return nil, err or "no reply"
  end
  return reply
end

local function as_boolean(reply, err)
  if reply == nil then
    return nil, err
  end
  return tonumber(reply) == 1
end

function store:add(id, text)
  return as_boolean(run(self, "add", id, id, text))
end

function store:read(id)
  local reply, err = run(self, "read", id)
  if not reply then
    return nil, err
  elseif type(reply[1]) == "string" then
    return reply[1], tonumber(reply[2])
  end
end

function store:write(id, version, text, open)
  return as_boolean(run(self, "write", id, id, ("%d"):format(version), text, open and "1" or "0",
    self.keep and ("%.0f"):format(self.keep) or ""))
end

function store:unsettled(after, n)
  return run(self, "unsettled", nil, after and "(" .. after or "-", ("%d"):format(n))
end

---Unix seconds by the clock that everybody shares.
---@return number? now
---@return string? err
function store:now()
  local reply, err = run(self, "now")
  if not reply then
    return nil, err
  end
  return tonumber(reply[1]) + tonumber(reply[2]) / 1e6
end

-- What the server says of its configuration: name -> value; nil when it says nothing.
local function setting(self, name)
  local reply = commands.ask(self, "config", "GET", name)
  if type(reply) ~= "table" then
    return nil
  end
  return reply[name] or (reply[1] == name and reply[2]) or nil
end

local function durability(self)
  local append, sync = setting(self, "appendonly"), setting(self, "appendfsync")
  if (append and append ~= "yes") or (sync and sync ~= "always") then
    return nil, ("this Redis could lose what it has acknowledged (appendonly %s, appendfsync "
      .. "%s): set them to yes and always, or give durable = false"):format(tostring(append),
      tostring(sync))
  end
  return true
end

local DAY = 86400

-- What was forgotten may be charged anew: less than a day is a mistake in the unit.
local function check_keep(keep, level)
  if keep ~= nil and not (type(keep) == "number" and keep >= DAY and keep < 1e10) then
    error(("portone.ledger.redis: 'keep' must be seconds, at least %d (a day)"):format(DAY),
      level + 1)
  end
end

---@param client table|function  a connected client; or a function that returns a client and,
---  if it wants it back, a function release(usable); or nil, err
---@param opts? { prefix?: string, durable?: boolean, keep?: number }  prefix:
---  "{portone-ledger}:", in braces so that a cluster keeps it in one place; keep: seconds after
---  its end that an order is remembered, for good without; after that the same order is new
---@return portone.ledger.Store? store
---@return string? err
function M.new(client, opts)
  if opts ~= nil and type(opts) ~= "table" then
    error("portone.ledger.redis: a table of options expected, got " .. type(opts), 3)
  end
  opts = opts or {}
  check_keep(opts.keep, 3)
  local self = setmetatable({ prefix = opts.prefix or "{portone-ledger}:", keep = opts.keep }, mt)
  commands.hold(self, client, "portone.ledger.redis", 4)
  if opts.durable ~= false then
    local ok, err = durability(self)
    if not ok then
      return nil, err
    end
  end
  return self
end

return M
