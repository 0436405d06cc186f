-- The HTTP server of the sandbox, seen by raw sockets.

local socket = require "socket"

local core = require "portone.core"
local httpd = require "portone.sandbox.httpd"

local MODULE = "spec.sandbox.httpd_module"

-- Bounded waiting for what another thread does.
local function eventually(condition, what)
  for _ = 1, 4000 do
    local value = condition()
    if value then return value end
    socket.sleep(0.005)
  end
  error("never: " .. (what or "?"), 2)
end

describe("sandbox httpd", function()
  local servers

  local function start(given)
    local o = { module = MODULE, ports = { v1 = 0, v2 = 0 } }
    for name, value in pairs(given or {}) do o[name] = value end
    local server = assert(httpd.start(o))
    servers[#servers + 1] = server
    return server
  end

  -- A connection that has sent a request.
  local function ask(server, target, extra, port)
    local c = assert(socket.connect("127.0.0.1", server:port(port or "v1")))
    c:settimeout(20)
    assert(c:send("GET " .. target .. " HTTP/1.1\r\nHost: x\r\n" .. (extra or "") .. "\r\n"))
    return c
  end

  -- Status, body as far as it came, and whether all of it did.
  local function answer(c)
    local line, problem = c:receive("*l")
    if not line then return nil, problem end
    local length = 0
    repeat
      local header = assert(c:receive("*l"))
      length = tonumber(header:lower():match("^content%-length: (%d+)$")) or length
    until header == ""
    if length == 0 then return line:match(" (%d+) "), "", true end
    local text, _, part = c:receive(length)
    return line:match(" (%d+) "), text or part, text ~= nil
  end

  local function get(server, target, extra)
    local c = ask(server, target, extra)
    local status, text, whole = answer(c)
    c:close()
    return status, text, whole
  end

  local function perform(server, target)
    local client = core.client {}
    local url = ("http://127.0.0.1:%d%s"):format(server:port("v1"), target)
    return client:perform("GET", url, {}, nil, 20)
  end

  before_each(function() servers = {} end)
  after_each(function()
    for _, server in ipairs(servers) do server:stop() end
  end)

  describe("start", function()
    it("lets the system choose the ports", function()
      local server = start()
      assert.is_true(server:port("v1") > 0)
      assert.are_not.equal(server:port("v1"), server:port("v2"))
      assert.matches("^portone.sandbox.server %(running%)$", tostring(server))
      assert.has_error(function() server:port("v3") end)
    end)

    it("raises on arguments of the wrong kind", function()
      assert.has_error(function() httpd.start() end)
      assert.has_error(function() httpd.start { ports = { v1 = 0 } } end)
      assert.has_error(function() httpd.start { module = MODULE } end)
      assert.has_error(function() httpd.start { module = MODULE, ports = { v1 = "x" } } end)
      assert.has_error(function() httpd.start { module = MODULE, ports = { v1 = 65536 } } end)
      assert.has_error(function() httpd.start { module = MODULE, ports = { [1] = 0 } } end)
      assert.has_error(function()
        httpd.start { module = MODULE, ports = { a = 0, b = 0, c = 0, d = 0, e = 0 } }
      end)
      assert.has_error(function()
        httpd.start { module = MODULE, ports = { ["a name that is too long"] = 0 } }
      end)
    end)

    it("tells what kept the module from running", function()
      local server, problem = httpd.start {
        module = "spec.sandbox.no_such_module", ports = { v1 = 0 },
      }
      assert.is_nil(server)
      assert.matches("spec.sandbox.no_such_module", problem, 1, true)
      server, problem = httpd.start { module = MODULE, config = "refuse", ports = { v1 = 0 } }
      assert.is_nil(server)
      assert.matches("no such configuration", problem)
    end)

    it("tells of a port that is taken", function()
      local server = start()
      local second, problem = httpd.start { module = MODULE, ports = { v1 = server:port("v1") } }
      assert.is_nil(second)
      assert.matches("cannot listen on port " .. server:port("v1"), problem)
    end)

    it("takes a port again at once that it has just left", function()
      local server = start()
      local port = server:port("v1")
      local c = ask(server, "/idle")
      assert.equal("200", (answer(c)))
      server:stop()  -- the first to close: its end of the connection lingers
      c:close()
      assert.equal(port, start { ports = { v1 = port } }:port("v1"))
    end)

    it("listens on loopback only", function()
      local server = start()
      local f = assert(io.open("/proc/net/tcp"))
      local found = 0
      for line in f:lines() do
        local address, port = line:match("^%s*%d+: (%x+):(%x+) 00000000:0000 0A")
        if port and tonumber(port, 16) == server:port("v1") then
          found = found + 1
          assert.equal("0100007F", address)
        end
      end
      f:close()
      assert.equal(1, found)
    end)

    it("takes the C modules along that the host has built in", function()
      package.preload["sandbox.preloaded"] = core.now
      package.preload["sandbox.not_c"] = function() end
      local server = start()
      package.preload["sandbox.preloaded"], package.preload["sandbox.not_c"] = nil, nil
      assert.equal("number", server:call("preloaded"))
    end)

    it("runs many servers at once, each in a state of its own", function()
      for _ = 1, 20 do start() end
      for i, server in ipairs(servers) do
        assert.equal("200", (get(server, "/" .. i)))
        assert.equal("in the private state", server:call("global"))
      end
      assert.is_nil(rawget(_G, "leaked_global"))
    end)
  end)

  describe("a request", function()
    it("reaches the module as it came", function()
      local server = start()
      local c = assert(socket.connect("127.0.0.1", server:port("v2")))
      c:settimeout(20)
      local bytes = "a\0b\255\r\n"
      assert(c:send("POST /a%2Fb/../c%20d?x=1&y=%00 HTTP/1.1\r\nHost: x\r\nX-A: one\r\nx-a: two\r\n"
        .. "Content-Length: " .. #bytes .. "\r\n\r\n" .. bytes))
      local status, text = answer(c)
      c:close()
      assert.equal("200", status)
      assert.same({ "v2", "POST", "/a%2Fb/../c%20d?x=1&y=%00", "one, two",
        "Host: x|X-A: one|x-a: two|Content-Length: 6", "610062ff0d0a" },
        { text:match("^(.-)\n(.-)\n(.-)\n(.-)\n(.-)\n(.-)$") })
    end)

    it("may come after others on the same connection", function()
      local server = start()
      local c = ask(server, "/one")
      assert.matches("/one", (select(2, answer(c))))
      for i = 1, 10 do
        c:send("GET /" .. i .. " HTTP/1.1\r\nHost: x\r\n\r\n")
        assert.matches("/" .. i .. "\n", (select(2, answer(c))))
      end
      c:close()
      assert.equal(1, server:stats().connections)
      assert.equal(11, server:stats().requests)
    end)

    it("gets the plan's status and headers", function()
      local server = start()
      local status, text, head = perform(server, "/teapot")
      assert.equal(418, status)
      assert.equal("short", text)
      assert.matches("X%-Kind: pot\r\nX%-Kind: tea\r\n", head)
    end)

    it("is answered 500 when the module fails", function()
      local server = start()
      local status, text = get(server, "/error")
      assert.equal("500", status)
      assert.matches("the handler's own mistake", text)
      assert.equal("500", (get(server, "/no-plan")))
      assert.equal("500", (get(server, "/bad-plan")))
      assert.equal("500", (get(server, "/bad-ending")))
      assert.equal("200", (get(server, "/fine")))
    end)

    it("is refused when its body is absurdly large", function()
      local server = start { max_body = 1000 }
      local function send(head, chunk, times, tail)
        local c = assert(socket.connect("127.0.0.1", server:port("v1")))
        c:settimeout(20)
        assert(c:send("POST /x HTTP/1.1\r\nHost: x\r\n" .. head .. "\r\n\r\n"))
        for _ = 1, times do assert(c:send(chunk)) end
        assert(c:send(tail or ""))
        local status = answer(c)
        c:close()
        return status
      end
      assert.equal("413", send("Content-Length: 1000000", ("x"):rep(10000), 100))
      assert.equal("413", send("Content-Length: 99999999999\r\nExpect: 100-continue", "", 0))
      assert.equal("413", send("Transfer-Encoding: chunked", "3e8\r\n" .. ("x"):rep(1000) .. "\r\n",
        3, "0\r\n\r\n"))
      assert.equal("200", send("Content-Length: 1000", ("x"):rep(1000), 1))
    end)
  end)

  describe("a late answer", function()
    it("keeps no other request waiting", function()
      local server = start()
      local late, n = {}, 60
      for i = 1, n do late[i] = ask(server, "/gate", nil, i % 2 == 0 and "v1" or "v2") end
      eventually(function() return server:stats().parked == n end, "all waiting at once")
      assert.equal("200", (get(server, "/quick")))
      server:call("open_gate")
      for i = 1, n do
        assert.equal("through", select(2, answer(late[i])))
        late[i]:close()
      end
      assert.equal(0, server:stats().parked)
    end)

    it("comes in the order in which it falls due", function()
      local server = start()
      local later, late = ask(server, "/later"), ask(server, "/late")
      assert.equal("late", select(2, answer(late)))
      assert.equal(1, server:stats().parked)
      later:close()
    end)

    it("may be asked for again, also when nobody is left to hear it", function()
      local server = start()
      assert.equal("at last a", select(2, get(server, "/again/a")))
      local c = ask(server, "/again/b")
      eventually(function() return server:stats().parked == 1 end)
      c:setoption("linger", { on = true, timeout = 0 })
      c:close()
      eventually(function() return server:call("done", "b") == "2" end, "the second question")
    end)
  end)

  describe("a bad answer", function()
    it("is a reset", function()
      local server = start()
      local status, code, message = perform(server, "/reset")
      assert.is_nil(status)
      assert.equal("network", code)
      assert.matches("reset by peer", message)
    end)

    it("is an orderly close", function()
      local server = start()
      local _, code, message = perform(server, "/close")
      assert.equal("network", code)
      assert.matches("[Ee]mpty reply", message)
    end)

    it("is cut short", function()
      local server = start()
      local status, text, whole = get(server, "/cut")
      assert.same({ "200", ("0123456789"):rep(4), false }, { status, text, whole })
      local _, code, message = perform(server, "/cut-reset")
      assert.equal("network", code)
      assert.matches("reset by peer", message)
    end)

    it("stops in the middle", function()
      local server = start()
      local c = ask(server, "/cut-hang")
      assert.matches("200", c:receive("*l"))
      repeat until c:receive("*l") == ""
      assert.equal(("0123456789"):rep(4), c:receive(40))
      eventually(function() return server:stats().parked == 1 end)
      c:settimeout(0.05)
      assert.equal("timeout", (select(2, c:receive(1))))
      c:close()
      eventually(function() return server:stats().parked == 0 end, "the client is missed")
    end)

    it("claims more than it has", function()
      local status, text, whole = get(start(), "/long")
      assert.same({ "200", "12345", false }, { status, text, whole })
    end)

    it("has more than it claims", function()
      local server = start()
      local c = ask(server, "/short")
      assert.equal("12345", select(2, answer(c)))
      assert.equal("67890", c:receive(5))
      c:close()
    end)

    it("is slow, but comes", function()
      local server = start()
      local c = ask(server, "/slow")
      eventually(function() return server:stats().parked == 1 end, "a pause in the body")
      assert.equal(("0123456789"):rep(10), select(2, answer(c)))
      c:close()
    end)

    it("never comes, until the client has gone", function()
      local server = start()
      local c = ask(server, "/hang")
      eventually(function() return server:stats().parked == 1 end)
      c:close()
      eventually(function()
        local stats = server:stats()
        return stats.parked == 0 and stats.open == 0
      end, "the hanging connection is let go")
    end)
  end)

  describe("stop", function()
    it("ends what is late, hanging, slow or idle", function()
      local server = start { tick = true }
      local open = {}
      for i, target in ipairs { "/hang", "/later", "/cut-hang", "/slow", "/again/x", "/idle" } do
        open[i] = ask(server, target)
      end
      assert.equal("200", (answer(open[6])))
      eventually(function() return server:stats().parked >= 4 end)
      server:stop()
      for _, c in ipairs(open) do
        local _, problem = c:receive("*a")
        assert.are_not.equal("timeout", problem)
        c:close()
      end
    end)

    it("may come twice, and nothing works after it", function()
      local server = start()
      local port = server:port("v1")
      server:stop()
      server:stop()
      assert.matches("stopped", tostring(server))
      assert.has_error(function() server:call("echo", "x") end, "attempt to use a stopped server")
      assert.has_error(function() server:stats() end, "attempt to use a stopped server")
      assert.is_nil((socket.connect("127.0.0.1", port)))
    end)

    it("comes by itself when the server is forgotten", function()
      local port = assert(httpd.start { module = MODULE, ports = { v1 = 0 } }):port("v1")
      collectgarbage()
      collectgarbage()
      assert.is_nil((socket.connect("127.0.0.1", port)))
    end)

    it("does not wait for receivers that hang", function()
      local server = start()
      assert.equal("true", server:call("deliver", "1 http://127.0.0.1:" .. server:port("v2")
        .. "/hang 60"))
      assert.is_false(server:idle(0.05))
      server:stop()
    end)

    it("is not a child's business", function()
      local ok, unistd = pcall(require, "posix.unistd")
      if not ok then return pending("no lua-posix") end
      local wait = require "posix.sys.wait"
      local server = start { tick = true }
      local child = unistd.fork()
      if child == 0 then
        local usable = pcall(server.call, server, "echo", "x")
        server:stop()
        unistd._exit(usable and 1 or 7)
      end
      local _, _, status = wait.wait(child)
      assert.equal(7, status)
      assert.equal("200", (get(server, "/still-here")))
    end)
  end)

  describe("call", function()
    it("answers with any bytes", function()
      local server = start()
      assert.equal("a\0b\255", server:call("echo", "a\0b\255"))
      assert.equal("", server:call("echo"))
      local big = ("x"):rep(3 * 1024 * 1024)
      assert.equal(big, server:call("echo", big))
    end)

    it("tells why there is no answer", function()
      local server = start()
      local value, problem = server:call("fail")
      assert.is_nil(value)
      assert.matches("refused by the module", problem)
      assert.same({ nil, "not today" }, { server:call("refuse") })
      value, problem = server:call("nothing")
      assert.is_nil(value)
      assert.matches("'nothing' answered with a table", problem)
    end)
  end)

  describe("wait", function()
    it("ends when the module notifies, or in time", function()
      local server = start()
      local seen = server:wait()
      assert.equal(seen, server:wait(seen, 0.01))
      server:call("notify")
      assert.equal(seen + 1, server:wait(seen, 20))
      assert.has_error(function() server:wait(seen, -1) end)
    end)
  end)

  describe("tick", function()
    it("comes again and again, if wanted", function()
      local server = start { tick = true }
      eventually(function() return tonumber(server:call("ticks")) > 3 end)
      assert.equal("0", start():call("ticks"))
    end)
  end)

  describe("a delivery", function()
    local function url(server, target)
      return ("http://127.0.0.1:%d%s"):format(server:port("v2"), target)
    end

    it("is made, and its result reported", function()
      local server = start()
      server:call("deliver", "7 " .. url(server, "/teapot") .. " 20")
      assert.is_true(server:idle(20))
      assert.equal("7 418 short ", server:call("results"))
      assert.equal("0", server:call("pending"))
    end)

    it("carries its headers and body", function()
      local server = start()
      server:call("deliver", "8 " .. url(server, "/hook?x=1") .. " 20")
      assert.is_true(server:idle(20))
      local text = server:call("results")
      assert.matches("POST\n/hook%?x=1\n", text)
      assert.matches("X%-Id: 8", text)
      local hex = ("body of 8"):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
      assert.matches(hex, text)
    end)

    it("fails with a reason", function()
      local server = start()
      local closed = assert(socket.bind("127.0.0.1", 0))
      local _, port = closed:getsockname()
      closed:close()
      server:call("deliver", "a http://127.0.0.1:" .. port .. "/ 20")
      server:call("deliver", "b " .. url(server, "/reset") .. " 20")
      server:call("deliver", "c " .. url(server, "/hang") .. " 0.1")
      server:call("deliver", "d file:///etc/passwd 20")
      server:call("deliver", "e nonsense: 20")
      assert.is_true(server:idle(20))
      local results = "\n" .. server:call("results") .. "\n"
      assert.matches("\na nil  [^\n]*connect", results)
      assert.matches("\nb nil  [^\n]*reset", results)
      assert.matches("\nc nil  [^\n]*time[d-]* ?out", results)  -- or its connection did
      assert.matches("\nd nil  [^\n]*file", results)
      assert.matches("\ne nil  ", results)
    end)

    it("to one host waits for those before it, to others it does not", function()
      local server, other = start(), start()
      for i = 1, 5 do server:call("deliver", i .. " " .. url(server, "/late") .. " 20") end
      server:call("deliver", "hanging " .. url(other, "/hang") .. " 60")
      server:call("deliver", "6 " .. url(server, "/quick") .. " 20")
      local order
      eventually(function()
        order = {}
        for id in ("\n" .. server:call("results")):gmatch("\n(%w+) 200 ") do
          order[#order + 1] = id
        end
        return #order == 6
      end, "six deliveries")
      assert.same({ "1", "2", "3", "4", "5", "6" }, order)
      assert.is_false(server:idle(0))
      assert.equal("1", server:call("pending"))
    end)
  end)
end)
