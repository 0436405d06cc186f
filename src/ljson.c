/* SPDX-License-Identifier: MIT */
/*
** JSON for money, through lua-cjson.
**
** The codec is a private instance of lua-cjson (cjson.new()), so that no
** setting leaks in either direction. Its two generations in the field
** differ: only the younger one can write an empty array or an integer of
** more than 14 digits, or tells [] from {} when it reads. So a walk over
** the value goes before encoding and one after decoding, and where the
** walk meets what the older codec cannot carry, a mark takes its place in
** the value and is exchanged in the text:
**
**   encode: check (UTF-8, numbers, shape, depth; a fault has a path)
**           -> only if a mark is needed: a copy with "<mark>[]" or
**           "<mark>123" strings in it -> cjson -> "<mark>…" becomes …
**   decode: [] becomes ["<mark>"] -> cjson -> integers, nulls, arrays
**
** The mark is 128 random bits, drawn when the module is loaded: no text
** of a user or a server can hold it. Both marks are rare; the common call
** is one walk and one cjson call.
*/
#include "lcore.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"

#define MAX_DEPTH  64
#define MAX_EXACT  9007199254740992.0  /* 2^53 */
#define MAX_PLAIN  1e14                /* cjson writes 14 digits */
#define ARRAY_MT   "portone.array"

#define MARK_SIZE  32                  /* hex digits */

/* Upvalues of encode and decode. */
#define UP_CODEC   lua_upvalueindex(1) /* cjson's function */
#define UP_MARK    lua_upvalueindex(2)
#define UP_ARRAY   lua_upvalueindex(3) /* metatable of marked arrays */

/* One step of the way to the value being looked at. */
struct step {
  const struct step *up;
  const char *key;          /* NULL: an array element, see index */
  lua_Integer index;
};

struct walk {
  lua_State *L;
  int resolver;             /* stack index of is_array, 0 without */
  int marks;                /* values that need a mark */
  const char *problem;      /* its path is on the stack top then */
};


/* {====== Paths ====== */

static void add_steps(luaL_Buffer *b, const struct step *s) {
  char number[32];
  if (!s)
    return;
  add_steps(b, s->up);
  if (s->key) {
    if (s->up)
      luaL_addchar(b, '.');
    luaL_addstring(b, s->key);
  }
  else {
    snprintf(number, sizeof(number), "[%lld]", (long long)s->index);
    luaL_addstring(b, number);
  }
}


/* Pushes "schedules[2].amount". */
static void push_path(lua_State *L, const struct step *s) {
  luaL_Buffer b;
  luaL_checkstack(L, LUA_MINSTACK, "JSON path");
  luaL_buffinit(L, &b);
  add_steps(&b, s);
  luaL_pushresult(&b);
}


static int fail(struct walk *w, const struct step *s, const char *problem) {
  w->problem = problem;
  push_path(w->L, s);
  return 0;
}

/* }=================== */


/* Length of the UTF-8 sequence at p (RFC 3629), 0 when it is not one. */
static size_t sequence(const unsigned char *p, size_t left) {
  unsigned char c = p[0];
  size_t i, n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
  if (c < 0xc2 || c > 0xf4 || n > left)
    return 0;
  for (i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f)
      || (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
    return 0;  /* over-long, surrogate, beyond U+10FFFF */
  return n;
}


static int is_utf8(const char *s, size_t len) {
  const unsigned char *p = (const unsigned char *)s;
  size_t i = 0;
  while (i < len) {
    size_t n = p[i] < 0x80 ? 1 : sequence(p + i, len - i);
    if (n == 0)
      return 0;
    i += n;
  }
  return 1;
}


#if LUA_VERSION_NUM >= 503

/* An integer that its double does not stand for. */
static int is_beyond(lua_State *L, int idx) {
  lua_Integer i = lua_tointeger(L, idx);
  return lua_isinteger(L, idx)
         && (i > (lua_Integer)MAX_EXACT || i < -(lua_Integer)MAX_EXACT);
}

#else

#define is_beyond(L, idx) 0

#endif


/*
** What number at 'idx' becomes: 0 refused, 1 written by cjson, 2 an
** integer that needs a mark. A fraction is carried in 14 digits, which
** may take away the noise of its last bits but no digit that was meant.
*/
static int number_kind(lua_State *L, int idx, const char **problem) {
  double x = (double)lua_tonumber(L, idx);
  double size = fabs(x);
  char text[32];
  if (x != x || size > 1.7976931348623157e308) {
    *problem = "is not a number that JSON can carry (NaN or infinite)";
    return 0;
  }
  if (size == floor(size)) {
    if (size < MAX_PLAIN)
      return 1;
    if (size <= MAX_EXACT && !is_beyond(L, idx))
      return 2;
    *problem = "is an integer beyond 2^53, which JSON readers do not keep "
               "exact";
    return 0;
  }
  snprintf(text, sizeof(text), "%.14g", x);
  if (fabs(strtod(text, NULL) - x) <= size * 1e-15)
    return 1;
  *problem = "has more than 14 digits, which would not be carried exactly";
  return 0;
}


enum shape { SHAPE_BAD, SHAPE_OBJECT, SHAPE_ARRAY, SHAPE_EMPTY };

/* Adds the key on the stack top to the count; what is wrong with it, or NULL. */
static const char *count_key(lua_State *L, size_t *names, size_t *items,
                             lua_Number *last) {
  if (lua_type(L, -1) == LUA_TSTRING)
    ++*names;
  else if (lua_type(L, -1) == LUA_TNUMBER) {
    lua_Number k = lua_tonumber(L, -1);
    if (k < 1 || k != floor(k))
      return "has a key that is neither a name nor a position";
    if (k > *last)
      *last = k;
    ++*items;
  }
  else
    return "has a key that is neither a name nor a position";
  return (*items && *names) ? "mixes named fields and list items" : NULL;
}


/* What the table at absolute index 'idx' is, by its keys alone. */
static enum shape shape_of(lua_State *L, int idx, const char **problem) {
  size_t items = 0, names = 0;
  lua_Number last = 0;
  lua_pushnil(L);
  while (lua_next(L, idx)) {  /* key, value */
    lua_pop(L, 1);
    *problem = count_key(L, &names, &items, &last);
    if (*problem) {
      lua_pop(L, 1);
      return SHAPE_BAD;
    }
  }
  if (items == 0)
    return names ? SHAPE_OBJECT : SHAPE_EMPTY;
  if (last == (lua_Number)items)
    return SHAPE_ARRAY;
  *problem = "is a list with holes";
  return SHAPE_BAD;
}


static int is_marked_array(lua_State *L, int idx) {
  int equal;
  if (!lua_getmetatable(L, idx))
    return 0;
  equal = lua_rawequal(L, -1, UP_ARRAY);
  lua_pop(L, 1);
  return equal;
}


/* Is the empty table at 'idx' an array? Its mark says so, or the API. */
static int empty_is_array(struct walk *w, int idx, const struct step *at) {
  lua_State *L = w->L;
  int yes;
  if (is_marked_array(L, idx))
    return 1;
  if (!w->resolver)
    return 0;
  lua_pushvalue(L, w->resolver);
  push_path(L, at);
  lua_call(L, 1, 1);
  yes = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return yes;
}


/* {====== Before encoding ====== */

static int check_value(struct walk *w, int idx, const struct step *at,
                       int depth);


static int check_members(struct walk *w, int idx, const struct step *at,
                         int depth, enum shape shape) {
  lua_State *L = w->L;
  struct step here;
  here.up = at;
  here.key = NULL;
  here.index = 0;
  lua_pushnil(L);
  while (lua_next(L, idx)) {  /* key, value */
    int value = lua_gettop(L);
    if (shape == SHAPE_ARRAY)
      here.index = (lua_Integer)lua_tonumber(L, value - 1);
    else {
      size_t len;
      here.key = lua_tolstring(L, value - 1, &len);
      if (!is_utf8(here.key, len))
        return fail(w, at, "has a field name that is not UTF-8");
    }
    if (!check_value(w, value, &here, depth + 1))
      return 0;
    lua_pop(L, 1);
  }
  return 1;
}


static int check_table(struct walk *w, int idx, const struct step *at,
                       int depth) {
  const char *problem = NULL;
  enum shape shape;
  if (depth > MAX_DEPTH)
    return fail(w, at, "is nested too deep");
  luaL_checkstack(w->L, 8, "JSON value");
  shape = shape_of(w->L, idx, &problem);
  if (shape == SHAPE_BAD)
    return fail(w, at, problem);
  if (shape == SHAPE_EMPTY) {
    w->marks += empty_is_array(w, idx, at);
    return 1;
  }
  if (shape == SHAPE_OBJECT && is_marked_array(w->L, idx))
    return fail(w, at, "is marked as an array but has named fields");
  return check_members(w, idx, at, depth, shape);
}


/* 1 when the value at absolute index 'idx' can be sent. */
static int check_value(struct walk *w, int idx, const struct step *at,
                       int depth) {
  lua_State *L = w->L;
  const char *problem = NULL;
  size_t len;
  const char *s;
  int kind;
  switch (lua_type(L, idx)) {
    case LUA_TSTRING:
      s = lua_tolstring(L, idx, &len);
      return is_utf8(s, len) ? 1 : fail(w, at, "is not valid UTF-8");
    case LUA_TNUMBER:
      kind = number_kind(L, idx, &problem);
      w->marks += kind == 2;
      return kind ? 1 : fail(w, at, problem);
    case LUA_TBOOLEAN:
      return 1;
    case LUA_TTABLE:
      return check_table(w, idx, at, depth);
    case LUA_TLIGHTUSERDATA:
      if (lua_touserdata(L, idx) == NULL)
        return 1;  /* null */
      /* FALLTHROUGH */
    default:
      return fail(w, at, "is of a Lua type that JSON does not have");
  }
}


/* Pushes a copy of the value at 'idx' with marks where they are needed. */
static void push_marked(struct walk *w, int idx, const struct step *at) {
  lua_State *L = w->L;
  const char *unused;
  struct step here;
  int copy;
  if (lua_type(L, idx) == LUA_TNUMBER && number_kind(L, idx, &unused) == 2) {
    char digits[32];
    snprintf(digits, sizeof(digits), "%.0f", (double)lua_tonumber(L, idx));
    lua_pushvalue(L, UP_MARK);
    lua_pushstring(L, digits);
    lua_concat(L, 2);
    return;
  }
  if (lua_type(L, idx) != LUA_TTABLE) {
    lua_pushvalue(L, idx);
    return;
  }
  luaL_checkstack(L, 8, "JSON value");
  if (shape_of(L, idx, &unused) == SHAPE_EMPTY && empty_is_array(w, idx, at)) {
    lua_pushvalue(L, UP_MARK);
    lua_pushliteral(L, "[]");
    lua_concat(L, 2);
    return;
  }
  lua_newtable(L);
  copy = lua_gettop(L);
  here.up = at;
  lua_pushnil(L);
  while (lua_next(L, idx)) {  /* key, value */
    int value = lua_gettop(L);
    int named = lua_type(L, value - 1) == LUA_TSTRING;
    here.key = named ? lua_tostring(L, value - 1) : NULL;
    here.index = named ? 0 : (lua_Integer)lua_tonumber(L, value - 1);
    lua_pushvalue(L, value - 1);
    push_marked(w, value, &here);  /* key, value, key, copy of value */
    lua_rawset(L, copy);
    lua_pop(L, 1);
  }
}


static const char *find(const char *s, size_t len, const char *what,
                        size_t n) {
  return memmem(s, len, what, n);
}


/* Pushes the text with "<mark>…" replaced by … */
static void push_unmarked(lua_State *L, const char *s, size_t len) {
  size_t n;
  const char *mark = lua_tolstring(L, UP_MARK, &n);
  const char *end = s + len;
  const char *hit;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  while ((hit = find(s, (size_t)(end - s), mark, n)) != NULL) {
    const char *close = memchr(hit, '"', (size_t)(end - hit));
    luaL_addlstring(&b, s, (size_t)(hit - 1 - s));  /* up to its quote */
    luaL_addlstring(&b, hit + n, (size_t)(close - hit) - n);
    s = close + 1;
  }
  luaL_addlstring(&b, s, (size_t)(end - s));
  luaL_pushresult(&b);
}


/* json_encode(value, is_array|nil) -> text | nil, problem, path */
static int json_encode(lua_State *L) {
  struct walk w;
  luaL_checkany(L, 1);
  lua_settop(L, 2);
  memset(&w, 0, sizeof(w));
  w.L = L;
  w.resolver = lua_isfunction(L, 2) ? 2 : 0;
  if (!check_value(&w, 1, NULL, 1)) {  /* path is on the top */
    luaL_pushfail(L);
    lua_pushstring(L, w.problem);
    lua_pushvalue(L, -3);
    return 3;
  }
  lua_pushvalue(L, UP_CODEC);
  if (w.marks)
    push_marked(&w, 1, NULL);
  else
    lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  if (w.marks) {
    size_t len;
    const char *s = lua_tolstring(L, -1, &len);
    push_unmarked(L, s, len);
  }
  return 1;
}

/* }============================= */


/* {====== Decoding ====== */

static const char *skip_space(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
    p++;
  return p;
}


/* The "]" of an empty array that opens at p, or NULL. */
static const char *empty_array(const char *p, const char *end) {
  p = skip_space(p + 1, end);
  return p < end && *p == ']' ? p : NULL;
}


/* Past the string that opens at p. */
static const char *skip_string(const char *p, const char *end) {
  for (p++; p < end && *p != '"'; p++)
    if (*p == '\\')
      p++;
  return p < end ? p + 1 : end;
}


/* May the text hold an empty array? A quick look that ignores strings. */
static int may_be_empty(const char *p, const char *end) {
  while ((p = memchr(p, '[', (size_t)(end - p))) != NULL) {
    if (empty_array(p, end))
      return 1;
    p++;
  }
  return 0;
}


/* Pushes the text with every [] outside of a string as ["<mark>"]. */
static void push_filled(lua_State *L, const char *p, const char *end) {
  const char *from = p;
  const char *close;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  while (p < end) {
    if (*p == '"')
      p = skip_string(p, end);
    else if (*p == '[' && (close = empty_array(p, end)) != NULL) {
      luaL_addlstring(&b, from, (size_t)(p - from));
      luaL_addstring(&b, "[\"");
      luaL_addstring(&b, lua_tostring(L, UP_MARK));
      luaL_addstring(&b, "\"]");
      p = from = close + 1;
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


#if LUA_VERSION_NUM >= 503

/*
** Pushes the number at 'idx' as an integer, or as the float it has to be,
** and returns 1; 0 when it is right as it is. From 2^53 on both codecs
** give the float: 2^53 is also what 2^53 + 1 reads as, and only one of
** them could tell the two apart.
*/
static int push_number(lua_State *L, int idx) {
  lua_Number x = lua_tonumber(L, idx);
  int exact = fabs(x) < MAX_EXACT;
  if (lua_isinteger(L, idx)) {
    if (exact)
      return 0;
    lua_pushnumber(L, x);
    return 1;
  }
  if (!exact || x != floor(x))
    return 0;
  lua_pushinteger(L, (lua_Integer)x);
  return 1;
}

#else

#define push_number(L, idx) 0

#endif


/* Integers, nulls and empty arrays of the decoded table at 'idx'. */
static void tidy(lua_State *L, int idx, int filled) {
  luaL_checkstack(L, 8, "JSON value");
  if (filled && unfill(L, idx))
    return;
  lua_pushnil(L);
  while (lua_next(L, idx)) {  /* key, value */
    int value = lua_gettop(L);
    switch (lua_type(L, value)) {
      case LUA_TTABLE:
        tidy(L, value, filled);
        break;
      case LUA_TNUMBER:
        if (push_number(L, value)) {
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


/* json_decode(text) -> value | nil, problem */
static int json_decode(lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  int filled = may_be_empty(s, s + len);
  lua_settop(L, 1);
  lua_pushvalue(L, UP_CODEC);
  if (filled)
    push_filled(L, s, s + len);
  else
    lua_pushvalue(L, 1);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
    luaL_pushfail(L);
    lua_insert(L, -2);
    return 2;
  }
  if (lua_istable(L, -1))
    tidy(L, lua_gettop(L), filled);
  else if (lua_type(L, -1) == LUA_TNUMBER)
    (void)push_number(L, lua_gettop(L));
  return 1;
}

/* }====================== */


/* instance.name(value), when this generation of cjson has it */
static void set(lua_State *L, int instance, const char *name, int value) {
  lua_getfield(L, instance, name);
  if (lua_isfunction(L, -1)) {
    if (value < 0)
      lua_pushboolean(L, 0);
    else
      lua_pushinteger(L, value);
    lua_call(L, 1, 0);
  }
  else
    lua_pop(L, 1);
}


/* Pushes our own instance of cjson, out of reach of anybody's settings. */
static void push_codec(lua_State *L) {
  int instance;
  lua_getglobal(L, "require");
  lua_pushliteral(L, "cjson");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "new");
  lua_call(L, 0, 1);
  lua_remove(L, -2);
  instance = lua_gettop(L);
  set(L, instance, "encode_max_depth", MAX_DEPTH + 2);
  set(L, instance, "decode_max_depth", MAX_DEPTH * 2);
  set(L, instance, "encode_number_precision", 14);
  set(L, instance, "encode_invalid_numbers", -1);
  set(L, instance, "decode_invalid_numbers", -1);
}


static void push_mark(lua_State *L) {
  unsigned char bytes[MARK_SIZE / 2];
  char text[MARK_SIZE + 1];
  size_t i;
  if (!po_random(bytes, sizeof(bytes)))
    luaL_error(L, "libcrypto has no random bytes");
  for (i = 0; i < sizeof(bytes); i++)
    snprintf(text + 2 * i, 3, "%02x", bytes[i]);
  lua_pushlstring(L, text, MARK_SIZE);
}


/* Adds json_encode, json_decode, array_mt and null to the module table. */
void po_open_json(lua_State *L) {
  int module = lua_gettop(L);
  push_codec(L);                      /* module + 1 */
  push_mark(L);                       /* module + 2 */
  luaL_newmetatable(L, ARRAY_MT);     /* module + 3 */
  lua_pushliteral(L, ARRAY_MT);
  lua_setfield(L, -2, "__name");
  lua_getfield(L, module + 1, "encode");
  lua_pushvalue(L, module + 2);
  lua_pushvalue(L, module + 3);
  lua_pushcclosure(L, json_encode, 3);
  lua_setfield(L, module, "json_encode");
  lua_getfield(L, module + 1, "decode");
  lua_pushvalue(L, module + 2);
  lua_pushvalue(L, module + 3);
  lua_pushcclosure(L, json_decode, 3);
  lua_setfield(L, module, "json_decode");
  lua_pushvalue(L, module + 3);
  lua_setfield(L, module, "array_mt");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, module, "null");
  lua_settop(L, module);
}
