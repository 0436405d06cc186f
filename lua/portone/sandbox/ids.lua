-- SPDX-License-Identifier: MIT
-- A seeded source of numbers and identifiers: the same seed gives the same sequence on every
-- Lua, with or without integers. The generator is L'Ecuyer's MRG32k3a ("Good parameters and
-- implementations for combined multiple recursive random number generators", 1999), whose
-- products stay below 2^53, so that doubles carry it exactly.

local M = {}

local M1, M2 = 4294967087, 4294944443

---@class portone.sandbox.ids
local methods = {}
local mt = { __name = "portone.sandbox.ids", __index = methods }

-- Six numbers of the state from the bytes of the seed; none is zero.
local function spread(seed)
  local state = {}
  for i = 1, 6 do
    local m = i <= 3 and M1 or M2
    local h = 7919 * i
    for k = 1, #seed do
      h = (h * 257 + seed:byte(k) + i) % m
    end
    state[i] = h % (m - 1) + 1
  end
  return state
end

---A new source.
---@param seed string|number
---@return portone.sandbox.ids
function M.new(seed)
  if type(seed) == "number" then
    seed = ("%.14g"):format(seed)
  end
  local self = setmetatable({ state = spread(tostring(seed)) }, mt)
  for _ = 1, 16 do  -- seeds that differ little begin alike
    self:word()
  end
  return self
end

---The next number of 32 bits.
---@return number from 0 to 2^32 - 1
function methods:word()
  local s = self.state
  local a = (1403580 * s[2] - 810728 * s[1]) % M1
  local b = (527612 * s[6] - 1370589 * s[4]) % M2
  s[1], s[2], s[3], s[4], s[5], s[6] = s[2], s[3], a, s[5], s[6], b
  return (a - b) % M1
end

---@return number from 0, below 1
function methods:random()
  return self:word() / M1
end

---@param n integer
---@return string n hexadecimal digits in lower case
function methods:hex(n)
  local out = {}
  for i = 1, math.ceil(n / 8) do
    out[i] = ("%08x"):format(self:word())
  end
  return table.concat(out):sub(1, n)
end

---@param n integer
---@return string n decimal digits
function methods:digits(n)
  local out = {}
  for i = 1, math.ceil(n / 6) do
    out[i] = ("%06d"):format(math.floor(self:random() * 1000000))
  end
  return table.concat(out):sub(1, n)
end

---@return string "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx"
function methods:uuid()
  local h = self:hex(32)
  local variant = ("89ab"):sub(math.floor(self:random() * 4) + 1):sub(1, 1)
  return table.concat({ h:sub(1, 8), h:sub(9, 12), "4" .. h:sub(14, 16),
    variant .. h:sub(18, 20), h:sub(21, 32) }, "-")
end

---@param n integer
---@return string n bytes
function methods:bytes(n)
  return (self:hex(2 * n):gsub("%x%x", function(pair)
    return string.char(tonumber(pair, 16))
  end))
end

return M
