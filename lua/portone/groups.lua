-- SPDX-License-Identifier: MIT
-- client.v1.subscribe.again, client.v2.payment.billing_key.issue_billing_key: tables that
-- fill themselves as they are used. Printing one lists what it holds.

local api = require "portone.api"

local M = {}

-- function of an operation -> its row, for those who are handed the function
local rows = setmetatable({}, { __mode = "k" })

-- What a group holds directly: operation names and the names of its sub-groups.
local function contents(api_name, group)
  local prefix = group == "" and "" or group .. "."
  local subgroups, seen = {}, {}
  for _, name in ipairs(api.groups(api_name)) do
    if name:sub(1, #prefix) == prefix then
      local first = name:sub(#prefix + 1):match("^[^.]+")
      if first and not seen[first] then
        seen[first] = true
        subgroups[#subgroups + 1] = first
      end
    end
  end
  table.sort(subgroups)
  return group ~= "" and api.names(api_name, group) or {}, subgroups, seen
end

local function title(api_name, group)
  return "portone." .. api_name .. (group ~= "" and "." .. group or "")
end

local function listing(api_name, group)
  local names, subgroups = contents(api_name, group)
  local out = { title(api_name, group) .. " holds" }
  for _, name in ipairs(subgroups) do
    out[#out + 1] = "  " .. name .. "."
  end
  for _, name in ipairs(names) do
    local row = api.find(api_name, group, name)
    out[#out + 1] = ("  %-34s %s"):format(name, row.summary or (row.method .. " " .. row.path))
  end
  return table.concat(out, "\n")
end

-- An operation as a function; 'self' is the group it is called on, to notice a colon.
local function operation(self, row, run)
  local function call(args, opts)
    if args ~= nil and rawequal(args, self) then
      error(("%s: call it with a dot, not a colon: portone.%s{ … }"):format(row.name, row.name), 2)
    end
    local result, err, info = run(row, args, opts, 3)
    return result, err, info
  end
  rows[call] = row
  return call
end

---The row behind an operation's function.
---@param fn any
---@return table?
function M.row_of(fn)
  return rows[fn]
end

---The namespace of an API generation, or of a group in it.
---@param api_name "v1"|"v2"
---@param group string       "" for the top
---@param run fun(row: table, args: table?, opts: table?, level: integer): any
---@return table
function M.new(api_name, group, run)
  local mt = { __name = "portone.group" }
  function mt.__index(self, key)
    if type(key) ~= "string" then
      return nil
    end
    local _, names, subgroups = contents(api_name, group)
    local path = group == "" and key or group .. "." .. key
    local value
    if subgroups[key] then
      value = M.new(api_name, path, run)
    else  -- looking for a row loads those of the group, which a sub-group does not need
      local row = group ~= "" and api.find(api_name, group, key)
      value = row and operation(self, row, run)
    end
    if not value then
      local sub = require("portone.check.near").name(key, names)
      local hint = sub and api_name .. "." .. (group == "" and "" or group .. ".") .. sub
        or api.suggestion(api_name, path)
      error(("%s: no such operation or group%s"):format(title(api_name, path),
        hint and (" (did you mean portone.%s?)"):format(hint) or ""), 2)
    end
    rawset(self, key, value)
    return value
  end
  function mt.__tostring()
    return listing(api_name, group)
  end
  return setmetatable({}, mt)
end

return M
