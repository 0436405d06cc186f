-- SPDX-License-Identifier: MIT
-- A connection to Redis for the command, over LuaSocket: commands as methods, a failure is
-- nil, err. As little as a ledger's store and a queue need; Debian's redis client library knows
-- neither Lua 5.4 nor streams.

local M = {}

local TIMEOUT = 10  -- seconds for one reply

---Reads redis://[user@]host[:port][/db] or rediss://… (TLS). A password has no place in it.
---@param url string
---@param get fun(name: string): string?  for the password
---@param ca_file? string  authorities to believe instead of the system's
---@return table? config
---@return string? problem
function M.config(url, get, ca_file)
  local scheme, rest = url:match("^(rediss?)://(.*)$")
  if not scheme then
    return nil, "redis://HOST[:PORT][/DB] expected"
  end
  local user, place = rest:match("^(.*)@(.*)$")
  if (user or ""):find(":", 1, true) then
    return nil, "no password in the URL: a command line can be read by everybody on this "
      .. "machine; set PORTONE_REDIS_PASSWORD"
  end
  if ca_file and scheme ~= "rediss" then
    return nil, "--redis-ca is for rediss://"
  end
  local host, port, db = (place or rest):match("^([^:/]*):?(%d*)/?(%d*)$")
  if not host then
    return nil, "redis://HOST[:PORT][/DB] expected"
  end
  return { host = host ~= "" and host or "127.0.0.1", port = tonumber(port) or 6379,
    db = tonumber(db) or 0, tls = scheme == "rediss", ca_file = ca_file,
    user = user ~= "" and user or nil,
    password = get "PORTONE_REDIS_PASSWORD" }
end

-- {====== The protocol (RESP2) ======

local function encode(words)
  local out = { "*" .. #words .. "\r\n" }
  for i = 1, #words do
    local word = tostring(words[i])
    out[#out + 1] = ("$%d\r\n"):format(#word)
    out[#out + 1] = word
    out[#out + 1] = "\r\n"
  end
  return table.concat(out)
end

local read_reply

local function read_list(socket, n)
  local list, failed = {}, nil
  for i = 1, n do
    local item, err, broken = read_reply(socket)
    if broken then
      return nil, err, true
    end
    list[i] = err == nil and item or false
    failed = failed or err
  end
  return list, failed
end

-- A reply, false for null; nil, err for Redis's own error; nil, err, true when there is no
-- connection any more.
function read_reply(socket)
  local line, err = socket:receive("*l")
  if not line then
    return nil, err, true
  end
  local kind, rest = line:sub(1, 1), line:sub(2)
  if kind == "+" then
    return rest
  elseif kind == "-" then
    return nil, rest
  elseif kind == ":" then
    return tonumber(rest)
  elseif tonumber(rest) == -1 then
    return false
  elseif kind == "*" then
    return read_list(socket, tonumber(rest))
  end
  local text
  text, err = socket:receive(tonumber(rest) + 2)
  if not text then
    return nil, err, true
  end
  return text:sub(1, -3)
end

-- }======

local connection = {}

---Sends a command and reads its reply.
---@return any reply  false for null
---@return string? err
function connection:ask(...)
  local sent, err = self.socket:send(encode { ... })
  if not sent then
    self.broken = true
    return nil, err
  end
  local reply, problem, broken = read_reply(self.socket)
  self.broken = self.broken or broken or false  -- nil would be taken for a command's name
  return reply, problem
end

-- Sends commands in one piece and reads their replies; a reply is { n = 2, reply, err }.
function connection:ask_all(commands)
  local out = {}
  for i, words in ipairs(commands) do
    out[i] = encode(words)
  end
  local sent, err = self.socket:send(table.concat(out))
  for _, words in ipairs(commands) do
    local reply, problem, broken
    if sent then
      reply, problem, broken = read_reply(self.socket)
    end
    if broken or not sent then
      sent, err, self.broken = nil, err or problem, true
      reply, problem = nil, err
    end
    words.results = { n = 2, reply, problem }
  end
end

function connection:close()
  self.broken = true
  self.socket:close()
end

-- client:eval(…), client:config(…)
local mt = {
  __name = "portone.cli.redis",
  __index = function(_, name)
    return connection[name] or function(self, ...)
      return connection.ask(self, name:upper(), ...)
    end
  end,
}

local function greet(self, config)
  local reply, err = true, nil
  if config.password and config.user then
    reply, err = self:ask("AUTH", config.user, config.password)
  elseif config.password then
    reply, err = self:ask("AUTH", config.password)
  end
  if reply and config.db > 0 then
    reply, err = self:ask("SELECT", config.db)
  end
  return reply, err
end

---@param config table  of M.config
---@return table? connection
---@return string? err
function M.connect(config)
  local ok, socket = pcall(require, "socket")
  if not ok then
    return nil, "LuaSocket is not here (Debian: lua-socket)"
  end
  local s = socket.tcp()
  s:settimeout(TIMEOUT)
  local err
  ok, err = s:connect(config.host, config.port)
  if ok then
    s:setoption("tcp-nodelay", true)
  end
  if ok and config.tls then
    s, err = require("portone.cli.redis.tls").wrap(s, config, TIMEOUT)
  end
  if not ok or not s then
    return nil, ("Redis at %s:%d: %s"):format(config.host, config.port, err)
  end
  local self = setmetatable({ socket = s, broken = false }, mt)
  ok, err = greet(self, config)
  if not ok then
    self:close()
    return nil, ("Redis at %s:%d: %s"):format(config.host, config.port, tostring(err))
  end
  return self
end

---Sends commands in one piece, and puts `results` (n = 2: reply, err) into each.
---@param connect function  of M.keeper
---@param commands table[]  lists of words
function M.pipeline(connect, commands)
  local client, release = connect()
  if not client then
    for _, words in ipairs(commands) do
      words.results = { n = 2, nil, tostring(release) }
    end
    return
  end
  client:ask_all(commands)
  release(not client.broken)
end

---A function that gives one connection to whoever asks, and a new one when that broke.
---@param config table
---@return fun(): table?, function|string
function M.keeper(config)
  local kept
  local function release(usable)
    if not usable and kept then
      kept:close()
      kept = nil
    end
  end
  return function()
    if kept and kept.broken then
      release(false)
    end
    if not kept then
      local err
      kept, err = M.connect(config)
      if not kept then
        return nil, err
      end
    end
    return kept, release
  end
end

return M
