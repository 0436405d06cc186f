-- SPDX-License-Identifier: MIT
-- Finds the row of a request: a tree of path segments per API, in which a written-out segment
-- wins over a path field and, where it does not know the method, gives way to it.

local wire = require "portone.sandbox.wire"

local M = {}

---@class portone.sandbox.router
local methods = {}
local mt = { __name = "portone.sandbox.router", __index = methods }

local function new_node()
  return { static = {}, rows = {} }
end

---A router without rows.
---@return portone.sandbox.router
function M.new()
  return setmetatable({ roots = { v1 = new_node(), v2 = new_node() } }, mt)
end

---A router over rows.
---@param rows fun(): table?  iterator, such as `portone.api.all()`
---@return portone.sandbox.router
function M.over(rows)
  local router = M.new()
  for row in rows do
    router:add(row)
  end
  return router
end

local function child(node, segment)
  local field = segment:match("^{(.*)}$")
  if field then
    node.field = node.field or new_node()
    return node.field, field
  end
  node.static[segment] = node.static[segment] or new_node()
  return node.static[segment]
end

---Adds a row. A path field at the end that is not required may be left out with its slash.
---@param row table  { api =, method =, path =, path_fields = }
function methods:add(row)
  local node, names = self.roots[row.api], {}
  for segment in row.path:gmatch("[^/]+") do
    local parent = node
    local name
    node, name = child(node, segment)
    if name then
      local field = row.path_fields and row.path_fields[name]
      if field and not field.required then
        -- the last one: the names before it are all there are
        local before = {}
        for i, known in ipairs(names) do
          before[i] = known
        end
        parent.rows[row.method] = parent.rows[row.method] or { row = row, names = before }
      end
      names[#names + 1] = name
    end
  end
  node.rows[row.method] = { row = row, names = names }
end

-- The best leaf below a node: one that knows the method, else any that ends the path.
local function search(node, segments, i, method, values)
  if i > #segments then
    return node.rows[method], next(node.rows) ~= nil
  end
  local segment, seen = segments[i], false
  local static = node.static[segment]
  if static then
    local found, ended = search(static, segments, i + 1, method, values)
    if found then
      return found, true
    end
    seen = ended
  end
  if node.field then
    values[#values + 1] = segment
    local found, ended = search(node.field, segments, i + 1, method, values)
    if found then
      return found, true
    end
    values[#values] = nil
    seen = seen or ended
  end
  return nil, seen
end

---Finds the row of a request.
---@param version "v1"|"v2"
---@param method string
---@param path string    as on the wire: percent-encoded, without the query
---@return table? row
---@return table|"path"|"method" fields  values of the path fields; or what is not known
function methods:find(version, method, path)
  local segments = {}
  for segment in (path:gsub("/$", "") .. "/"):gmatch("([^/]*)/") do
    local decoded = wire.unescape(segment)
    if not decoded or not wire.is_utf8(decoded) then
      return nil, "path"
    end
    segments[#segments + 1] = decoded
  end
  table.remove(segments, 1)  -- what stands before the first slash
  for _, segment in ipairs(segments) do
    if segment == "" then
      return nil, "path"
    end
  end
  local values = {}
  local found, ended = search(self.roots[version], segments, 1, method, values)
  if not found then
    return nil, ended and "method" or "path"
  end
  local fields = {}
  for i, name in ipairs(found.names) do
    fields[name] = values[i]
  end
  return found.row, fields
end

return M
