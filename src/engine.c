/* SPDX-License-Identifier: MIT */
/* The engine's thread, its start and its ends. Read engine.h first. */
#include "engine.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "drive.h"
#include "work.h"

#define MAX_TOTAL    2048
#define IDLE         120000   /* milliseconds; libcurl gives up on kept
                                 connections at about the same age */

static pthread_mutex_t control = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t busy = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Under 'lock'. */
static struct {
  struct po_list submitted;
  struct po_inbox *inboxes;
  size_t count;               /* of the inboxes */
  int running;                /* the thread takes calls */
  int stop;                   /* the thread is to end */
  int sweep;                  /* some call is to end */
  int asleep;                 /* the thread needs to be woken */
  int exiting;                /* the process is at its end */
  size_t active, waiting;     /* as the last turn left them */
  size_t max_total, max_host;
  long idle;
} shared;

/* Under 'control'. */
static pthread_t thread;
static int joinable;          /* 'thread' is to be joined */


void po_engine_lock(void) {
  pthread_mutex_lock(&lock);
}


void po_engine_unlock(void) {
  pthread_mutex_unlock(&lock);
}


/* {====== The thread ====== */

/* What a turn takes with it from the users. */
struct orders {
  struct po_list fresh;
  int sweep;
  size_t max_total, max_host;
  long idle;
};


/* 0: the thread is to stop. */
static int collect(struct orders *o) {
  int go_on;
  po_engine_lock();
  go_on = !shared.stop;
  if (go_on) {
    o->fresh = shared.submitted;
    memset(&shared.submitted, 0, sizeof(shared.submitted));
    o->sweep = shared.sweep;
    shared.sweep = shared.asleep = 0;
    o->max_total = shared.max_total;
    o->max_host = shared.max_host;
    o->idle = shared.idle;
  }
  po_engine_unlock();
  return go_on;
}


/* Under the lock. Raised while it is held: the inbox cannot go meanwhile. */
static void deliver(struct po_call *c) {
  struct po_inbox *b = c->inbox;
  po_list_add(&b->done, c);
  if (!b->ready) {
    __atomic_store_n(&b->ready, 1, __ATOMIC_RELEASE);
    po_wake_raise(&b->wake);
  }
  if (--b->flying == 0)
    pthread_cond_signal(&b->landed);
}


static void deliver_all(void) {
  struct po_call *c;
  while ((c = po_work_finished()) != NULL)
    deliver(c);
}


/* Under the lock: until when the thread may sleep; 'rest' without calls. */
static long long sleep_until(long long rest) {
  shared.active = po_work_active();
  shared.waiting = po_work_waiting();
  if (shared.submitted.n > 0 || shared.sweep || shared.stop)
    return 0;
  shared.asleep = 1;
  if (shared.active + shared.waiting > 0)
    return po_work_due();
  return rest;
}


/* One turn. 1, and how long to sleep before the next; 0: no next one. */
static int turn(long long *last, long *ms) {
  struct orders o;
  struct po_call *c;
  long long until, now;
  int go_on = 1;
  if (!collect(&o))
    return 0;
  if (o.fresh.n > 0)
    *last = po_drive_now();
  while ((c = o.fresh.first) != NULL) {
    po_list_remove(&o.fresh, c);
    po_work_add(c);
  }
  if (o.sweep)
    po_work_sweep();
  po_work_run(o.max_total, o.max_host);
  now = po_drive_now();
  if (po_work_active() > 0)
    *last = now;
  po_engine_lock();
  deliver_all();
  until = sleep_until(*last + o.idle);
  if (until <= now && shared.asleep && shared.active + shared.waiting == 0)
    shared.running = go_on = 0;  /* a rest: the next submit starts anew */
  po_engine_unlock();
  *ms = until <= now ? 0 : until - now < 60000 ? (long)(until - now) : 60000;
  return go_on;
}


static void *run(void *ud) {
  long long last = po_drive_now();  /* when there was a call */
  long ms;
  (void)ud;
  for (;;) {
    pthread_mutex_lock(&busy);
    if (!turn(&last, &ms))
      break;
    pthread_mutex_unlock(&busy);
    po_work_wait(ms);
  }
  if (!__atomic_load_n(&shared.exiting, __ATOMIC_ACQUIRE))
    po_work_close();
  pthread_mutex_unlock(&busy);
  return NULL;
}

/* }======================== */


/* {====== Start and end ====== */

/* Under 'control'. */
static void join(void) {
  if (joinable)
    pthread_join(thread, NULL);
  joinable = 0;
}


/* Under 'control': 0, or errno. */
static int spawn(void) {
  sigset_t all, before;
  int err;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  err = pthread_create(&thread, NULL, run, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  joinable = (err == 0);
#if defined(__linux__)
  if (joinable)
    pthread_setname_np(thread, "portone");
#endif
  return err;
}


/* Under 'control': 0, or errno. */
static int start_thread(void) {
  int err;
  join();  /* it may still be cleaning up after a rest */
  err = po_work_open();
  if (err)
    return err;
  po_engine_lock();  /* the thread's first look has to find it running */
  err = spawn();
  shared.running = !err;
  po_engine_unlock();
  if (err)
    po_work_close();
  return err;
}


/* 1 when the thread is there to take calls; 0 with errno. */
static int ensure_thread(void) {
  int err = 0, running, exiting;
  pthread_mutex_lock(&control);
  po_engine_lock();
  running = shared.running;
  exiting = shared.exiting;
  po_engine_unlock();
  if (exiting)
    err = ESHUTDOWN;
  else if (!running)
    err = start_thread();
  pthread_mutex_unlock(&control);
  errno = err;
  return !err;
}


/* Under 'control' and the lock. Whoever submits from here on has to wait. */
static void order_stop(void) {
  if (shared.running) {
    shared.stop = 1;
    po_work_wake();
  }
}


/* Under 'control', after the order. */
static void await_stop(void) {
  join();
  po_engine_lock();
  shared.running = shared.stop = 0;
  po_engine_unlock();
}


int po_engine_submit(struct po_call *c) {
  for (;;) {
    int taken;
    po_engine_lock();
    taken = shared.running && !shared.stop;
    if (taken) {
      po_list_add(&shared.submitted, c);
      c->inbox->flying++;
      if (shared.asleep) {
        shared.asleep = 0;
        po_work_wake();
      }
    }
    po_engine_unlock();
    if (taken)
      return 1;
    if (!ensure_thread())
      return 0;
  }
}


/* Under the lock. */
static void wake_to_sweep(void) {
  shared.sweep = 1;
  if (shared.running && shared.asleep) {
    shared.asleep = 0;
    po_work_wake();
  }
}


void po_engine_sweep(void) {
  po_engine_lock();
  wake_to_sweep();
  po_engine_unlock();
}


void po_engine_leave(struct po_inbox *b) {
  int last;
  pthread_mutex_lock(&control);
  po_engine_lock();
  if (b->flying > 0)
    wake_to_sweep();
  while (b->flying > 0)
    pthread_cond_wait(&b->landed, &lock);
  if (b->prev)
    b->prev->next = b->next;
  else
    shared.inboxes = b->next;
  if (b->next)
    b->next->prev = b->prev;
  last = (--shared.count == 0);
  if (last)
    order_stop();  /* in one breath: no call can be there */
  po_engine_unlock();
  if (last)
    await_stop();
  pthread_mutex_unlock(&control);
}


/* }=========================== */


/* {====== Once in the process: limits, exit and fork ====== */

/* A connection is a descriptor, and the program needs some too. */
static void set_limits(void) {
  struct rlimit r;
  size_t total = MAX_TOTAL;
  if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur / 2 < total)
    total = (size_t)(r.rlim_cur / 2);
  shared.max_total = total > 16 ? total : 16;
  shared.max_host = shared.max_total / 2;
  shared.idle = IDLE;
}


/* Every call back to its user, as cancelled. There is no thread. */
static void give_back(const char *message) {
  struct po_call *c;
  while ((c = shared.submitted.first) != NULL) {
    po_list_remove(&shared.submitted, c);
    po_work_refuse(c, message);
  }
  po_work_disown(message);
  deliver_all();
  shared.active = shared.waiting = 0;
}


static pthread_once_t once_limits = PTHREAD_ONCE_INIT;


void po_engine_look(const struct po_engine_state *change,
                    struct po_engine_state *now) {
  pthread_once(&once_limits, set_limits);
  po_engine_lock();
  if (change && change->max_total > 0)
    shared.max_total = change->max_total;
  if (change && change->max_host > 0)
    shared.max_host = change->max_host;
  if (change && change->idle > 0)
    shared.idle = change->idle;
  now->running = shared.running;
  now->inboxes = shared.count;
  now->waiting = shared.waiting + shared.submitted.n;
  now->active = shared.active;
  now->max_total = shared.max_total;
  now->max_host = shared.max_host;
  now->idle = shared.idle;
  po_engine_unlock();
}


/*
** What the thread has in hand is dropped where it is: the process is about
** to end, and it is the kernel that closes the connections. An inbox may
** still be closed after this, by a handler that was registered before ours.
*/
static void at_exit(void) {
  pthread_mutex_lock(&control);
  po_engine_lock();
  __atomic_store_n(&shared.exiting, 1, __ATOMIC_RELEASE);
  order_stop();
  po_engine_unlock();
  await_stop();
  po_engine_lock();
  give_back("the process is ending");
  po_engine_unlock();
  pthread_mutex_unlock(&control);
}


static void before_fork(void) {
  pthread_mutex_lock(&control);
  pthread_mutex_lock(&busy);
  pthread_mutex_lock(&lock);
}


static void after_fork_parent(void) {
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&busy);
  pthread_mutex_unlock(&control);
}


static void after_fork_child(void) {
  struct po_inbox *b;
  pthread_mutex_init(&control, NULL);
  pthread_mutex_init(&busy, NULL);
  pthread_mutex_init(&lock, NULL);
  joinable = 0;
  shared.running = shared.stop = shared.sweep = shared.asleep = 0;
  for (b = shared.inboxes; b; b = b->next) {
    po_wake_renew(&b->wake);
    pthread_cond_init(&b->landed, NULL);
    if (b->ready)
      po_wake_raise(&b->wake);
  }
  give_back("the process has forked: this call goes on in the parent");
  po_work_leave();
}


static pthread_once_t once = PTHREAD_ONCE_INIT;
static int prepared;

static void prepare(void) {
  pthread_once(&once_limits, set_limits);
  prepared = po_transfer_startup() &&  /* first, so that it ends after us */
    atexit(at_exit) == 0 &&
    pthread_atfork(before_fork, after_fork_parent, after_fork_child) == 0;
}


int po_engine_enter(struct po_inbox *b) {
  if (pthread_once(&once, prepare) != 0 || !prepared)
    return 0;
  po_engine_lock();
  b->next = shared.inboxes;
  if (b->next)
    b->next->prev = b;
  shared.inboxes = b;
  shared.count++;
  po_engine_unlock();
  return 1;
}

/* }======================================================== */
