local api = require "portone.api"
local json = require "portone.json"
local official = require "spec.sandbox.v2_schema"
local schema = require "portone.sandbox.schema"

local world = {
  now = function() return 1767225600 end,
  iso = function() return "2026-01-01T00:00:00Z" end,
}

local function answer(row, given)
  return schema.answer(world, { row = row, path = given or {}, query = {}, body = {} })
end

describe("sandbox answers from the specification", function()
  it("exist for every operation and are JSON", function()
    for row in api.all() do
      local status, body = answer(row)
      assert.equal(200, status)
      if type(body) == "table" then
        local text, problem = json.encode(body)
        assert.is_string(text, row.name .. ": " .. tostring(problem))
      end
      if row.api == "v1" and not row.empty then assert.equal(0, body.code) end
    end
  end)

  it("are what the specification declares", function()
    if not official.available then return pending("no specification at hand") end
    for row in api.all() do
      if row.api == "v2" and not row.csv and not row.empty then
        official.answer(row, answer(row))
      end
    end
  end)

  it("repeat what was asked for", function()
    local row = api.find("v2", "platform.transfer", "get_platform_transfer")
    local _, body = answer(row, { id = "transfer-7" })
    assert.equal("transfer-7", body.id)
  end)

  it("are files where a file is due", function()
    local row = api.find("v2", "platform.transfer", "download_platform_transfer_sheet")
    local status, body, headers = schema.answer(world, { row = row, path = {}, query = {},
      body = { fields = { "A", "B" } } })
    assert.same({ 200, "A,B\r\n" }, { status, body })
    assert.matches("text/csv", headers["Content-Type"])
  end)
end)
