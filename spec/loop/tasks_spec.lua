-- SPDX-License-Identifier: MIT
-- Tasks: coroutines in which calls wait while the program goes on.

local core = require "portone.core"
local loop = require "portone.loop"
local peer = require "spec.support.peer"
local tasks = require "portone.loop.tasks"

local OK = peer.answer(200, "{}")
local is51 = not pcall(loadstring or load, "return 1", nil, "t") or
  (_VERSION == "Lua 5.1" and not rawget(_G, "jit"))

describe("tasks", function()
  local server, client

  setup(function() server = peer.start() end)
  teardown(function() server:stop() end)
  before_each(function() client = core.client { connect_timeout = 20 } end)
  after_each(function()
    assert.equal(0, tasks.poll(0), "a task was left over")
    client:close()
  end)

  local function call(path, timeout)
    return loop.current().perform(client, "POST", server.url .. path, {}, "{}", timeout or 30)
  end

  -- Answers after so many seconds.
  local function late(seconds, body)
    return { { "read" }, { "wait", seconds }, { "send", body and peer.answer(200, body) or OK } }
  end

  local function until_seen(n)
    for _ = 1, 2000 do
      if #server:requests() >= n then return end
      core.sleep(0.01)
    end
    error("the server has not seen the request")
  end

  -- What a failed task writes to stderr, collected.
  local function quietly(fn)
    local seen, report = {}, tasks.on_error
    tasks.on_error = function(task) seen[#seen + 1] = task end
    local ok, err = pcall(fn, seen)
    tasks.on_error = report
    if not ok then error(err, 0) end
  end

  describe("spawn", function()
    it("starts at once and gives what the function returns", function()
      server:script {}
      local order = {}
      local task = tasks.spawn(function(a, b)
        order[1] = "begun"
        local status = call("/x")
        return status, a, b, nil
      end, "a", nil)
      order[2] = "spawned"
      assert.same({ "begun", "spawned" }, order)
      assert.equal("running", task.status)
      assert.equal("portone.task (running)", tostring(task))
      tasks.run()
      assert.equal("done", task.status)
      assert.equal(200, task.result)
      assert.equal(4, task.results.n)
      assert.equal("a", task.results[2])
      assert.equal(1, #server:requests())
    end)

    it("of a function that never waits is done when it returns", function()
      local task = tasks.spawn(function(...) return select("#", ...) end, nil, nil)
      assert.equal("done", task.status)
      assert.equal(2, task.result)
      assert.equal(0, tasks.poll())
    end)

    it("inside a task starts when that one waits", function()
      local order = {}
      tasks.spawn(function()
        tasks.spawn(function() order[#order + 1] = "inner" end)
        order[#order + 1] = "outer"
      end)
      assert.same({ "outer", "inner" }, order)
    end)

    it("nests as deep as one likes", function()
      local deepest = 0
      local function dig(n)
        deepest = n
        if n < 5000 then tasks.spawn(dig, n + 1) end
      end
      tasks.spawn(dig, 1)
      assert.equal(5000, deepest)
    end)

    it("wants a function", function()
      assert.error_matches(function() tasks.spawn("x") end, "function expected, got string")
    end)

    it("takes 100,000 at once, and all of them end", function()
      local n = 0
      for _ = 1, 100000 do
        tasks.spawn(function()
          coroutine.yield()
          n = n + 1
        end)
      end
      assert.equal(100000, tasks.dispatch() + n)
      tasks.run()
      assert.equal(100000, n)
    end)

    it("takes 10,000 with a call each, and closes what is cancelled", function()
      core.engine { max_host = 50 }
      local script = { rest = { { "read" }, { "wait", 60 } } }  -- most connections never answer
      for i = 1, 10 do script[i] = { { "serve", peer.answer(200, "{}") } } end
      server:script(script)
      local handles, ok, cancelled = {}, 0, 0
      for i = 1, 10000 do
        handles[i] = tasks.spawn(function()
          local status, code = call("/", 60)
          if status == 200 then ok = ok + 1 elseif code == "cancelled" then
            cancelled = cancelled + 1
          end
        end)
      end
      for _ = 1, 1000 do
        tasks.poll(0.1)
        if ok >= 100 then break end
      end
      for _, task in ipairs(handles) do task:cancel() end
      tasks.run()
      assert.equal(10000, ok + cancelled)
      assert.is_true(cancelled > 0 and ok >= 100)
      core.engine { max_host = 1024 }
    end)
  end)

  describe("poll", function()
    it("says how many have not ended, and does not wait unless told to", function()
      -- one that waited would find the calls timed out
      server:script { rest = { { "read" }, { "cue", 1 }, { "send", OK } } }
      tasks.spawn(call, "/1")
      tasks.spawn(call, "/2")
      assert.equal(2, tasks.poll(0))
      assert.equal(2, tasks.poll())
      assert.equal(2, tasks.poll(0.01))
      server:cue()
      local polls = 0
      while tasks.poll(20) > 0 do polls = polls + 1 end
      assert.is_true(polls <= 4)
      assert.equal(0, tasks.poll(1))
    end)

    it("is refused inside a task, as is run", function()
      local task = tasks.spawn(function()
        assert.error_matches(tasks.poll, "not from inside a task")
        assert.error_matches(tasks.run, "not from inside a task")
        return true
      end)
      assert.is_true(task.result)
    end)

    it("goes on with tasks that yield of themselves, once each", function()
      local n = 0
      tasks.spawn(function() for _ = 1, 3 do n = n + 1 coroutine.yield() end end)
      assert.equal(1, n)
      tasks.poll(0)
      assert.equal(2, n)
      tasks.poll(0)
      assert.equal(0, tasks.poll(0))
      assert.equal(3, n)
    end)
  end)

  describe("sleep", function()
    it("lets the others run, and wakes in the order of the times", function()
      local woken = {}
      for _, ms in ipairs { 30, 10, 20, 0, 25, 5, 15 } do
        local due = { first = core.monotonic() + ms / 1000 }
        tasks.spawn(function()
          loop.current().sleep(ms / 1000)
          woken[#woken + 1] = due
          assert.is_true(core.monotonic() >= due.first)
        end)
        due.last = core.monotonic() + ms / 1000  -- starting a task takes its time too
      end
      assert.is_true(tasks.timeout() <= 0.03)
      tasks.run()
      assert.equal(7, #woken)
      for i = 1, #woken do
        for j = i + 1, #woken do assert.is_true(woken[i].first <= woken[j].last) end
      end
      assert.is_nil(tasks.timeout())
    end)

    it("wants a number of seconds", function()
      for _, wrong in ipairs { -1, "x", {} } do
        quietly(function()
          assert.matches("seconds expected", tasks.spawn(tasks.sleep, wrong).error)
        end)
      end
    end)

    it("outside of tasks is an error", function()
      assert.error_matches(function() tasks.sleep(0.01) end, "not in a task")
    end)
  end)

  describe("a failing task", function()
    it("keeps its error and where it happened, and is reported", function()
      quietly(function(seen)
        local task = tasks.spawn(function()
          local function deep_inside() error({ kind = "mine" }) end
          tasks.sleep(0)
          deep_inside()
        end)
        tasks.run()
        assert.equal("failed", task.status)
        assert.equal("mine", task.error.kind)
        assert.matches("deep_inside", task.traceback)
        assert.same({ task }, seen)
      end)
    end)

    it("does no harm to the others", function()
      server:script {}
      quietly(function()
        tasks.spawn(error, "x")
        local other = tasks.spawn(call, "/x")
        tasks.run()
        assert.equal(200, other.result)
      end)
    end)
  end)

  describe("wait", function()
    it("in another task gives what the task returned", function()
      server:script { late(0.05) }
      local first = tasks.spawn(call, "/x")
      local second = tasks.spawn(function() return first:wait() end)
      tasks.run()
      assert.equal(200, second.result)
    end)

    it("outside runs the tasks meanwhile", function()
      server:script { late(0.05), late(0.05) }
      local first, second = tasks.spawn(call, "/x"), tasks.spawn(call, "/y")
      assert.equal(200, (first:wait()))
      assert.equal(200, (second:wait()))
      assert.equal(200, (second:wait()))
    end)

    it("gives the error of one that failed, which is not reported then", function()
      quietly(function(seen)
        local task = tasks.spawn(function() tasks.sleep(0.01) error("oh", 0) end)
        local value, err, traceback = task:wait()
        assert.is_nil(value)
        assert.equal("oh", err)
        assert.matches("traceback", traceback)
        assert.same({}, seen)
      end)
    end)

    it("returns when its own time is up", function()
      local task = tasks.spawn(function() tasks.sleep(100) end)
      local value, why = task:wait(0.02)
      assert.is_nil(value)
      assert.equal("running", why)
      task:cancel()
      tasks.run()
    end)
  end)

  describe("cancel", function()
    it("closes the call; the task goes on with that", function()
      server:script { { { "read" }, { "hold" } } }
      local task = tasks.spawn(function()
        local status, code, _, sent = call("/x", 30)
        return "cleaned up", status, code, sent
      end)
      until_seen(1)
      assert.is_true(task:cancel())
      assert.is_true(task:cancel())
      tasks.run()
      assert.equal("cancelled", task.status)
      assert.same({ "cleaned up", nil, "cancelled", "all", n = 4 }, task.results)
      assert.matches("client", server:log()[1].ended)
      assert.is_false(task:cancel())
    end)

    it("makes what the task does next fail at once", function()
      server:script { { { "read" }, { "hold" } } }
      local task = tasks.spawn(function()
        call("/x", 30)
        return call("/again", 30)
      end)
      task:cancel()
      tasks.run()
      assert.equal("cancelled", task.results[2])
      assert.equal("nothing", task.results[4])
      assert.is_true(#server:requests() <= 1)
    end)

    it("wakes a sleeper with an error", function()
      local task = tasks.spawn(function() tasks.sleep(100) end)
      task:cancel()
      tasks.run()
      assert.equal("cancelled", task.status)
      assert.matches("cancelled", task.error)
    end)

    it("wakes one that waits for another task", function()
      local other = tasks.spawn(function() tasks.sleep(100) end)
      local task = tasks.spawn(function() return other:wait() end)
      task:cancel()
      tasks.poll()
      assert.equal("cancelled", task.status)
      assert.matches("cancelled", task.error)
      assert.equal("running", other.status)
      other:cancel()
      tasks.run()
    end)

    it("ends a map in it: what runs is cancelled, nothing more is begun", function()
      server:script { rest = { { "read" }, { "hold" } } }
      local begun, inner = 0, 0
      local task = tasks.spawn(function()
        return tasks.map({ 1, 2, 3, 4, 5, 6 }, function(n)
          begun = begun + 1
          if n == 1 then tasks.sleep(100) end
          return tasks.map({ 1, 2, 3 }, function()
            inner = inner + 1
            return call("/x", 30)
          end, { concurrency = 1, mode = "collect" })
        end, { concurrency = 2, mode = "collect" })
      end)
      until_seen(1)
      task:cancel()
      tasks.run()
      assert.same({ 2, 1 }, { begun, inner })
      assert.equal("cancelled", task.status)
      assert.matches("client", server:log()[1].ended)
      local results, errors = task.results[1], task.results[2]
      assert.equal(6, results.n)
      assert.matches("cancelled", errors[1])
      for i = 3, 6 do assert.equal("cancelled", errors[i].kind) end
    end)

    it("ends a map that goes on after it, and one that begins after it", function()
      local begun, first, second = 0, nil, nil
      local task
      task = tasks.spawn(function()
        tasks.sleep(0)
        first = { tasks.map({ 1, 2, 3 }, function(n)
          begun = begun + 1
          if n == 2 then task:cancel() end
          return n
        end, { concurrency = 1 }) }
        second = { tasks.map({ 1, 2 }, function() begun = begun + 1 end) }
      end)
      tasks.run()
      assert.equal(2, begun)
      assert.same({ "cancelled", 3 }, { first[2].kind, first[3] })
      assert.same({ "cancelled", 1 }, { second[2].kind, second[3] })
    end)

    it("ends a task that yields for ever", function()
      local task = tasks.spawn(function() while true do coroutine.yield() end end)
      tasks.poll()
      task:cancel()
      tasks.run()
      assert.equal("cancelled", task.status)
    end)

    it("keeps one that has not begun from beginning", function()
      local begun
      tasks.spawn(function()
        tasks.spawn(function() begun = true end):cancel()
      end)
      tasks.run()
      assert.is_nil(begun)
    end)
  end)

  describe("map", function()
    it("gives results in order, so many at a time", function()
      server:script {}
      local running, most, seen = 0, 0, {}
      local results = tasks.map({ "a", "b", "c", "d", "e", "f", "g" }, function(item, i)
        running = running + 1
        most = math.max(most, running)
        tasks.sleep((8 - i) / 200)
        local status = call("/" .. item)
        running = running - 1
        return status == 200 and item .. i
      end, { concurrency = 3, on_progress = function(...) seen[#seen + 1] = { ... } end })
      assert.same({ "a1", "b2", "c3", "d4", "e5", "f6", "g7", n = 7 }, results)
      assert.equal(3, most)
      assert.equal(7, #seen)
      assert.same({ 7, 7 }, { seen[7][1], seen[7][2] })
      assert.equal(7, #server:requests())
    end)

    it("works inside a task, and of nothing", function()
      server:script {}
      local task = tasks.spawn(function()
        return tasks.map({ 1, 2 }, function(n) return call("/") and n end), tasks.map({}, call)
      end)
      tasks.run()
      assert.same({ 1, 2, n = 2 }, task.results[1])
      assert.same({ n = 0 }, task.results[2])
    end)

    it("ends with the first error and cancels the rest", function()
      server:script { rest = { { "read" }, { "hold" } } }
      local started = 0
      local results, err, index = tasks.map({ 1, 2, 3, 4, 5, 6 }, function(n)
        started = started + 1
        if n == 3 then
          tasks.sleep(0.05)
          return nil, "three"
        end
        return call("/" .. n, 30)
      end, { concurrency = 3 })
      assert.same({ nil, "three", 3 }, { results, err, index })
      assert.equal(3, started)
      for _, record in ipairs(server:log()) do assert.matches("client", record.ended) end
    end)

    it("collects errors by index when told to", function()
      local results, errors = tasks.map({ 1, 2, 3, 4 }, function(n)
        tasks.sleep(0)
        if n == 2 then return nil, "two" elseif n == 3 then error("three", 0) end
        return n * 10
      end, { mode = "collect" })
      assert.same({ 10, nil, nil, 40, n = 4 }, results)
      assert.same({ [2] = "two", [3] = "three" }, errors)
    end)

    it("raises what fn raised", function()
      assert.error_matches(function()
        tasks.map({ 1 }, function() error("boom", 0) end)
      end, "^boom$")
    end)

    it("is ended by an error of on_progress", function()
      if is51 then return end  -- which cannot suspend what is protected
      local begun, woken = 0, 0
      assert.error_matches(function()
        tasks.map({ 1, 2, 3, 4 }, function(n)
          begun = begun + 1
          if n > 1 then
            pcall(tasks.sleep, 100)
            woken = woken + 1
          end
          return n
        end, { concurrency = 2, on_progress = function() error("no further", 0) end })
      end, "^no further$")
      assert.same({ 2, 1 }, { begun, woken })
    end)

    it("wants sensible arguments", function()
      for _, wrong in ipairs { { 1, print }, { {}, 1 }, { {}, print, { concurrency = 0 } },
          { { 1 }, print, { concurrency = 0 / 0 } }, { {}, print, { concurency = 2 } },
          { {}, print, 2 }, { {}, print, { mode = "some" } },
          { {}, print, { on_progress = 1 } } } do
        assert.error_matches(function() tasks.map(wrong[1], wrong[2], wrong[3]) end,
          "^.-portone.map")
      end
    end)
  end)

  describe("once", function()
    it("runs the function for the first of many, and all get its results", function()
      local runs, key = 0, {}
      local got = tasks.map({ 1, 2, 3, 4, 5 }, function()
        return { loop.current().once(key, function()
          runs = runs + 1
          tasks.sleep(0.02)
          return "token", nil, runs
        end) }
      end)
      assert.equal(1, runs)
      for i = 1, 5 do assert.same({ "token", nil, 1 }, got[i]) end
    end)

    it("runs it again later, and apart for another key", function()
      local runs = 0
      local function fetch() runs = runs + 1 return runs end
      local a, b = {}, {}
      local task = tasks.spawn(function()
        local host = loop.current()
        return host.once(a, fetch), host.once(a, fetch), host.once(b, fetch)
      end)
      tasks.run()
      assert.same({ 1, 2, 3, n = 3 }, task.results)
    end)

    it("raises its error for all, and the flight outlives who began it", function()
      local key, runs = {}, 0
      local function fetch()
        runs = runs + 1
        tasks.sleep(0.02)
        error("no token", 0)
      end
      local first = tasks.spawn(function() return pcall(loop.current().once, key, fetch) end)
      if is51 then
        assert.matches("pcall", first.results[2])
        return
      end
      local second = tasks.spawn(function() return pcall(loop.current().once, key, fetch) end)
      first:cancel()
      tasks.run()
      assert.equal(1, runs)
      assert.same({ false, "no token", n = 2 }, second.results)
    end)
  end)

  describe("where a coroutine cannot be suspended", function()
    local function in_task(fn)
      local task
      quietly(function()
        task = tasks.spawn(fn)
        tasks.run()
      end)
      return task
    end

    it("says so and sends nothing: inside a C function", function()
      server:script {}
      local task = in_task(function() table.sort({ 3, 2, 1 }, function() call("/x") end) end)
      assert.equal("failed", task.status)
      assert.matches("table.sort", task.error)
      assert.same({}, server:requests())
    end)

    it("says so and sends nothing: in a coroutine of the user's own", function()
      server:script {}
      local task = in_task(function() coroutine.wrap(function() call("/x") end)() end)
      assert.matches("coroutine of your own", task.error)
      assert.same({}, server:requests())
    end)

    local function where_it_can(name, what, body)
      it((is51 and "sends nothing: " or "which is not: ") .. name, function()
        server:script {}
        local task = in_task(body)
        if not is51 then
          assert.equal(200, task.result)
          return
        end
        assert.equal("failed", task.status)
        assert.matches("a call cannot wait here", task.error)
        assert.matches(what, task.error)
        assert.same({}, server:requests())
      end)
    end

    where_it_can("in a metamethod", "metamethod", function()
      return setmetatable({}, { __index = function() return (call("/x")) end }).status
    end)
    where_it_can("in an iterator", "iterator, as that of portone.each", function()
      local last
      for status in function() return not last and call("/x") or nil end do last = status end
      return last
    end)
    where_it_can("in pcall", "pcall", function()
      local ok, status = pcall(call, "/x")
      if not ok then error(status, 0) end
      return status
    end)
  end)

  describe("fileno", function()
    it("is readable when dispatch has something to do", function()
      server:script { late(0.05) }
      local task = tasks.spawn(call, "/x")
      local fd = tasks.fileno()
      local socket = require "socket"
      local got = socket.select({ { getfd = function() return fd end } }, nil, 60)
      assert.equal(1, #got)
      assert.equal(0, tasks.dispatch())
      assert.equal(200, task.result)
    end)
  end)
end)
