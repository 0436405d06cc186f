/* SPDX-License-Identifier: MIT */
/*
** The hot part of checking a signed webhook (Standard Webhooks): the MAC
** of "id.timestamp.body" and its search in the signature header.
*/
#ifndef po_webhook_h
#define po_webhook_h

#include <stddef.h>

#include "crypto.h"

/*
** One secret, made ready once: the SHA-256 states after the two padded
** keys of HMAC. Plain memory, nothing to free.
*/
struct po_webhook_key {
  unsigned char inner[128];
  unsigned char outer[128];
};

/* A part of the signed content. */
struct po_piece {
  const char *s;
  size_t len;
};

void po_webhook_key_init(struct po_webhook_key *key, const void *secret,
                         size_t len);

/* MAC of the pieces with a dot between each two. */
void po_webhook_mac(const struct po_webhook_key *key,
                    const struct po_piece *pieces, int n,
                    unsigned char mac[PO_SHA256_SIZE]);

/*
** Is the MAC among the entries of a signature header? Entries stand apart
** by spaces, "v1," and base64; others are passed over. The comparison
** takes the same time wherever two MACs differ.
*/
int po_webhook_listed(const unsigned char mac[PO_SHA256_SIZE],
                      const char *header, size_t len);

#endif
