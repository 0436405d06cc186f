-- A sandbox's world and V1 books without a server, for the specs of the handlers.

local assert = require "luassert"
local api = require "portone.api"
local books = require "portone.sandbox.v1"
local json = require "portone.json"
local world_of = require "portone.sandbox.world"

local M = { null = json.null }

M.START = 1767225600 -- 2026-01-01T00:00:00Z

M.PGS = { "tosspayments", "nice_v2", "kcp", "tosspay_v2", "ksnet", "html5_inicis", "smartro_v2",
  "naverpay", "kakaopay", "payco", "paypal_v2", "settle", "welcome", "galaxia", "danal", "kcp_v2",
  "kcp_quick", "naverco", "paymentwall", "kicc" }

-- Nothing is delivered: what would be is kept in `world.sent`.
local host = { deliver = function() end, pending = function() return 0 end,
  notify = function() end, ports = {} }

-- A world of its own; `channel-key-<pg>` is the key of a PG's channel, tosspayments the default.
function M.world(settings, config)
  local channels = {}
  for i, pg in ipairs(M.PGS) do
    channels[i] = { key = "channel-key-" .. pg, pg = pg, pg_id = pg .. "_mid", name = pg,
      default = i == 1 }
  end
  local given = { seed = "v1", time = M.START, imp_key = "key", imp_secret = "secret",
    channels = channels, settings = settings, v1_webhook_url = "http://console.invalid/hook" }
  for name, value in pairs(config or {}) do given[name] = value end
  local world = world_of.new(given, host)
  world.sent = {}
  function world.webhook_v1(self, urls, body)
    table.insert(self.sent, { urls = urls, body = body })
  end
  function world.advance(self, seconds)
    local target = self:now() + seconds
    repeat local ran = self:run_some(target) until ran == 0
    self.clock:move(target)
    for _, entry in ipairs(self.journal) do assert.is_nil(entry.error) end
  end
  books.open(world)
  return world
end

local function row(name)
  local group, op = name:match("^v1%.([%w_]+)%.(.+)$")
  return assert(api.find("v1", group, op), "no row " .. name)
end
M.row = row

local is_type = {
  string = function(v) return type(v) == "string" end,
  boolean = function(v) return type(v) == "boolean" end,
  number = function(v) return type(v) == "number" end,
  integer = function(v) return type(v) == "number" and v % 1 == 0 end,
  array = function(v) return type(v) == "table" end,
  object = function(v) return type(v) == "table" end,
}

-- What of an answer is not as the specification says, as "path: problem".
local function misfit(field, value, path)
  if value == nil or value == json.null then
    return field.required and path .. ": missing" or nil
  end
  if not is_type[field.type](value) then return path .. ": not " .. field.type end
  if field.max and type(value) == "string" then
    local _, length = value:gsub("[^\128-\191]", "")
    if length > field.max then return path .. ": too long" end
  end
  for i, item in ipairs(field.items and value or {}) do
    local problem = misfit(field.items, item, path .. "[" .. i .. "]")
    if problem then return problem end
  end
  local shape = field.ref and api.type("v1", field.ref) or field
  for _, case in ipairs(shape.shapes or {}) do
    if not case.has or value[case.has] ~= nil then
      shape = api.type("v1", case.ref)
      break
    end
  end
  for name, member in pairs(shape.fields or {}) do
    local problem = misfit(member, value[name], path .. "." .. name)
    if problem then return problem end
  end
  for name in pairs(shape.fields and value or {}) do
    if not shape.fields[name] then return path .. "." .. name .. ": not documented" end
  end
end

M.misfit = misfit

-- Calls a handler; returns the response part, then code, message, HTTP status.
function M.call(world, name, args, headers)
  args = args or {}
  local handler = assert(books.handlers[name], "no handler " .. name)
  local operation = row(name)
  local status, body = handler(world, { row = operation, path = args.path or {},
    query = args.query or {}, body = args.body or {}, headers = headers or {}, now = world:now() })
  assert.is_number(status)
  if body == nil then return nil, nil, nil, status end
  assert.truthy(json.encode(body))
  if body.code == 0 and operation.result then
    assert.is_nil(misfit(operation.result, body.response, name))
  end
  return body.response, body.code, body.message, status
end

-- Calls a handler that is to succeed.
function M.ok(world, name, args)
  local response, code, message, status = M.call(world, name, args)
  assert.equals(0, code, tostring(message))
  assert.equals(200, status)
  return response
end

-- Calls a handler that is to be refused; returns the message.
function M.refused(world, name, args, status)
  local response, code, message, got = M.call(world, name, args)
  assert.is_true(code ~= 0)
  assert.equals(M.null, response)
  assert.is_string(message)
  assert.equals(status or 200, got, message)
  return message
end

local cards = require("portone.sandbox.cards").public()

-- Body with the card fields of a test card.
function M.card(name, body)
  local out = { card_number = cards[name].card_number, expiry = cards[name].expiry,
    birth = cards[name].birth, pwd_2digit = cards[name].pwd_2digit }
  for key, value in pairs(body or {}) do out[key] = value end
  return out
end

function M.issue(world, uid, card, body)
  return M.ok(world, "v1.customers.issue",
    { path = { customer_uid = uid }, body = M.card(card or "success", body) })
end

function M.again(world, uid, merchant_uid, amount, extra)
  local body = { customer_uid = uid, merchant_uid = merchant_uid, amount = amount, name = "pass" }
  for key, value in pairs(extra or {}) do body[key] = value end
  return M.call(world, "v1.subscribe.again", { body = body })
end

function M.schedule(world, uid, items, extra)
  local body = { customer_uid = uid, schedules = items }
  for key, value in pairs(extra or {}) do body[key] = value end
  return M.call(world, "v1.subscribe.schedule", { body = body })
end

-- Money that moved, from the journal: charged minus cancelled.
function M.moved(world)
  local sum = 0
  for _, entry in ipairs(world.journal) do
    if entry.kind == "charge" and entry.outcome == "paid" then sum = sum + entry.amount end
    if entry.kind == "cancel" then sum = sum - entry.amount end
  end
  return sum
end

-- Money that the books hold.
function M.held(world)
  local sum = 0
  for _, payment in pairs(world.v1.payments) do
    if (payment.paid_at or 0) ~= 0 then sum = sum + payment.amount - payment.cancel_amount end
  end
  return sum
end

return M
