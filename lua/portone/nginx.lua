-- SPDX-License-Identifier: MIT
-- Handlers for OpenResty. Made once (init_by_lua), called in a content phase:
--
--   location = /portone/webhook { content_by_lua_block { shop.webhook() } }
--
-- What PortOne says is believed when it is signed (V2) or was read again (V1); with a client
-- a V2 payment is read again as well, since a retry may tell of a state that is long past.

local options = require "portone.nginx.options"
local request = require "portone.nginx.request"
local store = require "portone.webhook.store"
local v1 = require "portone.webhook.v1"

local M = {}

-- {====== Webhook ======

local webhook_options = {
  on_event = "function", secrets = "any", secret = "any", client = "table", seen = "any",
  v1 = "boolean", tolerance = "number", version = "string", max_body = "number",
  lease = "number", seen_ttl = "number", on_store_failure = "string", call = "table",
  include_sandbox = "boolean", now = "any",
}

local function open_store(seen, level)
  if type(seen) == "string" then
    return store.shared(seen)
  elseif type(seen) == "userdata" then
    error("portone.nginx.webhook: option 'seen': give the name of the dictionary", level + 1)
  elseif type(seen) == "table" and not (seen.begin and seen.done and seen.undo) then
    error("portone.nginx.webhook: option 'seen' must be the name of a lua_shared_dict, or a "
      .. "store with begin, done and undo (see webhook.store)", level + 1)
  end
  return seen
end

-- How the thing that an event is about is read again.
local readers = {
  Transaction = function(client, data, call)
    return client.v2.payment.get_payment(
      { paymentId = data.paymentId, storeId = data.storeId }, call)
  end,
  BillingKey = function(client, data, call)
    return client.v2.payment.billing_key.get_billing_key_info(
      { billingKey = data.billingKey, storeId = data.storeId }, call)
  end,
}
local fields = { Transaction = "payment", BillingKey = "billing_key" }

-- Adds event.payment or event.billing_key. False: there is no such payment.
local function read_again(o, event)
  local group = event.known and event.type:match("^%a+")
  if not o.client or not readers[group] then
    return true
  end
  local got, err = readers[group](o.client, event.data, o.call)
  if got then
    event[fields[group]] = got
    return true
  elseif err.kind ~= "not_found" then
    return nil, err
  end
  return group ~= "Transaction"
end

-- What makes a V1 notification this one: V1 has no id, and what it claims is not signed, so
-- the state that was read counts.
local function v1_id(note, payment)
  local extra = note.event and (note.event .. "@" .. tostring(note.extra and note.extra.changed_at))
  return ("v1:%s:%s:%s:%s"):format(note.imp_uid, tostring(payment.status),
    tostring(payment.cancel_amount or 0), extra or "")
end

-- An event of either API; or nil, status, reason. False: nothing to do.
local function event_of(o, message)
  if message.event then
    local event = message.event
    event.api = "v2"
    local found, err = read_again(o, event)
    if found == nil then
      return nil, 503, err
    elseif not found then
      return false, 200, "the payment of a test message does not exist"
    end
    return event
  end
  local payment, err, note = v1.receive(message.body, o.client,
    { include_sandbox = o.include_sandbox, call = o.call }, 2)
  if not payment then
    local final = err.kind == "not_found" or err.kind == "rejected"
    return nil, final and 400 or 503, err
  end
  return {
    api = "v1", id = v1_id(note, payment), type = note.event or note.kind, kind = note.kind,
    known = note.kind ~= "unknown", payment = payment, note = note, data = note.body,
    body = note.body,
  }
end

-- Runs the user's function. True when the event was dealt with.
local function handle(o, event)
  local ok, result, why = pcall(o.on_event, event)
  if not ok then
    request.log("on_event raised", result)
    return false
  elseif result == false or (result == nil and why ~= nil) then
    request.log("on_event did not take the event", why or "false")
    return false
  end
  return true
end

-- Runs it at most once at a time, and once in all when it succeeds. Returns the status.
local function handle_once(o, event)
  local state, err = o.seen:begin(event.id, o.lease)
  if state == "done" then
    return 200
  elseif state == "busy" then
    return 503  -- another worker has it, and may yet fail: let it come again
  elseif not state then
    request.log("the store of seen webhooks failed", err)
    if o.on_store_failure ~= "accept" then
      return 503
    end
  end
  local done = handle(o, event)
  if state then
    local kept
    if done then
      kept, err = o.seen:done(event.id, o.seen_ttl)
    else
      kept, err = o.seen:undo(event.id)
    end
    if not kept then
      request.log("the store of seen webhooks failed", err)
    end
  end
  return done and 200 or 500
end

---A handler for PortOne's webhooks.
---
---It answers 200 when on_event took the event (or had taken it before), 500 or 503 when
---PortOne should send it again, and 4xx to whom PortOne is not. on_event(event) fails by
---raising, or by returning false or nil and why. An event is that of webhook.verify with
---`api`, and with a client `payment` or `billing_key` as they are now; of V1 it has `payment`
---and `note`.
---@param opts table  on_event; secrets (V2); client (needed for V1, reads again for V2);
---  v1 (true: unsigned V1 notifications too; the default without secrets); seen (name of a
---  lua_shared_dict, or a store); lease (seconds that on_event may take, 60); seen_ttl (86400);
---  on_store_failure ("refuse", "accept"); tolerance; version; max_body; include_sandbox;
---  call (options of reading again, { deadline = 15, timeout = 15 })
---@return fun(): integer handler  returns the status it answered with
function M.webhook(opts)
  local o = options.check("webhook", opts, webhook_options, 2)
  if not o.on_event then
    error("portone.nginx.webhook: on_event = function(event) … end is needed", 2)
  end
  o.seen = open_store(o.seen, 2)
  o.lease, o.seen_ttl = o.lease or 60, o.seen_ttl or 86400
  o.call = o.call or { deadline = 15, timeout = 15 }
  return function()
    local message, status, reason = options.receive(o)
    local event
    if message then
      event, status, reason = event_of(o, message)
    end
    if not event then
      request.log(status == 200 and "webhook ignored" or "webhook refused", reason)
      return request.answer(status)
    elseif o.seen then
      return request.answer(handle_once(o, event))
    end
    return request.answer(handle(o, event) and 200 or 500)
  end
end

-- }======

-- {====== Confirm ======

local confirm_options = {
  check = "function", secrets = "any", secret = "any", client = "table", v1 = "boolean",
  tolerance = "number", version = "string", max_body = "number", time_limit = "number",
  call = "table", include_sandbox = "boolean", now = "any",
}

-- The question as the shop sees it; or nil, reason.
local function order_of(message)
  local event, note = message.event, message.note
  if event then
    if event.type ~= "Transaction.Confirm" or not event.known then
      return nil, "no confirm request: " .. tostring(event.type)
    end
    return {
      api = "v2", id = event.data.paymentId, payment_id = event.data.paymentId,
      transaction_id = event.data.transactionId, amount = event.data.totalAmount,
      store_id = event.data.storeId, event = event,
    }
  elseif note.kind ~= "confirm" and note.kind ~= "cvs_confirm" then
    return nil, "no confirm request: " .. tostring(note.kind)
  end
  return {
    api = "v1", id = note.merchant_uid, merchant_uid = note.merchant_uid,
    imp_uid = note.imp_uid, amount = note.amount, note = note,
  }
end

-- Adds order.payment; false, reason when it cannot be read or says something else.
local function confirm_payment(o, order, body)
  local payment, err, amount
  if order.api == "v1" then
    payment, err = v1.receive(body, o.client,
      { include_sandbox = o.include_sandbox, call = o.call }, 2)
    amount = payment and payment.amount
    order.amount = order.amount or amount  -- a shop's till sends none
  else
    payment, err = o.client.v2.payment.get_payment(
      { paymentId = order.payment_id, storeId = order.store_id }, o.call)
    amount = payment and payment.amount and payment.amount.total
  end
  if not payment then
    return false, err
  elseif amount ~= order.amount then
    return false, "the payment is over another amount than the request says"
  end
  order.payment, order.currency = payment, payment.currency
  return true
end

-- The shop's own amount, and currency where it says one: 3000 of another is another price.
local function compare(order, amount, currency)
  if amount ~= order.amount then
    return false, ("the amount is %s where the order says %s"):format(tostring(order.amount),
      tostring(amount)), "The amount does not match the order."
  elseif currency ~= nil and currency ~= order.currency then
    return false, ("the currency is %s where the order says %s"):format(order.currency
      or "not in the question (give a client, which reads it)", tostring(currency)),
      "The currency does not match the order."
  end
  return true
end

-- Asks the shop. True; or false, reason for the log, words for the payer.
local function ask(o, order, body)
  if o.client then
    local ok, err = confirm_payment(o, order, body)
    if not ok then
      return false, err
    end
  end
  local ok, answer, words = pcall(o.check, order)
  if not ok then
    return false, "check raised: " .. tostring(answer)
  elseif answer == true then
    return true
  elseif type(answer) == "number" then
    return compare(order, answer, words)
  end
  words = type(words) == "string" and words or nil
  return false, words or "check said no", words
end

-- The same, but no longer than PortOne waits: an answer that comes later means nothing.
local function ask_in_time(o, order, body)
  local asking = ngx.thread.spawn(function()
    return "answer", ask(o, order, body)
  end)
  local clock = ngx.thread.spawn(function()
    ngx.sleep(o.time_limit)
    return "late"
  end)
  local ok, which, accepted, reason, words = ngx.thread.wait(asking, clock)
  if ok and which == "late" then
    ngx.thread.kill(asking)
    return false, ("check took longer than %s s"):format(tostring(o.time_limit))
  end
  ngx.thread.kill(clock)
  if not ok then
    return false, which  -- an error of ours
  end
  return accepted, reason, words
end

---A handler for V1's confirm_url and V2's confirmUrl: PortOne asks it before it charges.
---
---It answers 200 when the shop agrees and 409 with words for the payer when not. Everything
---unclear is a no: an error, a question that is not signed (V2), an answer that takes long.
---
---check(order) gets { api, id (paymentId or merchant_uid), amount (V1 major, V2 minor units),
---currency and payment (with a client), payment_id, transaction_id | imp_uid, merchant_uid }.
---It returns the amount of the shop's own order and its currency, which are then compared; or
---true; or false and words for the payer, as with an unknown order or an empty shelf.
---@param opts table  check; secrets (V2); client (needed for V1); v1 (true: V1 questions too;
---  the default without secrets); time_limit (seconds, 8: V1 waits for 10); tolerance; version;
---  max_body; include_sandbox; call (options of reading again, { deadline = 6, timeout = 6 })
---@return fun(): integer handler  returns the status it answered with
function M.confirm(opts)
  local o = options.check("confirm", opts, confirm_options, 2)
  if not o.check then
    error("portone.nginx.confirm: check = function(order) … end is needed", 2)
  end
  o.time_limit = o.time_limit or 8
  o.call = o.call or { deadline = 6, timeout = 6 }
  return function()
    local message, status, reason = options.receive(o)
    if not message then
      request.log("confirm refused", reason)
      return request.answer(status)
    end
    local order
    order, reason = order_of(message)
    if not order then
      request.log("confirm refused", reason)
      return request.answer(400)
    end
    local accepted, words
    accepted, reason, words = ask_in_time(o, order, message.body)
    if accepted then
      return request.answer(200)
    end
    request.log("confirm refused", reason)
    return request.answer(409, { [order.api == "v1" and "reason" or "errorMessage"] = words })
  end
end

-- }======

return M
