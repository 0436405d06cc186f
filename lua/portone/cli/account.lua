-- SPDX-License-Identifier: MIT
-- Whose account a command works with: that of the environment, or of a file of the same names
-- (--env). Never of the command line, which everybody on the machine can read.

local options = require "portone.options"

local M = {}

---Adds the option to a command.
---@param parser table
function M.add(parser)
  parser:option("--env", "File of PORTONE_… settings, used before those of the environment.")
    :argname "FILE"
end

-- The value of a line of a shell: bare, or in one pair of quotes.
local function unquoted(text)
  return text:match("^'([^']*)'$") or text:match('^"([^"]*)"$') or text
end

---Reads a file of lines NAME=value, as `portone sandbox` prints them.
---@param path string
---@return table<string, string>? values
---@return string? problem
function M.read_file(path)
  local file, why = io.open(path, "rb")
  if not file then
    return nil, why
  end
  local text = file:read("*a")
  file:close()
  local values, n = {}, 0
  for line in ((text or "") .. "\n"):gmatch("(.-)\r?\n") do
    n = n + 1
    local name, value = line:match("^%s*([%w_]+)%s*=%s*(.-)%s*$")
    if not name then
      name, value = line:match("^%s*export%s+([%w_]+)=(.-)%s*$")
    end
    if name and name:find("^PORTONE_") then
      values[name] = unquoted(value)
    elseif line:find("%S") and not line:find("^%s*#") then
      return nil, ("%s:%d: a line PORTONE_NAME=value expected"):format(path, n)
    end
  end
  return values
end

---Where a command's settings come from.
---@param given table  parsed options
---@return (fun(name: string): string?)? get
---@return string? problem
function M.getter(given)
  if not given.env then
    return os.getenv
  end
  local values, problem = M.read_file(given.env)
  if not values then
    return nil, "--env: " .. problem
  end
  return function(name)
    return values[name] or os.getenv(name)
  end
end

---Client options from the environment.
---@param given table  parsed options
---@return table? found
---@return string? problem
function M.environment(given)
  local get, problem = M.getter(given)
  if not get then
    return nil, problem
  end
  return options.environment(get)
end

M.no_keys = "no keys: set PORTONE_API_SECRET (V2) or PORTONE_V1_API_KEY and "
  .. "PORTONE_V1_API_SECRET (V1), or name a file of them with --env. To try things out, "
  .. "`portone sandbox` prints the settings of an account of its own."

---A client of the account. Says on stderr what is missing.
---@param given table   parsed options
---@param more? table   further options of portone.new
---@return table? client
---@return integer? status  to exit with when there is none
function M.client(given, more)
  local exits, say = require "portone.cli.exits", require "portone.cli.say"
  local found, problem = M.environment(given)
  if not found then
    say.problem("%s", problem)
    return nil, exits.no_input
  elseif not found.api_secret and not found.v1 then
    say.problem("%s", M.no_keys)
    return nil, exits.no_setup
  end
  for name, value in pairs(more or {}) do
    found[name] = value
  end
  local ok, client = pcall(require("portone").new, found)
  if not ok then
    say.problem("%s", (tostring(client):gsub("^[^ ]*:%d+: ", "")))
    return nil, exits.no_setup
  end
  return client
end

return M
