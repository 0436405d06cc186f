-- SPDX-License-Identifier: MIT
-- The options of a client and of a call: names, types, defaults, environment. A wrong
-- option is a mistake in the program, so it raises, at the line of the caller.

local core = require "portone.core"

local M = {}

local function string_option(v)
  return type(v) == "string" and v ~= "" and not v:find("[%c]"), "a non-empty string of one line"
end

local function seconds(v)
  return type(v) == "number" and v >= 0.001 and v < 86400,
    "a number of seconds (0.001 or more, below 86400)"
end

local function not_negative(v)
  return type(v) == "number" and v >= 0 and v < 86400, "a number of seconds (0 or more)"
end

local function count(v)
  return type(v) == "number" and v >= 0 and v <= 1000 and v == math.floor(v),
    "a whole number, 0 to 1000"
end

local function bytes(v)
  return type(v) == "number" and v >= 1 and v <= 2 ^ 31 and v == math.floor(v),
    "a whole number of bytes (1 to 2^31)"
end

local function table_option(v)
  return type(v) == "table", "a table"
end

local function boolean(v)
  return type(v) == "boolean", "true or false"
end

local function callback(v)
  return type(v) == "function", "a function"
end

local loops = { blocking = true, tasks = true, nginx = true, cqueues = true, luv = true }

local function loop_option(v)
  local host = type(v) == "table" and type(v.perform) == "function" and type(v.sleep) == "function"
    and type(v.once) == "function"
  return loops[v] or host, "'blocking', 'tasks', 'nginx', 'cqueues', 'luv', or a host: a table "
    .. "with perform, sleep and once (see portone.loop)"
end

local function store_option(v)
  return type(v) == "table" and type(v.get) == "function" and type(v.set) == "function",
    "an object with get and set (see portone.token)"
end

local function secret_list(v)
  if type(v) ~= "table" or (next(v) ~= nil and #v == 0) then
    return false, 'a list of strings: { "whsec_…" }'
  end
  for i = 1, #v do
    if not string_option(v[i]) then
      return false, ("a list of non-empty strings: webhook_secrets[%d] is none"):format(i)
    end
  end
  return true
end

local function tier(v)
  return type(v) == "string" and v:find("^[A-Z0-9][A-Z0-9][A-Z0-9]$") ~= nil,
    "3 characters of A-Z and 0-9"
end

-- RFC 8941 string: visible ASCII but quote and backslash; lengths as PortOne documents them.
local function idempotency_key(v)
  return type(v) == "string" and #v >= 16 and #v <= 256
    and not v:find('[^\33-\126]') and not v:find('["\\]'),
    "16 to 256 visible ASCII characters without quotes or backslashes"
end

-- Headers that are ours to write, and the option that sets them.
local reserved = {
  ["authorization"] = "api_secret or v1", ["idempotency-key"] = "idempotency_key",
  ["tier"] = "tier", ["content-type"] = "none: bodies are JSON", ["host"] = "base_url",
  ["content-length"] = "none: it follows from the body", ["expect"] = "none: bodies are short",
  ["transfer-encoding"] = "none: it follows from the body", ["upgrade"] = "none",
}

local function headers(v)
  if type(v) ~= "table" then
    return false, "a table { name = value }"
  end
  for name, value in pairs(v) do
    if type(name) ~= "string" or not name:find("^[%w!#$%%&'*+.^_`|~-]+$") then
      return false, "a table { name = value } whose names are HTTP header names"
    end
    if type(value) ~= "string" or value:find("[%z\1-\8\10-\31\127]") then
      return false, ("a table { name = value } whose values are strings without CR, LF, NUL or "
        .. "other control characters: that of '%s' is not"):format(name)
    elseif not value:find("[^ \t]") then
      return false, ("a table { name = value } whose values are not empty: that of '%s' is")
        :format(name)
    end
    if reserved[name:lower()] then
      return false, ("without '%s' (the option for it: %s)"):format(name, reserved[name:lower()])
    end
  end
  return true
end

local client_options = {
  api_secret = string_option, store_id = string_option, v1 = table_option,
  webhook_secrets = secret_list, base_url = string_option, v1_base_url = string_option,
  connect_timeout = seconds, timeout = seconds, deadline = seconds, max_retries = count,
  ca_file = string_option, proxy = string_option, max_response = bytes,
  user_agent = string_option, loop = loop_option, token_store = store_option,
  insecure = boolean, channels = table_option, check = boolean, reconcile = boolean,
  settle = not_negative,
  on_start = callback, on_end = callback,
  on_request = callback, on_response = callback, on_retry = callback, on_warning = callback,
}

local v1_options = { imp_key = string_option, imp_secret = string_option, tier = tier }

local call_options = {
  timeout = seconds, deadline = seconds, idempotency_key = idempotency_key,
  max_retries = count, store_id = string_option, tier = tier, headers = headers,
  check = boolean, pg = string_option, reconcile = boolean, before_send = callback,
}

M.defaults = {
  base_url = "https://api.portone.io", v1_base_url = "https://api.iamport.kr",
  connect_timeout = 10, timeout = 65, deadline = 150, max_retries = 2,
  max_response = 16 * 1024 * 1024, check = true, reconcile = true, settle = 60,
}

---The nearest name of a table, for "did you mean".
---@param name any
---@param known table  keyed by the names
---@return string?
function M.nearest(name, known)
  local names = {}
  for key in pairs(known) do
    names[#names + 1] = key
  end
  table.sort(names)
  return require("portone.check.near").name(tostring(name), names)
end

-- "did you mean", for a name that nobody knows.
local function hint_of(name, known)
  if known == client_options and v1_options[name] then
    return (" (it belongs into v1 = { %s = … })"):format(name)
  end
  local near_one = M.nearest(name, known)
  return near_one and (" (did you mean '%s'?)"):format(near_one) or ""
end

---Raises when a table holds an option that is unknown or wrong.
---@param what string     whose options, for the message
---@param options any
---@param known table<string, fun(value): boolean, string>  whether it is right, and what it must be
---@param level integer   error's level of the caller to blame, seen from here
function M.check(what, options, known, level)
  if type(options) ~= "table" then
    error(("%s: table expected, got %s"):format(what, type(options)), level)
  end
  for name, value in pairs(options) do
    local rule = known[name]
    if not rule then
      error(("%s: unknown option '%s'%s"):format(what, tostring(name), hint_of(name, known)), level)
    end
    local ok, expected = rule(value)
    if not ok then
      error(("%s: option '%s' must be %s"):format(what, name, expected), level)
    end
  end
end

local check = M.check

-- libcurl would say so at the first connection, in the words of a network error.
local function ca_file(path, level)
  local file, why = io.open(path, "rb")
  if not file then
    error("client options: option 'ca_file': " .. why, level)
  end
  file:close()
end

local function base_url(name, url, insecure, level)
  local ok, problem = core.check_url(url, insecure)
  if ok and url:find("[?#]") then
    ok, problem = nil, "the URL must not have a query or fragment"
  end
  if not ok then
    error(("client options: option '%s': %s"):format(name, problem), level)
  end
  return (url:gsub("/+$", ""))
end

---Options of a client, checked, with defaults.
---@param given table   see docs/options.md
---@param level integer  error's level of the caller to blame, seen from here
---@return table
function M.client(given, level)
  check("client options", given, client_options, level + 1)
  local out = {}
  for name, value in pairs(M.defaults) do
    out[name] = value
  end
  for name, value in pairs(given) do
    out[name] = value
  end
  check("client options: v1", given.v1 or {}, v1_options, level + 1)
  out.v1 = given.v1 or {}
  if (out.v1.imp_key == nil) ~= (out.v1.imp_secret == nil) then
    error("client options: v1 needs both imp_key and imp_secret", level)
  end
  if out.ca_file then
    ca_file(out.ca_file, level + 1)
  end
  out.base_url = base_url("base_url", out.base_url, out.insecure, level + 1)
  out.v1_base_url = base_url("v1_base_url", out.v1_base_url, out.insecure, level + 1)
  return out
end

---The options of a call that has none: shared, and never written to.
M.none = {}

---Options of one call.
---@param given? table
---@param level integer  error's level of the caller to blame, seen from here
---@return table
function M.call(given, level)
  if given == nil then
    return M.none
  end
  check("call options", given, call_options, level + 1)
  return given
end

---What the environment says, as client options.
---@param get? fun(name: string): string?  where it is asked instead of os.getenv
---@return table
function M.environment(get)
  local function env(name)
    local value = (get or os.getenv)(name)
    return value ~= "" and value or nil
  end
  local out = {
    api_secret = env "PORTONE_API_SECRET", store_id = env "PORTONE_STORE_ID",
    base_url = env "PORTONE_BASE_URL", v1_base_url = env "PORTONE_V1_BASE_URL",
  }
  local imp_key, imp_secret = env "PORTONE_V1_API_KEY", env "PORTONE_V1_API_SECRET"
  if imp_key or imp_secret then
    out.v1 = { imp_key = imp_key, imp_secret = imp_secret }
  end
  local secret = env "PORTONE_WEBHOOK_SECRET"
  if secret then
    out.webhook_secrets = { secret }
  end
  return out
end

---Options, with what they leave out taken from others; V1's keys one by one.
---@param given table
---@param others table
---@return table
function M.completed(given, others)
  local all = {}
  for _, from in ipairs { others, given } do
    for name, value in pairs(from) do
      all[name] = value
    end
  end
  if type(given.v1) == "table" and others.v1 then
    all.v1 = M.completed(given.v1, others.v1)
  end
  return all
end

return M
