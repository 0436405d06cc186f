-- SPDX-License-Identifier: MIT
-- What may come next at the prompt: groups and operations after a dot, field names inside the
-- braces of a call, a field's values inside its quotes. Pure: text in, words out.

local api = require "portone.api"
local fields = require "portone.cli.fields"
local sorted = require "portone.sorted"
local verbs = require "portone.verbs"

local M = {}

-- {====== Dotted names ======

-- Sub-groups and operations below a prefix of the operations' full names.
local function below(prefix)
  local set = {}
  local version, rest = prefix:match("^(v[12])%.(.*)$")
  for _, group in ipairs(api.groups(version)) do
    local path = group .. "."
    if path:sub(1, #rest) == rest and #path > #rest then
      set[version .. "." .. rest .. path:sub(#rest + 1):match("^[^.]+") .. "."] = true
    end
  end
  for _, name in ipairs(api.names(version, (rest:gsub("%.$", ""))) or {}) do
    set[prefix .. name] = true
  end
  return set
end

-- Names of a table of the environment, as they are typed after its own.
local function members(value, prefix, set)
  if type(value) == "table" then
    for key in pairs(value) do
      if type(key) == "string" and key:find("^[%a_][%w_]*$") then
        set[prefix .. key] = true
      end
    end
    local mt = getmetatable(value)
    local index = type(mt) == "table" and mt.__index
    if type(index) == "table" then
      members(index, prefix, set)
    end
  end
end

local function plain_names(env, word)
  local at, prefix = env, ""
  for name, mark in word:gmatch("([%a_][%w_]*)([.:])") do
    at = type(at) == "table" and rawget(at, name) or nil
    prefix = prefix .. name .. mark
  end
  local set = {}
  members(at, prefix, set)
  if prefix == "" then
    members(_G, "", set)
  end
  return set
end

local function names(env, word)
  local lead, path = word:match("^(.-)(v[12]%..*)$")
  if path and (lead == "" or lead == "client." or lead == "portone.") then
    local set = {}
    for name in pairs(below(path:match("^(.*%.)"))) do
      set[lead .. name] = true
    end
    return set
  end
  return plain_names(env, word)
end

-- }======

-- {====== Inside of a call ======

-- Every open brace of a text with what stands before it, and the quote that is open at its end.
local function open_braces(text)
  local stack, quote, from = {}, nil, nil
  local i = 1
  while i <= #text do
    local c = text:sub(i, i)
    if quote then
      if c == "\\" then
        i = i + 1
      elseif c == quote then
        quote = nil
      end
    elseif c == '"' or c == "'" then
      quote, from = c, i
    elseif c == "-" and text:sub(i, i + 1) == "--" then
      i = (text:find("\n", i, true) or #text + 1) - 1
    elseif c == "{" or c == "(" or c == "[" then
      stack[#stack + 1] = { mark = c, before = text:sub(1, i - 1), at = i }
    elseif c == "}" or c == ")" or c == "]" then
      stack[#stack] = nil
    end
    i = i + 1
  end
  return stack, quote and text:sub(1, from - 1)
end

-- The operation whose arguments begin at a brace: its row.
local function row_before(before, inner)
  local name = before:match("([%a_][%w_.]*)%s*%(?%s*$")
  name = name and name:gsub("^portone%.", ""):gsub("^client%.", "")
  if not name then
    return nil
  elseif verbs.verbs[name] then
    local given = {}
    for field in inner:gmatch("([%a_][%w_]*)%s*=") do
      given[field] = true
    end
    local picked = verbs.pick[name](given)
    if picked then
      return api.find(picked.api, picked.group, picked.name)
    end
    return nil, verbs.verbs[name]
  end
  return api.named(name)
end

-- The innermost table of a call's arguments among open braces: its row and path. For a verb whose
-- shape cannot be told yet, the verb.
local function place(text, stack)
  local path = {}
  for i = #stack, 1, -1 do
    local brace = stack[i]
    local field = brace.mark == "{" and brace.before:match("([%a_][%w_]*)%s*=%s*$")
    if field then
      table.insert(path, 1, field)
    elseif brace.mark == "{" then
      local row, verb = row_before(brace.before, text:sub(brace.at + 1))
      if row or verb then
        return row, path, verb
      end
    end
  end
end

local function add_fields(set, row, path)
  for _, name in ipairs(fields.names(row, path)) do
    set[name .. " = "] = true
  end
end

-- Names that may stand here, or the values of the field whose quote is open.
local function inside(text, word_start)
  local before = text:sub(1, word_start - 1)
  local stack, quoted = open_braces(before)
  local row, path, verb = place(before, stack)
  local set = {}
  if quoted and row then
    local field = quoted:match("([%a_][%w_]*)%s*=%s*$")
    path[#path + 1] = field
    for _, value in ipairs(field and fields.values(row, path) or {}) do
      set[value] = true
    end
  elseif before:find("[{,]%s*$") and row then
    add_fields(set, row, path)
  elseif before:find("[{,]%s*$") and verb then
    for _, shape in ipairs { verb.v1, verb.v2 } do
      add_fields(set, api.find(shape.api, shape.group, shape.name), path)
    end
  else
    return nil, quoted
  end
  return set
end

-- }======

---Words that may stand where the text's last word is being typed, whole and sorted.
---@param env table      the prompt's globals
---@param text string    up to the cursor, with earlier lines of an unfinished input
---@param word string    the part of it that is being typed
---@return string[]
function M.words(env, text, word)
  local set, quoted = inside(text, #text - #word + 1)
  if not set then
    local named = quoted and (quoted:find "help%s*%(?%s*$" or quoted:find "describe%s*%(?%s*$")
    set = (not quoted or named) and names(env, word) or {}
  end
  local out = {}
  for _, name in ipairs(sorted(set)) do
    if name:sub(1, #word) == word then
      out[#out + 1] = name
    end
  end
  return out
end

return M
