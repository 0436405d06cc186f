-- The check of arguments over all operations: arguments made from the tables pass, the smallest
-- and the fullest, and every single mutation of them is refused at the right path.

local api = require "portone.api"
local check = require "portone.check"
local json = require "portone.json"
local mutations = require "spec.support.mutations"
local sample = require "portone.check.sample"

local function texts(list)
  local out = {}
  for i, p in ipairs(list or {}) do out[i] = p.path .. ": " .. p.problem end
  return out
end

-- Fails unless the mutation is refused at its path, as the kind of problem it is.
local function refused(r, args, path, what, code)
  local found = {}
  for _, p in ipairs(check.args(r, args) or {}) do
    assert(check.codes[p.code], tostring(p.code))
    if p.path == path and p.code == code then return end
    found[#found + 1] = p.path .. ": " .. p.problem
  end
  error(("%s accepts %s at %s (found: %s)"):format(r.name, what, path, table.concat(found, "; ")))
end

-- Tries every mutation; returns how many there were.
local function mutate(r, args, spec)
  local count = 0
  mutations.each(r, args, spec, function(bad, path, what, code)
    refused(r, bad, path, what, code)
    count = count + 1
  end)
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
      count = count + mutate(r, sample.object(r.api, spec), spec)
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
      count = count + mutate(r, args, spec)
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
