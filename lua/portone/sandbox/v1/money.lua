-- SPDX-License-Identifier: MIT
-- Amounts of V1: numbers in the currency's major unit, exact to its smallest unit.

local iso4217 = require "portone.check.currency"

local M = {}

local tointeger = math.tointeger or function(x) return x end

local function whole(x)
  return tointeger(x) or x
end

--- Rounds to the smallest unit, half up. An integral amount becomes an integer where Lua has them.
---@param amount number major units
---@param currency string ISO 4217 code
---@return number
function M.round(amount, currency)
  local scale = 10 ^ (iso4217.digits(currency) or 2)
  local units = math.floor(amount * scale + 0.5)
  return whole(units / scale)
end

--- Whether an amount can be paid in a currency: finite, and no finer than its smallest unit.
---@param amount any
---@param currency string ISO 4217 code
---@return boolean
function M.payable(amount, currency)
  if type(amount) ~= "number" or amount ~= amount then return false end
  if amount < 0 or amount > 2 ^ 53 then return false end
  return iso4217.payable(amount, currency)
end

--- Sum and difference, in the currency's smallest unit.
---@param a number
---@param b number
---@param currency string
---@return number
function M.add(a, b, currency) return M.round(a + b, currency) end

---@param a number
---@param b number
---@param currency string
---@return number
function M.sub(a, b, currency) return M.round(a - b, currency) end

--- VAT inside a taxable amount: one eleventh, rounded.
---@param taxable number
---@param currency string
---@return number
function M.vat(taxable, currency) return M.round(taxable / 11, currency) end

return M
