-- SPDX-License-Identifier: MIT
-- sandbox:window, for tests without a browser.

local checkout = require "portone.checkout"
local sandbox = require "portone.sandbox"

describe("sandbox:window", function()
  local sb
  setup(function() sb = assert(sandbox.start { seed = "person" }) end)
  teardown(function() sb:stop() end)

  local function page(id, extra)
    local params = { storeId = sb.store_id, channelKey = sb.channel_key, payMethod = "CARD",
      paymentId = id, orderName = "n", totalAmount = 1000, currency = "KRW",
      redirectUrl = "http://shop.test/back" }
    for name, value in pairs(extra or {}) do params[name] = value end
    return assert(checkout.v2.request_payment(params, { pg = "tosspayments" }))
  end

  it("pays when nothing else is said", function()
    assert.same("payment-1", assert(sb:window(page "payment-1")).paymentId)
    assert.equals("paid", sb:journal({ kind = "charge" })[1].outcome)
  end)

  it("takes several steps, and ends a window with an account by itself", function()
    local va = { payMethod = "VIRTUAL_ACCOUNT" }
    assert.is_nil(assert(sb:window(page("payment-2", va), { bank = "HANA" })).code)
    assert.same({}, sb:journal { kind = "charge", order = "payment-2" })
    assert(sb:window(page("payment-3", va), { { bank = "HANA" }, { choice = "deposit" } }))
    assert.equals("paid", sb:journal({ kind = "charge", order = "payment-3" })[1].outcome)
  end)

  it("says where a phone's browser goes", function()
    local result, to = sb:window(page "payment-4", { device = "mobile", choice = "cancel" })
    assert.equals("FAILURE_TYPE_PG", result.code)
    assert.truthy(to:find("^http://shop%.test/back%?"))
  end)

  it("draws what loadUI draws, in V1", function()
    local ui = assert(checkout.v1.load_ui("paypal-spb", { channelKey = sb.channel_keys.paypal_v2,
      pay_method = "paypal", merchant_uid = "o-1", name = "n", amount = 10.5, currency = "USD" }))
    assert.is_string(assert(sb:window(ui)).imp_uid)
    assert.equals(10.5, sb:journal({ kind = "charge", order = "o-1" })[1].amount)
  end)

  it("tells what kept a window from opening, and what was asked wrongly", function()
    local result, problem = sb:window(page "payment-1")
    assert.is_nil(result)
    assert.truthy(problem:find("complete", 1, true))
    local function raises(what, order, choice)
      local ok, message = pcall(function()
        local got = sb:window(order, choice)
        return got
      end)
      assert.is_false(ok)
      assert.truthy(tostring(message):find(what, 1, true), message)
      assert.truthy(tostring(message):find("browser_person_spec", 1, true), message)
    end
    raises("a page of portone.checkout", {})
    raises("no such choice: steal", page "payment-5", { choice = "steal" })
  end)
end)
