-- SPDX-License-Identifier: MIT
-- An HTTP server that misbehaves on command, in a process of its own. See peer.lua, which starts
-- and drives it:
--
--   lua5.4 peer_server.lua [key.pem certificate.pem [name=value ...]]    TLS options of LuaSec
--
-- Every connection is a coroutine that follows its script; one loop waits for all of them. It
-- ends when its control connection does, so it cannot outlive the spec.

local socket = require "socket"

local tls
if arg[1] then
  tls = { mode = "server", protocol = "any", key = arg[1], certificate = arg[2],
    verify = "none", options = "all" }
  for i = 3, #arg do
    local name, value = arg[i]:match("^(%w+)=(.*)$")
    tls[name] = value
  end
end

local server = assert(socket.bind("127.0.0.1", 0))
local door = assert(socket.bind("127.0.0.1", 0))
server:settimeout(0)

local script = {}    -- what the connections to come do
local log = {}       -- one record per connection since the script was set
-- running: { co, sock, want = "read" | "write" | "time" | "cue", at = when to go on }
local tasks = {}
local cues = 0       -- given since the script was set

---Waits until bytes arrive; false at the end of the connection.
local function receive(task)
  while true do
    local data, why, part = task.sock:receive(65536)
    data = data or part
    if data and #data > 0 then
      table.insert(task.record.bytes, data)
      task.buffer = task.buffer .. data
      return true
    end
    if why == "timeout" or why == "wantread" then
      coroutine.yield("read")
    elseif why == "wantwrite" then
      coroutine.yield("write")
    else
      task.record.ended = task.record.ended or ("client: " .. tostring(why))
      return false
    end
  end
end

local function send(task, data)
  local from = 1
  while from <= #data do
    local sent, why, part = task.sock:send(data, from)
    from = (sent or part) + 1
    if not sent then
      if why ~= "timeout" and why ~= "wantwrite" and why ~= "wantread" then
        task.record.ended = task.record.ended or ("client: " .. tostring(why))
        return false
      end
      coroutine.yield("write")
    end
  end
  return true
end

local function pause(seconds)
  coroutine.yield("time", socket.gettime() + seconds)
end

---Takes one whole request off the connection; false when it ends first.
local function read_request(task)
  local head_end
  repeat
    head_end = select(2, task.buffer:find("\r\n\r\n", 1, true))
  until head_end or not receive(task)
  if not head_end then return false end
  local head = task.buffer:sub(1, head_end)
  local length = tonumber(head:lower():match("\r\ncontent%-length:%s*(%d+)")) or 0
  while #task.buffer < head_end + length do
    if not receive(task) then return false end
  end
  table.insert(task.record.requests, task.buffer:sub(1, head_end + length))
  task.buffer = task.buffer:sub(head_end + length + 1)
  return true
end

local steps = {}

function steps.read(task) return read_request(task) end

---Reads until n bytes of the request are there.
function steps.take(task, n)
  while #task.buffer < n do
    if not receive(task) then return false end
  end
  return true
end

function steps.send(task, data) return send(task, data) end

---The same bytes many times over.
function steps.flood(task, data, times)
  for _ = 1, times do
    if not send(task, data) then return false end
  end
  return true
end

---Byte by byte.
function steps.slow(task, data, seconds)
  for i = 1, #data do
    if not send(task, data:sub(i, i)) then return false end
    pause(seconds)
  end
  return true
end

function steps.wait(_, seconds)
  pause(seconds)
  return true
end

---Waits until so many cues were given.
function steps.cue(_, n)
  coroutine.yield("cue", n)
  return true
end

---Says nothing more and waits for the client to end the connection.
function steps.hold(task)
  while receive(task) do end
  return false
end

function steps.close(task)
  task.record.ended = task.record.ended or "peer"
  return false
end

---A reset instead of an orderly end: see start.
function steps.reset(task)
  return steps.close(task)
end

---Answers every request on the connection with its own path.
function steps.echo(task)
  while read_request(task) do
    local requests = task.record.requests
    local path = requests[#requests]:match("^%S+ (%S+)")
    if not send(task, ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#path, path)) then
      return false
    end
  end
  return false
end

---Answers every request on the connection.
function steps.serve(task, answer)
  while read_request(task) do
    if not send(task, answer) then return false end
  end
  return false
end

local function handshake(task)
  local sock, why = require("ssl").wrap(task.sock, tls)
  if not sock then error(why) end
  sock:settimeout(0)
  task.sock = sock
  while true do
    local ok
    ok, why = sock:dohandshake()
    if ok then return true end
    if why == "wantread" or why == "timeout" then
      coroutine.yield("read")
    elseif why == "wantwrite" then
      coroutine.yield("write")
    else
      task.record.handshake = tostring(why)
      return false
    end
  end
end

local function follow(task, plan)
  if tls and not handshake(task) then return end
  for _, step in ipairs(plan) do
    if not steps[step[1]](task, step[2], step[3]) then return end
  end
  task.record.ended = task.record.ended or "peer"
end

local function start(raw)
  raw:settimeout(0)
  raw:setoption("tcp-nodelay", true)
  local plan = script[#log + 1] or script.rest
  for _, do_this in ipairs(plan) do  -- now: LuaSec hides the socket
    if do_this[1] == "reset" then raw:setoption("linger", { on = true, timeout = 0 }) end
  end
  local record = { bytes = {}, requests = {}, port = select(2, raw:getpeername()) }
  local task = { sock = raw, record = record, buffer = "", want = "read" }
  table.insert(log, record)
  task.co = coroutine.create(function() follow(task, plan) end)
  table.insert(tasks, task)
  return task
end

local function step(task)
  local ok, want, at = coroutine.resume(task.co)
  if not ok then
    task.record.fault = tostring(want)
    io.stderr:write("peer: ", tostring(want), "\n")
  end
  if coroutine.status(task.co) == "dead" then
    task.sock:close()
    task.dead = true
  else
    task.want, task.at = want, at
  end
end

---One turn: what is ready goes on. Returns whether anything did.
local function turn(control, seconds)
  local read, write, by = { server, control }, {}, {}
  local now = socket.gettime()
  for _, task in ipairs(tasks) do
    if task.want == "time" then
      seconds = math.max(0, math.min(seconds, task.at - now))
    elseif task.want == "cue" then
      seconds = task.at <= cues and 0 or seconds
    else
      table.insert(task.want == "read" and read or write, task.sock)
      by[task.sock] = task
    end
  end
  local readable, writable = socket.select(read, write, seconds)
  local ready = {}
  for _, list in ipairs { readable, writable } do
    for _, sock in ipairs(list) do
      if by[sock] then table.insert(ready, by[sock]) end
    end
  end
  now = socket.gettime()
  for _, task in ipairs(tasks) do
    if task.want == "time" and task.at <= now or task.want == "cue" and task.at <= cues then
      table.insert(ready, task)
    end
  end
  if readable[server] then
    local raw = server:accept()
    if raw then table.insert(ready, start(raw)) end
  end
  for _, task in ipairs(ready) do
    if not task.dead then step(task) end
  end
  for i = #tasks, 1, -1 do
    if tasks[i].dead then table.remove(tasks, i) end
  end
  return #ready > 0, readable[control]
end

local function dump(value)
  if type(value) ~= "table" then return string.format("%q", value) end
  local out = {}
  for k, v in pairs(value) do
    table.insert(out, "[" .. dump(k) .. "]=" .. dump(v))
  end
  return "{" .. table.concat(out, ",") .. "}"
end

---Commands: "script <length>" and a Lua table; "cue"; "log" answers with one; "quit". Nil at the
---end.
local function command(control)
  local line = control:receive("*l")
  if not line or line == "quit" then return nil end
  local length = line:match("^script (%d+)$")
  if length then
    script = assert(load("return " .. control:receive(tonumber(length)), "script", "t", {}))()
    for _, task in ipairs(tasks) do
      task.sock:close()
    end
    tasks, log, cues = {}, {}, 0
    control:send("ok\n")
  elseif line == "cue" then
    cues = cues + 1
  elseif line == "log" then
    -- whatever is under way is seen to its end first
    local quiet = 0
    for _ = 1, 1000 do
      quiet = turn(control, 0.01) and 0 or quiet + 1
      if quiet == 2 then break end
    end
    for _, record in ipairs(log) do record.bytes = { table.concat(record.bytes) } end
    local text = dump(log)
    control:send(#text .. "\n" .. text)
  end
  return true
end

io.stdout:write(select(2, server:getsockname()), " ", select(2, door:getsockname()), "\n")
io.stdout:flush()
door:settimeout(60)
local control = door:accept()
door:close()
while control do
  local _, asked = turn(control, 10)
  if asked and not command(control) then break end
end
