-- SPDX-License-Identifier: MIT
-- The command `portone`: one file for each subcommand, in cli/, with
--   summary, epilog     what --help says of it; the epilog shows examples
--   add(parser, names)  declares its options; names: of all operations, where a shell asks
--   run(options)        does it and returns the exit status (cli/exits.lua)

local exits = require "portone.cli.exits"
local say = require "portone.cli.say"
local version = require "portone.version"

local M = {}

M.commands = { "repl", "sandbox", "call", "ops", "describe", "webhook", "bill", "doctor" }

local function command(name)
  return require("portone.cli." .. name)
end

local DESCRIPTION = "Payments with PortOne from a shell. Nothing here needs an account: `repl` "
  .. "and `sandbox` bring one of their own."

local EPILOG = [[
Keys come from the environment (PORTONE_API_SECRET, PORTONE_STORE_ID,
PORTONE_V1_API_KEY, PORTONE_V1_API_SECRET, PORTONE_WEBHOOK_SECRET) or a file of
the same names (--env FILE), never from the command line.

Examples:
   portone repl
   portone sandbox --port 8010 >sandbox.env
   portone call v2.payment.get_payment paymentId=order-1001 --env sandbox.env
   portone bill november.csv --ledger november.db

`man portone` has all of it.]]

---The parser, with every command and option.
---@param argparse function
---@param names? string[]  of all operations, to be completed by a shell
---@return table
function M.parser(argparse, names)
  local parser = argparse("portone", DESCRIPTION, EPILOG)
    :command_target("command"):require_command(true)
  parser:flag("--version", "Print the version."):action(function()
    io.stdout:write("portone ", version, "\n")
    os.exit(0)
  end)
  for _, name in ipairs(M.commands) do
    local part = command(name)
    local sub = parser:command(name, part.summary, part.epilog)
    part.add(sub, names)
  end
  local completion = parser:command("completion", "Print a completion script for a shell.",
    "Examples:\n   portone completion bash >~/.local/share/bash-completion/completions/portone")
  completion:argument("shell"):choices { "bash", "zsh", "fish" }
  return parser
end

-- {====== What must not stand on a command line ======

local forbidden = { "secret", "password", "token", "imp%-key", "api%-key", "card%-number" }

-- An option that would have a secret as its value; the value is not repeated.
local function secret_option(args)
  for _, word in ipairs(args) do
    if word == "--" then
      return nil
    end
    local name = word:match("^%-%-?([%w_%-]+)")
    local plain = name and name:lower():gsub("_", "-") or ""
    for _, part in ipairs(forbidden) do
      if plain:find(part) then
        return "--" .. name
      end
    end
  end
end

-- }======

local function completion(argparse, shell)
  local names = {}
  for row in require("portone.api").all() do
    names[#names + 1] = row.name
  end
  local script = require "portone.cli.completion".script
  io.stdout:write(script(M.parser(argparse, names), shell, names))
  return exits.ok
end

-- Lines of a Lua error that say where in our files it was raised are of no use here.
local function plain(message)
  return (tostring(message):gsub("^[^%s:]+%.lua:%d+: ", ""))
end

local function fail(err)
  local text = tostring(err)
  if text:find("interrupted!", 1, true) then
    say.note ""
    return { status = exits.interrupted }
  end
  return { status = exits.internal, text = debug.traceback(plain(text), 2) }
end

local function run(part, options)
  local ok, status = xpcall(function() return part.run(options) end, fail)
  if ok then
    return status
  elseif status.text then
    say.problem("%s", status.text)
  end
  return status.status
end

---Does what the words of a command line say.
---@param args string[]
---@return integer status
function M.main(args)
  local found, argparse = pcall(require, "argparse")
  if not found then
    say.problem("the command line needs argparse (Debian: lua-argparse, LuaRocks: argparse)")
    return exits.unavailable
  end
  local secret = secret_option(args)
  if secret then
    say.problem("there is no %s: a command line can be read by everybody on this machine. Set "
      .. "the PORTONE_… variable, or name a file of them with --env.", secret)
    return exits.usage
  end
  local ok, options = M.parser(argparse):pparse(args)
  if not ok then
    say.problem("%s", options)
    say.note("Try `portone --help`, or `portone COMMAND --help`.")
    return exits.usage
  elseif options.command == "completion" then
    return completion(argparse, options.shell)
  end
  return run(command(options.command), options)
end

return M
