-- SPDX-License-Identifier: MIT
-- For what must have come so far when a time is up. On a machine that stands still for a moment
-- a short time is up before anything has: then the same is done again with a longer one. What
-- never comes does not come with the longest either, and fails.

---@param wanted any
---@param fn fun(seconds: number): any
---@return any  what fn gave: 'wanted', or what the longest time gave
return function(wanted, fn)
  local got
  for _, seconds in ipairs { 0.15, 1.5, 15 } do
    got = fn(seconds)
    if got == wanted then break end
  end
  return got
end
