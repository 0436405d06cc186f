-- SPDX-License-Identifier: MIT
-- Exit statuses of the command. 0 to 5 say what became of the money or the thing asked for;
-- from 64 on they are those of sysexits.h.

local M = {
  ok = 0,
  declined = 1,       -- the card or the PG said no
  unknown = 2,        -- nobody can say yet: run it again
  not_done = 3,       -- certainly not done, for another reason
  not_found = 4,
  conflict = 5,
  usage = 64,         -- the command line is wrong
  bad_input = 65,     -- what was given to it is wrong; nothing was sent
  no_input = 66,      -- a file that cannot be read
  unavailable = 69,   -- the API, the network or a library is not there
  internal = 70,
  no_output = 73,     -- a file, or the ledger, that cannot be written
  temporary = 75,     -- too many requests: later
  protocol = 76,      -- the answer is not what the API sends
  no_permission = 77, -- a secret or a signature that is not accepted
  no_setup = 78,      -- no keys in the environment
  interrupted = 130,
}

local kinds = {
  declined = "declined", unknown_outcome = "unknown", rejected = "not_done",
  not_found = "not_found", conflict = "conflict", invalid_request = "bad_input",
  unauthorized = "no_permission", forbidden = "no_permission", rate_limited = "temporary",
  server = "unavailable", network = "unavailable", tls = "unavailable",
  timeout = "unavailable", protocol = "protocol", cancelled = "interrupted",
  ledger = "no_output",
}

---The exit status for an error of a call.
---@param err portone.Error
---@return integer
function M.of(err)
  return M[kinds[err.kind] or "internal"]
end

return M
