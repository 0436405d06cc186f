local read = require "portone.read"

local v1 = { api = "v1", name = "v1.x.y" }
local charge = { api = "v1", name = "v1.subscribe.again", charge = true }
local v2 = { api = "v2", name = "v2.x.y" }

describe("read, V1", function()
  it("unwraps the envelope", function()
    assert.same({ imp_uid = "imp_1" },
      (read.answer(v1, 200, '{"code":0,"message":null,"response":{"imp_uid":"imp_1"}}')))
  end)

  it("gives an empty table for a success that has nothing to say", function()
    assert.same({}, (read.answer(v1, 200, '{"code":0,"message":null,"response":null}')))
  end)

  it("takes a code other than 0 as a refusal, though HTTP says 200", function()
    local result, fault = read.answer(v1, 200, '{"code":1,"message":"no","response":null}')
    assert.is_nil(result)
    assert.equal("rejected", fault.kind)
    assert.equal(1, fault.code)
    assert.equal("no", fault.message)
  end)

  it("takes a failed charge inside a success as declined", function()
    local body = '{"code":0,"message":null,"response":{"status":"failed","fail_reason":"limit"}}'
    local result, fault = read.answer(charge, 200, body)
    assert.is_nil(result)
    assert.equal("declined", fault.kind)
    assert.equal("limit", fault.pg_message)
    assert.equal("failed", fault.response.status)
  end)

  it("reads a failed payment as a result where no charge was asked for", function()
    local body = '{"code":0,"message":null,"response":{"status":"failed"}}'
    assert.same({ status = "failed" }, (read.answer(v1, 200, body)))
  end)

  it("goes by the status of a refusal", function()
    for status, kind in pairs { [401] = "unauthorized", [404] = "not_found", [409] = "conflict",
                                [400] = "rejected", [500] = "server", [501] = "rejected" } do
      local _, fault = read.answer(v1, status, '{"code":-1,"message":"m","response":null}')
      assert.equal(kind, fault.kind, status)
      assert.equal(-1, fault.code)
    end
  end)
end)

describe("read, V2", function()
  it("gives the body", function()
    assert.same({ payment = { pgTxId = "t" } },
      (read.answer(v2, 200, '{"payment":{"pgTxId":"t"}}')))
  end)

  it("takes the PG's no as declined, with its own words", function()
    local body = '{"type":"PG_PROVIDER","message":"m","pgCode":"LIM","pgMessage":"over"}'
    local _, fault = read.answer(v2, 502, body)
    assert.equal("declined", fault.kind)
    assert.equal("LIM", fault.pg_code)
    assert.equal("over", fault.pg_message)
    assert.equal("over", fault.message)
  end)

  it("knows the kinds of typed errors, and of types it has never seen", function()
    local rows = {
      { 400, "INVALID_REQUEST", "invalid_request" }, { 400, "MAX_TTL_EXCEEDED", "rejected" },
      { 401, "UNAUTHORIZED", "unauthorized" }, { 403, "FORBIDDEN", "forbidden" },
      { 404, "PAYMENT_NOT_FOUND", "not_found" }, { 409, "ALREADY_PAID", "conflict" },
      { 410, "SESSION_EXPIRED", "rejected" }, { 502, "CHANNEL_SPECIFIC", "declined" },
      { 502, "B2B_EXTERNAL_SERVICE", "rejected" }, { 409, "BRAND_NEW", "conflict" },
      { 418, "BRAND_NEW", "rejected" }, { 503, "BRAND_NEW", "server" },
    }
    for _, row in ipairs(rows) do
      local _, fault = read.answer(v2, row[1], ('{"type":"%s"}'):format(row[2]))
      assert.equal(row[3], fault.kind, row[2])
      assert.equal(row[2], fault.type)
    end
  end)

  it("gives a download as it came", function()
    assert.equal("a,b\n", (read.answer({ api = "v2", csv = true }, 200, "a,b\n")))
  end)

  it("gives an empty table where the API answers nothing", function()
    for _, version in ipairs { "v1", "v2" } do
      assert.same({}, (read.answer({ api = version, empty = true }, 200, "")))
    end
  end)
end)

describe("read, what is not the API's answer", function()
  local pages = {
    { 502, "<html><h1>Bad Gateway</h1></html>", "server" }, { 503, "", "server" },
    { 200, "<html>maintenance</html>", "protocol" }, { 200, "", "protocol" },
    { 200, '{"payment":{"pgTx', "protocol" }, { 200, "[1", "protocol" }, { 200, "3", "protocol" },
    { 302, "", "protocol" }, { 429, "slow down", "rate_limited" }, { 404, "nothing", "not_found" },
    { 500, '{"message":"oops"}', "server" },
  }
  for _, page in ipairs(pages) do
    it(("is %s for HTTP %d with %q"):format(page[3], page[1], page[2]), function()
      for _, row in ipairs { v1, v2 } do
        local result, fault = read.answer(row, page[1], page[2])
        assert.is_nil(result)
        assert.equal(page[3], fault.kind)
        assert.equal(page[2], fault.raw)
        assert.equal(page[1], fault.status)
      end
    end)
  end

  it("keeps a long page out of the message", function()
    local _, fault = read.answer(v2, 502, ("<p>gateway</p>"):rep(1000))
    assert.is_true(#fault.message < 250)
  end)
end)

describe("read, headers", function()
  it("gives lower-case names and joins repeated ones", function()
    local headers = read.headers("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      .. "X-A: 1\r\nx-a:2\r\nEmpty:\r\n\r\n")
    assert.equal("application/json", headers["content-type"])
    assert.equal("1, 2", headers["x-a"])
    assert.equal("", headers.empty)
  end)
end)
