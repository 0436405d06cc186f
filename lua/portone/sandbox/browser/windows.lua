-- SPDX-License-Identifier: MIT
-- The windows that are, or were, open. What a window does to the books is the business of its
-- API's side (browser/v1.lua, browser/v2.lua); here is what all of them have in common.

local core = require "portone.core"

local journal = require "portone.sandbox.journal"

local M = {}

---@class portone.sandbox.window
---@field id string
---@field api "v1"|"v2"
---@field method string      of the SDK: "requestPayment", "request_pay"
---@field params table       checked
---@field kind "pay"|"key"|"key_and_pay"|"identity"
---@field type "IFRAME"|"POPUP"|"REDIRECTION"
---@field force boolean      the answer goes to redirect_url whatever the type is
---@field redirect_url? string  where the shop wants the answer
---@field redirect? string   that address with the answer, once there is one
---@field state "open"|"busy"|"account"|"done"|"abandoned"
---  busy: the shop is being asked; account: a virtual account was issued
---@field result? table      what the SDK's promise or callback gets
---@field origin? string     of the shop's page
---@field lang? string       that the shop asks for

-- More than these are not kept: a window from long ago is as good as closed.
local LIMIT = 2000

local sides = { v1 = "portone.sandbox.browser.v1", v2 = "portone.sandbox.browser.v2" }

local function side_of(window)
  return require(sides[window.api])
end

---@param world portone.sandbox.world
function M.start(world)
  world.windows = { map = {}, list = {}, first = 1 }
end

---@param world portone.sandbox.world
---@param id string
---@return portone.sandbox.window?
function M.find(world, id)
  return world.windows.map[id]
end

local function keep(world, window)
  local windows = world.windows
  windows.map[window.id] = window
  windows.list[#windows.list + 1] = window
  if #windows.list - windows.first >= LIMIT then
    windows.map[windows.list[windows.first].id] = nil
    windows.list[windows.first] = false
    windows.first = windows.first + 1
  end
end

-- How a window comes up, and whether the shop can be answered that way.
local function place(window, types)
  window.type = types[window.device]
  if window.type == "REDIRECTION" and not window.redirect_url then
    local field = window.api == "v1" and "m_redirect_url" or "redirectUrl"
    return { code = "BadRequest", fields = { { path = field,
      problem = "required: this window replaces the page, and its answer needs an address" } } }
  end
end

local function listed(failure)
  local lines = { failure.message }
  for _, field in ipairs(failure.fields or {}) do
    lines[#lines + 1] = field.path .. ": " .. field.problem
  end
  return table.concat(lines, "\n")
end

-- Nothing was opened: told in the journal, and to the SDK.
local function refused(entry, failure)
  failure.message = listed { message = failure.message or "the parameters are not right",
    fields = failure.fields }
  entry.state, entry.code, entry.error = "refused", failure.code, failure.message
  return nil, failure
end

---Opens a window, as a SDK asks for it.
---@param world portone.sandbox.world
---@param request table  { api, method, params, device, origin?, user_agent?, language?, host }
---@return table? opened  { id, url, type, warnings, center? } for the SDK
---@return table? failure { code, message, fields?, … } for the SDK
function M.open(world, request)
  if not sides[request.api] then
    return nil, { code = "BadRequest", message = "api must be v1 or v2" }
  end
  local side = side_of(request)
  local entry = world:note("window", { api = request.api, state = "open",
    op = "checkout." .. tostring(request.method), body = journal.body(request.params) })
  local window, failure = side.prepare(world, request)
  failure = failure or place(window, window.types) or side.open(world, window)
  if failure then
    return refused(entry, failure)
  end
  window.id, window.state, window.entry = core.hex(core.random(12)), "open", entry
  entry.id, entry.type, entry.order = window.id, window.type, window.order_id
  keep(world, window)
  return { id = window.id, type = window.type, warnings = window.warnings,
    url = ("http://%s/_sandbox/window/%s"):format(request.host, window.id),
    center = window.center }
end

-- The address of an answer: that of the shop, with what it is told in the query.
local function address(url, pairs_of)
  local base, fragment = url:match("^([^#]*)(.*)$")
  local parts = {}
  for i, pair in ipairs(pairs_of) do
    parts[i] = core.escape(pair[1]) .. "=" .. core.escape(tostring(pair[2]))
  end
  local mark = base:find("?", 1, true) and (base:find("[?&]$") and "" or "&") or "?"
  return base .. mark .. table.concat(parts, "&") .. fragment
end

---Ends a window with an answer for the shop.
---@param world portone.sandbox.world
---@param window portone.sandbox.window
---@param result table
---@param state? string  "done" when absent
function M.finish(world, window, result, state)
  window.state, window.result = state or "done", result
  window.entry.state, window.entry.answer = window.state, journal.body(result)
  window.entry.ended = world:now()
  if window.redirect_url and (window.force or window.type == "REDIRECTION") then
    window.redirect = address(window.redirect_url, side_of(window).query(window, result))
  end
end

---What the window's user did. While the shop is asked (confirm) this waits, and others pass.
---@param world portone.sandbox.world
---@param window portone.sandbox.window
---@param form table<string, string>  `choice`, and the fields of the page
---@return string? told  what the page has to say about it: a name in texts.lua
function M.choose(world, window, form)
  if window.state == "busy" then
    return "busy"
  elseif window.state == "done" or window.state == "abandoned" then
    return "over"
  elseif form.choice == "abandon" then
    M.close(world, window)
    return nil
  end
  local before = window.state
  window.state = "busy"
  local result, told, state = side_of(window).choose(world, window, form, before)
  if window.state ~= "busy" then
    return "over"  -- closed while the shop was asked: what was approved stays approved
  elseif result then
    M.finish(world, window, result)
  else
    window.state = state or before
    window.entry.state = window.state
  end
  return told
end

---The window has gone without an answer. The books keep what was begun as it is; the page is
---told that nothing came of it. With an account issued, that is the answer.
---@param world portone.sandbox.world
---@param window portone.sandbox.window
---@return table told  { result, redirect? } for the SDK
function M.close(world, window)
  if window.state == "open" or window.state == "busy" then
    M.finish(world, window, side_of(window).abandoned(window), "abandoned")
  elseif window.state == "account" then
    M.finish(world, window, window.pending)
  end
  return { result = window.result, redirect = window.redirect }
end

return M
