local errors = require "portone.error"
local fake = require "spec.support.fake"
local portone = require "portone"
local webhook = require "portone.webhook"

local TOKEN = fake.token("access-token-1")

local function payment(fields)
  return { 200, '{"code":0,"message":null,"response":{"imp_uid":"imp_1","merchant_uid":"order-1",'
    .. (fields or '"status":"paid","amount":3000') .. "}}" }
end

describe("webhook.parse_v1", function()
  it("reads JSON and forms alike", function()
    for _, body in ipairs {
      '{"imp_uid":"imp_1","merchant_uid":"order-1","status":"cancelled","cancellation_id":"c-1"}',
      "imp_uid=imp_1&merchant_uid=order-1&status=cancelled&cancellation_id=c-1",
    } do
      local note = assert(webhook.parse_v1(body))
      assert.same({
        kind = "payment", imp_uid = "imp_1", merchant_uid = "order-1", status = "cancelled",
        cancellation_id = "c-1",
        body = { imp_uid = "imp_1", merchant_uid = "order-1", status = "cancelled",
                 cancellation_id = "c-1" },
      }, note)
    end
  end)

  it("reads the question before approval", function()
    for _, body in ipairs { '{"imp_uid":"imp_1","merchant_uid":"주문-1","amount":1004.5}',
      "imp_uid=imp_1&merchant_uid=%EC%A3%BC%EB%AC%B8-1&amount=1004.5" } do
      local note = assert(webhook.parse_v1(body))
      assert.same({ "confirm", "주문-1", 1004.5 }, { note.kind, note.merchant_uid, note.amount })
    end
  end)

  it("knows the special bodies", function()
    for _, body in ipairs {
      '{"event":"Inicis.Escrow.Changed","imp_uid":"imp_1","merchant_uid":"o","status":"paid",'
        .. '"extra":{"changed_at":1700000000,"denied_reason":"broken"}}',
      "event=Inicis.Escrow.Changed&imp_uid=imp_1&merchant_uid=o&status=paid"
        .. "&extra%5Bchanged_at%5D=1700000000&extra[denied_reason]=broken",
    } do
      local note = assert(webhook.parse_v1(body))
      assert.same({ "escrow", "Inicis.Escrow.Changed", "broken", 1700000000 }, { note.kind,
        note.event, note.extra.denied_reason, tonumber(note.extra.changed_at) })
    end
    local note = assert(webhook.parse_v1('{"event":"Galaxia.Cvs.Confirm","imp_uid":"imp_1",'
      .. '"merchant_uid":"o","status":"ready","extra":{"barcode":"11222222","payType":"card"}}'))
    assert.same({ "cvs_confirm", "11222222", "card" },
      { note.kind, note.extra.barcode, note.extra.payType })
    note = assert(webhook.parse_v1('{"event":"New","imp_uid":"imp_1","merchant_uid":"o"}'))
    assert.equal("unknown", note.kind)
  end)

  local function refused(name, body)
    local note, err = webhook.parse_v1(body)
    assert.is_nil(note)
    assert.is_true(errors.is(err))
    assert.same({ "protocol", name }, { err.kind, err.type })
    return err.reason
  end

  it("refuses what is no notification, and says why", function()
    refused("NO_BODY", nil)
    refused("NO_BODY", "")
    assert.truthy(refused("BODY_TOO_LARGE", (" "):rep(10485760)):find("10485760 bytes", 1, true))
    for _, body in ipairs { "hello", "{", "<html>", "5", '"x"', "[]", "a=%", "a[=1", "a[b]c=1",
      "a=1&a[b]=2", "a[b]=1&a=2", "imp_uid=imp_1&imp_uid=imp_2&merchant_uid=o",
      "a[b][c][d][e]=1", ("a=1&"):rep(200) } do
      refused("INVALID_BODY", body)
    end
    assert.equal("the body has no usable imp_uid", refused("INVALID_BODY", '{"merchant_uid":"o"}'))
    assert.equal("the body has no usable merchant_uid", refused("INVALID_BODY", "imp_uid=imp_1"))
    for _, id in ipairs { '""', "5", "{}", '"a\\nb"', '"' .. ("x"):rep(129) .. '"' } do
      refused("INVALID_BODY", '{"imp_uid":' .. id .. ',"merchant_uid":"o"}')
    end
  end)

  it("raises for a body that was parsed already", function()
    assert.has_error(function() webhook.parse_v1 {} end)
  end)
end)

describe("webhook.v1", function()
  local BODY = '{"imp_uid":"imp_1","merchant_uid":"order-1","status":"paid"}'

  it("reads the payment again and answers with that", function()
    local client, host = fake.client { TOKEN, payment '"status":"ready","amount":3000' }
    local got, err, note = webhook.v1(BODY, client)
    assert.is_nil(err)
    assert.same({ "imp_1", "ready", 3000 }, { got.imp_uid, got.status, got.amount })
    assert.equal("paid", note.status)
    assert.truthy(host.sent[2].url:find("/payments/imp_1", 1, true))
  end)

  it("asks for test payments when it is told to", function()
    local client, host = fake.client { TOKEN, payment() }
    assert(webhook.v1("imp_uid=imp_1&merchant_uid=order-1&status=paid", client,
      { include_sandbox = true }))
    assert.truthy(host.sent[2].url:find("include_sandbox=true", 1, true))
  end)

  it("escapes an imp_uid that somebody made up", function()
    local client, host = fake.client { TOKEN, payment() }
    webhook.v1('{"imp_uid":"../users/getToken?a=b#","merchant_uid":"order-1"}', client)
    assert.truthy(host.sent[2].url:find("/payments/[^/?#]+$"))
  end)

  it("refuses a payment of another order", function()
    local client = fake.client { TOKEN, payment() }
    local got, err, note = webhook.v1(
      '{"imp_uid":"imp_1","merchant_uid":"order-of-another","status":"paid"}', client)
    assert.is_nil(got)
    assert.same({ "rejected", "MISMATCH" }, { err.kind, err.type })
    assert.equal("order-of-another", note.merchant_uid)
  end)

  it("hands on why it could not be read", function()
    local client = fake.client { TOKEN, { 404,
      '{"code":-1,"message":"존재하지 않는 결제정보입니다.","response":null}' } }
    local got, err, note = webhook.v1(BODY, client)
    assert.is_nil(got)
    assert.equal("not_found", err.kind)
    assert.equal("imp_1", note.imp_uid)
    assert.truthy(tostring(err):find("with include_sandbox = true", 1, true))
  end)

  it("speaks of test channels only where they are left out", function()
    local sandbox = portone.sandbox.start { settings = { v1_test_channel = true } }
    local client, card = sandbox:client(), sandbox.cards.success
    local paid = assert(client.v1.subscribe.onetime { merchant_uid = "order-1", amount = 3000,
      name = "n", card_number = card.card_number, expiry = card.expiry, birth = card.birth,
      pwd_2digit = card.pwd_2digit })
    local body = ('{"imp_uid":"%s","merchant_uid":"order-1"}'):format(paid.imp_uid)
    local _, hidden = webhook.v1(body, client)
    local seen = webhook.v1(body, client, { include_sandbox = true })
    local _, absent = webhook.v1(BODY, client, { include_sandbox = true })
    sandbox:stop()
    assert.matches("include_sandbox", hidden.message)
    assert.same({ "order-1", true }, { seen.merchant_uid, seen.sandbox })
    assert.equal("not_found", absent.kind)
    assert.is_nil(absent.message:find("include_sandbox", 1, true))
  end)

  it("sends nothing for a body it cannot read", function()
    local client, host = fake.client { TOKEN, payment() }
    local got, err = webhook.v1("{}", client)
    assert.is_nil(got)
    assert.equal("INVALID_BODY", err.type)
    assert.equal(0, #host.sent)
  end)

  it("raises without a client", function()
    assert.has_error(function() webhook.v1(BODY) end)
  end)
end)
