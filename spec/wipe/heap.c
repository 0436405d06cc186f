/* SPDX-License-Identifier: MIT */
/*
** The Lua module 'heap', preloaded: watches every block of memory that
** portone.core asks for, and looks for a text in it when it is given back,
** or while it is in use. Told apart by who calls malloc: what Lua, libcurl
** and OpenSSL keep in theirs is not looked at.
**
** With KEEP in the environment nothing is overwritten (OPENSSL_cleanse does
** nothing): then the text must be found.
*/
#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>

#define SHOW __attribute__((visibility("default")))
#define PLACES 65536            /* a power of two */

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static char *(*next_strdup)(const char *);
static void (*next_free)(void *);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uintptr_t from, to;      /* where the code of portone.core lies */
static char needle[64];
static void *blocks[PLACES];    /* in use; 1 stands for one that is gone */
static long taken, left;        /* blocks; with the text in them, given back */

#define GONE ((void *)1)

#define FIND(f, name) \
  do { void *found = dlsym(RTLD_NEXT, name); memcpy(&f, &found, sizeof(f)); } while (0)


static void **place_of(void *p, int empty) {
  size_t i = ((uintptr_t)p >> 4) * 2654435761u % PLACES, n;
  for (n = 0; n < PLACES; n++, i = (i + 1) % PLACES) {
    if (blocks[i] == p || (empty && blocks[i] == GONE))
      return &blocks[i];
    if (!blocks[i])
      return empty ? &blocks[i] : NULL;
  }
  return NULL;
}


/* A new block whose first n bytes count; others' old words go from the rest. */
static void *note(void *p, size_t n, const void *caller) {
  uintptr_t at = (uintptr_t)caller;
  void **place;
  if (!p || at < from || at >= to)
    return p;
  memset((char *)p + n, 0, malloc_usable_size(p) - n);
  pthread_mutex_lock(&lock);
  place = place_of(p, 1);
  if (place)
    *place = p;
  taken++;
  pthread_mutex_unlock(&lock);
  return p;
}


static int holds(void *p) {
  return memmem(p, malloc_usable_size(p), needle, strlen(needle)) != NULL;
}


static void look(void *p) {
  void **place;
  if (!p || from == to)
    return;
  pthread_mutex_lock(&lock);
  place = place_of(p, 0);
  if (place) {
    *place = GONE;
    left += holds(p);
  }
  pthread_mutex_unlock(&lock);
}


#define CALLER __builtin_return_address(0)

SHOW void *malloc(size_t n) {
  if (!next_malloc)
    FIND(next_malloc, "malloc");
  return note(next_malloc(n), 0, CALLER);
}


SHOW void *calloc(size_t n, size_t size) {
  if (!next_calloc)
    FIND(next_calloc, "calloc");
  return note(next_calloc(n, size), 0, CALLER);
}


SHOW void *realloc(void *p, size_t n) {
  if (!next_realloc)
    FIND(next_realloc, "realloc");
  look(p);
  return note(next_realloc(p, n), n, CALLER);
}


SHOW char *strdup(const char *s) {
  if (!next_strdup)
    FIND(next_strdup, "strdup");
  return note(next_strdup(s), strlen(s), CALLER);
}


SHOW void free(void *p) {
  if (!next_free)
    FIND(next_free, "free");
  look(p);
  next_free(p);
}


/* In the place of libcrypto's. */
SHOW void OPENSSL_cleanse(void *p, size_t n) {
  if (!getenv("KEEP"))
    explicit_bzero(p, n);
}


static int find_core(struct dl_phdr_info *o, size_t size, void *ud) {
  int i;
  (void)size; (void)ud;
  if (!strstr(o->dlpi_name, "portone/core.so"))
    return 0;
  for (i = 0; i < o->dlpi_phnum; i++)
    if (o->dlpi_phdr[i].p_type == PT_LOAD && (o->dlpi_phdr[i].p_flags & PF_X)) {
      from = o->dlpi_addr + o->dlpi_phdr[i].p_vaddr;
      to = from + o->dlpi_phdr[i].p_memsz;
    }
  return 1;
}


/* watch(text): from now on; portone.core is loaded. */
static int l_watch(lua_State *L) {
  strncpy(needle, luaL_checkstring(L, 1), sizeof(needle) - 1);
  dl_iterate_phdr(find_core, NULL);
  lua_pushboolean(L, to > from);
  return 1;
}


/* counts() -> blocks taken, given back with the text, in use with the text */
static int l_counts(lua_State *L) {
  long used = 0;
  size_t i;
  pthread_mutex_lock(&lock);
  for (i = 0; i < PLACES; i++)
    used += blocks[i] && blocks[i] != GONE && holds(blocks[i]);
  pthread_mutex_unlock(&lock);
  lua_pushnumber(L, (lua_Number)taken);
  lua_pushnumber(L, (lua_Number)left);
  lua_pushnumber(L, (lua_Number)used);
  return 3;
}


SHOW int luaopen_heap(lua_State *L);

int luaopen_heap(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, l_watch);
  lua_setfield(L, -2, "watch");
  lua_pushcfunction(L, l_counts);
  lua_setfield(L, -2, "counts");
  return 1;
}
