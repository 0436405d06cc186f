-- SPDX-License-Identifier: MIT
-- One sandbox's world: what it is configured to be, its clock, its source of ids, its journal,
-- its faults, its webhooks, and the books of both APIs (`v1`, `v2`), which are their own.

local core = require "portone.core"

local channels = require "portone.sandbox.channels"
local clock = require "portone.sandbox.clock"
local deliver = require "portone.sandbox.deliver"
local faults = require "portone.sandbox.faults"
local ids = require "portone.sandbox.ids"
local journal = require "portone.sandbox.journal"
local time = require "portone.time"

local M = {}

---@class portone.sandbox.world
---@field config table
---@field changes integer  goes up with whatever may have changed something; see console/
---@field journal portone.sandbox.entry[]
local methods = {}
local mt = { __name = "portone.sandbox.world", __index = methods }

M.JOURNAL_LIMIT = 20000

---Named settings of the server itself, and their defaults. The books have more.
M.settings = {
  -- Webhooks to other machines: false journals them as skipped.
  webhook_remote = false,
  -- webhook-timestamp: "real" is the machine's clock, by which receivers judge; or "sandbox".
  webhook_clock = "real",
  -- Full jitter on the waits between attempts, as PortOne has; off, so that runs are the same.
  webhook_jitter = false,
  -- Body of webhooks of version 2024-01-01 and of V1: "json" or "form".
  webhook_content_type = "json",
  v1_webhook_content_type = "json",
  -- V1's opt-in resending: five times, a minute apart.
  v1_webhook_retry = false,
  -- Who is asked before a payment is approved when its page names nobody (confirm_url,
  -- confirmUrl): a URL, or false.
  v1_confirm_url = false,
  v2_confirm_url = false,
  -- V2: a window does not open without a confirmUrl, as for a store that has the process on.
  v2_confirm_required = false,
  -- Seconds that the shop has to answer; V2's are not documented.
  v1_confirm_timeout = 10,
  v2_confirm_timeout = 10,
  -- Fields that the specification does not know: "ignore" as the API does, or "refuse".
  unknown_fields = "ignore",
}

-- What was not given is drawn from the seed, always in this order.
local function complete(world, given)
  local config = {}
  for name, value in pairs(given) do
    config[name] = value
  end
  world.config = config
  local function draw(name, value)
    if config[name] == nil then
      config[name] = value
    end
  end
  draw("imp_key", world:digits(16))
  draw("imp_secret", world:hex(80))
  draw("api_secret", world:hex(64))
  draw("store_id", "store-" .. world:uuid())
  draw("merchant_id", "merchant-" .. world:uuid())
  draw("webhook_secret", "whsec_" .. core.base64(world.ids:bytes(24)))
  draw("webhook_secrets", { config.webhook_secret })
  draw("webhook_version", "2024-04-25")
  config.settings = {}
  for name, value in pairs(M.settings) do
    config.settings[name] = value
  end
  for name, value in pairs(given.settings or {}) do
    config.settings[name] = value
  end
  config.channels = given.channels and channels.complete(world, given.channels)
    or channels.make(world)
end

---Makes a world.
---@param given table   the options of sandbox.start, checked
---@param host table    { deliver, pending, notify, ports }
---@return portone.sandbox.world
function M.new(given, host)
  local seed = given.seed or core.hex(core.random(8))
  local self = setmetatable({
    clock = clock.new(given.clock or "manual", given.time),
    ids = ids.new(seed), faults = faults.new(seed), host = host, changes = 0,
    log = journal.new(given.journal_limit or M.JOURNAL_LIMIT),
  }, mt)
  self.journal = self.log.entries
  complete(self, given)
  self.config.seed = seed
  self.config.clock = self.clock.kind
  self.deliver = deliver.new(self, host)
  return self
end

---@return number unix seconds of the sandbox's clock, whole
function methods:now()
  return self.clock:now()
end

---Runs a function when its time comes.
---@param due number unix seconds
---@param fn fun()
---@return portone.sandbox.timer
function methods:at(due, fn)
  return self.clock:at(due, fn)
end

---@param timer? portone.sandbox.timer
function methods:cancel(timer)
  self.clock:cancel(timer)
end

---@param unix number
---@return string "2026-01-02T03:04:05Z"
function methods.iso(_, unix)
  return time.rfc3339(unix)
end

---@return string
function methods:uuid()
  return self.ids:uuid()
end

---@param n integer
---@return string
function methods:digits(n)
  return self.ids:digits(n)
end

---@param n integer
---@return string
function methods:hex(n)
  return self.ids:hex(n)
end

---@return number from 0, below 1
function methods:random()
  return self.ids:random()
end

---@param key string
---@return table? channel
function methods:channel(key)
  for _, channel in ipairs(self.config.channels) do
    if channel.key == key then
      return channel
    end
  end
end

---@param pg? string  V1 code of the PG; the default channel when absent
---@return table? channel
function methods:default_channel(pg)
  local found
  for _, channel in ipairs(self.config.channels) do
    if pg and channel.pg == pg or not pg and channel.default then
      return channel
    end
    found = found or not pg and channel or nil
  end
  return found
end

---Appends to the journal.
---@param kind string
---@param fields table becomes the entry
---@return portone.sandbox.entry
function methods:note(kind, fields)
  return self.log:add(kind, self:now(), fields)
end

---Sends a V1 webhook now.
---@param urls? string|string[]
---@param body table
---@return portone.sandbox.webhook[]
function methods:webhook_v1(urls, body)
  return self.deliver:v1(urls, body)
end

---Sends a V2 webhook now.
---@param urls? string[]
---@param kind string
---@param data table
---@return portone.sandbox.webhook[]
function methods:webhook_v2(urls, kind, data)
  return self.deliver:v2(urls, kind, data)
end

---Sends a webhook once more.
---@param hook portone.sandbox.webhook
function methods:resend(hook)
  self.deliver:resend(hook)
end

---Runs timers that are due by a time, until one of them has sent something, so that its receiver
---meets the sandbox at that very time, or until there have been many.
---@param limit number unix seconds
---@return integer ran
function methods:run_some(limit)
  local sent = self.deliver.flights
  for ran = 0, 999 do
    local one, problem = self.clock:run_next(limit)
    if not one then
      return ran
    end
    if problem then
      self:note("timer", { error = problem })
    end
    if self.deliver.flights > sent then
      return ran + 1
    end
  end
  return 1000
end

---Runs all timers that are due by now.
---@return integer ran
function methods:run_due()
  local all = 0
  repeat
    local ran = self:run_some(self:now())
    all = all + ran
  until ran == 0
  return all
end

return M
