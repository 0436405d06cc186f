-- SPDX-License-Identifier: MIT
-- Pages, sorting and look-up arguments of the V1 lists.

local values = require "portone.sandbox.v1.values"

local M = {}

local SORT_FIELD = { started = "started_at", paid = "paid_at", updated = "updated_at" }

--- Sorts payments in place. Equal times keep the order in which the payments began.
---@param payments table[]
---@param sorting? string "-started" (default), "started", "-paid", "paid", "-updated", "updated"
---@return table[] payments
function M.sort(payments, sorting)
  local minus, name = tostring(sorting or "-started"):match("^(%-?)(%a+)$")
  local field, down = SORT_FIELD[name] or "started_at", minus == "-"
  table.sort(payments, function(a, b)
    local x, y = a[field] or 0, b[field] or 0
    if x == y then x, y = a.seq, b.seq end
    if down then return x > y end
    return x < y
  end)
  return payments
end

--- Cuts one page out of a list.
---@param list any[]
---@param query table `page` from 1, `limit` 1 to 1000
---@param limit? integer default page size, default 20
---@return any[] page
---@return table info { total, previous, next }, 0 where there is no such page
---@return boolean beyond the page is beyond the last one
function M.cut(list, query, limit)
  local page = math.max(1, tonumber(query.page) or 1)
  local size = math.min(1000, math.max(1, tonumber(query.limit) or limit or 20))
  local pages = math.ceil(#list / size)
  local out = {}
  for i = (page - 1) * size + 1, math.min(page * size, #list) do table.insert(out, list[i]) end
  local info = {
    total = #list,
    previous = page > 1 and page - 1 or 0,
    next = page < pages and page + 1 or 0,
  }
  return out, info, page > math.max(1, pages)
end

--- The paged answer of payment lists.
---@param info table from `cut`
---@param list table what the page holds, as shown
---@return table
function M.paged(info, list)
  return { total = info.total, previous = info.previous, next = info.next,
    list = values.array(list) }
end

--- An argument that may come as a list, as one value, or under its bracketed name.
---@param args table
---@param name string without brackets
---@return any[] list empty when absent
function M.list_of(args, name)
  local value = args[name]
  if value == nil then value = args[name .. "[]"] end
  if type(value) ~= "table" then return { value } end
  return value
end

--- A boolean that may come as text in a query or form.
---@param value any
---@return boolean
function M.truth(value)
  return value == true or value == "true" or value == "1" or value == 1
end

return M
