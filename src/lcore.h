/* SPDX-License-Identifier: MIT */
/*
** What the parts of the Lua module 'portone.core' show to each other.
** Each po_open_* adds its functions to the module table on the stack top.
*/
#ifndef po_lcore_h
#define po_lcore_h

#include "compat.h"

/* The name a user reads in "bad argument #1 (portone.client expected …)". */
#define PO_CLIENT "portone.client"
#define PO_INBOX  "portone.inbox"

void po_open_client(lua_State *L);
void po_open_crypto(lua_State *L);
void po_open_engine(lua_State *L);
void po_open_json(lua_State *L);
void po_open_plain(lua_State *L);
void po_open_webhook(lua_State *L);

#endif
