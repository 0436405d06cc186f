-- SPDX-License-Identifier: MIT
-- How a call waits. A host is a table with
--   name
--   perform(core_client, method, url, headers, body, timeout) -> what core_client:perform gives
--   sleep(seconds)
--   once(key, fn) -> results of fn; of several callers at once with one key, one runs fn

local blocking = require "portone.loop.blocking"

local M = {}

---The host for a call made here and now.
---@param loop? table  the client's `loop` option: a host of the caller's own
---@return table host
function M.current(loop)
  return loop or blocking
end

return M
