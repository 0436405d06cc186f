-- The module that httpd_spec.lua runs in servers: plans by path.

local M = {}

local host, done, ticks, gate_open = nil, {}, 0, false

local body = ("0123456789"):rep(10)

local plans = {
  ["/late"] = { body = "late", delay = 0.1 },
  ["/later"] = { body = "later", delay = 30 },
  ["/hang"] = { ending = "hang" },
  ["/reset"] = { ending = "reset" },
  ["/close"] = { ending = "close" },
  ["/cut"] = { body = body, cut = 40 },
  ["/cut-reset"] = { body = body, cut = 40, ending = "reset" },
  ["/cut-hang"] = { body = body, cut = 40, ending = "hang" },
  ["/long"] = { body = "12345", length = 10 },
  ["/short"] = { body = "1234567890", length = 5 },
  ["/slow"] = { body = body, rate = 400 },
  ["/teapot"] = { status = 418, headers = { "X-Kind: pot", "X-Kind: tea" }, body = "short" },
  ["/bad-plan"] = { body = {} },
  ["/bad-ending"] = { ending = "explode" },
}

function M.open(config, new_host)
  host = new_host
  assert(type(host.ports) == "table")
  if config == "refuse" then error("no such configuration") end
  rawset(_G, "leaked_global", "in the private state")
end

-- Everything that came, in hexadecimal where it may be any bytes.
local function echo(port, method, target, headers, text, lines)
  local out = { port, method, target, tostring(headers["x-a"]), table.concat(lines, "|") }
  table.insert(out, (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end)))
  return { body = table.concat(out, "\n"), headers = { "Content-Type: text/plain" } }
end

function M.handle(port, method, target, headers, text, lines)
  if target == "/error" then error("the handler's own mistake") end
  if target == "/no-plan" then return nil end
  local wait = target:match("^/again/(.*)$")
  if wait then return { again = wait, delay = 0.2 } end
  if target == "/gate" then return M.again("gate") end
  return plans[target] or echo(port, method, target, headers, text, lines)
end

-- Asked twice before there is an answer; those at the gate wait until it is opened.
function M.again(token)
  if token == "gate" then
    return gate_open and { body = "through" } or { again = "gate", delay = 0.02 }
  end
  done[token] = (done[token] or 0) + 1
  if done[token] == 1 then return { again = token, delay = 0.01 } end
  return { body = "at last " .. token }
end

local calls = {
  echo = function(text) return text end,
  fail = function() error("refused by the module") end,
  refuse = function() return nil, "not today" end,
  nothing = function() return {} end,
  done = function(token) return tostring(done[token] or 0) end,
  ticks = function() return tostring(ticks) end,
  open_gate = function() gate_open = true return "" end,
  global = function() return tostring(rawget(_G, "leaked_global")) end,
  preloaded = function() return type(require "sandbox.preloaded") end,
  notify = function() host.notify() return "" end,
  results = function() return table.concat(done, "\n") end,
  deliver = function(text)
    local id, url, timeout = text:match("^(%S+) (%S+) (%S+)$")
    return tostring(host.deliver(id, url, { "X-Id: " .. id }, "body of " .. id,
      tonumber(timeout)))
  end,
  pending = function() return tostring(host.pending()) end,
}

function M.call(name, text)
  return calls[name](text)
end

function M.delivered(id, status, text, message)
  table.insert(done, table.concat({ id, tostring(status), text, message }, " "))
  host.notify()
end

function M.tick()
  ticks = ticks + 1
  return 0.001
end

return M
