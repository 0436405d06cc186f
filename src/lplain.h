/* SPDX-License-Identifier: MIT */
#ifndef po_lplain_h
#define po_lplain_h

#include "lcore.h"

/* Its upvalue is the codec's encode. */
int po_plain(lua_State *L);

#endif
