-- A fork with calls in flight: they go on in the parent, come back as cancelled to the child, and
-- both go on with calls of their own.
local _, _, slow, fast = ...
local core = require "portone.core"

local client, inbox = core.client {}, core.inbox()

local function submit(url)
  return assert(inbox:submit(client, "POST", url .. "/x", {}, "{}", 30))
end

-- Takes n calls: how many had that status or code.
local function take(n, what)
  local hits = 0
  for _ = 1, n do
    assert(inbox:wait(30), "nothing comes")
    local _, a, b = inbox:take()
    if (a or b) == what then hits = hits + 1 end
  end
  return hits
end

submit(fast)
assert(take(1, 200) == 1)
for _ = 1, 5 do submit(slow) end
core.sleep(0.1)

local pid = host.fork()
if pid == 0 then
  assert(host.threads() == 1, "the child has threads")
  assert(take(5, "cancelled") == 5)
  for _ = 1, 5 do submit(fast) end
  assert(take(5, 200) == 5)
  assert(inbox:count() == 0)
  local second = host.fork()
  if second == 0 then
    submit(fast)
    assert(take(1, 200) == 1)
    os.exit(0, true)
  end
  assert(host.wait(second) == 0)
  os.exit(0, true)
end
assert(host.wait(pid) == 0, "the child failed")
assert(take(5, 200) == 5, "the parent's calls did not come")
for _ = 1, 5 do submit(fast) end
assert(take(5, 200) == 5)
print "ok"
