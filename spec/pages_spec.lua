-- Lists, item by item and page by page: every way in which the two APIs turn a page, and what
-- goes wrong on the way. Spans of time have a spec of their own.

local errors = require "portone.error"
local fake = require "spec.support.fake"
local json = require "portone.json"
local pages = require "spec.support.pages"
local sandbox_of = require "portone.sandbox"

local DAY = 86400
local v1, serve, walk = pages.v1, pages.serve, pages.walk
local numbers, page_of, span_of = pages.numbers, pages.page_of, pages.span_of

describe("pages by number and size", function()
  local LIST = "v2.payment.get_payments"

  local function shop(total, told)
    return serve(function(request)
      local page = request.body.page
      return { 200, json.encode { items = page_of(total, page.number, page.size),
        page = { number = page.number, size = page.size,
          totalCount = told == "shown" and math.min(page.size, total) or total } } }
    end)
  end

  -- The same with so many items that only their number matters.
  local function crowd(total)
    return serve(function(request)
      local page = request.body.page
      local n = math.max(0, math.min(page.size, total - page.number * page.size))
      return { 200, ('{"items":[%s],"page":{"number":%d,"size":%d,"totalCount":%d}}'):format(
        ("1,"):rep(n):sub(1, -2), page.number, page.size, total) }
    end)
  end

  it("are asked for one by one, a hundred items each, to the last", function()
    local client, asked = shop(250)
    assert.equal("1-250", span_of(walk(client.each(LIST))))
    assert.equal(3, #asked)
    for i, request in ipairs(asked) do
      assert.equal("/payments", request.path)
      assert.same({ number = i - 1, size = 100 }, request.body.page)
    end
  end)

  it("end where the count says so, without a page too many", function()
    local client, asked = shop(200)
    assert.equal("1-200", span_of(walk(client.each(LIST))))
    assert.equal(2, #asked)
  end)

  it("end too where the count is that of the page, as the documents have it", function()
    local client, asked = shop(200, "shown")
    assert.equal("1-200", span_of(walk(client.each(LIST))))
    assert.equal(3, #asked) -- the third is empty
  end)

  it("may be none", function()
    local client, asked = shop(0)
    assert.equal("nothing", span_of(walk(client.each(LIST))))
    assert.equal(1, #asked)
  end)

  it("begin and are as large as the caller says; the arguments stay his", function()
    local client, asked = shop(100)
    local args = { page = { number = 2, size = 30 }, filter = { status = { "PAID" } } }
    assert.equal("61-100", span_of(walk(client.each(LIST, args))))
    assert.same({ page = { number = 2, size = 30 }, filter = { status = { "PAID" } } }, args)
    assert.same({ number = 3, size = 30 }, asked[2].body.page)
    assert.same({ "PAID" }, asked[2].body.filter.status)
    assert.equal("1-100", span_of(walk(client.each(LIST, { page = json.null }))))
  end)

  it("may hold fewer than they were asked to, if the server says so", function()
    local client, asked = serve(function(request)
      local number = request.body.page.number
      return { 200, json.encode { items = page_of(120, number, 50),
        page = { number = number, size = 50, totalCount = 120 } } }
    end)
    assert.equal("1-120", span_of(walk(client.each(LIST, { page = { size = 5000 } }))))
    assert.equal(3, #asked)
  end)

  it("are not asked for beyond what the API shows; what came before comes out", function()
    local client, asked = crowd(70000)
    local count = 0
    local ok, err = pcall(function()
      for _ in client.each(LIST, { page = { size = 1000 } }) do count = count + 1 end
    end)
    assert.is_false(ok)
    assert.is_true(errors.is(err))
    assert.equal("invalid_request", err.kind)
    assert.equal(LIST, err.operation)
    assert.matches("60000", err.message)
    assert.equal(60000, count)
    assert.equal(60, #asked)
  end)

  it("show all of a list that ends just there", function()
    local client, asked = crowd(60000)
    assert.equal(60000, #client.collect(LIST, { page = { size = 1000 } }))
    assert.equal(60, #asked)
  end)

  it("have a limit of their own only where the API does", function()
    local client = crowd(61000)
    assert.equal(61000, #client.collect("v2.payment.billing_key.get_billing_key_infos",
      { page = { size = 1000 } }))
  end)

  it("are turned for every list of V2, whatever its items are called", function()
    local client, asked = serve(function(request)
      local page = request.body.page
      return { 200, json.encode { transferSummaries = page_of(130, page.number, page.size),
        page = { number = page.number, size = page.size, totalCount = 130 } } }
    end)
    local name = "v2.platform.transfer.get_platform_transfer_summaries"
    assert.equal("1-130", span_of(walk(client.each(name))))
    assert.equal(2, #asked)
  end)
end)

describe("pages by cursor", function()
  local LIST = "v2.payment.get_all_payments_by_cursor"

  local function shop(total)
    return serve(function(request)
      local first = tonumber((request.body.cursor or "c0"):match("%d+")) + 1
      local items = numbers(first, math.min(first + request.body.size - 1, total))
      for _, item in ipairs(items) do item.cursor = "c" .. item.n end
      return { 200, json.encode { items = items } }
    end)
  end

  it("go on after the last item, and end with a page that is not full", function()
    local client, asked = shop(250)
    assert.equal("1-250", span_of(walk(client.each(LIST, { storeId = "store-1" }))))
    assert.equal(3, #asked)
    assert.is_nil(asked[1].body.cursor)
    assert.equal("c100", asked[2].body.cursor)
    assert.equal("c200", asked[3].body.cursor)
    assert.equal("store-1", asked[3].body.storeId)
  end)

  it("end with an empty page where the last one was full", function()
    local client, asked = shop(20)
    assert.equal("1-20", span_of(walk(client.each(LIST, { size = 10 }))))
    assert.equal(3, #asked)
  end)

  it("begin where the caller says", function()
    local client = shop(30)
    assert.equal("26-30", span_of(walk(client.each(LIST, { cursor = "c25" }))))
  end)
end)

describe("pages by pageNumber and pageSize", function()
  it("are counted from 0", function()
    local client, asked = serve(function(request)
      return { 200, json.encode { items = page_of(25, request.body.pageNumber,
        request.body.pageSize) } }
    end)
    local name = "v2.b2b.tax_invoice.get_b2b_tax_invoices"
    assert.equal("1-25", span_of(walk(client.each(name, { pageSize = 10 }))))
    assert.same({ 0, 1, 2 }, { asked[1].body.pageNumber, asked[2].body.pageNumber,
      asked[3].body.pageNumber })
  end)
end)

describe("pages of V1", function()
  it("say which one is next, from 1", function()
    local client, asked = serve(function(request)
      local page, size = tonumber(request.query.page), tonumber(request.query.limit)
      return v1 { total = 250, previous = page - 1, next = page * size < 250 and page + 1 or 0,
        list = page_of(250, page - 1, size) }
    end)
    local items = walk(client.each("v1.payments.find_all", { merchant_uid = "o" }))
    assert.equal("1-250", span_of(items))
    assert.equal(3, #asked)
    assert.same({ page = "3", limit = "100" }, asked[3].query)
  end)

  it("of an operation without a limit are as large as they are", function()
    local client, asked = serve(function(request)
      local page = tonumber(request.query.page)
      return v1 { total = 45, previous = 0, next = page < 3 and page + 1 or 0,
        list = page_of(45, page - 1, 20) }
    end)
    local items = walk(client.each("v1.customers.payments", { customer_uid = "u" }))
    assert.equal("1-45", span_of(items))
    assert.is_nil(asked[1].query.limit)
  end)

  it("do not turn in a circle when the server does", function()
    local client, asked = serve(function()
      return v1 { total = 9, previous = 0, next = 1, list = numbers(1, 3) }
    end)
    assert.equal(3, #walk(client.each("v1.payments.find_all", { merchant_uid = "o" })))
    assert.equal(1, #asked)
  end)

  it("that are plain lists end with one that is not full", function()
    local client, asked = serve(function(request)
      return v1(page_of(25, tonumber(request.query.page) - 1, tonumber(request.query.limit)))
    end)
    local args = { schedule_from = 1893456000, schedule_to = 1893456000 + 30 * DAY, limit = 10 }
    assert.equal("1-25", span_of(walk(client.each("v1.subscribe.schedules", args))))
    assert.equal(3, #asked)
  end)

  it("that are plain lists of no known size end with an empty one", function()
    local client, asked = serve(function(request)
      return v1(page_of(25, tonumber(request.query.page) - 1, 20))
    end)
    local args = { customer_uid = "u", from = 1893456000, to = 1893456000 + 30 * DAY }
    assert.equal("1-25", span_of(walk(client.each("v1.customers.schedules", args))))
    assert.equal(3, #asked)
  end)

  it("are one where the answer is a list without pages", function()
    local client, asked = serve(function() return v1(numbers(1, 3)) end)
    local items = walk(client.each("v1.payments.list", { imp_uid = { "a", "b", "c" } }))
    assert.equal("1-3", span_of(items))
    assert.equal(1, #asked)
  end)
end)

describe("on the way", function()
  local LIST = "v2.payment.get_payments"

  local function failing(at, answer)
    local broken = true
    return serve(function(request)
      local page = request.body.page
      if page.number == at and broken then
        broken = false
        return answer
      end
      return { 200, json.encode { items = page_of(25, page.number, page.size),
        page = { number = page.number, size = page.size, totalCount = 25 } } }
    end)
  end

  local REFUSED = { 403, '{"type":"FORBIDDEN","message":"no"}' }

  it("an error is raised as it is, after what came before it", function()
    local client = failing(1, REFUSED)
    local seen = {}
    local ok, err = pcall(function()
      for item in client.each(LIST, { page = { size = 10 } }) do seen[#seen + 1] = item end
    end)
    assert.is_false(ok)
    assert.is_true(errors.is(err))
    assert.same({ "forbidden", "FORBIDDEN", 403 }, { err.kind, err.type, err.status })
    assert.equal("1-10", span_of(seen))
  end)

  it("the same iterator goes on with the page that failed", function()
    local client = failing(1, REFUSED)
    local each, seen = client.each(LIST, { page = { size = 10 } }), {}
    pcall(function()
      for item in each do seen[#seen + 1] = item end
    end)
    for item in each do seen[#seen + 1] = item end
    assert.equal("1-25", span_of(seen))
  end)

  it("collect answers the error and no part of the list", function()
    local client = failing(2, REFUSED)
    local list, err = client.collect(LIST, { page = { size = 10 } })
    assert.is_nil(list)
    assert.equal("forbidden", err.kind)
  end)

  it("an answer without its list is an empty page", function()
    local client = serve(function() return { 200, "{}" } end)
    assert.same({}, client.collect(LIST))
    client = serve(function() return { 200, '{"items":"none"}' } end)
    assert.same({}, client.collect(LIST))
  end)

  it("collect stops at its limit, and asks for no more than that", function()
    local client, asked = failing()
    assert.equal("1-7", span_of(client.collect(LIST, nil, { limit = 7 })))
    assert.equal(1, #asked)
    assert.equal(7, asked[1].body.page.size)
    assert.equal("1-15", span_of(client.collect(LIST, { page = { size = 10 } }, { limit = 15 })))
    assert.equal(3, #asked)
    assert.equal("1-25", span_of(client.collect(LIST, nil, { limit = 1000 })))
    assert.equal("1-25", span_of(client.collect(LIST, nil, {})))
    local before = #asked
    assert.same({}, client.collect(LIST, nil, { limit = 0 }))
    assert.equal(before, #asked)
  end)

  it("options of the calls reach every page", function()
    local client = failing()
    assert.equal(25, #client.collect(LIST, { page = { size = 10 } }, nil,
      { headers = { ["X-Trace"] = "t-1" } }))
    local traced = 0
    local other, host = fake.client { { 200, '{"items":[{},{}]}' }, { 200, '{"items":[]}' } }
    other.collect(LIST, { page = { size = 2 } }, nil, { headers = { ["X-Trace"] = "t-1" } })
    for _, sent in ipairs(host.sent) do
      traced = traced + (sent.headers["X-Trace"] == "t-1" and 1 or 0)
    end
    assert.equal(2, traced)
  end)

  it("an operation may be named by its function", function()
    local client = failing()
    assert.equal("1-25", span_of(walk(client.each(client.v2.payment.get_payments))))
  end)
end)

describe("mistakes", function()
  local client, host = fake.client { { 200, "{}" } }

  local function raises(pattern, fn, ...)
    local ok, message = pcall(fn, ...)
    assert.is_false(ok)
    assert.equal("string", type(message))
    assert.matches(pattern, message)
    assert.matches("^spec/pages_spec%.lua:%d+: ", message) -- the caller's own line
  end

  for _, name in ipairs { "each", "collect" } do
    local function call(...)
      local result = client[name](...)
      return result
    end

    it("in the name are raised with what was meant: " .. name, function()
      raises("did you mean 'v2%.payment%.get_payments'", call, "v2.payment.get_paymnts")
      raises("did you mean 'v1%.payments%.by_status'", call, "v1.payments.bystatus")
      raises("did you mean 'v1%.payments%.by_status'", call, "payments.by_status")
      raises("no such operation: nothing", call, "nothing")
      raises("no such operation: nil", call)
      raises("no such operation", call, print)
      raises("no such operation", call, client.v2.payment)
    end)

    it("in what is listed are raised: " .. name, function()
      raises("v2%.payment%.get_payment does not answer a list", call, "v2.payment.get_payment",
        { paymentId = "x" })
      raises("table of fields expected", call, "v2.payment.get_payments", "all")
    end)
  end

  it("in the options are raised at once", function()
    raises("unknown option 'timeuot'", function()
      local iterator = client.each("v2.payment.get_payments", {}, { timeuot = 5 })
      return iterator
    end)
    local function collect(how, opts)
      local list = client.collect("v2.payment.get_payments", {}, how, opts)
      return list
    end
    raises("expected, got 'timeout'", collect, { timeout = 5 })
    raises("expected, got number", collect, 5)
    raises("whole number", collect, { limit = -1 })
    raises("whole number", collect, { limit = 1.5 })
    raises("whole number", collect, { limit = "5" })
    raises("unknown option 'limit'", collect, nil, { limit = 5 })
  end)

  it("send nothing", function()
    assert.equal(0, #host.sent)
  end)
end)

describe("in the sandbox", function()
  local sandbox, client
  setup(function()
    sandbox = assert(sandbox_of.start { seed = "pages", time = 1767225600,
      settings = { unknown_cards = "accept" } })
    client = sandbox:client()
  end)
  teardown(function() sandbox:stop() end)

  local function card(extra)
    local c = sandbox.cards.success
    local out = { card_number = c.card_number, expiry = c.expiry, birth = c.birth,
      pwd_2digit = c.pwd_2digit, channel_key = sandbox.channel_key }
    for name, value in pairs(extra) do out[name] = value end
    return out
  end

  it("lists of V2 are walked by number, by cursor, by pageNumber", function()
    local key = assert(client.v2.payment.billing_key.issue_billing_key {
      channelKey = sandbox.channel_key, method = { card = {
        credential = sandbox.cards.success.credential } } }).billingKeyInfo.billingKey
    local wanted = {}
    for i = 1, 25 do
      wanted[i] = ("page-%02d"):format(i)
      assert(client.v2.payment.pay_with_billing_key { paymentId = wanted[i], billingKey = key,
        orderName = "n", amount = { total = 100 }, currency = "KRW" })
    end
    for name, args in pairs {
      ["v2.payment.get_payments"] = { page = { size = 10 }, filter = { sortOrder = "ASC" } },
      ["v2.payment.get_all_payments_by_cursor"] = { size = 10 },
    } do
      local got = {}
      for item in client.each(name, args) do got[#got + 1] = (item.payment or item).id end
      assert.same(wanted, got, name)
    end
    assert.equal(25, #assert(client.collect("v2.payment.get_all_payment_events_by_cursor",
      { size = 7 }))) -- one of each: paid
    assert.same({}, client.collect("v2.b2b.tax_invoice.get_b2b_tax_invoices"))
  end)

  it("a year of V1 payments is walked in windows, both ways", function()
    assert(client.v1.customers.issue(card { customer_uid = "u" }))
    local begin, wanted, step = sandbox:now(), {}, 45 * DAY
    for i = 1, 9 do -- every other one on the border of a window
      wanted[i] = "year-" .. i
      assert(client.v1.subscribe.again { customer_uid = "u", merchant_uid = wanted[i],
        amount = 100, name = "n" })
      sandbox:advance(i < 9 and step or 1)
    end
    local function list(sorting)
      local got = {}
      for p in client.each("v1.payments.by_status", { payment_status = "paid", from = begin,
        to = begin + 8 * step, sorting = sorting, limit = 2 }) do
        got[#got + 1] = p.merchant_uid
      end
      return got
    end
    assert.same(wanted, list "started")
    local reversed = {}
    for i = 1, 9 do reversed[i] = wanted[10 - i] end
    assert.same(reversed, list())
    local _, err = client.v1.payments.by_status { payment_status = "paid", from = begin,
      to = begin + 90 * DAY + 1 }
    assert.equal(400, err.status) -- the sandbox does insist
  end)

  it("a year of V1 schedules is walked in windows", function()
    local begin, items, wanted = sandbox:now() + DAY, {}, {}
    for i = 1, 13 do
      wanted[i] = ("plan-%02d"):format(i)
      items[i] = { merchant_uid = wanted[i], schedule_at = begin + (i - 1) * 28 * DAY,
        amount = 100, currency = "KRW", name = "n" }
    end
    assert(client.v1.subscribe.schedule(card { customer_uid = "v", schedules = items }))
    local function names(operation, args)
      local got = {}
      for _, s in ipairs(assert(client.collect(operation, args))) do
        got[#got + 1] = s.merchant_uid
      end
      return got
    end
    local last = begin + 12 * 28 * DAY
    assert.same(wanted, names("v1.subscribe.schedules", { schedule_from = begin,
      schedule_to = last + 1, sorting = "scheduled", limit = 2 }))
    local reversed = {}
    for i = 1, 12 do reversed[i] = wanted[13 - i] end -- the end itself is left out
    assert.same(reversed, names("v1.customers.schedules", { customer_uid = "v", from = begin,
      to = last }))
    assert.same(reversed, names("v1.subscribe.schedules_by_customer", { customer_uid = "v",
      from = begin, to = last }))
  end)
end)
