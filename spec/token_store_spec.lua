-- SPDX-License-Identifier: MIT
-- The store in an ngx.shared dictionary, on a dictionary and a clock of the spec's own. In a real
-- nginx it is in spec/loop/nginx_spec.lua.

local token_store = require "portone.token_store"

describe("a token store in a shared dictionary", function()
  local now, dict, store, real

  before_each(function()
    now = 1000
    local entries = {}
    local function live(key)
      local e = entries[key]
      return e and (not e.ends or e.ends > now) and e or nil
    end
    dict = {
      get = function(_, key) return live(key) and live(key).value end,
      set = function(_, key, value, ttl)
        entries[key] = { value = value, ends = ttl and ttl > 0 and now + ttl }
        return true
      end,
      add = function(self, key, value, ttl)
        if dict.broken then return nil, "no memory" end
        if live(key) then return false, "exists" end
        return self:set(key, value, ttl)
      end,
      delete = function(_, key) entries[key] = nil end,
    }
    real = rawget(_G, "ngx")
    rawset(_G, "ngx", { shared = { tokens = dict }, now = function() return now end,
      sleep = function(seconds) now = now + seconds end })
    store = token_store.shared_dict "tokens"
  end)

  after_each(function() rawset(_G, "ngx", real) end)

  it("gives back strings and tables until their time is up", function()
    assert.is_nil(store:get("a"))
    store:set("a", "token", 60)
    store:set("b", { access_token = "t", expired_at = 1234567890 }, 0.5)
    assert.equal("token", store:get("a"))
    assert.same({ access_token = "t", expired_at = 1234567890 }, store:get("b"))
    now = now + 1
    assert.is_nil(store:get("b"))
    assert.equal("token", store:get("a"))
    store:set("a", nil)
    assert.is_nil(store:get("a"))
  end)

  it("has one lock a key, and who wants it waits", function()
    local unlock = store:lock("a", 10)
    assert.is_function(store:lock("b", 10))
    assert.is_nil(store:lock("a", 5))
    assert.is_true(now >= 1005 and now < 1006)
    unlock()
    assert.is_function(store:lock("a", 10))
    assert.is_true(now < 1006)
  end)

  it("hands the lock of one that died to the next, and does not take it back", function()
    local late = store:lock("a", 2)
    assert.is_function(store:lock("a", 10))
    late()
    assert.is_nil(store:lock("a", 1))
  end)

  it("goes ahead without a lock when the dictionary is full", function()
    dict.broken = true
    assert.is_nil(store:lock("a", 10))
    assert.equal(1000, now)
  end)

  it("names the dictionary that there is not, and what to add", function()
    assert.error_matches(function() token_store.shared_dict "none" end, "lua_shared_dict none 1m")
    assert.error_matches(function() token_store.shared_dict(1) end, "name of an ngx.shared")
    rawset(_G, "ngx", nil)
    assert.error_matches(function() token_store.shared_dict "tokens" end, "no ngx.shared.tokens")
  end)
end)
