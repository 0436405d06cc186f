/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share. */
#ifndef fuzz_support_h
#define fuzz_support_h

#include <stddef.h>
#include <stdint.h>

#include <compat.h>

/* What libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, which libFuzzer keeps the input of. */
#define CHECK(what) \
  do { if (!(what)) po_fuzz_fail(__FILE__, __LINE__, #what); } while (0)

void po_fuzz_fail(const char *file, int line, const char *what);

/* The input, taken from its front. Past the end all is zero. */
struct po_bytes {
  const uint8_t *at;
  size_t left;
};

unsigned int po_take(struct po_bytes *b);

/* A copy of n bytes with a NUL behind them, to be freed. */
char *po_string(const uint8_t *data, size_t n);

/*
** The state, made on first use, with the function that the Lua chunk 'text'
** returns on the stack and nothing else. 'core' and 'json' are its globals.
** Garbage is collected often enough.
*/
lua_State *po_fuzz_state(const char *text);

/* lua_pcall, with an error as a finding. */
void po_fuzz_call(lua_State *L, int arguments);

#endif
