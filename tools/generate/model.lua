-- What the readers of both specifications share: facts laid over fields, names, order.

local model = {}

---Sorted keys of a table.
---@param t table
---@return string[]
function model.keys(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys)
  return keys
end

---Lays a hand-written fact over a field or row; `false` removes.
---@param target table
---@param fact? table
---@return table target
function model.apply(target, fact)
  for k, v in pairs(fact or {}) do
    if v == false then target[k] = nil else target[k] = v end
  end
  return target
end

---"payWithBillingKey" to "pay_with_billing_key".
---@param name string
---@return string
function model.snake(name)
  name = name:sub(1, 1):lower() .. name:sub(2)
  return (name:gsub("(%l%d*)(%u)", function(a, b) return a .. "_" .. b:lower() end):lower())
end

---"pay_with_billing_key" to "PayWithBillingKey".
---@param name string
---@return string
function model.pascal(name)
  return (("_" .. name):gsub("[_.](%w)", string.upper))
end

---Numbers that some specifications write as strings ("1000").
---@param v any
---@return number?
function model.number(v)
  local n = tonumber(v)
  if n and n == math.floor(n) and math.tointeger then n = math.tointeger(n) end
  return n
end

---Calls `fn(name)` for each type a field refers to, at any depth.
---@param field table
---@param fn fun(name: string)
function model.refs(field, fn)
  if field.ref then fn(field.ref) end
  if type(field.enum) == "string" then fn(field.enum) end
  if field.items then model.refs(field.items, fn) end
  if field.map then model.refs(field.map, fn) end
  for _, f in pairs(field.fields or {}) do model.refs(f, fn) end
  for _, name in pairs(field.union or {}) do fn(name) end
  for _, shape in ipairs(field.shapes or {}) do fn(shape.ref) end
end

---All types reachable from a field or type, itself not included.
---@param field table
---@param types table<string, table>
---@param seen table<string, boolean>
function model.closure(field, types, seen)
  model.refs(field, function(name)
    if seen[name] then return end
    seen[name] = true
    model.closure(assert(types[name], name), types, seen)
  end)
end

---The fields of a row, by place: path, query, body.
---@param row table
---@param fn fun(name: string, field: table, place: string)
function model.each_field(row, fn)
  for _, place in ipairs { "path_fields", "query", "body" } do
    for _, name in ipairs(model.keys(row[place] or {})) do fn(name, row[place][name], place) end
  end
end

return model
