-- SPDX-License-Identifier: MIT
-- A browser for the specs: Chromium driven by its chromedriver over the W3C WebDriver protocol
-- (https://www.w3.org/TR/webdriver2/), over plain HTTP on loopback.
--
--   local driver = webdriver.start()
--   local page = driver:open { width = 360, height = 740, mobile = true }
--   page:go(url)
--   page:click "button"             -- waits until there is one that can be clicked
--   page:text "h1"
--   page:close()
--   driver:stop()
--
-- All that waits does so up to webdriver.patience seconds. Every process and folder of a driver
-- goes when it is stopped, whatever state its browsers are in.

local http = require "socket.http"
local json = require "portone.json"
local ltn12 = require "ltn12"
local socket = require "socket"

local webdriver = { patience = 60 }

-- The protocol's name of the field that holds an element.
local ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

local flags = {
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-dev-shm-usage", "--disable-extensions", "--mute-audio", "--no-proxy-server",
  "--disable-features=Translate,OptimizationHints,MediaRouter",
  -- nothing but this machine is there for it
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
}

local MOBILE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 "
  .. "(KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36"

-- Without what a sanitizer build puts into every child.
local function output(command)
  local pipe = assert(io.popen("unset LD_PRELOAD; { " .. command .. "; } 2>/dev/null", "r"))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("%s+$", ""))
end

---What is missing here, or nil when all is there.
---@return string?
function webdriver.missing()
  if output("command -v chromium") == "" then return "chromium is not installed" end
  if output("command -v chromedriver") == "" then return "chromedriver is not installed" end
end

-- {====== One browser ======

---@class spec.Browser
local browser = {}
browser.__index = browser

-- One command. A refusal comes back as nil, its text and its code ("no such element").
local function command(url, method, path, body)
  local parts, text = {}, body and assert(json.encode(body))
  local _, status = http.request {
    url = url .. path, method = method, sink = ltn12.sink.table(parts),
    source = text and ltn12.source.string(text),
    headers = text and { ["Content-Type"] = "application/json", ["Content-Length"] = #text },
    create = function()
      local s = socket.tcp()
      s:settimeout(60)
      return s
    end,
  }
  local answer = json.decode(table.concat(parts)) or {}
  local value = answer.value
  if status ~= 200 then
    value = type(value) == "table" and value or {}
    return nil, value.message or tostring(status), value.error
  end
  return value == nil and true or value
end

function browser:command(method, path, body)
  return command(self.url, method, path, body)
end

-- The same where a refusal is the spec's failure.
function browser:must(method, path, body)
  local value, problem = self:command(method, path, body)
  if value == nil then error(path .. ": " .. problem, 3) end
  return value
end

-- Until fn returns something; nil when it never does.
local function wait(fn, seconds)
  local till = socket.gettime() + (seconds or webdriver.patience)
  while true do
    local value = fn()
    if value or socket.gettime() > till then return value or nil end
    socket.sleep(0.03)
  end
end

---Until fn() is true; an error that names `what`, and shows the page, when it does not come.
---@param what string
---@param fn fun(): any
function browser:wait(what, fn)
  local value = wait(fn)
  if value then return value end
  local seen = self:command("GET", "/url")
  local body = self:command("POST", "/execute/sync", { args = json.array {},
    script = "return document.body ? document.body.innerText : ''" })
  error(("%s: not within %d s, at %s, which says: %s"):format(what, webdriver.patience,
    tostring(seen), tostring(body):sub(1, 600)), 2)
end

function browser:go(url)
  self:must("POST", "/url", { url = url })
end

function browser:back()
  self:must("POST", "/back", {})
end

function browser:at()
  return self:must("GET", "/url")
end

-- Right now: the element's id, or nil.
local function find(self, css)
  local found = self:command("POST", "/element", { using = "css selector", value = css })
  return type(found) == "table" and found[ELEMENT] or nil
end

---Is it there now?
---@param css string
---@return boolean
function browser:has(css)
  return find(self, css) ~= nil
end

---@param css string
---@return string element
function browser:find(css)
  return self:wait("no " .. css, function() return find(self, css) end)
end

---The element as an argument of `run`.
function browser:element(css)
  return { [ELEMENT] = self:find(css) }
end

function browser:attribute(css, name)
  return self:must("GET", "/element/" .. self:find(css) .. "/attribute/" .. name)
end

---Clicks as a person would: what is hidden or covered cannot be clicked.
function browser:click(css)
  local problem
  local till = socket.gettime() + webdriver.patience
  while true do
    local element = find(self, css)
    if element then
      local ok
      ok, problem = self:command("POST", "/element/" .. element .. "/click", {})
      if ok then return end
    end
    if socket.gettime() > till then
      self:wait("no click on " .. css .. " (" .. tostring(problem) .. ")", function() end)
    end
    socket.sleep(0.03)
  end
end

---Types into a field, or sends keys to what has them.
function browser:type(css, text)
  self:must("POST", "/element/" .. self:find(css) .. "/value", { text = text })
end

webdriver.TAB, webdriver.ENTER = "\238\128\132", "\238\128\135"

---A key goes down and up, wherever the focus is.
---@param key string
function browser:key(key)
  self:must("POST", "/actions", { actions = { { type = "key", id = "keyboard", actions = {
    { type = "keyDown", value = key }, { type = "keyUp", value = key } } } } })
end

---Goes by the Tab key to the element.
function browser:tab_to(css)
  self:find(css)
  for _ = 1, 60 do
    if self:run("return document.activeElement.matches(arguments[0])", css) then return end
    self:key(webdriver.TAB)
  end
  error("the Tab key does not reach " .. css, 2)
end

---The text that a person sees in it, once there is such an element.
function browser:text(css)
  return self:wait("no text of " .. css, function()
    local element = find(self, css)
    return element and self:command("GET", "/element/" .. element .. "/text")
  end)
end

---Waits until the page says it.
---@param plain string
function browser:says(plain)
  return self:wait("it does not say '" .. plain .. "'", function()
    local body = find(self, "body")
    local text = body and self:command("GET", "/element/" .. body .. "/text")
    return type(text) == "string" and text:find(plain, 1, true) and text
  end)
end

---Runs JavaScript: the body of a function, which sees `arguments`.
function browser:run(script, ...)
  return self:must("POST", "/execute/sync", { script = script, args = json.array { ... } })
end

---Handles of the open windows.
---@return string[]
function browser:windows()
  return self:must("GET", "/window/handles")
end

function browser:window()
  return self:must("GET", "/window")
end

function browser:switch(handle)
  self:must("POST", "/window", { handle = handle })
end

---Goes to the window that is not the given one, once it is there.
function browser:popup(opener)
  local handle = self:wait("no second window", function()
    for _, one in ipairs(self:windows()) do
      if one ~= opener then return one end
    end
  end)
  self:switch(handle)
  return handle
end

---Closes the window that it is in, and goes to another.
function browser:close_window(back_to)
  self:must("DELETE", "/window")
  self:switch(back_to)
end

---Goes into a frame; without css back to the page.
function browser:frame(css)
  if not css then
    return self:must("POST", "/frame", { id = json.null })
  end
  self:wait("no frame " .. css, function()
    local element = find(self, css)
    return element and self:command("POST", "/frame", { id = { [ELEMENT] = element } })
  end)
end

function browser:forget_cookies()
  self:must("DELETE", "/cookie")
end

---A PNG of what is seen.
---@param path string
function browser:screenshot(path)
  local file = assert(io.open(path, "wb"))
  file:write(require("portone.core").unbase64(self:must("GET", "/screenshot")))
  file:close()
end

function browser:close()
  if self.url then
    self:command("DELETE", "")
    self.url = nil
  end
end

-- }======

-- {====== The driver ======

---@class spec.Driver
local driver = {}
driver.__index = driver

-- Process ids below one, and it.
local function tree(pid, list)
  for child in output("pgrep -P " .. pid):gmatch("%d+") do tree(child, list) end
  list[#list + 1] = tostring(pid)
  return list
end

---Those of the processes that live: what only its parent has not buried yet does not.
---@param pids string[]
---@return string  process ids
function webdriver.living(pids)
  return output(("ps -o pid=,stat= -p %s | grep -v Z | cut -c1-8"):format(table.concat(pids, ",")))
end

---@return spec.Driver
function webdriver.start()
  local holder = assert(socket.bind("127.0.0.1", 0))
  local port = select(2, holder:getsockname())
  holder:close()
  local self = setmetatable({ dir = output("mktemp -d"), browsers = {},
    url = "http://127.0.0.1:" .. port }, driver)
  -- HOME, TMPDIR: what Chromium keeps beside a profile goes into the folder too
  self.pipe = io.popen(("unset LD_PRELOAD; echo $$; HOME=%s TMPDIR=%s exec chromedriver "
    .. "--port=%d --log-level=SEVERE >%s/log 2>&1"):format(self.dir, self.dir, port, self.dir), "r")
  self.pid = tonumber(self.pipe:read("*l"))
  if not wait(function() return command(self.url, "GET", "/status") end) then
    self:stop()
    error("chromedriver does not start")
  end
  return self
end

---A browser with a profile of its own.
---@param o? { width?: integer, height?: integer, mobile?: boolean, lang?: string }
---@return spec.Browser
function driver:open(o)
  o = o or {}
  local width, height = o.width or 1000, o.height or 760
  local profile = ("%s/profile%d"):format(self.dir, #self.browsers + 1)
  local args = json.array { "--user-data-dir=" .. profile, "--lang=" .. (o.lang or "ko"),
    ("--window-size=%d,%d"):format(width, height) }
  for _, flag in ipairs(flags) do args[#args + 1] = flag end
  local chrome = { args = args, prefs = { intl = { accept_languages = o.lang or "ko" } } }
  if o.mobile then
    chrome.mobileEmulation = { userAgent = MOBILE,
      deviceMetrics = { width = width, height = height, pixelRatio = 1, touch = true } }
  end
  local got, problem = command(self.url, "POST", "/session", { capabilities = { alwaysMatch = {
    browserName = "chrome", ["goog:chromeOptions"] = chrome,
    timeouts = { script = 60000, pageLoad = 60000, implicit = 0 },
    unhandledPromptBehavior = "accept" } } })
  if not got then error("no browser: " .. problem, 2) end
  local page = setmetatable({ url = self.url .. "/session/" .. got.sessionId }, browser)
  self.browsers[#self.browsers + 1] = page
  return page
end

---Process ids of the driver and of what it started.
---@return string[]
function driver:processes()
  return tree(self.pid, {})
end

---Ends the browsers and the driver. Harmless when done twice.
function driver:stop()
  if not self.pid then return end
  local pids = self:processes()
  for _, page in ipairs(self.browsers) do pcall(page.close, page) end
  output("kill " .. self.pid)
  self.pipe:close()  -- waits for it
  self.pid = nil
  -- A browser takes a moment to go; one that did not hear of the end is made to.
  if not wait(function() return webdriver.living(pids) == "" end, 5) then
    output("kill -9 " .. webdriver.living(pids))
  end
  output("rm -rf " .. self.dir)
end

-- }======

return webdriver
