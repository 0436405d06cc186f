/* SPDX-License-Identifier: MIT */
/*
** The few cryptographic primitives that webhooks and idempotency keys
** need, from OpenSSL's libcrypto (which libcurl brings along anyway).
*/
#ifndef po_crypto_h
#define po_crypto_h

#include <stddef.h>

#define PO_SHA256_SIZE 32

/* Bytes that base64 needs for n, closing NUL included. */
#define PO_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* 1 when done, 0 when libcrypto refused. */
int po_hmac_sha256(const void *key, size_t keylen, const void *data,
                   size_t len, unsigned char out[PO_SHA256_SIZE]);

/* Writes PO_BASE64_SIZE(n) bytes at most; returns the length without NUL. */
size_t po_base64(char *out, const void *data, size_t n);

/*
** Strict RFC 4648 base64: no white space, right padding or none at all,
** no stray bits. 'out' holds n / 4 * 3 + 3 bytes. Returns 1 when valid.
*/
int po_unbase64(unsigned char *out, size_t *outlen, const char *s, size_t n);

/* Time depends on n alone, never on where the two differ. */
int po_equal(const void *a, const void *b, size_t n);

/* n bytes nobody can guess; 1 when done. */
int po_random(void *out, size_t n);

#endif
