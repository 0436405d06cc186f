-- SPDX-License-Identifier: MIT
-- What several tasks wish for at the same time is done at once: many orders' entries in the ledger
-- share one sync of the disk. Each task goes on when its own wish is on the disk, as without this.

local hosts = require "portone.loop.host"
local loop = require "portone.loop"
local redis = require "portone.cli.redis"
local sqlite = require "portone.ledger.sqlite"
local tasks = require "portone.loop.tasks"

local M = {}

local unpack = table.unpack or unpack

local function pack(...)
  return { n = select("#", ...), ... }
end

---A function that collects the wishes of tasks, and gives each its own results.
---@param grant fun(wishes: table[])  puts `results` (with n) into each; does not wait
---@param alone? boolean              each wish is granted by itself
---@return fun(...): any
function M.new(grant, alone)
  local pending, key = {}, {}
  local function all()
    local wishes = pending
    pending = {}
    grant(wishes)
  end
  return function(...)
    local wish = pack(...)
    pending[#pending + 1] = wish
    if tasks.inside() and not alone then
      -- runs as a task of its own, after those that can go on now and wish for something too
      loop.current("tasks").once(key, all)
    else
      all()
    end
    return unpack(wish.results, 1, wish.results.n)
  end
end

-- {====== SQLite ======

-- All writes in one transaction, which is synced once.
local function transaction(store)
  local add, write, db = store.add, store.write, store.db
  local function fail(wishes, err)
    db:execute "ROLLBACK"
    for _, wish in ipairs(wishes) do
      wish.results = { n = 2, nil, tostring(err) }
    end
  end
  return function(wishes)
    local ok, err = db:execute "BEGIN IMMEDIATE"
    for _, wish in ipairs(ok and wishes or {}) do
      wish.results = pack((wish[1] == "add" and add or write)(store, unpack(wish, 2, wish.n)))
    end
    if ok then
      ok, err = db:execute "COMMIT"
    end
    if not ok then
      fail(wishes, err)
    end
  end
end

---A ledger's store in a file, for many tasks.
---@param path string
---@return portone.ledger.Store? store
---@return string? err
function M.file(path)
  local store, err = sqlite.open(path)
  if not store then
    return nil, ("%s: %s"):format(path, err)
  end
  local wish = M.new(transaction(store))
  function store.add(_, ...)
    return wish("add", ...)
  end
  function store.write(_, ...)
    return wish("write", ...)
  end
  return store
end

-- }======

-- {====== Redis ======

---A client for a ledger's store: what tasks ask at the same time goes out in one piece. Not in
---Lua 5.1: the store asks inside of a pcall, where that one cannot wait.
---@param connect function  of portone.cli.redis.keeper
---@return table client
function M.client(connect)
  local ask = M.new(function(wishes)
    redis.pipeline(connect, wishes)
  end, not hosts.yields_across_pcall)
  return setmetatable({}, { __index = function(_, name)
    return function(_, ...)
      return ask(name:upper(), ...)
    end
  end })
end

-- }======

return M
