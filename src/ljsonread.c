/* SPDX-License-Identifier: MIT */
/*
** Reading JSON that is not plain (see ljsonplain.c for what is), and what
** is none: see ljson.c for the marks.
**
** What differs between the generations of lua-cjson is put right in the
** text before it reads (empty arrays) or in the values after (integers,
** nulls); a value that shows that an integer was too large for the codec
** is read again from a text that says so (1e0 for 1).
*/
#include "ljson.h"

#include <math.h>
#include <string.h>

#include "jsontext.h"

#define TWO_TO_63 9223372036854775808.0

struct reading {
  lua_State *L;
  int filled;               /* [] stands in the text as ["<mark>"] */
  int saturated;            /* a number may be the codec's largest integer */
  const char *problem;
};


static void add_filled(lua_State *L, luaL_Buffer *b) {
  luaL_addstring(b, "[\"");
  luaL_addstring(b, lua_tostring(L, UP_MARK));
  luaL_addstring(b, "\"]");
}


/*
** Pushes the text with every [] outside of a string as ["<mark>"]. In a
** text without escaped quotes, what is inside of a string is what an odd
** number of quotes comes before.
*/
static void push_filled(lua_State *L, const char *p, const char *end) {
  const char *from = p, *counted = p, *close;
  int inside = 0;
  luaL_Buffer b;
  luaL_checkstack(L, LUA_MINSTACK, "JSON text");
  luaL_buffinit(L, &b);
  for (; (p = memchr(p, '[', (size_t)(end - p))) != NULL; p++) {
    close = po_json_empty_array(p, end);
    if (!close)
      continue;
    inside ^= po_json_odd_quotes(counted, p);
    counted = p;
    if (!inside) {
      luaL_addlstring(&b, from, (size_t)(p - from));
      add_filled(L, &b);
      p = close;
      from = counted = close + 1;
    }
  }
  luaL_addlstring(&b, from, (size_t)(end - from));
  luaL_pushresult(&b);
}


/*
** Does the same to any text, and puts an exponent after each integer that
** is too large for 64 bits.
*/
static void push_prepared(lua_State *L, const char *start, const char *end) {
  const char *p = start, *from = start, *close;
  int large;
  luaL_Buffer b;
  luaL_checkstack(L, LUA_MINSTACK, "JSON text");
  luaL_buffinit(L, &b);
  while (p < end) {
    if (*p == '"')
      p = po_json_skip_string(p, end);
    else if (*p == '[' && (close = po_json_empty_array(p, end)) != NULL) {
      luaL_addlstring(&b, from, (size_t)(p - from));
      add_filled(L, &b);
      p = from = close + 1;
    }
    else if (*p >= '0' && *p <= '9') {
      p = po_json_digits(start, p, end, &large);
      if (large) {
        luaL_addlstring(&b, from, (size_t)(p - from));
        luaL_addstring(&b, "e0");
        from = p;
      }
    }
    else
      p++;
  }
  luaL_addlstring(&b, from, (size_t)(p - from));
  luaL_pushresult(&b);
}


/* Is the table at 'idx' the stand-in of an empty array? Then empty it. */
static int unfill(lua_State *L, int idx) {
  int filled;
  lua_rawgeti(L, idx, 1);
  filled = lua_rawequal(L, -1, UP_MARK);
  lua_pop(L, 1);
  if (filled) {
    lua_pushnil(L);
    lua_rawseti(L, idx, 1);
    lua_pushvalue(L, UP_ARRAY);
    lua_setmetatable(L, idx);
  }
  return filled;
}


/*
** Looks at the number at 'idx'. Where Lua has integers, pushes it as one,
** or as the float it has to be, and returns 1; 0 when it is right as it
** is. From 2^53 on both codecs give the float: 2^53 is also what 2^53 + 1
** reads as, and only one of them could tell the two apart.
*/
static int push_number(struct reading *r, int idx) {
  lua_State *L = r->L;
  lua_Number x = lua_tonumber(L, idx);
  lua_Number size = fabs(x);
  if (size >= TWO_TO_63) {
    r->saturated |= size == TWO_TO_63;
    if (size > 1.7976931348623157e308)
      r->problem = "a number is beyond the range of numbers";
  }
#if LUA_VERSION_NUM >= 503
  if (lua_isinteger(L, idx)) {
    if (size < PO_MAX_EXACT)
      return 0;
    lua_pushnumber(L, x);
    return 1;
  }
  if (size < PO_MAX_EXACT && x == floor(x)) {
    lua_pushinteger(L, (lua_Integer)x);
    return 1;
  }
#endif
  return 0;
}


/* Integers, nulls and empty arrays of the decoded table at 'idx'. */
static void tidy(struct reading *r, int idx) {
  lua_State *L = r->L;
  int value;
  luaL_checkstack(L, 8, "JSON value");
  if (r->filled && unfill(L, idx))
    return;
  lua_pushnil(L);
  value = lua_gettop(L) + 1;
  while (lua_next(L, idx)) {  /* key, value */
    switch (lua_type(L, value)) {
      case LUA_TTABLE:
        tidy(r, value);
        break;
      case LUA_TNUMBER:
        if (push_number(r, value)) {
          lua_pushvalue(L, value - 1);
          lua_insert(L, -2);
          lua_rawset(L, idx);  /* an existing key: the walk may go on */
        }
        break;
      case LUA_TLIGHTUSERDATA:  /* null: absent, but a list keeps places */
        if (lua_type(L, value - 1) == LUA_TSTRING) {
          lua_pushvalue(L, value - 1);
          lua_pushnil(L);
          lua_rawset(L, idx);
        }
        break;
      default:
        break;
    }
    lua_settop(L, value - 1);
  }
}


/* Pushes the value of the text on the stack top, or a problem: 0. */
static int read_text(struct reading *r) {
  lua_State *L = r->L;
  po_json_mind_locale(L);
  lua_pushvalue(L, UP_CODEC);
  lua_insert(L, -2);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK)
    return 0;
  if (lua_istable(L, -1))
    tidy(r, lua_gettop(L));
  else if (lua_type(L, -1) == LUA_TNUMBER && push_number(r, lua_gettop(L)))
    lua_remove(L, -2);
  if (r->problem) {
    lua_pop(L, 1);
    lua_pushstring(L, r->problem);
  }
  return r->problem == NULL;
}


int po_json_decode(lua_State *L) {
  struct reading r;
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  int ok;
  if (memchr(s, '\0', len)) {  /* the codec would take it for the end */
    luaL_pushfail(L);
    lua_pushliteral(L, "a NUL in the text");
    return 2;
  }
  if (po_json_plain(L, s, len))
    return 1;
  memset(&r, 0, sizeof(r));
  r.L = L;
  r.filled = po_json_may_be_empty(s, s + len);
  lua_settop(L, 1);
  if (r.filled)
    po_json_need_mark(L);
  if (!r.filled)
    lua_pushvalue(L, 1);
  else if (po_json_has_escaped_quotes(s, s + len))
    push_prepared(L, s, s + len);
  else
    push_filled(L, s, s + len);
  ok = read_text(&r);
  if (r.saturated) {  /* once more, from a prepared text */
    r.filled = 1;
    r.problem = NULL;
    po_json_need_mark(L);
    lua_settop(L, 1);
    push_prepared(L, s, s + len);
    ok = read_text(&r);
  }
  if (ok)
    return 1;
  luaL_pushfail(L);
  lua_insert(L, -2);
  return 2;
}
