-- The annotations for editors say what is: every operation with its arguments, its answer and
-- its errors, every function of the module and of a client, every option. In the generated files
-- of types/ and, for the parts that are modules of their own, where they are written.

local annotations = require "spec.support.annotations"
local api = require "portone.api"
local check = require "portone.check"
local portone = require "portone"

local function lines_of(command)
  local p = assert(io.popen(command))
  local lines = {}
  for line in p:lines() do lines[#lines + 1] = line end
  p:close()
  return lines
end

local TYPES = { "types/portone.lua", "types/portone_checkout.lua", "types/portone_v1.lua",
  "types/portone_v2.lua" }
-- but for the tables of the API and the books of the sandbox, which nobody calls
local SOURCES = lines_of("find lua/portone -name '*.lua' ! -path '*/v[12]/*' | sort")

local types, sources = annotations.read(TYPES), annotations.read(SOURCES)

-- Functions of the files in types/ by name: "portone.new", "client.each", "payments.cancel".
local functions = {}
for _, fn in ipairs(types.functions) do
  functions[fn.where:match("^types/(.-)%.lua") .. ":" .. fn.name] = fn
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

describe("annotations", function()
  it("use no type that is not defined", function()
    assert.same({}, annotations.undefined(types, sources))
  end)

  it("define no class twice in types/", function()
    for name, class in pairs(types.classes) do assert.equal(1, class.count, name) end
  end)

  it("name every parameter, in order", function()
    for _, fn in ipairs(types.functions) do assert.is_nil(annotations.mismatch(fn)) end
    for _, fn in ipairs(sources.functions) do
      if fn.documented and #fn.params > 0 then assert.is_nil(annotations.mismatch(fn)) end
    end
  end)

  it("are Lua", function()
    for _, path in ipairs(TYPES) do assert.truthy(loadfile(path), path) end
  end)
end)

describe("the reader of annotations", function()
  local function read(text)
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write(text)
    f:close()
    local ok, out = pcall(annotations.read, { path })
    os.remove(path)
    return ok, out
  end

  it("finds what is wrong", function()
    local _, out = read "---@param x Missing what\nfunction f(x) end\n"
    assert.equal(1, #annotations.undefined(out))
    _, out = read "---@param b string\n---@param a string\nfunction f(a, b) end\n"
    assert.truthy(annotations.mismatch(out.functions[1]))
    _, out = read "---@param a string\nfunction f(a, b) end\n"
    assert.truthy(annotations.mismatch(out.functions[1]))
    assert.is_false((read "---@class A\n---@field x string\n---@field x string\n"))
    assert.is_false((read "---@class A\n---@field x fun(a: string\n"))
    assert.is_false((read "---@alias A string\n\n---@alias A string\n"))
    assert.is_false((read "---@field x string\n"))
  end)

  it("passes what is right", function()
    local ok, out = read('---@class A : B\n---@field x? string|"y"|A[] words\n'
      .. "---@class B\nlocal b = {}\n---@generic T\n---@param a T\n---@param f fun(x: A): any\n"
      .. "---@param ... any\n---@return T? name words\nfunction b.f(a, f, ...) end\n")
    assert.is_true(ok, out)
    assert.same({}, annotations.undefined(out))
    assert.is_nil(annotations.mismatch(out.functions[1]))
    assert.same({ type = 'string|"y"|A[]', optional = true }, out.classes.A.fields.x)
    assert.same({ type = "T?", name = "name" }, out.functions[1].returns[1])
    local names = {}
    annotations.names_in('fun(a, b: X|"y", c?, ...): Y, { key: Z }', function(name)
      names[#names + 1] = name
    end)
    assert.same({ "fun", "X", "Y", "Z" }, names)
  end)
end)

-- {====== Operations ======

local SCALAR = { string = "string", integer = "integer", number = "number",
  boolean = "boolean", json = "table|string" }

-- What the type of a field must be; a pattern where a name is free.
local function expected(version, field, answer)
  if field.const then return ("^%q$"):format(field.const) end
  if field.enum then
    local known = type(field.enum) == "table" and field.enum or nil
    if known and #known <= 6 then return '^"' .. known[1]:gsub("%p", "%%%0") .. '"' end
    return answer and "^portone%." .. version .. "%.[%w_]+|string$"
      or "^portone%." .. version .. "%.[%w_]+$"
  end
  if field.format == "time-to-pay" then return "^string|integer$" end
  if field.type == "array" then return "%[%]$" end
  if field.ref then
    return "^portone%." .. version .. "%." .. field.ref:match("[^.]+$") .. "$"
  end
  if field.map then return "^table<string, " end
  if field.fields then return "^{ " end
  return "^" .. (SCALAR[field.type] or "table") .. "$"
end

local function hold_fields(version, fields, class, where, answer)
  assert(class, "no class for " .. where)
  for name, field in pairs(fields) do
    local said = class.fields[name]
    assert(said, where .. "." .. name .. " is not annotated")
    assert.equal(not field.required, said.optional, where .. "." .. name)
    assert.matches(expected(version, field, answer), said.type, where .. "." .. name)
    if field.type == "array" then
      local item = expected(version, field.items, answer)
      local inner = said.type:match("^%((.*)%)%[%]$") or said.type:match("([^|]*)%[%]$")
      assert.matches(item, inner, where .. "." .. name .. "[]")
    end
  end
  for name in pairs(class.fields) do
    assert(fields[name] or name == "extra", where .. "." .. name .. " does not exist")
  end
end

describe("operations", function()
  it("have a function each, with arguments, answer, error and info", function()
    local count = 0
    for row in api.all() do
      local fn = functions[("portone_%s:%s.%s"):format(row.api, row.group:gsub("%.", "_"), row.op)]
      assert(fn, row.name)
      assert.same({ "args", "opts" }, fn.parameters, row.name)
      local fields, needs = {}, false
      for _, place in ipairs { "path_fields", "query", "body" } do
        for name, field in pairs(row[place] or {}) do
          fields[name] = field
          needs = needs or field.required or false
        end
      end
      assert.equal(not needs, fn.params[1].optional, row.name)
      assert.same({ "portone.CallOptions", true }, { fn.params[2].type, fn.params[2].optional })
      hold_fields(row.api, fields, types.classes[fn.params[1].type], row.name)
      local result = fn.returns[1].type:gsub("%?$", "")
      local wanted = row.csv and "^string$" or row.result and expected(row.api, row.result, true)
        or "^table$"
      assert.matches(wanted, result, row.name)
      assert.same({ "portone.Error?", "portone.Info" }, { fn.returns[2].type, fn.returns[3].type })
      count = count + 1
    end
    assert.equal(227, count)
  end)

  it("have groups below each other", function()
    for _, version in ipairs { "v1", "v2" } do
      for _, group in ipairs(api.groups(version)) do
        local class = "portone." .. version .. ".group." .. group
        assert.truthy(types.classes[class], group)
        assert.equal(group:gsub("%.", "_"), types.classes[class].variable)
        local above, last = group:match("^(.*)%.([^.]+)$")
        local holder = above and "portone." .. version .. ".group." .. above
          or "portone." .. version
        assert.equal(class, types.classes[holder].fields[last or group].type, group)
      end
    end
  end)

  -- Every named type that the rows refer to, at any depth, once.
  local function each_type(fn)
    local seen = {}
    local function visit(version, ref)
      if seen[version .. ref] then return end
      seen[version .. ref] = true
      local type_ = api.type(version, ref)
      fn(version, ref:match("[^.]+$"), type_, ref:find("^output%.") ~= nil)
      local function walk(field)
        if field.ref then visit(version, field.ref) end
        if type(field.enum) == "string" then visit(version, field.enum) end
        if field.items then walk(field.items) end
        if field.map then walk(field.map) end
        for _, f in pairs(field.fields or {}) do walk(f) end
      end
      walk(type_.enum and {} or type_)
      for _, member in pairs(type_.union or {}) do visit(version, member) end
      for _, shape in ipairs(type_.shapes or {}) do visit(version, shape.ref) end
    end
    for row in api.all() do
      for _, place in ipairs { "path_fields", "query", "body" } do
        for _, field in pairs(row[place] or {}) do
          if field.ref then visit(row.api, field.ref) end
        end
      end
      local result = row.result and (row.result.items or row.result)
      if result and result.ref then visit(row.api, result.ref) end
    end
  end

  it("have a class for every object, and a list of every enumeration", function()
    local count = 0
    each_type(function(version, name, type_, answer)
      local full = "portone." .. version .. "." .. name
      if type_.fields then
        hold_fields(version, type_.fields, types.classes[full], full, answer)
      elseif type_.enum then
        local listed = {}
        for i, value in ipairs(type_.enum) do listed[i] = ("%q"):format(value) end
        assert.same(listed, types.aliases[full].members, full)
      elseif type_.union or type_.shapes then
        local members, wanted = {}, {}
        for _, member in ipairs(types.aliases[full].members) do members[member] = true end
        for _, ref in pairs(type_.union or {}) do
          wanted["portone." .. version .. "." .. ref:match("[^.]+$")] = true
        end
        for _, shape in ipairs(type_.shapes or {}) do
          wanted["portone." .. version .. "." .. shape.ref:match("[^.]+$")] = true
        end
        assert.same(sorted(wanted), sorted(members), full)
      end
      count = count + 1
    end)
    assert.is_true(count > 400, tostring(count))
  end)

  it("name every error type of V2", function()
    local listed = {}
    for _, type_ in ipairs(sorted(require "portone.api.v2.output.errors")) do
      listed[#listed + 1] = ("%q"):format(type_)
    end
    assert.same(listed, types.aliases["portone.v2.ErrorType"].members)
    assert.equal(182, #listed)
  end)
end)

-- }========================

-- {====== The module ======

local function annotated(holder)
  local set = {}
  for name, fn in pairs(functions) do
    local own = name:match("^portone:" .. holder .. "%.([%w_]+)$")
    if own then set[own] = fn end
  end
  return set
end

-- The number of parameters of a function and whether there may be more, where Lua tells.
local function shape(fn)
  local info = debug.getinfo(fn, "u")
  return info.nparams, info.isvararg
end

local function hold_functions(real, said, holder)
  for name, fn in pairs(real) do
    if type(fn) == "function" then
      local note = assert(said[name], holder .. "." .. name .. " is not annotated")
      local count, more = shape(fn)
      local dots = note.parameters[#note.parameters] == "..."
      if count then
        assert.equal(count, #note.parameters - (dots and 1 or 0), holder .. "." .. name)
        assert.equal(more, dots, holder .. "." .. name)
      end
    end
  end
  for name in pairs(said) do
    assert.equal("function", type(rawget(real, name)), holder .. "." .. name .. " does not exist")
  end
end

describe("the module", function()
  local text = table.concat(lines_of "cat types/portone.lua", "\n")

  it("has every function annotated as it is", function()
    hold_functions(portone, annotated "portone", "portone")
  end)

  it("has every function of a client annotated as it is", function()
    local client = portone.new {}
    hold_functions(client, annotated "client", "client")
    client.close()
  end)

  it("has its parts and values", function()
    for _, part in ipairs { "portone.checkout", "portone.ledger", "portone.nginx",
      "portone.sandbox" } do
      assert.truthy(text:find(part .. ' = require "' .. part .. '"', 1, true), part)
      assert.truthy(pcall(require, part), part)
    end
    assert.truthy(text:find('client.webhook = require "portone.webhook"', 1, true))
    local fields = types.classes.portone.fields
    for name, value in pairs(portone) do
      if type(value) ~= "function" and type(value) ~= "table" and name ~= "null" then
        assert.truthy(fields[name], name)
      end
    end
    assert.truthy(fields.error_kinds and text:find("portone.null = nil", 1, true))
    assert.equal("portone.Client", types.classes.portone.parent)
    assert.same({ "v1", "v2" }, sorted(types.classes["portone.Client"].fields))
  end)

  it("names every kind of error and of problem", function()
    local function members(alias)
      local set = {}
      for _, member in ipairs(types.aliases[alias].members) do set[member:sub(2, -2)] = true end
      return sorted(set)
    end
    assert.same(sorted(portone.error_kinds), members "portone.ErrorKind")
    assert.same(sorted(check.codes), members "portone.ProblemCode")
    local page = table.concat(lines_of "cat docs/errors.md", "\n")
    for code in pairs(check.codes) do -- `offset` is the sandbox's
      assert.truthy(code == "offset" or page:find("`" .. code .. "`", 1, true), code)
    end
    for kind in pairs(portone.error_kinds) do
      assert.truthy(page:find("`" .. kind .. "`", 1, true), kind)
    end
  end)

  it("names every option of a client and of a call", function()
    local source = table.concat(lines_of "cat lua/portone/options.lua", "\n")
    for class, variable in pairs { ["portone.Options"] = "client_options",
      ["portone.CallOptions"] = "call_options" } do
      local body = assert(source:match("local " .. variable .. " = (%b{})"))
      local names = {}
      for name in body:gmatch("([%a_][%w_]*) =") do names[name] = true end
      assert.same(sorted(names), sorted(types.classes[class].fields), class)
    end
  end)

  it("has the fields that errors and infos have", function()
    local fake = require "spec.support.fake"
    local seen = { error = {}, info = {} }
    local function note(err, info)
      for name in pairs(err or {}) do seen.error[name] = true end
      for name in pairs(info) do seen.info[name] = true end
    end
    local function call(answers, fn, opts)
      local _, err, info = fn(fake.client(answers, opts).v2.payment)
      note(err, info)
    end
    call({ { 502, '{"type":"PG_PROVIDER","pgCode":"X","pgMessage":"no"}' } }, function(payment)
      return payment.capture_payment { paymentId = "p" }
    end)
    call({ { fault = { "timeout", "late", "all" } } }, function(payment)
      return payment.capture_payment({ paymentId = "p" }, { deadline = 1 })
    end)
    call({ { 200, "{}" } }, function(payment) return payment.get_payment { paymentID = "p" } end)
    local err_fields = types.classes["portone.Error"].fields
    for name in pairs(seen.error) do
      if name ~= "retry_after" then assert.truthy(err_fields[name], "error." .. name) end
    end
    for name in pairs(seen.info) do
      if name ~= "raw_headers" then
        assert.truthy(types.classes["portone.Info"].fields[name], "info." .. name)
      end
    end
  end)
end)

describe("the parts", function()
  -- Public functions of modules that annotate themselves.
  local parts = {
    ["lua/portone/webhook.lua"] = { "^M%.", require "portone.webhook" },
    ["lua/portone/nginx.lua"] = { "^M%.", require "portone.nginx" },
    ["lua/portone/sandbox/init.lua"] = { "^M%.", require "portone.sandbox" },
  }

  it("say of every public function what it takes and answers", function()
    local count = 0
    for _, fn in ipairs(sources.functions) do
      local part = parts[fn.where:match("^(.-):")]
      local method = fn.name:find("^methods:") and fn.where:find("^lua/portone/sandbox/in")
      if part and fn.name:find(part[1]) or method then
        assert.is_true(fn.documented, fn.where .. ": " .. fn.name)
        assert.is_nil(annotations.mismatch(fn))
        count = count + 1
      end
    end
    assert.is_true(count > 20, tostring(count))
  end)

  it("are all written out", function()
    for path, part in pairs(parts) do
      local documented = {}
      for _, fn in ipairs(sources.functions) do
        if fn.where:match("^(.-):") == path then documented[fn.name:match("[%w_]+$")] = true end
      end
      for name, value in pairs(part[2]) do
        if type(value) == "function" then assert.truthy(documented[name], path .. ": " .. name) end
      end
    end
  end)
end)

-- }========================
