-- SPDX-License-Identifier: MIT
-- The sandbox's half of the browser: stand-ins for PortOne's two SDKs, and the windows that
-- they open.
--
--   GET  /v2/browser-sdk.js, /_sandbox/sdk/v2/browser-sdk.js     the V2 SDK
--   GET  /v1/iamport.js, /_sandbox/sdk/iamport.js                V1's iamport.js
--   POST /_sandbox/window                 what a SDK asks for: { id, url, type } or a refusal
--   GET  /_sandbox/window/<id>            the window itself
--   POST /_sandbox/window/<id>            what its user chose (a form); with Accept:
--                                         application/json the answer is { state, result, … }
--   POST /_sandbox/window/<id>/closed     it is gone without an answer
--
-- All of them on both ports. A page of any origin may ask for a window, as with PortOne; what
-- is done in one can be done from within it only.

local json = require "portone.json"

local page = require "portone.sandbox.browser.page"
local sdk = require "portone.sandbox.browser.sdk"
local windows = require "portone.sandbox.browser.windows"
local wire = require "portone.sandbox.wire"

local M = {}

local WINDOW = "/_sandbox/window"

local world

local scripts = {
  ["/v2/browser-sdk.js"] = "v2", ["/_sandbox/sdk/v2/browser-sdk.js"] = "v2",
  ["/_sandbox/sdk/browser-sdk.js"] = "v2",
  ["/v1/iamport.js"] = "v1", ["/_sandbox/sdk/v1/iamport.js"] = "v1",
  ["/_sandbox/sdk/iamport.js"] = "v1",
}

local function path_of(x)
  return x.target:match("^[^?]*")
end

---Is a request for this module?
---@param x { target: string }
---@return boolean
function M.is_for(x)
  local path = path_of(x)
  return scripts[path] ~= nil or path == WINDOW or path:sub(1, #WINDOW + 1) == WINDOW .. "/"
end

-- {====== Answers ======

local function text(status, body)
  return { status = status, headers = { "Content-Type: text/plain; charset=utf-8" },
    body = body .. "\n" }
end

-- Pages of the shop's origin read these answers.
local function shared(plan, x)
  local headers = plan.headers
  headers[#headers + 1] = "Access-Control-Allow-Origin: " .. (x.headers.origin or "*")
  headers[#headers + 1] = "Vary: Origin"
  headers[#headers + 1] = "Cross-Origin-Resource-Policy: cross-origin"
  return plan
end

local function answer(x, status, value)
  return shared({ status = status, body = assert(json.encode(value)), headers = {
    "Content-Type: application/json; charset=utf-8", "Cache-Control: no-store" } }, x)
end

-- A page of the web may ask for what listens on this machine only when this says so.
local function preflight(x)
  return shared({ status = 204, body = "", headers = {
    "Access-Control-Allow-Methods: GET, POST", "Access-Control-Allow-Headers: Content-Type",
    "Access-Control-Allow-Private-Network: true", "Access-Control-Max-Age: 600" } }, x)
end

local function script(x, name)
  return shared({ status = 200, body = sdk.text(name), headers = {
    "Content-Type: text/javascript; charset=utf-8", "Cache-Control: no-cache",
    "X-Content-Type-Options: nosniff" } }, x)
end

-- }======

-- A name that leads here from elsewhere must not reach the windows (DNS rebinding).
local function is_local(host)
  local name = (host or ""):gsub(":%d+$", "")
  return name == "127.0.0.1" or name == "localhost" or name == "[::1]"
    or name:find("%.localhost$") ~= nil
end

-- Only the window's own page may choose: browsers name the origin of every form that is sent.
local function from_elsewhere(x)
  local origin = x.headers.origin
  return origin ~= nil and origin ~= "http://" .. tostring(x.headers.host)
end

local function open(x)
  local request, problem = json.decode(x.body)
  if type(request) ~= "table" or type(request.params) ~= "table" then
    return answer(x, 400, { code = "BadRequest",
      message = "the SDK's request is not JSON: " .. tostring(problem or "no parameters") })
  end
  local opened, failure = windows.open(world, {
    api = request.api, method = request.method, params = request.params,
    device = request.device == "mobile" and "mobile" or "pc", origin = x.headers.origin,
    user_agent = x.headers["user-agent"], language = x.headers["accept-language"],
    user_code = request.user_code, tier = request.tier, ui = request.ui, host = x.headers.host,
  })
  if not opened then
    return answer(x, 400, failure)
  end
  return answer(x, 200, opened)
end

-- The way back to the shop, when the window took its page's place.
local function way_back(window)
  if window.state == "done" and window.type == "REDIRECTION" and window.redirect then
    return { status = 303, body = "", headers = { "Location: " .. window.redirect,
      "Cache-Control: no-store" } }
  end
end

-- What happened in the window, by form; and then its page anew, or the way back to the shop.
local function choose(window, x, lang)
  local form, problem = wire.form(x.body)
  if not form then
    return text(400, problem)
  end
  local told = windows.choose(world, window, form)
  if (x.headers.accept or ""):find("application/json", 1, true) then
    return answer(x, 200, { state = window.state, result = window.result,
      redirect = window.redirect, notice = told })
  end
  return way_back(window) or page.show(world, window, lang, told)
end

local function language(window, x, query)
  local lang = query.lang or window.lang
    or (x.headers["accept-language"] or ""):match("^%a%a")
  return lang == "en" and "en" or lang == "ko" and "ko" or (lang and "en" or "ko")
end

local function serve_window(x, rest, query)
  local id, verb = rest:match("^/([%w%-]+)/?(%a*)$")
  local window = id and windows.find(world, id)
  if not window then
    return text(404, "no such payment window")
  end
  query = wire.form(query) or {}
  local lang = language(window, x, query)
  if verb == "closed" and x.method == "POST" then
    return answer(x, 200, windows.close(world, window))
  elseif verb ~= "" then
    return text(404, "no such page")
  elseif x.method == "GET" then
    return query["then"] == "go" and way_back(window) or page.show(world, window, lang)
  elseif x.method ~= "POST" then
    return text(405, "GET or POST is expected")
  elseif from_elsewhere(x) then
    return text(403, "only the window's own page may do this")
  end
  return choose(window, x, lang)
end

---Serves a script or a window.
---@param x { port: string, method: string, target: string, headers: table, body: string }
---@return table plan
function M.serve(x)
  local path, query = x.target:match("^([^?]*)%??(.*)$")
  if not is_local(x.headers.host) then
    return text(403, "only for this machine")
  elseif x.method == "OPTIONS" then
    return preflight(x)
  elseif scripts[path] then
    return script(x, scripts[path])
  elseif path ~= WINDOW then
    return serve_window(x, path:sub(#WINDOW + 1), query)
  elseif x.method ~= "POST" then
    return text(405, "POST is expected")
  end
  return open(x)
end

---@param new_world portone.sandbox.world
function M.open(new_world)
  world = new_world
  windows.start(world)
end

return M
