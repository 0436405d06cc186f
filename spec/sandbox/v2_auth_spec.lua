-- SPDX-License-Identifier: MIT
local t = require "spec.sandbox.v2_support"

describe("V2 authorization", function()
  local world
  before_each(function() world = t.world() end)

  local function authorize(header, name)
    local req = t.request(world, name or "v2.payment.get_payments", nil,
      { authorization = header })
    local status, body = t.books.authorize(world, req)
    if status then t.schema.answer(req.row, status, body) end
    return status, body
  end

  local function login()
    return t.ok(world, "v2.auth.login_via_api_secret", { body = { apiSecret = "secret" } })
  end

  local function refresh(token)
    return t.call(world, "v2.auth.refresh_token", { body = { refreshToken = token } })
  end

  it("takes the API secret under the PortOne scheme", function()
    assert.is_nil(authorize "PortOne secret")
    assert.is_nil(authorize "portone secret")
  end)

  it("answers 401 to anything else", function()
    for _, header in ipairs { "", "PortOne", "PortOne wrong", "secret", "Bearer secret",
      "Basic secret", "PortOne secret2" } do
      local status, body = authorize(header)
      assert.equals(401, status, header)
      assert.equals("UNAUTHORIZED", body.type)
    end
    assert.equals(401, (authorize(nil)))
  end)

  it("lets operations without authorization through", function()
    for _, name in ipairs { "v2.auth.login_via_api_secret", "v2.auth.refresh_token",
      "v2.common.get_bank_infos", "v2.checkout_profile.evaluate_checkout_profile",
      "v2.payment_session.get_payment_session" } do
      assert.is_nil(authorize(nil, name), name)
    end
  end)

  it("gives access tokens that live 30 minutes", function()
    local token = login().accessToken
    assert.is_nil(authorize("Bearer " .. token))
    t.advance(world, 30 * 60 - 1)
    assert.is_nil(authorize("Bearer " .. token))
    t.advance(world, 1)
    assert.equals(401, (authorize("Bearer " .. token)))
  end)

  it("refuses to log in with another secret", function()
    t.refused(world, "UNAUTHORIZED", "v2.auth.login_via_api_secret",
      { body = { apiSecret = "pg-secret" } })
  end)

  it("ends the refresh token before with each new pair, at once", function()
    local first = login()
    local second = login()
    assert.equals(401, (refresh(first.refreshToken)))
    local status, third = refresh(second.refreshToken)
    assert.equals(200, status)
    assert.equals(401, (refresh(second.refreshToken)))
    assert.equals(200, (refresh(third.refreshToken)))
    assert.is_nil(authorize("Bearer " .. first.accessToken))
  end)

  it("keeps a refresh token for a day", function()
    local pair = login()
    t.advance(world, t.DAY - 1)
    assert.equals(200, (refresh(pair.refreshToken)))
    pair = login()
    t.advance(world, t.DAY)
    assert.equals(401, (refresh(pair.refreshToken)))
  end)
end)

describe("V2 stores", function()
  local GET = "v2.payment.get_payments"

  it("refuses a storeId that is not the secret's", function()
    local world = t.world()
    t.refused(world, "FORBIDDEN", GET, { body = { filter = { storeId = "store-2" } } })
    t.ok(world, GET, { body = { filter = { storeId = "store-1" } } })
    t.refused(world, "FORBIDDEN", "v2.payment.get_payment",
      { path = { paymentId = "p" }, query = { storeId = "store-2" } })
  end)

  it("keeps the books of accepted stores apart", function()
    local world = t.world { v2_unknown_store = "accept" }
    local key = t.issue(world, nil, { storeId = "store-2" })
    t.pay(world, "p", key, 1000, { storeId = "store-2" })
    t.pay_refused(world, "BILLING_KEY_NOT_FOUND", "p", key, 1000)
    t.refused(world, "PAYMENT_NOT_FOUND", "v2.payment.get_payment", { path = { paymentId = "p" } })
    assert.equals("store-2", t.ok(world, "v2.payment.get_payment",
      { path = { paymentId = "p" }, query = { storeId = "store-2" } }).storeId)
  end)
end)

describe("the V2 books", function()
  it("have a row for every handler", function()
    local api = require "portone.api"
    for name in pairs(t.books.handlers) do
      local group, op = name:match("^v2%.(.+)%.([%w_]+)$")
      assert.is_truthy(api.find("v2", group, op), name)
    end
  end)

  it("refuse only with types that the operation documents", function()
    local world = t.world()
    local status, body = t.books.invalid(world, {}, { { path = "amount.total", problem = "no" },
      { path = "", problem = "odd" } })
    assert.equals(400, status)
    assert.same({ type = "INVALID_REQUEST", message = "amount.total: no; odd" }, body)
    status, body = t.books.not_found(world, {})
    assert.equals(404, status)
    assert.is_string(body.type)
  end)

  it("let a defect of their own surface", function()
    local answer = require "portone.sandbox.v2.answer"
    assert.has_error(function() answer.guard(function() error("defect", 0) end)() end, "defect")
    assert.has_error(function() answer.refuse("NO_SUCH_TYPE", "") end)
    assert.has_error(function() answer.try(error, "defect", 0) end, "defect")
  end)

  it("know every named setting, and no other", function()
    local settings = require "portone.sandbox.v2.settings"
    local world = t.world()
    for name, row in pairs(settings.list) do
      assert.equals(row[1], settings.get(world, name))
      assert.equals(row[1], t.books.settings[name])
      assert.is_string(row[3])
    end
    assert.has_error(function() settings.get(world, "no_such_setting") end)
  end)
end)
