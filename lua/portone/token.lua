-- SPDX-License-Identifier: MIT
-- The V1 access token: fetched when first needed, kept, and renewed before it ends.
--
-- Its life is counted from the answer's own two times ('expired_at' - 'now'), so a wrong
-- clock here does no harm. Asking again within the last minute gives the same token with
-- five minutes more, which is why an unchanged token is no error
-- (source: PortOne V1, "API 인증", POST /users/getToken).

local core = require "portone.core"

local M = {}

-- Renew this long before the end: a call under way must not outlive its token.
local MARGIN = 60

---A store in this lua_State's memory.
---@return table store  get(key), set(key, token, ttl)
function M.memory()
  local kept = {}
  return {
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
end

-- Seconds a token may be used: all but the margin, or half of a life that is short.
local function usable(answer)
  local life = answer.expired_at - answer.now
  return math.max(life - MARGIN, life / 2)
end

local function is_answer(answer)
  return type(answer) == "table" and type(answer.access_token) == "string"
    and type(answer.expired_at) == "number" and type(answer.now) == "number"
    and not answer.access_token:find("[%c ]")
end

---A token for the next request.
---@param state table   the client's state: token_store, token_key, fetch_token, host
---@param stale? string a token that was refused just now: do not give that one again
---@param seconds? number  how long it may take
---@return string? token
---@return table? err   a portone.Error
function M.get(state, stale, seconds)
  local store, key = state.token_store, state.token_key
  local token = store:get(key)
  if token and token ~= stale then
    return token
  end
  return state.host().once(state, function()
    local unlock = store.lock and store:lock(key)
    token = store:get(key)  -- somebody else may have fetched it meanwhile
    if token and token ~= stale then
      if unlock then unlock() end
      return token
    end
    local answer, err = state.fetch_token(seconds)
    if answer and not is_answer(answer) then
      answer, err = nil, state.fault { kind = "protocol",
        message = "the token answer lacks access_token, now or expired_at" }
    end
    if answer then
      store:set(key, answer.access_token, usable(answer))
    end
    if unlock then unlock() end
    return answer and answer.access_token, err
  end)
end

return M
