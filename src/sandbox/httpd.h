/* SPDX-License-Identifier: MIT */
/*
** HTTP servers on loopback for the sandbox: several ports, one handler.
**
** The handler answers a request with a plan, which says not only what to
** send but how badly: late, slowly, cut short, with a wrong length, with a
** reset, or never. A plan is carried out without a thread of its own per
** request: libmicrohttpd suspends the connection and one pacer thread
** wakes it when its time has come, so that a thousand late answers cost
** no more than a thousand sockets.
*/
#ifndef po_httpd_h
#define po_httpd_h

#include <stddef.h>
#include <stdint.h>

/* How an answer ends once the bytes of the plan are out. */
enum po_ending {
  PO_END_WELL,     /* nothing special; a body cut short closes the socket */
  PO_END_RESET,    /* TCP reset */
  PO_END_CLOSE,    /* orderly close */
  PO_END_HANG      /* nothing more, until the client has gone */
};

struct po_plan {
  unsigned int status;
  char **headers;          /* "Name: value" lines, owned */
  size_t nheaders;
  char *body;              /* owned */
  size_t bodylen;
  double delay;            /* seconds before the first byte */
  double rate;             /* bytes of body per second; 0: as fast as can be */
  int64_t length;          /* Content-Length to claim; -1: the truth */
  int64_t cut;             /* send so many bytes of body; -1: all of them.
                              Without a cut, an ending other than WELL comes
                              instead of the whole answer */
  enum po_ending ending;
  char *again;             /* owned; not NULL: no answer yet, ask once more
                              with this token after 'delay' */
};

/* Free what the plan holds and make it a plan of nothing. */
void po_plan_reset(struct po_plan *p);

struct po_header {
  const char *name;
  const char *value;
};

/* Borrowed for the time of one call of the handler. */
struct po_exchange {
  int port;                /* index of the port it came in by */
  const char *method;
  const char *target;      /* as on the request line, not decoded */
  const struct po_header *headers;
  size_t nheaders;
  const char *body;
  size_t bodylen;
};

/*
** Fills 'plan', which comes zeroed but for length and cut. Called on a
** thread of the server, on several at once. 'x' is NULL when the question
** is the continuation of an earlier one, named by 'token'. Whatever was
** put in the plan is freed by the server.
*/
typedef void (*po_httpd_handler)(void *ctx, const struct po_exchange *x,
                                 const char *token, struct po_plan *plan);

struct po_httpd_stats {
  unsigned long requests;  /* seen so far */
  unsigned long connections;  /* accepted so far */
  unsigned int open;       /* connections now */
  unsigned int parked;     /* requests waiting for their time, or hanging */
  unsigned int peak;       /* most parked at once */
};

struct po_httpd;

/* NULL when memory or threads are short. */
struct po_httpd *po_httpd_new(po_httpd_handler handler, void *ctx,
                              size_t max_body);

/*
** Listen on 127.0.0.1; port 0 lets the system choose. Returns the port, or
** -1 with errno set. Requests may arrive before this returns.
*/
int po_httpd_listen(struct po_httpd *h, int index, int port);

void po_httpd_stats(struct po_httpd *h, struct po_httpd_stats *out);

/*
** Ends every exchange, closes every socket, joins every thread, frees h.
** The caller must hold no lock that the handler takes.
*/
void po_httpd_stop(struct po_httpd *h);

#endif
