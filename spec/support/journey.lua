-- SPDX-License-Identifier: MIT
-- A program that does with portone what programs do, and with secrets that its parent knows:
-- calls that succeed, are declined, refused, malformed, lost and timed out, in both APIs; a
-- ledger, tasks, webhooks, observers. It prints all that it ever gets to see of them, under
-- headings ("@@ errors"); the parent looks for the secrets in it (spec/secrets_spec.lua).
--   journey.lua SECRETS DIR    SECRETS: a Lua file that returns a table

local secrets = dofile(arg[1])
local dir = arg[2]
local core = require "portone.core"
local json = require "portone.json"
local portone = require "portone"
local peer = require "spec.support.peer"

local sections, order = {}, {}

local function keep(name, ...)
  if not sections[name] then
    sections[name] = {}
    order[#order + 1] = name
  end
  for i = 1, select("#", ...) do
    table.insert(sections[name], tostring((select(i, ...))))
  end
end

-- A value with all that is in it, metatables passed by; 'without': fields left out.
local function dump(value, without, seen, depth)
  seen, depth = seen or {}, depth or 0
  if type(value) ~= "table" then return tostring(value) end
  if seen[value] or depth > 12 then return "…" end
  seen[value] = true
  local out = {}
  for k, v in next, value do
    if not (without and without[k]) then
      out[#out + 1] = tostring(k) .. "=" .. dump(v, without, seen, depth + 1)
    end
  end
  return "{" .. table.concat(out, " ") .. "}"
end

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a") or ""
  if file then file:close() end
  return text
end

local before = read "/proc/self/environ"
local sandbox = assert(require("portone.sandbox").start { imp_key = secrets.imp_key,
  imp_secret = secrets.imp_secret, api_secret = secrets.api_secret,
  webhook_secret = secrets.webhook_secret })

-- Everything that a program can be told beside results.
local hooks = {}
for _, name in ipairs { "on_start", "on_request", "on_response", "on_retry", "on_warning",
                        "on_end" } do
  hooks[name] = function(event) keep("hooks", name, dump(event)) end
end
local lines = {}
local metrics = portone.observe.metrics {}
hooks = portone.observe.add(hooks, metrics, portone.observe.log {
  write = function(line) keep("log lines", line) end },
  portone.observe.trace {
    start = function(...) keep("spans", dump { ... }) return {} end,
    finish = function(_, ...) keep("spans", dump { ... }) end })

-- The token is a secret too: where it may lie is the user's store.
local tokens = {}
local store = { get = function(_, key) return tokens[key] or tokens.gossip end,
  set = function(_, key, value)
    tokens[key] = value
    lines[#lines + 1] = value
  end }

local limits = {}
local function client_of(more)
  local options = { settle = 0, max_retries = 0, timeout = limits.timeout,
    deadline = limits.deadline }
  for name, hook in pairs(hooks) do options[name] = hook end
  for name, value in pairs(more or {}) do options[name] = value end
  return sandbox:client(options)
end

local client = client_of { token_store = store }

-- A result, or an error and all that can be made of it.
local function note(what, result, err, info, without)
  if not without then keep("results", what .. ": " .. dump(result)) end
  keep("info", dump(info, { raw_headers = true }))
  keep("shown", portone.show(not without and result), portone.show(err), portone.show(info))
  if err then
    keep("errors", what .. ": " .. tostring(err), ("%s"):format(tostring(err)),
      dump(err, without))
    if err.kind == "unknown_outcome" then
      keep("pending", portone.encode_pending(err), dump(err.pending))
    end
  end
  return result, err
end

local function call(what, fn, args, opts, without)
  local returned = { pcall(fn, args, opts) }
  if not returned[1] then
    keep("raised", what .. ": " .. tostring(returned[2]), debug.traceback(returned[2]),
      dump(returned[2], without))
    return nil
  end
  return note(what, returned[2], returned[3], returned[4], without)
end

local card = secrets.card
local v1_card = { customer_uid = "user-1", card_number = card.number, expiry = card.expiry,
  birth = card.birth, pwd_2digit = card.password, cvc = card.cvc }
local credential = { number = card.plain, expiryYear = card.expiry:sub(3, 4),
  expiryMonth = card.expiry:sub(6, 7), birthOrBusinessRegistrationNumber = card.birth,
  passwordTwoDigits = card.password }
local v2_card = { channelKey = sandbox.channel_key,
  method = { card = { credential = credential } } }

local function with(t, more)
  local out = {}
  for k, v in pairs(t) do out[k] = v end
  for k, v in pairs(more) do out[k] = v end
  return out
end

-- What goes well, and what the API refuses.
call("V1 key", client.issue_billing_key, v1_card)
local key = call("V2 key", client.issue_billing_key, v2_card)
call("V1 charge", client.request_pay_again, { customer_uid = "user-1", merchant_uid = "order-1",
  amount = 1000, name = "n" })
call("V2 charge", client.request_pay_again, { paymentId = "payment-1", orderName = "n",
  billingKey = key.billingKeyInfo.billingKey, amount = { total = 1000 }, currency = "KRW" })
call("V1 onetime", client.v1.subscribe.onetime, with(v1_card, { customer_uid = "user-2",
  merchant_uid = "order-2", amount = 1000, name = "n" }))
call("no such customer", client.request_pay_again, { customer_uid = "nobody",
  merchant_uid = "order-3", amount = 1000, name = "n" })
call("V2 twice", client.request_pay_again, { paymentId = "payment-1", orderName = "n",
  billingKey = key.billingKeyInfo.billingKey, amount = { total = 1000 }, currency = "KRW" })
local declined = sandbox.cards.declined
call("declined", client.v1.subscribe.onetime, with(v1_card, { customer_uid = "user-3",
  merchant_uid = "order-4", amount = 1000, name = "n", card_number = declined.card_number,
  birth = declined.birth, expiry = declined.expiry, pwd_2digit = declined.pwd_2digit }))

-- What is wrong before it is sent.
call("unknown field", client.issue_billing_key, with(v1_card, { card_numbr = card.number }))
call("bad number", client.issue_billing_key, with(v1_card, { card_number = card.number .. "x" }))
call("a number", client.issue_billing_key, with(v1_card, { card_number = tonumber(card.plain) }))
call("bad expiry", client.issue_billing_key, with(v1_card, { expiry = card.expiry .. "-01x" }))
call("a table", client.issue_billing_key, with(v1_card, { birth = { card.birth } }))
call("bad credential", client.issue_billing_key, { channelKey = sandbox.channel_key,
  method = { card = { credential = with(credential, { number = { card.plain } }) } } })
call("neither API", client.issue_billing_key, { card = card.number, secret = secrets.api_secret })
call("no options", portone.new, { api_secret = secrets.api_secret, nonsense = true })
call("bad options", portone.new, { api_secret = secrets.api_secret, v1 = { imp_key =
  secrets.imp_key, imp_secret = { secrets.imp_secret } } })
call("user in the URL", portone.new, { base_url = "https://u:" .. secrets.api_secret .. "@host" })

-- What gets lost, within moments.
limits = { timeout = 0.5, deadline = 0.7 }
client = client_of { token_store = store }
for _, fault in ipairs { "hang_after_commit", "reset_after_commit", "html_after_commit", "truncate",
                         "bad_json", "error_before_commit", "rate_limited", "slow" } do
  sandbox:fault { fault = fault, rate = 20 }
  call("V1 onetime, " .. fault, client.v1.subscribe.onetime, with(v1_card, { amount = 1000,
    customer_uid = "user-" .. fault, merchant_uid = "order-" .. fault, name = "n" }))
  call("V1 key, " .. fault, client.issue_billing_key, with(v1_card, {
    customer_uid = "user-" .. fault }))
  call("V2 key, " .. fault, client.issue_billing_key, v2_card)
  sandbox:clear_faults()
end
call("nobody there", client_of { v1_base_url = "http://127.0.0.1:1" }.issue_billing_key, v1_card)
for _, wrong in ipairs { { api_secret = secrets.wrong }, { v1 = { imp_key = secrets.wrong,
                           imp_secret = secrets.wrong } } } do
  local stranger = client_of(wrong)
  call("a stranger, V1", stranger.issue_billing_key, v1_card)
  call("a stranger, V2", stranger.issue_billing_key, v2_card)
  keep("shown", portone.show(stranger), tostring(stranger))
end

-- A server that says to whoever asks what it was sent. Its answer as it came ('raw', 'response')
-- is the caller's to look at; nothing else may have it. (After a 401 a token is asked for, with
-- nothing of a card.)
local echo = peer.start()
local without = { raw = true, response = true, raw_headers = true }
local function gossip(status, form, api, args, sent)
  echo:script { rest = { { "serve", peer.answer(status, form:format(table.concat(sent, " "))) } } }
  local teller = client_of { base_url = echo.url, v1_base_url = echo.url, token_store = store }
  tokens = { gossip = secrets.token }
  call("gossip, " .. api, teller.issue_billing_key, args, nil, without)
  teller.close()
end
for _, form in ipairs { '{"code":-1,"message":%q,"response":null}', '{"type":"X","message":%q}',
                        "<html>%s</html>" } do
  for _, status in ipairs { 200, 400, 401, 500 } do
    gossip(status, form, "V1", v1_card, status == 401 and { secrets.imp_key, secrets.imp_secret }
      or { card.number, card.plain, card.birth, secrets.imp_secret, secrets.token })
    gossip(status, form, "V2", v2_card, { card.plain, card.number, card.birth, card.number,
      secrets.api_secret })
  end
end
echo:stop()

-- In tasks, where an error travels.
portone.spawn(function()
  call("in a task", client.issue_billing_key, v1_card)
  client.issue_billing_key(with(v1_card, { [card] = "misuse" }))
end)
portone.spawn(function() error("a task of the user's own") end)
portone.run()

-- A ledger, and what is open in it.
local ledger = assert(portone.ledger.open { path = dir .. "/ledger.db", client = client })
sandbox:fault { op = "v1.*", fault = "hang_after_commit" }
for i = 1, 2 do
  note("ledger", ledger:once("ledger-" .. i, "v1.subscribe.onetime", with(v1_card, {
    customer_uid = "user-l" .. i, merchant_uid = "ledger-" .. i, amount = 1000, name = "n" })))
end
note("ledger", ledger:once("ledger-3", "issue_billing_key", v2_card))
keep("ledger", dump(ledger:look "ledger-1"), dump(ledger:look "ledger-3"))
sandbox:clear_faults()
keep("ledger", dump(ledger:recover()))

-- Webhooks, signed and not.
local body = '{"type":"Transaction.Paid"}'
local headers = portone.webhook.sign(body, { secret = secrets.webhook_secret })
for _, given in ipairs { { secrets.webhook_secret }, { "whsec_" .. core.base64(secrets.wrong) } } do
  note("webhook", portone.webhook.verify(body, headers, { secrets = given }))
  note("webhook", portone.webhook.verify(body .. " ", headers, { secrets = given }))
  note("webhook", portone.webhook.verify(body, {}, { secrets = given }))
end
call("webhook", function() return portone.webhook.verify(body, headers, { secrets = { 1 } }) end)
call("webhook", function()
  return portone.webhook.verify(body, headers, { secrets = { secrets.webhook_secret .. "!" } })
end)

-- What a prompt shows.
keep("shown", tostring(client), tostring(client.v1), tostring(client.v2.payment),
  portone.show(client), portone.show(client.v1.subscribe), portone.show(sandbox:journal()))
keep("journal", assert(json.encode(json.array(sandbox:journal()))))

-- What others on the machine see of the process.
keep("cmdline", read "/proc/self/cmdline")
keep("environment", read "/proc/self/environ" == before and "as it was" or "changed")
keep("files", read(dir .. "/ledger.db"), read(dir .. "/ledger.db-wal"),
  read(dir .. "/ledger.db-journal"), read(dir .. "/ledger.db-shm"))
ledger:close()
keep("files", read(dir .. "/ledger.db"))
client.close()
sandbox:stop()

keep("metrics", metrics:text())
for _, name in ipairs(order) do
  io.write("@@ ", name, "\n", table.concat(sections[name], "\n"), "\n")
end
io.write("@@ tokens\n", table.concat(lines, "\n"), "\n@@ end\n")
