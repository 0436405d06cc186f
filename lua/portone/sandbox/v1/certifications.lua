-- SPDX-License-Identifier: MIT
-- Identity verification: requested with a person's data, confirmed with a one-time password.

local answer = require "portone.sandbox.v1.answer"
local channels = require "portone.sandbox.v1.channels"
local settings = require "portone.sandbox.v1.settings"
local state = require "portone.sandbox.v1.state"
local values = require "portone.sandbox.v1.values"

local M = { handlers = {} }

local FIELDS = { "merchant_uid", "pg_tid", "name", "gender", "birthday", "phone", "carrier",
  "unique_key", "unique_in_site", "origin" }

-- Before it is confirmed a verification shows nothing of the person.
local function show(certification)
  local out = { imp_uid = certification.imp_uid, pg_provider = certification.pg_provider,
    certified = certification.certified, certified_at = certification.certified_at or 0,
    foreigner = certification.certified and certification.is_foreigner or false,
    foreigner_v2 = values.null }
  if certification.certified then out.foreigner_v2 = certification.is_foreigner end
  for _, field in ipairs(FIELDS) do
    local value = certification[field]
    if not certification.certified and field ~= "merchant_uid" then value = nil end
    if value == nil then value = values.null end
    out[field] = value
  end
  return out
end

local function digits(text)
  return (tostring(text or ""):gsub("%D", ""))
end

-- The digit after a resident number's dash tells sex, century and nationality.
local function birthday(birth, gender_digit)
  local year, month, day = birth:match("^(%d%d)(%d%d)(%d%d)$")
  if not year or tonumber(month) < 1 or tonumber(month) > 12 then return nil end
  if tonumber(day) < 1 or tonumber(day) > 31 then return nil end
  local century = ("3478"):find(gender_digit, 1, true) and "20" or "19"
  return century .. year .. "-" .. month .. "-" .. day
end

-- One person keeps one key, whichever channel asks; the site's own differs by channel.
local function keys_of(world, person, channel)
  local people = world.v1.people
  local site = person .. " " .. channel.key
  people[person] = people[person] or world:hex(86) .. "=="
  people[site] = people[site] or world:hex(64)
  return people[person], people[site]
end

M.handlers["v1.certifications.otp_request"] = function(world, req)
  local body = req.body
  local channel, problem = channels.resolve(world, req)
  if not channel then return answer.fail(world, 400, problem) end
  local digit, phone = tostring(body.gender_digit), digits(body.phone)
  local born = digit:find("^[1-8]$") and birthday(digits(body.birth), digit)
  if not born then
    return answer.fail(world, 400, "생년월일 또는 주민등록번호 뒷자리의 첫 숫자가 올바르지 않습니다.")
  end
  if #phone < 10 or #phone > 11 then
    return answer.fail(world, 400, "휴대폰 번호가 올바르지 않습니다.")
  end
  local imp_uid = state.new_imp_uid(world)
  local mvno = body.is_mvno and "_MVNO" or ""
  local key, site_key = keys_of(world, body.name .. born .. phone, channel)
  world.v1.certifications[imp_uid] = { imp_uid = imp_uid, certified = false,
    merchant_uid = body.merchant_uid, pg_provider = channel.pg, name = body.name, phone = phone,
    birthday = born, gender = tonumber(digit) % 2 == 1 and "male" or "female",
    is_foreigner = tonumber(digit) >= 5, carrier = body.carrier .. mvno, unique_key = key,
    unique_in_site = site_key, pg_tid = channel.pg .. "_" .. world:hex(20),
    app = body.verification_method == "APP" }
  return answer.ok { imp_uid = imp_uid }
end

--- A window opens: a verification that waits for what its person enters there.
---@param world table
---@param channel table
---@param params table as for `IMP.certification`
---@return table certification
function M.open_window(world, channel, params)
  local imp_uid = state.new_imp_uid(world)
  local certification = { imp_uid = imp_uid, certified = false, channel = channel,
    merchant_uid = params.merchant_uid, pg_provider = channel.pg, min_age = params.min_age,
    pg_tid = channel.pg .. "_" .. world:hex(20), origin = params.company, app = true }
  world.v1.certifications[imp_uid] = certification
  return certification
end

local OPERATORS = { SKT = "SKT", KT = "KTF", LGU = "LGT" }

local function age_on(born, now)
  local year, rest = born:match("^(%d+)%-(.*)$")
  local today = os.date("!%Y-%m-%d", now + 9 * 3600)
  return tonumber(today:sub(1, 4)) - tonumber(year) - (today:sub(6) < rest and 1 or 0)
end

--- The person of a window has proved who they are.
---@param world table
---@param certification table from open_window
---@param given table { name, phone, number: first seven digits, operator: of V2 }
---@return string? problem "bad_name" | "bad_phone" | "bad_number" | "too_young"
function M.verify(world, certification, given)
  local number, phone = digits(given.number), digits(given.phone)
  local digit = number:sub(7)
  local born = digit:find("^[1-8]$") and birthday(number:sub(1, 6), digit)
  if not tostring(given.name or ""):find("%S") then return "bad_name" end
  if #phone < 10 or #phone > 11 then return "bad_phone" end
  if not born then return "bad_number" end
  if certification.min_age and age_on(born, world:now()) < certification.min_age then
    return "too_young"
  end
  local operator, mvno = tostring(given.operator or "SKT"):match("^(%u+)(.*)$")
  local key, site_key = keys_of(world, given.name .. born .. phone, certification.channel)
  certification.name, certification.phone, certification.birthday = given.name, phone, born
  certification.gender = tonumber(digit) % 2 == 1 and "male" or "female"
  certification.is_foreigner = tonumber(digit) >= 5
  certification.carrier = (OPERATORS[operator] or "SKT") .. mvno
  certification.unique_key, certification.unique_in_site = key, site_key
  certification.certified, certification.certified_at = true, world:now()
end

local function find(world, req)
  local uid = req.path.imp_uid
  local certification = world.v1.certifications[uid]
  if certification then return certification end
  return nil, { answer.fail(world, 404, "본인인증 요청이 없습니다: " .. uid) }
end

-- An app needs no password.
M.handlers["v1.certifications.otp_confirm"] = function(world, req)
  local certification, refusal = find(world, req)
  if not certification then return refusal[1], refusal[2] end
  local otp = req.body.otp
  if certification.certified then
    return answer.fail(world, 400, "이미 완료된 본인인증입니다.")
  end
  if not certification.app and tostring(otp or "") ~= settings.get(world, "v1_otp") then
    return answer.fail(world, 400, "인증번호가 없거나 올바르지 않습니다.")
  end
  certification.certified, certification.certified_at = true, world:now()
  return answer.ok(show(certification))
end

M.handlers["v1.certifications.get"] = function(world, req)
  local certification, refusal = find(world, req)
  if not certification then return refusal[1], refusal[2] end
  return answer.ok(show(certification))
end

M.handlers["v1.certifications.delete"] = function(world, req)
  local certification, refusal = find(world, req)
  if not certification then return refusal[1], refusal[2] end
  world.v1.certifications[certification.imp_uid] = nil
  return answer.ok(show(certification))
end

return M
