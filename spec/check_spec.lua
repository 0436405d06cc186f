-- The check of arguments, kind by kind; check_sweep_spec.lua goes over all operations.

local api = require "portone.api"
local check = require "portone.check"
local json = require "portone.json"

local function row(name)
  local version, group, op = name:match("^(v%d)%.(.+)%.([^.]+)$")
  return assert(api.find(version, group, op), name)
end

-- "path: problem" of each, in order of path.
local function texts(list)
  local out = {}
  for i, p in ipairs(list or {}) do out[i] = p.path .. ": " .. p.problem end
  return out
end

local function problems(name, args, ctx) return texts((check.args(row(name), args, ctx))) end

local function warnings(name, args, ctx)
  local bad, warned = check.args(row(name), args, ctx)
  assert.same({}, texts(bad))
  return texts(warned)
end

local function at(name, args, path, ctx)
  for _, p in ipairs(check.args(row(name), args, ctx) or {}) do
    if p.path == path then return p.problem end
  end
end

local PAY = "v2.payment.pay_with_billing_key"
local SCHEDULE = "v2.payment.payment_schedule.create_payment_schedule"
local AGAIN = "v1.subscribe.again"

local function pay(with)
  local args = {
    paymentId = "order-1", billingKey = "billing-key-1", orderName = "monthly pass",
    amount = { total = 1000 }, currency = "KRW",
  }
  for k, v in pairs(with or {}) do args[k] = v end
  return args
end

local function again(with)
  local args = { customer_uid = "user-42", merchant_uid = "order-1", amount = 3000,
    name = "monthly pass" }
  for k, v in pairs(with or {}) do args[k] = v end
  return args
end

describe("types", function()
  it("pass what is right, with nothing to say", function()
    local bad, warned = check.args(row(PAY), pay {
      customer = { id = "user-42", name = { full = "Hong" } }, noticeUrls = {},
      products = { { id = "p", name = "x", amount = 1000, quantity = 1 } },
      bypass = { any = { thing = true } }, skipWebhook = false,
    })
    assert.is_nil(bad)
    assert.is_nil(warned)
  end)

  it("say of every problem what kind it is", function()
    local function code(name, args, path, ctx)
      for _, p in ipairs(check.args(row(name), args, ctx) or {}) do
        if p.path == path then return p.code end
      end
    end
    assert.equal("required", code(PAY, {}, "paymentId"))
    assert.equal("required", code(AGAIN, {}, "customer_uid"))
    assert.equal("unknown_field", code(PAY, pay { paymentID = 1 }, "paymentID"))
    assert.equal("type", code(PAY, pay { orderName = 1 }, "orderName"))
    assert.equal("type", code(PAY, pay { amount = { total = 1.5 } }, "amount.total"))
    assert.equal("type", code(PAY, pay { noticeUrls = { "a", nil, "c" } }, "noticeUrls"))
    assert.equal("type", code(PAY, "x", ""))
    assert.equal("enum", code(PAY, pay { currency = "X" }, "currency"))
    assert.equal("length", code(AGAIN, again { merchant_uid = ("x"):rep(41) }, "merchant_uid"))
    assert.equal("length", code(PAY, pay { paymentId = "" }, "paymentId"))
    assert.equal("count", code("v1.subscribe.schedule", { schedules = {} }, "schedules"))
    assert.equal("range", code(PAY, pay { amount = { total = 2 ^ 53 } }, "amount.total"))
    assert.equal("range", code(AGAIN, again { amount = 0 / 0 }, "amount"))
    assert.equal("format", code("v1.subscribe.onetime", { expiry = "12/30" }, "expiry"))
    assert.equal("format", code(AGAIN, again { bypass = "{" }, "bypass"))
    local twice = { { merchant_uid = "o" }, { merchant_uid = "o" } }
    assert.equal("unique", code("v1.subscribe.schedule", { schedules = twice },
      "schedules[2].merchant_uid"))
    assert.equal("choice", code("v1.payments.cancel", {}, "imp_uid"))
    assert.equal("currency", code(AGAIN, again { amount = 0.5 }, "amount"))
    assert.equal("page", code("v2.payment.get_payments", { page = { number = 60, size = 1000 } },
      "page"))
    assert.equal("not_offered", code("v1.customers.issue", {}, "", { pg = "kakaopay" }))
    local bare = { paymentId = "x", timeToPay = "2030-01-01 00:00:00", payment = {} }
    assert.equal("offset", code(SCHEDULE, bare, "timeToPay", { wire = true }))
    bare.timeToPay = "tomorrow"
    assert.equal("format", code(SCHEDULE, bare, "timeToPay", { wire = true }))
  end)

  it("find every problem at once, each with its path", function()
    assert.same({
      'amount.total: expected integer, got string "1000" (send a number, e.g. 1000)',
      "billingKey: expected string, got number (send a string)",
      'currency: unknown value "KWR" (did you mean "KRW"?)',
      "customer.id: expected string, got boolean",
      "orderName: required field is missing (string)",
      "ordername: unknown field (did you mean orderName?)",
      "products[2].amount: required field is missing (integer)",
    }, problems(PAY, {
      paymentId = "order-1", billingKey = 1, ordername = "x", amount = { total = "1000" },
      currency = "KWR", customer = { id = true },
      products = {
        { id = "a", name = "x", amount = 1, quantity = 1 }, { id = "b", name = "x", quantity = 1 },
      },
    }))
  end)

  it("take integers that are exact everywhere, and no others", function()
    assert.is_nil(at(PAY, pay { amount = { total = 2 ^ 53 - 1 } }, "amount.total"))
    assert.is_nil(at("v2.payment.cancel_payment", { currentCancellableAmount = -(2 ^ 53 - 1) },
      "currentCancellableAmount"))
    assert.is_nil(at(PAY, pay { amount = { total = 3000.0 } }, "amount.total"))
    for _, n in ipairs { 2 ^ 53, -2 ^ 53, 1e300, 1 / 0, -1 / 0, 0 / 0, 0.5 } do
      assert.truthy(at(PAY, pay { amount = { total = n } }, "amount.total"), tostring(n))
    end
    assert.truthy(at(PAY, pay { installmentMonth = 2 ^ 31 }, "installmentMonth"))
    assert.is_nil(at(PAY, pay { installmentMonth = 2 ^ 31 - 1 }, "installmentMonth"))
  end)

  it("take decimals where the API does, but no infinities", function()
    assert.same({}, problems(AGAIN, again { amount = 10.25, currency = "USD" }))
    for _, n in ipairs { 1 / 0, 0 / 0, 2 ^ 60 } do
      assert.truthy(at(AGAIN, again { amount = n }, "amount"), tostring(n))
    end
  end)

  it("refuse a numeric string with a hint", function()
    assert.equal('expected number, got string "3000" (send a number, e.g. 3000)',
      at(AGAIN, again { amount = "3000" }, "amount"))
  end)

  it("count characters, not bytes", function()
    assert.is_nil(at(AGAIN, again { merchant_uid = ("가"):rep(40) }, "merchant_uid"))
    assert.equal("at most 40 characters, got 41",
      at(AGAIN, again { merchant_uid = ("가"):rep(41) }, "merchant_uid"))
    assert.truthy(at("v1.tiers.get", { tier_code = "AB" }, "tier_code"))
    assert.is_nil(at("v1.tiers.get", { tier_code = "가나다" }, "tier_code"))
  end)

  it("tell objects from arrays", function()
    assert.equal("expected object, got array", at(PAY, pay { amount = { 1000 } }, "amount"))
    assert.equal("expected object, got array",
      at(PAY, pay { customer = json.array {} }, "customer"))
    assert.truthy(at(PAY, pay { bypass = { 1 } }, "bypass"))
    assert.truthy(at(PAY, pay { noticeUrls = { url = "x" } }, "noticeUrls"))
    assert.truthy(at(PAY, pay { noticeUrls = "x" }, "noticeUrls"))
    assert.truthy(at(PAY, pay { noticeUrls = { "a", nil, "c" } }, "noticeUrls"):find("hole"))
    assert.truthy(at(PAY, { 1, 2 }, ""))
    assert.truthy(at(PAY, "order-1", ""))
  end)

  it("survive odd keys and metatables", function()
    local odd = pay()
    odd[true], odd[print], odd[{}] = 1, 2, 3
    assert.truthy(#problems(PAY, odd) > 0)
    local hostile = setmetatable(pay(), {
      __index = function() error("indexed") end, __pairs = function() error("walked") end,
      __len = function() error("measured") end, __tostring = function() error("printed") end,
    })
    assert.same({}, problems(PAY, hostile))
    hostile.noticeUrls = setmetatable({ "a" }, getmetatable(hostile))
    assert.same({}, problems(PAY, hostile))
  end)

  it("keep a hundred problems at most, and values short", function()
    local urls = {}
    for i = 1, 5000 do urls[i] = i end
    local args = pay { noticeUrls = urls }
    for i = 1, 500 do args["unknown_" .. i] = i end
    assert.equal(100, #problems(PAY, args))
    assert.truthy(#at(PAY, pay { currency = ("x"):rep(10000) }, "currency") < 200)
  end)

  it("never change the arguments", function()
    local args = pay { customer = { id = "x" }, extra = { new = 1 } }
    local before = json.encode(args)
    check.args(row(PAY), args, { pg = "tosspayments" })
    assert.equal(#before, #json.encode(args))
  end)

  it("take null for what is optional only", function()
    assert.same({}, problems(PAY, pay { customer = json.null, country = json.null }))
    assert.equal("expected string, got null",
      at(PAY, pay { billingKey = json.null }, "billingKey"))
    assert.truthy(at(PAY, pay { noticeUrls = { json.null } }, "noticeUrls[1]"))
    assert.truthy(at(PAY, pay { paymentId = json.null }, "paymentId"))
    assert.truthy(at("v1.payments.find", { merchant_uid = "x", payment_status = json.null },
      "payment_status"))
  end)

  it("refuse an empty path field", function()
    assert.equal("must not be empty", at(PAY, pay { paymentId = "" }, "paymentId"))
  end)
end)

describe("fields", function()
  it("unknown ones are refused with a suggestion", function()
    assert.equal("unknown field (did you mean customer_uid?)",
      at(AGAIN, again { customerUid = "x" }, "customerUid"))
    assert.equal("unknown field (did you mean channel_group_id?)",
      at("v1.customers.issue", { channelGroupId = "x" }, "channelGroupId"))
    assert.equal("unknown field (did you mean channelGroupId?)",
      at("v1.subscribe.onetime", { channel_group_id = "x" }, "channel_group_id"))
    assert.equal("unknown field (did you mean schedule_status?)",
      at("v1.customers.schedules", { ["schedule-status"] = "executed" }, "schedule-status"))
    assert.equal("unknown field (did you mean imp_uid?)",
      at("v1.payments.list", { ["imp_uid[]"] = { "x" } }, "imp_uid[]"))
    assert.truthy(at(PAY, pay { zzzzzz = 1 }, "zzzzzz"):find("extra"))
  end)

  it("unknown ones that belong further inside are told where", function()
    local create = "v2.payment.payment_schedule.create_payment_schedule"
    assert.equal("unknown field (did you mean payment.customer?)",
      at(create, { customer = {} }, "customer"))
    assert.equal("unknown field (did you mean schedules[1].tax_free?)",
      at("v1.subscribe.schedule", { tax_free = 1 }, "tax_free"))
    assert.equal("unknown field (did you mean method.card.credential.expiryYear?)",
      at("v2.payment.billing_key.issue_billing_key", { expiryYear = "30" }, "expiryYear"))
    assert.equal("unknown field (did you mean amount.total?)",
      at(PAY, pay { total = 3000 }, "total"))
  end)

  it("of the browser SDK are translated", function()
    assert.truthy(at(PAY, pay { customer = { fullName = "x" } }, "customer.fullName")
      :find("name = { full", 1, true))
    assert.truthy(at(PAY, pay { customer = { customerId = "x" } }, "customer.customerId")
      :find("id", 1, true))
  end)

  it("extra passes what the tables do not know", function()
    assert.same({}, problems(PAY, pay { extra = { newField = { 1, 2 } } }))
    assert.truthy(at(PAY, pay { extra = "x" }, "extra"))
  end)

  it("extra is the API's own where it has one", function()
    assert.same({}, problems("v1.payments.cancel", { imp_uid = "x", extra = {
      requester = "admin", other = 1 } }))
    assert.truthy(at("v1.payments.cancel", { imp_uid = "x", extra = { requester = "me" } },
      "extra.requester"))
    assert.truthy(at("v1.customers.delete", { customer_uid = "x", extra = { requester = 1 } },
      "extra.requester"))
  end)

  it("JSON in JSON may be a table or its text", function()
    assert.same({}, problems(AGAIN, again { bypass = { a = 1 } }))
    assert.same({}, problems(AGAIN, again { bypass = '{"a":1}' }))
    assert.truthy(at(AGAIN, again { bypass = "{" }, "bypass"))
  end)

  it("an array of V1 also takes a single item", function()
    assert.same({}, problems("v1.subscribe.unschedule", { merchant_uid = "a" }))
    assert.same({}, problems("v1.subscribe.unschedule", { merchant_uid = { "a", "b" } }))
    assert.truthy(at("v1.subscribe.unschedule", { merchant_uid = 1 }, "merchant_uid"))
  end)

  it("at most 100 payments are read at once", function()
    local ids = {}
    for i = 1, 101 do ids[i] = "imp_" .. i end
    assert.equal("at most 100 items, got 101", at("v1.payments.list", { imp_uid = ids }, "imp_uid"))
  end)

  it("PENDING is the filter's word, PAY_PENDING the payment's", function()
    assert.same({}, problems("v2.payment.get_payments", { filter = { status = { "PENDING" } } }))
    assert.equal('unknown value "PAY_PENDING" (did you mean "PENDING"?)',
      at("v2.payment.get_payments", { filter = { status = { "PAY_PENDING" } } },
        "filter.status[1]"))
  end)

  it("the browser's CURRENCY_KRW is KRW here", function()
    assert.truthy(at(PAY, pay { currency = "CURRENCY_KRW" }, "currency"):find('"KRW"'))
  end)

  it("a page may not lie beyond 60,000", function()
    local function list(number, size)
      return at("v2.payment.get_payments", { page = { number = number, size = size } }, "page")
    end
    assert.is_nil(list(59, 1000))
    assert.truthy(list(60, 1000))
    assert.is_nil(list(5999))
    assert.truthy(list(6000))
  end)
end)

describe("shapes", function()
  local function credential() return { number = "4242424242424242", expiryYear = "30",
    expiryMonth = "12" } end

  it("exactly one of channelKey and channelGroupId", function()
    local args = { method = { card = { credential = credential() } } }
    local name = "v2.payment.billing_key.issue_billing_key"
    assert.truthy(at(name, args, "channelKey"))
    args.channelKey = "a"
    assert.same({}, problems(name, args))
    args.channelGroupId = "b"
    assert.truthy(at(name, args, "channelGroupId"))
    args.channelKey = json.null
    assert.same({}, problems(name, args))
  end)

  it("exactly one of card and virtualAccount", function()
    local args = { paymentId = "x", orderName = "x", amount = { total = 1 }, currency = "KRW",
      channelKey = "k", method = {} }
    local name = "v2.payment.pay_instantly"
    assert.truthy(at(name, args, "method.card"))
    args.method.card = { credential = credential() }
    assert.same({}, problems(name, args))
    args.method.virtualAccount = { bank = "SHINHAN", expiry = { validHours = 1 },
      option = { type = "NORMAL" } }
    assert.truthy(at(name, args, "method.virtualAccount"))
  end)

  it("at least one of billingKey and scheduleIds", function()
    local name = "v2.payment.payment_schedule.revoke_payment_schedules"
    assert.truthy(at(name, {}, "billingKey"))
    assert.truthy(at(name, nil, "billingKey"))
    assert.same({}, problems(name, { billingKey = "a", scheduleIds = { "b" } }))
  end)

  it("imp_uid or merchant_uid, customer_uid or merchant_uid", function()
    assert.truthy(at("v1.payments.cancel", {}, "imp_uid"))
    assert.same({}, problems("v1.payments.cancel", { merchant_uid = "x" }))
    assert.truthy(at("v1.subscribe.unschedule", {}, "customer_uid"))
  end)

  it("one form of a name", function()
    assert.truthy(at(PAY, pay { customer = { name = {} } }, "customer.name.full"))
    assert.truthy(at(PAY, pay { customer = { name = { full = "a",
      separated = { first = "a", last = "b" } } } }, "customer.name.separated"))
  end)

  it("what one field's value asks of another", function()
    assert.equal("required when method is SMS",
      at("v2.identity_verification.send_identity_verification", {
        identityVerificationId = "x", channelKey = "k", operator = "SKT", method = "SMS",
        customer = { name = "a", phoneNumber = "01012345678", ipAddress = "192.0.2.1" },
      }, "customer.identityNumber"))
    assert.equal("required when card_number is given", at("v1.subscribe.schedule", {
      customer_uid = "x", card_number = "4242-4242-4242-4242", schedules = {},
    }, "expiry"))
    assert.equal("required when delivery_method is DELIVERY", at("v1.naver.ship", {
      imp_uid = "x", delivery_method = "DELIVERY", dispatched_at = 1 }, "tracking_number"))
    local draft = { taxInvoiceKey = "k", taxInvoice = {} }
    local name = "v2.b2b.tax_invoice.update_b2b_tax_invoice_draft"
    assert.truthy(at(name, draft, "brn"))
    draft.taxInvoiceKeyType = "TAX_INVOICE_ID"
    assert.is_nil(at(name, draft, "brn"))
  end)
end)

describe("formats", function()
  local function card(with)
    local args = { customer_uid = "u", channel_key = "k", card_number = "4242-4242-4242-4242",
      expiry = "2030-12" }
    for k, v in pairs(with) do args[k] = v end
    return check.args(row("v1.customers.issue"), args)
  end

  it("of card data in V1", function()
    for _, number in ipairs { "4242-4242-4242-4242", "3714-496353-98431", "3056-930902-5904",
      "3714-4963-5398-431" } do
      assert.is_nil(card { card_number = number }, number)
    end
    for _, number in ipairs { "4242424242424242", "4242 4242 4242 4242", "4242-4242", "",
      "4242--4242-4242-4242", "-4242-4242-4242-424", "4242-4242-4242-42422" } do
      assert.truthy(card { card_number = number }, number)
    end
    for _, expiry in ipairs { "2030-13", "2030-00", "30-12", "2030/12", "203012" } do
      assert.truthy(card { expiry = expiry }, expiry)
    end
    for _, birth in ipairs { "900101", "1234567890", "000000" } do
      assert.is_nil(card { birth = birth }, birth)
    end
    for _, birth in ipairs { "9001011", "90-01-01", "19900101", "" } do
      assert.truthy(card { birth = birth }, birth)
    end
    assert.is_nil(card { pwd_2digit = "00" })
    assert.truthy(card { pwd_2digit = "0" })
    assert.is_nil(card { cvc = "1234" })
    assert.truthy(card { cvc = "12" })
  end)

  it("of card data in V2", function()
    local function issue(with)
      local c = { number = "4242424242424242", expiryYear = "30", expiryMonth = "12" }
      for k, v in pairs(with) do c[k] = v end
      return check.args(row("v2.payment.billing_key.issue_billing_key"),
        { channelKey = "k", method = { card = { credential = c } } })
    end
    assert.is_nil(issue {})
    assert.truthy(issue { number = "4242-4242-4242-4242" })
    assert.truthy(issue { expiryYear = "2030" })
    assert.truthy(issue { expiryMonth = "13" })
    assert.truthy(issue { expiryMonth = "1" })
    assert.truthy(issue { birthOrBusinessRegistrationNumber = "19900101" })
    assert.truthy(issue { passwordTwoDigits = "123" })
  end)

  it("of unix seconds", function()
    local function schedule_at(t)
      return at("v1.subscribe.reschedule", { merchant_uid = "x", schedule_at = t }, "schedule_at")
    end
    assert.is_nil(schedule_at(1893456000))
    assert.truthy(schedule_at(1893456000000):find("milliseconds"))
    assert.truthy(schedule_at(-1))
    assert.truthy(schedule_at("1893456000"))
    assert.truthy(schedule_at(1893456000.5))
  end)

  it("of V2 times", function()
    local function from(t)
      return at("v2.payment.get_payments", { filter = { from = t } }, "filter.from")
    end
    for _, t in ipairs { "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+09:00",
      "2026-01-02T03:04:05.123456Z", "2024-02-29T23:59:59-01:30" } do
      assert.is_nil(from(t), t)
    end
    for _, t in ipairs { "2026-01-02", "2026-01-02 03:04:05", "2026-01-02T03:04:05",
      "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-02T24:00:00Z", "now", 1 } do
      assert.truthy(from(t), tostring(t))
    end
  end)

  it("of the time to pay, which takes three", function()
    local function time(t)
      return at(SCHEDULE, { paymentId = "x", timeToPay = t, payment = {} }, "timeToPay")
    end
    assert.is_nil(time(1893456000))
    assert.is_nil(time("2030-01-01T00:00:00+09:00"))
    assert.is_nil(time("2023-01-01 00:00:00"))
    assert.truthy(time("2023-01-01"))
    assert.truthy(time(1893456000000))
    assert.truthy(time({}))
  end)

  it("of dates, codes and numbers", function()
    local name = "v2.platform.transfer.create_platform_manual_transfer"
    local function day(d)
      return at(name, { partnerId = "p", settlementDate = d }, "settlementDate")
    end
    assert.is_nil(day "2024-02-29")
    assert.truthy(day "2023-02-29")
    assert.truthy(day "20240229")
    assert.is_nil(at(AGAIN, again { currency = "USD" }, "currency"))
    assert.truthy(at(AGAIN, again { currency = "usd" }, "currency"))
    local prepare = { merchant_uid = "m", btid = "b", code_verifier = "c", cust_ip = "192.0.2.1" }
    assert.same({}, problems("v1.kcpquick.prepare", prepare))
    prepare.cust_ip = "192.0.2.256"
    assert.truthy(at("v1.kcpquick.prepare", prepare, "cust_ip"))
    prepare.prepaid_amount = 1000000000
    assert.truthy(at("v1.kcpquick.prepare", prepare, "prepaid_amount"))
  end)

  it("never show a secret", function()
    local shown = {}
    local function look(name, args)
      for _, p in ipairs(check.args(row(name), args)) do shown[#shown + 1] = p.problem end
    end
    look("v1.subscribe.onetime", { card_number = "SECRETSECRET", expiry = "SECRET",
      birth = "SECRET", pwd_2digit = "SECRET", cvc = "SECRET", merchant_uid = "m", amount = 1 })
    look("v1.subscribe.onetime", { card_number = 4242, expiry = 4242, birth = 4242,
      pwd_2digit = 4242, merchant_uid = "m", amount = 1 })
    look("v2.payment.billing_key.issue_billing_key", { channelKey = "k", method = { card = {
      credential = { number = "SECRET", expiryYear = "SECRET", expiryMonth = "SECRET",
        birthOrBusinessRegistrationNumber = "SECRET", passwordTwoDigits = "SECRET" } } } })
    look("v1.certifications.otp_request", { gender_digit = "SECRET" })
    look("v1.users.get_token", { imp_key = 4242, imp_secret = 4242 })
    local text = table.concat(shown, "\n")
    assert.truthy(#shown > 12)
    assert.is_nil(text:find("SECRET"))
    assert.is_nil(text:find("4242"))
  end)
end)

describe("PGs", function()
  local function issue(pg, with)
    local args = { customer_uid = "u", channel_key = "k", card_number = "4242-4242-4242-4242",
      expiry = "2030-12" }
    for k, v in pairs(with or {}) do args[k] = v end
    return args, { pg = pg }
  end

  it("ask for fields when they are known", function()
    local args, ctx = issue("ksnet")
    assert.equal("required for ksnet", at("v1.customers.issue", args, "birth", ctx))
    args, ctx = issue("ksnet", { birth = "900101", pwd_2digit = "00" })
    assert.same({}, problems("v1.customers.issue", args, ctx))
    assert.same({}, problems("v1.customers.issue", (issue())))
  end)

  it("are known by name, by pg and by channel", function()
    local name = "v1.subscribe.onetime"
    local args = { merchant_uid = "m", amount = 1, card_number = "4242-4242-4242-4242",
      expiry = "2030-12", pg = "ksnet.2999199999" }
    assert.equal("required for ksnet", at(name, args, "buyer_name"))
    args.pg = nil
    assert.is_nil(at(name, args, "buyer_name"))
    assert.truthy(at(name, args, "buyer_name", { pg = "KSNET" }))
    assert.is_nil(at(name, args, "buyer_name", { pg = "" }))
    local channels = { ["channel-key-1"] = "ksnet" }
    assert.truthy(at(AGAIN, again { channel_key = "channel-key-1" }, "buyer_name",
      { channels = channels }))
    assert.is_nil(at(AGAIN, again { channel_key = "channel-key-2" }, "buyer_name",
      { channels = channels }))
  end)

  it("that do not offer the operation are refused", function()
    local args, ctx = issue("kakaopay")
    assert.equal("v1.customers.issue is not offered by kakaopay",
      at("v1.customers.issue", args, "", ctx))
    assert.truthy(at("v1.subscribe.reschedule", { merchant_uid = "m", schedule_at = 1 }, "",
      { pg = "tosspay_v2" }))
  end)

  it("that do not use a field give a warning", function()
    assert.same({ "cash_receipt_type: not used by nice" },
      warnings(AGAIN, again { cash_receipt_type = "person" }, { pg = "nice" }))
    assert.same({}, warnings(AGAIN, again { cash_receipt_type = "person" }, { pg = "tosspay_v2" }))
  end)
end)

describe("warnings, not errors", function()
  it("channel_key of V1", function()
    assert.same({ "channel_key: recommended by the specification" },
      warnings("v1.customers.issue", { customer_uid = "u",
        card_number = "4242-4242-4242-4242", expiry = "2030-12" }))
    assert.same({}, warnings(AGAIN, again())) -- optional here
  end)

  it("customer_id for tosspayments", function()
    assert.same({ "customer_id: recommended for tosspayments" },
      warnings("v1.customers.issue", { customer_uid = "u", channel_key = "k",
        card_number = "4242-4242-4242-4242", expiry = "2030-12" }, { pg = "tosspayments" }))
  end)

  it("name for again", function()
    local args = again()
    args.name = nil
    assert.same({ "name: recommended by the specification" }, warnings(AGAIN, args))
  end)

  it("customer.name for a Toss Pay schedule", function()
    local args = { paymentId = "p", timeToPay = 1893456000, payment = { billingKey = "k",
      orderName = "o", amount = { total = 1 }, currency = "KRW", customer = { id = "c" } } }
    assert.same({ "payment.customer.name: recommended for tosspay_v2" },
      warnings(SCHEDULE, args, { pg = "tosspay_v2" }))
    assert.same({}, warnings(SCHEDULE, args, { pg = "nice_v2" }))
    assert.same({}, warnings(SCHEDULE, args))
  end)

  it("deprecated fields", function()
    assert.same({ "vat: deprecated" }, warnings(AGAIN, again { vat = 100 }))
  end)
end)

describe("on the wire", function()
  local wire = { wire = true }

  it("a time has an offset", function()
    local args = { paymentId = "x", timeToPay = "2023-01-01 00:00:00", payment = {} }
    assert.truthy(at(SCHEDULE, args, "timeToPay", wire))
    args.timeToPay = 1893456000
    assert.truthy(at(SCHEDULE, args, "timeToPay", wire))
    args.timeToPay = "2030-01-01T00:00:00+09:00"
    assert.is_nil(at(SCHEDULE, args, "timeToPay", wire))
  end)

  it("JSON in JSON is text", function()
    assert.truthy(at(AGAIN, again { bypass = {} }, "bypass", wire))
    assert.same({}, problems(AGAIN, again { bypass = "{}" }, wire))
  end)
end)

describe("is_array", function()
  it("knows what an empty table is", function()
    local schedule = check.is_array(row(SCHEDULE))
    assert.is_true(schedule "payment.noticeUrls")
    assert.is_true(schedule "payment.products")
    assert.is_false(schedule "payment.products[1]")
    assert.is_false(schedule "payment.customer")
    assert.is_false(schedule "payment.bypass.anything")
    assert.is_false(schedule "nothing.at.all")
    local v1 = check.is_array(row "v1.subscribe.schedule")
    assert.is_true(v1 "schedules")
    assert.is_false(v1 "schedules[1].extra")
    assert.is_true(check.is_array(row "v2.platform.partner.create_platform_partners")(
      "partners[2].tags"))
  end)
end)
