/* SPDX-License-Identifier: MIT */
#include "work.h"

#include <stdlib.h>
#include <string.h>

#include "drive.h"
#include "slot.h"

#define STREAMS      100      /* calls on one connection, libcurl's limit */
#define SCOUT        500      /* milliseconds; then another one goes */
#define SCOUTS       4        /* and no more at once */
#define KEEP         5000     /* milliseconds; then connections may be gone */
#define POOL         64       /* calls to one server in one pool, or more */
#define POOL_KEEP    30000    /* milliseconds; then an unused one is closed */
#define GRACE        1000     /* milliseconds that libcurl may be late */

/*
** The calls to one server. A connection to an https server may carry many
** calls at once, which nobody knows before it is up; and libcurl, asked for
** many at once, opens one for each. So one call goes ahead, a scout, and
** when its connection stands as many follow as there is room for on it. When
** that is used up, the next scout goes. One that takes its time may be lost,
** or the server slow: a few more are sent after it, one at a time. While none
** of them arrives others follow blindly, a few first and then more and more:
** of a server that is gone they learn not much later than a lone call would.
*/
struct po_host {
  struct po_host *next;
  struct po_list waiting;
  size_t active;
  size_t in_pool[PO_POOLS];   /* of them */
  struct po_call *scouts[SCOUTS];  /* gone ahead, not known to be connected */
  size_t nscouts;
  long long scout_until;      /* the youngest is late then */
  size_t lanes;               /* connections that scouts have found */
  size_t blind;               /* calls that go beyond those */
  long long last;             /* when a call was submitted */
  int multiplexed;            /* -1: not known yet */
  size_t len;
  char name[];                /* scheme://authority */
};

static struct {
  struct po_drive drive;
  int open;                   /* the drive is */
  struct po_host *hosts;
  struct po_list active;
  struct po_list finished;
  size_t nwaiting;
  size_t max_total, max_host;
  size_t in_pool[PO_POOLS];   /* calls on the wire */
  long long used[PO_POOLS];   /* when there was one */
  long long expiry;           /* no call's time is up before this */
  struct po_shelf shelf;
} own = { .expiry = PO_NEVER };

/* A parent's, in the child of a fork: never touched, only not lost. */
struct left {
  struct left *next;
  struct po_pool pools[PO_POOLS];
  struct po_slot *slots;
};

static struct left *left_behind;


/* {====== The end of a call ====== */

/* It is over, without having been on the wire. */
static void refuse(struct po_call *c, enum po_code code, const char *message) {
  memset(&c->result, 0, sizeof(c->result));
  c->result.code = code;
  c->result.sent = PO_SENT_NOTHING;
  c->result.message = message;
  c->result.elapsed = (double)(po_drive_now() - c->submitted) / 1000;
  po_list_add(&own.finished, c);
}


/*
** A scout has arrived, or ended. What it has found is new, or another one
** than those that were full; the other scouts are not on those either.
*/
static void found(struct po_host *h, size_t i) {
  const struct po_transfer *t = &h->scouts[i]->slot->transfer;
  long opened = 0;
  curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &opened);
  if (t->starts > 0 && (opened > 0 || h->lanes == 0 ||
                        h->active - h->nscouts >= h->lanes * STREAMS))
    h->lanes++;
  if (t->starts > 0)
    h->blind = 0;
  h->nscouts--;
  memmove(&h->scouts[i], &h->scouts[i + 1],
          (h->nscouts - i) * sizeof(h->scouts[0]));
}


static void look_out(struct po_host *h, long long now) {
  size_t i = h->nscouts;
  while (i-- > 0)
    if (h->scouts[i]->slot->transfer.starts > 0)
      found(h, i);
  if (h->nscouts == SCOUTS && now >= h->scout_until) {
    h->blind += h->blind > 0 ? h->blind : SCOUTS;
    h->scout_until = now + SCOUT;
  }
}


static int may_scout(const struct po_host *h, long long now) {
  return h->nscouts == 0 || (h->nscouts < SCOUTS && now >= h->scout_until);
}


static void learn(struct po_host *h, struct po_call *c) {
  long version = 0;
  size_t i;
  for (i = 0; i < h->nscouts; i++)
    if (h->scouts[i] == c) {
      found(h, i);
      break;
    }
  if (c->result.code == PO_OK && h->blind > 0) {  /* a blind one arrived */
    h->blind = 0;
    if (h->lanes == 0)
      h->lanes = 1;
  }
  if (c->result.code == PO_OK && h->multiplexed < 0) {
    curl_easy_getinfo(c->slot->transfer.easy, CURLINFO_HTTP_VERSION, &version);
    h->multiplexed = version > CURL_HTTP_VERSION_1_1;
  }
}


static void count_out(const struct po_call *c) {
  c->host->active--;
  c->host->in_pool[c->pool]--;
  own.in_pool[c->pool]--;
}


static void take_out(const struct po_call *c) {
  curl_multi_remove_handle(own.drive.pools[c->pool].multi,
                           c->slot->transfer.easy);
}


/* It leaves the wire. Its handle is out of the curl_multi already. */
static void land(struct po_call *c, CURLcode code, int cancelled) {
  struct po_transfer *t = &c->slot->transfer;
  po_transfer_end(t, code, &c->result);
  if (cancelled) {
    c->result.code = PO_CANCELLED;
    c->result.message = "cancelled";
    c->result.elapsed = (double)(po_drive_now() - c->submitted) / 1000;
  }
  learn(c->host, c);
  po_slot_answer(c->slot, c);
  po_list_remove(&own.active, c);
  count_out(c);
  po_shelf_keep(&own.shelf, c->slot);
  c->slot = NULL;
  po_list_add(&own.finished, c);
}

/* }=============================== */


/* {====== Standing in line ====== */

static struct po_host *find_host(const char *url) {
  const char *authority = strstr(url, "://");
  size_t len = authority ? (size_t)(authority + 3 - url) : 0;
  struct po_host *h;
  len += strcspn(url + len, "/?#");
  for (h = own.hosts; h; h = h->next)
    if (h->len == len && memcmp(h->name, url, len) == 0)
      return h;
  h = calloc(1, sizeof(*h) + len);
  if (!h)
    return NULL;
  memcpy(h->name, url, len);
  h->len = len;
  h->multiplexed = strncmp(url, "https:", 6) == 0 ? -1 : 0;
  h->next = own.hosts;
  own.hosts = h;
  return h;
}


/* Those without a call that were not asked for a while. */
static void forget_hosts(long long now) {
  struct po_host **at = &own.hosts;
  while (*at) {
    struct po_host *h = *at;
    if (h->active == 0 && h->waiting.n == 0 && now - h->last > KEEP) {
      *at = h->next;
      free(h);
    }
    else
      at = &h->next;
  }
}


void po_work_add(struct po_call *c) {
  c->host = find_host(c->request.url);
  if (!c->host) {
    refuse(c, PO_NOMEM, "not enough memory");
    return;
  }
  po_list_add(&c->host->waiting, c);
  c->host->last = c->submitted;
  own.nwaiting++;
  if (c->deadline < own.expiry)
    own.expiry = c->deadline;
}


static void leave_line(struct po_call *c) {
  po_list_remove(&c->host->waiting, c);
  own.nwaiting--;
}


/* Times that are up, in line and on the wire; libcurl has been late then. */
static void expire_host(struct po_host *h, long long now) {
  struct po_call *c, *next;
  for (c = h->waiting.first; c; c = next) {
    next = c->next;
    if (c->deadline <= now) {
      leave_line(c);
      refuse(c, PO_TIMEOUT, "timed out before a connection was free");
    }
    else if (c->deadline < own.expiry)
      own.expiry = c->deadline;
  }
}


static void expire(long long now) {
  struct po_host *h;
  struct po_call *c, *next;
  if (now < own.expiry)
    return;
  own.expiry = PO_NEVER;
  for (h = own.hosts; h; h = h->next)
    expire_host(h, now);
  for (c = own.active.first; c; c = next) {
    long long end = c->deadline + GRACE;
    next = c->next;
    if (end <= now) {
      take_out(c);
      land(c, CURLE_OPERATION_TIMEDOUT, 0);
    }
    else if (end < own.expiry)
      own.expiry = end;
  }
}


static int is_doomed(const struct po_call *c) {
  return __atomic_load_n(&c->cancelled, __ATOMIC_ACQUIRE) ||
         __atomic_load_n(&c->inbox->closing, __ATOMIC_ACQUIRE);
}


void po_work_sweep(void) {
  struct po_host *h;
  struct po_call *c, *next;
  for (h = own.hosts; h; h = h->next)
    for (c = h->waiting.first; c; c = next) {
      next = c->next;
      if (is_doomed(c)) {
        leave_line(c);
        refuse(c, PO_CANCELLED, "cancelled");
      }
    }
  for (c = own.active.first; c; c = next) {
    next = c->next;
    if (is_doomed(c)) {  /* the connection goes with it, or the stream */
      take_out(c);
      land(c, CURLE_ABORTED_BY_CALLBACK, 1);
    }
  }
}

/* }============================== */


/* {====== On the wire ====== */

/* On connections that carry many calls all are in one. */
static int pool_for(const struct po_host *h) {
  size_t room = (own.max_host + PO_POOLS - 1) / PO_POOLS;
  int i;
  if (room < POOL)
    room = POOL;
  for (i = 0; i < PO_POOLS; i++)
    if (h->multiplexed != 0 || h->in_pool[i] < room)
      return po_drive_pool(&own.drive, i) ? i : 0;
  return 0;
}


/* Those that are not used any longer close their connections. */
static void forget_pools(long long now) {
  int i;
  for (i = 1; i < PO_POOLS; i++)
    if (own.in_pool[i] > 0)
      own.used[i] = now;
    else if (own.drive.pools[i].multi && now - own.used[i] > POOL_KEEP)
      po_drive_drop_pool(&own.drive, i);
}


/*
** Whether the connection carries other calls too decides what may be
** waiting on it to be read (see on_start in transfer.c). While that is not
** known, libcurl's own judgement has to do.
*/
static enum po_code begin(struct po_call *c, long long now) {
  struct po_transfer *t = &c->slot->transfer;
  enum po_code code;
  c->request.headers = c->headers;
  c->request.timeout = (long)(c->deadline - now);
  code = po_transfer_begin(t, &c->request);
  if (code == PO_OK) {
    t->multiplexed = c->host->multiplexed != 0;
    c->pool = pool_for(c->host);
    if (curl_easy_setopt(t->easy, CURLOPT_PRIVATE, c) != CURLE_OK ||
        curl_multi_add_handle(own.drive.pools[c->pool].multi, t->easy)
          != CURLM_OK)
      code = PO_NOMEM;
  }
  return code;
}


static void start(struct po_call *c, long long now) {
  enum po_code code;
  leave_line(c);
  if (c->deadline <= now) {
    refuse(c, PO_TIMEOUT, "timed out before a connection was free");
    return;
  }
  c->slot = po_shelf_take(&own.shelf, c->options);
  code = c->slot ? begin(c, now) : PO_NOMEM;
  if (code == PO_OK) {
    c->host->active++;
    c->host->in_pool[c->pool]++;
    own.in_pool[c->pool]++;
    po_list_add(&own.active, c);
    if (c->deadline + GRACE < own.expiry)
      own.expiry = c->deadline + GRACE;
    return;
  }
  refuse(c, code, c->slot ? c->slot->transfer.error : "");
  if (code == PO_NOMEM)
    c->result.message = "not enough memory";
  else
    po_slot_answer(c->slot, c);
  if (c->slot)
    po_shelf_keep(&own.shelf, c->slot);
  c->slot = NULL;
}


/* May the server have one more call, were it on a connection of its own? */
static int is_within_limits(const struct po_host *h) {
  return h->active < own.max_host && own.active.n < own.max_total;
}


static int is_in_lanes(const struct po_host *h) {
  return h->multiplexed == 0 ||
         h->active < h->lanes * STREAMS + h->blind;
}


static void start_some(struct po_host *h, long long now) {
  if (h->multiplexed != 0)
    look_out(h, now);
  while (h->waiting.first && is_within_limits(h) &&
         (is_in_lanes(h) || may_scout(h, now))) {
    struct po_call *c = h->waiting.first;
    int scouts = !is_in_lanes(h);
    start(c, now);
    if (scouts && c->slot) {
      h->scouts[h->nscouts++] = c;
      h->scout_until = now + SCOUT;
    }
  }
}


static void start_all(long long now) {
  struct po_host *h;
  if (own.nwaiting > 0)
    for (h = own.hosts; h; h = h->next)
      start_some(h, now);
}


/* One exchange has come to an end, or, once, has to begin anew. */
static void finish(CURL *easy, CURLcode code) {
  struct po_call *c = NULL;
  long long now;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &c);
  take_out(c);
  now = po_drive_now();
  if (code != CURLE_OK && now < c->deadline &&
      po_transfer_again(&c->slot->transfer, (long)(c->deadline - now))) {
    if (curl_multi_add_handle(own.drive.pools[c->pool].multi, easy)
        == CURLM_OK)
      return;
  }
  land(c, code, 0);
}


static void reap(void) {
  CURLMsg *m;
  int i, left;
  for (i = 0; i < PO_POOLS; i++)
    while (own.in_pool[i] > 0 &&
           (m = curl_multi_info_read(own.drive.pools[i].multi, &left)) != NULL)
      if (m->msg == CURLMSG_DONE)
        finish(m->easy_handle, m->data.result);
}

/* }========================= */


/* {====== For engine.c ====== */

static CURLcode equip(CURL *e) {
  return po_drive_equip(&own.drive, e);
}


int po_work_open(void) {
  int err = po_drive_open(&own.drive);
  own.open = !err;
  memset(&own.shelf, 0, sizeof(own.shelf));
  own.shelf.equip = equip;
  return err;
}


void po_work_close(void) {
  po_shelf_clear(&own.shelf);
  forget_hosts(PO_NEVER);
  po_drive_close(&own.drive);
  own.open = 0;
}


void po_work_wake(void) {
  po_drive_wake(&own.drive);
}


void po_work_wait(long ms) {
  po_drive_wait(&own.drive, ms);
}


/* So many connections in one pool that all together are about max_total. */
static long keep_in_pool(void) {
  size_t n = own.max_total / PO_POOLS;
  size_t room = own.max_host / PO_POOLS;
  if (room < POOL)
    room = POOL;
  if (n < 2 * room)
    n = 2 * room;
  return (long)(n < own.max_total ? n : own.max_total);
}


void po_work_run(size_t max_total, size_t max_host) {
  long long now = po_drive_now();
  own.max_total = max_total;
  own.max_host = max_host;
  po_drive_keep(&own.drive, keep_in_pool());
  expire(now);
  start_all(now);
  po_drive_run(&own.drive);
  reap();
  start_all(po_drive_now());  /* into the places that fell free */
  forget_hosts(now);
  forget_pools(now);
}


struct po_call *po_work_finished(void) {
  struct po_call *c = own.finished.first;
  if (c)
    po_list_remove(&own.finished, c);
  return c;
}


size_t po_work_waiting(void) {
  return own.nwaiting;
}


size_t po_work_active(void) {
  return own.active.n;
}


long long po_work_due(void) {
  long long due = own.expiry;
  const struct po_host *h;
  for (h = own.hosts; h; h = h->next)
    if (h->nscouts > 0 && h->waiting.n > 0 && h->scout_until < due &&
        is_within_limits(h))
      due = h->scout_until;
  return due;
}


void po_work_refuse(struct po_call *c, const char *message) {
  refuse(c, PO_CANCELLED, message);
}


void po_work_disown(const char *message) {
  struct po_host *h;
  struct po_call *c;
  while ((c = own.active.first) != NULL) {
    po_list_remove(&own.active, c);
    count_out(c);
    c->slot = NULL;
    refuse(c, PO_CANCELLED, message);
    c->result.sent = PO_SENT_ALL;  /* for all that can be known here */
  }
  for (h = own.hosts; h; h = h->next)
    while ((c = h->waiting.first) != NULL) {
      leave_line(c);
      refuse(c, PO_CANCELLED, message);
    }
  forget_hosts(PO_NEVER);
}


void po_work_leave(void) {
  struct left *l;
  if (!own.open)
    return;
  l = malloc(sizeof(*l));
  if (l) {
    l->next = left_behind;
    memcpy(l->pools, own.drive.pools, sizeof(l->pools));
    l->slots = own.shelf.first;
    left_behind = l;
  }
  own.shelf.first = NULL;
  own.shelf.n = 0;
  po_drive_leave(&own.drive);
  own.open = 0;
}

/* }========================== */
