-- SPDX-License-Identifier: MIT
-- A Redis of the spec's own on a free loopback port, and two clients for it that speak as the
-- two libraries in the field do: one returns nil, err and a null of its own, one raises.

local socket = require "socket"

local M = {}

local function free_port()
  local s = assert(socket.bind("127.0.0.1", 0))
  local _, port = s:getsockname()
  s:close()
  return port
end

local function run(words)
  local pipe = assert(io.popen("unset LD_PRELOAD; " .. words .. " 2>&1; echo status $?"))
  local out = pipe:read("*a")
  pipe:close()
  return out:find("status 0%s*$") ~= nil, out
end

local function listening(port, o)
  local text = o.tls and ("--port 0 --tls-port %d --tls-cert-file %s --tls-key-file %s "
    .. "--tls-auth-clients no"):format(port, o.tls.certificate, o.tls.key) or "--port " .. port
  return o.password and text .. " --requirepass " .. o.password or text
end

---@param o? { tls?: { key: string, certificate: string }, password?: string }
---@return table? server  { port =, stop = function } ; nil when there is no Redis here
function M.start(o)
  if not run("command -v redis-server") then
    return nil
  end
  local port = free_port()
  local dir = os.tmpname()
  os.remove(dir)
  assert(run("mkdir -m 700 " .. dir))
  local pid_file = dir .. "/pid"
  local ok, out = run(("redis-server --bind 127.0.0.1 %s --daemonize yes --save '' "
    .. "--appendonly no --dir %s --pidfile %s --logfile %s/log"):format(listening(port, o or {}),
    dir, pid_file, dir))
  assert(ok, out)
  local server = { port = port }
  function server.stop()
    local file = io.open(pid_file)
    if file then
      run("kill " .. file:read("*n"))
      file:close()
    end
    run("rm -rf " .. dir)
  end
  for _ = 1, 1200 do
    local s = socket.connect("127.0.0.1", port)
    if s then
      s:close()
      return server
    end
    socket.sleep(0.05)
  end
  server.stop()
  error("redis does not start")
end

local function read_reply(s)
  local line, err = s:receive("*l")
  if not line then
    return nil, err
  end
  local kind, rest = line:sub(1, 1), line:sub(2)
  if kind == "-" then
    return nil, rest
  elseif kind == ":" then
    return tonumber(rest)
  elseif kind == "+" then
    return rest
  elseif tonumber(rest) < 0 then
    return false
  end
  local text = assert(s:receive(tonumber(rest)))
  assert(s:receive(2))
  return text
end

local function ask(s, name, ...)
  local words = { name:upper(), ... }
  local out = { "*" .. #words }
  for _, word in ipairs(words) do
    word = tostring(word)
    out[#out + 1] = "$" .. #word
    out[#out + 1] = word
  end
  local ok, err = s:send(table.concat(out, "\r\n") .. "\r\n")
  if not ok then
    return nil, err
  end
  return read_reply(s)
end

local function client(port, answer)
  local s = assert(socket.connect("127.0.0.1", port))
  s:settimeout(60)
  return setmetatable({ socket = s }, {
    __index = function(_, name)
      return function(_, ...)
        return answer(ask(s, name, ...))
      end
    end,
  })
end

---As lua-resty-redis answers.
---@param null userdata  its null
function M.resty(port, null)
  return client(port, function(reply, err)
    if reply == false then
      return null
    end
    return reply, err
  end)
end

---As redis-lua answers.
function M.raising(port)
  return client(port, function(reply, err)
    if err then
      error(err, 0)
    elseif reply == "OK" then
      return true
    end
    return reply or nil
  end)
end

return M
