/* SPDX-License-Identifier: MIT */
/*
** luaopen_portone, for a program that links Lua and portone statically:
** registers all modules of portone in package.preload, from memory, and
** loads the first. Nothing is looked for beside the program, nothing is
** opened dynamically. lua-cjson is registered too if it is linked in
** (-Wl,-u,luaopen_cjson makes the linker take it from an archive);
** otherwise the host has registered it, or 'require' finds it.
*/
#include "compat.h"

#include <string.h>

#include "embedded.h"

/* In libportone.a the module's own name for itself is not hidden. */
PO_EXPORT int luaopen_portone(lua_State *L);
int luaopen_portone_core(lua_State *L);

PO_EXPORT extern int luaopen_cjson(lua_State *L) __attribute__((weak));


/* The loader of one file: upvalue 1 is its place in the table. */
static int load_embedded(lua_State *L) {
  const struct po_embedded *e =
    &po_embedded[lua_tointeger(L, lua_upvalueindex(1))];
  int n = lua_gettop(L);
  if (luaL_loadbuffer(L, e->text, e->size, e->chunk) != 0)
    return lua_error(L);
  lua_insert(L, 1);
  lua_call(L, n, 1);
  return 1;
}


/* preload[name] = fn, unless there is one; both on the stack top. */
static void set_if_absent(lua_State *L, int preload, const char *name) {
  lua_getfield(L, preload, name);
  if (lua_isnil(L, -1)) {
    lua_pushvalue(L, -2);
    lua_setfield(L, preload, name);
  }
  lua_pop(L, 2);
}


static void push_field(lua_State *L, const char *name) {
  lua_getglobal(L, "package");
  if (!lua_istable(L, -1))
    luaL_error(L, "portone needs the library 'package' to be open");
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}


/* Pushes the function that loads module number i. */
static void push_loader(lua_State *L, int i) {
  lua_pushinteger(L, i);
  lua_pushcclosure(L, load_embedded, 1);
}


/* The number of the module 'portone' itself. */
static int register_all(lua_State *L) {
  int i, preload, self = 0;
  push_field(L, "preload");
  preload = lua_gettop(L);
  for (i = 0; po_embedded[i].module; i++) {
    if (strcmp(po_embedded[i].module, "portone") == 0)
      self = i;
    push_loader(L, i);
    set_if_absent(L, preload, po_embedded[i].module);
  }
  lua_pushcfunction(L, luaopen_portone_core);
  set_if_absent(L, preload, "portone.core");
  if (luaopen_cjson) {
    lua_pushcfunction(L, luaopen_cjson);
    set_if_absent(L, preload, "cjson");
  }
  lua_pop(L, 1);
  return self;
}


/*
** Called as 'require' would, by luaL_requiref, or on its own: there is one
** module in a state, and 'require' gives it too.
*/
int luaopen_portone(lua_State *L) {
  int self = register_all(L);
  push_field(L, "loaded");
  lua_getfield(L, -1, "portone");
  if (!lua_istable(L, -1)) {  /* in Lua 5.1 a mark, while it is loaded */
    lua_pop(L, 1);
    push_loader(L, self);
    lua_pushliteral(L, "portone");
    lua_call(L, 1, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "portone");
  }
  return 1;
}
