local cards = require "portone.sandbox.cards"

local NOW = 1767225600 -- 2026-01-01T00:00:00Z

local function read(name)
  return assert(cards.from_v1(cards.public()[name]))
end

describe("test cards", function()
  it("are all listed, with both APIs' fields and a right check digit", function()
    local public = cards.public()
    assert.equals(14, #cards.names)
    for _, name in ipairs(cards.names) do
      local c = public[name]
      assert.truthy(c.card_number:find("^%d%d%d%d%-%d%d%d%d%-%d%d%d%d%-%d%d%d%d$"), name)
      assert.truthy(c.expiry:find("^%d%d%d%d%-%d%d$"), name)
      assert.truthy(c.pwd_2digit:find("^%d%d$"), name)
      assert.truthy(c.birth:find("^%d+$"), name)
      assert.truthy(cards.luhn(c.credential.number), name)
      assert.equals(c.credential.number, (c.card_number:gsub("%-", "")))
      assert.equals(c.expiry, "20" .. c.credential.expiryYear .. "-" .. c.credential.expiryMonth)
      assert.equals(c.birth, c.credential.birthOrBusinessRegistrationNumber)
      assert.equals(c.pwd_2digit, c.credential.passwordTwoDigits)
      assert.is_string(c.about)
    end
  end)

  it("are handed out as fresh copies", function()
    cards.public().success.card_number = "spoilt"
    assert.equals("4242-4242-4242-4242", cards.public().success.card_number)
  end)

  it("read the same from both APIs", function()
    for _, name in ipairs(cards.names) do
      local c = cards.public()[name]
      assert.same(assert(cards.from_v1(c)), assert(cards.from_v2(c.credential)))
    end
  end)

  local outcome = {
    success = {}, success_check = {}, success_corporate = {},
    declined = { nil, "REJECT_CARD_COMPANY" },
    insufficient_funds = { nil, "REJECT_CARD_PAYMENT" },
    limit_exceeded = { nil, "EXCEED_MAX_AMOUNT" },
    expired_card = { nil, "INVALID_CARD_EXPIRATION" },
    lost_or_stolen = { nil, "INVALID_CARD_LOST_OR_STOLEN" },
    wrong_birth = { "INVALID_CARD_IDENTITY", "INVALID_CARD_IDENTITY" },
    wrong_password = { "INVALID_CARD_PASSWORD", "INVALID_CARD_PASSWORD" },
    wrong_expiry = { "INVALID_CARD_EXPIRATION", "INVALID_CARD_EXPIRATION" },
    issue_declined = { "NOT_SUPPORTED_CARD_TYPE", nil },
    pg_timeout = { nil, "PG_TIMEOUT" }, pg_error = { nil, "PROVIDER_ERROR" },
  }
  for name, expected in pairs(outcome) do
    it("have a fixed outcome: " .. name, function()
      local c = read(name)
      local issue = cards.refuses_issue(c, nil, NOW)
      local charge = cards.refuses_charge(c, nil, NOW)
      assert.equals(expected[1], issue and issue.pg_code)
      assert.equals(expected[2], charge and charge.pg_code)
    end)
  end

  it("tell a refusal from a PG that gave no verdict", function()
    assert.is_true(cards.refuses_charge(read "declined", nil, NOW).reached)
    assert.is_false(cards.refuses_charge(read "pg_timeout", nil, NOW).reached)
    assert.is_false(cards.refuses_charge(read "pg_error", nil, NOW).reached)
  end)

  it("expire like any other when they are given an expiry of the past", function()
    local c = assert(cards.from_v1 { card_number = "4242424242424242", expiry = "2025-11" })
    assert.equals("INVALID_CARD_EXPIRATION", cards.refuses_issue(c, nil, NOW).pg_code)
    assert.equals("INVALID_CARD_EXPIRATION", cards.refuses_charge(c, nil, NOW).pg_code)
  end)

  it("have a check digit that a wrong number has not", function()
    assert.is_true(cards.luhn "4242424242424242")
    assert.is_false(cards.luhn "4242424242424241")
    assert.is_false(cards.luhn "4242 4242 4242 4242")
    assert.is_false(cards.luhn "0")
  end)

  it("have fixed facts and mask positions 7 to 12", function()
    local c = read "success_check"
    assert.equals("400005******5556", c.masked)
    assert.equals("400005", c.bin)
    assert.equals("381", c.card_code)
    assert.equals("KB국민카드", c.card_name)
    assert.equals("KOOKMIN_CARD", c.company)
    assert.equals("DEBIT", c.type)
    assert.equals(1, c.card_type)
    assert.equals(0, read("success").card_type)
    assert.equals("CORPORATE", read("success_corporate").owner)
  end)
end)

describe("a card number that is no test card", function()
  local function unknown(number, expiry)
    return assert(cards.from_v1 { card_number = number, expiry = expiry or "2030-12" })
  end

  it("succeeds with a right check digit, is refused otherwise", function()
    local good, bad = unknown "5555-5555-5555-4444", unknown "1234-1234-1234-1234"
    assert.is_nil(cards.refuses_issue(good, nil, NOW))
    assert.is_nil(cards.refuses_charge(good, "luhn", NOW))
    assert.equals("INVALID_CARD_NUMBER", cards.refuses_issue(bad, nil, NOW).pg_code)
    assert.equals("INVALID_CARD_NUMBER", cards.refuses_charge(bad, nil, NOW).pg_code)
  end)

  it("follows the setting unknown_cards", function()
    local good, bad = unknown "5555-5555-5555-4444", unknown("1234-1234-1234-1234", "2019-01")
    assert.is_nil(cards.refuses_issue(bad, "accept", NOW))
    assert.is_nil(cards.refuses_charge(bad, "accept", NOW))
    assert.equals("REJECT_CARD_COMPANY", cards.refuses_charge(good, "refuse", NOW).pg_code)
  end)

  it("expires at the end of its month in Seoul", function()
    local c = unknown("5555-5555-5555-4444", "2025-12")
    local midnight = 1767225600 - 9 * 3600 -- 2026-01-01T00:00:00+09:00
    assert.is_nil(cards.refuses_charge(c, nil, midnight - 1))
    assert.equals("INVALID_CARD_EXPIRATION", cards.refuses_charge(c, nil, midnight).pg_code)
    assert.equals("INVALID_CARD_EXPIRATION", cards.refuses_issue(c, nil, midnight).pg_code)
  end)

  it("belongs to one issuer and brand for ever", function()
    local c = unknown "5555-5555-5555-4444"
    assert.same(c, unknown "5555-5555-5555-4444")
    assert.equals("MASTER", c.brand)
    assert.equals("JCB", unknown("3566-0020-2036-0505").brand)
    assert.equals("AMEX", unknown("378282246310005").brand)
    assert.equals("LOCAL", unknown("9490-0000-0000-0003").brand)
  end)

  it("is not read when it is no number, or its expiry no month", function()
    local function wrong(f) local _, field = cards.from_v1(f); return field end
    assert.equals("card_number", wrong { card_number = "4242-abcd", expiry = "2030-12" })
    assert.equals("card_number", wrong { expiry = "2030-12" })
    assert.equals("expiry", wrong { card_number = "4242424242424242", expiry = "2030-13" })
    assert.equals("expiry", wrong { card_number = "4242424242424242", expiry = "12/30" })
    local _, field = cards.from_v2 {
      number = "4242424242424242", expiryYear = "30", expiryMonth = "00" }
    assert.equals("expiryMonth", field)
    _, field = cards.from_v2 { number = "4242-4242", expiryYear = "30", expiryMonth = "01" }
    assert.equals("number", field)
    _, field = cards.from_v2 { number = "4242424242424242", expiryYear = "2030",
      expiryMonth = "01" }
    assert.equals("expiryYear", field)
  end)
end)
