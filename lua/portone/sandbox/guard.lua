-- SPDX-License-Identifier: MIT
-- Who may see the console and move the sandbox: programs and people of this machine, but no page
-- of some other site that runs in a browser here. The sandbox listens on loopback only, so what
-- is left is what a browser can be talked into:
--
--   DNS rebinding    a name of the attacker's comes to mean 127.0.0.1. The Host header still
--                    has that name: only names of this machine are taken, and `hosts`.
--   CSRF             a page elsewhere (another port is elsewhere too) sends a request. Browsers
--                    put an Origin on it that is not ours, and say so in Sec-Fetch-Site. What
--                    has neither is no browser, or the user's own address bar.
--   reading, framing answers carry headers that keep them from being embedded, and no CORS.
--
-- The APIs themselves need none of this: a request without their secrets is refused.

local M = {}

local loopback = { ["127.0.0.1"] = true, ["localhost"] = true, ["[::1]"] = true }

-- Of other processes' and users' own pages, nothing is sent that says who they are.
local ours = { ["same-origin"] = true, none = true }

local function is_known(name, hosts)
  if loopback[name] or name:find("%.localhost$") then
    return true
  end
  for _, host in ipairs(hosts or {}) do
    if name == host:lower() then
      return true
    end
  end
  return false
end

---Why a request must not reach the console or the control calls.
---@param headers table<string, string>  by lower-case names
---@param hosts? string[]  further names that mean this sandbox (option `hosts`)
---@param from_anywhere? boolean  a link from another site may lead here
---@return string? problem  nil when it may
function M.problem(headers, hosts, from_anywhere)
  local host = (headers.host or ""):lower()
  if not is_known((host:gsub(":%d+$", "")), hosts) then
    return "this address is for this machine only; the option 'hosts' adds names"
  end
  if headers.origin and headers.origin:lower():match("^https?://(.*)$") ~= host then
    return "a page of another origin may not do this"
  end
  local site = headers["sec-fetch-site"]
  if site and not ours[site] and not from_anywhere then
    return "a page of another site may not do this"
  end
end

---Headers of every answer: it is not embedded, not framed, not taken for another type.
---@type string[]
M.headers = {
  "X-Content-Type-Options: nosniff", "Cross-Origin-Resource-Policy: same-origin",
  "X-Frame-Options: DENY", "Referrer-Policy: no-referrer",
}

---An answer as src/sandbox/httpd.h wants it, with those headers.
---@param status integer
---@param kind string    content type
---@param body string
---@param more? string[] further headers
---@return table plan
function M.plan(status, kind, body, more)
  local headers = { "Content-Type: " .. kind }
  for _, list in ipairs { M.headers, more or {} } do
    for _, line in ipairs(list) do
      headers[#headers + 1] = line
    end
  end
  return { status = status, headers = headers, body = body }
end

return M
