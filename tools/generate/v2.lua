-- Reads the V2 specification (OpenAPI 3) into rows and types.

local model = require "generate.model"
local facts = require "generate.v2_facts"
local summaries = require "generate.v2_summaries"

local v2 = {}

local function type_name(ref) return ref:match("([^/]+)$") end

-- Limits that only the prose gives: "최대 100자", "최대 99개", "최대 1000까지".
local function read_limits(field, text)
  if type(text) ~= "string" then return end
  local n = text:match("최대 ([%d,]+)")
  local unit = n and text:match("최대 [%d,]+%s*([^%d%s]+)")
  if not unit then return end
  n = model.number((n:gsub(",", "")))
  if field.type == "string" and unit:find("^자") then field.max = n end
  if field.type == "array" and (unit:find("^개") or unit:find("^명")) then field.max = n end
  if field.type == "integer" and unit:find("^까지") then field.max = n end
end

local function read_ref(name, schemas)
  if schemas[name].enum then return { type = "string", enum = name } end
  return { type = "object", ref = name }
end

local function read_field(schema, schemas, required)
  local field
  if schema["$ref"] then
    field = read_ref(type_name(schema["$ref"]), schemas)
  elseif schema.type == "array" then
    field = { type = "array", items = read_field(schema.items, schemas) }
  elseif schema.additionalProperties then
    field = { type = "object", map = read_field(schema.additionalProperties, schemas) }
  else
    field = { type = schema.type, format = schema.format, enum = schema.enum }
  end
  field.required = required or nil
  read_limits(field, schema.description)
  return field
end

local function fields_of(name, schema, schemas)
  local required, fields = {}, {}
  for _, property in ipairs(schema.required or {}) do required[property] = true end
  for property, p in pairs(schema.properties or {}) do
    fields[property] = read_field(p, schemas, required[property])
    model.apply(fields[property], facts.fields[name] and facts.fields[name][property])
  end
  return fields
end

local function read_type(name, schema, schemas)
  if schema.enum then return { enum = schema.enum } end
  if schema.oneOf then
    local union = {}
    for tag, ref in pairs(schema.discriminator.mapping) do union[tag] = type_name(ref) end
    return { union = union, tag = schema.discriminator.propertyName }
  end
  if schema.additionalProperties then
    return { map = read_field(schema.additionalProperties, schemas) }
  end
  return model.apply({ fields = fields_of(name, schema, schemas) }, facts.types[name])
end

-- A member of a union always carries the same tag: the field says which.
local function fix_tags(types)
  for _, name in ipairs(model.keys(types)) do
    local type_ = types[name]
    for tag, member in pairs(type_.union or {}) do
      local field = types[member].fields[type_.tag]
      if field and not field.enum and name:sub(-5) ~= "Error" then field.const = tag end
    end
  end
end

-- Category "payment.billingKey" to group "payment.billing_key"; the operations without one
-- are all of the platform, where the official SDK keeps them too.
local function group_of(operation)
  local category = operation["x-portone-category"] or "platform"
  return (category:gsub("[^.]+", model.snake))
end

local function read_errors(operation, schemas)
  local errors = {}
  local union = schemas[type_name(operation["x-portone-error"]["$ref"])]
  for type_, ref in pairs(union.discriminator.mapping) do
    errors[type_] = schemas[type_name(ref)]["x-portone-status-code"]
  end
  return errors
end

local function read_parameters(row, operation, schemas)
  local body
  for _, p in ipairs(operation.parameters or {}) do
    if p.content then
      row.query_body = true
      body = p.content["application/json"].schema
    else
      local place = p["in"] == "path" and "path_fields" or "query"
      row[place] = row[place] or {}
      row[place][p.name] = read_field(p.schema, schemas, p.required)
    end
  end
  return body
end

local function read_result(row, operation)
  local content = operation.responses["200"].content
  if not content then
    row.empty = true
  elseif content["text/csv"] then
    row.csv = true
  else
    row.result = { type = "object", ref = type_name(content["application/json"].schema["$ref"]) }
  end
end

local function read_paging(row, types)
  local body = row.body or {}
  if body.page and body.page.ref == "PageInput" then row.paging = "page"
  elseif body.cursor then row.paging = "cursor"
  elseif body.pageNumber then row.paging = "pageNumber" end
  if not row.paging then return end
  for name, field in pairs(types[row.result.ref].fields) do
    if field.type == "array" then
      assert(not row.list, "two lists in the answer of " .. row.op)
      row.list = name
    end
  end
  assert(row.list, "no list in the answer of " .. row.op)
end

-- Where storeId goes: the query, the body, or the object in the body that takes it. A filter that
-- means the whole merchant without one is left alone.
local OWN_STORE = "미입력시 인증 정보의 상점 아이디"

local function store_of(row, schemas)
  if row.query and row.query.storeId then return "query" end
  if row.body and row.body.storeId then return "body" end
  for _, name in ipairs(model.keys(row.body or {})) do
    local ref = row.body[name].ref
    local field = ref and (schemas[ref].properties or {}).storeId
    if field and (field.description or ""):find(OWN_STORE, 1, true) then return name end
  end
end

local function read_row(path, method, operation, schemas, types)
  local id = operation.operationId
  local row = {
    group = group_of(operation), op = model.snake(id), method = method, path = path,
    summary = assert(summaries[id], "no summary for " .. id),
    unstable = operation["x-portone-unstable"] and true,
    noauth = not operation.security or nil,
    errors = read_errors(operation, schemas),
  }
  local body = read_parameters(row, operation, schemas)
  if operation.requestBody then
    body = operation.requestBody.content["application/json"].schema
    row.body_required = not row.query_body and operation.requestBody.required or nil
  end
  if body then
    local name = type_name(body["$ref"])
    row.body = fields_of(name, schemas[name], schemas)
    if not next(row.body) then row.body = nil end
  end
  row.store = store_of(row, schemas)
  read_result(row, operation)
  read_paging(row, types)
  return model.apply(row, facts.rows[id])
end

-- Every error type with the fields it adds to `type` and `message`.
local function read_error_types(schemas, types)
  local errors = {}
  for name, schema in pairs(schemas) do
    if name:find("Error$") and schema.discriminator then
      for type_, ref in pairs(schema.discriminator.mapping) do
        local member = type_name(ref)
        local fields = {}
        for field, f in pairs(types[member].fields) do
          if field ~= "type" and field ~= "message" then fields[field] = f end
        end
        local entry = errors[type_] or { status = schemas[member]["x-portone-status-code"] }
        if next(fields) then entry.fields = fields end
        errors[type_] = entry
      end
    end
  end
  return errors
end

---@param spec table the decoded specification
---@return table[] rows sorted by group and name
---@return table<string, table> types every schema
---@return table<string, table> errors every error type: status and extra fields
function v2.read(spec)
  local schemas, rows, types = spec.components.schemas, {}, {}
  for name, schema in pairs(schemas) do types[name] = read_type(name, schema, schemas) end
  fix_tags(types)
  for path, methods in pairs(spec.paths) do
    for method, operation in pairs(methods) do
      rows[#rows + 1] = read_row(path, method:upper(), operation, schemas, types)
    end
  end
  table.sort(rows, function(a, b)
    if a.group ~= b.group then return a.group < b.group end
    return a.op < b.op
  end)
  return rows, types, read_error_types(schemas, types)
end

return v2
