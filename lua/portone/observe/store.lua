-- SPDX-License-Identifier: MIT
-- Where the numbers of observe/metrics.lua are: in this Lua state, or in an ngx.shared
-- dictionary, where all workers of an nginx count together.
--
-- A series is a metric with its labels, in the text of a line of Prometheus' format:
-- portone_calls_total{operation="v2.payment.get_payment",outcome="ok"}

local M = {}

local memory = {}
memory.__index = memory

---Adds to a series, from 0.
---@param series string
---@param by number
function memory:add(series, by)
  self.values[series] = (self.values[series] or 0) + by
end

---What this worker has of a series that is not a sum: the last word counts.
---@param series string
---@param value number
function memory:put(series, value)
  self.values[series] = value
end

---All series. @return table<string, number>
function memory:all()
  return self.values
end

---@return table store  of this Lua state
function M.memory()
  return setmetatable({ values = {} }, memory)
end

local shared = {}
shared.__index = shared

local PREFIX = "portone:metrics:"  -- the dictionary may hold other things too

function shared:add(series, by)
  self.dict:incr(PREFIX .. series, by, 0)
end

-- Each worker has its own, and what is shown is the sum. What a worker leaves behind at a reload
-- is written over by the one that gets its number.
function shared:put(series, value)
  self.dict:set(PREFIX .. "worker " .. tostring(ngx.worker.id() or 0) .. " " .. series, value)
end

function shared:all()
  local values = {}
  for _, key in ipairs(self.dict:get_keys(0)) do
    if key:sub(1, #PREFIX) == PREFIX then
      local series = key:sub(#PREFIX + 1):gsub("^worker %d+ ", "")
      values[series] = (values[series] or 0) + (self.dict:get(key) or 0)
    end
  end
  return values
end

---A store in a dictionary of nginx. Raises when there is none of that name.
---@param name string    as in lua_shared_dict
---@param level integer  error's level of the caller to blame, seen from here
---@return table store
function M.shared(name, level)
  local dict = rawget(_G, "ngx") and ngx.shared and ngx.shared[name]
  if not dict then
    error(("portone.observe.metrics: there is no ngx.shared.%s: add 'lua_shared_dict %s 1m;' to "
      .. "the http block of nginx.conf"):format(name, name), level)
  end
  return setmetatable({ dict = dict }, shared)
end

return M
