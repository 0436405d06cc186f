/* SPDX-License-Identifier: MIT */
/*
** JSON for money, through lua-cjson: writing it, and what reading it
** (ljsonread.c) shares.
**
** The codec is a private instance of lua-cjson (cjson.new()), so that no
** setting leaks in either direction. Its two generations in the field
** differ: only the younger one can write an empty array or an integer of
** more than 14 digits, or tells [] from {} when it reads, and only it asks
** the metatables of what it writes. So a walk over the value goes before
** encoding and one after decoding, and where the walk meets what the
** codecs do not carry alike, a mark takes its place in the value and is
** exchanged in the text:
**
**   encode: check (UTF-8, numbers, shape, depth; a fault has a path)
**           -> only if a mark is needed: a copy with "<mark>[]" or
**           "<mark>123" strings in it -> cjson -> "<mark>…" becomes …
**   decode: [] becomes ["<mark>"] -> cjson -> integers, nulls, arrays
**
** Plain JSON, which most is, is read (ljsonplain.c) and, as the arguments of
** a call, written (lplain.c) without the codec and without marks: the codec
** takes longer for it than all the rest of a call but the network.
**
** The mark is 128 random bits, drawn when first needed: no text
** of a user or a server can hold it. Both marks are rare; the common call
** is one walk and one cjson call.
*/
#include "ljson.h"

#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "jsontext.h"

#define MAX_PLAIN  1e14                /* cjson writes 14 digits */
#define ARRAY_MT   "portone.array"

#define MARK_SIZE  32                  /* hex digits */

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


#if LUA_VERSION_NUM >= 503

/* An integer that its double does not stand for. */
static int is_beyond(lua_State *L, int idx) {
  lua_Integer i = lua_tointeger(L, idx);
  return lua_isinteger(L, idx)
         && (i > (lua_Integer)PO_MAX_EXACT || i < -(lua_Integer)PO_MAX_EXACT);
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
    if (size <= PO_MAX_EXACT && !is_beyond(L, idx))
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


/* The keys of a table while it is walked. */
struct keys {
  size_t names, items;
  lua_Number last;          /* the highest position */
};


/*
** Counts the key at 'idx' and makes it a step; what is wrong with it, or
** NULL.
*/
static const char *take_key(lua_State *L, int idx, struct keys *k,
                            struct step *here) {
  lua_Number n;
  size_t len;
  if (lua_type(L, idx) == LUA_TSTRING) {
    here->key = lua_tolstring(L, idx, &len);
    if (!po_is_utf8(here->key, len))
      return "has a field name that is not UTF-8";
    k->names++;
  }
  else {
    n = lua_type(L, idx) == LUA_TNUMBER ? lua_tonumber(L, idx) : 0;
    if (!(n >= 1 && n <= PO_MAX_EXACT && n == floor(n)))
      return "has a key that is neither a name nor a position";
    here->key = NULL;
    here->index = (lua_Integer)n;
    k->last = n > k->last ? n : k->last;
    k->items++;
  }
  return (k->items && k->names) ? "mixes named fields and list items" : NULL;
}


enum metatable { META_NONE, META_ARRAY, META_OTHER };

static enum metatable metatable_of(lua_State *L, int idx) {
  int ours;
  if (!lua_getmetatable(L, idx))
    return META_NONE;
  ours = lua_rawequal(L, -1, UP_ARRAY);
  lua_pop(L, 1);
  return ours ? META_ARRAY : META_OTHER;
}


/* Is the empty table at 'idx' an array? Its mark says so, or the API. */
static int empty_is_array(struct walk *w, int idx, const struct step *at) {
  lua_State *L = w->L;
  int yes;
  if (metatable_of(L, idx) == META_ARRAY)
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


void po_json_need_mark(lua_State *L) {
  unsigned char bytes[MARK_SIZE / 2];
  char text[MARK_SIZE + 1];
  size_t i;
  if (!lua_isnil(L, UP_MARK))
    return;
  if (!po_random(bytes, sizeof(bytes)))
    luaL_error(L, "libcrypto has no random bytes");
  for (i = 0; i < sizeof(bytes); i++)
    snprintf(text + 2 * i, 3, "%02x", bytes[i]);
  lua_pushlstring(L, text, MARK_SIZE);
  lua_replace(L, UP_MARK);
}


/* {====== Before encoding ====== */

static int check_value(struct walk *w, int idx, const struct step *at,
                       int depth);


/* The keys of the table at 'idx' are known: is it something? */
static int check_shape(struct walk *w, int idx, const struct step *at,
                       const struct keys *k) {
  enum metatable meta = metatable_of(w->L, idx);
  if (k->last > (lua_Number)k->items)
    return fail(w, at, "is a list with holes");
  if (meta == META_ARRAY && k->names)
    return fail(w, at, "is marked as an array but has named fields");
  if (meta == META_OTHER)
    w->marks++;  /* only its content counts: the codec gets a copy */
  if (k->items + k->names == 0)
    w->marks += empty_is_array(w, idx, at);
  return 1;
}


static int check_table(struct walk *w, int idx, const struct step *at,
                       int depth) {
  lua_State *L = w->L;
  struct keys keys = {0, 0, 0};
  struct step here;
  if (depth > PO_MAX_DEPTH)
    return fail(w, at, "is nested too deep");
  luaL_checkstack(L, 8, "JSON value");
  here.up = at;
  lua_pushnil(L);
  while (lua_next(L, idx)) {  /* key, value */
    int value = lua_gettop(L);
    const char *problem = take_key(L, value - 1, &keys, &here);
    if (problem)
      return fail(w, at, problem);
    if (!check_value(w, value, &here, depth + 1))
      return 0;
    lua_pop(L, 1);
  }
  return check_shape(w, idx, at, &keys);
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
      return po_is_utf8(s, len) ? 1 : fail(w, at, "is not valid UTF-8");
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


static int is_empty(lua_State *L, int idx) {
  lua_pushnil(L);
  if (!lua_next(L, idx))
    return 1;
  lua_pop(L, 2);
  return 0;
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
  if (is_empty(L, idx) && empty_is_array(w, idx, at)) {
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
  luaL_checkstack(L, LUA_MINSTACK, "JSON text");
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


int po_json_encode(lua_State *L) {
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
  po_json_mind_locale(L);
  lua_pushvalue(L, UP_CODEC);
  if (w.marks) {
    po_json_need_mark(L);
    push_marked(&w, 1, NULL);
  }
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


#define MAKER "portone.cjson.new"  /* in the registry */

static char point;  /* the decimal point that cjson has last learned */


/*
** cjson learns the locale's decimal point, for the whole process, when an
** instance is made: a program may have called setlocale since.
*/
void po_json_mind_locale(lua_State *L) {
  char now = *nl_langinfo(RADIXCHAR);
  if (now == __atomic_load_n(&point, __ATOMIC_RELAXED))
    return;
  lua_getfield(L, LUA_REGISTRYINDEX, MAKER);
  lua_call(L, 0, 0);
  __atomic_store_n(&point, now, __ATOMIC_RELAXED);
}


/* Pushes our own instance of cjson, out of reach of anybody's settings. */
static void push_codec(lua_State *L) {
  int instance;
  lua_getglobal(L, "require");
  lua_pushliteral(L, "cjson");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "new");
  lua_setfield(L, LUA_REGISTRYINDEX, MAKER);
  po_json_mind_locale(L);
  lua_getfield(L, -1, "new");
  lua_call(L, 0, 1);
  lua_remove(L, -2);
  instance = lua_gettop(L);
  set(L, instance, "encode_max_depth", PO_MAX_DEPTH + 2);
  set(L, instance, "decode_max_depth", PO_MAX_DEPTH * 2);
  set(L, instance, "encode_number_precision", 14);
  set(L, instance, "encode_invalid_numbers", -1);
  set(L, instance, "decode_invalid_numbers", -1);
}


/* Adds json_encode, json_decode, array_mt and null to the module table. */
void po_open_json(lua_State *L) {
  int module = lua_gettop(L);
  push_codec(L);                      /* module + 1 */
  lua_pushnil(L);                     /* module + 2: no mark yet */
  luaL_newmetatable(L, ARRAY_MT);     /* module + 3 */
  lua_pushliteral(L, ARRAY_MT);
  lua_setfield(L, -2, "__name");
  lua_getfield(L, module + 1, "encode");
  lua_pushvalue(L, module + 2);
  lua_pushvalue(L, module + 3);
  lua_pushcclosure(L, po_json_encode, 3);
  lua_setfield(L, module, "json_encode");
  lua_getfield(L, module + 1, "decode");
  lua_pushvalue(L, module + 2);
  lua_pushvalue(L, module + 3);
  po_json_push_names(L);
  lua_pushcclosure(L, po_json_decode, 5);
  lua_setfield(L, module, "json_decode");
  lua_pushvalue(L, module + 3);
  lua_setfield(L, module, "array_mt");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, module, "null");
  lua_settop(L, module);
}
