local errors = require "portone.error"

describe("error", function()
  it("is one line that says kind, identity, message and place", function()
    local e = errors.new { kind = "declined", type = "PG_PROVIDER", status = 502,
      message = "limit\nexceeded", operation = "v2.payment.pay_with_billing_key" }
    assert.equal("portone: declined (PG_PROVIDER): limit exceeded "
      .. "[v2.payment.pay_with_billing_key, HTTP 502]", tostring(e))
  end)

  it("lists every problem of an invalid request", function()
    local e = errors.new { kind = "invalid_request", message = "nothing was sent", fields = {
      { path = "amount", problem = "is required" }, { path = "name", problem = "is too long" } } }
    assert.equal("portone: invalid_request: nothing was sent: amount: is required; "
      .. "name: is too long", tostring(e))
  end)

  it("shows V1's code", function()
    local e = errors.new { kind = "rejected", code = 1, message = "no", status = 200 }
    assert.equal("portone: rejected (code 1): no [HTTP 200]", tostring(e))
  end)

  it("never shows a given secret, whoever repeated it", function()
    local e = errors.new({ kind = "server", message = "bad key sk-1234", pg_message = "sk-1234?",
      fields = { { path = "x", problem = "is sk-1234" } } }, { "sk-1234" })
    assert.is_nil(tostring(e):find("sk-1234", 1, true))
    assert.is_nil(e.message:find("sk-1234", 1, true))
    assert.is_nil(e.pg_message:find("sk-1234", 1, true))
  end)

  it("has a closed list of kinds", function()
    assert.has_error(function() errors.new { kind = "odd", message = "x" } end)
    assert.is_true(errors.is(errors.new { kind = "timeout" }))
    assert.is_false(errors.is { kind = "timeout" })
    assert.is_false(errors.is "timeout")
  end)
end)
