-- SPDX-License-Identifier: MIT
-- What there is to call, and what a call takes, for a person at a prompt.

local api = require "portone.api"
local check = require "portone.check"
local groups = require "portone.groups"
local sample = require "portone.check.sample"
local verbs = require("portone.verbs").verbs

local unpack = table.unpack or unpack

local describe = {}

local list_mt = { __name = "portone.operations" }

function list_mt.__tostring(rows)
  local lines = {}
  for i, row in ipairs(rows) do
    lines[i] = ("%-58s %-6s %s"):format(row.name, row.method, row.path)
      .. (row.stable and "" or "  (unstable)")
  end
  lines[#lines + 1] = #rows .. (#rows == 1 and " operation" or " operations")
  return table.concat(lines, "\n")
end

-- A text in itself, or a Lua pattern: "billing-key" is both, and means the text.
local function matches(text, pattern)
  if text:find(pattern, 1, true) then return true end
  local ok, found = pcall(string.find, text, pattern)
  return ok and found ~= nil
end

---Every operation whose name, method or path matches; printing the list shows one a line.
---@param pattern? string plain text or a Lua pattern; all 227 without one
---@param level? integer error's level of the caller to blame, seen from here
---@return portone.Operation[]
function describe.operations(pattern, level)
  if pattern ~= nil and type(pattern) ~= "string" then
    error("operations: expected text or a pattern, got " .. type(pattern), level or 2)
  end
  local rows = setmetatable({}, list_mt)
  for row in api.all() do
    local text = row.name .. " " .. row.method .. " " .. row.path
    if not pattern or matches(text, pattern) then
      rows[#rows + 1] = {
        name = row.name, api = row.api, method = row.method, path = row.path,
        stable = not row.unstable, summary = row.summary,
      }
    end
  end
  return rows
end

-- {====== Fields ======

local function names_of(fields)
  local names = {}
  for name in pairs(fields or {}) do names[#names + 1] = name end
  table.sort(names, function(a, b)
    local x, y = fields[a], fields[b]
    x = x.required and 1 or x.advised and 2 or 3
    y = y.required and 1 or y.advised and 2 or 3
    if x ~= y then return x < y end
    return a < b
  end)
  return names
end

local function keys(t)
  local list = {}
  for k in pairs(t) do list[#list + 1] = k end
  table.sort(list)
  return list
end

local function enum_text(version, field)
  local list = type(field.enum) == "table" and field.enum or api.type(version, field.enum).enum
  if #list <= 12 then return table.concat(list, " | ") end
  return ("one of %d: %s, …"):format(#list, table.concat(list, ", ", 1, 5))
end

local function limits(field)
  local unit = field.type == "string" and " characters" or field.type == "array" and " items" or ""
  if field.min and field.max then
    if field.min == field.max then return ("exactly %d%s"):format(field.max, unit) end
    return ("%d to %d%s"):format(field.min, field.max, unit)
  end
  return field.max and ("at most %d%s"):format(field.max, unit)
    or field.min and ("at least %d%s"):format(field.min, unit)
end

local function per_pg_notes(per_pg)
  local required, list = {}, {}
  for _, pg in ipairs(keys(per_pg)) do
    if per_pg[pg].required then required[#required + 1] = pg end
  end
  if required[1] then list[1] = "required for " .. table.concat(required, ", ") end
  for _, pg in ipairs(keys(per_pg)) do
    local refused = per_pg[pg].refuses
    if refused then list[#list + 1] = pg .. " does not take " .. table.concat(refused, ", ") end
  end
  return list
end

-- What a field takes, and for which PGs it is another matter.
local function notes(version, field)
  local list = {}
  local function add(text) if text then list[#list + 1] = text end end
  if field.type == "array" and field.items then
    add((field.single and "one or a list of " or "list of ") .. field.items.type)
  else
    add(field.type == "json" and "table or JSON text" or field.type)
  end
  add(field.const and ("%q"):format(field.const))
  add(field.enum and enum_text(version, field))
  add(field.items and field.items.enum and enum_text(version, field.items))
  add(field.format ~= "int32" and field.format ~= "int64" and field.format)
  add(limits(field))
  add(field.unique and "each with a " .. field.unique .. " of its own")
  add(field.deprecated and "deprecated")
  for _, note in ipairs(per_pg_notes(field.per_pg or {})) do add(note) end
  add(field.advised_by and "recommended for " .. table.concat(field.advised_by, ", "))
  add(field.pgs and "only " .. table.concat(field.pgs, ", "))
  add(field.not_pgs and "not used by " .. table.concat(field.not_pgs, ", "))
  return table.concat(list, "; ")
end

local RULES = {
  { "one_of", "exactly one of: " }, { "any_of", "at least one of: " },
  { "max_one_of", "at most one of: " },
}

local function add_rules(out, spec, indent)
  for _, rule in ipairs(RULES) do
    for _, names in ipairs(spec[rule[1]] or {}) do
      out[#out + 1] = indent .. rule[2] .. table.concat(names, ", ")
    end
  end
  for _, rule in ipairs(spec.required_if or {}) do
    local when = rule[2] == true and " is given" or " is " .. rule[2]
    out[#out + 1] = indent .. "when " .. rule[1] .. when .. ": " .. table.concat(rule[3], ", ")
  end
  for _, rule in ipairs(spec.required_unless or {}) do
    out[#out + 1] = indent .. "unless " .. rule[1] .. " is " .. rule[2] .. ": "
      .. table.concat(rule[3], ", ")
  end
  if spec.amounts then
    out[#out + 1] = indent .. "no finer than " .. spec.amounts.currency .. " allows: "
      .. table.concat(spec.amounts.names, ", ")
  end
end

local add_fields

-- What lies below a field: its own fields, its type's, its items'.
local function add_below(out, version, field, indent, depth)
  if field.items then return add_below(out, version, field.items, indent, depth) end
  local spec = field.ref and api.type(version, field.ref) or field
  if spec.union then
    for _, tag in ipairs(keys(spec.union)) do
      out[#out + 1] = ("%s%s = %q: %s"):format(indent, spec.tag, tag,
        spec.union[tag]:match("[^.]+$"))
    end
  elseif spec.shapes then
    for _, shape in ipairs(spec.shapes) do
      out[#out + 1] = indent .. (shape.has and "with " .. shape.has .. ": " or "otherwise: ")
        .. shape.ref:match("[^.]+$")
    end
  elseif spec.map then
    out[#out + 1] = indent .. "any name: " .. notes(version, spec.map)
    if depth > 1 then add_below(out, version, spec.map, indent .. "  ", depth - 1) end
  elseif spec.fields and depth > 0 then
    add_fields(out, version, spec.fields, indent, depth)
    add_rules(out, spec, indent)
  end
end

add_fields = function(out, version, fields, indent, depth)
  for _, name in ipairs(names_of(fields)) do
    local field = fields[name]
    local mark = field.required and "*" or field.advised and "+" or ""
    local label = indent .. name .. mark
    out[#out + 1] = ("%-32s %s"):format(label, notes(version, field))
    add_below(out, version, field, indent .. "  ", depth - 1)
  end
end

-- }====================

-- {====== Example ======

-- Field names of the API that are words of Lua.
local RESERVED = { ["end"] = true, ["until"] = true, ["not"] = true, ["in"] = true }

local function key_text(k)
  return k:find("^[%a_][%w_]*$") and not RESERVED[k] and k or ("[%q]"):format(k)
end

-- Lua text of a value, in one line where it fits.
local function text_of(v, indent)
  if type(v) == "string" then return ("%q"):format(v) end
  if type(v) ~= "table" then return tostring(v) end
  local parts = {}
  if v[1] ~= nil then
    for i, item in ipairs(v) do parts[i] = text_of(item, indent .. "  ") end
  else
    for _, k in ipairs(keys(v)) do
      parts[#parts + 1] = key_text(k) .. " = " .. text_of(v[k], indent .. "  ")
    end
  end
  if #parts == 0 then return "{}" end
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if #indent + #line <= 90 and not line:find("\n") then return line end
  return "{\n" .. indent .. "  " .. table.concat(parts, ",\n" .. indent .. "  ") .. ",\n"
    .. indent .. "}"
end

---The smallest arguments of an operation that pass its check.
---@param row table from portone.api
---@return table
function describe.example(row)
  return sample.object(row.api, check.arguments(row))
end

-- }====================

-- Breaks a line that is too long for a terminal; what follows is indented as far as the
-- second column of the line, or a little.
local function wrap(line)
  if #line <= 100 then return line end
  local column = line:find("%S%s%s+%S")
  local indent = (" "):rep(column and column < 34 and 33 or 4)
  local out = {}
  while #line > 100 do
    local cut = line:sub(1, 100):match("^.*() ")
    if not cut or cut <= #indent then break end
    out[#out + 1] = line:sub(1, cut - 1)
    line = indent .. line:sub(cut + 1)
  end
  out[#out + 1] = line
  return table.concat(out, "\n")
end

local function add_errors(out, row)
  local by_status = {}
  for type_, status in pairs(row.errors or {}) do
    by_status[status] = by_status[status] or {}
    table.insert(by_status[status], type_)
  end
  for _, status in ipairs(row.statuses or {}) do by_status[status] = by_status[status] or {} end
  out[#out + 1] = "errors"
  for _, status in ipairs(keys(by_status)) do
    table.sort(by_status[status])
    out[#out + 1] = "  " .. table.concat({ status, unpack(by_status[status]) }, " ")
  end
end

local FLAGS = {
  { "unstable", "unstable: PortOne may change it without notice" },
  { "noauth", "needs no authorization" },
  { "csv", "answers a file" }, { "empty", "answers nothing but its status" },
  { "partial", "207 means that some were not found or not done" },
  { "charge", "status \"failed\" in the answer is a refusal" },
}

local function add_head(out, row)
  out[1] = row.name
  out[2] = "  " .. row.summary
  out[3] = "  " .. row.method .. " " .. row.path
  for _, flag in ipairs(FLAGS) do if row[flag[1]] then out[#out + 1] = "  " .. flag[2] end end
  if row.pgs then out[#out + 1] = "  offered by " .. table.concat(row.pgs, ", ") end
end

local function describe_row(row)
  local out = {}
  add_head(out, row)
  local spec = check.arguments(row)
  out[#out + 1] = next(spec.fields) and "arguments (* required, + recommended)" or "no arguments"
  for _, place in ipairs { "path_fields", "query", "body" } do
    if row[place] then add_fields(out, row.api, row[place], "  ", 6) end
  end
  add_rules(out, spec, "  ")
  if row.result then
    out[#out + 1] = "answer"
    add_below(out, row.api, row.result, "  ", 2)
  end
  add_errors(out, row)
  out[#out + 1] = "example"
  for i, line in ipairs(out) do out[i] = wrap(line) end
  out[#out + 1] = ("  portone.%s %s"):format(row.name, text_of(describe.example(row), "  "))
  return table.concat(out, "\n")
end

---The row of "v2.payment.get_payment", or of any end of it that only one operation has.
---@param name string
---@return table? row
---@return table[]? found  the rows that it could be, when there are several or none
function describe.find(name)
  local row = api.named(name)
  if row then return row end
  local found = {}
  for candidate in api.all() do
    if candidate.name:sub(-#name - 1) == "." .. name then found[#found + 1] = candidate end
  end
  return #found == 1 and found[1] or nil, found
end

local function describe_group(name)
  local version, group = name:match("^(v%d)%.?(.*)$")
  local pattern = version and "^" .. name:gsub("%p", "%%%0") .. "[%. ]"
  if version and (group == "" or api.names(version, group)) then
    return tostring(describe.operations(pattern))
  end
end

-- A verb is an operation of each API: the table it is given tells which.
local function describe_verb(name, verb)
  local out = { name .. ": one verb, two operations; the table tells which", "" }
  for _, version in ipairs { "v1", "v2" } do
    local at = verb[version]
    out[#out + 1] = ("-- %s takes %s"):format(version:upper(), at.shape)
    out[#out + 1] = describe_row(api.find(version, at.group, at.name))
    out[#out + 1] = ""
  end
  out[#out] = nil
  return table.concat(out, "\n")
end

local MOST = 12 -- names in a message

local function which_one(found)
  local names = {}
  for i = 1, math.min(#found, MOST) do names[i] = found[i].name end
  local rest = #found > MOST and (" or %d others"):format(#found - MOST) or ""
  return "which one: " .. table.concat(names, ", ") .. rest .. "?"
end

---Everything about an operation as text: arguments, answer, errors, an example call.
---@param name string|function "v2.payment.pay_with_billing_key", a unique end of it, a verb, a
---  group, or an operation's function
---@param level? integer error's level of the caller to blame, seen from here
---@return string text raises for a name that is none, with what may have been meant
function describe.describe(name, level)
  level = level or 2
  local given = groups.row_of(name)
  if given then return describe_row(given) end
  if type(name) ~= "string" then error("describe: expected a name, got " .. type(name), level) end
  name = name:gsub("^portone%.", "")
  local verb = verbs[name]
  if verb then return describe_verb(name, verb) end
  local row, found = describe.find(name)
  if row then return describe_row(row) end
  local group = describe_group(name)
  if group then return group end
  if #found > 1 then error(("describe: %q: %s"):format(name, which_one(found)), level) end
  local meant = api.suggestion(nil, name)
  error(("describe: no operation %q%s"):format(name,
    meant and " (did you mean " .. meant .. "?)" or ""), level)
end

return describe
