-- Who is let into the console and the control calls: see lua/portone/sandbox/guard.lua.

local socket = require "socket"

local json = require "portone.json"
local support = require "spec.sandbox.console_support"

local DATA = support.DATA
local call, start = support.call, support.start

describe("sandbox console and other origins", function()
  local s

  setup(function() s = start { hosts = { "Sandbox.test" } } end)
  teardown(function() s:stop() end)

  local function port(url) return url:match(":(%d+)$") end

  it("is for names of this machine only", function()
    local p = port(s.v2_url)
    for host, status in pairs {
      ["127.0.0.1:" .. p] = 200, ["localhost:" .. p] = 200, ["LOCALHOST"] = 200,
      ["[::1]:" .. p] = 200, ["pay.localhost:9000"] = 200, ["sandbox.TEST:" .. p] = 200,
      ["evil.example"] = 403, ["evil.example:" .. p] = 403, ["127.0.0.1.evil.example"] = 403,
      ["localhost.evil.example"] = 403, ["evil-localhost"] = 403, ["sandbox.test.evil"] = 403,
      ["192.168.0.1"] = 403, ["127.0.0.1@evil.example"] = 403,
    } do
      for _, path in ipairs { "/", DATA .. "payments", "/_sandbox/now", DATA .. "app.js" } do
        assert.equal(status, (call(s, "GET", path, { "Host: " .. host })), host .. path)
      end
      assert.equal(status, (call(s, "POST", "/_sandbox/flush", { "Host: " .. host }, "{}")), host)
    end
  end)

  it("takes orders from its own pages and from programs", function()
    local before = s:now()
    for _, headers in ipairs {
      {}, { "Origin: " .. s.v2_url },
      { "Origin: " .. s.v2_url, "Sec-Fetch-Site: same-origin" },
      { "Host: sandbox.test:99", "Origin: http://sandbox.test:99" },
    } do
      assert.equal(200, (call(s, "POST", "/_sandbox/advance", headers, '{"by":1}')))
    end
    assert.equal(before + 4, s:now())
    assert.equal(200, (call({ base = s.v1_url }, "POST", "/_sandbox/advance",
      { "Origin: " .. s.v1_url }, '{"by":1}')))
    assert.equal(before + 5, s:now())
  end)

  it("takes none from pages elsewhere, another port included", function()
    local before = s:now()
    for _, headers in ipairs {
      { "Origin: http://evil.example" }, { "Origin: null" }, { "Origin: http://127.0.0.1:1" },
      { "Origin: " .. s.v1_url }, { "Origin: http://localhost:" .. port(s.v2_url) },
      { "Sec-Fetch-Site: cross-site" }, { "Sec-Fetch-Site: same-site" },
      { "Origin: " .. s.v2_url, "Sec-Fetch-Site: cross-site" },
      { "Origin: " .. s.v2_url .. ".evil.example" }, { "Origin: file://" },
    } do
      for _, kind in ipairs { "text/plain", "application/json",
        "application/x-www-form-urlencoded" } do
        local sent = { "Content-Type: " .. kind }
        for _, line in ipairs(headers) do sent[#sent + 1] = line end
        local status, text = call(s, "POST", "/_sandbox/advance", sent, '{"by":1}')
        assert.equal(403, status, headers[1])
        assert.is_string(json.decode(text).message)
      end
      assert.equal(403, (call(s, "GET", "/_sandbox/info", headers)), headers[1])
      assert.equal(403, (call(s, "GET", DATA .. "settings", headers)), headers[1])
    end
    assert.equal(before, s:now())
  end)

  it("lets no page read an answer, ask ahead or frame it", function()
    local c = assert(socket.connect("127.0.0.1", tonumber(port(s.v2_url))))
    c:settimeout(20)
    assert(c:send("OPTIONS /_sandbox/advance HTTP/1.1\r\nHost: 127.0.0.1\r\n"
      .. "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n"
      .. "Connection: close\r\n\r\n"))
    local asked = assert(c:receive "*a")
    c:close()
    assert.matches("^HTTP/1.1 403 ", asked)
    assert.is_nil(asked:lower():find("access-control", 1, true))
    for _, path in ipairs { "/", "/_sandbox/info", DATA .. "settings" } do
      local _, _, got = call(s, "GET", path)
      assert.is_nil(got["access-control-allow-origin"])
      assert.equal("same-origin", got["cross-origin-resource-policy"])
      assert.equal("DENY", got["x-frame-options"])
    end
  end)

  it("may be led to by a link, as the page alone holds no data", function()
    local link = { "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate" }
    assert.equal(200, (call(s, "GET", "/", link)))
    assert.equal(403, (call(s, "GET", DATA .. "payments", link)))
  end)

  it("is read only, and has no other parts", function()
    assert.equal(405, (call(s, "POST", DATA .. "payments", {}, "{}")))
    assert.equal(405, (call(s, "DELETE", DATA .. "style.css")))
    assert.equal(404, (call(s, "GET", DATA .. "secrets")))
    assert.equal(404, (call(s, "GET", DATA .. "../info")))
    assert.equal(404, (call(s, "GET", DATA)))
    local status, text = call(s, "POST", "/", { "Authorization: PortOne " .. s.api_secret }, "{}")
    assert.equal(404, status, text)
  end)
end)
