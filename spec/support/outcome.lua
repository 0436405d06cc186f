-- SPDX-License-Identifier: MIT
-- Operations against faults: what a caller is told is held against the sandbox's books.

local ample = require "spec.support.ample"
local assert = require "luassert"
local core = require "portone.core"
local portone = require "portone"

local M = {}

-- Waits are not what is tested here.
local patient = {
  name = "patient",
  perform = function(client, ...) return client:perform(...) end,
  sleep = function(seconds) core.sleep(math.min(seconds, 0.002)) end,
  once = function(_, fn) return fn() end,
}

function M.client_of(sandbox, more)
  local opts = { loop = patient, timeout = 0.25, deadline = 4, settle = 0 }
  for name, value in pairs(more or {}) do opts[name] = value end
  return sandbox:client(opts)
end

local count = 0
function M.fresh(prefix)
  count = count + 1
  return prefix .. "-" .. count
end

function M.v1_key(sandbox, uid)
  local card = sandbox.cards.success
  assert(sandbox:client().issue_billing_key { customer_uid = uid, card_number = card.card_number,
    channel_key = sandbox.channel_key, expiry = card.expiry, birth = card.birth,
    pwd_2digit = card.pwd_2digit })
  return uid
end

function M.v2_key(sandbox)
  local args = { channelKey = sandbox.channel_key,
    method = { card = { credential = sandbox.cards.success.credential } } }
  return assert(sandbox:client().issue_billing_key(args)).billingKeyInfo.billingKey
end

function M.v1_paid(sandbox, amount)
  local order = M.fresh "order"
  assert(sandbox:client().request_pay_again { customer_uid = M.v1_key(sandbox, M.fresh "user"),
    merchant_uid = order, amount = amount, name = "n", channel_key = sandbox.channel_key })
  return order
end

function M.v2_paid(sandbox, amount)
  local id = M.fresh "payment"
  assert(sandbox:client().request_pay_again { paymentId = id, billingKey = M.v2_key(sandbox),
    orderName = "n", amount = { total = amount }, currency = "KRW" })
  return id
end

-- Movements of money of one order in the sandbox's books.
function M.moved(sandbox, kind, order)
  local n = 0
  for _, entry in ipairs(sandbox:journal { kind = kind }) do
    if entry.order == order and entry.outcome ~= "failed" and entry.outcome ~= "declined" then
      n = n + 1
    end
  end
  return n
end

function M.soon(sandbox)
  return math.floor(sandbox:now()) + 86400
end

---Each operation meets each fault, once and for good.
---Each: op, its name; prepare(sandbox) -> what the rest is given; call(client, x) ->
--- result, err; effects(sandbox, x) -> how often it happened.
---@param operations table[]
---@param faults table[]  rules of the sandbox
---@param busted table    describe, it, setup, teardown: busted gives them to spec files only
function M.try(operations, faults, busted)
  local describe, it, setup, teardown = busted.describe, busted.it, busted.setup, busted.teardown
  for _, operation in ipairs(operations) do
    local title = operation.op .. (operation.title and " (" .. operation.title .. ")" or "")
    describe(title, function()
      local sandbox
      setup(function() sandbox = assert(portone.sandbox.start {}) end)
      teardown(function() sandbox:stop() end)

      -- Strikes so often; what the caller is told must be what the books say. Only where nothing
      -- comes has a call to be short.
      local function strike(fault, times, seconds)
        local client = M.client_of(sandbox, { timeout = seconds, deadline = 16 * seconds })
        local x = operation.prepare(sandbox)
        sandbox:fault { op = operation.op, fault = fault.fault, retry_after = fault.retry_after,
                        times = times }
        local result, err, info = operation.call(client, x, sandbox)
        sandbox:clear_faults()
        local effects = operation.effects(sandbox, x)
        client.close()
        assert.is_true(effects <= 1)
        return result, err, info, effects
      end

      -- Gives what 'strike' does; 'well' says whether the calls had time enough.
      local function meet(fault, times, well)
        if not fault.fault:find "^hang" then return strike(fault, times, 15) end
        local result, err, info, effects
        ample(true, function(seconds)
          result, err, info, effects = strike(fault, times, seconds)
          return well(err, info)
        end)
        return result, err, info, effects
      end

      for _, fault in ipairs(faults) do
        local name = fault.fault .. (fault.retry_after and " with a time to wait" or "")
        it("survives one " .. name, function()
          local result, err, info, effects = meet(fault, 1, function(err, info)
            return not err and info.attempts <= 2
          end)
          assert.is_nil(err and tostring(err))
          assert.is_not_nil(result)
          assert.equal(1, effects)
          assert.is_true(info.attempts <= 2)
        end)

        it("says the truth when it meets nothing but " .. name, function()
          local result, err, _, effects = meet(fault, 9, function(err)
            return not err or err.outcome == "not_done"
          end)
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
end

return M
