-- What the README and examples/ show is run as it stands.

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("*a")
  f:close()
  return text
end

-- Runs a chunk with 'print' kept; returns what it printed, a line each.
local function printed(text, name)
  local lines = {}
  local env = setmetatable({ print = function(...)
    local out = {}
    for i = 1, select("#", ...) do out[i] = tostring((select(i, ...))) end
    lines[#lines + 1] = table.concat(out, "\t")
  end }, { __index = _G })
  local chunk
  if setfenv then  -- luacheck: ignore
    chunk = assert(loadstring(text, name))  -- luacheck: ignore
    setfenv(chunk, env)  -- luacheck: ignore
  else
    chunk = assert(load(text, name, "t", env))
  end
  chunk()
  return lines
end

local function blocks(path)
  local list = {}
  for block in read(path):gmatch("\n```lua\n(.-)\n```") do list[#list + 1] = block end
  return list
end

for _, path in ipairs { "README.md", "README.ko.md" } do
  describe(path, function()
    it("begins with an example that runs and pays", function()
      local first = blocks(path)[1]
      local _, lines = first:gsub("\n", "")
      assert.is_true(lines <= 11, "ten lines")
      assert.same({ "paid" }, printed(first, "=" .. path))
    end)

    it("has only Lua that compiles, but for the dots that stand for more", function()
      for i, block in ipairs(blocks(path)) do
        local text = block:gsub("{ … }", "{}"):gsub("do … end", "do end")
        assert((loadstring or load)(text, "=" .. path .. " block " .. i))  -- luacheck: ignore
      end
    end)
  end)
end

it("README.ko.md says what README.md says: the same headings, options and blocks", function()
  local function shape(path)
    local text = read(path)
    local rows = {}
    for name in text:gmatch("\n| (`[^|]+`) |") do rows[#rows + 1] = name end
    local _, headings = text:gsub("\n## ", "")
    return { headings = headings, rows = rows, blocks = #blocks(path) }
  end
  assert.same(shape "README.md", shape "README.ko.md")
end)

describe("examples/demo.lua", function()
  local text

  setup(function()
    text = table.concat(printed(read "examples/demo.lua":gsub("^#![^\n]*", ""), "=demo"), "\n")
  end)

  it("issues, charges, refuses the same order and explains a decline, V1 and V2", function()
    for _, part in ipairs { "key issued +user%-42", "charged +imp_%d+  paid  3,000 KRW",
      "rejected %(code 1%)", "portone: declined: ", "conflict %(ALREADY_PAID%)",
      "declined %(PG_PROVIDER%)" } do
      assert.truthy(text:find(part), part)
    end
  end)

  it("lets a month pass and finds the schedules' payments", function()
    for _, part in ipairs { "a month passes +4 things came due",
      "week%-4 +paid +imp_%d+  4,000 KRW",
      "together +10,000 KRW", "pass%-4 +PAID  4,000 KRW" } do
      assert.truthy(text:find(part), part)
    end
  end)

  it("refunds a part and the rest, and the books agree", function()
    for _, part in ipairs { "partial cancel +paid  1,000 KRW of 3,000 KRW",
      "full cancel +cancelled  3,000 KRW of 3,000 KRW", "partial cancel +SUCCEEDED  1,000 KRW",
      "full cancel +SUCCEEDED  2,000 KRW", "charged +26,000 KRW", "returned +6,000 KRW" } do
      assert.truthy(text:find(part), part)
    end
  end)

  it("receives webhooks and verifies them, and refuses one that was touched", function()
    for _, part in ipairs { "Transaction.Paid +5 received and verified",
      "BillingKey.Issued +2 received and verified", "V1 %(unsigned%) +5 received",
      "one byte more +portone: .*no matching signature" } do
      assert.truthy(text:find(part), part)
    end
  end)
end)
