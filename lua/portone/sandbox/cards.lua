-- SPDX-License-Identifier: MIT
-- Test cards of the sandbox, shared by both APIs.
-- A named card has a fixed outcome; any other number succeeds when its check digit is right.
-- Every number is of the published test kind: none belongs to a person.
-- Refusal codes are those of the Toss Payments API; the texts are our own.

local M = {}

---@class portone.sandbox.refusal
---@field pg_code string
---@field pg_message string
---@field reached boolean false when the PG gave no verdict (time-out, its own failure)

---@class portone.sandbox.card
---@field number string digits only; never shown in an answer
---@field expiry string "YYYY-MM"
---@field test? string name of the test card
---@field bin string first six digits
---@field masked string positions 7 to 12 masked
---@field card_code string KFTC code of the issuer
---@field card_name string Korean name of the issuer
---@field company string name of the issuer in the V2 vocabulary
---@field brand "VISA"|"MASTER"|"JCB"|"AMEX"|"UNIONPAY"|"DINERS"|"LOCAL"
---@field type "CREDIT"|"DEBIT"
---@field card_type integer V1: 0 credit, 1 debit
---@field owner "PERSONAL"|"CORPORATE"
---@field issue? portone.sandbox.refusal why no key is issued for it
---@field charge? portone.sandbox.refusal why no charge on it is approved

local function refusal(code, message, reached)
  return { pg_code = code, pg_message = message, reached = reached ~= false }
end

-- KFTC code, Korean name, V2 name.
local ISSUERS = {
  shinhan = { "366", "신한카드", "SHINHAN_CARD" },
  kb = { "381", "KB국민카드", "KOOKMIN_CARD" },
  samsung = { "365", "삼성카드", "SAMSUNG_CARD" },
  hyundai = { "367", "현대카드", "HYUNDAI_CARD" },
  lotte = { "368", "롯데카드", "LOTTE_CARD" },
  bc = { "361", "BC카드", "BC_CARD" },
  nh = { "371", "NH농협카드", "NH_CARD" },
  hana = { "374", "하나카드", "HANA_CARD" },
  woori = { "041", "우리카드", "WOORI_CARD" },
  citi = { "370", "씨티카드", "CITI_CARD" },
}
local GENERIC = {
  "shinhan", "kb", "samsung", "hyundai", "lotte", "bc", "nh", "hana", "woori", "citi",
}

local DECLINED = refusal("REJECT_CARD_COMPANY", "카드사에서 결제 승인을 거절했습니다.")
local NO_FUNDS = refusal("REJECT_CARD_PAYMENT", "카드에 연결된 계좌의 잔액이 모자랍니다.")
local OVER_LIMIT = refusal("EXCEED_MAX_AMOUNT", "카드 사용 한도를 넘었습니다.")
local EXPIRED = refusal("INVALID_CARD_EXPIRATION", "유효기간이 지난 카드입니다.")
local LOST = refusal("INVALID_CARD_LOST_OR_STOLEN", "분실 또는 도난 신고된 카드입니다.")
local BAD_BIRTH = refusal("INVALID_CARD_IDENTITY", "생년월일 또는 사업자등록번호가 카드 정보와 다릅니다.")
local BAD_PASSWORD = refusal("INVALID_CARD_PASSWORD", "카드 비밀번호 앞 두 자리가 맞지 않습니다.")
local BAD_EXPIRY = refusal("INVALID_CARD_EXPIRATION", "카드 유효기간이 맞지 않습니다.")
local NO_KEY = refusal("NOT_SUPPORTED_CARD_TYPE", "정기 결제에 등록할 수 없는 카드입니다.")
local BAD_NUMBER = refusal("INVALID_CARD_NUMBER", "카드번호가 올바르지 않습니다.")
local NO_ANSWER = refusal("PG_TIMEOUT", "PG사가 제때 응답하지 않았습니다.", false)
local PG_FAILED = refusal("PROVIDER_ERROR", "PG사에서 일시적인 오류가 발생했습니다.", false)

-- name, number, issuer, brand, type, issue refusal, charge refusal, what it is for
local ROWS = {
  { "success", "4242424242424242", "shinhan", "VISA", "CREDIT", nil, nil,
    "credit card, everything is approved" },
  { "success_check", "4000056655665556", "kb", "VISA", "DEBIT", nil, nil,
    "debit (check) card, everything is approved" },
  { "success_corporate", "5105105105105100", "samsung", "MASTER", "CREDIT", nil, nil,
    "company card with a business registration number, everything is approved" },
  { "declined", "4000000000000002", "hyundai", "VISA", "CREDIT", nil, DECLINED,
    "gives a billing key, every charge is declined" },
  { "insufficient_funds", "4000000000009995", "kb", "VISA", "DEBIT", nil, NO_FUNDS,
    "gives a billing key, charges fail for want of funds" },
  { "limit_exceeded", "4000000000006975", "lotte", "VISA", "CREDIT", nil, OVER_LIMIT,
    "gives a billing key, charges exceed the card's limit" },
  { "expired_card", "4000000000000069", "bc", "VISA", "CREDIT", nil, EXPIRED,
    "gives a billing key, charges find the card expired" },
  { "lost_or_stolen", "4000000000009979", "nh", "VISA", "CREDIT", nil, LOST,
    "gives a billing key, charges find the card reported lost" },
  { "wrong_birth", "4000000000001000", "hana", "VISA", "CREDIT", BAD_BIRTH, BAD_BIRTH,
    "birth date or business number never matches: no key, no charge" },
  { "wrong_password", "4000000000000127", "woori", "VISA", "CREDIT", BAD_PASSWORD, BAD_PASSWORD,
    "first two digits of the password never match: no key, no charge" },
  { "wrong_expiry", "4000000000002008", "citi", "VISA", "CREDIT", BAD_EXPIRY, BAD_EXPIRY,
    "expiry never matches: no key, no charge" },
  { "issue_declined", "4000000000003006", "samsung", "VISA", "CREDIT", NO_KEY, nil,
    "no billing key; a one-off charge is approved" },
  { "pg_timeout", "4000000000004004", "hyundai", "VISA", "CREDIT", nil, NO_ANSWER,
    "gives a billing key, the PG never answers a charge" },
  { "pg_error", "4000000000000119", "lotte", "VISA", "CREDIT", nil, PG_FAILED,
    "gives a billing key, the PG fails on every charge" },
}

local EXPIRY, BIRTH, BUSINESS, PASSWORD, CVC = "2049-12", "820213", "1234567890", "00", "123"

--- Names of the test cards, in a fixed order.
---@type string[]
M.names = {}

local by_number, rows = {}, {}
for i, row in ipairs(ROWS) do
  local named = {
    test = row[1], number = row[2], issuer = row[3], brand = row[4], type = row[5],
    issue = row[6], charge = row[7], about = row[8],
    owner = row[1] == "success_corporate" and "CORPORATE" or "PERSONAL",
  }
  M.names[i], rows[row[1]], by_number[row[2]] = row[1], named, named
end

local function dashed(number)
  return (number:gsub("(%d%d%d%d)(%d%d%d%d)(%d%d%d%d)(%d%d%d%d)", "%1-%2-%3-%4"))
end

--- The table that a sandbox handle shows as `cards`.
---@return table<string, table> cards name → V1 fields, `credential` (V2) and `about`; a fresh copy
function M.public()
  local out = {}
  for name, row in pairs(rows) do
    local birth = row.owner == "CORPORATE" and BUSINESS or BIRTH
    out[name] = {
      card_number = dashed(row.number), expiry = EXPIRY, birth = birth,
      pwd_2digit = PASSWORD, cvc = CVC, about = row.about,
      credential = {
        number = row.number, expiryYear = EXPIRY:sub(3, 4), expiryMonth = EXPIRY:sub(6, 7),
        birthOrBusinessRegistrationNumber = birth, passwordTwoDigits = PASSWORD,
      },
    }
  end
  return out
end

--- Check digit of a card number (Luhn).
---@param number string digits only
---@return boolean
function M.luhn(number)
  if #number < 12 or number:find("%D") then return false end
  local sum, double = 0, false
  for i = #number, 1, -1 do
    local digit = number:byte(i) - 48
    if double then
      digit = digit * 2
      if digit > 9 then digit = digit - 9 end
    end
    sum, double = sum + digit, not double
  end
  return sum % 10 == 0
end

local BRANDS = { { "^4", "VISA" }, { "^5[1-5]", "MASTER" }, { "^2[2-7]", "MASTER" },
  { "^3[47]", "AMEX" }, { "^35", "JCB" }, { "^3[068]", "DINERS" }, { "^62", "UNIONPAY" } }

local function brand_of(number)
  for _, rule in ipairs(BRANDS) do
    if number:find(rule[1]) then return rule[2] end
  end
  return "LOCAL"
end

-- An unknown number belongs to one issuer for ever: chosen by its first six digits.
local function generic(number)
  local sum = 0
  for digit in number:sub(1, 6):gmatch("%d") do sum = sum * 3 + tonumber(digit) end
  return { number = number, issuer = GENERIC[sum % #GENERIC + 1], brand = brand_of(number),
    type = "CREDIT", owner = "PERSONAL" }
end

local function card(number, expiry)
  local row = by_number[number] or generic(number)
  local issuer = ISSUERS[row.issuer]
  return {
    number = number, expiry = expiry, test = row.test, bin = number:sub(1, 6),
    masked = number:sub(1, 6) .. "******" .. number:sub(13),
    card_code = issuer[1], card_name = issuer[2], company = issuer[3],
    brand = row.brand, type = row.type, card_type = row.type == "DEBIT" and 1 or 0,
    owner = row.owner, issue = row.issue, charge = row.charge,
  }
end

--- Reads the card fields of a V1 request.
---@param fields { card_number: string, expiry: string } "dddd-dddd-dddd-dddd" and "YYYY-MM"
---@return portone.sandbox.card? card
---@return "card_number"|"expiry"|nil wrong the field that cannot be read
function M.from_v1(fields)
  local number = tostring(fields.card_number or ""):gsub("%-", "")
  if not number:find("^%d+$") or #number < 13 or #number > 19 then return nil, "card_number" end
  local year, month = tostring(fields.expiry or ""):match("^(%d%d%d%d)%-(%d%d)$")
  if not year or tonumber(month) < 1 or tonumber(month) > 12 then return nil, "expiry" end
  return card(number, year .. "-" .. month)
end

--- Reads the card credential of a V2 request.
---@param credential { number: string, expiryYear: string, expiryMonth: string } digits, "YY", "MM"
---@return portone.sandbox.card? card
---@return "number"|"expiryYear"|"expiryMonth"|nil wrong the field that cannot be read
function M.from_v2(credential)
  local number = tostring(credential.number or "")
  if not number:find("^%d+$") or #number < 13 or #number > 19 then return nil, "number" end
  local year, month = tostring(credential.expiryYear or ""), tostring(credential.expiryMonth or "")
  if not year:find("^%d%d$") then return nil, "expiryYear" end
  if not month:find("^%d%d$") or tonumber(month) < 1 or tonumber(month) > 12 then
    return nil, "expiryMonth"
  end
  return card(number, "20" .. year .. "-" .. month)
end

-- A card is good until the end of its month in Seoul.
local function expired(expiry, now)
  local year, month = expiry:match("^(%d+)%-(%d+)$")
  local today = os.date("!*t", now + 9 * 3600)
  return year * 12 + month < today.year * 12 + today.month
end

local function unknown_refused(c, policy, now)
  if policy == "accept" then return nil end
  if policy == "refuse" then return DECLINED end
  if not M.luhn(c.number) then return BAD_NUMBER end
  if expired(c.expiry, now) then return EXPIRED end
  return nil
end

--- Why no billing key is issued for a card, if so.
---@param c portone.sandbox.card
---@param policy? "luhn"|"accept"|"refuse" what becomes of unknown numbers (setting
--- `unknown_cards`, default "luhn": right check digit and expiry)
---@param now number unix seconds; a card is good to the end of its month
---@return portone.sandbox.refusal? refusal nil when a key is issued
function M.refuses_issue(c, policy, now)
  if not c.test then return unknown_refused(c, policy, now) end
  if c.issue then return c.issue end
  return expired(c.expiry, now) and EXPIRED or nil
end

--- Why a charge on a card is not approved, if so. Ask at the time of each charge: a card whose
--- key was issued in time may have expired since.
---@param c portone.sandbox.card
---@param policy? "luhn"|"accept"|"refuse" as for `refuses_issue`
---@param now number unix seconds
---@return portone.sandbox.refusal? refusal nil when the charge is approved
function M.refuses_charge(c, policy, now)
  if not c.test then return unknown_refused(c, policy, now) end
  if c.charge then return c.charge end
  return expired(c.expiry, now) and EXPIRED or nil
end

return M
