local api = require "portone.api"
local json = require "portone.json"
local official = require "spec.sandbox.v2_schema"
local schema = require "portone.sandbox.schema"

local function world_of(seed)
  return {
    config = { seed = seed },
    now = function() return 1767225600 end,
    iso = function(_, time) return os.date("!%Y-%m-%dT%H:%M:%SZ", time) end,
  }
end

local function answer(row, given, body, seed)
  return schema.answer(world_of(seed or 1), { row = row, path = given or {}, query = {},
    body = body or {} })
end

-- Text of a value in which the order of keys plays no part.
local function text(value)
  if type(value) ~= "table" then return tostring(value) end
  local out = {}
  for k, v in pairs(value) do out[#out + 1] = tostring(k) .. "=" .. text(v) end
  table.sort(out)
  return "{" .. table.concat(out, ",") .. "}"
end

describe("sandbox answers from the specification", function()
  it("exist for every operation and are JSON", function()
    for row in api.all() do
      local status, body = answer(row)
      assert.equal(200, status)
      if type(body) == "table" then
        local encoded, problem = json.encode(body)
        assert.is_string(encoded, row.name .. ": " .. tostring(problem))
      end
      if row.api == "v1" and not row.empty then assert.equal(0, body.code) end
    end
  end)

  it("are what the specification declares, whatever the seed", function()
    if not official.available then return pending("no specification at hand") end
    for seed = 1, 4 do
      for row in api.all() do
        if row.api == "v2" and not row.csv and not row.empty then
          official.answer(row, answer(row, nil, nil, seed))
        end
      end
    end
  end)

  it("follow the seed and the request, and nothing else", function()
    local differ = 0
    for row in api.all() do
      local _, one = answer(row, { id = "x" }, nil, "seed")
      local _, same = answer(row, { id = "x" }, nil, "seed")
      assert.equal(text(one), text(same), row.name)
      local _, other = answer(row, { id = "x" }, nil, "another seed")
      differ = differ + (text(one) ~= text(other) and 1 or 0)
    end
    assert.is_true(differ > 150, tostring(differ))
    local row = api.named "v2.platform.transfer.get_platform_transfer"
    local _, a = answer(row, { id = "a" })
    local _, b = answer(row, { id = "b" })
    a.id, b.id = nil, nil
    assert.not_equal(text(a), text(b))
  end)

  it("hold optional fields, lists and every case of a union, now and then", function()
    local row = api.named "v2.platform.transfer.get_platform_transfer"
    local cases, optional = {}, {}
    for seed = 1, 60 do
      local _, body = answer(row, { id = "t" }, nil, seed)
      cases[body.type] = true
      optional[body.memo and "memo" or "none"] = true
    end
    local union = api.type("v2", row.result.ref).union
    for tag in pairs(union) do assert.is_true(cases[tag], tag) end
    assert.same({ memo = true, none = true }, optional)
  end)

  it("repeat what was asked for", function()
    local row = api.named "v2.platform.transfer.get_platform_transfer"
    local _, body = answer(row, { id = "transfer-7" })
    assert.equal("transfer-7", body.id)
  end)

  it("page through one list", function()
    local row = api.named "v2.platform.payout.get_platform_payouts"
    local most = 0
    for seed = 1, 20 do
      local _, whole = answer(row, nil, { page = { number = 0, size = 10 } }, seed)
      local total = whole.page.totalCount
      assert.equal(total, #whole.items)
      for number = 0, total do
        local _, part = answer(row, nil, { page = { number = number, size = 1 } }, seed)
        assert.same({ number = number, size = 1, totalCount = total }, part.page)
        assert.equal(text(whole.items[number + 1]), text(part.items[1]))
      end
      most = math.max(most, total)
    end
    assert.equal(3, most)
  end)

  it("are files where a file is due", function()
    local row = api.named "v2.platform.transfer.download_platform_transfer_sheet"
    local longest = 0
    for seed = 1, 20 do
      local status, body, headers = answer(row, nil, { fields = { "A", "B" } }, seed)
      assert.equal(200, status)
      assert.matches("text/csv", headers["Content-Type"])
      assert.matches("^A,B\r\n", body)
      for line in body:gmatch("[^\r\n]+") do assert.matches("^[^,]+,[^,]+$", line) end
      longest = math.max(longest, select(2, body:gsub("\r\n", "")))
    end
    assert.equal(4, longest)
  end)

  it("are files with all columns where none is asked for", function()
    local row = api.named "v2.b2b.tax_invoice.download_b2b_tax_invoices_sheet"
    local _, body = answer(row, nil, {}, 1)
    assert.equal(30, select(2, body:match("^STATUS,[^\r]+"):gsub(",", "")))
    row = api.named "v2.platform.transfer.download_platform_transfer_sheet"
    assert.matches("^ID\r\n", (select(2, answer(row, nil, {}, 1))))
  end)
end)
