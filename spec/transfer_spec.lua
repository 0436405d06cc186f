-- SPDX-License-Identifier: MIT
-- One exchange over a real socket, against a server that does everything a server can do wrong.
-- What counts each time: a definite word on what happened and on what the server may have seen.

local ample = require "spec.support.ample"
local core = require "portone.core"
local peer = require "spec.support.peer"
local socket = require "socket"

local OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

describe("an exchange", function()
  local server, client

  setup(function() server = peer.start() end)
  teardown(function() server:stop() end)
  before_each(function() client = core.client { connect_timeout = 20 } end)
  after_each(function() client:close() end)

  local function call(method, path, body, timeout, headers)
    return client:perform(method, server.url .. path, headers or {}, body, timeout or 20)
  end

  -- A request as { line, headers (sorted lines), body }.
  local function parse(raw)
    local head, body = raw:match("^(.-)\r\n\r\n(.*)$")
    local line, rest = head:match("^([^\r\n]*)\r\n(.*)$")
    local headers = {}
    for header in (rest .. "\r\n"):gmatch("(.-)\r\n") do table.insert(headers, header) end
    table.sort(headers)
    return { line = line, headers = headers, body = body }
  end

  local function sent(method, body, headers)
    server:script {}
    assert.equal(200, (call(method, "/payments/a%2Fb?x=1", body, nil, headers)))
    local requests = server:requests()
    assert.equal(1, #requests)
    local request = parse(requests[1])
    assert.equal(method .. " /payments/a%2Fb?x=1 HTTP/1.1", request.line)
    return request
  end

  describe("puts on the wire", function()
    local function with(...)
      local lines = { "Accept: */*", "Host: 127.0.0.1:" .. server.port,
        "User-Agent: portone-lua", ... }
      table.sort(lines)
      return lines
    end

    it("a POST with its body, byte for byte, and no header of libcurl's own making", function()
      local body = '{"a":"\0\r\n\255"}'
      local request = sent("POST", body, { "Content-Type: application/json", "X-One: 1 ;:" })
      assert.same(with("Content-Length: " .. #body, "Content-Type: application/json",
        "X-One: 1 ;:"), request.headers)
      assert.equal(body, request.body)
    end)

    for _, method in ipairs { "POST", "PUT", "PATCH" } do
      it("a " .. method .. " without a body: length 0, no Content-Type", function()
        local request = sent(method)
        assert.same(with("Content-Length: 0"), request.headers)
        assert.equal("", request.body)
      end)
    end

    for _, method in ipairs { "GET", "DELETE" } do
      it("a " .. method .. ": no length, no Content-Type", function()
        assert.same(with(), sent(method).headers)
      end)
    end

    it("a DELETE with a body", function()
      local request = sent("DELETE", "{}", { "Content-Type: application/json" })
      assert.same(with("Content-Length: 2", "Content-Type: application/json"), request.headers)
      assert.equal("{}", request.body)
    end)

    it("a body of megabytes without waiting for a 100", function()
      local body = ("0123456789abcdef"):rep(131072)
      local request = sent("POST", body, { "Content-Type: application/json" })
      assert.same(with("Content-Length: " .. #body, "Content-Type: application/json"),
        request.headers)
      assert.is_true(request.body == body)
    end)

    it("the next request as if there had been none before", function()
      server:script {}
      call("POST", "/1", "{}", nil, { "Content-Type: application/json", "X-Secret: 1" })
      call("GET", "/2")
      call("DELETE", "/3")
      call("POST", "/4")
      local log = server:log()
      assert.equal(1, #log)
      local requests = log[1].requests
      assert.equal(4, #requests)
      assert.same(with(), parse(requests[2]).headers)
      assert.same(with(), parse(requests[3]).headers)
      assert.same(with("Content-Length: 0"), parse(requests[4]).headers)
    end)

    it("no dots resolved: the path goes as it is", function()
      server:script {}
      call("GET", "/a/../b/./c")
      assert.equal("GET /a/../b/./c HTTP/1.1", parse(server:requests()[1]).line)
    end)
  end)

  it("gives status, body, header lines and seconds", function()
    server:script { { { "read" },
      { "send", "HTTP/1.1 418 Teapot\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\n" },
      { "send", "\0\1\r\n\255" }, { "hold" } } }
    local from = core.monotonic()
    local status, body, head, seconds = call("GET", "/")
    assert.equal(418, status)
    assert.equal("\0\1\r\n\255", body)
    assert.equal("HTTP/1.1 418 Teapot\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\n", head)
    assert.is_true(seconds > 0 and seconds <= core.monotonic() - from)
  end)

  it("keeps only the headers of the last answer, and all of them", function()
    server:script { { { "read" },
      { "send", "HTTP/1.1 100 Continue\r\nX-Old: 1\r\n\r\n" },
      { "send", "HTTP/1.1 200 OK\r\nX-New: 1\r\nHTTP/like: 2\r\nContent-Length: 2\r\n\r\n{}" },
      { "hold" } } }
    local _, body, head = call("POST", "/", "{}")
    assert.equal("{}", body)
    assert.equal("HTTP/1.1 200 OK\r\nX-New: 1\r\nHTTP/like: 2\r\nContent-Length: 2\r\n\r\n", head)
  end)

  describe("is not sent again by itself when a kept connection dies after the server read it:",
    function()
      local deaths = { close = { { "close" } }, reset = { { "reset" } },
        ["a cut status line"] = { { "send", "HTTP/1.1 20" }, { "close" } } }
      local writes = { { "POST", "{}" }, { "POST" }, { "DELETE" }, { "DELETE", "{}" },
        { "PUT", "{}" }, { "PATCH", "{}" } }
      for name, death in pairs(deaths) do
        for _, write in ipairs(writes) do
          local method, body = write[1], write[2]
          it(("%s %s, %s"):format(method, body and "with a body" or "without", name), function()
            local script = { { "read" }, { "send", OK }, { "read" } }
            for _, step in ipairs(death) do table.insert(script, step) end
            server:script { script }
            assert.equal(200, (call(method, "/first", body)))
            local status, code, _, how = call(method, "/second", body)
            assert.is_nil(status)
            assert.equal("network", code)
            assert.equal("all", how)
            local seen = 0
            for _, request in ipairs(server:requests()) do
              if request:find("^%u+ /second ") then seen = seen + 1 end
            end
            assert.equal(1, seen)
            assert.equal(200, (call(method, "/third", body)))  -- and the client goes on
          end)
        end
      end

      it("a GET may be sent again, and is", function()
        server:script { { { "read" }, { "send", OK }, { "read" }, { "close" } } }
        assert.equal(200, (call("GET", "/first")))
        assert.equal(200, (call("GET", "/second")))
        assert.equal(3, #server:requests())
      end)
    end)

  describe("says what is known when", function()
    -- { symptom, script of the connection, code or status, sent or body }
    local head = "HTTP/1.1 200 OK\r\n"
    local rows = {
      { "the server closes before the request is answered", { { "read" }, { "close" } },
        "network", "all" },
      { "it resets the connection without reading", { { "wait", 0.05 }, { "reset" } },
        "network", "all" },
      { "it resets after reading", { { "read" }, { "reset" } }, "network", "all" },
      { "the status line is cut", { { "read" }, { "send", "HTTP/1.1 20" }, { "close" } },
        "network", "all" },
      { "the head is cut", { { "read" }, { "send", head .. "X-A: 1\r\n" }, { "close" } },
        "network", "answer" },
      { "the body is cut", { { "read" }, { "send", head .. "Content-Length: 10\r\n\r\nabc" },
        { "close" } }, "network", "answer" },
      { "the connection is reset in mid-body", { { "read" },
        { "send", head .. "Content-Length: 10\r\n\r\nabc" }, { "wait", 0.05 }, { "reset" } },
        "network", "answer" },
      { "it stops in mid-body", { { "read" }, { "send", head .. "Content-Length: 10\r\n\r\nabc" },
        { "hold" } }, "timeout", "answer", short = true },
      { "it never answers", { { "read" }, { "hold" } }, "timeout", "all", short = true },
      { "a chunked body is cut between chunks", { { "read" },
        { "send", head .. "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n" }, { "close" } },
        "network", "answer" },
      { "a chunked body is cut inside a chunk", { { "read" },
        { "send", head .. "Transfer-Encoding: chunked\r\n\r\n20\r\n{}" }, { "close" } },
        "network", "answer" },
      { "a chunk lies about its length", { { "read" },
        { "send", head .. "Transfer-Encoding: chunked\r\n\r\n2\r\n{}{}\r\n0\r\n\r\n" },
        { "close" } }, "network", "answer" },
      { "a chunk has no length", { { "read" },
        { "send", head .. "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n" }, { "close" } },
        "network", "answer" },
      { "the length is negative", { { "read" },
        { "send", head .. "Content-Length: -2\r\n\r\n{}" }, { "close" } }, "protocol", "answer" },
      { "the length is no number", { { "read" },
        { "send", head .. "Content-Length: two\r\n\r\n{}" }, { "close" } }, "protocol", "answer" },
      { "it speaks HTTP/0.9", { { "read" }, { "send", "{}" }, { "close" } }, "protocol", "all" },
      { "it speaks something else", { { "read" }, { "send", "SSH-2.0-OpenSSH\r\n" }, { "close" } },
        "protocol", "all" },
      { "it speaks binary", { { "read" }, { "send", "\21\3\1\0\2\2\80\0\0\r\n" }, { "close" } },
        "protocol", "all" },
      { "it asks to go on and dies", { { "read" },
        { "send", "HTTP/1.1 100 Continue\r\n\r\n" }, { "close" } }, "network", "all" },
      { "it announces an answer that does not come", { { "read" },
        { "send", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade"
        .. "\r\n\r\n1234" }, { "close" } }, "protocol", "all" },
      { "the status line has no status", { { "read" },
        { "send", "HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\n{}" }, { "hold" } }, "protocol", "all" },
      { "the status is hidden in the status line", { { "read" },
        { "send", "HtTP/1.1 \238 200\r\nContent-Length: 2\r\n\r\n{}" }, { "hold" } },
        "protocol", "answer" },
      { "a line of the head is no header", { { "read" },
        { "send", head .. "Nonsense\r\nContent-Length: 2\r\n\r\n{}" }, { "hold" } },
        "protocol", "answer" },
      { "headers come without end", { { "read" }, { "send", head },
        { "flood", "X-Header: " .. ("x"):rep(1000) .. "\r\n", 400 }, { "hold" } },
        "protocol", "answer" },
      { "one header comes without end", { { "read" }, { "send", head .. "X: " },
        { "flood", ("x"):rep(1000), 400 }, { "hold" } }, "protocol", "answer" },
      { "the body is larger than max_response by its length", { { "read" },
        { "send", head .. "Content-Length: 5000\r\n\r\n" }, { "flood", ("x"):rep(1000), 5 },
        { "hold" } }, "protocol", "answer", max = 4999 },
      { "the body is larger than max_response without a length", { { "read" },
        { "send", head .. "Connection: close\r\n\r\n" }, { "flood", ("x"):rep(1000), 5 },
        { "hold" } }, "protocol", "answer", max = 4999 },
      { "the body is just as large as max_response", { { "read" },
        { "send", head .. "Content-Length: 5000\r\n\r\n" }, { "flood", ("x"):rep(1000), 5 },
        { "hold" } }, 200, ("x"):rep(5000), max = 5000 },
      { "the answer is a gateway's page", { { "read" }, { "send",
        "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n"
        .. "<html>oh no</html>\r\n" }, { "hold" } }, 502, "<html>oh no</html>\r\n" },
      { "the answer is empty", { { "read" }, { "send", head .. "Content-Length: 0\r\n\r\n" },
        { "hold" } }, 200, "" },
      { "the answer has no body by its status", { { "read" },
        { "send", "HTTP/1.1 204 No Content\r\n\r\n" }, { "hold" } }, 204, "" },
      { "the answer ends with the connection", { { "read" }, { "send", head .. "\r\n{}" },
        { "close" } }, 200, "{}" },
      { "the answer is longer than it says", { { "read" },
        { "send", head .. "Content-Length: 2\r\n\r\n{}garbage" }, { "hold" } }, 200, "{}" },
      { "the answer comes byte by byte", { { "read" }, { "slow", OK, 0.001 }, { "hold" } },
        200, "{}" },
      { "the answer is chunked, with trailers", { { "read" }, { "send", head
        .. "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nX-T: 1\r\n\r\n" },
        { "hold" } }, 200, "{}" },
      { "it sends the client elsewhere, which is not followed", { { "read" },
        { "send", "HTTP/1.1 307 Elsewhere\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n" },
        { "hold" } }, 307, "" },
      { "it continues with 100 and 103 first", { { "read" },
        { "send", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" },
        { "send", OK }, { "hold" } }, 200, "{}" },
    }
    for _, row in ipairs(rows) do
      it(row[1], function()
        local from = core.monotonic()
        local status, a, _, how, seconds
        local function try(timeout)
          server:script { row[2] }
          client:close()
          client = core.client { connect_timeout = 20, max_response = row.max }
          status, a, _, how, seconds = call("POST", "/", '{"amount":1}', timeout)
          return how
        end
        if row.short then ample(row[4], try) else try(20) end
        assert.is_true(row.short or core.monotonic() - from < 15)
        if type(row[3]) == "number" then
          assert.equal(row[3], status)
          assert.equal(row[4], a)
        else
          assert.is_nil(status)
          assert.equal(row[3], a)
          assert.equal(row[4], how)
          assert.is_number(seconds)
        end
        local seen = server:requests()
        assert.is_true(#seen <= 1)
        server:script {}
        local after, body = call("POST", "/next", "{}")  -- its own answer, whatever was before
        assert.equal(200, after)
        assert.equal("{}", body)
      end)
    end

    it("the server dies while it still has to be sent most of the request", function()
      server:script { { { "take", 1000 }, { "reset" } } }
      local _, code, _, how = call("POST", "/", ("x"):rep(8e6))
      assert.equal("network", code)
      assert.equal("part", how)
    end)

    it("time is up while most of the request is still to be sent", function()
      assert.equal("part", ample("part", function(seconds)
        server:script { { { "cue", 1 } } }
        local _, code, _, how = call("POST", "/", ("x"):rep(2e7), seconds)
        assert.equal("timeout", code)
        return how
      end))
    end)

    it("the port is refused", function()
      local closed = assert(socket.bind("127.0.0.1", 0))
      local _, port = closed:getsockname()
      closed:close()
      local status, code, message, how =
        client:perform("POST", ("http://127.0.0.1:%d/"):format(port), {}, "{}", 2)
      assert.is_nil(status)
      assert.equal("network", code)
      assert.equal("nothing", how)
      assert.matches("connect", message)
    end)

    it("the name does not exist", function()
      local _, code, _, how = core.client { connect_timeout = 0.5, insecure = true }
        :perform("POST", "http://no-such-host.invalid/", {}, "{}", 1)
      assert.is_true(code == "network" or code == "timeout")
      assert.equal("nothing", how)
    end)
  end)

  it("does not wait for a black hole longer than connect_timeout", function()
    local hole = assert(socket.tcp())
    assert(hole:bind("127.0.0.1", 0))
    assert(hole:listen(0))
    local _, port = hole:getsockname()
    local fill = {}
    for i = 1, 4 do  -- more than the backlog holds: what comes after waits for good
      fill[i] = socket.tcp()
      fill[i]:settimeout(0)
      fill[i]:connect("127.0.0.1", port)
    end
    client:close()
    client = core.client { connect_timeout = 0.2 }
    local from = core.monotonic()
    local _, code, _, how =
      client:perform("POST", ("http://127.0.0.1:%d/"):format(port), {}, "{}", 10)
    local took = core.monotonic() - from
    assert.equal("timeout", code)
    assert.equal("nothing", how)
    assert.is_true(took >= 0.15 and took < 5, "took " .. took)
    for i = 1, 4 do fill[i]:close() end
    hole:close()
  end)

  it("lets the total time rule over a long connect_timeout", function()
    server:script { { { "read" }, { "hold" } } }
    client:close()
    client = core.client { connect_timeout = 60 }
    local from = core.monotonic()
    local _, code = call("GET", "/", nil, 0.1)
    assert.equal("timeout", code)
    assert.is_true(core.monotonic() - from < 20)
  end)

  describe("and its connection:", function()
    it("kept for the next call, whatever the method", function()
      server:script {}
      for i = 1, 20 do
        assert.equal(200, (call(i % 2 == 0 and "POST" or "GET", "/" .. i)))
      end
      local log = server:log()
      assert.equal(1, #log)
      assert.equal(20, #log[1].requests)
    end)

    it("a timed-out one is closed, and its late answer is nobody's", function()
      assert.equal("all", ample("all", function(seconds)
        server:script {
          { { "read" }, { "cue", 1 }, { "send", peer.answer(200, "late") }, { "hold" } },
          rest = { { "serve", peer.answer(200, "mine") } },
        }
        local _, code, _, how = call("POST", "/first", "{}", seconds)
        assert.equal("timeout", code)
        return how
      end))
      server:cue()
      local status, body = call("POST", "/second", "{}")
      assert.equal(200, status)
      assert.equal("mine", body)
      local log = server:log()
      assert.equal(2, #log)
      assert.matches("^client", log[1].ended)
    end)

    it("one on which an answer came that nobody asked for is not used again", function()
      server:script {
        { { "read" }, { "send", OK }, { "cue", 1 }, { "send", peer.answer(200, "stale") },
          { "hold" } },
        rest = { { "serve", peer.answer(200, "mine") } },
      }
      assert.equal(200, (call("POST", "/first", "{}")))
      server:cue()
      local _, body = call("POST", "/second", "{}")
      assert.equal("mine", body)
    end)

    for _, death in ipairs { "close", "reset" } do
      it("one that died quietly (" .. death .. ") is replaced before anything is sent", function()
        server:script { { { "read" }, { "send", OK }, { "cue", 1 }, { death } } }
        assert.equal(200, (call("POST", "/first", "{}")))
        server:cue()
        assert.equal(200, (call("POST", "/second", "{}")))
        assert.equal(2, #server:requests())
      end)
    end

    it("the server's Connection: close is heeded", function()
      server:script { { { "read" },
        { "send", peer.answer(200, "{}", "Connection: close\r\n") }, { "hold" } } }
      assert.equal(200, (call("POST", "/first", "{}")))
      assert.equal(200, (call("POST", "/second", "{}")))
      assert.equal(2, #server:log())
    end)

    it("ends with the client, and close is final and harmless", function()
      server:script {}
      call("GET", "/")
      assert.equal("portone.client (open)", tostring(client))
      client:close()
      client:close()
      assert.equal("portone.client (closed)", tostring(client))
      assert.matches("^client: closed", server:log()[1].ended)
      assert.has_error(function() call("GET", "/") end, "attempt to use a closed client")
    end)

    it("ends with the last reference to the client", function()
      server:script {}
      do
        local mine = core.client {}
        assert.equal(200, (mine:perform("GET", server.url .. "/", {}, nil, 2)))
      end
      collectgarbage() collectgarbage()
      assert.matches("^client: closed", server:log()[1].ended)
    end)

    it("is not inherited by a program that the host starts", function()
      server:script {}
      call("GET", "/")
      local pipe = io.popen("ls -l /proc/self/fd", "r")
      local fds = pipe:read("*a")
      pipe:close()
      local log = server:log()
      assert.equal(1, #log)
      -- the sockets that are left are those of the spec itself
      local mine = io.popen("ls -l /proc/$PPID/fd", "r")
      local all = mine:read("*a")
      mine:close()
      local _, inherited = fds:gsub("socket:", "")
      local _, open = all:gsub("socket:", "")
      assert.is_true(inherited < open)
    end)
  end)

  describe("refuses before anything is sent", function()
    local function refused(...)
      server:script {}
      local status, code, message, how = client:perform(...)
      assert.is_nil(status)
      assert.equal("invalid_request", code)
      assert.is_string(message)
      assert.equal("nothing", how)
      assert.equal(0, #server:log())
      return message
    end

    for name, header in pairs {
      ["a CR"] = "X-A: 1\rX-B: 2", ["an LF"] = "X-A: 1\nX-B: 2", ["a CR LF"] = "X-A: 1\r\nX-B: 2",
      ["a NUL"] = "X-A: 1\0X-B: 2", ["a header with an LF first"] = "\nX-A: 1",
      ["an LF last"] = "X-A: 1\n", ["an escape"] = "X-A: \27[0m", ["no colon"] = "X-A",
      ["no name"] = ": 1", ["a space in the name"] = "X A: 1", ["libcurl's empty form"] = "X-A;",
      ["nothing"] = "", ["no value"] = "X-A:", ["a blank value"] = "X-A: \t ",
      ["a length"] = "Content-Length: 1", ["a coding"] = "transfer-encoding: chunked",
      ["an expectation"] = "EXPECT: 100-continue", ["an upgrade"] = "Upgrade: h2c",
    } do
      it("a header with " .. name, function()
        refused("POST", server.url .. "/", { "X-Good: 1", header }, "{}", 2)
      end)
    end

    it("a line without a value where the request before had one of the client's own", function()
      local function wrong(headers, body)
        return select(2, client:perform("POST", "http://127.0.0.1:1/", headers, body, 30))
      end
      assert.equal("network", wrong({ "A: b" }, ("x"):rep(100000)))
      assert.equal("invalid_request", wrong({ "Expect:" }, "x"))
      assert.equal("network", wrong({ "A: b" }, nil))
      assert.equal("invalid_request", wrong({ "Content-Type:" }, "x"))
    end)

    it("every control character but TAB, wherever it stands in a header", function()
      for byte = 0, 255 do
        for at = 1, 18 do
          local line = "X-A: " .. ("x"):rep(at) .. string.char(byte) .. ("y"):rep(18 - at)
          local _, code = client:perform("GET", "http://127.0.0.1:1/", { line }, nil, 30)
          local control = (byte < 32 and byte ~= 9) or byte == 127
          assert.equal(control and "invalid_request" or "network", code)
        end
      end
    end)

    for name, path in pairs {
      ["a space"] = "/a b", ["a CR LF"] = "/ HTTP/1.1\r\nX: 1", ["a NUL"] = "/a\0b",
      ["a tab"] = "/\t", ["UTF-8"] = "/\236\152\164", ["a fragment"] = "/a#b",
      ["a template"] = "/payments/{paymentId}", ["a backslash"] = "/a\\b",
    } do
      it("a URL with " .. name, function()
        refused("GET", server.url .. path, {}, nil, 2)
      end)
    end

    for _, method in ipairs { "HEAD", "CONNECT", "TRACE", "OPTIONS", "GETX", "POSTS", "P" } do
      it("the method " .. method, function()
        assert.matches("method", refused(method, server.url .. "/", {}, nil, 2))
      end)
    end

    it("a GET with a body, rather than make a POST of it", function()
      assert.matches("GET", refused("GET", server.url .. "/", {}, "{}", 2))
    end)

    it("plain http to another machine, until the user insists", function()
      assert.matches("plain http", refused("POST", "http://192.0.2.1/", {}, "{}", 2))
      local _, code, _, how = core.client { insecure = true, connect_timeout = 0.1 }
        :perform("POST", "http://192.0.2.1/", {}, "{}", 0.2)
      assert.is_true(code == "network" or code == "timeout")
      assert.equal("nothing", how)
    end)
  end)

  describe("raises for what only a wrong program does:", function()
    local function raises(pattern, ...)
      local args = { n = select("#", ...), ... }
      local ok, why = pcall(function()
        return client:perform((unpack or table.unpack)(args, 1, args.n))
      end)
      assert.is_false(ok)
      assert.matches(pattern, why)
    end
    local url = "http://127.0.0.1:1/"

    it("a method that could smuggle", function()
      for _, method in ipairs { "", "get", "POST /evil", "POST\r\nX: 1", "POST\0", "GET\n" } do
        raises("bad argument #", method, url, {}, nil, 1)
      end
    end)

    it("arguments of the wrong type", function()
      raises("bad argument #", nil, url, {}, nil, 1)
      raises("bad argument #", "GET", nil, {}, nil, 1)
      raises("bad argument #", "GET", url, nil, nil, 1)
      raises("bad argument #", "GET", url, { 1 }, nil, 1)
      raises("bad argument #", "GET", url, { "A: 1", false }, nil, 1)
      raises("bad argument #", "POST", url, {}, {}, 1)
      raises("bad argument #", "GET", url, {}, nil, nil)
      for _, seconds in ipairs { 0, -1, 1e9, 1 / 0, 0 / 0 } do
        raises("bad argument #", "GET", url, {}, nil, seconds)
      end
      assert.has_error(function() client.perform({}, "GET", url, {}, nil, 1) end)
      assert.has_error(function() core.client() end)
    end)
  end)

  describe("and proxies:", function()
    it("one that is configured gets what is not for this machine", function()
      server:script {}
      local proxied = core.client { proxy = server.url, insecure = true }
      assert.equal(200, (proxied:perform("POST", "http://pay.example/x", {}, "{}", 2)))
      assert.matches("^POST http://pay.example/x HTTP/1.1\r\n", server:requests()[1])
    end)

    it("what is for this machine passes every one by", function()
      local other = peer.start()
      server:script {}
      local proxied = core.client { proxy = other.url }
      assert.equal(200, (proxied:perform("POST", server.url .. "/x", {}, "{}", 2)))
      assert.equal(0, #other:log())
      assert.matches("^POST /x HTTP/1.1\r\n", server:requests()[1])
      other:stop()
    end)

    it("a tunnel that is refused leaves nothing sent", function()
      server:script { { { "read" },
        { "send", "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno" }, { "close" } } }
      local proxied = core.client { proxy = server.url }
      local status, code, _, how = proxied:perform("POST", "https://pay.example/x", {}, "{}", 2)
      assert.is_nil(status)
      assert.equal("network", code)
      assert.equal("nothing", how)
      assert.matches("^CONNECT pay.example:443 ", server:requests()[1])
    end)
  end)
end)
