-- The handlers of http.conf. A call in here waits without keeping the worker from others:
-- no resolver, no CA directive, no option; it is found out that this is nginx.

local json = require "portone.json"
local portone = require "portone"

local M = {}

local client, sandbox

---Once per worker. With keys in the environment (PORTONE_API_SECRET, PORTONE_STORE_ID; name
---them in nginx's `env` directives) it is the real thing, without them a sandbox.
function M.open()
  if os.getenv "PORTONE_API_SECRET" then
    client = portone
  else
    sandbox = assert(portone.sandbox.start {})
    client = sandbox:client()
  end
end

local function answer(status, value)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.say(assert(json.encode(value)))
end

---POST /keys: a billing key. A real shop gets it from PortOne's window, not from card data.
function M.issue()
  local result, err = client.issue_billing_key { channelKey = sandbox.channel_key,
    method = { card = { credential = sandbox.cards.success.credential } } }
  if not result then
    return answer(502, { error = tostring(err) })
  end
  answer(200, { billingKey = result.billingKeyInfo.billingKey })
end

-- What a failure means for the shop's customer.
local status_of = { declined = 402, conflict = 409, invalid_request = 400, unknown_outcome = 202 }

---POST /orders { "id", "billingKey", "amount" }: charge it.
function M.charge()
  ngx.req.read_body()
  local order = json.decode(ngx.req.get_body_data() or "")
  if type(order) ~= "table" then
    return answer(400, { error = "a JSON object is expected" })
  end
  local result, err, info = client.request_pay_again { paymentId = order.id,
    billingKey = order.billingKey, orderName = "monthly pass",
    amount = { total = order.amount }, currency = "KRW" }
  if result then
    return answer(200, { paidAt = result.payment.paidAt, reconciled = info.reconciled })
  elseif err.kind == "unknown_outcome" then  -- ask again later: portone.resolve(text)
    ngx.log(ngx.ERR, "to be resolved: ", portone.encode_pending(err))
  end
  answer(status_of[err.kind] or 502, { error = err.kind, message = err.message })
end

return M
