/* SPDX-License-Identifier: MIT */
/*
** Reading JSON: see ljson.c for the marks.
**
** Before the codec there is one pass over the text, which knows strings,
** brackets and what stands between them, and no more: whether a text is
** JSON is the codec's word alone. The pass
** - takes out the members of objects that are null: they are to be absent,
**   and making them to take them away again is a third of the work on an
**   answer of V1, where half of the fields are null. A null that may come
**   after another value of the same name stays, and takes that value away;
** - puts ["<mark>"] in the place of [];
** - writes 1e0 for 1 when it has more digits than a 64-bit integer, since
**   one generation of the codec would give its largest integer for it;
** - sees whether anything is left to be done with the values: a pass over
**   those costs as much as ten over the text.
*/
#include "ljson.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "jsontext.h"

#define SAFE_DIGITS 18  /* any number of so many digits fits in 64 bits */
#define MAX_OPEN    (2 * PO_MAX_DEPTH + 1)  /* deeper is refused */
#define NAMES_DEPTH 8   /* nulls are left out of objects down to this depth */
#define NAMES_WORDS 16  /* of 64 bits, for the names in one of these */

/* {====== The pass over the text ====== */

/* Four bits each; VALUE is the end of any but a string. */
enum token { OTHER, BRACE, COMMA, COLON, STRING, VALUE };

struct text {
  lua_State *L;
  const char *p, *end;
  const char *from;         /* not yet copied */
  luaL_Buffer b;            /* what was copied, once there is a change */
  int changed;
  unsigned int tokens;      /* the last four, the last in the lowest bits */
  const char *comma, *key;  /* where the last comma and string are */
  int depth;
  char object[MAX_OPEN];    /* what is open, by depth: an object? */
  uint64_t names[NAMES_DEPTH][NAMES_WORDS];  /* a bit for each, by hash */
  int filled;               /* [] stands in the text as ["<mark>"] */
  int nulls;                /* some member may still be null */
  int numbers;              /* there are numbers */
  int wide;                 /* some may be beyond the range of doubles */
};


static void add_token(struct text *t, enum token k) {
  t->tokens = t->tokens << 4 | (unsigned int)k;
}


static enum token token(const struct text *t, int back) {
  return (enum token)(t->tokens >> 4 * (back - 1) & 15);
}


/* Copies what is before 'to' and goes on at 'next'. */
static void leave_out(struct text *t, const char *to, const char *next) {
  if (!t->changed) {
    luaL_checkstack(t->L, LUA_MINSTACK, "JSON text");
    luaL_buffinit(t->L, &t->b);
    t->changed = 1;
  }
  luaL_addlstring(&t->b, t->from, (size_t)(to - t->from));
  t->from = t->p = next;
}


static void open_bracket(struct text *t, int object) {
  if (++t->depth < MAX_OPEN)
    t->object[t->depth] = (char)object;
  if (object && t->depth < NAMES_DEPTH)
    memset(t->names[t->depth], 0, sizeof(t->names[0]));
  add_token(t, object ? BRACE : OTHER);
  t->p++;
}


static void close_bracket(struct text *t) {
  t->depth -= t->depth > 0;
  add_token(t, VALUE);
  t->p++;
}


static void pass_list(struct text *t) {
  const char *close = po_json_empty_array(t->p, t->end);
  if (!close) {
    open_bracket(t, 0);
    return;
  }
  po_json_need_mark(t->L);
  leave_out(t, t->p, close + 1);
  luaL_addstring(&t->b, "[\"");
  luaL_addstring(&t->b, lua_tostring(t->L, UP_MARK));
  luaL_addstring(&t->b, "\"]");
  t->filled = 1;
  add_token(t, VALUE);
}


static void pass_number(struct text *t) {
  const char *p = t->p + (*t->p == '-');
  const char *digits = p;
  while (p < t->end && *p >= '0' && *p <= '9')
    p++;
  t->numbers = 1;
  add_token(t, VALUE);
  if (p < t->end && (*p == '.' || *p == 'e' || *p == 'E')) {
    t->wide = 1;
    while (p < t->end && strchr("0123456789.eE+-", *p))
      p++;
    t->p = p;
  }
  else if (p - digits > SAFE_DIGITS) {
    t->wide = 1;
    leave_out(t, p, p);
    luaL_addstring(&t->b, "e0");
  }
  else
    t->p = p;
}


static const char *skip_space(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
    p++;
  return p;
}


/* The bit of the name in quotes at 'key'. */
static uint64_t *name_bit(struct text *t, uint64_t *bit) {
  uint64_t hash = 0;
  const char *p;
  for (p = t->key + 1; *p != '"'; p++)
    hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
  hash ^= hash >> 32;
  *bit = (uint64_t)1 << (hash & 63);
  return &t->names[t->depth][(hash >> 6) % NAMES_WORDS];
}


static int has_escape(const struct text *t) {
  return memchr(t->key, '\\', (size_t)(t->p - t->key)) != NULL;
}


/* After a string: its name is remembered if its value is not null. */
static void pass_colon(struct text *t) {
  int named = token(t, 1) == STRING && t->depth > 0
              && t->depth < NAMES_DEPTH && t->object[t->depth];
  uint64_t bit;
  if (named && has_escape(t))  /* it could be any name */
    memset(t->names[t->depth], 0xff, sizeof(t->names[0]));
  t->p = skip_space(t->p + 1, t->end);
  if (named && t->p < t->end && *t->p != 'n')
    *name_bit(t, &bit) |= bit;
  add_token(t, COLON);
}


/* May the member have had another value already? */
static int is_repeated(struct text *t) {
  uint64_t bit;
  return (*name_bit(t, &bit) & bit) != 0;
}


/*
** A null, where it is the value of a member: leaves the member out, if the
** text is JSON with it exactly when it is without it. 0 when it is not.
*/
static int leave_out_member(struct text *t) {
  const char *next = skip_space(t->p + 4, t->end);
  if (next == t->end || (*next != ',' && *next != '}')
      || token(t, 1) != COLON || token(t, 2) != STRING
      || t->depth >= NAMES_DEPTH || has_escape(t) || is_repeated(t))
    return 0;
  if (token(t, 3) == COMMA
      && (token(t, 4) == VALUE || token(t, 4) == STRING)) {
    leave_out(t, t->comma, next);  /* value , "key":null -> value */
    t->tokens >>= 12;
    return 1;
  }
  if (token(t, 3) != BRACE)
    return 0;
  if (*next == ',') {              /* { "key":null, "… -> { "… */
    next = skip_space(next + 1, t->end);
    if (next == t->end || *next != '"')
      return 0;
  }
  leave_out(t, t->key, next);      /* { "key":null } -> { } */
  t->tokens >>= 8;
  return 1;
}


static void pass_word(struct text *t) {
  int list = t->depth < MAX_OPEN && !t->object[t->depth];
  if (!list && t->end - t->p >= 4 && memcmp(t->p, "null", 4) == 0) {
    if (leave_out_member(t))
      return;
    t->nulls = 1;
  }
  do
    t->p++;
  while (t->p < t->end && *t->p >= 'a' && *t->p <= 'z');
  add_token(t, VALUE);
}


static void pass(struct text *t) {
  while (t->p < t->end) {
    switch (*t->p) {
      case '"':
        t->key = t->p;
        t->p = po_json_skip_string(t->p, t->end);
        add_token(t, STRING);
        break;
      case '{': open_bracket(t, 1); break;
      case '[': pass_list(t); break;
      case '}': case ']': close_bracket(t); break;
      case ':': pass_colon(t); break;
      case ',': t->comma = t->p++; add_token(t, COMMA); break;
      case ' ': case '\t': case '\n': case '\r': t->p++; break;
      case '-': case '0': case '1': case '2': case '3': case '4':
      case '5': case '6': case '7': case '8': case '9':
        pass_number(t);
        break;
      default: pass_word(t); break;
    }
  }
}


/* Pushes the text at index 1 as the codec is to read it. */
static void push_prepared(struct text *t, lua_State *L, const char *s,
                          size_t len) {
  t->L = L;
  t->p = t->from = t->comma = t->key = s;
  t->end = s + len;
  t->tokens = OTHER;
  t->changed = t->depth = 0;
  t->object[0] = 0;
  t->filled = t->nulls = t->numbers = t->wide = 0;
  pass(t);
  if (t->changed) {
    luaL_addlstring(&t->b, t->from, (size_t)(t->end - t->from));
    luaL_pushresult(&t->b);
  }
  else
    lua_pushvalue(L, 1);
}

/* }==================================== */

/* {====== The pass over the values ====== */

struct reading {
  lua_State *L;
  int filled;               /* as in the text */
  const char *problem;
};


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
  if (size > 1.7976931348623157e308)
    r->problem = "a number is beyond the range of numbers";
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


/* }====================================== */


/* Is there anything in the values that is not as it is to be? */
static int is_untidy(const struct text *t) {
  return t->filled || t->nulls || t->wide
         || (LUA_VERSION_NUM >= 503 && t->numbers);  /* some are floats */
}


/* Pushes the value of the text on the stack top, or a problem: 0. */
static int read_text(struct reading *r, int untidy) {
  lua_State *L = r->L;
  lua_pushvalue(L, UP_CODEC);
  lua_insert(L, -2);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK)
    return 0;
  if (lua_istable(L, -1)) {
    if (untidy)
      tidy(r, lua_gettop(L));
  }
  else if (lua_type(L, -1) == LUA_TNUMBER && push_number(r, lua_gettop(L)))
    lua_remove(L, -2);
  if (r->problem) {
    lua_pop(L, 1);
    lua_pushstring(L, r->problem);
  }
  return r->problem == NULL;
}


int po_json_decode(lua_State *L) {
  struct text t;
  struct reading r;
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  if (memchr(s, '\0', len)) {  /* the codec would take it for the end */
    luaL_pushfail(L);
    lua_pushliteral(L, "a NUL in the text");
    return 2;
  }
  lua_settop(L, 1);
  push_prepared(&t, L, s, len);
  r.L = L;
  r.filled = t.filled;
  r.problem = NULL;
  if (read_text(&r, is_untidy(&t)))
    return 1;
  luaL_pushfail(L);
  lua_insert(L, -2);
  return 2;
}
