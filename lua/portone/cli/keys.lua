-- SPDX-License-Identifier: MIT
-- What a key looks like, to notice one that was put in another one's place. The forms are those
-- of PortOne's console.

local M = {}

---The variables that are looked at, in order.
M.names = { "PORTONE_API_SECRET", "PORTONE_STORE_ID", "PORTONE_CHANNEL_KEY", "PORTONE_V1_API_KEY",
            "PORTONE_V1_API_SECRET", "PORTONE_WEBHOOK_SECRET" }

local UUID = ("%x"):rep(8) .. "%-" .. ("%x"):rep(4) .. "%-" .. ("%x"):rep(4) .. "%-"
  .. ("%x"):rep(4) .. "%-" .. ("%x"):rep(12)

-- What has a form of its own: kind, pattern, in words.
local forms = {
  { "store", "^store%-" .. UUID .. "$", "a store id" },
  { "channel", "^channel%-key%-" .. UUID .. "$", "a channel key" },
  { "webhook", "^whsec_[%w+/=]+$", "a webhook secret" },
  { "v1_key", "^" .. ("%d"):rep(16) .. "$", "a V1 API key" },
  { "v1_secret", "^" .. ("%w"):rep(80) .. "$", "a V1 API secret" },
  { "merchant", "^imp%d+$", "a V1 merchant code" },
  { "billing", "^billing%-key%-", "a billing key" },
  { "payment", "^imp_%d+$", "the number of a V1 payment" },
  { "header", "^PortOne ", "an Authorization header" },
  { "header", "^Bearer ", "an Authorization header" },
}

local expected = {
  PORTONE_API_SECRET = { nil, "a V2 API secret" },
  PORTONE_STORE_ID = { "store", "a store id (store-…)" },
  PORTONE_CHANNEL_KEY = { "channel", "a channel key (channel-key-…)" },
  PORTONE_V1_API_KEY = { "v1_key", "a V1 API key (16 digits)" },
  PORTONE_V1_API_SECRET = { "v1_secret", "a V1 API secret (80 letters and digits)" },
  PORTONE_WEBHOOK_SECRET = { "webhook", "a webhook secret (whsec_…)" },
}

local function kind_of(value)
  for _, form in ipairs(forms) do
    if value:find(form[2]) then
      return form[1], form[3]
    end
  end
end

---Does a value look like what its variable is for? The value itself is in no text.
---@param name string   of the variable
---@param value string
---@return "ok"|"warn"|"fail" verdict
---@return string text
---@return string? remedy
function M.judge(name, value)
  local want, words = expected[name][1], expected[name][2]
  if value:find("^[%s'\"]") or value:find("[%s'\"]$") then
    return "fail", "has a space or a quote around it", "set it without"
  end
  local kind, looks = kind_of(value)
  if kind == want and (kind or #value >= 20) then
    return "ok", "looks like " .. words
  elseif kind then
    return "fail", ("is %s, where %s belongs"):format(looks, words),
      "take the right one from the console"
  end
  return "warn", "does not look like " .. words, "compare it with the console"
end

return M
