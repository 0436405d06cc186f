-- SPDX-License-Identifier: MIT
-- portone.json on the lua-cjson of this machine, or on another generation of it whose folder
-- PORTONE_TEST_CJSON names (a folder with a cjson.so for this Lua).

local dir = os.getenv("PORTONE_TEST_CJSON")
if dir and dir ~= "" then
  package.cpath = dir .. "/?.so;" .. package.cpath
  for _, name in ipairs { "cjson", "cjson.safe", "portone.core", "portone.json" } do
    package.loaded[name] = nil
  end
end

local codec = { cjson = require "cjson", json = require "portone.json" }

-- {====== A reader of our own: JSON text to one canonical text ======

local function fault(at, what) error(("%s at %d"):format(what, at), 0) end

local function utf8_char(n)
  if n < 0x80 then return string.char(n) end
  if n < 0x800 then return string.char(0xC0 + math.floor(n / 64), 0x80 + n % 64) end
  if n < 0x10000 then
    return string.char(0xE0 + math.floor(n / 4096), 0x80 + math.floor(n / 64) % 64, 0x80 + n % 64)
  end
  return string.char(0xF0 + math.floor(n / 262144), 0x80 + math.floor(n / 4096) % 64,
    0x80 + math.floor(n / 64) % 64, 0x80 + n % 64)
end

local plain = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r",
  t = "\t" }

local function read_unicode(text, at)
  local high = tonumber(text:match("^%x%x%x%x", at) or fault(at, "bad \\u"), 16)
  if high < 0xD800 or high > 0xDFFF then return utf8_char(high), at + 4 end
  local low = tonumber(text:match("^\\u(%x%x%x%x)", at + 4) or fault(at, "lone surrogate"), 16)
  return utf8_char(0x10000 + (high - 0xD800) * 1024 + low - 0xDC00), at + 10
end

local function read_string(text, at)
  local out = {}
  while true do
    local c = text:sub(at, at)
    if c == '"' then return table.concat(out), at + 1 end
    if c == "" or c:byte() < 32 then fault(at, "bad string") end
    if c ~= "\\" then
      table.insert(out, c)
      at = at + 1
    elseif text:sub(at + 1, at + 1) == "u" then
      local char
      char, at = read_unicode(text, at + 2)
      table.insert(out, char)
    else
      table.insert(out, plain[text:sub(at + 1, at + 1)] or fault(at, "bad escape"))
      at = at + 2
    end
  end
end

---How a number is written in canonical text.
function codec.number(x)
  if x == math.floor(x) and math.abs(x) <= 2 ^ 53 then return ("%.0f"):format(x == 0 and 0 or x) end
  return ("%.14g"):format(x)
end

local function hex(s)
  return "'" .. s:gsub(".", function(c) return ("%02x"):format(c:byte()) end) .. "'"
end

local read_value

local function read_list(text, at, close, read_item)
  local out = {}
  at = text:match("^[ \t\r\n]*()", at)
  if text:sub(at, at) == close then return out, at + 1 end
  while true do
    local item
    item, at = read_item(text, text:match("^[ \t\r\n]*()", at))
    table.insert(out, item)
    at = text:match("^[ \t\r\n]*()", at)
    local c = text:sub(at, at)
    if c == close then return out, at + 1 end
    if c ~= "," then fault(at, "comma expected") end
    at = at + 1
  end
end

local function read_member(text, at)
  if text:sub(at, at) ~= '"' then fault(at, "name expected") end
  local name, value
  name, at = read_string(text, at + 1)
  at = text:match("^[ \t\r\n]*:[ \t\r\n]*()", at) or fault(at, "colon expected")
  value, at = read_value(text, at)
  return hex(name) .. ":" .. value, at
end

function read_value(text, at)
  local c = text:sub(at, at)
  if c == '"' then
    local s
    s, at = read_string(text, at + 1)
    return hex(s), at
  elseif c == "[" then
    local items
    items, at = read_list(text, at + 1, "]", read_value)
    return "[" .. table.concat(items, ",") .. "]", at
  elseif c == "{" then
    local members
    members, at = read_list(text, at + 1, "}", read_member)
    table.sort(members)
    return "{" .. table.concat(members, ",") .. "}", at
  end
  local number, after = text:match("^(-?%d+%.?%d*[eE]?[+-]?%d*)()", at)
  if number then return codec.number(tonumber(number)), after end
  for _, word in ipairs { "true", "false", "null" } do
    if text:sub(at, at + #word - 1) == word then return word, at + #word end
  end
  fault(at, "value expected")
end

---JSON text as canonical text; raises when it is not JSON.
function codec.canonical(text)
  local value, at = read_value(text, text:match("^[ \t\r\n]*()"))
  if text:find("[^ \t\r\n]", at) then fault(at, "more text") end
  return value
end

---A Lua value as the canonical text of the JSON it should become. Null members are left out
---when asked for, as reading leaves them out.
function codec.expected(value, without_null)
  local json = codec.json
  if value == json.null then return "null" end
  if type(value) == "number" then return codec.number(value) end
  if type(value) == "string" then return hex(value) end
  if type(value) ~= "table" then return tostring(value) end
  local out = {}
  if json.is_array(value) or rawget(value, 1) ~= nil then
    for i, item in ipairs(value) do out[i] = codec.expected(item, without_null) end
    return "[" .. table.concat(out, ",") .. "]"
  end
  for name, member in next, value do
    if not (without_null and member == json.null) then
      table.insert(out, hex(name) .. ":" .. codec.expected(member, without_null))
    end
  end
  table.sort(out)
  return "{" .. table.concat(out, ",") .. "}"
end

-- }==============================================================

return codec
