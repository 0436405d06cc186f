-- SPDX-License-Identifier: MIT
--- V2 webhooks of the books: which event goes where, what a payment remembers of it, and sending
-- one again.
--
-- Delivery, signing and retries are the world's; here is the record that the API shows.

local answer = require "portone.sandbox.v2.answer"
local settings = require "portone.sandbox.v2.settings"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"

local M = {}

--- Sends the event of a billing key or another record that keeps no history of webhooks.
---@param world table
---@param store string
---@param urls table|nil noticeUrls; the console's URL when absent
---@param kind string e.g. "BillingKey.Issued"
---@param data table fields beside storeId
---@return table hooks one for each URL
function M.send(world, store, urls, kind, data)
  data.storeId = store
  return world:webhook_v2(urls, kind, data)
end

--- Sends the event of a payment attempt and keeps it under the payment's webhooks.
---@param world table
---@param tx table the attempt, already in its new state
---@param kind string e.g. "Transaction.Paid"
---@param more table|nil { cancellation_id?, trigger?, async? }
function M.transaction(world, tx, kind, more)
  more = more or {}
  local data = { paymentId = tx.payment.id, transactionId = tx.id,
    cancellationId = more.cancellation_id }
  local urls = tx.order.noticeUrls
  for _, hook in ipairs(M.send(world, tx.payment.store, urls, kind, data)) do
    if hook.url then
      tx.webhooks = tx.webhooks or {}
      tx.webhooks[#tx.webhooks + 1] = { hook = hook, payment_status = tx.status,
        trigger = more.trigger, async = more.async or false, at = world:now(), resends = 0 }
    end
  end
end

--- How the last webhook of an attempt fared.
---@param tx table
---@return string|nil status PaymentWebhookStatus; nil while none is known
function M.last_status(tx)
  local records = tx.webhooks or {}
  local last = records[#records]
  return last and view.webhook_status(last.hook)
end

local function find(tx, id)
  local records = tx.webhooks or {}
  for i = #records, 1, -1 do
    if id == nil or records[i].hook.id == id then return records[i] end
  end
  answer.refuse("WEBHOOK_NOT_FOUND", "the payment has no such webhook")
end

M.handlers = {}

-- A webhook that was never to leave this machine is counted, but still not sent.
M.handlers["v2.payment.resend_webhook"] = function(world, req)
  local store = state.store(world, req.body.storeId)
  local tx = state.payment(world, store, req.path.paymentId).tx
  local record = find(tx, req.body.webhookId)
  if record.resends >= settings.get(world, "v2_max_webhook_resends") then
    answer.refuse("MAX_WEBHOOK_RETRY_COUNT_REACHED", "this webhook was sent by hand too often")
  end
  record.resends, record.trigger, record.at = record.resends + 1, "MANUAL", world:now()
  if record.hook.state ~= "skipped" then world:resend(record.hook) end
  return 200, { webhook = view.webhook(world, record) }
end

return M
