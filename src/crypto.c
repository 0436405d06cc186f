/* SPDX-License-Identifier: MIT */
#include "crypto.h"

#include <limits.h>
#include <stdint.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>


int po_hmac_sha256(const void *key, size_t keylen, const void *data,
                   size_t len, unsigned char out[PO_SHA256_SIZE]) {
  unsigned int outlen = 0;
  if (keylen > INT_MAX)
    return 0;
  /* libcrypto takes a NULL key for "the last one": never pass it on */
  return HMAC(EVP_sha256(), keylen ? key : "", (int)keylen, data, len, out,
              &outlen) != NULL
         && outlen == PO_SHA256_SIZE;
}


static const char digits[] =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";


size_t po_base64(char *out, const void *data, size_t n) {
  const unsigned char *p = data;
  char *o = out;
  size_t i;
  for (i = 0; i + 2 < n; i += 3) {
    uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
    *o++ = digits[v >> 18];
    *o++ = digits[v >> 12 & 63];
    *o++ = digits[v >> 6 & 63];
    *o++ = digits[v & 63];
  }
  if (i < n) {  /* one or two bytes are left */
    uint32_t v = (uint32_t)p[i] << 16;
    if (i + 1 < n)
      v |= (uint32_t)p[i + 1] << 8;
    *o++ = digits[v >> 18];
    *o++ = digits[v >> 12 & 63];
    *o++ = (i + 1 < n) ? digits[v >> 6 & 63] : '=';
    *o++ = '=';
  }
  *o = '\0';
  return (size_t)(o - out);
}


static int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}


int po_unbase64(unsigned char *out, size_t *outlen, const char *s, size_t n) {
  unsigned char *o = out;
  uint32_t v = 0;
  int bits = 0;
  size_t i;
  if (n % 4 == 0 && n > 0 && s[n - 1] == '=')
    n -= (s[n - 2] == '=') ? 2 : 1;
  if (n % 4 == 1)
    return 0;
  for (i = 0; i < n; i++) {
    int d = value_of(s[i]);
    if (d < 0)
      return 0;
    v = v << 6 | (uint32_t)d;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      *o++ = (unsigned char)(v >> bits & 255);
      v &= (1u << bits) - 1;
    }
  }
  *outlen = (size_t)(o - out);
  return v == 0;  /* left-over bits would make two texts of one value */
}


int po_equal(const void *a, const void *b, size_t n) {
  return CRYPTO_memcmp(a, b, n) == 0;
}


int po_random(void *out, size_t n) {
  return n <= INT_MAX && RAND_bytes(out, (int)n) == 1;
}
