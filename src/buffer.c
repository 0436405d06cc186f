/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define FIRST_SIZE 1024u
#define KEEP_SIZE  (256u * 1024u)  /* one large answer must not stay for good */


void po_wipe(void *p, size_t n) {
  if (n > 0)
    OPENSSL_cleanse(p, n);
}


void po_buffer_init(struct po_buffer *b, size_t max) {
  b->data = NULL;
  b->len = 0;
  b->size = 0;
  b->max = max;
}


void po_buffer_free(struct po_buffer *b) {
  po_wipe(b->data, b->len);  /* there was never anything behind it */
  free(b->data);
  po_buffer_init(b, b->max);
}


void po_buffer_reset(struct po_buffer *b) {
  if (b->size > KEEP_SIZE) {
    po_buffer_free(b);
    return;
  }
  po_wipe(b->data, b->len);
  b->len = 0;
}


/*
** Make room for n more bytes; the caller has checked the cap. Not by
** realloc, which may leave a copy behind.
*/
static enum po_buffer_result grow(struct po_buffer *b, size_t n) {
  size_t want = b->len + n;
  size_t size = b->size ? b->size : FIRST_SIZE;
  char *data;
  while (size < want)
    size = (size > b->max / 2) ? b->max : size * 2;
  data = malloc(size);
  if (!data)
    return PO_BUFFER_NOMEM;
  if (b->len > 0)
    memcpy(data, b->data, b->len);
  po_wipe(b->data, b->len);
  free(b->data);
  b->data = data;
  b->size = size;
  return PO_BUFFER_OK;
}


enum po_buffer_result po_buffer_add(struct po_buffer *b, const void *p,
                                    size_t n) {
  if (n > b->max - b->len)
    return PO_BUFFER_FULL;
  if (n > b->size - b->len) {
    enum po_buffer_result r = grow(b, n);
    if (r != PO_BUFFER_OK)
      return r;
  }
  if (n > 0)
    memcpy(b->data + b->len, p, n);
  b->len += n;
  return PO_BUFFER_OK;
}
