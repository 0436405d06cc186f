-- SPDX-License-Identifier: MIT
-- Access tokens, the agency's Tier header, and what the console knows about the merchant.

local answer = require "portone.sandbox.v1.answer"
local channels = require "portone.sandbox.v1.channels"
local settings = require "portone.sandbox.v1.settings"
local values = require "portone.sandbox.v1.values"

local M = { handlers = {} }

--- Life of a token, the last stretch in which asking again prolongs it, and by how much (seconds).
M.LIFE, M.LATE, M.EXTENSION = 30 * 60, 60, 5 * 60

local function live_token(world)
  local token = world.v1.token
  if token and world:now() < token.expires then return token end
end

-- The same token is given out until it expires; within its last minute it gains five.
M.handlers["v1.users.get_token"] = function(world, req)
  local config = world.config
  if req.body.imp_key ~= config.imp_key or req.body.imp_secret ~= config.imp_secret then
    return answer.fail(world, 401, "imp_key 또는 imp_secret 이 올바르지 않습니다.")
  end
  local now, token = world:now(), live_token(world)
  if not token then
    token = { value = world:hex(40), expires = now + M.LIFE }
    world.v1.token = token
  elseif token.expires - now <= M.LATE then
    token.expires = token.expires + M.EXTENSION
  end
  return answer.ok { access_token = token.value, now = now, expired_at = token.expires }
end

-- The documented form is "Bearer <token>"; a bare token is what older clients send.
local function presented(header)
  local text = tostring(header or "")
  local scheme, token = text:match("^%s*(%S+)%s+(%S+)%s*$")
  if scheme then return scheme:lower() == "bearer" and token or nil end
  return text:match("^%s*(%S+)%s*$")
end

local function tier_problem(world, code)
  local status = settings.get(world, "v1_tier_status")
  if not code:find("^[A-Z0-9][A-Z0-9][A-Z0-9]$") then
    return status or 400, "Tier 는 영문 대문자와 숫자로 된 세 글자여야 합니다."
  end
  local tiers = settings.get(world, "v1_tiers")
  if tiers and not tiers[code] then
    return status or 404, "등록되지 않은 하위 상점입니다: " .. code
  end
end

--- Checks the access token and the Tier header of a request.
---@param world table
---@param req table
---@return integer? status nil when the request may go on
---@return table? body
function M.authorize(world, req)
  if req.row and req.row.noauth then return nil end
  local token, live = presented(req.headers.authorization), live_token(world)
  if not token then
    return answer.fail(world, 401, "access_token 이 필요합니다. (Authorization: Bearer …)")
  end
  if not live or token ~= live.value then
    return answer.fail(world, 401, "access_token 이 올바르지 않거나 만료되었습니다.")
  end
  if req.headers.tier then
    local status, message = tier_problem(world, req.headers.tier)
    if status then return answer.fail(world, status, message) end
  end
end

M.handlers["v1.tiers.get"] = function(world, req)
  local code, tiers = req.path.tier_code, settings.get(world, "v1_tiers")
  local name = tiers and tiers[code]
  if not tiers and code:find("^[A-Z0-9][A-Z0-9][A-Z0-9]$") then name = "하위 상점 " .. code end
  if not name then return answer.fail(world, 404, "등록되지 않은 하위 상점입니다: " .. code) end
  return answer.ok { tier_code = code, tier_name = name }
end

M.handlers["v1.users.pg_settings"] = function(world)
  local list = {}
  for i, channel in ipairs(world.config.channels) do
    list[i] = { pg_provider = channel.pg, pg_id = channel.pg_id or values.null,
      sandbox = channels.is_test(world, channel), type = channel.type or "payment",
      channel_name = channel.name or channel.pg, channel_key = channel.key }
  end
  return answer.ok(values.array(list))
end

return M
