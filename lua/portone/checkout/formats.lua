-- SPDX-License-Identifier: MIT
-- Formats that the rules of PGs name. Each has a text that says what is allowed, and either a
-- pattern or a function that tells whether a value fits.

local time = require "portone.time"

local M = {}

local function pattern(text, p)
  return { text = text, fits = function(v) return v:find(p) ~= nil end }
end

M.alnum = pattern("letters and digits only", "^%w+$")
M.digits = pattern("digits only", "^%d+$")
M.ascii = pattern("ASCII characters only", "^[\32-\126]+$")
M.hhmm = pattern('a time "HH:mm"', "^[0-2]%d:[0-5]%d$")
M.url = pattern("an http or https URL", "^https?://[^%s]+$")
M.any_url = pattern("a URL", "^%a[%w+.-]*:[^%s]+$")
M.email = pattern("an e-mail address", "^[^%s@]+@[^%s@]+$")
M.e164 = pattern("a phone number as +<country><number>", "^%+%d+$")
M.token = pattern("letters, digits, - and _", "^[%w_-]+$")
M.two_digits = pattern("two digits", "^%d%d$")
M.interval = pattern('a number and "d", "m" or "y"', "^%d+[dmy]$")
-- nice: what an order's name may not hold
M.nice_name = pattern("without % & | $ - + = [ ]", "^[^%%&|$%-+=%[%]]*$")
-- tosspay_v2, V2: the schema of orderName
M.toss_name = {
  text = "not only white space, and without \\ and comma",
  fits = function(v) return v:find("%S") ~= nil and not v:find("[\\,]") end,
}
-- tosspayments: the page allows - and _, the schema = as well (a warning of its own)
M.toss_id = pattern("letters, digits, - and _", "^[%w_=-]+$")
M.toss_id_page = pattern("without =, which the page does not allow though the schema does",
  "^[^=]*$")
M.toss_customer = pattern("letters, digits and - _ = . @", "^[%w_=.@-]+$")
M.toss_sequence = {
  text = "not a number that counts up: others could guess it (a UUID will do)",
  fits = function(v) return not v:find("^%d+$") end,
}
M.katakana = {
  text = "katakana",
  fits = function(v)
    local rest = v:gsub("\227\130[\160-\191]", ""):gsub("\227\131[\128-\191]", "")
    return rest:gsub("\227\128\128", ""):gsub("%s", "") == ""
  end,
}
M.latin = pattern("letters of the Latin alphabet only", "^[%a%s]+$")

local function is_day(y, m, d)
  return time.is_date(tonumber(y), tonumber(m), tonumber(d))
end

local function is_clock(h, mi, s)
  return tonumber(h) < 24 and tonumber(mi) < 60 and tonumber(s) < 60
end

local due_patterns = {
  "^(%d%d%d%d)-(%d%d)-(%d%d)$", "^(%d%d%d%d)(%d%d)(%d%d)$",
  "^(%d%d%d%d)-(%d%d)-(%d%d) (%d%d):(%d%d):(%d%d)$", "^(%d%d%d%d)(%d%d)(%d%d)(%d%d)(%d%d)(%d%d)$",
}

local function due(v, patterns)
  for _, p in ipairs(patterns) do
    local y, m, d, h, mi, s = v:match(p)
    if y then
      return is_day(y, m, d) and is_clock(h or 0, mi or 0, s or 0)
    end
  end
  return false
end

local function due_format(text, ...)
  local patterns = {}
  for i, n in ipairs { ... } do
    patterns[i] = due_patterns[n]
  end
  return { text = text, fits = function(v) return due(v, patterns) end }
end

M.yyyymmdd = due_format("a date YYYYMMDD", 2)
M.day = due_format("a date YYYY-MM-DD or YYYYMMDD", 1, 2)
M.due = due_format("YYYY-MM-DD, YYYYMMDD, YYYY-MM-DD HH:mm:ss or YYYYMMDDHHmmss", 1, 2, 3, 4)
M.due_plain = due_format("YYYYMMDD or YYYYMMDDHHmmss", 2, 4)
M.local_time = due_format('"yyyy-MM-dd HH:mm:ss"', 3)
-- nice, the old module: minutes, no seconds
M.due_minutes = {
  text = "YYYYMMDD or YYYYMMDDHHmm",
  fits = function(v)
    local y, m, d, rest = v:match("^(%d%d%d%d)(%d%d)(%d%d)(%d*)$")
    return y ~= nil and is_day(y, m, d) and (rest == "" or #rest == 4
      and is_clock(rest:sub(1, 2), rest:sub(3, 4), 0))
  end,
}

local function is_rfc3339(v)
  return v:find("^%d+%-%d+%-%d+[Tt]") ~= nil and (v:find("[Zz]$") or v:find("[+-]%d%d:%d%d$"))
    and time.parse(v) ~= nil
end

M.rfc3339 = {
  text = "a time RFC 3339 with an offset, such as 2030-01-01T00:00:00+09:00", fits = is_rfc3339,
}
M.due_or_rfc3339 = {
  text = M.due.text .. ", or RFC 3339",  -- the schema has the first, pages of PGs the last
  fits = function(v) return M.due.fits(v) or is_rfc3339(v) end,
}

return M
