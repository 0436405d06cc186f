-- Spans of time that are longer than one request may ask for: no item twice, none lost.

local json = require "portone.json"
local pages = require "spec.support.pages"

local DAY = 86400
local v1, serve, walk = pages.v1, pages.serve, pages.walk

-- Payments at given times, asked for by windows that the server refuses when too long.
local function history(times, field, longest, inclusive, newest_first)
  local function order(a, b)
    if newest_first then return a > b end
    return a < b
  end
  return serve(function(request)
    local query = request.query
    local from = tonumber(query[field.from])
    local to = tonumber(query[field.to] or "5000000000")
    request.from, request.to = from, tonumber(query[field.to] or "")
    if field.longest ~= false and request.to and to - from > longest then
      return { 400, '{"code":-1,"message":"too long","response":null}' }
    end
    local found = {}
    for _, time in ipairs(times) do
      if time >= from and (time < to or inclusive and time == to) then
        found[#found + 1] = time
      end
    end
    table.sort(found, order)
    local page, size = tonumber(query.page), tonumber(query.limit or "20")
    local list = {}
    for i = (page - 1) * size + 1, math.min(page * size, #found) do
      list[#list + 1] = { at = found[i] }
    end
    list = json.array(list)
    if field.paged then
      return v1 { total = #found, previous = 0, next = page * size < #found and page + 1 or 0,
        list = list }
    end
    return v1(list)
  end)
end

local function times_of(items)
  local out = {}
  for i, item in ipairs(items) do out[i] = item.at end
  return out
end

local function ascending(list)
  local out = {}
  for i, x in ipairs(list) do out[i] = x end
  table.sort(out)
  return out
end

describe("ninety days, both ends included,", function()
  local NAME = "v1.payments.by_status"
  local FIELD = { from = "from", to = "to", paged = true }
  local FROM = 1700000000

  local function list(times, args, sorting)
    local client, asked = history(times, FIELD, 90 * DAY, true, sorting == nil)
    args.payment_status, args.sorting = "paid", sorting
    return times_of(walk(client.each(NAME, args))), asked
  end

  it("are one request as they are", function()
    local times = { FROM, FROM + 90 * DAY }
    local got, asked = list(times, { from = FROM, to = FROM + 90 * DAY })
    assert.same({ FROM + 90 * DAY, FROM }, got)
    assert.equal(1, #asked)
    assert.same({ FROM, FROM + 90 * DAY }, { asked[1].from, asked[1].to })
  end)

  it("and a second are two, and the second is in it", function()
    local to = FROM + 90 * DAY + 1
    local got, asked = list({ FROM, to - 1, to }, { from = FROM, to = to })
    assert.same({ to, to - 1, FROM }, got)
    assert.equal(2, #asked)
  end)

  it("many times over lose nothing and show nothing twice", function()
    for _, length in ipairs { 90 * DAY + 2, 91 * DAY, 180 * DAY, 180 * DAY + 1, 180 * DAY + 2,
      365 * DAY, 3 * 365 * DAY + 7 } do
      local to, times = FROM + length, { FROM, FROM + length }
      for i = 1, 40 do -- around every border there could be
        for _, near in ipairs { -2, -1, 0, 1, 2 } do
          local time = FROM + math.floor(i / 2) * 90 * DAY + near + (i % 2) * math.floor(i / 2)
          if time > FROM and time < to then times[#times + 1] = time end
        end
      end
      local known, unique = {}, {}
      for _, time in ipairs(times) do
        if not known[time] then unique[#unique + 1] = time end
        known[time] = true
      end
      local oldest = list(unique, { from = FROM, to = to, limit = 3 }, "started")
      assert.same(ascending(unique), oldest)
      local newest = list(unique, { from = FROM, to = to, limit = 3 })
      for i = 1, #unique do assert.equal(oldest[i], newest[#unique + 1 - i]) end
    end
  end)

  it("are cut so that parts meet and do not overlap", function()
    local _, asked = list({}, { from = FROM, to = FROM + 200 * DAY }, "started")
    assert.equal(3, #asked)
    assert.equal(FROM, asked[1].from)
    assert.equal(FROM + 200 * DAY, asked[3].to)
    for i = 2, 3 do assert.equal(asked[i - 1].to + 1, asked[i].from) end
    for i = 1, 3 do assert.is_true(asked[i].to - asked[i].from <= 90 * DAY) end
  end)

  it("go from the newest back unless sorted from the oldest on", function()
    for _, sorting in ipairs { "-started", "-paid", "-updated" } do
      local _, asked = list({}, { from = FROM, to = FROM + 100 * DAY }, sorting)
      assert.is_true(asked[1].from > asked[2].from, sorting)
    end
    for _, sorting in ipairs { "started", "paid", "updated" } do
      local _, asked = list({}, { from = FROM, to = FROM + 100 * DAY }, sorting)
      assert.is_true(asked[1].from < asked[2].from, sorting)
    end
  end)

  it("without an end go up to the present, which is the server's to know", function()
    local now = os.time()
    local _, asked = list({ now - 300 * DAY, now + 5 }, { from = now - 300 * DAY })
    assert.equal(4, #asked)
    assert.is_nil(asked[1].to) -- the newest part comes first
    assert.equal(now - 300 * DAY, asked[4].from)
    local got = list({ now - 300 * DAY, now + 5 }, { from = now - 300 * DAY }, "started")
    assert.same({ now - 300 * DAY, now + 5 }, got)
  end)

  it("are the API's own where no beginning is given", function()
    local client, asked = serve(function()
      return v1 { total = 0, previous = 0, next = 0, list = json.array {} }
    end)
    walk(client.each(NAME, { payment_status = "paid", to = FROM }))
    walk(client.each(NAME, { payment_status = "paid" }))
    assert.equal(2, #asked)
    assert.is_nil(asked[1].query.from)
  end)

  it("are not cut out of what is no time: the check says what is wrong", function()
    local client, asked = serve(function() return v1 {} end)
    for _, wrong in ipairs { { from = "yesterday", to = FROM }, { from = -1e300, to = 1e300 },
      { from = 0, to = 0 / 0 }, { from = 0.5, to = FROM }, { from = 0, to = 1e15 } } do
      wrong.payment_status = "paid"
      local ok, err = pcall(client.each(NAME, wrong))
      assert.is_false(ok)
      assert.equal("invalid_request", err.kind)
    end
    assert.equal(0, #asked)
  end)
end)

describe("three months, the end left out,", function()
  local FROM = 1701388800 -- 2023-12-01, before the shortest three months of a leap year

  for name, field in pairs {
    ["v1.subscribe.schedules"] = { from = "schedule_from", to = "schedule_to" },
    ["v1.subscribe.schedules_by_customer"] = { from = "from", to = "to" },
    ["v1.customers.schedules"] = { from = "from", to = "to" },
  } do
    it("are cut for " .. name, function()
      local to = FROM + 400 * DAY
      local times = { FROM, to - 1 }
      for day = 1, 399 do times[#times + 1] = FROM + day * DAY end
      local client, asked = history(times, field, 89 * DAY, false, true)
      local args = { [field.from] = FROM, [field.to] = to }
      if field.from == "from" then args.customer_uid = "u" end
      times[#times + 1] = to -- belongs to the next span
      local got = times_of(walk(client.each(name, args)))
      times[#times] = nil
      assert.same(ascending(times), ascending(got))
      for i = 2, #got do assert.is_true(got[i - 1] > got[i]) end
      for _, request in ipairs(asked) do
        assert.is_true(request.to - request.from <= 89 * DAY)
      end
    end)
  end

  it("go from the oldest on when asked to", function()
    local client, asked = history({}, { from = "schedule_from", to = "schedule_to" }, 89 * DAY)
    walk(client.each("v1.subscribe.schedules", { schedule_from = FROM,
      schedule_to = FROM + 100 * DAY, sorting = "scheduled" }))
    assert.equal(2, #asked)
    assert.equal(FROM, asked[1].from)
    assert.equal(asked[1].to, asked[2].from)
  end)
end)
