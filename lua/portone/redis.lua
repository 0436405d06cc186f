-- SPDX-License-Identifier: MIT
-- Talks to Redis through the client library of the caller's choice, so that the stores which
-- many machines share (a ledger's, webhooks') need none of their own.

local M = {}

---Takes a client into a store: its fields `client` or `connect`.
---@param store table
---@param client table|function  a connected client; or a function that returns a client and,
---  if it wants it back, a function release(usable); or nil, err
---@param who string  whom to name when it is neither
---@param level integer  error's level of the caller to blame, seen from here
function M.hold(store, client, who, level)
  if type(client) == "function" then
    store.connect = client
  elseif type(client) == "table" then
    store.client = client
  else
    error(who .. ": a client, or a function that connects, expected", level)
  end
end

---One command. lua-resty-redis returns nil, err or false, err, redis-lua raises; null is
---ngx.null, cjson.null or nil.
---@param store table  see M.hold
---@param command string
---@param ... any  its arguments
---@return any reply  false for null; nil when it failed
---@return string? err
function M.ask(store, command, ...)
  local client, release = store.client, nil
  if not client then
    client, release = store.connect()
    if not client then
      return nil, "no connection: " .. tostring(release)
    end
  end
  local ok, reply, err = pcall(client[command], client, ...)
  if not ok then
    reply, err = nil, reply
  end
  if release then
    release(err == nil)
  end
  if err ~= nil then
    return nil, tostring(err)
  elseif reply == nil or type(reply) == "userdata" then
    return false
  end
  return reply
end

return M
