/* SPDX-License-Identifier: MIT */
/*
** JSON both ways. The first byte says which:
** - a text is read; what was read and can be written, reads back the same,
**   and beside a fraction, which makes it the codec's, it is read alike;
** - a value is made of the bytes, with everything in it that Lua has; what
**   is written of it reads back the same.
** Never an error, but nil and a word (and a path).
*/
#include "support.h"

#include <string.h>

#define MAX_DEPTH 90        /* deeper than may be written */
#define MAX_ITEMS 12

static const char chunk[] =
  "local function is_number(a, b)\n"
  "  if a == b then return true end\n"
  "  return math.abs(a - b) <= math.abs(a) * 1e-14\n"
  "end\n"
  "local function same(a, b)\n"
  "  if type(a) ~= type(b) then return false end\n"
  "  if type(a) == 'number' then return is_number(a, b) end\n"
  "  if type(a) ~= 'table' then return a == b end\n"
  "  for k, v in pairs(a) do\n"
  "    if v == core.null and b[k] == nil and type(k) == 'string' then v = nil end\n"
  "    if v ~= b[k] and not same(v, b[k]) then return false end\n"
  "  end\n"
  "  for k in pairs(b) do if a[k] == nil then return false end end\n"
  "  return true\n"
  "end\n"
  "local function there_and_back(value)\n"
  "  local text, problem, path = core.json_encode(value)\n"
  "  if not text then\n"
  "    assert(type(problem) == 'string' and type(path) == 'string', 'no word')\n"
  "    return\n"
  "  end\n"
  "  local back, word = core.json_decode(text)\n"
  "  assert(back ~= nil, (word or '') .. text)\n"
  "  assert(same(value, back), text)\n"
  "end\n"
  "return function(text, value)\n"
  "  if not text then return there_and_back(value) end\n"
  "  local read, word = core.json_decode(text)\n"
  "  if read == nil then return assert(type(word) == 'string', 'no word') end\n"
  "  local other = core.json_decode('[' .. text .. ',0.5]')\n"
  "  local _, deep = text:gsub('[[{]', '')  -- only the list around it is too much\n"
  "  assert(other or deep > 100, 'read, but not by the codec: ' .. text)\n"
  "  assert(not other or same(read, other[1]), 'read otherwise: ' .. text)\n"
  "  there_and_back(read)\n"
  "end";


static void push_value(lua_State *L, struct po_bytes *b, int depth);


static void push_text(lua_State *L, struct po_bytes *b) {
  size_t n = po_take(b) % 40;
  n = n < b->left ? n : b->left;
  lua_pushlstring(L, (const char *)b->at, n);
  b->at += n;
  b->left -= n;
}


static void push_number(lua_State *L, struct po_bytes *b, int kind) {
  double x;
  uint64_t bits = 0;
  int i;
  if (kind == 0) {
    lua_pushinteger(L, (lua_Integer)po_take(b) - 100);
    return;
  }
  for (i = 0; i < 8; i++)
    bits = bits << 8 | po_take(b);
  memcpy(&x, &bits, sizeof(x));
  if (kind == 1)
    lua_pushnumber(L, x);
  else if (kind == 2)
    lua_pushnumber(L, (double)(int64_t)bits / 100);
  else
    lua_pushinteger(L, (lua_Integer)(int64_t)bits);
}


/* A list, an object, or what is neither. */
static void push_table(lua_State *L, struct po_bytes *b, int depth) {
  unsigned int kind = po_take(b);
  unsigned int i, n = (kind >> 4) % MAX_ITEMS;
  lua_newtable(L);
  for (i = 1; i <= n && b->left > 0; i++) {
    if (kind % 4 == 0)
      lua_pushinteger(L, (lua_Integer)i);
    else if (kind % 4 == 1)
      push_text(L, b);
    else if (kind % 4 == 2)
      push_number(L, b, (int)(po_take(b) % 4));
    else
      lua_pushboolean(L, 1);
    if (lua_type(L, -1) == LUA_TNUMBER &&
        lua_tonumber(L, -1) != lua_tonumber(L, -1)) {  /* no key at all */
      lua_pop(L, 1);
      continue;
    }
    push_value(L, b, depth + 1);
    lua_rawset(L, -3);
  }
  if (kind & 8) {
    lua_getglobal(L, "core");
    lua_getfield(L, -1, "array_mt");
    lua_setmetatable(L, -3);
    lua_pop(L, 1);
  }
}


static void push_value(lua_State *L, struct po_bytes *b, int depth) {
  unsigned int kind = po_take(b) % 12;
  CHECK(lua_checkstack(L, 10));
  if (kind < 4)
    push_number(L, b, (int)kind);
  else if (kind < 7)
    push_text(L, b);
  else if (kind < 10 && depth < MAX_DEPTH)
    push_table(L, b, depth);
  else if (kind == 10)
    lua_pushlightuserdata(L, NULL);
  else
    lua_pushboolean(L, (int)(po_take(b) & 1));
}


/*
** Does the input hold the mark of ljson.c? Nobody can know those 128 random
** bits but libFuzzer, which watches memcmp.
*/
static int knows(lua_State *L, const char *function, const uint8_t *data,
                 size_t size) {
  size_t n = 0;
  const char *mark;
  int yes;
  lua_getglobal(L, "core");
  lua_getfield(L, -1, function);
  CHECK(lua_getupvalue(L, -1, 2));
  mark = lua_tolstring(L, -1, &n);
  yes = mark && memmem(data, size, mark, n) != NULL;
  lua_pop(L, 3);
  return yes;
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct po_bytes b = { data, size };
  lua_State *L = po_fuzz_state(chunk);
  if (knows(L, "json_encode", data, size) ||
      knows(L, "json_decode", data, size))
    return 0;
  if (po_take(&b) % 2 == 0) {
    lua_pushlstring(L, (const char *)b.at, b.left);
    po_fuzz_call(L, 1);
  }
  else {
    lua_pushnil(L);
    push_value(L, &b, 0);
    po_fuzz_call(L, 2);
  }
  return 0;
}
