/* SPDX-License-Identifier: MIT */
#include "transfer.h"

#include <dlfcn.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_HEAD (256u * 1024u)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int started;


/*
** A name being looked up when its request ends leaves a thread behind,
** and the engine has one of its own: the code they run must not be
** unloaded with the last user of it. A program linked statically has
** nothing to pin, and dlopen says so.
*/
static void stay_loaded(void) {
  Dl_info self;
  if (dladdr(&once, &self) && self.dli_fname) {
    void *handle = dlopen(self.dli_fname,
                          RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    if (handle)
      dlclose(handle);  /* the count only: the mark stays */
  }
}


/* How often fork has made a child on the way to this process. */
static unsigned int generation;

static void count_child(void) {
  generation++;
}


static void startup(void) {
  stay_loaded();  /* count_child too */
  started = pthread_atfork(NULL, NULL, count_child) == 0
            && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}


int po_transfer_startup(void) {
  return pthread_once(&once, startup) == 0 && started;
}


struct po_options *po_options_new(void) {
  struct po_options *o = calloc(1, sizeof(*o));
  if (o)
    o->refs = 1;
  return o;
}


void po_options_hold(struct po_options *o) {
  __atomic_add_fetch(&o->refs, 1, __ATOMIC_RELAXED);
}


void po_options_drop(struct po_options *o) {
  if (!o || __atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL) > 0)
    return;
  free(o->ca_file);
  if (o->proxy)
    po_wipe(o->proxy, strlen(o->proxy));  /* may hold a password */
  free(o->proxy);
  free(o->user_agent);
  free(o->agent);
  free(o);
}


void po_transfer_init(struct po_transfer *t, const struct po_options *o) {
  memset(t, 0, sizeof(*t));
  t->opened[0] = t->opened[1] = CURL_SOCKET_BAD;
  t->options = o;
  po_buffer_init(&t->head, MAX_HEAD);
  po_buffer_init(&t->body, o->max_response);
}


static CURL *abandoned;  /* the first of a list, linked by CURLOPT_PRIVATE */


/*
** A child of fork holds its parent's handle, and with it the parent's
** sockets and TLS sessions. Cleaning it up would say good-bye on them, so
** it is left as it is: memory the child gives up for its parent's sake,
** kept in a list so that it does not look lost.
*/
static void abandon(CURL *e) {
  CURL *first = __atomic_load_n(&abandoned, __ATOMIC_RELAXED);
  do
    curl_easy_setopt(e, CURLOPT_PRIVATE, first);
  while (!__atomic_compare_exchange_n(&abandoned, &first, e, 0,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}


static void drop_handle(struct po_transfer *t) {
  if (t->easy && t->owner == generation)
    curl_easy_cleanup(t->easy);
  else if (t->easy)
    abandon(t->easy);
  t->easy = NULL;
}


void po_transfer_free(struct po_transfer *t) {
  drop_handle(t);
  po_buffer_free(&t->head);
  po_buffer_free(&t->body);
}


void po_transfer_bind(struct po_transfer *t, const struct po_options *o) {
  t->stale = t->stale || t->options != o;
  t->options = o;
  t->body.max = o->max_response;
}


/* {====== libcurl's callbacks ====== */

static size_t keep(struct po_transfer *t, struct po_buffer *b, const char *p,
                   size_t n) {
  enum po_buffer_result r = po_buffer_add(b, p, n);
  t->full = (r == PO_BUFFER_FULL);
  return r == PO_BUFFER_OK ? n : 0;
}


static size_t on_header(char *p, size_t size, size_t n, void *ud) {
  struct po_transfer *t = ud;
  size_t len = size * n;
  if (t->headed && len > 5 && memcmp(p, "HTTP/", 5) == 0) {
    po_buffer_reset(&t->head);  /* of several answers (1xx) the last counts */
    t->headed = 0;
  }
  if (len > 0 && (p[0] == '\r' || p[0] == '\n'))
    t->headed = 1;
  return keep(t, &t->head, p, len);
}


static size_t on_body(char *p, size_t size, size_t n, void *ud) {
  struct po_transfer *t = ud;
  return keep(t, &t->body, p, size * n);
}


/* Where the socket with this local port is remembered. */
static struct po_socket *slot_of(struct po_transfer *t, int port) {
  return t->shared ? &t->shared[(size_t)port % t->nshared]
                   : &t->own[(size_t)port % PO_SOCKETS];
}


/* 0: the descriptor is none of an internet socket, or no longer. */
static int local_port(curl_socket_t fd) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } a;
  socklen_t len = sizeof(a);
  if (getsockname(fd, &a.any, &len) != 0)
    return 0;
  if (a.any.sa_family == AF_INET6)
    return ntohs(a.v6.sin6_port);
  return a.any.sa_family == AF_INET ? ntohs(a.v4.sin_port) : 0;
}


/* A new connection has this local port: remember its socket. */
static void remember(struct po_transfer *t, int port) {
  size_t i;
  for (i = 0; i < 2; i++)
    if (t->opened[i] != CURL_SOCKET_BAD && local_port(t->opened[i]) == port) {
      slot_of(t, port)->port = port;
      slot_of(t, port)->fd = t->opened[i];
    }
}


/*
** Is the connection that the request is about to take as it should be: a
** new one, or a kept one on which nothing waits to be read, no answer, no
** end, no error? Over HTTP/2 something may wait, and libcurl looks itself.
*/
static int is_fit(struct po_transfer *t, int port) {
  const struct po_socket *s = slot_of(t, port);
  long opened = 1;
  char byte;
  curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &opened);
  if (opened > 0) {
    remember(t, port);
    return 1;
  }
  return t->multiplexed || s->port != port
         || (recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0
             && (errno == EAGAIN || errno == EWOULDBLOCK));
}


/*
** Called each time the request is about to go on a connection, kept ones
** included. The second time is libcurl's own repetition.
*/
static int on_start(void *ud, char *ip, char *local, int port, int lport) {
  struct po_transfer *t = ud;
  int fit = is_fit(t, lport);
  (void)ip; (void)local; (void)port;
  if (t->starts == 0 && !fit) {
    t->unfit = 1;
    return CURL_PREREQFUNC_ABORT;
  }
  t->starts++;
  return (t->starts > 1 && t->write) ? CURL_PREREQFUNC_ABORT
                                     : CURL_PREREQFUNC_OK;
}


/* A program that the host starts must not inherit the connection. */
static curl_socket_t open_socket(void *ud, curlsocktype purpose,
                                 struct curl_sockaddr *a) {
  struct po_transfer *t = ud;
  (void)purpose;
  t->opened[0] = t->opened[1];
  t->opened[1] = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
  return t->opened[1];
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
  /* each connection proves anew who is there; and libcurl's store of
     sessions frees one twice when memory is short (7.88) */
  SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
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
  SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  SET(CURLOPT_OPENSOCKETDATA, t);
#if LIBCURL_VERSION_NUM >= 0x075700
  SET(CURLOPT_QUICK_EXIT, 1L);  /* a time-out does not wait for DNS */
#endif
  SET(CURLOPT_USERAGENT, o->user_agent);
  if (o->ca_file) {  /* these authorities, and not the system's beside them */
    SET(CURLOPT_CAINFO, o->ca_file);
    SET(CURLOPT_CAPATH, NULL);
  }
  if (c == CURLE_OK && t->equip)
    c = t->equip(e);
  return c;
}


/*
** The handle of this process and of these options, made anew where the one
** that is there is not.
*/
static enum po_code own_handle(struct po_transfer *t) {
  CURLcode c;
  if (t->easy && t->owner == generation && !t->stale)
    return PO_OK;
  drop_handle(t);  /* curl_easy_reset may fail, and says nothing of it */
  t->easy = curl_easy_init();
  if (!t->easy)
    return PO_NOMEM;
  t->owner = generation;
  t->stale = t->worded = t->fresh = 0;
  t->direct = -1;
  t->timeout = 0;
  c = set_for_life(t, t->easy);
  if (c == CURLE_OK)
    return PO_OK;
  snprintf(t->error, sizeof(t->error), "%s", curl_easy_strerror(c));
  drop_handle(t);
  return c == CURLE_OUT_OF_MEMORY ? PO_NOMEM : PO_INVALID;
}


/* The API's methods, and no other: what is wrong with this one, or NULL. */
static const char *wrong_method(const struct po_request *r) {
  static const char *const methods[] = {
    "GET", "POST", "DELETE", "PUT", "PATCH", NULL
  };
  int i;
  for (i = 0; methods[i]; i++)
    if (strcmp(r->method, methods[i]) == 0)
      return (i == 0 && r->body) ? "a GET carries no body" : NULL;
  return "the method must be GET, POST, PUT, PATCH or DELETE";
}


/* A method that libcurl does not have in mind already. */
static const char *own_word(const struct po_request *r) {
  return strcmp(r->method, "GET") == 0 || strcmp(r->method, "POST") == 0
           ? NULL : r->method;
}


/* What is mostly as the request before had it; 'c' is how far it has come. */
static CURLcode set_what_differs(struct po_transfer *t,
                                 const struct po_request *r, CURLcode c) {
  CURL *e = t->easy;
  const char *word = own_word(r);
  if (word || t->worded)
    SET(CURLOPT_CUSTOMREQUEST, word);
  t->worded = word != NULL;
  if (t->timeout != r->timeout)
    SET(CURLOPT_TIMEOUT_MS, r->timeout);
  t->timeout = r->timeout;
  if (t->fresh)
    SET(CURLOPT_FRESH_CONNECT, 0L);
  t->fresh = 0;
  if (t->direct != r->direct) {
    SET(CURLOPT_PROXY, r->direct ? "" : t->options->proxy);
    SET(CURLOPT_NOPROXY, r->direct ? "*" : NULL);  /* or it asks getenv */
  }
  t->direct = r->direct;
  return c;
}


enum po_code po_transfer_begin(struct po_transfer *t,
                               const struct po_request *r) {
  CURLcode c = CURLE_OK;
  CURL *e;
  const char *wrong = wrong_method(r);
  enum po_code own = wrong ? PO_INVALID : own_handle(t);
  if (wrong)
    snprintf(t->error, sizeof(t->error), "%s", wrong);
  if (own != PO_OK)
    return own;
  e = t->easy;
  po_transfer_forget(t);
  t->write = strcmp(r->method, "GET") != 0;
  /* over TLS it may be HTTP/2, where libcurl's count lags behind the wire */
  t->bodylen = strncmp(r->url, "https:", 6) == 0 ? 0 : r->bodylen;
  t->starts = t->unfit = t->headed = t->full = 0;
  t->error[0] = '\0';
  if (!r->body && (!t->write || strcmp(r->method, "DELETE") == 0))
    SET(CURLOPT_HTTPGET, 1L);  /* no body, and no length of it */
  else {
    SET(CURLOPT_POSTFIELDS, r->body ? r->body : "");  /* and POST */
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->bodylen);
  }
  SET(CURLOPT_URL, r->url);
  SET(CURLOPT_HTTPHEADER, r->headers);
  c = set_what_differs(t, r, c);
  if (c == CURLE_OK)
    return PO_OK;
  t->stale = 1;  /* nobody knows which of them are set */
  snprintf(t->error, sizeof(t->error), "%s", curl_easy_strerror(c));
  return c == CURLE_OUT_OF_MEMORY ? PO_NOMEM : PO_INVALID;
}


int po_transfer_again(struct po_transfer *t, long timeout) {
  if (!t->unfit || t->starts > 0)
    return 0;
  t->unfit = 0;
  t->error[0] = '\0';
  t->fresh = 1;
  t->timeout = timeout;
  return curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
         curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, timeout) == CURLE_OK;
}


/*
** Does the answer begin with a line that says this status? libcurl takes
** any line that begins with "HTTP/" for a 200.
*/
static int says(const struct po_buffer *head, long status) {
  const char *p = head->data;
  size_t n = head->len;
  if (n < 12 || memcmp(p, "HTTP/", 5) != 0)
    return 0;
  p = memchr(p + 5, ' ', n - 9);  /* three digits and one more come behind */
  return p && p[1] - '0' == status / 100 && p[2] - '0' == status / 10 % 10
         && p[3] - '0' == status % 10 && memchr(" \r\n", p[4], 3) != NULL;
}


static enum po_code classify(const struct po_transfer *t, CURLcode c,
                             long status) {
  switch (c) {
    case CURLE_OK:  /* libcurl takes a head that was cut short for whole */
      if (!t->headed)
        return PO_NETWORK;
      return status >= 200 && says(&t->head, status) ? PO_OK : PO_PROTOCOL;
    case CURLE_OPERATION_TIMEDOUT:
      return PO_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:  /* libcurl's word for a header line too long */
      return t->starts ? PO_PROTOCOL : PO_NOMEM;
    case CURLE_WRITE_ERROR:    /* one of our callbacks refused */
      return PO_PROTOCOL;
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
    case CURLE_BAD_FUNCTION_ARGUMENT:  /* a line of the answer without a colon, too */
      return t->starts ? PO_PROTOCOL : PO_INVALID;
    default:
      return PO_NETWORK;
  }
}


/* Is there the beginning of an answer, other than "100 Continue"? */
static int has_answer(const struct po_buffer *head) {
  const char *space = head->len ? memchr(head->data, ' ', head->len) : NULL;
  if (!space)
    return head->len > 0;
  return space + 1 == head->data + head->len || space[1] != '1';
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
  if (has_answer(&t->head))
    return PO_SENT_ANSWER;
  if (t->starts > 1 && t->write)
    return PO_SENT_ALL;  /* libcurl has begun to count anew */
  curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &total);
  curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &body);
  if (total == 0 && body == 0)
    return PO_SENT_NOTHING;
  return body >= (curl_off_t)t->bodylen ? PO_SENT_ALL : PO_SENT_PART;
}


static const char *explain(struct po_transfer *t, CURLcode c) {
  char *p;
  if (c == CURLE_WRITE_ERROR && t->full)
    return "the answer is larger than max_response, or its head than 256 KiB";
  if (c == CURLE_WRITE_ERROR || c == CURLE_OUT_OF_MEMORY)
    return "the answer is too large for the memory at hand";
  if (c == CURLE_ABORTED_BY_CALLBACK)
    return t->unfit ? "the kept connection had ended"
                    : "the connection was lost after the request went out";
  if (c == CURLE_OK)
    return t->headed ? "the answer has no status, or announces one (1xx) that "
                       "did not come"
                     : "the connection was lost in the head of the answer";
  if (t->error[0] == '\0')
    return curl_easy_strerror(c);
  for (p = t->error; *p; p++)  /* one line, whatever the TLS library wrote */
    if (*p == '\n' || *p == '\r')
      *p = ' ';
  return t->error;
}


void po_transfer_end(struct po_transfer *t, CURLcode c, struct po_result *r) {
  long status = 0;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  r->code = classify(t, c, status);
  r->curlcode = (int)c;
  r->sent = (r->code == PO_OK) ? PO_SENT_ANSWER : how_much(t);
  r->message = (r->code == PO_OK) ? "" : explain(t, c);
  r->elapsed = 0;
  curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME, &r->elapsed);
  r->status = (int)status;
  t->multiplexed = t->head.len > 6 && memcmp(t->head.data, "HTTP/2", 6) == 0;
  /* nothing borrowed stays behind in the handle */
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
  if (t->write)
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
}


void po_transfer_forget(struct po_transfer *t) {
  po_buffer_reset(&t->head);
  po_buffer_reset(&t->body);
}


void po_transfer_perform(struct po_transfer *t, const struct po_request *q,
                         struct po_result *r) {
  enum po_code c = po_transfer_begin(t, q);
  if (c == PO_OK) {
    CURLcode done = curl_easy_perform(t->easy);
    if (po_transfer_again(t, t->timeout))
      done = curl_easy_perform(t->easy);
    po_transfer_end(t, done, r);
    return;
  }
  memset(r, 0, sizeof(*r));
  r->code = c;
  r->sent = PO_SENT_NOTHING;
  r->message = t->error;
}
