/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "support.h"

#define MAX_CONNECTIONS 16
#define PATIENCE 1          /* milliseconds for an answer without an end */

static const char mine[] =
  "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine";

struct connection {
  int fd;
  size_t len;
  char request[2048];
};

static struct {
  int listener, port;
  const uint8_t *bytes;
  size_t n;
  sem_t sent;
  int over;                 /* atomic */
  int ends;                 /* fd whose answer may be without an end, or -1 */
  struct connection c[MAX_CONNECTIONS];
  size_t nc;
} own = { .listener = -1, .ends = -1 };


/* At once, without a trace of the port: there are only so many. */
static void drop(size_t i) {
  struct linger now = { 1, 0 };
  setsockopt(own.c[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(own.c[i].fd);
  if (own.ends == own.c[i].fd)
    own.ends = -1;
  own.c[i] = own.c[--own.nc];
}


static void take(void) {
  int fd = accept(own.listener, NULL, NULL), on = 1;
  if (fd < 0)
    return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  CHECK(own.nc < MAX_CONNECTIONS);
  own.c[own.nc].fd = fd;
  own.c[own.nc++].len = 0;
}


static void put(int fd, const void *bytes, size_t n) {
  const char *p = bytes;
  while (n > 0) {
    ssize_t done = send(fd, p, n, MSG_NOSIGNAL);
    if (done <= 0)
      return;  /* the other side has seen enough */
    p += done;
    n -= (size_t)done;
  }
}


/* The requests are ours: their form is known. 0 when it is over. */
static int serve(struct connection *c) {
  ssize_t n = recv(c->fd, c->request + c->len, sizeof(c->request) - c->len, 0);
  int post;
  if (n <= 0)
    return 0;
  c->len += (size_t)n;
  CHECK(c->len < sizeof(c->request));
  post = c->request[0] == 'P';
  if (c->len < 6 || memcmp(c->request + c->len - (post ? 6 : 4),
                           post ? "\r\n\r\n{}" : "\r\n\r\n", post ? 6 : 4) != 0)
    return 1;
  c->len = 0;
  if (post) {
    put(c->fd, own.bytes, own.n);
    own.ends = c->fd;
    sem_post(&own.sent);
  }
  else
    put(c->fd, mine, sizeof(mine) - 1);
  return 1;
}


/* An answer that has no end of its own gets one. */
static void end(void) {
  if (own.ends >= 0 && !__atomic_load_n(&own.over, __ATOMIC_ACQUIRE))
    shutdown(own.ends, SHUT_WR);
  own.ends = -1;
}


static void *run(void *ud) {
  for (;;) {
    struct pollfd set[MAX_CONNECTIONS + 1];
    size_t i, n = own.nc;
    int ready;
    set[n].fd = own.listener;
    set[n].events = POLLIN;
    for (i = 0; i < n; i++) {
      set[i].fd = own.c[i].fd;
      set[i].events = POLLIN;
    }
    ready = poll(set, n + 1, own.ends >= 0 ? PATIENCE : -1);
    if (ready == 0)
      end();
    for (i = n; ready > 0 && i-- > 0; )
      if (set[i].revents && !serve(&own.c[i]))
        drop(i);
    if (ready > 0 && set[n].revents)
      take();
  }
  return ud;
}


int po_server_port(void) {
  struct sockaddr_in a;
  socklen_t len = sizeof(a);
  pthread_t thread;
  if (own.listener >= 0)
    return own.port;
  memset(&a, 0, sizeof(a));
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  own.listener = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(own.listener, (struct sockaddr *)&a, sizeof(a)) == 0);
  CHECK(listen(own.listener, 16) == 0);
  CHECK(getsockname(own.listener, (struct sockaddr *)&a, &len) == 0);
  own.port = ntohs(a.sin_port);
  CHECK(sem_init(&own.sent, 0, 0) == 0);
  CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
  pthread_detach(thread);
  return own.port;
}


void po_server_give(const uint8_t *bytes, size_t n) {
  own.bytes = bytes;
  own.n = n;
  __atomic_store_n(&own.over, 0, __ATOMIC_RELEASE);
}


int po_server_sent(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  t.tv_sec += 5;
  while (sem_timedwait(&own.sent, &t) != 0)
    if (errno != EINTR)
      return 0;
  return 1;
}


void po_server_over(void) {
  __atomic_store_n(&own.over, 1, __ATOMIC_RELEASE);
}
