-- SPDX-License-Identifier: MIT
--- RFC 3339 timestamps of the V2 API, read as unix seconds.

local M = {}

local DAY = 86400
local KST = 9 * 3600

local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function days_in(year, month)
  local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  if month == 2 and leap then return 29 end
  return MONTH_DAYS[month]
end

-- Days from 1970-01-01 to the first day of a year, by counting leap days before it.
local function days_before_year(year)
  local y = year - 1
  local leaps = math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
  return 365 * (year - 1970) + leaps - 477
end

local function days_before_month(year, month)
  local days = 0
  for m = 1, month - 1 do days = days + days_in(year, m) end
  return days
end

local function offset_seconds(zone)
  if zone == "Z" or zone == "z" then return 0 end
  local sign, hours, minutes = zone:match("^([+-])(%d%d):(%d%d)$")
  if not sign then return nil end
  hours, minutes = tonumber(hours), tonumber(minutes)
  if hours > 23 or minutes > 59 then return nil end
  local seconds = hours * 3600 + minutes * 60
  return sign == "-" and -seconds or seconds
end

-- Unix seconds of a civil date and time in UTC, or nil when there is no such moment.
local function civil(year, month, day, hour, minute, second)
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  if month < 1 or month > 12 or day < 1 or day > days_in(year, month) then return nil end
  if hour > 23 or minute > 59 or second > 60 then return nil end
  local days = days_before_year(year) + days_before_month(year, month) + day - 1
  return days * DAY + hour * 3600 + minute * 60 + second
end

local PATTERN = "^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(.*)$"

--- Reads an RFC 3339 timestamp; a fraction of a second is cut off.
---@param text string e.g. "2026-01-02T03:04:05+09:00"
---@return integer|nil seconds unix seconds, nil when it is not one
function M.parse(text)
  local year, month, day, hour, minute, second, rest = tostring(text):match(PATTERN)
  if not year then return nil end
  local zone = rest:gsub("^%.%d+", "")
  local offset = offset_seconds(zone)
  local utc = offset and civil(year, month, day, hour, minute, second)
  return utc and utc - offset
end

--- Reads a timestamp without an offset as Korean time, as some samples write it.
---@param text string e.g. "2026-01-02 03:04:05"
---@return integer|nil seconds unix seconds
function M.parse_korean(text)
  local year, month, day, hour, minute, second, rest = tostring(text):match(PATTERN)
  if not year or rest ~= "" then return nil end
  local utc = civil(year, month, day, hour, minute, second)
  return utc and utc - KST
end

M.DAY = DAY

return M
