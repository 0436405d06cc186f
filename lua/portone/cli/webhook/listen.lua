-- SPDX-License-Identifier: MIT
-- portone webhook listen: receives on loopback, prints, and hands on. Who sent a message hears
-- what its receiver answered, so that PortOne sends it again when that one did not take it.

local core = require "portone.core"
local exits = require "portone.cli.exits"
local portone = require "portone"
local say = require "portone.cli.say"
local signals = require "portone.cli.signals"
local tasks = require "portone.loop.tasks"
local terminal = require "portone.cli.terminal"

local M = {}

local SPARE = 5   -- seconds that a message may be held beyond the time for its receiver
local FAREWELL = 2  -- … that the last answers may take to get out

---Seconds that a receiver has: PortOne gives up at 30.
M.TIMEOUT = 25

-- {====== Handing on ======

local forwarded = { ["content-type"] = true, ["webhook-id"] = true,
                    ["webhook-timestamp"] = true, ["webhook-signature"] = true }

-- The answer's own kind of body: the words of a refused confirm are JSON.
local function content_type(raw)
  return ("\n" .. raw):match("\n([Cc][Oo][Nn][Tt][Ee][Nn][Tt]%-[Tt][Yy][Pp][Ee]:[^\r\n]*)")
end

-- Sends a message on as it came: the answer for its sender, and what became of it in words.
local function forward(state, message)
  local lines = {}
  for _, line in ipairs(message.lines) do
    if forwarded[(line:match("^[^:]*") or ""):lower()] then
      lines[#lines + 1] = line
    end
  end
  local status, body, raw = tasks.host.perform(state.client, "POST", state.url, lines,
    message.body, state.timeout)
  if status then
    return { status = status, body = body, headers = { content_type(raw) } },
      ("HTTP %d"):format(status)
  end
  local words = ("%s: %s"):format(body, raw)
  return { status = body == "timeout" and 504 or 502, body = words .. "\n" }, words
end

-- }======

local function describe(message, secrets)
  if not message.headers["webhook-signature"] then
    local note, err = portone.webhook.parse_v1(message.body)
    return note and { verified = false, claim = note.body,
      reason = "V1 signs nothing: read the payment to know" }
      or { verified = false, reason = err.message }
  end
  local event, err = portone.webhook.verify(message.body, message.headers, { secrets = secrets })
  if not event then
    return { verified = false, reason = err.message }
  end
  return { verified = true, type = event.type, data = event.data, id = event.id,
    timestamp = event.timestamp }
end

-- V1 signs nothing: its notifications go on as the claims that they are, for the receiver to
-- read the payment.
local function answer_of(state, found, message)
  if not found.verified and not found.claim then
    return { status = 401, body = found.reason .. "\n" }
  elseif not state.url then
    return { status = 200 }
  end
  local answer
  answer, found.forwarded = forward(state, message)
  return answer
end

local function mark_of(found)
  if found.verified then
    return terminal.paint(1, "green", "verified")
  elseif found.claim then
    return terminal.paint(1, "yellow", "unsigned")
  end
  return terminal.paint(1, "red", "refused ")
end

local function print_message(found, as_json)
  if as_json then
    io.stdout:write((say.json(found):gsub("\n%s*", "")), "\n")
  else
    io.stdout:write(mark_of(found), " ", found.type or found.reason or "", "\n")
    local rest = found.data or found.claim
    if rest then
      io.stdout:write("  ", (require("portone.show").text(rest):gsub("\n", "\n  ")), "\n")
    end
    if found.forwarded then
      io.stdout:write("  forwarded: ", found.forwarded, "\n")
    end
  end
  io.stdout:flush()
end

-- One message, in a task of its own: a slow receiver holds up nobody else.
local function serve(state, message)
  local found = describe(message, state.secrets)
  local answer = answer_of(state, found, message)
  answer.headers = answer.headers or {}
  answer.headers[#answer.headers + 1] = "Connection: close"
  state.inbox:reply(message, answer)
  print_message(found, state.json)
end

-- Until it is interrupted, or has dealt with `count` messages.
local function receive(state, count)
  local caught, seen, busy = signals.catch(), 0, 0
  while not caught() and (seen < count or busy > 0) do
    local message = seen < count and state.inbox:take(busy > 0 and 0.01 or 0.1)
    if message then
      seen = seen + 1
      tasks.spawn(serve, state, message)
    end
    busy = tasks.poll(seen < count and 0 or 0.1)
  end
end

local function bad_options(options)
  if options.timeout and not (options.timeout > 0 and options.timeout < 3600) then
    return "--timeout: seconds expected, above 0"
  elseif options.forward then
    local ok, problem = core.check_url(options.forward, false)
    return not ok and "--forward: " .. tostring(problem) or nil
  end
end

---@param options table  of the command line
---@param secrets string[]
---@return integer status
---@return string? problem
function M.run(options, secrets)
  local problem = bad_options(options)
  if problem then
    return exits.usage, problem
  end
  local timeout, inbox = options.timeout or M.TIMEOUT
  inbox, problem = require("portone.sandbox.inbox").start { port = options.port,
    hold = timeout + SPARE }
  if not inbox then
    return exits.unavailable, problem
  end
  local client = core.client { connect_timeout = math.min(timeout, 10), max_response = 1048576 }
  io.stdout:write("listening at ", inbox.url, "\n")
  io.stdout:flush()
  local done = pcall(receive, { inbox = inbox, client = client, url = options.forward,
    timeout = timeout, secrets = secrets, json = options.json }, options.count or math.huge)
  if done then  -- without luv Ctrl-C raises
    inbox:drain(FAREWELL)
  end
  inbox:stop()
  client:close()
  return exits.ok
end

return M
