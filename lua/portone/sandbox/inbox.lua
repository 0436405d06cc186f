-- SPDX-License-Identifier: MIT
-- A receiver for webhooks on loopback, for tests and demonstrations. It runs in a thread of its
-- own and keeps every request, byte for byte, until it is taken.

local argument = require "portone.argument"
local core = require "portone.core"
local httpd = require "portone.sandbox.httpd"
local json = require "portone.json"

local M = {}

---@class portone.sandbox.inbox
---@field url string   where webhooks are to be sent; any other path works too
---@field port integer
local methods = {}
local mt = { __name = "portone.sandbox.inbox", __index = methods }

local options = {
  status = "number", statuses = "table", body = "string", headers = "table", delay = "number",
  ending = "string", port = "number", hold = "number",
}

local function check(given, level)
  if type(given) ~= "table" then
    error("inbox: a table of options expected, got " .. type(given), level + 1)
  end
  for name, value in pairs(given) do
    if not options[name] then
      error(("inbox: unknown option '%s'"):format(tostring(name)), level + 1)
    elseif type(value) ~= options[name] then
      error(("inbox: option '%s' must be a %s"):format(name, options[name]), level + 1)
    end
  end
end

---@class portone.sandbox.inbox.options
---@field status? integer      the answer: 200
---@field statuses? integer[]  statuses of the first answers, before `status` counts
---@field headers? string[]    "Name: value"
---@field body? string
---@field delay? number        seconds before it is given
---@field ending? "hang"|"reset"|"close"  what comes instead of an answer
---@field port? integer        0: the system chooses (default)
---@field hold? number         seconds that each message waits for 'reply' before it is 504; none
---  of the above counts then

---@class portone.sandbox.message
---@field method string
---@field target string                   path and query as on the wire
---@field headers table<string, string>   by lower-case names
---@field lines string[]                  headers as they came
---@field body string

---Starts an inbox.
---@param given? portone.sandbox.inbox.options
---@param level? integer  error's level of who is to blame for wrong options: 1, the caller
---@return portone.sandbox.inbox? inbox
---@return string? problem
function M.start(given, level)
  given = given or {}
  check(given, (level or 1) + 1)
  local server, problem = httpd.start {
    module = "portone.sandbox.inbox_server", config = assert(json.encode(given)),
    ports = { inbox = given.port or 0 },
  }
  if not server then
    return nil, problem
  end
  local port = server:port("inbox")
  return setmetatable({ server = server, port = port,
    url = ("http://127.0.0.1:%d/webhook"):format(port) }, mt)
end

local function call(self, name, args)
  local text = assert(self.server:call(name, args and json.encode(args) or ""))
  return json.decode(text).value
end

local function hex(text)
  return (text:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end))
end

local function unhex(text)
  return (text:gsub("%x%x", function(pair)
    return string.char(tonumber(pair, 16))
  end))
end

local function revive(message)
  message.target, message.body = unhex(message.target), unhex(message.body)
  local headers = {}
  for name, value in pairs(message.headers) do
    headers[unhex(name)] = unhex(value)
  end
  message.headers = headers
  for i, line in ipairs(message.lines) do
    message.lines[i] = unhex(line)
  end
  return message
end

---Takes the oldest message that was not taken yet, waiting for one if there is none.
---@param timeout? number  seconds, default 5
---@return portone.sandbox.message? message  nil when the time is over
function methods:take(timeout)
  timeout = argument.seconds(timeout, "inbox:take", 5)
  local patience = core.monotonic() + timeout
  while true do
    local seen = self.server:wait()
    local message = call(self, "take")
    if message then
      return revive(message)
    end
    local left = patience - core.monotonic()
    if left <= 0 then
      return nil
    end
    self.server:wait(seen, left)
  end
end

---@return integer messages received so far, taken or not
function methods:count()
  return call(self, "count")
end

---Answers a message that is held.
---@param message portone.sandbox.message
---@param given { status: integer, headers?: string[], body?: string }
---@return boolean waited  false: it has its answer already
function methods:reply(message, given)
  if type(message) ~= "table" or not message.token then
    error("inbox:reply: the message is not held: start the inbox with hold = seconds", 2)
  end
  return call(self, "reply", { token = message.token,
    status = given.status, headers = given.headers, body = hex(given.body or "") })
end

---Waits until all answers are out: nobody is connected any more.
---@param timeout number  seconds
function methods:drain(timeout)
  timeout = argument.seconds(timeout, "inbox:drain")
  local ends = core.monotonic() + timeout
  while self.server:stats().open > 0 and core.monotonic() < ends do
    core.sleep(0.01)
  end
end

---Changes the answer that is given from now on.
---@param given table  as for `start`
function methods:answer(given)
  check(given, 2)
  call(self, "answer", given)
end

---Stops receiving. Harmless when done twice.
function methods:stop()
  self.server:stop()
end

mt.__close = methods.stop

function mt.__tostring(self)
  return "portone.sandbox.inbox (" .. self.url .. ")"
end

return M
