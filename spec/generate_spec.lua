-- What the generator writes is what lies in the tree, its hand-written facts name things that
-- exist, and the annotations hold together: types are defined once, functions are all there.

local api = require "portone.api"
local official = require "spec.support.official"

local function lines_of(command)
  local p = assert(io.popen(command))
  local lines = {}
  for line in p:lines() do lines[#lines + 1] = line end
  p:close()
  return lines
end

local function read(path)
  local f = io.open(path, "rb")
  if not f then return nil end
  local text = f:read("*a")
  f:close()
  return text
end

local function interpreter()
  return rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d%.%d")
end

local spec_it = official.dir() and it or pending

describe("the generator", function()
  spec_it("writes, on this Lua too, the files that are in the tree", function()
    local dir = os.tmpname()
    os.remove(dir)
    local failed = lines_of(("%s tools/generate.lua '%s' '%s' 2>&1"):format(interpreter(),
      official.dir(), dir))
    assert.same({}, failed)
    local made = lines_of(("cd '%s' && find . -type f | sort"):format(dir))
    assert.truthy(#made > 100)
    local is_made = { ["./lua/portone/api/init.lua"] = true } -- the one written by hand
    for _, path in ipairs(made) do
      is_made[path] = true
      assert.truthy(read(path) == read(dir .. "/" .. path), path .. " is not what is generated")
    end
    for _, path in ipairs(lines_of("find ./lua/portone/api ./types -type f")) do
      assert.truthy(is_made[path], path .. " is generated no more")
    end
    os.execute(("rm -r '%s'"):format(dir))
  end)

  it("copies no prose: what it writes is English, on one line each, or not words at all", function()
    local count = 0
    for _, path in ipairs(lines_of("find lua/portone/api/v[12] types -name '*.lua'")) do
      assert.is_nil(read(path):find("[\128-\255]"), path)
      count = count + 1
    end
    assert.is_true(count > 80)
    for r in api.all() do
      assert.matches("^%u[^\n]+%.$", r.summary, r.name)
      assert.is_true(#r.summary <= 90, r.name)
    end
  end)

  local function with_tools(name)
    local path = package.path
    package.path = "tools/?.lua;" .. path
    local module = require("generate." .. name)
    package.path = path
    return module
  end

  it("has no fact of V1 about what does not exist", function()
    local facts = with_tools "v1_facts"
    for name, fields in pairs(facts.of) do
      local r = assert(api.find("v1", name:match("^(.*)%.([^.]+)$")), name)
      for field in pairs(fields) do
        local place = r.path_fields and r.path_fields[field] or r.query and r.query[field]
          or r.body and r.body[field]
        assert.truthy(place, name .. "." .. field)
      end
    end
    for name in pairs(facts.rows) do
      assert.truthy(api.find("v1", name:match("^(.*)%.([^.]+)$")), name)
    end
    local used = {}
    for r in api.all() do
      for _, place in ipairs { "path_fields", "query", "body" } do
        for field in pairs(r[place] or {}) do used[field] = true end
      end
    end
    for field in pairs(facts.fields) do assert.truthy(used[field], field) end
    for type_, fields in pairs(facts.types) do
      local t = api.type("v1", "input." .. type_)
      for field in pairs(fields) do assert.truthy(t.fields[field], type_ .. "." .. field) end
    end
    for type_, rules in pairs(facts.rules) do
      local t = assert(api.type("v1", "input." .. type_), type_)
      for _, name in ipairs(rules.amounts and rules.amounts.names or {}) do
        assert.truthy(t.fields[name], type_ .. "." .. name)
      end
    end
    for r in api.all() do
      local fields = r.body or {}
      for _, name in ipairs(r.amounts and r.amounts.names or {}) do
        assert.truthy(fields[name] and fields[r.amounts.currency], r.name .. "." .. name)
      end
    end
  end)

  spec_it("has no fact of V2 about what does not exist", function()
    local facts, summaries = with_tools "v2_facts", with_tools "v2_summaries"
    local spec = official.read("v2")
    local ids = {}
    for _, o in pairs(official.operations(spec)) do ids[o.operationId] = true end
    for id in pairs(facts.rows) do assert.truthy(ids[id], id) end
    for id in pairs(summaries) do assert.truthy(ids[id], id) end
    for name, fields in pairs(facts.fields) do
      local schema = assert(spec.components.schemas[name], name)
      for field in pairs(fields) do assert.truthy(schema.properties[field], name .. field) end
    end
    for name, rules in pairs(facts.types) do
      local schema = assert(spec.components.schemas[name], name)
      for _, lists in pairs(rules) do
        for _, list in ipairs(lists) do
          local names = type(list[3]) == "table" and list[3] or list
          for _, field in ipairs(names) do
            assert.truthy(schema.properties[field], name .. "." .. field)
          end
        end
      end
    end
  end)
end)
