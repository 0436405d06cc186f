-- The stores a ledger writes to: each keeps the same contract.
local portone = require "portone"

local function fresh_path()
  local path = os.tmpname()
  os.remove(path)
  return path .. ".db"
end

local function remove(path)
  os.execute("rm -f " .. path .. "*")
end

describe("a store in memory", function()
  local store = portone.ledger.memory()
  require "spec.support.store_contract" (it, assert, function() return store end)
end)

describe("a store in SQLite", function()
  local path, open = fresh_path(), {}
  local function connect()
    local store = assert(require("portone.ledger.sqlite").open(path))
    open[#open + 1] = store
    return store
  end
  after_each(function()
    for _, store in ipairs(open) do store:close() end
    open = {}
  end)
  teardown(function() remove(path) end)
  require "spec.support.store_contract" (it, assert, connect)

  it("is on the disk when it says so", function()
    local function setting(name)
      local cursor = connect().db:execute("PRAGMA " .. name)
      local value = cursor:fetch()
      cursor:close()
      return tostring(value):gsub("%.0$", "")
    end
    assert.equal("wal", (setting "journal_mode"))
    assert.equal("2", (setting "synchronous"))
  end)

  it("tells who lives from who does not", function()
    local mine, other = connect(), connect()
    assert.is_true(mine:alive(mine.owner))
    assert.is_true(mine:alive(other.owner))
    other:close()
    assert.is_false(mine:alive(other.owner))
    assert.is_true(mine:alive "somebody else's name")
  end)

  it("leaves no file of its own behind", function()
    local store = connect()
    store:close()
    assert.is_nil(io.open(path .. "-owner-" .. store.owner))
  end)

  it("says what is wrong with a file", function()
    local ledger, err = portone.ledger.open { path = "/nowhere/run.db" }
    assert.is_nil(ledger)
    assert.truthy(err:find("/nowhere/run.db", 1, true))
    local wrong = fresh_path()
    local file = io.open(wrong, "wb")
    file:write(("not a database "):rep(100))
    file:close()
    ledger, err = portone.ledger.open { path = wrong }
    assert.is_nil(ledger)
    assert.truthy(err:find("not a database", 1, true))
    remove(wrong)
  end)
end)

describe("a store in Redis", function()
  local server, connect, run
  setup(function()
    server = require("spec.support.redis").start()
    local redis = require "portone.cli.redis"
    local config = { host = "127.0.0.1", port = server and server.port, db = 0 }
    connect = redis.keeper(config)
    run = server and assert(redis.connect(config))
  end)
  teardown(function()
    if server then
      run:close()
      server.stop()
    end
  end)

  local function with_redis(name, fn)
    it(name, function()
      if not server then
        pending "redis-server is not installed"
        return
      end
      fn()
    end)
  end

  local function open(opts)
    opts = opts or {}
    opts.durable = false
    return assert(portone.ledger.redis(connect, opts))
  end

  require "spec.support.store_contract" (with_redis, assert, open)

  with_redis("remembers for good, or for a time what is settled, but all that is open", function()
    local function days(id)
      local seconds = assert(run:ask("TTL", "{portone-ledger}:entry:" .. id))
      return seconds < 0 and seconds or seconds / 86400
    end
    local good, some = open(), open { keep = 7 * 86400 }
    assert.is_true(good:add("k", "one"))
    assert.is_true(good:write("k", 1, "two", false))
    assert.equal(-1, days "k")
    assert.is_true(some:write("k", 2, "three", false))
    assert.is_true(days "k" > 6.9 and days "k" <= 7)
    assert.is_true(some:write("k", 3, "four", true))
    assert.equal(-1, days "k")
    assert.is_true(some:add("k2", "one"))
    assert.equal(-1, days "k2")
  end)

  with_redis("is asked over one connection by the command", function()
    local function count()
      return tonumber(assert(run:ask("INFO", "stats")):match "total_connections_received:(%d+)")
    end
    local store = open()
    assert.is_true(store:add("n", "one"))
    local before = count()
    for _ = 1, 5 do assert.equal("one", (store:read "n")) end
    assert.equal(before, count())
  end)

  it("is told by the day at least how long, in seconds", function()
    for _, keep in ipairs { 400, 0, "86400", 0 / 0 } do
      local ok, problem = pcall(function()
        local store = portone.ledger.redis({}, { durable = false, keep = keep })
        return store
      end)
      assert.is_false(ok)
      assert.matches("'keep' must be seconds, at least 86400", problem)
      assert.matches("ledger_stores_spec", problem)
    end
  end)
end)
