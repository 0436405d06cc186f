/* SPDX-License-Identifier: MIT */
/*
** A server on loopback, on a thread of its own, for answer.c: it answers a
** POST with bytes that are given to it, and every GET with "mine".
*/
#ifndef fuzz_server_h
#define fuzz_server_h

#include <stddef.h>
#include <stdint.h>

/* Starts it when it does not run yet; its port. */
int po_server_port(void);

/* What the next POST is answered with; borrowed until po_server_sent. */
void po_server_give(const uint8_t *bytes, size_t n);

/* Waits until all of it has gone out; 0: no POST came. */
int po_server_sent(void);

/* The caller has its answer: a connection that is still up is kept. */
void po_server_over(void);

#endif
