local schema = require "portone.checkout.schema"

local requests = { "requestPayment", "requestIssueBillingKey", "requestIssueBillingKeyAndPay",
  "requestIdentityVerification", "loadPaymentUI", "loadIssueBillingKeyUI" }

local function count(list)
  local n = 0
  for _ in pairs(list) do n = n + 1 end
  return n
end

local function has(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

describe("the browser SDK's schema", function()
  local payment = schema.v2("requestPayment").body

  it("knows Norway, which YAML takes for false", function()
    assert.is_true(has(payment.country.enum, "NO"))
    assert.equal(249, #payment.country.enum)
    for _, value in ipairs(payment.country.enum) do
      assert.truthy(value:find("^%u%u$"), tostring(value))
    end
  end)

  it("has all values of its enums, and those of pages beside", function()
    assert.equal(176, #payment.currency.enum)
    assert.equal(30, #payment.locale.enum)
    assert.equal(10, #payment.payMethod.enum)
    local wallets = payment.easyPay.fields.easyPayProvider.enum
    assert.equal(33 + 3, #wallets)
    assert.is_true(has(wallets, "MONEYTREE") and has(wallets, "PAYPAL"))
    assert.equal(23, #payment.card.fields.cardCompany.enum)
    assert.equal(15, #payment.virtualAccount.fields.bankCode.enum)
    assert.equal(6, #payment.mobile.fields.carrier.enum)
    assert.equal("CURRENCY", payment.currency.prefix)
    assert.is_nil(payment.locale.prefix)
    assert.is_true(has(schema.v2("requestIssueBillingKey").body.billingKeyMethod.enum, "TRANSFER"))
  end)

  it("has the requests whole", function()
    local fields = { 42, 24, 27, 11, 25, 16 }
    for i, name in ipairs(requests) do
      local row = schema.v2(name)
      assert.equal(name, row.method)
      assert.equal(fields[i], count(row.body), name)
    end
    for _, name in ipairs { "storeId", "paymentId", "orderName", "totalAmount", "currency" } do
      assert.is_true(payment[name].required, name)
    end
    assert.is_nil(payment.payMethod.required)
  end)

  it("is tied together: no reference and no name of an enum is left", function()
    local seen = {}
    local function walk(fields, path)
      for name, field in pairs(fields) do
        if not seen[field] then
          seen[field] = true
          local at = path .. "." .. name
          assert.is_nil(field.ref, at)
          assert.is_true(field.enum == nil or type(field.enum) == "table", at)
          walk(field.fields or {}, at)
          walk(field.items and { ["[]"] = field.items } or {}, at)
        end
      end
    end
    for _, name in ipairs(requests) do walk(schema.v2(name).body, name) end
    walk(schema.v1().body, "v1")
  end)

  it("keeps what one of several shapes means", function()
    local month = payment.card.fields.installment.fields.monthOption
    assert.same({ { "availableMonthList", "fixedMonth" } }, month.one_of)
    local range = payment.offerPeriod.fields.range
    assert.same({ { "from", "to" } }, range.any_of)
    assert.is_nil(range.fields.from.required)
    assert.is_true(payment.bypass.open)
  end)
end)
