-- SPDX-License-Identifier: MIT
-- What must never be printed, and how it is taken out of a text.
--
-- Two kinds of secrets: those of the client (keys, tokens), known by value, and those
-- of a payer (card number, birth date, card password), known by the name of their field
-- or, for a card number in a stranger's text, by its shape.

local redact = {}

local MASK = "[redacted]"

-- Fields, V1 and V2, whose values are a secret wherever they stand.
local secret_fields = {
  imp_key = true, imp_secret = true, apiSecret = true, api_secret = true,
  access_token = true, accessToken = true, refreshToken = true, refresh_token = true,
  webhook_secret = true, webhook_secrets = true, authorization = true,
  card_number = true, expiry = true, birth = true, pwd_2digit = true, cvc = true,
  credential = true, birthOrBusinessRegistrationNumber = true, passwordTwoDigits = true,
  expiryYear = true, expiryMonth = true, identityNumber = true, identifier = true,
  benepia_password = true, otp = true, paymentToken = true, billingIssueToken = true,
  ci = true, di = true, unique_key = true, unique_in_site = true,
  refund_account = true, refundAccount = true, escrow_password = true, encryptedUserCi = true,
  pg_api_key = true, code_verifier = true, secure_3d_charge_id = true, secure_3d_token = true,
  customerIdentityNumber = true, gender_digit = true,
}

---Is the value of this field a secret?
---@param name string  a field's own name, or a path such as "method.card.credential.number"
---@return boolean
function redact.is_secret(name)
  if secret_fields[name] then
    return true
  end
  for part in tostring(name):gmatch("[^%.%[%]]+") do
    if secret_fields[part] then
      return true
    end
  end
  return false
end

-- The check digit that every card number carries; one order number in ten has it too.
local function is_luhn(digits)
  local sum = 0
  for i = #digits, 1, -1 do
    local d = digits:byte(i) - 48
    if (#digits - i) % 2 == 1 then
      d = d * 2 > 9 and d * 2 - 9 or d * 2
    end
    sum = sum + d
  end
  return sum % 10 == 0
end

local function mask_card(run)
  local digits = run:gsub("%D", "")
  if #digits >= 14 and #digits <= 19 and is_luhn(digits) then
    return MASK
  end
end

-- 14 to 19 digits, in one piece or in groups, that stand alone and check: a card number.
local function mask_cards(text)
  text = text:gsub("%f[%w_%-]%d+%f[^%w_]", mask_card)
  return (text:gsub("%f[%w_%-]%d[%d%- ]+%d%f[^%w_]", mask_card))
end

---A text without the given values and without card numbers.
---@param text string
---@param values? string[]  secrets known by value; shorter than 4 bytes are left alone
---@return string
function redact.text(text, values)
  for _, value in ipairs(values or {}) do
    if #value >= 4 then
      local from = 1
      repeat
        local first, last = text:find(value, from, true)
        if first then
          text = text:sub(1, first - 1) .. MASK .. text:sub(last + 1)
          from = first + #MASK
        end
      until not first
    end
  end
  return mask_cards(text)
end

-- A copy of a table with the values of secret fields masked.
local function copy(value, depth)
  if type(value) ~= "table" then
    return type(value) == "string" and mask_cards(value) or value
  end
  if depth > 16 then
    return "…"
  end
  local out = {}
  for k, v in pairs(value) do
    out[k] = secret_fields[k] and MASK or copy(v, depth + 1)
  end
  return out
end

---A copy fit for a log: values of secret fields are masked.
---@param value any
---@return any
function redact.copy(value)
  return copy(value, 1)
end

---The strings under secret fields of a request, to take out of texts that may repeat them.
---@param value any
---@param into? string[]
---@return string[]
function redact.values(value, into)
  into = into or {}
  local function collect(v, secret, depth)
    if type(v) == "string" then
      if secret then  -- and without the hyphens that a server may have taken away
        into[#into + 1] = v
        into[#into + 1] = v:find("^[%d%- ]+$") and v:gsub("%D", "") or nil
      end
    elseif type(v) == "table" and depth < 16 then
      for k, item in pairs(v) do
        collect(item, secret or secret_fields[k] or false, depth + 1)
      end
    end
  end
  collect(value, false, 1)
  return into
end

---All that no text about a call may repeat: the client's secrets, its token, the payer's data.
---@param call table  see call.lua
---@return string[]
function redact.of(call)
  local secrets = redact.values(call.args)
  for _, value in ipairs(call.state.secrets) do
    secrets[#secrets + 1] = value
  end
  secrets[#secrets + 1] = call.token
  return secrets
end

redact.MASK = MASK

return redact
