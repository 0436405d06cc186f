-- SPDX-License-Identifier: MIT
-- examples/shop in an nginx of its own, against a sandbox in this process.
--
--   local shop = require("spec.support.shop").start()
--   shop.sandbox, shop.url
--   local visitor = shop:visitor()
--   local status, body, headers = visitor:get "/"
--   shop:stop()

local nginx = require "spec.support.nginx"
local sandbox = require "portone.sandbox"
local socket = require "socket"

local shop = {}
shop.__index = shop

---Why it cannot run here; nil when it can.
---@return string?
function shop.missing()
  if not rawget(_G, "jit") then return "nginx runs LuaJIT: once will do" end
  local missing = nginx.missing()
  if missing then return missing end
  if not pcall(require, "luasql.sqlite3") then return "LuaSQL is not installed" end
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

---@param o? table    options of sandbox.start
---@param env? table  the shop's environment, where it is another than that of a sandbox
function shop.start(o, env)
  local self = setmetatable({ sandbox = assert(sandbox.start(o or { seed = "shop" })) }, shop)
  local settings = dofile "examples/shop/settings.lua"
  local lines = {}
  for name, value in pairs(settings.of_sandbox(self.sandbox, "http://127.0.0.1:$PORT1",
    "$DIR/shop.db")) do
    lines[#lines + 1] = ('env "%s=%s";'):format(name, env and env[name] or value)
  end
  local http = read "examples/shop/http.conf":gsub("8080", "$PORT1")
  local ok, server = pcall(nginx.start, { workers = 2, path = "examples/shop/?.lua",
    main = table.concat(lines, "\n"), http = http })
  if not ok then
    self.sandbox:stop()
    error(server, 2)
  end
  self.nginx, self.url = server, server:url(1)
  self.sandbox:set("webhook_url", self.url .. "/portone/webhook")
  self.sandbox:set("v1_webhook_url", self.url .. "/portone/webhook")
  return self
end

---What was moved: kind "charge" or "cancel", as "outcome amount" in order.
---@return string[]
function shop:money(order)
  local list = {}
  for _, entry in ipairs(self.sandbox:journal()) do
    if (entry.kind == "charge" or entry.kind == "cancel") and entry.order == order then
      list[#list + 1] = ("%s %s %d"):format(entry.kind, entry.outcome, entry.amount)
    end
  end
  return list
end

function shop:stop()
  if self.nginx then self.nginx:stop() end
  self.sandbox:stop()
end

-- {====== Somebody with cookies and no browser ======

local visitor = {}
visitor.__index = visitor

function shop:visitor(lang)
  return setmetatable({ shop = self, cookies = {}, lang = lang or "en" }, visitor)
end

function visitor:lines(headers)
  local lines, cookies = { "Accept-Language: " .. self.lang }, {}
  for name, value in pairs(self.cookies) do cookies[#cookies + 1] = name .. "=" .. value end
  if #cookies > 0 then lines[2] = "Cookie: " .. table.concat(cookies, "; ") end
  for _, line in ipairs(headers or {}) do lines[#lines + 1] = line end
  return lines
end

function visitor:request(method, path, body, headers)
  local status, got, text = self.shop.nginx:request(1, method, path, self:lines(headers), body)
  local name, value = tostring(got["set-cookie"]):match("^([^=]+)=([^;]*)")
  if name then self.cookies[name] = value end
  return status, text, got
end

---Several posts at the same time, of one type; their statuses, sorted.
---@param posts { path: string, body: string }[]
---@return integer[]
function visitor:at_once(content_type, posts)
  local sockets, statuses = {}, {}
  local head = table.concat(self:lines { "Host: x", "Connection: close",
    "Content-Type: " .. content_type }, "\r\n")
  for i, post in ipairs(posts) do
    sockets[i] = assert(socket.connect("127.0.0.1", self.shop.nginx.ports[1]))
    sockets[i]:settimeout(60)
    assert(sockets[i]:send(("POST %s HTTP/1.1\r\n%s\r\nContent-Length: %d\r\n\r\n%s"):format(
      post.path, head, #post.body, post.body)))
  end
  for i, s in ipairs(sockets) do
    statuses[i] = tonumber(assert(s:receive("*l")):match(" (%d+)"))
    s:close()
  end
  table.sort(statuses)
  return statuses
end

function visitor:get(path)
  return self:request("GET", path)
end

local function encode(fields)
  local parts = {}
  for name, value in pairs(fields) do
    parts[#parts + 1] = name .. "=" .. tostring(value):gsub("[^%w]", function(c)
      return ("%%%02X"):format(c:byte())
    end)
  end
  return table.concat(parts, "&")
end

visitor.FORM = "application/x-www-form-urlencoded"
visitor.encode = encode

---A form as the page has it.
---@param fields table  name to value
function visitor:post(path, fields)
  return self:request("POST", path, encode(fields), { "Content-Type: " .. visitor.FORM })
end

---What the window's script says when it is closed.
function visitor:complete(path, body)
  return self:request("POST", path, body or "{}", { "Content-Type: application/json" })
end

---The token of the forms.
function visitor:csrf()
  local _, body = self:get "/"
  return (body:match('name="csrf" value="([^"]+)"'):gsub("&#39;", "'"))
end

---Places an order; its id.
function visitor:order(fields)
  fields.csrf = fields.csrf or self:csrf()
  local _, _, headers = self:post("/orders", fields)
  return headers.location and headers.location:match("/orders/(%w+)/pay$")
end

-- }======

return shop
