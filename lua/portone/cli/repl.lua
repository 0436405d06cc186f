-- SPDX-License-Identifier: MIT
-- portone repl: a Lua prompt with a client ready.

local account = require "portone.cli.account"
local complete = require "portone.cli.repl.complete"
local errors = require "portone.error"
local exits = require "portone.cli.exits"
local history = require "portone.cli.repl.history"
local portone = require "portone"
local redact = require "portone.redact"
local say = require "portone.cli.say"
local show = require "portone.show"
local terminal = require "portone.cli.terminal"

local M = {
  summary = "A Lua prompt with a client ready, against a sandbox of its own.",
  epilog = [[
At the prompt: an expression prints its value, help() says what there is,
help "again" describes an operation, Tab completes operations, fields and
values, an unfinished line goes on. Lines with a secret or a card in them are
not kept in the history. Lines may come from a pipe.

Examples:
   portone repl
   portone repl --account --env live.env
   echo 'v1.payments.find { merchant_uid = "order-1" }' | portone repl --account]],
}

function M.add(parser)
  parser:flag("--account", "Work with the account of the environment instead of a sandbox.")
  parser:option("--seed", "Of the sandbox: what ids and keys are drawn from."):argname "TEXT"
  account.add(parser)
end

-- {====== What there is at the prompt ======

local TOUR = [[
client, v1, v2         the client, and its operations:  v2.payment.get_payment { paymentId = "…" }
issue_billing_key{…}   request_pay_again{…}   schedule{…}   resolve(err)
each, collect          every page of a list
operations "billing"   what there is;   help "again"   how one is called
result, err, info      of the last call;   show(x)   prints anything]]

local SANDBOX_TOUR = [[
sandbox                sandbox:advance "1 month", sandbox:journal { kind = "charge" }, …
cards                  cards.success, cards.declined, …;   channel   the default channel key]]

local function help(sandbox)
  return function(name)
    if name == nil then
      print(sandbox and TOUR .. "\n" .. SANDBOX_TOUR or TOUR)
      return
    end
    local ok, text = pcall(portone.describe, name)
    if not ok and type(name) == "string" then
      local rows = portone.operations(name)
      text = #rows > 0 and tostring(rows) or text
    end
    print((tostring(text):gsub("^[^%s:]+%.lua:%d+: ", "")))
  end
end

local function environment(client, sandbox)
  local env = setmetatable({ portone = portone, client = client, sandbox = sandbox,
    show = portone.show, operations = portone.operations, describe = portone.describe,
    help = help(sandbox) }, { __index = _G })
  for _, name in ipairs { "v1", "v2", "issue_billing_key", "request_pay_again", "schedule",
      "each", "collect", "request", "resolve", "webhook" } do
    env[name] = client[name]
  end
  if sandbox then
    env.cards, env.channel = sandbox.cards, sandbox.channel_key
  end
  return env
end

-- }======

-- {====== Evaluating ======

local function compile(text, env)
  if setfenv then  -- luacheck: ignore
    local chunk, problem = loadstring(text, "=prompt")  -- luacheck: ignore
    return chunk and setfenv(chunk, env), problem  -- luacheck: ignore
  end
  return load(text, "=prompt", "t", env)
end

-- A chunk of an expression or of statements; nil, problem, unfinished.
local function read_chunk(text, env)
  local expression = text:gsub("^%s*=", "")
  local chunk = compile("return " .. expression, env)
  if chunk then
    return chunk
  end
  local problem
  chunk, problem = compile(text, env)
  if chunk then
    return chunk
  end
  local _, second = compile("return " .. expression, env)
  if text:find("^%s*=") then
    problem = second
  end
  return nil, problem, problem:find("near '?<eof>'?$") ~= nil
end

local function pack(...)
  return { n = select("#", ...), ... }
end

-- What an input gave: values, an error of ours in red, nothing for statements.
local function print_values(values, env)
  local result, err, info = values[1], values[2], values[3]
  if result == nil and errors.is(err) then
    env.result, env.err, env.info = nil, err, info
    io.stdout:write(terminal.paint(1, "red", show.text(err)), "\n")
  elseif type(info) == "table" and info.operation then
    env.result, env.err, env.info = result, err, info
    io.stdout:write(show.text(result), "\n")
  else
    for i = 1, values.n do
      io.stdout:write(show.text(values[i]), "\n")
    end
  end
end

local function raised(problem)
  if errors.is(problem) then
    return show.text(problem)
  end
  return (tostring(problem):gsub("^prompt:1: ", ""))
end

-- Runs a chunk; whether it ended well.
local function evaluate(chunk, env)
  local values = pack(xpcall(chunk, raised))
  if values[1] then
    local shown, problem = pcall(print_values, { n = values.n - 1,
      (table.unpack or unpack)(values, 2, values.n) }, env)
    if shown then
      return true
    end
    values[2] = problem
  end
  io.stdout:flush()
  say.problem("%s", tostring(values[2]))
  return false
end

-- }======

-- {====== Reading ======

-- Readline talks to the terminal itself, and has loaded a history of another program's by now.
local function open_readline(state)
  local ok, readline = pcall(require, "readline")
  if not ok then
    say.note("no completion and no history: readline is not here (Debian: lua-readline)")
    return nil
  end
  readline.set_options { histfile = "", auto_add = false }
  readline.set_readline_name "portone"
  local path = history.path()
  if path and history.prepare(path) then
    state.history = path
    for _, line in ipairs(history.read(path)) do
      readline.add_history(line)
    end
  end
  readline.set_complete_function(function(line, from, to)
    local before = state.pending and state.pending .. "\n" or ""
    local words = complete.words(state.env, before .. line:sub(1, to), line:sub(from, to))
    if #words == 1 then
      readline.set_completion_append_character("")
    end
    return words
  end)
  return readline
end

local function reader(state)
  local readline = terminal.is_terminal(0) and open_readline(state)
  if readline then
    return readline.readline, function(line)
      readline.add_history(line)
      if state.history and history.is_harmless(line, state.secrets) then
        history.append(state.history, line)
      end
    end
  end
  local prompts = terminal.is_terminal(0)
  return function(prompt)
    if prompts then
      io.stdout:write(prompt)
      io.stdout:flush()
    end
    return io.read("*l")
  end, function() end
end

-- One input after the other, until there is none; whether all went well.
local function loop(state)
  local read, keep = reader(state)
  local all_well = true
  while true do
    local line = read(state.pending and "      >> " or "portone> ")
    if not line then
      break
    end
    local text = state.pending and state.pending .. "\n" .. line or line
    local chunk, problem, unfinished = read_chunk(text, state.env)
    if line:find("%S") then
      keep(line)
    end
    if not text:find("%S") then
      state.pending = nil
    elseif chunk then
      state.pending = nil
      all_well = evaluate(chunk, state.env) and all_well
    elseif unfinished then
      state.pending = text
    else
      state.pending, all_well = nil, false
      say.problem("%s", raised(problem))
    end
    io.stdout:flush()
  end
  if state.pending then
    say.problem("the last input is not finished")
  end
  return all_well and not state.pending
end

-- }======

local function greet(state)
  if terminal.is_terminal(0) and terminal.is_terminal(1) then
    io.stdout:write(("portone %s, %s. help() says what there is; Ctrl-D ends.\n")
      :format(portone._VERSION, state.sandbox and "a sandbox of its own" or "your account"))
  end
end

-- A client, and the sandbox behind it; nil, status.
local function open(options)
  if options.account or options.env then
    local client, status = account.client(options)
    return client, client and nil or status
  end
  local sandbox, problem = portone.sandbox.start { seed = options.seed }
  if not sandbox then
    say.problem("%s", problem)
    return nil, exits.unavailable
  end
  return sandbox:client(), nil, sandbox
end

function M.run(options)
  local client, status, sandbox = open(options)
  if not client then
    return status
  end
  local state = { env = environment(client, sandbox), sandbox = sandbox,
    secrets = redact.values(account.environment(options) or {}) }
  greet(state)
  local well = loop(state)
  if terminal.is_terminal(0) then
    io.stdout:write("\n")
    well = true
  end
  client.close()
  if sandbox then
    sandbox:stop()
  end
  return well and exits.ok or exits.internal
end

return M
