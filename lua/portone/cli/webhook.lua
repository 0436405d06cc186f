-- SPDX-License-Identifier: MIT
-- portone webhook verify | sign | listen

local account = require "portone.cli.account"
local exits = require "portone.cli.exits"
local portone = require "portone"
local read = require "portone.cli.read"
local say = require "portone.cli.say"

local M = {
  summary = "Verify, sign, or receive webhooks.",
  epilog = [[
The secret is PORTONE_WEBHOOK_SECRET.

Examples:
   portone webhook sign body.json >headers.txt
   portone webhook verify body.json --headers headers.txt
   portone webhook listen --port 3005 --forward http://127.0.0.1:3000/portone]],
}

local function body_argument(parser)
  parser:argument("body", "File of the raw body; - for standard input."):default "-"
end

function M.add(parser)
  parser:command_target("action"):require_command(true)
  local verify = parser:command("verify", "Is a body with these headers from PortOne?",
    "Exit status: 0 it is, 77 it is not (and why, on standard error).\n\nExamples:\n"
    .. "   portone webhook verify body.json --headers headers.txt\n"
    .. "   portone webhook verify --header 'webhook-id: …' --header 'webhook-timestamp: …' \\\n"
    .. "      --header 'webhook-signature: …' <body.json")
  body_argument(verify)
  verify:option("--headers", "File of header lines, Name: value."):argname "FILE"
  verify:option("--header", "A header line."):count "*":argname "LINE"
  verify:option("--tolerance", "Seconds that it may be old or new (300)."):convert(tonumber)
    :argname "SECONDS"
  verify:flag("--json", "Print the event as JSON.")
  account.add(verify)

  local sign = parser:command("sign", "Print the headers that PortOne would send with a body.",
    "Example:\n   portone webhook sign body.json >headers.txt\n"
    .. "   curl -H @headers.txt --data-binary @body.json http://127.0.0.1:3000/portone")
  body_argument(sign)
  sign:option("--id", "webhook-id; default: a new one."):argname "TEXT"
  sign:option("--timestamp", "Unix seconds; default: now."):convert(tonumber):argname "SECONDS"
  account.add(sign)

  local listen = parser:command("listen", "Receive webhooks on loopback, print those that verify.",
    "Runs until stopped. Only what verifies is forwarded, byte for byte, and the sender gets\n"
    .. "the status and body of the answer; 502 or 504 when there was none, 401 when it does not\n"
    .. "verify, 200 without --forward. Unsigned (V1) notifications are printed as claims.\n\n"
    .. "Example:\n"
    .. "   portone webhook listen --port 3005 --forward http://127.0.0.1:3000/portone")
  listen:option("--port", "Port to listen at; 0: any free one."):convert(tonumber):default "0"
    :argname "PORT"
  listen:option("--forward", "Where verified webhooks and V1's go on to."):argname "URL"
  listen:option("--timeout", "Seconds that its answer may take (25)."):convert(tonumber)
    :argname "SECONDS"
  listen:option("--count", "End after so many."):convert(tonumber):argname "N"
  listen:flag("--json", "Print one JSON object for each.")
  account.add(listen)
end

-- {====== What all of them need ======

local function secrets_of(options)
  local found, problem = account.environment(options)
  if not found then
    return nil, exits.no_input, problem
  elseif not found.webhook_secrets then
    return nil, exits.no_setup, "no secret: set PORTONE_WEBHOOK_SECRET, or name a file with --env"
  end
  return found.webhook_secrets
end

-- }======

local actions = {}

function actions.verify(options, secrets)
  local lines = options.header
  if options.headers then
    local text, why = read(options.headers)
    if not text then
      return exits.no_input, why
    end
    lines[#lines + 1] = text
  end
  local body, why = read(options.body)
  if not body then
    return exits.no_input, why
  end
  local event, err = portone.webhook.verify(body, table.concat(lines, "\n"),
    { secrets = secrets, tolerance = options.tolerance })
  if not event then
    return exits.no_permission, err.message
  end
  say.answer(event, options.json)
  return exits.ok
end

function actions.sign(options, secrets)
  local body, why = read(options.body)
  if not body then
    return exits.no_input, why
  end
  local ok, headers = pcall(portone.webhook.sign, body, { secrets = secrets, id = options.id,
    timestamp = options.timestamp })
  if not ok then
    return exits.no_setup, (tostring(headers):gsub("^[^%s:]+%.lua:%d+: ", ""))
  end
  for _, name in ipairs { "webhook-id", "webhook-timestamp", "webhook-signature" } do
    io.stdout:write(name, ": ", headers[name], "\n")
  end
  return exits.ok
end

function actions.listen(options, secrets)
  return require("portone.cli.webhook.listen").run(options, secrets)
end

function M.run(options)
  local secrets, status, problem = secrets_of(options)
  if secrets then
    status, problem = actions[options.action](options, secrets)
  end
  if problem then
    say.problem("%s", problem)
  end
  return status
end

return M
