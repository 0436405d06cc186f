local json = require "portone.json"
local nginx = require "spec.support.nginx"
local webhook = require "portone.webhook"

local SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
local OLD_SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

-- The shop inside nginx. Its client is a stand-in that answers from what the spec puts into
-- a shared dictionary; what on_event and check see comes back the same way.
local SHOP = [[
local json = require "portone.json"
local handlers = require "portone.nginx"
local box = ngx.shared.box

local function answer(name)
  return function(args)
    box:incr("reads", 1, 0)
    local status = box:get("fail:" .. name)
    if status then
      return nil, require("portone.error").new { kind = status, message = "made up" }
    end
    local text = box:get("has:" .. name .. ":" .. (args.paymentId or args.imp_uid
      or args.billingKey))
    if not text then
      return nil, require("portone.error").new { kind = "not_found", message = "no such thing" }
    end
    box:set("asked:" .. name, json.encode(args))
    return json.decode(text)
  end
end

local client = {
  v1 = { payments = { get = answer "v1" } },
  v2 = { payment = { get_payment = answer "v2",
                     billing_key = { get_billing_key_info = answer "key" } } },
}

local function on_event(event)
  local n = box:incr("events", 1, 0)
  box:set("event:" .. n, json.encode(event))
  box:rpush("workers", ngx.worker.pid())
  while box:get("hold") == "yes" do ngx.sleep(0.01) end
  local mode = box:get("mode")
  if mode == "raise" then error("the database is down\nreally") end
  if mode == "false" then return false, "not now" end
  if mode == "nil" then return nil, "not now" end
end

local function check(order)
  box:incr("checks", 1, 0)
  box:set("order", json.encode(order))
  local slow = box:get("slow")
  if slow then ngx.sleep(slow) end
  local mode = box:get("mode")
  if mode == "raise" then error("the database is down") end
  if mode == "unknown" then return nil, "모르는 주문입니다" end
  if mode == "nothing" then return end
  if mode == "true" then return true end
  if mode == "text" then return "yes" end
  return tonumber(box:get("price") or 3000), box:get("currency")
end

local secrets = { ']] .. OLD_SECRET .. [[', ']] .. SECRET .. [[' }
shop = {
  plain = handlers.webhook { secrets = secrets, on_event = on_event },
  once = handlers.webhook { secrets = secrets, on_event = on_event, seen = "seen" },
  read = handlers.webhook { secrets = secrets, on_event = on_event, client = client },
  both = handlers.webhook { secrets = secrets, on_event = on_event, client = client, v1 = true,
    seen = "seen" },
  v1 = handlers.webhook { on_event = on_event, client = client, seen = "seen" },
  strict = handlers.webhook { secrets = secrets, on_event = on_event, version = "2024-04-25" },
  confirm_strict = handlers.confirm { secrets = secrets, check = check,
    version = "2024-04-25" },
  small = handlers.webhook { secrets = secrets, on_event = on_event, max_body = 1000 },
  broken = handlers.webhook { secrets = secrets, on_event = on_event,
    seen = { add = error, begin = function() return nil, "down" end, done = error,
             undo = error } },
  brave = handlers.webhook { secrets = secrets, on_event = on_event,
    on_store_failure = "accept", seen = { add = error, begin = function() return nil, "down" end,
    done = error, undo = error } },
  confirm = handlers.confirm { secrets = secrets, check = check },
  confirm_v1 = handlers.confirm { client = client, check = check },
  confirm_read = handlers.confirm { secrets = secrets, client = client, check = check,
    v1 = true },
  hasty = handlers.confirm { secrets = secrets, check = check, time_limit = 0.2 },
}
]]

local BOX = [[
local box, json = ngx.shared.box, require "portone.json"
ngx.req.read_body()
local name = ngx.var.arg_name
if ngx.req.get_method() == "PUT" then
  local text = ngx.req.get_body_data()
  box:set(name, tonumber(text) or text)
elseif ngx.req.get_method() == "DELETE" then
  box:flush_all() ngx.shared.seen:flush_all()
else
  ngx.print(tostring(box:get(name)))
end
]]

local LARGE = ("x"):rep(200000)

describe("portone.nginx", function()
  local missing = nginx.missing()
  local server

  setup(function()
    if missing then return end
    local locations = {}
    for _, name in ipairs { "plain", "once", "read", "both", "v1", "small", "broken", "brave",
      "strict", "confirm_strict",
      "confirm", "confirm_v1", "confirm_read", "hasty" } do
      locations[#locations + 1] = ("location = /%s { content_by_lua_block { shop.%s() } }")
        :format(name, name)
    end
    server = nginx.start {
      workers = 2,
      http = "lua_shared_dict box 10m; lua_shared_dict seen 1m; client_max_body_size 20m;\n"
        .. "client_body_buffer_size 8k; init_by_lua_block {\n" .. SHOP .. "}\n"
        .. "server { listen 127.0.0.1:$PORT1 reuseport;\n" .. table.concat(locations, "\n")
        .. "\nlocation = /box { content_by_lua_block {\n" .. BOX .. "} } }",
    }
  end)

  teardown(function()
    if server then server:stop() end
  end)

  before_each(function()
    if server then server:request(1, "DELETE", "/box") end
  end)

  -- A test that needs the server.
  local function with_nginx(name, fn)
    it(name, function()
      if missing then
        pending(missing)
        return
      end
      fn()
    end)
  end

  local function put(name, value)
    assert.equal(200, (server:request(1, "PUT", "/box?name=" .. name, {}, tostring(value))))
  end

  local function get(name)
    local _, _, body = server:request(1, "GET", "/box?name=" .. name)
    return body ~= "nil" and body or nil
  end

  local function body_of(kind, data)
    data.storeId = data.storeId or "store-1"
    return assert(json.encode { type = kind, timestamp = "2024-04-25T10:00:00Z", data = data })
  end

  local PAID = body_of("Transaction.Paid", { paymentId = "p-1", transactionId = "t-1" })
  local CONFIRM = body_of("Transaction.Confirm",
    { paymentId = "p-1", transactionId = "t-1", totalAmount = 3000 })

  local function lines_of(headers)
    local lines = { "Content-Type: application/json" }
    for name, value in pairs(headers) do lines[#lines + 1] = name .. ": " .. value end
    return lines
  end

  local function send(path, body, opts)
    opts = opts or {}
    opts.secret = SECRET
    return server:request(1, "POST", path, lines_of(webhook.sign(body, opts)), body)
  end

  describe("webhook", function()
    with_nginx("hands a signed event to on_event", function()
      local status, headers, body = send("/plain", PAID, { id = "msg_1" })
      assert.same({ 200, "ok\n", "no-store" }, { status, body, headers["cache-control"] })
      local event = json.decode(get("event:1"))
      assert.same({ "v2", "Transaction.Paid", true, "msg_1", "p-1", 2 }, { event.api, event.type,
        event.known, event.id, event.data.paymentId, event.secret })
      assert.is_nil(event.payment)
    end)

    with_nginx("reads a body that nginx spilled to disk, byte for byte", function()
      local large = body_of("Transaction.Paid",
        { paymentId = "p-1", transactionId = "t-1", note = LARGE .. "한글\\u2028" })
      assert.equal(200, (send("/plain", large)))
      assert.truthy(server:log():find("buffered to a temporary file", 1, true))
      assert.equal(LARGE .. "한글\\u2028", json.decode(get("event:1")).data.note)
    end)

    with_nginx("reads a body in chunks", function()
      local headers = lines_of(webhook.sign(PAID, { secret = SECRET }))
      local half = #PAID / 2 - #PAID / 2 % 1
      local chunks = ""
      for _, part in ipairs { PAID:sub(1, half), PAID:sub(half + 1), "" } do
        chunks = chunks .. ("%x\r\n%s\r\n"):format(#part, part)
      end
      assert.equal(200, (server:exchange(1, "POST /plain HTTP/1.1\r\nHost: x\r\n"
        .. "Connection: close\r\nTransfer-Encoding: chunked\r\n"
        .. table.concat(headers, "\r\n") .. "\r\n\r\n" .. chunks)))
      assert.equal("1", get("events"))
    end)

    with_nginx("refuses what is not PortOne's, and tells the log alone why", function()
      local cases = {
        { 401, {}, PAID, "no header webhook-id" },
        { 401, lines_of(webhook.sign(PAID, { secret = SECRET, timestamp = os.time() - 1000 })),
          PAID, "too old by" },
        { 401, lines_of(webhook.sign(PAID, { secret = webhook.new_secret() })), PAID,
          "no matching signature" },
        { 401, {}, "imp_uid=imp_1&merchant_uid=o&status=paid", "use webhook.v1" },
        { 400, lines_of(webhook.sign("{", { secret = SECRET })), "{", "not JSON" },
        { 400, lines_of(webhook.sign("", { secret = SECRET })), "", "no body" },
      }
      for _, case in ipairs(cases) do
        local before = #server:log()
        local status, _, body = server:request(1, "POST", "/plain", case[2], case[3])
        assert.same({ case[1], "refused\n" }, { status, body }, case[4])
        assert.truthy(server:log():sub(before + 1):find(case[4], 1, true), case[4])
      end
      assert.is_nil(get("events"))
    end)

    with_nginx("refuses a repeated header", function()
      local headers = lines_of(webhook.sign(PAID, { secret = SECRET }))
      for i = 2, 4 do
        local twice = { headers[1], headers[2], headers[3], headers[4], headers[i] }
        assert.equal(401, (server:request(1, "POST", "/plain", twice, PAID)))
      end
      assert.truthy(server:log():find("comes more than once", 1, true))
    end)

    with_nginx("refuses other methods, too many headers, and bodies that are too large", function()
      local status, headers = server:request(1, "GET", "/plain")
      assert.same({ 405, "POST" }, { status, headers.allow })
      assert.equal(405, (server:request(1, "PUT", "/plain", {}, PAID)))
      local many = lines_of(webhook.sign(PAID, { secret = SECRET }))
      for i = 1, 120 do many[#many + 1] = "X-" .. i .. ": 1" end
      assert.equal(400, (server:request(1, "POST", "/plain", many, PAID)))
      assert.equal(413, (send("/plain", ("x"):rep(10485760))))
      assert.equal(413, (send("/small", PAID .. (" "):rep(1000))))
      assert.equal(413, (send("/small", PAID .. (" "):rep(100000))))
      assert.truthy(server:log():find("10485760 bytes, 1048576 at most", 1, true))
      assert.is_nil(get("events"))
    end)

    with_nginx("refuses a form where JSON is due, though it is signed", function()
      local form = "payment_id=p-1&tx_id=t-1&status=Paid"
      assert.equal(200, (send("/plain", form)))
      assert.equal(400, (send("/strict", form)))
      assert.truthy(server:log():find("a form where JSON is due", 1, true))
      assert.equal(200, (send("/strict", PAID)))
      assert.equal(400, (send("/confirm_strict",
        "payment_id=p-1&tx_id=t-1&total_amount=3000")))
      assert.equal(200, (send("/confirm_strict", CONFIRM)))
      assert.same({ "2", "1" }, { get("events"), get("checks") })
    end)

    with_nginx("asks for the event again when on_event fails", function()
      for _, mode in ipairs { "raise", "false", "nil" } do
        put("mode", mode)
        assert.equal(500, (send("/plain", PAID)))
      end
      assert.truthy(server:log():find("on_event raised: .*the database is down really"))
      assert.truthy(server:log():find("on_event did not take the event: not now", 1, true))
    end)

    with_nginx("hands an event to on_event once, whichever worker gets it", function()
      local opts = { id = "msg_once" }
      for _ = 1, 12 do
        assert.equal(200, (send("/once", PAID, opts)))
      end
      assert.equal("1", get("events"))
      assert.equal(200, (send("/once", PAID, { id = "msg_other" })))
      assert.equal("2", get("events"))
    end)

    with_nginx("lets an event in again that on_event did not take", function()
      local opts = { id = "msg_again" }
      put("mode", "raise")
      assert.equal(500, (send("/once", PAID, opts)))
      assert.equal(500, (send("/once", PAID, opts)))
      put("mode", "fine")
      assert.equal(200, (send("/once", PAID, opts)))
      assert.equal(200, (send("/once", PAID, opts)))
      assert.equal("3", get("events"))
    end)

    with_nginx("does not run on_event twice at the same time", function()
      local socket = require "socket"
      put("hold", "yes")
      local headers = lines_of(webhook.sign(PAID, { secret = SECRET, id = "msg_slow" }))
      local connections = {}
      for i = 1, 6 do
        connections[i] = assert(socket.connect("127.0.0.1", server.ports[1]))
        connections[i]:settimeout(60)
        connections[i]:send("POST /once HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
          .. "Content-Length: " .. #PAID .. "\r\n" .. table.concat(headers, "\r\n") .. "\r\n\r\n"
          .. PAID)
      end
      local counts = {}
      for n = 1, 6 do
        if n == 6 then put("hold", "no") end  -- the five that need not wait have their answers
        local s = assert(socket.select(connections, nil, 60)[1])
        local status = s:receive("*l"):match("%d%d%d")
        counts[status] = (counts[status] or 0) + 1
        for i, one in ipairs(connections) do
          if one == s then table.remove(connections, i) end
        end
        s:close()
      end
      assert.same({ ["200"] = 1, ["503"] = 5 }, counts)
      assert.equal("1", get("events"))
      assert.equal(200, (send("/once", PAID, { id = "msg_slow" })))
      assert.equal("1", get("events"))
    end)

    with_nginx("refuses when the store is down, unless told otherwise", function()
      assert.equal(503, (send("/broken", PAID)))
      assert.is_nil(get("events"))
      assert.equal(200, (send("/brave", PAID)))
      assert.equal("1", get("events"))
      assert.truthy(server:log():find("store of seen webhooks failed: down", 1, true))
    end)

    with_nginx("reads the payment or the billing key again with a client", function()
      put("has:v2:p-1", '{"id":"p-1","status":"CANCELLED"}')
      assert.equal(200, (send("/read", PAID)))
      assert.equal("CANCELLED", json.decode(get("event:1")).payment.status)
      assert.same({ paymentId = "p-1", storeId = "store-1" }, json.decode(get("asked:v2")))
      put("has:key:k-1", '{"billingKey":"k-1","status":"ISSUED"}')
      assert.equal(200, (send("/read", body_of("BillingKey.Issued", { billingKey = "k-1" }))))
      assert.equal("ISSUED", json.decode(get("event:2")).billing_key.status)
    end)

    with_nginx("reads nothing for events it does not know", function()
      assert.equal(200, (send("/read", body_of("Subscription.Renewed", { paymentId = "p-1" }))))
      assert.equal(200, (send("/read", body_of("Transaction.Paid", {}))))
      assert.same({ "2", nil }, { get("events"), get("reads") })
    end)

    with_nginx("ignores a test message, whose payment does not exist", function()
      assert.equal(200, (send("/read", PAID)))
      assert.is_nil(get("events"))
      assert.truthy(server:log():find("the payment of a test message does not exist", 1, true))
      assert.equal(200, (send("/read", body_of("BillingKey.Failed", { billingKey = "k-2" }))))
      assert.equal("1", get("events"))
    end)

    with_nginx("asks for the event again when the payment cannot be read", function()
      put("fail:v2", "network")
      assert.equal(503, (send("/read", PAID)))
      assert.is_nil(get("events"))
    end)
  end)

  describe("webhook of V1", function()
    local NOTE = '{"imp_uid":"imp_1","merchant_uid":"order-1","status":"paid"}'
    local FORM = "imp_uid=imp_1&merchant_uid=order-1&status=paid"
    local function payment(status, cancelled)
      put("has:v1:imp_1", ('{"imp_uid":"imp_1","merchant_uid":"order-1","status":"%s",'
        .. '"amount":3000,"cancel_amount":%d}'):format(status, cancelled or 0))
    end
    local function post(path, body)
      return (server:request(1, "POST", path, {}, body))
    end

    with_nginx("reads the payment, in JSON and as a form", function()
      payment("paid")
      assert.equal(200, post("/v1", NOTE))
      local event = json.decode(get("event:1"))
      assert.same({ "v1", "payment", "paid", 3000, "imp_1" }, { event.api, event.type,
        event.payment.status, event.payment.amount, event.note.imp_uid })
      assert.equal(200, post("/v1", FORM))
      assert.equal("1", get("events"))
    end)

    with_nginx("is not kept from the true event by a forged one before it", function()
      payment("ready")
      assert.equal(200, post("/v1", NOTE))
      payment("paid")
      assert.equal(200, post("/v1", NOTE))
      payment("paid", 1000)
      assert.equal(200, post("/v1", NOTE))
      assert.equal(200, post("/v1", NOTE))
      assert.equal("3", get("events"))
      assert.equal("paid", json.decode(get("event:2")).payment.status)
    end)

    with_nginx("refuses a payment that does not exist or is another order's", function()
      assert.equal(400, post("/v1", NOTE))
      payment("paid")
      assert.equal(400, post("/v1", '{"imp_uid":"imp_1","merchant_uid":"order-2"}'))
      assert.equal(400, post("/v1", "hello"))
      put("fail:v1", "timeout")
      assert.equal(503, post("/v1", NOTE))
      assert.is_nil(get("events"))
    end)

    with_nginx("may share a location with V2, where a signature is never passed over", function()
      payment("paid")
      put("has:v2:p-1", '{"id":"p-1","status":"PAID"}')
      assert.equal(200, post("/both", NOTE))
      assert.equal(200, (send("/both", PAID)))
      assert.equal("2", get("events"))
      assert.equal(401, (server:request(1, "POST", "/both", { "webhook-id: x" }, NOTE)))
      assert.equal(401, (server:request(1, "POST", "/both", { "Webhook-Signature: v1,x" }, NOTE)))
      assert.equal(401, post("/read", NOTE))
      assert.equal("2", get("events"))
    end)
  end)

  describe("confirm", function()
    local NOTE = '{"imp_uid":"imp_1","merchant_uid":"order-1","amount":3000}'

    with_nginx("agrees when the amount is that of the order", function()
      assert.equal(200, (send("/confirm", CONFIRM)))
      local order = json.decode(get("order"))
      assert.same({ "v2", "p-1", "t-1", 3000 },
        { order.api, order.id, order.transaction_id, order.amount })
      put("mode", "true")
      put("price", 5)
      assert.equal(200, (send("/confirm", CONFIRM)))
      assert.equal(200, (send("/confirm",
        "payment_id=p-1&tx_id=t-1&total_amount=3000")))
    end)

    with_nginx("refuses a forged amount, with words for the payer", function()
      put("price", 30000)
      local status, headers, body = send("/confirm", CONFIRM)
      assert.equal(409, status)
      assert.truthy(headers["content-type"]:find("application/json", 1, true))
      assert.same({ errorMessage = "The amount does not match the order." }, json.decode(body))
      assert.truthy(server:log():find("the amount is 3000 where the order says 30000", 1, true))
    end)

    with_nginx("refuses the same number of another currency", function()
      put("currency", "USD")
      put("has:v2:p-1", '{"id":"p-1","status":"READY","amount":{"total":3000},"currency":"PHP"}')
      local status, _, body = send("/confirm_read", CONFIRM)
      assert.same({ 409, '{"errorMessage":"The currency does not match the order."}' },
        { status, body })
      assert.truthy(server:log():find("the currency is PHP where the order says USD", 1, true))
      put("has:v2:p-1", '{"id":"p-1","status":"READY","amount":{"total":3000},"currency":"USD"}')
      assert.equal(200, (send("/confirm_read", CONFIRM)))
      -- without a client nobody knows it
      assert.equal(409, (send("/confirm", CONFIRM)))
      assert.truthy(server:log():find("the currency is not in the question", 1, true))
    end)

    with_nginx("refuses in the words of the shop, in the form of each API", function()
      put("mode", "unknown")
      local status, _, body = send("/confirm", CONFIRM)
      assert.same({ 409, '{"errorMessage":"모르는 주문입니다"}' }, { status, body })
      put("has:v1:imp_1", '{"imp_uid":"imp_1","merchant_uid":"order-1","amount":3000}')
      status, _, body = server:request(1, "POST", "/confirm_v1", {}, NOTE)
      assert.same({ 409, '{"reason":"모르는 주문입니다"}' }, { status, body })
    end)

    with_nginx("takes anything unclear for a no", function()
      for _, mode in ipairs { "raise", "nothing", "text" } do
        put("mode", mode)
        local status, _, body = send("/confirm", CONFIRM)
        assert.same({ 409, "{}" }, { status, body })
      end
      put("mode", "true")
      assert.equal(400, (send("/confirm", PAID)))
      assert.equal(400, (send("/confirm", body_of("Transaction.Confirm", { paymentId = "p" }))))
      assert.equal(401, (server:request(1, "POST", "/confirm", {}, NOTE)))
      assert.equal(400, (server:request(1, "POST", "/confirm_v1", {},
        "imp_uid=imp_1&merchant_uid=order-1&status=paid")))
      assert.equal(400, (server:request(1, "POST", "/confirm_v1", {},
        '{"imp_uid":"imp_1","merchant_uid":"order-1","status":"paid"}')))
      assert.equal("3", get("checks"))
    end)

    with_nginx("refuses a question that is stale, repeats a header or is too large", function()
      local stale = lines_of(webhook.sign(CONFIRM,
        { secret = SECRET, timestamp = os.time() - 1000 }))
      assert.equal(401, (server:request(1, "POST", "/confirm", stale, CONFIRM)))
      local twice = lines_of(webhook.sign(CONFIRM, { secret = SECRET }))
      twice[#twice + 1] = twice[2]
      assert.equal(401, (server:request(1, "POST", "/confirm", twice, CONFIRM)))
      assert.equal(413, (send("/confirm", CONFIRM .. (" "):rep(10485760))))
      for _, part in ipairs { "too old by", "comes more than once", "1048576 at most" } do
        assert.truthy(server:log():find(part, 1, true), part)
      end
      assert.is_nil(get("checks"))
    end)

    with_nginx("does not wait longer than PortOne does", function()
      put("slow", 30)
      local started = os.time()
      assert.equal(409, (send("/hasty", CONFIRM)))
      assert.is_true(os.time() - started <= 20)
      assert.truthy(server:log():find("check took longer than 0.2 s", 1, true))
    end)

    with_nginx("reads a V1 payment again, in JSON and as a form", function()
      assert.equal(409, (server:request(1, "POST", "/confirm_v1", {}, NOTE)))
      assert.is_nil(get("checks"))
      put("has:v1:imp_1",
        '{"imp_uid":"imp_1","merchant_uid":"order-1","amount":3000,"currency":"KRW"}')
      assert.equal(200, (server:request(1, "POST", "/confirm_v1", {}, NOTE)))
      local order = json.decode(get("order"))
      assert.same({ "v1", "order-1", "imp_1", 3000, "KRW" },
        { order.api, order.id, order.imp_uid, order.amount, order.currency })
      assert.equal(200, (server:request(1, "POST", "/confirm_v1", {},
        "imp_uid=imp_1&merchant_uid=order-1&amount=3000")))
      local status = server:request(1, "POST", "/confirm_v1", {},
        '{"imp_uid":"imp_1","merchant_uid":"order-1","amount":10}')
      assert.equal(409, status)
      assert.truthy(server:log():find("over another amount", 1, true))
    end)

    with_nginx("answers a till of V1 with the amount that was read", function()
      put("has:v1:imp_1", '{"imp_uid":"imp_1","merchant_uid":"order-1","amount":3000}')
      assert.equal(200, (server:request(1, "POST", "/confirm_read", {},
        '{"event":"Galaxia.Cvs.Confirm","imp_uid":"imp_1","merchant_uid":"order-1",'
        .. '"status":"ready","extra":{"barcode":"1","payType":"cash"}}')))
      assert.equal(3000, json.decode(get("order")).amount)
    end)

    with_nginx("reads a V2 payment again with a client", function()
      put("has:v2:p-1", '{"id":"p-1","status":"READY","amount":{"total":3000},"currency":"KRW"}')
      assert.equal(200, (send("/confirm_read", CONFIRM)))
      put("has:v2:p-1", '{"id":"p-1","status":"READY","amount":{"total":9},"currency":"KRW"}')
      assert.equal(409, (send("/confirm_read", CONFIRM)))
      put("fail:v2", "network")
      assert.equal(409, (send("/confirm_read", CONFIRM)))
      assert.equal("1", get("checks"))
    end)
  end)

  with_nginx("writes no secret, signature or body into the log", function()
    local log = server:log()
    for _, text in ipairs { SECRET, OLD_SECRET, "order-1", "imp_1", LARGE:sub(1, 100) } do
      local at = log:find(text, 1, true)
      assert.is_nil(at, at and log:sub(at - 200, at + 100))
    end
    assert.is_nil(log:find("v1,[%w+/]"))
    assert.truthy(log:find("webhook refused: MISSING_REQUIRED_HEADERS: no header webhook-id", 1,
      true))
  end)
end)

describe("the options of portone.nginx", function()
  local handlers = require "portone.nginx"

  local function raises(what, name, opts)
    local ok, message = pcall(function() return handlers[name](opts) end)
    assert.is_false(ok)
    assert.truthy(message:find(what, 1, true), message)
  end

  it("are checked when the handler is made", function()
    local fn = function() end
    raises("table of options expected", "webhook")
    raises("on_event = function", "webhook", { secrets = { SECRET } })
    raises("check = function", "confirm", { secrets = { SECRET } })
    raises("did you mean 'on_event'", "webhook", { secrets = { SECRET }, on_evnt = fn })
    raises("'on_event' must be a function", "webhook", { secrets = { SECRET }, on_event = 5 })
    raises("give secrets", "webhook", { on_event = fn })
    raises("a client is needed", "webhook", { secrets = { SECRET }, on_event = fn, v1 = true })
    raises("bad secret: secret 1 has white space", "webhook",
      { secrets = { SECRET .. "\n" }, on_event = fn })
    raises("'seen' must be", "webhook", { secrets = { SECRET }, on_event = fn, seen = {} })
    raises("no lua_shared_dict 'nope'", "webhook",
      { secrets = { SECRET }, on_event = fn, seen = "nope" })
    raises("'version' must be", "confirm", { secrets = { SECRET }, check = fn, version = "1" })
    raises("'tolerance' must be", "confirm", { secrets = { SECRET }, check = fn, tolerance = -1 })
  end)

  it("take the secrets of a client that has some", function()
    local client = require("portone").new { webhook_secrets = { SECRET } }
    assert.is_function(handlers.webhook { client = client, on_event = function() end })
    assert(client.webhook.verify('{"a":1}', client.webhook.sign('{"a":1}')))
    client.close()
  end)
end)
