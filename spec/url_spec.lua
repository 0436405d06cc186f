-- SPDX-License-Identifier: MIT
-- Where a request may go, and how a value gets into a URL without leaving its place.

local core = require "portone.core"

describe("escape", function()
  it("keeps the unreserved characters of RFC 3986 and no other byte", function()
    for byte = 0, 255 do
      local c = string.char(byte)
      local kept = c:find("^[A-Za-z0-9_~-]$") ~= nil
      assert.equal(kept and c or ("%%%02X"):format(byte), core.escape(c))
      kept = kept or c == "."
      assert.equal("x" .. (kept and c or ("%%%02X"):format(byte)), core.escape("x" .. c))
    end
  end)

  -- value, as it is in a path
  local rows = {
    { "", "" },
    { "order-1001", "order-1001" },
    { "a/b", "a%2Fb" },
    { "../payments", "..%2Fpayments" },
    { ".", "%2E" },
    { "..", "%2E%2E" },
    { "...", "..." },
    { ".a", ".a" },
    { "a.b", "a.b" },
    { ".\0", ".%00" },
    { "a%2Fb", "a%252Fb" },
    { "%", "%25" },
    { "a b+c", "a%20b%2Bc" },
    { "a?b#c&d=e", "a%3Fb%23c%26d%3De" },
    { "a\\b", "a%5Cb" },
    { "a;b@c:d", "a%3Bb%40c%3Ad" },
    { "\r\n\0\t", "%0D%0A%00%09" },
    { "\234\178\176\236\160\156", "%EA%B2%B0%EC%A0%9C" },
    { "\255\254", "%FF%FE" },
    { "{}[]|^`\"<>", "%7B%7D%5B%5D%7C%5E%60%22%3C%3E" },
  }
  for _, row in ipairs(rows) do
    it("takes a value to " .. (row[2] == "" and "nothing" or row[2]), function()
      assert.equal(row[2], core.escape(row[1]))
    end)
  end

  it("is the same for values of any length", function()
    for _, n in ipairs { 1, 127, 128, 129, 1000, 100000 } do
      assert.equal(("%2F"):rep(n), core.escape(("/"):rep(n)))
      assert.equal(("a"):rep(n), core.escape(("a"):rep(n)))
    end
    assert.equal("%2E%2E", core.escape(("."):rep(2)))
    assert.equal(("."):rep(300), core.escape(("."):rep(300)))
  end)

  it("raises for what is not a string", function()
    assert.has_error(function() core.escape(nil) end)
    assert.has_error(function() core.escape({}) end)
  end)
end)

describe("a URL", function()
  local function right(url, insecure)
    local ok, why = core.check_url(url, insecure)
    assert.is_true(ok, ("%s: %s"):format(url, tostring(why)))
  end

  local function wrong(url, pattern, insecure)
    local ok, why = core.check_url(url, insecure)
    assert.is_nil(ok, url)
    assert.matches(pattern, why)
  end

  for _, url in ipairs {
    "https://api.portone.io", "https://api.portone.io/", "https://api.portone.io:443/a?b=c",
    "https://api.portone.io?x", "https://a", "https://A.B-c_d.e:65535/%2F", "https://127.0.0.1",
    "https://[2001:db8::1]/", "https://[2001:db8::1]:8443/", "https://127.0.0.1.evil.com/",
    "https://a/b@c", "https://a/?q=a@b:c/d?e", "https://a//b/../c", "https://a/[]",
  } do
    it(url .. " is fine", function() right(url) end)
  end

  describe("in plain http goes to this machine:", function()
    for _, url in ipairs {
      "http://127.0.0.1", "http://127.0.0.1:8080/x", "http://127.1.2.3/", "http://127.255.255.255",
      "http://localhost", "http://LocalHost:1/", "http://[::1]", "http://[::1]:80/x",
      "http://localhost/@evil.com", "http://localhost?a=http://evil.com",
    } do
      it(url, function() right(url) end)
    end
  end)

  describe("in plain http is refused elsewhere:", function()
    for _, url in ipairs {
      "http://api.portone.io", "http://127.0.0.1.evil.com", "http://localhost.evil.com",
      "http://localhost.", "http://evil.localhost", "http://xlocalhost", "http://localhostx",
      "http://127.0.0.1.", "http://127.0.0.1x/", "http://127.0.0", "http://127.1", "http://0.0.0.0",
      "http://126.255.255.255", "http://128.0.0.1", "http://0127.0.0.1", "http://0x7f000001",
      "http://2130706433", "http://127.0.0.1.1", "http://1.127.0.0", "http://[::]", "http://[::2]",
      "http://[0:0:0:0:0:0:0:1]", "http://[::ffff:127.0.0.1]", "http://[fe80::1]",
      "http://169.254.169.254/latest", "http://10.0.0.1",
    } do
      it(url, function()
        wrong(url, "plain http")
        right(url, true)
      end)
    end
  end)

  describe("that readers may read differently is refused, whatever the options:", function()
    for url, why in pairs {
      ["http://127.0.0.1@evil.com"] = "user name",
      ["http://127.0.0.1:80@evil.com"] = "user name",
      ["http://user:password@127.0.0.1/"] = "user name",
      ["https://key@api.portone.io/"] = "user name",
      ["http://127.0.0.1\\@evil.com/"] = "percent",
      ["http://127.0.0.1\\.evil.com/"] = "percent",
      ["http://127.0.0.1#@evil.com/"] = "percent",
      ["http:\\\\127.0.0.1"] = "percent",
      ["http://[::1]evil.com/"] = "host",
      ["http://[::1]:80evil.com/"] = "host",
      ["http://[::1%25lo]/"] = "host",
      ["http://[::1"] = "host",
      ["http://::1/"] = "host",
      ["http://[]/"] = "host",
      ["http://127.0.0.1:80:80/"] = "host",
      ["http://127.0.0.1%2eevil.com/"] = "host",
      ["http://127.0.0.1%00.evil.com/"] = "host",
      ["http://127.0.0.1,evil.com/"] = "host",
      ["http://127.0.0.1;evil.com/"] = "host",
      ["http://127.0.0.1&evil.com/"] = "host",
      ["https://a!b/"] = "host",
      ["https://a:0/"] = "port",
      ["https://a:65536/"] = "port",
      ["https://a:99999999999999999999/"] = "port",
      ["https://a:/"] = "port",
      ["https://a:x/"] = "port",
      ["https://a:-1/"] = "port",
      ["https://a:+1/"] = "port",
      ["https:///path"] = "host",
      ["https://?q"] = "host",
      ["https://:443/"] = "host",
      ["https://"] = "host",
      ["http://"] = "host",
      [""] = "https://",
      ["api.portone.io"] = "https://",
      ["//api.portone.io"] = "https://",
      ["https:/api.portone.io"] = "https://",
      ["https:api.portone.io"] = "https://",
      ["http:127.0.0.1"] = "https://",
      ["ftp://127.0.0.1/"] = "https://",
      ["file:///etc/passwd"] = "https://",
      ["gopher://127.0.0.1/"] = "https://",
      ["httpss://a/"] = "https://",
      -- schemes are written in lower case here, so that one comparison will do everywhere
      ["HTTPS://api.portone.io"] = "https://",
      ["Http://127.0.0.1"] = "https://",
      [" https://a"] = "percent",
      ["https://a /"] = "percent",
      ["https://a/ b"] = "percent",
      ["https://a/\tb"] = "percent",
      ["https://a/\r\nX: y"] = "percent",
      ["https://a/\0"] = "percent",
      ["https://a\0.evil.com/"] = "percent",
      ["https://a/\127"] = "percent",
      ["https://\236\152\164/"] = "percent",
      ["https://a/\236\152\164"] = "percent",
      ["https://a/#fragment"] = "percent",
      ["https://a/{id}"] = "percent",
      ["https://a/\"<>^`|"] = "percent",
    } do
      it((("%q"):format(url):gsub("%c", " ")), function()
        wrong(url, why)
        wrong(url, why, true)
      end)
    end
  end)

  it("is never shown in the refusal: it may hold a secret", function()
    local _, why = core.check_url("https://user:secret@a/")
    assert.is_nil(why:find("secret", 1, true))
  end)
end)
