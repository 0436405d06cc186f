-- SPDX-License-Identifier: MIT
-- Comma-separated values as RFC 4180 has them, with the place of every cell: quotes, commas and
-- line ends inside quotes, CRLF or LF, a byte order mark.

local M = {}

-- Characters of UTF-8 between two places of a text.
local function characters(text, from, to)
  local _, follow = text:sub(from, to):gsub("[\128-\191]", "")
  return math.max(0, to - from + 1) - follow
end

local reader = {}
reader.__index = reader

local function problem(self, at, text)
  return { line = self.line, column = characters(self.text, self.line_start, at - 1) + 1,
    problem = text }
end

-- A cell in quotes, which may hold line ends: its text, and the place after it.
local function quoted(self, at)
  local parts, from = {}, at + 1
  while true do
    local close = self.text:find('"', from, true)
    if not close then
      return nil, problem(self, at, "the quote is not closed")
    end
    local part = self.text:sub(from, close - 1)
    parts[#parts + 1] = part
    if self.text:sub(close + 1, close + 1) ~= '"' then
      return table.concat(parts), close + 1
    end
    parts[#parts + 1] = '"'
    from = close + 2
  end
end

local function bare(self, at)
  local stop = self.text:find("[,\r\n]", at) or #self.text + 1
  local text = self.text:sub(at, stop - 1)
  local quote = text:find('"', 1, true)
  if quote then
    return nil, problem(self, at + quote - 1, "a quote inside of a cell without quotes")
  end
  return text, stop
end

-- Lines that a cell in quotes has gone through.
local function skip_lines(self, from, to)
  for place in self.text:sub(from, to - 1):gmatch("()\n") do
    self.line, self.line_start = self.line + 1, from + place
  end
end

---The next record.
---@return { text: string, line: integer, column: integer }[]? cells  nil at the end
---@return table? problem  { line, column, problem }: nothing can be read after it
function reader:next()
  local text, cells = self.text, {}
  while text:find("^\r?\n", self.at) do  -- empty lines
    local _, last = text:find("^\r?\n", self.at)
    self.at, self.line, self.line_start = last + 1, self.line + 1, last + 1
  end
  if self.at > #text then
    return nil
  end
  while true do
    local at = self.at
    local cell = problem(self, at)
    local value, after = (text:sub(at, at) == '"' and quoted or bare)(self, at)
    if not value then
      return nil, after
    end
    cell.text = value
    cells[#cells + 1] = cell
    skip_lines(self, at, after)
    local _, last = text:find("^\r?\n", after)
    if text:sub(after, after) == "," then
      self.at = after + 1
    elseif last or after > #text then
      self.at = (last or #text) + 1
      self.line, self.line_start = self.line + 1, self.at
      return cells
    else
      return nil, problem(self, after, "a comma or the line's end expected after the quote")
    end
  end
end

---@param text string
---@return table reader  whose next() gives a record at a time
function M.reader(text)
  local start = text:sub(1, 3) == "\239\187\191" and 4 or 1
  return setmetatable({ text = text, at = start, line = 1, line_start = start }, reader)
end

---A value as a cell.
---@param value any  nil is the empty cell
---@return string
function M.cell(value)
  local text = value == nil and "" or tostring(value)
  if text:find('[",\r\n]') then
    text = '"' .. text:gsub('"', '""') .. '"'
  end
  return text
end

M.characters = characters

return M
