/* SPDX-License-Identifier: MIT */
/*
** Design
**   Each port is a libmicrohttpd daemon with a polling thread of its own.
**   That thread reads a request, asks the handler for a plan and sends
**   what the plan says. It never waits: an answer that is not due yet is
**   parked, i.e. its connection is suspended and the exchange put on a
**   list sorted by the time it falls due. One more thread, the pacer,
**   takes exchanges from that list when they are due and resumes them. It
**   also asks the handler for those that have no answer yet ('again'), so
**   that an operation under way ends even when its client has hung up.
**
** Ownership
**   An exchange is made when its request line has been read (on_target)
**   and freed when libmicrohttpd is done with the request (on_done). While
**   it is parked the pacer may use it, else only its daemon's thread.
**
** Locking
**   'lock' guards the list of the parked and 'stopping'. It is held while
**   a connection is suspended or resumed, never while the handler runs.
**   'count_lock' guards the counters and is a leaf.
**
** Shutdown
**   'stopping' is set: from then on nothing can be parked. The pacer
**   resumes all that is parked, marked dead, and ends. Only then are the
**   daemons stopped, as libmicrohttpd asks for: none of their connections
**   is suspended any more.
*/
#include "exchange.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define MAX_CONNECTIONS 100000u
#define CONNECTION_POOL (64u * 1024u)   /* request line and headers */
#define MAX_DRAIN       (1024u * 1024u * 1024u)


void po_plan_reset(struct po_plan *p) {
  size_t i;
  for (i = 0; i < p->nheaders; i++)
    free(p->headers[i]);
  free(p->headers);
  free(p->body);
  free(p->again);
  memset(p, 0, sizeof(*p));
  p->length = -1;
  p->cut = -1;
}


/* {====== Receiving: libmicrohttpd's callbacks ====== */

/* The request line is read: make the exchange. NULL ends in on_request. */
static void *on_target(void *ud, const char *target,
                       struct MHD_Connection *conn) {
  struct port *port = ud;
  struct exchange *r = calloc(1, sizeof(*r));
  if (!r)
    return NULL;
  r->h = port->h;
  r->port = port->index;
  r->conn = conn;
  r->fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)
          ->connect_fd;
  r->target = strdup(target);
  po_buffer_init(&r->body, r->h->max_body);
  po_plan_reset(&r->plan);
  return r;
}


/*
** The request is over. If less was claimed than there is, the rest goes
** out now, where a client takes it for the next answer.
*/
static void on_done(void *ud, struct MHD_Connection *conn, void **context,
                    enum MHD_RequestTerminationCode how) {
  struct exchange *r = *context;
  (void)ud; (void)conn;
  if (!r)
    return;
  if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK && r->plan.length >= 0 &&
      (uint64_t)r->plan.length < r->plan.bodylen)
    (void)send(r->fd, r->plan.body + r->plan.length,
               r->plan.bodylen - (size_t)r->plan.length,
               MSG_NOSIGNAL | MSG_DONTWAIT);
  po_plan_reset(&r->plan);
  po_buffer_free(&r->body);
  free(r->target);
  free(r);
  *context = NULL;
}


static void on_connection(void *ud, struct MHD_Connection *conn,
                          void **context,
                          enum MHD_ConnectionNotificationCode what) {
  struct po_httpd *h = ((struct port *)ud)->h;
  (void)conn; (void)context;
  pthread_mutex_lock(&h->count_lock);
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    h->connections++;
    h->open++;
  }
  else
    h->open--;
  pthread_mutex_unlock(&h->count_lock);
}


struct header_list {
  struct po_header *at;
  size_t n, size;
};


static enum MHD_Result on_header(void *ud, enum MHD_ValueKind kind,
                                 const char *name, const char *value) {
  struct header_list *list = ud;
  (void)kind;
  if (list->n == list->size)
    return MHD_NO;
  list->at[list->n].name = name;
  list->at[list->n].value = value ? value : "";
  list->n++;
  return MHD_YES;
}


/* Ask the handler what to do; 0 when memory is short. */
static int ask(struct exchange *r, const char *method) {
  struct po_httpd *h = r->h;
  struct po_exchange x;
  struct header_list list;
  int n = MHD_get_connection_values(r->conn, MHD_HEADER_KIND, NULL, NULL);
  list.n = 0;
  list.size = n > 0 ? (size_t)n : 0;
  list.at = calloc(list.size + 1, sizeof(*list.at));
  if (!list.at)
    return 0;
  MHD_get_connection_values(r->conn, MHD_HEADER_KIND, on_header, &list);
  x.port = r->port;
  x.method = method;
  x.target = r->target;
  x.headers = list.at;
  x.nheaders = list.n;
  x.body = r->body.data ? r->body.data : "";
  x.bodylen = r->body.len;
  h->handler(h->ctx, &x, NULL, &r->plan);
  free(list.at);
  po_buffer_free(&r->body);
  pthread_mutex_lock(&h->count_lock);
  h->requests++;
  pthread_mutex_unlock(&h->count_lock);
  return 1;
}


/* The headers are there: is the body going to be too large? */
static enum MHD_Result begin(struct exchange *r) {
  const char *length = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND,
                                                   "Content-Length");
  const char *expect = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND,
                                                   "Expect");
  r->begun = 1;
  if (!r->target)
    return MHD_NO;
  if (length && strtoull(length, NULL, 10) > r->h->max_body) {
    r->excess = 1;
    if (expect && strcasecmp(expect, "100-continue") == 0)
      return po_refuse_excess(r);
  }
  return MHD_YES;
}


/*
** A piece of the body. One that is too large is read on and thrown away,
** so that its sender gets to see the answer instead of a broken pipe.
*/
static enum MHD_Result take(struct exchange *r, const char *p, size_t n) {
  r->seen += n;
  if (!r->excess) {
    enum po_buffer_result result = po_buffer_add(&r->body, p, n);
    if (result == PO_BUFFER_NOMEM)
      return MHD_NO;
    if (result == PO_BUFFER_FULL) {
      r->excess = 1;
      po_buffer_free(&r->body);
    }
  }
  return r->seen > MAX_DRAIN ? MHD_NO : MHD_YES;
}


/*
** libmicrohttpd calls this when the headers are there, for each piece of
** the body, at its end, and again whenever the exchange was resumed.
*/
static enum MHD_Result on_request(void *ud, struct MHD_Connection *conn,
                                  const char *url, const char *method,
                                  const char *version, const char *upload,
                                  size_t *size, void **context) {
  struct exchange *r = *context;
  (void)ud; (void)conn; (void)url; (void)version;
  if (!r)
    return MHD_NO;
  if (!r->begun)
    return begin(r);
  if (*size > 0) {
    size_t n = *size;
    *size = 0;
    return take(r, upload, n);
  }
  if (r->excess)
    return po_refuse_excess(r);
  if (!r->asked) {
    r->asked = 1;
    if (!ask(r, method))
      return MHD_NO;
  }
  return po_act(r);
}

/* }================================ */


static int init_sync(struct po_httpd *h) {
  pthread_condattr_t attr;
  int ok;
  if (pthread_condattr_init(&attr) != 0)
    return 0;
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  ok = pthread_cond_init(&h->wakeup, &attr) == 0;
  pthread_condattr_destroy(&attr);
  if (!ok)
    return 0;
  pthread_mutex_init(&h->lock, NULL);
  pthread_mutex_init(&h->count_lock, NULL);
  return 1;
}


static void free_sync(struct po_httpd *h) {
  pthread_mutex_destroy(&h->count_lock);
  pthread_mutex_destroy(&h->lock);
  pthread_cond_destroy(&h->wakeup);
}


struct po_httpd *po_httpd_new(po_httpd_handler handler, void *ctx,
                              size_t max_body) {
  struct po_httpd *h = calloc(1, sizeof(*h));
  sigset_t all, old;
  int failed;
  if (!h)
    return NULL;
  h->handler = handler;
  h->ctx = ctx;
  h->max_body = max_body;
  if (!init_sync(h)) {
    free(h);
    return NULL;
  }
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);  /* signals are the host's */
  failed = pthread_create(&h->pacer, NULL, po_pace, h);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (failed) {
    free_sync(h);
    free(h);
    return NULL;
  }
  return h;
}


int po_httpd_listen(struct po_httpd *h, int index, int number) {
  struct port *port;
  struct sockaddr_in address;
  sigset_t all, old;
  if (h->nports == PO_MAX_PORTS || number < 0 || number > 65535) {
    errno = EINVAL;
    return -1;
  }
  port = &h->ports[h->nports];
  port->h = h;
  port->index = index;
  memset(&address, 0, sizeof(address));
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons((uint16_t)number);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  errno = 0;
  port->daemon = MHD_start_daemon(
    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME,
    (uint16_t)number, NULL, NULL, on_request, port,
    MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
    MHD_OPTION_URI_LOG_CALLBACK, on_target, port,
    MHD_OPTION_NOTIFY_COMPLETED, on_done, port,
    MHD_OPTION_NOTIFY_CONNECTION, on_connection, port,
    MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS,
    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_POOL,
    MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096u,
    MHD_OPTION_END);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (!port->daemon) {
    errno = errno ? errno : EADDRINUSE;
    return -1;
  }
  h->nports++;
  return MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}


void po_httpd_stats(struct po_httpd *h, struct po_httpd_stats *out) {
  pthread_mutex_lock(&h->lock);
  out->parked = h->parked;
  out->peak = h->peak;
  pthread_mutex_unlock(&h->lock);
  pthread_mutex_lock(&h->count_lock);
  out->requests = h->requests;
  out->connections = h->connections;
  out->open = h->open;
  pthread_mutex_unlock(&h->count_lock);
}


void po_httpd_stop(struct po_httpd *h) {
  int i;
  pthread_mutex_lock(&h->lock);
  h->stopping = 1;
  pthread_cond_signal(&h->wakeup);
  pthread_mutex_unlock(&h->lock);
  pthread_join(h->pacer, NULL);
  for (i = 0; i < h->nports; i++)
    MHD_stop_daemon(h->ports[i].daemon);
  free_sync(h);
  free(h);
}
