local core = require "portone.core"
local errors = require "portone.error"
local portone = require "portone"

local interpreter = rawget(_G, "jit") and "luajit" or _VERSION:lower():gsub(" ", "")

local function file_text(path)
  local all = {}
  for _, suffix in ipairs { "", "-wal" } do
    local file = io.open(path .. suffix, "rb")
    if file then
      all[#all + 1] = file:read("*a")
      file:close()
    end
  end
  return table.concat(all)
end

describe("a ledger", function()
  local sandbox, client, path, ledger, more
  local count = 0

  local function fresh(prefix)
    count = count + 1
    return prefix .. "-" .. count
  end

  local function open(opts)
    local o = { path = path, client = client }
    for name, value in pairs(opts or {}) do o[name] = value end
    if o.store then o.path = nil end
    local opened = assert(portone.ledger.open(o))
    more[#more + 1] = opened
    return opened
  end

  setup(function()
    sandbox = assert(portone.sandbox.start {})
    client = sandbox:client { timeout = 0.3, deadline = 3, settle = 0.05 }
    for uid, card in pairs { user = sandbox.cards.success, broke = sandbox.cards.declined } do
      assert(client.issue_billing_key { customer_uid = uid, card_number = card.card_number,
        channel_key = sandbox.channel_key, expiry = card.expiry, birth = card.birth,
        pwd_2digit = card.pwd_2digit })
    end
    sandbox.key = assert(client.issue_billing_key { channelKey = sandbox.channel_key,
      method = { card = { credential = sandbox.cards.success.credential } } })
      .billingKeyInfo.billingKey
  end)
  teardown(function()
    client.close()
    sandbox:stop()
  end)
  before_each(function()
    path, more = os.tmpname(), {}  -- an empty file is an empty database
    ledger = open()
  end)
  after_each(function()
    sandbox:clear_faults()
    for _, one in ipairs(more) do one:close() end
    os.execute("rm -f " .. path .. "*")
  end)

  local function v1(order, fields)
    local args = { customer_uid = "user", merchant_uid = order, amount = 3000, name = "n" }
    for name, value in pairs(fields or {}) do args[name] = value end
    return args
  end

  local function v2(order)
    return { paymentId = order, billingKey = sandbox.key, orderName = "n", currency = "KRW",
             amount = { total = 3000 } }
  end

  local function charges(order, outcome)
    return #sandbox:journal { kind = "charge", order = order, outcome = outcome }
  end

  local function requests(op)
    return sandbox:journal { kind = "request", op = op }
  end

  -- The process of a ledger ends without another word.
  local function die(dead)
    collectgarbage()  -- what it was reading just then
    collectgarbage()
    dead.store:close()
    dead.closed = true
  end

  -- {====== once ======

  it("does an order once, and says the same again", function()
    for _, make in ipairs { v1, v2 } do
      local order = fresh "order"
      local first = assert(ledger:once(order, "request_pay_again", make(order)))
      local second, err, info = ledger:once(order, "request_pay_again", make(order))
      assert.is_nil(err)
      assert.is_true(info.recorded)
      assert.same(first.merchant_uid or first.payment, second.merchant_uid or second.payment)
      local third = open():once(order, "request_pay_again", make(order))
      assert.same(second, third)
      assert.equal(1, charges(order))
    end
  end)

  it("takes verbs, names and functions", function()
    local order = fresh "order"
    assert(ledger:once(order, "v1.subscribe.again", v1(order)))
    assert(ledger:once(order, client.v1.subscribe.again, v1(order)))
    assert(ledger:once(order, "request_pay_again", v1(order)))
    local refund = { merchant_uid = order, amount = 1000, checksum = 3000, reason = "r" }
    assert(ledger:once(order .. " refund", "v1.payments.cancel", refund))
    assert(ledger:once(order .. " refund", "v1.payments.cancel", refund))
    assert.equal(1, #sandbox:journal { kind = "cancel", order = order })
    assert.equal(1, charges(order))
  end)

  it("refuses another amount for the same order, and sends nothing", function()
    local order = fresh "order"
    assert(ledger:once(order, "request_pay_again", v1(order)))
    local before = #requests()
    local result, err = ledger:once(order, "request_pay_again", v1(order, { amount = 4000 }))
    assert.is_nil(result)
    assert.equal("conflict", err.kind)
    assert.equal("not_done", err.outcome)
    assert.truthy(err.message:find("amount was 3000, is now 4000", 1, true))
    result, err = ledger:once(order, "request_pay_again", v2(order))
    assert.is_nil(result)
    assert.truthy(err.message:find("v2.payment.pay_with_billing_key", 1, true))
    assert.equal(before, #requests())
    assert(ledger:once(order, "request_pay_again", v1(order, { name = "another name" })))
  end)

  it("keeps a refusal, and tries again when told to", function()
    local order = fresh "order"
    local args = v1(order, { customer_uid = "broke" })
    for _ = 1, 2 do
      local result, err = ledger:once(order, "request_pay_again", args)
      assert.is_nil(result)
      assert.equal("declined", err.kind)
      assert.is_true(errors.is(err))
    end
    assert.equal(1, charges(order))
    local result, err, info = ledger:once(order, "request_pay_again", args, { again = true })
    assert.is_nil(result)
    assert.equal("declined", err.kind)
    assert.is_nil(info.recorded)
    assert.equal(2, charges(order))
  end)

  it("sends again what was certainly not done, V2 with a new key", function()
    local order = fresh "order"
    sandbox:fault { op = "v2.payment.pay*", fault = "rate_limited", retry_after = 0 }
    local result, err = ledger:once(order, "request_pay_again", v2(order))
    assert.is_nil(result)
    assert.equal("not_done", err.outcome)
    local first = ledger:look(order)
    assert.same({ "settled", "not_done" }, { first.state, first.outcome })
    assert.equal(err.message, first.err.message)
    sandbox:clear_faults()
    local _, _, info = ledger:once(order, "request_pay_again", v2(order))
    assert.is_nil(info.recorded)
    assert.not_equal(first.idempotency_key, info.idempotency_key)
    assert.equal("done", ledger:look(order).outcome)
  end)

  it("writes nothing down when nothing can be sent", function()
    local result, err = ledger:once("order-0", "request_pay_again", { customer_uid = "user" })
    assert.is_nil(result)
    assert.equal("invalid_request", err.kind)
    assert.is_nil(ledger:look "order-0")
    result, err = ledger:once("order-0", "request_pay_again", { amount = 1 })
    assert.is_nil(result)
    assert.equal("invalid_request", err.kind)
  end)

  it("blames who misuses it", function()
    local function raises(pattern, ...)
      local ok, problem = pcall(...)
      assert.is_false(ok)
      assert.truthy(problem:find(pattern, 1, true), problem)
      assert.truthy(problem:find("ledger_spec.lua", 1, true), problem)
    end
    local args = v1 "x"
    raises("no such operation: request_pay", function()
      ledger:once("x", "request_pay", args) end)
    raises("changes nothing", function() ledger:once("x", "v1.payments.find", args) end)
    raises("did you mean 'timeout'", function()
      ledger:once("x", "request_pay_again", args, { timeuot = 1 }) end)
    raises("order's name", function() ledger:once("", "request_pay_again", args) end)
    raises("order's name", function() ledger:once("a\nb", "request_pay_again", args) end)
    raises("table of fields", function() ledger:once("x", "request_pay_again", 1) end)
    raises("'path' or 'store'", function() portone.ledger.open {} end)
    raises("did you mean 'path'", function() portone.ledger.open { paht = "x" } end)
    raises("number of seconds", function() portone.ledger.open { path = "x", lease = "1" } end)
    raises("'done', 'declined' or", function() ledger:settle("x", "paid") end)
  end)

  -- }======

  -- {====== What is written ======

  it("never writes a card down, and finds out about it by looking", function()
    local card = sandbox.cards.success
    local order = fresh "order"
    local args = { merchant_uid = order, amount = 3000, name = "n", expiry = card.expiry,
      card_number = card.card_number, birth = card.birth, pwd_2digit = card.pwd_2digit }
    sandbox:fault { op = "v1.subscribe.onetime", fault = "hang_after_commit", nth = 1 }
    sandbox:fault { op = "v1.payments.find", fault = "reset" }
    local result, err = ledger:once(order, "v1.subscribe.onetime", args, { deadline = 0.5 })
    assert.is_nil(result)
    assert.equal("unknown_outcome", err.kind)
    assert.equal("open", ledger:look(order).state)
    local text = file_text(path)
    assert.truthy(text:find(order, 1, true))
    for _, secret in ipairs { card.card_number, (card.card_number:gsub("%D", "")), card.birth,
                              card.expiry } do
      assert.is_nil(text:find(secret, 1, true))
    end
    sandbox:clear_faults()
    local report = assert(ledger:recover())
    assert.equal(1, report.done)
    assert.equal("done", ledger:look(order).outcome)
    assert.equal(1, charges(order))
  end)

  it("keeps a masked number of an answer", function()
    local order = fresh "order"
    assert(ledger:once(order, "request_pay_again", v1(order)))
    assert.equal("424242******4242", ledger:look(order).result.card_number)
  end)

  -- A store that fails from the nth write on.
  local function failing(n)
    local store = portone.ledger.memory()
    local writes = 0
    for _, name in ipairs { "add", "write" } do
      local inner = store[name]
      store[name] = function(...)
        writes = writes + 1
        if writes >= n then
          return nil, "disk full"
        end
        return inner(...)
      end
    end
    return store, function() n = math.huge end
  end

  it("sends nothing that it cannot write down", function()
    local order = fresh "order"
    local broken = open { store = failing(1) }
    local result, err = broken:once(order, "request_pay_again", v1(order))
    assert.is_nil(result)
    assert.equal("ledger", err.kind)
    assert.equal("not_done", err.outcome)
    assert.truthy(err.message:find("disk full", 1, true))
    assert.equal(0, charges(order))
  end)

  it("gives a result that it cannot write down, and finds out later", function()
    local order = fresh "order"
    local store, repair = failing(2)
    local broken = open { store = store }
    local result, err, info = broken:once(order, "request_pay_again", v1(order))
    assert.is_nil(err)
    assert.equal("paid", result.status)
    assert.truthy(info.warnings[1].problem:find("disk full", 1, true))
    repair()
    assert.equal("open", broken:look(order).state)
    assert.equal(1, assert(broken:recover()).done)
    assert.equal(1, charges(order))
  end)

  it("says that it cannot be read", function()
    local store = portone.ledger.memory()
    store.read = function() return nil, "gone" end
    local result, err = open { store = store }:once("o", "request_pay_again", v1 "o")
    assert.is_nil(result)
    assert.same({ "ledger", "unknown" }, { err.kind, err.outcome })
    store.unsettled = store.read
    assert.same({ n = 2, nil, "gone" }, { n = 2, open { store = store }:recover() })
  end)

  -- }======

  -- {====== recover ======

  -- Leaves an order as a process that was killed during its first sending does.
  local function killed_with(op, order, args, fault)
    local dead = open()
    if fault then
      sandbox:fault { op = op, fault = fault, times = 1 }
    end
    local ok, problem = pcall(dead.once, dead, order, op, args, { before_send = function(n)
      if n > 1 or not fault then error("killed", 0) end
      return true
    end, max_retries = 3, timeout = 0.2, reconcile = fault ~= nil and nil })
    assert.same({ false, "killed" }, { ok, problem })
    die(dead)
  end

  it("finishes what a killed process began, V2 with the same key", function()
    for _, fault in ipairs { "reset_before_commit", "reset_after_commit", "none" } do
      local order = fresh "order"
      killed_with("v2.payment.pay_with_billing_key", order, v2(order), fault ~= "none" and fault)
      local key = ledger:look(order).idempotency_key
      local seen = {}
      local report = assert(ledger:recover { on_settled = function(id, outcome, result)
        seen[#seen + 1] = { id, outcome, result ~= nil }
      end })
      assert.equal(1, report.done)
      assert.same({ { order, "done", true } }, seen)
      assert.equal(1, charges(order))
      for _, entry in ipairs(requests "v2.payment.pay_with_billing_key") do
        if entry.path:find(order, 1, true) then
          assert.equal('"' .. key .. '"', entry.headers["idempotency-key"])
        end
      end
    end
  end)

  it("looks a V1 order up before it is sent again", function()
    local order = fresh "order"
    killed_with("v1.subscribe.again", order, v1(order))
    local before = sandbox:journal()
    local report = assert(ledger:recover())
    assert.equal(1, report.done)
    local ops = {}
    for _, entry in ipairs(sandbox:journal { kind = "request", since = before[#before].n }) do
      ops[#ops + 1] = entry.op
    end
    assert.same({ "v1.payments.find", "v1.subscribe.again" }, { ops[1], ops[#ops] })
    assert.equal(1, charges(order))
  end)

  it("does not send again what is too old, or what it is not to", function()
    local order, other = fresh "order", fresh "order"
    killed_with("v1.subscribe.again", order, v1(order))
    killed_with("v2.payment.pay_with_billing_key", other, v2(other))
    local report = assert(ledger:recover { resend = false })
    assert.equal(2, report.not_done)
    assert.equal(0, charges(order) + charges(other))
    local third = fresh "order"
    killed_with("v1.subscribe.again", third, v1(third))
    assert.equal(1, assert(open { resend = 0 }:recover()).not_done)
    assert.equal(0, charges(third))
    -- but who asks for it again gets it
    assert(ledger:once(third, "request_pay_again", v1(third)))
    assert.equal(1, charges(third))
  end)

  it("does not rely on a key that PortOne may have forgotten", function()
    local now, store = core.now(), portone.ledger.memory()
    store.now = function() return now end
    local order = fresh "order"
    local dead = open { store = store, owner = "one" }
    sandbox:fault { op = "v2.payment.pay*", fault = "reset_after_commit", times = 1 }
    pcall(dead.once, dead, order, "request_pay_again", v2(order), { before_send = function(n)
      if n > 1 then error("killed", 0) end
      return true
    end })
    now = now + 3 * 3600
    local before = #requests "v2.payment.pay_with_billing_key"
    assert.equal(1, assert(open { store = store, owner = "one" }:recover()).done)
    assert.equal(before, #requests "v2.payment.pay_with_billing_key")
    assert.equal(1, charges(order))
  end)

  it("leaves open what nobody can tell, and ends it by hand", function()
    local order = fresh "order"
    killed_with("v1.subscribe.again", order, v1(order))
    sandbox:fault { op = "v1.payments.find", fault = "reset" }
    local report = assert(ledger:recover { deadline = 0.3 })
    assert.equal(1, report.unknown)
    assert.equal("open", ledger:look(order).state)
    assert.is_true(ledger:settle(order, "not_done", "Kim looked at the console"))
    local found = ledger:look(order)
    assert.same({ "settled", "not_done", "Kim looked at the console" },
      { found.state, found.outcome, found.note })
    assert.same({ n = 2, nil, "it is settled: not_done" },
      { n = 2, ledger:settle(order, "done") })
    assert.equal(0, assert(ledger:recover()).total)
    assert.same({ n = 2, nil, "no such order" }, { n = 2, ledger:settle("none", "done") })
  end)

  it("goes through many", function()
    for i = 1, 130 do
      local order = ("many-%03d"):format(i)
      killed_with("v2.payment.pay_with_billing_key", order, v2(order))
    end
    local report = assert(ledger:recover())
    assert.same({ 130, 130 }, { report.total, report.done })
  end)

  -- }======

  -- {====== Several at once ======

  it("works in tasks, and lets one wait for the other", function()
    local order = fresh "order"
    sandbox:fault { op = "v1.subscribe.again", fault = "latency", seconds = 0.1 }
    local results = portone.map({ 1, 2, 3, 4, 5, 6 }, function(i)
      local id = i % 2 == 0 and order or order .. "-" .. i
      local result, err, info = ledger:once(id, "request_pay_again", v1(id))
      return { result and result.status or tostring(err), info.recorded or false }
    end, { concurrency = 6 })
    local recorded = 0
    for i = 1, 6 do
      assert.equal("paid", results[i][1])
      recorded = recorded + (results[i][2] and 1 or 0)
    end
    assert.equal(2, recorded)
    assert.equal(1, charges(order))
  end)

  it("does not wait when told not to", function()
    local order = fresh "order"
    local other = open()
    sandbox:fault { op = "v1.subscribe.again", fault = "latency", seconds = 0.1 }
    local said = {}
    portone.map({ ledger, other, other }, function(one, i)
      local result, err = one:once(order, "request_pay_again", v1(order), { wait = i == 3 })
      said[i] = result and "done" or err.kind .. " " .. err.outcome
      return true
    end, { concurrency = 3 })
    assert.same({ "done", "conflict unknown", "done" }, said)
    assert.equal(1, charges(order))
  end)

  it("leaves a living process alone, and takes over from a killed one", function()
    local order = fresh "order"
    local script = os.tmpname()
    local file = io.open(script, "w")
    file:write(([[
      local portone = require "portone"
      local client = portone.new { v1_base_url = %q, v1 = { imp_key = %q, imp_secret = %q } }
      local ledger = assert(portone.ledger.open { path = %q, client = client })
      ledger:once(%q, "request_pay_again",
        { customer_uid = "user", merchant_uid = %q, amount = 3000, name = "n" },
        { before_send = function() io.write("sending\n") io.flush() io.read("*l") end })
    ]]):format(sandbox.v1_url, sandbox.imp_key, sandbox.imp_secret, path, order, order))
    file:close()
    local pids = os.tmpname()
    -- it goes on living until its input ends, or it is killed
    local pipe = assert(io.popen(("exec 2>/dev/null; "
      .. "sh -c 'echo $$ >%s; exec %s %s' >%s.out"):format(pids, interpreter, script, pids), "w"))
    for _ = 1, 3000 do
      local out = io.open(pids .. ".out")
      local text = out and out:read("*a") or ""
      if out then out:close() end
      if text == "sending\n" then break end
      core.sleep(0.02)
    end
    assert.equal(1, assert(ledger:recover()).busy)
    local result, err = ledger:once(order, "request_pay_again", v1(order), { wait = false })
    assert.is_nil(result)
    assert.truthy(err.message:find("another process is at it", 1, true))
    assert.is_nil((ledger:settle(order, "done")))
    os.execute("kill -9 $(cat " .. pids .. ")")
    pipe:close()
    assert.equal(1, assert(ledger:recover()).done)
    assert.equal(1, charges(order))
    os.remove(script)
    os.remove(pids)
    os.remove(pids .. ".out")
  end)

  -- }======

  -- {====== Killed at any instruction ======

  -- Runs fn and stops it after so many instructions, as if the process had been killed there.
  local function kill_after(instructions, fn)
    local killed, co = false
    co = coroutine.create(function()
      debug.sethook(function()  -- LuaJIT has one hook for all coroutines
        if coroutine.running() == co then
          killed = true
          debug.sethook()
          error("killed", 0)
        end
      end, "", instructions)
      fn()
      debug.sethook()
    end)
    local ok, problem = coroutine.resume(co)
    debug.sethook()
    assert(ok or killed, problem)
    return killed
  end

  local function instructions_of(fn)
    local n, co = 0
    co = coroutine.create(function()
      debug.sethook(function() n = n + 100 end, "", 100)
      fn()
      debug.sethook()
    end)
    assert(coroutine.resume(co))
    debug.sethook()
    return n
  end

  for _, api in ipairs { "v1", "v2" } do
    it("ends every charge, wherever its process is killed, " .. api .. " #slow", function()
      local jit = rawget(_G, "jit")
      if jit then jit.off() jit.flush() end
      local make = api == "v1" and v1 or v2
      local function pay(l, order)
        return function() l:once(order, "request_pay_again", make(order)) end
      end
      pay(ledger, fresh "order")()  -- what is loaded when it is first used is loaded
      local total = instructions_of(pay(ledger, fresh "order"))
      local open_ones, finished = 0, 0
      for at = 1, 150 do
        local order, dead = fresh "order", open()
        local killed = kill_after(at == 150 and total * 2
          or math.max(1, math.floor(total * at / 149)), pay(dead, order))
        finished = finished + (killed and 0 or 1)
        die(dead)
        local before = charges(order)
        local report = assert(ledger:recover())
        open_ones = open_ones + report.total
        local found = ledger:look(order)
        if found then
          assert.equal("done", found.outcome)
          assert.equal(1, charges(order))
        else
          assert.equal(0, before)
          assert.equal(0, charges(order))
        end
      end
      if jit then jit.on() end
      assert.is_true(open_ones > 10)
      assert.is_true(finished >= 1)
    end)
  end

  -- }======
end)
