local errors = require "portone.error"
local json = require "portone.json"
local webhook = require "portone.webhook"

local NOW = 1714039200
local SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
local STORE = "store-ae356798-3d20-4969-b739-14c6b0e1a667"

local PAID = '{"type":"Transaction.Paid","timestamp":"2024-04-25T10:00:00.000Z","data":{"storeId":"'
  .. STORE .. '","paymentId":"example-payment-id",'
  .. '"transactionId":"55451513-9763-4a7a-bb43-78a4c65be843"}}'

local function signed(body)
  return webhook.sign(body, { secret = SECRET, timestamp = NOW }), { secret = SECRET, now = NOW }
end

local function event_of(body, opts)
  local headers, all = signed(body)
  for k, v in pairs(opts or {}) do all[k] = v end
  return webhook.verify(body, headers, all)
end

local function refusal(kind, name, event, err)
  assert.is_nil(event)
  assert.is_true(errors.is(err))
  assert.same({ kind, name }, { err.kind, err.type })
  return err
end

describe("webhook.verify and the body", function()
  it("refuses none, and one that is too large, before it hashes it", function()
    local headers, opts = signed(PAID)
    local err = refusal("protocol", "NO_BODY", webhook.verify(nil, headers, opts))
    assert.truthy(err.diagnosis:find("get_body_file", 1, true))
    refusal("protocol", "NO_BODY", webhook.verify("", headers, opts))
    err = refusal("protocol", "BODY_TOO_LARGE",
      webhook.verify((" "):rep(10485760), headers, opts))
    assert.equal("the body has 10485760 bytes, 1048576 at most", err.reason)
    opts.max_body = #PAID - 1
    refusal("protocol", "BODY_TOO_LARGE", webhook.verify(PAID, headers, opts))
    opts.max_body = #PAID
    assert(webhook.verify(PAID, headers, opts))
  end)

  it("refuses one that is neither JSON nor a form", function()
    for _, body in ipairs { "hello", "{", '{"a":1}x', "\0", "<html></html>", "{'a':1}" } do
      local err = refusal("protocol", "INVALID_BODY", event_of(body))
      assert.truthy(err.reason:find("^the body is not JSON"), err.reason)
    end
    assert.truthy(refusal("protocol", "INVALID_BODY", event_of("a=b")).reason
      :find("a form without payment_id", 1, true))
    assert.truthy(refusal("protocol", "INVALID_BODY", event_of("payment_id=%zz")).reason
      :find("percent", 1, true))
    assert.truthy(refusal("protocol", "INVALID_BODY", event_of("payment_id=a&payment_id=b")).reason
      :find("twice", 1, true))
  end)

  it("passes JSON of any other shape as unknown", function()
    for _, body in ipairs { "[]", "[1,2]", "5", '"x"', "true", "{}", '{"type":5}',
      '{"data":{}}' } do
      local event = assert(event_of(body))
      assert.is_false(event.known)
      assert.is_nil(event.type)
      assert.same({}, event.data)
    end
  end)
end)

describe("events of version 2024-04-25", function()
  local payment = { storeId = STORE, paymentId = "p-1", transactionId = "t-1" }
  local cancel = { storeId = STORE, paymentId = "p-1", transactionId = "t-1", cancellationId = "c" }
  local confirm = { paymentId = "p-1", transactionId = "t-1", totalAmount = 1000 }
  local key = { storeId = STORE, billingKey = "billing-key-1" }
  local tax = { taxInvoiceId = "txi", supplierDocumentKey = "s", recipientDocumentKey = "r",
    status = "ISSUED", supplierBrn = "1234567890", totalAmount = 110000,
    totalSupplyAmount = 100000, totalTaxAmount = 10000 }
  local types = {
    ["Transaction.Ready"] = payment, ["Transaction.Paid"] = payment,
    ["Transaction.VirtualAccountIssued"] = payment, ["Transaction.PartialCancelled"] = cancel,
    ["Transaction.Cancelled"] = cancel, ["Transaction.Failed"] = payment,
    ["Transaction.PayPending"] = payment, ["Transaction.CancelPending"] = cancel,
    ["Transaction.DisputeCreated"] = payment, ["Transaction.DisputeResolved"] = payment,
    ["Transaction.Confirm"] = confirm, ["BillingKey.Ready"] = key, ["BillingKey.Issued"] = key,
    ["BillingKey.Failed"] = key, ["BillingKey.Deleted"] = key, ["BillingKey.Updated"] = key,
    ["TaxInvoice.Requested"] = tax, ["TaxInvoice.Issued"] = tax,
    ["TaxInvoice.RequestCancelled"] = tax, ["TaxInvoice.IssuanceCancelled"] = tax,
    ["TaxInvoice.Refused"] = tax, ["TaxInvoice.SendingCompleted"] = tax,
    ["TaxInvoice.Manual"] = tax,
  }

  local function body_of(kind, data)
    return assert(json.encode { type = kind, timestamp = "2024-04-25T10:00:00Z", data = data })
  end

  it("are the 16 and the 7 that are documented", function()
    local count = 0
    for kind in pairs(webhook.types) do
      assert.is_table(types[kind])
      count = count + 1
    end
    assert.equal(23, count)
  end)

  for kind, data in pairs(types) do
    it(kind .. " is known with all its fields, not without one", function()
      local event = assert(event_of(body_of(kind, data)))
      assert.is_true(event.known)
      assert.is_nil(event.problems)
      assert.equal(kind, event.type)
      assert.same(data, event.data)
      for name in pairs(data) do
        local without = {}
        for k, v in pairs(data) do without[k] = v end
        without[name] = nil
        event = assert(event_of(body_of(kind, without)))
        assert.is_false(event.known)
        assert.same({ "data." .. name .. ": missing" }, event.problems)
        assert.equal(kind, event.type)
      end
    end)
  end

  it("has a problem with a field of the wrong type, or none in it", function()
    local event = assert(event_of(body_of("Transaction.Confirm",
      { paymentId = "", transactionId = 5, totalAmount = "1000" })))
    assert.is_false(event.known)
    table.sort(event.problems)
    assert.same({ "data.paymentId: empty", "data.totalAmount: expected number, got string",
      "data.transactionId: expected string, got number" }, event.problems)
    event = assert(event_of('{"type":"Transaction.Paid","data":5}'))
    assert.is_false(event.known)
    assert.equal(3, #event.problems)
    assert.same({}, event.data)
  end)

  it("passes an unknown type and unknown fields", function()
    local event = assert(event_of(body_of("Subscription.Renewed", { storeId = STORE, plan = "x" })))
    assert.is_false(event.known)
    assert.is_nil(event.problems)
    assert.equal("Subscription.Renewed", event.type)
    assert.same({ storeId = STORE, plan = "x" }, event.data)
    local more = { storeId = STORE, billingKey = "k", later = { 1, 2 } }
    event = assert(event_of(body_of("BillingKey.Issued", more)))
    assert.is_true(event.known)
    assert.same(more, event.data)
  end)
end)

describe("events of version 2024-01-01", function()
  local statuses = { "Ready", "Paid", "VirtualAccountIssued", "PartialCancelled", "Cancelled",
    "Failed", "PayPending", "CancelPending" }

  it("have the names of the later version, in JSON and as a form", function()
    for _, status in ipairs(statuses) do
      for _, body in ipairs { '{"payment_id":"p-1","tx_id":"t-1","status":"' .. status .. '"}',
        "payment_id=p-1&tx_id=t-1&status=" .. status } do
        local event = assert(event_of(body))
        assert.same({ "Transaction." .. status, "2024-01-01", true },
          { event.type, event.version, event.known })
        assert.same({ paymentId = "p-1", transactionId = "t-1" }, event.data)
        assert.same({ payment_id = "p-1", tx_id = "t-1", status = status }, event.body)
      end
    end
  end)

  it("reads the escapes of a form", function()
    local event = assert(event_of("payment_id=a%2Bb+c%26d%3D%ED%95%9C&tx_id=t&status=Paid"))
    assert.equal("a+b c&d=한", event.data.paymentId)
  end)

  it("knows the question before approval", function()
    for _, body in ipairs { '{"payment_id":"p-1","tx_id":"t-1","total_amount":1000}',
      "payment_id=p-1&tx_id=t-1&total_amount=1000" } do
      local event = assert(event_of(body))
      assert.equal("Transaction.Confirm", event.type)
      assert.is_true(event.known)
      assert.equal(1000, event.data.totalAmount)
    end
  end)

  it("passes a status it does not know, or none", function()
    local event = assert(event_of('{"payment_id":"p","tx_id":"t","status":"Melted"}'))
    assert.same({ "Transaction.Melted", false }, { event.type, event.known })
    event = assert(event_of('{"payment_id":"p","tx_id":"t"}'))
    assert.is_nil(event.type)
    assert.is_false(event.known)
    event = assert(event_of('{"payment_id":"p","status":"Paid"}'))
    assert.same({ "data.transactionId: missing" }, event.problems)
  end)

  it("can be told apart where one version is due", function()
    local old = "payment_id=p-1&tx_id=t-1&status=Paid"
    local old_json = '{"payment_id":"p-1","tx_id":"t-1","status":"Paid"}'
    assert(event_of(old, { version = "2024-01-01" }))
    assert(event_of(PAID, { version = "2024-04-25" }))
    local err = refusal("protocol", "WRONG_VERSION", event_of(old, { version = "2024-04-25" }))
    assert.truthy(err.reason:find("a form where JSON is due", 1, true))
    err = refusal("protocol", "WRONG_VERSION", event_of(old_json, { version = "2024-04-25" }))
    assert.equal("the body is of version 2024-01-01 where 2024-04-25 is due", err.reason)
    refusal("protocol", "WRONG_VERSION", event_of(PAID, { version = "2024-01-01" }))
  end)
end)
