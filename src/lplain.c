/* SPDX-License-Identifier: MIT */
/*
** The plain call. Most calls hand over strings, whole numbers, booleans,
** and lists and objects of them, and are right: one walk sees that they
** are, and sorts the fields on its way. Whatever else there is, or looks
** wrong, is not plain: portone/check says what is wrong with it and
** portone/build writes it out. So nothing here has to explain itself, and
** every doubt is a no.
**
** What is right is known from a plan, made of an operation's row by
** portone/plain.lua:
**
**   plan[name]   a rule, packed into a number; nil: not plain
**   plan[1]      how many fields are required
**   plan[2]      of those marked as a choice are required: 0 none, 1 one,
**                2 one or more
**   plan[3]      of an operation: its path, { before, name, …, after }
**   plan[4]      of an operation: what its body is, see BODY_* and STORE_*
**   plan[5…]     what rules refer to: a plan, the set of an enum, or a
**                function that makes one, which is called when it is met
**   plan[0]      of an array: the rule of its items
*/
#include "lplain.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "jsontext.h"
#include "url.h"

#define MAX_NESTING 16
#define MAX_PATH    512
#define MAX_WHOLE   2147483647.0  /* in every Lua, exact in every codec */

#define PLAN_REQUIRED 1
#define PLAN_CHOICES  2
#define PLAN_PATH     3
#define PLAN_BODY     4

/* plan[4]: a body even of no fields; where a default store goes */
#define BODY_ALWAYS   1
#define STORE_BODY    2
#define STORE_DEEPER  4

enum kind {
  KIND_STRING = 1, KIND_NUMBER, KIND_NATURAL, KIND_BOOLEAN, KIND_ENUM,
  KIND_OBJECT, KIND_ARRAY
};

/* The fields of a rule, from the lowest bit on. */
#define RULE_KIND(r)     ((enum kind)((r) & 7))
#define RULE_PATH(r)     ((int)((r) >> 3 & 1))     /* not of the body */
#define RULE_REQUIRED(r) ((lua_Integer)((r) >> 4 & 1))
#define RULE_CHOICE(r)   ((lua_Integer)((r) >> 5 & 1))
#define RULE_MIN(r)      ((r) >> 6 & 0xfff)
#define RULE_MAX(r)      ((r) >> 18 & 0xfffff)     /* 0: none */
#define RULE_REF(r)      ((int)((r) >> 38 & 0x3ff))

/*
** What a look at a value comes to. UNMADE: the plan and the index of
** something that is not made yet are on the stack top.
*/
enum look { NOT_PLAIN, PLAIN, UNMADE };

static enum look look_at(lua_State *L, int idx, uint64_t rule, int plan,
                         int depth);


static int has_metatable(lua_State *L, int idx) {
  if (!lua_getmetatable(L, idx))
    return 0;
  lua_pop(L, 1);
  return 1;
}


static enum look look_at_string(lua_State *L, int idx, uint64_t rule) {
  size_t i, len, n;
  const char *s = lua_tolstring(L, idx, &len);
  if (!po_is_utf8(s, len))
    return NOT_PLAIN;
  n = len;
  if (len < 4 * RULE_MIN(rule) || (RULE_MAX(rule) && len > RULE_MAX(rule)))
    for (i = 0; i < len; i++)  /* characters, not bytes */
      n -= ((unsigned char)s[i] & 0xc0) == 0x80;
  return n >= RULE_MIN(rule) && (!RULE_MAX(rule) || n <= RULE_MAX(rule))
         ? PLAIN : NOT_PLAIN;
}


static enum look look_at_number(lua_State *L, int idx, uint64_t rule) {
  double x = (double)lua_tonumber(L, idx);
  if (!(fabs(x) <= MAX_WHOLE) || x != floor(x))
    return NOT_PLAIN;
  return (RULE_KIND(rule) == KIND_NUMBER || x >= (double)RULE_MIN(rule))
         && (!RULE_MAX(rule) || x <= (double)RULE_MAX(rule))
         ? PLAIN : NOT_PLAIN;
}


/* Pushes what a rule refers to, when it is there. */
static enum look push_ref(lua_State *L, uint64_t rule, int plan) {
  lua_rawgeti(L, plan, RULE_REF(rule));
  if (lua_istable(L, -1))
    return PLAIN;
  if (!lua_isfunction(L, -1))
    return NOT_PLAIN;
  lua_pushvalue(L, plan);
  lua_pushinteger(L, RULE_REF(rule));
  return UNMADE;
}


static enum look look_at_enum(lua_State *L, int idx, uint64_t rule,
                              int plan) {
  enum look look = push_ref(L, rule, plan);
  if (look != PLAIN)
    return look;
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
  look = lua_toboolean(L, -1) ? PLAIN : NOT_PLAIN;
  lua_pop(L, 2);
  return look;
}


/*
** The fields of the table at 'idx' by the plan at 'plan'; those of the
** body are also put into the table at 'body', unless that is 0.
*/
static enum look look_at_fields(lua_State *L, int idx, int plan, int depth,
                                int body) {
  lua_Integer required = 0, choices = 0, wanted;
  int value;
  lua_pushnil(L);
  value = lua_gettop(L) + 1;
  while (lua_next(L, idx)) {  /* key, value */
    uint64_t rule;
    enum look look;
    if (lua_type(L, value - 1) != LUA_TSTRING)
      return NOT_PLAIN;
    lua_pushvalue(L, value - 1);
    lua_rawget(L, plan);
    rule = (uint64_t)lua_tonumber(L, -1);  /* nil: 0, no kind at all */
    lua_pop(L, 1);
    look = look_at(L, value, rule, plan, depth);
    if (look != PLAIN)
      return look;
    required += RULE_REQUIRED(rule);
    choices += RULE_CHOICE(rule);
    if (body && !RULE_PATH(rule)) {
      lua_pushvalue(L, value - 1);
      lua_insert(L, value);  /* key, key, value */
      lua_rawset(L, body);
    }
    else
      lua_pop(L, 1);
  }
  lua_rawgeti(L, plan, PLAN_REQUIRED);
  lua_rawgeti(L, plan, PLAN_CHOICES);
  wanted = lua_tointeger(L, -1);
  required -= lua_tointeger(L, -2);
  lua_pop(L, 2);
  return required == 0 && (choices == wanted || (wanted == 2 && choices))
         ? PLAIN : NOT_PLAIN;
}


static int is_empty(lua_State *L, int idx) {
  lua_pushnil(L);
  if (!lua_next(L, idx))
    return 1;
  lua_pop(L, 2);
  return 0;
}


/* An object; an empty table may be a list as well, and is not plain. */
static enum look look_at_object(lua_State *L, int idx, uint64_t rule,
                                int plan, int depth) {
  enum look look;
  if (has_metatable(L, idx) || is_empty(L, idx))
    return NOT_PLAIN;
  look = push_ref(L, rule, plan);
  if (look == PLAIN) {
    look = look_at_fields(L, idx, lua_gettop(L), depth, 0);
    if (look == PLAIN)
      lua_pop(L, 1);
  }
  return look;
}


static enum look look_at_array(lua_State *L, int idx, uint64_t rule,
                               int plan, int depth) {
  size_t n = lua_rawlen(L, idx), seen = 0;
  enum look look;
  uint64_t item;
  int value;
  if (n == 0 || n < RULE_MIN(rule) || (RULE_MAX(rule) && n > RULE_MAX(rule))
      || has_metatable(L, idx))
    return NOT_PLAIN;
  look = push_ref(L, rule, plan);
  if (look != PLAIN)
    return look;
  plan = lua_gettop(L);
  lua_rawgeti(L, plan, 0);
  item = (uint64_t)lua_tonumber(L, -1);
  lua_pop(L, 1);
  lua_pushnil(L);
  value = plan + 2;
  while (lua_next(L, idx)) {  /* key, value */
    lua_Number k = lua_type(L, value - 1) == LUA_TNUMBER
                   ? lua_tonumber(L, value - 1) : 0;
    if (!(k >= 1 && k <= (lua_Number)n && k == floor(k)))
      return NOT_PLAIN;
    look = look_at(L, value, item, plan, depth);
    if (look != PLAIN)
      return look;
    seen++;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return seen == n ? PLAIN : NOT_PLAIN;
}


static enum look look_at(lua_State *L, int idx, uint64_t rule, int plan,
                         int depth) {
  static const int types[8] = {
    LUA_TNONE, LUA_TSTRING, LUA_TNUMBER, LUA_TNUMBER, LUA_TBOOLEAN,
    LUA_TSTRING, LUA_TTABLE, LUA_TTABLE
  };
  if (lua_type(L, idx) != types[RULE_KIND(rule)] || depth > MAX_NESTING)
    return NOT_PLAIN;
  switch (RULE_KIND(rule)) {
    case KIND_STRING:
      return look_at_string(L, idx, rule);
    case KIND_NUMBER: case KIND_NATURAL:
      return look_at_number(L, idx, rule);
    case KIND_BOOLEAN:
      return PLAIN;
    case KIND_ENUM:
      return look_at_enum(L, idx, rule, plan);
    case KIND_OBJECT:
      luaL_checkstack(L, LUA_MINSTACK, "arguments");
      return look_at_object(L, idx, rule, plan, depth + 1);
    case KIND_ARRAY:
      luaL_checkstack(L, LUA_MINSTACK, "arguments");
      return look_at_array(L, idx, rule, plan, depth + 1);
    default:
      return NOT_PLAIN;
  }
}


/* {====== The request ====== */

/* Text that may not grow beyond its place. */
struct line {
  char text[MAX_PATH];
  size_t len;
};


static int add(struct line *l, const char *s, size_t len) {
  if (len >= sizeof(l->text) - l->len)
    return 0;
  memcpy(l->text + l->len, s, len);
  l->len += len;
  return 1;
}


/* What build.lua would refuse is not plain, nor is what has no room. */
static int add_segment(struct line *l, const char *s, size_t len) {
  size_t i;
  for (i = 0; i < len; i++)
    if ((unsigned char)s[i] < ' ')
      return 0;
  if (len == 0 || strcmp(s, ".") == 0 || strcmp(s, "..") == 0
      || PO_ESCAPE_SIZE(len) > sizeof(l->text) - l->len)
    return 0;
  l->len += po_url_escape(l->text + l->len, s, len);
  return 1;
}


/* { before, name, before, name, …, after } with the arguments' values */
static int make_path(lua_State *L, int pieces, int args, struct line *l) {
  int i, ok = 1, n = (int)lua_rawlen(L, pieces);
  l->len = 0;
  for (i = 1; ok && i <= n; i++) {
    size_t len;
    const char *s;
    lua_rawgeti(L, pieces, i);
    if (i % 2 == 0)
      lua_rawget(L, args);
    s = lua_tolstring(L, -1, &len);
    ok = s && (i % 2 ? add(l, s, len) : add_segment(l, s, len));
    lua_pop(L, 1);
  }
  return ok;
}


/* body.storeId, unless the caller gave one */
static void fill_store(lua_State *L, int body, int store) {
  lua_pushliteral(L, "storeId");
  lua_pushvalue(L, -1);
  lua_rawget(L, body);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushvalue(L, store);
    lua_rawset(L, body);
  }
  else
    lua_pop(L, 2);
}


/*
** plain(plan, args, store|nil) -> path, body (nil: none)
**                               | nil when it is not plain
**                               | nil, a plan, the index in it of what is
**                                 to be made before another try
*/
int po_plain(lua_State *L) {
  enum { PLAN = 1, ARGS, STORE, PIECES, BODY };
  struct line path;
  lua_Integer kind;
  enum look look;
  luaL_checktype(L, PLAN, LUA_TTABLE);
  luaL_checktype(L, ARGS, LUA_TTABLE);
  lua_settop(L, STORE);
  lua_rawgeti(L, PLAN, PLAN_BODY);
  kind = lua_tointeger(L, -1);
  lua_pop(L, 1);
  if (has_metatable(L, ARGS)
      || ((kind & STORE_DEEPER) && !lua_isnil(L, STORE)))
    return 0;
  lua_rawgeti(L, PLAN, PLAN_PATH);
  lua_createtable(L, 0, 8);
  look = look_at_fields(L, ARGS, PLAN, 0, BODY);
  if (look == UNMADE) {
    lua_pushnil(L);
    lua_insert(L, -3);
    return 3;
  }
  if (look != PLAIN || !make_path(L, PIECES, ARGS, &path))
    return 0;
  lua_pushlstring(L, path.text, path.len);
  if ((kind & STORE_BODY) && !lua_isnil(L, STORE))
    fill_store(L, BODY, STORE);
  if (!(kind & BODY_ALWAYS) && is_empty(L, BODY))
    return 1;
  lua_pushvalue(L, lua_upvalueindex(1));  /* the codec's encode */
  lua_pushvalue(L, BODY);
  lua_call(L, 1, 1);
  return 2;
}

/* }========================= */
