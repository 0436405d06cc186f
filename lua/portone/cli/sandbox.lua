-- SPDX-License-Identifier: MIT
-- portone sandbox: a PortOne on this machine until it is told to stop.

local core = require "portone.core"
local exits = require "portone.cli.exits"
local say = require "portone.cli.say"
local signals = require "portone.cli.signals"

local M = {
  summary = "Run a PortOne on this machine, on loopback, until stopped.",
  epilog = [[
What it prints on standard output is a file of settings, for `. ./sandbox.env`
or --env. The keys are drawn from the seed: the same seed, the same keys.

Faults: KIND[,FIELD=VALUE]…, fields op, nth, times, probability, seconds,
status, retry_after, rate, bytes. An unknown kind is answered with all of them.

Examples:
   portone sandbox --port 8010 --seed shop >sandbox.env
   portone sandbox --clock real --webhook-url http://127.0.0.1:3000/portone
   portone sandbox --fault reset_after_commit,op=v1.subscribe.again,nth=2
   curl -d '{"by":"1 month"}' http://127.0.0.1:8010/_sandbox/advance]],
}

function M.add(parser)
  parser:option("--port", "Port of V2 and the console; V1 has the next one. 0: any free ones.")
    :convert(tonumber):argname "PORT"
  parser:option("--v1-port", "Port of V1."):convert(tonumber):argname "PORT"
  parser:option("--clock", "manual: stands still until told (default); real: runs.")
    :choices { "manual", "real" }
  parser:option("--seed", "What ids, keys and chances are drawn from."):argname "TEXT"
  parser:option("--fault", "Something that is to go wrong."):count "*":argname "KIND[,…]"
  parser:option("--webhook-url", "Where V2 webhooks go."):argname "URL"
  parser:option("--v1-webhook-url", "Where V1 webhooks go."):argname "URL"
  parser:option("--webhook-version", "Of V2 webhooks."):choices { "2024-04-25", "2024-01-01" }
end

-- {====== Faults ======

local numbers = { nth = true, times = true, probability = true, seconds = true, status = true,
                  retry_after = true, rate = true, bytes = true }

---"latency,seconds=2,op=v2.*" as a rule of sandbox:fault.
---@param text string
---@return table? rule
---@return string? problem
function M.fault(text)
  local rule = { fault = text:match("^[^,]*") }
  for field in text:sub(#rule.fault + 2):gmatch("[^,]+") do
    local name, value = field:match("^([%w_]+)=(.+)$")
    if not name then
      return nil, ("--fault %s: FIELD=VALUE expected, got '%s'"):format(rule.fault, field)
    end
    rule[name] = numbers[name] and tonumber(value) or value
  end
  return rule
end

local function add_faults(sandbox, texts)
  for _, text in ipairs(texts) do
    local rule, problem = M.fault(text)
    if rule then
      local ok, why = pcall(sandbox.fault, sandbox, rule)
      problem = not ok and tostring(why):gsub("^[^%s:]+%.lua:%d+: ", "") or nil
    end
    if problem then
      return problem
    end
  end
end

-- }======

---Settings by which other commands, and programs, find a sandbox.
---@param sandbox portone.sandbox
---@return string
function M.settings(sandbox)
  local out = {}
  for _, pair in ipairs {
    { "BASE_URL", sandbox.v2_url }, { "V1_BASE_URL", sandbox.v1_url },
    { "API_SECRET", sandbox.api_secret }, { "STORE_ID", sandbox.store_id },
    { "V1_API_KEY", sandbox.imp_key }, { "V1_API_SECRET", sandbox.imp_secret },
    { "WEBHOOK_SECRET", sandbox.webhook_secret }, { "CHANNEL_KEY", sandbox.channel_key },
  } do
    out[#out + 1] = ("export PORTONE_%s='%s'"):format(pair[1], pair[2])
  end
  return table.concat(out, "\n")
end

local function announce(sandbox)
  local card = sandbox.cards.success
  io.stdout:write(([[
# PortOne sandbox, seed %s. Ctrl-C stops it.
# console  %s
# clock    %s
# card     %s  expiry %s  birth %s  pwd_2digit %s
%s
]]):format(sandbox.seed, sandbox.console_url, sandbox.clock, card.card_number, card.expiry,
    card.birth, card.pwd_2digit, M.settings(sandbox)))
  io.stdout:flush()
end

local function start(options)
  local port = options.port or 0
  local ok, sandbox, problem = pcall(require("portone.sandbox").start, {
    v2_port = port, v1_port = options.v1_port or (port > 0 and port + 1 or 0),
    clock = options.clock, seed = options.seed, webhook_url = options.webhook_url,
    v1_webhook_url = options.v1_webhook_url, webhook_version = options.webhook_version,
  })
  if ok and sandbox then
    return sandbox
  end
  return nil, tostring(problem or sandbox):gsub("^[^%s:]+%.lua:%d+: ", "")
end

function M.run(options)
  local sandbox, problem = start(options)
  if not sandbox then
    say.problem("%s", problem)
    return exits.unavailable
  end
  problem = add_faults(sandbox, options.fault)
  if problem then
    sandbox:stop()
    say.problem("%s", problem)
    return exits.usage
  end
  local caught = signals.catch()
  announce(sandbox)
  pcall(function()  -- without luv Ctrl-C raises here
    while not caught() do
      core.sleep(0.1)
    end
  end)
  sandbox:stop()
  return exits.ok
end

return M
