local api = require "portone.api"
local json = require "portone.json"
local router = require "portone.sandbox.router"
local wire = require "portone.sandbox.wire"

local function row(method, path, optional)
  local fields = {}
  for name in path:gmatch("{(.-)}") do
    fields[name] = { type = "string", required = name ~= optional }
  end
  return { api = "v1", method = method, path = path, path_fields = fields }
end

describe("sandbox router", function()
  local routes, rows

  before_each(function()
    rows = {
      get = row("GET", "/payments/{id}"),
      prepare = row("POST", "/payments/prepare"),
      prepared = row("GET", "/payments/prepare/{uid}"),
      balance = row("GET", "/payments/{id}/balance"),
      find = row("GET", "/payments/find/{uid}/{status}", "status"),
      delete = row("DELETE", "/payments/{id}"),
      two = row("GET", "/a/{x}/b/{y}"),
    }
    routes = router.new()
    for _, r in pairs(rows) do routes:add(r) end
  end)

  local function find(method, path)
    local found, fields = routes:find("v1", method, path)
    for name, r in pairs(rows) do
      if r == found then return name, fields end
    end
    return found, fields
  end

  it("finds a row and its path fields", function()
    assert.same({ "get", { id = "p1" } }, { find("GET", "/payments/p1") })
    assert.same({ "delete", { id = "p1" } }, { find("DELETE", "/payments/p1") })
    assert.same({ "balance", { id = "p1" } }, { find("GET", "/payments/p1/balance") })
    assert.same({ "two", { x = "1", y = "2" } }, { find("GET", "/a/1/b/2") })
  end)

  it("prefers what is written out", function()
    assert.same({ "prepared", { uid = "balance" } }, { find("GET", "/payments/prepare/balance") })
    assert.same({ "prepare", {} }, { find("POST", "/payments/prepare") })
  end)

  it("but not over the method", function()
    assert.same({ "get", { id = "prepare" } }, { find("GET", "/payments/prepare") })
  end)

  it("finds paths without their optional last field", function()
    assert.same({ "find", { uid = "o1", status = "paid" } },
      { find("GET", "/payments/find/o1/paid") })
    assert.same({ "find", { uid = "o1" } }, { find("GET", "/payments/find/o1") })
    assert.same({ "find", { uid = "o1" } }, { find("GET", "/payments/find/o1/") })
  end)

  it("decodes each segment by itself", function()
    assert.same({ "get", { id = "a/b c%" } }, { find("GET", "/payments/a%2Fb%20c%25") })
    assert.same({ "get", { id = "a+b" } }, { find("GET", "/payments/a+b") })
    assert.same({ "get", { id = "주문" } }, { find("GET", "/payments/%EC%A3%BC%EB%AC%B8") })
    assert.same({ "get", { id = ".." } }, { find("GET", "/payments/%2E%2E") })
  end)

  it("tells an unknown path from an unknown method", function()
    assert.same({ nil, "path" }, { find("GET", "/nothing") })
    assert.same({ nil, "path" }, { find("GET", "/") })
    assert.same({ nil, "path" }, { find("GET", "/payments") })
    assert.same({ nil, "path" }, { find("GET", "/payments/a/b/c/d") })
    assert.same({ nil, "path" }, { find("GET", "/payments//balance") })
    assert.same({ nil, "method" }, { find("PUT", "/payments/p1") })
    assert.same({ nil, "method" }, { find("POST", "/payments/p1/balance") })
  end)

  it("refuses segments that are no percent-encoded UTF-8", function()
    assert.same({ nil, "path" }, { find("GET", "/payments/%zz") })
    assert.same({ nil, "path" }, { find("GET", "/payments/%f") })
    assert.same({ nil, "path" }, { find("GET", "/payments/%ff") })
  end)

  it("tells the two APIs apart", function()
    assert.is_nil((routes:find("v2", "GET", "/payments/p1")))
  end)

  it("finds every operation of both APIs by its own path", function()
    local all, n = router.over(api.all()), 0
    for r in api.all() do
      local path = r.path:gsub("{(.-)}", "of-%1")
      local found, fields = all:find(r.api, r.method, path)
      assert.equal(r.name, found and found.name)
      for name in r.path:gmatch("{(.-)}") do assert.equal("of-" .. name, fields[name]) end
      n = n + 1
    end
    assert.equal(80 + 147, n)
  end)
end)

describe("sandbox wire", function()
  it("reads forms with brackets", function()
    assert.same({ a = "1", b = "x y&", c = "" }, wire.form("a=1&b=x+y%26&c="))
    assert.same({ imp_uid = { "a", "b" } }, wire.form("imp_uid[]=a&imp_uid[]=b"))
    assert.same({ imp_uid = { "a", "b" } }, wire.form("imp_uid%5B%5D=a&imp_uid%5B%5D=b"))
    assert.same({ extra = { requester = "customer" } }, wire.form("extra[requester]=customer"))
    assert.same({ schedules = { { merchant_uid = "s1", amount = "5" }, { merchant_uid = "s2" } } },
      wire.form("schedules[0][merchant_uid]=s1&schedules[0][amount]=5"
        .. "&schedules[1][merchant_uid]=s2"))
    assert.same({ a = { "1", "2" } }, wire.form("a=1&a=2"))
    assert.same({}, wire.form(""))
  end)

  it("refuses what is not percent-encoded UTF-8", function()
    for _, text in ipairs { "a=%", "a=%g1", "%=1", "a=%ff", "a=%ed%a0%80" } do
      local values, problem = wire.form(text)
      assert.is_nil(values)
      assert.matches("percent%-encoded", problem)
    end
  end)

  it("knows UTF-8", function()
    for _, text in ipairs { "", "abc", "가나", "é", "\240\159\146\179", "\237\159\191" } do
      assert.is_true(wire.is_utf8(text))
    end
    for _, text in ipairs { "\128", "\192\128", "\237\160\128", "\244\144\128\128", "a\255",
      "\224\159\191", "\240\143\191\191", "\227\128" } do
      assert.is_false(wire.is_utf8(text))
    end
  end)

  it("gives strings the types of a row", function()
    local fields = {
      amount = { type = "number" }, quota = { type = "integer" }, yes = { type = "boolean" },
      no = { type = "boolean" }, ids = { type = "array", items = { type = "string" },
        wire = "ids[]", style = "multi" }, one = { type = "array", items = { type = "integer" } },
      status = { type = "string", wire = "schedule-status" },
      extra = { type = "object", fields = { count = { type = "integer" } } },
      bypass = { type = "json" }, twice = { type = "string" },
      products = { type = "array", items = { type = "object",
        fields = { amount = { type = "number" } } } },
    }
    local typed = wire.typed("v1", fields, {
      amount = "10.5", quota = "3", yes = "true", no = "0", ids = { "7" }, one = "5",
      ["schedule-status"] = "executed", extra = { count = "2", other = "x" }, bypass = "{}",
      twice = { "a", "b" }, products = { { amount = "1" } }, unknown = "u",
    })
    assert.is_true(json.is_array(typed.ids))
    assert.same({ amount = 10.5, quota = 3, yes = true, no = false, ids = { "7" }, one = { 5 },
      status = "executed", extra = { count = 2, other = "x" }, bypass = "{}", twice = "b",
      products = { { amount = 1 } }, unknown = "u" }, typed)
  end)

  it("leaves alone what it cannot convert", function()
    local fields = { n = { type = "integer" }, b = { type = "boolean" }, o = { type = "object",
      fields = {} } }
    assert.same({ n = "ten", b = "maybe", o = "text" },
      wire.typed("v1", fields, { n = "ten", b = "maybe", o = "text" }))
    assert.same({ n = " 5" }, wire.typed("v1", fields, { n = " 5" }))
    assert.same({ n = "0x10" }, wire.typed("v1", fields, { n = "0x10" }))
  end)
end)
