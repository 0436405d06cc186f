-- SPDX-License-Identifier: MIT
-- Webhooks on their way out: body, signature, retries by the documented tables, on the
-- sandbox's clock. The sending itself is host.deliver's (src/sandbox/courier.c).
--
-- V2: Standard Webhooks signatures; six attempts in all, 0, 1, 4, 16, 64 and 256 minutes apart;
-- any 2xx is success. V1: unsigned, one attempt; with the setting `v1_webhook_retry` five more,
-- a minute apart, after a network error or a 5xx.

local core = require "portone.core"
local json = require "portone.json"

local journal = require "portone.sandbox.journal"

local M = {}

-- So much of a receiver's answer is in the journal.
local SHOWN = 4096

local V2_WAITS = { 60, 240, 960, 3840, 15360 }
local V1_WAITS = { 60, 60, 60, 60, 60 }
local V1_TIMEOUT, V1_RETRY_TIMEOUT, V2_TIMEOUT = 40, 15, 60

---@class portone.sandbox.webhook
---@field id string          webhook-id of V2, the same on every attempt
---@field api "v1"|"v2"
---@field url string
---@field type? string       V2 event
---@field body string        as sent
---@field content_type string
---@field state "waiting"|"delivered"|"failed"|"skipped"
---@field attempts table[]   { at, status, error, answer }
---@field retry_at? number   when the next attempt is due

local function form(fields)
  local names, out = {}, {}
  for name in pairs(fields) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    local value = fields[name]
    if type(value) == "table" then
      value = json.encode(value)
    end
    out[i] = core.escape(name) .. "=" .. core.escape(tostring(value))
  end
  return table.concat(out, "&")
end

-- Body and its content type. JSON unless the console says form, which V2 has in its old
-- version only.
local function encode(fields, as_form)
  if as_form then
    return form(fields), "application/x-www-form-urlencoded"
  end
  return assert(json.encode(fields)), "application/json"
end

-- Version 2024-01-01 knows the status of a transaction and nothing of billing keys.
local old_statuses = {
  ["Transaction.Ready"] = "Ready", ["Transaction.Paid"] = "Paid",
  ["Transaction.VirtualAccountIssued"] = "VirtualAccountIssued",
  ["Transaction.PartialCancelled"] = "PartialCancelled",
  ["Transaction.Cancelled"] = "Cancelled", ["Transaction.Failed"] = "Failed",
  ["Transaction.PayPending"] = "PayPending", ["Transaction.CancelPending"] = "CancelPending",
}

local function old_body(kind, data)
  if kind == "Transaction.Confirm" then
    return { payment_id = data.paymentId, tx_id = data.transactionId,
      total_amount = data.totalAmount }
  end
  local status = old_statuses[kind]
  return status and { payment_id = data.paymentId, tx_id = data.transactionId, status = status }
end

---The webhook-signature header: one entry for every secret in use.
---@param secrets string[]  "whsec_" and base64
---@param id string
---@param timestamp number  unix seconds
---@param body string
---@return string
function M.signature(secrets, id, timestamp, body)
  local out = {}
  for i, secret in ipairs(secrets) do
    local key = assert(core.unbase64((secret:gsub("^whsec_", ""))), "webhook secret: not base64")
    local mac = core.hmac_sha256(key, ("%s.%.0f.%s"):format(id, timestamp, body))
    out[i] = "v1," .. core.base64(mac)
  end
  return table.concat(out, " ")
end

-- Is the host of a URL this machine? Others would get real requests about invented payments.
local function is_loopback(url)
  local authority = url:lower():match("^https?://([^/?#]*)")
  if not authority then
    return false
  end
  local host = authority:gsub("^.*@", ""):gsub(":%d*$", "")
  return host == "localhost" or host:find("%.localhost$") ~= nil
    or host:find("^127%.%d+%.%d+%.%d+$") ~= nil or host == "[::1]"
end

---@class portone.sandbox.deliver
local methods = {}
local mt = { __name = "portone.sandbox.deliver", __index = methods }

---@param world table
---@param host table  what src/sandbox/lprivate.c hands to a server's module
---@return portone.sandbox.deliver
function M.new(world, host)
  return setmetatable({ world = world, host = host, flying = {}, flights = 0, held = {} }, mt)
end

local function headers_of(self, hook, forged)
  local lines = { "Content-Type: " .. hook.content_type }
  if hook.api == "v1" then
    return lines
  end
  local config = self.world.config
  -- Receivers judge the age of a webhook by their own clock, which is not the sandbox's.
  local now = config.settings.webhook_clock == "sandbox" and self.world:now()
    or math.floor(core.now())
  local body = forged and hook.body .. " " or hook.body
  lines[2] = "webhook-id: " .. hook.id
  lines[3] = ("webhook-timestamp: %.0f"):format(now)
  lines[4] = "webhook-signature: " .. M.signature(config.webhook_secrets, hook.id, now, body)
  return lines
end

-- One attempt, now. 'again' is not the attempt's own but a copy that a fault sends.
local function attempt(self, hook, forged, again)
  local world = self.world
  local entry = world:note("webhook", {
    api = hook.api, op = hook.op, type = hook.type, id = hook.id, url = hook.url,
    body = hook.fields, attempt = #hook.attempts + (again and 0 or 1), duplicate = again or nil,
  })
  local try = { at = world:now(), entry = entry }
  if not again then
    hook.attempts[#hook.attempts + 1] = try
    hook.retry_at = nil
  end
  self.flights = self.flights + 1
  local id = ("%.0f"):format(self.flights)
  local timeout = hook.api == "v2" and V2_TIMEOUT
    or #hook.attempts > 1 and V1_RETRY_TIMEOUT or V1_TIMEOUT
  self.flying[id] = { hook = hook, try = try, again = again }
  if not self.host.deliver(id, hook.url, headers_of(self, hook, forged), hook.body, timeout) then
    self:delivered(id, nil, "", "not enough memory")
  end
end

-- Webhooks that a fault holds back go out behind the one that came after them.
local function release(self)
  local held = self.held
  self.held = {}
  for _, hook in ipairs(held) do
    attempt(self, hook)
  end
end

-- The first attempt of a new webhook, with the faults that strike it.
local function send(self, hook)
  local forged, copies, delay, hold
  for _, fault in ipairs(self.world.faults:draw(hook.op, true)) do
    local kind = fault.kind.webhook
    if kind == "drop" then
      hook.state = "skipped"
      self.world:note("webhook", { api = hook.api, op = hook.op, type = hook.type, id = hook.id,
        url = hook.url, body = hook.fields, skipped = "dropped by a fault" })
      return
    end
    forged = forged or kind == "bad_signature"
    copies = (copies or 0) + (kind == "duplicate" and 1 or 0)
    delay = kind == "delay" and fault.rule.seconds or delay
    hold = hold or kind == "reorder"
  end
  if hold then
    table.insert(self.held, hook)
  elseif delay then
    self.world:at(self.world:now() + delay, function() attempt(self, hook, forged) end)
  else
    attempt(self, hook, forged)
    for _ = 1, copies or 0 do
      attempt(self, hook, forged, true)
    end
    release(self)
  end
end

-- What keeps a webhook from being sent at all.
local function obstacle(self, url)
  if not url then
    return "no URL configured"
  end
  if not self.world.config.settings.webhook_remote and not is_loopback(url) then
    return "not an address of this machine (setting webhook_remote sends it)"
  end
end

local function queue(self, api, urls, console_url, kind, make)
  local hooks, world = {}, self.world
  local op = kind and "webhook." .. api .. "." .. kind or "webhook." .. api
  local list = type(urls) == "table" and urls or { urls }
  if #list == 0 then
    list = { console_url or false }
  end
  for i, url in ipairs(list) do
    local hook = { api = api, op = op, type = kind, url = url or nil, id = world:uuid(),
      state = "waiting", attempts = {} }
    hook.fields, hook.body, hook.content_type = make()
    local skipped = not hook.fields and "this webhook version has no such event"
      or obstacle(self, hook.url)
    hooks[i] = hook
    if skipped then
      hook.state = "skipped"
      world:note("webhook", { api = api, op = op, type = kind, id = hook.id, url = hook.url,
        body = hook.fields, skipped = skipped })
    else
      send(self, hook)
    end
  end
  return hooks
end

---Sends a V1 webhook now.
---@param urls? string|string[]  notice_url; the console's when absent or empty
---@param body table
---@return portone.sandbox.webhook[]
function methods:v1(urls, body)
  local config = self.world.config
  return queue(self, "v1", urls, config.v1_webhook_url, nil, function()
    return body, encode(body, config.settings.v1_webhook_content_type == "form")
  end)
end

---Sends a V2 webhook now, in the version that the console is set to.
---@param urls? string[]  noticeUrls; the console's when absent or empty
---@param kind string     "Transaction.Paid"
---@param data table
---@return portone.sandbox.webhook[]
function methods:v2(urls, kind, data)
  local world, config = self.world, self.world.config
  local timestamp = world:iso(world:now())
  return queue(self, "v2", urls, config.webhook_url, kind, function()
    if config.webhook_version == "2024-01-01" then
      local body = old_body(kind, data)
      if not body then
        return nil
      end
      return body, encode(body, config.settings.webhook_content_type == "form")
    end
    local body = { type = kind, timestamp = timestamp, data = data }
    return body, encode(body, false)
  end)
end

-- What a fault does to a question: "drop" loses it, "bad_signature" forges it.
local function question_faults(self, op)
  local drop, forged
  for _, fault in ipairs(self.world.faults:draw(op, true)) do
    drop = drop or fault.kind.webhook == "drop"
    forged = forged or fault.kind.webhook == "bad_signature"
  end
  return drop, forged
end

---Asks the shop before a payment is approved (confirm_url of V1, confirmUrl of V2). It is asked
---once; there is no second attempt.
---@param api "v1"|"v2"
---@param url string
---@param body table      V1's body, or the data of V2's Transaction.Confirm
---@param timeout number  seconds for all of it
---@param done fun(status?: integer, body: string, message: string)  no status: no answer
---@return string op  what faults know it by
function methods:ask(api, url, body, timeout, done)
  local world, settings = self.world, self.world.config.settings
  local kind = api == "v2" and "Transaction.Confirm" or "confirm"
  local hook = { api = api, op = "webhook." .. api .. "." .. kind, url = url, id = world:uuid() }
  local as_form = settings.v1_webhook_content_type == "form"
  if api == "v2" and world.config.webhook_version == "2024-01-01" then
    body, as_form = old_body(kind, body), settings.webhook_content_type == "form"
  elseif api == "v2" then
    body, as_form = { type = kind, timestamp = world:iso(world:now()), data = body }, false
  end
  hook.body, hook.content_type = encode(body, as_form)
  local problem = obstacle(self, url)
  local drop, forged = question_faults(self, hook.op)
  if problem or drop then
    done(nil, "", problem or "dropped by a fault")
    return hook.op
  end
  self.flights = self.flights + 1
  local id = ("%.0f"):format(self.flights)
  self.flying[id] = { done = done }
  if not self.host.deliver(id, url, headers_of(self, hook, forged), hook.body, timeout) then
    self:delivered(id, nil, "", "not enough memory")
  end
  return hook.op
end

---Sends a webhook once more, now, whatever became of it.
---@param hook portone.sandbox.webhook
function methods:resend(hook)
  attempt(self, hook)
end

-- Whether and when a failed attempt is followed by another.
local function wait_of(self, hook, status)
  local n = #hook.attempts
  if hook.api == "v2" then
    local wait = V2_WAITS[n]
    if wait and self.world.config.settings.webhook_jitter then
      wait = wait * self.world:random()
    end
    return wait
  end
  if self.world.config.settings.v1_webhook_retry and (not status or status >= 500) then
    return V1_WAITS[n]
  end
end

---The result of an attempt, from the courier.
---@param id string
---@param status? integer  nil: no answer
---@param body string      of the answer
---@param message string   why there was none
function methods:delivered(id, status, body, message)
  local flight = self.flying[id]
  self.flying[id] = nil
  if not flight then
    return
  elseif flight.done then
    return flight.done(status, body, message)
  end
  local hook, try = flight.hook, flight.try
  try.status, try.answer = status, body
  try.error = not status and message or nil
  try.entry.status, try.entry.error = status, try.error
  try.entry.answer = status and body ~= "" and journal.body(body:sub(1, SHOWN)) or nil
  if flight.again then
    return
  end
  if status and status >= 200 and status <= 299 then
    hook.state = "delivered"
    return
  end
  if hook.state == "delivered" then
    return
  end
  local wait = wait_of(self, hook, status)
  hook.state = wait and "waiting" or "failed"
  if wait then
    hook.retry_at = try.at + wait
    try.entry.retry_at = hook.retry_at
    self.world:at(hook.retry_at, function() attempt(self, hook) end)
  end
end

---Webhooks held back by a fault go out now.
function methods:release()
  release(self)
end

return M
