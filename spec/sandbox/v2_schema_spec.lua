-- SPDX-License-Identifier: MIT
-- The check that holds every answer of these specs against the official specification must
-- itself go red: on a missing, an unknown, a mistyped field, and on a union without its case.

local schema = require "spec.sandbox.v2_schema"

describe("the check of V2 answers", function()
  if not schema.available then
    pending("needs the official specification: set PORTONE_SPEC to its folder")
    return
  end

  local function paid(change)
    local payment = {
      status = "PAID", id = "p", transactionId = "t", merchantId = "m", storeId = "s",
      channel = { type = "TEST", pgProvider = "KSNET", pgMerchantId = "x" }, version = "V2",
      requestedAt = "2026-01-01T00:00:00Z", updatedAt = "2026-01-01T00:00:00Z",
      statusChangedAt = "2026-01-01T00:00:00Z", orderName = "o", currency = "KRW",
      amount = { total = 1, taxFree = 0, discount = 0, paid = 1, cancelled = 0,
        cancelledTaxFree = 0 },
      customer = {}, origin = { platformType = "API", ipAddress = "127.0.0.1" },
      paidAt = "2026-01-01T00:00:00Z", disputes = require("portone.json").array {},
    }
    change(payment)
    return schema.check("Payment", payment)
  end

  it("passes a payment that has all it needs", function()
    assert.is_nil(paid(function() end))
  end)

  it("finds what is wrong", function()
    assert.matches("paidAt: required", paid(function(p) p.paidAt = nil end))
    assert.matches("colour: unknown field", paid(function(p) p.colour = "red" end))
    assert.matches("total: expected an integer", paid(function(p) p.amount.total = "1" end))
    assert.matches("pgProvider: not of the enum", paid(function(p) p.channel.pgProvider = "X" end))
    assert.matches("no case for status", paid(function(p) p.status = "PENDING" end))
    assert.matches("an array is due", paid(function(p) p.disputes = {} end))
    assert.matches("paidAt: expected a date%-time", paid(function(p) p.paidAt = "today" end))
  end)
end)
