-- SPDX-License-Identifier: MIT
-- Formats of fields. Each takes a value of the field's type and answers nil, or what was
-- expected; the value itself is shown, or not, by the caller.

local time = require "portone.time"

local format = {}

-- V1 asks for "dddd-dddd-dddd-dddd"; cards of 14 or 15 digits are grouped otherwise.
format["card"] = function(v)
  local digits, others = v:gsub("%d", "")
  if not (v:find("^%d[%d-]*%d$") and digits:find("%-") and not v:find("%-%-"))
    or others < 14 or others > 16 then
    return 'expected a card number as "dddd-dddd-dddd-dddd"'
  end
end

format["year-month"] = function(v)
  local month = v:match("^%d%d%d%d%-(%d%d)$")
  if not month or month < "01" or month > "12" then return 'expected "YYYY-MM"' end
end

format["birth"] = function(v)
  if not (v:find("^%d+$") and (#v == 6 or #v == 10)) then
    return "expected a birth date as YYMMDD or a business number of 10 digits"
  end
end

local function digits(n, what)
  local pattern = "^" .. ("%d"):rep(n) .. "$"
  return function(v)
    if not v:find(pattern) then return "expected " .. what end
  end
end

format["two-digits"] = digits(2, "two digits")
format["seven-digits"] = digits(7, "seven digits")
format["business-number"] = digits(10, "a business number of 10 digits without hyphens")

format["month"] = function(v)
  if not v:find("^%d%d$") or v < "01" or v > "12" then return 'expected a month, "01" to "12"' end
end

format["cvc"] = function(v)
  if not v:find("^%d%d%d%d?$") then return "expected three or four digits" end
end

format["digits"] = function(v)
  if not v:find("^%d+$") then return "expected digits only" end
end

format["document-key"] = function(v)
  if v:find("[^%w_-]") then return 'expected only letters, digits, "-" and "_"' end
end

format["ipv4"] = function(v)
  local a, b, c, d = v:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
  for _, part in ipairs { a or "256", b or "256", c or "256", d or "256" } do
    if tonumber(part) > 255 then return "expected an IPv4 address" end
  end
end

format["currency"] = function(v)
  if not require("portone.check.currency").known(v) then
    return "expected an ISO 4217 code such as KRW or USD"
  end
end

local function calendar(pattern, shape)
  return function(v)
    local y, m, d = v:match(pattern)
    if not y or not time.is_date(tonumber(y), tonumber(m), tonumber(d)) then
      return "expected a date as " .. shape
    end
  end
end

format["date"] = calendar("^(%d%d%d%d)%-(%d%d)%-(%d%d)$", "YYYY-MM-DD")
format["yyyymmdd"] = calendar("^(%d%d%d%d)(%d%d)(%d%d)$", "YYYYMMDD")

-- Unix seconds. A time in milliseconds is the usual mistake: as seconds it lies beyond 5138.
format["unix"] = function(v)
  if v < 0 then return "expected unix seconds" end
  if v > 99999999999 then return "expected unix seconds, this looks like milliseconds" end
end

format["date-time"] = function(v)
  local seconds, _, bare = time.parse(v)
  if not seconds then return 'expected an RFC 3339 time such as "2026-01-02T03:04:05+09:00"' end
  if bare then return "expected an RFC 3339 time with an offset: add T, and Z or +09:00" end
end

-- Also unix seconds, and the form without an offset that the Toss Pay guide shows. With a "T" it
-- is half of RFC 3339, and whose time was meant is anybody's guess.
format["time-to-pay"] = function(v)
  if type(v) == "number" then return format["unix"](v) end
  local seconds, _, bare = time.parse(v)
  if bare and v:find("[Tt]") then return "expected an offset behind the time: Z or +09:00" end
  if not seconds then
    return 'expected unix seconds or an RFC 3339 time such as "2026-01-02T03:04:05+09:00"'
  end
end

return format
