-- Money in the check of arguments: units, decimals and what a PG takes.

local api = require "portone.api"
local check = require "portone.check"
local currency = require "portone.check.currency"

local function row(name)
  local version, group, op = name:match("^(v%d)%.(.+)%.([^.]+)$")
  return assert(api.find(version, group, op), name)
end

local function problems(name, args, ctx)
  local out = {}
  for i, p in ipairs(check.args(row(name), args, ctx) or {}) do
    out[i] = p.path .. ": " .. p.problem
  end
  return out
end

local function at(name, args, path, ctx)
  for _, p in ipairs(check.args(row(name), args, ctx) or {}) do
    if p.path == path then return p.problem end
  end
end

local AGAIN = "v1.subscribe.again"

local function again(with)
  local args = { customer_uid = "user-42", merchant_uid = "order-1", amount = 3000,
    name = "monthly pass" }
  for k, v in pairs(with or {}) do args[k] = v end
  return args
end

describe("amounts of V1", function()
  it("are no finer than their currency, which is won where none is given", function()
    assert.equal("KRW has no fractions", at(AGAIN, again { amount = 3000.5 }, "amount"))
    assert.equal("KRW has no fractions", at(AGAIN, again { tax_free = 0.1 }, "tax_free"))
    assert.equal("JPY has no fractions",
      at(AGAIN, again { amount = 30.5, currency = "JPY" }, "amount"))
    assert.equal("USD has 2 digits after the point",
      at(AGAIN, again { amount = 10.555, currency = "USD" }, "amount"))
    assert.same({}, problems(AGAIN, again { amount = 10.55, currency = "USD" }))
    assert.same({}, problems(AGAIN, again { amount = 0.07, vat_amount = 0.01, currency = "EUR" }))
    assert.same({}, problems(AGAIN, again { amount = 10.555, currency = "KWD" }))
    assert.same({}, problems(AGAIN, again { amount = 3000.0 }))
    assert.same({ "amount: expected number, got not-a-number" },
      problems(AGAIN, again { amount = 0 / 0 }))
  end)

  it("in a schedule and in the goods of an escrow are looked at one by one", function()
    local function items(...)
      local list = {}
      for i, amount in ipairs { ... } do
        list[i] = { merchant_uid = "m" .. i, schedule_at = 1893456000, amount = amount,
          currency = "USD", name = "n" }
      end
      return { customer_uid = "u", schedules = list }
    end
    assert.same({}, problems("v1.subscribe.schedule", items(1, 2.55)))
    assert.truthy(at("v1.subscribe.schedule", items(1, 2.555), "schedules[2].amount"))
    assert.equal("must not be empty", at("v1.subscribe.schedule", items(), "schedules"))
    assert.truthy(at("v1.escrows.register", { imp_uid = "i", products = { { id = "a",
      name = "n", amount = 1.5 } } }, "products[1].amount"))
  end)

  it("registered ahead are free of it until a currency is given", function()
    local args = { merchant_uid = "m", amount = 10.5 }
    assert.same({}, problems("v1.payments.prepare", args))
    args.currency = "KRW"
    assert.truthy(at("v1.payments.prepare", args, "amount"))
    assert.truthy(at("v1.payments.prepare_update", args, "amount"))
  end)

  it("and of V2 are not below zero; whether zero will do is the PG's to say", function()
    local function v2(amount)
      return { paymentId = "p", billingKey = "k", orderName = "n", currency = "KRW",
        amount = amount }
    end
    local PAY, CANCEL = "v2.payment.pay_with_billing_key", "v2.payment.cancel_payment"
    assert.same({ "amount: must be at least 0" }, problems(AGAIN, again { amount = -1 }))
    assert.same({}, problems(AGAIN, again { amount = 0 }))
    assert.same({ "amount: must be at least 0" },
      problems("v1.payments.cancel", { imp_uid = "i", amount = -1 }))
    assert.same({}, problems("v1.payments.cancel", { imp_uid = "i", amount = 0 }))
    assert.equal("must be at least 0", at("v1.subscribe.schedule", { customer_uid = "u",
      schedules = { { merchant_uid = "m", schedule_at = 1893456000, amount = -0.5, name = "n",
        currency = "USD" } } }, "schedules[1].amount"))
    assert.same({ "amount.total: must be at least 0" }, problems(PAY, v2 { total = -1 }))
    assert.same({ "amount.taxFree: must be at least 0" },
      problems(PAY, v2 { total = 1, taxFree = -1 }))
    assert.same({}, problems(PAY, v2 { total = 0 }))
    assert.same({ "amount: must be at least 0" },
      problems(CANCEL, { paymentId = "p", reason = "r", amount = -1 }))
  end)

  it("say nothing about a currency that is wrong itself", function()
    assert.same({ "currency: expected an ISO 4217 code such as KRW or USD, got \"WON\"" },
      problems(AGAIN, again { amount = 0.5, currency = "WON" }))
  end)

  it("are not taken in won by a PG that has none", function()
    local ctx = { pg = "paypal_v2" }
    assert.equal("paypal_v2 does not take KRW",
      at(AGAIN, again { currency = "KRW" }, "currency", ctx))
    assert.equal("required for paypal_v2", at(AGAIN, again(), "currency", ctx))
    assert.same({}, problems(AGAIN, again { currency = "USD", amount = 10.5 }, ctx))
    assert.same({}, problems(AGAIN, again { currency = "KRW" }, { pg = "nice" }))
    assert.equal("paypal_v2 does not take KRW", at("v1.subscribe.schedule", { customer_uid = "u",
      schedules = { { merchant_uid = "m", schedule_at = 1893456000, amount = 1, name = "n",
        currency = "KRW" } } }, "schedules[1].currency", ctx))
  end)
end)

describe("orders of V1", function()
  it("have a name, and each its own", function()
    for _, name in ipairs { "merchant_uid", "customer_uid" } do
      assert.equal("must not be empty", at(AGAIN, again { [name] = "" }, name))
    end
    assert.equal("must not be empty", at("v1.payments.prepare", { merchant_uid = "", amount = 1 },
      "merchant_uid"))
    assert.same({}, problems("v1.payments.cancel", { imp_uid = "i", merchant_uid = "" }))
    local function schedules(...)
      local list = {}
      for i, uid in ipairs { ... } do
        list[i] = { merchant_uid = uid, schedule_at = 1893456000, amount = 1, name = "n",
          currency = "KRW" }
      end
      return problems("v1.subscribe.schedule", { customer_uid = "u", schedules = list })
    end
    assert.same({}, schedules("a", "b", "A"))
    assert.same({ "schedules[2].merchant_uid: must not be empty",
      "schedules[4].merchant_uid: the same as in item 1: each needs its own",
      "schedules[5].merchant_uid: the same as in item 1: each needs its own" },
      schedules("a", "", "b", "a", "a"))
  end)
end)

describe("currency", function()
  it("knows the digits of minor units", function()
    for code, digits in pairs { KRW = 0, JPY = 0, USD = 2, EUR = 2, KWD = 3, BHD = 3, CLF = 4,
      VND = 0, CLP = 0, ISK = 0, CNY = 2 } do
      assert.equal(digits, currency.digits(code), code)
    end
    assert.is_nil(currency.digits "ZZZ")
  end)

  it("converts both ways", function()
    assert.equal(1000, currency.minor(10, "USD"))
    assert.equal(1234, currency.minor(12.34, "USD"))
    assert.equal(1000, currency.minor(1000, "KRW"))
    assert.equal(1500, currency.minor(1.5, "KWD"))
    assert.equal(12345678901234, currency.minor(123456789012.34, "USD"))
    assert.is_nil(currency.minor(10.5, "KRW"))
    assert.is_nil(currency.minor(12.345, "USD"))
    assert.is_nil(currency.minor(1, "ZZZ"))
    assert.equal(12.34, currency.major(1234, "USD"))
    assert.is_nil(currency.major(1, "ZZZ"))
  end)

  it("says what can be paid", function()
    assert.is_true(currency.payable(10.55, "USD"))
    assert.is_true(currency.payable(1e9 + 0.55, "USD"))
    assert.is_false(currency.payable(10.555, "USD"))
    assert.is_false(currency.payable(0.5, "KRW"))
    assert.is_false(currency.payable(1, "ZZZ"))
    for _, n in ipairs { 1 / 0, -1 / 0, 0 / 0 } do
      assert.is_false(currency.payable(n, "KRW"))
      assert.is_false(currency.payable(n, "USD"))
    end
  end)
end)
