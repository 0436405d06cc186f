-- Valid arguments of any operation, drawn from a seed: the smallest or the fullest that the
-- tables allow, then shaken field by field, at any depth, as long as the check agrees.

local api = require "portone.api"
local check = require "portone.check"
local sample = require "portone.check.sample"

local M = {}
M.__index = M

---@param seed integer
function M.new(seed)
  return setmetatable({ state = seed % 2147483646 + 1 }, M)
end

---A whole number from 1 to n; the same on every Lua.
function M:draw(n)
  self.state = (self.state * 48271) % 2147483647
  return self.state % n + 1
end

local letters = { "a", "Z", "7", "-", "_", ".", " ", "/", "%", "?", "#", "&", "=", "+", "한", "글",
                  "é", "😀", "'", "\"", "\\", "<", ":", ";", "@" }

function M:text(field)
  local least = math.max(field.min or 1, 1)
  local length = math.max(math.min(least + self:draw(12), field.max or 99), least)
  local out = {}
  for i = 1, length do out[i] = letters[self:draw(#letters)] end
  local s = table.concat(out)
  return (s == "." or s == "..") and "x" or s
end

local function enum_of(version, field)
  return type(field.enum) == "table" and field.enum or api.type(version, field.enum).enum
end

-- Another value of a leaf, where anything of its type will do.
function M:vary(version, field, value)
  if field.enum then
    local list = enum_of(version, field)
    return list[self:draw(#list)]
  elseif field.format and field.format ~= "int32" and field.format ~= "int64" or field.secret then
    return value
  elseif field.type == "string" then
    return self:text(field)
  elseif field.type == "integer" or field.type == "number" then
    local least = field.min or 0
    return least + self:draw(math.min((field.max or least + 1000000) - least, 1000000) + 1) - 1
  elseif field.type == "boolean" then
    return self:draw(2) == 1
  end
  return value
end

local function copy(v)
  if type(v) ~= "table" then return v end
  local t = setmetatable({}, getmetatable(v))
  for k, x in pairs(v) do t[k] = copy(x) end
  return t
end

-- Tries something else in the place of part[key], and takes it back where a rule objects.
local function try(row, args, part, key, value)
  local before = part[key]
  part[key] = value
  if check.args(row, args) then part[key] = before end
end

function M:shake_list(row, args, field, list)
  local item = field.items
  if field.max ~= 1 and self:draw(2) == 1 and list[1] ~= nil then
    try(row, args, list, #list + 1, copy(list[1]))
  end
  for i = 1, #list do
    if type(list[i]) ~= "table" then
      try(row, args, list, i, self:vary(row.api, item, list[i]))
    elseif item.type == "object" then
      local inner = item.ref and api.type(row.api, item.ref) or item
      self:shake(row, args, inner, list[i])
    end
  end
end

-- Drops optional fields and varies leaves, one by one.
function M:shake(row, args, spec, part)
  local names = {}
  for name in pairs(part) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local field, value = (spec.fields or {})[name], part[name]
    if field then
      if not field.required and self:draw(2) == 1 then
        try(row, args, part, name, nil)
      elseif type(value) ~= "table" then
        try(row, args, part, name, self:vary(row.api, field, value))
      elseif field.type == "object" then
        self:shake(row, args, field.ref and api.type(row.api, field.ref) or field, value)
      elseif field.type == "array" then
        self:shake_list(row, args, field, value)
      end
    end
  end
end

---Arguments of an operation that its check accepts.
---@param row table
---@return table
function M:of(row)
  local spec = check.arguments(row)
  local args = sample.object(row.api, spec, self:draw(4) > 1)
  -- a PG that has the operation; its own rules may ask for what is not there
  args.pg = args.pg and row.pgs and row.pgs[self:draw(#row.pgs)] or nil
  if check.args(row, args) then args.pg = nil end
  self:shake(row, args, spec, args)
  return args
end

return M
