/* SPDX-License-Identifier: MIT */
/*
** The measure of the engine: libcurl's multi interface in a loop, with
** nothing around it, many transfers in flight. As in a program that pays,
** URL, headers and body are set anew for each.
**
**   bare LOOP N URL REQUEST-FILE
**     LOOP  poll    curl_multi_perform and curl_multi_poll, as the manual has it
**           epoll   curl_multi_socket_action on an epoll set
**     N     transfers in flight
**
** For each line of standard input, a number, it makes so many calls and
** prints microseconds per call: of wall time, of CPU time, and of CPU time
** of its busiest thread, the only one. REQUEST-FILE holds
** header lines, an empty line, and a body. With one more argument it begins
** N transfers that nobody answers, and prints the bytes of memory that each
** takes.
*/
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MAX_HEADERS 16

struct bytes {
  char *data;
  size_t len, size;
};

struct transfer {
  CURL *easy;
  struct curl_slist *headers;
  struct bytes head, body;
};

static char request[65536];
static const char *lines[MAX_HEADERS];
static int nlines;
static const char *body, *url;
static int set = -1;          /* the epoll set, for LOOP epoll */
static long timeout = -1;


static size_t keep(char *p, size_t size, size_t n, void *ud) {
  struct bytes *b = ud;
  size_t len = size * n;
  if (b->len + len > b->size) {
    b->size = (b->len + len) * 2;
    b->data = realloc(b->data, b->size);
  }
  memcpy(b->data + b->len, p, len);
  b->len += len;
  return len;
}


static double now(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}


static void read_request(const char *path) {
  FILE *f = fopen(path, "rb");
  char *p = request, *end;
  size_t n;
  if (!f) {
    perror(path);
    exit(1);
  }
  n = fread(request, 1, sizeof(request) - 1, f);
  fclose(f);
  request[n] = '\0';
  while ((end = strstr(p, "\r\n")) != NULL && end != p) {
    *end = '\0';
    lines[nlines++] = p;
    p = end + 2;
  }
  body = end ? end + 2 : "";
}


static void begin(CURLM *m, struct transfer *t) {
  int i;
  t->headers = curl_slist_append(NULL, "Expect:");
  for (i = 0; i < nlines; i++)
    t->headers = curl_slist_append(t->headers, lines[i]);
  t->head.len = t->body.len = 0;
  curl_easy_setopt(t->easy, CURLOPT_URL, url);
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
  curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
  curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, 65000L);
  curl_multi_add_handle(m, t->easy);
}


static void set_up(struct transfer *t) {
  t->easy = curl_easy_init();
  curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
  curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
  curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, keep);
  curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, &t->head);
  curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, &t->body);
}


static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ud,
                     void *known) {
  struct epoll_event e;
  (void)easy;
  memset(&e, 0, sizeof(e));
  e.data.fd = fd;
  e.events = ((what & CURL_POLL_IN) ? EPOLLIN : 0u)
             | ((what & CURL_POLL_OUT) ? EPOLLOUT : 0u);
  if (what == CURL_POLL_REMOVE)
    epoll_ctl(set, EPOLL_CTL_DEL, fd, &e);
  else
    epoll_ctl(set, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
  if (!known)
    curl_multi_assign(ud, fd, ud);
  return 0;
}


static int on_timer(CURLM *m, long ms, void *ud) {
  (void)m; (void)ud;
  timeout = ms;
  return 0;
}


/* Waits for something to happen and lets libcurl see to it. */
static void step(CURLM *m) {
  struct epoll_event events[256];
  int i, n, running;
  if (set < 0) {
    curl_multi_poll(m, NULL, 0, 1000, NULL);
    curl_multi_perform(m, &running);
    return;
  }
  n = epoll_wait(set, events, 256, timeout < 0 ? 1000 : (int)timeout);
  if (timeout == 0 || n == 0) {
    timeout = -1;
    curl_multi_socket_action(m, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  for (i = 0; i < n; i++)
    curl_multi_socket_action(m, events[i].data.fd,
      ((events[i].events & EPOLLIN) ? CURL_CSELECT_IN : 0)
      | ((events[i].events & EPOLLOUT) ? CURL_CSELECT_OUT : 0), &running);
}


static void run(CURLM *m, struct transfer *all, long n, long calls) {
  long begun = 0, done = 0;
  int left;
  CURLMsg *msg;
  while (begun < n && begun < calls)
    begin(m, &all[begun++]);
  while (done < calls) {
    step(m);
    while ((msg = curl_multi_info_read(m, &left)) != NULL) {
      struct transfer *t;
      long status = 0;
      CURL *e = msg->easy_handle;
      curl_easy_getinfo(e, CURLINFO_PRIVATE, &t);
      curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
      if (msg->data.result != CURLE_OK || status != 200) {
        fprintf(stderr, "bare: %s, status %ld\n",
                curl_easy_strerror(msg->data.result), status);
        exit(1);
      }
      curl_multi_remove_handle(m, e);
      curl_slist_free_all(t->headers);
      done++;
      if (begun++ < calls)
        begin(m, t);
    }
  }
}


/* Bytes of memory in use. */
static double resident(void) {
  long pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (f && fscanf(f, "%*s %ld", &pages) != 1)
    pages = 0;
  if (f)
    fclose(f);
  return (double)pages * (double)sysconf(_SC_PAGESIZE);
}


static void hold(CURLM *m, struct transfer *all, long n) {
  double before, until;
  long i;
  set_up(&all[0]);  /* what is made once */
  begin(m, &all[0]);
  step(m);
  before = resident();
  until = now(CLOCK_MONOTONIC) + 2e6;
  for (i = 1; i < n; i++) {
    set_up(&all[i]);
    begin(m, &all[i]);
  }
  while (now(CLOCK_MONOTONIC) < until)
    step(m);
  printf("%.0f\n", (resident() - before) / (double)(n - 1));
}


int main(int argc, char **argv) {
  char line[64];
  CURLM *m;
  struct transfer *all;
  long i, n;
  if (argc < 5)
    return 2;
  n = atol(argv[2]);
  url = argv[3];
  all = calloc((size_t)n, sizeof(*all));
  curl_global_init(CURL_GLOBAL_DEFAULT);
  m = curl_multi_init();
  curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, n);
  if (strcmp(argv[1], "epoll") == 0) {
    set = epoll_create1(0);
    curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(m, CURLMOPT_SOCKETDATA, m);
    curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timer);
  }
  read_request(argv[4]);
  if (argc > 5) {
    hold(m, all, n);
    return 0;
  }
  for (i = 0; i < n; i++)
    set_up(&all[i]);
  while (fgets(line, sizeof(line), stdin)) {
    long calls = atol(line);
    double wall = now(CLOCK_MONOTONIC);
    double cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    run(m, all, n, calls);
    wall = (now(CLOCK_MONOTONIC) - wall) / (double)calls;
    cpu = (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)calls;
    printf("%.3f %.3f %.3f\n", wall, cpu, cpu);
    fflush(stdout);
  }
  return 0;
}
