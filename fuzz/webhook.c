/* SPDX-License-Identifier: MIT */
/*
** A webhook from a stranger. The first byte says what it gets wrong:
** - the signature header as it is, against a search written anew;
** - the three headers as lines of a table, times and doubles and all, where
**   only a message that our own key has signed may pass.
*/
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "webhook.h"

#define NOW 1700000000.0

static const char chunk[] =
  "local keys = core.webhook_keys('one', ('x'):rep(80))\n"
  "return function(lines, body, sign)\n"
  "  local headers = {}\n"
  "  for name, value in lines:gmatch('([^:\\n]*):([^\\n]*)') do\n"
  "    local old = headers[name]\n"
  "    if old == nil then headers[name] = value\n"
  "    else headers[name] = type(old) == 'table' and old or { old }\n"
  "      table.insert(headers[name], value) end\n"
  "  end\n"
  "  local id, time = headers['webhook-id'], headers['webhook-timestamp']\n"
  "  if sign and type(id) == 'string' and type(time) == 'string' then\n"
  "    headers['webhook-signature'] = core.webhook_sign(keys, id, time, body)\n"
  "  end\n"
  "  local got, a, b = core.webhook_check(keys, headers, body, 1700000000, 300, 1e6)\n"
  "  if got == nil then return assert(type(a) == 'string') end\n"
  "  local text, signature\n"
  "  for name, value in pairs(headers) do\n"
  "    if type(value) == 'table' then value = value[1] end\n"
  "    if name:lower() == 'webhook-timestamp' then text = value end\n"
  "    if name:lower() == 'webhook-signature' then signature = value end\n"
  "  end\n"
  "  assert(math.abs(a - 1700000000) <= 300 and tonumber(text) == a, 'time')\n"
  "  local ours = core.webhook_sign(keys, got, text, body)\n"
  "  local which = 0\n"
  "  for entry in ours:gmatch('%S+') do\n"
  "    which = which + 1\n"
  "    if which == b then\n"
  "      assert(signature:find(entry:gsub('=+$', ''), 1, true), 'not ours')\n"
  "    end\n"
  "  end\n"
  "end";


/* Is "v1," and the MAC in base64, padded or not, an entry of the header? */
static int is_there(const char *entry, const char *header, size_t len) {
  size_t n = strlen(entry), from = 0;
  while (from <= len) {
    const char *space = memchr(header + from, ' ', len - from);
    size_t size = space ? (size_t)(space - header) - from : len - from;
    if ((size == n || size == n - 1) && memcmp(header + from, entry, size) == 0)
      return 1;
    from += size + 1;
  }
  return 0;
}


static void look_for(const char *header, size_t len) {
  struct po_webhook_key key;
  struct po_piece pieces[2] = { { "id", 2 }, { "body", 4 } };
  unsigned char mac[PO_SHA256_SIZE];
  char entry[3 + PO_BASE64_SIZE(PO_SHA256_SIZE)] = "v1,";
  char *both;
  po_webhook_key_init(&key, "one", 3);
  po_webhook_mac(&key, pieces, 2, mac);
  po_base64(entry + 3, mac, sizeof(mac));
  CHECK(po_webhook_listed(mac, header, len) == is_there(entry, header, len));
  both = malloc(len + 1 + strlen(entry) + 1 + len);
  CHECK(both);
  memcpy(both, header, len);
  both[len] = ' ';
  memcpy(both + len + 1, entry, strlen(entry));
  CHECK(po_webhook_listed(mac, both, len + 1 + strlen(entry)));
  both[len + 1 + strlen(entry)] = ' ';
  memcpy(both + len + 2 + strlen(entry), header, len);
  CHECK(po_webhook_listed(mac, both, 2 * len + 2 + strlen(entry)));
  free(both);
}


/* What base64 takes it also makes: there is one form of all bytes. */
static void decode(const char *s, size_t len) {
  unsigned char *bytes = malloc(len / 4 * 3 + 3);
  char *text = malloc(PO_BASE64_SIZE(len / 4 * 3 + 3));
  size_t n, size;
  CHECK(bytes && text);
  if (po_unbase64(bytes, &n, s, len)) {
    size = po_base64(text, bytes, n);
    CHECK(size >= len && size - len <= 2 && memcmp(text, s, len) == 0);
    CHECK(strspn(text + len, "=") == size - len);
  }
  free(bytes);
  free(text);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const uint8_t *body;
  lua_State *L;
  if (size == 0)
    return 0;
  if (data[0] % 4 == 0) {
    look_for((const char *)data + 1, size - 1);
    decode((const char *)data + 1, size - 1);
    return 0;
  }
  L = po_fuzz_state(chunk);
  body = memchr(data, '\0', size);  /* between the headers and the body */
  body = body ? body : data + size;
  lua_pushlstring(L, (const char *)data + 1, (size_t)(body - data - (body > data)));
  lua_pushlstring(L, (const char *)body, (size_t)(data + size - body));
  lua_pushboolean(L, data[0] % 4 > 1);
  po_fuzz_call(L, 3);
  return 0;
}
