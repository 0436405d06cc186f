/* SPDX-License-Identifier: MIT */
/* What the writing and the reading of JSON share. */
#ifndef po_ljson_h
#define po_ljson_h

#include "lcore.h"

#define PO_MAX_DEPTH 64
#define PO_MAX_EXACT 9007199254740992.0  /* 2^53 */

/* Upvalues of po_json_encode and po_json_decode. */
#define UP_CODEC lua_upvalueindex(1)     /* cjson's function */
#define UP_MARK  lua_upvalueindex(2)     /* what no text holds */
#define UP_ARRAY lua_upvalueindex(3)     /* metatable of marked arrays */

/* And of po_json_decode, for reading what is plain. */
#define UP_KNOWN lua_upvalueindex(4)     /* names, by their hash */
#define UP_NAMES lua_upvalueindex(5)     /* struct po_json_names */

/*
** Draws the mark of the running function if it has none yet: the first
** random bytes of a process cost more than all else that loading does.
*/
void po_json_need_mark(lua_State *L);

/* To be called before cjson is: it must know the decimal point of today. */
void po_json_mind_locale(lua_State *L);

/* (value, is_array|nil) -> text | nil, problem, path */
int po_json_encode(lua_State *L);

/*
** Pushes the value of a text without NUL that is plain JSON, and returns 1;
** 0, with anything on the stack, when it is not. To be called from a
** function with the upvalues above.
*/
int po_json_plain(lua_State *L, const char *s, size_t len);

/* Pushes the two upvalues for that: names that were read are kept. */
void po_json_push_names(lua_State *L);

/* (text) -> value | nil, problem */
int po_json_decode(lua_State *L);

#endif
