-- SPDX-License-Identifier: MIT
-- portone doctor: is everything there, are the keys the right ones, can PortOne be reached.

local account = require "portone.cli.account"
local core = require "portone.core"
local exits = require "portone.cli.exits"
local keys = require "portone.cli.keys"
local options = require "portone.options"
local say = require "portone.cli.say"
local terminal = require "portone.cli.terminal"

local M = {
  summary = "Check versions, keys, certificates, DNS and the clock.",
  epilog = [[
Each line is ok, warn or fail, with what to do. Keys are looked at, never printed.
Exit status: 0 nothing fails, 78 something does.

Examples:
   portone doctor
   portone doctor --offline --env live.env]],
}

function M.add(parser)
  parser:flag("--offline", "Send nothing.")
  parser:flag("--json", "Print JSON.")
  account.add(parser)
end

-- {====== Lines ======

local function adder(lines)
  return function(verdict, about, text, remedy)
    lines[#lines + 1] = { verdict = verdict, about = about, text = text, remedy = remedy }
  end
end

local colours = { ok = "green", warn = "yellow", fail = "red" }

local function print_line(line)
  io.stdout:write(terminal.paint(1, colours[line.verdict], ("%-4s"):format(line.verdict)), "  ",
    ("%-12s"):format(line.about), " ", line.text, "\n")
  if line.remedy then
    io.stdout:write((" "):rep(19), "-> ", line.remedy, "\n")
  end
end

-- }======

-- {====== What is installed ======

local function library(add, about, module, package, what_for)
  if pcall(require, module) then
    add("ok", about, what_for)
  else
    add("warn", about, "not here: no " .. what_for, "Debian: " .. package)
  end
end

local function versions(add)
  add("ok", "portone", require "portone.version")
  add("ok", "Lua", rawget(_G, "jit") and rawget(_G, "jit").version or _VERSION)
  add("ok", "libcurl", (core.curl_version:gsub("^libcurl/", "")))
  if core.tls_version then
    add("ok", "TLS", core.tls_version)
  else
    add("fail", "TLS", "this libcurl has none", "install libcurl built with TLS")
  end
  local cjson = require "cjson"
  add("ok", "lua-cjson", ("%s (%s generation)"):format(tostring(cjson._VERSION),
    cjson.array_mt and "OpenResty's" or "classic"))
end

local function libraries(add)
  library(add, "sandbox", "portone.sandbox.httpd", "libmicrohttpd12", "sandbox, webhook listen")
  library(add, "readline", "readline", "lua-readline", "completion and history of the prompt")
  library(add, "LuaSQL", "luasql.sqlite3", "lua-sql-sqlite3", "ledger in a file")
  library(add, "LuaSocket", "socket", "lua-socket", "billing runs over Redis")
  library(add, "luv", "luv", "lua-luv", "orderly end on a signal")
end

-- }======

-- {====== Keys ======

local function check_keys(add, get)
  local some = false
  for _, name in ipairs(keys.names) do
    local value = get(name)
    if value and value ~= "" then
      some = true
      local verdict, text, remedy = keys.judge(name, value)
      add(verdict, "key", name .. " " .. text, remedy)
    end
  end
  if not some then
    add("warn", "key", "no PORTONE_… variable is set", "console of PortOne, \"API keys\"; "
      .. "or `portone sandbox`")
  elseif (get "PORTONE_V1_API_KEY" == nil) ~= (get "PORTONE_V1_API_SECRET" == nil) then
    add("fail", "key", "V1 needs both PORTONE_V1_API_KEY and PORTONE_V1_API_SECRET",
      "set the other one")
  end
end

-- }======

-- {====== The way to PortOne ======

local BUNDLES = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                  "/etc/ssl/cert.pem", "/opt/homebrew/etc/ca-certificates/cert.pem" }

local function certificates(add)
  for _, path in ipairs(BUNDLES) do
    local file = io.open(path, "rb")
    if file then
      file:close()
      return add("ok", "CA", path)
    end
  end
  add("warn", "CA", "no bundle of certificates at the usual places",
    "Debian: ca-certificates; or the option ca_file")
end

local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9,
                 Oct = 10, Nov = 11, Dec = 12 }

---Seconds since 1970 of a Date header.
---@param headers string  as they came
---@return number?
function M.date(headers)
  local text = headers:match("\n[Dd]ate: ([^\r\n]*)") or ""
  local day, month, year, time = text:match("^%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%S+) GMT")
  if months[month] then
    local iso = ("%s-%02d-%sT%sZ"):format(year, months[month], day, time)
    return (require("portone.time").parse(iso))
  end
end

local function clock(add, headers)
  local date = M.date("\n" .. headers)
  local skew = date and core.now() - date
  if not skew then
    add("warn", "clock", "the answer has no date to compare with")
  elseif math.abs(skew) > 300 then
    add("fail", "clock", ("off by %.0f s: webhooks will be refused"):format(skew),
      "timedatectl set-ntp true")
  elseif math.abs(skew) > 5 then
    add("warn", "clock", ("off by %.0f s"):format(skew), "timedatectl set-ntp true")
  else
    add("ok", "clock", "within 5 s of PortOne's")
  end
end

local remedies = {
  { "[Rr]esolve", "DNS", "is the name right? /etc/resolv.conf, `getent hosts api.portone.io`" },
  { "certificate", "CA", "Debian: ca-certificates; a proxy that opens TLS needs its own CA" },
}

local function unreachable(add, about, code, message)
  for _, row in ipairs(remedies) do
    if message:find(row[1]) then
      return add("fail", row[2], message, row[3])
    end
  end
  add("fail", about, ("%s: %s"):format(code, message), "a firewall? a proxy (option proxy)?")
end

-- Any answer will do, a refusal for want of a key included.
local function reach(add, about, url, path, with_clock)
  local client = core.client { connect_timeout = 10, max_response = 1048576 }
  local status, code, headers, elapsed = client:perform("GET", url .. path, {}, nil, 15)
  client:close()
  if not status then
    unreachable(add, about, code, tostring(headers))
    return false
  end
  add("ok", about, ("%s answers in %.0f ms"):format(url, elapsed * 1000))
  if with_clock then
    clock(add, headers)
  end
  return true
end

-- A question that changes nothing and needs the key.
local function accepted(add, about, found, ask)
  local ok, client = pcall(require("portone").new, found)
  if not ok then
    return add("fail", about, (tostring(client):gsub("^[^%s:]+%.lua:%d+: ", "")))
  end
  local result, err = ask(client)
  client.close()
  if result then
    add("ok", about, "the key is accepted")
  elseif err.kind == "unauthorized" then
    add("fail", about, "the key is not accepted: " .. err.message,
      "a key of this account, of this API? see the console")
  else
    add("warn", about, tostring(err))
  end
end

local function network(add, found)
  local v2, v1 = found.base_url or options.defaults.base_url,
    found.v1_base_url or options.defaults.v1_base_url
  local reached = reach(add, "V2", v2, "/payments", true)
  if reached and found.api_secret then
    accepted(add, "V2", found, function(client)
      return client.v2.payment.get_payments { page = { number = 0, size = 1 } }
    end)
  end
  reached = reach(add, "V1", v1, "/payments/status/paid")
  if reached and found.v1 and found.v1.imp_key and found.v1.imp_secret then
    accepted(add, "V1", found, function(client)
      return client.v1.users.get_token { imp_key = found.v1.imp_key,
        imp_secret = found.v1.imp_secret }
    end)
  end
end

-- }======

function M.run(given)
  local lines, failed = {}, false
  local add = adder(lines)
  local get, problem = account.getter(given)
  if not get then
    say.problem("%s", problem)
    return exits.no_input
  end
  versions(add)
  libraries(add)
  certificates(add)
  check_keys(add, get)
  if not given.offline then
    network(add, options.environment(get))
  end
  for _, line in ipairs(lines) do
    failed = failed or line.verdict == "fail"
    if not given.json then
      print_line(line)
    end
  end
  if given.json then
    say.answer(lines, true)
  end
  return failed and exits.no_setup or exits.ok
end

return M
