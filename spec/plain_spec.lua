-- The plain call: what the walk in C lets through is what check and build agree to, in the same
-- bytes; whatever it does not let through goes their way.

local api = require "portone.api"
local build = require "portone.build"
local check = require "portone.check"
local json = require "portone.json"
local plain = require "portone.plain"
local sample = require "portone.check.sample"

local STORE = "store-12345678"

local function row_of(name)
  return assert(api.named(name), name)
end

-- What each way makes of it; the long one only where nothing is said against it.
local function both(row, args, store)
  local path, body = plain.request(row, args, store)
  local problems, warnings = check.args(row, args)
  local request = not problems and build.request(row, args, store)
  return path, body, request, problems or warnings
end

-- true when it was plain. Members of an object have no order.
local function agree(row, args, store)
  local path, body, request, said = both(row, args, store)
  if not path then
    return false
  end
  local where = row.name .. " " .. tostring(json.encode(args))
  assert.is_nil(said, where)
  assert.is_table(request, where)
  assert.equal(request.path, path, where)
  assert.equal(request.body == nil, body == nil, where)
  if body then
    assert.same(json.decode(request.body), json.decode(body), where)
  end
  return true
end

local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local out = {}
  for k, v in pairs(value) do
    out[k] = copy(v)
  end
  return out
end

-- Values that are right in few places and almost right in many.
local odd = {
  "", "x", ".", "..", "a/b", "한글", ("가"):rep(40), ("x"):rep(41), ("y"):rep(3000), "\255", "a\0b",
  "a\nb", "KRW", "USD", "XXX", "2030-01-01", 0, 1, -1, 1.5, 3000.0, 2 ^ 31 - 1, 2 ^ 31, 2 ^ 53,
  1e300, 1 / 0, 0 / 0, true, false, json.null, print, {}, json.array {}, json.array { "x" },
  { "x" }, { x = 1 }, { 1, 2, nil, 4 }, { [0] = 1 }, { 1, x = 1 }, setmetatable({}, {}),
  setmetatable({ total = 1 }, {}), { { { 1 } } },
}

-- Every table in a value, with itself.
local function tables(value, out)
  out[#out + 1] = value
  for _, v in pairs(value) do
    if type(v) == "table" then
      tables(v, out)
    end
  end
  return out
end

describe("a plain call", function()
  local seed = 20240425
  local function random(n)  -- the same on every Lua
    seed = (seed * 16807) % 2147483647
    return seed % n + 1
  end

  local function pick(t)
    local names = {}
    for k in pairs(t) do
      names[#names + 1] = tostring(k)
    end
    table.sort(names)
    local name = names[1] and names[random(#names)]
    return tonumber(name) or name
  end

  it("is most of what operations take at least", function()
    local some, all = 0, 0
    for row in api.all() do
      local args = sample.object(row.api, check.arguments(row))
      all = all + 1
      some = some + (agree(row, args) and 1 or 0)
    end
    assert.is_true(some > all * 0.6, some .. " of " .. all)
  end)

  it("is the money's usual way", function()
    local customer = { id = "user-42", name = { full = "홍길동" }, email = "user@example.com" }
    assert.is_true(agree(row_of "v2.payment.pay_with_billing_key", { paymentId = "order 1/2",
      billingKey = "k", orderName = "pass", customer = customer, currency = "KRW",
      amount = { total = 3000, taxFree = 0 }, products = { { id = "1", name = "n", amount = 1,
      quantity = 1 } } }, STORE))
    assert.is_true(agree(row_of "v1.subscribe.again", { customer_uid = "u", merchant_uid = "m",
      amount = 3000, name = "n" }))
    assert.is_true(agree(row_of "v1.subscribe.schedule", { customer_uid = "u", schedules = {
      { merchant_uid = "a", schedule_at = 1900000000, amount = 3000, name = "n", currency = "KRW" },
    } }))
    assert.is_true(agree(row_of "v2.payment.get_payment", { paymentId = "order-1001" }))
    assert.is_true(agree(row_of "v2.payment.cancel_payment", { paymentId = "o", reason = "r" }))
    assert.is_true(agree(row_of "v1.payments.cancel", { imp_uid = "imp_1", amount = 100 }))
  end)

  it("agrees with check and build on everything it lets through", function()
    local plains, tries = 0, 0
    for row in api.all() do
      local spec = check.arguments(row)
      for _, full in ipairs { false, true } do
        local right = sample.object(row.api, spec, full)
        agree(row, right, STORE)
        for _ = 1, 40 do
          local args = copy(right)
          local all = tables(args, {})
          local at = all[random(#all)]
          local name = pick(at)
          local kind = random(4)
          if kind == 1 then
            at["unknown" .. random(3)] = "x"
          elseif kind == 2 and name then
            at[name] = nil
          elseif name then
            at[name] = odd[random(#odd)]
          end
          tries = tries + 1
          plains = plains + (agree(row, args, random(2) == 1 and STORE or nil) and 1 or 0)
        end
      end
    end
    assert.is_true(plains > tries / 20, plains .. " of " .. tries)
  end)

  it("writes no further than its room, however much of a text is escaped", function()
    local cancel, plains = row_of "v2.payment.cancel_payment", 0
    for n = 660, 700 do  -- around a sixth of the room: the sanitizer tells
      plains = plains + (agree(cancel, { paymentId = "o", reason = ("\1"):rep(n) }) and 1 or 0)
    end
    assert.is_true(plains > 0 and plains < 41)
  end)

  it("leaves the arguments as they are", function()
    local args = { paymentId = "o", billingKey = "k", orderName = "n", currency = "KRW",
      amount = { total = 1 } }
    local before = copy(args)
    assert.is_string(plain.request(row_of "v2.payment.pay_with_billing_key", args, STORE))
    assert.same(before, args)
  end)

  it("is not one that would need a word", function()
    local pay = row_of "v2.payment.pay_with_billing_key"
    local function args(more)
      local out = { paymentId = "o", billingKey = "k", orderName = "n", currency = "KRW",
        amount = { total = 1 } }
      for k, v in pairs(more) do
        out[k] = v
      end
      return out
    end
    assert.is_string(plain.request(pay, args {}))
    assert.is_nil(plain.request(pay, args { orderName = 1 }))
    assert.is_nil(plain.request(pay, args { amount = { total = "1" } }))
    assert.is_nil(plain.request(pay, args { amount = { total = 1.5 } }))
    assert.is_nil(plain.request(pay, args { amount = {} }))
    assert.is_nil(plain.request(pay, args { currency = "KRX" }))
    assert.is_nil(plain.request(pay, args { orderNane = "n" }))
    assert.is_nil(plain.request(pay, args { paymentId = ".." }))
    assert.is_nil(plain.request(pay, args { customer = { name = { full = "a",
      separated = { first = "a", last = "b" } } } }))
    local again = row_of "v1.subscribe.again"
    assert.is_nil(plain.request(again, { customer_uid = "u", merchant_uid = "m", amount = 1 }),
      "a name is advised")
    assert.is_nil(plain.request(again, { customer_uid = ("u"):rep(81), merchant_uid = "m",
      amount = 1, name = "n" }))
  end)
end)
