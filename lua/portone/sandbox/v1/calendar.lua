--- Calendar arithmetic on unix seconds, independent of the machine's time zone.

local M = {}

local SEOUL = 9 * 3600
local LENGTH = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function month_length(year, month)
  local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return month == 2 and leap and 29 or LENGTH[month]
end

-- Days since 1970-01-01 of a Gregorian date, counting years from March.
local function days(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local leaps = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leaps + math.floor((153 * (month - 3) + 2) / 5) + day - 1 - 719468
end

--- The same time of day some calendar months later (UTC), on the last day of a shorter month.
---@param time number unix seconds
---@param count integer months, may be negative
---@return number unix seconds
function M.add_months(time, count)
  local d = os.date("!*t", time)
  local months = d.year * 12 + d.month - 1 + count
  local year, month = math.floor(months / 12), months % 12 + 1
  local day = math.min(d.day, month_length(year, month))
  return days(year, month, day) * 86400 + time % 86400
end

--- Whether two times are in the same calendar month in Seoul.
---@param a number unix seconds
---@param b number unix seconds
---@return boolean
function M.same_month(a, b)
  local x, y = os.date("!*t", a + SEOUL), os.date("!*t", b + SEOUL)
  return x.year == y.year and x.month == y.month
end

--- Hour of the day in Seoul.
---@param time number unix seconds
---@return integer hour 0 to 23
function M.hour(time)
  return os.date("!*t", time + SEOUL).hour
end

return M
