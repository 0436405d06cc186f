/* SPDX-License-Identifier: MIT */
/* JSON as text: what can be seen without reading it as values. */
#ifndef po_jsontext_h
#define po_jsontext_h

#include <stddef.h>

/* Is it UTF-8 as RFC 3629 has it: nothing over-long, no surrogates? */
int po_is_utf8(const char *s, size_t len);

/* Past the string that opens at p, or 'end' when it does not close. */
const char *po_json_skip_string(const char *p, const char *end);

/* The "]" of an empty array that opens at p, or NULL. */
const char *po_json_empty_array(const char *p, const char *end);

#endif
