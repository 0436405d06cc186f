/* SPDX-License-Identifier: MIT */
/*
** What keeps the engine's transfers moving: pools of connections (a
** curl_multi each), and the wait for their sockets.
**
** On Linux the sockets are in an epoll set and libcurl is told which of
** them is ready, so that a turn costs as much as there is to do; elsewhere,
** and when memory for that is short, libcurl looks at all of them
** (curl_multi_poll), which costs as much as there are.
**
** A socket stays in the set while its connection is kept: libcurl wants to
** watch it anew for every exchange, and lets go of it after each, which
** would be two system calls a call. When something happens on one that
** libcurl does not wait for, it leaves the set.
**
** There are several pools because libcurl walks through the connections of
** a curl_multi when a transfer begins and when it ends: with a thousand of
** them that is a fifth of a call's time.
**
** One thread drives. Only 'wake' may be called by another, and not while
** the drive is being opened or closed.
*/
#ifndef po_drive_h
#define po_drive_h

#include <stddef.h>

#include <curl/curl.h>

#if !defined(PO_DRIVE_EPOLL)
#if defined(__linux__)
#define PO_DRIVE_EPOLL 1
#else
#define PO_DRIVE_EPOLL 0
#endif
#endif

#if PO_DRIVE_EPOLL
#include <sys/epoll.h>
#include "wake.h"
/* seen to in one turn: with more, the user waits while the thread works, and
   then the thread for the user */
#define PO_DRIVE_EVENTS 16
#define PO_POOLS 16
#else
#define PO_POOLS 1
#endif

struct po_drive;

struct po_pool {
  CURLM *multi;             /* owned; NULL: not in use */
  struct po_drive *drive;
  long long due;            /* when libcurl wants its turn; -1: no time */
};

#if PO_DRIVE_EPOLL
/* A descriptor that libcurl uses. */
struct po_watched {
  unsigned char wanted;     /* what libcurl waits for: CURL_POLL_IN, _OUT */
  unsigned char set;        /* what the epoll set watches it for */
  unsigned char lasting;    /* a connection: we see it opened and closed */
  unsigned char pool;
};
#endif

struct po_drive {
  struct po_pool pools[PO_POOLS];
  long kept;                /* connections that a pool keeps */
#if PO_DRIVE_EPOLL
  int set;                  /* the epoll set */
  struct po_wake wake;      /* in the set */
  struct po_watched *watched;  /* owned; by descriptor */
  size_t nwatched;
  int ready;                /* how many of the events are to be seen to */
  int blind;                /* the set lacks a socket: look at all of them */
  struct epoll_event events[PO_DRIVE_EVENTS];
#endif
};

/* Milliseconds of a clock that nobody sets. */
long long po_drive_now(void);

/* 0, or errno; then nothing is held. */
int po_drive_open(struct po_drive *d);
void po_drive_close(struct po_drive *d);

/* How many connections each pool keeps. */
void po_drive_keep(struct po_drive *d, long n);

/* Made when there is none yet; NULL when memory is short, but for pool 0. */
CURLM *po_drive_pool(struct po_drive *d, int pool);

/* Of a pool without transfers: closes its connections. Not for pool 0. */
void po_drive_drop_pool(struct po_drive *d, int pool);

/* What the drive needs to see of the connections of a handle. */
CURLcode po_drive_equip(struct po_drive *d, CURL *e);

/*
** In the child of a fork: lets go of the descriptors of the drive itself.
** The pools stay as they are, the connections in them are the parent's.
*/
void po_drive_leave(struct po_drive *d);

/* Ends the wait under way, or else the next one. */
void po_drive_wake(struct po_drive *d);

/* Sleeps until there is something to do, 'ms' milliseconds at most. */
void po_drive_wait(struct po_drive *d, long ms);

/* Has libcurl do it. */
void po_drive_run(struct po_drive *d);

#endif
