/* SPDX-License-Identifier: MIT */
#include "drive.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


long long po_drive_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}


#if PO_DRIVE_EPOLL

/* {====== epoll ====== */

/* 0 when the set watches the socket of 'e' as it says. */
static int watch(const struct po_drive *d, int op, struct epoll_event *e) {
  int other = op == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(d->set, op, e->data.fd, e) == 0)
    return 0;
  /* a descriptor closed behind our back has left the set by itself */
  if (errno == ENOENT || errno == EEXIST)
    return epoll_ctl(d->set, other, e->data.fd, e);
  return -1;
}


/* libcurl's wish to watch a socket, or not to. 'known': it is in the set. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ud,
                     void *known) {
  struct po_drive *d = ud;
  struct epoll_event e;
  (void)easy;
  memset(&e, 0, sizeof(e));
  e.data.fd = fd;
  if (what & CURL_POLL_IN)
    e.events |= EPOLLIN;
  if (what & CURL_POLL_OUT)
    e.events |= EPOLLOUT;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(d->set, EPOLL_CTL_DEL, fd, &e);
    return 0;
  }
  if (watch(d, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, &e) != 0)
    d->blind = 1;
  if (!known)
    curl_multi_assign(d->multi, fd, d);
  return 0;
}


static int on_timer(CURLM *multi, long ms, void *ud) {
  struct po_drive *d = ud;
  (void)multi;
  d->due = ms < 0 ? -1 : po_drive_now() + ms;
  return 0;
}


static int open_multi(struct po_drive *d) {
  d->multi = curl_multi_init();
  return d->multi &&
    curl_multi_setopt(d->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == 0 &&
    curl_multi_setopt(d->multi, CURLMOPT_SOCKETDATA, d) == 0 &&
    curl_multi_setopt(d->multi, CURLMOPT_TIMERFUNCTION, on_timer) == 0 &&
    curl_multi_setopt(d->multi, CURLMOPT_TIMERDATA, d) == 0;
}


int po_drive_open(struct po_drive *d) {
  struct epoll_event e;
  int err;
  memset(d, 0, sizeof(*d));
  memset(&e, 0, sizeof(e));
  d->due = -1;
  err = po_wake_open(&d->wake);
  d->set = err ? -1 : epoll_create1(EPOLL_CLOEXEC);
  if (!err && d->set < 0)
    err = errno;
  e.events = EPOLLIN;
  e.data.fd = d->wake.in;
  if (!err && epoll_ctl(d->set, EPOLL_CTL_ADD, d->wake.in, &e) != 0)
    err = errno;
  if (!err && !open_multi(d))
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
  d->multi = NULL;
}


void po_drive_close(struct po_drive *d) {
  if (d->multi)
    curl_multi_cleanup(d->multi);  /* takes its sockets out of the set */
  po_drive_leave(d);
}


void po_drive_wake(struct po_drive *d) {
  po_wake_raise(&d->wake);
}


void po_drive_wait(struct po_drive *d, long ms) {
  if (d->blind) {
    struct curl_waitfd wake;
    memset(&wake, 0, sizeof(wake));
    wake.fd = d->wake.in;
    wake.events = CURL_WAIT_POLLIN;
    curl_multi_poll(d->multi, &wake, 1, (int)ms, NULL);
    return;
  }
  if (d->due >= 0) {
    long long left = d->due - po_drive_now();
    if (left < ms)
      ms = left > 0 ? (long)left : 0;
  }
  d->ready = epoll_wait(d->set, d->events, PO_DRIVE_EVENTS, (int)ms);
}


/* Has libcurl see to one socket, or to the time. */
static void act(struct po_drive *d, curl_socket_t fd, int what) {
  int running;
  /* on a failure it may have left out to tell us of a socket */
  if (curl_multi_socket_action(d->multi, fd, what, &running) != CURLM_OK)
    d->blind = 1;
}


void po_drive_run(struct po_drive *d) {
  int i, running, ready = d->ready;
  d->ready = 0;
  if (d->blind) {
    po_wake_clear(&d->wake);
    curl_multi_perform(d->multi, &running);
    return;
  }
  for (i = 0; i < ready; i++) {
    const struct epoll_event *e = &d->events[i];
    int what = 0;
    if (e->data.fd == d->wake.in) {
      po_wake_clear(&d->wake);
      continue;
    }
    if (e->events & EPOLLIN)
      what |= CURL_CSELECT_IN;
    if (e->events & EPOLLOUT)
      what |= CURL_CSELECT_OUT;
    if (e->events & (EPOLLERR | EPOLLHUP))
      what |= CURL_CSELECT_ERR;
    act(d, e->data.fd, what);
  }
  if (d->due >= 0 && d->due <= po_drive_now()) {
    d->due = -1;
    act(d, CURL_SOCKET_TIMEOUT, 0);
  }
}

/* }==================== */

#else

/* {====== Anywhere ====== */

int po_drive_open(struct po_drive *d) {
  d->multi = curl_multi_init();
  return d->multi ? 0 : ENOMEM;
}


void po_drive_leave(struct po_drive *d) {
  d->multi = NULL;
}


void po_drive_close(struct po_drive *d) {
  if (d->multi)
    curl_multi_cleanup(d->multi);
  d->multi = NULL;
}


void po_drive_wake(struct po_drive *d) {
  curl_multi_wakeup(d->multi);
}


void po_drive_wait(struct po_drive *d, long ms) {
  curl_multi_poll(d->multi, NULL, 0, (int)ms, NULL);
}


void po_drive_run(struct po_drive *d) {
  int running;
  curl_multi_perform(d->multi, &running);
}

/* }======================= */

#endif
