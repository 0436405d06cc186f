-- SPDX-License-Identifier: MIT
-- An nginx with its Lua module on free loopback ports, with a prefix of its own that goes when
-- it is stopped. It is spoken to by its process id.
--
--   local n = nginx.start { http = [[ server { listen 127.0.0.1:$PORT1; … } ]] }
--   n:get(1, "/path") -> status, body
--   n:request(1, "POST", "/path", { "Name: value" }, "body") -> status, headers, body
--   n:stop()
--
-- In the text $DIR is the prefix and $PORT1 to $PORT4 are ports.

local socket = require "socket"

local nginx = {}
nginx.__index = nginx

local clean = "unset LD_PRELOAD LUA_PATH LUA_CPATH; "

local function output(command)
  local pipe = assert(io.popen(clean .. "{ " .. command .. "; } 2>/dev/null", "r"))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("%s+$", ""))
end

local function read(path)
  local file = io.open(path)
  if not file then return "" end
  local text = file:read("*a")
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function free_ports(n)
  local sockets, ports = {}, {}
  for i = 1, n do
    sockets[i] = assert(socket.bind("127.0.0.1", 0))
    ports[i] = tonumber((select(2, sockets[i]:getsockname())))
  end
  for i = 1, n do sockets[i]:close() end
  return ports
end

local modules = { "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules" }

local function find_module(name)
  for _, directory in ipairs(modules) do
    local file = io.open(directory .. "/" .. name)
    if file then
      file:close()
      return directory .. "/" .. name
    end
  end
end

---What is missing here, or nil when all is there.
---@return string?
function nginx.missing()
  if output("command -v nginx") == "" then return "nginx is not installed" end
  if not find_module("ngx_http_lua_module.so") then return "nginx has no Lua module" end
  local build = output("pwd") .. "/build/luajit/portone/core.so"
  if read(build) == "" then return "there is no build for LuaJIT" end
end

local main = [[
daemon off;
$USER
worker_processes $WORKERS;
worker_rlimit_nofile 8192;
pid $DIR/nginx.pid;
error_log $DIR/error.log info;
$MODULES
$MAIN
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path $DIR/body;
  proxy_temp_path $DIR/proxy;
  fastcgi_temp_path $DIR/fastcgi;
  uwsgi_temp_path $DIR/uwsgi;
  scgi_temp_path $DIR/scgi;
  lua_package_path "$PATH$TOP/lua/?.lua;$TOP/lua/?/init.lua;;";
  lua_package_cpath "$TOP/build/luajit/?.so;;";
$HTTP
}
]]

local function modules_of_nginx()
  local ndk, lua = find_module("ndk_http_module.so"), find_module("ngx_http_lua_module.so")
  return (ndk and "load_module " .. ndk .. ";\n" or "") .. "load_module " .. lua .. ";"
end

local function expand(text, words)
  return (text:gsub("%$(%u+%d?)", function(name)
    return words[name] and tostring(words[name]) or nil
  end))
end

---@param o { http: string, main?: string, workers?: integer, nofile?: integer, path?: string }
--- path: of further Lua files, below the project, such as "examples/x/?.lua"
function nginx.start(o)
  local self = setmetatable({ ports = free_ports(4), dir = output("mktemp -d") }, nginx)
  self.words = { DIR = self.dir, TOP = output("pwd"), WORKERS = o.workers or 1,
    MODULES = modules_of_nginx(),
    PATH = o.path and output("pwd") .. "/" .. o.path .. ";" or "",
    USER = output("id -u") == "0" and "user root;" or "" }
  for i, port in ipairs(self.ports) do self.words["PORT" .. i] = port end
  self.words.MAIN = expand(o.main or "", self.words)
  self:configure(o.http)
  self.pipe = io.popen(("%s echo $$; exec nginx -e %s/error.log -c %s/nginx.conf 2>&1"):format(
    clean, self.dir, self.dir), "r")
  self.pid = tonumber(self.pipe:read("*l"))
  if not self:answers() then
    local log = self:log()
    self:stop()
    error("nginx does not start: " .. log)
  end
  return self
end

---Writes the configuration; it counts from the start or a reload on.
function nginx:configure(http)
  self.words.HTTP = nil
  local text = expand(main, self.words)
  write(self.dir .. "/nginx.conf", (text:gsub("%$HTTP", function()
    return expand(http, self.words)
  end)))
end

function nginx:answers()
  for _ = 1, 3000 do
    local s = socket.connect("127.0.0.1", self.ports[1])
    if s then
      s:close()
      return true
    end
    socket.sleep(0.02)
  end
end

function nginx:url(n, path)
  return ("http://127.0.0.1:%d%s"):format(self.ports[n or 1], path or "")
end

---The request is sent; 'receive' gives its answer. For several at a time.
---@return table pending
function nginx:send(n, path)
  local s = assert(socket.connect("127.0.0.1", self.ports[n]))
  s:settimeout(60)
  assert(s:send(("GET %s HTTP/1.0\r\nHost: x\r\n\r\n"):format(path)))
  return s
end

---@return integer? status
---@return string body, or what went wrong
function nginx.receive(s)
  local text, why, part = s:receive("*a")
  s:close()
  text = text or part
  local status, body = text:match("^HTTP/1%.%d (%d+).-\r\n\r\n(.*)$")
  return tonumber(status), body or why
end

function nginx:get(n, path)
  return nginx.receive(self:send(n, path))
end

local function unchunk(text)
  local out, at = {}, 1
  while true do
    local size, from = text:match("^(%x+)\r\n()", at)
    size = tonumber(size or 0, 16)
    if size == 0 then return table.concat(out) end
    out[#out + 1] = text:sub(from, from + size - 1)
    at = from + size + 2
  end
end

---One request on one connection, its bytes as given.
---@return integer? status, table|string headers, string? body
function nginx:exchange(n, bytes, timeout)
  local s = assert(socket.connect("127.0.0.1", self.ports[n]))
  s:settimeout(timeout or 60)
  assert(s:send(bytes))
  local all, why, part = s:receive("*a")
  s:close()
  all = all or part
  local status = tonumber(all:match("^HTTP/1.1 (%d%d%d)"))
  if not status then return nil, why or "no answer" end
  local head, body = all:match("^(.-)\r\n\r\n(.*)$")
  local headers = {}
  for name, value in head:gmatch("\r\n([^:]+): ([^\r]*)") do
    headers[name:lower()] = value
  end
  if headers["transfer-encoding"] == "chunked" then body = unchunk(body) end
  return status, headers, body
end

---@param headers? string[]  lines; Host, Connection and Content-Length are added
---@return integer? status, table|string headers, string? body
function nginx:request(n, method, path, headers, body, timeout)
  local lines = { method .. " " .. path .. " HTTP/1.1", "Host: shop.example",
    "Connection: close", "Content-Length: " .. #(body or "") }
  for _, line in ipairs(headers or {}) do
    lines[#lines + 1] = line
  end
  return self:exchange(n, table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or ""), timeout)
end

---The error log.
function nginx:log()
  return read(self.dir .. "/error.log")
end

---How often the log has it.
function nginx:logged(plain)
  local n, at, log = 0, 1, self:log()
  while true do
    local from, to = log:find(plain, at, true)
    if not from then return n end
    n, at = n + 1, to + 1
  end
end

function nginx:signal(name, pid)
  output(("kill -s %s %d"):format(name, pid or self.pid))
end

---Process ids of the workers.
function nginx:workers()
  local pids = {}
  for pid in output("pgrep -P " .. self.pid):gmatch("%d+") do
    pids[#pids + 1] = tonumber(pid)
  end
  table.sort(pids)
  return pids
end

---Until the process is gone: seconds it took, or nil.
function nginx.gone(pid, seconds)
  local from = socket.gettime()
  while output(("kill -0 %d && echo yes"):format(pid)) == "yes" do
    if socket.gettime() - from > seconds then return nil end
    socket.sleep(0.01)
  end
  return socket.gettime() - from
end

---Ends it if it runs, and removes its prefix.
function nginx:stop()
  if self.pid then
    self:signal("TERM")
    self.pipe:close()  -- waits for it
    self.pid = nil
  end
  output("rm -rf " .. self.dir)
end

return nginx
