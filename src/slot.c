/* SPDX-License-Identifier: MIT */
#include "slot.h"

#include <stdlib.h>
#include <string.h>

#define MAX_KEPT     128      /* handles on a shelf */


static void free_slot(struct po_slot *s) {
  po_transfer_free(&s->transfer);
  po_options_drop(s->options);
  free(s);
}


struct po_slot *po_shelf_take(struct po_shelf *f, struct po_options *o) {
  struct po_slot *s = f->first;
  if (!s) {
    s = calloc(1, sizeof(*s));
    if (s) {
      po_transfer_init(&s->transfer, o);
      s->transfer.shared = f->sockets;  /* all take from one pool */
      s->transfer.nshared = PO_SHELF_SOCKETS;
      s->transfer.equip = f->equip;
    }
  }
  else {
    f->first = s->next;
    f->n--;
    po_transfer_bind(&s->transfer, o);
    po_options_drop(s->options);
  }
  if (s) {
    po_options_hold(o);
    s->options = o;
  }
  return s;
}


void po_shelf_keep(struct po_shelf *f, struct po_slot *s) {
  po_transfer_forget(&s->transfer);
  if (f->n >= MAX_KEPT) {
    free_slot(s);
    return;
  }
  s->next = f->first;
  f->first = s;
  f->n++;
}


void po_shelf_clear(struct po_shelf *f) {
  while (f->first) {
    struct po_slot *s = f->first;
    f->first = s->next;
    free_slot(s);
  }
  f->n = 0;
}


/* {====== What came of a call ====== */

/* A message that lives in the handle has to move out with the call. */
static void take_message(struct po_call *c, const struct po_transfer *t) {
  if (c->result.message != t->error)
    return;
  c->message = strdup(t->error);
  c->result.message = c->message ? c->message
                                 : "the transfer failed; no memory to say how";
}


/* What 'from' holds, at 'to'. */
static size_t lay(struct po_buffer *b, char *to, const struct po_buffer *from) {
  if (from->len > 0)
    memcpy(to, from->data, from->len);
  b->data = to;
  b->len = from->len;
  return from->len;
}


void po_slot_answer(struct po_slot *s, struct po_call *c) {
  struct po_transfer *t = &s->transfer;
  take_message(c, t);
  if (c->result.code != PO_OK)
    return;
  if (t->head.len + t->body.len <= PO_ROOM) {
    size_t n = lay(&c->head, c->room, &t->head);
    lay(&c->body, c->room + n, &t->body);
    c->inside = 1;
    return;
  }
  c->head = t->head;
  c->body = t->body;
  po_buffer_init(&t->head, t->head.max);
  po_buffer_init(&t->body, t->body.max);
}

/* }================================= */
