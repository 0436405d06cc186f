-- SPDX-License-Identifier: MIT
-- Where a check writes what it finds. One report serves all checks of a Lua state, since a
-- check neither yields nor calls foreign code: its array part is the path walked so far, and
-- a check that finds nothing allocates nothing.

local report = { problems = nil, warnings = nil, pg = nil, wire = nil }

---Makes the report ready for another check.
---@param pg? string lower-case code of the PG, when known
---@param wire? boolean the arguments are those that arrived at a server
function report.start(pg, wire)
  report.problems, report.warnings, report.pg, report.wire = nil, nil, pg, wire
end

local function key_text(k)
  if type(k) == "string" then return k end
  return type(k) == "number" and ("[%.14g]"):format(k) or "[" .. type(k) .. "]"
end

---"schedules[2].amount": the first `depth` keys walked, then `last`.
---@param depth integer
---@param last? any
---@return string
function report.path(depth, last)
  local parts = {}
  for i = 1, depth do
    local k = report[i]
    local text = key_text(k)
    parts[#parts + 1] = i > 1 and text:sub(1, 1) ~= "[" and "." .. text or text
  end
  if last ~= nil then
    local text = key_text(last)
    parts[#parts + 1] = depth > 0 and text:sub(1, 1) ~= "[" and "." .. text or text
  end
  return table.concat(parts)
end

-- Nobody reads more, and a long list of wrong items must not cost much more than a right one.
local MOST = 100

---Are there as many problems as will be kept?
---@return boolean
function report.full()
  return report.problems ~= nil and #report.problems >= MOST
end

---Notes a problem at the place walked to.
---@param depth integer
---@param code string what kind of problem it is: one of `check.codes`
---@param problem string
---@param last? any key below that place
function report.add(depth, code, problem, last)
  if report.full() then return end
  report.problems = report.problems or {}
  table.insert(report.problems, { path = report.path(depth, last), problem = problem,
    code = code })
end

---Notes something the documents only recommend.
---@param depth integer
---@param problem string
---@param last? any
function report.warn(depth, problem, last)
  if report.warnings and #report.warnings >= MOST then return end
  report.warnings = report.warnings or {}
  table.insert(report.warnings, { path = report.path(depth, last), problem = problem })
end

local function by_path(a, b)
  if a.path ~= b.path then return a.path < b.path end
  return a.problem < b.problem
end

---What was found, in order of path.
---@return table[]? problems
---@return table[]? warnings
function report.finish()
  if report.problems then table.sort(report.problems, by_path) end
  if report.warnings then table.sort(report.warnings, by_path) end
  return report.problems, report.warnings
end

return report
