-- portone repl: what it evaluates, completes, and keeps; through a pipe and on a terminal.
local command = require "spec.support.command"
local complete = require "portone.cli.repl.complete"
local history = require "portone.cli.repl.history"
local portone = require "portone"

-- {====== Completion, as words ======

describe("completion at the prompt", function()
  local env = { v1 = {}, v2 = {}, portone = {}, client = {},
    cards = { success = {}, declined = {} },
    sandbox = setmetatable({ v1_url = "" }, { __index = { advance = print, journal = print } }) }

  local function words(text, word)
    return complete.words(env, text, word or text)
  end

  local function has(list, name)
    for _, word in ipairs(list) do
      if word == name then return true end
    end
    return false
  end

  it("knows groups and operations", function()
    assert.is_true(has(words "v2.", "v2.payment."))
    assert.is_true(has(words "v2.pay", "v2.payment."))
    assert.same({ "v2.payment.get_payment", "v2.payment.get_payment_transactions",
      "v2.payment.get_payments" }, words "v2.payment.get_payment")
    assert.same({ "v2.payment.billing_key." }, words "v2.payment.billing")
    assert.is_true(has(words "portone.v1.subscribe.a", "portone.v1.subscribe.again"))
    assert.is_true(has(words("x = v1.subscribe.a", "v1.subscribe.a"), "v1.subscribe.again"))
  end)

  it("knows what is at the prompt", function()
    assert.same({ "cards.declined" }, words "cards.d")
    assert.same({ "sandbox:advance" }, words "sandbox:ad")
    assert.is_true(has(words "tostr", "tostring"))
    assert.same({}, words "nothing.at.all")
  end)

  it("knows the fields inside the braces of a call, as deep as they go", function()
    local call = "v2.payment.pay_with_billing_key { "
    assert.same({ "billingKey = " }, words(call .. "bil", "bil"))
    assert.same({ "total = " }, words(call .. "amount = { to", "to"))
    assert.is_true(has(words(call .. "paymentId = 'a, {', ", ""), "orderName = "))
    assert.is_true(has(words(call .. "\n  customer = { name = { ", ""), "full = "))
    assert.same({ "quantity = " }, words(call .. "products = { { id = 'x', q", "q"))
    assert.is_true(has(words("v2.payment.pay_with_billing_key({ ", ""), "currency = "))
  end)

  it("knows the fields of a verb, of both APIs until the first one tells", function()
    local list = words("request_pay_again { ", "")
    assert.is_true(has(list, "customer_uid = ") and has(list, "billingKey = "))
    list = words("request_pay_again { customer_uid = 'u', ", "")
    assert.is_true(has(list, "merchant_uid = ") and not has(list, "billingKey = "))
  end)

  it("knows the values of a field inside its quotes", function()
    assert.same({ "KRW" }, words('v2.payment.pay_with_billing_key { currency = "KR', "KR"))
    assert.is_true(has(words('v2.payment.get_payments { filter = { status = { "', ""), "PAID")
      or has(words('v2.payment.get_payments { filter = { status = "', ""), "PAID"))
    assert.same({}, words('print("v2.pay', "v2.pay"))
    assert.is_true(has(words('help "v2.pay', "v2.pay"), "v2.payment."))
  end)
end)

-- }======

describe("the history of the prompt", function()
  it("keeps no line with a secret or a card in it", function()
    for _, line in ipairs { 'x = { card_number = "4242-4242-4242-4242" }', "n = '4242424242424242'",
      'portone.new { api_secret = "abc" }', 'f { birth = "900101", pwd_2digit = "00" }',
      "credential = { number = 1 }", 'verify { secret = "whsec_abc" }', "key = the-secret",
      "t = '" .. ("ab12"):rep(16) .. "'" } do
      assert.is_false(history.is_harmless(line, { "the-secret" }), line)
    end
    for _, line in ipairs { "1 + 1", 'request_pay_again { amount = 3000, name = "x" }',
      "issue { card_number = cards.success.card_number, birth = cards.success.birth }",
      'v2.payment.get_payment { paymentId = "order-1001" }' } do
      assert.is_true(history.is_harmless(line, { "the-secret" }), line)
    end
  end)
end)

describe("portone repl #slow", function()
  local dir
  setup(function() dir = command.directory() end)
  teardown(function() command.shell("rm -rf " .. dir) end)

  it("evaluates what comes from a pipe, against a sandbox of its own", function()
    local out, err, status = command.run("repl", { input = [[
1 + 1
= "a" .. "b"
x = 5
x
issue_billing_key {
  customer_uid = "user-42", channel_key = channel,
  card_number = cards.success.card_number, expiry = cards.success.expiry,
  birth = cards.success.birth, pwd_2digit = cards.success.pwd_2digit }
request_pay_again { customer_uid = "user-42", merchant_uid = "o-1", amount = 3000, name = "x" }
result.status
request_pay_again { customer_uid = "user-42", merchant_uid = "o-1", amount = 3000, name = "x" }
err.kind
for i = 1, 2 do
  print("line " .. i)
end
help "again"
#operations "billing" > 5
sandbox:advance "1 month" > 0 or sandbox:now() > 0
]] })
    assert.equal(0, status, err)
    assert.equal("", err)
    assert.truthy(out:find('^2\n"ab"\n5\n{\n'), out)
    for _, part in ipairs { '  merchant_uid = "o-1",\n', '\n"paid"\n',
      "\nportone: rejected (code 1): ",
      '\n"rejected"\nline 1\nline 2\nv1.subscribe.again\n  Charge', "\ntrue\ntrue\n" } do
      assert.truthy(out:find(part, 1, true), part .. "\n" .. out)
    end
    assert.is_nil(out:find("4242", 1, true))
  end)

  it("says what went wrong and goes on; the exit status tells", function()
    local out, err, status = command.run("repl", { input = "nothing.at.all\nx = = 1\n7\n(" })
    assert.equal(70, status)
    assert.equal("7\n", out)
    assert.truthy(err:find "nothing", err)
    assert.truthy(err:find "unexpected symbol", err)
    assert.truthy(err:find "not finished", err)
  end)

  it("works with the account of the environment, and needs one", function()
    local sandbox = assert(portone.sandbox.start {})
    local out, err, status = command.run("repl --account", { env = command.settings(sandbox),
      input = 'sandbox\nv2.payment.get_payments { page = { size = 1 } }\nclient\n' })
    assert.is_nil(command.tells(sandbox, out .. err))
    sandbox:stop()
    assert.equal(0, status, err)
    assert.truthy(out:find("totalCount = 0", 1, true), out)
    assert.equal(78, (select(3, command.run "repl --account")))
  end)

  local function typed(keys, path)
    return assert(command.typed("repl --seed x", { TERM = "xterm", HOME = dir,
      PORTONE_HISTORY = path }, "portone> ", keys))
  end

  it("completes on a terminal, and keeps a private history without secrets", function()
    if not pcall(require, "readline") then
      pending "lua-readline is not installed"
      return
    end
    local out = typed('v2.payment.get_payments { fil\t }\nissue { api_secret = "abc" }\n'
      .. 'string.rep("ok",\n3)\n\4', dir .. "/state/history")
    assert.truthy(out:find("portone> ", 1, true), out)
    assert.truthy(out:find("filter = ", 1, true), out)
    assert.truthy(out:find("      >> ", 1, true), out)
    assert.truthy(out:find("okokok", 1, true), out)
    local text = command.read(dir .. "/state/history")
    assert.truthy(text:find('string.rep("ok",\n', 1, true), text)
    assert.is_nil(text:find("secret", 1, true))
    assert.equal("600\n", command.shell("stat -c %a " .. dir .. "/state/history"))
    assert.equal("700\n", command.shell("stat -c %a " .. dir .. "/state"))
  end)

  it("goes back in the history of another day", function()
    if not pcall(require, "readline") then
      pending "lua-readline is not installed"
      return
    end
    command.write(dir .. "/old", 'string.rep("yesterday", 2)\n')
    local out = typed("\27[A\n\4", dir .. "/old")
    assert.truthy(out:find("yesterdayyesterday", 1, true), out)
  end)
end)
