/* SPDX-License-Identifier: MIT */
/*
** The module 'portone.sandbox.httpd': HTTP servers on loopback whose
** handler is a Lua module in a Lua state of its own.
**
** Design
**   A server userdata in the user's state owns a second, private state.
**   In it lives one module, named by the user, that answers requests:
**     open(config, host)    once, before anything else; 'host' is below
**     handle(port, method, target, headers, body, lines) -> plan
**     again(token) -> plan  for a plan that said 'again'
**     call(name, text) -> text | nil, message    for server:call
**     delivered(id, status|nil, body, message)   for host.deliver
**     tick() -> seconds until it wants to be called again, or nil
**   Threads that enter it: one per port and the pacer (httpd.c), the
**   courier (courier.c), the clock below, and the user's own thread in
**   server:call. None but the user's own ever touches the user's state.
**
** Locking
**   'lock' is held whenever the private state is touched. Nothing waits
**   while it is held: late answers wait in httpd.c, deliveries in
**   courier.c, and server:idle and server:wait wait without it. The locks
**   of httpd.c and courier.c, and 'signal_lock', are leaves below it.
**
** Stack of the private state, between calls
**   1 traceback, 2 serve, 3 call, 4 delivered, 5 tick: closures made once,
**   so that a call needs no memory before it is protected. What goes in
**   and out passes through the fields of struct server marked 'args'.
**
** Shutdown
**   stop ends the clock, the ports, the courier, in that order, each joined
**   without holding 'lock', and then closes the private state. In a child
**   of fork, where those threads do not exist, stop only forgets.
*/
#include "lhttpd.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BODY   (16.0 * 1024 * 1024)
#define MAX_ANSWER (1024u * 1024u * 1024u)


/* {====== The server userdata, in the user's state ====== */

static struct server *toserver(lua_State *L) {
  struct server *s = luaL_checkudata(L, 1, PO_SERVER);
  if (!s->open)
    luaL_error(L, "attempt to use a stopped server");
  if (s->owner != getpid())  /* its threads are not here, its locks may be held */
    luaL_error(L, "attempt to use the server of another process");
  return s;
}


/* End what runs, in the order of the comment on top. */
static void stop(struct server *s) {
  if (!s->open)
    return;
  s->open = 0;
  if (s->owner != getpid())
    return;
  if (s->clock_runs) {
    pthread_mutex_lock(&s->signal_lock);
    s->stopping = 1;
    pthread_cond_broadcast(&s->signal);
    pthread_mutex_unlock(&s->signal_lock);
    pthread_join(s->clock, NULL);
  }
  if (s->http)
    po_httpd_stop(s->http);
  if (s->courier)
    po_courier_stop(s->courier);
  if (s->L)
    lua_close(s->L);
  po_buffer_free(&s->answer);
  pthread_cond_destroy(&s->signal);
  pthread_mutex_destroy(&s->signal_lock);
  pthread_mutex_destroy(&s->lock);
}


static int server_stop(lua_State *L) {
  stop(luaL_checkudata(L, 1, PO_SERVER));
  return 0;
}


static int server_tostring(lua_State *L) {
  const struct server *s = luaL_checkudata(L, 1, PO_SERVER);
  lua_pushfstring(L, "%s (%s)", PO_SERVER, s->open ? "running" : "stopped");
  return 1;
}


/* server:port(name) -> number */
static int server_port(lua_State *L) {
  struct server *s = toserver(L);
  const char *name = luaL_checkstring(L, 2);
  int i;
  for (i = 0; i < s->nports; i++)
    if (strcmp(s->names[i], name) == 0) {
      lua_pushinteger(L, s->ports[i]);
      return 1;
    }
  return luaL_argerror(L, 2, "no port of that name");
}


/* server:call(name, text) -> text | nil, message */
static int server_call(lua_State *L) {
  struct server *s = toserver(L);
  const char *name = luaL_checkstring(L, 2);
  size_t len;
  const char *text = luaL_optlstring(L, 3, "", &len);
  const char *failed;
  po_buffer_reset(&s->answer);
  pthread_mutex_lock(&s->lock);
  s->name = name;
  s->text = text;
  s->textlen = len;
  s->answered = 0;
  failed = po_enter(s, CALL);
  if (failed) {
    s->answered = 0;
    po_buffer_reset(&s->answer);
    po_buffer_add(&s->answer, failed, strlen(failed));
  }
  po_leave(s);
  if (!s->answered) {
    luaL_pushfail(L);
    if (s->answer.len == 0)  /* there was none even to say so */
      lua_pushliteral(L, "not enough memory");
    else
      lua_pushlstring(L, s->answer.data, s->answer.len);
    return 2;
  }
  lua_pushlstring(L, s->answer.len ? s->answer.data : "", s->answer.len);
  return 1;
}


/* server:idle(timeout) -> whether all deliveries have been attempted */
static int server_idle(lua_State *L) {
  struct server *s = toserver(L);
  lua_Number timeout = luaL_optnumber(L, 2, 0);
  luaL_argcheck(L, timeout >= 0 && timeout < 1e9, 2, "seconds expected");
  lua_pushboolean(L, po_courier_wait(s->courier, (double)timeout));
  return 1;
}


/*
** server:wait(sequence, timeout) -> sequence, as soon as it differs from
** the one given or the time is over; server:wait() tells it at once.
*/
static int server_wait(lua_State *L) {
  struct server *s = toserver(L);
  lua_Number known = luaL_optnumber(L, 2, -1);
  lua_Number timeout = luaL_optnumber(L, 3, 0);
  struct timespec t;
  int late = 0;
  luaL_argcheck(L, timeout >= 0 && timeout < 1e9, 3, "seconds expected");
  t = po_from_now((double)timeout);
  pthread_mutex_lock(&s->signal_lock);
  while ((lua_Number)s->sequence == known && !late)
    late = pthread_cond_timedwait(&s->signal, &s->signal_lock, &t) != 0;
  known = (lua_Number)s->sequence;
  pthread_mutex_unlock(&s->signal_lock);
  lua_pushnumber(L, known);
  return 1;
}


/* server:stats() -> { requests, connections, open, parked, peak } */
static int server_stats(lua_State *L) {
  struct server *s = toserver(L);
  struct po_httpd_stats st;
  po_httpd_stats(s->http, &st);
  lua_createtable(L, 0, 5);
  lua_pushinteger(L, (lua_Integer)st.requests);
  lua_setfield(L, -2, "requests");
  lua_pushinteger(L, (lua_Integer)st.connections);
  lua_setfield(L, -2, "connections");
  lua_pushinteger(L, (lua_Integer)st.open);
  lua_setfield(L, -2, "open");
  lua_pushinteger(L, (lua_Integer)st.parked);
  lua_setfield(L, -2, "parked");
  lua_pushinteger(L, (lua_Integer)st.peak);
  lua_setfield(L, -2, "peak");
  return 1;
}

/* }================================ */


/* {====== Starting ====== */

/* The ports wanted, at 'index' on the stack; raises when they are wrong. */
static void read_ports(lua_State *L, int index, struct server *s) {
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2)
                                                      : NULL;
    lua_Number n = lua_tonumber(L, -1);
    if (!name || strlen(name) >= PO_PORT_NAME || s->nports == PO_NAMED_PORTS ||
        !lua_isnumber(L, -1) || !(n >= 0 && n <= 65535))
      luaL_error(L, "ports: at most %d short names with numbers from 0 to "
                 "65535 expected", PO_NAMED_PORTS);
    memcpy(s->names[s->nports], name, strlen(name) + 1);
    s->ports[s->nports++] = (int)n;
  }
}


static int init_sync(struct server *s) {
  pthread_condattr_t attr;
  if (pthread_condattr_init(&attr) != 0)
    return 0;
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&s->signal, &attr);
  pthread_condattr_destroy(&attr);
  pthread_mutex_init(&s->signal_lock, NULL);
  pthread_mutex_init(&s->lock, NULL);
  return 1;
}


/* What the host program linked in statically is there for us too. */
static const char *copy_preload(lua_State *L, struct server *s) {
  const char *failed = NULL;
  int top = lua_gettop(L);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  if (lua_istable(L, -1))
    for (lua_pushnil(L); !failed && lua_next(L, top + 2); lua_pop(L, 1)) {
      if (lua_type(L, -2) != LUA_TSTRING || !lua_iscfunction(L, -1))
        continue;
      if (lua_getupvalue(L, -1, 1))
        lua_pop(L, 1);                    /* not ours to share */
      else
        failed = po_private_preload(s, lua_tostring(L, -2),
                                    lua_tocfunction(L, -1));
    }
  lua_settop(L, top);
  return failed;
}


static int start_clock(struct server *s) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);  /* signals are the host's */
  s->clock_runs = pthread_create(&s->clock, NULL, po_run_clock, s) == 0;
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return s->clock_runs;
}


/* A port that cannot be had and errno, or -1. */
static int listen_all(struct server *s) {
  int i;
  for (i = 0; i < s->nports; i++) {
    int port = po_httpd_listen(s->http, i, s->ports[i]);
    if (port < 0)
      return s->ports[i];
    s->ports[i] = port;
  }
  return -1;
}


/*
** NULL, or what went wrong. 'lock' is held, so that requests that come
** early wait; the user's state, which may raise an error, is left alone.
*/
static const char *start_locked(struct server *s, const struct po_setup *o,
                                size_t max_body, int *refused) {
  s->courier = po_courier_new(po_on_delivered, s);
  s->http = po_httpd_new(po_on_exchange, s, max_body);
  if (!s->courier || !s->http)
    return "not enough memory or threads";
  *refused = listen_all(s);
  return *refused >= 0 ? "cannot listen" : po_private_open(s, o);
}


/* NULL, or what went wrong. */
static const char *start(lua_State *L, struct server *s,
                         const struct po_setup *o, size_t max_body) {
  const char *failed = po_private_new(s, o);
  int refused = -1, err;
  if (!failed)
    failed = copy_preload(L, s);
  if (failed)
    return failed;
  pthread_mutex_lock(&s->lock);
  failed = start_locked(s, o, max_body, &refused);
  err = errno;
  pthread_mutex_unlock(&s->lock);
  return refused < 0 ? failed
                     : lua_pushfstring(L, "cannot listen on port %d: %s",
                                       refused, strerror(err));
}


static const char *string_field(lua_State *L, int t, const char *name,
                                const char *def, size_t *len) {
  lua_getfield(L, t, name);               /* stays on the stack */
  return lua_isnil(L, -1) ? def : luaL_checklstring(L, -1, len);
}


/* The options of start, at 1; raises when they are wrong. What is read
   stays on the stack. */
static void read_options(lua_State *L, struct po_setup *o, struct server *s) {
  memset(o, 0, sizeof(*o));
  o->module = string_field(L, 1, "module", NULL, NULL);
  luaL_argcheck(L, o->module != NULL, 1, "field 'module' expected");
  o->config = string_field(L, 1, "config", "", &o->configlen);
  lua_getfield(L, 1, "ports");
  luaL_argcheck(L, lua_istable(L, -1), 1, "field 'ports' expected");
  read_ports(L, lua_gettop(L), s);
  lua_getglobal(L, "package");
  o->path = string_field(L, lua_gettop(L), "path", NULL, NULL);
  o->cpath = string_field(L, lua_gettop(L) - 1, "cpath", NULL, NULL);
}


/* httpd.start{ module=, config=, ports=, tick=, max_body= }
   -> server | nil, message */
static int httpd_start(lua_State *L) {
  struct server *s;
  struct po_setup o;
  const char *failed;
  size_t max_body;
  int tick;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  s = lua_newuserdatauv(L, sizeof(*s), 0);
  memset(s, 0, sizeof(*s));               /* stopped, owning nothing */
  luaL_getmetatable(L, PO_SERVER);
  lua_setmetatable(L, 2);
  lua_getfield(L, 1, "tick");
  tick = lua_toboolean(L, -1);
  lua_getfield(L, 1, "max_body");
  max_body = (size_t)luaL_optnumber(L, -1, MAX_BODY);
  read_options(L, &o, s);
  po_buffer_init(&s->answer, MAX_ANSWER);
  if (!init_sync(s))
    return luaL_error(L, "not enough memory");
  s->owner = getpid();
  s->open = 1;
  failed = start(L, s, &o, max_body);
  if (!failed && tick && !start_clock(s))
    failed = "not enough threads";
  if (failed) {
    luaL_pushfail(L);
    lua_pushstring(L, failed);
    stop(s);
    return 2;
  }
  lua_settop(L, 2);
  return 1;
}

/* }================================ */


static const luaL_Reg methods[] = {
  {"port", server_port},
  {"call", server_call},
  {"idle", server_idle},
  {"wait", server_wait},
  {"stats", server_stats},
  {"stop", server_stop},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__gc", server_stop},
  {"__close", server_stop},
  {"__tostring", server_tostring},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"start", httpd_start},
  {NULL, NULL}
};

PO_EXPORT int luaopen_portone_sandbox_httpd(lua_State *L);


int luaopen_portone_sandbox_httpd(lua_State *L) {
  luaL_newmetatable(L, PO_SERVER);  /* filled again if it is there: it may */
  lua_pushliteral(L, PO_SERVER);    /* be half of one, from a load that failed */
  lua_setfield(L, -2, "__name");
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
