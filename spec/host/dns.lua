-- A name server that does not answer keeps nobody: not the call's own time, not its cancelling,
-- not the calls of others, not the end.
local _, _, url = ...
local core = require "portone.core"

host.dns(4)
local client, inbox = core.client { connect_timeout = 60 }, core.inbox()

local function took(from)
  return core.monotonic() - from
end

local from = core.monotonic()
local status, code, _, sent = client:perform("GET", "https://hang-1.invalid/", {}, nil, 0.3)
assert(not status and code == "timeout" and sent == "nothing", code)
assert(took(from) < 2, "a blocking call waited for DNS")

from = core.monotonic()
assert(inbox:submit(client, "GET", "https://hang-2.invalid/", {}, nil, 0.3))
assert(inbox:wait(5))
local _, _, why, _, how_much = inbox:take()
assert(why == "timeout" and how_much == "nothing", why)
assert(took(from) < 2, "a call waited for DNS")

local id = inbox:submit(client, "GET", "https://hang-3.invalid/", {}, nil, 30)
core.sleep(0.1)
from = core.monotonic()
inbox:cancel(id)
assert(inbox:wait(5))
assert(select(3, inbox:take()) == "cancelled")
assert(took(from) < 1, "cancel waited for DNS")

for i = 1, 5 do inbox:submit(client, "GET", "https://hang-" .. i .. ".invalid/", {}, nil, 30) end
core.sleep(0.1)
from = core.monotonic()
assert(inbox:submit(client, "GET", url, {}, nil, 5))
assert(inbox:wait(5))
assert(select(2, inbox:take()) == 200)
assert(took(from) < 1, "a call waited for the DNS of another")

from = core.monotonic()
inbox:close()
assert(took(from) < 1, "close waited for DNS")
print "ok"
