/* SPDX-License-Identifier: MIT */
/*
** Names of the Lua 5.4 C API that older versions lack. The binding is
** written to what 5.1 (and LuaJIT), 5.3 and 5.4 have in common: for
** instance lua_getfield is never used for its result.
*/
#ifndef po_compat_h
#define po_compat_h

#include <lua.h>
#include <lauxlib.h>

#if LUA_VERSION_NUM == 501

#define lua_rawlen                 lua_objlen
#define lua_newuserdatauv(L, n, u) lua_newuserdata((L), (n))
#define luaL_pushfail              lua_pushnil

/* LuaJIT has these in its 5.1 API, plain 5.1 does not. */
#if !defined(LUA_OK)
#define LUA_OK 0
#endif
#if !defined(luaL_newlib)
#define luaL_newlib(L, l) (lua_newtable(L), luaL_register((L), NULL, (l)))
#define luaL_setfuncs(L, l, n) luaL_register((L), NULL, (l))
#define luaL_setmetatable(L, name) \
  (luaL_getmetatable((L), (name)), lua_setmetatable((L), -2))
#endif

#elif LUA_VERSION_NUM < 504

#define lua_newuserdatauv(L, n, u) lua_newuserdata((L), (n))
#define luaL_pushfail              lua_pushnil

#endif

/* The one symbol a module shows. */
#define PO_EXPORT __attribute__((visibility("default")))

#endif
