-- What is in examples/ is run as it stands.

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("*a")
  f:close()
  return text
end

-- Runs a chunk with 'print' kept; returns what it printed, a line each.
local function printed(text, name)
  local lines = {}
  local env = setmetatable({ print = function(...)
    local out = {}
    for i = 1, select("#", ...) do out[i] = tostring((select(i, ...))) end
    lines[#lines + 1] = table.concat(out, "\t")
  end }, { __index = _G })
  local chunk
  if setfenv then  -- luacheck: ignore
    chunk = assert(loadstring(text, name))  -- luacheck: ignore
    setfenv(chunk, env)  -- luacheck: ignore
  else
    chunk = assert(load(text, name, "t", env))
  end
  chunk()
  return lines
end

it("each example says at its top how it is run", function()
  local function says_how(path)
    local head = read(path):sub(1, 900)
    for _, how in ipairs { "Usage:", "\n#   curl ", "\n#   make ", "  portone repl ",
        ": busted examples/" } do
      if head:find(how, 1, true) then return true end
    end
    return false
  end
  local without = {}
  for path in assert(io.popen("ls -d examples/*")):lines() do
    local found = false
    for file in assert(io.popen("find " .. path .. " -type f")):lines() do
      found = found or says_how(file)
    end
    if not found then without[#without + 1] = path end
  end
  assert.same({}, without)
end)

describe("examples/demo.lua", function()
  local text

  setup(function()
    text = table.concat(printed(read "examples/demo.lua":gsub("^#![^\n]*", ""), "=demo"), "\n")
  end)

  it("issues, charges, refuses the same order and explains a decline, V1 and V2", function()
    for _, part in ipairs { "key issued +user%-42", "charged +imp_%d+  paid  3,000 KRW",
      "rejected %(code 1%)", "portone: declined: ", "conflict %(ALREADY_PAID%)",
      "declined %(PG_PROVIDER%)" } do
      assert.truthy(text:find(part), part)
    end
  end)

  it("lets a month pass and finds the schedules' payments", function()
    for _, part in ipairs { "a month passes +4 things came due",
      "week%-4 +paid +imp_%d+  4,000 KRW",
      "together +10,000 KRW", "pass%-4 +PAID  4,000 KRW" } do
      assert.truthy(text:find(part), part)
    end
  end)

  it("refunds a part and the rest, and the books agree", function()
    for _, part in ipairs { "partial cancel +paid  1,000 KRW of 3,000 KRW",
      "full cancel +cancelled  3,000 KRW of 3,000 KRW", "partial cancel +SUCCEEDED  1,000 KRW",
      "full cancel +SUCCEEDED  2,000 KRW", "charged +26,000 KRW", "returned +6,000 KRW" } do
      assert.truthy(text:find(part), part)
    end
  end)

  it("receives webhooks and verifies them, and refuses one that was touched", function()
    for _, part in ipairs { "Transaction.Paid +5 received and verified",
      "BillingKey.Issued +2 received and verified", "V1 %(unsigned%) +5 received",
      "one byte more +portone: .*no matching signature" } do
      assert.truthy(text:find(part), part)
    end
  end)
end)

describe("examples/outcomes.lua", function()
  it("shows the three outcomes, and one charge where there is one", function()
    local lines = printed(read "examples/outcomes.lua", "=outcomes")
    assert.equal("it was\tpaid\treconciled: true\tcharges: 1", lines[1])
    assert.equal("it was not\tnetwork\toutcome: not_done\tcharges: 0", lines[2])
    assert.equal("ask later\tunknown_outcome\toutcome: unknown", lines[3])
    assert.equal("asked\tpaid\treconciled: true\tcharges: 1", lines[4])
  end)
end)

describe("examples/subscription.lua", function()
  it("goes through a trial, renewals, declines, another card and plan, and the end", function()
    local lines = printed(read "examples/subscription.lua", "=subscription")
    local text = table.concat(lines, "\n")
    for _, part in ipairs { "2027-01-01  mina begins a trial of the basic plan",
      "2027-01-15  mina is charged, the next charge is on 2027-02-14",
      "2027-01-15  jun cannot be charged (REJECT_CARD_PAYMENT), again in 3 days",
      "2027-01-23  jun cannot be charged (REJECT_CARD_PAYMENT), the subscription ends",
      "2027-03-23  mina is charged, the next charge is on 2027-04-21",
      "2027-04-01  mina changes to premium for 3333 won",
      "2027-05-11  mina cancels, and may stay until 2027-05-21" } do
      assert.truthy(text:find(part, 1, true), part)
    end
    -- three months of the one plan, one of the other, and the change between them
    assert.equal(("5 charges, %d won"):format(3 * 9900 + 14900 + 3333), lines[#lines])
  end)
end)

describe("examples/v1_to_v2.lua", function()
  it("moves each customer, again after a cut, and each month is charged once", function()
    assert.same({ "ann moves\t2 charges", "bob's move is cut off\tnil\tserver",
      "bob moves again\t2 charges", "cho moves a month later\t1 charges", "ann\tv1 v2 v2",
      "bob\tv1 v2 v2", "cho\tv1 v1 v2", "dan\tv1 v1 v1" },
      printed(read "examples/v1_to_v2.lua", "=v1_to_v2"))
  end)
end)

-- {====== The hosts' examples, each in a process of its own ======

describe("an example of a host", function()
  local lua = arg and arg[-1] or "lua"
  for i = -1, -20, -1 do  -- the interpreter is the outermost of the words before the script
    lua = arg and arg[i] or lua
  end

  local function run(path, more)
    local pipe = assert(io.popen(("%s %s %s 2>&1"):format(lua, path, more or ""), "r"))
    local text = pipe:read("*a")
    pipe:close()
    return text
  end

  it("tests a subscription against the sandbox", function()
    local text = run("$(command -v busted)",
      "--output=plainTerminal examples/subscription_spec.lua")
    assert.matches("3 successes / 0 failures / 0 errors", text)
  end)

  -- Asked in another process: luv cannot be loaded twice in one, and busted forgets modules.
  local function has(module)
    local pipe = io.popen(("%s -e \"require '%s' print 'yes'\" 2>&1"):format(lua, module), "r")
    local text = pipe:read("*l")
    pipe:close()
    return text == "yes"
  end

  it("game_server.lua sells while no tick waits for a payment", function()
    local text = run("examples/game_server.lua", "1")
    assert.truthy(text:find("^60 ticks, 10 bought, 0 refused; the slowest tick took "), text)
  end)

  for name, needs in pairs { cqueues_server = "cqueues", luv_server = "luv" } do
    it(name .. ".lua charges while other coroutines go on", function()
      if not has(needs) then
        pending(needs .. " is not installed")
        return
      end
      local text = run("examples/" .. name .. ".lua")
      local beats = text:match("^20 paid, and the heart beat (%d+) times meanwhile")
      assert.is_true(beats and tonumber(beats) >= 5, text)
    end)
  end

  it("poll_loop.lua goes on when its descriptor says so", function()
    if not has "posix.poll" then
      pending("lua-posix is not installed")
      return
    end
    local text = run("examples/poll_loop.lua")
    assert.truthy(text:find("^10 registered in %d+ turns of the loop"), text)
  end)

  it("many_states/ sells in eight states on eight threads", function()
    local world = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("[%d.]+$")
    local program = os.tmpname()
    local status = os.execute(("env -u LD_PRELOAD cc -Wall -Wextra -Werror -o %s "
      .. "examples/many_states/server.c $(pkg-config --cflags --libs %s) -lpthread")
      :format(program, world))
    assert.truthy(status == true or status == 0)
    local pipe = io.popen("timeout 60 " .. program .. " examples/many_states/arena.lua 2>&1")
    local text = pipe:read("*a")
    pipe:close()
    os.remove(program)
    assert.equal("8 arenas sold 32 items\n", text)
  end)

  -- fn(post) with the OpenResty example at work; environment: lines for nginx's main part
  local function openresty(environment, fn)
    local nginx = require "spec.support.nginx"
    local missing = nginx.missing() or (not rawget(_G, "jit") and "nginx runs LuaJIT: once will do")
    if missing then
      pending(missing)
      return
    end
    local json = require "portone.json"
    local conf = read("examples/openresty/http.conf"):gsub("127%.0%.0%.1:8080", "127.0.0.1:$PORT1")
    local server = nginx.start { http = conf, main = environment,
      path = "examples/openresty/?.lua" }
    local function post(path, body)
      local status, _, text = server:request(1, "POST", path, nil,
        type(body) == "table" and json.encode(body) or body)
      return status, json.decode(text) or {}
    end
    local ok, err = pcall(fn, post)
    server:stop()
    assert(ok, err)
  end

  it("openresty/ charges over HTTP and refuses the same order again", function()
    openresty(nil, function(post)
      local status, key = post("/keys", "")
      assert.equal(200, status)
      local order, paid
      status, order = post("/orders", { product = "monthly-pass" })
      assert.equal(201, status)
      assert.equal(3000, order.amount)
      local pay = { order = order.order, billingKey = key.billingKey }
      status, paid = post("/pay", pay)
      assert.equal(200, status)
      assert.truthy(paid.paidAt)
      status, paid = post("/pay", pay)
      assert.equal(409, status)
      assert.equal("conflict", paid.error)
      assert.equal(400, (post("/orders", "not json")))
      assert.equal(404, (post("/pay", { order = "order-1", billingKey = key.billingKey })))
    end)
  end)

  it("openresty/ with keys charges its own price, and asks nobody for a card", function()
    local sandbox = assert(require("portone").sandbox.start {})
    finally(function() sandbox:stop() end)
    local key = sandbox:client().issue_billing_key { channelKey = sandbox.channel_key,
      method = { card = { credential = sandbox.cards.success.credential } } }
    key = key.billingKeyInfo.billingKey
    local environment = ("env PORTONE_API_SECRET=%s;\nenv PORTONE_STORE_ID=%s;\n"
      .. "env PORTONE_BASE_URL=%s;"):format(sandbox.api_secret, sandbox.store_id, sandbox.v2_url)
    openresty(environment, function(post)
      local status, told = post("/keys", "")
      assert.equal(404, status)
      assert.truthy(told.error:find "window")
      local _, order = post("/orders", { product = "yearly-pass", amount = 1, price = 1 })
      assert.equal(200, (post("/pay", { order = order.order, billingKey = key, amount = 1 })))
      local charges = sandbox:journal { kind = "charge" }
      assert.equal(1, #charges)
      assert.equal(30000, charges[1].amount)
    end)
  end)
end)

-- }==============================================================
