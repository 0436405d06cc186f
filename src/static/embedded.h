/* SPDX-License-Identifier: MIT */
/* The Lua files inside libportone.a, written by mk/embed.lua. */
#ifndef po_embedded_h
#define po_embedded_h

#include <stddef.h>

struct po_embedded {
  const char *module;       /* as 'require' has it */
  const char *chunk;        /* as error messages have it */
  const char *text;
  size_t size;
};

/* The last one has no module. */
extern const struct po_embedded po_embedded[];

#endif
