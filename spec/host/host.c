/* SPDX-License-Identifier: MIT */
/*
** A program that links Lua and portone statically, as a game server might:
** runs a Lua file in fresh lua_States, on many threads at once.
**
**   host FILE THREADS ROUNDS ARGUMENT...
**
** The file gets the thread's number, the round and the arguments. With 0
** threads it runs once, on the main thread. It has a table 'host' with what
** Lua itself cannot do.
*/
#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

int luaopen_portone(lua_State *L);

static const char *file;
static int rounds, nargs;
static char **args;


/* {====== DNS that hangs ====== */

static int hang;  /* seconds; atomic */

/* In the place of libc's: a name that begins with "hang" takes its time. */
int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **res) {
  typedef int (*fn)(const char *, const char *, const struct addrinfo *,
                    struct addrinfo **);
  union { void *object; fn function; } real;
  if (node && strncmp(node, "hang", 4) == 0) {
    sleep((unsigned)__atomic_load_n(&hang, __ATOMIC_RELAXED));
    return EAI_AGAIN;
  }
  real.object = dlsym(RTLD_NEXT, "getaddrinfo");
  return real.function(node, service, hints, res);
}


static int host_dns(lua_State *L) {
  __atomic_store_n(&hang, (int)luaL_checkinteger(L, 1), __ATOMIC_RELAXED);
  return 0;
}

/* }============================ */


/* {====== The table 'host' ====== */

static int host_fork(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)fork());
  return 1;
}


/* host.wait(pid) -> how the process ended: 0, or not */
static int host_wait(lua_State *L) {
  int status = 0;
  waitpid((pid_t)luaL_checkinteger(L, 1), &status, 0);
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : 128);
  return 1;
}


static int entries_of(const char *path) {
  DIR *d = opendir(path);
  int n = 0;
  if (d) {
    while (readdir(d))
      n++;
    closedir(d);
  }
  return n - 2;
}


/* The listing itself has a descriptor open. */
static int host_descriptors(lua_State *L) {
  lua_pushinteger(L, entries_of("/proc/self/fd") - 1);
  return 1;
}


static int host_threads(lua_State *L) {
  lua_pushinteger(L, entries_of("/proc/self/task"));
  return 1;
}


static const luaL_Reg functions[] = {
  {"dns", host_dns},
  {"fork", host_fork},
  {"wait", host_wait},
  {"descriptors", host_descriptors},
  {"threads", host_threads},
  {NULL, NULL}
};


static void open_host(lua_State *L) {
  const luaL_Reg *r;
  lua_newtable(L);
  for (r = functions; r->name; r++) {
    lua_pushcfunction(L, r->func);
    lua_setfield(L, -2, r->name);
  }
  lua_setglobal(L, "host");
}

/* }============================== */


/* 1 when the file ran to its end. */
static int run_once(int number, int round) {
  lua_State *L = luaL_newstate();
  int i, ok;
  if (!L)
    return 0;
  luaL_openlibs(L);
  open_host(L);
  lua_pushcfunction(L, luaopen_portone);
  ok = lua_pcall(L, 0, 0, 0) == 0 && luaL_loadfile(L, file) == 0;
  if (ok) {
    lua_pushinteger(L, number);
    lua_pushinteger(L, round);
    for (i = 0; i < nargs; i++)
      lua_pushstring(L, args[i]);
    ok = lua_pcall(L, 2 + nargs, 0, 0) == 0;
  }
  if (!ok)
    fprintf(stderr, "thread %d, round %d: %s\n", number, round,
            lua_tostring(L, -1));
  lua_close(L);
  return ok;
}


static void *run(void *ud) {
  const int *number = ud;
  int round;
  for (round = 1; round <= rounds; round++)
    if (!run_once(*number, round))
      return ud;
  return NULL;
}


int main(int argc, char **argv) {
  enum { MOST = 64 };
  pthread_t threads[MOST];
  int numbers[MOST], i, n, bad = 0;
  if (argc < 4)
    return 2;
  file = argv[1];
  n = atoi(argv[2]);
  rounds = atoi(argv[3]);
  args = argv + 4;
  nargs = argc - 4;
  if (n == 0)
    return run_once(0, 1) ? 0 : 1;
  if (n > MOST)
    return 2;
  for (i = 0; i < n; i++) {
    numbers[i] = i + 1;
    if (pthread_create(&threads[i], NULL, run, &numbers[i]) != 0)
      return 2;
  }
  for (i = 0; i < n; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    bad += failed != NULL;
  }
  return bad != 0;
}
