-- portone call: words of a command line to fields, answers, errors and their exit status.
local command = require "spec.support.command"
local json = require "portone.json"
local portone = require "portone"

describe("portone call #slow", function()
  local sandbox, env, dir

  setup(function()
    sandbox = assert(portone.sandbox.start {})
    env = command.settings(sandbox)
    dir = command.directory()
    local client, card = sandbox:client(), sandbox.cards.success
    assert(client.issue_billing_key { customer_uid = "user-42", card_number = card.card_number,
      expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit,
      channel_key = sandbox.channel_key })
    client.close()
  end)

  teardown(function()
    sandbox:stop()
    command.shell("rm -rf " .. dir)
  end)

  local function call(args, input)
    local out, err, status = command.run("call " .. args, { env = env, input = input })
    assert.is_nil(command.tells(sandbox, out .. err))
    return out, err, status
  end

  -- what arrived at the API, of the last call of an operation
  local function body_of(op)
    local list = sandbox:journal { kind = "request", op = op }
    return list[#list].body
  end

  it("gives each field its own type", function()
    local out, err, status = call("request_pay_again customer_uid=user-42 merchant_uid=o-1 "
      .. "amount=3000 name=007 --json")
    assert.equal(0, status, err)
    assert.equal("paid", json.decode(out).status)
    local body = body_of "v1.subscribe.again"
    assert.equal(3000, body.amount)
    assert.equal("007", body.name)
  end)

  it("nests by dots, counts lists, splits plain ones, takes JSON, files, objects", function()
    local at = os.time() + 86400
    local reason = command.write(dir .. "/name.txt", "monthly pass\n")
    local _, err, status = call(("schedule customer_uid=user-42 schedules[1].merchant_uid=s-1 "
      .. "schedules[1].schedule_at=%d schedules[1].amount=1000 schedules[1].name=@%s "
      .. "schedules[1].custom_data:='\"x\"'"):format(at, reason))
    assert.equal(0, status, err)
    local sent = body_of "v1.subscribe.schedule".schedules[1]
    assert.equal(at, sent.schedule_at)
    assert.equal("monthly pass", sent.name)
    assert.equal("x", sent.custom_data)
    assert.equal(0, select(3, call "v2.payment.get_payments filter.status=PAID,READY page.size=3"))
    local order = json.encode { customer_uid = "user-42", merchant_uid = "o-2", amount = 1 }
    assert.equal(0, select(3, call("request_pay_again name=x -", order)))
    command.write(dir .. "/order.json", (order:gsub("o%-2", "o-3")))
    assert.equal(0, select(3, call(("request_pay_again name=x @%s/order.json"):format(dir))))
    assert.equal("o-3", body_of "v1.subscribe.again".merchant_uid)
  end)

  it("turns pages with --all", function()
    local out, err, status = call "v1.payments.by_status payment_status=paid --all --limit 2 --json"
    assert.equal(0, status, err)
    assert.equal(2, #json.decode(out))
  end)

  it("prints every wrong field, and says 65", function()
    local out, err, status = call "get_payment paymntId=x"
    assert.equal(65, status)
    assert.equal("", out)
    assert.truthy(err:find("paymentId: required", 1, true), err)
    assert.truthy(err:find("paymntId: unknown field (did you mean paymentId?)", 1, true), err)
  end)

  it("ends with a status for each kind of error", function()
    local function status_of(args, more)
      local all = {}
      for name, value in pairs(env) do all[name] = value end
      for name, value in pairs(more or {}) do all[name] = value end
      return (select(3, command.run("call " .. args, { env = all })))
    end
    assert.equal(4, status_of "get_payment paymentId=none")
    assert.equal(3, status_of("request_pay_again customer_uid=user-42 merchant_uid=o-1 amount=1 "
      .. "name=x"))
    assert.equal(77, status_of("get_payment paymentId=none", { PORTONE_API_SECRET = "wrong" }))
    assert.equal(69, status_of("get_payment paymentId=none --deadline 0.5",
      { PORTONE_BASE_URL = "http://127.0.0.1:9" }))
    assert.equal(78, (select(3, command.run "call get_payment paymentId=x")))
    assert.equal(64, status_of "get_paymnt paymentId=x")
    assert.equal(64, status_of "get_payment paymentId")
    assert.equal(64, status_of "get_payment paymentId=a paymentId=b")
    assert.equal(66, status_of "get_payment paymentId=a --env /nowhere.env")
  end)

  it("tells an error as JSON", function()
    local _, err = call "get_payment paymentId=none --json"
    local found = json.decode(err).error
    assert.equal("not_found", found.kind)
    assert.equal("PAYMENT_NOT_FOUND", found.type)
  end)

  it("masks secrets in answers", function()
    local out, err, status = command.run("call v1.users.get_token - --json", { env = env,
      input = json.encode { imp_key = sandbox.imp_key, imp_secret = sandbox.imp_secret } })
    assert.equal(0, status, err)
    assert.equal("[redacted]", json.decode(out).access_token)
  end)

  it("finds its keys in a file", function()
    local lines = { "# settings" }
    for name, value in pairs(env) do lines[#lines + 1] = ("export %s='%s'"):format(name, value) end
    local path = command.write(dir .. "/env", table.concat(lines, "\n") .. "\n")
    assert.equal(4, (select(3, command.run("call get_payment paymentId=x --env " .. path))))
    command.write(dir .. "/env", "PORTONE_API_SECRET=a\nnonsense\n")
    local _, err, status = command.run("call get_payment paymentId=x --env " .. path)
    assert.equal(66, status)
    assert.truthy(err:find("env:2: ", 1, true), err)
  end)
end)
