-- SPDX-License-Identifier: MIT
-- What the command knows of the terminal: is there one, how wide, may it be coloured. Asked of
-- the shell's own `test` and `stty`, so that no library is needed.

local M = {}

local known = {}

-- os.execute says true on 5.2 and later, 0 before.
local function succeeds(command)
  local ok = os.execute(command)
  return ok == true or ok == 0
end

---Is a descriptor a terminal?
---@param fd integer  0 stdin, 1 stdout, 2 stderr
---@return boolean
function M.is_terminal(fd)
  if known[fd] == nil then
    known[fd] = succeeds(("test -t %d"):format(fd))
  end
  return known[fd]
end

---Columns of the terminal, 80 where nobody says.
---@return integer
function M.width()
  local given = tonumber(os.getenv "COLUMNS")
  if given and given >= 20 then
    return given
  end
  local pipe = io.popen("stty size 2>/dev/null </dev/tty", "r")
  local text = pipe and pipe:read("*l")
  if pipe then
    pipe:close()
  end
  local columns = tonumber((text or ""):match("^%d+ (%d+)"))
  return columns and columns >= 20 and columns or 80
end

local codes = { bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36" }

---A text in a colour, where the descriptor is a terminal and NO_COLOR is not set
---(https://no-color.org).
---@param fd integer
---@param colour string
---@param text string
---@return string
function M.paint(fd, colour, text)
  local off = os.getenv "NO_COLOR"
  if (off and off ~= "") or os.getenv "TERM" == "dumb" or not M.is_terminal(fd) then
    return text
  end
  return ("\27[%sm%s\27[0m"):format(codes[colour], text)
end

---A word as the shell takes it for one.
---@param text string
---@return string
function M.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

---Lays an empty file that only its owner can read; one that is there is made so.
---@param path string
---@return boolean
function M.private_file(path)
  local quoted = M.quote(path)
  return succeeds(("umask 077; (: >>%s) 2>/dev/null && chmod 600 %s"):format(quoted, quoted))
end

---Makes a directory, with those above it, that only its owner can read.
---@param path string
---@return boolean
function M.private_directory(path)
  return succeeds(("umask 077; mkdir -p %s 2>/dev/null"):format(M.quote(path)))
end

return M
