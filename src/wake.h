/* SPDX-License-Identifier: MIT */
/*
** How an inbox tells its user that something has come: a descriptor that
** becomes readable. It is a hint, not a count; what has come is in the
** inbox's list.
**
** Two kinds. The plain one is an eventfd (a pipe where there is none): any
** loop can poll it. The other is the engine's end of a unix stream, for a
** user who can only read streams that he has connected himself, as nginx's
** cosockets are: 'listen' makes a socket in a directory of its own that
** nobody else may enter, the user connects, 'accept' takes the connection
** and leaves nothing behind in the file system.
*/
#ifndef po_wake_h
#define po_wake_h

#include <stddef.h>

#define PO_WAKE_PATH 108    /* as much as a unix socket's name may have */

struct po_wake {
  int in;                   /* readable while raised; -1 on a stream */
  int out;                  /* where a raise is written */
  int listener;             /* -1: not listening */
  char path[PO_WAKE_PATH];  /* of the listener */
};

/* The plain kind. 0, or errno; then nothing is held. */
int po_wake_open(struct po_wake *w);
void po_wake_close(struct po_wake *w);

void po_wake_raise(const struct po_wake *w);
void po_wake_clear(const struct po_wake *w);

/*
** In the child of a fork: leaves the descriptor to the parent and puts a
** new one under the same number. A stream cannot be had again.
*/
void po_wake_renew(struct po_wake *w);

/* A socket in a new directory below 'directory', at w->path. 0, or errno. */
int po_wake_listen(struct po_wake *w, const char *directory);

/* 0, or errno; the path is gone either way. */
int po_wake_accept(struct po_wake *w);

#endif
