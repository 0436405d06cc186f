-- What was ordered and what became of it, in an SQLite file (Debian: lua-sql-sqlite3).
--
-- An order never goes back: what was paid and what was given back only grow, whichever of the
-- webhook, the customer's browser and a cancel comes first, or comes late.

local luasql = require "luasql.sqlite3"

local M = {}

local PATIENCE = 5000  -- milliseconds that a statement waits for another worker's

local tables = {
  [[CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, customer TEXT NOT NULL,
    api TEXT NOT NULL, product TEXT NOT NULL, quantity INTEGER NOT NULL,
    amount INTEGER NOT NULL, paid INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT '')]],
  "CREATE INDEX IF NOT EXISTS orders_of ON orders (customer)",
  [[CREATE TABLE IF NOT EXISTS subscriptions (id TEXT PRIMARY KEY, customer TEXT NOT NULL,
    product TEXT NOT NULL, billing_key TEXT NOT NULL DEFAULT '',
    started TEXT NOT NULL DEFAULT '', stopped INTEGER NOT NULL DEFAULT 0)]],
  "CREATE INDEX IF NOT EXISTS subscriptions_of ON subscriptions (customer)",
}

-- One connection a worker, made on first use: SQLite's do not survive a fork.
local path, db

local function connection()
  if not db then
    db = assert(luasql.sqlite3():connect(path, PATIENCE))
    for _, sql in ipairs(tables) do assert(db:execute(sql)) end
  end
  return db
end

-- LuaSQL has no parameters: each ? becomes a number or a quoted text.
local function run(sql, ...)
  local values, i, on = { ... }, 0, connection()
  return assert(on:execute((sql:gsub("%?", function()
    i = i + 1
    local value = values[i]
    if type(value) == "number" then return ("%d"):format(value) end
    return "'" .. on:escape(value) .. "'"
  end))))
end

local numbers = { "quantity", "amount", "paid", "cancelled", "stopped" }

local function rows(sql, ...)
  local cursor, list = run(sql, ...), {}
  local row = cursor:fetch({}, "a")
  while row do
    for _, name in ipairs(numbers) do row[name] = tonumber(row[name]) end
    list[#list + 1] = row
    row = cursor:fetch({}, "a")
  end
  return list
end

---@param file string
function M.open(file)
  path = file
end

-- {====== Orders ======

---Adds an order unless there is one of that id.
---@param o table  id, customer, api, product, quantity, amount
---@return table order  as it is kept
function M.add(o)
  run("INSERT OR IGNORE INTO orders (id, customer, api, product, quantity, amount) "
    .. "VALUES (?, ?, ?, ?, ?, ?)", o.id, o.customer, o.api, o.product, o.quantity, o.amount)
  return M.get(o.id)
end

---@param id string
---@return table? order
function M.get(id)
  return rows("SELECT * FROM orders WHERE id = ?", id)[1]
end

---A customer's orders, the last one first.
function M.of(customer)
  return rows("SELECT * FROM orders WHERE customer = ? ORDER BY rowid DESC", customer)
end

---What PortOne says of an order's payment now.
---@param id string
---@param state table  paid, cancelled (won), problem (why it failed)
---@return table order
function M.settle(id, state)
  run("UPDATE orders SET paid = max(paid, ?), cancelled = max(cancelled, ?), problem = ? "
    .. "WHERE id = ?", state.paid, state.cancelled, state.problem or "", id)
  return M.get(id)
end

---@param order table
---@return string  "open", "failed", "paid", "part" (of it was cancelled) or "cancelled"
function M.status(order)
  if order.paid == 0 then
    return order.problem == "" and "open" or "failed"
  elseif order.cancelled == 0 then
    return "paid"
  end
  return order.cancelled < order.paid and "part" or "cancelled"
end

-- }======

-- {====== Subscriptions ======

function M.subscribe(s)
  run("INSERT INTO subscriptions (id, customer, product) VALUES (?, ?, ?)", s.id, s.customer,
    s.product)
end

function M.subscription(id)
  return rows("SELECT * FROM subscriptions WHERE id = ?", id)[1]
end

function M.subscriptions_of(customer)
  return rows("SELECT * FROM subscriptions WHERE customer = ? AND billing_key <> '' "
    .. "ORDER BY rowid DESC", customer)
end

---Gives a subscription its billing key; one that has a key keeps it.
---@return boolean  is the key now the given one?
function M.keep_key(id, key)
  run("UPDATE subscriptions SET billing_key = ? WHERE id = ? AND billing_key = ''", key, id)
  return M.subscription(id).billing_key == key
end

function M.drop_key(id)
  run("UPDATE subscriptions SET billing_key = '' WHERE id = ? AND started = ''", id)
end

---@param at string  RFC 3339, of the first payment; later ones change nothing
---@return table subscription
function M.start(id, at)
  run("UPDATE subscriptions SET started = ? WHERE id = ? AND started = ''", at, id)
  return M.subscription(id)
end

---@return boolean  was it running?
function M.stop(id)
  return run("UPDATE subscriptions SET stopped = 1 WHERE id = ? AND stopped = 0", id) == 1
end

-- }======

return M
