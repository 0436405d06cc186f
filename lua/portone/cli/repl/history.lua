-- SPDX-License-Identifier: MIT
-- The history of the prompt: a file that only its owner can read, without lines that have a
-- secret or a card in them.

local redact = require "portone.redact"
local terminal = require "portone.cli.terminal"

local M = {}

local KEEP = 500  -- lines

---Where it is: $PORTONE_HISTORY, or portone/history below $XDG_STATE_HOME (~/.local/state).
---@return string? path  nil: there is no place for it, or it is not wanted (PORTONE_HISTORY="")
function M.path()
  local given = os.getenv "PORTONE_HISTORY"
  if given then
    return given ~= "" and given or nil
  end
  local state, home = os.getenv "XDG_STATE_HOME", os.getenv "HOME"
  if not state or state == "" then
    state = home and home .. "/.local/state"
  end
  return state and state .. "/portone/history"
end

---May a line be kept? Not with a secret field in it, a value of the given ones, or what looks
---like a card number or a key.
---@param line string
---@param secrets string[]
---@return boolean
function M.is_harmless(line, secrets)
  if redact.text(line, secrets) ~= line or line:find("whsec_%w") or line:find("%x%x%x%x%x%x%x%x%x"
      .. ("%x"):rep(23)) then
    return false
  end
  for name, value in line:gmatch("%f[%w_]([%a_][%w_]*)%s*=%s*(%S?)") do
    -- a field that is filled from somewhere else, `birth = card.birth`, tells nothing
    if redact.is_secret(name) and (value == '"' or value == "'" or value == "["
        or value == "{" or value:find("%d")) then
      return false
    end
  end
  return true
end

---The lines that are kept, oldest first.
---@param path? string
---@return string[]
function M.read(path)
  local file, lines = path and io.open(path, "rb"), {}
  if file then
    for line in file:lines() do
      lines[#lines + 1] = line
    end
    file:close()
  end
  return lines
end

---Makes the file ready: there, private, and not longer than it should be.
---@param path string
---@return boolean ok
function M.prepare(path)
  local folder = path:match("^(.*)/[^/]*$")
  if folder and folder ~= "" then
    terminal.private_directory(folder)
  end
  if not terminal.private_file(path) then
    return false
  end
  local lines = M.read(path)
  if #lines > 2 * KEEP then
    local file = io.open(path, "wb")
    if file then
      file:write(table.concat(lines, "\n", #lines - KEEP + 1), "\n")
      file:close()
    end
  end
  return true
end

---Adds a line at once: a prompt that is killed has lost nothing.
---@param path string
---@param line string
function M.append(path, line)
  local file = io.open(path, "ab")
  if file then
    file:write((line:gsub("[\r\n]+", " ")), "\n")
    file:close()
  end
end

return M
