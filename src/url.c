/* SPDX-License-Identifier: MIT */
#include "url.h"

#include <stdint.h>
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


/* Length of "[...]" with an IPv6 address in it, 0 when it is none. */
static size_t literal_length(const char *p) {
  char address[INET6_ADDRSTRLEN];
  struct in6_addr a;
  size_t n = strcspn(p, "]/?");
  if (p[n] != ']' || n > sizeof(address))
    return 0;
  memcpy(address, p + 1, n - 1);
  address[n - 1] = '\0';
  return inet_pton(AF_INET6, address, &a) == 1 ? n + 1 : 0;
}


/* Letters, digits and .-_ (a bit for each, by 32); strspn takes longer. */
static int is_name(unsigned char c) {
  static const uint32_t name[8] = {
    0, 0x03ff6000u, 0x87fffffeu, 0x07fffffeu, 0, 0, 0, 0
  };
  return (int)(name[c >> 5] >> (c & 31) & 1);
}


/*
** Length of the host that begins at p, 0 when it is none. Only characters
** that every reader of URLs takes for a host: what this file calls
** loopback, libcurl must not read as something else.
*/
static size_t host_length(const char *p) {
  size_t n = 0;
  if (p[0] == '[')
    return literal_length(p);
  while (is_name((unsigned char)p[n]))
    n++;
  return n;
}


/* Past ":port", or NULL when it is not one. */
static const char *skip_port(const char *p) {
  unsigned long port = 0;
  size_t i;
  if (*p != ':')
    return p;
  for (i = 1; p[i] >= '0' && p[i] <= '9' && port <= 65535; i++)
    port = port * 10 + (unsigned long)(p[i] - '0');
  return (port >= 1 && port <= 65535) ? p + i : NULL;
}


/*
** Bytes that a URL holds only in their %XX form: controls, space and all
** beyond ASCII, and "#<>\^`{|} of the rest (a bit for each, by 32).
*/
static int has_forbidden(const char *s, size_t len) {
  static const uint32_t forbidden[8] = {
    0xffffffffu, 0x5000000du, 0x50000000u, 0xb8000001u,
    0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu
  };
  uint32_t any = 0;
  size_t i;
  for (i = 0; i < len; i++)
    any |= forbidden[(unsigned char)s[i] >> 5] >> (s[i] & 31);
  return (int)(any & 1);
}


/* What is wrong with a URL from its host on; 'end' is past its port. */
static const char *wrong_host(const char *host, const char *end) {
  if (memchr(host, '@', strcspn(host, "/?")))
    return "the URL must not hold a user name or password";
  if (host_length(host) == 0)
    return "the URL has no host";
  if (!end)
    return "the URL has a port that does not exist";
  return "the URL has a host that is not a name or an address";
}


const char *po_url_check(const char *url, size_t len, int insecure,
                         int *loopback) {
  const char *host, *end;
  size_t n;
  int plain = strncmp(url, "http://", 7) == 0;
  *loopback = 0;
  if (has_forbidden(url, len))
    return "the URL has a character that must be percent-encoded";
  if (!plain && strncmp(url, "https://", 8) != 0)
    return "the URL must begin with https:// (or http:// to this machine)";
  host = url + (plain ? 7 : 8);
  n = host_length(host);
  end = n > 0 ? skip_port(host + n) : NULL;
  if (!end || (*end != '\0' && *end != '/' && *end != '?'))
    return wrong_host(host, end);
  *loopback = is_loopback(host, n);
  if (plain && !*loopback && !insecure)
    return "plain http is refused except to this machine: use https, "
           "or set insecure = true";
  return NULL;
}


size_t po_url_escape(char *out, const char *s, size_t n) {
  static const char hex[] = "0123456789ABCDEF";
  char *o = out;
  /* "." and ".." move in a path */
  int dots = n > 0 && n <= 2 && s[0] == '.' && s[n - 1] == '.';
  size_t i;
  for (i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-' || c == '_' || c == '~'
                || (c == '.' && !dots);
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
