/* SPDX-License-Identifier: MIT */
/* Bytes in, bytes out: the cryptography and encodings that Lua code uses. */
#include "lcore.h"

#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "crypto.h"
#include "url.h"

#define KEY_BYTES 16u
#define KEYS      100u


static int l_hmac_sha256(lua_State *L) {
  size_t keylen, len;
  unsigned char out[PO_SHA256_SIZE];
  const char *key = luaL_checklstring(L, 1, &keylen);
  const char *data = luaL_checklstring(L, 2, &len);
  if (!po_hmac_sha256(key, keylen, data, len, out))
    return luaL_error(L, "libcrypto cannot make an HMAC-SHA256");
  lua_pushlstring(L, (const char *)out, sizeof(out));
  return 1;
}


static int l_base64(lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  /* scratch that the collector owns: nothing to free on an error */
  char *out = lua_newuserdatauv(L, PO_BASE64_SIZE(len), 0);
  lua_pushlstring(L, out, po_base64(out, s, len));
  return 1;
}


/* string | nil when the text is not base64 */
static int l_unbase64(lua_State *L) {
  size_t len, outlen;
  const char *s = luaL_checklstring(L, 1, &len);
  unsigned char *out = lua_newuserdatauv(L, len / 4 * 3 + 3, 0);
  if (po_unbase64(out, &outlen, s, len))
    lua_pushlstring(L, (const char *)out, outlen);
  else
    luaL_pushfail(L);
  return 1;
}


static int l_equals(lua_State *L) {
  size_t alen, blen;
  const char *a = luaL_checklstring(L, 1, &alen);
  const char *b = luaL_checklstring(L, 2, &blen);
  lua_pushboolean(L, alen == blen && po_equal(a, b, alen));
  return 1;
}


static void to_hex(char *out, const unsigned char *p, size_t n) {
  static const char digits[] = "0123456789abcdef";
  size_t i;
  for (i = 0; i < n; i++) {
    out[2 * i] = digits[p[i] >> 4];
    out[2 * i + 1] = digits[p[i] & 15];
  }
}


static int l_random(lua_State *L) {
  char out[256];
  lua_Integer n = luaL_checkinteger(L, 1);
  luaL_argcheck(L, n >= 0 && n <= (lua_Integer)sizeof(out), 1,
                "0 to 256 expected");
  if (!po_random(out, (size_t)n))
    return luaL_error(L, "libcrypto has no random bytes");
  lua_pushlstring(L, out, (size_t)n);
  return 1;
}


/*
** new_key() -> 32 hex digits of 128 random bits, from a store of random
** bytes that is filled a hundred at a time. A child of fork must not give
** its parent's keys once more, so the store knows its process.
*/
struct key_store {
  pid_t owner;
  size_t used;
  unsigned char bytes[KEY_BYTES * KEYS];
};


static int l_new_key(lua_State *L) {
  struct key_store *s = lua_touserdata(L, lua_upvalueindex(1));
  char out[KEY_BYTES * 2];
  pid_t pid = getpid();
  if (s->owner != pid || s->used == sizeof(s->bytes)) {
    s->owner = 0;
    if (!po_random(s->bytes, sizeof(s->bytes)))
      return luaL_error(L, "libcrypto has no random bytes");
    s->owner = pid;
    s->used = 0;
  }
  to_hex(out, s->bytes + s->used, KEY_BYTES);
  memset(s->bytes + s->used, 0, KEY_BYTES);
  s->used += KEY_BYTES;
  lua_pushlstring(L, out, sizeof(out));
  return 1;
}


static int l_hex(lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  char *out = lua_newuserdatauv(L, len * 2 + 1, 0);
  to_hex(out, (const unsigned char *)s, len);
  lua_pushlstring(L, out, len * 2);
  return 1;
}


static int l_escape(lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  char small[PO_ESCAPE_SIZE(128)];
  char *out = (len <= 128) ? small
                           : lua_newuserdatauv(L, PO_ESCAPE_SIZE(len), 0);
  lua_pushlstring(L, out, po_url_escape(out, s, len));
  return 1;
}


/*
** segment(text) -> text that fills one segment of a path and cannot leave
** it, or nil and what is wrong: servers take "." and ".." for steps, and
** read an empty segment as none, however they are encoded.
*/
static int l_segment(lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  const char *wrong = NULL;
  if (len == 0)
    wrong = "is empty, but stands in the path of the request";
  else if (s[0] == '.' && (len == 1 || (len == 2 && s[1] == '.')))
    wrong = "must not be '.' or '..': servers read it as a step in the path";
  else if (memchr(s, '\0', len) || memchr(s, '\r', len)
           || memchr(s, '\n', len))
    wrong = "holds a CR, LF or NUL";
  if (!wrong)
    return l_escape(L);
  luaL_pushfail(L);
  lua_pushstring(L, wrong);
  return 2;
}


/*
** without(t, names) -> a copy of the table but for the names, whether
** anything is in it. In C for its speed: each call makes one.
*/
static int l_without(lua_State *L) {
  int any = 0;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_createtable(L, 0, 8);
  lua_pushnil(L);
  while (lua_next(L, 1)) {  /* copy, key, value */
    lua_pushvalue(L, -2);
    lua_rawget(L, 2);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      lua_pushvalue(L, -2);
      lua_insert(L, -2);  /* copy, key, key, value */
      lua_rawset(L, 3);
      any = 1;
    }
    else
      lua_pop(L, 2);
  }
  lua_pushboolean(L, any);
  return 2;
}


static const luaL_Reg functions[] = {
  {"without", l_without},
  {"segment", l_segment},
  {"hmac_sha256", l_hmac_sha256},
  {"base64", l_base64},
  {"unbase64", l_unbase64},
  {"equals", l_equals},
  {"random", l_random},
  {"hex", l_hex},
  {"escape", l_escape},
  {NULL, NULL}
};


void po_open_crypto(lua_State *L) {
  struct key_store *s;
  luaL_setfuncs(L, functions, 0);
  s = lua_newuserdatauv(L, sizeof(*s), 0);
  s->owner = 0;  /* nobody's: filled on first use */
  lua_pushcclosure(L, l_new_key, 1);
  lua_setfield(L, -2, "new_key");
}
