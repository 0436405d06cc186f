/* SPDX-License-Identifier: MIT */
#include "drive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


long long po_drive_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}


static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ud,
                     void *known);
static int on_timer(CURLM *multi, long ms, void *ud);


/* {====== Pools ====== */

static CURLM *new_multi(struct po_pool *p) {
  CURLM *m = curl_multi_init();
  if (m && (curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket) != 0 ||
            curl_multi_setopt(m, CURLMOPT_SOCKETDATA, p) != 0 ||
            curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timer) != 0 ||
            curl_multi_setopt(m, CURLMOPT_TIMERDATA, p) != 0)) {
    curl_multi_cleanup(m);
    m = NULL;
  }
  return m;
}


CURLM *po_drive_pool(struct po_drive *d, int pool) {
  struct po_pool *p = &d->pools[pool];
  if (!p->multi) {
    p->drive = d;
    p->due = -1;
    p->multi = new_multi(p);
    if (p->multi && d->kept > 0)  /* libcurl's own: few once all is done */
      curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, d->kept);
  }
  return p->multi;
}


void po_drive_keep(struct po_drive *d, long n) {
  int i;
  if (n == d->kept)
    return;
  d->kept = n;
  for (i = 0; i < PO_POOLS; i++)
    if (d->pools[i].multi)
      curl_multi_setopt(d->pools[i].multi, CURLMOPT_MAXCONNECTS, n);
}


void po_drive_drop_pool(struct po_drive *d, int pool) {
  struct po_pool *p = &d->pools[pool];
  if (p->multi)
    curl_multi_cleanup(p->multi);
  p->multi = NULL;
}


static void drop_pools(struct po_drive *d) {
  int i;
  for (i = 0; i < PO_POOLS; i++)
    po_drive_drop_pool(d, i);
}

/* }=================== */


#if PO_DRIVE_EPOLL

/* {====== epoll ====== */

/* NULL when memory is short. */
static struct po_watched *record(struct po_drive *d, curl_socket_t fd) {
  size_t i = (size_t)fd, n = d->nwatched ? d->nwatched : 64;
  struct po_watched *w;
  if (i < d->nwatched)
    return &d->watched[i];
  while (n <= i)
    n *= 2;
  w = realloc(d->watched, n * sizeof(*w));
  if (!w)
    return NULL;
  memset(w + d->nwatched, 0, (n - d->nwatched) * sizeof(*w));
  d->watched = w;
  d->nwatched = n;
  return &w[i];
}


static void unwatch(struct po_drive *d, struct po_watched *w, int fd) {
  struct epoll_event e;  /* old kernels want one here too */
  memset(&e, 0, sizeof(e));
  if (w->set)
    epoll_ctl(d->set, EPOLL_CTL_DEL, fd, &e);
  w->set = 0;
}


/* 0 when the set watches the socket for what is wanted. */
static int watch(struct po_drive *d, struct po_watched *w, int fd) {
  struct epoll_event e;
  int op = w->set ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  int other = w->set ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (w->set == w->wanted)
    return 0;
  memset(&e, 0, sizeof(e));
  e.data.fd = fd;
  if (w->wanted & CURL_POLL_IN)
    e.events |= EPOLLIN;
  if (w->wanted & CURL_POLL_OUT)
    e.events |= EPOLLOUT;
  w->set = w->wanted;
  if (epoll_ctl(d->set, op, fd, &e) == 0)
    return 0;
  /* a descriptor closed behind our back has left the set by itself */
  if (errno == ENOENT || errno == EEXIST)
    return epoll_ctl(d->set, other, fd, &e);
  return -1;
}


/* libcurl's wish to watch a socket, or not to. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ud,
                     void *known) {
  struct po_pool *p = ud;
  struct po_drive *d = p->drive;
  struct po_watched *w = record(d, fd);
  (void)easy;
  if (!w) {
    d->blind = 1;
    return 0;
  }
  if (!known) {
    if (!w->lasting)  /* it may have been another's, whose end nobody told */
      w->set = 0;
    curl_multi_assign(p->multi, fd, d);
  }
  w->pool = (unsigned char)(p - d->pools);
  w->wanted = what == CURL_POLL_REMOVE ? 0 : (unsigned char)(what & 3);
  if (w->wanted) {
    if (watch(d, w, fd) != 0)
      d->blind = 1;
  }
  else if (!w->lasting)
    unwatch(d, w, fd);
  return 0;
}


static int on_timer(CURLM *multi, long ms, void *ud) {
  struct po_pool *p = ud;
  (void)multi;
  p->due = ms < 0 ? -1 : po_drive_now() + ms;
  return 0;
}


/* A connection's socket is there. Other descriptors come without this. */
static int on_open(void *ud, curl_socket_t fd, curlsocktype purpose) {
  struct po_watched *w = record(ud, fd);
  (void)purpose;
  if (w) {
    memset(w, 0, sizeof(*w));
    w->lasting = 1;
  }
  return CURL_SOCKOPT_OK;
}


static int on_close(void *ud, curl_socket_t fd) {
  struct po_drive *d = ud;
  if ((size_t)fd < d->nwatched)  /* closed, it leaves the set by itself */
    memset(&d->watched[fd], 0, sizeof(*d->watched));
  return close(fd);
}


CURLcode po_drive_equip(struct po_drive *d, CURL *e) {
  CURLcode c = curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, on_open);
  if (c == CURLE_OK)
    c = curl_easy_setopt(e, CURLOPT_SOCKOPTDATA, d);
  if (c == CURLE_OK)
    c = curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  if (c == CURLE_OK)
    c = curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, d);
  return c;
}


int po_drive_open(struct po_drive *d) {
  struct epoll_event e;
  int err;
  memset(d, 0, sizeof(*d));
  memset(&e, 0, sizeof(e));
  err = po_wake_open(&d->wake);
  d->set = err ? -1 : epoll_create1(EPOLL_CLOEXEC);
  if (!err && d->set < 0)
    err = errno;
  e.events = EPOLLIN | EPOLLET;  /* each raise is told once: no need to read */
  e.data.fd = d->wake.in;
  if (!err && epoll_ctl(d->set, EPOLL_CTL_ADD, d->wake.in, &e) != 0)
    err = errno;
  if (!err && !po_drive_pool(d, 0))
    err = ENOMEM;
  if (err)
    po_drive_close(d);
  return err;
}


void po_drive_leave(struct po_drive *d) {
  if (d->set >= 0)
    close(d->set);
  d->set = -1;
  po_wake_close(&d->wake);
  free(d->watched);
  d->watched = NULL;
  d->nwatched = 0;
  memset(d->pools, 0, sizeof(d->pools));
}


void po_drive_close(struct po_drive *d) {
  drop_pools(d);
  po_drive_leave(d);
}


void po_drive_wake(struct po_drive *d) {
  po_wake_raise(&d->wake);
}


/* libcurl can wait for one pool only; the others are looked at. */
static void wait_blindly(struct po_drive *d, long ms) {
  struct curl_waitfd wake;
  int i;
  for (i = 1; i < PO_POOLS; i++)
    if (d->pools[i].multi && ms > 10)
      ms = 10;
  memset(&wake, 0, sizeof(wake));
  wake.fd = d->wake.in;
  wake.events = CURL_WAIT_POLLIN;
  curl_multi_poll(d->pools[0].multi, &wake, 1, (int)ms, NULL);
}


void po_drive_wait(struct po_drive *d, long ms) {
  long long now = po_drive_now();
  int i;
  if (d->blind) {
    wait_blindly(d, ms);
    return;
  }
  for (i = 0; i < PO_POOLS; i++) {
    const struct po_pool *p = &d->pools[i];
    if (p->multi && p->due >= 0 && p->due - now < ms)
      ms = p->due > now ? (long)(p->due - now) : 0;
  }
  d->ready = epoll_wait(d->set, d->events, PO_DRIVE_EVENTS, (int)ms);
}


/* Has libcurl see to one socket, or to the time. */
static void act(struct po_drive *d, int pool, curl_socket_t fd, int what) {
  CURLM *m = d->pools[pool].multi;
  int running;
  /* on a failure it may have left out to tell us of a socket */
  if (m && curl_multi_socket_action(m, fd, what, &running) != CURLM_OK)
    d->blind = 1;
}


static void see_to(struct po_drive *d, int fd, uint32_t events) {
  struct po_watched *w = (size_t)fd < d->nwatched ? &d->watched[fd] : NULL;
  int what = 0;
  if (!w || !w->wanted) {  /* a kept connection that has ended, mostly */
    if (w)
      unwatch(d, w, fd);
    return;
  }
  if (events & EPOLLIN)
    what |= CURL_CSELECT_IN;
  if (events & EPOLLOUT)
    what |= CURL_CSELECT_OUT;
  if (events & (EPOLLERR | EPOLLHUP))
    what |= CURL_CSELECT_ERR;
  act(d, w->pool, fd, what);
}


static void run_blindly(struct po_drive *d) {
  int i, running;
  po_wake_clear(&d->wake);
  for (i = 0; i < PO_POOLS; i++)
    if (d->pools[i].multi)
      curl_multi_perform(d->pools[i].multi, &running);
}


void po_drive_run(struct po_drive *d) {
  int i, ready = d->ready;
  long long now;
  d->ready = 0;
  if (d->blind) {
    run_blindly(d);
    return;
  }
  for (i = 0; i < ready; i++) {
    const struct epoll_event *e = &d->events[i];
    if (e->data.fd != d->wake.in)
      see_to(d, e->data.fd, e->events);
  }
  now = po_drive_now();
  for (i = 0; i < PO_POOLS; i++) {
    struct po_pool *p = &d->pools[i];
    if (p->multi && p->due >= 0 && p->due <= now) {
      p->due = -1;
      act(d, i, CURL_SOCKET_TIMEOUT, 0);
    }
  }
}

/* }==================== */

#else

/* {====== Anywhere ====== */

/* For the sake of new_multi: libcurl waits by itself and calls neither. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ud,
                     void *known) {
  (void)easy; (void)fd; (void)what; (void)ud; (void)known;
  return 0;
}


static int on_timer(CURLM *multi, long ms, void *ud) {
  (void)multi; (void)ms; (void)ud;
  return 0;
}


CURLcode po_drive_equip(struct po_drive *d, CURL *e) {
  (void)d; (void)e;
  return CURLE_OK;
}


int po_drive_open(struct po_drive *d) {
  memset(d, 0, sizeof(*d));
  return po_drive_pool(d, 0) ? 0 : ENOMEM;
}


void po_drive_leave(struct po_drive *d) {
  memset(d->pools, 0, sizeof(d->pools));
}


void po_drive_close(struct po_drive *d) {
  drop_pools(d);
}


void po_drive_wake(struct po_drive *d) {
  curl_multi_wakeup(d->pools[0].multi);
}


void po_drive_wait(struct po_drive *d, long ms) {
  curl_multi_poll(d->pools[0].multi, NULL, 0, (int)ms, NULL);
}


void po_drive_run(struct po_drive *d) {
  int running;
  curl_multi_perform(d->pools[0].multi, &running);
}

/* }======================= */

#endif
