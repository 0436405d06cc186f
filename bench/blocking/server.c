/* SPDX-License-Identifier: MIT */
/*
** The other side of the measurements: answers every request with the same
** few bytes, by its path, as fast as one thread can. It knows no more of
** HTTP than that a head ends with an empty line and that Content-Length
** says what follows.
**
**   server        prints its port, ends with its standard input
**
** GET /last gives the bytes of the last request that was not such a GET.
*/
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_REQUEST 65536

struct connection {
  int fd;
  size_t len;
  char in[MAX_REQUEST];
};

struct answer {
  const char *path;     /* what the request line holds */
  const char *body;
  char text[4096];      /* head and body, made at the start */
  size_t len;
};

static struct answer answers[] = {
  {"/billing-key ",
   "{\"payment\":{\"pgTxId\":\"tviva20240425100000abcd1\","
   "\"paidAt\":\"2024-04-25T10:00:00Z\"}}", "", 0},
  {"/subscribe/payments/again ",
   "{\"code\":0,\"message\":null,\"response\":{\"amount\":3000,"
   "\"apply_num\":\"12345678\",\"bank_code\":null,\"bank_name\":null,"
   "\"buyer_addr\":null,\"buyer_email\":null,\"buyer_name\":null,"
   "\"buyer_postcode\":null,\"buyer_tel\":null,\"cancel_amount\":0,"
   "\"cancel_history\":[],\"cancel_reason\":null,"
   "\"cancel_receipt_urls\":[],\"cancelled_at\":0,\"card_code\":\"366\","
   "\"card_name\":\"\\uc2e0\\ud55c\\uce74\\ub4dc\","
   "\"card_number\":\"433012******1234\",\"card_quota\":0,\"card_type\":0,"
   "\"cash_receipt_issued\":false,\"channel\":\"api\",\"currency\":\"KRW\","
   "\"custom_data\":null,\"customer_uid\":\"user-42\","
   "\"customer_uid_usage\":\"payment\",\"emb_pg_provider\":null,"
   "\"escrow\":false,\"fail_reason\":null,\"failed_at\":0,"
   "\"imp_uid\":\"imp_123456789012\",\"merchant_uid\":\"order-1001\","
   "\"name\":\"monthly pass\",\"paid_at\":1714039200,"
   "\"pay_method\":\"card\",\"pg_id\":\"tosstest\","
   "\"pg_provider\":\"tosspayments\",\"pg_tid\":\"tviva20240425100000abcd1\","
   "\"receipt_url\":\"https://receipt.example/1\","
   "\"started_at\":1714039199,\"status\":\"paid\",\"user_agent\":\"sorry\","
   "\"vbank_code\":null,\"vbank_date\":0,\"vbank_holder\":null,"
   "\"vbank_issued_at\":0,\"vbank_name\":null,\"vbank_num\":null}}", "", 0},
  {"/users/getToken ",
   "{\"code\":0,\"message\":null,\"response\":{\"access_token\":"
   "\"0123456789abcdef0123456789abcdef01234567\",\"now\":1714039200,"
   "\"expired_at\":1814039200}}", "", 0}
};

#define ANSWERS (sizeof(answers) / sizeof(answers[0]))

static char last[MAX_REQUEST];
static size_t last_len;


static void die(const char *what) {
  perror(what);
  exit(1);
}


static void prepare(struct answer *a) {
  a->len = (size_t)snprintf(a->text, sizeof(a->text),
    "HTTP/1.1 200 OK\r\nDate: Thu, 25 Apr 2024 10:00:00 GMT\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: %zu\r\nConnection: keep-alive\r\n"
    "Vary: Origin\r\nServer: bench\r\n\r\n%s", strlen(a->body), a->body);
}


static void put(int fd, const char *p, size_t n) {
  while (n > 0) {
    ssize_t done = write(fd, p, n);
    if (done <= 0)
      return;
    p += done;
    n -= (size_t)done;
  }
}


static void answer(const struct connection *c, size_t head) {
  size_t i;
  char text[128];
  int n;
  if (strncmp(c->in, "GET /last ", 10) == 0) {
    n = snprintf(text, sizeof(text),
                 "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", last_len);
    put(c->fd, text, (size_t)n);
    put(c->fd, last, last_len);
    return;
  }
  for (i = 0; i < ANSWERS; i++)
    if (memmem(c->in, head, answers[i].path, strlen(answers[i].path))) {
      put(c->fd, answers[i].text, answers[i].len);
      break;
    }
  if (i == ANSWERS)
    put(c->fd, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 38);
  memcpy(last, c->in, c->len);
  last_len = c->len;
}


/* The length of the request at the beginning of the buffer, 0: not whole. */
static size_t whole(struct connection *c, size_t *head) {
  char *end = memmem(c->in, c->len, "\r\n\r\n", 4);
  char *p;
  size_t body = 0;
  if (!end)
    return 0;
  *head = (size_t)(end - c->in) + 4;
  *end = '\0';  /* for strcasestr */
  p = strcasestr(c->in, "\r\nContent-Length:");
  if (p)
    body = strtoul(p + 17, NULL, 10);
  *end = '\r';
  return c->len >= *head + body ? *head + body : 0;
}


/* 0 when the connection has ended. */
static int serve(struct connection *c) {
  size_t head;
  ssize_t n = read(c->fd, c->in + c->len, sizeof(c->in) - c->len - 1);
  if (n <= 0)
    return 0;
  c->len += (size_t)n;
  if (whole(c, &head)) {  /* one at a time: nobody here sends ahead */
    answer(c, head);
    c->len = 0;
  }
  return c->len < sizeof(c->in) - 1;
}


static int open_server(void) {
  struct sockaddr_in a;
  socklen_t len = sizeof(a);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  memset(&a, 0, sizeof(a));
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0
      || listen(fd, 64) != 0
      || getsockname(fd, (struct sockaddr *)&a, &len) != 0)
    die("server");
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  return fd;
}


static void accept_one(int poll, int server) {
  struct epoll_event e;
  int on = 1;
  struct connection *c = calloc(1, sizeof(*c));
  if (!c)
    die("calloc");
  c->fd = accept(server, NULL, NULL);
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  e.events = EPOLLIN;
  e.data.ptr = c;
  if (epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &e) != 0)
    die("epoll_ctl");
}


int main(void) {
  struct epoll_event e;
  size_t i;
  int server, poll = epoll_create1(0);
  for (i = 0; i < ANSWERS; i++)
    prepare(&answers[i]);
  server = open_server();
  e.events = EPOLLIN;
  e.data.ptr = &server;
  epoll_ctl(poll, EPOLL_CTL_ADD, server, &e);
  e.data.ptr = NULL;  /* standard input: its end is ours */
  epoll_ctl(poll, EPOLL_CTL_ADD, 0, &e);
  for (;;) {
    if (epoll_wait(poll, &e, 1, -1) != 1)
      continue;
    if (!e.data.ptr)
      return 0;
    if (e.data.ptr == &server)
      accept_one(poll, server);
    else if (!serve(e.data.ptr)) {
      struct connection *c = e.data.ptr;
      close(c->fd);
      free(c);
    }
  }
}
