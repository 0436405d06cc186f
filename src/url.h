/* SPDX-License-Identifier: MIT */
/*
** Where a request may go. A secret travels in every request, so plain
** http is for this machine only unless the user insists.
*/
#ifndef po_url_h
#define po_url_h

#include <stddef.h>

/*
** NULL when the URL may be used, otherwise what is wrong with it.
** '*loopback' tells whether its host is this machine.
*/
const char *po_url_check(const char *url, size_t len, int insecure,
                         int *loopback);

/* Bytes that po_url_escape needs at most for n, closing NUL included. */
#define PO_ESCAPE_SIZE(n) ((n) * 3 + 1)

/*
** RFC 3986: everything but the unreserved characters as %XX, and the dots
** of "." and ".." too. 's' ends with a NUL.
*/
size_t po_url_escape(char *out, const char *s, size_t n);

#endif
