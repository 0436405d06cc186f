-- A server behind the fake host, for lists that come page by page, and what to ask of them.

local fake = require "spec.support.fake"
local assert = require "luassert"
local json = require "portone.json"

local M = {}

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- Path, query and body (that of a GET is in the query) of what was sent.
local function read(sent)
  local path, text = sent.url:match("^%w+://[^/]+([^?]*)%??(.*)$")
  local query = {}
  for name, value in text:gmatch("([^&=]+)=([^&]*)") do query[unescape(name)] = unescape(value) end
  local body = query.requestBody and json.decode(query.requestBody)
    or sent.body and json.decode(sent.body) or {}
  return { path = path, query = query, body = body }
end

function M.v1(value)
  return { 200, json.encode { code = 0, message = json.null, response = value } }
end

-- A client whose requests `answer` answers; `asked` is what it was asked for.
function M.serve(answer)
  local asked = {}
  local client = fake.client { function(sent)
    if sent.url:find("/users/getToken", 1, true) then return fake.token "t" end
    local request = read(sent)
    asked[#asked + 1] = request
    return answer(request, #asked)
  end }
  return client, asked
end

function M.numbers(first, last)
  local list = {}
  for i = first, last do list[#list + 1] = { id = "p" .. i, n = i } end
  return json.array(list)
end

-- The items first, … of `total` on a page of `size`, counted from 0.
function M.page_of(total, number, size)
  return M.numbers(number * size + 1, math.min((number + 1) * size, total))
end

-- What came, in one line: "1-250" where nothing is missing and nothing came twice.
function M.span_of(items)
  for i = 2, #items do
    assert.equal(items[i - 1].n + 1, items[i].n)
  end
  return #items == 0 and "nothing" or items[1].n .. "-" .. items[#items].n
end

function M.walk(iterator)
  local list = {}
  for item in iterator do list[#list + 1] = item end
  return list
end

return M
