-- Runs spec/host/states.lua in hosts that were built before.
--
-- Usage: lua5.4 spec/host/run.lua build/5.4-tsan/host ...
--
-- TALLY as in tools/suite.sh.
package.path = "./?.lua;" .. package.path
local THREADS, ROUNDS = 16, 8
local server = require("spec.support.peer").start()
local passed, failed = 0, 0
for _, host in ipairs(arg) do
  local ok = os.execute(("%s spec/host/states.lua %d %d %s"):format(host, THREADS, ROUNDS,
    server.url))
  ok = ok == true or ok == 0
  passed, failed = passed + (ok and 1 or 0), failed + (ok and 0 or 1)
  print(("%s: %d states on as many threads, opened and closed %d times: %s"):format(host, THREADS,
    ROUNDS, ok and "ok" or "FAILED"))
end
server:stop()
local tally = os.getenv "TALLY"
if tally then
  local file = assert(io.open(tally, "a"))
  file:write(passed, " ", failed, "\n")
  file:close()
end
os.exit(failed == 0 and passed > 0)
