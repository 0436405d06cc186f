-- SPDX-License-Identifier: MIT
-- Who the server is has to be proved before it is told anything. A real TLS server, and
-- certificates of every wrong kind; the server keeps what it was sent.

local certificates = require "spec.support.certificates"
local core = require "portone.core"
local peer = require "spec.support.peer"

local SECRET = "Authorization: PortOne very-secret"

describe("over TLS", function()
  local certs, servers

  setup(function()
    certs = certificates.new()
    servers = {}
  end)

  teardown(function()
    for _, server in pairs(servers) do server:stop() end
    certs:remove()
  end)

  -- A server of this kind, started once.
  local function serve(name, options, tls)
    if not servers[name] then
      local files = certs:issue(name, options)
      servers[name] = peer.start { key = files.key, certificate = files.certificate, tls = tls }
    end
    servers[name]:script {}
    return servers[name]
  end

  local function good(tls)
    return serve("good" .. (tls and tls[1] or ""), { names = "DNS:localhost,IP:127.0.0.1" }, tls)
  end

  local function post(server, options, host)
    options.connect_timeout = 20
    local client = core.client(options)
    local url = server.url:gsub("127%.0%.0%.1", host or "127.0.0.1")
    local status, a, b, c = client:perform("POST", url .. "/pay", { SECRET }, '{"amount":1}', 30)
    client:close()
    return status, a, b, c
  end

  -- Refused, and nothing of the request had come out of the server's TLS layer.
  local function refused(server, options, host)
    local status, code, message, sent = post(server, options, host)
    assert.is_nil(status)
    assert.equal("tls", code)
    assert.equal("nothing", sent)
    assert.is_nil(message:find("[%c]"))
    assert.is_nil(message:find("secret", 1, true))
    for _, record in ipairs(server:log()) do
      assert.equal("", record.bytes or "")
    end
    return message
  end

  it("a server whose certificate the authority in ca_file signed is trusted", function()
    for _, host in ipairs { "127.0.0.1", "localhost" } do
      local server = good()
      local status, body = post(server, { ca_file = certs.ca }, host)
      assert.equal(200, status)
      assert.equal("{}", body)
      assert.is_truthy(server:requests()[1]:find("\r\n" .. SECRET .. "\r\n", 1, true))
    end
  end)

  it("several calls share one connection, and one handshake", function()
    local server = good()
    local client = core.client { ca_file = certs.ca }
    for i = 1, 5 do
      assert.equal(200, (client:perform("POST", server.url .. "/" .. i, {}, "{}", 30)))
    end
    client:close()
    local log = server:log()
    assert.equal(1, #log)
    assert.equal(5, #log[1].requests)
  end)

  it("an unknown authority is refused", function()
    assert.matches("certificate", refused(good(), {}))
    assert.matches("certificate", refused(good(), { ca_file = certs.other_ca }))
    assert.matches("certificate", refused(serve("strange",
      { names = "IP:127.0.0.1", by = "other" }), { ca_file = certs.ca }))
  end)

  it("a certificate of another host is refused", function()
    local server = serve("wronghost", { names = "DNS:api.portone.example,IP:127.0.0.2" })
    refused(server, { ca_file = certs.ca })
    refused(server, { ca_file = certs.ca }, "localhost")
  end)

  it("a certificate that only begins or ends like the host is refused", function()
    refused(serve("wild", { names = "DNS:*,DNS:*.0.0.1,DNS:localhost.example,DNS:alocalhost" }),
      { ca_file = certs.ca }, "localhost")
  end)

  it("an expired certificate is refused", function()
    local message = refused(serve("expired", { names = "DNS:localhost,IP:127.0.0.1",
      from = "20200101000000Z", to = "20210101000000Z" }), { ca_file = certs.ca })
    assert.matches("expired", message)
  end)

  it("a certificate of the future is refused", function()
    local message = refused(serve("future", { names = "DNS:localhost,IP:127.0.0.1",
      from = "20900101000000Z" }), { ca_file = certs.ca })
    assert.matches("not yet valid", message)
  end)

  it("a self-signed certificate is refused", function()
    local message = refused(serve("selfsigned", { names = "DNS:localhost,IP:127.0.0.1",
      self_signed = true }), { ca_file = certs.ca })
    assert.matches("self.signed", message)
  end)

  it("a certificate that another server's certificate signed is refused", function()
    -- a leaf is no authority, though it stands in ca_file's chain
    local server = good()
    local leaf = certs:issue("leaf", { names = "DNS:leaf.example" })
    refused(server, { ca_file = leaf.certificate })
  end)

  for _, version in ipairs { "tlsv1", "tlsv1_1" } do
    it("a server that speaks no more than " .. version .. " is refused", function()
      refused(good { "protocol=" .. version, "ciphers=ALL:@SECLEVEL=0" }, { ca_file = certs.ca })
    end)
  end

  for _, version in ipairs { "tlsv1_2", "tlsv1_3" } do
    it("a server that speaks " .. version .. " is fine", function()
      assert.equal(200, (post(good { "protocol=" .. version }, { ca_file = certs.ca })))
    end)
  end

  it("a server that speaks no TLS at all is refused", function()
    local server = peer.start()
    server:script { rest = { { "send", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" },
      { "hold" } } }
    local plain = core.client { ca_file = certs.ca, connect_timeout = 20 }
    local url = server.url:gsub("^http:", "https:")
    local _, code, _, sent = plain:perform("POST", url .. "/pay", { SECRET }, "{}", 30)
    assert.equal("tls", code)
    assert.equal("nothing", sent)
    for _, record in ipairs(server:log()) do
      assert.is_nil((record.bytes or ""):find("secret", 1, true))
    end
    server:stop()
  end)

  it("a server that ends the handshake has been told nothing", function()
    local server = peer.start()
    for _, ending in ipairs { { { "close" } }, { { "reset" } }, { { "take", 1 }, { "close" } } } do
      server:script { rest = ending }
      local client = core.client { ca_file = certs.ca, connect_timeout = 20 }
      local url = server.url:gsub("^http:", "https:")
      local _, code, _, sent = client:perform("POST", url .. "/pay", { SECRET }, "{}", 30)
      assert.is_true(code == "tls" or code == "network")
      assert.equal("nothing", sent)
    end
    server:stop()
  end)

  it("a handshake that never ends is over at connect_timeout", function()
    local server = peer.start()
    server:script { rest = { { "hold" } } }
    local client = core.client { ca_file = certs.ca, connect_timeout = 0.2 }
    local url = server.url:gsub("^http:", "https:")
    local from = core.monotonic()
    local _, code, _, sent = client:perform("POST", url .. "/pay", { SECRET }, "{}", 60)
    assert.is_true(core.monotonic() - from < 30)
    assert.equal("timeout", code)
    assert.equal("nothing", sent)
    server:stop()
  end)

  it("a ca_file that is not there, empty or no certificate is an error that names it", function()
    local server = good()
    for _, name in ipairs { "/no/such/file.pem", certs.dir .. "/ca.index", certs.dir .. "/ca.cnf",
        certs.dir } do
      local message = refused(server, { ca_file = name })
      assert.is_truthy(message:find(name, 1, true), message)
    end
  end)

  it("a body that the server refuses to read harms nobody but the call", function()
    local server = good()
    server:script { { { "take", 1000 }, { "reset" } } }
    local client = core.client { ca_file = certs.ca }
    local _, code, _, sent = client:perform("POST", server.url .. "/", {}, ("x"):rep(4e6), 30)
    assert.equal("network", code)
    assert.equal("all", sent)  -- over TLS nothing less is claimed
    assert.equal(200, (client:perform("POST", server.url .. "/", {}, "{}", 30)))
    client:close()
  end)

  it("a kept connection that dies does not repeat a charge either", function()
    local server = good()
    server:script { { { "read" }, { "send", peer.answer(200, "{}") }, { "read" }, { "close" } } }
    local client = core.client { ca_file = certs.ca }
    assert.equal(200, (client:perform("POST", server.url .. "/first", {}, "{}", 30)))
    local status, code, _, sent = client:perform("POST", server.url .. "/second", {}, "{}", 30)
    assert.is_nil(status)
    assert.equal("network", code)
    assert.equal("all", sent)
    assert.equal(2, #server:requests())
    client:close()
  end)

  it("a kept connection that the server has ended is replaced", function()
    local server = good()
    server:script { { { "read" }, { "send", peer.answer(200, "{}") }, { "cue", 1 },
      { "close" } } }
    local client = core.client { ca_file = certs.ca }
    assert.equal(200, (client:perform("POST", server.url .. "/first", {}, "{}", 30)))
    server:cue()
    assert.equal(200, (client:perform("POST", server.url .. "/second", {}, "{}", 30)))
    client:close()
  end)

  describe("nothing in the environment turns it off:", function()
    -- In a process of its own, which prints "status code sent".
    local function in_environment(words, server, ca_file)
      local first = 0
      while arg[first - 1] do first = first - 1 end
      local script = certs.dir .. "/probe.lua"
      local file = assert(io.open(script, "w"))
      file:write(([[
        local core = require "portone.core"
        local client = core.client { connect_timeout = 20, ca_file = %s }
        local status, code, _, sent =
          client:perform("POST", %q, { %q }, "{}", 30)
        print(status, status and "" or code, status and "" or sent)
      ]]):format(ca_file and ("%q"):format(ca_file) or "nil", server.url .. "/pay", SECRET))
      file:close()
      local pipe = io.popen(("env %s LUA_PATH='%s' LUA_CPATH='%s' %s %s 2>&1"):format(
        words, package.path, package.cpath, arg[first], script), "r")
      local out = pipe:read("*a")
      pipe:close()
      return out
    end

    local rows = {
      "SSL_CERT_FILE=$CA", "SSL_CERT_DIR=$DIR", "CURL_CA_BUNDLE=$CA", "CURL_INSECURE=1",
      "CURL_SSL_BACKEND=none", "SSL_VERIFY=0 NODE_TLS_REJECT_UNAUTHORIZED=0 PYTHONHTTPSVERIFY=0",
      "PORTONE_INSECURE=1 PORTONE_CA_FILE=$CA", "CURL_HOME=$DIR HOME=$DIR", "OPENSSL_CONF=$DIR/o",
    }
    local files = { [".curlrc"] = "insecure\n", o = "openssl_conf = s\n[s]\nssl_conf = c\n[c]\n"
      .. "system_default = d\n[d]\nVerifyMode = None\nMinProtocol = TLSv1\n" }
    for _, words in ipairs(rows) do
      it(words, function()
        for name, text in pairs(files) do
          local file = assert(io.open(certs.dir .. "/" .. name, "w"))
          file:write(text)
          file:close()
        end
        words = words:gsub("%$CA", certs.ca):gsub("%$DIR", certs.dir)
        local server = good()
        assert.matches("^nil%s+tls%s+nothing", in_environment(words, server))
        assert.matches("^nil%s+tls%s+nothing", in_environment(words, server, certs.other_ca))
        assert.equal(0, #server:requests())
      end)
    end

    it("and a call in such a process works where it should", function()
      assert.matches("^200", in_environment("A=1", good(), certs.ca))
    end)

    it("a proxy named there does not see the request", function()
      local proxy = peer.start()
      local words = ("https_proxy=%s HTTPS_PROXY=%s ALL_PROXY=%s"):format(proxy.url, proxy.url,
        proxy.url)
      assert.matches("^200", in_environment(words, good(), certs.ca))
      assert.equal(0, #proxy:log())
      proxy:stop()
    end)
  end)
end)
