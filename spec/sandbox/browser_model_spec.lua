-- SPDX-License-Identifier: MIT
-- Many windows for few orders, opened, paid, given up and closed in any order: an order is paid
-- once at most, and what the page, the API and the journal say of it is the same.

local support = require "spec.sandbox.browser_support"

local ORDERS, STEPS = 4, 100

-- A generator of its own, so that a failure comes again on every Lua.
local function dice(seed)
  local state = seed
  return function(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return math.floor(state / 65536) % n + 1
  end
end

local forms = {
  { choice = "pay", card = "success" }, { choice = "pay", card = "declined" },
  { choice = "decline" }, { choice = "cancel" }, { choice = "abandon" },
  { choice = "deposit" }, { choice = "done" }, { choice = "nonsense" },
}

local sides = {
  v2 = {
    method = "requestPayment",
    order = function(b, id, account)
      return { storeId = b.sb.store_id, channelKey = b.sb.channel_key, paymentId = id,
        orderName = "n", totalAmount = 1000, currency = "KRW",
        payMethod = account and "VIRTUAL_ACCOUNT" or "CARD" }
    end,
    status = function(b, id)
      local payment = b.client.v2.payment.get_payment { paymentId = id }
      return payment and payment.status == "PAID"
    end,
    failed = function(result) return result.code ~= nil end,
  },
  v1 = {
    method = "request_pay",
    order = function(b, id, account)
      return { channelKey = b.sb.channel_key, merchant_uid = id, name = "n", amount = 1000,
        buyer_name = "b", pay_method = account and "vbank" or "card" }
    end,
    status = function(b, id)
      return b.client.v1.payments.find { merchant_uid = id, payment_status = "paid" } ~= nil
    end,
    failed = function(result) return result.error_code ~= nil end,
  },
}

local function charges(b, id)
  return #b.sb:journal { kind = "charge", order = id, outcome = "paid" }
end

local function walk(b, api, seed)
  local side, roll, windows = sides[api], dice(seed), {}
  for _ = 1, STEPS do
    local id = ("order-%s-%d-%d"):format(api, seed, roll(ORDERS))
    local before = charges(b, id)
    if roll(3) == 1 then
      local status, window = b:ask(api, side.method, side.order(b, id, roll(3) == 1))
      assert.is_true(before == 0 or status == 400, id .. " was paid, and a window came up")
      if status == 200 then windows[#windows + 1] = { window, id } end
    elseif #windows > 0 then
      local window = windows[roll(#windows)]
      before = charges(b, window[2])
      local form = forms[roll(#forms)]
      local _, told = b:choose(window[1], form)
      local after = charges(b, window[2])
      assert.is_true(after <= 1, window[2] .. " was charged twice")
      assert.equals(after == 1, side.status(b, window[2]))
      if after > before then
        assert.is_true(form.choice == "pay" or form.choice == "deposit")
        assert.is_true(not told or not side.failed(told.result))
      end
    end
  end
end

describe("many windows for few orders #slow", function()
  local b
  setup(function() b = support.start() end)
  teardown(function() b:stop() end)
  for _, api in ipairs { "v1", "v2" } do
    for seed = 1, 2 do
      it(("of %s, walk %d"):format(api, seed), function() walk(b, api, seed) end)
    end
  end
end)
