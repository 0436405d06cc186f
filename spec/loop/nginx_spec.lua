-- SPDX-License-Identifier: MIT
-- In nginx: calls wait without keeping the worker from others, in every phase that can wait, and
-- nothing of ours outlives a worker. The nginx is a real one; so is the upstream, another server
-- of the same nginx that takes its time.

local certificates = require "spec.support.certificates"
local core = require "portone.core"
local nginx = require "spec.support.nginx"
local peer = require "spec.support.peer"
local socket = require "socket"

-- One nginx module serves all of them: once is enough.
if not rawget(_G, "jit") then
  return
end

local upstream = [[
server {
  listen 127.0.0.1:$PORT2 backlog=4096;
  keepalive_requests 1000000;
  location / {
    content_by_lua_block {
      local box = ngx.shared.tokens
      box:incr("seen", 1, 0)
      while ngx.var.arg_hold and not box:get("go") do ngx.sleep(0.01) end
      local ms = tonumber(ngx.var.arg_ms) or 0
      if ms > 0 then ngx.sleep(ms / 1000) end
      ngx.req.read_body()
      ngx.header["X-Seen"] = ngx.var.request_method
      ngx.say("seen ", ngx.var.uri)
    }
  }
}
]]

local helpers = [[
package.preload.helpers = function()
  local core, loop = require "portone.core", require "portone.loop"
  local M = { client = core.client { connect_timeout = 20 } }
  function M.call(path, timeout, host)
    return (host or loop.current()).perform(M.client, "POST",
      "http://127.0.0.1:$PORT2" .. path, {}, "{}", timeout or 30)
  end
  function M.say(path, timeout)
    local status, body, third = M.call(path, timeout)
    ngx.say(tostring(status), " ", tostring(body), " ", status and "" or third)
  end
  return M
end
]]

local function with_helpers(init, rest)
  return "lua_shared_dict tokens 1m;\ninit_by_lua_block {\n" .. helpers .. (init or "") .. "\n}\n"
    .. upstream .. "server {\n  listen 127.0.0.1:$PORT1 backlog=4096;\n" .. rest .. "\n}\n"
end

local CALL = [[ location /call { content_by_lua_block {
    require("helpers").say("/x?ms=" .. (ngx.var.arg_ms or 0)
      .. (ngx.var.arg_hold and "&hold=1" or ""), tonumber(ngx.var.arg_timeout)) } }
  location /go { content_by_lua_block { ngx.shared.tokens:set("go", true) } }
  location /seen { content_by_lua_block { ngx.print(ngx.shared.tokens:get("seen")) } }
  location /idle { return 200 "idle"; }
  location /pid { content_by_lua_block { ngx.say(ngx.worker.pid()) } }
]]

describe("in nginx", function()
  local missing = nginx.missing()
  local server

  local function about(name, fn)
    it(name, function()
      if missing then return pending(missing) end
      fn()
    end)
  end

  after_each(function()
    if server then
      local log = server:log()
      server:stop()
      server = nil
      log = log:gsub("[^\n]*exited on signal 9[^\n]*", "")
        :gsub("[^\n]*lua_code_cache is off[^\n]*", "")
      assert.is_nil(log:match("%[alert%][^\n]*"))
      assert.is_nil(log:match("%[emerg%][^\n]*"))
      assert.is_nil(log:match("signal 11[^\n]*"))
    end
  end)

  local function start(locations, o)
    o = o or {}
    server = nginx.start { http = (o.http or "") .. with_helpers(o.init, locations or CALL),
      workers = o.workers, main = o.main }
    return server
  end

  -- Until the upstream has so many requests.
  local function until_seen(n)
    for _ = 1, 3000 do
      if tonumber((select(2, server:get(1, "/seen")))) == n then return end
      socket.sleep(0.01)
    end
    error("the upstream has not seen the request")
  end

  local function listing(directory)
    local pipe = io.popen("ls -d " .. directory .. "/portone-* 2>/dev/null")
    local text = pipe:read("*a")
    pipe:close()
    return text
  end

  describe("a call", function()
    about("waits in the content phase, and its answer is there", function()
      start()
      local status, body = server:get(1, "/call?ms=20")
      assert.equal(200, status)
      assert.matches("^200 seen /x", body)
    end)

    about("does not keep the worker from others while many answers are handled", function()
      local far = peer.start()
      far:script { rest = { { "serve", peer.answer(200, "{}") } } }
      start([[ location /burst { content_by_lua_block {
        local core, loop = require "portone.core", require "portone.loop"
        local client, turn, last, turns = core.client {}, 0, nil, 0
        local threads = {}
        for i = 1, 300 do
          threads[i] = ngx.thread.spawn(function()
            assert(loop.current().perform(client, "POST", "]] .. far.url .. [[/", {}, "{}", 30))
            if turn ~= last then last, turns = turn, turns + 1 end
          end)
        end
        local other = ngx.thread.spawn(function()
          core.sleep(1.5)  -- the worker stands still, and all answers come meanwhile
          while true do turn = turn + 1 ngx.sleep(0.001) end
        end)
        for i = 1, 300 do assert(ngx.thread.wait(threads[i])) end
        ngx.thread.kill(other)
        ngx.say(turns)
      } } ]])
      local _, body = server:get(1, "/burst")
      far:stop()
      assert.is_true(tonumber(body) >= 4, body)
    end)

    about("lets the worker serve others meanwhile", function()
      start()
      server:get(1, "/call")
      local slow = {}
      for i = 1, 20 do slow[i] = server:send(1, "/call?hold=1") end
      until_seen(21)
      assert.equal("idle", select(2, server:get(1, "/idle")))
      assert.same({}, (socket.select(slow, nil, 0)))
      server:get(1, "/go")
      for i = 1, 20 do assert.matches("^200 seen", select(2, nginx.receive(slow[i]))) end
    end)

    about("fails as any call does", function()
      start()
      local from = socket.gettime()
      assert.matches("^nil timeout", select(2, server:get(1, "/call?hold=1&timeout=0.2")))
      assert.is_true(socket.gettime() - from < 20)
    end)

    about("waits in every phase that can wait", function()
      start [[
        location /rewrite {
          rewrite_by_lua_block { require("helpers").say("/rewrite") ngx.exit(200) } }
        location /access {
          access_by_lua_block { require("helpers").say("/access") ngx.exit(200) } }
        location /timer { content_by_lua_block {
          local sem = require("ngx.semaphore").new()
          local got
          ngx.timer.at(0, function()
            got = select(2, require("helpers").call("/timer"))
            sem:post()
          end)
          sem:wait(30)
          ngx.say("200 ", got)
        } }
        location /thread { content_by_lua_block {
          ngx.thread.wait(ngx.thread.spawn(function() require("helpers").say("/thread") end))
        } }
        location /coroutine { content_by_lua_block {
          coroutine.wrap(function() require("helpers").say("/coroutine") end)()
        } }
        location /pcall { content_by_lua_block { pcall(require("helpers").say, "/pcall") } } ]]
      for _, name in ipairs { "rewrite", "access", "timer", "thread", "coroutine", "pcall" } do
        assert.matches("^200 seen /" .. name, select(2, server:get(1, "/" .. name)))
      end
    end)

    about("waits while a certificate is chosen", function()
      local certs = certificates.new()
      local mine = certs:issue("mine", { names = "IP:127.0.0.1" })
      start(CALL, { http = ([[ server { listen 127.0.0.1:$PORT3 ssl;
        ssl_certificate %s; ssl_certificate_key %s;
        ssl_certificate_by_lua_block {
          local status, body = require("helpers").call("/ssl?ms=20")
          ngx.log(ngx.ERR, "chosen by ", status, " ", body) }
        return 204; } ]]):format(mine.certificate, mine.key) })
      local client = core.client { ca_file = certs.ca }
      local status, why = client:perform("GET", "https://127.0.0.1:" .. server.ports[3] .. "/", {},
        nil, 20)
      client:close()
      certs:remove()
      assert.equal(204, status, why)
      assert.matches("chosen by 200 seen /ssl", server:log())
    end)

    about("raises in the others, and says what to do", function()
      start([[
        location /set {
          set_by_lua_block $x { return select(2, pcall(require("helpers").call, "/")) }
          return 200 $x; }
        location /header { return 200; header_filter_by_lua_block {
          ngx.header["X-Why"] = select(2, pcall(require("helpers").call, "/")) } }
        location /body { return 200 "x"; body_filter_by_lua_block {
          ngx.arg[1] = select(2, pcall(require("helpers").call, "/")) } }
        location /balancer { proxy_pass http://nobody; }
        location /log { return 200 "x"; log_by_lua_block {
          ngx.log(ngx.ERR, select(2, pcall(require("helpers").call, "/"))) } }
        location /sort { content_by_lua_block {
          local function compare() require("helpers").call("/") end
          ngx.say(select(2, pcall(table.sort, { 2, 1 }, compare)))
        } } ]],
        { init = 'ngx.log(ngx.ERR, select(2, pcall(require("helpers").call, "/")))', http = [[
          init_worker_by_lua_block {
            ngx.log(ngx.ERR, select(2, pcall(require("helpers").call, "/"))) }
          upstream nobody { server 0.0.0.1; balancer_by_lua_block {
            ngx.log(ngx.ERR, select(2, pcall(require("helpers").call, "/"))) ngx.exit(502) } }
        ]] })
      assert.matches("set phase: call in rewrite_by_lua", select(2, server:get(1, "/set")))
      local _, headers = server:request(1, "GET", "/header")
      assert.matches("header_filter phase: call in access_by_lua", headers["x-why"])
      assert.matches("body_filter phase: call in access_by_lua", select(2, server:get(1, "/body")))
      server:get(1, "/balancer")
      server:get(1, "/log")
      assert.matches("init_worker phase: start a timer", server:log())
      assert.matches("balancer phase: call in access_by_lua", server:log())
      assert.matches("table.sort", select(2, server:get(1, "/sort")))
      assert.matches("init phase: call in a timer of init_worker_by_lua", server:log())
      assert.matches("log phase: start a timer", server:log())
    end)
  end)

  about("many calls at a time are answered, each with its own answer", function()
    start [[ location /many { content_by_lua_block {
      local call, threads, wrong = require("helpers").call, {}, 0
      for i = 1, 300 do
        threads[i] = ngx.thread.spawn(function()
          local _, body = call("/" .. i .. "?ms=" .. (i * 7) % 50)
          if body ~= "seen /" .. i .. "\n" then wrong = wrong + 1 end
        end)
      end
      for i = 1, 300 do ngx.thread.wait(threads[i]) end
      ngx.say("wrong: ", wrong)
    } } ]]
    for _ = 1, 3 do
      assert.equal("wrong: 0\n", select(2, server:get(1, "/many")))
    end
  end)

  about("map and once do what they do in tasks", function()
    start [[
      location /map { content_by_lua_block {
        local loop, call = require "portone.loop", require("helpers").call
        local most, running = 0, 0
        local results = loop.current().map({ "a", "b", "c", "d", "e" }, function(name, i)
          running = running + 1
          most = math.max(most, running)
          local _, body = call("/" .. name .. "?ms=" .. (60 - i * 10))
          running = running - 1
          return (body:gsub("%s", ""))
        end, { concurrency = 2 })
        ngx.say(table.concat(results, ","), " ", most)
      } }
      location /error { content_by_lua_block {
        local loop, call = require "portone.loop", require("helpers").call
        local from = ngx.now()
        local results, err, index = loop.current().map({ 1, 2, 3 }, function(n)
          if n == 2 then ngx.sleep(0.05) return nil, "two" end
          return call("/?hold=1")
        end)
        ngx.update_time()
        ngx.say(tostring(results), " ", err, " ", index, " ", ngx.now() - from < 20)
      } }
      location /once { content_by_lua_block {
        local key = {}
        local runs = 0
        local threads = {}
        for i = 1, 10 do
          threads[i] = ngx.thread.spawn(function()
            return require("portone.loop").current().once(key, function()
              runs = runs + 1
              require("helpers").call("/?ms=30")
              return "token" .. runs
            end)
          end)
        end
        local seen = {}
        for i = 1, 10 do
          local _, token = ngx.thread.wait(threads[i])
          seen[token] = (seen[token] or 0) + 1
        end
        ngx.say(runs, " ", seen.token1)
      } } ]]
    assert.equal("seen/a,seen/b,seen/c,seen/d,seen/e 2\n", select(2, server:get(1, "/map")))
    assert.equal("nil two 2 true\n", select(2, server:get(1, "/error")))
    assert.equal("1 10\n", select(2, server:get(1, "/once")))
  end)

  about("tasks are refused: they would keep the worker", function()
    start [[ location /spawn { content_by_lua_block {
      local tasks = require "portone.loop.tasks"
      ngx.say(select(2, pcall(tasks.spawn, print)))
      ngx.say(select(2, pcall(tasks.run)))
    } } ]]
    local body = select(2, server:get(1, "/spawn"))
    assert.matches("portone.spawn: not in nginx.*portone.run: not in nginx", body)
  end)

  describe("workers", function()
    about("many of them, all of which work; required before they fork", function()
      start(CALL, { workers = 4, init = 'require "portone.loop.nginx"' })
      local pids, n = {}, 0
      for _ = 1, 400 do
        local pid = select(2, server:get(1, "/pid"))
        assert.matches("^200 seen", select(2, server:get(1, "/call")))
        if not pids[pid] then
          pids[pid] = true
          n = n + 1
        end
        if n == 4 then break end
      end
      assert.is_true(n >= 2)
    end)

    about("go at once when told to quit, though they have called before", function()
      start(CALL, { init = 'require("portone.loop.nginx").REST = 60' })
      assert.equal(200, (server:get(1, "/call")))
      local pid = server:workers()[1]
      server:signal("QUIT")
      assert.is_truthy(nginx.gone(pid, 20), "it lingers")
    end)

    about("see calls in flight to their end first", function()
      start(CALL, { init = 'require("portone.loop.nginx").REST = 60' })
      server:get(1, "/call")
      local pending_call = server:send(1, "/call?ms=600")
      until_seen(2)
      local pid = server:workers()[1]
      server:signal("QUIT")
      assert.matches("^200 seen", select(2, nginx.receive(pending_call)))
      assert.is_truthy(nginx.gone(pid, 20), "it lingers")
    end)

    about("are replaced on reload, without a failed call", function()
      start()
      local ok, old = 0, nil
      for i = 1, 30 do
        if i % 10 == 0 then
          old = server:workers()[1]
          server:signal("HUP")
        end
        if select(2, server:get(1, "/call?ms=20")):match("^200 seen") then ok = ok + 1 end
      end
      assert.equal(30, ok)
      local pids
      for _ = 1, 2000 do
        pids = server:workers()
        if #pids == 1 and pids[1] ~= old then break end
        socket.sleep(0.01)
      end
      assert.equal(1, #pids)
      assert.are_not.equal(old, pids[1])
    end)

    about("can be killed; the next one works", function()
      start()
      server:get(1, "/call")
      local pid = server:workers()[1]
      server:signal("KILL", pid)
      assert.is_not_nil(nginx.gone(pid, 20))
      assert.matches("^200 seen", select(2, server:get(1, "/call")))
    end)

    about("end fast on TERM with calls in flight", function()
      start()
      server:send(1, "/call?hold=1")
      until_seen(1)
      local pid = server:workers()[1]
      server:signal("TERM")
      assert.is_truthy(nginx.gone(pid, 20))
    end)
  end)

  describe("the socket of hints", function()
    about("leaves nothing behind in the file system", function()
      start [[ location /call { content_by_lua_block {
        require("portone.loop.nginx").directories = { "$DIR" }
        require("helpers").say("/x") } } ]]
      assert.matches("^200 seen", select(2, server:get(1, "/call")))
      assert.equal("", listing(server.dir))
    end)

    about("where none can be had: the calls work all the same, and the log says so once", function()
      start [[ location /call { content_by_lua_block {
        require("portone.loop.nginx").directories = { "/nonexistent", "$DIR/no/such" }
        require("helpers").say("/x?ms=30") } } ]]
      for _ = 1, 3 do
        assert.matches("^200 seen", select(2, server:get(1, "/call")))
      end
      assert.equal(1, server:logged("no unix socket"))
      assert.matches("/nonexistent: No such file", server:log())
    end)

    about("is made anew when its reader has rested", function()
      start([[ location /call { content_by_lua_block { require("helpers").say("/x") } } ]],
        { init = 'require("portone.loop.nginx").REST = 0.05' })
      for _ = 1, 3 do
        assert.matches("^200 seen", select(2, server:get(1, "/call")))
        socket.sleep(0.3)
      end
    end)

    about("is made anew when its reader has died", function()
      start([[ location /call { content_by_lua_block { require("helpers").say("/x?ms=20", 1) } } ]],
        { init = [[
          local hosts = require "portone.loop.host"
          local drain, n = hosts.drain, 0
          hosts.drain = function(...)
            n = n + 1
            if n == 2 then error("the reader is made to fail") end
            return drain(...)
          end ]] })
      for _ = 1, 3 do
        assert.matches("^200 seen", select(2, server:get(1, "/call")))
      end
      assert.equal(1, server:logged("the reader is made to fail"))
    end)
  end)

  about("with lua_code_cache off every request has a state of its own, and none stays", function()
    start([[ lua_code_cache off;
      location /call { content_by_lua_block {
        package.preload.helpers = nil
        require("portone.loop.nginx").REST = 0.1
        local loop, core = require "portone.loop", require "portone.core"
        local client = core.client {}
        local status, body = loop.current().perform(client, "POST", "http://127.0.0.1:$PORT2/x", {},
          "{}", 5)
        ngx.say(status, " ", body)
      } }
      location /inboxes { content_by_lua_block {
        ngx.say(require("portone.core").engine().inboxes) } } ]])
    for _ = 1, 10 do
      assert.matches("^200 seen", select(2, server:get(1, "/call")))
    end
    local left
    for _ = 1, 2000 do
      left = select(2, server:get(1, "/inboxes"))
      if left == "0\n" then break end
      socket.sleep(0.01)
    end
    assert.equal("0\n", left)
  end)

  about("workers that share a token store make one token request", function()
    local v1 = [[
      location = /users/getToken { content_by_lua_block {
        ngx.shared.tokens:incr("requests", 1, 0)
        ngx.sleep(0.1)
        local now = ngx.time()
        ngx.print('{"code":0,"message":null,"response":{"access_token":"the-token","now":' .. now
          .. ',"expired_at":' .. now + 1800 .. '}}')
      } }
      location /payments { content_by_lua_block {
        local ok = ngx.var.http_authorization == "Bearer the-token"
        ngx.print('{"code":0,"message":null,"response":{"imp_uid":"' .. (ok and "right" or "wrong")
          .. '"}}')
      } }
      location /requests { content_by_lua_block {
        ngx.print(ngx.shared.tokens:get("requests")) } }
      location /find { content_by_lua_block {
        client = client or require("portone").new {
          v1 = { imp_key = "k", imp_secret = "s" }, v1_base_url = "http://127.0.0.1:$PORT1",
          token_store = require("portone.token_store").shared_dict "tokens" }
        local payment, err = client.v1.payments.get { imp_uid = "imp_1" }
        ngx.print(payment and payment.imp_uid or tostring(err))
      } } ]]
    start(v1, { workers = 4 })
    local sent = {}
    for i = 1, 40 do sent[i] = server:send(1, "/find") end
    for i = 1, 40 do assert.equal("right", select(2, nginx.receive(sent[i]))) end
    assert.equal("1", select(2, server:get(1, "/requests")))
  end)

  describe("a client that goes away", function()
    -- Answers what is left; gives what became of the connection.
    local function with_peer(client_abort, extra, stays)
      local p = peer.start()
      p:script { { { "read" }, { stays and "cue" or "hold", 1 },
        { "send", peer.answer(200, "{}") }, { "hold" } } }
      start(([[
        location /call { lua_check_client_abort on; content_by_lua_block {
          local nginx = require "portone.loop.nginx"
          host = host or nginx.new { client_abort = %q }
          %s
          local client = require("portone.core").client {}
          host.perform(client, "POST", "%s/charge", {}, "{}", 600)
        } } ]]):format(client_abort, extra or "", p.url), { main = "" })
      local s = server:send(1, "/call")
      for _ = 1, 2000 do
        if #p:requests() > 0 then break end
        socket.sleep(0.01)
      end
      s:close()
      if stays then
        socket.sleep(0.3)
        p:cue()
      else
        for _ = 1, 2000 do
          if p:log()[1].ended then break end
          socket.sleep(0.01)
        end
      end
      local log = p:log()
      p:stop()
      return log[1]
    end

    about("leaves its call to go on", function()
      local record = with_peer("detach", nil, true)
      assert.equal(1, #record.requests)
      assert.is_nil(record.ended)
    end)

    about("takes its call with it where that is wanted", function()
      assert.matches("client", with_peer("cancel").ended)
    end)

    about("or an on_abort of the user's own does", function()
      assert.matches("client", with_peer("detach", [[
        host = nginx.new { client_abort = "cancel" }
        ngx.on_abort(function() nginx.cancel_calls() ngx.exit(499) end) ]]).ended)
      assert.equal(1, server:logged("no effect here"))
    end)
  end)
end)
