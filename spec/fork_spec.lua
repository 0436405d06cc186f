-- SPDX-License-Identifier: MIT
-- A worker that is forked from a process that has made calls: it has its parent's sockets and
-- TLS sessions in its memory, and must not touch them. What went over the parent's connection
-- is seen at the server, and in the kernel's own table of what the child wrote to.

local certificates = require "spec.support.certificates"
local core = require "portone.core"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local socket = require "socket"

for _, scheme in ipairs { "http", "https" } do
  describe("after fork, over " .. scheme .. ",", function()
    local server, certs, client

    setup(function()
      if scheme == "https" then
        certs = certificates.new()
        server = peer.start(certs:issue("server", { names = "IP:127.0.0.1" }))
      else
        server = peer.start()
      end
    end)

    teardown(function()
      server:stop()
      if certs then certs:remove() end
    end)

    before_each(function()
      server:script {}
      client = core.client { connect_timeout = 20, ca_file = certs and certs.ca }
    end)

    after_each(function() client:close() end)

    local function call(path, with)
      local status, code = (with or client):perform("POST", server.url .. path, {}, "{}", 30)
      return status and tostring(status) or code
    end

    -- The paths that each connection carried, in order, and how it ended.
    local function seen()
      local out = {}
      for i, record in ipairs(server:log()) do
        local paths = {}
        for _, request in ipairs(record.requests) do
          table.insert(paths, request:match("^POST (%S+)"))
        end
        out[i] = table.concat(paths, " ")
      end
      return out
    end

    it("the child's first call opens a connection of its own", function()
      assert.equal("200", call("/parent-1"))
      local said, status = process.child(function() return call("/child") end)
      assert.equal("200", said)
      assert.equal(0, status)
      assert.same({ "/parent-1", "/child" }, seen())
    end)

    it("the parent's connection goes on when the child has used and closed everything", function()
      assert.equal("200", call("/parent-1"))
      process.child(function()
        call("/child-1")
        call("/child-2")
        client:close()
        client = nil
        collectgarbage()
        collectgarbage()
      end)
      assert.equal("200", call("/parent-2"))
      assert.same({ "/parent-1 /parent-2", "/child-1 /child-2" }, seen())
      assert.is_nil(server:log()[1].ended)
    end)

    it("the parent's connection goes on when the child only closed the client", function()
      assert.equal("200", call("/parent-1"))
      process.child(function()
        client:close()
        assert(tostring(client) == "portone.client (closed)")
      end)
      assert.equal("200", call("/parent-2"))
      assert.same({ "/parent-1 /parent-2" }, seen())
      assert.is_nil(server:log()[1].ended)
    end)

    it("the parent's connection goes on when the child collected its garbage", function()
      local kept = { core.client { ca_file = certs and certs.ca } }
      assert.equal("200", call("/parent-1", kept[1]))
      local weak = setmetatable({ kept[1] }, { __mode = "v" })
      local said = process.child(function()
        kept[1] = nil
        collectgarbage()
        collectgarbage()
        return tostring(weak[1])
      end)
      assert.equal("nil", said)
      assert.equal("200", call("/parent-2", kept[1]))
      assert.same({ "/parent-1 /parent-2" }, seen())
      kept[1]:close()
    end)

    it("the parent's connection goes on when the child's state is closed at its end", function()
      assert.equal("200", call("/parent-1"))
      local pid = process.fork()
      if pid == 0 then
        call("/child")
        process.close(0)
      end
      assert.equal(0, process.wait(pid))
      assert.equal("200", call("/parent-2"))
      assert.same({ "/parent-1 /parent-2", "/child" }, seen())
    end)

    it("a child of a child is no different", function()
      assert.equal("200", call("/parent-1"))
      local said = process.child(function()
        return call("/child-1") .. process.child(function()
          return call("/grandchild")
        end) .. call("/child-2")
      end)
      assert.equal("200200200", said)
      assert.equal("200", call("/parent-2"))
      assert.same({ "/parent-1 /parent-2", "/child-1 /child-2", "/grandchild" }, seen())
    end)

    it("a fork before the first call leaves each with a connection of its own", function()
      assert.equal("200", (process.child(function() return call("/child") end)))
      assert.equal("200", call("/parent"))
      assert.same({ "/child", "/parent" }, seen())
    end)

    it("many children at once share nothing", function()
      assert.equal("200", call("/parent-1"))
      local pids = {}
      for i = 1, 8 do
        pids[i] = process.fork()
        if pids[i] == 0 then
          local ok = call("/c" .. i) == "200" and call("/c" .. i) == "200"
          process.exit(ok and 0 or 1)
        end
      end
      for i = 1, 8 do assert.equal(0, process.wait(pids[i])) end
      assert.equal("200", call("/parent-2"))
      local all = seen()
      assert.equal(9, #all)
      assert.equal("/parent-1 /parent-2", all[1])
      for i = 2, 9 do
        local n = all[i]:match("^/c(%d) ")
        assert.equal(("/c%s /c%s"):format(n, n), all[i])
      end
    end)

    it("the parent may close while the child lives on", function()
      assert.equal("200", call("/parent-1"))
      local pid = process.fork()
      if pid == 0 then
        core.sleep(0.05)
        process.exit(call("/child-1") .. call("/child-2") == "200200" and 0 or 1)
      end
      client:close()
      assert.equal(0, process.wait(pid))
      assert.same({ "/parent-1", "/child-1 /child-2" }, seen())
    end)

    it("the child writes to no file that it has from its parent", function()
      assert.equal("200", call("/parent-1"))
      local before = server:log()[1].bytes
      process.child(function()
        call("/child")
        client:close()
      end)
      local after = server:log()[1]
      assert.equal(before, after.bytes)  -- no request, and over TLS no farewell either
      assert.is_nil(after.ended)
    end)
  end)
end

describe("after fork", function()
  it("parent and child never give the same idempotency key", function()
    local keys, n = {}, 0
    local function take(key)
      assert.equal(32, #key)
      assert.is_nil(keys[key], "a key was given twice")
      keys[key], n = true, n + 1
    end
    take(core.new_key())  -- a hundred are made at a time
    for _ = 1, 3 do
      local said = process.child(function()
        local out = {}
        for i = 1, 150 do out[i] = core.new_key() end
        return table.concat(out, " ")
      end)
      for key in said:gmatch("%x+") do take(key) end
      for _ = 1, 20 do take(core.new_key()) end
    end
    assert.equal(1 + 3 * 170, n)
  end)

  it("the child takes no hint that was the parent's", function()
    local server, client, inbox = peer.start(), core.client { connect_timeout = 20 }, core.inbox()
    local fd = inbox:fileno()
    local function readable(seconds)
      return #socket.select({ { getfd = function() return fd end } }, nil, seconds or 0) > 0
    end
    assert(inbox:submit(client, "POST", server.url .. "/x", {}, "{}", 60))
    assert.is_true(readable(60))
    local said = process.child(function()
      local had = inbox:take() ~= nil
      return tostring(had) .. " " .. tostring((inbox:take())) .. " " .. tostring(readable())
    end)
    assert.equal("true nil false", said)
    assert.is_true(readable())
    assert.equal(200, select(2, inbox:take()))
    inbox:close()
    client:close()
    server:stop()
  end)
end)
