-- SPDX-License-Identifier: MIT
-- A client: checked options, one connection-keeping core client, the namespaces and the
-- verbs. Its secrets are in 'state', a local that no table of the user leads to.

local api = require "portone.api"
local call = require "portone.call"
local core = require "portone.core"
local errors = require "portone.error"
local groups = require "portone.groups"
local options = require "portone.options"
local pending = require "portone.pending"
local token = require "portone.token"
local verbs = require "portone.verbs"
local version = require "portone.version"

local M = {}

local getmetatable, type = getmetatable, type
local run = call.run

local function user_agent()
  local lua = rawget(_G, "jit") and rawget(_G, "jit").version or _VERSION
  return ("portone-lua/%s (%s; %s)"):format(version, lua, core.curl_version:match("^%S+"))
end

-- All strings that a text of ours must not show.
local function secrets_of(o)
  local list = { o.api_secret, o.v1.imp_secret, o.v1.imp_key }
  local out = {}
  for i = 1, 3 do
    out[#out + 1] = list[i]
  end
  for _, secret in ipairs(o.webhook_secrets or {}) do
    out[#out + 1] = secret
  end
  return out
end

-- One token per key pair and server; the name tells nobody the key.
local function token_key(o)
  if not o.v1.imp_key then
    return nil
  end
  local mac = core.hmac_sha256(o.v1.imp_secret, o.v1.imp_key .. "\n" .. o.v1_base_url)
  return "portone:v1:" .. core.hex(mac):sub(1, 32)
end

local function new_state(o)
  local state = {
    options = o,
    plain = o.check and not o.channels,  -- calls may be: nothing hangs on whose PG it is
    base = { v1 = o.v1_base_url, v2 = o.base_url },
    v2_authorization = o.api_secret and "Authorization: PortOne " .. o.api_secret,
    secrets = secrets_of(o),
    token_store = o.token_store or token.memory(),
    token_key = token_key(o),
    core = core.client {
      connect_timeout = o.connect_timeout, ca_file = o.ca_file, proxy = o.proxy,
      max_response = o.max_response, user_agent = o.user_agent or user_agent(),
      insecure = o.insecure,
    },
  }
  -- what a call without options can rely on (call.lua)
  local plain = state.plain and not (o.on_start or o.on_end or o.on_request or o.on_response)
  state.usual = { v1 = plain and not o.v1.tier, v2 = plain }
  state.seconds = math.min(o.timeout, o.deadline)
  function state.fault(fields)
    fields.operation = "v1.users.get_token"
    return errors.new(fields, state.secrets)
  end
  -- once: the call that needs the token repeats it by its own rule
  function state.fetch_token(seconds)
    local row = api.find("v1", "users", "get_token")
    return run(state, row, { imp_key = o.v1.imp_key, imp_secret = o.v1.imp_secret },
      { deadline = seconds, max_retries = 0 }, 2)
  end
  return state
end

local ours = { ["portone"] = true, ["portone.client"] = true }

---Raises when a function that takes a dot is called with a colon: what is meant to be its first
---argument is then the client, or the module.
---@param name string
---@param first any      the first argument
---@param level integer  error's level of the caller to blame, seen from here
function M.no_colon(name, first, level)
  local mt = type(first) == "table" and getmetatable(first)
  if type(mt) == "table" and ours[mt.__name] then
    error(("portone.%s: call it with a dot, not a colon"):format(name), level)
  end
end

-- request_pay_again, issue_billing_key, schedule: the table says which API is meant.
local function verb(state, name)
  local pick, rows = verbs.pick[name], {}  -- rows by what was picked
  return function(args, opts)
    if type(args) ~= "table" then
      error(("portone.%s: table of fields expected, got %s"):format(name, type(args)), 2)
    elseif getmetatable(args) then
      M.no_colon(name, args, 3)
    end
    local operation, problem = pick(args)
    if not operation then
      return call.refuse(state, name, args, problem)
    end
    local row = rows[operation]
    if not row then
      row = api.find(operation.api, operation.group, operation.name)
      rows[operation] = row
    end
    local result, err, info = run(state, row, args, opts, 3)
    return result, err, info
  end
end

local function is_table(value)
  return type(value) == "table", "a table"
end

local request_parts = { query = is_table, headers = is_table, body = function(value)
  return type(value) ~= "function" and type(value) ~= "thread", "what JSON can say"
end }

local function raw_request(state)
  return function(api_name, method, path, parts, opts)
    M.no_colon("request", api_name, 3)
    if api_name ~= "v1" and api_name ~= "v2" then
      error("portone.request: the API must be 'v1' or 'v2'", 2)
    elseif type(method) ~= "string" or not method:find("^%u+$") then
      error("portone.request: the method must be in upper case, such as 'GET'", 2)
    elseif type(path) ~= "string" or path:sub(1, 1) ~= "/" or path:find("[%c ]") then
      error("portone.request: the path must begin with '/' and be percent-encoded", 2)
    end
    parts = parts == nil and {} or parts
    options.check("portone.request", parts, request_parts, 3)
    local with = {}
    for k, v in pairs(opts or {}) do
      with[k] = v
    end
    with.headers = parts.headers or with.headers
    local row = { name = method .. " " .. path:match("^[^?]*"), api = api_name,
                  method = method, path = path }
    local result, err, info = call.raw(state, row, parts, with, 3)
    return result, err, info
  end
end

-- "v2.payment.get_payments" or the operation's function -> its row
local function row_of(operation, level)
  local text = type(operation) == "string"
  local row = text and api.named(operation) or groups.row_of(operation)
  if not row then
    local hint = text and api.suggestion(nil, operation)
    error(("no such operation: %s%s"):format(tostring(operation),
      hint and (" (did you mean '%s'?)"):format(hint) or ""), level)
  end
  return row
end

-- each and collect: lists page by page.
local function add_pages(client, state)
  local function one(row, args, opts)
    local result, err = run(state, row, args, opts, 2)
    return result, err
  end
  function client.each(operation, args, opts)
    M.no_colon("each", operation, 3)
    local pages, row = require "portone.pages", row_of(operation, 3)
    pages.check("each", row, args, nil, 3)
    options.call(opts, 3)
    return pages.each(pages.walk(one, row, args, opts))
  end
  function client.collect(operation, args, how, opts)
    M.no_colon("collect", operation, 3)
    local pages, row = require "portone.pages", row_of(operation, 3)
    pages.check("collect", row, args, how, 3)
    options.call(opts, 3)
    local limit = how and how.limit
    return pages.collect(pages.walk(one, row, args, opts, pages.size(limit)), limit)
  end
end

local function description(state)
  local o = state.options
  local out = { "portone client (" .. (state.closed and "closed" or "open") .. ")" }
  out[#out + 1] = ("  v1  %s  %s"):format(o.v1_base_url,
    o.v1.imp_key and "with an API key" or "no API key")
  out[#out + 1] = ("  v2  %s  %s"):format(o.base_url,
    o.api_secret and "with an API secret" or "no API secret")
  out[#out + 1] = "  request_pay_again{…}  issue_billing_key{…}  schedule{…}"
  return table.concat(out, "\n")
end

-- Parts of a client that are made when somebody names them.
M.lazy = {
  webhook = function(client, state)
    return require("portone.webhook").bind(state.options.webhook_secrets, client)
  end,
}

---What a client or the module answers to a name it does not have: it raises, with a hint.
---Names with an underscore in front are left to inspecting tools.
---@param holder table   where the name was looked up
---@param key any
---@param level? integer error's level of the caller to blame, seen from here
function M.unknown(holder, key, level)
  if type(key) ~= "string" or key:sub(1, 1) == "_" then
    return nil
  end
  local hint = options.nearest(key, holder)
  error(("portone has no '%s'%s"):format(key,
    hint and (" (did you mean '%s'?)"):format(hint) or ""), level or 2)
end

---An independent client.
---@param given table    options; see docs/options.md
---@param level integer  error's level of the caller to blame, seen from here
---@return table client
function M.new(given, level)
  local state = new_state(options.client(given or {}, level + 1))
  local client = {}
  -- no tail calls: a level of error counts the frames, and Lua 5.1 counts tail calls too
  local function operate(row, args, opts, at)
    local result, err, info = run(state, row, args, opts, at + 1)
    return result, err, info
  end
  client.v1 = groups.new("v1", "", operate)
  client.v2 = groups.new("v2", "", operate)
  for name in pairs(verbs.verbs) do
    client[name] = verb(state, name)
  end
  client.request = raw_request(state)
  add_pages(client, state)
  function client.resolve(value, opts)
    M.no_colon("resolve", value, 3)
    local result, err, info = call.resolve(state, pending.decode(value, 3), opts, 3)
    return result, err, info
  end
  function client.close()
    state.closed = true
    state.core:close()
  end
  return setmetatable(client, {
    __name = "portone.client",
    __index = function(_, key)
      if M.lazy[key] then
        local part = M.lazy[key](client, state)
        client[key] = part
        return part
      end
      return (M.unknown(client, key, 3))
    end,
    __tostring = function()
      return description(state)
    end,
  })
end

return M
