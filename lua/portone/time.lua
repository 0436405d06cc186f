-- SPDX-License-Identifier: MIT
-- Times on their way to the API. V1 speaks unix seconds; V2 RFC 3339 with an offset.
-- Documents of some PGs show "2023-01-01 00:00:00" for V2; that is read as Asia/Seoul
-- (UTC+9, no daylight saving time), where PortOne and its users are.

local M = {}

local days_before = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 }
local month_days = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_leap(y)
  return y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0)
end

-- Days from 1970-01-01 to the given date of the proleptic Gregorian calendar.
local function days_from_epoch(y, m, d)
  local past = y - 1
  local leaps = math.floor(past / 4) - math.floor(past / 100) + math.floor(past / 400)
  local days = past * 365 + leaps + days_before[m] + d - 1
  if m > 2 and is_leap(y) then
    days = days + 1
  end
  return days - 719162
end

---Is it a day of the calendar?
---@param y number
---@param m number
---@param d number
---@return boolean
function M.is_date(y, m, d)
  if m < 1 or m > 12 or d < 1 then
    return false
  end
  return d <= month_days[m] or (m == 2 and d == 29 and is_leap(y))
end

-- "+09:00" -> 32400, "Z" -> 0, otherwise nil
local function offset_seconds(text)
  if text == "Z" or text == "z" then
    return 0
  end
  local sign, h, m = text:match("^([+-])(%d%d):(%d%d)$")
  if not sign or tonumber(h) > 23 or tonumber(m) > 59 then
    return nil
  end
  local seconds = tonumber(h) * 3600 + tonumber(m) * 60
  return sign == "-" and -seconds or seconds
end

---Reads RFC 3339, or a local time of Asia/Seoul "YYYY-MM-DD HH:MM:SS".
---@param text string
---@return number? unix   seconds since 1970
---@return string? rfc    the same time as the API takes it
---@return boolean? bare  it had no offset
function M.parse(text)
  local y, mo, d, sep, h, mi, s, rest =
    text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)([Tt ])(%d%d):(%d%d):(%d%d)(.*)$")
  if not y then
    return nil
  end
  local fraction, zone = rest:match("^(%.%d+)(.*)$")
  zone = zone or rest
  local bare = zone == ""
  if bare then
    zone = "+09:00"
  end
  local offset = offset_seconds(zone)
  if not offset or (sep == " " and rest ~= "" and fraction) then
    return nil
  end
  y, mo, d, h, mi, s = tonumber(y), tonumber(mo), tonumber(d), tonumber(h), tonumber(mi),
    tonumber(s)
  if not M.is_date(y, mo, d) or h > 23 or mi > 59 or s > 60 then
    return nil
  end
  local unix = days_from_epoch(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - offset
  local rfc = text:sub(1, 10) .. "T" .. text:sub(12, 19) .. (fraction or "") .. zone:upper()
  return unix, rfc, bare
end

---Unix seconds as RFC 3339 in UTC.
---@param unix number
---@return string
function M.rfc3339(unix)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(unix))
end

---A time as V2 takes it, from unix seconds, RFC 3339, or a local time of Asia/Seoul.
---@param value number|string
---@return string|number|nil  RFC 3339 with an offset; nil when it is no time
function M.to_v2(value)
  if type(value) == "number" then
    return M.rfc3339(value)
  end
  local _, rfc = M.parse(value)
  return rfc
end

return M
