-- Was the card charged? Every operation that moves money or makes something, against every
-- way in which the wire can fail it, on a PortOne whose books say what really happened.

local core = require "portone.core"
local portone = require "portone"

-- Waits are not what is tested here.
local patient = {
  name = "patient",
  perform = function(client, ...) return client:perform(...) end,
  sleep = function(seconds) core.sleep(math.min(seconds, 0.002)) end,
  once = function(_, fn) return fn() end,
}

local function client_of(sandbox, more)
  local opts = { loop = patient, timeout = 0.25, deadline = 4, settle = 0 }
  for name, value in pairs(more or {}) do opts[name] = value end
  return sandbox:client(opts)
end

local count = 0
local function fresh(prefix)
  count = count + 1
  return prefix .. "-" .. count
end

local function v1_key(sandbox, uid)
  local card = sandbox.cards.success
  assert(sandbox:client().issue_billing_key { customer_uid = uid, card_number = card.card_number,
    channel_key = sandbox.channel_key, expiry = card.expiry, birth = card.birth,
    pwd_2digit = card.pwd_2digit })
  return uid
end

local function v2_key(sandbox)
  local args = { channelKey = sandbox.channel_key,
    method = { card = { credential = sandbox.cards.success.credential } } }
  return assert(sandbox:client().issue_billing_key(args)).billingKeyInfo.billingKey
end

local function v1_paid(sandbox, amount)
  local order = fresh "order"
  assert(sandbox:client().request_pay_again { customer_uid = v1_key(sandbox, fresh "user"),
    merchant_uid = order, amount = amount, name = "n", channel_key = sandbox.channel_key })
  return order
end

local function v2_paid(sandbox, amount)
  local id = fresh "payment"
  assert(sandbox:client().request_pay_again { paymentId = id, billingKey = v2_key(sandbox),
    orderName = "n", amount = { total = amount }, currency = "KRW" })
  return id
end

-- Movements of money of one order in the sandbox's books.
local function moved(sandbox, kind, order)
  local n = 0
  for _, entry in ipairs(sandbox:journal { kind = kind }) do
    if entry.order == order and entry.outcome ~= "failed" and entry.outcome ~= "declined" then
      n = n + 1
    end
  end
  return n
end

local function soon(sandbox)
  return math.floor(sandbox:now()) + 86400
end

-- Each: op, its name; prepare(sandbox) -> what the rest is given; call(client, x) ->
-- result, err; effects(sandbox, x) -> how often it happened.
local operations = {
  { op = "v1.subscribe.again",
    prepare = function(s) return { uid = v1_key(s, fresh "user"), order = fresh "order" } end,
    call = function(c, x, s) return c.request_pay_again { customer_uid = x.uid, amount = 3000,
      merchant_uid = x.order, name = "n", channel_key = s.channel_key } end,
    effects = function(s, x) return moved(s, "charge", x.order) end },
  { op = "v1.subscribe.onetime",
    prepare = function() return { order = fresh "order" } end,
    call = function(c, x, s)
      local card = s.cards.success
      return c.v1.subscribe.onetime { merchant_uid = x.order, amount = 3000, name = "n",
        card_number = card.card_number, expiry = card.expiry, birth = card.birth,
        pwd_2digit = card.pwd_2digit }
    end,
    effects = function(s, x) return moved(s, "charge", x.order) end },
  { op = "v1.subscribe.schedule",
    prepare = function(s) return { uid = v1_key(s, fresh "user"), order = fresh "order" } end,
    call = function(c, x, s) return c.schedule { customer_uid = x.uid,
      channel_key = s.channel_key, schedules = { { merchant_uid = x.order, amount = 3000,
        schedule_at = soon(s), currency = "KRW", name = "n" } } } end,
    effects = function(s, x)
      return s:client().v1.subscribe.schedule_get { merchant_uid = x.order } and 1 or 0
    end },
  { op = "v1.subscribe.unschedule",
    prepare = function(s)
      local x = { uid = v1_key(s, fresh "user"), order = fresh "order" }
      assert(s:client().schedule { customer_uid = x.uid, schedules = { { merchant_uid = x.order,
        amount = 3000, schedule_at = soon(s), currency = "KRW", name = "n" } } })
      return x
    end,
    call = function(c, x) return c.v1.subscribe.unschedule { customer_uid = x.uid,
      merchant_uid = { x.order } } end,
    effects = function(s, x)
      local found = s:client().v1.subscribe.schedule_get { merchant_uid = x.order }
      return found.schedule_status == "revoked" and 1 or 0
    end },
  { op = "v1.payments.cancel", title = "a part, with the balance",
    prepare = function(s) return { order = v1_paid(s, 3000) } end,
    call = function(c, x) return c.v1.payments.cancel { merchant_uid = x.order, amount = 1000,
      checksum = 3000, reason = "r" } end,
    effects = function(s, x) return moved(s, "cancel", x.order) end },
  { op = "v1.payments.cancel", title = "a part, without the balance",
    prepare = function(s) return { order = v1_paid(s, 3000) } end,
    call = function(c, x) return c.v1.payments.cancel { merchant_uid = x.order, amount = 1000,
      reason = "r" } end,
    effects = function(s, x) return moved(s, "cancel", x.order) end },
  { op = "v1.payments.cancel", title = "all of it",
    prepare = function(s) return { order = v1_paid(s, 3000) } end,
    call = function(c, x) return c.v1.payments.cancel { merchant_uid = x.order, reason = "r" } end,
    effects = function(s, x) return moved(s, "cancel", x.order) end },
  { op = "v1.customers.issue",
    prepare = function() return { uid = fresh "user" } end,
    call = function(c, x, s)
      local card = s.cards.success
      return c.issue_billing_key { customer_uid = x.uid, channel_key = s.channel_key,
        card_number = card.card_number, expiry = card.expiry, birth = card.birth,
        pwd_2digit = card.pwd_2digit }
    end,
    effects = function(s, x)
      return s:client().v1.customers.get { customer_uid = x.uid } and 1 or 0
    end },
  { op = "v1.customers.delete",
    prepare = function(s) return { uid = v1_key(s, fresh "user") } end,
    call = function(c, x) return c.v1.customers.delete { customer_uid = x.uid } end,
    effects = function(s, x)
      return s:client().v1.customers.get { customer_uid = x.uid } and 0 or 1
    end },
  { op = "v1.payments.prepare",
    prepare = function() return { order = fresh "order" } end,
    call = function(c, x)
      return c.v1.payments.prepare { merchant_uid = x.order, amount = 3000 }
    end,
    effects = function(s, x)
      return s:client().v1.payments.prepare_get { merchant_uid = x.order } and 1 or 0
    end },
  { op = "v2.payment.pay_with_billing_key",
    prepare = function(s) return { key = v2_key(s), order = fresh "payment" } end,
    call = function(c, x) return c.request_pay_again { paymentId = x.order, billingKey = x.key,
      orderName = "n", amount = { total = 3000 }, currency = "KRW" } end,
    effects = function(s, x) return moved(s, "charge", x.order) end },
  { op = "v2.payment.pay_instantly",
    prepare = function() return { order = fresh "payment" } end,
    call = function(c, x, s) return c.v2.payment.pay_instantly { paymentId = x.order,
      channelKey = s.channel_key, orderName = "n", amount = { total = 3000 }, currency = "KRW",
      method = { card = { credential = s.cards.success.credential } } } end,
    effects = function(s, x) return moved(s, "charge", x.order) end },
  { op = "v2.payment.cancel_payment", title = "a part",
    prepare = function(s) return { order = v2_paid(s, 3000) } end,
    call = function(c, x) return c.v2.payment.cancel_payment { paymentId = x.order,
      amount = 1000, currentCancellableAmount = 3000, reason = "r" } end,
    effects = function(s, x) return moved(s, "cancel", x.order) end },
  { op = "v2.payment.payment_schedule.create_payment_schedule",
    prepare = function(s) return { key = v2_key(s), order = fresh "payment" } end,
    call = function(c, x, s) return c.schedule { paymentId = x.order, timeToPay = soon(s),
      payment = { billingKey = x.key, orderName = "n", amount = { total = 3000 },
                  currency = "KRW" } } end,
    effects = function(s, x)
      local n = 0
      for item in s:client().each("v2.payment.payment_schedule.get_payment_schedules",
          { filter = { billingKey = x.key, from = "2020-01-01T00:00:00Z",
            ["until"] = "2099-01-01T00:00:00Z" } }) do
        n = n + (item.paymentId == x.order and 1 or 0)
      end
      return n
    end },
  { op = "v2.payment.billing_key.issue_billing_key",
    prepare = function() return { customer = fresh "customer" } end,
    call = function(c, x, s) return c.issue_billing_key { channelKey = s.channel_key,
      customer = { id = x.customer },
      method = { card = { credential = s.cards.success.credential } } } end,
    effects = function(s, x)
      return #assert(s:client().collect("v2.payment.billing_key.get_billing_key_infos",
        { filter = { customerId = x.customer } }))
    end },
  { op = "v2.payment.billing_key.delete_billing_key",
    prepare = function(s) return { key = v2_key(s) } end,
    call = function(c, x)
      return c.v2.payment.billing_key.delete_billing_key { billingKey = x.key }
    end,
    effects = function(s, x)
      local key = s:client().v2.payment.billing_key.get_billing_key_info { billingKey = x.key }
      return key.status == "DELETED" and 1 or 0
    end },
}

local faults = {
  { fault = "reset_before_commit" }, { fault = "reset_after_commit" },
  { fault = "close_before_commit" }, { fault = "close_after_commit" },
  { fault = "hang_before_commit" }, { fault = "hang_after_commit" },
  { fault = "error_before_commit" }, { fault = "error_after_commit" },
  { fault = "html_before_commit" }, { fault = "html_after_commit" },
  { fault = "empty_before_commit" }, { fault = "empty_after_commit" },
  { fault = "truncate" }, { fault = "truncate_reset" }, { fault = "bad_json" },
  { fault = "rate_limited", retry_after = 0 }, { fault = "rate_limited" },
}

for _, operation in ipairs(operations) do
  local title = operation.op .. (operation.title and " (" .. operation.title .. ")" or "")
  describe(title, function()
    local sandbox
    setup(function() sandbox = assert(portone.sandbox.start {}) end)
    teardown(function() sandbox:stop() end)

    -- Strikes so often; what the caller is told must be what the books say.
    local function strike(fault, times)
      local client = client_of(sandbox)
      local x = operation.prepare(sandbox)
      sandbox:fault { op = operation.op, fault = fault.fault, retry_after = fault.retry_after,
                      times = times }
      local result, err, info = operation.call(client, x, sandbox)
      sandbox:clear_faults()
      local effects = operation.effects(sandbox, x)
      client.close()
      return result, err, info, effects
    end

    for _, fault in ipairs(faults) do
      local name = fault.fault .. (fault.retry_after and " with a time to wait" or "")
      it("survives one " .. name, function()
        local result, err, info, effects = strike(fault, 1)
        assert.is_nil(err and tostring(err))
        assert.is_not_nil(result)
        assert.equal(1, effects)
        assert.is_true(info.attempts <= 2)
      end)

      it("says the truth when it meets nothing but " .. name, function()
        local result, err, _, effects = strike(fault, 9)
        assert.is_true(effects <= 1)
        if result then
          assert.equal(1, effects)
        else
          assert.equal("not_done", err.outcome, tostring(err))
          assert.equal(0, effects)
          assert.is_true(err.retryable, tostring(err))
        end
      end)
    end
  end)
end

describe("a deadline that leaves no time for a token", function()
  it("is an error of the call, not misuse: nothing is raised", function()
    local sandbox = assert(portone.sandbox.start {})
    local customer = v1_key(sandbox, fresh "user")
    for _, seconds in ipairs { 0.001, 0.0012, 0.002 } do
      local client, order = client_of(sandbox, { deadline = seconds }), fresh "order"
      local result, err = client.request_pay_again { customer_uid = customer, amount = 10,
        merchant_uid = order, name = "n", channel_key = sandbox.channel_key }
      if result then  -- a fast machine
        assert.equal(1, moved(sandbox, "charge", order))
      else
        assert.equal("timeout", err.kind, tostring(err))
        assert.is_true(err.outcome ~= "not_done" or moved(sandbox, "charge", order) == 0)
      end
      client.close()
    end
    sandbox:stop()
  end)
end)
