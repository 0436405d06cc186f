-- SPDX-License-Identifier: MIT
-- What our documents hold: code blocks, headings with their anchors, links. Enough Markdown for
-- what is written here (GitHub's flavour), for the suite and for `make docs`.

local M = {}

---@class docs.Block
---@field language string   "lua", "sh", … or ""
---@field file? string      ```lua file=examples/x.lua: the block is a piece of that file
---@field hidden boolean    it stands in a comment (<!-- lua … -->): run, not shown
---@field first integer     line of its first line of code
---@field last integer      line that closes it
---@field lines string[]

local function lines_of(text)
  local lines = {}
  for line in (text:gsub("\r\n", "\n"):gsub("\n?$", "\n")):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

-- How a line opens a block: indentation, what closes it, the words after it, whether hidden.
local function opening(line)
  local indent, fence, info = line:match("^(%s*)(```+)%s*(.-)%s*$")
  if fence then return #indent, "^%s*" .. fence .. "%s*$", info, false end
  if line:find("^<!%-%-%s*lua%s*$") then return 0, "^%-%->%s*$", "lua", true end
end

---The code blocks of a text, in order, and the lines that are not in one ("" for the others).
---@param text string
---@return docs.Block[] blocks
---@return string[] prose
function M.blocks(text)
  local blocks, prose, open, closing, indent = {}, {}, nil, nil, nil
  for number, line in ipairs(lines_of(text)) do
    prose[number] = ""
    if not open then
      local info, hidden
      indent, closing, info, hidden = opening(line)
      if closing then
        open = { language = info:match("^%S*"), file = info:match("file=(%S+)"), hidden = hidden,
                 first = number + 1, lines = {}, last = nil }
      else
        prose[number] = line
      end
    elseif line:find(closing) then
      open.last = number
      blocks[#blocks + 1], open = open, nil
    else
      open.lines[#open.lines + 1] = line:gsub("^" .. (" "):rep(indent), "")
    end
  end
  assert(not open, "a code block is not closed")
  return blocks, prose
end

-- {====== Headings and links ======

-- Text of a heading as a reader sees it: no code marks, links as their words.
local function plain(text)
  return (text:gsub("`", ""):gsub("!?%[(.-)%]%(.-%)", "%1"):gsub("%*", ""))
end

---The anchor of a heading: lower case, hyphens for spaces, punctuation gone. Bytes above ASCII
---stay, so that Korean headings have one.
---@param heading string
---@return string
function M.anchor(heading)
  local text = plain(heading):lower():gsub("[^%w%s_\128-\255%-]", "")
  return (text:gsub("%s", "-"))
end

---The headings of a text, outside of code.
---@param text string
---@return { level: integer, text: string, anchor: string }[]
function M.headings(text)
  local _, prose = M.blocks(text)
  local list, seen = {}, {}
  for _, line in ipairs(prose) do
    local marks, words = line:match("^(#+)%s+(.-)%s*$")
    if marks then
      local anchor = M.anchor(words)
      seen[anchor] = (seen[anchor] or -1) + 1
      list[#list + 1] = { level = #marks, text = plain(words),
        anchor = seen[anchor] > 0 and anchor .. "-" .. seen[anchor] or anchor }
    end
  end
  return list
end

---Where the links and images of a text lead, in order.
---@param text string
---@return { target: string, line: integer }[]
function M.links(text)
  local _, prose = M.blocks(text)
  local list = {}
  for number, line in ipairs(prose) do
    line = line:gsub("`[^`]*`", function(code) return code:gsub("[%[%]()]", "_") end)
    for target in line:gmatch("%]%(%s*<?([^%s>)]+)[^)]*%)") do
      list[#list + 1] = { target = target, line = number }
    end
    for target in line:gmatch("^%s*%[[^%]]+%]:%s*(%S+)") do
      list[#list + 1] = { target = target, line = number }
    end
    for target in line:gmatch("<[aimg]+%s[^>]-[hs][re][ec]f?=\"([^\"]+)\"") do
      list[#list + 1] = { target = target, line = number }
    end
  end
  return list
end

-- }==================================

-- "docs/x.md" and "../README.md" -> "README.md"
local function resolve(from, target)
  local path = target:sub(1, 1) == "/" and target:sub(2) or (from:match("^(.*/)") or "") .. target
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." and parts[1] then
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return table.concat(parts, "/")
end
M.resolve = resolve

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then file:close() end
  return text, file ~= nil
end
M.read = read

---What is wrong with the links of a document: files that are not there, anchors nobody has.
---@param path string  from the root of the project, which is the working directory
---@return string[] problems
function M.dead_links(path)
  local problems = {}
  for _, link in ipairs(M.links(assert((read(path))))) do
    local file, anchor = link.target:match("^([^#]*)#?(.*)$")
    if not link.target:find("^%a[%w+.-]*:") then
      local target = file == "" and path or resolve(path, file)
      local text, there = read(target)
      local known = anchor == ""
      for _, heading in ipairs(text and not known and M.headings(text) or {}) do
        known = known or heading.anchor == anchor
      end
      if not there or not known then
        problems[#problems + 1] = ("%s:%d: %s: %s"):format(path, link.line, link.target,
          there and "no such heading" or "no such file")
      end
    end
  end
  return problems
end

return M
