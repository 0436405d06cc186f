/* SPDX-License-Identifier: MIT */
#include "url.h"

#include <string.h>
#include <strings.h>

#include <arpa/inet.h>


static int is_loopback(const char *host, size_t n) {
  char name[INET_ADDRSTRLEN];
  struct in_addr a;
  if (n == 9 && strncasecmp(host, "localhost", 9) == 0)
    return 1;
  if (n == 5 && memcmp(host, "[::1]", 5) == 0)
    return 1;
  if (n >= sizeof(name))
    return 0;
  memcpy(name, host, n);
  name[n] = '\0';
  return inet_pton(AF_INET, name, &a) == 1 && ntohl(a.s_addr) >> 24 == 127;
}


static size_t host_length(const char *host, size_t n) {
  const char *close = (n > 0 && host[0] == '[') ? memchr(host, ']', n) : NULL;
  if (close)
    return (size_t)(close - host) + 1;
  return strcspn(host, ":") < n ? strcspn(host, ":") : n;
}


const char *po_url_check(const char *url, size_t len, int insecure,
                         int *loopback) {
  const char *host;
  size_t i, n;
  int plain = strncmp(url, "http://", 7) == 0;
  *loopback = 0;
  for (i = 0; i < len; i++)
    if ((unsigned char)url[i] <= ' ' || (unsigned char)url[i] >= 0x7f)
      return "the URL has a character that must be percent-encoded";
  if (!plain && strncmp(url, "https://", 8) != 0)
    return "the URL must begin with https:// (or http:// to this machine)";
  host = url + (plain ? 7 : 8);
  n = strcspn(host, "/?#\\");
  if (memchr(host, '@', n))
    return "the URL must not hold a user name or password";
  n = host_length(host, n);
  if (n == 0)
    return "the URL has no host";
  *loopback = is_loopback(host, n);
  if (plain && !*loopback && !insecure)
    return "plain http is refused except to this machine: use https, "
           "or set insecure = true";
  return NULL;
}


size_t po_url_escape(char *out, const char *s, size_t n) {
  static const char hex[] = "0123456789ABCDEF";
  char *o = out;
  size_t i;
  for (i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      *o++ = (char)c;
    else {
      *o++ = '%';
      *o++ = hex[c >> 4];
      *o++ = hex[c & 15];
    }
  }
  *o = '\0';
  return (size_t)(o - out);
}
