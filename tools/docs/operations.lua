-- SPDX-License-Identifier: MIT
-- The reference of operations, types and errors: pages of HTML from the tables of
-- lua/portone/api, the same that check and send.

local api = require "portone.api"
local check = require "portone.check"
local describe = require "portone.describe"
local escape = require("tools.docs.html").escape

local M = {}

local function sorted(t)
  local list = {}
  for k in pairs(t) do list[#list + 1] = k end
  table.sort(list)
  return list
end

local function code(text) return "<code>" .. escape(text) .. "</code>" end
local function link(target, text) return ('<a href="%s">%s</a>'):format(escape(target), text) end

-- {====== Types ======

local used = { v1 = {}, v2 = {} }  -- refs that something links to

local function type_link(version, ref)
  used[version][ref] = true
  return link(("%s.types.html#%s"):format(version, ref), code(ref:match("[^.]+$")))
end

local function enum_text(version, enum)
  if type(enum) == "string" then return "one of " .. type_link(version, enum) end
  local list = {}
  for i, value in ipairs(enum) do list[i] = code(value) end
  return table.concat(list, " ")
end

local function type_text(version, field)
  if field.items then
    return (field.single and "one or a list of " or "list of ") .. type_text(version, field.items)
  elseif field.ref then
    return type_link(version, field.ref)
  elseif field.const then
    return code(('"%s"'):format(field.const))
  elseif field.enum then
    return enum_text(version, field.enum)
  elseif field.map then
    return "table of any name to " .. type_text(version, field.map)
  end
  return field.type == "json" and "table or JSON text" or field.type
end

local UNITS = { string = " characters", array = " items" }

local function limits(field)
  local unit = UNITS[field.type] or ""
  if field.min and field.max then return ("%s to %s%s"):format(field.min, field.max, unit) end
  if field.max then return ("at most %s%s"):format(field.max, unit) end
  if field.min == 1 and field.type ~= "integer" and field.type ~= "number" then
    return "not empty"
  end
  if field.min then return ("at least %s%s"):format(field.min, unit) end
end

local function notes(field)
  local list = {}
  local function add(text) if text then list[#list + 1] = text end end
  add(field.format ~= "int32" and field.format ~= "int64" and field.format and escape(field.format))
  add(limits(field))
  add(field.unique and "each with its own " .. escape(field.unique))
  add(field.deprecated and "deprecated")
  for _, pg in ipairs(sorted(field.per_pg or {})) do
    local rule = field.per_pg[pg]
    add(rule.required and "required for " .. pg)
    add(rule.refuses and pg .. " does not take " .. table.concat(rule.refuses, ", "))
  end
  add(field.advised_by and "recommended for " .. table.concat(field.advised_by, ", "))
  add(field.pgs and "only " .. table.concat(field.pgs, ", "))
  add(field.not_pgs and "not used by " .. table.concat(field.not_pgs, ", "))
  add(field.secret and "never shown")
  return table.concat(list, "; ")
end

local function rank(field) return field.required and 1 or field.advised and 2 or 3 end

local function field_rows(out, version, fields, prefix)
  local names = sorted(fields)
  table.sort(names, function(a, b)
    local x, y = rank(fields[a]), rank(fields[b])
    if x ~= y then return x < y end
    return a < b
  end)
  for _, name in ipairs(names) do
    local field = fields[name]
    out[#out + 1] = ("<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>"):format(
      code(prefix .. name), type_text(version, field),
      field.required and "required" or field.advised and "recommended" or "", notes(field))
    local below = field.items or field
    if below.fields then
      field_rows(out, version, below.fields, prefix .. name .. (field.items and "[]." or "."))
    end
  end
end

local function field_table(out, version, fields)
  out[#out + 1] = "<table><tr><th>field</th><th>type</th><th></th><th></th></tr>"
  field_rows(out, version, fields, "")
  out[#out + 1] = "</table>"
end

local RULES = { { "one_of", "exactly one of" }, { "any_of", "at least one of" },
  { "max_one_of", "at most one of" } }

local function rules(out, spec)
  local function add(...) out[#out + 1] = "<p>" .. (...):format(select(2, ...)) .. "</p>" end
  for _, rule in ipairs(RULES) do
    for _, names in ipairs(spec[rule[1]] or {}) do
      add("%s: %s", rule[2], escape(table.concat(names, ", ")))
    end
  end
  for _, rule in ipairs(spec.required_if or {}) do
    add("when %s%s: %s", escape(rule[1]), rule[2] == true and " is given" or " is " .. rule[2],
      escape(table.concat(rule[3], ", ")))
  end
  for _, rule in ipairs(spec.required_unless or {}) do
    add("unless %s is %s: %s", escape(rule[1]), tostring(rule[2]),
      escape(table.concat(rule[3], ", ")))
  end
end

local function type_section(out, version, ref)
  local spec = api.type(version, ref)
  out[#out + 1] = ('<h3 id="%s">%s</h3>'):format(escape(ref), code(ref:match("[^.]+$")))
  if spec.enum then
    out[#out + 1] = "<p>" .. enum_text(version, spec.enum) .. "</p>"
  elseif spec.union then
    out[#out + 1] = ("<p>by %s:</p><ul>"):format(code(spec.tag))
    for _, tag in ipairs(sorted(spec.union)) do
      out[#out + 1] = ("<li>%s: %s</li>"):format(code(tag), type_link(version, spec.union[tag]))
    end
    out[#out + 1] = "</ul>"
  elseif spec.shapes then
    out[#out + 1] = "<ul>"
    for _, shape in ipairs(spec.shapes) do
      out[#out + 1] = ("<li>%s: %s</li>"):format(
        shape.has and "with " .. code(shape.has) or "otherwise", type_link(version, shape.ref))
    end
    out[#out + 1] = "</ul>"
  elseif spec.map then
    out[#out + 1] = "<p>table of any name to " .. type_text(version, spec.map) .. "</p>"
  elseif spec.fields and next(spec.fields) then
    field_table(out, version, spec.fields)
    rules(out, spec)
  else
    out[#out + 1] = "<p>a table of any fields</p>"
  end
end

-- Every type that is linked to, and what those link to in turn.
local function types_page(version)
  local sections, done = {}, {}
  repeat
    local more = false
    for _, ref in ipairs(sorted(used[version])) do
      if not done[ref] then
        done[ref], more = true, true
        local out = {}
        type_section(out, version, ref)
        sections[#sections + 1] = { ref = ref, html = table.concat(out, "\n") }
      end
    end
  until not more
  table.sort(sections, function(a, b) return a.ref < b.ref end)
  local out = { ("<h1>Types of %s</h1>"):format(version:upper()) }
  for _, section in ipairs(sections) do out[#out + 1] = section.html end
  return table.concat(out, "\n"), #sections
end

-- }===================

-- {====== Operations ======

local FLAGS = {
  { "unstable", "unstable: PortOne may change it without notice" },
  { "noauth", "needs no authorization" }, { "csv", "answers a file" },
  { "empty", "answers nothing but its status" },
  { "partial", "207 means that some were not found or not done" },
  { "charge", 'status "failed" in the answer is a refusal' },
}

local function errors_of(out, row)
  local by_status = {}
  for type_, status in pairs(row.errors or {}) do
    by_status[status] = by_status[status] or {}
    table.insert(by_status[status], type_)
  end
  for _, status in ipairs(row.statuses or {}) do by_status[status] = by_status[status] or {} end
  if not next(by_status) then return end
  out[#out + 1] = "<p>Errors:</p><ul>"
  for _, status in ipairs(sorted(by_status)) do
    local types = by_status[status]
    table.sort(types)
    for i, type_ in ipairs(types) do types[i] = link("errors.html#" .. type_, code(type_)) end
    out[#out + 1] = ("<li>%s %s</li>"):format(status, table.concat(types, " "))
  end
  out[#out + 1] = "</ul>"
end

local function operation_section(out, row)
  out[#out + 1] = ('<h2 id="%s">%s</h2>'):format(escape(row.name), code(row.name))
  out[#out + 1] = "<p>" .. escape(row.summary) .. "</p>"
  out[#out + 1] = "<p>" .. code(row.method .. " " .. row.path) .. "</p>"
  for _, flag in ipairs(FLAGS) do
    if row[flag[1]] then out[#out + 1] = "<p>" .. flag[2] .. "</p>" end
  end
  if row.pgs then out[#out + 1] = "<p>offered by " .. table.concat(row.pgs, ", ") .. "</p>" end
  local spec = check.arguments(row)
  if next(spec.fields) then field_table(out, row.api, spec.fields) end
  rules(out, spec)
  if row.result then
    out[#out + 1] = "<p>Answer: " .. type_text(row.api, row.result) .. "</p>"
    if row.result.fields then field_table(out, row.api, row.result.fields) end
  end
  errors_of(out, row)
  local example = describe.describe(row.name):match("\nexample\n(.*)$")
  out[#out + 1] = "<pre><code>" .. escape((example:gsub("^  ", ""))) .. "</code></pre>"
end

local function group_page(version, group)
  local title = version .. "." .. group
  local out = { "<h1>" .. code("portone." .. title) .. "</h1>", "<ul>" }
  local names = api.names(version, group)
  for _, name in ipairs(names) do
    local row = api.find(version, group, name)
    out[#out + 1] = ("<li>%s %s</li>"):format(link("#" .. row.name, code(name)),
      escape(row.summary))
  end
  out[#out + 1] = "</ul>"
  for _, name in ipairs(names) do operation_section(out, api.find(version, group, name)) end
  return table.concat(out, "\n"), #names
end

-- }========================

-- {====== Errors ======

local function operations_of_errors()
  local by_type = {}
  for row in api.all() do
    for type_ in pairs(row.errors or {}) do
      by_type[type_] = by_type[type_] or {}
      table.insert(by_type[type_], row)
    end
  end
  return by_type
end

local function errors_page()
  local kinds = require("portone.error").kinds
  local out = { "<h1>Errors</h1>", '<h2 id="kinds">Kinds: <code>err.kind</code></h2>',
    "<p>Every error of either API has one; the list is closed.</p>", "<table>" }
  for _, kind in ipairs(sorted(kinds)) do
    out[#out + 1] = ('<tr><td id="kind-%s">%s</td><td>%s</td></tr>'):format(kind, code(kind),
      escape(kinds[kind]))
  end
  out[#out + 1] = "</table>"
  out[#out + 1] = '<h2 id="types">Types of V2: <code>err.type</code></h2>'
  out[#out + 1] = "<p>V1 answers with a number, <code>err.code</code>, which says no more than "
    .. "that it failed.</p>"
  local errors, by_type = require "portone.api.v2.output.errors", operations_of_errors()
  out[#out + 1] = "<table><tr><th>type</th><th>status</th><th>operations</th></tr>"
  for _, type_ in ipairs(sorted(by_type)) do
    local rows = by_type[type_]
    local names = {}
    for i = 1, math.min(#rows, 8) do
      names[i] = link(("v2.%s.html#%s"):format(rows[i].group, rows[i].name), code(rows[i].op))
    end
    if #rows > 8 then names[9] = ("and %d more"):format(#rows - 8) end
    out[#out + 1] = ('<tr><td id="%s">%s</td><td>%s</td><td>%s</td></tr>'):format(type_,
      code(type_), errors[type_] and errors[type_].status or "", table.concat(names, " "))
  end
  out[#out + 1] = "</table>"
  return table.concat(out, "\n")
end

-- }====================

---All pages of this part.
---@param add fun(path: string, title: string, body: string)
---@return table counts
function M.pages(add)
  local counts = { operations = 0, types = 0 }
  local index = { "<h1>Operations</h1>" }
  for _, version in ipairs { "v1", "v2" } do
    index[#index + 1] = ("<h2 id=\"%s\">%s</h2>"):format(version, version:upper())
    for _, group in ipairs(api.groups(version)) do
      local name = version .. "." .. group
      local body, n = group_page(version, group)
      counts.operations = counts.operations + n
      add(("reference/%s.html"):format(name), "portone." .. name, body)
      index[#index + 1] = ("<h3>%s</h3><ul>"):format(link(name .. ".html", code(name)))
      for _, op in ipairs(api.names(version, group)) do
        local row = api.find(version, group, op)
        index[#index + 1] = ("<li>%s %s</li>"):format(
          link(("%s.html#%s"):format(name, row.name), code(op)), escape(row.summary))
      end
      index[#index + 1] = "</ul>"
    end
    local body, n = types_page(version)
    counts.types = counts.types + n
    add(("reference/%s.types.html"):format(version), "Types of " .. version:upper(), body)
    index[#index + 1] = ("<p>%s</p>"):format(link(version .. ".types.html",
      "Types of " .. version:upper()))
  end
  add("reference/index.html", "Operations", table.concat(index, "\n"))
  add("reference/errors.html", "Errors", errors_page())
  return counts
end

return M
