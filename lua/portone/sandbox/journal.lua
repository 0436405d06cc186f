-- SPDX-License-Identifier: MIT
-- What the sandbox has seen and done, in order, fit to be printed: secrets and card data are
-- masked when an entry is written, not when it is read.

local redact = require "portone.redact"

local wire = require "portone.sandbox.wire"

local M = {}

---@class portone.sandbox.entry
---@field n integer    counts up, also over entries that were dropped
---@field at number    unix seconds of the sandbox's clock
---@field kind "request"|"webhook"|"charge"|"cancel"|"window"|"confirm"|"timer"|string

---@class portone.sandbox.journal
local methods = {}
local mt = { __name = "portone.sandbox.journal", __index = methods }

-- Movements of money are never dropped, however many requests come.
local kept = { charge = true, cancel = true }

---A new journal.
---@param limit integer requests and webhooks that are kept, at least
---@return portone.sandbox.journal
function M.new(limit)
  return setmetatable({ entries = {}, count = 0, limit = limit, droppable = 0 }, mt)
end

-- Half of what may be dropped goes at once, so that dropping costs little per entry.
local function drop_oldest(self)
  local out, surplus = {}, self.droppable - self.limit
  for _, entry in ipairs(self.entries) do
    if surplus > 0 and not kept[entry.kind] then
      surplus = surplus - 1
      self.droppable = self.droppable - 1
    else
      out[#out + 1] = entry
    end
  end
  local entries = self.entries
  for i = 1, math.max(#entries, #out) do
    entries[i] = out[i]
  end
end

---Appends an entry; it may be completed by its writer later.
---@param kind string
---@param at number
---@param fields table becomes the entry
---@return portone.sandbox.entry
function methods:add(kind, at, fields)
  self.count = self.count + 1
  fields.n, fields.at, fields.kind = self.count, at, kind
  self.entries[#self.entries + 1] = fields
  if not kept[kind] then
    self.droppable = self.droppable + 1
    if self.droppable > 2 * self.limit then
      drop_oldest(self)
    end
  end
  return fields
end

-- A text that was sent to us, fit for JSON and for a log.
local function safe_text(text)
  return redact.text(wire.is_utf8(text) and text or (text:gsub("[\128-\255]", "?")))
end

-- Header values that say who asks.
local secret_headers = { authorization = true, cookie = true, ["proxy-authorization"] = true }

---A copy of headers without what they prove.
---@param headers table<string, string>
---@return table<string, string>
function M.headers(headers)
  local out = {}
  for name, value in pairs(headers) do
    if secret_headers[name] then
      out[name] = (value:match("^%a+%s") or "") .. redact.MASK
    else
      out[name] = safe_text(value)
    end
  end
  return out
end

---A copy of a body or query without secrets.
---@param value any
---@return any
function M.body(value)
  if type(value) == "string" then
    return safe_text(value)
  end
  return redact.copy(value)
end

local function matches(entry, filter)
  for name, wanted in pairs(filter) do
    if name == "since" then
      if entry.n <= wanted then
        return false
      end
    elseif name == "op" and type(wanted) == "string" and wanted:sub(-1) == "*" then
      if tostring(entry.op):sub(1, #wanted - 1) ~= wanted:sub(1, -2) then
        return false
      end
    elseif entry[name] ~= wanted then
      return false
    end
  end
  return true
end

---Entries whose fields equal those of the filter; `op` may end in "*", `since` asks for
---entries after that `n`.
---@param filter? table
---@return portone.sandbox.entry[]
function methods:list(filter)
  local out = {}
  for _, entry in ipairs(self.entries) do
    if matches(entry, filter or {}) then
      out[#out + 1] = entry
    end
  end
  return out
end

return M
