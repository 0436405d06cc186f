/* SPDX-License-Identifier: MIT */
/*
** Growable bytes with a cap. A buffer that would pass its cap keeps what
** it has and says so: the caller decides what an over-long answer means.
**
** What a buffer lets go of, it overwrites: requests and answers hold card
** numbers and tokens, and freed memory is somebody else's next.
*/
#ifndef po_buffer_h
#define po_buffer_h

#include <stddef.h>

enum po_buffer_result { PO_BUFFER_OK, PO_BUFFER_FULL, PO_BUFFER_NOMEM };

struct po_buffer {
  char *data;      /* owned; NULL while nothing was ever added */
  size_t len;      /* bytes in use */
  size_t size;     /* bytes allocated */
  size_t max;      /* len never passes this */
};

/* Overwrite n bytes, in a way that no compiler takes for useless. */
void po_wipe(void *p, size_t n);

void po_buffer_init(struct po_buffer *b, size_t max);
void po_buffer_free(struct po_buffer *b);

/* Forget the content. Memory is kept for the next use unless it is large. */
void po_buffer_reset(struct po_buffer *b);

/* Append n bytes; on failure the buffer is as it was. */
enum po_buffer_result po_buffer_add(struct po_buffer *b, const void *p,
                                    size_t n);

#endif
