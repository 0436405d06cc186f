/* SPDX-License-Identifier: MIT */
/* The C module 'portone.core': its parts put together, and the clocks. */
#include "lcore.h"

#include <errno.h>
#include <time.h>

#include <curl/curl.h>

PO_EXPORT int luaopen_portone_core(lua_State *L);


static int push_clock(lua_State *L, clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9);
  return 1;
}


static int l_now(lua_State *L) {
  return push_clock(L, CLOCK_REALTIME);
}


static int l_monotonic(lua_State *L) {
  return push_clock(L, CLOCK_MONOTONIC);
}


static int l_sleep(lua_State *L) {
  lua_Number s = luaL_checknumber(L, 1);
  struct timespec t;
  luaL_argcheck(L, s >= 0 && s < 1e9, 1, "seconds expected");
  t.tv_sec = (time_t)s;
  t.tv_nsec = (long)((s - (lua_Number)t.tv_sec) * 1e9);
  while (nanosleep(&t, &t) == -1 && errno == EINTR)
    continue;
  return 0;
}


static const luaL_Reg functions[] = {
  {"now", l_now},
  {"monotonic", l_monotonic},
  {"sleep", l_sleep},
  {NULL, NULL}
};


int luaopen_portone_core(lua_State *L) {
  luaL_newlib(L, functions);
  po_open_client(L);
  po_open_crypto(L);
  po_open_engine(L);
  po_open_json(L);
  po_open_plain(L);
  po_open_webhook(L);
  /* not curl_version(), which starts up LDAP to name its version */
  lua_pushfstring(L, "libcurl/%s",
                  curl_version_info(CURLVERSION_NOW)->version);
  lua_setfield(L, -2, "curl_version");
  lua_pushstring(L, curl_version_info(CURLVERSION_NOW)->ssl_version);
  lua_setfield(L, -2, "tls_version");  /* nil without TLS */
  return 1;
}
