-- What is in memory after `require "portone"`, and what comes with the first use of something:
-- each in a fresh process.

local function interpreter()
  return rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d%.%d")
end

-- What a program prints.
local function run(program)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write([[
local function loaded()
  local list = {}
  for name in pairs(package.loaded) do
    if name:find("^portone") then list[#list + 1] = name end
  end
  table.sort(list)
  return table.concat(list, " ")
end
local host = { perform = function() return 200, '{"items":[]}', "", 0 end,
  sleep = function() end, once = function(_, fn) return fn() end }
local function client_of(portone)
  return portone.new { api_secret = "s", base_url = "http://127.0.0.1:1", loop = host }
end
]] .. program)
  f:close()
  local p = assert(io.popen(interpreter() .. " " .. path .. " 2>&1"))
  local text = p:read("*a")
  p:close()
  os.remove(path)
  return text
end

local function names(text)
  local set = {}
  for name in text:gmatch("%S+") do set[name] = true end
  return set
end

describe("require \"portone\"", function()
  it("takes less than a megabyte, a client included", function()
    local kib = tonumber(run [[
      require "portone.core"
      collectgarbage()
      collectgarbage()
      local before = collectgarbage("count")
      local client = client_of(require "portone")
      collectgarbage()
      collectgarbage()
      print(collectgarbage("count") - before)
      client.close()]])
    assert.is_true(kib > 10 and kib < 400, tostring(kib)) -- 1024 is the promise
  end)

  it("leaves to the first client what calls need, but where an nginx is about to fork", function()
    local set = names(run [[require "portone" io.write(loaded())]])
    assert.is_true(set["portone"])
    assert.is_nil(set["portone.client"])
    assert.is_nil(set["portone.call"])
    set = names(run [[ngx = {} require "portone" io.write(loaded())]])
    assert.is_true(set["portone.client"])
    assert.is_true(set["portone.call"])
  end)
end)

describe("a client", function()
  it("loads no tables, no part, and nothing that a plain call can do without", function()
    local set = names(run [[client_of(require "portone") io.write(loaded())]])
    assert.is_true(set["portone.call"])
    for name in pairs(set) do
      assert.is_nil(name:find("^portone%.api%."), name)
      assert.is_nil(name:find("^portone%.check%."), name)
    end
    for _, part in ipairs { "describe", "pages", "show", "webhook", "sandbox", "nginx", "checkout",
      "ledger", "loop.tasks", "loop.nginx", "loop.cqueues", "loop.luv", "token_store" } do
      assert.is_nil(set["portone." .. part], part)
    end
  end)

  it("has at hand what a failed call needs: nothing is loaded once money may have moved",
    function()
      local set = names(run [[client_of(require "portone") io.write(loaded())]])
      for _, part in ipairs { "decide", "retry", "reconcile", "pending", "error", "redact" } do
        assert.is_true(set["portone." .. part], part)
      end
    end)
end)

describe("one operation used", function()
  it("loads its group and the types that its fields name, and no more", function()
    local set = names(run [[
      local portone = require "portone"
      assert(client_of(portone).v2.payment.payment_schedule.get_payment_schedules {
        filter = { billingKey = "k" } })
      io.write(loaded())]])
    local tables = {}
    for name in pairs(set) do
      local own = name:match("^portone%.api%.(.*)")
      if own then tables[#tables + 1] = own end
    end
    table.sort(tables)
    assert.same({ "names", "v2.input.payment_payment_schedule", "v2.input.shared",
      "v2.payment_payment_schedule" }, tables)
    for _, part in ipairs { "describe", "pages", "show", "checkout", "webhook", "loop.tasks" } do
      assert.is_nil(set["portone." .. part], part)
    end
  end)

  it("loads nothing of V1 for a call of V2, nor the other way round", function()
    local set = names(run [[
      local portone = require "portone"
      assert(client_of(portone).v2.payment.pay_with_billing_key { paymentId = "p",
        billingKey = "b", orderName = "n", amount = { total = 1 }, currency = "KRW",
        customer = { id = "c" } })
      io.write(loaded())]])
    for name in pairs(set) do
      assert.is_nil(name:find("^portone%.api%.v1"), name)
      assert.is_nil(name:find("^portone%.api%.v2%.platform"), name)
    end
    set = names(run [[
      local portone = require "portone"
      local v1 = portone.new { v1 = { imp_key = "k", imp_secret = "s" },
        v1_base_url = "http://127.0.0.1:1", loop = { sleep = host.sleep, once = host.once,
          perform = function(_, _, url)
            if url:find("getToken") then
              return 200, '{"code":0,"response":{"access_token":"t","now":1,"expired_at":1801}}',
                "", 0
            end
            return 200, '{"code":0,"response":{"status":"paid"}}', "", 0
          end } }.v1
      assert(v1.subscribe.again { customer_uid = "u", merchant_uid = "m", amount = 3000,
        name = "n" })
      io.write(loaded())]])
    for name in pairs(set) do assert.is_nil(name:find("^portone%.api%.v2"), name) end
    assert.is_true(set["portone.api.v1.subscribe"])
    assert.is_nil(set["portone.api.v1.customers"])
  end)

  it("loads what asking about a write takes before the write is sent", function()
    local text = run [[
      local portone, at_send = require "portone", nil
      local function perform(_, method)
        if method ~= "GET" and not at_send then at_send = loaded() end
        return nil, "timeout", "no answer", "all"
      end
      local calls = {
        function(c) return c.v2.payment.pay_with_billing_key { paymentId = "p", billingKey = "b",
          orderName = "n", amount = { total = 1 }, currency = "KRW", customer = { id = "c" } } end,
        function(c) return c.v2.payment.billing_key.delete_billing_key { billingKey = "b" } end,
        function(c) return c.v1.subscribe.again { customer_uid = "u", merchant_uid = "m",
          amount = 3000, name = "n" } end,
        function(c) return c.v1.customers.delete { customer_uid = "u" } end,
        function(c) return c.request("v2", "POST", "/something-new", {}) end,
      }
      for i, call in ipairs(calls) do
        at_send = nil
        local client = portone.new { api_secret = "s", base_url = "http://127.0.0.1:1",
          v1_base_url = "http://127.0.0.1:1", v1 = { imp_key = "k", imp_secret = "s" },
          token_store = { get = function() return "token", os.time() + 900 end,
            set = function() end }, settle = 0, deadline = 0.01,
          loop = { sleep = host.sleep, once = host.once, perform = perform } }
        local result, err = call(client)
        print(i, result == nil and err.kind, at_send == loaded())
      end]]
    local count = 0
    for i, kind, same in text:gmatch("(%d)\t(%S+)\t(%S+)") do
      assert.equal("unknown_outcome true", kind .. " " .. same, "call " .. i .. ": " .. text)
      count = count + 1
    end
    assert.equal(5, count, text)
  end)

  it("names of operations load no rows", function()
    local set = names(run [[
      local portone = require "portone"
      assert(pcall(function() return client_of(portone).v2.payment.billing_key end))
      io.write(loaded())]])
    for name in pairs(set) do assert.is_nil(name:find("^portone%.api%.v[12]"), name) end
    assert.is_true(set["portone.api.names"])
  end)
end)

describe("all of it", function()
  it("is some hundred kilobytes of tables", function()
    local kib = tonumber(run [[
      require "portone"
      collectgarbage()
      collectgarbage()
      local before = collectgarbage("count")
      for _ in require("portone.api").all() do end
      collectgarbage()
      collectgarbage()
      print(collectgarbage("count") - before)]])
    assert.is_true(kib > 200 and kib < 800, tostring(kib))
  end)
end)
