-- A reader of annotations for lua-language-server, as far as this project uses them. It is what
-- stands in for the server itself, which is in neither Debian nor npm.

local M = {}

local BUILT_IN = {}
for name in ("string integer number boolean table any nil function lightuserdata fun true false "
  .. "self thread userdata unknown"):gmatch("%S+") do
  BUILT_IN[name] = true
end
M.built_in = BUILT_IN

---Splits a type from the words behind it; brackets and unions belong to it.
---@param text string
---@return string type
---@return string rest
function M.split(text)
  local depth, i = 0, 1
  while i <= #text do
    local c = text:sub(i, i)
    if c:find("[%({%[<]") then depth = depth + 1 end
    if c:find("[%)}%]>]") then depth = depth - 1 end
    if c == '"' then
      i = text:find('"', i + 1, true) or error("open quote: " .. text, 0)
    end
    if c == " " and depth == 0 then
      local before, after = text:sub(1, i - 1), text:sub(i + 1)
      if not (before:find("[|:,]$") or after:find("^[|]")) then return before, after end
    end
    i = i + 1
  end
  if depth ~= 0 then error("brackets do not match: " .. text, 0) end
  return text, ""
end

---Calls fn for every name of a type in a type; names of parameters and keys are none.
---@param type_ string
---@param fn fun(name: string)
function M.names_in(type_, fn)
  local function untyped(list) -- fun(value): its parameter need not have a type
    return (list:gsub("([(,])%s*[%w_]+%??%s*%f[,)]", "%1"))
  end
  type_ = type_:gsub("fun(%b())", function(list) return "fun" .. untyped(list) end)
  type_ = type_:gsub('"[^"]*"', " "):gsub("[%w_]+%??:", " "):gsub("%.%.%.", " ")
  for name in type_:gmatch("[%a_][%w_.]*") do fn(name) end
end

local function parameters(text)
  local list = {}
  for name in text:gmatch("[%w_.]+") do list[#list + 1] = name end
  return list
end

-- One line of a doc comment goes to `doc`, what has a name of its own to `out`.
local tags = {}

function tags.class(out, doc, rest, where)
  local name, parent = rest:match("^([%w_.]+)%s*:?%s*([%w_.]*)")
  out.classes[name] = out.classes[name] or { fields = {}, order = {}, where = where, count = 0 }
  local class = out.classes[name]
  class.parent, class.count = parent ~= "" and parent or class.parent, class.count + 1
  doc.class = class
end

function tags.alias(out, doc, rest, where)
  local name, more = rest:match("^([%w_.]+)%s*(.*)$")
  assert(not out.aliases[name], "defined twice: " .. name)
  doc.alias = { members = {}, where = where }
  out.aliases[name] = doc.alias
  if more ~= "" then out.use((M.split(more)), where) end
end

function tags.field(out, doc, rest, where)
  local name, optional, more = rest:match("^([%w_]+)(%??)%s+(.*)$")
  if not name then name, optional, more = rest:match('^%["([^"]+)"%](%??)%s+(.*)$') end
  assert(name and doc.class, where .. ": a field of nothing: " .. rest)
  assert(not doc.class.fields[name] or doc.class.count > 1, where .. ": field twice: " .. name)
  local type_ = M.split(more)
  doc.class.fields[name] = { type = type_, optional = optional == "?" }
  out.use(type_, where)
end

function tags.param(out, doc, rest, where)
  local name, optional, more = rest:match("^([%w_.]+)(%??)%s+(.*)$")
  assert(name, where .. ": " .. rest)
  local type_ = M.split(more)
  doc.params[#doc.params + 1] = { name = name, type = type_, optional = optional == "?" }
  out.use(type_, where)
end

tags["return"] = function(out, doc, rest, where)
  local type_, words = M.split(rest)
  doc.returns[#doc.returns + 1] = { type = type_, name = words:match("^%S+") }
  for one in (type_ .. ","):gmatch("([^,]+),") do
    if not type_:find("[%({<]") then out.use(one, where) end
  end
end

function tags.type(out, _, rest, where) out.use((M.split(rest)), where) end

function tags.generic(out, doc, rest)
  doc.generic = rest:match("^([%w_]+)")
  out.generics[doc.generic] = true
end

local function new_doc() return { params = {}, returns = {}, lines = 0 } end

local function read_line(out, doc, line, where)
  local tag, rest = line:match("^%-%-%-@(%a+)%s*(.*)$")
  local member = line:match("^%-%-%-|%s*(.*)$")
  if tag then
    local read = tags[tag]
    if read then read(out, doc, rest, where) end
  elseif member and doc.alias then
    doc.alias.members[#doc.alias.members + 1] = member
    out.use(member, where)
  end
  doc.lines = doc.lines + 1
end

local function read_code(out, doc, line, where)
  local name, list = line:match("^function ([%w_.:]+)%((.*)%)")
  if name then
    out.functions[#out.functions + 1] = { name = name, parameters = parameters(list),
      params = doc.params, returns = doc.returns, documented = doc.lines > 0, where = where }
  end
  local variable = line:match("^local ([%w_]+) = {}") or line:match("^local ([%w_]+) =")
  if doc.class and variable then doc.class.variable = variable end
end

---What the annotations of some files say.
---@param files string[]
---@return table out  classes, aliases, functions, used (type to where)
function M.read(files)
  local out = { classes = {}, aliases = {}, functions = {}, used = {}, generics = {} }
  function out.use(type_, where)
    M.names_in(type_, function(name) out.used[name] = out.used[name] or where end)
  end
  for _, path in ipairs(files) do
    local number, doc = 0, new_doc()
    for line in io.lines(path) do
      number = number + 1
      local where = path .. ":" .. number
      if line:find("^%-%-%-") then
        read_line(out, doc, line, where)
      else
        read_code(out, doc, line, where)
        doc = new_doc()
      end
    end
  end
  return out
end

---Types that are used in one of several readings and defined in none, with where.
---@param ... table
---@return string[]
function M.undefined(...)
  local list, readings = {}, { ... }
  local function is_defined(name)
    if BUILT_IN[name] then return true end
    for _, out in ipairs(readings) do
      if out.classes[name] or out.aliases[name] or out.generics[name] then return true end
    end
  end
  for _, out in ipairs(readings) do
    for name, where in pairs(out.used) do
      if not is_defined(name) then list[#list + 1] = where .. ": " .. name end
    end
  end
  table.sort(list)
  return list
end

---How a function's @param lines differ from its parameters; nil when they do not.
---@param fn table
---@return string?
function M.mismatch(fn)
  local said, real = {}, {}
  for i, p in ipairs(fn.params) do said[i] = p.name end
  for _, name in ipairs(fn.parameters) do
    if name ~= "_" then real[#real + 1] = name end
  end
  if table.concat(said, ", ") ~= table.concat(real, ", ") then
    return ("%s: %s(%s) is said to take (%s)"):format(fn.where, fn.name, table.concat(real, ", "),
      table.concat(said, ", "))
  end
end

return M
