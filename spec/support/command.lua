-- SPDX-License-Identifier: MIT
-- The command `portone` as a process of its own, in an environment that has only what a spec
-- gives it.

local M = {}

M.lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d%.%d")

function M.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

local quote = M.quote

---Runs a line of the shell; what it printed on standard output.
function M.shell(line)
  local pipe = assert(io.popen(line, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

---A directory of the spec's own.
function M.directory()
  return (M.shell("mktemp -d"):gsub("%s+$", ""))
end

function M.read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

function M.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  assert(file:close())
  return path
end

-- The environment of a command, as words of env.
local function environment(given)
  local words = { "env -i" }
  for _, name in ipairs { "PATH", "LUA_PATH", "LUA_CPATH", "TMPDIR" } do
    local value = os.getenv(name)
    words[#words + 1] = value and name .. "=" .. quote(value) or nil
  end
  for name, value in pairs(given or {}) do
    words[#words + 1] = name .. "=" .. quote(value)
  end
  return table.concat(words, " ")
end

---The command as a line for the shell.
---@param args string     words as the shell takes them
---@param env? table
function M.line(args, env)
  return ("%s %s bin/portone %s"):format(environment(env), M.lua, args)
end

---Runs the command to its end.
---@param args string
---@param how? { env?: table, input?: string }
---@return string stdout, string stderr, integer status
function M.run(args, how)
  how = how or {}
  local dir = M.directory()
  M.write(dir .. "/in", how.input or "")
  local status = M.shell(("%s <%s/in >%s/out 2>%s/err; echo $?"):format(M.line(args, how.env), dir,
    dir, dir))
  local out, err = M.read(dir .. "/out"), M.read(dir .. "/err")
  M.shell("rm -rf " .. dir)
  return out, err, tonumber(status)
end

---Starts the command in the background.
---@param args string
---@param how { env?: table, out: string }  out: a file for both its outputs
---@return table process  pid, kill(signal) which waits for its end, wait(seconds) for it
function M.start(args, how)
  -- a shell waits for it, so that its status is known and nothing of it is left behind
  local pid_file, end_file = how.out .. ".pid", how.out .. ".end"
  os.remove(pid_file)
  os.remove(end_file)
  M.shell(("(%s >%s 2>&1 </dev/null & echo $! >%s.new; mv %s.new %s; wait $!; echo $? >%s) "
    .. ">/dev/null 2>&1 &"):format(M.line(args, how.env), how.out, pid_file, pid_file, pid_file,
    end_file))
  local process = {}
  function process.ended()
    local text = M.read(end_file)
    return text and tonumber(text:match("%d+"))
  end
  function process.wait(seconds)
    for _ = 1, (seconds or 60) * 20 do
      if process.ended() then
        return process.ended()
      end
      M.shell "sleep 0.05"
    end
  end
  for _ = 1, 3000 do
    process.pid = tonumber((M.read(pid_file) or ""):match("%d+"))
    if process.pid then
      break
    end
    M.shell "sleep 0.02"
  end
  function process.kill(signal)
    if not process.ended() then
      M.shell(("kill -%s %d 2>/dev/null"):format(signal or "TERM", process.pid))
    end
    return process.wait(60)
  end
  return process
end

---Waits until a file has a text in it.
---@return string? text  all of it; nil when the time is over
function M.await(path, pattern, seconds)
  for _ = 1, (seconds or 60) * 20 do
    local text = M.read(path)
    if text and text:find(pattern) then
      return text
    end
    M.shell "sleep 0.05"
  end
end

---Runs the command on a terminal and types keys once it shows a prompt: not before, when the
---terminal would still take them for lines.
---@return string? shown  all that was on the terminal; nil when it did not end
function M.typed(args, env, prompt, keys)
  local dir = M.directory()
  M.shell(("mkfifo %s/keys; (script -qefc %s %s/shown <%s/keys >/dev/null 2>&1; "
    .. "echo ended >%s/end) >/dev/null 2>&1 &"):format(dir, quote(M.line(args, env)), dir, dir,
    dir))
  local fifo = assert(io.open(dir .. "/keys", "w"))
  M.await(dir .. "/shown", prompt)
  fifo:write(keys)
  fifo:flush()
  local ended = M.await(dir .. "/end", "ended")
  fifo:close()
  local shown = M.read(dir .. "/shown")
  M.shell("rm -rf " .. dir)
  return ended and shown
end

---The settings of a sandbox, as the environment of a command.
function M.settings(sandbox)
  return {
    PORTONE_BASE_URL = sandbox.v2_url, PORTONE_V1_BASE_URL = sandbox.v1_url,
    PORTONE_API_SECRET = sandbox.api_secret, PORTONE_STORE_ID = sandbox.store_id,
    PORTONE_V1_API_KEY = sandbox.imp_key, PORTONE_V1_API_SECRET = sandbox.imp_secret,
    PORTONE_WEBHOOK_SECRET = sandbox.webhook_secret,
  }
end

---Is any of a sandbox's secrets in a text?
function M.tells(sandbox, text)
  for _, name in ipairs { "api_secret", "imp_key", "imp_secret", "webhook_secret" } do
    if text:find(sandbox[name], 1, true) then
      return name
    end
  end
end

return M
