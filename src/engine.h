/* SPDX-License-Identifier: MIT */
/*
** Exchanges in the background: one thread in the process runs all of them,
** and its users are told when theirs are done.
**
** Properties
** - Any number of users, on any threads. A user has an inbox; what he
**   submits comes back there, each call once, whatever happens to it.
** - A user waits on a descriptor, or looks now and then. To look when
**   nothing has come costs one atomic load.
** - All share one pool of connections: kept alive, HTTP/2 multiplexed where
**   the server offers it. At most so many transfers run at a time, for one
**   server and in all; further calls wait in line, their time running.
** - Idle, it holds no thread and no connection.
**
** Design
**   user                          the thread
**   submit --> 'submitted' -----> in line, by server --> on the wire
**   take   <-- inbox's 'done' <--------- finished <-----------+
** The two lists are swapped under one lock, never walked under it, and the
** inbox's descriptor (wake.h) is raised when 'done' ceases to be empty. The
** descriptor is a hint; the list is the truth.
**
** Ownership
** - A call holds copies of all it sends and a reference to its options.
**   It is the user's until submitted, the engine's until done, and then the
**   user's again, who takes and frees it. It is in one list at a time.
** - libcurl's handles are the thread's alone. A call has one only while it
**   is on the wire; its answer moves into the call when it leaves.
** - An inbox belongs to the thread that opened it (one Lua state's) and
**   outlives its calls: closing it ends those in flight, their connections
**   included, and returns when the engine has let go of the last.
**
** Locking
** - 'control' is held while the thread is started or stopped;
** - 'busy' by the thread, at all times but when it sleeps;
** - 'lock' for moments, around all that both sides touch.
** They are taken in this order. The thread never takes 'control', so it can
** be joined under it.
**
** Start and end
** - The first submit starts the thread; all signals are blocked in it.
** - It ends when the last inbox is closed (which joins it), after a while
**   without a call, and at exit() even when no inbox was closed, as
**   os.exit does it: libcurl's and OpenSSL's own ends come after ours.
** - The code it runs stays loaded (po_transfer_startup sees to that), so
**   unloading the module is no concern.
** - fork: the forking thread takes all three locks, so no list is half
**   changed and the engine is asleep, holding no lock of a library. The
**   child has no thread, none of the connections (they are the parent's;
**   it neither closes nor uses them) and empty lists; calls that were in
**   flight come back to it as cancelled, with fresh descriptors under the
**   old numbers. They go on in the parent.
*/
#ifndef po_engine_h
#define po_engine_h

#include <pthread.h>
#include <stdint.h>

#include "transfer.h"
#include "wake.h"

struct po_inbox;
struct po_host;
struct po_slot;

/*
** Room in a call for a usual answer: what one thread allocates and another
** frees is dear, and is left to answers that are long.
*/
#define PO_ROOM 1024

struct po_call {
  struct po_call *next, *prev;    /* in the one list that holds it */
  struct po_call *chain;          /* inbox: the next with the same hash */
  struct po_inbox *inbox;         /* borrowed, outlives the call */
  uint64_t id;
  struct po_options *options;     /* a reference */
  struct po_request request;      /* points to 'text' */
  struct curl_slist *headers;     /* owned */
  long long submitted;            /* time, in milliseconds */
  long long deadline;
  int cancelled;                  /* atomic: the user wants it to end */
  struct po_host *host;           /* engine: whose line it stands in */
  struct po_slot *slot;           /* engine: its handle, on the wire */
  int pool;                       /* engine: the pool its handle is in */
  struct po_result result;        /* this and all below: when done */
  struct po_buffer head;
  struct po_buffer body;
  int inside;                     /* the answer lies in 'room' */
  char *message;                  /* owned; NULL: result.message is static */
  char room[PO_ROOM];
  size_t textlen;
  char text[];                    /* method, URL and body */
};

struct po_list {
  struct po_call *first, *last;
  size_t n;
};

/* Limits, and what is going on. */
struct po_engine_state {
  int running;
  size_t inboxes;
  size_t waiting;                 /* in line */
  size_t active;                  /* on the wire */
  size_t max_total;               /* on the wire at a time */
  size_t max_host;                /* ... to one server */
  long idle;                      /* milliseconds without a call: rest */
};

/* {====== For users; see inbox.c ====== */

/* NULL when memory or descriptors are short, with errno. */
struct po_inbox *po_inbox_open(void);
void po_inbox_close(struct po_inbox *b);

/*
** Hands a request over. PO_OK: the engine has what it needs, and owns
** q->headers; '*id' is never 0. PO_NOMEM, or PO_NETWORK when the thread
** cannot be started (errno says why): nothing was sent or taken.
*/
enum po_code po_inbox_submit(struct po_inbox *b, struct po_options *o,
                             const struct po_request *q, uint64_t *id);

/* Asks for an early end. 0: no such call, or it was dropped. */
int po_inbox_cancel(struct po_inbox *b, uint64_t id);

/*
** The next finished call, in the order they finished, or NULL. The caller
** looks at it ('peek' gives the same one again), then frees it with 'drop'.
*/
struct po_call *po_inbox_peek(struct po_inbox *b);
void po_inbox_drop(struct po_inbox *b);

/* Calls submitted and not yet dropped. */
size_t po_inbox_count(const struct po_inbox *b);

/* Readable while there is something to take; -1 once it is a stream. */
int po_inbox_fileno(const struct po_inbox *b);

/* 1 when there is something to take, after 'ms' milliseconds at most. */
int po_inbox_wait(struct po_inbox *b, long ms);

/*
** Hints on a stream instead (see wake.h): 'listen' gives the path to connect
** to, valid until 'accept'. 0, or errno. 'nudge' raises a hint by hand.
*/
int po_inbox_listen(struct po_inbox *b, const char *dir, const char **path);
int po_inbox_accept(struct po_inbox *b);
void po_inbox_nudge(struct po_inbox *b);

/* 'change' may be NULL; of its limits those above 0 are set. */
void po_engine_look(const struct po_engine_state *change,
                    struct po_engine_state *now);

/* }===================================== */

/* {====== Between inbox.c and engine.c ====== */

struct po_inbox {
  struct po_inbox *next, *prev;   /* all open ones; under the lock */
  struct po_list done;            /* under the lock */
  size_t flying;                  /* with the engine; under the lock */
  pthread_cond_t landed;          /* 'flying' is 0 again */
  struct po_wake wake;            /* raised while 'ready' */
  int ready;                      /* atomic: 'done' is not empty */
  int closing;                    /* atomic */
  struct po_list taken;           /* this and all below: the user's */
  struct po_call **table;         /* calls by id; a power of two */
  size_t size;
  size_t count;
  uint64_t last_id;
};

void po_list_add(struct po_list *l, struct po_call *c);
void po_list_remove(struct po_list *l, struct po_call *c);

/* Only for a call that is in no list. */
void po_call_free(struct po_call *c);

void po_engine_lock(void);
void po_engine_unlock(void);

/* The first time in the process, registers what is to be registered. */
int po_engine_enter(struct po_inbox *b);
void po_engine_leave(struct po_inbox *b);

/* 1: the call is the engine's. 0: it is not, see errno. */
int po_engine_submit(struct po_call *c);

/* Some call is to end: its flag, or its inbox's, is set. */
void po_engine_sweep(void);

/* }=========================================== */

#endif
