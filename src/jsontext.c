/* SPDX-License-Identifier: MIT */
#include "jsontext.h"

#include <stdint.h>
#include <string.h>

#define SAFE_DIGITS 18  /* any number of so many digits fits in 64 bits */


/* Length of the UTF-8 sequence at p, 0 when it is not one. */
static size_t sequence(const unsigned char *p, size_t left) {
  unsigned char c = p[0];
  size_t i, n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
  if (c < 0xc2 || c > 0xf4 || n > left)
    return 0;
  for (i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f)
      || (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
    return 0;  /* over-long, surrogate, beyond U+10FFFF */
  return n;
}


int po_is_utf8(const char *s, size_t len) {
  const unsigned char *p = (const unsigned char *)s;
  size_t i = 0;
  while (i < len) {
    uint64_t eight;
    size_t n = 1;
    if (len - i >= sizeof(eight)) {
      memcpy(&eight, p + i, sizeof(eight));
      if ((eight & UINT64_C(0x8080808080808080)) == 0) {
        i += sizeof(eight);
        continue;
      }
    }
    if (p[i] >= 0x80)
      n = sequence(p + i, len - i);
    if (n == 0)
      return 0;
    i += n;
  }
  return 1;
}


const char *po_json_skip_string(const char *p, const char *end) {
  for (p++; p < end; p++) {
    if (*p == '"')
      return p + 1;
    if (*p == '\\' && ++p == end)
      break;
  }
  return end;
}


const char *po_json_empty_array(const char *p, const char *end) {
  do
    p++;
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'));
  return p < end && *p == ']' ? p : NULL;
}


int po_json_may_be_empty(const char *p, const char *end) {
  while ((p = memchr(p, '[', (size_t)(end - p))) != NULL) {
    if (po_json_empty_array(p, end))
      return 1;
    p++;
  }
  return 0;
}


int po_json_has_escaped_quotes(const char *p, const char *end) {
  while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
    p++;
    if (p < end && *p == '"')
      return 1;
  }
  return 0;
}


int po_json_odd_quotes(const char *p, const char *end) {
  unsigned int n = 0;
  for (; p < end; p++)
    n += *p == '"';
  return n & 1;
}


const char *po_json_digits(const char *start, const char *p, const char *end,
                           int *large) {
  char before = p > start ? p[-1] : ' ';
  const char *from = p;
  while (p < end && *p >= '0' && *p <= '9')
    p++;
  if (before == '-' && from - start >= 2)
    before = from[-2];  /* of a negative exponent: its "e" */
  *large = p - from > SAFE_DIGITS && before != 'e' && before != 'E'
           && before != '+' && before != '.'
           && (p == end || (*p != '.' && *p != 'e' && *p != 'E'));
  return p;
}
