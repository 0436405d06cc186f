-- SPDX-License-Identifier: MIT
-- Which webhooks were seen. One interface, three places to keep it.
--
--   store:add(id, ttl)      true: new, and kept for ttl seconds; false: seen; nil, err: failed
--
-- and for handlers, so that a webhook whose handling failed is not lost, nor handled twice
-- at the same time:
--
--   store:begin(id, lease)  "new": yours for lease seconds; "busy": somebody else's; "done";
--                           or nil, err
--   store:done(id, ttl)     handled; true or nil, err
--   store:undo(id)          not handled, let the retry in; true or nil, err
--
-- 'add' is 'begin' and 'done' in one step.

local core = require "portone.core"
local argument = require "portone.argument"
local commands = require "portone.redis"

local M = {}

local BUSY, DONE = 1, 2

local function method_table(name)
  local methods = {}
  return methods, { __index = methods, __name = name }
end

-- {====== In this process ======

local memory, memory_mt = method_table("portone.store.memory")

-- Two generations of entries: when the young one is half the bound, or old enough that all
-- of the other's time is over, it becomes the old one and the old one goes. Every operation
-- takes the same time, and the bound holds.
local function turn(self, now)
  if self.count >= self.max / 2 or now - self.turned >= self.longest then
    self.old, self.young = self.young, {}
    self.count, self.turned = 0, now
  end
end

local function look(self, id, now)
  local entry = self.young[id] or self.old[id]
  if entry and entry.till > now then
    return entry.mark
  end
end

local function keep(self, id, mark, ttl, now)
  self.longest = math.max(self.longest, ttl)
  turn(self, now)
  if not self.young[id] then
    self.count = self.count + 1
  end
  self.young[id] = { mark = mark, till = now + ttl }
end

-- What every store is given; it is the program's own.
local function check(name, id, seconds)
  if type(id) ~= "string" then
    error(("store:%s: the id of an event (a string) expected, got %s"):format(name, type(id)), 3)
  elseif type(seconds) ~= "number" or seconds ~= seconds or seconds <= 0 then
    error(("store:%s: seconds above 0 expected behind the id, got %s"):format(name,
      tostring(seconds)), 3)
  end
end

function memory:begin(id, lease)
  check("begin", id, lease)
  local now = self.now()
  local mark = look(self, id, now)
  if mark then
    return mark == DONE and "done" or "busy"
  end
  keep(self, id, BUSY, lease, now)
  return "new"
end

function memory:done(id, ttl)
  check("done", id, ttl)
  keep(self, id, DONE, ttl, self.now())
  return true
end

function memory:undo(id)
  check("undo", id, 1)
  self.old[id] = nil
  if self.young[id] then
    self.young[id] = nil
    self.count = self.count - 1
  end
  return true
end

function memory:add(id, ttl)
  check("add", id, ttl)
  local now = self.now()
  if look(self, id, now) then
    return false
  end
  keep(self, id, DONE, ttl, now)
  return true
end

---A store for one process. When it is full the older half is forgotten.
---@param opts? { max?: integer, now?: fun(): number }  max: entries, 100,000
---@return table store
function M.memory(opts)
  opts = argument.options(opts, "portone.webhook.store.memory")
  local max = opts.max or 100000
  if type(max) ~= "number" or max < 2 then
    error("portone.webhook.store.memory: 'max' must be a number of entries, 2 or more", 2)
  end
  local now = opts.now or core.monotonic
  return setmetatable({
    max = max, now = now, young = {}, old = {}, count = 0, turned = now(), longest = 0,
  }, memory_mt)
end

-- }======

-- {====== Workers of one nginx ======

local shared, shared_mt = method_table("portone.store.shared")

local function shared_add(self, id, mark, ttl)
  local ok, err = self.dict:add(self.prefix .. id, mark, ttl)
  if ok then
    return true
  elseif err == "exists" then
    return false
  end
  return nil, err or "unknown error"
end

function shared:begin(id, lease)
  check("begin", id, lease)
  local new, err = shared_add(self, id, BUSY, lease)
  if new then
    return "new"
  elseif new == nil then
    return nil, err
  end
  -- gone in between: as good as busy, the retry will find it free
  return self.dict:get(self.prefix .. id) == DONE and "done" or "busy"
end

function shared:done(id, ttl)
  check("done", id, ttl)
  local ok, err = self.dict:set(self.prefix .. id, DONE, ttl)
  if ok then
    return true
  end
  return nil, err
end

function shared:undo(id)
  self.dict:delete(self.prefix .. id)
  return true
end

function shared:add(id, ttl)
  return shared_add(self, id, DONE, ttl)
end

---A store in an ngx.shared dictionary. When the dictionary is full nginx forgets the entry
---that was not used for longest.
---@param dict table|string  the dictionary or its name
---@param opts? { prefix?: string }  "portone:webhook:"
---@return table store
function M.shared(dict, opts)
  opts = argument.options(opts, "portone.webhook.store.shared")
  if type(dict) == "string" then
    local name = dict
    dict = type(ngx) == "table" and ngx.shared and ngx.shared[name]
    if not dict then
      error(("portone.webhook.store.shared: no lua_shared_dict '%s'"):format(name), 2)
    end
  elseif type(dict) ~= "table" then
    error("portone.webhook.store.shared: a dictionary or its name expected", 2)
  end
  return setmetatable({
    dict = dict, prefix = opts.prefix or "portone:webhook:",
  }, shared_mt)
end

-- }======

-- {====== Many machines ======

local redis, redis_mt = method_table("portone.store.redis")

local function redis_add(self, id, mark, ttl)
  local reply, err = commands.ask(self, "set", self.prefix .. id, mark, "EX", math.ceil(ttl), "NX")
  if err then
    return nil, err
  end
  return reply ~= false
end

function redis:begin(id, lease)
  check("begin", id, lease)
  local new, err = redis_add(self, id, BUSY, lease)
  if err then
    return nil, err
  elseif new then
    return "new"
  end
  local mark
  mark, err = commands.ask(self, "get", self.prefix .. id)
  if err then
    return nil, err
  end
  return tonumber(mark or 0) == DONE and "done" or "busy"
end

function redis:done(id, ttl)
  check("done", id, ttl)
  local _, err = commands.ask(self, "set", self.prefix .. id, DONE, "EX", math.ceil(ttl))
  if err then
    return nil, err
  end
  return true
end

function redis:undo(id)
  local _, err = commands.ask(self, "del", self.prefix .. id)
  if err then
    return nil, err
  end
  return true
end

function redis:add(id, ttl)
  return redis_add(self, id, DONE, ttl)
end

---A store in Redis (2.6.12 or later), through the client library of your choice:
---lua-resty-redis, redis-lua, or anything with set, get and del.
---@param client table|function  a connected client; or a function that returns a client and,
---  if it wants it back, a function release(usable); or nil, err
---@param opts? { prefix?: string }  "portone:webhook:"
---@return table store
function M.redis(client, opts)
  opts = argument.options(opts, "portone.webhook.store.redis")
  local store = { prefix = opts.prefix or "portone:webhook:" }
  commands.hold(store, client, "portone.webhook.store.redis", 3)
  return setmetatable(store, redis_mt)
end

-- }======

return M
