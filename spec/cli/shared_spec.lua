-- portone bill --redis: a run that several machines share, some of which are killed. Each machine
-- is a process; what is charged is counted in the sandbox's journal.
local command = require "spec.support.command"
local portone = require "portone"
local redis = require "spec.support.redis"

describe("portone bill --redis #slow", function()
  local sandbox, env, dir, key, server, url

  setup(function()
    server = redis.start()
    if not server then
      return
    end
    url = "redis://127.0.0.1:" .. server.port
    sandbox = assert(portone.sandbox.start {})
    env = command.settings(sandbox)
    dir = command.directory()
    local client, card = sandbox:client(), sandbox.cards.success
    key = assert(client.issue_billing_key { channelKey = sandbox.channel_key,
      method = { card = { credential = card.credential } } }).billingKeyInfo.billingKey
    assert(client.issue_billing_key { customer_uid = "user-42", card_number = card.card_number,
      expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit,
      channel_key = sandbox.channel_key })
    client.close()
  end)

  teardown(function()
    if server then
      server.stop()
      sandbox:stop()
      command.shell("rm -rf " .. dir)
    end
  end)

  local function with_redis(name, fn)
    it(name, function()
      if not server then
        pending "redis-server is not installed"
        return
      end
      sandbox:clear_faults()
      fn()
    end)
  end

  -- A file of n orders, every other one V1's.
  local function orders(name, n)
    local lines = { "paymentId,billingKey,orderName,amount.total,currency,customer_uid,"
      .. "merchant_uid,amount,name" }
    for i = 1, n do
      lines[#lines + 1] = i % 2 == 0 and ("%s-%d,%s,pass,%d,KRW,,,,"):format(name, i, key, 1000 + i)
        or (",,,,,user-42,%s-%d,%d,pass"):format(name, i, 1000 + i)
    end
    return command.write(("%s/%s.csv"):format(dir, name), table.concat(lines, "\n") .. "\n")
  end

  local function line(path, more)
    return ("bill %s --redis %s --not-durable --lease 1.5 --settle 0.2 --concurrency 8 "
      .. "--result %s.%%s.csv %s"):format(path, url, path, more or "")
  end

  local function charges(name)
    local times, n = {}, 0
    for _, entry in ipairs(sandbox:journal { kind = "charge" }) do
      if entry.order:find("^" .. name .. "%-") then
        times[entry.order], n = (times[entry.order] or 0) + 1, n + 1
      end
    end
    return n, times
  end

  local function each_once(name, n)
    local total, times = charges(name)
    for order, often in pairs(times) do
      assert.equal(1, often, order)
    end
    assert.equal(n, total)
  end

  -- Slow enough that no machine gets through its orders before it is killed.
  local function slowly()
    for _, op in ipairs { "v1.subscribe.again", "v2.payment.pay_with_billing_key" } do
      sandbox:fault { op = op, fault = "latency_after_commit", seconds = 1 }
    end
  end

  local function await_charges(name, n)
    for _ = 1, 2000 do
      if charges(name) >= n then
        return
      end
      command.shell "sleep 0.03"
    end
    error("only " .. charges(name) .. " charges")
  end

  with_redis("wants a Redis that keeps what it has acknowledged", function()
    local _, err, status = command.run(("bill %s --redis %s"):format(orders("loose", 1), url),
      { env = env })
    assert.equal(73, status)
    assert.truthy(err:find("appendonly no", 1, true), err)
    assert.equal(0, (charges "loose"))
    _, err, status = command.run(("bill %s/loose.csv --redis redis://127.0.0.1:9"):format(dir),
      { env = env })
    assert.equal(69, status)
    assert.truthy(err:find("127.0.0.1:9", 1, true), err)
  end)

  with_redis("puts each order in once, however often the file is given", function()
    local path = orders("twice", 12)
    local out, err, status = command.run(line(path):format "a", { env = env })
    assert.equal(0, status, err)
    assert.truthy(err:find "12 of 12 orders added", err)
    assert.truthy(out:find "paid +12   KRW 12,078\n", out)
    out, err, status = command.run(line(path):format "b", { env = env })
    assert.equal(0, status, err)
    assert.truthy(err:find "0 of 12 orders added", err)
    assert.truthy(out:find "paid +12   KRW 12,078\n", out)
    each_once("twice", 12)
    -- another file of the same orders, other amounts
    command.write(path, (command.read(path):gsub(",1002,", ",2002,")))
    out, err, status = command.run(line(path):format "c", { env = env })
    assert.equal("", out)
    assert.equal(65, status)
    assert.truthy(err:find(path .. ":3:1: order twice-2 is in this run already", 1, true), err)
    each_once("twice", 12)
  end)

  with_redis("is forgotten some time after all is settled, and not before", function()
    local file = command.write(dir .. "/kept.csv", "customer_uid,merchant_uid,amount,name\n"
      .. "user-42,kept-1,100,x\nuser-43,kept-2,100,x\n")
    local connection = assert(require("portone.cli.redis").connect { host = "127.0.0.1",
      port = server.port, db = 0 })
    local function bill(more)
      return (select(3, command.run(line(file, more):format "a", { env = env })))
    end
    local function days(of)
      local seconds = assert(connection:ask("TTL", of))
      return seconds < 0 and seconds or math.ceil(seconds / 86400)
    end
    local function of_run()
      local orders_, results = days "{portone-bill:kept.csv}:orders",
        days "{portone-bill:kept.csv}:results"
      assert.equal(orders_, results)
      assert.equal(orders_, days "{portone-bill:kept.csv}:queue")
      return orders_
    end
    assert.equal(3, bill())  -- user-43 has no card yet
    assert.equal(-1, of_run())
    assert.equal(400, days "{portone-ledger}:entry:kept-1")
    local client, card = sandbox:client(), sandbox.cards.success
    assert(client.issue_billing_key { customer_uid = "user-43", card_number = card.card_number,
      expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit,
      channel_key = sandbox.channel_key })
    client.close()
    assert.equal(0, bill())
    assert.equal(400, of_run())
    assert.equal(0, bill "--keep 2")
    assert.equal(2, of_run())
    assert.equal(0, bill "--keep 0")
    assert.equal(-1, of_run())
    assert.equal(64, bill "--keep 0.5")
    connection:close()
    each_once("kept", 2)
  end)

  with_redis("loses nothing and charges nobody twice when machines are killed", function()
    local path = orders("killed", 120)
    slowly()
    local machines = {}
    for _, name in ipairs { "a", "b", "c" } do
      machines[name] = command.start(line(path):format(name), { env = env,
        out = dir .. "/" .. name })
    end
    await_charges("killed", 24)
    assert.equal(137, machines.a.kill "KILL")
    await_charges("killed", 48)
    assert.equal(137, machines.b.kill "KILL")
    assert.is_true(charges "killed" < 120)
    sandbox:clear_faults()
    local text = command.read(dir .. "/c")
    assert.equal(0, machines.c.wait(120), text)
    text = command.read(dir .. "/c")
    assert.truthy(text:find "paid +120   KRW 127,260\n", text)
    each_once("killed", 120)
    local _, rows = command.read(path .. ".c.csv"):gsub(",paid,", "")
    assert.equal(120, rows)
  end)

  with_redis("goes on when all machines were killed and one is started again", function()
    local path = orders("all", 60)
    slowly()
    local first = command.start(line(path):format "a", { env = env, out = dir .. "/all" })
    await_charges("all", 16)
    assert.equal(137, first.kill "KILL")
    sandbox:clear_faults()
    local out, err, status = command.run(line(path):format "b", { env = env })
    assert.equal(0, status, err)
    assert.truthy(out:find "paid +60 ", out)
    each_once("all", 60)
  end)
end)
