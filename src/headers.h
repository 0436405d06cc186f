/* SPDX-License-Identifier: MIT */
/* The header lines of a request. */
#ifndef po_headers_h
#define po_headers_h

#include <stddef.h>

#include <curl/curl.h>

/*
** NULL when the line "Name: value" may be a header of a request,
** otherwise what is wrong with it.
*/
const char *po_headers_check(const char *line, size_t len);

/* Frees a list of header lines, overwritten: one of them is a password. */
void po_headers_free(struct curl_slist *list);

#endif
