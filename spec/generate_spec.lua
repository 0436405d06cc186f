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

-- {====== Annotations ======

local BUILT_IN = {}
for name in ("string integer number boolean table any nil function lightuserdata fun T "
  .. "true false self thread userdata unknown"):gmatch("%S+") do
  BUILT_IN[name] = true
end

-- Splits an annotation's type from the words behind it; brackets and unions belong to it.
local function type_part(text)
  local depth, i = 0, 1
  while i <= #text do
    local c = text:sub(i, i)
    if c:find("[%({%[<]") then depth = depth + 1 end
    if c:find("[%)}%]>]") then depth = depth - 1 end
    if c == '"' then i = assert(text:find('"', i + 1, true), text) end
    if c == " " and depth == 0 then
      local before, after = text:sub(1, i - 1), text:sub(i + 1)
      if not (before:find("[|:,]$") or after:find("^[|]")) then return before end
    end
    i = i + 1
  end
  assert.equal(0, depth, text)
  return text
end

-- Names of types in a type expression; parameter and key names are not types.
local function names_in(type_, fn)
  type_ = type_:gsub('"[^"]*"', " "):gsub("[%w_]+%??:", " "):gsub("%.%.%.", " ")
  for name in type_:gmatch("[%a_][%w_.]*") do fn(name) end
end

local function parse_types()
  local known = { classes = {}, used = {}, functions = {} }
  for _, file in ipairs { "portone", "portone_v1", "portone_v2" } do
    local class, pending_params = nil, {}
    for line in (assert(read("types/" .. file .. ".lua"))):gmatch("[^\n]*") do
      local tag, rest = line:match("^%-%-%-@(%a+)%s*(.*)$")
      local function use(type_)
        names_in(type_, function(name) known.used[name] = file .. ": " .. line end)
      end
      if tag == "class" or tag == "alias" then
        local name, more = rest:match("^([%w_.]+)%s*:?%s*(.*)$")
        assert.is_nil(known.classes[name], "defined twice: " .. name)
        class = {}
        known.classes[name] = class
        if tag == "alias" or more ~= "" then use(more) end
      elseif tag == "field" then
        local name, type_ = rest:match("^([%w_]+)%??%s+(.*)$")
        assert.is_nil(class[name], "field twice: " .. line)
        class[name] = rest:match("^[%w_]+%?") and "optional" or "required"
        use(type_part(type_))
      elseif tag == "param" then
        local name, type_ = rest:match("^([%w_.]+)%??%s+(.*)$")
        pending_params[name] = type_part(type_)
        use(pending_params[name])
      elseif tag == "return" or tag == "type" then
        use(type_part(rest))
      elseif line:find("^%-%-%-|") then
        use(line:match("^%-%-%-|%s*(.*)$"))
      elseif line:find("^function ") then
        local name = line:match("^function ([%w_.]+)%(")
        known.functions[file .. ":" .. name] = pending_params
        pending_params = {}
      end
    end
  end
  return known
end

describe("annotations", function()
  local known = parse_types()

  it("define every type they use, once", function()
    for name, where in pairs(known.used) do
      assert.truthy(known.classes[name] or BUILT_IN[name], name .. " in " .. where)
    end
  end)

  it("have a function for every operation, with its arguments", function()
    for r in api.all() do
      local name = ("portone_%s:%s.%s"):format(r.api, r.group:gsub("%.", "_"), r.op)
      local params = assert(known.functions[name], name)
      local class = assert(known.classes[params.args], name)
      local count = 0
      for _, place in ipairs { "path_fields", "query", "body" } do
        for field, f in pairs(r[place] or {}) do
          assert.equal(f.required and "required" or "optional", class[field], name .. field)
          count = count + 1
        end
      end
      for field in pairs(class) do count = count - (field == "extra" and 0 or 1) end
      local own = r.body and r.body.extra or r.query and r.query.extra
      assert.equal(own and 1 or 0, count, name)
    end
  end)

  it("list the groups below each other", function()
    for _, version in ipairs { "v1", "v2" } do
      for _, group in ipairs(api.groups(version)) do
        assert.truthy(known.classes["portone." .. version .. ".group." .. group], group)
        local above, last = group:match("^(.*)%.([^.]+)$")
        local holder = above and "portone." .. version .. ".group." .. above
          or "portone." .. version
        assert.equal("required", known.classes[holder][last or group], group)
      end
    end
  end)

  it("are Lua", function()
    for _, file in ipairs { "portone", "portone_v1", "portone_v2" } do
      assert.truthy(loadfile("types/" .. file .. ".lua"))
    end
  end)
end)

-- }====================
