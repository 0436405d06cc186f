-- PortOne's own SDK for JavaScript, unchanged, against the sandbox: what it sends is taken, what
-- it is answered it understands, and each side takes the other's signatures.

local core = require "portone.core"
local json = require "portone.json"
local sandbox = require "portone.sandbox"
local time = require "portone.time"
local webhook = require "portone.webhook"

local START = 1767225600

-- Not under the tool that this process may be run under.
local function run(command)
  local pipe = assert(io.popen("env -u LD_PRELOAD " .. command .. "; echo \"=$?\"", "r"))
  local text = pipe:read("*a")
  pipe:close()
  local said, status = text:match("^(.-)%s*=(%d+)%s*$")
  return status == "0", said
end

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Everything that node has to say, by one process.
local function talk()
  local s = assert(sandbox.start { seed = "js", time = START })
  local secret = webhook.new_secret()
  local body = '{"type":"Transaction.Paid","timestamp":"2026-01-01T00:00:00Z","data":{'
    .. '"storeId":"s","paymentId":"p","transactionId":"t"}}'
  local ok, said = run(("timeout 60 node spec/support/js_sdk.mjs \"$PWD/build/js\" %s 2>&1"):format(
    quote(assert(json.encode {
      v2_url = s.v2_url, api_secret = s.api_secret, store_id = s.store_id,
      channel_key = s.channel_key, card = s.cards.success.credential,
      declined = s.cards.declined.credential, webhook_secret = s.webhook_secret,
      other_secret = secret, from = time.rfc3339(START - 86400), webhooks = 7,
      time_to_pay = time.rfc3339(START + 86400), later = time.rfc3339(START + 60 * 86400),
      signed = { secret = secret, body = body, headers = webhook.sign(body, { secret = secret }) },
    }))))
  local journal = s:journal { kind = "charge", outcome = "paid" }
  s:stop()
  return ok and json.decode(said), said, journal
end

describe("official JavaScript SDK", function()
  local there, why = run "tools/js.sh"
  if not there then
    pending("@portone/server-sdk: " .. why)
    return
  end

  local got, said, charges

  setup(function() got, said, charges = talk() end)

  it("runs to its end", function()
    assert.is_table(got, said)
  end)

  it("issues a billing key and pays with it, once", function()
    assert.equal("ISSUED", got.key)
    assert.equal(1, got.keys)
    assert.equal("2026-01-01T00:00:00Z", got.paid_at)
    assert.same({ "PAID", 3000, "월간 이용권", "홍길동" }, { got.paid.status,
      got.paid.amount.paid, got.paid.orderName, got.paid.customer.name })
    assert.same({ name = "PayWithBillingKeyError", portone = true, type = "ALREADY_PAID" },
      got.again)
    assert.equal(2, #charges)
  end)

  it("schedules, which the sandbox's clock carries out, and revokes", function()
    assert.same({ "SCHEDULED", "SUCCEEDED", true },
      { got.scheduled, got.executed, got.revoked })
    assert.same({ "REVOKED", "SUCCEEDED" }, got.schedules)
    assert.equal("PAYMENT_SCHEDULE_ALREADY_EXISTS", got.in_the_way.type)
  end)

  it("cancels, lists, deletes, and is told its mistakes by type", function()
    assert.same({ "SUCCEEDED", 1000 }, got.cancelled)
    assert.equal("CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN", got.inconsistent.type)
    assert.same({ "pay-1 PARTIAL_CANCELLED", "pay-2 PAID" }, got.list)
    assert.same({ name = "GetPaymentError", portone = true, type = "PAYMENT_NOT_FOUND" },
      got.missing)
    assert.same({ "PayWithBillingKeyError", "PG_PROVIDER" },
      { got.declined.name, got.declined.type })
    assert.equal("UNAUTHORIZED", got.stranger.type)
    assert.equal("DELETED", got.deleted)
  end)

  it("accepts the sandbox's webhooks, and portone.webhook.sign, and no forged one", function()
    assert.same({ "BillingKey.Deleted", "BillingKey.Issued", "BillingKey.Issued",
      "Transaction.Failed", "Transaction.Paid", "Transaction.Paid",
      "Transaction.PartialCancelled" }, got.types)
    assert.equal("NO_MATCHING_SIGNATURE", got.forged.reason)
    assert.equal("NO_MATCHING_SIGNATURE", got.foreign.reason)
    assert.equal("Transaction.Paid", got.signed)
  end)

  it("and the package standardwebhooks sign what portone.webhook.verify accepts", function()
    assert.equal(5, #got.messages)
    for _, message in ipairs(got.messages) do
      local opts = { secret = message.secret }
      assert(webhook.verify(message.body, message.headers, opts))
      local byte = math.floor(#message.body / 2)
      local forged = message.body:sub(1, byte - 1)
        .. string.char((message.body:byte(byte) + 128) % 256) .. message.body:sub(byte + 1)
      assert.is_nil((webhook.verify(forged, message.headers, opts)))
      assert.is_nil((webhook.verify(message.body, message.headers,
        { secret = "whsec_" .. core.base64(core.random(24)) })))
    end
  end)
end)
