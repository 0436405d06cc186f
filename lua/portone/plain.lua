-- SPDX-License-Identifier: MIT
-- The plain call: arguments that are right, and of the kinds that nearly all calls are made of.
-- One walk in C (src/lplain.c) sees that they are and makes the request, for a fifth of what
-- check.lua and build.lua take. Those two remain the word on what is right and what it looks
-- like: a row's plan, made when the row is first used, holds only what they are sure to accept
-- without a word, and anything else goes their way.

local plain = require("portone.core").plain

local M = {}

-- row -> its plan, false where it can have none
local plans = setmetatable({}, { __mode = "k" })

---The request of a plain call.
---@param row table        the operation
---@param args table       the caller's arguments, left as they are
---@param store_id? string filled in where the operation takes one
---@param base? string     the server; without it, the path alone
---@return string? url      nil when it is not plain, which says nothing about whether it is right
---@return string? body    JSON; nil when there is none
function M.request(row, args, store_id, base)
  local plan = plans[row]
  if plan == nil then
    plan = require("portone.check.plan").of(row) or false
    plans[row] = plan
  end
  if not plan then
    return nil
  end
  local url, body, unmade = plain(plan, args, store_id, base)
  while unmade do  -- a type that nobody has used yet: 'body' is the plan that refers to it
    body[unmade] = body[unmade]() or false
    url, body, unmade = plain(plan, args, store_id, base)
  end
  return url, body
end

return M
