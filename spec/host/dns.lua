-- A name server that does not answer keeps nobody: not the call's own time, not its cancelling,
-- not the calls of others, not the end.
local _, _, url = ...
local core = require "portone.core"

host.dns(30)
local client, inbox = core.client { connect_timeout = 60 }, core.inbox()

local function took(from)
  return core.monotonic() - from
end

local from = core.monotonic()
local status, code, _, sent = client:perform("GET", "https://hang-1.invalid/", {}, nil, 0.3)
assert(not status and code == "timeout" and sent == "nothing", code)
assert(took(from) < 15, "a blocking call waited for DNS")

from = core.monotonic()
assert(inbox:submit(client, "GET", "https://hang-2.invalid/", {}, nil, 0.3))
assert(inbox:wait(30))
local _, _, why, _, how_much = inbox:take()
assert(why == "timeout" and how_much == "nothing", why)
assert(took(from) < 15, "a call waited for DNS")

local id = inbox:submit(client, "GET", "https://hang-3.invalid/", {}, nil, 60)
core.sleep(0.1)
from = core.monotonic()
inbox:cancel(id)
assert(inbox:wait(30))
assert(select(3, inbox:take()) == "cancelled")
assert(took(from) < 15, "cancel waited for DNS")

for i = 1, 5 do inbox:submit(client, "GET", "https://hang-" .. i .. ".invalid/", {}, nil, 60) end
core.sleep(0.1)
from = core.monotonic()
assert(inbox:submit(client, "GET", url, {}, nil, 25))
assert(inbox:wait(30))
assert(select(2, inbox:take()) == 200)
assert(took(from) < 15, "a call waited for the DNS of another")

from = core.monotonic()
inbox:close()
assert(took(from) < 15, "close waited for DNS")
print "ok"
