/* SPDX-License-Identifier: MIT */
/*
** What lclient.c and lengine.c share: a request is checked, and a result
** given, in one way, whether it blocks or not.
*/
#ifndef po_lclient_h
#define po_lclient_h

#include "lcore.h"
#include "transfer.h"

struct po_client;

/* The open client at 'arg'; raises for anything else. */
struct po_client *po_to_client(lua_State *L, int arg);

/* Borrowed from the client. */
struct po_options *po_client_options(const struct po_client *c);

/*
** Reads method, url, headers, body or nil, and timeout in seconds from
** 'arg' on. NULL and a request that borrows from the arguments and the
** client, until po_request_done; or what is wrong with the request.
** Raises for an argument of the wrong type.
*/
const char *po_read_request(lua_State *L, int arg, struct po_client *c,
                            struct po_request *q);

/* Ends the borrowing. 'taken': somebody else owns the header list now. */
void po_request_done(struct po_client *c, int taken);

/* status, body, header lines, seconds | nil, code, message, sent, seconds */
int po_push_result(lua_State *L, const struct po_result *r,
                   const struct po_buffer *head, const struct po_buffer *body);

/* nil, "invalid_request", message, "nothing", 0 */
int po_push_invalid(lua_State *L, const char *message);

#endif
