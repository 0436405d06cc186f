-- SPDX-License-Identifier: MIT
-- A module as it would be with one line changed: a check that cannot fail proves nothing.

local M = {}

local function source_of(module)
  local name = module:gsub("%.", "/")
  for template in package.path:gmatch("[^;]+") do
    local file = io.open((template:gsub("%?", name)))
    if file then
      local text = file:read("*a")
      file:close()
      return text
    end
  end
  error("no source of " .. module)
end

---@param wanted string   the module that is returned, loaded afresh
---@param module string   the module with the line, which may be the same
---@param from string     plain text, found once
---@param to string
---@param more? string[]  modules between the two, loaded afresh too
---@return any
function M.load(wanted, module, from, to, more)
  local text = source_of(module)
  local first, last = text:find(from, 1, true)
  assert(first, module .. " has no such line any more: " .. from)
  text = text:sub(1, first - 1) .. to .. text:sub(last + 1)
  local chunk = assert((loadstring or load)(text, "=" .. module .. ", changed"))
  local kept, fresh = {}, { wanted, module }
  for _, name in ipairs(more or {}) do
    fresh[#fresh + 1] = name
  end
  for _, name in ipairs(fresh) do
    kept[name] = kept[name] or package.loaded[name]
    package.loaded[name] = nil
  end
  package.preload[module] = chunk
  local result = require(wanted)
  package.preload[module] = nil
  for name, value in pairs(kept) do
    package.loaded[name] = value
  end
  return result
end

return M
