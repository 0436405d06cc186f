/* SPDX-License-Identifier: MIT */
/*
** One HTTP exchange on a libcurl easy handle.
**
** A transfer is used again and again: 'begin' sets the handle up for one
** request, somebody runs it (po_transfer_perform on the caller's thread,
** or a curl_multi loop), 'end' turns libcurl's word into ours. The handle
** keeps its connection between two exchanges.
**
** Four rules that a payment needs and libcurl does not have by itself:
** - a write is put on the wire once. libcurl quietly repeats a request
**   when a kept connection dies before the answer; for a charge that is
**   the second charge, so a second start is refused (on_start below);
** - a kept connection is used only if nothing came in on it meanwhile: an
**   answer that nobody asked for must not become the next request's, and
**   on a connection that was reset nothing need be risked;
** - how much was sent is known, not guessed (enum po_sent);
** - after fork the child leaves the parent's handle alone: it neither
**   writes to nor shuts down a connection that both of them hold.
*/
#ifndef po_transfer_h
#define po_transfer_h

#include <stddef.h>

#include <curl/curl.h>

#include "buffer.h"
#include "headers.h"

enum po_code {
  PO_OK,
  PO_NETWORK,         /* no connection, reset, cut short */
  PO_TLS,             /* certificate, host name, handshake */
  PO_TIMEOUT,
  PO_PROTOCOL,        /* not HTTP, or larger than can be taken */
  PO_CANCELLED,
  PO_INVALID,         /* the request itself cannot be sent */
  PO_NOMEM            /* only while nothing was sent */
};

/* What the other side may have seen of the request. */
enum po_sent { PO_SENT_NOTHING, PO_SENT_PART, PO_SENT_ALL, PO_SENT_ANSWER };

/*
** What a client sets for all its requests. Nothing changes once the first
** transfer uses it, so threads may share it; those made by po_options_new
** are counted and go with the last po_options_drop.
*/
struct po_options {
  int refs;                 /* changed atomically */
  long connect_timeout;     /* milliseconds */
  size_t max_response;      /* bytes of body */
  char *ca_file;            /* owned; NULL: libcurl's default */
  char *proxy;              /* owned; NULL: what the environment says */
  char *user_agent;         /* owned; NULL: only what the request has */
  char *agent;              /* owned; the same, for users: a header line */
};

/* Everything here is borrowed until po_transfer_end. */
struct po_request {
  const char *method;
  const char *url;
  const char *body;         /* NULL: no body */
  size_t bodylen;
  struct curl_slist *headers;
  long timeout;             /* milliseconds, 0: none */
  int direct;               /* loopback: past every proxy */
};

struct po_result {
  enum po_code code;
  enum po_sent sent;
  int status;               /* HTTP status; 0 without an answer */
  int curlcode;             /* libcurl's own number, for diagnosis */
  double elapsed;           /* seconds */
  const char *message;      /* one line; lives in the transfer */
};

/* The socket of a kept connection; libcurl does not give it in time. */
struct po_socket {
  int port;                 /* local, 0: none */
  curl_socket_t fd;
};

#define PO_SOCKETS 8        /* more than one easy handle keeps */

struct po_transfer {
  CURL *easy;               /* owned; NULL until first use */
  unsigned int owner;       /* the process that made 'easy', by generation */
  const struct po_options *options;  /* borrowed */
  int stale;                /* 'easy' is set up for other options */
  int direct;               /* how its proxy is set; -1: it is not */
  int worded;               /* it has a method of its own in mind */
  int fresh;                /* it is to take a new connection */
  long timeout;             /* that it has */
  struct po_buffer head;    /* header lines of the last answer */
  struct po_buffer body;
  int write;                /* the request must not be sent twice */
  size_t bodylen;           /* bytes that 'all' means; 0: cannot be counted */
  int starts;               /* how often it went on a connection */
  int unfit;                /* the kept connection could not be used */
  int multiplexed;          /* the last answer came by HTTP/2 */
  int headed;               /* 'head' is complete */
  int full;                 /* the answer passed a cap */
  curl_socket_t opened[2];  /* the last ones: two families may race */
  struct po_socket own[PO_SOCKETS];
  struct po_socket *shared; /* borrowed; where a pool has many connections */
  size_t nshared;           /* slots of it */
  CURLcode (*equip)(CURL *e);  /* sets what its loop needs; may be NULL */
  char error[CURL_ERROR_SIZE];
};

/* libcurl's own start-up, once per process; 0 when it fails. */
int po_transfer_startup(void);

/* All zero, with one reference; NULL when memory is short. */
struct po_options *po_options_new(void);
void po_options_hold(struct po_options *o);
void po_options_drop(struct po_options *o);

void po_transfer_init(struct po_transfer *t, const struct po_options *o);
void po_transfer_free(struct po_transfer *t);

/* From the next 'begin' on the transfer follows other options. */
void po_transfer_bind(struct po_transfer *t, const struct po_options *o);

/* Set the handle up; PO_OK, PO_INVALID or PO_NOMEM. */
enum po_code po_transfer_begin(struct po_transfer *t,
                               const struct po_request *r);

/*
** Between run and end: 1 when nothing was sent, for the only reason that
** the kept connection was unfit. The handle is then set up for one more
** run, on a connection of its own, of so many milliseconds at most.
*/
int po_transfer_again(struct po_transfer *t, long timeout);

void po_transfer_end(struct po_transfer *t, CURLcode c, struct po_result *r);

/* After 'end', when the answer has been read: overwrites it. */
void po_transfer_forget(struct po_transfer *t);

/* begin, run on this thread, end. */
void po_transfer_perform(struct po_transfer *t, const struct po_request *q,
                         struct po_result *r);

#endif
