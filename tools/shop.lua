-- SPDX-License-Identifier: MIT
-- The sandbox of `make shop`, and an nginx.conf for the shop that is to run against it: what
-- tools/shop.sh starts.
--
--   luajit tools/shop.lua DIR PORT    DIR gets nginx.conf and, when all is ready, addresses

local core = require "portone.core"
local sandbox = require "portone.sandbox"
local settings = dofile "examples/shop/settings.lua"

local dir, port = arg[1], arg[2]
local url = "http://127.0.0.1:" .. port

local MAIN = [[
daemon off;
worker_processes 2;
pid nginx.pid;
error_log stderr warn;
%s
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  lua_package_path "%s/examples/shop/?.lua;%s;";
  lua_package_cpath "%s;";
%s}
]]

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*l")
  pipe:close()
  return text
end

local function write(name, text)
  local file = assert(io.open(dir .. "/" .. name, "w"))
  file:write(text)
  file:close()
end

-- nginx knows neither its modules nor an environment unless it is told.
local function head(environment)
  local lines = {}
  for _, name in ipairs { "ndk_http_module.so", "ngx_http_lua_module.so" } do
    for _, folder in ipairs { "/usr/lib/nginx/modules/", "/usr/lib64/nginx/modules/" } do
      local file = io.open(folder .. name)
      if file then
        file:close()
        lines[#lines + 1] = ("load_module %s;"):format(folder .. name)
        break
      end
    end
  end
  if output "id -u" == "0" then table.insert(lines, "user root;") end
  for name, value in pairs(environment) do
    lines[#lines + 1] = ('env "%s=%s";'):format(name, value)
  end
  return table.concat(lines, "\n")
end

local portone = assert(sandbox.start { clock = "real", webhook_url = url .. "/portone/webhook",
  v1_webhook_url = url .. "/portone/webhook" })
local file = assert(io.open("examples/shop/http.conf"))
local http = file:read("*a"):gsub("8080", port)
file:close()
write("nginx.conf", MAIN:format(head(settings.of_sandbox(portone, url, dir .. "/shop.db")),
  output "pwd", package.path, package.cpath, http))
write("addresses", ([[
the shop     %s/
the sandbox  %s/
Ctrl-C ends both.
]]):format(url, portone.v2_url))

while true do core.sleep(3600) end
