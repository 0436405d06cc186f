-- SPDX-License-Identifier: MIT
-- A person with a browser, without one: asks the sandbox for a window as the stand-in of the SDK
-- does, and sends the form of its page. Runs in the user's process.

local core = require "portone.core"
local json = require "portone.json"

local M = {}

-- A confirm may take its time.
local TIMEOUT = 60

local choices = { pay = true, decline = true, cancel = true, abandon = true, deposit = true,
  done = true, pending = true }

local function post(client, url, kind, body)
  local status, text, why = client:perform("POST", url,
    { "Content-Type: " .. kind, "Accept: application/json" }, body, TIMEOUT)
  if not status then
    return nil, why or text
  end
  return json.decode(text) or { message = text }, nil, status
end

local function form(step)
  local parts = {}
  for name, value in pairs(step) do
    if name ~= "device" then
      parts[#parts + 1] = core.escape(name) .. "=" .. core.escape(tostring(value))
    end
  end
  return table.concat(parts, "&")
end

-- One step or a list of them; each names a choice.
local function steps_of(given, level)
  local steps = {}
  for i, step in ipairs(given[1] and given or { given }) do
    local copy = {}
    for name, value in pairs(step) do
      copy[name] = value
    end
    copy.choice = copy.choice or "pay"
    if not choices[copy.choice] then
      error("sandbox: window: no such choice: " .. tostring(copy.choice), level + 1)
    end
    steps[i] = copy
  end
  return steps
end

local function open(client, sandbox, page, device)
  local head = assert(json.encode({ api = page.api, method = page.method == "loadUI"
    and "request_pay" or page.method, ui = page.ui_type, device = device,
    user_code = page.api == "v1" and "imp00000000" or nil }))
  -- the page knows which of its empty tables are lists
  local body = ('%s,"params":%s}'):format(head:sub(1, -2), page:json())
  local opened, problem, status = post(client, sandbox[page.api .. "_url"] .. "/_sandbox/window",
    "application/json", body)
  if not opened or status ~= 200 then
    return nil, problem or opened.message
  end
  return opened
end

local function walk(client, opened, steps)
  local told, problem
  for _, step in ipairs(steps) do
    told, problem = post(client, opened.url, "application/x-www-form-urlencoded", form(step))
    if not told then
      return nil, problem
    end
  end
  if told.state == "account" then
    -- an account was issued: the person has what they came for
    told, problem = post(client, opened.url, "application/x-www-form-urlencoded", "choice=done")
  end
  if not told or not told.result then
    return nil, problem or "the window is not over: " .. tostring(told.notice or told.state)
  end
  return told.result, told.redirect
end

---@param sandbox portone.sandbox
---@param page portone.CheckoutPage
---@param given table    see portone.sandbox:window
---@param level integer  of errors
---@return table? result
---@return string? redirect or problem
function M.window(sandbox, page, given, level)
  if type(page) ~= "table" or not page.api or not page.json then
    error("sandbox: window: a page of portone.checkout is expected", level + 1)
  end
  local steps = steps_of(given, level + 1)
  local client = core.client {}
  local opened, problem = open(client, sandbox, page, steps[1].device)
  if not opened then
    client:close()
    return nil, problem
  end
  local result, redirect = walk(client, opened, steps)
  client:close()
  return result, redirect
end

return M
