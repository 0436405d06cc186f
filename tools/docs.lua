--[[ The documents and the reference as a static site: the pages of docs/, the READMEs, every
operation, type and error from the tables of the API, and every public function from its doc
comment. Fails when a link is dead or something is missing.

Usage: make docs          or: lua tools/docs.lua [WHERE]     default build/docs ]]

package.path = "./lua/?.lua;./lua/?/init.lua;./?.lua;" .. package.path
-- The tables are read, nothing is sent: what is in C is not needed.
package.preload["portone.core"] = package.preload["portone.core"] or function()
  return setmetatable({}, { __index = function() return function() end end })
end

local html = require "tools.docs.html"
local markdown = require "tools.docs.markdown"

local WHERE = arg[1] or "build/docs"

local pages, titles, files = {}, {}, { ["style.css"] = true }

local function add(path, title, body)
  assert(not pages[path], path .. " twice")
  pages[path], titles[path] = body, title
end

local function lines_of(command)
  local out = {}
  for line in assert(io.popen(command)):lines() do out[#out + 1] = line end
  return out
end

-- {====== Documents ======

-- Where a document of the tree lies on the site.
local function page_of(path)
  local name = path:match("^docs/(.+)%.md$")
  if name then return (name == "README" and "index" or name) .. ".html" end
  name = path:match("^([^/]+)%.md$")
  return name and "project/" .. name:lower() .. ".html"
end

local function is_folder(path)
  local file = io.open(path .. "/.")
  if file then file:close() end
  return file ~= nil
end

local IMAGES = { png = true, jpg = true, svg = true, webp = true }

-- Other files that documents link to are copied: code as text, so that a browser shows it.
local function file_of(path)
  if is_folder(path) then  -- its files, and a list of them
    local list = {}
    for _, one in ipairs(lines_of(("find '%s' -type f | LC_ALL=C sort"):format(path))) do
      local to = file_of(one)
      list[#list + 1] = ('<li><a href="%s">%s</a></li>'):format(("../" .. to), html.escape(one))
    end
    local index = "project/" .. path:gsub("/", "-") .. ".html"
    if not pages[index] then
      add(index, path, "<h1>" .. html.escape(path) .. "</h1>\n<ul>" .. table.concat(list, "\n")
        .. "</ul>")
    end
    return index
  end
  local name = "files/" .. path .. (IMAGES[path:match("%.(%a+)$")] and "" or ".txt")
  files[name] = path
  return name
end

local function add_documents()
  for _, path in ipairs(lines_of("ls *.md docs/*.md")) do
    local to = page_of(path)
    local up = to:find("/") and "../" or ""
    local body, title = html.document(assert(markdown.read(path)), function(target)
      local file, anchor = target:match("^([^#]*)(.*)$")
      local full = markdown.resolve(path, file)
      return up .. (page_of(full) or file_of(full)) .. anchor
    end)
    add(to, title, body)
  end
end

-- }========================

local function write(path, text)
  os.execute(("mkdir -p '%s'"):format((WHERE .. "/" .. path):match("^(.*)/")))
  local file = assert(io.open(WHERE .. "/" .. path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

add_documents()
local counts = require("tools.docs.operations").pages(add)
counts.functions = require("tools.docs.modules").pages(add)

local whole, n = {}, 0
for path, body in pairs(pages) do
  whole[path] = html.page { title = titles[path], body = body,
                            root = path:find("/") and "../" or "" }
  n = n + 1
end
local problems, links = html.dead_links(whole, files)
local operations = 0
for _ in require("portone.api").all() do operations = operations + 1 end
if counts.operations ~= operations then
  problems[#problems + 1] = ("%d operations of %d"):format(counts.operations, operations)
end
if problems[1] then
  io.stderr:write(table.concat(problems, "\n"), "\n")
  os.exit(1)
end

for path, text in pairs(whole) do write(path, text) end
for path, from in pairs(files) do
  if type(from) == "string" then write(path, assert(markdown.read(from))) end
end
write("style.css", html.style)
print(("%s/index.html: %d pages, %d operations, %d types, %d functions, %d links, none dead")
  :format(WHERE, n, counts.operations, counts.types, counts.functions, links))
