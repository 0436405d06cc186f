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
#define CHUNK       64      /* members or items that wait on the stack */
#define NAME_WORDS  4

struct reader {
  lua_State *L;
  const char *p, *end;      /* a NUL is at 'end', and nowhere before it */
  int depth;
  uint64_t names[MAX_OPEN + 1][NAME_WORDS];  /* met so far, a bit each */
};

/* Pushes the value at 'p'; 0 when it is not plain. */
static int read_value(struct reader *r);


static void skip_space(struct reader *r) {
  while (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t')
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


static int take_word(struct reader *r, const char *word, size_t len) {
  if (strncmp(r->p, word, len) != 0)
    return 0;
  r->p += len;
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


/* The end of the string that opens at 'p', when it has no escapes. */
static const char *plain_string(const struct reader *r) {
  const char *s = r->p + 1;
  const char *close = memchr(s, '"', (size_t)(r->end - s));
  return close && !memchr(s, '\\', (size_t)(close - s)) ? close : NULL;
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

/*
** A member whose value is null is absent, and so takes away one of the same
** name that came before: rare enough not to be plain. Most names are seen
** to be new by a bit that is not set yet.
*/
static uint64_t *name_bit(struct reader *r, const char *s, size_t len,
                          uint64_t *bit) {
  uint64_t a = 0, b = 0, hash;
  memcpy(&a, s, len < sizeof(a) ? len : sizeof(a));
  if (len > sizeof(b))
    memcpy(&b, s + len - sizeof(b), sizeof(b));
  hash = (a ^ (b << 7 | b >> 57) ^ len) * UINT64_C(0x9e3779b97f4a7c15);
  *bit = (uint64_t)1 << (hash >> 58);
  return &r->names[r->depth][(hash >> 50) % NAME_WORDS];
}


/* Is the name among the members of this object? They are behind 'slot'. */
static int is_among(lua_State *L, int slot, int members, const char *s,
                    size_t len) {
  int i, found;
  for (i = 0; i < members; i++) {
    size_t n;
    const char *name = lua_tolstring(L, slot + 1 + 2 * i, &n);
    if (n == len && memcmp(name, s, len) == 0)
      return 1;
  }
  if (!lua_istable(L, slot))
    return 0;
  lua_pushlstring(L, s, len);
  lua_rawget(L, slot);
  found = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return found;
}


/* Moves what waits behind 'slot' into the table there, in its order. */
static void store(lua_State *L, int slot, int members) {
  int i;
  if (!lua_istable(L, slot)) {
    lua_createtable(L, 0, members);
    lua_replace(L, slot);
  }
  for (i = slot + 1; members > 0; members--, i += 2) {
    lua_pushvalue(L, i);
    lua_pushvalue(L, i + 1);
    lua_rawset(L, slot);
  }
  lua_settop(L, slot);
}


/* "name": value, pushed as two; *got is 0 when the value is null. */
static int read_member(struct reader *r, int slot, int members, int *got) {
  const char *name = r->p + 1;
  const char *close = *r->p == '"' ? plain_string(r) : NULL;
  uint64_t bit, *names;
  size_t len;
  if (!close)
    return 0;
  len = (size_t)(close - name);
  r->p = close + 1;
  skip_space(r);
  if (!take(r, ':'))
    return 0;
  names = name_bit(r, name, len, &bit);
  *got = *r->p != 'n' || !take_word(r, "null", 4);
  if (!*got)
    return !(*names & bit) || !is_among(r->L, slot, members, name, len);
  *names |= bit;
  lua_pushlstring(r->L, name, len);
  return read_value(r);
}


static int read_object(struct reader *r) {
  int members = 0, got;
  int slot = lua_gettop(r->L) + 1;
  lua_pushnil(r->L);  /* where the table will be */
  memset(r->names[r->depth], 0, sizeof(r->names[0]));
  r->p++;
  skip_space(r);
  if (*r->p != '}')
    do {
      if (!read_member(r, slot, members, &got))
        return 0;
      members += got;
      if (members == CHUNK) {
        store(r->L, slot, members);
        members = 0;
      }
      skip_space(r);
    } while (take(r, ','));
  store(r->L, slot, members);
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
      return take_word(r, "true", 4);
    case 'f':
      lua_pushboolean(r->L, 0);
      return take_word(r, "false", 5);
    case 'n':
      lua_pushlightuserdata(r->L, NULL);
      return take_word(r, "null", 4);
    default:
      return read_number(r);
  }
}


int po_json_plain(lua_State *L, const char *s, size_t len) {
  struct reader r;
  r.L = L;
  r.p = s;
  r.end = s + len;
  r.depth = 0;
  skip_space(&r);
  if ((*r.p != '{' && *r.p != '[') || !read_nested(&r))
    return 0;
  skip_space(&r);
  return r.p == r.end;
}
