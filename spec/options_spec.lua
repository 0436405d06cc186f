local options = require "portone.options"
local portone = require "portone"

local function message(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return tostring(err)
end

describe("client options", function()
  it("have defaults", function()
    local o = options.client({}, 1)
    assert.equal("https://api.portone.io", o.base_url)
    assert.equal("https://api.iamport.kr", o.v1_base_url)
    assert.equal(10, o.connect_timeout)
    assert.equal(65, o.timeout)
    assert.equal(150, o.deadline)
    assert.equal(2, o.max_retries)
  end)

  it("raise at the caller's line, with a suggestion", function()
    local text = message(portone.new, { api_secrte = "x" })
    assert.truthy(text:find("did you mean 'api_secret'?", 1, true))
    local _, err = pcall(function() portone.new { api_secrte = "x" } end)
    assert.truthy(err:find("options_spec.lua", 1, true), err)
  end)

  local wrong = {
    { { timeout = "65" }, "timeout" }, { { timeout = 0 }, "timeout" },
    { { timeout = -1 }, "timeout" },
    { { max_retries = 1.5 }, "max_retries" }, { { api_secret = "" }, "api_secret" },
    { { api_secret = "a\nb" }, "api_secret" }, { { api_secret = 7 }, "api_secret" },
    { { v1 = { imp_key = "k" } }, "imp_secret" },
    { { v1 = { imp_key = "k", imp_sekret = "s" } }, "imp_secret" },
    { { v1 = { imp_key = "k", imp_secret = "s", tier = "ab1" } }, "tier" },
    { { base_url = "http://api.portone.io" }, "https" }, { { base_url = "ftp://x" }, "https" },
    { { base_url = "https://user:pw@x" }, "user name" }, { { base_url = "https://x?y" }, "query" },
    { { base_url = "https://x\r\nHost: y" }, "base_url" },
    { { base_url = "http://127.0.0.1.evil.com" }, "https" },
    { { on_request = 1 }, "on_request" }, { { webhook_secrets = { "" } }, "webhook_secrets[1]" },
    { { insecure = 1 }, "insecure" }, { { loop = "nodejs" }, "'cqueues'" },
    { { loop = {} }, "perform" }, { { token_store = {} }, "get and set" },
  }
  for i, case in ipairs(wrong) do
    it(("raise for what cannot be (%d: %s)"):format(i, case[2]), function()
      assert.truthy(message(portone.new, case[1]):find(case[2], 1, true))
    end)
  end

  it("allow plain http to this machine, and elsewhere only on demand", function()
    portone.new { base_url = "http://127.0.0.1:80", v1_base_url = "http://localhost:1" }
    portone.new { base_url = "http://[::1]:80" }
    portone.new { base_url = "http://10.0.0.1", insecure = true }
  end)

  it("take a slash off the end of a base URL", function()
    local o = options.client({ base_url = "http://127.0.0.1/api//" }, 1)
    assert.equal("http://127.0.0.1/api", o.base_url)
  end)
end)

describe("call options", function()
  it("raise for what cannot be", function()
    for _, bad in ipairs {
      { timeuot = 1 }, { idempotency_key = "short" }, { idempotency_key = ("x"):rep(257) },
      { idempotency_key = 'sixteen"chars-long' }, { idempotency_key = "sixteen chars is" },
      { headers = { ["X-A"] = "a\r\nX-B: b" } }, { headers = { ["X A"] = "a" } },
      { headers = { ["X-A"] = "a\0b" } }, { headers = { Authorization = "x" } },
      { headers = { "X-A: 1" } }, { tier = "abcd" }, { check = "no" } } do
      assert.has_error(function() options.call(bad, 1) end)
    end
  end)

  it("say which header it is, and raise for all that could not be sent", function()
    for name, value in pairs { ["X-A"] = "", ["X-B"] = " \t", ["X-C"] = "a\1", ["X-D"] = "a\127",
        ["X-E"] = 1, Expect = "100-continue", Upgrade = "h2c" } do
      local ok, why = pcall(options.call, { headers = { [name] = value } }, 1)
      assert.is_false(ok)
      assert.truthy(why:find("'" .. name .. "'", 1, true), why)
    end
    local fine = { headers = { ["X-A"] = "a\tb \195\169" } }
    assert.equal(fine, options.call(fine, 1))
  end)

  it("may be left out", function()
    assert.same({}, options.call(nil, 1))
  end)
end)

describe("the environment", function()
  local real = os.getenv
  after_each(function() os.getenv = real end)  -- luacheck: ignore

  it("fills in what is not given", function()
    local env = { PORTONE_API_SECRET = "s", PORTONE_STORE_ID = "store-1", PORTONE_V1_API_KEY = "k",
                  PORTONE_V1_API_SECRET = "ks", PORTONE_WEBHOOK_SECRET = "whsec_x" }
    os.getenv = function(name) return env[name] end  -- luacheck: ignore
    assert.same({ api_secret = "s", store_id = "store-1", v1 = { imp_key = "k", imp_secret = "ks" },
                  webhook_secrets = { "whsec_x" } }, options.environment())
  end)

  it("is asked for each of V1's keys on its own", function()
    local others = { store_id = "store-1", v1 = { imp_key = "k", imp_secret = "ks" } }
    assert.same({ store_id = "store-1", v1 = { imp_key = "k", imp_secret = "ks", tier = "ABC" } },
      options.completed({ v1 = { tier = "ABC" } }, others))
    assert.same({ store_id = "store-1", v1 = { imp_key = "mine", imp_secret = "ks" } },
      options.completed({ v1 = { imp_key = "mine" } }, others))
    assert.same({ api_secret = "s", store_id = "mine", v1 = "wrong" },
      options.completed({ api_secret = "s", store_id = "mine", v1 = "wrong" }, others))
    assert.same({ v1 = { imp_key = "k", imp_secret = "ks" } }, { v1 = others.v1 })
  end)

  it("counts an empty variable as none", function()
    os.getenv = function() return "" end  -- luacheck: ignore
    assert.same({}, options.environment())
  end)
end)
