/* SPDX-License-Identifier: MIT */
/* Bytes in, bytes out: the cryptography and encodings that Lua code uses. */
#include "lcore.h"

#include "crypto.h"
#include "url.h"


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


static int l_hex(lua_State *L) {
  static const char digits[] = "0123456789abcdef";
  size_t len, i;
  const char *s = luaL_checklstring(L, 1, &len);
  char *out = lua_newuserdatauv(L, len * 2 + 1, 0);
  for (i = 0; i < len; i++) {
    out[2 * i] = digits[(unsigned char)s[i] >> 4];
    out[2 * i + 1] = digits[(unsigned char)s[i] & 15];
  }
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


static const luaL_Reg functions[] = {
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
  luaL_setfuncs(L, functions, 0);
}
