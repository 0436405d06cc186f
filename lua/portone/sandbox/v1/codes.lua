-- SPDX-License-Identifier: MIT
-- Codes of card companies and banks (KFTC).

local answer = require "portone.sandbox.v1.answer"

local M = { handlers = {} }

local function table_of(rows)
  local list, by_code = {}, {}
  for i, row in ipairs(rows) do
    list[i] = { code = row[1], name = row[2] }
    by_code[row[1]] = row[2]
  end
  return list, by_code
end

local cards, card_names = table_of {
  { "361", "BC카드" }, { "364", "광주카드" }, { "365", "삼성카드" }, { "366", "신한카드" },
  { "367", "현대카드" }, { "368", "롯데카드" }, { "369", "수협카드" }, { "370", "씨티카드" },
  { "371", "NH농협카드" }, { "372", "전북카드" }, { "373", "제주카드" }, { "374", "하나카드" },
  { "381", "KB국민카드" }, { "041", "우리카드" }, { "071", "우체국카드" },
  { "002", "KDB산업은행카드" }, { "045", "새마을금고카드" }, { "048", "신협카드" },
  { "089", "케이뱅크카드" }, { "090", "카카오뱅크카드" },
}

local banks, bank_names = table_of {
  { "002", "KDB산업은행" }, { "003", "IBK기업은행" }, { "004", "KB국민은행" }, { "007", "수협은행" },
  { "011", "NH농협은행" }, { "012", "지역농축협" }, { "020", "우리은행" }, { "023", "SC제일은행" },
  { "027", "한국씨티은행" }, { "031", "대구은행" }, { "032", "부산은행" }, { "034", "광주은행" },
  { "037", "전북은행" }, { "039", "경남은행" }, { "045", "새마을금고" }, { "048", "신협" },
  { "071", "우체국" }, { "081", "하나은행" }, { "088", "신한은행" }, { "089", "케이뱅크" },
  { "090", "카카오뱅크" }, { "092", "토스뱅크" },
}

-- Banks at which tosspayments opens virtual accounts.
local TOSSPAYMENTS = {}
for code in ("039 034 004 003 011 031 032 045 007 088 020 071 081"):gmatch("%d+") do
  TOSSPAYMENTS[code] = true
end

--- The bank that a PG means by a code: the KFTC code, of which html5_inicis writes the last two
--- digits.
---@param pg string
---@param code string
---@return string? code KFTC code; nil when the PG has no such bank
---@return string? name
function M.bank(pg, code)
  code = tostring(code)
  if pg == "html5_inicis" then
    code = "0" .. code
  end
  if not bank_names[code] or pg == "tosspayments" and not TOSSPAYMENTS[code] then return nil end
  return code, bank_names[code]
end

local function one(names, kind)
  return function(world, req)
    local code = req.path[kind .. "_standard_code"]
    if not names[code] then return answer.fail(world, 404, "등록되지 않은 코드입니다: " .. code) end
    return answer.ok { code = code, name = names[code] }
  end
end

M.handlers["v1.codes.cards"] = function() return answer.ok(cards) end
M.handlers["v1.codes.banks"] = function() return answer.ok(banks) end
M.handlers["v1.codes.card"] = one(card_names, "card")
M.handlers["v1.codes.bank"] = one(bank_names, "bank")

return M
