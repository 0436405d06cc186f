-- SPDX-License-Identifier: MIT
-- SIGINT and SIGTERM as something to look at, so that what runs can end in good order. Needs
-- luv; without it a signal ends the process at once, which loses no money either.

local M = {}

---From now on the two signals are noted only.
---@return fun(): string? caught  the name of one that came since the last look
function M.catch()
  local found, uv = pcall(require, "luv")
  if not found then
    return function() end
  end
  local came
  for _, name in ipairs { "sigint", "sigterm" } do
    uv.signal_start(uv.new_signal(), name, function() came = name:upper() end)
  end
  return function()
    uv.run("nowait")
    local name = came
    came = nil
    return name
  end
end

return M
