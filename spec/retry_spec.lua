local retry = require "portone.retry"

local read = { method = "GET", api = "v2" }
local v1 = { method = "POST", api = "v1" }
local v2 = { method = "POST", api = "v2" }
local TEMPORARY = "PLATFORM_EXTERNAL_API_TEMPORARILY_FAILED"

local function decide(fault, row)
  return (retry.decide(retry.facts(fault, row)))
end

describe("the rule of repetition", function()
  it("sends again what was never sent, whatever it is", function()
    for _, row in ipairs { read, v1, v2 } do
      assert.equal("again", decide({ kind = "network", sent = "nothing" }, row))
      assert.equal("again", decide({ kind = "timeout", sent = "nothing" }, row))
    end
  end)

  it("never sends a V1 write again without a look-up", function()
    for _, fault in ipairs {
      { kind = "network", sent = "part" }, { kind = "network", sent = "all" },
      { kind = "network", sent = "answer" }, { kind = "timeout", sent = "all" },
      { kind = "server", status = 502 }, { kind = "protocol", status = 200 },
      { kind = "server", status = 500, code = -1 } } do
      assert.equal("lookup", decide(fault, v1))
    end
  end)

  it("sends a V2 write again, with its key, while nobody has answered for the API", function()
    for _, fault in ipairs {
      { kind = "network", sent = "all" }, { kind = "timeout", sent = "all" },
      { kind = "server", status = 502 }, { kind = "server", status = 503 },
      { kind = "protocol", status = 200 },
      { kind = "conflict", status = 409, type = "IDEMPOTENCY_OUTSTANDING_REQUEST" } } do
      assert.equal("again", decide(fault, v2))
    end
  end)

  it("takes a typed answer as final: 409, 502 and 503 among them", function()
    for _, fault in ipairs {
      { kind = "conflict", status = 409, type = "ALREADY_PAID" },
      { kind = "declined", status = 502, type = "PG_PROVIDER" },
      { kind = "invalid_request", status = 400, type = "INVALID_REQUEST" } } do
      assert.equal("final", decide(fault, v2))
      assert.equal("final", decide(fault, read))
    end
    assert.equal("final", decide({ kind = "server", status = 503, type = TEMPORARY },
      { method = "POST", api = "v2", errors = { [TEMPORARY] = 503 } }))
    assert.equal("final", decide({ kind = "rejected", status = 200, code = 1 }, v1))
    assert.equal("final", decide({ kind = "declined", status = 200 }, v1))
  end)

  it("takes a failure under a type that nobody has documented for a failure only", function()
    local fault = { kind = "server", status = 500, type = "INTERNAL_ERROR" }
    assert.equal("again", decide(fault, v2))
    assert.equal("again", decide(fault, read))
    assert.is_true(retry.may_be_done(retry.facts(fault, v2)))
  end)

  it("repeats a refusal for haste, and never a certificate error or a wrong secret", function()
    for _, row in ipairs { read, v1, v2 } do
      assert.equal("again", decide({ kind = "rate_limited", status = 429 }, row))
      assert.equal("final", decide({ kind = "tls", sent = "nothing" }, row))
      assert.equal("final", decide({ kind = "unauthorized", status = 401 }, row))
      assert.equal("final", decide({ kind = "forbidden", status = 403 }, row))
    end
  end)

  it("repeats a read after any failure that is not an answer", function()
    assert.equal("again", decide({ kind = "network", sent = "answer" }, read))
    assert.equal("again", decide({ kind = "server", status = 500 }, read))
    assert.equal("final", decide({ kind = "not_found", status = 404 }, read))
  end)

  it("counts a wait for our own request as none of the repetitions", function()
    local _, free = retry.decide(retry.facts({ kind = "conflict", status = 409,
      type = "IDEMPOTENCY_OUTSTANDING_REQUEST" }, v2))
    assert.is_true(free)
    _, free = retry.decide(retry.facts({ kind = "network", sent = "all" }, v2))
    assert.is_false(free)
  end)

  it("knows when a write may have been done", function()
    local function may(fault, row) return retry.may_be_done(retry.facts(fault, row)) end
    assert.is_true(may({ kind = "timeout", sent = "all" }, v1))
    assert.is_true(may({ kind = "server", status = 502 }, v2))
    assert.is_false(may({ kind = "timeout", sent = "nothing" }, v1))
    assert.is_false(may({ kind = "timeout", sent = "all" }, read))
    assert.is_false(may({ kind = "declined", status = 502, type = "PG_PROVIDER" }, v2))
    assert.is_false(may({ kind = "network", sent = "all" },
      { method = "POST", api = "v1", repeatable = true }))
  end)
end)

describe("a failed call", function()
  local function retryable(fault, row, outcome)
    fault.outcome = outcome
    return retry.retryable(fault, row)
  end

  it("may be made again when it was certainly not done and the failure may mend itself",
    function()
      for _, row in ipairs { v1, v2 } do
        assert.is_true(retryable({ kind = "network", sent = "nothing" }, row, "not_done"))
        assert.is_true(retryable({ kind = "timeout", sent = "all" }, row, "not_done"))
        assert.is_true(retryable({ kind = "server", status = 502 }, row, "not_done"))
        assert.is_true(retryable({ kind = "rate_limited", status = 429 }, row, "not_done"))
      end
      assert.is_true(retryable({ kind = "timeout", sent = "all" }, read))
    end)

  it("may not while its outcome is open, or when a person or the API said no", function()
    for _, row in ipairs { v1, v2 } do
      assert.is_false(retryable({ kind = "unknown_outcome", sent = "all" }, row, "unknown"))
      assert.is_false(retryable({ kind = "conflict" }, row, "conflict"))
      assert.is_false(retryable({ kind = "declined" }, row, "not_done"))
      assert.is_false(retryable({ kind = "cancelled", sent = "nothing" }, row, "not_done"))
      assert.is_false(retryable({ kind = "invalid_request" }, row, "not_done"))
      assert.is_false(retryable({ kind = "unauthorized", status = 401 }, row, "not_done"))
    end
    assert.is_false(retryable({ kind = "declined", status = 502, type = "PG_PROVIDER" }, v2,
      "not_done"))
    assert.is_false(retryable({ kind = "not_found", status = 404, type = "PAYMENT_NOT_FOUND" },
      read))
  end)
end)

describe("the wait", function()
  it("grows, is spread over its whole length, and has a longest", function()
    local longest = {}
    for n = 1, 8 do
      longest[n] = 0
      for _ = 1, 200 do
        local s = retry.backoff(n)
        assert.is_true(s >= 0 and s < math.min(8, 0.5 * 2 ^ (n - 1)))
        longest[n] = math.max(longest[n], s)
      end
      assert.is_true(longest[n] > 0.8 * math.min(8, 0.5 * 2 ^ (n - 1)))
    end
  end)

  it("is what Retry-After says, in seconds or as a date", function()
    assert.equal(7, retry.retry_after("7", 0))
    assert.equal(0, retry.retry_after("0", 0))
    assert.equal(30, retry.retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1445412450))
    assert.equal(0, retry.retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1445412500))
    assert.is_nil(retry.retry_after("soon", 0))
    assert.is_nil(retry.retry_after(nil, 0))
    assert.is_nil(retry.retry_after("Wed, 21 Foo 2015 07:28:00 GMT", 0))
  end)
end)
