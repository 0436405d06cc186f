-- SPDX-License-Identifier: MIT
-- Where V1 access tokens are kept, so that those who share a key pair share the token.
--
-- A store is an object with
--   get(self, key) -> what was set, or nil
--   set(self, key, value, ttl)   value: a string or a table; ttl: seconds, also below 1
--   lock(self, key, ttl) -> unlock function, or nil: go ahead without    (optional)
-- Whoever has the lock fetches the token; 'lock' makes the others wait, at most ttl seconds, and
-- look again. 'portone.token' has the store of a single Lua state.

local core = require "portone.core"
local json = require "portone.json"

local M = {}

local LOCK_TTL = 70  -- seconds: longer than a token request may take
local FIRST, LONGEST = 0.002, 0.1  -- seconds between two looks at a lock

local shared = { __name = "portone.token_store.shared_dict" }
shared.__index = shared

function shared:get(key)
  local text = self.dict:get(key)
  if type(text) ~= "string" then
    return nil
  elseif text:sub(1, 1) == "j" then
    return (json.decode(text:sub(2)))
  end
  return text:sub(2)
end

function shared:set(key, value, ttl)
  if value == nil then
    self.dict:delete(key)
    return
  end
  local text = type(value) == "table" and "j" .. assert(json.encode(value)) or "s" .. value
  self.dict:set(key, text, ttl)
end

---Waits for the lock without keeping the worker from others.
---@param key string
---@param ttl? number  seconds after which it is nobody's any more, and the wait is given up
---@return function? unlock
function shared:lock(key, ttl)
  ttl = ttl or LOCK_TTL
  local dict, name, mine = self.dict, key .. ":lock", core.hex(core.random(8))
  local ends, pause = ngx.now() + ttl, FIRST
  repeat
    local ok, err = dict:add(name, mine, ttl)
    if ok then
      return function()
        if dict:get(name) == mine then
          dict:delete(name)
        end
      end
    elseif err ~= "exists" then
      return nil
    end
    ngx.sleep(pause)
    pause = math.min(pause * 1.5, LONGEST)
  until ngx.now() >= ends
end

---A store in an ngx.shared dictionary: the workers of an nginx make one token request.
---@param dict string|table  its name in the configuration (lua_shared_dict), or itself
---@return table store
function M.shared_dict(dict)
  if type(dict) == "string" then
    local name = dict
    dict = rawget(_G, "ngx") and ngx.shared and ngx.shared[name]
    if not dict then
      error(("portone.token_store: there is no ngx.shared.%s: add 'lua_shared_dict %s 1m;' to "
        .. "the http block of nginx.conf"):format(name, name), 2)
    end
  end
  if type(dict) ~= "table" and type(dict) ~= "userdata" then
    error("portone.token_store: the name of an ngx.shared dictionary expected", 2)
  end
  return setmetatable({ dict = dict }, shared)
end

return M
