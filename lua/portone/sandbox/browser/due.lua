-- SPDX-License-Identifier: MIT
-- When a virtual account of a window ends. Windows take times without an offset; they are Korean.

local time = require "portone.time"

local M = {}

-- One week, when the page does not say.
local HOURS = 168

---A time of a window as RFC 3339.
---@param text string  YYYYMMDD, YYYY-MM-DD, either with a time of day, or RFC 3339
---@return string?
function M.rfc3339(text)
  if text:find("[Tt]") then
    return text
  end
  local date, clock = text:match("^(%d%d%d%d%-%d%d%-%d%d)%s*(.*)$")
  if not date then
    local y, m, d, rest = text:match("^(%d%d%d%d)(%d%d)(%d%d)(%d*)$")
    if not y then
      return nil
    end
    date, clock = y .. "-" .. m .. "-" .. d, rest
  end
  local digits = clock:gsub("%D", "")
  if digits == "" then
    digits = "235959"  -- a day is a day to its end
  end
  digits = digits .. ("0"):rep(6 - #digits)
  return ("%sT%s:%s:%s+09:00"):format(date, digits:sub(1, 2), digits:sub(3, 4), digits:sub(5, 6))
end

---paymentDeadline of a convenience store as a time.
---@param given? table  { validHours?, dueDate? }
---@param now number    unix seconds
---@return number unix seconds
function M.deadline(given, now)
  local at = given and given.dueDate and time.parse(M.rfc3339(given.dueDate))
  return at or now + (given and given.validHours or 72) * 3600
end

---accountExpiry of the SDK as the API's.
---@param given? table  { validHours?, dueDate? }
---@return table { validHours } or { dueDate }
function M.expiry(given)
  given = given or {}
  if given.dueDate then
    return { dueDate = M.rfc3339(given.dueDate) }
  end
  return { validHours = given.validHours or HOURS }
end

return M
