-- SPDX-License-Identifier: MIT
-- A copy of the parameters as they will be sent: constants of the SDK without their prefix
-- (CURRENCY_KRW is KRW), names that pages misspell as the schema has them, `extra` laid over.
-- The caller's tables are never changed.

local json = require "portone.json"

local M = {}

-- Path of the parent -> name on a page -> name in the schema.
local aliases = {
  ["mobile"] = { availableCarriers = "avaliableCarriers" },  -- sic: the schema's spelling
  ["easyPay"] = { availablePayMethod = "availablePayMethods" },
  ["giftCertificate"] = { certificateType = "giftCertificateType" },
  ["customer"] = { name = "fullName", id = "customerId" },
}

-- Field -> value on a page -> value of the schema.
local value_aliases = {
  billingKeyAndPayMethod = { PHONE = "MOBILE" },
  easyPayProvider = { G_CASH = "GCASH" },
}

local function warn(state, path, problem)
  state.warnings[#state.warnings + 1] = { path = path, problem = problem }
end

local function join(path, key)
  if type(key) == "number" then
    return ("%s[%d]"):format(path, key)
  end
  return path == "" and tostring(key) or path .. "." .. tostring(key)
end

-- "CURRENCY_KRW" -> "KRW", when KRW is in the list
local function scalar(state, value, field, path, key)
  if type(value) ~= "string" or not field then
    return value
  end
  local other = value_aliases[key] and value_aliases[key][value]
  if other then
    warn(state, path, ("%s is called %s here, and sent so"):format(value, other))
    return other
  end
  local bare = field.prefix and value:match("^" .. field.prefix .. "_(.+)$")
  if bare then
    for _, known in ipairs(field.enum) do
      if known == bare then
        return bare
      end
    end
  end
  return value
end

local copy

local function copy_table(state, value, field, path, depth)
  local out = setmetatable({}, getmetatable(value))
  local renamed = aliases[path]
  for key, item in next, value do
    local name = renamed and renamed[key] or key
    if name ~= key then
      local target = field and field.fields and field.fields[name] or {}
      if value[name] ~= nil or type(item) == "table" and target.type == "string" then
        name = key  -- both are there, or it is another thing of that name: let the check say so
      else
        warn(state, join(path, key), ("is called %s here, and sent so"):format(name))
      end
    end
    local child = field and (field.items and type(key) == "number" and field.items
      or field.fields and field.fields[name])
    out[name] = copy(state, item, child, join(path, name), name, depth + 1)
  end
  return out
end

copy = function(state, value, field, path, key, depth)
  if type(value) == "table" and depth <= 32 then
    return copy_table(state, value, field, path, depth)
  end
  return scalar(state, value, field, path, key)
end

---@param params table
---@param row table
---@return table copy
---@return table[] warnings  { path, problem }
---@return table? extra      taken out of the copy
function M.copy(params, row)
  local state = { warnings = {} }
  local out = copy(state, params, { fields = row.body }, "", "", 1)
  local extra = out.extra
  out.extra = nil
  return out, state.warnings, extra
end

---Lays fields that the tables do not know over the checked ones.
---@param params table
---@param extra table?
function M.lay_over(params, extra)
  for key, value in pairs(extra or {}) do
    if type(value) == "table" and type(params[key]) == "table" and not json.is_array(value)
      and value[1] == nil then
      M.lay_over(params[key], value)
    else
      params[key] = value
    end
  end
end

return M
