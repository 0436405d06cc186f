/* SPDX-License-Identifier: MIT */
/*
** libcrypto's HMAC looks its digest up by name in every call, which costs
** five times the hashing of a webhook. Its SHA-256 states are plain
** structs that can be prepared and copied: deprecated for choosing the
** algorithm at compile time, which is what is wanted here.
*/
#define OPENSSL_API_COMPAT 0x10100000L

#include "webhook.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#define BLOCK 64  /* bytes of a block of SHA-256 */

/* base64 of a MAC, with its padding or without */
#define MAC_TEXT 44

typedef char state_fits[sizeof(SHA256_CTX) <= 128 ? 1 : -1];


static void start(unsigned char *state, const unsigned char *key,
                  unsigned char pad) {
  unsigned char block[BLOCK];
  SHA256_CTX ctx;
  int i;
  for (i = 0; i < BLOCK; i++)
    block[i] = key[i] ^ pad;
  SHA256_Init(&ctx);
  SHA256_Update(&ctx, block, BLOCK);
  memcpy(state, &ctx, sizeof(ctx));
  OPENSSL_cleanse(&ctx, sizeof(ctx));
  OPENSSL_cleanse(block, sizeof(block));
}


void po_webhook_key_init(struct po_webhook_key *key, const void *secret,
                         size_t len) {
  unsigned char block[BLOCK] = {0};
  if (len > BLOCK)
    SHA256(secret, len, block);
  else if (len > 0)
    memcpy(block, secret, len);
  start(key->inner, block, 0x36);
  start(key->outer, block, 0x5c);
  OPENSSL_cleanse(block, sizeof(block));
}


void po_webhook_mac(const struct po_webhook_key *key,
                    const struct po_piece *pieces, int n,
                    unsigned char mac[PO_SHA256_SIZE]) {
  SHA256_CTX ctx;
  int i;
  memcpy(&ctx, key->inner, sizeof(ctx));
  for (i = 0; i < n; i++) {
    if (i > 0)
      SHA256_Update(&ctx, ".", 1);
    SHA256_Update(&ctx, pieces[i].s, pieces[i].len);
  }
  SHA256_Final(mac, &ctx);
  memcpy(&ctx, key->outer, sizeof(ctx));
  SHA256_Update(&ctx, mac, PO_SHA256_SIZE);
  SHA256_Final(mac, &ctx);
}


static int is_entry_of(const unsigned char mac[PO_SHA256_SIZE],
                       const char *entry, size_t len) {
  unsigned char given[MAC_TEXT / 4 * 3 + 3];
  size_t n;
  if (len < 3 || memcmp(entry, "v1,", 3) != 0 || len - 3 > MAC_TEXT)
    return 0;
  return po_unbase64(given, &n, entry + 3, len - 3) && n == PO_SHA256_SIZE
         && po_equal(given, mac, n);
}


int po_webhook_listed(const unsigned char mac[PO_SHA256_SIZE],
                      const char *header, size_t len) {
  const char *end = header + len;
  int found = 0;
  while (header < end) {
    const char *space = memchr(header, ' ', (size_t)(end - header));
    const char *stop = space ? space : end;
    found |= is_entry_of(mac, header, (size_t)(stop - header));
    header = stop + 1;
  }
  return found;
}
