/* SPDX-License-Identifier: MIT */
/*
** Any bytes as the answer to a charge, through a real transfer. Whatever
** they are: the caps hold, what is said of the request is true (the server
** has seen it), and the next request on the same handle gets its own answer
** or none.
*/
#include "support.h"
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "transfer.h"

#define MAX_BODY 3000u

static char url[64];
static struct po_options *options;


static void start(void) {
  if (options)
    return;
  CHECK(po_transfer_startup());
  options = po_options_new();
  CHECK(options);
  options->connect_timeout = 5000;
  options->max_response = MAX_BODY;
  options->user_agent = po_string((const uint8_t *)"fuzz", 4);
  snprintf(url, sizeof(url), "http://127.0.0.1:%d/", po_server_port());
}


static void ask(struct po_transfer *t, const char *method, const char *body,
                struct po_result *r) {
  struct po_request q;
  memset(&q, 0, sizeof(q));
  q.method = method;
  q.url = url;
  q.body = body;
  q.bodylen = body ? strlen(body) : 0;
  q.timeout = 5000;
  q.direct = 1;
  po_transfer_perform(t, &q, r);
}


/* In any letter case. */
static int has_word(const struct po_buffer *b, const char *word) {
  size_t i, n = strlen(word);
  for (i = 0; i + n <= b->len; i++)
    if (strncasecmp(b->data + i, word, n) == 0)
      return 1;
  return 0;
}


/* What was taken for an answer is part of what came. */
static void check(const struct po_transfer *t, const struct po_result *r,
                  const uint8_t *data, size_t size) {
  const struct po_buffer *head = &t->head, *body = &t->body;
  CHECK(r->sent == PO_SENT_ALL || r->sent == PO_SENT_ANSWER);
  CHECK(body->len <= MAX_BODY && head->len <= 256 * 1024);
  CHECK((r->code == PO_OK) == (r->message[0] == '\0'));
  CHECK(r->code != PO_INVALID && r->code != PO_CANCELLED && r->code != PO_TLS);
  CHECK(!strpbrk(r->message, "\r\n"));
  CHECK(r->code != PO_NOMEM);
  if (r->code != PO_OK)
    return;
  CHECK(r->sent == PO_SENT_ANSWER);
  CHECK(head->len > 5 && memcmp(head->data, "HTTP/", 5) == 0);
  CHECK(r->status >= 100 && r->status <= 999);
  if (body->len > 0 && !has_word(head, "chunked"))
    CHECK(memmem(data, size, body->data, body->len));
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct po_transfer t;
  struct po_result r;
  start();
  po_transfer_init(&t, options);
  po_server_give(data, size);
  ask(&t, "POST", "{}", &r);
  CHECK(po_server_sent());
  check(&t, &r, data, size);
  po_server_over();
  ask(&t, "GET", NULL, &r);
  if (r.code == PO_OK) {
    CHECK(r.status == 200);
    CHECK(t.body.len == 4 && memcmp(t.body.data, "mine", 4) == 0);
  }
  po_transfer_free(&t);
  return 0;
}
