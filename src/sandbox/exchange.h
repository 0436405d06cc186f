/* SPDX-License-Identifier: MIT */
/*
** What the three parts of the sandbox's HTTP server share: httpd.c
** receives, answer.c carries out plans, pacer.c waits for what is not due.
** The design and the rules of locking stand in httpd.c.
*/
#ifndef po_exchange_h
#define po_exchange_h

#include <math.h>
#include <pthread.h>

#include <microhttpd.h>

#include "../buffer.h"
#include "httpd.h"

#define PO_MAX_PORTS 8
#define PO_FOREVER   HUGE_VAL   /* 'due' of an exchange that hangs */

/* One request and its answer. */
struct exchange {
  struct po_httpd *h;
  struct MHD_Connection *conn;
  int fd;
  int port;
  int begun;               /* the headers are read */
  int asked;               /* the handler has been asked */
  int waited;              /* the plan's delay has passed */
  int dead;                /* to be closed without another byte */
  int excess;              /* the body passed the limit */
  size_t seen;             /* bytes of body read */
  char *target;            /* owned */
  struct po_buffer body;
  struct po_plan plan;
  double started;          /* when the first byte of the body went out */
  double due;
  struct exchange *prev, *next;   /* while parked */
};

struct port {
  struct po_httpd *h;
  struct MHD_Daemon *daemon;
  int index;
};

struct po_httpd {
  po_httpd_handler handler;
  void *ctx;
  size_t max_body;
  struct port ports[PO_MAX_PORTS];
  int nports;
  pthread_t pacer;
  pthread_mutex_t lock;
  pthread_cond_t wakeup;
  int stopping;
  struct exchange *first, *last;  /* parked, soonest first */
  unsigned int parked, hanging, peak;
  double next_look;
  pthread_mutex_t count_lock;
  unsigned long requests, connections;
  unsigned int open;
};


/* Seconds on the monotonic clock. */
double po_clock(void);

/* {====== pacer.c ====== */

/*
** Put an exchange aside until 'due'. Called on its daemon's thread; 0 when
** the server is stopping and the exchange must end instead.
*/
int po_park(struct exchange *r, double due);

/* The pacer's thread; 'ud' is the struct po_httpd. */
void *po_pace(void *ud);

/* }================================ */

/* {====== answer.c ====== */

/* Carry out the plan, or as much of it as is due. */
enum MHD_Result po_act(struct exchange *r);

/* Answer a request whose body is too large. */
enum MHD_Result po_refuse_excess(struct exchange *r);

/* }================================ */

#endif
