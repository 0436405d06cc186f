/* SPDX-License-Identifier: MIT */
/*
** The client userdata: options for life and one transfer, whose libcurl
** handle keeps its connection between calls. The userdata owns all of it;
** '__gc' and 'close' give it back, in whatever order they come.
*/
#include "lclient.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "url.h"

#define SMALL 65536u    /* bytes of a body */

struct po_client {
  struct po_options *options;   /* a reference: calls in flight have others */
  struct po_transfer transfer;
  struct curl_slist *headers;   /* of the last request, owned */
  int insecure;                 /* plain http to any host */
  int open;
};


struct po_client *po_to_client(lua_State *L, int arg) {
  struct po_client *c = luaL_checkudata(L, arg, PO_CLIENT);
  if (!c->open)
    luaL_error(L, "attempt to use a closed client");
  return c;
}


struct po_options *po_client_options(const struct po_client *c) {
  return c->options;
}


static void free_headers(struct po_client *c) {
  po_headers_free(c->headers);
  c->headers = NULL;
}


static int client_close(lua_State *L) {
  struct po_client *c = luaL_checkudata(L, 1, PO_CLIENT);
  if (c->open) {
    c->open = 0;
    po_transfer_free(&c->transfer);
  }
  free_headers(c);
  po_options_drop(c->options);
  c->options = NULL;
  return 0;
}


static int client_tostring(lua_State *L) {
  const struct po_client *c = luaL_checkudata(L, 1, PO_CLIENT);
  lua_pushfstring(L, "%s (%s)", PO_CLIENT, c->open ? "open" : "closed");
  return 1;
}


/* {====== Reading the options ====== */

/* A copy of a string option, or of 'def' when the option is absent. */
static char *string_option(lua_State *L, const char *name, const char *def) {
  const char *s;
  char *copy = NULL;
  lua_getfield(L, 1, name);
  s = lua_isnil(L, -1) ? def : lua_tostring(L, -1);
  if (s && !(copy = strdup(s)))
    luaL_error(L, "not enough memory");
  lua_pop(L, 1);
  return copy;
}


/* The client's User-Agent as a header line. */
static char *agent_line(lua_State *L) {
  static const char name[] = "User-Agent: ";
  char *agent = string_option(L, "user_agent", "portone-lua");
  char *line = malloc(sizeof(name) + strlen(agent));
  if (line) {
    memcpy(line, name, sizeof(name));
    strcat(line, agent);
  }
  free(agent);
  if (!line)
    luaL_error(L, "not enough memory");
  return line;
}


static double number_option(lua_State *L, const char *name, double def) {
  double n;
  lua_getfield(L, 1, name);
  n = lua_isnil(L, -1) ? def : (double)luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return n;
}


/*
** core.client(options). The Lua layer has checked the options; what is
** read here can only be absent or right.
*/
static int client_new(lua_State *L) {
  struct po_client *c;
  struct po_options *o;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  c = lua_newuserdatauv(L, sizeof(*c), 0);
  memset(c, 0, sizeof(*c));      /* closed, owning nothing */
  luaL_setmetatable(L, PO_CLIENT);
  o = c->options = po_options_new();
  if (!o)
    return luaL_error(L, "not enough memory");
  o->connect_timeout = (long)(number_option(L, "connect_timeout", 10) * 1000);
  o->max_response =
    (size_t)number_option(L, "max_response", 16.0 * 1024 * 1024);
  o->ca_file = string_option(L, "ca_file", NULL);
  o->proxy = string_option(L, "proxy", NULL);
  o->agent = agent_line(L);
  lua_getfield(L, 1, "insecure");
  c->insecure = lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (!po_transfer_startup())
    return luaL_error(L, "libcurl cannot start");
  po_transfer_init(&c->transfer, c->options);
  c->open = 1;
  return 1;
}

/* }================================ */


/* {====== The headers of a request ====== */

/* The list that is being put together, up to 'last'. */
struct lines {
  lua_State *L;
  struct po_client *c;
  struct curl_slist *last;  /* NULL: nothing yet */
};


static struct curl_slist *next_line(const struct lines *l) {
  return l->last ? l->last->next : l->c->headers;
}


/* What is behind 'last' belongs to the request before. */
static void cut_rest(struct lines *l) {
  po_headers_free(next_line(l));
  if (l->last)
    l->last->next = NULL;
  else
    l->c->headers = NULL;
}


/*
** Puts a line behind the last one. Mostly the request before had the same
** there: then it stays, which takes a tenth of checking and copying it; or
** one as long, as idempotency keys are, whose place it takes.
** NULL, or what is wrong with a line of the caller's.
*/
static const char *put_line(struct lines *l, const char *line, size_t len,
                            int ours) {
  struct curl_slist *next = next_line(l), *list;
  int fits = next && strlen(next->data) == len;
  const char *wrong;
  if (!fits || memcmp(next->data, line, len) != 0
      || (!ours && line[len - 1] == ':')) {  /* that one was not looked at */
    wrong = ours ? NULL : po_headers_check(line, len);
    if (wrong)
      return wrong;
    if (fits) {
      memcpy(next->data, line, len);
      l->last = next;
      return NULL;
    }
    cut_rest(l);
    list = curl_slist_append(l->c->headers, line);
    if (!list)
      luaL_error(l->L, "not enough memory");
    l->c->headers = list;
    next = next_line(l);
  }
  l->last = next;
  return NULL;
}


static void put_ours(struct lines *l, const char *line) {
  put_line(l, line, strlen(line), 1);
}


/*
** The table at 'arg' as libcurl's list in c->headers; NULL, or what is wrong
** with one of its lines.
*/
static const char *set_headers(lua_State *L, struct po_client *c, int arg,
                               const struct po_request *q) {
  struct lines l = {L, c, NULL};
  const char *wrong = NULL;
  int i, agent = 0, n = (int)lua_rawlen(L, arg);
  /* no wait for a 100, which libcurl takes for large bodies; each line here
     costs, it is looked at for every header that libcurl knows */
  if (q->bodylen > SMALL)
    put_ours(&l, "Expect:");
  if (!q->body)
    put_ours(&l, "Content-Type:");  /* libcurl's own guess */
  for (i = 1; !wrong && i <= n; i++) {
    size_t len;
    const char *line;
    lua_rawgeti(L, arg, i);
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, arg,
                  "headers must be strings");
    line = lua_tolstring(L, -1, &len);
    wrong = put_line(&l, line, len, 0);
    agent = agent || ((line[0] | 32) == 'u'
                      && strncasecmp(line, "User-Agent:", 11) == 0);
    lua_pop(L, 1);
  }
  if (!wrong && !agent)  /* libcurl's option for it prints the line twice */
    put_ours(&l, c->options->agent);
  cut_rest(&l);
  return wrong;
}

/* }====================================== */


static const char *const code_names[] = {
  "ok", "network", "tls", "timeout", "protocol", "cancelled",
  "invalid_request", "memory"
};

static const char *const sent_names[] = { "nothing", "part", "all", "answer" };


int po_push_result(lua_State *L, const struct po_result *r,
                   const struct po_buffer *head,
                   const struct po_buffer *body) {
  if (r->code == PO_NOMEM)
    return luaL_error(L, "not enough memory");
  if (r->code == PO_OK) {
    lua_pushinteger(L, r->status);
    lua_pushlstring(L, body->len ? body->data : "", body->len);
    lua_pushlstring(L, head->len ? head->data : "", head->len);
    lua_pushnumber(L, r->elapsed);
    return 4;
  }
  lua_pushnil(L);
  lua_pushstring(L, code_names[r->code]);
  lua_pushstring(L, r->message);
  lua_pushstring(L, sent_names[r->sent]);
  lua_pushnumber(L, r->elapsed);
  return 5;
}


int po_push_invalid(lua_State *L, const char *message) {
  lua_pushnil(L);
  lua_pushliteral(L, "invalid_request");
  lua_pushstring(L, message);
  lua_pushliteral(L, "nothing");
  lua_pushnumber(L, 0);
  return 5;
}


/* Letters in upper case, one at least. */
static int is_method(const char *s, size_t len) {
  size_t n = 0;
  while (s[n] >= 'A' && s[n] <= 'Z')
    n++;
  return n > 0 && n == len;
}


const char *po_read_request(lua_State *L, int arg, struct po_client *c,
                            struct po_request *q) {
  const char *wrong;
  size_t urllen, methodlen;
  double timeout;
  memset(q, 0, sizeof(*q));
  q->method = luaL_checklstring(L, arg, &methodlen);
  q->url = luaL_checklstring(L, arg + 1, &urllen);
  luaL_checktype(L, arg + 2, LUA_TTABLE);
  q->body = luaL_optlstring(L, arg + 3, NULL, &q->bodylen);
  if (!q->body)
    q->bodylen = 0;
  timeout = (double)luaL_checknumber(L, arg + 4);
  luaL_argcheck(L, timeout > 0 && timeout < 1e6, arg + 4, "seconds expected");
  luaL_argcheck(L, is_method(q->method, methodlen), arg,
                "upper-case HTTP method expected");
  wrong = po_url_check(q->url, urllen, c->insecure, &q->direct);
  if (!wrong)
    wrong = set_headers(L, c, arg + 2, q);
  if (wrong)
    return wrong;
  q->headers = c->headers;
  q->timeout = (long)(timeout * 1000) > 0 ? (long)(timeout * 1000) : 1;
  return NULL;
}


void po_request_done(struct po_client *c, int taken) {
  if (taken)
    c->headers = NULL;
}


/* client:perform(method, url, headers, body|nil, timeout in seconds) */
static int client_perform(lua_State *L) {
  struct po_client *c = po_to_client(L, 1);
  struct po_request q;
  struct po_result r;
  const char *wrong = po_read_request(L, 2, c, &q);
  int n;
  if (wrong)
    return po_push_invalid(L, wrong);
  po_transfer_perform(&c->transfer, &q, &r);
  po_request_done(c, 0);
  n = po_push_result(L, &r, &c->transfer.head, &c->transfer.body);
  po_transfer_forget(&c->transfer);
  return n;
}


/* core.check_url(url, insecure) -> true | nil, what is wrong */
static int check_url(lua_State *L) {
  size_t len;
  int loopback;
  const char *url = luaL_checklstring(L, 1, &len);
  const char *wrong = po_url_check(url, len, lua_toboolean(L, 2), &loopback);
  if (!wrong) {
    lua_pushboolean(L, 1);
    return 1;
  }
  luaL_pushfail(L);
  lua_pushstring(L, wrong);
  return 2;
}


static const luaL_Reg methods[] = {
  {"perform", client_perform},
  {"close", client_close},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__gc", client_close},
  {"__close", client_close},
  {"__tostring", client_tostring},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"client", client_new},
  {"perform", client_perform},  /* the method, without looking it up */
  {"check_url", check_url},
  {NULL, NULL}
};


void po_open_client(lua_State *L) {
  luaL_newmetatable(L, PO_CLIENT);  /* filled again if it is there: it may */
  lua_pushliteral(L, PO_CLIENT);    /* be half of one, from a load that failed */
  lua_setfield(L, -2, "__name");
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
