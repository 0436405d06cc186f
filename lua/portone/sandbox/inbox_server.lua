-- SPDX-License-Identifier: MIT
-- The inbox inside its own Lua state: keeps every request and answers as it was told.

local json = require "portone.json"

local M = {}

local host, answers
local messages, taken, count = {}, 0, 0

-- Statuses given as a list are used up one by one; then `status` counts.
local function next_status()
  local list = answers.statuses
  if list and #list > 0 then
    return table.remove(list, 1)
  end
  return answers.status or 200
end

---A request has come: keep it, answer as configured.
function M.handle(_, method, target, headers, body, lines)
  count = count + 1
  messages[count] = { method = method, target = target, headers = headers, lines = lines,
    body = body }
  host.notify()
  return { status = next_status(), body = answers.body or "", headers = answers.headers,
    delay = answers.delay, ending = answers.ending }
end

local verbs = {}

-- The oldest message that was not taken yet. Bodies and header values may be any bytes, so each
-- travels as a JSON string of its own hexadecimal digits.
local function hex(text)
  return (text:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end))
end

function verbs.take()
  if taken == count then
    return false
  end
  taken = taken + 1
  local message = messages[taken]
  messages[taken] = nil
  local headers, lines = {}, json.array {}
  for name, value in pairs(message.headers) do
    headers[hex(name)] = hex(value)
  end
  for i, line in ipairs(message.lines) do
    lines[i] = hex(line)
  end
  return { method = message.method, target = hex(message.target), headers = headers,
    lines = lines, body = hex(message.body) }
end

function verbs.count()
  return count
end

function verbs.answer(options)
  answers = options
  return true
end

function M.call(name, text)
  return assert(json.encode({ value = verbs[name](json.decode(text) or {}) }))
end

function M.open(config, new_host)
  answers, host = assert(json.decode(config)), new_host
end

return M
