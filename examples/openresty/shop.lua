-- The handlers of http.conf. A call in here waits without keeping the worker from others:
-- no resolver, no CA directive, no option; it is found out that this is nginx.

local json = require "portone.json"
local portone = require "portone"

local M = {}

-- What is sold, and for how much. No price comes from a browser, which may say what it likes.
local products = {
  ["monthly-pass"] = { name = "monthly pass", price = 3000 },
  ["yearly-pass"] = { name = "yearly pass", price = 30000 },
}

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

-- The JSON object that was posted, empty when it is none.
local function posted()
  ngx.req.read_body()
  local body = json.decode(ngx.req.get_body_data() or "")
  return type(body) == "table" and body or {}
end

---POST /keys: a billing key for the sandbox's test card. With real keys there is none here: the
---card is typed into PortOne's window, never into a shop (examples/shop shows how).
function M.issue()
  if not sandbox then
    return answer(404, { error = "a billing key comes from PortOne's payment window" })
  end
  local result, err = client.issue_billing_key { channelKey = sandbox.channel_key,
    method = { card = { credential = sandbox.cards.success.credential } } }
  if not result then
    return answer(502, { error = tostring(err) })
  end
  answer(200, { billingKey = result.billingKeyInfo.billingKey })
end

---POST /orders { "product" }: what it costs is looked up here, and written down.
---A shop with a database has its orders there.
function M.order()
  local product = posted().product
  if not products[product] then
    return answer(400, { error = "no such product" })
  end
  local id = "order-" .. ngx.var.request_id
  assert(ngx.shared.orders:safe_add(id, product))
  answer(201, { order = id, amount = products[product].price })
end

-- What a failure means for the shop's customer.
local status_of = { declined = 402, conflict = 409, invalid_request = 400, unknown_outcome = 202 }

---POST /pay { "order", "billingKey" }: charge what the order costs.
function M.charge()
  local form = posted()
  local product = products[type(form.order) == "string" and ngx.shared.orders:get(form.order)]
  if not product then
    return answer(404, { error = "no such order" })
  end
  local result, err, info = client.request_pay_again { paymentId = form.order,
    billingKey = form.billingKey, orderName = product.name,
    amount = { total = product.price }, currency = "KRW" }
  if result then
    return answer(200, { paidAt = result.payment.paidAt, reconciled = info.reconciled })
  elseif err.kind == "unknown_outcome" then  -- ask again later: portone.resolve(text)
    ngx.log(ngx.ERR, "to be resolved: ", portone.encode_pending(err))
  end
  answer(status_of[err.kind] or 502, { error = err.kind, message = err.message })
end

return M
