/* SPDX-License-Identifier: MIT */
/*
** Webhooks as Lua sees them: a set of keys, the check of a message in one
** call, and the signature of one.
*/
#include "lcore.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "webhook.h"

#define PO_WEBHOOK_KEYS "portone.webhook_keys"

#define NHEADERS   3
#define MAX_DIGITS 12  /* of a time: beyond the year 30000 */

struct keys {
  size_t n;
  struct po_webhook_key key[1];  /* n of them */
};

/* In the order in which they are signed. */
static const struct po_piece names[NHEADERS] = {
  {"webhook-id", 10},
  {"webhook-timestamp", 17},
  {"webhook-signature", 17}
};

enum { ID, TIMESTAMP, SIGNATURE };


/* webhook_keys(bytes, ...) -> keys */
static int l_keys(lua_State *L) {
  int i, n = lua_gettop(L);
  struct keys *keys;
  luaL_checkstring(L, 1);
  keys = lua_newuserdatauv(L, sizeof(*keys) + (size_t)n * sizeof(keys->key[0]),
                           0);
  keys->n = (size_t)n;
  for (i = 0; i < n; i++) {
    size_t len;
    const char *secret = luaL_checklstring(L, i + 1, &len);
    po_webhook_key_init(&keys->key[i], secret, len);
  }
  luaL_setmetatable(L, PO_WEBHOOK_KEYS);
  return 1;
}


/* Which of our headers is this name, in any letter case? -1: none. */
static int header_of(const char *s, size_t len) {
  int i;
  for (i = 0; i < NHEADERS; i++)
    if (len == names[i].len && strncasecmp(s, names[i].s, len) == 0)
      return i;
  return -1;
}


/*
** The value at the stack top, or the single item of a list, as the value
** of header 'which' in slot 'first' + which. 0 when there are two.
*/
static int take(lua_State *L, int first, int which) {
  if (lua_type(L, -1) == LUA_TTABLE) {
    if (lua_rawlen(L, -1) > 1)
      return 0;
    lua_rawgeti(L, -1, 1);
    lua_replace(L, -2);
  }
  if (lua_isnil(L, -1))
    return 1;
  if (!lua_isnil(L, first + which))
    return 0;
  lua_pushvalue(L, -1);
  lua_replace(L, first + which);
  return 1;
}


static int header_fault(lua_State *L, const char *fault, int which) {
  luaL_pushfail(L);
  lua_pushstring(L, fault);
  lua_pushstring(L, names[which].s);
  return 3;
}


/*
** Puts the values of our headers from the table at 'idx' into the three
** nil slots from 'first' on. One walk over the table, because it may hold
** a name twice in different letter cases. 0 when done, otherwise the
** number of results of a fault.
*/
static int read_headers(lua_State *L, int idx, int first) {
  int i;
  lua_pushnil(L);
  while (lua_next(L, idx)) {  /* key, value */
    size_t len = 0;
    /* a number must not be made a string under lua_next's hands */
    const char *s = lua_type(L, -2) == LUA_TSTRING
                    ? lua_tolstring(L, -2, &len) : NULL;
    int which = s ? header_of(s, len) : -1;
    if (which >= 0 && !take(L, first, which))
      return header_fault(L, "duplicate", which);
    lua_pop(L, 1);
  }
  for (i = 0; i < NHEADERS; i++)
    if (lua_type(L, first + i) != LUA_TSTRING || lua_rawlen(L, first + i) == 0)
      return header_fault(L, "missing", i);
  return 0;
}


/* Digits only, and not too many; -1 otherwise. */
static lua_Number read_time(const struct po_piece *text) {
  lua_Number t = 0;
  size_t i;
  if (text->len > MAX_DIGITS)
    return -1;
  for (i = 0; i < text->len; i++) {
    if (text->s[i] < '0' || text->s[i] > '9')
      return -1;
    t = t * 10 + (text->s[i] - '0');
  }
  return t;
}


/* The position of the key that signed, 0 for none. */
static int find_signer(const struct keys *keys, const struct po_piece *header,
                       const struct po_piece *body) {
  struct po_piece signed_content[3];
  size_t i;
  signed_content[0] = header[ID];
  signed_content[1] = header[TIMESTAMP];
  signed_content[2] = *body;
  for (i = 0; i < keys->n; i++) {
    unsigned char mac[PO_SHA256_SIZE];
    po_webhook_mac(&keys->key[i], signed_content, 3, mac);
    if (po_webhook_listed(mac, header[SIGNATURE].s, header[SIGNATURE].len))
      return (int)i + 1;
  }
  return 0;
}


static int fault(lua_State *L, const char *name) {
  luaL_pushfail(L);
  lua_pushstring(L, name);
  return 2;
}


/* Is the value at 'idx' a string of 1 to 'max' bytes? */
static int is_body(lua_State *L, int idx, lua_Number max) {
  return lua_type(L, idx) == LUA_TSTRING && lua_rawlen(L, idx) > 0
         && (lua_Number)lua_rawlen(L, idx) <= max;
}


/*
** webhook_check(keys, headers, body, now, tolerance, max)
**   -> id, seconds, position of the key that signed
**   -> nil, "body"                    no string of 1 to 'max' bytes
**   -> nil, "headers"                 no table of names and values
**   -> nil, "missing"|"duplicate", header
**   -> nil, "timestamp"
**   -> nil, "age", seconds            beyond the tolerance, either way
**   -> nil, "signature", id, timestamp, signature
** In Lua the same looks at types alone would take as long as the hash.
*/
static int l_check(lua_State *L) {
  const struct keys *keys = luaL_checkudata(L, 1, PO_WEBHOOK_KEYS);
  lua_Number now = floor(luaL_checknumber(L, 4));
  lua_Number tolerance = luaL_checknumber(L, 5);
  struct po_piece body, header[NHEADERS];
  lua_Number sent;
  int i, signer, results;
  if (!is_body(L, 3, luaL_checknumber(L, 6)))
    return fault(L, "body");
  if (lua_type(L, 2) != LUA_TTABLE)
    return fault(L, "headers");
  lua_settop(L, 6 + NHEADERS);
  results = read_headers(L, 2, 7);
  if (results)
    return results;
  for (i = 0; i < NHEADERS; i++)
    header[i].s = lua_tolstring(L, 7 + i, &header[i].len);
  body.s = lua_tolstring(L, 3, &body.len);
  sent = read_time(&header[TIMESTAMP]);
  if (sent < 0)
    return fault(L, "timestamp");
  if (fabs(now - sent) > tolerance) {
    fault(L, "age");
    lua_pushnumber(L, now - sent);
    return 3;
  }
  signer = find_signer(keys, header, &body);
  if (signer == 0) {
    fault(L, "signature");
    for (i = 0; i < NHEADERS; i++)
      lua_pushvalue(L, 7 + i);
    return 2 + NHEADERS;
  }
  lua_pushvalue(L, 7 + ID);
  lua_pushinteger(L, (lua_Integer)sent);
  lua_pushinteger(L, signer);
  return 3;
}


/*
** webhook_fits(data, required) -> boolean
** 'required' is a list of field names; one that begins with '#' names a
** number, the others texts that are not empty.
*/
static int l_fits(lua_State *L) {
  size_t i, n;
  int ok = lua_type(L, 1) == LUA_TTABLE;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  n = lua_rawlen(L, 2);
  for (i = 1; ok && i <= n; i++) {
    const char *name;
    int number;
    lua_rawgeti(L, 2, (int)i);
    name = luaL_checkstring(L, 3);
    number = name[0] == '#';
    if (number)
      lua_pushstring(L, name + 1);
    else
      lua_pushvalue(L, 3);
    lua_rawget(L, 1);  /* name, value */
    ok = number ? lua_type(L, 4) == LUA_TNUMBER
                : lua_type(L, 4) == LUA_TSTRING && lua_rawlen(L, 4) > 0;
    lua_settop(L, 2);
  }
  lua_pushboolean(L, ok);
  return 1;
}


/* webhook_sign(keys, id, timestamp, body) -> "v1,… v1,…", one of each key */
static int l_sign(lua_State *L) {
  const struct keys *keys = luaL_checkudata(L, 1, PO_WEBHOOK_KEYS);
  struct po_piece pieces[3];
  luaL_Buffer b;
  size_t i;
  for (i = 0; i < 3; i++)
    pieces[i].s = luaL_checklstring(L, (int)i + 2, &pieces[i].len);
  luaL_buffinit(L, &b);
  for (i = 0; i < keys->n; i++) {
    unsigned char mac[PO_SHA256_SIZE];
    char text[PO_BASE64_SIZE(PO_SHA256_SIZE)];
    size_t len;
    po_webhook_mac(&keys->key[i], pieces, 3, mac);
    len = po_base64(text, mac, sizeof(mac));
    luaL_addstring(&b, i ? " v1," : "v1,");
    luaL_addlstring(&b, text, len);
  }
  luaL_pushresult(&b);
  return 1;
}


static const luaL_Reg functions[] = {
  {"webhook_check", l_check},
  {"webhook_fits", l_fits},
  {"webhook_keys", l_keys},
  {"webhook_sign", l_sign},
  {NULL, NULL}
};


void po_open_webhook(lua_State *L) {
  luaL_newmetatable(L, PO_WEBHOOK_KEYS);
  lua_pushliteral(L, PO_WEBHOOK_KEYS);
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
