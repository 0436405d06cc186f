-- SPDX-License-Identifier: MIT
-- How far a run is: a bar on a terminal, a line now and then elsewhere.

local core = require "portone.core"
local terminal = require "portone.cli.terminal"

local M = {}

local WINDOW = 10   -- seconds over which the rate is taken
local LINES = 10    -- seconds between two lines where there is no terminal

---A count as people write it: 12,345.
---@param n number
---@return string
function M.count(n)
  local text, more = ("%.0f"):format(n), 1
  while more > 0 do
    text, more = text:gsub("^(-?%d+)(%d%d%d)", "%1,%2")
  end
  return text
end

local function clock(seconds)
  if seconds >= 3600 then
    return ("%d:%02d:%02d"):format(math.floor(seconds / 3600), math.floor(seconds / 60) % 60,
      math.floor(seconds) % 60)
  end
  return ("%d:%02d"):format(math.floor(seconds / 60), math.floor(seconds) % 60)
end

---@class portone.cli.Progress
local methods = {}
local mt = { __index = methods }

---@param total integer
---@return portone.cli.Progress
function M.new(total)
  local bar = terminal.is_terminal(2)
  local now = core.monotonic()
  return setmetatable({ total = total, done = 0, bar = bar, marks = { { at = now, done = 0 } },
    first = 1, began = now, told = now, width = bar and terminal.width() }, mt)
end

-- Orders per second, lately.
local function rate(self, now)
  local marks = self.marks
  marks[#marks + 1] = { at = now, done = self.done }
  while now - marks[self.first].at > WINDOW and self.first < #marks do
    marks[self.first] = nil
    self.first = self.first + 1
  end
  local mark = marks[self.first]
  return now > mark.at and (self.done - mark.done) / (now - mark.at) or 0
end

local function line(self, now)
  local speed = rate(self, now)
  local text = ("%s/%s  %d%%  %s/s"):format(M.count(self.done), M.count(self.total),
    self.total > 0 and math.floor(100 * self.done / self.total) or 100,
    M.count(speed))
  if speed > 0 and self.done < self.total then
    text = text .. "  " .. clock((self.total - self.done) / speed) .. " left"
  end
  return text .. (self.words and "  " .. self.words or "")
end

local function draw(self, text)
  local room = math.min(30, self.width - #text - 4)
  if room >= 10 then
    local full = self.total > 0 and math.floor(room * self.done / self.total) or room
    text = "[" .. ("#"):rep(full) .. ("-"):rep(room - full) .. "] " .. text
  end
  io.stderr:write("\r", text:sub(1, self.width - 1), "\27[K")
end

---Shows how far it is now. To be called often: it looks at the clock itself.
---@param done integer
---@param words? string  what has become of them
function methods:show(done, words)
  self.done, self.words = done, words
  local now = core.monotonic()
  if self.bar then
    draw(self, line(self, now))
  elseif now - self.told >= LINES then
    self.told = now
    io.stderr:write(line(self, now), "\n")
  else
    rate(self, now)
  end
end

---The last word, on a line that stays.
function methods:finish(done, words)
  self.done, self.words = done, words
  local text = line(self, core.monotonic())
  if self.bar then
    draw(self, text)
    io.stderr:write("\n")
  else
    io.stderr:write(text, "\n")
  end
end

---@return number seconds since it began
function methods:elapsed()
  return core.monotonic() - self.began
end

M.clock = clock

return M
