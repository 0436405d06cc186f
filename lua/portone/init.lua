-- SPDX-License-Identifier: MIT
-- portone: the server side of PortOne's payment API, V1 and V2.
--
--   local portone = require "portone"
--   portone.configure { api_secret = "…", store_id = "…" }
--   local payment, err, info = portone.request_pay_again { … }
--
-- The module's functions are those of a default client, made from 'configure' or from the
-- environment when first used. 'portone.new' makes clients of their own.

local client = require "portone.client"
local errors = require "portone.error"
local json = require "portone.json"
local options = require "portone.options"
local pending = require "portone.pending"

local M = {
  _VERSION = require "portone.version",
  array = json.array,
  null = json.null,
  error_kinds = errors.kinds,
}

-- Parts that are loaded when somebody names them.
local parts = {
  checkout = "portone.checkout", sandbox = "portone.sandbox", nginx = "portone.nginx",
}

---Rows { name, api, method, path, stable, summary } of the operations whose name has the
---pattern in it.
---@param pattern? string  plain text or a Lua pattern; all operations when absent
---@return table[]
function M.operations(pattern)
  return require("portone.describe").operations(pattern)
end

---An operation for a person to read: fields, errors, an example.
---@param name string  "v2.payment.get_payment"
---@return string
function M.describe(name)
  return require("portone.describe").describe(name)
end

---Prints any result, error or group. Secrets are masked.
---@param value any
function M.show(value)
  print(require("portone.show").text(value))
end

---An `unknown_outcome` error as text, to be resolved at another time or in another process.
---Holds no card data. Raises when nothing is pending in the error.
---@param err portone.Error
---@return string
function M.encode_pending(err)
  local text = pending.encode(err)
  return text
end

local configured  -- options given to 'configure'
local default     -- the default client, once used

---Sets up the default client. Options that are left out come from the environment:
---PORTONE_API_SECRET, PORTONE_STORE_ID, PORTONE_V1_API_KEY, PORTONE_V1_API_SECRET,
---PORTONE_WEBHOOK_SECRET. Raises on a wrong option.
---@param given table  see README, "Options"
function M.configure(given)
  if type(given) ~= "table" then
    error("portone.configure: table of options expected, got " .. type(given), 2)
  end
  local all = options.environment()
  for name, value in pairs(given) do
    all[name] = value
  end
  local fresh = client.new(all, 3)
  if default then
    default.close()
  end
  configured, default = all, fresh
end

---An independent client. Raises on a wrong option; the environment is not asked.
---@param given table  see README, "Options"
---@return table client
function M.new(given)
  local fresh = client.new(given, 3)
  return fresh
end

local function default_client()
  if not default then
    default = client.new(configured or options.environment(), 5)
  end
  return default
end

return setmetatable(M, {
  __name = "portone",
  __index = function(_, key)
    if parts[key] then
      local part = require(parts[key])
      M[key] = part
      return part
    end
    local holder = default_client()
    if rawget(holder, key) == nil and not client.lazy[key] then
      client.unknown(holder, key, 3)
    end
    return holder[key]
  end,
  __tostring = function()
    return "portone " .. M._VERSION .. "\n" .. tostring(default_client())
  end,
})
