-- SPDX-License-Identifier: MIT
-- JSON for money: exact integers, real arrays, null, UTF-8, the same on both generations of
-- lua-cjson.

local codec = require "spec.support.codec"
local json = codec.json
local null, array = json.null, json.array
local is_integer = math.type and function(x) return math.type(x) == "integer" end
  or function(x) return type(x) == "number" and x == math.floor(x) end

local function encodes(text, value)
  assert.equal(text, (assert(json.encode(value))))
end

local function refuses(problem, path, value, is_array)
  local text, why, at = json.encode(value, is_array)
  assert.is_nil(text)
  assert.matches(problem, why)
  assert.equal(path, at)
end

describe("json.encode", function()
  it("writes plain values", function()
    encodes("true", true)
    encodes("false", false)
    encodes("null", null)
    encodes('""', "")
    encodes('"a"', "a")
    encodes("0", 0)
    encodes("{}", {})
    encodes('{"a":{"b":[1,"2",true,null]}}', { a = { b = { 1, "2", true, null } } })
  end)

  it("leaves the value as it was", function()
    local inner = array {}
    local value = { a = 9007199254740991, b = inner, c = { inner } }
    assert(json.encode(value))
    assert.equal(inner, value.b)
    assert.equal(inner, value.c[1])
    assert.equal(9007199254740991, value.a)
    assert.is_true(json.is_array(inner))
  end)

  describe("writes integers digit for digit:", function()
    local function digits(x) return ("%.0f"):format(x) end

    it("every power of ten up to 2^53, one more and one less, both signs", function()
      for e = 0, 15 do
        for d = -1, 1 do
          local x = 10 ^ e + d
          if x ~= 0 then
            encodes(digits(x), x)
            encodes(digits(-x), -x)
            encodes('{"a":[' .. digits(x) .. "]}", { a = { x } })
          end
        end
      end
    end)

    it("every power of two up to 2^53, one more and one less, both signs", function()
      for e = 1, 53 do
        for d = -1, 1 do
          local x = 2 ^ e + d
          if x <= 2 ^ 53 then
            encodes(digits(x), x)
            encodes(digits(-x), -x)
          end
        end
      end
    end)

    it("up to 2^53 and no further", function()
      encodes("9007199254740992", 2 ^ 53)
      encodes("-9007199254740992", -2 ^ 53)
      for _, x in ipairs { 2 ^ 53 + 2, 2 ^ 60, 2 ^ 63, 2 ^ 64, 1e16, 1e20, 1e300 } do
        refuses("beyond 2%^53", "", x)
        refuses("beyond 2%^53", "a[1]", { a = { -x } })
      end
    end)

    if math.type then
      it("as Lua integers", function()
        local two53 = math.tointeger(2 ^ 53)
        for _, x in ipairs { 0, 1, -1, 99999999999999, 100000000000000, two53 - 1, two53 } do
          encodes(("%d"):format(x), x)
          encodes(("%d"):format(-x), -x)
        end
        local most = math.tointeger(2 ^ 62) - 1 + math.tointeger(2 ^ 62)
        for _, x in ipairs { two53 + 1, -two53 - 1, two53 + 2, most, -most, -most - 1 } do
          refuses("beyond 2%^53", "amount", { amount = x })
        end
      end)

      it("as floats without a fraction", function()
        encodes("3000", 3000.0)
        encodes('{"amount":{"total":3000}}', { amount = { total = 3e3 } })
        encodes("100000000000000", 1e14)
      end)
    end

    it("zero has no sign to speak of", function()
      assert.is_true(json.encode(-0.0) == "0" or json.encode(-0.0) == "-0")
    end)
  end)

  describe("writes fractions", function()
    for _, row in ipairs {
      { 0.5, "0.5" }, { -0.25, "-0.25" }, { 19.99, "19.99" }, { 0.1 + 0.2, "0.3" },
      { 1234567.89, "1234567.89" }, { 99999999999.999, "99999999999.999" }, { 1e-7, "1e-07" },
      { 123456789012.34, "123456789012.34" },
    } do
      it(row[2], function()
        local text = json.encode(row[1])
        assert.equal(tonumber(row[2]), tonumber(text))
        assert.equal(codec.canonical(row[2]), codec.canonical(text))
      end)
    end

    it("unless digits would be lost", function()
      for _, x in ipairs { 1 / 3, math.pi, 1234567890123.45, 0.1234567890123456 } do
        refuses("14 digits", "a.b", { a = { b = x } })
      end
    end)
  end)

  it("refuses what is no number", function()
    for _, x in ipairs { 1 / 0, -1 / 0, 0 / 0, -(0 / 0) } do
      refuses("NaN or infinite", "", x)
      refuses("NaN or infinite", "a.b[2].c", { a = { b = { 1, { c = x } } } })
    end
  end)

  describe("escapes strings so that they come back as they were:", function()
    for byte = 0, 127 do
      it(("the byte %d"):format(byte), function()
        local s = "a" .. string.char(byte) .. "b"
        local text = assert(json.encode(s))
        assert.is_nil(text:find("[%z\1-\31]"))
        assert.equal(codec.expected(s), codec.canonical(text))
        assert.equal(s, json.decode(text))
      end)
    end

    it("all of Unicode's lengths", function()
      local s = "\194\128\223\191\224\160\128\237\159\191\238\128\128\239\191\191\240\144\128\128"
        .. "\244\143\191\191"
      encodes('"' .. s .. '"', s)
      assert.equal(s, json.decode(json.encode(s)))
    end)

    it("long ones, with bytes beyond ASCII at every place", function()
      for n = 0, 20 do
        local s = ("x"):rep(n) .. "\234\178\176" .. ("y"):rep(20 - n)
        encodes('"' .. s .. '"', s)
      end
    end)
  end)

  describe("refuses bytes that are not UTF-8:", function()
    for name, bytes in pairs {
      ["a lone continuation"] = "\128", ["another one"] = "\191", ["the byte FE"] = "\254",
      ["the byte FF"] = "\255", ["an over-long slash"] = "\192\175", ["over-long C1"] = "\193\191",
      ["an over-long NUL"] = "\192\128", ["over-long in three"] = "\224\128\175",
      ["over-long at the border"] = "\224\159\191", ["over-long in four"] = "\240\128\128\175",
      ["over-long in four at the border"] = "\240\143\191\191",
      ["a high surrogate"] = "\237\160\128",
      ["a low surrogate"] = "\237\191\191", ["a surrogate pair"] = "\237\160\189\237\184\128",
      ["beyond U+10FFFF"] = "\244\144\128\128", ["F5"] = "\245\128\128\128",
      ["five bytes"] = "\248\136\128\128\128", ["six bytes"] = "\252\132\128\128\128\128",
      ["two of two missing"] = "\194", ["one of three missing"] = "\224\160",
      ["two of three missing"] = "\224", ["one of four missing"] = "\240\144\128",
      ["a start where a continuation belongs"] = "\194\194\128", ["a letter there"] = "\224a\128",
      ["EUC-KR"] = "\176\225\193\166", ["Latin-1"] = "caf\233",
    } do
      it(name, function()
        for _, s in ipairs { bytes, "abcdefgh" .. bytes, bytes .. "abcdefgh",
            "abcdefg" .. bytes .. "hijklmnop" } do
          refuses("not valid UTF%-8", "", s)
          refuses("not valid UTF%-8", "a[2].b", { a = { "", { b = s } } })
          refuses("field name that is not UTF%-8", "a[1]", { a = { { [s] = 1 } } })
          refuses("field name that is not UTF%-8", "", { [s] = 1 })
        end
      end)
    end
  end)

  describe("knows an array", function()
    it("by its content, and an empty one by its mark", function()
      encodes("[1]", { 1 })
      encodes("[1]", array { 1 })
      encodes("[]", array {})
      encodes("[]", array())
      encodes('{"a":[]}', { a = array {} })
      encodes("[[],[[]],{},[1]]", { array {}, { array {} }, {}, array { 1 } })
    end)

    it("by the API's word, which is asked for empty tables only", function()
      local asked = {}
      local text = json.encode({ a = {}, b = { c = {} }, d = { {}, { e = {} } }, f = { 1 },
        g = array {}, h = { i = 1 } }, function(path)
        asked[path] = (asked[path] or 0) + 1
        return path == "a" or path == "d[2].e" or path == "d[1]"
      end)
      assert.equal(codec.canonical(
        '{"a":[],"b":{"c":{}},"d":[[],{"e":[]}],"f":[1],"g":[],"h":{"i":1}}'),
        codec.canonical(text))
      local paths = {}
      for path in pairs(asked) do table.insert(paths, path) end
      table.sort(paths)
      assert.same({ "a", "b.c", "d[1]", "d[2].e" }, paths)
    end)

    it("at the root too", function()
      assert.equal("[]", (json.encode({}, function(path) return path == "" end)))
      assert.equal("{}", (json.encode({}, function() return false end)))
    end)

    it("even if its text looks like our own marks", function()
      local text = json.encode { a = array {}, b = "[]", c = '"[]"', d = ("0"):rep(32) .. "[]",
        ["[]"] = array {}, e = 2 ^ 53 - 1, f = "9007199254740991" }
      assert.equal(codec.canonical('{"a":[],"b":"[]","c":"\\"[]\\"","d":"' .. ("0"):rep(32)
        .. '[]","[]":[],"e":9007199254740991,"f":"9007199254740991"}'), codec.canonical(text))
    end)

    it("of many empty ones and many large integers", function()
      local value, text = {}, {}
      for i = 1, 3000 do
        value[i] = i % 2 == 0 and array {} or 2 ^ 53 - i
        text[i] = i % 2 == 0 and "[]" or ("%.0f"):format(2 ^ 53 - i)
      end
      encodes("[" .. table.concat(text, ",") .. "]", value)
    end)
  end)

  describe("refuses a table", function()
    it("with holes", function()
      refuses("holes", "", { 1, nil, 3 })
      refuses("holes", "a[2]", { a = { 1, { [2] = 1 } } })
      refuses("holes", "", { [2 ^ 53] = 1 })
      refuses("holes", "", { [1] = 1, [1000000] = 2 })
    end)

    it("that mixes names and positions", function()
      refuses("mixes", "", { 1, a = 1 })
      refuses("mixes", "a.b", { a = { b = { 1, 2, c = 3 } } })
      refuses("mixes", "a", { a = { [1] = 1, ["1"] = 1 } })
    end)

    it("with keys that are neither", function()
      for _, key in ipairs { 0, -1, 1.5, true, false, {}, print, 2 ^ 60, 1 / 0, -1 / 0 } do
        refuses("key", "a", { a = { [key] = 1 } })
      end
    end)

    it("marked as an array that has names", function()
      refuses("marked as an array", "x", { x = array { a = 1 } })
    end)

    it("that holds what JSON does not have, saying where", function()
      for _, x in ipairs { print, coroutine.create(function() end), io.stdout } do
        refuses("Lua type", "", x)
        refuses("Lua type", "a", { a = x })
        refuses("Lua type", "a.b[3].c", { a = { b = { 1, 2, { c = x } } } })
      end
    end)

    it("that holds itself, or is nested deeper than 64", function()
      local loop = {}
      loop.a = { loop }
      local text, why, path = json.encode(loop)
      assert.is_nil(text)
      assert.equal("is nested too deep", why)
      assert.equal(("a[1]."):rep(32):sub(1, -2), path)
      local function nested(n)
        local t = n % 2 == 0 and array {} or {}
        for i = 2, n do t = i % 2 == 0 and { t } or { a = t } end
        return t
      end
      assert.is_string((json.encode(nested(64))))
      assert.is_nil((json.encode(nested(65))))
      assert.is_nil((json.encode(nested(10000))))
    end)

    it("with a path that may be long and strange", function()
      local name = ("\234\176\128"):rep(100000)
      refuses("NaN", name .. "." .. name, { [name] = { [name] = 0 / 0 } })
      refuses("NaN", "", 0 / 0)
      refuses("NaN", ".a", { [""] = { a = 0 / 0 } })
      refuses("NaN", "a b.c.d", { ["a b"] = { ["c.d"] = 0 / 0 } })
    end)
  end)

  describe("writes the content of a table, whatever its metatable says:", function()
    local function boom() error("a metamethod was called") end
    local all = {}
    for _, event in ipairs { "__index", "__newindex", "__len", "__pairs", "__ipairs", "__eq",
      "__tostring", "__call", "__concat", "__unm", "__name" } do all[event] = boom end

    it("with a hostile one", function()
      encodes('{"a":1}', setmetatable({ a = 1 }, all))
      encodes("[1,2]", setmetatable({ 1, 2 }, all))
      encodes("{}", setmetatable({}, all))
      encodes('{"a":[{"b":1}]}', { a = setmetatable({ setmetatable({ b = 1 }, all) }, all) })
    end)

    it("with __len, __index and __pairs that tell stories", function()
      local mt = { __len = function() return 3 end, __index = function() return "x" end,
        __pairs = function() return next, { z = 1 } end }
      encodes('{"a":1}', setmetatable({ a = 1 }, mt))
      encodes("[1]", setmetatable({ 1 }, mt))
      encodes("{}", setmetatable({}, mt))
    end)

    it("with __metatable hiding it, or with cjson's own marks", function()
      encodes('{"a":1}', setmetatable({ a = 1 }, { __metatable = false }))
      for _, name in ipairs { "array_mt", "empty_array_mt" } do
        local mt = codec.cjson[name]
        if mt then
          encodes('{"a":1}', setmetatable({ a = 1 }, mt))
          encodes("[1]", setmetatable({ 1 }, mt))
        end
      end
    end)

    it("with a resolver that fails", function()
      assert.has_error(function() json.encode({ a = {} }, function() error("mine", 0) end) end,
        "mine")
      encodes('{"a":1}', { a = 1 })  -- and the next one is none the worse
    end)
  end)

  it("needs a value", function()
    assert.has_error(function() json.encode() end)
    refuses("Lua type", "", nil)
  end)
end)

describe("json.decode", function()
  local function fails(text)
    local value, why = json.decode(text)
    assert.is_nil(value)
    assert.is_string(why)
    assert.is_nil(why:find("[%z\1-\31]"))
    return why
  end

  it("reads plain values", function()
    assert.equal(true, json.decode("true"))
    assert.equal(false, (json.decode("false")))
    assert.equal("", json.decode('""'))
    assert.equal(1.5, json.decode("1.5"))
    assert.equal(null, json.decode("null"))
    assert.same({ a = { 1, "2", { b = true } } }, json.decode('{"a":[1,"2",{"b":true}]}'))
    assert.same({ a = 1 }, json.decode(' \t\r\n{ \t\r\n"a" \t\r\n: \t\r\n1 \t\r\n} \t\r\n'))
  end)

  it("gives whole numbers as integers, and as floats from 2^53 on", function()
    for _, row in ipairs { { "0", 0 }, { "3000", 3000 }, { "-1", -1 }, { "3000.0", 3000 },
        { "3e3", 3000 }, { "1E2", 100 }, { "99999999999999", 99999999999999 },
        { "100000000000000", 1e14 }, { "9007199254740991", 2 ^ 53 - 1 },
        { "-9007199254740991", 1 - 2 ^ 53 } } do
      local x = json.decode(row[1])
      assert.equal(row[2], x)
      assert.is_true(is_integer(x))
      x = json.decode('{"a":[' .. row[1] .. "]}").a[1]
      assert.equal(row[2], x)
      assert.is_true(is_integer(x))
      assert.equal(("%.0f"):format(row[2]), ("%d"):format(x))
    end
    for _, row in ipairs { { "9007199254740992", 2 ^ 53 }, { "9007199254740993", 2 ^ 53 },
        { "-9007199254740993", -2 ^ 53 }, { "9223372036854775807", 2 ^ 63 },
        { "-9223372036854775808", -2 ^ 63 }, { "9223372036854775808", 2 ^ 63 },
        { "18446744073709551616", 2 ^ 64 }, { "1e15", 1e15 }, { "100000000000000000000", 1e20 },
        { "-100000000000000000000", -1e20 }, { "1e300", 1e300 },
        { "123456789012345678901234567890", 1.2345678901234568e29 } } do
      for _, text in ipairs { "%s", " %s ", '{"a":%s}', "[[],%s]", '["]",%s,"[ ]"]' } do
        local x = json.decode((text:gsub("%%s", row[1])))
        while type(x) == "table" do x = x.a or x[2] end
        assert.equal(row[2], x)
        if math.type and row[2] ~= 1e15 then assert.equal("float", math.type(x)) end
      end
    end
  end)

  it("gives fractions as they are", function()
    for _, text in ipairs { "0.1", "-0.5", "1e-7", "19.99", "3.141592653589793", "5e-324",
        "0.12345678901234567890", "1.7976931348623157e308", "12345678901234567890.5",
        "1234567890123456789012e-22", "0.1e+0000000000000000000001" } do
      for _, place in ipairs { "%s", "[%s,[]]", "[100000000000000000000,%s]" } do
        local x = json.decode((place:gsub("%%s", (text:gsub("%%", "%%%%")))))
        if type(x) == "table" then x = type(x[2]) == "number" and x[2] or x[1] end
        assert.equal(tonumber(text), x)
      end
    end
  end)

  it("refuses what is no number", function()
    for _, text in ipairs { "NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "0x10", "+1",
        "01", "-01", "1e999", "-1e999", "[1e999]", "-", "1e", "--1", "1-", "0x" } do
      fails(text)
    end
  end)

  it("leaves null out of objects and keeps its place in lists", function()
    assert.same({}, json.decode('{"a":null,"b":null}'))
    assert.same({ b = { c = {} } }, json.decode('{"a":null,"b":{"c":{"d":null}}}'))
    local list = json.decode("[null,1,null]")
    assert.equal(3, #list)
    assert.equal(null, list[1])
    assert.equal(null, list[3])
    assert.is_nil(json.decode('{"a":1,"a":null}').a)
    local many = {}
    for i = 1, 500 do many[i] = ('"k%d":null,"v%d":%d'):format(i, i, i) end
    local t = json.decode("{" .. table.concat(many, ",") .. "}")
    local n = 0
    for _ in pairs(t) do n = n + 1 end
    assert.equal(500, n)
  end)

  it("tells [] from {} and writes them back alike", function()
    for _, text in ipairs { "[]", "{}", "[[]]", "[{}]", '{"a":[]}', '{"a":{}}', "[[],{},[[]]]",
        '{"a":[{"b":[]}]}', "[[[[[[]]]]]]" } do
      assert.equal(text, (json.encode(json.decode(text))))
      assert.equal(text, (json.encode(json.decode((text:gsub("[%[{]", "%0 \t\r\n"))))))
    end
    local t = json.decode('{"a":[],"b":{},"c":[1],"d":[[]]}')
    assert.is_true(json.is_array(t.a))
    assert.is_false(json.is_array(t.b))
    assert.is_nil(next(t.a))
    assert.is_true(json.is_array(t.d[1]))
    t.a[1] = "x"
    assert.equal(0, #json.decode("[]"))  -- each is a table of its own
  end)

  it("does not take brackets in strings for arrays", function()
    for _, s in ipairs { "[]", "[ ]", "a[]b", '"[]"', "\\[]", "\\\\\"[]", "[", "]", '["mark"]',
        "[]\\" } do
      local text = json.encode { a = s, b = array {}, [s] = 1 }
      local t = json.decode(text)
      assert.equal(s, t.a)
      assert.equal(1, t[s])
      assert.is_true(json.is_array(t.b))
    end
    assert.equal('[]"[]', json.decode('["[]\\"[]",[]]')[1])
    assert.equal("\\", json.decode('["\\\\",[]]')[1])
    assert.equal('\\"', json.decode('["\\\\\\"",[]]')[1])
  end)

  it("reads escapes and surrogate pairs", function()
    assert.equal('\8\12\n\r\t"\\/', json.decode([["\b\f\n\r\t\"\\\/"]]))
    assert.equal("A\234\176\128\195\169\0", json.decode([["\u0041\uAC00\u00e9\u0000"]]))
    assert.equal("\240\159\152\128", json.decode([["\ud83d\ude00"]]))
    assert.equal("\244\143\191\191", json.decode([["\uDBFF\uDFFF"]]))
    for _, text in ipairs { [["\ud83d"]], [["\ud83dx"]], [["\ud83d\u0041"]], [["\ude00"]],
        [["\u12"]], [["\u12g4"]], [["\x41"]], [["\"]], [["\u"]] } do
      fails(text)
    end
  end)

  for name, text in pairs {
    ["nothing"] = "", ["white space"] = " \n", ["half a word"] = "tru", ["a word"] = "truex",
    ["an open array"] = "[", ["an open array and space"] = "[ ", ["an open object"] = "{",
    ["an open string"] = '"a', ["a backslash at the end"] = '"a\\', ["only that"] = '"\\',
    ["an array and a backslash"] = '[[],"\\', ["an open string after []"] = '[[],"a',
    ["two values"] = "1 2", ["[] twice"] = "[][]", ["[] and more"] = "[] x", ["a comma"] = "[1,]",
    ["a comma in []"] = "[,]", ["a comma in {}"] = '{"a":1,}', ["no colon"] = '{"a" 1}',
    ["a name without quotes"] = "{a:1}", ["a number as a name"] = "{1:1}",
    ["[] as a name"] = "{[]:1}", ["single quotes"] = "['a']", ["a comment"] = "[1/* */]",
    ["a line comment"] = "[1] // x", ["the wrong bracket"] = "[}", ["a closed one"] = "]",
    ["a byte order mark"] = "\239\187\191{}", ["UTF-16"] = "{\0}\0", ["a page"] = "<html></html>",
    ["a NUL in a string"] = '"\0"', ["a NUL after it"] = '{"a":1}\0x',
    ["an undefined"] = "undefined", ["half of []"] = "[[]",
  } do
    it("fails for " .. name, function() fails(text) end)
  end

  it("reads 128 levels and fails beyond, whatever they are made of", function()
    for _, n in ipairs { 1, 64, 65, 128 } do
      assert.is_table((json.decode(("["):rep(n) .. ("]"):rep(n))))
      assert.is_table((json.decode(('{"a":'):rep(n - 1) .. "{}" .. ("}"):rep(n - 1))))
    end
    for _, n in ipairs { 129, 1000, 1000000 } do
      fails(("["):rep(n) .. ("]"):rep(n))
      fails(("["):rep(n))
      fails(('{"a":'):rep(n))
      fails(("[ "):rep(n))
      fails(("[[],"):rep(n))
    end
  end)

  it("gets through large texts in time", function()
    local n = 200000
    local from = os.clock()
    assert.equal(n, #json.decode("[" .. ("[],"):rep(n - 1) .. "[]]"))
    assert.equal(n, #json.decode("[" .. ("[ ] , "):rep(n - 1) .. "[]]"))
    assert.equal(n, #json.decode("[" .. ("0,"):rep(n - 1) .. "0]"))
    assert.equal(4 * n, #json.decode('"' .. ("[ [ "):rep(n) .. '"'))
    assert.equal(2 * n, #json.decode('["' .. ('\\"[]'):rep(n) .. '",[]]')[1] * 2 / 3)
    fails('"' .. ("\\"):rep(2 * n + 1))
    fails(("9"):rep(n) .. "x")
    assert.is_true(os.clock() - from < 10)
  end)

  it("raises for what is not a string", function()
    assert.has_error(function() json.decode(nil) end)
    assert.has_error(function() json.decode({}) end)
  end)
end)

describe("the user's own lua-cjson", function()
  it("is not changed by ours, nor ours by its settings", function()
    local cjson = codec.cjson
    local theirs = cjson.encode { a = 1.5 }
    cjson.encode_number_precision(3)
    cjson.encode_max_depth(2)
    cjson.decode_max_depth(2)
    cjson.encode_invalid_numbers(true)
    cjson.decode_invalid_numbers(true)
    cjson.encode_sparse_array(true)
    if cjson.encode_empty_table_as_object then cjson.encode_empty_table_as_object(false) end
    if cjson.decode_array_with_array_mt then cjson.decode_array_with_array_mt(true) end
    local text = json.encode { a = { b = { c = { 1.23456, {} } } } }
    local t = json.decode('{"a":{"b":{"c":[1]}}}')
    local plain = getmetatable(t.a.b.c)
    local nan = json.decode("NaN")
    local their_depth = pcall(cjson.encode, { { { 1 } } })
    local their_precision = cjson.encode(1.23456)
    cjson.encode_number_precision(14)
    cjson.encode_max_depth(1000)
    cjson.decode_max_depth(1000)
    cjson.encode_invalid_numbers(false)
    cjson.decode_invalid_numbers(true)
    cjson.encode_sparse_array(false)
    if cjson.encode_empty_table_as_object then cjson.encode_empty_table_as_object(true) end
    if cjson.decode_array_with_array_mt then cjson.decode_array_with_array_mt(false) end
    assert.equal('{"a":{"b":{"c":[1.23456,{}]}}}', text)
    assert.equal(1, t.a.b.c[1])
    assert.is_nil(plain)
    assert.is_nil(nan)
    assert.is_false(their_depth)
    assert.equal("1.23", their_precision)
    assert.equal(theirs, cjson.encode { a = 1.5 })
  end)

  it("shares its null with us", function()
    assert.equal(codec.cjson.null, json.null)
    assert.equal("[null]", (json.encode { codec.cjson.null }))
  end)
end)

describe("json.array", function()
  it("marks a table, or makes one", function()
    local t = {}
    assert.equal(t, array(t))
    assert.is_true(json.is_array(t))
    assert.is_true(json.is_array(array()))
    for _, x in ipairs { {}, "", 1, true, print } do assert.is_false(json.is_array(x)) end
    assert.is_false(json.is_array(nil))
    for _, x in ipairs { "", 1, true, print } do
      assert.has_error(function() array(x) end)
    end
  end)
end)
