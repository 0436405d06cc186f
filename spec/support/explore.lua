-- SPDX-License-Identifier: MIT
-- Runs a program once for every sequence of choices it can be given: what may happen is
-- written down as choices, and all of it happens.

local M = {}

---@param body fun(choose: fun(n: integer): integer)  asks choose(n) for one of 1 to n; must do
---  the same again when it is given the same choices
---@param limit? integer  give up after so many runs
---@return integer runs
function M.all(body, limit)
  local path, runs = {}, 0
  local depth
  local function choose(n)
    depth = depth + 1
    local node = path[depth]
    if not node then
      node = { at = 1, n = n }
      path[depth] = node
    end
    assert(node.n == n, "the program under exploration is not deterministic")
    return node.at
  end
  repeat
    depth = 0
    body(choose)
    runs = runs + 1
    assert(depth == #path, "the program under exploration is not deterministic")
    while #path > 0 and path[#path].at == path[#path].n do
      path[#path] = nil
    end
    if #path > 0 then
      path[#path].at = path[#path].at + 1
    end
    if limit and runs > limit then
      error("more than " .. limit .. " runs")
    end
  until #path == 0
  return runs
end

return M
