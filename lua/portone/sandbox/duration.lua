-- SPDX-License-Identifier: MIT
-- Durations as a person writes them: "1 month", "3 days 2 hours", 90.

local time = require "portone.time"

local M = {}

-- Names of units, and what they are worth: seconds, or calendar months.
local units = {
  s = { 1 }, sec = { 1 }, second = { 1 },
  m = { 60 }, min = { 60 }, minute = { 60 },
  h = { 3600 }, hour = { 3600 },
  d = { 86400 }, day = { 86400 },
  w = { 604800 }, week = { 604800 },
  mo = { months = 1 }, month = { months = 1 },
  y = { months = 12 }, year = { months = 12 },
}

local function unit_of(word)
  word = word:lower()
  return units[word] or units[word:match("^(.*)s$") or ""]
end

local function complain(text)
  return nil, ("not a duration: '%s' (examples: \"1 month\", \"3 days 2 hours\", 90)")
    :format(tostring(text))
end

---Reads a duration.
---@param text string|number  a number is seconds
---@return { months: number, seconds: number }? duration
---@return string? problem
function M.parse(text)
  if type(text) == "number" then
    if text >= 0 and text < 1e12 then
      return { months = 0, seconds = text }
    end
    return complain(text)
  end
  if type(text) ~= "string" then
    return complain(type(text))
  end
  local out, parts = { months = 0, seconds = 0 }, 0
  local plain = text:gsub("%f[%a]and%f[%A]", " ")
  local rest = plain:gsub("(%d+%.?%d*)%s*(%a+)[%s,]*", function(number, word)
    local unit = unit_of(word)
    if not unit or (unit.months and number:find(".", 1, true)) then
      return nil
    end
    if unit.months then
      out.months = out.months + tonumber(number) * unit.months
    else
      out.seconds = out.seconds + tonumber(number) * unit[1]
    end
    parts = parts + 1
    return ""
  end)
  if parts == 0 or rest:find("%S") then
    return complain(text)
  end
  return out
end

-- The same time of day so many calendar months later (UTC); a day that the month does not have
-- becomes its last one.
local function add_months(unix, months)
  local date = os.date("!*t", unix)
  local index = date.year * 12 + date.month - 1 + months
  local year, month = math.floor(index / 12), index % 12 + 1
  for day = date.day, 28, -1 do
    local found = time.parse(("%04d-%02d-%02dT%02d:%02d:%02dZ"):format(year, month, day,
      date.hour, date.min, date.sec))
    if found then
      return found
    end
  end
  return (time.parse(("%04d-%02d-%02dT%02d:%02d:%02dZ"):format(year, month, date.day,
    date.hour, date.min, date.sec)))
end

---The time that lies a duration after another: months first, by the calendar, then the rest.
---@param unix number        seconds since 1970
---@param text string|number a duration
---@return number? later     whole seconds since 1970
---@return string? problem
function M.after(unix, text)
  local duration, problem = M.parse(text)
  if not duration then
    return nil, problem
  end
  if duration.months > 0 then
    unix = add_months(unix, duration.months)
    if not unix then
      return complain(text)
    end
  end
  return math.floor(unix + duration.seconds)
end

return M
