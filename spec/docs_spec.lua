-- The documents: every block of Lua in them runs, what it prints is what they say, no link is
-- dead, and the two READMEs are one.
--
-- A page, docs/*.md or a README, runs from its top to its end as one program. It makes a sandbox of
-- its own, or finds one in these globals: `portone`, whose default client speaks to the sandbox,
-- `sandbox` and `client`. How a page is written:
--
--   ```lua                           runs; `--> text` behind a statement is what it prints (all
--                                    lines that the block prints, in order; `…` stands for any)
--   <!-- lua … -->                   runs, but is not shown
--   ```lua file=examples/x.lua       is not run: a piece of that file, word for word, which
--                                    examples_spec.lua runs; for what needs a host of its own
--
-- There is no way to have a block that neither runs nor is a piece of a file.

local markdown = require "tools.docs.markdown"

local load = rawget(_G, "loadstring") or load

local function list(command)
  local out = {}
  for line in assert(io.popen(command)):lines() do out[#out + 1] = line end
  return out
end

local pages = list "ls README.md README.ko.md docs/*.md"
local documents = list "ls *.md docs/*.md"

local function read(path) return assert(markdown.read(path)) end

-- {====== Running a page ======

-- The page as a program: the lines of code where they are, nothing on the others, so that a
-- line number in an error is that of the page.
local function program(blocks, lines)
  local out = {}
  for i = 1, lines do out[i] = "" end
  for n, block in ipairs(blocks) do
    if block.language == "lua" and not block.file then
      for i, line in ipairs(block.lines) do out[block.first + i - 1] = line end
      out[block.last] = ("__ran(%d)"):format(n)
    end
  end
  return table.concat(out, "\n")
end

-- What a block says it prints: nil when it says nothing.
local function expected(block)
  local lines
  for _, line in ipairs(block.lines) do
    local text = line:match("%-%->%s*(.-)%s*$")
    if text then
      lines = lines or {}
      lines[#lines + 1] = text
    end
  end
  return lines
end

local function squeeze(text) return (text:gsub("%s+", " "):gsub(" $", "")) end

local function fits(line, wanted)
  local pattern = squeeze(wanted):gsub("%p", "%%%0"):gsub("…", ".-")
  return squeeze(line):find("^" .. pattern .. "$") ~= nil
end

local function compare(where, printed, wanted)
  local ok = #printed == #wanted
  for i = 1, #wanted do ok = ok and fits(printed[i], wanted[i]) end
  if not ok then
    error(("%s prints\n  %s\nbut says\n  %s"):format(where, table.concat(printed, "\n  "),
      table.concat(wanted, "\n  ")), 0)
  end
end

-- What a page finds without having made it: begun when it is first asked for.
local function globals_of(path, begun)
  local function sandbox()
    local made = assert(require("portone").sandbox.start { seed = path })
    begun[1] = made
    return made
  end
  return {
    sandbox = sandbox,
    client = function(env) return env.sandbox:client() end,
    portone = function(env)
      local portone, s = require "portone", env.sandbox
      portone.configure { base_url = s.v2_url, v1_base_url = s.v1_url, api_secret = s.api_secret,
        store_id = s.store_id, v1 = { imp_key = s.imp_key, imp_secret = s.imp_secret },
        webhook_secrets = { s.webhook_secret } }
      return portone
    end,
  }
end

-- A global environment for a page, and a list for the sandbox that it may begin.
local function environment(path, blocks)
  local printed, begun = {}, {}
  local makers, env = globals_of(path, begun), {}
  function env.print(...)
    local out = {}
    for i = 1, select("#", ...) do out[i] = tostring((select(i, ...))) end
    for line in (table.concat(out, "\t") .. "\n"):gmatch("(.-)\n") do
      printed[#printed + 1] = line
    end
  end
  function env.__ran(n)
    local wanted = expected(blocks[n])
    if wanted then compare(("%s:%d"):format(path, blocks[n].first), printed, wanted) end
    for i = #printed, 1, -1 do printed[i] = nil end
  end
  return setmetatable(env, { __index = function(_, name)
    if not makers[name] then return _G[name] end
    rawset(env, name, makers[name](env))
    return rawget(env, name)
  end }), begun
end

local function run_page(path)
  local text = read(path)
  local blocks, prose = markdown.blocks(text)
  local env, begun = environment(path, blocks)
  local source = program(blocks, #prose)
  local chunk
  if rawget(_G, "setfenv") then
    chunk = rawget(_G, "setfenv")(assert(load(source, "=" .. path)), env)
  else
    chunk = assert(load(source, "=" .. path, "t", env))
  end
  local ok, problem = xpcall(chunk, function(e)
    return type(e) == "string" and e or tostring(e)
  end)
  if begun[1] then begun[1]:stop() end
  if not ok then error(problem, 0) end
end

-- }=============================

-- Lines without their indentation, for looking up a piece of a file in it.
local function flat(text)
  return "\n" .. text:gsub("\n[ \t]+", "\n"):gsub("^[ \t]+", ""):gsub("%s*$", "") .. "\n"
end

for _, path in ipairs(pages) do
  describe(path, function()
    it("runs, and prints what it says", function() run_page(path) end)

    it("shows pieces of files as they are", function()
      for _, block in ipairs((markdown.blocks(read(path)))) do
        if block.file then
          local where = ("%s:%d"):format(path, block.first)
          local text = assert(markdown.read(block.file), where .. ": no file " .. block.file)
          local found = flat(text):find(flat(table.concat(block.lines, "\n")), 1, true)
          assert(found, where .. ": is not in " .. block.file .. " like this")
        end
      end
    end)

    it("is on the list of pages, docs/README.md", function()
      if path:find "README" then return end
      local name = path:match("[^/]+$")
      assert(read "docs/README.md":find("](" .. name, 1, true), "add a line for " .. name)
    end)
  end)
end

-- A block of nginx is a configuration that starts, and whose addresses answer: a piece of an http
-- block, of a server or of a location.
describe("the blocks of nginx", function()
  local nginx = require "spec.support.nginx"

  local function try(path, block)
    local text = table.concat(block.lines, "\n")
    if text:find "^%l+_by_lua" then text = "location = / {\n" .. text .. "\n}" end
    if text:find "^location" then
      text = "server {\nlisten 127.0.0.1:8080;\n" .. text .. "\n}"
    end
    text = text:gsub("127%.0%.0%.1:8080", "127.0.0.1:$PORT2")
    local server = nginx.start { http = text .. "\nserver { listen 127.0.0.1:$PORT1; }",
      main = "env PORTONE_API_SECRET=a-secret; env PORTONE_WEBHOOK_SECRET=whsec_c2VjcmV0;"
        .. " env PORTONE_V1_API_KEY=a-key; env PORTONE_V1_API_SECRET=another-secret;" }
    local ok, why = pcall(function()
      for address in text:gmatch("location = (%S+)") do
        local status, body = server:get(2, address)
        assert(status and status < 500, ("%s: %s: %s"):format(address, tostring(status), body))
      end
    end)
    local log = server:log()
    server:stop()
    assert(ok, why)
    assert.is_nil(log:find("%[error%]"), ("%s:%d: %s"):format(path, block.first, log))
  end

  it("start, and answer", function()
    local missing = nginx.missing() or (not rawget(_G, "jit") and "nginx runs LuaJIT: once will do")
    if missing then
      pending(missing)
      return
    end
    for _, path in ipairs(pages) do
      for _, block in ipairs((markdown.blocks(read(path)))) do
        if block.language == "nginx" and not block.file then try(path, block) end
      end
    end
  end)
end)

it("the documents name goals that make has", function()
  local known, unknown = {}, {}
  for _, line in ipairs(list "MAKEFLAGS= make -pRrq : 2>/dev/null") do
    known[line:match("^([%w_-]+):") or ""] = true
  end
  assert.is_true(known.demo and known.docs)
  for _, path in ipairs(documents) do
    for _, block in ipairs((markdown.blocks(read(path)))) do
      for _, line in ipairs(block.language == "sh" and block.lines or {}) do
        local goals = line:match("^make%s+(.-)%s*$") or line:match("^make%s+(.-)%s*#")
        for goal in ((goals or ""):gsub("%s*#.*", "").." "):gmatch("(%S+)%s") do
          if not goal:find("[=\"'%-]") and not known[goal] then
            unknown[#unknown + 1] = path .. ": make " .. goal
          end
        end
      end
    end
  end
  assert.same({}, unknown)
end)

it("the pages about moving name operations that exist", function()
  local api, unknown = require "portone.api", {}
  local function exists(name)
    local version, group = name:match("^(v%d)%.(.*)$")
    return api.named(name) or api.names(version, group)
  end
  for _, path in ipairs { "docs/moving-from-v1-to-v2.md", "docs/moving-from-other-sdks.md" } do
    for name in read(path):gmatch("`(v[12]%.[%l%d_.]+)`") do
      if not exists(name) then unknown[#unknown + 1] = path .. ": " .. name end
    end
  end
  assert.same({}, unknown)
end)

for _, path in ipairs(documents) do
  it(path .. " has no dead link", function()
    assert.same({}, markdown.dead_links(path))
  end)
end

-- {====== README.md and README.ko.md ======

-- Code without its comments, and the strings in it.
local function code_of(block)
  local strings, out = {}, {}
  for i, line in ipairs(block.lines) do
    line = line:gsub("%s*%-%-.*$", ""):gsub("%s*#%s.*$", "")
    out[i] = line:gsub('"([^"]*)"', function(s)
      strings[#strings + 1] = s
      return '""'
    end)
  end
  return table.concat(out, "\n"), strings
end

local function shape(path)
  local text = read(path)
  local out = { headings = {}, rows = {}, links = {}, blocks = markdown.blocks(text) }
  for i, heading in ipairs(markdown.headings(text)) do out.headings[i] = heading.level end
  for name in text:gmatch("\n| (`[^|]+`) |") do out.rows[#out.rows + 1] = name end
  for _, link in ipairs(markdown.links(text)) do
    local target = link.target:gsub("README%.ko%.md", "README.md"):gsub("#.*", "")
    out.links[target] = (out.links[target] or 0) + 1
  end
  return out
end

it("README.ko.md is README.md: the same headings, tables, code and links", function()
  local english, korean = shape "README.md", shape "README.ko.md"
  for _, what in ipairs { "headings", "rows", "links" } do
    assert.same(english[what], korean[what])
  end
  assert.equal(#english.blocks, #korean.blocks)
  for i, block in ipairs(english.blocks) do
    local code, strings = code_of(block)
    local korean_code, korean_strings = code_of(korean.blocks[i])
    assert.equal(code, korean_code)
    for n, text in ipairs(strings) do  -- a translated string is not ASCII
      local translated = korean_strings[n]:find "[\128-\255]"
      assert.equal(text, translated and text or korean_strings[n])
    end
  end
end)

-- }========================================
