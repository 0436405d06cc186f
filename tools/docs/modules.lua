-- SPDX-License-Identifier: MIT
-- The reference of functions, from the doc comments of the modules that a user calls.

local markdown = require "tools.docs.markdown"
local escape = require("tools.docs.html").escape

local M = {}

-- Title, file, and how a function's holder is called by a user (M, methods, …); `false`: not for
-- users.
local MODULES = {
  { "portone", "types/portone.lua", { portone = "portone.", client = "portone." } },
  { "Tasks", "lua/portone/loop/tasks.lua", { Task = "task:", M = false } },
  { "portone.webhook", "lua/portone/webhook.lua",
    { M = "portone.webhook.", ["M.bind"] = false, faults = false } },
  { "Events of webhooks", "lua/portone/webhook/events.lua", { M = false } },
  { "portone.webhook.store", "lua/portone/webhook/store.lua",
    { M = "portone.webhook.store.", memory = "store:", shared = false, redis = false } },
  { "portone.nginx", "lua/portone/nginx.lua", { M = "portone.nginx." } },
  { "portone.checkout", "lua/portone/checkout/init.lua", { M = "portone.checkout." } },
  { "portone.ledger", "lua/portone/ledger.lua", { M = "portone.ledger.", methods = "ledger:" } },
  { "portone.token_store", "lua/portone/token_store.lua",
    { M = 'require("portone.token_store").', shared = "store:" } },
  { "portone.observe", "lua/portone/observe/init.lua",
    { M = "portone.observe.", ["M.check"] = false } },
  { "portone.observe.metrics", "lua/portone/observe/metrics.lua",
    { methods = "metrics:", ["M.new"] = "portone.observe.metrics" } },
  { "portone.observe.log", "lua/portone/observe/log.lua",
    { M = false, ["M.new"] = "portone.observe.log" } },
  { "portone.observe.trace", "lua/portone/observe/trace.lua",
    { M = false, ["M.new"] = "portone.observe.trace" } },
  { "portone.sandbox", "lua/portone/sandbox/init.lua",
    { M = "portone.sandbox.", methods = "sandbox:" } },
  { "The inbox of a sandbox", "lua/portone/sandbox/inbox.lua",
    { M = false, methods = "inbox:" } },
}

-- {====== Reading ======

-- A block of doc comments: words, and its tags with their words.
local function parse(block)
  local doc = { words = {}, tags = {} }
  for _, line in ipairs(block) do
    local tag, rest = line:match("^%-%-%-%s*@(%w+)%s*(.*)$")
    if tag then
      doc.tags[#doc.tags + 1] = { tag = tag, text = rest }
    elseif #doc.tags == 0 or line == "---" then
      doc.words[#doc.words + 1] = line:sub(4)
    else
      local last = doc.tags[#doc.tags]
      last.text = last.text .. " " .. line:match("^%-%-%-%s*(.*)$")
    end
  end
  return doc
end

-- Functions and classes of a file, in order: { name, arguments, doc } or { class, doc }.
local function read(path)
  local out, block = {}, {}
  for line in (assert(markdown.read(path)) .. "\n"):gmatch("(.-)\n") do
    if line:find("^%-%-%-") then
      block[#block + 1] = line
    else
      local name, arguments = line:match("^function ([%w_.:]+)(%b())")
      if name and block[1] then
        out[#out + 1] = { name = name, arguments = arguments, doc = parse(block) }
      elseif block[1] and block[1]:find("^%-%-%-@class") then
        out[#out + 1] = { class = block[1]:match("@class ([%w_.]+)"), doc = parse(block) }
      end
      block = {}
    end
  end
  return out
end

-- "M.v1.request_pay" -> "portone.checkout.v1.request_pay"; nil: not for users
local function public_name(name, names)
  if names[name] ~= nil then return names[name] or nil end
  local holder, rest = name:match("^([%w_]+)[.:](.*)$")
  local prefix = holder and names[holder]
  if not prefix or rest:sub(1, 1) == "_" then return nil end
  return prefix .. rest
end

-- }=====================

-- {====== Writing ======

local function code(text) return "<code>" .. escape(text) .. "</code>" end

-- `x` in a comment is code.
local function words(text)
  return (escape(text):gsub("`([^`]+)`", "<code>%1</code>"))
end

local function split_type(text)
  local depth = 0
  for i = 1, #text do
    local c = text:sub(i, i)
    if c:find("[({<]") then depth = depth + 1 elseif c:find("[)}>]") then depth = depth - 1 end
    if c == " " and depth == 0 and not text:sub(1, i - 1):find("[:|,]$") then
      return text:sub(1, i - 1), text:sub(i + 1):match("^%s*(.-)%s*$")
    end
  end
  return text, ""
end

local function row(out, name, type_, text)
  out[#out + 1] = ("<tr><td>%s</td><td>%s</td><td>%s</td></tr>"):format(
    name ~= "" and code(name) or "", code(type_), words(text))
end

local function rows_of(out, doc, tag)
  local list = {}
  for _, t in ipairs(doc.tags) do
    if t.tag == tag then
      local name, rest
      if tag == "return" then
        local type_, after = split_type(t.text)
        row(list, "", type_, after)
      else
        name, rest = t.text:match("^(%S+)%s*(.*)$")
        local type_, after = split_type(rest)
        row(list, name, type_, after)
      end
    end
  end
  if list[1] then
    out[#out + 1] = ("<p>%s</p>"):format(({ param = "Arguments:", ["return"] = "Returns:",
      field = "Fields:" })[tag])
    out[#out + 1] = "<table>" .. table.concat(list, "\n") .. "</table>"
  end
end

local function paragraphs(out, doc)
  for part in (table.concat(doc.words, "\n") .. "\n\n"):gmatch("(.-)\n%s*\n") do
    if part:find("%S") then out[#out + 1] = "<p>" .. words(part) .. "</p>" end
  end
end

-- }=====================

---The page of all functions.
---@param add fun(path: string, title: string, body: string)
---@return integer functions
function M.pages(add)
  local out, index, count, seen = {}, {}, 0, {}
  for _, module in ipairs(MODULES) do
    local title, path, names = module[1], module[2], module[3]
    local anchor = markdown.anchor(title)
    out[#out + 1] = ('<h2 id="%s">%s</h2>'):format(anchor, escape(title))
    index[#index + 1] = ('<li><a href="#%s">%s</a></li>'):format(anchor, escape(title))
    for _, item in ipairs(read(path)) do
      local name = item.class or public_name(item.name, names)
      if name and not seen[name] then
        seen[name] = true
        count = count + (item.class and 0 or 1)
        out[#out + 1] = ('<h3 id="%s">%s</h3>'):format(
          (item.class and "class-" or "") .. escape(name), code(name .. (item.arguments or "")))
        paragraphs(out, item.doc)
        rows_of(out, item.doc, "param")
        rows_of(out, item.doc, "return")
        rows_of(out, item.doc, "field")
      end
    end
  end
  add("reference/modules.html", "Functions", "<h1>Functions</h1>\n<ul>\n"
    .. table.concat(index, "\n") .. "\n</ul>\n" .. table.concat(out, "\n"))
  return count
end

return M
