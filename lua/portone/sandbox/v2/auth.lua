-- SPDX-License-Identifier: MIT
--- Who is calling: API secrets, access tokens, refresh tokens.
--
-- Source: the guide's authorization page and the two auth operations. An access token lives 30
-- minutes, a refresh token a day, and each new pair ends the refresh token given out before.

local answer = require "portone.sandbox.v2.answer"

local M = {}

local ACCESS_LIFE = 30 * 60
local REFRESH_LIFE = 24 * 3600

--- The secret behind a request's Authorization header, or nil when it proves none.
---@param world table
---@param req table
---@return string|nil secret
function M.principal(world, req)
  local header = tostring((req.headers or {}).authorization or "")
  local scheme, value = header:match("^(%a+) +(.-)%s*$")
  scheme = scheme and scheme:lower()
  if scheme == "portone" and value == world.config.api_secret then return value end
  local token = scheme == "bearer" and world.v2.access_tokens[value]
  if token and world:now() < token.expires_at then return token.secret end
end

--- Refuses a request that no secret or token covers.
---@param world table
---@param req table
---@return integer|nil status nil when fine
---@return table|nil body
function M.authorize(world, req)
  if req.row and req.row.noauth then return nil end
  if M.principal(world, req) then return nil end
  return answer.fail("UNAUTHORIZED",
    "send `Authorization: PortOne <V2 API secret>` or `Bearer <access token>`")
end

-- A new pair; the refresh token before it is dead from here on.
local function issue(world, secret)
  local v2 = world.v2
  for token, held in pairs(v2.access_tokens) do
    if world:now() >= held.expires_at then v2.access_tokens[token] = nil end
  end
  local access, refresh = "access-" .. world:hex(48), "refresh-" .. world:hex(48)
  v2.access_tokens[access] = { secret = secret, expires_at = world:now() + ACCESS_LIFE }
  v2.refresh_tokens[secret] = { token = refresh, expires_at = world:now() + REFRESH_LIFE }
  return { accessToken = access, refreshToken = refresh }
end

M.handlers = {}

M.handlers["v2.auth.login_via_api_secret"] = function(world, req)
  if req.body.apiSecret ~= world.config.api_secret then
    answer.refuse("UNAUTHORIZED", "not a V2 API secret of this sandbox")
  end
  return 200, issue(world, req.body.apiSecret)
end

M.handlers["v2.auth.refresh_token"] = function(world, req)
  for secret, held in pairs(world.v2.refresh_tokens) do
    if held.token == req.body.refreshToken and world:now() < held.expires_at then
      return 200, issue(world, secret)
    end
  end
  answer.refuse("UNAUTHORIZED", "the refresh token has expired or was replaced")
end

return M
