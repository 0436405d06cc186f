-- Writes rows and types as Lua source: at most 100 columns, always in the same order.

local model = require "generate.model"

local write = {}

local WIDTH = 100

-- Plain fields are written once per file under these names, in capitals when required.
local PLAIN = {
  ["string"] = "str", ["string date-time"] = "time", ["string date"] = "day",
  ["integer"] = "int", ["integer int32"] = "int", ["integer int64"] = "big",
  ["number"] = "num", ["boolean"] = "bool",
}

local FIELD_KEYS = { "type", "ref", "fields", "items", "map", "required", "advised", "const",
  "enum", "format", "min", "max", "unique", "wire", "style", "single", "open", "deprecated",
  "secret", "pgs", "not_pgs", "per_pg", "advised_by" }

local ROW_KEYS = { "method", "path", "store", "paging", "list", "page_window", "window",
  "noauth", "unstable", "json_only", "query_body", "body_required", "charge", "repeatable",
  "partial", "csv", "empty", "path_fields", "query", "body", "one_of", "any_of", "max_one_of",
  "required_if", "required_unless", "advice", "amounts", "pgs", "result", "statuses", "errors" }

local TYPE_KEYS = { "status", "enum", "fields", "open", "map", "union", "tag", "shapes",
  "one_of", "any_of", "max_one_of", "required_if", "required_unless", "amounts" }

local function quote(s) return (("%q"):format(s):gsub("\\\n", "\\n")) end

local RESERVED = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or
  repeat return then true until while]]):gmatch("%a+") do
  RESERVED[word] = true
end

local function key_text(k)
  if k:find("^[%a_][%w_]*$") and not RESERVED[k] then return k end
  return "[" .. quote(k) .. "]"
end

local function scalar(v)
  if type(v) == "string" then return quote(v) end
  if type(v) == "number" and v == math.floor(v) then return ("%.0f"):format(v) end
  return tostring(v)
end

-- "{ a, b }" on one line if it fits after `used` columns, else as few lines as possible.
local function braces(entries, indent, used)
  if #entries == 0 then return "{}" end
  local line = "{ " .. table.concat(entries, ", ") .. " }"
  if used + #line < WIDTH and not line:find("\n") then return line end
  local inner = (" "):rep(indent + 2)
  local lines, current = {}, nil
  for _, entry in ipairs(entries) do
    if current and not entry:find("\n") and #current + #entry + 3 <= WIDTH then
      current = current .. " " .. entry .. ","
    else
      if current then lines[#lines + 1] = current end
      current = inner .. entry .. ","
      if #current > WIDTH and not entry:find("\n") then -- a long name: its value goes below
        current = inner .. entry:gsub(" = ", " =\n" .. inner .. "  ", 1) .. ","
      end
      if entry:find("\n") then
        lines[#lines + 1], current = current, nil
      end
    end
  end
  if current then lines[#lines + 1] = current end
  return "{\n" .. table.concat(lines, "\n") .. "\n" .. (" "):rep(indent) .. "}"
end

---@class generate.File
---@field place table<string, string> where each named type lives
---@field plain table<string, string> plain fields used so far: name to text
---@field lists table<string, table> lists seen: text to { count, name }
local File = {}
File.__index = File

---@param place table<string, string> type name to "module.Type"
function write.file(place)
  return setmetatable({ place = place, plain = {}, lists = {} }, File)
end

function File:plain_name(field)
  local kind = field.type .. (field.format and " " .. field.format or "")
  local name = PLAIN[kind]
  for k in pairs(field) do
    if k ~= "type" and k ~= "format" and k ~= "required" then return nil end
  end
  if not name then return nil end
  local text = "type = " .. quote(field.type)
  if field.format then text = text .. ", format = " .. quote(field.format) end
  if field.required then name, text = name:upper(), text .. ", required = true" end
  self.plain[name] = "{ " .. text .. " }"
  return name
end

-- Any value: scalars, lists, maps in sorted order.
function File:value(v, indent, used)
  if type(v) ~= "table" then return scalar(v) end
  local entries = {}
  if v[1] ~= nil then
    for i, item in ipairs(v) do entries[i] = self:value(item, indent + 2, indent + 2) end
  else
    for _, k in ipairs(model.keys(v)) do
      local key = key_text(k) .. " = "
      entries[#entries + 1] = key .. self:value(v[k], indent + 2, indent + 2 + #key)
    end
  end
  return braces(entries, indent, used)
end

-- A list of names that several rows repeat becomes a local of the file.
function File:list(list, name, indent, used)
  local text = table.concat(list, " ")
  local seen = self.lists[text]
  if not seen then
    seen = { count = 0, name = name, list = list }
    self.lists[text] = seen
  end
  seen.count = seen.count + 1
  if #list >= 5 and seen.shared then return seen.name end
  return self:value(list, indent, used)
end

function File:field(name, field, indent, used)
  local plain = self:plain_name(field)
  if plain then return plain end
  local entries = {}
  for _, k in ipairs(FIELD_KEYS) do
    local v = field[k]
    if v ~= nil then
      local key, text = k .. " = "
      local at = indent + 2 + #key
      if k == "ref" or k == "enum" and type(v) == "string" then text = quote(self.place[v] or v)
      elseif k == "fields" then text = self:fields(v, indent + 2, at)
      elseif k == "items" or k == "map" then text = self:field(name, v, indent + 2, at)
      elseif k == "enum" then text = self:list(v, name .. "_values", indent + 2, at)
      elseif k == "pgs" or k == "not_pgs" then
        text = self:list(write.sorted(v), name .. "_" .. k, indent + 2, at)
      else text = self:value(v, indent + 2, at) end
      entries[#entries + 1] = key .. text
    end
  end
  return braces(entries, indent, used)
end

-- Required fields first, each half in alphabetical order.
function File:fields(fields, indent, used)
  local names = model.keys(fields)
  table.sort(names, function(a, b)
    local x = fields[a].required or fields[a].advised or false
    local y = fields[b].required or fields[b].advised or false
    if x ~= y then return x end
    return a < b
  end)
  local entries = {}
  for i, name in ipairs(names) do
    local key = key_text(name) .. " = "
    entries[i] = key .. self:field(name, fields[name], indent + 2, indent + 2 + #key)
  end
  return braces(entries, indent, used)
end

function File:row(row)
  local entries = {}
  for _, k in ipairs(ROW_KEYS) do
    local v = row[k]
    if v ~= nil then
      local key, text = k .. " = "
      local at = 4 + #key
      if k == "path_fields" or k == "query" or k == "body" then text = self:fields(v, 4, at)
      elseif k == "result" then text = self:field("result", v, 4, at)
      elseif k == "pgs" then text = self:list(write.sorted(v), row.op .. "_pgs", 4, at)
      else text = self:value(v, 4, at) end
      entries[#entries + 1] = key .. text
    end
  end
  local summary = "    summary = " .. quote(row.summary) .. ","
  assert(#summary <= WIDTH, "summary too long: " .. row.op)
  local text = braces(entries, 2, WIDTH):gsub("{", "{\n" .. summary, 1)
  return "  " .. key_text(row.op) .. " = " .. text
end

-- Union members and shapes name types; everything else is as in a field.
function File:type_(name, type_)
  local entries = {}
  for _, k in ipairs(TYPE_KEYS) do
    local v = type_[k]
    if v ~= nil then
      local key, text = k .. " = "
      local at = 4 + #key
      if k == "fields" then text = self:fields(v, 4, at)
      elseif k == "map" then text = self:field(name, v, 4, at)
      elseif k == "union" then
        local union = {}
        for tag, member in pairs(v) do union[tag] = self.place[member] end
        text = self:value(union, 4, at)
      elseif k == "shapes" then
        local shapes = {}
        for i, s in ipairs(v) do shapes[i] = { ref = self.place[s.ref], has = s.has } end
        text = self:value(shapes, 4, at)
      else text = self:value(v, 4, at) end
      entries[#entries + 1] = key .. text
    end
  end
  local key = "  " .. key_text(name) .. " = "
  return key .. braces(entries, 2, #key)
end

---A sorted copy of a list.
function write.sorted(list)
  local copy = {}
  for i, v in ipairs(list) do copy[i] = v end
  table.sort(copy)
  return copy
end

-- The locals of a file: plain fields in pairs, then shared lists.
function File:locals()
  local lines = {}
  for _, name in ipairs(model.keys(self.plain)) do
    if name == name:lower() then
      lines[#lines + 1] = "local " .. name .. " = " .. self.plain[name]
    end
    if name == name:upper() then
      lines[#lines + 1] = "local " .. name .. " = " .. self.plain[name]
    end
  end
  local shared = {}
  for _, l in pairs(self.lists) do if l.shared and l.count > 0 then shared[l.name] = l.list end end
  for _, name in ipairs(model.keys(shared)) do
    local key = "local " .. name .. " = "
    lines[#lines + 1] = key .. self:value(shared[name], 0, #key)
  end
  return lines
end

-- Marks the lists to be shared after a first pass and resets the counts for the second.
function File:share_lists()
  local taken = {}
  for _, text in ipairs(model.keys(self.lists)) do
    local l = self.lists[text]
    l.shared = l.count > 1 and #l.list >= 5
    if l.shared then
      local name, n = l.name, 1
      while taken[name] do n = n + 1; name = l.name .. n end
      taken[name], l.name = true, name
    end
    l.count = 0
  end
end

---Source of a file that returns a table of `entries`.
---@param place table<string, string>
---@param comment string what the file holds
---@param render fun(file: generate.File): string[] the entries, in order
---@param gap? string between entries
---@return string
function write.source(place, comment, render, gap)
  local file = write.file(place)
  render(file)
  file:share_lists()
  local entries = render(file)
  local lines = {
    "-- Generated by tools/generate.lua from the official specification: do not edit.",
    "-- " .. comment, "",
  }
  for _, l in ipairs(file:locals()) do lines[#lines + 1] = l end
  if #lines > 3 then lines[#lines + 1] = "" end
  lines[#lines + 1] = "return {"
  lines[#lines + 1] = table.concat(entries, "," .. (gap or "") .. "\n") .. ",\n}\n"
  return table.concat(lines, "\n")
end

return write
