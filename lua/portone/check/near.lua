-- SPDX-License-Identifier: MIT
-- "Did you mean": the name that a mistaken one was most likely meant to be.

local near = {}

-- Spelling apart from case and separators: merchant_uid, merchantUid, merchant-uid, imp_uid[].
local function letters(s) return (s:lower():gsub("[^%w]", "")) end

-- Edits (insert, delete, replace, swap neighbours) from a to b; more than `limit` is not counted.
local function distance(a, b, limit)
  if math.abs(#a - #b) > limit then return limit + 1 end
  local before, last, row = {}, {}, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    row[0] = i
    local best = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      local d = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        d = math.min(d, before[j - 2] + 1)
      end
      row[j] = d
      if d < best then best = d end
    end
    if best > limit then return limit + 1 end
    before, last, row = last, row, before
  end
  return last[#b]
end

---The candidate nearest to `text`.
---@param text string
---@param names string[]
---@return string? name nil when none is near; the first of the list wins a tie
function near.name(text, names)
  local plain = letters(text)
  local limit = math.max(1, math.floor(#plain / 3))
  local best, found
  for _, name in ipairs(names) do
    local d = distance(plain, letters(name), limit)
    if d <= limit and (not best or d < best) then best, found = d, name end
  end
  return found
end

---The operation nearest to `text`: the same name in another group first, then by spelling.
---@param text string "payment.issue_billing_key" or "issueBillingKey"
---@param operations string[][] { "payment.billing_key.issue_billing_key", "issue_billing_key" }
---@return string? full
function near.operation(text, operations)
  local op = text:match("([^.:]*)$")
  local full, last, homes, exact = {}, {}, {}, nil
  table.sort(operations, function(a, b) return a[1] < b[1] end)
  for _, o in ipairs(operations) do
    full[#full + 1], last[#last + 1] = o[1], o[2]
    homes[o[2]] = homes[o[2]] or {}
    table.insert(homes[o[2]], o[1])
    if letters(o[2]) == letters(op) then exact = o[2] end
  end
  local name = exact or near.name(op, last)
  local same = name and homes[name]
  if not same then return near.name(text, full) end
  return #same == 1 and same[1] or near.name(text, same) or same[1]
end

return near
