-- Reads the part of YAML that browser-sdk.yml is written in: block mappings and sequences,
-- plain and quoted scalars, literal blocks (dropped to text). Keys and scalars stay strings,
-- except true and false: a YAML 1.1 reader takes the country "NO:" for false.

local yaml = {}

local Reader = {}
Reader.__index = Reader

local function indent_of(line)
  return #line:match("^ *")
end

local function is_blank(line)
  return line:find("^%s*$") or line:find("^%s*#")
end

-- Goes to the next line that says something; its indent and text, or nil at the end.
function Reader:peek()
  while self.lines[self.at] and is_blank(self.lines[self.at]) do
    self.at = self.at + 1
  end
  local line = self.lines[self.at]
  if line then
    return indent_of(line), line:match("^ *(.-)%s*$")
  end
end

local function fail(self, text)
  error(("%s:%d: %s"):format(self.name, self.at, text), 0)
end

local function scalar(text)
  local quoted = text:match('^"(.*)"$') or text:match("^'(.*)'$")
  if quoted then
    return quoted
  elseif text == "true" or text == "false" then
    return text == "true"
  elseif text == "{}" then
    return {}
  end
  return text
end

-- The lines of a literal block that stand further in than its key.
function Reader:block(parent)
  local out = {}
  while self.lines[self.at] and (self.lines[self.at]:find("^%s*$")
    or indent_of(self.lines[self.at]) > parent) do
    out[#out + 1] = self.lines[self.at]:match("^%s*(.-)%s*$")
    self.at = self.at + 1
  end
  return table.concat(out, "\n")
end

-- What stands after "key:" of a line at indent `parent`.
function Reader:after(text, parent)
  if text:find("^[|>][+-]?$") then
    return self:block(parent)
  elseif text ~= "" then
    return scalar(text)
  end
  local indent, line = self:peek()
  if indent and (indent > parent or indent == parent and line:find("^%- ")) then
    return self:value(indent)
  end
  return ""
end

function Reader:mapping(indent)
  local out = {}
  while true do
    local at, line = self:peek()
    if at ~= indent or line:find("^%- ") then
      if at and at > indent then fail(self, "unexpected indent") end
      return out
    end
    local key, rest = line:match('^"?([^":]+)"?:%s*(.*)$')
    if not key then fail(self, "no key: " .. line) end
    self.at = self.at + 1
    if out[key] ~= nil then fail(self, "key twice: " .. key) end
    out[key] = self:after(rest, indent)
  end
end

function Reader:sequence(indent)
  local out = {}
  while true do
    local at, line = self:peek()
    if at ~= indent or not line:find("^%- ") then return out end
    local rest = line:match("^%-%s+(.*)$")
    if rest:find("^[%w_$]+:%s") or rest:find("^[%w_$]+:$") then
      -- a mapping that begins on the line of its dash
      self.lines[self.at] = (" "):rep(indent + 2) .. rest
      out[#out + 1] = self:mapping(indent + 2)
    else
      self.at = self.at + 1
      out[#out + 1] = self:after(rest, indent)
    end
  end
end

function Reader:value(indent)
  local _, line = self:peek()
  if line:find("^%- ") then return self:sequence(indent) end
  return self:mapping(indent)
end

---@param text string
---@param name string for messages
---@return table
function yaml.read(text, name)
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\r?\n") do lines[#lines + 1] = line end
  local reader = setmetatable({ lines = lines, at = 1, name = name }, Reader)
  local value = reader:value(0)
  if reader:peek() then fail(reader, "something is left") end
  return value
end

return yaml
