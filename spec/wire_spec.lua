-- Every operation, many times, through the public API onto a real socket: arguments drawn
-- from a seed, requests read back and held against the official specification.

local api = require "portone.api"
local cjson = require "cjson"
local check = require "portone.check"
local official = require "spec.support.official"
local arguments_of = require "spec.support.arguments"
local mutations = require "spec.support.mutations"
local peer = require "spec.support.peer"
local portone = require "portone"

local SEED = tonumber(os.getenv "PORTONE_SEED" or "") or 20261122
local TIMES = 6  -- per operation

local drawn = arguments_of.new(SEED)

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

local kinds = { string = "string", integer = "number", number = "number", boolean = "boolean" }

-- Holds a value of a body against what V1 says of its parameter.
local function hold_parameter(row, p, value)
  local where = row.name .. "." .. p.name
  if kinds[p.type] and not p.schema and p.name ~= "extra" and type(value) ~= "table" then
    assert.equal(kinds[p.type], type(value), where)
    if p.type == "integer" then assert.equal(0, value % 1, where) end
  end
  -- one list of values has words that are longer than it allows
  if type(value) == "string" and p.maxLength and not p.enum then
    local _, characters = value:gsub("[^\128-\191]", "")
    assert.is_true(characters <= tonumber(p.maxLength), where)
  end
  if p.enum and type(value) ~= "table" then
    local known = {}
    for _, one in ipairs(p.enum) do known[one] = true end
    assert.is_true(known[value], where .. ": " .. tostring(value))
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
    for name, value in pairs(body) do
      local p = known[name] or known[name .. "[]"]
      assert(p, row.name .. ": unknown in the body: " .. name)
      hold_parameter(row, p, value)
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

-- A value against what arrived of it, down to the leaves.
local function same(row, field, value, arrived, where)
  if field.type == "json" then
    assert.equal("string", type(arrived), where)
    if type(value) == "string" then assert.equal(value, arrived, where) end
  elseif field.format == "time-to-pay" then
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d", arrived, where)
  elseif type(value) ~= "table" then
    assert.equal(value, arrived, where)
  else
    assert.equal("table", type(arrived), where)
    local inner = field.ref and api.type(row.api, field.ref) or field
    for k, v in pairs(value) do
      local below = field.items or inner.map or (inner.fields or {})[k] or { type = "any" }
      same(row, below, v, arrived[k], where .. "." .. k)
    end
    for k in pairs(arrived) do assert.truthy(value[k] ~= nil, where .. "." .. k) end
  end
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
    else
      same(row, row.body[name], value, body[name], row.name .. " " .. name)
    end
  end
end

local function group_calls(server, version, group)
  local envelope = peer.answer(200, '{"code":0,"message":null,"response":{"access_token":"tok",'
    .. '"now":1,"expired_at":1801,"status":"paid"}}')
  local calls = {}
  for _, op in ipairs(api.names(version, group)) do
    local row = api.find(version, group, op)
    for _ = 1, TIMES do calls[#calls + 1] = { row = row, args = drawn:of(row) } end
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
    local tried, seen = 0, {}
    for row in api.all() do
      local namespace, spec_ = client[row.api], check.arguments(row)
      for name in row.group:gmatch("[^.]+") do namespace = namespace[name] end
      for _ = 1, 2 do
        mutations.each(row, drawn:of(row), spec_, function(bad, path, what, code)
          local result, err = namespace[row.op](bad)
          assert(result == nil, row.name .. " sends " .. what .. " at " .. path)
          assert.equal("invalid_request", err.kind, row.name)
          local found
          for _, p in ipairs(err.fields) do found = found or p.path == path and p.code == code end
          assert(found, ("%s: %s at %s is said of %s"):format(row.name, what, path,
            tostring(err)))
          tried, seen[code] = tried + 1, true
        end)
      end
    end
    assert.is_true(tried > 4000, tostring(tried))
    assert.same({ required = true, unknown_field = true, type = true, enum = true, length = true,
      count = true, range = true, format = true, choice = true }, seen)
    assert.equal(0, #host.sent)
  end)
end)
