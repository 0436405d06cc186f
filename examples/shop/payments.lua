-- What the shop says to PortOne, and how it understands the answers. Each function may wait for
-- the network; in nginx that keeps nobody else waiting.

local client = require "portone"
local orders = require "orders"
local settings = require("settings").read()
local texts = require "texts"

local M = {}

-- {====== Reading ======

local has_money = { PAID = true, PARTIAL_CANCELLED = true, CANCELLED = true,
                    paid = true, cancelled = true }

-- Money that is none: the page in the browser names the channel, and may have been told to name
-- a test one.
local function is_play_money(order, payment)
  if settings.test then return false end
  if order.api == "v1" then return payment.sandbox == true end
  return payment.channel ~= nil and payment.channel.type ~= "LIVE"
end

-- The same of both APIs: what was paid, what went back, what went wrong.
local function state_of(order, payment)
  local v1 = order.api == "v1"
  local total = v1 and payment.amount or payment.amount.total
  local state = { paid = 0, cancelled = v1 and payment.cancel_amount or payment.amount.cancelled }
  if payment.status == "FAILED" then
    state.problem = payment.failure and (payment.failure.pgMessage or payment.failure.reason)
  elseif payment.status == "failed" then
    state.problem = payment.fail_reason
  elseif has_money[payment.status] then
    if is_play_money(order, payment) then
      ngx.log(ngx.ERR, "order ", order.id, " was paid by a test channel")
      state.problem = "test channel"
    elseif total == order.amount and payment.currency == "KRW" then
      state.paid = total
    else  -- somebody has to look at it: PortOne was told another amount, and did not ask
      ngx.log(ngx.ERR, ("order %s of %d won was paid with %s %s"):format(order.id, order.amount,
        tostring(total), tostring(payment.currency)))
      state.problem = ("%s %s"):format(tostring(total), tostring(payment.currency))
    end
  end
  return state
end

-- A month later, on the same day or the month's last one; the time of day stays.
local function months_after(at, n)
  local y, m, d, rest = at:match "^(%d+)-(%d+)-(%d+)(.+)$"
  local months = y * 12 + m - 1 + n
  y, m = math.floor(months / 12), months % 12 + 1
  local last = os.date("*t", os.time { year = y, month = m + 1, day = 0, hour = 12 }).day
  return ("%04d-%02d-%02d%s"):format(y, m, math.min(tonumber(d), last), rest)
end

local function order_of(s, n)
  return { id = s.id .. "-" .. n, customer = s.customer, api = "v2", product = s.product,
    quantity = 1, amount = texts.good[s.product].price }
end

-- After the nth payment of a subscription: one more a month later. Asked for twice, it is there.
local function schedule_next(s, n, paid_at)
  if n == 1 then s = orders.start(s.id, paid_at) end
  if s.stopped == 1 or s.started == "" then return true end
  local order = order_of(s, n + 1)
  local done, err = client.schedule { paymentId = order.id,
    timeToPay = months_after(s.started, n), payment = { billingKey = s.billing_key,
      orderName = texts.good[s.product].ko, amount = { total = order.amount }, currency = "KRW",
      customer = { id = s.customer } } }
  return done or err.kind == "conflict", err
end

---Takes over what PortOne says of an order.
---@return table order
---@return portone.Error? err  the next month could not be scheduled
function M.settle(order, payment)
  order = orders.settle(order.id, state_of(order, payment))
  local s, n = order.id:match "^(%w+)-(%d+)$"
  if s and order.paid > 0 then
    local ok, err = schedule_next(orders.subscription(s), tonumber(n), payment.paidAt)
    if not ok then return order, err end
  end
  return order
end

-- Of several attempts at an order the paid one counts: the newest may be another window's.
local function read_v1(id)
  local payment, err = client.v1.payments.find { merchant_uid = id, payment_status = "paid" }
  if not payment and err.kind == "not_found" then
    return client.v1.payments.find { merchant_uid = id }
  end
  return payment, err
end

---Asks PortOne about an order.
---@return table order
function M.look(order)
  local payment, err
  if order.api == "v1" then
    payment, err = read_v1(order.id)
  else
    payment, err = client.v2.payment.get_payment { paymentId = order.id }
  end
  if payment then
    order, err = M.settle(order, payment)
  end
  if err and err.kind ~= "not_found" then
    ngx.log(ngx.WARN, "order ", order.id, ": ", tostring(err))
  end
  return order
end

---A webhook, verified and read again. What was scheduled becomes an order with it.
---@param event table  of portone.nginx
---@return boolean? taken
---@return any err  PortOne shall tell it again
function M.heard(event)
  local payment = event.payment
  if not payment then return true end  -- of a key the customer's own browser told
  local id = event.api == "v1" and payment.merchant_uid or payment.id
  local order = orders.get(id)
  local s, n = id:match "^(%w+)-(%d+)$"
  if not order and s and orders.subscription(s) then
    order = orders.add(order_of(orders.subscription(s), n))
  end
  if not order then return true end  -- not ours
  local err
  order, err = M.settle(order, payment)
  if s and order.problem ~= "" and tonumber(n) > 1 then
    M.stop(orders.subscription(s))  -- no bag without money
  end
  return err == nil or nil, err
end

-- }======

-- {====== Changing ======

---Gives a part or all of it back. The balance goes along, so that a second click, or a second
---server, gives nothing back twice.
---@param amount number  won
---@return table? done
---@return portone.Error? err
function M.cancel(order, amount, reason)
  local done, err
  local left = order.paid - order.cancelled
  if order.api == "v1" then
    done, err = client.v1.payments.cancel { merchant_uid = order.id, amount = amount,
      checksum = left, reason = reason }
  else
    done, err = client.v2.payment.cancel_payment { paymentId = order.id, amount = amount,
      currentCancellableAmount = left, reason = reason }
  end
  M.look(order)
  return done, err
end

local function forget(key)
  return client.v2.payment.billing_key.delete_billing_key { billingKey = key }
end

---Begins a subscription with the key that the window gave: the first charge, now.
---@return boolean? started
---@return any err
function M.start(s, billing_key)
  if billing_key == "" then return nil, "the window gave no key" end
  local key, err = client.v2.payment.billing_key.get_billing_key_info { billingKey = billing_key }
  if not key then
    return nil, err
  elseif key.status ~= "ISSUED" or key.issueId ~= s.id then
    return nil, "the billing key is not this subscription's"
  elseif not orders.keep_key(s.id, billing_key) then
    forget(billing_key)
    return nil, "the subscription has a key"
  end
  local order = orders.add(order_of(s, 1))
  local paid
  if order.paid == 0 then
    paid, err = client.request_pay_again { paymentId = order.id, billingKey = billing_key,
      orderName = texts.good[s.product].ko, amount = { total = order.amount }, currency = "KRW",
      customer = { id = s.customer } }
  end
  order = M.look(order)
  if order.paid == 0 and not paid and err.outcome == "not_done" then
    orders.drop_key(s.id)  -- another card may do
    forget(billing_key)
    return nil, err
  end
  return true  -- paid; or nobody knows yet, and the webhook will tell
end

---Ends a subscription: no more charges.
---@return boolean? ended
---@return portone.Error? err
function M.stop(s)
  orders.stop(s.id)
  local ok, err = client.v2.payment.payment_schedule.revoke_payment_schedules {
    billingKey = s.billing_key }
  if ok or err.kind == "not_found" or err.kind == "conflict" then
    ok, err = forget(s.billing_key)
  end
  return ok ~= nil or err.kind == "conflict", err
end

-- }======

---The payments of a subscription, the last one first.
function M.of(s)
  local list = {}
  for _, order in ipairs(orders.of(s.customer)) do
    if order.id:find(s.id .. "-", 1, true) == 1 then list[#list + 1] = order end
  end
  return list
end

---Why the first payment failed.
function M.why(s)
  local order = orders.get(s.id .. "-1")
  return order and order.problem or ""
end

return M
