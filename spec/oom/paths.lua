-- SPDX-License-Identifier: MIT
-- The core's paths, to be walked while memory fails (run.lua). A path is
--   { name, run = fn, before = fn?, after = fn?, far = true? }
-- 'run' does it once, and raises for whatever is not as it should be: with memory short that is
-- what has to happen. Then it must go through. 'before' and 'after' each time have all the
-- memory they need; 'after' is told whether 'run' raised, and raises for what must never be.
-- 'far': the server is in this process too, and its failure shows as one of the network.

local core = require "portone.core"
local json = require "portone.json"
local httpd = require "portone.sandbox.httpd"
local peer = require "spec.support.peer"
local certificates = require "spec.support.certificates"

local server = peer.start()
local certs = certificates.new()
local good = certs:issue("good", { names = "IP:127.0.0.1" })
local M = {}
local ends = {}  -- what is to be done when all is over

-- OpenSSL's own server: what LuaSec's does when its client breaks off is not what is tried here.
local function start_secure()
  local log = certs.dir .. "/s_server.log"
  local pipe = io.popen(("echo $$; exec %s timeout 900 openssl s_server -www "
    .. "-accept 127.0.0.1:0 -key %s -cert %s >%s 2>&1"):format(peer.clean, good.key,
    good.certificate, log), "r")
  local pid = pipe:read("*l")
  table.insert(ends, function()
    os.execute("kill " .. pid)
    pipe:close()
  end)
  for _ = 1, 200 do
    local file = io.open(log)
    local port = file and file:read("*a"):match("ACCEPT [%d.]+:(%d+)")
    if file then file:close() end
    if port then return "https://127.0.0.1:" .. port end
    core.sleep(0.02)
  end
  error("openssl s_server does not start")
end

local function path(name, run, more)
  more = more or {}
  more.name, more.run = name, run
  table.insert(M, more)
end

local function equal(expected, got)
  if expected ~= got then
    error(("expected %s, got %s"):format(tostring(expected), tostring(got)), 2)
  end
end

-- A result, or nil and a code, as an error.
local function must(first, ...)
  if first == nil then
    local code, message, sent = ...
    error(table.concat({ tostring(code), tostring(message), tostring(sent) }, ": "), 0)
  end
  return first, ...
end

local HEADERS = { "Authorization: PortOne secret", "Content-Type: application/json", "X-A: b" }
local BODY = '{"number":"4242-4242-4242-4242"}'

path("a client comes and goes", function()
  local client = core.client { ca_file = "/x", proxy = "http://127.0.0.1:1", user_agent = "x" }
  equal("portone.client (open)", tostring(client))
  client:close()
  equal("portone.client (closed)", tostring(client))
end)

path("a client that nobody closes", function()
  core.client { user_agent = ("x"):rep(100) }
end)

path("an exchange", function()
  local client = core.client { connect_timeout = 2 }
  local status, body, head = must(client:perform("POST", server.url .. "/x", HEADERS, BODY, 5))
  equal(200, status)
  equal("{}", body)
  assert(head:find("^HTTP/1.1 200"))
  equal(200, (must(client:perform("GET", server.url .. "/y", {}, nil, 5))))
  client:close()
end)

do
  local client = core.client { connect_timeout = 2 }
  table.insert(ends, function() client:close() end)
  path("exchanges on a kept connection", function()
    equal(200, (must(client:perform("POST", server.url .. "/x", HEADERS, BODY, 5))))
    equal(200, (must(client:perform("DELETE", server.url .. "/y", HEADERS, nil, 5))))
    local _, code = client:perform("GET", "http://127.0.0.1:1/", {}, nil, 5)
    if code ~= "network" then error(code) end
    _, code = client:perform("GET", "http://example.com/", {}, nil, 5)
    equal("invalid_request", code)
    _, code = client:perform("GET", server.url, { "A: b\r\nC: d" }, nil, 5)
    equal("invalid_request", code)
  end)
end

do
  local url, client = start_secure(), nil
  path("an exchange over TLS", function()
    client = core.client { connect_timeout = 10, ca_file = certs.ca }
    equal(200, (must(client:perform("GET", url, HEADERS, nil, 5))))
    client:close()
  end, { far = true, after = function()
    if client then client:close() end  -- this server has one visitor at a time
  end })
end

do
  local claimed
  local client = core.client { connect_timeout = 2 }
  table.insert(ends, function() client:close() end)
  -- Whoever reads "nothing" sends again: it must be true.
  path("what is said of a write", function()
    local status, code, message, sent = client:perform("POST", server.url .. "/charge", HEADERS,
      BODY, 5)
    claimed = status and "answer" or sent
    if not status then error(code .. ": " .. message .. ": " .. sent, 0) end
  end, {
    before = function()
      claimed = nil
      server:script {}
    end,
    after = function(_, way)
      local seen = #server:requests()
      -- a state that cannot even take the result raises, and nothing is said
      if way == "lua" and not claimed then return end
      equal(true, seen <= 1)
      if claimed == "nothing" or not claimed then equal(0, seen) end
      if claimed == "answer" then equal(1, seen) end
    end,
  })
end

do
  local big = {}
  for i = 1, 300 do
    big[i] = { id = i, text = ("x"):rep(i), list = json.array {}, far = 2 ^ 50 + i }
  end
  path("JSON", function()
    local text = must(json.encode { a = 1, b = { "x", 2.5, true, json.null }, c = json.array {},
      d = { e = { f = "\206\177\n" } }, g = 9007199254740991 })
    local back = must(json.decode(text))
    equal(9007199254740991, back.g)
    assert(json.is_array(back.c))
    equal("b[2]", (select(3, json.encode { b = { 1, 0 / 0 } })))
    local plain = must(json.decode('{"a":[],"b":{"c":"\\u00e9"},"d":[1,null,true],"e":null}'))
    equal("\195\169", plain.b.c)
    equal(json.null, plain.d[2])
    equal(nil, (json.decode("{")))
    equal(nil, (json.decode("[[],")))
    equal(2 ^ 64, must(json.decode("[[],18446744073709551616]"))[2])
  end)
  path("JSON, a lot of it", function()
    local text = must(json.encode(big))
    local back = must(json.decode(text))
    equal(300, #back)
    equal(2 ^ 50 + 300, back[300].far)
    assert(json.is_array(back[7].list))
  end)
end

path("bytes", function()
  equal(32, #core.hmac_sha256("key", "data"))
  local long = ("\0\255x"):rep(1000)
  equal(long, core.unbase64(core.base64(long)))
  equal(nil, (core.unbase64("*")))
  equal(6000, #core.hex(long))
  equal(true, core.equals(long, long .. ""))
  equal(16, #core.random(16))
  equal(32, #core.new_key())
  equal("%2E%2E", core.escape(".."))
  equal(7000, #core.escape(long))
  equal("a%2Fb", core.segment("a/b"))
  equal(nil, (core.segment("")))
  equal(1, core.without({ a = 1, b = 2 }, { b = true }).a)
  equal(true, core.check_url("https://example.com/x"))
end)

path("a plain call", function()
  local plain = require "portone.plain"
  local row = require("portone.api").named("v2.payment.pay_with_billing_key")
  local request, body = plain.request(row, { paymentId = "a/b", billingKey = "k", orderName = "n",
    currency = "KRW", amount = { total = 1 } }, "store-1")
  equal("/payments/a%2Fb/billing-key", request)
  equal("store-1", must(json.decode(body)).storeId)
end)

path("webhooks", function()
  local keys = core.webhook_keys("secret", "another")
  local body = '{"type":"Transaction.Paid"}'
  local signature = core.webhook_sign(keys, "id", "1000", body)
  local headers = { ["Webhook-Id"] = "id", ["webhook-timestamp"] = "1000",
    ["WEBHOOK-SIGNATURE"] = { signature } }
  local id, at, which = must(core.webhook_check(keys, headers, body, 1000, 300, 1e6))
  equal("id", id)
  equal(1000, at)
  equal(1, which)
  equal("age", (select(2, core.webhook_check(keys, headers, body, 2000, 300, 1e6))))
  equal("signature", (select(2, core.webhook_check(keys, headers, "{}", 1000, 300, 1e6))))
  headers["webhook-id"] = "id"
  equal("duplicate", (select(2, core.webhook_check(keys, headers, body, 1000, 300, 1e6))))
  equal(true, core.webhook_fits({ type = "x", n = 1 }, { "type", "#n" }))
end)

-- {====== The engine ======

local function submit(inbox, client, target, body)
  return must(inbox:submit(client, body and "POST" or "GET", server.url .. target, HEADERS, body,
    5))
end

-- Takes n calls and raises when one of them failed.
local function take(inbox, n)
  local failed
  for _ = 1, n do
    if not inbox:wait(10) then error("the engine keeps a call", 0) end
    local _, status, code, message, sent = inbox:take()
    if not status and code ~= "cancelled" then
      failed = table.concat({ code, message, sent }, ": ")
    end
  end
  if failed then error(failed, 0) end
end

path("an inbox comes and goes", function()
  local inbox = core.inbox()
  assert(tostring(inbox):find("^portone.inbox"))
  equal(0, inbox:count())
  assert(inbox:fileno() >= 0)
  inbox:close()
  core.inbox()
end)

do
  local client = core.client { connect_timeout = 2 }
  table.insert(ends, function() client:close() end)
  path("the engine, from its start to its end", function()
    local inbox = core.inbox()
    submit(inbox, client, "/a", BODY)
    submit(inbox, client, "/b")
    take(inbox, 2)
    inbox:close()
  end)

  path("an inbox is closed on what is in flight", function()
    local inbox = core.inbox()
    for i = 1, 4 do submit(inbox, client, "/" .. i, BODY) end
    inbox:cancel(1)
    inbox:close()
  end)

  path("an inbox on a stream", function()
    local inbox = core.inbox()
    local target = must(inbox:listen("/tmp"))
    inbox:nudge()
    inbox:close()
    local file = io.open(target)
    assert(not file)
  end)
end

do
  local client, inbox = core.client { connect_timeout = 2 }, core.inbox()
  table.insert(ends, function()
    inbox:close()
    client:close()
  end)

  -- Whatever failed: what was submitted comes, and comes once.
  local function drain()
    while inbox:count() > 0 do
      if not inbox:wait(10) then error("the engine keeps a call", 0) end
      inbox:take()
    end
  end
  path("calls on an inbox that stays", function()
    for i = 1, 3 do submit(inbox, client, "/" .. i, i > 1 and BODY or nil) end
    inbox:cancel(submit(inbox, client, "/cancelled", BODY))
    take(inbox, 4)
  end, { after = drain })
end

-- }========================

-- {====== The sandbox's server ======

local function start()
  return must(httpd.start { module = "spec.oom.module", ports = { a = 0 }, tick = true,
    config = "{}" })
end

local function ask(client, number, target, expected)
  local status, body = must(client:perform("POST", ("http://127.0.0.1:%d%s"):format(number, target),
    HEADERS, "hello", 5))
  if status >= 500 then error("status " .. status .. ": " .. body, 0) end
  equal(expected, body)
end

path("a server comes and goes", function()
  local s = start()
  assert(s:port("a") > 0)
  s:stop()
end, { far = true })

do
  local client = core.client { connect_timeout = 2 }
  table.insert(ends, function() client:close() end)
  path("a server at work", function()
    local s = start()
    local number = s:port("a")
    local ok, err = pcall(function()
      equal("ping x", must(s:call("ping", "x")))
      ask(client, number, "/x", "/x hello")
      ask(client, number, "/slow", "/slow hello")
      ask(client, number, "/late", "/late hello")
      ask(client, number, "/again", "token")
      must(s:call("send", ("http://127.0.0.1:%d/hook"):format(number)))
      if not s:idle(5) then error("a delivery is kept", 0) end
      assert(s:stats().requests >= 4)
    end)
    s:stop()
    if not ok then error(err, 0) end
  end, { far = true })
end

do
  local s
  local client = core.client { connect_timeout = 2 }
  table.insert(ends, function()
    if s then s:stop() end
    client:close()
  end)
  path("a server that stays", function()
    s = s or start()
    equal("ping x", must(s:call("ping", "x")))
    ask(client, s:port("a"), "/x", "/x hello")
    ask(client, s:port("a"), "/again", "token")
  end, { far = true })
end

-- }==================================

-- {====== The whole module, against a sandbox ======

do
  local sandbox = require "portone.sandbox".start { seed = 1 }
  local portone = require "portone"
  local client = sandbox:client { max_retries = 0, settle = 0, timeout = 5, deadline = 5 }
  local card = sandbox.cards.success
  assert(client.issue_billing_key { customer_uid = "u", card_number = card.card_number,
    expiry = card.expiry, birth = card.birth, pwd_2digit = card.pwd_2digit })
  local order, name, said = 0, nil, nil
  table.insert(ends, function()
    client.close()
    sandbox:stop()
  end)

  local function before()
    said = nil
    order = order + 1
    name = "order-" .. order
  end

  local function pay()
    local result, err = client.request_pay_again { customer_uid = "u", merchant_uid = name,
      amount = 3000, name = "pass" }
    if not result then
      said = err.kind
      error(tostring(err), 0)
    end
    equal("paid", result.status)
    order = order + 1  -- the next time is another
    name = "order-" .. order
  end

  -- Each order is charged once at most, and never when an error has said that it was not.
  local function after(raised)
    local charged = 0
    for _, entry in ipairs(sandbox:journal { kind = "charge" }) do
      if entry.order == name and entry.outcome == "paid" then charged = charged + 1 end
    end
    equal(true, charged <= 1)
    if not raised or (said and said ~= "unknown_outcome") then equal(0, charged) end
  end

  path("a charge", pay, { before = before, after = after, far = true })

  require("portone.loop.tasks").on_error = nil  -- which would say so each time
  path("a charge in a task", function()
    local ok, err
    local task = portone.spawn(function() ok, err = pcall(pay) end)
    portone.run()
    if task.status == "failed" then error(task.error, 0) end
    equal("done", task.status)
    if not ok then error(err, 0) end
  end, { before = before, far = true, after = function(raised)
    for _ = 1, 100 do  -- one that memory failed in the middle of its poll goes on
      if portone.poll(0.1) == 0 then break end
    end
    equal(0, portone.poll(0))
    after(raised)
  end })
end

-- }================================================

---Ends all that was started.
function M.stop()
  for i = #ends, 1, -1 do ends[i]() end
  server:stop()
  certs:remove()
end

return M
