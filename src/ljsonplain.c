/* SPDX-License-Identifier: MIT */
/*
** Reading plain JSON: objects, lists, strings, whole numbers of up to 15
** digits, true, false, null, which is what nearly every answer is made of.
** It becomes what it is to be at once: no null members, integers where Lua
** has them, [] marked. Whatever else there is, and whatever may not be
** JSON at all, is left to lua-cjson and to ljsonread.c, which make the
** same of what is plain, in four times as long: the codec's tables grow
** step by step, hold the nulls of V1's answers, half of their fields, and
** have to be walked again. Every doubt is a no here.
*/
#include "ljson.h"

#include <stdint.h>
#include <string.h>

#include "buffer.h"

#define MAX_OPEN    16
#define MAX_DIGITS  15      /* exact in a double, whatever they are */
#define MAX_ESCAPED 1024    /* bytes of a string with escapes */
#define CHUNK       64      /* items that wait on the stack */
#define NAME_WORDS  4
#define KNOWN       256     /* names that are kept, by their hash */
#define MAX_KNOWN   40      /* bytes of such a name; a Lua that interns no
                               longer ones would make them anew each time */
#define MAX_HINT    64

/*
** A name that was read before, as the Lua string of it in UP_KNOWN, which
** 's' points into; and how many members the object had that stood there,
** or each in a list there: the next one mostly has as many.
*/
struct known {
  const char *s;            /* NULL: none yet */
  size_t len;
  int members;
};

struct po_json_names {
  struct known known[KNOWN];
  int members;              /* of the last answer */
};

struct reader {
  lua_State *L;
  const char *p, *end;      /* a NUL is at 'end', and nowhere before it */
  struct po_json_names *names;
  int known;                /* stack index of the names' table */
  int depth;
  int members;              /* what is expected of the next object, and has
                               been seen of the last one */
  uint64_t met[MAX_OPEN + 1][NAME_WORDS];  /* names so far, a bit each */
};

/* Pushes the value at 'p'; 0 when it is not plain. */
static int read_value(struct reader *r);


static void skip_space(struct reader *r) {
  while ((unsigned char)*r->p <= ' ' && (*r->p == ' ' || *r->p == '\n'
                                         || *r->p == '\r' || *r->p == '\t'))
    r->p++;
}


/* Goes past a character and the space behind it, if it is the next one. */
static int take(struct reader *r, char c) {
  if (*r->p != c)
    return 0;
  r->p++;
  skip_space(r);
  return 1;
}


static int take_word(struct reader *r, const char *word) {
  const char *p = r->p;
  for (; *word; word++)
    if (*p++ != *word)
      return 0;
  r->p = p;
  return 1;
}


/* {====== Strings and numbers ====== */

/* The four hexadecimal digits at s, or 0 when they are not. */
static unsigned int code_unit(const char *s) {
  unsigned int code = 0;
  int i;
  for (i = 0; i < 4; i++) {
    char c = s[i];
    if (c >= '0' && c <= '9')
      code = code << 4 | (unsigned int)(c - '0');
    else if ((c | 32) >= 'a' && (c | 32) <= 'f')
      code = code << 4 | (unsigned int)((c | 32) - 'a' + 10);
    else
      return 0;
  }
  return code;
}


/* As UTF-8; 0 for surrogates, which come in pairs, and for NUL. */
static size_t put_code(char *out, unsigned int c) {
  if (c == 0 || (c >= 0xd800 && c <= 0xdfff))
    return 0;
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  if (c < 0x800) {
    out[0] = (char)(0xc0 | c >> 6);
    out[1] = (char)(0x80 | (c & 0x3f));
    return 2;
  }
  out[0] = (char)(0xe0 | c >> 12);
  out[1] = (char)(0x80 | (c >> 6 & 0x3f));
  out[2] = (char)(0x80 | (c & 0x3f));
  return 3;
}


/* The escape behind a backslash; 0 when it is not plain. */
static size_t put_escape(struct reader *r, char *out) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *hit;
  size_t n;
  char c = *r->p++;
  if (c == 'u') {
    n = put_code(out, code_unit(r->p));
    r->p += n ? 4 : 0;
    return n;
  }
  hit = c ? strchr(from, c) : NULL;
  if (!hit)
    return 0;
  *out = to[hit - from];
  return 1;
}


/* The bytes of the string behind a quote into 'out'; 0 when not plain. */
static int unescape(struct reader *r, char *out, size_t *n) {
  for (*n = 0; *r->p != '"';) {
    size_t more = 1;
    if (*r->p == '\0' || *n > MAX_ESCAPED - 4)
      return 0;
    if (*r->p != '\\')
      out[*n] = *r->p++;
    else {
      r->p++;
      more = put_escape(r, out + *n);
      if (more == 0)
        return 0;
    }
    *n += more;
  }
  r->p++;
  return 1;
}


static int read_escaped(struct reader *r) {
  char out[MAX_ESCAPED];
  size_t n;
  int ok = unescape(r, out, &n);
  if (ok)
    lua_pushlstring(r->L, out, n);
  po_wipe(out, n);  /* as every copy of an answer */
  return ok;
}


/*
** How many of eight bytes come before the first quote or backslash. In a
** word that has none of them no high bit is set below; the lowest that is
** set is right, those above it may not be.
*/
static int until_mark(const char *s) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t x, quote, slash;
  memcpy(&x, s, sizeof(x));
  quote = x ^ ones * '"';
  slash = x ^ ones * '\\';
  x = (((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & ones * 0x80;
  if (x == 0)
    return 8;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return __builtin_ctzll(x) / 8;
#else
  return 0;  /* there is one */
#endif
}


/* The end of the string that opens at 'p', when it has no escapes. */
static const char *plain_string(const struct reader *r) {
  const char *s = r->p + 1;
  int n = 8;
  for (; n == 8 && r->end - s >= 8; s += n)
    n = until_mark(s);
  while (*s != '"' && *s != '\\' && *s != '\0')
    s++;
  return *s == '"' ? s : NULL;
}


static int read_string(struct reader *r) {
  const char *close = plain_string(r);
  if (!close) {
    r->p++;
    return read_escaped(r);
  }
  lua_pushlstring(r->L, r->p + 1, (size_t)(close - r->p) - 1);
  r->p = close + 1;
  return 1;
}


static int read_number(struct reader *r) {
  int minus = *r->p == '-';
  const char *digits = r->p += minus;
  int64_t n = 0;
  while (*r->p >= '0' && *r->p <= '9' && r->p - digits <= MAX_DIGITS)
    n = n * 10 + (*r->p++ - '0');
  if (r->p == digits || r->p - digits > MAX_DIGITS
      || *r->p == '.' || *r->p == 'e' || *r->p == 'E'
      || (*digits == '0' && (minus || r->p - digits > 1)))
    return 0;  /* a fraction, too long, -0, 01, or none at all */
#if LUA_VERSION_NUM >= 503
  lua_pushinteger(r->L, (lua_Integer)(minus ? -n : n));
#else
  lua_pushnumber(r->L, (lua_Number)(minus ? -n : n));
#endif
  return 1;
}

/* }================================= */

/* {====== Objects and lists ====== */

static uint64_t hash_of(const char *s, size_t len) {
  uint64_t a = 0, b = 0;
  size_t i;
  if (len >= sizeof(a)) {
    memcpy(&a, s, sizeof(a));
    memcpy(&b, s + len - sizeof(b), sizeof(b));
  }
  else
    for (i = 0; i < len; i++)
      a = a << 8 | (unsigned char)s[i];
  return (a ^ (b << 7 | b >> 57) ^ len) * UINT64_C(0x9e3779b97f4a7c15);
}


/* Pushes a name; where what is known of it is kept, or NULL. */
static struct known *push_name(struct reader *r, const char *s, size_t len,
                               uint64_t hash) {
  int at = (int)(hash >> 48 & (KNOWN - 1));
  struct known *k = &r->names->known[at];
  if (len > MAX_KNOWN) {
    lua_pushlstring(r->L, s, len);
    return NULL;
  }
  if (k->s && k->len == len && memcmp(k->s, s, len) == 0) {
    lua_rawgeti(r->L, r->known, at + 1);
    return k;
  }
  lua_pushlstring(r->L, s, len);
  k->s = NULL;
  lua_pushvalue(r->L, -1);
  lua_rawseti(r->L, r->known, at + 1);
  k->s = lua_tostring(r->L, -1);
  k->len = len;
  k->members = 0;
  return k;
}


static int is_member(lua_State *L, int object, const char *s, size_t len) {
  int found;
  lua_pushlstring(L, s, len);
  lua_rawget(L, object);
  found = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return found;
}


/*
** "name": value, into the object; counts what has one. A member whose value
** is null is absent, and so takes away one of the same name that came
** before: rare enough not to be plain. Most names are seen to be new by a
** bit that is not set yet.
*/
static int read_member(struct reader *r, int object, int *members) {
  const char *name = r->p + 1;
  const char *close = *r->p == '"' ? plain_string(r) : NULL;
  struct known *k;
  uint64_t hash, bit, *met;
  size_t len;
  if (!close)
    return 0;
  len = (size_t)(close - name);
  r->p = close + 1;
  skip_space(r);
  if (!take(r, ':'))
    return 0;
  hash = hash_of(name, len);
  bit = (uint64_t)1 << (hash >> 58);
  met = &r->met[r->depth][(hash >> 56) % NAME_WORDS];
  if (*r->p == 'n')
    return take_word(r, "null")
           && (!(*met & bit) || !is_member(r->L, object, name, len));
  *met |= bit;
  k = push_name(r, name, len, hash);
  r->members = k ? k->members : 0;
  if (!read_value(r))
    return 0;
  if (k)
    k->members = r->members;
  lua_rawset(r->L, object);
  ++*members;
  return 1;
}


static int read_object(struct reader *r) {
  int members = 0;
  int object = lua_gettop(r->L) + 1;
  lua_createtable(r->L, 0, r->members);
  memset(r->met[r->depth], 0, sizeof(r->met[0]));
  r->p++;
  skip_space(r);
  if (*r->p != '}')
    do {
      if (!read_member(r, object, &members))
        return 0;
      skip_space(r);
    } while (take(r, ','));
  r->members = members < MAX_HINT ? members : MAX_HINT;
  return *r->p++ == '}';
}


static int read_list(struct reader *r) {
  int i, n = 0, done = 0;
  int slot = lua_gettop(r->L) + 1;
  lua_pushnil(r->L);
  r->p++;
  skip_space(r);
  if (*r->p == ']') {
    lua_newtable(r->L);
    lua_pushvalue(r->L, UP_ARRAY);
    lua_setmetatable(r->L, -2);
    lua_replace(r->L, slot);
    return *r->p++ == ']';
  }
  do {
    if (!read_value(r))
      return 0;
    skip_space(r);
    if (++n == CHUNK || *r->p != ',') {
      if (done == 0) {
        lua_createtable(r->L, n, 0);
        lua_replace(r->L, slot);
      }
      for (i = n; i > 0; i--)
        lua_rawseti(r->L, slot, done + i);
      done += n;
      n = 0;
    }
  } while (take(r, ','));
  return *r->p++ == ']';
}


static int read_nested(struct reader *r) {
  int ok;
  if (r->depth == MAX_OPEN || !lua_checkstack(r->L, 2 * CHUNK + 8))
    return 0;
  r->depth++;
  ok = *r->p == '{' ? read_object(r) : read_list(r);
  r->depth--;
  return ok;
}

/* }=============================== */


static int read_value(struct reader *r) {
  switch (*r->p) {
    case '"': return read_string(r);
    case '{': case '[': return read_nested(r);
    case 't':
      lua_pushboolean(r->L, 1);
      return take_word(r, "true");
    case 'f':
      lua_pushboolean(r->L, 0);
      return take_word(r, "false");
    case 'n':
      lua_pushlightuserdata(r->L, NULL);
      return take_word(r, "null");
    default:
      return read_number(r);
  }
}


int po_json_plain(lua_State *L, const char *s, size_t len) {
  struct reader r;
  r.L = L;
  r.p = s;
  r.end = s + len;
  lua_pushvalue(L, UP_KNOWN);
  r.known = lua_gettop(L);
  r.names = lua_touserdata(L, UP_NAMES);
  r.depth = 0;
  r.members = r.names->members;
  skip_space(&r);
  if ((*r.p != '{' && *r.p != '[') || !read_nested(&r))
    return 0;
  skip_space(&r);
  r.names->members = r.members;
  return r.p == r.end;
}


void po_json_push_names(lua_State *L) {
  struct po_json_names *n;
  lua_createtable(L, KNOWN, 0);
  n = lua_newuserdatauv(L, sizeof(*n), 0);
  memset(n, 0, sizeof(*n));
}
