-- SPDX-License-Identifier: MIT
-- Every page of a list, one item at a time. How an operation pages is a field of its row;
-- each way is one entry of 'ways'. Spans of time longer than the API takes in one request
-- are cut into several.

local core = require "portone.core"
local errors = require "portone.error"
local null = require("portone.json").null

local M = {}

local SIZE = 100  -- items a page, where the caller does not say

-- Null is as good as absent.
local function copy(t)
  local out = {}
  for k, v in pairs(t or {}) do
    if v ~= null then
      out[k] = v
    end
  end
  return out
end

-- {====== Ways to turn a page ======
-- first(args, row, size): arguments of the first page. after(args, answer, items, row): of the
-- next one, or nil at the end. A page without items is always the last.

local ways = {}

-- V2: page = { number from 0, size }; the answer has page.totalCount.
ways.page = {
  first = function(args, _, size)
    args = copy(args)
    if args.page == nil or type(args.page) == "table" then  -- anything else is for the check
      args.page = copy(args.page)
      args.page.number = args.page.number or 0
      args.page.size = args.page.size or size
    end
    return args
  end,
  after = function(args, answer, items, row)
    local page, told = args.page, type(answer.page) == "table" and answer.page or {}
    local size = told.size or page.size  -- the server may give fewer than it was asked for
    local seen, total = page.number * size + #items, told.totalCount
    if #items < size or (total and total > #items and seen >= total) then
      return nil
    elseif row.page_window and (page.number + 2) * size > row.page_window then
      return nil, ("the API shows no page beyond (number + 1) * size = %d: narrow the filter, or "
        .. "use an operation with a cursor"):format(row.page_window)
    end
    args = copy(args)
    args.page = { number = page.number + 1, size = size }
    return args
  end,
}

-- V2: the cursor of the last item leads on; a short page is the last.
ways.cursor = {
  first = function(args, _, size)
    args = copy(args)
    args.size = args.size or size
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
  first = function(args, _, size)
    args = copy(args)
    args.pageNumber, args.pageSize = args.pageNumber or 0, args.pageSize or size
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
local function v1_first(args, row, size)
  args = copy(args)
  args.page = args.page or 1
  if row.query.limit then
    args.limit = args.limit or size
  end
  return args
end

ways.next = {
  first = v1_first,
  after = function(args, answer)
    if type(answer.next) ~= "number" or answer.next <= args.page then
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
    if args.limit and #items < args.limit then
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

local LATEST = 99999999999  -- what a field of unix seconds takes, at most

local function is_time(value)
  return type(value) == "number" and value >= 0 and value <= LATEST and value % 1 == 0
end

-- Months are taken for the shortest there are, so that three of them are never too many.
local function span(window)
  return window.days and window.days * 86400 or window.months * 28 * 86400
end

-- The parts of [from, to], or of [from, to) where the end does not belong to it. Between two
-- parts nothing is left out and nothing is in both.
local function cut(args, window, from, to)
  local parts, step = {}, span(window)
  local gap = window.inclusive and 1 or 0
  while from + (1 - gap) <= to do
    local part = copy(args)
    part[window.from], part[window.to] = from, math.min(from + step, to)
    parts[#parts + 1] = part
    from = from + step + gap
  end
  return parts
end

local function reverse(list)
  for i = 1, math.floor(#list / 2) do
    list[i], list[#list + 1 - i] = list[#list + 1 - i], list[i]
  end
end

-- Spans that the API takes in one request, in the order in which it sorts: newest first,
-- unless `sorting` is a name without a minus. A span without an end goes up to the present,
-- which the server knows best: its last part has none either.
local function windows(row, args)
  local window = row.window
  local from, to = window and args[window.from], window and args[window.to]
  local now = to == nil and math.floor(core.now()) or to
  if not is_time(from) or not is_time(now) or now - from <= span(window) then
    return { args }
  end
  local parts = cut(args, window, from, now)
  parts[#parts][window.to] = to
  local sorting = args.sorting
  if type(sorting) ~= "string" or sorting:sub(1, 1) == "-" then
    reverse(parts)
  end
  return parts
end

-- }===========================

---Walks over every item of a list. After an error it can be called again and asks for the page
---that failed once more.
---@param run fun(row: table, args: table, opts: table?): any, any
---@param row table
---@param args? table  as for the operation; the page and size given are the first page's
---@param opts? table
---@param size? integer  items a page, where args do not say
---@return fun(): any, any  item, or nil at the end, or nil and the call's error
function M.walk(run, row, args, opts, size)
  local way = ways[row.paging] or single
  local parts, part = windows(row, args or {}), 1
  local function first()
    return way.first(parts[part], row, size or SIZE)
  end
  local nextargs, items, i = first(), {}, 0
  local function turn()
    local answer, err = run(row, nextargs, opts)
    if answer == nil then
      return err
    end
    items, i = answer, 0
    if row.list then
      items = type(answer[row.list]) == "table" and answer[row.list] or {}
    end
    local problem
    if #items > 0 then
      nextargs, problem = way.after(nextargs, answer, items, row)
    else
      nextargs = nil
    end
    if not nextargs and not problem and parts[part + 1] then
      part = part + 1
      nextargs = first()
    end
    return nil, problem
  end
  local refusal  -- said once the items before it are out
  return function()
    while i >= #items do
      if refusal then
        return nil, errors.new { kind = "invalid_request", message = refusal,
          operation = row.name }
      elseif not nextargs then
        return nil
      end
      local err
      err, refusal = turn()
      if err then
        return nil, err
      end
    end
    i = i + 1
    return items[i]
  end
end

---An iterator for `for`: raises the call's error object when a page fails.
---@param walk fun(): any, any  from M.walk
---@return fun(): any
function M.each(walk)
  return function()
    local item, err = walk()
    if err ~= nil then
      error(err, 0)
    end
    return item
  end
end

---Every item of a list, or the first of them.
---@param walk fun(): any, any  from M.walk
---@param limit? integer
---@return any[]?
---@return any err
function M.collect(walk, limit)
  local out = {}
  while not (limit and #out >= limit) do
    local item, err = walk()
    if err ~= nil then
      return nil, err
    elseif item == nil then
      break
    end
    out[#out + 1] = item
  end
  return out
end

---Raises where nothing can be done with what `each` or `collect` is given.
---@param what string  its name
---@param row table
---@param args any
---@param how any      { limit = … }
---@param level integer  error's level of the caller to blame, seen from here
function M.check(what, row, args, how, level)
  local function wrong(text, ...)
    error("portone." .. what .. ": " .. text:format(...), level + 1)
  end
  if not row.paging and not (row.result and row.result.type == "array") then
    wrong("%s does not answer a list", row.name)
  elseif args ~= nil and type(args) ~= "table" then
    wrong("table of fields expected, got %s", type(args))
  elseif how ~= nil and type(how) ~= "table" then
    wrong("{ limit = … } expected, got %s", type(how))
  end
  for name, value in pairs(how or {}) do
    if name ~= "limit" then
      wrong("{ limit = … } expected, got '%s'; options of the calls come after it", tostring(name))
    elseif type(value) ~= "number" or value < 0 or value % 1 ~= 0 then
      wrong("limit must be a whole number, 0 or more")
    end
  end
end

---Items a page, for those who want no more than `limit`.
---@param limit? integer
---@return integer
function M.size(limit)
  return limit and limit < SIZE and math.max(limit, 1) or SIZE
end

return M
