-- SPDX-License-Identifier: MIT
-- The host without a loop: a call keeps its thread until the answer is there.

local core = require "portone.core"

local M = { name = "blocking", perform = core.perform, sleep = core.sleep }

-- One thread, one caller: nobody else can be at it.
function M.once(_, fn)
  return fn()
end

-- Several calls at a time are tasks, until the last one is done.
function M.map(...)
  return require("portone.loop.tasks").map(...)
end

return M
