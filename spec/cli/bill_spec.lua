-- portone bill on one machine. What is charged is counted in the sandbox's journal.
local command = require "spec.support.command"
local input = require "portone.cli.bill.input"
local json = require "portone.json"
local portone = require "portone"

-- {====== The file ======

describe("a billing file", function()
  local function problems(text, form)
    local out = {}
    for i, p in ipairs(input.read(text, form or "csv").problems) do
      out[i] = ("%d:%d: %s"):format(p.line, p.column, p.problem)
    end
    return out
  end

  it("gives each field its type, and each order its name and amount", function()
    local found = input.read('\239\187\191paymentId,billingKey,orderName,amount.total,'
      .. 'currency,order\r\n'
      .. 'p-1,billing-key-1,"pass, ""gold""\n월간",1050,USD,first\r\n', "csv")
    assert.same({}, found.problems)
    local order = found.orders[1]
    assert.equal("first", order.id)
    assert.equal(10.5, order.amount)
    assert.equal("USD", order.currency)
    assert.same({ paymentId = "p-1", billingKey = "billing-key-1", currency = "USD",
      orderName = 'pass, "gold"\n월간', amount = { total = 1050 } }, order.args)
  end)

  it("is told all its mistakes at once, each where it is", function()
    local list = problems("customer_uid,merchant_uid,amount,name\n"
      .. "u,o-1,3000,x\n"
      .. 'u,"월간,o2","3,000",x\n'
      .. "u,o-3,1,x\n"
      .. "u,o-1,3000,x\n"
      .. ",o-5,3000,x\n")
    assert.equal(3, #list)
    assert.truthy(list[1]:find("^3:11: amount: expected number, got string"), list[1])
    assert.equal("5:3: order o-1 is on line 2 already", list[2])
    assert.truthy(list[3]:find("^6:1: customer_uid: required"), list[3])
  end)

  it("is told once what is wrong with a column", function()
    local list = problems("customer_uid,merchant_uid,amont,name\nu,a,1,x\nu,b,1,x\nu,c,1,x\n")
    assert.equal(2, #list, table.concat(list, "\n"))
    assert.truthy(list[1]:find("^1:1: amount: required"), list[1])
    assert.truthy(list[2]:find("^1:27: amont: unknown field.*did you mean amount"), list[2])
  end)

  it("may not break off", function()
    assert.truthy(problems('merchant_uid,amount\n"o-1,5\n')[1]:find "^2:1: the quote is not")
    assert.truthy(problems('merchant_uid,amount\no"1,5\n')[1]:find("^2:2: a quote inside"))
    assert.truthy(problems("customer_uid,merchant_uid,amount,name\nu,o,1,x,y\n")[1]
      :find("^2:9: 5 cells, and 4 in the first line"))
    assert.same({ "1:1: there is no order in it" }, problems "")
  end)

  it("is told which encoding and which separator it should have", function()
    local head = "customer_uid,merchant_uid,amount,name\nu,o-1,1,x\n"
    local cp949 = problems(head .. "u,o-2,1,\191\249\n")
    assert.equal(1, #cp949)
    assert.truthy(cp949[1]:find("^3:1: no UTF%-8.*CP949.*CSV UTF%-8"), cp949[1])
    assert.truthy(problems('{"name":"\191\249"}\n', "ndjson")[1]:find "^1:1: no UTF%-8")
    local wide = problems("\255\254" .. head:gsub(".", "%0\0"))
    assert.same({ "1:1: this is UTF-16: save it as UTF-8" }, wide)
    for separator, name in pairs { [";"] = "semicolons", ["\t"] = "tabs" } do
      assert.same({ ("1:1: the cells are separated by %s, commas are expected"):format(name) },
        problems((head:gsub(",", separator))))
    end
    assert.same({}, problems(head))
  end)

  it("may be a JSON object a line", function()
    local list = problems('{"customer_uid":"u","merchant_uid":"o-1","amount":1,"name":"x"}\n'
      .. '{"customer_uid":"u","merchant_uid":"o-2",}\n\n'
      .. '{"customer_uid":"u","merchant_uid":"o-3","name":"x", "amount":"1"}\n'
      .. '{"orderName":"x"}\n', "ndjson")
    assert.equal(3, #list)
    assert.truthy(list[1]:find("^2:42: Expected object key"), list[1])
    assert.truthy(list[2]:find("^4:54: amount: expected number"), list[2])
    assert.truthy(list[3]:find("^5:1: the table fits neither"), list[3])
  end)
end)

-- }======

describe("the ledger's file of a run", function()
  local together = require "portone.cli.bill.together"
  local path

  before_each(function()
    path = os.tmpname()
    os.remove(path)
  end)
  after_each(function() command.shell("rm -f " .. path .. "*") end)

  it("gives each of many tasks its own answer, and has all of it when opened anew", function()
    local store = assert(together.file(path))
    local items = {}
    for i = 1, 40 do items[i] = ("order-%d"):format(i <= 20 and i or i - 20) end
    local results = assert(portone.map(items, function(id, i)
      return { new = store:add(id, "text " .. i) }
    end, { concurrency = 40 }))
    for i = 1, 40 do
      assert.equal(i <= 20, results[i].new)
    end
    assert.is_true(store:write("order-1", 1, "later", false))
    assert.is_false(store:write("order-1", 1, "too late", true))
    store:close()
    store = assert(require("portone.ledger.sqlite").open(path))
    assert.same({ "later", 2 }, { store:read "order-1" })
    assert.same({ "text 20", 1 }, { store:read "order-20" })
    assert.equal(19, #store:unsettled(nil, 100))
    store:close()
  end)

  it("acknowledges nothing of what was not committed", function()
    local given, answers = {}, {}
    local wish = together.new(function(wishes)
      for _, w in ipairs(wishes) do
        given[#given + 1], w.results = w[1], { n = 2, nil, "the disk is full" }
      end
    end)
    assert(portone.map({ "a", "b", "c" }, function(name)
      answers[name] = { wish(name) }
      return true
    end))
    table.sort(given)
    assert.same({ "a", "b", "c" }, given)
    assert.same({ nil, "the disk is full" }, answers.b)
  end)
end)

describe("portone bill #slow", function()
  local sandbox, env, dir, key, broke
  local count = 0

  setup(function()
    sandbox = assert(portone.sandbox.start {})
    env = command.settings(sandbox)
    dir = command.directory()
    local client = sandbox:client()
    local function issue(card)
      return assert(client.issue_billing_key { channelKey = sandbox.channel_key,
        method = { card = { credential = card.credential } } }).billingKeyInfo.billingKey
    end
    key, broke = issue(sandbox.cards.success), issue(sandbox.cards.declined)
    local card = sandbox.cards.success
    assert(client.issue_billing_key { customer_uid = "user-42", card_number = card.card_number,
      expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit,
      channel_key = sandbox.channel_key })
    client.close()
  end)

  teardown(function()
    sandbox:stop()
    command.shell("rm -rf " .. dir)
  end)

  after_each(function() sandbox:clear_faults() end)

  -- A file of n orders, each tenth of them on a card that is declined when `declines`.
  local function orders(n, declines)
    count = count + 1
    local name = ("b%d"):format(count)
    local lines = { "paymentId,billingKey,orderName,amount.total,currency" }
    for i = 1, n do
      lines[#lines + 1] = ("%s-%d,%s,pass,%d,KRW"):format(name, i,
        declines and i % 10 == 0 and broke or key, 1000 + i)
    end
    return command.write(("%s/%s.csv"):format(dir, name), table.concat(lines, "\n") .. "\n"), name
  end

  local function bill(args)
    local out, err, status = command.run("bill " .. args, { env = env })
    assert.is_nil(command.tells(sandbox, out .. err))
    return out, err, status
  end

  -- order -> how often it was charged, for orders of a file
  local function charges(name)
    local times, n = {}, 0
    for _, entry in ipairs(sandbox:journal { kind = "charge" }) do
      if entry.order:find("^" .. name .. "%-") and entry.outcome == "paid" then
        times[entry.order], n = (times[entry.order] or 0) + 1, n + 1
      end
    end
    return n, times
  end

  local function each_once(name, n)
    local total, times = charges(name)
    assert.equal(n, total)
    for order, often in pairs(times) do
      assert.equal(1, often, order)
    end
  end

  it("charges, reports what was paid and declined, and files it", function()
    local path, name = orders(30, true)
    local out, err, status = bill(path)
    assert.equal(1, status, err)
    assert.truthy(out:find("  paid +27   KRW 27,405\n"), out)
    assert.truthy(out:find("  declined +3   KRW 3,060\n"), out)
    assert.truthy(out:find("  unknown +0\n"), out)
    assert.truthy(err:find("30/30  100%%"), err)
    assert.is_nil((out .. err):find "[\r\27]")
    local result = command.read(path .. ".result.csv")
    assert.truthy(result:find(("\n2,%s-1,paid,1001,KRW,%s-1,,,,1,\n"):format(name, name), 1, true))
    assert.truthy(result:find("\n11," .. name .. "-10,declined,1010,KRW,", 1, true), result)
    each_once(name, 27)
  end)

  it("started again charges nobody a second time; --again tries the declined ones", function()
    local path, name = orders(10, true)
    assert.equal(1, (select(3, bill(path))))
    local asked = #sandbox:journal { kind = "request", op = "v2.payment.pay_with_billing_key" }
    local out, _, status = bill(path .. " --json --result " .. path .. ".ndjson")
    assert.equal(1, status)
    local report = json.decode(out)
    assert.same({ count = 9, sums = { KRW = "9045" } }, report.outcomes.paid)
    assert.equal(1, report.outcomes.declined.count)
    assert.truthy(command.read(path .. ".ndjson"):find('"recorded":true', 1, true))
    assert.equal(asked, #sandbox:journal { kind = "request",
      op = "v2.payment.pay_with_billing_key" })
    bill(path .. " --again")
    assert.equal(asked + 1, #sandbox:journal { kind = "request",
      op = "v2.payment.pay_with_billing_key" })
    each_once(name, 9)
  end)

  it("charges V1 orders as well", function()
    local path = command.write(dir .. "/v1.ndjson", '{"customer_uid":"user-42","merchant_uid":'
      .. '"v-1","amount":700,"name":"x"}\n{"customer_uid":"user-42","merchant_uid":"v-2",'
      .. '"amount":300,"name":"x","order":"mine"}\n')
    local out, err, status = bill(path)
    assert.equal(0, status, err)
    assert.truthy(out:find "paid +2   KRW 1,000")
    assert.truthy(command.read(path .. ".result.csv"):find "\n2,mine,paid,300,KRW,imp_%d+,")
  end)

  it("names the payment of V1 that was declined, then and from the ledger", function()
    local client, card = sandbox:client(), sandbox.cards.declined
    assert(client.issue_billing_key { customer_uid = "broke-42", card_number = card.card_number,
      expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit,
      channel_key = sandbox.channel_key })
    local path = command.write(dir .. "/failed.csv",
      "customer_uid,merchant_uid,amount,name\nbroke-42,f-1,700,x\n")
    for _ = 1, 2 do
      assert.equal(1, (select(3, bill(path))))
      local payment = command.read(path .. ".result.csv")
        :match "\n2,f%-1,declined,700,KRW,(imp_%d+),declined,"
      assert.equal("failed", client.v1.payments.get { imp_uid = payment }.status)
    end
    assert.equal(1, #sandbox:journal { kind = "charge", order = "f-1" })
    client.close()
  end)

  it("charges nothing when a line is wrong, and nothing with --dry-run", function()
    local path, name = orders(5)
    local out, err, status = bill(path .. " --dry-run")
    assert.equal(0, status, err)
    assert.truthy(out:find("5 orders, nothing wrong with them: KRW 5,015", 1, true), out)
    command.write(path, command.read(path) .. "x," .. key .. ",pass,a lot,KRW\n")
    out, err, status = bill(path)
    assert.equal(65, status)
    assert.equal("", out)
    assert.truthy(err:find(path .. ":7:", 1, true), err)
    assert.truthy(err:find("amount.total: expected integer", 1, true), err)
    assert.equal(0, (charges(name)))
    assert.is_nil(command.read(path .. ".ledger"))
  end)

  it("says what it lacks by its exit status", function()
    local path = orders(1)
    assert.equal(66, (select(3, bill(dir .. "/none.csv"))))
    assert.equal(64, (select(3, bill(dir .. "/none.txt"))))
    assert.equal(64, (select(3, bill(path .. " --concurrency 0"))))
    assert.equal(73, (select(3, bill(path .. " --ledger /nowhere/x.db"))))
    local _, err, status = command.run("bill " .. path, { env = { PORTONE_V1_API_KEY = "k",
      PORTONE_V1_API_SECRET = "s" } })
    assert.equal(78, status)
    assert.truthy(err:find("PORTONE_API_SECRET", 1, true), err)
  end)

  it("tells what nobody knows from what is paid, and finds out the next time", function()
    local path, name = orders(6)
    sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "reset_after_commit" }
    sandbox:fault { op = "v2.payment.get_payment", fault = "reset" }
    local out, err, status = bill(path .. " --deadline 3")
    assert.equal(2, status, err)
    assert.truthy(out:find "unknown +6   KRW", out)
    sandbox:clear_faults()
    out, err, status = bill(path)
    assert.equal(0, status, err)
    assert.truthy(err:find "an earlier run left 6 orders under way", err)
    assert.truthy(out:find "paid +6 ", out)
    each_once(name, 6)
  end)

  it("killed in mid-run and started again has charged each order once", function()
    local path, name = orders(200)
    sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "latency_after_commit",
      seconds = 1 }
    local run = command.start("bill " .. path .. " --concurrency 16", { env = env,
      out = dir .. "/killed" })
    for _ = 1, 2000 do
      if charges(name) >= 20 then
        break
      end
      command.shell "sleep 0.05"
    end
    assert.equal(137, run.kill "KILL")
    local paid = charges(name)
    assert.is_true(paid >= 20 and paid < 200, tostring(paid))
    sandbox:clear_faults()
    local out, err, status = bill(path)
    assert.equal(0, status, err)
    assert.truthy(err:find "an earlier run left %d+ orders under way", err)
    assert.truthy(out:find "paid +200 ", out)
    each_once(name, 200)
  end)

  it("ends in good order at SIGTERM, and says what it did not try", function()
    local path, name = orders(100)
    sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "latency", seconds = 0.5 }
    local run = command.start("bill " .. path .. " --concurrency 4", { env = env,
      out = dir .. "/ended" })
    for _ = 1, 2000 do
      if charges(name) >= 8 then
        break
      end
      command.shell "sleep 0.05"
    end
    assert.equal(130, run.kill "TERM")
    local text = command.read(dir .. "/ended")
    assert.truthy(text:find "not tried +%d+", text)
    assert.is_nil(text:find "unknown +[1-9]", text)
    sandbox:clear_faults()
    assert.equal(0, (select(3, bill(path))))
    each_once(name, 100)
  end)

  it("draws a bar on a terminal, with the rate and the time that is left", function()
    local path = orders(60)
    sandbox:fault { op = "v2.payment.pay_with_billing_key", fault = "latency", seconds = 0.2 }
    local with = { TERM = "xterm" }
    for name, value in pairs(env) do with[name] = value end
    local text = command.shell(("script -qec %s /dev/null </dev/null"):format(command.quote(
      "stty cols 110; " .. command.line("bill " .. path .. " --concurrency 8", with))))
    assert.truthy(text:find("\r%[#+%-+%] %d+/60  %d+%%  %d+/s  0:%d%d left  paid %d+"), text)
    assert.truthy(text:find("\r%[#+%] 60/60  100%%"), text)
  end)
end)
