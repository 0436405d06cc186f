-- SPDX-License-Identifier: MIT
-- HTTP/2 is spoken where the server offers it in the TLS handshake, and keeps every promise of
-- an exchange. The server is nginx; its access log counts what arrived.

local certificates = require "spec.support.certificates"
local core = require "portone.core"
local socket = require "socket"

local config = [[
daemon off;
master_process off;
pid DIR/nginx.pid;
error_log DIR/error.log;
events { worker_connections 64; }
http {
  access_log DIR/access.log;
  log_format seen "$request_method $uri $server_protocol";
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  ssl_certificate DIR/h2.pem;
  ssl_certificate_key DIR/h2.key;
  access_log DIR/access.log seen;
  keepalive_requests 20;
  server {
    listen 127.0.0.1:PORT_TWO ssl http2;
    location / { return 200 "$server_protocol $request_method $content_length"; }
    location /drop { return 444; }
  }
  server {
    listen 127.0.0.1:PORT_ONE ssl;
    location / { return 200 "$server_protocol $request_method $content_length"; }
  }
}
]]

local function free_port()
  local s = assert(socket.bind("127.0.0.1", 0))
  local _, port = s:getsockname()
  s:close()
  return port
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local function has_nginx()
  local status = os.execute("command -v nginx >/dev/null 2>&1")
  return status == true or status == 0
end

describe("over HTTP/2", function()
  local certs, pipe, pid, one, two, client

  setup(function()
    if not has_nginx() then return end
    certs = certificates.new()
    certs:issue("h2", { names = "IP:127.0.0.1" })
    one, two = free_port(), free_port()
    local file = assert(io.open(certs.dir .. "/nginx.conf", "w"))
    file:write((config:gsub("DIR", certs.dir):gsub("PORT_ONE", one):gsub("PORT_TWO", two)))
    file:close()
    pipe = io.popen(("echo $$; exec env -u LD_PRELOAD nginx -e %s/error.log -c %s/nginx.conf 2>&1")
      :format(certs.dir, certs.dir), "r")
    pid = pipe:read("*l")
    for _ = 1, 3000 do
      local s = socket.connect("127.0.0.1", two)
      if s then s:close() break end
      core.sleep(0.02)
    end
  end)

  teardown(function()
    if not pid then return end
    os.execute("kill " .. pid)
    pipe:close()
    certs:remove()
  end)

  before_each(function()
    if pid then client = core.client { ca_file = certs.ca, connect_timeout = 20 } end
  end)

  local function call(port, method, path, body)
    return client:perform(method, ("https://127.0.0.1:%d%s"):format(port, path),
      { "Content-Type: text/plain" }, body, 30)
  end

  -- Lines of the log that begin like this. The log is written after the answer.
  local function seen(words, expected)
    local n
    for _ = 1, 1000 do
      n = 0
      for line in read(certs.dir .. "/access.log"):gmatch("[^\n]+") do
        if line:sub(1, #words) == words then n = n + 1 end
      end
      if n >= expected then break end
      core.sleep(0.01)
    end
    return n
  end

  local function about(name, fn)
    it(name, function()
      if not pid then return pending("nginx is not installed") end
      fn()
    end)
  end

  about("a server that offers it is spoken to in it", function()
    local status, body, head = call(two, "POST", "/a", "12345")
    assert.equal(200, status)
    assert.equal("HTTP/2.0 POST 5", body)
    assert.matches("^HTTP/2 200", head)
    assert.matches("\r\n\r\n$", head)
  end)

  about("a server that does not is spoken to in HTTP/1.1", function()
    local status, body = call(one, "POST", "/a", "12345")
    assert.equal(200, status)
    assert.equal("HTTP/1.1 POST 5", body)
  end)

  about("bodies, methods and paths go through unchanged", function()
    for _, row in ipairs { { "GET" }, { "DELETE" }, { "POST" }, { "POST", ("x"):rep(30000) },
        { "PUT", "1" } } do
      local status, body = call(two, row[1], "/b%2Fc?d=e", row[2])
      assert.equal(200, status)
      local length = row[2] and #row[2] or (row[1] == "POST" and 0) or ""
      assert.equal(("HTTP/2.0 %s %s"):format(row[1], length), body)
    end
  end)

  about("the connection is kept, and replaced when the server ends it", function()
    for _ = 1, 50 do  -- nginx says goodbye after 20
      assert.equal(200, (call(two, "POST", "/many", "{}")))
    end
    assert.equal(50, seen("POST /many ", 50))
  end)

  about("a charge whose connection dies is not sent again", function()
    assert.equal(200, (call(two, "POST", "/warm", "{}")))
    local status, code, _, sent = call(two, "POST", "/drop", "{}")
    assert.is_nil(status)
    assert.equal("network", code)
    assert.equal("all", sent)
    assert.equal(200, (call(two, "POST", "/after", "{}")))
    assert.equal(1, seen("POST /drop ", 1))
  end)

  about("nor is a DELETE without a body", function()
    assert.equal(200, (call(two, "POST", "/warm", "{}")))
    local status, code, _, sent = call(two, "DELETE", "/drop")
    assert.is_nil(status)
    assert.equal("network", code)
    assert.equal("all", sent)
    assert.equal(1, seen("DELETE /drop ", 1))
  end)
end)
