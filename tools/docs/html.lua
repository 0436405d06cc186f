-- SPDX-License-Identifier: MIT
-- Pages of HTML: Markdown by cmark-gfm, anchors and links put right, one frame around all.

local markdown = require "tools.docs.markdown"

local M = {}

function M.escape(text)
  return (tostring(text):gsub('[&<>"]', {
    ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end
local escape = M.escape

M.style = [[
:root { color-scheme: light dark; --line: #8884; --code: #8881; --link: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --link: #8ab4f8; } }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
a { color: var(--link); }
nav { border-bottom: 1px solid var(--line); padding-bottom: .5rem; margin-bottom: 1.5rem; }
nav a { margin-right: 1rem; }
code, pre { font: .9em/1.45 ui-monospace, monospace; background: var(--code); }
code { padding: .1em .25em; border-radius: .25em; }
pre { padding: .75rem; overflow-x: auto; border-radius: .4rem; }
pre code { padding: 0; background: none; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem .3rem 0; text-align: left;
  vertical-align: top; }
h2 { border-bottom: 1px solid var(--line); margin-top: 2.2rem; }
h3 code, h2 code { background: none; padding: 0; }
img { max-width: 100%; border: 1px solid var(--line); }
:target { background: #fd03; }
]]

---A page of its own.
---@param o { title: string, body: string, root: string }  root: "" or "../", the way to the top
---@return string
function M.page(o)
  return table.concat({
    "<!DOCTYPE html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    "<title>" .. escape(o.title) .. "</title>",
    '<link rel="stylesheet" href="' .. o.root .. 'style.css">', "</head>", "<body>",
    (('<nav><a href="ROOTindex.html">Documents</a><a href="ROOTreference/index.html">Operations</a>'
      .. '<a href="ROOTreference/modules.html">Functions</a>'
      .. '<a href="ROOTreference/errors.html">Errors</a></nav>'):gsub("ROOT", o.root)),
    o.body, "</body>", "</html>", "",
  }, "\n")
end

-- {====== Markdown ======

local function render(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  local pipe = assert(io.popen("cmark-gfm --unsafe -e table -e autolink " .. path, "r"))
  local html = pipe:read("*a")
  pipe:close()
  os.remove(path)
  return html
end

-- Headings get the anchors that links name.
local function with_anchors(html, headings)
  local n = 0
  return (html:gsub("<h(%d)>", function(level)
    n = n + 1
    assert(headings[n] and headings[n].level == tonumber(level), "headings do not agree")
    return ('<h%s id="%s">'):format(level, escape(headings[n].anchor))
  end))
end

---A document as HTML.
---@param text string
---@param link fun(target: string): string  where a relative link leads on the site
---@return string body
---@return string title
function M.document(text, link)
  local headings = markdown.headings(text)
  local body = with_anchors(render(text), headings)
  body = body:gsub("<!%-%-.-%-%->\n?", "")
  body = body:gsub('(<%a+[^>]- ?[hs][re][ec]f?=")([^"]+)(")', function(before, target, after)
    if target:find("^%a[%w+.-]*:") or target:sub(1, 1) == "#" then
      return before .. target .. after
    end
    return before .. link(target) .. after
  end)
  return body, headings[1] and headings[1].text or "portone"
end

-- }======================

-- {====== Links ======

---What is wrong with the links of a site.
---@param pages table<string, string>  path to HTML
---@param files table<string, boolean>  other files of the site
---@return string[] problems
---@return integer links  how many there are
function M.dead_links(pages, files)
  local ids, problems, count = {}, {}, 0
  for path, html in pairs(pages) do
    ids[path] = {}
    for id in html:gmatch(' id="([^"]+)"') do
      if ids[path][id] then problems[#problems + 1] = path .. ": id twice: " .. id end
      ids[path][id] = true
    end
  end
  for path, html in pairs(pages) do
    for target in html:gmatch('<%a+[^>]- ?[hs][re][ec]f?="([^"]+)"') do
      if not target:find("^%a[%w+.-]*:") then
        count = count + 1
        local file, anchor = target:match("^([^#]*)#?(.*)$")
        local to = file == "" and path or markdown.resolve(path, file)
        anchor = anchor:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
        if not (ids[to] or files[to]) or (anchor ~= "" and not (ids[to] and ids[to][anchor])) then
          problems[#problems + 1] = path .. ": dead link: " .. target
        end
      end
    end
  end
  table.sort(problems)
  return problems, count
end

-- }===================

return M
