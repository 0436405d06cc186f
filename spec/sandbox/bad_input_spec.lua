-- What nobody should send, and somebody does: each is told precisely, and leaves the sandbox as it
-- was, its journal readable.

local core = require "portone.core"
local json = require "portone.json"
local sandbox = require "portone.sandbox"
local wire = require "portone.sandbox.wire"

local FORM = "Content-Type: application/x-www-form-urlencoded"
local JSON = "Content-Type: application/json"
local MB = 1024 * 1024

describe("sandbox, bad input", function()
  local s, http

  setup(function()
    s = assert(sandbox.start { seed = "bad" })
    http = core.client { max_response = 32 * MB }
  end)
  teardown(function() s:stop() end)

  local function post(url, kind, body)
    local status, text = http:perform("POST", url,
      { kind, "Authorization: PortOne " .. s.api_secret }, body, 60)
    return status, json.decode(text) or text
  end

  it("has a body of 10 MB read, and one of 17 MB refused #slow", function()
    local big = ("x"):rep(10 * MB)
    local status, answer = post(s.v2_url .. "/billing-keys", JSON, big)
    assert.same({ 400, "INVALID_REQUEST" }, { status, answer.type })
    assert.matches("body: not JSON", answer.message)
    status, answer = post(s.v2_url .. "/billing-keys", JSON, '{"channelKey":"' .. big .. '"}')
    assert.same({ 400, "method: required field is missing (object)" }, { status, answer.message })
    status, answer = post(s.v1_url .. "/users/getToken", FORM, "imp_key=" .. big)
    assert.equal(401, status)
    assert.matches("imp_secret", answer.message)
    status, answer = post(s.v2_url .. "/_sandbox/advance", JSON, '{"by":"' .. big .. '"}')
    assert.equal(400, status)
    assert.matches("^not a duration: 'xxx.*…$", answer.message)
    assert.is_true(#answer.message < 600)
    status, answer = post(s.v2_url .. "/billing-keys", JSON, big .. ("x"):rep(7 * MB))
    assert.same({ 413, "The body is larger than this server takes.\n" }, { status, answer })
    for _, entry in ipairs(s:journal()) do
      local path = "/_sandbox/console/entry?n=" .. entry.n
      local _, text = http:perform("GET", s.v2_url .. path, {}, nil, 60)
      assert.is_true(#text < MB)
    end
  end)

  it("is a form where JSON is due", function()
    local status, answer = post(s.v2_url .. "/billing-keys", FORM, "channelKey=x")
    assert.same({ 400, "body: must be sent as application/json" }, { status, answer.message })
    status, answer = post(s.v2_url .. "/_sandbox/advance", FORM, "by=1")
    assert.equal(400, status)
    assert.matches("^the body must be a JSON object", answer.message)
  end)

  it("is a form or query with holes, or half a list: the journal can still be read", function()
    for _, text in ipairs { "a[5]=1", "a[5]=1&a[x]=2", "a[]=1&a[9]=2&a[b][3]=4", "a=1&a[2]=3" } do
      post(s.v1_url .. "/users/getToken", FORM, text)
      http:perform("GET", s.v1_url .. "/banks?" .. text, {}, nil, 20)
    end
    assert.is_true(#s:journal { op = "v1.users.get_token" } >= 4)
    assert(json.encode(json.array(s:journal())))
  end)

  it("is nested a million times", function()
    local status, answer = post(s.v2_url .. "/billing-keys", JSON, ("["):rep(1000000))
    assert.equal(400, status)
    assert.matches("nested", answer.message)
    status, answer = post(s.v1_url .. "/users/getToken", FORM, "a" .. ("[b]"):rep(100000) .. "=1")
    assert.equal(401, status)
    assert.matches("nested too deeply: a", answer.message)
  end)
end)

describe("sandbox, forms", function()
  it("are lists without holes, or objects", function()
    assert.same({ a = { "x", "y" } }, wire.form "a[7]=y&a[2]=x")
    assert.same({ a = { "x", "y" } }, wire.form "a[]=x&a[]=y")
    assert.same({ a = { ["0"] = "x", b = "y" } }, wire.form "a[0]=x&a[b]=y")
    assert.same({ a = { { b = "1" }, { b = "2" } } }, wire.form "a[0][b]=1&a[4][b]=2")
  end)

  it("end somewhere", function()
    assert.same({ nil, "nested too deeply: a" },
      { wire.form("a" .. ("[b]"):rep(9) .. "=1") })
    assert(wire.form("a" .. ("[b]"):rep(8) .. "=1"))
    assert.same({ nil, "too many fields" }, { wire.form(("a=1&"):rep(100001)) })
  end)

  it("are cut between characters", function()
    assert.equal("가…", wire.cut("가나다", 6))
    assert.equal("가나다", wire.cut("가나다", 9))
    assert.equal("ab…", wire.cut("abc", 2))
  end)
end)
