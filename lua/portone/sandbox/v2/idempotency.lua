-- SPDX-License-Identifier: MIT
--- Idempotency-Key: one request, however often it is sent.
--
-- Source: the guide's page on idempotency. The header is an RFC 8941 string of 16 to 256 ASCII
-- characters; POST, PUT, PATCH and DELETE heed it, GET does not; for three hours a finished
-- request is answered again word for word, and one that still runs is answered 409. What the
-- guide leaves open are the settings v2_unquoted_key and v2_reused_key. Keys belong to a secret.

local answer = require "portone.sandbox.v2.answer"
local auth = require "portone.sandbox.v2.auth"
local settings = require "portone.sandbox.v2.settings"
local view = require "portone.sandbox.v2.view"

local M = {}

local LIFE = 3 * 3600
local HEEDED = { POST = true, PUT = true, PATCH = true, DELETE = true }

-- The value of an RFC 8941 string, without its parameters, or nil when it is not one.
local function unquote(text)
  local out, at = {}, 2
  while at <= #text do
    local c = text:sub(at, at)
    if c == '"' then
      local rest = text:sub(at + 1)
      return (rest == "" or rest:find("^ *;")) and table.concat(out) or nil
    elseif c == "\\" then
      at = at + 1
      c = text:sub(at, at)
      if c ~= '"' and c ~= "\\" then return nil end
    elseif c:find("[^ -~]") then
      return nil
    end
    out[#out + 1] = c
    at = at + 1
  end
end

--- The value of the header, or nil and what is wrong with it.
---@param world table
---@param header string
---@return string|nil value
---@return string|nil problem
function M.read(world, header)
  local text = header:match("^%s*(.-)%s*$")
  local value
  if text:sub(1, 1) == '"' then
    value = unquote(text)
  elseif settings.is(world, "v2_unquoted_key", "accept") and not text:find('[^!-~]')
    and not text:find('[",;]') then
    value = text
  end
  if not value then return nil, "must be a quoted string of ASCII characters" end
  if #value < 16 or #value > 256 then return nil, "must be 16 to 256 characters long" end
  return value
end

-- Text of a value that is the same for equal values, whatever order their fields came in.
local function canonical(value)
  if type(value) ~= "table" then return type(value) .. ":" .. tostring(value) end
  local names = {}
  for name in pairs(value) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for i, name in ipairs(names) do
    names[i] = tostring(name) .. "=" .. canonical(value[name])
  end
  return "{" .. table.concat(names, "\n") .. "}"
end

-- What makes two requests the same: operation, path, query and body.
local function fingerprint(req)
  return canonical { req.row.name, req.path or {}, req.query or {}, req.body or {} }
end

-- The entry's name for a request that heeds the header; nil for one that does not.
local function slot(world, req)
  local header = (req.headers or {})["idempotency-key"]
  if not header or not HEEDED[req.row and req.row.method] then return nil end
  local value, problem = M.read(world, header)
  if not value then return nil, problem end
  return (auth.principal(world, req) or "") .. "\n" .. value
end

local function entry_of(world, name)
  local entry = world.v2.idempotency[name]
  if entry and entry.expires_at and world:now() >= entry.expires_at then
    world.v2.idempotency[name] = nil
    return nil
  end
  return entry
end

local SWEEP = 4096

-- Every so many answers the forgotten ones leave the memory too.
local function sweep(world)
  local v2 = world.v2
  v2.answers = (v2.answers or 0) + 1
  if v2.answers % SWEEP ~= 0 then return end
  for name in pairs(v2.idempotency) do entry_of(world, name) end
end

local function is_busy(world, entry)
  return entry.busy and (entry.busy_until == nil or world:now() < entry.busy_until)
end

-- The stored answer; a copy, as the first caller may still hold the original.
local function replay(entry)
  return entry.status, view.copy(entry.body), view.copy(entry.headers)
end

--- What the header says about a request that is about to run.
---@param world table
---@param req table
---@return integer|nil status nil when the request is to run
---@return table|nil body
---@return table|nil headers
function M.before(world, req)
  local name, problem = slot(world, req)
  if problem then return answer.fail("INVALID_REQUEST", "Idempotency-Key " .. problem) end
  local entry = name and entry_of(world, name)
  if not entry then return nil end
  local same = entry.fingerprint == nil or entry.fingerprint == fingerprint(req)
  local reused = settings.get(world, "v2_reused_key")
  if not same and reused == "refuse" then
    return answer.fail("INVALID_REQUEST", "the Idempotency-Key was used for another request")
  elseif not same and reused == "run" then
    return nil
  elseif is_busy(world, entry) then
    return answer.fail("IDEMPOTENCY_OUTSTANDING_REQUEST",
      "the first request with this Idempotency-Key is still running")
  elseif entry.status then
    return replay(entry)
  end
end

--- Remembers the answer of a request that has run. Call it once per answer that a handler, or
-- the check before it, produced; not for answers of `before`.
---@param world table
---@param req table
---@param status integer
---@param body any
---@param headers table|nil
function M.after(world, req, status, body, headers)
  local name = slot(world, req)
  if not name then return end
  local entry = entry_of(world, name) or {}
  world.v2.idempotency[name] = entry
  sweep(world)
  entry.fingerprint = fingerprint(req)
  entry.status, entry.body, entry.headers = status, view.copy(body), view.copy(headers)
  entry.expires_at = world:now() + LIFE
end

--- Marks a request as still running: others with its key are answered 409 until then, whether or
-- not its answer is known already. For faults that delay or lose an answer.
---@param world table
---@param req table
---@param until_ number|nil unix seconds of the sandbox's clock; until `release` when absent
function M.hold(world, req, until_)
  local name = slot(world, req)
  if not name then return end
  local entry = entry_of(world, name) or { fingerprint = fingerprint(req) }
  world.v2.idempotency[name] = entry
  entry.busy, entry.busy_until = true, until_
end

--- Ends a `hold`; a request that never finished may then run anew.
---@param world table
---@param req table
function M.release(world, req)
  local name = slot(world, req)
  local entry = name and world.v2.idempotency[name]
  if not entry then return end
  entry.busy, entry.busy_until = nil, nil
  if not entry.status then world.v2.idempotency[name] = nil end
end

M.actions = {}

--- Marks a key of this sandbox's secret as outstanding, as if its first request still ran.
---@param world table
---@param args table { key, seconds? = until released }
---@return boolean ok
function M.actions.outstanding(world, args)
  local name = world.config.api_secret .. "\n" .. args.key
  local entry = entry_of(world, name) or {}
  world.v2.idempotency[name] = entry
  entry.busy = true
  entry.busy_until = args.seconds and world:now() + args.seconds or nil
  return true
end

--- Ends `outstanding`.
---@param world table
---@param args table { key }
---@return boolean ok
function M.actions.settle_key(world, args)
  local name = world.config.api_secret .. "\n" .. args.key
  local entry = world.v2.idempotency[name]
  if entry then
    entry.busy, entry.busy_until = nil, nil
    if not entry.status then world.v2.idempotency[name] = nil end
  end
  return true
end

return M
