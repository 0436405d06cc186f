-- SPDX-License-Identifier: MIT
-- The V1 access token: fetched when first needed, kept, and renewed before it ends.
--
-- Its life is counted from the answer's own two times ('expired_at' - 'now'), so a wrong
-- clock here does no harm. Asking again within the last minute gives the same token with
-- five minutes more, which is why an unchanged token is no error
-- (source: PortOne V1, "API 인증", POST /users/getToken).

local core = require "portone.core"
local hooks = require "portone.hooks"
local redact = require "portone.redact"

local M = {}

-- Renew this long before the end: a call under way must not outlive its token.
local MARGIN = 60

-- Seconds that a lock is waited for and held at the most: longer than a request may take.
local LOCK = 70

-- Stores made here, which do not raise.
local ours = setmetatable({}, { __mode = "k" })

---A store in this lua_State's memory.
---@return table store  get(key), set(key, token, ttl)
function M.memory()
  local kept = {}
  local store = {
    get = function(_, key)
      local entry = kept[key]
      if entry and core.monotonic() < entry.ends then
        return entry.token
      end
    end,
    set = function(_, key, token, ttl)
      kept[key] = token and { token = token, ends = core.monotonic() + ttl } or nil
    end,
  }
  ours[store] = true
  return store
end

-- Seconds a token may be used: all but the margin, or half of a life that is short.
local function usable(answer)
  local life = answer.expired_at - answer.now
  return math.max(life - MARGIN, life / 2)
end

local function is_token(value)
  return type(value) == "string" and value ~= "" and not value:find("[%c ]")
end

local function is_answer(answer)
  return type(answer) == "table" and is_token(answer.access_token)
    and type(answer.expired_at) == "number" and type(answer.now) == "number"
end

-- {====== A store that may fail ======

-- The store is the caller's: when it raises there is no token in it, or no lock, and the call
-- goes on without.
local function ask(call, method, value, ttl)
  local store = call.state.token_store
  if not store[method] then
    return nil
  elseif ours[store] then
    return store[method](store, call.state.token_key, value, ttl)
  end
  local ok, found = pcall(store[method], store, call.state.token_key, value, ttl)
  if ok then
    return found
  end
  local text = redact.text(tostring(found), call.state.secrets)
  hooks.warn(call, "token_store", ("%s raised: %s"):format(method,
    redact.text(text, { is_token(value) and value or nil })))
end

-- }=============================

-- Fetches a token and keeps it: token | nil, err
local function fetch(call, seconds)
  local state = call.state
  local answer, err = state.fetch_token(seconds)
  if answer and not is_answer(answer) then
    answer, err = nil, state.fault { kind = "protocol",
      message = "the token answer lacks access_token, now or expired_at" }
  elseif answer then
    ask(call, "set", answer.access_token, usable(answer))
  end
  return answer and answer.access_token, err
end

-- Lua 5.1 cannot wait inside a pcall: there the lock of a fetch that raised ends by itself.
local guard = (_VERSION ~= "Lua 5.1" or rawget(_G, "jit")) and pcall or function(fn)
  return true, fn()
end

-- Runs fn and gives the lock back, whatever becomes of it.
local function holding(call, unlock, fn)
  local ok, token, err = guard(fn)
  if not pcall(unlock) then
    hooks.warn(call, "token_store", "the unlock function raised")
  end
  if not ok then
    error(token, 0)
  end
  return token, err
end

-- The token of the store, unless it is the stale one. One that was used before is not looked at
-- again: a third of what a call without JSON takes.
local function kept(call, stale)
  local value = ask(call, "get")
  local usable_one = value ~= nil and value ~= stale
    and (value == call.state.token or is_token(value))
  return usable_one and value or nil
end

-- Waits for its turn to fetch, and for the fetch unless somebody else was faster.
local function take_turn(call, stale)
  -- a deadline of its own, which is 0.001 at least: no time is an error, not misuse
  local seconds = math.max(call.left, 0.001)
  return call.host.once(call.state, function()
    local unlock = ask(call, "lock", math.min(seconds, LOCK))
    local function look_and_fetch()
      local value = kept(call, stale)
      if value then
        return value
      end
      return fetch(call, seconds)
    end
    if type(unlock) == "function" then
      return holding(call, unlock, look_and_fetch)
    end
    return look_and_fetch()
  end)
end

---A token for the next request.
---@param call table    see call.lua; of its state: token_store, token_key, fetch_token, host
---@param stale? string a token that was refused just now: do not give that one again
---@return string? token
---@return table? err   a portone.Error
function M.get(call, stale)
  local value, err = kept(call, stale), nil
  if not value then
    value, err = take_turn(call, stale)
  elseif ours[call.state.token_store] then
    return value
  end
  call.left = call.ends - call.now()  -- a store of the caller's may take its time
  return value, err
end

---The token that a store in memory has, and its line; nil where finding it takes more than a look.
---@param state table
---@return string? line
---@return string? token
function M.known(state)
  local store = state.token_store
  if not ours[store] or not state.options.v1.imp_key then
    return nil
  end
  local value = store:get(state.token_key)
  if value then
    return M.line(state, value), value
  end
end

---The header line that shows a token: made once for each.
---@param state table
---@param value string
---@return string
function M.line(state, value)
  if state.token ~= value then
    state.token, state.token_line = value, "Authorization: Bearer " .. value
  end
  return state.token_line
end

return M
