-- SPDX-License-Identifier: MIT
-- Every page of a list, one item at a time. How an operation pages is a field of its row;
-- each way is one entry of 'ways'. Spans of time longer than the API takes in one request
-- are cut into several.

local M = {}

local SIZE = 100  -- items a page, where the caller does not say

local function copy(t)
  local out = {}
  for k, v in pairs(t or {}) do
    out[k] = v
  end
  return out
end

-- {====== Ways to turn a page ======
-- first(args, row): arguments of the first page. after(args, answer, items, row): of the
-- next one, or nil at the end.

local ways = {}

-- V2: page = { number from 0, size }; the answer has page.totalCount.
ways.page = {
  first = function(args)
    args = copy(args)
    args.page = copy(args.page)
    args.page.number = args.page.number or 0
    args.page.size = args.page.size or SIZE
    return args
  end,
  after = function(args, answer, items, row)
    local page = args.page
    local seen = page.number * page.size + #items
    local total = answer.page and answer.page.totalCount
    local window = row.page_window
    if #items < page.size or (total and total > #items and seen >= total) then
      return nil
    elseif window and (page.number + 2) * page.size > window then
      return nil, ("the API shows the first %d items only: narrow the filter, or use an "
        .. "operation with a cursor"):format(window)
    end
    args = copy(args)
    args.page = { number = page.number + 1, size = page.size }
    return args
  end,
}

-- V2: the cursor of the last item leads on; a short page is the last.
ways.cursor = {
  first = function(args)
    args = copy(args)
    args.size = args.size or SIZE
    return args
  end,
  after = function(args, _, items)
    local last = items[#items]
    if #items < args.size or not (last and last.cursor) then
      return nil
    end
    args = copy(args)
    args.cursor = last.cursor
    return args
  end,
}

ways.pageNumber = {
  first = function(args)
    args = copy(args)
    args.pageNumber, args.pageSize = args.pageNumber or 0, args.pageSize or SIZE
    return args
  end,
  after = function(args, _, items)
    if #items < args.pageSize then
      return nil
    end
    args = copy(args)
    args.pageNumber = args.pageNumber + 1
    return args
  end,
}

-- V1: page from 1; the answer says which page is next, 0 when there is none.
local function v1_first(args, row)
  args = copy(args)
  args.page = args.page or 1
  if row.query.limit then
    args.limit = args.limit or SIZE
  end
  return args
end

ways.next = {
  first = v1_first,
  after = function(args, answer)
    if not answer.next or answer.next == 0 then
      return nil
    end
    args = copy(args)
    args.page = answer.next
    return args
  end,
}

-- V1: a plain list, so that only a short or an empty page shows the end.
ways.list = {
  first = v1_first,
  after = function(args, _, items)
    if #items == 0 or (args.limit and #items < args.limit) then
      return nil
    end
    args = copy(args)
    args.page = args.page + 1
    return args
  end,
}

-- An operation without pages is its own only page.
local single = { first = copy, after = function() return nil end }

-- }=================================

-- {====== Spans of time ======

local function span(window)
  return window.days and window.days * 86400 or window.months * 28 * 86400
end

-- The parts of [from, to] that the API takes, in the order in which it sorts.
local function windows(row, args)
  local window = row.window
  local from, to = window and args[window.from], window and args[window.to]
  if type(from) ~= "number" or type(to) ~= "number" or to - from <= span(window) then
    return { args }
  end
  local parts, step = {}, span(window)
  while from < to do
    local part = copy(args)
    part[window.from], part[window.to] = from, math.min(from + step, to)
    parts[#parts + 1] = part
    from = part[window.to] + (window.inclusive and 1 or 0)
  end
  local sorting = args.sorting
  local oldest_first = sorting and sorting:sub(1, 1) ~= "-"
  if not oldest_first then
    for i = 1, math.floor(#parts / 2) do
      parts[i], parts[#parts + 1 - i] = parts[#parts + 1 - i], parts[i]
    end
  end
  return parts
end

-- }===========================

---An iterator over every item of a list. Raises the call's error object when a page fails.
---@param run fun(row: table, args: table, opts: table?): any, any
---@param row table
---@param args? table  as for the operation; the page and size given are the first page's
---@param opts? table
---@return fun(): any
function M.each(run, row, args, opts)
  local way = ways[row.paging] or single
  local parts, part = windows(row, args or {}), 1
  local nextargs, items, i = way.first(parts[1], row), {}, 0
  local function turn()
    local answer, err = run(row, nextargs, opts)
    if answer == nil then
      error(err, 0)
    end
    items, i = row.list and answer[row.list] or answer, 0
    local problem
    nextargs, problem = way.after(nextargs, answer, items, row)
    if problem then
      error(M.fault { kind = "invalid_request", message = problem, operation = row.name }, 0)
    end
    if not nextargs and parts[part + 1] then
      part = part + 1
      nextargs = way.first(parts[part], row)
    end
  end
  return function()
    while i >= #items do
      if not nextargs then
        return nil
      end
      turn()
    end
    i = i + 1
    return items[i]
  end
end

---Every item of a list, or the first of them.
---@param each fun(): any  from M.each
---@param limit? integer
---@return any[]
function M.collect(each, limit)
  local out = {}
  while not (limit and #out >= limit) do
    local item = each()
    if item == nil then
      break
    end
    out[#out + 1] = item
  end
  return out
end

M.fault = require("portone.error").new

return M
