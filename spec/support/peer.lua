-- SPDX-License-Identifier: MIT
-- The spec's end of peer_server.lua: an HTTP server on a free loopback port that does to each
-- connection exactly what its script says, and keeps the bytes it was sent.
--
--   local p = peer.start()
--   p:script { { { "read" }, { "send", "HTTP/1.1 200 OK\r\n..." }, { "close" } },
--              rest = { { "serve", peer.answer(200, "{}") } } }
--   ... p.url ...
--   p:log()[1].requests[1]
--   p:stop()

local socket = require "socket"

local peer = {}
peer.__index = peer

---A plain answer that keeps the connection.
function peer.answer(status, body, headers)
  return ("HTTP/1.1 %d Whatever\r\nContent-Length: %d\r\n%s\r\n%s")
    :format(status, #body, headers or "Content-Type: application/json\r\n", body)
end

local function dump(value)
  if type(value) == "string" then return string.format("%q", value) end
  if type(value) ~= "table" then return tostring(value) end
  local out = {}
  for k, v in pairs(value) do
    table.insert(out, "[" .. dump(k) .. "]=" .. dump(v))
  end
  return "{" .. table.concat(out, ",") .. "}"
end

---A child must not be run under the tool that this process may be run under.
peer.clean = "env -u LD_PRELOAD -u LUA_PATH -u LUA_CPATH "

---@param options? { key: string, certificate: string, tls: string[] }  files, and LuaSec options
function peer.start(options)
  options = options or {}
  local words = { "exec " .. peer.clean .. "lua5.4 spec/support/peer_server.lua" }
  if options.key then
    table.insert(words, options.key)
    table.insert(words, options.certificate)
    for _, word in ipairs(options.tls or {}) do table.insert(words, "'" .. word .. "'") end
  end
  local pipe = assert(io.popen(table.concat(words, " "), "r"))
  local port, door = (pipe:read("*l") or ""):match("^(%d+) (%d+)$")
  assert(port, "the peer does not start")
  local control = assert(socket.connect("127.0.0.1", tonumber(door)))
  control:settimeout(60)
  local scheme = options.key and "https" or "http"
  local self = setmetatable({ pipe = pipe, control = control, port = tonumber(port),
    url = ("%s://127.0.0.1:%s"):format(scheme, port) }, peer)
  self:script {}
  return self
end

---What the next connections do, in order; the log begins anew. Connections that no script is
---for are served `{}`.
function peer:script(script)
  script.rest = script.rest or { { "serve", peer.answer(200, "{}") } }
  local text = dump(script)
  assert(self.control:send(("script %d\n"):format(#text) .. text))
  assert(self.control:receive("*l") == "ok")
end

---Lets those go on whose step is { "cue", n }, for the nth cue, and waits until they have.
function peer:cue()
  assert(self.control:send("cue\n"))
  self:log()
end

---One record per connection: { bytes = all that came, requests = { … }, port = the client's,
---ended = "peer" | "client: …", handshake = why it failed }.
function peer:log()
  assert(self.control:send("log\n"))
  local length = assert(self.control:receive("*l"))
  local text = assert(self.control:receive(tonumber(length)))
  local log = assert((loadstring or load)("return " .. text))()
  for _, record in ipairs(log) do record.bytes = record.bytes[1] end
  return log
end

---Every request of every connection, in one list.
function peer:requests()
  local all = {}
  for _, record in ipairs(self:log()) do
    for _, request in ipairs(record.requests) do table.insert(all, request) end
  end
  return all
end

function peer:stop()
  self.control:send("quit\n")  -- other children may have inherited the connection
  self.control:close()
  self.pipe:close()
end

return peer
