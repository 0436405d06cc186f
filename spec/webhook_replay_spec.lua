local errors = require "portone.error"
local json = require "portone.json"
local redis = require "spec.support.redis"
local webhook = require "portone.webhook"

local SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
local BODY = '{"type":"BillingKey.Issued","data":{"storeId":"store-1","billingKey":"key-1"}}'

-- What every store must do; 'make' gives a fresh one, 'pass' lets seconds go by.
local function behaves(make, pass)
  it("takes an id once", function()
    local store = make()
    assert.is_true(store:add("a", 60))
    assert.is_false(store:add("a", 60))
    assert.is_true(store:add("b", 60))
    assert.is_false(store:add("b", 60))
    assert.is_false(store:add("a", 60))
  end)

  it("forgets an id when its time is over", function()
    local store = make()
    assert.is_true(store:add("a", 1))
    assert.equal("new", store:begin("b", 1))
    pass(1.1)
    assert.is_true(store:add("a", 60))
    assert.equal("new", store:begin("b", 60))
  end)

  it("is busy, then done", function()
    local store = make()
    assert.equal("new", store:begin("a", 60))
    assert.equal("busy", store:begin("a", 60))
    assert.is_false(store:add("a", 60))
    assert.is_true(store:done("a", 60))
    assert.equal("done", store:begin("a", 60))
    assert.is_false(store:add("a", 60))
    assert.is_true(store:add("b", 60))
    assert.equal("done", store:begin("b", 60))
  end)

  it("lets an id in again that was not handled", function()
    local store = make()
    assert.equal("new", store:begin("a", 60))
    assert.is_true(store:undo("a"))
    assert.equal("new", store:begin("a", 60))
    assert.is_true(store:undo("never"))
  end)

  it("keeps what is done longer than what was begun", function()
    local store = make()
    assert.equal("new", store:begin("a", 1))
    assert.is_true(store:done("a", 60))
    pass(1.1)
    assert.equal("done", store:begin("a", 1))
  end)
end

describe("webhook.store.memory", function()
  local now = 0

  behaves(function()
    return webhook.store.memory { now = function() return now end }
  end, function(seconds) now = now + seconds end)

  it("takes a clock of its own", function()
    local store = webhook.store.memory()
    assert.is_true(store:add("a", 60))
    assert.is_false(store:add("a", 60))
  end)

  it("keeps to its bound, and to the younger half", function()
    local max = 1000
    local store = webhook.store.memory { max = max, now = function() return now end }
    local function held()
      local n = 0
      for _ in pairs(store.young) do n = n + 1 end
      for _ in pairs(store.old) do n = n + 1 end
      return n
    end
    for i = 1, 10 * max do
      assert.is_true(store:add("id" .. i, 3600))
      if i % 97 == 0 then
        assert.is_true(held() <= max)
        assert.is_false(store:add("id" .. i, 3600))
        assert.is_false(store:add("id" .. math.max(1, i - 499), 3600))
      end
    end
    assert.is_true(store:add("id1", 3600))
  end)

  it("keeps every id for its whole time below the bound", function()
    local store = webhook.store.memory { max = 100000, now = function() return now end }
    for i = 1, 2000 do
      now = now + 1
      assert.is_true(store:add("id" .. i, 300))
      local old = i - 299
      if old >= 1 then
        assert.is_false(store:add("id" .. old, 300), old)
      end
      if i > 301 then
        assert.is_nil(store.young["id" .. (i - 700)])
      end
    end
  end)

  it("raises for a bound that is none", function()
    assert.has_error(function() webhook.store.memory { max = 0 } end)
    assert.has_error(function() webhook.store.memory { max = "many" } end)
  end)
end)

-- What an ngx.shared dictionary does, as far as the store asks for it.
local function dictionary(clock)
  local items = {}
  local dict = { items = items }
  local function get(key)
    local item = items[key]
    if item and (item.till == nil or item.till > clock()) then
      return item.value
    end
  end
  function dict.get(_, key) return get(key) end
  function dict.set(_, key, value, ttl)
    items[key] = { value = value, till = clock() + ttl }
    return true
  end
  function dict.add(self, key, value, ttl)
    if dict.broken then
      return nil, dict.broken
    elseif get(key) ~= nil then
      return false, "exists"
    end
    return dict.set(self, key, value, ttl)
  end
  function dict.delete(_, key) items[key] = nil end
  return dict
end

describe("webhook.store.shared", function()
  local now = 0
  local function clock() return now end

  behaves(function()
    return webhook.store.shared(dictionary(clock))
  end, function(seconds) now = now + seconds end)

  it("puts a name before its ids", function()
    local dict = dictionary(clock)
    webhook.store.shared(dict):add("a", 5)
    webhook.store.shared(dict, { prefix = "shop:" }):add("a", 5)
    assert.truthy(dict.items["portone:webhook:a"])
    assert.truthy(dict.items["shop:a"])
  end)

  it("says what failed", function()
    local dict = dictionary(clock)
    dict.broken = "no memory"
    local store = webhook.store.shared(dict)
    assert.same({ nil, "no memory" }, { store:add("a", 5) })
    assert.same({ nil, "no memory" }, { store:begin("a", 5) })
  end)

  it("raises without a dictionary", function()
    assert.has_error(function() webhook.store.shared("no_such_dict") end)
    assert.has_error(function() webhook.store.shared(nil) end)
  end)
end)

describe("webhook.store.redis", function()
  local server = redis.start()
  if not server then
    pending("needs redis-server")
    return
  end
  local socket = require "socket"
  teardown(function() server.stop() end)

  local fresh = 0
  local function prefix()
    fresh = fresh + 1
    return { prefix = ("t%d:"):format(fresh) }
  end

  describe("with a client that returns errors", function()
    behaves(function()
      return webhook.store.redis(redis.resty(server.port, json.null), prefix())
    end, socket.sleep)
  end)

  describe("with a client that raises", function()
    behaves(function()
      return webhook.store.redis(redis.raising(server.port), prefix())
    end, socket.sleep)
  end)

  it("connects for each question when it is given a function, and gives back", function()
    local released = {}
    local store = webhook.store.redis(function()
      local client = redis.resty(server.port, json.null)
      return client, function(usable)
        released[#released + 1] = usable
        client.socket:close()
      end
    end, prefix())
    assert.is_true(store:add("a", 60))
    assert.is_false(store:add("a", 60))
    assert.same({ true, true }, released)
  end)

  it("says what failed", function()
    local store = webhook.store.redis(function() return nil, "connection refused" end)
    for _, method in ipairs { "add", "begin", "done", "undo" } do
      local got, err = store[method](store, "a", 60)
      assert.is_nil(got)
      assert.equal("no connection: connection refused", err)
    end
    local client = redis.raising(server.port)
    client.socket:close()
    local got, err = webhook.store.redis(client):add("a", 60)
    assert.is_nil(got)
    assert.equal("closed", err)
    local wrong = redis.resty(server.port, json.null)
    wrong:rpush("t-list:a", "x")
    got, err = webhook.store.redis(wrong, { prefix = "t-list:" }):begin("a", 60)
    assert.is_nil(got)
    assert.truthy(err:find("WRONGTYPE"))
  end)

  it("rounds a time up to whole seconds", function()
    local store = webhook.store.redis(redis.resty(server.port, json.null), prefix())
    assert.is_true(store:add("a", 0.5))
    assert.is_false(store:add("a", 0.5))
  end)

  it("raises without a client", function()
    assert.has_error(function() webhook.store.redis() end)
  end)
end)

describe("webhook.verify with a store", function()
  local function broken(err)
    return { add = function() return nil, err end }
  end

  it("lets a message through once", function()
    local opts = { secret = SECRET, seen = webhook.store.memory() }
    local headers = webhook.sign(BODY, { secret = SECRET })
    assert(webhook.verify(BODY, headers, opts))
    local event, err = webhook.verify(BODY, headers, opts)
    assert.is_nil(event)
    assert.is_true(errors.is(err))
    assert.same({ "conflict", "REPLAYED", "seen before" }, { err.kind, err.type, err.reason })
    assert(webhook.verify(BODY, webhook.sign(BODY, { secret = SECRET }), opts))
  end)

  it("asks the store last, so that a forged message takes nobody's place", function()
    local asked = 0
    local opts = { secret = SECRET, seen = { add = function() asked = asked + 1 return true end } }
    local headers = webhook.sign(BODY, { secret = SECRET })
    assert.is_nil(webhook.verify(BODY .. " ", headers, opts))
    assert.is_nil(webhook.verify("{", webhook.sign("{", { secret = SECRET }), opts))
    assert.equal(0, asked)
    assert(webhook.verify(BODY, headers, opts))
    assert.equal(1, asked)
  end)

  it("hands on the id and a time that outlives the retries", function()
    local got
    local store = {}
    function store.add(_, ...)
      got = { ... }
      return true
    end
    local opts = { secret = SECRET, seen = store }
    assert(webhook.verify(BODY, webhook.sign(BODY, { secret = SECRET, id = "msg_7" }), opts))
    assert.same({ "msg_7", 86400 }, got)
    opts.seen_ttl = 400
    assert(webhook.verify(BODY, webhook.sign(BODY, { secret = SECRET, id = "msg_7" }), opts))
    assert.same({ "msg_7", 400 }, got)
  end)

  it("refuses when the store fails, unless told otherwise", function()
    local headers = webhook.sign(BODY, { secret = SECRET })
    local event, err = webhook.verify(BODY, headers, { secret = SECRET, seen = broken("down") })
    assert.is_nil(event)
    assert.same({ "server", "STORE_FAILED" }, { err.kind, err.type })
    assert.truthy(err.reason:find("down", 1, true))
    assert.is_nil(webhook.verify(BODY, headers,
      { secret = SECRET, seen = broken("down"), on_store_failure = "refuse" }))
    assert(webhook.verify(BODY, headers,
      { secret = SECRET, seen = broken("down"), on_store_failure = "accept" }))
  end)
end)
