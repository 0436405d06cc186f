/* SPDX-License-Identifier: MIT */
/* Exchanges that wait for their time, and the thread that wakes them. */
#include "exchange.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define LOOK_EVERY 0.2   /* seconds between looks for clients that have left
                            a hanging exchange */


double po_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}


/* {====== The list, soonest first: under h->lock ====== */

static void link_parked(struct po_httpd *h, struct exchange *r) {
  struct exchange *after = h->last;   /* most have the same delay: from the end */
  while (after && after->due > r->due)
    after = after->prev;
  r->prev = after;
  r->next = after ? after->next : h->first;
  if (r->next) r->next->prev = r; else h->last = r;
  if (r->prev) r->prev->next = r; else h->first = r;
  if (++h->parked > h->peak)
    h->peak = h->parked;
  if (r->due == PO_FOREVER)
    h->hanging++;
  if (h->first == r || h->hanging == 1)
    pthread_cond_signal(&h->wakeup);
}


static void unlink_parked(struct po_httpd *h, struct exchange *r) {
  if (r->next) r->next->prev = r->prev; else h->last = r->prev;
  if (r->prev) r->prev->next = r->next; else h->first = r->next;
  r->prev = r->next = NULL;
  h->parked--;
  if (r->due == PO_FOREVER)
    h->hanging--;
}

/* }================================ */


int po_park(struct exchange *r, double due) {
  struct po_httpd *h = r->h;
  int ok;
  pthread_mutex_lock(&h->lock);
  ok = !h->stopping;
  if (ok) {
    r->due = due;
    MHD_suspend_connection(r->conn);
    link_parked(h, r);
  }
  pthread_mutex_unlock(&h->lock);
  return ok;
}


/*
** An exchange has fallen due: ask for its answer if there is none yet, and
** let its daemon go on. Called with the lock held and 'r' off the list;
** gives the lock up while the handler runs. The connection is suspended
** all the while, so 'r' stays.
*/
static void fall_due(struct po_httpd *h, struct exchange *r) {
  char *token = r->plan.again;
  if (token && !r->dead) {
    r->plan.again = NULL;
    po_plan_reset(&r->plan);
    pthread_mutex_unlock(&h->lock);
    h->handler(h->ctx, NULL, token, &r->plan);
    free(token);
    pthread_mutex_lock(&h->lock);
    if (!h->stopping && (r->plan.again || r->plan.delay > 0)) {
      r->due = po_clock() + fmax(r->plan.delay, 0.001);
      link_parked(h, r);
      return;
    }
  }
  r->waited = 1;
  if (h->stopping)
    r->dead = 1;
  MHD_resume_connection(r->conn);
}


/* Let go of hanging exchanges whose clients have closed. */
static void look_for_gone(struct po_httpd *h) {
  struct exchange *r = h->last;
  while (r && r->due == PO_FOREVER) {
    struct exchange *before = r->prev;
    struct pollfd p;
    p.fd = r->fd;
    p.events = POLLRDHUP;
    p.revents = 0;
    if (poll(&p, 1, 0) > 0) {
      unlink_parked(h, r);
      r->dead = 1;
      MHD_resume_connection(r->conn);
    }
    r = before;
  }
}


static void wait_until(struct po_httpd *h, double when) {
  struct timespec t;
  t.tv_sec = (time_t)when;
  t.tv_nsec = (long)((when - (double)t.tv_sec) * 1e9);
  pthread_cond_timedwait(&h->wakeup, &h->lock, &t);
}


/* One turn of the pacer, the lock held. */
static void pace_once(struct po_httpd *h) {
  double now = po_clock();
  struct exchange *r = h->first;
  if (r && r->due <= now) {
    unlink_parked(h, r);
    fall_due(h, r);
    return;
  }
  if (h->hanging && now >= h->next_look) {
    look_for_gone(h);
    h->next_look = now + LOOK_EVERY;
  }
  else if (h->hanging)
    wait_until(h, r ? fmin(r->due, h->next_look) : h->next_look);
  else if (r)
    wait_until(h, r->due);
  else
    pthread_cond_wait(&h->wakeup, &h->lock);
}


void *po_pace(void *ud) {
  struct po_httpd *h = ud;
  pthread_mutex_lock(&h->lock);
  while (!h->stopping)
    pace_once(h);
  while (h->first) {
    struct exchange *r = h->first;
    unlink_parked(h, r);
    r->dead = 1;
    MHD_resume_connection(r->conn);
  }
  pthread_mutex_unlock(&h->lock);
  return NULL;
}
