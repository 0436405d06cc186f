-- SPDX-License-Identifier: MIT
--- What the paged and the cursor lists of the V2 API have in common: pages, time windows, sorting.

local answer = require "portone.sandbox.v2.answer"
local time = require "portone.sandbox.v2.time"
local view = require "portone.sandbox.v2.view"

local M = {}

local WINDOW = 90 * time.DAY
local MAX_ROWS = 60000

-- A whole number of at least `least`; the input types say int32.
local function number(path, value, default, least)
  if value == nil then return default end
  if type(value) ~= "number" or value % 1 ~= 0 or value < least then
    answer.invalid(path, "expected an integer of at least " .. least)
  end
  return value
end

--- The page a request asks for. Source: PageInput (number 0 and size 10 by default) and the limit
-- on (number + 1) × size that the payment list states.
---@param input table|nil PageInput
---@return table page { number, size }
function M.page(input)
  input = input or {}
  local page = { number = number("page.number", input.number, 0, 0),
    size = number("page.size", input.size, 10, 1) }
  if (page.number + 1) * page.size > MAX_ROWS then
    answer.invalid("page", "(number + 1) * size must not exceed 60000")
  end
  return page
end

--- Reads a timestamp of a filter.
---@param path string
---@param text string|nil
---@return number|nil unix seconds
function M.moment(path, text)
  if text == nil then return nil end
  return time.parse(text) or answer.invalid(path, "expected an RFC 3339 timestamp")
end

--- The time window of a filter, both ends included: until now, from 90 days before that.
---@param world table
---@param filter table with from? and until?
---@return number from unix seconds
---@return number until_ unix seconds
function M.window(world, filter)
  local last = M.moment("until", filter["until"]) or world:now()
  local first = M.moment("from", filter.from) or last - WINDOW
  return first, last
end

--- Whether a list names a value; an absent or empty list names all.
---@param list table|nil
---@param value any
---@return boolean
function M.names(list, value)
  if list == nil or #list == 0 then return true end
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

--- Whether a filter's value, when given, equals the record's.
---@param wanted any
---@param value any
---@return boolean
function M.equals(wanted, value)
  return wanted == nil or wanted == value
end

--- Sorts records by a time, newest first unless told otherwise; ties keep their order of making.
---@param records table
---@param key function record → unix seconds or nil
---@param order string|nil "DESC" | "ASC"
function M.sort(records, key, order)
  local ascending = order == "ASC"
  table.sort(records, function(a, b)
    local x, y = key(a) or 0, key(b) or 0
    if x ~= y then
      if ascending then return x < y end
      return x > y
    end
    if ascending then return a.seq < b.seq end
    return a.seq > b.seq
  end)
end

--- The records that pass a filter.
---@param list table
---@param passes function record → boolean
---@return table
function M.select(list, passes)
  local out = {}
  for _, record in ipairs(list) do
    if passes(record) then out[#out + 1] = record end
  end
  return out
end

--- The answer of a paged list. totalCount counts what matches, not what the page holds.
---@param records table sorted
---@param page table
---@param fn function record → view
---@return table
function M.paged(records, page, fn)
  local items = {}
  local first = page.number * page.size
  for i = first + 1, math.min(first + page.size, #records) do
    items[#items + 1] = fn(records[i])
  end
  return { items = view.array(items), page = view.page(page, #records) }
end

--- The answer of a cursor list: what follows the cursor, oldest first.
---@param records table in ascending seq
---@param body table { cursor?, size? }
---@param fn function record → item, without its cursor
---@return table
function M.after(records, body, fn)
  local size = number("size", body.size, 10, 1)
  if size > 1000 then answer.invalid("size", "must not exceed 1000") end
  local seq = 0
  if body.cursor then
    seq = tonumber(tostring(body.cursor):match("^c(%d+)$"))
      or answer.invalid("cursor", "is not one that this list gave out")
  end
  local items = {}
  for _, record in ipairs(records) do
    if #items == size then break end
    if record.seq > seq then
      local item = fn(record)
      item.cursor = string.format("c%d", record.seq)
      items[#items + 1] = item
    end
  end
  return { items = view.array(items) }
end

return M
