/*
** A server with many lua_States: each arena of a game runs in a state of its
** own, on a thread of its own, at 20 ticks a second. All of them share one
** engine: one background thread for the whole process speaks to PortOne, and
** no arena waits for another.
**
** Usage: eval "$(make -s env LUA=5.4)"
**        cc -o build/many_states examples/many_states/server.c \
**          $(pkg-config --cflags --libs lua5.4) -lpthread
**        build/many_states examples/many_states/arena.lua [arenas]
**
** A program that links Lua statically takes libportone.a: make static.
*/
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

enum { MOST = 64 };

static const char *file;
static char settings[1024];  /* what PortOne this is; set before the threads */


/*
** Runs a function of the Lua file: what it returns is the number of things
** bought, or a text. 0 when it failed.
*/
static int call(lua_State *L, const char *function, int number) {
  luaL_openlibs(L);
  if (luaL_loadfile(L, file) != 0 || lua_pcall(L, 0, 1, 0) != 0)
    return 0;
  lua_getfield(L, -1, function);
  lua_pushinteger(L, number);
  lua_pushstring(L, settings);
  return lua_pcall(L, 2, 1, 0) == 0;
}


static void *arena(void *ud) {
  int *number = ud;
  lua_State *L = luaL_newstate();
  if (L && call(L, "run", *number)) {
    *number = (int)lua_tointeger(L, -1);
  } else {
    fprintf(stderr, "arena %d: %s\n", *number, L ? lua_tostring(L, -1) : "");
    *number = 0;
  }
  if (L)
    lua_close(L);
  return NULL;
}


int main(int argc, char **argv) {
  pthread_t threads[MOST];
  int numbers[MOST], i, sum = 0;
  int n = argc > 2 ? atoi(argv[2]) : 8;
  lua_State *L = luaL_newstate();
  if (argc < 2 || n < 1 || n > MOST || !L)
    return 2;
  file = argv[1];
  if (!call(L, "open", n)) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    return 1;
  }
  strncpy(settings, lua_tostring(L, -1), sizeof(settings) - 1);
  for (i = 0; i < n; i++) {
    numbers[i] = i + 1;
    if (pthread_create(&threads[i], NULL, arena, &numbers[i]) != 0)
      return 2;
  }
  for (i = 0; i < n; i++) {
    pthread_join(threads[i], NULL);
    sum += numbers[i];
  }
  printf("%d arenas sold %d items\n", n, sum);
  lua_close(L);  /* the sandbox goes with its state */
  return 0;
}
