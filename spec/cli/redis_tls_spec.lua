-- rediss:// of the command: Redis has to prove who it is before it is told anything.
local certificates = require "spec.support.certificates"
local command = require "spec.support.command"
local portone = require "portone"
local redis = require "spec.support.redis"
local tls = require "portone.cli.redis.tls"

describe("a certificate of Redis", function()
  it("is that of the host that was asked for, and of no other", function()
    local names = { dNSName = { "Redis.example.com", "*.example.net", "*", "*.com", "10.0.0.5" },
      iPAddress = { "10.0.0.6" } }
    for _, host in ipairs { "redis.example.com", "redis.example.com.", "a.EXAMPLE.net",
      "10.0.0.6" } do
      assert.is_true(tls.is_of(names, host), host)
    end
    for _, host in ipairs { "example.net", "a.b.example.net", "localhost", "example.com",
      "xredis.example.com", "10.0.0.5", "10.0.0.66" } do
      assert.is_false(tls.is_of(names, host), host)
    end
    assert.is_false(tls.is_of({}, "localhost"))
  end)
end)

describe("portone bill --redis rediss:// #slow", function()
  local certs, good, other, sandbox, env, dir

  setup(function()
    if not pcall(require, "ssl") then
      return
    end
    certs = certificates.new()
    local function start(name, names)
      local ok, server = pcall(redis.start, { tls = certs:issue(name, { names = names }),
        password = "open-sesame" })
      return ok and server
    end
    good = start("good", "DNS:localhost,IP:127.0.0.1")
    other = start("other", "DNS:redis.example.com")
    sandbox = assert(portone.sandbox.start {})
    env = command.settings(sandbox)
    env.PORTONE_REDIS_PASSWORD = "open-sesame"
    dir = command.directory()
    local client, card = sandbox:client(), sandbox.cards.success
    assert(client.issue_billing_key { customer_uid = "user-42", card_number = card.card_number,
      expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit,
      channel_key = sandbox.channel_key })
    client.close()
  end)

  teardown(function()
    for _, server in pairs { good or nil, other or nil } do server.stop() end
    if certs then
      sandbox:stop()
      certs:remove()
      command.shell("rm -rf " .. dir)
    end
  end)

  -- One order, over TLS: exit status, and what was said.
  local function bill(order, host, server, more)
    local path = command.write(("%s/%s.csv"):format(dir, order),
      "customer_uid,merchant_uid,amount,name\nuser-42," .. order .. ",100,x\n")
    local out, err, status = command.run(("bill %s --redis rediss://%s:%d --not-durable %s"):format(
      path, host, server.port, more), { env = env })
    assert.is_nil((out .. err):find("sesame", 1, true))
    return status, err
  end

  local function with_tls(name, fn)
    it(name, function()
      if not (good and other) then
        pending "LuaSec or a redis-server with TLS is not installed"
        return
      end
      fn()
    end)
  end

  with_tls("shares a run with a Redis that proves who it is", function()
    for i, host in ipairs { "localhost", "127.0.0.1" } do
      local status, err = bill("good-" .. i, host, good, "--redis-ca " .. certs.ca)
      assert.equal(0, status, err)
    end
    assert.equal(2, #sandbox:journal { kind = "charge" })
  end)

  with_tls("charges nothing with one that does not", function()
    local before = #sandbox:journal { kind = "charge" }
    for i, case in ipairs {
      { good, "127.0.0.1", "--redis-ca " .. certs.other_ca, "certificate verify failed" },
      { good, "127.0.0.1", "", "certificate verify failed" },  -- not of the system's authorities
      { other, "localhost", "--redis-ca " .. certs.ca, "not that of localhost" },
      { other, "127.0.0.1", "--redis-ca " .. certs.ca, "not that of 127.0.0.1" },
    } do
      local status, err = bill("bad-" .. i, case[2], case[1], case[3])
      assert.equal(69, status, err)
      assert.truthy(err:find(case[4], 1, true), err)
    end
    assert.equal(before, #sandbox:journal { kind = "charge" })
    -- who had the wrong name was not told the password: the one AUTH is this question's own
    local asked = command.shell(("env -u LD_PRELOAD REDISCLI_AUTH=open-sesame redis-cli --tls "
      .. "--insecure -p %d INFO commandstats 2>&1"):format(other.port))
    assert.equal("1", asked:match "cmdstat_auth:calls=(%d+)", asked)
    local _, err, status = command.run(
      "bill " .. dir .. "/bad-1.csv --redis redis://127.0.0.1 --redis-ca " .. certs.ca,
      { env = env })
    assert.equal(64, status)
    assert.truthy(err:find("--redis-ca is for rediss://", 1, true), err)
  end)
end)
