/* SPDX-License-Identifier: MIT */
/*
** The inbox userdata: a lua_State's share of the engine (engine.h).
** Closing it, by hand or by the collector, ends the calls in flight.
*/
#include "lclient.h"

#include <errno.h>
#include <string.h>

#include "engine.h"

struct inbox {
  struct po_inbox *box;     /* owned; NULL: closed */
};


static struct po_inbox *toinbox(lua_State *L) {
  const struct inbox *i = luaL_checkudata(L, 1, PO_INBOX);
  if (!i->box)
    luaL_error(L, "attempt to use a closed inbox");
  return i->box;
}


static int inbox_close(lua_State *L) {
  struct inbox *i = luaL_checkudata(L, 1, PO_INBOX);
  struct po_inbox *box = i->box;
  i->box = NULL;
  if (box)
    po_inbox_close(box);
  return 0;
}


static int inbox_tostring(lua_State *L) {
  const struct inbox *i = luaL_checkudata(L, 1, PO_INBOX);
  if (i->box)
    lua_pushfstring(L, "%s (%d calls)", PO_INBOX, (int)po_inbox_count(i->box));
  else
    lua_pushfstring(L, "%s (closed)", PO_INBOX);
  return 1;
}


/* core.inbox() */
static int inbox_new(lua_State *L) {
  struct inbox *i = lua_newuserdatauv(L, sizeof(*i), 0);
  i->box = NULL;
  luaL_setmetatable(L, PO_INBOX);
  i->box = po_inbox_open();
  if (!i->box)
    return luaL_error(L, "cannot open an inbox: %s", strerror(errno));
  return 1;
}


/*
** inbox:submit(client, method, url, headers, body|nil, timeout)
** -> id | nil, code, message, "nothing", 0, as client:perform has it
*/
static int inbox_submit(lua_State *L) {
  struct po_inbox *box = toinbox(L);
  struct po_client *c = po_to_client(L, 2);
  struct po_request q;
  uint64_t id = 0;
  const char *wrong = po_read_request(L, 3, c, &q);
  enum po_code code;
  int err;
  if (wrong)
    return po_push_invalid(L, wrong);
  code = po_inbox_submit(box, po_client_options(c), &q, &id);
  err = errno;
  po_request_done(c, code == PO_OK);
  if (code == PO_NOMEM)
    return luaL_error(L, "not enough memory");
  if (code == PO_OK) {
    lua_pushinteger(L, (lua_Integer)id);
    return 1;
  }
  lua_pushnil(L);
  lua_pushliteral(L, "network");
  lua_pushfstring(L, "the engine cannot start: %s", strerror(err));
  lua_pushliteral(L, "nothing");
  lua_pushnumber(L, 0);
  return 5;
}


/* inbox:cancel(id) -> false when there is no such call */
static int inbox_cancel(lua_State *L) {
  struct po_inbox *box = toinbox(L);
  lua_Number id = luaL_checknumber(L, 2);
  lua_pushboolean(L, id >= 1 && id < 9007199254740992.0 &&
                     po_inbox_cancel(box, (uint64_t)id));
  return 1;
}


/*
** inbox:take() -> id and what client:perform returns, for the call that
** finished first, or nothing. The call is dropped last: were memory to run
** out on the way, it would be there for another try.
*/
static int inbox_take(lua_State *L) {
  struct po_inbox *box = toinbox(L);
  struct po_call *c = po_inbox_peek(box);
  int n;
  if (!c)
    return 0;
  if (c->result.code == PO_NOMEM) {  /* of the engine's; not to be raised */
    c->result.code = PO_NETWORK;
    c->result.message = "not enough memory to send it";
  }
  lua_pushinteger(L, (lua_Integer)c->id);
  n = po_push_result(L, &c->result, &c->head, &c->body);
  po_inbox_drop(box);
  return n + 1;
}


/* inbox:count() -> calls submitted and not yet taken */
static int inbox_count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)po_inbox_count(toinbox(L)));
  return 1;
}


/* inbox:fileno() -> a descriptor, readable while there is something to take */
static int inbox_fileno(lua_State *L) {
  int fd = po_inbox_fileno(toinbox(L));
  if (fd < 0)
    return luaL_error(L, "this inbox gives its hints on a stream");
  lua_pushinteger(L, fd);
  return 1;
}


/* inbox:wait(seconds) -> whether there is something to take */
static int inbox_wait(lua_State *L) {
  struct po_inbox *box = toinbox(L);
  lua_Number s = luaL_checknumber(L, 2);
  luaL_argcheck(L, s >= 0, 2, "seconds expected");
  if (po_inbox_fileno(box) < 0)
    return luaL_error(L, "this inbox gives its hints on a stream");
  /* a whole millisecond more: not to come back just before the time */
  lua_pushboolean(L, po_inbox_wait(box, s == 0 ? 0 :
                                   s < 1e6 ? (long)(s * 1000) + 1 : 1000000000));
  return 1;
}


static int push_errno(lua_State *L, int err) {
  luaL_pushfail(L);
  lua_pushstring(L, strerror(err));
  return 2;
}


/* inbox:listen(directory) -> path of a unix socket | nil, message */
static int inbox_listen(lua_State *L) {
  struct po_inbox *box = toinbox(L);
  const char *path;
  int err = po_inbox_listen(box, luaL_checkstring(L, 2), &path);
  if (err)
    return push_errno(L, err);
  lua_pushstring(L, path);
  return 1;
}


/* inbox:accept() -> true | nil, message. The path is gone either way. */
static int inbox_accept(lua_State *L) {
  int err = po_inbox_accept(toinbox(L));
  if (err)
    return push_errno(L, err);
  lua_pushboolean(L, 1);
  return 1;
}


static int inbox_nudge(lua_State *L) {
  po_inbox_nudge(toinbox(L));
  return 0;
}


/* {====== core.engine ====== */

static double limit(lua_State *L, const char *name) {
  double n = 0;
  lua_getfield(L, 1, name);
  if (!lua_isnil(L, -1)) {
    n = (double)lua_tonumber(L, -1);
    luaL_argcheck(L, n > 0 && n < 1e9, 1, "limits are numbers above 0");
  }
  lua_pop(L, 1);
  return n;
}


static void set_count(lua_State *L, const char *name, size_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, name);
}


/*
** core.engine([{ max_total =, max_host =, idle = seconds }]) sets limits of
** the whole process, and tells them and what is going on.
*/
static int engine(lua_State *L) {
  struct po_engine_state change, now;
  memset(&change, 0, sizeof(change));
  if (!lua_isnoneornil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    change.max_total = (size_t)limit(L, "max_total");
    change.max_host = (size_t)limit(L, "max_host");
    change.idle = (long)(limit(L, "idle") * 1000);
  }
  po_engine_look(&change, &now);
  lua_newtable(L);
  lua_pushboolean(L, now.running);
  lua_setfield(L, -2, "running");
  set_count(L, "inboxes", now.inboxes);
  set_count(L, "waiting", now.waiting);
  set_count(L, "active", now.active);
  set_count(L, "max_total", now.max_total);
  set_count(L, "max_host", now.max_host);
  lua_pushnumber(L, (lua_Number)now.idle / 1000);
  lua_setfield(L, -2, "idle");
  return 1;
}

/* }========================= */


static const luaL_Reg methods[] = {
  {"submit", inbox_submit},
  {"cancel", inbox_cancel},
  {"take", inbox_take},
  {"count", inbox_count},
  {"fileno", inbox_fileno},
  {"wait", inbox_wait},
  {"listen", inbox_listen},
  {"accept", inbox_accept},
  {"nudge", inbox_nudge},
  {"close", inbox_close},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__gc", inbox_close},
  {"__close", inbox_close},
  {"__tostring", inbox_tostring},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"inbox", inbox_new},
  {"engine", engine},
  {NULL, NULL}
};


void po_open_engine(lua_State *L) {
  luaL_newmetatable(L, PO_INBOX);  /* filled again if it is there: it may */
  lua_pushliteral(L, PO_INBOX);   /* be half of one, from a load that failed */
  lua_setfield(L, -2, "__name");
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
