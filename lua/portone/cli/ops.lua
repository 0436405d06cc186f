-- SPDX-License-Identifier: MIT
-- portone ops [PATTERN]

local exits = require "portone.cli.exits"
local say = require "portone.cli.say"

local M = {
  summary = "List the operations of both APIs.",
  epilog = "Examples:\n   portone ops billing-key\n   portone ops '^v1.*cancel' --json",
}

function M.add(parser)
  parser:argument("pattern", "A part of a name, method or path, or a Lua pattern."):args "?"
  parser:flag("--json", "Print JSON.")
end

function M.run(options)
  local rows = require("portone.describe").operations(options.pattern)
  if options.json then
    say.answer(rows, true)
  else
    io.stdout:write(tostring(rows), "\n")
  end
  return #rows > 0 and exits.ok or exits.not_found
end

return M
