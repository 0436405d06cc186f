/* SPDX-License-Identifier: MIT */
/*
** The measure of all things here: libcurl's easy interface in a loop, with
** nothing around it. What is the same for every payment is set once; what
** is not, the URL, the headers with the idempotency key, and the body, is
** set for each.
**
**   bare URL REQUEST-FILE      for each line of standard input, a number:
**                              makes so many calls and prints microseconds
**                              of wall and of CPU time per call
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

#define MAX_HEADERS 16

struct bytes {
  char data[65536];
  size_t len;
};

static struct bytes request, head, body;
static const char *lines[MAX_HEADERS];
static char *key;  /* the idempotency key in its header, or NULL */


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
static void read_headers(CURL *e, char *p, const char *end) {
  int n = 0;
  char *next;
  lines[n++] = "Expect:";
  for (; p < end && n < MAX_HEADERS - 1; p = next + 2) {
    next = strstr(p, "\r\n");
    *next = '\0';
    if (strncasecmp(p, "User-Agent: ", 12) == 0)
      curl_easy_setopt(e, CURLOPT_USERAGENT, p + 12);
    else if (strncasecmp(p, "Host:", 5) != 0
             && strncasecmp(p, "Content-Length:", 15) != 0)
      lines[n++] = p;
    if (strncasecmp(p, "Idempotency-Key: \"", 18) == 0)
      key = p + 18;
  }
}


static void call(CURL *e, const char *url, const char *text) {
  static unsigned int number;
  struct curl_slist *headers = NULL;
  long status = 0;
  int i;
  if (key) {  /* another one for each call, of the same length */
    char digits[9];
    snprintf(digits, sizeof(digits), "%08x", number++);
    memcpy(key, digits, 8);
  }
  for (i = 0; lines[i]; i++)
    headers = curl_slist_append(headers, lines[i]);
  curl_easy_setopt(e, CURLOPT_URL, url);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(e, CURLOPT_POSTFIELDS, text);
  head.len = body.len = 0;
  if (curl_easy_perform(e) != CURLE_OK) {
    fprintf(stderr, "bare: the call failed\n");
    exit(1);
  }
  curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  if (status != 200 || body.len == 0) {
    fprintf(stderr, "bare: status %ld\n", status);
    exit(1);
  }
}


int main(int argc, char **argv) {
  CURL *e = curl_easy_init();
  char *line, *end;
  char input[32];
  if (argc != 3 || !e)
    return 2;
  read_request(argv[2]);
  end = strstr(request.data, "\r\n\r\n");
  line = strstr(request.data, "\r\n");
  if (!end || !line)
    return 2;
  read_headers(e, line + 2, end + 2);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 65000L);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, keep);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, &head);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, &body);
  while (fgets(input, sizeof(input), stdin)) {
    int i, n = atoi(input);
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    for (i = 0; i < n; i++)
      call(e, argv[1], end + 4);
    printf("%.3f %.3f\n", (now(CLOCK_MONOTONIC) - wall) / n,
           (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / n);
    fflush(stdout);
  }
  curl_easy_cleanup(e);
  return 0;
}
