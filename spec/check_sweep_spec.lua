-- The check of arguments over all operations: arguments made from the tables pass, the smallest
-- and the fullest, and every single mutation of them is refused at the right path.

local api = require "portone.api"
local check = require "portone.check"
local json = require "portone.json"
local sample = require "portone.check.sample"

local function texts(list)
  local out = {}
  for i, p in ipairs(list or {}) do out[i] = p.path .. ": " .. p.problem end
  return out
end

-- A copy of a value and the copy's part at a list of keys.
local function copy(v)
  if type(v) ~= "table" then return v end
  local t = {}
  for k, x in pairs(v) do t[k] = copy(x) end
  return t
end

local function at_keys(v, keys)
  for _, k in ipairs(keys) do v = v[k] end
  return v
end

local function path_of(keys, last)
  local path = ""
  for _, k in ipairs(keys) do
    path = path .. (type(k) == "number" and "[" .. k .. "]" or (path ~= "" and "." or "") .. k)
  end
  if not last then return path end
  return path .. (path ~= "" and "." or "") .. last
end

local function with(keys, k)
  local longer = {}
  for i, x in ipairs(keys) do longer[i] = x end
  longer[#longer + 1] = k
  return longer
end

local function refused(r, args, path, what)
  local found = {}
  for _, p in ipairs(check.args(r, args) or {}) do
    if p.path == path then return end
    found[#found + 1] = p.path .. ": " .. p.problem
  end
  error(("%s accepts %s at %s (found: %s)"):format(r.name, what, path, table.concat(found, "; ")))
end

local WRONG = { string = true, integer = "1", number = "1", boolean = "true", array = true,
  object = "x", json = true }

-- Mutates every field of an object, at any depth; returns how many mutations were tried.
local function mutate(r, args, spec, keys)
  local count = 0
  for name, field in pairs(spec.fields or {}) do
    local value = at_keys(args, keys)[name]
    if value ~= nil then
      local function try(mutation, what)
        local bad = copy(args)
        at_keys(bad, keys)[name] = mutation
        refused(r, bad, path_of(keys, name), what)
        count = count + 1
      end
      if field.required then try(nil, "a missing field") end
      try(WRONG[field.type], "a wrong type")
      if field.enum then try("no such value", "a value that is not listed") end
      if field.type == "integer" then try(1.5, "a fraction") end
      if field.type == "string" and field.max then
        try(("가"):rep(field.max + 1), "a text that is too long")
      end
      local inner = field.type == "array" and field.items or field
      local below = with(keys, name)
      if field.type == "array" then
        below = with(below, 1)
        if type(value) ~= "table" then inner = {} end
      end
      if inner.type == "object" then
        local t = inner.ref and api.type(r.api, inner.ref) or inner
        if t.fields then count = count + mutate(r, args, t, below) end
      end
    end
  end
  if spec.fields and not spec.open then
    local bad = copy(args)
    at_keys(bad, keys).no_such_field_anywhere = 1
    refused(r, bad, path_of(keys, "no_such_field_anywhere"), "an unknown field")
    count = count + 1
  end
  return count
end

describe("all 227 operations", function()
  it("accept their smallest arguments without a warning", function()
    local count = 0
    for r in api.all() do
      local args = sample.object(r.api, check.arguments(r))
      local bad, warned = check.args(r, args)
      assert.same({}, texts(bad), r.name)
      assert.same({}, texts(warned), r.name)
      assert.truthy(json.encode(args, check.is_array(r)), r.name)
      count = count + 1
    end
    assert.equal(227, count)
  end)

  it("refuse every single mutation of them at its path", function()
    local count = 0
    for r in api.all() do
      local spec = check.arguments(r)
      count = count + mutate(r, sample.object(r.api, spec), spec, {})
    end
    assert.truthy(count > 1300, tostring(count))
  end)

  it("accept all their fields at once, and refuse every mutation of those", function()
    local count = 0
    for r in api.all() do
      local spec = check.arguments(r)
      local args = sample.object(r.api, spec, true)
      args.pg = nil -- would bring the rules of one PG in
      assert.same({}, texts((check.args(r, args))), r.name)
      count = count + mutate(r, args, spec, {})
    end
    assert.truthy(count > 4000, tostring(count))
  end)

  it("accept every optional field with a value of its kind", function()
    for r in api.all() do
      local spec = check.arguments(r)
      for name, field in pairs(spec.fields) do
        local args = sample.object(r.api, spec)
        if args[name] == nil then
          args[name] = sample.value(r.api, name, field)
          for _, p in ipairs(check.args(r, args) or {}) do -- a rule between fields may object
            local about_field = p.path == name or p.path:find("^" .. name .. "[.%[]")
            local shape = p.problem:find("only one of") or p.problem:find("^required when")
            assert.truthy(not about_field or shape, r.name .. "." .. p.path .. ": " .. p.problem)
          end
        end
      end
    end
  end)
end)
