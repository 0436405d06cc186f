-- The whole way round: a sandbox that sends webhooks, a shop in a real nginx whose client reads
-- payments again from that sandbox while the worker goes on, and the shop's till that pays.

local json = require "portone.json"
local nginx = require "spec.support.nginx"
local sandbox = require "portone.sandbox"
local webhook = require "portone.webhook"

local SHOP = [[
local json = require "portone.json"
local handlers = require "portone.nginx"
local client = require("portone").new {
  base_url = "%s", v1_base_url = "%s", api_secret = "%s", store_id = "%s",
  v1 = { imp_key = "%s", imp_secret = "%s" }, webhook_secrets = { "%s" },
}
local seen = ngx.shared.box

local function on_event(event)
  local payment = event.payment or {}
  assert(seen:rpush("events", json.encode { api = event.api, type = event.type,
    id = payment.id or payment.imp_uid, status = payment.status,
    total = event.api == "v2" and payment.amount and payment.amount.total or payment.amount,
    key = event.billing_key and event.billing_key.status }))
end

local function check(order)
  seen:rpush("orders", json.encode { api = order.api, id = order.id, amount = order.amount,
    status = order.payment and order.payment.status, currency = order.currency })
  return 3000
end

shop = {
  webhook = handlers.webhook { client = client, v1 = true, on_event = on_event, seen = "seen" },
  confirm = handlers.confirm { client = client, v1 = true, check = check },
}
]]

local HTTP = [[
lua_shared_dict box 10m;
lua_shared_dict seen 1m;
init_by_lua_block {
%s}
server {
  listen 127.0.0.1:$PORT1 reuseport;
  location = /webhook { content_by_lua_block { shop.webhook() } }
  location = /confirm { content_by_lua_block { shop.confirm() } }
  location = /box { content_by_lua_block {
    ngx.print(ngx.shared.box:lpop(ngx.var.arg_list) or "") } }
}
]]

describe("a shop in nginx", function()
  local missing = nginx.missing()
  local portone, server, till

  setup(function()
    if missing then return end
    portone = assert(sandbox.start { seed = "shop" })
    server = nginx.start { workers = 2, http = HTTP:format(SHOP:format(portone.v2_url,
      portone.v1_url, portone.api_secret, portone.store_id, portone.imp_key,
      portone.imp_secret, portone.webhook_secret)) }
    portone:set("webhook_url", server:url(1, "/webhook"))
    portone:set("v1_webhook_url", server:url(1, "/webhook"))
    till = portone:client()
  end)

  teardown(function()
    if server then server:stop() end
    if portone then portone:stop() end
  end)

  local function with_nginx(name, fn)
    it(name, function()
      if missing then
        pending(missing)
        return
      end
      fn()
    end)
  end

  -- Everything in a list of the box, by its type or kind and id; and as it came.
  local function take(list)
    assert.is_true(portone:flush(60))
    local all = {}
    while true do
      local _, _, text = server:request(1, "GET", "/box?list=" .. list)
      if text == "" then return all end
      all[#all + 1] = json.decode(text)
    end
  end

  local function find(all, api, kind, id)
    local found
    for _, event in ipairs(all) do
      if event.api == api and event.type == kind and (id == nil or event.id == id) then
        assert.is_nil(found, "twice: " .. kind)
        found = event
      end
    end
    return assert(found, "no " .. kind .. " in " .. json.encode(all))
  end

  local function post(path, lines, body)
    lines[#lines + 1] = "Content-Type: application/json"
    return server:request(1, "POST", path, lines, body)
  end

  local function statuses()
    local all = {}
    for _, entry in ipairs(portone:journal { kind = "webhook" }) do
      all[#all + 1] = entry.status
    end
    return all
  end

  with_nginx("hears of a V2 charge, and sees it as it is now", function()
    local key = assert(till.issue_billing_key { channelKey = portone.channel_key,
      method = { card = { credential = portone.cards.success.credential } } })
    assert(till.request_pay_again { paymentId = "order-1",
      billingKey = key.billingKeyInfo.billingKey, orderName = "a book",
      amount = { total = 3000 }, currency = "KRW" })
    local all = take "events"
    assert.equal("ISSUED", find(all, "v2", "BillingKey.Issued").key)
    local paid = find(all, "v2", "Transaction.Paid", "order-1")
    assert.same({ "PAID", 3000 }, { paid.status, paid.total })
    assert(till.v2.payment.cancel_payment { paymentId = "order-1", reason = "changed mind" })
    assert.equal("CANCELLED", find(take("events"), "v2", "Transaction.Cancelled").status)
  end)

  with_nginx("hears of a V1 charge, unsigned, and believes only what it reads", function()
    local card = portone.cards.success
    assert(till.issue_billing_key { customer_uid = "user-1", channel_key = portone.channel_key,
      card_number = card.card_number, expiry = card.expiry, birth = card.birth,
      pwd_2digit = card.pwd_2digit })
    take "events"
    local paid = assert(till.request_pay_again { customer_uid = "user-1",
      merchant_uid = "order-1", amount = 3000, name = "a book" })
    local heard = find(take("events"), "v1", "payment", paid.imp_uid)
    assert.same({ "paid", 3000 }, { heard.status, heard.total })
    local lie = json.encode { imp_uid = paid.imp_uid, merchant_uid = "order-2", status = "paid" }
    assert.equal(400, (post("/webhook", {}, lie)))
    lie = json.encode { imp_uid = "imp_000000000000", merchant_uid = "order-2", status = "paid" }
    assert.equal(400, (post("/webhook", {}, lie)))
    assert.same({}, take "events")
  end)

  with_nginx("answers PortOne in the form that ends the retries", function()
    local all = statuses()
    assert.is_true(#all >= 3)
    for _, status in ipairs(all) do assert.equal(200, status) end
  end)

  with_nginx("asks for a webhook again while PortOne does not answer", function()
    portone:act("v2.request_payment", { payment_id = "order-3", total = 3000,
      credential = portone.cards.success.credential })
    take "events"
    local body = json.encode { type = "Transaction.Paid", timestamp = "2024-04-25T10:00:00Z",
      data = { paymentId = "order-3", transactionId = "t", storeId = portone.store_id } }
    local function send(id)
      local lines = {}
      for name, value in pairs(webhook.sign(body, { secret = portone.webhook_secret, id = id })) do
        lines[#lines + 1] = name .. ": " .. value
      end
      return (post("/webhook", lines, body))
    end
    portone:fault { op = "v2.payment.get_payment", fault = "error", status = 503 }
    assert.equal(503, send "msg_1")
    portone:clear_faults()
    assert.equal(200, send "msg_1")
    assert.equal(200, send "msg_1")
    assert.equal("PAID", find(take("events"), "v2", "Transaction.Paid").status)
  end)

  with_nginx("is asked before a V1 window charges, and looks the amount up", function()
    local window = assert(portone:act("v1.open_window", { channelKey = portone.channel_key,
      merchant_uid = "order-4", amount = 3000, name = "a book", pay_method = "card" }))
    local question = json.encode { imp_uid = window.imp_uid, merchant_uid = "order-4",
      amount = 3000 }
    assert.equal(200, (post("/confirm", {}, question)))
    assert.same({ { api = "v1", id = "order-4", amount = 3000, status = "ready",
      currency = "KRW" } }, take "orders")
    local cheap = json.encode { imp_uid = window.imp_uid, merchant_uid = "order-4", amount = 30 }
    assert.equal(409, (post("/confirm", {}, cheap)))
    assert.same({}, take "orders")
  end)

  with_nginx("is asked before a V2 window charges", function()
    local opened = assert(portone:act("v2.request_payment", { payment_id = "order-5",
      total = 3000, manual = true, credential = portone.cards.success.credential }))
    local function ask(total)
      local body = json.encode { type = "Transaction.Confirm",
        timestamp = "2024-04-25T10:00:00Z", data = { paymentId = "order-5",
          transactionId = opened.txId, totalAmount = total } }
      local lines = {}
      for name, value in pairs(webhook.sign(body, { secret = portone.webhook_secret })) do
        lines[#lines + 1] = name .. ": " .. value
      end
      return (post("/confirm", lines, body))
    end
    assert.equal(200, ask(3000))
    local order = take "orders"[1]
    assert.same({ "v2", "order-5", 3000, "KRW" }, { order.api, order.id, order.amount,
      order.currency })
    assert.equal(409, ask(300))
  end)

  with_nginx("writes none of its keys into the log", function()
    local log = server:log()
    assert.truthy(log:find("webhook refused", 1, true))
    for _, secret in ipairs { portone.api_secret, portone.imp_secret, portone.webhook_secret } do
      assert.is_nil(log:find(secret, 1, true))
    end
  end)
end)
