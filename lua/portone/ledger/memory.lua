-- SPDX-License-Identifier: MIT
-- A ledger's store in this Lua state's memory: for tests, and to show what a store is. It
-- outlives nothing; what it is given is as good as written. See portone.ledger for the form.

local M = {}

local store = {}
local mt = { __name = "portone.ledger.memory", __index = store }

function store:add(id, text)
  if self.entries[id] then
    return false
  end
  self.entries[id] = { text = text, version = 1, open = true }
  return true
end

function store:read(id)
  local entry = self.entries[id]
  if entry then
    return entry.text, entry.version
  end
end

function store:write(id, version, text, open)
  local entry = self.entries[id]
  if not entry or entry.version ~= version then
    return false
  end
  entry.text, entry.version, entry.open = text, version + 1, open
  return true
end

function store:unsettled(after, n)
  local ids, page = {}, {}
  for id, entry in pairs(self.entries) do
    if entry.open and (not after or id > after) then
      ids[#ids + 1] = id
    end
  end
  table.sort(ids)
  for i = 1, math.min(n, #ids) do
    page[i] = ids[i]
  end
  return page
end

---@return portone.ledger.Store
function M.new()
  return setmetatable({ entries = {} }, mt)
end

return M
