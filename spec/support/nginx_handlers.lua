-- SPDX-License-Identifier: MIT
-- What the specs of the handlers start: a real nginx with its Lua module, on a free loopback port,
-- in a folder of its own.
--
--   local server = nginx.start { http = "lua_shared_dict seen 1m;", server = "location …" }
--   local status, headers, body = server.request("POST", "/hook", { "Host: x" }, "body")
--   server.stop()

local socket = require "socket"

local M = {}

local function run(words)
  local pipe = assert(io.popen("unset LD_PRELOAD LUA_PATH LUA_CPATH; " .. words
    .. " 2>&1; echo status $?"))
  local out = pipe:read("*a")
  pipe:close()
  return out:find("status 0%s*$") ~= nil, (out:gsub("status %d+%s*$", ""))
end

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

local function free_port()
  local s = assert(socket.bind("127.0.0.1", 0))
  local _, port = s:getsockname()
  s:close()
  return port
end

-- The folder of nginx's modules, when it has those that are needed.
local function modules()
  local ok, out = run("nginx -V")
  local path = ok and (out:match("%-%-modules%-path=(%S+)") or "/usr/lib/nginx/modules")
  return path and read(path .. "/ngx_http_lua_module.so") and path
end

-- Where LuaJIT finds the project: this process may be another Lua.
local function paths()
  local lua = os.getenv("LUA_PATH") or package.path
  local c = (os.getenv("LUA_CPATH") or package.cpath):gsub("/build/[^/;]+/", "/build/luajit/")
  local core = c:match("[^;]*/build/luajit/%?%.so")
  if not core or not read((core:gsub("%?", "portone/core"))) then
    return nil
  end
  return lua, c
end

local template = [[
load_module %s/ndk_http_module.so;
load_module %s/ngx_http_lua_module.so;
user %s;
worker_processes %d;
pid %s/nginx.pid;
error_log %s/error.log notice;
%s
events { worker_connections 1024; }
http {
  access_log off;
  lua_package_path '%s';
  lua_package_cpath '%s';
  client_body_temp_path %s/body;
  proxy_temp_path %s/proxy;
  fastcgi_temp_path %s/fastcgi;
  uwsgi_temp_path %s/uwsgi;
  scgi_temp_path %s/scgi;
  %s
  server {
    listen 127.0.0.1:%d%s;
    %s
  }
}
]]

local function unchunk(text)
  local out, at = {}, 1
  while true do
    local size, from = text:match("^(%x+)\r\n()", at)
    size = tonumber(size or 0, 16)
    if size == 0 then
      return table.concat(out)
    end
    out[#out + 1] = text:sub(from, from + size - 1)
    at = from + size + 2
  end
end

-- One request on one connection, its bytes as given.
local function exchange(port, bytes, timeout)
  local s = assert(socket.connect("127.0.0.1", port))
  s:settimeout(timeout or 20)
  assert(s:send(bytes))
  local all, err, part = s:receive("*a")
  s:close()
  all = all or part
  local status = tonumber(all:match("^HTTP/1.1 (%d%d%d)"))
  if not status then
    return nil, err or "no answer"
  end
  local head, body = all:match("^(.-)\r\n\r\n(.*)$")
  local headers = {}
  for name, value in head:gmatch("\r\n([^:]+): ([^\r]*)") do
    headers[name:lower()] = value
  end
  if headers["transfer-encoding"] == "chunked" then
    body = unchunk(body)
  end
  return status, headers, body
end

---@param o { http?: string, server?: string, main?: string, workers?: integer, listen?: string }
---@return table? server  nil when there is no nginx, or no build for LuaJIT, here
function M.start(o)
  local at, lua, c = modules(), paths()
  if not at or not lua then
    return nil
  end
  local dir = os.tmpname()
  os.remove(dir)
  assert(run("mkdir -m 755 " .. dir))
  local port = free_port()
  local _, user = run("id -un")
  local file = assert(io.open(dir .. "/nginx.conf", "w"))
  file:write(template:format(at, at, (user:gsub("%s", "")), o.workers or 1, dir, dir, o.main or "",
    lua, c, dir, dir, dir, dir, dir, o.http or "", port, o.listen or "", o.server or ""))
  file:close()
  local ok, out = run(("nginx -p %s -c %s/nginx.conf"):format(dir, dir))
  if not ok then
    run("rm -rf " .. dir)
    error("nginx does not start: " .. out)
  end
  local server = { port = port, url = "http://127.0.0.1:" .. port, dir = dir }

  ---What nginx wrote into its error log.
  function server.log()
    return read(dir .. "/error.log") or ""
  end

  ---@param headers string[]  lines; Host, Connection and Content-Length are added
  function server.request(method, path, headers, body, timeout)
    local lines = { method .. " " .. path .. " HTTP/1.1", "Host: shop.example",
      "Connection: close", "Content-Length: " .. #(body or "") }
    for _, line in ipairs(headers or {}) do
      lines[#lines + 1] = line
    end
    return exchange(port, table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or ""), timeout)
  end

  function server.exchange(bytes, timeout)
    return exchange(port, bytes, timeout)
  end

  ---Ends it by the id of its master, and waits until it is gone.
  function server.stop()
    local pid = (read(dir .. "/nginx.pid") or ""):match("%d+")
    if pid then
      run("kill -QUIT " .. pid)
      for i = 1, 100 do
        if not run("kill -0 " .. pid) then
          break
        elseif i == 60 then
          run("kill -TERM " .. pid)
        end
        socket.sleep(0.05)
      end
    end
    run("rm -rf " .. dir)
  end

  return server
end

return M
