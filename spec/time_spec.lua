local time = require "portone.time"

describe("time", function()
  it("reads RFC 3339 with any offset", function()
    assert.equal(1672531200, (time.parse "2023-01-01T00:00:00Z"))
    assert.equal(1672498800, (time.parse "2023-01-01T00:00:00+09:00"))
    assert.equal(1709220600, (time.parse "2024-02-29T12:00:00.25-03:30"))
    assert.equal(951782400, (time.parse "2000-02-29T00:00:00z"))
  end)

  it("reads a time without a zone as Asia/Seoul, the documents' own form", function()
    local unix, rfc = time.parse "2023-01-01 00:00:00"
    assert.equal(1672498800, unix)
    assert.equal("2023-01-01T00:00:00+09:00", rfc)
  end)

  it("refuses what is no time", function()
    for _, text in ipairs { "", "tomorrow", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z",
      "2023-01-01T24:00:00Z", "2023-01-01T00:60:00Z", "2023-01-01", "2023-01-01T00:00Z",
      "2023-01-01T00:00:00+9", "2023-01-01T00:00:00+25:00", "2023-1-1 00:00:00",
      "2023-01-01T00:00:00Zjunk", "1900-02-29T00:00:00Z" } do
      assert.is_nil((time.parse(text)), text)
    end
  end)

  it("writes unix seconds as RFC 3339 with an offset", function()
    assert.equal("2023-11-14T22:13:20Z", time.to_v2(1700000000))
    assert.equal("2023-11-14T22:13:20Z", time.to_v2(1700000000.9))
    assert.equal("2023-01-01T00:00:00+09:00", time.to_v2 "2023-01-01 00:00:00")
    assert.equal("2023-01-01T00:00:00Z", time.to_v2 "2023-01-01T00:00:00Z")
    assert.is_nil(time.to_v2 "soon")
  end)

  it("agrees with os.date on every day of 1970 to 2100", function()
    for day = 0, 47480, 13 do
      local unix = day * 86400 + 3661
      assert.equal(unix, (time.parse(time.rfc3339(unix))))
    end
  end)
end)
