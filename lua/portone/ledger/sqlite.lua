-- SPDX-License-Identifier: MIT
-- A ledger's store in an SQLite file, through LuaSQL (Debian: lua-sql-sqlite3). Every write is
-- a transaction of its own, and on the disk when the function returns: write-ahead log,
-- synchronous=FULL (sqlite.org/pragma.html: the log is synced after each transaction).
--
-- Whether another process that took an intent still lives is asked of the operating system:
-- each holds a lock on a file of its own beside the ledger, and loses it when it ends, however
-- it ends. A connection must not be carried across fork: open the ledger in the child.

local core = require "portone.core"

local M = {}

local FORM = 1              -- of the tables, in the file's user_version
local PATIENCE = 10000      -- milliseconds that a write waits for that of another process

local store = {}
local mt = { __name = "portone.ledger.sqlite", __index = store }

-- {====== SQL ======

-- LuaSQL has no parameters: texts are quoted.
local function quote(db, text)
  return "'" .. db:escape(text) .. "'"
end

local function bare(message)
  return (tostring(message):gsub("^LuaSQL: ", ""))
end

-- The number of rows changed.
local function change(db, sql)
  local n, err = db:execute(sql)
  if not n then
    return nil, bare(err)
  end
  return n
end

-- Rows as lists of values.
local function rows(db, sql)
  local cursor, err = db:execute(sql)
  if not cursor then
    return nil, bare(err)
  end
  local list = {}
  local row = cursor:fetch({}, "n")
  while row do
    list[#list + 1] = row
    row = cursor:fetch({}, "n")
  end
  return list
end

local function one_value(db, sql)
  local list, err = rows(db, sql)
  if not list then
    return nil, err
  end
  return list[1] and list[1][1], err
end

-- }======

-- {====== Owners ======

local function lock_path(self, owner)
  return self.path .. "-owner-" .. owner
end

-- A lock that lasts as long as the connection, and the connection as long as the process.
-- First the lock, then the name: who is found without a lock is dead, and its file goes. A
-- name is never used twice.
local function hold(self)
  local owner = core.hex(core.random(12))
  local lock, err = self.env:connect(lock_path(self, owner), 0)
  if not lock then
    return nil, bare(err)
  end
  self.owner, self.lock = owner, lock
  local ok
  ok, err = lock:execute("BEGIN EXCLUSIVE")
  if not ok then
    return nil, bare(err)
  end
  return change(self.db, "INSERT INTO portone_owners (name) VALUES (" .. quote(self.db, owner)
    .. ")")
end

---Does the process that goes by this name still run?
---@param owner string
---@return boolean  true when that cannot be told
function store:alive(owner)
  if owner == self.owner or not owner:find("^%x+$") then
    return true
  end
  local path = lock_path(self, owner)
  -- not with io.open: closing a file gives up all locks that this process has on it
  local lock = self.env:connect(path, 0)
  if not lock then
    return true
  end
  local free = lock:execute("BEGIN EXCLUSIVE")
  lock:close()
  if free then
    os.remove(path)
  end
  return not free
end

-- Files of processes that left nothing behind but them.
local function sweep(self)
  for _, row in ipairs(rows(self.db, "SELECT name FROM portone_owners") or {}) do
    if not self:alive(row[1]) then
      change(self.db, "DELETE FROM portone_owners WHERE name = " .. quote(self.db, row[1]))
    end
  end
end

-- }=========

function store:add(id, text)
  local n, err = change(self.db, ([[INSERT OR IGNORE INTO portone_ledger
    (id, version, open, changed, record) VALUES (%s, 1, 1, %d, %s)]])
    :format(quote(self.db, id), os.time(), quote(self.db, text)))
  return n and n > 0, err
end

function store:read(id)
  local list, err = rows(self.db, "SELECT record, version FROM portone_ledger WHERE id = "
    .. quote(self.db, id))
  if not list then
    return nil, err
  elseif list[1] then
    return list[1][1], tonumber(list[1][2])
  end
end

function store:write(id, version, text, open)
  local n, err = change(self.db, ([[UPDATE portone_ledger SET version = version + 1, open = %d,
    changed = %d, record = %s WHERE id = %s AND version = %d]])
    :format(open and 1 or 0, os.time(), quote(self.db, text), quote(self.db, id), version))
  return n and n > 0, err
end

function store:unsettled(after, n)
  local list, err = rows(self.db, ("SELECT id FROM portone_ledger WHERE open = 1 AND id > %s "
    .. "ORDER BY id LIMIT %d"):format(quote(self.db, after or ""), n))
  if not list then
    return nil, err
  end
  for i, row in ipairs(list) do
    list[i] = row[1]
  end
  return list
end

function store:close()
  if self.closed then
    return
  end
  self.closed = true
  if self.lock then
    self.lock:close()
    os.remove(lock_path(self, self.owner))
    change(self.db, "DELETE FROM portone_owners WHERE name = " .. quote(self.db, self.owner))
  end
  self.db:close()
  self.env:close()
end

-- {====== Opening ======

local SETTINGS = {
  "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
}

local TABLES = {
  [[CREATE TABLE IF NOT EXISTS portone_ledger (id TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL, open INTEGER NOT NULL, changed INTEGER NOT NULL,
    record TEXT NOT NULL)]],
  "CREATE INDEX IF NOT EXISTS portone_ledger_open ON portone_ledger (id) WHERE open = 1",
  "CREATE TABLE IF NOT EXISTS portone_owners (name TEXT PRIMARY KEY NOT NULL)",
  ("PRAGMA user_version = %d"):format(FORM),
}

-- Several at once: two processes may open a new file at the same time.
local function make_tables(db)
  local ok, err = change(db, "BEGIN IMMEDIATE")
  if not ok then
    return nil, err
  end
  for _, sql in ipairs(TABLES) do
    ok, err = db:execute(sql)
    if not ok then
      db:execute("ROLLBACK")
      return nil, bare(err)
    end
  end
  return change(db, "COMMIT")
end

-- A change of the journal's mode does not wait for another process that makes the same one.
local function set_up(db)
  for _, sql in ipairs(SETTINGS) do
    local result, err = db:execute(sql)
    local tries = 0
    while not result and tostring(err):find("locked", 1, true) and tries < 100 do
      core.sleep(0.02)
      result, err = db:execute(sql)
      tries = tries + 1
    end
    if not result then
      return nil, bare(err)
    elseif type(result) == "userdata" then
      result:close()
    end
  end
  return true
end

local function prepare(db)
  local ok, problem = set_up(db)
  if not ok then
    return nil, problem
  end
  local level, err = one_value(db, "PRAGMA synchronous")
  if not level or tonumber(level) < 2 then
    return nil, err or "SQLite does not sync here"
  end
  local form = tonumber(one_value(db, "PRAGMA user_version"))
  if form == 0 then
    return make_tables(db)
  elseif form ~= FORM then
    return nil, ("the file is of form %s, this is form %d"):format(tostring(form), FORM)
  end
  return true
end

---Opens, and if need be makes, a ledger's file.
---@param path string
---@return portone.ledger.Store? store
---@return string? err
function M.open(path)
  local ok, luasql = pcall(require, "luasql.sqlite3")
  if not ok then
    return nil, "LuaSQL is not here (Debian: lua-sql-sqlite3)"
  end
  local self = setmetatable({ path = path, env = luasql.sqlite3() }, mt)
  local err
  self.db, err = self.env:connect(path, PATIENCE)
  if not self.db then
    self.env:close()
    return nil, bare(err)
  end
  ok, err = prepare(self.db)
  if ok then
    ok, err = hold(self)
  end
  if not ok then
    self:close()
    return nil, err
  end
  sweep(self)
  return self
end

-- }======

return M
