-- SPDX-License-Identifier: MIT
-- The platform groups: three kinds of policies and the partners, all on one engine.

local t = require "spec.sandbox.v2_support"

local GROUP, PLATFORM = "v2.platform.policy.", "v2.platform."

local world
before_each(function() world = t.world() end)

local function at(id, body, query) return { path = { id = id }, body = body, query = query } end

local policies = {
  additional_fee_policy = {
    one = "additionalFeePolicy", scheduled = "scheduledAdditionalFeePolicy",
    many = "additional_fee_policies", noun = "ADDITIONAL_FEE_POLICY",
    body = { name = "first", fee = { fixedRate = 1000 }, vatPayer = "PARTNER", memo = "m" },
    update = { name = "second", fee = { fixedAmount = 500 } },
    shown = function(p)
      return p.fee.type .. " " .. (p.fee.rate or p.fee.amount) .. " " .. p.memo
    end,
    before = "FIXED_RATE 1000 m", after = "FIXED_AMOUNT 500 m",
    wrong = { name = "x", fee = { fixedRate = 1, fixedAmount = 2 }, vatPayer = "PARTNER" },
    found = { vatPayers = { "PARTNER" } }, lost = { vatPayers = { "MERCHANT" } },
  },
  contract = {
    one = "contract", scheduled = "scheduledContract", many = "contracts", noun = "CONTRACT",
    body = { name = "first", platformFee = { fixedRate = 1000 }, platformFeeVatPayer = "MERCHANT",
      settlementCycle = { lagDays = 3, datePolicy = "HOLIDAY_AFTER",
        method = { weekly = { daysOfWeek = { "MON", "FRI" } } } },
      subtractPaymentVatAmount = false },
    update = { settlementCycle = { lagDays = 5, datePolicy = "CALENDAR_DAY",
      method = { daily = {} } }, subtractPaymentVatAmount = true },
    shown = function(p)
      return p.settlementCycle.method.type .. " " .. p.settlementCycle.lagDays
        .. " " .. tostring(p.subtractPaymentVatAmount)
    end,
    before = "WEEKLY 3 false", after = "DAILY 5 true",
    wrong = { name = "x", platformFee = {}, platformFeeVatPayer = "PARTNER",
      settlementCycle = { lagDays = 3, datePolicy = "CALENDAR_DAY", method = { daily = {} } },
      subtractPaymentVatAmount = false },
    found = { cycleTypes = { "WEEKLY" }, datePolicies = { "HOLIDAY_AFTER" } },
    lost = { platformFeePayers = { "PARTNER" } },
  },
  discount_share_policy = {
    one = "discountSharePolicy", scheduled = "scheduledDiscountSharePolicy",
    many = "discount_share_policies", noun = "DISCOUNT_SHARE_POLICY",
    body = { name = "first", partnerShareRate = 3000 },
    update = { partnerShareRate = 4000 },
    shown = function(p) return tostring(p.partnerShareRate) end,
    before = "3000", after = "4000",
    found = { partnerShareRates = { 3000 } }, lost = { partnerShareRates = { 1 } },
  },
}

for name, k in pairs(policies) do
  describe("V2 platform " .. name:gsub("_", " "), function()
    local CREATE, GET = GROUP .. "create_platform_" .. name, GROUP .. "get_platform_" .. name
    local UPDATE, LIST = GROUP .. "update_platform_" .. name, GROUP .. "get_platform_" .. k.many
    local ARCHIVE, RECOVER = GROUP .. "archive_platform_" .. name,
      GROUP .. "recover_platform_" .. name
    local SCHEDULE, RESCHEDULE = PLATFORM .. "schedule_" .. name, PLATFORM .. "reschedule_" .. name
    local PLAN = PLATFORM .. "get_platform_" .. name .. "_schedule"
    local UNPLAN = PLATFORM .. "cancel_platform_" .. name .. "_schedule"
    local NOT_FOUND = "PLATFORM_" .. k.noun .. "_NOT_FOUND"

    local function make(id, extra)
      return t.ok(world, CREATE, { body = t.with(t.with(k.body, { id = id }), extra) })[k.one]
    end
    local function plan(seconds) return { update = k.update, appliedAt =
      world:iso(world:now() + seconds) } end

    it("is created once under its id, or under one made up", function()
      local made = make "a"
      assert.equals("a", made.id)
      assert.equals(k.before, k.shown(made))
      assert.is_false(made.isArchived)
      assert.is_false(made.isForTest)
      t.refused(world, "PLATFORM_" .. k.noun .. "_ALREADY_EXISTS", CREATE,
        { body = t.with(k.body, { id = "a" }) })
      assert.is_not.equals(make().id, make().id)
      assert.same(made, t.ok(world, GET, at "a"))
      t.refused(world, NOT_FOUND, GET, at "x")
      if k.wrong then t.refused(world, "INVALID_REQUEST", CREATE, { body = k.wrong }) end
    end)

    it("is another in test mode", function()
      t.ok(world, CREATE, { body = t.with(k.body, { id = "a" }), query = { test = true } })
      t.refused(world, NOT_FOUND, GET, at "a")
      assert.is_true(t.ok(world, GET, at("a", nil, { test = true })).isForTest)
      make "a"
      assert.equals(1, #t.ok(world, LIST).items)
    end)

    it("is changed in the fields that are named", function()
      make "a"
      t.advance(world, 60)
      local changed = t.ok(world, UPDATE, at("a", k.update))[k.one]
      assert.equals(k.after, k.shown(changed))
      assert.equals("2026-01-01T00:01:00Z", changed.appliedAt)
      assert.equals(k.after, k.shown(t.ok(world, GET, at "a")))
      t.refused(world, NOT_FOUND, UPDATE, at("x", k.update))
    end)

    it("is archived and recovered", function()
      make "a"
      assert.is_true(t.ok(world, ARCHIVE, at "a")[k.one].isArchived)
      t.refused(world, "PLATFORM_ARCHIVED_" .. k.noun, UPDATE, at("a", k.update))
      t.refused(world, "PLATFORM_ARCHIVED_" .. k.noun, SCHEDULE, at("a", plan(60)))
      assert.is_false(t.ok(world, RECOVER, at "a")[k.one].isArchived)
      t.ok(world, UPDATE, at("a", k.update))
      t.refused(world, NOT_FOUND, ARCHIVE, at "x")
    end)

    it("is changed later, on the clock", function()
      make "a"
      t.refused(world, NOT_FOUND, PLAN, at "a")
      local planned = t.ok(world, SCHEDULE, at("a", plan(60)))[k.scheduled]
      assert.equals(k.after, k.shown(planned))
      assert.equals("2026-01-01T00:01:00Z", planned.appliedAt)
      assert.equals(k.before, k.shown(t.ok(world, GET, at "a")))
      assert.same(planned, t.ok(world, PLAN, at "a"))
      t.refused(world, "PLATFORM_" .. k.noun .. "_SCHEDULE_ALREADY_EXISTS", SCHEDULE,
        at("a", plan(60)))
      t.refused(world, "PLATFORM_CANNOT_ARCHIVE_SCHEDULED_" .. k.noun, ARCHIVE, at "a")
      t.ok(world, RESCHEDULE, at("a", plan(120)))
      t.advance(world, 60)
      assert.equals(k.before, k.shown(t.ok(world, GET, at "a")))
      t.advance(world, 60)
      assert.equals(k.after, k.shown(t.ok(world, GET, at "a")))
      t.refused(world, NOT_FOUND, PLAN, at "a")
      t.refused(world, "INVALID_REQUEST", SCHEDULE, at("a", plan(0)))
    end)

    it("is not changed when that is cancelled", function()
      make "a"
      t.ok(world, SCHEDULE, at("a", plan(60)))
      t.ok(world, UNPLAN, at "a")
      assert.equals(0, t.advance(world, 60))
      assert.equals(k.before, k.shown(t.ok(world, GET, at "a")))
      t.refused(world, NOT_FOUND, UNPLAN, at "a")
    end)

    it("is listed, newest first, by what a filter names", function()
      for i = 1, 11 do make("a" .. i, { name = "n" .. i }) end
      t.ok(world, ARCHIVE, at "a2")
      local function count(filter) return t.ok(world, LIST, { body = { filter = filter } })
        .page.totalCount end
      local list = t.ok(world, LIST)
      assert.equals("a11", list.items[1].id)
      assert.same({ number = 0, size = 10, totalCount = 11 }, list.page)
      assert.equals(1, count { isArchived = true })
      assert.equals(10, count { isArchived = false })
      assert.equals(11, count(k.found))
      assert.equals(0, count(k.lost))
      assert.equals(2, count { keyword = { id = "a1", name = "n1" }, isArchived = false } - 1)
      assert.equals(1, count { keyword = { name = "n7" } })
    end)
  end)
end

describe("V2 platform partners", function()
  local PARTNER = "v2.platform.partner."
  local CREATE, GET = PARTNER .. "create_platform_partner", PARTNER .. "get_platform_partner"
  local UPDATE, LIST = PARTNER .. "update_platform_partner", PARTNER .. "get_platform_partners"
  local BATCH = PARTNER .. "create_platform_partners"
  local CONNECT = PARTNER .. "connect_partner_counterparty"
  local DISCONNECT = PARTNER .. "disconnect_partner_counterparty"

  before_each(function()
    t.ok(world, GROUP .. "create_platform_contract",
      { body = t.with(policies.contract.body, { id = "c" }) })
  end)

  local function partner(id, extra)
    return t.with({ id = id, name = "shop " .. id, contact = { name = "Kim",
      email = "kim@example.com" }, account = { bank = "SHINHAN", currency = "KRW", number = "110",
      holder = "Kim" }, defaultContractId = "c", tags = { "food" },
      type = { business = { companyName = "Co", businessRegistrationNumber = "1234567890",
        representativeName = "Kim" } } }, extra)
  end
  local function make(id, extra)
    return t.ok(world, CREATE, { body = partner(id, extra) }).partner
  end

  it("are made of what the request says", function()
    local p = make("p", { memo = "m", userDefinedProperties = { colour = { string = "red" } } })
    assert.equals("BUSINESS", p.type.type)
    assert.equals("NORMAL", p.type.taxationType)
    assert.equals("NOT_CONNECTED", p.type.memberCompanyConnectionStatus)
    assert.equals("NOT_VERIFIED", p.account.status)
    assert.equals("red", p.userDefinedProperties.colour.string)
    assert.same(p, t.ok(world, GET, at "p"))
    assert.same({}, make("q", { tags = require("portone.json").array {} }).tags)
    assert.equals("WHT_PAYER", make("r", { type = { whtPayer = { birthdate = "1982-02-13" } } })
      .type.type)
  end)

  it("need an id of their own, a contract and one type", function()
    make "p"
    t.refused(world, "PLATFORM_PARTNER_ID_ALREADY_EXISTS", CREATE, { body = partner "p" })
    t.refused(world, "PLATFORM_CONTRACT_NOT_FOUND", CREATE,
      { body = partner("q", { defaultContractId = "x" }) })
    t.refused(world, "INVALID_REQUEST", CREATE, { body = partner("q", { type = {} }) })
    t.refused(world, "PLATFORM_PARTNER_NOT_FOUND", GET, at "q")
  end)

  it("are changed in part", function()
    make "p"
    local p = t.ok(world, UPDATE, at("p", { contact = { phoneNumber = "010" },
      type = { business = { companyName = "New" } } })).partner
    assert.same({ name = "Kim", email = "kim@example.com", phoneNumber = "010" }, p.contact)
    assert.equals("New", p.type.companyName)
    assert.equals("1234567890", p.type.businessRegistrationNumber)
    assert.equals("NON_WHT_PAYER", t.ok(world, UPDATE,
      at("p", { type = { nonWhtPayer = {} } })).partner.type.type)
    t.refused(world, "PLATFORM_INSUFFICIENT_DATA_TO_CHANGE_PARTNER_TYPE", UPDATE,
      at("p", { type = { business = { companyName = "Back" } } }))
    t.refused(world, "PLATFORM_CONTRACT_NOT_FOUND", UPDATE, at("p", { defaultContractId = "x" }))
  end)

  it("keep a birth date while they stay what they are", function()
    make("p", { type = { whtPayer = { birthdate = "1982-02-13" } } })
    local function change(type)
      return t.ok(world, UPDATE, at("p", { type = type })).partner.type.birthdate
    end
    assert.equals("1982-02-13", change { whtPayer = {} })
    assert.is_nil(change { nonWhtPayer = {} })
  end)

  it("are made in batches, all or none", function()
    make "p"
    local function batch(type, ...)
      return t.refused(world, type, BATCH, { body = { partners = { ... } } })
    end
    assert.same({ "p" }, batch("PLATFORM_PARTNER_IDS_ALREADY_EXISTS", partner "q", partner "p").ids)
    assert.same({ "q" }, batch("PLATFORM_PARTNER_IDS_DUPLICATED", partner "q", partner "q").ids)
    assert.same({ "x" }, batch("PLATFORM_CONTRACTS_NOT_FOUND", partner "q",
      partner("r", { defaultContractId = "x" })).ids)
    t.refused(world, "PLATFORM_PARTNER_NOT_FOUND", GET, at "q")
    local made = t.ok(world, BATCH, { body = { partners = { partner "q", partner "r" } } }).partners
    assert.same({ "q", "r" }, { made[1].id, made[2].id })
  end)

  it("are scheduled one by one or all that a filter finds", function()
    make "p"
    make("q", { tags = { "toys" } })
    local SCHEDULE = PLATFORM .. "schedule_platform_partners"
    local function plan(filter)
      return { body = { filter = filter, update = { memo = "later" },
        appliedAt = "2026-01-01T00:01:00Z" } }
    end
    t.ok(world, SCHEDULE, plan { tags = { "toys" } })
    local refusal = t.refused(world, "PLATFORM_PARTNER_SCHEDULES_ALREADY_EXIST", SCHEDULE, plan())
    assert.same({ "q" }, refusal.ids)
    t.refused(world, "PLATFORM_PARTNER_NOT_FOUND", PLATFORM .. "get_platform_partner_schedule",
      at "p")
    t.refused(world, "PLATFORM_PARTNER_SCHEDULE_EXISTS", CONNECT, at "q")
    t.advance(world, 60)
    assert.equals("later", t.ok(world, GET, at "q").memo)
    assert.is_nil(t.ok(world, GET, at "p").memo)
    t.ok(world, PARTNER .. "archive_platform_partner", at "p")
    t.refused(world, "PLATFORM_ARCHIVED_PARTNERS_CANNOT_BE_SCHEDULED", SCHEDULE,
      { body = { update = {}, appliedAt = "2026-01-01T01:00:00Z" } })
  end)

  it("that are businesses connect and disconnect", function()
    make "p"
    make("w", { type = { whtPayer = {} } })
    make("s", { type = { business = { companyName = "Co", businessRegistrationNumber = "1",
      representativeName = "K", taxationType = "SIMPLE" } } })
    t.refused(world, "PLATFORM_PARTNER_TYPE_IS_NOT_BUSINESS", CONNECT, at "w")
    t.refused(world, "PLATFORM_PARTNER_TAXATION_TYPE_IS_SIMPLE", CONNECT, at "s")
    t.refused(world, "PLATFORM_COUNTERPARTY_NOT_CONNECTED", DISCONNECT, at "p")
    assert.equals("CONNECTED",
      t.ok(world, CONNECT, at "p").partner.type.memberCompanyConnectionStatus)
    t.refused(world, "PLATFORM_COUNTERPARTY_NOT_CONNECTABLE_STATUS", CONNECT, at "p")
    t.refused(world, "PLATFORM_MEMBER_COMPANY_CONNECTED_PARTNER_CANNOT_BE_SCHEDULED",
      PLATFORM .. "schedule_partner",
      at("p", { update = {}, appliedAt = "2026-01-01T01:00:00Z" }))
    t.refused(world, "PLATFORM_MEMBER_COMPANY_CONNECTED_PARTNERS_CANNOT_BE_SCHEDULED",
      PLATFORM .. "schedule_platform_partners",
      { body = { update = {}, appliedAt = "2026-01-01T01:00:00Z" } })
    assert.equals("NOT_CONNECTED",
      t.ok(world, DISCONNECT, at "p").partner.type.memberCompanyConnectionStatus)
    t.ok(world, PARTNER .. "archive_platform_partner", at "p")
    t.refused(world, "PLATFORM_ARCHIVED_PARTNER_NTS_NOT_ALLOWED", CONNECT, at "p")
  end)

  it("are listed by what a filter names, and tell what there is to filter by", function()
    make "p"
    make("q", { tags = { "toys", "food" }, account = { bank = "HANA", currency = "KRW",
      number = "7", holder = "Lee" } })
    local function found(filter)
      local out = {}
      for i, p in ipairs(t.ok(world, LIST, { body = { filter = filter } }).items) do
        out[i] = p.id
      end
      return table.concat(out, " ")
    end
    assert.equals("q p", found())
    assert.equals("q", found { tags = { "toys" } })
    assert.equals("q", found { banks = { "HANA" } })
    assert.equals("p", found { ids = { "p" } })
    assert.equals("", found { types = { "WHT_PAYER" } })
    assert.equals("q", found { keyword = { accountHolder = "Lee" } })
    assert.equals("q p", found { contractIds = { "c" }, taxationTypes = { "NORMAL" } })
    local options = t.ok(world, PLATFORM .. "get_platform_partner_filter_options")
    table.sort(options.tags)
    assert.same({ "food", "toys" }, options.tags)
    assert.same({ { id = "c", name = "first" } }, options.contractSummary)
  end)
end)

describe("V2 platform", function()
  it("has settings, one set for each mode", function()
    local SET, GET = PLATFORM .. "update_platform_setting", PLATFORM .. "get_platform_setting"
    assert.is_false(t.ok(world, GET).deductWht)
    local changed = t.ok(world, SET, { body = { deductWht = true, defaultDepositMemo = "m" } })
    assert.is_true(changed.setting.deductWht)
    assert.equals("m", t.ok(world, GET).defaultDepositMemo)
    local test = t.ok(world, GET, { query = { test = true } })
    assert.is_false(test.deductWht)
    assert.is_true(test.isForTest)
  end)

  it("lists the share rates there are", function()
    local name = PLATFORM .. "get_platform_discount_share_policy_filter_options"
    assert.same({}, t.ok(world, name).partnerShareRates)
    for _, rate in ipairs { 300, 100, 300 } do
      t.ok(world, GROUP .. "create_platform_discount_share_policy",
        { body = { name = "n", partnerShareRate = rate } })
    end
    assert.same({ 100, 300 }, t.ok(world, name).partnerShareRates)
    assert.same({}, t.ok(world, name, { query = { isArchived = true } }).partnerShareRates)
  end)
end)
