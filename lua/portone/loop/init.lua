-- SPDX-License-Identifier: MIT
-- How a call waits. A host is a table with
--   name
--   perform(core_client, method, url, headers, body, timeout) -> what core_client:perform gives
--   sleep(seconds)
--   once(key, fn) -> results of fn; of several callers at once with one key, one runs fn
--   map(items, fn, options): see portone.loop.tasks
--
-- Which one is meant is found out anew for every call: the same client may be used in a task
-- now and outside of it later.

local blocking = require "portone.loop.blocking"

local M = {}

local globals, loaded, rawget, type = _G, package.loaded, rawget, type

---The hosts that can be asked for by name.
M.names = { blocking = true, tasks = true, nginx = true, cqueues = true, luv = true }

local function by_name(name)
  if not M.names[name] then
    error(("portone: no loop '%s' (blocking, tasks, nginx, cqueues, luv, or a host of your own)")
      :format(tostring(name)), 0)
  end
  local loop = require("portone.loop." .. name)
  return loop.host or loop
end

---The host for a call made here and now: the client's own choice; nginx in nginx; the tasks
---inside of a task; cqueues inside of one of its controllers; otherwise the call blocks.
---@param choice? string|table  the client's `loop` option: a name, or a host of the caller's own
---@return table host
function M.current(choice)
  if choice ~= nil then
    return type(choice) == "table" and choice or by_name(choice)
  elseif rawget(globals, "ngx") then
    return by_name("nginx")
  end
  local tasks = loaded["portone.loop.tasks"]
  if tasks and tasks.inside() then
    return tasks.host
  end
  local cqueues = loaded["cqueues"]
  if cqueues and cqueues.running() then
    return by_name("cqueues")
  end
  return blocking
end

return M
