-- SPDX-License-Identifier: MIT
-- Many calls in flight over TLS: on one connection where the server speaks HTTP/2, on several
-- where it does not. The server is nginx, and says on which of its connections a request came.

local certificates = require "spec.support.certificates"
local core = require "portone.core"
local nginx = require "spec.support.nginx"

local config = [[
log_format seen "$request_method $uri $server_protocol";
server {
  listen 127.0.0.1:$PORT1;
  listen 127.0.0.1:$PORT2 ssl http2;
  listen 127.0.0.1:$PORT3 ssl;
  ssl_certificate CERTS/h2.pem;
  ssl_certificate_key CERTS/h2.key;
  access_log $DIR/seen.log seen;
  keepalive_requests 100000;
  location / { content_by_lua_block {
    ngx.req.read_body()
    ngx.print(ngx.var.server_protocol, " ", ngx.var.connection)
  } }
  location /slow { content_by_lua_block {
    ngx.req.read_body()
    ngx.sleep(tonumber(ngx.var.arg_s) or 0.5)
    ngx.print(ngx.var.server_protocol, " ", ngx.var.connection)
  } }
  location /drop { return 444; }
}
server {
  listen 127.0.0.1:$PORT4 ssl http2;
  ssl_certificate CERTS/h2.pem;
  ssl_certificate_key CERTS/h2.key;
  ssl_certificate_by_lua_block {  -- one greeting after the other: the worker stands still
    require "portone.core".sleep(0.6)
  }
  location / { content_by_lua_block {
    ngx.req.read_body()
    ngx.print(ngx.var.server_protocol, " ", ngx.var.connection)
  } }
}
]]

describe("many calls over TLS", function()
  local missing = nginx.missing()
  local certs, server, client, inbox

  setup(function()
    if missing then return end
    certs = certificates.new()
    certs:issue("h2", { names = "IP:127.0.0.1" })
    server = nginx.start { http = (config:gsub("CERTS", certs.dir)) }
  end)

  teardown(function()
    if missing then return end
    server:stop()
    certs:remove()
  end)

  before_each(function()
    if missing then return end
    client, inbox = core.client { ca_file = certs.ca, connect_timeout = 60 }, core.inbox()
  end)

  after_each(function()
    if missing then return end
    inbox:close()
    client:close()
  end)

  local function about(name, fn)
    it(name, function()
      if missing then return pending(missing) end
      fn()
    end)
  end

  local function submit(port, path, timeout)
    return assert(inbox:submit(client, "POST", ("https://127.0.0.1:%d%s"):format(
      server.ports[port], path), {}, "{}", timeout or 60))
  end

  local function take()
    assert(inbox:wait(90), "nothing comes")
    return inbox:take()
  end

  -- n calls at once: the protocol, and how many connections they came on.
  local function burst(port, n, path)
    for i = 1, n do submit(port, path or "/" .. i) end
    local seen, connections, protocol = {}, 0, nil
    for _ = 1, n do
      local _, status, body, message = take()
      assert.equal(200, status, tostring(message))
      local connection
      protocol, connection = body:match("^(%S+) (%d+)$")
      if not seen[connection] then
        seen[connection] = true
        connections = connections + 1
      end
    end
    return protocol, connections
  end

  about("are on one connection in HTTP/2, from the first burst on", function()
    for _ = 1, 3 do
      assert.same({ "HTTP/2.0", 1 }, { burst(2, 100) })
    end
  end)

  about("are on several in HTTP/1.1, which are kept", function()
    local protocol, connections = burst(3, 20, "/slow?s=0.1")
    assert.equal("HTTP/1.1", protocol)
    assert.is_true(connections > 10 and connections <= 20, connections .. " connections")
    local _, again = burst(3, 20, "/slow?s=0.1")
    assert.is_true(again <= connections + 1)
  end)

  about("do not notice that another one is cancelled or late", function()
    local cancelled, late = submit(2, "/slow"), submit(2, "/slow", 0.2)
    local fine = submit(2, "/slow")
    core.sleep(0.1)
    inbox:cancel(cancelled)
    local results = {}
    for _ = 1, 3 do
      local id, a, b = take()
      results[id] = a or b
    end
    assert.same({ "cancelled", "timeout", 200 },
      { results[cancelled], results[late], results[fine] })
  end)

  about("are each on the wire once, though the connection dies", function()
    assert.equal("HTTP/2.0", (burst(2, 1)))
    submit(2, "/drop")
    local _, status, code, _, sent = take()
    assert.same({ nil, "network", "all" }, { status, code, sent })
    burst(2, 1)
    local file = assert(io.open(server.dir .. "/seen.log"))
    local _, n = file:read("*a"):gsub("POST /drop ", "")
    file:close()
    assert.equal(1, n)
  end)

  about("a thousand of them", function()
    local protocol, connections = burst(2, 1000)
    assert.equal("HTTP/2.0", protocol)
    assert.is_true(connections < 50, connections .. " connections")
  end)

  about("do not storm a server that is slow to greet with connections", function()
    local protocol, connections = burst(4, 300)
    assert.equal("HTTP/2.0", protocol)
    assert.is_true(connections < 50, connections .. " connections")
  end)

  about("of a server whose certificate is not trusted, none is sent", function()
    local stranger = core.client { connect_timeout = 5 }
    for _ = 1, 5 do
      assert(inbox:submit(stranger, "POST", ("https://127.0.0.1:%d/untrusted"):format(
        server.ports[2]), {}, "{}", 5))
    end
    for _ = 1, 5 do
      local _, status, code, _, sent = take()
      assert.same({ nil, "tls", "nothing" }, { status, code, sent })
    end
    stranger:close()
  end)
end)
