-- Looking operations up at a prompt.

local api = require "portone.api"
local check = require "portone.check"
local describe_ = require "portone.describe"

describe("operations", function()
  it("lists all of them", function()
    local rows = describe_.operations()
    assert.equal(227, #rows)
    for _, r in ipairs(rows) do
      assert.truthy(r.name and r.api and r.method and r.path and r.summary)
      assert.equal("boolean", type(r.stable))
    end
  end)

  it("takes a pattern of names, methods and paths", function()
    assert.equal(80, #describe_.operations("^v1%."))
    assert.equal(1, #describe_.operations("^v1%.subscribe%.again "))
    for _, r in ipairs(describe_.operations("/billing%-keys")) do
      assert.truthy(r.path:find("/billing-keys", 1, true))
    end
    assert.equal(#describe_.operations("/billing%-key"), #describe_.operations("/billing-key"))
    assert.equal(0, #describe_.operations("no such thing"))
    assert.equal(0, #describe_.operations("[malformed"))
  end)

  it("prints one a line", function()
    local text = tostring(describe_.operations("payment_schedule"))
    assert.truthy(text:find("v2.payment.payment_schedule.create_payment_schedule", 1, true))
    assert.truthy(text:find("POST", 1, true))
    assert.truthy(text:find("4 operations", 1, true))
    assert.truthy(tostring(describe_.operations("get_payment_transactions")):find("unstable"))
  end)
end)

describe("describe", function()
  it("tells method, path, fields, enums, errors", function()
    local text = describe_.describe("v2.payment.pay_with_billing_key")
    for _, part in ipairs { "POST /payments/{paymentId}/billing-key", "billingKey*  ",
      "KRW, USD", "PERSONAL | CORPORATE", "exactly one of: full, separated", "409 ALREADY_PAID",
      "required for eximbay_v2" } do
      assert.truthy(text:find(part, 1, true), part)
    end
  end)

  it("tells the rules of PGs and lengths in V1", function()
    local text = describe_.describe("v1.subscribe.again")
    assert.truthy(text:find("at most 40 characters", 1, true))
    assert.truthy(text:find("required for danal_tpay", 1, true))
    assert.truthy(text:find("offered by chai", 1, true))
    assert.truthy(text:find("name+", 1, true))
  end)

  it("gives an example that passes the check, for every operation", function()
    local load_text = loadstring or load
    for row in api.all() do
      local text = describe_.describe(row.name)
      local example = text:match("\nexample\n  portone%." .. row.name:gsub("%.", "%%.") .. " (.*)$")
      assert.truthy(example, row.name)
      local args = assert(load_text("return " .. example))()
      assert.is_nil((check.args(row, args)), row.name)
      assert.same(describe_.example(row), args)
    end
  end)

  it("fits a terminal, but for the example's strings", function()
    for row in api.all() do
      local text = describe_.describe(row.name):match("^(.*)\nexample\n")
      for line in text:gmatch("[^\n]+") do
        assert.truthy(#line <= 100 or not line:sub(1, 90):find("%S%s+%S.* "), line)
      end
    end
  end)

  it("takes a unique end of a name, and groups", function()
    assert.equal(describe_.describe("v1.subscribe.again"), describe_.describe("again"))
    assert.equal(describe_.describe("v1.subscribe.again"),
      describe_.describe("portone.v1.subscribe.again"))
    assert.truthy(describe_.describe("v1.customers"):find("6 operations", 1, true))
    assert.truthy(describe_.describe("v2"):find("147 operations", 1, true))
  end)

  it("shows both operations of a verb, and how each is told", function()
    for verb, names in pairs {
      request_pay_again = { "v1.subscribe.again", "v2.payment.pay_with_billing_key" },
      schedule = { "v1.subscribe.schedule", "v2.payment.payment_schedule.create_payment_schedule" },
      issue_billing_key = { "v1.customers.issue", "v2.payment.billing_key.issue_billing_key" },
    } do
      local text = describe_.describe(verb)
      assert.truthy(text:find("-- V1 takes { customer_uid,", 1, true), verb)
      for _, name in ipairs(names) do
        assert.truthy(text:find(describe_.describe(name), 1, true), name)
      end
    end
  end)

  it("raises for a name that is none, with what may have been meant", function()
    local ok, message = pcall(describe_.describe, "v2.payment.get_paymnt")
    assert.is_false(ok)
    assert.truthy(message:find("did you mean v2.payment.get_payment?", 1, true))
    ok, message = pcall(describe_.describe, "get")
    assert.is_false(ok)
    assert.truthy(message:find("which one", 1, true))
    assert.is_false(pcall(describe_.describe, nil))
  end)
end)

describe("the module", function()
  local portone = require "portone"

  local function raises(pattern, fn, ...)
    local ok, message = pcall(fn, ...)
    assert.is_false(ok)
    assert.matches(pattern, message)
    assert.matches("^spec/describe_spec%.lua:%d+: ", message) -- the caller's own line
  end

  local function describe_of(name)
    local text = portone.describe(name)
    return text
  end

  it("lists 227 operations, 80 of V1 and 147 of V2, and narrows them", function()
    local rows, count = portone.operations(), { v1 = 0, v2 = 0 }
    assert.equal(227, #rows)
    for _, row in ipairs(rows) do
      count[row.api] = count[row.api] + 1
      assert.equal(row.name, api.named(row.name).name)
    end
    assert.same({ v1 = 80, v2 = 147 }, count)
    assert.equal(1, #portone.operations "cancel_payment")
    assert.is_true(#portone.operations "billing" > 5)
    raises("expected text or a pattern, got table", function()
      local list = portone.operations {}
      return list
    end)
  end)

  it("prints them, and what is told of one", function()
    local printed = {}
    local real = print
    _G.print = function(text) printed[#printed + 1] = tostring(text) end -- luacheck: ignore
    local ok, problem = pcall(function()
      print(portone.operations "cancel_payment")
      print(portone.describe "v2.payment.cancel_payment")
      print(portone.v2.payment)
    end)
    _G.print = real -- luacheck: ignore
    assert(ok, problem)
    assert.matches("v2%.payment%.cancel_payment +POST +/payments/{paymentId}/cancel", printed[1])
    assert.matches("\n  reason%* +string", printed[2])
    assert.matches("\n  409 CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN", printed[2])
    assert.matches("\n  portone%.v2%.payment%.cancel_payment {", printed[2])
    assert.matches("\n  cancel_payment +Refund a payment", printed[3])
  end)

  it("describes an operation that is handed over as a function", function()
    local again = portone.v1.subscribe.again
    assert.equal(portone.describe "v1.subscribe.again", portone.describe(again))
  end)

  it("raises for a name that is none, with what was meant, in either API", function()
    raises("did you mean v2%.payment%.get_payment%?", describe_of, "v2.payment.get_paymnt")
    raises("did you mean v1%.subscribe%.again%?", describe_of, "subscribe.agian")
    raises("did you mean v1%.payments%.by_status%?", describe_of, "payments.bystatus")
    raises("no operation \"qqqqqqqqqqqq\"$", describe_of, "qqqqqqqqqqqq")
    raises("expected a name, got nil", describe_of, nil)
    raises("expected a name, got table", describe_of, {})
    raises("expected a name, got function", describe_of, print)
  end)

  it("asks which of several a short name means", function()
    raises('"issue": which one: v1%.customers%.issue, v1%.cvs%.issue, v1%.receipts%.issue',
      describe_of, "issue")
    raises("which one: v1%.naver%.cancel, v1%.payments%.cancel%?", describe_of, "cancel")
  end)

  it("tells amounts and PGs of V1", function()
    local text = portone.describe("v1.subscribe.again"):gsub("%s+", " ")
    assert.matches("no finer than currency allows: amount, tax_free, vat_amount", text)
    assert.matches("required for paypal_v2; paypal_v2 does not take KRW", text)
  end)
end)

describe("show", function()
  it("prints what a call returned, its error when there is one", function()
    local portone, said, real = require "portone", {}, print
    local client = portone.new { api_secret = "s", base_url = "http://127.0.0.1:1" }
    rawset(_G, "print", function(text) said[#said + 1] = text end)
    portone.show(client.v2.payment.get_payment {})
    portone.show({ id = "order-1" }, nil, {})
    portone.show(nil, "no error of ours")
    rawset(_G, "print", real)
    assert.matches("^portone: invalid_request: .*paymentId", said[1])
    assert.matches('id = "order%-1"', said[2])
    assert.equal("nil", said[3])
  end)
end)
