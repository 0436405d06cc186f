-- SPDX-License-Identifier: MIT
-- portone call OPERATION [FIELD=VALUE | FIELD:=JSON | FIELD=@FILE | @FILE | -]...

local account = require "portone.cli.account"
local exits = require "portone.cli.exits"
local fields = require "portone.cli.fields"
local json = require "portone.json"
local read = require "portone.cli.read"
local redact = require "portone.redact"
local say = require "portone.cli.say"

local M = {
  summary = "Call an operation and print its answer.",
  epilog = [[
Fields:
   amount.total=1000         a field, as deep as it goes; the type is the field's own
   schedules[1].amount=5000  an item of a list
   filter.status=PAID,READY  a list of plain values
   customData:='{"a":1}'     a value as JSON
   reason=@why.txt           a value from a file
   products:=@list.json      JSON from a file
   @fields.json  or  -       a JSON object of fields: a file, standard input

Exit status: 0 done, 1 declined, 2 unknown, 3 rejected, 4 not found, 5 conflict,
65 invalid fields, 69 not reachable, 75 too many requests, 77 not allowed,
78 no keys.

Examples:
   portone call v2.payment.get_payment paymentId=order-1001
   portone call v2.payment.cancel_payment paymentId=order-1001 reason='changed her mind'
   portone call v1.payments.by_status payment_status=paid --all --json
   portone call request_pay_again - <order.json]],
}

function M.add(parser, names)
  local name = parser:argument("operation", "Name of an operation (see `portone ops`), or a verb.")
  if names then
    name:choices(names)
  end
  parser:argument("fields", "Fields of the call."):args "*"
  parser:flag("--json", "Print the answer, or the error, as JSON.")
  parser:flag("--all", "Turn the pages of a list and print all of its items.")
  parser:option("--limit", "With --all: so many items at most."):convert(tonumber):argname "N"
  parser:option("--timeout", "Seconds for one attempt."):convert(tonumber):argname "SECONDS"
  parser:option("--deadline", "Seconds for all attempts."):convert(tonumber):argname "SECONDS"
  parser:option("--idempotency-key", "Key of an earlier call that is to be repeated (V2).")
    :argname "TEXT"
  parser:option("--store-id", "A store of the account (V2)."):argname "ID"
  parser:option("--tier", "Code of a sub-merchant (V1)."):argname "CODE"
  parser:flag("--no-check", "Send the fields unchecked.")
  account.add(parser)
end

-- {====== Fields ======

local function read_json(text, where)
  local value, problem = json.decode(text)
  if value == nil then
    return nil, ("%s: %s"):format(where, problem or "JSON expected")
  end
  return value
end

-- A whole object of fields, from a file or standard input.
local function add_object(args, path)
  local text, why = read(path)
  if not text then
    return ("%s: %s"):format(path, why)
  end
  local value, problem = read_json(text, path == "-" and "standard input" or path)
  if type(value) ~= "table" or value[1] ~= nil then
    return problem or path .. ": a JSON object of fields expected"
  end
  for name, field in pairs(value) do
    if args[name] ~= nil then
      return ("%s: %s is given twice"):format(path, name)
    end
    args[name] = field
  end
end

-- The value of one word; nil, problem.
local function value_of(row, path, mode, text)
  local names = fields.names_of(path)
  if text:sub(1, 1) == "@" then
    local why
    text, why = read(text:sub(2))
    if not text then
      return nil, why
    end
    text = text:gsub("\r?\n$", "")
  elseif redact.is_secret(table.concat(names, ".")) then
    return nil, "a secret: give it from a file (=@FILE), or the whole object on standard input "
      .. "(-); a command line can be read by everybody on this machine"
  end
  if mode == ":=" then
    return read_json(text, "not JSON")
  end
  return fields.convert(row and fields.at(row, names), text)
end

local function add_word(row, args, word)
  local name, mode, text = word:match("^([^=:]+)(:?=)(.*)$")
  local path = name and fields.path(name)
  if not path then
    return ("%s: FIELD=VALUE, FIELD:=JSON, @FILE or - expected"):format(redact.text(word))
  end
  local value, problem = value_of(row, path, mode, text)
  problem = problem or (value ~= nil and fields.put(args, path, value))
  return problem and name .. ": " .. problem or nil
end

---The one table of fields that the words of a command line make.
---@param row? table     the operation
---@param words string[]
---@return table args
---@return string[] problems
function M.arguments(row, words)
  local args, problems = {}, {}
  for _, word in ipairs(words) do
    local problem
    if word == "-" or word:sub(1, 1) == "@" then
      problem = add_object(args, word == "-" and word or word:sub(2))
    else
      problem = add_word(row, args, word)
    end
    problems[#problems + 1] = problem or nil
  end
  return args, problems
end

-- }======

-- A verb takes the shape of either API; which one, the names of the given fields tell.
local function verb_row(verb, words)
  local verbs = require "portone.verbs"
  local names = {}
  for _, word in ipairs(words) do
    names[word:match("^[%w_]+") or ""] = true
  end
  local picked = verbs.pick[verb](names)
  return picked and require("portone.api").find(picked.api, picked.group, picked.name)
end

---The row of what is to be called, and the function of a client by its name.
---@param name string
---@param words string[]
---@return string? full  name under a client
---@return table? row    nil for a verb whose shape cannot be told yet
---@return string? problem
function M.find(name, words)
  name = name:gsub("^portone%.", "")
  if require("portone.verbs").verbs[name] then
    return name, verb_row(name, words)
  end
  local row = require("portone.describe").find(name)
  if row then
    return row.name, row
  end
  local meant = require("portone.api").suggestion(nil, name)
  return nil, nil, ("no operation '%s'%s"):format(name,
    meant and (" (did you mean '%s'?)"):format(meant) or "; see `portone ops`")
end

local function call_options(options)
  local opts = { timeout = options.timeout, deadline = options.deadline, tier = options.tier,
    idempotency_key = options.idempotency_key, store_id = options.store_id }
  if options.no_check then
    opts.check = false
  end
  return opts
end

local function perform(client, name, args, options)
  local opts = call_options(options)
  if options.all then
    return client.collect(name, args, { limit = options.limit }, opts)
  end
  local at = client
  for part in name:gmatch("[^.]+") do
    at = at[part]
  end
  return at(args, opts)
end

function M.run(options)
  local name, row, problem = M.find(options.operation, options.fields)
  if not name then
    say.problem("%s", problem)
    return exits.usage
  end
  local args, problems = M.arguments(row, options.fields)
  if problems[1] then
    for _, text in ipairs(problems) do
      say.problem("%s", text)
    end
    return exits.usage
  end
  local client, status = account.client(options)
  if not client then
    return status
  end
  local ok, result, err, info = pcall(perform, client, name, args, options)
  client.close()
  if not ok then
    say.problem("%s", (tostring(result):gsub("^[^%s:]+%.lua:%d+: ", "")))
    return exits.usage
  elseif result == nil then
    say.error(err, options.json)
    return exits.of(err)
  end
  for _, warning in ipairs(info and info.warnings or {}) do
    say.note(("warning: %s: %s"):format(warning.path, warning.problem))
  end
  say.answer(result, options.json)
  return exits.ok
end

return M
