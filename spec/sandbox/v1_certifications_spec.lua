local s = require "spec.sandbox.v1_support"

local function request(world, extra)
  local body = { name = "홍길동", phone = "010-1234-5678", birth = "90.01.02", gender_digit = "1",
    carrier = "SKT", channel_key = "channel-key-danal", merchant_uid = "c1" }
  for key, value in pairs(extra or {}) do body[key] = value end
  return s.call(world, "v1.certifications.otp_request", { body = body })
end

local function on(imp_uid, otp)
  return { path = { imp_uid = imp_uid }, body = { otp = otp } }
end

describe("an identity verification", function()
  it("shows nothing of the person before it is confirmed", function()
    local world = s.world()
    local uid = request(world).imp_uid
    local before = s.ok(world, "v1.certifications.get", on(uid))
    assert.is_false(before.certified)
    assert.equals(s.null, before.name)
    assert.equals(s.null, before.unique_key)
    assert.equals(0, before.certified_at)
    assert.equals(s.null, before.foreigner_v2)
  end)

  it("is confirmed with the one-time password, once", function()
    local world = s.world()
    local uid = request(world).imp_uid
    s.refused(world, "v1.certifications.otp_confirm", on(uid, "000000"), 400)
    s.refused(world, "v1.certifications.otp_confirm", on(uid), 400)
    s.refused(world, "v1.certifications.otp_confirm", on("imp_x", "123456"), 404)
    world:advance(5)
    local c = s.ok(world, "v1.certifications.otp_confirm", on(uid, "123456"))
    assert.is_true(c.certified)
    assert.equals(s.START + 5, c.certified_at)
    assert.equals("홍길동", c.name)
    assert.equals("male", c.gender)
    assert.equals("1990-01-02", c.birthday)
    assert.equals("01012345678", c.phone)
    assert.equals("SKT", c.carrier)
    assert.is_false(c.foreigner)
    assert.is_false(c.foreigner_v2)
    assert.equals(88, #c.unique_key)
    assert.equals(64, #c.unique_in_site)
    assert.equals("c1", c.merchant_uid)
    assert.same(c, s.ok(world, "v1.certifications.get", on(uid)))
    s.refused(world, "v1.certifications.otp_confirm", on(uid, "123456"), 400)
  end)

  it("takes the password of the setting, and none from an app", function()
    local world = s.world { v1_otp = "777777" }
    s.ok(world, "v1.certifications.otp_confirm", on(request(world).imp_uid, "777777"))
    local uid = request(world, { channel_key = "channel-key-kcp_v2",
      verification_method = "APP" }).imp_uid
    assert.equals("kcp_v2", s.ok(world, "v1.certifications.otp_confirm", on(uid)).pg_provider)
  end)

  it("reads sex, century and nationality from the digit", function()
    local world = s.world()
    for digit, expected in pairs { ["2"] = { "female", "1990", false },
      ["3"] = { "male", "2090", false }, ["5"] = { "male", "1990", true },
      ["8"] = { "female", "2090", true } } do
      local uid = request(world, { gender_digit = digit, is_mvno = true }).imp_uid
      local c = s.ok(world, "v1.certifications.otp_confirm", on(uid, "123456"))
      assert.same(expected, { c.gender, c.birthday:sub(1, 4), c.foreigner })
      assert.equals("SKT_MVNO", c.carrier)
    end
  end)

  it("knows a person again, by one key everywhere and another for each site", function()
    local world = s.world()
    local function keys(extra)
      local uid = request(world, extra).imp_uid
      local c = s.ok(world, "v1.certifications.otp_confirm", on(uid, "123456"))
      return c.unique_key, c.unique_in_site
    end
    local key, site = keys()
    local again, again_site = keys()
    assert.equals(key, again)
    assert.equals(site, again_site)
    again, again_site = keys { channel_key = "channel-key-kcp_v2" }
    assert.equals(key, again)
    assert.not_equals(site, again_site)
    assert.not_equals(key, (keys { name = "김포트" }))
  end)

  it("is refused for a person that cannot be", function()
    local world = s.world()
    for _, bad in ipairs { { birth = "901302" }, { birth = "9001" }, { birth = "900132" },
      { gender_digit = "9" }, { phone = "02-123" }, { channel_key = "channel-key-kcp" } } do
      local _, code, _, status = request(world, bad)
      assert.is_true(code ~= 0)
      assert.equals(400, status)
    end
    assert.is_nil(next(world.v1.certifications))
  end)

  it("is deleted", function()
    local world = s.world()
    local uid = request(world).imp_uid
    assert.equals(uid, s.ok(world, "v1.certifications.delete", on(uid)).imp_uid)
    s.refused(world, "v1.certifications.delete", on(uid), 404)
    s.refused(world, "v1.certifications.get", on(uid), 404)
  end)
end)
