-- Every rule of every PG, one by one: its paths exist, it is quiet when it is kept and when
-- its condition does not hold, and it speaks when it is broken.

local checkout = require "portone.checkout"
local rules = require "portone.checkout.rules"
local schema = require "portone.checkout.schema"

local NOW = 1700000000

local windows = {
  { "v1", "pay", schema.v1() }, { "v1", "key", schema.v1() },
  { "v2", "pay", schema.v2 "requestPayment" }, { "v2", "key", schema.v2 "requestIssueBillingKey" },
  { "v2", "key_and_pay", schema.v2 "requestIssueBillingKeyAndPay" },
  { "v2", "identity", schema.v2 "requestIdentityVerification" },
  { "v2", "load_pay", schema.v2 "loadPaymentUI" },
  { "v2", "load_key", schema.v2 "loadIssueBillingKeyUI" },
}

local function each_window(fn)
  for _, pg in ipairs(rules.names()) do
    local row = rules.of(pg)
    for _, w in ipairs(windows) do
      local window = row[w[1]] and row[w[1]][w[2]]
      if window then
        fn(pg, w[1], w[2], window, w[3])
      end
    end
  end
end

-- Does the schema have a field at the path? What lies in a free object may be anything.
local function exists(row, path)
  local fields = row.body
  for name, many in path:gmatch("([^.%[]+)(%[?%]?)") do
    local field = fields[name]
    if not field then
      return false, name
    end
    if many == "[]" then
      if field.type ~= "array" then
        return false, name .. " is no list"
      end
      field = field.items
    end
    if field.open or (field.type == "object" and not field.fields) then
      return true
    end
    fields = field.fields or {}
  end
  return true
end

local function paths_of(rule)
  local out = {}
  for path in pairs(rule.when or {}) do
    out[#out + 1] = path
  end
  if rule[1] == "check" then
    return out
  end
  for _, group in ipairs(type(rule[2]) == "table" and rule[2] or { rule[2] }) do
    for path in group:gmatch("[^+]+") do
      out[#out + 1] = path
    end
  end
  return out
end

describe("the rules of every PG", function()
  it("name fields that the schema has", function()
    each_window(function(pg, api, kind, window, row)
      for i, rule in ipairs(window) do
        for _, path in ipairs(paths_of(rule)) do
          local ok, name = exists(row, path)
          assert.is_true(ok, ("%s %s %s rule %d: %s (%s)"):format(pg, api, kind, i, path,
            tostring(name)))
        end
      end
    end)
  end)

  it("name formats and checks that are there", function()
    local formats = require "portone.checkout.formats"
    local checks = require "portone.checkout.checks"
    each_window(function(pg, _, _, window)
      for _, rule in ipairs(window) do
        if rule[1] == "like" then
          assert.is_table(formats[rule[3]], pg .. " " .. tostring(rule[3]))
        elseif rule[1] == "check" then
          assert.is_table(checks[rule[2]], pg .. " " .. tostring(rule[2]))
        end
      end
    end)
  end)

  it("name methods that the schema has", function()
    local fields = { pay = "payMethod", key = "billingKeyMethod",
                     key_and_pay = "billingKeyAndPayMethod" }
    each_window(function(pg, api, kind, window, row)
      for _, method in ipairs(api == "v2" and window.methods or {}) do
        local known = {}
        for _, value in ipairs(row.body[fields[kind]].enum) do known[value] = true end
        assert.is_true(known[method], pg .. " " .. method)
      end
    end)
  end)
end)

-- {====== One rule at a time ======

local function put(params, path, value)
  local at = params
  local names = {}
  for name in path:gmatch("[^.]+") do names[#names + 1] = name end
  for i, name in ipairs(names) do
    local list = name:match("^(.*)%[%]$")
    local key = list or name
    if i == #names then
      at[key] = list and { value } or value
      return
    end
    at[key] = at[key] or (list and { {} } or {})
    at = list and at[key][1] or at[key]
  end
end

-- Parameters under which the rule applies; nil when a condition contradicts the rule's path.
local function conditioned(rule)
  local params = {}
  for path, expected in pairs(rule.when or {}) do
    if expected == true then
      put(params, path, path:find("%.address$") and {} or path:find("scrow$") and true or "x")
    elseif type(expected) == "table" then
      if not expected.no then put(params, path, expected[1]) end
    elseif expected ~= false then
      put(params, path, expected)
    end
  end
  return params
end

local function said(rule, params)
  local state = { problems = {}, warnings = {}, now = NOW, device = rule.on }
  rules.apply({ rule }, params, state)
  return #state.problems, #state.warnings, state
end

local breakers = {
  of = function(rule, params) put(params, rule[2], "no such value") end,
  max = function(rule, params) put(params, rule[2], ("가"):rep(rule[3] + 1)) end,
  min = function(rule, params) put(params, rule[2], ("x"):rep(rule[3] - 1)) end,
  least = function(rule, params) put(params, rule[2], rule[3] - 1) end,
  most = function(rule, params) put(params, rule[2], rule[3] + 1) end,
  like = function(rule, params)
    local bad = { ascii = "한글", toss_id_page = "a=b", nice_name = "a+b", toss_sequence = "1001" }
    put(params, rule[2], bad[rule[3]] or "\\ ?,한")
  end,
}
local keepers = {
  of = function(rule, params) put(params, rule[2], rule[3][1]) end,
  max = function(rule, params) put(params, rule[2], ("x"):rep(rule[3])) end,
  min = function(rule, params) put(params, rule[2], ("x"):rep(rule[3])) end,
  least = function(rule, params) put(params, rule[2], rule[3]) end,
  most = function(rule, params) put(params, rule[2], rule[3]) end,
  like = function(rule, params)
    local good = {
      email = "a@b.kr", digits = "0123", alnum = "aB3", ascii = "a-b", e164 = "+821012345678",
      hhmm = "09:30", two_digits = "03", yyyymmdd = "20300131", day = "2030-01-31",
      due = "2030-01-31 12:00:00", due_plain = "20300131120000", due_minutes = "203001311200",
      local_time = "2023-11-15 07:15:00", katakana = "カタカナ", latin = "Shop Name",
      nice_name = "이름_1", toss_name = "이름", toss_id = "a_b-c", toss_id_page = "a_b",
      toss_customer = "a@b=c.d-e_f", token = "v2_a-b", toss_sequence = "d005f081-830a",
    }
    put(params, rule[2], assert(good[rule[3]], rule[3]))
  end,
}

local function first_path(rule)
  local group = type(rule[2]) == "table" and rule[2][1] or rule[2]
  return group:match("^[^+]+")
end

-- What breaks and what keeps the rules that are about presence.
function breakers.forbid(rule, params)
  local path = first_path(rule)
  if not (rule.when and rule.when[path] ~= nil) then put(params, path, "x") end
end
breakers.ignored = breakers.forbid
function breakers.need(rule, params)
  local list = first_path(rule):match("^(.-)%[%]")
  if list then put(params, list .. "[].something", 1) end
end
function keepers.need(rule, params)
  local group = type(rule[2]) == "table" and rule[2][1] or rule[2]
  for path in group:gmatch("[^+]+") do put(params, path, "x") end
end
function keepers.forbid(rule, params)
  local path = first_path(rule)
  if rule.when and rule.when[path] ~= nil then return false end
  assert(not rule.when or params)
end
keepers.ignored = keepers.forbid

describe("each rule", function()
  each_window(function(pg, api, kind, window)
    for i, rule in ipairs(window) do
      if rule[1] ~= "check" then
        it(("%s %s %s, rule %d: %s %s"):format(pg, api, kind, i, rule[1], first_path(rule)),
          function()
            local soft = rule.warn or rule[1] == "ignored"
            local broken = conditioned(rule)
            breakers[rule[1]](rule, broken)
            local problems, warnings = said(rule, broken)
            assert.is_true((soft and warnings or problems) > 0, "says nothing when broken")
            assert.equal(0, soft and problems or warnings)

            local kept = conditioned(rule)
            if keepers[rule[1]](rule, kept) ~= false then
              problems, warnings = said(rule, kept)
              assert.same({ 0, 0 }, { problems, warnings })
            end
            if rule.when and rule[1] ~= "need" then
              local elsewhere = {}
              breakers[rule[1]](rule, elsewhere)
              local always = true
              for _, expected in pairs(rule.when) do
                local open = type(expected) == "table" and expected.no or expected == false
                always = always and open
              end
              if not always then
                problems, warnings = said(rule, elsewhere)
                assert.same({ 0, 0 }, { problems, warnings })
              end
            end
          end)
      end
    end
  end)

  it("is a warning when the device is not known, and nothing on the other one", function()
    local rule = { "need", "redirectUrl", on = "mobile" }
    local function counts(device)
      local state = { problems = {}, warnings = {}, now = NOW, device = device }
      rules.apply({ rule }, {}, state)
      return { #state.problems, #state.warnings }
    end
    assert.same({ 1, 0 }, counts "mobile")
    assert.same({ 0, 1 }, counts(nil))
    assert.same({ 0, 0 }, counts "pc")
  end)
end)

describe("lengths", function()
  local function fits(rule, value)
    return said(rule, { a = value }) == 0
  end

  it("count characters, bytes, or bytes of EUC-KR", function()
    assert.is_true(fits({ "max", "a", 3 }, "가나다"))
    assert.is_false(fits({ "max", "a", 3 }, "가나다라"))
    assert.is_true(fits({ "max", "a", 9, "bytes" }, "가나다"))
    assert.is_false(fits({ "max", "a", 8, "bytes" }, "가나다"))
    assert.is_true(fits({ "max", "a", 7, "EUC-KR bytes" }, "가나다a"))
    assert.is_false(fits({ "max", "a", 6, "EUC-KR bytes" }, "가나다a"))
    assert.is_true(fits({ "max", "a", 2 }, "😀a"))
  end)
end)

describe("checkout.rules", function()
  it("prints every PG", function()
    for _, pg in ipairs(rules.names()) do
      local text = checkout.rules(pg)
      assert.truthy(text:find("^" .. pg .. ": "))
      assert.is_nil(text:find("table:", 1, true), pg)
      assert.truthy(text:find("methods: ", 1, true), pg)
    end
    assert.truthy(checkout.rules():find("tosspay_v2\n", 1, true))
    assert.truthy(checkout.rules("TOSSPAY_V2"):find("customer_id has at most 50 characters"))
  end)

  it("raises for a PG there is not, with a hint", function()
    local ok, message = pcall(checkout.rules, "tosspayv2")
    assert.is_false(ok)
    assert.truthy(message:find("did you mean 'tosspay_v2'", 1, true))
  end)
end)
