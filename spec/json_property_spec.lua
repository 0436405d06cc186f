-- SPDX-License-Identifier: MIT
-- Random values, always the same ones: what is written is read back as it was, by us and by a
-- reader that shares nothing with us; and no text, however hostile, does more than fail.

local codec = require "spec.support.codec"
local json = codec.json

-- A generator of our own, since each Lua has another.
local seed
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n
end

local pieces = { "", "a", "id", "[]", "[ ]", "[", "]", "\"", "\\", "\\\"", "{}", "null", "0", ",",
  ":", "\0", "\1", "\31", "\127", "/", "\n\r\t\b\f", "\195\169", "\234\176\128", "\240\159\152\128",
  "\239\191\191", "\226\128\168", "<mark>", "\\u0041", "9007199254740993", "e0", "[\"" }

local function random_string()
  local out = {}
  for i = 1, random(5) do out[i] = pieces[random(#pieces) + 1] end
  return table.concat(out)
end

local function random_number()
  local kind = random(6)
  if kind == 0 then return random(10) end
  if kind == 1 then return -random(1000000) end
  if kind == 2 then return 2 ^ 53 - random(1000) end
  if kind == 3 then return -(10 ^ 14 + random(1000000)) end
  if kind == 4 then return (random(2000001) - 1000000) / 1000 end
  return random(1000000) * 10 ^ -random(20)
end

local random_value

local function random_table(depth)
  local n, t = random(5), {}
  if random(2) == 0 then
    for i = 1, n do t[i] = random_value(depth + 1) end
    return json.array(t)
  end
  for _ = 1, n do t["k" .. random_string()] = random_value(depth + 1) end
  return t
end

function random_value(depth)
  local kind = random(depth > 6 and 5 or 9)
  if kind == 0 then return random(2) == 0 end
  if kind == 1 then return json.null end
  if kind == 2 then return random_string() end
  if kind <= 4 then return random_number() end
  return random_table(depth)
end

describe("random values", function()
  it("are written so that any reader reads them, and read back as they were", function()
    for n = 1, 3000 do
      seed = n
      local value = random_table(1)
      local before = codec.expected(value)
      local text = assert(json.encode(value))
      assert.equal(before, codec.canonical(text))
      assert.equal(before, codec.expected(value))  -- the value itself is left alone
      local again = assert(json.decode(text))
      assert.equal(codec.expected(value, true), codec.expected(again))
    end
  end)

  it("written by another hand are read alike", function()
    -- the same values with white space wherever it may be
    for n = 1, 1000 do
      seed = n
      local value = random_table(1)
      local text = assert(json.encode(value))
      local inside, out = false, {}
      for c in text:gmatch("\\?.") do
        if c == '"' then inside = not inside end
        table.insert(out, c)
        if not inside and c:find("[%[%]{},:]") then
          table.insert(out, (" \n\t\r"):rep(random(2)))
        end
      end
      local again = assert(json.decode(table.concat(out)))
      assert.equal(codec.expected(value, true), codec.expected(again))
    end
  end)
end)

-- Plain JSON is read by us, the rest by lua-cjson: with a fraction beside it a text is not plain.
local function by_codec(text)
  local value = json.decode("[" .. text .. ",0.5]")
  return value and value[1]
end

describe("random texts", function()
  local function survives(text)
    local value, problem = json.decode(text)
    if value == nil then
      assert.is_string(problem)
    else
      assert.equal(codec.expected(by_codec(text)), codec.expected(value), text)
    end
    return value
  end

  it("of plain parts are read as the codec reads them", function()
    local words = { "{", "}", "[", "]", ",", ",", ":", '"a":', '"a":', '"b":', '"":', '"a":null',
      '"b":null', '"a":1', "null", "true", "false", "0", "-0", "-1", "123456789012345",
      "1234567890123456", "01", '"x"', '"\\u00e9\\n"', '"\\u0000"', '"\\ud83d\\ude00"',
      '""', "{}", "[]", " ", "\n", '"k\\u0061":', '"a":{"a":null}' }
    local function part(depth)
      local kind = random(depth > 4 and 2 or 6)
      if kind < 2 then return words[random(#words) + 1] end
      local out = {}
      for i = 1, random(6) do
        local name = '"' .. ("abc"):sub(1, random(4)) .. '":'
        out[i] = (kind < 5 and name or "") .. part(depth + 1)
      end
      local text = table.concat(out, random(20) == 0 and "," or " , ")
      return kind < 5 and "{" .. text .. "}" or "[" .. text .. "]"
    end
    local read = 0
    for n = 1, 6000 do
      seed = n
      if survives(part(0)) ~= nil then read = read + 1 end
    end
    assert.is_true(read > 1500, read)
  end)

  it("of many members and items are read as the codec reads them", function()
    for _, n in ipairs { 63, 64, 65, 127, 128, 129, 1000 } do
      local members, items = {}, {}
      for i = 1, n do
        members[i] = ('"key%d":%d'):format(i, i)
        items[i] = i % 7 == 0 and "null" or i % 5 == 0 and "[]" or tostring(i)
      end
      members[n + 1] = '"key3":"again"'
      survives("{" .. table.concat(members, ",") .. "}")
      survives("[" .. table.concat(items, ",") .. "]")
      members[n + 2] = '"key2":null'
      local last = survives("{" .. table.concat(members, ",") .. "}")
      assert.is_nil(last.key2)
      assert.equal("again", last.key3)
    end
  end)

  it("cut anywhere are errors, never crashes", function()
    for n = 1, 60 do
      seed = n
      local text = assert(json.encode({ random_table(1), "end" }))
      for length = 0, #text - 1 do
        assert.is_nil(survives(text:sub(1, length)))
      end
    end
  end)

  it("with any byte changed either fail or give a value that can be written", function()
    for n = 1, 400 do
      seed = n
      local text = assert(json.encode(random_table(1)))
      for _ = 1, 20 do
        local at = random(#text) + 1
        survives(text:sub(1, at - 1) .. string.char(random(256)) .. text:sub(at + 1))
      end
    end
  end)

  it("made of JSON's own words are survived", function()
    local words = { "[", "]", "{", "}", ",", ":", '"', "\\", "[]", "{}", '""', "1", "-", ".", "e",
      "1e9", "null", "true", " ", "\n", "[ ", '["', '\\u', "d83d", "\0", "12345678901234567890" }
    for n = 1, 20000 do
      seed = n
      local out = {}
      for i = 1, random(12) do out[i] = words[random(#words) + 1] end
      survives(table.concat(out))
    end
  end)
end)
