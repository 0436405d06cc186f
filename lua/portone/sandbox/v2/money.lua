-- SPDX-License-Identifier: MIT
--- Amounts of the V2 API: integers in the currency's minor unit, and their tax parts.
--
-- All arithmetic stays in whole numbers below 2^53, so that it is exact on LuaJIT too.

local answer = require "portone.sandbox.v2.answer"
local settings = require "portone.sandbox.v2.settings"

local M = {}

local LIMIT = 2 ^ 53

local function whole(value)
  return type(value) == "number" and value % 1 == 0 and value > -LIMIT and value < LIMIT
end

--- Refuses a value that is not a whole number of at least `least`.
---@param path string the field, for the message
---@param value any
---@param least integer
---@return integer value
function M.check(path, value, least)
  if not whole(value) then answer.invalid(path, "expected an integer in the minor unit") end
  if value < least then answer.invalid(path, "must be at least " .. string.format("%d", least)) end
  return value
end

--- One eleventh of the taxable amount: the VAT that the API works out when it is omitted.
-- Source: the field's description says 1/11; the rounding is the setting v2_vat_rounding.
---@param world table
---@param taxable integer minor units
---@return integer vat minor units
function M.vat(world, taxable)
  local rest = taxable % 11
  local vat = math.floor((taxable - rest) / 11)
  local rounding = settings.get(world, "v2_vat_rounding")
  local up = rounding == "up" and rest > 0 or rounding == "half_up" and rest >= 6
  return up and vat + 1 or vat
end

--- Checks the parts of an amount and fills in what was omitted.
---@param world table
---@param input table { total, taxFree?, vat? }
---@return table amount { total, tax_free, vat, supply }
function M.parts(world, input)
  local total = M.check("amount.total", input.total, 1)
  local tax_free = M.check("amount.taxFree", input.taxFree or 0, 0)
  if input.vat then M.check("amount.vat", input.vat, 0) end
  if tax_free + (input.vat or 0) > total then
    answer.refuse("SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT", "taxFree and vat exceed the total")
  end
  local vat = input.vat or M.vat(world, total - tax_free)
  return { total = total, tax_free = tax_free, vat = vat, supply = total - tax_free - vat }
end

return M
