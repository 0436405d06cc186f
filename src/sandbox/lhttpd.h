/* SPDX-License-Identifier: MIT */
/*
** What the two parts of 'portone.sandbox.httpd' share: lhttpd.c is the
** module as the user's state sees it, lprivate.c the private state of a
** server. The design and the rules of locking stand in lhttpd.c.
*/
#ifndef po_lhttpd_h
#define po_lhttpd_h

#include "../compat.h"

#include <pthread.h>
#include <sys/types.h>
#include <time.h>

#include "../buffer.h"
#include "courier.h"
#include "httpd.h"

/* The name a user reads, and a registry key in the private state. */
#define PO_SERVER "portone.sandbox.server"

#define PO_NAMED_PORTS 4
#define PO_PORT_NAME   16

/* Where the private state keeps its closures, see lhttpd.c. */
enum { TRACEBACK = 1, SERVE, CALL, DELIVERED, TICKED };

struct server {
  int open;
  pid_t owner;               /* the process whose threads these are */
  pthread_mutex_t lock;
  lua_State *L;              /* the private state */
  struct po_httpd *http;
  struct po_courier *courier;
  int nports;
  char names[PO_NAMED_PORTS][PO_PORT_NAME];
  int ports[PO_NAMED_PORTS];
  /* args: of the call into the private state that is under way */
  const struct po_exchange *x;
  struct po_plan *plan;
  const char *name, *text, *body, *message;
  size_t textlen, bodylen;
  int status;
  double next_tick;
  struct po_buffer answer;   /* of server:call; the user's thread's own */
  int answered;
  /* the clock, and what server:wait waits for */
  pthread_mutex_t signal_lock;
  pthread_cond_t signal;
  pthread_t clock;
  int clock_runs, stopping;
  unsigned long sequence;    /* how often host.notify was called */
};


/* {====== lprivate.c ====== */

/* What a new private state needs to know; all borrowed. */
struct po_setup {
  const char *path, *cpath;  /* of package */
  const char *module, *config;
  size_t configlen;
};

/*
** Make the private state and its libraries. NULL, or what went wrong, in
** the words of the private state. No thread knows of it yet.
*/
const char *po_private_new(struct server *s, const struct po_setup *o);

/* Put a C function in its package.preload; result as above. */
const char *po_private_preload(struct server *s, const char *name,
                               lua_CFunction f);

/*
** Load and open the module, the ports being known; result as above. 'lock'
** is held: requests may be waiting for it.
*/
const char *po_private_open(struct server *s, const struct po_setup *o);

/*
** Call one of its closures; NULL or what went wrong. 'lock' is held, and
** the text is good until po_leave, which gives the lock back.
*/
const char *po_enter(struct server *s, int which);
void po_leave(struct server *s);

/* po_httpd_handler and po_courier_done; 'ud' is the server. */
void po_on_exchange(void *ud, const struct po_exchange *x, const char *token,
                    struct po_plan *plan);
void po_on_delivered(void *ud, const char *id, int status, const char *body,
                     size_t bodylen, const char *message);

/* The thread that lets the module's clock run with the real one. */
void *po_run_clock(void *ud);

/* A point on the monotonic clock, 'seconds' from now. */
struct timespec po_from_now(double seconds);

/* }================================ */

#endif
