-- Every operation, many times, through the public API onto a real socket: arguments drawn
-- from a seed, requests read back and held against the official specification.

local api = require "portone.api"
local cjson = require "cjson"
local check = require "portone.check"
local official = require "spec.support.official"
local peer = require "spec.support.peer"
local portone = require "portone"
local sample = require "portone.check.sample"

local SEED = tonumber(os.getenv "PORTONE_SEED" or "") or 20261122
local TIMES = 6  -- per operation

-- The same numbers on every Lua.
local state = SEED % 2147483647
local function draw(n)
  state = (state * 48271) % 2147483647
  return state % n + 1
end

-- {====== Arguments ======

local letters = { "a", "Z", "7", "-", "_", ".", " ", "/", "%", "?", "#", "&", "=", "+", "한", "글",
                  "é", "😀", "'", "\"", "\\", "<", ":", ";", "@" }

local function text(field)
  local least = math.max(field.min or 1, 1)
  local length = math.min(least + draw(12), field.max or 99)
  local out = {}
  for i = 1, math.max(length, least) do out[i] = letters[draw(#letters)] end
  local s = table.concat(out)
  return (s == "." or s == "..") and "x" or s
end

-- Another value of a leaf, where anything of its type will do.
local function vary(field, value)
  if field.enum or field.format or field.pattern or field.secret then
    return value
  elseif field.type == "string" then
    return text(field)
  elseif field.type == "integer" and not field.min and not field.max then
    return draw(1000000)
  elseif field.type == "boolean" then
    return draw(2) == 1
  end
  return value
end

-- Drops optional fields and varies leaves, one by one, keeping what the rules allow.
local function shake(row, args, spec, part)
  local names = {}
  for name in pairs(part) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local field, before = (spec.fields or {})[name], part[name]
    if field then
      if not field.required and draw(2) == 1 then
        part[name] = nil
      elseif type(before) == "table" and field.type == "object" then
        local inner = field.ref and api.type(row.api, field.ref) or field
        shake(row, args, inner, before)
      elseif type(before) ~= "table" then
        part[name] = vary(field, before)
      end
      if check.args(row, args) then part[name] = before end  -- a rule needs it
    end
  end
end

local function arguments(row)
  local spec = check.arguments(row)
  local args = sample.object(row.api, spec, draw(4) > 1)
  args.pg = args.pg and row.pgs[draw(#row.pgs)]  -- a PG that has the operation
  shake(row, args, spec, args)
  return args
end

-- }======================

-- {====== Reading a request back ======

local function decode(s)
  return (s:gsub("%%(%x%x)", function(h) return string.char(tonumber(h, 16)) end))
end

local function parse(bytes)
  local head, body = bytes:match("^(.-)\r\n\r\n(.*)$")
  local method, target = head:match("^(%u+) (%S+) HTTP/1%.1")
  local path, query = target:match("^([^?]*)%??(.*)$")
  local r = { method = method, path = path, query = {}, headers = {}, body = body }
  for pair in query:gmatch("[^&]+") do
    local name, value = pair:match("^(.-)=(.*)$")
    r.query[#r.query + 1] = { decode(name), decode(value) }
  end
  for name, value in head:gmatch("\r\n([^:\r\n]+): ?([^\r\n]*)") do
    r.headers[name:lower()] = value
  end
  return r
end

-- Values of the template's fields; nil when the path does not fit it.
local function fields_of(template, path)
  local found = {}
  local want, have = {}, {}
  for piece in template:gmatch("[^/]+") do want[#want + 1] = piece end
  for piece in path:gmatch("[^/]+") do have[#have + 1] = piece end
  if #have > #want or #have < #want - 1 then return nil end
  for i, piece in ipairs(want) do
    local name = piece:match("^{(.*)}$")
    if name then
      found[name] = have[i] and decode(have[i])
    elseif piece ~= have[i] then
      return nil
    end
  end
  return found
end

-- }===================================

-- {====== The specification's side ======

local spec = { v1 = official.read "v1", v2 = official.read "v2" }

local function resolve(schema)
  while schema["$ref"] do
    schema = spec.v2.components.schemas[schema["$ref"]:match("([^/]+)$")]
  end
  return schema
end

local types = { string = "string", integer = "number", number = "number", boolean = "boolean",
                object = "table", array = "table" }

-- Holds a value against a schema of V2: types, required, enums, known names.
local function hold(value, schema, path)
  schema = resolve(schema)
  if schema.type and type(value) ~= types[schema.type] then
    error(("%s: %s where the specification has %s"):format(path, type(value), schema.type), 0)
  elseif schema.type == "integer" and value ~= math.floor(value) then
    error(path .. ": a fraction where the specification has an integer", 0)
  end
  if schema.enum then
    local known = false
    for _, e in ipairs(schema.enum) do known = known or e == value end
    if not known then error(path .. ": not in the enum: " .. tostring(value), 0) end
  end
  for _, name in ipairs(schema.required or {}) do
    if value[name] == nil then error(path .. "." .. name .. ": required", 0) end
  end
  if schema.properties and schema.type ~= "array" then  -- one array has them too
    for name, inner in pairs(value) do
      if not schema.properties[name] then error(path .. "." .. name .. ": unknown", 0) end
      hold(inner, schema.properties[name], path .. "." .. name)
    end
  elseif schema.items then
    for i, item in ipairs(value) do hold(item, schema.items, path .. "[" .. i .. "]") end
  end
end

-- Names that the specification has in a place.
local function names_in(operation, place)
  local out = {}
  for _, p in ipairs(operation.parameters or {}) do
    if p["in"] == place then out[p.name] = p end
  end
  return out
end

local function hold_query(row, operation, request)
  local known = names_in(operation, "query")
  if row.method == "GET" then  -- one GET declares a form field, which a GET cannot send
    for name, p in pairs(names_in(operation, "formData")) do known[name] = p end
  end
  for _, pair in ipairs(request.query) do
    assert(known[pair[1]], row.name .. ": unknown in the query: " .. pair[1])
    if pair[1] == "requestBody" then
      local content = operation.requestBody or known.requestBody
      hold(cjson.decode(pair[2]), content.content["application/json"].schema, "requestBody")
    end
  end
end

local function hold_body(row, operation, request)
  if request.body == "" then return end
  local body = cjson.decode(request.body)
  if row.api == "v1" then
    local known = names_in(operation, "formData")
    for name in pairs(body) do
      assert(known[name] or known[name .. "[]"], row.name .. ": unknown in the body: " .. name)
    end
    for name, p in pairs(known) do
      -- three are required by the specification only: see the README and the design
      local spared = name == "channel_key" or name == "name" or name == "currency"
      assert(body[name] ~= nil or not p.required or spared, row.name .. " lacks " .. name)
    end
    return
  end
  hold(body, operation.requestBody.content["application/json"].schema, "body")
end

-- }=====================================

local function hold_headers(row, request)
  local headers = request.headers
  assert.is_nil(headers.expect)
  if row.noauth then
    assert.is_nil(headers.authorization, row.name)
  else
    assert.equal(row.api == "v1" and "Bearer tok" or "PortOne secret-of-v2", headers.authorization)
  end
  local keyed = row.api == "v2" and row.method ~= "GET"
  assert.equal(keyed, headers["idempotency-key"] ~= nil, row.name)
  assert.equal(request.body ~= "", headers["content-type"] == "application/json", row.name)
end

-- What was given against what arrived, field by field.
local function hold_values(row, args, request, found)
  local query = {}
  for _, pair in ipairs(request.query) do query[pair[1]] = pair[2] end
  local body = request.body ~= "" and cjson.decode(request.body)
    or query.requestBody and cjson.decode(query.requestBody) or {}
  for name, value in pairs(args) do
    if row.path_fields and row.path_fields[name] then
      assert.equal(tostring(value), found[name], row.name)
    elseif row.query and row.query[name] then
      local wire = row.query[name].wire or name
      if type(value) ~= "table" then
        local text_ = type(value) == "number" and ("%.14g"):format(value) or tostring(value)
        assert.equal(text_, query[wire], row.name .. " " .. name)
      end
    elseif row.body[name].type == "json" then
      assert.equal("string", type(body[name]))
    elseif row.body[name].format ~= "time-to-pay" and type(value) ~= "table" then
      assert.same(value, body[name], row.name .. " " .. name)
    elseif type(value) == "table" then
      assert.equal("table", type(body[name]), row.name .. " " .. name)
    end
  end
end

local function group_calls(server, version, group)
  local envelope = peer.answer(200, '{"code":0,"message":null,"response":{"access_token":"tok",'
    .. '"now":1,"expired_at":1801}}')
  local calls = {}
  for _, op in ipairs(api.names(version, group)) do
    local row = api.find(version, group, op)
    for _ = 1, TIMES do calls[#calls + 1] = { row = row, args = arguments(row) } end
  end
  server:script { rest = { { "serve", envelope } } }
  local client = portone.new { base_url = server.url, v1_base_url = server.url,
    api_secret = "secret-of-v2", v1 = { imp_key = "k", imp_secret = "s" } }
  if version == "v1" then assert(client.v1.codes.banks()) end  -- the token comes first
  for _, call in ipairs(calls) do
    local namespace = client[version]
    for name in group:gmatch("[^.]+") do namespace = namespace[name] end
    local result, err = namespace[call.row.op](call.args)
    assert(result, call.row.name .. ": " .. tostring(err))
  end
  client.close()
  local requests = server:requests()
  return calls, requests, #requests - #calls
end

describe("on the wire", function()
  local server
  setup(function() server = peer.start() end)
  teardown(function() server:stop() end)

  local total = 0
  for _, version in ipairs { "v1", "v2" } do
    for _, group in ipairs(api.groups(version)) do
      it(version .. "." .. group .. " is as the specification has it", function()
        local calls, requests, before = group_calls(server, version, group)
        for i, call in ipairs(calls) do
          local row, request = call.row, parse(requests[before + i])
          assert.equal(row.method, request.method, row.name)
          local found = assert(fields_of(row.path, request.path), row.name .. " " .. request.path)
          hold_headers(row, request)
          hold_values(row, call.args, request, found)
          local document = spec[version]
          if document then
            local operation = assert(document.paths[row.path][row.method:lower()], row.name)
            hold_query(row, operation, request)
            hold_body(row, operation, request)
          end
        end
        total = total + #calls
      end)
    end
  end

  it("saw all 227 operations", function()
    assert.equal(227 * TIMES, total)
  end)
end)

describe("a mutation", function()
  local fake = require "spec.support.fake"

  it("of any operation is refused before anything is sent, at its path", function()
    local client, host = fake.client { fake.token "t" }
    local refused = 0
    for row in api.all() do
      local args = sample.object(row.api, check.arguments(row), false)
      args.noSuchField = 1
      local namespace = client[row.api]
      for name in row.group:gmatch("[^.]+") do namespace = namespace[name] end
      local result, err = namespace[row.op](args)
      assert.is_nil(result)
      assert.equal("invalid_request", err.kind, row.name)
      assert.equal("noSuchField", err.fields[1].path, row.name)
      args.noSuchField = nil
      for name, field in pairs(check.arguments(row).fields) do
        if field.required then
          local kept = args[name]
          args[name] = nil
          result, err = namespace[row.op](args)
          args[name] = kept
          assert.is_nil(result)
          assert.equal(name, err.fields[1].path, row.name)
          refused = refused + 1
        end
      end
    end
    assert.is_true(refused > 227)
    assert.equal(0, #host.sent)
  end)
end)

