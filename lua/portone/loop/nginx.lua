-- SPDX-License-Identifier: MIT
-- nginx with the Lua module (OpenResty): a call suspends the light thread that makes it, and
-- the worker serves others meanwhile.
--
-- The engine reports on a stream. Per worker one light thread in a timer, the reader, has its
-- other end as a cosocket: it reads hints, empties the inbox, and posts the semaphores of those
-- whose answers have come. Nothing is polled. The stream is a unix socket in a directory that
-- only this user may enter (mkdtemp); path and directory are gone as soon as it is connected.
--
-- The reader lives as long as there is something in flight, and some seconds longer. A second
-- timer, the watch, ends it after that; when the worker is told to go, nginx runs the watch at
-- once, and it wakes the reader, which leaves when nothing is in flight any more. So neither
-- keeps a worker; nor a Lua state with lua_code_cache off. Should the reader die, those who
-- wait find out when their time is up, look into the inbox themselves and start another.
--
-- Where no directory can be had, the reader looks every few milliseconds, while something is
-- in flight, and says so once in the error log.

local hosts = require "portone.loop.host"
local semaphore = require "ngx.semaphore"

local ngx = ngx

local M = {}

M.REST = 5            -- seconds without a call until the reader ends
M.POLL = 0.002        -- seconds between two looks, where there is no stream
M.BATCH = 64          -- answers at a time; then the worker's other requests have their turn
local DAY = 86400000  -- milliseconds

---Where the socket's directory is made, the first that can be had.
M.directories = { os.getenv("TMPDIR") or "/tmp", "/tmp", "/dev/shm", "/run", "." }

local box                 -- opened by the worker's first call: never before the workers fork
local reading = false     -- the reader runs
local watching = false    -- the watch is set
local last_use = 0        -- when somebody called
local said = {}           -- warnings that have been given

-- {====== Where a call can wait ======

local can_wait = { rewrite = true, server_rewrite = true, access = true, content = true,
  timer = true, ssl_cert = true, ssl_session_fetch = true, ssl_client_hello = true,
  preread = true }

local TIMER = "start a timer (ngx.timer.at(0, fn)) and call there"

local advice = {
  init = "call in a timer of init_worker_by_lua (ngx.timer.at(0, fn)), or use a client with "
    .. "loop = 'blocking'",
  init_worker = TIMER,
  set = "call in rewrite_by_lua or access_by_lua, which may set variables too",
  header_filter = "call in access_by_lua or content_by_lua, before there is a response",
  body_filter = "call in access_by_lua or content_by_lua, before there is a response",
  balancer = "call in access_by_lua and hand the result over in ngx.ctx",
  log = TIMER,
  exit_worker = "the worker is ending; use a client with loop = 'blocking'",
}

-- Scopes of the light threads that map has started.
local scopes = setmetatable({}, { __mode = "k" })

local function probe() end  -- LuaJIT knows where it can yield

local function check()
  local phase = ngx.get_phase()
  if not can_wait[phase] then
    error(("portone: a call cannot wait in nginx's %s phase: %s"):format(phase,
      advice[phase] or TIMER), 0)
  end
  hosts.must_yield(probe)
  return scopes[coroutine.running()]
end

-- }===================================

-- {====== The reader ======

local function say_once(what, ...)
  if not said[what] then
    said[what] = true
    ngx.log(ngx.WARN, "portone: ", what, ...)
  end
end

local function wake(waiter)
  if waiter.sem then
    waiter.sem:post(1)
  end
end

local function drain()
  hosts.drain(box, wake)
end

-- A listening socket: its path, or nil and the reasons.
local function listen()
  local reasons, tried = {}, {}
  for _, directory in ipairs(M.directories) do
    if not tried[directory] then
      tried[directory] = true
      local path, why = box.inbox:listen(directory)
      if path then
        return path
      end
      reasons[#reasons + 1] = directory .. ": " .. why
    end
  end
  return nil, table.concat(reasons, ", ")
end

-- The stream of hints, or nil and why there is none.
local function connect()
  local path, why = listen()
  if not path then
    return nil, why
  end
  local sock = ngx.socket.tcp()
  sock:settimeouts(1000, 1000, DAY)
  local ok, err = sock:connect("unix:" .. path)
  local accepted, why_not = box.inbox:accept()  -- in any case: it removes the path
  if ok and accepted then
    return sock
  end
  return nil, err or why_not
end

-- Does anybody wait? A request that was ended by nginx has left its call behind.
local function awaited()
  for _, call in pairs(box.calls) do
    if call.sem and call.sem:count() < 0 then
      return true
    end
  end
end

local function rested()
  if ngx.worker.exiting() then
    return not awaited()
  end
  return box.inbox:count() == 0 and ngx.now() - last_use >= M.REST
end

-- A timer of no time would run before nginx looks at its sockets again.
local function drain_by_turns()
  while hosts.drain(box, wake, M.BATCH) do
    ngx.sleep(0.001)
  end
end

local function read_hints(sock)
  repeat
    drain_by_turns()
    if rested() then
      sock:close()
      return
    end
    local _, err = sock:receiveany(64)
  until err and err ~= "timeout"
  sock:close()
end

local function look_now_and_then()
  while box.inbox:count() > 0 do
    ngx.sleep(M.POLL)
    hosts.drain(box, wake, M.BATCH)
  end
end

local function read()
  local sock, why = connect()
  if sock then
    read_hints(sock)
  else
    say_once("no unix socket for the engine's hints can be had; looking for answers every "
      .. M.POLL * 1000 .. " ms instead (", why, ")")
    look_now_and_then()
  end
end

local function watch(premature)
  watching = false
  if reading and (premature or box.inbox:count() == 0) then
    box.inbox:nudge()
  end
  if reading and not premature then
    watching = ngx.timer.at(M.REST, watch) and true or false
  end
end

local start_reader

local function reader()
  local ok, err = pcall(read)
  reading = false
  if not ok then
    ngx.log(ngx.ERR, "portone: the reader of answers failed, another one follows: ", err)
  end
  if box.inbox:count() > 0 then
    start_reader()
  end
end

function start_reader()
  if reading then
    return
  end
  local ok, err = ngx.timer.at(0, reader)
  reading = ok and true or false
  if not ok then
    say_once("no timer can be had for the reader of answers; a call looks itself (", err, ")")
  elseif not watching then
    watching = ngx.timer.at(M.REST, watch) and true or false
  end
end

-- }========================

-- {====== Waiting ======

local spare = {}  -- semaphores at 0 that nobody waits on

-- Until 'wake'. A time-out means that the reader is not there, or that the answer comes at the
-- very last moment: the engine ends every call in its time.
local function wait(waiter, seconds)
  if waiter.done then
    return
  end
  local sem = table.remove(spare) or semaphore.new()
  waiter.sem = sem
  local ok, err = sem:wait((seconds or 60) + 1)
  local clean = ok
  while not waiter.done do
    if not ok and err ~= "timeout" then
      ngx.sleep(M.POLL)
    end
    start_reader()
    drain()
    if not waiter.done then
      clean = false
      ok, err = sem:wait(0.1)
    end
  end
  waiter.sem = nil
  if clean then
    spare[#spare + 1] = sem
  end
end

local function get_box()
  box = box or hosts.box()
  last_use = ngx.now()
  start_reader()
  return box
end

local function sleep(seconds)
  check()
  ngx.sleep(seconds)
end

-- In a light thread of the request's own: it ends with the request.
local function start(fn, done)
  local scope = {}
  scope.thread = ngx.thread.spawn(function()
    scopes[coroutine.running()] = scope
    done(pcall(fn))
  end)
  return scope
end

-- In a timer: what many wait for must not end with the request that happened to be first.
local function detach(fn, done)
  local ok = ngx.timer.at(0, function() done(pcall(fn)) end)
  if not ok then
    start(fn, done)
  end
end

local function reap(scope)
  ngx.thread.wait(scope.thread)
end

local function new_loop()
  return { name = "nginx", check = check, wait = wait, wake = wake, sleep = sleep, start = start,
    detach = detach, reap = reap, box = get_box }
end

-- }=====================

-- {====== Clients that go away ======

-- The calls that a request has in flight, as a set, by its ngx.ctx.
local requests = setmetatable({}, { __mode = "k" })

---Cancels what this request has in flight. For an on_abort handler of your own.
function M.cancel_calls()
  for call in pairs(requests[ngx.ctx] or {}) do
    call.box.inbox:cancel(call.id)
  end
end

-- The set of this request's calls; the first one asks nginx to tell when the client goes.
local function calls_of_request()
  local ctx = ngx.ctx
  local calls = requests[ctx]
  if not calls then
    calls = {}
    requests[ctx] = calls
    local ok, err = ngx.on_abort(function()
      M.cancel_calls()
      ngx.exit(499)
    end)
    if not ok then
      say_once("client_abort = 'cancel' has no effect here: ngx.on_abort: ", err)
    end
  end
  return calls
end

local has_client = { rewrite = true, server_rewrite = true, access = true, content = true }

-- A host whose calls end when the client of the request does.
local function cancelling()
  local loop = new_loop()
  function loop.wait(waiter, seconds)
    if not waiter.id or not has_client[ngx.get_phase()] then
      return wait(waiter, seconds)
    end
    local calls = calls_of_request()
    calls[waiter] = true
    wait(waiter, seconds)
    calls[waiter] = nil
  end
  return hosts.new(loop)
end

---A host with options of its own, for a client's `loop` option.
---@param options? table  client_abort = "detach" (default): a call goes on when the client of the
---  request has gone; "cancel": it is closed, which needs lua_check_client_abort on
---@return table host
function M.new(options)
  local abort = options and options.client_abort or "detach"
  if abort ~= "cancel" and abort ~= "detach" then
    error("portone.loop.nginx: client_abort must be 'cancel' or 'detach'", 2)
  end
  return abort == "cancel" and cancelling() or hosts.new(new_loop())
end

M.host = M.new()

-- }==================================

return M
