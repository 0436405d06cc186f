-- The operation tables: what they hold, and that they say what the official files say.

local api = require "portone.api"
local official = require "spec.support.official"

local function row(name)
  local version, group, op = name:match("^(v%d)%.(.+)%.([^.]+)$")
  return assert(api.find(version, group, op), name)
end

local function every(fn)
  for r in api.all() do fn(r) end
end

local PLACES = { "path_fields", "query", "body" }

describe("finding operations", function()
  it("holds 80 of V1 and 147 of V2, each with a summary", function()
    local count = { v1 = 0, v2 = 0 }
    every(function(r)
      count[r.api] = count[r.api] + 1
      assert.truthy(#r.summary > 10 and r.summary:find("%.$"), r.name)
    end)
    assert.same({ v1 = 80, v2 = 147 }, count)
  end)

  it("finds a row by group and name", function()
    local r = api.find("v2", "payment.billing_key", "issue_billing_key")
    assert.equal("v2.payment.billing_key.issue_billing_key", r.name)
    assert.equal("POST", r.method)
    assert.equal("/billing-keys", r.path)
    assert.equal(r, api.find("v2", "payment.billing_key", "issue_billing_key"))
  end)

  it("answers nil for what does not exist", function()
    assert.is_nil(api.find("v2", "payment", "nothing"))
    assert.is_nil(api.find("v2", "nothing", "get"))
    assert.is_nil(api.find("v3", "payment", "get_payment"))
    assert.is_nil(api.names("v1", "nothing"))
    assert.is_nil(api.names("v3", "payments"))
  end)

  it("lists groups and names without loading rows", function()
    assert.equal(17, #api.groups("v1"))
    assert.same({ "get", "delete" }, { api.names("v1", "certifications")[2],
      api.names("v1", "certifications")[1] })
  end)

  it("suggests what was meant", function()
    for wrong, right in pairs {
      ["payment.pay_with_billingkey"] = "v2.payment.pay_with_billing_key",
      payWithBillingKey = "v2.payment.pay_with_billing_key",
      ["payment.issue_billing_key"] = "v2.payment.billing_key.issue_billing_key",
      ["v2.paymnet.get_payment"] = "v2.payment.get_payment",
      get_payments = "v2.payment.get_payments",
    } do
      assert.equal(right, api.suggestion("v2", wrong))
    end
    assert.equal("v1.subscribe.again", api.suggestion("v1", "subscribe.agian"))
    assert.is_nil(api.suggestion("v2", "zzzzzzzz"))
    -- of either API, unless the text says which
    assert.equal("v1.subscribe.again", api.suggestion(nil, "subscribe.agian"))
    assert.equal("v1.payments.by_status", api.suggestion(nil, "v1.payment.bystatus"))
    assert.equal("v2.payment.cancel_payment", api.suggestion(nil, "cancelPayment"))
    assert.is_nil(api.suggestion(nil, ""))
  end)

  it("finds a row by its full name", function()
    assert.equal("/payments", api.named("v2.payment.get_payments").path)
    for _, wrong in ipairs { "payment.get_payments", "v3.payment.get_payments", "v1", "v2..x",
      "" } do
      assert.is_nil((api.named(wrong)), wrong)
    end
  end)

  it("gives no operation the name of a group below its own", function()
    every(function(r) assert.is_nil(api.names(r.api, r.group .. "." .. r.op), r.name) end)
  end)

  it("gives no two operations the same group and name, not even in two APIs", function()
    local seen = {}
    every(function(r)
      assert.is_nil(seen[r.group .. "." .. r.op], r.name)
      seen[r.group .. "." .. r.op] = true
    end)
  end)

  it("loads one group and the types it needs, no more", function()
    local script = [[
      local api = require "portone.api"
      local light = {}
      for name in pairs(package.loaded) do light[name] = true end
      api.find("v2", "payment.billing_key", "get_billing_key_info")
      local more = {}
      for name in pairs(package.loaded) do if not light[name] then more[#more + 1] = name end end
      table.sort(more)
      io.write(table.concat(more, " "))]]
    local interpreter = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d.%d")
    local p = io.popen(("%s -e '%s'"):format(interpreter, script))
    local loaded = p and p:read("*a") or ""
    if p then p:close() end
    assert.equal("portone.api.names portone.api.v2.payment_billing_key", loaded)
  end)
end)

describe("rows", function()
  it("name types that exist, and fields of known kinds", function()
    local kinds = { string = true, integer = true, number = true, boolean = true,
      array = true, object = true, json = true }
    local seen = {}
    local function walk(version, field, where)
      assert.truthy(kinds[field.type], where .. ": " .. tostring(field.type))
      if type(field.enum) == "string" then
        assert.truthy(#api.type(version, field.enum).enum > 0, where)
      end
      if field.items then walk(version, field.items, where .. "[]") end
      if field.map then walk(version, field.map, where .. "{}") end
      for name, f in pairs(field.fields or {}) do walk(version, f, where .. "." .. name) end
      local key = field.ref and version .. field.ref
      if key and not seen[key] then
        seen[key] = true
        local t = api.type(version, field.ref)
        for name, f in pairs(t.fields or {}) do walk(version, f, field.ref .. "." .. name) end
        if t.map then walk(version, t.map, field.ref) end
        for _, ref in pairs(t.union or {}) do
          walk(version, { type = "object", ref = ref }, field.ref)
        end
        for _, shape in ipairs(t.shapes or {}) do
          walk(version, { type = "object", ref = shape.ref }, field.ref)
        end
      end
    end
    every(function(r)
      for _, place in ipairs(PLACES) do
        for name, f in pairs(r[place] or {}) do walk(r.api, f, r.name .. "." .. name) end
      end
      if r.result then walk(r.api, r.result, r.name) end
    end)
  end)

  it("never use a name twice: path, query and body share one table", function()
    every(function(r)
      local seen = {}
      for _, place in ipairs(PLACES) do
        for name in pairs(r[place] or {}) do
          assert.is_nil(seen[name], r.name .. "." .. name)
          seen[name] = true
        end
      end
    end)
  end)

  it("have a path field for each {name} of the path, and no other", function()
    every(function(r)
      local wanted = {}
      for name in r.path:gmatch("{([^}]+)}") do wanted[name] = true end
      for name in pairs(r.path_fields or {}) do
        assert.truthy(wanted[name], r.name)
        wanted[name] = nil
      end
      assert.is_nil(next(wanted), r.name)
    end)
  end)

  it("send the body of 24 operations in the query: 23 GETs and one DELETE", function()
    local get, delete = 0, 0
    every(function(r)
      if r.query_body then
        if r.method == "GET" then get = get + 1 else delete = delete + 1 end
      elseif r.method == "GET" then
        assert.is_nil(r.body, r.name)
      end
    end)
    assert.same({ 23, 1 }, { get, delete })
    assert.truthy(row("v2.payment.payment_schedule.revoke_payment_schedules").query_body)
  end)

  it("know the operations without authorization", function()
    local names = {}
    every(function(r) if r.noauth then names[#names + 1] = r.name end end)
    assert.same({
      "v1.users.get_token", "v2.auth.login_via_api_secret", "v2.auth.refresh_token",
      "v2.checkout_profile.evaluate_checkout_profile", "v2.common.get_bank_infos",
      "v2.payment_session.get_payment_session",
    }, names)
  end)

  it("mark 27 operations as unstable, two files, two empty answers of V2", function()
    local unstable, csv, empty = 0, {}, {}
    every(function(r)
      if r.unstable then unstable = unstable + 1 end
      if r.csv then csv[#csv + 1] = r.op end
      if r.empty and r.api == "v2" then empty[#empty + 1] = r.op end
    end)
    assert.equal(27, unstable)
    assert.same({ "download_b2b_tax_invoices_sheet", "download_platform_transfer_sheet" }, csv)
    assert.same({ "attach_b2b_tax_invoice_file", "delete_b2b_tax_invoice_attachment" }, empty)
  end)

  it("say how every list is paged", function()
    local count = {}
    every(function(r)
      local kind = r.paging
      if kind then count[kind] = (count[kind] or 0) + 1 end
      if kind == "next" then assert.equal("list", r.list, r.name) end
      if kind == "list" then assert.equal("array", r.result.type, r.name) end
      if kind and r.api == "v2" then
        local list = api.type("v2", r.result.ref).fields[r.list]
        assert.equal("array", list.type, r.name)
      end
    end)
    assert.same({ page = 16, cursor = 2, pageNumber = 1, next = 3, list = 3 }, count)
    assert.equal(60000, row("v2.payment.get_payments").page_window)
    assert.same({ from = "from", to = "to", days = 90, inclusive = true },
      row("v1.payments.by_status").window)
    assert.same({ from = "schedule_from", to = "schedule_to", months = 3 },
      row("v1.subscribe.schedules").window)
  end)

  it("know where a storeId goes", function()
    assert.equal("body", row("v2.payment.pay_with_billing_key").store)
    assert.equal("query", row("v2.payment.get_payment").store)
    assert.is_nil(row("v2.payment.get_payments").store)
    assert.is_nil(row("v1.payments.get").store)
  end)

  it("keep the errors of V2 with their statuses", function()
    local errors = row("v2.payment.pay_with_billing_key").errors
    assert.equal(409, errors.ALREADY_PAID)
    assert.equal(502, errors.PG_PROVIDER)
    local all = require "portone.api.v2.output.errors"
    local count = 0
    for type_, e in pairs(all) do
      count = count + 1
      assert.truthy(e.status >= 400, type_)
    end
    assert.equal(182, count)
    assert.truthy(all.PG_PROVIDER.fields.pgCode.required)
    every(function(r)
      for type_, status in pairs(r.errors or {}) do assert.equal(all[type_].status, status) end
    end)
  end)

  it("tell the members of a union by their tag", function()
    local payment = api.type("v2", "output.payment_states.Payment")
    assert.equal("status", payment.tag)
    assert.equal("PAID", api.type("v2", payment.union.PAID).fields.status.const)
    assert.truthy(payment.union.PAY_PENDING)
  end)
end)

describe("traps of V1", function()
  it("find works with and without its status segment", function()
    local r = row("v1.payments.find")
    assert.equal("/payments/find/{merchant_uid}/{payment_status}", r.path)
    assert.is_nil(r.path_fields.payment_status.required)
    assert.same({ "ready", "paid", "cancelled", "failed" }, r.path_fields.payment_status.enum)
    assert.is_true(row("v1.payments.by_status").path_fields.payment_status.required)
  end)

  it("schedule_status here, schedule-status there", function()
    assert.is_nil(row("v1.subscribe.schedules").query.schedule_status.wire)
    assert.equal("schedule-status", row("v1.customers.schedules").query.schedule_status.wire)
    assert.equal("schedule-status",
      row("v1.subscribe.schedules_by_customer").query.schedule_status.wire)
  end)

  it("channelGroupId here, channel_group_id there", function()
    assert.truthy(row("v1.subscribe.onetime").body.channelGroupId)
    assert.is_nil(row("v1.subscribe.onetime").body.channel_group_id)
    assert.truthy(row("v1.customers.issue").body.channel_group_id)
    assert.is_nil(row("v1.customers.issue").body.channelGroupId)
  end)

  it("pg_api_key travels in the query of a POST and of a DELETE", function()
    assert.truthy(row("v1.vbanks.issue").query.pg_api_key)
    assert.is_nil(row("v1.vbanks.issue").body.pg_api_key)
    assert.truthy(row("v1.vbanks.revoke").query.pg_api_key)
  end)

  it("arrays repeat their name with brackets", function()
    local f = row("v1.payments.list").query.imp_uid
    assert.equal("imp_uid[]", f.wire)
    assert.equal("multi", f.style)
    assert.equal("customer_uid[]", row("v1.customers.list").query.customer_uid.wire)
  end)

  it("extra[requester] is a field of extra", function()
    local f = row("v1.customers.delete").query.extra
    assert.equal("deep", f.style)
    assert.same({ "customer", "admin" }, f.fields.requester.enum)
  end)

  it("form data of a GET goes into the query", function()
    local r = row("v1.naver.reviews")
    assert.truthy(r.query.channel_key)
    assert.is_nil(r.body)
  end)

  it("bypass is JSON text", function()
    assert.equal("json", row("v1.subscribe.again").body.bypass.type)
    assert.equal("json", row("v1.certifications.otp_request").body.bypass.type)
    assert.equal("object", row("v2.payment.pay_with_billing_key").body.bypass.type)
  end)

  it("some take JSON only, some answer 207", function()
    assert.truthy(row("v1.kcpquick.pay_money").json_only)
    assert.is_nil(row("v1.payments.cancel").json_only)
    local partial = {}
    every(function(r) if r.partial then partial[#partial + 1] = r.name end end)
    assert.equal(13, #partial)
    assert.truthy(row("v1.payments.list").partial and row("v1.customers.list").partial)
  end)

  it("a billing key of several channels has another shape", function()
    local t = api.type("v1", row("v1.customers.get").result.ref)
    assert.equal("channelGroupId", t.shapes[1].has)
    assert.equal("output.Customer", t.shapes[2].ref)
  end)

  it("rules of PGs survive their misspellings", function()
    assert.truthy(row("v1.receipts.issue").body.buyer_tel.per_pg.welcome) -- "requiqred"
    assert.truthy(#row("v1.subscribe.retry").pgs > 20) -- "x-portone-supported_pgs"
    assert.equal(23, #row("v1.subscribe.reschedule").pgs)
  end)

  it("fields that only the list of required fields knows do not exist", function()
    assert.is_nil(api.type("v1", "output.PaymentPrepare").fields.total)
    assert.is_nil(api.type("v1", "output.SucceededChannel").fields.update)
    assert.truthy(api.type("v1", "output.SucceededChannel").fields.updated)
  end)
end)

describe("names", function()
  it("of V1 are unique though operationIds repeat", function()
    assert.equal("/payments/{imp_uid}/naver/ship", row("v1.naver.ship").path)
    assert.equal("/payments/{imp_uid}/naver/ship-exchanged", row("v1.naver.ship_exchanged").path)
    assert.equal("/subscribe/customers/{customer_uid}/schedules",
      row("v1.customers.schedules").path)
    assert.equal("/subscribe/payments/schedule/customers/{customer_uid}",
      row("v1.subscribe.schedules_by_customer").path)
  end)

  it("of V2 are those of the official Python SDK", function()
    for name, path in pairs {
      ["v2.payment.pay_with_billing_key"] = "POST /payments/{paymentId}/billing-key",
      ["v2.payment.payment_schedule.create_payment_schedule"] =
        "POST /payments/{paymentId}/schedule",
      ["v2.payment.cash_receipt.issue_cash_receipt"] = "POST /cash-receipts",
      ["v2.payment.promotion.get_promotion"] = "GET /promotions/{promotionId}",
      ["v2.b2b.tax_invoice.get_b2b_tax_invoice"] = "GET /b2b/tax-invoices/{taxInvoiceKey}",
      ["v2.platform.schedule_partner"] = "POST /platform/partners/{id}/schedule",
      ["v2.platform.bulk_payout.get_platform_bulk_payouts"] = "GET /platform/bulk-payouts",
      ["v2.pg_specific.get_kakaopay_payment_order"] = "GET /kakaopay/payment/order",
    } do
      local r = row(name)
      assert.equal(path, r.method .. " " .. r.path)
    end
  end)
end)

-- {====== Against the official files ======

local function same_names(wanted, fields, where)
  for name in pairs(fields) do assert.truthy(wanted[name] ~= nil, where .. " has " .. name) end
  for name, required in pairs(wanted) do
    local field = fields[name]
    assert.truthy(field, where .. " lacks " .. name)
    assert.equal(required, (field.required or field.advised) and true or false,
      where .. "." .. name .. " required")
  end
end

-- Field names on the wire to fields; extra[requester] as one.
local function by_wire(fields)
  local out = {}
  for name, f in pairs(fields or {}) do
    if f.style == "deep" then
      for inner, g in pairs(f.fields) do out[name .. "[" .. inner .. "]"] = g end
    else
      out[f.wire or name] = f
    end
  end
  return out
end

local spec_it = official.dir() and it or pending

describe("beside the official files", function()
  spec_it("every operation of V1 is there, with the same fields", function()
    local spec = official.read("v1")
    local operations = official.operations(spec)
    local types = { string = "string", integer = "integer", number = "number",
      boolean = "boolean", array = "array" }
    every(function(r)
      if r.api ~= "v1" then return end
      local o = assert(operations[r.method .. " " .. r.path], r.name)
      operations[r.method .. " " .. r.path] = nil
      local wanted = { path = {}, query = {}, formData = {} }
      local no_body = r.method == "GET" or r.method == "DELETE"
      for _, p in ipairs(o.parameters or {}) do
        local place = p["in"] == "formData" and no_body and "query" or p["in"]
        wanted[place][p.name] = p.required or false
        local all = { path = r.path_fields, query = by_wire(r.query), formData = r.body }
        local f = (all[place] or {})[p.name]
        assert.truthy(f, r.name .. "." .. p.name)
        if f.type ~= types[p.type] then -- the declared type is wrong, or an object's
          assert.truthy(f.type == "object" or f.type == "json" or f.single, r.name .. p.name)
        end
        if p.maxLength and f.type == "string" then
          assert.equal(tonumber(p.maxLength), f.max, r.name .. "." .. p.name)
        end
        if p.enum then assert.same(p.enum, f.enum) end
      end
      same_names(wanted.path, r.path_fields or {}, r.name)
      same_names(wanted.query, by_wire(r.query), r.name)
      same_names(wanted.formData, r.body or {}, r.name)
    end)
    assert.is_nil(next(operations))
  end)

  local function schema_names(spec, schema)
    local s = spec.components.schemas[schema["$ref"]:match("([^/]+)$")]
    local names = {}
    for name in pairs(s.properties or {}) do names[name] = false end
    for _, name in ipairs(s.required or {}) do names[name] = true end
    return names, s
  end

  spec_it("every operation of V2 is there, with the same fields", function()
    local spec = official.read("v2")
    local operations = official.operations(spec)
    every(function(r)
      if r.api ~= "v2" then return end
      local o = assert(operations[r.method .. " " .. r.path], r.name)
      operations[r.method .. " " .. r.path] = nil
      local wanted = { path = {}, query = {} }
      local body
      for _, p in ipairs(o.parameters or {}) do
        if p.content then body = p.content["application/json"].schema
        else wanted[p["in"]][p.name] = p.required or false end
      end
      if o.requestBody then body = o.requestBody.content["application/json"].schema end
      same_names(wanted.path, r.path_fields or {}, r.name)
      same_names(wanted.query, r.query or {}, r.name)
      same_names(body and schema_names(spec, body) or {}, r.body or {}, r.name)
      assert.equal(o["x-portone-unstable"] or false, r.unstable or false)
    end)
    assert.is_nil(next(operations))
  end)

  spec_it("every named type of V2 has the same fields and values", function()
    local spec = official.read("v2")
    local seen = {}
    local function walk(ref)
      if seen[ref] then return end
      seen[ref] = true
      local t = api.type("v2", ref)
      local s = spec.components.schemas[ref:match("([^.]+)$")]
      if t.enum then return assert.same(s.enum, t.enum) end
      if t.union then
        local count = 0
        for tag, member in pairs(t.union) do
          count = count + 1
          assert.equal(member:match("([^.]+)$"), s.discriminator.mapping[tag]:match("([^/]+)$"))
          walk(member)
        end
        return assert.equal(#s.oneOf, count)
      end
      local names = schema_names(spec, { ["$ref"] = "/" .. ref:match("([^.]+)$") })
      if ref:find("InstantBillingKeyPaymentMethodInput$") then names.card = true end -- a fact
      same_names(names, t.fields or {}, ref)
      for _, f in pairs(t.fields or {}) do
        local inner = f.items or f
        if inner.ref then walk(inner.ref) end
        if type(inner.enum) == "string" then walk(inner.enum) end
      end
    end
    every(function(r)
      if r.api ~= "v2" then return end
      for _, place in ipairs(PLACES) do
        for _, f in pairs(r[place] or {}) do
          if f.ref then walk(f.ref) end
          if type(f.enum) == "string" then walk(f.enum) end
        end
      end
      if r.result then walk(r.result.ref) end
    end)
  end)
end)

-- }====================
