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
