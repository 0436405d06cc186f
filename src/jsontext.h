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

/* May the text hold an empty array? A quick look that ignores strings. */
int po_json_may_be_empty(const char *p, const char *end);

/* Are quotes escaped anywhere in the text? */
int po_json_has_escaped_quotes(const char *p, const char *end);

/* Is their number from p to 'end' odd? */
int po_json_odd_quotes(const char *p, const char *end);

/*
** Past the digits that begin at p, in a text that begins at 'start'.
** '*large' when they are an integer, or the integer part of a number
** without an exponent, of more digits than 64 bits hold for sure.
*/
const char *po_json_digits(const char *start, const char *p, const char *end,
                           int *large);

#endif
