local api = require "portone.api"
local redact = require "portone.redact"

describe("redact", function()
  it("takes card numbers out of a stranger's text, grouped or not", function()
    local text = redact.text("card 4242-4242-4242-4242 (4242424242424242), 4242 4242 4242 4242.")
    assert.equal("card [redacted] ([redacted]), [redacted].", text)
  end)

  it("leaves order numbers, telephone numbers and times alone", function()
    local text = "order_id_1667634130160 20260101120000123456 010-1234-5678 1700000000"
    assert.equal(text, redact.text(text))
  end)

  it("takes out known values, each time they occur", function()
    assert.equal("a [redacted] b [redacted]", redact.text("a sec%ret b sec%ret", { "sec%ret" }))
  end)

  it("keeps a text when the value is too short to mean anything", function()
    assert.equal("00 is 00", redact.text("00 is 00", { "00" }))
  end)

  it("masks secret fields in a copy and leaves the original", function()
    local args = { merchant_uid = "o-1", card_number = "4242-4242-4242-4242",
                   method = { card = { credential = { number = "4242424242424242" } } } }
    local copy = redact.copy(args)
    assert.equal("o-1", copy.merchant_uid)
    assert.equal(redact.MASK, copy.card_number)
    assert.equal(redact.MASK, copy.method.card.credential)
    assert.equal("4242-4242-4242-4242", args.card_number)
  end)

  it("collects the strings below a secret field", function()
    local values = redact.values { birth = "820213", amount = 3000,
      method = { card = { credential = { number = "4242424242424242", expiryYear = "30" } } } }
    table.sort(values)
    assert.same({ "30", "30", "4242424242424242", "4242424242424242", "820213", "820213" },
      values)
  end)

  it("knows secrets by path", function()
    assert.is_true(redact.is_secret "method.card.credential.number")
    assert.is_true(redact.is_secret "schedules[2].card_number")
    assert.is_false(redact.is_secret "amount.total")
    for _, name in ipairs { "ci", "di", "unique_key", "unique_in_site", "access_token",
        "accessToken", "refreshToken", "verifiedCustomer.ci" } do  -- of answers
      assert.is_true(redact.is_secret(name), name)
    end
  end)

  -- calls fn(path) for every secret field below a field, at any depth
  local function each_secret(version, path, field, fn, seen)
    if field.secret then fn(path) end
    if field.items then each_secret(version, path, field.items, fn, seen) end
    local fields = field.fields
    if field.ref and not seen[field.ref] then
      seen[field.ref] = true
      fields = api.type(version, field.ref).fields
    end
    for name, inner in pairs(fields or {}) do
      each_secret(version, path .. "." .. name, inner, fn, seen)
    end
  end

  it("knows every field of the API tables that is marked as a secret", function()
    local count = 0
    for row in api.all() do
      for _, place in ipairs { "path_fields", "query", "body" } do
        for name, field in pairs(row[place] or {}) do
          each_secret(row.api, name, field, function(path)
            count = count + 1
            assert.is_true(redact.is_secret(path), row.name .. ": " .. path)
          end, {})
        end
      end
    end
    assert.is_true(count > 50, tostring(count))
  end)
end)
