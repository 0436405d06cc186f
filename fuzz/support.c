/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lualib.h>

int luaopen_portone_core(lua_State *L);


void po_fuzz_fail(const char *file, int line, const char *what) {
  fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
  abort();
}


unsigned int po_take(struct po_bytes *b) {
  if (b->left == 0)
    return 0;
  b->left--;
  return *b->at++;
}


char *po_string(const uint8_t *data, size_t n) {
  char *s = malloc(n + 1);
  CHECK(s);
  if (n > 0)
    memcpy(s, data, n);
  s[n] = '\0';
  return s;
}


static lua_State *state;
static unsigned int calls;


static void open_state(const char *text) {
  state = luaL_newstate();
  CHECK(state);
  luaL_openlibs(state);
  lua_pushcfunction(state, luaopen_portone_core);
  po_fuzz_call(state, 0);
  lua_setglobal(state, "core");
  if (luaL_loadstring(state, text) != LUA_OK)
    po_fuzz_fail("chunk", 0, lua_tostring(state, -1));
  po_fuzz_call(state, 0);
  lua_setfield(state, LUA_REGISTRYINDEX, "fuzz");
}


lua_State *po_fuzz_state(const char *text) {
  if (!state)
    open_state(text);
  lua_settop(state, 0);
  if (++calls % 256 == 0)
    lua_gc(state, LUA_GCCOLLECT, 0);
  lua_getfield(state, LUA_REGISTRYINDEX, "fuzz");
  return state;
}


void po_fuzz_call(lua_State *L, int arguments) {
  if (lua_pcall(L, arguments, 1, 0) != LUA_OK)
    po_fuzz_fail("Lua", 0, lua_tostring(L, -1));
}
