/* SPDX-License-Identifier: MIT */
/*
** The user's side of the engine. Everything here runs on the thread that
** opened the inbox; see engine.h for what is shared and how.
*/
#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "drive.h"

#define FIRST_SIZE 64u      /* of the table; a power of two */


/* {====== Lists and calls ====== */

void po_list_add(struct po_list *l, struct po_call *c) {
  c->next = NULL;
  c->prev = l->last;
  if (l->last)
    l->last->next = c;
  else
    l->first = c;
  l->last = c;
  l->n++;
}


void po_list_remove(struct po_list *l, struct po_call *c) {
  if (c->prev)
    c->prev->next = c->next;
  else
    l->first = c->next;
  if (c->next)
    c->next->prev = c->prev;
  else
    l->last = c->prev;
  l->n--;
}


void po_call_free(struct po_call *c) {
  po_options_drop(c->options);
  po_headers_free(c->headers);
  if (c->inside)
    po_wipe(c->room, c->head.len + c->body.len);
  else {
    po_buffer_free(&c->head);
    po_buffer_free(&c->body);
  }
  free(c->message);
  po_wipe(c->text, c->textlen);
  free(c);
}


static void free_list(struct po_list *l) {
  struct po_call *c;
  while ((c = l->first) != NULL) {
    po_list_remove(l, c);
    po_call_free(c);
  }
}


static char *copy(char **to, const void *from, size_t n) {
  char *at = *to;
  memcpy(at, from, n);
  *to += n;
  return at;
}


/* A call with copies of all but the headers, which stay the caller's. */
static struct po_call *new_call(struct po_options *o,
                                const struct po_request *q) {
  size_t method = strlen(q->method) + 1;
  size_t url = strlen(q->url) + 1;
  size_t textlen = method + url + q->bodylen;
  struct po_call *c = malloc(sizeof(*c) + textlen);
  char *to;
  if (!c)
    return NULL;
  memset(c, 0, offsetof(struct po_call, room));
  c->textlen = textlen;
  to = c->text;
  c->request = *q;
  c->request.method = copy(&to, q->method, method);
  c->request.url = copy(&to, q->url, url);
  if (q->body)
    c->request.body = copy(&to, q->body, q->bodylen);
  c->submitted = po_drive_now();
  c->deadline = c->submitted + q->timeout;
  po_options_hold(o);
  c->options = o;
  return c;
}

/* }============================= */


/* {====== Calls by id ====== */

static struct po_call **place(const struct po_inbox *b, uint64_t id) {
  struct po_call **at = &b->table[id & (b->size - 1)];
  while (*at && (*at)->id != id)
    at = &(*at)->chain;
  return at;
}


static int grow_table(struct po_inbox *b) {
  size_t i, size = b->size ? b->size * 2 : FIRST_SIZE;
  struct po_call **table = calloc(size, sizeof(struct po_call *));
  if (!table)
    return 0;
  for (i = 0; i < b->size; i++) {
    struct po_call *c, *chain;
    for (c = b->table[i]; c; c = chain) {
      struct po_call **at = &table[c->id & (size - 1)];
      chain = c->chain;
      c->chain = *at;
      *at = c;
    }
  }
  free(b->table);
  b->table = table;
  b->size = size;
  return 1;
}


static int remember(struct po_inbox *b, struct po_call *c) {
  struct po_call **at;
  if (b->count >= b->size && !grow_table(b))
    return 0;
  c->id = ++b->last_id;
  at = &b->table[c->id & (b->size - 1)];
  c->chain = *at;
  *at = c;
  b->count++;
  return 1;
}


static void forget(struct po_inbox *b, struct po_call *c) {
  *place(b, c->id) = c->chain;
  b->count--;
}

/* }========================= */


struct po_inbox *po_inbox_open(void) {
  struct po_inbox *b = calloc(1, sizeof(*b));
  int err;
  if (!b) {
    errno = ENOMEM;
    return NULL;
  }
  err = po_wake_open(&b->wake);
  if (err) {
    free(b);
    errno = err;
    return NULL;
  }
  pthread_cond_init(&b->landed, NULL);
  if (po_engine_enter(b))
    return b;
  pthread_cond_destroy(&b->landed);
  po_wake_close(&b->wake);
  free(b);
  errno = ENOMEM;
  return NULL;
}


void po_inbox_close(struct po_inbox *b) {
  __atomic_store_n(&b->closing, 1, __ATOMIC_RELEASE);
  po_engine_leave(b);  /* nothing is with the engine from here on */
  free_list(&b->done);
  free_list(&b->taken);
  free(b->table);
  po_wake_close(&b->wake);
  pthread_cond_destroy(&b->landed);
  free(b);
}


enum po_code po_inbox_submit(struct po_inbox *b, struct po_options *o,
                             const struct po_request *q, uint64_t *id) {
  struct po_call *c = new_call(o, q);
  if (!c)
    return PO_NOMEM;
  c->inbox = b;
  if (!remember(b, c)) {
    po_call_free(c);
    return PO_NOMEM;
  }
  *id = c->id;
  c->headers = q->headers;
  if (po_engine_submit(c))
    return PO_OK;
  forget(b, c);
  c->headers = NULL;
  po_call_free(c);
  return PO_NETWORK;
}


int po_inbox_cancel(struct po_inbox *b, uint64_t id) {
  struct po_call *c = b->size ? *place(b, id) : NULL;
  if (!c)
    return 0;
  if (!__atomic_exchange_n(&c->cancelled, 1, __ATOMIC_ACQ_REL))
    po_engine_sweep();
  return 1;
}


/*
** The descriptor is raised and cleared under the lock only, together with
** 'ready': at any other time the two say the same.
*/
struct po_call *po_inbox_peek(struct po_inbox *b) {
  if (b->taken.first)
    return b->taken.first;
  if (!__atomic_load_n(&b->ready, __ATOMIC_ACQUIRE))
    return NULL;
  po_engine_lock();
  po_wake_clear(&b->wake);
  b->taken = b->done;
  memset(&b->done, 0, sizeof(b->done));
  __atomic_store_n(&b->ready, 0, __ATOMIC_RELAXED);
  po_engine_unlock();
  return b->taken.first;
}


void po_inbox_drop(struct po_inbox *b) {
  struct po_call *c = b->taken.first;
  po_list_remove(&b->taken, c);
  forget(b, c);
  po_call_free(c);
}


size_t po_inbox_count(const struct po_inbox *b) {
  return b->count;
}


int po_inbox_fileno(const struct po_inbox *b) {
  return b->wake.in;
}


/* Returns early for a signal, so that its handler is not kept waiting. */
int po_inbox_wait(struct po_inbox *b, long ms) {
  long long until = po_drive_now() + ms;
  struct pollfd p;
  p.fd = b->wake.in;
  p.events = POLLIN;
  while (!po_inbox_peek(b)) {
    long long left = until - po_drive_now();
    if (left <= 0)
      return 0;
    if (poll(&p, 1, (int)(left < 60000 ? left : 60000)) < 0)
      return po_inbox_peek(b) != NULL;
  }
  return 1;
}


/* {====== Hints on a stream ====== */

int po_inbox_listen(struct po_inbox *b, const char *dir, const char **path) {
  int err = po_wake_listen(&b->wake, dir);
  *path = b->wake.path;
  return err;
}


/* Under the lock: the engine must not raise what is being exchanged. */
int po_inbox_accept(struct po_inbox *b) {
  int err;
  po_engine_lock();
  err = po_wake_accept(&b->wake);
  po_engine_unlock();
  return err;
}


void po_inbox_nudge(struct po_inbox *b) {
  po_wake_raise(&b->wake);
}

/* }=============================== */
