-- SPDX-License-Identifier: MIT
-- ISO 4217: how many digits of minor unit each currency has. V2 amounts are integers in minor
-- units (10 USD = 1000, 1000 KRW = 1000), V1 amounts are in major units.

local currency = {}

-- Codes whose number of digits is not two. Funds and metals without a minor unit count as 0.
local DIGITS = {}
for digits, codes in pairs {
  [0] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF "
    .. "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX",
  [3] = "BHD IQD JOD KWD LYD OMR TND",
  [4] = "CLF UYW",
} do
  for code in codes:gmatch("%u+") do DIGITS[code] = digits end
end

local listed

---Is the code one that the API lists?
---@param code string
---@return boolean
function currency.known(code)
  if DIGITS[code] then return true end -- all of these are, and won does not load the list
  if not listed then
    listed = {}
    local list = require("portone.api").type("v2", "input.currency.Currency").enum
    for _, c in ipairs(list) do listed[c] = true end
  end
  return listed[code] == true
end

---Digits of the minor unit: 0 for KRW, 2 for USD, 3 for KWD.
---@param code string
---@return integer? digits nil for an unknown code
function currency.digits(code)
  if not currency.known(code) then return nil end
  return DIGITS[code] or 2
end

-- The whole number of minor units in an amount, or nil where a part of one is left over.
local function whole_units(amount, digits)
  if digits == 0 then return amount % 1 == 0 and amount or nil end
  local minor = amount * 10 ^ digits
  local whole = math.floor(minor + 0.5)
  -- 12.34 * 100 is not quite 1234: allow for the rounding of doubles, no more
  local slack = math.max(1e-6, math.abs(minor) * 4e-16)
  return math.abs(minor - whole) <= slack and whole or nil
end

---Can an amount in major units be paid in a currency: is it no finer than its smallest unit?
---@param amount number
---@param code string
---@return boolean false for an unknown code, infinities and NaN
function currency.payable(amount, code)
  local digits = currency.digits(code)
  return digits ~= nil and whole_units(amount, digits) ~= nil
end

---An amount in major units (as V1 and people write it) to minor units (as V2 takes it).
---@param amount number
---@param code string
---@return integer? minor nil, problem for an unknown code or a fraction the currency lacks
---@return string? problem
function currency.minor(amount, code)
  local digits = currency.digits(code)
  if not digits then return nil, "unknown currency " .. tostring(code) end
  local whole = whole_units(amount, digits)
  if not whole then
    return nil, ("%s has %d digits after the point"):format(code, digits)
  end
  return math.tointeger and math.tointeger(whole) or whole
end

---An amount in minor units to major units.
---@param minor integer
---@param code string
---@return number? amount nil for an unknown code
function currency.major(minor, code)
  local digits = currency.digits(code)
  return digits and minor / 10 ^ digits
end

return currency
