-- Reads the V1 specification (Swagger 2.0, with its defects) into rows and types.

local model = require "generate.model"
local facts = require "generate.v1_facts"
local names = require "generate.v1_names"

local v1 = {}

-- "#/definitions/PaymentAnnotation" to "Payment"
local function type_name(ref)
  return (ref:match("([^/]+)$"):gsub("Annotation$", ""))
end

-- Keeps of the per-PG notes what is a rule: required or not. One key is spelt `nice_V2`,
-- one flag `requiqred`, some notes are plain text.
local function per_pg(notes)
  local rules
  for pg, note in pairs(notes or {}) do
    if type(note) == "table" and (note.required or note.requiqred) then
      rules = rules or {}
      rules[pg:lower()] = { required = true }
    end
  end
  return rules
end

local fields_of

-- One parameter or property to a field.
local function read_field(p, required)
  local field = {
    type = p.type, required = required or nil, enum = p.enum, format = p.format,
    deprecated = p.deprecated, per_pg = per_pg(p["x-portone-per-pg"]),
    pgs = p["x-portone-supported-pgs"], not_pgs = p["x-portone-unsupported-pgs"],
  }
  local schema = p.schema or (p["$ref"] and p)
  if schema and schema["$ref"] then -- declared `string`, or not at all, where an object goes
    field.type, field.ref = "object", type_name(schema["$ref"])
  elseif p.properties then
    field.type, field.fields = "object", fields_of(p)
  elseif field.type == "array" then
    local items = p.items -- "string" in place of an object, or missing
    if type(items) ~= "table" then items = { type = "string" } end
    field.items = read_field(items)
  elseif field.type == "string" then
    field.max = model.number(p.maxLength)
  elseif field.type == "integer" or field.type == "number" then
    field.min, field.max = model.number(p.minimum), model.number(p.maximum)
  end
  return field
end

-- The properties of a definition; `required` may name some that do not exist.
fields_of = function(definition)
  local required, fields = {}, {}
  for _, name in ipairs(definition.required or {}) do required[name] = true end
  for name, p in pairs(definition.properties or {}) do
    fields[name] = read_field(p, required[name])
  end
  return fields
end

-- Splits "imp_uid[]" and "extra[requester]"; a hyphen becomes an underscore.
local function local_name(wire)
  local base, inner = wire:match("^([%w_]+)%[(.*)%]$")
  if not base then base = wire:gsub("-", "_") end
  return base, inner
end

local function place_of(parameter, method)
  if parameter["in"] == "path" then return "path_fields" end
  if parameter["in"] == "query" then return "query" end
  -- form data has no place in a GET or DELETE
  return (method == "GET" or method == "DELETE") and "query" or "body"
end

local function read_parameter(row, p)
  local name, inner = local_name(p.name)
  local place = place_of(p, row.method)
  local field = read_field(p, p.required)
  model.apply(field, facts.fields[name])
  if field.required and facts.relaxed[name] then field.required, field.advised = nil, true end
  local names_it = place == "body" and field.type == "string" and facts.named[name]
  if names_it and field.required then field.min = 1 end
  local own = facts.of[row.group .. "." .. row.op]
  if inner and inner ~= "" then
    field = { type = "object", style = "deep", open = true,
      fields = { [inner] = model.apply(field, own and own[name]) } }
  else
    if name ~= p.name then field.wire = p.name end
    if p.collectionFormat == "multi" and place == "query" then field.style = "multi" end
    model.apply(field, own and own[name])
  end
  row[place] = row[place] or {}
  row[place][name] = field
end

-- The unwrapped `response` of an answer, as a field.
local function read_result(schema, definitions)
  if schema["$ref"] then
    local definition = definitions[schema["$ref"]:match("([^/]+)$")]
    if definition.allOf then definition = definition.allOf[2] end
    schema = definition
  end
  local properties = schema.properties or {}
  if properties.CustomerResponse then
    return { type = "object", ref = "CustomerOrSuperBillingKey" }
  end
  return properties.response and read_field(properties.response)
end

local function read_row(path, method, operation, definitions)
  local key = method .. " " .. path
  local named = assert(names[key], "no name for " .. key)
  local row = { group = named[1], op = named[2], summary = named[3], method = method, path = path }
  for _, p in ipairs(operation.parameters or {}) do read_parameter(row, p) end
  row.pgs = operation["x-portone-supported-pgs"] or operation["x-portone-supported_pgs"]
  local consumes = operation.consumes or {}
  row.json_only = #consumes == 1 and consumes[1] == "application/json" or nil
  row.statuses = {}
  for status in pairs(operation.responses) do
    if status:sub(1, 1) ~= "2" then table.insert(row.statuses, model.number(status)) end
  end
  table.sort(row.statuses)
  row.partial = operation.responses["207"] and true
  local schema = operation.responses["200"].schema
  row.empty = not schema or nil
  row.result = schema and read_result(schema, definitions)
  if row.query and row.query.page then
    row.paging = row.result.ref == "PagedPayment" and "next" or "list"
    row.list = row.result.ref == "PagedPayment" and "list" or nil
  end
  return model.apply(row, facts.rows[row.group .. "." .. row.op])
end

---@param spec table the decoded specification
---@return table[] rows sorted by group and name
---@return table<string, table> types every named definition
function v1.read(spec)
  local rows, types = {}, {}
  for name, definition in pairs(spec.definitions) do
    if not definition.allOf and not name:find("Response$") then
      local type_ = { fields = fields_of(definition) }
      name = type_name(name)
      model.apply(type_, facts.rules[name])
      for field, fact in pairs(facts.types[name] or {}) do
        model.apply(type_.fields[field], fact)
      end
      types[name] = type_
    end
  end
  for name, shapes in pairs(facts.shapes) do
    types[name] = { shapes = {} }
    for i, shape in ipairs(shapes) do
      types[name].shapes[i] = { ref = shape.type, has = shape.has }
    end
  end
  for path, methods in pairs(spec.paths) do
    for method, operation in pairs(methods) do
      rows[#rows + 1] = read_row(path, method:upper(), operation, spec.definitions)
    end
  end
  table.sort(rows, function(a, b)
    if a.group ~= b.group then return a.group < b.group end
    return a.op < b.op
  end)
  return rows, types
end

return v1
