-- SPDX-License-Identifier: MIT
-- The engine through its inboxes: what is submitted comes back once, whatever happens to it,
-- and nothing goes on that nobody waits for.

local ample = require "spec.support.ample"
local core = require "portone.core"
local peer = require "spec.support.peer"
local socket = require "socket"

local OK = peer.answer(200, "{}")

describe("the engine", function()
  local server, client, inbox

  setup(function() server = peer.start() end)
  teardown(function() server:stop() end)

  before_each(function()
    client = core.client { connect_timeout = 20 }
    inbox = core.inbox()
  end)

  after_each(function()
    inbox:close()
    client:close()
    core.engine { max_total = 2048, max_host = 1024, idle = 120 }
  end)

  local function submit(path, o)
    o = o or {}
    return inbox:submit(o.client or client, o.method or "POST", server.url .. path,
      o.headers or {}, o.body or "{}", o.timeout or 30)
  end

  ---The next finished call as a list, or nil after 'seconds', 60 by default.
  local function take(seconds)
    if inbox:wait(seconds or 60) then
      return { inbox:take() }
    end
  end

  local function ready(seconds)
    local fd = inbox:fileno()
    local got = socket.select({ { getfd = function() return fd end } }, nil, seconds or 0)
    return #got > 0
  end

  -- Until the server has a request; it answers nothing before it is told to.
  local function until_seen(n)
    for _ = 1, 2000 do
      if #server:requests() >= n then return end
      core.sleep(0.01)
    end
    error("the server has not seen the request")
  end

  -- Comes the process, with all its threads, to rest? What it has begun may take a slow machine
  -- some time; what spins does so until the calls time out.
  local function sleeps()
    for _ = 1, 30 do
      local cpu = os.clock()
      core.sleep(0.5)
      if os.clock() - cpu < 0.05 then return true end
    end
    return false
  end

  it("leaves every signal to the program's own threads", function()
    local found, lfs = pcall(require, "lfs")
    if not found or not lfs.attributes("/proc/self/task") then
      return pending("needs Linux's /proc, and lfs")
    end
    server:script {}
    submit("/x")
    assert.is_truthy(take())
    local seen = 0
    for id in lfs.dir("/proc/self/task") do
      local file = io.open("/proc/self/task/" .. id .. "/status")
      local status = file and file:read("*a") or ""
      if file then file:close() end
      if status:find("^Name:\tportone\n") then
        seen = seen + 1
        -- 1 to 31 but KILL (9) and STOP (19), which nobody can block; four to a digit
        assert.matches("^%x+7ffbfeff$", status:match("SigBlk:%s*(%x+)"))
      end
    end
    assert.equal(1, seen)
  end)

  describe("brings back", function()
    it("what a blocking call returns, behind the id", function()
      server:script { { { "serve", peer.answer(201, "body\1of\255bytes", "X-A: b\r\n") } } }
      local from = core.monotonic()
      local id = submit("/x")
      local got = take()
      local took = core.monotonic() - from
      assert.equal(id, got[1])
      assert.equal(201, got[2], tostring(got[4]))
      assert.equal("body\1of\255bytes", got[3])
      assert.matches("^HTTP/1.1 201 .*\r\nX%-A: b\r\n\r\n$", got[4])
      assert.is_true(got[5] >= 0 and got[5] <= took)
      assert.equal(5, #got)
    end)

    it("each call once, and then nothing", function()
      server:script {}
      local open = {}
      for i = 1, 100 do open[submit("/" .. i)] = true end
      assert.equal(100, inbox:count())
      for _ = 1, 100 do
        local got = take()
        assert.is_true(open[got[1]])
        assert.equal(200, got[2])
        open[got[1]] = nil
      end
      assert.same({}, open)
      assert.equal(0, inbox:count())
      assert.equal(0, select("#", inbox:take()))
      assert.is_false(inbox:wait(0))
      assert.equal(100, #server:requests())
    end)

    it("errors as a blocking call has them", function()
      server:script { { { "read" }, { "close" } } }
      local id = submit("/gone")
      local got = take()
      assert.equal(id, got[1])
      assert.is_nil(got[2])
      assert.equal("network", got[3])
      assert.is_string(got[4])
      assert.equal("all", got[5])
      assert.is_number(got[6])
    end)

    it("an answer that is too large as such", function()
      server:script { { { "serve", peer.answer(200, ("x"):rep(5000)) } } }
      local small = core.client { max_response = 1000 }
      submit("/large", { client = small })
      small:close()
      local got = take()
      assert.same({ "protocol", "answer" }, { got[3], got[5] })
    end)

    it("an answer by the cap of the client that asked, whose turn it was before", function()
      server:script { rest = { { "serve", peer.answer(200, ("x"):rep(5000)) } } }
      local small = core.client { max_response = 1000 }
      for i = 1, 6 do
        submit("/" .. i, { client = i % 2 == 0 and small or client })
        local got = take()
        assert.equal(i % 2 == 0 and "protocol" or 5000, i % 2 == 0 and got[3] or #got[3])
      end
      small:close()
    end)

    it("what is wrong with a request at once, and nothing later", function()
      local function refused(...)
        local id, code, message, sent, elapsed = inbox:submit(client, ...)
        assert.is_nil(id)
        assert.same({ "invalid_request", "nothing", 0 }, { code, sent, elapsed })
        return message
      end
      assert.matches("plain http", refused("GET", "http://example.com/", {}, nil, 5))
      assert.matches("control character", refused("GET", server.url, { "A: b\r\nC: d" }, nil, 5))
      assert.equal(0, inbox:count())
      assert.is_nil(take(0.05))
    end)

    it("a method that there is not", function()
      local got = submit("/", { method = "TRACE" }) and take()
      assert.same({ "invalid_request", "nothing" }, { got[3], got[5] })
    end)
  end)

  it("raises for arguments of the wrong kind, as a blocking call does", function()
    for _, arguments in ipairs { { 1, server.url, {}, "", 5 }, { "GET", nil, {}, nil, 5 },
        { "GET", server.url, "A: b", nil, 5 }, { "GET", server.url, { {} }, nil, 5 },
        { "GET", server.url, {}, {}, 5 }, { "GET", server.url, {}, nil, "soon" },
        { "GET", server.url, {}, nil, 0 }, { "GET", server.url, {}, nil, -1 },
        { "get", server.url, {}, nil, 5 } } do
      local function call(way, who)
        return pcall(way, who, arguments[1], arguments[2], arguments[3], arguments[4],
          arguments[5])
      end
      assert.is_false((call(client.perform, client)))
      assert.is_false((call(function(c, ...) return inbox:submit(c, ...) end, client)))
    end
    assert.has_error(function() inbox:submit({}, "GET", server.url, {}, nil, 5) end)
    assert.has_error(function() inbox.submit(client, client, "GET", server.url, {}, nil, 5) end)
    assert.equal(0, inbox:count())
  end)

  describe("its descriptor", function()
    it("is readable while there is something to take, and only then", function()
      server:script { { { "read" }, { "cue", 1 }, { "send", OK } } }
      assert.is_false(ready())
      submit("/1")
      assert.is_false(ready())
      server:cue()
      assert.is_true(ready(60))
      assert.is_true(ready())
      assert.is_number((inbox:take()))
      assert.is_false(ready())
      assert.is_nil((inbox:take()))
    end)

    it("is one hint for many calls", function()
      server:script {}
      for _ = 1, 20 do submit("/") end
      local n = 0
      while n < 20 do
        assert.is_true(ready(60))
        while inbox:take() do n = n + 1 end
      end
      assert.is_false(ready())
    end)
  end)

  describe("when the time is up", function()
    it("ends the call, and the connection with it", function()
      assert.equal("all", ample("all", function(seconds)
        server:script { { { "read" }, { "hold" } } }
        submit("/slow", { timeout = seconds })
        local got = take()
        assert.equal("timeout", got[3])
        return got[5]
      end))
      assert.matches("client", server:log()[1].ended)
    end)

    it("never gives the late answer to the next call", function()
      local late = peer.answer(200, "late")
      assert.equal("all", ample("all", function(seconds)
        server:script { { { "read" }, { "cue", 1 }, { "send", late }, { "hold" } } }
        submit("/first", { timeout = seconds })
        local got = take()
        assert.equal("timeout", got[3])
        return got[5]
      end))
      server:cue()
      submit("/second")
      assert.equal("{}", take()[3])
      assert.equal(2, #server:log())
    end)

    it("counts the time in line, and knows that nothing was sent", function()
      core.engine { max_host = 1 }
      server:script { { { "read" }, { "hold" } } }
      local first, second = submit("/1"), submit("/2", { timeout = 0.2 })
      local got = take()
      assert.same({ second, "timeout", "nothing" }, { got[1], got[3], got[5] })
      until_seen(1)
      inbox:cancel(first)
      assert.equal(first, take()[1])
      assert.equal(1, #server:log())
    end)
  end)

  describe("cancel", function()
    it("closes the connection and tells how far it was", function()
      server:script { { { "read" }, { "hold" } } }
      local id = submit("/x")
      until_seen(1)
      assert.is_true(inbox:cancel(id))
      local got = take()
      assert.same({ id, "cancelled", "all" }, { got[1], got[3], got[5] })
      assert.matches("client", server:log()[1].ended)
    end)

    it("takes a call out of the line", function()
      core.engine { max_host = 1 }
      server:script { { { "read" }, { "cue", 1 }, { "send", OK } } }
      local first, second = submit("/1"), submit("/2")
      assert.is_true(inbox:cancel(second))
      local got = take()
      assert.same({ second, "cancelled", "nothing" }, { got[1], got[3], got[5] })
      server:cue()
      got = take()
      assert.same({ first, 200 }, { got[1], got[2] })
      assert.equal(1, #server:requests())
    end)

    it("does nothing to what is done, unknown or no id", function()
      server:script {}
      local id = submit("/x")
      assert.is_true(inbox:wait(60))
      inbox:cancel(id)
      assert.equal(200, take()[2])
      assert.is_false(inbox:cancel(id))
      assert.is_false(inbox:cancel(12345))
      assert.is_false(inbox:cancel(-1))
      assert.is_false(inbox:cancel(0 / 0))
      assert.has_error(function() inbox:cancel("x") end)
    end)
  end)

  describe("closing the inbox", function()
    it("with calls in flight ends them and their connections", function()
      server:script { rest = { { "read" }, { "hold" } } }
      for i = 1, 10 do submit("/" .. i, { timeout = 30 }) end
      until_seen(10)
      local from = core.monotonic()
      inbox:close()
      assert.is_true(core.monotonic() - from < 15)
      for _, record in ipairs(server:log()) do
        assert.matches("client", record.ended)
      end
      assert.equal(0, core.engine().active)
    end)

    it("is what the collector does", function()
      server:script { { { "read" }, { "hold" } } }
      submit("/x", { timeout = 30 })
      until_seen(1)
      inbox = core.inbox()
      collectgarbage()
      collectgarbage()
      assert.matches("client", server:log()[1].ended)
    end)

    it("can be done twice; then nothing else can", function()
      inbox:close()
      inbox:close()
      assert.equal("portone.inbox (closed)", tostring(inbox))
      for _, name in ipairs { "submit", "take", "count", "fileno", "wait", "cancel", "listen",
          "accept", "nudge" } do
        assert.error_matches(function() inbox[name](inbox, 1) end, "closed inbox")
      end
    end)

    it("ends the thread with the last one", function()
      server:script {}
      submit("/")
      take()
      assert.is_true(core.engine().running)
      inbox:close()
      collectgarbage()
      collectgarbage()
      if core.engine().inboxes == 0 then
        assert.is_false(core.engine().running)
      end
    end)
  end)

  it("goes on for a client that was closed meanwhile", function()
    server:script { { { "read" }, { "cue", 1 }, { "send", OK } } }
    local other = core.client { user_agent = "gone" }
    submit("/x", { client = other })
    other:close()
    server:cue()
    assert.equal(200, take()[2])
    assert.matches("User%-Agent: gone", server:requests()[1])
    assert.error_matches(function() submit("/y", { client = other }) end, "closed client")
  end)

  it("keeps the options of clients apart that share its handles", function()
    server:script {}
    local a, b = core.client { user_agent = "agent-a" }, core.client { user_agent = "agent-b" }
    for i = 1, 6 do
      submit("/", { client = i % 2 == 0 and a or b })
      take()
    end
    for i, request in ipairs(server:requests()) do
      assert.matches(i % 2 == 0 and "agent%-a" or "agent%-b", request)
    end
    assert.equal(1, #server:log())
  end)

  describe("puts a write on the wire once", function()
    for _, ending in ipairs { "close", "reset" } do
      it("when a kept connection ends by " .. ending .. " after the request", function()
        server:script { { { "read" }, { "send", OK }, { "read" }, { ending } } }
        submit("/warm")
        assert.equal(200, take()[2])
        submit("/charge")
        local got = take()
        assert.same({ "network", "all" }, { got[3], got[5] })
        core.sleep(0.05)
        assert.equal(2, #server:requests())
      end)
    end

    it("but uses a new connection when the kept one had ended before", function()
      server:script { { { "read" }, { "send", OK }, { "cue", 1 }, { "close" } } }
      submit("/warm")
      assert.equal(200, take()[2])
      server:cue()
      submit("/charge")
      assert.equal(200, take()[2])
      assert.equal(2, #server:log())
    end)
  end)

  describe("keeps its limits", function()
    it("for one server", function()
      core.engine { max_host = 3 }
      server:script { rest = { { "serve", OK } } }
      for _ = 1, 30 do submit("/") end
      for _ = 1, 30 do assert.equal(200, take()[2]) end
      assert.is_true(#server:log() <= 3)
      assert.equal(30, #server:requests())
    end)

    it("in all", function()
      core.engine { max_total = 2 }
      server:script { rest = { { "serve", OK } } }
      for _ = 1, 20 do submit("/") end
      for _ = 1, 20 do assert.equal(200, take()[2]) end
      assert.is_true(#server:log() <= 2)
    end)

    it("and sleeps while a call waits behind one that does not get through", function()
      core.engine { max_host = 1 }
      local mute = assert(socket.bind("127.0.0.1", 0))  -- no greeting is ever answered
      local url = "https://127.0.0.1:" .. select(2, mute:getsockname())
      for _ = 1, 2 do inbox:submit(client, "POST", url, {}, "{}", 30) end
      core.sleep(1)  -- its time as a scout is over
      assert.is_true(sleeps())
      mute:close()
    end)

    it("and takes them before there is anything to limit", function()
      local program = 'local c = require "portone.core" c.engine { max_host = 7, idle = 3 } '
        .. "c.inbox() print(c.engine().max_host, c.engine().idle)"
      local i = 0
      while arg[i - 1] do i = i - 1 end
      local pipe = io.popen(("%s -e '%s'"):format(arg[i], program))
      assert.matches("^7%s+3", pipe:read("*a"))
      pipe:close()
    end)

    it("and refuses limits that are none", function()
      for _, limits in ipairs { { max_total = 0 }, { max_host = -1 }, { idle = "x" } } do
        assert.has_error(function() core.engine(limits) end)
      end
      assert.equal(2048 > core.engine().max_host, true)
    end)
  end)

  it("uses the connections of many calls again", function()
    server:script { rest = { { "read" }, { "wait", 0.3 }, { "send", OK }, { "serve", OK } } }
    for _ = 1, 3 do
      for _ = 1, 150 do submit("/") end
      for _ = 1, 150 do assert.equal(200, take()[2]) end
    end
    assert.equal(450, #server:requests())
    assert.is_true(#server:log() <= 150)
  end)

  it("sleeps beside kept connections that their server has ended", function()
    server:script { rest = { { "read" }, { "cue", 1 }, { "send", OK }, { "cue", 2 }, { "close" } } }
    for _ = 1, 20 do submit("/") end
    until_seen(20)
    server:cue()
    for _ = 1, 20 do assert.equal(200, take()[2]) end
    server:cue()
    core.sleep(0.1)
    assert.is_true(sleeps())
    submit("/")
    assert.equal(200, take()[2])
  end)

  it("rests when there is nothing to do, and comes back", function()
    core.engine { idle = 0.05 }
    server:script {}
    submit("/1")
    assert.equal(200, take()[2])
    for _ = 1, 1000 do
      if not core.engine().running then break end
      core.sleep(0.02)
    end
    assert.is_false(core.engine().running)
    assert.matches("client", server:log()[1].ended)
    submit("/2")
    assert.equal(200, take()[2])
    assert.is_true(core.engine().running)
  end)

  it("takes ten thousand calls at once", function()
    core.engine { max_host = 20 }
    server:script {}
    for _ = 1, 10000 do submit("/", { timeout = 60 }) end
    for _ = 1, 10 do assert.equal(200, take(60)[2]) end
    inbox:close()
    assert.equal(0, core.engine().active + core.engine().waiting)
  end)

  describe("lets the process end", function()
    local program = [[
      local core = require "portone.core"
      local client, inbox = core.client {}, core.inbox()
      for i = 1, 5 do inbox:submit(client, "POST", "%s/", {}, "{}", 30) end
      core.sleep(0.05)
      %s
    ]]

    local function ends_with(last)
      server:script { rest = { { "read" }, { "hold" } } }
      local name = os.tmpname()
      local file = assert(io.open(name, "w"))
      file:write(program:format(server.url, last))
      file:close()
      local i = 0
      while arg[i - 1] do i = i - 1 end
      local lua = arg[i]  -- the interpreter that runs this
      -- A state that is not closed is no leak, but LeakSanitizer cannot see into LuaJIT's heap.
      local run = 'ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" timeout 60 %s %s >/dev/null 2>&1'
      local pipe = io.popen(run:format(lua, name) .. "; echo $?")
      local status = tonumber(pipe:read("*a"))
      pipe:close()
      os.remove(name)
      return status
    end

    for what, row in pairs {
      ["at its end"] = { "", 0 },
      ["by an error"] = { "error 'x'", 1 },
      ["by os.exit"] = { "os.exit(3)", 3 },
      ["by os.exit, closing"] = { "os.exit(4, true)", 4 },
    } do
      it(what .. ", with calls in flight", function()
        assert.equal(row[2], ends_with(row[1]))
      end)
    end
  end)
end)
