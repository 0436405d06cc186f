-- SPDX-License-Identifier: MIT
-- portone describe NAME

local exits = require "portone.cli.exits"
local say = require "portone.cli.say"

local M = {
  summary = "Show what an operation takes and answers, with an example.",
  epilog = "Examples:\n   portone describe v2.payment.cancel_payment\n"
    .. "   portone describe again\n   portone describe v1.subscribe",
}

function M.add(parser, names)
  local name = parser:argument("name", "An operation, an end of a name that is enough, or a group.")
  if names then
    name:choices(names)
  end
end

function M.run(options)
  local ok, text = pcall(require("portone.describe").describe, options.name, 0)
  if not ok then
    say.problem("%s", text)
    return exits.usage
  end
  io.stdout:write(text, "\n")
  return exits.ok
end

return M
