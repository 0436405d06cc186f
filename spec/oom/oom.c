/* SPDX-License-Identifier: MIT */
/*
** The Lua module 'oom': makes allocations fail, one by one.
**
** Three ways in, of which one is armed at a time:
**   "lua"  the allocator of the lua_State (watch, fresh)
**   "core" what our own C asks for, in modules linked with wrap.c
**   "all"  every malloc of the process but the interpreter's, lua-cjson's and
**          libgcc's, in modules as they are (with OOM_INTERPOSE, preloaded)
** Allocations are counted from arming on, whichever thread makes them; the
** n-th fails, and as many after it as 'span' says.
*/
#include "oom.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <compat.h>
#include <lualib.h>

enum { NONE, LUA, CORE, ALL };

static struct {
  int way;                  /* atomic */
  long count;               /* atomic; since armed */
  long first, span;
  long hits;                /* atomic; how many failed */
} armed;


/* 1 when the allocation that is being made this way is to fail. */
static int fails(int way) {
  long n;
  if (__atomic_load_n(&armed.way, __ATOMIC_ACQUIRE) != way)
    return 0;
  n = __atomic_add_fetch(&armed.count, 1, __ATOMIC_ACQ_REL);
  if (n < armed.first || n - armed.first >= armed.span)
    return 0;
  __atomic_add_fetch(&armed.hits, 1, __ATOMIC_ACQ_REL);
  return 1;
}


OOM_SHOW int oom_fails(void) {
  return fails(CORE);
}


static void arm(int way, long first, long span) {
  armed.first = first;
  armed.span = span;
  armed.count = armed.hits = 0;
  __atomic_store_n(&armed.way, way, __ATOMIC_RELEASE);
}


static void disarm(void) {
  __atomic_store_n(&armed.way, NONE, __ATOMIC_RELEASE);
}


#if defined(OOM_INTERPOSE)

/* {====== Every malloc of the process ====== */

#include <link.h>

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static char *(*next_strdup)(const char *);

/* Code whose mallocs are spared: where it lies. */
#define MAX_SPARED 16
static struct { uintptr_t from, to; } spared[MAX_SPARED];
static int nspared;


static int add_spared(struct dl_phdr_info *o, size_t size, void *ud) {
  const char *name = o->dlpi_name;
  int i;
  (void)size; (void)ud;
  /* the interpreter (its name is ""), lua-cjson, which ends the process, and
     libgcc, where LuaJIT's compiler goes without a look at what it gets */
  if (name[0] != '\0' && !strstr(name, "cjson") && !strstr(name, "lua5") &&
      !strstr(name, "luajit") && !strstr(name, "libgcc"))
    return 0;
  for (i = 0; i < o->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &o->dlpi_phdr[i];
    if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) || nspared == MAX_SPARED)
      continue;
    spared[nspared].from = o->dlpi_addr + p->p_vaddr;
    spared[nspared].to = spared[nspared].from + p->p_memsz;
    nspared++;
  }
  return 0;
}


static void look_around(void) {
  nspared = 0;
  dl_iterate_phdr(add_spared, NULL);
}


static int is_spared(const void *caller) {
  uintptr_t at = (uintptr_t)caller;
  int i;
  for (i = 0; i < nspared; i++)
    if (at >= spared[i].from && at < spared[i].to)
      return 1;
  return 0;
}


#define DENIED \
  (__atomic_load_n(&armed.way, __ATOMIC_ACQUIRE) == ALL && \
   !is_spared(__builtin_return_address(0)) && fails(ALL) && \
   (errno = ENOMEM, 1))

/* ISO C knows no conversion between the two kinds of pointers. */
#define FIND(f, name) \
  do { void *p = dlsym(RTLD_NEXT, name); memcpy(&f, &p, sizeof(p)); } while (0)

OOM_SHOW void *malloc(size_t n) {
  if (!next_malloc)
    FIND(next_malloc, "malloc");
  return DENIED ? NULL : next_malloc(n);
}


OOM_SHOW void *calloc(size_t n, size_t size) {
  if (!next_calloc)
    FIND(next_calloc, "calloc");
  return DENIED ? NULL : next_calloc(n, size);
}


OOM_SHOW void *realloc(void *p, size_t n) {
  if (!next_realloc)
    FIND(next_realloc, "realloc");
  return DENIED ? NULL : next_realloc(p, n);
}


OOM_SHOW char *strdup(const char *s) {
  if (!next_strdup)
    FIND(next_strdup, "strdup");
  return DENIED ? NULL : next_strdup(s);
}

/* }====================================== */

#else

static void look_around(void) {
}

#endif


/* {====== The allocator of a state ====== */

struct watched {
  lua_Alloc f;              /* NULL: malloc and free */
  void *ud;
};


/* Lua counts on a block being made smaller without fail. */
static void *allocate(void *ud, void *p, size_t old, size_t size) {
  struct watched *w = ud;
  if (size > (p ? old : 0) && fails(LUA))
    return NULL;
  if (w->f)
    return w->f(w->ud, p, old, size);
  if (size > 0)
    return realloc(p, size);
  free(p);
  return NULL;
}


/* watch(): from now on the allocator of this state can be made to fail. */
static int l_watch(lua_State *L) {
  static struct watched own;
  if (!own.f) {
    own.f = lua_getallocf(L, &own.ud);
    lua_setallocf(L, allocate, &own);
  }
  return 0;
}

/* }=================================== */


static const char *const ways[] = { "none", "lua", "core", "all", NULL };


/*
** try(way, n, span, fn) -> ok, message, how many failed, how many there were
** Runs fn with the n-th allocation failing, and those of the span after it;
** span 0 stands for all after it.
*/
static int l_try(lua_State *L) {
  int way = luaL_checkoption(L, 1, NULL, ways);
  long n = (long)luaL_checknumber(L, 2);
  long span = (long)luaL_checknumber(L, 3);
  int ok;
  luaL_checktype(L, 4, LUA_TFUNCTION);
  lua_settop(L, 4);
  look_around();
  arm(way, n, span > 0 ? span : LONG_MAX);
  ok = lua_pcall(L, 0, 0, 0) == LUA_OK;
  disarm();
  lua_pushboolean(L, ok);
  if (ok)
    lua_pushnil(L);
  else
    lua_pushvalue(L, 4);
  lua_pushnumber(L, (lua_Number)armed.hits);
  lua_pushnumber(L, (lua_Number)armed.count);
  return 4;
}


/* arm(way, n, span): for what fn of 'try' starts and others carry out. */
static int l_arm(lua_State *L) {
  int way = luaL_checkoption(L, 1, NULL, ways);
  long span = (long)luaL_checknumber(L, 3);
  look_around();
  arm(way, (long)luaL_checknumber(L, 2), span > 0 ? span : LONG_MAX);
  return 0;
}


/* Runs a chunk in 'S'; NULL, or what it said. Allocates nothing unprotected. */
static const char *run(lua_State *S, int index) {
  lua_pushvalue(S, index);
  return lua_pcall(S, 0, 0, 0) == LUA_OK ? NULL
         : lua_tostring(S, -1) ? lua_tostring(S, -1) : "no message";
}


/*
** fresh(n, span, chunk, verify) -> message | nil, how many failed, problem
** Makes a state, runs the chunk in it with failing allocations, then the
** verification without. 'problem': what is wrong after all, or nil.
*/
static int l_fresh(lua_State *L) {
  struct watched w = { NULL, NULL };
  long n = (long)luaL_checknumber(L, 1);
  long span = (long)luaL_checknumber(L, 2);
  const char *chunk = luaL_checkstring(L, 3);
  const char *verify = luaL_checkstring(L, 4);
  const char *said, *problem = NULL;
  lua_State *S = lua_newstate(allocate, &w);
  if (!S)
    return luaL_error(L, "no state");
  luaL_openlibs(S);
  if (luaL_loadstring(S, chunk) != LUA_OK || luaL_loadstring(S, verify) != LUA_OK)
    problem = lua_tostring(S, -1);
  arm(LUA, n, span > 0 ? span : LONG_MAX);
  said = problem ? NULL : run(S, 1);
  disarm();
  lua_pushstring(L, said);
  lua_pushnumber(L, (lua_Number)armed.hits);
  if (!problem)
    problem = run(S, 2);
  lua_pushstring(L, problem);
  lua_close(S);
  return 3;
}


/* leaks(): has LeakSanitizer, where it is there, look now; true when fine. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static int l_leaks(lua_State *L) {
  lua_pushboolean(L, !__lsan_do_recoverable_leak_check ||
                     __lsan_do_recoverable_leak_check() == 0);
  return 1;
}


/* pin(file): a module stays loaded, so that reports of it can name it. */
static int l_pin(lua_State *L) {
  lua_pushboolean(L, dlopen(luaL_checkstring(L, 1),
                            RTLD_LAZY | RTLD_NODELETE) != NULL);
  return 1;
}


static const luaL_Reg functions[] = {
  {"watch", l_watch},
  {"try", l_try},
  {"arm", l_arm},
  {"fresh", l_fresh},
  {"leaks", l_leaks},
  {"pin", l_pin},
  {NULL, NULL}
};

PO_EXPORT int luaopen_oom(lua_State *L);


int luaopen_oom(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
