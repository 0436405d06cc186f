/* SPDX-License-Identifier: MIT */
/*
** The part of the engine that is its thread's alone: calls standing in
** line, libcurl's handles, the wire. Everything here is used under the
** lock 'busy' of engine.c and needs no other, 'wake' and 'wait' excepted.
*/
#ifndef po_work_h
#define po_work_h

#include "engine.h"

#define PO_NEVER (1LL << 62)    /* a time */

/* 0, or errno; then nothing is held. */
int po_work_open(void);

/* For an engine without calls. Closes the connections. */
void po_work_close(void);

/* Any thread may wake it between open and close. */
void po_work_wake(void);
void po_work_wait(long ms);

/* Takes a call over. It comes back from po_work_finished. */
void po_work_add(struct po_call *c);

/* Ends what its user has cancelled. */
void po_work_sweep(void);

/* All that can be done without waiting; at most so many on the wire. */
void po_work_run(size_t max_total, size_t max_host);

/* A call that is over and now the caller's, or NULL. */
struct po_call *po_work_finished(void);

size_t po_work_waiting(void);
size_t po_work_active(void);

/* When there is something to do without anything coming in. */
long long po_work_due(void);

/*
** Makes every call finished, as cancelled, with this message. The handles
** and connections stay as they are, out of reach.
*/
void po_work_disown(const char *message);

/* As cancelled, with this message: a call that was never added. */
void po_work_refuse(struct po_call *c, const char *message);

/* In the child of a fork: forgets what is the parent's. */
void po_work_leave(void);

#endif
