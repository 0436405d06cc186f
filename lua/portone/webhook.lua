-- SPDX-License-Identifier: MIT
-- Webhooks. V2 signs them as Standard Webhooks says (id, timestamp and the raw body under
-- HMAC-SHA256); V1 does not sign, so there the payment is read again.
--
--   local event, err = webhook.verify(body, headers, { secrets = { "whsec_…" } })
--
-- The order of the checks: secrets, body size, headers, time, signature, form of the body,
-- seen before. Nothing is decoded, and no store asked, before the signature is good.

local core = require "portone.core"
local errors = require "portone.error"
local events = require "portone.webhook.events"
local options = require "portone.options"
local store = require "portone.webhook.store"
local v1 = require "portone.webhook.v1"

local unpack = table.unpack or unpack

local M = {}

local TOLERANCE = 300         -- seconds both ways, as the official SDKs
local MAX_BODY = 1024 * 1024  -- far more than any event has
local SEEN_TTL = 86400        -- the last of PortOne's retries comes within six hours

-- What a refusal is called -> its kind of error.
local refusals = {
  BAD_SECRET = "invalid_request",
  NO_BODY = "protocol",
  BODY_TOO_LARGE = "protocol",
  MISSING_REQUIRED_HEADERS = "unauthorized",
  DUPLICATE_HEADER = "unauthorized",
  INVALID_TIMESTAMP = "unauthorized",
  TIMESTAMP_TOO_OLD = "unauthorized",
  TIMESTAMP_TOO_NEW = "unauthorized",
  NO_MATCHING_SIGNATURE = "unauthorized",
  INVALID_BODY = "protocol",
  WRONG_VERSION = "protocol",
  REPLAYED = "conflict",
  STORE_FAILED = "server",
}

local function refuse(name, reason, diagnosis, skew)
  return errors.new {
    kind = refusals[name], type = name, reason = reason, diagnosis = diagnosis, skew = skew,
    message = "webhook refused: " .. reason .. (diagnosis and "; " .. diagnosis or ""),
  }
end

local function misuse(level, text, ...)
  error("portone.webhook: " .. text:format(...), level + 1)
end

-- {====== Secrets ======

-- Ready keys by the text of their secrets. A program has one or two sets; the bound is for
-- one that makes them up.
local ready, ready_count = {}, 0

-- The bytes of a secret: base64 with or without whsec_, or { raw = bytes }; nil when unusable.
local function bytes_of(secret)
  local bytes = secret.raw
  if type(secret) == "string" then
    bytes = core.unbase64((secret:gsub("^whsec_", "")))
  end
  return bytes ~= "" and bytes or nil
end

local function bad_secret(secret, i)
  local diagnose = require "portone.webhook.diagnose"
  local problem = type(secret) == "table" and "is empty"
    or diagnose.secret((secret:gsub("^whsec_", "")))
  return refuse("BAD_SECRET", ("bad secret: secret %d %s"):format(i, problem))
end

-- All secrets must be usable: one that is not is found out now, not on the day of rotation.
local function make_keys(list, level)
  local all = {}
  for i = 1, #list do
    local secret = list[i]
    if type(secret) ~= "string" and not (type(secret) == "table" and type(secret.raw) == "string")
    then
      misuse(level + 1, "secret %d: string or { raw = bytes } expected, got %s", i, type(secret))
    end
    all[i] = bytes_of(secret)
    if not all[i] then
      return nil, bad_secret(secret, i)
    end
  end
  return core.webhook_keys(unpack(all))
end

local function list_of(secrets, level)
  if type(secrets) == "string" or type(secrets) == "table" and secrets.raw then
    return { secrets }
  elseif type(secrets) ~= "table" or #secrets == 0 then
    misuse(level + 1, "no secret: give secrets = { \"whsec_…\" }, from the PortOne console")
  end
  return secrets
end

-- What the keys of several secrets are kept under; nil when they are not kept.
local function name_of(list)
  local plain, text = pcall(table.concat, list, "\n")
  return plain and text or nil
end

local function remember(name, keys)
  if ready_count >= 64 then
    ready, ready_count = {}, 0
  end
  ready[name], ready_count = keys, ready_count + 1
end

-- The keys of a call's secrets, or nil, error; raises when there are none, or not strings.
local function keys_of(secrets, level)
  local name = secrets
  if type(secrets) == "table" then
    name = secrets[1]
    if secrets[2] ~= nil then
      name = name_of(secrets)
    end
  end
  local keys, err = ready[name], nil
  if not keys then
    keys, err = make_keys(list_of(secrets, level + 1), level + 1)
    if keys and type(name) == "string" then
      remember(name, keys)
    end
  end
  return keys, err
end

-- }======

-- {====== Options ======

local function amount(v)
  return type(v) == "number" and v >= 0, "a number, 0 or more"
end

local known_options = {
  secrets = true, secret = true,  -- keys_of looks at these
  tolerance = amount, seen_ttl = amount, max_body = amount,
  now = function(v)
    return type(v) == "number" or type(v) == "function", "unix seconds, or a function for them"
  end,
  seen = function(v)
    return type(v) == "table" and type(v.add) == "function", "a store with a method add(id, ttl)"
  end,
  on_store_failure = function(v)
    return v == "refuse" or v == "accept", '"refuse" or "accept"'
  end,
  version = function(v)
    return events.versions[v] == true, '"2024-04-25" or "2024-01-01"'
  end,
}

local function check_options(opts, level)
  if type(opts) ~= "table" then
    misuse(level + 1, "table of options expected, got %s", type(opts))
  end
  for name, value in next, opts do
    local rule = known_options[name]
    if not rule then
      local hint = options.nearest(name, known_options)
      misuse(level + 1, "unknown option '%s'%s", tostring(name),
        hint and (" (did you mean '%s'?)"):format(hint) or "")
    elseif rule ~= true then
      local ok, expected = rule(value)
      if not ok then
        misuse(level + 1, "option '%s' must be %s", name, expected)
      end
    end
  end
end

local function clock(now, level)
  if now == nil then
    return core.now()
  elseif type(now) == "function" then
    now = now()
  end
  if type(now) ~= "number" then
    misuse(level + 1, "option 'now' must be unix seconds, or a function for them")
  end
  return now
end

-- }======

-- {====== The parts of a request ======

-- Header text as a server may keep it: "Name: value" lines.
local function parse_headers(text)
  local out = {}
  for name, value in text:gmatch("([^:%s]+):[ \t]*([^\r\n]*)") do
    name, value = name:lower(), value:gsub("[ \t]+$", "")
    if out[name] then
      out[name] = { out[name], value }
    else
      out[name] = value
    end
  end
  return out
end

-- }======

-- {====== Faults that core.webhook_check tells ======

local faults = {}

function faults.body(call, body)
  local max = call.opts.max_body or MAX_BODY
  if body == nil or body == "" then
    return refuse("NO_BODY", "no body", body == nil
      and "in OpenResty a body above client_body_buffer_size is in ngx.req.get_body_file()")
  elseif type(body) ~= "string" then
    misuse(call.level + 1, "body: the raw text of the request expected, got %s (verify before "
      .. "parsing)", type(body))
  end
  return refuse("BODY_TOO_LARGE", ("the body has %d bytes, %d at most"):format(#body, max))
end

function faults.headers(call)
  misuse(call.level + 1, "headers: table or header text expected, got %s", type(call.headers))
end

function faults.missing(_, body, header)
  local diagnose = require "portone.webhook.diagnose"
  return refuse("MISSING_REQUIRED_HEADERS", ("no header %s"):format(header),
    diagnose.unsigned(body))
end

function faults.duplicate(_, _, header)
  return refuse("DUPLICATE_HEADER", ("header %s comes more than once"):format(header))
end

function faults.timestamp()
  return refuse("INVALID_TIMESTAMP", "webhook-timestamp is not a number of seconds")
end

function faults.age(call, _, age)
  local tolerance = call.opts.tolerance or TOLERANCE
  if age > 0 then
    return refuse("TIMESTAMP_TOO_OLD", ("too old by %.0f s"):format(age - tolerance),
      "a replay, a slow queue before this server, or its clock is ahead", age)
  end
  return refuse("TIMESTAMP_TOO_NEW", ("too new by %.0f s"):format(-age - tolerance),
    "the clock of this server is behind", age)
end

function faults.signature(call, body, id, timestamp, signature)
  local diagnose = require "portone.webhook.diagnose"
  local headers = {
    ["webhook-id"] = id, ["webhook-timestamp"] = timestamp, ["webhook-signature"] = signature,
  }
  return refuse("NO_MATCHING_SIGNATURE", "no matching signature", diagnose.signature {
    id = id, signature = signature, body = body, secrets = list_of(call.secrets, 1),
    matches = function(changed)
      return core.webhook_check(call.keys, headers, changed, tonumber(timestamp), 0, #changed)
        ~= nil
    end,
  })
end

-- }======

-- First sight of an id? nil when it is, otherwise an error.
local function check_seen(opts, id)
  local new, err = opts.seen:add(id, opts.seen_ttl or SEEN_TTL)
  if new then
    return nil
  elseif err == nil then
    return refuse("REPLAYED", "seen before")
  elseif opts.on_store_failure ~= "accept" then
    return refuse("STORE_FAILED", "the store of seen webhooks failed: " .. tostring(err))
  end
end

local no_options = {}

-- Header text, or a list of header lines, as a table; anything else as it is.
local function header_table(headers)
  if type(headers) == "table" and type(headers[1]) == "string" then
    headers = table.concat(headers, "\n")
  end
  return type(headers) == "string" and parse_headers(headers) or headers
end

local function verify(body, headers, opts, default_secrets, level)
  opts = opts or no_options
  check_options(opts, level + 1)
  local secrets = opts.secrets or opts.secret or default_secrets
  local keys, err = keys_of(secrets, level + 1)
  if not keys then
    return nil, err
  end
  if type(headers) ~= "table" or headers[1] then
    headers = header_table(headers)
  end
  local now = opts.now and clock(opts.now, level + 1) or core.now()
  local id, sent_at, signer, timestamp, signature = core.webhook_check(keys, headers, body, now,
    opts.tolerance or TOLERANCE, opts.max_body or MAX_BODY)
  if not id then
    local call = { opts = opts, secrets = secrets, keys = keys, headers = headers,
                   level = level + 1 }
    return nil, (faults[sent_at](call, body, signer, timestamp, signature))
  end
  local event, name, reason = events.read(body, id, sent_at, opts.version)
  if not event then
    return nil, refuse(name, reason)
  end
  if secrets[2] then
    event.secret = signer
  end
  err = opts.seen and check_seen(opts, id)
  if err then
    return nil, err
  end
  return event
end

---Checks a signed V2 webhook and reads it. Raises on misuse: no secret at all, a body that
---was parsed already, an unknown option. Everything a sender can cause is returned.
---
---An error has `type` (MISSING_REQUIRED_HEADERS, TIMESTAMP_TOO_OLD, NO_MATCHING_SIGNATURE …),
---`reason` in words, and `diagnosis` where the cause can be told. Answer 401 or so, and keep
---the reason to your log.
---
---A type that is not documented, or documented data with a field missing, passes with
---`event.known == false`: the signature is PortOne's, and new types come unannounced.
---@param body string  the raw bytes of the request body
---@param headers table|string  names in any letter case; a list is a repeated header; or the
---  header text itself
---@param opts? table  secrets or secret; tolerance (seconds, 300); now (unix seconds or function);
---  seen (a replay store); seen_ttl (seconds, 86400); on_store_failure ("refuse" or "accept");
---  version ("2024-04-25" or "2024-01-01", otherwise both); max_body (bytes, 1 MiB)
---@return portone.Event? event
---@return portone.Error? err
function M.verify(body, headers, opts)
  local event, err = verify(body, headers, opts, nil, 2)  -- no tail call: levels count
  return event, err
end

local function sign(body, opts, default_secrets, level)
  opts = opts or no_options
  if type(opts) ~= "table" then
    misuse(level + 1, "sign: a table of options expected, got %s", type(opts))
  elseif type(body) ~= "string" then
    misuse(level + 1, "body: the text that is sent expected, got %s", type(body))
  end
  local keys, err = keys_of(opts.secrets or opts.secret or default_secrets, level + 1)
  if not keys then
    misuse(level + 1, "%s", err.reason)
  end
  local id = opts.id or "msg_" .. core.hex(core.random(12))
  local timestamp = ("%.0f"):format(opts.timestamp or clock(opts.now, level + 1))
  return {
    ["webhook-id"] = id, ["webhook-timestamp"] = timestamp,
    ["webhook-signature"] = core.webhook_sign(keys, id, timestamp, body),
  }
end

---The headers PortOne would send with a body, for tests. Raises on a secret it cannot use.
---@param body string
---@param opts table  secrets or secret; id; timestamp or now (unix seconds)
---@return table headers  webhook-id, webhook-timestamp, webhook-signature
function M.sign(body, opts)
  local headers = sign(body, opts, nil, 2)
  return headers
end

---A secret like those of the console, for tests.
---@return string
function M.new_secret()
  return "whsec_" .. core.base64(core.random(32))
end

---Reads an unsigned V1 notification. See webhook.v1, which does not believe it.
---@param body string  the raw body: JSON or form
---@return portone.V1Notification? note
---@return portone.Error? err
function M.parse_v1(body)
  return v1.parse(body)
end

---Reads a V1 notification, then the payment itself, and answers with the payment: the
---notification is not signed, anybody could have sent it. They must agree on merchant_uid.
---@param body string  the raw body: JSON or form
---@param client table  a client with V1 keys; `require "portone"` will do
---@param opts? table  include_sandbox: test payments too; call: options of the call
---@return table? payment  as v1.payments.get returns it
---@return portone.Error? err
---@return portone.V1Notification? note  what was claimed
function M.v1(body, client, opts)
  local payment, err, note = v1.receive(body, client, opts, 2)
  return payment, err, note
end

---The same functions for a client: its secrets and itself are the defaults.
---@param secrets? any[]
---@param client? table
---@return table webhook
function M.bind(secrets, client)
  local bound = setmetatable({ has_secrets = secrets ~= nil }, {
    __index = M, __name = "portone.webhook",
  })
  function bound.verify(body, headers, opts)
    local event, err = verify(body, headers, opts, secrets, 2)
    return event, err
  end
  function bound.sign(body, opts)
    local headers = sign(body, opts, secrets, 2)
    return headers
  end
  function bound.v1(body, other, opts)
    local payment, err, note = v1.receive(body, other or client, opts, 2)
    return payment, err, note
  end
  return bound
end

---Replay stores: memory, shared, redis.
M.store = store

---The documented event types, each with the fields its data must have.
M.types = events.types

return M
