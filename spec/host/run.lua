-- Runs spec/host/states.lua in a host that was built before.
--
-- Usage: lua5.4 spec/host/run.lua build/5.4-tsan/host [threads [rounds]]
package.path = "./?.lua;" .. package.path
local server = require("spec.support.peer").start()
local ok = os.execute(("%s spec/host/states.lua %d %d %s"):format(arg[1], arg[2] or 16,
  arg[3] or 8, server.url))
server:stop()
os.exit((ok == true or ok == 0) and 0 or 1)
