-- SPDX-License-Identifier: MIT
-- fork, wait and _exit for the specs, on every Lua, and _exit once the state is closed: a short C
-- file, compiled into a temporary folder by the compiler that the build needs anyway.

local source = [[
#include <lua.h>
#include <lauxlib.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int l_fork(lua_State *L) {
  fflush(NULL);
  lua_pushinteger(L, fork());
  return 1;
}

static int l_exit(lua_State *L) {
  _exit((int)luaL_checkinteger(L, 1));
}

/* Not by exit, where LeakSanitizer would look for the parent's threads in the child. */
static int l_close(lua_State *L) {
  int status = (int)luaL_checkinteger(L, 1);
  lua_close(L);
  fflush(NULL);
  _exit(status);
}

static int l_wait(lua_State *L) {
  int status = -1;
  if (waitpid((pid_t)luaL_checkinteger(L, 1), &status, 0) < 0)
    return 0;
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 1;
}

int luaopen_process(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, l_fork);
  lua_setfield(L, -2, "fork");
  lua_pushcfunction(L, l_exit);
  lua_setfield(L, -2, "exit");
  lua_pushcfunction(L, l_close);
  lua_setfield(L, -2, "close");
  lua_pushcfunction(L, l_wait);
  lua_setfield(L, -2, "wait");
  return 1;
}
]]

local function run(command)
  local pipe = assert(io.popen("env -u LD_PRELOAD " .. command .. " 2>&1; echo $?", "r"))
  local out = pipe:read("*a")
  pipe:close()
  local text, status = out:match("^(.-)%s*(%d+)%s*$")
  assert(status == "0", command .. ": " .. text)
  return text
end

local lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d%.%d")
local dir = run("mktemp -d")
local file = assert(io.open(dir .. "/process.c", "w"))
file:write(source)
file:close()
run(("cc -shared -fPIC -Wl,-z,nodelete -o %s/process.so %s/process.c $(pkg-config --cflags %s)")
  :format(dir, dir, lua))
local process = assert(package.loadlib(dir .. "/process.so", "luaopen_process"))()
run("rm -rf " .. dir)

---Runs fn in a child of fork and waits for it. The child says what it has to say as a string.
---@param fn fun(): string?
---@return string said, integer status
function process.child(fn)
  local path = os.tmpname()
  local pid = process.fork()
  if pid == 0 then
    local ok, said = pcall(fn)
    local out = io.open(path, "w")
    out:write(tostring(said))
    out:close()
    process.exit(ok and 0 or 1)
  end
  local status = process.wait(pid)
  local answer = assert(io.open(path))
  local said = answer:read("*a")
  answer:close()
  os.remove(path)
  return said, status
end

return process
