/* SPDX-License-Identifier: MIT */
/*
** One thread runs all jobs on a curl_multi. 'lock' guards the list of new
** jobs, the count of pending ones and 'stopping'; everything else belongs
** to the thread. The thread holds no lock while it talks or reports. It is
** started by the first job: most receivers and many tests send none.
*/
#include "courier.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "transfer.h"

#define CONNECT_TIMEOUT 30000L           /* milliseconds */
#define MAX_ANSWER      (64u * 1024u)

struct job {
  char *id, *url, *body;   /* owned */
  size_t bodylen;
  size_t origin;           /* length of "scheme://host:port" in url */
  struct curl_slist *headers;
  long timeout;            /* milliseconds */
  struct po_transfer transfer;
  struct job *next;
};

struct list {
  struct job *first;
  struct job **end;        /* where the next one goes */
};

struct po_courier {
  po_courier_done done;
  void *ctx;
  pthread_t thread;
  CURLM *multi;
  struct po_options options;
  struct list waiting, running;   /* the thread's own */
  pthread_mutex_t lock;
  pthread_cond_t idle;
  struct list fresh;
  size_t pending;
  int started, stopping;
};


static void list_init(struct list *l) {
  l->first = NULL;
  l->end = &l->first;
}


static void list_add(struct list *l, struct job *j) {
  j->next = NULL;
  *l->end = j;
  l->end = &j->next;
}


/* Take out the job that 'at' points to. */
static struct job *list_take(struct list *l, struct job **at) {
  struct job *j = *at;
  *at = j->next;
  if (l->end == &j->next)
    l->end = at;
  return j;
}


static void job_free(struct job *j) {
  if (!j)
    return;
  po_transfer_free(&j->transfer);
  po_headers_free(j->headers);
  free(j->id);
  free(j->url);
  free(j->body);
  free(j);
}


static void list_free(struct list *l) {
  while (l->first)
    job_free(list_take(l, &l->first));
}


static size_t origin_length(const char *url) {
  const char *host = strstr(url, "://");
  return host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#")
              : strlen(url);
}


static int add_header(struct job *j, const char *line) {
  struct curl_slist *l = curl_slist_append(j->headers, line);
  if (l)
    j->headers = l;
  return l != NULL;
}


static struct job *job_new(struct po_courier *c, const struct po_delivery *d) {
  struct job *j = calloc(1, sizeof(*j));
  size_t i;
  int ok;
  if (!j)
    return NULL;
  po_transfer_init(&j->transfer, &c->options);
  j->id = strdup(d->id);
  j->url = strdup(d->url);
  j->body = malloc(d->bodylen + 1);
  j->bodylen = d->bodylen;
  j->timeout = (long)(d->timeout * 1000);
  ok = j->id && j->url && j->body && add_header(j, "Expect:") &&
       add_header(j, "Connection: close");
  for (i = 0; ok && i < d->nheaders; i++)
    ok = add_header(j, d->headers[i]);
  if (!ok) {
    job_free(j);
    return NULL;
  }
  memcpy(j->body, d->body, d->bodylen);
  j->origin = origin_length(j->url);
  return j;
}


/* Hand back a job's result, then forget it. */
static void report(struct po_courier *c, struct job *j,
                   const struct po_result *r) {
  c->done(c->ctx, j->id, r->code == PO_OK ? r->status : 0,
          j->transfer.body.data ? j->transfer.body.data : "",
          j->transfer.body.len, r->message);
  job_free(j);
  pthread_mutex_lock(&c->lock);
  if (--c->pending == 0)
    pthread_cond_broadcast(&c->idle);
  pthread_mutex_unlock(&c->lock);
}


/* 0 when the job ended at once, because it cannot be sent. */
static int start(struct po_courier *c, struct job *j) {
  struct po_request q;
  struct po_result r;
  memset(&q, 0, sizeof(q));
  q.method = "POST";
  q.url = j->url;
  q.body = j->body;
  q.bodylen = j->bodylen;
  q.headers = j->headers;
  q.timeout = j->timeout;
  q.direct = 1;
  memset(&r, 0, sizeof(r));
  r.code = po_transfer_begin(&j->transfer, &q);
  if (r.code == PO_OK &&
      curl_easy_setopt(j->transfer.easy, CURLOPT_PRIVATE, j) == CURLE_OK &&
      curl_multi_add_handle(c->multi, j->transfer.easy) == CURLM_OK) {
    list_add(&c->running, j);
    return 1;
  }
  if (r.code == PO_OK)
    r.code = PO_NOMEM;
  r.message = j->transfer.error[0] ? j->transfer.error : "not enough memory";
  report(c, j, &r);
  return 0;
}


static int is_busy(const struct po_courier *c, const struct job *j) {
  const struct job *k;
  for (k = c->running.first; k; k = k->next)
    if (k->origin == j->origin && strncmp(k->url, j->url, j->origin) == 0)
      return 1;
  return 0;
}


/* Start every waiting job whose host has none under way. */
static void start_free(struct po_courier *c) {
  struct job **at = &c->waiting.first;
  while (*at) {
    if (is_busy(c, *at))
      at = &(*at)->next;
    else
      start(c, list_take(&c->waiting, at));
  }
}


static void finish(struct po_courier *c, CURL *easy, CURLcode code) {
  struct job **at = &c->running.first;
  struct po_result r;
  struct job *j;
  while (*at && (*at)->transfer.easy != easy)
    at = &(*at)->next;
  if (!*at)
    return;
  j = list_take(&c->running, at);
  curl_multi_remove_handle(c->multi, easy);
  po_transfer_end(&j->transfer, code, &r);
  report(c, j, &r);
}


/* How many have come to an end. */
static int finish_done(struct po_courier *c) {
  int left, n = 0;
  CURLMsg *m;
  while ((m = curl_multi_info_read(c->multi, &left)) != NULL)
    if (m->msg == CURLMSG_DONE) {
      finish(c, m->easy_handle, m->data.result);
      n++;
    }
  return n;
}


/* Move the new jobs to the waiting ones; 0 when it is time to stop. */
static int collect(struct po_courier *c) {
  int go;
  pthread_mutex_lock(&c->lock);
  go = !c->stopping;
  if (c->fresh.first) {
    *c->waiting.end = c->fresh.first;
    c->waiting.end = c->fresh.end;
    list_init(&c->fresh);
  }
  pthread_mutex_unlock(&c->lock);
  return go;
}


static void *work(void *ud) {
  struct po_courier *c = ud;
  struct job *j;
  int running;
  while (collect(c)) {
    start_free(c);
    curl_multi_perform(c->multi, &running);
    if (finish_done(c) == 0)              /* else others may start now */
      curl_multi_poll(c->multi, NULL, 0, 1000, NULL);
  }
  for (j = c->running.first; j; j = j->next)
    curl_multi_remove_handle(c->multi, j->transfer.easy);
  list_free(&c->running);
  list_free(&c->waiting);
  return NULL;
}


struct po_courier *po_courier_new(po_courier_done done, void *ctx) {
  static char agent[] = "PortOne-Sandbox";
  struct po_courier *c;
  pthread_condattr_t attr;
  if (!po_transfer_startup())
    return NULL;
  c = calloc(1, sizeof(*c));
  if (!c)
    return NULL;
  c->done = done;
  c->ctx = ctx;
  c->options.connect_timeout = CONNECT_TIMEOUT;
  c->options.max_response = MAX_ANSWER;
  c->options.user_agent = agent;
  list_init(&c->fresh);
  list_init(&c->waiting);
  list_init(&c->running);
  pthread_mutex_init(&c->lock, NULL);
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&c->idle, &attr);
  pthread_condattr_destroy(&attr);
  return c;
}


/* Under the lock, before the first job; 0 when it fails. */
static int start_thread(struct po_courier *c) {
  sigset_t all, old;
  if (c->started)
    return 1;
  c->multi = curl_multi_init();
  if (!c->multi)
    return 0;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);  /* signals are the host's */
  c->started = pthread_create(&c->thread, NULL, work, c) == 0;
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (!c->started) {
    curl_multi_cleanup(c->multi);
    c->multi = NULL;
  }
  return c->started;
}


int po_courier_send(struct po_courier *c, const struct po_delivery *d) {
  struct job *j = job_new(c, d);
  int ok;
  if (!j)
    return 0;
  pthread_mutex_lock(&c->lock);
  ok = !c->stopping && start_thread(c);
  if (ok) {
    list_add(&c->fresh, j);
    c->pending++;
    curl_multi_wakeup(c->multi);
  }
  pthread_mutex_unlock(&c->lock);
  if (!ok)
    job_free(j);
  return ok;
}


size_t po_courier_pending(struct po_courier *c) {
  size_t n;
  pthread_mutex_lock(&c->lock);
  n = c->pending;
  pthread_mutex_unlock(&c->lock);
  return n;
}


int po_courier_wait(struct po_courier *c, double timeout) {
  struct timespec t;
  int idle, late = 0;
  clock_gettime(CLOCK_MONOTONIC, &t);
  timeout += (double)t.tv_nsec / 1e9;
  t.tv_sec += (time_t)timeout;
  t.tv_nsec = (long)((timeout - (double)(time_t)timeout) * 1e9);
  pthread_mutex_lock(&c->lock);
  while (c->pending > 0 && !c->stopping && !late)
    late = pthread_cond_timedwait(&c->idle, &c->lock, &t) != 0;
  idle = c->pending == 0;
  pthread_mutex_unlock(&c->lock);
  return idle;
}


void po_courier_stop(struct po_courier *c) {
  int started;
  pthread_mutex_lock(&c->lock);
  c->stopping = 1;
  started = c->started;
  if (started)
    curl_multi_wakeup(c->multi);
  pthread_mutex_unlock(&c->lock);
  if (started) {
    pthread_join(c->thread, NULL);
    curl_multi_cleanup(c->multi);
  }
  list_free(&c->fresh);
  pthread_cond_destroy(&c->idle);
  pthread_mutex_destroy(&c->lock);
  free(c);
}
