-- SPDX-License-Identifier: MIT
-- The inbox inside its own Lua state: keeps every request and answers as it was told.

local core = require "portone.core"
local json = require "portone.json"

local M = {}

local STEP = 0.01  -- seconds between two looks at a message that waits for its answer

local host, answers
local messages, taken, count = {}, 0, 0

-- Messages that wait for 'reply': token -> { ends =, plan = }.
local held = {}

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
  local token = answers.hold and ("%.0f"):format(count) or nil
  messages[count] = { method = method, target = target, headers = headers, lines = lines,
    body = body, token = token }
  host.notify()
  if token then
    held[token] = { ends = core.monotonic() + answers.hold }
    return { again = token, delay = STEP }
  end
  return { status = next_status(), body = answers.body or "", headers = answers.headers,
    delay = answers.delay, ending = answers.ending }
end

---Has the answer of a message come, or will it come no more?
function M.again(token)
  local wait = held[token]
  local plan = wait.plan or core.monotonic() >= wait.ends and { status = 504, body = "" }
  if not plan then
    return { again = token, delay = STEP }
  end
  held[token] = nil
  return plan
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
    lines = lines, body = hex(message.body), token = message.token }
end

function verbs.reply(options)
  local wait = held[options.token]
  if not wait or wait.plan then
    return false
  end
  wait.plan = { status = options.status, headers = options.headers,
    body = (options.body:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)) }
  return true
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
