/* SPDX-License-Identifier: MIT */
/*
** The engine's handles: one for each call on the wire, kept for the next
** one afterwards. Used by the engine's thread alone, as work.c is.
*/
#ifndef po_slot_h
#define po_slot_h

#include "engine.h"

#define PO_SHELF_SOCKETS 4096 /* remembered; a port finds its place by modulo */

/* A handle, in use or kept for later. */
struct po_slot {
  struct po_slot *next;
  struct po_options *options; /* a reference */
  struct po_transfer transfer;
};

struct po_shelf {
  struct po_slot *first;      /* kept */
  size_t n;
  CURLcode (*equip)(CURL *e); /* see transfer.h */
  struct po_socket sockets[PO_SHELF_SOCKETS];  /* see on_start in transfer.c */
};

/* A handle set up with these options, which it holds; NULL: no memory. */
struct po_slot *po_shelf_take(struct po_shelf *f, struct po_options *o);

/* Takes one back, or frees it when there are many. */
void po_shelf_keep(struct po_shelf *f, struct po_slot *s);

/* Frees all that are kept. */
void po_shelf_clear(struct po_shelf *f);

/*
** What came of the call's transfer becomes the call's own: its message,
** head and body. The handle can serve another one then.
*/
void po_slot_answer(struct po_slot *s, struct po_call *c);

#endif
