/* SPDX-License-Identifier: MIT */
#include "headers.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "buffer.h"


/*
** Headers that say how long a request is: libcurl writes them, and a
** second opinion would let one request be read as two.
*/
static int is_framing(const char *name, size_t n) {
  static const struct { size_t len; const char *name; } names[] = {
    {14, "content-length"}, {17, "transfer-encoding"}, {6, "expect"},
    {7, "upgrade"}
  };
  size_t i;
  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (n == names[i].len && strncasecmp(name, names[i].name, n) == 0)
      return 1;
  return 0;
}


/* RFC 9110's token: letters, digits and !#$%&'*+-.^_`|~, a bit for each. */
static int is_token(unsigned char c) {
  static const uint32_t token[8] = {
    0, 0x03ff6cfau, 0xc7fffffeu, 0x57ffffffu, 0, 0, 0, 0
  };
  return (int)(token[c >> 5] >> (c & 31) & 1);
}


static int is_control(unsigned char c) {
  return (c < ' ' && c != '\t') || c == 0x7f;
}


/* Is there a control character but TAB? */
static int has_control(const char *s, size_t len) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  size_t i;
  for (i = 0; i < len; ) {
    uint64_t x, del;
    if (len - i >= sizeof(x)) {  /* eight at once, in doubt one by one */
      memcpy(&x, s + i, sizeof(x));
      del = x ^ ones * 0x7f;
      if (((((x - ones * 0x20) & ~x) | ((del - ones) & ~del))
           & ones * 0x80) == 0) {
        i += sizeof(x);
        continue;
      }
    }
    if (is_control((unsigned char)s[i++]))
      return 1;
  }
  return 0;
}


const char *po_headers_check(const char *line, size_t len) {
  size_t value, n = 0;
  if (has_control(line, len))
    return "a header holds a CR, LF, NUL or other control character";
  while (is_token((unsigned char)line[n]))
    n++;
  if (n == 0 || line[n] != ':')
    return "a header is not of the form 'Name: value'";
  value = n + 1;
  while (line[value] == ' ' || line[value] == '\t')
    value++;
  if (value == len)
    return "a header has no value";  /* libcurl would leave it out */
  if (is_framing(line, n))
    return "a header of the request's length or framing is not the caller's";
  return NULL;
}


void po_headers_free(struct curl_slist *list) {
  struct curl_slist *line;
  for (line = list; line; line = line->next)
    po_wipe(line->data, strlen(line->data));
  curl_slist_free_all(list);
}
