/* SPDX-License-Identifier: MIT */
/*
** What may be a header line of a request: one line, a name and a value that
** are there, and no word on how long the request is.
*/
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "headers.h"

static const char token[] = "!#$%&'*+-.^_`|~0123456789"
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static const char *const framing[] = {
  "content-length", "transfer-encoding", "expect", "upgrade", NULL
};


/* The same, byte by byte. */
static int may_be(const char *line, size_t size) {
  size_t i, n = strspn(line, token);
  for (i = 0; i < size; i++)
    if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
      return 0;
  if (n == 0 || line[n] != ':' || line[n + 1 + strspn(line + n + 1, " \t")] == '\0')
    return 0;
  for (i = 0; framing[i]; i++)
    if (strlen(framing[i]) == n && strncasecmp(line, framing[i], n) == 0)
      return 0;
  return 1;
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *line = po_string(data, size);
  const char *wrong = po_headers_check(line, size);
  CHECK((wrong == NULL) == may_be(line, size));
  free(line);
  return 0;
}
