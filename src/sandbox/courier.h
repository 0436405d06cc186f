/* SPDX-License-Identifier: MIT */
/*
** Sends webhooks for the sandbox: jobs in, results out, on one thread.
** Jobs to different hosts run side by side; those to one host and port go
** one after the other, in the order they were given, so that a receiver
** sees what happened in the order it happened.
*/
#ifndef po_courier_h
#define po_courier_h

#include <stddef.h>

struct po_delivery {
  const char *id;          /* handed back with the result */
  const char *url;
  const char *const *headers;  /* "Name: value" lines */
  size_t nheaders;
  const char *body;
  size_t bodylen;
  double timeout;          /* seconds for all of it */
};

/*
** Called on the courier's thread, holding none of its locks. 'status' is 0
** when there was no answer; 'message' says why then, else it is "". A job
** that is under way at po_courier_stop has no result.
*/
typedef void (*po_courier_done)(void *ctx, const char *id, int status,
                                const char *body, size_t bodylen,
                                const char *message);

struct po_courier;

struct po_courier *po_courier_new(po_courier_done done, void *ctx);

/* Queue a copy of the job; 0 when memory or threads are short. */
int po_courier_send(struct po_courier *c, const struct po_delivery *job);

/* Jobs whose result has not been handed back yet. */
size_t po_courier_pending(struct po_courier *c);

/* Wait until none is pending; 0 when that took longer than 'timeout'. */
int po_courier_wait(struct po_courier *c, double timeout);

/*
** Drop what is pending, join the thread, free c. The caller must hold no
** lock that 'done' takes.
*/
void po_courier_stop(struct po_courier *c);

#endif
