/* SPDX-License-Identifier: MIT */
/*
** The private state of a sandbox server: the functions that run in it, and
** the ways into it from our threads.
*/
#include "lhttpd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lualib.h>

#define TICK 0.05   /* seconds between two calls of tick at most */


/* {====== Inside the private state: 'lock' is held ====== */

/* Every function there has as first upvalue a box with its server. */
static struct server *server_of(lua_State *L) {
  return *(struct server **)lua_touserdata(L, lua_upvalueindex(1));
}


/* The function 'name' of the module, which is the second upvalue. */
static void push_function(lua_State *L, const char *name) {
  lua_getfield(L, lua_upvalueindex(2), name);
  if (!lua_isfunction(L, -1))
    luaL_error(L, "the server's module has no function '%s'", name);
}


/*
** Headers twice: by lower-case name, several of one name joined by ", ",
** and as the lines that came. Leaves both tables on the stack.
*/
static void push_headers(lua_State *L, const struct po_exchange *x) {
  size_t i;
  lua_newtable(L);                        /* by name */
  lua_createtable(L, (int)x->nheaders, 0);  /* lines */
  for (i = 0; i < x->nheaders; i++) {
    const struct po_header *h = &x->headers[i];
    char *p;
    size_t n = strlen(h->name);
    char *name = lua_newuserdatauv(L, n + 1, 0);
    memcpy(name, h->name, n + 1);
    for (p = name; *p; p++)
      if (*p >= 'A' && *p <= 'Z')
        *p = (char)(*p - 'A' + 'a');
    lua_pushfstring(L, "%s: %s", h->name, h->value);
    lua_rawseti(L, -3, (int)i + 1);
    lua_getfield(L, -3, name);            /* by name, lines, name, earlier */
    if (lua_isnil(L, -1))
      lua_pushstring(L, h->value);
    else
      lua_pushfstring(L, "%s, %s", lua_tostring(L, -1), h->value);
    lua_setfield(L, -5, name);
    lua_pop(L, 2);
  }
}


/* A copy of the string at 'index', owned by the plan. */
static char *copy_string(lua_State *L, int index, size_t *len) {
  size_t n;
  const char *s = lua_tolstring(L, index, &n);
  char *copy;
  if (!s)
    luaL_error(L, "plan: string expected, got %s", luaL_typename(L, index));
  copy = malloc(n + 1);
  if (!copy)
    luaL_error(L, "not enough memory");
  memcpy(copy, s, n + 1);
  if (len)
    *len = n;
  return copy;
}


static double plan_number(lua_State *L, int t, const char *name, double def) {
  double n;
  lua_getfield(L, t, name);
  n = lua_isnil(L, -1) ? def : (double)luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return n;
}


static enum po_ending plan_ending(lua_State *L, int t) {
  static const char *const names[] = { "well", "reset", "close", "hang",
                                       NULL };
  int n;
  lua_getfield(L, t, "ending");
  n = lua_isnil(L, -1) ? 0 : luaL_checkoption(L, -1, NULL, names);
  lua_pop(L, 1);
  return (enum po_ending)n;
}


static void plan_headers(lua_State *L, int t, struct po_plan *p) {
  size_t i, n;
  lua_getfield(L, t, "headers");
  n = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
  if (n > 0) {
    p->headers = calloc(n, sizeof(*p->headers));
    if (!p->headers)
      luaL_error(L, "not enough memory");
  }
  for (i = 1; i <= n; i++) {
    lua_rawgeti(L, -1, (int)i);
    p->headers[p->nheaders] = copy_string(L, -1, NULL);
    p->nheaders++;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}


/* Read the plan table at 't'; what was read stays in 'p' on error. */
static void read_plan(lua_State *L, int t, struct po_plan *p) {
  luaL_checktype(L, t, LUA_TTABLE);
  p->status = (unsigned int)plan_number(L, t, "status", 200);
  p->delay = plan_number(L, t, "delay", 0);
  p->rate = plan_number(L, t, "rate", 0);
  p->length = (int64_t)plan_number(L, t, "length", -1);
  p->cut = (int64_t)plan_number(L, t, "cut", -1);
  p->ending = plan_ending(L, t);
  plan_headers(L, t, p);
  lua_getfield(L, t, "body");
  if (!lua_isnil(L, -1))
    p->body = copy_string(L, -1, &p->bodylen);
  lua_getfield(L, t, "again");
  if (!lua_isnil(L, -1))
    p->again = copy_string(L, -1, NULL);
}


static int p_serve(lua_State *L) {
  struct server *s = server_of(L);
  const struct po_exchange *x = s->x;
  if (!x) {
    push_function(L, "again");
    lua_pushstring(L, s->text);
    lua_call(L, 1, 1);
  }
  else {
    push_function(L, "handle");
    lua_pushstring(L, s->names[x->port]);
    lua_pushstring(L, x->method);
    lua_pushstring(L, x->target);
    push_headers(L, x);                   /* …, headers, lines */
    lua_pushlstring(L, x->body, x->bodylen);
    lua_insert(L, -2);                    /* …, headers, body, lines */
    lua_call(L, 6, 1);
  }
  read_plan(L, lua_gettop(L), s->plan);
  return 0;
}


static int p_call(lua_State *L) {
  struct server *s = server_of(L);
  const char *answer;
  size_t len;
  push_function(L, "call");
  lua_pushstring(L, s->name);
  lua_pushlstring(L, s->text, s->textlen);
  lua_call(L, 2, 2);
  s->answered = !lua_isnil(L, -2);
  answer = lua_tolstring(L, s->answered ? -2 : -1, &len);
  if (!answer)
    return luaL_error(L, "call '%s' answered with a %s", s->name,
                      luaL_typename(L, s->answered ? -2 : -1));
  if (po_buffer_add(&s->answer, answer, len) != PO_BUFFER_OK)
    return luaL_error(L, "not enough memory");
  return 0;
}


static int p_delivered(lua_State *L) {
  struct server *s = server_of(L);
  push_function(L, "delivered");
  lua_pushstring(L, s->name);
  if (s->status)
    lua_pushinteger(L, s->status);
  else
    lua_pushnil(L);
  lua_pushlstring(L, s->body, s->bodylen);
  lua_pushstring(L, s->message);
  lua_call(L, 4, 0);
  return 0;
}


static int p_tick(lua_State *L) {
  struct server *s = server_of(L);
  push_function(L, "tick");
  lua_call(L, 0, 1);
  s->next_tick = lua_isnumber(L, -1) ? (double)lua_tonumber(L, -1) : TICK;
  return 0;
}


/* host.deliver(id, url, headers, body, timeout) -> whether it was queued */
static int host_deliver(lua_State *L) {
  struct server *s = server_of(L);
  struct po_delivery d;
  const char **lines;
  size_t i;
  memset(&d, 0, sizeof(d));
  d.id = luaL_checkstring(L, 1);
  d.url = luaL_checkstring(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  d.body = luaL_checklstring(L, 4, &d.bodylen);
  d.timeout = (double)luaL_checknumber(L, 5);
  d.nheaders = lua_rawlen(L, 3);
  lines = lua_newuserdatauv(L, (d.nheaders + 1) * sizeof(*lines), 0);
  for (i = 0; i < d.nheaders; i++) {
    lua_rawgeti(L, 3, (int)i + 1);        /* stays in the table */
    lines[i] = luaL_checkstring(L, -1);
    lua_pop(L, 1);
  }
  d.headers = lines;
  lua_pushboolean(L, po_courier_send(s->courier, &d));
  return 1;
}


/* host.pending() -> deliveries whose result is still to come */
static int host_pending(lua_State *L) {
  struct server *s = server_of(L);
  lua_pushinteger(L, (lua_Integer)po_courier_pending(s->courier));
  return 1;
}


/* host.notify(): wake whoever is in server:wait */
static int host_notify(lua_State *L) {
  struct server *s = server_of(L);
  pthread_mutex_lock(&s->signal_lock);
  s->sequence++;
  pthread_cond_broadcast(&s->signal);
  pthread_mutex_unlock(&s->signal_lock);
  return 0;
}


static const luaL_Reg host_functions[] = {
  {"deliver", host_deliver},
  {"pending", host_pending},
  {"notify", host_notify},
  {NULL, NULL}
};


/* }================================ */


/* {====== Making it ====== */

static void set_string(lua_State *L, const char *name, const char *value) {
  if (!value)
    return;
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}


/* Libraries and search paths. */
static int p_setup(lua_State *L) {
  const struct po_setup *o = lua_touserdata(L, 1);
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  set_string(L, "path", o->path);
  set_string(L, "cpath", o->cpath);
  return 0;
}


struct preload {
  const char *name;
  lua_CFunction f;
};


static int p_preload(lua_State *L) {
  const struct preload *p = lua_touserdata(L, 1);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, p->f);
  lua_setfield(L, -2, p->name);
  return 0;
}


/* Box and module are at 2 and 3: make 'f' a closure over both. */
static void push_closure(lua_State *L, lua_CFunction f) {
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_pushcclosure(L, f, 2);
}


/* The closures in a table in the registry, for take_closures. */
static void make_closures(lua_State *L) {
  static const lua_CFunction closures[] = { p_serve, p_call, p_delivered,
                                            p_tick };
  int i;
  lua_newtable(L);
  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback");
  lua_rawseti(L, -3, TRACEBACK);
  lua_pop(L, 1);
  for (i = 0; i < 4; i++) {
    push_closure(L, closures[i]);
    lua_rawseti(L, -2, SERVE + i);
  }
  lua_setfield(L, LUA_REGISTRYINDEX, PO_SERVER);
}


/* The table that the module's 'open' gets beside its configuration. */
static void push_host(lua_State *L, const struct server *s) {
  int i;
  lua_newtable(L);
  for (i = 0; host_functions[i].name; i++) {
    push_closure(L, host_functions[i].func);
    lua_setfield(L, -2, host_functions[i].name);
  }
  lua_newtable(L);
  for (i = 0; i < s->nports; i++) {
    lua_pushinteger(L, s->ports[i]);
    lua_setfield(L, -2, s->names[i]);
  }
  lua_setfield(L, -2, "ports");
}


struct opening {
  struct server *s;
  const struct po_setup *o;
};


static int p_open(lua_State *L) {
  const struct opening *op = lua_touserdata(L, 1);
  lua_settop(L, 1);
  *(struct server **)lua_newuserdatauv(L, sizeof(op->s), 0) = op->s;
  lua_getglobal(L, "require");
  lua_pushstring(L, op->o->module);
  lua_call(L, 1, 1);
  luaL_checktype(L, 3, LUA_TTABLE);       /* op, box, module */
  make_closures(L);
  lua_getfield(L, 3, "open");
  lua_pushlstring(L, op->o->config, op->o->configlen);
  push_host(L, op->s);
  lua_call(L, 2, 0);
  return 0;
}


/* Call f(ud) in the private state, protected from the first byte on. */
static const char *protect(lua_State *L, lua_CFunction f, void *ud) {
  const char *message;
#if LUA_VERSION_NUM == 501
  if (lua_cpcall(L, f, ud) == LUA_OK)
    return NULL;
#else
  lua_pushcfunction(L, f);
  lua_pushlightuserdata(L, ud);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK)
    return NULL;
#endif
  message = lua_tostring(L, -1);
  return message ? message : "an error that is no string";
}


const char *po_private_new(struct server *s, const struct po_setup *o) {
  struct po_setup copy = *o;
  s->L = luaL_newstate();
  return s->L ? protect(s->L, p_setup, &copy) : "not enough memory";
}


const char *po_private_preload(struct server *s, const char *name,
                               lua_CFunction f) {
  struct preload p;
  p.name = name;
  p.f = f;
  return protect(s->L, p_preload, &p);
}


const char *po_private_open(struct server *s, const struct po_setup *o) {
  lua_State *L = s->L;
  struct opening op;
  const char *failed;
  int i;
  op.s = s;
  op.o = o;
  failed = protect(L, p_open, &op);
  if (failed)
    return failed;
  /* On the bare stack, where calls find them. None of this allocates. */
  lua_settop(L, 0);
  lua_getfield(L, LUA_REGISTRYINDEX, PO_SERVER);
  for (i = TRACEBACK; i <= TICKED; i++)
    lua_rawgeti(L, 1, i);
  lua_remove(L, 1);
  return NULL;
}

/* }================================ */


/* {====== Into the private state, from any of our threads ====== */

/* Call one of the closures; NULL or what went wrong. 'lock' is held. */
const char *po_enter(struct server *s, int which) {
  lua_State *L = s->L;
  const char *message;
  lua_pushvalue(L, which);
  if (lua_pcall(L, 0, 0, TRACEBACK) == LUA_OK)
    return NULL;
  message = lua_tostring(L, -1);
  return message ? message : "an error that is no string";
}


void po_leave(struct server *s) {
  lua_settop(s->L, TICKED);
  pthread_mutex_unlock(&s->lock);
}


/* The handler failed: say so to whoever asked. */
static void error_plan(struct po_plan *p, const char *message) {
  po_plan_reset(p);
  p->status = 500;
  p->body = strdup(message);
  if (p->body)
    p->bodylen = strlen(p->body);
}


/* po_httpd_handler */
void po_on_exchange(void *ud, const struct po_exchange *x,
                        const char *token, struct po_plan *plan) {
  struct server *s = ud;
  const char *failed;
  pthread_mutex_lock(&s->lock);
  s->x = x;
  s->text = token;
  s->plan = plan;
  failed = po_enter(s, SERVE);
  if (failed)
    error_plan(plan, failed);
  po_leave(s);
}


/* po_courier_done. What goes wrong here is the module's own to note. */
void po_on_delivered(void *ud, const char *id, int status,
                         const char *body, size_t bodylen,
                         const char *message) {
  struct server *s = ud;
  pthread_mutex_lock(&s->lock);
  s->name = id;
  s->status = status;
  s->body = body;
  s->bodylen = bodylen;
  s->message = message;
  po_enter(s, DELIVERED);
  po_leave(s);
}


/* A point on the monotonic clock, 'seconds' from now. */
struct timespec po_from_now(double seconds) {
  struct timespec t;
  double whole;
  clock_gettime(CLOCK_MONOTONIC, &t);
  seconds += (double)t.tv_nsec / 1e9;
  whole = floor(seconds);
  t.tv_sec += (time_t)whole;
  t.tv_nsec = (long)((seconds - whole) * 1e9);
  return t;
}


/* The thread that lets the module's clock run with the real one. */
void *po_run_clock(void *ud) {
  struct server *s = ud;
  double next;
  pthread_mutex_lock(&s->signal_lock);
  while (!s->stopping) {
    struct timespec t;
    pthread_mutex_unlock(&s->signal_lock);
    pthread_mutex_lock(&s->lock);
    s->next_tick = TICK;
    po_enter(s, TICKED);
    next = fmin(fmax(s->next_tick, 0.001), TICK);
    po_leave(s);
    t = po_from_now(next);
    pthread_mutex_lock(&s->signal_lock);
    while (!s->stopping &&
           pthread_cond_timedwait(&s->signal, &s->signal_lock, &t) == 0)
      continue;                           /* woken by host.notify */
  }
  pthread_mutex_unlock(&s->signal_lock);
  return NULL;
}

/* }================================ */
