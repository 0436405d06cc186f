-- SPDX-License-Identifier: MIT
-- The cryptography against the vectors of the documents that define it.

local core = require "portone.core"

local function bytes(hex)
  return (hex:gsub("%s", ""):gsub("%x%x", function(two)
    return string.char(tonumber(two, 16))
  end))
end

describe("hmac_sha256", function()
  -- RFC 4231, section 4: key, data, MAC (of the fifth only the first 16 bytes are given)
  local vectors = {
    { ("\11"):rep(20), "Hi There",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { "Jefe", "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    { ("\170"):rep(20), ("\221"):rep(50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
    { bytes "0102030405060708090a0b0c0d0e0f10111213141516171819", ("\205"):rep(50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
    { ("\12"):rep(20), "Test With Truncation", "a3b6167473100ee06e0c796c2955552b" },
    { ("\170"):rep(131), "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
    { ("\170"):rep(131), "This is a test using a larger than block-size key and a larger than "
      .. "block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
  }
  for i, v in ipairs(vectors) do
    it("test case " .. i .. " of RFC 4231", function()
      local mac = core.hmac_sha256(v[1], v[2])
      assert.equal(32, #mac)
      assert.equal(v[3], core.hex(mac):sub(1, #v[3]))
    end)
  end

  it("takes an empty key and empty data, whatever was signed before", function()
    core.hmac_sha256("another key", "data")
    assert.equal("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
      core.hex(core.hmac_sha256("", "")))
  end)

  it("takes NUL bytes in both", function()
    assert.not_equal(core.hmac_sha256("a\0b", "c\0d"), core.hmac_sha256("a\0x", "c\0d"))
    assert.not_equal(core.hmac_sha256("a\0b", "c\0d"), core.hmac_sha256("a\0b", "c\0x"))
  end)

  it("signs the message that Standard Webhooks documents for PortOne", function()
    local key = core.unbase64("pzQGE83cSIRKM4/WH5QY+g==")
    local text = 'dummy-webhook-id.1700000000.{"test":"test payload"}'
    assert.equal("x9F4zp5ZADOWUiDoPKsK0/eBoHr9Nr6QnunRw+F/MHI=",
      core.base64(core.hmac_sha256(key, text)))
  end)

  it("raises for what is not a string", function()
    assert.has_error(function() core.hmac_sha256(nil, "") end)
    assert.has_error(function() core.hmac_sha256("", {}) end)
  end)
end)

describe("base64", function()
  -- RFC 4648, section 10
  local vectors = { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==",
    fooba = "Zm9vYmE=", foobar = "Zm9vYmFy" }
  for plain, text in pairs(vectors) do
    it(("writes and reads %q as RFC 4648 does"):format(plain), function()
      assert.equal(text, core.base64(plain))
      assert.equal(plain, core.unbase64(text))
      assert.equal(plain, core.unbase64((text:gsub("=", ""))))
    end)
  end

  it("has every digit of its alphabet", function()
    local all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert.equal(all, core.base64(core.unbase64(all)))
    assert.equal("0010831051872092", core.hex(core.unbase64("ABCDEFGHIJKS")):sub(1, 16))
  end)

  it("gives back what it was given, of every length and byte", function()
    for n = 0, 300 do
      local part = {}
      for i = 1, n do part[i] = string.char((i * 37 + n * 11) % 256) end
      local plain = table.concat(part)
      local text = core.base64(plain)
      assert.equal(math.ceil(n / 3) * 4, #text)
      assert.equal(plain, core.unbase64(text))
    end
    local large = ("\0\255x"):rep(100000)
    assert.is_true(core.unbase64(core.base64(large)) == large)
  end)

  for name, text in pairs {
    ["white space"] = "Zm9v Zm9v", ["a line end"] = "Zm9v\n", ["a leading space"] = " Zm9v",
    ["the URL alphabet"] = "-_-_", ["one digit"] = "Z", ["five digits"] = "Zm9vZ",
    ["one = of two"] = "Zg=", ["three ="] = "Z===", ["only ="] = "====", ["two ="] = "==",
    ["= in the middle"] = "Zg==Zg==", ["= too many"] = "Zm9v====", ["= after a whole"] = "Zm9v=",
    ["stray bits"] = "Zh==", ["stray bits without ="] = "Zh", ["more stray bits"] = "Zm9=",
    ["a NUL"] = "Zm9\0", ["bytes beyond ASCII"] = "Zm9\195",
  } do
    it("refuses " .. name, function()
      assert.is_nil((core.unbase64(text)))
    end)
  end
end)

describe("equals", function()
  it("is true for the same bytes only", function()
    assert.is_true(core.equals("", ""))
    assert.is_true(core.equals("a\0b", "a\0" .. "b"))
    assert.is_false(core.equals("a", "b"))
    assert.is_false(core.equals("a\0b", "a\0c"))
    assert.is_false(core.equals("abc", "abcd"))
    assert.is_false(core.equals("abc", ""))
  end)

  it("sees one changed bit wherever it is", function()
    local mac = core.hmac_sha256("k", "d")
    for i = 1, #mac do
      for bit = 0, 7 do
        local byte = mac:byte(i)
        local flipped = math.floor(byte / 2 ^ bit) % 2 == 1 and byte - 2 ^ bit or byte + 2 ^ bit
        local other = mac:sub(1, i - 1) .. string.char(flipped) .. mac:sub(i + 1)
        assert.is_false(core.equals(mac, other))
      end
    end
  end)

  it("raises for what is not a string", function()
    assert.has_error(function() core.equals("a", nil) end)
  end)
end)

describe("random", function()
  it("gives as many bytes as asked for, never the same", function()
    local seen = {}
    for n = 0, 256 do assert.equal(n, #core.random(n)) end
    for _ = 1, 1000 do
      local r = core.random(16)
      assert.is_nil(seen[r])
      seen[r] = true
    end
  end)

  it("raises beyond 256, below 0, and for what is no whole number", function()
    for _, n in ipairs { -1, 257, 2 ^ 31, -2 ^ 31, "x", false } do
      assert.has_error(function() core.random(n) end)
    end
  end)
end)

describe("hex", function()
  it("writes two lower-case digits a byte", function()
    assert.equal("", core.hex(""))
    assert.equal("00017f80abff", core.hex("\0\1\127\128\171\255"))
    assert.equal(200000, #core.hex(("x"):rep(100000)))
  end)
end)

describe("the clocks", function()
  it("show the time, and never run backwards", function()
    assert.is_true(math.abs(core.now() - os.time()) < 2)
    local last = core.monotonic()
    for _ = 1, 1000 do
      local t = core.monotonic()
      assert.is_true(t >= last)
      last = t
    end
  end)

  it("sleep as long as told", function()
    local from = core.monotonic()
    core.sleep(0.03)
    local took = core.monotonic() - from
    assert.is_true(took >= 0.03 and took < 10)
    core.sleep(0)
    for _, s in ipairs { -1, 1e10, 1 / 0, 0 / 0 } do
      assert.has_error(function() core.sleep(s) end)
    end
  end)
end)
