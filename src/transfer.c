/* SPDX-License-Identifier: MIT */
#include "transfer.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_HEAD (256u * 1024u)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int started;


static void startup(void) {
  started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}


int po_transfer_startup(void) {
  return pthread_once(&once, startup) == 0 && started;
}


void po_transfer_init(struct po_transfer *t, const struct po_options *o) {
  memset(t, 0, sizeof(*t));
  t->options = o;
  po_buffer_init(&t->head, MAX_HEAD);
  po_buffer_init(&t->body, o->max_response);
}


/*
** A child of fork holds its parent's handle, and with it the parent's
** sockets and TLS sessions. Cleaning it up would say good-bye on them, so
** it is left as it is: memory the child gives up for its parent's sake.
*/
static void drop_handle(struct po_transfer *t) {
  if (t->easy && t->owner == getpid())
    curl_easy_cleanup(t->easy);
  t->easy = NULL;
}


void po_transfer_free(struct po_transfer *t) {
  drop_handle(t);
  po_buffer_free(&t->head);
  po_buffer_free(&t->body);
}


/* {====== libcurl's callbacks ====== */

static size_t on_header(char *p, size_t size, size_t n, void *ud) {
  struct po_transfer *t = ud;
  size_t len = size * n;
  if (len > 5 && memcmp(p, "HTTP/", 5) == 0)
    po_buffer_reset(&t->head);  /* of several answers (1xx) the last counts */
  if (po_buffer_add(&t->head, p, len) == PO_BUFFER_OK)
    return len;
  t->full = 1;
  return 0;
}


static size_t on_body(char *p, size_t size, size_t n, void *ud) {
  struct po_transfer *t = ud;
  size_t len = size * n;
  enum po_buffer_result r = po_buffer_add(&t->body, p, len);
  if (r == PO_BUFFER_OK)
    return len;
  t->full = (r == PO_BUFFER_FULL);
  return 0;
}


/*
** Called each time the request is about to go on a connection, kept ones
** included. The second time is libcurl's own repetition.
*/
static int on_start(void *ud, char *ip, char *local, int port, int lport) {
  struct po_transfer *t = ud;
  (void)ip; (void)local; (void)port; (void)lport;
  if (t->starts > 0 && t->write)
    return CURL_PREREQFUNC_ABORT;
  t->starts++;
  return CURL_PREREQFUNC_OK;
}

/* }================================ */


/* Keep the first failure of a row of curl_easy_setopt. */
#define SET(option, value) \
  do { if (c == CURLE_OK) c = curl_easy_setopt(e, option, value); } while (0)


/* What no request changes. Verification has no switch. */
static CURLcode set_for_life(struct po_transfer *t, CURL *e) {
  const struct po_options *o = t->options;
  CURLcode c = CURLE_OK;
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_PROTOCOLS_STR, "http,https");  /* url.c says where http may go */
  SET(CURLOPT_PATH_AS_IS, 1L);
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  SET(CURLOPT_CONNECTTIMEOUT_MS, o->connect_timeout);
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SET(CURLOPT_TCP_KEEPALIVE, 1L);
  SET(CURLOPT_ERRORBUFFER, t->error);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_HEADERDATA, t);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_WRITEDATA, t);
  SET(CURLOPT_PREREQFUNCTION, on_start);
  SET(CURLOPT_PREREQDATA, t);
  SET(CURLOPT_USERAGENT, o->user_agent);
  if (o->ca_file)
    SET(CURLOPT_CAINFO, o->ca_file);
  if (o->proxy)
    SET(CURLOPT_PROXY, o->proxy);
  return c;
}


/* The handle of this process, made on first use and after fork. */
static enum po_code own_handle(struct po_transfer *t) {
  CURLcode c;
  if (t->easy && t->owner == getpid())
    return PO_OK;
  drop_handle(t);
  t->easy = curl_easy_init();
  if (!t->easy)
    return PO_NOMEM;
  t->owner = getpid();
  c = set_for_life(t, t->easy);
  if (c == CURLE_OK)
    return PO_OK;
  snprintf(t->error, sizeof(t->error), "%s", curl_easy_strerror(c));
  drop_handle(t);
  return c == CURLE_OUT_OF_MEMORY ? PO_NOMEM : PO_INVALID;
}


enum po_code po_transfer_begin(struct po_transfer *t,
                               const struct po_request *r) {
  CURLcode c = CURLE_OK;
  CURL *e;
  enum po_code own = own_handle(t);
  if (own != PO_OK)
    return own;
  e = t->easy;
  po_buffer_reset(&t->head);
  po_buffer_reset(&t->body);
  t->write = strcmp(r->method, "GET") != 0;
  t->bodylen = r->bodylen;
  t->starts = t->full = 0;
  t->error[0] = '\0';
  if (!r->body && strcmp(r->method, "POST") != 0)
    SET(CURLOPT_HTTPGET, 1L);  /* no body and no length: GET, DELETE */
  else {
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, r->body ? r->body : "");
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->bodylen);
  }
  SET(CURLOPT_CUSTOMREQUEST, t->write ? r->method : NULL);
  SET(CURLOPT_URL, r->url);
  SET(CURLOPT_HTTPHEADER, r->headers);
  SET(CURLOPT_TIMEOUT_MS, r->timeout);
  if (!t->options->proxy)
    SET(CURLOPT_PROXY, r->direct ? "" : NULL);
  if (c == CURLE_OK)
    return PO_OK;
  snprintf(t->error, sizeof(t->error), "%s", curl_easy_strerror(c));
  return c == CURLE_OUT_OF_MEMORY ? PO_NOMEM : PO_INVALID;
}


static enum po_code classify(const struct po_transfer *t, CURLcode c) {
  switch (c) {
    case CURLE_OK:
      return PO_OK;
    case CURLE_OPERATION_TIMEDOUT:
      return PO_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
      return PO_NOMEM;
    case CURLE_WRITE_ERROR:  /* one of our callbacks refused */
      return t->full ? PO_PROTOCOL : PO_NOMEM;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
      return PO_TLS;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return PO_PROTOCOL;
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return PO_INVALID;
    default:
      return PO_NETWORK;
  }
}


/*
** A request counts as unsent only when libcurl never started it or put
** none of its bytes out; when in doubt it was sent.
*/
static enum po_sent how_much(const struct po_transfer *t) {
  curl_off_t body = 0;
  long total = 0;
  if (t->starts == 0)
    return PO_SENT_NOTHING;
  if (t->head.len > 0)
    return PO_SENT_ANSWER;
  curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &total);
  curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &body);
  if (total == 0 && body == 0)
    return PO_SENT_NOTHING;
  return body >= (curl_off_t)t->bodylen ? PO_SENT_ALL : PO_SENT_PART;
}


static const char *explain(struct po_transfer *t, CURLcode c) {
  char *p;
  if (c == CURLE_WRITE_ERROR && t->full)
    return "the answer is larger than max_response";
  if (c == CURLE_ABORTED_BY_CALLBACK)
    return "the connection was lost after the request went out";
  if (t->error[0] == '\0')
    return curl_easy_strerror(c);
  for (p = t->error; *p; p++)  /* one line, whatever the TLS library wrote */
    if (*p == '\n' || *p == '\r')
      *p = ' ';
  return t->error;
}


void po_transfer_end(struct po_transfer *t, CURLcode c, struct po_result *r) {
  long status = 0;
  r->code = classify(t, c);
  r->curlcode = (int)c;
  r->sent = how_much(t);
  r->message = (c == CURLE_OK) ? "" : explain(t, c);
  r->elapsed = 0;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME, &r->elapsed);
  r->status = (int)status;
  /* nothing borrowed stays behind in the handle */
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
  if (t->write)
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
}


void po_transfer_perform(struct po_transfer *t, const struct po_request *q,
                         struct po_result *r) {
  enum po_code c = po_transfer_begin(t, q);
  if (c == PO_OK) {
    po_transfer_end(t, curl_easy_perform(t->easy), r);
    return;
  }
  memset(r, 0, sizeof(*r));
  r->code = c;
  r->sent = PO_SENT_NOTHING;
  r->message = t->error;
}
