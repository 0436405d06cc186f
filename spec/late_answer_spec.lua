-- SPDX-License-Identifier: MIT
-- Never another caller's answer. A server takes a request and answers it only when the caller
-- has given up, with an answer that is whole and would do for anybody. Whoever calls next must
-- get the answer to what it asked (here: its own path), on another connection: in a blocking
-- call, through the engine, in tasks, and in a real nginx.

local ample = require "spec.support.ample"
local core = require "portone.core"
local nginx = require "spec.support.nginx"
local peer = require "spec.support.peer"
local tasks = require "portone.loop.tasks"

local LATE = peer.answer(200, "/late")
local HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"

-- What the server says in time, and what comes when nobody waits any more.
local answers = {
  { "nothing at all", nil, LATE },
  { "nothing at all, and two answers later", nil, LATE .. LATE },
  { "half a head", LATE:sub(1, 30), LATE:sub(31) },
  { "half a body", HEAD .. "/lat", "e     " .. LATE },
  { "a hint that it goes on", "HTTP/1.1 100 Continue\r\n\r\n", LATE },
}

-- One connection that answers late, 'before' requests on it having been answered well; all
-- others answer each request with its path.
local function script(early, late, before, last)
  local first = {}
  for _ = 1, before do
    first[#first + 1] = { "read" }
    first[#first + 1] = { "send", peer.answer(200, "/warm") }
  end
  first[#first + 1] = { "read" }
  if early then first[#first + 1] = { "send", early } end
  first[#first + 1] = { "cue", 1 }
  first[#first + 1] = { "send", late }
  first[#first + 1] = { last or "hold" }
  return { first, rest = { { "echo" } } }
end

describe("a late answer", function()
  local server

  setup(function() server = peer.start() end)
  teardown(function() server:stop() end)

  local function until_seen(n)
    for _ = 1, 2000 do
      if #server:requests() >= n then return end
      core.sleep(0.01)
    end
    error("the server has not seen the request")
  end

  -- How many requests came on the first connection.
  local function on_first()
    local first = server:log()[1]
    return first and #first.requests or 0
  end

  -- Of the connections only the first has carried the request that was given up, as its last
  -- one, and it was the client who ended it.
  local function check_connections(before)
    local log = server:log()
    assert.equal(before + 1, #log[1].requests)
    assert.matches("^POST /given%-up", log[1].requests[before + 1])
    assert.matches("^client", log[1].ended)
    for i = 2, #log do
      for _, request in ipairs(log[i].requests) do
        assert.is_nil(request:find("given-up", 1, true))
      end
    end
  end

  -- Each: call(path, timeout) -> status or nil, body or code; many(n, timeout) -> a list of the
  -- same for n paths at once; cancelled(path) -> code, of a call that is cancelled once the
  -- server has seen it.
  local ways = {}

  do
    local client
    ways.blocking = {
      open = function() client = core.client { connect_timeout = 20 } end,
      close = function() client:close() end,
      call = function(path, timeout)
        return client:perform("POST", server.url .. path, {}, "{}", timeout)
      end,
    }
  end

  do
    local client, inbox
    local function submit(path, timeout)
      return assert(inbox:submit(client, "POST", server.url .. path, {}, "{}", timeout))
    end
    local function take()
      assert(inbox:wait(60))
      return inbox:take()
    end
    ways.engine = {
      open = function()
        client, inbox = core.client { connect_timeout = 20 }, core.inbox()
      end,
      close = function()
        inbox:close()
        client:close()
      end,
      call = function(path, timeout)
        submit(path, timeout)
        return select(2, take())
      end,
      many = function(n, timeout)
        local paths, got = {}, {}
        for i = 1, n do paths[submit("/many-" .. i, timeout)] = "/many-" .. i end
        for _ = 1, n do
          local id, _, body = take()
          got[paths[id]] = body
        end
        return got
      end,
      cancelled = function(path, seen)
        local id = submit(path, 60)
        until_seen(seen)
        assert.is_true(inbox:cancel(id))
        return select(3, take())
      end,
    }
  end

  do
    local client
    local function perform(path, timeout)
      return tasks.host.perform(client, "POST", server.url .. path, {}, "{}", timeout)
    end
    ways.tasks = {
      open = function() client = core.client { connect_timeout = 20 } end,
      close = function() client:close() end,
      call = function(path, timeout)
        return tasks.spawn(perform, path, timeout):wait()
      end,
      many = function(n, timeout)
        local got = {}
        for i = 1, n do
          local path = "/many-" .. i
          tasks.spawn(function() got[path] = select(2, perform(path, timeout)) end)
        end
        tasks.run()
        return got
      end,
      cancelled = function(path, seen)
        local code
        local task = tasks.spawn(function() code = select(2, perform(path, 60)) end)
        until_seen(seen)
        task:cancel()
        tasks.run()
        return code
      end,
    }
  end

  for _, name in ipairs { "blocking", "engine", "tasks" } do
    describe("in " .. name, function()
      local way = ways[name]
      before_each(way.open)
      after_each(way.close)

      local function next_ones()
        server:cue()
        for i = 1, 5 do
          local status, body = way.call("/next-" .. i, 30)
          assert.equal(200, status)
          assert.equal("/next-" .. i, body)
        end
        for path, body in pairs(way.many and way.many(12, 30) or {}) do
          assert.equal(path, body)
        end
      end

      for _, before in ipairs { 0, 2 } do
        local kept = before > 0 and ", on a kept connection" or ""
        for _, a in ipairs(answers) do
          it("is nobody's after a time-out; in time came " .. a[1] .. kept, function()
            assert.equal(before + 1, ample(before + 1, function(seconds)
              server:script(script(a[2], a[3], before))
              for _ = 1, before do
                assert.equal(200, (way.call("/warm", 30)))
              end
              local status, code = way.call("/given-up", seconds)
              assert.same({ nil, "timeout" }, { status, code })
              return on_first()
            end))
            next_ones()
            check_connections(before)
          end)
        end

        if way.cancelled then
          it("is nobody's after the call was cancelled" .. kept, function()
            server:script(script(nil, LATE, before))
            for _ = 1, before do
              assert.equal(200, (way.call("/warm", 30)))
            end
            assert.equal("cancelled", way.cancelled("/given-up", before + 1))
            next_ones()
            check_connections(before)
          end)
        end
      end
    end)
  end

  -- Many connections at once, every other one late. All are to be open before the first answer:
  -- one that came later would find the cue given, and "/late" the answer to its own request.
  it("is nobody's among many", function()
    local way, plan = ways.engine, { rest = { { "echo" } } }
    way.open()
    for i = 1, 16 do
      plan[i] = i % 2 == 0 and { { "wait", 0.4 }, { "echo" } }
        or { { "read" }, { "cue", 1 }, { "send", LATE }, { "hold" } }
    end
    local timed_out
    for seconds = 1, 5 do
      server:script(plan)
      timed_out = 0
      for path, body in pairs(way.many(16, seconds)) do
        timed_out = timed_out + (body == "timeout" and 1 or 0)
        assert.is_true(body == "timeout" or body == path, body)
      end
      if #server:log() == 16 then break end
    end
    assert.equal(16, #server:log())
    assert.is_true(timed_out >= 8)
    server:cue()
    for _ = 1, 3 do
      for path, body in pairs(way.many(16, 30)) do assert.equal(path, body) end
    end
    for i, record in ipairs(server:log()) do
      if i <= 16 and i % 2 == 1 then
        assert.equal(1, #record.requests)
        assert.matches("^client", record.ended)
      end
    end
    way.close()
  end)

  -- One nginx module serves all worlds: once is enough.
  if rawget(_G, "jit") then
    describe("in nginx", function()
      local missing = nginx.missing()
      local web

      setup(function()
        if missing then return end
        web = nginx.start { http = ([[
          init_by_lua_block {
            package.preload.helpers = function()
              local core, loop = require "portone.core", require "portone.loop"
              local M = { client = core.client { connect_timeout = 20 } }
              function M.call(path, timeout)
                return loop.current().perform(M.client, "POST", "PEER" .. path, {}, "{}", timeout)
              end
              return M
            end
          }
          server {
            listen 127.0.0.1:$PORT1;
            location /call { content_by_lua_block {
              local status, body = require("helpers").call(ngx.var.arg_path,
                tonumber(ngx.var.arg_timeout))
              ngx.print(tostring(status), " ", tostring(body)) } }
            location /cancel { content_by_lua_block {
              local call, code = require("helpers").call, nil
              require("portone.loop").current().map({ "/given-up", "" }, function(path)
                if path ~= "" then
                  code = select(2, call(path, 60))
                else
                  ngx.sleep(tonumber(ngx.var.arg_after))
                end
                return nil, "that is enough"
              end)
              ngx.print(code) } }
            location /kill { content_by_lua_block {
              local call = require("helpers").call
              local thread = ngx.thread.spawn(call, "/given-up", tonumber(ngx.var.arg_timeout))
              ngx.sleep(tonumber(ngx.var.arg_after))
              ngx.thread.kill(thread)
              ngx.print("killed") } }
            location /active { content_by_lua_block {
              ngx.print(require("portone.core").engine().active) } }
            location /abandon { lua_check_client_abort on; content_by_lua_block {
              ngx.on_abort(function() ngx.exit(499) end)
              require("helpers").call("/given-up", tonumber(ngx.var.arg_timeout)) } }
          }]]):gsub("PEER", server.url) }
      end)

      teardown(function()
        if web then web:stop() end
      end)

      local function about(name, fn)
        it(name, function()
          if missing then return pending(missing) end
          fn()
        end)
      end

      local function call(path, timeout)
        return select(2, web:get(1, ("/call?path=%s&timeout=%s"):format(path, timeout)))
      end

      local function next_ones()
        server:cue()
        for i = 1, 5 do
          assert.equal("200 /next-" .. i, call("/next-" .. i, 15))
        end
        local pending_ones = {}
        for i = 1, 12 do
          pending_ones[i] = web:send(1, ("/call?path=/many-%d&timeout=15"):format(i))
        end
        for i, sent in ipairs(pending_ones) do
          assert.equal("200 /many-" .. i, select(2, nginx.receive(sent)))
        end
      end

      -- Until nothing is on the way any more.
      local function until_over()
        for _ = 1, 2000 do
          if select(2, web:get(1, "/active")) == "0" then return end
          core.sleep(0.01)
        end
        error("the call does not end")
      end

      -- The calls of the test before have left connections that are open and well.
      local function begin(early, late, last)
        server:script(script(early, late, 1, last))
        for _ = 1, 40 do  -- until it is the first connection of this script that is used
          local got = call("/warm", 15)
          if got == "200 /warm" and #server:log() == 1 then return end
        end
        error("no connection is used again")
      end

      for _, a in ipairs { answers[1], answers[2], answers[4] } do
        about("is nobody's after a time-out; in time came " .. a[1], function()
          assert.equal(2, ample(2, function(seconds)
            begin(a[2], a[3])
            assert.equal("nil timeout", call("/given-up", seconds))
            return on_first()
          end))
          next_ones()
          check_connections(1)
        end)
      end

      about("is nobody's after the call was cancelled", function()
        assert.equal(2, ample(2, function(seconds)
          begin(nil, LATE)
          assert.equal("cancelled", select(2, web:get(1, "/cancel?after=" .. seconds)))
          return on_first()
        end))
        next_ones()
        check_connections(1)
      end)

      about("is nobody's when the thread that waited was killed", function()
        assert.equal(2, ample(2, function(seconds)
          begin(nil, LATE)
          assert.equal("killed", select(2, web:get(1, ("/kill?timeout=%s&after=%s")
            :format(seconds * 2, seconds))))
          return on_first()
        end))
        until_over()
        next_ones()
        check_connections(1)
      end)

      about("is dropped when it comes in time for a thread that was killed", function()
        assert.equal(2, ample(2, function(seconds)
          begin(nil, LATE, "echo")
          assert.equal("killed", select(2, web:get(1, "/kill?timeout=60&after=" .. seconds)))
          return on_first()
        end))
        next_ones()
      end)

      about("is nobody's when the client of the request went away", function()
        begin(nil, LATE)
        local gone = web:send(1, "/abandon?timeout=3")
        until_seen(2)
        gone:close()
        until_over()
        next_ones()
        check_connections(1)
      end)
    end)
  end
end)
