-- What the browser does, without one: asks for windows as the stand-in of a SDK does, and sends
-- the forms of their pages.

local core = require "portone.core"
local json = require "portone.json"
local sandbox = require "portone.sandbox"

local M = {}

local methods = {}
local mt = { __index = methods }

M.SHOP = "http://shop.test"

-- A sandbox, an inbox for its webhooks, and a browser.
function M.start(options)
  local given = { seed = "browser", time = 1767225600 }
  for name, value in pairs(options or {}) do given[name] = value end
  local sb = assert(sandbox.start(given))
  return setmetatable({ sb = sb, raw = core.client {}, inbox = sb:inbox(), client = sb:client() },
    mt)
end

function methods:stop()
  self.raw:close()
  self.sb:stop()
end

-- status, body, headers (raw)
function methods:send(method, url, lines, body)
  local status, text, headers = self.raw:perform(method, url, lines or {}, body, 20)
  return status, text, headers
end

-- What the SDK's open() does. Returns status and the answer.
function methods:ask(api, method, params, device, more)
  local request = { api = api, method = method, params = params, device = device,
    user_code = api == "v1" and "imp00000000" or nil }
  for name, value in pairs(more or {}) do request[name] = value end
  local status, text = self:send("POST", self.sb[api .. "_url"] .. "/_sandbox/window",
    { "Content-Type: application/json", "Origin: " .. M.SHOP }, assert(json.encode(request)))
  return status, json.decode(text)
end

-- Opens a window that must come up.
function methods:open(api, method, params, device)
  local status, window = self:ask(api, method, params, device)
  assert(status == 200, window.message)
  return window
end

-- What the page tells the SDK: the message of its script, and to whom.
local function message_of(page)
  local told = page:match("var told = (.-), to = ")
  return told and json.decode(told), page:match(', to = "([^\n]*)";\n')
end

-- Sends the form. Returns the page, or for a redirect the address; and the SDK's message.
function methods:choose(window, fields, lines)
  local parts = {}
  for name, value in pairs(fields) do
    parts[#parts + 1] = name .. "=" .. core.escape(value)
  end
  local status, page, headers = self:send("POST", window.url, lines or {}, table.concat(parts, "&"))
  if status == 303 then
    return headers:match("Location: ([^\r\n]*)"), nil, status
  end
  local told, origin = message_of(page)
  return page, told, status, origin
end

-- The result of a choice, as the promise or the callback would have it.
function methods:result(window, fields)
  local _, told = self:choose(window, fields)
  return assert(told, "the window is not over").result
end

function methods:page(window, lines)
  local status, page, headers = self:send("GET", window.url, lines)
  return page, status, headers
end

-- Types (V2) or statuses (V1) of the webhooks that came since the last call.
function methods:hooks()
  assert(self.sb:flush(60))
  local out = {}
  while true do
    local message = self.inbox:take(0)
    if not message then return out end
    local body = json.decode(message.body)
    out[#out + 1] = body.type or body.status
  end
end

-- Money that has moved, by the journal.
function methods:money()
  local sum = 0
  for _, entry in ipairs(self.sb:journal { kind = "charge", outcome = "paid" }) do
    sum = sum + entry.amount
  end
  return sum
end

return M
