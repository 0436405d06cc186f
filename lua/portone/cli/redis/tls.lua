-- SPDX-License-Identifier: MIT
-- TLS for the command's connection to Redis, by LuaSec, which proves that a certificate comes
-- from an authority but not whose it is: its names are looked at here, before anything is told.

local M = {}

local SAN = "2.5.29.17"         -- subject alternative names
local AUTHORITIES = "/etc/ssl/certs"

-- "*.example.com" is one label of anything before that; an address is never a name.
local function fits(pattern, host)
  pattern, host = pattern:lower():gsub("%.$", ""), host:lower():gsub("%.$", "")
  if pattern == host then
    return true
  end
  local parent = pattern:match("^%*%.(.+%..+)$")
  return parent ~= nil and host:match("^[^.]+%.(.*)$") == parent
end

local function is_address(host)
  return host:find("^%d+%.%d+%.%d+%.%d+$") ~= nil
end

---Is a certificate the host's? What its subject is called does not count.
---@param names table  { dNSName = { … }, iPAddress = { … } }
---@param host string  as it was asked for
---@return boolean
function M.is_of(names, host)
  for _, name in ipairs(is_address(host) and names.iPAddress or {}) do
    if name == host then
      return true
    end
  end
  for _, name in ipairs(not is_address(host) and names.dNSName or {}) do
    if fits(name, host) then
      return true
    end
  end
  return false
end

-- What is asked of a server: its proof and TLS 1.2 at least.
local function settings(ca_file)
  return { mode = "client", protocol = "any", verify = "peer",
    options = { "all", "no_sslv2", "no_sslv3", "no_tlsv1", "no_tlsv1_1" },
    cafile = ca_file, capath = not ca_file and AUTHORITIES or nil }
end

local function shake_hands(wrapped, host)
  local done, err = wrapped:dohandshake()
  if not done then
    return nil, "TLS: " .. tostring(err)
  end
  local certificate = wrapped:getpeercertificate()
  local names = certificate and certificate:extensions()[SAN]
  if not (names and M.is_of(names, host)) then
    return nil, "TLS: the certificate is not that of " .. host
  end
  return wrapped
end

---@param socket table    connected; it is the wrapped one's from here on
---@param config table    host, ca_file
---@param timeout number  seconds for one step
---@return table? wrapped
---@return string? err
function M.wrap(socket, config, timeout)
  local ok, ssl = pcall(require, "ssl")
  if not ok then
    return nil, "TLS needs LuaSec (Debian: lua-sec)"
  end
  local wrapped, err = ssl.wrap(socket, settings(config.ca_file))
  if not wrapped then
    return nil, "TLS: " .. tostring(err)
  end
  wrapped:settimeout(timeout)
  if not is_address(config.host) then
    wrapped:sni(config.host)
  end
  ok, err = shake_hands(wrapped, config.host)
  if not ok then
    wrapped:close()
  end
  return ok, err
end

return M
