/* SPDX-License-Identifier: MIT */
/*
** The measure of all things here: libcurl's easy interface in a loop, with
** nothing around it. Every option that can be set once is set once.
**
**   bare URL REQUEST-FILE CALLS      prints microseconds of wall and of
**                                    CPU time per call
**
** REQUEST-FILE holds the bytes of a request, whose headers and body are
** sent again.
*/
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define WARM_UP 300

struct bytes {
  char data[65536];
  size_t len;
};

static struct bytes request, head, body;


static size_t keep(char *p, size_t size, size_t n, void *ud) {
  struct bytes *b = ud;
  if (size * n > sizeof(b->data) - b->len)
    return 0;
  memcpy(b->data + b->len, p, size * n);
  b->len += size * n;
  return size * n;
}


static double now(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}


static void read_request(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f) {
    perror(path);
    exit(1);
  }
  request.len = fread(request.data, 1, sizeof(request.data) - 1, f);
  fclose(f);
}


/* The request's own headers: without those that libcurl writes itself. */
static struct curl_slist *read_headers(CURL *e, char *p, const char *end) {
  struct curl_slist *list = curl_slist_append(NULL, "Expect:");
  char *next;
  for (; p < end; p = next + 2) {
    next = strstr(p, "\r\n");
    *next = '\0';
    if (strncasecmp(p, "User-Agent: ", 12) == 0)
      curl_easy_setopt(e, CURLOPT_USERAGENT, p + 12);
    else if (strncasecmp(p, "Host:", 5) != 0
             && strncasecmp(p, "Content-Length:", 15) != 0
             && strcasecmp(p, "Accept: */*") != 0)
      list = curl_slist_append(list, p);
  }
  return list;
}


static void call(CURL *e) {
  long status = 0;
  head.len = body.len = 0;
  if (curl_easy_perform(e) != CURLE_OK) {
    fprintf(stderr, "bare: the call failed\n");
    exit(1);
  }
  curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200 || body.len == 0) {
    fprintf(stderr, "bare: status %ld\n", status);
    exit(1);
  }
}


int main(int argc, char **argv) {
  CURL *e = curl_easy_init();
  struct curl_slist *headers;
  char *line, *end;
  double wall, cpu;
  int i, n = argc == 4 ? atoi(argv[3]) : 0;
  if (n <= 0 || !e)
    return 2;
  read_request(argv[2]);
  end = strstr(request.data, "\r\n\r\n");
  line = strstr(request.data, "\r\n");
  if (!end || !line)
    return 2;
  headers = read_headers(e, line + 2, end + 2);
  curl_easy_setopt(e, CURLOPT_URL, argv[1]);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 65000L);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(e, CURLOPT_POSTFIELDS, end + 4);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, keep);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, &head);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, &body);
  for (i = 0; i < WARM_UP; i++)
    call(e);
  wall = now(CLOCK_MONOTONIC);
  cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  for (i = 0; i < n; i++)
    call(e);
  printf("%.3f %.3f\n", (now(CLOCK_MONOTONIC) - wall) / n,
         (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / n);
  curl_slist_free_all(headers);
  curl_easy_cleanup(e);
  return 0;
}
