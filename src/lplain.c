/* SPDX-License-Identifier: MIT */
/*
** The plain call. Most calls hand over strings, whole numbers, booleans,
** and lists and objects of them, and are right: one walk sees that they
** are, and writes the body's JSON on its way. Whatever else there is, or
** looks wrong, is not plain: portone/check says what is wrong with it and
** portone/build writes it out. So nothing here has to explain itself, and
** every doubt is a no. What is written is always valid JSON, and exact:
** UTF-8, names from the API's tables, whole numbers below 2^31.
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
#include "lcore.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "buffer.h"
#include "jsontext.h"
#include "url.h"

#define MAX_NESTING 16
#define MAX_URL     1024
#define MAX_BODY    4096
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

/* Text in a place that does not grow. */
struct text {
  char *data;
  size_t len, size;
};


static int add(struct text *t, const char *s, size_t len) {
  if (len >= t->size - t->len)
    return 0;
  memcpy(t->data + t->len, s, len);
  t->len += len;
  return 1;
}


static int add_char(struct text *t, char c) {
  if (t->len >= t->size)
    return 0;
  t->data[t->len++] = c;
  return 1;
}


/* Is one of eight bytes a quote, a backslash or a control character? */
static int has_special(const char *s) {
  const uint64_t ones = UINT64_C(0x0101010101010101), high = ones * 0x80;
  uint64_t x, quote, slash;
  memcpy(&x, s, sizeof(x));
  quote = x ^ ones * '"';
  slash = x ^ ones * '\\';
  return (((x - ones * ' ') & ~x) | ((quote - ones) & ~quote)
          | ((slash - ones) & ~slash)) & high ? 1 : 0;
}


/* A JSON string of what is UTF-8. */
static int add_string(struct text *t, const char *s, size_t len) {
  static const char hex[] = "0123456789abcdef";
  char *o = t->data + t->len;
  size_t i, room = t->size - t->len;
  if (room < 2 || len > (room - 2) / 6)
    return 0;  /* each byte may become \u00xx, and there are the quotes */
  *o++ = '"';
  for (i = 0; len - i >= 8 && !has_special(s + i); i += 8, o += 8)
    memcpy(o, s + i, 8);
  for (; i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c == '"' || c == '\\')
      *o++ = '\\';
    if (c >= ' ')
      *o++ = (char)c;
    else {
      memcpy(o, "\\u00", 4);
      o[4] = hex[c >> 4];
      o[5] = hex[c & 15];
      o += 6;
    }
  }
  *o++ = '"';
  t->len = (size_t)(o - t->data);
  return 1;
}


/* A whole number below 2^31; printf would take a hundred times as long. */
static int add_whole(struct text *t, double x) {
  char digits[16];
  char *p = digits + sizeof(digits);
  uint32_t n = (uint32_t)fabs(x);
  do
    *--p = (char)('0' + n % 10);
  while (n /= 10);
  if (x < 0)
    *--p = '-';
  return add(t, p, (size_t)(digits + sizeof(digits) - p));
}


struct walk {
  lua_State *L;
  struct text *out;         /* what is plain is written here */
  int depth;
};

static enum look look_at(struct walk *w, int idx, uint64_t rule, int plan);


static int has_metatable(lua_State *L, int idx) {
  if (!lua_getmetatable(L, idx))
    return 0;
  lua_pop(L, 1);
  return 1;
}


static size_t characters(const char *s, size_t len) {
  size_t i, n = len;
  for (i = 0; i < len; i++)
    n -= ((unsigned char)s[i] & 0xc0) == 0x80;
  return n;
}


/* A string that is UTF-8 and as long as the rule has it, or NULL. */
static const char *right_string(lua_State *L, int idx, uint64_t rule,
                                size_t *len) {
  const char *s = lua_tolstring(L, idx, len);
  size_t min = (size_t)RULE_MIN(rule), max = (size_t)RULE_MAX(rule), n;
  if (!po_is_utf8(s, *len))
    return NULL;
  n = *len < 4 * min || (max && *len > max) ? characters(s, *len) : *len;
  return n >= min && (!max || n <= max) ? s : NULL;
}


static enum look look_at_string(struct walk *w, int idx, uint64_t rule) {
  size_t len;
  const char *s = right_string(w->L, idx, rule, &len);
  return s && (RULE_PATH(rule) || add_string(w->out, s, len)) ? PLAIN
                                                              : NOT_PLAIN;
}


static enum look look_at_number(struct walk *w, int idx, uint64_t rule) {
  double x = (double)lua_tonumber(w->L, idx);
  if (!(fabs(x) <= MAX_WHOLE) || x != floor(x)
      || (RULE_KIND(rule) == KIND_NATURAL && x < (double)RULE_MIN(rule))
      || (RULE_MAX(rule) && x > (double)RULE_MAX(rule)))
    return NOT_PLAIN;
  return add_whole(w->out, x) ? PLAIN : NOT_PLAIN;
}


static enum look look_at_boolean(struct walk *w, int idx) {
  int yes = lua_toboolean(w->L, idx);
  return add(w->out, yes ? "true" : "false", yes ? 4 : 5) ? PLAIN
                                                          : NOT_PLAIN;
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


static enum look look_at_enum(struct walk *w, int idx, uint64_t rule,
                              int plan) {
  lua_State *L = w->L;
  int known;
  enum look look = push_ref(L, rule, plan);
  if (look != PLAIN)
    return look;
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
  known = lua_toboolean(L, -1);
  lua_pop(L, 2);
  return known ? look_at_string(w, idx, 0) : NOT_PLAIN;
}


/* What is required is there, and of a choice as many as it wants. */
static int is_complete(lua_State *L, int plan, lua_Integer required,
                       lua_Integer choices) {
  lua_Integer wanted;
  lua_rawgeti(L, plan, PLAN_REQUIRED);
  lua_rawgeti(L, plan, PLAN_CHOICES);
  required -= lua_tointeger(L, -2);
  wanted = lua_tointeger(L, -1);
  lua_pop(L, 2);
  return required == 0 && (choices == wanted || (wanted == 2 && choices));
}


/*
** The next member of an object: a comma if it is not the first, its name,
** which is one of the API's and so needs no escapes.
*/
static int add_name(struct text *t, const char *name, size_t len) {
  return (t->data[t->len - 1] == '{' || add_char(t, ','))
         && add_char(t, '"') && add(t, name, len) && add(t, "\":", 2);
}


/* The fields of the table at 'idx' by the plan at 'plan', without "}". */
static enum look look_at_fields(struct walk *w, int idx, int plan) {
  lua_State *L = w->L;
  lua_Integer required = 0, choices = 0;
  int value;
  if (!add_char(w->out, '{'))
    return NOT_PLAIN;
  lua_pushnil(L);
  value = lua_gettop(L) + 1;
  while (lua_next(L, idx)) {  /* key, value */
    uint64_t rule;
    size_t len;
    const char *name;
    enum look look;
    if (lua_type(L, value - 1) != LUA_TSTRING)
      return NOT_PLAIN;
    lua_pushvalue(L, value - 1);
    lua_rawget(L, plan);
    rule = (uint64_t)lua_tonumber(L, -1);  /* nil: 0, no kind at all */
    lua_pop(L, 1);
    name = lua_tolstring(L, value - 1, &len);
    if (!RULE_PATH(rule) && !add_name(w->out, name, len))
      return NOT_PLAIN;
    look = look_at(w, value, rule, plan);
    if (look != PLAIN)
      return look;
    required += RULE_REQUIRED(rule);
    choices += RULE_CHOICE(rule);
    lua_pop(L, 1);
  }
  return is_complete(L, plan, required, choices) ? PLAIN : NOT_PLAIN;
}


static int is_empty(lua_State *L, int idx) {
  lua_pushnil(L);
  if (!lua_next(L, idx))
    return 1;
  lua_pop(L, 2);
  return 0;
}


/* An object; an empty table may be a list as well, and is not plain. */
static enum look look_at_object(struct walk *w, int idx, uint64_t rule,
                                int plan) {
  lua_State *L = w->L;
  enum look look;
  if (is_empty(L, idx))
    return NOT_PLAIN;
  look = push_ref(L, rule, plan);
  if (look != PLAIN)
    return look;
  look = look_at_fields(w, idx, lua_gettop(L));
  if (look != PLAIN)
    return look;
  lua_pop(L, 1);
  return add_char(w->out, '}') ? PLAIN : NOT_PLAIN;
}


/* A list without holes and names. */
static enum look look_at_array(struct walk *w, int idx, uint64_t rule,
                               int plan) {
  lua_State *L = w->L;
  size_t i, n = lua_rawlen(L, idx), seen = 0;
  enum look look;
  uint64_t item;
  if (n == 0 || n < RULE_MIN(rule) || (RULE_MAX(rule) && n > RULE_MAX(rule)))
    return NOT_PLAIN;
  look = push_ref(L, rule, plan);
  if (look != PLAIN)
    return look;
  plan = lua_gettop(L);
  lua_rawgeti(L, plan, 0);
  item = (uint64_t)lua_tonumber(L, -1);
  lua_pop(L, 1);
  for (i = 1; i <= n; i++) {
    if (!add_char(w->out, i == 1 ? '[' : ','))
      return NOT_PLAIN;
    lua_rawgeti(L, idx, (int)i);
    look = look_at(w, plan + 1, item, plan);
    if (look != PLAIN)
      return look;
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  for (; lua_next(L, idx); lua_pop(L, 1))
    seen++;
  lua_pop(L, 1);
  return seen == n && add_char(w->out, ']') ? PLAIN : NOT_PLAIN;
}


static enum look look_at_table(struct walk *w, int idx, uint64_t rule,
                               int plan) {
  enum look look;
  if (w->depth == MAX_NESTING || has_metatable(w->L, idx))
    return NOT_PLAIN;
  luaL_checkstack(w->L, LUA_MINSTACK, "arguments");
  w->depth++;
  look = RULE_KIND(rule) == KIND_OBJECT ? look_at_object(w, idx, rule, plan)
                                        : look_at_array(w, idx, rule, plan);
  w->depth--;
  return look;
}


/* The value at absolute index 'idx'; the stack is as it was when PLAIN. */
static enum look look_at(struct walk *w, int idx, uint64_t rule, int plan) {
  static const int types[8] = {
    LUA_TNONE, LUA_TSTRING, LUA_TNUMBER, LUA_TNUMBER, LUA_TBOOLEAN,
    LUA_TSTRING, LUA_TTABLE, LUA_TTABLE
  };
  if (lua_type(w->L, idx) != types[RULE_KIND(rule)])
    return NOT_PLAIN;
  switch (RULE_KIND(rule)) {
    case KIND_STRING:
      return look_at_string(w, idx, rule);
    case KIND_NUMBER: case KIND_NATURAL:
      return look_at_number(w, idx, rule);
    case KIND_BOOLEAN:
      return look_at_boolean(w, idx);
    case KIND_ENUM:
      return look_at_enum(w, idx, rule, plan);
    case KIND_OBJECT: case KIND_ARRAY:
      return look_at_table(w, idx, rule, plan);
    default:
      return NOT_PLAIN;
  }
}


/* {====== The request ====== */

/* What build.lua would refuse is not plain, nor is what has no room. */
static int add_segment(struct text *t, const char *s, size_t len) {
  size_t i;
  for (i = 0; i < len; i++)
    if ((unsigned char)s[i] < ' ')
      return 0;
  if (len == 0 || strcmp(s, ".") == 0 || strcmp(s, "..") == 0
      || PO_ESCAPE_SIZE(len) > t->size - t->len)
    return 0;
  t->len += po_url_escape(t->data + t->len, s, len);
  return 1;
}


/* { before, name, before, name, …, after } with the arguments' values */
static int add_path(lua_State *L, int pieces, int args, struct text *t) {
  int i, ok = 1, n = (int)lua_rawlen(L, pieces);
  for (i = 1; ok && i <= n; i++) {
    size_t len;
    const char *s;
    lua_rawgeti(L, pieces, i);
    if (i % 2 == 0)
      lua_rawget(L, args);
    s = lua_tolstring(L, -1, &len);
    ok = s && (i % 2 ? add(t, s, len) : add_segment(t, s, len));
    lua_pop(L, 1);
  }
  return ok;
}


/* The store at 'store' as storeId, unless there is none or 'args' has one. */
static int add_store(lua_State *L, int args, int store, struct text *t) {
  int given;
  size_t len;
  const char *s;
  if (lua_isnil(L, store))
    return 1;
  lua_pushliteral(L, "storeId");
  lua_rawget(L, args);
  given = !lua_isnil(L, -1);
  lua_pop(L, 1);
  if (given)
    return 1;
  s = right_string(L, store, 0, &len);
  return s && add_name(t, "storeId", 7) && add_string(t, s, len);
}


/* plain, with the room it needs on the C stack; see there */
static int make_request(lua_State *L, struct text *url, struct text *body) {
  enum { PLAN = 1, ARGS, STORE, BASE, PIECES };
  size_t len;
  const char *base;
  struct walk w;
  lua_Integer kind;
  enum look look;
  w.L = L;
  w.out = body;
  w.depth = 0;
  lua_rawgeti(L, PLAN, PLAN_PATH);
  lua_rawgeti(L, PLAN, PLAN_BODY);
  kind = lua_tointeger(L, -1);
  lua_pop(L, 1);
  if (has_metatable(L, ARGS)
      || ((kind & STORE_DEEPER) && !lua_isnil(L, STORE)))
    return 0;
  look = look_at_fields(&w, ARGS, PLAN);
  if (look == UNMADE) {
    lua_pushnil(L);
    lua_insert(L, -3);
    return 3;
  }
  base = luaL_optlstring(L, BASE, "", &len);
  if (look != PLAIN || !add(url, base, len)
      || !add_path(L, PIECES, ARGS, url)
      || ((kind & STORE_BODY) && !add_store(L, ARGS, STORE, body))
      || !add_char(body, '}'))
    return 0;
  lua_pushlstring(L, url->data, url->len);
  if (!(kind & BODY_ALWAYS) && body->len == 2)
    return 1;
  lua_pushlstring(L, body->data, body->len);
  return 2;
}


/*
** plain(plan, args, store|nil, base|nil)
**   -> URL, body (nil: none)
**    | nil when it is not plain
**    | nil, a plan, the index in it of what is to be made before another try
*/
static int l_plain(lua_State *L) {
  char url_data[MAX_URL], body_data[MAX_BODY];
  struct text url = {url_data, 0, sizeof(url_data)};
  struct text body = {body_data, 0, sizeof(body_data)};
  int n;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 4);
  if (!lua_istable(L, 2))
    return 0;
  n = make_request(L, &url, &body);
  po_wipe(body_data, body.len);  /* it may hold what a thief would like */
  return n;
}

/* }========================= */


void po_open_plain(lua_State *L) {
  lua_pushcfunction(L, l_plain);
  lua_setfield(L, -2, "plain");
}
