-- SPDX-License-Identifier: MIT
-- A line of the table of 'make bench', as common.sh's 'row' writes it.

local compare = {
  ["<"] = function(a, b) return a < b end, ["<="] = function(a, b) return a <= b end,
  [">="] = function(a, b) return a >= b end,
}

---@param what string
---@param value number
---@param format string    how the value is written
---@param operator? string "<", "<=" or ">="
---@param target? number
---@return boolean met
return function(what, value, format, operator, target)
  local met = not operator or compare[operator](value, target)
  local file = os.getenv("PORTONE_BENCH_ROWS")
  if file then
    local f = assert(io.open(file, "a"))
    f:write(what, "\t", format:format(value), "\t", operator and operator .. " " .. target or "",
      "\t", operator and (met and "met" or "missed") or "-", "\n")
    f:close()
  end
  return met
end
