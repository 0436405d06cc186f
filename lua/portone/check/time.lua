-- SPDX-License-Identifier: MIT
-- Times as the two APIs write them.

local time = {}

local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function month_days(y, m)
  if m == 2 and y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0) then return 29 end
  return DAYS[m]
end

-- Days since 1970-01-01 of a civil date (proleptic Gregorian).
local function days(y, m, d)
  if m <= 2 then y, m = y - 1, m + 12 end
  local century = math.floor(y / 100)
  local leap = math.floor(y / 4) - century + math.floor(century / 4)
  return 365 * y + leap + math.floor((153 * (m - 3) + 2) / 5) + d - 719469
end

---Is it a date of the calendar?
---@param y number
---@param m number
---@param d number
---@return boolean
function time.is_date(y, m, d)
  return m >= 1 and m <= 12 and d >= 1 and d <= month_days(y, m)
end

-- "2026-01-02T03:04:05.678+09:00" or the same with a space and no offset, which the guides
-- of several PGs show and which is read as Korean time.
local function split(s)
  local y, m, d, sep, h, mi, sec, rest =
    s:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)([Tt ])(%d%d):(%d%d):(%d%d)(.*)$")
  if not y then return nil end
  local zone = rest:match("^%.%d+(.*)$") or rest
  return tonumber(y), tonumber(m), tonumber(d), tonumber(h), tonumber(mi), tonumber(sec), zone, sep
end

local function offset(zone)
  if zone == "Z" or zone == "z" then return 0 end
  local sign, h, m = zone:match("^([+-])(%d%d):(%d%d)$")
  if not sign or tonumber(h) > 23 or tonumber(m) > 59 then return nil end
  return (tonumber(h) * 3600 + tonumber(m) * 60) * (sign == "-" and -1 or 1)
end

---Unix seconds of an RFC 3339 time, or of `YYYY-MM-DD HH:MM:SS` read as Asia/Seoul.
---@param s string
---@return number? seconds nil when it is neither
---@return boolean? local_form true for the form without an offset
function time.parse(s)
  local y, m, d, h, mi, sec, zone, sep = split(s)
  if not y or not time.is_date(y, m, d) or h > 23 or mi > 59 or sec > 60 then return nil end
  local bare = sep == " " and zone == ""
  local shift = bare and 9 * 3600 or sep ~= " " and offset(zone)
  if not shift then return nil end
  return days(y, m, d) * 86400 + h * 3600 + mi * 60 + sec - shift, bare
end

---The RFC 3339 text with offset that is sent for a time to pay.
---@param v number|string unix seconds, RFC 3339, or `YYYY-MM-DD HH:MM:SS` (Asia/Seoul)
---@return string? text nil when it is none of the three
function time.rfc3339(v)
  if type(v) == "number" then return os.date("!%Y-%m-%dT%H:%M:%SZ", v) end
  local seconds, bare = time.parse(v)
  if not seconds then return nil end
  return bare and (v:gsub(" ", "T", 1)) .. "+09:00" or v
end

return time
