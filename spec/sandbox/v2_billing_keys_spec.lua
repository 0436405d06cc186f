-- SPDX-License-Identifier: MIT
local t = require "spec.sandbox.v2_support"

local ISSUE = "v2.payment.billing_key.issue_billing_key"
local GET = "v2.payment.billing_key.get_billing_key_info"
local LIST = "v2.payment.billing_key.get_billing_key_infos"
local DELETE = "v2.payment.billing_key.delete_billing_key"
local CONFIRM = "v2.payment.billing_key.confirm_billing_key"
local CONFIRM_PAY = "v2.payment.billing_key.confirm_billing_key_issue_and_pay"

describe("V2 billing keys", function()
  local world
  before_each(function() world = t.world() end)

  local function body(card, extra)
    return { body = t.with({ method = { card = { credential = t.cards[card].credential } } },
      extra) }
  end
  local function get(key) return t.ok(world, GET, { path = { billingKey = key } }) end
  local function delete(key, query) return { path = { billingKey = key }, query = query } end

  describe("are issued", function()
    it("for a card through a channel", function()
      local answer = t.ok(world, ISSUE, body("success", { channelKey = "channel-key-ksnet",
        customer = { id = "user-1", name = { separated = { first = "Port", last = "One" } },
          address = { addressLine1 = "1-1", addressLine2 = "2", city = "Seoul" } },
        customData = "{}" }))
      assert.matches("^billing%-key%-%x+%-", answer.billingKeyInfo.billingKey)
      assert.equals("channel-key-ksnet", answer.billingKeyInfo.channels[1].key)
      assert.is_nil(answer.channelSpecificFailures)
      local info = get(answer.billingKeyInfo.billingKey)
      assert.equals("ISSUED", info.status)
      assert.equals("424242******4242", info.methods[1].card.number)
      assert.equals("Port One", info.customer.name)
      assert.equals("Seoul 1-1 2", info.customer.address.oneLine)
      assert.same({ "BillingKey.Issued" }, t.sent(world))
      assert.same({ storeId = "store-1", billingKey = info.billingKey },
        world.sent[1].body.data)
    end)

    it("with the number nowhere in the answer", function()
      local key = t.issue(world)
      local text = require("portone.json").encode(get(key))
      assert.is_nil(text:find("4242424242424242", 1, true))
    end)

    it("with exactly one of channelKey and channelGroupId", function()
      t.refused(world, "INVALID_REQUEST", ISSUE, body("success"))
      t.refused(world, "INVALID_REQUEST", ISSUE, body("success",
        { channelKey = "channel-key-ksnet", channelGroupId = "g" }))
      t.refused(world, "CHANNEL_NOT_FOUND", ISSUE, body("success", { channelKey = "nope" }))
      t.refused(world, "CHANNEL_NOT_FOUND", ISSUE, body("success", { channelGroupId = "nope" }))
    end)

    it("not for what is no card", function()
      local args = body("success", { channelKey = "channel-key-ksnet" })
      local good = t.cards.success.credential
      for field, value in pairs { number = "4242-4242", expiryMonth = "13", expiryYear = "2049",
        birthOrBusinessRegistrationNumber = "8202", passwordTwoDigits = "0" } do
        args.body.method = { card = { credential = t.with(good, { [field] = value }) } }
        local refusal = t.refused(world, "INVALID_REQUEST", ISSUE, args)
        assert.matches(field, refusal.message, 1, true)
      end
      args.body.method = {}
      t.refused(world, "INVALID_REQUEST", ISSUE, args)
    end)

    it("not for a card that the gateway refuses", function()
      local answer = t.refused(world, "PG_PROVIDER", ISSUE,
        body("wrong_birth", { channelKey = "channel-key-ksnet" }))
      assert.equals("INVALID_CARD_IDENTITY", answer.pgCode)
      assert.is_string(answer.pgMessage)
      assert.same({}, t.sent(world))
      assert.equals(0, #world.v2.billing_keys.list)
    end)

    it("for unknown numbers with a right check digit, or as set", function()
      local args = body("success", { channelKey = "channel-key-ksnet" })
      local function number(digits)
        args.body.method = { card = { credential = t.with(t.cards.success.credential,
          { number = digits }) } }
        return args
      end
      t.ok(world, ISSUE, number "4111111111111111")
      t.refused(world, "PG_PROVIDER", ISSUE, number "4111111111111112")
      world.config.settings.unknown_cards = "accept"
      t.ok(world, ISSUE, number "4111111111111112")
      world.config.settings.unknown_cards = "refuse"
      t.refused(world, "PG_PROVIDER", ISSUE, number "4111111111111111")
    end)

    it("not by API through a wallet, unless v2_pg_support says so", function()
      local args = body("success", { channelKey = "channel-key-tosspay_v2" })
      t.refused(world, "INVALID_REQUEST", ISSUE, args)
      world.config.settings.v2_pg_support = "ignore"
      t.ok(world, ISSUE, args)
    end)

    it("without a webhook when it is skipped, and to noticeUrls before the console", function()
      t.issue(world, nil, { skipWebhook = true })
      assert.equals(0, #world.sent)
      t.issue(world, nil, { noticeUrls = { "http://127.0.0.1:9/a", "http://127.0.0.1:9/b" } })
      assert.equals("http://127.0.0.1:9/a", world.sent[1].url)
      assert.equals("http://127.0.0.1:9/b", world.sent[2].url)
      t.issue(world, nil, { noticeUrls = require("portone.json").array {} })
      assert.equals(t.CONSOLE_URL, world.sent[3].url)
    end)
  end)

  describe("of a channel group", function()
    local group
    before_each(function()
      group = t.act(world, "add_channel_group", { name = "both",
        channels = { "channel-key-tosspayments", "channel-key-tosspay_v2", "channel-key-ksnet" } })
    end)

    it("are issued where they can be, and say where not", function()
      local answer = t.ok(world, ISSUE, body("success", { channelGroupId = group }))
      assert.equals(2, #answer.billingKeyInfo.channels)
      assert.equals(1, #answer.channelSpecificFailures)
      assert.equals("INVALID_REQUEST", answer.channelSpecificFailures[1].type)
      local info = get(answer.billingKeyInfo.billingKey)
      assert.equals("both", info.channelGroup.name)
      assert.equals(3, #info.pgBillingKeyIssueResponses)
    end)

    it("name the gateway's refusal of one channel", function()
      t.act(world, "outage", { channel_key = "channel-key-ksnet", pg_code = "E1" })
      local answer = t.ok(world, ISSUE, body("success", { channelGroupId = group }))
      local failure = answer.channelSpecificFailures[2]
      assert.equals("PG_PROVIDER", failure.type)
      assert.equals("E1", failure.pgCode)
    end)

    it("fail with all reasons when no channel can", function()
      local answer = t.refused(world, "CHANNEL_SPECIFIC", ISSUE,
        body("wrong_password", { channelGroupId = group }))
      assert.equals(3, #answer.failures)
      assert.same({}, answer.succeededChannels)
    end)

    it("are charged through the channel that is asked for", function()
      local key = t.issue(world, nil, { channelGroupId = group })
      t.pay(world, "a", key, 1000)
      t.pay(world, "b", key, 1000, { channelKey = "channel-key-ksnet" })
      assert.equals("TOSSPAYMENTS", t.payment(world, "a").channel.pgProvider)
      assert.equals("KSNET", t.payment(world, "b").channel.pgProvider)
      assert.equals("both", t.payment(world, "b").channelGroup.name)
      t.pay_refused(world, "CHANNEL_NOT_FOUND", "c", key, 1000,
        { channelKey = "channel-key-tosspay_v2" })
    end)

    it("are deleted everywhere or not at all", function()
      local key = t.issue(world, nil, { channelGroupId = group })
      t.act(world, "outage", { channel_key = "channel-key-ksnet", pg_code = "E1" })
      local answer = t.refused(world, "CHANNEL_SPECIFIC", DELETE, delete(key))
      assert.equals(1, #answer.failures)
      assert.equals(1, #answer.succeededChannels)
      assert.equals("ISSUED", get(key).status)
    end)
  end)

  it("has a group of all capable channels from the start", function()
    local id = world.v2.channel_groups.list[1].id
    local answer = t.ok(world, ISSUE, body("success", { channelGroupId = id }))
    assert.is_nil(answer.channelSpecificFailures)
    assert.is_true(#answer.billingKeyInfo.channels > 1)
  end)

  describe("are deleted", function()
    it("once", function()
      local key = t.issue(world)
      local answer = t.ok(world, DELETE, delete(key, { reason = "left", requester = "CUSTOMER" }))
      assert.equals(get(key).deletedAt, answer.deletedAt)
      assert.equals("DELETED", get(key).status)
      t.refused(world, "BILLING_KEY_ALREADY_DELETED", DELETE, delete(key))
      t.refused(world, "BILLING_KEY_NOT_FOUND", DELETE, delete("nope"))
      t.refused(world, "BILLING_KEY_NOT_FOUND", GET, { path = { billingKey = "nope" } })
      assert.same({ "BillingKey.Issued", "BillingKey.Deleted" }, t.sent(world))
    end)

    it("silently when asked to be", function()
      t.ok(world, DELETE, delete(t.issue(world, nil, { skipWebhook = true }),
        { skipWebhook = true }))
      assert.equals(0, #world.sent)
    end)

    it("not while payments are scheduled", function()
      local key = t.issue(world)
      local id = t.schedule(world, "p", key, 1000, 100)
      t.refused(world, "PAYMENT_SCHEDULE_ALREADY_EXISTS", DELETE, delete(key))
      t.ok(world, "v2.payment.payment_schedule.revoke_payment_schedules",
        { body = { scheduleIds = { id } } })
      t.ok(world, DELETE, delete(key))
    end)

    it("not when the gateway refuses", function()
      local key = t.issue(world)
      t.act(world, "outage", { channel_key = "channel-key-tosspayments", pg_code = "E1" })
      assert.equals("E1", t.refused(world, "PG_PROVIDER", DELETE, delete(key)).pgCode)
      t.act(world, "outage", { channel_key = "channel-key-tosspayments" })
      t.ok(world, DELETE, delete(key))
    end)

    it("and never charged again", function()
      local key = t.issue(world)
      t.ok(world, DELETE, delete(key))
      t.pay_refused(world, "BILLING_KEY_ALREADY_DELETED", "p", key, 1000)
      t.schedule_refused(world, "BILLING_KEY_ALREADY_DELETED", "p",
        t.schedule_body(world, key, 1000, 10))
      assert.same({}, t.moved(world))
    end)
  end)

  describe("are listed", function()
    local keys
    before_each(function()
      keys = {}
      for i = 1, 12 do
        keys[i] = t.issue(world, i == 3 and "success_check" or nil,
          { customer = { id = "user-" .. i, email = i .. "@example.com" },
            channelKey = i == 5 and "channel-key-ksnet" or "channel-key-tosspayments" })
        t.advance(world, 60)
      end
    end)
    local function list(filter, extra)
      return t.ok(world, LIST, { body = t.with({ filter = filter }, extra) })
    end
    local function found(filter, extra)
      local out = {}
      for i, item in ipairs(list(filter, extra).items) do out[i] = item.billingKey end
      return out
    end

    it("ten to a page, latest request first", function()
      local answer = list()
      assert.equals(10, #answer.items)
      assert.same({ number = 0, size = 10, totalCount = 12 }, answer.page)
      assert.equals(keys[12], answer.items[1].billingKey)
      assert.equals(2, #list(nil, { page = { number = 1 } }).items)
      assert.same({ keys[1], keys[2] },
        found(nil, { page = { size = 2 }, sort = { order = "ASC", by = "ISSUED_AT" } }))
    end)

    it("by what a filter names", function()
      t.ok(world, DELETE, delete(keys[2]))
      assert.same({ keys[2] }, found { status = { "DELETED" } })
      assert.same({ keys[7] }, found { customerId = "user-7" })
      assert.same({ keys[5] }, found { pgProviders = { "KSNET" } })
      assert.same({ keys[5] }, found { pgCompanies = { "KSNET" } })
      assert.same({ keys[3] }, found { textSearch = { field = "CARD_BIN", value = "400005" } })
      assert.same({ keys[4] }, found { textSearch = { field = "CUSTOMER_EMAIL", value = "4@" } })
      assert.same({ keys[6] }, found { textSearch = { field = "BILLING_KEY", value = keys[6] } })
      assert.same({}, found { methods = { "EASY_PAY" } })
      assert.same({}, found { version = "V1" })
      assert.same({ keys[2] }, found { timeRangeField = "DELETED_AT" })
      assert.same({ keys[2], keys[1] }, found { ["until"] = world:iso(t.START + 60) })
      assert.same({ keys[12] }, found { from = world:iso(t.START + 11 * 60) })
    end)

    it("within 90 days unless told otherwise", function()
      t.advance(world, 90 * t.DAY)
      assert.same({}, found())
      assert.equals(10, #found { from = world:iso(t.START) })
    end)
  end)

  describe("from the window", function()
    it("are wallets on a wallet's channel", function()
      local answer = t.act(world, "request_billing_key",
        { channel_key = "channel-key-tosspay_v2", issue_id = "i", customer = { id = "c" } })
      local info = get(answer.billingKey)
      assert.equals("BillingKeyPaymentMethodEasyPay", info.methods[1].type)
      assert.equals("TOSSPAY", info.methods[1].provider)
      assert.equals("i", info.issueId)
      assert.same({ "BillingKey.Ready", "BillingKey.Issued" }, t.sent(world))
      t.pay(world, "p", answer.billingKey, 50000)
      assert.equals("PaymentMethodEasyPay", t.payment(world, "p").method.type)
    end)

    it("can change their card, and say so", function()
      local key = t.act(world, "request_billing_key",
        { channel_key = "channel-key-tosspay_v2" }).billingKey
      assert.is_true(t.act(world, "update_billing_key",
        { billing_key = key, credential = t.cards.success.credential }))
      assert.equals("424242", get(key).methods[1].method.card.bin)
      assert.equals("BillingKey.Updated", t.sent(world)[3])
      assert.is_nil(t.act(world, "update_billing_key", { billing_key = "nope" }))
    end)

    it("fail with the gateway's words", function()
      local answer = t.act(world, "request_billing_key",
        { credential = t.cards.wrong_birth.credential })
      assert.equals("INVALID_CARD_IDENTITY", answer.pgCode)
      assert.same({ "BillingKey.Ready", "BillingKey.Failed" }, t.sent(world))
      local id = world.v2.billing_keys.list[1].id
      t.refused(world, "BILLING_KEY_NOT_FOUND", GET, { path = { billingKey = id } })
      t.refused(world, "BILLING_KEY_NOT_ISSUED", DELETE, delete(id))
    end)

    it("wait for a manual confirm", function()
      local answer = t.act(world, "request_billing_key",
        { credential = t.cards.success.credential, manual = true })
      assert.equals("NEEDS_CONFIRMATION", answer.billingKey)
      local token = { billingIssueToken = answer.billingIssueToken }
      t.refused(world, "INFORMATION_MISMATCH", CONFIRM,
        { body = t.with(token, { isTest = false }) })
      local key = t.ok(world, CONFIRM, { body = token }).billingKey
      assert.equals("ISSUED", get(key).status)
      t.refused(world, "BILLING_KEY_ALREADY_ISSUED", CONFIRM, { body = token })
      t.refused(world, "BILLING_KEY_NOT_FOUND", CONFIRM,
        { body = { billingIssueToken = "nope" } })
      t.refused(world, "BILLING_KEY_NOT_FOUND", CONFIRM_PAY, { body = token })
    end)

    it("are issued and charged in one confirm", function()
      local answer = t.act(world, "request_billing_key_and_pay", { payment_id = "p",
        total = 9900, tax_free = 900, credential = t.cards.success.credential })
      local token = { billingIssueToken = answer.billingIssueToken }
      for _, wrong in ipairs { { paymentId = "q" }, { totalAmount = 1 }, { currency = "USD" },
        { taxFreeAmount = 0 }, { isTest = false } } do
        t.refused(world, "INFORMATION_MISMATCH", CONFIRM_PAY, { body = t.with(token, wrong) })
      end
      assert.same({}, t.moved(world))
      local done = t.ok(world, CONFIRM_PAY, { body = t.with(token, { paymentId = "p",
        totalAmount = 9900, taxFreeAmount = 900, currency = "KRW", isTest = true }) })
      assert.equals("p", done.paymentId)
      assert.equals("PAID", t.payment(world, "p").status)
      assert.equals(done.billingKey, t.payment(world, "p").billingKey)
      assert.equals(9900, t.moved(world).KRW)
      t.refused(world, "BILLING_KEY_ALREADY_ISSUED", CONFIRM_PAY, { body = token })
    end)

    it("are neither issued nor charged when the card is declined", function()
      local answer = t.act(world, "request_billing_key_and_pay", { payment_id = "p",
        total = 9900, credential = t.cards.declined.credential })
      t.refused(world, "PG_PROVIDER", CONFIRM_PAY,
        { body = { billingIssueToken = answer.billingIssueToken } })
      assert.equals("FAILED", t.payment(world, "p").status)
      assert.same({}, t.moved(world))
    end)
  end)
end)
