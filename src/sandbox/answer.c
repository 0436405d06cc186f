/* SPDX-License-Identifier: MIT */
/* How a plan is carried out: late, slowly, in part, wrongly, or well. */
#include "exchange.h"

#include <string.h>
#include <sys/socket.h>

#define BODY_BLOCK (32u * 1024u)   /* bytes per turn of a paced body */
#define TURN       0.05            /* seconds between bytes of a slow one */


/*
** Abort a connection with a reset, at once. Dissolving the association is
** what does it: closing with a zero linger would come too late, because
** libmicrohttpd says an orderly good-bye before it closes.
*/
static void reset(int fd) {
  struct sockaddr none;
  memset(&none, 0, sizeof(none));
  none.sa_family = AF_UNSPEC;
  (void)connect(fd, &none, sizeof(none));
}


/* What to do when the bytes the plan grants are out, but more were claimed. */
static ssize_t end_of_cut(struct exchange *r) {
  if (r->plan.ending == PO_END_HANG && po_park(r, PO_FOREVER))
    return 0;
  if (r->plan.ending == PO_END_RESET)
    reset(r->fd);
  return MHD_CONTENT_READER_END_WITH_ERROR;
}


/* How many of 'n' bytes may go out now; 0 when it is too early for any. */
static size_t granted(const struct exchange *r, uint64_t pos, size_t n) {
  double due = (po_clock() - r->started) * r->plan.rate + 1 - (double)pos;
  if (due < 1)
    return 0;
  return due < (double)n ? (size_t)due : n;
}


/* MHD_ContentReaderCallback for bodies that are slow or cut. */
static ssize_t on_block(void *ud, uint64_t pos, char *out, size_t max) {
  struct exchange *r = ud;
  size_t end = r->plan.bodylen, n;
  if (r->dead)
    return MHD_CONTENT_READER_END_WITH_ERROR;
  if (r->plan.cut >= 0 && (uint64_t)r->plan.cut < end)
    end = (size_t)r->plan.cut;
  if (pos >= end)
    return end_of_cut(r);
  n = end - (size_t)pos < max ? end - (size_t)pos : max;
  if (r->plan.rate > 0) {
    if (r->started == 0)
      r->started = po_clock();
    n = granted(r, pos, n);
    if (n == 0) {
      double wait = fmax(1 / r->plan.rate, TURN);
      return po_park(r, po_clock() + wait) ? 0
                                         : MHD_CONTENT_READER_END_WITH_ERROR;
    }
  }
  memcpy(out, r->plan.body + pos, n);
  return (ssize_t)n;
}


static void add_header(struct MHD_Response *response, char *line) {
  char *value = strchr(line, ':');
  if (!value)
    return;
  *value++ = '\0';
  while (*value == ' ')
    value++;
  MHD_add_response_header(response, line, value);
}


/* The body stays the exchange's, which outlives the response. */
static struct MHD_Response *make_response(struct exchange *r) {
  struct po_plan *p = &r->plan;
  uint64_t size = p->length >= 0 ? (uint64_t)p->length : p->bodylen;
  if (p->rate > 0 || p->cut >= 0 || size > p->bodylen)
    return MHD_create_response_from_callback(size, BODY_BLOCK, on_block, r,
                                             NULL);
  return MHD_create_response_from_buffer((size_t)size, p->body,
                                         MHD_RESPMEM_PERSISTENT);
}


static enum MHD_Result send_answer(struct exchange *r) {
  struct MHD_Response *response = make_response(r);
  enum MHD_Result result;
  size_t i;
  if (!response)
    return MHD_NO;
  for (i = 0; i < r->plan.nheaders; i++)
    add_header(response, r->plan.headers[i]);
  result = MHD_queue_response(r->conn, r->plan.status, response);
  MHD_destroy_response(response);   /* the connection holds it now */
  return result;
}


enum MHD_Result po_refuse_excess(struct exchange *r) {
  static char text[] = "The body is larger than this server takes.\n";
  struct MHD_Response *response =
    MHD_create_response_from_buffer(sizeof(text) - 1, text,
                                    MHD_RESPMEM_PERSISTENT);
  enum MHD_Result result;
  if (!response)
    return MHD_NO;
  MHD_add_response_header(response, "Content-Type", "text/plain");
  result = MHD_queue_response(r->conn, 413, response);
  MHD_destroy_response(response);
  return result;
}


enum MHD_Result po_act(struct exchange *r) {
  struct po_plan *p = &r->plan;
  int ok;
  if (r->dead)
    return MHD_NO;   /* closes the connection */
  if (p->again || (p->delay > 0 && !r->waited))
    ok = po_park(r, po_clock() + p->delay);
  else if (p->cut >= 0 || p->ending == PO_END_WELL)
    return send_answer(r);
  else if (p->ending == PO_END_HANG)
    ok = po_park(r, PO_FOREVER);
  else {
    if (p->ending == PO_END_RESET)
      reset(r->fd);
    return MHD_NO;
  }
  return ok ? MHD_YES : MHD_NO;
}
