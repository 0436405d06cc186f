-- SPDX-License-Identifier: MIT
-- The calendar of Seoul, whatever the machine's time zone.

local M = {}

local SEOUL = 9 * 3600
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
