-- SPDX-License-Identifier: MIT
-- The orders of a billing run, from CSV or a JSON object a line. Everything that is wrong with
-- the file is found before anything is charged.
--
-- An order: { id, args, row, line, amount = in major units, currency }

local api = require "portone.api"
local check = require "portone.check"
local csv = require "portone.cli.bill.csv"
local currency = require "portone.check.currency"
local fields = require "portone.cli.fields"
local json = require "portone.json"
local verbs = require "portone.verbs"

local M = {}

local VERB = "request_pay_again"

-- {====== Both forms ======

local function add_problem(self, line, column, text)
  self.problems[#self.problems + 1] = { line = line, column = column, problem = text }
end

local function row_of(args)
  local picked, problem = verbs.pick[VERB](args)
  if not picked then
    return nil, (problem:gsub("^" .. VERB .. ": ", ""))
  end
  return api.find(picked.api, picked.group, picked.name)
end

local function amount_of(order)
  local args = order.args
  local code = args.currency or "KRW"
  if order.row.api == "v1" then
    return tonumber(args.amount), code
  end
  return currency.major(args.amount.total, code), code
end

-- Puts an order that has nothing wrong with it into the list.
local function accept(self, order, place)
  local args = order.args
  local id = order.id or args.merchant_uid or args.paymentId
  local line, column = place("order", args.merchant_uid and "merchant_uid" or "paymentId")
  if type(id) ~= "string" or id == "" or #id > 255 or id:find("%c") then
    return add_problem(self, line, column, "order: a name of 1 to 255 bytes in one line expected")
  elseif self.lines[id] then
    return add_problem(self, line, column, ("order %s is on line %d already"):format(id,
      self.lines[id]))
  end
  self.lines[id] = order.line
  order.id = id
  order.amount, order.currency = amount_of(order)
  self.apis[order.row.api] = true
  self.orders[#self.orders + 1] = order
end

-- place(path...) -> line, column of the first of the paths that the file has
local function examine(self, order, place, report)
  local problems, warnings = check.args(order.row, order.args, self.context)
  for _, warning in ipairs(warnings or {}) do
    local text = warning.path .. ": " .. warning.problem
    self.warnings[text] = (self.warnings[text] or 0) + 1
  end
  for _, p in ipairs(problems or {}) do
    report(p, place(p.path))
  end
  if not problems then
    accept(self, order, place)
  end
end

-- }======

-- {====== CSV ======

local separators = { [";"] = "semicolons", ["\t"] = "tabs" }

local function header(self, cells)
  local columns, seen = {}, {}
  local other = #cells == 1 and separators[cells[1].text:match "[;\t]"]
  if other then
    return add_problem(self, 1, 1, ("the cells are separated by %s, commas are expected")
      :format(other))
  end
  for i, cell in ipairs(cells) do
    local name = cell.text:match("^%s*(.-)%s*$")
    local path = fields.path(name)
    if not path then
      add_problem(self, cell.line, cell.column, ("'%s' is not the name of a field"):format(name))
    elseif seen[name] then
      add_problem(self, cell.line, cell.column, ("%s: the column is there twice"):format(name))
    end
    seen[name] = true
    columns[i] = { name = name, path = path, column = cell.column, line = cell.line }
  end
  return columns, seen
end

-- What is wrong with a column is said once, at its head.
local function csv_report(self, columns, seen)
  local told = {}
  return function(p, line, column)
    local text, about = p.path .. ": " .. p.problem, nil
    if p.code == "required" and not seen[p.path] then
      line, column, about = columns[1].line, 1, "no column " .. p.path
    elseif p.code == "unknown_field" and seen[p.path] then
      about = text
      for _, c in ipairs(columns) do
        if c.name == p.path then line, column = c.line, c.column end
      end
    end
    if not about or not told[about] then
      add_problem(self, line, column, text)
    end
    told[about or ""] = true
  end
end

-- Which API an order is for: its own fields tell, or else all that the file has.
local function csv_row(columns, cells)
  local given, all = {}, {}
  for i, c in ipairs(columns) do
    local name = c.path and c.path[1] or c.name
    all[name] = true
    given[name] = given[name] or cells[i] ~= nil and cells[i].text ~= "" or nil
  end
  local row = row_of(given)
  if row then
    return row
  end
  return row_of(all)
end

-- The cells of a record as the one table of a call.
local function csv_order(self, columns, cells)
  local row, problem = csv_row(columns, cells)
  if not row and not self.shapeless then  -- said once: it is about the columns
    self.shapeless = true
    add_problem(self, cells[1].line, 1, problem)
  end
  if not row then
    return nil
  end
  local order = { args = {}, line = cells[1].line, row = row }
  for i, c in ipairs(columns) do
    local text = cells[i] and cells[i].text or ""
    if text ~= "" and c.name == "order" then
      order.id = text
    elseif text ~= "" and c.path then
      local field = fields.at(order.row, fields.names_of(c.path))
      problem = fields.put(order.args, c.path, fields.convert(field, text))
      if problem then
        add_problem(self, cells[i].line, cells[i].column, c.name .. ": " .. problem)
      end
    end
  end
  return order
end

-- Where a field stands: in its own cell, or in that of something it is a part of.
local function csv_place(columns, cells)
  return function(...)
    for _, path in ipairs { ... } do
      for i, c in ipairs(columns) do
        if cells[i] and (path == c.name or path:sub(1, #c.name + 1) == c.name .. ".") then
          return cells[i].line, cells[i].column
        end
      end
    end
    return cells[1].line, 1
  end
end

local function read_csv(self, text)
  local reader = csv.reader(text)
  local cells, problem = reader:next()
  local columns, seen, report
  if cells then
    columns, seen = header(self, cells)
    if not columns then return end
    report = csv_report(self, columns, seen)
    cells, problem = reader:next()
  end
  while cells do
    if #cells > #columns then
      add_problem(self, cells[1].line, cells[#columns + 1].column,
        ("%d cells, and %d in the first line"):format(#cells, #columns))
    else
      local order = csv_order(self, columns, cells)
      if order then
        examine(self, order, csv_place(columns, cells), report)
      end
    end
    cells, problem = reader:next()
  end
  if problem then
    add_problem(self, problem.line, problem.column, problem.problem)
  end
end

-- }======

-- {====== JSON lines ======

-- Where the last name of a path stands in a line.
local function json_place(text, line)
  return function(...)
    for _, path in ipairs { ... } do
      local name = path:match("([^.%[%]]+)[%[%]%d]*$")
      local at = name and text:find('"' .. name:gsub("%p", "%%%0") .. '"%s*:')
      if at then
        return line, csv.characters(text, 1, at - 1) + 1
      end
    end
    return line, 1
  end
end

local function json_order(self, text, line)
  local value, problem = json.decode(text)
  if type(value) ~= "table" or json.is_array(value) or value[1] ~= nil then
    local at = tonumber((problem or ""):match("at character (%d+)")) or 1
    add_problem(self, line, csv.characters(text, 1, at - 1) + 1,
      (problem or "a JSON object expected"):gsub(" at character %d+", ""))
    return nil
  end
  local order = { args = value, line = line, id = value.order }
  value.order = nil
  order.row, problem = row_of(value)
  if not order.row then
    add_problem(self, line, 1, problem)
    return nil
  end
  return order
end

local function read_ndjson(self, text)
  local line = 0
  for part in (text:gsub("^\239\187\191", "") .. "\n"):gmatch("(.-)\r?\n") do
    line = line + 1
    if part:find("%S") then
      local order = json_order(self, part, line)
      if order then
        examine(self, order, json_place(part, line), function(p, at, column)
          add_problem(self, at, column, p.path .. ": " .. p.problem)
        end)
      end
    end
  end
end

-- }======

-- Whose bytes are no UTF-8: spreadsheets have code pages of their own, CP949 in Korea. What is
-- read as something else would be refused order by order, after others were charged.
local function check_encoding(self, text)
  local what = text:find "^\255\254" or text:find "^\254\255"
  if what then
    add_problem(self, 1, 1, "this is UTF-16: save it as UTF-8")
  elseif not json.encode(text) then
    local line = 0
    for part in (text .. "\n"):gmatch "(.-)\n" do
      line = line + 1
      if not json.encode(part) then
        return add_problem(self, line, 1,
          'no UTF-8 (perhaps CP949): save it as UTF-8, in Excel as "CSV UTF-8"')
      end
    end
  end
end

---Reads the orders of a text.
---@param text string
---@param form "csv"|"ndjson"
---@param context? table  of portone.check: pg, channels
---@return table read  orders, problems in order of line and column, warnings (text to count),
--- apis (a set)
function M.read(text, form, context)
  local self = { orders = {}, problems = {}, warnings = {}, lines = {}, apis = {},
                 context = context }
  check_encoding(self, text)
  if #self.problems > 0 then
    return self
  elseif form == "csv" then
    read_csv(self, text)
  else
    read_ndjson(self, text)
  end
  if #self.orders == 0 and #self.problems == 0 then
    add_problem(self, 1, 1, "there is no order in it")
  end
  table.sort(self.problems, function(a, b)
    if a.line ~= b.line then return a.line < b.line end
    return a.column < b.column
  end)
  return self
end

return M
