-- SPDX-License-Identifier: MIT
--- Virtual accounts: issued, deposited into, closed, expired.

local answer = require "portone.sandbox.v2.answer"
local channels = require "portone.sandbox.v2.channels"
local charges = require "portone.sandbox.v2.charges"
local lists = require "portone.sandbox.v2.lists"
local receipts = require "portone.sandbox.v2.receipts"
local settings = require "portone.sandbox.v2.settings"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"
local webhooks = require "portone.sandbox.v2.webhooks"

local M = {}

local function expiry(world, input)
  local hours, due = input.validHours, input.dueDate
  if (hours == nil) == (due == nil) then
    answer.invalid("expiry", "exactly one of validHours and dueDate is needed")
  end
  local at = due and lists.moment("expiry.dueDate", due)
    or not due and world:now() + hours * 3600
  if at <= world:now() then answer.invalid("expiry", "must be in the future") end
  return at
end

-- A fixed account belongs to its id for ever, or is the number the caller owns.
local function fixed(world, input)
  local option = input.option
  if option.type ~= "FIXED" then
    if option.fixed then answer.invalid("option.fixed", "only for type FIXED") end
    return nil
  end
  local id, number = (option.fixed or {}).pgAccountId, (option.fixed or {}).accountNumber
  if (id == nil) == (number == nil) then
    answer.invalid("option.fixed", "exactly one of pgAccountId and accountNumber is needed")
  end
  if number then return number end
  local key = input.bank .. "\n" .. id
  return world.v2.accounts[key] or world:digits(12), key
end

--- Checks the virtual account of a request; changes nothing but the stream of random digits.
---@param world table
---@param input table InstantPaymentMethodInputVirtualAccount
---@return table account
function M.plan(world, input)
  local expires_at = expiry(world, input.expiry)
  local number, key = fixed(world, input)
  return { number = number or world:digits(12), key = key, expires_at = expires_at, input = input }
end

-- What becomes of an account nobody paid into.
local function expire(world, tx)
  if tx.status ~= "VIRTUAL_ACCOUNT_ISSUED" then return end
  if settings.is(world, "v2_virtual_account_expiry", "fail") then
    charges.fail(world, tx, { pg_code = "VIRTUAL_ACCOUNT_EXPIRED",
      pg_message = "no deposit before the account expired" },
      { async = true, outcome = "closed" })
  end
end

--- Issues a planned account for an attempt that was begun. No money moves yet.
---@param world table
---@param account table
---@param tx table in status READY
---@param skip_webhook boolean|nil
---@return table|nil refusal { pg_code, pg_message }
function M.assign(world, account, tx, skip_webhook)
  local input = account.input
  tx.method = {
    type = "PaymentMethodVirtualAccount", bank = input.bank, accountNumber = account.number,
    accountType = input.option.type, remitteeName = input.remitteeName,
    expiredAt = view.time(world, account.expires_at), issuedAt = view.time(world, world:now()),
  }
  local refusal = channels.outage(world, tx.pg)
  if refusal then
    charges.fail(world, tx, refusal)
    return refusal
  end
  if account.key then world.v2.accounts[account.key] = account.number end
  tx.pg_tx_id = "sandbox" .. world:digits(16)
  tx.account = account
  charges.move(world, tx, "VIRTUAL_ACCOUNT_ISSUED")
  if not skip_webhook then webhooks.transaction(world, tx, "Transaction.VirtualAccountIssued") end
  world:at(account.expires_at, function() expire(world, tx) end)
end

--- Issues a planned account as a new attempt.
---@param world table
---@param account table
---@param a table as for `charges.begin`
---@param skip_webhook boolean|nil
---@return table tx
---@return table|nil refusal { pg_code, pg_message }
function M.issue(world, account, a, skip_webhook)
  local tx = charges.begin(world, a)
  return tx, M.assign(world, account, tx, skip_webhook)
end

M.handlers = {}

M.handlers["v2.payment.close_virtual_account"] = function(world, req)
  local store = state.store(world, req.query.storeId)
  local tx = state.payment(world, store, req.path.paymentId).tx
  if tx.status ~= "VIRTUAL_ACCOUNT_ISSUED" then
    answer.refuse("PAYMENT_NOT_WAITING_FOR_DEPOSIT", "no account waits for a deposit")
  end
  local refusal = channels.outage(world, tx.pg)
  if refusal then return answer.declined(refusal) end
  charges.fail(world, tx, { reason = "the virtual account was closed" },
    { outcome = "closed" })
  return 200, { closedAt = view.time(world, world:now()) }
end

M.actions = {}

--- The customer pays into the virtual account of a payment.
---@param world table
---@param args table { payment_id, store_id?, amount? = the total, remitter? }
---@return boolean|nil ok
---@return string|nil problem
function M.actions.deposit(world, args)
  local key = state.key(args.store_id or world.config.store_id, args.payment_id)
  local payment = world.v2.payments.map[key]
  local tx = payment and payment.tx
  if not tx or tx.status ~= "VIRTUAL_ACCOUNT_ISSUED" then
    return nil, "no account waits for a deposit"
  elseif world:now() > tx.account.expires_at then
    return nil, "the account has expired"
  elseif args.amount and args.amount ~= tx.amount.total then
    return nil, "a deposit must be of the exact amount"
  end
  tx.method.remitterName = args.remitter
  receipts.on_deposit(world, tx, tx.account.input.cashReceipt)
  charges.settle(world, tx, { trigger = "VIRTUAL_ACCOUNT_DEPOSIT", async = true })
  return true
end

return M
