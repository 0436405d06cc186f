/* SPDX-License-Identifier: MIT */
/*
** What keeps the engine's transfers moving: a curl_multi, and the wait for
** its sockets. On Linux the sockets are in an epoll set and libcurl is told
** which of them is ready, so that a turn costs as much as there is to do;
** elsewhere, and when memory for that is short, libcurl looks at all of them
** (curl_multi_poll), which costs as much as there are. A thousand calls in
** flight make that a factor of two.
**
** One thread drives. Only 'wake' may be called by another, and not while
** the drive is being opened or closed.
*/
#ifndef po_drive_h
#define po_drive_h

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
#define PO_DRIVE_EVENTS 128
#endif

struct po_drive {
  CURLM *multi;             /* owned */
#if PO_DRIVE_EPOLL
  int set;                  /* the epoll set */
  struct po_wake wake;      /* in the set */
  long long due;            /* when libcurl wants its turn; -1: no time */
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

/*
** In the child of a fork: lets go of the descriptors of the drive itself.
** The curl_multi stays as it is, the connections in it are the parent's.
*/
void po_drive_leave(struct po_drive *d);

/* Ends the wait under way, or else the next one. */
void po_drive_wake(struct po_drive *d);

/* Sleeps until there is something to do, 'ms' milliseconds at most. */
void po_drive_wait(struct po_drive *d, long ms);

/* Has libcurl do it. */
void po_drive_run(struct po_drive *d);

#endif
