-- SPDX-License-Identifier: MIT
-- The console: a page at the root of both ports that shows what the sandbox holds and moves it.
--
--   GET /                              the page; it, its style and its script hold no data
--   GET /_sandbox/console/<name>       data as JSON, see `views`; the page asks again and again
--   POST /_sandbox/<verb>              what its buttons do: the control calls
--
-- Every data answer has an ETag that changes whenever anything may have, so that asking again
-- costs a comparison. Lists come a page at a time. guard.lua says who is let in.

local core = require "portone.core"
local json = require "portone.json"

local cards = require "portone.sandbox.cards"
local faults = require "portone.sandbox.faults"
local guard = require "portone.sandbox.guard"
local rows = require "portone.sandbox.console.rows"
local settings = require "portone.sandbox.console.settings"
local timeline = require "portone.sandbox.console.timeline"
local wire = require "portone.sandbox.wire"

local M = {}

local PREFIX = "/_sandbox/console/"

-- Nothing of another origin is loaded, run, sent to or framed by.
local CSP = "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
  .. "img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; "
  .. "frame-ancestors 'none'"

local MAX_PAGE = 200

local world

-- Tells one run of a sandbox from the next at the same address.
local run

-- {====== Data ======

local function url(port)
  return ("http://127.0.0.1:%d"):format(world.host.ports[port])
end

-- What is always on the screen.
local function head()
  local clock, due = world.clock, world.clock:next_due()
  return { now = world:now(), clock = clock.kind, next = due, counts = rows.counts(world),
    v1_url = url("v1"), v2_url = url("v2") }
end

local function whole(text, least, most, default)
  local n = tonumber(text)
  if not n or n ~= n or n % 1 ~= 0 then return default end
  return math.min(math.max(n, least), most)
end

-- What may stand in the query of a list.
local function page(query)
  local function word(name)
    local text = query[name]
    return type(text) == "string" and text ~= "" and text:lower() or nil
  end
  return { offset = whole(query.offset, 0, 1e9, 0), limit = whole(query.limit, 1, MAX_PAGE, 50),
    before = whole(query.before, 1, 1e15), q = word "q", state = word "state",
    group = word "group" }
end

local views = {}

for _, kind in ipairs { "payments", "keys", "schedules" } do
  views[kind] = function(query) return rows.list(world, kind, page(query)) end
end

---One payment, billing key or schedule: ?kind=payments&api=v1&id=…&store=…
function views.one(query)
  return rows.one(world, query.kind, query.api, tostring(query.id), query.store)
end

function views.timeline(query)
  return timeline.list(world, page(query))
end

---One entry of the journal: ?n=…
function views.entry(query)
  return timeline.entry(world, whole(query.n, 1, 1e15, 0))
end

function views.faults()
  return { rows = json.array(world.faults:list()), kinds = faults.kinds() }
end

function views.settings()
  local config, list = world.config, {}
  for i, name in ipairs(cards.names) do
    list[i] = cards.public()[name]
    list[i].name = name
  end
  return { rows = settings.list(world), cards = list, channels = config.channels,
    connection = {
      v1_url = url("v1"), v2_url = url("v2"), store_id = config.store_id,
      seed = tostring(config.seed),
    },
    keys = { imp_key = config.imp_key, imp_secret = config.imp_secret,
      api_secret = config.api_secret, webhook_secret = config.webhook_secret } }
end

-- }======

-- {====== Over HTTP ======

-- The page itself: what it is made of, its type, and its text, made when first asked for.
local assets = {
  ["/"] = { "text/html; charset=utf-8", function()
    return (require "portone.sandbox.console.page":gsub("{{lang}}", world.config.lang or ""))
  end },
  [PREFIX .. "style.css"] = { "text/css; charset=utf-8", function()
    return require "portone.sandbox.console.style"
  end },
  [PREFIX .. "app.js"] = { "text/javascript; charset=utf-8", function()
    return "const TEXTS = " .. assert(json.encode(require "portone.sandbox.console.texts"))
      .. ";\n" .. require "portone.sandbox.console.script"
      .. require "portone.sandbox.console.script_views"
  end },
  [PREFIX .. "icon.svg"] = { "image/svg+xml", function()
    return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" '
      .. 'height="32" rx="8" fill="#4353c9"/><path d="M8 18h7v6H8zm9-10h7v16h-7z" fill="#fff"/>'
      .. '</svg>'
  end },
}

local function path_of(x)
  return x.target:match("^[^?]*")
end

---Is a request for the console?
---@param x { method: string, target: string }
---@return boolean
function M.is_for(x)
  local path = path_of(x)
  return path:sub(1, #PREFIX) == PREFIX
    or path == "/" and (x.method == "GET" or x.method == "HEAD")
end

---The console itself changes nothing.
---@return boolean
function M.reads()
  return true
end

local function refuse(status, message)
  return guard.plan(status, "application/json; charset=utf-8",
    assert(json.encode { message = message }))
end

local function serve_asset(asset)
  asset.text = asset.text or asset[2]()
  return guard.plan(200, asset[1], asset.text, { CSP, "Cache-Control: no-cache",
    "Cross-Origin-Opener-Policy: same-origin" })
end

local function serve_data(x, name)
  local tag = ('"%s-%.0f"'):format(run, world.changes)
  local more = { "ETag: " .. tag, "Cache-Control: no-cache" }
  if x.headers["if-none-match"] == tag then
    return guard.plan(304, "application/json; charset=utf-8", "", more)
  end
  local query, problem = wire.form(x.target:match("%?(.*)$") or "")
  local value
  if query then
    value, problem = views[name](query)
  end
  if not value then return refuse(400, tostring(problem)) end
  return guard.plan(200, "application/json; charset=utf-8",
    assert(json.encode { head = head(), value = value }), more)
end

---Serves the page or its data.
---@param x { method: string, target: string, headers: table<string, string> }
---@return table plan
function M.serve(x)
  local path = path_of(x)
  local asset = assets[path]
  local problem = guard.problem(x.headers, world.config.hosts, asset ~= nil)
  if problem then return refuse(403, problem) end
  local name = path:sub(#PREFIX + 1)
  if not asset and not views[name] then return refuse(404, "the console has no such part") end
  if x.method ~= "GET" and x.method ~= "HEAD" then
    return refuse(405, "the console is read with GET")
  end
  if asset then return serve_asset(asset) end
  return serve_data(x, name)
end

-- }======

---@param new_world portone.sandbox.world
function M.open(new_world)
  world, run = new_world, core.hex(core.random(6))
end

return M
